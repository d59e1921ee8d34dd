"""Small pieces of a net in a network: where a growth may begin, and what it is worth.

A nucleus, or a ball cut out of a crystal, has no site whose surroundings are the crystal's for five bonds; two
or three must do. So many sites of a disordered network are alike for so few bonds that growths have to begin
nearly everywhere, on every type's net. Three steps keep that cheap:

1. starts are sought that look right (`zeocryst.network.starts`);
2. a sprout goes on for a few bonds (`SPROUT_STEPS`); most end there in a contradiction;
3. what is left grows as far as it goes (`zeocryst.network.growth`).

What a growth is worth is told by its closed walks: a tree of bonds can be followed on any net, while every bond
more than a tree has closes a walk that must be one of the net as well. Bonds - sites + 1 of them are
independent. Each disagreement that was met is taken off, and a share (`EXCUSED`) of each ring at an angle that
is not the net's and is excused: where many bonds are missing everything can be excused.

Rings through a missing bond are missing or longer; a site that is nearer to one than half the ring excuses
that, as in `zeocryst.network.growth.compare`.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.covering import reached
from zeocryst.network.growth import WAYS, angle, arrange, compare, go_on, grow, is_open, propose, undo

Ints = NDArray[np.int64]

#: Steps that a sprout goes on for; sites that it must then have, and disagreements forgiven.
SPROUT_STEPS, SPROUT_SITES, SPROUT_REFUSALS = 80, 9, 1
#: Fewer will do where a sprout waits for a guess; a net is given up after so many growths that come to nothing.
GUESS_SITES, MOST_FAILED = 5, 60
#: A growth of so many sites, with no more than one disagreement for so many, is not begun again from one of its
#: sites. (Smaller ones may have begun with the bonds in another order than the one that goes on.)
LARGE, CLEAN = 40, 20
#: What an excused ring takes off the evidence. (In crystals at 600 K and at the surface of perfect balls there
#: are 0.2 to 1.4 for each site, in what a dense disordered network that lacks 2 to 10 % of its bonds has of SGT
#: by chance 1.4 to 1.8. With this the evidence there is 4.6 at most where 2 or 5 % are missing, 7.2 where 10 to
#: 20 % are.)
EXCUSED = 0.2
#: Disagreements for each site that a growth may meet; sites of all growths on a net, for each of the network.
MOST_REFUSED, ROOM = 0.3, 16


@numba.njit(cache=True)
def _begin(g, own, net, u, y, code):  # type: ignore[no-untyped-def]
    """Plant a growth."""
    zero = np.int64(0)
    origin = (zero, zero, zero)
    trial = np.empty(4, np.int64)
    arrange(code, 4, trial)
    g.tally[:] = 0
    for a in range(4):
        propose(g, own, net, u, y, trial[a], a, origin, origin)


@numba.njit(cache=True, _nrt=False)
def _sprouts(g, own, net, whole, sound, found):  # type: ignore[no-untyped-def]
    """Whether a growth goes on for a while without contradiction, or to where it takes a guess."""
    zero = np.int64(0)
    go_on(g, own, net, whole, zero, zero, SPROUT_STEPS, SPROUT_REFUSALS, found)
    if g.tally[2] > SPROUT_REFUSALS:
        return False
    count = reached(g, own, net, whole, sound)
    _forget(g, sound)
    if count >= SPROUT_SITES:
        return True
    if g.tally[2] > 0 or count < GUESS_SITES:
        return False
    for n in range(g.tally[0]):  # noqa: SIM110 (numba has no any() of a generator)
        if is_open(g, net, g.steps[n, 0]):
            return True
    return False


@numba.njit(cache=True, _nrt=False)
def _forget(g, mark):  # type: ignore[no-untyped-def]
    """Take the marks of a growth's sites away."""
    for n in range(g.tally[0]):
        mark[g.steps[n, 0]] = False


@numba.njit(cache=True, _nrt=False)
def _is_bond(g, own, net, v, a, mark):  # type: ignore[no-untyped-def]
    """Whether the net's bond a of a marked site leads to a marked site in both, and is the same bond."""
    i = g.slot[v, a]
    if i < 0:
        return False
    h, e = own.begin[v] + i, net.begin[g.site[v]] + a
    w, z = own.target[h], net.target[e]
    if not mark[w] or g.site[w] != z or g.slot[w, net.back[e] - net.begin[z]] != own.back[h] - own.begin[w]:
        return False
    for k in range(3):  # in the same cell of the net; ways around the box were compared when they were met
        if g.image[v, k] + own.shift[h, k] != g.image[w, k]:
            return True
    for k in range(3):  # noqa: SIM110
        if g.lattice[v, k] + net.shift[e, k] != g.lattice[w, k]:
            return False
    return True


@numba.njit(cache=True, _nrt=False)
def _degree_in(g, own, net, v, mark):  # type: ignore[no-untyped-def]
    """How many bonds of a site agree and lead to marked sites."""
    count = 0
    for a in range(net.begin[g.site[v] + 1] - net.begin[g.site[v]]):
        count += _is_bond(g, own, net, v, a, mark)
    return count


@numba.njit(cache=True, _nrt=False)
def _harvest(g, own, net, whole, mark):  # type: ignore[no-untyped-def]
    """Mark the sites of a growth that are borne out; their number and that of the bonds among them.

    Besides those whose rings bear them out, sites at the surface are, which have too few angles for that: all
    that is known of them agrees, and two of their bonds or more lead to sites that are marked.
    """
    count = reached(g, own, net, whole, mark)
    more = count > 0
    while more:
        more = False
        for n in range(g.tally[0]):
            v = g.steps[n, 0]
            if g.steps[n, 1] >= 0 or mark[v] or g.denied[v] > 0:
                continue
            if compare(g, v, own, net, whole)[1] == 0 and _degree_in(g, own, net, v, mark) >= 2:
                mark[v] = True
                count += 1
                more = True
    bonds = 0
    for n in range(g.tally[0]):
        v = g.steps[n, 0]
        if g.steps[n, 1] < 0 and mark[v]:
            bonds += _degree_in(g, own, net, v, mark)
    return count, bonds // 2


@numba.njit(cache=True, _nrt=False)
def _excused(g, own, net, mark):  # type: ignore[no-untyped-def]
    """How many angles of the marked sites have other rings than the net's, and a missing bond as an excuse."""
    count = 0
    for n in range(g.tally[0]):
        v = g.steps[n, 0]
        if g.steps[n, 1] >= 0 or not mark[v]:
            continue
        for a in range(4):
            for b in range(a + 1, 4):
                i, j = g.slot[v, a], g.slot[v, b]
                if i >= 0 and j >= 0:
                    wanted = net.size[g.site[v], angle(a, b)]
                    count += wanted > 0 and own.size[v, angle(i, j)] != wanted
    return count


@numba.njit(cache=True)
def harvest(own, net, kind, g, whole, starts, least, all_ways):  # type: ignore[no-untyped-def]
    """Grow from all starts on one net; the growths that are worth something.

    Parameters
    ----------
    own, net : Angles
        Of the network and of a type's net.
    kind : (S,) int array
        Kind of each of the net's sites: what a site was found to be once is not tried again.
    g : Growth
        One that has not begun; it says which sites are free, and is left as it was.
    whole : (N,) int array
        Bonds from each site to the nearest one that lacks a bond.
    starts : (M, 3) int array
        Site, site of the net, number of the order of bonds: the best first.
    least
        Evidence that a growth must have.
    all_ways
        Whether to try every start; or not those that would only find again what was found, and none when
        `MOST_FAILED` have come to nothing.

    Returns
    -------
    found : (F, 3) int array
        For each growth: closed walks less disagreements, number of its start, where its sites end in `member`.
    evidence : (F,) float array
        Closed walks, less disagreements, less a share of the rings that are other than the net's but excused.
    member : (P,) int array
        Sites of all growths one after the other.
    """
    zero = np.int64(0)
    n_sites = len(g.site)
    mark = np.zeros(n_sites, np.bool_)
    seen = np.zeros((n_sites, kind.max() + 1), np.bool_)
    found, evidence = np.empty((len(starts), 3), np.int64), np.empty(len(starts))
    member = np.empty(ROOM * n_sites, np.int64)
    ways = np.empty(WAYS, np.int64)
    n_found = n_member = failed = 0
    for m in range(len(starts)):
        u, y, code = starts[m, 0], starts[m, 1], starts[m, 2]
        if not all_ways and (failed >= MOST_FAILED or seen[u, kind[y]]):
            continue
        _begin(g, own, net, u, y, code)
        good = _sprouts(g, own, net, whole, mark, ways)
        undo(g, zero, zero, zero, zero)
        if not good:
            continue
        _begin(g, own, net, u, y, code)
        grow(g, own, net, whole)
        count, bonds = _harvest(g, own, net, whole, mark)
        bad = g.tally[2]
        agreeing = bonds - count + (count > 0) - bad
        worth = agreeing - EXCUSED * _excused(g, own, net, mark)
        failed += bad * CLEAN > count or worth < least
        if count >= LARGE and bad * CLEAN <= count:
            for n in range(g.tally[0]):
                v = g.steps[n, 0]
                if g.steps[n, 1] < 0 and mark[v]:
                    seen[v, kind[g.site[v]]] = True
        if worth >= least and bad <= MOST_REFUSED * count and n_member + count <= len(member):
            for n in range(g.tally[0]):
                v = g.steps[n, 0]
                if g.steps[n, 1] < 0 and mark[v]:
                    member[n_member] = v
                    n_member += 1
            found[n_found, 0], found[n_found, 1], found[n_found, 2] = agreeing, m, n_member
            evidence[n_found] = worth
            n_found += 1
        _forget(g, mark)
        undo(g, zero, zero, zero, zero)
    return found[:n_found].copy(), evidence[:n_found].copy(), member[:n_member].copy()
