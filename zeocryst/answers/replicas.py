"""Several finished runs of one condition in one report: waiting times, means, and errors over the runs."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.files.records import read_summary, without_nan
from zeocryst.foundation.outdir import check_empty, folder
from zeocryst.foundation.textfiles import damage_told
from zeocryst.order.replicas import over_replicas, waiting

#: Columns of ``points.csv`` and where a run's summary has them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "condition": ("condition",),
    "seed": ("seed",),
    "n_T": ("n_T",),
    "n_S": ("n_S",),
    "time_ps": ("time_ps",),
    "verdict": ("verdict",),
    "crystalline_share": ("crystalline_share", "end"),
    "waiting_time_ps": ("growth", "waiting_time_ps"),
    "waiting_time_uncertainty_ps": ("growth", "waiting_time_uncertainty_ps"),
    "watched_ps": ("growth", "watched_ps"),
    "transition_time_ps": ("transition", "time_ps"),
    "front_speed_A_per_ns": ("growth", "front_speed_A_per_ns"),
    "front_speed_uncertainty_A_per_ns": ("growth", "front_speed_uncertainty_A_per_ns"),
    "rate_sites_per_ns": ("growth", "rate_sites_per_ns"),
    "wall_s": ("wall_s",),
}


def replicas(names: Sequence[str], out: Path) -> dict[str, Any]:
    """Put finished runs together and write what they say into a folder.

    Parameters
    ----------
    names
        Folders of runs.
    out
        Folder for ``summary.json``, ``points.csv`` (a row a run), ``report.html`` and ``figures/``.

    Returns
    -------
    dict
        The summary: ``replicas`` (`zeocryst.order.replicas.over_replicas`), ``points``, ``sentence``,
        ``assumptions``.

    Raises
    ------
    InputError
        A folder holds no finished run, or one was given twice; `out` is not empty.
    """
    check_empty(out)
    paths = [Path(name) for name in names]
    same = [path for k, path in enumerate(paths) if path.resolve() in {p.resolve() for p in paths[:k]}]
    if same:
        raise InputError(f"{same[0]}: given twice; each run counts once")
    summaries = [read_summary(path) for path in paths]
    with damage_told("a summary.json is not as zeocryst wrote it"):
        found = _together(paths, summaries)
    summary: dict[str, Any] = without_nan(found)
    with folder(out) as made:
        assert made is not None
        _write(made, summary)
    return summary


def _together(paths: Sequence[Path], summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The summary of several."""
    found = over_replicas(summaries)
    waited = found.get("waiting_time_ps") or waiting(summaries)  # the latter says why there is none
    points = [{"name": str(path)} | columns(summary) for path, summary in zip(paths, summaries, strict=True)]
    names = sorted({str(summary["condition"]) for summary in summaries})
    return {
        "name": ", ".join(names),
        "title": f"{len(paths)} runs of {', '.join(names)}",
        "n_replicas": len(paths),
        "replicas": found,
        "points": points,
        "sentence": " ".join(_sentences(found)) or waited["sentence"],
        "assumptions": waited["assumptions"] if waited["n_replicas"] else [],
    }


def columns(summary: Mapping[str, Any], ways: Mapping[str, tuple[str, ...]] = COLUMNS) -> dict[str, Any]:
    """A line of a table: what a summary has of some columns, and the types it was named.

    Parameters
    ----------
    summary
        Of a run.
    ways
        Columns, and where the summary has each.

    Returns
    -------
    dict
        With all columns, None for what the summary lacks, and ``types`` in words.
    """
    row: dict[str, Any] = {}
    for name, way in ways.items():
        value: Any = summary
        for key in way:
            value = value.get(key) if isinstance(value, Mapping) else None
        row[name] = value
    row["types"] = " ".join(f"{t['code']} {t['sites']}" for t in summary.get("types") or ())
    return row


def _sentences(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is said of each quantity."""
    from zeocryst.report.studies import with_error

    said = [found["waiting_time_ps"]["sentence"]] if "waiting_time_ps" in found else []
    for name, words, unit in (
        ("front_speed_A_per_ns", "Front speed", "Å/ns"),
        ("rate_sites_per_ns", "Growth of the largest grain", "T/ns"),
    ):
        if name in found:
            one = found[name]
            mean = with_error(one["mean"], one["uncertainty"], unit)
            said.append(f"{words} {mean} (mean of {one['n_replicas']}).")
    return said


def _write(made: Path, summary: Mapping[str, Any]) -> None:
    """The files of the folder, the summary last."""
    from zeocryst.report.page import image, page, table
    from zeocryst.report.studies import sentences
    from zeocryst.report.survival import CAPTION, save_survival

    points = summary["points"]
    with (made / "points.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(points[0]))
        writer.writeheader()
        writer.writerows(points)
    waited = summary["replicas"].get("waiting_time_ps")
    sections = [("The runs", table(list(points[0]), [list(point.values()) for point in points]))]
    if waited:
        picture = image(save_survival(made / "figures", waited), CAPTION)
        sections.insert(0, ("How long a nucleus is waited for", picture + _waits_table(waited)))
        if waited["left_out"]:
            reasons = [f"Seed number {run['seed']}: {run['why']}" for run in waited["left_out"]]
            sections.append(("Runs that say nothing of the wait", sentences(reasons)))
        sections.append(("What is assumed", sentences(waited["assumptions"])))
    (made / "report.html").write_text(page(summary["title"], "", summary["sentence"], sections), "utf-8")
    (made / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")


def _waits_table(waited: Mapping[str, Any]) -> str:
    """Estimates and their intervals."""
    from zeocryst.report.page import table
    from zeocryst.report.studies import interval

    rows = [
        (words, waited[name], interval(waited[f"{stem}_low{tail}"], waited[f"{stem}_high{tail}"]))
        for words, name, stem, tail in (
            ("mean wait, ps", "mean", "mean", ""),
            ("median wait, ps", "median_ps", "median", "_ps"),
            ("nuclei per ns", "rate_per_ns", "rate", "_per_ns"),
            ("nuclei per m3 and s", "rate_per_m3_s", "rate", "_per_m3_s"),
        )
        if waited[name] is not None
    ]
    how = waited["success"]
    rows.append(("chance that a run sees one", how["chance"], interval(how["chance_low"], how["chance_high"])))
    return table(["", "estimate", "95 % interval"], rows)
