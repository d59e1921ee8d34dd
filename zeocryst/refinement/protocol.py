"""What a method of refinement is: a force field in LAMMPS, or a calculator of ASE.

Atoms come in the order framework (T, O, H), cations, guest molecules one after the other. Their array
``molecule`` is 0 for the framework with its protons and cations, and n for guest n; ``guests[n]`` is that
molecule, its atoms in the molecule's order. Without the array all atoms are the framework's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zeocryst.errors import SimulationError
from zeocryst.molecules.model import Molecule

if TYPE_CHECKING:
    from ase import Atoms

Guests = Mapping[int, Molecule]


@dataclass(frozen=True)
class Relaxed:
    """Atoms after a minimization or a simulation.

    Attributes
    ----------
    atoms : ase.Atoms
        In the order they came in, with the arrays ``charge`` (e) and ``type`` where the method has such.
    energy_eV : float
        Potential energy of all atoms.
    converged : bool
        Whether the largest force came below the limit.
    largest_force_eV_per_A : float
    steps : int
    notes : tuple of str
        What a reader of the result has to know, in sentences ("pre-relaxed with ClayFF, since ...").
    record : dict
        Further figures for ``summary.json``.
    """

    atoms: Atoms
    energy_eV: float
    converged: bool
    largest_force_eV_per_A: float
    steps: int
    notes: tuple[str, ...] = ()
    record: dict[str, Any] = field(default_factory=dict)


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
