"""A framework with the guests that were placed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.docking.places import Placed
from zeocryst.molecules.model import Molecule

if TYPE_CHECKING:
    from ase import Atoms


def insert(
    atoms: Atoms, results: Sequence[Placed], molecules: Molecule | Sequence[Molecule]
) -> tuple[Atoms, dict[int, Molecule]]:
    """The framework's atoms, then each guest's, and which molecule each guest is.

    Parameters
    ----------
    atoms
        The framework with its protons and cations; arrays stay.
    results
        As `place_all` returns them; those not placed are left out.
    molecules
        One for all, or one each.

    Returns
    -------
    atoms : ase.Atoms
        With the array ``molecule``: 0, then 1 and more for the guests, in the order of `results`.
    guests : dict
        The molecule of each number.
    """
    from ase import Atoms

    given = [molecules] * len(results) if isinstance(molecules, Molecule) else list(molecules)
    together = atoms.copy()
    together.set_array("molecule", np.zeros(len(atoms), np.int64))
    guests: dict[int, Molecule] = {}
    for result, molecule in zip(results, given, strict=True):
        if result.positions is None:
            continue
        number = len(guests) + 1
        guest = Atoms(molecule.symbols, positions=result.positions)
        guest.set_array("molecule", np.full(len(guest), number, np.int64))
        together += guest
        guests[number] = molecule
    return together, guests


def record(results: Sequence[Placed]) -> list[dict[str, Any]]:
    """An entry for each bead, for ``sda`` of ``summary.json``."""
    return [result.record() for result in results]
