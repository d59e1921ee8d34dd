"""Covalent bonds by distance, so that what a refinement makes and breaks can be counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs

if TYPE_CHECKING:
    from ase import Atoms

Ints = NDArray[np.int64]

#: Atoms nearer than this share of the sum of their covalent radii are bonded: Si-O 2.21 Å, about the first
#: minimum of g(r) in silica glass, Al-O 2.34, O-H 1.21, C-H 1.34 Å. Radii of B. Cordero et al., Dalton
#: Trans. 2832 (2008), as ASE has them.
STRETCH = 1.25
#: Cations of the channels: what holds them is no bond.
IONS = (3, 11, 12, 19, 20, 37, 38, 55, 56)
#: Elements that are T where they are the framework's.
FORMERS = ("Si", "Al", "P", "Ge", "B", "Ti", "Ga", "Fe", "As", "Sn", "Zr", "Zn")
#: Changes that are named one by one.
NAMED = 12


@dataclass(frozen=True)
class Changed:
    """Bonds that are there no more, and new ones.

    Attributes
    ----------
    lost, gained : list of str
        Each as ``"Si 4-O 17"``, atoms numbered from 0.
    protons_lost : int
        H that hang on another atom than before, or on none.
    """

    lost: list[str]
    gained: list[str]
    protons_lost: int

    def record(self) -> dict[str, object]:
        """For ``summary.json``; the first `NAMED` of each by name."""
        return {
            "bonds_lost": len(self.lost), "bonds_gained": len(self.gained), "protons_lost": self.protons_lost,
            "lost": self.lost[:NAMED], "gained": self.gained[:NAMED],
        }  # fmt: skip


def molecule_of(atoms: Atoms) -> Ints:
    """Number of the guest molecule of each atom, (N,), 0 for the framework's."""
    given = atoms.arrays.get("molecule")
    return np.zeros(len(atoms), np.int64) if given is None else np.asarray(given, np.int64)


def covalent_bonds(atoms: Atoms) -> Counter[tuple[int, int]]:
    """Bonded pairs of atoms, each as often as they are bonded (over several faces of a small cell).

    Two T, two O and two H of the framework are not bonded however near they are: that is a clash, no bond.
    """
    from ase.data import covalent_radii

    radii, z, molecule = covalent_radii[atoms.numbers], atoms.numbers, molecule_of(atoms)
    reach = 2 * STRETCH * float(radii.max(initial=0.5))
    i, j, _, distance = neighbour_pairs(atoms.positions, atoms.cell[:], reach)
    near = distance < STRETCH * (radii[i] + radii[j])
    framework = (molecule[i] == 0) & (molecule[j] == 0)
    former = np.isin(atoms.get_chemical_symbols(), FORMERS)
    alike = (former[i] & former[j]) | (z[i] == z[j]) | (former[i] & (z[j] == 1)) | (former[j] & (z[i] == 1))
    ionic = np.isin(z[i], IONS) | np.isin(z[j], IONS)
    kept = near & ~ionic & ~(framework & alike)
    pairs = np.sort(np.column_stack([i[kept], j[kept]]), axis=1)
    return Counter((int(a), int(b)) for a, b in pairs)


def compare_bonds(before: Counter[tuple[int, int]], atoms: Atoms) -> Changed:
    """What became of the bonds `before`, of the same atoms elsewhere."""
    after = covalent_bonds(atoms)
    symbols = atoms.get_chemical_symbols()

    def _named(pairs: Counter[tuple[int, int]]) -> list[str]:
        return [f"{symbols[a]} {a}-{symbols[b]} {b}" for a, b in sorted(pairs.elements())]

    owners = _owners_of_hydrogen(before, symbols), _owners_of_hydrogen(after, symbols)
    strayed = sum(owners[1].get(h, set()) != where for h, where in owners[0].items())
    return Changed(_named(before - after), _named(after - before), strayed)


def _owners_of_hydrogen(bonds: Counter[tuple[int, int]], symbols: list[str]) -> dict[int, set[int]]:
    """The atoms that each H is bonded to."""
    found: dict[int, set[int]] = {}
    for a, b in bonds:
        for h, other in ((a, b), (b, a)):
            if symbols[h] == "H":
                found.setdefault(h, set()).add(other)
    return found


def framework_alone(atoms: Atoms) -> Atoms:
    """The framework with its silanols and acid protons, every T a Si, for what measures silica."""
    symbols = np.array(atoms.get_chemical_symbols())
    mine = (molecule_of(atoms) == 0) & ~np.isin(atoms.numbers, IONS)
    symbols[np.isin(symbols, FORMERS)] = "Si"
    alone = atoms[mine]
    alone.set_chemical_symbols(list(symbols[mine]))
    return alone
