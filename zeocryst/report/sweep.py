"""The report of a sweep: which framework where, curves with bands, survival, tables, and links to the runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from zeocryst.report.funnel import funnel_sections
from zeocryst.report.page import Html, facts, image, number, table
from zeocryst.report.studies import interval, sentences, study_page, with_error
from zeocryst.report.sweep_figures import (
    CURVES_CAPTION,
    MOST_CURVES,
    MOST_LISTED,
    SHARES_CAPTION,
    SURVIVAL_CAPTIONS,
    save_curves,
    save_shares,
    save_survivals,
    several,
)
from zeocryst.report.sweep_layout import layout_of, short
from zeocryst.report.sweep_maps import HEAT_CAPTION, PHASES_CAPTION, save_heat, save_phases

Summary = Mapping[str, Any]
Point = Mapping[str, Any]

#: Most lines of the table of runs; all are in ``points.csv``.
MOST_RUNS = 3000
WAITS = {"waiting": "How long a nucleus is waited for", "transition": "When the runs transformed"}


def write_sweep(folder: Path, summary: Summary) -> Path:
    """Write ``report.html`` and ``figures/`` of a sweep; returns the page's path.

    Parameters
    ----------
    folder
        Of the sweep.
    summary
        Its ``summary.json``, as far as it is: ``name``, ``sentence``, ``assumptions``, ``variables``,
        ``counts``, ``points`` (`zeocryst.sweeps.sweep_statistics.over_points`), ``failed``.
    """
    points: Sequence[Point] = summary["points"]
    axes = [str(variable["name"]) for variable in summary["variables"]]
    done = any(point["n_replicas"] for point in points)
    sections = [("The sweep", facts(_facts(summary)))]
    if done:
        sections += _figures(folder / "figures", points, axes)
        sections += [
            ("The points", _points(points, axes)),
            ("Means over replicas", _quantities(points, axes)),
        ]
    if summary.get("funnel"):
        sections[1:1] = funnel_sections(folder / "figures", summary["funnel"])
    if summary["failed"]:
        sections.append(("Runs that failed", _failed(folder, summary, axes)))
    if points:
        sections.append(("The runs", _runs(folder, points, axes)))
    return study_page(folder, summary, sections, found=done)


def _facts(summary: Summary) -> list[tuple[str, Any]]:
    counts = summary["counts"]
    rows: list[tuple[str, Any]] = []
    for variable in summary["variables"]:
        name, keys = str(variable["name"]), ", ".join(map(str, variable["keys"]))
        rows.append((f"varied: {name}", "" if keys == name else keys))
    rows += [("points", summary["n_points"]), ("replicas of each", summary["replicas"])]
    told = ", ".join(f"{n} {state}" for state, n in counts.items() if n or state == "done")
    return [*rows, ("runs", f"{summary['n_runs']}: {told}")]


def _figures(folder: Path, points: Sequence[Point], axes: Sequence[str]) -> list[tuple[str, str]]:
    """Maps or curves, as the axes are, and survival curves."""
    layout = layout_of(points, axes)
    sections: list[tuple[str, str]] = []
    if layout.kind == "grid":
        sections.append(("Which framework where", image(save_phases(folder, points, layout), PHASES_CAPTION)))
        heat = save_heat(folder, points, layout)
        sections += [("Maps", image(heat, HEAT_CAPTION))] if heat else []
    elif len(points) > MOST_LISTED and layout.kind == "list":
        note = (
            f'<p class="note">{len(points)} points that fill no grid are not drawn; the tables have them.</p>'
        )
        sections.append(("Which framework where", note))
    else:
        shares = save_shares(folder, points, layout)
        sections.append(("Which framework where", image(shares, SHARES_CAPTION)))
        drawn = save_curves(folder, points, layout)
        sections += [("Curves", image(drawn, CURVES_CAPTION))] if drawn else []
    for kind, heading in WAITS.items():
        path = save_survivals(folder, points, kind)
        picture = ""
        if path:
            more = len(several(points, kind)) - MOST_CURVES
            rest = f" {more} further points are in the figure's CSV alone." if more > 0 else ""
            picture = image(path, SURVIVAL_CAPTIONS[kind] + rest)
        if any(point[kind] for point in points):
            sections.append((heading, picture + _waits(points, axes, kind) + _left_out(points, axes, kind)))
    return sections


# ---- tables -------------------------------------------------------------------------------------------


def _setting(point: Point, axes: Sequence[str]) -> list[Any]:
    return [Html(escape(short(point["values"].get(name)))) for name in axes]


def percents(low: float, high: float) -> str:
    """An interval of a chance."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def _points(points: Sequence[Point], axes: Sequence[str]) -> str:
    """A row a point: its runs, which type led them, how many had success."""
    rows = []
    for point in points:
        led = "; ".join(
            f"{one['code']} {one['n_replicas']} of {point['n_replicas']} "
            f"({percents(one['chance_low'], one['chance_high'])})"
            for one in point["frameworks"]
        )
        one = point["success"]
        how = "–"
        if one["chance"] is not None:
            how = (
                f"{one['n_success']} of {one['n_replicas']} ({percents(one['chance_low'], one['chance_high'])})"
            )
        rows.append(
            [
                *_setting(point, axes), point["n_replicas"], point["n_failed"], point["n_waiting"],
                led or "–", how,
            ]
        )  # fmt: skip
    return table([*axes, "done", "failed", "to come", "led by (95 % interval)", "success"], rows)


def _quantities(points: Sequence[Point], axes: Sequence[str]) -> str:
    """A row a point with the means; the interval below each."""
    known = {name: one for point in points for name, one in point["quantities"].items()}
    rows = [
        [*_setting(point, axes), *(_mean(point["quantities"].get(name)) for name in known)] for point in points
    ]
    header = [one["words"] + (f", {one['unit']}" if one["unit"] else "") for one in known.values()]
    note = (
        '<p class="note">Mean ± standard error; in brackets its 95 % interval; how many runs have it. Where '
        "replicas are few the interval is wider than twice the standard error on either side.</p>"
    )
    return table([*axes, *header], rows) + note if known else ""


def _mean(one: Mapping[str, Any] | None) -> Html:
    """A mean with what is known of its error."""
    if one is None:
        return Html("–")
    mean = escape(with_error(one["mean"], one["uncertainty"]))
    if one["low"] is not None:
        places = max(0, 1 - math.floor(math.log10(float(f"{one['uncertainty']:.1e}"))))  # as the mean has
        below = f"({one['low']:.{places}f} to {one['high']:.{places}f}), {one['n_replicas']} runs"
    else:
        n = one["n_replicas"]
        below = "1 run, no error" if n == 1 else f"all {n} runs equal, no interval"
    return Html(f'{mean}<br><span class="note">{escape(below)}</span>')


def _waits(points: Sequence[Point], axes: Sequence[str], kind: str) -> str:
    """Medians of the curves; of the wait for a nucleus the mean by a constant rate as well."""
    rows = []
    for point in points:
        one = point[kind]
        if not one:
            continue
        cells = [*_setting(point, axes), f"{one['n_events']} of {one['n_replicas']}"]
        cells.append(_with_ends(one["median_ps"], one["median_low_ps"], one["median_high_ps"]))
        if kind == "waiting":
            cells.append(_with_ends(one["mean"], one["mean_low"], one["mean_high"]))
        rows.append(cells)
    header = [*axes, "came", "median, ps (95 %)"]
    return table([*header, "mean with a constant rate, ps (95 %)"] if kind == "waiting" else header, rows)


def _with_ends(value: float | None, low: float | None, high: float | None) -> str:
    """An estimate with its interval; of either there may be none."""
    if value is None:
        return "not reached" if low is None else f"more than {number(float(low), 3)}"
    if low is None and high is None:
        return f"{number(float(value), 3)} (not bounded)"
    return f"{number(float(value), 3)} ({interval(low, high, digits=3)})"


def _left_out(points: Sequence[Point], axes: Sequence[str], kind: str) -> str:
    """Runs that say nothing of it, and why."""
    reasons: dict[str, int] = {}
    for point in points:
        for run in (point[kind] or {}).get("left_out", ()):
            reasons[run["why"]] = reasons.get(run["why"], 0) + 1
    return sentences([f"{n} run{'' if n == 1 else 's'} left out: {why}." for why, n in reasons.items()])


def _link(folder: Path, run: Mapping[str, Any]) -> Html:
    """A link to a run's own report where there is one, else to its folder where that is."""
    name, place = escape(str(run["name"])), str(run.get("folder") or "")
    if place and (folder / place / "report.html").is_file():
        return Html(f'<a href="./{escape(place)}/report.html">{name}</a>')
    if place and (folder / place).is_dir():
        return Html(f'<a href="./{escape(place)}/">{name}</a>')
    return Html(name)


def _failed(folder: Path, summary: Summary, axes: Sequence[str]) -> str:
    """The runs that failed with their messages."""
    rows = [
        [_link(folder, run), *_setting(run, axes), run["replica"], run["message"]] for run in summary["failed"]
    ]
    return table(["run", *axes, "replica", "what went wrong"], rows)


def _runs(folder: Path, points: Sequence[Point], axes: Sequence[str]) -> str:
    """A row a run with a link to its own report."""
    rows = [
        [
            _link(folder, run), *_setting(point, axes), run["replica"], run["state"], run["verdict"] or "–",
            run["leading"] or "–", run["crystalline_share"], run["largest_grain_sites"],
            run["transition_time_ps"], run["wall_s"],
        ]
        for point in points
        for run in point["runs"]
    ]  # fmt: skip
    header = [
        "run", *axes, "replica", "state", "ended", "led by", "crystalline share", "largest grain, T",
        "transition, ps", "time it took, s",
    ]  # fmt: skip
    text = table(header, rows[:MOST_RUNS])
    if len(rows) > MOST_RUNS:
        text += f'<p class="note">{len(rows) - MOST_RUNS} further runs are in points.csv.</p>'
    return text
