"""`zeocryst.potentials.moments` compiled for the GPU by numba, one thread a bead.

Arrays lie on the device. The kernels run on a machine without a GPU in numba's CUDA simulator
(``NUMBA_ENABLE_CUDASIM=1`` before numba is imported), slowly, which is how they are tested there.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from zeocryst.potentials import moments

#: Threads of a block.
BLOCK = 128

_look = cuda.jit(device=True)(moments.look)
_weigh = cuda.jit(device=True)(moments.weigh)
_gather = cuda.jit(device=True)(moments.gather)


@cuda.jit
def _look_all(  # type: ignore[no-untyped-def]
    position, kind, box, head, count, neighbour, pairs, arms, table,
    arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
):  # fmt: skip
    i = cuda.grid(1)
    if i < kind.shape[0]:
        _look(
            i, position, kind, box, head, count, neighbour, pairs,
            table, arm_head, arm_count, arm_site, arm, force, energy, virial,
        )  # fmt: skip
        _weigh(i, kind, arm_head, arms, arm_count, arm_site, arm, moment, weighed, energy)


@cuda.jit
def _gather_all(kind, arm_head, arms, arm_count, arm_site, arm, weighed, force, virial):  # type: ignore[no-untyped-def]
    i = cuda.grid(1)
    if i < kind.shape[0]:
        _gather(i, kind, arm_head, arms, arm_count, arm_site, arm, weighed, force, virial)


def forces(
    position: Any, kind: Any, box: Any, head: Any, count: Any, neighbour: Any, pairs: Any, arms: Any,
    table: Any, arm_head: Any, arm_count: Any, arm_site: Any, arm: Any, moment: Any, weighed: Any,
    force: Any, energy: Any, virial: Any,
) -> None:  # fmt: skip
    """Energy, forces and virial of all beads, into the last three; device arrays as in `moments`."""
    blocks = -(-kind.shape[0] // BLOCK)
    _look_all[blocks, BLOCK](
        position, kind, box, head, count, neighbour, pairs, arms, table,
        arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
    )  # fmt: skip
    _gather_all[blocks, BLOCK](kind, arm_head, arms, arm_count, arm_site, arm, weighed, force, virial)
