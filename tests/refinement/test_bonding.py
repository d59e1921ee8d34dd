"""Bonds made and lost, on atoms whose bonds are known because they were put there."""

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as ase_molecule

import zeocryst as zc
from zeocryst.answers.road import along
from zeocryst.refinement.bonding import compare_bonds, covalent_bonds, framework_alone
from zeocryst.refinement.calculators import calculator_named
from zeocryst.refinement.refine import in_words, refine


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


STILL = """
import numpy as np
from ase.calculators.calculator import Calculator

class Still(Calculator):
    implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=None, changes=None):
        super().calculate(atoms, properties, changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3))}

calculator = Still
"""


def test_a_silicon_of_five_oxygens_is_no_q_n_and_is_said(tmp_path):
    """As SLC draws silanols of a gel to Si: an OH at 1.8 Å from a Si that has its four bridges."""
    (tmp_path / "still.py").write_text(STILL)
    method = calculator_named(str(tmp_path / "still.py"))
    atoms = zc.framework("SOD")
    whole = refine(atoms, method).record
    assert (whole["q_n"]["Q4"], whole["overcoordinated_T"]) == (12, 0)
    assert "more than four" not in " ".join(in_words(whole))
    assert "refined" in whole["shift_29Si_ppm"]["angles"]
    # along the normal of a face of its tetrahedron
    arms = atoms.get_distances(0, range(len(atoms)), mic=True, vector=True)
    near = np.argsort(np.linalg.norm(arms, axis=1))[1:5]
    away = -arms[near[0]] / np.linalg.norm(arms[near[0]])
    place = atoms.positions[0] + 1.8 * away
    atoms += Atoms("OH", positions=[place, place + 0.96 * away])
    found = refine(atoms, method).record
    assert (found["q_n"]["Q4"], found["overcoordinated_T"]) == (11, 1)
    assert found["q4_share"] == pytest.approx(11 / 12)
    shifts = found["shift_29Si_ppm"]  # its line is not where the angles of a Q4 put it
    assert (shifts["sites"], shifts["by_q"]["Q4"]["T"]) == (11, 11)
    assert "1 T have more than four O" in " ".join(in_words(found))
    beside = along(atoms, 12, "as they are")
    assert beside["q_n"]["Q4"] == pytest.approx(11 / 12)
    assert beside["overcoordinated_share"] == pytest.approx(1 / 12)
    assert beside["shift_29Si_ppm"]["sites"] == 11
