"""What lies around a point of a periodic structure, for kernels that place atoms one after the other.

`zeocryst.cell.neighbour_pairs` lists the pairs of a whole structure; here only a few points are asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Grid(NamedTuple):
    """Points sorted into the boxes of a grid over the cell.

    Attributes
    ----------
    points : (N, 3) float array
        Inside the cell, Å.
    begin, members : int arrays
        Box b holds the points ``members[begin[b]:begin[b + 1]]``.
    counts : (3,) int array
        Boxes along each lattice vector.
    steps : (3,) int array
        Boxes to look at on either side of a point's own.
    cell, inverse : (3, 3) float arrays
    reach : float
        How far the grid looks, Å.
    """

    points: Floats
    begin: Ints
    members: Ints
    counts: Ints
    steps: Ints
    cell: Floats
    inverse: Floats
    reach: float


def build_grid(positions: Floats, cell: Floats, reach: float) -> Grid:
    """A grid to look `reach` Å around any point."""
    tall = heights(cell)
    counts = np.maximum(1, (tall / reach).astype(np.int64))
    inverse = np.asarray(np.linalg.inv(cell), dtype=float)
    fractional = positions @ inverse
    fractional -= np.floor(fractional)
    box = np.minimum((fractional * counts).astype(np.int64), counts - 1)
    number = np.ravel_multi_index(tuple(box.T), tuple(int(c) for c in counts))
    members = np.argsort(number, kind="stable").astype(np.int64)
    begin = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=int(counts.prod())))])
    steps = np.ceil(reach / (tall / counts)).astype(np.int64)
    points = np.ascontiguousarray(fractional @ cell)
    return Grid(points, begin.astype(np.int64), members, counts, steps, cell.copy(), inverse, float(reach))


@numba.njit(cache=True)
def around(origin: Floats, grid: Any, found: Floats, number: Ints) -> int:
    """Fill `found` with the points within reach of `origin`, relative to it, and `number` with whose they are.

    Returns how many there are; no more than `found` has room for.
    """
    total = 0
    f = origin @ grid.inverse
    counts, steps = grid.counts, grid.steps
    # the point moved into the cell, and its box there
    f = f - np.floor(f)
    home = f @ grid.cell
    own = np.empty(3, np.int64)
    for k in range(3):
        own[k] = min(int(f[k] * counts[k]), counts[k] - 1)
    limit = grid.reach * grid.reach
    lattice = np.empty(3)
    for a in range(own[0] - steps[0], own[0] + steps[0] + 1):
        for b in range(own[1] - steps[1], own[1] + steps[1] + 1):
            for c in range(own[2] - steps[2], own[2] + steps[2] + 1):
                turns = (a // counts[0], b // counts[1], c // counts[2])
                inside = (a - turns[0] * counts[0], b - turns[1] * counts[1], c - turns[2] * counts[2])
                box = (inside[0] * counts[1] + inside[1]) * counts[2] + inside[2]
                for k in range(3):
                    lattice[k] = -home[k]
                    for q in range(3):
                        lattice[k] += turns[q] * grid.cell[q, k]
                for place in range(grid.begin[box], grid.begin[box + 1]):
                    m = grid.members[place]
                    x = grid.points[m, 0] + lattice[0]
                    y = grid.points[m, 1] + lattice[1]
                    z = grid.points[m, 2] + lattice[2]
                    if x * x + y * y + z * z < limit and total < len(number):
                        found[total, 0], found[total, 1], found[total, 2] = x, y, z
                        number[total] = m
                        total += 1
    return total
