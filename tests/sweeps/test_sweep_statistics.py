"""What replicas of a sweep's settings say together: against hand computation, published values and known samples."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats
from synthetic import axes, done, summary

from zeocryst.sweeps.sweep_intervals import FEWEST_BOOTSTRAPPED, mean_with_interval
from zeocryst.sweeps.sweep_results import row
from zeocryst.sweeps.sweep_statistics import leading, over_points, succeeded, transition
from zeocryst.sweeps.sweep_words import assumptions, sentence

CRYSTAL, GLASS = {"SGT": 0.95}, {}


def points(dones, *names, success="crystalline", framework="", seed=1):
    return over_points(axes(*names), dones, success=success, framework=framework, seed=seed)


# ---- means and their intervals ------------------------------------------------------------------


@pytest.mark.parametrize(("n", "draws"), [(2, 1000), (3, 1000), (5, 1000), (8, 300), (12, 300)])
def test_interval_of_normal_samples_holds_the_mean_as_often_as_it_says(n, draws):
    rng = np.random.default_rng(5)
    held = 0
    for k in range(draws):
        found = mean_with_interval(rng.normal(3.0, 2.0, n), k)
        held += found["low"] <= 3.0 <= found["high"]
    # within three standard errors of the count; the bootstrap is one of a few values and may miss 2 % more
    error = 3 * math.sqrt(0.95 * 0.05 / draws)
    slack = 0.0 if n < FEWEST_BOOTSTRAPPED else 0.02
    assert 0.95 - error - slack <= held / draws <= 0.95 + error


def test_plain_bootstrap_of_three_would_not():
    """The twin: what is refused here, BCa of three runs, holds far less than it says."""
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(300):
        ends = stats.bootstrap(
            (rng.normal(size=3),), np.mean, n_resamples=999, method="BCa", random_state=rng
        ).confidence_interval
        held += ends.low <= 0.0 <= ends.high
    assert held / 300 < 0.85


@pytest.mark.parametrize("n", [3, 30])
def test_interval_is_the_analytic_one(n):
    x = 100.0 + 5.0 * stats.norm.ppf(
        (np.arange(1, n + 1) - 0.375) / (n + 0.25)
    )  # normal scores: with no skewness by chance
    found = mean_with_interval(x, 1)
    low, high = stats.t.interval(0.95, n - 1, loc=x.mean(), scale=stats.sem(x))
    assert found["how"] == ("student" if n == 3 else "bootstrap")
    assert (found["low"], found["high"]) == pytest.approx(
        (low, high), abs=(high - low) * (1e-9 if n == 3 else 0.03)
    )
    assert (found["mean"], found["uncertainty"]) == pytest.approx((x.mean(), stats.sem(x)))


def test_one_run_and_equal_runs_have_no_interval():
    one, same = mean_with_interval([0.7], 1), mean_with_interval([0.1 + 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3], 1)
    assert (one["mean"], one["how"], one["deviation"]) == (0.7, "one", None)
    assert (same["how"], same["deviation"]) == ("same", 0.0)
    for found in (one, same):
        assert found["low"] is found["high"] is found["uncertainty"] is None


def test_interval_ends_where_the_quantity_does():
    found = mean_with_interval([0.0, 1.0, 1.0], 1, least=0.0, most=1.0)
    assert (found["low"], found["high"]) == (0.0, 1.0)
    wild = mean_with_interval([0.0, 1.0, 1.0], 1)
    assert wild["low"] < 0.0
    assert wild["high"] > 1.0


# ---- success ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "trials", "low", "high"),
    [
        (682, 925, 0.7076683, 0.7654066),  # Conover (1971), p. 97, as the documentation of R's binom.test has it
        (5, 10, 0.1871, 0.8129),  # tables of Geigy
        (0, 3, 0.0, 1 - 0.025 ** (1 / 3)),  # in closed form
        (3, 3, 0.025 ** (1 / 3), 1.0),
    ],
)  # fmt: skip
def test_success_has_the_exact_interval(tmp_path, n, trials, low, high):
    good, bad = summary(100.0, CRYSTAL), summary(2000.0, GLASS)
    dones = [done(tmp_path, {"replica": k}, good if k < n else bad) for k in range(trials)]
    if trials > 20:  # the interval alone: 925 runs would take a while
        from zeocryst.order.survival import chance

        one = chance(n, trials, exact=True)
    else:
        one = points(dones)[0]["success"]
        assert (one["n_success"], one["n_replicas"]) == (n, trials)
    assert (one["chance"], one["chance_low"], one["chance_high"]) == pytest.approx(
        (n / trials, low, high), abs=5e-5
    )


def test_what_counts_as_success():
    mixed = summary(100.0, {"SGT": 0.3, "MTN": 0.6})
    partly = summary(100.0, {"SGT": 0.7})
    assert [succeeded(mixed, "crystalline", code) for code in ("", "MTN", "SGT")] == [True, True, False]
    assert succeeded(partly, "crystalline", "SGT") is False
    shared = summary(100.0, {"ABW|ATN": 0.9})
    assert [succeeded(shared, "crystalline", code) for code in ("ATN", "AT", "ABW|ATN")] == [True, False, False]
    assert succeeded(summary(2000.0, GLASS), "nucleus", "") is False
    assert succeeded(partly, "nucleus", "SGT") is True
    assert succeeded(partly, "nucleus", "MTN") is False
    assert succeeded(summary(2000.0, CRYSTAL, start=1.0), "nucleus", "") is None


def test_runs_that_cannot_tell_are_left_out_of_the_chance(tmp_path):
    begun = summary(2000.0, CRYSTAL, start=1.0)
    dones = [done(tmp_path, {"replica": k}, s) for k, s in enumerate((begun, summary(100.0, CRYSTAL)))]
    one = points(dones, success="nucleus")[0]["success"]
    assert (one["n_success"], one["n_replicas"], one["left_out"]) == (1, 1, 1)
    nothing = points(dones[:1], success="nucleus")[0]["success"]
    assert (nothing["chance"], nothing["n_replicas"]) == (None, 0)


# ---- survival -----------------------------------------------------------------------------------


def transformed(time, end=1000.0):
    """A run that transformed then, or not."""
    made = summary(2000.0, GLASS, end=end)
    made["transition"] |= {"found": time is not None, "time_ps": time}
    return made


def test_transition_curve_is_that_of_a_hand_computation():
    found = transition(
        [
            transformed(200.0),
            transformed(None, 300.0),
            transformed(400.0),
            transformed(None),
            transformed(700.0),
        ]
    )
    # at risk 5, 4, 3, 2, 1: (1 - 1/5), the same, times (1 - 1/3), times (1 - 1/2), the same
    want = [(200.0, 4 / 5), (300.0, 4 / 5), (400.0, 8 / 15), (700.0, 4 / 15), (1000.0, 4 / 15)]
    assert [(step["time_ps"], step["waiting"]) for step in found["curve"]] == [
        (t, pytest.approx(s)) for t, s in want
    ]
    assert (found["n_events"], found["n_censored"], found["median_ps"]) == (3, 2, 700.0)
    mean = np.mean([200.0, 400.0, 700.0])
    assert mean < found["median_ps"]  # the twin: a mean over those that transformed is too short


def test_runs_that_say_nothing_of_the_transition_are_named():
    begun, odd = summary(2000.0, CRYSTAL, start=1.0, seed=7), transformed(None)
    odd["crystalline_share"]["end"] = 0.9
    found = transition([begun, odd, transformed(None)])
    assert (found["n_replicas"], found["n_censored"]) == (1, 1)
    assert [run["seed"] for run in found["left_out"]] == [7, 1]
    assert "from the start" in found["left_out"][0]["why"]
    assert transition([begun]) is None
    assert transition([]) is None


def test_waits_count_the_runs_in_vain(tmp_path):
    waits = (100.0, 300.0, 600.0, 2000.0, 2000.0)
    dones = [
        done(tmp_path, {"replica": k}, summary(w, CRYSTAL if w < 1000 else GLASS, seed=k))
        for k, w in enumerate(waits)
    ]
    (point,) = points(dones)
    # as in tests/test_replicas.py: frames are 2 ps apart
    assert point["waiting"]["mean"] == pytest.approx(3003 / 3)
    assert (point["waiting"]["n_events"], point["waiting"]["n_censored"]) == (3, 2)
    assert (point["transition"]["n_events"], point["transition"]["n_censored"]) == (3, 2)
    assert point["quantities"]["transition_time_ps"]["n_without"] == 2


# ---- frameworks ---------------------------------------------------------------------------------


def test_leading_type():
    assert leading(summary(1.0, {"MTN": 0.3, "SGT": 0.6})) == "SGT"
    assert leading(summary(1.0, {"ABW|ATN": 0.5, "ABW": 0.4})) == "ABW|ATN"
    assert leading(summary(1.0, {"SGT": 0.09, "MTN": 0.08})) == "amorphous"
    assert leading(summary(1.0, {"SGT": 0.1})) == "SGT"
    assert leading(summary(1.0, {})) == "amorphous"
    old = summary(1.0, {"SGT": 0.6})
    del old["quenched"]["types"]
    assert leading(old) == "SGT"


def test_settings_and_runs_are_counted(tmp_path):
    dones = [
        done(tmp_path, {"T_K": 600, "replica": 1}, summary(100.0, {"SGT": 0.9})),
        done(tmp_path, {"T_K": 640, "replica": 1}, None, "it flew apart"),
        done(tmp_path, {"T_K": 600, "replica": 2}, summary(100.0, {"MTN": 0.9})),
        done(tmp_path, {"T_K": 600, "replica": 3}, summary(200.0, {"SGT": 0.8})),
        done(tmp_path, {"T_K": 640, "replica": 2}, None),
    ]
    low, high = points(dones, "T_K", framework="SGT")
    assert (low["values"], low["n_replicas"], low["n_failed"], low["n_waiting"]) == ({"T_K": 600}, 3, 0, 0)
    assert [(one["code"], one["n_replicas"]) for one in low["frameworks"]] == [("SGT", 2), ("MTN", 1)]
    assert low["frameworks"][0]["chance"] == pytest.approx(2 / 3)
    assert low["frameworks"][0]["chance_high"] == pytest.approx(0.9916, abs=5e-5)  # of 2 of 3, as 1 - that of 1
    assert (high["n_replicas"], high["n_failed"], high["n_waiting"]) == (0, 1, 1)
    assert (high["quantities"], high["frameworks"], high["waiting"], high["transition"]) == ({}, [], None, None)
    assert [(run["state"], run["failure"]) for run in high["runs"]] == [
        ("failed", "it flew apart"),
        ("waiting", None),
    ]
    said = sentence([low, high], success="crystalline", framework="SGT")
    assert said.startswith("3 of 5 runs at 2 points done, 1 failed.")
    assert "SGT (2 of 3 runs)" in said
    assert "2 of 3 runs ended crystalline, most of it SGT" in said
    assert any("failed" in text for text in assumptions([low, high], success="crystalline", framework=""))
    assert not any("failed" in text for text in assumptions([low], success="crystalline", framework=""))


def test_points_that_are_added_change_nothing_of_the_others(tmp_path):
    dones = [
        done(tmp_path, {"T_K": 600, "replica": k}, summary(50.0 * k + 50, CRYSTAL, seed=k)) for k in range(8)
    ]
    more = [done(tmp_path, {"T_K": 500, "replica": k}, summary(300.0, CRYSTAL)) for k in range(2)]
    assert points(dones, "T_K")[0] == points(more + dones, "T_K")[1]
    assert points(dones, "T_K")[0] != points(dones, "T_K", seed=2)[0]


# ---- the table ----------------------------------------------------------------------------------


def test_a_row_has_the_same_columns_whatever_was_measured(tmp_path):
    refined = {
        "method": "slc",
        "energy_eV": -9.0,
        "energy_eV_per_SiO2": -3.0,
        "above_quartz_kJ_per_mol": 17.5,
        "converged": True,
    }
    full = summary(
        100.0, CRYSTAL, end=400.0,
        backmap={"formula": "Si192O384", "q4_share": 1.0, "dls_residual": 0.004,
                 "checks": [{"passed": True}, {"passed": False}, {"passed": None}]},
        ideal={"code": "SGT"}, events=[{"status": "not reached"}, {"status": "done", "refined": refined}],
    )  # fmt: skip
    one = done(tmp_path, {"T_K": 600, "time_ps": 400.0, "replica": 1}, full)
    one.folder.mkdir(parents=True)
    (one.folder / "order_parameters.csv").write_text(
        "step,largest_grain_sites,largest_grain_framework,energy_eV_per_bead\n0,0,,-1\n9,180,SGT,-1.5\n10,19"
    )
    rows = [
        row(dataclasses.replace(one, point=dataclasses.replace(one.point, facts={"T_K": 600, "replica": 1}))),
        row(done(tmp_path, {"T_K": 640, "replica": 1}, summary(2000.0, GLASS))),
        row(done(tmp_path, {"T_K": 640, "replica": 1}, None, "no")),
        row(done(tmp_path, {"T_K": 640, "replica": 1}, None)),
    ]
    keys = [key for key in rows[0] if key != "job"]
    assert all([key for key in line if key != "job"] == keys for line in rows)
    assert [line["state"] for line in rows] == ["done", "done", "failed", "waiting"]
    first = rows[0]
    assert (first["largest_grain_sites"], first["largest_grain_framework"]) == (
        180.0,
        "SGT",
    )  # the torn line is left out
    assert (first["formula"], first["checks_passed"], first["checks_applied"]) == ("Si192O384", 1, 2)
    assert (first["refined_method"], first["refined_above_quartz_kJ_per_mol"]) == ("slc", 17.5)
    assert (first["n_T"], first["time_ps"], first["types"]) == (192, 400.0, "SGT 182")
    assert first["folder"] == f"workspace/{one.folder.parts[-2]}/run"
    assert (
        rows[1]["largest_grain_sites"] is rows[1]["formula"] is rows[2]["verdict"] is rows[3]["failure"] is None
    )
    both = row(one)  # an axis that is called as a result is
    assert (both["time_ps"], both["run.time_ps"]) == (400.0, 400.0)


def test_a_damaged_table_of_a_run_takes_nothing_away(tmp_path):
    one = done(tmp_path, {"replica": 1}, summary(100.0, CRYSTAL))
    one.folder.mkdir(parents=True)
    (one.folder / "order_parameters.csv").write_text("a,b\n1\n2,3\n")
    assert row(one)["largest_grain_sites"] is None
    assert row(one)["verdict"] == "crystalline"
