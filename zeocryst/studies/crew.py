"""Runs side by side: each in a process of its own, as many at once as there are cores and memory for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.files.rundir import is_running
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.machine import free_memory, memory_of
from zeocryst.studies.child import BAD_INPUT, DONE, FAILED, STOPPED, Nursery, Outcome, RunProcess
from zeocryst.studies.points import Point

#: Seconds between two looks at the runs, between two at how far they are, and for which a run of an earlier
#: call is waited for that is about to stop.
LOOK_S, PROGRESS_S, OTHER_S = 0.05, 2.0, 60.0
#: Seconds from asking runs to stop until they are asked again, and from there until they are ended.
PATIENCE_S, LAST_S = 60.0, 10.0
#: Bytes that a run is taken to need before one is known, and how many times as many have to be free.
USUAL_BYTES, SPARE = 400 << 20, 1.3
#: How often a run is begun again that something outside ended.
TRIALS = 2


@dataclass
class _Going:
    """A run that goes on."""

    point: Point
    process: RunProcess


@dataclass
class Crew:
    """Runs points side by side.

    Attributes
    ----------
    nursery : Nursery
        Where the processes come from.
    asked : callable
        What it is to run for a point.
    folder_of : callable
        Its folder.
    jobs : int
        At most so many at once.
    stopper : Stopper
        Says when to stop.
    told : callable
        Called with a point and what came of it, as soon as it has ended.
    shown : callable
        Called now and then with the number of runs that go on.
    say : callable
        Tells people.
    shares : dict
        Share of each run's time steps that was done when it was last looked at.
    """

    nursery: Nursery
    asked: Callable[[Point], dict[str, Any]]
    folder_of: Callable[[Point], Path]
    jobs: int
    stopper: Stopper
    told: Callable[[Point, Outcome], None]
    shown: Callable[[int], None]
    say: Callable[[str], None]
    shares: dict[str, float] = field(default_factory=dict)
    _going: list[_Going] = field(default_factory=list)
    _bytes: int = USUAL_BYTES
    _trials: dict[str, int] = field(default_factory=dict)

    def run(self, points: Sequence[Point]) -> bool:
        """Run them, first come first served; False where it was stopped, and each is at its checkpoint."""
        waiting = deque(points)
        looked = 0.0
        try:
            while waiting or self._going:
                if self.stopper():
                    break
                while waiting and self._has_room() and not self.stopper():
                    self._begin(waiting.popleft())
                if time.monotonic() - looked > PROGRESS_S:
                    looked = time.monotonic()
                    self._look()
                self.nursery.look()
                for gone in [each for each in self._going if each.process.outcome]:
                    self._going.remove(gone)
                    if again := self._ended(gone):
                        waiting.appendleft(again)
                time.sleep(LOOK_S)
        finally:
            self._stop_all()
        return not waiting and not self.stopper()

    def _has_room(self) -> bool:
        """Whether another run may begin now: one always may."""
        if not self._going:
            return True
        if len(self._going) >= self.jobs:
            return False
        free = free_memory()
        return free is None or free > SPARE * self._bytes

    def _begin(self, point: Point) -> None:
        """Start a run, once an earlier call's process of it has ended."""
        folder, begin, said = self.folder_of(point), time.monotonic(), False
        while is_running(folder) and time.monotonic() - begin < OTHER_S and not self.stopper():
            if not said:
                self.say(f"waiting for {folder}, which an earlier call is about to leave")
            said = True
            time.sleep(LOOK_S)
        if not self.stopper():
            self._going.append(_Going(point, self.nursery.start(self.asked(point))))

    def _look(self) -> None:
        """See how far the runs are, and what memory they take."""
        for each in self._going:
            self._bytes = max(self._bytes, memory_of(each.process.pid or 0) or 0)
            self.shares[each.point.name] = share_done(each.point, self.folder_of(each.point))
        self.shown(len(self._going))

    def _ended(self, gone: _Going) -> Point | None:
        """Tell what came of a run; the point where it is to be begun again."""
        outcome = gone.process.outcome
        assert outcome is not None
        how = outcome.how
        if how in (DONE, BAD_INPUT, FAILED):
            self.told(gone.point, outcome)
            return None
        if how in (STOPPED, "SIGTERM") and self.stopper():
            return gone.point
        name = gone.point.name
        self._trials[name] = self._trials.get(name, 1) + 1
        if how == "SIGKILL":
            self.jobs = max(1, min(self.jobs, len(self._going) + 1) - 1)
        if self._trials[name] <= TRIALS:
            self.say(f"run {name}: {_words(how)}; it goes on from its last checkpoint")
            return gone.point
        self.told(gone.point, Outcome(FAILED, f"{_words(how)}, {TRIALS} times"))
        return None

    def _stop_all(self) -> None:
        """Have each run stop at its next checkpoint, and wait for that; asked again, at once."""
        patience = PATIENCE_S
        for _ in range(2):
            for each in self._going:
                each.process.ask_to_stop()
            begin = time.monotonic()
            with suppress(KeyboardInterrupt):
                while time.monotonic() - begin < patience and not all(e.process.outcome for e in self._going):
                    time.sleep(LOOK_S)
                    self.nursery.look()
            patience = LAST_S
        ended, self._going = self._going, []
        self._end_all([each for each in ended if each.process.outcome is None])
        wrong: InputError | None = None
        for each in ended:  # only now, since telling can raise
            outcome = each.process.outcome
            if outcome is not None and outcome.how in (DONE, BAD_INPUT, FAILED):
                try:
                    self.told(each.point, outcome)
                except InputError as error:
                    wrong = wrong or error
        if wrong is not None:
            raise wrong

    def _end_all(self, going: Sequence[_Going]) -> None:
        """End runs that did not stop when they were asked, and see that they are gone."""
        for each in going:
            each.process.end()
        begin = time.monotonic()
        while time.monotonic() - begin < LAST_S and not all(each.process.outcome for each in going):
            time.sleep(LOOK_S)
            self.nursery.look()


def share_done(point: Point, folder: Path) -> float:
    """Share of a run's time steps that is done, by the last line of its table; 0 where nothing tells."""
    try:
        with (folder / "order_parameters.csv").open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - 8192))
            step = int(file.read().splitlines()[-1].split(b",")[0])
    except (OSError, ValueError, IndexError):
        return 0.0
    return min(1.0, step / max(point.condition.n_steps, 1))


def _words(how: str) -> str:
    if how == "SIGKILL":
        return (
            "its process was killed from outside, as the system does where memory runs out (fewer runs at "
            "once, --jobs, or fewer beads need less)"
        )
    if how == STOPPED:
        return "its process was asked to stop from outside"
    return f"its process ended by {how}"
