"""The one door for each kind of text file: whatever a damaged one raises becomes one message with its path.

Parsers raise more than their documentation says where a file is damaged (``RecursionError`` for a thousand
brackets, ``OverflowError``, ``IndexError``, ...), so that all of it is caught here, once for each format.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError

#: Most characters of a parser's own words in a message.
MOST_WORDS = 200


@contextmanager
def damage_told(what: str) -> Iterator[None]:
    """Turn whatever is raised inside into one `InputError` that begins with `what`.

    Errors of zeocryst's own pass as they are, and so does a disk that cannot be read or written (``OSError``
    with a number), which is no fault of the file's content.
    """
    try:
        yield
    except InputError:
        raise
    except RecursionError:
        raise InputError(f"{what}: nested too deeply") from None
    except MemoryError as error:
        raise InputError(f"{what}: it asks for more memory than there is: {in_short(error)}") from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"{what}: {in_short(error)}") from None


def in_short(error: BaseException) -> str:
    """An error's own words in one line, or its kind where it has none."""
    try:
        words = " ".join(str(error).split()) or type(error).__name__
    except Exception:  # errors of other people may have no words
        words = type(error).__name__
    return words if len(words) <= MOST_WORDS else words[:MOST_WORDS] + " ..."


def read_text(path: Path) -> str:
    """A text file in UTF-8.

    Raises
    ------
    InputError
        It cannot be read, or is no text.
    """
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or in_short(error)}") from None
    except MemoryError:
        raise InputError(f"{path}: larger than the memory that there is") from None


def write_text(path: Path, text: str) -> None:
    """Write a text file, complete or not at all; lines end as in the text."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, "utf-8", newline="")
    partial.replace(path)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """TOML text as a table; `where` names it in messages.

    Raises
    ------
    InputError
        It is not valid TOML.
    """
    with damage_told(f"{where}: not valid TOML"):
        return tomllib.loads(text)


def parse_json(text: str, where: str) -> Any:
    """JSON text; `where` names it in messages.

    Raises
    ------
    InputError
        It is not valid JSON.
    """
    with damage_told(f"{where}: damaged, not valid JSON"):
        return json.loads(text)


def read_table(path: Path, *, growing: bool = False) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a CSV file, as texts.

    Parameters
    ----------
    path
        The file.
    growing
        Whether another process may be writing it: a last line that has no end yet is left out.

    Raises
    ------
    InputError
        It cannot be read; there is no header, a column comes twice, or a row has more or fewer entries.
    """
    with damage_told(f"{path}: damaged, not a table"):
        text = read_text(path)
        if growing:
            text = text[: text.rfind("\n") + 1]
        lines = list(csv.reader(text.splitlines(), strict=True))
    if not lines and growing:
        return [], []
    if not lines:
        raise InputError(f"{path}: damaged: it is empty")
    header, rows = lines[0], lines[1:]
    if len(set(header)) != len(header):
        raise InputError(f"{path}: damaged: a column comes twice")
    for n, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise InputError(f"{path}: damaged: line {n} has {len(row)} entries, the header {len(header)}")
    return header, [dict(zip(header, row, strict=True)) for row in rows]
