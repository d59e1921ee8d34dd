"""Order parameters: one a file, and one registry of them.

Each is a function of a `Network`, of a frame of beads, or of both, that returns a `Measured`; an undefined
value is NaN, and the function's docstring says when. Those of other people are functions with the decorator
`order_parameter` in a plugin (`zeocryst.foundation.plugins`); `find` knows them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import zeocryst.foundation.caching  # noqa: F401  (before the first function is compiled)
from zeocryst.errors import InputError, nearest
from zeocryst.foundation.plugins import ORDER_PARAMETER, given, known_names
from zeocryst.frameworks.table import framework_types, start_structure
from zeocryst.network.bonds import Network
from zeocryst.order.aggregation import aggregation, cluster_order
from zeocryst.order.cage_statistics import cages
from zeocryst.order.coordination import coordination
from zeocryst.order.crystallinity import crystallinity
from zeocryst.order.density import density
from zeocryst.order.environment import environment_similarity
from zeocryst.order.foreign import check_same, check_together, checked, plugin_of
from zeocryst.order.foreign import entry as foreign_entry
from zeocryst.order.foreign import order_parameter as order_parameter
from zeocryst.order.ice import ice
from zeocryst.order.likeness import likeness
from zeocryst.order.measured import Measured, OrderParameter
from zeocryst.order.pair_distribution import pair_distribution
from zeocryst.order.ring_statistics import ring_statistics
from zeocryst.order.scattering import powder_pattern, small_angle, structure_factor
from zeocryst.order.solid_liquid import solid_liquid
from zeocryst.order.steinhardt import steinhardt
from zeocryst.order.tetrahedral import tetrahedral_order

if TYPE_CHECKING:
    import gsd.hoomd


#: Every order parameter by the name that users choose it by.
REGISTRY: dict[str, OrderParameter] = {
    "density": OrderParameter(density),
    "coordination": OrderParameter(coordination),
    "crystallinity": OrderParameter(crystallinity),
    "tetrahedral": OrderParameter(tetrahedral_order),
    "steinhardt": OrderParameter(steinhardt),
    "solid_liquid": OrderParameter(solid_liquid),
    "ice": OrderParameter(ice, default=False),
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


def find(name: str) -> OrderParameter:
    """The order parameter of a name, zeocryst's own or a plugin's.

    Parameters
    ----------
    name
        What stands behind a colon does not matter.

    Raises
    ------
    InputError
        There is none, or its plugin is broken.
    """
    name = name.partition(":")[0]
    declared = plugin_of(name, REGISTRY)
    if declared is not None:
        return foreign_entry(declared)
    if name not in REGISTRY:
        raise InputError(
            f"no order parameter {name!r}; {nearest(name, [*REGISTRY, *known_names(ORDER_PARAMETER)])}; "
            "one of a plugin needs its file (--plugin FILE) or its package"
        )
    return REGISTRY[name]


def of_files() -> list[str]:
    """Names of the order parameters of plugin files that were loaded, but for those that take a framework.

    Whoever names a file wants what is in it; of what is installed only what is asked for by name.
    """
    return [name for name in given(ORDER_PARAMETER) if "framework" not in find(name).takes]


def check_names(names: Iterable[str]) -> None:
    """See that each is the name of an order parameter, with a framework where it takes one.

    Raises
    ------
    InputError
        One is not.
    """
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"{name!r} is no name of an order parameter; expected a text, such as 'density'")
        kind, colon, framework = name.partition(":")
        takes = "framework" in find(kind).takes
        if takes and not framework:
            raise InputError(f"{kind} is measured against a framework; name it, for example {kind}:SGT")
        if colon and not takes:
            raise InputError(f"{name!r}: {kind} takes nothing after a colon")
        if takes and (kind != "likeness" or framework not in framework_types()):  # likeness is to a net
            start_structure(framework)


def measure(
    network: Network,
    only: Iterable[str] | None = None,
    frame: gsd.hoomd.Frame | None = None,
    *,
    seen: dict[str, Measured] | None = None,
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
    seen
        Of a series of frames the same one for each: takes up what each order parameter of a plugin gave first,
        since it has to give the same names for every frame.

    Raises
    ------
    InputError
        A name is not in the registry, or needs the beads and they are not given; a plugin failed, or returned
        something else than an order parameter has to.
    """
    names = list(DEFAULT) if only is None else list(only)
    check_names(names)
    total = Measured({}, {}, {}, {})
    owners: dict[tuple[str, str], Any] = {}
    for name in names:
        kind, _, framework = name.partition(":")
        arguments: dict[str, Any] = {"network": network, "frame": frame, "framework": framework}
        entry = find(kind)
        if "frame" in entry.takes and frame is None:
            raise InputError(f"{kind} looks at the beads, not at the network alone; give the frame")
        result = entry.compute(*(arguments[argument] for argument in entry.takes))
        if entry.foreign is not None:
            result = checked(result, entry, network)
        check_together(name, result, entry, owners)
        if entry.foreign is not None and seen is not None:
            check_same(name, result, entry.foreign, seen)
        total.values.update(result.values)
        total.sites.update(result.sites)
        total.words.update(result.words)
        total.distributions.update(result.distributions)
    return total
