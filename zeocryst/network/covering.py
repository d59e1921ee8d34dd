"""Follows one network on another, as far as they are alike.

A framework is known by its net: the sites of a cell and the bonds among them. Where a network is that
framework, each of its sites stands for one of the net's sites in one of its cells, and each of its bonds for
the bond of the net that leaves from there. `follow` finds this correspondence by growth
(`zeocryst.network.growth`). It begins with one site, whose angles have the same shortest rings as those of a
site of the net, and goes on

- along bonds: what a bond leads to stands for what the net's bond leads to;
- along rings: where an angle has a single shortest ring in both, of the same size, their sites and bonds
  correspond one by one;
- where this leaves it open which bonds of a site are which of the net's, by the shortest rings at its angles
  and torsions (`zeocryst.network.angles`), if one way fits best; and where several fit as well, by the one that
  leads to the fewest disagreements a little farther on.

What is reached twice must be the same site in the same cell of the net: every closed walk of the network is one
of the net. So a vacancy is walked around, a wrong bond is left out, and the growth ends where the network is no
longer that framework: in a melt, at the boundary of a grain, at a stacking fault. Nets of which one looks like
the other in every ring (GIS, MER, PHI and SIV) are told apart. Mirror images are followed as well.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.angles import Angles
from zeocryst.network.growth import (
    N_ORDERS,
    ORDERS,
    WINDINGS,
    Growth,
    angle,
    arrange,
    compare,
    grow,
    is_sound,
    propose,
    undo,
)

Ints = NDArray[np.int64]

#: A growth with no more disagreements than this for each site is not compared with those of other seeds, of
#: which else this many are tried; nor with other ways to begin at its own if it reaches more than half of all
#: sites.
CLEAR = 0.03
FEW_SEEDS = 8
#: Where less than this share of what was reached was reached by one growth, the search is repeated, and this
#: many seeds are tried each time: growths end too early where they begin beside holes.
THROUGH = 0.6
MANY_SEEDS = 24


@numba.njit(cache=True)
def _plant(g, own, net, u, y, code):  # type: ignore[no-untyped-def]
    """Begin a growth: site u is the net's site y, with its bonds in the order `code`; False if it is none."""
    d = own.begin[u + 1] - own.begin[u]
    trial = np.empty(4, np.int64)
    arrange(code, d, trial)
    for a in range(d):
        for b in range(a + 1, d):
            mine, theirs = angle(trial[a], trial[b]), angle(a, b)
            if own.size[u, mine] != net.size[y, theirs] or own.number[u, mine] != net.number[y, theirs]:
                return False
    g.tally[:] = 0
    zero = np.int64(0)  # a literal would have all functions compiled twice
    origin = (zero, zero, zero)
    for a in range(d):
        propose(g, own, net, u, y, trial[a], a, origin, origin)
    return True


@numba.njit(cache=True, _nrt=False)
def reached(g, own, net, whole, sound):  # type: ignore[no-untyped-def]
    """Mark the sites of a growth whose rings and bonds bear it out; how many there are."""
    count = 0
    for n in range(g.tally[0]):
        v = g.steps[n, 0]
        if g.latest[v] == n:  # a site stands in several steps
            same, other = compare(g, v, own, net, whole)
            sound[v] = is_sound(same, other) and g.agreed[v] >= 2 * g.denied[v]
            count += sound[v]
    return count


@numba.njit(cache=True, _nrt=False)
def _keep(g, number, grain, sound):  # type: ignore[no-untyped-def]
    """Take the marked sites of a growth; the others are free again."""
    for n in range(g.tally[0]):
        v = g.steps[n, 0]
        if sound[v]:
            grain[v] = number
            g.free[v] = False
        elif grain[v] < 0:
            g.site[v] = -1
            g.slot[v, :] = -1
            g.bond[v, :] = -1
            g.agreed[v] = g.denied[v] = 0
    g.tally[:] = 0


@numba.njit(cache=True)
def _follow(own, net, g, seeds, whole, least, tries, patient):  # type: ignore[no-untyped-def]
    grain = np.full(len(g.site), -1, np.int64)
    sound = np.zeros(len(g.site), np.bool_)
    grains = failed = disagreements = m = begun = best = 0
    start = np.zeros(3, np.int64)
    zero = np.int64(0)
    enough = MANY_SEEDS if patient else FEW_SEEDS
    while m < len(seeds) and failed < tries:
        # of all ways to begin at a site, and of a few sites if none is clear, the one that agrees best
        u, before, clear = seeds[m, 0], best, False
        while m < len(seeds) and seeds[m, 0] == u:
            y = seeds[m, 1]
            m += 1
            if clear or not g.free[u] or own.begin[u + 1] - own.begin[u] != net.begin[y + 1] - net.begin[y]:
                continue
            degree = net.begin[y + 1] - net.begin[y]
            for n in range(N_ORDERS[degree]):
                code = ORDERS[degree, n]
                if clear or not _plant(g, own, net, u, y, code):
                    continue
                grow(g, own, net, whole)
                count = reached(g, own, net, whole, sound)
                if count - g.tally[2] > best and count >= least:
                    best = count - g.tally[2]
                    start[0], start[1], start[2] = u, y, code
                    some = CLEAR * count if not patient else 0
                    clear = g.tally[2] <= some and 2 * count > len(g.site)
                clear_enough = g.tally[2] <= CLEAR * count
                if not clear:
                    undo(g, zero, zero, zero, zero)
                if best > before and start[0] == u and clear_enough and not patient:
                    begun = enough  # no need of other sites
        if not clear:  # one that is stands as it is
            if not g.free[u]:
                continue
            begun += 1
            failed += best == before
            if best == 0 or (begun < enough and m < len(seeds)):
                continue
            _plant(g, own, net, start[0], start[1], start[2])
            grow(g, own, net, whole)
            reached(g, own, net, whole, sound)
        disagreements += g.tally[2]
        _keep(g, grains, grain, sound)
        grains += 1
        begun = best = 0
    return grain, disagreements


def follow(
    network: Angles,
    net: Angles,
    seeds: Ints,
    free: NDArray[np.bool_],
    whole: Ints,
    *,
    least: int,
    tries: int,
    patient: bool = True,
) -> tuple[Growth, Ints, int]:
    """Grains of a net in a network.

    Parameters
    ----------
    network, net
        Bonds and rings of the network, and of a cell of the framework.
    seeds : (M, 2) int array
        Sites of the network, and the net's site that each may stand for; they are tried in this order, until a
        growth has reached them.
    free : (N,) bool array
        Sites that may be taken.
    whole : (N,) int array
        Bonds from each site to the nearest one that lacks a bond.
    least
        Sites that a grain must have.
    tries
        Seeds that may fail before the search is given up.
    patient
        Whether to search again, with more seeds, where no growth goes through most of what was reached.

    Returns
    -------
    growth : Growth
        All that the growths know of each site: the net's site that it stands for (``site``, -1 for none), its
        bonds, and its cell of the net.
    grain : (N,) int array
        Number of the growth that reached it; -1 for none.
    disagreements : int
        How often what was reached twice did not agree.
    """
    pairs = np.asarray(seeds, dtype=np.int64).reshape(-1, 2)
    best, chosen = -np.inf, (nothing(free), np.full(len(free), -1), 0)
    for more in (False, True) if patient else (False,):
        growth = nothing(free)
        grain, disagreements = _follow(network, net, growth, pairs, np.asarray(whole), least, tries, more)
        size = np.bincount(grain[grain >= 0], minlength=1)
        worth = float(np.sqrt((size**2).sum())) - disagreements
        if worth > best:
            best, chosen = worth, (growth, grain, int(disagreements))
        if size.max() >= THROUGH * size.sum():
            break
    return chosen


def nothing(free: NDArray[np.bool_]) -> Growth:
    """A growth that has not begun."""
    n = len(free)
    return Growth(
        site=np.full(n, -1, np.int64),
        slot=np.full((n, 4), -1, np.int8),
        bond=np.full((n, 4), -1, np.int8),
        lattice=np.zeros((n, 3), np.int64),
        image=np.zeros((n, 3), np.int64),
        agreed=np.zeros(n, np.int64),
        denied=np.zeros(n, np.int64),
        free=free.copy(),
        steps=np.empty((5 * n + 16, 3), np.int64),
        latest=np.full(n, -1, np.int64),
        refusals=np.empty(n + 128, np.int64),
        tally=np.zeros(4, np.int64),
        winding=np.zeros((WINDINGS, 6), np.int64),
    )
