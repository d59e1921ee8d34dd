"""How long runs waited: the share that still waits over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.report.figures import AMORPHOUS, CRYSTAL, clean, new_figure, save

CAPTION = (
    "Share of the runs without a nucleus (Kaplan and Meier), its 95 % interval as a band; ticks are runs that "
    "ended without one. Dashed: a constant rate, by maximum likelihood."
)


def save_survival(folder: Path, waited: Mapping[str, Any]) -> Path:
    """Draw and save ``survival``; returns the PNG's path.

    Parameters
    ----------
    folder
        Of the figures.
    waited
        From `zeocryst.order.replicas.waiting`, of one run at least.
    """
    curve = waited["curve"]
    figure = new_figure(7, 3.8)
    axis = figure.subplots()
    time, share, low, high = (
        np.array([first, *(row[name] for row in curve)], dtype=float)
        for name, first in (("time_ps", 0.0), ("waiting", 1.0), ("waiting_low", 1.0), ("waiting_high", 1.0))
    )
    # where all wait, or none, no interval is defined: no band there
    low, high = np.where(np.isnan(low), share, low), np.where(np.isnan(high), share, high)
    axis.fill_between(time / 1000, low, high, step="post", color=CRYSTAL, alpha=0.15, lw=0)
    n = waited["n_replicas"]
    axis.step(time / 1000, share, where="post", color=CRYSTAL, lw=1.6, label=f"{n} run{'' if n == 1 else 's'}")
    ends = [row for row in curve if row["censored"]]
    axis.plot(
        [row["time_ps"] / 1000 for row in ends], [row["waiting"] for row in ends], ls="", marker="|", ms=10,
        mew=1.6, color=CRYSTAL,
    )  # fmt: skip
    if waited["mean"]:
        at = np.linspace(0, time[-1], 200)
        axis.plot(
            at / 1000, np.exp(-at / waited["mean"]), color=AMORPHOUS, lw=1.2, ls="--",
            label=f"constant rate, mean wait {waited['mean']:.0f} ps",
        )  # fmt: skip
    axis.set_ylim(-0.03, 1.05)
    clean(axis, "share that still waits")
    axis.set_xlabel("time (ns)")
    axis.legend(frameon=False, fontsize=9)
    return save(figure, folder, "survival", [dict(row) for row in curve])
