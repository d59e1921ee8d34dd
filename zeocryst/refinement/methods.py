"""Methods of refinement by name."""

from __future__ import annotations

from pathlib import Path

from zeocryst.errors import InputError, nearest
from zeocryst.refinement.classical import Classical
from zeocryst.refinement.forcefield import read_atomfield, shipped_atomfields
from zeocryst.refinement.protocol import Method


def method_names() -> list[str]:
    """Names that `method_named` knows; a path of a force field's file is one besides."""
    return shipped_atomfields()


def method_named(name: str) -> Method:
    """A method of refinement.

    Parameters
    ----------
    name
        One of `method_names`, in any case, or the path of a TOML file of a force field of atoms.

    Raises
    ------
    InputError
        There is none of that name; the message lists those that there are.
    """
    if name.lower() in shipped_atomfields() or (name.endswith(".toml") and Path(name).is_file()):
        return Classical(read_atomfield(name))
    raise InputError(f"no method of refinement {name!r}; {nearest(name, method_names())}, or the TOML file of a force field")
