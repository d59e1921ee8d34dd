"""Calculators of ASE as methods of refinement: by a name, by what is to be imported, or from a file.

A file is Python, and has ``calculator``: a calculator, or a function without arguments that makes one. The
default among calculators is SevenNet's 7net-mf-0 with its r2SCAN head, whose weights come within the package
``sevenn``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError, nearest
from zeocryst.foundation.plugins import run_file
from zeocryst.refinement.calculated import Calculated, Known, is_calculator
from zeocryst.refinement.watching import Origin

SEVENNET = (
    "SevenNet 7net-mf-0, r2SCAN head: J. Kim, J. Kim, J. Kim, J. Lee, Y. Park, Y. Kang, S. Han, J. Am. Chem. "
    "Soc. 147, 1042 (2025)"
)
D3 = (
    "D3 with Becke-Johnson damping for r2SCAN: S. Grimme, S. Ehrlich, L. Goerigk, J. Comput. Chem. 32, 1456 "
    "(2011); S. Ehlert et al., J. Chem. Phys. 154, 061101 (2021); by s-dftd3"
)
GFN2 = (
    "GFN2-xTB: C. Bannwarth, S. Ehlert, S. Grimme, J. Chem. Theory Comput. 15, 1652 (2019); by tblite, Γ only"
)
_SEVENNET = ("sevenn.calculator:SevenNetCalculator", {"model": "7net-mf-0", "modal": "R2SCAN"})
KNOWN = {
    "7net-mf-0": Known((_SEVENNET,), SEVENNET),
    "7net-mf-0+d3": Known(
        (_SEVENNET, ("dftd3.ase:DFTD3", {"method": "r2SCAN", "damping": "d3bj"})), f"{SEVENNET}. {D3}"
    ),
    "gfn2": Known(
        (("tblite.ase:TBLite", {"method": "GFN2-xTB", "verbosity": 0}),), GFN2, least_width_A=10.0,
        takes_charge=True, charges=True,
    ),
}  # fmt: skip
#: Other names of theirs.
ALIASES = {"7net": "7net-mf-0", "7net+d3": "7net-mf-0+d3", "gfn2-xtb": "gfn2"}
OTHERWISE = "the name of one of ASE's own, PACKAGE.MODULE:CLASS, or FILE.py with a function calculator()"


def calculator_names() -> list[str]:
    """Names that calculators have here; ASE's own and files are others."""
    return list(KNOWN)


def calculator_named(text: str, *, also: Iterable[str] = ()) -> Calculated:
    """A calculator as a method of refinement.

    Parameters
    ----------
    text
        One of `calculator_names` (in any case), a name of ASE's (``"emt"``), ``"package.module:Class"``, called
        without arguments, or the path of a Python file.
    also
        Further names that would have been understood, for the message.

    Raises
    ------
    InputError
        It is none of these, or not installed, or the file is wrong.
    """
    from ase.calculators.names import names

    name = ALIASES.get(text.lower(), text.lower())
    if name in KNOWN:
        return _known(name)
    if text.endswith(".py") or os.sep in text:
        return _from_file(text)
    if ":" in text:
        return _imported(text)
    if name in names:
        return _made(Origin(name), partial(_of_ase, name), f"{name}, of ASE")
    hint = nearest(text, [*KNOWN, *ALIASES, *also])
    raise InputError(f"no force field or calculator {text!r}; {hint}; or {OTHERWISE}")


def _known(name: str) -> Calculated:
    """One that has a name here."""
    known = KNOWN[name]

    def _make() -> Any:
        found = [_attribute(where)(**options) for where, options in known.parts]
        if len(found) == 1:
            return found[0]
        from ase.calculators.mixing import SumCalculator

        return SumCalculator(found)

    made = _made(Origin(name, quiet=True), _make, known.source, install=known.install)
    return replace(made, known=known)


def _of_ase(name: str) -> Any:
    """One of ASE's own, with its defaults."""
    from ase.calculators.calculator import get_calculator_class

    return get_calculator_class(name)()


def _attribute(where: str) -> Any:
    """What ``"module:name"`` stands for."""
    module, _, name = where.partition(":")
    return getattr(importlib.import_module(module), name)


def _imported(text: str) -> Calculated:
    """What is to be imported: a class or function to be called, or a calculator."""

    def _make() -> Any:
        found = _attribute(text)
        return found if is_calculator(found) and not isinstance(found, type) else found()

    return _made(Origin(text), _make, f"{text}, a calculator for ASE")


def _from_file(text: str) -> Calculated:
    """What a Python file has by the name ``calculator``."""
    plugin, module = run_file(Path(text))
    if not hasattr(module, "calculator"):
        raise plugin.error("it has no calculator; expected a function calculator() that returns one of ASE's")
    thing = module.calculator
    origin = Origin(text, plugin)
    source = f"{Path(text).name}, SHA-256 {plugin.sha256}"
    return _made(origin, lambda: thing() if callable(thing) else thing, source)


def _made(origin: Origin, make: Callable[[], Any], source: str, *, install: str | None = None) -> Calculated:
    """A calculator that was just made, as a method."""

    def _make_or_tell() -> Any:
        try:
            return make()
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if not package or importlib.util.find_spec(package) is not None:
                raise
            raise InputError(
                f"{origin.label} needs the Python package {package}, which is not installed: python -m pip "
                f"install {install or package}"
            ) from None

    with origin.told("the calculator cannot be made", InputError):
        calculator = _make_or_tell()
    if not is_calculator(calculator):
        raise InputError(
            f"{origin.label}: this is {type(calculator).__name__}, no calculator of ASE, which has get_forces "
            "and get_potential_energy"
        )
    return Calculated(origin.label, source, calculator, origin)
