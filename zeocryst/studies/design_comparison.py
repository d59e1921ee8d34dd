"""What a design has found, by runs that the search did not see.

The best of many noisy evaluations owes its place to luck as well (the winner's curse), so that its own value is
no estimate. What may be best is run anew, and the best of these is taken; that one, the start and the study's
own condition are then run with further seed numbers, and only these runs are reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zeocryst.studies.design_search import Evaluation

#: What is compared, as summaries call it.
BEST, START, REFERENCE = "best", "start", "reference"
CERTAINTY = 0.95
#: Values are all alike that differ by no more than this share of them.
ALIKE = 1e-9


@dataclass(frozen=True)
class Estimate:
    """A mean over runs.

    Attributes
    ----------
    values : tuple of float
        Of the runs that tell one.
    share : bool
        Whether each is 0 or 1.
    n_failed : int
    below : tuple of float
        Of runs that tell only that theirs is at most this: what was to be measured was gone.
    """

    values: tuple[float, ...]
    share: bool = False
    n_failed: int = 0
    below: tuple[float, ...] = ()

    @property
    def n(self) -> int:
        """Number of runs that tell a value."""
        return len(self.values)

    @property
    def mean(self) -> float | None:
        """The mean; None without runs, or where one tells only what it is at most."""
        return float(np.mean(self.values)) if self.values and not self.below else None

    @property
    def at_most(self) -> float | None:
        """What the mean is at most, where it is not known."""
        return float(np.mean([*self.values, *self.below])) if self.below else None

    @property
    def error(self) -> float | None:
        """Its standard error; None of a single run, and of runs that are all alike.

        Of a share it is that of Agresti and Coull (Am. Stat. 52, 119 (1998)), two successes and two failures
        added, which is not zero where all runs agree.
        """
        if self.share and self.values:
            p = (sum(self.values) + 2) / (self.n + 4)
            return float((p * (1 - p) / (self.n + 4)) ** 0.5)
        if self.mean is None or self.n < 2 or np.ptp(self.values) <= ALIKE * np.abs(self.values).max():
            return None
        return float(np.std(self.values, ddof=1) / self.n**0.5)

    def record(self) -> dict[str, Any]:
        """As it stands in a summary."""
        return {
            "objective": self.mean, "uncertainty": self.error, "objective_at_most": self.at_most,
            "n_replicas": self.n, "n_failed": self.n_failed, "n_not_measured": len(self.below),
        }  # fmt: skip


def difference(one: Estimate, other: Estimate) -> dict[str, Any]:
    """By how much one is larger than the other: difference, its standard error and interval, or why not known.

    The interval is Welch's (Biometrika 34, 28 (1947)): of Student's t with the degrees of freedom that two
    spreads of their own leave; of shares that of Agresti and Caffo (Am. Stat. 54, 280 (2000)).
    """
    from scipy.stats import norm, t

    record: dict[str, Any] = {"difference": None, "uncertainty": None, "interval": [None, None]}
    if one.mean is None or other.mean is None:
        if one.mean is not None and other.at_most is not None:
            record["difference_at_least"] = one.mean - other.at_most
        return record | {"why_not": _why_not(one, other)}
    record["difference"] = one.mean - other.mean
    if one.share:
        p, q = ((sum(e.values) + 1) / (e.n + 2) for e in (one, other))
        error = float((p * (1 - p) / (one.n + 2) + q * (1 - q) / (other.n + 2)) ** 0.5)
        middle, width = p - q, float(norm.ppf((1 + CERTAINTY) / 2)) * error
    elif one.error is None or other.error is None:
        few = min(one.n, other.n) < 2
        apart = min(one.values) > max(other.values) or max(one.values) < min(other.values)
        return record | {
            "apart": apart and not few,
            "why_not": "one run of each tells no error: final_replicas of at least 2 do"
            if few
            else "the runs of one of the two are all alike, which tells no error",
        }
    else:
        a, b = one.error**2, other.error**2
        error, middle = float((a + b) ** 0.5), one.mean - other.mean
        freedom = (a + b) ** 2 / (a**2 / (one.n - 1) + b**2 / (other.n - 1))
        width = float(t.ppf((1 + CERTAINTY) / 2, freedom)) * error
    return record | {"uncertainty": error, "interval": [middle - width, middle + width], "why_not": None}


def _why_not(one: Estimate, other: Estimate) -> str:
    """Why a difference is not known."""
    for each in (one, other):
        if each.below:
            return (
                f"in {len(each.below)} of {each.n + len(each.below)} runs of one of the two nothing was left "
                "to measure"
            )
    return "all runs of one of the two failed"


def best_of(found: Sequence[Evaluation]) -> int:
    """Which of some candidates is best, by what ranks them; those that failed come last."""
    return max(
        range(len(found)), key=lambda k: -np.inf if found[k].rank is None else float(found[k].rank or 0.0)
    )


def in_words(gain: Mapping[str, Any], unit: str) -> str:
    """A difference in words: "better than the start by 31 ± 8 Å/ns"."""
    from zeocryst.report.studies import interval, with_error

    least = gain.get("difference_at_least")
    if least is not None and least > 0:
        return f"better by {with_error(least, None, unit)} or more, with an unknown error ({gain['why_not']})"
    if gain["difference"] is None:
        return f"not comparable ({gain['why_not']})"
    told = with_error(gain["difference"], gain["uncertainty"], unit)
    low, high = gain["interval"]
    if low is None:
        apart = "; every run of the one is above every run of the other" if gain.get("apart") else ""
        return f"different by {told}, with an unknown error{apart}"
    sure = "better" if low > 0 else "worse" if high < 0 else "not surely different"
    return f"{sure} ({told}; {interval(low, high, unit, 3)} with 95 % certainty)"
