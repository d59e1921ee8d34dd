r"""Monte Carlo of a lattice gas whose particles are no neighbours: kernels.

At a fixed number of Al every allowed configuration is as likely as any other. `walk` moves one Al at a time, to
any site (a shift over any distance) or along a bond (a swap of Al and Si), and accepts what the rule allows:
proposals are symmetric, so that the uniform distribution is kept; with an energy, Metropolis' rule. Near the
largest number such moves alone can't leave a colour of the network. `breathe` therefore also takes Al out and
puts them in, between a low number, where everything moves, and the one that is wanted; each number k is made
about as likely as another by weights that are learned on the way (F. Wang, D. P. Landau, Phys. Rev. Lett. 86,
2050 (2001)) and then fixed. A configuration of k Al is entered from k - 1 with a probability that depends on k
alone, so that among those of one k all remain equally likely.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@numba.njit(cache=True, _nrt=False)
def _take_out(site: int, begin: Ints, near: Ints, count: Ints) -> int:
    """One Al less; returns by how much the pairs of Al on one T change."""
    change = 0
    for k in range(begin[site], begin[site + 1]):
        count[near[k]] -= 1
        change -= count[near[k]]
    return change


@numba.njit(cache=True, _nrt=False)
def _put_in(site: int, begin: Ints, near: Ints, count: Ints) -> int:
    """One Al more; returns by how much the pairs of Al on one T change."""
    change = 0
    for k in range(begin[site], begin[site + 1]):
        change += count[near[k]]
        count[near[k]] += 1
    return change


@numba.njit(cache=True)
def neighbours_taken(taken: Bools, begin: Ints, near: Ints) -> Ints:
    """Number of bonds of each site to Al."""
    count = np.zeros(len(taken), np.int64)
    for site in range(len(taken)):
        if taken[site]:
            _put_in(site, begin, near, count)
    return count


@numba.njit(cache=True)
def grow(
    taken: Bools, usable: Bools, begin: Ints, near: Ints, wanted: int, tries: int, apart: bool,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """Put Al in at random up to a number, moving those that are there; returns how many there are.

    Ends when nothing could be put in `tries` times in a row; changes `taken`.
    """
    sites = np.flatnonzero(usable)
    count = neighbours_taken(taken, begin, near)
    most = (begin[1:] - begin[:-1]).max()
    members = np.empty(len(taken), np.int64)
    total, failed = 0, 0
    for site in np.flatnonzero(taken):
        members[total] = site
        total += 1
    while total < wanted and failed < tries:
        site = sites[int(rng.random() * len(sites))]
        if not taken[site] and (not apart or count[site] == 0):
            _put_in(site, begin, near, count)
            taken[site] = True
            members[total] = site
            total, failed = total + 1, 0
            continue
        failed += 1
        if total > 0:
            _move(members, total, taken, sites, usable, begin, near, count, most, apart, rng)
    return total


@numba.njit(cache=True, _nrt=False)
def _propose(
    members: Ints, total: int, usable: Ints, begin: Ints, near: Ints, most: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Which Al is to move, and where to (-1: nowhere); as likely as the way back."""
    k = int(rng.random() * total)
    if rng.random() < 0.5:
        return k, int(usable[int(rng.random() * len(usable))])
    place = begin[members[k]] + int(rng.random() * most)
    return (k, int(near[place])) if place < begin[members[k] + 1] else (k, -1)


@numba.njit(cache=True, _nrt=False)
def _move(
    members: Ints, total: int, taken: Bools, sites: Ints, usable: Bools, begin: Ints, near: Ints, count: Ints,
    most: int, apart: bool, rng: np.random.Generator,
) -> int:  # fmt: skip
    """One move at random, made where it is allowed; which Al moved, -1: none."""
    k, there = _propose(members, total, sites, begin, near, most, rng)
    here = members[k]
    if there < 0 or taken[there] or not usable[there]:
        return -1
    if apart and not _fits(here, there, begin, near, count):
        return -1
    _take_out(here, begin, near, count)
    _put_in(there, begin, near, count)
    taken[here], taken[there], members[k] = False, True, there
    return int(k)


@numba.njit(cache=True, _nrt=False)
def _fits(here: int, there: int, begin: Ints, near: Ints, count: Ints) -> bool:
    """Whether `there` has no Al beside it once the one at `here` is gone."""
    others = count[there]
    for k in range(begin[there], begin[there + 1]):
        if near[k] == here:
            others -= 1
    return bool(others == 0)


@numba.njit(cache=True)
def walk(
    taken: Bools, usable: Bools, begin: Ints, near: Ints, steps: int, apart: bool, rng: np.random.Generator
) -> None:
    """Moves at random, at a fixed number of Al; changes `taken`. `apart` keeps Al from being neighbours."""
    sites, members = np.flatnonzero(usable), np.flatnonzero(taken)
    count = neighbours_taken(taken, begin, near)
    most = (begin[1:] - begin[:-1]).max()
    for _ in range(steps):
        _move(members, len(members), taken, sites, usable, begin, near, count, most, apart, rng)


@numba.njit(cache=True)
def anneal(
    taken: Bools, usable: Bools, begin: Ints, near: Ints, pair: float, around: Ints, other: Ints,
    energy: Floats, hot: float, cold: float, steps: int, apart: bool, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Moves at a temperature that falls from `hot` to `cold` geometrically; changes `taken`.

    The energy is `pair` for each two Al on one T, and `energy[m]` for each Al at site i with one at
    ``other[m]``, m from ``around[i]`` to ``around[i + 1] - 1``.
    """
    sites = np.flatnonzero(usable)
    members = np.flatnonzero(taken)
    count = neighbours_taken(taken, begin, near)
    most = (begin[1:] - begin[:-1]).max()
    field = np.zeros(len(taken))
    for site in members:
        for m in range(around[site], around[site + 1]):
            field[other[m]] += energy[m]
    for step in range(steps):
        heat = hot * (cold / hot) ** (step / steps)
        k, there = _propose(members, len(members), sites, begin, near, most, rng)
        here = members[k]
        if there < 0 or taken[there] or not usable[there]:
            continue
        if apart and not _fits(here, there, begin, near, count):
            continue
        change = pair * (_take_out(here, begin, near, count) + _put_in(there, begin, near, count))
        change += field[there] - field[here]
        for m in range(around[here], around[here + 1]):
            if other[m] == there:
                change -= energy[m]
        if change > 0 and rng.random() >= np.exp(-change / heat):
            _take_out(there, begin, near, count)
            _put_in(here, begin, near, count)
            continue
        taken[here], taken[there], members[k] = False, True, there
        for m in range(around[here], around[here + 1]):
            field[other[m]] -= energy[m]
        for m in range(around[there], around[there + 1]):
            field[other[m]] += energy[m]


@numba.njit(cache=True, _nrt=False)
def _accepted(log_ratio: float, rng: np.random.Generator) -> bool:
    return bool(log_ratio >= 0 or rng.random() < np.exp(log_ratio))


@numba.njit(cache=True)
def breathe(
    taken: Bools, usable: Bools, begin: Ints, near: Ints, low: int, high: int, weight: Floats, learning: float,
    steps: int, rng: np.random.Generator,
) -> tuple[int, int]:  # fmt: skip
    """Al come, go and move, between `low` and `high` of them; changes `taken` and learns `weight`.

    Parameters
    ----------
    weight : (high - low + 1,) float array
        Logarithm of the weight of each number of Al.
    learning : float
        How much a visit lowers it; 0: it stays.

    Returns
    -------
    total : int
        How many Al there are at the end.
    trips : int
        How often `high` was reached from `low`.
    """
    sites = np.flatnonzero(usable)
    count = neighbours_taken(taken, begin, near)
    most = (begin[1:] - begin[:-1]).max()
    members, place = np.empty(high, np.int64), np.full(len(taken), -1, np.int64)
    total, trips, came_low = 0, 0, False
    for site in range(len(taken)):
        if taken[site]:
            members[total], place[site] = site, total
            total += 1
    for _ in range(steps):
        if rng.random() < 0.5:
            site = sites[int(rng.random() * len(sites))]
            k = total - low
            if taken[site]:
                if total > low and _accepted(weight[k - 1] - weight[k], rng):
                    _take_out(site, begin, near, count)
                    taken[site] = False
                    total -= 1
                    members[place[site]] = members[total]
                    place[members[total]] = place[site]
            elif count[site] == 0 and total < high and _accepted(weight[k + 1] - weight[k], rng):
                _put_in(site, begin, near, count)
                taken[site] = True
                members[total], place[site] = site, total
                total += 1
        elif total > 0:
            k = _move(members, total, taken, sites, usable, begin, near, count, most, True, rng)
            if k >= 0:
                place[members[k]] = k
        weight[total - low] -= learning
        if total == low:
            came_low = True
        elif total == high and came_low:
            trips, came_low = trips + 1, False
    return total, trips
