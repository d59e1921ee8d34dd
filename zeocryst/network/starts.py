"""Where a growth on a net may begin: ways in which a site of a network may stand for a site of a net.

A site may stand for a site of a net if the rings at all its angles are the net's, and those at the angles of
its neighbours nearly so; of all ways those are tried that have most rings in common. In a glass of 1000 T half
a million pairs of a site and a kind of site have to be looked at. So it is asked once which of a site's angles
fit each ring that there is (six bits); which orders of the bonds put such an angle at a place of the net's
site stands in a table (24 bits); and the orders that fit are those that all six places have in common.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.angles import PAIRS
from zeocryst.network.growth import ORDERS

Ints = NDArray[np.int64]

#: Angles of a start that must have a ring in both, and neighbours that must look like the net's.
LEAST_ANGLES, LEAST_NEIGHBOURS = 4, 3
#: Starts for each site that room is made for at first (there are 7 in a glass, and 67 in perfect SOD, since all
#: of its relatives begin alike).
USUAL_STARTS = 16

#: The orders of four bonds as `zeocryst.network.growth.arrange` numbers them.
CODES = ORDERS[4]
_NUMBER = {tuple(pair): k for k, pair in enumerate(PAIRS.tolist())}
#: For each order the number of the own angle that is the net's first, second, ... angle.
ANGLES_OF_ORDER = np.array(
    [
        [_NUMBER[min(o[a], o[b]), max(o[a], o[b])] for a, b in PAIRS]
        for o in (CODES[:, None] >> (2 * np.arange(4)) & 3).tolist()
    ]
)
#: For each of the net's angles, and each set of own angles (six bits), the orders that put one of them there.
_ORDERS_WITH = ((np.arange(64)[:, None] >> ANGLES_OF_ORDER.T[:, None, :] & 1) << np.arange(24)).sum(axis=2)
_ALL_ORDERS = (1 << 24) - 1


@numba.njit(cache=True, inline="always", _nrt=False)
def _rings_fit(found, n_found, wanted, n_wanted, whole):  # type: ignore[no-untyped-def]
    """Whether the rings at an angle can be the net's."""
    excused = whole <= wanted // 2
    if found == wanted:
        return excused or n_found == n_wanted
    return excused and (found == 0 or found > wanted)


@numba.njit(cache=True)
def _angles_that_fit(own, whole, rings):  # type: ignore[no-untyped-def]
    """For each site and each of the rings the site's angles, in bits, that can have it."""
    out = np.zeros((len(whole), len(rings)), np.uint8)
    for w in range(len(whole)):
        if own.begin[w + 1] - own.begin[w] != 4:
            continue
        for r in range(len(rings)):
            wanted, n_wanted = rings[r, 0], rings[r, 1]
            for m in range(6):
                if _rings_fit(own.size[w, m], own.number[w, m], wanted, n_wanted, whole[w]):
                    out[w, r] |= 1 << m
    return out


@numba.njit(cache=True, inline="always", _nrt=False)
def _orders(fit, w, at, k, orders_with):  # type: ignore[no-untyped-def]
    """The orders of a site's bonds, in bits, in which all of its angles can be those of a net's site."""
    good = _ALL_ORDERS
    for a in range(6):
        good &= orders_with[a, fit[w, at[k, a]]]
        if good == 0:
            break
    return good


@numba.njit(cache=True, _nrt=False)
def _find_at(u, n, out, own, fit, fits, kind, at, rings, next_kind, codes, orders, orders_with):  # type: ignore[no-untyped-def]
    """Write the ways in which one site may stand for sites of nets from row n on; the number of rows then."""
    first, begun, best = own.begin[u], n, LEAST_ANGLES
    for k in range(len(kind)):
        if not fits[u, kind[k]]:
            continue
        good = _orders(fit, u, at, k, orders_with)
        if good == 0:
            continue
        for p in range(24):
            if (good >> p) & 1 == 0:
                continue
            same = 0
            for a in range(6):
                size = rings[at[k, a], 0]
                same += own.size[u, orders[p, a]] == size and size > 0
            if same < best:
                continue
            neighbours = 0
            for a in range(4):
                w = own.target[first + ((codes[p] >> (2 * a)) & 3)]
                z = next_kind[k, a]
                if z < 0:
                    neighbours += 1
                elif fits[w, kind[k]]:
                    neighbours += _orders(fit, w, at, z, orders_with) != 0
                if neighbours + 3 - a < LEAST_NEIGHBOURS:
                    break
            if neighbours < LEAST_NEIGHBOURS:
                continue
            if same > best:
                n, best = begun, same
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = u, k, codes[p], same
            n += 1
    return n


@numba.njit(cache=True)
def _find(own, whole, sites, fits, kind, at, rings, next_kind, codes, orders, orders_with):  # type: ignore[no-untyped-def]
    fit = _angles_that_fit(own, whole, rings)
    most = 24 * len(kind)
    out = np.empty((USUAL_STARTS * len(sites) + most, 4), np.int64)
    n = np.int64(0)
    for u in sites:
        if n + most > len(out):
            more = np.empty((2 * len(out), 4), np.int64)
            more[:n] = out[:n]
            out = more
        n = _find_at(u, n, out, own, fit, fits, kind, at, rings, next_kind, codes, orders, orders_with)
    return out[:n].copy()


def find_starts(own, whole, sites, fits, kind, at, rings, next_kind) -> Ints:  # type: ignore[no-untyped-def]
    """Ways in which sites may stand for sites of nets.

    Parameters
    ----------
    own : Angles
        Of the network.
    whole : (N,) int array
        Bonds from each site to the nearest one that lacks a bond.
    sites : (P,) int array
        Those with four bonds that are tried.
    fits : (N, T) bool array
        Which types are tried there.
    kind : (K,) int array
        Type of each kind of site of all nets.
    at : (K, 6) int array
        The shortest rings at its angles, by their number.
    rings : (R, 2) int array
        Size and number of each of them.
    next_kind : (K, 4) int array
        Kind of the site that each bond leads to; -1 where it has not four bonds.

    Returns
    -------
    (M, 4) int array
        Site, kind, number of the order of its bonds, and how many of its angles have a ring in both.
    """
    return np.asarray(
        _find(own, whole, sites, fits, kind, at, rings, next_kind, CODES, ANGLES_OF_ORDER, _ORDERS_WITH)
    )
