"""Atoms as a force field sees them: types, charges, bonds and the terms between them.

It is the list of terms, not a structure: positions and cell stay in `ase.Atoms`. Whoever makes one (a force
field, UFF of a molecule) states coefficients as LAMMPS takes them, in eV, Å and degrees, since each form of
potential has a name there that everybody can look up (https://docs.lammps.org).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: A form of potential and its numbers: LAMMPS's style name, then coefficients in the order of its ``*_coeff``.
Coefficients = tuple[str, tuple[float, ...]]
#: LAMMPS's e^2/(4 pi epsilon_0) in its units metal, eV Å.
COULOMB_EV_A = 14.399645


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


class Collected:
    """Terms of one sort as they are found, those of one name with the same numbers as one kind.

    Parameters
    ----------
    width
        Particles of each.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._atoms: list[tuple[int, ...]] = []
        self._kind: list[int] = []
        self._kinds: dict[tuple[str, Coefficients], int] = {}

    def add(self, atoms: tuple[int, ...], name: str, coefficients: Coefficients) -> None:
        """A term of a kind that is there, or of a new one."""
        self._atoms.append(atoms)
        self._kind.append(self._kinds.setdefault((name, coefficients), len(self._kinds)))

    def terms(self) -> Terms:
        """All of them."""
        if not self._atoms:
            return Terms.none(self._width)
        names, coefficients = zip(*self._kinds, strict=True)
        return Terms(np.array(self._atoms, np.int64), np.array(self._kind, np.int64), names, coefficients)


@dataclass(frozen=True)
class PairTerm:
    """What two types of particles do to each other apart from Coulomb's force.

    Attributes
    ----------
    types : (str, str)
        Their names.
    style : str
        LAMMPS's pair style, such as ``"buck"`` or ``"lj/cut"``; or ``"buck24"``, a Buckingham potential with
        a core that repels, A exp(-B r) - C/r^6 + D/r^24, shifted to end at 0, which the engine makes a table
        of.
    numbers : tuple of float
        Its coefficients, eV and Å.
    cutoff_A : float or None
        Where it ends; None: at the force field's (`Topology.cutoff_A`).
    """

    types: tuple[str, str]
    style: str
    numbers: tuple[float, ...]
    cutoff_A: float | None = None


@dataclass(frozen=True)
class Coulomb:
    """How charges act on each other.

    Attributes
    ----------
    method : str
        ``"ewald"``: the lattice sum (by Ewald or by a mesh, as the engine finds faster). ``"dsf"``: damped and
        shifted force (Fennell and Gezelter 2006). ``"cut"``: 1/r up to the
        cut-off, for what is not periodic. ``"smooth"``: the shifted force without damping,
        q q (1/r - 1/R + (r - R)/R^2), times exp(-g^2/(r - R)^2) (Sundararaman et al. 2018), for types whose
        particles all have one charge; the same factor then ends the terms of style ``"buck24"``.
    cutoff_A : float
        R; of the lattice sum only the part in real space ends there.
    accuracy : float
        Of the lattice sum's forces, relative to that between two unit charges at 1 Å.
    damping_per_A : float
        Of "dsf".
    smoothing_A : float
        g of "smooth".
    constant_eV_A : float
        e^2/(4 pi epsilon_0) in eV Å; the default is LAMMPS's, GULP has 14.3997584.
    """

    method: Literal["ewald", "dsf", "cut", "smooth"] = "ewald"
    cutoff_A: float = 10.0
    accuracy: float = 1e-6
    damping_per_A: float = 0.0
    smoothing_A: float = 0.2
    constant_eV_A: float = COULOMB_EV_A


@dataclass(frozen=True, eq=False)
class Topology:
    """Particles with their types and charges, and all terms between them.

    The first particles are the atoms, in the order of their `ase.Atoms`; shells, where there are any, follow.

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
        Pairs within guest molecules that are three bonds and more apart, with van der Waals terms of their
        own: style ``"lj/cut"`` and (epsilon, sigma), without cut-off. Where there are such, neither `pairs`
        nor Coulomb's force act between atoms of one guest.
    pairs : tuple of PairTerm
        Pairs of types that are not listed have Coulomb's force alone.
    coulomb : Coulomb or None
        How charges act on each other; None: not at all.
    cutoff_A : float
        Where pair terms end that do not say so themselves.
    special_pair, special_coulomb : (3,) tuple of float
        Share of the pair terms and of Coulomb's force between particles that are one, two and three bonds
        apart. The bond of a core with its shell counts.
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
    coulomb: Coulomb | None = field(default_factory=Coulomb)
    cutoff_A: float = 10.0
    special_pair: tuple[float, float, float] = (0.0, 0.0, 1.0)
    special_coulomb: tuple[float, float, float] = (0.0, 0.0, 1.0)

    @property
    def shells(self) -> Ints:
        """Numbers of the shells, (S,)."""
        return np.flatnonzero(self.core >= 0)

    @property
    def owner(self) -> Ints:
        """The atom of each particle: its core for a shell, itself else, (N,)."""
        return np.where(self.core >= 0, self.core, np.arange(len(self.core)))

    @property
    def felt(self) -> Coulomb | None:
        """Coulomb's force where there are charges that feel it."""
        return self.coulomb if np.any(self.charge) else None

    def end_of(self, pair: PairTerm) -> float:
        """Where a pair term ends, Å."""
        return self.cutoff_A if pair.cutoff_A is None else pair.cutoff_A

    @property
    def reach_A(self) -> float:
        """The longest cut-off, Å."""
        ends = [self.cutoff_A, *map(self.end_of, self.pairs)]
        return max([*ends, self.coulomb.cutoff_A if self.coulomb else 0.0])
