"""Orientations are spread evenly over SO(3)."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import kstest

from zeocryst.docking.orientations import orientations


def angle_distribution(theta):
    """Share of rotations by less than theta: the density of the angle is (1 - cos theta)/pi."""
    return (theta - np.sin(theta)) / np.pi


@pytest.mark.parametrize("count", [60, 500, 4000])
def test_uniform_on_so3(count):
    turns = orientations(count, seed=3)
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(turns), 1)
    # mean of the matrix and of its trace are 0, of the trace's square 1 (the character of a real irreducible
    # representation)
    trace = np.einsum("nii->n", turns)
    assert np.abs(turns.mean(axis=0)).max() < 3 / count**0.75
    assert abs(trace.mean()) < 6 / count**0.75
    assert abs((trace**2).mean() - 1) < 0.2
    angles = np.arccos(np.clip((trace - 1) / 2, -1, 1))
    assert kstest(angles, angle_distribution).statistic < 1.2 / count**0.5


def test_better_spread_than_random_ones():
    """The farthest that any rotation is from the nearest of the set."""

    def gap(turns):
        probes = Rotation.random(2000, random_state=9).as_matrix()
        trace = np.einsum("pij,nij->pn", probes, turns).max(axis=1)
        return np.degrees(np.arccos((trace - 1) / 2)).max()

    ours = gap(orientations(500, seed=1))
    assert ours < 45  # 500 balls of 28 degrees have the volume of SO(3)
    assert ours < gap(Rotation.random(500, random_state=1).as_matrix())


def test_uneven_ones_fail():
    """The twin: Euler angles drawn evenly are not even rotations."""
    draws = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(4000, 3))
    trace = np.einsum("nii->n", Rotation.from_euler("zyz", draws).as_matrix())
    angles = np.arccos(np.clip((trace - 1) / 2, -1, 1))
    assert kstest(angles, angle_distribution).statistic > 1.2 / 4000**0.5


def test_seed_turns_the_whole():
    assert np.array_equal(orientations(20, 1), orientations(20, 1))
    assert not np.allclose(orientations(20, 1), orientations(20, 2))
