"""Shapes of a molecule: random ones by distance geometry, relaxed, the different ones of low energy kept.

ETKDGv3 (S. Wang, J. Witte, G. A. Landrum, S. Riniker, J. Chem. Inf. Model. 60, 2044 (2020)) and MMFF94 (T. A.
Halgren, J. Comput. Chem. 17, 490 (1996)), or UFF (A. K. Rappé et al., J. Am. Chem. Soc. 114, 10024 (1992))
where MMFF94 has no types for an atom; all by RDKit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError

Floats = NDArray[np.float64]

#: Random shapes for a molecule without rotatable bonds, for each such bond more, and at most.
TRIALS, TRIALS_PER_BOND, MOST_TRIALS = 10, 6, 100
#: Shapes are different when no way to lay one on the other brings the heavy atoms nearer than this, Å (rms).
APART_A = 0.4
#: Highest energy above the lowest of a shape that is kept, kcal/mol, and how many are kept.
WINDOW_KCAL_PER_MOL, MOST_KEPT = 10.0, 20
#: Ways to lay a molecule on itself that are tried, and steps of a relaxation.
MOST_MATCHES, MOST_STEPS = 1000, 2000


def conformers(molecule: Any, *, seed: int, where: str) -> tuple[Floats, tuple[str, ...]]:
    """Shapes of a molecule, the lowest in energy first.

    Parameters
    ----------
    molecule
        RDKit's, with all hydrogens. A shape that it has is one of the trials.
    seed
        Of the random shapes.
    where
        The molecule in words, for messages.

    Returns
    -------
    shapes : (C, N, 3) array
        Å, centre of mass at the origin.
    notes : tuple of str

    Raises
    ------
    InputError
        No shape can be found, or no force field knows its atoms.
    """
    from rdkit import Chem
    from rdkit.Chem import rdForceFieldHelpers as fields
    from rdkit.Chem import rdMolDescriptors

    notes: tuple[str, ...] = ()
    trial = Chem.Mol(molecule)
    own = [Chem.Conformer(c) for c in trial.GetConformers()]
    bonds = rdMolDescriptors.CalcNumRotatableBonds(trial, rdMolDescriptors.NumRotatableBondsOptions.NonStrict)
    wanted = min(MOST_TRIALS, TRIALS + TRIALS_PER_BOND * (bonds + _flexible_rings(trial)))
    _embed(trial, wanted, seed)
    for conformer in own:
        trial.AddConformer(conformer, assignId=True)
    if not trial.GetNumConformers():
        raise InputError(f"{where}: RDKit finds no shape of it in space; is its stereochemistry possible?")
    if fields.MMFFHasAllMoleculeParams(trial):
        relaxed = fields.MMFFOptimizeMoleculeConfs(trial, numThreads=1, maxIters=MOST_STEPS)
    elif fields.UFFHasAllMoleculeParams(trial):
        relaxed = fields.UFFOptimizeMoleculeConfs(trial, numThreads=1, maxIters=MOST_STEPS)
        notes = ("conformers by UFF, since MMFF94 has no types for some of its atoms",)
    else:
        raise InputError(
            f"{where}: neither MMFF94 nor UFF has types for all its atoms; no shapes of it can be made"
        )
    ids = [conformer.GetId() for conformer in trial.GetConformers()]
    kept = _different(trial, ids, np.array([energy for _, energy in relaxed]))
    masses = np.array([atom.GetMass() for atom in trial.GetAtoms()])
    shapes = np.array([trial.GetConformer(k).GetPositions() for k in kept])
    shapes -= np.einsum("n,cnk->ck", masses / masses.sum(), shapes)[:, None]
    return shapes, notes


def _embed(molecule: Any, wanted: int, seed: int) -> None:
    """Random shapes; where RDKit's minimizer breaks down or finds none, with plainer settings."""
    from rdkit.Chem import rdDistGeom

    for small_rings, random in ((True, False), (False, False), (False, True)):
        settings: Any = rdDistGeom.ETKDGv3()
        settings.randomSeed, settings.numThreads = seed, 1
        settings.useSmallRingTorsions, settings.useRandomCoords = small_rings, random
        try:
            if list(rdDistGeom.EmbedMultipleConfs(molecule, wanted, settings)):
                return
        except RuntimeError:  # an invariant violated in RDKit
            molecule.RemoveAllConformers()


def _flexible_rings(molecule: Any) -> int:
    """Bonds of saturated rings, a third of which may turn."""
    rings = molecule.GetRingInfo().AtomRings()
    flexible = {
        bond
        for atoms, bonds in zip(rings, molecule.GetRingInfo().BondRings(), strict=True)
        for bond in bonds
        if len(atoms) > 3 and not molecule.GetBondWithIdx(bond).GetIsAromatic()
    }
    return len(flexible) // 3


def _different(molecule: Any, ids: list[int], energies: Floats) -> list[int]:
    """Conformers within the window that differ from each of lower energy, ordered by energy."""
    from rdkit.Chem import RemoveHs, rdMolAlign

    heavy = RemoveHs(molecule)
    if heavy.GetNumAtoms() < 2:
        heavy = molecule
    maps = [list(zip(match, range(heavy.GetNumAtoms()), strict=True)) for match in _matches(heavy)]
    order = np.argsort(energies, kind="stable")
    kept: list[int] = []
    for k in order:
        if energies[k] - energies[order[0]] > WINDOW_KCAL_PER_MOL or len(kept) == MOST_KEPT:
            break
        if all(rdMolAlign.GetBestRMS(heavy, heavy, ids[k], other, map=maps) > APART_A for other in kept):
            kept.append(ids[k])
    return kept


def _matches(molecule: Any) -> list[tuple[int, ...]]:
    found = molecule.GetSubstructMatches(molecule, uniquify=False, maxMatches=MOST_MATCHES)
    return list(found)
