r"""Where measured speeds go through zero: a melting point from fronts, with an interval that may be unbounded.

A front is a random walk with drift: over a time t its speed is known to :math:`\sigma^2 = D / t`, and D
changes little over the narrow range of temperatures in which a melting point is sought. So runs are weighted by
how long their fronts were followed. This stays right where a run ends because its fronts met or its slab
melted: the mean of x(t) is v times that of t, whatever ends the walk (A. Wald, Ann. Math. Stat. 15, 283
(1944)), which single speeds x / t are not.

The interval holds all temperatures at which a speed of zero isn't refused (E. C. Fieller, J. R. Stat. Soc. B
16, 175 (1954)). It is unbounded where it isn't certain that speeds change with the temperature at all.

Speeds don't fall in a line: beads of a colder melt are slower, and some way below the melting point the speed
has its maximum, so that a line through a wide range is zero too low. The curve is that of Wilson and Frenkel
near the melting point (H. A. Wilson, Phil. Mag. 50, 238 (1900); J. Frenkel, Phys. Z. Sowjetunion 1, 498
(1932)), a driving force that is linear times an activated mobility:

.. math:: v(T) = (c_0 + c_1 (T - T_0)) \exp(B / T_0 - B / T)

How the runs of one temperature scatter tells D, and with it whether the curve is right: where it misses their
means by more than chance allows, there is no melting point.
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
#: The curve is refused where chance alone makes it miss the means of temperatures so far in fewer cases.
MISSED = 0.01
#: Activation of the mobility, over k, in units of the temperature: from and to. None is below zero, but half of
#: the estimates of a small one are; held at zero they would move the melting point up by a third to a half of
#: its error (simulated), and its intervals would hold it no more often.
ACTIVATION = (-10.0, 60.0)
#: Speeds count within this share of the melting point, and at so many temperatures on each side in any case.
COUNTED, AT_LEAST = 0.065, 2


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
    activation_K : float
        Of the mobility, over k; 0 for a line.
    diffusion : float
        D, Å^2/ns: the variance of a speed is D over the time of the run.
    errors_from : str
        Where D is from.
    chi_square, freedom : float, int
        Of the stated errors.
    coefficients, covariance, centre_K
        The curve: c_0 and c_1, and their covariance (with that of the activation, where there is one).
    quantile : float
        Half of an interval in standard errors.
    why_not : str or None
        Why there is no melting point.
    """

    melting_point_K: float | None
    uncertainty_K: float | None
    interval_K: tuple[float | None, float | None]
    slope: float
    slope_uncertainty: float
    diffusion: float
    errors_from: str
    chi_square: float
    freedom: int
    coefficients: Floats
    covariance: Floats
    centre_K: float
    quantile: float
    activation_K: float = 0.0
    why_not: str | None = None

    @property
    def power(self) -> int:
        """1 for a line, 2 for a line times an activated mobility."""
        return len(self.covariance) - 1

    @property
    def activation_uncertainty_K(self) -> float | None:
        """Standard error of the activation; None for a line, which has none."""
        return float(self.covariance[2, 2]) ** 0.5 if self.power > 1 else None

    def speed(self, temperature_K: ArrayLike) -> tuple[Floats, Floats]:
        """Fitted speed and its standard error at temperatures, Å/ns."""
        t = np.atleast_1d(np.asarray(temperature_K, dtype=float))
        design = _design(t, self.centre_K, self.coefficients, self.activation_K)[:, : len(self.covariance)]
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        return design[:, :2] @ self.coefficients, np.sqrt(variance)


def crossing(temperature_K: ArrayLike, speed: ArrayLike, error: ArrayLike, time_ns: ArrayLike) -> Crossing:
    """Weighted regression of speeds on the temperature, and where it is zero.

    Parameters
    ----------
    temperature_K, speed, error, time_ns : (M,) arrays
        Of each run: temperature, front speed (Å/ns) with the standard error that the run states, and how long
        its fronts were followed. At least two temperatures.
    """
    t, v, e, w = (np.asarray(values, dtype=float) for values in (temperature_K, speed, error, time_ns))
    centre = float(t @ w / w.sum())
    distinct = len(np.unique(t))
    enough = max(len(t) - distinct, len(t) - 3) >= ENOUGH_FREEDOM
    activation = _activation(t, v, w, centre) if distinct >= 3 and enough else None
    best = _line(t, v, w, centre, activation or 0.0)
    return _judged((t, v, e, w), centre, best, activation)


def near_zero(temperature_K: ArrayLike, speed: ArrayLike, time_ns: ArrayLike) -> Floats:
    """Those temperatures at which speeds tell of their zero, in order.

    They are all within `COUNTED` of where the mean speeds first go through zero, and the nearest `AT_LEAST` on
    each side of it where there are so many.
    """
    t, v, w = (np.asarray(values, dtype=float) for values in (temperature_K, speed, time_ns))
    distinct = np.unique(t)
    if len(distinct) < 3:
        return distinct
    mean = np.array([v[t == x] @ w[t == x] / w[t == x].sum() for x in distinct])
    sure = mean * np.sqrt([w[t == x].sum() for x in distinct])
    # where to part those that grow from those that melt, so that all agree with it best
    parted = [float(sure[:i].sum() - sure[i:].sum()) for i in range(len(distinct) + 1)]
    i = int(np.argmax(parted))
    if i in (0, len(distinct)):
        return distinct
    low, high = float(mean[i - 1]), float(mean[i])
    share = low / (low - high) if low > 0 > high else 0.5
    zero = distinct[i - 1] + (distinct[i] - distinct[i - 1]) * share
    kept = abs(distinct / zero - 1) <= COUNTED
    kept[max(0, i - AT_LEAST) : i + AT_LEAST] = True
    return np.asarray(distinct[kept], dtype=float)


def _design(t: Floats, centre: float, coefficients: Floats | None, activation: float) -> Floats:
    """What the curve changes by with c_0, c_1 and, where these are known, the activation."""
    u = 1 / centre - 1 / t
    design = np.vander(t - centre, 2, increasing=True) * np.exp(activation * u)[:, None]
    return design if coefficients is None else np.column_stack([design, u * (design @ coefficients)])


def _line(t: Floats, v: Floats, w: Floats, centre: float, activation: float) -> Floats:
    """Best c_0 and c_1 for an activation."""
    design, root = _design(t, centre, None, activation), np.sqrt(w)
    return np.asarray(np.linalg.lstsq(design * root[:, None], v * root, rcond=None)[0], dtype=float)


def _activation(t: Floats, v: Floats, w: Floats, centre: float) -> float:
    """Best activation, K."""
    from scipy.optimize import minimize_scalar

    def rest(activation: float) -> float:
        """Sum of squares with the best line."""
        miss = v - _design(t, centre, None, activation) @ _line(t, v, w, centre, activation)
        return float(w @ miss**2)

    tried = np.linspace(*ACTIVATION, 36) * centre
    k = int(np.argmin([rest(activation) for activation in tried]))
    ends = (float(tried[max(0, k - 1)]), float(tried[min(k + 1, len(tried) - 1)]))
    return float(minimize_scalar(rest, bounds=ends, method="bounded").x)


def _within(t: Floats, v: Floats, w: Floats) -> tuple[float, int]:
    """Weighted sum of squares about the means of temperatures, and its degrees of freedom."""
    total = 0.0
    for x in np.unique(t):
        here = t == x
        total += float(w[here] @ (v[here] - v[here] @ w[here] / w[here].sum()) ** 2)
    return total, len(t) - len(np.unique(t))


def _judged(
    runs: tuple[Floats, Floats, Floats, Floats], centre: float, best: Floats, activation: float | None
) -> Crossing:
    """The errors of a fit, its zero and the interval of that."""
    from scipy.stats import norm
    from scipy.stats import t as student

    t, v, e, w = runs
    curved = activation is not None
    b = activation or 0.0
    design = _design(t, centre, best, b)
    rest = float(w @ (v - design[:, :2] @ best) ** 2)
    design = design if curved else design[:, :2]
    freedom = len(t) - design.shape[1]
    stated = stated_diffusion(e, w)
    half = (1 + CERTAINTY) / 2
    scatter, within = _within(t, v, w)
    if within >= ENOUGH_FREEDOM:
        diffusion, quantile = scatter / within, float(student.ppf(half, within))
        origin = f"the scatter of {len(t)} runs about the means of their temperatures"
    elif freedom >= ENOUGH_FREEDOM:
        diffusion, quantile = rest / freedom, float(student.ppf(half, freedom))
        origin = f"the scatter of {len(t)} runs about the curve"
    else:
        # too few to tell, but enough to say that the stated errors are too small (Birge)
        diffusion = max(stated, rest / freedom) if freedom > 0 else stated
        quantile = float(norm.ppf(half))
        origin = f"what {len(t)} runs state themselves"
        if diffusion > stated > 0:
            origin += f", {(diffusion / stated) ** 0.5:.2g} times as large by chi-square"
    information = design.T @ (design * w[:, None])
    if curved:
        # speeds that are zero everywhere tell nothing of the activation but that it lies in its range
        information[2, 2] += diffusion / (ACTIVATION[1] / 2 * centre) ** 2 + 1e-300
    scale_of = np.sqrt(np.diag(information))
    covariance = diffusion * np.linalg.inv(information / np.outer(scale_of, scale_of))
    covariance = np.asarray(covariance / np.outer(scale_of, scale_of), dtype=float)
    zero = _zero(best, float(t.min()) - centre, float(t.max()) - centre)
    slope, slope_error = _slope(centre + (zero or 0.0), centre, best, b, covariance)
    low, high = (None, None) if zero is None else _interval(best, covariance[:2, :2], zero, quantile)
    missed = _missed(rest - scatter, len(np.unique(t)) - design.shape[1], diffusion, within)
    why = _why_not(zero, slope, slope_error, quantile, (low, high), missed)
    error = None
    if zero is not None and why is None:
        powers = np.array([1.0, zero])
        error = float((powers @ covariance[:2, :2] @ powers) ** 0.5) / abs(float(best[1]))
    return Crossing(
        melting_point_K=None if zero is None or why else centre + zero,
        uncertainty_K=error,
        interval_K=(None if low is None else centre + low, None if high is None else centre + high),
        slope=slope, slope_uncertainty=slope_error, diffusion=diffusion, errors_from=origin,
        chi_square=rest / stated if stated else float("nan"), freedom=freedom, coefficients=best,
        covariance=covariance, centre_K=centre, quantile=quantile, activation_K=b, why_not=why,
    )  # fmt: skip


def _slope(
    at: float, centre: float, best: Floats, activation: float, covariance: Floats
) -> tuple[float, float]:
    """Change of the curve with the temperature, and its standard error."""
    step = 1e-4 * at
    both = _design(np.array([at - step, at + step]), centre, best, activation)
    change = (both[1] - both[0]) / (2 * step)
    part = change[: len(covariance)]
    return float(change[:2] @ best), float((part @ covariance @ part) ** 0.5)


def _missed(lack: float, freedom: int, diffusion: float, within: int) -> float | None:
    """Chance makes the curve miss the means so far in this share of cases; None where it can't be told."""
    from scipy.stats import f as f_distribution

    if freedom < 1 or within < ENOUGH_FREEDOM or diffusion <= 0:
        return None
    return float(f_distribution.sf(max(0.0, lack) / freedom / diffusion, freedom, within))


def stated_diffusion(error: Floats, time_ns: Floats) -> float:
    """D by the errors that single runs state, Å^2/ns: the mean of their variances times their times."""
    return float(np.mean(np.asarray(error) ** 2 * np.asarray(time_ns)))


def _zero(coefficients: Floats, low: float, high: float) -> float | None:
    """Where the curve falls through zero between two temperatures; None where it does not."""
    offset, slope = coefficients.tolist()
    if slope >= 0:
        return None
    zero, slack = -offset / slope, 1e-9 * (high - low)
    return float(zero) if low - slack <= zero <= high + slack else None


def _interval(
    best: Floats, covariance: Floats, zero: float, quantile: float
) -> tuple[float | None, float | None]:
    """Around the zero, where the speed is within `quantile` errors of zero; None for an end at infinity."""
    # from the constant up, the squared speed less that of so many errors
    rest = np.outer(best, best) - quantile**2 * covariance
    roots = np.roots([rest[1, 1], 2 * rest[0, 1], rest[0, 0]])
    real = np.sort(roots[abs(roots.imag) < 1e-9 * (1 + abs(roots.real))].real)
    below, above = real[real <= zero], real[real >= zero]
    return (float(below[-1]) if len(below) else None, float(above[0]) if len(above) else None)


def _why_not(
    zero: float | None,
    slope: float,
    slope_error: float,
    quantile: float,
    interval: tuple[float | None, float | None],
    missed: float | None,
) -> str | None:
    """Why a melting point isn't known; None where it is."""
    certain = abs(slope) > quantile * slope_error
    if certain and slope > 0:
        return (
            "fronts are faster at higher temperatures: growth is held up by slow motion here, far below the "
            "melting point; take higher temperatures"
        )
    if missed is not None and missed < MISSED:
        return (
            "no smooth curve goes through the speeds (by chance they would lie so far from it in "
            f"{100 * missed:.2g} % of all cases): take temperatures nearer to where they change their sign"
        )
    if certain and zero is None:
        return "the fitted speeds are not zero within the temperatures that were run; take a wider range"
    if not certain or None in interval:
        return (
            f"front speeds undecided: their slope is {slope:.3g} ± {slope_error:.2g} Å/ns/K, so the interval "
            "of the melting point is unbounded; take longer runs, more replicas or a wider range"
        )
    return None
