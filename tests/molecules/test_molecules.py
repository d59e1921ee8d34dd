"""Molecules by name, SMILES and file; what is no guest is refused in words."""

import sys

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from zeocryst.errors import InputError
from zeocryst.molecules import molecule_named, shipped
from zeocryst.molecules.charges import averaged, gfn2


def full(smiles):
    """RDKit's molecule of a SMILES with hydrogens and positions."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=7)
    return molecule


TMA = full("C[N+](C)(C)C")


def mol2(molecule):
    """A mol2 file as other programs write it."""
    kinds = {"N": "N.4", "C": "C.3", "H": "H"}
    lines = ["@<TRIPOS>MOLECULE", "X", f" {molecule.GetNumAtoms()} {molecule.GetNumBonds()} 1 0 0", "SMALL"]
    lines += ["USER_CHARGES", "", "@<TRIPOS>ATOM"]
    for atom, (x, y, z) in zip(molecule.GetAtoms(), molecule.GetConformer().GetPositions(), strict=True):
        symbol, k = atom.GetSymbol(), atom.GetIdx() + 1
        lines.append(f"{k} {symbol}{k} {x:.4f} {y:.4f} {z:.4f} {kinds[symbol]} 1 X 0.0")
    lines.append("@<TRIPOS>BOND")
    for bond in molecule.GetBonds():
        lines.append(f"{bond.GetIdx() + 1} {bond.GetBeginAtomIdx() + 1} {bond.GetEndAtomIdx() + 1} 1")
    return "\n".join(lines) + "\n"


WRITERS = {
    "mol": Chem.MolToMolBlock,
    "sdf": lambda m: Chem.MolToMolBlock(m) + "$$$$\n",
    "mol2": mol2,
    "xyz": Chem.MolToXYZBlock,
    "pdb": Chem.MolToPDBBlock,
}


def refused(given):
    with pytest.raises(InputError) as caught:
        molecule_named(given)
    words = str(caught.value)
    assert "\n" not in words
    assert len(words) < 420
    return words


# formulas by the names of the compounds: C, H, N, O
FORMULAS = {
    "TMA": "C4H12N+", "TEA": "C8H20N+", "TPA": "C12H28N+", "choline": "C5H14NO+", "mq": "C8H16N+", "TMAda": "C13H24N+",
}  # fmt: skip


def test_shipped_molecules_are_what_their_names_say():
    from rdkit.Chem.rdMolDescriptors import CalcMolFormula

    assert set(shipped()) == set(FORMULAS)
    for name, formula in FORMULAS.items():
        entry = shipped()[name]
        molecule = Chem.AddHs(Chem.MolFromSmiles(entry.smiles))
        assert CalcMolFormula(molecule) == formula
        assert len(entry.charges) == molecule.GetNumAtoms()
        assert sum(entry.charges) == pytest.approx(1.0, abs=1e-3)


def test_stored_charges_are_gfn2s():
    pytest.importorskip("tblite")
    for name in ("TMA", "choline"):
        molecule = molecule_named(name)
        numbers = np.array([a.GetAtomicNum() for a in molecule.rdkit.GetAtoms()])
        fresh = averaged(molecule.rdkit, gfn2(numbers, molecule.conformers[0], 1))
        assert np.abs(fresh - molecule.partial_charges).max() < 0.003


@pytest.mark.parametrize(
    "given", ["TMA", "tma", "TMA+", "Tetramethylammonium", "tetramethyl ammonium ion", "[N+](C)(C)(C)C"]
)
def test_one_molecule_by_many_names(given):
    molecule = molecule_named(given)
    assert molecule.smiles == "C[N+](C)(C)C"
    assert molecule.charge == 1
    assert molecule.charges_from.startswith("GFN2")
    assert "kept with zeocryst" in molecule.charges_from
    assert abs(molecule.partial_charges.sum() - 1) < 1e-12
    # the four methyl groups are alike, whatever the order of the atoms
    assert len(set(molecule.partial_charges[1:].round(6)) | {molecule.partial_charges[0].round(6)}) == 3


def test_a_molecule_is_whole():
    molecule = molecule_named("choline")
    shapes = molecule.conformers
    assert shapes.shape == (3, 21, 3)
    assert len(molecule) == 21
    masses = np.array([a.GetMass() for a in molecule.rdkit.GetAtoms()])
    assert np.abs(np.einsum("n,cnk->ck", masses, shapes)).max() < 1e-8 * masses.sum()
    a, b = molecule.bonds.T
    lengths = np.linalg.norm(shapes[:, a] - shapes[:, b], axis=2)
    assert lengths.min() > 0.93
    assert lengths.max() < 1.6
    # N-C of tetraalkylammonium ions in crystals: 1.48 to 1.53 Å, MMFF94 a little longer (F. H. Allen et al.,
    # J. Chem. Soc. Perkin II, S1 (1987))
    symbols = np.array(molecule.symbols)
    cn = (symbols[a] == "N") | (symbols[b] == "N")
    assert 1.48 < lengths[:, cn].min()
    assert lengths[:, cn].max() < 1.56


def test_conformers_of_butane_are_trans_and_gauche():
    """Butane's dihedral is 180 or +-65 degrees; trans is lowest by 0.8 to 1.0 kcal/mol (MMFF94 and experiment)."""
    from ase import Atoms

    molecule = molecule_named("CCCC")
    angles = [Atoms("C4", shape[:4]).get_dihedral(0, 1, 2, 3) for shape in molecule.conformers]
    assert angles[0] == pytest.approx(180, abs=2)
    assert sorted(min(a, 360 - a) for a in angles[1:]) == pytest.approx([65, 65], abs=5)


def test_seed_says_the_shapes():
    first, again = molecule_named("CCC[NH3+]", seed=3), molecule_named("CCC[NH3+]", seed=3)
    assert np.array_equal(first.conformers, again.conformers)


@pytest.mark.parametrize("suffix", list(WRITERS))
def test_files_of_every_kind(tmp_path, suffix):
    path = tmp_path / f"guest.{suffix}"
    path.write_text(WRITERS[suffix](TMA))
    molecule = molecule_named(path)
    assert (molecule.name, molecule.smiles, molecule.charge, len(molecule)) == (
        path.name,
        "C[N+](C)(C)C",
        1,
        17,
    )
    assert "kept with zeocryst" in molecule.charges_from
    path.write_text(WRITERS[suffix](Chem.RemoveHs(TMA)))
    words = refused(path)
    assert str(path) in words
    assert "12 hydrogens are missing" in words
    assert "atom 1, C, 3" in words


@pytest.mark.parametrize(
    ("smiles", "charge"),
    [("C[n+]1ccn(C)c1", 1), ("c1ccncc1", 0), ("C[N+](C)(C)CCCC[N+](C)(C)C", 2), ("C[N+]#[C-]", 0)],
)
def test_bonds_from_positions(tmp_path, smiles, charge):
    path = tmp_path / "guest.xyz"
    path.write_text(Chem.MolToXYZBlock(full(smiles)))
    molecule = molecule_named(path)
    assert molecule.smiles == Chem.CanonSmiles(smiles) or Chem.MolToInchi(molecule.rdkit) == Chem.MolToInchi(
        full(smiles)
    )
    assert molecule.charge == charge


def test_a_stated_charge_is_kept(tmp_path):
    path = tmp_path / "guest.xyz"
    lines = Chem.MolToXYZBlock(full("CC(=O)[O-]")).splitlines()
    path.write_text("\n".join([lines[0], "charge=-1", *lines[2:]]))
    assert molecule_named(path).charge == -1
    path.write_text("\n".join([lines[0], "charge=1", *lines[2:]]))
    assert "charge 1" in refused(path)


def test_a_lost_hydrogen_is_no_ylide(tmp_path):
    path = tmp_path / "guest.xyz"
    lines = Chem.MolToXYZBlock(TMA).splitlines()
    path.write_text("\n".join(["16", "", *lines[2:-1]]))
    assert "hydrogens are missing" in refused(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CCN.[Br-]", "2 molecules that no bond joins (CCN, [Br-])"),
        ("[Na+]", "it has Na"),
        ("C[Fe]C", "it has Fe"),
        ("C[CH2]", "a radical: atom 2 (C)"),
        ("C*", "an atom of any kind"),
        ("[H][H]", "nothing but hydrogen"),
        ("", "nor a SMILES"),
        ("C1CC", "nor a SMILES"),
        ("TMAB", "did you mean 'TMA'?"),
        ("tetrametylammonium", "did you mean 'tetramethylammonium'?"),
        ("nosuch.mol", "no file nosuch.mol"),
        ("C" * 400, "a guest has at most 300"),
    ],
)
def test_what_is_no_guest(text, said):
    assert said in refused(text)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("two.sdf", WRITERS["sdf"](TMA) * 2, "2 molecules in one file"),
        ("two.xyz", WRITERS["xyz"](TMA) * 2, "2 molecules in one file"),
        ("salt.mol", Chem.MolToMolBlock(full("C[N+](C)(C)C.[Br-]")), "2 molecules that no bond joins"),
        ("words.mol", "hello\n", "no molecule that RDKit can read"),
        ("empty.xyz", "", "no molecule that RDKit can read"),
        ("short.xyz", "5\n\nC 0 0 0\n", "no molecule that RDKit can read"),
        ("words.xyz", "hello\n", "expected a number of atoms"),
        ("metal.xyz", "1\n\nNa 0 0 0\n", "it has Na"),
        ("guest.cif", "data_guest\n", ".mol, .sdf, .mol2, .xyz, .pdb"),
    ],
)
def test_files_that_hold_no_guest(tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    words = refused(path)
    assert str(path) in words
    assert said in words


def test_a_file_that_is_not_there_and_one_that_is_no_text(tmp_path):
    assert "no file" in refused(tmp_path / "guest.mol")
    (tmp_path / "guest.mol").write_bytes(b"\xff\xfe\x00\x01")
    assert "not a text file" in refused(tmp_path / "guest.mol")


def test_isomers_that_are_not_given_are_said():
    molecule = molecule_named("CC1CCC[N+]1(C)C")
    assert "stereochemistry is not all given" in molecule.notes[0]
    assert "one of 2 isomers" in molecule.notes[0]
    assert "@" in molecule.smiles
    assert molecule_named("C[C@@H]1CCC[N+]1(C)C").notes == ()
    assert molecule_named("TMAda").notes == ()  # its centres are none


def test_atoms_that_mmff_lacks_go_by_uff():
    molecule = molecule_named("C[N+](C)(C)CB(O)O")
    assert "conformers by UFF" in molecule.notes[0]


def test_without_tblite_charges_are_gasteigers(monkeypatch):
    monkeypatch.setitem(sys.modules, "tblite", None)
    monkeypatch.setitem(sys.modules, "tblite.interface", None)
    molecule = molecule_named("CC[NH3+]")
    assert molecule.charges_from.startswith("Gasteiger")
    assert "tblite" in molecule.charges_from
    assert abs(molecule.partial_charges.sum() - 1) < 1e-12
    # shipped ones do not depend on what is installed
    assert molecule_named("TMA").charges_from.startswith("GFN2")
