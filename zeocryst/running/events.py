"""Events of a run: frames that a process of their own back-maps while the run goes on.

When an event happens follows from the rows of the table alone, so that an interrupted run decides as one that
was not. What became of it follows from the run's folder: ``events/NAME/`` is there once it is complete, and
``events/NAME.json`` says of which frame it is; ``events/NAME.log`` has what the process said. A process begins
only once the frame's checkpoint is written, so that no frame of which something was made is dropped when the
run goes on after a kill. It is the public command on the run's folder, so that the atoms are those which
``zeocryst backmap RUN --frame N`` gives afterwards.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.condition import Condition, Event
from zeocryst.condition.writing import event_table
from zeocryst.errors import InputError
from zeocryst.files.records import read_json
from zeocryst.files.rundir import RunDirectory
from zeocryst.files.trajectory import CHECKSUM, read_frame
from zeocryst.foundation.textfiles import in_short
from zeocryst.running.child import Child

if TYPE_CHECKING:
    pass

#: What a run's summary has of that of an event.
KEPT = ("refined", "sda", "aluminium")
#: Folder of the events in the run's.
PLACE = "events"
#: Seconds between two looks at a process that is waited for.
LOOK_S = 0.1


@dataclass
class Followed:
    """An event on its way.

    Attributes
    ----------
    event : Event
    number : int
        From 1.
    column : str
        What it follows.
    status : {"not reached", "due", "running", "done", "failed"}
    frame, step, time_ps
        Number of the frame at which it happened, and when that was; None before.
    error : str
        Why it failed.
    made : dict or None
        The summary of what was made.
    """

    event: Event
    number: int
    column: str
    status: str = "not reached"
    frame: int | None = None
    step: int | None = None
    time_ps: float | None = None
    error: str = ""
    made: dict[str, Any] | None = None
    _went_without: bool = False

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.number}_{re.sub(r'[^A-Za-z0-9.-]', '_', self.column)}"

    def see(self, index: int, row: Mapping[str, Any], *, counts: bool) -> None:
        """Look at the next row of the table; `counts` says that the preparation is over."""
        if self.frame is not None:
            return
        given = row.get(self.column, "")
        value = math.nan if given == "" else float(given)
        if math.isnan(value):
            return
        if not self.event.holds(value):
            self._went_without = True
        elif self._went_without or counts:
            self.frame, self.step, self.time_ps = index, int(float(row["step"])), float(row["time_ps"])
            self.status = "due"

    def __str__(self) -> str:
        return f"event {self.number} ({self.event})"


class Events:
    """The events of a run, one process after the other.

    Parameters
    ----------
    condition
        Of the run.
    columns
        What each follows, from `columns_of_events`.
    folder
        Of the run.
    say
        Tells people, and the log.
    """

    def __init__(
        self, condition: Condition, columns: Sequence[str], folder: RunDirectory, say: Callable[[str], None]
    ) -> None:
        pairs = zip(condition.output.events, columns, strict=True)
        self._followed = [Followed(event, n, column) for n, (event, column) in enumerate(pairs, start=1)]
        self._main, self._base = condition.main_stage, condition.folder
        self._folder, self._say = folder, say
        self._count = 0
        self._child: Child | None = None

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at the next row of the table, as it stands there."""
        if not self._followed:
            return
        counts = int(float(row["stage"])) > self._main
        for one in self._followed:
            one.see(self._count, row, counts=counts)
        self._count += 1

    def go_on(self) -> None:
        """Notice what has ended, then begin what is due; whatever fails there is the event's."""
        for one in self._followed:
            if one.status == "running":
                self._try(self._look, one)
        for one in self._followed:
            if one.status == "due" and self._child is None:
                self._try(self._begin, one)

    def wait(self, should_stop: Callable[[], bool]) -> bool:
        """Until all that happened has become atoms; False where the run should stop before."""
        told = None
        while True:
            self.go_on()
            running = next((one for one in self._followed if one.status == "running"), None)
            if running is None or self._child is None:
                return True
            if told != running.number:
                told = running.number
                self._say(
                    f"waits for {running} (process {self._child.pid}; Ctrl-C stops both, and the same command "
                    "goes on)"
                )
            if should_stop():
                return False
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """End the process that runs; what it did not complete is done again when the run goes on."""
        if self._child is None:
            return
        self._child.stop()
        self._child = None
        for one in self._followed:
            if one.status == "running":
                one.status = "due"
                self._clear(one)

    def records(self) -> dict[str, Any]:
        """The entry ``events`` of ``summary.json``; none where there are no events."""
        return {"events": [self._record(one) for one in self._followed]} if self._followed else {}

    def _record(self, one: Followed) -> dict[str, Any]:
        found: dict[str, Any] = {
            **event_table(one.event, self._base), "column": one.column, "status": one.status,
            "frame": one.frame, "step": one.step, "time_ps": one.time_ps,
        }  # fmt: skip
        if one.status in ("done", "failed"):
            found["log"] = f"{PLACE}/{one.name}.log"
        if one.made is not None:  # also where a step failed: all before it is there
            found |= {"folder": f"{PLACE}/{one.name}", "sentence": _first(one)}
            found |= {key: one.made[key] for key in KEPT if one.made.get(key) is not None}
        return found | ({"error": one.error} if one.status == "failed" else {})

    # ---- one of them --------------------------------------------------------------------------

    def _try(self, step: Callable[[Followed], None], one: Followed) -> None:
        try:
            step(one)
        except (OSError, InputError) as error:
            self._fail(one, in_short(error))

    def _out(self, one: Followed) -> Path:
        return self._folder.path.resolve() / PLACE / one.name

    def _mark(self, one: Followed) -> dict[str, Any]:
        """What tells that a folder is of this event: its frame as it is in the trajectory, and the choices."""
        assert one.frame is not None
        frame = read_frame(self._folder.trajectory, one.frame)
        kept = frame.log.get(CHECKSUM)
        return {
            **event_table(one.event, self._base), "frame": one.frame, "step": one.step, "time_ps": one.time_ps,
            "checksum": None if kept is None else [int(part) for part in kept],
        }  # fmt: skip

    def _begin(self, one: Followed) -> None:
        """Start its process, unless it was done before."""
        out, mark = self._out(one), self._mark(one)
        known = out.with_name(f"{one.name}.json")
        if out.exists() and _is_of(out, known, mark):
            self._made(one)
            return
        out.parent.mkdir(exist_ok=True)
        if out.exists():
            self._say(f"{one}: what is in {out} is of another frame; set aside as {self._put_aside(out)}")
        self._clear(one)
        self._folder.write(f"{PLACE}/{known.name}", json.dumps(mark, indent=1) + "\n")
        options = [
            (f"--{key.replace('_', '-')}", str(value))
            for key, value in event_table(one.event, self._base).items()
            if key != "when"
        ]
        command = ["backmap", str(out.parents[1]), "--out", str(out), "--frame", str(one.frame)]
        self._child = Child([*command, *(word for pair in options for word in pair)], self._log(one))
        one.status = "running"
        self._say(
            f"{one}: frame {one.frame}, at {one.time_ps:g} ps, is back-mapped in a process of its own: "
            f"{PLACE}/{one.name}"
        )

    def _clear(self, one: Followed) -> None:
        """Remove what a process that was killed has left."""
        out = self._out(one)
        for left in out.parent.glob(f".{out.name}-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _put_aside(self, path: Path) -> str:
        return self._folder.put_aside(path).name

    def _log(self, one: Followed) -> Path:
        return self._out(one).with_name(f"{one.name}.log")

    def _look(self, one: Followed) -> None:
        """Whether its process has ended, and how."""
        assert self._child is not None
        status = self._child.status()
        if status is None:
            return
        self._child.stop()
        self._child = None
        if (self._out(one) / "summary.json").is_file():
            self._made(one)
            self._say(f"{one} failed: {one.error}" if one.error else f"{one}: done. {_first(one)}")
        else:
            self._fail(one, _why(status, self._log(one)))

    def _made(self, one: Followed) -> None:
        """Know what its folder holds, which is complete; a step of it may have failed."""
        one.made = read_json(self._out(one) / "summary.json")
        failed = one.made.get("failed")
        one.status, one.error = "failed" if failed else "done", failed["message"] if failed else ""

    def _fail(self, one: Followed, error: str) -> None:
        one.status, one.error = "failed", error
        self._say(f"{one} failed: {error}; the run goes on")


def _first(one: Followed) -> str:
    """The first sentence about what was made."""
    return str(one.made["words"][0]) if one.made else ""


def _is_of(out: Path, known: Path, mark: Mapping[str, Any]) -> bool:
    """Whether a folder is complete, and what was marked."""
    with suppress(InputError, OSError):
        return read_json(known) == mark and "words" in read_json(out / "summary.json")
    return False


def _why(status: int, log: Path) -> str:
    """Why a process failed: what it said last, or the signal that ended it."""
    if status < 0:
        with suppress(ValueError):
            return f"its process was ended by {signal.Signals(-status).name}"
    said = log.read_text("utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    last = said[-1].removeprefix("zeocryst: ") if said else ""
    return last or f"its process ended with status {status}"
