"""What a molecule is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Molecule:
    """A molecule with its conformers.

    Attributes
    ----------
    name : str
        As the user called it: ``"TMA"``, a SMILES, the name of a file.
    smiles : str
        Canonical, by RDKit.
    charge : int
        Net charge, e.
    symbols : tuple of str
        Elements of its atoms, hydrogens with them.
    bonds : (M, 2) int array
        Bonded atoms.
    conformers : (C, N, 3) float array
        Å, the centre of mass at the origin; lowest energy first.
    partial_charges : (N,) float array
        e; their sum is `charge`.
    charges_from : str
        Where those come from, in words.
    rdkit : rdkit.Chem.Mol
        The same for RDKit, atoms in the same order; only `zeocryst.molecules` looks into it.
    notes : tuple of str
        What a reader of a result has to know, in sentences ("conformers by UFF, since ...").
    """

    name: str
    smiles: str
    charge: int
    symbols: tuple[str, ...]
    bonds: NDArray[np.int64]
    conformers: NDArray[np.float64]
    partial_charges: NDArray[np.float64]
    charges_from: str
    rdkit: Any
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.symbols)
