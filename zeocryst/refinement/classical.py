"""Force fields as methods of refinement: typed atoms, guests beside them, and an engine for the minimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist

from zeocryst.engines.atomistic import FORCE_TOLERANCE, TERMS_REACH_A, Relaxed, atomistic_engine, copies
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.topology import Topology
from zeocryst.refinement.bonding import molecule_of
from zeocryst.refinement.forcefield import AtomField, read_atomfield
from zeocryst.refinement.guests import add_guests, check_guests
from zeocryst.refinement.protocol import Guests
from zeocryst.refinement.roughness import rough
from zeocryst.refinement.topologies import NEUTRAL_E, framework_topology
from zeocryst.refinement.vacuum import without_vacuum

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

#: Smoothing of a rough start: largest force at which it ends, eV/Å, and most iterations. It only takes out what
#: is rough; the minimum of another force field is not wanted.
SMOOTH_FORCE, SMOOTH_STEPS = 2.0, 100
#: Attribute of `ase.Atoms` that a method has returned: what it took them for. Where a minimum has broken
#: bonds, they could not be typed anew, and a simulation goes on with the terms that the minimum had. A copy
#: has no such attribute.
TAKEN_FOR = "_zeocryst_taken_for"


#: Copies of a cell that differ by less are the same, Å: forces end at `FORCE_TOLERANCE`.
SAME_A = 0.05


@dataclass(frozen=True)
class Classical:
    """A force field of atoms as a `zeocryst.refinement.protocol.Method`.

    Attributes
    ----------
    field : AtomField
    """

    field: AtomField

    @property
    def name(self) -> str:
        """As it is asked for."""
        return self.field.name

    @property
    def source(self) -> str:
        """Where it is published, and what of it is ours."""
        return self.field.source

    @property
    def breaks_bonds(self) -> bool:
        """No: its atoms have types."""
        return False

    @property
    def least_width_A(self) -> float:
        """Any will do: a cell that is too small is repeated."""
        return 0.0

    def check(self, atoms: Atoms, guests: Guests) -> None:
        """Raise `InputError` naming what it cannot describe."""
        self.topology(atoms, guests)

    def topology(self, atoms: Atoms, guests: Guests) -> tuple[Topology, tuple[str, ...]]:
        """Particles and terms of atoms, and what is to be said of them.

        Raises
        ------
        InputError
            An element, a bonding or a charge that the force field cannot describe.
        """
        kept = self._kept(atoms)
        if kept is not None:
            return kept
        if not atoms.pbc.all():
            raise InputError(
                f"{self.name} needs a cell that repeats in all directions; pbc is {atoms.pbc.tolist()}"
            )
        which = molecule_of(atoms)
        framework = framework_topology(atoms[which == 0], self.field)
        check_guests(atoms, guests)
        present = [guests[k] for k in np.unique(which[which > 0]).tolist()]
        own, theirs = float(framework.charge.sum()), float(sum(m.charge for m in present))
        whole = abs(own + theirs) < NEUTRAL_E
        charged = whole and self.field.coulomb == "ewald"
        if not whole and abs(own) >= NEUTRAL_E:
            beside = f", its guests {theirs:+.3g} e" if present else ""
            raise InputError(
                f"{self.name}: the framework has a charge of {own:+.3g} e{beside}; a periodic cell has to be "
                "neutral: balance Al by protons, cations or charged molecules, each once"
            )
        notes: tuple[str, ...] = ()
        if present and not charged and any(np.any(m.partial_charges) for m in present):
            why = (
                f"molecules of {theirs:+.3g} e stand in a neutral framework"
                if not whole
                else f"{self.name} has no charges besides its own"
            )
            notes = (f"Guest molecules have no charges in {self.name}, since {why}.",)
        return add_guests(framework, atoms, guests, charged=charged), notes

    def _kept(self, atoms: Atoms) -> tuple[Topology, tuple[str, ...]] | None:
        """What this force field took the same atoms for before."""
        kept = getattr(atoms, TAKEN_FOR, None)
        if kept is None or kept[0] != self.field or not np.array_equal(kept[1], atoms.numbers):
            return None
        return kept[2], kept[3]

    def minimize(self, atoms: Atoms, guests: Guests, *, free_cell: bool, threads: int = 1) -> Relaxed:
        """The nearest minimum; a rough start is smoothed first, with the force field that its file names."""
        larger, more, times = _repeated(atoms, guests)
        topology, notes = self.topology(larger, more)
        if times != (1, 1, 1):  # of the atoms that came, not of their images
            notes = self.topology(atoms, guests)[1]
        start, narrowed = (larger, None) if free_cell else without_vacuum(larger)
        smooth, said = (start, ()) if self._kept(larger) else self._smoothed(start, more, threads)
        found = atomistic_engine().minimize(
            smooth, topology, free_cell=free_cell, threads=threads, force_tolerance=FORCE_TOLERANCE
        )
        found = _back(found, start, larger, narrowed)
        result = _relaxed(found, atoms, times, notes + said)
        if result.atoms is found.atoms:
            setattr(result.atoms, TAKEN_FOR, (self.field, atoms.numbers.copy(), topology, notes))
        return result

    def dynamics(
        self, atoms: Atoms, guests: Guests, *, time_ps: float, temperature_K: float, seed: int, threads: int = 1
    ) -> Relaxed:
        """The end of a simulation at constant volume and temperature.

        Raises
        ------
        InputError
            As `topology`, or the cell is so small that it would have to be repeated.
        """
        _, _, times = _repeated(atoms, guests)
        if times != (1, 1, 1):
            raise InputError(
                f"the cell is too small for a simulation with {self.name}: atoms meet their own images; "
                f"repeat it {' x '.join(map(str, times))} times first"
            )
        topology, notes = self.topology(atoms, guests)
        start, narrowed = without_vacuum(atoms)
        found = atomistic_engine().dynamics(
            start, topology, time_ps=time_ps, temperature_K=temperature_K, seed=seed, threads=threads
        )
        found = _back(found, start, atoms, narrowed)
        result = _relaxed(found, atoms, times, notes)
        setattr(result.atoms, TAKEN_FOR, (self.field, atoms.numbers.copy(), topology, notes))
        return result

    def energy(self, atoms: Atoms, guests: Guests) -> float:
        """Energy of the atoms as they are, eV; shells at rest."""
        larger, more, times = _repeated(atoms, guests)
        topology, _ = self.topology(larger, more)
        return atomistic_engine().energy(without_vacuum(larger)[0], topology) / int(np.prod(times))

    def write_data(self, folder: Path, name: str, atoms: Atoms, guests: Guests) -> list[Path]:
        """The engine's data file and an input that runs it."""
        return atomistic_engine().write_data(folder, name, atoms, self.topology(atoms, guests)[0])

    def _smoothed(self, atoms: Atoms, guests: Guests, threads: int) -> tuple[Atoms, tuple[str, ...]]:
        """A start that is not rough, and what was done."""
        if self.field.rough_start is None:
            return atoms, ()
        why = rough(atoms[molecule_of(atoms) == 0], self.field.elements("tetrahedral"))
        if why is None:
            return atoms, ()
        other = Classical(read_atomfield(self.field.rough_start))
        try:
            topology, _ = other.topology(atoms, guests)
            found = atomistic_engine().minimize(
                atoms, topology, threads=threads, force_tolerance=SMOOTH_FORCE, most_steps=SMOOTH_STEPS
            )
        except (InputError, SimulationError) as error:
            return atoms, (f"The start is rough ({why}); {other.name} could not smooth it: {error}.",)
        smooth = atoms.copy()
        smooth.positions = found.atoms.positions
        return smooth, (
            f"The start was rough ({why}) and was smoothed first: {found.steps} iterations with {other.name}.",
        )


def _repeated(atoms: Atoms, guests: Guests) -> tuple[Atoms, Guests, tuple[int, int, int]]:
    """A cell in which bonded atoms are told from their images, its guests, and how often it was repeated."""
    # terms inside a molecule reach from end to end of it
    lengths = [float(pdist(shape).max()) for m in guests.values() for shape in m.conformers if len(shape) > 1]
    reach = max([TERMS_REACH_A, *(1.05 * length for length in lengths)])
    times = copies(atoms, reach)
    if times == (1, 1, 1):
        return atoms, guests, times
    larger = atoms.repeat(times)
    which = molecule_of(atoms)
    most, count = int(which.max(initial=0)), int(np.prod(times))
    block = np.repeat(np.arange(count), len(atoms))
    tiled = np.tile(which, count)
    larger.set_array("molecule", np.where(tiled > 0, tiled + block * most, 0))
    return larger, {k + b * most: m for k, m in guests.items() for b in range(count)}, times


def _copies_apart(copies: NDArray[np.float64], times: tuple[int, int, int], cell: NDArray[np.float64]) -> float:
    """The farthest that an atom of a repeated cell is from where the first copy has it, Å."""
    offsets = np.array(list(np.ndindex(*times)), dtype=float) @ cell
    away = copies - offsets[:, None] - copies[0]
    away -= np.round(away @ np.linalg.inv(cell)) @ cell
    return float(np.linalg.norm(away, axis=2).max())


def _back(found: Relaxed, start: Atoms, atoms: Atoms, narrowed: str | None) -> Relaxed:
    """What the engine found in a cell without its vacuum, in the cell as it was."""
    if narrowed is None:
        return found
    end = found.atoms
    moved = end.positions - start.positions
    end.set_cell(atoms.cell)
    end.positions = atoms.positions + moved
    return replace(found, atoms=end, notes=(*found.notes, narrowed))


def _relaxed(found: Relaxed, atoms: Atoms, times: tuple[int, int, int], notes: tuple[str, ...]) -> Relaxed:
    """What the engine found, of the cell that was asked for."""
    result = found.atoms
    count = int(np.prod(times))
    if count > 1:
        result = result[: len(atoms)]
        result.set_cell(found.atoms.cell[:] / np.array(times)[:, None], scale_atoms=False)
        apart = _copies_apart(found.atoms.positions.reshape(count, -1, 3), times, result.cell[:])
        if apart > SAME_A:
            notes += (
                f"The cell was repeated {' x '.join(map(str, times))} times, and its copies came out up to "
                f"{apart:.2f} Å apart: the first is written, the energy is their mean; repeat it beforehand.",
            )
        if "molecule" in atoms.arrays:
            result.set_array("molecule", atoms.arrays["molecule"])
    return replace(found, atoms=result, energy_eV=found.energy_eV / count, notes=notes + found.notes)
