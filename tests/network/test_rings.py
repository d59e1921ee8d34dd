"""Primitive rings against hand counts, a brute-force twin and matscipy."""

import itertools

import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.network.rings import rings_per_site, rings_through_sites, vertex_symbols


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


#: Database of Zeolite Structures (https://www.iza-structure.org/databases/), entries of these types.
PUBLISHED = {
    "SOD": {"4·4·6·6·6·6"},
    "LTA": {"4·6·4·6·4·8"},
    "FAU": {"4·4·4·6·6·12"},
    "RHO": {"4·4·4·6·8·8"},
    "CHA": {"4·4·4·8·6·8"},
    "GIS": {"4·4·4·8₂·8·8"},
    "ANA": {"4·4·6·6·8₄·8₄"},
}


@pytest.mark.parametrize("code", sorted(PUBLISHED))
def test_published_vertex_symbols(code):
    cell, sites = start_structure(code)
    assert set(vertex_symbols(bonds_from_sites(sites, cell))) == PUBLISHED[code]


def test_vertex_symbols_of_diamond_and_quartz():
    # O'Keeffe and Hyde, Zeolites 19, 370 (1997): all six angles of diamond have two six-rings; quartz
    a = 3.1 * 4 / 3**0.5
    cell = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * a / 2
    assert set(vertex_symbols(bonds_from_sites([[0, 0, 0], [a / 4] * 3], cell))) == {"6₂·6₂·6₂·6₂·6₂·6₂"}
    a, c, x = 4.913, 5.405, 0.4697  # low quartz, Si only
    cell = np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])
    sites = np.array([[x, 0, 0], [0, x, 2 / 3], [-x, -x, 1 / 3]]) @ cell
    assert set(vertex_symbols(bonds_from_sites(sites, cell))) == {"6·6·6₂·6₂·8₇·8₇"}


def test_an_angle_without_a_ring_has_a_star():
    # a ladder: four-rings along it, nothing between the two bonds that lead on
    cell = np.diag([3.1, 30.0, 30.0])
    network = bonds_from_sites([[0, 0, 0], [0, 3.1, 0], [0, 6.2, 0]], cell, cutoff=3.3)
    assert vertex_symbols(network) == ["", "4·4·4·4·*·*", ""]


@pytest.mark.parametrize("seed", range(3))
def test_vertex_symbols_do_not_depend_on_the_order_of_sites(seed):
    cell, sites = start_structure("MFI")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(sites))
    first = vertex_symbols(bonds_from_sites(sites, cell))
    moved = vertex_symbols(bonds_from_sites((sites + rng.normal(size=3) * 5)[order], cell))
    assert [first[k] for k in order] == moved
    some = vertex_symbols(bonds_from_sites(sites, cell), np.array([5, 0]))
    assert some == [first[5], first[0]]
