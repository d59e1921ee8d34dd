"""Which sites are crystalline, and what crystal they belong to.

First come stackings of the layers of ``dia`` and ``lon`` (ice I, diamond; `zeocryst.order.stackings`), which
are told site by site whatever their order. Of what is left a site counts as crystalline in one of three ways.

1. **Named.** It stands for a site of a framework type: the network around it can be followed on the type's
   net, bond by bond and ring by ring, every closed walk closing in the net as well
   (`zeocryst.network.covering`). Such growths begin at seeds, sites whose first `CORE_SHELLS` shells of
   coordination sequence (CS) are those of a site of the type; what they reach is kept where the rings at a
   site's angles are the net's. That walks around vacancies and leaves out single wrong bonds, ends where the
   crystal ends, and is hardly ever possible by chance: five-rings are everywhere in a disordered network, but
   long closed walks that agree are not. A site that has `FILL_NEIGHBOURS` neighbours in the grain is filled in.
   Some nets cannot be followed everywhere, where T are missing least of all (NPO, RON, RWY). So sites whose CS
   agree to `INTACT_SHELLS` shells are taken as well; and when all types have been tried, grains go on over
   sites in none whose CS agree just as deep as they are intact, that is, as there is no missing bond, if all
   others within `AROUND_BONDS` bonds do so too: for `EXTENT_BONDS` bonds, or as far as it goes where nearly all
   that is left agrees with the type. In a crystal that lacks some of its T every site agrees like this (of NPO
   without 2 % of its T 735 of 735).
   A bonded cluster of such sites is a grain if it has `MIN_GRAIN` sites, `MIN_CORE` of which are seeds of that
   very type. (The largest by chance, in a dense, four-coordinated disordered network: 34 sites, 3 seeds.)
   Where regular sites are left (3.), which says that there is a crystal, or where nearly all sites agree with a
   type as deep as they are intact, `FEW_CORE` seeds do for a grain of `LARGE_GRAIN` sites that one growth goes
   through: vacancies leave some types hardly a seed (BCT, ATV).
   Types compete: all that have seeds enough are tried, the one whose growths go through most sites is given out
   first, and the others are tried on what is left.
   A type is refused where the crystal is intact and says otherwise: polytypes of SGT can be followed on SGT's
   net layer by layer. If more of a type's sites disagree with it than agree within `INTACT_SHELLS` shells,
   counting only those around which no T lacks a bond and whose CS at least `MIN_INTACT` sites nearby share (as
   the sites of a crystal do), then all of it is another crystal.
2. **In a nucleus.** What has no site that is intact for `CORE_SHELLS` bonds (a nucleus, a thin sheet, a hot
   crystal, a ball cut out of one) is named by growths that begin at two or three intact shells
   (`zeocryst.order.nuclei`, which says how it is told from chance). Grains of the first kind go on in
   them too. Where growths contradict themselves too often for the first kind, as they do at stacking
   faults, and nuclei of that very type are found, what its long growths reach is of the type.
3. **Regular.** In what is left, its first `CORE_SHELLS` shells recur: at least `MIN_RECURRENCE` sites of
   its surroundings (a block of the box with about 512 sites, so that chance does not grow
   with the box) have the same ones, and every T within `SURFACE_BONDS` bonds has four bonds itself,
   since the surface of a named crystal is regular too. Such sites, bonded together and filled in the
   same way, are a grain of a crystal that is in no table, if there are `MIN_REGULAR` of them. A
   disordered network repeats itself so rarely that even 576 sites of melt have none.

What is neither is amorphous. A bonded cluster of one name is a grain; ``dia`` and ``lon`` in it are one, so
that a nucleus of ice with a stacking fault is one nucleus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array

from zeocryst.cell import heights
from zeocryst.frameworks.table import framework_types
from zeocryst.network.bonds import Network, at_most_four, repeat_network
from zeocryst.network.covering import CLEAR, follow
from zeocryst.order.nuclei import LEAST_EVIDENCE, WORTH_KEEPING, choose, smallest_visible
from zeocryst.order.prepared import net_of_type
from zeocryst.order.sites import Sites, clusters, matched_depth, near
from zeocryst.order.stackings import NAMES as STACKED
from zeocryst.order.stackings import stackings

CORE_SHELLS = 5
INTACT_SHELLS = 8
MIN_GRAIN = 40
MIN_CORE = 6
FEW_CORE, LARGE_GRAIN = 2, 200
FILL_NEIGHBOURS = 3
#: More disagreements than this for each site that growths reach show that it is another crystal, or none,
#: unless half of these sites agree to `INTACT_SHELLS` shells, or nearly all as deep as they are intact, or one
#: growth reaches nearly all sites there are.
#: (In growing, hot SGT there are 0.03 to 0.07, in polytypes of it 0.16, in a melt and a disordered network 0.2
#: and more. In SVY with 2 % of its T gone, an interrupted framework, there are 0.16.)
MOST_DISAGREEMENTS = 0.12
ALMOST_ALL = 0.9
#: In a faulted crystal that its nuclei name, growths that reach so many sites are of it as well. (The largest
#: by chance has 34. On a relative's net growths can be longer, and there are no nuclei.)
THROUGH_FAULTS = 100
#: A type that explains this share of all sites without disagreement needs no rivals; one that explains
#: `MOST_OF` them by one growth, with few disagreements (`zeocryst.network.covering.CLEAR`), only such as have
#: more sites that agree to `INTACT_SHELLS`: in hot SOD with a few defects each of its relatives takes seconds.
CLEAR_SHARE = 0.99
#: When so many types could be followed through half of the sites, as the relatives of SOD can be, which takes
#: long, only those are tried that are promising (`zeocryst.order.sites`).
MANY_FAR = 2
#: Growths smaller than this are forgotten; seeds of a type that may fail before it is given up.
LEAST_GROWTH = 12
TRIES = 40
#: Grains go on over sites that agree for so many bonds.
EXTENT_BONDS = 3
MIN_RECURRENCE = 6
MIN_INTACT = 16
MIN_REGULAR = 24
SURFACE_BONDS = 2
#: Cells less than this across are labelled as supercells, since walks around the box tell little; and they are
#: named only where this share of the sites is of one type.
SMALL_CELL_A = 17.0
WHOLE_SHARE = 0.5
#: Most of something. A nucleus that consists of regular sites must explain so many of them.
MOST_OF = 0.8
#: Crystallinity is averaged over sites within so many bonds.
SMOOTH_BONDS = 2
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
    crystallinity : (N,) float array
        From 0 to 1: how crystalline the surroundings of each site are (`SMOOTH_BONDS`).
    smallest_visible : int
        Size of the smallest crystals that are mostly seen in such a network, T.
    """

    codes: tuple[str, ...]
    code: Ints
    grain: Ints
    sequences: NDArray[np.int32]
    crystallinity: NDArray[np.float64]
    smallest_visible: int = 0

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

    @property
    def in_words(self) -> str:
        """The crystalline share, ``"37.5 %"``; where it is 0, how large a crystal would have been seen."""
        if self.codes:
            return f"{100 * self.crystalline_share:.1f} %"
        return f"0 % (no crystal larger than about {self.smallest_visible} T was seen)"

    def summary(self) -> list[dict[str, object]]:
        """For each name: ``code``, ``sites``, ``share`` of all sites, ``grains``; most sites first."""
        rows = []
        for k, code in enumerate(self.codes):
            mine = self.code == k
            grains = len(np.unique(self.grain[mine]))
            share = round(float(mine.mean()), 4)
            rows.append({"code": code, "sites": int(mine.sum()), "share": share, "grains": grains})
        return sorted(rows, key=lambda row: -int(str(row["sites"])))


def _grains(adjacency: csr_array, core: Bools, body: Bools, free: Bools, least: tuple[int, float]) -> Bools:
    """Sites of all grains: clusters of body sites, filled, each with enough core (number and share)."""
    member = body & free
    member |= (adjacency @ member.astype(np.int8) >= FILL_NEIGHBOURS) & free
    label = clusters(adjacency, member)
    inside = label >= 0
    size = np.bincount(label[inside], minlength=1)
    cores = np.bincount(label[inside & core], minlength=len(size))
    good = (cores >= least[0]) & (cores >= least[1] * size)
    keep = np.zeros_like(member)
    keep[inside] = good[label[inside]]
    return keep


def _recurring(sites: Sites, free: Bools, shells: int, least: int) -> Bools:
    """Free sites whose first `shells` shells at least `least` sites in their block of the box have."""
    alike = sites.alike(shells)
    return np.asarray(free & (np.bincount(alike[free], minlength=len(free))[alike] >= least))


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
    network = at_most_four(network)
    # grains need room: a small cell is labelled as its supercell, with no more evidence than it has itself
    a, b, c = (int(k) for k in np.ceil(SMALL_CELL_A / heights(network.cell)))
    copies = a * b * c
    sites = Sites(network, 1)
    large = Sites(repeat_network(network, (a, b, c)), copies) if copies > 1 else sites
    code, names, graded = _label(large, sites)
    # stackings are one crystal, whatever its layers are called
    stacked = [k for k, name in enumerate(names) if name in STACKED]
    grain = _number_grains(large.adjacency, np.where(np.isin(code, stacked), min(stacked, default=-1), code))
    return Labels(tuple(names), code[:n], grain[:n], sites.sequences, graded, smallest_visible(network))


def _label(sites: Sites, cell: Sites) -> tuple[Ints, list[str], NDArray[np.float64]]:
    """Codes of a network that consists of copies of a cell, the names, and the cell's graded crystallinity."""
    code = np.full(sites.network.n_sites, -1)
    names: list[str] = []
    _name_stackings(sites, code, names)
    _name(sites, cell, code, names, MIN_CORE)
    if _regular(sites, code < 0).any():  # a crystal, then: of a type that has hardly a seed here, perhaps
        _name(sites, cell, code, names, FEW_CORE)
    followed = len(names)
    faint = _name_nuclei(sites, cell, code, names)
    _through_faults(sites, code, names, followed)
    _extend(sites, code, names)
    keep = _regular(sites, code < 0)
    if keep.any():
        code[keep] = len(names)
        names.append(UNKNOWN)
    n = cell.network.n_sites
    return code, names, _graded(cell, np.where(code[:n] >= 0, 1.0, faint))


def _name_stackings(sites: Sites, code: Ints, names: list[str]) -> None:
    """Name the sites of layers of ``dia`` and ``lon`` in any stacking."""
    found = stackings(sites.angles, sites.adjacency)
    if sites.copies > 1 and (found >= 0).mean() < WHOLE_SHARE:
        return
    for k, name in enumerate(STACKED):
        if (found == k).any():
            code[found == k] = len(names)
            names.append(name)


def _name_nuclei(sites: Sites, cell: Sites, code: Ints, names: list[str]) -> NDArray[np.float64]:
    """Name small crystals among the sites without a code; how much each site looks like one, from 0 to 1.

    What is regular is left to a crystal in no table, unless a nucleus explains most of it.
    """
    n = cell.network.n_sites
    faint = np.zeros(n)
    free = code[:n] < 0
    if not free.any():
        return faint
    pieces = cell.pieces(free)
    for piece in pieces[::-1]:
        faint[piece.members] = min(1.0, (piece.evidence - WORTH_KEEPING) / (LEAST_EVIDENCE - WORTH_KEEPING))
    regular = _regular(sites, code < 0)[:n]
    known = list(framework_types())
    for k, name in enumerate(names):  # growths from shallow seeds go farther in what has its name
        mine = code[:n] == k
        for piece in pieces:
            if name == known[piece.type] and 2 * mine[piece.members].sum() > len(piece.members):
                _give(sites, code, k, piece.members, free)
    for nucleus in choose(pieces, cell.angles, cell.whole, code[:n] < 0):
        member = np.zeros(n, dtype=bool)
        member[nucleus.members] = True
        both = (member & regular).sum()
        if 2 * both > member.sum() and both < MOST_OF * regular.sum():
            continue
        if nucleus.name not in names:
            names.append(nucleus.name)
        _give(sites, code, names.index(nucleus.name), nucleus.members, code[:n] < 0)
    return faint


def _through_faults(sites: Sites, code: Ints, names: list[str], followed: int) -> None:
    """Give to types that only nuclei have named (names from number `followed` on) what long growths reach.

    Growths contradict themselves at stacking faults, so that alone they are refused there.
    """
    known = list(framework_types())
    for k in range(followed, len(names)):
        if names[k] not in known:
            continue
        grain, _ = _grown(sites, known.index(names[k]), (code == k) | (code < 0), patient=True)
        size = np.bincount(grain[grain >= 0], minlength=1)
        member = (grain >= 0) & (size[grain] >= THROUGH_FAULTS) & (code < 0)
        code[member] = k
        code[(sites.adjacency @ (code == k).astype(np.int8) >= FILL_NEIGHBOURS) & (code < 0)] = k


def _give(sites: Sites, code: Ints, k: int, members: Ints, free: Bools) -> None:
    """Give free sites of the cell to a name, in all copies, and those that have most neighbours there."""
    n = len(free)
    member = np.zeros(n, dtype=bool)
    member[members] = True
    member = np.tile(member & free, sites.copies)
    code[member] = k
    mine = sites.adjacency @ (code == k).astype(np.int8)
    code[(mine >= FILL_NEIGHBOURS) & (code < 0)] = k


def _graded(cell: Sites, member: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over each site and all within `SMOOTH_BONDS` bonds of it."""
    adjacency = cell.adjacency.astype(np.int64)
    step = adjacency + eye_array(cell.network.n_sites, dtype=np.int64, format="csr")
    reach = step
    for _ in range(SMOOTH_BONDS - 1):
        reach = reach @ step
    reach.data[:] = 1
    return np.asarray((reach @ member) / (reach @ np.ones(len(member))))


def _name(sites: Sites, cell: Sites, code: Ints, names: list[str], least: int) -> None:
    """Give the sites without a code to the types that explain them, types with `least` seeds and more."""
    kinds = list(framework_types().values())
    free = code < 0
    left = set(range(len(kinds)))
    while free.any():
        seeds = (sites.depth[free] >= CORE_SHELLS).sum(axis=0)
        enough = np.where(sites.all_agree(free), FEW_CORE, least)
        likely = [t for t in left if seeds[t] >= enough[t] or seeds[t] == free.sum()]
        if not likely:
            break
        # a type of many kinds has many seeds by chance: those of few kinds come first
        likely.sort(key=lambda t: -seeds[t] / len(kinds[t].multiplicities))
        best, member = _best(sites, cell, likely, free)
        if member is None or _contradicted(sites, best, member):
            left -= {best} if member is not None else set(likely)
            continue
        if kinds[best].code not in names:
            names.append(kinds[best].code)
        code[member] = names.index(kinds[best].code)
        free &= ~member


def _extend(sites: Sites, code: Ints, names: list[str]) -> None:
    """Let all grains go on, bond by bond, over sites without a code that agree as deep as they are intact."""
    known = list(framework_types())
    types = [known.index(name) if name in known else -1 for name in names]
    ground = [sites.agreeing(t) if t >= 0 else np.zeros(len(code), dtype=bool) for t in types]
    through = sites.all_agree(code < 0)
    going = dict.fromkeys(range(len(types)), 0)
    while going:
        for k in list(going):
            bonded = sites.adjacency @ (code == k).astype(np.int8)
            found = (code < 0) & ((ground[k] & (bonded > 0)) | (bonded >= FILL_NEIGHBOURS))
            code[found] = k
            going[k] += 1
            if not found.any() or (going[k] == EXTENT_BONDS and not (types[k] >= 0 and through[types[k]])):
                del going[k]


def _regular(sites: Sites, free: Bools) -> Bools:
    """Free sites that lie in grains of a crystal without a name."""
    regular = _recurring(sites, free, CORE_SHELLS, MIN_RECURRENCE * sites.copies)
    regular &= ~near(sites.adjacency, sites.broken, SURFACE_BONDS)
    return _grains(sites.adjacency, regular, regular, free, (MIN_REGULAR, 0.5))


def _best(sites: Sites, cell: Sites, types: list[int], free: Bools) -> tuple[int, Bools | None]:
    """Of several types the one that explains most sites, and which; None where none explains a grain."""
    best, most, chosen, to_beat, far = -1, 0.0, None, -1, 0
    for t in types:
        deep = (sites.depth[:, t] >= INTACT_SHELLS) & free
        if deep.sum() <= to_beat or (far >= MANY_FAR and t not in cell.promising):
            continue
        grain, disagreements = _grown(sites, t, free, patient=to_beat < 0)
        reached = grain >= 0
        far += 2 * reached.sum() > free.sum()
        size = np.bincount(grain[reached], minlength=1)
        doubtful = (
            disagreements > MOST_DISAGREEMENTS * reached.sum()
            and 2 * deep[reached].sum() < reached.sum()
            and not sites.all_agree(reached)[t]
        )
        if doubtful and size.max() < ALMOST_ALL * free.sum():
            continue
        member = _with_grains(sites, t, free, reached)
        few = (sites.depth[member, t] >= CORE_SHELLS).sum() < MIN_CORE
        if few and size.max() < max(LARGE_GRAIN, ALMOST_ALL * member.sum()):
            continue
        # a patchwork of small growths explains less than one that goes through
        member = _followed_through(sites, grain, member)
        size = np.bincount(grain[reached & member])
        score = float(np.sqrt((size**2).sum())) - disagreements + int((deep & reached & member).sum())
        if member.any() and (chosen is None or score > most):
            best, most, chosen = t, score, member
            if disagreements <= CLEAR * reached.sum() and size.max(initial=0) >= MOST_OF * free.sum():
                to_beat = int(deep.sum())
        if disagreements == 0 and size.max(initial=0) >= CLEAR_SHARE * len(free):
            break
    return best, chosen


def _followed_through(sites: Sites, grain: Ints, member: Bools) -> Bools:
    """Of the grains of a type those that one growth goes through, if there are such, or else all.

    Grains of types with the same sequences (LTA and RHO) stand in for each other otherwise.
    """
    label = clusters(sites.adjacency, member)
    inside = label >= 0
    size = np.bincount(label[inside], minlength=1)
    mine = np.unique(np.column_stack([label, grain])[inside & (grain >= 0)], axis=0, return_counts=True)
    largest = np.zeros(len(size), dtype=np.int64)
    np.maximum.at(largest, mine[0][:, 0], mine[1])
    through = 2 * largest > size
    return member & inside & through[label] if through.any() else member


def _grown(sites: Sites, t: int, free: Bools, *, patient: bool) -> tuple[Ints, int]:
    """Number of the growth on a type's net that reached each free site, or -1, and how often they disagreed."""
    depth = sites.depth[:, t]
    net = net_of_type(t)
    seeds = np.random.default_rng(1).permutation(np.flatnonzero((depth >= CORE_SHELLS) & free))
    seeds = seeds[np.argsort(-depth[seeds], kind="stable")]  # the deepest first, from everywhere
    pairs = [(u, y) for u in seeds for y in net.starts[sites.sequences[u, : depth[u]].tobytes()]]
    _, grain, disagreements = follow(
        sites.angles,
        net.angles,
        np.array(pairs),
        free,
        sites.whole,
        least=LEAST_GROWTH,
        tries=TRIES,
        patient=patient,
    )
    return grain, disagreements


def _with_grains(sites: Sites, t: int, free: Bools, grown: Bools) -> Bools:
    """Free sites that lie in grains of a type."""
    depth = sites.depth[:, t]
    member = grown | (free & (depth >= INTACT_SHELLS))
    # a site of an interrupted framework has fewer bonds, and is filled in where all of them lead into the grain
    enough = np.clip(sites.network.degree, 2, FILL_NEIGHBOURS)
    member |= free & (sites.adjacency @ member.astype(np.int8) >= enough)
    label = clusters(sites.adjacency, member)
    inside = label >= 0
    size = np.bincount(label[inside], minlength=1)
    cores = np.bincount(label[inside & (depth >= CORE_SHELLS)], minlength=len(size))
    least = np.where(size >= LARGE_GRAIN, FEW_CORE, MIN_CORE)
    good = (size >= MIN_GRAIN) & (cores >= least)
    if sites.copies > 1:  # a small cell is a crystal of that type as a whole, or not at all
        good &= size >= WHOLE_SHARE * len(member)
    keep = np.zeros_like(member)
    keep[inside] = good[label[inside]]
    return keep


def _contradicted(sites: Sites, t: int, member: Bools) -> bool:
    """Whether the intact sites of a type's grains are mostly ones that the type does not have."""
    intact = member & (sites.whole >= INTACT_SHELLS)
    shared = _recurring(sites, intact, INTACT_SHELLS, MIN_INTACT * sites.copies)
    agree = sites.depth[:, t] >= INTACT_SHELLS
    return bool((shared & ~agree).sum() > (member & agree).sum())


def agreement(labels: Labels, shells: int) -> dict[str, float]:
    """Share of all sites that agree with each type of their labels to a number of shells."""
    depth = matched_depth(labels.sequences)
    codes = list(framework_types())
    named = [code for code in labels.codes if code in codes]
    return {code: float((depth[:, codes.index(code)] >= shells).mean()) for code in named}


def _number_grains(adjacency: csr_array, code: Ints) -> Ints:
    """Number bonded clusters of equal code, the largest first; -1 where there is no code."""
    grain = np.full(len(code), -1)
    following = 0
    for k in range(int(code.max(initial=-1)) + 1):
        label = clusters(adjacency, code == k)
        inside = label >= 0
        grain[inside] = label[inside] + following
        following += int(label.max(initial=-1)) + 1
    sizes = np.bincount(grain[grain >= 0], minlength=following)
    rank = np.empty(following, dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(following)
    grain[grain >= 0] = rank[grain[grain >= 0]]
    return grain
