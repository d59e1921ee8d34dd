"""The ranks of a run as one of them knows them, and what ends them all where one is lost.

A watcher of rank 0 hears over lines (`zeocryst.foundation.lifelines`) of a rank that failed or was killed, and
sees when the launcher is gone. Rank 0 may be in a call of MPI then that nobody will ever finish: after a while
the watcher says what happened and ends the process. The other ranks end with rank 0.
"""

from __future__ import annotations

import os
import queue
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

from zeocryst.errors import SimulationError
from zeocryst.foundation import mpi
from zeocryst.foundation.lifelines import receive, send

#: Exit status of a run that failed, and of a process that has nobody to serve any more: the first one's tells.
FAILED, LEFT = 3, 0
#: Seconds from the loss of a rank until the run is ended from outside, in a call that all ranks were to share
#: and otherwise; in the meantime the launcher may do it, or the run itself.
SHARED_GRACE_S, GRACE_S = 2.0, 20.0
#: Seconds that the launcher has to pass on what was said, before it is told to end.
WORDS_S = 0.1
#: Seconds between two looks at whether the launcher is there.
LOOK_S = 0.5


class FailedAlikeError(Exception):
    """A call failed on all ranks in the same way, so that they are still in step."""


@dataclass
class Team:
    """The ranks as one of them knows them.

    Attributes
    ----------
    comm, alone
        MPI's communicators of all ranks and of this one, as mpi4py has them.
    rank, size, here, cores
        The number of this one, how many there are, how many of them on this machine, and cores that these have.
    lines
        To the other ranks, from rank 0; to rank 0, from the others.
    calling
        A call that all ranks share is under way.
    astray
        Such a call was left by rank 0 alone.
    lost
        Who is lost, in words.
    orphan
        The launcher is gone.
    noticed
        The run knows that somebody is lost, or it ends.
    single
        How often it was said that rank 0 works by itself.
    last_words
        What tells of a loss.
    """

    comm: Any
    alone: Any
    rank: int
    size: int
    here: int
    cores: int
    lines: dict[int, socket.socket] = field(default_factory=dict)
    calling: bool = False
    astray: bool = False
    lost: str = ""
    orphan: bool = False
    noticed: bool = False
    single: int = 0
    last_words: list[Callable[[SimulationError], str]] = field(default_factory=list)

    def leave(self, status: int) -> NoReturn:
        """End all ranks at once; the launcher tells this status. Without one they end by their lines."""
        if not self.orphan:
            time.sleep(WORDS_S)
            with suppress(OSError):  # MPI_Abort has words of its own
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            mpi.abort(status)
        os._exit(status)


def watch(team: Team, launcher: int) -> None:
    """See to it that a rank that is lost, or a launcher, ends the run; a thread of rank 0."""
    with selectors.DefaultSelector() as selector:
        for rank, line in team.lines.items():
            selector.register(line, selectors.EVENT_READ, rank)
        while not team.lost:
            for key, _ in selector.select(LOOK_S):
                who = f"process {key.data} of {team.size} (counted from 0)"
                try:
                    team.lost = f"{who}: {receive(key.fileobj)}"  # type: ignore[arg-type]
                except EOFError:
                    team.lost = f"{who} was killed or ended; the others cannot go on without it"
            if os.getppid() != launcher and not team.orphan:
                team.orphan = True
                hung_up = getattr(signal, "SIGHUP", signal.SIGTERM)
                ignored = signal.getsignal(hung_up) == signal.SIG_IGN
                os.kill(os.getpid(), signal.SIGTERM if ignored else hung_up)
    since = time.monotonic()
    while not team.noticed:
        waited = time.monotonic() - since
        if waited > GRACE_S or (team.calling and waited > SHARED_GRACE_S):
            _give_up(team)
        time.sleep(0.05)


def _give_up(team: Team) -> NoReturn:
    """End this process from another thread: its first one is in a call that nobody will finish."""
    error = SimulationError(team.lost)
    words = str(error)
    with suppress(Exception):
        if team.last_words:
            words = team.last_words[-1](error)
    with suppress(OSError):
        os.write(2, f"zeocryst: {words}\n".encode())
    team.leave(FAILED)


def serve(team: Team) -> None:
    """Do what rank 0 asks for until it ends."""
    line, calls = team.lines[0], queue.SimpleQueue[Any]()
    threading.Thread(target=_hear, args=(line, calls), daemon=True).start()
    while (asked := calls.get()) is not None:
        function, arguments = asked
        try:
            function(*arguments)
        except FailedAlikeError:
            pass
        except BaseException as error:
            with suppress(OSError):
                kind = "" if isinstance(error, SimulationError) else f"{type(error).__name__}: "
                send(line, " ".join(f"{kind}{error}".split()))
            time.sleep(2 * GRACE_S)  # rank 0 ends it
            os._exit(LEFT)


def _hear(line: socket.socket, calls: queue.SimpleQueue[Any]) -> None:
    """Take what rank 0 asks for; without it there is nothing left to do, whatever this process does."""
    asked: Any = True
    while asked is not None:
        try:
            asked = receive(line)
        except EOFError:
            time.sleep(SHARED_GRACE_S)  # what the launcher tells is to be rank 0's status
            os._exit(LEFT)
        except BaseException as error:  # not to be understood: a module that is not there
            asked = (_cannot, (str(error),))
        calls.put(asked)


def _cannot(words: str) -> None:
    raise RuntimeError(words)
