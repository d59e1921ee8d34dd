"""Stopping on purpose: Ctrl-C, a cluster's SIGTERM, a terminal that is closed, the end of the walltime."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType, TracebackType
from typing import Any

from zeocryst.errors import InputError
from zeocryst.foundation.machine import break_off

#: Signals that ask a program to end: Ctrl-C, a cluster's, a terminal's that is closed (not outside Unix).
ASKING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU") if hasattr(signal, name)]
#: Those that come several at a time by themselves: from the system and from the shell, or every second.
REPEATED = [getattr(signal, name) for name in ("SIGHUP", "SIGXCPU") if hasattr(signal, name)]


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


def _take_over(handler: Callable[[int, FrameType | None], None]) -> dict[int, object]:
    """Have a function called at such signals; what was there before.

    A SIGHUP that is ignored stays so: ``nohup`` is how a user asks for that.
    """
    old: dict[int, object] = {}
    if threading.current_thread() is threading.main_thread():
        for number in ASKING:
            if number in REPEATED and signal.getsignal(number) == signal.SIG_IGN:
                continue
            old[number] = signal.signal(number, handler)
    return old


def _give_back(old: dict[int, object]) -> None:
    for number, handler in old.items():
        signal.signal(number, handler)  # type: ignore[arg-type]


@contextmanager
def _heard_at_once() -> Iterator[None]:
    """Within it a signal that asks to end breaks off a call of a library that is long; see `breakable`."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def listen() -> None:
        """Break off whenever such a signal comes, until the pipe is closed."""
        while numbers := os.read(reader, 64):
            if any(number in ASKING for number in numbers):
                break_off()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    old = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(old)
        os.close(writer)
        listener.join(timeout=1.0)
        os.close(reader)


def _interrupt(frame: FrameType | None) -> None:
    """Interrupt, or do it as soon as numba can bear it.

    LLVM does not outlive being broken off while it compiles; and of an exception in what compiled functions
    call back when they return several arrays, they make a SystemError.
    """
    if _is_called_back(frame):
        sys.setprofile(partial(_interrupt_outside, sys.getprofile()))
        return
    compiler = sys.modules.get("numba.core.compiler_lock")
    lock: Any = compiler.global_compiler_lock if compiler else None
    if lock is None or not lock.is_locked():
        raise KeyboardInterrupt
    from numba.core import event

    class _Later(event.Listener):  # type: ignore[misc]
        def on_start(self, _: Any) -> None:
            """Wait."""

        def on_end(self, _: Any) -> None:
            """Interrupt where nothing is compiled any more."""
            if not lock.is_locked():
                event.unregister("numba:compiler_lock", self)
                raise KeyboardInterrupt

    event.register("numba:compiler_lock", _Later())


def _is_called_back(frame: FrameType | None) -> bool:
    """Whether a function of numba's is running that its compiled functions call."""
    serialize = sys.modules.get("numba.core.serialize")
    code = serialize._numba_unpickle.__code__ if serialize else None
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def _interrupt_outside(profile: Any, frame: FrameType, *_: object) -> None:
    """Interrupt at the next call or return that is outside of such a function; then profile as before."""
    if not _is_called_back(frame):
        sys.setprofile(profile)
        _interrupt(frame)


@contextmanager
def interrupted_alike() -> Iterator[None]:
    """Within it each signal that asks to end interrupts as Ctrl-C does."""
    came = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        """As Ctrl-C; one that comes several times by itself counts once."""
        came.append(number)
        if len(came) == 1 or number not in REPEATED:
            _interrupt(frame)

    old = _take_over(interrupt)
    try:
        with _heard_at_once():
            yield
    finally:
        _give_back(old)


class Stopper:
    """Knows whether the run should stop, and why.

    As a context manager it takes over the signals that ask to end: the first asks the run to stop at its next
    tick, a second interrupts at once; so does the first while `at_once` is set, when there are no ticks.
    Signals that come several at a time by themselves count once.

    Parameters
    ----------
    walltime_s
        Seconds from now until the run should stop, or None.
    """

    def __init__(self, walltime_s: float | None) -> None:
        self._deadline = None if walltime_s is None else time.monotonic() + walltime_s
        self.reason: str | None = None
        self.at_once = False
        self._asked = False
        self._old: dict[int, object] = {}
        self._ear = ExitStack()

    def __call__(self) -> bool:
        """Whether to stop now."""
        if self.reason is None and self._deadline is not None and time.monotonic() > self._deadline:
            self.reason = "walltime"
        return self.reason is not None

    @property
    def left_s(self) -> float | None:
        """Seconds of the walltime that are left, or None where there is none; never less than one."""
        return None if self._deadline is None else max(1.0, self._deadline - time.monotonic())

    @property
    def was_asked(self) -> bool:
        """Whether a signal has asked to stop, and not the walltime."""
        return self.reason not in (None, "walltime")

    @contextmanager
    def breaking_off(self) -> Iterator[None]:
        """Within it a signal interrupts at once, and so does one that came before it."""
        self.at_once = True
        try:
            if self.was_asked:
                raise KeyboardInterrupt
            yield
        finally:
            self.at_once = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        second = self._asked and number not in REPEATED
        self._asked = self._asked or number not in REPEATED
        self.reason = self.reason or ("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)
        if second or self.at_once:
            self.at_once = False
            _interrupt(frame)

    def __enter__(self) -> Stopper:
        self._old = _take_over(self._on_signal)
        self._ear.enter_context(_heard_at_once())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ear.close()
        _give_back(self._old)
