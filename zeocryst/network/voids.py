"""The most spacious points of the void between points of a periodic structure."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights, neighbour_pairs, wrap

Floats = NDArray[np.float64]

#: Images of points so far outside the cell are looked at, Å.
MARGIN_A = 13.0


def void_centres(points: Floats, cell: Floats, *, least: float, spacing: float, digits: int) -> Floats:
    """Points farthest from all of `points`, the farthest first, no two nearer to each other than `spacing`.

    They are vertices of the Voronoi diagram, taken one after the other from the one farthest from any point on:
    so there is one in each cage, in wide cages and in channels several, evenly stacked.

    Parameters
    ----------
    points : (N, 3) array, Å
    cell : (3, 3) array, Å
    least
        Distance to the nearest point that a centre has at least, Å.
    spacing
        Least distance of two centres, Å; a centre's own images do not count.
    digits
        Distances that are equal to so many digits (Å) are ordered by position, so that symmetry-equivalent
        structures give the same answer.

    Returns
    -------
    (K, 3) array, Å
        Inside the cell. Empty where there is no such place.
    """
    from scipy.spatial import QhullError, Voronoi, cKDTree

    cloud = _with_margin(wrap(points, cell), cell)
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
    order = np.lexsort((*np.round(fractional, digits + 1).T, -np.round(distance, digits)))
    return _apart(vertices[order], cell, spacing)


def _with_margin(positions: Floats, cell: Floats) -> Floats:
    """The points and those images that lie up to `MARGIN_A` outside the cell."""
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
