"""What a method of refinement is: a force field in LAMMPS, or a calculator of ASE.

Atoms come in the order framework (T, O, H), cations, guest molecules one after the other. Their array
``molecule`` is 0 for the framework with its protons and cations, and n for guest n; ``guests[n]`` is that
molecule, its atoms in the molecule's order. Without the array all atoms are the framework's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zeocryst.engines.atomistic import Relaxed
from zeocryst.errors import SimulationError
from zeocryst.molecules.model import Molecule

if TYPE_CHECKING:
    from ase import Atoms

Guests = Mapping[int, Molecule]


class BrokenOffError(SimulationError):
    """A method that failed on its way.

    Attributes
    ----------
    reached : Relaxed
        The last atoms that were sound, not converged.
    """

    def __init__(self, words: str, reached: Relaxed) -> None:
        super().__init__(words)
        self.reached = reached


class Method(Protocol):
    """A force field or a calculator."""

    @property
    def name(self) -> str:
        """As it is asked for."""
        ...

    @property
    def source(self) -> str:
        """Where it is published, and what of it is ours."""
        ...

    @property
    def breaks_bonds(self) -> bool:
        """Whether energies before and after bonds are made can be compared: there are no types of atoms."""
        ...

    @property
    def least_width_A(self) -> float:
        """How wide a periodic cell has to be between all opposite faces, Å; 0: any will do."""
        ...

    def check(self, atoms: Atoms, guests: Guests) -> None:
        """Raise `InputError` naming what it cannot describe (an element, a bonding); computes nothing."""
        ...

    def minimize(self, atoms: Atoms, guests: Guests, *, free_cell: bool, threads: int = 1) -> Relaxed:
        """The nearest minimum; `free_cell` at zero pressure.

        Raises `SimulationError` where it fails, `BrokenOffError` where there are sound atoms from before that.
        """
        ...

    def dynamics(
        self, atoms: Atoms, guests: Guests, *, time_ps: float, temperature_K: float, seed: int, threads: int = 1
    ) -> Relaxed:
        """The end of a simulation at constant volume and temperature."""
        ...

    def write_data(self, folder: Path, name: str, atoms: Atoms, guests: Guests) -> list[Path]:
        """Files with its terms for the program behind it; none of a method that has no such files."""
        ...

    def energy(self, atoms: Atoms, guests: Guests) -> float:
        """Energy of the atoms as they are, eV (shells relaxed, where the method has shells)."""
        ...
