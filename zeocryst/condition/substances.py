"""The names under which recipes have their substances, and what each amounts to in those that are counted.

What is counted: SiO2 (a T each), OSDA (an S each), and H2O, ethanol, Al2O3 and Na2O, which take room. A recipe
may name what was weighed instead: tetraethyl orthosilicate is SiO2 and ethanol, less the water that hydrolyses
it, Si(OC2H5)4 + 2 H2O -> SiO2 + 4 C2H5OH; sodium hydroxide is half a Na2O and half a H2O.
"""

from __future__ import annotations

from collections.abc import Mapping

from zeocryst.errors import InputError

#: What is counted, in moles; a recipe has to have the first three.
COUNTED = ("SiO2", "OSDA", "H2O", "ethanol", "Al2O3", "Na2O")

_TEOS = {"SiO2": 1.0, "ethanol": 4.0, "H2O": -2.0}
_HYDROXIDE = {"OSDA": 1.0}
#: Other names, and what a mole of each amounts to.
OTHERS: dict[str, dict[str, float]] = {
    "silica": {"SiO2": 1.0},
    "TEOS": _TEOS,
    "Si(OC2H5)4": _TEOS,
    "Si(OEt)4": _TEOS,
    "Si(OH)4": {"SiO2": 1.0, "H2O": 2.0},
    **dict.fromkeys(
        ("SDA", "TPAOH", "TEAOH", "TMAOH", "TBAOH", "TPABr", "TPACl", "TEABr", "TMACl"), _HYDROXIDE
    ),
    "water": {"H2O": 1.0},
    "EtOH": {"ethanol": 1.0},
    "C2H5OH": {"ethanol": 1.0},
    "alumina": {"Al2O3": 1.0},
    "Al(OH)3": {"Al2O3": 0.5, "H2O": 1.5},
    "NaAlO2": {"Al2O3": 0.5, "Na2O": 0.5},
    "NaOH": {"Na2O": 0.5, "H2O": 0.5},
}
NAMES = (*COUNTED, *OTHERS)
#: Under which names a recipe can give what it has to have.
SOURCES = {
    "SiO2": ("SiO2", *(name for name, parts in OTHERS.items() if "SiO2" in parts)),
    "OSDA": ("OSDA", *(name for name, parts in OTHERS.items() if "OSDA" in parts)),
    "H2O": ("H2O", "water"),
}
#: Counted substances that are no beads.
NO_BEADS = {
    "Al2O3": "aluminium is no bead of the model",
    "Na2O": "sodium and alkalinity are no part of the model",
}


def amounts(recipe: Mapping[str, float]) -> dict[str, float]:
    """Moles of what is counted in a recipe of any known names.

    Raises
    ------
    InputError
        More water would be used up than there is.
    """
    found = dict.fromkeys(COUNTED, 0.0)
    for name, moles in recipe.items():
        for counted, each in OTHERS.get(name, {name: 1.0}).items():
            found[counted] += each * moles
    if found["H2O"] < 0:
        raise InputError(
            f"{found['H2O'] + 2 * _orthosilicate(recipe):g} H2O are less than what hydrolyses the TEOS, two "
            "for each; expected more"
        )
    return found


def in_words(recipe: Mapping[str, float]) -> list[str]:
    """What was counted as something else, and what is no bead: a sentence for each substance."""
    said = []
    for name, moles in recipe.items():
        if moles and name in OTHERS:
            parts = [f"{moles * each:+.4g} {counted}" for counted, each in OTHERS[name].items()]
            said.append(f"{moles:g} {name} is counted as {' '.join(parts).lstrip('+')}")
            if OTHERS[name] is _HYDROXIDE and name not in ("SDA", "TPAOH"):
                said[-1] += ", an S each with the volume of TPAOH (give density_T_per_1000A3 for another)"
    for counted, moles in amounts(recipe).items():
        if moles and counted in NO_BEADS:
            said.append(f"{moles:g} {counted} takes room only: {NO_BEADS[counted]}")
    return said


def _orthosilicate(recipe: Mapping[str, float]) -> float:
    return sum(moles for name, moles in recipe.items() if OTHERS.get(name) is _TEOS)
