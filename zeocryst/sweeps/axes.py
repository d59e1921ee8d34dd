"""The axes of a sweep: keys of a condition with the values that they get, as lists, as ranges or as a table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.studies.design_variables import TAKEN
from zeocryst.studies.varying import NOT_VARIED, Ground, Value
from zeocryst.sweeps.axis_values import clean, kind_of, read_values, sameness

KEYS = ("key", "name", "values", "from", "to", "steps", "scale")
#: Names that no axis can have: columns of a sweep's table, results of every run, words of signac's filters.
NOT_NAMES = (
    *TAKEN, "job", "rung", "folder", "message", "values", "success", "framework", "condition", "verdict",
    "sentence", "forcefield", "forcefield_source", "engine", "engines", "n_T", "n_S", "crystalline_share",
    "largest_grain", "front_speed", "sp", "doc",
)  # fmt: skip
#: What a name looks like: signac takes no dots in a key, and its command line reads no blanks.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}")
#: Most axes.
MOST_AXES = 50


@dataclass(frozen=True)
class Axis:
    """Something that is varied.

    Attributes
    ----------
    name : str
        As it is called in tables and in the state points of signac.
    keys : tuple of str
        What it is in the condition (`zeocryst.studies.varying`); several have the same value.
    values : tuple
        What it gets, each once: whole numbers where the keys are such, else numbers with a fraction, or texts.
        In the order given; of the column of a table as they first come.
    """

    name: str
    keys: tuple[str, ...]
    values: tuple[Value, ...]

    def record(self) -> dict[str, Any]:
        """As it stands in ``study.toml``."""
        key: Any = self.keys[0] if len(self.keys) == 1 else list(self.keys)
        return {"key": key, "name": self.name, "values": list(self.values)}


# ---- axes -----------------------------------------------------------------------------------------


def read_axes(tables: Sequence[Table], ground: Ground) -> tuple[Axis, ...]:
    """Read ``[[sweep.axis]]``, the points but for whether they make a condition.

    Raises
    ------
    InputError
        A key is unknown or set twice, a value is of the wrong kind or there twice, or a name is none.
    """
    keys = [_read_keys(table.known(*KEYS), ground) for table in tables]
    _see_that_each_is_set_once(
        [(key, table, "key") for table, several in zip(tables, keys, strict=True) for key in several], ground
    )
    names = default_names([several[0] for several in keys])
    found: list[Axis] = []
    for table, several, default in zip(tables, keys, names, strict=True):
        name = table.text("name", default)
        if not NAME.fullmatch(name):
            raise table.error("name", "letters, digits, _ and -, begun with a letter, at most 60 in all")
        if name in NOT_NAMES:
            raise table.error("name", f"another name: a sweep's table has a column {name!r} already")
        if name in [axis.name for axis in found]:
            given = "" if "name" in table else f" ({name!r} by default)"
            raise table.error("name", f"another name{given}: two axes are called {name!r}")
        values = read_values(table, several, ground)
        table.finish()
        found.append(Axis(name, several, values))
    return tuple(found)


def default_names(keys: Sequence[str]) -> list[str]:
    """Names of axes that are given none: keys without dots, which signac does not take.

    The last part of a key (``temperature_K`` of ``stage.npt.temperature_K``) where no other key has the same
    and it is a name; else the whole key with ``_`` for whatever is no letter or digit. An entry of a list
    (``stage.2.temperature_K.1``) or of the force field (``forcefield.T-S.sigma_A``) is called by two parts
    (``temperature_K_1``, ``T_S_sigma_A``).
    """
    short = [_joined(key.split(".")[-2 if _needs_two(key) else -1 :]) for key in keys]
    return [
        name
        if short.count(name) == 1 and NAME.fullmatch(name) and name not in NOT_NAMES
        else _joined(key.split("."))
        for name, key in zip(short, keys, strict=True)
    ]


def _needs_two(key: str) -> bool:
    parts = key.split(".")
    return len(parts) > 2 and (parts[-1].isdigit() or parts[0] == "forcefield")


def _joined(parts: Sequence[str]) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", "_".join("all" if part == "*" else part for part in parts))


def _read_keys(table: Table, ground: Ground) -> tuple[str, ...]:
    given = table.text_or_texts("key")
    keys = (given,) if isinstance(given, str) else given
    for key in keys:
        _check_key(key, table, "key", ground)
    if len({ground.is_text(key) for key in keys}) > 1:
        raise table.error("key", "keys of numbers together, or of texts, since they get the same values")
    if len({ground.is_whole(key) for key in keys}) > 1:
        raise table.error("key", "keys that are whole numbers together, or none of them")
    return keys


def _check_key(key: str, table: Table, at: str, ground: Ground) -> None:
    """See that a key names something that a sweep varies."""
    parts = key.split(".")
    if parts[0] == "seed":
        raise table.error(at, "no seed: replicas = N gives each point N seed numbers of its own")
    if parts[0] in NOT_VARIED:
        raise table.error(at, "something physical: names, engines and output are not varied")
    try:
        ground.spots(key)
    except InputError as error:
        raise table.error(at, f"something of the condition or of its force field: {error}") from None


def _see_that_each_is_set_once(keys: Sequence[tuple[str, Table, str]], ground: Ground) -> None:
    taken: dict[Any, str] = {}
    for key, table, at in keys:
        for place in ground.spots(key):
            if place in taken:
                raise table.error(at, f"each thing once; {taken[place]} sets what {key} does")
            taken[place] = key


# ---- a table --------------------------------------------------------------------------------------


def read_points(
    tables: Sequence[Table], ground: Ground
) -> tuple[tuple[Axis, ...], tuple[Mapping[str, Value], ...]]:
    """Read ``[[sweep.point]]``: a column for each key, and the rows by name of the column.

    Keys stand in quotes; without, TOML makes tables of them, which are the same here.

    Raises
    ------
    InputError
        A row has other keys than the first, a value is of the wrong kind, or a row is there twice.
    """
    flat = [_flat(table) for table in tables]
    keys = list(flat[0].names())
    if not keys:
        raise flat[0].whole_error("keys of the condition with a value each")
    for key in keys:
        _check_key(key, flat[0], key, ground)
    _see_that_each_is_set_once([(key, flat[0], key) for key in keys], ground)
    names = default_names(keys)
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise flat[0].whole_error(f"keys that can be told apart by name; two are called {double!r}")
    rows: list[dict[str, Value]] = []
    seen: dict[tuple[object, ...], int] = {}
    for n, table in enumerate(flat, start=1):
        if differing := set(table.names()) ^ set(keys):
            key = sorted(differing)[0]
            raise table.error(key, f"the same keys in each point: point 1 has {', '.join(keys)}")
        row: dict[str, Value] = {}
        for name, key in zip(names, keys, strict=True):
            try:
                row[name] = clean(table.get(key, ""), key, ground)
            except InputError as error:
                kind = kind_of(key, ground).removesuffix("s")
                raise table.error(key, f"a {kind} in each point; {error}") from None
        same = tuple(sameness(value) for value in row.values())
        if same in seen:
            raise table.whole_error(f"each point once; it is the same as point {seen[same]}")
        seen[same] = n
        rows.append(row)
    axes = tuple(
        Axis(name, (key,), tuple({sameness(row[name]): row[name] for row in rows}.values()))
        for name, key in zip(names, keys, strict=True)
    )
    return axes, tuple(rows)


def _flat(table: Table) -> Table:
    """A row with dotted keys only."""
    found: dict[str, Any] = {}
    left: list[tuple[str, Any]] = [(name, table.get(name, "")) for name in reversed(table.names())]
    while left:  # no recursion: a dotted key has as many parts as somebody types
        key, value = left.pop()
        if isinstance(value, Mapping) and value:
            left += [(f"{key}.{name}", inner) for name, inner in reversed(list(value.items()))]
        elif key in found:
            raise table.whole_error(f"each key once; {key} is there twice, in quotes and without")
        else:
            found[key] = value
    return table.with_content(found)


def product_size(axes: Sequence[Axis]) -> int:
    """Number of points of the product of all axes; 1 without any."""
    return math.prod(len(axis.values) for axis in axes)
