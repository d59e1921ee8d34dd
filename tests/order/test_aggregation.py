"""What is measured of clusters: averages by hand, S that belong to them, fractal dimensions of known bodies."""

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, make_frame
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import AGGREGATION, DEFAULT, measure
from zeocryst.order.aggregation import fractal_dimension, fractal_of_frames, no_dimension, no_fractal
from zeocryst.order.ordering import find_ordering

BOND = 3.1
MASSES = {"T": 28.0, "S": 28.0}


def frame_of(t, s, cell):
    kinds = np.repeat([0, 1], [len(t), len(s)])
    return make_frame(
        np.vstack([t, np.reshape(s, (-1, 3))]), np.asarray(cell, float), kinds, ["T", "S"], MASSES
    )


def clusters(t, s, cell, only=("clusters",)):
    frame = frame_of(t, s, cell)
    return measure(network_of_frame(frame)[0], only, frame)


def rod(n, place=(0, 0, 0)):
    return np.arange(n)[:, None] * [BOND, 0, 0] + np.asarray(place, float)


def test_averages_and_distribution_by_hand():
    """Two monomers, a dimer, a chain of four: (1 + 1 + 2 + 4) / 4 and (1 + 1 + 4 + 16) / 8."""
    t = np.vstack([rod(1), rod(2, (0, 20, 0)), rod(4, (0, 0, 20)), rod(1, (20, 20, 20))])
    found = clusters(t, np.empty((0, 3)), np.eye(3) * 40)
    assert found.values["clusters"] == 4
    assert found.values["mean_cluster_T"] == 2
    assert found.values["weight_mean_cluster_T"] == 2.75
    assert found.values["largest_cluster_T"] == 4
    assert found.values["largest_cluster_rg_A"] == pytest.approx(BOND * (15 / 12) ** 0.5, abs=1e-5)
    assert found.values["mean_coordination"] == 1  # two bonds' ends and six, of eight T
    assert found.values["largest_cluster_mean_coordination"] == 1.5
    assert np.isnan(found.values["fractal_dimension"])
    assert np.isnan(found.values["S_in_clusters_share"])
    assert found.sites["cluster"].tolist() == [2, 1, 1, 0, 0, 0, 0, 3]
    table = found.distributions["cluster_sizes"]
    assert table["size_T"].tolist() == [1, 2, 4]
    assert table["clusters"].tolist() == [2, 1, 1]
    assert table["percolating"].tolist() == [0, 0, 0]
    assert table["rg_A"] == pytest.approx([0, BOND / 2, BOND * (15 / 12) ** 0.5], abs=1e-5)


def test_what_percolates_is_counted_and_has_no_radius():
    found = clusters(rod(10), np.empty((0, 3)), np.diag([10 * BOND, 30, 30]))
    assert found.values["percolating_clusters"] == 1
    assert np.isnan(found.values["largest_cluster_rg_A"])
    table = found.distributions["cluster_sizes"]
    assert (table["percolating"].tolist(), np.isnan(table["rg_A"]).tolist()) == ([1], [True])


@pytest.mark.parametrize("shift", [(0, 0, 0), (17.0, -5, 3), (29.0, 11, 38)])
def test_an_s_belongs_to_the_cluster_of_its_nearest_t(shift):
    """One 5 Å beside the chain, one 7.4 Å, one 7.6 Å; one beside a dimer; one beside a monomer; one far from all."""
    cell = np.array([[40.0, 0, 0], [7, 41, 0], [-5, 6, 42]])
    t = np.vstack([rod(4), rod(2, (0, 20, 0)), rod(1, (20, 20, 20))])
    s = np.array([[0, -5, 0], [3.1, 0, 7.4], [6.2, 0, -7.6], [0, 26, 0], [20, 20, 14.0], [28, 8, 10]])
    found = clusters(t + shift, s + np.asarray(shift), cell).values
    assert found["largest_cluster_S"] == 2
    assert found["largest_cluster_S_per_T"] == 0.5
    assert found["S_in_clusters_share"] == 0.5


def test_cells_smaller_than_the_first_shell():
    """The S is 6 Å from the chain through the face of a cell that is 9 Å wide."""
    found = clusters(rod(3, (1, 1, 1)), [[1, 4, 4.0]], np.diag([30.0, 9, 9])).values
    assert found["largest_cluster_S"] == 1


def random_walk(n, rng):
    steps = rng.normal(size=(n, 3))
    return np.cumsum(BOND * steps / np.linalg.norm(steps, axis=1)[:, None], axis=0)


def gyration(points):
    return np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())


def test_rods_have_dimension_one():
    """Twelve rods of 10 to 109 T, each along its own way through a large box, measured as a frame is."""
    lengths = range(10, 110, 9)
    t = np.vstack([rod(n, (3, 10 * k + 5, 7)) for k, n in enumerate(lengths)])
    found = clusters(t, np.empty((0, 3)), np.diag([360.0, 130, 20]))
    assert found.values["clusters"] == 12
    # (n^2 - 1)/12 is a power law of 1 but for the 1: the ends of the line differ by half a percent
    assert found.values["fractal_dimension"] == pytest.approx(1, abs=0.005)
    assert found.values["fractal_dimension_error"] < 0.005


@pytest.mark.parametrize("seed", range(3))
def test_balls_have_dimension_three(seed):
    """Balls cut out of a cubic lattice about random points, 30 to 5000 T."""
    rng = np.random.default_rng(seed)
    lattice = np.array(list(np.ndindex(25, 25, 25))) - 12.0
    balls = []
    for radius in rng.uniform(2, 10, 30):
        balls.append(lattice[np.linalg.norm(lattice - rng.random(3), axis=1) < radius] * BOND)
    size, rg = np.array([len(b) for b in balls]), np.array([gyration(b) for b in balls])
    dimension, error = fractal_dimension(size, rg, seed)
    assert dimension == pytest.approx(3, abs=0.03)
    assert abs(dimension - 3) < 5 * error


def test_random_walks_have_dimension_two_and_an_honest_error():
    """Thirty samples of 60 walks of 10 to 1000 steps: no bias, and the error is the spread of the samples."""
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        size = np.exp(rng.uniform(np.log(10), np.log(1000), 60)).astype(int)
        rg = np.array([gyration(random_walk(n, rng)) for n in size])
        found.append(fractal_dimension(size, rg, seed))
    dimension, error = np.array(found).T
    # (n^2 - 1)/(6 n) is the mean square: the smallest walks are 0.5 % below the power law
    assert dimension.mean() == pytest.approx(2, abs=0.03 + 3 * dimension.std() / 30**0.5)
    assert 0.7 < error.mean() / dimension.std() < 1.4


def test_too_few_or_too_equal_clusters_have_no_dimension():
    n = np.arange(10, 100, 10)
    assert np.isnan(fractal_dimension(n, n**0.5)).all()  # nine
    assert no_dimension(n) == "there are only 9 clusters of 10 T and more that do not percolate, fewer than 10"
    assert no_dimension(n[:1]).startswith("there is only one cluster of 10 T and more")
    assert no_dimension([]).startswith("there are no clusters of 10 T and more")
    # the aggregate of 10 to 44 T of which 1.26 ± 0.07 was once said
    n = np.arange(10, 45)
    assert np.isnan(fractal_dimension(n, n**0.5)).all()
    assert no_dimension(n).endswith("have 10 to 44 T, which is less than a decade of sizes")
    n = np.arange(10, 101, 10)
    assert fractal_dimension(n, n**0.5) == pytest.approx((2, 0), abs=1e-9)
    assert no_dimension(n) == ""
    rg = n**0.5
    rg[5:] = np.nan  # these percolate
    assert np.isnan(fractal_dimension(n, rg)).all()


def test_frames_together_give_the_line_of_all_their_clusters():
    tables = []
    for k in range(4):
        n = np.arange(10 + k, 120, 6)
        tables.append(
            {
                "size_T": n,
                "clusters": np.full(len(n), 2),
                "percolating": np.zeros(len(n), int),
                "rg_A": 1.7 * n ** (1 / 1.8),
            }
        )
    found = fractal_of_frames(tables)
    assert no_fractal(tables) == ""
    assert (found.dimension, found.prefactor_A) == pytest.approx((1.8, 1.7))
    assert found.error == pytest.approx(0, abs=1e-9)
    assert fractal_of_frames(tables[:1]).error != fractal_of_frames(tables[:1]).error  # NaN: one frame
    tables[0]["percolating"][:] = 2
    assert fractal_of_frames(tables[:1]) is None
    assert no_fractal(tables[:1]).startswith("there are no clusters of 10 T and more that do not percolate")
    short = {name: values[:14] for name, values in tables[1].items()}
    assert fractal_of_frames([short]) is None
    assert no_fractal([short]).endswith("have 11 to 89 T, which is less than a decade of sizes")


def droplet(sgt, radius, cell):
    """A ball of an SGT crystal in the middle of a large cell, T and S."""
    points = np.asarray(sgt.particles.position, dtype=float)
    inside = np.linalg.norm(points, axis=1) < radius
    kinds = np.asarray(sgt.particles.typeid)[inside]
    return points[inside][kinds == 0] + cell / 2, points[inside][kinds == 1] + cell / 2


def test_a_crystal_droplet_among_monomers_is_one_ordered_cluster(sgt):
    t, s = droplet(sgt, 14.0, 80.0)
    gas = np.array(list(np.ndindex(3, 3, 1))) * 20.0 + 5
    found = clusters(np.vstack([t, gas]), s, np.eye(3) * 80, AGGREGATION)
    ball = len(t) - int((found.sites["cluster"][: len(t)] > 0).sum())
    assert found.values["largest_cluster_T"] == ball
    assert ball > 0.95 * len(t)
    assert found.values["percolating_clusters"] == 0
    # a ball's radius of gyration is that of its sphere times the root of 3/5
    assert found.values["largest_cluster_rg_A"] == pytest.approx(14.0 * 0.6**0.5, rel=0.05)
    assert found.values["largest_cluster_S"] == len(s)
    assert found.values["largest_cluster_crystalline_share"] > 0.1  # most T are near the surface
    shaken = t + np.random.default_rng(1).normal(scale=0.9, size=t.shape)
    found = clusters(np.vstack([shaken, gas]), s, np.eye(3) * 80, AGGREGATION)
    assert found.values["largest_cluster_crystalline_share"] == 0


def test_a_periodic_crystal_percolates(sgt):
    found = measure(network_of_frame(sgt)[0], AGGREGATION, sgt).values
    assert (found["clusters"], found["percolating_clusters"], found["largest_cluster_T"]) == (1, 1, 576)
    assert found["largest_cluster_S_per_T"] == 36 / 576
    assert found["largest_cluster_crystalline_share"] == 1
    assert box_to_cell(sgt.configuration.box).shape == (3, 3)


@pytest.mark.parametrize(
    ("share", "found", "time", "words"),
    [
        ([0, 0, 0, 0, 0], False, None, "never orders: its crystalline share is 0.00 at most"),
        ([0, 0.05, 0.09, 0.02, 0.09], False, None, "never orders: its crystalline share is 0.09 at most"),
        ([0, 0, 0.3, 0.4, 0.9], True, 15, "starts to order at 15 ± 5 ps"),
        ([0, 0.2, 0, 0.1, 0.9], True, 25, "starts to order at 25 ± 5 ps"),
        ([0.3, 0.2, 0.4, 0.1, 0.9], True, 0, "is ordered from the first frame on"),
        (
            [0.3, 0.2, 0, 0, 0],
            False,
            None,
            "does not stay ordered: its crystalline share was 0.1 or more in 2 of 5",
        ),
    ],
)
def test_when_it_starts_to_order(share, found, time, words):
    record = find_ordering(np.arange(5) * 10.0, share)
    assert record["found"] == found
    assert record["time_ps"] == time
    assert words in record["sentence"]
    assert (record["share_start"], record["share_end"], record["share_most"]) == (
        share[0],
        share[-1],
        max(share),
    )


def test_ordering_without_times():
    record = find_ordering([np.nan] * 4, [0, 0, 0.3, 0.4])
    assert (record["found"], record["time_ps"], record["uncertainty_ps"]) == (True, None, None)
    assert "after 2 of the 4 frames" in record["sentence"]


def test_runs_of_crystals_do_not_measure_clusters():
    assert not set(AGGREGATION) & set(DEFAULT)
