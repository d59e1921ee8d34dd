"""Elements that take the place of Si: charge of the tetrahedron, and T-O bond lengths.

T-O of ordinary bridges: Al 1.73 to 1.75 Å, P 1.52 Å, Ge 1.74 Å and so on are the sums of the effective ionic
radii of four-fold coordination (R. D. Shannon, Acta Cryst. A32, 751 (1976): Si 0.26, Al 0.39, P 0.17, Ge 0.39,
B 0.11, Ga 0.47, Ti 0.42 Å) and of O with two neighbours (1.35 Å), which give 1.61 Å for Si.
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


#: Shannon's radii of four-fold coordination, and of O in a bridge, Å.
RADII_A = {"Si": 0.26, "Al": 0.39, "P": 0.17, "Ge": 0.39, "B": 0.11, "Ga": 0.47, "Ti": 0.42}
OXYGEN_A = 1.35

ELEMENTS = {
    name: Element(charge, round(RADII_A[name] + OXYGEN_A, 2), name not in ("Si", "P"))
    for name, charge in (("Si", 0), ("Al", -1), ("B", -1), ("Ga", -1), ("Ge", 0), ("Ti", 0), ("P", 1))
}
