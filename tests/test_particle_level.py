"""Nanoparticles, beads and atoms in one run: nothing is lost on the way, and it goes on after whatever stops it."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from command_line import ZEOCRYST

from zeocryst.beads import N_S_MARK, N_T_MARK, Beads
from zeocryst.files.trajectory import count_frames, read_frame

TEXT = """
name = "small"
seed = 4
[system]
start = "particles"
[particles]
number = 24
radius_A = 6.5
radius_spread = 0.1
S_per_T = 0.0625
volume_fraction = 0.08
surface_potential_mV = -10
ionic_strength_M = 0.3
adhesion_eV = 0.5
[[particles.stage]]
kind = "brownian"
temperature_K = 370
time_ps = TIME
timestep_fs = 40
[particles.output]
interval_ps = 100
[particles.resolve]
part = "neck"
most_T = 150
[forcefield]
name = "ts_sigma2"
[[stage]]
kind = "langevin"
temperature_K = 500
time_ps = 1
timestep_fs = 5
[output]
interval_ps = 0.5
[engine]
name = "lammps"
threads = 1
"""


def call(*arguments):
    return subprocess.run([*ZEOCRYST, *map(str, arguments)], capture_output=True, text=True)


def written(place, time_ps=600, **changes):
    text = TEXT.replace("TIME", str(time_ps))
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file = place / "condition.toml"
    file.write_text(text)
    return file


def alone(text):
    """The same that ends with the particles."""
    return (
        text[: text.index("[particles.resolve]")]
        + text[text.index("[forcefield]") : text.index("[[stage]]")]
        + (text[text.index("[engine]") :])
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("levels")
    done = call("run", written(place), "--out", place / "out", "--quiet")
    assert done.returncode == 0, done.stderr
    return place / "condition.toml", place / "out"


@pytest.mark.slow
def test_nothing_is_lost_from_particles_to_beads_to_atoms(run):
    from ase.io import read

    _, out = run
    above = read_frame(out / "particles" / "trajectory.gsd")
    n_t, n_s = np.asarray(above.log[N_T_MARK]), np.asarray(above.log[N_S_MARK])
    assert n_s.sum() == round(0.0625 * n_t.sum())
    beads = read_frame(out / "particles" / "beads.gsd")
    of = np.asarray(beads.log["particles/zeocryst/particle"])
    seen = Beads.of(beads)
    for k in np.unique(of):
        mine = of == k
        assert (seen.are("T") & mine).sum() == n_t[k]
        assert (seen.are("S") & mine).sum() == n_s[k]
    assert seen.count("T") <= 150
    last = Beads.of(read_frame(out / "trajectory.gsd"))
    assert (last.count("T"), last.count("S")) == (seen.count("T"), seen.count("S"))
    symbols = read(out / "framework.extxyz").get_chemical_symbols()
    assert symbols.count("Si") == seen.count("T")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["particles"]["n_particles"] == len(np.unique(of))
    assert summary["particles"]["relaxed"]["clusters"] == 1
    assert summary["particles"]["relaxed"]["closest_A"] >= 2.4


@pytest.mark.slow
def test_the_level_of_particles_is_a_run_of_its_own(run):
    _, out = run
    level = out / "particles"
    summary = json.loads((level / "summary.json").read_text())
    rows = (level / "order_parameters.csv").read_text().splitlines()
    assert len(rows) - 1 == count_frames(level / "trajectory.gsd") == 7
    assert summary["n_particles"] == 24
    assert summary["start"]["n_aggregates"] == 24
    assert summary["end"]["n_aggregates"] < 24
    again = call("report", level)
    assert again.returncode == 0, again.stderr
    assert (level / "report.html").stat().st_size > 10_000
    wrong = call("backmap", level, "--out", out.parent / "atoms")
    assert wrong.returncode == 2
    assert "nanoparticles" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.slow
def test_a_finished_run_is_not_run_again(run):
    file, out = run
    before = (out / "particles" / "summary.json").stat().st_mtime_ns
    again = call("run", file, "--out", out)
    assert again.returncode == 0, again.stderr
    assert "holds this run already" in again.stderr
    assert (out / "particles" / "summary.json").stat().st_mtime_ns == before


@pytest.mark.slow
def test_other_particles_are_another_run(run):
    file, out = run
    text = file.read_text()
    other = file.with_name("other.toml")
    other.write_text(text.replace("radius_A = 6.5", "radius_A = 6.6"))
    done = call("run", other, "--out", out)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "another condition" in done.stderr


@pytest.mark.slow
@pytest.mark.alone
def test_stopped_among_the_particles_it_goes_on(tmp_path):
    file, out = written(tmp_path, 6000), tmp_path / "out"
    process = subprocess.Popen(
        [*ZEOCRYST, "run", str(file), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    level = out / "particles"
    until = time.monotonic() + 120
    while (
        not (level / "order_parameters.csv").is_file()
        or (level / "order_parameters.csv").read_text().count("\n") < 4
    ):
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 4, errors
    assert "Traceback" not in errors
    frames = count_frames(level / "trajectory.gsd")
    assert frames < 61
    assert sorted(os.listdir(out)) == ["particles"]
    done = call("run", file, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "goes on from step" in done.stderr
    assert count_frames(level / "trajectory.gsd") >= 61
    steps = [int(line.split(",")[0]) for line in (level / "order_parameters.csv").read_text().splitlines()[1:]]
    assert steps == sorted(set(steps))
    assert steps[-1] == 150_000
    assert len(json.loads((level / "summary.json").read_text())["interruptions"]) == 1


@pytest.mark.slow
def test_damaged_beads_are_made_again_and_are_the_same(tmp_path, run):
    import shutil

    file, out = run
    shutil.copytree(out / "particles", tmp_path / "out" / "particles")
    beads = tmp_path / "out" / "particles" / "beads.gsd"
    content = bytearray(beads.read_bytes())
    content[len(content) // 2] ^= 255
    beads.write_bytes(content)
    done = call("run", file, "--out", tmp_path / "out", "--quiet")
    assert done.returncode == 0, done.stderr
    mine, theirs = (
        Beads.of(read_frame(place / "particles" / "beads.gsd")) for place in (tmp_path / "out", out)
    )
    assert mine.positions == pytest.approx(theirs.positions, abs=1e-3)


@pytest.mark.slow
def test_a_run_may_end_with_the_particles(tmp_path):
    file = tmp_path / "condition.toml"
    file.write_text(alone(TEXT.replace("TIME", "200")))
    done = call("run", file, "--out", tmp_path / "out", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["level"] == "particles"
    assert summary["n_particles"] == 24
    assert "particles" not in os.listdir(tmp_path / "out")
    # its own copy of the condition runs as well
    again = call("run", tmp_path / "out" / "condition.toml", "--out", tmp_path / "again", "--quiet")
    assert again.returncode == 0, again.stderr
    tables = [(tmp_path / name / "order_parameters.csv").read_bytes() for name in ("out", "again")]
    assert tables[0] == tables[1]


@pytest.mark.slow
def test_restart_sets_all_levels_aside(tmp_path):
    file = tmp_path / "condition.toml"
    file.write_text(alone(TEXT.replace("TIME", "200")))
    for _ in range(2):
        done = call("run", file, "--out", tmp_path / "out", "--restart", "--quiet")
        assert done.returncode == 0, done.stderr
    kept = [name for name in os.listdir(tmp_path) if name.startswith("out.")]
    assert len(kept) == 1
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("all of it")
    done = call("run", written(tmp_path), "--out", foreign, "--restart")
    assert done.returncode == 2
    assert (foreign / "thesis.txt").read_text() == "all of it"


@pytest.mark.slow
def test_check_tells_of_both_levels(tmp_path):
    done = call("check", written(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "24 nanoparticles" in done.stdout
    assert "stability ratio" in done.stdout
    assert not list(tmp_path.glob("out*"))
    found = json.loads(call("check", written(tmp_path), "--json").stdout)
    assert found["particles"]["n_particles"] == 24
    assert found["particles"]["steps"] == 15_000
    assert 0 < found["n_T"] <= 150
