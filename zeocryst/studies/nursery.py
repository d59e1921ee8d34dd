"""Where the processes of runs come from: ``python -m zeocryst.studies.nursery``.

Loading zeocryst and its compiled functions takes seconds, as long as a short run. This process does it once,
and each run is forked from it: it begins at once, and whatever becomes of it touches no other. Nothing with
threads is used here, which a fork would not have.

It is told what to do in lines of JSON: ``{"start": NUMBER, ...}``, ``{"stop": NUMBER}``, ``{"end": NUMBER}``,
and answers likewise: ``{"run": NUMBER, "pid": ...}``, and ``{"run": NUMBER, "outcome": ..., "message": ...}``
where one has ended. The runs stop where a pipe ends whose other end the study has (the first argument is its
number), however the study ends.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from zeocryst.studies.child import end_with, how_ended, run_asked

#: Environment of such a process: of numba's ways to have threads the one that allows forks, with one of them.
FORKABLE = {"NUMBA_THREADING_LAYER": "workqueue"}


class _Nursery:
    def __init__(self, lifeline: int, answers: int) -> None:
        self._lifeline, self._answers = lifeline, answers
        self._runs: dict[int, tuple[int, int]] = {}  # number: process, and what its outcome is read from

    def answer(self, **entries: Any) -> None:
        """Send a line."""
        os.write(self._answers, json.dumps(entries).encode() + b"\n")

    def work(self) -> None:
        """Do as told until nobody tells any more."""
        begun = b""
        while True:
            ready, _, _ = select.select([0, *(reader for _, reader in self._runs.values())], [], [])
            for number, (process, reader) in list(self._runs.items()):
                if reader in ready:
                    self._ended(number, process, reader)
            if 0 in ready:
                if not (more := os.read(0, 1 << 20)):
                    return
                *lines, begun = (begun + more).split(b"\n")
                for line in lines:
                    self._do(json.loads(line))

    def _do(self, asked: dict[str, Any]) -> None:
        if "start" in asked:
            self._start(int(asked.pop("start")), asked)
            return
        for word, sign in (("stop", signal.SIGTERM), ("end", signal.SIGKILL)):
            if asked.get(word) in self._runs:  # which is waited for, so that no other has its number
                os.kill(self._runs[asked[word]][0], sign)

    def _start(self, number: int, asked: dict[str, Any]) -> None:
        reader, writer = os.pipe()
        process = os.fork()
        if not process:
            with suppress(BaseException):
                self._be_run(writer, asked)
            os._exit(1)
        os.close(writer)
        self._runs[number] = process, reader
        self.answer(run=number, pid=process)

    def _be_run(self, writer: int, asked: dict[str, Any]) -> None:
        """What a process does that has just been forked; it never comes back."""
        os.setsid()  # what is sent to a group of processes is not for it
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        for number in (nowhere, self._answers, *(reader for _, reader in self._runs.values())):
            os.close(number)
        threading.Thread(target=end_with, args=[self._lifeline], daemon=True).start()
        outcome, message = run_asked(asked)
        os.write(writer, json.dumps({"outcome": outcome, "message": message}).encode())
        sys.stderr.flush()
        os._exit(0)

    def _ended(self, number: int, process: int, reader: int) -> None:
        """A run has written its outcome, or has ended without one."""
        said = b""
        while more := os.read(reader, 1 << 16):
            said += more
        os.close(reader)
        _, status = os.waitpid(process, 0)
        del self._runs[number]
        code = os.waitstatus_to_exitcode(status)
        if said:
            self.answer(run=number, **json.loads(said))
        else:
            self.answer(run=number, outcome=how_ended(code), message="")


def _load(compiling: Callable[[str], None]) -> None:
    """Everything that a run needs, with its compiled functions: what a frame half of which is melted calls."""
    import numpy as np

    from zeocryst.condition import System
    from zeocryst.foundation.compiling import told_when_compiling
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.order import DEFAULT, measure
    from zeocryst.order.with_freud import leave_out_plots
    from zeocryst.solution.start import crystal

    importlib.import_module("zeocryst.running.pipeline")
    leave_out_plots()
    frame = crystal(System("framework", "SOD", (2, 2, 2)), read_forcefield("ts"))
    places = np.array(frame.particles.position, dtype=float)
    places[::2] += np.random.default_rng(1).normal(scale=0.5, size=places[::2].shape)
    frame.particles.position = places
    with told_when_compiling(compiling):
        network, _ = network_of_frame(frame)
        measure(network, list(DEFAULT), frame)


def _main() -> None:
    lifeline, answers = int(sys.argv[1]), os.dup(1)
    os.dup2(2, 1)  # whatever libraries print
    nursery = _Nursery(lifeline, answers)
    with suppress(Exception):  # what is wrong the runs will tell
        _load(lambda words: nursery.answer(said=words))
    nursery.answer(ready=True)
    with suppress(BrokenPipeError):
        nursery.work()
    os._exit(0)


if __name__ == "__main__":
    _main()
