"""``zeocryst analyze``: what it prints and writes, and what it refuses."""

import copy
import csv
import json

import ase
import ase.io
import gsd.hoomd
import numpy as np
import pytest

from zeocryst.answers.analyze import parse_frames
from zeocryst.cell import frame_to_atoms
from zeocryst.cli import main
from zeocryst.errors import InputError
from zeocryst.files.trajectory import TrajectoryWriter
from zeocryst.order import DEFAULT, REGISTRY
from zeocryst.order.kinetics import KEYS


@pytest.fixture(scope="module")
def growth(sgt, tmp_path_factory):
    """Sixteen frames of SGT in which order spreads from a disordered box, 10 ps apart, as a run writes them."""
    path = tmp_path_factory.mktemp("growth") / "growth.gsd"
    rng = np.random.default_rng(1)
    n = int(sgt.particles.N)
    height = np.asarray(sgt.particles.position)[:, 0]
    height = (height - height.min()) / np.ptp(height)
    with TrajectoryWriter(path) as writer:
        for k in range(16):
            frame = copy.deepcopy(sgt)
            disordered = height > np.clip((k - 3) / 8, 0, 1)
            moved = np.asarray(sgt.particles.position) + rng.normal(scale=0.05, size=(n, 3))
            moved[disordered] += rng.normal(scale=0.9, size=(disordered.sum(), 3))
            frame.particles.position = moved
            stage = 1 if k == 0 else 2
            writer.append(frame, 1000 * k, {"time_ps": 10.0 * k, "stage": stage, "temperature_K": 600.0})
    return path


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    return status, *capsys.readouterr()


def message(capsys, *arguments):
    """The one message of a refused call."""
    status, out, err = run(capsys, *arguments)
    assert status == 2, err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    return err


def test_one_object_with_everything(growth, capsys):
    status, out, _ = run(capsys, "analyze", growth, "--json")
    assert status == 0
    found = json.loads(out)
    assert (found["frames"], found["n_T"], found["n_S"]) == (16, 576, 36)
    # cages are slow, and a similarity needs a framework
    assert found["measured"] == [n for n in REGISTRY if n not in ("cages", "environment", "likeness")]
    rows = found["order_parameters"]
    assert [row["time_ps"] for row in rows] == [10.0 * k for k in range(16)]
    assert [row["step"] for row in rows] == [1000 * k for k in range(16)]
    assert rows[3]["temperature_K"] == 600
    assert rows[0]["crystalline_share"] == 0
    assert rows[0]["largest_grain_framework"] == ""
    assert rows[-1]["crystalline_share"] == 1
    assert rows[-1]["largest_grain_framework"] == "SGT"
    assert rows[-1]["q4_share"] == 1
    assert found["verdict"] == "crystalline"
    assert found["types"] == [{"code": "SGT", "sites": 576, "share": 1.0, "grains": 1}]
    assert found["crystalline_share"] == {"start": 0.0, "end": 1.0}
    assert set(found["transition"]) == set(KEYS)
    assert found["transition"]["found"]
    assert 50 < found["transition"]["time_ps"] < 110
    for name in ("pair_distribution", "structure_factor", "powder_pattern"):
        columns = list(found["distributions"][name].values())
        assert len({len(column) for column in columns}) == 1


def test_a_table_and_a_verdict(growth, capsys):
    status, out, _ = run(capsys, "analyze", growth, "--frames", "::5")
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["0", "5", "10", "15"]
    assert "SGT" in lines[4]
    assert "The last frame is crystalline: 100.0 % of the T are crystalline (SGT 100.0 %)." in lines[-1]
    assert "No transition" in lines[-1]  # four frames are too few


def test_a_subset(growth, capsys):
    status, out, _ = run(
        capsys, "analyze", growth, "--frames", "-1", "--only", "density,environment:SGT", "--json"
    )
    assert status == 0
    found = json.loads(out)
    (row,) = found["order_parameters"]
    assert set(row) == {
        "frame", "step", "time_ps", "stage", "temperature_K", "density_T_per_1000A3", "similarity_SGT",
        "similar_SGT_share",
    }  # fmt: skip
    assert row["similarity_SGT"] > 0.9
    assert found["transition"] is None
    assert found["distributions"] == {}
    status, out, _ = run(capsys, "analyze", growth, "--frames", "3:5", "--only", "density")
    assert out.splitlines()[0].split() == ["frame", "time", "(ns)", "density_T_per_1000A3"]


def test_the_folder(growth, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    status, _, _ = run(capsys, "analyze", growth, "--frames", "::3", "--out", out)
    assert status == 0
    assert sorted(p.name for p in out.iterdir()) == [
        "cluster_sizes.csv", "figures", "order_parameters.csv", "pair_distribution.csv", "powder_pattern.csv",
        "sites.gsd", "small_angle.csv", "structure_factor.csv", "summary.json",
    ]  # fmt: skip
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    with (out / "order_parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["0", "3", "6", "9", "12", "15"]
    assert rows[-1]["largest_grain_framework"] == "SGT"
    with (out / "pair_distribution.csv").open() as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["frame", "step", "time_ps", "r_A", "g_TT", "g_TS", "g_SS"]
    assert len(table) == 6 * 200
    assert json.loads((out / "summary.json").read_text())["frames"] == 6
    for name in ("order", "pair_distribution", "structure_factor", "powder_pattern"):
        for ending in ("png", "svg", "csv"):
            assert (out / "figures" / f"{name}.{ending}").stat().st_size > 100
    with gsd.hoomd.open(out / "sites.gsd") as file:
        assert len(file) == 6
        log = file[-1].log
        kind = file[-1].particles.typeid
        assert (log["particles/zeocryst/grain"][kind == 0] == 0).all()
        assert (log["particles/zeocryst/grain"][kind == 1] == -1).all()
        assert np.isnan(log["particles/zeocryst/tetrahedral_order"][kind == 1]).all()
        assert log["particles/zeocryst/tetrahedral_order"][kind == 0].mean() > 0.9
        assert log["zeocryst/crystalline_share"][0] == 1
    assert "nothing is overwritten" in message(capsys, "analyze", growth, "--out", out)


def test_other_formats_give_the_same(growth, tmp_path, capsys):
    """The last frame as extxyz and as a LAMMPS dump, its beads under other names."""
    with gsd.hoomd.open(growth) as file:
        frame = file[-1]
    atoms = frame_to_atoms(frame, {"T": "Ge", "S": "Xe"})
    atoms.info["time_ps"] = 150.0
    ase.io.write(tmp_path / "last.extxyz", atoms)
    size = np.diag(atoms.cell[:])
    numbers = [1 if s == "Ge" else 2 for s in atoms.get_chemical_symbols()]
    lines = ["ITEM: TIMESTEP", "700", "ITEM: NUMBER OF ATOMS", str(len(atoms)), "ITEM: BOX BOUNDS pp pp pp"]
    lines += [f"0 {a!r}" for a in size.tolist()] + ["ITEM: ATOMS id type x y z"]
    lines += [
        f"{k + 1} {t} {x!r} {y!r} {z!r}"
        for k, (t, (x, y, z)) in enumerate(zip(numbers, atoms.positions.tolist(), strict=True))
    ]
    (tmp_path / "last.lammpstrj").write_text("\n".join(lines) + "\n")

    def row(*arguments):
        status, out, err = run(capsys, "analyze", *arguments, "--json")
        assert status == 0, err
        found = json.loads(out)
        return found["order_parameters"][0], found["distributions"]

    base, tables = row(growth, "--frames", "-1")
    for name, types in (("last.extxyz", "T=Ge,S=Xe"), ("last.lammpstrj", "T=1,S=2")):
        other, others = row(tmp_path / name, "--types", types)
        for key in base.keys() - {"frame", "step", "time_ps", "stage", "temperature_K"}:
            assert other[key] == pytest.approx(base[key], abs=1e-4), (name, key)
        for distribution, columns in tables.items():
            for column, values in columns.items():
                expected = np.array(values, dtype=float)
                highest = np.max(expected, where=np.isfinite(expected), initial=0)
                assert np.array(others[distribution][column], dtype=float) == pytest.approx(
                    expected, abs=0.02 * highest, nan_ok=True
                )
        assert other["step"] == (700 if "lammps" in name else 0)
        assert other["time_ps"] == (None if "lammps" in name else 150)


def test_oxygens_are_used_where_there_are_some(reference, tmp_path, capsys):
    atoms = reference["SOD"].repeat(2)
    ase.io.write(tmp_path / "sod.cif", atoms)
    status, out, _ = run(capsys, "analyze", tmp_path / "sod.cif", "--json")
    assert status == 0
    found = json.loads(out)
    assert found["types"][0]["code"] == "SOD"
    pattern = np.array(found["distributions"]["powder_pattern"]["intensity"])
    angle = np.array(found["distributions"]["powder_pattern"]["two_theta_deg"])
    # the first line of SOD is 110
    spacing = atoms.cell.lengths()[0] / 2 / 2**0.5
    first = 2 * np.degrees(np.arcsin(1.540593 / 2 / spacing))
    assert abs(angle[pattern > 20][0] - first) < 0.2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, list(range(10))), ("2:5", [2, 3, 4]), ("::4", [0, 4, 8]), ("-3:", [7, 8, 9]), ("3", [3]),
        ("-1", [9]), ("-2", [8]),
    ],
)  # fmt: skip
def test_frames(text, expected):
    assert list(range(10))[parse_frames(text)] == expected


@pytest.mark.parametrize("text", ["", "a", "1:2:3:4", "::0", "::-1", "1.5"])
def test_bad_frames(text):
    with pytest.raises(InputError, match="START:STOP:STEP"):
        parse_frames(text)


def write_gsd(path, position, box=(20, 20, 20, 0, 0, 0), types=("T",)):
    frame = gsd.hoomd.Frame()
    frame.configuration.box = box
    frame.particles.N = len(position)
    frame.particles.types = list(types)
    frame.particles.typeid = [0] * len(position)
    frame.particles.position = position
    with gsd.hoomd.open(path, "w") as file:
        file.append(frame)


def test_wrong_inputs_are_one_message_each(growth, tmp_path, capsys):
    content = growth.read_bytes()
    (tmp_path / "cut.gsd").write_bytes(content[: len(content) // 2])
    (tmp_path / "header.gsd").write_bytes(content[:100])
    (tmp_path / "not.gsd").write_text("not a trajectory")
    with gsd.hoomd.open(tmp_path / "empty.gsd", "w"):
        pass
    (tmp_path / "empty.extxyz").write_text("")
    write_gsd(tmp_path / "no_t.gsd", [[0, 0, 0]], types=("A",))
    write_gsd(tmp_path / "nan.gsd", [[0, 0, 0], [np.nan, 0, 0]])
    write_gsd(tmp_path / "small.gsd", [[0, 0, 0]], box=(2, 20, 20, 0, 0, 0))
    write_gsd(tmp_path / "flat.gsd", [[0, 0, 0]], box=(20, 20, 0, 0, 0, 0))
    ase.io.write(tmp_path / "no_si.extxyz", ase.Atoms("Fe", [[0, 0, 0]], cell=[9, 9, 9], pbc=True))
    before = sorted(tmp_path.iterdir())
    for name, *expected in (
        ("cut.gsd", "cut.gsd", "GSD"),
        ("header.gsd", "header.gsd", "GSD"),
        ("not.gsd", "not.gsd", "GSD"),
        ("none.gsd", "none.gsd", "no file"),
        ("empty.gsd", "no frames"),
        ("empty.extxyz", "empty.extxyz"),
        ("no_t.gsd", "frame 0", "'A'", "--types T=A"),
        ("nan.gsd", "frame 0", "not finite", "site 1"),
        ("small.gsd", "frame 0", "smaller than a bond", "2 Å"),
        ("flat.gsd", "frame 0", "three lengths"),
        ("no_si.extxyz", "no T sites among Fe", "--types T=Fe"),
    ):
        err = message(capsys, "analyze", tmp_path / name, "--out", tmp_path / "out")
        assert all(word in err for word in [name, *expected]), err
    for arguments, expected in (
        (["--only", "ring"], "rings"),
        (["--only", "environment"], "environment:SGT"),
        (["--frames", "99:"], "none of its 16 frames"),
        (["--frames", "x"], "START:STOP:STEP"),
        (["--types", "T"], "ROLE=NAME"),
        (["--types", "T=Q"], "'Q'"),
        (["--out", growth], "is a file"),
        (["--out", tmp_path], "not empty"),
    ):
        assert expected in message(capsys, "analyze", growth, *arguments)
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_frame_leaves_nothing(growth, tmp_path, capsys):
    """Broken in the middle: the frames before it were measured, but no folder is left."""
    path = tmp_path / "damaged.gsd"
    with gsd.hoomd.open(growth) as old, TrajectoryWriter(path) as new:
        for k in range(4):
            frame = old[k]
            if k == 2:
                frame.particles.position = np.full((frame.particles.N, 3), np.nan)
            new.append(frame, k)
    err = message(capsys, "analyze", path, "--only", "density", "--out", tmp_path / "out")
    assert "frame 2" in err
    assert [p.name for p in tmp_path.iterdir()] == ["damaged.gsd"]


def test_what_a_run_measures_is_part_of_what_analyze_does():
    assert set(DEFAULT) < set(REGISTRY)
    assert all(REGISTRY[name].takes == ("network",) for name in DEFAULT)


def test_positions_that_are_kept_are_those_of_the_row_also_where_beads_are_cut_out(ts, tmp_path, monkeypatch):
    """Room for two frames of 96 T and for five of 12: what follows a gap is read again."""
    from zeocryst.answers import analyze as module
    from zeocryst.condition import System
    from zeocryst.files.structures import Structures
    from zeocryst.solution.start import crystal

    sizes = [2, 2, 2, 1, 1]
    with TrajectoryWriter(tmp_path / "cut.gsd") as writer:
        for k, size in enumerate(sizes):
            whole = crystal(System("framework", framework="SOD", repeat=(size, size, size)), ts)
            writer.append(whole, 100 * k, {"time_ps": 10.0 * k})
    monkeypatch.setattr(module, "KEPT_BYTES", 2 * 96 * 3 * 8)
    structures = Structures(tmp_path / "cut.gsd")
    found, _ = module._measure_all(structures, range(5), ["crystallinity"], None)
    frames = module._frames(structures, range(5), found, seeded=False)
    for k, size in enumerate(sizes):
        positions, cell, grain = frames.sites(k)
        assert len(positions) == len(grain) == 12 * size**3
        assert cell[0, 0] == pytest.approx(8.9561 * size, rel=0.02)
