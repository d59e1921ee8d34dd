"""CIF to atoms, through gemmi (M. Wojdyr, J. Open Source Softw. 7, 4200 (2022)).

gemmi reads the grammar; what the file means is decided here, and what had to be decided is said: symmetry
(`zeocryst.reading.symmetry`), elements (`zeocryst.reading.elements`), rows without coordinates, occupancies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.reading.assembly import NOTES, Sites, assembled
from zeocryst.reading.cif_text import odd_rows, prepared, why_not
from zeocryst.reading.elements import element_of
from zeocryst.reading.stated_volume import meant_cell
from zeocryst.reading.symmetry import Stated

if TYPE_CHECKING:
    from ase import Atoms

SYMOPS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop.operation_xyz")
HALL = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall", "_space_group.name_Hall")
MAUGUIN = (
    "_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M", "_space_group_name_H-M",
    "_space_group.name_H-M_alt", "_symmetry.space_group_name_H-M", "_space_group_name_H-M_full",
    "_space_group_name_H-M_ref",
)  # fmt: skip
NUMBER = ("_space_group_IT_number", "_symmetry_Int_Tables_number", "_space_group.IT_number")
#: A number as CIF has it, with its uncertainty or as a fraction.
VALUE = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?:/([0-9]+))?(?:\([0-9.]*\)?)?")
UNKNOWN = ("?", ".", "")
#: Without their coordinates there is no framework.
NEEDED = ("Si", "Al", "P", "Ge", "B", "Ga", "Ti", "Be", "Zn", "Sn")
#: Most names that a message lists.
MOST_NAMES = 5


def read_cif(text: str) -> list[Atoms]:
    """The structure of each data block that has atoms.

    Parameters
    ----------
    text
        Content of the file.

    Returns
    -------
    list of ase.Atoms
        As `zeocryst.reading.assembly.assembled` makes them, with words on rows that are no atoms.

    Raises
    ------
    InputError
        The file is no CIF, or no structure with atoms can be made of it.
    """
    import gemmi

    text = prepared(text)
    try:
        blocks = list(gemmi.cif.read_string(text, 0))
    except (RuntimeError, ValueError) as error:
        raise InputError(why_not(text, str(error))) from None
    with_atoms = [block for block in blocks if _names(block) is not None]
    if not with_atoms:
        raise InputError(f"the CIF lists no atoms (no _atom_site_fract_x in its {len(blocks)} data blocks)")
    found = []
    for block in with_atoms:
        try:
            atoms = _structure(block, text)
        except InputError as error:
            where = f"data block {block.name!r}: " if len(with_atoms) > 1 else ""
            raise InputError(where + str(error)) from None
        if len(with_atoms) > 1:
            atoms.info[NOTES].insert(0, f"this is data block {block.name!r} of {len(with_atoms)} with atoms")
        found.append(atoms)
    return found


def _names(block: Any) -> str | None:
    """How tags of atom sites begin in this block: the core dictionary's way, or that of mmCIF."""
    for begin in ("_atom_site_", "_atom_site."):
        if len(block.find_values(begin + "fract_x")):
            return begin
    return None


def _first(block: Any, tags: tuple[str, ...]) -> str:
    """The first value that a block has under one of several tags, looped or not; empty for none."""
    import gemmi

    for tag in tags:
        for value in block.find_values(tag):
            text = gemmi.cif.as_string(value).strip()
            if text not in UNKNOWN:
                return str(text)
    return ""


def _all(block: Any, tags: tuple[str, ...]) -> list[str]:
    import gemmi

    for tag in tags:
        found = [gemmi.cif.as_string(value).strip() for value in block.find_values(tag)]
        found = [value for value in found if value not in UNKNOWN]
        if found:
            return found
    return []


def number(text: str) -> float:
    """A number as CIF writes it (``0.25(1)``, ``1/3``); NaN if it is none."""
    match = VALUE.fullmatch(text)
    if match is None or match.group(2) == "0":
        return float("nan")
    return float(match.group(1)) / float(match.group(2) or 1)


def _cell(block: Any) -> NDArray[np.float64]:
    from ase.cell import Cell

    values = []
    for name, default in (
        ("length_a", None), ("length_b", None), ("length_c", None),
        ("angle_alpha", 90.0), ("angle_beta", 90.0), ("angle_gamma", 90.0),  # as the dictionary says
    ):  # fmt: skip
        text = _first(block, (f"_cell_{name}", f"_cell.{name}"))
        if not text and default is None:
            raise InputError(f"the CIF has no _cell_{name}")
        value = number(text) if text else float(default or 0)
        if not np.isfinite(value) or value <= 0 or value > (1e6 if default is None else 179.9):
            raise InputError(f"_cell_{name} is {text!r}; expected a positive number")
        values.append(value)
    a, b, c = np.cos(np.radians(values[3:]))
    flat = 1 - a * a - b * b - c * c + 2 * a * b * c
    if flat < 1e-6:
        raise InputError(f"no cell has the angles {values[3]:g}, {values[4]:g} and {values[5]:g}°")
    return np.asarray(Cell.fromcellpar(values)[:], dtype=float)


def _structure(block: Any, text: str) -> Atoms:
    """Atoms of a data block."""
    cell = _cell(block)
    sites = _Sites(block, text)
    stated = Stated(_all(block, SYMOPS), _first(block, HALL), _first(block, MAUGUIN), _first(block, NUMBER))
    volume = number(_first(block, ("_cell_volume", "_cell.volume")) or "?")
    trivial = len(stated.triplets) <= 1 and (bool(stated.triplets) or stated.number in ("", "1"))
    cell, words = meant_cell(cell, volume, sites.sites.fractional, everything=trivial)
    return assembled(sites.sites, cell, stated, [*sites.notes, *([words] if words else [])])


class _Sites:
    """The rows of a block's list of atoms that are atoms, and words on those that are not."""

    def __init__(self, block: Any, text: str) -> None:
        begin = _names(block)
        assert begin is not None
        self._text, self._begin = text, begin
        columns = {
            name: self._column(block, name)
            for name in ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "calc_flag")
        }
        self._rows = len(columns["fract_x"])
        for name in ("fract_y", "fract_z"):
            if len(columns[name]) != self._rows:
                raise InputError(f"the list of atoms has no {begin}{name}, or not for every atom")
        self._columns = {k: v if len(v) == self._rows else [""] * self._rows for k, v in columns.items()}
        self.notes: list[str] = []
        self._read()

    def _column(self, block: Any, name: str) -> list[str]:
        import gemmi

        return [gemmi.cif.as_string(value).strip() for value in block.find_values(self._begin + name)]

    def _name(self, row: int) -> str:
        return self._columns["label"][row] or self._columns["type_symbol"][row] or f"row {row + 1}"

    def _read(self) -> None:
        columns = self._columns
        pairs = [element_of(t, l) for t, l in zip(columns["type_symbol"], columns["label"], strict=True)]
        dummy = np.array([flag.lower() == "dum" for flag in columns["calc_flag"]], dtype=bool)
        places = np.array([self._numbers(f"fract_{axis}") for axis in "xyz"]).T.reshape(-1, 3)
        occupancy = self._numbers("occupancy", missing=1.0)
        nameless = np.array([not symbol for symbol, _ in pairs], dtype=bool)
        nowhere = ~np.isfinite(places).all(axis=1)
        for row in np.flatnonzero(nowhere & ~dummy).tolist():
            if pairs[row][0] in NEEDED:
                raise InputError(
                    f"{self._name(row)} ({self._row(row)}) is a {pairs[row][0]} without coordinates, and "
                    "without it there is no framework; give them, or take the row out"
                )
        empty = occupancy <= 0
        self._left_out(dummy, "dummies by their calc_flag")
        self._left_out(nameless & ~dummy, "of no element that is known")
        self._left_out(nowhere & ~nameless & ~dummy, "without coordinates")
        self._left_out(empty & ~(nowhere | nameless | dummy), "with an occupancy of 0")
        keep = np.flatnonzero(~(dummy | nameless | nowhere | empty)).tolist()
        if len(keep) == 0:
            raise InputError(f"none of the {self._rows} rows of the list of atoms is an atom with coordinates")
        self.sites = Sites(
            [pairs[row][0] for row in keep],
            [self._name(row) for row in keep],
            places[keep],
            occupancy[keep],
        )
        if any(pairs[row][1] for row in keep):
            self.notes.append("sites called T, of no element, are taken for Si")

    def _left_out(self, rows: NDArray[np.bool_], why: str) -> None:
        names = [self._name(row) for row in np.flatnonzero(rows).tolist()]
        if names:
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            self.notes.append(f"left out, {why}: {', '.join(names[:MOST_NAMES])}{more}")

    def _numbers(self, name: str, missing: float = float("nan")) -> NDArray[np.float64]:
        texts = self._columns[name]
        found = np.array([missing if text in UNKNOWN else number(text) for text in texts], dtype=float)
        bad = [k for k in np.flatnonzero(~np.isfinite(found)).tolist() if texts[k] not in UNKNOWN]
        if bad:
            raise InputError(
                f"{self._begin}{name} of {self._name(bad[0])} ({self._row(bad[0])}) is {texts[bad[0]]!r}, "
                "no number" + self._odd_line()
            )
        return found

    def _row(self, row: int) -> str:
        return f"row {row + 1} of {self._rows}"

    def _odd_line(self) -> str:
        found = odd_rows(self._text, self._begin + "fract_x")
        return f": {found}" if found else ""
