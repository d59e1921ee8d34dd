"""`zeocryst.potentials.moments` compiled for the CPU by numba, parallel over beads."""

from __future__ import annotations

import numba
import numpy as np

from zeocryst.potentials import moments

_look = numba.njit(error_model="numpy")(moments.look)
_weigh = numba.njit(error_model="numpy")(moments.weigh)
_gather = numba.njit(error_model="numpy")(moments.gather)


# no cache on disk: numba would keep using it when the functions of `moments` change
@numba.njit(parallel=True, error_model="numpy")
def forces(  # type: ignore[no-untyped-def]
    position, kind, box, head, count, neighbour, pairs, arms, table,
    arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
):  # fmt: skip
    """Energy, forces and virial of all beads, into the last three; arrays as in `moments`."""
    for i in numba.prange(len(kind)):
        _look(
            np.int64(i), position, kind, box, head, count, neighbour, pairs,
            table, arm_head, arm_count, arm_site, arm, force, energy, virial,
        )  # fmt: skip
        _weigh(np.int64(i), kind, arm_head, arms, arm_count, arm_site, arm, moment, weighed, energy)
    for i in numba.prange(len(kind)):
        _gather(np.int64(i), kind, arm_head, arms, arm_count, arm_site, arm, weighed, force, virial)


@numba.njit(cache=True)
def arm_heads(kind, head, count, neighbour, pairs):  # type: ignore[no-untyped-def]
    """Where the arms of each bead begin, with room for every neighbour that may be one; and room for all."""
    n = len(kind)
    start = np.zeros(n + 1, np.int64)
    for i in range(n):
        room = 0
        for m in range(head[i], head[i] + count[i]):
            if pairs[kind[i], kind[neighbour[m]], 7] != 0.0:
                room += 1
        start[i + 1] = start[i] + room
    return start[:-1], start[-1]
