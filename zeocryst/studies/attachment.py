r"""The attachment rate of the critical nucleus from how its size wanders.

Near the top of the barrier the size diffuses, with a drift away from the top that grows with the distance,

.. math:: \mathrm{var}[N(t + \tau) - N(t)] = c + \frac{f^+}{\lambda} (e^{2 \lambda \tau} - 1)
          \rightarrow c + 2 f^+ \tau, \quad \lambda = 2 \pi Z^2 f^+

(S. Auer, D. Frenkel, J. Chem. Phys. 120, 3015 (2004), who start at the top and take its slope). The constant is
what surface and order parameter fluctuate by within a frame's time; every frame near the critical size is a
beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from zeocryst.report.page import number

Floats = NDArray[np.float64]

#: How far from the critical size a beginning may be, and how far it may get: in 1/Z, and without Z in critical
#: sizes.
NEAR_IN_Z, NEAR = 0.5, 0.25
#: Fewest lags, runs and beginnings from which a slope is taken.
FEWEST_LAGS, FEWEST_RUNS, FEWEST_BEGINNINGS = 4, 3, 20
#: Longest lag, as a share of the longest run.
LONGEST = 0.5
#: Slopes over the first and the second half of the lags may differ by this factor, beyond their errors.
DIFFUSIVE = 1.5
#: A rate of less than so many of its errors may be none.
CERTAIN = 2.0


@dataclass(frozen=True)
class Attachment:
    """An attachment rate.

    Attributes
    ----------
    per_ps, error_per_ps : float
        The rate and its standard error (jackknife over runs).
    lag_ps, variance : (K,) arrays
        Of the change of size.
    offset : float
        The constant.
    n_runs, n_beginnings : int
        What it is from.
    diffusive : bool
        Whether early and late lags agree on it.
    sentence : str
    """

    per_ps: float
    error_per_ps: float
    lag_ps: Floats
    variance: Floats
    offset: float
    n_runs: int
    n_beginnings: int
    diffusive: bool
    sentence: str

    def curve(self, zeldovich: float | None) -> Floats:
        """What was fitted, at the lags."""
        return self.offset + _growth(self.per_ps, self.lag_ps, zeldovich)

    @property
    def doubt(self) -> str | None:
        """Why no rate of nucleation may rest on it; None where one may."""
        if not self.diffusive:
            return f"the attachment rate is doubtful. {self.sentence}"
        if self.per_ps < CERTAIN * self.error_per_ps:
            told = f"{number(self.per_ps, 2)} ± {number(self.error_per_ps, 2)} per ps"
            return f"the attachment rate ({told}) is not told from none. {self.sentence}"
        return None


def attachment_rate(
    courses: Sequence[tuple[ArrayLike, ArrayLike]], critical_size: float, zeldovich: float | None = None
) -> Attachment | str:
    """Fit the attachment rate.

    Parameters
    ----------
    courses
        Time (ps, evenly spaced, the same spacing in all) and size of each run.
    critical_size
        Sites.
    zeldovich
        Zeldovich's factor, with which the drift off the top is allowed for; without it lags are kept short.

    Returns
    -------
    Attachment or str
        Why there is none.
    """
    near = NEAR * critical_size if not zeldovich else NEAR_IN_Z / zeldovich
    series = [(np.asarray(t, dtype=float), np.asarray(n, dtype=float)) for t, n in courses]
    series = [(t, n) for t, n in series if len(t) > FEWEST_LAGS]
    if not series:
        return "no run was long enough for a mean squared change of its size"
    spacing = float(np.median(np.concatenate([np.diff(t) for t, _ in series])))
    most = int(LONGEST * max(len(t) for t, _ in series))
    sums = np.array([_sums(n, critical_size, near, most) for _, n in series])
    sums = sums[sums[:, 0, 0] > 0]
    beginnings = int(sums[:, 0, 0].sum()) if len(sums) else 0
    if len(sums) < FEWEST_RUNS or beginnings < FEWEST_BEGINNINGS:
        return (
            f"only {len(sums)} runs with {beginnings} frames came within {near:.0f} of the critical size; at "
            f"least {FEWEST_RUNS} runs with {FEWEST_BEGINNINGS} frames are needed: more seeds of about the "
            f"critical size, or frames at a shorter interval"
        )
    variance = _variances(sums.sum(axis=0))
    far = np.flatnonzero(~(variance - variance[0] <= near**2))
    lags = int(far[0]) if len(far) else len(variance)
    if lags < FEWEST_LAGS:
        return (
            f"the size changes by more than {near:.0f} within {FEWEST_LAGS * spacing:g} ps, so that there are "
            f"too few frames while it wanders; write frames at a shorter interval_ps"
        )
    lag = np.asarray(spacing * np.arange(1, lags + 1), dtype=np.float64)
    rate, offset = _fit(lag, variance[:lags], zeldovich)
    again = np.array([_fit(lag, _variances(sums.sum(axis=0) - one)[:lags], zeldovich)[0] for one in sums])
    again = again[np.isfinite(again)]
    if len(again) < FEWEST_RUNS or not np.isfinite(rate):
        return (
            f"nearly all {beginnings} frames near the critical size are of one or two runs, so that the slope "
            f"has no error; more seeds of about the critical size are needed"
        )
    error = float(np.sqrt((len(again) - 1) / len(again) * ((again - again.mean()) ** 2).sum()))
    early, late = _halves(lag, variance[:lags], zeldovich)
    apart = abs(early - late) > 2 * error * np.sqrt(2)
    diffusive = not (apart and max(early, late) > DIFFUSIVE * max(min(early, late), 1e-12))
    words = "differ: the size does not just diffuse over these times"
    if diffusive:
        words = "cannot be told apart" if rate < CERTAIN * error else "agree"
    return Attachment(
        rate, error, lag, variance[:lags], offset, len(sums), beginnings, diffusive,
        f"From {beginnings} frames of {len(sums)} runs within {near:.0f} of the critical size, lags of "
        f"{lag[0]:g} to {lag[-1]:g} ps; early ({number(early, 3)} per ps) and late lags "
        f"({number(late, 3)}) {words}.",
    )  # fmt: skip


def _halves(lag: Floats, variance: Floats, zeldovich: float | None) -> tuple[float, float]:
    """Rates by the first and by the second half of the lags."""
    half = max(2, len(lag) // 2)
    early, late = (
        _fit(lag[part], variance[part], zeldovich)[0] for part in (slice(0, half), slice(half - 1, None))
    )
    return early, late


def _sums(size: Floats, critical: float, near: float, most: int) -> Floats:
    """Of one run for each lag: number, x, d, xx, xd, dd of beginnings x and changes d."""
    out = np.zeros((most, 6))
    from_critical = size - critical
    for lag in range(1, min(most, len(size) - 1) + 1):
        x = from_critical[:-lag]
        d = (from_critical[lag:] - x)[abs(x) <= near]
        x = x[abs(x) <= near]
        out[lag - 1] = len(x), x.sum(), d.sum(), (x * x).sum(), (x * d).sum(), (d * d).sum()
    return out


def _variances(sums: Floats) -> Floats:
    """Variance of the change about its regression on the beginning, for each lag; NaN with too few."""
    n, x, d, xx, xd, dd = (np.asarray(column) for column in sums.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        sxx, sxd, sdd = xx - x * x / n, xd - x * d / n, dd - d * d / n
        left = sdd - np.where(sxx > 0, sxd**2 / np.where(sxx > 0, sxx, 1.0), 0.0)
        return np.where(n > FEWEST_BEGINNINGS / 2, left / np.maximum(n - 2, 1), np.nan)


def _growth(rate: float, lag: Floats, zeldovich: float | None) -> Floats:
    if not zeldovich:
        return 2 * rate * lag
    drift = 2 * np.pi * zeldovich**2 * rate
    return np.asarray(rate / drift * np.expm1(np.minimum(2 * drift * lag, 50.0)))


def _fit(lag: Floats, variance: Floats, zeldovich: float | None) -> tuple[float, float]:
    """Rate and constant, by least squares with weights of one over the variance squared."""
    good = np.isfinite(variance) & (variance > 0)
    lag, variance = lag[good], variance[good]
    if len(lag) < 2:
        return float("nan"), float("nan")
    weight = 1 / variance**2

    def constant(rate: float) -> float:
        """The best one."""
        return float((weight * (variance - _growth(rate, lag, zeldovich))).sum() / weight.sum())

    def misfit(log_rate: float) -> float:
        """Sum of squares."""
        rate = float(np.exp(log_rate))
        left = variance - _growth(rate, lag, zeldovich) - constant(rate)
        return float((weight * left**2).sum())

    about = np.log(max(variance[-1] / (2 * lag[-1]), 1e-12))
    found = minimize_scalar(misfit, bounds=(about - 7, about + 3), method="bounded", options={"xatol": 1e-4})
    rate = float(np.exp(found.x))
    return rate, constant(rate)
