"""Whether a start is too rough for a force field whose terms turn over at short distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.cell import neighbour_pairs
from zeocryst.refinement.typing import surroundings

if TYPE_CHECKING:
    from ase import Atoms

#: A T-O bond may be so much longer or shorter than the sum of radii, and O so near to each other, Å. Structures
#: that `zeocryst.backmapping.dls` solves stay well within.
T_O_OFF_A, O_O_A = 0.25, 2.2


def rough(atoms: Atoms, tetrahedral: Sequence[str]) -> str | None:
    """Why a framework is rough, in words; None where it is not."""
    found = surroundings(atoms, tetrahedral, "a smooth start")
    symbols = np.array(atoms.get_chemical_symbols())
    if len(found.stretch) and np.abs(found.stretch).max() > T_O_OFF_A:
        worst = int(np.abs(found.stretch).argmax())
        longer = "longer" if found.stretch[worst] > 0 else "shorter"
        return f"a {symbols[found.t_o[worst, 0]]}-O bond {abs(found.stretch[worst]):.2f} Å {longer} than usual"
    oxygen = np.flatnonzero(symbols == "O")
    if len(oxygen):
        _, _, _, distance = neighbour_pairs(atoms.positions[oxygen], atoms.cell[:], O_O_A)
        if len(distance):
            return f"O-O of {distance.min():.2f} Å"
    return None
