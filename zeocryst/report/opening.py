"""What is seen first of a run: what came out, the picture that turns, under which conditions, how fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.report.page import facts, image, percent
from zeocryst.report.scenes import scene_of_run
from zeocryst.report.viewer import viewer

#: What "±" is here.
ONE = "(standard error, one trajectory)"
#: Height of the viewer: what a screen of 900 has left below the heading.
HEIGHT_PX = 560
#: A mean pressure of so many bar or more is none of a synthesis: solids bear it, results do not.
STRAINED_BAR = 2000.0


def verdict_in_short(summary: dict[str, Any], rows: Sequence[dict[str, float]]) -> str:
    """What came out, in one line; of no crystal how large one would have to be to be seen."""
    share = summary["quenched"]["crystalline_share"]
    names = ", ".join(f"{row['code']} {percent(row['share'])}" for row in summary["quenched"]["types"][:3])
    back = summary.get("backmap")
    failed = [c["name"] for c in back["checks"] if c["passed"] is False] if back else []
    visible = round(rows[-1].get("smallest_visible_T", 0))  # not in earlier versions
    none = f"no crystal of more than about {visible} T is seen" if visible else "no crystal is seen"
    what = f"{names or percent(share) + ' of the T in a crystal'}, once quenched" if share else none
    said = f"{summary['verdict'].capitalize()}: {what}."
    if back:
        said += f" Atoms: {back['formula']}, " + (
            f"{len(failed)} of {len(back['checks'])} checks failed."
            if failed
            else f"all {len(back['checks'])} checks passed."
        )
    return said


def opening(
    folder: Path, summary: dict[str, Any], rows: Sequence[dict[str, float]], still: tuple[Path, str]
) -> str:
    """The first screen: viewer or still picture, and beside it the conditions and the rate with its error."""
    turning = viewer(scene_of_run(folder, summary), HEIGHT_PX)
    figure = image(*still)
    return (
        f'<div class="opening"><div>{turning}<div class="still">{figure}</div></div>'
        f"<div>{facts(_facts(summary, rows))}{_files(folder)}</div></div>{warnings(summary, rows)}"
    )


def _with_error(value: float, error: float | None) -> str:
    """A value to the digit that its error has two of: 294 ± 240."""
    if error is None or not error > 0:
        return f"{value:.3g} (no error known)"
    digits = 1 - int(np.floor(np.log10(error)))
    return f"{round(value, digits):.{max(digits, 0)}f} ± {round(error, digits):.{max(digits, 0)}f}"


def _mean(rows: Sequence[dict[str, float]], name: str) -> float:
    """Mean of a column where it has numbers; NaN where it has none."""
    values = np.array([row.get(name, np.nan) for row in rows])
    return float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else float("nan")


def _longest(
    summary: dict[str, Any], rows: Sequence[dict[str, float]]
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """The stage that took longest, and its rows."""
    stage = max(summary["stages"], key=lambda entry: entry["time_ps"])
    return stage, [row for row in rows if row["stage"] == stage["stage"]]


def _facts(summary: dict[str, Any], rows: Sequence[dict[str, float]]) -> list[tuple[str, str]]:
    stage, during = _longest(summary, rows)
    growth, transition = summary["growth"], summary["transition"]
    speed, rate, waiting = (
        growth.get(name) for name in ("front_speed_A_per_ns", "rate_sites_per_ns", "waiting_time_ps")
    )
    found = [
        (
            "temperature",
            f"{_mean(during, 'temperature_K'):.0f} K (mean of stage {stage['stage']}, {stage['kind']})",
        ),
        ("pressure", f"{_mean(during, 'pressure_bar'):.0f} bar"),
        ("composition", f"{summary['n_T']} T, {summary['n_S']} S"),
        ("density", f"{rows[-1]['density_T_per_1000A3']:.2f} T per 1000 Å^3 at the end"),
        ("time", f"{summary['time_ps'] / 1000:.3g} ns, {summary['steps']} steps"),
    ]
    if speed is not None:
        error = growth["front_speed_uncertainty_A_per_ns"]
        found.append(("growth of a front", f"{_with_error(speed, error)} Å/ns {ONE}"))
    if rate is not None:
        error = growth["rate_uncertainty_sites_per_ns"]
        found.append(("growth", f"{_with_error(rate, error)} T/ns {ONE}"))
    if waiting is not None:
        error = growth["waiting_time_uncertainty_ps"]
        found.append(("waiting time", f"{_with_error(waiting, error)} ps {ONE}"))
    if not any(value is not None for value in (speed, rate, waiting)):
        found.append(("growth", "no rate: see Growth"))
    if transition["found"]:
        words = _with_error(transition["time_ps"], transition["uncertainty_ps"])
        found.append(("midpoint of the transition", f"{words} ps {ONE}"))
    return found


def _files(folder: Path) -> str:
    """Links to what lies beside the page."""
    known = {
        "trajectory.gsd": "beads", "framework.cif": "atoms", "ideal.cif": "ideal crystal",
        "order_parameters.csv": "table", "summary.json": "summary", "condition.toml": "condition",
        "methods.md": "methods", "references.bib": "references", "log.txt": "log",
    }  # fmt: skip
    links = [
        f'<a href="./{name}">{name}</a> ({what})'
        for name, what in known.items()
        if (folder / name).is_file() or name == "summary.json"  # which is written last
    ]
    return f'<p class="note">Files: {", ".join(links)}</p>' if links else ""


def warnings(summary: dict[str, Any], rows: Sequence[dict[str, float]]) -> str:
    """Where the physics is off, in a box each; empty where nothing is."""
    said = []
    for entry in summary["stages"]:
        during = [row for row in rows if row["stage"] == entry["stage"]]
        mean = _mean(during, "pressure_bar")
        if entry["kind"] in ("nve", "nvt") and len(during) >= 3 and abs(mean) >= STRAINED_BAR:
            said.append(
                f"Stage {entry['stage']} ({entry['kind']}) held its box at {mean:.0f} bar: what is in it is "
                f"{'stretched' if mean < 0 else 'squeezed'}; an npt stage lets the box follow."
            )
    return "".join(f'<p class="warn">{text}</p>' for text in said)
