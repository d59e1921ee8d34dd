"""Checked reading of TOML tables: every error names the file, the key, the value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from zeocryst.errors import InputError, nearest

_REQUIRED: Any = object()
#: Most characters of a value that a message shows.
MOST_SHOWN = 200


class Table:
    """One table of a TOML file, whose keys are taken out one by one.

    `finish` complains of keys that nobody asked for, so that a misspelt key is an error.

    Parameters
    ----------
    content
        The table.
    where
        The file, for messages.
    here
        Path of the table in it, such as ``stage 2``; empty for the top level.
    """

    def __init__(self, content: Mapping[str, Any], where: str, here: str = "") -> None:
        if not isinstance(content, Mapping):
            raise InputError(f"{where}: {here} = {_shown(content)}; expected a table, begun with [{here}]")
        self._content = content
        self._where = where
        self._here = here
        self._asked: set[str] = set()

    def with_content(self, content: Mapping[str, Any]) -> Table:
        """Another content that messages call the same, nothing of it asked for yet."""
        return Table(content, self._where, self._here)

    def error(self, key: str, expected: str) -> InputError:
        """The error for a wrong value of `key`, to be raised."""
        place = f"{self._where}: {self._here}: " if self._here else f"{self._where}: "
        given = f"= {_shown(self._content[key])}" if key in self._content else "is missing"
        return InputError(f"{place}{key} {given}; expected {expected}")

    def whole_error(self, expected: str) -> InputError:
        """The error for a table whose entries do not go together, to be raised."""
        return InputError(f"{self._where}: {self._here or 'top level'}: expected {expected}")

    def known(self, *names: str) -> Table:
        """Complain of a key that is none of these, and return the table.

        Called first of all, so that a misspelt key is named and not the one that is missing instead. What is
        known but not asked for (a key of another kind of table) is left to `finish`.
        """
        for key in self._content:
            if key not in names:
                place = f"{self._where}: {self._here or 'top level'}"
                raise InputError(f"{place}: unknown key {key!r}; {nearest(key, names)}")
        return self

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def get(self, key: str, expected: str, default: Any = _REQUIRED) -> Any:
        """The raw value of `key`; missing is an error unless there is a default."""
        self._asked.add(key)
        if key in self._content:
            return self._content[key]
        if default is _REQUIRED:
            raise self.error(key, expected)
        return default

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """A text that is not empty."""
        value = self.get(key, "text", default)
        if value is not default and not (isinstance(value, str) and value.strip()):
            raise self.error(key, "text in quotes")
        return str(value)

    def text_or_texts(self, key: str) -> str | tuple[str, ...]:
        """A text, or a list of them, each once."""
        value = self.get(key, "text in quotes, or a list of texts")
        if not isinstance(value, list):
            return self.text(key)
        if not value or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.error(key, "text in quotes, or a list of texts")
        return tuple(dict.fromkeys(value))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, each once, which may be empty; a text alone is a list of it."""
        if self.get(key, "a list of texts") == []:
            return ()
        found = self.text_or_texts(key)
        return (found,) if isinstance(found, str) else found

    def choice(self, key: str, allowed: Collection[str], default: Any = _REQUIRED) -> str:
        """One of the allowed words."""
        value = self.get(key, f"one of {', '.join(allowed)}", default)
        if value not in allowed:
            raise self.error(key, f"a known name; {nearest(str(value), allowed)}")
        return str(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.get(key, "true or false", default)
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def number(
        self,
        key: str,
        default: Any = _REQUIRED,
        *,
        above: float | None = None,
        least: float | None = None,
        most: float | None = None,
    ) -> float:
        """A finite number within the bounds (`above` itself is not allowed).

        With both `above` and `least` the latter is a bound of reason, named only where it is missed.
        """
        expected = _range("a number", above, None if above is not None else least, most)
        value = self.get(key, expected, default)
        if value is default and default is not _REQUIRED:
            return value  # type: ignore[no-any-return]
        if not _is_number(value) or not _within(value, above, least, most):
            if _is_number(value) and _within(value, above, None, most):
                expected = _range("a number", None, least, most)
            raise self.error(key, expected)
        return float(value)

    def integer(self, key: str, default: Any = _REQUIRED, *, least: int, most: int = 2**31) -> int:
        """A whole number within the bounds."""
        expected = _range("a whole number", None, least, most if most < 2**31 else None)
        value = self.get(key, expected, default)
        if value is default and default is not _REQUIRED:
            return value  # type: ignore[no-any-return]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, expected)
        return value

    def numbers(
        self,
        key: str,
        count: int,
        default: Any = _REQUIRED,
        *,
        whole: bool = False,
        least: float,
        most: float | None = None,
    ) -> tuple[Any, ...]:
        """A list of `count` numbers, each at least `least` and at most `most`."""
        kind = "whole numbers" if whole else "numbers"
        expected = f"a list of {count} {kind}, each {least:g} or more"
        if most is not None:
            expected += f" and at most {most:g}"
        value = self.get(key, expected, default)
        if value is default and default is not _REQUIRED:
            return value  # type: ignore[no-any-return]
        good = isinstance(value, list) and len(value) == count and all(map(_is_number, value))
        if not good or any(
            not _within(v, None, least, most) or (whole and not isinstance(v, int)) for v in value
        ):
            raise self.error(key, expected)
        return tuple(value)

    def words(self, key: str, count: int, allowed: Collection[str]) -> list[str]:
        """A list of `count` of the allowed words."""
        expected = f"a list of {count} of {', '.join(allowed)}"
        value = self.get(key, expected)
        if (
            not isinstance(value, list)
            or len(value) != count
            or any(not isinstance(v, str) or v not in allowed for v in value)
        ):
            raise self.error(key, expected)
        return value

    def table(self, key: str, default: Any = _REQUIRED) -> Table:
        """A table below this one."""
        value = self.get(key, f"a table, begun with [{key}]", default)
        if not isinstance(value, Mapping):
            raise self.error(key, f"a table, begun with [{key}]")
        here = f"{self._here}.{key}" if self._here else key
        return Table(value, self._where, here)

    def tables(self, key: str, *, least: int = 0) -> list[Table]:
        """A list of tables, each begun with [[key]]."""
        expected = f"a list of tables, each begun with [[{key}]]" + (f", at least {least}" if least else "")
        value = self.get(key, expected, _REQUIRED if least else [])
        if not isinstance(value, list) or len(value) < least:
            raise self.error(key, expected)
        if not all(isinstance(v, Mapping) for v in value):
            raise self.error(key, expected)
        here = f"{self._here}.{key}" if self._here else key
        return [Table(v, self._where, f"{here} {n}") for n, v in enumerate(value, start=1)]

    def names(self) -> list[str]:
        """The keys that are there, all taken as asked for."""
        self._asked.update(self._content)
        return list(self._content)

    def finish(self) -> None:
        """Raise for the first key that was not asked for."""
        for key in self._content:
            if key not in self._asked:
                place = f"{self._where}: {self._here or 'top level'}"
                raise InputError(f"{place}: unknown key {key!r}; {nearest(key, self._asked)}")


def _shown(value: Any) -> str:
    """A value in a message: a long one by its beginning."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, brackets within brackets
        return f"a {type(value).__name__} too long to show"
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + " ..."


def _is_number(value: Any) -> bool:
    """A finite number; whole ones of hundreds of digits are none that anybody means."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < 1e300 and math.isfinite(value)


def _within(value: float, above: float | None, least: float | None, most: float | None) -> bool:
    return (
        (above is None or value > above)
        and (least is None or value >= least)
        and (most is None or value <= most)
    )


def _range(kind: str, above: float | None, least: float | None, most: float | None) -> str:
    parts = [f"more than {above:g}"] if above is not None else []
    parts += [f"at least {least:g}"] if least is not None else []
    parts += [f"at most {most:g}"] if most is not None else []
    return f"{kind}, {' and '.join(parts)}" if parts else kind
