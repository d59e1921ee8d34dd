"""Formats by their content, and one message for what is no structure."""

import bz2
import gzip
import json
import lzma
import warnings

import ase.io
import numpy as np
import pytest
from ase import Atoms
from command_line import call, is_one_message

from zeocryst.cell import make_frame
from zeocryst.errors import InputError
from zeocryst.files.trajectory import write_frame
from zeocryst.reading.formats import is_gsd, notes_of, read_images

#: A skewed cell with two Si and four O.
CELLPAR = (5.0, 6.0, 7.0, 80.0, 95.0, 100.0)
FRACTIONAL = np.array(
    [[0, 0, 0], [0.5, 0.25, 0.5], [0.1, 0.2, 0.7], [0.6, 0.8, 0.3], [0.25, 0.5, 0.9], [0.8, 0.4, 0.15]]
)
SYMBOLS = ["Si", "Si", "O", "O", "O", "O"]


@pytest.fixture
def atoms():
    return Atoms(SYMBOLS, scaled_positions=FRACTIONAL, cell=CELLPAR, pbc=True)


def check(found, atoms, most=2e-3):
    assert found.get_chemical_formula() == atoms.get_chemical_formula()
    assert np.allclose(found.cell.cellpar(), CELLPAR, atol=1e-3)
    for kind in ("Si", "O"):
        mine = np.sort(found[found.symbols == kind].get_all_distances(mic=True).ravel())
        assert np.allclose(
            mine, np.sort(atoms[atoms.symbols == kind].get_all_distances(mic=True).ravel()), atol=most
        )


def cssr(group="1 P 1", rows=None):
    a, b, c, alpha, beta, gamma = CELLPAR
    rows = rows or list(zip(SYMBOLS, FRACTIONAL, strict=True))
    return (
        f"{'':38}{a:8.3f}{b:8.3f}{c:8.3f}\n{'':21}{alpha:8.3f}{beta:8.3f}{gamma:8.3f}    SPGR =  {group}         OPT = 1\n"
        f"{len(rows):4d}   0\n     0 name           : name\n"
        + "".join(
            f"{k + 1:4d} {s:>4}  {x:9.5f} {y:9.5f} {z:9.5f}    0   0   0   0   0   0   0   0  0.000\n"
            for k, (s, (x, y, z)) in enumerate(rows)
        )
    )


def gulp(space="P 1"):
    rows = "".join(
        f"{s} core {x} {y} {z}\n" + (f"{s} shel {x} {y} {z}\n" if s == "O" else "")
        for s, (x, y, z) in zip(SYMBOLS, FRACTIONAL, strict=True)
    )
    cell = " ".join(map(str, CELLPAR))
    return f"opti conp\ntitle\n a framework\nend\ncell\n{cell} 0 0 0 0 0 0\nfractional 6\n{rows}space\n{space}\nspecies\nSi core 4.0\n"


def tinker(atoms):
    rows = "".join(f"{k + 1} {a.symbol} {a.x:.6f} {a.y:.6f} {a.z:.6f} 5 1 2\n" for k, a in enumerate(atoms))
    return f"6 name\n{' '.join(map(str, CELLPAR))}\n{rows}"


def plain_xyz(atoms, comment):
    return f"6\n{comment}\n" + "".join(f"{a.symbol} {a.x:.6f} {a.y:.6f} {a.z:.6f}\n" for a in atoms)


@pytest.mark.parametrize("name", ["x.cssr", "x", "x.txt"])
def test_cssr(tmp_path, atoms, name):
    (tmp_path / name).write_text(cssr())
    check(read_images(tmp_path / name)[0], atoms)


def test_cssr_with_symmetry(tmp_path):
    """P -1: a site off the centres is two atoms; a list of all atoms stays as it is."""
    rows = [("Si", FRACTIONAL[1]), ("O", FRACTIONAL[2])]
    for listed in (rows, rows + [("O", -FRACTIONAL[2])]):
        (tmp_path / "x.cssr").write_text(cssr("2 P -1", listed))
        assert read_images(tmp_path / "x.cssr")[0].get_chemical_formula() == "O2Si2"


@pytest.mark.parametrize("name", ["x.gin", "x.gulp", "x.res", "x"])
def test_gulp(tmp_path, atoms, name):
    (tmp_path / name).write_text(gulp())
    check(read_images(tmp_path / name)[0], atoms)
    (tmp_path / name).write_text(gulp("P -1"))
    assert len(read_images(tmp_path / name)[0]) == 11  # 0, 0, 0 is a centre


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Si core 0.5", "Si core half", "is no atom with three coordinates"),
        ("Si core 0.5 0.25 0.5", "Si 0.5", "is no atom, but atoms follow"),
        ("O core 0.8 0.4 0.15\nO shel 0.8 0.4 0.15\n", "", "is the file cut off"),
    ],
)
def test_a_broken_gulp_list_loses_no_atoms(tmp_path, old, new, words):
    text = gulp().replace(old, new)
    assert text != gulp()
    (tmp_path / "x.gin").write_text(text)
    with pytest.raises(InputError, match=words):
        read_images(tmp_path / "x.gin")


@pytest.mark.parametrize("name", ["x.txyz", "x.xyz", "x"])
def test_tinker(tmp_path, atoms, name):
    (tmp_path / name).write_text(tinker(atoms))
    check(read_images(tmp_path / name)[0], atoms)


@pytest.mark.parametrize("how", ["six", "nine", "i-PI", "words"])
def test_xyz_with_a_cell_in_its_comment(tmp_path, atoms, how):
    six, nine = " ".join(map(str, CELLPAR)), " ".join(f"{v:.6f}" for v in atoms.cell[:].ravel())
    comment = {
        "six": six,
        "nine": nine,
        "i-PI": f"# CELL(abcABC): {six}  Step: 0 Bead: 0",
        "words": f"cell: [{nine}]",
    }[how]
    (tmp_path / "x.xyz").write_text(plain_xyz(atoms, comment))
    [found] = read_images(tmp_path / "x.xyz")
    check(found, atoms)
    assert "comment" in notes_of(found)[0]


def test_no_cell_is_made_up(tmp_path, atoms):
    for comment in ("energy = -3.0", "energy -3.5 eV", "", "1 2"):
        (tmp_path / "x.xyz").write_text(plain_xyz(atoms, comment))
        assert read_images(tmp_path / "x.xyz")[0].cell.rank == 0


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("POSCAR", "vasp"), ("CONTCAR_7", "vasp"), ("a.vasp", "vasp"), ("a.poscar", "vasp"), ("whatever", "vasp"),
        ("a.pdb", "proteindatabank"), ("a.xsf", "xsf"), ("a.gen", "gen"), ("a.res", "res"), ("a.extxyz", "extxyz"),
        ("a.txt", "extxyz"), ("a.cell", "castep-cell"), ("geometry.in", "aims"), ("a.traj", "traj"), ("a.json", "json"),
    ],
)  # fmt: skip
def test_what_ase_reads_whatever_it_is_called(tmp_path, atoms, name, format):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ase.io.write(tmp_path / "file", atoms, format=format)
    (tmp_path / "file").rename(tmp_path / name)
    check(read_images(tmp_path / name)[0], atoms, 5e-3)


def test_a_pdb_with_a_group(tmp_path, atoms):
    ase.io.write(tmp_path / "a.pdb", atoms[[1, 2]], format="proteindatabank")
    text = (tmp_path / "a.pdb").read_text()
    (tmp_path / "a.pdb").write_text(text.replace(" P 1", " P -1", 1))
    assert len(read_images(tmp_path / "a.pdb")[0]) == 2 + 2


def test_shelx_with_symmetry_is_not_read_as_p1(tmp_path):
    text = f"TITL x\nCELL 0.71 {' '.join(map(str, CELLPAR))}\nLATT 1\nSFAC Si O\nSi1 1 0.1 0.2 0.3 11.0 0.02\nEND\n"
    (tmp_path / "x.res").write_text(text)
    with pytest.raises(InputError, match="SHELX with symmetry.*convert it to CIF"):
        read_images(tmp_path / "x.res")


@pytest.mark.parametrize(("pack", "ending"), [(gzip, "gz"), (bz2, "bz2"), (lzma, "xz")])
def test_packed_files(tmp_path, atoms, pack, ending):
    path = tmp_path / f"x.cssr.{ending}"
    path.write_bytes(pack.compress(cssr().encode()))
    check(read_images(path)[0], atoms)
    path.write_bytes(pack.compress(cssr().encode())[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        read_images(path)


def test_gsd_by_its_first_bytes(tmp_path):
    frame = make_frame(np.eye(3), 20 * np.eye(3), [0, 0, 0], ["T"], {"T": 1.0})
    write_frame(tmp_path / "x.gsd", frame)
    (tmp_path / "x.gsd").rename(tmp_path / "trajectory")
    assert is_gsd(tmp_path / "trajectory")
    (tmp_path / "other").write_text("GSD")
    assert not is_gsd(tmp_path / "other")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"), (b" \n\n", "is empty"), (b"\x89PNG\r\n\x1a\n" + bytes(64), "PNG image"), (b"%PDF-1.4\n", "PDF"),
        (b"# A read-me\nwith words\n", "no format that is known"), (b'{"a": 1}', "no format"),
        (np.random.default_rng(3).bytes(2000), "no format|cannot be read"), (b"import os\n", "no format"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["README", "x.json", "x.out"])
def test_what_is_no_structure_has_one_message(tmp_path, content, words, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{words}|cannot be read|no structure") as caught:
        read_images(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["cssr", "gulp", "txyz"])
@pytest.mark.parametrize("seed", range(12))
def test_damaged_files_are_read_or_refused(tmp_path, atoms, kind, seed):
    """Whatever is cut out of a file or put into it: atoms or one message."""
    text = {"cssr": cssr(), "gulp": gulp(), "txyz": tinker(atoms)}[kind]
    rng = np.random.default_rng(seed)
    begin, end = np.sort(rng.integers(0, len(text), 2))
    (tmp_path / f"x.{kind}").write_text(text[:begin] + "".join(map(chr, rng.integers(32, 127, 3))) + text[end:])
    try:
        found, message = read_images(tmp_path / f"x.{kind}"), ""
    except InputError as error:
        found, message = [], str(error)
    assert "\n" not in message
    assert all(len(image) for image in found)
    assert bool(found) != bool(message)


def test_one_unreadable_file_does_not_hide_the_others(tmp_path, reference):
    ase.io.write(tmp_path / "sod.extxyz", reference["SOD"])
    (tmp_path / "README").write_text("words\n")
    names = ["README", "sod.extxyz", "none.cif", "."]
    done = call("identify", *names, "--json", cwd=tmp_path)
    assert done.returncode == 2
    first, second, third, fourth = json.loads(done.stdout)["files"]
    assert first["path"] == "README"
    assert "no format" in first["error"]
    assert second["types"][0]["code"] == "SOD"
    assert "no file" in third["error"]
    assert "folder" in fourth["error"]
    assert "3 of 4" in done.stderr
    assert "Traceback" not in done.stderr
    alone = call("identify", "README", "--json", cwd=tmp_path)
    assert (alone.returncode, alone.stdout) == (2, "")
    assert call("identify", "sod.extxyz", cwd=tmp_path).returncode == 0


def test_an_element_that_is_none_and_a_cell_that_is_flat_are_refused(tmp_path):
    """Found by the fuzzer: ASE reads both without a word."""
    text = "CRYSTAL\nPRIMVEC\n{}\n0 6 0\n0 0 7\nPRIMCOORD\n2 1\n14 0 0 0\n{} 1 1 1\n"
    for vector, number, named in (("5 0 0", 99999, "atomic number 99999"), ("0 0 5", 8, "no volume")):
        (tmp_path / "it.xsf").write_text(text.format(vector, number))
        done = call("identify", tmp_path / "it.xsf")
        assert named in is_one_message(done)
    (tmp_path / "it.xsf").write_text(text.format("5 0 0", 8))
    assert call("identify", tmp_path / "it.xsf").returncode == 0
