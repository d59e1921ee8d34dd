"""What the folder of a run and that of a study have in common: is it one, its lock, its log, its other name."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from zeocryst.errors import InputError


def is_new(out: Path, ours: bool, what: str) -> bool:
    """Whether nothing is there, or an empty folder.

    Parameters
    ----------
    out
        The folder.
    ours
        Whether it has what marks it as one of ours.
    what
        What it holds then, for messages.

    Raises
    ------
    InputError
        It is a file, or a folder with something else in it.
    """
    if not out.exists():
        return True
    if not out.is_dir():
        raise InputError(f"--out {out}: is a file; give a folder")
    if not any(out.iterdir()):
        return True
    if not ours:
        raise InputError(f"--out {out}: the folder is not empty and holds no {what}; give a new one")
    return False


def take_lock(out: Path, name: str, doing: str) -> IO[str]:
    """Take a folder's lock, which the system releases when the file is closed or the process ends.

    Parameters
    ----------
    out, name
        The folder, and the lock's name in it.
    doing
        What another process does that has it, for the message.

    Raises
    ------
    InputError
        The folder cannot be written, or another process has it.
    """
    try:
        lock = (out / name).open("w")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}") from None
    if not locked(lock, exclusive=True):
        lock.close()
        raise InputError(f"--out {out}: another zeocryst is {doing} in this folder")
    return lock


def locked(file: IO[str], *, exclusive: bool) -> bool:
    """Take a lock of the system's, which ends with the process or the file; False where another has it."""
    try:
        import fcntl
    except ImportError:  # no such locks outside Unix
        return True
    for left in (3, 2, 1, 0):  # whoever asks whether a run goes on holds it for a moment
        with suppress(OSError):
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            return True
        if left and exclusive:
            time.sleep(0.02)
    return False


def set_aside(out: Path) -> Path:
    """Rename a folder after the time, so that a new one can begin; returns where it went."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside, number = out.with_name(f"{out.name}.{stamp}"), 1
    while aside.exists():
        number += 1
        aside = out.with_name(f"{out.name}.{stamp}-{number}")
    out.rename(aside)
    return aside


def log(out: Path, message: str) -> None:
    """Append a line with the time to ``log.txt``."""
    with (out / "log.txt").open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {message}\n")
