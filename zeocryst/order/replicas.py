"""Several runs of one condition together: means over replicas, and errors that one trajectory can't give.

Of how long a nucleus was waited for no mean is taken, since runs that waited in vain would be left out of it:
`zeocryst.order.survival` counts them for as long as they were watched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zeocryst.order.survival import Waits, chance, constancy, constant_rate, median_wait, survival_curve

Summary = Mapping[str, Any]

#: What is put together: its name, the part of a summary it stands in, its key there, and that of its error.
QUANTITIES = (
    ("front_speed_A_per_ns", "growth", "front_speed_A_per_ns", "front_speed_uncertainty_A_per_ns"),
    ("rate_sites_per_ns", "growth", "rate_sites_per_ns", "rate_uncertainty_sites_per_ns"),
    ("transition_time_ps", "transition", "time_ps", "uncertainty_ps"),
)
#: What the runs of one condition share; where they differ, that is said.
SHARED = ("condition", "n_T", "n_S", "forcefield")
ASSUMPTIONS = (
    "Each run is a sample of its own: only its seed number differs, and nothing is carried from one to the "
    "next.",
    "A run that was watched without a nucleus says that its wait is longer than it was watched (censored); "
    "how long it was watched has nothing to do with whether a nucleus was about to form.",
    "A nucleus counts from the middle between the last frame without a largest grain of that size and the "
    "next. One that is smaller is not seen, so that the time it takes to grow to it is part of the wait.",
    "The rate is a constant one, by maximum likelihood, and that per volume takes the box for a piece of a "
    "bulk: in a box that is not much larger than a nucleus it is not.",
)


def over_replicas(summaries: Sequence[Summary]) -> dict[str, dict[str, Any]]:
    r"""What is known of several runs that differ in their seed number only.

    Parameters
    ----------
    summaries
        Of runs or analyses (`zeocryst.order.kinetics.course`).

    Returns
    -------
    dict
        For each of ``front_speed_A_per_ns`` (the mean of the two fronts of each run), ``rate_sites_per_ns`` and
        ``transition_time_ps``: ``mean``, ``uncertainty`` (the standard error :math:`s / \sqrt{n}` from the
        standard deviation s over the runs, None for a single one), ``deviation`` (s), ``one_run`` (the error
        that one run states, as a root mean square: comparable to s if that error is right), ``n_replicas`` (the
        runs that have it) and ``n_without`` (those that do not: these are left out, so that it is a mean over
        the runs that transformed and no estimate of how long one waits). Nothing for what no run has.

        ``waiting_time_ps``: what `waiting` finds, if any of the runs began without a crystal.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, part, key, error in QUANTITIES:
        records = [s[part] for s in summaries if s[part] and s[part][key] is not None]
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
    waited = waiting(summaries)
    if waited["n_replicas"]:
        found["waiting_time_ps"] = waited
    return found


def waiting(summaries: Sequence[Summary]) -> dict[str, Any]:
    """How long a nucleus is waited for, over several runs, those included that waited in vain.

    Parameters
    ----------
    summaries
        Of runs or analyses. Those that began with a crystal say nothing of it.

    Returns
    -------
    dict
        ``n_replicas`` (runs that count), ``n_events`` and ``n_censored`` of them, ``left_out`` (a ``seed`` and
        ``why`` for each other run), ``watched_ns`` (of all together), ``nucleus_T``; ``mean`` (the mean wait
        with a constant rate, ps; None without an event), ``mean_low``, ``mean_high`` (95 %; None without a
        limit), ``median_ps``, ``median_low_ps``, ``median_high_ps`` (of the curve), ``rate_per_ns`` and its
        interval, ``rate_per_m3_s`` and its interval (the same over the volume of the boxes; None where that is
        not known), ``constancy`` and ``success`` (`zeocryst.order.survival`), ``curve`` (the survival curve),
        ``runs`` (``seed``, ``time_ps``, ``came`` and ``volume_A3`` of each), ``sentence`` and ``assumptions``.
    """
    runs: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for summary in summaries:
        run = _watched(summary)
        (left_out if "why" in run else runs).append(run)
    waits = Waits.of([run["time_ps"] for run in runs], [run["came"] for run in runs])
    record: dict[str, Any] = {
        "n_replicas": len(runs),
        "n_events": waits.events,
        "n_censored": len(runs) - waits.events,
        "left_out": left_out,
        "watched_ns": waits.exposure_ps / 1000,
        "nucleus_T": max((s["growth"]["nucleus_T"] or 0 for s in summaries if s["growth"]), default=0) or None,
        "runs": runs,
        "assumptions": [*ASSUMPTIONS],
    }
    if not runs:
        return record | {"curve": [], "sentence": "No run says how long a nucleus is waited for."}
    curve = survival_curve(waits)
    rate, median = constant_rate(waits), median_wait(curve)
    record |= {
        "mean": rate["mean_wait_ps"],
        "mean_low": rate["mean_wait_low_ps"],
        "mean_high": rate["mean_wait_high_ps"],
        "median_ps": median["median_ps"],
        "median_low_ps": median["low_ps"],
        "median_high_ps": median["high_ps"],
        **{key: rate[key] for key in ("rate_per_ns", "rate_low_per_ns", "rate_high_per_ns")},
        **_per_volume(runs, waits),
        "constancy": constancy(waits),
        "success": chance(waits.events, len(runs)),
        "curve": curve,
    }
    differences = _differences(summaries, waits)
    record["assumptions"] += differences
    record["sentence"] = " ".join([_sentence(record), *(text for text in differences if "not replicas" in text)])
    return record


def _watched(summary: Summary) -> dict[str, Any]:
    """One run: how long it was watched and whether a nucleus came, or why it says nothing of that."""
    run: dict[str, Any] = {"seed": summary.get("seed")}
    growth = summary["growth"]
    if not growth:
        return run | {"why": "its growth was not measured"}
    nothing = growth["why_not"].get("waiting_time_ps")
    if growth.get("nucleus_T") is None:
        return run | {"why": nothing or growth["why_not"].get("growth") or "nothing was waited for"}
    wait, watched = growth["waiting_time_ps"], growth.get("watched_ps")
    run["volume_A3"] = growth.get("volume_A3")
    if wait is not None and (watched is None or wait <= watched):
        return run | {"time_ps": wait + growth["waiting_time_uncertainty_ps"] / 2, "came": True}
    if nothing and "from the beginning" in nothing:
        return run | {"why": nothing}
    if watched is None:
        return run | {"why": "its summary is older than this and does not say how long it was watched"}
    return run | {"time_ps": watched, "came": False}


def _per_volume(runs: Sequence[Mapping[str, Any]], waits: Waits) -> dict[str, float | None]:
    """The rate per volume: events over the sum of volume times time."""
    keys = ("rate_per_m3_s", "rate_low_per_m3_s", "rate_high_per_m3_s")
    volumes = [run["volume_A3"] for run in runs]
    if None in volumes or not waits.exposure_ps:
        return dict.fromkeys(keys)
    # of a volume of one cubic ångström, in events per ns
    spread = Waits(waits.time_ps * np.array(volumes), waits.came)
    rate = constant_rate(spread)
    per = 1e30 * 1e9  # cubic ångström in a cubic metre, ns in a second
    names = ("rate_per_ns", "rate_low_per_ns", "rate_high_per_ns")
    values = (rate[name] for name in names)
    return {key: None if value is None else value * per for key, value in zip(keys, values, strict=True)}


def _differences(summaries: Sequence[Summary], waits: Waits) -> list[str]:
    """What makes the runs less than one sample."""
    said = []
    for name in SHARED:
        values = sorted({str(s[name]) for s in summaries if name in s})
        if len(values) > 1:
            said.append(
                f"The runs differ in {name} ({', '.join(values)}): they are not replicas of one condition."
            )
    seeds = [s["seed"] for s in summaries if s.get("seed") is not None]
    if len(set(seeds)) < len(seeds):
        said.append("Seed numbers occur twice: what has the same seed number may be the same run.")
    ends = waits.time_ps[~waits.came]
    if len(ends) and np.ptp(ends) > 0.01 * ends.max():
        said.append(
            f"The runs without a nucleus were watched for {ends.min():.0f} to {ends.max():.0f} ps: the chance "
            "of success is that of no single time."
        )
    return said


def _sentence(record: Mapping[str, Any]) -> str:
    """The waiting times in words."""
    n, events = record["n_replicas"], record["n_events"]
    how = record["success"]
    words = (
        f"A nucleus of {record['nucleus_T']} T formed in {events} of {n} run{'' if n == 1 else 's'} "
        f"({100 * how['chance']:.0f} %, {100 * how['chance_low']:.0f} to {100 * how['chance_high']:.0f} %), "
        f"{record['watched_ns']:.3g} ns watched in all."
    )
    if events:
        high = record["mean_high"]
        words += (
            f" Mean wait {record['mean']:.0f} ps ({record['mean_low']:.0f} to {high:.0f}), those that waited "
            "in vain included."
        )
    elif record["mean_low"] is not None:
        words += f" Mean wait more than {record['mean_low']:.0f} ps."
    return f"{words} {record['constancy']['sentence']}"
