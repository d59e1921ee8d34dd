"""The engine of atoms with a topology, and what it gives back; nothing above knows it by name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights
from zeocryst.errors import InputError, MissingEngineError, nearest
from zeocryst.model.topology import Topology

if TYPE_CHECKING:
    from ase import Atoms

#: Engines with a module ``atoms``, and the one of them that can do everything; others have energies and minima.
BEST = "lammps"
ENGINES = (BEST, "hoomd")
#: Largest force on a particle at a minimum, eV/Å.
FORCE_TOLERANCE = 0.01
#: Most iterations of a minimization.
MOST_STEPS = 5000
#: How far terms of bonded atoms reach, at most half of a cell's height, Å.
TERMS_REACH_A = 2.4


@dataclass(frozen=True)
class Evaluated:
    """Energy and its derivatives.

    Attributes
    ----------
    energy_eV : float
    forces : (N, 3) array
        On the atoms, eV/Å; of one with a shell the sum of both.
    stress_bar : (3, 3) array
        Negative under tension, as pressure is.
    parts_eV : dict
        ``pair`` (with the lattice sum), ``bond`` (with springs of shells and pairs inside molecules),
        ``angle``, ``dihedral``, ``improper``.
    """

    energy_eV: float
    forces: NDArray[np.float64]
    stress_bar: NDArray[np.float64]
    parts_eV: dict[str, float]


@dataclass(frozen=True)
class Relaxed:
    """Atoms after a minimization or a simulation.

    Attributes
    ----------
    atoms : ase.Atoms
        In the order they came in, with the arrays ``charge`` (e) and ``type`` where there are such.
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


class AtomisticEngine(Protocol):
    """What runs atoms with a topology."""

    def evaluate(
        self, atoms: Atoms, topology: Topology, *, relax_shells: bool = True, threads: int = 1
    ) -> Evaluated:
        """Energy, forces and stress."""
        ...

    def energy(self, atoms: Atoms, topology: Topology, *, relax_shells: bool = True, threads: int = 1) -> float:
        """Energy, eV."""
        ...

    def minimize(
        self,
        atoms: Atoms,
        topology: Topology,
        *,
        free_cell: bool = False,
        threads: int = 1,
        force_tolerance: float = FORCE_TOLERANCE,
        most_steps: int = MOST_STEPS,
    ) -> Relaxed:
        """The nearest minimum."""
        ...

    def dynamics(
        self,
        atoms: Atoms,
        topology: Topology,
        *,
        time_ps: float,
        temperature_K: float,
        seed: int,
        threads: int = 1,
    ) -> Relaxed:
        """The end of a simulation at constant volume and temperature."""
        ...

    def write_data(self, folder: Path, name: str, atoms: Atoms, topology: Topology) -> list[Path]:
        """Files for the engine by itself."""
        ...


def atomistic_engine(name: str = "auto") -> AtomisticEngine:
    """The engine for atoms with a topology.

    Parameters
    ----------
    name
        Of an engine; "auto" is the one that can do all of `AtomisticEngine`.

    Raises
    ------
    InputError
        No engine of that name runs atoms.
    MissingEngineError
        It is not installed.
    """
    chosen = BEST if name == "auto" else name
    if chosen not in ENGINES:
        raise InputError(f"engine {name!r} runs no atoms; {nearest(name, ['auto', *ENGINES])}")
    module = importlib.import_module(f"zeocryst.engines.{chosen}")
    offer = module.offer("cpu")
    if not offer.preference:
        raise MissingEngineError(offer.reason)
    return cast(AtomisticEngine, importlib.import_module(f"zeocryst.engines.{chosen}.atoms"))


def copies(atoms: Atoms, reach_A: float = TERMS_REACH_A) -> tuple[int, int, int]:
    """How often a cell is to be repeated so that terms that reach so far are told from their images.

    Parameters
    ----------
    reach_A
        Longest distance between two particles of a term, seen from its middle, Å.
    """
    return cast(
        tuple[int, int, int], tuple(max(1, ceil(2.05 * reach_A / h)) for h in heights(atoms.cell.array))
    )
