"""The drift of time courses whose drift is known, and whether the stated error is the true one."""

import numpy as np
import pytest

from zeocryst.order.drift import MOST_POINTS, drift

TRUTH = 0.03


def course(seed, *, walk, noise, memory=0.0, uneven=False, n=40):
    """Drift plus a random walk plus noise that forgets itself in the given time."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 400, n)
    if uneven:
        t = np.sort(np.concatenate([np.linspace(0, 400, n - n // 2), rng.uniform(100, 200, n // 2)]))
    steps = np.diff(t)
    x = TRUTH * t + np.concatenate([[0], np.cumsum(rng.normal(size=n - 1) * walk * np.sqrt(steps))])
    e = rng.normal(size=n)
    for k in range(1, n):
        kept = np.exp(-steps[k - 1] / memory) if memory else 0
        e[k] = kept * e[k - 1] + np.sqrt(1 - kept**2) * e[k]
    return t, x + noise * e


def scores(**of):
    found = [drift(*course(seed, **of)) for seed in range(60)]
    return np.array([(f.slope - TRUTH) / f.uncertainty for f in found])


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("walk", [0.1, 0.2])
def test_the_error_of_a_walk_is_the_true_one(walk, uneven):
    """Of 60 walks 68 % lie within one error and 95 % within two, as far as 60 tell (0.06 and 0.03)."""
    z = scores(walk=walk, noise=0.5, memory=5.0, uneven=uneven)
    assert 0.50 <= (abs(z) < 1).mean() <= 0.90
    assert (abs(z) < 2).mean() >= 0.86
    assert abs(z.mean()) < 0.5


def test_least_squares_would_be_far_too_sure_of_a_walk():
    z = []
    for seed in range(60):
        t, x = course(seed, walk=0.2, noise=0.2)
        (slope, _), covariance = np.polyfit(t, x, 1, cov=True)
        z.append((slope - TRUTH) / covariance[0, 0] ** 0.5)
    assert (abs(np.array(z)) < 1).mean() < 0.4


@pytest.mark.parametrize("memory", [0.0, 20.0])
def test_the_error_of_noise_is_not_too_small(memory):
    """Where there is no walk the error is too large, since one time course cannot exclude one; by threefold at most."""
    z = scores(walk=0.0, noise=1.0, memory=memory)
    assert (abs(z) < 1).mean() >= 0.8
    assert z.std() > 0.25


def test_units_and_places_change_nothing():
    t, x = course(3, walk=0.1, noise=0.5, uneven=True)
    base = drift(t, x)
    other = drift(1000 + 2 * t, 7 - 5 * x)
    assert other.slope == pytest.approx(-2.5 * base.slope)
    assert other.uncertainty == pytest.approx(2.5 * base.uncertainty)


def test_a_straight_line_has_no_error():
    t = np.sort(np.random.default_rng(1).uniform(0, 50, 30))
    found = drift(t, 4 + 0.7 * t)
    assert found.slope == pytest.approx(0.7)
    assert found.uncertainty < 1e-3
    assert drift(t, np.full(30, 2.0)).slope == pytest.approx(0)


def test_long_time_courses_are_averaged():
    t, x = course(5, walk=0.1, noise=0.5, n=3 * MOST_POINTS)
    found = drift(t, x)
    assert abs(found.slope - TRUTH) < 3 * found.uncertainty
    # a walk's drift is told by its ends: more frames do not help
    assert found.uncertainty == pytest.approx(0.1 / 400**0.5, rel=0.3)
