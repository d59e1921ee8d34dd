"""An analysis as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]

#: Columns of the table: name, heading, format.
COLUMNS = (
    ("crystalline_share", "crystalline", "{:.3f}"),
    ("largest_grain_sites", "largest grain", "{:.0f}"),
    ("largest_grain_framework", "framework", "{}"),
    ("q4_share", "Q4", "{:.3f}"),
    ("tetrahedral_order", "tetrahedral q", "{:.3f}"),
    ("clusters", "clusters", "{:.0f}"),
    ("largest_cluster_T", "largest cluster", "{:.0f}"),
    ("rings5_per_T", "5-rings/T", "{:.3f}"),
    ("density_T_per_1000A3", "T/1000 Å^3", "{:.2f}"),
)
#: Columns that are not results of the analysis.
GIVEN = {"frame", "step", "time_ps", "stage", "temperature_K", "pressure_bar", "energy_eV_per_bead"}
#: Most rows and columns that are shown.
MOST_ROWS, MOST_COLUMNS = 25, 7


#: Where the command line has what is not shown: all rows, and all distributions.
REST = ("--json and --out give all", "--json gives the last frame's, --out all")


def in_words(
    rows: Sequence[Row], distributions: Sequence[str], sentence: str, *, rest: tuple[str, str] = REST
) -> str:
    """A table of the rows, or of evenly chosen ones, and the sentence.

    Parameters
    ----------
    rows
        One a frame.
    distributions
        Names of what else was measured.
    sentence
        The verdict.
    rest
        Where what is not shown is to be had.
    """
    columns = [column for column in COLUMNS if column[0] in rows[0]]
    if len(columns) < 3:  # something else was asked for
        names = [key for key in rows[0] if key not in GIVEN][:MOST_COLUMNS]
        columns = [(key, key, "{}" if isinstance(rows[0][key], str) else "{:.4g}") for key in names]
    picked = sorted({round(k) for k in np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS))})
    timed = all(np.isfinite(row["time_ps"]) for row in rows)
    lines = [["frame", "time (ns)" if timed else "step", *(heading for _, heading, _ in columns)]]
    for k in picked:
        row = rows[k]
        when = f"{row['time_ps'] / 1000:.3f}" if timed else str(row["step"])
        lines.append([str(row["frame"]), when, *(form.format(row[key]) for key, _, form in columns)])
    widths = [max(len(line[c]) for line in lines) for c in range(len(lines[0]))]
    text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    if len(picked) < len(rows):
        text.append(f"({len(picked)} of {len(rows)} frames; {rest[0]})")
    if distributions:
        text.append(f"Also measured: {', '.join(distributions)}; {rest[1]}.")
    return "\n".join([*text, sentence])
