"""Order parameters: one a file, and one registry of them.

Each is a function of a `Network`, of a frame of beads, or of both, that returns a `Measured`; an undefined
value is NaN, and the function's docstring says when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
from zeocryst.errors import InputError, nearest
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import Network
from zeocryst.order.aggregation import aggregation, cluster_order
from zeocryst.order.cage_statistics import cages
from zeocryst.order.coordination import coordination
from zeocryst.order.crystallinity import crystallinity
from zeocryst.order.density import density
from zeocryst.order.environment import environment_similarity
from zeocryst.order.likeness import likeness
from zeocryst.order.measured import Measured
from zeocryst.order.pair_distribution import pair_distribution
from zeocryst.order.ring_statistics import ring_statistics
from zeocryst.order.scattering import powder_pattern, small_angle, structure_factor
from zeocryst.order.solid_liquid import solid_liquid
from zeocryst.order.steinhardt import steinhardt
from zeocryst.order.tetrahedral import tetrahedral_order

if TYPE_CHECKING:
    import gsd.hoomd


@dataclass(frozen=True)
class OrderParameter:
    """An entry of the registry.

    Attributes
    ----------
    compute : callable
        What measures it.
    takes : tuple of str
        Its arguments, in order: ``"network"``, ``"frame"`` (beads of the types T and S, and O where there are
        oxygens) and ``"framework"`` (a code, given after a colon).
    default : bool
        Whether a run measures it in every frame. Those that are not need more than the T, a choice, or give a
        distribution.
    costly : bool
        Takes several times as long as all others together, so that it is measured only when it is asked for.
    curve : bool
        Gives a curve and no number, so that there is no need of it in frames whose curves nobody keeps.
    """

    compute: Callable[..., Measured]
    takes: tuple[str, ...] = ("network",)
    default: bool = True
    costly: bool = False
    curve: bool = False


#: Every order parameter by the name that users choose it by.
REGISTRY: dict[str, OrderParameter] = {
    "density": OrderParameter(density),
    "coordination": OrderParameter(coordination),
    "crystallinity": OrderParameter(crystallinity),
    "tetrahedral": OrderParameter(tetrahedral_order),
    "steinhardt": OrderParameter(steinhardt),
    "solid_liquid": OrderParameter(solid_liquid),
    "rings": OrderParameter(ring_statistics),
    "cages": OrderParameter(cages, ("network", "frame"), default=False, costly=True),
    "clusters": OrderParameter(aggregation, ("network", "frame"), default=False),
    "cluster_order": OrderParameter(cluster_order, default=False),
    "environment": OrderParameter(environment_similarity, ("network", "framework"), default=False),
    "likeness": OrderParameter(likeness, ("network", "framework"), default=False),
    "pair_distribution": OrderParameter(pair_distribution, ("frame",), default=False, curve=True),
    "structure_factor": OrderParameter(structure_factor, default=False, curve=True),
    "small_angle": OrderParameter(small_angle, default=False, curve=True),
    "powder_pattern": OrderParameter(powder_pattern, ("network", "frame"), default=False, curve=True),
}
#: What a run measures in every frame.
DEFAULT = tuple(name for name, entry in REGISTRY.items() if entry.default)
#: What a run measures in every frame besides, where precursors aggregate.
AGGREGATION = ("clusters", "cluster_order")


def check_names(names: Iterable[str]) -> None:
    """See that each is the name of an order parameter, with a framework where it takes one.

    Raises
    ------
    InputError
        One is not.
    """
    for name in names:
        kind, colon, framework = name.partition(":")
        if kind not in REGISTRY:
            raise InputError(f"no order parameter {kind!r}; {nearest(kind, REGISTRY)}")
        takes = "framework" in REGISTRY[kind].takes
        if takes and not framework:
            raise InputError(f"{kind} is measured against a framework; name it, for example {kind}:SGT")
        if colon and not takes:
            raise InputError(f"{name!r}: {kind} takes nothing after a colon")
        if takes:
            start_structure(framework)


def measure(
    network: Network, only: Iterable[str] | None = None, frame: gsd.hoomd.Frame | None = None
) -> Measured:
    """Measure the chosen order parameters (those of `DEFAULT` when none are chosen).

    Parameters
    ----------
    network
        Sites and bonds.
    only
        Names; one that takes a framework has its code after a colon, ``environment:SGT``.
    frame
        The beads, for those that look at more than the T.

    Raises
    ------
    InputError
        A name is not in the registry, or needs the beads and they are not given.
    """
    names = list(DEFAULT) if only is None else list(only)
    check_names(names)
    total = Measured({}, {}, {}, {})
    for name in names:
        kind, _, framework = name.partition(":")
        given: dict[str, Any] = {"network": network, "frame": frame, "framework": framework}
        entry = REGISTRY[kind]
        if "frame" in entry.takes and frame is None:
            raise InputError(f"{kind} looks at the beads, not at the network alone; give the frame")
        result = entry.compute(*(given[argument] for argument in entry.takes))
        total.values.update(result.values)
        total.sites.update(result.sites)
        total.words.update(result.words)
        total.distributions.update(result.distributions)
    return total
