r"""Where measured speeds go through zero: a melting point from fronts, with an interval that may be unbounded.

A front is a random walk with drift: over a time t its speed is known to :math:`\sigma^2 = D / t`, and D
changes little over the narrow range of temperatures in which a melting point is sought. So runs are weighted by
how long their fronts were followed. This stays right where a run ends because its fronts met or its slab
melted: the mean of x(t) is v times that of t, whatever ends the walk (A. Wald, Ann. Math. Stat. 15, 283
(1944)), which single speeds x / t are not.

The interval holds all temperatures at which a speed of zero isn't refused (E. C. Fieller, J. R. Stat. Soc. B
16, 175 (1954)). It is unbounded where it isn't certain that speeds change with the temperature at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Certainty of intervals.
CERTAINTY = 0.95
#: With fewer degrees of freedom than this the scatter of the runs tells less of their errors than they do.
ENOUGH_FREEDOM = 4
#: A curvature counts where chance alone makes it in fewer cases than this.
CURVED = 0.01


@dataclass(frozen=True)
class Crossing:
    """What a regression of speeds says of where they are zero.

    Attributes
    ----------
    melting_point_K, uncertainty_K : float or None
        And its standard error; None where it is not known.
    interval_K : tuple
        With 95 % certainty; None for an end where it is unbounded.
    slope, slope_uncertainty : float
        Å/ns/K, at the melting point or in the middle.
    power : int
        1 for a line, 2 for a parabola.
    diffusion : float
        D, Å^2/ns: the variance of a speed is D over the time of the run.
    errors_from : str
        Where D is from.
    chi_square, freedom : float, int
        Of the stated errors.
    coefficients, covariance, centre_K
        The curve: powers of T - centre_K.
    why_not : str or None
        Why there is no melting point.
    """

    melting_point_K: float | None
    uncertainty_K: float | None
    interval_K: tuple[float | None, float | None]
    slope: float
    slope_uncertainty: float
    power: int
    diffusion: float
    errors_from: str
    chi_square: float
    freedom: int
    coefficients: Floats
    covariance: Floats
    centre_K: float
    quantile: float
    why_not: str | None = None

    def speed(self, temperature_K: ArrayLike) -> tuple[Floats, Floats]:
        """Fitted speed and its standard error at temperatures, Å/ns."""
        x = np.asarray(temperature_K, dtype=float) - self.centre_K
        design = np.vander(np.atleast_1d(x), len(self.coefficients), increasing=True)
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        return design @ self.coefficients, np.sqrt(variance)


def crossing(temperature_K: ArrayLike, speed: ArrayLike, error: ArrayLike, time_ns: ArrayLike) -> Crossing:
    """Weighted regression of speeds on the temperature, and where it is zero.

    Parameters
    ----------
    temperature_K, speed, error, time_ns : (M,) arrays
        Of each run: temperature, front speed (Å/ns) with the standard error that the run states, and how long
        its fronts were followed. At least two temperatures.
    """
    from scipy.stats import f as f_distribution

    t, v, e, w = (np.asarray(values, dtype=float) for values in (temperature_K, speed, error, time_ns))
    centre = float(t @ w / w.sum())
    line = _weighted(t - centre, v, w, 1)
    power, chosen = 1, line
    if len(np.unique(t)) >= 4 and len(t) - 3 >= ENOUGH_FREEDOM:
        parabola = _weighted(t - centre, v, w, 2)
        gain = (line[2] - parabola[2]) / (parabola[2] / (len(t) - 3))
        if f_distribution.sf(gain, 1, len(t) - 3) < CURVED:
            power, chosen = 2, parabola
    best, unscaled, rest = chosen
    return _judged(t, (e, w), centre, power, (best, unscaled, rest))


def _weighted(x: Floats, y: Floats, w: Floats, power: int) -> tuple[Floats, Floats, float]:
    """Coefficients, their covariance for D = 1, and the weighted sum of squares that is left."""
    design = np.vander(x, power + 1, increasing=True)
    covariance = np.asarray(np.linalg.inv(design.T @ (design * w[:, None])), dtype=float)
    best = np.asarray(covariance @ design.T @ (w * y), dtype=float)
    return best, covariance, float(w @ (y - design @ best) ** 2)


def _judged(
    t: Floats, errors: tuple[Floats, Floats], centre: float, power: int, fit: tuple[Floats, Floats, float]
) -> Crossing:
    """The errors of a fit, its zero and the interval of that."""
    from scipy.stats import norm
    from scipy.stats import t as student

    best, unscaled, rest = fit
    freedom = len(t) - power - 1
    stated = stated_diffusion(*errors)
    half = (1 + CERTAINTY) / 2
    if freedom >= ENOUGH_FREEDOM:
        diffusion, quantile = rest / freedom, float(student.ppf(half, freedom))
        origin = f"the scatter of {len(t)} runs about the curve"
    else:
        # too few to tell, but enough to say that the stated errors are too small (Birge)
        scale = max(1.0, rest / stated / freedom) if freedom else 1.0
        diffusion, quantile = stated * scale, float(norm.ppf(half))
        origin = f"what {len(t)} runs state themselves"
        origin += f", {scale**0.5:.2g} times as large by chi-square" if scale > 1 else ""
    covariance = diffusion * unscaled
    zero = _zero(best, float(t.min()) - centre, float(t.max()) - centre)
    at = 0.0 if zero is None else zero
    derivative = np.array([k * at ** (k - 1) if k else 0.0 for k in range(power + 1)])
    slope, slope_error = float(derivative @ best), float((derivative @ covariance @ derivative) ** 0.5)
    low, high = (None, None) if zero is None else _interval(best, covariance, zero, quantile)
    why = _why_not(zero, slope, slope_error, quantile, (low, high))
    known = why is None and zero is not None
    error = None
    if zero is not None and known:
        powers = zero ** np.arange(power + 1)
        error = float((powers @ covariance @ powers) ** 0.5) / abs(slope)
    return Crossing(
        centre + zero if zero is not None and known else None,
        error,
        (None if low is None else centre + low, None if high is None else centre + high),
        slope, slope_error, power, diffusion, origin, rest / stated, freedom, best, covariance, centre,
        quantile, why,
    )  # fmt: skip


def stated_diffusion(error: Floats, time_ns: Floats) -> float:
    """D by the errors that single runs state, Å^2/ns: the mean of their variances times their times."""
    return float(np.mean(np.asarray(error) ** 2 * np.asarray(time_ns)))


def _zero(coefficients: Floats, low: float, high: float) -> float | None:
    """Where the curve falls through zero between two temperatures; None where it does not."""
    roots = np.polynomial.Polynomial(coefficients).roots()
    real = roots[abs(roots.imag) < 1e-9 * max(1.0, high - low)].real
    slack = 1e-9 * (high - low)
    slope = np.polynomial.Polynomial(coefficients).deriv()
    inside = [float(r) for r in real if low - slack <= r <= high + slack and slope(r) < 0]
    return inside[0] if inside else None


def _interval(
    best: Floats, covariance: Floats, zero: float, quantile: float
) -> tuple[float | None, float | None]:
    """Around the zero, where the speed is within `quantile` errors of zero; None for an end at infinity."""
    value = np.polynomial.Polynomial(best)
    n = len(best)
    variance = np.polynomial.Polynomial([0.0])
    for i in range(n):
        for j in range(n):
            term = np.zeros(i + j + 1)
            term[-1] = covariance[i, j]
            variance = variance + np.polynomial.Polynomial(term)
    roots = (value**2 - quantile**2 * variance).roots()
    real = np.sort(roots[abs(roots.imag) < 1e-9 * (1 + abs(roots.real))].real)
    below, above = real[real <= zero], real[real >= zero]
    return (float(below[-1]) if len(below) else None, float(above[0]) if len(above) else None)


def _why_not(
    zero: float | None,
    slope: float,
    slope_error: float,
    quantile: float,
    interval: tuple[float | None, float | None],
) -> str | None:
    """Why a melting point isn't known; None where it is."""
    certain = abs(slope) > quantile * slope_error
    if certain and slope > 0:
        return (
            "fronts are faster at higher temperatures: growth is held up by slow motion here, far below the "
            "melting point; take higher temperatures"
        )
    if not certain or None in interval:
        return (
            f"front speeds undecided: their slope is {slope:.3g} ± {slope_error:.2g} Å/ns/K, so the interval "
            "of the melting point is unbounded; take longer runs, more replicas or a wider range"
        )
    if zero is None:
        return "the fitted speeds are not zero within the temperatures that were run; take a wider range"
    return None
