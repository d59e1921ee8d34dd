"""From listed sites and a symmetry to all atoms of a cell, whichever format listed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.reading.symmetry import Stated, check_cell, expand, likeliest, operations

if TYPE_CHECKING:
    from ase import Atoms

#: Keys of ``Atoms.info`` and names of ``Atoms.arrays``: words on what was decided; occupancy, and number of the
#: listed site, of each atom; labels of the sites.
NOTES, OCCUPANCY, SITE, LABELS = "zeocryst_notes", "occupancy", "cif_site", "cif_labels"
#: Fully occupied, and one atom that is listed twice, Å.
FULL, TWICE_A = 0.999, 0.1


@dataclass(frozen=True)
class Sites:
    """Atoms as a file lists them.

    Attributes
    ----------
    symbols, labels : list of str
        Chemical symbol and name of each.
    fractional : (N, 3) array
    occupancy : (N,) array
    """

    symbols: list[str]
    labels: list[str]
    fractional: NDArray[np.float64]
    occupancy: NDArray[np.float64]


def assembled(sites: Sites, cell: NDArray[np.float64], stated: Stated, notes: list[str]) -> Atoms:
    """All atoms of the cell.

    Parameters
    ----------
    sites
        The listed ones; a list of all atoms comes out as it is, whatever the symmetry.
    cell : (3, 3) array, Å
    stated
        What is said of the symmetry.
    notes
        What had to be decided so far.

    Returns
    -------
    ase.Atoms
        Periodic. ``arrays["occupancy"]`` is each atom's, ``arrays["cif_site"]`` the number of its site in the
        list, ``info["cif_labels"]`` the labels of the sites, ``info["zeocryst_notes"]`` what had to be decided
        (a list of sentences, which may be empty).

    Raises
    ------
    InputError
        The symmetry is none that is known, or not the cell's.
    """
    from ase import Atoms

    candidates, words = operations(stated, tuple(Atoms(cell=cell).cell.cellpar()[3:]))
    full = sites.occupancy >= FULL
    chosen = candidates[0]
    if len(candidates) > 1:
        symbols = np.array(sites.symbols)
        some = full & (symbols != "H")
        if some.any():
            chosen = candidates[likeliest(candidates, sites.fractional[some], symbols[some] == "O", cell)]
        names = " or ".join(c.name for c in candidates)
        words.append(
            f"the origin is not said ({names}): {chosen.name} is taken, where the atoms are bonded best"
        )
    check_cell(chosen, cell)
    fractional, owner = expand(sites.fractional, chosen, cell, full)
    symbols = np.array(sites.symbols)[owner]
    keep = _not_twice(fractional @ cell, cell, symbols, sites.occupancy[owner])
    if not keep.all() and len(chosen) == 1:  # with symmetry, files may list all atoms and the operations
        words.append(f"{int((~keep).sum())} atoms are listed twice, at one place; one of each is kept")
    owner = owner[keep]
    atoms = Atoms(symbols[keep].tolist(), positions=fractional[keep] @ cell, cell=cell, pbc=True)
    atoms.set_array(OCCUPANCY, sites.occupancy[owner])
    atoms.set_array(SITE, owner)
    atoms.info[LABELS] = sites.labels
    atoms.info[NOTES] = notes + words
    return atoms


def _not_twice(
    positions: NDArray[np.float64],
    cell: NDArray[np.float64],
    symbols: NDArray[Any],
    occupancy: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which atoms to keep where several of one element are at one place: the one with the highest occupancy."""
    keep = np.ones(len(positions), dtype=bool)
    i, j, _, _ = neighbour_pairs(positions, cell, TWICE_A)
    same = (i != j) & (symbols[i] == symbols[j])
    i, j = np.minimum(i, j)[same], np.maximum(i, j)[same]
    keep[np.where(occupancy[j] > occupancy[i], i, j)] = False
    return keep
