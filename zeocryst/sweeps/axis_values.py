"""The values of an axis of a sweep: a list or a range, in the form in which they are kept."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.frameworks.table import bare_code
from zeocryst.studies.design_variables import SCALES
from zeocryst.studies.varying import LARGEST, NAME, Ground, Value

#: Most values of an axis.
MOST_VALUES = 100_000
#: Digits by which values are told apart: seed numbers follow from so many (`zeocryst.studies.reading`).
DIGITS = 9


def read_values(table: Table, keys: tuple[str, ...], ground: Ground) -> tuple[Value, ...]:
    """The list or the range of an axis.

    Parameters
    ----------
    table
        Of the axis.
    keys
        What is varied, all of one kind.
    ground
        In what.

    Raises
    ------
    InputError
        There is neither or both, a value is of the wrong kind or there twice, or the range is none.
    """
    text, whole = ground.is_text(keys[0]), ground.is_whole(keys[0])
    kind = kind_of(keys[0], ground)
    if "values" not in table:
        if "from" not in table:
            raise table.error("values", f"a list of {kind}" + ("" if text else ", or from, to and steps"))
        if text:
            raise table.error("from", "no range: the key names a text; give values, a list of texts")
        return _read_range(table, whole)
    for key in ("from", "to", "steps", "scale"):
        if key in table:
            raise table.error(key, "none beside values, which are the whole list")
    given = table.get("values", "")
    if not isinstance(given, list) or not given:
        raise table.error("values", f"a list of {kind}, at least one")
    if len(given) > MOST_VALUES:
        raise table.error("values", f"at most {MOST_VALUES} values; these are {len(given)}")
    found: list[Value] = []
    seen: set[object] = set()
    for n, one in enumerate(given, start=1):
        try:
            value = clean(one, keys[0], ground)
        except InputError as error:
            raise table.error("values", f"a list of {kind}: value {n}, {error}") from None
        if sameness(value) in seen:
            raise table.error("values", f"each value once; {one!r} is there twice{_digits(value)}")
        seen.add(sameness(value))
        found.append(value)
    return tuple(found)


def kind_of(key: str, ground: Ground) -> str:
    """What a key's values are, in a word."""
    return "texts" if ground.is_text(key) else "whole numbers" if ground.is_whole(key) else "numbers"


def _digits(value: Value) -> str:
    return f" (in {DIGITS} digits)" if isinstance(value, float) else ""


def clean(value: Any, key: str, ground: Ground) -> Value:
    """A value as a sweep keeps it, so that 600 and 600.0, and SGT and sgt, are the same run.

    A file that is named is given its whole path, since the sweep's copy of this lies in another folder.

    Raises
    ------
    InputError
        It is of the wrong kind; says what it is.
    """
    if ground.is_text(key):
        if not (isinstance(value, str) and value.strip() and value.isprintable()):
            raise InputError(f"{_shown(value)}, is no text of one line in quotes")
        if key.endswith(".framework"):
            return bare_code(value)
        beside = ground.condition.folder / value
        is_file = key in (NAME, "system.file") and os.path.isfile(beside)
        return str(beside.resolve()) if is_file else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{_shown(value)}, is no number")
    if not abs(value) < LARGEST:  # a NaN neither
        raise InputError(f"{_shown(value)}, is no number below {LARGEST:g}")
    if not ground.is_whole(key):
        return float(value) + 0.0  # no -0
    if value != int(value):
        raise InputError(f"{_shown(value)}, is no whole number, and none is rounded")
    return int(value)


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, brackets within brackets
        return f"a {type(value).__name__} too long to show"
    return shown if len(shown) <= 60 else shown[:60] + " ..."


def sameness(value: Value) -> object:
    """What two values share that are taken for the same."""
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else value


def _read_range(table: Table, whole: bool) -> tuple[Value, ...]:
    """Values from one end to the other, both included."""
    low, high = (table.number(key, least=-1e12, most=1e12) for key in ("from", "to"))
    if not low < high:
        raise table.error("to", f"more than from = {low:g}")
    steps = table.integer("steps", least=2, most=MOST_VALUES)
    scale = table.choice("scale", SCALES, "linear")
    if scale == "log" and low <= 0:
        raise table.error("from", "a number, more than 0 where the scale is log")
    between = np.geomspace(low, high, steps) if scale == "log" else np.linspace(low, high, steps)
    inner = [float(f"{value:.{DIGITS}g}") for value in between[1:-1]]
    given = [low, *inner, high]
    for value in given:
        if whole and value != int(value):
            raise table.error("steps", f"steps that lead to whole numbers; {value:g} is none")
    if len({sameness(value) for value in given}) < steps:
        raise table.error("steps", f"fewer: some from {low:g} to {high:g} are the same in {DIGITS} digits")
    return tuple(int(value) if whole else value + 0.0 for value in given)  # no -0
