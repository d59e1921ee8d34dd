"""The scales of a model: how long its bonds are and how fast they swing, and what follows from that.

Start structures and defaults are those of silica, whose T lie about 3.1 Å apart. A model of something else in
the same form (water, silicon) has bonds of its own length, and cells, densities and time steps follow from the
ratio. A model whose bonds are nearly silica's keeps silica's numbers as they are.
"""

from __future__ import annotations

from functools import cache
from math import isnan, nan, sqrt

import numpy as np

from zeocryst.model.forcefield import ForceField, Pair
from zeocryst.units import EV_PER_AMU_A2_PER_PS2

#: T-T distance of silica, Å: the mean of all start structures' means, which are 3.06 to 3.21.
SILICA_T_T_A = 3.13
#: A model whose bonds differ by no more than this share has silica's cells.
SAME_LENGTH = 0.05
#: Framework density of T-S melts and crystals, T per 1000 Å^3, and the T-T distance of that model, Å.
DEFAULT_DENSITY, TS_T_T_A = 17.8, 3.0615
#: Densest melt of silica's lengths, T per 1000 Å^3.
DENSEST = 40.0
#: Default time step, fs, where T-T swings with at most so many rad/ps (the T-S model and mW water: 32).
DEFAULT_STEP_FS, USUAL_RAD_PER_PS = 5.0, 36.0


def bond_length(forcefield: ForceField) -> float:
    """Distance of two T at the minimum of their two-body energy, Å; NaN for a pair that has none.

    With the exponents and the B of Stillinger and Weber it is 2^(1/6) sigma. In a net of undistorted tetrahedra
    whose second neighbours are beyond the cut-off it is the distance without pressure at 0 K.
    """
    return _minimum(forcefield.pair("T", "T"))


@cache
def _minimum(pair: Pair) -> float:
    from scipy.optimize import brentq

    r = np.linspace(0.3 * pair.sigma_A, pair.cutoff_A, 2001)[:-1]
    energy, _ = pair.two_body(r)
    low = int(np.argmin(energy))
    if not 0 < low < len(r) - 1 or energy[low] >= 0:
        return nan
    return float(brentq(lambda x: float(pair.two_body(np.array(x))[1]), r[low - 1], r[low + 1], xtol=1e-12))


def like_silica(length_A: float) -> bool:
    """Whether T that are so far apart, Å, have nearly silica's distance."""
    return abs(length_A / SILICA_T_T_A - 1) <= SAME_LENGTH


def scale_of(forcefield: ForceField, silica_t_t: float = SILICA_T_T_A) -> float:
    """Factor from silica's lengths to the model's; 1 where these are nearly the same or not known.

    Parameters
    ----------
    forcefield
        The model.
    silica_t_t
        T-T distance of the structure in question, Å.
    """
    length = bond_length(forcefield)
    if isnan(length) or like_silica(length):
        return 1.0
    return length / silica_t_t


def default_density(forcefield: ForceField) -> float:
    """Density of a melt for which none is given, T per 1000 Å^3.

    Of a model with S that of T-S crystals, in its own lengths. Without S nothing keeps a net open: then it is
    the diamond net's, 3 sqrt(3) / 8 r^-3, which is that of both the crystal and the melt to some percent, in
    water and in silicon.
    """
    length = bond_length(forcefield)
    if "S" in forcefield.types or isnan(length):
        return float(f"{DEFAULT_DENSITY / scale_of(forcefield, TS_T_T_A) ** 3:.4g}")
    return float(f"{1000 * 3 * sqrt(3) / 8 / length**3:.4g}")


def densest(forcefield: ForceField) -> float:
    """Highest density that a melt can be given, T per 1000 Å^3: what silica can, in the model's lengths."""
    return float(f"{DENSEST / scale_of(forcefield, TS_T_T_A) ** 3:.3g}")


def swing_rate(forcefield: ForceField, first: str, second: str) -> float:
    """How fast two beads alone swing about their distance, rad/ps; 0 for a pair whose energy has no minimum."""
    inverse_mass = 1 / forcefield.masses[first] + 1 / forcefield.masses[second]
    stiffness = max(0.0, forcefield.pairs[first, second].stiffness_eV_per_A2)
    return sqrt(stiffness * inverse_mass / EV_PER_AMU_A2_PER_PS2)


def default_step_fs(forcefield: ForceField) -> float:
    """Time step where none is given, fs: `DEFAULT_STEP_FS`, and less for models whose T-T swing faster."""
    rate = swing_rate(forcefield, "T", "T")
    if rate <= USUAL_RAD_PER_PS:
        return DEFAULT_STEP_FS
    return float(f"{DEFAULT_STEP_FS * USUAL_RAD_PER_PS / rate:.1g}")
