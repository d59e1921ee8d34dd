"""A command in a process of its own, beside a run: ``python -m zeocryst.running.child COMMAND ...``.

It gives way to the run, and ends with it, however that ends: its standard input is a pipe to the run's process,
which the system closes.
"""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

#: How much the process gives way, and seconds from being asked to end until it is ended.
NICENESS, GRACE_S = 10, 2.0
#: Libraries that would take more threads than one.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
#: Exit status where it ended with the run.
ENDED = 4


def how_ended(status: int) -> str:
    """What a process that said nothing ended by: the name of a signal, or its exit status."""
    with suppress(ValueError):  # not all signals have names
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"signal {-status}"


class Child:
    """A command that is running.

    Parameters
    ----------
    arguments
        Of the command line of zeocryst.
    log
        File to whose end its output goes.

    Raises
    ------
    OSError
        It cannot be started.
    """

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=os.environ | ONE_THREAD,
                start_new_session=True,  # Ctrl-C is the run's
            )
        self.pid = self._process.pid

    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(2 * GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _end_with_the_run() -> None:
    with suppress(OSError):
        os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(ENDED)


def _main() -> None:
    with suppress(AttributeError, OSError):  # not on Windows
        os.nice(NICENESS)
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    runpy.run_module("zeocryst.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
