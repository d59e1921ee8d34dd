"""Primitive rings against hand counts, a brute-force twin and matscipy."""

import itertools

import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import Network, bonds_from_sites, network_of_bonds, repeat_network
from zeocryst.network.rings import find_rings, rings_per_site, rings_through_sites, vertex_symbols


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


def links_of(network):
    """Bonded nodes of each site as (site, shift)."""
    links = {k: set() for k in range(network.n_sites)}
    for i, j, s in zip(network.first.tolist(), network.second.tolist(), network.shift.tolist(), strict=True):
        links[i].add((j, *s))
        links[j].add((i, *(-k for k in s)))
    return links


def home(nodes):
    """A set of nodes moved by the lattice vector that puts its least one into the cell."""
    _, x, y, z = min(nodes)
    return frozenset((s, a - x, b - y, c - z) for s, a, b, c in nodes)


def all_rings(network, largest):
    """Every primitive ring of the endless network, by trying all closed walks; as {members: members in order}."""
    links = links_of(network)

    def bonded(node):
        return [(s, *(a + b for a, b in zip(node[1:], shift, strict=True))) for s, *shift in links[node[0]]]

    reach = []
    for root in range(network.n_sites):
        distance, front = {(root, 0, 0, 0): 0}, [(root, 0, 0, 0)]
        for d in range(1, largest // 2 + 1):
            front = sorted({m for n in front for m in bonded(n) if m not in distance})
            distance |= dict.fromkeys(front, d)
        reach.append(distance)

    def apart(a, b):
        return reach[a[0]].get((b[0], *(q - p for p, q in zip(a[1:], b[1:], strict=True))), 99)

    out = {}

    def go(path):
        for node in bonded(path[-1]):
            size = len(path)
            if node == path[0] and size > 2:
                if all(
                    apart(path[a], path[b]) >= min(b - a, size - b + a)
                    for a, b in itertools.combinations(range(size), 2)
                ):
                    out[home(path)] = list(path)
            elif node not in path and size < largest and apart(path[0], node) <= min(size, largest - size):
                go([*path, node])

    for root in range(network.n_sites):
        go([(root, 0, 0, 0)])
    return out


def random_net(rng):
    """A small cell with random bonds, many of them to images of the site itself or several to one site."""
    n = int(rng.integers(1, 8))
    bonds = {}
    for _ in range(int(rng.integers(2, 2 * n + 3))):
        i, j = sorted(int(k) for k in rng.integers(0, n, 2))
        shift = tuple(int(k) for k in rng.integers(-1, 2, 3))
        if i != j or shift > (0, 0, 0):
            bonds[i, j, *shift] = None
    return network_of_bonds(list(bonds), n)


def members(rings):
    return [
        [(s, *shift) for s, shift in zip(sites.tolist(), shifts.tolist(), strict=True)]
        for sites, shifts in rings
    ]


def closed_and_in_order(network, ring):
    links = links_of(network)
    return len(set(ring)) == len(ring) and all(
        (b[0], *(q - p for p, q in zip(a[1:], b[1:], strict=True))) in links[a[0]]
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True)
    )


@pytest.mark.parametrize("seed", range(40))
def test_members_against_all_closed_walks(seed):
    rng = np.random.default_rng(seed)
    network = random_net(rng)
    largest = int(rng.integers(3, 9))
    found = members(find_rings(network, largest))
    wanted = all_rings(network, largest)
    assert len(found) == len(wanted)  # each once
    assert {home(ring) for ring in found} == set(wanted)
    assert all(closed_and_in_order(network, ring) and ring[0][1:] == (0, 0, 0) for ring in found)


@pytest.mark.parametrize("seed", range(3))
def test_large_rings_of_a_sparse_net(seed):
    # chains of three bonds between the nodes of a random net, so that rings have up to 20 sites
    rng = np.random.default_rng(seed)
    net = bonds_from_sites(20 + rng.random((9, 3)) * 4.5, np.eye(3) * 60, cutoff=3.9)
    extra = net.n_sites + 2 * np.arange(len(net.first))
    first = np.concatenate([net.first, extra, extra + 1])
    second = np.concatenate([extra, extra + 1, net.second])
    n = net.n_sites + 2 * len(net.first)
    network = Network(np.zeros((n, 3)), np.eye(3), first, second, np.zeros((len(first), 3), dtype=int))
    found = rings_through_sites(network, 20)
    assert found.tolist() == brute_force(network, 20).tolist()
    assert found[:, 13:].sum() > 0


def test_two_bonds_between_two_sites_make_no_ring():
    # two T that share an edge of their tetrahedra are bonded through two oxygens
    square = [(0, 1, 0, 0, 0), (1, 2, 0, 0, 0), (2, 3, 0, 0, 0), (0, 3, 0, 0, 0)]
    assert rings_per_site(network_of_bonds([*square, square[0]], 4)).tolist() == [0] * 4 + [0.25] + [0] * 8
    with pytest.raises(ValueError, match="130 bonds"):
        find_rings(network_of_bonds([(0, 0, k, 0, 0) for k in range(1, 66)], 1))


@pytest.mark.alone
def test_the_same_in_every_cell_and_with_any_number_of_threads():
    import numba

    cell, sites = start_structure("MFI")
    small = bonds_from_sites(sites, cell)
    large = repeat_network(small, (2, 1, 3))
    some = find_rings(large)
    assert np.bincount(some.size) == pytest.approx(6 * np.bincount(find_rings(small).size))
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        again = find_rings(large)
    finally:
        numba.set_num_threads(threads)
    assert (again.sites == some.sites).all()
    assert (again.shifts == some.shifts).all()
    # the members say the same as the counts at sites
    through = rings_through_sites(large)
    assert (np.bincount(some.sites, minlength=large.n_sites) == through.sum(axis=1)).all()


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
