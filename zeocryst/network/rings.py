"""Primitive rings: each once with its members, and how many go through every site.

A ring is counted if it is a shortest-path ring (D. S. Franzblau, Phys. Rev. B 44, 4925 (1991)), also
called primitive (X. Yuan, A. N. Cormack, Comput. Mater. Sci. 24, 343 (2002)): between any two of its
sites no path through the network is shorter than the one along the ring. This is also what
``matscipy.rings`` counts. Others differ: King's rings, the shortest through an angle (S. V. King, Nature
213, 1112 (1967)), leave out primitive rings that are the shortest at none of their angles, and can have a
shortcut. Strong rings, which are no sums of smaller ones, are some of the primitive rings
(`zeocryst.network.polyhedra` takes them for the faces of cages). The ring sizes of the zeolite database count
windows and need not include all primitive rings: SOD has four- and six-ring windows, and 2.667 primitive
twelve-rings per T besides.

How they are found stands in `zeocryst.network.ring_search`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network
from zeocryst.network.ring_search import clear, found, scratch, search, walk

Ints = NDArray[np.int64]

#: Parts in which the roots are searched, whatever the number of threads, so that the order of the rings is one.
_PARTS = 32
#: Roots in a row that are searched by one part.
_BLOCK = 64
#: Nodes that a walk has room for at first.
_ROOM = 512
#: Most bonds of a site: they are bits of a 64-bit word.
_MOST_BONDS = 64


@dataclass(frozen=True)
class Rings:
    """Primitive rings, each once.

    Attributes
    ----------
    start : (R + 1,) int array
        The members of ring r are numbers ``start[r]`` to ``start[r + 1] - 1``.
    sites : (M,) int array
        Sites along each ring; consecutive ones are bonded, and the last one to the first.
    shifts : (M, 3) int array
        Lattice vector of each member's image; zero for the first member of a ring.
    """

    start: Ints
    sites: NDArray[np.int32]
    shifts: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.start) - 1

    def __iter__(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int16]]]:
        """Sites (n,) and shifts (n, 3) of one ring after the other."""
        for begin, end in zip(self.start[:-1], self.start[1:], strict=True):
            yield self.sites[begin:end], self.shifts[begin:end]

    @cached_property
    def size(self) -> Ints:
        """Number of members of each ring, (R,)."""
        return np.diff(self.start)


@numba.njit(cache=True, nogil=True)
def _search_part(part, n_sites, largest, rank, offsets, sites, shifts, most):  # type: ignore[no-untyped-def]
    """Rings found from the roots of a part: every so many blocks of roots."""
    out = found(1024, 8192)
    room = _ROOM
    s = scratch(n_sites, room, most, largest)
    limits = (largest, False)
    for block in range(part * _BLOCK, n_sites, _PARTS * _BLOCK):
        for root in range(block, min(n_sites, block + _BLOCK)):
            later = 0
            for k in range(offsets[root], offsets[root + 1]):
                later += rank[sites[k]] >= rank[root]
            if later < 2:
                continue
            while walk(s, root, largest, rank, False, offsets, sites, shifts) < 0:
                rings, members = s.tally[1], s.tally[2]
                room *= 2
                s = scratch(n_sites, room, most, largest)
                s.tally[1], s.tally[2] = rings, members
            s.tally[0] = 0
            for n in range(3, largest + 1):
                out = search(s, n, limits, out)
            clear(s)
    return out.size[: s.tally[1]], out.site[: s.tally[2]], out.shift[: s.tally[2]]


@numba.njit(cache=True, nogil=True)
def _angles_part(part, roots, size, number, largest, rank, offsets, sites, shifts, most):  # type: ignore[no-untyped-def]
    """Size and number of the shortest rings between each two of the first four bonds of each root of a part."""
    out = found(1, 1)
    room = _ROOM
    s = scratch(len(rank), room, most, largest)
    limits = (largest, True)
    for m in range(part, len(roots), _PARTS):
        while walk(s, roots[m], largest, rank, True, offsets, sites, shifts) < 0:
            room *= 2
            s = scratch(len(rank), room, most, largest)
        s.tally[0] = 0
        s.size[:], s.number[:] = 0, 0
        for n in range(3, largest + 1):
            out = search(s, n, limits, out)
        clear(s)
        size[m] = s.size[1:5, 1:5]
        number[m] = s.number[1:5, 1:5]


@numba.njit(cache=True)
def _count_at_sites(n_sites, largest, start, sites):  # type: ignore[no-untyped-def]
    """How many rings of each size go through each site."""
    out = np.zeros((n_sites, largest + 1), np.int32)
    for r in range(len(start) - 1):
        for m in range(start[r], start[r + 1]):
            out[sites[m], start[r + 1] - start[r]] += 1
    return out


def _links(network: Network) -> tuple[NDArray[np.int32], Ints, NDArray[np.int32], NDArray[np.int32], int]:
    """Rank of each site, and the network's bonds as the search takes them."""
    most = int(network.degree.max(initial=0))
    if most > _MOST_BONDS:
        raise ValueError(f"a site has {most} bonds; rings are searched where sites have at most {_MOST_BONDS}")
    offsets, sites, shifts = network.neighbours
    rank = np.arange(network.n_sites, dtype=np.int32)
    return rank, offsets, sites.astype(np.int32), shifts.astype(np.int32), max(most, 4)


def _in_parts(kernel: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What a compiled search gives for each part, on as many threads as numba may use.

    Numba's own parallel loops cannot return arrays whose lengths are known in the end only, and take twice as
    long to compile. The searches release the interpreter's lock.
    """
    threads = numba.get_num_threads()
    if threads == 1:
        return [kernel(part, *arguments) for part in range(_PARTS)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda part: kernel(part, *arguments), range(_PARTS)))


def find_rings(network: Network, largest: int = 12) -> Rings:
    """Every primitive ring once, with its members in order.

    Parameters
    ----------
    network
        Sites and bonds.
    largest
        Largest ring size searched, 3 to 20 or more; the cost grows about with its third power.

    Returns
    -------
    Rings
        Rings that differ by a lattice vector are one.

    Raises
    ------
    ValueError
        A site has more than 64 bonds.
    """
    parts = _in_parts(_search_part, network.n_sites, largest, *_links(network))
    start = np.concatenate([[0], np.cumsum(np.concatenate([p[0] for p in parts]), dtype=np.int64)])
    return Rings(start, np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts]))


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
    rings = find_rings(network, largest)
    return np.asarray(_count_at_sites(network.n_sites, largest, rings.start, rings.sites))


def rings_per_site(network: Network, largest: int = 12) -> NDArray[np.float64]:
    """Number of primitive rings of each size, divided by the number of sites, (largest + 1,).

    Takes the same as `find_rings`.
    """
    return np.bincount(find_rings(network, largest).size, minlength=largest + 1) / network.n_sites


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
    links = _links(network)
    roots = np.arange(network.n_sites) if chosen is None else np.asarray(chosen, dtype=np.int64)
    names = [""] * len(roots)
    left = np.flatnonzero(network.degree[roots] == 4)
    # most angles have small rings, and the search for large ones is costly
    for limit in sorted({min(8, largest), min(12, largest), largest}):
        if not len(left):
            break
        size, number = np.zeros((2, len(left), 4, 4), dtype=np.int32)
        _in_parts(_angles_part, roots[left], size, number, limit, *links)
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
