"""What a diffractometer would see of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zeocryst.beads import Beads
from zeocryst.network.bonds import Network
from zeocryst.order.diffraction import powder_pattern as pattern_of
from zeocryst.order.diffraction import small_angle as small_angle_of
from zeocryst.order.diffraction import structure_factor as factor_of
from zeocryst.order.measured import Measured

if TYPE_CHECKING:
    import gsd.hoomd


def structure_factor(network: Network) -> Measured:
    """Static structure factor of the T, as `zeocryst.order.diffraction.structure_factor` says.

    To 4/Å in steps of 0.05/Å; NaN where the cell has no wave vector.
    """
    q, s = factor_of(network.positions, network.cell)
    return Measured({}, distributions={"structure_factor": {"q_per_A": q, "S_TT": s}})


def small_angle(network: Network) -> Measured:
    """Structure factor of the T at small angle, as `zeocryst.order.diffraction.small_angle` says."""
    q, s = small_angle_of(network.positions, network.cell)
    return Measured({}, distributions={"small_angle": {"q_per_A": q, "S_TT": s}})


def powder_pattern(network: Network, frame: gsd.hoomd.Frame) -> Measured:
    """X-ray powder pattern (Cu K-alpha 1), as `zeocryst.order.diffraction.powder_pattern` says.

    Every T counts as Si. Oxygens (a type O of the frame) stand where they are; where there are none, one O
    stands in the middle of each bond, so that lines are where they belong and about as high as in the
    silicate. S scatter nothing. From 3 to 50 degrees of 2 theta; the highest point is 100. All zero where
    nothing diffracts.
    """
    beads = Beads.of(frame)
    if "O" in beads.names:
        cell = beads.cell
        silicon, oxygen = (beads.centred[beads.are(name)] for name in ("T", "O"))
    else:
        cell, silicon = network.cell, network.positions
        oxygen = network.positions[network.first] + network.vectors / 2
    elements = ["Si"] * len(silicon) + ["O"] * len(oxygen)
    angle, intensity = pattern_of(np.vstack([silicon, oxygen]), elements, cell)
    return Measured({}, distributions={"powder_pattern": {"two_theta_deg": angle, "intensity": intensity}})
