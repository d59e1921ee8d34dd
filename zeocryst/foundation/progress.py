"""Live progress: a line of the terminal that is rewritten, or a line now and then where that can't be.

In a notebook it is a bar below the cell (`zeocryst.foundation.notebook`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

from zeocryst.foundation.notebook import bar

Item = TypeVar("Item")

#: Seconds between lines where the output is no terminal.
LOG_INTERVAL_S = 30.0
#: And between two states of the line that is rewritten.
LIVE_INTERVAL_S = 0.5
#: Seconds that people wait for something to begin with before they want to know how far it is.
PATIENCE_S = 1.5
#: Columns of a terminal that does not say how many it has.
COLUMNS = 80


def duration(seconds: float) -> str:
    """Seconds as people read them: 0:42, 3:07, 2:15:30."""
    s = max(0, round(seconds))
    h, m, s = s // 3600, s // 60 % 60, s % 60
    return f"{h}:{m:02d}:{s:02d}" if h else f"{m}:{s:02d}"


class Line:
    """A line of the terminal that is rewritten, a line now and then where that cannot be, a bar in a notebook.

    Parameters
    ----------
    quiet
        Show nothing.
    stream
        Where to; standard error if not given.
    """

    def __init__(self, quiet: bool, stream: TextIO | None = None) -> None:
        self._quiet = quiet
        self._bar = None if quiet or stream else bar()
        # what goes to stderr is red in a notebook
        self._stream = stream or (sys.stderr if self._bar is None else sys.stdout)
        self._live = self._stream.isatty()
        self._shown = 0.0
        self._width = 0
        self._lock = threading.RLock()  # a line may be kept alive by a thread (`zeocryst.foundation.working`)

    @property
    def watched_by(self) -> str:
        """Who looks: "nobody", "a notebook", "a terminal", or "a file", which has a line now and then."""
        if self._quiet:
            return "nobody"
        return "a notebook" if self._bar is not None else "a terminal" if self._live else "a file"

    @property
    def _interval(self) -> float:
        """Seconds between two states that are shown."""
        return LIVE_INTERVAL_S if self._live or self._bar is not None else LOG_INTERVAL_S

    def _is_due(self) -> bool:
        """Whether another state is to be shown now."""
        now = time.monotonic()
        if self._quiet or now - self._shown < self._interval:
            return False
        self._shown = now
        return True

    def say(self, message: str) -> None:
        """A message of its own."""
        if not self._quiet:
            with self._lock:
                self._leave()
                self._print(message, "\n")

    def show(self, parts: list[tuple[int, str]], done: float) -> None:
        """Show parts, each with what it is worth, and the share done, if another state is due."""
        with self._lock:
            if self._is_due():
                self._put(parts, done)

    def end(self) -> None:
        """Leave the live line."""
        self._leave()

    def _leave(self) -> None:
        if self._live and self._width:
            self._print("", "\n")
            self._width = 0

    def _put(self, parts: list[tuple[int, str]], done: float) -> None:
        """Show parts, each with what it is worth where not all have room, or a bar with the share done."""
        if self._bar is not None:
            self._bar.put(done, fitted(parts))
        elif self._live:
            # one column stays free: a terminal goes to the next line once the last one is written
            room = self._columns() - 1
            line = fitted(parts, room)
            self._print("\r" + line.ljust(min(self._width, room)), "")
            self._width = len(line)
        else:
            self._print(fitted(parts), "\n")

    def _columns(self) -> int:
        """Columns of the terminal now; it may have been resized."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or COLUMNS
        except (OSError, ValueError):
            return COLUMNS

    def _print(self, text: str, end: str) -> None:
        """Print, as long as somebody reads: a run does not end because ``head`` or a terminal did."""
        try:
            print(text, end=end, file=self._stream, flush=True)
        except (OSError, ValueError):
            self._quiet, self._live = True, False


class Progress(Line):
    """Shows how far a run is.

    Parameters
    ----------
    total_steps
        Time steps of the whole run.
    stages
        Number of stages.
    quiet
        Show nothing.
    """

    def __init__(self, total_steps: int, stages: int, quiet: bool, stream: TextIO | None = None) -> None:
        super().__init__(quiet, stream)
        self._total = total_steps
        self._at_most = False
        self._stages = stages
        self._step = 0
        self._begin: tuple[float, int] | None = None
        self.speed = 0.0
        self._crystalline = float("nan")

    def expect(self, total_steps: int, *, at_most: bool = False) -> None:
        """The run takes so many time steps in all; at most, where a stage can end early."""
        self._total, self._at_most = total_steps, at_most

    def update(self, stage: int, kind: str, step: int, temperature: float, energy: float) -> None:
        """Show the state at a time step of the whole run; energy in eV per bead."""
        now = time.monotonic()
        if self._begin is None:
            self._begin = (now, step)
        since, first = self._begin
        if now > since and step > first:
            self.speed = (step - first) / (now - since)
        self._step = step
        if not self._is_due():
            return
        left = duration((self._total - step) / self.speed) if self.speed else "–"
        left = f"at most {left}" if self._at_most else left
        share = "–" if self._crystalline != self._crystalline else f"{100 * self._crystalline:.0f} %"
        self._put(
            [
                (6, f"stage {stage + 1}/{self._stages} {kind}"),
                (5, f"step {step}/{self._total}"),
                (3, f"{self.speed:.0f} steps/s"),
                (7, f"left {left}"),
                (2, f"T {temperature:.0f} K"),
                (1, f"E {energy:.4f} eV/bead"),
                (4, f"crystalline {share}"),
            ],
            self._done,
        )

    @property
    def _done(self) -> float:
        """Share of the steps that are done."""
        return self._step / max(self._total, 1)

    def measured(self, step: int, crystalline: float) -> None:
        """Show this share from now on; what the first frame took, functions compiled, is no step's time."""
        self._crystalline = crystalline
        if self._begin is not None and step == self._begin[1]:
            self._begin = (time.monotonic(), step)

    def end(self) -> None:
        """Leave the live line, or the bar as it is at the end."""
        super().end()
        if self._bar is not None and self._step:
            self._bar.put(self._done, f"step {self._step}/{self._total}")


class RunsProgress(Line):
    """Shows how far many runs are that go on side by side.

    Parameters
    ----------
    quiet
        Show nothing.
    """

    def __init__(self, quiet: bool, stream: TextIO | None = None) -> None:
        super().__init__(quiet, stream)
        self._words = ""
        self._begin: tuple[float, float] | None = None

    def begin(self, words: str) -> None:
        """Other runs begin; what they are, in a few words."""
        self._words, self._begin = words, None
        if not self._live:  # nothing is to be told yet
            self._shown = time.monotonic()

    def update(
        self, done: int, running: int, failed: int, total: int, work: float, *, at_most: bool = False
    ) -> None:
        """Show numbers of runs, and the time left.

        Parameters
        ----------
        done, running, failed, total
            Numbers of runs.
        work
            Share of all their work that is done, 0 to 1.
        at_most
            Runs can end early.
        """
        now = time.monotonic()
        if self._begin is None:
            self._begin = (now, work)
        if not self._is_due():
            return
        spent, gained = now - self._begin[0], work - self._begin[1]
        left = duration(spent * (1 - work) / gained) if gained > 0 else "–"
        self._put(
            [
                (2, self._words),
                (6, f"{done} of {total} runs done"),
                (4, f"{running} running"),
                *([(5, f"{failed} failed")] if failed else []),
                (3, f"{100 * work:.0f} %"),
                (7, f"left {'at most ' if at_most and gained > 0 else ''}{left}"),
            ],
            work,
        )


def fitted(parts: list[tuple[int, str]], room: float = float("inf")) -> str:
    """Parts of a line side by side, without those worth least where not all have room."""
    kept = list(parts)
    while len(kept) > 1 and len("  ".join(text for _, text in kept)) > room:
        kept.remove(min(kept))
    line = "  ".join(text for _, text in kept)
    return line if len(line) <= room else line[: max(0, int(room))]


def shown(items: Sequence[Item], words: str) -> Iterator[Item]:
    """One after the other, with a bar in a notebook, or a line of the terminal where it takes a while.

    Nothing is shown of a single one, or where nobody watches.

    Parameters
    ----------
    items
        What is gone through.
    words
        What they are, such as "frames measured".
    """
    line = Counted(len(items), words)
    for done, item in enumerate(items):
        line.update(done)
        yield item
    line.update(len(items))
    line.end()


class Counted(Line):
    """Shows how many of something are done, to those who watch.

    Parameters
    ----------
    total
        How many there are.
    words
        What they are, such as "frames measured".
    """

    def __init__(self, total: int, words: str, stream: TextIO | None = None) -> None:
        super().__init__(total < 2, stream)
        self._total, self._words = total, words
        self._quiet = self._quiet or not (self._live or self._bar is not None)
        if self._bar is None:  # what is quick is over before anybody wants to know
            self._shown = time.monotonic() + PATIENCE_S

    def update(self, done: int) -> None:
        """So many are done."""
        over = done == self._total and not self._quiet and (self._bar is not None or self._width > 0)
        if over or self._is_due():
            count = f"{done} {self._words}" if over else f"{done} of {self._total} {self._words}"
            self._put([(1, count)], done / self._total)
