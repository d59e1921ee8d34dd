"""Places in nested tables and lists, as TOML has them, and the dotted keys that name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Where a value stands in nested tables and lists.
Place = tuple[str | int, ...]


def turned(types: list[str]) -> tuple[str, ...]:
    """The other order of the same pair, or of a triplet with the arms exchanged."""
    return tuple(reversed(types)) if len(types) == 2 else (types[0], types[2], types[1])


def is_number(value: Any) -> bool:
    """Whether it is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers(value: Any, place: Place = ()) -> list[tuple[Place, Any]]:
    """Every number in nested tables and lists."""
    if is_number(value):
        return [(place, value)]
    items: Any = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    return [found for key, inner in items for found in numbers(inner, (*place, key))]


def key_of(place: Place) -> str:
    """A place as a dotted key, lists counted from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def at(table: Any, place: Place) -> Any:
    """What stands at a place."""
    for part in place:
        table = table[part]
    return table


def put(table: Any, place: Place, value: Any) -> None:
    """Put a value at a place."""
    at(table, place[:-1])[place[-1]] = value


def index_of(part: str, count: int) -> int | None:
    """Place, from 0, that a number from 1 to `count` in a key names; None where it is no such number."""
    if not (part.isascii() and part.isdigit() and len(part) < 10 and 1 <= int(part) <= count):
        return None
    return int(part) - 1


def walk(table: Any, head: Place, parts: list[str]) -> Place | None:
    """The place that dotted parts lead to from a head; None where there is nothing."""
    place = head
    for part in parts:
        here = at(table, place)
        if isinstance(here, list):
            if (number := index_of(part, len(here))) is None:
                return None
            place = (*place, number)
        elif isinstance(here, Mapping) and part in here:
            place = (*place, part)
        else:
            return None
    return place
