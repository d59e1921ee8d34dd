"""The funnel: all points for a short while, the better ones for longer, the best to their end and to atoms.

Successive halving (K. Jamieson, A. Talwalkar, AISTATS 2016, 240): after each rung the points are ranked by a
criterion, and the better ones go on, each from where it was: no step is run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.condition import Condition, System
from zeocryst.studies.objectives import OBJECTIVES, Objective
from zeocryst.studies.points import Done
from zeocryst.studies.reading import replica_seed
from zeocryst.sweeps.funnel_plan import FunnelPlan


def part_of(condition: Condition, begin: float, end: float, earlier: Path | None) -> Condition:
    """What a rung runs of a condition.

    Parameters
    ----------
    condition
        The whole.
    begin, end
        Shares of the last stage's time.
    earlier
        Folder of the run that was there until `begin`, from whose last frame, velocities and all, it goes on;
        None where there is none.

    Returns
    -------
    Condition
        The stages before the last belong to the first rung.
    """
    last = condition.stages[-1]
    part = replace(last, time_ps=last.time_ps * (end - begin))
    if earlier is None:
        return replace(condition, stages=(*condition.stages[:-1], part))
    start = System("file", file=str((earlier / "trajectory.gsd").absolute()), frame=-1)
    # with the same seed number each part would see the same noise again
    seed = replica_seed(condition.seed, "from", begin)
    return replace(condition, system=start, stages=(part,), seed=seed)


@dataclass(frozen=True)
class Rank:
    """What the replicas of a point are worth together.

    Attributes
    ----------
    values : dict
        What is varied.
    rank : float or None
        Mean of the ranks; None where a replica failed.
    value, error : float or None
        Mean of what was measured, where it was, and its standard error; None for one replica.
    spread : float or None
        Standard error of `rank`; None for one replica.
    n_replicas, n_failed : int
    notes : tuple of str
    """

    values: Mapping[str, Any]
    rank: float | None
    value: float | None
    error: float | None
    spread: float | None
    n_replicas: int
    n_failed: int
    notes: tuple[str, ...] = ()


def ranked(
    groups: Sequence[Sequence[Done]], plan: FunnelPlan, rows: Callable[[Done], Sequence[Mapping[str, Any]]]
) -> list[Rank]:
    """What each point is worth, in the order given; a point's replicas are one group."""
    objective = objective_of(plan)
    return [_rank(group, objective, plan.framework, rows) for group in groups]


def objective_of(plan: FunnelPlan) -> Objective:
    """The criterion."""
    return OBJECTIVES[plan.criterion]


def _rank(
    group: Sequence[Done],
    objective: Objective,
    framework: str,
    rows: Callable[[Done], Sequence[Mapping[str, Any]]],
) -> Rank:
    values = {
        key: value for key, value in group[0].point.facts.items() if key not in ("replica", "job", "rung")
    }
    good = [done for done in group if done.failure is None]
    failures = tuple(f"{done.point.name}: {done.failure}" for done in group if done.failure is not None)
    if failures:
        return Rank(values, None, None, None, None, len(good), len(failures), failures)
    scores = [objective.of(done, rows(done), framework) for done in good]
    measured = [score.value for score in scores if score.value is not None]
    ranks = [score.rank for score in scores]
    return Rank(
        values,
        float(np.mean(ranks)),
        float(np.mean(measured)) if measured else None,
        _error(measured),
        _error(ranks),
        len(good),
        0,
        tuple(dict.fromkeys(score.note for score in scores if score.note)),
    )


def _error(values: Sequence[float]) -> float | None:
    """Standard error of a mean; None for a single value."""
    return float(np.std(values, ddof=1) / len(values) ** 0.5) if len(values) > 1 else None


def kept(ranks: Sequence[Rank], keep: int) -> list[int]:
    """Numbers of the points that go on: the best `keep`, of equal ones the earlier; none that failed."""
    alive = [k for k, one in enumerate(ranks) if one.rank is not None]
    best = sorted(alive, key=lambda k: (-_rank_value(ranks[k]), k))[:keep]
    return sorted(best)


def _rank_value(one: Rank) -> float:
    assert one.rank is not None
    return one.rank


def close_call(ranks: Sequence[Rank], chosen: Sequence[int]) -> str:
    """What is said where the last point that is kept and the first that is not are not told apart; else ""."""
    left = [one for k, one in enumerate(ranks) if k not in chosen and one.rank is not None]
    if not left or not chosen:
        return ""
    last = min((ranks[k] for k in chosen), key=_rank_value)
    first = max(left, key=_rank_value)
    gap = _rank_value(last) - _rank_value(first)
    if gap == 0:
        return "The last point that was kept and the first that was not rank the same: the file's order chose."
    if last.spread is None or first.spread is None:
        return "One replica a point tells no error: whether the points that were left are worse is not known."
    error = float(np.hypot(last.spread, first.spread))
    if gap <= 2 * error:
        return (
            f"The ranks of the last point that was kept and the first that was not differ by {gap:.3g}, which "
            f"is within two of the difference's errors ({error:.2g}): chance may have chosen."
        )
    return ""
