"""The report of a committor: sizes of all runs over time, and the share that crystallized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zeocryst.report.figures import clean, new_figure, save
from zeocryst.report.page import facts, image
from zeocryst.report.seeding import course_rows, draw_courses
from zeocryst.report.studies import interval, runs_table, study_page


def write_committor(folder: Path, summary: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> Path:
    """Write the figure and ``report.html`` into a study's folder; returns its path.

    Of each run are told ``name``, ``outcome``, ``watched_ps``, ``size_at_end``, ``time_ps`` and ``sizes``.
    """
    figure = new_figure(9, 3.4)
    axis = figure.subplots()
    draw_courses(axis, runs)
    for bound in ("grown_from", "melted_below"):
        axis.axhline(summary[bound], color="0.3", lw=0.8, ls=":")
    axis.set_xlabel("time (ps)")
    clean(axis, "size (T)")
    path = save(figure, folder / "figures", "sizes", course_rows(runs))
    ends = summary["committor_interval"]
    table = facts(
        [
            ("committor", summary["committor"]),
            ("interval (95 %)", "–" if ends is None else interval(ends[0], ends[1], digits=3)),
            (
                "grown, melted, undecided",
                f"{summary['n_grown']}, {summary['n_melted']}, {summary['n_undecided']}",
            ),
            ("temperature, K", summary["temperature_K"]),
            (f"{summary['size']} of the frame", summary["size_of_frame"]),
            ("grown from", summary["grown_from"]),
            ("melted below", summary["melted_below"]),
        ]
    )
    caption = "Sizes over time (blue: grown, orange: melted, grey: undecided); dotted: where runs end."
    columns = {"outcome": "outcome", "watched_ps": "watched, ps", "size_at_end": "size at the end"}
    sections = [("Result", table), ("Runs", image(path, caption) + runs_table(runs, columns))]
    return study_page(folder, summary, sections, found=summary["committor"] is not None)
