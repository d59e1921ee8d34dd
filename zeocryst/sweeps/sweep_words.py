"""A sweep's answer in words, and what is assumed in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from zeocryst.order.replicas import ASSUMPTIONS
from zeocryst.report.sweep_layout import in_words
from zeocryst.sweeps.sweep_intervals import FEWEST_BOOTSTRAPPED, SAMPLES
from zeocryst.sweeps.sweep_plan import NUCLEUS
from zeocryst.sweeps.sweep_statistics import AMORPHOUS

Point = Mapping[str, Any]

FUNNEL = (
    "Results of a funnel's points are of the last part of their runs. These points were kept for doing well in "
    "the same runs, so that they look better than they are; a point with a failed replica was left."
)
#: Points that the sentence names one by one.
NAMED = 6


def sentence(points: Sequence[Point], *, success: str, framework: str) -> str:
    """The answer: how much of the sweep is known, and which framework leads where.

    Parameters
    ----------
    points
        From `zeocryst.sweeps.sweep_statistics.over_points`.
    success, framework
        What counts as success.
    """
    dropped = sum(point.get("n_dropped", 0) for point in points)
    n_runs = dropped + sum(point["n_replicas"] + point["n_failed"] + point["n_waiting"] for point in points)
    done = sum(point["n_replicas"] for point in points)
    failed = sum(point["n_failed"] for point in points)
    words = f"{done} of {_counted(n_runs, 'run')} at {_counted(len(points), 'point')} done"
    words += f", {failed} failed" if failed else ""
    words += f", {dropped} left by the funnel." if dropped else "."
    known = [point for point in points if point["frameworks"]]
    if not known:
        return f"{words} Nothing is known yet."
    return f"{words} {_leading(known)} {_success(points, success, framework)}".strip()


def _leading(points: Sequence[Point]) -> str:
    """Which type leads where."""
    if len(points) <= NAMED:
        told = []
        for point in points:
            best = point["frameworks"][0]
            equal = [one["code"] for one in point["frameworks"] if one["n_replicas"] == best["n_replicas"]]
            where = in_words(point["values"])
            what = f"{' or '.join(equal)} (each {best['n_replicas']} of {_counted(point['n_replicas'], 'run')})"
            what = what if len(equal) > 1 else what.replace("each ", "")
            told.append(f"{where}: {what}" if where else what)
        return f"Led by, at {'; '.join(told)}." if where else f"Led by {told[0]}."
    counted = Counter(point["frameworks"][0]["code"] for point in points)
    told = [f"{code} at {n}" for code, n in counted.most_common()]
    return f"Most runs of a point are led by {', by '.join(told)} of {_counted(len(points), 'point')}."


def _success(points: Sequence[Point], success: str, framework: str) -> str:
    """How many runs had success."""
    n, trials = (sum(point["success"][key] for point in points) for key in ("n_success", "n_replicas"))
    what = f"saw a nucleus{f' of {framework}' if framework else ''}" if success == NUCLEUS else (
        f"ended crystalline{f', most of it {framework}' if framework else ''}"
    )  # fmt: skip
    return f"{n} of {_counted(trials, 'run')} {what}." if trials else ""


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}{'' if n == 1 else 's'}"


def assumptions(points: Sequence[Point], *, success: str, framework: str, funnel: bool = False) -> list[str]:
    """What is assumed in `points`, each as a sentence; with a `funnel` they are of those that it kept."""
    said = [*_not_yet(points), *([FUNNEL] if funnel else [])]
    said += [
        "Each run is a sample of its own: replicas of a point differ in their seed number only.",
        "Means are over the replicas that have the quantity, with 95 % intervals: the bias-corrected and "
        f"accelerated bootstrap ({SAMPLES} draws) from {FEWEST_BOOTSTRAPPED} runs on, Student's t for two to "
        f"{FEWEST_BOOTSTRAPPED - 1}, of which no bootstrap holds 95 % (that of three holds 72 %). Student's is "
        "exact for normal values and too narrow for skew ones (87 % of three exponential ones). A single run, "
        "and runs that all gave the same, have no interval.",
        "The transition time is a mean over the runs that transformed, and no estimate of how long one waits: "
        "runs that did not are left out of it, so that it is too short wherever there are any. The survival "
        "curves count them for as long as they went on.",
        "Chances have the exact interval of Clopper and Pearson, which holds the chance in 95 % of cases or "
        "more: three of three runs say no more than 29 to 100 %.",
        "A run is led by the type with the largest share of its T once quenched, and is amorphous where that "
        "is below a tenth. Which type leads most often is not tested against the next one.",
        "Intervals are for each point by itself: of 20 of them one does not hold what it is for.",
        _what_counts(success, framework),
    ]
    if any(point["waiting"] for point in points):
        said += ASSUMPTIONS[1:3]
    if any(point["n_failed"] for point in points):
        said.append(
            "Runs that failed are in no mean and no chance: where a setting makes runs fail, what is left may "
            "be no fair sample of it."
        )
    if any(one["code"] != AMORPHOUS and "|" in one["code"] for point in points for one in point["frameworks"]):
        said.append("Types with | between them cannot be told apart in these runs.")
    return said


def _not_yet(points: Sequence[Point]) -> list[str]:
    if not any(point["n_waiting"] for point in points):
        return []
    return [
        "Not all runs have ended. Where a run ends as soon as it has transformed, those that have ended are "
        "the quick ones: until all are done, waits are too short and chances too high."
    ]


def _what_counts(success: str, framework: str) -> str:
    """What success is."""
    if success == NUCLEUS:
        of = f", and that {framework} leads the run at its end" if framework else ""
        return (
            f"Success is a nucleus while the run was watched{of}; runs that begin with a crystal do not count. "
            "Its chance is for the time that these runs took."
        )
    of = f", half of them or more as {framework}" if framework else ""
    return (
        f"Success is that 80 % of the T or more are crystalline once quenched{of}. Its chance is for the time "
        "that these runs took."
    )
