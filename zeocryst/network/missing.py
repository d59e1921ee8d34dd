"""T with too few O or too many: an O that is missing from a file, and water at a T of the framework.

An O site that a file lacks leaves two T with three O each, as far apart as T over a bridge are, each in the
direction in which the other has no O. Such T are bonded all the same; otherwise what is left of the crystal
may be the net of another one (PCR without one of its O is a part of OKO's). T that end with a hydroxyl group
have their four O, and a planar BO3 has no direction that lacks one.

Hydrated AlPO4 has Al with one or two water molecules besides four O, or with a hydroxyl between two such Al.
They may be nearer than the O of the framework.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pairs = tuple[Ints, Ints, Ints, Floats]

#: An O nearer than this is one of a T's own, Å.
OWN_A = 2.20
#: Distances of T over a bridge, Å. (Si-O-Si of 120 to 180 degrees: 2.8 to 3.25 Å; over Ge or Zn up to 3.45 Å.)
BRIDGED_A = (2.5, 3.45)
#: The least length of the sum of the unit vectors to a T's O, if one is missing (tetrahedron: 1; planar: 0).
LOPSIDED = 0.5
#: Cosine of the angle between that sum's opposite and the other T, at least, by how many O are missing.
TOWARDS = {1: 0.70, 2: 0.20, 3: 0.0, 4: -1.0}
#: No O of its own lies nearer than this to the direction of the other T, degrees.
FREE_ANGLE = 65.0


def bonds_over_missing(points: Floats, cell: Floats, pairs: Pairs, around: Ints) -> tuple[Pairs, Ints]:
    """Pairs of T that lack an O towards each other, each pair once, and how many O each T lacks.

    Parameters
    ----------
    points : (N + P, 3) array, Å
        T, then O.
    cell : (3, 3) array, Å
    pairs
        O-T pairs: numbers of the O and of the T, lattice vectors from the O to the T, distances.
    around : (N,) int array
        O of each T nearer than `OWN_A`.
    """
    n = len(around)
    lacking = np.maximum(4 - around, 0)
    some = np.flatnonzero(lacking)
    none = np.empty(0, dtype=np.int64)
    if len(some) < 1:
        return (none, none, np.empty((0, 3), dtype=np.int64), np.empty(0)), lacking
    a, b, shift, distance = neighbour_pairs(points[some], cell, BRIDGED_A[1], full=False)
    a, b = some[a], some[b]
    # a T without any O says nothing of its own: the other one has to
    far = (distance > BRIDGED_A[0]) & (np.minimum(lacking[a], lacking[b]) < 4)
    a, b, shift, distance = a[far], b[far], shift[far], distance[far]
    direction = (points[b] + shift @ cell - points[a]) / distance[:, None]
    oxygen, t, back, length = (x[pairs[3] <= OWN_A] for x in pairs)
    unit = (points[oxygen] - back @ cell - points[t]) / np.maximum(length, 1e-9)[:, None]
    order = np.argsort(t, kind="stable")
    begin = np.searchsorted(t[order], np.arange(n + 1))
    good = _open_towards(a, direction, unit[order], begin, lacking) & _open_towards(
        b, -direction, unit[order], begin, lacking
    )
    return (a[good], b[good], shift[good], distance[good]), lacking


def _open_towards(t: Ints, direction: Floats, unit: Floats, begin: Ints, lacking: Ints) -> Bools:
    """Whether each T lacks an O in its direction."""
    towards = np.array([2.0, *TOWARDS.values()])
    return np.asarray(
        _open(t, direction, unit, begin, towards[lacking[t]], np.cos(np.radians(FREE_ANGLE)), LOPSIDED)
    )


@numba.njit(cache=True)
def _open(t, direction, unit, begin, least, most, lopsided):  # type: ignore[no-untyped-def]
    out = np.zeros(len(t), dtype=np.bool_)
    for k in range(len(t)):
        x = y = z = 0.0
        free = True
        for m in range(begin[t[k]], begin[t[k] + 1]):
            x, y, z = x - unit[m, 0], y - unit[m, 1], z - unit[m, 2]
            along = unit[m, 0] * direction[k, 0] + unit[m, 1] * direction[k, 1] + unit[m, 2] * direction[k, 2]
            free = free and along < most
        length = np.sqrt(x * x + y * y + z * z)
        if begin[t[k]] == begin[t[k] + 1]:
            out[k] = True
        elif free and length > lopsided:
            out[k] = (x * direction[k, 0] + y * direction[k, 1] + z * direction[k, 2]) / length >= least[k]
    return out


def superfluous(oxygen: Ints, t: Ints, distance: Floats, around: Ints) -> Bools:
    """O-T pairs of T with more than four O of their own that are no bonds of the framework.

    Those of an O that no other T has come first, then those of an O between two T both of which have too many;
    of each kind the longest first.
    """
    drop = np.zeros(len(t), dtype=bool)
    near = distance <= OWN_A
    if not (around > 4).any():
        return drop
    size = int(oxygen.max(initial=0)) + 1
    has = np.bincount(oxygen[near], minlength=size)
    crowded = np.bincount(oxygen[near & (around[t] > 4)], minlength=size)
    alone = has[oxygen] == 1
    between = (has[oxygen] == 2) & (crowded[oxygen] == 2)
    mine = np.flatnonzero(near & (around[t] > 4) & (alone | between))
    order = mine[np.lexsort((-distance[mine], ~alone[mine], t[mine]))]
    first = np.searchsorted(t[order], t[order])
    rank = np.arange(len(order)) - first
    drop[order[rank < around[t[order]] - 4]] = True
    return drop
