"""The variables of a design: keys of a condition with the range in which they are searched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.studies.varying import NOT_VARIED, Ground

KEYS = ("key", "name", "from", "to", "start", "scale")
SCALES = ("linear", "log")
#: Columns that the tables of a study have besides the variables.
TAKEN = (
    "name", "state", "trial", "generation", "replica", "seed", "steps", "time_ps", "wall_s", "failure",
    "evaluation", "objective", "uncertainty", "n_replicas", "runs", "what", "notes",
)  # fmt: skip
#: Significant digits of a value.
DIGITS = 6


@dataclass(frozen=True)
class Variable:
    """Something that is searched for.

    Attributes
    ----------
    name : str
    keys : tuple of str
        What it is in the condition (`zeocryst.studies.varying`); several have the same value.
    low, high, start : float
        Where it is searched, ends included, and where the search begins.
    scale : {"linear", "log"}
    whole : bool
        Whether it is rounded to whole numbers.
    reference : float or None
        What it is in the study's own condition; None where its keys differ there.
    """

    name: str
    keys: tuple[str, ...]
    low: float
    high: float
    start: float
    scale: str
    whole: bool
    reference: float | None

    def value(self, unit: float) -> float:
        """The value at a place in the range, 0 to 1."""
        unit = min(1.0, max(0.0, unit))
        if self.scale == "log":
            found = self.low * (self.high / self.low) ** unit
        else:
            found = self.low + (self.high - self.low) * unit
        found = float(round(found)) if self.whole else float(f"{found:.{DIGITS}g}")
        return min(self.high, max(self.low, found))

    def unit(self, value: float) -> float:
        """Where a value is in the range, 0 to 1."""
        if self.scale == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def record(self) -> dict[str, Any]:
        """As it stands in ``study.toml``."""
        key: Any = self.keys[0] if len(self.keys) == 1 else list(self.keys)
        return {
            "key": key, "name": self.name, "from": self.low, "to": self.high, "start": self.start,
            "scale": self.scale,
        }  # fmt: skip


def read_variables(tables: Sequence[Table], ground: Ground) -> tuple[Variable, ...]:
    """Read and check them.

    Raises
    ------
    InputError
        A key is unknown or given twice, a range is none, or one of its ends makes no condition.
    """
    found: list[Variable] = []
    taken: dict[Any, str] = {}
    for table in tables:
        variable = _read(table, ground)
        if variable.name in [other.name for other in found]:
            raise table.error("name", f"another one: two variables are called {variable.name!r}")
        if variable.name in TAKEN or not variable.name.isprintable():
            raise table.error("name", f"one line, and another one than {', '.join(TAKEN)}, which tables have")
        for key in variable.keys:
            for place in ground.places(key):
                if place in taken:
                    raise table.error("key", f"each number once; {taken[place]} sets it already")
                taken[place] = key
        found.append(variable)
    start = {v: v.start for v in found}
    for variable, table in zip(found, tables, strict=True):
        for end in (variable.low, variable.high):
            try:
                ground.check(settings(start | {variable: end}))
            except InputError as error:
                key = "from" if end == variable.low else "to"
                raise table.error(key, f"an end of the range that can be run: {error}") from None
    return tuple(found)


def settings(values: Mapping[Variable, float]) -> dict[str, float]:
    """Values by key of the condition."""
    return {key: value for variable, value in values.items() for key in variable.keys}


def _read(table: Table, ground: Ground) -> Variable:
    table.known(*KEYS)
    given = table.text_or_texts("key")
    keys = (given,) if isinstance(given, str) else given
    if any(key.split(".")[0] in ("seed", *NOT_VARIED) for key in keys):
        raise table.error("key", "something physical: seed numbers, engines and output are not designed")
    for key in keys:
        try:
            ground.places(key)
        except InputError as error:
            raise table.error("key", f"a number of the condition or of its force field: {error}") from None
    whole = [ground.is_whole(key) for key in keys]
    if len(set(whole)) > 1:
        raise table.error("key", "keys that are whole numbers together, or none of them")
    low, high = (table.number(key, least=-1e12, most=1e12) for key in ("from", "to"))
    if whole[0]:
        low, high = float(math.ceil(low)), float(math.floor(high))
    if not low < high:
        raise table.error("to", f"more than from = {low:g}" + (", by a whole number" if whole[0] else ""))
    scale = table.choice("scale", SCALES, "linear")
    if scale == "log" and low <= 0:
        raise table.error("from", "a number, more than 0 where the scale is log")
    values = {ground.value(key) for key in keys}
    reference = values.pop() if len(values) == 1 else None
    if reference is None and "start" not in table:
        raise table.error("start", "a number from from to to: the keys have several values in the condition")
    start = table.number("start", reference, least=low, most=high)
    if not low <= start <= high:
        raise table.error("start", f"a number from {low:g} to {high:g}: the condition's {start:g} is outside")
    start = float(round(start)) if whole[0] else start
    name = table.text("name", " = ".join(keys))
    table.finish()
    return Variable(name, keys, low, high, start, scale, whole[0], reference)
