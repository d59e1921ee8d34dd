"""The symmetry of nets, against known groups and against that of coordinates."""

import numpy as np
import pytest
import spglib
import spglib.error

from zeocryst.frameworks.table import nets, type_space_group
from zeocryst.network.automorphisms import automorphisms, halves
from zeocryst.network.bonds import network_of_bonds

#: Groups of nets in the Reticular Chemistry Structure Resource: bonds, sites, order of the point group, number.
PCU = ([(0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1)], 1, 48, 221)
DIA = ([(0, 1, 0, 0, 0), (0, 1, 1, 0, 0), (0, 1, 0, 1, 0), (0, 1, 0, 0, 1)], 2, 48, 227)
QTZ = (
    [(0, 1, 0, 0, 0), (1, 2, 0, 0, 0), (2, 0, 0, 0, 1), (0, 1, 1, 0, 0), (1, 2, -1, -1, 0), (2, 0, 0, 1, 1)],
    3, 12, {180, 181},
)  # fmt: skip
#: Types whose tetrahedra have less symmetry than their T.
LOWERED = {"ASV", "EWO", "KLW", "UOZ"}
#: Dense nets are not in the database of zeolites: the minerals' own groups (coesite C2/c, diamond, lonsdaleite,
#: beta-quartz and keatite with the other hand of each, sanidine C2/m), and the resource's Cmmm of mog.
DENSE_GROUPS = {"coe": {15}, "dia": {227}, "fel": {12}, "kea": {92, 96}, "lon": {194}, "mog": {65},
                "qtz": {180, 181}}  # fmt: skip


def number(symmetry):
    """The space group in the International Tables; columns there, rows here."""
    spglib.error.OLD_ERROR_HANDLING = False
    metric = np.mean([a @ a.T for a in symmetry.matrix], axis=0)
    turned = symmetry.matrix.transpose(0, 2, 1)
    return spglib.get_spacegroup_type_from_symmetry(
        turned, symmetry.translation, np.linalg.cholesky(metric), symprec=1e-5
    ).number


@pytest.mark.parametrize(("bonds", "sites", "order", "group"), [PCU, DIA, QTZ], ids=["pcu", "dia", "qtz"])
def test_symmetry_of_nets_that_everybody_knows(bonds, sites, order, group):
    net = network_of_bonds(bonds, sites)
    found = automorphisms(net)
    assert len(found.matrix) == order
    assert number(found) in (group if isinstance(group, set) else {group})
    assert (found.orbits == 0).all()
    assert (found.matrix[0] == np.eye(3)).all()
    assert (found.site[0] == np.arange(sites)).all()


def test_a_bond_less_is_symmetry_less():
    bonds, kinds = nets()["SOD"]
    whole = automorphisms(network_of_bonds(bonds, len(kinds)))
    less = automorphisms(network_of_bonds(bonds[1:], len(kinds)))
    assert (len(whole.matrix), number(whole)) == (48, 229)
    assert len(less.matrix) == 4  # those that leave one of 12 bonds in its place
    assert len(np.unique(less.orbits)) > 1


def test_sites_that_fall_together_are_not_guessed_at():
    """Two sites with the same three neighbours lie on each other in the placement."""
    bonds = [(0, 2, 0, 0, 0), (0, 2, 1, 0, 0), (0, 2, 0, 1, 0), (1, 2, 0, 0, 0), (1, 2, 1, 0, 0), (1, 2, 0, 1, 0),
             (2, 2, 0, 0, 1)]  # fmt: skip
    assert automorphisms(network_of_bonds(bonds, 3)) is None


def test_halves_of_a_group():
    """P4/mcc is one of the halves of the symmetries of ASV's net, of which some are translations."""
    bonds, kinds = nets()["ASV"]
    found = automorphisms(network_of_bonds(bonds, len(kinds)), kinds)
    assert (len(found.matrix), number(found)) == (32, 123)
    parts = halves(found)
    assert all(len(part.matrix) == 16 for part in parts)
    assert 124 in {number(part) for part in parts}
    # of m-3m: m-3, 432, -43m
    bonds, sites, *_ = PCU
    assert sorted(number(part) for part in halves(automorphisms(network_of_bonds(bonds, sites)))) == [
        200,
        207,
        215,
    ]


@pytest.mark.slow
def test_nets_of_all_types_have_the_space_groups_of_their_coordinates():
    """Two ways that share nothing: bonds alone here, spglib on the database's coordinates in the table."""
    differ = set()
    for code, (bonds, kinds) in nets().items():
        found = automorphisms(network_of_bonds(bonds, len(kinds)), kinds)
        assert (found.orbits == kinds).all(), code
        known = type_space_group(code)
        if number(found) not in (DENSE_GROUPS[code] if known is None else {known}):
            differ.add(code)
    assert differ == LOWERED
