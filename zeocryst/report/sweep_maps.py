"""Maps of a sweep over two axes: which framework leads where, and quantities as heat maps.

The cells are as wide as each other whatever the steps of the axes; their values stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.report.figures import new_figure, save
from zeocryst.report.page import number
from zeocryst.report.sweep_figures import HATCH, SUCCESS, colours, drawn, label, text_colour
from zeocryst.report.sweep_layout import Layout, distinct, in_words, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = Mapping[str, Any]

#: How strong the colour of a type is that leads no run, and how much is added up to all runs.
FAINT, STRONG = 0.2, 0.8
#: Where two types lead as many runs.
EQUAL = (0.92, 0.92, 0.92)
#: A type surely leads where the interval of its chance lies above this.
MOSTLY = 0.5

PHASES_CAPTION = (
    "The type that led most runs of each point, how many of the runs that are done, and the 95 % interval of "
    "that chance (Clopper and Pearson); the stronger the colour, the larger the share, and grey where two "
    "lead as many. Dashed edge and question mark: the interval begins below 50 %, so that the point may as "
    "well belong to another type (six of six runs are the fewest of which it does not). Hatched: no run is "
    "done."
)
HEAT_CAPTION = (
    "Means over replicas with their 95 % interval below; “1 run” and “all equal” have none. "
    "Hatched: not measured."
)


def save_phases(folder: Path, points: Sequence[Point], layout: Layout) -> Path:
    """Draw and save ``phase_map``; returns the PNG's path."""
    from matplotlib.patches import Patch

    found = colours(points)
    figure, grids = _grids(points, layout, len(layout.panels))
    table: list[dict[str, Any]] = []
    for axis, panel in zip(grids, layout.panels, strict=False):
        for (i, j), point in _cells(points, layout, panel).items():
            table += _phase_cell(axis, (i, j), point, found)
        axis.set_title(in_words(panel), fontsize=10, loc="left")
    marks = [Patch(color=colour, label=code) for code, colour in found.items()]
    if marks:
        figure.legend(handles=marks, loc="outside upper center", ncols=min(6, len(marks)), frameon=False)
    return save(figure, folder, "phase_map", table)


def _phase_cell(
    axis: Axes, place: tuple[int, int], point: Point | None, found: Mapping[str, str]
) -> list[dict[str, Any]]:
    """One cell; the rows of its table."""
    if point is None or not point["frameworks"]:
        _hatched(axis, place, "" if point is None else _why_nothing(point))
        return []
    best = point["frameworks"][0]
    equal = [one["code"] for one in point["frameworks"] if one["n_replicas"] == best["n_replicas"]]
    unsure = best["chance_low"] < MOSTLY
    colour = _blended(found[best["code"]], FAINT + STRONG * best["chance"]) if len(equal) == 1 else EQUAL
    _cell(axis, place, colour, dashed=unsure)
    name = " or ".join(equal[:2]) + (" …" if len(equal) > 2 else "")
    text = (
        f"{name}{' ?' if unsure else ''}\n{best['n_replicas']} of {point['n_replicas']}\n"
        f"{100 * best['chance_low']:.0f}–{100 * best['chance_high']:.0f} %"
    )
    axis.text(*place, text, ha="center", va="center", fontsize=8, color=text_colour(colour))
    return [
        {**point["values"], **one, "n_done": point["n_replicas"], "sure": not unsure}
        for one in point["frameworks"]
    ]


def _why_nothing(point: Point) -> str:
    if point["n_failed"]:
        return f"{point['n_failed']} failed"
    return f"{point['n_waiting']} to come" if point["n_waiting"] else ""


def save_heat(folder: Path, points: Sequence[Point], layout: Layout) -> Path | None:
    """Draw and save ``heat_maps``: a map for each quantity and panel; None where nothing was measured."""
    names = drawn(points)
    if any(point["success"]["chance"] is not None for point in points):
        names = [SUCCESS, *names]
    if not names:
        return None
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    figure, grids = _grids(points, layout, len(names) * len(layout.panels))
    table: list[dict[str, Any]] = []
    maps = [(name, panel) for name in names for panel in layout.panels]
    for axis, (name, panel) in zip(grids, maps, strict=False):
        means = [mean for point in points if (mean := _read(point, name)[0]) is not None]
        share = name == SUCCESS or name.endswith("_share")
        scale = Normalize(0, 1) if share else Normalize(min(means), max(means) or 1)
        colouring = ScalarMappable(scale, colormaps["cividis"])
        for place, point in _cells(points, layout, panel).items():
            mean, text = (None, "") if point is None else _read(point, name)
            if mean is None:
                _hatched(axis, place, "")
                continue
            colour = colormaps["cividis"](scale(mean))[:3]
            _cell(axis, place, colour, dashed=False)
            axis.text(*place, text, ha="center", va="center", fontsize=8, color=text_colour(colour))
            assert point is not None
            table.append({"quantity": name, **point["values"], "mean": mean, "told": text.replace("\n", " ")})
        heading = SUCCESS if name == SUCCESS else label(name, points)
        axis.set_title("\n".join(filter(None, (heading, in_words(panel)))), fontsize=9, loc="left")
        figure.colorbar(colouring, ax=axis, shrink=0.85, pad=0.02)
    return save(figure, folder, "heat_maps", table)


def _read(point: Point, name: str) -> tuple[float | None, str]:
    """A point's mean of a quantity, and how it is told in a cell."""
    if name == SUCCESS:
        one = point["success"]
        if one["chance"] is None:
            return None, ""
        return one["chance"], f"{one['n_success']} of {one['n_replicas']}"
    one = point["quantities"].get(name)
    if one is None:
        return None, ""
    if one["low"] is not None:
        below = f"{number(one['low'], 2)}–{number(one['high'], 2)}"
    else:
        below = "1 run" if one["n_replicas"] == 1 else "all equal"
    return one["mean"], f"{number(one['mean'], 3)}\n{below}"


# ---- grids ----------------------------------------------------------------------------------------------


def _grids(points: Sequence[Point], layout: Layout, count: int) -> tuple[Figure, list[Axes]]:
    """A figure with so many grids, labelled."""
    xs, ys = distinct(points, layout.x), distinct(points, layout.y)
    columns = 1 if count == 1 or len(xs) > 8 else 2
    rows = -(-count // columns)
    width = 9.5 if columns == 2 or len(xs) > 6 else 3.0 + 1.1 * len(xs)
    figure = new_figure(width, 0.6 + rows * (0.9 + 0.62 * len(ys)))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes[:count]:
        axis.set_xticks(range(len(xs)), [short(x) for x in xs], rotation=90 if _wide(xs) else 0)
        axis.set_yticks(range(len(ys)), [short(y) for y in ys])
        axis.set_xlim(-0.5, len(xs) - 0.5)
        axis.set_ylim(-0.5, len(ys) - 0.5)
        axis.set_xlabel(layout.x)
        axis.set_ylabel(layout.y, labelpad=12)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def _wide(values: Sequence[Any]) -> bool:
    return max(len(short(value)) for value in values) * len(values) > 40


def _cells(
    points: Sequence[Point], layout: Layout, panel: Mapping[str, Any]
) -> dict[tuple[int, int], Point | None]:
    """The points of a grid by column and row, None where there is none."""
    xs, ys = distinct(points, layout.x), distinct(points, layout.y)
    here = {
        (point["values"][layout.x], point["values"][layout.y]): point
        for point in points
        if all(point["values"][name] == value for name, value in panel.items())
    }
    return {(i, j): here.get((x, y)) for i, x in enumerate(xs) for j, y in enumerate(ys)}


def _blended(colour: str, strength: float) -> tuple[float, float, float]:
    """A colour on white."""
    from matplotlib.colors import to_rgb

    red, green, blue = 1 - strength * (1 - np.array(to_rgb(colour)))
    return float(red), float(green), float(blue)


def _cell(axis: Axes, place: tuple[int, int], colour: Any, *, dashed: bool) -> None:
    from matplotlib.patches import Rectangle

    i, j = place
    axis.add_patch(Rectangle((i - 0.48, j - 0.47), 0.96, 0.94, facecolor=colour, edgecolor="none"))
    if dashed:
        axis.add_patch(
            Rectangle((i - 0.46, j - 0.44), 0.92, 0.88, fill=False, edgecolor="0.25", lw=1.0, ls=(0, (4, 3)))
        )


def _hatched(axis: Axes, place: tuple[int, int], text: str) -> None:
    from matplotlib.patches import Rectangle

    i, j = place
    axis.add_patch(
        Rectangle((i - 0.48, j - 0.47), 0.96, 0.94, facecolor="none", edgecolor="0.7", hatch=HATCH, lw=0)
    )
    if text:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axis.text(i, j, text, ha="center", va="center", fontsize=8, bbox=box)
