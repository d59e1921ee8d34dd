"""The fronts of a growing slab over time, with the lines whose slopes are their speeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.report.figures import AMORPHOUS, CRYSTAL, clean, new_figure, save

CAPTION = (
    "Fronts of the crystal slab, measured from the middle of the T that were its own from the beginning. "
    "Lines: speeds of the summary, with their errors as bands, which come from the fluctuations of this one "
    "trajectory."
)


def save_fronts(folder: Path, rows: Sequence[Mapping[str, float]], growth: Mapping[str, Any]) -> Path:
    """Draw and save ``fronts``; returns the PNG's path.

    Parameters
    ----------
    folder
        Of the figures.
    rows
        From `zeocryst.order.kinetics.front_rows`.
    growth
        Of the summary.
    """
    figure = new_figure(9, 3.6)
    axis = figure.subplots()
    time = np.array([row["time_ps"] for row in rows]) / 1000
    middle = time.mean()
    for front, sign, colour in zip(growth["fronts"], (-1, 1), (CRYSTAL, AMORPHOUS), strict=True):
        speed, error = front["speed_A_per_ns"], front["uncertainty_A_per_ns"]
        place = np.array([row[f"{front['side']}_front_A"] for row in rows])
        line = place.mean() + sign * speed * (time - middle)
        axis.fill_between(
            time,
            line - error * abs(time - middle),
            line + error * abs(time - middle),
            color=colour,
            alpha=0.15,
            lw=0,
        )
        axis.plot(time, line, color=colour, lw=1.4, label=f"{front['side']}: {speed:.1f} ± {error:.1f} Å/ns")
        axis.plot(time, place, color=colour, lw=0, marker="o", ms=3.5)
    clean(axis, "distance from the slab's middle (Å)")
    axis.set_xlabel("time (ns)")
    axis.legend(frameon=False, fontsize=9, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    return save(figure, folder, "fronts", [dict(row) for row in rows])
