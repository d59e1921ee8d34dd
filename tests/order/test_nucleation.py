"""The event: time, induction, growth and Avrami exponent of time courses whose truth is known."""

import numpy as np
import pytest

from zeocryst.order.avrami import avrami_exponent
from zeocryst.order.growth import growth_rate, rise_frames
from zeocryst.order.nucleation import find_transition, in_ps, waiting_time

T = np.linspace(0, 1000, 80)
#: Frames that are dense around the event, as an adaptive run writes them.
DENSE = np.concatenate([np.arange(0, 450, 30.0), np.arange(450, 800, 7.0), np.arange(800, 1001, 25.0)])


def logistic(middle=620, width=60, t=T):
    return 0.45 + 0.5 / (1 + np.exp(-(t - middle) / width))


def noise(seed, scale, memory=0.0, t=T):
    """Gaussian noise that forgets itself in the given time, ps."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=len(t))
    for k in range(1, len(x)):
        kept = np.exp(-(t[k] - t[k - 1]) / memory) if memory else 0.0
        x[k] = kept * x[k - 1] + (1 - kept**2) ** 0.5 * x[k]
    return scale * x


@pytest.mark.parametrize("memory", [0.0, 25.0])
@pytest.mark.parametrize("t", [T, DENSE], ids=["even", "dense"])
def test_a_known_rise_is_found_within_its_uncertainty(memory, t):
    """Of 24 rises the stated uncertainty covers about the share of a normal distribution, 68 and 95 %."""
    scores, begins = [], []
    for seed in range(24):
        found = find_transition(t, logistic(t=t) + noise(seed, 0.03, memory, t), seed)
        assert found.found
        scores.append((found.time_ps - 620) / found.uncertainty_ps)
        begins.append((found.induction_time_ps - 500) / found.induction_uncertainty_ps)
    for z in (np.array(scores), np.array(begins)):
        # binomial: 24 trials at 0.68 have a standard deviation of 0.095
        assert 0.42 <= (abs(z) < 1).mean() <= 0.93
        assert (abs(z) < 2).mean() >= 0.85
        assert abs(z.mean()) < 0.8


@pytest.mark.parametrize("share", [np.full(50, 0.02), np.linspace(0.5, 0.1, 50), np.array([]), np.ones(3)])
def test_no_transition_says_so(share):
    found = find_transition(np.arange(len(share)) * 10.0, share)
    assert not found.found
    assert found.time_ps is None
    assert "No transition" in found.sentence


@pytest.mark.parametrize("t", [np.full(80, np.nan), T[::-1], np.zeros(80)])
def test_frames_without_times_say_so(t):
    found = find_transition(t, logistic())
    assert not found.found
    assert "no times, or not rising ones" in found.sentence


def test_its_error_is_said_to_be_that_of_one_trajectory():
    assert "error of the fit to one trajectory" in find_transition(T, logistic() + noise(1, 0.01)).sentence


def test_a_rise_between_two_frames_is_not_known_better_than_these():
    t = np.arange(0, 400, 20.0)
    found = find_transition(t, np.where(t < 210, 0.05, 0.95) + noise(2, 0.01, t=t))
    assert 200 <= found.time_ps <= 220
    assert found.uncertainty_ps >= 20 / 12**0.5


def test_a_rise_that_begins_at_once_has_no_induction_time():
    found = find_transition(T, 0.9 - 0.5 * np.exp(-T / 150) + noise(1, 0.01))
    assert found.found
    assert found.induction_time_ps == 0


# ---- Avrami ---------------------------------------------------------------------------------------


def law(exponent, onset=0.0, half=280.0):
    x = np.clip(T - onset, 0, None) / (half - onset)
    return 1 - np.exp(-np.log(2) * x**exponent)


@pytest.mark.parametrize("exponent", [1, 2, 3, 4])
@pytest.mark.parametrize("onset", [0.0, 150.0])
def test_exponent_of_the_law_itself(exponent, onset):
    assert avrami_exponent(T, law(exponent, onset)).exponent == pytest.approx(exponent, abs=0.05)
    scores, found = [], []
    for seed in range(6):
        fit = avrami_exponent(T, 0.02 + 0.93 * law(exponent, onset) + noise(seed, 0.01), seed)
        found.append(fit.exponent)
        scores.append((fit.exponent - exponent) / fit.uncertainty)
    assert np.mean(found) == pytest.approx(exponent, rel=0.15)
    assert (np.abs(scores) < 3.5).all()


def transformed(seed, dimensions, *, at_once):
    """Share of a periodic box that is transformed, by nuclei at random places whose radius grows by 1 a unit of time.

    The time at which a point is transformed is the least over the nuclei of birth plus distance; nuclei that fall
    into what is transformed already change nothing (Avrami's phantoms).
    """
    rng = np.random.default_rng(seed)
    points = rng.random((3000, dimensions))
    nuclei = rng.random((400, dimensions))
    apart = abs(points[:, None] - nuclei[None])
    distance = np.sqrt((np.minimum(apart, 1 - apart) ** 2).sum(axis=2))
    typical = (1 / 400) ** (1 / dimensions) if at_once else 0.08 * (1 if dimensions == 2 else 2)
    birth = np.zeros(400) if at_once else rng.random(400) * 5 * typical
    when = (birth + distance).min(axis=1)
    t = np.linspace(0, np.percentile(when, 99.9) * 1.2, 80)
    return t * 1000, (when[None] <= t[:, None]).mean(axis=1)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("at_once", [True, False])
def test_exponent_of_simulated_nucleation_and_growth(dimensions, at_once):
    """n = d where all nuclei are there from the beginning, d + 1 where they come at a constant rate."""
    expected = dimensions if at_once else dimensions + 1
    found = [avrami_exponent(*transformed(seed, dimensions, at_once=at_once), seed) for seed in range(5)]
    mean = np.mean([f.exponent for f in found])
    assert mean == pytest.approx(expected, abs=0.3)


# ---- growth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [T, DENSE], ids=["even", "dense"])
def test_growth_rate_of_a_known_slope(t):
    sizes = np.clip(100 + 0.8 * (t - 200), 100, 500)  # 800 sites per ns between 200 and 700 ps
    scores = []
    for seed in range(8):
        n = sizes + noise(seed, 8, 15.0, t)
        found = growth_rate(t, n, rise_frames(t, n))
        assert found.slope == pytest.approx(800, rel=0.12)
        scores.append((found.slope - 800) / found.uncertainty)
    assert (np.abs(scores) < 3).all()


def test_growth_rate_is_not_defined_without_growth():
    assert "does not grow" in rise_frames(T, np.full(len(T), 30.0))
    assert "there are 3 frames" in rise_frames(T[:3], [1, 2, 3])
    t = np.arange(0, 1000, 50.0)
    said = rise_frames(t, 500 / (1 + np.exp(-(t - 500) / 30)))  # 2 ln 9 widths: 132 ps
    assert said.startswith(("only 2 frames", "only 3 frames"))
    assert "nearer in time" in said


# ---- waiting --------------------------------------------------------------------------------------


def test_waiting_is_over_with_the_last_small_frame_before_the_event():
    """A nucleus that dissolves again does not count, nor does a label that fails after the event."""
    t = 100 + np.arange(0, 200, 10.0)
    size = np.array([0, 20, 70, 10, 0, 30, 65, 90, 140, 180, 190, 0, 190, 192, 192, 192, 192, 192, 192, 192])
    assert waiting_time(t, size, 60, until_ps=185) == (50, 10)
    assert waiting_time(t, size, 60, until_ps=np.inf) == (110, 10)
    assert "no grain of 200 T is seen" in waiting_time(t, size, 200, np.inf)
    assert "from the beginning" in waiting_time(t[12:], size[12:], 60, np.inf)
    assert "stays" in waiting_time(t[:6], size[:6], 60, np.inf)


@pytest.mark.parametrize(("error", "printed"), [(0.46, "0.5"), (0.04, "0.04"), (1.4, "1"), (23.4, "23")])
def test_an_error_is_never_printed_as_none(error, printed):
    assert in_ps(error) == printed
