"""Where guests go in a structure without S beads: the most spacious points of its cages and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.molecules.model import Molecule
from zeocryst.network.voids import void_centres

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]

#: Distance to the nearest atom that a room has at least, Å: for an atom alone (F- in double four-rings), and
#: what half the thickness of a molecule adds. So for TMA it is 3.5: double six-rings, where nothing fits, have
#: 3.0, the small cages of DOH 3.9.
LEAST_ROOM_A, FOR_THICKNESS = 2.5, 0.5
#: Least distance of two centres, Å, for small guests; where no molecule says its own; and what is added to a
#: molecule's length: the van der Waals radii of the hydrogens at its ends, which may interlock.
LEAST_APART_A, APART_A, ENDS_A = 4.5, 6.0, 1.6
#: The room that is asked for where no molecule says its own, Å.
ROOM_A = 3.5


def centres(atoms: Atoms, molecule: Molecule | None = None) -> Floats:
    """The most spacious points of the void, the widest first, no two nearer than guests are long.

    See `zeocryst.network.voids.void_centres`.

    Parameters
    ----------
    atoms
        The framework, periodic.
    molecule
        What is to go there: how wide a room has to be, and how far apart centres are.

    Returns
    -------
    (K, 3) array, Å
        Inside the cell. Empty where the structure is dense.
    """
    if not atoms.pbc.all() or abs(np.linalg.det(atoms.cell[:])) < 1e-6:
        raise InputError("centres of cages are looked for in a framework that repeats; this one has no cell")
    least, spacing = (ROOM_A, APART_A) if molecule is None else _needs(molecule)
    return void_centres(atoms.positions, np.asarray(atoms.cell[:]), least=least, spacing=spacing, digits=2)


def _needs(molecule: Molecule) -> tuple[float, float]:
    """The room of a molecule, and how far from the next it lies, by its first shape, Å."""
    shape = molecule.conformers[0]
    length = float(np.linalg.norm(shape[:, None] - shape, axis=2).max())
    axes = np.linalg.svd(shape - shape.mean(axis=0), full_matrices=False)[2]
    thick = float(np.abs((shape - shape.mean(axis=0)) @ axes.T).max(axis=0).min()) if len(shape) > 2 else 0.0
    return LEAST_ROOM_A + FOR_THICKNESS * thick, max(LEAST_APART_A, length + ENDS_A)
