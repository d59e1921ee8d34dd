"""What a sweep says, from what is on the disk: at any time, also while it runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.files.records import read_summary, without_nan
from zeocryst.foundation.textfiles import write_text
from zeocryst.studies.points import Done, Point
from zeocryst.studies.reading import StudyFile, read_study
from zeocryst.sweeps.funnel_run import read_funnel
from zeocryst.sweeps.space import REPLICA, Slot, Space
from zeocryst.sweeps.states import in_words, state_of, status
from zeocryst.sweeps.sweep_folder import FAILURE
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, Plan, read_plan
from zeocryst.sweeps.sweep_results import row
from zeocryst.sweeps.sweep_statistics import over_points
from zeocryst.sweeps.sweep_words import assumptions, sentence


def rows(out: Path) -> list[dict[str, Any]]:
    """Everything of a sweep, a row a run.

    Parameters
    ----------
    out
        Its folder.

    Returns
    -------
    list of dict
        With the same keys each (`zeocryst.sweeps.sweep_results.row`); ``state`` is one of
        `zeocryst.sweeps.states.STATES`.

    Raises
    ------
    InputError
        It holds no sweep, or a damaged one.
    """
    space = Space(out)
    _, plan = _read(out)
    return _rows(space.slots(), plan)


def report(out: Path) -> dict[str, Any]:
    """Write ``report.html``, ``points.csv`` (a row a run) and ``summary.json`` of a sweep.

    Parameters
    ----------
    out
        Its folder.

    Returns
    -------
    dict
        What ``summary.json`` holds: ``name``, ``title``, ``sentence``, ``assumptions``, ``variables`` (``name``
        and ``keys``), ``replicas``, ``counts`` by state, ``n_points``, ``n_runs``, ``points``
        (`zeocryst.sweeps.sweep_statistics.over_points`), ``failed``, ``funnel`` (`zeocryst.sweeps.funnel_run`).

    Raises
    ------
    InputError
        It holds no sweep, or a damaged one.
    """
    from zeocryst.report.sweep import write_sweep

    space = Space(out)
    study, plan = _read(out)
    slots = space.slots()
    _write_table(out / "points.csv", _rows(slots, plan))
    points = over_points(
        plan.axes,
        [_done(slot, plan) for slot in slots],
        success=plan.success, framework=plan.framework, seed=study.seed,
    )  # fmt: skip
    how_far = status(out)
    wanted = {"success": plan.success, "framework": plan.framework}
    funnel = read_funnel(out)
    said = [sentence(points, **wanted), *([funnel["sentence"]] if funnel and "sentence" in funnel else [])]
    if how_far["counts"]["running"] or how_far["counts"]["stopped"]:
        said.append(f"So far: {in_words(how_far['counts'], how_far['n_runs'])}")
    summary: dict[str, Any] = without_nan(
        {
            "name": study.name,
            "title": study.title,
            "sentence": " ".join(said),
            "assumptions": assumptions(points, **wanted),
            "variables": [{"name": axis.name, "keys": list(axis.keys)} for axis in plan.axes],
            "replicas": plan.replicas,
            "counts": how_far["counts"],
            "n_points": how_far["n_points"],
            "n_runs": how_far["n_runs"],
            "points": points,
            "failed": how_far["failed"],
            "funnel": funnel,
        }
    )
    write_sweep(out, summary)
    write_text(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary


def holds_sweep(out: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (out / ".signac").is_dir() and (out / "study.toml").is_file()


def _read(out: Path) -> tuple[StudyFile, Plan]:
    """The sweep that a folder holds."""
    file = out / "study.toml"
    if not file.is_file():
        raise InputError(f"{out}: holds no sweep (there is no study.toml)")
    study = read_study(file, TABLE, KEYS)
    if not study.has_table:
        raise InputError(f"{out}: holds another study, not a sweep (its study.toml has no [{TABLE}])")
    return study, read_plan(study, check=False)


def _done(slot: Slot, plan: Plan) -> Done:
    """What is known of a run; the condition is the base, as what is varied stands in the facts."""
    values = {axis.name: slot.values.get(axis.name) for axis in plan.axes}
    facts = {**values, REPLICA: slot.replica, "job": slot.job}
    point = Point(slot.name, plan.ground.condition, facts)
    if (slot.folder / "summary.json").is_file():
        return Done(point, slot.folder, read_summary(slot.folder))
    return Done(point, slot.folder, None, slot.document.get(FAILURE))


def _rows(slots: Sequence[Slot], plan: Plan) -> list[dict[str, Any]]:
    return [row(_done(slot, plan)) | {"state": state_of(slot)} for slot in slots]


def _write_table(path: Path, found: Sequence[dict[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(found[0]) if found else ["name"])
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in line.items()} for line in found)
    write_text(path, text.getvalue())
