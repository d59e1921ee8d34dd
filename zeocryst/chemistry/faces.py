"""Directions in which a structure does not go on: a slab, a rod, a molecule.

Everything that follows bonds knows periodic cells alone, as GSD does. So a structure that ends is given room:
its cell becomes long enough in that direction that nothing reaches across.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.errors import InputError

Floats = NDArray[np.float64]

#: Room between a structure and its next image, Å: more than anything that is measured reaches.
ROOM_A = 12.0
#: A structure longer than this in a direction that does not repeat is none, Å.
LONGEST_A = 1e5
#: Names of the lattice vectors.
AXES = "abc"


def closed_cell(positions: ArrayLike, cell: ArrayLike, pbc: ArrayLike) -> Floats:
    """A periodic cell in which nothing is near to an image of itself over an open face.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
        Rows are lattice vectors; those that do not repeat may be zero.
    pbc : (3,) array of bool
        In which directions it repeats.

    Returns
    -------
    (3, 3) array, Å
        Right-handed. A vector that repeats, or is long enough, is as it was.

    Raises
    ------
    InputError
        A vector that repeats is missing, all lie in a plane, or the structure is endless.
    """
    from ase.geometry import complete_cell

    matrix = np.array(cell, dtype=float)
    repeats = np.asarray(pbc, dtype=bool) & np.ones(3, dtype=bool)
    length = np.linalg.norm(matrix, axis=1)
    given = length > 1e-6
    none = not np.isfinite(matrix).all() or (repeats & ~given).any()
    if none or (repeats.all() and abs(np.linalg.det(matrix)) <= max(1e-6, 1e-12 * length.prod())):
        raise InputError("the cell has no volume; a periodic structure with three cell vectors is needed")
    if not repeats.all():
        if np.linalg.matrix_rank(matrix[given], tol=1e-6) < given.sum():
            matrix[~repeats] = 0.0
        matrix = np.array(complete_cell(matrix))
        for axis in np.flatnonzero(~repeats):
            matrix[axis] *= _stretch(np.asarray(positions, dtype=float), matrix, int(axis))
    return -matrix if np.linalg.det(matrix) < 0 else matrix


def _stretch(positions: Floats, cell: Floats, axis: int) -> float:
    """By how much a lattice vector has to be longer."""
    normal = np.cross(cell[axis - 2], cell[axis - 1])
    normal /= np.linalg.norm(normal)
    along = positions @ normal
    length = float(along.max() - along.min()) if len(along) else 0.0
    if length > LONGEST_A:
        far = int(np.abs(along - np.median(along)).argmax())
        raise InputError(
            f"along {AXES[axis]}, where it does not repeat, the structure is {length:.3g} Å long; "
            f"atom {far + 1} (counted from 1) lies farthest out"
        )
    return max(1.0, (length + ROOM_A) / abs(float(cell[axis] @ normal)))


def open_in_words(pbc: ArrayLike) -> str:
    """What is said of a structure that ends."""
    repeats = np.asarray(pbc, dtype=bool) & np.ones(3, dtype=bool)
    if repeats.all():
        return ""
    letters = " ".join("T" if r else "F" for r in repeats)
    ends = ", ".join(AXES[k] for k in np.flatnonzero(~repeats))
    return f'it does not repeat along {ends} (pbc "{letters}"): no bond goes across there'
