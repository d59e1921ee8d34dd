"""The event: when it crystallized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Least rise of the crystalline share that counts as a transition.
MIN_RISE = 0.2
#: How far the plateaus of the fitted curve may be from the means of the first and last tenth of the frames.
PLATEAU = 0.1
#: Bootstrap samples of the residuals.
SAMPLES = 200


@dataclass(frozen=True)
class Transition:
    """Time at which the crystalline share is half way up, its uncertainty (ps), and a sentence."""

    found: bool
    time_ps: float | None
    uncertainty_ps: float | None
    sentence: str

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {
            "found": self.found,
            "time_ps": self.time_ps,
            "uncertainty_ps": self.uncertainty_ps,
            "sentence": self.sentence,
        }


def _logistic(t: NDArray, low: float, high: float, middle: float, width: float) -> NDArray:
    return low + (high - low) / (1 + np.exp(-np.clip((t - middle) / width, -60, 60)))


def find_transition(time_ps: ArrayLike, share: ArrayLike, seed: int = 1) -> Transition:
    """Fit a logistic rise to the crystalline share and say when it is half way up.

    The uncertainty is the standard deviation of the half-way time over refits to the curve plus residuals
    drawn from its own in blocks (so that their correlation in time is kept).

    Parameters
    ----------
    time_ps, share : (M,) arrays
        Time and crystalline share of the stage in which it may happen.
    seed
        Of the bootstrap.
    """
    from scipy.optimize import curve_fit

    t, s = np.asarray(time_ps, dtype=float), np.asarray(share, dtype=float)
    tail = max(1, len(s) // 10)
    rise = float(np.mean(s[-tail:]) - np.mean(s[:tail])) if len(s) else 0.0
    if len(t) < 8 or rise < MIN_RISE:
        return Transition(
            False, None, None,
            f"No transition: the crystalline share changed by {rise:+.2f} "
            f"(at least +{MIN_RISE:g} over at least 8 frames is called one).",
        )  # fmt: skip
    span = t[-1] - t[0]
    low, high = float(s[:tail].mean()), float(s[-tail:].mean())
    # the plateaus stay near what was seen: a rise that begins at once has no lower one to fit
    bounds = (
        [low - PLATEAU, high - PLATEAU, t[0] - span, span / 200],
        [low + PLATEAU, high + PLATEAU, t[-1] + span, 2 * span],
    )
    guess = [low, high, t[np.argmin(abs(s - low - rise / 2))], span / 10]
    guess = list(np.clip(guess, *(np.array(b) for b in bounds)))
    try:
        best, _ = curve_fit(_logistic, t, s, guess, bounds=bounds, maxfev=4000)
    except RuntimeError:
        return Transition(False, None, None, "No transition time: the rise has no fit by a logistic curve.")
    curve = _logistic(t, *best)
    rng = np.random.default_rng(seed)
    block = max(1, round(len(t) ** 0.5))
    times = []
    for _ in range(SAMPLES):
        starts = rng.integers(0, len(t) - block + 1, size=-(-len(t) // block))
        picks = (starts[:, None] + np.arange(block)).ravel()[: len(t)]
        try:
            again, _ = curve_fit(_logistic, t, curve + (s - curve)[picks], best, bounds=bounds, maxfev=400)
        except RuntimeError:
            continue
        times.append(again[2])
    spread = float(np.std(times)) if times else float("nan")
    middle = float(best[2])
    if not t[0] <= middle <= t[-1]:
        return Transition(
            False, None, None,
            f"The crystalline share rose by {rise:.2f}, but its half-way time lies outside the run.",
        )  # fmt: skip
    return Transition(
        True,
        middle,
        spread,
        f"Half way up at {middle:.0f} ± {spread:.0f} ps (logistic fit, block bootstrap).",
    )
