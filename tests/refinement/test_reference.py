"""Energies above quartz, with an energy that is a sum over bonds, so that every difference is known beforehand."""

import textwrap
from collections import Counter

import numpy as np
import pytest
from ase.build import molecule

import zeocryst as zc
from zeocryst.refinement import reference
from zeocryst.refinement.bonding import covalent_bonds
from zeocryst.refinement.calculated import Calculated
from zeocryst.refinement.calculators import calculator_named
from zeocryst.refinement.reference import above_quartz, quartz, quartz_atoms, silicic_acid_atoms, water
from zeocryst.units import KJ_PER_MOL_PER_EV

#: eV of an atom of each element, of a bond Si-O in quartz, of one to an O with an H, and of O-H.
SI, O, H, BRIDGE, SILANOL, HYDROXYL = -3.0, -2.0, -1.0, -4.0, -4.25, -4.5
#: The sum over bonds, and a spring to the place of the start, so that minima are where the atoms are.
TEXT = f"""
    import numpy as np
    from ase.calculators.calculator import Calculator, all_changes
    from ase.neighborlist import neighbor_list

    class Bonds(Calculator):
        implemented_properties = ["energy", "forces", "stress"]

        def calculate(self, atoms=None, properties=None, system_changes=all_changes):
            super().calculate(atoms, properties, system_changes)
            energy = sum({{14: {SI}, 8: {O}, 1: {H}}}[z] for z in atoms.numbers.tolist())
            i, j = neighbor_list("ij", atoms, {{("Si", "O"): 2.0, ("O", "H"): 1.2}})
            z = atoms.numbers
            hydroxyl = set(i[(z[i] == 8) & (z[j] == 1)].tolist())
            for a, b in zip(i.tolist(), j.tolist()):
                if z[a] == 8:
                    energy += {HYDROXYL} if z[b] == 1 else {SILANOL} if a in hydroxyl else {BRIDGE}
            SPOIL
            self.results = {{"energy": energy, "forces": np.zeros((len(atoms), 3)), "stress": np.zeros(6)}}

    calculator = Bonds()
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(reference, "_found", {})


def bonds(tmp_path, spoil="", name="bonds.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(TEXT).replace("SPOIL", spoil))
    return calculator_named(str(path))


def test_quartz_is_as_published():
    """Si-O of 1.605 and 1.614 Å, Si-O-Si of 143.7 degrees (Levien et al., 1980), each T with four, each O with two."""
    atoms = quartz_atoms()
    assert atoms.get_chemical_formula() == "O6Si3"
    many = quartz_atoms(10.0)
    assert len(many) == 162
    assert zc.identify(many).codes == ("qtz",)
    silicon = np.flatnonzero(many.numbers == 14)[0]
    near = np.argsort(many.get_distances(silicon, range(len(many)), mic=True))[1:5]
    lengths = many.get_distances(silicon, near, mic=True)
    assert sorted(lengths) == pytest.approx([1.605, 1.605, 1.614, 1.614], abs=0.001)
    oxygen = near[0]
    others = np.argsort(many.get_distances(oxygen, range(len(many)), mic=True))[1:3]
    other = next(k for k in others if k != silicon)
    assert many.get_angle(silicon, oxygen, other, mic=True) == pytest.approx(143.7, abs=0.1)


def test_energy_of_quartz_and_of_water(tmp_path):
    method = bonds(tmp_path)
    assert quartz(method).energy_eV == pytest.approx(SI + 2 * O + 4 * BRIDGE)
    assert water(method).energy_eV == pytest.approx(O + 2 * H + 2 * HYDROXYL)


def test_silica_is_compared_with_quartz(tmp_path):
    method = bonds(tmp_path)
    sodalite = zc.framework("SOD")
    energy = method.energy(sodalite, {}) + 12 * 0.1
    found = above_quartz(method, sodalite, energy, {})
    assert found["energy_eV_per_SiO2"] == pytest.approx(SI + 2 * O + 4 * BRIDGE + 0.1)
    assert found["above_quartz_kJ_per_mol"] == pytest.approx(0.1 * KJ_PER_MOL_PER_EV)
    assert "alpha-quartz relaxed with its cell by" in found["reference"]


def test_silanols_are_compared_with_quartz_and_water(tmp_path):
    """Si(OH)4 = SiO2 + 2 H2O: four bonds are those of a silanol instead of a bridge's."""
    method = bonds(tmp_path)
    one = acid()
    energy = method.energy(one, {})
    assert energy == pytest.approx(SI + 4 * O + 4 * H + 4 * SILANOL + 4 * HYDROXYL)
    found = above_quartz(method, one, energy, {})
    assert found["above_quartz_kJ_per_mol"] == pytest.approx(4 * (SILANOL - BRIDGE) * KJ_PER_MOL_PER_EV)
    assert "2 x a molecule of water" in found["reference"]


def acid():
    atoms = silicic_acid_atoms()
    atoms.set_cell([12] * 3)
    atoms.pbc = True
    return atoms


def test_silicic_acid_has_usual_bonds():
    atoms = silicic_acid_atoms()
    assert covalent_bonds(acid()) == Counter(
        {(0, k): 1 for k in range(1, 5)} | {(k, k + 4): 1 for k in range(1, 5)}
    )
    assert atoms.get_angle(0, 1, 5) == pytest.approx(115)
    assert atoms.get_all_distances()[5:, 5:][~np.eye(4, dtype=bool)].min() > 2.4


def dimer():
    """(HO)3Si-O-Si(OH)3, bonds as usual."""
    left = silicic_acid_atoms()
    axis = left.positions[1] / 1.63
    right = silicic_acid_atoms()
    flat = right.positions - 2 * np.outer(right.positions @ axis, axis)
    right.positions = flat + 2 * 1.63 * axis
    dimer = left[[0, 1, 2, 3, 4, 6, 7, 8]] + right[[0, 2, 3, 4, 6, 7, 8]]
    dimer.set_cell([16] * 3)
    dimer.pbc = True
    return dimer


def test_types_of_atoms_are_compared_with_their_like(tmp_path):
    """2 x (HO)3Si-O-Si(OH)3 = SiO2 + 3 Si(OH)4: as many bonds of each sort on both sides."""
    calculator = bonds(tmp_path)
    typed = type("Typed", (Calculated,), {"breaks_bonds": False})
    method = typed(calculator.name, calculator.source, calculator.calculator, calculator.origin)
    assert dimer().get_chemical_formula() == "H6O7Si2"
    energy = method.energy(dimer(), {})
    assert energy == pytest.approx(2 * SI + 7 * O + 6 * H + 2 * BRIDGE + 6 * SILANOL + 6 * HYDROXYL)
    found = above_quartz(method, dimer(), energy + 0.2, {})
    assert found["above_quartz_kJ_per_mol"] == pytest.approx(0.1 * KJ_PER_MOL_PER_EV)
    assert "1.5 x a molecule of Si(OH)4" in found["reference"]
    other = above_quartz(calculator, dimer(), energy, {})
    assert other["above_quartz_kJ_per_mol"] == pytest.approx(3 * (SILANOL - BRIDGE) * KJ_PER_MOL_PER_EV)


@pytest.mark.parametrize("name", ["slc", "clayff"])
def test_condensation_by_a_force_field_is_of_the_order_of_chemistry(name):
    """3 Si(OH)4 + SiO2 -> 2 dimers: bonds of one sort are exchanged, which is worth little; with water, hundreds."""
    from zeocryst.refinement.methods import method_named

    method = method_named(name)
    end = method.minimize(dimer(), {}, free_cell=False)
    found = above_quartz(method, end.atoms, end.energy_eV, {})
    assert abs(found["above_quartz_kJ_per_mol"]) < 20


def test_no_reference_where_there_is_none(tmp_path):
    method = bonds(tmp_path)
    sodalite = zc.framework("SOD")
    aluminium = sodalite.copy()
    aluminium.numbers[0] = 13
    guest = sodalite + molecule("CH4")
    guest.set_array("molecule", np.array([0] * 36 + [1] * 5))
    for atoms, words in ((aluminium, "there are Al besides"), (guest, "guest molecules")):
        found = above_quartz(method, atoms, -1.0, {})
        assert found["above_quartz_kJ_per_mol"] is None
        assert found["energy_eV_per_SiO2"] is None
        assert words in found["reference"]
    broken = sodalite[:-1]
    found = above_quartz(method, broken, -12.0, {})
    assert found["above_quartz_kJ_per_mol"] is None
    assert found["energy_eV_per_SiO2"] == pytest.approx(-1 if (broken.numbers == 14).sum() == 12 else -12 / 11)
    assert "is no sum of SiO2 and H2O" in found["reference"]


def test_a_method_without_water_has_none_for_silanols(tmp_path):
    method = bonds(tmp_path, "assert (z == 14).any(), 'no silicon'", "dry.py")
    assert above_quartz(method, zc.framework("SOD"), -1.0, {})["above_quartz_kJ_per_mol"] is not None
    found = above_quartz(method, acid(), -1.0, {})
    assert found["above_quartz_kJ_per_mol"] is None
    assert found["energy_eV_per_SiO2"] == -1.0
    assert "describes no water" in found["reference"]
    assert "no silicon" in found["reference"]


def test_quartz_that_does_not_stay_quartz_is_no_reference(tmp_path):
    """Under a tension without end the cell grows until it is said."""
    spoiled = TEXT.replace('"stress": np.zeros(6)', '"stress": np.array([-0.02, -0.02, -0.02, 0, 0, 0])')
    path = tmp_path / "growing.py"
    path.write_text(textwrap.dedent(spoiled).replace("SPOIL", "energy -= 0.02 * atoms.get_volume()"))
    found = above_quartz(calculator_named(str(path)), zc.framework("SOD"), -1.0, {})
    assert found["above_quartz_kJ_per_mol"] is None
    assert "quartz" in found["reference"]


def test_quartz_is_not_computed_for_what_is_far_smaller(tmp_path):
    """At the Γ point alone quartz takes 162 atoms, and hours; for nine atoms of silicic acid that is too much."""
    pytest.importorskip("tblite")
    found = above_quartz(calculator_named("gfn2"), acid(), -1.0, {})
    assert found["above_quartz_kJ_per_mol"] is None
    assert "quartz would need 162 atoms with gfn2, far more than there are here (9)" in found["reference"]


def test_it_is_computed_once(tmp_path):
    method = bonds(tmp_path, "print('computing', len(atoms))")
    first = quartz(method)
    count = method.calculator.get_property
    method.calculator.calculate = None  # would fail
    assert quartz(method) is first
    assert count is not None


def test_another_file_has_its_own(tmp_path):
    first, second = bonds(tmp_path), bonds(tmp_path, "energy += len(atoms)", "other.py")
    assert quartz(second).energy_eV == pytest.approx(quartz(first).energy_eV + 3)
