"""From the level of particles to that of beads: the particles that were chosen become T and S.

Masses are counted at the step: each particle has the T and S in it that it was made with, and the beads have to
be as many of each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.files.folders import is_new, set_aside, take_lock
from zeocryst.files.records import read_json, without_nan
from zeocryst.files.rundir import ABOVE
from zeocryst.files.trajectory import is_sound, read_frame, write_frame
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.progress import Progress
from zeocryst.foundation.textfiles import write_text
from zeocryst.running.beginning import Options
from zeocryst.running.particle_level import run_particles

if TYPE_CHECKING:
    import gsd.hoomd

#: What the level of particles leaves for the beads: their first frame, what became of what, amorphous clusters.
BEADS, RECORD, LIBRARY = "beads.gsd", "resolved.json", "library.gsd"


@dataclass(frozen=True)
class Resolved:
    """The beads that particles became.

    Attributes
    ----------
    frame : gsd.hoomd.Frame
        Where they begin.
    words : str
        What was done.
    options : Options
        Of the call, with what is left of the walltime.
    """

    frame: gsd.hoomd.Frame
    words: str
    options: Options


def beads_of_particles(condition: Condition, out: Path, options: Options) -> Resolved | None:
    """Let the particles aggregate and resolve them; None where the run was stopped on the way.

    What was done before is not done again.

    Parameters
    ----------
    condition
        With particles that are resolved.
    out
        The run's folder; the particles have one in it.
    options
        Of the call.

    Raises
    ------
    InputError
        A folder holds something else, or no engine can run this.
    SimulationError
        The particles, the relaxation or the sum of the masses failed.
    """
    place = out / ABOVE
    if options.restart:
        _set_aside(out)
    stopper = Stopper(options.walltime_s)
    above, finished = run_particles(condition, place, replace(options, restart=False))
    if not finished:
        return None
    left = replace(options, restart=False, walltime_s=stopper.left_s)
    if known := _kept(place):
        return Resolved(known[0], known[1]["words"], left)
    with stopper:
        stopper.at_once = True
        frame, record = resolve_particles(condition, place, Progress(0, 1, options.quiet).say)
    record["particles"] = {key: above[key] for key in ("n_particles", "n_T", "n_S", "sentence")}
    write_frame(place / BEADS, frame)
    write_text(place / RECORD, json.dumps(without_nan(record), indent=1) + "\n")
    return Resolved(frame, record["words"], replace(left, walltime_s=stopper.left_s))


def _set_aside(out: Path) -> None:
    """Rename a run's folder with all of its levels, where it is one, and nobody runs there."""
    levels = [level for level in (out, out / ABOVE) if (level / "checkpoint").is_dir()]
    if is_new(out, bool(levels), "run"):
        return
    locks = []
    try:
        locks = [take_lock(level, "checkpoint/lock", "running") for level in levels]
    finally:
        for lock in locks:
            lock.close()
    set_aside(out)


def _kept(place: Path) -> tuple[gsd.hoomd.Frame, dict[str, Any]] | None:
    """What an earlier call left, where it is whole."""
    if not ((place / BEADS).is_file() and (place / RECORD).is_file()):
        return None
    try:
        frame, record = read_frame(place / BEADS), read_json(place / RECORD)
    except InputError:
        return None
    return (frame, record) if is_sound(frame) else None
