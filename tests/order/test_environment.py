"""The kernel of Piaggi and Parrinello, against itself written out and against crystals."""

from itertools import permutations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from zeocryst.files.trajectory import read_frame
from zeocryst.frameworks.table import framework_types, start_codes, start_structure
from zeocryst.network.bonds import bonds_from_sites, network_of_frame, repeat_network
from zeocryst.order import measure
from zeocryst.order.environment import SIGMA_A, reference_environments


def similarity(network, code):
    return measure(network, [f"environment:{code}"]).sites[f"similarity_{code}"]


@pytest.fixture(scope="module")
def sgt_cell():
    cell, sites = start_structure("SGT")
    return bonds_from_sites(sites, cell)


def test_references_are_the_sites_of_the_frameworks():
    for code in start_codes():
        environments, _ = reference_environments(code)
        # one for each kind of T, or fewer where kinds differ only farther than two bonds away
        symbols = {s for sites in framework_types()[code].vertex_symbols for s in sites}
        kinds = max(len(symbols), len(framework_types()[code].sequences))
        assert 1 <= len(environments) <= kinds, code
        assert np.isfinite(environments[:, :4]).all()
        assert (np.isfinite(environments[:, :, 0]).sum(axis=1) <= 16).all()


@pytest.mark.parametrize("code", ["SGT", "SOD", "MFI"])
def test_a_framework_is_like_itself(code):
    cell, sites = start_structure(code)
    network = bonds_from_sites(sites, cell)
    assert similarity(network, code) == pytest.approx(np.ones(network.n_sites), abs=0.03)
    other = {"SGT": "SOD", "SOD": "SGT", "MFI": "SGT"}[code]
    assert similarity(network, other).max() < 0.8


def test_orientation_scale_reflection_and_numbering_do_not_matter(sgt_cell):
    rng = np.random.default_rng(1)
    cell, sites = sgt_cell.cell, sgt_cell.positions + rng.normal(scale=0.15, size=sgt_cell.positions.shape)
    base = similarity(bonds_from_sites(sites, cell), "SGT")
    assert 0.7 < base.mean() < 0.98
    turn = Rotation.random(random_state=3).as_matrix()
    order = rng.permutation(len(sites))
    turned = similarity(bonds_from_sites(sites[order] @ turn.T + 3.0, cell @ turn.T), "SGT")
    assert turned == pytest.approx(base[order], abs=1e-3)
    mirror = np.diag(
        [-1.0, 1, 1]
    )  # a mirror image has a left-handed cell; the opposite one is the same lattice
    assert similarity(bonds_from_sites(sites @ mirror, -cell @ mirror), "SGT") == pytest.approx(base, abs=1e-3)
    larger = repeat_network(bonds_from_sites(sites, cell), (2, 1, 1))
    assert similarity(larger, "SGT")[: len(sites)] == pytest.approx(base, abs=1e-3)
    stretched = similarity(bonds_from_sites(sites * 1.02, cell * 1.02), "SGT")
    assert stretched.mean() == pytest.approx(base.mean(), abs=0.01)


def brute_force(around, reference):
    """The kernel at every order of the arms, the rotation by scipy, then improved by a general minimizer."""
    from scipy.optimize import minimize

    inside = reference[np.isfinite(reference[:, 0])]

    def kernel(turn):
        distance = np.linalg.norm(around[None] - (inside @ turn.T)[:, None], axis=2)
        return np.exp(-(distance**2) / (4 * SIGMA_A**2)).sum() / len(inside)

    best = 0.0
    for order in permutations(range(4)):
        u, _, v = np.linalg.svd(around[list(order)].T @ inside[:4])
        start = u @ v

        def loss(x, start=start):
            return -kernel(Rotation.from_rotvec(x).as_matrix() @ start)

        if kernel(start) > 0.5 * best:
            best = max(best, kernel(start), -minimize(loss, np.zeros(3), method="Nelder-Mead").fun)
    return best


def test_the_best_match_is_nearly_the_maximum_over_all_rotations(unseeded):
    """The fit is by least squares, not by the kernel itself: it may miss the maximum by a little."""
    network, _ = network_of_frame(read_frame(unseeded, 5))
    found = similarity(network, "SGT")
    start, vectors = network.surroundings
    references, bond = reference_environments("SGT")
    references = references * np.linalg.norm(network.vectors, axis=1).mean() / bond
    for site in np.random.default_rng(1).choice(network.n_sites, 6, replace=False):
        around = vectors[start[site] : start[site + 1]]
        expected = max(brute_force(around, reference) for reference in references)
        assert found[site] <= expected + 1e-3
        assert found[site] > 0.9 * expected


def test_crystal_and_melt_are_told_apart(unseeded):
    # the third frame is of a crystal related to SGT, the first of a melt
    def share(k):
        network, _ = network_of_frame(read_frame(unseeded, k))
        return measure(network, ["environment:SGT"]).values["similar_SGT_share"]

    assert share(3) > 0.8
    assert share(0) < 0.05


def test_undefined_is_nan():
    network = bonds_from_sites([[0, 0, 0], [3, 0, 0], [20, 20, 20]], np.eye(3) * 50)
    found = measure(network, ["environment:SGT"])
    assert np.isnan(found.sites["similarity_SGT"]).all()
    assert np.isnan(found.values["similarity_SGT"])
