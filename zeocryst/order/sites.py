"""What is known of the sites of a network before any is named (`zeocryst.order.labels`)."""

from __future__ import annotations

from functools import cache, cached_property
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from zeocryst.frameworks.table import framework_types
from zeocryst.network.angles import angles
from zeocryst.network.bonds import Network
from zeocryst.network.topology import coordination_sequences, intact_shells
from zeocryst.order.nuclei import LEAST_EVIDENCE, Piece, find_pieces
from zeocryst.order.prepared import DEPTH

#: Shells of the sequences in the table of types.
TABLE_SHELLS = 12
#: More sites than a shell can have, and the largest number that is written.
_MANY, _LARGEST = 1 << 20, 1 << 62
#: Sites nearer (bonds) to a missing bond than this say nothing of the type; one that disagrees speaks for all
#: that is so near to it.
LEAST_WHOLE, AROUND_BONDS = 2, 2
#: A region is of a type, however defective, if this share of its sites with so many intact shells agrees with
#: it as deep as they are intact; of these there must be so many, and this share of all.
#: (In frameworks that lack 2 % of their T all agree, and 0.4 of the sites have three intact shells. In three
#: disordered networks of 2048 T 0.15 to 0.4 have, and 0.45 to 0.69 of these agree with the type that fits best;
#: with 2 % of their bonds opened 0.06 to 0.16 and 0.46 to 0.80, with 5 % 0.01 to 0.04 and 0.31 to 0.90.)
AGREEING_SHARE, TELLING_WHOLE, MIN_TELLING, TELLING_SHARE = 0.95, 3, 50, 0.2
#: What recurs is looked for in blocks of the box with about so many sites.
BLOCK_SITES = 512
#: Types with a piece that has this share of the evidence of the best one are promising.
PROMISING_SHARE = 0.4

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class _Prefixes(NamedTuple):
    """All beginnings of the types' coordination sequences as a tree; the root is empty and has number 0.

    Attributes
    ----------
    step : (P,) int array
        Sorted: a beginning's number without its last shell times `_MANY`, plus the last shell.
    number : (P,) int array
        Number of each.
    depth : (P + 1, K) int8 array
        Shells to which each, by its number, agrees with some site of each type.
    """

    step: Ints
    number: Ints
    depth: NDArray[np.int8]


@cache
def _prefixes(codes: tuple[str, ...]) -> _Prefixes:
    """Those of the given types, `TABLE_SHELLS` deep."""
    numbers: dict[int, int] = {}
    agree: list[set[tuple[int, int]]] = [set() for _ in range(TABLE_SHELLS)]
    for t, code in enumerate(codes):
        for row in framework_types()[code].sequences[:, :TABLE_SHELLS].tolist():
            number = 0
            for shell, count in enumerate(row):
                number = numbers.setdefault(number * _MANY + count, len(numbers) + 1)
                agree[shell].add((number, t))
    step = np.array(list(numbers), dtype=np.int64)
    depth = np.zeros((len(numbers) + 1, len(codes)), dtype=np.int8)
    for shells, pairs in enumerate(agree, start=1):
        number, t = np.array(sorted(pairs)).T
        depth[number] = depth[step[number - 1] // _MANY]
        depth[number, t] = shells
    order = np.argsort(step)
    return _Prefixes(step[order], order + 1, depth)


def matched_depth(sequences: NDArray[np.int32]) -> NDArray[np.int8]:
    """Shells to which each site agrees with some site of each candidate type.

    Parameters
    ----------
    sequences : (N, D) int32 array
        To at most `TABLE_SHELLS` shells.

    Returns
    -------
    (N, K) int8 array
        K is the number of `framework_types`.
    """
    known = _prefixes(tuple(framework_types()))
    number = np.zeros(len(sequences), dtype=np.int64)
    going = np.ones(len(sequences), dtype=bool)
    for count in sequences[:, :TABLE_SHELLS].T:
        step = number * _MANY + np.minimum(count, _MANY - 1)
        place = np.minimum(np.searchsorted(known.step, step), len(known.step) - 1)
        going &= known.step[place] == step
        number[going] = known.number[place[going]]
    return known.depth[number]


def adjacency_of(network: Network) -> csr_array:
    """Which sites are bonded, (N, N)."""
    n = network.n_sites
    ones = np.ones(2 * len(network.first), dtype=np.int8)
    rows = np.concatenate([network.first, network.second])
    columns = np.concatenate([network.second, network.first])
    return coo_array((ones, (rows, columns)), shape=(n, n)).tocsr()


def clusters(adjacency: csr_array, member: Bools) -> Ints:
    """Number of the bonded cluster each member belongs to; -1 for the others."""
    return np.asarray(_clusters(adjacency.indptr, adjacency.indices, member))


@numba.njit(cache=True)
def _clusters(begin, target, member):  # type: ignore[no-untyped-def]
    """The same from the rows of the matrix: clusters are numbered by their first sites."""
    label = np.full(len(member), -1, np.int64)
    waiting = np.empty(len(member), np.int64)
    number = 0
    for root in range(len(member)):
        if not member[root] or label[root] >= 0:
            continue
        label[root] = number
        waiting[0] = root
        n = 1
        while n:
            n -= 1
            u = waiting[n]
            for k in range(begin[u], begin[u + 1]):
                w = target[k]
                if member[w] and label[w] < 0:
                    label[w] = number
                    waiting[n] = w
                    n += 1
        number += 1
    return label


def near(adjacency: csr_array, given: Bools, bonds: int) -> Bools:
    """Sites within `bonds` bonds of one of the given sites."""
    reach = given.copy()
    for _ in range(bonds):
        reach |= adjacency @ reach.astype(np.int8) > 0
    return reach


class Sites:
    """What is known of the sites of a network before any is named.

    Parameters
    ----------
    network
        No site has more than four bonds.
    copies
        Of a given cell, that it consists of.

    Attributes
    ----------
    sequences : (N, DEPTH) int array
        Coordination sequences.
    depth : (N, K) int array
        Shells to which they agree with each type (`matched_depth`).
    adjacency : (N, N) sparse array
    angles : zeocryst.network.angles.Angles
    broken : (N,) bool array
        Sites that lack a bond.
    whole : (N,) int array
        Bonds from each site to the nearest one that is broken, `DEPTH` at most.
    """

    def __init__(self, network: Network, copies: int) -> None:
        self.network, self.copies = network, copies
        self.sequences = coordination_sequences(network, DEPTH)
        self.depth = matched_depth(self.sequences)
        self.adjacency = adjacency_of(network)
        self.angles = angles(network)
        self.broken = network.degree < 4
        self.whole = intact_shells(network, DEPTH)
        self._alike: dict[int, Ints] = {}
        self._pieces: tuple[Bools, list[Piece]] | None = None

    def pieces(self, begin: Bools) -> list[Piece]:
        """Pieces of all nets, from shallow seeds among the given sites, the best first; the last are kept."""
        if self._pieces is None or not np.array_equal(self._pieces[0], begin):
            self._pieces = begin.copy(), find_pieces(self.angles, self.whole, self.depth, begin)
        return self._pieces[1]

    @cached_property
    def promising(self) -> set[int]:
        """Types with a piece that has a good share of the evidence of the best one; all where there is none."""
        everywhere = np.ones(self.network.n_sites, dtype=bool)
        crystals = [piece for piece in self.pieces(everywhere) if piece.evidence >= LEAST_EVIDENCE]
        if not crystals:
            return set(range(len(framework_types())))
        return {piece.type for piece in crystals if piece.agreeing >= PROMISING_SHARE * crystals[0].agreeing}

    def alike(self, shells: int) -> Ints:
        """One number for all sites in a block of the box whose first shells are the same, (N,)."""
        if shells not in self._alike:
            network = self.network
            fractional = network.positions @ np.linalg.inv(network.cell)
            fractional -= np.floor(fractional)
            parts = max(1, round((network.n_sites / BLOCK_SITES) ** (1 / 3)))
            block = np.minimum((fractional * parts).astype(np.int64), parts - 1)
            number = np.zeros(network.n_sites, dtype=np.int64)
            for column in (*block.T, *self.sequences[:, :shells].T.astype(np.int64)):
                span = int(column.max()) + 1
                if (int(number.max()) + 1) * span > _LARGEST:  # no more digits: numbered anew
                    number = np.unique(number, return_inverse=True)[1]
                number = number * span + column
            self._alike[shells] = np.unique(number, return_inverse=True)[1]
        return self._alike[shells]

    def agreeing(self, t: int) -> Bools:
        """Sites that agree with type number t as deep as they are intact, as all others around them do."""
        agree = self.depth[:, t] >= self.whole
        whole = self.whole >= LEAST_WHOLE
        return agree & whole & ~near(self.adjacency, whole & ~agree, AROUND_BONDS)

    def all_agree(self, given: Bools) -> Bools:
        """Which types nearly all of the given sites agree with as deep as they are intact, (K,).

        None where too few are intact enough to tell.
        """
        telling = given & (self.whole >= TELLING_WHOLE)
        agree = (self.depth[telling] >= self.whole[telling, None]).sum(axis=0)
        enough = telling.sum() >= max(MIN_TELLING, TELLING_SHARE * given.sum())
        return np.asarray(enough & (agree >= AGREEING_SHARE * telling.sum()))
