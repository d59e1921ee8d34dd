"""Fronts of slabs that are where they were put, and move as they were told."""

import numpy as np
import pytest

from zeocryst.cell import box_to_cell
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, repeat_network
from zeocryst.order.fronts import follow_fronts, front_speeds
from zeocryst.order.slab import along, locate, slab_normal

X = np.array([1, 0, 0])

# ---- shape ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [[0, 1, 2], [2, 0, 1]])
def test_a_slab_is_told_from_what_is_none(turn):
    cell, sites = start_structure("SOD")
    network = repeat_network(bonds_from_sites(sites, cell), (2, 3, 4))
    positions, matrix = network.positions[:, turn], network.cell[:, turn]
    network = bonds_from_sites(positions, matrix)
    fractional = network.positions @ np.linalg.inv(matrix) % 1.0
    slab = (fractional[:, 0] > 0.2) & (fractional[:, 0] < 0.7)
    grain = np.where(slab, 0, -1)
    assert slab_normal(network, grain).tolist() == [1, 0, 0]
    _, period = along(network.positions, matrix, X)
    assert period == pytest.approx(np.linalg.norm(matrix[0]))
    assert slab_normal(network, np.zeros(network.n_sites, int)) is None  # everywhere
    rod = slab & (fractional[:, 1] > 0.2) & (fractional[:, 1] < 0.7)
    assert slab_normal(network, np.where(rod, 0, -1)) is None
    ball = rod & (fractional[:, 2] > 0.2) & (fractional[:, 2] < 0.7)
    assert slab_normal(network, np.where(ball, 0, -1)) is None
    assert slab_normal(network, np.full(network.n_sites, -1)) is None


def test_the_normal_of_a_slab_in_a_sheared_cell(sod):
    cell = box_to_cell(sod.configuration.box)
    points = np.asarray(sod.particles.position, dtype=float)[np.asarray(sod.particles.typeid) == 0]
    sheared = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1]]) @ cell
    z = (points @ np.linalg.inv(cell))[:, 2] % 1.0
    network = bonds_from_sites(points, sheared)
    normal = slab_normal(network, np.where(z < 0.6, 0, -1))
    phase, period = along(points, sheared, normal)
    assert period == pytest.approx(cell[2, 2])
    assert abs((phase - z + 0.5) % 1.0 - 0.5) == pytest.approx(0, abs=1e-9)


# ---- places ---------------------------------------------------------------------------------------


def profile(x, low, high, width, period):
    """Crystalline share of a slab in a periodic box, from the profile's definition."""
    images = period * np.arange(-2, 3)[:, None]
    return ((np.tanh((x - low + images) / width) - np.tanh((x - high + images) / width)) / 2).sum(axis=0)


@pytest.mark.parametrize("low", [3.0, 30.0])  # inside the box, and around its face
@pytest.mark.parametrize("thick", [12.0, 28.0])
def test_fronts_are_found_where_they_are(low, thick):
    """Counting alone would move the fronts of a slab whose sites are labelled wrongly now and then."""
    period, errors = 41.0, []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.random(700) * period
        solid = rng.random(700) < profile(x, low, low + thick, 2.5, period)
        solid &= rng.random(700) < 0.85
        found = locate(x / period, solid, period)
        error = np.array([found.low * period - low, found.high * period - low - thick])
        errors.append((error + period / 2) % period - period / 2)
    # a front of width w has about w sites at random per Å of box among 17 sites per Å
    assert np.std(errors) < 1.0
    assert abs(np.mean(errors, axis=0)).max() < 0.5


def test_no_slab_has_no_fronts():
    rng = np.random.default_rng(1)
    phase = rng.random(600)
    assert locate(phase, np.zeros(600, bool), 40.0) is None
    assert locate(phase, np.ones(600, bool), 40.0) is None
    assert locate(phase, rng.random(600) < 0.2, 40.0) is None  # here and there


# ---- speeds ---------------------------------------------------------------------------------------


class Growing:
    """A slab with known speeds (Å/ns) in a box whose edges breathe and whose beads drift.

    Fronts begin 10 Å below and above the middle of the slab and also wander at random, by 1 Å in 100 ps.
    """

    def __init__(self, seed, lower, upper, time, *, edge=60.0, wander=0.1, lost=()):
        rng = np.random.default_rng(seed)
        self.time, self.rng, self.lost = time, rng, lost
        self.cells = np.array([edge, 20.0, 21.0]) * (1 + 0.01 * rng.normal(size=(len(time), 3)))
        self.rest = rng.random((1100, 3))  # fractional
        kicks = rng.normal(size=(2, len(time) - 1)) * wander * np.sqrt(np.diff(time))
        walks = np.hstack([np.zeros((2, 1)), np.cumsum(kicks, axis=1)])
        self.low = -10 - lower * time / 1000 + walks[0]
        self.high = 10 + upper * time / 1000 + walks[1]
        self.label = rng.random((len(time), 1100))

    def __call__(self, k):
        cell = np.diag(self.cells[k])
        # the slab lies around the face of the box, and everything drifts by 5 Å
        x = (self.rest[:, 0] - 0.5) * self.cells[k, 0]
        share = profile(x, self.low[k], self.high[k], 2.0, self.cells[k, 0])
        grain = np.where(self.label[k] < 0.95 * share, 0, -1)
        if k in self.lost:
            grain[:] = -1
        moved = self.rest @ cell + self.rng.normal(scale=0.2, size=self.rest.shape)
        moved[:, 0] += 0.4 * self.cells[k, 0] + 5 * k / len(self.time)
        return moved, cell, grain


EVEN = np.arange(0, 300, 10.0)
UNEVEN = np.concatenate([np.arange(0, 100, 20.0), np.arange(100, 180, 4.0), np.arange(180, 300, 15.0)])


def measured(made):
    track = follow_fronts(range(len(made.time)), made, X)
    return track, front_speeds(made.time[track.frames], track)


@pytest.mark.parametrize("time", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_each_front_has_its_own_speed(time):
    z, values = [], []
    for seed in range(8):
        track, speeds = measured(Growing(seed, 15.0, 40.0, time))
        assert len(track.frames) == len(time)
        for found, truth in ((speeds.lower, 15), (speeds.upper, 40), (speeds.mean, 27.5)):
            z.append((found.slope - truth) / found.uncertainty)
            values.append(found.slope)
    z = np.array(z).reshape(8, 3)
    # of two independent speeds in eight runs 0.68 within one error, by chance 0.12 more or less
    assert (abs(z) < 1).mean() >= 0.4
    assert (abs(z) < 2).mean() >= 0.8
    assert z.std() > 0.4  # nor are the errors much too large
    # the walk alone makes 0.1 Å/sqrt(ps) / sqrt(300 ps) = 5.8 Å/ns, 2 Å/ns in the mean of eight
    assert np.mean(np.reshape(values, (8, 3)), axis=0) == pytest.approx([15, 40, 27.5], abs=6)


def test_fronts_that_stand_have_no_speed():
    z = []
    for seed in range(20, 26):
        speeds = measured(Growing(seed, 0, 0, EVEN))[1]
        z += [s.slope / s.uncertainty for s in (speeds.lower, speeds.upper)]
    assert (abs(np.array(z)) < 2).mean() >= 0.75
    assert abs(np.mean(z)) < 1


def test_a_slab_that_melts_has_negative_speeds_until_it_is_gone():
    track, speeds = measured(Growing(2, -30.0, -30.0, EVEN, wander=0.0))
    assert "melted" in track.end
    assert 15 < len(track.frames) < 24  # 20 Å go by 60 Å/ns; the last 8 of them do not count
    for found in (speeds.lower, speeds.upper, speeds.mean):
        assert found.slope == pytest.approx(-30, abs=6)


def test_the_end_is_where_the_fronts_meet():
    """40 Å of melt close by 160 Å/ns: after 200 ps 8 Å are left."""
    track, speeds = measured(Growing(3, 80.0, 80.0, EVEN, wander=0.0))
    assert "met" in track.end
    assert 17 <= len(track.frames) <= 22
    assert speeds.mean.slope == pytest.approx(80, abs=8)


def test_frames_that_are_labelled_wrongly_are_left_out():
    whole = measured(Growing(4, 30.0, 30.0, EVEN, wander=0.0))
    track, speeds = measured(Growing(4, 30.0, 30.0, EVEN, wander=0.0, lost=(5, 14)))
    assert (whole[0].left_out, track.left_out) == (0, 2)
    assert not {5, 14} & set(track.frames.tolist())
    assert speeds.mean.slope == pytest.approx(30, abs=5)


def test_too_few_frames_say_how_many():
    made = Growing(5, 30.0, 30.0, EVEN[:5])
    said = follow_fronts(range(5), made, X)
    assert "only 5 frames" in said
    assert "at least 6" in said
    lost = follow_fronts(range(30), Growing(5, 0, 0, EVEN, lost=range(1, 30)), X)
    assert "only 1 frame" in lost


def test_sites_that_change_their_numbers_are_noticed():
    made = Growing(6, 10.0, 10.0, EVEN)
    rng = np.random.default_rng(1)

    def shuffled(k):
        positions, cell, grain = made(k)
        order = rng.permutation(len(grain))
        return positions[order], cell, grain[order]

    assert isinstance(follow_fronts(range(30), shuffled, X), str)
