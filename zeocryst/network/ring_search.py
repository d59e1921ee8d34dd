"""The search behind `zeocryst.network.rings`: the primitive rings whose first site is a given one.

From the root of a search the network is walked breadth first, once, to half of the largest ring. A primitive
ring through the root then is two shortest paths from the root that end at one node (even rings) or at two
bonded ones (odd rings), and whose opposite nodes are as far apart in the network as along the ring. That
implies the same for all its pairs of nodes, since a shorter way between any two would shorten the way between
two opposite ones. The two paths are followed back from their ends to the root together, and left as soon as

- they meet;
- one comes nearer to the other's first node than a ring allows. Which of the root's neighbours are how near to
  a node is known from the walk: as bits, those it is reached through, and those it is one bond farther from;
- two opposite nodes, or two equally far from the paths' ends, are too near to each other: two nodes are within
  r bonds if the nodes within r/2 of either have one in common. These sets are bits too, over the nodes of the
  walk: no shortcut of a ring leads farther from the root than the ring itself.

All nodes are (site, lattice image), so that a cell of any size gives the rings of its supercells. Rings that
differ by a lattice vector are one. It is found from that node which comes first in an order that no lattice
vector changes: by the sites' ranks, then by the image.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]


class Scratch(NamedTuple):
    """What a search needs, used again for every root of a thread.

    `head` (N,) is the last node on each site, `chain` the one before it on the same site, -1 for none. For
    each node: `site`, `image`, `depth`; its `bonded` nodes and how many they are (`links`); the nodes one
    bond nearer to the root from which a ring may come (`before`, `n_before`). As bits, the root's neighbours
    through which shortest paths come (`via`), those from which the node is no farther than from the root
    (`near`), and those through which a ring may come (`ways`). `ball` (radius, node, word): the nodes within
    so many bonds, as bits. `begin`: the first node of each depth. `first` and `second`: the two paths;
    `turn`: which of their bonds are tried; `left`: the root's neighbours they may still come from. `size` and
    `number`: the shortest rings at the root's angles. `tally`: words of `ball` in use (0 before it is
    filled); rings, members and nodes found.
    """

    head: NDArray[np.int32]
    chain: NDArray[np.int32]
    site: NDArray[np.int32]
    image: NDArray[np.int32]
    depth: NDArray[np.int8]
    bonded: NDArray[np.int32]
    links: NDArray[np.int32]
    before: NDArray[np.int32]
    n_before: NDArray[np.int32]
    via: Bits
    near: Bits
    ways: Bits
    ball: Bits
    begin: Ints
    first: Ints
    second: Ints
    turn: Ints
    left: Bits
    size: NDArray[np.int32]
    number: NDArray[np.int32]
    tally: Ints


class Found(NamedTuple):
    """Rings found so far, with room for more: `size` of each, and `site` and `shift` of all members."""

    size: NDArray[np.int8]
    site: NDArray[np.int32]
    shift: NDArray[np.int16]


@numba.njit(cache=True)
def scratch(n_sites, room, most, largest):  # type: ignore[no-untyped-def]
    """Arrays for walks of at most `room` nodes, with at most `most` bonds each."""
    half = largest // 2
    radii = half // 2 + 1
    return Scratch(
        np.full(n_sites, -1, np.int32), np.empty(room, np.int32), np.empty(room, np.int32),
        np.empty((room, 3), np.int32), np.empty(room, np.int8), np.empty((room, most), np.int32),
        np.empty(room, np.int32), np.empty((room, most), np.int32), np.empty(room, np.int32),
        np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint64),
        np.empty((radii, room, (room + 63) // 64), np.uint64), np.empty(half + 3, np.int64),
        np.empty(half + 2, np.int64), np.empty(half + 2, np.int64), np.empty((half + 2, 2), np.int64),
        np.empty((half + 2, 2), np.uint64), np.zeros((most + 1, most + 1), np.int32),
        np.zeros((most + 1, most + 1), np.int32), np.zeros(4, np.int64),
    )  # fmt: skip


@numba.njit(cache=True)
def found(rings, members):  # type: ignore[no-untyped-def]
    """Room for so many rings and members."""
    return Found(np.empty(rings, np.int8), np.empty(members, np.int32), np.empty((members, 3), np.int16))


@numba.njit(cache=True)
def _more(old, rings, members):  # type: ignore[no-untyped-def]
    """Twice the room, with what was found so far."""
    new = found(2 * len(old.size), 2 * len(old.site))
    new.size[:rings] = old.size[:rings]
    new.site[:members] = old.site[:members]
    new.shift[:members] = old.shift[:members]
    return new


@numba.njit(cache=True, _nrt=False)
def _later(rank, root, site, x, y, z):  # type: ignore[no-untyped-def]
    """Whether a node comes after the root in the order by which each ring is found once."""
    if site != root:
        return rank[site] > rank[root]
    return x > 0 or (x == 0 and (y > 0 or (y == 0 and z > 0)))


@numba.njit(cache=True, _nrt=False)
def clear(s):  # type: ignore[no-untyped-def]
    """Forget the nodes of the last walk."""
    for n in range(s.tally[3]):
        s.head[s.site[n]] = -1


@numba.njit(cache=True, inline="always", _nrt=False)
def _lead_on(s, n, m, allowed):  # type: ignore[no-untyped-def]
    """Note that the shortest paths to node n lead on to node m, and those of rings if that is allowed."""
    neighbour = np.uint64(1) << np.uint64(m - 1) if n == 0 else np.uint64(0)
    s.via[m] |= s.via[n] | neighbour
    ways = s.ways[n] | neighbour
    if ways and allowed:
        s.ways[m] |= ways
        s.before[m, s.n_before[m]] = n
        s.n_before[m] += 1


@numba.njit(cache=True, _nrt=False)
def walk(s, root, largest, rank, every, offsets, sites, shifts):  # type: ignore[no-untyped-def]
    """Walk the network from a root to half of the largest ring; the number of nodes, -1 if there was no room.

    With `every`, rings may go through any node, else only through those after the root.
    """
    half = largest // 2
    s.site[0], s.depth[0], s.links[0], s.n_before[0], s.chain[0] = root, 0, 0, 0, -1
    s.image[0, 0] = s.image[0, 1] = s.image[0, 2] = 0
    s.via[0] = s.near[0] = s.ways[0] = 0
    s.head[root] = 0
    s.begin[0], s.begin[1] = 0, 1
    total = 1
    for d in range(half + largest % 2):
        for n in range(s.begin[d], s.begin[d + 1]):
            at, near, links = s.site[n], s.via[n], 0
            for k in range(offsets[at], offsets[at + 1]):
                other = sites[k]
                x = s.image[n, 0] + shifts[k, 0]
                y = s.image[n, 1] + shifts[k, 1]
                z = s.image[n, 2] + shifts[k, 2]
                m = s.head[other]
                while m >= 0 and (s.image[m, 0] != x or s.image[m, 1] != y or s.image[m, 2] != z):
                    m = s.chain[m]
                if m < 0:
                    if d == half:
                        continue
                    if total == len(s.site):
                        s.tally[3] = total
                        clear(s)
                        return -1
                    m = total
                    total += 1
                    s.chain[m] = s.head[other]
                    s.head[other] = m
                    s.site[m], s.depth[m], s.links[m], s.n_before[m] = other, d + 1, 0, 0
                    s.image[m, 0], s.image[m, 1], s.image[m, 2] = x, y, z
                    s.via[m] = s.ways[m] = 0
                known = m == n
                for g in range(links):
                    known = known or s.bonded[n, g] == m
                if known:  # two bonds between the same two sites make no ring
                    continue
                s.bonded[n, links] = m
                links += 1
                if s.depth[m] == d + 1:
                    _lead_on(s, n, m, every or _later(rank, root, other, x, y, z))
                else:
                    near |= s.via[m] if s.depth[m] == d else s.near[m]
            s.links[n], s.near[n] = links, near
        if d < half:
            s.begin[d + 2] = total
    s.tally[3] = total
    return total


@numba.njit(cache=True, _nrt=False)
def _fill_balls(s, largest):  # type: ignore[no-untyped-def]
    """The sets of nodes within a few bonds of each node."""
    inner = s.begin[(largest - 1) // 2 + 1]
    words, one = (inner + 63) // 64, np.uint64(1)
    for n in range(inner):
        for w in range(words):
            s.ball[0, n, w] = 0
        s.ball[0, n, n >> 6] = one << np.uint64(n & 63)
    for r in range(1, len(s.ball)):
        for n in range(inner):
            for w in range(words):
                s.ball[r, n, w] = s.ball[r - 1, n, w]
            for g in range(s.links[n]):
                m = s.bonded[n, g]
                if m < inner:
                    for w in range(words):
                        s.ball[r, n, w] |= s.ball[r - 1, m, w]
    s.tally[0] = words


@numba.njit(cache=True, _nrt=False)
def _within(s, a, b, r, largest):  # type: ignore[no-untyped-def]
    """Whether two nodes are at most r bonds apart."""
    if s.tally[0] == 0:
        _fill_balls(s, largest)
    p = r // 2
    for w in range(s.tally[0]):  # noqa: SIM110
        if s.ball[p, a, w] & s.ball[r - p, b, w]:
            return True
    return False


@numba.njit(cache=True, _nrt=False)
def _too_near(s, d, k, odd, largest):  # type: ignore[no-untyped-def]
    """Whether the two paths, followed back to depth d, have nodes that are nearer than along the ring."""
    a, b = s.first, s.second
    if 2 * d > k:
        # through the paths' ends; where 2 d = k + 1 in odd rings these are opposite nodes
        gap = 2 * (k - d) + odd
        return gap > 2 and _within(s, a[d], b[d], gap - 1, largest)
    if d == 1:  # opposite a neighbour of the root: seen from `near` and `via`
        return False
    if _within(s, a[d], b[k - d], k - 1, largest):
        return True
    if 2 * d < k and _within(s, b[d], a[k - d], k - 1, largest):
        return True
    if odd:
        if _within(s, a[d], b[k + 1 - d], k - 1, largest):
            return True
        return _within(s, b[d], a[k + 1 - d], k - 1, largest)
    return False


@numba.njit(cache=True)
def _keep(s, k, odd, out):  # type: ignore[no-untyped-def]
    """Write down the ring of the two paths, from the root on; the rings found so far."""
    rings, members = s.tally[1], s.tally[2]
    n = 2 * k + odd
    if rings == len(out.size) or members + n > len(out.site):
        out = _more(out, rings, members)
    out.size[rings] = n
    for m in range(n):
        node = 0 if m == 0 else (s.first[m] if m <= k else s.second[n - m])
        out.site[members + m] = s.site[node]
        for c in range(3):
            out.shift[members + m, c] = s.image[node, c]
    s.tally[1] += 1
    s.tally[2] += n
    return out


@numba.njit(cache=True, _nrt=False)
def _count(s, n):  # type: ignore[no-untyped-def]
    """Count the ring at the angle that it has at the root, if none there is smaller."""
    i, j = s.first[1], s.second[1]
    if s.size[i, j] == 0 or s.size[i, j] == n:
        s.size[i, j] = s.size[j, i] = n
        s.number[i, j] += 1
        s.number[j, i] = s.number[i, j]


@numba.njit(cache=True)
def _follow(s, u, v, k, odd, limits, out):  # type: ignore[no-untyped-def]
    """Follow two paths from their ends back to the root in all ways; the rings found so far.

    `limits`: the largest ring searched, and whether rings are only counted at the root's angles.
    """
    s.first[k], s.second[k] = u, v
    if k == 1:
        return _end(s, k, odd, limits, out)
    d = k - 1
    s.turn[d, 0] = s.turn[d, 1] = 0
    while d < k:
        u, v = s.first[d + 1], s.second[d + 1]
        if s.turn[d, 1] == s.n_before[v]:
            s.turn[d, 0] += 1
            s.turn[d, 1] = 0
        if s.turn[d, 0] >= s.n_before[u]:
            d += 1
            continue
        p, q = s.before[u, s.turn[d, 0]], s.before[v, s.turn[d, 1]]
        s.turn[d, 1] += 1
        if p == q or (u == v and p > q):
            continue
        one = s.left[d + 1, 0] & s.ways[p] & ~s.near[q]
        two = s.left[d + 1, 1] & s.ways[q] & ~s.near[p]
        s.first[d], s.second[d] = p, q
        if one == 0 or two == 0 or _too_near(s, d, k, odd, limits[0]):
            continue
        if d == 1:
            out = _end(s, k, odd, limits, out)
            continue
        s.left[d, 0], s.left[d, 1] = one, two
        d -= 1
        s.turn[d, 0] = s.turn[d, 1] = 0
    return out


@numba.njit(cache=True)
def _end(s, k, odd, limits, out):  # type: ignore[no-untyped-def]
    if limits[1]:
        _count(s, 2 * k + odd)
        return out
    return _keep(s, k, odd, out)


@numba.njit(cache=True)
def search(s, n, limits, out):  # type: ignore[no-untyped-def]
    """All rings of n nodes through the root of the last walk; the rings found so far."""
    k, odd, one = n // 2, n % 2, np.uint64(1)
    wanted = ~np.uint64(0)
    if limits[1]:  # only from neighbours with an angle that has no smaller ring
        wanted = np.uint64(0)
        for i in range(1, s.begin[2]):
            for j in range(1, s.begin[2]):
                if i != j and s.size[i, j] == 0:
                    wanted |= one << np.uint64(i - 1)
        if wanted == 0:
            return out
    for u in range(s.begin[k], s.begin[k + 1]):
        ways = s.ways[u] & wanted
        if ways == 0:
            continue
        if odd == 0:
            if ways & (ways - one) and s.n_before[u] > 1:
                s.left[k, 0] = s.left[k, 1] = ways
                out = _follow(s, u, u, k, odd, limits, out)
            continue
        for g in range(s.links[u]):
            v = np.int64(s.bonded[u, g])  # as u, or all that follows is compiled twice
            if s.depth[v] != k or v < u:
                continue
            s.left[k, 0], s.left[k, 1] = ways & ~s.via[v], s.ways[v] & wanted & ~s.via[u]
            if s.left[k, 0] and s.left[k, 1]:
                out = _follow(s, u, v, k, odd, limits, out)
    return out
