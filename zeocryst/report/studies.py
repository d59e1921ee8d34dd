"""What the reports of studies share: estimates with errors, assumptions in words, links to the runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from zeocryst.report.page import Html, number, page, table


def with_error(value: float | None, error: float | None, unit: str = "") -> str:
    """An estimate and its standard error, to two digits of the error: "274.3 ± 1.2 K"; "not known" for None."""
    if value is None or not math.isfinite(value):
        return "not known"
    tail = f" {unit}" if unit else ""
    if error is None or not math.isfinite(error) or error <= 0:
        return f"{number(value)}{tail}"
    # the error as it is rounded decides: 0.996 is 1.0
    digits = max(0, 1 - math.floor(math.log10(float(f"{error:.1e}"))))
    return f"{value:.{digits}f} ± {error:.{digits}f}{tail}"


def interval(low: float | None, high: float | None, unit: str = "", digits: int = 4) -> str:
    """An interval; an end that is None is unbounded."""
    ends = [edge if x is None else number(x, digits) for x, edge in ((low, "-∞"), (high, "∞"))]
    return f"{ends[0]} to {ends[1]}" + (f" {unit}" if unit else "")


def sentences(texts: Sequence[str]) -> str:
    """A list of sentences, such as all assumptions of an estimate."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>" if texts else ""


def run_link(name: str) -> Html:
    """A link to the folder of a run, as the report of a study has it."""
    return Html(f'<a href="./runs/{escape(name)}/">{escape(name)}</a>')


def runs_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """A row a run, each with a link to its folder.

    Parameters
    ----------
    rows
        With ``name`` and what `columns` names; what a row lacks is left empty.
    columns
        Headings by key.
    """
    lines = [[run_link(str(row["name"])), *(row.get(key) for key in columns)] for row in rows]
    return table(["run", *columns.values()], lines)


def study_page(
    folder: Path,
    summary: Mapping[str, Any],
    sections: Sequence[tuple[str, str]],
    *,
    found: bool,
) -> Path:
    """Write the report of a study: the answer, its sections, its assumptions, its file; returns its path.

    Parameters
    ----------
    folder
        Of the study; ``study.toml`` lies there.
    summary
        With ``name``, ``sentence`` and ``assumptions``; ``title`` and ``why_not`` may be there.
    sections
        Headings and their HTML.
    found
        Whether there is an answer: the colour of the verdict.
    """
    reasons = [f"No {key}: {why}" for key, why in (summary.get("why_not") or {}).items()]
    file = folder / "study.toml"
    made = f"<pre>{escape(file.read_text('utf-8'))}</pre>" if file.is_file() else ""
    text = page(
        str(summary.get("title") or summary["name"]),
        "" if found else "amorphous",
        str(summary["sentence"]),
        [
            *sections,
            *([("What is not known", sentences(reasons))] if reasons else []),
            ("What is assumed", sentences(summary["assumptions"])),
            ("The study", made),
        ],
    )
    path = folder / "report.html"
    path.write_text(text, "utf-8")
    return path
