"""What a study's folder is: a new one, this study's, or another's, and in which way another's."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from zeocryst.errors import InputError
from zeocryst.files.rundir import locked
from zeocryst.foundation.textfiles import parse_toml, read_text

#: Most differences that a message names.
MOST_SHOWN = 4


def is_new(out: Path) -> bool:
    """Whether nothing is there, or an empty folder.

    Raises
    ------
    InputError
        It is a file, or a folder with something else than a study in it.
    """
    if not out.exists():
        return True
    if not out.is_dir():
        raise InputError(f"--out {out}: is a file; give a folder")
    if not any(out.iterdir()):
        return True
    if not (out / "study.toml").is_file():
        raise InputError(f"--out {out}: the folder is not empty and holds no study; give a new one")
    return False


def check_same(out: Path, toml: str) -> None:
    """See that a folder holds this study; another engine makes no other study.

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
        old, new = (_flat(parse_toml(text, "")) | _digests(text) for text in (there, toml))
    except InputError:
        raise InputError(f"--out {out}: its study.toml is damaged; {cure}") from None
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if not differing:
        return
    told = [f"{key} was {old.get(key, 'not there')} and is {new.get(key, 'not there')}" for key in differing]
    more = f", and {len(told) - MOST_SHOWN} more" if len(told) > MOST_SHOWN else ""
    raise InputError(f"--out {out}: holds another study ({'; '.join(told[:MOST_SHOWN])}{more}); {cure}")


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Every key with its whole path; without the engine."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= {} if not before and key == "engine" else _flat(value, f"{before}{key}.")
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


def take_lock(out: Path) -> IO[str]:
    """Take the folder's lock, which the system releases when the process ends.

    Raises
    ------
    InputError
        The folder cannot be written, or another process has it.
    """
    try:
        lock = (out / "study.lock").open("w")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}") from None
    if not locked(lock, exclusive=True):
        lock.close()
        raise InputError(f"--out {out}: another zeocryst is running a study in this folder")
    return lock


def set_aside(out: Path) -> Path:
    """Rename a study's folder, so that a new one can begin; returns where it went."""
    take_lock(out).close()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside, number = out.with_name(f"{out.name}.{stamp}"), 1
    while aside.exists():
        number += 1
        aside = out.with_name(f"{out.name}.{stamp}-{number}")
    out.rename(aside)
    return aside


def write(path: Path, text: str) -> None:
    """Write a text file, complete or not at all."""
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.replace(partial, path)


def append(path: Path, message: str) -> None:
    """Append a line with the time."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {message}\n")
