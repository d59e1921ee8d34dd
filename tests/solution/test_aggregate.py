"""What is cut out of a frame and put into one: counted, measured, and followed by an engine."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from zeocryst.beads import Beads
from zeocryst.cell import box_to_cell, make_frame, neighbour_pairs
from zeocryst.condition import Cut, Seed, System
from zeocryst.engines.protocol import SEED_MARK
from zeocryst.errors import SimulationError
from zeocryst.frameworks.table import start_structure
from zeocryst.model.forcefield import read_forcefield
from zeocryst.network.bonds import bonds_from_sites, network_of_frame
from zeocryst.network.clusters import find_clusters, part
from zeocryst.order.likeness import like, likeness, seed_fate
from zeocryst.solution.aggregate import ball, cut, plant
from zeocryst.solution.start import melt

MODEL = read_forcefield("ts")


def ring(n, at, bond=3.2):
    turn = 2 * np.pi * np.arange(n) / n
    radius = bond / 2 / np.sin(np.pi / n)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), 0 * turn]) + at


def solution(shift=(0, 0, 0), side=60.0):
    """A six-ring with an S over it, a four-ring and two T far from it, anywhere in a periodic box."""
    t = np.vstack([ring(6, [0, 0, 0]), ring(4, [25, 0, 0]), [[0, 25, 0], [0, 0, 27]]])
    s = np.array([[0, 0, 5.0], [0, 25, 5.0]])
    points = np.vstack([t, s]) + shift
    kinds = [MODEL.types.index("T")] * len(t) + [MODEL.types.index("S")] * len(s)
    frame = make_frame(points, np.eye(3) * side, kinds, MODEL.types, MODEL.masses)
    frame.particles.velocity = np.arange(3 * len(points), dtype=float).reshape(-1, 3)
    frame.particles.body = np.arange(len(points), dtype=np.int32)
    return frame


def distances(frame):
    """All distances in a frame that is smaller than half its box, sorted."""
    x = np.asarray(frame.particles.position, dtype=float)
    return np.sort(np.linalg.norm(x[:, None] - x, axis=2)[np.triu_indices(len(x), 1)])


@pytest.mark.parametrize("shift", [(0, 0, 0), (30, 30, 30), (29, -1, 14)])
@pytest.mark.parametrize("box", ["vacuum", "packed"])
def test_the_largest_cluster_with_what_is_near_it(shift, box):
    frame = solution(shift)
    new, words = cut(frame, Cut(6.0, None, box), MODEL)
    # the six-ring (circumradius 3.2 Å) and the S 5 Å over its middle, 5.94 Å from its T
    assert new.particles.N == 7
    assert list(new.particles.body) == [0, 1, 2, 3, 4, 5, 12]
    assert new.particles.velocity == pytest.approx(np.asarray(frame.particles.velocity)[[0, 1, 2, 3, 4, 5, 12]])
    # sides and diagonals of the hexagon, and the S over it
    expected = [*[3.2] * 6, *[3.2 * 3**0.5] * 6, *[np.hypot(3.2, 5.0)] * 6, *[6.4] * 3]
    assert distances(new) == pytest.approx(sorted(expected), abs=1e-4)
    cell = box_to_cell(new.configuration.box)
    near = neighbour_pairs(new.particles.position, cell, 30.0)[3]
    if box == "vacuum":
        assert cell[0, 0] == pytest.approx(6.4 + 40, abs=1e-4)
        assert len(near) == 21  # no image is seen
    else:
        assert np.diag(cell) == pytest.approx([6.4 + 2, np.sqrt(3) * 3.2 + 2, 7.0], abs=1e-4)
        assert near.min() > 1.9
    assert "6 of 12 T" in words
    assert "7 beads are left behind" in words


def test_without_a_margin_only_the_cluster():
    new, _ = cut(solution(), Cut(0.0), MODEL)
    assert new.particles.N == 6


def test_a_cluster_round_the_box_is_refused_and_a_ball_is_not():
    cell, sites = start_structure("SOD")
    shifts = np.array(list(np.ndindex(4, 4, 4))) @ cell
    points = (sites + shifts[:, None]).reshape(-1, 3)
    frame = make_frame(points, cell * 4, [0] * len(points), MODEL.types, MODEL.masses)
    with pytest.raises(SimulationError, match="goes round the periodic box"):
        cut(frame, Cut(), MODEL)
    ball, _ = cut(frame, Cut(radius_A=14.0), MODEL)
    expected = len(sites) / abs(np.linalg.det(cell)) * 4 / 3 * np.pi * 14**3
    assert ball.particles.N == pytest.approx(expected, rel=0.1)
    x = np.asarray(ball.particles.position)
    assert np.ptp(x, axis=0).max() <= 28.0
    with pytest.raises(SimulationError, match="wider than the box"):
        cut(frame, Cut(radius_A=30.0), MODEL)


def test_a_seed_takes_the_place_of_as_many_beads():
    rng = np.random.default_rng(4)
    frame = melt(System("melt", n_T=900, n_S=60, density_T_per_1000A3=16), MODEL, rng)
    new, words = plant(frame, Seed("SGT", 15.0), MODEL, rng)
    for kind in ("T", "S"):
        assert sum(new.particles.typeid == MODEL.types.index(kind)) == (900 if kind == "T" else 60)
    mark = new.log[SEED_MARK] > 0
    assert (np.diff(mark.astype(int)) >= 0).all()  # the seed's beads are the last
    seed = np.asarray(new.particles.typeid)[mark] == MODEL.types.index("T")
    # SGT has 64 T in 3660 Å^3
    cell, sites = start_structure("SGT")
    expected = len(sites) / abs(np.linalg.det(cell)) * 4 / 3 * np.pi * 15**3
    assert seed.sum() == pytest.approx(expected, rel=0.12)
    assert f"{seed.sum()} T" in words
    # by itself it is a piece of SGT: T well inside have SGT's surroundings, and not MFI's
    network, beads = network_of_frame(new)
    alone = bonds_from_sites(network.positions[mark[beads]], network.cell * 3)
    assert like(alone, "SGT").sum() >= 20
    assert not like(alone, "MFI")[like(alone, "SGT")].all()


@pytest.mark.parametrize("model", ["one", "two"])
def test_seed_and_ball_of_a_melt_without_s(model):
    """Of a model of one kind of beads, and of one of two whose melt has one of them: the seed is T alone."""
    forcefield = MODEL
    if model == "one":
        alone = {name: value for name, value in MODEL.masses.items() if name == "T"}
        forcefield = replace(
            MODEL,
            masses=alone,
            pairs={key: pair for key, pair in MODEL.pairs.items() if set(key) == {"T"}},
            triplets={key: triplet for key, triplet in MODEL.triplets.items() if set(key) == {"T"}},
        )
    frame = melt(System("melt", n_T=900, density_T_per_1000A3=16), forcefield, np.random.default_rng(4))
    new, words = plant(frame, Seed("SOD", 15.0), forcefield, np.random.default_rng(5))
    mark = new.log[SEED_MARK] > 0
    assert new.particles.N == 900
    cell, sites = start_structure("SOD")
    assert mark.sum() == pytest.approx(len(sites) / abs(np.linalg.det(cell)) * 4 / 3 * np.pi * 15**3, rel=0.12)
    assert words.startswith(f"a seed of SOD, {mark.sum()} T within 15 Å")
    network, beads = network_of_frame(new)
    assert like(bonds_from_sites(network.positions[mark[beads]], network.cell), "SOD").sum() >= 20
    ball, words = cut(new, Cut(radius_A=10.0), forcefield)
    assert set(ball.particles.typeid) == {0}
    assert 0 < ball.particles.N < 900


def test_a_seed_at_random_stands_anywhere_in_any_turn():
    frame = melt(System("melt", n_T=900, n_S=60, density_T_per_1000A3=16), MODEL, np.random.default_rng(4))
    cell = Beads.of(frame).cell

    def seed_of(how, draw):
        new, _ = plant(frame, how, MODEL, np.random.default_rng(draw))
        x = np.asarray(new.particles.position, dtype=float)[new.log[SEED_MARK] > 0]
        delta = (x - x[midst]) @ np.linalg.inv(cell)
        return x[midst], (delta - np.round(delta)) @ cell

    plain = Seed("SGT", 12.0)
    midst = np.argmin(np.linalg.norm(ball(plain, MODEL, with_S=True)[0], axis=1))  # an S: half of the box away
    fixed = [seed_of(plain, draw) for draw in (1, 2)]
    assert_allclose(fixed[0][0], fixed[1][0])
    drawn = [seed_of(replace(plain, at_random=True), draw) for draw in range(40)]
    again = seed_of(replace(plain, at_random=True), 0)
    assert_allclose(again[1], drawn[0][1])
    apart = pdist(fixed[0][1])
    for _, shape in drawn:  # the same piece of crystal, turned and not mirrored
        assert_allclose(pdist(shape), apart, atol=1e-3)
    turns = [Rotation.align_vectors(shape, fixed[0][1]) for _, shape in drawn]
    assert max(misfit for _, misfit in turns) < 0.01
    # turns without any preference: the angle has density (1 - cos)/pi, mean pi/2 + 2/pi (Miles 1965)
    angles = [turn.magnitude() for turn, _ in turns]
    assert np.mean(angles) == pytest.approx(np.pi / 2 + 2 / np.pi, abs=4 * np.std(angles) / 40**0.5)
    # and all over the box: no eighth of it is left out
    middles = np.array([place for place, _ in drawn]) @ np.linalg.inv(cell) % 1
    assert len({tuple((middle > 0.5).tolist()) for middle in middles}) == 8


def test_a_seed_larger_than_the_frame_is_refused():
    frame = melt(System("melt", n_T=60, n_S=4, density_T_per_1000A3=16), MODEL, np.random.default_rng(1))
    with pytest.raises(SimulationError, match="choose a smaller radius"):
        plant(frame, Seed("SGT", 12.0), MODEL, np.random.default_rng(1))


def test_likeness_of_a_crystal_and_of_nothing():
    cell, sites = start_structure("SGT")
    crystal = bonds_from_sites(sites, cell)
    assert likeness(crystal, "SGT").values["SGT_like_share"] == 1.0
    assert likeness(crystal, "SOD").values["SOD_like_share"] == 0.0
    points = bonds_from_sites([[0, 0, 0], [10, 0, 0]], np.eye(3) * 30)
    assert likeness(points, "SGT").values["SGT_like_share"] == 0.0


def test_what_becomes_of_a_seed():
    cell, sites = start_structure("SGT")
    shifts = np.array(list(np.ndindex(4, 3, 1)))[:, None] @ cell
    whole = bonds_from_sites((sites + shifts).reshape(-1, 3), cell * [[4], [3], [1]])
    nothing = bonds_from_sites(np.random.default_rng(2).random((768, 3)) @ whole.cell, whole.cell)
    own = np.arange(768) < 384
    assert seed_fate("SGT", whole, own, whole, own)["fate"] == "lives"
    assert seed_fate("SGT", whole, own, nothing, own)["fate"] == "melted"
    half = part(whole, own)
    grown = seed_fate("SGT", half, np.ones(384, bool), whole, own)
    assert grown["fate"] == "grew"
    assert grown["n_T"] == 384
    assert grown["like_T"]["end"] == 768
    few = np.arange(768) < 3
    assert seed_fate("SGT", whole, few, whole, few)["fate"] == "unclear"


def test_a_part_of_a_network_is_what_its_sites_give():
    frame = solution()
    network, _ = network_of_frame(frame)
    keep = find_clusters(network).label == 0
    alone = part(network, keep)
    assert alone.n_sites == 6
    assert (alone.degree == 2).all()
    assert alone.vectors == pytest.approx(bonds_from_sites(alone.positions, alone.cell).vectors, abs=1e-6)
