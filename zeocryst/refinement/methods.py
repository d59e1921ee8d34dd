"""Methods of refinement by name: force fields, and calculators of ASE."""

from __future__ import annotations

from pathlib import Path

from zeocryst.refinement.calculators import calculator_named, calculator_names
from zeocryst.refinement.classical import Classical
from zeocryst.refinement.forcefield import read_atomfield, shipped_atomfields
from zeocryst.refinement.protocol import Method


def method_names() -> list[str]:
    """Names that `method_named` knows, force fields first."""
    return [*shipped_atomfields(), *calculator_names()]


def method_named(name: str) -> Method:
    """A method of refinement.

    Parameters
    ----------
    name
        One of `method_names`, in any case; the path of a force field's TOML file; or whatever else
        `zeocryst.refinement.calculators.calculator_named` takes.

    Raises
    ------
    InputError
        There is none of that name; the message lists those that there are.
    """
    if name.lower() in shipped_atomfields() or Path(name).suffix == ".toml":
        return Classical(read_atomfield(name))
    return calculator_named(name, also=shipped_atomfields())
