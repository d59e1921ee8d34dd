"""LAMMPS data files: their atom style, and the elements of their numeric types; ASE reads the rest.

ASE takes the comment after ``Atoms`` for the style, and the element with the nearest mass for any mass. Here
the style is also found from the columns, and only a mass that is an element's names one. Types without an
element keep their number: they come as the elements of that number, as from a dump without elements.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.errors import InputError
from zeocryst.reading.assembly import NOTES

if TYPE_CHECKING:
    from ase import Atoms

#: A line of the header that only these files have, and how far down it may be.
COUNT = re.compile(r"^\s*(\d+)\s+atoms\s*(#.*)?$", re.MULTILINE)
BOX = re.compile(r"\bxlo\s+xhi\b|\bavec\b")
HEAD_CHARACTERS = 4000
#: Sections whose rows are of interest; any other ends them.
SECTION = re.compile(r"^[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)*$")
#: Columns of an atom without image flags; those with them have three more.
STYLES = {"atomic": 5, "charge": 6, "molecular": 6, "full": 7}
#: How near a mass has to be to an element's, amu: tables differ by as much for light and for heavier ones, so
#: that CH2 is no N and CH4 no O. Rounded masses may be off by their last digit.
LIGHT, SAME_LIGHT, SAME_HEAVY = 20.0, 0.012, 0.035
#: Particles lighter than this, amu, are shells of a core-shell model where others are heavier than that.
LIGHTEST, HEAVY = 0.9, 4.0


@dataclass
class _Found:
    """What a first look at the file gives."""

    count: int
    style: str | None
    rows: list[list[str]]
    masses: dict[str, tuple[str, str]]
    labels: dict[str, str]


def is_data_file(head: str) -> bool:
    """Whether the beginning of a file is that of a LAMMPS data file."""
    head = head[:HEAD_CHARACTERS]
    return COUNT.search(head) is not None and BOX.search(head) is not None


def read_data_file(text: str) -> Atoms:
    """The atoms of a LAMMPS data file.

    Returns
    -------
    ase.Atoms
        ``arrays["type"]`` are the numeric types. Elements come from type labels, from the comments of the
        masses (``1 28.0855 # Si``) or from the masses; where one type has none, all come as the
        elements of their number (type 1 as H).

    Raises
    ------
    InputError
        Fewer atoms than the header says, columns of no known style, numbers that are none.
    """
    import ase.io

    found = _look(text)
    if len(found.rows) != found.count:
        raise InputError(
            f"the header says {found.count} atoms, the Atoms section has {len(found.rows)}: is the file "
            "cut off?"
        )
    style = _style(found)
    elements = _elements(found)
    numbers = None
    if elements:
        from ase.data import atomic_numbers

        numbers = {int(kind): atomic_numbers[symbol] for kind, symbol in elements.items()}
    if not BOX.search(text):
        raise InputError("the header has no box (xlo xhi)")
    kept = ("Atom Type Labels", "Atoms", "Velocities", *(() if numbers is None else ("Masses",)))
    atoms: Atoms = ase.io.read(
        io.StringIO(_sections(text, kept)),
        format="lammps-data", atom_style=style, Z_of_type=numbers, units="metal",
    )  # fmt: skip
    return _without_shells(atoms, found)


def _without_shells(atoms: Atoms, found: _Found) -> Atoms:
    """The atoms, without particles lighter than any element beside some that have an element's mass."""
    mass = {int(kind): _mass(text) for kind, (text, _) in found.masses.items()}
    light = [kind for kind, m in mass.items() if m < LIGHTEST]
    shells = np.isin(atoms.arrays["type"], light) if light and max(mass.values()) > HEAVY else np.zeros(0, bool)
    kept = atoms[~shells] if shells.any() else atoms
    words = f"{int(shells.sum())} shells (mass below {LIGHTEST:g}) are left out"
    kept.info[NOTES] = [words] if shells.any() else []
    return kept


def _look(text: str) -> _Found:
    match = COUNT.search(text)
    found = _Found(int(match.group(1)) if match else 0, None, [], {}, {})
    section = ""
    for line in text.splitlines()[1:]:
        body, _, comment = line.partition("#")
        body = body.strip()
        if not body:
            continue
        if SECTION.match(body):
            section = body
            if section == "Atoms":
                found.style = comment.strip().split()[0].lower() if comment.strip() else None
            continue
        fields = body.split()
        if section == "Atoms":
            found.rows.append(fields)
        elif section == "Masses" and len(fields) >= 2:
            found.masses[fields[0]] = (fields[1], comment.strip())
        elif section == "Atom Type Labels" and len(fields) >= 2:
            found.labels[fields[0]] = fields[1]
    return found


def _style(found: _Found) -> str:
    """The atom style, from the comment, or from the columns."""
    widths = {len(row) for row in found.rows}
    if len(widths) > 1 and widths != {min(widths), min(widths) + 3}:
        short = next(row for row in found.rows if len(row) != len(found.rows[0]))
        raise InputError(f"atom {short[0]} has {len(short)} columns, the first atom {len(found.rows[0])}")
    if found.style in STYLES:
        if min(widths, default=0) < STYLES[found.style]:
            raise InputError(
                f"Atoms # {found.style} has {STYLES[found.style]} columns or more, atom {found.rows[0][0]} has "
                f"{min(widths)}"
            )
        return found.style
    if found.style is not None:
        raise InputError(
            f"atom style {found.style} is not read; write the file with one of {', '.join(STYLES)}, or a dump"
        )
    width = min(widths, default=0)
    for style in ("atomic", "full", "molecular", "charge"):
        if width in (STYLES[style], STYLES[style] + 3) and _fits(style, found.rows):
            return style
    raise InputError(
        f"{width} columns an atom fit no style that is read ({', '.join(STYLES)}); name it: Atoms # full"
    )


def _fits(style: str, rows: list[list[str]]) -> bool:
    """Whether columns hold integers where the style wants them, and the images do, where there are any."""
    whole = {"atomic": (0,), "charge": (0,), "molecular": (0, 1), "full": (0, 1)}[style]
    images = range(STYLES[style], len(rows[0])) if len(rows[0]) > STYLES[style] else ()
    kind = {"atomic": 1, "charge": 1, "molecular": 2, "full": 2}[style]
    for row in rows[:: max(1, len(rows) // 1000)]:
        if not all(re.fullmatch(r"[-+]?\d+", row[k]) for k in (*whole, *(k for k in images if k < len(row)))):
            return False
        if "." in row[kind] or ("e" in row[kind].lower() and row[kind][:1] in "+-.0123456789"):
            return False
    return True


def _elements(found: _Found) -> dict[str, str]:
    """Element of each type, empty unless every one has one."""
    from ase.data import atomic_numbers

    labels = {kind: _symbol_of(label) for kind, label in found.labels.items()}
    if labels and all(label in atomic_numbers for label in labels.values()):
        return labels
    out = {}
    if {text.rstrip("0").rstrip(".") for text, _ in found.masses.values()} == {"1"}:
        return {}  # reduced units, no hydrogen
    for kind, (mass, comment) in found.masses.items():
        word = re.match(r"[A-Za-z]{1,2}(?![A-Za-z])", comment)
        named = word.group().capitalize() if word else ""
        symbol = named if named in atomic_numbers and _mass_fits(named, mass) else _of_mass(mass)
        if not symbol:
            return {}
        out[kind] = symbol
    return out


def _symbol_of(label: str) -> str:
    return re.sub(r"[^A-Za-z].*", "", label).capitalize()


def _mass_fits(symbol: str, text: str) -> bool:
    """Whether a mass is about an element's (deuterium's too)."""
    from ase.data import atomic_masses, atomic_numbers

    mass = _mass(text)
    return abs(float(atomic_masses[atomic_numbers[symbol]]) - mass) < 0.5 or (symbol == "H" and mass < 2.2)


def _mass(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"a mass is {text!r}, no number") from None


def _of_mass(text: str) -> str:
    """The element of a mass; empty where none has it."""
    from ase.data import atomic_masses, chemical_symbols

    mass = _mass(text)
    rounded = 0.6 * 10.0 ** -len(text.rstrip("0").partition(".")[2])
    most = max(rounded, SAME_LIGHT if mass < LIGHT else SAME_HEAVY)
    off = np.abs(np.nan_to_num(atomic_masses[: len(chemical_symbols)], nan=1e9) - mass)
    best = int(off[1:].argmin()) + 1
    return str(chemical_symbols[best]) if off[best] < most else ""


def _sections(text: str, kept: tuple[str, ...]) -> str:
    """The header and some sections; ASE would guess elements from masses, and fails where bonds have labels."""
    lines, inside = [], True
    for number, line in enumerate(text.splitlines(keepends=True)):
        body = line.partition("#")[0].strip()
        if number and SECTION.match(body):
            inside = body in kept
        if inside:
            lines.append(line)
    return "".join(lines)
