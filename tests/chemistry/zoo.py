"""Frameworks with what stands in their channels, made from the references."""

import ase
import numpy as np

from zeocryst.cell import neighbour_pairs

CORNERS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5
FACES = np.vstack([np.eye(3), -np.eye(3)])
#: Groups of atoms: symbol, place, and how near it may come to an atom of the framework, Å.
GUESTS = {
    "water": [("O", (0, 0, 0), 2.3), ("H", (0.96, 0, 0), 1.5), ("H", (-0.24, 0.93, 0), 1.5)],
    "sodium": [("Na", (0, 0, 0), 2.3)],
    "bare Al": [("Al", (0, 0, 0), 1.75)],
    **{f"bare {m}": [(m, (0, 0, 0), 1.9)] for m in ("Li", "Mg", "Zn", "Cu", "Fe", "Co", "Ni", "Mn")},
    **{
        f"hydrated {m}": [(m, (0, 0, 0), 2.4), *(("O", tuple(2.05 * v), 2.3) for v in FACES)]
        for m in ("Al", "Mg", "Zn", "Li")
    },
    "phosphonium": [("P", (0, 0, 0), 2.4), *(("C", tuple(1.8 * v), 2.2) for v in CORNERS)],
    "tetrafluoroborate": [("B", (0, 0, 0), 2.4), *(("F", tuple(1.4 * v), 2.2) for v in CORNERS)],
}


def silica(atoms):
    """T and O of a reference."""
    atoms = atoms[(atoms.numbers == 14) | (atoms.numbers == 8)]
    atoms.info = {}
    atoms.pbc = True
    return atoms


def with_guest(atoms, name, rng, tries=200):
    """The framework with a group at a random place of its channels; None where none was found."""
    group = GUESTS[name]
    places, limits = np.array([g[1] for g in group], dtype=float), np.array([g[2] for g in group])
    for _ in range(tries):
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        mine = places @ turn.T + rng.uniform(size=3) @ atoms.cell[:]
        i, j, _, d = neighbour_pairs(np.vstack([atoms.positions, mine]), atoms.cell[:], 2.6, full=True)
        guest = i >= len(atoms)
        to_framework, own = guest & (j < len(atoms)), guest & (j >= len(atoms))
        inside = len(group) * (len(group) - 1)
        if (d[to_framework] > limits[i[to_framework] - len(atoms)]).all() and own.sum() <= inside:
            made = atoms + ase.Atoms([g[0] for g in group], mine)
            made.pbc = True
            return made
    return None
