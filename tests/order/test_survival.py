"""Waiting times with runs that waited in vain: published tables, and samples whose law is known."""

import math

import numpy as np
import pytest
from scipy import stats

from zeocryst.order.replicas import over_replicas, waiting
from zeocryst.order.survival import Waits, chance, constancy, constant_rate, median_wait, survival_curve

#: Weeks of remission under 6-mercaptopurine, + censored: Freireich et al., Blood 21, 699 (1963), the example of
#: Gehan (1965) and of Kalbfleisch and Prentice (1980).
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+".split()
#: Its product-limit estimate with log-log intervals, as Stata's manual and textbooks print it.
PRINTED = {
    6: (0.8571, 0.6197, 0.9516), 7: (0.8067, 0.5631, 0.9228), 10: (0.7529, 0.5032, 0.8894),
    13: (0.6902, 0.4316, 0.8491), 16: (0.6275, 0.3675, 0.8049), 22: (0.5378, 0.2678, 0.7468),
    23: (0.4482, 0.1881, 0.6801),
}  # fmt: skip


def remission():
    return Waits.of([float(x.rstrip("+")) for x in REMISSION], [not x.endswith("+") for x in REMISSION])


def test_the_curve_is_the_published_one():
    curve = {row["time_ps"]: row for row in survival_curve(remission())}
    for week, (share, low, high) in PRINTED.items():
        row = curve[week]
        assert [row["waiting"], row["waiting_low"], row["waiting_high"]] == pytest.approx(
            [share, low, high], abs=1e-4
        )
    # the same at the end, where twelve have not relapsed; and who was at risk
    assert curve[35]["waiting"] == pytest.approx(0.4482, abs=1e-4)
    assert [curve[t]["at_risk"] for t in (6, 7, 10, 13, 16, 22, 23)] == [21, 17, 15, 12, 11, 7, 6]
    assert [curve[6]["events"], curve[6]["censored"]] == [3, 1]
    assert sum(row["events"] for row in curve.values()) == 9
    # the printed median and its lower limit (log-log); no upper limit
    assert median_wait(list(curve.values())) == {"median_ps": 23, "low_ps": 13, "high_ps": None}


def test_the_rate_is_events_over_time():
    # 9 relapses in 359 weeks (Kalbfleisch and Prentice); factors of Poisson's limits from Garwood's table
    rate = constant_rate(remission())
    assert rate["rate_per_ns"] == pytest.approx(9 / 0.359)
    none = constant_rate(Waits.of([500.0, 500.0], [False, False]))
    assert none["rate_per_ns"] == none["rate_low_per_ns"] == 0
    assert none["rate_high_per_ns"] == pytest.approx(3.689, abs=1e-3)
    assert none["mean_wait_ps"] is none["mean_wait_high_ps"] is None
    ten = constant_rate(Waits.of([100.0] * 10, [True] * 10))
    assert [ten["rate_low_per_ns"], ten["rate_high_per_ns"]] == pytest.approx([4.795, 18.39], abs=5e-3)
    assert set(constant_rate(Waits.of([0.0], [True])).values()) == {None}


def test_those_that_waited_in_vain_count():
    """Mean wait 800 ps, runs of 500: to drop the others makes it a quarter of that; intervals cover it."""
    random = np.random.default_rng(1)
    drawn = random.exponential(800.0, (2000, 10))
    watched, came = np.minimum(drawn, 500.0), drawn < 500.0
    found = [constant_rate(Waits.of(t, c)) for t, c in zip(watched, came, strict=True)]
    inside = np.mean([f["rate_low_per_ns"] <= 1.25 <= f["rate_high_per_ns"] for f in found])
    assert 0.95 <= inside <= 0.995
    # pooled, where the estimate has no bias to speak of
    assert constant_rate(Waits.of(watched.ravel(), came.ravel()))["mean_wait_ps"] == pytest.approx(
        800, rel=0.03
    )
    dropped = np.mean(drawn[came])
    assert dropped < 300  # what a mean over the runs that transformed says
    # the curve too, at the end of the runs: exp(-500/800)
    share = survival_curve(Waits.of(watched.ravel(), came.ravel()))[-1]["waiting"]
    assert share == pytest.approx(math.exp(-500 / 800), abs=0.01)
    band = [survival_curve(Waits.of(t, c)) for t, c in zip(watched[:500], came[:500], strict=True)]
    at = [[row for row in curve if row["time_ps"] <= 300] for curve in band]
    covered = [r[-1]["waiting_low"] <= math.exp(-300 / 800) <= r[-1]["waiting_high"] for r in at if r]
    assert np.mean(covered) > 0.9


def test_a_constant_rate_is_told_from_one_that_is_not():
    random = np.random.default_rng(2)

    def answers(draw):
        return [constancy(Waits.of(np.minimum(t, 900), t < 900)) for t in (draw() for _ in range(400))]

    constant = answers(lambda: random.exponential(300, 12))
    for key in ("p_constant", "p_no_lag"):
        p = [a[key] for a in constant if a[key] is not None]
        assert stats.kstest(p, "uniform").pvalue > 0.01, key
    # 200 ps until the first nucleus has grown to the size that is seen
    late = answers(lambda: 200 + random.exponential(300, 12))
    assert np.mean([a["p_no_lag"] < 0.05 for a in late]) > 0.9
    assert np.mean([a["rising"] for a in late]) > 0.9
    assert np.median([a["lag_ps"] for a in late]) == pytest.approx(200, abs=15)
    # half of the boxes nucleate at once, the others hardly ever
    mixed = answers(
        lambda: np.where(np.arange(12) < 6, random.exponential(20, 12), random.exponential(2000, 12))
    )
    assert not any(a["rising"] for a in mixed if a["p_constant"] < 0.01)
    assert np.mean([a["p_constant"] < 0.05 for a in mixed]) > 0.7
    few = constancy(Waits.of([5.0, 9.0, 30.0], [True, True, False]))
    assert few["p_constant"] is None
    assert "2 events, 3 are needed" in few["sentence"]
    assert constancy(Waits.of([0.0] * 3, [True] * 3))["p_constant"] is None


def test_chances_by_wilson():
    # closed form at the ends: n / (n + z^2)
    assert chance(5, 5)["chance_low"] == pytest.approx(5 / (5 + 1.96**2), abs=1e-4)
    assert chance(0, 10)["chance_high"] == pytest.approx(1 - 10 / (10 + 1.96**2), abs=1e-4)
    assert chance(0, 10)["chance_low"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("time", "came"), [([1.0, 2.0], [True]), ([-1.0], [True]), ([float("nan")], [True]), ([[1.0]], [[True]])]
)
def test_what_is_no_wait_is_refused(time, came):
    with pytest.raises(ValueError, match="times"):
        Waits.of(time, came)


def run(seed, wait, watched=1000.0, volume=10000.0, why=None, nucleus=60, **other):
    reason = {} if wait is not None else {"waiting_time_ps": why or "no grain of 60 T is seen"}
    growth = dict.fromkeys(("front_speed_A_per_ns", "front_speed_uncertainty_A_per_ns", "rate_sites_per_ns",
                            "rate_uncertainty_sites_per_ns"))  # fmt: skip
    growth |= {"waiting_time_ps": wait, "waiting_time_uncertainty_ps": None if wait is None else 2.0,
               "watched_ps": watched, "volume_A3": volume, "nucleus_T": nucleus, "why_not": reason}  # fmt: skip
    return {"seed": seed, "growth": growth, "transition": {"time_ps": None, "uncertainty_ps": None},
            "n_T": 192, "condition": "one", **other}  # fmt: skip


def test_runs_are_put_together_with_those_that_waited():
    runs = [run(1, 99.0), run(2, 299.0), run(3, None), run(4, None), run(5, 599.0)]
    found = over_replicas(runs)["waiting_time_ps"]
    assert (found["n_replicas"], found["n_events"], found["n_censored"]) == (5, 3, 2)
    # 100, 300 and 600 (the middle between frames) and twice 1000 ps, over 3 nuclei
    assert found["mean"] == pytest.approx(1000)
    assert found["median_ps"] == pytest.approx(600)
    # one in 1000 ps in 10^4 Å^3: 1e9 a second in 1e-26 m^3
    assert found["rate_per_m3_s"] == pytest.approx(1e35)
    assert found["success"]["chance"] == 0.6
    assert "3 of 5 runs" in found["sentence"]
    assert "1000 ps" in found["sentence"]
    assert found["assumptions"]
    # as if those that waited did not exist: a third of it
    assert waiting([r for r in runs if r["growth"]["waiting_time_ps"]])["mean"] == pytest.approx(1000 / 3)
    vain = waiting([run(1, None), run(2, None)])
    assert vain["mean"] is None
    assert vain["mean_low"] == pytest.approx(2000 / 3.689, rel=1e-3)
    assert "more than 542 ps" in vain["sentence"]


def test_what_does_not_count_is_left_out_and_said():
    old = run(4, None)
    del old["growth"]["watched_ps"]
    runs = [
        run(1, 99.0, volume=None),
        run(2, None, why="a grain of 60 T is there from the beginning"),
        run(3, None, why="it begins with a crystal", nucleus=None, watched=None),
        old,
        {"seed": 5, "growth": None, "transition": None},
        run(6, 1500.0, watched=1000.0),  # while it was cooled at the end: not at the temperature of the wait
    ]
    found = waiting(runs)
    assert [r["seed"] for r in found["runs"]] == [1, 6]
    assert found["n_events"] == 1
    assert found["runs"][1] == {"seed": 6, "volume_A3": 10000.0, "time_ps": 1000.0, "came": False}
    assert [r["seed"] for r in found["left_out"]] == [2, 3, 4, 5]
    assert "older" in found["left_out"][2]["why"]
    assert found["rate_per_m3_s"] is None
    assert "waiting_time_ps" not in over_replicas(runs[1:3])
    assert "No run" in waiting([])["sentence"]


def test_runs_that_are_no_replicas_are_told():
    same = waiting([run(1, 99.0), run(2, 299.0)])["assumptions"]
    other = waiting([run(1, 99.0), run(1, None, watched=400.0), run(2, None), run(3, None, n_T=500)])[
        "assumptions"
    ]
    said = " ".join(text for text in other if text not in same)
    for words in ("differ in n_T (192, 500)", "Seed numbers occur twice", "400 to 1000 ps"):
        assert words in said
