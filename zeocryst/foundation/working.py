"""Says what goes on while it goes on, and since when: of work that takes minutes and has no steps to count.

A thread keeps the line alive while the work calls libraries; whoever knows how much is done says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from zeocryst.foundation.progress import LIVE_INTERVAL_S, LOG_INTERVAL_S, PATIENCE_S, Line, duration


class Working:
    """Parts of some work, shown one after the other in a line.

    Parameters
    ----------
    line
        Where they are shown.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    @contextmanager
    def on(self, words: str) -> Iterator[Callable[[int, int], None]]:
        """Within it the line says these words and since when; what is done of how many may be told.

        What is over soon is not shown, and in a file there is a line now and then.

        Yields
        ------
        callable
            Takes two numbers: so many are done, of so many at most.
        """
        line, begin, done = self._line, time.monotonic(), [0, 0]
        patience = LOG_INTERVAL_S if line.watched_by == "a file" else PATIENCE_S

        def show() -> None:
            """The state now, once it has taken a while."""
            if time.monotonic() - begin < patience:
                return
            count = [(3, f"{done[0]} of at most {done[1]}")] if done[1] else []
            share = done[0] / done[1] if done[1] else 0.0
            line.show([(4, words), *count, (2, f"for {duration(time.monotonic() - begin)}")], share)

        def told(so_far: int, most: int) -> None:
            """So many are done."""
            done[:] = so_far, most
            show()

        over = threading.Event()

        def beat() -> None:
            """Show the state until the work is over."""
            while not over.wait(LIVE_INTERVAL_S):
                show()

        # a notebook's bar belongs to the thread of its cell
        alive = line.watched_by in ("a terminal", "a file")
        thread = threading.Thread(target=beat, daemon=True)
        if alive:
            thread.start()
        try:
            yield told
        finally:
            over.set()
            if alive:
                thread.join()
