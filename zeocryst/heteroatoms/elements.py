"""Elements that take the place of Si: charge of the tetrahedron, and T-O bond lengths.

T-O are sums of effective ionic radii (R. D. Shannon, Acta Cryst. A32, 751 (1976)), those of four neighbours and
that of an O with two, 1.35 Å: Si-O 1.61, Al-O 1.74, P-O 1.52, Ge-O 1.74, B-O 1.46, Ga-O 1.82, Ti-O 1.77 Å.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """An element on a T site.

    Attributes
    ----------
    charge : int
        Of its TO2 unit, e: -1 needs a cation.
    length_A : float
        T-O, Å.
    replaces_si : bool
        Whether it alone takes the place of Si (Al and P take it together in AlPO4).
    """

    charge: int
    length_A: float
    replaces_si: bool = True


#: Radius of an O in a bridge, Å.
OXYGEN_A = 1.35

ELEMENTS = {
    "Si": Element(0, 0.26 + OXYGEN_A, replaces_si=False),
    "Al": Element(-1, 0.39 + OXYGEN_A),
    "B": Element(-1, 0.11 + OXYGEN_A),
    "Ga": Element(-1, 0.47 + OXYGEN_A),
    "Ge": Element(0, 0.39 + OXYGEN_A),
    "Ti": Element(0, 0.42 + OXYGEN_A),
    "P": Element(+1, 0.17 + OXYGEN_A, replaces_si=False),
}
