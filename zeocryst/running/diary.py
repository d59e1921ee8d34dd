"""What a call of a run tells people and the folder: messages, how long it took, why it ended before its end."""

from __future__ import annotations

import time
from typing import Any

from zeocryst.files.records import now
from zeocryst.files.rundir import RunDirectory
from zeocryst.foundation.progress import Progress


class Diary:
    """Of one call, from its beginning.

    Parameters
    ----------
    folder, progress
        Of the run.
    """

    def __init__(self, folder: RunDirectory, progress: Progress) -> None:
        self._folder, self._progress = folder, progress
        self._begin = time.monotonic()

    def say(self, message: str) -> None:
        """Tell people, and keep it in the log."""
        self._progress.say(message)
        self._folder.log(message)

    def wall_s(self) -> float:
        """Seconds that the run has taken so far, earlier calls included."""
        before = self._folder.recorded("wall_s_before", 0.0)
        return round(float(before) + time.monotonic() - self._begin, 2)

    def interrupted(self, reason: str, step: int, time_ps: float, words: str = "") -> None:
        """Record where and why the call ended before the run did."""
        entry: dict[str, Any] = {"reason": reason, "step": step, "time_ps": time_ps, "time": now()}
        self._folder.interrupted(entry | ({"words": words} if words else {}), self.wall_s())
        self._folder.log(f"interrupted at step {step}: {reason}")

    def running(self, step: int, time_ps: float) -> None:
        """Record how far the run is, for whoever finds that it ended here."""
        self._folder.running(step, time_ps, self.wall_s())
