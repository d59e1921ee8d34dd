"""Van der Waals terms of DREIDING (``forcefields/dreiding.toml``), between molecules and frameworks."""

from __future__ import annotations

import functools
from collections.abc import Collection
from importlib import resources

from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.units import EV_PER_KCAL_PER_MOL

FILE = "dreiding.toml"


@functools.cache
def dreiding() -> dict[str, tuple[float, float]]:
    """Depth D0 (eV) and distance R0 (Å) of the minimum between two atoms of an element.

    S. L. Mayo, B. D. Olafson, W. A. Goddard, J. Phys. Chem. 94, 8897 (1990).
    """
    text = resources.files("zeocryst.forcefields").joinpath(FILE).read_text("utf-8")
    top = Table(parse_toml(text, f"forcefields/{FILE}"), f"forcefields/{FILE}")
    elements = top.table("elements")
    found = {}
    for name in elements.names():
        entry = elements.table(name)
        depth = entry.number("D0_kcal_per_mol", above=0, least=1e-6, most=10.0)
        found[name] = (depth * EV_PER_KCAL_PER_MOL, entry.number("R0_A", above=0, least=1.0, most=8.0))
        entry.finish()
    return found


def lennard_jones(first: str, second: str) -> tuple[float, float]:
    """Epsilon (eV) and sigma (Å) of 4 eps [(s/r)^12 - (s/r)^6] between two elements."""
    table = dreiding()
    (depth_a, reach_a), (depth_b, reach_b) = table[first], table[second]
    return (depth_a * depth_b) ** 0.5, (reach_a + reach_b) / 2 / 2 ** (1 / 6)


def check_dreiding(elements: Collection[str]) -> None:
    """Raise `InputError` naming an element that DREIDING's table lacks."""
    lacking = sorted(set(elements) - set(dreiding()))
    if lacking:
        raise InputError(
            f"DREIDING has no parameters for {', '.join(lacking)}; molecules stand beside it; those that "
            f"it has: {', '.join(dreiding())}"
        )
