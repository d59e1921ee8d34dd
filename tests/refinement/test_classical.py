"""Frameworks, silanols, acid sites, cations and guests relaxed by the shipped force fields."""

import numpy as np
import pytest
from ase import Atoms
from silicates import framework, with_aluminium, with_silanols

import zeocryst as zc
from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.molecules.named import molecule_named
from zeocryst.molecules.uff import uff_topology
from zeocryst.refinement.bonding import compare_bonds, covalent_bonds
from zeocryst.refinement.methods import method_named
from zeocryst.refinement.reference import quartz_atoms
from zeocryst.refinement.typing import surroundings


def lengths(atoms, pairs):
    return np.array([atoms.get_distance(int(a), int(b), mic=True) for a, b in pairs])


@pytest.mark.parametrize("name", ["slc", "clayff"])
def test_a_nest_of_silanols(name):
    atoms = with_silanols()
    relaxed = method_named(name).minimize(atoms, {}, free_cell=False)
    changed = compare_bonds(covalent_bonds(atoms), relaxed.atoms)
    found = surroundings(relaxed.atoms, ["Si"], "test")
    assert relaxed.converged
    assert changed.lost == changed.gained == []
    assert changed.protons_lost == 0
    o_h = lengths(relaxed.atoms, found.o_h)
    assert len(o_h) == 4
    assert 0.93 < o_h.min()
    assert o_h.max() < 1.05
    # SLC with Schröder's OH makes the Si-O of silanols 1.54 Å, which is short by 0.08 Å
    terminal = [(t, o) for t, o in found.t_o.tolist() if found.roles[o] == "terminal"]
    assert 1.52 < lengths(relaxed.atoms, terminal).min() < lengths(relaxed.atoms, terminal).max() < 1.70
    assert relaxed.atoms.arrays["charge"].sum() == pytest.approx(0, abs=1e-9)
    assert set(relaxed.atoms.arrays["type"]) <= {"Si", "O", "O_h", "H", "st", "ob", "oh", "ho"}


def test_acid_sites_of_slc():
    """Al-O(H) 1.85 to 1.95 Å (K.-P. Schröder et al., Chem. Phys. Lett. 188, 320 (1992): 1.89 Å in faujasite)."""
    relaxed = method_named("slc").minimize(with_aluminium("H"), {}, free_cell=True).atoms
    found = surroundings(relaxed, ["Si", "Al"], "test")
    ((o, _),) = found.o_h.tolist()
    bonds = {relaxed.symbols[t]: relaxed.get_distance(t, o, mic=True) for t, k in found.t_o.tolist() if k == o}
    assert 1.85 < bonds["Al"] < 1.95
    assert 1.66 < bonds["Si"] < 1.72
    assert 0.93 < lengths(relaxed, found.o_h)[0] < 1.05


def test_sodium_beside_aluminium():
    """Al-O of aluminosilicates is 1.73 Å (W. H. Baur, Acta Cryst. B 34, 1751 (1978): 1.75 Å)."""
    relaxed = method_named("slc").minimize(with_aluminium("Na"), {}, free_cell=False).atoms
    found = surroundings(relaxed, ["Si", "Al"], "test")
    al = [(t, o) for t, o in found.t_o.tolist() if relaxed.symbols[t] == "Al"]
    assert lengths(relaxed, al).mean() == pytest.approx(1.73, abs=0.03)
    sodium = len(relaxed) - 1
    near = np.sort(relaxed.get_distances(sodium, np.flatnonzero(relaxed.numbers == 8), mic=True))
    assert 2.2 < near[0] < 2.9


def test_a_rough_start_comes_to_the_same_minimum():
    atoms = framework()
    method = method_named("slc")
    smooth, shaken = method.minimize(atoms, {}, free_cell=False), atoms.copy()
    shaken.rattle(0.15, seed=4)
    rough = method.minimize(shaken, {}, free_cell=False)
    assert smooth.notes == ()
    assert "smoothed first" in rough.notes[0]
    assert "clayff" in rough.notes[0]
    assert compare_bonds(covalent_bonds(atoms), rough.atoms).lost == []
    assert rough.energy_eV / 12 == pytest.approx(smooth.energy_eV / 12, abs=0.02)


#: DREIDING's D0 (kcal/mol) and R0 (Å) of this test, from the paper (../shared/silicate_forcefields.md).
DREIDING = {
    "H": (0.0152, 3.195),
    "C": (0.0951, 3.8983),
    "N": (0.0774, 3.6621),
    "O": (0.0957, 3.4046),
    "Si": (0.31, 4.27),
}


def across_eV(atoms, molecule):
    """DREIDING's terms between different molecules, and molecules and framework."""
    i, j, shift, r = neighbour_pairs(atoms.positions, atoms.cell[:], 10.0)
    apart = (molecule[i] != molecule[j]) | ((molecule[i] > 0) & shift.any(axis=1))
    total = 0.0
    symbols = atoms.get_chemical_symbols()
    for a, b, d in zip(i[apart], j[apart], r[apart], strict=True):
        (d1, r1), (d2, r2) = DREIDING[symbols[a]], DREIDING[symbols[b]]
        x = (r1 + r2) / 2 / d
        total += (d1 * d2) ** 0.5 * (x**12 - 2 * x**6) * 0.0433641
    return total


def rdkit_eV(molecule, positions):
    """RDKit's own UFF."""
    from rdkit import Chem
    from rdkit.Chem import rdForceFieldHelpers as helpers

    shaped = Chem.Mol(molecule.rdkit)
    conformer = Chem.Conformer(len(molecule))
    for k, place in enumerate(positions.tolist()):
        conformer.SetAtomPosition(k, place)
    shaped.AddConformer(conformer)
    field = helpers.UFFGetMoleculeForceField(shaped, vdwThresh=100.0, ignoreInterfragInteractions=False)
    return field.CalcEnergy() * 0.0433641


def with_guests(places):
    """Tetramethylammonium, at places in a box of silica that is far away, or nowhere."""
    tma = molecule_named("TMA")
    atoms = framework().repeat((2, 2, 2))
    number = [0] * len(atoms)
    for k, place in enumerate(places, start=1):
        atoms += Atoms(tma.symbols, tma.conformers[0] + place)
        number += [k] * len(tma)
    atoms.set_array("molecule", np.array(number))
    return atoms, dict.fromkeys(range(1, len(places) + 1), tma)


def test_guests_are_uff_inside_and_dreiding_across():
    edge = framework().cell[0, 0]
    # the cages of SOD are centred at the corner and the middle of its cell
    places = [np.full(3, edge), np.full(3, edge / 2)]
    atoms, guests = with_guests(places)
    method = method_named("clayff")
    which = atoms.arrays["molecule"]
    bare = method.energy(atoms[which == 0], {})
    inside = sum(rdkit_eV(guests[k], atoms.positions[which == k]) for k in guests)
    assert method.energy(atoms, guests) == pytest.approx(bare + inside + across_eV(atoms, which), abs=2e-3)
    assert len(uff_topology(guests[1]).bonds.atoms) == 16
    alone = atoms[which == 1]
    assert method.energy(alone, {1: guests[1]}) == pytest.approx(rdkit_eV(guests[1], alone.positions), abs=1e-4)
    relaxed = method.minimize(atoms, guests, free_cell=False)
    assert compare_bonds(covalent_bonds(atoms), relaxed.atoms).lost == []
    assert "Guest molecules have no charges in clayff" in relaxed.notes[0]  # the framework is neutral by itself


def test_guests_have_charges_where_they_balance_the_framework():
    edge = framework().cell[0, 0]
    atoms, guests = with_guests([np.full(3, edge / 2)])
    silicon = int(np.flatnonzero(atoms.numbers == 14)[0])
    atoms.symbols[silicon] = "Al"
    relaxed = method_named("slc").minimize(atoms, guests, free_cell=False)
    assert relaxed.notes == ()
    charge = relaxed.atoms.arrays["charge"]
    assert charge.sum() == pytest.approx(0, abs=1e-6)
    assert charge[relaxed.atoms.arrays["molecule"] == 1].sum() == pytest.approx(1, abs=1e-6)
    two, more = with_guests([np.full(3, edge / 2), np.zeros(3) + edge])
    two.symbols[silicon] = "Al"
    with pytest.raises(InputError, match=r"framework has a charge of -1 e, its guests \+2 e"):
        method_named("slc").check(two, more)


def test_guests_that_do_not_fit_their_atoms():
    atoms, guests = with_guests([np.full(3, 4.5)])
    method_named("clayff").check(atoms, guests)
    with pytest.raises(InputError, match="no molecule of that number"):
        method_named("clayff").check(atoms, {})
    other = atoms[:-1]
    with pytest.raises(InputError, match="guest 1 .* expected the same in the same order"):
        method_named("clayff").check(other, guests)


def test_a_simulation_keeps_the_framework():
    atoms = framework().repeat((2, 2, 1))
    method = method_named("slc")
    start = method.minimize(atoms, {}, free_cell=False).atoms
    end = method.dynamics(start, {}, time_ps=0.05, temperature_K=300.0, seed=1)
    changed = compare_bonds(covalent_bonds(atoms), end.atoms)
    assert changed.lost == changed.gained == []
    assert not np.allclose(end.atoms.positions, start.positions, atol=1e-3)


def orthosilicic_acid(edge):
    """Si(OH)4 in the corner of a box, across its faces."""
    out = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) / 3**0.5
    side = np.array([(1, -1, 0), (1, 1, 0), (1, 1, 0), (1, -1, 0)]) / 2**0.5
    oxygens = 1.62 * out
    hydrogens = oxygens + 0.97 * (0.42 * out + 0.91 * side)
    return Atoms("SiO4H4", np.vstack([[(0, 0, 0)], oxygens, hydrogens]), cell=[edge] * 3, pbc=True)


def test_an_aggregate_in_a_vacuum():
    """The mesh of the charges' sum need not fill it; atoms come back where they were, in their cell."""
    method = method_named("slc")
    wide, narrow = orthosilicic_acid(70.0), orthosilicic_acid(25.0)
    assert method.energy(wide, {}) == pytest.approx(method.energy(narrow, {}), abs=0.01)
    relaxed = method.minimize(wide, {}, free_cell=False)
    assert "Empty space was left out" in relaxed.notes[0]
    assert np.allclose(relaxed.atoms.cell[:], wide.cell[:])
    assert compare_bonds(covalent_bonds(wide), relaxed.atoms).lost == []
    assert np.abs(relaxed.atoms.positions - wide.positions).max() < 1.5
    assert method.minimize(narrow, {}, free_cell=False).notes == ()


def test_what_broke_goes_on():
    """Atoms that a method returned are taken for what they were, though they could not be typed anew."""
    method = method_named("slc")
    relaxed = method.minimize(framework().repeat((2, 1, 1)), {}, free_cell=False).atoms
    oxygen = int(np.flatnonzero(relaxed.numbers == 8)[0])
    relaxed.positions[oxygen] += 2.5
    assert len(method.topology(relaxed, {})[0].angles.atoms) == 24 * 6
    with pytest.raises(InputError, match="Si with 3 O"):
        method.topology(relaxed.copy(), {})


def test_the_frameworks_that_were_measured_keep_their_bonds():
    """CHA above quartz: 11.4 ± 1.5 kJ/mol measured (Piccione et al., J. Phys. Chem. B 104, 10001 (2000)), SLC 16.2."""
    method = method_named("slc")
    atoms = zc.framework("CHA")
    relaxed = method.minimize(atoms, {}, free_cell=True)
    changed = compare_bonds(covalent_bonds(atoms), relaxed.atoms)
    assert changed.lost == changed.gained == []
    t = int((atoms.numbers == 14).sum())
    assert (relaxed.energy_eV / t + 128.700) * 96.485 == pytest.approx(16.2, abs=0.5)


def test_copies_of_a_repeated_cell_that_come_out_apart_are_told():
    from zeocryst.refinement.classical import _copies_apart

    cell = np.array([[5.0, 0, 0], [1, 6, 0], [0, 0, 7]])
    one = np.array([[0.2, 0.1, 0.3], [2.0, 3.0, 6.9]])
    times = (2, 1, 3)
    offsets = np.array([[i, j, k] for i in range(2) for j in range(1) for k in range(3)]) @ cell
    copies = one + offsets[:, None]
    assert _copies_apart(copies, times, cell) < 1e-12
    wrapped = copies.copy()
    wrapped[4, 1] -= cell[2]  # the same place in the lattice
    assert _copies_apart(wrapped, times, cell) < 1e-12
    copies[3, 0] += [0, 0.3, 0.4]
    assert _copies_apart(copies, times, cell) == pytest.approx(0.5)


def test_a_small_cell_is_repeated_for_a_minimum_and_refused_for_a_simulation():
    method, small = method_named("slc"), quartz_atoms()
    four = small.repeat((2, 2, 1))
    assert method.energy(small, {}) == pytest.approx(method.energy(four, {}) / 4, abs=1e-4)
    alone, many = (method.minimize(atoms, {}, free_cell=True) for atoms in (small, four))
    assert alone.energy_eV == pytest.approx(many.energy_eV / 4, abs=1e-3)
    assert alone.atoms.cell.lengths() * [2, 2, 1] == pytest.approx(many.atoms.cell.lengths(), rel=1e-3)
    assert len(alone.atoms) == len(small)
    with pytest.raises(InputError, match="too small for a simulation with slc: .* repeat it 2 x 2 x 1 times"):
        method.dynamics(small, {}, time_ps=0.01, temperature_K=300.0, seed=1)
    with pytest.raises(InputError, match=r"repeats in all directions; pbc is \[True, True, False\]"):
        method.check(Atoms(small, pbc=[True, True, False]), {})


def test_a_rough_start_that_cannot_be_smoothed_says_so():
    """ClayFF, which smooths for SLC, has no acid sites."""
    method = method_named("slc")
    rough = with_aluminium("H")
    silicon = int(np.flatnonzero(rough.numbers == 14)[3])
    rough.positions[silicon] += [0.45, 0.0, 0.1]
    said = method.minimize(rough, {}, free_cell=False).notes
    assert any("The start is rough" in note and "clayff could not smooth it" in note for note in said)
    assert method.minimize(with_aluminium("H"), {}, free_cell=False).notes == ()
