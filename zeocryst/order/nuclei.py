"""Crystals too small, too thin or too hot to have a site that is intact for five bonds: nuclei, sheets, balls.

Growths begin at sites with two or three intact shells, on every type's net. What tells a crystal from chance is
the evidence that `zeocryst.network.sprouts` defines: independent closed walks that agree with the net, less the
disagreements met, less a share of what had to be excused. Calibration, over all types (`benchmarks/nuclei.py`
and its README): in 50 melts and glasses of 1024 and 2048 T it is 3.0 at most, in 122 hot frames of a melt of
512 T 3.2; perfect balls of 60 T have 16 in the median (all but 8 of 120 have `LEAST_EVIDENCE`), those of 80 T 9
to 41. A dense disordered network of 256 T has 4.6 at most without 2 or 5 % of its bonds; without 10 to 20 %
one of 72 cases had 7.2, the others 4.4 at most: `LEAST_EVIDENCE` is above nearly all. A nucleus may meet at
most `zeocryst.network.sprouts.MOST_REFUSED` disagreements for each of its sites.

Several types can go through the same small piece: every ball of FAU that reaches no stacking fault fits EMT. Of
types that explain it as well (`SLACK`) the one is named in which such a piece is by far the most common: the
likelihood of a piece under a type is the number of ways to lay it on the type's net, for each T of the net.
SOD's every site will do, of FRA's few. A closed walk more makes a type `EVIDENCE_WORTH` times as likely. Where
the ratio is less than `CLEAR_RATIO` all are named together, ``"EMT|FAU"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zeocryst.frameworks.table import framework_types
from zeocryst.network.angles import rings_at_angles
from zeocryst.network.covering import nothing
from zeocryst.network.sprouts import harvest
from zeocryst.network.starts import CODES, find_starts
from zeocryst.order.prepared import net_of_type

if TYPE_CHECKING:
    from zeocryst.network.angles import Angles
    from zeocryst.network.bonds import Network

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: Evidence that makes a crystal.
LEAST_EVIDENCE = 6.5
#: Pieces with less evidence than this are not looked at: they are everywhere.
WORTH_KEEPING = 1.0
#: Sites that growths begin at: so many intact shells, and sequences that agree so deep (or as deep as intact).
INTACT, AGREEING = 2, 3
#: Evidence, and share of it, by which types may differ and still explain a piece as well.
SLACK, SLACK_SHARE = 3.0, 0.1
#: How much likelier a type is that explains one closed walk more.
EVIDENCE_WORTH = 1.5
#: A type is named alone if a piece is so many times likelier in it than in any other.
CLEAR_RATIO = 3.0
#: Pieces that share more than this of the smaller one's sites are about the same piece.
SAME_PIECE = 0.5
#: What `smallest_visible` says where so many T have four bonds, and where not.
ORDERLY_SHARE, VISIBLE_T = 0.8, (100, 150)


def smallest_visible(network: Network) -> int:
    """Size from which a crystal in disordered surroundings is mostly seen, T.

    Balls of 80 T in vacuum are. Embedded in a glass, and relaxed or hot, a ball's own surface is disordered,
    and the smallest that are seen are larger the more of the bonds around it are wrong; `benchmarks/nuclei.py`
    has the shares. A smaller one may be seen too; where bonds are wrong everywhere even a larger one is not.
    """
    return VISIBLE_T[float((network.degree == 4).mean()) < ORDERLY_SHARE]


@dataclass(frozen=True)
class Nucleus:
    """A piece of a net.

    Attributes
    ----------
    codes : tuple of str
        The type, or several that nothing told apart.
    members : (M,) int array
        Its sites.
    evidence : float
        See `zeocryst.network.sprouts`.
    """

    codes: tuple[str, ...]
    members: Ints
    evidence: float

    @property
    def name(self) -> str:
        """Codes joined by a bar."""
        return "|".join(sorted(self.codes))


class _Kinds(NamedTuple):
    """Kinds of four-connected sites of all nets: what `find_starts` wants, and the net's site of each."""

    type: Ints
    at: Ints
    rings: Ints
    following: Ints
    site: Ints
    of_site: tuple[Ints, ...]


class Piece(NamedTuple):
    """A growth on a type's net.

    Attributes
    ----------
    evidence : float
        What tells it from chance; see `zeocryst.network.sprouts`.
    agreeing : int
        The same without what is taken off for excuses: what tells types apart.
    type, start : int
        The type's number, and the site at which it began.
    members : (M,) int array
        Its sites.
    """

    evidence: float
    agreeing: int
    type: int
    start: int
    members: Ints


@cache
def _kinds(codes: tuple[str, ...]) -> _Kinds:
    """Of all types; `codes` says which, since users add some."""
    rows: list[tuple[int, Ints, Ints, list[int], int]] = []
    of_site = []
    for t in range(len(codes)):
        net = net_of_type(t)
        size, number = rings_at_angles(net.network)
        begin, target, _ = net.network.neighbours
        _, first, kind = np.unique(net.kinds, return_index=True, return_inverse=True)
        of_site.append(kind)
        four = [y for y in first if begin[y + 1] - begin[y] == 4]
        place = {int(kind[y]): len(rows) + k for k, y in enumerate(four)}
        for y in four:
            leads_to = [place.get(int(kind[z]), -1) for z in target[begin[y] : begin[y + 1]]]
            rows.append((t, size[y], number[y], leads_to, int(y)))
    types, sizes, numbers, following, sites = (np.array(c, dtype=np.int64) for c in zip(*rows, strict=True))
    both = np.column_stack([sizes.ravel(), numbers.ravel()])
    rings, at = np.unique(both, axis=0, return_inverse=True)
    return _Kinds(types, at.reshape(sizes.shape), rings, following, sites, tuple(of_site))


def find_pieces(own: Angles, whole: Ints, depth: NDArray[np.int8], begin: Bools) -> list[Piece]:
    """All pieces of nets that are worth keeping, the best first.

    Parameters
    ----------
    own
        Of the network.
    whole : (N,) int array
        Bonds from each site to the nearest one that lacks a bond.
    depth : (N, T) int array
        Shells to which each site's sequence agrees with each type.
    begin : (N,) bool array
        Sites where they may begin; they go on everywhere.
    """
    codes = tuple(framework_types())
    kinds = _kinds(codes)
    fits = depth >= np.minimum(whole, AGREEING)[:, None]
    first_sites = np.flatnonzero((whole >= INTACT) & begin)
    if not len(first_sites):
        return []
    starts = find_starts(own, whole, first_sites, fits, kinds.type, kinds.at, kinds.rings, kinds.following)
    starts = starts[np.argsort(-starts[:, 3], kind="stable")]
    growth = nothing(np.ones(len(whole), dtype=bool))
    found: list[Piece] = []
    kind_type = kinds.type[starts[:, 1]]
    for t in np.unique(kind_type):
        mine = starts[kind_type == t]
        rows = np.column_stack([mine[:, 0], kinds.site[mine[:, 1]], mine[:, 2]])
        grown, evidence, member = _harvest(own, t, growth, whole, rows)
        first = 0
        for (agreeing, start, end), worth in zip(grown.tolist(), evidence.tolist(), strict=True):
            found.append(Piece(worth, agreeing, int(t), int(rows[start, 0]), member[first:end]))
            first = end
    return sorted(found, key=lambda piece: (-piece.agreeing, -piece.evidence, piece.type))


def _harvest(own: Angles, t: int, growth, whole: Ints, starts: Ints, *, all_ways: bool = False):  # type: ignore[no-untyped-def]
    net = net_of_type(t).angles
    kind = _kinds(tuple(framework_types())).of_site[t]
    return harvest(own, net, kind, growth, whole, starts, WORTH_KEEPING, all_ways)


def choose(
    pieces: list[Piece], own: Angles, whole: Ints, free: Bools, least: float = LEAST_EVIDENCE
) -> list[Nucleus]:
    """The pieces that are crystals, with their types; none shares a site with another."""
    codes = tuple(framework_types())
    taken = ~free
    chosen: list[Nucleus] = []
    for piece in pieces:
        if piece.evidence < least or taken[piece.members].any():
            continue
        rivals = _rivals(piece, pieces)
        types = _likeliest(piece, rivals, own, whole, free) if len(rivals) > 1 else [piece.type]
        # of a type that explains as well as another the piece is its own one
        best = next(p for p in rivals if p.type == types[0])
        members = best.members if not taken[best.members].any() else piece.members
        taken[members] = True
        chosen.append(Nucleus(tuple(codes[t] for t in types), members, piece.evidence))
    return chosen


def _rivals(piece: Piece, pieces: list[Piece]) -> list[Piece]:
    """The best piece of each type that explains about the same sites as well."""
    slack = max(SLACK, SLACK_SHARE * piece.agreeing)
    found: dict[int, Piece] = {}
    mine = set(piece.members.tolist())
    for other in pieces:
        if other.agreeing < piece.agreeing - slack:
            break
        shared = len(mine.intersection(other.members.tolist()))
        if shared > SAME_PIECE * min(len(mine), len(other.members)):
            found.setdefault(other.type, other)
    return list(found.values())


def _likeliest(piece: Piece, rivals: list[Piece], own: Angles, whole: Ints, free: Bools) -> list[int]:
    """Types in which such a piece is the most common, the most likely first."""
    codes = tuple(framework_types())
    slack = max(SLACK, SLACK_SHARE * piece.agreeing)
    kinds = _kinds(codes)
    growth = nothing(free)
    likelihood = {}
    for rival in rivals:
        t = rival.type
        count = np.bincount(kinds.of_site[t])
        mine = kinds.site[kinds.type == t]
        rows = np.array([(rival.start, y, code) for y in mine for code in CODES], dtype=np.int64)
        grown, _, _ = _harvest(own, t, growth, whole, rows, all_ways=True)
        good = grown[:, 0] >= piece.agreeing - slack
        ways = count[kinds.of_site[t][rows[grown[good, 1], 1]]].sum()
        worth_more = float(EVIDENCE_WORTH) ** (rival.agreeing - piece.agreeing)
        likelihood[t] = max(ways, 1) / len(kinds.of_site[t]) * worth_more
    order = sorted(likelihood, key=lambda t: (-likelihood[t], t))
    return [t for t in order if likelihood[t] * CLEAR_RATIO > likelihood[order[0]]]
