"""A wall inside the shortest distance that particles may have, and who stands against it.

Buckingham's potential falls without end at short distance, and so does a shell on the way to another core.
A steep repulsion that ends below every distance of a sound structure (r^-12, so steeper than dispersion)
leaves no way there. It changes no energy that counts: where it is not zero at the end, the structure is not
returned.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.model.topology import PairTerm, Topology

if TYPE_CHECKING:
    from ase import Atoms

#: Style of the wall's terms, in LAMMPS's name; shifted so that it is 0 at its cut-off.
WALL = "lj/expand"
#: Height of the wall, eV: energy at 2^(-1/6) of its range.
HEIGHT_EV = 5.0
#: Its range as a share of the sum of the covalent radii: for two elements of which one is O, N or a halogen and
#: the other is not (those bond), for these where one is a shell, and for others. Of Si and O it is 1.21 Å, BKS
#: turning over at 1.19 Å. SLC's shells fall from 1.08 Å on, where Si pulls more steeply than the spring holds;
#: that of an O which has lost one of its Si is 1.2 Å from the other: 1.10 Å.
BONDING, SHELLS, OTHERS = 0.685, 0.62, 0.9
NEGATIVE = {7, 8, 9, 17, 35, 53}
#: Ranges that are longer, Å: Buckingham potentials of two O turn over as far out as 1.44 Å (BKS).
LONGER = {(8, 8): 1.6}


def walls(atoms: Atoms, topology: Topology) -> list[PairTerm]:
    """A wall between each two types of particles; a core that has a shell has none, its shell has."""
    elements, terms = _elements(atoms, topology), []
    shells = set(topology.kind[topology.shells].tolist())
    for first, second in combinations_with_replacement(sorted(elements), 2):
        end = wall_range(elements[first], elements[second], shell=bool(shells & {first, second}))
        names = topology.types[first], topology.types[second]
        terms.append(PairTerm(names, WALL, (HEIGHT_EV, end / 2 ** (1 / 6), 0.0), end))
    return terms


def wall_range(first: int, second: int, *, shell: bool = False) -> float:
    """How far a wall between two elements (atomic numbers) reaches, Å; `shell`: one of them is a shell."""
    from ase.data import covalent_radii

    bonding = SHELLS if shell else BONDING
    share = bonding if (first in NEGATIVE) != (second in NEGATIVE) else OTHERS
    return LONGER.get((first, second), share * float(covalent_radii[first] + covalent_radii[second]))


def _elements(atoms: Atoms, topology: Topology) -> dict[int, int]:
    """Atomic number of each type of particles, of those that carry the forces."""
    numbers = atoms.numbers[topology.owner]
    bare = ~np.isin(np.arange(len(topology.kind)), topology.core[topology.shells])
    return {int(k): int(numbers[bare & (topology.kind == k)][0]) for k in np.unique(topology.kind[bare])}
