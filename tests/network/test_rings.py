"""Primitive rings against hand counts, a brute-force twin and matscipy."""

import itertools

import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.network.rings import rings_per_site, rings_through_sites


@pytest.mark.parametrize("repeat", [(1, 1, 1), (2, 1, 1), (2, 2, 2)])
def test_sodalite_by_hand_in_any_cell(repeat):
    # four-rings: 6 faces of the cube a cell; six-rings: 8; 12 T a cell. Twelve-rings: 2.667 a T
    cell, sites = start_structure("SOD")
    shifts = np.array(list(np.ndindex(*repeat))) @ cell
    network = bonds_from_sites((sites + shifts[:, None]).reshape(-1, 3), cell * np.array(repeat)[:, None])
    found = rings_per_site(network)
    assert found[[4, 6, 12]] == pytest.approx([0.5, 2 / 3, 8 / 3])
    assert found[[3, 5, 7, 8, 9, 10, 11]].sum() == 0


def test_diamond_by_hand():
    # twelve six-rings through each atom, so two an atom; nothing smaller, eight-rings none
    a = 3.1 * 4 / 3**0.5
    cell = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * a / 2
    through = rings_through_sites(bonds_from_sites([[0, 0, 0], [a / 4] * 3], cell), 8)
    assert through[:, 6].tolist() == [12, 12]
    assert through[:, [3, 4, 5, 7, 8]].sum() == 0


def brute_force(network, largest):
    """Every cycle of a finite network, kept if no two of its sites are nearer than along it."""
    n = network.n_sites
    links = [set() for _ in range(n)]
    for i, j in zip(network.first.tolist(), network.second.tolist(), strict=True):
        links[i].add(j)
        links[j].add(i)
    distance = np.full((n, n), 99)
    for root in range(n):
        distance[root, root], front, d = 0, {root}, 0
        while front:
            d += 1
            front = {k for f in front for k in links[f] if distance[root, k] == 99}
            distance[root, list(front)] = d
    counts = np.zeros((n, largest + 1), int)

    def walk(path):
        for k in links[path[-1]]:
            if k == path[0] and len(path) > 2 and path[1] < path[-1]:
                size = len(path)
                if all(
                    distance[path[a], path[b]] == min(b - a, size - b + a)
                    for a, b in itertools.combinations(range(size), 2)
                ):
                    counts[path, size] += 1
            elif k > path[0] and k not in path and len(path) < largest:
                walk([*path, k])

    for root in range(n):
        walk([root])
    return counts


@pytest.mark.parametrize("seed", range(5))
def test_brute_force_twin(seed):
    # a random cluster in vacuum, at most four bonds a site
    rng = np.random.default_rng(seed)
    positions = 20 + rng.random((26, 3)) * 8.5
    network = bonds_from_sites(positions, np.eye(3) * 60, cutoff=3.9)
    assert rings_through_sites(network, 10).tolist() == brute_force(network, 10).tolist()


@pytest.mark.parametrize(
    ("code", "repeat"), [("SGT", 2), ("MFI", 2), ("MTN", 2), ("CHA", 3), ("CFI", 4), ("AFI", 3)]
)
def test_matscipy_counts_the_same(code, repeat):
    import ase
    from matscipy.rings import ring_statistics

    cell, sites = start_structure(code)
    mine = rings_per_site(bonds_from_sites(sites, cell), 10) * len(sites) * repeat**3
    crystal = ase.Atoms(f"Si{len(sites)}", positions=sites, cell=cell, pbc=True).repeat(repeat)
    theirs = np.zeros(11)
    found = ring_statistics(crystal, 3.6, maxlength=11)[:11]
    theirs[: len(found)] = found
    assert mine == pytest.approx(theirs)
