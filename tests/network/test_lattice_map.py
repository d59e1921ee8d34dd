"""Crystals laid on their nets: boxes of any kind, noise, holes; and what has no lattice."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from zeocryst.frameworks.table import nets, start_structure
from zeocryst.network.bonds import Network, bonds_from_sites, network_of_bonds, repeat_network
from zeocryst.network.lattice_map import lattice_map


def net(code):
    bonds, kinds = nets()[code]
    return network_of_bonds(bonds, len(kinds))


def crystal(code, box, rng, noise=0.0, lost=0.0):
    """A framework in a box of whole-number multiples of its cell, turned, with noise and without some T."""
    cell, sites = start_structure(code)
    big = np.array(box) @ cell
    fractional = sites @ np.linalg.inv(cell)
    reach = np.abs(box).sum(axis=0)
    shifts = np.array(list(np.ndindex(*(2 * reach + 1)))) - reach
    all_sites = (fractional + shifts[:, None]).reshape(-1, 3) @ np.linalg.inv(np.array(box, dtype=float))
    inside = ((all_sites > -1e-6) & (all_sites < 1 - 1e-6)).all(axis=1)
    turn = Rotation.random(rng=rng).as_matrix()
    positions = all_sites[inside] @ big @ turn
    assert len(positions) == len(sites) * round(abs(np.linalg.det(box)))
    positions += rng.normal(size=positions.shape) * noise
    keep = np.sort(rng.permutation(len(positions))[round(lost * len(positions)) :])
    return bonds_from_sites(positions[keep], big @ turn)


@pytest.mark.parametrize(
    ("code", "box", "cells"),
    [
        ("SOD", [[2, 0, 0], [0, 2, 0], [0, 0, 3]], 24),
        ("SOD", [[2, 2, 0], [-1, 1, 0], [0, 1, 3]], 24),  # another orientation: twice 12 in a body-centred cell
        ("SGT", [[2, 0, 0], [0, 2, 0], [0, 0, 1]], 8),
        ("CHA", [[1, 1, 0], [-1, 2, 0], [0, 0, 1]], 9),
        ("MFI", [[1, 0, 0], [0, 1, 0], [1, 0, 1]], 1),
    ],
)
def test_every_site_gets_its_place(code, box, cells):
    noise = 0.05
    network = crystal(code, box, np.random.default_rng(4), noise)
    found = lattice_map(network, net(code))
    assert found.n_cells == cells
    assert np.allclose(found.box @ found.lattice, network.cell)
    assert (np.bincount(found.site, minlength=net(code).n_sites) == cells).all()
    assert (found.bond >= 0).all()
    assert (np.bincount(found.bond) == cells).all()
    # copies of a cell are as far from their mean as the noise makes them
    expected = noise * 3**0.5 * (1 - 1 / cells) ** 0.5
    assert np.sqrt(((found.off @ found.lattice) ** 2).sum(axis=1).mean()) == pytest.approx(
        expected, rel=0.1, abs=1e-9
    )
    assert np.allclose(
        found.places[found.site] + found.cell + found.off,
        network.positions @ np.linalg.inv(network.cell) @ found.box,
    )


def test_holes_are_counted_and_nothing_else_moves():
    network = crystal("MFI", np.diag([1, 1, 2]), np.random.default_rng(4), 0.05, lost=0.02)
    found = lattice_map(network, net("MFI"))
    assert network.n_sites == 188
    assert (found.site >= 0).all()
    assert (found.n_cells, found.n_cells * net("MFI").n_sites) == (2, 192)
    assert (found.bond >= 0).all()


def test_what_stands_between_the_sites_is_left_out():
    whole = crystal("SOD", np.diag([2, 2, 2]), np.random.default_rng(4), 0.02)
    cage = np.zeros((1, 3))  # the middle of a sodalite cage
    more = Network(np.vstack([whole.positions, cage]), whole.cell, whole.first, whole.second, whole.shift)
    found = lattice_map(more, net("SOD"))
    assert (found.site[:96] >= 0).all()
    assert found.site[96] == -1


@pytest.mark.parametrize("code", ["SOD", "LTA", "SGT"])
def test_another_net_has_no_place_for_it(code):
    network = crystal("CHA", np.diag([2, 2, 1]), np.random.default_rng(4))
    assert isinstance(lattice_map(network, net(code)), str)


def test_a_slab_has_no_lattice_through_the_box():
    cell, sites = start_structure("SOD")
    layers = sites + np.array(list(np.ndindex(3, 3, 4)))[:, None] @ cell
    slab = bonds_from_sites(layers.reshape(-1, 3), cell * np.array([[3], [3], [6]]))
    assert "three directions" in lattice_map(slab, net("SOD"))


def stacked(letters):
    """Six-rings in layers A, B, C, as of the ABC-6 family: ABC is SOD, whose cubic cell is 8.965 Å."""
    a, height = 8.965 * 2**0.5, 8.965 * 3**0.5 / 6
    centre = {"A": (0.0, 0.0), "B": (1 / 3, 2 / 3), "C": (2 / 3, 1 / 3)}
    plane = np.array([[a, 0], [-a / 2, a * 3**0.5 / 2]])
    turn = np.arange(6) * np.pi / 3
    ring = a / 4 * np.column_stack([np.cos(turn), np.sin(turn)])
    rows = [
        np.column_stack([ring + centre[letter] @ plane, np.full(6, k * height)])
        for k, letter in enumerate(letters)
    ]
    cell = np.diag([0.0, 0.0, len(letters) * height])
    cell[:2, :2] = plane
    return repeat_network(bonds_from_sites(np.vstack(rows), cell), (2, 2, 1))


def test_a_stack_is_a_lattice_and_its_twin_is_none():
    good = stacked("ABC" * 8)
    assert (good.degree == 4).all()
    found = lattice_map(good, net("SOD"))
    assert (found.site >= 0).all()
    # the same with a mirror half way: both halves are SOD, and no lattice goes through both
    twin = stacked("ABC" * 8 + "B" + "ACB" * 7 + "AC")
    assert (twin.degree == 4).all()
    found = lattice_map(twin, net("SOD"))
    assert isinstance(found, str) or (found.site >= 0).mean() < 0.7
