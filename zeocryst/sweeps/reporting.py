"""What a sweep says, from what is on the disk: at any time, also while it runs."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.files.folders import locked
from zeocryst.files.records import without_nan
from zeocryst.foundation.textfiles import write_text
from zeocryst.studies.points import Done, Point
from zeocryst.studies.reading import StudyFile, read_study
from zeocryst.sweeps.funnel_run import read_funnel
from zeocryst.sweeps.space import DROPPED, FAILURE, REPLICA, Slot, Space
from zeocryst.sweeps.states import how_far, in_words, look
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, Plan, read_plan
from zeocryst.sweeps.sweep_results import row
from zeocryst.sweeps.sweep_statistics import over_points
from zeocryst.sweeps.sweep_words import assumptions, sentence

#: Held while a report is written, and seconds for which another one waits for it: one of 2000 points takes 6.
LOCK, PATIENCE_S = "report.lock", 60.0


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
    return [_row(*_seen(slot, plan)) for slot in space.slots()]


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
    space = Space(out)
    study, plan = _read(out)
    with _alone(out):
        return _report(out, space, study, plan)


def _report(out: Path, space: Space, study: StudyFile, plan: Plan) -> dict[str, Any]:
    from zeocryst.report.sweep import write_sweep

    slots = space.slots()
    seen = [_seen(slot, plan) for slot in slots]
    _write_table(out / "points.csv", [_row(*one) for one in seen])
    points = over_points(
        plan.axes,
        [done for _, done in seen],
        success=plan.success, framework=plan.framework, seed=study.seed,
    )  # fmt: skip
    by_name = {done.point.name: state for state, done in seen}
    for point in points:
        _as_seen(point, by_name)
        if plan.funnel is not None:
            _of_the_last_part(point)
    told = how_far(out, slots, [state for state, _ in seen])
    wanted = {"success": plan.success, "framework": plan.framework}
    funnel = read_funnel(out)
    said = [sentence(points, **wanted), *([funnel["sentence"]] if funnel and "sentence" in funnel else [])]
    if told["counts"]["running"] or told["counts"]["stopped"]:
        said.append(f"So far: {in_words(told['counts'], told['n_runs'])}")
    summary: dict[str, Any] = without_nan(
        {
            "name": study.name,
            "title": study.title,
            "sentence": " ".join(said),
            "assumptions": assumptions(points, **wanted, funnel=plan.funnel is not None),
            "variables": [{"name": axis.name, "keys": list(axis.keys)} for axis in plan.axes],
            "replicas": plan.replicas,
            "counts": told["counts"],
            "n_points": told["n_points"],
            "n_runs": told["n_runs"],
            "points": points,
            "failed": told["failed"],
            "funnel": funnel,
        }
    )
    write_sweep(out, summary)
    write_text(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    return summary


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Write one report at a time: a sweep's own at its end, and those that are asked for meanwhile."""
    try:
        file = (out / LOCK).open("w")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from None
    with file:
        begin = time.monotonic()
        while not locked(file, exclusive=True):
            if time.monotonic() - begin > PATIENCE_S:
                raise InputError(f"{out}: another zeocryst is writing its report; ask again when that is done")
            time.sleep(0.05)
        yield


def _as_seen(point: dict[str, Any], states: Mapping[str, str]) -> None:
    """Say of a point's runs in which state they are; those that a funnel left are not waited for."""
    for run in point["runs"]:
        run["state"] = states.get(run["name"], run["state"])
    point["n_dropped"] = sum(run["state"] == DROPPED for run in point["runs"])
    point["n_waiting"] -= point["n_dropped"]


def _of_the_last_part(point: dict[str, Any]) -> None:
    """Take away what the last part of a run cannot tell of the whole."""
    point["waiting"] = point["transition"] = None
    for name in ("transition_time_ps", "wall_s"):
        point["quantities"].pop(name, None)


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


def _seen(slot: Slot, plan: Plan) -> tuple[str, Done]:
    """State of a run and what is known of it; its condition is the base: what is varied stands in the facts."""
    state, summary = look(slot)
    values = {axis.name: slot.values.get(axis.name) for axis in plan.axes}
    facts = {**values, REPLICA: slot.replica, "job": slot.job}
    point = Point(slot.name, plan.ground.condition, facts)
    return state, Done(point, slot.folder, summary, slot.document.get(FAILURE) if summary is None else None)


def _row(state: str, done: Done) -> dict[str, Any]:
    return row(done) | {"state": state}


def _write_table(path: Path, found: Sequence[dict[str, Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(found[0]) if found else ["name"])
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in line.items()} for line in found)
    write_text(path, text.getvalue())
