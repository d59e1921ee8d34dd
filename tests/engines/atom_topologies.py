"""Quartz, argon and others with their topologies, for the tests of engines of atoms."""

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal

from zeocryst.model.topology import Coulomb, PairTerm, Terms, Topology


def slc(atoms, *, bond=2.0, farthest=9.0, **coulomb):
    """SLC of pure silica: Sanders, Leslie, Catlow, J. Chem. Soc. Chem. Commun. 1984, 1271."""
    n, oxygen = len(atoms), np.flatnonzero(atoms.numbers == 8)
    shell = np.full(n, -1)
    shell[oxygen] = n + np.arange(len(oxygen))
    kind = np.r_[np.where(atoms.numbers == 14, 0, 1), np.full(len(oxygen), 2)]
    triplets = []
    t, near, vectors = neighbor_list("ijD", atoms, {("Si", "O"): bond})
    for si in np.flatnonzero(atoms.numbers == 14):
        around = np.flatnonzero(t == si)
        for k, i in enumerate(around):
            for j in around[:k]:
                if np.linalg.norm(vectors[i] - vectors[j]) < farthest:
                    triplets.append((shell[near[i]], si, shell[near[j]]))
    return Topology(
        types=("Si", "O_core", "O_shell"),
        masses=np.array([28.0855, 15.7994, 0.2]),
        kind=kind,
        charge=np.array([4.0, 0.86902, -2.86902])[kind],
        molecule=np.zeros(len(kind), int),
        core=np.r_[np.full(n, -1), oxygen],
        bonds=Terms(
            np.c_[oxygen, shell[oxygen]], np.zeros(len(oxygen), int), ("spring",), (("harmonic", (37.46, 0.0)),)
        ),
        angles=Terms(
            np.array(triplets), np.zeros(len(triplets), int), ("O-Si-O",), (("harmonic", (1.04862, 109.47)),)
        ),
        pairs=(
            PairTerm(("Si", "O_shell"), "buck", (1283.907, 0.32052, 10.66158), 10.0),
            PairTerm(("O_shell", "O_shell"), "buck", (22764.0, 0.149, 27.879), 12.0),
        ),
        coulomb=Coulomb(**coulomb),
    )


def quartz(*times):
    """Alpha-quartz: Levien, Prewitt, Weidner, Am. Mineral. 65, 920 (1980)."""
    cell = crystal(
        ["Si", "O"],
        [(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.7858)],
        spacegroup=154,
        cellpar=[4.916, 4.916, 5.4054, 90, 90, 120],
    )
    return cell.repeat(times) if times else cell


def rattled(atoms, size=0.03, seed=1):
    moved = atoms.copy()
    moved.positions += np.random.default_rng(seed).normal(0, size, moved.positions.shape)
    return moved


def simple(symbols, positions, *, charge=0.0, cell=None, pairs=(), **other):
    """Atoms of one type for each element, without bonds but those in `other`."""
    atoms = Atoms(symbols, positions=positions, cell=cell, pbc=cell is not None)
    types = tuple(sorted(set(atoms.symbols)))
    kind = np.array([types.index(s) for s in atoms.symbols])
    topology = Topology(
        types=types,
        masses=np.full(len(types), 16.0),
        kind=kind,
        charge=np.zeros(len(atoms)) + charge,
        molecule=np.zeros(len(atoms), int),
        core=np.full(len(atoms), -1),
        pairs=tuple(pairs),
        **other,
    )
    return atoms, topology
