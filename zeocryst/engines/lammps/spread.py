"""LAMMPS spread over the ranks: each has a part of the box, and all do what rank 0 asks of `Spread`.

Beads may leave most of the box empty, so parts of like work are cut by recursive bisection, and anew as the run
goes on. What all must do at once they do through `zeocryst.foundation.ranks.everywhere`.
"""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.engines.lammps.instance import Floats, Instance, what_failed
from zeocryst.engines.lammps.shares import Shares
from zeocryst.errors import SimulationError
from zeocryst.foundation.machine import unnamed_file
from zeocryst.foundation.ranks import communicators, count, everywhere, in_step
from zeocryst.foundation.team import FailedAlikeError

#: Beads that are sent to the other ranks at a time.
SENT_AT_ONCE = 1_000_000


class Part(Instance):
    """The part of one rank; the methods are called on all ranks at once."""

    def __init__(self, threads: int, log: str) -> None:
        self._comm, _ = communicators()
        self.offered: tuple[Any, ...] = ()  # what rank 0 has for the others
        super().__init__(threads, self._comm, log)

    @property
    def _first(self) -> bool:
        return bool(self._comm.rank == 0)

    def command(self, text: str) -> None:
        """Run one command."""
        try:
            super().command(text)
        except Exception as error:
            # what LAMMPS raises of this very class all ranks raise, after they have waited for each other
            if type(error) is Exception:
                raise FailedAlikeError(str(error)) from None
            if type(error).__name__ == "MPIAbortException":  # this rank alone
                raise SimulationError(what_failed(text, error)) from None
            raise

    def create(self, *_: Any) -> int:
        """Put in what rank 0 offers."""
        total = self._comm.bcast(len(self.offered[0]) if self._first else None)
        made = 0
        for begin in range(0, total, SENT_AT_ONCE):
            size = min(SENT_AT_ONCE, total - begin)
            if self._first:
                kinds, places, velocities = (each[begin : begin + size] for each in self.offered)
            else:
                kinds, places, velocities = np.empty(size, np.intc), np.empty((size, 3)), np.empty((size, 3))
            for array in (kinds, places, velocities):
                self._comm.Bcast(array)
            made += self.create_some(begin, kinds, places, velocities)
        self.offered = ()
        return made

    def gather(self, name: str) -> Floats:
        """A quantity (N, 3) of all beads, in their order; on rank 0."""
        code = self._lammps
        mine = int(code.extract_setting("nlocal"))
        order = np.array(code.numpy.extract_atom("id")[:mine]).ravel()
        values = np.array(code.numpy.extract_atom(name)[:mine])
        numbers = self._comm.gather(mine)
        if not self._first:
            self._comm.Gatherv(order, None)
            self._comm.Gatherv(values, None)
            return np.zeros((0, 3))
        numbers = np.array(numbers)
        orders = np.empty(numbers.sum(), order.dtype)
        found = np.empty((len(orders), *values.shape[1:]), values.dtype)
        self._comm.Gatherv(order, [orders, numbers])
        self._comm.Gatherv(values, [found, numbers * (found.size // max(len(found), 1))])
        sorted_ = np.empty((len(found), 3))
        sorted_[orders - 1] = self._unpacked(found) if name == "image" else found.reshape(-1, 3)
        return sorted_

    def _unpacked(self, images: NDArray[Any]) -> NDArray[Any]:
        """Three whole numbers of each that LAMMPS packs them into."""
        bits = 10 if images.itemsize == 4 else 21  # what its library is compiled for
        mask, middle = (1 << bits) - 1, 1 << (bits - 1)
        packed = images.astype(np.int64).ravel()
        return np.stack([packed & mask, packed >> bits & mask, packed >> 2 * bits], axis=1) - middle


_parts: dict[int, Part] = {}
_numbers = itertools.count()


def _open(number: int, threads: int, log: str) -> None:
    _parts[number] = Part(threads, log)


def _do(number: int, name: str, *arguments: Any) -> Any:
    return getattr(_parts[number], name)(*arguments)


def _close(number: int) -> None:
    _parts.pop(number).close()


class Spread(Instance):
    """All parts, as rank 0 has them.

    Parameters
    ----------
    threads
        OpenMP threads of each rank.
    shares
        Is told where the time goes.
    """

    def __init__(self, threads: int, shares: Shares) -> None:
        self.ranks = count()
        self._number = next(_numbers)
        self._shares = shares
        self._log = unnamed_file()
        path = str(self._log.__enter__())
        self._handle, self._read = os.open(path, os.O_RDWR | os.O_CREAT), 0
        everywhere(_open, self._number, threads, path)
        self._part = _parts[self._number]
        self._lammps = self._part._lammps

    def close(self) -> None:
        """Let all parts go."""
        if in_step():
            everywhere(_close, self._number)
        os.close(self._handle)
        self._log.__exit__(None, None, None)

    def end_soon(self) -> None:
        """Nothing: a command ends by itself, since all ranks have to end in the same step."""

    def command(self, text: str) -> None:
        """Run one command."""
        everywhere(_do, self._number, "command", text)
        if text.startswith(("run", "minimize")):
            self._shares.read(self._written())

    def _written(self) -> str:
        """What LAMMPS has written to its log since the last time."""
        self._lammps.flush_buffers()
        size = max(os.fstat(self._handle).st_size, self._read)
        text = os.pread(self._handle, size - self._read, self._read)
        self._read = size
        os.ftruncate(self._handle, 0)  # LAMMPS goes on where it was, and nothing stands before
        return text.decode(errors="replace")

    def thermo(self, keyword: str) -> float:
        """A thermodynamic quantity of the last step."""
        return float(everywhere(_do, self._number, "thermo", keyword))

    def create(self, kinds: NDArray[np.intc], places: Floats, velocities: Floats) -> int:
        """Put beads in."""
        self._part.offered = (
            np.ascontiguousarray(kinds, dtype=np.intc),
            np.ascontiguousarray(places, dtype=np.float64),
            np.ascontiguousarray(velocities, dtype=np.float64),
        )
        return int(everywhere(_do, self._number, "create"))

    def gather(self, name: str) -> Floats:
        """A quantity (N, 3) of all beads, in their order."""
        return np.asarray(everywhere(_do, self._number, "gather", name))

    def turn(self, turns: NDArray[np.int64]) -> None:
        """Say in which image of the box each bead is."""
        everywhere(_do, self._number, "turn", np.asarray(turns, np.intc))

    def mark(self, name: str, numbers: NDArray[np.int64]) -> None:
        """Give the beads a property of whole numbers."""
        everywhere(_do, self._number, "mark", name, np.asarray(numbers, np.intc))
