"""What a run measured besides what every run measures: order parameters that were asked for, and of plugins."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.files.trajectory import read_frame
from zeocryst.foundation.plugins import used_for
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import find, measure
from zeocryst.order.measured import Table
from zeocryst.report.analysis import distribution, over_time
from zeocryst.report.figures import save
from zeocryst.report.page import image

Row = dict[str, float]


def besides(folder: Path, rows: Sequence[Row], summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The section of a run's report, where there is something: numbers over time, curves of three frames."""
    entries = summary.get("measured")  # not where nothing was asked for
    if not entries:
        return []
    place, html = folder / "figures", ""
    for entry in entries:
        name = entry["name"]
        html += f"<h3>{escape(name)}</h3>" + _says(name)
        if entry["columns"]:
            panel = (name, {column: column for column in entry["columns"]})
            figure, shown = over_time(rows, summary["transition"], [panel])
            table = [{key: row[key] for key in ("step", "time_ps", *shown)} for row in rows]
            html += image(save(figure, place, f"measured_{_plain(name)}", table), "Over time, as simulated.")
        html += "".join(_curves(folder, rows, summary, name, entry["curves"]))
        if entry["sites"]:
            arrays = escape(", ".join(entry["sites"]))
            html += f"<p class=note>Of each T, in the log of trajectory.gsd: {arrays}.</p>"
    return [("Measured besides", html)]


def plugin_in_words(entry: dict[str, Any]) -> str:
    """Which plugin, and what of it was used."""
    return f"{entry['plugin']} ({', '.join(used_for(entry))}; sha256 {entry['sha256'][:12]})"


def _plain(name: str) -> str:
    """A name for files."""
    return name.replace(":", "_").replace("*", "").replace("-", "")


def _says(name: str) -> str:
    """What the order parameter says of itself, in its first line."""
    try:
        entry = find(name)
    except InputError:  # its plugin is not there any more
        return ""
    thing = entry.foreign.thing if entry.foreign is not None else entry.compute
    lines = (thing.__doc__ or "").strip().splitlines()
    return f"<p>{escape(lines[0])}</p>" if lines else ""


def _curves(
    folder: Path, rows: Sequence[Row], summary: dict[str, Any], name: str, curves: Sequence[str]
) -> list[str]:
    """Figures of the curves of three frames; those of an earlier report where the plugin is missing."""
    if not curves:
        return []
    place, first = folder / "figures", int(summary["start_frame"])
    tables, labels = [], []
    try:
        for k in sorted({first, (first + len(rows)) // 2, len(rows) - 1}):
            frame = read_frame(folder / "trajectory.gsd", k)
            tables.append(measure(network_of_frame(frame)[0], [name], frame).distributions)
            labels.append(f"{rows[k]['time_ps'] / 1000:.3g} ns")
    except InputError as error:
        old = [place / f"{curve}.png" for curve in curves]
        kept = [image(path, f"{path.stem}, from an earlier report.") for path in old if path.is_file()]
        return kept or [f"<p class=note>No curves of {escape(name)}: {escape(str(error))}.</p>"]
    found = []
    for curve in curves:
        chosen: list[Table] = [each[curve] for each in tables]
        lines = [
            {"frame": label, **dict(zip(table, values, strict=True))}
            for table, label in zip(chosen, labels, strict=True)
            for values in zip(*(np.asarray(column).tolist() for column in table.values()), strict=True)
        ]
        path = save(distribution(curve, chosen, labels), place, curve, lines)
        found.append(image(path, "Start, middle and end, as simulated."))
    return found
