"""Networks followed on nets: the shortest rings at angles, and what agrees with what."""

import itertools
from collections import deque

import numpy as np
import pytest

from zeocryst.frameworks.table import nets, start_structure
from zeocryst.network.angles import LARGEST, PAIRS, angles
from zeocryst.network.bonds import Network, bonds_from_sites, network_of_bonds, repeat_network
from zeocryst.network.covering import follow


def net(code):
    bonds, kinds = nets()[code]
    return network_of_bonds(bonds, len(kinds))


def shortest_ring(network, root, a, b):
    """Size and number of the shortest walks from half-bond a of the root around to half-bond b: plain search."""
    offsets, sites, shifts = network.neighbours
    home = (root, 0, 0, 0)
    first = (sites[a], *shifts[a].tolist())
    last = (sites[b], *shifts[b].tolist())
    far = {first: 0}
    ways = {first: 1}
    queue = deque([first])
    while queue:
        node = queue.popleft()
        if far[node] >= LARGEST - 2:
            continue
        s, *image = node
        for h in range(offsets[s], offsets[s + 1]):
            other = (sites[h], *(np.array(image) + shifts[h]).tolist())
            if other == home:
                continue
            if other not in far:
                far[other] = far[node] + 1
                ways[other] = 0
                queue.append(other)
            if far[other] == far[node] + 1:
                ways[other] += ways[node]
    return (far[last] + 2, ways[last]) if last in far else (0, 0)


@pytest.mark.parametrize("code", ["SOD", "ABW", "MTN", "EDI", "NPO", "VFI"])
def test_rings_at_angles_are_those_of_a_plain_search(code):
    network = net(code)
    found = angles(network)
    offsets, _, shifts = network.neighbours
    for root in range(min(6, network.n_sites)):
        for p, (i, j) in enumerate(PAIRS):
            a, b = offsets[root] + i, offsets[root] + j
            size, number = shortest_ring(network, root, a, b)
            assert (found.size[root, p], found.number[root, p]) == (size, min(number, 100))
            if number == 1:  # the ring's half-bonds lead around, and back to where they began
                ring = found.ring[root, p, :size]
                assert ring[0] == a
                assert found.back[ring[-1]] == b
                site = root
                for h in ring:
                    assert offsets[site] <= h < offsets[site + 1]
                    site = found.target[h]
                assert site == root
                assert (shifts[ring].sum(axis=0) == 0).all()


def test_too_many_bonds_are_refused():
    with pytest.raises(ValueError, match="more than four"):
        angles(network_of_bonds([[0, k, 0, 0, 0] for k in range(1, 6)], 6))


def shaken(network, rng):
    """The same network with its sites, bonds and their directions in another order."""
    order = rng.permutation(network.n_sites)
    rank = np.argsort(order)
    turn = rng.random(len(network.first)) < 0.5
    first, second = rank[network.first], rank[network.second]
    mix = rng.permutation(len(first))
    return Network(
        network.positions[order],
        network.cell,
        np.where(turn, second, first)[mix],
        np.where(turn, first, second)[mix],
        np.where(turn[:, None], -network.shift, network.shift)[mix],
    )


def reach(network, code, seeds=None):
    own = net(code)
    pairs = seeds or list(itertools.product(range(min(8, network.n_sites)), range(own.n_sites)))
    everywhere, whole = np.ones(network.n_sites, dtype=bool), np.full(network.n_sites, 12)
    return follow(angles(network), angles(own), np.array(pairs), everywhere, whole, least=12, tries=100)


@pytest.mark.parametrize("code", ["SOD", "SGT", "MFI", "LTA", "RHO", "AFI", "MER", "DFT"])
def test_a_crystal_is_followed_on_its_own_net(code):
    rng = np.random.default_rng(1)
    network = shaken(repeat_network(net(code), (3, 3, 3)), rng)
    growth, grain, disagreements = reach(network, code)
    site = growth.site
    assert (grain == 0).all()
    assert disagreements == 0
    # what the sites stand for: as many of each as there are cells, and bonded as the net says
    assert (np.bincount(site) == 27).all()
    bonds, _ = nets()[code]
    wanted = {tuple(sorted(pair)) for pair in bonds[:, :2].tolist()}
    assert {tuple(sorted(p)) for p in zip(site[network.first], site[network.second], strict=True)} == wanted


@pytest.mark.parametrize(("code", "other"), [("LTA", "RHO"), ("ABW", "ATN"), ("MER", "GIS"), ("MEL", "MFI")])
def test_a_crystal_is_not_followed_through_on_another_net(code, other):
    """LTA and RHO, ABW and ATN have the same coordination sequences; MER and GIS rings of the same sizes."""
    network = repeat_network(net(code), (3, 3, 3))
    _, grain, _ = reach(network, other)
    assert np.bincount(grain[grain >= 0], minlength=1).max() < 0.9 * network.n_sites


def test_vacancies_are_walked_around():
    cell, sites = start_structure("MFI")
    shifts = np.array(list(np.ndindex(2, 2, 2))) @ cell
    everything = (sites + shifts[:, None]).reshape(-1, 3)
    rng = np.random.default_rng(3)
    left = np.delete(everything, rng.permutation(len(everything))[:15], axis=0)
    network = bonds_from_sites(left, 2 * cell)
    whole = np.where(network.degree < 4, 0, 1)
    own = net("MFI")
    pairs = [(u, y) for u in np.flatnonzero(whole)[:20] for y in range(own.n_sites)]
    _, grain, disagreements = follow(
        angles(network), angles(own), np.array(pairs), np.ones(len(left), dtype=bool), whole, least=12, tries=50
    )
    assert disagreements == 0
    assert (grain == 0).mean() > 0.97
