"""A calculator of ASE whose answers are looked at before anybody believes them.

Calculators are other people's: they may raise anything, print, warn, give NaN, or arrays of another shape. What
does not make sense becomes one message that says which calculator, for which atoms, and after how many
evaluations; the last that made sense is kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.errors import InputError, SimulationError, ZeocrystError
from zeocryst.foundation.plugins import Plugin, guarded
from zeocryst.foundation.streams import others_to_stderr
from zeocryst.foundation.textfiles import in_short

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Origin:
    """Where a calculator comes from.

    Attributes
    ----------
    label : str
        What messages call it.
    plugin : Plugin or None
        The user's file that made it.
    quiet : bool
        Whether its warnings are known and mean nothing here.
    """

    label: str
    plugin: Plugin | None = None
    quiet: bool = False

    @contextmanager
    def told(self, doing: str, error: type[ZeocrystError] = SimulationError) -> Iterator[None]:
        """Turn whatever its code raises inside into one `error` that says what it was `doing`."""
        with warnings.catch_warnings() if self.quiet else nullcontext():
            if self.quiet:
                warnings.simplefilter("ignore")
            if self.plugin is not None:
                with guarded(self.plugin, doing, error):
                    yield
                return
            try:
                with others_to_stderr():
                    yield
            except (KeyboardInterrupt, ZeocrystError):
                raise
            except BaseException as raised:  # SystemExit, too: no calculator ends the program
                words, kind = in_short(raised), type(raised).__name__
                said = words if words == kind else f"{kind}: {words}"
                raise error(f"{self.label}: {doing}: {said}") from None


@dataclass(frozen=True)
class State:
    """What a calculator says of atoms.

    Attributes
    ----------
    positions, cell : arrays, Å
    energy_eV : float
    forces : (N, 3) array, eV/Å
    stress : (6,) array or None
        eV/Å^3, in Voigt's order as ASE has it; None where nobody asked.
    """

    positions: Floats
    cell: Floats
    energy_eV: float
    forces: Floats
    stress: Floats | None

    @property
    def largest_force(self) -> float:
        """Largest force on an atom, eV/Å."""
        return float(np.linalg.norm(self.forces, axis=1).max(initial=0.0))

    @property
    def largest_stress(self) -> float:
        """Largest component of the stress, eV/Å^3."""
        return 0.0 if self.stress is None else float(np.abs(self.stress).max())


class Watched:
    """A calculator for ASE's optimizers and integrators; each place is asked for once.

    Attributes
    ----------
    state : State or None
        The last that made sense.
    count : int
        Evaluations so far.
    """

    def __init__(self, calculator: Any, origin: Origin, *, stress: bool) -> None:
        self.calculator, self.origin, self.with_stress = calculator, origin, stress
        self.state: State | None = None
        self.count = 0

    def at(self, atoms: Atoms) -> State:
        """Energy, forces and (where wanted) stress of atoms.

        Raises
        ------
        SimulationError
            The calculator failed, or what it gives makes no sense.
        InputError
            It gives no stress.
        """
        old = self.state
        if (
            old is not None
            and np.array_equal(old.positions, atoms.positions)
            and np.array_equal(old.cell, atoms.cell[:])
        ):
            return old
        if old is not None and not np.isfinite(atoms.positions).all():
            raise SimulationError(
                f"{self.origin.label}: after evaluation {self.count} there is no further step: its forces do "
                "not change with the positions, as those of an energy do"
            )
        where = (
            f"it failed for {atoms.get_chemical_formula()} ({len(atoms)} atoms), evaluation {self.count + 1}"
        )
        forces = self._asked("forces", atoms, where)
        energy = self._asked("energy", atoms, where)
        stress = self._asked("stress", atoms, where) if self.with_stress else None
        self.count += 1
        self.state = State(
            np.array(atoms.positions),
            np.array(atoms.cell[:]),
            float(self._sound(energy, "energy", [()], where)),
            self._sound(forces, "forces", [(len(atoms), 3)], where),
            None if stress is None else _voigt(self._sound(stress, "stress", [(6,), (3, 3)], where)),
        )
        return self.state

    def _asked(self, what: str, atoms: Atoms, where: str) -> Any:
        from ase.calculators.calculator import PropertyNotImplementedError

        call = {"energy": "get_potential_energy", "forces": "get_forces", "stress": "get_stress"}[what]
        doing = f"it gives no {what}"
        with self.origin.told(where):
            try:
                return getattr(self.calculator, call)(atoms)
            except PropertyNotImplementedError:
                cure = "; a cell can only be free where it does" if what == "stress" else ""
        raise InputError(f"{self.origin.label}: {doing}{cure}")

    def _sound(self, value: ArrayLike, what: str, shapes: list[tuple[int, ...]], where: str) -> Floats:
        """A finite array of the right shape."""
        try:
            array = np.array(value, dtype=float)
        except (TypeError, ValueError):
            array = np.array(np.nan)
        if what == "energy" and array.shape == (1,):
            array = array[0]
        if array.shape not in shapes:
            expected = " or ".join(str(shape) for shape in shapes)
            words = f"its {what} has the shape {array.shape}; expected {expected}"
        elif not np.isfinite(array).all():
            words = f"its {what} is not a finite number"
        else:
            return array
        raise SimulationError(f"{self.origin.label}: {where}: {words}")

    def get_potential_energy(self, atoms: Atoms, force_consistent: bool = False) -> float:
        """As ASE calls it, eV."""
        return self.at(atoms).energy_eV

    def get_forces(self, atoms: Atoms) -> Floats:
        """As ASE calls it, eV/Å."""
        return self.at(atoms).forces.copy()

    def get_stress(self, atoms: Atoms) -> Floats:
        """As ASE calls it, eV/Å^3."""
        stress = self.at(atoms).stress
        if stress is None:
            raise SimulationError(f"{self.origin.label}: the stress was not asked for")
        return stress.copy()


def _voigt(stress: Floats) -> Floats:
    """A stress in Voigt's order."""
    return stress if stress.shape == (6,) else stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
