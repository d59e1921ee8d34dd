"""The event: when it crystallized, how long that took to begin, and how long a nucleus was waited for.

All of it is told from one trajectory. Errors are those of the fit or of the frames' spacing; another seed
number gives another time, and nothing in one trajectory tells how different a one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.order.bootstrap import fit_curve

Floats = NDArray[np.float64]

#: Least rise of the crystalline share that counts as a transition.
MIN_RISE = 0.2
#: Least number of frames with which one is looked for.
MIN_FRAMES = 8
#: How far the plateaus of the fitted curve may be from the means of the first and last tenth of the time.
PLATEAU = 0.1
#: Widths from the middle of a logistic curve to a tenth and to nine tenths of its rise.
LOGISTIC_80 = float(np.log(9))
#: With fewer frames in the rise than this its time is told no better than by the frames' spacing.
IN_RISE = 4


@dataclass(frozen=True)
class Transition:
    """When the crystalline share rose.

    Attributes
    ----------
    found : bool
        Whether it did.
    time_ps, uncertainty_ps : float or None
        Time at which it is half way up.
    induction_time_ps, induction_uncertainty_ps : float or None
        How long after the first frame the rise began (for what begins without a crystal:
        `zeocryst.order.kinetics`).
    sentence : str
        The same, or why there was none.
    """

    found: bool
    time_ps: float | None
    uncertainty_ps: float | None
    sentence: str
    induction_time_ps: float | None = None
    induction_uncertainty_ps: float | None = None


def logistic(t: Floats, low: float, high: float, middle: float, width: float) -> Floats:
    """A rise from `low` to `high`, half way up at `middle`; its steepest slope is (high - low) / (4 width)."""
    return low + (high - low) / (1 + np.exp(-np.clip((t - middle) / width, -60, 60)))


def plateaus(t: Floats, y: Floats) -> tuple[float, float]:
    """Means over the first and the last tenth of the time of a time course."""
    tail = (t[-1] - t[0]) / 10
    return float(np.mean(y[t <= t[0] + tail])), float(np.mean(y[t >= t[-1] - tail]))


def timed(t: Floats) -> bool:
    """Whether frames have times, and times that rise."""
    steps = np.diff(t)
    return bool(np.isfinite(t).all() and (steps >= 0).all() and (len(t) < 2 or np.median(steps) > 0))


def find_transition(time_ps: ArrayLike, share: ArrayLike, seed: int = 1) -> Transition:
    """Fit a logistic rise to the crystalline share and say when it is half way up, and when it began.

    The rise begins where the tangent at its steepest meets the lower plateau (two widths of the logistic
    before its middle); from the first frame to there is the induction time, zero if that is earlier.
    Uncertainties are standard deviations over refits (`zeocryst.order.bootstrap`), and where fewer than four
    frames lie in the rise that of an event somewhere between two frames, their distance by the square root of
    12, as well.

    Parameters
    ----------
    time_ps, share : (M,) arrays
        Time and crystalline share of the stage in which it may happen.
    seed
        Of the bootstrap.
    """
    t, s = np.asarray(time_ps, dtype=float), np.asarray(share, dtype=float)
    if not timed(t):
        return _none("The frames have no times, or not rising ones, so no transition was looked for.")
    low, high = plateaus(t, s) if len(s) else (0.0, 0.0)
    rise = high - low
    if len(t) < MIN_FRAMES or rise < MIN_RISE:
        return _none(
            f"No transition: the crystalline share changed by {rise:+.2f} "
            f"(at least +{MIN_RISE:g} over at least {MIN_FRAMES} frames is called one)."
        )
    span = t[-1] - t[0]
    # the plateaus stay near what was seen: a rise that begins at once has no lower one to fit
    bounds = (
        [low - PLATEAU, high - PLATEAU, t[0] - span, span / 200],
        [low + PLATEAU, high + PLATEAU, t[-1] + span, 2 * span],
    )
    guess = [low, high, t[np.argmin(abs(s - low - rise / 2))], span / 10]
    fit = fit_curve(logistic, t, s, guess, bounds, seed)
    if fit is None:
        return _none("No transition time: the rise has no fit by a logistic curve.")
    middle = float(fit.best[2])
    if not t[0] <= middle <= t[-1]:
        return _none(f"The crystalline share rose by {rise:.2f}, but its half-way time lies outside the run.")

    def induction(parameters: Floats) -> float:
        """Time from the first frame to the tangent's foot."""
        return max(0.0, float(parameters[2] - 2 * parameters[3] - t[0]))

    spread, begin, begin_spread = fit.spread(lambda p: float(p[2])), induction(fit.best), fit.spread(induction)
    if int((abs(t - middle) < LOGISTIC_80 * fit.best[3]).sum()) < IN_RISE:
        after = int(np.clip(np.searchsorted(t, middle), 1, len(t) - 1))
        between = float(t[after] - t[after - 1]) / 12**0.5
        spread, begin_spread = float(np.hypot(spread, between)), float(np.hypot(begin_spread, between))
    return Transition(
        True, middle, spread,
        f"Half way up at {middle:.0f} ± {in_ps(spread)} ps (logistic fit; error of the fit to one trajectory).",
        begin, begin_spread,
    )  # fmt: skip


def in_ps(error: float) -> str:
    """An error in ps as it is printed: one that is below 1 ps is not rounded to nothing."""
    return f"{error:.0f}" if error >= 1 else f"{error:.1g}"


def waiting_time(
    time_ps: ArrayLike, grain_sites: ArrayLike, size: int, until_ps: float
) -> tuple[float, float] | str:
    """How long a largest grain of some size was waited for.

    Parameters
    ----------
    time_ps, grain_sites : (M,) arrays
        Time, and number of sites of the largest grain.
    size
        Number of sites that it has to reach.
    until_ps
        A time by which it surely is larger, such as that of the transition.

    Returns
    -------
    (float, float) or str
        Time from the first frame to the last one before `until_ps` in which it is smaller, and from there to
        the next frame, ps; a sentence where it is as large from the beginning, or never.
    """
    t, n = np.asarray(time_ps, dtype=float), np.asarray(grain_sites, dtype=float)
    if not (n >= size).any():
        return f"no grain of {size} T is seen"
    below = np.flatnonzero((n < size) & (t < until_ps))
    if not len(below):
        return f"a grain of {size} T is there from the beginning"
    last = int(below[-1])
    if last == len(t) - 1:
        return f"no grain of {size} T stays"
    return float(t[last] - t[0]), float(t[last + 1] - t[last])


def _none(sentence: str) -> Transition:
    return Transition(False, None, None, sentence)
