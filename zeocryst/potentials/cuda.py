"""`zeocryst.potentials.moments` compiled for the GPU by numba, one thread a bead.

Arrays lie on the device. The kernels run on a machine without a GPU in numba's CUDA simulator
(``NUMBA_ENABLE_CUDASIM=1`` before numba is imported), slowly, which is how they are tested there.
"""

from __future__ import annotations

import functools
from typing import Any

from numba import cuda

from zeocryst.potentials import moments

#: Threads of a block.
BLOCK = 128


@functools.cache
def kernels(usual: bool) -> tuple[Any, Any]:
    """The two kernels that `forces` starts; with the usual exponents, or with any."""
    compiled = moments.compiled(cuda.jit(device=True), MIXED=True, LANES=1, USUAL=usual)
    look, weigh, gather = compiled["look"], compiled["weigh"], compiled["gather"]

    @cuda.jit
    def look_all(  # type: ignore[no-untyped-def]
        position, kind, box, order, head, count, neighbour, pairs, arms,
        arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
    ):  # fmt: skip
        """A thread finds its bead's neighbours, two-body terms and arms, and weighs them."""
        i = cuda.grid(1)
        if i < kind.shape[0]:
            # a group of one bead; its arms have one place more than it has neighbours
            look(
                i, i + 1, order, position, kind, box, head, count, neighbour, pairs,
                head[i, 0] + i, arm_head, arm_count, arm_site, arm, force, energy, virial,
            )  # fmt: skip
            weigh(i, kind, arms, arm_head, arm_count, arm, moment, weighed, energy)

    @cuda.jit
    def gather_all(kind, arms, arm_head, arm_count, arm_site, arm, weighed, force, virial):  # type: ignore[no-untyped-def]
        """A thread gathers its bead's three-body forces, of its own arms and of those that point at it."""
        i = cuda.grid(1)
        if i < kind.shape[0]:
            gather(i, kind, arms, arm_head, arm_count, arm_site, arm, weighed, force, virial)

    return look_all, gather_all


def forces(
    position: Any, kind: Any, box: Any, order: Any, head: Any, count: Any, neighbour: Any, pairs: Any,
    arms: Any, arm_head: Any, arm_count: Any, arm_site: Any, arm: Any, moment: Any, weighed: Any,
    force: Any, energy: Any, virial: Any, *, usual: bool,
) -> None:  # fmt: skip
    """Energy, forces and virial of all beads, into the last three; device arrays as in `moments`.

    The lists are `moments.MIXED`, head and count (N, 1); `order` is 0, 1, 2 and so on.
    """
    blocks = -(-kind.shape[0] // BLOCK)
    look_all, gather_all = kernels(usual)
    look_all[blocks, BLOCK](
        position, kind, box, order, head, count, neighbour, pairs, arms,
        arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
    )  # fmt: skip
    gather_all[blocks, BLOCK](kind, arms, arm_head, arm_count, arm_site, arm, weighed, force, virial)
