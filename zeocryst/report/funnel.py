"""The funnel in a sweep's report: what was kept after each rung and why, atoms of the best, what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from zeocryst.report.figures import clean, new_figure, save
from zeocryst.report.page import Html, facts, image, percent, table
from zeocryst.report.studies import sentences, with_error
from zeocryst.report.sweep_layout import in_words

Funnel = Mapping[str, Any]

CAPTION = (
    "What the points were ranked by, after each rung. Filled: went on; open: left. With bars: the standard "
    "error over replicas, where there are several."
)


def funnel_sections(folder: Path, funnel: Funnel) -> list[tuple[str, str]]:
    """Sections of the report.

    Parameters
    ----------
    folder
        Where the figure is written.
    funnel
        ``funnel`` of the sweep's ``summary.json``.
    """
    doubts = [f"After rung {rung['rung']}: {rung['doubt']}" for rung in funnel["rungs"] if rung["doubt"]]
    head = facts(
        [
            ("ranked by", f"{funnel['words']} ({funnel['framework']})"),
            ("where that is flat", funnel["graded"]),
            ("time of all runs and atoms, s", funnel["wall_s"]),
            ("of all points at full length, by these runs' speeds, s", funnel["full_wall_s"]),
            ("share of it", "–" if funnel["share_of_full"] is None else percent(funnel["share_of_full"])),
        ]
    )
    picture = image(_draw(folder, funnel), CAPTION)
    rungs = "".join(_rung(rung, funnel) for rung in funnel["rungs"])
    sections = [("The funnel", head + picture + sentences(doubts) + rungs)]
    if funnel["atoms"]:
        sections.append(("The best as atoms", _atoms(funnel["atoms"])))
    return sections


def _rung(rung: Mapping[str, Any], funnel: Funnel) -> str:
    """The points of a rung, the best first."""
    unit = funnel["unit"]
    last = rung["time_share"] == 1.0
    rows = [
        [
            in_words(one["values"]),
            with_error(one["value"], one["error"], unit) if one["value"] is not None else "–",
            one["rank"],
            one["n_replicas"],
            "left" if not one["kept"] else "finished" if last else "goes on",
            "; ".join(one["notes"]) or "",
        ]
        for one in rung["points"]
    ]
    share = percent(rung["time_share"]).replace(".0 %", " %")
    told = "all finished" if last else f"{rung['n_kept']} of {rung['n_points']} went on"
    heading = f"<h3>Rung {rung['rung']}: {share} of the last stage's time, {told}</h3>"
    return heading + table(["point", "measured", "rank", "replicas", "", "notes"], rows)


def _atoms(atoms: Sequence[Mapping[str, Any]]) -> str:
    """The best replica of each point that is left, back-mapped and refined."""
    rows = []
    for one in atoms:
        link = Html(f'<a href="./{escape(one["folder"])}/report.html">{escape(in_words(one["values"]))}</a>')
        if "failure" in one:
            rows.append([in_words(one["values"]), one["replica"], one["failure"], None, None, None, None])
            continue
        passed = f"{one['checks_passed']} of {one['checks_applied']}"
        energies = (one["refined_energy_eV_per_SiO2"], one["refined_above_quartz_kJ_per_mol"])
        rows.append([link, one["replica"], one["formula"], passed, one["refined_method"], *energies])
    header = [
        "point", "replica", "formula", "checks passed", "refined by", "eV per SiO2", "kJ/mol above quartz",
    ]  # fmt: skip
    return table(header, rows)


def _draw(folder: Path, funnel: Funnel) -> Path:
    figure = new_figure(6.5, 3.4)
    axis = figure.add_subplot()
    lines: dict[str, list[tuple[int, float]]] = {}
    rows = []
    for rung in funnel["rungs"]:
        for one in rung["points"]:
            name = in_words(one["values"])
            rows.append(
                {"rung": rung["rung"], "time_share": rung["time_share"], "point": name}
                | {key: one[key] for key in ("rank", "value", "error", "n_replicas", "kept")}
            )
            if one["rank"] is None:
                continue
            lines.setdefault(name, []).append((rung["rung"], one["rank"]))
            axis.errorbar(
                rung["rung"], one["rank"], yerr=one["spread"], marker="o", markersize=6, linestyle="",
                color="#0072b2" if one["kept"] else "#999999", capsize=2,
                markerfacecolor="#0072b2" if one["kept"] else "white",
            )  # fmt: skip
    for steps in lines.values():
        axis.plot(*zip(*steps, strict=True), color="#999999", linewidth=0.8, zorder=0)
    last = {name: steps[-1] for name, steps in lines.items() if steps[-1][0] == funnel["rungs"][-1]["rung"]}
    for name, (x, y) in last.items():
        axis.annotate(name, (x, y), xytext=(8, 0), textcoords="offset points", fontsize=7, va="center")
    axis.set_xticks(
        [rung["rung"] for rung in funnel["rungs"]],
        [f"rung {rung['rung']}\n{100 * rung['time_share']:.3g} %" for rung in funnel["rungs"]],
    )
    axis.set_xlim(0.7, len(funnel["rungs"]) + 0.9)
    clean(axis, f"rank{', ' + funnel['unit'] if funnel['unit'] else ''}")
    return save(figure, folder, "funnel", rows)
