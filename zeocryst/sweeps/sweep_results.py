"""The table of everything of a sweep: a line a run, what it was about and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zeocryst.answers.replicas import COLUMNS, columns
from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import read_table
from zeocryst.studies.points import Done

#: Columns besides those of several runs of one condition, and where a run's summary has them.
MORE: dict[str, tuple[str, ...]] = {
    "steps": ("steps",),
    "transition_time_uncertainty_ps": ("transition", "uncertainty_ps"),
    "induction_time_ps": ("transition", "induction_time_ps"),
    "rate_uncertainty_sites_per_ns": ("growth", "rate_uncertainty_sites_per_ns"),
    "quenched_crystalline_share": ("quenched", "crystalline_share"),
    "quenched_q4_share": ("quenched", "q4_share"),
    "quenched_energy_eV_per_bead": ("quenched", "energy_eV_per_bead"),
    "formula": ("backmap", "formula"),
    "q4_share": ("backmap", "q4_share"),
    "dls_residual": ("backmap", "dls_residual"),
    "ideal_framework": ("ideal", "code"),
}
#: Columns of refined atoms, and what their record calls them.
REFINED = {
    "refined_method": "method",
    "refined_energy_eV": "energy_eV",
    "refined_energy_eV_per_SiO2": "energy_eV_per_SiO2",
    "refined_above_quartz_kJ_per_mol": "above_quartz_kJ_per_mol",
    "refined_converged": "converged",
}
#: What the run's own table says of its end.
AT_THE_END = ("largest_grain_sites", "largest_grain_framework", "energy_eV_per_bead", "density_T_per_1000A3")
#: What stands before the results, besides the values of the axes.
FIRST = ("name", "state")
#: What stands after them and is no result.
LAST = ("folder", "failure")


def state_of(done: Done) -> str:
    """``"done"``, ``"failed"``, or ``"waiting"``: it has neither results nor a failure yet."""
    if done.summary is not None:
        return "done"
    return "waiting" if done.failure is None else "failed"


def row(done: Done) -> dict[str, Any]:
    """One line of the table of everything.

    Parameters
    ----------
    done
        A run that is done, failed, or waits. Its `point.facts` say what it is about; its condition is not asked
        for.

    Returns
    -------
    dict
        ``name``, ``state``, the facts (axes, ``replica``, ``job``), results with units in their names,
        ``folder`` (`place`) and ``failure``. The keys do not depend on the results: what was not measured is
        None. A result that is called as an axis is, is called ``run.NAME``. ``crystalline_share``, ``types``
        and what `AT_THE_END` names are of the last frame as it was simulated, ``verdict`` and ``quenched_...``
        of it once quenched, ``formula``, ``q4_share``, ``dls_residual`` and ``checks_...`` of its atoms.
    """
    summary = done.summary or {}
    facts = dict(done.point.facts)
    found = columns(summary, COLUMNS | MORE)
    if not summary.get("types"):
        found["types"] = None if done.summary is None else ""
    found |= _checks(summary) | _refined(summary)
    found |= at_the_end(done.folder) if done.summary is not None else dict.fromkeys(AT_THE_END)
    taken = {*FIRST, *facts, *LAST}
    results = {(f"run.{name}" if name in taken else name): value for name, value in found.items()}
    first = {"name": done.point.name, "state": state_of(done)}
    return {**first, **facts, **results, "folder": place(done), "failure": done.failure}


def place(done: Done) -> str:
    """The folder of a run, from that of the sweep: ``workspace/JOB/run``."""
    return "/".join(done.folder.parts[-3:])


def at_the_end(folder: Path) -> dict[str, Any]:
    """What the last row of a run's ``order_parameters.csv`` says; None where there is no such table."""
    found: dict[str, Any] = dict.fromkeys(AT_THE_END)
    path = folder / "order_parameters.csv"
    if not path.is_file():
        return found
    try:
        rows = read_table(path, growing=True)[1]
    except InputError:
        return found  # a damaged table takes nothing away from what the summary says
    last = rows[-1] if rows else {}
    for name in AT_THE_END:
        text = last.get(name, "")
        if name == "largest_grain_framework":
            found[name] = text or None
            continue
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = None
    return found


def _checks(summary: Mapping[str, Any]) -> dict[str, Any]:
    """How many checks of the atoms passed, of those that apply."""
    checks = (summary.get("backmap") or {}).get("checks")
    if checks is None:
        return {"checks_passed": None, "checks_applied": None}
    return {
        "checks_passed": sum(check["passed"] is True for check in checks),
        "checks_applied": sum(check["passed"] is not None for check in checks),
    }


def _refined(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Of refined atoms: those of the summary itself, else of the last event that refined some."""
    record = summary.get("refined")
    for event in summary.get("events") or ():
        if not summary.get("refined") and event.get("refined"):
            record = event["refined"]
    return {name: (record or {}).get(key) for name, key in REFINED.items()}
