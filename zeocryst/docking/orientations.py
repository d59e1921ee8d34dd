"""Orientations spread evenly over all rotations: super-Fibonacci spirals.

M. Alexa, IEEE/CVF Conference on Computer Vision and Pattern Recognition, 8291 (2022).
"""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: The two irrational numbers of the spiral: sqrt 2, and the positive root of x^4 = x + 4.
PHI, PSI = sqrt(2.0), 1.533751168755204288118041


def orientations(count: int, seed: int) -> Floats:
    """Rotation matrices (count, 3, 3), of uniform density on SO(3), turned as a whole at random."""
    from scipy.spatial.transform import Rotation

    s = np.arange(count) + 0.5
    r, rest = np.sqrt(s / count), np.sqrt(1 - s / count)
    alpha, beta = 2 * pi * s / PHI, 2 * pi * s / PSI
    quaternions = np.stack(
        [r * np.sin(alpha), r * np.cos(alpha), rest * np.sin(beta), rest * np.cos(beta)], axis=1
    )
    whole = Rotation.random(random_state=np.random.default_rng(seed))
    return np.ascontiguousarray((whole * Rotation.from_quat(quaternions)).as_matrix())
