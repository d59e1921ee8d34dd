"""Atoms with a topology in HOOMD-blue, against LAMMPS."""

import numpy as np
import pytest
from ase.neighborlist import neighbor_list
from atom_topologies import quartz, rattled

from zeocryst.engines import engine_modules
from zeocryst.engines.atomistic import atomistic_engine
from zeocryst.errors import InputError
from zeocryst.model.topology import Coulomb, PairTerm, Terms, Topology

HERE = engine_modules()["hoomd"].offer("cpu")
pytestmark = [pytest.mark.hoomd, pytest.mark.skipif(not HERE.preference, reason=HERE.reason)]


def silica(kind="bks"):
    """Quartz, displaced, with BKS or with Lennard-Jones, bonds and angles."""
    atoms = rattled(quartz(5, 5, 4), 0.05, seed=3)
    which = np.where(atoms.numbers == 14, 0, 1)
    rest, charge = {}, np.array([2.4, -1.2])
    pairs = (
        PairTerm(("Si", "O"), "buck", (18003.7572, 1 / 4.87318, 133.5381)),
        PairTerm(("O", "O"), "buck", (1388.7730, 1 / 2.76, 175.0)),
    )
    if kind == "bonded":
        i, j, vectors = neighbor_list("ijD", atoms, {("Si", "O"): 2.0})
        mine = which[i] == 0
        i, j, vectors = i[mine], j[mine], vectors[mine]
        angles = [(j[a], i[a], j[b]) for a in range(len(i)) for b in range(a) if i[a] == i[b]]
        pairs = (
            PairTerm(("O", "O"), "lj/cut", (0.0067, 3.17)),
            PairTerm(("Si", "O"), "morse", (0.3, 2.0, 1.6)),
        )
        charge = np.array([1.2, -0.6])
        rest["bonds"] = Terms(np.c_[i, j], np.zeros(len(i), int), ("Si-O",), (("harmonic", (12.0, 1.61)),))
        rest["angles"] = Terms(
            np.array(angles), np.zeros(len(angles), int), ("O-Si-O",), (("harmonic", (1.0, 109.47)),)
        )
    return atoms, Topology(
        types=("Si", "O"),
        masses=np.array([28.0855, 15.9994]),
        kind=which,
        charge=charge[which],
        molecule=np.zeros(len(atoms), int),
        core=np.full(len(atoms), -1),
        pairs=pairs,
        **rest,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bks", "bonded"])
def test_energy_and_minimum_are_those_of_lammps(kind):
    atoms, topology = silica(kind)
    hoomd, lammps = atomistic_engine("hoomd"), atomistic_engine("lammps")
    expected = lammps.energy(atoms, topology)
    assert hoomd.energy(atoms, topology) == pytest.approx(expected, rel=1e-4)
    here = hoomd.minimize(atoms, topology, force_tolerance=0.03)
    there = lammps.minimize(atoms, topology, force_tolerance=0.03)
    assert here.converged
    assert here.energy_eV < expected - 1
    assert here.energy_eV == pytest.approx(there.energy_eV, rel=1e-4)
    assert np.abs(here.atoms.positions - there.atoms.positions).max() < 0.05


def test_what_it_has_no_force_for_is_refused():
    atoms, topology = silica()
    hoomd = atomistic_engine("hoomd")
    with pytest.raises(InputError, match="dsf"):
        hoomd.energy(atoms, Topology(**{**vars(topology), "coulomb": Coulomb("dsf")}))
    with pytest.raises(InputError, match="no buck24|style buck24"):
        hoomd.energy(
            atoms, Topology(**{**vars(topology), "pairs": (PairTerm(("Si", "O"), "buck24", (1, 1, 1, 1)),)})
        )
    small = atoms[:9]
    small.cell = [5, 5, 5.5, 90, 90, 120]
    with pytest.raises(InputError, match="faces"):
        hoomd.energy(small, silica()[1])
    with pytest.raises(InputError, match="free cell"):
        hoomd.minimize(atoms, topology, free_cell=True)
