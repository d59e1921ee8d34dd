"""The topology of a framework in a force field: particles, charges and all terms."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.model.topology import Coefficients, Collected, Coulomb, PairTerm, Terms, Topology
from zeocryst.refinement.forcefield import AtomField, AtomType, Bonded
from zeocryst.refinement.typing import Surroundings, check_elements, surroundings, typed
from zeocryst.units import EV_PER_KCAL_PER_MOL, KJ_PER_MOL_PER_EV

if TYPE_CHECKING:
    from ase import Atoms

Ints = NDArray[np.int64]

#: Largest net charge that is rounding, e.
NEUTRAL_E = 1e-3


def framework_topology(atoms: Atoms, field: AtomField) -> Topology:
    """Particles and terms of a framework with its protons and cations.

    The atoms in their order, then the shells in the order of their atoms.

    Raises
    ------
    InputError
        Atoms that the force field cannot describe; computes nothing before that is known.
    """
    check_elements(atoms, field)
    found = surroundings(atoms, field.elements("tetrahedral"), field.name)
    own = typed(atoms, found, field)
    _terms_of_bonds(atoms, own, found, field)
    cores = np.flatnonzero([t.shell is not None for t in own])
    shell_of = {int(k): len(own) + m for m, k in enumerate(cores)}
    used = {t.name for t in own}
    types = [t.name for t in field.types.values() if t.name in used]
    types += [t.shell.name for t in field.types.values() if t.shell and t.name in used]
    names = [t.name for t in own] + [own[k].shell.name for k in cores]  # type: ignore[union-attr]
    charge = [t.charge_e for t in own] + [own[k].shell.charge_e for k in cores]  # type: ignore[union-attr]
    number = {name: k for k, name in enumerate(types)}
    total = len(names)
    core = np.full(total, -1, np.int64)
    core[len(own) :] = cores
    return Topology(
        types=tuple(types),
        masses=_masses(types, field),
        kind=np.array([number[name] for name in names], np.int64),
        charge=np.array(charge, float),
        molecule=np.zeros(total, np.int64),
        core=core,
        bonds=_bonds(own, found, shell_of, field),
        angles=_angles(own, names, found, shell_of, field),
        pairs=tuple(_pairs(types, field)),
        coulomb=Coulomb(method=field.coulomb, cutoff_A=field.cutoff_A, smoothing_A=field.smoothing_A),  # type: ignore[arg-type]
        cutoff_A=field.cutoff_A,
    )


def _masses(types: list[str], field: AtomField) -> NDArray[np.float64]:
    """Of each type, amu; a core and its shell weigh as much as the atom."""
    from ase.data import atomic_masses, atomic_numbers

    weight = {}
    for t in field.types.values():
        weight[t.name] = float(atomic_masses[atomic_numbers[t.element]])
        if t.shell:
            weight[t.shell.name] = t.shell.mass_amu
            weight[t.name] -= t.shell.mass_amu
    return np.array([weight[name] for name in types])


def _terms_of_bonds(atoms: Atoms, own: list[AtomType], found: Surroundings, field: AtomField) -> None:
    """Refuse bonds between a T and an O for which the force field has no term."""
    if field.mixing:
        return
    have = {frozenset(p.types) for p in field.pairs}
    for t, o in found.t_o.tolist():
        acting = own[o].shell.name if own[o].shell else own[o].name  # type: ignore[union-attr]
        if frozenset((own[t].name, acting)) not in have:
            kind = "hydroxyl O" if found.roles[o] != "bridging" else "O"
            raise InputError(
                f"{field.name} has no term for {atoms.symbols[t]} (atom {t + 1}) and {kind} (atom {o + 1}), "
                "which are bonded"
            )


def _bonds(own: list[AtomType], found: Surroundings, shell_of: dict[int, int], field: AtomField) -> Terms:
    """O-H bonds, and the springs of shells."""
    made = Collected(2)
    for o, h in found.o_h.tolist():
        term = _fitting(field.bonds, (own[o].name, own[h].name), found.roles[o])
        if term is not None:
            made.add((o, h), f"{own[o].name}-{own[h].name}", term.coefficients)
    for core, shell in shell_of.items():
        spring = own[core].shell
        assert spring is not None  # shell_of has those with a shell only
        made.add((core, shell), f"{own[core].name}-{spring.name}", ("harmonic", (spring.spring_eV_per_A2, 0.0)))
    return made.terms()


def _angles(
    own: list[AtomType], names: list[str], found: Surroundings, shell_of: dict[int, int], field: AtomField
) -> Terms:
    """O-T-O bends, of shells where there are such, and T-O-H and H-O-H bends."""
    made = Collected(3)
    oxygens: dict[int, list[int]] = {}
    for t, o in found.t_o.tolist():
        oxygens.setdefault(t, []).append(o)
    for t, around in oxygens.items():
        for a, b in combinations([shell_of.get(o, o) for o in around], 2):
            term = _fitting(field.angles, (names[a], own[t].name, names[b]), None)
            if term is not None:
                made.add((a, t, b), "-".join(term.types), term.coefficients)
    hydrogens: dict[int, list[int]] = {}
    for o, h in found.o_h.tolist():
        hydrogens.setdefault(o, []).append(h)
    ends = [(t, o, h) for t, o in found.t_o.tolist() for h in hydrogens.get(o, ())]
    ends += [(a, o, b) for o, around in hydrogens.items() for a, b in combinations(around, 2)]
    for a, o, b in ends:
        term = _fitting(field.angles, (own[a].name, own[o].name, own[b].name), found.roles[o])
        if term is not None:
            made.add((a, o, b), "-".join(term.types), term.coefficients)
    return made.terms()


def _fitting(terms: tuple[Bonded, ...], types: tuple[str, ...], role: str | None) -> Bonded | None:
    """The term of these types; one for a role comes before one for any."""
    same = [t for t in terms if t.types in (types, types[::-1]) and t.role in (None, role)]
    return max(same, key=lambda t: t.role is not None, default=None)


def _pairs(types: list[str], field: AtomField) -> list[PairTerm]:
    """Terms of all pairs of types that are there."""
    there = set(types)
    given = [
        PairTerm(p.types, p.coefficients[0], p.coefficients[1], p.cutoff_A)
        for p in field.pairs
        if set(p.types) <= there
    ]
    named = {frozenset(p.types) for p in given}
    if field.mixing:
        of = {t.name: t for t in field.types.values()}
        for a, b in combinations_with_replacement(types, 2):
            if frozenset((a, b)) not in named:
                style, numbers = mixed(field.mixing, of[a], of[b])
                if any(numbers[:1]):
                    given.append(PairTerm((a, b), style, numbers))
    return given


def mixed(rule: str, first: AtomType, second: AtomType) -> Coefficients:
    """What follows for two types from the numbers of each (`zeocryst.refinement.forcefield.MIXING`)."""
    a, b = first.own, second.own
    if rule == "lorentz-berthelot":
        depth = (a["D0_kcal_per_mol"] * b["D0_kcal_per_mol"]) ** 0.5 * EV_PER_KCAL_PER_MOL
        return "lj/cut", (depth, (a["R0_A"] + b["R0_A"]) / 2 / 2 ** (1 / 6))
    width = a["B_A"] + b["B_A"]
    strength = EV_PER_KCAL_PER_MOL * width * np.exp((a["A_A"] + b["A_A"]) / width)
    attraction = a["C_sqrt_kJ_per_mol_A3"] * b["C_sqrt_kJ_per_mol_A3"] / KJ_PER_MOL_PER_EV
    return "buck", (float(strength), width, attraction)
