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


@numba.njit(cache=True)
def _rings_at(
    root: int, largest: int, offsets: Ints, sites: Ints, shifts: Ints, start: Ints, keys: Ints,
    distances: NDArray, shortest: bool,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Rings through a site: the nodes around it, sizes, and the node numbers along each ring.

    A ring begins with the root (node 0); its second and last are two of the root's neighbours, which are
    nodes 1, 2, ... in the order of the bonds. With `shortest` the search ends when each angle has a ring.
    """
    half = largest // 2
    nodes, begin, table, own = shells(root, half, offsets, sites, shifts)
    most = 0
    for a in range(len(nodes)):
        most = max(most, offsets[nodes[a, 0] + 1] - offsets[nodes[a, 0]])
    before, n_before, beside, n_beside, count = _relations(
        nodes, begin, table, own, offsets, sites, shifts, most
    )
    degree = begin[2] - begin[1]
    seen = np.zeros((degree + 1, degree + 1), np.bool_)
    n_seen = 0
    sizes = np.empty(16, np.int64)
    rings = np.empty((16, largest), np.int64)
    found = 0
    for k in range(1, half + 1):
        for odd in range(2):
            if 2 * k + odd > largest or (shortest and n_seen == degree * (degree - 1) // 2):
                continue
            for a in range(begin[k], begin[k + 1]):
                ends = n_beside[a] if odd else 1
                if ends == 0 or (not odd and n_before[a] < 2):
                    continue
                ways = _paths(a, k, before, n_before, count)
                for e in range(ends):
                    others = _paths(beside[a, e], k, before, n_before, count) if odd else ways
                    for p in range(len(ways)):
                        for q in range(len(others) if odd else p):
                            if not _is_ring(ways[p], others[q], k, odd, nodes, start, keys, distances):
                                continue
                            if found == len(sizes):
                                more_sizes = np.empty(2 * found, np.int64)
                                more_sizes[:found] = sizes
                                more = np.empty((2 * found, largest), np.int64)
                                more[:found] = rings
                                sizes, rings = more_sizes, more
                            sizes[found] = 2 * k + odd
                            for d in range(k + 1):
                                rings[found, d] = ways[p, d]
                            for d in range(1, k + odd):
                                rings[found, 2 * k + odd - d] = others[q, d]
                            found += 1
            if shortest:
                for r in range(found):
                    i, j = rings[r, 1], rings[r, sizes[r] - 1]
                    if not seen[i, j]:
                        seen[i, j] = seen[j, i] = True
                        n_seen += 1
    return nodes, sizes[:found], rings[:found]


@numba.njit(parallel=True, cache=True)
def _count_rings(
    n: int, largest: int, offsets: Ints, sites: Ints, shifts: Ints, start: Ints, keys: Ints,
    distances: NDArray,
) -> NDArray[np.int32]:  # fmt: skip
    out = np.zeros((n, largest + 1), np.int32)
    for root in numba.prange(n):
        _, sizes, _ = _rings_at(root, largest, offsets, sites, shifts, start, keys, distances, False)
        for size in sizes:
            out[root, size] += 1
    return out


@numba.njit(parallel=True, cache=True)
def _angles(
    roots: Ints, largest: int, offsets: Ints, sites: Ints, shifts: Ints, start: Ints, keys: Ints,
    distances: NDArray,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
    """Size and number of the shortest rings between each two of the first four bonds of each root."""
    size = np.zeros((len(roots), 4, 4), np.int32)
    number = np.zeros((len(roots), 4, 4), np.int32)
    for m in numba.prange(len(roots)):
        _, sizes, rings = _rings_at(roots[m], largest, offsets, sites, shifts, start, keys, distances, True)
        for r in range(len(sizes)):
            i, j = rings[r, 1] - 1, rings[r, sizes[r] - 1] - 1
            if i > 3 or j > 3:
                continue
            if size[m, i, j] == 0 or size[m, i, j] == sizes[r]:
                size[m, i, j] = size[m, j, i] = sizes[r]
                number[m, i, j] += 1
                number[m, j, i] = number[m, i, j]
    return size, number


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


def vertex_symbols(network: Network, chosen: NDArray[np.int64] | None = None, largest: int = 20) -> list[str]:
    """Vertex symbols of four-coordinated sites.

    The symbol has, for each of a site's six angles, the size of the shortest rings that contain the angle,
    and how many there are where there are several (as a subscript); opposite angles stand together, and of
    all orders the one with the smallest numbers first is taken (M. O'Keeffe, S. T. Hyde, Zeolites 19, 370
    (1997)). An angle without a ring up to `largest` is ``*``.

    Parameters
    ----------
    network
        Sites and bonds.
    chosen : (M,) int array
        Sites; every one if not given.
    largest
        Largest ring size that is looked for.

    Returns
    -------
    list of str
        Such as ``4·4·6·6·6·6``; for a site without four bonds the empty text.
    """
    offsets, sites, shifts = network.neighbours
    roots = np.arange(network.n_sites) if chosen is None else np.asarray(chosen, dtype=np.int64)
    names = [""] * len(roots)
    left = np.flatnonzero(network.degree[roots] == 4)
    # most angles have small rings, and the search for large ones is costly
    for limit in sorted({min(8, largest), min(12, largest), largest}):
        if not len(left):
            break
        start, keys, distances = _balls(network.n_sites, (limit - 1) // 2, offsets, sites, shifts)
        size, number = _angles(roots[left], limit, offsets, sites, shifts, start, keys, distances)
        open_angles = (size + np.eye(4, dtype=size.dtype) == 0).any(axis=(1, 2))
        for k in np.flatnonzero(~open_angles | (limit == largest)):
            names[left[k]] = _symbol(size[k], number[k])
        left = left[open_angles]
    return names


def _symbol(size: NDArray[np.int32], number: NDArray[np.int32]) -> str:
    """The symbol of one site from the sizes and numbers of rings between its bonds, (4, 4) each."""
    endless = 10_000  # an angle without a ring sorts last

    def angle(i: int, j: int) -> tuple[int, int]:
        """Size and number of the shortest rings between two bonds."""
        return (int(size[i, j]), int(number[i, j])) if size[i, j] else (endless, 1)

    opposite = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    pairs = sorted(sorted([angle(*a), angle(*b)]) for a, b in opposite)
    below = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    words = [
        "*" if n == endless else str(n) + (str(times).translate(below) if times > 1 else "")
        for pair in pairs
        for n, times in pair
    ]
    return "·".join(words)
