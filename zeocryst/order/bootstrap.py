"""Fits of a curve to a time course, and how far chance moves them: a bootstrap of the residuals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

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
    """Least squares, and again for the fitted curve plus residuals made anew from its own.

    The residuals of a time course are correlated. They are taken for an autoregressive process of first
    order, whose innovations are drawn with replacement (P. Bühlmann, Bernoulli 3, 123 (1997)); what the fit
    took from them is given back: their size by the square root of n / (n - p) for p parameters, their
    correlation by 4 / n. Of 60 known rises of 80 frames 65 to 73 % then lie within one spread of the truth
    and 90 to 97 % within two, whether the noise is white or correlated by 0.6 from frame to frame; with
    blocks of residuals it was 53 to 65 % and 82 to 97 %. Returns None where the fit does not converge.
    """
    from scipy.optimize import curve_fit

    guess = list(np.clip(guess, *(np.array(b) for b in bounds)))
    try:
        best, _ = curve_fit(curve, t, y, guess, bounds=bounds, maxfev=4000)
    except RuntimeError:
        return None
    fitted = curve(t, *best)
    noise = _noise(y - fitted, len(best), np.random.default_rng(seed))
    again = []
    for _ in range(samples):
        try:
            found, _ = curve_fit(curve, t, fitted + next(noise), best, bounds=bounds, maxfev=400)
        except RuntimeError:
            continue
        again.append(found)
    return Fit(best, np.array(again).reshape(-1, len(best)))


def _noise(residual: Floats, parameters: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Time courses that could be the residuals as well."""
    n = len(residual)
    residual = (residual - residual.mean()) * (n / max(1, n - parameters)) ** 0.5
    variance = float(residual @ residual)
    rho = float(residual[1:] @ residual[:-1]) / variance + 4 / n if variance > 0 else 0.0
    rho = min(max(rho, 0.0), 0.95)
    innovations = residual[1:] - rho * residual[:-1]
    innovations = innovations - innovations.mean()
    before = 50  # steps until the start is forgotten
    while True:
        drawn = rng.choice(innovations, size=n + before)
        yield np.fromiter(accumulate(drawn, lambda last, kick: rho * last + kick), float)[before:]


def correlation_time(residual: Floats) -> float:
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
