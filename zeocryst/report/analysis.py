"""Tables and figures of an analysis."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.files.records import without_nan
from zeocryst.report.aggregation import save_aggregation
from zeocryst.report.figures import CURVES, clean, new_figure, save
from zeocryst.report.fronts import save_fronts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]
Panel = tuple[str, dict[str, str]]
Tables = dict[str, list[dict[str, NDArray[Any]]]]

#: Panels of the figure over time: label of the axis, and the columns it shows with their labels.
PANELS = (
    ("share of T", {"crystalline_share": "crystalline", "q4_share": "four-coordinated (Q4)",
                    "tetrahedral_order": "tetrahedral order q", "solid_bond_share": "solid-like bonds"}),
    ("largest grain (T)", {"largest_grain_sites": "largest grain"}),
    ("bond order", {"steinhardt_q4": "$q_4$", "steinhardt_q6": "$q_6$",
                    "steinhardt_q4_averaged": "averaged $q_4$", "steinhardt_q6_averaged": "averaged $q_6$"}),
    ("rings per T", {f"rings{n}_per_T": f"{n}-rings" for n in range(3, 9)}),
    ("T per 1000 Å$^3$", {"density_T_per_1000A3": "density"}),
)  # fmt: skip
#: For each distribution: labels of its axes.
AXES = {
    "pair_distribution": ("r (Å)", "g(r)"),
    "structure_factor": ("q (1/Å)", "S(q)"),
    "powder_pattern": ("2θ (degrees, Cu Kα)", "intensity"),
}


def write_analysis(
    folder: Path,
    rows: Sequence[Row],
    distributions: Tables,
    summary: dict[str, Any],
    fronts: Sequence[Row] = (),
    besides: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write ``order_parameters.csv``, a CSV for each distribution, ``figures/`` and ``summary.json``.

    Parameters
    ----------
    folder
        Where to.
    rows
        One a frame, with ``frame``, ``step`` and ``time_ps``.
    distributions
        Name to tables by columns, one a frame.
    summary
        What was found in all.
    fronts
        Where the fronts of a growing slab were, one a frame, if there is one.
    besides
        Columns of order parameters that have a panel of their own, by its label.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    _table(folder / "order_parameters.csv", columns, ([row.get(key, "") for key in columns] for row in rows))
    for name, tables in distributions.items():
        which = [[row["frame"], row["step"], row["time_ps"]] for row in rows]
        lines = (
            [*first, *line]
            for first, table in zip(which, tables, strict=True)
            for line in zip(*(column.tolist() for column in table.values()), strict=True)
        )
        _table(folder / f"{name}.csv", ["frame", "step", "time_ps", *tables[0]], lines)
    panels = [*PANELS, *((name, {key: key for key in keys}) for name, keys in (besides or {}).items())]
    _draw(folder / "figures", rows, distributions, summary["transition"], panels)
    if fronts:
        save_fronts(folder / "figures", fronts, summary["growth"])
    (folder / "summary.json").write_text(json.dumps(without_nan(summary), indent=1) + "\n", "utf-8")


def _table(path: Path, columns: Sequence[str], lines: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_shown(value) for value in line] for line in lines)


def _shown(value: Any) -> Any:
    """A number with seven digits; nothing where it is not defined."""
    if isinstance(value, float):
        return f"{value:.7g}" if np.isfinite(value) else ""
    return value


def _draw(
    folder: Path,
    rows: Sequence[Row],
    distributions: Tables,
    transition: dict[str, Any] | None,
    panels: Sequence[Panel],
) -> None:
    timed = all(np.isfinite(row["time_ps"]) for row in rows)
    figure, shown = over_time(rows, transition, panels)
    if shown:
        keys = ["frame", "step", "time_ps", *shown]
        save(figure, folder, "order", [{key: row[key] for key in keys} for row in rows])
    middle = len(rows) // 2
    if transition and transition["time_ps"] is not None:
        middle = int(np.argmin([abs(row["time_ps"] - transition["time_ps"]) for row in rows]))
    picked = sorted({0, middle, len(rows) - 1})
    every = [f"{row['time_ps'] / 1000:.3g} ns" if timed else f"frame {row['frame']}" for row in rows]
    save_aggregation(folder, rows, distributions, every, picked)
    labels = [every[k] for k in picked]
    for name, tables in distributions.items():
        if name in ("cluster_sizes", "small_angle"):
            continue
        table = [
            {"frame": rows[k]["frame"], **dict(zip(tables[k], line, strict=True))}
            for k in picked
            for line in zip(*tables[k].values(), strict=True)
        ]
        save(distribution(name, [tables[k] for k in picked], labels), folder, name, table)


def over_time(
    rows: Sequence[Row], transition: dict[str, Any] | None, choice: Sequence[Panel] = PANELS
) -> tuple[Figure, list[str]]:
    """What was measured over time in a choice of panels, and the names of the columns that are shown."""
    timed = all(np.isfinite(row["time_ps"]) for row in rows)
    panels = [
        (label, {key: name for key, name in curves.items() if key in rows[0]}) for label, curves in choice
    ]
    panels = [(label, curves) for label, curves in panels if curves]
    shown = [key for _, curves in panels for key in curves]
    figure = new_figure(9, 2.1 * max(1, len(panels)))
    axes = np.atleast_1d(figure.subplots(max(1, len(panels)), 1, sharex=True))
    time = np.array([row["time_ps"] / 1000 if timed else row["step"] for row in rows])
    for axis, (label, curves) in zip(axes, panels, strict=False):
        marker = "o" if len(rows) == 1 else None
        for (key, name), colour in zip(curves.items(), cycle(CURVES), strict=False):
            axis.plot(time, [row[key] for row in rows], color=colour, label=name, lw=1.6, marker=marker)
        clean(axis, label)
        if transition and transition["time_ps"] is not None:
            axis.axvline(transition["time_ps"] / 1000, color="0.3", lw=1.0, ls="--")
        if len(curves) > 1:
            axis.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes[-1].set_xlabel("time (ns)" if timed else "step")
    return figure, shown


def distribution(name: str, tables: Sequence[dict[str, NDArray[Any]]], labels: Sequence[str]) -> Figure:
    """One distribution of several frames; a panel for each of its curves that is defined."""
    columns = list(tables[0])
    defined = [c for c in columns[1:] if np.isfinite(tables[-1][c]).any()]
    figure = new_figure(9, 1.0 + 2.4 * max(1, len(defined)))
    axes = np.atleast_1d(figure.subplots(max(1, len(defined)), 1, sharex=True))
    xlabel, ylabel = AXES.get(name, (columns[0], columns[1]))
    axis: Axes
    for axis, column in zip(axes, defined, strict=False):
        for table, label, colour in zip(tables, labels, CURVES, strict=False):
            good = np.isfinite(table[column])
            axis.plot(table[columns[0]][good], table[column][good], color=colour, label=label, lw=1.3)
        several = f"g(r), {column[-2]}-{column[-1]}" if name in AXES else column
        clean(axis, several if len(defined) > 1 else ylabel)
    axes[0].legend(frameon=False, ncols=3, fontsize=9)
    axes[-1].set_xlabel(xlabel)
    return figure
