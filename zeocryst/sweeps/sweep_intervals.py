"""The mean over replicas, with an interval that means what it says for few of them as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from zeocryst.order.survival import CONFIDENCE

#: Fewest runs whose interval is a bootstrap's. Such an interval lies between the least and the greatest value,
#: and even that whole span holds the middle of a symmetric distribution with a probability of 1 - 2^(1 - n)
#: only, which is 94 % for five.
FEWEST_BOOTSTRAPPED = 6
#: Draws with replacement.
SAMPLES = 2999
#: Values that differ by less than this share of the largest are the same.
SAME = 1e-9

HOW = {
    "bootstrap": f"bootstrap (BCa, {SAMPLES} draws)",
    "student": "Student's t",
    "same": "none: all runs gave the same",
    "one": "none: a single run",
}


def mean_with_interval(
    values: Sequence[float], seed: int, *, least: float = -np.inf, most: float = np.inf
) -> dict[str, Any]:
    r"""Mean over replicas, its standard error, and its 95 % interval.

    Parameters
    ----------
    values
        One a run, at least one.
    seed
        Of the bootstrap.
    least, most
        What the quantity can be at all; an interval ends there.

    Returns
    -------
    dict
        ``mean``, ``low``, ``high``, ``uncertainty`` (:math:`s/\sqrt{n}`), ``deviation`` (s, over the runs),
        ``n_replicas``, ``how`` (a key of `HOW`). For a single run the interval and both errors are None; where
        all runs gave the same, so are the interval and the uncertainty: chance was not seen, which is not to
        say that there is none.

    Notes
    -----
    From `FEWEST_BOOTSTRAPPED` runs on it is the bias-corrected and accelerated bootstrap (Efron, J. Am. Stat.
    Assoc. 82, 171 (1987); `scipy.stats.bootstrap`), whose ends are taken at the quantiles :math:`\Phi(\pm
    \sqrt{n/(n-1)}\, t_{n-1})` instead of 2.5 and 97.5 %, since resampling n values makes a mean that varies too
    little, by :math:`\sqrt{(n-1)/n}` (Hesterberg, Am. Stat. 69, 371 (2015)). For fewer runs no bootstrap can
    hold 95 %, and it is Student's interval, exact for normal values. Of 600 samples of normal values the plain
    bootstrap held the mean in 72 % (n = 3), 85 % (5), 86 % (6), 91 % (10 and 20); what is done here in 94 %
    (3), 96 % (5), 93 % (6), 94 % (10 and 20). Of exponential values, as far from normal as waits are, it holds
    it in 87 % (3) to 91 % (10) and 96 % (20).
    """
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    record: dict[str, Any] = {
        "mean": float(x.mean()), "low": None, "high": None, "uncertainty": None, "deviation": None,
        "n_replicas": n, "how": "one",
    }  # fmt: skip
    if n == 1:
        return record
    if float(np.ptp(x)) <= SAME * float(np.abs(x).max()):
        return record | {"deviation": 0.0, "how": "same"}
    deviation = float(x.std(ddof=1))
    record |= {"deviation": deviation, "uncertainty": deviation / n**0.5}
    ends = _bootstrap(x, seed) if n >= FEWEST_BOOTSTRAPPED else None
    how = "bootstrap"
    if ends is None:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * deviation / n**0.5
        ends, how = (record["mean"] - half, record["mean"] + half), "student"
    return record | {"low": max(ends[0], least), "high": min(ends[1], most), "how": how}


def _bootstrap(x: NDArray[np.float64], seed: int) -> tuple[float, float] | None:
    """Ends of the interval; None where the resamples have none."""
    n = len(x)
    tail = float(stats.norm.sf((n / (n - 1)) ** 0.5 * stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)))
    with np.errstate(all="ignore"):
        found = stats.bootstrap(
            (x,), np.mean, confidence_level=1 - 2 * tail, n_resamples=SAMPLES, method="BCa",
            random_state=np.random.default_rng(seed), vectorized=True,
        ).confidence_interval  # fmt: skip
    low, high = float(found.low), float(found.high)
    return (low, high) if np.isfinite([low, high]).all() and low < high else None
