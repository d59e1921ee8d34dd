"""The machine that zeocryst runs on: how busy it is, its shared memory, how old this process is."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from zeocryst.errors import MissingEngineError

#: How long an OpenMP thread with nothing to do keeps its core busy, in turns of a loop, before it sleeps. With
#: the library's own default a second thread on a busy machine makes a run ten to a hundred times slower, since
#: threads that wait for one that has no core keep it from getting one.
#: (The main job's 544 beads, two threads on two idle cores: 1600 steps/s with 300 turns, 2350 from 1000 on,
#: 1340 with one thread; beside a busy process 800 to 900 with 300, 620 to 840 with 1000, 300 to 580 with 3000.)
SPIN_TURNS = "1000"
#: Processes waiting for each core from which on the machine counts as busy.
BUSY_LOAD = 0.5

#: Bytes of shared memory with which MPICH starts by itself (16 MiB are too few, 20 suffice), those without
#: which it cannot, and what has it do with these: no transport through shared memory, queues of two cells.
SHARED_MEMORY, LEAST_SHARED_MEMORY = 32 << 20, 128 << 10
FRUGAL_MPI = {"UCX_TLS": "self", "MPIR_CVAR_CH4_SHM_POSIX_IQUEUE_NUM_CELLS": "2"}

_LOADED = time.monotonic()


def wait_briefly() -> None:
    """Have OpenMP threads that wait go to sleep soon; before the libraries that have threads are loaded.

    What the user has set stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_TURNS)


def load() -> float | None:
    """Processes that want a core, the mean of the last minute; None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def load_in_words() -> str:
    """The load, to be put behind a sentence; nothing where the system does not tell."""
    wanting, cores = load(), os.cpu_count() or 1
    return "" if wanting is None else f" (load {wanting:.1f} on {cores} core{'s' if cores > 1 else ''})"


def is_busy() -> bool:
    """Whether others use a good part of this machine."""
    wanting = load()
    return wanting is not None and wanting >= BUSY_LOAD * (os.cpu_count() or 1)


def free_memory() -> int | None:
    """Bytes that processes can still have, of the machine and of its control groups; None where untold."""
    found = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return min([*found, *_free_in_groups()], default=None)


def _free_in_groups() -> list[int]:
    """What the limits of a container or a cluster's job leave, of both versions of Linux' control groups."""
    found = []
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, kinds, path = line.split(":", 2)
            if kinds and "memory" not in kinds.split(","):
                continue
            root = Path("/sys/fs/cgroup/memory" if kinds else "/sys/fs/cgroup")
            names = (
                ("memory.limit_in_bytes", "memory.usage_in_bytes")
                if kinds
                else ("memory.max", "memory.current")
            )
            for group in {root / path.lstrip("/"), root}:  # within a container it is the root itself
                with suppress(OSError, ValueError, KeyError):  # ValueError: "max"
                    most, used = (int((group / name).read_text()) for name in names)
                    stat = dict(entry.split() for entry in (group / "memory.stat").read_text().splitlines())
                    # what files only cache can be had back
                    found.append(most - used + int(stat["total_inactive_file" if kinds else "inactive_file"]))
    return found


def memory_of(pid: int) -> int | None:
    """Most bytes that a process has had so far; None where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return None


def process_age_s() -> float:
    """Seconds since this process was started; where the system does not tell, since zeocryst was loaded."""
    since_loaded = time.monotonic() - _LOADED
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError, ValueError, IndexError):
        return since_loaded
    # a clock of another name space would show a nonsense
    return age if since_loaded <= age + 1 and age < since_loaded + 3600 else since_loaded


@cache
def make_do_with_shared_memory() -> None:
    """Have MPI take less shared memory where there is little, before it is loaded: it ends the process else.

    One process has nobody to share it with. What the user has set stays.

    Raises
    ------
    MissingEngineError
        There is none.
    """
    if not sys.platform.startswith("linux") or shared_memory_holds(SHARED_MEMORY) is None:
        return
    missing = shared_memory_holds(LEAST_SHARED_MEMORY)
    if missing is not None:
        raise MissingEngineError(
            f"MPI needs {LEAST_SHARED_MEMORY // 1024} kB of shared memory, and {missing}; make room there, or "
            "mount it (in a container: docker run --shm-size=64m, apptainer run --bind /dev/shm)"
        )
    for name, value in FRUGAL_MPI.items():
        os.environ.setdefault(name, value)


def shared_memory_holds(size: int, folder: str = "/dev/shm") -> str | None:
    """Try whether so many bytes can be put into shared memory.

    Returns
    -------
    str or None
        None when they can, or where a system has no such folder by design; else why not.
    """
    if not hasattr(os, "posix_fallocate"):
        return None
    try:
        handle, name = tempfile.mkstemp(prefix="zeocryst-", dir=folder)
    except OSError as error:
        return f"{folder}: {error.strerror}"
    try:
        os.unlink(name)
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        return f"{folder} has no room for {size // 1024} kB: {error.strerror}"
    finally:
        os.close(handle)
    return None


_breakers: list[Callable[[], object]] = []


@contextmanager
def breakable(end: Callable[[], object]) -> Iterator[list[bool]]:
    """Within it a call of a library can be ended from outside, by a signal that asks the process to end.

    Python looks at signals only between such calls, and a minimization can take minutes.

    Parameters
    ----------
    end
        Has the call return soon; it is called from another thread.

    Yields
    ------
    list
        Empty, until that was done.
    """
    broken: list[bool] = []

    def breaker() -> None:
        """End the call, and remember it."""
        broken.append(True)
        end()

    def unraisable(told: Any) -> None:
        """An interrupt that Python raised where a library had called it back, and ctypes let fall."""
        if not isinstance(told.exc_value, KeyboardInterrupt):
            hook(told)
        elif not broken:
            breaker()

    hook, sys.unraisablehook = sys.unraisablehook, unraisable
    _breakers.append(breaker)
    try:
        yield broken
    finally:
        _breakers.remove(breaker)
        sys.unraisablehook = hook


def break_off() -> None:
    """End the call that is `breakable`, if there is one."""
    for breaker in list(_breakers):
        breaker()


@contextmanager
def unnamed_file() -> Iterator[Path]:
    """A file for a library that reads by name: in memory and gone with the process, however that ends."""
    handle = -1
    try:
        handle = os.memfd_create("zeocryst")
        path = Path(f"/proc/self/fd/{handle}")
        usable = path.exists()
    except (AttributeError, OSError):  # not Linux
        usable = False
    try:
        if usable:
            yield path
        else:
            with tempfile.TemporaryDirectory(prefix="zeocryst-") as folder:
                yield Path(folder) / "file"
    finally:
        if handle >= 0:
            os.close(handle)
