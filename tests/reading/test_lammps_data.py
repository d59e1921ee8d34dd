"""LAMMPS data and dumps under any name and in any atom style."""

import ase.io
import numpy as np
import pytest
from ase import Atoms

from zeocryst.errors import InputError
from zeocryst.reading.assembly import NOTES
from zeocryst.reading.formats import read_images

#: Two T and four O of a skewed cell; any positions will do.
CELL = np.array([[5.0, 0, 0], [1.0, 6.0, 0], [-1.5, 0.5, 7.0]])
KINDS = [1, 1, 2, 2, 2, 2]
PLACES = np.array([[0, 0, 0], [2, 2, 2], [1, 1, 1], [3, 1, 2], [0, 3, 1], [2, 4, 5.5]])
COLUMNS = {
    "atomic": "{i} {k} {x}", "charge": "{i} {k} 0.5 {x}", "molecular": "{i} 7 {k} {x}", "full": "{i} 7 {k} -0.5 {x}",
}  # fmt: skip
MASSES = "Masses\n\n1 28.0855\n2 15.9994\n\n"


def data(style="charge", *, named=True, masses=MASSES, images=False, kinds=KINDS, drop=0):
    rows = [
        COLUMNS[style].format(i=i + 1, k=k, x=" ".join(f"{v:.6f}" for v in x)) + (" 0 0 0" if images else "")
        for i, (k, x) in enumerate(zip(kinds, PLACES, strict=True))
    ]
    return (
        f"a comment\n\n6 atoms\n2 atom types\n\n0 5 xlo xhi\n0 6 ylo yhi\n0 7 zlo zhi\n1 -1.5 0.5 xy xz yz\n\n{masses}"
        f"Atoms{f' # {style}' if named else ''}\n\n" + "\n".join(rows[: len(rows) - drop]) + "\n"
    )


def read(tmp_path, text, name="data.x"):
    (tmp_path / name).write_text(text)
    [atoms] = read_images(tmp_path / name)
    return atoms


@pytest.mark.parametrize(
    "name", ["a.data", "a.lmp", "data.x", "a.lammps-data", "nothing", "a.txt", "lammps.cif.data"]
)
def test_any_name(tmp_path, name):
    atoms = read(tmp_path, data(), name)
    assert atoms.get_chemical_formula() == "O4Si2"
    assert np.allclose(atoms.cell[:], CELL)
    assert np.allclose(atoms.positions, PLACES)
    assert atoms.arrays["type"].tolist() == KINDS


@pytest.mark.parametrize("images", [False, True])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("style", COLUMNS)
def test_any_style(tmp_path, style, named, images):
    atoms = read(tmp_path, data(style, named=named, images=images))
    assert atoms.get_chemical_formula() == "O4Si2"
    assert np.allclose(atoms.positions, PLACES)


@pytest.mark.parametrize(
    ("masses", "formula"),
    [
        ("Masses\n\n1 28.1\n2 16\n\n", "O4Si2"),
        ("Masses\n\n1 30.973762 # P\n2 15.999 # O\n\n", "O4P2"),
        ("Masses\n\n1 72.63\n2 15.9994\n\n", "Ge2O4"),
        ("Masses\n\n1 26.98154 # framework\n2 16.0 # bridging\n\n", "Al2O4"),
        ("Masses\n\n1 60.08\n2 15.9994\n\n", "H2He4"),  # a bead of SiO2 is no element: numbers stay numbers
        ("Masses\n\n1 14.027\n2 16.043\n\n", "H2He4"),  # CH2 and CH4 are no N and O
        ("Masses\n\n1 1.0\n2 1.0\n\n", "H2He4"),
        ("", "H2He4"),
        ("Atom Type Labels\n\n1 Si\n2 O\n\n", "O4Si2"),
    ],
)
def test_elements_by_mass_only_where_it_is_one(tmp_path, masses, formula):
    assert read(tmp_path, data(masses=masses)).get_chemical_formula() == formula


def test_type_labels_as_types(tmp_path):
    labels = "Atom Type Labels\n\n1 Si\n2 O\n\n"
    atoms = read(tmp_path, data(masses=labels, kinds=["Si", "Si", "O", "O", "O", "O"]))
    assert atoms.get_chemical_formula() == "O4Si2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (data(drop=2), "header says 6 atoms, the Atoms section has 4"),
        (data().replace("Atoms # charge", "Atoms # peptide"), "atom style peptide is not read"),
        (data().replace("Atoms # charge", "Atoms # full"), "has 7 columns or more, atom 1 has 6"),
        (data().replace("28.0855", "heavy"), "a mass is 'heavy', no number"),
        (data().replace("2.000000 2.000000 2.000000", "2.0 2.0"), "atom 2 has 5 columns"),
        (data().replace("2.000000 2.000000 2.000000", "2.0 2.0 x"), "cannot be read"),
    ],
)
def test_damage_is_said(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


def test_own_files_and_those_of_ase(tmp_path):
    from zeocryst.files.atomfiles import write_atoms

    atoms = Atoms("Si2O4", positions=PLACES, cell=CELL, pbc=True)
    write_atoms(tmp_path, atoms)
    ase.io.write(tmp_path / "by_ase", atoms, format="lammps-data", masses=True)
    for name in ("framework.data", "by_ase"):
        back = read_images(tmp_path / name)[0]
        assert back.get_chemical_formula() == "O4Si2"
        assert np.allclose(distances(back), distances(atoms), atol=1e-4)


def distances(atoms):
    return np.sort(atoms.get_all_distances(mic=True).ravel())


def test_dumps_under_any_name(tmp_path):
    head = "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n6\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 6\n0 7\nITEM: ATOMS id type element x y z\n"
    rows = "".join(
        f"{i + 1} {k} {['Si', 'O'][k - 1]} {x} {y} {z}\n"
        for i, (k, (x, y, z)) in enumerate(zip(KINDS, PLACES, strict=True))
    )
    for name in ("traj.whatever", "dump.0", "out.txt"):
        (tmp_path / name).write_text(2 * (head + rows))
        frames = read_images(tmp_path / name)
        assert [atoms.get_chemical_formula() for atoms in frames] == ["O4Si2", "O4Si2"]
        assert np.allclose(frames[1].positions, PLACES)


def test_types_called_by_their_numbers_are_accounted_for_by_them(tmp_path):
    """Also where the masses tell the elements: it said "type 14" for a type 1 of silicon."""
    from zeocryst.files.structures import Structures

    (tmp_path / "data.x").write_text(data())
    found = Structures(tmp_path / "data.x", {"T": ("1",), "O": ("2",)})
    assert found.account(0)["T"] == {"type 1": 2}


CORE_SHELL = """core and shell

10 atoms
3 atom types
4 bonds
1 bond types
1 angles
1 angle types

0 5.0 xlo xhi
0 6.0 ylo yhi
0 7.0 zlo zhi

Atom Type Labels

1 Si
2 O
3 O_s

Bond Type Labels

1 O-O_s

Angle Type Labels

1 O_s-Si-O_s

Masses

1 28.085 # Si
2 15.799 # O
3 {shell} # O_s

Atoms # full

"""


def core_shell(shell):
    rows = [(k, x) for k, x in zip(KINDS, PLACES, strict=True)]
    rows += [(3, x) for k, x in rows if k == 2]
    text = CORE_SHELL.format(shell=shell)
    text += "".join(f"{i + 1} 0 {k} 0.5 {x} {y} {z} 0 0 0\n" for i, (k, (x, y, z)) in enumerate(rows))
    text += "\nBonds\n\n" + "".join(f"{i + 1} O-O_s {3 + i} {7 + i}\n" for i in range(4))
    return text + "\nAngles\n\n1 O_s-Si-O_s 7 1 8\n"


def test_shells_are_no_atoms(tmp_path):
    """Bonds and angles with labels are passed over; shells of 0.2 amu are left out, and that is said."""
    atoms = read(tmp_path, core_shell("0.2"))
    assert atoms.get_chemical_formula() == "O4Si2"
    assert "4 shells" in atoms.info[NOTES][0]
    heavy = read(tmp_path, core_shell("15.999"))
    assert heavy.get_chemical_formula() == "O8Si2"
    assert heavy.info[NOTES] == []
