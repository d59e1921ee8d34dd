"""Follows one network on another, as far as they are alike.

A framework is known by its net: the sites of a cell and the bonds among them. Where a network is that
framework, each of its sites stands for one of the net's sites in one of its cells, and each of its bonds for the
bond of the net that leaves from there. `follow` finds this correspondence by growth. It begins with one site,
whose angles have the same shortest rings as those of a site of the net, and goes on

- along bonds: what a bond leads to stands for what the net's bond leads to;
- along rings: where an angle has a single shortest ring in both, of the same size, their sites and bonds
  correspond one by one;
- where this leaves it open which bonds of a site are which of the net's, by the shortest rings at its angles and
  torsions (`zeocryst.network.angles`), if one way fits best.

What is reached twice must be the same site in the same cell of the net: every closed walk of the network is one
of the net. So a vacancy is walked around, a wrong bond is left out, and the growth ends where the network is no
longer that framework: in a melt, at the boundary of a grain, at a stacking fault. Nets of which one looks like
the other in every ring (GIS, MER, PHI and SIV) are told apart. Mirror images are followed as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.angles import Angles

Ints = NDArray[np.int64]

#: A growth that meets more disagreements than this, and more than `WORST_SHARE` of its sites, is given up.
FEW = 8
WORST_SHARE = 0.15
#: How often one of several ways to go on, each as good as the others, is taken: most nets need none, those of
#: mirrored chains (DFT, LOV, NPO) one.
MOST_GUESSES = 8
#: Different ways around the periodic box that are remembered.
_WINDINGS = 256


class _Growth(NamedTuple):
    """What a growth has reached.

    `site` (N,): the net's site each site stands for, or -1; `slot` (N, 4): its bond for each bond of the net;
    `bond` (N, 4): the net's bond for each of its own; `lattice` (N, 3): the net's cell; `image` (N, 3): the image
    that was reached; `agreed`, `denied` (N,): proposals that agreed and that did not; `free` (N,): sites that may
    be taken; `stack`, and `tally`: sites on it, sites reached, disagreements, ways around the box; `winding`: for
    each way around the box what it is in the net.
    """

    site: NDArray[np.int32]
    slot: NDArray[np.int8]
    bond: NDArray[np.int8]
    lattice: NDArray[np.int32]
    image: NDArray[np.int32]
    agreed: NDArray[np.int32]
    denied: NDArray[np.int32]
    free: NDArray[np.bool_]
    stack: Ints
    tally: Ints
    winding: NDArray[np.int32]


@numba.njit(cache=True, inline="always")
def _angle(i: Any, j: Any) -> Any:
    """Number of the angle of two different bonds, in any order."""
    a, b = min(i, j), max(i, j)
    return b - 1 if a == 0 else (b + 1 if a == 1 else 5)


@numba.njit(cache=True)
def _compare(g, v, own, net, whole):  # type: ignore[no-untyped-def]
    """Angles of a site that have the net's rings, and such that have other ones without excuse.

    A missing bond within a ring's reach excuses that the ring is longer or missing, never that it is shorter.
    """
    same = other = 0
    for a in range(4):
        for b in range(a + 1, 4):
            i, j = g.slot[v, a], g.slot[v, b]
            if i < 0 or j < 0:
                continue
            mine, theirs = _angle(i, j), _angle(a, b)
            found, wanted = own.size[v, mine], net.size[g.site[v], theirs]
            excused = whole[v] <= wanted // 2
            if found == wanted and (excused or own.number[v, mine] == net.number[g.site[v], theirs]):
                same += wanted > 0
            elif not excused or (0 < found < wanted):
                other += 1
    return same, other


@numba.njit(cache=True, inline="always")
def _sound(same: Any, other: Any) -> Any:
    """Whether enough of a site's angles have the net's rings."""
    return (same >= 2 and other == 0) or (same >= 4 and other <= 1)


@numba.njit(cache=True)
def _closes(g, w, image, lattice):  # type: ignore[no-untyped-def]
    """Whether a site that is reached again is the same of the net, the way around the box considered."""
    d = image - g.image[w]
    t = lattice - g.lattice[w]
    if not d.any():
        return not t.any()
    for n in range(g.tally[3]):
        if (g.winding[n, :3] == d).all():
            return (g.winding[n, 3:] == t).all()
        if (g.winding[n, :3] == -d).all():
            return (g.winding[n, 3:] == -t).all()
    if g.tally[3] < len(g.winding):
        g.winding[g.tally[3], :3] = d
        g.winding[g.tally[3], 3:] = t
        g.tally[3] += 1
    return True


@numba.njit(cache=True)
def _propose(g, own, net, w, y, i, k, image, lattice):  # type: ignore[no-untyped-def]
    """Let site w be the net's site y, and its bond i the net's bond k (unless -1); False where it cannot be."""
    if not g.free[w]:
        return False
    if g.site[w] < 0:
        g.site[w] = y
        g.image[w] = image
        g.lattice[w] = lattice
        g.stack[g.tally[0]] = w
        g.tally[0] += 1
        g.tally[1] += 1
    elif g.site[w] != y or not _closes(g, w, image, lattice):
        g.denied[w] += 1
        g.tally[2] += 1
        return False
    if g.slot[w, k] == i:
        g.agreed[w] += 1
        return True
    if g.slot[w, k] >= 0 or g.bond[w, i] >= 0:
        g.denied[w] += 1
        g.tally[2] += 1
        return False
    g.slot[w, k] = i
    g.bond[w, i] = k
    _last_bond(g, own, net, w)
    g.stack[g.tally[0]] = w
    g.tally[0] += 1
    return True


@numba.njit(cache=True)
def _last_bond(g, own, net, w):  # type: ignore[no-untyped-def]
    """Where all bonds of a site but one are known, the last one is the one that is left."""
    y = g.site[w]
    degree = net.begin[y + 1] - net.begin[y]
    known = 0
    for a in range(degree):
        known += g.slot[w, a] >= 0
    if known == degree - 1 and own.begin[w + 1] - own.begin[w] == degree:
        for a in range(degree):
            for b in range(degree):
                if g.slot[w, a] < 0 and g.bond[w, b] < 0:
                    g.slot[w, a] = b
                    g.bond[w, b] = a


@numba.njit(cache=True)
def _along_ring(g, own, net, v, a, b):  # type: ignore[no-untyped-def]
    """Follow the single shortest ring at the angle of the net's bonds a < b, if it is one in both."""
    i, j = g.slot[v, a], g.slot[v, b]
    mine, theirs = _angle(i, j), _angle(a, b)
    length = own.size[v, mine]
    if length == 0 or length != net.size[g.site[v], theirs]:
        return
    if own.number[v, mine] != 1 or net.number[g.site[v], theirs] != 1:
        return
    root, image, lattice = g.site[v], g.image[v].copy(), g.lattice[v].copy()
    at, there = v, root
    for t in range(length - 1):
        h = own.ring[v, mine, t] if i < j else own.back[own.ring[v, mine, length - 1 - t]]
        e = net.ring[root, theirs, t]
        if not _propose(g, own, net, at, there, h - own.begin[at], e - net.begin[there], image, lattice):
            return
        image += own.shift[h].astype(np.int32)
        lattice += net.shift[e].astype(np.int32)
        at, there = own.target[h], net.target[e]
        if not _propose(
            g, own, net, at, there, own.back[h] - own.begin[at], net.back[e] - net.begin[there], image, lattice
        ):
            return


@numba.njit(cache=True)
def _skip(i: Any, gone: Any) -> Any:
    """Number of a bond among the others when one is left out."""
    return i - (i > gone)


@numba.njit(cache=True)
def _order(code, degree, trial):  # type: ignore[no-untyped-def]
    """Write one of the orders of a site's bonds, numbered by two bits a bond; False if the number is none."""
    used = 0
    for a in range(degree):
        i = (code >> (2 * a)) & 3
        trial[a] = i
        if i >= degree or (used >> i) & 1:
            return False
        used |= 1 << i
    return code >> (2 * degree) == 0


@numba.njit(cache=True)
def _fit(g, own, net, v, trial):  # type: ignore[no-untyped-def]
    """How many more rings at angles and torsions agree than disagree if the net's bonds are those in `trial`."""
    y = g.site[v]
    degree = net.begin[y + 1] - net.begin[y]
    score = 0
    for a in range(degree):
        for b in range(a + 1, degree):
            if g.slot[v, a] >= 0 and g.slot[v, b] >= 0:
                continue
            mine, theirs = _angle(trial[a], trial[b]), _angle(a, b)
            same = own.size[v, mine] == net.size[y, theirs] and own.number[v, mine] == net.number[y, theirs]
            score += 1 if same else -1
    for a in range(degree):
        h, e = own.begin[v] + trial[a], net.begin[y] + a
        w, z = own.target[h], net.target[e]
        if g.slot[v, a] < 0:
            score += 1 if own.look[w] == net.look[z] else -1
            continue
        if g.site[w] != z:
            continue
        ours, backs = own.back[h] - own.begin[w], net.back[e] - net.begin[z]
        if g.slot[w, backs] != ours:
            continue
        for b in range(degree):
            if b == a:
                continue
            for c in range(4):
                if c == backs or g.slot[w, c] < 0:
                    continue
                m, n = _skip(trial[b], trial[a]), _skip(g.slot[w, c], ours)
                r, s = _skip(b, a), _skip(c, backs)
                same = (
                    own.torsion_size[h, m, n] == net.torsion_size[e, r, s]
                    and own.torsion_number[h, m, n] == net.torsion_number[e, r, s]
                )
                score += 1 if same else -1
    return score


@numba.njit(cache=True)
def _settle(g, own, net, v, guess):  # type: ignore[no-untyped-def]
    """Give the open bonds of a site to those of the net in the way that fits best; False if there is none.

    With `guess` -1 the best way has to be the only one that good, else it is the one of that number among them.
    """
    y = g.site[v]
    degree = net.begin[y + 1] - net.begin[y]
    if own.begin[v + 1] - own.begin[v] != degree:
        return False
    trial, chosen = np.empty(4, np.int64), np.empty(4, np.int64)
    best, ways = 0, 0
    for code in range(256):
        if not _order(code, degree, trial):
            continue
        good = True
        for a in range(degree):
            good = good and (g.slot[v, a] < 0 or g.slot[v, a] == trial[a])
        if not good:
            continue
        score = _fit(g, own, net, v, trial)
        if score > best:
            best, ways = score, 0
        if score == best:
            if ways == 0 or ways == guess:
                chosen[:] = trial
            ways += 1
    if best <= 0 or (ways != 1 and guess < 0):
        return False
    for a in range(degree):
        g.slot[v, a] = chosen[a]
        g.bond[v, chosen[a]] = a
    return True


@numba.njit(cache=True)
def _settle_waiting(g, own, net, waiting, count, guess):  # type: ignore[no-untyped-def]
    """Settle what can be settled of the sites whose bonds are open; how many still wait.

    With a `guess` the first that has several ways is given one of them, and no more.
    """
    left = 0
    guessed = False
    for m in range(count):
        v = waiting[m]
        if (g.slot[v] >= 0).sum() == net.begin[g.site[v] + 1] - net.begin[g.site[v]]:
            continue
        if not guessed and _settle(g, own, net, v, guess):
            guessed = guess >= 0
            g.stack[g.tally[0]] = v
            g.tally[0] += 1
        else:
            waiting[left] = v
            left += 1
    return left


@numba.njit(cache=True)
def _grow(g, own, net, whole, guess):  # type: ignore[no-untyped-def]
    """Go on from the sites on the stack until nothing more follows, or too much disagrees."""
    done = 0
    waiting = np.empty(len(g.site), np.int64)
    waits = np.zeros(len(g.site), np.bool_)
    n_waiting = guesses = 0
    while True:
        if done == g.tally[0]:  # nothing more follows by itself
            n_waiting = _settle_waiting(g, own, net, waiting, n_waiting, -1)
            if done == g.tally[0] and guesses < MOST_GUESSES:
                guesses += 1
                n_waiting = _settle_waiting(g, own, net, waiting, n_waiting, guess)
            if done == g.tally[0]:
                return
        if g.tally[2] > FEW and g.tally[2] > WORST_SHARE * g.tally[1]:
            return
        v = g.stack[done]
        done += 1
        y = g.site[v]
        degree = net.begin[y + 1] - net.begin[y]
        known = 0
        for a in range(degree):
            known += g.slot[v, a] >= 0
        if known < degree and not waits[v]:
            waits[v] = True
            waiting[n_waiting] = v
            n_waiting += 1
        same, other = _compare(g, v, own, net, whole)
        if not _sound(same, other) or g.denied[v] > g.agreed[v]:
            continue
        for a in range(degree):
            if g.slot[v, a] < 0:
                continue
            h, e = own.begin[v] + g.slot[v, a], net.begin[y] + a
            w, z = own.target[h], net.target[e]
            image = g.image[v] + own.shift[h].astype(np.int32)
            lattice = g.lattice[v] + net.shift[e].astype(np.int32)
            _propose(g, own, net, w, z, own.back[h] - own.begin[w], net.back[e] - net.begin[z], image, lattice)
            for b in range(a + 1, degree):
                if g.slot[v, b] >= 0:
                    _along_ring(g, own, net, v, a, b)


@numba.njit(cache=True)
def _plant(g, own, net, u, y, code):  # type: ignore[no-untyped-def]
    """Begin a growth: site u is the net's site y, with its bonds in the order `code`; False if it is none."""
    d = own.begin[u + 1] - own.begin[u]
    trial = np.empty(4, np.int64)
    if not _order(code, d, trial):
        return False
    for a in range(d):
        for b in range(a + 1, d):
            mine, theirs = _angle(trial[a], trial[b]), _angle(a, b)
            if own.size[u, mine] != net.size[y, theirs] or own.number[u, mine] != net.number[y, theirs]:
                return False
    g.tally[:] = 0
    origin = np.zeros(3, np.int32)
    for a in range(d):
        _propose(g, own, net, u, y, trial[a], a, origin, origin)
    return True


@numba.njit(cache=True)
def _harvest(g, own, net, whole, least, number, grain, sound):  # type: ignore[no-untyped-def]
    """Keep what a growth has reached as a grain if it is large enough; all else is forgotten."""
    count = 0
    for s in range(g.tally[0]):
        sound[g.stack[s]] = False
    for s in range(g.tally[0]):
        v = g.stack[s]
        if not sound[v]:
            same, other = _compare(g, v, own, net, whole)
            if _sound(same, other) and g.agreed[v] >= 2 * g.denied[v]:
                sound[v] = True
                count += 1
    kept = count >= least
    for s in range(g.tally[0]):
        v = g.stack[s]
        if kept and sound[v]:
            grain[v] = number
            g.free[v] = False
        elif grain[v] < 0:
            g.site[v] = -1
            g.slot[v, :] = -1
            g.bond[v, :] = -1
            g.agreed[v] = g.denied[v] = 0
    return kept


@numba.njit(cache=True)
def _follow(own, net, g, seeds, whole, least, tries):  # type: ignore[no-untyped-def]
    grain = np.full(len(g.site), -1, np.int32)
    sound = np.zeros(len(g.site), np.bool_)
    grains = failed = 0
    for m in range(len(seeds)):
        u, y = seeds[m, 0], seeds[m, 1]
        if not g.free[u] or own.begin[u + 1] - own.begin[u] != net.begin[y + 1] - net.begin[y]:
            continue
        if failed >= tries:
            break
        grown = False
        for code in range(256):
            for guess in range(2):
                if not grown and _plant(g, own, net, u, y, code):
                    _grow(g, own, net, whole, guess)
                    grown = _harvest(g, own, net, whole, least, grains, grain, sound)
        grains += grown
        failed += not grown
    return grain


def follow(
    network: Angles, net: Angles, seeds: Ints, free: NDArray[np.bool_], whole: Ints, *, least: int, tries: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
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

    Returns
    -------
    site : (N,) int32 array
        The net's site that each site stands for; -1 for none.
    grain : (N,) int32 array
        Number of the growth that reached it; -1 for none.
    """
    n = len(network.begin) - 1
    growth = _Growth(
        np.full(n, -1, np.int32), np.full((n, 4), -1, np.int8), np.full((n, 4), -1, np.int8),
        np.zeros((n, 3), np.int32), np.zeros((n, 3), np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32),
        free.copy(), np.empty(7 * n + 16, np.int64), np.zeros(4, np.int64),
        np.zeros((_WINDINGS, 6), np.int32),
    )  # fmt: skip
    pairs = np.asarray(seeds, dtype=np.int64).reshape(-1, 2)
    grain = _follow(network, net, growth, pairs, np.asarray(whole), least, tries)
    return growth.site, grain
