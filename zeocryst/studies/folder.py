"""Whether a folder holds this study or another, and in which way another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import parse_toml, read_text

#: Most differences that a message names.
MOST_SHOWN = 4


def check_same(out: Path, toml: str, free: str = "") -> None:
    """See that a folder holds this study; another engine makes no other study.

    Parameters
    ----------
    out
        The folder.
    toml
        The study.
    free
        A table in which they may differ.

    Raises
    ------
    InputError
        It holds another one; the message says what differs.
    """
    there = read_text(out / "study.toml")
    if there == toml:
        return
    cure = "give a new folder, or --restart to set that one aside and begin anew"
    try:
        old, new = (_flat(parse_toml(text, ""), free=free) | _digests(text) for text in (there, toml))
    except InputError:
        raise InputError(f"--out {out}: its study.toml is damaged; {cure}") from None
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if not differing:
        return
    told = [f"{key} was {old.get(key, 'not there')} and is {new.get(key, 'not there')}" for key in differing]
    more = f", and {len(told) - MOST_SHOWN} more" if len(told) > MOST_SHOWN else ""
    raise InputError(f"--out {out}: holds another study ({'; '.join(told[:MOST_SHOWN])}{more}); {cure}")


def _flat(table: Mapping[str, Any], before: str = "", *, free: str = "") -> dict[str, str]:
    """Every key with its whole path; without the engine, and without a table that is free to change."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= {} if not before and key in ("engine", free) else _flat(value, f"{before}{key}.")
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for n, each in enumerate(value, start=1):
                found |= _flat(each, f"{before}{key} {n}.")
        else:
            found[before + key] = repr(value)
    return found


def _digests(text: str) -> dict[str, str]:
    """The comments at the beginning: what the study depends on and does not hold."""
    lines = [line[2:].rpartition(" ") for line in text.splitlines() if line.startswith("# ")]
    return {f"the content of the {what}": digest for what, _, digest in lines}
