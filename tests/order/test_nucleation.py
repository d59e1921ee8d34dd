"""The event: time, induction, growth and Avrami exponent of time courses whose truth is known."""

import numpy as np
import pytest

from zeocryst.cell import box_to_cell
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, repeat_network
from zeocryst.order.avrami import avrami_exponent
from zeocryst.order.growth import growth_rate, planar_front
from zeocryst.order.kinetics import KEYS, kinetics
from zeocryst.order.nucleation import find_transition

T = np.linspace(0, 1000, 80)


def logistic(middle=620, width=60):
    return 0.45 + 0.5 / (1 + np.exp(-(T - middle) / width))


def noise(seed, scale, correlation=0.0):
    """Gaussian noise whose neighbours in time have the given correlation."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=len(T))
    for k in range(1, len(x)):
        x[k] = correlation * x[k - 1] + (1 - correlation**2) ** 0.5 * x[k]
    return scale * x


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_a_known_rise_is_found_within_its_uncertainty(correlation):
    """Of 24 rises the stated uncertainty covers about the share of a normal distribution, 68 and 95 %."""
    scores, begins = [], []
    for seed in range(24):
        found = find_transition(T, logistic() + noise(seed, 0.03, correlation), seed)
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
    record = kinetics(np.arange(len(share)) * 10.0, share, 100 * share, None)
    assert set(record) == set(KEYS)
    assert "No transition" in record["sentence"]
    assert not any(v for k, v in record.items() if k != "sentence")


def test_frames_without_times_say_so():
    found = find_transition(np.full(80, np.nan), logistic())
    assert not found.found
    assert "no times" in found.sentence


def test_a_rise_that_begins_at_once_has_no_induction_time():
    found = find_transition(T, 0.9 - 0.5 * np.exp(-T / 150) + noise(1, 0.01))
    assert found.found
    assert found.induction_time_ps == 0
    assert "at once" in found.sentence


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


def test_growth_rate_of_a_known_slope():
    sizes = np.clip(100 + 0.8 * (T - 200), 100, 500)  # 800 sites per ns between 200 and 700 ps
    scores = []
    for seed in range(12):
        found = growth_rate(T, sizes + noise(seed, 8, 0.3))
        assert found.sites_per_ns == pytest.approx(800, rel=0.12)
        scores.append((found.sites_per_ns - 800) / found.uncertainty)
    assert (np.abs(scores) < 5).all()
    assert 0.4 < np.std(scores) < 2.5


def test_growth_rate_is_not_defined_without_growth():
    assert growth_rate(T, np.full(len(T), 30.0)) is None
    assert growth_rate(T[:3], [1, 2, 3]) is None
    assert growth_rate(np.full(len(T), np.nan), T) is None


@pytest.mark.parametrize("turn", [[0, 1, 2], [2, 0, 1]])
def test_the_front_of_a_slab_and_of_no_slab(turn):
    """A slab of SOD normal to one axis: the sites of a layer of 2 x 1 Å, whichever axis it is."""
    cell, sites = start_structure("SOD")
    network = repeat_network(bonds_from_sites(sites, cell), (2, 3, 4))
    positions, matrix = network.positions[:, turn], network.cell[:, turn]
    network = bonds_from_sites(positions, matrix)
    along = (network.positions @ np.linalg.inv(matrix))[:, 0] % 1.0
    grain = np.where((along > 0.2) & (along < 0.7), 0, -1)
    edges = np.linalg.norm(matrix, axis=1)
    expected = 2 * edges[1] * edges[2] * network.n_sites / edges.prod()
    assert planar_front(network, grain) == pytest.approx(expected)
    assert planar_front(network, np.zeros(network.n_sites, int)) is None  # everywhere
    other = (network.positions @ np.linalg.inv(matrix))[:, 1] % 1.0
    rod = np.where((grain == 0) & (other > 0.2) & (other < 0.7), 0, -1)
    assert planar_front(network, rod) is None
    assert planar_front(network, np.full(network.n_sites, -1)) is None


def test_the_front_of_a_slab_in_a_sheared_cell(sod):
    cell = box_to_cell(sod.configuration.box)
    points = np.asarray(sod.particles.position, dtype=float)[np.asarray(sod.particles.typeid) == 0]
    sheared = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1]]) @ cell
    network = bonds_from_sites(points, sheared)
    z = (points @ np.linalg.inv(cell))[:, 2] % 1.0
    grain = np.where(z < 0.6, 0, -1)
    area = cell[0, 0] * cell[1, 1]
    density = network.n_sites / abs(np.linalg.det(cell))
    assert planar_front(network, grain) == pytest.approx(2 * area * density)


def test_the_whole_story(sgt):
    """A perfect crystal stands for every frame: it has no planar front, and everything else is there."""
    from zeocryst.network.bonds import network_of_frame

    network, _ = network_of_frame(sgt)
    share = logistic() + noise(3, 0.01)
    record = kinetics(T, share, 576 * share, lambda k: network)
    assert record["found"] is True
    assert record["time_ps"] == pytest.approx(620, abs=10)
    assert record["induction_time_ps"] == pytest.approx(500, abs=20)
    # the mean slope from a tenth to nine tenths of a logistic: 0.8 rise in 2 ln 9 widths
    slope = 0.8 * 0.5 * 576 / (2 * np.log(9) * 60) * 1000
    assert record["growth_rate_sites_per_ns"] == pytest.approx(slope, rel=0.15)
    assert record["front_speed_A_per_ns"] is None
    assert record["avrami_exponent"] > 2
    for word in ("Half way", "T/ns", "Avrami"):
        assert word in record["sentence"]
