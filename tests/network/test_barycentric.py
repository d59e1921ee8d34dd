"""Barycentric placement, and the translations of a net that it shows."""

from dataclasses import replace

import numpy as np
import pytest

from zeocryst.frameworks.table import nets, start_structure
from zeocryst.network.barycentric import at_barycentres, count_translations, placement
from zeocryst.network.bonds import bonds_from_sites, network_of_bonds, repeat_network


def structure(code):
    cell, sites = start_structure(code)
    return bonds_from_sites(sites, cell)


def test_each_site_is_in_the_middle_of_its_neighbours():
    network = structure("MFI")
    placed = at_barycentres(network)
    pull = np.zeros((network.n_sites, 3))
    np.add.at(pull, placed.first, placed.vectors)
    np.add.at(pull, placed.second, -placed.vectors)
    assert abs(pull).max() < 1e-9
    assert np.allclose(placed.positions[0], network.positions[0])
    assert abs(placement(network).mean(axis=0)).max() < 1e-9


def test_the_placement_does_not_depend_on_the_positions():
    network = structure("SOD")
    noise = np.random.default_rng(1).normal(scale=0.3, size=network.positions.shape)
    noise[0] = 0
    other = replace(network, positions=network.positions + noise)
    assert np.allclose(at_barycentres(other).positions, at_barycentres(network).positions)


def test_diamond_by_hand():
    # two sites; the second lies a quarter of each edge from the first, in the middle of (0,0,0), (1,0,0), ...
    bonds = [[0, 1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 1, 0, -1, 0], [0, 1, 0, 0, -1]]
    placed = at_barycentres(network_of_bonds(bonds, 2))
    assert np.allclose(placed.positions, [[0, 0, 0], [0.25, 0.25, 0.25]])


def test_pieces_that_no_bond_joins_have_no_places():
    with pytest.raises(ValueError, match="pieces"):
        at_barycentres(network_of_bonds([[0, 0, 1, 0, 0], [1, 1, 1, 0, 0]], 2))


@pytest.mark.parametrize(("code", "centring"), [("SOD", 2), ("FAU", 4), ("MFI", 1), ("CHA", 3), ("LTA", 1)])
def test_translations_are_those_of_the_lattice(code, centring):
    """I, F, P, R and P: as many primitive cells in the standard one; times the copies in a supercell."""
    network = structure(code)
    same = np.zeros(network.n_sites, dtype=np.int64)
    assert count_translations(network, same) == centring
    big = repeat_network(network, (1, 2, 1))
    assert count_translations(big, np.zeros(big.n_sites, dtype=np.int64)) == 2 * centring
    # sites that are told apart move on to others no longer
    assert count_translations(network, np.arange(network.n_sites)) == 1


def test_a_bond_elsewhere_leaves_no_translation():
    network = repeat_network(structure("SOD"), (2, 2, 2))
    keep = np.arange(len(network.first)) > 0
    less = replace(network, first=network.first[keep], second=network.second[keep], shift=network.shift[keep])
    assert count_translations(less, np.zeros(less.n_sites, dtype=np.int64)) == 1


@pytest.mark.parametrize("code", ["dia", "mog", "qtz"])
def test_nets_of_the_table_are_primitive(code):
    bonds, kinds = nets()[code]
    assert count_translations(network_of_bonds(bonds, len(kinds)), np.asarray(kinds)) == 1
