"""MPI's library, and what its launcher tells the processes that it starts."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError, MissingEngineError
from zeocryst.foundation.machine import SHARED_MEMORY

#: What launchers tell each process, its rank and how many there are: those of MPICH's kind, and Open MPI's.
RANK, SIZE = "PMI_RANK", "PMI_SIZE"
OTHERS_RANK, OTHERS_SIZE = "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"
#: What begins the names of all that they tell.
TOLD = ("PMI_", "MPI_LOCAL", "OMPI_", "PMIX_")
#: Where Linux has shared memory by name, and what MPICH calls its own.
SHARED_FOLDER, SHARED_NAME = "/dev/shm", "/dev/shm/mpich_shm_"
#: What has MPICH sleep where a message does not come for a few microseconds; it does so only where threads may
#: call it, and spins else. Two ranks on one core that is busy besides: 3300 instead of 60 barriers a second, 83
#: instead of 17 steps of 544 beads. Where each has its core, spinning is faster.
GIVING_WAY = {"MPIR_CVAR_ENABLE_HEAVY_YIELD": "1", "MPIR_CVAR_POLLS_BEFORE_YIELD": "100"}


def launched() -> tuple[int, int]:
    """The rank of this process and how many there are, as the launcher says: (0, 1) where there is none."""
    for rank, size in ((RANK, SIZE), (OTHERS_RANK, OTHERS_SIZE)):
        with suppress(KeyError, ValueError):
            return int(os.environ[rank]), int(os.environ[size])
    return 0, 1


def forget() -> None:
    """Let this process, and those that it starts, know nothing of the launcher."""
    for name in [name for name in os.environ if name.startswith(TOLD)]:
        del os.environ[name]


def check_launcher() -> None:
    """Raise `InputError` where an mpiexec has started this process that the MPI library does not know."""
    if SIZE not in os.environ and OTHERS_SIZE in os.environ:
        raise InputError(
            "mpiexec: the one that started this is Open MPI's, and zeocryst needs MPICH's; take the mpiexec "
            f"of the environment that zeocryst is installed in ({Path(sys.prefix) / 'bin'})"
        )


def load_mpi() -> bool:
    """Load the MPI library that the wheels of packages link to; whether it is there.

    Wheels name libmpi.so.12 without saying where it lies: in the lib of the environment that they are installed
    in, which is not this Python's where sys.path names another.
    """
    import ctypes

    places = [Path(sys.prefix) / "lib"]
    packages = [Path(name) for name in sys.path if Path(name).name == "site-packages"]
    places += [folder.parents[1] for folder in packages if len(folder.parents) > 1]
    for library in [*(place / "libmpi.so.12" for place in places), "libmpi.so.12"]:
        with suppress(OSError):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return True
    return False


def mpi(*, crowded: bool) -> Any:
    """The module MPI of mpi4py, with MPI begun.

    Parameters
    ----------
    crowded
        There are more processes than cores: who waits gives its core away.

    Raises
    ------
    MissingEngineError
        MPI's library, mpi4py or shared memory is not there.
    """
    if not load_mpi():
        raise MissingEngineError(
            "several processes need the MPI library libmpi.so.12; install it with: python -m pip install mpich"
        )
    with suppress(OSError, AttributeError):  # a system without such a folder by design
        told = os.statvfs(SHARED_FOLDER)
        room = told.f_bavail * told.f_frsize
        if room < SHARED_MEMORY:  # all ranks see so, and none waits for another
            raise MissingEngineError(
                f"several processes need {SHARED_MEMORY >> 20} MB of shared memory, {SHARED_FOLDER} has room "
                f"for {room >> 20}; make room there (in a container: docker run --shm-size=64m)"
            )
    if crowded:
        for name, value in GIVING_WAY.items():
            os.environ.setdefault(name, value)
    try:
        import mpi4py
    except ImportError:
        raise MissingEngineError(
            "several processes need the Python package mpi4py; install it with: python -m pip install mpi4py"
        ) from None
    mpi4py.rc.thread_level = "multiple" if crowded else "funneled"
    mpi4py.rc.finalize = False
    from mpi4py import MPI

    return MPI


def hide_from_ase() -> None:
    """Have ASE, which takes an mpi4py that is loaded for its own, read and write as one process does.

    It would wait for the others at each file, and here one rank reads and writes.
    """
    from ase import parallel

    parallel.world.comm = parallel.DummyMPI()


@cache
def drop_names() -> None:
    """Take the names from MPICH's shared memory once all ranks have it: it is gone with the last process then.

    It stays until the machine is restarted else where a process is killed, 1 to 3 MB each time.
    """
    with suppress(OSError):
        lines = Path("/proc/self/maps").read_text().splitlines()
        for name in {line.split()[-1] for line in lines if SHARED_NAME in line}:
            with suppress(OSError):
                os.unlink(name)


def abort(status: int) -> None:
    """End all ranks and the launcher with this status, which MPICH tells it of its first communicator only."""
    from mpi4py import MPI

    MPI.COMM_WORLD.Abort(status)


def finalize() -> None:
    """End MPI, with all ranks."""
    from mpi4py import MPI

    MPI.Finalize()
