"""Neighbour lists for short-ranged forces on the CPU, with a cut-off for each pair of types.

Few beads that see far among many that see near (S among T) make lists of one cut-off long, and cells of one
width full. So each type has a grid of its own, as fine as its own cut-off, and a bead looks as many cells
far in it as the cut-off of the two types asks for. Lists reach a buffer farther than the forces and are built
anew when beads, or the box, have moved so far that a pair could have been missed.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import box_to_cell, heights
from zeocryst.errors import EXPLODED, SimulationError

Floats = NDArray[np.float64]


@numba.njit(cache=True, error_model="numpy")
def _fractional(x: float, y: float, z: float, box: Any) -> tuple[float, float, float]:
    """Fractional coordinates of a point, the origin in the middle of the box."""
    c = z / box[2]
    b = (y - box[2] * box[5] * c) / box[1]
    a = (x - box[1] * box[3] * b - box[2] * box[4] * c) / box[0]
    return a, b, c


@numba.njit(cache=True, error_model="numpy")
def _sort(position, kind, box, dims):  # type: ignore[no-untyped-def]
    """Beads by type and by cell of their type's grid.

    Returns the number of each type's first cell, where each cell begins among the sorted beads, and these.
    """
    n, n_types = len(kind), len(dims)
    first = np.zeros(n_types + 1, np.int64)
    for t in range(n_types):
        first[t + 1] = first[t] + dims[t, 0] * dims[t, 1] * dims[t, 2]
    number = np.empty(n, np.int64)
    begin = np.zeros(first[-1] + 1, np.int64)
    for i in range(n):
        t = kind[i]
        number[i] = 0
        f = _fractional(position[i, 0], position[i, 1], position[i, 2], box)
        for x in range(3):
            d = dims[t, x]
            number[i] = number[i] * d + min(int((f[x] + 0.5 - np.floor(f[x] + 0.5)) * d), d - 1)
        number[i] += first[t]
        begin[number[i] + 1] += 1
    for c in range(first[-1]):
        begin[c + 1] += begin[c]
    filled = begin.copy()
    beads = np.empty(n, np.int64)
    for i in range(n):
        beads[filled[number[i]]] = i
        filled[number[i]] += 1
    return first, begin, beads


@numba.njit(cache=True, error_model="numpy")
def _search(i, position, kind, box, reach, dims, first, begin, beads, place, out):  # type: ignore[no-untyped-def]
    """Number of neighbours of bead i; their numbers go into `out` as far as they fit."""
    lx, ly, lz, xy, xz, yz = box[0], box[1], box[2], box[3], box[4], box[5]
    x, y, z = position[i, 0], position[i, 1], position[i, 2]
    f = _fractional(x, y, z, box)
    # the bead as its cell has it: inside the box
    a, b, c = np.floor(f[0] + 0.5), np.floor(f[1] + 0.5), np.floor(f[2] + 0.5)
    x, y, z = x - lx * a - ly * xy * b - lz * xz * c, y - ly * b - lz * yz * c, z - lz * c
    found = 0
    for t in range(len(dims)):
        r = reach[kind[i], t, 0]
        if r == 0.0:
            continue
        na, nb, nc = dims[t, 0], dims[t, 1], dims[t, 2]
        ha = min(int((f[0] + 0.5 - a) * na), na - 1)
        hb = min(int((f[1] + 0.5 - b) * nb), nb - 1)
        hc = min(int((f[2] + 0.5 - c) * nc), nc - 1)
        fa, fb, fc = int(reach[kind[i], t, 1]), int(reach[kind[i], t, 2]), int(reach[kind[i], t, 3])
        # where there are too few cells each is visited once, and every pair takes its nearest image
        few = 2 * fa + 1 > na or 2 * fb + 1 > nb or 2 * fc + 1 > nc
        la, lb, lc = (0, 0, 0) if few else (ha - fa, hb - fb, hc - fc)
        ea, eb, ec = (na, nb, nc) if few else (ha + fa + 1, hb + fb + 1, hc + fc + 1)
        for ca in range(la, ea):
            wa = 0 if few else (-1 if ca < 0 else (1 if ca >= na else 0))
            for cb in range(lb, eb):
                wb = 0 if few else (-1 if cb < 0 else (1 if cb >= nb else 0))
                row = first[t] + ((ca - wa * na) * nb + cb - wb * nb) * nc
                for wc in range(-1, 2):
                    # cells along the third vector lie side by side: a run below the box, in it, above it
                    bottom, top = max(lc, wc * nc), min(ec, (wc + 1) * nc)
                    if bottom >= top:
                        continue
                    sx = wa * lx + wb * ly * xy + wc * lz * xz - x
                    sy = wb * ly + wc * lz * yz - y
                    sz = wc * lz - z
                    for m in range(begin[row + bottom - wc * nc], begin[row + top - wc * nc]):
                        dx, dy, dz = place[m, 0] + sx, place[m, 1] + sy, place[m, 2] + sz
                        if few:
                            turns = np.floor(dz / lz + 0.5)
                            dz -= lz * turns
                            dy -= lz * yz * turns
                            dx -= lz * xz * turns
                            turns = np.floor(dy / ly + 0.5)
                            dy -= ly * turns
                            dx -= ly * xy * turns
                            dx -= lx * np.floor(dx / lx + 0.5)
                        if dx * dx + dy * dy + dz * dz < r * r and beads[m] != i:
                            if found < len(out):
                                out[found] = beads[m]
                            found += 1
    return found


@numba.njit(parallel=True, cache=True, error_model="numpy")
def _rows(position, kind, box, reach, dims, most):  # type: ignore[no-untyped-def]
    """Number of neighbours of each bead, and their numbers, (N, most), as far as they fit."""
    n = len(kind)
    first, begin, beads = _sort(position, kind, box, dims)
    place = np.empty((n, 3))
    for m in numba.prange(n):
        j = beads[m]
        a, b, c = _fractional(position[j, 0], position[j, 1], position[j, 2], box)
        a, b, c = np.floor(a + 0.5), np.floor(b + 0.5), np.floor(c + 0.5)
        place[m, 0] = position[j, 0] - box[0] * a - box[1] * box[3] * b - box[2] * box[4] * c
        place[m, 1] = position[j, 1] - box[1] * b - box[2] * box[5] * c
        place[m, 2] = position[j, 2] - box[2] * c
    count = np.empty(n, np.int64)
    rows = np.empty((n, most), np.int32)
    for i in numba.prange(n):
        count[i] = _search(np.int64(i), position, kind, box, reach, dims, first, begin, beads, place, rows[i])
    return count, rows


@numba.njit(cache=True)
def _mirror(kind, head, count, neighbour, mirrored):  # type: ignore[no-untyped-def]
    """A list with the pairs that stand with one bead put in with the other, for the pairs of types `mirrored`.

    Returns where each bead's neighbours begin, how many they are, and all of them, without gaps.
    """
    n = len(count)
    both = count.astype(np.int64)
    for i in range(n):
        for m in range(np.int64(head[i]), np.int64(head[i]) + np.int64(count[i])):
            j = neighbour[m]
            if mirrored[kind[i], kind[j]]:
                both[j] += 1
    start = np.zeros(n + 1, np.int64)
    start[1:] = np.cumsum(both)
    found = np.empty(start[n], np.int32)
    filled = start[:n].copy()
    for i in range(n):
        for m in range(np.int64(head[i]), np.int64(head[i]) + np.int64(count[i])):
            j = neighbour[m]
            found[filled[i]] = j
            filled[i] += 1
            if mirrored[kind[i], kind[j]]:
                found[filled[j]] = i
                filled[j] += 1
    return start[:n], both, found


def full_list(head: Any, count: Any, neighbour: Any) -> tuple[Any, Any, Any]:
    """The full list of a half list, in which each pair stands once: head, count and neighbours anew."""
    one_type = np.zeros(len(count), np.int32)
    lists: tuple[Any, Any, Any] = _mirror(one_type, head, count, neighbour, np.ones((1, 1), bool))
    return lists


@numba.njit(parallel=True, cache=True, error_model="numpy")
def _largest_move(position, reference, box):  # type: ignore[no-untyped-def]
    """Largest distance between beads and their places of old, which follow the box."""
    n = len(reference)
    square = np.empty(n)
    for i in numba.prange(n):
        a, b, c = _fractional(position[i, 0], position[i, 1], position[i, 2], box)
        a, b, c = a - reference[i, 0], b - reference[i, 1], c - reference[i, 2]
        a, b, c = a - np.floor(a + 0.5), b - np.floor(b + 0.5), c - np.floor(c + 0.5)
        x = box[0] * a + box[1] * box[3] * b + box[2] * box[4] * c
        y = box[1] * b + box[2] * box[5] * c
        z = box[2] * c
        s = x * x + y * y + z * z
        square[i] = np.inf if np.isnan(s) else s
    return np.sqrt(square.max())


class VerletList:
    """A neighbour list that knows when it is out of date.

    Parameters
    ----------
    cutoffs : (n, n) array
        Cut-off of each pair of types; 0 for pairs that are not looked for.
    buffer
        How much farther the list reaches.
    """

    def __init__(self, cutoffs: Floats, buffer: float) -> None:
        self._cutoffs = cutoffs
        self._buffer = buffer
        self._tags: Any = None
        self._most = 64
        self._box = np.zeros(6)
        self._reference = np.empty((0, 3))
        self._lists: tuple[Any, Any, Any] = (None, None, None)

    def lists(self, position: Any, kind: Any, box: Floats, tags: Any) -> tuple[Any, Any, Any]:
        """Head, count and neighbours of each bead, as `zeocryst.potentials.moments` wants them.

        Parameters
        ----------
        position, kind, box
            As in `zeocryst.potentials.moments`.
        tags : (N,) array
            What numbers the beads; when their order changes the list is built anew.
        """
        if not self._holds(position, box, tags):
            self._renew(position, kind, box, tags)
        return self._lists

    def _holds(self, position: Any, box: Floats, tags: Any) -> bool:
        """Whether no pair within its cut-off can be missing."""
        if self._tags is None or not np.array_equal(tags, self._tags):
            return False
        shrunk = 1.0
        if not np.array_equal(box, self._box):
            # distances shrink at most by the smallest singular value of the change of the box
            change = np.linalg.solve(box_to_cell(self._box), box_to_cell(box))
            shrunk = min(1.0, float(np.linalg.svd(change, compute_uv=False).min()))
        reach = float(self._cutoffs.max())
        spare = shrunk * (reach + self._buffer) - reach
        return bool(spare > 0 and 2 * _largest_move(position, self._reference, box) < spare)

    def _renew(self, position: Any, kind: Any, box: Floats, tags: Any) -> None:
        if not np.isfinite(position).all():
            raise SimulationError(f"some positions are no numbers any more: {EXPLODED}")
        cell = box_to_cell(box)
        tall = heights(cell)
        n = len(self._cutoffs)
        reach = np.zeros((n, n, 4))
        reach[..., 0] = np.where(self._cutoffs > 0, self._cutoffs + self._buffer, 0.0)
        own = np.array([min([r for r in reach[t, :, 0] if r > 0], default=tall.max()) for t in range(n)])
        dims = np.maximum(1, np.floor(tall / own[:, None])).astype(np.int64)
        reach[..., 1:] = np.ceil(reach[..., :1] / (tall / dims)[None, :, :])
        # pairs of two types are looked for from the rarer one, and then stand with the other as well
        often = np.bincount(kind, minlength=n)
        order = np.argsort(np.argsort(often, kind="stable"))
        mirrored = order[:, None] < order[None, :]
        reach[mirrored.T] = 0.0
        while True:
            count, rows = _rows(position, kind, box, reach, dims, self._most)
            most = int(count.max(initial=0))
            if most <= self._most:
                break
            self._most = int(1.2 * most) + 8
        begins = np.arange(len(count)) * self._most
        self._lists = _mirror(kind, begins, count, rows.ravel(), mirrored)
        self._reference = np.asarray(position) @ np.linalg.inv(cell)
        self._box, self._tags = box.copy(), np.array(tags)
