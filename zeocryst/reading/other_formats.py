"""Formats that zeolite databases use and ASE does not read: CSSR, GULP input, Tinker XYZ, XYZ with any cell.

CSSR is that of Cambridge (and of Zeo++ and of the databases of hypothetical zeolites); GULP's is its input and
restart file (J. D. Gale, A. L. Rohl, Mol. Simul. 29, 291 (2003)).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.reading.assembly import NOTES, Sites, assembled
from zeocryst.reading.elements import element_of
from zeocryst.reading.symmetry import Stated

if TYPE_CHECKING:
    from ase import Atoms

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")
#: Sections of GULP that list atoms, and words that end such a list.
GULP_ATOMS = ("fractional", "cartesian")
P1 = Stated(["x,y,z"], "", "", "")


def floats(text: str) -> list[float]:
    """All numbers in a text that stand alone."""
    out = []
    for word in text.replace(",", " ").split():
        if NUMBER.fullmatch(word):
            out.append(float(word.lower().replace("d", "e")))
    return out


def cell_of(values: Sequence[float]) -> NDArray[np.float64]:
    """Lattice vectors from a, b, c, alpha, beta, gamma (Å, degrees), nine numbers, or three of a right angle.

    Raises
    ------
    InputError
        The numbers make no cell.
    """
    from ase.cell import Cell

    if len(values) == 9:
        matrix = np.array(values, dtype=float).reshape(3, 3)
    elif len(values) in (3, 6) and min(values) > 0:
        matrix = np.asarray(Cell.new(values)[:], dtype=float)
    else:
        matrix = np.zeros((3, 3))
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-3:
        raise InputError(f"the cell {' '.join(f'{value:g}' for value in values)} has no volume")
    return matrix


def _of_labels(
    labels: list[str], places: NDArray[np.float64], cell: NDArray[np.float64], stated: Stated, notes: list[str]
) -> Atoms:
    """Atoms from labels and fractional coordinates."""
    symbols = [element_of("", label)[0] for label in labels]
    known = np.array([bool(symbol) for symbol in symbols], dtype=bool)
    if not known.all():
        names = sorted({label for label, symbol in zip(labels, symbols, strict=True) if not symbol})
        notes = [*notes, f"left out, of no element that is known: {', '.join(names[:5])}"]
    if not known.any():
        raise InputError("no atom of the file has an element that is known")
    keep = np.flatnonzero(known)
    sites = Sites([symbols[k] for k in keep], [labels[k] for k in keep], places[keep], np.ones(len(keep)))
    return assembled(sites, cell, stated, notes)


def is_cssr(lines: list[str]) -> bool:
    """Whether the lines are those of a CSSR file."""
    return (
        len(lines) > 4
        and len(floats(lines[0][38:] if len(lines[0]) > 38 else lines[0])) == 3
        and "SPGR" in lines[1].upper()
    )


def read_cssr(lines: list[str]) -> Atoms:
    """The atoms of a CSSR file; symmetry is applied where its group is not P 1."""
    lengths = floats(lines[0][38:] if len(lines[0]) > 38 else lines[0])
    angles = floats(lines[1].upper().partition("SPGR")[0])
    cell = cell_of([*lengths[:3], *angles[:3]])
    group = re.search(r"SPGR\s*=\s*(\d+)\s*(.*?)\s*(OPT\s*=.*)?$", lines[1].strip(), re.IGNORECASE)
    number, symbol = (group.group(1), group.group(2)) if group else ("1", "")
    stated = P1 if number in ("0", "1") else Stated([], "", symbol, number)
    counts = lines[2].split()
    if len(counts) < 1 or not counts[0].isdigit():
        raise InputError(
            f"line 3 of a CSSR file begins with the number of atoms, not with {lines[2].strip()[:20]!r}"
        )
    n, cartesian = int(counts[0]), len(counts) > 1 and counts[1] == "1"
    rows = [line.split() for line in lines[4:] if line.strip()][:n]
    if len(rows) < n:
        raise InputError(f"the file says {n} atoms and has {len(rows)}: is it cut off?")
    labels, places = _rows(rows, 1, 2)
    if cartesian:
        places = places @ np.linalg.inv(cell)
    return _of_labels(labels, places, cell, stated, [])


def _rows(rows: list[list[str]], label: int, first: int) -> tuple[list[str], NDArray[np.float64]]:
    """Labels and three coordinates of rows of columns.

    Raises
    ------
    InputError
        A row is too short, or a coordinate no number.
    """
    labels, places = [], np.empty((len(rows), 3))
    for k, row in enumerate(rows):
        try:
            labels.append(row[label])
            places[k] = [_coordinate(text) for text in row[first : first + 3]]
        except (IndexError, ValueError):
            raise InputError(f"atom {k + 1} has no three coordinates: {' '.join(row)[:60]!r}") from None
    return labels, places


def _coordinate(text: str) -> float:
    above, _, below = text.lower().replace("d", "e").partition("/")
    value = float(above) / (float(below) if below else 1.0)
    if not np.isfinite(value):
        raise ValueError
    return value


def is_txyz(lines: list[str]) -> bool:
    """Whether the lines are those of Tinker XYZ: a number and a title, then numbered atoms with their types."""
    if not lines or not re.match(r"\s*\d+(\s|$)", lines[0]):
        return False
    body = [line.split() for line in lines[1:4] if line.strip()]
    return any(
        len(row) >= 6
        and row[0] == "1"
        and re.fullmatch(r"[A-Za-z]\S*", row[1])
        and len(floats(" ".join(row[2:5]))) == 3
        for row in body
    )


def read_txyz(lines: list[str]) -> Atoms:
    """The atoms of a Tinker XYZ file whose second line is the cell."""
    n = int(lines[0].split()[0])
    rows = [line.split() for line in lines[1:] if line.strip()]
    box = floats(" ".join(rows[0]))
    if len(rows[0]) < 7 and len(box) in (3, 6):
        cell, rows = cell_of(box), rows[1:]
    else:
        raise InputError(
            "the Tinker file has no cell: its second line may hold a, b, c, alpha, beta, gamma (the key file's "
            "a-axis ... are not read)"
        )
    if len(rows) < n:
        raise InputError(f"the file says {n} atoms and has {len(rows)}: is it cut off?")
    labels, places = _rows(rows[:n], 1, 2)
    return _of_labels(labels, places @ np.linalg.inv(cell), cell, P1, [])


def is_gulp(lines: list[str]) -> bool:
    """Whether the lines are those of a GULP input: a cell under a word, and atoms under another."""
    words = [line.split()[0].lower() for line in lines if line.strip() and not line.startswith("#")]
    return any(w in ("cell", "vectors") for w in words) and any(w.startswith(("frac", "cart")) for w in words)


def read_gulp(lines: list[str]) -> Atoms:
    """The atoms of a GULP input or restart file: cores, not shells; symmetry of ``space`` is applied."""
    body = [line.split("#")[0].strip() for line in lines]
    body = [line for line in body if line]
    words = [line.split()[0].lower() for line in body]
    cell = _gulp_cell(body, words)
    start = next(k for k, word in enumerate(words) if word.startswith(("frac", "cart")))
    cartesian = words[start].startswith("cart")
    rows = _gulp_rows(body[start:])
    labels, places = _rows(rows, 0, 1)
    if cartesian:
        places = places @ np.linalg.inv(cell)
    return _of_labels(labels, places, cell, _gulp_group(body, words), [])


def _gulp_rows(section: list[str]) -> list[list[str]]:
    """Label and coordinates of the cores under ``fractional`` or ``cartesian``, which the first line is.

    Raises
    ------
    InputError
        The list is broken by a row that is no atom, or has not as many as it says.
    """
    rows, listed, end = [], 0, len(section)
    for k, line in enumerate(section[1:], start=1):
        fields = line.split()
        kind = fields[1].lower() if len(fields) > 1 else ""
        if kind.isalpha() and kind.startswith(
            ("c", "s", "b")
        ):  # core, shell, bcore, bshell, and their short forms
            fields = [fields[0], *fields[2:]]
        if len(fields) < 4 or not _all_numbers(fields[1:4]):
            end = k
            break
        listed += 1
        if not kind.startswith(("s", "bs")):
            rows.append(fields)
    rest = section[end:]
    if rest and re.match(r"\S+\s+b?(core?|shel?l?)\b", rest[0], re.IGNORECASE):
        raise InputError(f"{rest[0][:60]!r} under {section[0]!r} is no atom with three coordinates")
    for line in rest[1:]:
        if line.split()[0].lower() in ("cell", "vectors") or line.lower().startswith(("frac", "cart")):
            break  # the next structure
        if re.match(r"\S+\s+b?(core?|shel?l?)(\s+[-+]?\d*\.?\d+){3}", line, re.IGNORECASE):
            raise InputError(f"{rest[0][:60]!r} under {section[0]!r} is no atom, but atoms follow")
    said = section[0].split()[1:2]
    if said and said[0].isdigit() and int(said[0]) not in (0, len(rows), listed):
        raise InputError(f"{section[0]!r} has {listed} atoms and shells: is the file cut off?")
    if not rows:
        raise InputError(f"no atoms under {section[0]!r}")
    return rows


def _all_numbers(texts: list[str]) -> bool:
    try:
        [_coordinate(text) for text in texts]
    except ValueError:
        return False
    return True


def _gulp_cell(body: list[str], words: list[str]) -> NDArray[np.float64]:
    at = next(k for k, word in enumerate(words) if word in ("cell", "vectors"))
    lines = body[at + 1 : at + (2 if words[at] == "cell" else 4)]
    values = [value for line in lines for value in floats(line)[: 6 if words[at] == "cell" else 3]]
    return cell_of(values)


def _gulp_group(body: list[str], words: list[str]) -> Stated:
    """The group under ``space`` or ``spacegroup``, a number or a symbol; P 1 where there is none."""
    at = next((k for k, word in enumerate(words) if word.startswith("space")), None)
    if at is None or at + 1 >= len(body):
        return P1
    text = body[at].partition(" ")[2].strip() or body[at + 1]
    text = text.strip("'\"")
    if text.isdigit():
        return P1 if text == "1" else Stated([], "", "", text)
    return P1 if text.replace(" ", "").upper() == "P1" else Stated([], "", text, "")


def cell_in_comment(comment: str) -> tuple[NDArray[np.float64], str] | None:
    """A cell in the second line of an XYZ file that is not in the extended form, and words on it; or None.

    Taken are three, six or nine numbers that stand alone there, or after a word such as ``cell``.
    """
    keyed = re.search(
        r"(?:cell|lattice|box|pbc|cryst1?)\b[^-+.0-9]*(?:\(abcABC\))?[^-+.0-9]*(.*)", comment, re.IGNORECASE
    )
    text = keyed.group(1) if keyed else comment
    values = floats(re.sub(r"[\[\](){}\"';]", " ", text))
    if not keyed and len(values) != len(comment.replace(",", " ").split()):
        return None
    for count in (9, 6, 3):
        if len(values) == count or (keyed and len(values) > count):
            try:
                return cell_of(values[:count]), f"the cell is read from the comment ({count} numbers)"
            except InputError:
                return None
    return None


def with_cell(images: list[Atoms], text: str) -> None:
    """Give XYZ frames without a cell the one in their comments, where it is there."""
    lines = text.splitlines()
    at = 0
    for atoms in images:
        n = len(atoms)
        comment = lines[at + 1] if at + 1 < len(lines) else ""
        found = None if atoms.cell.rank == 3 else cell_in_comment(comment)
        if found is not None:
            atoms.set_cell(found[0])
            atoms.pbc = True
            atoms.info[NOTES] = [found[1]]
        at += n + 2
