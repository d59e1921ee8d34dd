"""A folder for results that is there only once it is complete."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zeocryst.errors import InputError


def check_empty(out: Path | None) -> None:
    """See that a folder can be made there, or is empty.

    Raises
    ------
    InputError
        It is a file, or holds something.
    """
    if out is None or not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {out}: is a file; give a folder")
    if any(out.iterdir()):
        raise InputError(f"--out {out}: the folder is not empty; nothing is overwritten, give a new one")


@contextmanager
def folder(out: Path | None) -> Iterator[Path | None]:
    """A folder to write into that becomes `out` at the end; if something fails, nothing is left. None for None.

    Raises
    ------
    InputError
        It cannot be written.
    """
    if out is None:
        yield None
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        around = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}") from None
    try:
        made = around / "made"  # with the usual permissions, which a temporary folder has not
        made.mkdir()
        yield made
        if out.is_dir():
            out.rmdir()
        made.rename(out)
    finally:
        shutil.rmtree(around, ignore_errors=True)
