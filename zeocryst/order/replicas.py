"""Several runs of one condition together: means over replicas, and errors that one trajectory can't give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: What is put together: its name, the part of a summary it stands in, its key there, and that of its error.
QUANTITIES = (
    ("front_speed_A_per_ns", "growth", "front_speed_A_per_ns", "front_speed_uncertainty_A_per_ns"),
    ("rate_sites_per_ns", "growth", "rate_sites_per_ns", "rate_uncertainty_sites_per_ns"),
    ("waiting_time_ps", "growth", "waiting_time_ps", "waiting_time_uncertainty_ps"),
    ("transition_time_ps", "transition", "time_ps", "uncertainty_ps"),
)


def over_replicas(summaries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    r"""Means of what is known of several runs that differ in their seed number only.

    Parameters
    ----------
    summaries
        Of runs or analyses (`zeocryst.order.kinetics.course`).

    Returns
    -------
    dict
        For each of ``front_speed_A_per_ns`` (the mean of the two fronts of each run), ``rate_sites_per_ns``,
        ``waiting_time_ps`` and ``transition_time_ps``: ``mean``, ``uncertainty`` (the standard error
        :math:`s / \sqrt{n}` from the standard deviation s over the runs, None for a single one), ``deviation``
        (s), ``one_run`` (the error that one run states, as a root mean square: comparable to s if that error is
        right), ``n_replicas`` (the runs that have it) and ``n_without`` (those that do not; of a waiting time
        these waited longer than they ran, so that the mean is too low). Nothing for what no run has.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, part, key, error in QUANTITIES:
        records = [s[part] for s in summaries if s[part][key] is not None]
        n = len(records)
        if not n:
            continue
        values = np.array([record[key] for record in records])
        deviation = float(values.std(ddof=1)) if n > 1 else None
        found[name] = {
            "mean": float(values.mean()),
            "uncertainty": None if deviation is None else deviation / n**0.5,
            "deviation": deviation,
            "one_run": float(np.sqrt(np.mean([record[error] ** 2 for record in records]))),
            "n_replicas": n,
            "n_without": len(summaries) - n,
        }
    return found
