"""The output folder of a run: what may be written where, its lock, log, checkpoint and provenance."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.files import folders
from zeocryst.files.position import Position
from zeocryst.files.records import holds_particles, now, provenance, read_json, read_summary
from zeocryst.files.trajectory import (
    BEAD_PREFIX,
    PREFIX,
    is_sound,
    logged,
    read_frame,
    write_frame,
)
from zeocryst.foundation.textfiles import write_text

if TYPE_CHECKING:
    import gsd.hoomd

#: Where the checkpoint keeps in double precision what a frame of a file has in single.
EXACT = {"position": BEAD_PREFIX + "exact_position", "velocity": BEAD_PREFIX + "exact_velocity"}
EXACT_BOX = PREFIX + "exact_box"
#: The folder within a run's where the level above it lies.
ABOVE = "particles"
#: Begin of the line before the identity of a run, with its checksum; earlier versions have none.
SUM_LINE = "# checksum "


#: Kinds of the entries of ``provenance.json`` that are used.
_PROVENANCE: dict[str, type] = {"interruptions": list, "engines": list, "plugins": list}


class RunDirectory:
    """A run's folder.

    Nothing of the user's is overwritten: a folder that is not empty is taken only if it holds an
    unfinished run of the same condition, which then goes on.

    Parameters
    ----------
    path
        The folder.
    condition_toml
        The condition with every default written out.
    identity
        What makes it this run and no other: condition and seed without the engine, and digests of the
        files that it names.
    """

    def __init__(self, path: Path, condition_toml: str, identity: str) -> None:
        self.path = path
        self._toml = condition_toml
        self._identity = identity
        self._lock: IO[str] | None = None

    # ---- files --------------------------------------------------------------------------------

    @property
    def trajectory(self) -> Path:
        """``trajectory.gsd``."""
        return self.path / "trajectory.gsd"

    @property
    def table(self) -> Path:
        """``order_parameters.csv``."""
        return self.path / "order_parameters.csv"

    @property
    def state(self) -> Path:
        """The checkpoint."""
        return self.path / "checkpoint" / "state.gsd"

    # ---- opening ------------------------------------------------------------------------------

    def _is_new(self) -> bool:
        """Whether there is no run; raises `InputError` for what is none and not empty either.

        A level of particles, which runs before there is anything else, is no run of beads.
        """
        if self.path.is_dir() and [f.name for f in self.path.iterdir()] == [ABOVE]:
            return True
        return folders.is_new(self.path, (self.path / "checkpoint").is_dir(), "run")

    def examine(self) -> str:
        """What is there: "new", "unfinished", "finished", or "unsummarized": its summary is damaged.

        Raises
        ------
        InputError
            The path is a file, or a folder with something else in it.
        """
        if self._is_new():
            return "new"
        if not self._is_mine():
            raise InputError(
                f"--out {self.path}: holds a run of another condition, model or seed; give a new folder, or "
                "--restart to set that one aside and begin anew"
            )
        if not (self.path / "summary.json").is_file():
            return "unfinished"
        if holds_particles(self.path):
            return "finished"
        try:
            read_summary(self.path)
        except InputError:
            return "unsummarized"
        return "finished"

    def _is_mine(self) -> bool:
        """Whether the folder's run is this one; where its identity is damaged or gone, its condition tells."""
        known = self.path / "checkpoint" / "identity.toml"
        text = known.read_text("utf-8", errors="replace") if known.is_file() else ""
        whole = text.partition("\n")[2] if text.startswith(SUM_LINE) else text
        if text in (whole, _summed(whole)) and whole.startswith("name ="):
            return _placeless(whole) == _placeless(self._identity)
        copy = self.path / "condition.toml"
        return copy.is_file() and _physics(copy.read_text("utf-8", errors="replace")) == _physics(self._toml)

    def put_aside(self, path: Path) -> Path:
        """Give a damaged file of the folder another name, if it is there; returns the new one."""
        number = 1
        while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
            number += 1
        if path.exists():
            path.rename(aside)
        return aside

    def set_aside(self) -> Path | None:
        """Rename the folder, if it is there, so that a new run can begin; returns where it went."""
        if self._is_new():
            return None
        try:
            self._take_lock()
        finally:
            self.close()
        return folders.set_aside(self.path)

    def open(self) -> None:
        """Make the folder, take its lock, write the condition.

        Raises
        ------
        InputError
            The folder cannot be written, or another process runs in it.
        """
        try:
            (self.path / "checkpoint").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out {self.path}: cannot be written: {error.strerror}") from None
        self._take_lock()
        self.write("checkpoint/identity.toml", _summed(self._identity))
        self.write("condition.toml", self._toml)

    def _take_lock(self) -> None:
        self._lock = folders.take_lock(self.path, "checkpoint/lock", "running")

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ---- state --------------------------------------------------------------------------------

    def save(self, frame: gsd.hoomd.Frame, position: Position) -> None:
        """Write the checkpoint; the old one stays until the new one is complete."""
        kept = copy.copy(frame)
        kept.log = {k: v for k, v in frame.log.items() if k not in EXACT.values()}
        for name, key in EXACT.items():
            value = getattr(frame.particles, name)
            if value is not None:
                kept.log[key] = np.array(value, dtype=float)
        kept.log[EXACT_BOX] = np.array(frame.configuration.box, dtype=float)
        log = {
            "stage": position.stage,
            "stage_step": position.stage_step,
            "step": position.step,
            "time_ps": position.time_ps,
        }
        kept.configuration = copy.copy(frame.configuration)
        kept.configuration.step = position.step
        write_frame(self.state, kept, log)

    def load(self) -> tuple[tuple[gsd.hoomd.Frame, Position] | None, str]:
        """Frame and position of the checkpoint, or None, and what is wrong with it if something is.

        The frame's log is that of the run's last frame, its row of the table included.
        """
        if not self.state.is_file():
            return None, ""
        try:
            frame = read_frame(self.state)
        except InputError as error:
            return None, str(error).removeprefix(f"{self.state}: ")
        if not is_sound(frame):
            return None, "its checksum is another"
        found = [logged(frame, key) for key in ("stage", "stage_step", "step", "time_ps")]
        known = [v for v in found if v is not None and np.isfinite(v)]
        exact = {name: frame.log.pop(key) for name, key in EXACT.items() if key in frame.log}
        for name, value in exact.items():
            setattr(frame.particles, name, np.asarray(value, dtype=float))
        frame.configuration.box = np.asarray(frame.log.pop(EXACT_BOX, frame.configuration.box), dtype=float)
        state = (frame.particles.position, frame.particles.velocity, frame.configuration.box)
        if len(known) < len(found) or not all(np.isfinite(part).all() for part in state if part is not None):
            return None, "it lacks the position in the run, or has values that are no numbers"
        stage, stage_step, step, time_ps = known
        return (frame, Position(int(stage), int(stage_step), int(step), time_ps)), ""

    # ---- the table ----------------------------------------------------------------------------

    def add_row(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Add a row to the table, with a header where it is the first; returns it as it stands there."""
        texts = as_texts(row)
        new = not self.table.exists()
        with self.table.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(texts)
            writer.writerow(texts.values())
        return texts

    def columns(self) -> list[str]:
        """Names of the table's columns; none where there is no table, or one that cannot be read."""
        try:
            with self.table.open(newline="", encoding="utf-8") as file:
                return next(csv.reader(file), [])
        except (OSError, UnicodeDecodeError, csv.Error):
            return []

    def write_table(self, rows: list[dict[str, str]]) -> None:
        """Write the table anew; none where there are no rows."""
        if not rows:
            self.table.unlink(missing_ok=True)
            return
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerows([rows[0], *(row.values() for row in rows)])
        self.write(self.table.name, text.getvalue())

    # ---- text ---------------------------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        """Write a text file of the folder, complete or not at all."""
        path = self.path / name
        write_text(path, text)
        return path

    def log(self, message: str) -> None:
        """Append a line with the time to ``log.txt``."""
        folders.log(self.path, message)

    def record(self, **entries: Any) -> None:
        """Merge entries into ``provenance.json``."""
        content = self._provenance() or provenance()
        content.update(entries)
        self.write("provenance.json", json.dumps(content, indent=1) + "\n")

    def recorded(self, name: str, default: Any) -> Any:
        """An entry of ``provenance.json``."""
        return self._provenance().get(name, default)

    def _provenance(self) -> dict[str, Any]:
        """What ``provenance.json`` holds; a damaged one is set aside, and what it held is lost."""
        path = self.path / "provenance.json"
        if not path.is_file():
            return {}
        try:
            found = read_json(path)
            if not all(isinstance(found.get(k, kind()), kind) for k, kind in _PROVENANCE.items()):
                raise InputError("an entry is of another kind")
            return found
        except InputError as error:
            aside = self.put_aside(path)
            self.log(
                f"provenance.json is damaged ({error}); set aside as {aside.name}, earlier entries are lost"
            )
            return {}

    def interruptions(self) -> list[dict[str, Any]]:
        """When, where and why the run was interrupted so far: ``reason``, ``step``, ``time_ps``, ``time``."""
        return list(self.recorded("interruptions", []))

    def interrupted(self, entry: dict[str, Any], wall_s: float) -> None:
        """Record an interruption, and the wall time spent until then."""
        self.record(interruptions=[*self.interruptions(), entry], wall_s_before=wall_s, running=None)

    def note_kill(self) -> None:
        """Record the end of an earlier call that could not do so itself: it was killed, or the power went.

        From here on this call runs, so that its own kill is known even before its first checkpoint.
        """
        last = self.recorded("running", None)
        wall_s, step, time_ps = self.recorded("wall_s_before", 0.0), 0, 0.0
        with suppress(KeyError, TypeError, AttributeError):  # what a damaged file has instead
            wall_s, step, time_ps = last["wall_s"], last["step"], last.get("time_ps", 0.0)
            entry = {
                "reason": "killed",
                "step": step,
                "time_ps": time_ps,
                "time": last["time"],
                "noticed": now(),
            }
            self.interrupted(entry, wall_s)
        self.running(step, time_ps, wall_s)

    def running(self, step: int, time_ps: float, wall_s: float) -> None:
        """Record how far the run is, for whoever finds that it ended here."""
        self.record(running={"step": step, "time_ps": time_ps, "wall_s": wall_s, "time": now()})


def is_running(folder: Path) -> bool:
    """Whether a process runs in a run's folder now; False outside Unix, where that cannot be told."""
    try:
        with (folder / "checkpoint" / "lock").open(encoding="utf-8") as lock:
            return not folders.locked(lock, exclusive=False)
    except OSError:
        return False


def as_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """A row as the table has it."""
    return {k: f"{v:.8g}" if isinstance(v, float | np.floating) else str(v) for k, v in row.items()}


def _summed(text: str) -> str:
    """A text with its checksum in a line before it."""
    return f"{SUM_LINE}{zlib.crc32(text.encode()):08x}\n{text}"


def _placeless(identity: str) -> str:
    """An identity without the folders of the files that it names: it has digests of what they hold."""
    return re.sub(r'^((?:file|name) = )"[^"]*[/\\]([^"/\\]+)"$', r'\1"\2"', identity, flags=re.MULTILINE)


def _physics(toml: str) -> str:
    """A condition without its engine, which may change when a run goes on; it is the last table."""
    return toml.rpartition("[engine]")[0] or toml
