"""What a calculator of ASE does as a method of refinement."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import heights
from zeocryst.engines.atomistic import Relaxed
from zeocryst.errors import InputError, SimulationError
from zeocryst.refinement.bonding import molecule_of
from zeocryst.refinement.moving import descend, pressure_bar, simulate
from zeocryst.refinement.protocol import BrokenOffError, Guests
from zeocryst.refinement.watching import Origin, State, Watched

if TYPE_CHECKING:
    from ase import Atoms

#: Charges of atoms in a formula of oxides, hydroxides and cations, e.
FORMAL = {
    "O": -2, "H": 1, "Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "Mg": 2, "Ca": 2, "Sr": 2, "Ba": 2, "Zn": 2,
    "B": 3, "Al": 3, "Ga": 3, "Fe": 3, "Si": 4, "Ge": 4, "Ti": 4, "Sn": 4, "Zr": 4, "P": 5, "As": 5,
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A calculator that has a name here.

    Attributes
    ----------
    parts : tuple of (where, options)
        What to import, ``"module:name"``, and its keywords; the energies of several are added.
    source : str
    install : str
        What ``pip install`` is to be told.
    least_width_A : float
        A periodic cell has to be so wide between all opposite faces.
    takes_charge : bool
        Whether it is to be told the net charge (``calculator.set(charge=...)``).
    charges : bool
        Whether it gives the atoms' charges.
    """

    parts: tuple[tuple[str, Mapping[str, Any]], ...]
    source: str
    install: str = "'zeocryst[ml]'"
    least_width_A: float = 0.0
    takes_charge: bool = False
    charges: bool = False


@dataclass(frozen=True)
class Calculated:
    """A calculator of ASE as a `zeocryst.refinement.protocol.Method`.

    Attributes
    ----------
    name, source : str
    calculator : ase.calculators.calculator.Calculator
    origin : Origin
        What messages call it.
    known : Known or None
        What is known of it, where it has a name here.
    """

    name: str
    source: str
    calculator: Any
    origin: Origin
    known: Known = field(default_factory=lambda: Known((), ""))

    @property
    def breaks_bonds(self) -> bool:
        """Whether energies before and after bonds are made can be compared: there are no types of atoms."""
        return True

    @property
    def least_width_A(self) -> float:
        """How wide a periodic cell has to be between all opposite faces, Å."""
        return self.known.least_width_A

    def check(self, atoms: Atoms, guests: Guests) -> None:
        """Raise `InputError` naming what it cannot describe, as far as that is known without computing."""
        least = self.least_width_A
        if atoms.pbc.any() and least > 0:
            widths = heights(atoms.cell.complete())
            if (widths[atoms.pbc] < least).any():
                shown = ", ".join(f"{width:.2f}" for width in widths)
                raise InputError(
                    f"{self.name} knows the Γ point alone: a periodic cell has to be {least:g} Å wide between "
                    f"all opposite faces, this one is {shown} Å; repeat it"
                )
        if callable(getattr(self.calculator, "set_atoms", None)):  # where ASE's calculators refuse elements
            with self.origin.told(f"it cannot describe {atoms.get_chemical_formula()}", InputError):
                self.calculator.set_atoms(atoms)

    def minimize(self, atoms: Atoms, guests: Guests, *, free_cell: bool, threads: int = 1) -> Relaxed:
        """The nearest minimum, by L-BFGS; see `zeocryst.refinement.moving`."""
        able = getattr(self.calculator, "implemented_properties", None)
        if free_cell and able is not None and "stress" not in able:
            raise InputError(f"{self.origin.label}: it gives no stress; keep the cell fixed")
        if free_cell and not atoms.pbc.all():
            raise InputError(f"a free cell has to repeat in all directions; pbc is {atoms.pbc.tolist()}")
        with self._at_work(atoms, guests, threads, stress=free_cell) as (here, watched):
            end = descend(here, watched, free_cell=free_cell)
            pressure = pressure_bar(end.state)
            record = {"evaluations": watched.count} | ({} if pressure is None else {"pressure_bar": pressure})
            return self._relaxed(atoms, guests, end.state, end.converged, end.steps, record)

    def dynamics(
        self, atoms: Atoms, guests: Guests, *, time_ps: float, temperature_K: float, seed: int, threads: int = 1
    ) -> Relaxed:
        """The end of a simulation at constant volume and temperature, with Bussi's bath."""
        with self._at_work(atoms, guests, threads, stress=False) as (here, watched):
            told = simulate(here, watched, time_ps=time_ps, temperature_K=temperature_K, seed=seed)
            return self._relaxed(atoms, guests, watched.at(here), True, told["steps"], told)

    def write_data(self, folder: Path, name: str, atoms: Atoms, guests: Guests) -> list[Path]:
        """None: a calculator has no files of its own."""
        return []

    def energy(self, atoms: Atoms, guests: Guests) -> float:
        """Energy of the atoms as they are, eV."""
        with self._at_work(atoms, guests, 1, stress=False) as (here, watched):
            return watched.at(here).energy_eV

    @contextmanager
    def _at_work(
        self, atoms: Atoms, guests: Guests, threads: int, *, stress: bool
    ) -> Iterator[tuple[Atoms, Watched]]:
        """A copy of the atoms with the calculator; a failure later than at once keeps what was sound."""
        self.check(atoms, guests)
        here = atoms.copy()
        here.set_constraint()
        if self.known.takes_charge:
            with self.origin.told("it cannot be told the charge", InputError):
                self.calculator.set(charge=formal_charge(atoms, guests) or 0)
        watched = Watched(self.calculator, self.origin, stress=stress)
        here.calc = watched
        with _limited(threads):
            try:
                yield here, watched
            except BrokenOffError:
                raise
            except SimulationError as error:
                if watched.state is None:
                    raise
                reached = self._relaxed(atoms, guests, watched.state, False, watched.count - 1, {})
                raise BrokenOffError(str(error), reached) from None

    def _relaxed(
        self,
        atoms: Atoms,
        guests: Guests,
        state: State,
        converged: bool,
        taken: int,
        record: dict[str, Any],
    ) -> Relaxed:
        """A state, on a copy of the atoms that came in."""
        result = atoms.copy()
        result.set_cell(state.cell)
        result.positions = state.positions
        if self.known.charges and converged:
            result.set_array("charge", np.asarray(self.calculator.results["charges"], dtype=float))
        notes = []
        charge = formal_charge(atoms, guests)
        if charge is None and self.known.takes_charge:
            notes.append(
                f"Their charge does not follow from the formula of these atoms; {self.name} was told 0 e."
            )
        if charge and not self.known.takes_charge:
            notes.append(
                f"By their formula the atoms have a charge of {charge:+d} e, of which {self.name} is not told."
            )
        return Relaxed(
            result, state.energy_eV, converged, state.largest_force, taken, tuple(notes), dict(record)
        )


def is_calculator(thing: Any) -> bool:
    """Whether something has what is needed of a calculator."""
    return all(callable(getattr(thing, name, None)) for name in ("get_forces", "get_potential_energy"))


def formal_charge(atoms: Atoms, guests: Guests) -> int | None:
    """Net charge by the usual charges of ions, and of the guests, e; None where an element has no usual one."""
    molecule = molecule_of(atoms)
    symbols = np.array(atoms.get_chemical_symbols())[molecule == 0]
    if not set(symbols.tolist()) <= set(FORMAL):
        return None
    present = set(molecule[molecule > 0].tolist())
    if not present <= set(guests):
        return None
    return sum(FORMAL[s] for s in symbols.tolist()) + sum(guests[k].charge for k in present)


@contextmanager
def _limited(threads: int) -> Iterator[None]:
    """No more threads than asked for, in torch and in what `threadpoolctl` knows, where there are such."""
    torch = sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    try:
        limits: Any = importlib.import_module("threadpoolctl").threadpool_limits(threads)
    except ImportError:
        limits = nullcontext()
    try:
        if torch is not None:
            torch.set_num_threads(threads)
        with limits:
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
