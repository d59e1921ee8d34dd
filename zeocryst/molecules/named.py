"""A molecule by its name, its SMILES or its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.errors import InputError, nearest
from zeocryst.molecules.charges import averaged, made_exact, partial_charges
from zeocryst.molecules.conformers import conformers
from zeocryst.molecules.model import Molecule
from zeocryst.molecules.reading import SUFFIXES, from_file, from_smiles, shown, silent


@dataclass(frozen=True)
class Shipped:
    """An entry of ``shipped.json``: names, SMILES, and charges of its atoms in the order of the SMILES."""

    name: str
    full_name: str
    aliases: tuple[str, ...]
    smiles: str
    charges: tuple[float, ...]


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        resources.files("zeocryst.molecules").joinpath("shipped.json").read_text(encoding="utf-8")
    )
    return content


@cache
def shipped() -> dict[str, Shipped]:
    """The molecules that come with zeocryst, by name."""
    return {
        name: Shipped(name, e["name"], tuple(e["aliases"]), e["smiles"], tuple(e["charges_e"]))
        for name, e in _content()["molecules"].items()
    }


def molecule_named(given: str | Path, *, seed: int = 1) -> Molecule:
    """A molecule by the name of a shipped one, its SMILES or a file of it.

    Parameters
    ----------
    given
        ``"TMA"`` (in any case, or a name such as ``"tetramethylammonium"``), a SMILES, or the path of a file:
        mol, sdf, mol2, xyz, pdb, with all hydrogens. A shipped name wins; then a file that is there.
    seed
        Of the random shapes that conformers are found from.

    Raises
    ------
    InputError
        It is none of these, or no single closed-shell molecule; says what is wrong with it.
    """
    with silent():
        return _found(given, seed)


def _found(given: str | Path, seed: int) -> Molecule:
    text = str(given)
    entry = _entry(text)
    path = Path(text)
    looks = path.suffix.lower() in SUFFIXES
    if entry is not None:
        return _made(entry.name, from_smiles(entry.smiles), seed, f"molecule {entry.name}")
    if _is_file(path):
        return _made(path.name, from_file(path), seed, text)
    if looks or isinstance(given, Path):
        raise InputError(f"no file {text}; a molecule is a file, a SMILES, or one of {', '.join(shipped())}")
    if text.strip().isalpha() and len(text.strip()) > 2:
        return _made(text, _word(text), seed, f"molecule {shown(text)}")
    return _made(text, from_smiles(text), seed, f"molecule {shown(text)}")


def _word(text: str) -> Any:
    """What may be a misspelt name is told so, if it is no SMILES."""
    try:
        return from_smiles(text)
    except InputError as error:
        names = [name for e in shipped().values() for name in (e.name, e.full_name, *e.aliases)]
        hint = nearest(text, names)
        if hint.startswith("did you mean"):
            hint = hint.split("?")[0] + "?"
        else:
            hint = f"names: {', '.join(shipped())}"
        raise InputError(f"{error}; {hint}") from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a long SMILES is no name of a file
        return False


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _entry(text: str) -> Shipped | None:
    """The shipped molecule of that name: letters and digits count, case does not, nor does a final "ion"."""
    wanted = _plain(text).removesuffix("ion")
    for entry in shipped().values():
        if wanted and wanted in {
            _plain(n).removesuffix("ion") for n in (entry.name, entry.full_name, *entry.aliases)
        }:
            return entry
    return None


def _made(name: str, mol: Any, seed: int, where: str) -> Molecule:
    """The molecule with its shapes and charges."""
    from rdkit import Chem

    mol, notes = _one_isomer(mol)
    shapes, more = conformers(mol, seed=seed, where=where)
    mol.RemoveAllConformers()
    charge = sum(atom.GetFormalCharge() for atom in mol.GetAtoms())
    smiles = Chem.MolToSmiles(Chem.RemoveHs(mol))
    known = _known_charges(mol)
    if known is None:
        charges, source = partial_charges(mol, shapes[0], where=where)
    else:
        charges, source = made_exact(averaged(mol, known), charge), _content()["charges_from"]
    return Molecule(
        name,
        smiles,
        charge,
        tuple(atom.GetSymbol() for atom in mol.GetAtoms()),
        np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in mol.GetBonds()], np.int64).reshape(-1, 2),
        shapes,
        charges,
        source,
        mol,
        notes + more,
    )


def _one_isomer(mol: Any) -> tuple[Any, tuple[str, ...]]:
    """The first stereoisomer, where not all centres are given: shapes of several would be several molecules."""
    from rdkit import Chem
    from rdkit.Chem import EnumerateStereoisomers

    chem: Any = Chem  # without types
    isomers: Any = EnumerateStereoisomers
    bare = Chem.RemoveHs(mol)
    centres = chem.FindMolChiralCenters(bare, includeUnassigned=True, useLegacyImplementation=True)
    open_bonds = [
        info
        for info in Chem.FindPotentialStereo(bare)
        if info.type == Chem.StereoType.Bond_Double and info.specified == Chem.StereoSpecified.Unspecified
    ]
    if mol.GetNumConformers() or not (open_bonds or any(label == "?" for _, label in centres)):
        return mol, ()
    options = isomers.StereoEnumerationOptions(onlyUnassigned=True, maxIsomers=64, rand=1, tryEmbedding=True)
    distinct = sorted(
        {Chem.MolToSmiles(isomer) for isomer in isomers.EnumerateStereoisomers(bare, options=options)}
    )
    if len(distinct) < 2:
        return mol, ()
    note = (
        f"its stereochemistry is not all given: taken as {distinct[0]}, one of {len(distinct)} isomers (a "
        "SMILES with @ or / says which)"
    )
    return Chem.AddHs(Chem.MolFromSmiles(distinct[0])), (note,)


def _known_charges(mol: Any) -> np.ndarray | None:
    """Charges of a shipped molecule in the order of `mol`, whatever way it was given.

    Its heavy atoms are laid on those of the shipped one (hydrogens, each as good as the next, would make that
    hopelessly slow); hydrogens of one atom have one charge.
    """
    from rdkit import Chem

    bare = Chem.RemoveHs(mol)
    smiles = Chem.MolToSmiles(bare, isomericSmiles=False)
    for entry in shipped().values():
        other = Chem.MolFromSmiles(entry.smiles)
        if Chem.MolToSmiles(other, isomericSmiles=False) != smiles:
            continue
        whole = Chem.AddHs(other)
        match = bare.GetSubstructMatch(other)  # of each atom of `other` its number in `bare`
        theirs = {mine: k for k, mine in enumerate(match)}
        heavy = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 1]
        charges = np.empty(mol.GetNumAtoms())
        for place, k in enumerate(heavy):
            known = theirs[place]
            charges[k] = entry.charges[known]
            own = [n.GetIdx() for n in whole.GetAtomWithIdx(known).GetNeighbors() if n.GetAtomicNum() == 1]
            for n in mol.GetAtomWithIdx(k).GetNeighbors():
                if n.GetAtomicNum() == 1:
                    charges[n.GetIdx()] = np.mean([entry.charges[h] for h in own])
        return charges
    return None
