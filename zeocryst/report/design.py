"""The report of a design: the history of its search, its variables, and the comparison in the end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.report.figures import AMORPHOUS, CURVES, clean, new_figure, save
from zeocryst.report.page import facts, image, number, table
from zeocryst.report.studies import interval, runs_table, study_page, with_error

Summary = Mapping[str, Any]

FINALS = {
    "best": "what was found", "start": "the start", "reference": "the study's own condition",
}  # fmt: skip
HISTORY = (
    "The objective of every evaluation, in order (dots; bars are standard errors where an evaluation is "
    "several runs; crosses at the bottom failed, or had nothing left to measure), the best so far (line), and "
    "the mean of each generation (rings). The best so far is lucky as well: what it is worth is told by the "
    "comparison."
)
VARIABLES = (
    "Values that were tried (dots) and the mean of the distribution with its standard deviation (line and "
    "band) after each generation; dashed: the start, dotted: the study's own condition."
)
COMPARISON = "Runs that the search did not see (dots), their means and standard errors (rings and bars)."


def write_design(folder: Path, summary: Summary) -> Path:
    """Write ``report.html`` and its figures for a design; returns the page's path."""
    figures = folder / "figures"
    sections = [
        ("What was found", facts(_facts(summary))),
        ("Comparison", image(_comparison(figures, summary), COMPARISON) + _final_table(summary)),
        ("The search", image(_history(figures, summary), HISTORY)),
        ("The variables", image(_variables(figures, summary), VARIABLES)),
    ]
    if summary["candidates"]:
        sections.append(("Candidates", _candidate_table(summary)))
    sections.append(("Evaluations", _evaluations(summary)))
    return study_page(folder, summary, sections, found=summary["best"]["objective"] is not None)


def estimate_in_words(record: Mapping[str, Any], unit: str) -> str:
    """An estimate of a summary in words: "31 ± 8 Å/ns", or "at most -2000 Å/ns"."""
    if record["objective"] is None and record["objective_at_most"] is not None:
        return f"at most {with_error(record['objective_at_most'], None, unit)}"
    return with_error(record["objective"], record["uncertainty"], unit)


def _unit(summary: Summary) -> str:
    return str(summary["objective"]["unit"])


def _label(summary: Summary) -> str:
    """The objective with its unit."""
    one = summary["objective"]
    return f"{one['name']} of {one['framework']}" + (f" ({one['unit']})" if one["unit"] else "")


def _finals(summary: Summary) -> dict[str, Mapping[str, Any]]:
    return {name: summary[name] for name in FINALS if summary.get(name)}


def _facts(summary: Summary) -> list[tuple[str, Any]]:
    unit, best = _unit(summary), summary["best"]
    rows: list[tuple[str, Any]] = [("looked for", _label(summary) + ", as large as possible")]
    rows += [(name, number(value, 5)) for name, value in best["variables"].items()]
    rows.append((_label(summary), estimate_in_words(best, unit)))
    for name in ("start", "reference"):
        gain = summary.get(f"better_than_{name}")
        if gain:
            low, high = gain["interval"]
            told = with_error(gain["difference"], gain["uncertainty"], unit)
            rows.append(
                (
                    f"more than {FINALS[name]} by",
                    told + (f"; 95 %: {interval(low, high, unit, 3)}" if low is not None else ""),
                )
            )
    return [
        *rows,
        ("evaluations, of which failed", f"{summary['n_evaluations']}, {summary['n_failed']}"),
        ("runs in all, and their time", f"{summary['n_runs']}, {summary['run_time_s'] / 3600:.2f} h"),
        ("the search ended", summary["ended"]),
    ]


def _final_table(summary: Summary) -> str:
    return _table_of(summary, {FINALS[name]: one for name, one in _finals(summary).items()})


def _table_of(summary: Summary, found: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each set of values with what its runs gave."""
    names, unit = [variable["name"] for variable in summary["variables"]], _unit(summary)
    rows = [
        [
            what, *(one["variables"][v] for v in names), estimate_in_words(one, unit),
            one["n_replicas"], one["n_failed"],
        ]
        for what, one in found.items()
    ]  # fmt: skip
    return table(["", *names, _label(summary), "runs", "failed"], rows)


def _candidate_table(summary: Summary) -> str:
    return _table_of(summary, {one["whence"]: one for one in summary["candidates"]})


def _comparison(folder: Path, summary: Summary) -> Path:
    finals = _finals(summary)
    figure = new_figure(9, 0.9 + 0.6 * len(finals))
    axis = figure.subplots()
    for k, (one, colour) in enumerate(zip(finals.values(), CURVES, strict=False)):
        axis.plot(one["values"], [-k] * len(one["values"]), "o", ms=4, alpha=0.45, color=colour)
        if one["objective"] is not None:
            axis.errorbar(
                [one["objective"]],
                [-k],
                xerr=one["uncertainty"],
                fmt="o",
                ms=9,
                mfc="none",
                lw=1.6,
                color=colour,
            )
    axis.set_yticks([-k for k in range(len(finals))], [FINALS[name] for name in finals])
    axis.set_ylim(0.5 - len(finals), 0.5)
    clean(axis, "")
    axis.set_xlabel(_label(summary))
    rows = [
        {"what": name, **one["variables"], "objective": one["objective"], "uncertainty": one["uncertainty"],
         "n_replicas": one["n_replicas"]}
        for name, one in finals.items()
    ]  # fmt: skip
    return save(figure, folder, "comparison", rows)


def _history(folder: Path, summary: Summary) -> Path:
    history = summary["history"]
    x = np.array([row["evaluation"] for row in history])
    y = np.array([np.nan if row["objective"] is None else row["objective"] for row in history], dtype=float)
    error = np.array([row["uncertainty"] or 0.0 for row in history])
    figure = new_figure(9, 4.0)
    axis = figure.subplots()
    axis.errorbar(x, y, error, fmt="o", ms=4, lw=0.7, color=CURVES[0], alpha=0.5)
    seen = np.isfinite(y)
    low = float(np.nanmin(y)) if seen.any() else 0.0
    axis.plot(x[~seen], np.full((~seen).sum(), low), "x", color=AMORPHOUS)
    numbers = np.array([row["generation"] for row in history])
    middles = [(x[numbers == g].mean(), y[(numbers == g) & seen].mean()) for g in np.unique(numbers[seen])]
    if middles:
        axis.step(x, np.fmax.accumulate(y), where="post", color=CURVES[0], lw=1.4, label="best so far")
        axis.plot(
            *zip(*middles, strict=True), "o", ms=9, mfc="none", color=CURVES[2], label="mean of a generation"
        )
    for name, style in (("start", "--"), ("reference", ":")):
        one = summary.get(name)
        if one and one["objective"] is not None:
            axis.axhline(one["objective"], color="0.4", lw=0.9, ls=style, label=FINALS[name])
    clean(axis, _label(summary))
    axis.set_xlabel("evaluation")
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False)
    rows = [
        {"evaluation": row["evaluation"], "generation": row["generation"], **row["variables"],
         "objective": row["objective"], "uncertainty": row["uncertainty"], "runs": " ".join(row["runs"])}
        for row in history
    ]  # fmt: skip
    return save(figure, folder, "history", rows)


def _variables(folder: Path, summary: Summary) -> Path:
    variables, generations = summary["variables"], summary["generations"]
    figure = new_figure(9, 1.0 + 2.0 * len(variables))
    axes = np.atleast_1d(figure.subplots(len(variables), 1, sharex=True))
    g = np.array([row["generation"] for row in generations])
    for axis, variable in zip(axes, variables, strict=True):
        name, log = variable["name"], variable["scale"] == "log"
        ends = np.array([variable["from"], variable["to"]], dtype=float)
        low, high = np.log(ends) if log else ends
        mean = np.array([row["mean"][name] for row in generations])
        middle = np.log(mean) if log else mean
        width = np.array([row["spread"][name] for row in generations]) * (high - low)
        band = [np.clip(middle + sign * width, low, high) for sign in (-1, 1)]
        band = [np.exp(edge) if log else edge for edge in band]
        axis.plot(
            [row["generation"] for row in summary["history"]],
            [row["variables"][name] for row in summary["history"]],
            "o", ms=3, color=CURVES[0], alpha=0.4,
        )  # fmt: skip
        axis.plot(g, mean, color=CURVES[0], lw=1.6)
        axis.fill_between(g, *band, color=CURVES[0], alpha=0.15, lw=0)
        axis.axhline(variable["start"], color="0.4", lw=0.9, ls="--")
        if variable["reference"] is not None and variable["reference"] != variable["start"]:
            axis.axhline(variable["reference"], color="0.4", lw=0.9, ls=":")
        if log:
            axis.set_yscale("log")
        clean(axis, name)
    axes[-1].set_xlabel("generation")
    rows = [
        {"generation": row["generation"], **row["mean"], **{f"{k} spread": s for k, s in row["spread"].items()}}
        for row in generations
    ]
    return save(figure, folder, "variables", rows)


def _evaluations(summary: Summary) -> str:
    """A row a run, with what its evaluation gave."""
    names = [variable["name"] for variable in summary["variables"]]
    rows = [
        {"name": run, **row["variables"], "generation": row["generation"], "evaluation": row["evaluation"],
         "objective": row["objective"], "notes": "; ".join(row["notes"])}
        for row in summary["history"]
        for run in row["runs"]
    ]  # fmt: skip
    rows += [
        {"name": run, **one["variables"], "generation": "–", "evaluation": what, "objective": value}
        for what, one in [
            *((FINALS[name], one) for name, one in _finals(summary).items()),
            *((one["whence"], one) for one in summary["candidates"]),
        ]
        for run, value in zip(one["runs"], one["values"], strict=False)
    ]  # fmt: skip
    columns = {"generation": "generation", "evaluation": "evaluation", **{n: n for n in names}}
    return runs_table(rows, {**columns, "objective": _label(summary), "notes": ""})
