"""How a network is followed on a net, step by step: the kernels of `zeocryst.network.covering`.

A `Growth` holds what has been found so far and every step that led there, so that a way can be tried and
undone. `grow` follows bonds and rings; where nothing follows any more it settles sites whose bonds are open,
and it ends when there is nothing to settle or too much disagrees. All functions are numba's, with the
`zeocryst.network.angles.Angles` of the network (`own`) and of the net.

Functions that neither make nor return arrays are compiled without numba's reference counts (``_nrt=False``):
counting every array of every tuple at every call took five sixths of the time.
"""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

#: A growth that meets more disagreements than this, and more than `WORST_SHARE` of its sites, is given up.
FEW = 8
WORST_SHARE = 0.15
#: How often one of several ways that fit equally well is chosen, and how far it looks ahead (steps) to do so.
MOST_GUESSES = 12
LOOK_AHEAD = 300
#: Nearer than this (bonds) to a missing bond, a way that fits this much worse than the best is as good.
FAR_FROM_HOLES = 4
NEARLY = 3
#: Room for all ways to give out a site's bonds; in which column stands how well each fits.
WAYS, SCORE = (25, 5), 4
#: A way must fit at least this much better than not to be worth looking ahead.
WORTH_A_GUESS = 6
#: Different ways around the periodic box that are remembered.
WINDINGS = 256


class Growth(NamedTuple):
    """What a growth has reached.

    Attributes
    ----------
    site : (N,) int array
        The net's site that each site stands for, or -1.
    slot, bond : (N, 4) int arrays
        A site's bond for each bond of the net, and the net's bond for each of its own; -1 where not known.
    lattice, image : (N, 3) int arrays
        The net's cell, and the image of the site that was reached.
    agreed, denied : (N,) int arrays
        Proposals that agreed with what was known of a site, and that did not.
    free : (N,) bool array
        Sites that may be taken.
    steps : (K, 3) int array
        All that was done: a site, the net's bond that was found (-1: the site itself), and the number of the
        site's step before.
    latest : (N,) int array
        Number of the last step of each site.
    refusals : (R,) int array
        Sites of the disagreements.
    tally : (4,) int array
        Numbers of steps, of sites reached, of disagreements and of ways around the box.
    winding : (W, 6) int array
        Each way around the periodic box, and what it is in the net.
    """

    site: Ints
    slot: NDArray[np.int8]
    bond: NDArray[np.int8]
    lattice: Ints
    image: Ints
    agreed: Ints
    denied: Ints
    free: NDArray[np.bool_]
    steps: Ints
    latest: Ints
    refusals: Ints
    tally: Ints
    winding: Ints


@numba.njit(cache=True, inline="always", _nrt=False)
def angle(i: Any, j: Any) -> Any:
    """Number of the angle of two different bonds, in any order."""
    a, b = min(i, j), max(i, j)
    return b - 1 if a == 0 else (b + 1 if a == 1 else 5)


@numba.njit(cache=True, forceinline=True, _nrt=False)
def compare(g, v, own, net, whole):  # type: ignore[no-untyped-def]
    """Angles of a site that have the net's rings, and such that have other ones without excuse.

    A missing bond within a ring's reach excuses that the ring is longer or missing, never that it is shorter.
    """
    same = other = 0
    for a in range(4):
        for b in range(a + 1, 4):
            i, j = g.slot[v, a], g.slot[v, b]
            if i < 0 or j < 0:
                continue
            mine, theirs = angle(i, j), angle(a, b)
            found, wanted = own.size[v, mine], net.size[g.site[v], theirs]
            excused = whole[v] <= wanted // 2
            if found == wanted and (excused or own.number[v, mine] == net.number[g.site[v], theirs]):
                same += wanted > 0
            elif not excused or (0 < found < wanted):
                other += 1
    return same, other


@numba.njit(cache=True, inline="always", _nrt=False)
def is_sound(same: Any, other: Any) -> Any:
    """Whether enough of a site's angles have the net's rings."""
    return (same >= 2 and other == 0) or (same >= 4 and other <= 1)


@numba.njit(cache=True, inline="always", _nrt=False)
def _triple(rows, n):  # type: ignore[no-untyped-def]
    """A row of three whole numbers as a tuple: arrays as small as this are slow to make."""
    return rows[n, 0], rows[n, 1], rows[n, 2]


@numba.njit(cache=True, inline="always", _nrt=False)
def _moved(at, rows, n):  # type: ignore[no-untyped-def]
    """A lattice vector and a row of another."""
    return at[0] + rows[n, 0], at[1] + rows[n, 1], at[2] + rows[n, 2]


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _closes(g, w, image, lattice):  # type: ignore[no-untyped-def]
    """Whether a site that is reached again is the same of the net, the way around the box considered."""
    a, b, c = image[0] - g.image[w, 0], image[1] - g.image[w, 1], image[2] - g.image[w, 2]
    p, q, r = lattice[0] - g.lattice[w, 0], lattice[1] - g.lattice[w, 1], lattice[2] - g.lattice[w, 2]
    if a == b == c == 0:
        return p == q == r == 0
    for n in range(g.tally[3]):
        way = g.winding[n]
        if way[0] == a and way[1] == b and way[2] == c:
            return way[3] == p and way[4] == q and way[5] == r
        if way[0] == -a and way[1] == -b and way[2] == -c:
            return way[3] == -p and way[4] == -q and way[5] == -r
    if g.tally[3] < len(g.winding):
        way = g.winding[g.tally[3]]
        way[0], way[1], way[2], way[3], way[4], way[5] = a, b, c, p, q, r
        g.tally[3] += 1
    return True


@numba.njit(cache=True, inline="always", _nrt=False)
def _note(g, w, k):  # type: ignore[no-untyped-def]
    """Write a step down."""
    n = g.tally[0]
    g.steps[n, 0] = w
    g.steps[n, 1] = k
    g.steps[n, 2] = g.latest[w]
    g.latest[w] = n
    g.tally[0] += 1


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _refuse(g, w):  # type: ignore[no-untyped-def]
    """Write a disagreement down."""
    g.refusals[g.tally[2]] = w
    g.tally[2] += 1
    g.denied[w] += 1
    return False


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _match_bonds(g, w, i, k):  # type: ignore[no-untyped-def]
    """Site w's bond i is the net's bond k."""
    g.slot[w, k] = i
    g.bond[w, i] = k
    _note(g, w, k)


@numba.njit(cache=True, forceinline=True, _nrt=False)
def propose(g, own, net, w, y, i, k, image, lattice):  # type: ignore[no-untyped-def]
    """Let site w be the net's site y, and its bond i the net's bond k; False where it cannot be."""
    if not g.free[w]:
        return False
    if g.site[w] < 0:
        g.site[w] = y
        g.image[w, 0], g.image[w, 1], g.image[w, 2] = image
        g.lattice[w, 0], g.lattice[w, 1], g.lattice[w, 2] = lattice
        g.tally[1] += 1
        _note(g, w, -1)
    elif g.site[w] != y or not _closes(g, w, image, lattice):
        return _refuse(g, w)
    if g.slot[w, k] == i:
        g.agreed[w] += 1
        return True
    if g.slot[w, k] >= 0 or g.bond[w, i] >= 0:
        return _refuse(g, w)
    _match_bonds(g, w, i, k)
    # where all bonds of a site but one are known, the last one is the one that is left
    degree = net.begin[y + 1] - net.begin[y]
    known = 0
    for a in range(degree):
        known += g.slot[w, a] >= 0
    if known == degree - 1 and own.begin[w + 1] - own.begin[w] == degree:
        for a in range(degree):
            for b in range(degree):
                if g.slot[w, a] < 0 and g.bond[w, b] < 0:
                    _match_bonds(g, w, b, a)
    return True


@numba.njit(cache=True, _nrt=False)
def undo(g, steps, reached, refusals, windings):  # type: ignore[no-untyped-def]
    """Go back to an earlier tally."""
    for n in range(g.tally[0] - 1, steps - 1, -1):
        w, k = g.steps[n, 0], g.steps[n, 1]
        g.latest[w] = g.steps[n, 2]
        if k < 0:
            g.site[w] = -1
            g.agreed[w] = 0
        else:
            g.bond[w, g.slot[w, k]] = -1
            g.slot[w, k] = -1
    for n in range(refusals, g.tally[2]):
        g.denied[g.refusals[n]] -= 1
    g.tally[0], g.tally[1], g.tally[2], g.tally[3] = steps, reached, refusals, windings


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _along_ring(g, own, net, v, a, b):  # type: ignore[no-untyped-def]
    """Follow the single shortest ring at the angle of the net's bonds a < b, if it is one in both."""
    i, j = g.slot[v, a], g.slot[v, b]
    mine, theirs = angle(i, j), angle(a, b)
    length = own.size[v, mine]
    if length == 0 or length != net.size[g.site[v], theirs]:
        return
    if own.number[v, mine] != 1 or net.number[g.site[v], theirs] != 1:
        return
    root, image, lattice = g.site[v], _triple(g.image, v), _triple(g.lattice, v)
    at, there = v, root
    for t in range(length - 1):
        h = own.ring[v, mine, t] if i < j else own.back[own.ring[v, mine, length - 1 - t]]
        e = net.ring[root, theirs, t]
        if not propose(g, own, net, at, there, h - own.begin[at], e - net.begin[there], image, lattice):
            return
        image, lattice = _moved(image, own.shift, h), _moved(lattice, net.shift, e)
        at, there = own.target[h], net.target[e]
        if not propose(
            g, own, net, at, there, own.back[h] - own.begin[at], net.back[e] - net.begin[there], image, lattice
        ):
            return


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _skip(i: Any, gone: Any) -> Any:
    """Number of a bond among the others when one is left out."""
    return i - (i > gone)


@numba.njit(cache=True, forceinline=True, _nrt=False)
def arrange(code, degree, trial):  # type: ignore[no-untyped-def]
    """Write one of the orders of a site's bonds (`ORDERS`), numbered by two bits a bond."""
    for a in range(degree):
        trial[a] = (code >> (2 * a)) & 3


def _orders(degree: int) -> list[int]:
    """The numbers of all orders of so many bonds, as `arrange` takes them."""
    return sorted(sum(i << (2 * a) for a, i in enumerate(p)) for p in permutations(range(degree)))


#: Those of 0 to 4 bonds, and how many there are.
ORDERS = np.array([_orders(degree) + [0] * (24 - factorial(degree)) for degree in range(5)])
N_ORDERS = np.array([factorial(degree) for degree in range(5)])


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _fit(g, own, net, v, trial):  # type: ignore[no-untyped-def]
    """How many more rings at angles and torsions agree than disagree if `trial` are the net's bonds."""
    y = g.site[v]
    degree = net.begin[y + 1] - net.begin[y]
    score = 0
    for a in range(degree):
        for b in range(a + 1, degree):
            if g.slot[v, a] >= 0 and g.slot[v, b] >= 0:
                continue
            mine, theirs = angle(trial[a], trial[b]), angle(a, b)
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


@numba.njit(cache=True, _nrt=False)
def _ways(g, own, net, whole, v, found):  # type: ignore[no-untyped-def]
    """The ways to give the open bonds of a site to those of the net that fit best: how well, and how many.

    Where a bond is missing nearby, rings are, so that a way that fits nearly as well counts too.
    """
    y = g.site[v]
    degree = net.begin[y + 1] - net.begin[y]
    if own.begin[v + 1] - own.begin[v] != degree:
        return 0, 0
    mask, known = 0, np.int64(0)  # two bits a bond, as in the numbers of the orders
    for a in range(degree):
        if g.slot[v, a] >= 0:
            mask |= 3 << (2 * a)
            known |= np.int64(g.slot[v, a]) << (2 * a)
    best = count = 0
    for n in range(N_ORDERS[degree]):
        code = ORDERS[degree, n]
        if code & mask == known:
            arrange(code, degree, found[count])
            found[count, SCORE] = _fit(g, own, net, v, found[count])
            best = max(best, found[count, SCORE])
            count += 1
    slack = NEARLY if whole[v] < FAR_FROM_HOLES else 0
    ways = 0
    for n in range(count):
        if best > 0 and found[n, SCORE] >= best - slack:
            for a in range(SCORE + 1):
                found[ways, a] = found[n, a]
            ways += 1
    return best, ways


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _settle(g, net, v, way):  # type: ignore[no-untyped-def]
    """Give the open bonds of a site to those of the net in one of its ways."""
    y = g.site[v]
    for a in range(net.begin[y + 1] - net.begin[y]):
        if g.slot[v, a] < 0:
            _match_bonds(g, v, way[a], a)


@numba.njit(cache=True, forceinline=True, _nrt=False)
def is_open(g, net, v):  # type: ignore[no-untyped-def]
    """Whether a site has bonds that are not known."""
    known = 0
    for a in range(4):
        known += g.slot[v, a] >= 0
    return known < net.begin[g.site[v] + 1] - net.begin[g.site[v]]


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _too_many(g):  # type: ignore[no-untyped-def]
    """Whether there are too many disagreements to go on."""
    return (g.tally[2] > FEW and g.tally[2] > WORST_SHARE * g.tally[1]) or g.tally[2] > len(g.refusals) - 64


@numba.njit(cache=True, _nrt=False)
def spread(g, own, net, whole, done, stop, most):  # type: ignore[no-untyped-def]
    """Go on from the steps that follow `done`, until nothing more follows; how many are done then.

    It ends at `stop` steps, or with more than `most` disagreements, or with too many for its size.
    """
    while done < min(g.tally[0], stop) and g.tally[2] <= most and not _too_many(g):
        v = g.steps[done, 0]
        done += 1
        if g.latest[v] >= done:  # more is known of it by a later step
            continue
        same, other = compare(g, v, own, net, whole)
        if not is_sound(same, other) or g.denied[v] > g.agreed[v]:
            continue
        y = g.site[v]
        degree = net.begin[y + 1] - net.begin[y]
        for a in range(degree):
            if g.slot[v, a] < 0:
                continue
            h, e = own.begin[v] + g.slot[v, a], net.begin[y] + a
            w, z = own.target[h], net.target[e]
            image = _moved(_triple(g.image, v), own.shift, h)
            lattice = _moved(_triple(g.lattice, v), net.shift, e)
            propose(g, own, net, w, z, own.back[h] - own.begin[w], net.back[e] - net.begin[z], image, lattice)
            for b in range(a + 1, degree):
                if g.slot[v, b] >= 0:
                    _along_ring(g, own, net, v, a, b)
    return done


@numba.njit(cache=True, forceinline=True, _nrt=False)
def _touched(g, own, v, since):  # type: ignore[no-untyped-def]
    """Whether a step from number `since` on is of a site or of one bonded to it: only these tell its ways."""
    if g.latest[v] >= since:
        return True
    for h in range(own.begin[v], own.begin[v + 1]):  # noqa: SIM110 (numba has no any() of a generator)
        if g.latest[own.target[h]] >= since:
            return True
    return False


@numba.njit(cache=True, _nrt=False)
def go_on(g, own, net, whole, begin, done, stop, most, found):  # type: ignore[no-untyped-def]
    """Go on from the steps after `done` as far as it takes no guess, or to `stop` steps; how many are done.

    Sites that the steps from `begin` on reached are settled where one way fits best. A site stands in several
    steps: it is looked at again only where something around it has changed. `most`: see `spread`.
    """
    looked = begin  # the steps before were looked at when there were no more
    while True:
        done = spread(g, own, net, whole, done, stop, most)
        before = g.tally[0]
        if before >= stop or g.tally[2] > most or _too_many(g):
            return done
        for n in range(begin, before):
            w = g.steps[n, 0]
            if not is_open(g, net, w):
                continue
            if n < looked:
                since = looked
            elif g.steps[n, 2] >= begin:  # its step before was looked at a moment ago
                since = before
            else:
                since = np.int64(-1)
            if since >= 0 and not _touched(g, own, w, since):
                continue
            if _ways(g, own, net, whole, w, found)[1] == 1:
                _settle(g, net, w, found[0])
        if g.tally[0] == before:
            return done
        looked = before


@numba.njit(cache=True, _nrt=False)
def _look_ahead(g, own, net, whole, v, way, found):  # type: ignore[no-untyped-def]
    """Try a way: disagreements it leads to, and sites reached; then everything is as it was."""
    steps, reached, refusals, windings = g.tally[0], g.tally[1], g.tally[2], g.tally[3]
    _settle(g, net, v, way)
    go_on(g, own, net, whole, steps, steps, steps + LOOK_AHEAD, len(g.refusals), found)
    bad, more = g.tally[2] - refusals, g.tally[1] - reached
    undo(g, steps, reached, refusals, windings)
    return bad, more


@numba.njit(cache=True)
def _guess(g, own, net, whole, v, best_ways, ways):  # type: ignore[no-untyped-def]
    """Settle a site in the way that leads to the fewest disagreements, and then to the most sites."""
    chosen, least, most = 0, 1 << 30, -1
    found = np.empty(WAYS, np.int64)
    for n in range(ways):
        bad, more = _look_ahead(g, own, net, whole, v, best_ways[n], found)
        if bad < least or (bad == least and more > most):
            chosen, least, most = n, bad, more
    _settle(g, net, v, best_ways[chosen])


@numba.njit(cache=True)
def grow(g, own, net, whole):  # type: ignore[no-untyped-def]
    """Go on from the first steps until nothing more follows, or too much disagrees."""
    done, seen, n_waiting, guesses = np.int64(0), 0, 0, 0
    waiting = np.empty(len(g.site), np.int64)
    waits = np.zeros(len(g.site), np.bool_)
    found = np.empty(WAYS, np.int64)
    while not _too_many(g):
        done = spread(g, own, net, whole, done, len(g.steps), len(g.refusals))
        while seen < g.tally[0]:
            v = g.steps[seen, 0]
            seen += 1
            if not waits[v] and is_open(g, net, v):
                waits[v] = True
                waiting[n_waiting] = v
                n_waiting += 1
        left = 0
        for m in range(n_waiting):
            v = waiting[m]
            if not is_open(g, net, v):
                continue
            if _ways(g, own, net, whole, v, found)[1] == 1:
                _settle(g, net, v, found[0])
            else:
                waiting[left] = v
                left += 1
        n_waiting = left
        if done < g.tally[0]:
            continue
        for m in range(n_waiting):
            if guesses >= MOST_GUESSES:
                return
            fits, ways = _ways(g, own, net, whole, waiting[m], found)
            if ways > 1 and fits >= WORTH_A_GUESS:
                guesses += 1
                _guess(g, own, net, whole, waiting[m], found, ways)
                break
        if done == g.tally[0]:
            return
