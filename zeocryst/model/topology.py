"""Atoms as a force field sees them: types, charges, bonds and the terms between them.

It is the list of terms, not a structure: positions and cell stay in `ase.Atoms`. Whoever makes one (a force
field, UFF of a molecule) states coefficients as LAMMPS takes them, in eV, Å and degrees, since each form of
potential has a name there that everybody can look up (https://docs.lammps.org).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: A form of potential and its numbers: LAMMPS's style name, then coefficients in the order of its ``*_coeff``.
Coefficients = tuple[str, tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms of one sort: bonds, angles, dihedrals or impropers.

    Attributes
    ----------
    atoms : (M, 2), (M, 3) or (M, 4) int array
        Numbers of the particles of each, in LAMMPS's order (vertex of an angle in the middle; an improper as
        its style wants it).
    kind : (M,) int array
        Its place in `coefficients`.
    names : tuple of str
        What each kind is called, such as ``"O_h-H"``; a LAMMPS type label.
    coefficients : tuple of (style, numbers)
        Of each kind.
    """

    atoms: Ints
    kind: Ints
    names: tuple[str, ...] = ()
    coefficients: tuple[Coefficients, ...] = ()

    @classmethod
    def none(cls, width: int) -> Terms:
        """No terms between `width` particles."""
        return cls(np.empty((0, width), np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class PairTerm:
    """What two types of particles do to each other apart from Coulomb's force.

    Attributes
    ----------
    types : (str, str)
        Their names.
    style : str
        LAMMPS's pair style, such as ``"buck"`` or ``"lj/cut"``.
    numbers : tuple of float
        Its coefficients, eV and Å; those of LAMMPS, so that ``buck`` is (A, rho, C) and ``lj/cut`` (epsilon, sigma).
    cutoff_A : float or None
        Where it ends, not shifted; None: at `Topology.cutoff_A`.
    table : (r, energy, force) or None
        With ``style = "table"``: (K,) arrays in Å, eV and eV/Å, r evenly spaced and ending at the cut-off.
    """

    types: tuple[str, str]
    style: str
    numbers: tuple[float, ...] = ()
    cutoff_A: float | None = None
    table: tuple[Floats, Floats, Floats] | None = None


@dataclass(frozen=True, eq=False)
class Topology:
    """Particles with their types and charges, and all terms between them.

    The first particles are the atoms, in the order of their `ase.Atoms`; shells, where there are any, follow.
    Each shell hangs on its core by one of the `bonds`.

    Which pairs act on each other: of two particles that a bond joins, or two bonds one after the other, neither
    the pair term nor Coulomb's force acts; of all others both do (``special_bonds lj/coul 0 0 1``). Within a guest
    molecule neither acts: there all is in bonds, angles, dihedrals, impropers and `inside`.

    Attributes
    ----------
    types : tuple of str
        Names of the types of particles, such as ``"Si"``, ``"O_br"``, ``"C_3"``; LAMMPS type labels.
    masses : (K,) float array
        Of each type, amu.
    kind : (N,) int array
        Type of each particle.
    charge : (N,) float array
        Of each particle, e.
    molecule : (N,) int array
        0 for the framework, its protons and cations; 1 and more for guest molecules.
    core : (N,) int array
        Number of the atom a shell hangs on, -1 for what is not a shell.
    bonds, angles, dihedrals, impropers : Terms
    inside : Terms
        Pairs within guest molecules that are three bonds and more apart, by their own van der Waals terms, such
        as ``("lj/cut", (epsilon, sigma))``; without cut-off.
    pairs : tuple of PairTerm
        Pairs of types that are not listed have Coulomb's force alone.
    cutoff_A : float
        Where pair terms end that do not say otherwise, and the part of Coulomb's force that is summed in real space.
    coulomb : bool
        Whether charges act on each other, by an Ewald sum.
    """

    types: tuple[str, ...]
    masses: Floats
    kind: Ints
    charge: Floats
    molecule: Ints
    core: Ints
    bonds: Terms = field(default_factory=lambda: Terms.none(2))
    angles: Terms = field(default_factory=lambda: Terms.none(3))
    dihedrals: Terms = field(default_factory=lambda: Terms.none(4))
    impropers: Terms = field(default_factory=lambda: Terms.none(4))
    inside: Terms = field(default_factory=lambda: Terms.none(2))
    pairs: tuple[PairTerm, ...] = ()
    cutoff_A: float = 10.0
    coulomb: bool = True
