"""Melting points from speeds that are known, and intervals that hold them as often as they say."""

import numpy as np
import pytest

from zeocryst.studies.crossing import crossing, near_zero

TRUTH, SLOPE = 274.6, -3.5


def runs(rng, temperatures, replicas, *, diffusion=60.0, curve=0.0, slope=SLOPE, stated=1.0, half=16.0):
    """Fronts as random walks, followed until they meet, the slab is gone, or 1 ns is over; in steps of 10 ps."""
    found = []
    for t in temperatures:
        for _ in range(replicas):
            v = slope * (t - TRUTH) + curve * (t - TRUTH) ** 2
            x, n = 0.0, 0
            while abs(x) < half and n < 100:
                x += v * 0.01 + rng.normal(0, (diffusion * 0.01) ** 0.5)
                n += 1
            time = 0.01 * n
            found.append((t, x / time, stated * (diffusion / time) ** 0.5, time))
    return np.array(found).T


TEMPERATURES = [264.0, 269.0, 274.0, 279.0, 284.0]


def test_without_noise_it_is_exact():
    t = np.array([270.0, 272.0, 276.0, 280.0])
    found = crossing(t, SLOPE * (t - TRUTH), np.full(4, 1.0), np.full(4, 1.0))
    assert found.melting_point_K == pytest.approx(TRUTH, abs=1e-9)
    assert found.slope == pytest.approx(SLOPE)


def test_fronts_that_state_no_error_are_fitted_all_the_same():
    """Their scatter tells; chi-square of errors of zero is no number."""
    t, v = np.array([270.0, 275.0, 280.0]), np.array([15.0, -2.0, -19.0])
    found = crossing(t, v + np.array([1.0, -2.0, 1.0]), np.zeros(3), np.ones(3))
    assert found.melting_point_K == pytest.approx(275 - 2 / 3.4)
    assert found.diffusion == pytest.approx(6.0)  # the sum of squares, with one degree of freedom
    assert found.uncertainty_K > 0
    assert np.isnan(found.chi_square)


def test_the_activation_has_an_error_that_it_keeps():
    """Nineteen of twenty within two errors, though it is below zero half of the time where there is none."""
    rng = np.random.default_rng(8)
    founds = [crossing(*activated(rng, (600, 740), 10.0, activation=0.9)) for _ in range(200)]
    # at the melting point ln v' falls by the activation and half of the heat, over k, less the temperature
    truth = (0.9 + 0.025) / 8.617333e-5 - 700
    inside = [abs(f.activation_K - truth) < 2 * f.activation_uncertainty_K for f in founds]
    assert 0.85 < np.mean(inside) < 0.99
    line = crossing(np.array([270.0, 280.0]), np.array([9.0, -9.0]), np.ones(2), np.ones(2))
    assert (line.power, line.activation_uncertainty_K) == (1, None)


def test_the_interval_is_fiellers():
    """By the textbook: (x - ...)^2 terms solved for a line with known errors."""
    t, v = np.array([270.0, 275.0, 280.0]), np.array([15.0, -2.0, -19.0])
    found = crossing(t, v, np.full(3, 4.0), np.ones(3))
    assert found.errors_from.endswith("state themselves")
    b, a, s2, q = -3.4, -2.0, 16.0, 1.959964
    g = q**2 * s2 / 50 / b**2
    mid = -a / b / (1 - g)  # from the mean temperature
    half = q * 4.0 / abs(b) / (1 - g) * np.sqrt((1 - g) / 3 + (a / b) ** 2 / 50)
    assert found.interval_K == pytest.approx((275 + mid - half, 275 + mid + half), abs=1e-4)


def test_intervals_hold_the_truth_nineteen_times_of_twenty_and_halves_do_not():
    rng = np.random.default_rng(1)
    inside = half = one = known = 0
    for _ in range(400):
        found = crossing(*runs(rng, TEMPERATURES, 3))
        if found.melting_point_K is None:
            continue
        known += 1
        low, high = found.interval_K
        inside += low <= TRUTH <= high
        middle = found.melting_point_K
        half += (low + middle) / 2 <= TRUTH <= (high + middle) / 2
        one += abs(found.melting_point_K - TRUTH) < found.uncertainty_K
    assert known > 388  # a hundredth is refused: chance parts means and curve so far
    assert 0.92 < inside / known < 0.98
    assert 0.60 < one / known < 0.76
    assert half / known < 0.80


def test_wrong_errors_of_single_runs_do_not_spoil_it():
    rng = np.random.default_rng(2)
    for stated in (0.3, 3.0):
        founds = [crossing(*runs(rng, TEMPERATURES, 3, stated=stated)) for _ in range(150)]
        inside = [f.interval_K[0] <= TRUTH <= f.interval_K[1] for f in founds if f.melting_point_K is not None]
        assert 0.89 < np.mean(inside) < 0.99
    # and chi-square says that they are wrong: of 13 degrees of freedom, errors of a third make nine times as much
    assert crossing(*runs(rng, TEMPERATURES, 3, stated=0.3)).chi_square > 40


def test_few_runs_that_scatter_too_much_have_larger_errors():
    t, v = np.array([270.0, 275.0, 280.0]), np.array([15.0, -12.0, -19.0])
    quiet, loud = (crossing(t, v, np.full(3, e), np.ones(3)) for e in (20.0, 0.5))
    assert quiet.errors_from == "what 3 runs state themselves"
    assert "times as large" in loud.errors_from
    # chi-square with one degree of freedom is 1 after that: residuals of 10/3 times (1, -2, 1)
    assert loud.diffusion == pytest.approx((10 / 3) ** 2 * 6)


def test_speeds_that_do_not_change_give_no_melting_point():
    rng = np.random.default_rng(3)
    founds = [crossing(*runs(rng, TEMPERATURES, 2, slope=0.0)) for _ in range(40)]
    without = [f for f in founds if f.melting_point_K is None]
    assert len(without) > 34
    assert all("unbounded" in f.why_not or "slow motion" in f.why_not for f in without)


def test_fronts_that_are_faster_when_hotter_are_not_a_melting_point():
    t = np.linspace(200, 240, 6)
    found = crossing(t, 0.5 * (t - 219), np.full(6, 0.5), np.ones(6))
    assert found.melting_point_K is None
    assert "higher temperatures" in found.why_not


@pytest.mark.parametrize("shift", [-30.0, 30.0])
def test_a_zero_outside_of_the_range_is_not_told(shift):
    t = np.linspace(270, 280, 6) + shift
    found = crossing(t, SLOPE * (t - TRUTH) + np.array([1, -1, 1, -1, 1, -1]), np.full(6, 1.0), np.ones(6))
    assert found.melting_point_K is None
    assert "not zero within the temperatures" in found.why_not


def wilson_frenkel(temperature, melting=700.0, slope=0.4, activation=0.5, heat=0.05, k=8.617333e-5):
    """Speed of a front, activated and driven: the laws, not what is fitted; greatest some 70 K below melting."""
    x = 1 / temperature - 1 / melting
    return slope * k * melting**2 / heat * np.exp(-activation / k * x) * (1 - np.exp(-heat / k * x))


def activated(rng, ends, diffusion, **law):
    """Five replicas at five temperatures, followed for at most 2 ns or 14 Å."""
    t = np.repeat(np.linspace(*ends, 5), 5)
    v = wilson_frenkel(t, **law)
    time = np.minimum(2.0, 14 / np.maximum(abs(v), 1e-9))
    error = np.sqrt(diffusion / time)
    return t, v + rng.normal(0, error), error, time


@pytest.mark.parametrize("diffusion", [4.0, 30.0])
@pytest.mark.parametrize("ends", [(500, 740), (580, 740), (560, 720), (620, 740)])
def test_a_wide_range_does_not_shift_the_melting_point(ends, diffusion):
    rng = np.random.default_rng(5)
    for law in ({}, {"activation": 0.9}):
        inside, half = [], []
        for _ in range(60):
            t, v, e, time = activated(rng, ends, diffusion, **law)
            kept = np.isin(t, near_zero(t, v, time))
            found = crossing(t[kept], v[kept], e[kept], time[kept])
            if found.melting_point_K is None or None in found.interval_K:
                continue
            low, high = found.interval_K
            middle = found.melting_point_K
            inside.append(low <= 700 <= high)
            half.append((low + middle) / 2 <= 700 <= (high + middle) / 2)
        assert len(inside) > 54
        assert np.mean(inside) >= 0.88
        assert np.mean(half) < 0.88


def test_what_counts_is_near_the_zero_with_two_temperatures_on_each_side():
    t = np.array([500.0, 560, 620, 680, 690, 740, 800, 900])
    v = np.array([3.0, 6, 7, 2, 1, -5, -20, -60])
    assert near_zero(t, v, np.ones(8)).tolist() == [680, 690, 740, 800]
    # one that has the other sign by chance is no zero
    assert near_zero(t, np.array([-0.1, 6, 7, 2, 1, -5, -20, -60]), np.ones(8)).tolist() == [680, 690, 740, 800]
    assert near_zero(t[:3], v[:3], np.ones(3)).tolist() == [500, 560, 620]


def test_a_curve_that_misses_the_means_gives_no_melting_point():
    """Fronts that stand still below and run away above are no smooth curve."""
    rng = np.random.default_rng(7)
    t = np.repeat(np.linspace(660, 740, 5), 5)
    v = np.where(t < 690, 2.0, np.where(t < 705, 1.0, -20.0)) + rng.normal(0, 0.5, 25)
    found = crossing(t, v, np.full(25, 0.5), np.ones(25))
    assert found.melting_point_K is None
    assert "no smooth curve" in found.why_not
    smooth = crossing(t, 0.4 * (700 - t) + rng.normal(0, 0.5, 25), np.full(25, 0.5), np.ones(25))
    assert smooth.melting_point_K == pytest.approx(700, abs=2)


def test_single_speeds_weighted_equally_would_be_wrong_where_walks_end_early():
    """Why runs are weighted by their time: walks that end at a wall have speeds that are too large in the mean."""
    rng = np.random.default_rng(6)
    t, v, _, time = runs(rng, [272.6], 4000, half=6.0)
    truth = SLOPE * (272.6 - TRUTH)
    assert time @ v / time.sum() == pytest.approx(truth, abs=0.6)
    assert v.mean() > 1.3 * truth
