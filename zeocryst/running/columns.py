"""Columns of a run's table that its stages and events follow: named where it has none of the name.

What is measured in every frame is known once the first has been measured, which is done only where something is
followed that not every run has.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zeocryst.condition import Condition, Event
from zeocryst.condition.model import UNTIL
from zeocryst.condition.writing import event_table
from zeocryst.errors import InputError, nearest
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import measure

if TYPE_CHECKING:
    import gsd.hoomd

#: Columns that every run's table has besides what is measured.
FIXED = ("step", "time_ps", "stage", "temperature_K", "pressure_bar", "energy_eV_per_bead")
#: What people call columns.
ALIASES = {"largest_grain_t": "largest_grain_sites", "largest_cluster_sites": "largest_cluster_T"}


def columns_of_events(condition: Condition, frame: gsd.hoomd.Frame, names: Sequence[str]) -> tuple[str, ...]:
    """The column of the table that each event of a condition follows; stages follow theirs by its own name.

    Parameters
    ----------
    condition
        The condition.
    frame
        Its first frame.
    names
        What is measured in every frame.

    Raises
    ------
    InputError
        There is no such column, for an event or a stage's end; or nothing that refines is called so.
    """
    events = condition.output.events
    awaited = [
        (n, until.quantity)
        for n, stage in enumerate(condition.stages, start=1)
        for until in stage.ends
        if until.quantity not in UNTIL
    ]
    if not events and not awaited:
        return ()
    for number, event in enumerate(events, start=1):
        _check_names(event, condition.folder, _place(condition, number))
    known = (*FIXED, *measure(network_of_frame(frame)[0], list(names), frame).values)
    for n, quantity in awaited:
        if quantity not in known:
            raise InputError(
                f"stage {n}.until: the run's table has no column {quantity!r}; {nearest(quantity, known)} "
                "(more are measured with [output] measure)"
            )
    return tuple(_column(e.quantity, known, _place(condition, n)) for n, e in enumerate(events, start=1))


def _place(condition: Condition, number: int) -> str:
    """What messages call an event."""
    return f"output.backmap{f' {number}' if len(condition.output.events) > 1 else ''}"


def _column(asked: str, known: Sequence[str], where: str) -> str:
    """The column that is meant: by its name, an alias, or its name without the unit."""
    low = asked.lower()
    names = {name.lower(): name for name in known}
    if found := names.get(low) or names.get(ALIASES.get(low, "").lower()):
        return found
    begun = [name for name in known if name.lower().startswith(f"{low}_")]
    if len(begun) == 1:
        return begun[0]
    raise InputError(
        f"{where}: when: the run's table has no column {asked!r}; {nearest(asked, known)}"
        + (f" ({asked} could be {' or '.join(begun)})" if begun else "")
    )


def _check_names(event: Event, folder: Path, where: str) -> None:
    """See that there are such a molecule and such a method, as the event's process will."""
    from zeocryst.answers.asked import Wanted, prepare

    table = event_table(event, folder)
    try:
        prepare(Wanted(sda=table.get("sda"), si_al=event.si_al, refine=table.get("refine")))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
