"""Runs of a study in processes of their own, as the study sees them.

Where processes can be forked they come from the nursery (`zeocryst.studies.nursery`), which has everything
loaded; elsewhere each is begun anew: ``python -m zeocryst.studies.child``, with what it runs in the first line
of its standard input. Both end with the study, however that ends: a pipe from it is closed by the system then.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from zeocryst.condition import Condition
from zeocryst.running.child import ONE_THREAD

#: What came of a run; anything else is the name of a signal that ended its process.
DONE, BAD_INPUT, FAILED, STOPPED = "done", "bad input", "failed", "stopped"
#: Seconds from being asked to end until a process is ended.
GRACE_S = 20.0


class Outcome(NamedTuple):
    """How a run ended, and why: one of the above, or the name of a signal that ended its process."""

    how: str
    message: str = ""


def how_ended(status: int) -> str:
    """What a process that said nothing ended by: the name of a signal, or its exit status."""
    with suppress(ValueError):  # not all signals have names
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"signal {-status}"


class RunProcess:
    """A run that goes on in a process of its own.

    Attributes
    ----------
    pid : int or None
        Of the process; None as long as it is not known.
    outcome : Outcome or None
        What came of it; None while it goes on.
    """

    def __init__(self, stop: Callable[[], None], end: Callable[[], None]) -> None:
        self.pid: int | None = None
        self.outcome: Outcome | None = None
        self.ask_to_stop = stop
        self.end = end


class Nursery:
    """The processes of a study.

    Parameters
    ----------
    errors
        File to whose end goes what they print.
    say
        Tells people.
    fork
        Whether processes are forked from one that has everything loaded; where the system can do that safely if
        not given (macOS' own libraries do not outlive it).
    """

    def __init__(self, errors: Path, say: Callable[[str], None], *, fork: bool | None = None) -> None:
        self._errors, self._say = errors, say
        self._forks = sys.platform.startswith("linux") if fork is None else fork
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1
        self._begun = b""
        self._count = 0
        self._runs: dict[int, RunProcess] = {}
        self._fresh: dict[RunProcess, subprocess.Popen[bytes]] = {}

    def start(self, asked: dict[str, Any]) -> RunProcess:
        """Begin a run.

        Parameters
        ----------
        asked
            ``condition`` (TOML), ``out``, ``engine``, ``device``, ``plugins``.
        """
        if not self._forks:
            return self._start_fresh(asked)
        if self._process is None:
            self._open()
        self._count += 1
        number = self._count
        run = RunProcess(lambda: self._tell({"stop": number}), lambda: self._tell({"end": number}))
        self._runs[number] = run
        self._tell({"start": number, **asked})
        return run

    def look(self) -> None:
        """Learn what became of the runs."""
        for run, process in list(self._fresh.items()):
            if process.poll() is not None:
                run.outcome = _outcome_of(process)
                del self._fresh[run]
        if self._process is None:
            return
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while select.select([pipe], [], [], 0)[0]:
            if not (more := os.read(pipe, 1 << 16)):
                self._lost()
                return
            *lines, self._begun = (self._begun + more).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))

    def close(self) -> None:
        """See that all have ended: they were asked to before."""
        for process in self._fresh.values():
            process.kill()
            process.wait()
        self._fresh.clear()
        if self._process is not None:
            self._end_nursery()

    # ---- those that are forked ----------------------------------------------------------------

    def _open(self) -> None:
        from zeocryst.studies.nursery import FORKABLE

        reader, self._lifeline = os.pipe()
        try:
            with self._errors.open("ab") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "zeocryst.studies.nursery", str(reader)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=os.environ | ONE_THREAD | FORKABLE,
                    pass_fds=[reader],
                    start_new_session=True,  # Ctrl-C is the study's
                )
        finally:
            os.close(reader)
        self._begun = b""

    def _tell(self, what: dict[str, Any]) -> None:
        with suppress(OSError):  # where it is gone, that is found out by looking
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()

    def _hear(self, answer: dict[str, Any]) -> None:
        if "said" in answer:
            self._say(str(answer["said"]))
        if "run" not in answer:
            return
        run = self._runs[int(answer["run"])]
        if "pid" in answer:
            run.pid = int(answer["pid"])
        else:
            run.outcome = Outcome(str(answer["outcome"]), str(answer["message"]))
            del self._runs[int(answer["run"])]

    def _lost(self) -> None:
        """The nursery itself has ended, as where somebody killed it; its runs stop since the pipe ends."""
        assert self._process is not None
        status = self._process.wait()
        self._end_nursery()
        for run in self._runs.values():
            run.outcome = Outcome(how_ended(status))
        self._runs.clear()

    def _end_nursery(self) -> None:
        assert self._process is not None
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()
        os.close(self._lifeline)
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    # ---- those that are not -------------------------------------------------------------------

    def _start_fresh(self, asked: dict[str, Any]) -> RunProcess:
        with self._errors.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | ONE_THREAD,
                start_new_session=True,
            )
        run = RunProcess(process.terminate, process.kill)
        run.pid = process.pid
        self._fresh[run] = process
        with suppress(OSError):  # it ended at once: its status tells
            assert process.stdin is not None
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
        return run


def _outcome_of(process: subprocess.Popen[bytes]) -> Outcome:
    """What came of a process that has ended."""
    assert process.stdout is not None
    assert process.stdin is not None
    said = process.stdout.read().decode("utf-8", "replace").strip()
    process.stdout.close()
    with suppress(OSError):
        process.stdin.close()
    if said:
        answer = json.loads(said.splitlines()[-1])
        return Outcome(str(answer["outcome"]), str(answer["message"]))
    return Outcome(how_ended(process.returncode))


# ---- in the process of a run --------------------------------------------------------------------


def end_with(pipe: int) -> None:
    """Wait until a pipe ends, and then end this process: at its next checkpoint, or in a while."""
    with suppress(OSError):
        while os.read(pipe, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(0)


def run_asked(asked: dict[str, Any]) -> Outcome:
    """Run what was asked for; what came of it."""
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
        return Outcome(DONE if finished else STOPPED)
    except InputError as error:
        return Outcome(BAD_INPUT, str(error))
    except SimulationError as error:
        return Outcome(FAILED, str(error))
    except KeyboardInterrupt:
        return Outcome(STOPPED)
    except Exception as error:
        return Outcome(FAILED, f"{type(error).__name__}: {in_short(error)}")


def _main() -> None:
    line = b""
    while not line.endswith(b"\n") and (more := os.read(0, 1)):  # nothing of it is to be read ahead
        line += more
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever libraries print
    threading.Thread(target=end_with, args=[0], daemon=True).start()
    outcome, message = run_asked(json.loads(line))
    answers.write(json.dumps({"outcome": outcome, "message": message}) + "\n")
    answers.flush()
    os._exit(0)  # what libraries do at their end is nobody's concern


if __name__ == "__main__":
    _main()
