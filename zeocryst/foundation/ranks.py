"""Several processes of one run, started by ``mpiexec -n N``: the ranks.

Rank 0 runs zeocryst as one process does. The others serve: they wait, asleep, for functions that rank 0 wants
run on all of them (`everywhere`). Whoever fails or is killed ends the whole run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from zeocryst.errors import InputError, MissingEngineError, SimulationError
from zeocryst.foundation import mpi
from zeocryst.foundation.interrupt import ASKING
from zeocryst.foundation.lifelines import Entrance, come_in, send
from zeocryst.foundation.team import LEFT, FailedAlikeError, Team, serve, watch

#: Seconds in which the ranks have to find each other; who waits longer is ended by the system.
PATIENCE_S = 50.0

_team: Team | None = None


def launched() -> tuple[int, int]:
    """The rank of this process and how many there are, as the launcher says: (0, 1) where there is none."""
    if _team is not None:
        return _team.rank, _team.size
    return mpi.launched()


def count() -> int:
    """Over how many ranks a simulation may be spread."""
    return 1 if _team is None or _team.single else _team.size


def cores() -> int | None:
    """Cores that the ranks on this machine have together; None where there is one process."""
    return None if _team is None else _team.cores


def ranks_here() -> int:
    """Ranks on this machine."""
    return 1 if _team is None or _team.single else _team.here


def communicators() -> tuple[Any, Any]:
    """MPI's communicators of all ranks and of this one alone, as mpi4py has them; None where there is one."""
    return (None, None) if _team is None else (_team.comm, _team.alone)


@contextmanager
def by_itself() -> Iterator[None]:
    """Within it rank 0 works as if it were the only one."""
    if _team is None:
        yield
        return
    _team.single += 1
    try:
        yield
    finally:
        _team.single -= 1


def begin() -> None:
    """Let the ranks find each other; each of them calls it.

    Raises
    ------
    InputError, MissingEngineError
        The launcher is another MPI's, or MPI's library or mpi4py is not there; all ranks find so.
    """
    mpi.check_launcher()
    rank, _ = launched()
    asking = {*ASKING, signal.SIGQUIT}
    if rank:  # rank 0 decides when to stop
        for number in asking:
            signal.signal(number, signal.SIG_IGN)
    # a rank that left now would leave the others waiting: signals wait, and who waits too long ends
    before = signal.pthread_sigmask(signal.SIG_BLOCK, asking)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(round(PATIENCE_S))
    try:
        _meet()
    finally:
        signal.alarm(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _meet() -> None:
    global _team  # noqa: PLW0603  (a process belongs to one launch)
    rank, size = launched()
    launcher = os.getppid()
    MPI = mpi.mpi(crowded=size > len(_cores_allowed()))
    comm = MPI.COMM_WORLD.Dup()
    if comm.size != size:
        raise InputError(f"mpiexec: it says that there are {size} processes, MPI that there are {comm.size}")
    mpi.hide_from_ase()
    mpi.forget()  # children are processes of their own
    hosts = comm.allgather((MPI.Get_processor_name(), _cores_allowed()))
    mpi.drop_names()
    mine = [allowed for host, allowed in hosts if host == MPI.Get_processor_name()]
    together = len(frozenset().union(*mine))
    team = Team(comm, MPI.COMM_SELF, rank, size, len(mine), together)
    if rank:
        team.lines[0] = come_in(comm.bcast(None), rank)
    else:
        entrance = Entrance(one_machine=len(mine) == size)
        comm.bcast(entrance.address)
        team.lines = entrance.lines(size - 1)
        threading.Thread(target=watch, args=(team, launcher), daemon=True).start()
    _team = team


def _cores_allowed() -> frozenset[int]:
    try:
        return frozenset(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return frozenset(range(os.cpu_count() or 1))


# ---- rank 0 -----------------------------------------------------------------------------------


def everywhere(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function of a module on all ranks at once; what it returns on this one.

    Parameters
    ----------
    function
        It may use MPI. Where it fails on all ranks alike it raises `FailedAlikeError`; whatever else it raises
        ends the run.
    arguments
        Are sent to the others one by one; large arrays go faster by MPI (`zeocryst.engines.lammps.spread`).

    Raises
    ------
    SimulationError
        Another rank is lost, or they are out of step.
    """
    team = _team
    assert team is not None
    if team.lost or team.astray:
        team.noticed = True
        raise SimulationError(team.lost or "the processes of this run are out of step")
    team.calling = True
    try:
        for line in team.lines.values():
            send(line, (function, arguments))
        found = function(*arguments)
    except FailedAlikeError:
        team.calling = False
        raise
    except BaseException:
        team.astray, team.noticed = True, True
        raise
    team.calling = False
    return found


def in_step() -> bool:
    """Whether all ranks are there and wait for rank 0."""
    return _team is not None and not (_team.lost or _team.astray or _team.calling)


@contextmanager
def last_words(words: Callable[[SimulationError], str]) -> Iterator[None]:
    """Within it a run that can't go on, since rank 0 waits for a rank that is lost, is told of by a function.

    It is called from another thread, may write to the run's folder, and returns the message for people.
    """
    team = _team
    if team is None:
        yield
        return
    team.last_words.append(words)
    try:
        yield
    finally:
        team.last_words.remove(words)


def end(status: int) -> int:
    """Let all ranks end, with this status of rank 0's; of a run that lost one it does not return."""
    global _team  # noqa: PLW0603
    team = _team
    if team is None:
        return status
    team.noticed = True
    if team.lost or team.astray or team.calling or team.orphan:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        team.leave(status)
    for line in team.lines.values():
        with suppress(OSError):
            send(line, None)
    mpi.finalize()
    _team = None
    return status


# ---- the others -------------------------------------------------------------------------------


def served() -> int:
    """Join in, and do what rank 0 asks for until it ends; the exit status. What is wrong rank 0 tells."""
    try:
        begin()
    except (InputError, MissingEngineError):
        return LEFT
    assert _team is not None
    serve(_team)
    mpi.finalize()
    return 0
