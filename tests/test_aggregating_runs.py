"""Aggregation from a trajectory and from a run: what analyze, the run's summary and its report say."""

import csv
import json

import gsd.hoomd
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from zeocryst.cell import make_frame
from zeocryst.cli import main
from zeocryst.engines.protocol import SEED_MARK
from zeocryst.files.trajectory import TrajectoryWriter, iterate, read_frame
from zeocryst.order import AGGREGATION, DEFAULT

ONLY = "coordination,crystallinity,clusters,cluster_order,small_angle"
EDGE = 60.0
CUBE = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * 3.06


def beads(t, s):
    kinds = np.repeat([0, 1], [len(t), len(s)])
    return make_frame(np.vstack([t, s]), np.eye(3) * EDGE, kinds, ["T", "S"], {"T": 28.0, "S": 28.0})


def solution(cubes, rng):
    """216 places: at some a cube with an S 6 Å from it, 8 monomers at others; 216 T in all, whatever `cubes` is."""
    places = np.array(list(np.ndindex(6, 6, 6)))[rng.permutation(216)] * 10.0 + 5
    turns = Rotation.random(max(cubes, 1), random_state=rng).as_matrix()[:cubes]
    bodies = [CUBE @ turn.T + place for turn, place in zip(turns, places, strict=False)]
    t = np.vstack([*bodies, places[cubes : 216 - 7 * cubes]])
    return t, places[:4] + [0, 0, 6.0]


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    return status, *capsys.readouterr()


@pytest.fixture
def aggregating(tmp_path):
    """Ten frames: after k of them k cubes of eight T have formed; the last two keep 100 T and two S only."""
    path = tmp_path / "gel.gsd"
    rng = np.random.default_rng(1)
    with TrajectoryWriter(path) as writer:
        for k in range(10):
            t, s = solution(2 * k, rng)
            frame = beads(t, s) if k < 8 else beads(t[:100], s[:2])
            writer.append(frame, 100 * k, {"time_ps": 5.0 * k})
    return path


def test_numbers_of_beads_may_change(aggregating, tmp_path, capsys):
    status, out, err = run(capsys, "analyze", aggregating, "--only", ONLY, "--json")
    assert status == 0, err
    found = json.loads(out)
    rows = found["order_parameters"]
    assert [(row["n_T"], row["n_S"]) for row in rows] == [(216, 4)] * 8 + [(100, 2)] * 2
    assert [row["clusters"] for row in rows[:8]] == [216 - 14 * k for k in range(8)]
    assert [row["largest_cluster_T"] for row in rows] == [1] + [8] * 9
    assert rows[3]["weight_mean_cluster_T"] == pytest.approx((6 * 64 + 168) / 216)
    assert rows[8]["clusters"] == 13  # the first hundred T: twelve cubes and a face
    assert (found["n_T"], found["n_S"]) == (100, 2)
    assert (
        "The number of beads changes: the first frame has 216 T and 4 S, the last 100 T and 2 S"
        in found["sentence"]
    )
    status, _, err = run(capsys, "analyze", aggregating, "--only", ONLY, "--out", tmp_path / "out")
    assert status == 0, err
    with gsd.hoomd.open(tmp_path / "out" / "sites.gsd") as file:
        assert [len(f.log["particles/zeocryst/cluster"]) for f in file] == [220] * 8 + [102] * 2


def test_the_story_and_the_folder(aggregating, tmp_path, capsys):
    out = tmp_path / "out"
    status, shown, err = run(capsys, "analyze", aggregating, "--frames", ":8", "--only", ONLY, "--out", out)
    assert status == 0, err
    last = shown.splitlines()[-1]
    assert "216 clusters of 1.0 T on average at the start, 118 clusters of 1.8 at the end" in last
    assert "The largest cluster never orders: its crystalline share is 0.00 at most." in last
    assert "number of beads" not in last
    summary = json.loads((out / "summary.json").read_text())
    story = summary["clusters"]
    assert (story["start"]["clusters"], story["end"]["clusters"]) == (216, 118)
    assert story["aggregate"]
    assert not story["percolates"]
    assert not story["ordering"]["found"]
    assert story["fractal"] is None
    why = "there are no clusters of 10 T and more that do not percolate, fewer than 10"
    assert story["no_fractal"] == why
    assert f"No fractal dimension: {why}." in last
    for name in ("clusters", "cluster_sizes", "cluster_shapes", "small_angle"):
        for ending in ("png", "svg", "csv"):
            assert (out / "figures" / f"{name}.{ending}").stat().st_size > 100
    with (out / "cluster_sizes.csv").open() as file:
        table = [row for row in csv.DictReader(file) if row["frame"] == "7"]
    assert [(row["size_T"], row["clusters"]) for row in table] == [("1", "104"), ("8", "14")]
    assert float(table[1]["rg_A"]) == pytest.approx(3.06 * 3**0.5 / 2, abs=1e-4)
    with (out / "small_angle.csv").open() as file:
        q = [float(row["q_per_A"]) for row in csv.DictReader(file) if row["frame"] == "7"]
    assert q[0] == pytest.approx(2 * np.pi / EDGE)
    frame = read_frame(out / "sites.gsd", 7)
    cluster = frame.log["particles/zeocryst/cluster"]
    assert np.bincount(cluster[:112]).tolist() == [8] * 14
    assert (cluster[216:] == -1).all()


def test_of_a_crystal_there_is_no_story(sgt, tmp_path, capsys):
    with TrajectoryWriter(tmp_path / "crystal.gsd") as writer:
        writer.append(sgt, 0)
    status, out, _ = run(
        capsys, "analyze", tmp_path / "crystal.gsd", "--only", "clusters,cluster_order", "--json"
    )
    assert status == 0
    found = json.loads(out)
    assert found["order_parameters"][0]["largest_cluster_rg_A"] is None
    assert found["clusters"]["percolates"]
    assert not found["clusters"]["aggregate"]
    assert "cluster" not in found["sentence"]


DILUTE = """
seed = 3
[system]
start = "melt"
n_T = 60
n_S = 10
density_T_per_1000A3 = 1.0
[[stage]]
kind = "langevin"
temperature_K = 600
time_ps = 4
[output]
interval_ps = 1
backmap = false
"""


def test_a_run_that_starts_dilute_measures_clusters(tmp_path, capsys):
    (tmp_path / "condition.toml").write_text(DILUTE)
    out = tmp_path / "out"
    assert main(["run", str(tmp_path), "--out", str(out), "--quiet"]) == 0
    with (out / "order_parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    numbers = [float(row["clusters"]) for row in rows]
    assert numbers[0] == 60
    assert numbers[-1] < 60
    assert all(
        float(row["mean_cluster_T"]) == pytest.approx(60 / n) for row, n in zip(rows, numbers, strict=True)
    )
    summary = json.loads((out / "summary.json").read_text())
    assert summary["clusters"]["start"]["clusters"] == 60
    assert summary["clusters"]["sentence"] in summary["sentence"]
    assert "never orders" in summary["sentence"]
    page = (out / "report.html").read_text()
    assert "<h2>Clusters</h2>" in page
    assert page.count("<img") >= 7
    for name in ("clusters", "cluster_sizes", "cluster_shapes", "small_angle"):
        assert (out / "figures" / f"{name}.png").stat().st_size > 1000
    assert main(["report", str(out)]) == 0


def test_a_run_of_a_crystal_does_not(short, sgt):
    from zeocryst.condition import read_condition
    from zeocryst.running.beginning import measured_names

    assert measured_names(read_condition(short), sgt) == DEFAULT
    thin = beads(*solution(3, np.random.default_rng(1)))
    assert measured_names(read_condition(short), thin) == (*DEFAULT, *AGGREGATION)


DROPLET = """
seed = 3
[system]
start = "melt"
n_T = 420
n_S = 26
density_T_per_1000A3 = 16
[[stage]]
kind = "langevin"
temperature_K = 1500
time_ps = 1
[[stage]]
kind = "cut"
radius_A = 13
[[stage]]
kind = "seed"
framework = "SGT"
radius_A = 8.5
[[stage]]
kind = "langevin"
temperature_K = 500
time_ps = 2
[output]
interval_ps = 0.5
[engine]
name = "lammps"
threads = 1
"""


def test_a_droplet_with_a_seed_from_condition_to_report(tmp_path, capsys):
    """Beads change twice on the way; the seed is followed, the droplet is mapped back without pores."""
    (tmp_path / "condition.toml").write_text(DROPLET)
    out = tmp_path / "out"
    command = ["run", str(tmp_path / "condition.toml"), "--out", str(out), "--quiet"]
    assert main(command) == 0
    summary = json.loads((out / "summary.json").read_text())
    frames = [frame for _, frame in iterate(out / "trajectory.gsd")]
    counts = [int(frame.particles.N) for frame in frames]
    assert counts[0] == 446
    assert 100 < counts[-1] < 250
    assert summary["n_T"] + summary["n_S"] == counts[-1]
    marks = [np.asarray(frame.log[SEED_MARK]) for frame in frames]
    assert [len(mark) for mark in marks] == counts
    seeded = [int(mark.sum()) for mark in marks if mark.any()]
    assert len(set(seeded)) == 1
    fate = summary["seed_fate"]
    assert fate["fate"] == "unclear"  # a ball of 8.5 Å has hardly a T that is three bonds inside
    assert fate["own_like_T"]["end"] <= fate["like_T"]["end"] <= summary["n_T"]
    assert fate["n_T"] <= seeded[0]
    assert fate["sentence"] in summary["sentence"]
    assert summary["backmap"]["pores"]["largest_cavity_A"] is None
    assert summary["backmap"]["silanols_per_nm2"] > 0
    report = (out / "report.html").read_text()
    assert "crystal seed" in report
    assert "cut out" in (out / "log.txt").read_text()
    # packed into a periodic box, it fills it under zero pressure; where every cluster goes round the box, there is no
    # radius to draw
    packed = DROPLET.replace("radius_A = 13\n", 'radius_A = 13\nbox = "packed"\n')
    packed = packed.replace(
        '"langevin"\ntemperature_K = 500\ntime_ps = 2', '"npt"\ntemperature_K = 900\ntime_ps = 8'
    )
    (tmp_path / "condition.toml").write_text(
        packed.replace("interval_ps = 0.5", "interval_ps = 1\nbackmap = false")
    )
    assert main([*command[:2], "--out", str(tmp_path / "packed"), "--quiet"]) == 0
    dense = json.loads((tmp_path / "packed" / "summary.json").read_text())
    with (tmp_path / "packed" / "order_parameters.csv").open() as file:
        density = [float(row["density_T_per_1000A3"]) for row in csv.DictReader(file)]
    # that of T-S melts, which is what the corners' emptiness is lost to
    assert min(density) < 13
    assert 15 < density[-1] < 20
    assert dense["clusters"]["end"]["clusters"] == 1
    # no barostat in a vacuum
    pressed = DROPLET.replace('"langevin"\ntemperature_K = 500', '"npt"\ntemperature_K = 500')
    (tmp_path / "condition.toml").write_text(pressed)
    assert main([*command[:2], "--out", str(tmp_path / "other")]) == 2
    assert "vacuum" in capsys.readouterr().err
