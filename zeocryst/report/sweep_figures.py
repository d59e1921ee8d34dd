"""Figures of a sweep along one axis or over a list of points, and its survival curves.

A single run has a hollow mark and no error; where nothing was measured the place is hatched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.report.figures import AMORPHOUS, CRYSTAL, CURVES, clean, new_figure, save
from zeocryst.report.sweep_layout import Layout, distinct, in_words, logarithmic, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = Mapping[str, Any]

#: Quantities that are drawn, in this order.
DRAWN = (
    "crystalline_share", "quenched_crystalline_share", "largest_grain_sites", "transition_time_ps",
    "front_speed_A_per_ns", "rate_sites_per_ns", "q4_share", "dls_residual", "refined_above_quartz_kJ_per_mol",
)  # fmt: skip
SUCCESS = "chance of success"
#: Blue, green, ...: of frameworks; orange-red is amorphous.
COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
HATCH = "////"
#: Most curves of survival, and most points of a list, that are drawn; bars of more points have no words.
MOST_CURVES, MOST_LISTED = 12, 40

CURVES_CAPTION = (
    "Mean over replicas (line and dots) with its 95 % interval (caps and band), single runs beside it (grey). "
    "Hollow: a single run, or runs that all gave the same, with no interval. Hatched: not measured. The "
    "transition time is of the runs that transformed; triangles are runs that went on so long without."
)
SHARES_CAPTION = (
    "Which type led how many of the runs that are done; amorphous where none has a tenth of the T. Hatched: "
    "no run is done. Chances with intervals are in the table of points."
)
SURVIVAL_CAPTIONS = {
    "waiting": (
        "Share of the runs without a nucleus (Kaplan and Meier) with its 95 % interval, where that is "
        "defined; ticks are runs that ended without one, and above each panel is how many saw one."
    ),
    "transition": (
        "Share of the runs that have not transformed (half way up), by Kaplan and Meier, with its 95 % "
        "interval, where that is defined; ticks are runs that ended without, and above each panel is how many "
        "transformed. Times are from the beginning of the run."
    ),
}


def label(name: str, points: Sequence[Point]) -> str:
    """A quantity with its unit, as the points call it."""
    one = next(point["quantities"][name] for point in points if name in point["quantities"])
    words = str(one["words"])
    return words + (f" ({one['unit']})" if one["unit"] else "")


def drawn(points: Sequence[Point]) -> list[str]:
    """Quantities that are drawn: those that any point has."""
    return [name for name in DRAWN if any(name in point["quantities"] for point in points)]


def colours(points: Sequence[Point]) -> dict[str, str]:
    """A colour for each leading type, the most frequent first."""
    count: dict[str, int] = {}
    for point in points:
        for one in point["frameworks"]:
            count[one["code"]] = count.get(one["code"], 0) + one["n_replicas"]
    codes = sorted((code for code in count if code != "amorphous"), key=lambda code: (-count[code], code))
    found = {code: COLOURS[k % len(COLOURS)] for k, code in enumerate(codes)}
    return found | ({"amorphous": AMORPHOUS} if "amorphous" in count else {})


# ---- curves -------------------------------------------------------------------------------------------


def save_curves(folder: Path, points: Sequence[Point], layout: Layout) -> Path | None:
    """Draw and save ``curves``: a panel for each quantity that was measured; None where nothing was."""
    panels = drawn(points)
    if any(point["success"]["chance"] is not None for point in points):
        panels = [SUCCESS, *panels]
    if not panels:
        return None
    points, places = _along(points, layout)
    rows = (len(panels) + 1) // 2
    tall = 0.5 + 0.055 * max((len(text) for text in _ticks(points, layout)), default=0)
    figure = new_figure(9.5, 2.3 * rows + (0.6 if layout.kind == "line" else tall))
    axes = figure.subplots(rows, 2, sharex=True, squeeze=False)
    table: list[dict[str, Any]] = []
    for axis, name in zip(axes.flat, panels, strict=False):
        estimates = [_estimate(point, name) for point in points]
        _curve(axis, places, estimates, joined=layout.kind == "line")
        _single_runs(axis, places, points, name)
        axis.set_title(SUCCESS if name == SUCCESS else label(name, points), fontsize=10, loc="left")
        clean(axis, "")
        if name == SUCCESS or name.endswith("_share"):
            axis.set_ylim(-0.06, 1.06)
        table += [
            {"quantity": name, **point["values"], **estimate}
            for point, estimate in zip(points, estimates, strict=True)
        ]
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis in axes.flat[max(0, len(panels) - 2) : len(panels)]:
        _below(axis, places, points, layout)
    return save(figure, folder, "curves", table)


def _along(points: Sequence[Point], layout: Layout) -> tuple[list[Point], np.ndarray]:
    """Points in order, and where they stand."""
    if layout.kind == "line":
        points = sorted(points, key=lambda point: point["values"][layout.x])
        return list(points), np.array([point["values"][layout.x] for point in points], dtype=float)
    return list(points), np.arange(len(points), dtype=float)


def _ticks(points: Sequence[Point], layout: Layout) -> list[str]:
    if layout.x:
        return [short(point["values"][layout.x]) for point in points]
    varied = [name for name in points[0]["values"] if len(distinct(points, name)) > 1]
    return [
        in_words({name: point["values"][name] for name in varied}, names=False) or "the point"
        for point in points
    ]


def _below(axis: Axes, places: np.ndarray, points: Sequence[Point], layout: Layout) -> None:
    """Label the axis along which the points are."""
    names = [layout.x] if layout.x else [n for n in points[0]["values"] if len(distinct(points, n)) > 1]
    axis.set_xlabel(", ".join(names))
    axis.tick_params(labelbottom=True)
    if layout.kind == "line":
        if logarithmic(places.tolist()):
            axis.set_xscale("log")
        if len(places) <= 8:
            axis.set_xticks(places, _ticks(points, layout))
            axis.minorticks_off()
        return
    texts = _ticks(points, layout)
    axis.set_xticks(places, texts, rotation=90 if max(map(len, texts)) * len(texts) > 40 else 0)


def _estimate(point: Point, name: str) -> dict[str, Any]:
    """What a point has of a quantity, None where it has nothing."""
    if name == SUCCESS:
        one = point["success"]
        return {
            "mean": one["chance"], "low": one["chance_low"], "high": one["chance_high"],
            "n_replicas": one["n_replicas"],
        }  # fmt: skip
    one = point["quantities"].get(name) or {"n_replicas": 0}
    return {key: one.get(key) for key in ("mean", "low", "high")} | {"n_replicas": one["n_replicas"]}


def _curve(axis: Axes, places: np.ndarray, estimates: Sequence[Mapping[str, Any]], *, joined: bool) -> None:
    """Means and intervals; what is missing is hatched."""
    mean, low, high = (
        np.array([np.nan if one[key] is None else one[key] for one in estimates], dtype=float)
        for key in ("mean", "low", "high")
    )
    for k in np.flatnonzero(np.isnan(mean)):
        axis.axvspan(*_room(places, int(k)), facecolor="none", edgecolor="0.7", hatch=HATCH, lw=0, zorder=0)
    sure = np.isfinite(low)
    if joined:
        axis.fill_between(places, low, high, where=sure, color=CRYSTAL, alpha=0.15, lw=0)
        axis.plot(places, mean, color=CRYSTAL, lw=1.4)
    axis.errorbar(
        places[sure], mean[sure], [mean[sure] - low[sure], high[sure] - mean[sure]], fmt="o", ms=5, lw=1.2,
        capsize=3, color=CRYSTAL,
    )  # fmt: skip
    alone = np.isfinite(mean) & ~sure
    axis.plot(places[alone], mean[alone], "o", ms=7, mfc="white", mew=1.6, color=CRYSTAL, zorder=3)
    ends = [_room(places, k) for k in (0, len(places) - 1)]
    axis.set_xlim(ends[0][0], ends[1][1])


def _room(places: np.ndarray, k: int) -> tuple[float, float]:
    """From where to where a place goes: half way to its neighbours."""
    if len(places) == 1:
        width = abs(float(places[0])) * 0.1 or 0.5
        return float(places[0]) - width, float(places[0]) + width
    log = logarithmic(places.tolist())
    at = np.log(places) if log else places
    step = np.diff(at) / 2
    left = at[k] - (step[k - 1] if k else step[0])
    right = at[k] + (step[k] if k < len(step) else step[-1])
    return (float(np.exp(left)), float(np.exp(right))) if log else (float(left), float(right))


def _single_runs(axis: Axes, places: np.ndarray, points: Sequence[Point], name: str) -> None:
    """A dot for each run; of transition times a triangle where it went on without."""
    if name == SUCCESS:
        return
    from matplotlib.transforms import ScaledTranslation

    # a little to the right, so that means do not hide them
    beside = axis.transData + ScaledTranslation(0.09, 0, axis.figure.dpi_scale_trans)
    pairs = list(zip(places, points, strict=True))
    dots = [(x, run[name]) for x, point in pairs for run in point["runs"] if run.get(name) is not None]
    axis.plot(*_columns(dots), "o", ms=4, color="0.3", alpha=0.5, mew=0, transform=beside)
    if name == "transition_time_ps":
        runs = [(x, run) for x, point in pairs if point["transition"] for run in point["transition"]["runs"]]
        ends = [(x, run["time_ps"]) for x, run in runs if not run["came"]]
        axis.plot(*_columns(ends), "^", ms=5, mfc="none", color=AMORPHOUS, mew=1.0, transform=beside)
    axis.autoscale_view()


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in pairs], [y for _, y in pairs]


# ---- frameworks along an axis ---------------------------------------------------------------------------


def save_shares(folder: Path, points: Sequence[Point], layout: Layout) -> Path:
    """Draw and save ``frameworks``: a bar a point, in it the shares of the runs by the type that led them."""
    points, _ = _along(points, layout)
    texts, found, few = _ticks(points, layout), colours(points), len(points) <= MOST_LISTED
    figure = new_figure(9.5, 0.9 + min(0.36 * len(points), 12.0))
    axis = figure.subplots()
    left = np.zeros(len(points))
    places = np.arange(len(points))
    for code, colour in found.items():
        led = [[one for one in point["frameworks"] if one["code"] == code] for point in points]
        width = np.array([sum(one["chance"] for one in ones) for ones in led])
        axis.barh(places, width, 0.7, left, color=colour, edgecolor="white" if few else "none")
        for k, ones in enumerate(led if few else ()):
            for one in ones:
                axis.text(
                    float(left[k] + width[k] / 2), k, f"{code} {one['n_replicas']}/{points[k]['n_replicas']}",
                    ha="center", va="center", fontsize=9, color=text_colour(colour),
                    bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.5},
                )  # fmt: skip
        left += width
    nothing = places[left == 0]
    axis.barh(nothing, 1.0, 0.7, facecolor="none", edgecolor="0.7", hatch=HATCH, lw=0)
    if not few:
        from matplotlib.patches import Patch

        marks = [Patch(color=colour, label=code) for code, colour in found.items()]
        figure.legend(handles=marks, loc="outside upper center", ncols=6, frameon=False)
    table = [
        {**point["values"], **one, "n_done": point["n_replicas"]}
        for point in points
        for one in point["frameworks"]
    ]
    step = -(-len(points) // MOST_LISTED)
    axis.set_yticks(places[::step], texts[::step])
    axis.set_ylim(len(points) - 0.5, -0.5)
    axis.set_xlim(0, 1)
    names = [layout.x] if layout.x else [n for n in points[0]["values"] if len(distinct(points, n)) > 1]
    clean(axis, ", ".join(names))
    axis.yaxis.labelpad = 12
    axis.set_xlabel("share of the runs that are done")
    return save(figure, folder, "frameworks", table)


def text_colour(colour: Any) -> str:
    """Black or white, whichever is read better on a colour."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    bright = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if bright < 0.22 else "black"


# ---- survival -------------------------------------------------------------------------------------------


def save_survivals(folder: Path, points: Sequence[Point], kind: str) -> Path | None:
    """Draw and save ``survival_KIND``, a panel a setting; None where no point has two runs with such a curve.

    Parameters
    ----------
    folder
        Of the figures.
    points
        Of the summary.
    kind
        ``"waiting"`` or ``"transition"``.
    """
    points = several(points, kind)
    if not points:
        return None
    shown = points[:MOST_CURVES]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure = new_figure(3.2 * columns + 0.4, 2.2 * rows + 0.5)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis, point in zip(axes.flat, shown, strict=False):
        record = point[kind]
        _survival(axis, record["curve"])
        setting = in_words(point["values"], names=False)
        came = f"{record['n_events']} of {record['n_replicas']}"
        axis.set_title(f"{setting}: {came}" if setting else came, fontsize=9, loc="left")
        clean(axis, "")
        axis.set_ylim(-0.04, 1.08)
    for axis in axes.flat[len(shown) :]:
        axis.set_axis_off()
    longest = max(point[kind]["curve"][-1]["time_ps"] for point in shown) / 1000
    axes.flat[0].set_xlim(0, 1.02 * longest or 1.0)  # of all: they share it
    for axis in axes.flat[max(0, len(shown) - columns) : len(shown)]:
        axis.tick_params(labelbottom=True)
    figure.suptitle(", ".join(shown[0]["values"]), fontsize=10)
    figure.supxlabel("time (ns)", fontsize=10)
    figure.supylabel("share without a nucleus" if kind == "waiting" else "share not transformed", fontsize=10)
    table = [{**point["values"], **step} for point in points for step in point[kind]["curve"]]
    return save(figure, folder, f"survival_{kind}", table)


def several(points: Sequence[Point], kind: str) -> list[Point]:
    """Points with two runs or more in a curve: that of a single run says no more than its time."""
    return [point for point in points if point[kind] and point[kind]["n_replicas"] > 1]


def _survival(axis: Axes, curve: Sequence[Mapping[str, Any]]) -> None:
    """One curve with its band; where all wait, or none, no interval is defined and there is no band."""
    time = np.array([0.0, *(row["time_ps"] for row in curve)]) / 1000
    share, low, high = (
        np.array([first, *(np.nan if row[key] is None else row[key] for row in curve)], dtype=float)
        for key, first in (("waiting", 1.0), ("waiting_low", np.nan), ("waiting_high", np.nan))
    )
    axis.fill_between(time, low, high, step="post", color=CURVES[0], alpha=0.15, lw=0)
    axis.step(time, share, where="post", color=CURVES[0], lw=1.5)
    ends = [row for row in curve if row["censored"]]
    axis.plot(
        [row["time_ps"] / 1000 for row in ends], [row["waiting"] for row in ends], ls="", marker="|", ms=9,
        mew=1.5, color=CURVES[0],
    )  # fmt: skip
