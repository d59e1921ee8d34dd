"""How far grains go on: slabs, rods, balls and crystals, cut out of frameworks so that the answer is known."""

import numpy as np
import pytest

from zeocryst.frameworks.table import framework_types, start_structure
from zeocryst.network.bonds import Network, bonds_from_sites, repeat_network
from zeocryst.order.extent import extents, grain_extents, in_words
from zeocryst.order.labels import Labels

KEYS = {"normal", "thickness_A", "T_per_nm2", "equivalent_thickness_A", "diameter_A", "radius_of_gyration_A"}


def framework(code, repeat):
    cell, sites = start_structure(code)
    return repeat_network(bonds_from_sites(sites, cell), repeat)


def cut(network, axes, vacuum=15.0):
    """The same without the bonds that leave the cell along some axes, and a vacuum there."""
    keep = (network.shift[:, axes] == 0).all(axis=1)
    cell = network.cell.copy()
    for axis in axes:
        cell[axis] *= 1 + vacuum / np.linalg.norm(cell[axis])
    return Network(network.positions, cell, network.first[keep], network.second[keep], network.shift[keep])


def only(network, code=None):
    density = None if code is None else framework_types()[code].density_T_per_1000A3
    found = grain_extents(network, density)
    return max(found, key=lambda row: row["sites"])


def test_an_mfi_nanosheet():
    """2 x 1 x 2 cells (384 T), cut along b: one cell, 19.7 Å, thick, its area 2 a times 2 c."""
    network = framework("MFI", (2, 1, 2))
    a, b, c = np.diag(network.cell) / [2, 1, 2]
    row = only(cut(network, [1]), "MFI")
    assert (row["sites"], row["extent"], row["normal"]) == (384, "slab", [0, 1, 0])
    assert row["thickness_A"] == pytest.approx(np.ptp(network.positions[:, 1]), abs=0.01)
    assert row["thickness_A"] < b
    assert row["T_per_nm2"] == pytest.approx(38400 / (4 * a * c), abs=1e-3)
    assert row["equivalent_thickness_A"] == pytest.approx(b, rel=0.01)
    assert row["diameter_A"] is None
    words = in_words("MFI", row)
    assert words.startswith("MFI: a slab ")
    assert "faces (0 1 0)" in words


def test_a_slab_in_a_skewed_cell():
    """CHA's hexagonal cell, 3 x 3 x 1, cut along c: its height is measured across the faces."""
    network = framework("CHA", (3, 3, 1))
    row = only(cut(network, [2]), "CHA")
    assert (row["extent"], row["normal"]) == ("slab", [0, 0, 1])
    assert row["equivalent_thickness_A"] == pytest.approx(
        network.cell[2, 2] * row["sites"] / network.n_sites, rel=0.02
    )
    # the same slab, the cell sheared along the faces' normal: other indices of nothing, the same thickness
    sheared = cut(network, [2])
    cell = sheared.cell.copy()
    cell[2] += cell[0]
    again = Network(sheared.positions, cell, sheared.first, sheared.second, sheared.shift)
    assert only(again, "CHA")["thickness_A"] == row["thickness_A"]
    assert only(again, "CHA")["T_per_nm2"] == row["T_per_nm2"]


def test_a_slab_along_a_diagonal():
    """SOD, 4 x 4 x 4, without the bonds that cross a plane x + y = constant: faces (1 1 0)."""
    network = framework("SOD", (4, 4, 4))
    edge = network.cell[0, 0]
    place = network.positions[:, :2].sum(axis=1)
    level = np.floor(place / edge)
    moved = place[network.first] + network.vectors[:, :2].sum(axis=1)
    keep = np.floor(moved / edge) == level[network.first]
    part = Network(
        network.positions, network.cell, network.first[keep], network.second[keep], network.shift[keep]
    )
    row = only(part)
    assert (row["extent"], row["normal"]) == ("slab", [1, 1, 0])
    assert row["thickness_A"] < edge / 2**0.5
    assert row["equivalent_thickness_A"] is None


def test_a_rod_and_a_ball():
    network = framework("SOD", (3, 3, 3))
    rod = only(cut(network, [0, 1]))
    assert (rod["extent"], rod["periodic_along"]) == ("rod", [[0, 0, 1]])
    # a square prism of edge s has a mean square distance s^2 / 6 from its axis, a round one d^2 / 8
    edge = network.cell[0, 0]
    assert rod["diameter_A"] == pytest.approx(edge * (8 / 6) ** 0.5, rel=0.02)
    assert in_words("SOD", rod).endswith("along [0 0 1] of the cell")
    centre = network.positions.mean(axis=0)
    near = np.linalg.norm(network.positions - centre, axis=1) < 12
    from zeocryst.network.clusters import part

    ball = only(part(network, near))
    assert (ball["extent"], ball["periodic_along"]) == ("finite", [])
    assert ball["diameter_A"] == pytest.approx(24, rel=0.1)
    inside = network.positions[near]
    radius = ((inside - inside.mean(axis=0)) ** 2).sum(axis=1).mean() ** 0.5
    if ball["sites"] == near.sum():
        assert ball["radius_of_gyration_A"] == pytest.approx(radius, abs=0.01)


def test_a_crystal_goes_on_in_three_directions():
    row = only(framework("SOD", (2, 2, 2)))
    assert (row["extent"], len(row["periodic_along"])) == ("crystal", 3)
    assert all(row[key] is None for key in KEYS)


def test_each_name_has_its_grains():
    """Two slabs of one name and a finite piece of another in one box."""
    network = framework("SOD", (2, 2, 6))
    height = network.positions[:, 2] / network.cell[2, 2]
    code = np.full(network.n_sites, -1)
    code[(height > 0.05) & (height < 0.35)] = 0
    code[(height > 0.5) & (height < 0.65)] = 0
    centre = network.cell.sum(axis=0) * [0.5, 0.5, 0.85]
    code[np.linalg.norm(network.positions - centre, axis=1) < 6] = 1
    rows = np.zeros((network.n_sites, 8), dtype=np.int32)
    found = extents(network, Labels(("SOD", "unknown"), code, code, rows, (code >= 0).astype(float)))
    assert [row["extent"] for row in found["SOD"]][:2] == ["slab", "slab"]
    assert found["SOD"][0]["thickness_A"] > found["SOD"][1]["thickness_A"]
    assert found["unknown"][0]["extent"] == "finite"
