"""The T network as a lattice on which Al may not be neighbours: its colours, and how many Al it holds.

Löwenstein's rule (W. Loewenstein, Am. Mineral. 39, 92 (1954)) forbids Al-O-Al, so that the Al are an
independent set of the network. Where the network has two colours (no closed way of an odd number of bonds),
each of them is one, and the largest has as many sites as are left when a maximum matching is taken away
(Kőnig's theorem). A ring of k T, k odd, holds (k - 1)/2 at most; there the largest set is found by branch and
bound (HiGHS, in scipy), which also proves a bound where it does not come to its end. In large networks the
linear program of all rings gives the bound.

A site that is bonded to an image of itself (a small cell) can't hold Al, and a T without any bridge is no
framework T.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.heteroatoms import sampling
from zeocryst.network.bonds import Network
from zeocryst.network.rings import find_rings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Nodes and seconds after which branch and bound gives up. (136 T of MTN take 5 s and fewer nodes.)
MOST_NODES, MOST_SECONDS = 5000, 30.0
#: Up to so many T the largest set is looked for by branch and bound, and from so many on with rings: 512 T of
#: SGT take 0.2 s with them, 20 s and more without, and 136 T of MTN 18 s with them.
MOST_EXACT, RINGS_FROM = 600, 200
#: Largest odd ring that is told the linear program.
LARGEST_RING = 9
#: Moves per T without room for another, after which a set is not grown any more.
GROWING = 50


@dataclass(frozen=True, eq=False)
class Lattice:
    """Sites and their neighbours, a neighbour as often as there are bonds to it.

    Attributes
    ----------
    begin, near : int arrays
        Site i has the neighbours ``near[begin[i]:begin[i + 1]]``.
    usable : (N,) bool array
        Sites that Al may take.
    network : Network
        Where they come from.
    """

    begin: Ints
    near: Ints
    usable: Bools
    network: Network

    @classmethod
    def of(cls, network: Network, *, loewenstein: bool = True) -> Lattice:
        """That of a network; without the rule a T bonded to its own image can hold Al."""
        begin, near, _ = network.neighbours
        usable = network.degree > 0
        if loewenstein:
            usable[network.first[network.first == network.second]] = False
        return cls(begin, near, usable, network)

    @property
    def n_sites(self) -> int:
        """Number of T."""
        return len(self.usable)

    @cached_property
    def edges(self) -> Ints:
        """Pairs of usable sites that are bonded, each once, (E, 2)."""
        source = np.repeat(np.arange(self.n_sites), np.diff(self.begin))
        keep = (source < self.near) & self.usable[source] & self.usable[self.near]
        return np.unique(np.column_stack([source[keep], self.near[keep]]), axis=0)

    @cached_property
    def colours(self) -> tuple[Ints, Ints]:
        """Connected part of each site (-1 of those that are not usable), and its colour, 0 or 1.

        The colour is -1 in parts that have an odd closed way.
        """
        part, colour = _coloured(self.begin, self.near, self.usable)
        return part, colour

    @property
    def two_coloured(self) -> bool:
        """Whether no part has an odd closed way."""
        return bool((self.colours[1][self.usable] >= 0).all())


@numba.njit(cache=True)
def _coloured(begin: Ints, near: Ints, usable: Bools) -> tuple[Ints, Ints]:
    n = len(usable)
    part, colour = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    queue = np.empty(n, np.int64)
    parts = 0
    for root in range(n):
        if part[root] >= 0 or not usable[root]:
            continue
        part[root], colour[root] = parts, 0
        queue[0], head, tail, odd = root, 0, 1, False
        while head < tail:
            here = queue[head]
            head += 1
            for k in range(begin[here], begin[here + 1]):
                there = near[k]
                if not usable[there]:
                    continue
                if part[there] < 0:
                    part[there], colour[there] = parts, 1 - colour[here]
                    queue[tail] = there
                    tail += 1
                elif colour[there] == colour[here]:
                    odd = True
        if odd:
            for k in range(tail):
                colour[queue[k]] = -1
        parts += 1
    return part, colour


@dataclass(frozen=True)
class Capacity:
    """How many sites can hold Al at once.

    Attributes
    ----------
    found : (N,) bool array
        As many as were found at once.
    bound : int
        No more than this, proven.
    """

    found: Bools
    bound: int

    @property
    def proven(self) -> bool:
        """Whether nothing lies between."""
        return int(self.found.sum()) == self.bound


def quick_bound(lattice: Lattice, sites: Ints | None = None) -> int:
    """A number that no independent set exceeds, by matching: exact where the lattice has two colours.

    With fractions of 1/2 allowed, the largest set is that of the double cover (G. L. Nemhauser, L. E. Trotter,
    Math. Program. 8, 232 (1975)). Of all usable sites, or of those of one part.
    """
    mine = np.flatnonzero(lattice.usable) if sites is None else sites
    edges = lattice.edges[np.isin(lattice.edges[:, 0], mine)]
    both = np.vstack([edges, edges[:, ::-1]])
    return len(mine) - (_matching(both, lattice.n_sites)[0] + 1) // 2


def capacity(lattice: Lattice) -> Capacity:
    """The largest independent set that is found, and the bound that is proven."""
    part, colour = lattice.colours
    found = lattice.usable & False
    bound = 0
    plain = lattice.usable & (colour >= 0)
    if plain.any():
        found |= _largest_of_two_colours(lattice, plain)
        bound += int(found.sum())
    odd = lattice.usable & (colour < 0)
    for number in np.unique(part[odd]).tolist():
        mine, proven = _largest_of_any(lattice, np.flatnonzero(part == number))
        found[mine] = True
        bound += proven
    return Capacity(found, bound)


def _matching(edges: Ints, n: int) -> tuple[int, Ints]:
    """Size of a maximum matching of rows and columns, and the row matched to each column (-1: none)."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if len(edges) == 0:
        return 0, np.full(n, -1)
    matrix = csr_matrix((np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape=(n, n))
    rows = maximum_bipartite_matching(matrix, perm_type="row")
    return int((rows >= 0).sum()), np.asarray(rows, dtype=np.int64)


def _largest_of_two_colours(lattice: Lattice, sites: Bools) -> Bools:
    """A largest independent set by Kőnig's theorem: unmatched left sites, and what alternating ways reach."""
    colour = lattice.colours[1]
    edges = lattice.edges[sites[lattice.edges[:, 0]]]
    edges = np.where((colour[edges[:, 0]] == 0)[:, None], edges, edges[:, ::-1])
    _, left_of = _matching(edges, lattice.n_sites)
    left, right = sites & (colour == 0), sites & (colour == 1)
    matched = np.zeros(lattice.n_sites, dtype=bool)
    matched[left_of[left_of >= 0]] = True
    reached = left & ~matched
    stack = np.flatnonzero(reached).tolist()
    while stack:
        here = stack.pop()
        for there in lattice.near[lattice.begin[here] : lattice.begin[here + 1]].tolist():
            if sites[there] and not reached[there]:
                reached[there] = True
                back = int(left_of[there])
                if back >= 0 and not reached[back]:
                    reached[back] = True
                    stack.append(back)
    return np.asarray((left & reached) | (right & ~reached))


def _largest_of_any(lattice: Lattice, sites: Ints) -> tuple[Ints, int]:
    """Largest independent set among the sites of one part that is found, and the bound, by HiGHS."""
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp

    n = len(sites)
    matrix, most = _at_most(lattice, sites, LARGEST_RING if n > RINGS_FROM else 0)
    if n > MOST_EXACT:
        limits = {"time_limit": MOST_SECONDS}
        solved = linprog(-np.ones(n), A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs-ipm", options=limits)
        taken = np.zeros(lattice.n_sites, dtype=bool)
        mine = np.isin(np.arange(lattice.n_sites), sites)
        rng = np.random.default_rng(1)
        sampling.grow(taken, mine, lattice.begin, lattice.near, n, GROWING * n, True, rng)
        bound = int(np.floor(-solved.fun + 1e-4)) if solved.status == 0 else quick_bound(lattice, sites)
        return np.flatnonzero(taken), bound
    solved = milp(
        -np.ones(n),
        constraints=LinearConstraint(matrix, -np.inf, most),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        options={"node_limit": MOST_NODES, "time_limit": MOST_SECONDS},
    )
    chosen = sites[solved.x > 0.5] if solved.x is not None else sites[:0]
    if solved.mip_dual_bound is None or not np.isfinite(solved.mip_dual_bound):
        return chosen, quick_bound(lattice, sites)
    return chosen, max(int(np.floor(-solved.mip_dual_bound + 1e-4)), len(chosen))


def _at_most(lattice: Lattice, sites: Ints, largest: int) -> tuple[Any, Floats]:
    """Rows that say which sites hold how many Al at most: bonds, and odd rings of up to `largest` T."""
    from scipy.sparse import csr_array

    rank = np.full(lattice.n_sites, -1)
    rank[sites] = np.arange(len(sites))
    edges = rank[lattice.edges[rank[lattice.edges[:, 0]] >= 0]]
    row, column = [np.repeat(np.arange(len(edges)), 2)], [edges.ravel()]
    most = [np.ones(len(edges))]
    if largest:
        rings = find_rings(lattice.network, largest)
        inside = (
            np.minimum.reduceat(rank[rings.sites], rings.start[:-1]) >= 0 if len(rings) else np.zeros(0, bool)
        )
        mine = inside & (rings.size % 2 == 1)
        size = rings.size[mine]
        row.append(len(edges) + np.repeat(np.arange(len(size)), size))
        column.append(rank[rings.sites[np.repeat(mine, rings.size)]])
        most.append((size - 1) / 2)
    rows, columns, limit = np.concatenate(row), np.concatenate(column), np.concatenate(most)
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(limit), len(sites))), limit
