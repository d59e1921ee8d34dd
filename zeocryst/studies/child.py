"""One run of a study in a process of its own: ``python -m zeocryst.studies.child``.

What it runs is the first line of its standard input, in JSON. That stays open as long as the study goes on:
where it ends, the run stops at its next checkpoint, as it does when it is asked by a signal. What came of it is
one line of its standard output; whatever libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from zeocryst.condition import Condition, to_toml

#: What came of a run; anything else is a signal that ended its process.
DONE, BAD_INPUT, FAILED, STOPPED = "done", "bad input", "failed", "stopped"

#: Seconds from being asked to end until the process is ended.
GRACE_S = 20.0
#: Libraries that would take more threads than one.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)


class RunProcess:
    """A run that goes on in a process of its own.

    Parameters
    ----------
    condition
        What is run.
    folder
        The run's.
    engine, device
        As on the command line.
    plugins
        Files of plugins.
    errors
        File that takes what the process prints.
    """

    def __init__(
        self,
        condition: Condition,
        folder: Path,
        *,
        engine: str | None,
        device: str | None,
        plugins: Sequence[str],
        errors: IO[bytes],
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ | ONE_THREAD,
            start_new_session=True,  # Ctrl-C is the study's
        )
        self.pid = self._process.pid
        asked = {
            "condition": to_toml(condition), "out": str(folder.absolute()), "engine": engine, "device": device,
            "plugins": list(plugins),
        }  # fmt: skip
        assert self._process.stdin is not None
        with suppress(OSError):  # it ended at once: its status tells
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()

    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def outcome(self) -> tuple[str, str]:
        """What came of it once it has ended, and why; the name of a signal where one ended it."""
        assert self._process.stdout is not None
        status = self._process.wait()
        said = self._process.stdout.read().decode("utf-8", "replace").strip()
        self._process.stdout.close()
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        if said:
            answer = json.loads(said.splitlines()[-1])
            return str(answer["outcome"]), str(answer["message"])
        return (signal.Signals(-status).name if status < 0 else f"exit status {status}"), ""

    def ask_to_stop(self) -> None:
        """Ask it to stop at its next checkpoint; asked again, it stops at once."""
        with suppress(OSError):
            self._process.terminate()

    def end(self) -> None:
        """See that it has ended."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()


def _end_with_the_study() -> None:
    with suppress(OSError):
        sys.stdin.buffer.read(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(0)


def _run(asked: dict[str, Any]) -> tuple[str, str]:
    """Run what was asked for; what came of it, and why."""
    from zeocryst.errors import InputError, SimulationError
    from zeocryst.foundation.interrupt import interrupted_alike
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.foundation.textfiles import in_short
    from zeocryst.order.with_freud import leave_out_plots
    from zeocryst.running.beginning import Options
    from zeocryst.running.pipeline import run

    leave_out_plots()
    try:
        with interrupted_alike():
            load_plugins(asked["plugins"])
            _, finished = run(
                Condition.from_toml(asked["condition"]),
                Path(asked["out"]),
                Options(asked["engine"], asked["device"], threads=1, quiet=True),
            )
        return (DONE, "") if finished else (STOPPED, "")
    except InputError as error:
        return BAD_INPUT, str(error)
    except SimulationError as error:
        return FAILED, str(error)
    except KeyboardInterrupt:
        return STOPPED, ""
    except Exception as error:
        return FAILED, f"{type(error).__name__}: {in_short(error)}"


def _main() -> None:
    line = sys.stdin.buffer.readline()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_the_study, daemon=True).start()
    outcome, message = _run(json.loads(line))
    answers.write(json.dumps({"outcome": outcome, "message": message}) + "\n")
    answers.flush()
    os._exit(0)  # what libraries do at their end is nobody's concern


if __name__ == "__main__":
    _main()
