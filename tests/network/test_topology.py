import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import Network, bonds_from_sites
from zeocryst.network.topology import coordination_sequences, intact_shells


def test_published_coordination_sequences():
    # Meier, Moeck, J. Solid State Chem. 27, 349 (1979) and the Database of Zeolite Structures
    cell, sites = start_structure("SOD")
    found = coordination_sequences(bonds_from_sites(sites, cell), 10)
    assert (found == [4, 10, 20, 34, 52, 74, 100, 130, 164, 202]).all()  # 2 n^2 + 2
    cell, sites = start_structure("LTA")
    found = coordination_sequences(bonds_from_sites(sites, cell), 10)
    assert (found == [4, 9, 17, 28, 42, 60, 81, 105, 132, 162]).all()
    cell, sites = start_structure("FAU")
    found = coordination_sequences(bonds_from_sites(sites, cell), 10)
    assert (found == [4, 9, 16, 25, 37, 53, 73, 96, 120, 145]).all()


def random_network(rng, n, bonds):
    """Random bonds with random lattice shifts, no two alike."""
    chosen = set()
    while len(chosen) < bonds:
        i, j = (int(k) for k in rng.integers(0, n, 2))
        shift = tuple(int(k) for k in rng.integers(-1, 2, 3))
        if i == j and shift <= (0, 0, 0):
            continue
        if i > j:
            i, j, shift = j, i, tuple(-k for k in shift)
        chosen.add((i, j, *shift))
    table = np.array(sorted(chosen))
    return Network(rng.random((n, 3)) * 10, np.eye(3) * 10, table[:, 0], table[:, 1], table[:, 2:])


def brute_force_shells(network, root, depth):
    """Breadth first over (site, image) with Python sets."""
    links = {}
    for i, j, s in zip(network.first, network.second, network.shift, strict=True):
        links.setdefault(int(i), []).append((int(j), tuple(int(k) for k in s)))
        links.setdefault(int(j), []).append((int(i), tuple(int(-k) for k in s)))
    seen = {(root, (0, 0, 0))}
    front = list(seen)
    counts = []
    for _ in range(depth):
        following = []
        for site, image in front:
            for other, shift in links.get(site, []):
                node = (other, tuple(a + b for a, b in zip(image, shift, strict=True)))
                if node not in seen:
                    seen.add(node)
                    following.append(node)
        counts.append(len(following))
        front = following
    return counts


@pytest.mark.parametrize("seed", range(6))
def test_brute_force_twin(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng, n=int(rng.integers(1, 12)), bonds=int(rng.integers(2, 16)))
    found = coordination_sequences(network, 6)
    for root in range(network.n_sites):
        assert found[root].tolist() == brute_force_shells(network, root, 6)


def test_a_cluster_ends():
    # a chain of three sites in a large cell
    network = bonds_from_sites([[0, 0, 0], [3.1, 0, 0], [6.2, 0, 0]], np.eye(3) * 40)
    assert coordination_sequences(network, 4).tolist() == [[1, 1, 0, 0], [2, 0, 0, 0], [1, 1, 0, 0]]


def test_deep_sequences_of_sodalite():
    """2 k^2 + 2 (Grosse-Kunstleve, Brunner, Sloane, Acta Cryst. A 52, 879 (1996)), also where 19 000 nodes are met."""
    cell, sites = start_structure("SOD")
    k = np.arange(1, 31)
    assert (coordination_sequences(bonds_from_sites(sites, cell), 30) == 2 * k**2 + 2).all()


def test_intact_shells_are_the_distance_to_a_missing_bond():
    """Two sites with four bonds among four that lack some; the last neighbour of one of them lacks none."""
    first = np.array([0, 0, 0, 1, 1, 2, 2, 3, 4])
    second = np.array([1, 2, 3, 2, 3, 3, 4, 4, 5])
    network = Network(np.zeros((6, 3)), np.eye(3), first, second, np.zeros((9, 3), dtype=np.int64))
    assert network.degree.tolist() == [3, 3, 4, 4, 3, 1]
    assert intact_shells(network, 8).tolist() == [0, 0, 1, 1, 0, 0]
