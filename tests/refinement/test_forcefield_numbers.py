"""Energies and structures of the shipped force fields, against other programs, the literature and sums written out here."""

import dataclasses

import numpy as np
import pytest
from ase.spacegroup import crystal

from zeocryst.engines.atomistic import atomistic_engine
from zeocryst.errors import InputError
from zeocryst.model.topology import Terms
from zeocryst.refinement.forcefield import read_atomfield
from zeocryst.refinement.methods import method_named
from zeocryst.refinement.topologies import framework_topology

#: Cell and atoms of a silica that learningmatter-mit/gulpy has with GULP 4.5.3's energies at the start
#: (gulpy/parser/tests/files/coreshell.out, MIT licence): Si8O16, shells on their cores.
GULP_CELLPAR = (14.797069, 11.767681, 8.708373, 51.12556, 139.14754, 150.56569)
GULP_ATOMS = """
Si 0.924270 0.120660 0.062410
Si 0.578535 0.289313 0.285098
Si 0.411752 0.577177 0.048429
Si 0.889479 0.777408 0.163877
Si 0.212797 0.145164 0.018434
Si 0.217196 0.741180 0.571200
Si 0.710696 0.232720 0.784698
Si 0.062271 0.683886 0.121989
O 0.171048 0.345415 0.054767
O 0.670908 0.846503 0.054074
O 0.902896 0.950575 0.116608
O 0.816564 0.178533 0.926702
O 0.731411 0.536698 0.225698
O 0.396994 0.220435 0.144060
O 0.645109 0.263784 0.533577
O 0.311429 0.980045 0.198003
O 0.313714 0.362870 0.030615
O 0.313933 0.657231 0.820778
O 0.045686 0.762123 0.381250
O 0.046434 0.967393 0.092307
O 0.136469 0.904361 0.058250
O 0.135545 0.697915 0.348281
O 0.460381 0.988922 0.690667
O 0.882791 0.446249 0.948637
"""
GULP_TOTAL_EV, GULP_THREE_BODY_EV = -966.21714676, 10.42257980
#: GULP's Coulomb constant, eV Å, and how far O may be from the Si of a triplet, and from each other
#: (catlow.lib), Å.
GULP_CONSTANT, GULP_BOND_A, GULP_LONGEST_A = 14.3997584, 1.9, 3.5

#: Energy of alpha-quartz per SiO2, eV, by independent LAMMPS inputs (../shared/silicate_forcefields.md).
QUARTZ_EV = {"slc": -128.700, "clayff": -41.415, "shik": -29.484, "matsui": -36.494, "bks": -58.338}


def quartz(a=4.9134, c=5.4052):
    """Alpha-quartz at 298 K: K. Kihara, Eur. J. Mineral. 2, 63 (1990); sites of Levien et al., Am. Mineral. 65, 920 (1980)."""
    sites = [(0.4697, 0.0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)]
    atoms = crystal(["Si", "O"], sites, spacegroup=154, cellpar=[a, a, c, 90, 90, 120])
    del atoms.arrays["spacegroup_kinds"]
    return atoms


def gulp_structure():
    from ase import Atoms

    rows = [line.split() for line in GULP_ATOMS.split("\n") if line]
    places = np.array([[float(x) for x in row[1:]] for row in rows])
    return Atoms([row[0] for row in rows], scaled_positions=places, cell=GULP_CELLPAR, pbc=True)


def gulp_energies(longest):
    atoms = gulp_structure()
    times = (2, 2, 2)  # its cell is a skewed one, in which bonds are longer than half the shortest vector
    large = atoms.repeat(times)
    topology = framework_topology(large, read_atomfield("slc"))
    first, vertex, second = topology.angles.atoms.T
    arms = large.get_all_distances(mic=True, vector=True)
    one, other = arms[vertex, topology.core[first]], arms[vertex, topology.core[second]]
    bonded = np.maximum(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)) < GULP_BOND_A
    kept = bonded & (np.linalg.norm(one - other, axis=1) < longest)
    angles = Terms(
        topology.angles.atoms[kept],
        topology.angles.kind[kept],
        topology.angles.names,
        topology.angles.coefficients,
    )
    coulomb = dataclasses.replace(topology.coulomb, constant_eV_A=GULP_CONSTANT, accuracy=1e-8)
    topology = dataclasses.replace(topology, angles=angles, coulomb=coulomb)
    found = atomistic_engine().evaluate(large, topology, relax_shells=False)
    return found.energy_eV / 8, found.parts_eV["angle"] / 8


def test_slc_is_that_of_gulp():
    total, three_body = gulp_energies(GULP_LONGEST_A)
    assert three_body == pytest.approx(GULP_THREE_BODY_EV, abs=1e-6)
    assert total == pytest.approx(GULP_TOTAL_EV, abs=1e-3)
    assert gulp_energies(9.0)[1] > GULP_THREE_BODY_EV + 0.1  # the cut-off of triplets matters in this structure


@pytest.mark.parametrize("name", QUARTZ_EV)
def test_quartz_of_each_force_field(name):
    relaxed = method_named(name).minimize(quartz(), {}, free_cell=True)
    a, _, c, *angles = relaxed.atoms.cell.cellpar()
    assert relaxed.converged
    assert relaxed.energy_eV / 3 == pytest.approx(QUARTZ_EV[name], abs=0.01)
    assert [a, c] == pytest.approx([4.9134, 5.4052], rel=0.025)
    assert angles == pytest.approx([90, 90, 120], abs=0.01)


def test_quartz_of_bks_is_the_published_one():
    """B. W. H. van Beest, G. J. Kramer, R. A. van Santen, Phys. Rev. Lett. 64, 1955 (1990): a = 4.941, c = 5.449 Å."""
    a, _, c, *_ = method_named("bks").minimize(quartz(), {}, free_cell=True).atoms.cell.cellpar()
    assert [a, c] == pytest.approx([4.941, 5.449], abs=0.004)


def test_berlinite_of_slc():
    """AlPO4: a = 4.9423, c = 10.9446 Å (N. Thong, D. Schwarzenbach, Acta Cryst. A 35, 658 (1979))."""
    sites = [(0.4664, 0, 1 / 3), (0.4669, 0, 5 / 6), (0.4163, 0.2922, 0.3977), (0.4156, 0.2576, 0.8837)]
    start = crystal(
        ["Al", "P", "O", "O"], sites, spacegroup=152, cellpar=[4.9423, 4.9423, 10.9446, 90, 90, 120]
    )
    del start.arrays["spacegroup_kinds"]
    relaxed = method_named("slc").minimize(start, {}, free_cell=True)
    a, _, c, *_ = relaxed.atoms.cell.cellpar()
    assert relaxed.converged
    assert [a, c] == pytest.approx([4.9423, 10.9446], rel=0.01)
    with pytest.raises(InputError, match="clayff has no parameters for P"):
        method_named("clayff").check(start, {})


def ewald_eV(atoms, charges):
    """Coulomb's energy by pymatgen."""
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Structure

    structure = Structure(
        atoms.cell[:],
        atoms.get_chemical_symbols(),
        atoms.get_scaled_positions(),
        site_properties={"charge": charges},
    )
    structure.add_oxidation_state_by_site(charges)
    return float(EwaldSummation(structure, acc_factor=14).total_energy)


def pairs_eV(atoms, term, cutoff):
    """Sum of ``term(element, element, r)`` over pairs within the cut-off."""
    from zeocryst.cell import neighbour_pairs

    i, j, _, r = neighbour_pairs(atoms.positions, atoms.cell[:], cutoff)
    symbols = atoms.get_chemical_symbols()
    return sum(term(*sorted((symbols[a], symbols[b])), d) for a, b, d in zip(i, j, r, strict=True))


def bks(first, second, r):
    table = {("O", "O"): (1388.773, 2.76, 175.0), ("O", "Si"): (18003.7572, 4.87318, 133.5381)}
    a, b, c = table.get((first, second), (0.0, 1.0, 0.0))
    return a * np.exp(-b * r) - c / r**6


def clayff(first, second, r):
    depth, reach = {"Si": 1.8405e-6, "O": 0.1554}, {"Si": 3.7064, "O": 3.5532}
    d, x = (depth[first] * depth[second]) ** 0.5, (reach[first] + reach[second]) / 2 / r
    return d * (x**12 - 2 * x**6) * 0.0433641


@pytest.mark.parametrize(("name", "term", "charge"), [("bks", bks, 2.4), ("clayff", clayff, 2.1)])
def test_energy_is_the_sum_of_its_terms(name, term, charge):
    atoms = quartz().repeat((2, 2, 1))
    atoms.rattle(0.03, seed=2)
    charges = [charge if s == "Si" else -charge / 2 for s in atoms.get_chemical_symbols()]
    expected = ewald_eV(atoms, charges) + pairs_eV(atoms, term, 10.0)
    assert method_named(name).energy(atoms, {}) == pytest.approx(expected, abs=2e-3)


def test_energy_does_not_depend_on_the_cell_that_is_taken():
    """A small cell is repeated as often as terms of bonded atoms need."""
    atoms = quartz()
    for name in ("slc", "shik"):
        method = method_named(name)
        assert method.energy(atoms, {}) == pytest.approx(
            method.energy(atoms.repeat((3, 2, 2)), {}) / 12, abs=1e-3
        )
