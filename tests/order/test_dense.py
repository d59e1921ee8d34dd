"""Dense silica's nets: what the table says of them, and that their minerals get their names."""

import numpy as np
import pytest

from zeocryst.cell import heights, neighbour_pairs
from zeocryst.frameworks.table import dense_codes, framework_entry, framework_types, nets
from zeocryst.network.bonds import network_of_bonds, repeat_network
from zeocryst.network.matching import matched_bonds
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.crystal import site_kinds, table_type
from zeocryst.order.derive import SHELLS
from zeocryst.order.derive_dense import (
    STRUCTURES,
    entry_of,
    net_of_structure,
    network_of_structure,
    positions_of_structure,
)
from zeocryst.order.labels import label_sites

#: Sites of the primitive cell, and coordination sequences with the number of sites that have each, of the nets that
#: the Systre keys of the Reticular Chemistry Structure Resource stand for; those keys were not used to make the table.
RCSR = {
    "coe": (8, {(4, 10, 22, 47, 83, 125, 171, 215, 288, 349): 4, (4, 10, 23, 47, 83, 127, 174, 221, 276, 356): 4}),
    "dia": (2, {(4, 12, 24, 42, 64, 92, 124, 162, 204, 252): 2}),
    "fel": (8, {(4, 10, 20, 38, 58, 80, 112, 144, 180, 226): 4, (4, 10, 22, 38, 56, 82, 112, 142, 182, 226): 4}),
    "kea": (12, {(4, 12, 29, 50, 82, 116, 156, 202, 262, 320): 8, (4, 12, 26, 48, 76, 114, 152, 206, 252, 318): 4}),
    "lon": (4, {(4, 12, 25, 44, 67, 96, 130, 170, 214, 264): 4}),
    "mog": (3, {(4, 11, 24, 41, 62, 90, 122, 157, 200, 247): 2, (4, 10, 24, 40, 64, 90, 120, 160, 200, 244): 1}),
    "qtz": (3, {(4, 12, 30, 52, 80, 116, 156, 204, 258, 318): 3}),
}  # fmt: skip
#: Densities that the Handbook of Mineralogy gives, g/cm^3 (Mineralogical Society of America, 2001).
DENSITIES = {"coe": 2.92, "dia": 2.33, "mog": 2.62, "qtz": 2.65}
SIO2_G_PER_MOL, MOL = 60.084, 6.02214e23


@pytest.mark.parametrize("code", sorted(RCSR))
def test_the_nets_are_those_of_their_names(code):
    n, wanted = RCSR[code]
    bonds, kinds = nets()[code]
    assert len(kinds) == n
    rows = coordination_sequences(network_of_bonds(bonds, n), 10)
    found, counts = np.unique(rows, axis=0, return_counts=True)
    assert dict(zip(map(tuple, found.tolist()), counts.tolist(), strict=True)) == wanted
    assert len(set(kinds.tolist())) == len(wanted)
    listed = framework_types()[code]
    assert sorted(tuple(row[:10]) for row in listed.sequences.tolist()) == sorted(wanted)
    assert not listed.interrupted


def test_closed_formulas_of_diamond_and_lonsdaleite():
    # M. O'Keeffe, Z. Kristallogr. 196, 21 (1991)
    shells = np.arange(1, SHELLS + 1)
    assert framework_types()["dia"].sequences.tolist() == [(5 * shells**2 // 2 + 2).tolist()]
    assert framework_types()["lon"].sequences.tolist() == [(21 * shells**2 // 8 + 2).tolist()]


def test_the_table_is_what_the_structures_give():
    assert dense_codes() == sorted(STRUCTURES) == sorted(RCSR)
    for code in ("mog", "qtz"):
        entry = entry_of(STRUCTURES[code])
        assert {key: framework_entry(code)[key] for key in entry} == entry
        net = net_of_structure(STRUCTURES[code])
        assert nets()[code][0].ravel().tolist() == net["bonds"]
        assert nets()[code][1].tolist() == net["kinds"]


@pytest.mark.parametrize("code", sorted(RCSR))
def test_the_structures_are_those_of_tetrahedra(code):
    """Coordinates with a wrong digit would not be: each T has four O at 1.54 to 1.66 Å, each O two T."""
    sites, oxygens, cell = positions_of_structure(STRUCTURES[code])
    assert len(oxygens) == 2 * len(sites)
    n = len(sites)
    i, j, _, d = neighbour_pairs(np.vstack([sites, oxygens]), cell, 2.4, full=True)
    mixed = (i < n) != (j < n)
    assert (np.bincount(i[mixed])[:n] == 4).all()
    assert (np.bincount(i[mixed])[n:] == 2).all()
    assert 1.53 < d[mixed].min() < d[mixed].max() < 1.66
    if code in DENSITIES:
        density = framework_types()[code].density_T_per_1000A3
        assert density / 1000 * SIO2_G_PER_MOL / MOL * 1e24 == pytest.approx(DENSITIES[code], rel=0.015)


def test_names_differ_from_those_of_types_in_any_case():
    codes = list(framework_types())
    assert len({code.lower() for code in codes}) == len(codes)
    assert len(codes) - len(dense_codes()) == 271


def names(network):
    labels = label_sites(network)
    return [(row["code"], row["share"], row["grains"]) for row in labels.summary()]


@pytest.mark.parametrize("code", sorted(RCSR))
def test_minerals_get_their_names(code):
    """The cell as published, from atoms and from T alone; a sheared one; a larger one with its T 0.1 Å off."""
    network = network_of_structure(STRUCTURES[code])
    assert table_type(site_kinds(network, SHELLS)) == code
    shear = np.array([[1, 0, 0], [1, 1, 0], [0, -1, 1]])
    large = repeat_network(network, tuple(np.ceil(20 / heights(network.cell)).astype(int).tolist()))
    noise = np.random.default_rng(1).normal(scale=0.1, size=large.positions.shape)
    for found in (
        network,
        matched_bonds(network.positions, network.cell)[0],
        matched_bonds(network.positions, shear @ network.cell)[0],
        matched_bonds(large.positions + noise, large.cell)[0],
    ):
        assert names(found) == [(code, 1.0, 1)]


@pytest.mark.parametrize("code", ["coe", "mog", "qtz"])
def test_minerals_without_two_percent_of_their_t_keep_their_names(code):
    network = network_of_structure(STRUCTURES[code])
    large = repeat_network(network, tuple(np.ceil(24 / heights(network.cell)).astype(int).tolist()))
    keep = np.random.default_rng(2).random(large.n_sites) > 0.02
    [(name, share, _)] = names(matched_bonds(large.positions[keep], large.cell)[0])
    assert name == code
    assert share > 0.9
