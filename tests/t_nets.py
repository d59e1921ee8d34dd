"""Networks for the tests of heteroatoms, and the slow twins of what is tested."""

import functools

import numpy as np

import zeocryst as zc
from zeocryst.backmapping.build import build
from zeocryst.network.bonds import network_of_bonds, repeat_network
from zeocryst.network.matching import matched_bonds


@functools.cache
def crystal(code, repeat=(1, 1, 1)):
    atoms = zc.framework(code, oxygens=False)
    return repeat_network(matched_bonds(atoms.positions, atoms.cell[:])[0], repeat)


@functools.cache
def silica(code, repeat=(1, 1, 1)):
    return build(crystal(code, repeat)).atoms


def graph(n, *bonds):
    """A network without geometry; a bond may be there twice, or lead from a site to itself."""
    return network_of_bonds([(a, b, k, 0, 0) for k, (a, b) in enumerate(bonds)], n)


def independent_sets(network, size):
    """All sets of so many sites without a bond between or onto themselves, as numbers whose bits are the sites."""
    n = network.n_sites
    beside = [0] * n
    for a, b in zip(network.first.tolist(), network.second.tolist(), strict=True):
        beside[a] |= 1 << b
        beside[b] |= 1 << a
    barred = sum(1 << k for k in range(n) if beside[k] >> k & 1 or not beside[k])
    found = []

    def further(start, forbidden, chosen, left):
        if left == 0:
            found.append(chosen)
            return
        for site in range(start, n - left + 1):
            if not forbidden >> site & 1:
                further(site + 1, forbidden | beside[site], chosen | 1 << site, left - 1)

    further(0, barred, 0, size)
    return found


def as_bits(taken):
    return sum(1 << int(k) for k in np.flatnonzero(taken))


def pairs_on_a_site(network, taken):
    """Pairs of Al on one T, counted T by T from a list of its neighbours."""
    around = [[] for _ in range(network.n_sites)]
    for a, b in zip(network.first.tolist(), network.second.tolist(), strict=True):
        around[a].append(b)
        around[b].append(a)
    count = [sum(bool(taken[k]) for k in near) for near in around]
    return sum(c * (c - 1) // 2 for c in count)
