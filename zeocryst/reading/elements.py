"""Which element an atom of a CIF is, from what people write: ``Si4+``, ``OW2``, ``Wat1``, ``T1``, ``CA``."""

from __future__ import annotations

import re
from functools import cache

#: Written for an oxygen of water; a lone W too, where a type symbol does not say that tungsten is meant.
WATER = re.compile(r"(wat(er)?|wa|h2o|aq)(?![a-z])", re.IGNORECASE)
#: A tetrahedral site without an element: T, T1, T1o, T2m, Tet, TO. Any element of a framework would do.
TETRAHEDRAL = re.compile(r"(T|Tet)([0-9(_' ]|$|[om]$|O$)")
#: No atom: a vacancy, a centre, a bare position.
NOTHING = re.compile(r"(vac|cent|centroid|dum|du|bq|q|x)([0-9(_' ]|$)", re.IGNORECASE)
#: Elements that no label of a silicate means by these letters: HO is an H on an O, OS an O with a name.
UNLIKELY = {"Ho": "H", "Hs": "H", "Os": "O", "No": "N", "Cn": "C", "Cf": "C", "Og": "O", "Po": "P", "Np": "N"}


def element_of(type_symbol: str | None, label: str | None) -> tuple[str, bool]:
    """Chemical symbol of an atom, and whether it stands for a T of no element.

    Parameters
    ----------
    type_symbol
        As ``_atom_site_type_symbol`` has it; None or empty where it says nothing.
    label
        As ``_atom_site_label`` has it, which decides where the other is no element.

    Returns
    -------
    symbol : str
        Empty where neither names an element. Deuterium is H; an O of water is O; a T site is Si.
    is_t : bool
        The name was that of a tetrahedral site (``T1``), so that the element is a choice.
    """
    for text, is_type in ((type_symbol, True), (label, False)):
        found = _element(text or "", is_type=is_type)
        if found[0]:
            return found
    return "", False


@cache
def _element(text: str, *, is_type: bool) -> tuple[str, bool]:
    name = text.strip().lstrip("([").lstrip("0123456789")  # 18O, (Si,Al)1
    if WATER.match(name) or (not is_type and re.match(r"W([0-9(_']|$)", name)):
        return "O", False
    if TETRAHEDRAL.match(name):
        return "Si", True
    if NOTHING.match(name):
        return "", False
    letters = re.match(r"[A-Za-z]{0,2}", name)
    assert letters is not None
    two, one = letters.group().capitalize(), name[:1].upper()
    as_written = is_type or name[:2] == two  # Ca, not CA or ca
    if len(two) == 2 and two in _symbols() and (as_written or two not in UNLIKELY):
        return UNLIKELY.get(two, two) if not is_type else two, False
    if one in _symbols():
        return one, False
    if one == "D":
        return "H", False
    return "", False


@cache
def _symbols() -> frozenset[str]:
    from ase.data import chemical_symbols

    return frozenset(chemical_symbols[1:])
