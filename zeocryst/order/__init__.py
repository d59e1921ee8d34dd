"""Order parameters: one a file, and one registry of them.

Each is a function of a `Network` that returns a `Measured`; an undefined value is NaN, and the function's
docstring says when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from numpy.typing import NDArray

from zeocryst.errors import InputError, nearest
from zeocryst.network.bonds import Network
from zeocryst.order.coordination import coordination
from zeocryst.order.crystallinity import crystallinity
from zeocryst.order.density import density
from zeocryst.order.measured import Measured
from zeocryst.order.ring_statistics import ring_statistics
from zeocryst.order.steinhardt import steinhardt
from zeocryst.order.tetrahedral import tetrahedral_order

#: Every order parameter by the name that users choose it by.
REGISTRY: dict[str, Callable[[Network], Measured]] = {
    "density": density,
    "coordination": coordination,
    "crystallinity": crystallinity,
    "tetrahedral": tetrahedral_order,
    "steinhardt": steinhardt,
    "rings": ring_statistics,
}


def measure(network: Network, only: Iterable[str] | None = None) -> Measured:
    """Measure the chosen order parameters (all when none are chosen).

    Raises
    ------
    InputError
        A name is not in the registry.
    """
    names = list(REGISTRY) if only is None else list(only)
    values: dict[str, float] = {}
    sites: dict[str, NDArray[Any]] = {}
    for name in names:
        if name not in REGISTRY:
            raise InputError(f"no order parameter {name!r}; {nearest(name, REGISTRY)}")
        result = REGISTRY[name](network)
        values |= result.values
        sites |= result.sites
    return Measured(values, sites)
