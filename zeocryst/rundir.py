"""The output folder of a run: what may be written where, its lock, log, checkpoint and provenance."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from zeocryst.engines.protocol import HELD_MARK
from zeocryst.errors import InputError
from zeocryst.simulation import Position
from zeocryst.trajectory import cut_after, logged, read_frame, write_frame

if TYPE_CHECKING:
    import gsd.hoomd

PACKAGES = ("ase", "freud-analysis", "gemmi", "gsd", "matplotlib", "numba", "numpy", "scipy", "spglib", "vesin")


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
    def _state(self) -> Path:
        return self.path / "checkpoint" / "state.gsd"

    # ---- opening ------------------------------------------------------------------------------

    def examine_kind(self) -> str:
        """What the path is: "new" (nothing, or an empty folder) or "run".

        Raises
        ------
        InputError
            It is a file, or a folder with something else in it.
        """
        if not self.path.exists():
            return "new"
        if not self.path.is_dir():
            raise InputError(f"--out {self.path}: is a file; give a folder")
        if not any(self.path.iterdir()):
            return "new"
        if not (self.path / "checkpoint").is_dir():
            raise InputError(f"--out {self.path}: the folder is not empty and holds no run; give a new one")
        return "run"

    def examine(self) -> str:
        """What is there: "new", "unfinished" or "finished".

        Raises
        ------
        InputError
            The path is a file, or a folder with something else in it.
        """
        if self.examine_kind() == "new":
            return "new"
        known = self.path / "checkpoint" / "identity.toml"
        if not known.is_file() or known.read_text("utf-8", errors="replace") != self._identity:
            raise InputError(
                f"--out {self.path}: holds a run of another condition, model or seed; give a new folder, or "
                "--restart to set that one aside and begin anew"
            )
        return "finished" if (self.path / "summary.json").is_file() else "unfinished"

    def set_aside(self) -> Path | None:
        """Rename the folder, if it is there, so that a new run can begin; returns where it went."""
        if self.examine_kind() == "new":
            return None
        try:
            self._take_lock()
        finally:
            self.close()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.name}.{stamp}")
        number = 1
        while aside.exists():
            number += 1
            aside = self.path.with_name(f"{self.path.name}.{stamp}-{number}")
        self.path.rename(aside)
        return aside

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
        (self.path / "checkpoint" / "identity.toml").write_text(self._identity, "utf-8")
        (self.path / "condition.toml").write_text(self._toml, "utf-8")

    def _take_lock(self) -> None:
        """Take the folder's lock, which the system releases when the process ends."""
        try:
            self._lock = (self.path / "checkpoint" / "lock").open("w")
        except OSError as error:
            raise InputError(f"--out {self.path}: cannot be written: {error.strerror}") from None
        try:
            import fcntl

            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks outside Unix
            pass
        except OSError:
            raise InputError(f"--out {self.path}: another zeocryst is running in this folder") from None

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ---- state --------------------------------------------------------------------------------

    def save(self, frame: gsd.hoomd.Frame, position: Position) -> None:
        """Write the checkpoint; the old one stays until the new one is complete."""
        log = {
            "stage": position.stage,
            "stage_step": position.stage_step,
            "step": position.step,
            "time_ps": position.time_ps,
        }
        write_frame(self._state, frame, log)

    def load(self) -> tuple[gsd.hoomd.Frame, Position] | None:
        """Frame and position of the checkpoint, or None; later frames and rows are dropped."""
        if not self._state.is_file():
            return None
        frame = read_frame(self._state)
        found = [logged(frame, key) for key in ("stage", "stage_step", "step", "time_ps")]
        if None in found:
            return None
        stage, stage_step, step, time_ps = (float(v or 0) for v in found)
        position = Position(int(stage), int(stage_step), int(step), time_ps)
        held = frame.log.get(HELD_MARK)  # a part of the state; the rest of the log is what was measured
        frame.log.clear()
        if held is not None:
            frame.log[HELD_MARK] = held
        if self.trajectory.is_file():
            cut_after(self.trajectory, position.step)
        if self.table.is_file():
            lines = self.table.read_text("utf-8").splitlines()
            kept = [n for n in lines[1:] if int(n.split(",", 1)[0]) <= position.step]
            self.write("order_parameters.csv", "\n".join([lines[0], *kept]) + "\n")
        return frame, position

    # ---- text ---------------------------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        """Write a text file of the folder, complete or not at all."""
        path = self.path / name
        partial = path.with_name(path.name + ".part")
        partial.write_text(text, "utf-8")
        os.replace(partial, path)
        return path

    def log(self, message: str) -> None:
        """Append a line with the time to ``log.txt``."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{stamp}  {message}\n")

    def record(self, **entries: Any) -> None:
        """Merge entries into ``provenance.json``."""
        path = self.path / "provenance.json"
        content = read_json(path) if path.is_file() else provenance()
        content.update(entries)
        self.write("provenance.json", json.dumps(content, indent=1) + "\n")

    def recorded(self, name: str, default: Any) -> Any:
        """An entry of ``provenance.json``."""
        path = self.path / "provenance.json"
        return read_json(path).get(name, default) if path.is_file() else default

    def interruptions(self) -> list[dict[str, Any]]:
        """How often, when and why the run was interrupted so far."""
        return list(self.recorded("interruptions", []))

    def interrupted(self, entry: dict[str, Any], wall_s: float) -> None:
        """Record an interruption, and the wall time spent until then."""
        self.record(interruptions=[*self.interruptions(), entry], wall_s_before=wall_s, running=None)

    def note_kill(self) -> None:
        """Record the end of an earlier call that could not do so itself: it was killed, or the power went."""
        last = self.recorded("running", None)
        if last:
            self.interrupted({"reason": "killed", "step": last["step"], "time": last["time"]}, last["wall_s"])


def read_summary(folder: Path) -> dict[str, Any]:
    """``summary.json`` of a finished run.

    Raises
    ------
    InputError
        It is not there, or not what zeocryst wrote.
    """
    path = folder / "summary.json"
    if not path.is_file():
        raise InputError(f"{folder}: holds no finished run (there is no summary.json)")
    found = read_json(path)
    missing = {"condition", "seed", "verdict", "transition", "quenched"} - set(found)
    if missing:
        raise InputError(f"{path}: not a summary of zeocryst, it lacks {', '.join(sorted(missing))}")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a run's folder.

    Raises
    ------
    InputError
        It is damaged, or no table.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}; --restart sets the run aside and begins anew") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: damaged: not a table; --restart sets the run aside and begins anew")
    return found


def without_nan(value: Any) -> Any:
    """JSON has no NaN: null instead; numpy's numbers as Python's."""
    if isinstance(value, dict):
        return {k: without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def now() -> str:
    """The time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def provenance() -> dict[str, Any]:
    """Versions and machine, for whoever has to repeat a run."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "missing"
    return {
        "zeocryst": version("zeocryst"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "command": " ".join(["zeocryst", *sys.argv[1:]]),
        "started": now(),
    }
