"""`zeocryst.potentials.moments` compiled for the CPU by numba, parallel over groups of beads."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from zeocryst.cell import box_to_cell, heights
from zeocryst.model.forcefield import ForceField
from zeocryst.potentials import moments
from zeocryst.potentials.moments import gather, look, weigh
from zeocryst.potentials.neighbours import Lists, VerletList
from zeocryst.potentials.stillinger_weber import PotentialResult, evaluate

if TYPE_CHECKING:
    import gsd.hoomd


@functools.cache
def kernel(whole: bool, usual: bool) -> Any:
    """`_forces`, compiled for what is asked for.

    Sums may be taken in another order than written, or loops would not vectorise: the same one every time, and
    with any number of threads.
    """
    compiler = numba.njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz"}, forceinline=True)
    kernels = moments.compiled(compiler, floor=np.floor, WHOLE=whole, USUAL=usual)
    # numba's cache on disk knows a function by its name and would not see that another file has changed
    sources = b"".join(Path(str(path)).read_bytes() for path in (moments.__file__, __file__))
    name = f"forces_{whole:d}{usual:d}_{hashlib.sha256(sources).hexdigest()[:16]}"
    code = _forces.__code__.replace(co_name=name, co_qualname=name)
    space = {**globals(), **{each: kernels[each] for each in ("look", "weigh", "gather")}}
    return numba.njit(parallel=True, cache=True, error_model="numpy")(FunctionType(code, space))


def _forces(  # type: ignore[no-untyped-def]
    position, kind, box, groups, order, head, count, neighbour, arm_begin, pairs, arms,
    arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
):  # fmt: skip
    """Energy, forces and virial of all beads, into the last three; arrays as in `moments`."""
    for g in numba.prange(len(groups)):
        look(
            groups[g, 0], groups[g, 1], order, position, kind, box, head, count, neighbour, pairs,
            arm_begin[g], arm_head, arm_count, arm_site, arm, force, energy, virial,
        )  # fmt: skip
        for c in range(groups[g, 0], groups[g, 1]):
            weigh(order[c], kind, arms, arm_head, arm_count, arm, moment, weighed, energy)
    for g in numba.prange(len(groups)):
        for c in range(groups[g, 0], groups[g, 1]):
            gather(order[c], kind, arms, arm_head, arm_count, arm_site, arm, weighed, force, virial)


@numba.njit(cache=True)
def arm_begins(groups, order, kind, count, pairs):  # type: ignore[no-untyped-def]
    """Where the arms of each group begin, with room for every neighbour that may be one; and room for all."""
    begin, room = np.zeros(len(groups), np.int64), 0
    for g in range(len(groups)):
        begin[g] = room
        for c in range(groups[g, 0], groups[g, 1]):
            i = order[c]
            room += 1  # `choose` writes one place too far
            for t in range(len(pairs)):
                if pairs[kind[i], t, 7] != 0.0:
                    room += count[i, t]
    return begin, room


class Forces:
    """Stillinger-Weber forces of beads on a CPU.

    Parameters
    ----------
    pairs, arms
        From `moments.pack`.
    """

    def __init__(self, pairs: moments.Floats, arms: moments.Floats) -> None:
        self._parameters = pairs, arms
        self._usual = moments.usual(pairs)
        self._lists: Lists | None = None
        self._begins: Any = None
        self._arrays: list[Any] = []

    def compute(
        self, position: Any, kind: Any, box: Any, lists: Lists, out: list[Any], *, virial: bool = True
    ) -> None:
        """Compute.

        Parameters
        ----------
        position : (N, 3) array
        kind : (N,) array
        box : (6,) array
            As in GSD.
        lists
            From `zeocryst.potentials.neighbours.VerletList`.
        out
            Where forces (N, 3), energies (N,) and virials (N, 6) go, as in `moments`.
        virial
            Whether virials are asked for; if not they are left alone.
        """
        if lists is not self._lists:
            self._lists = lists
            self._begins, room = arm_begins(lists.groups, lists.order, kind, lists.counts, self._parameters[0])
            if not self._arrays or len(self._arrays[0]) != len(kind) or len(self._arrays[2]) < room:
                self._arrays = moments.scratch(len(kind), int(1.1 * room), len(self._parameters[0]))
        kernel(virial, self._usual)(
            position, kind, moments.edges(box), *lists, self._begins, *self._parameters, *self._arrays, *out
        )


class Evaluator:
    """Energy, forces and virial of frame after frame, with a neighbour list that is kept as long as it holds.

    As `zeocryst.potentials.stillinger_weber.evaluate`, but forty times as fast (612 beads of SGT, one thread:
    0.38 ms in place of 15); a box less than two cut-offs across is left to that.

    Parameters
    ----------
    forcefield
        The model.
    buffer
        How much farther the list reaches than the potential, Å.
    """

    def __init__(self, forcefield: ForceField, buffer: float = 1.0) -> None:
        types = forcefield.types
        self._forcefield = forcefield
        self._cutoffs = np.array([[forcefield.pairs[a, b].cutoff_A for b in types] for a in types])
        self._list = VerletList(self._cutoffs, buffer)
        self._forces = Forces(*moments.pack(forcefield, types))

    def evaluate(self, frame: gsd.hoomd.Frame) -> PotentialResult:
        """Of a frame's beads; see `PotentialResult`."""
        box = np.asarray(frame.configuration.box, dtype=float)
        position = np.ascontiguousarray(frame.particles.position, dtype=float)
        names, types = self._forcefield.types, list(frame.particles.types)
        kind = np.array([names.index(name) for name in types], dtype=np.int32)[frame.particles.typeid]
        cell = box_to_cell(box)
        if heights(cell).min() <= 2 * self._cutoffs.max():
            return evaluate(position, cell, kind, names, self._forcefield)
        n = len(kind)
        out = [np.zeros((n, 3)), np.zeros(n), np.zeros((n, 6))]
        lists = self._list.lists(position, kind, box, np.arange(n))
        self._forces.compute(position, kind, box, lists, out)
        forces, energy, virial = out
        # the kernels' order is xx, xy, xz, yy, yz, zz
        return PotentialResult(energy, forces, virial.sum(axis=0)[[0, 3, 5, 1, 2, 4]])
