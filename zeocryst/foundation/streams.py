"""What is printed goes out as long as somebody reads it, and nobody's going away ends the work.

A terminal that is closed, a pipe whose reader has gone, a full disk behind ``2> file``, no stream at all: none
of them is a reason to stop a run, and a result that cannot be printed is told apart from one that nobody wants.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, TextIO

from zeocryst.errors import InputError

#: Errors of a reader that has gone: a pipe, a terminal.
GONE = (errno.EPIPE, errno.EIO, errno.ENXIO, errno.EBADF)


class Lasting:
    """A text stream that takes what is written to it for ever.

    Parameters
    ----------
    stream
        The stream behind it.
    wanted
        What is written is a result: if it cannot be kept although somebody waits for it, that is an error.
        Without it, as for messages, it is none.
    """

    def __init__(self, stream: TextIO, wanted: bool) -> None:
        self._stream, self._wanted = stream, wanted

    def write(self, text: str) -> int:
        """Write, while that is possible."""
        try:
            self._stream.write(text)
        except (OSError, ValueError) as error:
            self._lost(error)
        return len(text)

    def flush(self) -> None:
        """Flush, while that is possible."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._lost(error)

    def isatty(self) -> bool:
        """Whether it is a terminal that is still there."""
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _lost(self, error: OSError | ValueError) -> None:
        """From now on all goes nowhere, what waits in buffers too: Python would fail over it when it ends."""
        if isinstance(error, UnicodeEncodeError):
            raise error
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        with suppress(OSError, ValueError):
            self._stream.flush()
        if self._wanted and isinstance(error, OSError) and error.errno not in GONE:
            raise InputError(f"the output cannot be written: {error.strerror}") from None


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Within it standard output and error are `Lasting`; at the end what was printed is out."""
    _fill_gaps()
    old = sys.stdout, sys.stderr
    output, errors = Lasting(sys.stdout, wanted=True), Lasting(sys.stderr, wanted=False)
    for stream in old:
        with suppress(AttributeError, OSError, ValueError):
            if stream.errors == "strict":  # an Å in a terminal that has none
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdout, sys.stderr = output, errors  # type: ignore[assignment]
    try:
        yield
        output.flush()
    finally:
        with suppress(InputError):
            output.flush()
        errors.flush()
        sys.stdout, sys.stderr = old


@contextmanager
def others_to_stderr() -> Iterator[None]:
    """Within it standard output is standard error, for Python, libraries in C, and programs that are started.

    What is other people's prints what it likes, and standard output is for results.
    """
    with suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    _flush_libraries()
    try:
        kept = os.dup(1)
    except OSError:  # closed
        kept = -1
    try:
        if kept >= 0:
            with suppress(OSError):
                os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if kept >= 0:
            _flush_libraries()
            os.dup2(kept, 1)
            os.close(kept)


def _flush_libraries() -> None:
    """What libraries in C have printed and not yet written."""
    import ctypes  # here, as nothing else of a command's start needs it

    with suppress(OSError, AttributeError, TypeError):  # TypeError: Windows has no such library
        ctypes.CDLL(None).fflush(None)


def _fill_gaps() -> None:
    """Open what is closed of input, output and error, before a file of ours takes its number.

    Libraries write to these numbers, whatever lies behind them.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.dup(number), "w", encoding="utf-8"))
