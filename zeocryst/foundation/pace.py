"""The pace of a run: how many steps fill a tick of the clock, and how many threads go fastest as things are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from zeocryst.foundation.machine import load_in_words

#: Seconds between two looks at Ctrl-C and the clock. A run that becomes ten times slower from one tick to the
#: next still looks within seconds.
TICK_S = 0.25
#: Bead steps of the first tick, before anything is known of the pace: a fortieth of a second of one core.
FIRST_BEAD_STEPS = 25_000
#: A tick has at most so many times the steps of the last one.
MOST_GROWTH = 4.0

#: Seconds over which a pace is taken, s, and how many times as long as it takes to change threads at least.
WINDOW_S, WINDOW_MOVES = 1.0, 10.0
#: Another number of threads has to be faster by this factor.
GAIN = 1.1
#: Seconds from one trial to the next: the first, and the most, to which failures double it; and where something
#: is wrong.
FIRST_WAIT_S, LONGEST_WAIT_S, ALARM_WAIT_S = 3.0, 60.0, 3.0
#: Something is wrong where the pace falls to this share of the one that the number of threads was chosen for,
#: or where threads get this share of a core each.
SLOW, STARVED = 0.7, 0.6


class Ticks:
    """Steps until the next sample: about `TICK_S` of wall time, ending at every multiple of a number of steps.

    Parameters
    ----------
    grid
        Steps at whose multiples there has to be a sample.
    n_beads
        Number of beads.
    """

    def __init__(self, grid: int, n_beads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._grid, self._clock = grid, clock
        self._wanted = max(1.0, FIRST_BEAD_STEPS / max(n_beads, 1))
        self._asked: tuple[int, float] | None = None

    def __call__(self, done: int) -> int:
        """Steps from `done` to the next sample."""
        left = self._grid - done % self._grid
        count = min(left, max(1, round(self._wanted)))
        if count < left < 2 * count:  # rather two halves than a whole and a rest
            count = (left + 1) // 2
        self._asked = done, self._clock()
        return count

    def arrived(self, step: int) -> None:
        """A sample came: the time since it was asked for tells the pace."""
        if self._asked is None:
            return
        count, spent = step - self._asked[0], self._clock() - self._asked[1]
        self._asked = None
        if count > 0:
            fitting = count * TICK_S / max(spent, 1e-6)
            self._wanted = min(max(1.0, fitting), MOST_GROWTH * max(self._wanted, count))


class Crew:
    """How many threads a run should go on with.

    It knows the pace with the threads there are, tries another number now and then, and stays with what was
    faster. On a busy machine each thread waits for the slowest, and two can be slower than one.

    Parameters
    ----------
    most
        At most so many.
    begin
        So many at the beginning.
    """

    def __init__(
        self,
        most: int,
        begin: int,
        clock: Callable[[], float] = time.perf_counter,
        processor: Callable[[], float] = time.process_time,
    ) -> None:
        self._most, self._clock, self._processor = most, clock, processor
        self.threads = begin
        self._settled = begin  # the number in use but for trials
        self._steps, self._wall, self._cpu = 0, 0.0, 0.0
        self._pace: float | None = None  # of the settled number, the last window's
        self._chosen: float | None = None  # the one that it had when it was chosen
        self._wait, self._since = FIRST_WAIT_S, 0.0  # until the next trial; seconds of steps since the last
        self._upwards = False
        self._move_s = 0.0
        self._fresh = False
        self._changed = 1e9  # seconds of steps since the number last changed

    @contextmanager
    def running(self, steps: int) -> Iterator[None]:
        """Within it so many steps are run."""
        wall, cpu = self._clock(), self._processor()
        yield
        if self._fresh:  # the first steps after a change set up anew
            self._fresh = False
            return
        spent = self._clock() - wall
        self._steps += steps
        self._wall += spent
        self._cpu += self._processor() - cpu
        self._since += spent
        self._changed += spent

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Within it the engine changes to `threads` threads."""
        begin = self._clock()
        yield
        self._move_s = self._clock() - begin
        self._fresh = True

    def decide(self) -> str | None:
        """Set `threads` to what the next steps should have; a sentence where that is to stay."""
        if self._wall < max(WINDOW_S, WINDOW_MOVES * self._move_s):
            return None
        pace, share = self._steps / self._wall, self._cpu / self._wall / self.threads
        self._steps, self._wall, self._cpu = 0, 0.0, 0.0
        if self.threads != self._settled:
            return self._judge(pace)
        self._pace = pace
        self._chosen = max(pace, self._chosen or 0.0)
        wrong = pace < SLOW * self._chosen or (share < STARVED and self.threads > 1)
        wait = min(self._wait, ALARM_WAIT_S) if wrong and pace < SLOW * self._chosen else self._wait
        if self._since >= max(wait, 3 * WINDOW_MOVES * self._move_s):
            self._try(wrong)
        return None

    def _try(self, wrong: bool) -> None:
        """Begin a trial: fewer threads and more by turns, and one where something is wrong."""
        now = self._settled
        fewer, more = 1 if wrong else max(1, now // 2), min(self._most, 2 * now)
        self._upwards = more > now and (fewer == now or not self._upwards) and not (wrong and now > 1)
        self.threads = more if self._upwards else fewer
        self._chosen = self._pace  # what is wrong is looked into once

    def _judge(self, pace: float) -> str | None:
        """End a trial."""
        assert self._pace is not None
        old, tried = self._settled, self.threads
        self._since = 0.0
        if pace < GAIN * self._pace:
            self.threads = old
            self._wait = min(2 * self._wait, LONGEST_WAIT_S)
            return None
        words = (
            f"goes on with {_count(tried)}, which is faster now: {pace:.4g} steps/s, {self._pace:.4g} with "
            f"{_count(old)}{load_in_words()}"
        )
        self._settled, self._pace, self._chosen = tried, pace, pace
        # a machine that is now busy, now free is not followed every few seconds
        often = self._changed < LONGEST_WAIT_S
        self._wait = min(2 * self._wait, LONGEST_WAIT_S) if often else FIRST_WAIT_S
        self._changed = 0.0
        return words


def _count(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"
