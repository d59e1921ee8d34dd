"""The shortest rings at the angles and torsions of each site: its surroundings, bond by bond.

An angle is a pair of bonds of a site, a torsion three bonds in a row; their shortest ring is the shortest
closed walk through all of them. Sizes and numbers of the rings at a site's angles are nearly what its vertex
symbol says (`zeocryst.network.rings.vertex_symbols` counts only rings without shortcuts). Here they are kept
bond by bond, with the way along the ring where there is only one, so that one network can be followed on
another (`zeocryst.network.covering`).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network
from zeocryst.network.topology import IMAGE, encode, find, steps_of

Ints = NDArray[np.int64]

#: Largest ring that is looked for: at angles, and at torsions.
LARGEST = 10
LARGEST_AT_TORSIONS = 11
#: Steps of each walk; two walks that meet half way find every ring up to these sizes.
_STEPS = 4
#: Most nodes that six walks of four steps meet: 6 (1 + 3 + 9 + 27 + 81), with four bonds a site.
_ROOM = 1024
#: The two bonds of each of the six angles of a site.
PAIRS = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])


class Angles(NamedTuple):
    """Half-bonds of a network, and the shortest rings at its angles and torsions.

    A half-bond is a bond seen from one of its sites; those of site n are numbers ``begin[n]`` to
    ``begin[n + 1] - 1``, at most four.

    Attributes
    ----------
    begin : (N + 1,) int array
    target : (H,) int array
        Site that a half-bond leads to.
    shift : (H, 3) int array
        Lattice vector that it crosses.
    back : (H,) int array
        The other half of the bond.
    size, number : (N, 6) int arrays
        Size of the shortest rings at each angle (`PAIRS`), 0 where there is none up to `LARGEST`, and how
        many there are.
    ring : (N, 6, LARGEST) int array
        Where there is one, its half-bonds from the angle's first bond to the arrival by its second.
    look : (N,) int array
        One number for all sizes and numbers at a site, in any order of its bonds.
    torsion_size, torsion_number : (H, 3, 3) int arrays
        The same for the torsions about each half-bond: by the other bonds of its site and those of its target,
        each in the order of the half-bonds; 0 where there is no ring up to `LARGEST_AT_TORSIONS`.
    """

    begin: Ints
    target: Ints
    shift: Ints
    back: Ints
    size: NDArray[np.int8]
    number: NDArray[np.int8]
    ring: NDArray[np.int32]
    look: Ints
    torsion_size: NDArray[np.int8]
    torsion_number: NDArray[np.int8]


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _node(key, keys, table, reach, total):  # type: ignore[no-untyped-def]
    """Place of a node, which no walk has reached if it is new; and the number of nodes then."""
    place = find(key, table, keys)
    if place >= 0:
        return place, total
    table[-1 - place] = total
    keys[total] = key
    reach[total, :] = -1
    return total, total + 1


@numba.njit(cache=True, _nrt=False)
def _start(key, site, x, y, z, walk, nodes, keys, table, total, reach, ways):  # type: ignore[no-untyped-def]
    """Begin a walk at a node; the number of nodes then."""
    place = find(key, table, keys)
    if place < 0:
        table[-1 - place] = total
        place = total
        total += 1
        keys[place] = key
        nodes[place, 0], nodes[place, 1], nodes[place, 2], nodes[place, 3] = site, x, y, z
        reach[place, :] = -1
        ways[place, :] = 0
    reach[place, walk], ways[place, walk] = 0, 1
    return total


@numba.njit(cache=True, _nrt=False)
def _step(walk, depth, shut, begin, target, shift, nodes, keys, table, total, reach, ways, came):  # type: ignore[no-untyped-def]
    """One more shell of a walk that never enters the nodes `shut`; the number of nodes then.

    `nodes` (site and image) are shared by all walks; `reach` has how far each walk is to each node, `ways` by
    how many shortest ways, `came` by which half-bond.
    """
    for n in range(total):
        if reach[n, walk] != depth - 1:
            continue
        s = nodes[n, 0]
        for h in range(begin[s], begin[s + 1]):
            x, y, z = nodes[n, 1] + shift[h, 0], nodes[n, 2] + shift[h, 1], nodes[n, 3] + shift[h, 2]
            key = encode(target[h], x, y, z)
            if key == shut[0] or key == shut[1]:
                continue
            place = find(key, table, keys)
            if place < 0:
                table[-1 - place] = total
                place = total
                total += 1
                keys[place] = key
                nodes[place, 0], nodes[place, 1], nodes[place, 2], nodes[place, 3] = target[h], x, y, z
                reach[place, :] = -1
                ways[place, :] = 0
            if reach[place, walk] == -1:
                reach[place, walk] = depth
                came[place, walk] = h
            if reach[place, walk] == depth:
                ways[place, walk] += ways[n, walk]
    return total


@numba.njit(cache=True, _nrt=False)
def _meet(i, j, longest, total, reach, ways):  # type: ignore[no-untyped-def]
    """Where two walks meet half way: a node (-1 if nowhere up to `longest`), the distance, and the ways."""
    shortest = longest + 1
    for n in range(total):
        if reach[n, i] >= 0 and reach[n, j] >= 0:
            shortest = min(shortest, reach[n, i] + reach[n, j])
    middle, count = -1, 0
    if shortest <= longest:
        for n in range(total):
            if reach[n, i] == shortest // 2 and reach[n, j] == shortest - shortest // 2:
                count += ways[n, i] * ways[n, j]
                middle = n
    return middle, shortest, count


@numba.njit(cache=True, _nrt=False)
def _walk_back(node, walk, nodes, keys, table, back, target, shift, reach, came, out):  # type: ignore[no-untyped-def]
    """Half-bonds from a node back to where a walk began; returns how many."""
    length = 0
    while reach[node, walk] > 0:
        r = back[came[node, walk]]
        out[length] = r
        length += 1
        x, y, z = nodes[node, 1] + shift[r, 0], nodes[node, 2] + shift[r, 1], nodes[node, 3] + shift[r, 2]
        node = find(encode(target[r], x, y, z), table, keys)
    return length


@numba.njit(parallel=True, cache=True)
def _at_angles(begin, target, shift, back, pairs, largest):  # type: ignore[no-untyped-def]
    n_sites = len(begin) - 1
    size, number = np.zeros((n_sites, 6), np.int8), np.zeros((n_sites, 6), np.int8)
    ring = np.zeros((n_sites, 6, largest), np.int32)
    chunk = 64
    for c in numba.prange((n_sites + chunk - 1) // chunk):
        nodes, keys = np.empty((_ROOM, 4), np.int64), np.empty(_ROOM, np.int64)
        table, shut = np.empty(2 * _ROOM, np.int64), np.empty(2, np.int64)
        reach, ways = np.empty((_ROOM, 4), np.int8), np.empty((_ROOM, 4), np.int64)
        came = np.empty((_ROOM, 4), np.int64)
        one, two = np.empty(largest, np.int64), np.empty(largest, np.int64)
        for root in range(c * chunk, min(n_sites, (c + 1) * chunk)):
            first = begin[root]
            degree = begin[root + 1] - first
            shut[:] = encode(root, 0, 0, 0)
            table[:] = -1
            total = np.int64(0)  # a literal would have all functions compiled twice
            for i in range(degree):
                s, x, y, z = target[first + i], shift[first + i, 0], shift[first + i, 1], shift[first + i, 2]
                total = _start(encode(s, x, y, z), s, x, y, z, i, nodes, keys, table, total, reach, ways)
            left = degree * (degree - 1) // 2
            for depth in range(1, _STEPS + 1):
                if left == 0:
                    break
                for i in range(degree):
                    total = _step(
                        i, depth, shut, begin, target, shift, nodes, keys, table, total, reach, ways, came
                    )
                for p in range(6):
                    i, j = pairs[p]
                    if j >= degree or size[root, p]:
                        continue
                    middle, shortest, count = _meet(i, j, 2 * depth, total, reach, ways)
                    if middle < 0:
                        continue
                    size[root, p], number[root, p] = shortest + 2, min(count, 100)
                    left -= 1
                    if count == 1:
                        m = _walk_back(middle, i, nodes, keys, table, back, target, shift, reach, came, one)
                        k = _walk_back(middle, j, nodes, keys, table, back, target, shift, reach, came, two)
                        ring[root, p, 0] = first + i
                        for d in range(m):
                            ring[root, p, 1 + d] = back[one[m - 1 - d]]
                        for d in range(k):
                            ring[root, p, 1 + m + d] = two[d]
                        ring[root, p, 1 + m + k] = back[first + j]
    return size, number, ring


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _meetings(h, depth, here, there, back, walks, size, number):  # type: ignore[no-untyped-def]
    """Write down the rings of walks from both ends of a bond that meet at this depth; how many do."""
    _, _, reach, ways, front, count = walks
    found = 0
    for j in range(there):
        count[:] = 0
        for m in range(front[3 + j, 0], front[3 + j, 1]):
            n = front[3 + j, 2 + m]
            for i in range(here):
                nearer = depth - reach[n, i]
                if reach[n, i] >= 0 and nearer <= 1:
                    count[i, nearer] += ways[n, i] * ways[n, 3 + j]
        for i in range(here):
            if size[h, i, j] or (count[i, 0] == 0 and count[i, 1] == 0):
                continue
            nearer = np.int64(count[i, 1] > 0)
            size[h, i, j] = size[back[h], j, i] = 2 * depth - nearer + 3
            number[h, i, j] = number[back[h], j, i] = min(count[i, nearer], 100)
            found += 1
    return found


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _torsions_at(h, root, begin, target, back, steps, walks, size, number):  # type: ignore[no-untyped-def]
    """Shortest rings of all torsions about one bond: three walks from either end, none of which enters it.

    Two walks that have met go no farther, unless they have others to meet. `steps` is what a half-bond adds to
    the number of a node (see `zeocryst.network.topology`).
    """
    keys, table, reach, ways, front, _ = walks
    other = target[h]
    here_it_is = encode(root, 0, 0, 0)
    there_it_is = steps[h] + (here_it_is & IMAGE)
    table[:] = -1
    total = here = there = np.int64(0)  # a literal would have all functions compiled twice
    for walk in range(6):
        front[walk, 0] = front[walk, 1] = 0
    for side in range(2):
        site, at, bond = (root, here_it_is, h) if side == 0 else (other, there_it_is, back[h])
        for g in range(begin[site], begin[site + 1]):
            if g == bond:
                continue
            begun = here if side == 0 else 3 + there
            key = steps[g] + (at & IMAGE)
            if key != here_it_is and key != there_it_is:  # noqa: PLR1714 (a tuple is slow)
                place, total = _node(key, keys, table, reach, total)
                reach[place, begun], ways[place, begun] = 0, 1
                front[begun, 1], front[begun, 2] = 1, place
            if side == 0:
                here += 1
            else:
                there += 1
    left = here * there
    for depth in range(_STEPS + 1):
        if left == 0:
            return
        for walk in range(6):
            if depth == 0:
                continue
            waits = False
            for k in range(3):
                i, j = (walk, k) if walk < 3 else (k, walk - 3)
                if i < here and j < there and size[h, i, j] == 0:
                    waits = True
            if not waits:
                continue
            first, last = front[walk, 0], front[walk, 1]
            end = last
            for m in range(first, last):
                n = front[walk, 2 + m]
                site, at = keys[n] >> 30, keys[n] & IMAGE
                for g in range(begin[site], begin[site + 1]):
                    key = steps[g] + at
                    if key == here_it_is or key == there_it_is:  # noqa: PLR1714, SIM109 (as above)
                        continue
                    place, total = _node(key, keys, table, reach, total)
                    if reach[place, walk] == -1:
                        reach[place, walk], ways[place, walk] = depth, 0
                        front[walk, 2 + end] = place
                        end += 1
                    if reach[place, walk] == depth:
                        ways[place, walk] += ways[n, walk]
            front[walk, 0], front[walk, 1] = last, end
        left -= _meetings(h, depth, here, there, back, walks, size, number)


@numba.njit(parallel=True, cache=True)
def _at_torsions(begin, target, back, steps):  # type: ignore[no-untyped-def]
    n_sites, n_half = len(begin) - 1, len(target)
    size, number = np.zeros((n_half, 3, 3), np.int8), np.zeros((n_half, 3, 3), np.int8)
    chunk = 64
    for c in numba.prange((n_sites + chunk - 1) // chunk):
        walks = (
            np.empty(_ROOM, np.int64),
            np.empty(2 * _ROOM, np.int16),
            np.empty((_ROOM, 6), np.int8),
            np.empty((_ROOM, 6), np.int32),
            np.empty((6, 2 + _ROOM // 6), np.int64),
            np.empty((3, 2), np.int64),
        )
        for root in range(c * chunk, min(n_sites, (c + 1) * chunk)):
            for h in range(begin[root], begin[root + 1]):
                if back[h] > h:
                    _torsions_at(h, root, begin, target, back, steps, walks, size, number)
    return size, number


def _back(network: Network) -> Ints:
    """The other half of each half-bond, of a network whose sites have at most four."""
    if network.degree.max(initial=0) > 4:
        raise ValueError(f"{int((network.degree > 4).sum())} sites have more than four bonds")
    m = len(network.first)
    place = np.empty(2 * m, dtype=np.int64)
    place[np.argsort(np.concatenate([network.first, network.second]), kind="stable")] = np.arange(2 * m)
    back = np.empty(2 * m, dtype=np.int64)
    back[place[:m]], back[place[m:]] = place[m:], place[:m]
    return back


def rings_at_angles(network: Network) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Size and number of the shortest rings at each site's angles, as in `Angles`, and nothing else of it.

    Raises
    ------
    ValueError
        A site has more than four bonds.
    """
    size, number, _ = _at_angles(*network.neighbours, _back(network), PAIRS, LARGEST)
    return size, number


def angles(network: Network) -> Angles:
    """Half-bonds, and the shortest rings at all angles and torsions.

    Raises
    ------
    ValueError
        A site has more than four bonds.
    """
    back = _back(network)
    begin, target, shift = network.neighbours
    size, number, ring = _at_angles(begin, target, shift, back, PAIRS, LARGEST)
    both = np.sort(128 * size.astype(np.int64) + number, axis=1)
    look = both @ (1_000_003 ** np.arange(6, dtype=np.uint64)).astype(np.int64)
    torsions = _at_torsions(begin, target, back, steps_of(network))
    return Angles(begin, target, shift, back, size, number, ring, look, *torsions)
