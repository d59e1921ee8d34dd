"""Bonds made and lost, on atoms whose bonds are known because they were put there."""

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as ase_molecule

import zeocryst as zc
from zeocryst.refinement.bonding import compare_bonds, covalent_bonds, framework_alone


def silica(code="SOD", repeat=(1, 1, 1)):
    return zc.framework(code, repeat=repeat)


@pytest.mark.parametrize("code", ["SOD", "CHA", "MFI"])
def test_silica_has_two_bonds_an_oxygen_and_four_a_silicon(code):
    atoms = silica(code)
    ends = np.bincount(np.array(list(covalent_bonds(atoms).elements())).ravel(), minlength=len(atoms))
    assert set(ends[atoms.numbers == 14]) == {4}
    assert set(ends[atoms.numbers == 8]) == {2}


def test_bonds_do_not_depend_on_which_images_are_given():
    atoms = silica("CHA")
    before = covalent_bonds(atoms)
    rng = np.random.default_rng(3)
    atoms.positions += rng.integers(-2, 3, (len(atoms), 3)) @ atoms.cell[:]
    found = compare_bonds(before, atoms)
    assert (found.lost, found.gained, found.protons_lost) == ([], [], 0)


def test_an_oxygen_that_is_pulled_away_is_two_bonds_lost_and_named():
    atoms = silica("SOD", (2, 2, 2))
    before = covalent_bonds(atoms)
    oxygen = int(np.flatnonzero(atoms.numbers == 8)[0])
    its = [pair for pair in before if oxygen in pair]
    arms = atoms.get_distances(oxygen, [p for pair in its for p in pair if p != oxygen], mic=True, vector=True)
    away = -arms.mean(axis=0)  # from the middle of its two Si
    atoms.positions[oxygen] += 1.6 * away / np.linalg.norm(away)
    found = compare_bonds(before, atoms)
    assert found.gained == []
    assert sorted(found.lost) == sorted(_name(atoms, p) for p in its)


def test_a_proton_that_hops_is_lost_and_gained_and_strayed():
    atoms = Atoms("OHO", [[0, 0, 0], [0.97, 0, 0], [2.5, 0, 0]], cell=[12, 12, 12], pbc=True)
    before = covalent_bonds(atoms)
    atoms.positions[1, 0] = 1.53
    found = compare_bonds(before, atoms)
    assert (found.lost, found.gained, found.protons_lost) == (["O 0-H 1"], ["H 1-O 2"], 1)
    atoms.positions[1, 1] = 5.0  # on no atom at all
    assert compare_bonds(before, atoms).protons_lost == 1


def test_clashes_of_the_framework_are_no_bonds_but_those_of_a_guest_are():
    atoms = Atoms("SiSi", [[0, 0, 0], [2.4, 0, 0]], cell=[12, 12, 12], pbc=True)
    assert covalent_bonds(atoms) == Counter()
    methane = ase_molecule("CH4")
    assert len(covalent_bonds(_boxed(methane))) == 4
    both = _boxed(methane)
    wall = Atoms("O", [both.positions[0] + [0, 0, 1.5]])
    together = wall + both
    together.arrays["molecule"] = np.array([0, 1, 1, 1, 1, 1])
    together.set_cell(both.cell)
    together.pbc = True
    assert (0, 1) in covalent_bonds(together)  # O of the wall on C: it has reacted, or was put there


def test_ions_have_no_bonds_and_are_not_the_framework():
    atoms = silica("SOD") + Atoms("Na", [[4.4, 4.4, 4.4]])
    assert not any(len(atoms) - 1 in pair for pair in covalent_bonds(atoms))
    atoms.symbols[0] = "Al"
    alone = framework_alone(atoms)
    assert set(alone.get_chemical_symbols()) == {"Si", "O"}
    assert len(alone) == len(atoms) - 1


def _name(atoms, pair):
    a, b = sorted(pair)
    return f"{atoms.symbols[a]} {a}-{atoms.symbols[b]} {b}"


def _boxed(atoms):
    atoms.set_cell([14, 14, 14])
    atoms.center()
    atoms.pbc = True
    return atoms
