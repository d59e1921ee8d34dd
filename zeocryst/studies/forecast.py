"""What a study would cost before it is begun: how many runs, of how many beads, for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.engines.protocol import available_threads
from zeocryst.running.beginning import Options, read_with_options
from zeocryst.running.estimate import estimate
from zeocryst.studies import design_plan, melting_plan
from zeocryst.studies.enthalpy import CRYSTAL, MELT
from zeocryst.studies.melting import ENTHALPY_AT, MOVES, ROUNDS, Melting
from zeocryst.studies.reading import read_study
from zeocryst.studies.seeding import crystal_point, melt_point, read_seeding_study

if TYPE_CHECKING:
    from zeocryst.condition import Condition


@dataclass(frozen=True)
class Batch:
    """Runs of a study that cost about as much as each other.

    Attributes
    ----------
    what : str
        What they are, in the plural.
    condition : Condition
        One of them.
    runs, most : int
        How many there are, and how many there can be where that follows from what the first ones tell.
    """

    what: str
    condition: Condition
    runs: int
    most: int


Planned = Callable[["str | Path"], tuple[str, list[Batch]]]


def forecast(path: str | Path, table: str, options: Options, planned: Planned | None = None) -> dict[str, Any]:
    """Validate a study, and try each kind of its runs for a moment; writes nothing.

    Parameters
    ----------
    path
        The study's file.
    table
        Its table, such as ``melt``.
    options
        Engine and device.
    planned
        Tells the study's name and its batches; that of `PLANNED` if not given.

    Returns
    -------
    dict
        ``study``, ``table``, ``batches`` (each with ``what``, ``runs``, ``most_runs``, ``n_T``, ``n_S``,
        ``steps``, ``time_ps`` and ``wall_s`` of the longest that one can be, ``steps_per_s``, ``busy``),
        ``jobs`` (how many would run at once), ``wall_s`` and ``most_wall_s`` of the whole.

    Raises
    ------
    InputError
        The study can't be made.
    """
    name, batches = (planned or PLANNED[table])(path)
    jobs = available_threads()
    told = [_tried(batch, replace(options, threads=1)) for batch in batches]
    whole, most = (sum(one["wall_s"] * one[key] for one in told) / jobs for key in ("runs", "most_runs"))
    return {
        "study": name, "table": table, "batches": told, "jobs": jobs,
        "wall_s": round(whole), "most_wall_s": round(most),
    }  # fmt: skip


def _tried(batch: Batch, options: Options) -> dict[str, Any]:
    found = estimate(read_with_options(batch.condition, options))
    kept = ("n_T", "n_S", "steps", "time_ps", "can_end_early", "busy", "steps_per_s", "wall_s")
    return {"what": batch.what, "runs": batch.runs, "most_runs": batch.most} | {k: found[k] for k in kept}


def _melting(path: str | Path) -> tuple[str, list[Batch]]:
    study = read_study(path, "melt", melting_plan.KEYS)
    melting = Melting.of(study)
    plan = melting.plan
    known = plan.temperatures_K
    temperatures = known or [sum(plan.search_K) / 2] * plan.n_temperatures
    middle = temperatures[len(temperatures) // 2]
    batches = []
    if known is None:
        searched = melting.front_point(plan.faces[0], middle, 1, search=True)
        batches.append(Batch("runs of the search", searched.condition, 2 * ROUNDS, 2 * ROUNDS))
    for face in plan.faces:
        runs = len(temperatures) * plan.replicas
        most = runs if known else runs * (MOVES + 1)
        batches.append(
            Batch(f"fronts across {face}", melting.front_point(face, middle, 1).condition, runs, most)
        )
    if plan.enthalpy:
        runs = len(plan.enthalpy_temperatures_K or ENTHALPY_AT)
        for phase in (CRYSTAL, MELT):
            batches.append(
                Batch(f"runs of the {phase}", melting.phase_point(phase, middle).condition, runs, runs)
            )
    return study.name, batches


def _seeding(path: str | Path) -> tuple[str, list[Batch]]:
    study, plan = read_seeding_study(path)
    coldest, n = plan.temperatures_K[0], len(plan.temperatures_K)
    besides = plan.melting_point_K is not None  # for its enthalpies
    melts, crystals = plan.melts * n + besides, n + besides
    seed = study.condition(
        name="seed", seed=1, stages=plan.seed_stages(coldest, plan.balls[len(plan.balls) // 2], 1.0),
        system=plan.melt_system(), output={"interval_ps": plan.interval_ps},
    )  # fmt: skip
    seeds = plan.runs * n
    return study.name, [
        Batch("melts", melt_point(study, plan, coldest, 1).condition, melts, melts),
        Batch("crystals", crystal_point(study, plan, coldest).condition, crystals, crystals),
        Batch("seeds", seed, seeds, seeds * plan.times),
    ]


def _design(path: str | Path) -> tuple[str, list[Batch]]:
    study = read_study(path, design_plan.TABLE, design_plan.KEYS)
    plan = design_plan.read_plan(study)
    search = plan.budget.evaluations * plan.replicas
    last = plan.final_replicas * ((plan.candidates if plan.candidates > 1 else 0) + 2 + plan.has_reference)
    condition = plan.ground.condition
    return study.name, [
        Batch("runs of the search", condition, search, search),
        Batch("runs that judge what it found", condition, last, last),
    ]


PLANNED: Mapping[str, Planned] = {
    "melt": _melting, "seeding": _seeding, design_plan.TABLE: _design,
}  # fmt: skip
