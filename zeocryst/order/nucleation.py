"""The event: when it crystallized, and how long that took to begin."""

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
#: How far the plateaus of the fitted curve may be from the means of the first and last tenth of the frames.
PLATEAU = 0.1


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
        How long after the first frame the rise began.
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


def plateaus(y: Floats) -> tuple[float, float]:
    """Means of the first and last tenth of a time course."""
    tail = max(1, len(y) // 10)
    return float(np.mean(y[:tail])), float(np.mean(y[-tail:]))


def find_transition(time_ps: ArrayLike, share: ArrayLike, seed: int = 1) -> Transition:
    """Fit a logistic rise to the crystalline share and say when it is half way up, and when it began.

    The rise begins where the tangent at its steepest meets the lower plateau (two widths of the logistic
    before its middle); from the first frame to there is the induction time, zero if that is earlier.
    Uncertainties are standard deviations over refits (`zeocryst.order.bootstrap`).

    Parameters
    ----------
    time_ps, share : (M,) arrays
        Time and crystalline share of the stage in which it may happen.
    seed
        Of the bootstrap.
    """
    t, s = np.asarray(time_ps, dtype=float), np.asarray(share, dtype=float)
    if len(t) and not np.isfinite(t).all():
        return _none("The frames have no times, so no transition was looked for.")
    low, high = plateaus(s) if len(s) else (0.0, 0.0)
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
    began = f"begins {begin:.0f} ± {begin_spread:.0f} ps after the start" if begin > 0 else "begins at once"
    return Transition(
        True, middle, spread,
        f"Half way up at {middle:.0f} ± {spread:.0f} ps (logistic fit, bootstrap); the rise {began}.",
        begin, begin_spread,
    )  # fmt: skip


def _none(sentence: str) -> Transition:
    return Transition(False, None, None, sentence)
