"""The structures that naming is tried on are what they are said to be."""

import nuclei
import numpy as np
import pytest
from scipy.spatial.distance import pdist

from zeocryst.frameworks.table import start_codes, start_structure
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.order.labels import label_sites


def pairs(network):
    both = np.sort(np.column_stack([network.first, network.second]), axis=1)
    return set(map(tuple, both.tolist()))


def bonds(structure):
    return set(map(tuple, np.sort(structure.bonds, axis=1).tolist()))


def placed(structure, code):
    """Whether all T of a ball lie on places of the framework, once its first T does."""
    cell, sites = start_structure(code)
    best = np.inf
    for origin in sites:
        fractional = (structure.positions - structure.positions[0] + origin) @ np.linalg.inv(cell)
        delta = fractional[:, None] - sites @ np.linalg.inv(cell)
        off = np.linalg.norm((delta - np.round(delta)) @ cell, axis=2).min(axis=1).max()
        best = min(best, off)
    return best < 1e-6


@pytest.mark.parametrize("code", ["SOD", "FAU", "MFI"])
def test_a_ball_is_a_piece_of_its_framework(code):
    small, large = nuclei.ball(code, 60, 3), nuclei.ball(code, 100, 3)
    assert placed(large, code)
    assert not placed(nuclei.vibrating("SOD", 60, 0), "SOD")
    # nested, and of all T those nearest to one point
    assert np.allclose(pdist(small.positions), pdist(large.positions[:60]))
    assert bonds(large) == pairs(bonds_from_sites(large.positions, large.cell, 3.4))
    low, high = large.positions.min(axis=0), large.positions.max(axis=0)
    assert (low >= nuclei.MARGIN_A - 1e-9).all()
    assert (np.diag(large.cell) - high >= nuclei.MARGIN_A - 1e-9).all()
    # S keep off
    both = np.vstack([large.guests[:, None] - large.positions])
    assert np.linalg.norm(both, axis=2).min() > 4.5


def test_all_frameworks_can_be_made():
    assert len(set(nuclei.TWELVE)) == 12
    assert set(nuclei.TWELVE) <= set(start_codes())


def test_centres_differ():
    shapes = [pdist(nuclei.ball("SGT", 60, seed).positions).sum() for seed in range(nuclei.CENTRES)]
    assert len(np.unique(np.round(shapes, 3))) == nuclei.CENTRES


def test_a_vibrating_ball_keeps_its_bonds():
    """A few are longer than any cut-off lets through; hardly one is there that was not."""
    ball = nuclei.vibrating("SGT", 150, 1)
    have = pairs(bonds_from_sites(ball.positions, ball.cell))
    assert len(have & bonds(ball)) > 0.95 * len(bonds(ball))
    assert len(have - bonds(ball)) < 0.05 * len(bonds(ball))


@pytest.mark.slow
def test_the_spring_model_vibrates_like_the_published_one(monkeypatch):
    real = nuclei.vibration("SOD", 0)
    nuclei.vibration.cache_clear()
    monkeypatch.setattr(nuclei, "HELD", ())
    springs = nuclei.vibration("SOD", 0)
    nuclei.vibration.cache_clear()
    amplitude = [np.sqrt((moved**2).sum(axis=-1).mean()) for moved in (real, springs)]
    assert amplitude[1] == pytest.approx(amplitude[0], rel=0.1)


def test_a_slab_has_faces_and_its_sides_go_on():
    slab = nuclei.slab("MFI", (2, 1, 2), 1)
    assert len(slab.positions) == 384
    network = bonds_from_sites(slab.positions, slab.cell, 3.4)
    assert (network.shift[:, 1] == 0).all()
    assert (network.shift[:, 0] != 0).any()
    assert (network.shift[:, 2] != 0).any()
    assert 0 < (network.degree < 4).mean() < 0.5


@pytest.mark.slow
def test_an_embedded_ball_is_in_the_midst_of_glass():
    found = nuclei.embedded("SGT", 100, 0)
    assert found.truth.sum() == 100
    assert len(found.positions) > 500
    # the ball is as it was cut out, and the glass has made room
    assert np.allclose(pdist(found.positions[:100]), pdist(nuclei.ball("SGT", 100, 0).positions), atol=1e-3)
    network = bonds_from_sites(found.positions, found.cell)
    assert len(pairs(network) & bonds(found)) > 0.98 * len(bonds(found))
    assert network.degree.mean() > 3.7
    # bonded to the glass all around, which is no crystal itself
    across = found.truth[network.first] ^ found.truth[network.second]
    assert across.sum() > 20
    rest = bonds_from_sites(found.positions[~found.truth], found.cell)
    assert label_sites(rest).crystalline_share < 0.05


def test_a_melt_forgets_its_bonds_between_two_frames():
    frame = nuclei.liquid(256, 16, 5)
    later = nuclei.run(frame, "langevin", nuclei.MELT_K, nuclei.APART_PS, seed=6)[-1]
    networks = []
    for state in (frame, later):
        like = nuclei.Structure("", np.empty((256, 3)), np.eye(3), np.zeros(256, dtype=bool))
        there = nuclei.from_frame(state, like)
        networks.append(pairs(bonds_from_sites(there.positions, there.cell)))
    kept = len(networks[0] & networks[1]) / len(networks[0])
    assert kept < 0.15


@pytest.mark.slow
def test_half_a_box_is_held():
    first = nuclei.slab("SOD", (4, 2, 2), 0, margin=0.0)
    structures = nuclei.half_held("SOD", (4, 2, 2), 1, frames=1)
    held = structures[0].truth
    assert held.sum() == pytest.approx(96, abs=16)
    delta = (structures[0].positions - first.positions) @ np.linalg.inv(first.cell)
    moved = np.linalg.norm((delta - np.round(delta)) @ first.cell, axis=1)
    assert moved[held].max() < 1e-3
    assert np.median(moved[~held]) > 1.0


def test_files_keep_everything(tmp_path):
    ball = nuclei.ball("LTA", 60, 1)
    nuclei.save(tmp_path / "balls.npz", {"LTA_60_1": ball})
    ((name, again),) = nuclei.load(tmp_path / "balls.npz")
    assert name == "LTA_60_1"
    assert again.code == "LTA"
    for key in nuclei.FIELDS:
        assert np.array_equal(getattr(again, key), getattr(ball, key))
