"""Waiting times over several runs, those included that waited in vain.

A run in which nothing happened says that the wait was longer than it was watched: it is *censored*. To drop it
makes waits too short, and to count it as if something had happened at its end does as well. Here each counts
for as long as it was watched: the share that still waits by Kaplan and Meier, a constant rate by maximum
likelihood, whether the rate is constant, and the chance that a run sees the event at all.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

#: Of intervals.
CONFIDENCE = 0.95
#: Fewest events with which a constant rate is tested.
FEWEST_TESTED = 3
#: Fewest events that bound a median.
FEWEST_BOUNDED = 6
#: A rate is said not to be constant where chance alone would give this or less.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Waits:
    """How long runs were watched, and whether what was waited for came.

    Attributes
    ----------
    time_ps : (N,) array of float
        Until the event, or until the run was watched no longer.
    came : (N,) array of bool
        Whether the event came.
    """

    time_ps: NDArray[np.float64]
    came: NDArray[np.bool_]

    @classmethod
    def of(cls, time_ps: ArrayLike, came: ArrayLike) -> Waits:
        """From plain numbers; a time that is negative, not finite or without its mark is a `ValueError`."""
        time, event = np.asarray(time_ps, dtype=np.float64), np.asarray(came, dtype=bool)
        if time.ndim != 1 or time.shape != event.shape:
            raise ValueError(f"as many times as marks are needed, not {time.shape} and {event.shape}")
        if not (np.isfinite(time).all() and (time >= 0).all()):
            raise ValueError("times have to be finite and not negative")
        return cls(time, event)

    @property
    def exposure_ps(self) -> float:
        """Time over which the event was waited for, of all runs together."""
        return float(self.time_ps.sum())

    @property
    def events(self) -> int:
        """Number of runs in which it came."""
        return int(self.came.sum())


def survival_curve(waits: Waits) -> list[dict[str, float]]:
    r"""Share of the runs that still wait, by the product-limit estimate of Kaplan and Meier.

    Parameters
    ----------
    waits
        Of one run at least.

    Returns
    -------
    list of dict
        In order of time, a row for each time at which something came or a run ended: ``time_ps``, ``waiting``
        (the share just after it), ``waiting_low`` and ``waiting_high`` (its 95 % interval, of :math:`\log(-\log
        S)` with Greenwood's variance; NaN where the share is 1 or 0, for which it is not defined), ``at_risk``
        (runs that were watched until then), ``events``, ``censored``.

    Notes
    -----
    Kaplan, Meier, J. Am. Stat. Assoc. 53, 457 (1958); intervals: Kalbfleisch, Prentice, The Statistical
    Analysis of Failure Time Data (1980). Computed by `scipy.stats.ecdf`.
    """
    sample = stats.CensoredData.right_censored(waits.time_ps, ~waits.came)
    share = stats.ecdf(sample).sf
    with (
        warnings.catch_warnings(action="ignore"),
        np.errstate(all="ignore"),
    ):  # it has none where all wait, or none
        band = share.confidence_interval(CONFIDENCE, method="log-log")
    low, high = band.low.evaluate(share.quantiles), band.high.evaluate(share.quantiles)
    return [
        {
            "time_ps": float(t),
            "waiting": float(share.probabilities[k]),
            "waiting_low": float(low[k]),
            "waiting_high": float(high[k]),
            "at_risk": int((waits.time_ps >= t).sum()),
            "events": int((waits.came & (waits.time_ps == t)).sum()),
            "censored": int((~waits.came & (waits.time_ps == t)).sum()),
        }
        for k, t in enumerate(share.quantiles)
    ]


def median_wait(curve: Sequence[dict[str, float]]) -> dict[str, float | None]:
    """When half of the runs have seen it, ps, with its 95 % interval: where the curve and its band pass a half.

    Returns
    -------
    dict
        ``median_ps``, ``low_ps``, ``high_ps``; None where the curve or the band stays above a half, or has no
        band where it would pass it (all runs have seen it). With fewer than `FEWEST_BOUNDED` events nothing
        bounds the median: the interval between the first and the last of n times holds it with a probability
        of 1 - 2^(1-n), which is 95 % from six on.
        (Brookmeyer, Crowley, Biometrics 38, 29 (1982).)
    """

    def passed(name: str) -> float | None:
        """When it is first a half or less."""
        return next((row["time_ps"] for row in curve if row[name] <= 0.5), None)

    known = sum(row["events"] for row in curve) >= FEWEST_BOUNDED
    low, high = (passed(name) if known else None for name in ("waiting_low", "waiting_high"))
    return {"median_ps": passed("waiting"), "low_ps": low, "high_ps": high}


def constant_rate(waits: Waits) -> dict[str, float | None]:
    r"""Events per time, taken as constant: the number of events over the time watched.

    Returns
    -------
    dict
        ``rate_per_ns`` (None where nothing was watched for any time), ``rate_low_per_ns`` and
        ``rate_high_per_ns``, ``mean_wait_ps`` (1 over the rate; None without an event), ``mean_wait_low_ps``,
        ``mean_wait_high_ps`` (None where there is no upper limit).

    Notes
    -----
    With n events in the time T, :math:`\hat k = n/T` is the maximum-likelihood estimate with censored runs, and
    :math:`\chi^2_{\alpha/2}(2n)/2T` to :math:`\chi^2_{1-\alpha/2}(2n+2)/2T` its interval (Garwood, Biometrika
    28, 437 (1936)): never narrower than it says, so without an event the rate is less than 3.69/T (95 %,
    two-sided).
    """
    n, watched = waits.events, waits.exposure_ps / 1000
    names = ("rate_per_ns", "rate_low_per_ns", "rate_high_per_ns")
    keys = (*names, "mean_wait_ps", "mean_wait_low_ps", "mean_wait_high_ps")
    if not watched:
        return dict.fromkeys(keys)
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.chi2.ppf(tail, 2 * n)) / 2 / watched if n else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * n + 2)) / 2 / watched
    rates = (n / watched, low, high)
    waited = (1000 / rates[0] if n else None, 1000 / high, 1000 / low if n else None)
    return dict(zip(keys, (*rates, *waited), strict=True))


def constancy(waits: Waits) -> dict[str, Any]:
    r"""Whether the rate is constant, as for nuclei that come at random in a liquid that has forgotten its past.

    Returns
    -------
    dict
        ``p_constant``: how likely chance alone is to give times this far from a constant rate (None with fewer
        than three events); ``rising`` (True: events cluster late, as with a lag while the first nuclei form or
        grow to the size that is seen; False: early, as where some runs are readier than others, or the liquid
        ages); ``lag_ps`` and ``p_no_lag``: the estimate of a time before which no event comes, and how likely
        chance alone is to give a first event so late; ``sentence``.

    Notes
    -----
    Between events the time that all runs together were watched is exponential with a constant rate, so that the
    events' places on that clock, as shares of its time until the last event, are evenly spread between 0 and 1
    (total time on test; Epstein, Technometrics 2, 83 and 167 (1960)). Their sum has the distribution of Irwin
    and Hall. For the lag, twice the time watched until the first event times the rate is :math:`\chi^2` with
    two degrees of freedom, so that its ratio to the mean of the other gaps is F with 2 and 2(n-1).
    """
    record: dict[str, Any] = dict.fromkeys(("p_constant", "rising", "lag_ps", "p_no_lag"))
    n = waits.events
    if n < FEWEST_TESTED:
        record["sentence"] = (
            f"Whether the rate is constant can't be said: {n} event{'' if n == 1 else 's'}, {FEWEST_TESTED} "
            "are needed."
        )
        return record
    when = np.sort(waits.time_ps[waits.came])
    clock = np.array([np.minimum(waits.time_ps, t).sum() for t in when])
    if not clock[-1]:
        record["sentence"] = "Whether the rate is constant can't be said: the events came at once."
        return record
    total = float((clock[:-1] / clock[-1]).sum())
    below = float(stats.irwinhall.cdf(total, n - 1))
    record |= {"p_constant": min(1.0, 2 * min(below, 1 - below)), "rising": bool(total > (n - 1) / 2)}
    rest = float(clock[-1] - clock[0]) / (n - 1)
    ratio = float(clock[0]) / rest if rest else np.inf
    record["p_no_lag"] = float(stats.f.sf(ratio, 2, 2 * (n - 1)))
    record["lag_ps"] = max(0.0, float(clock[0]) - rest) / len(waits.time_ps)
    record["sentence"] = _constancy_words(record)
    return record


def _constancy_words(record: dict[str, Any]) -> str:
    """What the tests say."""
    p = record["p_constant"]
    if p > SIGNIFICANT:
        words = f"The times agree with a constant rate (p = {p:.2g})."
    elif record["rising"]:
        words = f"The rate is not constant: the events come late (p = {p:.2g})."
    else:
        words = f"The rate is not constant: it is higher at the beginning (p = {p:.2g})."
    if record["p_no_lag"] <= SIGNIFICANT:
        words += (
            f" Nothing happens in about the first {record['lag_ps']:.0f} ps (p = {record['p_no_lag']:.2g})."
        )
    return words


def chance(successes: int, trials: int, *, exact: bool = False) -> dict[str, Any]:
    """The chance of success, with its interval.

    Parameters
    ----------
    successes, trials
        Trials are one at least.
    exact
        The interval of Clopper and Pearson (Biometrika 26, 404 (1934)), which holds the chance in 95 % of cases
        or more whatever it is, instead of the shorter one of Wilson (J. Am. Stat. Assoc. 22, 209 (1927)), which
        does so in the mean over chances.

    Returns
    -------
    dict
        ``chance``, ``chance_low``, ``chance_high`` (95 %), ``successes``, ``n_replicas``.
    """
    found = stats.binomtest(successes, trials)
    interval = found.proportion_ci(CONFIDENCE, method="exact" if exact else "wilson")
    return {
        "chance": successes / trials,
        "chance_low": float(interval.low),
        "chance_high": float(interval.high),
        "successes": successes,
        "n_replicas": trials,
    }
