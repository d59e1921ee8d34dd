"""Molecules from SMILES and from files, to RDKit's; what cannot be a guest is refused in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import damage_told, read_text

#: Ends of the names of files that are read.
SUFFIXES = (".mol", ".sdf", ".mol2", ".xyz", ".pdb")
#: Elements that a guest may have: those that the force fields for it (UFF, DREIDING) know as parts of
#: molecules.
ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
#: Net charges tried where a file of positions does not say its own.
CHARGES = (0, 1, 2, -1, -2)
#: The largest molecule, atoms.
MOST_ATOMS = 300


def from_smiles(text: str) -> Any:
    """RDKit's molecule of a SMILES, with all its hydrogens.

    Raises
    ------
    InputError
        It is no SMILES, or no single closed-shell molecule of the elements allowed.
    """
    from rdkit import Chem

    bare = Chem.MolFromSmiles(text.strip())
    where = f"molecule {shown(text)}"
    if bare is None or bare.GetNumAtoms() == 0:
        raise InputError(
            f"{where}: neither a name that is shipped, nor a file, nor a SMILES that RDKit can read"
        )
    _check(bare, where)
    molecule = Chem.AddHs(bare)
    _check_size(molecule, where)
    return molecule


def shown(text: str) -> str:
    """A SMILES in quotes, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def from_file(path: Path) -> Any:
    """RDKit's molecule of a file, which has to have its hydrogens; with the file's positions, if it has some.

    Raises
    ------
    InputError
        It cannot be read, has several molecules or lacks hydrogens.
    """
    from rdkit import Chem

    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path}: molecules are read from files that end in {', '.join(SUFFIXES)}, or from SMILES"
        )
    text = read_text(path)
    with damage_told(f"{path}: no molecule that RDKit can read"):
        molecule = _parsed(text, suffix, path)
    where = str(path)
    _check_elements(molecule, where)
    _check_hydrogens(molecule, where)
    _check(molecule, where)
    _check_size(molecule, where)
    if molecule.GetNumConformers():
        Chem.AssignStereochemistryFrom3D(molecule)
    return molecule


def _parsed(text: str, suffix: str, path: Path) -> Any:
    """The molecule of a file's text."""
    from rdkit import Chem

    blocks = {".sdf": "M  END", ".mol": "M  END", ".mol2": "@<TRIPOS>MOLECULE", ".pdb": "ENDMDL"}
    several = text.count(blocks[suffix]) if suffix in blocks else _xyz_blocks(text, path)
    if several > 1:
        raise InputError(
            f"{path}: {several} molecules in one file; expected one: write each into a file of its own"
        )
    if suffix in (".mol", ".sdf"):
        molecule = Chem.MolFromMolBlock(text.split("$$$$", maxsplit=1)[0], sanitize=True, removeHs=False)
        if molecule is not None and not _has_shape(molecule):
            molecule.RemoveAllConformers()
        return _there(molecule, path)
    if suffix == ".mol2":
        molecule = Chem.MolFromMol2Block(text, sanitize=True, removeHs=False)
        return _there(molecule, path)
    if suffix == ".pdb":
        plain = Chem.MolFromPDBBlock(text, sanitize=False, removeHs=False, proximityBonding=False)
        return _from_positions(_without_bonds(_there(plain, path)), None, path)
    plain = Chem.MolFromXYZBlock(text)
    return _from_positions(_there(plain, path), _stated_charge(text), path)


def _there(molecule: Any, path: Path) -> Any:
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise InputError(f"{path}: no molecule that RDKit can read as {path.suffix.lower()[1:]}")
    return molecule


def _has_shape(molecule: Any) -> bool:
    """Whether its positions are of three dimensions."""
    import numpy as np

    if not molecule.GetNumConformers():
        return False
    return bool(np.ptp(molecule.GetConformer().GetPositions(), axis=0).min() > 1e-3)


def _without_bonds(molecule: Any) -> Any:
    """The atoms and positions alone."""
    from rdkit import Chem

    writable = Chem.RWMol()
    conformer = Chem.Conformer(molecule.GetNumAtoms())
    for atom in molecule.GetAtoms():
        place = molecule.GetConformer().GetAtomPosition(atom.GetIdx())
        conformer.SetAtomPosition(writable.AddAtom(Chem.Atom(atom.GetAtomicNum())), place)
        writable.GetAtomWithIdx(atom.GetIdx()).SetNoImplicit(True)
    writable.AddConformer(conformer, assignId=True)
    return writable.GetMol()


def _xyz_blocks(text: str, path: Path) -> int:
    """Number of molecules in a file of format xyz."""
    lines = text.splitlines()
    count = place = 0
    while place < len(lines) and lines[place].strip():
        words = lines[place].split()
        if not words[0].isdigit():
            raise InputError(f"{path}: line {place + 1}: {lines[place]!r}; expected a number of atoms")
        place += int(words[0]) + 2
        count += 1
    return count


def _stated_charge(text: str) -> int | None:
    """The charge that the second line of an xyz file gives as ``charge=1``, if it does."""
    import re

    lines = text.splitlines()
    found = re.search(r"\bcharge\s*[=:]\s*([+-]?\d+)\b", lines[1], re.IGNORECASE) if len(lines) > 1 else None
    return int(found.group(1)) if found else None


def _from_positions(plain: Any, charge: int | None, path: Path) -> Any:
    """Bonds and their orders from positions: the charge stated, or that with which no atom lacks a bond."""
    from rdkit import Chem
    from rdkit.Chem import rdDetermineBonds

    bare = Chem.Mol(plain)
    rdDetermineBonds.DetermineConnectivity(bare, useVdw=True)
    electrons = sum(atom.GetAtomicNum() for atom in plain.GetAtoms())
    found = []
    for rank, q in enumerate(CHARGES if charge is None else (charge,)):
        if (electrons - q) % 2:
            continue
        trial = Chem.Mol(bare)
        try:
            rdDetermineBonds.DetermineBondOrders(
                trial, charge=q, allowChargedFragments=True, maxIterations=2000
            )
            Chem.SanitizeMol(trial)
        except (ValueError, RuntimeError):
            continue
        formal = [atom.GetFormalCharge() for atom in trial.GetAtoms()]
        if (
            any(atom.GetNumRadicalElectrons() or _bare_carbon(atom) for atom in trial.GetAtoms())
            or sum(formal) != q
        ):
            continue
        found.append((sum(map(abs, formal)) - abs(q), rank, trial))
    if found:
        return min(found, key=lambda entry: entry[:2])[2]
    _check_elements(bare, str(path))
    if not any(atom.GetAtomicNum() == 1 for atom in bare.GetAtoms()):
        _check_hydrogens(_single(bare), str(path))
    said = "any charge from -2 to 2" if charge is None else f"charge {charge}"
    raise InputError(
        f"{path}: its positions make no molecule with closed shells and {said}: either hydrogens are missing, "
        "or its charge is another (give it in the second line of an xyz file: charge=1), or bonds cannot be"
        " told from positions (give a mol, sdf or mol2 file, which says them)"
    )


def _bare_carbon(atom: Any) -> bool:
    """Whether a carbon has a charge, as one that lost a hydrogen would; that of an isonitrile has by right."""
    from rdkit.Chem import BondType

    triple = any(bond.GetBondType() == BondType.TRIPLE for bond in atom.GetBonds())
    return atom.GetAtomicNum() == 6 and atom.GetFormalCharge() != 0 and not triple


def _single(bare: Any) -> Any:
    """A copy whose atoms may take hydrogens, all bonds single."""
    from rdkit import Chem

    copy = Chem.Mol(bare)
    for atom in copy.GetAtoms():
        atom.SetNoImplicit(False)
    copy.UpdatePropertyCache(strict=False)
    return copy


def _check_elements(molecule: Any, where: str) -> None:
    symbols = [atom.GetSymbol() for atom in molecule.GetAtoms()]
    if "*" in symbols:
        raise InputError(
            f"{where}: it has an atom of any kind (*); expected a molecule whose atoms are all known"
        )
    strange = sorted(set(symbols) - set(ELEMENTS))
    if strange:
        raise InputError(
            f"{where}: it has {', '.join(strange)}; a guest is made of {', '.join(ELEMENTS)} (cations that are "
            "metals balance charge, and are asked for as such)"
        )


def _check_hydrogens(molecule: Any, where: str) -> None:
    """Refuse what has places for more hydrogens."""
    from rdkit import Chem

    molecule = Chem.Mol(molecule)
    molecule.UpdatePropertyCache(strict=False)
    for atom in molecule.GetAtoms():
        if not atom.GetNoImplicit() or not atom.GetNumRadicalElectrons():
            continue
        atom.SetNoImplicit(False)
        atom.SetNumRadicalElectrons(0)
    molecule.UpdatePropertyCache(strict=False)
    lacking = {atom.GetIdx(): atom.GetNumImplicitHs() + atom.GetNumExplicitHs() for atom in molecule.GetAtoms()}
    lacking = {k: n for k, n in lacking.items() if n}
    if lacking:
        first = min(lacking)
        raise InputError(
            f"{where}: {sum(lacking.values())} hydrogens are missing (the first at atom {first + 1}, "
            f"{molecule.GetAtomWithIdx(first).GetSymbol()}, {lacking[first]}); expected a file with all "
            "hydrogens: add them where it was drawn, or give the molecule's SMILES"
        )


def _check(molecule: Any, where: str) -> None:
    """Refuse elements that are no guest's, several molecules, radicals."""
    from rdkit import Chem

    _check_elements(molecule, where)
    pieces = Chem.GetMolFrags(molecule, asMols=True)
    if len(pieces) > 1:
        names = [Chem.MolToSmiles(Chem.RemoveHs(piece)) for piece in pieces]
        counted = Counter(names)
        listed = ", ".join(f"{n} {name}" if n > 1 else name for name, n in counted.items())
        raise InputError(
            f"{where}: {len(pieces)} molecules that no bond joins ({listed}); expected one: "
            "leave the counter-ion out"
        )
    radicals = [atom for atom in molecule.GetAtoms() if atom.GetNumRadicalElectrons()]
    if radicals:
        atom = radicals[0]
        raise InputError(
            f"{where}: a radical: atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has an unpaired electron; "
            "expected closed shells (is a hydrogen or a charge missing?)"
        )
    if all(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        raise InputError(f"{where}: nothing but hydrogen; expected a molecule")


def _check_size(molecule: Any, where: str) -> None:
    if molecule.GetNumAtoms() > MOST_ATOMS:
        raise InputError(f"{where}: {molecule.GetNumAtoms()} atoms; a guest has at most {MOST_ATOMS}")


def silent() -> Any:
    """RDKit's own words kept off the screen."""
    from rdkit import rdBase

    return rdBase.BlockLogs()
