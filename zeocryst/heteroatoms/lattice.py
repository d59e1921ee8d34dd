"""The T network as a lattice on which Al may not be neighbours: its colours, and how many Al it holds.

Löwenstein's rule (W. Loewenstein, Am. Mineral. 39, 92 (1954)) forbids Al-O-Al, so that the Al are an independent
set of the network. Where the network has two colours (no closed way of an odd number of bonds), each of them is
one, and the largest has as many sites as are left when a maximum matching is taken away (Kőnig's theorem). Rings
of 3, 5, 7, ... T hold fewer than half; there the largest set is found by branch and bound (HiGHS, in scipy), which
also proves a bound where it does not come to its end.

A site that is bonded to an image of itself (a small cell) can't hold Al, and a T without any bridge is no
framework T.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Nodes and seconds after which branch and bound gives up. (136 T of MTN take 5 s and fewer nodes.)
MOST_NODES, MOST_SECONDS = 5000, 20.0


@dataclass(frozen=True, eq=False)
class Lattice:
    """Sites and their neighbours, a neighbour as often as there are bonds to it.

    Attributes
    ----------
    begin, near : int arrays
        Site i has the neighbours ``near[begin[i]:begin[i + 1]]``.
    usable : (N,) bool array
        Sites that Al may take.
    """

    begin: Ints
    near: Ints
    usable: Bools

    @classmethod
    def of(cls, network: Network, *, loewenstein: bool = True) -> Lattice:
        """That of a network; without the rule a T bonded to its own image can hold Al."""
        begin, near, _ = network.neighbours
        usable = network.degree > 0
        if loewenstein:
            usable[network.first[network.first == network.second]] = False
        return cls(begin, near, usable)

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
        return _coloured(self.begin, self.near, self.usable)

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


def quick_bound(lattice: Lattice) -> int:
    """A number that no independent set exceeds, by matching: exact where the lattice has two colours.

    With fractions of 1/2 allowed, the largest set is that of the double cover (G. L. Nemhauser, L. E. Trotter,
    Math. Program. 8, 232 (1975)).
    """
    both = np.vstack([lattice.edges, lattice.edges[:, ::-1]])
    return int(lattice.usable.sum()) - (_matching(both, lattice.n_sites)[0] + 1) // 2


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
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    rank = np.full(lattice.n_sites, -1)
    rank[sites] = np.arange(len(sites))
    edges = rank[lattice.edges[rank[lattice.edges[:, 0]] >= 0]]
    rows = np.repeat(np.arange(len(edges)), 2)
    matrix = csr_array((np.ones(2 * len(edges)), (rows, edges.ravel())), shape=(len(edges), len(sites)))
    solved = milp(
        -np.ones(len(sites)),
        constraints=LinearConstraint(matrix, -np.inf, 1),
        integrality=np.ones(len(sites)),
        bounds=Bounds(0, 1),
        options={"node_limit": MOST_NODES, "time_limit": MOST_SECONDS},
    )
    chosen = sites[solved.x > 0.5] if solved.x is not None else sites[:0]
    if solved.mip_dual_bound is None or not np.isfinite(solved.mip_dual_bound):
        return chosen, len(sites) // 2 if len(sites) > 1 else len(sites)
    return chosen, max(int(np.floor(-solved.mip_dual_bound + 1e-4)), len(chosen))
