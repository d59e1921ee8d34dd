"""The drift of something that wanders: how fast it goes, and how well one time course tells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Fewer points than this tell no drift.
MIN_POINTS = 6
#: More points than this are averaged in groups of neighbours.
MOST_POINTS = 250
#: Variance of the walk over the whole time, in units of the variance of the noise: what is tried.
WALKS = np.concatenate([[0.0], np.logspace(-2, 3, 11)])
#: The noise forgets itself within this share of the whole time at most.
LONGEST_MEMORY = 0.1


class Drift(NamedTuple):
    """Slope and its standard error, in units of x per unit of t."""

    slope: float
    uncertainty: float


def drift(t: ArrayLike, x: ArrayLike) -> Drift:
    r"""Slope of a time course of one trajectory, and its standard error.

    .. math:: x(t) = a + v t + W(t) + e(t)

    W is a random walk: growth proceeds by chance events, and what it has gained or lost it keeps. e is what
    is seen wrongly in a frame, noise with the memory :math:`\exp(-|t - t'| / \tau)` (none for :math:`\tau =
    0`), which is an autoregressive process of first order where points are evenly spaced. This is the local
    level model with a drift (A. C. Harvey, Forecasting, Structural Time Series Models and the Kalman Filter,
    1989). If all the residuals' memory were noise, a long trajectory would seem to tell the speed far better
    than it does: a walk's drift is told by its two ends alone.

    How much of the residuals is walk and how long the noise remembers can't be known from one trajectory, so
    that nothing is chosen: v and its variance are averages over a grid of both, with weights that are the
    restricted likelihoods (H. D. Patterson, R. Thompson, Biometrika 58, 545 (1971)), each with the variance of
    Student's t. Points need not be evenly spaced.

    Parameters
    ----------
    t, x : (M,) arrays
        At least `MIN_POINTS` points, t rising.
    """
    t, x = _grouped(np.asarray(t, dtype=float), np.asarray(x, dtype=float))
    n, span = len(t), float(t[-1] - t[0])
    s = (t - t[0]) / span
    size = float(np.std(x)) or 1.0
    y = (x - x.mean()) / size
    design = np.column_stack([np.ones(n), s])
    walk, apart = np.minimum.outer(s, s), abs(np.subtract.outer(s, s))
    steps = np.diff(s)
    memories = float(np.median(steps)) / 2 * 2.0 ** np.arange(20)
    weights: list[float] = []
    slopes: list[float] = []
    variances: list[float] = []
    for memory in [0.0, *memories[memories <= LONGEST_MEMORY]]:
        noise = np.exp(-apart / memory) if memory else np.eye(n)
        for ratio in WALKS:
            found = _generalized(noise + ratio * walk, design, y)
            for values, value in zip((weights, slopes, variances), found, strict=True):
                values.append(value)
    weight = np.exp(np.array(weights) - max(weights))
    weight /= weight.sum()
    slope = float(weight @ slopes)
    variance = float(weight @ (np.array(variances) + (np.array(slopes) - slope) ** 2))
    return Drift(slope * size / span, variance**0.5 * size / span)


def _generalized(covariance: Floats, design: Floats, y: Floats) -> tuple[float, float, float]:
    """Logarithm of the restricted likelihood, slope, and variance of the slope, for one covariance's shape."""
    n, p = design.shape
    lower = np.linalg.cholesky(covariance + 1e-9 * np.eye(n))
    whitened = np.linalg.solve(lower, np.column_stack([design, y]))
    a, b = whitened[:, :p], whitened[:, p]
    information = a.T @ a
    best = np.linalg.solve(information, a.T @ b)
    rest = float(((b - a @ best) ** 2).sum()) + 1e-12
    likelihood = (
        -np.log(np.diag(lower)).sum() - np.linalg.slogdet(information)[1] / 2 - (n - p) / 2 * np.log(rest)
    )
    # rest / (n - p) is the scale of a Student's t with n - p degrees of freedom; its variance is larger
    variance = rest / (n - p - 2) * float(np.linalg.inv(information)[1, 1])
    return float(likelihood), float(best[1]), variance


def _grouped(t: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Means of neighbours, so that no more than `MOST_POINTS` are left."""
    size = -(-len(t) // MOST_POINTS)
    if size == 1:
        return t, x
    edges = np.arange(0, len(t), size)
    count = np.diff(np.append(edges, len(t)))
    return np.add.reduceat(t, edges) / count, np.add.reduceat(x, edges) / count
