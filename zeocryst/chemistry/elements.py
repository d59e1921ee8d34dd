"""Elements that stand in the tetrahedra of four-connected oxide frameworks, and how far their O are.

Radii of fourfold coordination are those of R. D. Shannon, Acta Cryst. A 32, 751 (1976), for the state of
charge in which an element is found in frameworks; with the radius of an O between two T they give the T-O
distance. Which elements there are: Atlas of Zeolite Framework Types (Ch. Baerlocher, L. B. McCusker, D. H.
Olson, 2007), type materials and isotypes.
"""

from __future__ import annotations

#: Effective ionic radius of fourfold coordination, Å. These are T wherever O stand around them, but where they
#: are clearly no part of a framework.
FORMERS = {"Si": 0.26, "P": 0.17, "Ge": 0.39, "Al": 0.39, "B": 0.11, "Ga": 0.47, "As": 0.335}
#: The same of metals that stand in frameworks or, more often, in their channels: T only where about four O
#: join them to other T. Those that are rather found in the channels come last.
METALS = {
    "Be": 0.27, "Ti": 0.42, "Sn": 0.55, "Zr": 0.59, "Hf": 0.58, "V": 0.355, "Cr": 0.41, "Fe": 0.49, "Co": 0.58,
    "Zn": 0.60, "Mn": 0.66, "Ni": 0.55, "Cu": 0.57, "Mg": 0.57, "Li": 0.59,
}  # fmt: skip
#: Radius of an O between two T, Å.
OXYGEN_A = 1.35
#: How much longer than that sum a T-O bond may be, Å. (Si-O: up to 2.01 Å; hot bonds are 0.2 Å longer, other O
#: stand 1.2 Å farther away.)
STRETCH_A = 0.40
#: Atoms that P or B in a template or an anion (phosphonium, tetrafluoroborate) is bonded to instead of O.
LIGANDS = ("C", "N", "F", "Cl", "Br", "S")

RADII = FORMERS | METALS
