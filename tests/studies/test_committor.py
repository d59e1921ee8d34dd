"""Committors: the interval against its formula, and frames whose fate is known, run by an engine."""

import json
from math import sqrt

import pytest

from zeocryst.cli import main
from zeocryst.errors import InputError
from zeocryst.running.beginning import Options
from zeocryst.running.pipeline import run
from zeocryst.studies.committor import Asked, plan_of, share_with_interval

CRYSTAL = """
name = "ice"
seed = 3
[system]
start = "framework"
framework = "dia"
repeat = [3, 3, 3]
[forcefield]
name = "mw"
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
    """A run: a crystal of 216 molecules that is warmed from 200 to 240 K, and then melted for a ps."""
    folder = tmp_path_factory.mktemp("committor")
    (folder / "condition.toml").write_text(CRYSTAL)
    run(folder / "condition.toml", folder / "ice", Options(threads=1, quiet=True))
    return folder / "ice"


def test_a_frame_goes_on_as_its_stage_does(ice):
    """Kind, pressure and the temperature that the ramp had reached; bounds from the frame's own size."""
    plan = plan_of(Asked(ice, 2))
    assert plan.temperature_K == pytest.approx(220)
    [stage] = plan.condition.stages
    assert (stage.kind, stage.coupling, stage.temperature_K) == ("npt", "iso", (220.0, 220.0))
    assert plan.size == 216
    assert plan.grown == pytest.approx(0.6 * 216)
    assert plan.melted == pytest.approx(108)
    assert [(until.below, until.value) for until in stage.ends] == [(True, 108.0), (False, 129.6)]
    assert plan.condition.system.new_velocities
    assert plan_of(Asked(ice, -1)).temperature_K == pytest.approx(900)
    assert plan_of(Asked(ice, 2, temperature_K=300)).temperature_K == 300


def test_what_cannot_be_is_refused(ice, tmp_path):
    """One message each."""
    asked = {
        "no frame 99": Asked(ice, 99),
        "no trajectory": Asked(tmp_path, 0),
        "give --condition": Asked(ice / "trajectory.gsd", 0),
        "no such column": Asked(ice, 0, size="largest_grain"),
        "0 < melted < grown": Asked(ice, 0, grown=50, melted=80),
        "expected 1 to": Asked(ice, 0, runs=0),
    }
    for words, one in asked.items():
        with pytest.raises(InputError, match=words):
            plan_of(one)
    with_condition = plan_of(Asked(ice / "trajectory.gsd", 1, condition=str(ice / "condition.toml")))
    assert with_condition.condition.stages[0].kind == "npt"


@pytest.mark.slow
def test_fate_of_a_crystal_below_and_above_its_melting_point(ice, tmp_path, capsys):
    """The same frame: 1 at 240 K, and 0 far above the 274.6 K at which it melts."""
    for temperature, committor, count in ((240, 1.0, "n_grown"), (480, 0.0, "n_melted")):
        out = tmp_path / str(temperature)
        argv = ["committor", str(ice), "--frame", "3", "--runs", "4", "--time-ps", "40", "--melted", "100"]
        argv += ["--grown", "200"] if temperature == 240 else ["--grown", "215.5"]
        argv += ["--temperature-K", str(temperature), "--out", str(out), "--json", "--quiet"]
        assert main(argv) == 0
        summary = json.loads(capsys.readouterr().out)
        assert summary["committor"] == committor
        assert summary[count] == 4
        low, high = summary["committor_interval"]
        assert high - low == pytest.approx(wilson(4, 4)[1] - wilson(4, 4)[0], abs=1e-6)
        assert (out / "report.html").is_file()
        rows = (out / "points.csv").read_text().splitlines()
        assert len(rows) == 5
    seeds = {line.split(",")[4] for line in rows[1:]}
    assert len(seeds) == 4  # velocities of their own
