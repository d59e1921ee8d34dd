"""Force fields of atoms: reads ``forcefields/*.toml`` with ``form = "atoms"``.

A file says which *types* there are, each with its element and its role (what `zeocryst.refinement.typing`
finds an atom to be), and which terms act between them. Energies and lengths are as published, with the unit
in the key; what is read here is in eV, Å and degrees.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml, read_text
from zeocryst.model.forcefield import shipped
from zeocryst.model.topology import Coefficients
from zeocryst.units import EV_PER_KCAL_PER_MOL

FORM = "atoms"
#: What an atom can be. T with four O; O of two T, of one T and one H, of two T and one H, of two H; H on one of
#: the latter three; and what has no bonds.
ROLES = ("tetrahedral", "bridging", "terminal", "acid", "water", "cation")
#: How terms between two types follow from numbers of each, and which numbers those are.
MIXING = {
    "lorentz-berthelot": ("D0_kcal_per_mol", "R0_A"),
    "matsui": ("A_A", "B_A", "C_sqrt_kJ_per_mol_A3"),
}
#: Forms of pairs: LAMMPS's style, and the keys of its numbers.
PAIRS = {
    "buckingham": ("buck", ("A_eV", "rho_A", "C_eV_A6")),
    "shik": ("buck24", ("A_eV", "B_per_A", "C_eV_A6", "D_eV_A24")),
}
BONDS = {
    "morse": ("morse", ("D_eV", "a_per_A", "r0_A")),
    "harmonic": ("harmonic", ("K_kcal_per_mol_A2", "r0_A")),
}
LARGEST = 1e9


@dataclass(frozen=True)
class Shell:
    """A shell on a spring: charge (e), K of K x^2 (eV/Å^2), mass (amu)."""

    name: str
    charge_e: float
    spring_eV_per_A2: float
    mass_amu: float


@dataclass(frozen=True)
class AtomType:
    """A type of atoms.

    Attributes
    ----------
    name, element : str
    roles : tuple of str
        Some of `ROLES`.
    beside : dict
        How many T of an element an O has to be bonded to; what is not named does not matter.
    charge_e : float
        Without its shell's.
    shell : Shell or None
    own : dict
        Numbers from which pair terms are mixed.
    """

    name: str
    element: str
    roles: tuple[str, ...]
    beside: Mapping[str, int]
    charge_e: float
    shell: Shell | None
    own: Mapping[str, float]


@dataclass(frozen=True)
class Pair:
    """What two types do to each other: LAMMPS's style and numbers, and the cut-off, Å."""

    types: tuple[str, str]
    coefficients: Coefficients
    cutoff_A: float


@dataclass(frozen=True)
class Bonded:
    """A bond of two types or a bend of three, vertex in the middle, where the O has this role (None: any)."""

    types: tuple[str, ...]
    role: str | None
    coefficients: Coefficients


@dataclass(frozen=True)
class AtomField:
    """A force field of atoms.

    Attributes
    ----------
    name, source : str
    types : dict
        Name -> `AtomType`.
    pairs, bonds, angles : tuple
    mixing : str or None
        One of `MIXING`.
    coulomb : str
        ``"ewald"`` or ``"smooth"`` (`zeocryst.model.topology.Coulomb`).
    cutoff_A, smoothing_A : float
    rough_start : str or None
        The force field with which a rough start is smoothed first.
    """

    name: str
    source: str
    types: Mapping[str, AtomType]
    pairs: tuple[Pair, ...]
    bonds: tuple[Bonded, ...]
    angles: tuple[Bonded, ...]
    mixing: str | None
    coulomb: str
    cutoff_A: float
    smoothing_A: float
    rough_start: str | None

    def elements(self, role: str) -> list[str]:
        """Elements that have a type of a role."""
        return sorted({t.element for t in self.types.values() if role in t.roles})


def shipped_atomfields() -> list[str]:
    """Names of the force fields of atoms that come with zeocryst."""
    return shipped(FORM)


def read_atomfield(name: str | Path) -> AtomField:
    """A force field of atoms by the name of a shipped one (in any case), or from a TOML file.

    Raises
    ------
    InputError
        There is no such file or name, or an entry is wrong.
    """
    wanted = str(name).lower()
    if wanted in shipped_atomfields():
        text = resources.files("zeocryst.forcefields").joinpath(f"{wanted}.toml").read_text("utf-8")
        return parse_atomfield(text, f"forcefields/{wanted}.toml")
    path = Path(name)
    if not path.is_file():
        raise InputError(
            f"no force field {str(name)!r}; allowed: {', '.join(shipped_atomfields())}, or a TOML file"
        )
    text = read_text(path)
    found = parse_atomfield(text, str(path))
    # a changed copy may have the name and the source of a shipped one: its energies are its own
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(found, source=f"{found.source} {path.name}, SHA-256 {digest}")


def parse_atomfield(text: str, where: str) -> AtomField:
    """A force field of atoms from TOML text; `where` names it in error messages."""
    top = Table(parse_toml(text, where), where)
    top.known(
        "name", "form", "source", "ours", "seen", "coulomb", "cutoff_A", "short_cutoff_A", "smoothing_A",
        "mixing", "rough_start", "types", "pair", "bond", "angle",
    )  # fmt: skip
    top.choice("form", [FORM])
    name = top.text("name")
    source = " ".join(" ".join(top.text(key).split()) for key in ("source", "ours", "seen") if key in top)
    for key in ("ours", "seen"):
        top.get(key, "text", None)
    mixing = top.choice("mixing", list(MIXING)) if "mixing" in top else None
    coulomb = top.choice("coulomb", ["ewald", "smooth"])
    cutoff = top.number("cutoff_A", above=0, least=2.0, most=30.0)
    short = top.number("short_cutoff_A", cutoff, above=0, least=2.0, most=30.0)
    smoothing = top.number("smoothing_A", 0.0, least=0.0, most=2.0)
    types = _types(top.table("types"), MIXING[mixing] if mixing else ())
    known = {t.name for t in types.values()} | {t.shell.name for t in types.values() if t.shell}
    pairs = tuple(_pair(entry, known, short) for entry in top.tables("pair"))
    bonds = tuple(_bond(entry, known) for entry in top.tables("bond"))
    angles = tuple(_angle(entry, known) for entry in top.tables("angle"))
    for key, terms in (("pair", pairs), ("bond", bonds), ("angle", angles)):
        _each_once(terms, where, key)
    if not pairs and mixing is None:
        raise top.whole_error("[[pair]] entries, or a rule of mixing")
    rough = top.text("rough_start") if "rough_start" in top else None
    if rough is not None and rough.lower() not in shipped_atomfields():
        raise top.error("rough_start", f"one of {', '.join(shipped_atomfields())}")
    top.finish()
    return AtomField(name, source, types, pairs, bonds, angles, mixing, coulomb, cutoff, smoothing, rough)


def _types(table: Table, own: tuple[str, ...]) -> dict[str, AtomType]:
    from ase.data import chemical_symbols

    found: dict[str, AtomType] = {}
    taken: set[str] = set()
    for name in table.names():
        entry = table.table(name)
        entry.known("element", "role", "beside", "charge_e", "shell", *own)
        element = entry.choice("element", chemical_symbols[1:])
        roles = entry.text_or_texts("role")
        roles = (roles,) if isinstance(roles, str) else roles
        if not set(roles) <= set(ROLES):
            raise entry.error("role", f"one or several of {', '.join(ROLES)}")
        beside = {}
        if "beside" in entry:
            near = entry.table("beside")
            beside = {symbol: near.integer(symbol, least=0, most=4) for symbol in near.names()}
        charge = entry.number("charge_e", least=-10, most=10)
        shell = _shell(entry.table("shell")) if "shell" in entry else None
        numbers = {key: entry.number(key, least=0, most=1e6) for key in own}
        entry.finish()
        for label in (name, *([shell.name] if shell else [])):
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,15}", label) or label in taken:
                raise table.error(name, "names of types and shells, each once, of letters, digits and _")
            taken.add(label)
        found[name] = AtomType(name, element, roles, beside, charge, shell, numbers)
    if not found:
        raise table.whole_error("a table [types.NAME] for each type of atoms")
    return found


def _shell(entry: Table) -> Shell:
    entry.known("name", "charge_e", "spring_eV_per_A2", "mass_amu")
    shell = Shell(
        entry.text("name"),
        entry.number("charge_e", least=-10, most=10),
        entry.number("spring_eV_per_A2", above=0, least=1e-3, most=1e5) / 2,
        entry.number("mass_amu", above=0, least=0.01, most=10.0),
    )
    entry.finish()
    return shell


def _named(entry: Table, count: int, known: set[str]) -> tuple[str, ...]:
    return tuple(entry.words("types", count, sorted(known)))


def _pair(entry: Table, known: set[str], common: float) -> Pair:
    form = entry.choice("form", list(PAIRS))
    style, keys = PAIRS[form]
    entry.known("types", "form", "cutoff_A", *keys, *(["b_per_A"] if form == "buckingham" else []))
    numbers = []
    for key in keys:
        if key == "rho_A" and "b_per_A" in entry:
            numbers.append(1 / entry.number("b_per_A", above=0, least=1e-3, most=1e3))
        else:
            numbers.append(entry.number(key, least=1e-3 if key == "rho_A" else 0, most=LARGEST))
    cutoff = entry.number("cutoff_A", common, above=0, least=1.0, most=30.0)
    first, second = _named(entry, 2, known)
    entry.finish()
    return Pair((first, second), (style, tuple(numbers)), cutoff)


def _bond(entry: Table, known: set[str]) -> Bonded:
    form = entry.choice("form", list(BONDS))
    style, keys = BONDS[form]
    entry.known("types", "form", *keys)
    numbers = [entry.number(key, above=0, least=1e-6, most=LARGEST) for key in keys]
    if form == "harmonic":
        numbers[0] *= EV_PER_KCAL_PER_MOL
    types = _named(entry, 2, known)
    entry.finish()
    return Bonded(types, None, (style, tuple(numbers)))


def _angle(entry: Table, known: set[str]) -> Bonded:
    """A bend: k (theta - theta0)^2 / 2 with ``k_eV_...``, K (theta - theta0)^2 with ``K_kcal_...``."""
    entry.known("types", "role", "k_eV_per_rad2", "K_kcal_per_mol_rad2", "theta0_deg")
    if "k_eV_per_rad2" in entry:
        strength = entry.number("k_eV_per_rad2", above=0, least=1e-6, most=1e4) / 2
    else:
        strength = entry.number("K_kcal_per_mol_rad2", above=0, least=1e-6, most=1e5) * EV_PER_KCAL_PER_MOL
    angle = entry.number("theta0_deg", above=0, least=1.0, most=180.0)
    role = entry.choice("role", ROLES) if "role" in entry else None
    types = _named(entry, 3, known)
    entry.finish()
    return Bonded(types, role, ("harmonic", (strength, angle)))


def _each_once(terms: tuple[Any, ...], where: str, key: str) -> None:
    seen: set[tuple[Any, ...]] = set()
    for term in terms:
        same = (min(term.types, term.types[::-1]), getattr(term, "role", None))
        if same in seen:
            raise InputError(f"{where}: {key}: types = {list(term.types)} stands there twice; expected once")
        seen.add(same)
