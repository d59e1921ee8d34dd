"""`zeocryst.potentials.moments` compiled for the GPU by numba, one thread a bead.

Arrays lie on the device. The kernels run on a machine without a GPU in numba's CUDA simulator
(``NUMBA_ENABLE_CUDASIM=1`` before numba is imported), slowly, which is how they are tested there.

What the host does for a step of 1e4 beads may take longer than the GPU takes for the step. So a step makes
nothing anew: arrays and launches with all their arguments are kept, looked up by where the given arrays lie.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from zeocryst.potentials import moments
from zeocryst.potentials.launching import launch_of

#: Threads of a block where there are beads enough for two blocks on each multiprocessor; else half or a quarter
#: of that.
BLOCK = 128
#: How much more room than needed is made for arms: neighbour lists grow a little in most runs.
ROOM = 1.2
#: How many places of the given arrays are remembered: HOOMD-blue has two of each and swaps them when it sorts.
REMEMBERED = 32


@functools.cache
def kernels(usual: bool) -> tuple[Any, Any]:
    """The two kernels of a step; with the usual exponents, or with any."""
    compiled = moments.compiled(cuda.jit(device=True), MIXED=True, LANES=1, USUAL=usual)
    look, weigh, gather = compiled["look"], compiled["weigh"], compiled["gather"]

    @cuda.jit
    def look_all(  # type: ignore[no-untyped-def]
        position, kind, order, head, count, neighbour, pairs, arms,
        arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
        lx, ly, lz, yx, zx, zy, ix, iy, iz,
    ):  # fmt: skip
        """A thread finds its bead's neighbours, two-body terms and arms, and weighs them."""
        i = cuda.grid(1)
        if i < kind.shape[0]:
            # a group of one bead; its arms have one place more than it has neighbours
            box = lx, ly, lz, yx, zx, zy, ix, iy, iz
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


def block_size(n_beads: int, multiprocessors: int) -> int:
    """Threads of a block: as many as leave each multiprocessor two blocks, but a warp at least."""
    return next((size for size in (BLOCK, BLOCK // 2) if n_beads >= 2 * multiprocessors * size), BLOCK // 4)


def multiprocessors() -> int:
    """Multiprocessors of the GPU; numba's simulator has none, which counts for one."""
    try:
        return int(cuda.get_current_device().MULTIPROCESSOR_COUNT)
    except AttributeError:
        return 1


class Forces:
    """Stillinger-Weber forces of beads on a GPU.

    A step starts two kernels. It copies nothing, since the box travels with the launch, and allocates nothing,
    but where the beads have more neighbours than ever before.

    Parameters
    ----------
    pairs, arms
        From `moments.pack`.
    """

    def __init__(self, pairs: moments.Floats, arms: moments.Floats) -> None:
        self._kernels = kernels(moments.usual(pairs))
        self._parameters = [cuda.to_device(pairs), cuda.to_device(arms)]
        self._n_types = len(pairs)
        self._multiprocessors = multiprocessors()
        self._sides = np.zeros(6)
        self._edges: list[float] = []
        self._order: Any = None
        self._scratch: list[Any] = []
        self._known: dict[Any, tuple[Callable[..., None], Callable[..., None]]] = {}

    def compute(
        self,
        beads: tuple[Any, Any],
        sides: moments.Floats,
        near: tuple[Any, Any, Any],
        out: tuple[Any, Any, Any],
        interface: Callable[[Any], Any] = lambda array: array.__cuda_array_interface__,
    ) -> None:
        """Compute.

        Parameters
        ----------
        beads
            Positions (N, 3) and types (N,), as all other arrays of any library that has
            ``__cuda_array_interface__``.
        sides : (6,) array
            The box, as in GSD, on the host.
        near
            A full neighbour list: where the neighbours of each bead begin, how many they are, and they.
        out
            Where forces (N, 3), energies (N,) and virials (N, 6) go, as in `moments`.
        interface
            Gives an array's ``__cuda_array_interface__``, where there is a quicker way.
        """
        if not np.array_equal(sides, self._sides):
            self._edges, self._sides = moments.edges(sides).tolist(), np.array(sides)
        given = (*beads, *near, *out)
        places = tuple((it["data"][0], it["shape"], it.get("strides")) for it in map(interface, given))
        ready = self._known.get(places)
        if ready is None:
            ready = self._known[places] = self._launches(given)
        look_all, gather_all = ready
        look_all(*self._edges)
        gather_all()

    def _launches(self, given: tuple[Any, ...]) -> tuple[Callable[..., None], Callable[..., None]]:
        """What launches the two kernels for these arrays, with scratch arrays that are large enough."""
        position, kind, head, count, neighbour, *out = (cuda.as_cuda_array(array) for array in given)
        n, room = kind.shape[0], neighbour.shape[0] + kind.shape[0]
        if self._order is None or self._order.shape[0] != n:
            self._order, self._scratch = cuda.to_device(np.arange(n, dtype=np.uint32)), []
        if not self._scratch or self._scratch[2].shape[0] <= room:
            self._scratch, self._known = [], {}  # what is there is freed before there is more
            scratch = moments.scratch(n, int(ROOM * room), self._n_types)
            self._scratch = [cuda.to_device(array) for array in scratch]
        elif len(self._known) >= REMEMBERED:
            self._known.clear()
        arm_head, arm_count, arm_site, arm, moment, weighed = self._scratch
        pairs, arms = self._parameters
        force, energy, virial = out
        first = (
            position, kind, self._order, head.reshape(-1, 1)[:n], count.reshape(-1, 1)[:n], neighbour,
            pairs, arms, arm_head, arm_count, arm_site, arm, moment, weighed, force, energy, virial,
        )  # fmt: skip
        second = (kind, arms, arm_head, arm_count, arm_site, arm, weighed, force, virial)
        threads = block_size(n, self._multiprocessors)
        look_all, gather_all = self._kernels
        blocks = -(-n // threads)
        return launch_of(look_all, first, blocks, threads, 9), launch_of(gather_all, second, blocks, threads)
