"""Where a run goes on, whatever has happened to its files meanwhile.

A run's state stands in three places: the checkpoint (the last state, in double precision), the frames of the
trajectory (each with its row of the table in its log) and the table. What is damaged is set aside under another
name (``trajectory.gsd.damaged-1``), never deleted, and made anew from what is sound:

* the table from the logs of the frames;
* the trajectory from its frames that are as they were written (their checksums say so), in a repaired copy
  where the file cannot be opened, with the checkpoint's frame where that one is lost;
* the checkpoint from the last sound frame, which has positions and velocities in single precision and no state
  of a thermostat.

What is lost is said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.condition import Condition
from zeocryst.engines.protocol import KEPT_MARKS
from zeocryst.errors import InputError
from zeocryst.files.gsd_repair import repair
from zeocryst.files.position import Position
from zeocryst.files.rundir import RunDirectory, as_texts
from zeocryst.files.trajectory import (
    BEAD_PREFIX,
    TrajectoryWriter,
    logged_row,
    read_frame,
    readable,
    rewrite,
)
from zeocryst.foundation.textfiles import read_table
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import measure
from zeocryst.running.watching import Watch

if TYPE_CHECKING:
    import gsd.hoomd

#: Columns of words, with the order parameter that gives each; frames of earlier versions do not log them.
WORDS = {"largest_grain_framework": "crystallinity"}
#: Most lost frames that are named one by one.
MOST_NAMED = 8

Row = dict[str, str]


@dataclass(frozen=True)
class _Frame:
    """A sound frame of the trajectory: its number in the file, and its row of the table as it stands there."""

    index: int
    row: Row

    @property
    def key(self) -> tuple[int, int]:
        """Step and stage: no two frames of a run share both."""
        return _key(self.row)


def resume(
    folder: RunDirectory, condition: Condition, say: Callable[[str], None]
) -> tuple[gsd.hoomd.Frame, Position, list[Row]] | None:
    """Frame and position from which a run goes on, and the rows so far; None for a run that has to begin.

    Frames and rows later than that are dropped.

    Raises
    ------
    InputError
        Neither the checkpoint nor any frame is sound.
    """
    saved, why = folder.load()
    if saved is not None and not _possible(saved[1], condition):
        saved, why = None, "its position is not one of this condition"
    if saved is None and why:
        say(f"the checkpoint is damaged ({why}); set aside as {folder.put_aside(folder.state).name}")
    frames, source, faults = _survey(folder.trajectory)
    rows, table_fault = _rows(folder.table)
    if saved is None and not why and len(frames) <= 1 and len(rows) <= 1:
        if faults:  # its first frame was never whole
            aside = folder.put_aside(folder.trajectory).name
            say(f"the trajectory had only begun ({faults[0]}); set aside as {aside}")
        return None  # killed before its first checkpoint, or new
    kept = [frame for frame in frames if saved is None or frame.key <= _last_key(saved[1])]
    if saved is None and not kept:
        raise InputError(
            f"--out {folder.path}: neither the checkpoint nor a frame of the trajectory can be read any more; "
            "--restart sets the folder aside and begins anew"
        )
    if faults:
        _set_trajectory_aside(folder, source, kept, faults, say)
    elif len(kept) < len(frames):
        _keep(folder.trajectory, source, kept)
    if source != folder.trajectory:
        source.unlink(missing_ok=True)
    if saved is not None:
        kept = _with_last(folder, saved, kept, rows, say)
        frame, position = saved
    else:
        frame, position = _from_last(folder, condition, kept, say)
    table = _table(folder, kept, rows, table_fault, say)
    _tell_lost(rows, table, position.step, say)
    return frame, position, table


def mend_table(folder: RunDirectory, say: Callable[[str], None]) -> None:
    """See that the table of a run that is over is that of its frames, where these are all sound."""
    frames, source, faults = _survey(folder.trajectory)
    if source != folder.trajectory:
        source.unlink(missing_ok=True)
    if frames and not faults:
        _table(folder, frames, *_rows(folder.table), say)


def _last_key(position: Position) -> tuple[int, int]:
    """Step and stage of the last frame before a position, as its row has them."""
    over = position.stage_step == 0 and (position.step > 0 or position.stage > 0)
    return position.step, position.stage if over else position.stage + 1


def _possible(position: Position, condition: Condition) -> bool:
    """Whether the condition has such a position."""
    if not 0 <= position.stage <= len(condition.stages) or min(position.step, position.stage_step) < 0:
        return False
    if position.stage == len(condition.stages):
        return position.stage_step == 0
    return position.stage_step <= min(condition.stages[position.stage].n_steps, position.step)


def _survey(path: Path) -> tuple[list[_Frame], Path, list[str]]:
    """Sound frames of a trajectory, the file in which they are (a repaired copy, or itself), what is wrong."""
    if not path.is_file():
        return [], path, []
    source, faults = path, []
    try:
        found = list(_look(path))
    except InputError as error:
        faults.append(str(error).removeprefix(f"{path}: "))
        source, found = path.with_name(path.name + ".repaired"), []
        try:
            if repair(path, source):
                found = list(_look(source))
        except InputError:
            pass  # even the repaired copy cannot be opened
    faults += [entry for entry in found if isinstance(entry, str)]
    frames = [entry for entry in found if isinstance(entry, _Frame)]
    straight: list[_Frame] = []
    for frame in frames:
        if straight and frame.key[0] < straight[-1].key[0]:
            faults.append(f"frame {frame.index}: its step is less than that of the frame before")
        else:
            straight.append(frame)
    return straight, source, faults


def _look(path: Path) -> Iterator[_Frame | str]:
    """What is known of each frame, or what is wrong with it."""
    for index, frame, fault in readable(path):
        if frame is None or fault:
            yield fault
            continue
        row = as_texts(logged_row(frame))
        try:
            if _key(row)[0] != int(frame.configuration.step or 0):
                raise ValueError
            if not np.isfinite(frame.particles.position).all():
                raise ValueError
        except (KeyError, ValueError):
            yield f"frame {index}: its log is not that of its step, or a position is no number"
            continue
        yield _Frame(index, row)


def _key(row: Row) -> tuple[int, int]:
    return int(float(row["step"])), int(float(row["stage"]))


def _rows(path: Path) -> tuple[list[Row], str]:
    """Rows of the table as far as they can be read, and what is wrong with it."""
    if not path.is_file():
        return [], "it is gone"
    try:
        _, rows = read_table(path)
        for row in rows:
            _key(row)
            [float(value or "nan") for name, value in row.items() if name not in WORDS]
    except InputError as error:
        return [], str(error).removeprefix(f"{path}: ").removeprefix("damaged").lstrip(":, ")
    except (KeyError, ValueError, OverflowError) as error:
        return [], f"not a table of a run: {error}"
    return rows, ""


def _set_trajectory_aside(
    folder: RunDirectory, source: Path, kept: list[_Frame], faults: list[str], say: Callable[[str], None]
) -> None:
    """Put a trajectory of the sound frames in the place of the damaged one."""
    whole = source.with_name(source.name + ".kept")
    if kept:
        whole.unlink(missing_ok=True)
        _keep(whole, source, kept)
    aside = folder.put_aside(folder.trajectory)
    if kept:
        os.replace(whole, folder.trajectory)
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    say(
        f"the trajectory is damaged ({faults[0]}{more}); it is set aside as {aside.name}, and the "
        f"{len(kept)} frames that can be read are kept"
    )


def _keep(path: Path, source: Path, kept: list[_Frame]) -> None:
    """Write the chosen frames of a file as another, which may take its place."""
    wanted = {frame.index for frame in kept}
    rewrite(path, (frame for index, frame, _ in readable(source) if index in wanted and frame is not None))


def _with_last(
    folder: RunDirectory,
    saved: tuple[gsd.hoomd.Frame, Position],
    kept: list[_Frame],
    rows: list[Row],
    say: Callable[[str], None],
) -> list[_Frame]:
    """The frames with that of the checkpoint at the end, which is written with its row where it is lost."""
    frame, position = saved
    row: dict[str, Any] = logged_row(frame)
    row["stage"] = _last_key(position)[1]
    row = {name: value for name, value in row.items() if name != "stage_step"}
    mine = as_texts(row)
    if (kept and kept[-1].key >= _key(mine)) or "crystalline_share" not in row:
        return kept
    known = next((r for r in rows if _key(r) == _key(mine)), None)
    beads = {k.removeprefix(BEAD_PREFIX): v for k, v in frame.log.items() if k.startswith(BEAD_PREFIX)}
    words = {name: (known or mine).get(name) or _word(frame, name) for name in WORDS}
    numbers = {name: value for name, value in row.items() if name not in WORDS}
    frame.log.clear()
    with TrajectoryWriter(folder.trajectory) as writer:
        writer.append(frame, position.step, numbers, beads, words)
    for mark in KEPT_MARKS:  # a part of the state
        if (said := beads.get(mark.removeprefix(BEAD_PREFIX))) is not None:
            frame.log[mark] = said
    say(f"the frame of step {position.step} is written again, from the checkpoint")
    return [*kept, _Frame(len(kept), as_texts({**numbers, **words}))]


def _from_last(
    folder: RunDirectory, condition: Condition, kept: list[_Frame], say: Callable[[str], None]
) -> tuple[gsd.hoomd.Frame, Position]:
    """State and position after the last frame."""
    frame = read_frame(folder.trajectory)
    watch = Watch.of(condition, (_numbers(f.row) for f in kept))
    course, row = watch.courses[-1], kept[-1].row
    stage = course.stage - 1
    done = course.steps
    over = done >= condition.stages[stage].n_steps or watch.has_enough
    position = Position(
        stage + 1 if over else stage, 0 if over else done, course.step, float(row["time_ps"] or 0)
    )
    say(
        f"goes on from the last sound frame, of step {position.step}: its positions and velocities have single "
        "precision, and thermostat and barostat begin anew"
    )
    return frame, position


def _numbers(row: Row) -> dict[str, Any]:
    return {name: value or "nan" for name, value in row.items()}


def _table(
    folder: RunDirectory,
    kept: list[_Frame],
    rows: list[Row],
    fault: str,
    say: Callable[[str], None],
) -> list[Row]:
    """The rows of the frames; the table is written anew where it does not begin with them."""
    by_key = {_key(row): row for row in rows}
    made: list[Row] = []
    for frame in kept:
        row = dict(frame.row)
        old = by_key.get(frame.key, {})
        for name in WORDS:
            # a frame of an earlier version; particles have none
            if name not in row and "crystalline_share" in row:
                same = all(old.get(key) == value for key, value in row.items())
                row[name] = (
                    old[name] if same and name in old else _word(read_frame(folder.trajectory, len(made)), name)
                )
        order = list(rows[0]) if rows and set(rows[0]) == set(row) else list(row)
        made.append({name: row[name] for name in order})
    later = [row for row in rows[len(made) :] if not made or _key(row) <= _key(made[-1])]
    if not fault and (made != rows[: len(made)] or later):
        fault = "its rows are not those of the frames"
    if fault:
        aside = f"; set aside as {folder.put_aside(folder.table).name}" if folder.table.exists() else ""
        say(f"{folder.table.name} is damaged ({fault}){aside}; made anew from {len(made)} frames' logs")
    folder.write_table(made)  # without the rows of frames that were dropped
    return made


def _word(frame: gsd.hoomd.Frame, name: str) -> str:
    """A word of the table, measured again."""
    return measure(network_of_frame(frame)[0], [WORDS[name]]).words[name]


def _tell_lost(rows: list[Row], table: list[Row], limit: int, say: Callable[[str], None]) -> None:
    """Which frames are lost, as far as the old table tells."""
    there = {_key(row) for row in table}
    lost = [row for row in rows if _key(row) not in there and _key(row)[0] <= limit]
    if lost:
        named = ", ".join(f"{float(row['time_ps']):g}" for row in lost[:MOST_NAMED])
        more = " ..." if len(lost) > MOST_NAMED else ""
        say(f"{len(lost)} frames are lost, at {named}{more} ps; the old table has what was measured in them")
