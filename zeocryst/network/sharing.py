"""T and the oxygens around them, as many as there are: what is no framework of four-connected T.

`zeocryst.network.bonds.bonds_from_oxygens` gives a T four O at most, and an O two T. Here nothing is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.network.bonds import LONGEST_T_O_A, Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A gap in the T-O distances of this width, Å, ends the coordination shell.
SHELL_GAP_A = 0.25


def oxygens_around(sites: Floats, oxygens: Floats, cell: Floats) -> Ints:
    """Number of O around each T, (N,): those nearer than the first gap in its T-O distances beyond 1.4 Å."""
    n = len(sites)
    count = np.zeros(n, dtype=np.int64)
    if len(oxygens) == 0:
        return count
    i, j, _, distance = neighbour_pairs(np.vstack([sites, oxygens]), cell, LONGEST_T_O_A + 0.5, full=True)
    mixed = (i < n) & (j >= n)
    i, distance = i[mixed], distance[mixed]
    for site in range(n):
        mine = np.sort(distance[i == site])
        gaps = np.flatnonzero(np.diff(mine) > SHELL_GAP_A)
        within = mine[: gaps[0] + 1] if len(gaps) else mine
        count[site] = int((within <= LONGEST_T_O_A).sum())
    return count


def sharing_network(sites: Floats, oxygens: Floats, cell: Floats) -> Network:
    """T that share O, however many: those within `LONGEST_T_O_A` of both, at most once a pair and image."""
    n = len(sites)
    i, j, shift, _ = neighbour_pairs(np.vstack([sites, oxygens]), cell, LONGEST_T_O_A, full=True)
    rows = set()
    mine = (i >= n) & (j < n)
    order = np.argsort(i[mine], kind="stable")
    o, t, s = i[mine][order], j[mine][order], shift[mine][order]
    for begin, end in zip(*_runs(o), strict=True):
        for a in range(begin, end):
            for b in range(a + 1, end):
                step = s[b] - s[a]
                there = (int(t[a]), int(t[b]), *step.tolist())
                rows.add(min(there, (there[1], there[0], *(-step).tolist())))
    found = np.array(sorted(rows), dtype=np.int64).reshape(-1, 5)
    return Network(sites, cell, found[:, 0].copy(), found[:, 1].copy(), found[:, 2:].copy())


def _runs(values: Ints) -> tuple[list[int], list[int]]:
    begin = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.empty(0, int)
    return begin.tolist(), np.append(begin[1:], len(values)).tolist() if len(begin) else []
