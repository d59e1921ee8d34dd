r"""The critical size from what became of seeds: a logistic regression that separation cannot fool.

.. math:: p(\text{grown} | N) = \frac{1}{1 + \exp(-b (x - x_c))}, \quad x = N^{1/3}, \quad b > 0

Where every seed below some size melted and every larger one grew (separation), the likelihood has its maximum
at an infinite slope, anywhere between the two: least squares and Wald's errors know nothing there. The curve
that is given is that of the penalized likelihood of D. Firth (Biometrika 80, 27 (1993); G. Heinze, M. Schemper,
Stat. Med. 21, 2409 (2002)), which adds half the logarithm of the determinant of Fisher's information and is
finite there. The interval has what the profile of either likelihood, the penalized and the plain one, leaves
open. The plain one alone is too sure of itself with a dozen or two of runs (85 % of 300 simulated studies
instead of 95), the penalized one of a gap in which nothing was tried; both together held the true size in 98 to
100 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2

from zeocryst.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Confidence of the intervals.
CONFIDENCE = 0.95
#: By how much the logarithm of the likelihood falls at the ends of an interval (Wilks).
DROP = 0.5 * float(chi2.ppf(CONFIDENCE, 1))
#: Slopes that are looked at: the least times the mean of x, the greatest times its range, and how many. By
#: classical nucleation theory it is 12 Z N_c over the cube root of N_c, and Z N_c the root of the barrier over
#: 3 pi kT: 9 for a barrier of 5 kT, 4 for one of 1 kT. Without this bound a handful of seeds, small ones melted
#: and large ones grown, would leave critical sizes open that none of them has.
LEAST_SLOPE, MOST_SLOPE, SLOPES = 4.0, 1e3, 100
#: How far beyond the sizes the critical one is looked for, in ranges of x.
BEYOND = 20.0
#: Points of the profile that is drawn from.
DRAWN_FROM = 801


@dataclass(frozen=True)
class CriticalSize:
    """Where as many seeds grow as melt.

    Attributes
    ----------
    size : float
        Sites.
    low, high : float or None
        Ends of the interval; None where the data do not bound it.
    slope : float
        Of the logistic curve, per cube root of a site.
    separated : bool
        Whether every seed that melted was smaller than every one that grew.
    sizes : (M,) array
        What it was fitted to.
    grown : (M,) bool array
    """

    size: float
    low: float | None
    high: float | None
    slope: float
    separated: bool
    sizes: Floats
    grown: Bools

    def probability(self, sizes: ArrayLike) -> Floats:
        """Share of seeds of these sizes that grow."""
        x = np.cbrt(np.asarray(sizes, dtype=float))
        return _logistic(self.slope * (x - np.cbrt(self.size)))

    def band(self, sizes: ArrayLike) -> tuple[Floats, Floats]:
        """Least and greatest share at these sizes of all curves that the data allow (profile, pointwise)."""
        return _band(self, np.cbrt(np.asarray(sizes, dtype=float)))

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Critical sizes that the data allow, as often as the profile says."""
        fit = _Fit(self.sizes, self.grown)
        low, high = fit.limits
        if self.low is not None:
            low = max(low, 2 * np.cbrt(self.low) - np.cbrt(self.size))
        if self.high is not None:
            high = min(high, 2 * np.cbrt(self.high) - np.cbrt(self.size))
        x = np.linspace(max(low, 0.5), high, DRAWN_FROM)
        weight = np.exp([fit.profile(at) for at in x])
        return np.asarray(rng.choice(x, size=count, p=weight / weight.sum()) ** 3)


def critical_size(sizes: ArrayLike, grown: ArrayLike) -> CriticalSize:
    """Fit the logistic curve.

    Parameters
    ----------
    sizes : (M,) array
        Sites of each seed, above 0.
    grown : (M,) bool array
        Whether it grew; the others melted.

    Raises
    ------
    InputError
        None grew, or none melted, or there is one size only: nothing can be said.
    """
    n, g = np.asarray(sizes, dtype=float), np.asarray(grown, dtype=bool)
    if not g.any() or g.all() or np.ptp(n) == 0:
        raise InputError("a critical size needs seeds of several sizes, some that grew and some that melted")
    fit = _Fit(n, g)
    middle, slope = fit.curve()
    low, high = (fit.bound(middle, end) for end in fit.limits)
    separated = bool(n[~g].max() < n[g].min())
    cubed = [None if end is None or end <= 0 else end**3 for end in (low, high)]
    return CriticalSize(middle**3, cubed[0], cubed[1], slope, separated, n, g)


def bootstrap_interval(
    sizes: ArrayLike, grown: ArrayLike, groups: ArrayLike, *, samples: int = 100, seed: int = 1
) -> tuple[float, float] | None:
    """A cross-check: fits to replicas drawn with replacement, all runs of a replica together.

    Samples in which all seeds grew or all melted say nothing and are left out; None where half of them do, or
    where there are fewer than three replicas.

    Parameters
    ----------
    sizes, grown : (M,) arrays
        As for `critical_size`.
    groups : (M,) array
        Which replica each run belongs to, such as the melt that it was planted into.
    samples, seed
        How many, and of the random numbers.
    """
    n, g, of = np.asarray(sizes, dtype=float), np.asarray(grown, dtype=bool), np.asarray(groups)
    kinds = np.unique(of)
    if len(kinds) < 3:
        return None
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(samples):
        chosen = np.concatenate([np.flatnonzero(of == k) for k in rng.choice(kinds, len(kinds))])
        if 0 < g[chosen].sum() < len(chosen) and np.ptp(n[chosen]) > 0:
            found.append(_Fit(n[chosen], g[chosen]).curve()[0] ** 3)
    if len(found) < samples / 2:
        return None
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(found, [tail, 100 - tail])
    return float(low), float(high)


class _Fit:
    """Likelihoods of one set of data, and the profile over the middle of the curve."""

    def __init__(self, sizes: Floats, grown: Bools) -> None:
        self.x, self.y = np.cbrt(sizes), grown
        self.range = float(np.ptp(self.x))
        self.slopes = np.geomspace(LEAST_SLOPE / self.x.mean(), MOST_SLOPE / self.range, SLOPES)
        self.limits = (self.x.min() - BEYOND * self.range, self.x.max() + BEYOND * self.range)
        self.grid = self._grid()
        plain, self.penalized = np.array([self.both(at)[:2] for at in self.grid]).T
        self.best, self.best_penalized = float(plain.max()), float(self.penalized.max())

    def _grid(self) -> Floats:
        """Middles that are looked at: the sizes, between them, and around."""
        inner = np.unique(self.x)
        around = np.linspace(self.x.min() - self.range, self.x.max() + self.range, 61)
        return np.sort(np.concatenate([(inner[1:] + inner[:-1]) / 2, around]))

    def curve(self) -> tuple[float, float]:
        """Middle and slope of the curve with the best penalized likelihood."""
        grid = self.grid
        k = int(np.clip(np.argmax(self.penalized), 1, len(grid) - 2))
        found = minimize_scalar(
            lambda at: -self.both(at)[1], bounds=(grid[k - 1], grid[k + 1]), method="bounded",
            options={"xatol": 1e-5 * self.range},
        )  # fmt: skip
        middle = float(found.x)
        return middle, float(self.slopes[self.both(middle)[2]])

    def likelihood(self, middle: float) -> Floats:
        """Logarithm of the likelihood for each slope."""
        z = np.multiply.outer(self.slopes, self.x - middle)
        return np.asarray(-np.logaddexp(0.0, np.where(self.y, -z, z)).sum(axis=-1))

    def _penalty(self, middle: float) -> Floats:
        """Half the logarithm of the determinant of Fisher's information, for each slope."""
        z = np.multiply.outer(self.slopes, self.x - middle)
        weight = np.exp(-np.logaddexp(0.0, z) - np.logaddexp(0.0, -z))
        # of a curve a + b x; where x begins does not change the determinant
        total = np.maximum(weight.sum(axis=-1), 1e-300)
        mean = (weight * self.x).sum(axis=-1) / total
        spread = np.maximum((weight * (self.x - mean[..., None]) ** 2).sum(axis=-1), 1e-300)
        return np.asarray(0.5 * (np.log(total) + np.log(spread)))

    def both(self, middle: float) -> tuple[float, float, int]:
        """The best plain and penalized likelihoods with this middle, and at which slope the latter is."""
        plain = self.likelihood(middle)
        penalized = plain + self._penalty(middle)
        k = int(np.argmax(penalized))
        return float(plain.max()), float(penalized[k]), k

    def profile(self, middle: float) -> float:
        """Logarithm of the likelihood with this middle over the best, at most 0: the kinder of the two."""
        plain, penalized, _ = self.both(middle)
        return max(plain - self.best, penalized - self.best_penalized)

    def bound(self, middle: float, limit: float) -> float | None:
        """Where the profile falls by what the confidence says, towards a limit; None where it does not."""
        step, inner = 0.02 * self.range * np.sign(limit - middle), middle
        while abs(inner - middle) < abs(limit - middle):
            outer = inner + step
            if self.profile(outer) < -DROP:
                return float(brentq(lambda at: self.profile(at) + DROP, inner, outer, xtol=1e-4 * self.range))
            inner, step = outer, 1.15 * step
        return None


def _band(found: CriticalSize, at: Floats) -> tuple[Floats, Floats]:
    """Over all middles and slopes whose likelihood is within the drop of the best."""
    fit = _Fit(found.sizes, found.grown)
    low, high = np.ones(len(at)), np.zeros(len(at))
    reach = 2 * fit.range
    for middle in np.linspace(fit.x.min() - reach, fit.x.max() + reach, 401):
        allowed = fit.slopes[fit.likelihood(middle) >= fit.best - DROP]
        if len(allowed):
            p = _logistic(np.multiply.outer(allowed, at - middle))
            low, high = np.minimum(low, p.min(axis=0)), np.maximum(high, p.max(axis=0))
    return low, high


def _logistic(z: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))
