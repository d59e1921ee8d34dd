"""Coordination sequences (how many sites are one, two, three, ... bonds away), and the walk behind them.

Nodes are (site, lattice image) pairs, so that a cell of any size gives the same numbers as its
supercells. The coordination sequence is that of Brunner and Laves (1971), as Meier and Moeck,
J. Solid State Chem. 27, 349 (1979) introduced it for zeolites.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network

Ints = NDArray[np.int64]
_HALF = 512  # lattice shifts up to +-511 fit into ten bits each
#: Where sites in all images that a walk can meet are no more than this, each has a place in an array.
_MOST_PLACES = 1 << 18
#: The part of a node's number (`encode`) that tells its image.
IMAGE = (1 << 30) - 1


@numba.njit(cache=True, inline="always", _nrt=False)
def encode(site: Any, x: Any, y: Any, z: Any) -> Any:
    """One integer for a (site, lattice image) node."""
    return ((site * 1024 + x + _HALF) * 1024 + y + _HALF) * 1024 + z + _HALF


@numba.njit(cache=True, inline="always", _nrt=False)
def _slot(key: Any, mask: int) -> Any:
    """Where to start looking for `key` in a table of mask + 1 places (Fibonacci hashing)."""
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64(h >> np.uint64(40)) & mask


@numba.njit(cache=True, _nrt=False)
def find(key: Any, table: Ints, keys: Ints) -> Any:
    """Index of the node with this key, or the negative place (-1 - place) where it would be put."""
    mask = len(table) - 1
    h = _slot(key, mask)
    while table[h] != -1:
        if keys[table[h]] == key:
            return int(table[h])
        h = (h + 1) & mask
    return -1 - h


@numba.njit(cache=True)
def shells(root: int, depth: int, offsets: Ints, sites: Ints, shifts: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Walk the network breadth first, up to `depth` bonds from `root`.

    Returns
    -------
    nodes : (M, 4) array
        Site and lattice image of each node, in the order of their distance.
    begin : (depth + 2,) array
        Nodes ``begin[d]`` to ``begin[d + 1] - 1`` are d bonds away.
    table, keys : arrays
        For `find`.
    """
    size = 1024
    nodes = np.empty((size // 2, 4), np.int64)
    keys = np.empty(size // 2, np.int64)
    table = np.full(size, -1, np.int64)
    begin = np.zeros(depth + 2, np.int64)
    nodes[0, 0], nodes[0, 1], nodes[0, 2], nodes[0, 3] = root, 0, 0, 0
    keys[0] = encode(root, 0, 0, 0)
    table[-1 - find(keys[0], table, keys)] = 0
    total = 1
    begin[1] = 1
    for d in range(1, depth + 1):
        for n in range(begin[d - 1], begin[d]):
            s = nodes[n, 0]
            for k in range(offsets[s], offsets[s + 1]):
                x = nodes[n, 1] + shifts[k, 0]
                y = nodes[n, 2] + shifts[k, 1]
                z = nodes[n, 3] + shifts[k, 2]
                key = encode(sites[k], x, y, z)
                place = find(key, table, keys)
                if place >= 0:
                    continue
                if total == size // 2:  # half full: double everything, and put all nodes in again
                    size *= 2
                    more_nodes = np.empty((size // 2, 4), np.int64)
                    more_nodes[:total] = nodes
                    more_keys = np.empty(size // 2, np.int64)
                    more_keys[:total] = keys
                    nodes, keys = more_nodes, more_keys
                    table = np.full(size, -1, np.int64)
                    for m in range(total):
                        table[-1 - find(keys[m], table, keys)] = m
                    place = find(key, table, keys)
                table[-1 - place] = total
                nodes[total, 0], nodes[total, 1] = sites[k], x
                nodes[total, 2], nodes[total, 3] = y, z
                keys[total] = key
                total += 1
        begin[d + 1] = total
    return nodes[:total], begin, table, keys[:total]


@numba.njit(cache=True, inline="always", _nrt=False)
def _enter(key: Any, table: Ints) -> Any:
    """Put a key into a table of keys (-1: empty); False if it was there."""
    mask = len(table) - 1
    h = _slot(key, mask)
    while table[h] != -1:
        if table[h] == key:
            return False
        h = (h + 1) & mask
    table[h] = key
    return True


@numba.njit(cache=True)
def _count(root: int, begin: Ints, steps: Ints, table: Ints, nodes: Ints, counts: NDArray[np.int32]) -> Any:
    """Count the nodes in each shell around a site; the two buffers, larger ones where they had to grow."""
    table[:] = -1
    nodes[0] = encode(root, 0, 0, 0)
    _enter(nodes[0], table)
    first, total = 0, 1
    for d in range(len(counts)):
        last = total
        for m in range(first, last):
            site, at = nodes[m] >> 30, nodes[m] & IMAGE
            for h in range(begin[site], begin[site + 1]):
                if not _enter(steps[h] + at, table):
                    continue
                nodes[total] = steps[h] + at
                total += 1
                if total == len(nodes):  # the table is half full: double both, and put all nodes in again
                    more = np.empty(2 * total, np.int64)
                    more[:total] = nodes
                    nodes, table = more, np.full(4 * total, -1, np.int64)
                    for k in range(total):
                        _enter(nodes[k], table)
        counts[d] = total - last
        first = last
    return table, nodes


@numba.njit(parallel=True, cache=True)
def _coordination_sequences(n: int, depth: int, begin: Ints, steps: Ints) -> NDArray[np.int32]:
    out = np.zeros((n, depth), np.int32)
    chunk = 64
    for c in numba.prange((n + chunk - 1) // chunk):
        table, nodes = np.empty(2048, np.int64), np.empty(1024, np.int64)
        for root in range(c * chunk, min(n, (c + 1) * chunk)):
            table, nodes = _count(root, begin, steps, table, nodes, out[root])
    return out


@numba.njit(parallel=True, cache=True)
def _count_in_window(depth: int, begin: Ints, target: Ints, steps: Ints, window: int, middle: int) -> Any:
    """The same where all images that can be met have a place each: nothing is searched, nothing branches."""
    n = len(begin) - 1
    out = np.zeros((n, depth), np.int32)
    chunk = 64
    for c in numba.prange((n + chunk - 1) // chunk):
        met = np.zeros(n * window, np.uint8)
        places, sites = np.empty(n * window + 1, np.int32), np.empty(n * window + 1, np.int32)
        for root in range(c * chunk, min(n, (c + 1) * chunk)):
            mark = np.uint8(root - c * chunk + 1)
            places[0], sites[0] = root * window + middle, root
            met[places[0]] = mark
            first, total = 0, 1
            for d in range(depth):
                last = total
                for m in range(first, last):
                    for h in range(begin[sites[m]], begin[sites[m] + 1]):
                        place = places[m] + steps[h]
                        places[total], sites[total] = place, target[h]
                        total += met[place] != mark  # the next one takes the place of one that was met before
                        met[place] = mark
                out[root, d] = total - last
                first = last
    return out


def steps_of(network: Network) -> Ints:
    """What each half-bond adds to the number of a node: another site in the place of its own, and images."""
    _, sites, shifts = network.neighbours
    return np.asarray((sites << 30) + (shifts @ np.array([1 << 20, 1 << 10, 1])))


def coordination_sequences(network: Network, depth: int = 8) -> NDArray[np.int32]:
    """Coordination sequence of every site.

    Parameters
    ----------
    network
        Sites and bonds.
    depth
        Number of shells.

    Returns
    -------
    (N, depth) int32 array
        Column k - 1 holds the number of nodes exactly k bonds away. Zero beyond the end of a cluster.
    """
    begin, sites, shifts = network.neighbours
    reach = _images_within(network, depth)
    width = 2 * reach + 1
    window = int(width.prod())
    if network.n_sites * window > _MOST_PLACES:
        return np.asarray(_coordination_sequences(network.n_sites, depth, begin, steps_of(network)))
    strides = np.array([width[1] * width[2], width[2], 1])
    source = np.repeat(np.arange(network.n_sites), np.diff(begin))
    steps = (sites - source) * window + shifts @ strides
    return np.asarray(_count_in_window(depth, begin, sites, steps, window, int(reach @ strides)))


def _images_within(network: Network, depth: int) -> Ints:
    """How many cells away a walk of so many bonds can end, along each lattice vector, (3,)."""
    if not len(network.first):
        return np.zeros(3, dtype=np.int64)
    to_fractional = np.linalg.inv(network.cell)
    places, bonds = network.positions @ to_fractional, network.vectors @ to_fractional
    farthest = depth * np.abs(bonds).max(axis=0) + np.ptp(places, axis=0)
    return np.asarray(np.floor(farthest + 1e-6).astype(np.int64))


def intact_shells(network: Network, deepest: int) -> NDArray[np.int64]:
    """Bonds from each site to the nearest one that has fewer than four, at most `deepest`, (N,)."""
    near = network.degree < 4
    whole = np.full(network.n_sites, deepest)
    for bonds in range(deepest):
        whole[near & (whole == deepest)] = bonds
        further = near.copy()
        further[network.first[near[network.second]]] = True
        further[network.second[near[network.first]]] = True
        near = further
    return whole
