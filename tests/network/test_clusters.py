"""Clusters of T: known ones, and random networks against a walk through a block of cells by networkx."""

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.transform import Rotation

from zeocryst.cell import wrap
from zeocryst.network.bonds import bonds_from_sites, repeat_network
from zeocryst.network.clusters import find_clusters, radius_of_gyration

BOND = 3.1
HEXAGON = np.array([[np.cos(a), np.sin(a), 0] for a in np.arange(6) * np.pi / 3]) * BOND
CUBE = np.array(list(np.ndindex(2, 2, 2))) * BOND


def found_in(points, cell, cutoff=3.5):
    network = bonds_from_sites(wrap(points, cell), cell, cutoff)
    clusters = find_clusters(network)
    return network, clusters, radius_of_gyration(network, clusters)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (HEXAGON, BOND),  # all at one distance from the middle
        (CUBE, BOND * 3**0.5 / 2),  # half a space diagonal
        (np.arange(9)[:, None] * [BOND, 0, 0], BOND * ((9**2 - 1) / 12) ** 0.5),  # a rod of n: (n^2 - 1) / 12
    ],
)
def test_radius_of_gyration_wherever_the_cluster_lies(body, expected, seed):
    """Across faces, edges and corners of a triclinic cell, turned at random."""
    rng = np.random.default_rng(seed)
    cell = np.array([[30.0, 0, 0], [8, 31, 0], [-6, 9, 33]])
    turned = body @ Rotation.random(random_state=rng).as_matrix().T
    alone = np.array([[15.0, 15, 15]])
    for corner in ([0, 0, 0], [0.5, 0, 0], [0, 0.5, 0.5], rng.random(3)):
        place = np.asarray(corner) @ cell
        points = np.vstack([alone + place, turned - turned.mean(axis=0) + place])
        _, clusters, rg = found_in(points, cell)
        assert clusters.size.tolist() == [len(body), 1]
        assert clusters.label.tolist() == [1] + [0] * len(body)
        assert not clusters.percolates.any()
        assert rg == pytest.approx([expected, 0], abs=1e-9)


def test_a_chain_bonded_to_its_own_image_has_no_radius():
    chain = np.arange(10)[:, None] * [BOND, 0, 0] + [1.0, 2, 3]
    pair = [[15.0, 15, 15], [15, 15, 18.1]]
    _, clusters, rg = found_in(np.vstack([pair, chain]), np.diag([10 * BOND, 30, 30]))
    assert clusters.size.tolist() == [10, 2]
    assert clusters.percolates.tolist() == [True, False]
    assert np.isnan(rg[0])
    assert rg[1] == pytest.approx(BOND / 2)
    # a little longer a cell, and it is a rod
    _, clusters, rg = found_in(chain, np.diag([10 * BOND + 1, 30, 30]))
    assert not clusters.percolates.any()
    assert rg[0] == pytest.approx(BOND * (99 / 12) ** 0.5)


def test_one_site_bonded_to_its_own_images():
    network = bonds_from_sites([[0.2, 0.1, 0.4]], np.eye(3) * BOND, cutoff=3.2, most=6)
    clusters = find_clusters(network)
    assert (clusters.size.tolist(), clusters.percolates.tolist()) == ([1], [True])


def twin(network, cells=7):
    """Size, percolation and radius of each site's cluster, from a block of unwrapped cells."""
    graph = nx.Graph()
    n = network.n_sites
    everywhere = list(np.ndindex(cells, cells, cells))
    graph.add_nodes_from((s, x) for s in range(n) for x in everywhere)
    for i, j, shift in zip(
        network.first.tolist(), network.second.tolist(), network.shift.tolist(), strict=True
    ):
        for x in everywhere:
            y = tuple(a + b for a, b in zip(x, shift, strict=True))
            if all(0 <= a < cells for a in y):
                graph.add_edge((i, x), (j, y))
    middle = (cells // 2,) * 3
    found = []
    for s in range(n):
        nodes = list(nx.node_connected_component(graph, (s, middle)))
        sites = [t for t, _ in nodes]
        points = np.array([network.positions[t] + np.array(x) @ network.cell for t, x in nodes])
        around = len(set(sites)) < len(sites)
        rg = np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())
        found.append((len(set(sites)), around, np.nan if around else rg))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_against_a_block_of_cells(seed):
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(7, 12, 3)) + np.tril(rng.uniform(-2, 2, (3, 3)), -1)
    network, clusters, rg = found_in(rng.random((int(rng.integers(4, 13)), 3)) @ cell, cell, 3.6)
    for site, (size, around, radius) in enumerate(twin(network)):
        mine = clusters.label[site]
        assert clusters.size[mine] == size
        assert clusters.percolates[mine] == around
        assert rg[mine] == pytest.approx(radius, nan_ok=True, abs=1e-9)


def test_the_random_networks_have_both_kinds():
    kinds = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        cell = np.diag(rng.uniform(7, 12, 3)) + np.tril(rng.uniform(-2, 2, (3, 3)), -1)
        _, clusters, _ = found_in(rng.random((int(rng.integers(4, 13)), 3)) @ cell, cell, 3.6)
        kinds |= set(zip((clusters.size > 1).tolist(), clusters.percolates.tolist(), strict=True))
    assert {(True, True), (True, False), (False, False)} <= kinds


@pytest.mark.parametrize("seed", range(3))
def test_shift_numbering_and_supercell_do_not_matter(seed):
    """A gas near its percolation, 2000 sites; sizes also against scipy."""
    rng = np.random.default_rng(seed)
    cell = np.array([[60.0, 0, 0], [10, 58, 0], [-12, 7, 62]])
    points = rng.random((2000, 3)) @ cell
    network, base, rg = found_in(points, cell, 3.6)
    graph = coo_array((np.ones(len(network.first)), (network.first, network.second)), shape=(2000, 2000))
    count, label = connected_components(graph, directed=False)
    assert len(base.size) == count
    assert base.size.tolist() == sorted(np.bincount(label).tolist(), reverse=True)
    assert base.size[0] > 20

    order = rng.permutation(2000)
    _, other, radii = found_in(points[order] + [13.0, -40, 7], cell, 3.6)
    assert other.size.tolist() == base.size.tolist()
    assert (other.size[other.label] == base.size[base.label][order]).all()
    assert radii[other.label] == pytest.approx(rg[base.label][order], nan_ok=True, abs=1e-6)

    large = repeat_network(network, (2, 1, 1))
    doubled = find_clusters(large)
    whole = ~base.percolates
    assert (doubled.size[~doubled.percolates] == np.repeat(base.size[whole], 2)).all()
    again = radius_of_gyration(large, doubled)
    assert again[doubled.label[:2000]] == pytest.approx(rg[base.label], nan_ok=True, abs=1e-6)
