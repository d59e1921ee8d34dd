"""Where guests go in a structure without S beads: the most spacious points of its cages and channels."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights, wrap
from zeocryst.errors import InputError
from zeocryst.molecules.model import Molecule

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
#: Images of atoms so far outside the cell are looked at, Å.
MARGIN_A = 12.0


def centres(atoms: Atoms, molecule: Molecule | None = None) -> Floats:
    """The most spacious points of the void, the widest first, no two nearer than guests are long.

    They are vertices of the Voronoi diagram of all atoms, taken one after the other from the one farthest from
    any atom on: so there is one in each cage, in wide cages and in channels several, evenly stacked.

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
    from scipy.spatial import QhullError, Voronoi, cKDTree

    if not atoms.pbc.all() or abs(np.linalg.det(atoms.cell[:])) < 1e-6:
        raise InputError("centres of cages are looked for in a framework that repeats; this one has no cell")
    least, spacing = (ROOM_A, APART_A) if molecule is None else _needs(molecule)
    cell = np.asarray(atoms.cell[:], dtype=float)
    cloud = _with_margin(wrap(atoms.positions, cell), cell)
    try:
        vertices = Voronoi(cloud).vertices
    except QhullError:
        return np.empty((0, 3))
    fractional = vertices @ np.linalg.inv(cell)
    inside = ((fractional > -1e-6) & (fractional < 1 - 1e-6)).all(axis=1)
    vertices, fractional = vertices[inside], fractional[inside]
    distance, _ = cKDTree(cloud).query(vertices)
    wide = distance >= least
    vertices, fractional, distance = vertices[wide], fractional[wide], distance[wide]
    order = np.lexsort((*np.round(fractional, 3).T, -np.round(distance, 2)))
    return _apart(vertices[order], cell, spacing)


def _needs(molecule: Molecule) -> tuple[float, float]:
    """The room of a molecule, and how far from the next it lies, by its first shape, Å."""
    shape = molecule.conformers[0]
    length = float(np.linalg.norm(shape[:, None] - shape, axis=2).max())
    axes = np.linalg.svd(shape - shape.mean(axis=0), full_matrices=False)[2]
    thick = float(np.abs((shape - shape.mean(axis=0)) @ axes.T).max(axis=0).min()) if len(shape) > 2 else 0.0
    return LEAST_ROOM_A + FOR_THICKNESS * thick, max(LEAST_APART_A, length + ENDS_A)


def _with_margin(positions: Floats, cell: Floats) -> Floats:
    """The atoms and those images that lie up to `MARGIN_A` outside the cell."""
    margin = MARGIN_A / heights(cell)
    most = np.ceil(margin).astype(int)
    fractional = positions @ np.linalg.inv(cell)
    parts = []
    for turn in product(*(range(-m, m + 1) for m in most)):
        moved = fractional + np.array(turn)
        keep = ((moved > -margin) & (moved < 1 + margin)).all(axis=1)
        parts.append(moved[keep])
    return np.asarray(np.concatenate(parts) @ cell)


def _apart(points: Floats, cell: Floats, spacing: float) -> Floats:
    """Points taken in their order, each `spacing` from all taken before; a point's own images do not count."""
    from zeocryst.cell import neighbour_pairs

    if not len(points):
        return np.empty((0, 3))
    i, j, _, _ = neighbour_pairs(points, cell, spacing, full=True)
    open_ = np.ones(len(points), bool)
    starts = np.argsort(i, kind="stable")
    i, j = i[starts], j[starts]
    begin = np.searchsorted(i, np.arange(len(points) + 1))
    taken = []
    for k in range(len(points)):
        if open_[k]:
            taken.append(k)
            open_[j[begin[k] : begin[k + 1]]] = False
    return points[taken]
