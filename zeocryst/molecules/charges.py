"""Partial charges of an isolated molecule.

GFN2-xTB (C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 15, 1652 (2019)) by tblite, where that is
installed; else those of J. Gasteiger, M. Marsili, Tetrahedron 36, 3219 (1980), by RDKit. Atoms that bonds
alone do not tell apart (the hydrogens of a methyl group) get the mean of their charges, since they change
places.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import in_short
from zeocryst.units import A_PER_BOHR

Floats = NDArray[np.float64]

GASTEIGER = "Gasteiger and Marsili (RDKit); GFN2-xTB needs tblite: pip install zeocryst[ml]"


def partial_charges(molecule: Any, positions: Floats, *, where: str) -> tuple[Floats, str]:
    """Charges of the atoms, and where they come from.

    Parameters
    ----------
    molecule
        RDKit's, with all hydrogens.
    positions : (N, 3) array, Å
    where
        The molecule in words, for messages.

    Returns
    -------
    charges : (N,) array, e
    source : str
    """
    net = sum(atom.GetFormalCharge() for atom in molecule.GetAtoms())
    source = "GFN2-xTB (tblite), lowest conformer of MMFF94 or UFF"
    try:
        raw = gfn2(np.array([a.GetAtomicNum() for a in molecule.GetAtoms()]), positions, net)
    except ImportError:
        raw, source = _gasteiger(molecule, where), GASTEIGER
    except RuntimeError as error:
        raw, source = (
            _gasteiger(molecule, where),
            f"Gasteiger and Marsili (RDKit); tblite failed: {in_short(error)}",
        )
    return made_exact(averaged(molecule, raw), net), source


def gfn2(numbers: NDArray[np.int64], positions: Floats, charge: int) -> Floats:
    """Mulliken charges of GFN2-xTB, e; raises ImportError without tblite, RuntimeError where it fails."""
    from tblite.interface import Calculator

    calculator = Calculator("GFN2-xTB", numbers, positions / A_PER_BOHR, charge=charge)
    calculator.set("verbosity", 0)
    return np.asarray(calculator.singlepoint().get("charges"), dtype=float)


def _gasteiger(molecule: Any, where: str) -> Floats:
    from rdkit.Chem import rdPartialCharges

    rdPartialCharges.ComputeGasteigerCharges(molecule)
    charges = np.array([float(atom.GetProp("_GasteigerCharge")) for atom in molecule.GetAtoms()])
    if not np.isfinite(charges).all():
        raise InputError(
            f"{where}: Gasteiger's charges are not known for all its atoms; install tblite for those of "
            "GFN2-xTB: pip install zeocryst[ml]"
        )
    return charges


def averaged(molecule: Any, charges: Floats) -> Floats:
    """The mean over atoms that the bonds do not tell apart."""
    from rdkit.Chem import CanonicalRankAtoms

    rank = np.array(CanonicalRankAtoms(molecule, breakTies=False, includeChirality=False))
    total = np.bincount(rank, charges)
    return np.asarray(total[rank] / np.bincount(rank)[rank])


def made_exact(charges: Floats, net: int) -> Floats:
    """Charges whose sum is `net` to the last digit of floats: the rest is spread, then goes to the first."""
    charges = charges + (net - charges.sum()) / len(charges)
    charges[0] += net - charges.sum()
    return charges
