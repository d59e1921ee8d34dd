"""Triclinic cells: GSD's conventions and ASE's, wrapping and lattice geometry, written once.

A cell is a (3, 3) array in Å whose rows are the lattice vectors, as in ASE. GSD keeps a box
(Lx, Ly, Lz, xy, xz, yz) whose vectors are the rows of::

    (Lx, 0, 0), (xy Ly, Ly, 0), (xz Lz, yz Lz, Lz)

and puts the origin in the middle of the box; ASE puts it in the corner. `frame_to_atoms` and
`atoms_to_frame` move between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.errors import InputError

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A lattice vector that is so many times as long as the cell is high along it belongs to a very skewed cell.
MOST_SKEWED = 8.0


def box_to_cell(box: ArrayLike) -> Floats:
    """Lattice vectors of a GSD box.

    Parameters
    ----------
    box : (6,) array
        Lx, Ly, Lz in Å and the tilt factors xy, xz, yz.

    Returns
    -------
    (3, 3) array
        One lattice vector a row, Å.
    """
    lx, ly, lz, xy, xz, yz = np.asarray(box, dtype=float)
    return np.array([[lx, 0.0, 0.0], [xy * ly, ly, 0.0], [xz * lz, yz * lz, lz]])


def cell_to_box(cell: ArrayLike) -> tuple[Floats, Floats]:
    """The GSD box of any right-handed cell, and the rotation that takes the cell there.

    Returns
    -------
    box : (6,) array
    rotation : (3, 3) array
        `positions @ rotation.T` are the coordinates in the box's axes.

    Raises
    ------
    InputError
        The cell has no volume, or is left-handed.
    """
    from ase.cell import Cell

    matrix = np.asarray(cell, dtype=float)
    if not np.isfinite(matrix).all() or np.linalg.det(matrix) <= 1e-9:
        raise InputError(
            "the cell has no volume or is left-handed: three right-handed lattice vectors are needed"
        )
    standard, rotation = Cell(matrix).standard_form()
    (lx, _, _), (bx, ly, _), (cx, cy, lz) = np.asarray(standard)
    return np.array([lx, ly, lz, bx / ly, cx / lz, cy / lz]), np.asarray(rotation)


def volume(cell: ArrayLike) -> float:
    """Volume of a cell, Å^3."""
    return float(abs(np.linalg.det(np.asarray(cell, dtype=float))))


def wrap(positions: ArrayLike, cell: ArrayLike, *, centred: bool = False) -> Floats:
    """Positions (N, 3) moved by lattice vectors into the cell, Å.

    Fractional coordinates come out in [0, 1), or in [-1/2, 1/2) with `centred` (GSD's habit).
    """
    matrix = np.asarray(cell, dtype=float)
    offset = 0.5 if centred else 0.0
    fractional = np.asarray(positions, dtype=float) @ np.linalg.inv(matrix) + offset
    fractional -= np.floor(fractional)
    fractional[fractional >= 1.0] = 0.0  # floor of -1e-17 leaves exactly 1
    return np.asarray((fractional - offset) @ matrix)


def wrap_counting(positions: ArrayLike, cell: ArrayLike) -> tuple[Floats, Ints]:
    """Positions wrapped as GSD has them, and how many lattice vectors each was moved by.

    Returns
    -------
    inside : (N, 3) array, Å
        Fractional coordinates in [-1/2, 1/2).
    turns : (N, 3) int array
        ``positions = inside + turns @ cell``: what has to be added to the images.
    """
    inside = wrap(positions, cell, centred=True)
    moved = np.asarray(positions, dtype=float) - inside
    return inside, np.round(moved @ np.linalg.inv(np.asarray(cell, dtype=float))).astype(np.int64)


def heights(cell: ArrayLike) -> Floats:
    """The three distances between opposite faces of a cell, (3,) Å."""
    inverse = np.linalg.inv(np.asarray(cell, dtype=float))
    return np.asarray(1.0 / np.linalg.norm(inverse, axis=0))


def shortest_vector(cell: ArrayLike) -> float:
    """Length of the shortest lattice vector (as far as Minkowski reduction is needed to tell), Å.

    No lattice vector is shorter than the least of `heights`; where that is far from any bond's length it is
    given instead, since reduction is slow.
    """
    from ase.geometry import minkowski_reduce

    least = float(heights(cell).min())
    if least > 10.0:
        return least
    return float(np.linalg.norm(minkowski_reduce(np.asarray(cell, dtype=float))[0], axis=1).min())


def unskewed(cell: ArrayLike) -> Floats:
    """A cell of the same lattice that is not much skewed: the cell itself, unless it is very much so."""
    from ase.geometry import minkowski_reduce

    matrix = np.asarray(cell, dtype=float)
    if (np.linalg.norm(matrix, axis=1) < MOST_SKEWED * heights(matrix)).all():
        return matrix
    reduced = np.asarray(minkowski_reduce(matrix)[0])
    return -reduced if np.linalg.det(reduced) * np.linalg.det(matrix) < 0 else reduced


def neighbour_pairs(
    positions: ArrayLike, cell: ArrayLike, cutoff: float, *, full: bool = False
) -> tuple[Ints, Ints, Ints, Floats]:
    """All pairs closer than `cutoff` (Å) with their lattice images, by vesin.

    Returns
    -------
    i, j : (P,) int arrays
    shift : (P, 3) int array
        The pair vector is ``positions[j] + shift @ cell - positions[i]``.
    distance : (P,) float array, Å
    """
    from vesin import NeighborList

    search = NeighborList(cutoff=cutoff, full_list=full)
    points, box = np.asarray(positions, dtype=float), np.asarray(cell, dtype=float)
    i, j, shift, distance = search.compute(points, box, True, quantities="ijSd")
    return i.astype(np.int64), j.astype(np.int64), shift.astype(np.int64), distance


def frame_to_atoms(frame: gsd.hoomd.Frame, symbols: dict[str, str]) -> Atoms:
    """An `ase.Atoms` of the beads of a frame, with the cell's corner as the origin.

    Parameters
    ----------
    frame
        Types, positions (N, 3) Å and box.
    symbols
        Chemical symbol of each bead type, e.g. ``{"T": "Si", "S": "X"}``.
    """
    from ase import Atoms

    cell = box_to_cell(frame.configuration.box)
    names = [symbols[frame.particles.types[k]] for k in frame.particles.typeid]
    positions = np.asarray(frame.particles.position, dtype=float) + cell.sum(axis=0) / 2
    return Atoms(names, positions=wrap(positions, cell), cell=cell, pbc=True)


def make_frame(
    positions: ArrayLike,
    cell: ArrayLike,
    typeid: ArrayLike,
    types: list[str],
    masses: dict[str, float],
) -> gsd.hoomd.Frame:
    """A frame from positions whose origin is the cell's corner, the cell in any orientation.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
    typeid : (N,) int array
    types
        Names of the types.
    masses
        Mass of each type, amu.
    """
    import gsd.hoomd

    box, rotation = cell_to_box(cell)
    matrix = box_to_cell(box)
    centred = np.asarray(positions, dtype=float) @ rotation.T - matrix.sum(axis=0) / 2
    frame = gsd.hoomd.Frame()
    frame.configuration.box = box
    frame.configuration.step = 0
    frame.particles.N = len(centred)
    frame.particles.types = list(types)
    frame.particles.typeid = np.asarray(typeid, dtype=np.uint32)
    frame.particles.position = wrap(centred, matrix, centred=True)
    frame.particles.mass = np.array([masses[types[k]] for k in np.asarray(typeid)])
    frame.particles.velocity = np.zeros((len(centred), 3))
    frame.particles.image = np.zeros((len(centred), 3), dtype=np.int32)
    return frame


def atoms_to_frame(atoms: Atoms, types: dict[str, str], masses: dict[str, float]) -> gsd.hoomd.Frame:
    """A frame from an `ase.Atoms`; `types` gives the bead type of each chemical symbol.

    Raises
    ------
    InputError
        A symbol of `atoms` is not in `types`.
    """
    symbols = list(atoms.get_chemical_symbols())
    unknown = sorted(set(symbols) - set(types))
    if unknown:
        raise InputError(f"no bead type is given for {', '.join(unknown)}; given: {types}")
    names = sorted(set(types.values()), reverse=True)  # T before S, as in the published model
    typeid = [names.index(types[s]) for s in symbols]
    return make_frame(atoms.positions, atoms.cell[:], typeid, names, masses)
