"""Bonds as a matching: against every possible choice, and against what nearest-first gives."""

from itertools import product

import numpy as np
import pytest

from zeocryst.network.bonds import bonds_from_sites
from zeocryst.network.matching import best_matching, matched_bonds
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.derive import network_of


def by_hand(i, j, weight, n_sites, most):
    """The best of all subsets."""
    best = 0.0
    for chosen in product((False, True), repeat=len(i)):
        taken = np.array(chosen)
        degree = np.bincount(np.concatenate([i[taken], j[taken]]), minlength=n_sites)
        if degree.max(initial=0) <= most:
            best = max(best, weight[taken].sum())
    return best


@pytest.mark.parametrize("seed", range(40))
def test_the_best_of_all_choices(seed):
    rng = np.random.default_rng(seed)
    n, most, pairs = int(rng.integers(2, 8)), int(rng.integers(1, 5)), int(rng.integers(1, 13))
    i, j = (
        rng.integers(n, size=pairs),
        rng.integers(n, size=pairs),
    )  # sites may be paired with images of themselves
    weight = rng.random(pairs) + 0.01
    keep, _, _ = best_matching(i, j, weight, n, most)
    assert np.bincount(np.concatenate([i[keep], j[keep]]), minlength=n).max(initial=0) <= most
    assert weight[keep].sum() == pytest.approx(by_hand(i, j, weight, n, most))


def test_nearest_first_can_be_beaten():
    # a chain of four sites, each with room for one bond: the middle pair is the nearest, the outer two are better
    x = np.cumsum([0, 3.3, 3.2, 3.3])
    positions = np.column_stack([x + 5, np.full((4, 2), 5.0)])
    cell = np.diag([40.0, 20, 20])
    assert len(bonds_from_sites(positions, cell, 4.0, most=1).first) == 1
    network, choices = matched_bonds(positions, cell, 4.0, most=1)
    assert sorted(zip(network.first.tolist(), network.second.tolist(), strict=True)) == [(0, 1), (2, 3)]
    assert (choices.cut, choices.differs) == (1, 2)


def test_a_fifth_neighbour_is_cut():
    arms = np.array([[1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]]) / 3**0.5
    positions = np.vstack([[0, 0, 0], 3.1 * arms, -3.45 * arms[0]]) + 10
    network, choices = matched_bonds(positions, np.eye(3) * 30, 3.6)
    assert network.degree.tolist() == [4, 1, 1, 1, 1, 0]
    assert (choices.crowded_sites, choices.cut) == (1, 1)


def test_perfect_sites_give_the_references_network(reference):
    for code in sorted(reference)[::8]:
        wanted = network_of(reference[code])
        found, _ = matched_bonds(wanted.positions, wanted.cell)
        assert (coordination_sequences(found, 8) == coordination_sequences(wanted, 8)).all(), code


def shaken(network, rng):
    """Gaussian noise of 0.15 Å per Cartesian component and a random symmetric strain whose largest part is 3 %."""
    strain = rng.normal(size=(3, 3))
    strain = strain + strain.T
    strain *= 0.03 / np.abs(np.linalg.eigvalsh(strain)).max()
    bent = np.eye(3) + strain
    return network.positions @ bent + rng.normal(scale=0.15, size=network.positions.shape), network.cell @ bent


def bonds(network):
    """The bonds, each written in one way."""
    swap = network.first > network.second
    shift = np.where(swap[:, None], -network.shift, network.shift)
    pairs = np.sort(np.column_stack([network.first, network.second]), axis=1)
    rows = np.column_stack([pairs, shift])
    for row in np.flatnonzero(rows[:, 0] == rows[:, 1]):  # to an image of itself: one of two directions
        first = rows[row, 2:][np.flatnonzero(rows[row, 2:])[0]]
        rows[row, 2:] *= np.sign(first)
    return sorted(map(tuple, rows.tolist()))


@pytest.mark.slow
def test_heat_and_strain_keep_the_network_of_nearly_all(reference):
    """230 of 237 in the mean of five seeds; nearest first gives 229 to 233, an optimal matching 231 to 234."""
    networks = [n for n in map(network_of, reference.values()) if (n.degree == 4).all()]
    assert len(networks) == 237
    right = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        kept = 0
        for network in networks:
            positions, cell = shaken(network, rng)
            kept += bonds(matched_bonds(positions, cell)[0]) == bonds(network)
        right.append(kept)
    print(right)
    assert np.mean(right) >= 230
