"""Neighbour lists for short-ranged forces on the CPU, with a cut-off for each pair of types.

Few beads that see far among many that see near (S among T) make lists of one cut-off long, and cells of one
width full. So each type has a grid of its own, as fine as its own cut-off, and a bead looks as many cells
far in it as the cut-off of the two types asks for. Lists reach a buffer farther than the forces and are built
anew when beads, or the box, have moved so far that a pair could have been missed.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import box_to_cell, heights
from zeocryst.errors import EXPLODED, SimulationError
from zeocryst.potentials.moments import LANES

Floats = NDArray[np.float64]
#: Cells to a cut-off along the third vector.
FINER = 4
#: Cells of the beads of a type, at most: so many, and so many more for each bead.
MOST_CELLS, CELLS_PER_BEAD = 100_000, 64
#: Most beads of a group.
GROUP = 64


class Lists(NamedTuple):
    """Neighbours as the kernels of `zeocryst.potentials.moments` want them.

    Attributes
    ----------
    groups : (G, 2) array
        Where groups of beads of one type begin and end in `order`.
    order : (N,) array
        Beads by type.
    heads, counts : (N, n) arrays
        Where the neighbours of each type begin in `neighbours`, and how many they are.
    neighbours : (M,) array
        Each bead's neighbours, and after them the bead itself up to a multiple of `LANES`.
    """

    groups: NDArray[np.int64]
    order: NDArray[np.uint32]
    heads: NDArray[np.int64]
    counts: NDArray[np.int32]
    neighbours: NDArray[np.uint32]


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
def _search(i, t, position, kind, box, reach, dims, first, begin, beads, place, out):  # type: ignore[no-untyped-def]
    """Number of neighbours of type t of bead i; their numbers go into `out` as far as they fit.

    Of two beads of one type only one finds the other.
    """
    lx, ly, lz, xy, xz, yz = box[0], box[1], box[2], box[3], box[4], box[5]
    x, y, z = position[i, 0], position[i, 1], position[i, 2]
    f = _fractional(x, y, z, box)
    # the bead as its cell has it: inside the box
    a, b, c = np.floor(f[0] + 0.5), np.floor(f[1] + 0.5), np.floor(f[2] + 0.5)
    x, y, z = x - lx * a - ly * xy * b - lz * xz * c, y - ly * b - lz * yz * c, z - lz * c
    square = reach[kind[i], t, 0] ** 2
    na, nb, nc = dims[t, 0], dims[t, 1], dims[t, 2]
    ha = min(int((f[0] + 0.5 - a) * na), na - 1)
    hb = min(int((f[1] + 0.5 - b) * nb), nb - 1)
    hc = min(int((f[2] + 0.5 - c) * nc), nc - 1)
    fa, fb, fc = int(reach[kind[i], t, 1]), int(reach[kind[i], t, 2]), int(reach[kind[i], t, 3])
    # where there are too few cells each is visited once, and every pair takes its nearest image
    few = 2 * fa + 1 > na or 2 * fb + 1 > nb or 2 * fc + 1 > nc
    half = kind[i] == t
    la, lb, lc = (0, 0, 0) if few else (ha if half else ha - fa, hb - fb, hc - fc)
    ea, eb, ec = (na, nb, nc) if few else (ha + fa + 1, hb + fb + 1, hc + fc + 1)
    found, last = 0, len(out) - 1
    for ca in range(la, ea):
        wa = 0 if few else (-1 if ca < 0 else (1 if ca >= na else 0))
        for cb in range(hb if half and not few and ca == ha else lb, eb):
            wb = 0 if few else (-1 if cb < 0 else (1 if cb >= nb else 0))
            row = first[t] + ((ca - wa * na) * nb + cb - wb * nb) * nc
            # of the beads of its own row of cells a bead finds those that come later in the order of beads
            least = i if half and (few or (ca == ha and cb == hb)) else -1
            # cells along the third vector lie side by side: a run below the box, in it, above it
            for wc in range(-1 if lc < 0 else 0, 2 if ec > nc else 1):
                bottom, top = max(lc, wc * nc), min(ec, (wc + 1) * nc)
                sx = wa * lx + wb * ly * xy + wc * lz * xz - x
                sy = wb * ly + wc * lz * yz - y
                sz = wc * lz - z
                start, end = begin[row + bottom - wc * nc], begin[row + top - wc * nc]
                if few:
                    for m in range(start, end):
                        dx, dy, dz = place[m, 0] + sx, place[m, 1] + sy, place[m, 2] + sz
                        turns = np.floor(dz / lz + 0.5)
                        dz -= lz * turns
                        dy -= lz * yz * turns
                        dx -= lz * xz * turns
                        turns = np.floor(dy / ly + 0.5)
                        dy -= ly * turns
                        dx -= ly * xy * turns
                        dx -= lx * np.floor(dx / lx + 0.5)
                        out[min(found, last)] = beads[m]
                        found += (dx * dx + dy * dy + dz * dz < square) & (beads[m] > least)
                    continue
                for m in range(start, end):
                    dx, dy, dz = place[m, 0] + sx, place[m, 1] + sy, place[m, 2] + sz
                    # written in any case and counted if near: that takes no branch
                    out[min(found, last)] = beads[m]
                    found += (dx * dx + dy * dy + dz * dz < square) & (beads[m] > least)
    return found


@numba.njit(parallel=True, cache=True, error_model="numpy")
def _rows(position, kind, box, reach, dims, head, width, neighbour):  # type: ignore[no-untyped-def]
    """Neighbours of the beads by type, into their rows of `neighbour`; how many they are, (N, n).

    A row that is full may have lost some.
    """
    n, n_types = len(kind), len(dims)
    first, begin, beads = _sort(position, kind, box, dims)
    place = np.empty((n, 3))
    for m in numba.prange(n):
        j = beads[m]
        a, b, c = _fractional(position[j, 0], position[j, 1], position[j, 2], box)
        a, b, c = np.floor(a + 0.5), np.floor(b + 0.5), np.floor(c + 0.5)
        place[m, 0] = position[j, 0] - box[0] * a - box[1] * box[3] * b - box[2] * box[4] * c
        place[m, 1] = position[j, 1] - box[1] * b - box[2] * box[5] * c
        place[m, 2] = position[j, 2] - box[2] * c
    count = np.zeros((n, n_types), np.int32)
    for i in numba.prange(n):
        for t in range(n_types):
            if reach[kind[i], t, 0] > 0.0:
                out = neighbour[head[i, t] : head[i, t] + width[kind[i], t]]
                count[i, t] = _search(
                    np.int64(i), t, position, kind, box, reach, dims, first, begin, beads, place, out
                )
    return count


@numba.njit(cache=True)
def _reflect(kind, order, reach, head, width, count, neighbour):  # type: ignore[no-untyped-def]
    """Put every pair in with the other bead as well; fill rows up; the longest row of each pair of types."""
    found = count.copy()
    most = np.zeros_like(width)
    for i in order:
        ti = kind[i]
        for t in range(len(width)):
            if reach[ti, t, 0] > 0.0:
                for m in range(head[i, t], head[i, t] + min(found[i, t], width[ti, t])):
                    j = neighbour[m]
                    if count[j, ti] < width[t, ti]:
                        neighbour[head[j, ti] + count[j, ti]] = i
                    count[j, ti] += 1
    for i in range(len(kind)):
        for t in range(len(width)):
            most[kind[i], t] = max(most[kind[i], t], count[i, t])
            for m in range(count[i, t], min(-(-count[i, t] // LANES) * LANES, width[kind[i], t])):
                neighbour[head[i, t] + m] = i
    return most


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
        self._known: tuple[Any, Any] | None = None
        self._width = np.full(cutoffs.shape, 2 * LANES)
        self._box = np.zeros(6)
        self._reference = np.empty((0, 3))
        self._lists: Any = None
        self._ranked: tuple[Any, Any, Any] = (None, None, None)

    def lists(self, position: Any, kind: Any, box: Floats, tags: Any) -> Lists:
        """The lists for beads as they are.

        Parameters
        ----------
        position, kind
            As in `zeocryst.potentials.moments`.
        box : (6,) array
            As in GSD.
        tags : (N,) array
            What numbers the beads; when their order or a type changes the list is built anew.

        Returns
        -------
        Lists
            The same object as long as it holds.
        """
        known = self._known is not None and all(
            np.array_equal(a, b) for a, b in zip(self._known, (tags, kind), strict=True)
        )
        if not known:
            self._known = np.array(tags), np.array(kind)
            self._rank(kind)
        if not (known and self._holds(position, box)):
            self._renew(position, kind, box)
        lists: Lists = self._lists
        return lists

    def _holds(self, position: Any, box: Floats) -> bool:
        """Whether no pair within its cut-off can be missing."""
        shrunk = 1.0
        if not np.array_equal(box, self._box):
            # distances shrink at most by the smallest singular value of the change of the box
            change = np.linalg.solve(box_to_cell(self._box), box_to_cell(box))
            shrunk = min(1.0, float(np.linalg.svd(change, compute_uv=False).min()))
        reach = float(self._cutoffs.max())
        spare = shrunk * (reach + self._buffer) - reach
        return bool(spare > 0 and 2 * _largest_move(position, self._reference, box) < spare)

    def _renew(self, position: Any, kind: Any, box: Floats) -> None:
        if not np.isfinite(position).all():
            raise SimulationError(f"some positions are no numbers any more: {EXPLODED}")
        cell = box_to_cell(box)
        tall = heights(cell)
        n = len(self._cutoffs)
        reach = np.zeros((n, n, 4))
        reach[..., 0] = np.where(self._cutoffs > 0, self._cutoffs + self._buffer, 0.0)
        own = np.array([min([r for r in reach[t, :, 0] if r > 0], default=tall.max()) for t in range(n)])
        # finer along the third vector, where cells stand side by side and only the ends of a run matter
        dims = np.floor(tall / own[:, None] * [1, 1, FINER])
        # of a box that is nearly empty: no more cells than some for each bead
        spread = np.maximum(1.0, dims.prod(axis=1) / (MOST_CELLS + CELLS_PER_BEAD * len(kind))) ** (1 / 3)
        dims = np.maximum(1, np.floor(dims / spread[:, None])).astype(np.int64)
        reach[..., 1:] = np.ceil(reach[..., :1] / (tall / dims)[None, :, :])
        # pairs of two types are looked for from the rarer one
        often = np.bincount(kind, minlength=n)
        rarity = np.argsort(np.argsort(often, kind="stable"))
        reach[rarity[:, None] > rarity[None, :]] = 0.0
        groups, by_type, rank = self._ranked
        while True:
            # rows of one pair of types lie side by side, all of one width
            size = np.where(self._cutoffs > 0, often[:, None] * self._width, 0)
            corner = np.cumsum(size.ravel()).reshape(size.shape) - size
            head = corner[kind] + rank[:, None] * self._width[kind]
            neighbour = np.empty(size.sum(), np.uint32)
            count = _rows(position, kind, box, reach, dims, head, self._width, neighbour)
            most = _reflect(kind, by_type, reach, head, self._width, count, neighbour)
            if (most < self._width).all():
                break
            self._width = np.maximum(self._width, np.ceil(1.1 * (most + 1) / LANES).astype(int) * LANES)
        self._lists = Lists(groups, by_type, head, count, neighbour)
        self._reference = np.asarray(position) @ np.linalg.inv(cell)
        self._box = box.copy()

    def _rank(self, kind: Any) -> None:
        """Groups, beads by type, and each bead's number among those of its type."""
        often = np.bincount(kind, minlength=len(self._cutoffs))
        begins = np.concatenate([[0], np.cumsum(often)])
        by_type = np.argsort(kind, kind="stable").astype(np.uint32)
        rank = np.empty(len(kind), np.int64)
        rank[by_type] = np.arange(len(kind)) - np.repeat(begins[:-1], often)
        self._ranked = _groups(begins), by_type, rank


def _groups(begins: Any) -> Any:
    """Begin and end of groups of beads of one type; those of rare types spread among the others."""
    groups = [
        (start, min(start + GROUP, last), (start - first) / (last - first))
        for first, last in itertools.pairwise(begins.tolist())
        for start in range(first, last, GROUP)
    ]
    return np.array([group[:2] for group in sorted(groups, key=lambda g: g[2])], np.int64).reshape(-1, 2)
