"""``zeocryst new``: a commented condition to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from zeocryst.commands import DONE
from zeocryst.errors import InputError, nearest

HELP = "a commented condition to start from"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("name", metavar="NAME", help="folder to make")
    parser.add_argument(
        "--like", required=True, metavar="EXAMPLE", help="a shipped condition, such as sgt_seeded"
    )


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.condition.reading import shipped_names, shipped_text

    names = shipped_names()
    if options.like not in names:
        raise InputError(f"--like {options.like!r}: no such shipped condition; {nearest(options.like, names)}")
    folder = Path(options.name)
    if not folder.name.isidentifier():
        raise InputError(f"{options.name!r}: a name has letters, digits and _ only, and no digit first")
    if folder.exists():
        raise InputError(f"{folder} is there already; nothing is overwritten, give another name")
    text = shipped_text(options.like)
    folder.mkdir(parents=True)
    (folder / "condition.toml").write_text(text.replace(f'"{options.like}"', f'"{folder.name}"', 1), "utf-8")
    print(f"{folder / 'condition.toml'}; edit it, then: zeocryst check {folder}")
    return DONE
