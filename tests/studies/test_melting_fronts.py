"""What one run of a melting study tells, and the runs of a temperature together."""

import pytest
from melting_walks import ICE, World, melting

from zeocryst.report.melting import write_melting
from zeocryst.studies.fronts import FAILED, GREW, SHRANK, UNDECIDED, bracket, front_run, mean_speeds, sign_of
from zeocryst.studies.melting_summary import summarize

FACTS = {"face": "a", "temperature_K": 270.0, "replica": 1}


def told(start, end, speed, error, why=None):
    growth = {
        "front_speed_A_per_ns": speed, "front_speed_uncertainty_A_per_ns": error, "from_ps": 0.0, "to_ps": 500.0,
        "why_not": {"fronts": why} if why else {}, "sentence": "said",
    }  # fmt: skip
    return front_run("x", FACTS, {"growth": growth, "crystalline_share": {"start": start, "end": end}}, None)


def test_outcomes():
    assert told(0.5, 0.99, 30.0, 20.0).outcome == GREW
    assert told(0.5, 0.02, -30.0, 20.0).outcome == SHRANK
    assert told(0.5, 0.55, 3.0, 2.0).outcome == UNDECIDED
    assert told(0.5, 0.6, 5.0, 2.0).outcome == GREW
    gone = told(0.05, 0.0, None, None, "no slab")
    assert (gone.outcome, gone.speed_A_per_ns) == (SHRANK, None)
    assert "slab had melted" in gone.note
    full = told(0.95, 1.0, 5.0, 1.0)
    assert (full.outcome, full.speed_A_per_ns, full.time_ns) == (GREW, None, 0.0)
    assert front_run("x", FACTS, None, "exploded").outcome == FAILED


def test_the_bracket_is_of_sure_signs_only():
    def row(t, v, e=1.0):
        ends = dict.fromkeys(("n_grew", "n_melted", "n_grown_to_the_end", "n_melted_to_the_end", "n_failed"), 0)
        return {"temperature_K": t, "speed_A_per_ns": v, "uncertainty_A_per_ns": e, "n_runs": 3} | ends

    assert bracket([row(260, 9), row(270, 4), row(274, 1), row(278, -5), row(290, -9)]) == (270, 278)
    assert bracket([row(278, -5), row(290, -9)]) == (None, 278)
    assert bracket([row(260, 1.0)]) == (None, None)
    assert sign_of([row(260, 5)]) == GREW


def front(speed, end, replica, start=0.5, error=4.0, failure=None):
    growth = {
        "front_speed_A_per_ns": speed, "front_speed_uncertainty_A_per_ns": error, "from_ps": 0.0, "to_ps": 500.0,
        "why_not": {"fronts": "only 3 frames show two fronts apart"}, "sentence": "",
    }  # fmt: skip
    summary = {"growth": growth, "crystalline_share": {"start": start, "end": end}}
    return front_run("x", FACTS | {"replica": replica}, None if failure else summary, failure)


def way(*runs):
    return sign_of(mean_speeds(runs, None))


def test_one_run_does_not_outvote_the_rest():
    one, idle = front(9.0, 0.6, 1), [front(-4.0, 0.45, k) for k in (2, 3)]
    assert one.outcome == GREW
    assert way(one, *idle) == UNDECIDED
    assert way(one, front(9.0, 0.6, 2, error=4.4), front(-6.0, 0.45, 3)) != SHRANK
    # most of them, though the mean isn't sure of it
    fast = [front(None, 0.02, k, error=None) for k in (1, 2)]
    assert way(*fast, front(-1.0, 0.4, 3)) == SHRANK
    assert way(fast[0], front(-1.0, 0.4, 2), front(-1.0, 0.4, 3)) == UNDECIDED
    # one that failed says nothing
    assert way(*fast, front(0, 0, 3, failure="exploded"), front(0, 0, 4, failure="exploded")) == SHRANK
    assert way(front(0, 0, 3, failure="exploded")) == UNDECIDED


def test_a_mean_speed_of_the_slow_runs_alone_is_not_told():
    [row] = mean_speeds(
        [front(-20.0, 0.05, 1), front(None, 0.0, 2, error=None), front(None, 0.0, 3, error=None)], None
    )
    assert row["speed_A_per_ns"] is None
    assert "2 of 3 runs ended" in row["note"]
    assert "20 Å/ns" in row["note"]
    [row] = mean_speeds([front(-20.0, 0.05, 1), front(0, 0, 2, failure="exploded")], None)
    assert row["speed_A_per_ns"] == -20.0
    assert row["note"] is None


def test_temperatures_where_fast_runs_are_missing_are_not_fitted(tmp_path):
    class Fast(World):
        """Of those at 290 K only what went astray is slow enough to be followed."""

        def one(self, point):
            done = super().one(point)
            if point.facts["temperature_K"] > 285 and done.summary["growth"]["front_speed_A_per_ns"] < -45:
                done.summary["growth"] |= dict.fromkeys(
                    ("front_speed_A_per_ns", "front_speed_uncertainty_A_per_ns")
                )
            return done

    own = "temperatures_K = [266, 270, 274, 278, 282, 290]\nenthalpy = false\nreplicas = 5"
    study = melting(tmp_path, ICE, own)
    study.run(Fast(274.6))
    summary = summarize(study)
    row = summary["front_speeds"][-1]
    assert row["n_replicas"] < row["n_runs"] == 5
    assert row["speed_A_per_ns"] is None
    assert summary["fit"]["a"]["n_runs"] == 25
    assert summary["melting_point_K"] == pytest.approx(274.6, abs=4 * summary["uncertainty_K"])
    write_melting(tmp_path, summary)
