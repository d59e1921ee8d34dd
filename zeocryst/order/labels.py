"""Which sites are crystalline, and what crystal they belong to.

A site's neighbourhood is judged by its coordination sequence (CS), and a site counts as crystalline in
one of two ways.

1. **Named.** Its first `BODY_SHELLS` shells agree with a T site of a framework type, and it lies in a
   grain of that type: a bonded cluster of such sites within `CORE_REACH` bonds of a core (with sites
   that have at least `FILL_NEIGHBOURS` bonds into it) in which enough sites, the core, agree to
   `CORE_SHELLS` shells: at least `MIN_CORE`, and a share of at least `MIN_CORE_SHARE` plus
   `CORE_SHARE_PER_KIND` for each kind of T that the type has. Three shells name nothing (in a dense,
   disordered network 30 to 50 % of the sites have the first three shells of SGT), five hardly ever
   agree by chance (under 1 %; more often with types of many kinds of T), and one bad bond breaks a
   neighbourhood of five shells, so deep agreement makes the core and shallow agreement the body. (In a
   melt and a disordered network the largest share of core was 0.07, for types of 20 kinds and more; in
   half a crystal of SGT that a melt surrounds the smallest was 0.085.) The body ends three bonds
   before the crystal does, so the rim is added: `RIM` times, the sites that have two bonds into the
   grain and whose first two shells agree. A grain is refused its name where the crystal is intact and
   says otherwise: where, to `CORE_SHELLS` or to `INTACT_SHELLS` shells, the type does not have the
   sequences of more than twice as many of its sites as agree, counting only sites around which every T
   has four bonds and whose sequence at least `MIN_INTACT` sites nearby share (defects and surfaces
   repeat their surroundings too). Grains of several types compete: the type whose core agrees to the
   most shells in sum is given out first.
2. **Regular.** In what is left, its first `CORE_SHELLS` shells recur: at least `MIN_RECURRENCE` sites of
   its surroundings (a block of the box with about `BLOCK_SITES` sites, so that chance does not grow
   with the box) have the same ones, and every T within `SURFACE_BONDS` bonds has four bonds itself,
   since the surface of a named crystal is regular too. Such sites, bonded together and filled in the
   same way, are a grain of a crystal that is in no table, if there are `MIN_REGULAR` of them. A
   disordered network repeats itself so rarely that even 576 sites of melt have none.

Types that have all coordination sequences in common (ABW and ATN, LTA and RHO) are told apart by the vertex
symbols of their intact sites.

What is neither is amorphous. The bonds are those of `zeocryst.network.bonds`: nearest first, at most
four a site, which keeps the first five shells of 95 % of the sites of SGT at 600 K.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from zeocryst.frameworks.table import candidates, framework_types
from zeocryst.network.bonds import Network, repeat_network
from zeocryst.network.rings import vertex_symbols
from zeocryst.network.topology import coordination_sequences

#: Shells to which sequences are compared.
DEPTH = 12
BODY_SHELLS = 3
CORE_SHELLS = 5
CORE_REACH = 3
INTACT_SHELLS = 8
MIN_CORE = 10
MIN_CORE_SHARE = 0.06
CORE_SHARE_PER_KIND = 0.004
FILL_NEIGHBOURS = 3
RIM = 2
MIN_RECURRENCE = 6
MIN_INTACT = 16
MIN_REGULAR = 24
SURFACE_BONDS = 2
#: Cells with fewer sites are labelled as supercells.
SMALL_CELL = 64
BLOCK_SITES = 512
#: How many sites of a grain are asked for their vertex symbols, about, and how many have to agree.
VOTERS = 200
MIN_VOTES = 4
#: What regular sites of an unnamed crystal are called.
UNKNOWN = "unknown"
AMORPHOUS = "amorphous"

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Labels:
    """What each site was found to be.

    Attributes
    ----------
    codes : tuple of str
        Names that occur: framework codes, ``"unknown"`` for a regular crystal in no table.
    code : (N,) int array
        Index into `codes`; -1 where amorphous.
    grain : (N,) int array
        Number of the grain, 0 the largest; -1 where amorphous.
    sequences : (N, DEPTH) int array
        Coordination sequences.
    """

    codes: tuple[str, ...]
    code: Ints
    grain: Ints
    sequences: NDArray[np.int32]

    @property
    def crystalline(self) -> Bools:
        """Sites that belong to a grain, (N,)."""
        return self.code >= 0

    @property
    def crystalline_share(self) -> float:
        """Share of all sites that belong to a grain."""
        return float(self.crystalline.mean())

    @property
    def largest_grain_sites(self) -> int:
        """Number of sites of the largest grain."""
        return int(np.bincount(self.grain[self.grain >= 0]).max(initial=0))

    def summary(self) -> list[dict[str, object]]:
        """For each name: ``code``, ``sites``, ``share`` of all sites, ``grains``; most sites first."""
        rows = []
        for k, code in enumerate(self.codes):
            mine = self.code == k
            grains = len(np.unique(self.grain[mine]))
            share = round(float(mine.mean()), 4)
            rows.append({"code": code, "sites": int(mine.sum()), "share": share, "grains": grains})
        return sorted(rows, key=lambda row: -int(str(row["sites"])))


@cache
def _prefixes() -> tuple[tuple[dict[bytes, int], NDArray[np.bool_]], ...]:
    """For each depth 1..DEPTH: number of a CS prefix, and (prefix, type) -> the type has it."""
    kinds = candidates()
    tables = []
    for depth in range(1, DEPTH + 1):
        numbers: dict[bytes, int] = {}
        pairs = set()
        for t, kind in enumerate(kinds):
            for row in np.unique(kind.sequences[:, :depth], axis=0):
                pairs.add((numbers.setdefault(row.tobytes(), len(numbers)), t))
        has = np.zeros((len(numbers) + 1, len(kinds)), dtype=bool)  # last row: no such prefix
        for number, t in pairs:
            has[number, t] = True
        tables.append((numbers, has))
    return tuple(tables)


def matched_depth(sequences: NDArray[np.int32]) -> NDArray[np.int8]:
    """Shells to which each site agrees with some site of each candidate type.

    Parameters
    ----------
    sequences : (N, DEPTH) int32 array

    Returns
    -------
    (N, K) int8 array
        K is the number of `candidates`.
    """
    distinct, inverse = np.unique(sequences, axis=0, return_inverse=True)
    depth = np.zeros((len(distinct), len(candidates())), dtype=np.int8)
    for d, (numbers, has) in enumerate(_prefixes(), start=1):
        missing = len(has) - 1
        rows = [numbers.get(row[:d].tobytes(), missing) for row in distinct]
        depth[has[rows]] = d
    return depth[inverse.ravel()]


def _adjacency(network: Network) -> csr_array:
    n = network.n_sites
    ones = np.ones(2 * len(network.first), dtype=np.int8)
    rows = np.concatenate([network.first, network.second])
    columns = np.concatenate([network.second, network.first])
    return coo_array((ones, (rows, columns)), shape=(n, n)).tocsr()


def _clusters(adjacency: csr_array, member: Bools) -> Ints:
    """Number of the bonded cluster each member belongs to; -1 for the others."""
    sites = np.flatnonzero(member)
    label = np.full(len(member), -1)
    if len(sites):
        label[sites] = connected_components(adjacency[sites][:, sites], directed=False)[1]
    return label


def _grains(adjacency: csr_array, core: Bools, body: Bools, free: Bools, least: tuple[int, float]) -> Bools:
    """Sites of all grains: clusters of body sites, filled, each with enough core (number and share)."""
    member = body & free
    member |= (adjacency @ member.astype(np.int8) >= FILL_NEIGHBOURS) & free
    label = _clusters(adjacency, member)
    inside = label >= 0
    size = np.bincount(label[inside], minlength=1)
    cores = np.bincount(label[inside & core], minlength=len(size))
    good = (cores >= least[0]) & (cores >= least[1] * size)
    keep = np.zeros_like(member)
    keep[inside] = good[label[inside]]
    return keep


def _with_rim(adjacency: csr_array, keep: Bools, plausible: Bools) -> Bools:
    """Grains with their rims: plausible sites that have two bonds into a grain."""
    keep = keep.copy()
    for _ in range(RIM):
        keep |= plausible & (adjacency @ keep.astype(np.int8) >= 2)
    return keep


def _near(adjacency: csr_array, given: Bools, bonds: int) -> Bools:
    """Sites within `bonds` bonds of one of the given sites."""
    reach = given.copy()
    for _ in range(bonds):
        reach |= adjacency @ reach.astype(np.int8) > 0
    return reach


def _recurring(network: Network, sequences: NDArray[np.int32], free: Bools, shells: int, least: int) -> Bools:
    """Free sites whose first `shells` shells at least `least` sites in their block of the box have."""
    fractional = network.positions @ np.linalg.inv(network.cell)
    fractional -= np.floor(fractional)
    parts = max(1, round((network.n_sites / BLOCK_SITES) ** (1 / 3)))
    block = np.minimum((fractional * parts).astype(np.int64), parts - 1)
    key = np.column_stack([block, sequences[:, :shells]])
    sites = np.flatnonzero(free)
    found = np.zeros(len(free), dtype=bool)
    if len(sites):
        _, inverse, counts = np.unique(key[sites], axis=0, return_inverse=True, return_counts=True)
        found[sites] = counts[inverse.ravel()] >= least
    return found


def label_sites(network: Network) -> Labels:
    """Name the crystal that each site belongs to.

    The method, its thresholds and why they are what they are stand in the module's docstring. It knows
    nothing of what the structure is meant to be.

    Parameters
    ----------
    network
        Sites and bonds, from beads or atoms.
    """
    n = network.n_sites
    # grains need room: a small cell is labelled as its supercell, with no more evidence than it has itself
    times = int(np.ceil((SMALL_CELL / n) ** (1 / 3)))
    large = repeat_network(network, (times, times, times)) if times > 1 else network
    labels = _tell_apart(large, _label(large, times**3))
    return Labels(labels.codes, labels.code[:n], labels.grain[:n], labels.sequences[:n])


def _label(network: Network, copies: int) -> Labels:
    """Label a network that consists of `copies` of the given cell."""
    sequences = coordination_sequences(network, DEPTH)
    adjacency = _adjacency(network)
    depth = matched_depth(sequences)
    kinds = candidates()
    free = np.ones(network.n_sites, dtype=bool)
    code = np.full(network.n_sites, -1)
    codes: list[str] = []

    cores = depth >= CORE_SHELLS
    broken = network.degree < 4
    intact = {
        shells: _recurring(network, sequences, free, shells, MIN_INTACT * copies)
        & ~_near(adjacency, broken, shells - 1)
        for shells in (CORE_SHELLS, INTACT_SHELLS)
    }
    open_types = [int(t) for t in np.flatnonzero(cores.sum(axis=0) >= MIN_CORE)]
    while open_types:
        found = {}
        for t in open_types:
            core = cores[:, t] & free
            if core.sum() >= MIN_CORE:
                body = (depth[:, t] >= BODY_SHELLS) & _near(adjacency, core, CORE_REACH)
                share = MIN_CORE_SHARE + CORE_SHARE_PER_KIND * len(kinds[t].multiplicities)
                keep = _grains(adjacency, core, body, free, (MIN_CORE, share))
                keep = _with_rim(adjacency, keep, (depth[:, t] >= 2) & free)
                if keep.any() and not _contradicted(depth[keep, t], intact, keep):
                    found[t] = keep
        if not found:
            break
        best = max(found, key=lambda t: _score(depth[:, t], found[t], sequences, t))
        code[found[best]] = len(codes)
        codes.append(kinds[best].code)
        free &= ~found[best]
        open_types = [t for t in found if t != best]

    regular = _recurring(network, sequences, free, CORE_SHELLS, MIN_RECURRENCE * copies)
    regular &= ~_near(adjacency, broken, SURFACE_BONDS)
    keep = _grains(adjacency, regular, regular, free, (MIN_REGULAR, 0.5))
    if keep.any():
        code[keep] = len(codes)
        codes.append(UNKNOWN)
    return Labels(tuple(codes), code, _number_grains(adjacency, code), sequences)


def _tell_apart(network: Network, labels: Labels) -> Labels:
    """Decide by vertex symbols between types that have the same coordination sequences.

    In each grain its intact sites (`CORE_SHELLS` shells) vote, `VOTERS` of them evenly chosen. A type gives the
    grain its name if more than half of them, and `MIN_VOTES`, have a vertex symbol of its own, and no more than
    half as many one of the others. Where that decides nothing the joined name stays.
    """
    joined = [k for k, code in enumerate(labels.codes) if "|" in code]
    if not joined:
        return labels
    depth = matched_depth(labels.sequences)
    codes, number = list(labels.codes), labels.code.copy()
    for k in joined:
        t = [kind.code for kind in candidates()].index(labels.codes[k])
        for grain in np.unique(labels.grain[labels.code == k]):
            member = labels.grain == grain
            intact = np.flatnonzero(member & (depth[:, t] >= CORE_SHELLS))
            winner = _vote(network, intact[:: max(1, len(intact) // VOTERS)], labels.codes[k].split("|"))
            if winner is not None:
                if winner not in codes:
                    codes.append(winner)
                number[member] = codes.index(winner)
    used = [k for k in range(len(codes)) if (number == k).any()]
    place = {k: n for n, k in enumerate(used)}
    renumbered = np.array([place.get(int(k), -1) for k in number])
    return replace(labels, codes=tuple(codes[k] for k in used), code=renumbered)


def _vote(network: Network, voters: Ints, types: list[str]) -> str | None:
    """The type whose vertex symbols the voters have, or None where they do not decide."""
    symbols = vertex_symbols(network, voters)
    votes = {}
    for code in types:
        own = {s for sites in framework_types()[code].vertex_symbols for s in sites}
        votes[code] = sum(symbol in own for symbol in symbols)
    first, second = sorted(votes, key=lambda code: -votes[code])[:2]
    enough = max(MIN_VOTES, len(symbols) / 2)
    return first if votes[first] >= enough and votes[first] >= 2 * votes[second] else None


def agreement(labels: Labels, shells: int) -> dict[str, float]:
    """Share of all sites that agree with each type of their labels to a number of shells."""
    depth = matched_depth(labels.sequences)
    shares = {}
    for t, kind in enumerate(candidates()):
        named = [code for code in labels.codes if set(code.split("|")) <= set(kind.code.split("|"))]
        if named:
            shares[named[0]] = float((depth[:, t] >= shells).mean())
    return shares


def _contradicted(depth: NDArray[np.int8], intact: dict[int, Bools], member: Bools) -> bool:
    """Whether a grain's intact sites are mostly ones that the type does not have."""
    for shells, recurring in intact.items():
        agree = depth >= shells
        if (recurring[member] & ~agree).sum() > 2 * agree.sum():
            return True
    return False


def _score(depth: NDArray[np.int8], member: Bools, sequences: NDArray[np.int32], t: int) -> tuple[int, float]:
    """How well a type explains its grains: shells in agreement, then how well its kinds of T occur.

    The second decides between types of which one has all sites of the other: the shares of the kinds
    of T sites have to be those of the type.
    """
    shells = int(depth[member & (depth >= CORE_SHELLS)].sum())
    kind = candidates()[t]
    share = kind.multiplicities / kind.multiplicities.sum()
    seen = np.array([(sequences[member] == row[:DEPTH]).all(axis=1).mean() for row in kind.sequences])
    return shells, -float(np.abs(seen - share).sum())


def _number_grains(adjacency: csr_array, code: Ints) -> Ints:
    """Number bonded clusters of equal code, the largest first; -1 where there is no code."""
    grain = np.full(len(code), -1)
    following = 0
    for k in range(int(code.max(initial=-1)) + 1):
        label = _clusters(adjacency, code == k)
        inside = label >= 0
        grain[inside] = label[inside] + following
        following += int(label.max(initial=-1)) + 1
    sizes = np.bincount(grain[grain >= 0], minlength=following)
    rank = np.empty(following, dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(following)
    grain[grain >= 0] = rank[grain[grain >= 0]]
    return grain
