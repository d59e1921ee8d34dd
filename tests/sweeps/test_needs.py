"""What a run asks a scheduler for, from few trials."""

from importlib import resources

import pytest

from zeocryst.condition import Condition
from zeocryst.running.costs import DENSE_BYTES_PER_BEAD as BYTES_PER_BEAD
from zeocryst.sweeps.needs import LEAST_S, UNKNOWN_MB, Trials

TEXT = """
[system]
start = "melt"
n_T = 400
n_S = 40
[[stage]]
kind = "langevin"
temperature_K = 900
time_ps = 100
"""


def condition(**changed):
    text = TEXT
    for key, value in changed.items():
        text = text.replace(
            next(line for line in TEXT.splitlines() if line.startswith(key)), f"{key} = {value}"
        )
    return Condition.from_toml(text)


def test_runs_that_cost_alike_have_one_trial():
    """Hotter, longer and with a little more S: no other trial, and the time grows with the steps and the beads."""
    trials = Trials()
    first = trials.needs(condition(time_ps=20000))
    assert first.walltime_s > LEAST_S
    assert first.walltime_s % 60 == 0
    twice = trials.needs(condition(time_ps=40000, temperature_K=700))
    assert twice.walltime_s - 900 == pytest.approx(2 * (first.walltime_s - 900), abs=120)
    more = trials.needs(condition(n_S=60))
    assert more.memory_MB - first.memory_MB == pytest.approx(20 * BYTES_PER_BEAD / 1e6, abs=1)
    assert len(trials._made) == 1
    assert trials.needs(condition(n_T=4000)).memory_MB > first.memory_MB + 3500 * BYTES_PER_BEAD / 1e6
    assert len(trials._made) == 2


def test_one_that_cannot_be_tried_asks_for_a_little(tmp_path):
    """Such as where its force field has gone: the run itself will tell."""
    model = tmp_path / "own.toml"
    model.write_text(resources.files("zeocryst.forcefields").joinpath("ts.toml").read_text("utf-8"))
    gone = Condition.from_toml(f'{TEXT}[forcefield]\nname = "{model}"\n')
    model.unlink()
    needs = Trials().needs(gone)
    assert (needs.memory_MB, needs.walltime_s) == (UNKNOWN_MB, None)
