"""The story of an aggregation: what became of the clusters, and when the largest starts to order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zeocryst.order.crystallinity import AMORPHOUS_BELOW


def find_ordering(time_ps: ArrayLike, share: ArrayLike) -> dict[str, Any]:
    """When the largest cluster starts to order, if it does.

    It is ordered from the first frame on after which its crystalline share never falls below 0.1 again (where
    a frame is no longer called amorphous): order that melts again has not started anything. An amorphous
    cluster has a share of 0, since a grain needs 40 T that fit a net (`zeocryst.order.labels`), so that no
    threshold nearer to zero is needed.

    Parameters
    ----------
    time_ps, share : (M,) arrays
        Time, and crystalline share of the largest cluster, of each frame; NaN times where there are none.

    Returns
    -------
    dict
        ``found``; ``time_ps``, half way between the last frame before and the first one of order, with
        ``uncertainty_ps``, half the time between them (None where it is not found, or there are no times);
        ``share_start``, ``share_end`` and ``share_most``; and ``sentence``, which says the same.
    """
    t, s = np.asarray(time_ps, dtype=float), np.asarray(share, dtype=float)
    below = np.flatnonzero(s < AMORPHOUS_BELOW)
    time = spread = None
    end = f"{s[-1]:.2f} at the end"
    if len(below) == len(s):
        sentence = f"never orders: its crystalline share is {s.max():.2f} at most"
    elif len(below) and below[-1] == len(s) - 1:
        sentence = (
            f"does not stay ordered: its crystalline share was {AMORPHOUS_BELOW:g} or more in "
            f"{len(s) - len(below)} of {len(s)} frames, {s.max():.2f} in the best one, and is {end}"
        )
    elif not len(below):
        time, spread = float(t[0]), 0.0
        sentence = f"is ordered from the first frame on: its crystalline share is {s[0]:.2f} there, {end}"
    else:
        k = int(below[-1])
        time, spread = float(t[k] + t[k + 1]) / 2, float(t[k + 1] - t[k]) / 2
        timed = f"at {time:.0f} ± {spread:.0f} ps"
        when = timed if np.isfinite(time) else f"after {k + 1} of the {len(s)} frames"
        sentence = (
            f"starts to order {when}: from there on its crystalline share is {AMORPHOUS_BELOW:g} or more, {end}"
        )
    found = time is not None
    if time is None or not np.isfinite(time):
        time = spread = None
    return {
        "found": found,
        "time_ps": time,
        "uncertainty_ps": spread,
        "share_start": float(s[0]),
        "share_end": float(s[-1]),
        "share_most": float(s.max()),
        "sentence": f"The largest cluster {sentence}.",
    }


def aggregation_story(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What became of the clusters, from the columns of ``clusters`` and, where they are, ``cluster_order``.

    Returns
    -------
    dict
        ``start`` and ``end`` (numbers and sizes of the first and last row), ``percolates`` (whether the largest
        cluster of the last row is bonded to its own image), ``aggregate`` (whether in some row no cluster is:
        there is something to tell then, unlike in a crystal or a melt), ``ordering`` (`find_ordering`, None
        where the order was not measured) and ``sentence``.
    """
    first, last = rows[0], rows[-1]
    percolates = not np.isfinite(last["largest_cluster_rg_A"])
    whole = {1.0: "1 cluster"}
    begin, end = (whole.get(n, f"{n:.0f} clusters") for n in (first["clusters"], last["clusters"]))
    shape = (
        "percolates (is bonded to its own image, so that it has no radius of gyration)"
        if percolates
        else f"has a radius of gyration of {last['largest_cluster_rg_A']:.1f} Å"
    )
    mean, largest = first["mean_cluster_T"], f"{last['largest_cluster_T']:.0f} T"
    sentence = (
        f"{begin} of {mean:.1f} T on average at the start, {end} of {last['mean_cluster_T']:.1f} at the end; "
        f"the largest has {largest} and {last['largest_cluster_S']:.0f} S and {shape}."
    )
    ordering = None
    if "largest_cluster_crystalline_share" in first:
        ordering = find_ordering(
            [row["time_ps"] for row in rows], [row["largest_cluster_crystalline_share"] for row in rows]
        )
        sentence += f" {ordering['sentence']}"
    names = ("clusters", "mean_cluster_T", "weight_mean_cluster_T", "largest_cluster_T", "largest_cluster_S")
    return {
        "start": {name: first[name] for name in names},
        "end": {name: last[name] for name in names},
        "percolates": bool(percolates),
        "aggregate": any(row["percolating_clusters"] == 0 for row in rows),
        "ordering": ordering,
        "sentence": sentence,
    }
