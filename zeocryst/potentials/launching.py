"""Launching a kernel of numba's again and again with the same arrays.

A launch makes a list of what the driver wants to know of each array: its place, shape and strides. For the
arrays of a step that takes longer than the rest of what the host does. Where arrays stay the same the list is
made once. How numba makes it has no public name; numba 0.68.1 and numba-cuda 0.30.4 were tried, against a stub
of the driver, which got the same words as from numba's own launches. Where it is not found a kernel is launched
as always.
"""

from __future__ import annotations

import copy
import ctypes
import warnings
from collections.abc import Callable
from typing import Any


def launch_of(
    kernel: Any, arrays: tuple[Any, ...], blocks: int, threads: int, numbers: int = 0
) -> Callable[..., None]:
    """What launches a kernel with these arrays and with numbers, which it is given.

    Parameters
    ----------
    kernel
        From ``numba.cuda.jit``.
    arrays
        Its first arguments, arrays on the device.
    blocks, threads
        Blocks, and threads of each.
    numbers
        How many floats follow.
    """
    arguments = (*arrays, *[0.0] * numbers)
    special = kernel.specialize(*arguments)
    with warnings.catch_warnings():
        # few beads have fewer than the 128 blocks that numba, and numba-cuda in a class of its own, warn of
        warnings.simplefilter("ignore")
        launcher = special[blocks, threads]
    try:
        ready, listed = _prepared(next(iter(special.overloads.values())), arguments, launcher.stream)
        places = [wanted[0] for wanted in listed[len(arrays) :]]
        if not all(isinstance(place, ctypes.c_double) for place in places):
            raise TypeError("not a float of C")
    except (AttributeError, StopIteration, TypeError):  # the simulator, or a numba that does it in another way
        return lambda *given: launcher(*arrays, *given)
    grid, block, stream, shared = launcher.griddim, launcher.blockdim, launcher.stream, launcher.sharedmem

    def launch(*given: float) -> None:
        """Launch it with these numbers."""
        assert arrays  # alive as long as this is
        for place, number in zip(places, given, strict=True):
            place.value = number
        ready.launch(listed, grid, block, stream, shared)

    return launch


def _prepared(compiled: Any, arguments: tuple[Any, ...], stream: Any) -> tuple[Any, list[list[Any]]]:
    """A kernel whose arguments are lists of what the driver wants, and these lists."""
    listed = []
    for kind, value in zip(compiled.argument_types, arguments, strict=True):
        wanted: list[Any] = []
        copied_back: list[Any] = []
        compiled._prepare_args(kind, value, stream, copied_back, wanted)
        if copied_back or not wanted:
            raise TypeError("not an array on the device")
        listed.append(wanted)
    ready = copy.copy(compiled)
    ready._prepare_args = lambda kind, value, stream, copied_back, wanted: wanted.extend(value)
    return ready, listed
