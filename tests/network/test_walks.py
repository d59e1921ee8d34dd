"""Walks of the network that are counted by compiled code, against plain ones: sequences, torsions, starts."""

from itertools import permutations

import numpy as np
import pytest

from zeocryst.network import topology
from zeocryst.network.angles import LARGEST_AT_TORSIONS, PAIRS, angles
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.network.starts import LEAST_ANGLES, LEAST_NEIGHBOURS, find_starts
from zeocryst.network.topology import coordination_sequences, intact_shells


def disordered(n=40, edge=11.0, seed=0):
    """A network of random points in a box that walks go around several times."""
    rng = np.random.default_rng(seed)
    points = rng.random((n, 3)) * edge
    return bonds_from_sites(points, np.diag([edge, edge + 2, edge - 1]), cutoff=3.9)


def around(network, node):
    """Nodes, sites with their images, that are bonded to one."""
    begin, sites, shifts = network.neighbours
    site, image = node
    for h in range(begin[site], begin[site + 1]):
        yield int(sites[h]), tuple(int(a + b) for a, b in zip(image, shifts[h], strict=True))


def distances(network, start, far, without=()):
    """Bonds from one node to all others within `far`, and the number of shortest ways to each."""
    bonds, ways, front = {start: 0}, {start: 1}, [start]
    for d in range(1, far + 1):
        following = []
        for node in front:
            for other in around(network, node):
                if other in without:
                    continue
                if other not in bonds:
                    bonds[other], ways[other] = d, 0
                    following.append(other)
                if bonds[other] == d:
                    ways[other] += ways[node]
        front = following
    return bonds, ways


@pytest.mark.parametrize("places", [1 << 18, 0], ids=["window", "table"])
@pytest.mark.parametrize("seed", [0, 1])
def test_coordination_sequences_are_those_of_a_plain_walk(monkeypatch, places, seed):
    monkeypatch.setattr(topology, "_MOST_PLACES", places)
    network = disordered(seed=seed)
    found = coordination_sequences(network, 6)
    for site in range(network.n_sites):
        bonds, _ = distances(network, (site, (0, 0, 0)), 6)
        assert found[site].tolist() == [list(bonds.values()).count(d) for d in range(1, 7)]


def test_a_window_of_images_is_wide_enough_for_walks_that_go_straight():
    # a chain of one site: after k bonds it is k cells away
    network = bonds_from_sites([[0.0, 0.0, 0.0]], np.diag([3.0, 30.0, 30.0]), cutoff=3.5)
    assert coordination_sequences(network, 9).tolist() == [[2] * 9]


@pytest.mark.parametrize("seed", [0, 1])
def test_rings_at_torsions_are_those_of_a_plain_walk(seed):
    network = disordered(seed=seed)
    own = angles(network)
    farthest, some = LARGEST_AT_TORSIONS - 3, 0
    for h in range(0, len(own.target), 7):
        root = int(np.searchsorted(own.begin, h, side="right")) - 1
        here = root, (0, 0, 0)
        there = int(own.target[h]), tuple(int(k) for k in own.shift[h])
        ends = [
            [n for n in around(network, here) if n != there],
            [n for n in around(network, there) if n != here],
        ]
        assert network.degree[root] == len(ends[0]) + 1
        for i, one in enumerate(ends[0]):
            bonds, ways = distances(network, one, farthest, without=(here, there))
            for j, two in enumerate(ends[1]):
                wanted = (bonds[two] + 3, min(ways[two], 100)) if two in bonds else (0, 0)
                assert (own.torsion_size[h, i, j], own.torsion_number[h, i, j]) == wanted
                some += wanted[0] > 0
    assert some > 50


def plain_starts(own, whole, fits, kinds):
    """The rule of `find_starts`, order by order and angle by angle."""
    kind, size, number, following = kinds
    orders = sorted(permutations(range(4)), key=lambda o: sum(i << (2 * a) for a, i in enumerate(o)))

    def fit(site, m, wanted, n_wanted):
        excused = whole[site] <= wanted // 2
        if own.size[site, m] == wanted:
            return excused or own.number[site, m] == n_wanted
        return excused and (own.size[site, m] == 0 or own.size[site, m] > wanted)

    pairs = [tuple(p) for p in PAIRS.tolist()]
    angle = {o: [pairs.index(tuple(sorted((o[a], o[b])))) for a, b in pairs] for o in orders}

    def agrees(site, k, o):
        return all(fit(site, angle[o][a], size[k, a], number[k, a]) for a in range(6))

    rows = []
    for u in np.flatnonzero(whole >= 2):
        mine = []
        for k in range(len(kind)):
            for o in orders:
                if not fits[u, kind[k]] or not agrees(u, k, o):
                    continue
                good = 0
                for a in range(4):
                    w, z = own.target[own.begin[u] + o[a]], following[k, a]
                    four = own.begin[w + 1] - own.begin[w] == 4
                    good += z < 0 or (four and fits[w, kind[k]] and any(agrees(w, z, p) for p in orders))
                same = sum(own.size[u, angle[o][a]] == size[k, a] > 0 for a in range(6))
                if good >= LEAST_NEIGHBOURS and same >= LEAST_ANGLES:
                    mine.append((u, k, sum(i << (2 * a) for a, i in enumerate(o)), same))
        best = max((row[3] for row in mine), default=0)
        rows += [row for row in mine if row[3] == best]
    return rows


def test_starts_are_those_of_the_plain_rule():
    # kinds are sites of the network itself, so that each may stand for its own, and some changed ones
    network = disordered(60, 12.0, 3)
    own, whole = angles(network), intact_shells(network, 8)
    assert (whole >= 2).sum() > 5
    four = np.flatnonzero(network.degree == 4)
    place = np.full(network.n_sites, -1)
    place[four] = np.arange(len(four))
    size, number = own.size[four].astype(np.int64), own.number[four].astype(np.int64)
    following = place[np.array([own.target[own.begin[u] : own.begin[u] + 4] for u in four])]
    changed = np.random.default_rng(1).random(size.shape) < 0.05
    size = np.where(changed, np.minimum(size + 1, 10), size)
    kind = np.arange(len(four)) % 3
    fits = np.random.default_rng(2).random((network.n_sites, 3)) < 0.8
    rings, at = np.unique(np.column_stack([size.ravel(), number.ravel()]), axis=0, return_inverse=True)
    found = find_starts(
        own, whole, np.flatnonzero(whole >= 2), fits, kind, at.reshape(size.shape), rings, following
    )
    wanted = plain_starts(own, whole, fits, (kind, size, number, following))
    assert len(wanted) > 5
    assert [tuple(row) for row in found.tolist()] == [tuple(int(k) for k in row) for row in wanted]
