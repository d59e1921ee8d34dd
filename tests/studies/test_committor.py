"""Committors: the interval against its formula, and frames whose fate is known, run by an engine."""

import json
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest

from zeocryst.cli import main
from zeocryst.errors import InputError, SimulationError
from zeocryst.running.beginning import Options
from zeocryst.running.pipeline import run
from zeocryst.studies.committor import Asked, _bounds, _summary, committor, plan_of, share_with_interval
from zeocryst.studies.running import StudyFolder

CRYSTAL = """
name = "ice"
seed = 3
[system]
start = "melt"
n_T = 500
[forcefield]
name = "mw"
[[stage]]
kind = "seed"
framework = "dia"
radius_A = 11
[[stage]]
kind = "langevin"
temperature_K = 200
time_ps = 1
hold_seed = true
[[stage]]
kind = "npt"
temperature_K = [200, 240]
time_ps = 4
[[stage]]
kind = "langevin"
temperature_K = 900
time_ps = 1
[output]
interval_ps = 1
report = false
"""


def wilson(k, n, z=1.959964):
    """E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927)."""
    p = k / n
    middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def test_interval_is_wilsons_and_undecided_runs_widen_it():
    """By its formula; undecided ones melt for the lower end and grow for the upper one."""
    found = share_with_interval(7, 13, 0)
    assert found["committor"] == 0.35
    assert found["committor_interval"] == pytest.approx(wilson(7, 20), abs=1e-5)
    wider = share_with_interval(7, 13, 5)
    assert wider["committor_interval"][0] == pytest.approx(wilson(7, 25)[0], abs=1e-5)
    assert wider["committor_interval"][1] == pytest.approx(wilson(12, 25)[1], abs=1e-5)
    assert share_with_interval(0, 20, 0)["committor_interval"][1] > 0.1  # none of twenty is not never
    assert share_with_interval(0, 0, 4) == {"committor": None, "committor_interval": None}


@pytest.fixture(scope="module")
def ice(tmp_path_factory):
    """A run: a seed of 174 among 500 molecules, held, warmed from 200 to 240 K, and then melted for a ps."""
    folder = tmp_path_factory.mktemp("committor")
    (folder / "condition.toml").write_text(CRYSTAL)
    run(folder / "condition.toml", folder / "ice", Options(threads=1, quiet=True))
    return folder / "ice"


def test_a_frame_goes_on_as_its_stage_does(ice):
    """Kind, pressure and the temperature that the ramp had reached; bounds from the frame's own size."""
    plan = plan_of(Asked(ice, 4))
    assert plan.temperature_K == pytest.approx(220)
    [stage] = plan.condition.stages
    assert (stage.kind, stage.coupling, stage.temperature_K) == ("npt", "iso", (220.0, 220.0))
    assert 120 < plan.size < 220
    assert plan.melted == pytest.approx(plan.size / 2)
    assert plan.grown == pytest.approx(min(2 * plan.size, (plan.size + 500) / 2))
    ends = [(until.below, until.value) for until in stage.ends]
    assert ends == [(True, plan.melted), (False, plan.grown)]
    assert plan.condition.system.new_velocities
    assert plan_of(Asked(ice, 4, temperature_K=300)).temperature_K == 300
    assert plan_of(Asked(ice, 6)).temperature_K == pytest.approx(240)


def test_bounds_are_on_both_sides_of_the_size():
    """By default of a frame of any size; one that is beyond a bound has no committor."""
    for size in (5, 29, 31, 100, 290, 310, 495):
        melted, grown = _bounds(float(size), 500, Asked(Path("x"), 0))
        assert 0 < melted < size < grown <= 500
    for size, grown, melted, words in (
        (0, None, None, "is melted already by --melted 0"),
        (500, None, None, "is crystalline already by --grown 500"),
        (90, 80, 20, "crystalline already by --grown 80"),
        (90, 200, 95, "melted already by --melted 95"),
    ):
        with pytest.raises(InputError, match=words):
            _bounds(float(size), 500, Asked(Path("x"), 0, grown=grown, melted=melted))


def test_another_seed_or_frame_is_another_study(ice):
    """What is asked is in the study's file: the same folder with another seed number is refused."""
    one = Asked(ice, 4)
    plan, other = plan_of(one), plan_of(Asked(ice, 5))
    assert plan.toml(one) == plan_of(one).toml(one)
    assert plan.toml(one) != plan.toml(replace(one, seed=2))
    assert plan.sha256 != other.sha256
    assert plan.sha256 in plan.toml(one)


def test_all_failed_is_a_failure(ice, tmp_path, monkeypatch):
    """No committor of nothing; and where some failed it is said how many."""
    from zeocryst.studies.points import Done

    def all_fail(self, points, say=""):
        return [Done(point, tmp_path, None, "no engine") for point in points]

    monkeypatch.setattr(StudyFolder, "run", all_fail)
    monkeypatch.setattr(StudyFolder, "rows", lambda self, done: [])
    with pytest.raises(SimulationError, match="all 20 runs failed.*no engine"):
        committor(Asked(ice, 4), tmp_path / "out")
    run = {"outcome": "grown"}
    found = _summary(plan_of(Asked(ice, 4)), Asked(ice, 4), [run] * 17)
    assert found["n_failed"] == 3
    assert "3 of 20 runs failed" in found["sentence"]


def test_what_cannot_be_is_refused(ice, tmp_path):
    """One message each."""
    asked = {
        "no frame 99": Asked(ice, 99),
        "no trajectory": Asked(tmp_path, 0),
        "give --condition": Asked(ice / "trajectory.gsd", 0),
        "no such column": Asked(ice, 4, size="largest_grain"),
        "0 < melted < grown": Asked(ice, 4, grown=50, melted=80),
        "--runs 0: expected 1 to": Asked(ice, 4, runs=0),
        "--time-ps 0: expected": Asked(ice, 4, time_ps=0),
        "--time-ps -3: expected": Asked(ice, 4, time_ps=-3),
        "--time-ps 0.01: expected at least": Asked(ice, 4, time_ps=0.01),
        "--seed 0: expected": Asked(ice, 4, seed=0),
        "--temperature-K -5: expected": Asked(ice, 4, temperature_K=-5),
        "--grown -1: expected": Asked(ice, 4, grown=-1),
        "melted already": Asked(ice, -1),
    }
    for words, one in asked.items():
        with pytest.raises(InputError, match=words):
            plan_of(one)
    with_condition = plan_of(Asked(ice / "trajectory.gsd", 4, condition=str(ice / "condition.toml")))
    assert with_condition.condition.stages[0].kind == "npt"


@pytest.mark.slow
def test_fate_of_a_seed_far_below_and_above_its_melting_point(ice, tmp_path, capsys):
    """The same frame: 1 at 205 K, and 0 far above the 274.6 K at which ice melts."""
    for temperature, share, count in ((205, 1.0, "n_grown"), (480, 0.0, "n_melted")):
        out = tmp_path / str(temperature)
        argv = ["committor", str(ice), "--frame", "4", "--runs", "4", "--time-ps", "200", "--melted", "60"]
        argv += ["--grown", "250"]
        argv += ["--temperature-K", str(temperature), "--out", str(out), "--json", "--quiet"]
        assert main(argv) == 0
        summary = json.loads(capsys.readouterr().out)
        assert summary["committor"] == share
        assert summary[count] == 4
        low, high = summary["committor_interval"]
        assert high - low == pytest.approx(wilson(4, 4)[1] - wilson(4, 4)[0], abs=1e-6)
        assert (out / "report.html").is_file()
        rows = (out / "points.csv").read_text().splitlines()
        assert len(rows) == 5
    seeds = {line.split(",")[4] for line in rows[1:]}
    assert len(seeds) == 4  # velocities of their own
