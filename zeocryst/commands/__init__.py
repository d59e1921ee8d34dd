"""The commands: one file each, with its arguments and its one call.

A module here is the command of its name, but for those that begin with an underscore: adding a command is
adding a file, with

``HELP``
    what it does, in half a line;
``arguments(parser)``
    its arguments;
``answer(options)``
    the call, which returns the exit status;

and, where needed, ``USAGE`` (where arguments alone do not tell it), ``OWN_PROGRESS`` (true: it says itself why
nothing comes yet).
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from typing import Protocol, cast

DONE, BAD_INPUT, FAILED, STOPPED = 0, 2, 3, 4


class Command(Protocol):
    """What a module of this package has."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments."""

    def answer(self, options: argparse.Namespace) -> int:
        """Do it; the exit status."""


def commands() -> dict[str, Command]:
    """Every command by its name."""
    names = [found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_")]
    return {name: cast("Command", importlib.import_module(f"{__name__}.{name}")) for name in names}
