"""How the points of a sweep lie on paper: along an axis, on a grid of two, as several grids, or as a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Point = Mapping[str, Any]

#: A grid is drawn where so much of it is filled; else the points are a list.
FILLED = 0.5
#: Most rows or columns of a grid, and most grids; more are a list.
MOST_CELLS, MOST_GRIDS = 30, 12
#: A row of numbers is drawn on a logarithmic axis where its steps are more alike so, over more than this ratio.
LOG_RATIO = 8.0


@dataclass(frozen=True)
class Layout:
    """How the points lie.

    Attributes
    ----------
    kind : {"line", "list", "grid"}
        Along one numeric axis; as a list of names (a text axis, a sparse table, a single point); on grids of
        two axes.
    x, y : str
        The axes; `y` of grids only.
    panels : tuple of dict
        The values of all other axes of each grid; one of none with two axes.
    """

    kind: str
    x: str = ""
    y: str = ""
    panels: tuple[Mapping[str, Any], ...] = ()


def layout_of(points: Sequence[Point], axes: Sequence[str]) -> Layout:
    """How points are laid out: by the axes that have more than one value."""
    varied = {name: distinct(points, name) for name in axes}
    varied = {name: values for name, values in varied.items() if len(values) > 1}
    if len(varied) == 1:
        (name,) = varied
        return Layout("line" if numeric(varied[name]) else "list", name)
    if len(varied) < 2:
        return Layout("list")
    # the longest two axes span the grids, the rest tells them apart
    longest = sorted(varied, key=lambda name: -len(varied[name]))[:2]
    x, y = (name for name in varied if name in longest)
    rest = [name for name in varied if name not in longest]
    panels: list[dict[str, Any]] = []
    for point in points:
        panel = {name: point["values"][name] for name in rest}
        if panel not in panels:
            panels.append(panel)
    cells = len(varied[x]) * len(varied[y]) * len(panels)
    if len(points) < FILLED * cells or len(panels) > MOST_GRIDS or len(varied[longest[0]]) > MOST_CELLS:
        return Layout("list")
    return Layout("grid", x, y, tuple(panels))


def distinct(points: Sequence[Point], name: str) -> list[Any]:
    """The values of an axis: numbers in order, texts as they come."""
    values = list(dict.fromkeys(point["values"].get(name) for point in points))
    return sorted(values) if numeric(values) else values


def numeric(values: Sequence[Any]) -> bool:
    """Whether all are numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def logarithmic(values: Sequence[float]) -> bool:
    """Whether numbers in order stand better on a logarithmic axis."""
    if len(values) < 3 or values[0] <= 0 or values[-1] / values[0] < LOG_RATIO:
        return False
    linear = [b - a for a, b in pairwise(values)]
    return _unevenness([b / a for a, b in pairwise(values)]) < _unevenness(linear)


def _unevenness(steps: Sequence[float]) -> float:
    return max(steps) / min(steps)


def in_words(values: Mapping[str, Any], *, names: bool = True) -> str:
    """A setting: "temperature_K 600, S_per_T 0.06"; without names "600, 0.06"."""
    return ", ".join(f"{name} {short(value)}" if names else short(value) for name, value in values.items())


def short(value: Any) -> str:
    """A value of an axis."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
