"""Live progress on the terminal: one line that is rewritten, or a line now and then where that can't be."""

from __future__ import annotations

import sys
import time
from typing import TextIO

#: Seconds between lines where the output is no terminal.
LOG_INTERVAL_S = 30.0


def duration(seconds: float) -> str:
    """Seconds as people read them: 0:42, 3:07, 2:15:30."""
    s = max(0, round(seconds))
    h, m, s = s // 3600, s // 60 % 60, s % 60
    return f"{h}:{m:02d}:{s:02d}" if h else f"{m}:{s:02d}"


class Progress:
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
        self._total = total_steps
        self._at_most = False
        self._stages = stages
        self._quiet = quiet
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._begin: tuple[float, int] | None = None
        self._shown = 0.0
        self._width = 0
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
        if self._quiet or (not self._live and now - self._shown < LOG_INTERVAL_S):
            return
        self._shown = now
        left = duration((self._total - step) / self.speed) if self.speed else "–"
        left = f"at most {left}" if self._at_most else left
        share = "–" if self._crystalline != self._crystalline else f"{100 * self._crystalline:.0f} %"
        self._put(
            f"stage {stage + 1}/{self._stages} {kind}  step {step}/{self._total}  {self.speed:.0f} steps/s  "
            f"left {left}  T {temperature:.0f} K  E {energy:.4f} eV/bead  crystalline {share}"
        )

    def measured(self, step: int, crystalline: float) -> None:
        """Show this share from now on; what the first frame took, functions compiled, is no step's time."""
        self._crystalline = crystalline
        if self._begin is not None and step == self._begin[1]:
            self._begin = (time.monotonic(), step)

    def say(self, message: str) -> None:
        """A message of its own."""
        if not self._quiet:
            self.end()
            self._print(message, "\n")

    def end(self) -> None:
        """Leave the live line."""
        if self._live and self._width:
            self._print("", "\n")
            self._width = 0

    def _put(self, line: str) -> None:
        if self._live:
            self._print("\r" + line.ljust(self._width), "")
            self._width = len(line)
        else:
            self._print(line, "\n")

    def _print(self, text: str, end: str) -> None:
        """Print, as long as somebody reads: a run does not end because ``head`` did."""
        try:
            print(text, end=end, file=self._stream, flush=True)
        except BrokenPipeError:
            self._quiet, self._live = True, False
