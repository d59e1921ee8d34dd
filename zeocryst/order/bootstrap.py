"""Fits of a curve to a time course, and how far chance moves them: a block bootstrap of the residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Refits.
SAMPLES = 100


@dataclass(frozen=True)
class Fit:
    """A fitted curve.

    Attributes
    ----------
    best : (P,) array
        The parameters.
    again : (R, P) array
        Those of the refits.
    """

    best: Floats
    again: Floats

    def spread(self, of: Callable[[Floats], float]) -> float:
        """Standard deviation over the refits of what `of` makes of the parameters."""
        values = [of(parameters) for parameters in self.again]
        return float(np.std(values)) if len(values) > 1 else float("nan")


def fit_curve(
    curve: Callable[..., Floats],
    t: Floats,
    y: Floats,
    guess: list[float],
    bounds: tuple[list[float], list[float]],
    seed: int,
    *,
    samples: int = SAMPLES,
) -> Fit | None:
    """Least squares, and again for the fitted curve plus residuals drawn in blocks from its own.

    Blocks keep the residuals' correlation in time (H. R. Künsch, Ann. Stat. 17, 1217 (1989)); they are as
    long as the square root of the number of points, or five correlation times where that is longer, and go
    round from the end to the beginning. Residuals are scaled by the square root of n / (n - p), since p
    parameters were fitted to them. Returns None where the fit does not converge.
    """
    from scipy.optimize import curve_fit

    guess = list(np.clip(guess, *(np.array(b) for b in bounds)))
    try:
        best, _ = curve_fit(curve, t, y, guess, bounds=bounds, maxfev=4000)
    except RuntimeError:
        return None
    fitted = curve(t, *best)
    residual = y - fitted
    residual = (residual - residual.mean()) * (len(t) / max(1, len(t) - len(best))) ** 0.5
    rng = np.random.default_rng(seed)
    block = min(len(t) // 4 + 1, max(round(len(t) ** 0.5), round(5 * _correlation_time(residual))))
    again = []
    for _ in range(samples):
        starts = rng.integers(0, len(t), size=-(-len(t) // block))
        picks = (starts[:, None] + np.arange(block)).ravel()[: len(t)] % len(t)
        try:
            found, _ = curve_fit(curve, t, fitted + residual[picks], best, bounds=bounds, maxfev=400)
        except RuntimeError:
            continue
        again.append(found)
    return Fit(best, np.array(again).reshape(-1, len(best)))


def _correlation_time(residual: Floats) -> float:
    """Integrated autocorrelation time in points, summed to the first value below zero (0.5 for white noise)."""
    n = len(residual)
    variance = float(residual @ residual) / n
    if variance <= 0:
        return 0.5
    total = 0.5
    for lag in range(1, n // 4):
        correlation = float(residual[:-lag] @ residual[lag:]) / n / variance
        if correlation <= 0:
            break
        total += correlation
    return total
