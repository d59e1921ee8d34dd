"""A sweep: one condition over values of anything in it, each as several replicas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError, SimulationError
from zeocryst.foundation.textfiles import parse_toml, read_text
from zeocryst.studies.reading import read_study
from zeocryst.studies.running import StudyOptions
from zeocryst.sweeps.funnel_run import Funnel
from zeocryst.sweeps.replica import MODELS
from zeocryst.sweeps.reporting import report
from zeocryst.sweeps.space import RUN
from zeocryst.sweeps.states import in_lines, status
from zeocryst.sweeps.sweep_folder import SweepFolder
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, Plan, read_plan


def sweep(
    study: str | Path, out: Path, options: StudyOptions, *, retry: bool = False, only_made: bool = False
) -> dict[str, Any]:
    """Run what a sweep asks for and is not run yet, and report.

    Parameters
    ----------
    study
        The file, a ``study.toml`` with a table ``[sweep]``.
    out
        Its folder. One that holds the same sweep is gone on with; values and replicas can be added.
    options
        As for any study.
    retry
        Whether runs that failed are tried again.
    only_made
        Make the folder and its jobs, and run nothing: for a cluster.

    Returns
    -------
    dict
        As ``summary.json`` (`zeocryst.sweeps.reporting.report`), or `zeocryst.sweeps.states.status` where
        nothing is run.

    Raises
    ------
    InputError
        The sweep cannot be made, or the folder holds something else.
    SimulationError
        All runs failed.
    """
    file = read_study(study, TABLE, KEYS)
    plan = read_plan(file)
    if only_made and plan.funnel is not None:
        raise InputError(
            f"{file.where}: --init: a funnel's rungs wait for each other, which a scheduler's jobs do not; run "
            "the sweep here, or take [sweep.funnel] away"
        )
    model = _own_model(plan.ground.condition)
    toml = file.to_toml(
        plan.table(), file.stages, output=plan.output, model=None if model is None else f"{MODELS}/{model.name}"
    )
    with SweepFolder(out, toml, options, retry=retry) as folder:
        if not options.restart:
            check_axes(out, plan)
        folder.begin()
        if model is not None:
            folder.place(f"{MODELS}/{model.name}", read_text(model))
        if plan.funnel is not None and not only_made:
            done = Funnel(folder, file, plan).run()
        else:
            slots = [
                folder.space.slot(setting.values, replica)
                for replica in range(1, plan.replicas + 1)  # so that there is a first look at all of them early
                for setting in plan.settings
            ]
            if only_made:
                return status(out)
            points = [folder.placed(slot, RUN, folder.condition(slot, file, plan)) for slot in slots]
            done = folder.run(points, say=f"{len(plan.settings)} points")
        summary = report(out)
        folder.log(summary["sentence"])
    if folder.elsewhere:
        summary["sentence"] += f" {left_alone(len(folder.elsewhere))}"
    elif all(one.summary is None for one in done):
        lines = in_lines(summary["failed"])
        raise SimulationError(f"every run failed; the first: {lines[0]}")
    return summary


def _own_model(condition: Condition) -> Path | None:
    """The file of a force field that is no shipped one: the folder keeps a copy, so that it can be moved."""
    file = condition.folder / condition.forcefield
    return file if file.is_file() else None


def left_alone(n: int) -> str:
    """What is said of runs that are not this call's."""
    if n == 1:
        return "1 run is run by another process and was left alone; the same command sees what came of it."
    return f"{n} runs are run by other processes and were left alone; the same command sees what came of them."


def check_axes(out: Path, plan: Plan) -> None:
    """See that a folder's earlier runs were varied in the same things.

    Raises
    ------
    InputError
        They were not: their points would not be comparable.
    """
    path = out / "study.toml"
    if not path.is_file():
        return
    old = parse_toml(read_text(path), str(path)).get(TABLE)
    if old is None:
        return
    before, now = _varied(old), _varied(plan.table())
    if before != now:
        raise InputError(
            f"--out {out}: holds a sweep over {_named(before)}, and this one is over {_named(now)}; values and "
            "replicas can be added to a sweep, other keys need a folder of their own"
        )
    before, now = (_rungs(one) for one in (old, plan.table()))
    if before != now:
        told = [f"a funnel with {_in_words(one)}" if one else "no funnel" for one in (before, now)]
        raise InputError(
            f"--out {out}: holds a sweep with {told[0]}, and this one has {told[1]}; its runs and atoms are "
            "what those say: give a new folder (keep can be changed)"
        )


def _rungs(table: Mapping[str, Any]) -> dict[str, Any]:
    """What runs and atoms of a funnel depend on."""
    return {key: value for key, value in table.get("funnel", {}).items() if key != "keep"}


def _in_words(funnel: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in funnel.items())


def _varied(table: Mapping[str, Any]) -> dict[str, Any]:
    """Names of what is varied, with the keys; a table of points has keys alone."""
    rows = table.get("point", [])
    return {axis["name"]: axis["key"] for axis in table.get("axis", [])} | {
        key: key for key in (rows or [{}])[0]
    }


def _named(axes: Mapping[str, Any]) -> str:
    """What is varied, in words."""
    told = []
    for name, key in axes.items():
        keys = " = ".join([key] if isinstance(key, str) else key)
        told.append(name if keys == name else f"{name} ({keys})")
    return ", ".join(told) or "replicas alone"
