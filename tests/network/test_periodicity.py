"""Pieces of nets and their directions, against walks in a finite block of cells."""

import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, network_of_bonds, repeat_network
from zeocryst.network.periodicity import Piece, pieces

A = 3.1 * 4 / 3**0.5  # cell of diamond with bonds of 3.1 Å
DIAMOND = [np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * A / 2, np.array([[0, 0, 0], [A / 4] * 3])]


def number_of_nets(network, cells):
    """Brute force: nets in a block of cells, counted by those that pass through its middle cell."""
    reach = cells // 2
    nodes = [(s, *x) for s in range(network.n_sites) for x in np.ndindex(cells, cells, cells)]
    parent = {n: n for n in nodes}

    def root(n):
        while parent[n] != n:
            n = parent[n]
        return n

    for s, t, shift in zip(
        network.first.tolist(), network.second.tolist(), network.shift.tolist(), strict=True
    ):
        for x in np.ndindex(cells, cells, cells):
            other = (t, *(a + b for a, b in zip(x, shift, strict=True)))
            if other in parent:
                parent[root((s, *x))] = root(other)
    # cells near the middle, so that no net is missed and none is cut in two by the block's surface
    near = range(reach - 1, reach + 2)
    return len({root(n) for n in nodes if all(x in near for x in n[1:])})


def test_known_nets():
    cell, sites = DIAMOND
    assert pieces(bonds_from_sites(sites, cell)) == [Piece(2, 3, 1)]
    chain = network_of_bonds([[0, 0, 1, 0, 0]], 1)
    assert pieces(chain) == [Piece(1, 1, 1)]
    square = network_of_bonds([[0, 0, 1, 0, 0], [0, 0, 1, 1, 0]], 1)
    assert pieces(square) == [Piece(1, 2, 1)]
    assert pieces(network_of_bonds([[0, 1, 0, 0, 0]], 3)) == [Piece(2, 0, 1), Piece(1, 0, 1)]


@pytest.mark.parametrize("seed", range(6))
def test_primitive_cubic_nets_along_other_vectors(seed):
    """One site bonded along three lattice vectors: as many nets as their determinant says."""
    rng = np.random.default_rng(seed)
    while True:
        vectors = rng.integers(-1, 2, size=(3, 3))
        if 0 < (size := abs(round(np.linalg.det(vectors)))):
            break
    network = network_of_bonds([[0, 0, *v] for v in vectors], 1)
    assert pieces(network) == [Piece(1, 3, size)]
    assert number_of_nets(network, 9) == size


def test_a_supercell_is_one_net():
    cell, sites = start_structure("SOD")
    network = bonds_from_sites(sites, cell)
    assert pieces(network) == [Piece(12, 3, 1)]
    assert pieces(repeat_network(network, (2, 1, 3))) == [Piece(72, 3, 1)]
