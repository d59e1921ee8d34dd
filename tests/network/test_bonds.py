import numpy as np
import pytest

from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError
from zeocryst.files.trajectory import iterate
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import (
    bonds_from_oxygens,
    bonds_from_sites,
    is_dense,
    network_of_frame,
    sites_of_frame,
)
from zeocryst.network.matching import matched_bonds
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.derive import network_of


def bond_set(network):
    """Bonds as comparable tuples, whichever end comes first."""
    found = set()
    for i, j, s in zip(network.first, network.second, network.shift, strict=True):
        forward, backward = (int(i), int(j), *map(int, s)), (int(j), int(i), *map(int, -s))
        found.add(min(forward, backward))
    return found


def test_t_alone_gives_the_bonds_of_the_oxygens_for_every_type(reference):
    wrong = []
    for code, atoms in reference.items():
        by_oxygen = network_of(atoms)
        alone = bonds_from_sites(by_oxygen.positions, by_oxygen.cell)
        if bond_set(alone) != bond_set(by_oxygen):
            wrong.append(code)
    assert len(reference) == 253
    assert wrong == []


def test_a_ring_of_one_site_bonded_to_its_own_images():
    # diamond's primitive cell has two sites, each with four bonds, all to images of the other
    a = 3.1 * 4 / 3**0.5
    cell = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * a / 2
    network = bonds_from_sites([[0, 0, 0], [a / 4] * 3], cell)
    assert network.degree.tolist() == [4, 4]
    assert len(network.first) == 4
    assert np.linalg.norm(network.vectors, axis=1) == pytest.approx(3.1)
    # coordination sequence of diamond: 4, 12, 24, 42, 64, 92, 124 (Conway and Sloane 1997, 5n^2/2 + 2)
    assert coordination_sequences(network, 7)[0].tolist() == [4, 12, 24, 42, 64, 92, 124]


def test_a_site_bonded_to_itself():
    # simple cubic of 3.1 Å with at most six bonds: the one site is its own neighbour, 4 n^2 + 2
    network = bonds_from_sites([[0.2, 0.1, 0.4]], np.eye(3) * 3.1, cutoff=3.2, most=6)
    assert network.degree.tolist() == [6]
    assert coordination_sequences(network, 4)[0].tolist() == [6, 18, 38, 66]


def test_at_most_four_bonds_nearest_first():
    centre = np.array([15.0, 15, 15])
    arms = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / 3**0.5 * 3.1
    fifth = -arms[:1] / 3.1 * 3.6  # 3.89 Å from the nearest arm
    network = bonds_from_sites(np.vstack([centre, centre + arms, centre + fifth]), np.eye(3) * 30, cutoff=3.8)
    assert network.degree.tolist() == [4, 1, 1, 1, 1, 0]
    assert network.dropped == 1


@pytest.mark.parametrize(
    ("positions", "cell", "message"),
    [
        (np.empty((0, 3)), np.eye(3) * 10, "no T sites"),
        ([[0, 0, np.nan]], np.eye(3) * 10, "not finite"),
        ([[0, 0, 0]], np.zeros((3, 3)), "no volume"),
    ],
)
def test_bad_structures_are_refused(positions, cell, message):
    with pytest.raises(InputError, match=message):
        bonds_from_sites(positions, cell)


def test_numbering_shift_and_supercell_do_not_matter():
    cell, sites = start_structure("MFI")
    rng = np.random.default_rng(1)
    base = bonds_from_sites(sites, cell)
    order = rng.permutation(len(sites))
    moved = bonds_from_sites(sites[order] + [3.3, -7.1, 0.4], cell)
    assert coordination_sequences(moved, 9).tolist() == coordination_sequences(base, 9)[order].tolist()
    shifts = np.array(list(np.ndindex(2, 1, 2))) @ cell
    large = bonds_from_sites((sites + shifts[:, None]).reshape(-1, 3), cell * [[2], [1], [2]])
    assert (
        coordination_sequences(large, 9).tolist() == np.tile(coordination_sequences(base, 9), (4, 1)).tolist()
    )


def test_oxygens_bridge_two_t_and_terminal_ones_none():
    t = np.array([[0, 0, 0], [3.1, 0, 0]])
    o = np.array([[1.55, 0.4, 0], [-1.6, 0, 0], [8, 8, 8]])
    network = bonds_from_oxygens(t, o, np.eye(3) * 20)
    assert network.degree.tolist() == [1, 1]
    assert network.vectors[0] == pytest.approx([3.1, 0, 0])


def test_frames_of_unseeded_runs(unseeded):
    # their quenched ends had 256 of 256 four-coordinated T (frames 3 and 5); here they are hot
    shares = [float((network_of_frame(f)[0].degree == 4).mean()) for _, f in iterate(unseeded)]
    assert shares[3] > 0.98
    assert shares[5] > 0.98
    assert max(shares[0], shares[1], shares[4]) < 0.95


def test_a_frame_without_t_names_its_types(sgt):
    with pytest.raises(InputError, match="'T', 'S'"):
        network_of_frame(sgt, "Si")


def solution(rng, cubes, monomers, heat):
    """Cubes (D4R) of 3.06 Å, turned and shaken, and monomers, on a coarse grid with room; and the cubes' edges."""
    from scipy.spatial.transform import Rotation

    body = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * 3.06
    n = int(np.ceil((cubes + monomers) ** (1 / 3)))
    places = np.array(list(np.ndindex(n, n, n)))[rng.permutation(n**3)] * 14.0
    turns = Rotation.random(cubes, random_state=rng).as_matrix() if cubes else []
    parts = [body @ turn.T + place for turn, place in zip(turns, places, strict=False)]
    points = np.vstack([*parts, places[cubes : cubes + monomers]])
    edges = {
        (8 * k + a, 8 * k + b) for k in range(cubes) for a in range(8) for b in (a ^ 1, a ^ 2, a ^ 4) if a < b
    }
    return points + rng.normal(scale=heat, size=points.shape), np.eye(3) * 14.0 * n, edges


@pytest.mark.parametrize(
    "bonds", [bonds_from_sites, lambda *a: matched_bonds(*a)[0]], ids=["nearest", "matched"]
)
@pytest.mark.parametrize("seed", range(4))
def test_hot_cubes_in_solution_keep_their_edges_and_get_no_diagonals(seed, bonds):
    """Diagonals of the faces are 4.33 Å long; 0.1 Å a component brings some below 4.0 Å."""
    points, cell, edges = solution(np.random.default_rng(seed), 60, 120, 0.1)
    network = bonds(points, cell)
    found = {tuple(sorted(p)) for p in zip(network.first.tolist(), network.second.tolist(), strict=True)}
    assert found == edges
    assert not (network.degree == 4).any()


@pytest.mark.parametrize("cubes", [0, 1, 2])
def test_few_or_no_bonds_are_told_from_none(cubes):
    """Monomers only, or nearly: nobody has four neighbours, and few pairs show where bonds end."""
    points, cell, edges = solution(np.random.default_rng(cubes), cubes, 100, 0.12)
    network = bonds_from_sites(points, cell)
    assert len(network.first) == len(edges)
    assert 3.5 <= network.cutoff <= 4.0


@pytest.mark.parametrize("seed", range(4))
def test_monomers_that_pass_each_other_are_not_bonded(seed):
    """A gas at 1 T per 1000 Å^3 in which none are nearer than 3.9 Å, some nearer than 4.3 Å."""
    rng = np.random.default_rng(seed)
    kept = np.empty((0, 3))
    for point in rng.random((1000, 3)) * 90:
        delta = kept - point
        if not len(kept) or np.linalg.norm(delta - 90 * np.round(delta / 90), axis=1).min() > 3.9:
            kept = np.vstack([kept, point])
    near = len(neighbour_pairs(kept, np.eye(3) * 90.0, 4.3)[0])
    assert near > 10
    assert len(bonds_from_sites(kept, np.eye(3) * 90.0).first) == 0


def test_hot_frames_of_melts_and_crystals_are_dense(unseeded):
    for _, frame in iterate(unseeded):
        positions, cell, _ = sites_of_frame(frame)
        i, _, _, _ = neighbour_pairs(positions, cell, 4.3, full=True)
        assert is_dense(np.bincount(i, minlength=len(positions)), np.linalg.det(cell))


def test_a_liquid_that_fills_its_box_has_one_cutoff_rule():
    """Of a melt of SOD's composition at 860 K 81 to 95 % of the T have four neighbours, of an aggregate 60 to 80 %."""
    for share in (0.81, 0.95):
        neighbours = np.where(np.arange(192) < share * 192, 4, 3)
        assert is_dense(neighbours, volume=192 / 15.6 * 1000)  # in SOD's box
    assert not is_dense(np.where(np.arange(192) < 0.81 * 192, 4, 3), volume=90.0**3)  # in a vacuum
    assert not is_dense(np.where(np.arange(192) < 0.3 * 192, 4, 3), volume=192 / 15.6 * 1000)
