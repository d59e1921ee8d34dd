"""Atoms in a box as engines want it, and the way back.

An engine's first lattice vector lies along x and its second in the plane of x and y. Any cell is reduced
(Minkowski) and turned there; what comes back is turned and given the old lattice vectors again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.model.topology import Topology

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Array of `ase.Atoms` with where the shell is, seen from its core, Å.
SHELL = "shell"
#: Room left around what does not repeat, beyond the cut-offs, Å.
MARGIN_A = 5.0


def check_volume(atoms: Atoms) -> None:
    """Raise `InputError` where a cell that repeats has no volume."""
    if atoms.pbc.any() and abs(np.linalg.det(atoms.cell.array)) < 1e-6:
        raise InputError(f"the cell {atoms.cell.array.tolist()} has no volume; expected three vectors")


class Placed:
    """Particles of atoms in an engine's box.

    Parameters
    ----------
    atoms
        Periodic in all directions or in none.
    topology
        Its shells start where the array ``shell`` says, else on their cores.

    Attributes
    ----------
    cell : (3, 3) array
        The engine's lattice vectors, Å.
    positions : (N, 3) array
        Of all particles, not wrapped, Å.
    """

    def __init__(self, atoms: Atoms, topology: Topology) -> None:
        self._atoms = atoms
        self._cores = len(atoms)
        self._shells = topology.shells
        self._core = topology.core[self._shells]
        places = np.asarray(atoms.positions, dtype=float)
        displaced = atoms.arrays.get(SHELL, np.zeros_like(places))[self._core]
        places = np.vstack([places, places[self._core] + displaced])
        if not np.isfinite(places).all():
            bad = int(np.flatnonzero(~np.isfinite(places).all(axis=1))[0])
            raise InputError(f"atom {bad} is at {places[bad]}; expected three numbers")
        self.periodic = bool(atoms.pbc.all())
        if not self.periodic and atoms.pbc.any():
            raise InputError(
                f"the atoms are periodic in {int(atoms.pbc.sum())} of 3 directions; expected all or none (put "
                "room into the cell and make it periodic in all)"
            )
        if self.periodic:
            from ase.geometry import minkowski_reduce

            check_volume(atoms)
            reduced, operation = minkowski_reduce(atoms.cell.array)
            if np.linalg.det(reduced) < 0:
                reduced, operation = -reduced, -operation
            self._operation = np.asarray(operation)
            self._low = np.zeros(3)
        else:
            room = 2 * topology.reach_A + MARGIN_A
            self._low = places.min(axis=0) - room / 2
            reduced = np.diag(np.ptp(places, axis=0) + room)
            self._operation = np.eye(3)
        self.cell: Floats = np.linalg.cholesky(reduced @ reduced.T)
        self._turn = np.linalg.solve(reduced, self.cell)
        self.positions: Floats = (places - self._low) @ self._turn

    def wrapped(self) -> tuple[Floats, Ints]:
        """Positions inside the box, and the lattice vectors that were taken off each."""
        fractional = self.positions @ np.linalg.inv(self.cell)
        images = np.floor(fractional).astype(np.int64)
        return self.positions - images @ self.cell, images

    def turned(self, vectors: Floats) -> Floats:
        """Vectors (N, 3) of the engine's frame, such as forces, in that of the atoms."""
        return np.asarray(vectors @ self._turn.T)

    def turned_tensor(self, tensor: Floats) -> Floats:
        """A tensor (3, 3) of the engine's frame in that of the atoms."""
        return np.asarray(self._turn @ tensor @ self._turn.T)

    def back(self, positions: Floats, cell: Floats) -> Atoms:
        """The atoms at new positions (not wrapped) in a new box.

        Parameters
        ----------
        positions : (N, 3) array
            Of all particles in the engine's frame, Å.
        cell : (3, 3) array
            The engine's lattice vectors, Å.
        """
        atoms = self._atoms.copy()
        places = positions @ self._turn.T + self._low
        if self.periodic and not np.array_equal(cell, self.cell):
            atoms.set_cell(np.linalg.inv(self._operation) @ cell @ self._turn.T)
        atoms.positions = places[: self._cores]
        if len(self._shells):
            displaced = np.zeros((self._cores, 3))
            displaced[self._core] = places[self._shells] - places[self._core]
            atoms.set_array(SHELL, displaced, float, (3,))
        return atoms
