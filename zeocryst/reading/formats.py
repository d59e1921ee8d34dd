"""Which format a file has, by its content before its name, and its structures.

CIF, LAMMPS data, CSSR, GULP and Tinker XYZ are read here; the rest by ASE, which is told the format where
the name would mislead it. Whatever a reader raises on a damaged file comes out as one message.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.errors import InputError
from zeocryst.reading import cif, lammps_data, other_formats
from zeocryst.reading.assembly import NOTES

if TYPE_CHECKING:
    from ase import Atoms

#: First bytes of files that hold no structure, and of packed ones.
OTHERS = {
    b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image", b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x7fELF": "a program", b"\x89HDF": "an HDF5 file", b"GIF8": "a GIF image", b"ustar": "a tar archive",
    b"\x93NUMPY": "a NumPy array", b"{\\rtf": "a text document", b"SQLite": "a database",
}  # fmt: skip
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "lzma"}
GSD_MAGIC = bytes.fromhex("df65df65df65df65")
#: What people have, for the message on a file that is none of them.
READ = (
    "CIF, extended XYZ, POSCAR, LAMMPS data or dump, GSD, CSSR, GULP, Tinker XYZ, PDB, and what ASE reads "
    "(ase info --formats)"
)
CONVERT = "convert it to CIF or extended XYZ, for example: obabel FILE -O structure.cif (Open Babel)"
HEAD = 4000
CIF_MARKS = re.compile(
    r"^\s*(data_\S*\s*$|loop_\s*$|_cell_length_a\b|_cell\.length_a\b|_atom_site)", re.MULTILINE | re.IGNORECASE
)


def is_gsd(path: Path) -> bool:
    """Whether a file is GSD, by its name or its first bytes."""
    if path.suffix.lower() == ".gsd":
        return True
    try:
        with path.open("rb") as file:
            return file.read(8) == GSD_MAGIC
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None


def read_images(path: Path, text: str | None = None) -> list[Atoms]:
    """Every structure of a file that is not GSD, in any format.

    Parameters
    ----------
    path
        An existing file, packed by gzip, bzip2 or xz or not.
    text
        To be read in its place, such as those frames of it that are whole.

    Returns
    -------
    list of ase.Atoms
        ``info["zeocryst_notes"]`` may hold words on what had to be decided.

    Raises
    ------
    InputError
        The file is no structure, or is damaged.
    """
    content = _unpacked(path) if text is None else text.encode()
    if not content.strip():
        raise InputError("the file is empty")
    other = next((what for begin, what in OTHERS.items() if content.startswith(begin)), None)
    if other is not None:
        raise InputError(f"this is {other}, no structure; read are {READ}")
    images = _guarded(lambda: _images(content, path))
    if not images:
        raise InputError(f"no structure is in it; read are {READ}")
    for index, atoms in enumerate(images):
        check_elements(atoms, index)
    return images


def check_elements(atoms: Atoms, index: int) -> None:
    """Raise `InputError` for the first atom of no element: not every reader looks."""
    from ase.data import chemical_symbols

    bad = [k for k, z in enumerate(atoms.numbers.tolist()) if not 0 <= z < len(chemical_symbols)]
    if bad:
        raise InputError(
            f"frame {index}: atom {bad[0] + 1} (counted from 1) has the atomic number {atoms.numbers[bad[0]]}; "
            f"expected at most {len(chemical_symbols) - 1}"
        )


def _unpacked(path: Path) -> bytes:
    import importlib

    try:
        content = path.read_bytes()
        for begin, module in PACKED.items():
            if content.startswith(begin):
                return bytes(importlib.import_module(module).decompress(content))
    except Exception as error:  # a disk's, or whatever a packed file that is damaged raises
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot be read: {reason}") from None
    return content


def _guarded(read: Callable[[], list[Atoms]]) -> list[Atoms]:
    """The images, or one message for whatever a reader raises, warns of or prints."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return read()
        except InputError:
            raise
        except (Exception, SystemExit) as error:  # readers raise whatever they meet in a damaged file
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"cannot be read as a structure: {reason[:200]}; read are {READ}") from None


def _images(content: bytes, path: Path) -> list[Atoms]:
    text = content.decode("utf-8", "replace")
    head = text[:HEAD]
    lines = text.splitlines()
    name = Path(path.name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz"))
    ending = name.suffix.lower()
    if head.lstrip().startswith("ITEM: "):
        return _by_ase(content, text, "lammps-dump-text")
    if lammps_data.is_data_file(head):
        return [lammps_data.read_data_file(text)]
    if ending in (".cif", ".mcif") or (ending != ".xyz" and CIF_MARKS.search(head) and "_cell" in text):
        return cif.read_cif(text)
    if other_formats.is_cssr(lines):
        return [other_formats.read_cssr(lines)]
    if other_formats.is_txyz(lines):
        return [other_formats.read_txyz(lines)]
    if other_formats.is_gulp(lines):
        return [other_formats.read_gulp(lines)]
    return _others(content, text, lines, name)


def _others(content: bytes, text: str, lines: list[str], name: Path) -> list[Atoms]:
    """Formats that ASE reads."""
    kind = _kind(lines, name)
    if kind == "shelx":
        raise InputError(f"SHELX with symmetry is not read; {CONVERT.replace('FILE', name.name)}")
    if kind is None:
        kind = _guess(content, name)
    if kind is None:
        raise InputError(f"no format that is known; read are {READ}; or {CONVERT.replace('FILE', name.name)}")
    images = _by_ase(content, text, kind)
    if kind in ("xyz", "extxyz"):
        other_formats.with_cell(images, text)
    if kind == "proteindatabank":
        images = [_with_group(atoms, text) for atoms in images]
    return images


def _kind(lines: list[str], name: Path) -> str | None:
    """ASE's name of a format that is known by its content; None where ASE shall guess."""
    head = lines[:60]
    words = [line.split()[0].upper() for line in head if line.strip()]
    if "CELL" in words and "SFAC" in words:
        plain = "SYMM" not in words and any(line.upper().split() == ["LATT", "-1"] for line in head)
        return "res" if plain else "shelx"
    if words and (words[0] in ("CRYST1", "HEADER", "REMARK", "ATOM", "HETATM", "TITLE", "MODEL")):
        return "proteindatabank" if any(w in ("ATOM", "HETATM") for w in _words(lines)) else None
    if len(lines) > 1 and lines[0].strip().isdigit():
        return "extxyz" if "=" in lines[1] else "xyz" if _is_atom(lines[2:3]) else None
    if _is_poscar(lines):
        return "vasp"
    return None


def _words(lines: list[str]) -> set[str]:
    return {line[:6].strip().upper() for line in lines}


def _is_atom(lines: list[str]) -> bool:
    return bool(lines) and re.match(r"\s*[A-Za-z]\S*(\s+[-+.\deE]+){3}", lines[0]) is not None


def _is_poscar(lines: list[str]) -> bool:
    """Whether a scale and three lattice vectors follow a title, and the kind of coordinates comes in time."""
    if len(lines) < 8 or len(other_formats.floats(lines[1])) not in (1, 3):
        return False
    if any(len(other_formats.floats(line)) != 3 or len(line.split()) != 3 for line in lines[2:5]):
        return False
    return any(line.strip()[:1].lower() in ("d", "c", "k", "s") for line in lines[6:9])


def _guess(content: bytes, name: Path) -> str | None:
    """ASE's own guess, from content and name."""
    from ase.io.formats import UnknownFileTypeError, extension2format, ioformats, match_magic

    try:
        return str(match_magic(content[:50000]).name)
    except UnknownFileTypeError:
        pass
    ending = name.suffix.lower().lstrip(".")
    named = [kind.name for kind in ioformats.values() if kind.match_name(name.name)]
    if ending in extension2format:
        named.append(extension2format[ending].name)
    named.append(ending)
    return next((str(kind) for kind in named if kind in ioformats and ioformats[kind].can_read), None)


def _by_ase(content: bytes, text: str, kind: str) -> list[Atoms]:
    import tempfile

    import ase.io
    from ase.io.formats import ioformats

    if ioformats[kind].acceptsfd:
        file: Any = io.BytesIO(content) if ioformats[kind].isbinary else io.StringIO(text)
        return _listed(ase.io.read(file, ":", format=kind))
    with tempfile.TemporaryDirectory() as folder:  # readers that want the name of a file
        path = Path(folder) / "structure"
        path.write_bytes(content)
        return _listed(ase.io.read(path, ":", format=kind))


def _listed(found: Any) -> list[Atoms]:
    from ase import Atoms

    images = list(found) if isinstance(found, list | tuple) else [found]
    return [image for image in images if isinstance(image, Atoms)]


def _with_group(atoms: Atoms, text: str) -> Atoms:
    """The atoms of a PDB file with the symmetry that its CRYST1 line names."""
    import numpy as np

    from zeocryst.reading.assembly import Sites, assembled
    from zeocryst.reading.symmetry import Stated

    share = atoms.arrays.get("occupancy")
    if share is not None and not ((share > 0) & (share <= 1)).all():
        del atoms.arrays["occupancy"]  # a column that was never filled in
    record = next((line for line in text.splitlines() if line.startswith("CRYST1")), "")
    group = record[55:66].strip()
    if group.replace(" ", "").upper() in ("", "P1") or atoms.cell.rank < 3:
        return atoms
    symbols = atoms.get_chemical_symbols()
    sites = Sites(symbols, symbols, atoms.get_scaled_positions(wrap=False), np.ones(len(atoms)))
    return assembled(sites, np.asarray(atoms.cell[:]), Stated([], "", group, ""), [])


def notes_of(atoms: Atoms) -> list[str]:
    """What a reader had to decide, in words."""
    found = atoms.info.get(NOTES)
    return list(found) if isinstance(found, list) else []
