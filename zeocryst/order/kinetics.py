"""The whole story of a rise, for the summary of a run or of an analysis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.order.avrami import avrami_exponent
from zeocryst.order.growth import growth_rate, planar_front
from zeocryst.order.labels import label_sites
from zeocryst.order.nucleation import find_transition

#: What stands in a summary's ``transition``; null where it is not defined.
KEYS = (
    "found", "time_ps", "uncertainty_ps", "sentence", "induction_time_ps", "induction_uncertainty_ps",
    "growth_rate_sites_per_ns", "growth_rate_uncertainty_sites_per_ns", "front_speed_A_per_ns",
    "front_speed_uncertainty_A_per_ns", "avrami_exponent", "avrami_uncertainty",
)  # fmt: skip


def kinetics(
    time_ps: Sequence[float],
    share: Sequence[float],
    grain_sites: Sequence[float],
    network_at: Callable[[int], Network],
    seed: int = 1,
) -> dict[str, Any]:
    """Transition, induction, growth and Avrami exponent, each with its uncertainty.

    What each is, and when it is None: `zeocryst.order.nucleation`, `zeocryst.order.growth`,
    `zeocryst.order.avrami`. Without a transition all are.

    Parameters
    ----------
    time_ps, share, grain_sites : (M,) sequences
        Time, crystalline share and size of the largest grain of each frame.
    network_at
        Gives the network of one of these frames, to see whether the grain has planar fronts as it begins to
        grow.
    seed
        Of the bootstraps.
    """
    found = find_transition(time_ps, share, seed)
    record: dict[str, Any] = dict.fromkeys(KEYS)
    record |= {
        "found": found.found,
        "time_ps": found.time_ps,
        "uncertainty_ps": found.uncertainty_ps,
        "induction_time_ps": found.induction_time_ps,
        "induction_uncertainty_ps": found.induction_uncertainty_ps,
    }
    words = [found.sentence]
    if found.found:
        growth = growth_rate(time_ps, grain_sites)
        if growth is not None:
            rate, spread = growth.sites_per_ns, growth.uncertainty
            record["growth_rate_sites_per_ns"] = rate
            record["growth_rate_uncertainty_sites_per_ns"] = spread
            words.append(f"The largest grain grows by {rate:.0f} ± {spread:.0f} T/ns")
            network = network_at(max(0, growth.frames[0] - 1))  # before its fronts meet
            sites_per_A = planar_front(network, label_sites(network).grain)
            if sites_per_A is not None:
                record["front_speed_A_per_ns"] = rate / sites_per_A
                record["front_speed_uncertainty_A_per_ns"] = spread / sites_per_A
                words[-1] += f", each of its two fronts moves at {rate / sites_per_A:.1f} Å/ns"
            words[-1] += "."
        avrami = avrami_exponent(time_ps, share, seed)
        if avrami is not None:
            record["avrami_exponent"] = avrami.exponent
            record["avrami_uncertainty"] = avrami.uncertainty
            words.append(f"Avrami exponent {avrami.exponent:.1f} ± {avrami.uncertainty:.1f}.")
    record["sentence"] = " ".join(words)
    return {key: None if isinstance(v, float) and not np.isfinite(v) else v for key, v in record.items()}


def course(
    rows: Sequence[Mapping[str, Any]], start: int, network_at: Callable[[int], Network], seed: int = 1
) -> dict[str, Any]:
    """How order came about, from the rows of a run or an analysis.

    Parameters
    ----------
    rows
        One a frame, with ``time_ps``, ``crystalline_share`` and ``largest_grain_sites``.
    start
        The first that counts.
    network_at
        Gives the network of a row.
    seed
        Of the bootstraps.

    Returns
    -------
    dict
        ``crystalline_share`` at the ``start`` and the ``end``, and the ``transition`` (`kinetics`).
    """
    after = rows[start:]
    time, share, sites = (
        [row[name] for row in after] for name in ("time_ps", "crystalline_share", "largest_grain_sites")
    )
    return {
        "crystalline_share": {"start": share[0], "end": share[-1]},
        "transition": kinetics(time, share, sites, lambda k: network_at(start + k), seed),
    }
