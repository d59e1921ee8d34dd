"""How far a sweep is: the state of each run, from the disk alone, whoever runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.files.records import read_summary
from zeocryst.files.rundir import is_running
from zeocryst.sweeps.space import DROPPED, FAILURE, STATE, Slot, Space, label

#: In the order in which they are told. A run that is stopped has begun and goes on from its checkpoint; one
#: that is dropped was left by a funnel.
STATES = ("done", "running", "stopped", "failed", "dropped", "waiting")


def look(slot: Slot) -> tuple[str, dict[str, Any] | None]:
    """One of `STATES`, and the summary of a run that is done; one whose summary is damaged is to go on."""
    job = slot.folder.parent
    begun = [place for place in (slot.folder, *sorted(job.glob("rung-*"))) if place.is_dir()]
    running = any(is_running(place) for place in begun)  # first, as it may end meanwhile
    if (slot.folder / "summary.json").is_file():
        with suppress(InputError):
            return "done", read_summary(slot.folder)
    if running:
        return "running", None
    if slot.document.get(FAILURE):
        return "failed", None
    if slot.document.get(STATE) == DROPPED:
        return DROPPED, None
    return ("stopped" if begun else "waiting"), None


def status(out: Path) -> dict[str, Any]:
    """How far the sweep in a folder is.

    Parameters
    ----------
    out
        The folder; it may be running.

    Returns
    -------
    dict
        ``counts`` by state (all of `STATES`), ``n_runs``, ``n_points``, ``failed`` (``name``, ``values``,
        ``replica``, ``message`` and ``folder`` of each), ``sentence``.

    Raises
    ------
    InputError
        It holds no sweep.
    """
    slots = Space(out).slots()
    return how_far(out, slots, [look(slot)[0] for slot in slots])


def how_far(out: Path, slots: Sequence[Slot], states: Sequence[str]) -> dict[str, Any]:
    """What `status` says, of runs and their states."""
    counts = Counter(states)
    failed = [
        {
            "name": slot.name,
            "values": dict(slot.values),
            "replica": slot.replica,
            "message": str(slot.document.get(FAILURE)),
            "folder": str(slot.folder.relative_to(out)),
        }
        for slot, state in zip(slots, states, strict=True)
        if state == "failed"
    ]
    found = {state: counts.get(state, 0) for state in STATES}
    return {
        "sweep": str(out),
        "counts": found,
        "n_runs": len(slots),
        "n_points": len({tuple(slot.values.items()) for slot in slots}),
        "failed": failed,
        "sentence": in_words(found, len(slots)),
    }


def in_words(counts: Mapping[str, int], total: int) -> str:
    """The counts as a sentence, those that are not none."""
    told = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    return f"{total} run{'' if total == 1 else 's'}: {told or 'none'}."


def in_lines(failed: Sequence[Mapping[str, Any]]) -> list[str]:
    """The runs that failed, a line each: which, and why."""
    return [f"{label(one['values'], one['replica'])}: {one['message']} ({one['folder']})" for one in failed]
