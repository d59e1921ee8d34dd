"""Bonds looked up by their ends."""

import numpy as np

from zeocryst.network.bonds import network_of_bonds
from zeocryst.network.bondtable import BondTable

#: Quartz's net, and two bonds between the same two sites in it that lead to different cells.
BONDS = [(0, 1, 0, 0, 0), (1, 2, 0, 0, 0), (2, 0, 0, 0, 1), (0, 1, 1, 0, 0), (1, 2, -1, -1, 0), (2, 0, 0, 1, 1)]


def ends(*rows):
    table = np.array(rows)
    return table[:, 0], table[:, 1], table[:, 2:]


def test_a_bond_is_found_from_both_ends_in_its_cell_only():
    table = BondTable(network_of_bonds(BONDS, 3))
    bond, backwards = table.find(*ends((0, 1, 1, 0, 0), (1, 0, -1, 0, 0), (0, 1, -1, 0, 0), (0, 2, 0, 0, -1)))
    assert bond.tolist() == [3, 3, -1, 2]
    assert backwards.tolist() == [False, True, False, True]


def test_same_counts_each_bond_once():
    table = BondTable(network_of_bonds(BONDS, 3))
    turned = [(b, a, -u, -v, -w) for a, b, u, v, w in BONDS[::-1]]
    assert table.same(network_of_bonds(turned, 3))
    assert not table.same(network_of_bonds(BONDS[1:], 3))
    assert not table.same(network_of_bonds([*BONDS[1:], BONDS[1]], 3))  # as many, one of them twice
    assert not table.same(network_of_bonds([*BONDS[1:], (0, 1, 0, 0, 1)], 3))
