"""Figures of an aggregation: clusters over time, their sizes and shapes, small-angle scattering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.order.aggregation import FRACTAL_FROM_T, Fractal, fractal_of_frames, no_fractal
from zeocryst.report.figures import CURVES, clean, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
Table = dict[str, NDArray[Any]]

#: Panels over time: label of the axis, whether it is logarithmic, and the columns with their labels.
PANELS = (
    ("clusters", True, {"clusters": "all", "percolating_clusters": "that percolate"}),
    ("T per cluster", True, {"mean_cluster_T": "number average", "weight_mean_cluster_T": "weight average",
                             "largest_cluster_T": "largest"}),
    ("$R_g$ of the largest (Å)", False, {"largest_cluster_rg_A": "largest"}),
    ("mean n of Q$_n$", False, {"mean_coordination": "all T",
                                "largest_cluster_mean_coordination": "largest cluster"}),
    ("share of T", False, {f"q{n}_share": f"Q$_{n}$" for n in range(5)}),
    ("S per T, share of S", False, {"largest_cluster_S_per_T": "S per T of the largest",
                                    "S_in_clusters_share": "S that are in clusters"}),
    ("crystalline share", False, {"largest_cluster_crystalline_share": "of the largest cluster"}),
)  # fmt: skip


def save_aggregation(
    folder: Path,
    rows: Sequence[Row],
    tables: Mapping[str, Sequence[Table]],
    labels: Sequence[str],
    picked: Sequence[int],
) -> list[tuple[Path, str]]:
    """Write the figures of whatever was measured; returns each one's path and caption.

    Parameters
    ----------
    folder
        ``figures/``.
    rows
        One a frame, with the columns of `zeocryst.order.aggregation.aggregation`.
    tables
        ``cluster_sizes`` and ``small_angle``, of the same frames each.
    labels
        What each of these frames is called.
    picked
        Which of them are drawn by themselves; all go into the figure of shapes.
    """
    written = []
    few = [labels[k] for k in picked]
    if "clusters" in rows[0]:
        columns = [key for _, _, curves in PANELS for key in curves if key in rows[0]]
        table = [{key: row[key] for key in ("time_ps", *columns)} for row in rows]
        words = (
            "Clusters over time. One that percolates is bonded to its own image and has no radius of gyration."
        )
        written.append((save(_over_time(rows), folder, "clusters", table), words))
    if sizes := tables.get("cluster_sizes"):
        chosen = [sizes[k] for k in picked]
        drawn = save(_sizes(chosen, few), folder, "cluster_sizes", _lines(chosen, few))
        written.append(
            (
                drawn,
                "Share of the T by the size of their cluster; each step is twice as wide as the one before.",
            )
        )
        fit = fractal_of_frames(sizes)
        drawn = save(_shapes(sizes, picked, few, fit), folder, "cluster_shapes", _lines(sizes, labels))
        written.append((drawn, f"Radius of gyration against size; {_fit_in_words(fit, no_fractal(sizes))}"))
    angles = tables.get("small_angle", ())
    if any(len(angles[k]["q_per_A"]) for k in picked if angles):  # a small cell has no such wave vector
        chosen = [angles[k] for k in picked]
        drawn = save(_scattering(chosen, few), folder, "small_angle", _lines(chosen, few))
        words = (
            "Structure factor of the T at small angle. Clusters that know nothing of each other scatter with "
            "their weight-average size at q to 0."
        )
        written.append((drawn, words))
    return written


def _lines(tables: Sequence[Table], labels: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"frame": label, **dict(zip(table, (v.item() for v in line), strict=True))}
        for table, label in zip(tables, labels, strict=True)
        for line in zip(*table.values(), strict=True)
    ]


def _over_time(rows: Sequence[Row]) -> Figure:
    timed = all(np.isfinite(row["time_ps"]) for row in rows)
    panels = [(label, log, {k: v for k, v in curves.items() if k in rows[0]}) for label, log, curves in PANELS]
    panels = [panel for panel in panels if panel[2]]
    figure = new_figure(9, 2.0 * len(panels))
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    time = np.array([row["time_ps"] / 1000 if timed else row["step"] for row in rows])
    for axis, (label, log, curves) in zip(axes, panels, strict=True):
        for (key, name), colour in zip(curves.items(), CURVES, strict=False):
            values = np.array([row[key] for row in rows], dtype=float)
            if log:
                values[values == 0] = np.nan
            if not np.isfinite(values).any():
                continue
            axis.plot(time, values, color=colour, label=name, lw=1.6, marker="o" if len(rows) == 1 else None)
        if log:
            _logarithmic(axis, "y")
        if "largest_cluster_crystalline_share" in curves:
            axis.set_ylim(-0.03, 1.03)
        clean(axis, label)
        if len(axis.lines) > 1:
            axis.legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes[-1].set_xlabel("time (ns)" if timed else "step")
    return figure


def _logarithmic(axes: Axes, which: str) -> None:
    """Make an axis, x or y, logarithmic, with plain numbers at 1, 2 and 5; not where it has nothing to show."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    lines = [line for line in axes.lines if line.get_transform() == axes.transData]  # not those across the axes
    points = [np.asarray(line.get_xydata(), dtype=float).reshape(-1, 2) for line in lines]
    shown = [p[np.isfinite(p).all(axis=1)][:, 0 if which == "x" else 1] for p in points]  # a point needs both
    if not axes.patches and not any((values > 0).any() for values in shown):
        return
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def _sizes(tables: Sequence[Table], labels: Sequence[str]) -> Figure:
    """Share of the T by the size of the cluster that they are in, in steps that double."""
    figure = new_figure(9, 3.6)
    axis = figure.subplots()
    largest = max(int(table["size_T"].max()) for table in tables)
    edges = 2.0 ** np.arange(int(np.log2(largest)) + 2)
    for table, label, colour in zip(tables, labels, CURVES, strict=False):
        weight = table["size_T"] * table["clusters"]
        share = np.histogram(table["size_T"], edges, weights=weight / weight.sum())[0]
        axis.stairs(share, edges, color=colour, label=label, lw=1.8, fill=False)
    _logarithmic(axis, "x")
    clean(axis, "share of T")
    axis.set_xlabel("T in a cluster")
    axis.legend(frameon=False, fontsize=9)
    return figure


def _shapes(
    tables: Sequence[Table], picked: Sequence[int], labels: Sequence[str], fit: Fractal | None
) -> Figure:
    """Radius against size of all frames, those of some frames on top, and the fitted line."""
    figure = new_figure(9, 4.2)
    axis = figure.subplots()
    for table in tables:
        more = table["size_T"] > 1
        axis.plot(table["size_T"][more], table["rg_A"][more], ".", color="0.75", ms=4, zorder=1)
    for k, label, colour, marker in zip(picked, labels, CURVES, "osD", strict=False):
        size, rg = tables[k]["size_T"], tables[k]["rg_A"]
        more = (size > 1) & np.isfinite(rg)
        if more.any():
            axis.plot(size[more], rg[more], marker, color=colour, label=label, ms=5, zorder=2)
    if fit is not None:
        most = max(float(table["size_T"][np.isfinite(table["rg_A"])].max(initial=1)) for table in tables)
        ends = np.array([FRACTAL_FROM_T, most])
        axis.plot(
            ends, fit.prefactor_A * ends ** (1 / fit.dimension), color="black", lw=1.2, zorder=3,
            label=f"fit, D = {fit.dimension:.2f}",
        )  # fmt: skip
    _logarithmic(axis, "x")
    _logarithmic(axis, "y")
    clean(axis, "radius of gyration (Å)")
    axis.set_xlabel("T in a cluster")
    axis.margins(x=0.05)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False, fontsize=9)
    return figure


def _fit_in_words(fit: Fractal | None, why_not: str) -> str:
    if fit is None:
        return f"no fractal dimension: {why_not or 'no line goes through the points'}."
    spread = f" ± {fit.error:.2f}" if np.isfinite(fit.error) else ""
    return (
        f"grey: all frames. The line is fitted to their clusters of {FRACTAL_FROM_T} T and more: fractal "
        f"dimension {fit.dimension:.2f}{spread} (bootstrap over frames, whose clusters are mostly the same)."
    )


def _scattering(tables: Sequence[Table], labels: Sequence[str]) -> Figure:
    figure = new_figure(9, 3.8)
    axis = figure.subplots()
    for table, label, colour in zip(tables, labels, CURVES, strict=False):
        axis.plot(table["q_per_A"], table["S_TT"], "o-", color=colour, label=label, lw=1.3, ms=3)
    axis.axhline(1.0, color="0.6", lw=0.8, ls=":")
    _logarithmic(axis, "x")
    _logarithmic(axis, "y")
    clean(axis, "S(q)")
    axis.set_xlabel("q (1/Å)")
    axis.margins(x=0.03)
    axis.legend(frameon=False, fontsize=9)
    return figure
