"""What a sweep would cost before it is begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from zeocryst.condition import Condition
from zeocryst.studies.forecast import Batch
from zeocryst.studies.reading import read_study
from zeocryst.sweeps.funnel import part_of
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, Plan, Setting, read_plan

#: At most so many points are tried: a trial takes seconds.
MOST_TRIED = 6
#: The key that names a force field.
NAMED = "forcefield.name"


def batches(path: str | Path) -> tuple[str, list[Batch]]:
    """For `zeocryst.studies.forecast.forecast`: a sweep's name, and its runs that cost alike.

    Points that differ in what hardly changes the cost (temperatures, energies) are one batch. Of more kinds
    than `MOST_TRIED` some stand for the others.
    """
    study = read_study(path, TABLE, KEYS)
    plan = read_plan(study)
    if plan.funnel is not None:
        return study.name, _rungs(plan)
    groups = _alike(plan)
    step = -(-len(groups) // MOST_TRIED)
    found = []
    for k in range(0, len(groups), step):
        runs = plan.replicas * sum(len(group) for group in groups[k : k + step])
        condition = _condition(plan, groups[k + len(groups[k : k + step]) // 2][0])
        found.append(Batch("runs" if len(groups) == 1 else "runs of some points", condition, runs, runs))
    return study.name, found


def _alike(plan: Plan) -> list[list[Setting]]:
    """Points by what decides the cost: the start, and the numbers of steps."""
    groups: dict[str, list[Setting]] = {}
    for setting in plan.settings:
        key = {k: v for k, v in setting.by_key.items() if _costs(k)}
        groups.setdefault(repr(key), []).append(setting)
    return list(groups.values())


def _costs(key: str) -> bool:
    """Whether a key changes what a run costs by much."""
    return (
        key == NAMED or key.startswith(("system.", "composition.")) or key.endswith(("time_ps", "timestep_fs"))
    )


def _condition(plan: Plan, setting: Setting) -> Condition:
    """Of a point; a varied force field takes as long as the one that it is made of."""
    values = {k: v for k, v in setting.by_key.items() if k == NAMED or not k.startswith("forcefield.")}
    return plan.ground.with_values(values, place=Path)


def _rungs(plan: Plan) -> list[Batch]:
    """A batch a rung, of the middle point."""
    assert plan.funnel is not None
    whole = _condition(plan, plan.settings[len(plan.settings) // 2])
    points: Sequence[int] = (len(plan.settings), *plan.funnel.keep)
    begin, found = 0.0, []
    for k, end in enumerate((*plan.funnel.time_shares, 1.0)):
        part = part_of(whole, begin, end, None)
        if k:  # what comes before the last stage belongs to the first rung
            part = replace(part, stages=part.stages[-1:])
        runs = points[k] * plan.replicas
        found.append(Batch(f"runs of rung {k + 1}", part, runs, runs))
        begin = end
    return found
