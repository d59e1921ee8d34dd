"""Stopping on purpose: Ctrl-C, a cluster's SIGTERM, the end of the walltime."""

from __future__ import annotations

import re
import signal
import threading
import time
from types import FrameType, TracebackType

from zeocryst.errors import InputError


def parse_walltime(text: str) -> float:
    """Seconds of a walltime such as ``1h50m``, ``90m``, ``45s`` or ``7200`` (seconds).

    Raises
    ------
    InputError
        It is none of these, or zero.
    """
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text.strip())
    seconds = 0.0
    if match and text.strip():
        h, m, s = (int(g or 0) for g in match.groups())
        seconds = 3600.0 * h + 60.0 * m + s
    if seconds <= 0:
        raise InputError(f"--walltime {text!r}: expected a time such as 1h50m, 90m or 45s")
    return seconds


class Stopper:
    """Knows whether the run should stop, and why.

    As a context manager it takes over SIGINT and SIGTERM: the first asks the run to stop at its next
    tick, a second interrupts at once; so does the first while `at_once` is set, when there are no ticks.

    Parameters
    ----------
    walltime_s
        Seconds from now until the run should stop, or None.
    """

    def __init__(self, walltime_s: float | None) -> None:
        self._deadline = None if walltime_s is None else time.monotonic() + walltime_s
        self.reason: str | None = None
        self.at_once = False
        self._old: dict[int, object] = {}

    def __call__(self) -> bool:
        """Whether to stop now."""
        if self.reason is None and self._deadline is not None and time.monotonic() > self._deadline:
            self.reason = "walltime"
        return self.reason is not None

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        second = self.reason is not None
        self.reason = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        if second or self.at_once:
            raise KeyboardInterrupt

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
