"""All sites around a site, bonded or not, nearest first."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@numba.njit(cache=True)
def _by_site(i: Ints, n_sites: int) -> tuple[Ints, Ints]:
    """Where each site's pairs begin, and the pairs in the order of their first sites (a counting sort)."""
    start = np.zeros(n_sites + 1, np.int64)
    for k in range(len(i)):
        start[i[k] + 1] += 1
    start = np.cumsum(start)
    following = start[:-1].copy()
    order = np.empty(len(i), np.int64)
    for k in range(len(i)):
        order[following[i[k]]] = k
        following[i[k]] += 1
    return start, order


@numba.njit(parallel=True, cache=True)
def _vectors(
    start: Ints, order: Ints, distance: Floats, j: Ints, shift: Ints, system: tuple[Floats, Floats]
) -> Floats:
    """Vectors of each site's pairs, nearest first; `system` is positions and cell."""
    positions, cell = system
    out = np.empty((len(order), 3))
    for site in numba.prange(len(start) - 1):
        mine = order[start[site] : start[site + 1]]
        ranked = mine[np.argsort(distance[mine])]
        for m in range(len(ranked)):
            k = ranked[m]
            for x in range(3):
                image = shift[k, 0] * cell[0, x] + shift[k, 1] * cell[1, x] + shift[k, 2] * cell[2, x]
                out[start[site] + m, x] = positions[j[k], x] + image - positions[site, x]
    return out


def vectors_around(positions: Floats, cell: Floats, reach: float) -> tuple[Ints, Floats]:
    """Vectors from each site to all others within reach, nearest first.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
    reach
        Å.

    Returns
    -------
    start : (N + 1,) int array
        The vectors of site k are ``start[k]`` to ``start[k + 1] - 1``.
    vectors : (P, 3) array, Å
    """
    i, j, shift, distance = neighbour_pairs(positions, cell, reach, full=True)
    start, order = _by_site(i, len(positions))
    return start, _vectors(start, order, distance, j, shift, (positions, cell))
