"""What the replicas of each setting of a sweep say together: means, chances, survival curves, frameworks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from zeocryst.files.records import without_nan
from zeocryst.order.crystallinity import AMORPHOUS_BELOW, CRYSTALLINE_FROM
from zeocryst.order.replicas import waiting
from zeocryst.order.survival import Waits, chance, median_wait, survival_curve
from zeocryst.studies.objectives import MOSTLY
from zeocryst.studies.points import Done
from zeocryst.studies.reading import replica_seed
from zeocryst.sweeps.sweep_intervals import mean_with_interval
from zeocryst.sweeps.sweep_plan import CRYSTALLINE, NUCLEUS
from zeocryst.sweeps.sweep_results import row

Summary = Mapping[str, Any]

#: The leading type of a run without one.
AMORPHOUS = "amorphous"


class Named(Protocol):
    """What has a name, as the axes of a plan have."""

    @property
    def name(self) -> str:
        """The axis as facts of a run call it."""


@dataclass(frozen=True)
class Quantity:
    """A column of which a mean over replicas is taken.

    Attributes
    ----------
    name, unit : str
        The unit is empty where it has none.
    words : str
        What it is, for the report.
    least, most : float
        What it can be at all.
    """

    name: str
    unit: str
    words: str
    least: float = -np.inf
    most: float = np.inf


QUANTITIES = tuple(
    Quantity(*entry)
    for entry in (
        ("crystalline_share", "", "crystalline share at the end, as simulated", 0.0, 1.0),
        ("quenched_crystalline_share", "", "crystalline share at the end, quenched", 0.0, 1.0),
        ("largest_grain_sites", "T", "largest grain at the end", 0.0),
        ("transition_time_ps", "ps", "transition time of the runs that transformed", 0.0),
        ("front_speed_A_per_ns", "Å/ns", "front speed"),
        ("rate_sites_per_ns", "T/ns", "growth of the largest grain"),
        ("quenched_energy_eV_per_bead", "eV/bead", "energy at the end, quenched"),
        ("q4_share", "", "four-coordinated T of the atoms", 0.0, 1.0),
        ("dls_residual", "", "residual of the distance least squares", 0.0),
        ("refined_above_quartz_kJ_per_mol", "kJ/mol", "energy of the refined atoms above quartz, per SiO2"),
        ("wall_s", "s", "time that the run took", 0.0),
    )
)


def over_points(
    axes: Sequence[Named], dones: Sequence[Done], *, success: str, framework: str, seed: int
) -> list[dict[str, Any]]:
    """What is known of each setting from its replicas.

    Parameters
    ----------
    axes
        Their names are facts of the runs' points.
    dones
        Runs that are done, failed, or wait (neither a summary nor a failure).
    success
        ``"crystalline"``: the run ended crystalline once quenched; ``"nucleus"``: a nucleus came while it was
        watched.
    framework
        Of which crystal that has to be; any if empty. Then half of the T or more have to be it (as for the
        objective of a design), and with ``"nucleus"`` it has to lead the run.
    seed
        Of the bootstraps; that of each interval follows from it and the setting, so that points that are added
        change nothing of the others.

    Returns
    -------
    list of dict
        A setting each, in the order in which they come first among the runs: ``values`` (by axis),
        ``n_replicas`` (runs that are done), ``n_failed``, ``n_waiting``; ``quantities`` (of `QUANTITIES` those
        that any run has: what `zeocryst.sweeps.sweep_intervals.mean_with_interval` gives, ``unit``, ``words``
        and ``n_without``, the runs that are done and do not have it); ``success`` (``chance``, ``chance_low``,
        ``chance_high``, ``n_success``, ``n_replicas``; None without a run that could tell, and ``left_out``);
        ``waiting`` (`zeocryst.order.replicas.waiting`) and ``transition`` (`transition`), None where no run
        says anything of it; ``frameworks`` (``code``, ``n_replicas`` that it led, ``chance`` with its interval,
        most frequent first); ``runs`` (``name``, ``folder``, ``replica``, ``state``, ``verdict``, ``leading``,
        ``success``, ``failure`` and all `QUANTITIES`, of every run, those that failed or wait too).
    """
    names = [axis.name for axis in axes]
    settings: dict[tuple[Any, ...], list[Done]] = {}
    for done in dones:
        settings.setdefault(tuple(done.point.facts.get(name) for name in names), []).append(done)
    found: list[dict[str, Any]] = without_nan(
        [
            _point(dict(zip(names, values, strict=True)), runs, (success, framework), seed)
            for values, runs in settings.items()
        ]
    )
    return found


def _point(values: dict[str, Any], dones: Sequence[Done], wanted: tuple[str, str], seed: int) -> dict[str, Any]:
    """What is known of one setting."""
    rows = [_run(done, *wanted) for done in dones]
    ended = [run for run in rows if run["state"] == "done"]
    summaries = [done.summary for done in dones if done.summary is not None]
    waited = waiting(summaries) if summaries else None
    return {
        "values": values,
        "n_replicas": len(ended),
        "n_failed": sum(run["state"] == "failed" for run in rows),
        "n_waiting": sum(run["state"] == "waiting" for run in rows),
        "quantities": _quantities(values, ended, seed),
        "success": _success(ended),
        "waiting": waited if waited and waited["n_replicas"] else None,
        "transition": transition(summaries),
        "frameworks": _frameworks([str(run["leading"]) for run in ended]),
        "runs": rows,
    }


def _run(done: Done, success: str, framework: str) -> dict[str, Any]:
    """What the report says of one run."""
    line, facts = row(done), done.point.facts

    def told(name: str) -> Any:
        """A result, also where an axis has its name."""
        return line.get(f"run.{name}", line[name])

    return {
        "name": line["name"],
        "folder": line["folder"],
        "replica": facts.get("replica"),
        "state": line["state"],
        "verdict": told("verdict"),
        "leading": None if done.summary is None else leading(done.summary),
        "success": None if done.summary is None else succeeded(done.summary, success, framework),
        **{quantity.name: told(quantity.name) for quantity in QUANTITIES},
        "failure": done.failure,
    }


# ---- one run ------------------------------------------------------------------------------------------


def named(summary: Summary) -> Sequence[Mapping[str, Any]]:
    """The types of the last frame once quenched, as the verdict is; of an older summary as simulated."""
    found = (summary.get("quenched") or {}).get("types")
    return (summary.get("types") or ()) if found is None else found


def leading(summary: Summary) -> str:
    """The type with the largest share of a run's T, or ``"amorphous"`` where that is below a tenth.

    A type for which two codes stand (``ABW|ATN``) stays both. Of equal shares the first in the alphabet leads.
    """
    best = min(named(summary), key=lambda entry: (-entry["share"], entry["code"]), default=None)
    return str(best["code"]) if best and best["share"] >= AMORPHOUS_BELOW else AMORPHOUS


def succeeded(summary: Summary, success: str, framework: str) -> bool | None:
    """Whether a run had success; None where it cannot tell: with ``"nucleus"``, it began with a crystal."""
    if success == NUCLEUS:
        told = waiting([summary])
        if not told["n_replicas"]:
            return None
        return bool(told["n_events"]) and (not framework or framework in leading(summary).split("|"))
    share = (summary.get("quenched") or {}).get("crystalline_share")
    crystalline = summary["verdict"] == CRYSTALLINE if share is None else share >= CRYSTALLINE_FROM
    if not framework:
        return bool(crystalline)
    wanted = sum(entry["share"] for entry in named(summary) if framework in str(entry["code"]).split("|"))
    return bool(crystalline and wanted >= MOSTLY)


# ---- over replicas --------------------------------------------------------------------------------------


def _quantities(values: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    found = {}
    setting = [part for name in sorted(values) for part in (name, values[name])]
    for quantity in QUANTITIES:
        known = [float(run[quantity.name]) for run in runs if run[quantity.name] is not None]
        if known:
            found[quantity.name] = {
                **mean_with_interval(
                    known, replica_seed(seed, *setting, quantity.name), least=quantity.least, most=quantity.most
                ),
                "n_without": len(runs) - len(known),
                "unit": quantity.unit,
                "words": quantity.words,
            }
    return found


def _success(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = [run["success"] for run in runs if run["success"] is not None]
    return {**_share(sum(told), len(told)), "n_success": sum(told), "left_out": len(runs) - len(told)}


def _share(n: int, trials: int) -> dict[str, Any]:
    """A chance with the interval of Clopper and Pearson; None of no trials."""
    keys = ("chance", "chance_low", "chance_high")
    told = chance(n, trials, exact=True) if trials else dict.fromkeys(keys)
    return {**{key: told[key] for key in keys}, "n_replicas": trials}


def _frameworks(codes: Sequence[str]) -> list[dict[str, Any]]:
    """Which type led how many runs."""
    counted = sorted(Counter(codes).items(), key=lambda item: (-item[1], item[0]))
    return [{"code": code, **_share(n, len(codes)), "n_replicas": n} for code, n in counted]


def transition(summaries: Sequence[Summary]) -> dict[str, Any] | None:
    """When runs of one setting transformed, those included that did not while they went on.

    Parameters
    ----------
    summaries
        Of runs.

    Returns
    -------
    dict or None
        ``n_replicas`` (runs that count), ``n_events`` (those that transformed), ``n_censored``, ``left_out`` (a
        ``seed`` and ``why`` for each other), ``median_ps``, ``median_low_ps``, ``median_high_ps`` (of the
        curve), ``curve`` (`zeocryst.order.survival.survival_curve`), ``runs`` (``seed``, ``time_ps``,
        ``came``). Times are from the beginning of the run, its preparation included. None where no run counts.
    """
    runs: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for summary in summaries:
        run = {"seed": summary.get("seed"), **_transformed(summary)}
        (left_out if "why" in run else runs).append(run)
    if not runs:
        return None
    waits = Waits.of([run["time_ps"] for run in runs], [run["came"] for run in runs])
    curve = survival_curve(waits)
    median = median_wait(curve)
    return {
        "n_replicas": len(runs),
        "n_events": waits.events,
        "n_censored": len(runs) - waits.events,
        "left_out": left_out,
        "median_ps": median["median_ps"],
        "median_low_ps": median["low_ps"],
        "median_high_ps": median["high_ps"],
        "curve": curve,
        "runs": runs,
    }


def _transformed(summary: Summary) -> dict[str, Any]:
    """When a run transformed or how long it went on without, or why it says nothing of that."""
    record = summary.get("transition") or {}
    share = summary.get("crystalline_share") or {}
    if record.get("found"):
        return {"time_ps": record["time_ps"], "came": True}
    if (share.get("start") or 0.0) >= CRYSTALLINE_FROM:
        return {"why": "it is crystalline from the start"}
    if (share.get("end") or 0.0) >= CRYSTALLINE_FROM:
        return {"why": "it ended crystalline, but when it transformed has no fit"}
    if summary.get("time_ps") is None:
        return {"why": "its summary does not say how long it went on"}
    return {"time_ps": summary["time_ps"], "came": False}
