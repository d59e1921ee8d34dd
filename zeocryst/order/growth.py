"""How fast the largest grain grows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.order.bootstrap import fit_curve
from zeocryst.order.drift import MIN_POINTS, Drift, drift
from zeocryst.order.nucleation import PLATEAU, logistic, plateaus

Ints = NDArray[np.int64]

#: Part of the rise over which growth is measured.
BAND = (0.1, 0.9)


def rise_frames(time_ps: ArrayLike, grain_sites: ArrayLike) -> Ints | str:
    """Frames between a tenth and nine tenths of the rise of the largest grain.

    These are the frames between the times at which a logistic curve fitted to the size is a tenth and nine
    tenths up. A sentence why not where there is no rise, or too few frames show it.

    Parameters
    ----------
    time_ps, grain_sites : (M,) arrays
        Time, which rises, and number of sites of the largest grain.
    """
    t, n = np.asarray(time_ps, dtype=float), np.asarray(grain_sites, dtype=float)
    if len(t) < MIN_POINTS:
        return f"there are {len(t)} frames, and at least {MIN_POINTS} are needed"
    low, high = plateaus(t, n)
    rise, span = high - low, t[-1] - t[0]
    if rise <= 0:
        return "the largest grain does not grow"
    bounds = (
        [low - PLATEAU * rise, high - PLATEAU * rise, t[0] - span, span / 200],
        [low + PLATEAU * rise, high + PLATEAU * rise, t[-1] + span, 2 * span],
    )
    middle = float(t[np.argmin(abs(n - low - rise / 2))])
    curve = fit_curve(logistic, t, n, [low, high, middle, span / 10], bounds, seed=1, samples=0)
    if curve is None:
        return "its size over time has no fit by a logistic curve"
    begin, end = (curve.best[2] + curve.best[3] * np.log(part / (1 - part)) for part in BAND)
    inside = np.flatnonzero((t >= begin) & (t <= end))
    if len(inside) < MIN_POINTS:
        return (
            f"only {len(inside)} frames lie between a tenth and nine tenths of its rise; at least {MIN_POINTS} "
            "are needed, so frames should be nearer in time there"
        )
    return inside


def growth_rate(time_ps: ArrayLike, grain_sites: ArrayLike, frames: Ints) -> Drift:
    """Slope of the size of the largest grain over some frames and its standard error, sites per ns.

    A grain that joins another grows by its size at once. The error is that of one trajectory
    (`zeocryst.order.drift`).
    """
    t, n = np.asarray(time_ps, dtype=float), np.asarray(grain_sites, dtype=float)
    found = drift(t[frames], n[frames])
    return Drift(1000 * found.slope, 1000 * found.uncertainty)
