"""Primitive rings through every site.

A ring is counted if it is a shortest-path ring (D. S. Franzblau, Phys. Rev. B 44, 4925 (1991)), also
called primitive (X. Yuan, A. N. Cormack, Comput. Mater. Sci. 24, 343 (2002)): between any two of its
sites no path through the network is shorter than the one along the ring. This is also what
``matscipy.rings`` counts. King's rings (shortest between two neighbours of a site) are a subset of
another kind, and the ring sizes of the zeolite database, which count windows, need not include all
primitive rings: SOD has four- and six-ring windows, and 2.667 primitive twelve-rings per T besides.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network
from zeocryst.network.topology import encode, find, shells

Ints = NDArray[np.int64]


@numba.njit(parallel=True, cache=True)
def _balls(n: int, depth: int, offsets: Ints, sites: Ints, shifts: Ints) -> tuple[Ints, Ints, NDArray]:
    """For each site the keys of all nodes up to `depth` bonds away, sorted, with their distances."""
    count = np.zeros(n + 1, np.int64)
    for root in numba.prange(n):
        nodes, _, _, _ = shells(root, depth, offsets, sites, shifts)
        count[root + 1] = len(nodes)
    start = np.cumsum(count)
    keys = np.empty(start[-1], np.int64)
    distances = np.empty(start[-1], np.int8)
    for root in numba.prange(n):
        _, begin, _, found = shells(root, depth, offsets, sites, shifts)
        order = np.argsort(found)
        level = np.empty(len(found), np.int8)
        for d in range(depth + 1):
            level[begin[d] : begin[d + 1]] = d
        for m in range(len(order)):
            keys[start[root] + m] = found[order[m]]
            distances[start[root] + m] = level[order[m]]
    return start, keys, distances


@numba.njit(cache=True)
def _closer(a: Ints, b: Ints, least: int, start: Ints, keys: Ints, distances: NDArray) -> bool:
    """Whether two nodes are fewer than `least` bonds apart."""
    key = encode(b[0], b[1] - a[1], b[2] - a[2], b[3] - a[3])
    low, high = start[a[0]], start[a[0] + 1]
    at = low + np.searchsorted(keys[low:high], key)
    return bool(at < high and keys[at] == key and distances[at] < least)


@numba.njit(cache=True)
def _paths(target: int, d: int, before: Ints, n_before: Ints, count: Ints) -> Ints:
    """All shortest paths from the root (node 0) to a node d bonds away, (count, d + 1) node numbers."""
    total = count[target]
    out = np.zeros((total, d + 1), np.int64)
    out[:, d] = target
    if d == 0:
        return out
    # fill from the target backwards: a block of rows shares its node at `level` and is split among the
    # predecessors of that node, each with as many rows as it has paths to the root
    block_start = np.zeros(total + 1, np.int64)
    block_start[1] = total
    blocks = 1
    for level in range(d, 0, -1):
        new_start = np.zeros(total + 1, np.int64)
        new = 0
        for b in range(blocks):
            row = block_start[b]
            node = out[row, level]
            for p in range(n_before[node]):
                previous = before[node, p]
                for _ in range(count[previous]):
                    out[row, level - 1] = previous
                    row += 1
                new += 1
                new_start[new] = row
        block_start, blocks = new_start, new
    return out


@numba.njit(cache=True)
def _is_ring(
    a: Ints, b: Ints, k: int, odd: int, nodes: Ints, start: Ints, keys: Ints, distances: NDArray
) -> bool:
    """Whether two paths from the root to depth k (to one node, or to bonded nodes) close a ring."""
    for d in range(1, k + odd):
        if a[d] == b[d]:
            return False
    # opposite sites of the ring must be k bonds apart; with that, all its sites are at ring distance
    for d in range(1, k):
        if _closer(nodes[a[d]], nodes[b[k - d]], k, start, keys, distances):
            return False
    if odd:
        for d in range(1, k + 1):
            if _closer(nodes[a[d]], nodes[b[k + 1 - d]], k, start, keys, distances):
                return False
    return True


@numba.njit(cache=True)
def _relations(
    nodes: Ints, begin: Ints, table: Ints, own: Ints, offsets: Ints, sites: Ints, shifts: Ints, most: int
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Bonded nodes of the shell before, of the same shell (later ones), and numbers of shortest paths."""
    m = len(nodes)
    before, n_before = np.zeros((m, most), np.int64), np.zeros(m, np.int64)
    beside, n_beside = np.zeros((m, most), np.int64), np.zeros(m, np.int64)
    count = np.zeros(m, np.int64)
    count[0] = 1
    for d in range(1, len(begin) - 1):
        for a in range(begin[d], begin[d + 1]):
            s, x, y, z = nodes[a]
            for k in range(offsets[s], offsets[s + 1]):
                key = encode(sites[k], x + shifts[k, 0], y + shifts[k, 1], z + shifts[k, 2])
                b = find(key, table, own)
                if 0 <= b < begin[d]:
                    before[a, n_before[a]] = b
                    n_before[a] += 1
                    count[a] += count[b]
                elif a < b < begin[d + 1]:
                    beside[a, n_beside[a]] = b
                    n_beside[a] += 1
    return before, n_before, beside, n_beside, count


@numba.njit(parallel=True, cache=True)
def _count_rings(
    n: int, largest: int, offsets: Ints, sites: Ints, shifts: Ints, start: Ints, keys: Ints,
    distances: NDArray,
) -> NDArray[np.int32]:  # fmt: skip
    half = largest // 2
    out = np.zeros((n, largest + 1), np.int32)
    most = 0
    for s in range(n):
        most = max(most, offsets[s + 1] - offsets[s])
    for root in numba.prange(n):
        nodes, begin, table, own = shells(root, half, offsets, sites, shifts)
        before, n_before, beside, n_beside, count = _relations(
            nodes, begin, table, own, offsets, sites, shifts, most
        )
        for k in range(1, half + 1):
            for a in range(begin[k], begin[k + 1]):
                if n_before[a] < 2 and n_beside[a] == 0:
                    continue
                ways = _paths(a, k, before, n_before, count)
                if n_before[a] >= 2:
                    for p in range(len(ways)):
                        for q in range(p):
                            if _is_ring(ways[p], ways[q], k, 0, nodes, start, keys, distances):
                                out[root, 2 * k] += 1
                if 2 * k + 1 <= largest:
                    for e in range(n_beside[a]):
                        others = _paths(beside[a, e], k, before, n_before, count)
                        for p in range(len(ways)):
                            for q in range(len(others)):
                                if _is_ring(ways[p], others[q], k, 1, nodes, start, keys, distances):
                                    out[root, 2 * k + 1] += 1
    return out


def rings_through_sites(network: Network, largest: int = 12) -> NDArray[np.int32]:
    """Number of primitive rings of each size through each site.

    Parameters
    ----------
    network
        Sites and bonds.
    largest
        Largest ring size counted.

    Returns
    -------
    (N, largest + 1) int32 array
        Column n holds the rings of n sites; columns 0 to 2 are empty. A ring that goes through several
        images of a site counts at it once for each.
    """
    offsets, sites, shifts = network.neighbours
    start, keys, distances = _balls(network.n_sites, (largest - 1) // 2, offsets, sites, shifts)
    return np.asarray(_count_rings(network.n_sites, largest, offsets, sites, shifts, start, keys, distances))


def rings_per_site(network: Network, largest: int = 12) -> NDArray[np.float64]:
    """Number of primitive rings of each size, divided by the number of sites, (largest + 1,).

    Each ring of n sites is seen from n of them, so the sum over sites is divided by n.
    """
    through = rings_through_sites(network, largest).sum(axis=0)
    size = np.maximum(np.arange(largest + 1), 1)
    return np.asarray(through / size / network.n_sites)
