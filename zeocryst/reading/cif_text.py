"""CIF as text: what spoils it for a strict reader and means nothing, and where its rows are broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: One value, or a comment, of a line.
TOKEN = re.compile(r"'.*?'(?=\s|$)|\".*?\"(?=\s|$)|#.*|\S+")
HEADER = re.compile(r"^\s*data_", re.IGNORECASE | re.MULTILINE)
RESERVED = ("data_", "loop_", "save_", "global_", "stop_", "_")
#: What editors and PDF files make of minus signs and blanks, and the mark at the beginning of a file.
PLAIN = {0x2212: "-", 0x2013: "-", 0x2010: "-", 0x2011: "-", 0x00A0: " ", 0xFEFF: "", 0x2019: "'"}


@dataclass(frozen=True)
class Loop:
    """A loop of a CIF by lines.

    Attributes
    ----------
    tags : list of str
    lines : list of (int, int)
        Number of each line of values, counted from 1, and how many values it has.
    """

    tags: list[str]
    lines: list[tuple[int, int]]

    @property
    def count(self) -> int:
        """Number of values."""
        return sum(count for _, count in self.lines)


def prepared(text: str) -> str:
    """The text with a header where it has none, and in ASCII; lines keep their numbers."""
    text = text.translate(PLAIN).encode("ascii", "replace").decode().replace("\x00", "?")
    return text if HEADER.search(text) else "data_ " + text


def loops(text: str) -> Iterator[Loop]:
    """Every loop, line by line."""
    now: Loop | None = None
    inside = False  # a text between two lines that begin with ;
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(";"):
            inside = not inside
            if inside and now is not None:
                now.lines.append((number, 1))
            continue
        if inside:
            continue
        values = 0
        for token in TOKEN.findall(line):
            low = token.lower()
            if token.startswith("#"):
                break
            if low == "loop_":
                if now is not None:
                    yield now
                now = Loop([], [])
            elif now is not None and token.startswith("_") and not now.lines and not values:
                now.tags.append(token)
            elif low.startswith(RESERVED):
                if now is not None:
                    yield now
                now = None
            else:
                values += 1
        if now is not None and values:
            now.lines.append((number, values))
    if now is not None:
        yield now


def odd_rows(text: str, tag: str | None = None) -> str:
    """Words on the first line whose number of values is not that of its loop's columns; empty for none.

    Parameters
    ----------
    text
        Of the CIF.
    tag
        Only of the loop that has this one; of any whose values do not fill whole rows when not given.
    """
    for loop in loops(text):
        width = len(loop.tags)
        if width == 0 or (tag is not None and tag.lower() not in (name.lower() for name in loop.tags)):
            continue
        if tag is None and loop.count % width == 0 and loop.count:
            continue
        if not loop.lines:
            return f"the loop of {loop.tags[0]} has no values"
        # rows that go on over several lines are allowed, so those that all others are not tell more
        odd = [(number, count) for number, count in loop.lines if count != width]
        if odd:
            number, count = odd[0]
            return f"line {number} has {count} values, its loop (of {loop.tags[0]}) {width} columns"
    return ""


def why_not(text: str, error: str) -> str:
    """What is wrong with a CIF that gemmi does not read, from its message."""
    found = re.match(r"[^:]*:(\d+)(?::\d+(?:\(\d+\))?)?:?\s*(.*)", error, re.DOTALL)
    line, reason = (found.group(1), found.group(2)) if found else ("", error)
    if "in loop" in reason:
        odd = odd_rows(text)
        if odd:
            return f"not a readable CIF: {odd}"
    where = f"line {line}: " if line else ""
    return f"not a readable CIF: {where}{' '.join(reason.split())}"
