"""Sites of refined structures that several atoms share: one of each is chosen.

A refined structure is a mean over cells. An O that lies on either side of a mirror plane stands there as two
halves 0.3 to 1.2 Å apart, a T that is Si or Al as two atoms in one place, a ring with two orientations as
both. Atoms that exclude each other cannot be there at once: two T or two O, or a T and an O, nearer than atoms
of different places ever are, one of which at least is there only in part; or, where the file has no
occupancies, nearer than `SPLIT_A`.

They are decided one after the other: first those with more to be said for them, that is (1) a higher
occupancy, (2) better distances to the atoms that are there for certain or have been chosen, (3) the first of
the file. What has been chosen excludes its rivals, and counts for its partners, so that choices of equal
occupancy go on consistently from where the first one was made. An atom without rivals stays, however small its
occupancy: an O between two T is there in some cells at least, and water that joins nothing does no harm.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.chemistry.elements import OXYGEN_A, RADII

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: Nearer than this two atoms of one kind are one, whatever the file says of their occupancies, Å. (The
#: shortest distance of two O that are both there is 1.2 Å, in O2.)
SPLIT_A = 0.9
#: The same where the occupancies say that both are not there at once: T and T, O and O, T and O, Å. (O of a
#: tetrahedron are 2.2 Å and more apart, T 2.5 Å.)
EXCLUDE_A = {"TT": 2.2, "OO": 1.9, "TO": 1.0}
#: Two occupancies whose sum is not larger than this exclude each other.
SUM_OF_ONE = 1.05
#: Occupancies differ if they do by more than this.
ALIKE = 0.02
#: Spread of T-O distances within which a bond is good, Å.
BOND_SPREAD_A = 0.15
#: Length of a tetrahedron's edge in silica, and up to where atoms are looked at together, Å.
EDGE_A, TOGETHER_A = 2.63, 2.9


@dataclass(frozen=True)
class Choice:
    """What was decided.

    Attributes
    ----------
    keep : (N,) bool array
    rivals : (M, 2) int array
        Pairs of atoms that exclude each other.
    by_distance : bool
        Whether some exclude each other by their distance alone.
    """

    keep: Bools
    rivals: Ints
    by_distance: bool


def choose_sites(
    positions: Floats, symbols: NDArray[np.str_], is_t: Bools, cell: Floats, occupancy: Floats | None = None
) -> Choice:
    """One of each set of atoms that exclude each other.

    Parameters
    ----------
    positions : (N, 3) array, Å
        T and O alone.
    symbols : (N,) array
    is_t : (N,) bool array
        The others are O.
    cell : (3, 3) array, Å
    occupancy : (N,) array
        1 where an atom is there in every cell; not given where it is not known.
    """
    n = len(positions)
    share = np.ones(n) if occupancy is None else occupancy
    i, j, _, distance = neighbour_pairs(positions, cell, max(EXCLUDE_A.values()), full=True)
    other = i != j  # an atom and its own image are one site
    i, j, distance = i[other], j[other], distance[other]
    limit = np.where(
        is_t[i] & is_t[j], EXCLUDE_A["TT"], np.where(is_t[i] | is_t[j], EXCLUDE_A["TO"], EXCLUDE_A["OO"])
    )
    in_part = (share[i] + share[j] <= SUM_OF_ONE) & (np.minimum(share[i], share[j]) < 1 - ALIKE)
    close = (distance < SPLIT_A) & (is_t[i] == is_t[j])
    exclude = close | (in_part & (distance < limit))
    rivals = np.unique(np.column_stack([i[exclude], j[exclude]]), axis=0)
    if len(rivals) == 0:
        return Choice(np.ones(n, dtype=bool), rivals, by_distance=False)
    keep = _decide(rivals, np.round(share / ALIKE), _partners(positions, symbols, is_t, cell), n)
    return Choice(keep, rivals[rivals[:, 0] < rivals[:, 1]], bool((close & ~in_part).any()))


def _partners(
    positions: Floats, symbols: NDArray[np.str_], is_t: Bools, cell: Floats
) -> tuple[Ints, Ints, Floats]:
    """Pairs of atoms both ways, and how well they go together: from -1 to 1.

    A T and an O do as a bond, and not at all a little farther apart; O do at the edge of a tetrahedron; T and O
    nearer than that do not, nor do T that are too near for a bridge.
    """
    i, j, _, distance = neighbour_pairs(positions, cell, TOGETHER_A, full=True)
    radius = np.array([RADII.get(str(s), RADII["Si"]) for s in symbols])
    ideal = np.where(is_t[i], radius[i], radius[j]) + OXYGEN_A
    bond = np.exp(-(((distance - ideal) / BOND_SPREAD_A) ** 2))
    bond = np.where(np.abs(distance - ideal) > 2 * BOND_SPREAD_A, -1.0, bond)
    edge = np.exp(-(((distance - EDGE_A) / BOND_SPREAD_A) ** 2)) / 2
    edge = np.where(distance < EDGE_A - 3 * BOND_SPREAD_A, -1.0, edge)
    near = np.where(distance < EXCLUDE_A["TT"] + 2 * BOND_SPREAD_A, -1.0, 0.0)
    return i, j, np.where(is_t[i] != is_t[j], bond, np.where(is_t[i], near, edge))


def _decide(rivals: Ints, rank: Floats, bonds: tuple[Ints, Ints, Floats], n: int) -> Bools:
    """Which atoms are kept."""
    open_sites = np.zeros(n, dtype=bool)
    open_sites[rivals.ravel()] = True
    keep = ~open_sites
    source, target, worth = bonds
    score = np.bincount(target, weights=worth * keep[source], minlength=n)
    against = _lists(rivals[:, 0], rivals[:, 1], n)
    partners = _lists(source, np.arange(len(source)), n)
    undecided = set(np.flatnonzero(open_sites).tolist())

    def entry(atom: int) -> tuple[float, float, int]:
        """Its turn: the highest rank first, then the best score."""
        return -float(rank[atom]), -round(float(score[atom]), 2), atom

    queue = [entry(atom) for atom in sorted(undecided)]
    heapq.heapify(queue)
    while undecided:
        best = heapq.heappop(queue)
        atom = best[2]
        if atom not in undecided or best != entry(atom):
            continue
        keep[atom] = True
        undecided.discard(atom)
        undecided.difference_update(against[atom])
        for k in partners[atom]:
            partner = int(target[k])
            if partner in undecided:
                score[partner] += worth[k]
                heapq.heappush(queue, entry(partner))
    return keep


def _lists(key: Ints, value: Ints, n: int) -> list[list[int]]:
    """Values by key."""
    order = np.argsort(key, kind="stable")
    ends = np.searchsorted(key[order], np.arange(n + 1))
    return [value[order[a:b]].tolist() for a, b in pairwise(ends)]
