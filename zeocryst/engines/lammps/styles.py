"""A topology's potential in LAMMPS's commands.

One pair style with Coulomb's force in it carries the most terms, as it walks each list of neighbours once; what
it cannot express is laid over it (``hybrid/overlay``). The same commands run inside zeocryst and in the input
that is written beside a data file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from zeocryst.engines.lammps.datafile import SORTS
from zeocryst.engines.lammps.inside import FORMULA, LENNARD_JONES
from zeocryst.engines.lammps.tables import TABLE_POINTS, TABLED, tabled_pairs
from zeocryst.engines.placing import Placed
from zeocryst.engines.walls import WALL
from zeocryst.errors import InputError
from zeocryst.model.topology import COULOMB_EV_A, Coulomb, PairTerm, Topology

#: Pair styles that a topology may use, and coefficients of each that make it vanish.
NOTHING = {
    "buck": (0.0, 1.0, 0.0),
    "lj/cut": (0.0, 1.0),
    "born": (0.0, 1.0, 0.0, 0.0, 0.0),
    "morse": (0.0, 1.0, 1.0),
    "mie/cut": (0.0, 1.0, 12.0, 6.0),
    "lj/expand": (0.0, 1.0, 0.0),
}
#: Those that have Coulomb's force built in, with the lattice sum and with the damped shifted force.
WITH_EWALD = {s: f"{s}/coul/long" for s in ("buck", "lj/cut", "born")}
WITH_DSF = {"lj/cut": "lj/cut/coul/dsf"}
#: Arguments of styles of bonded terms.
ARGUMENTS = {FORMULA: " no_offset"}
#: Particles up to which Ewald's sum is taken, a mesh (PPPM) above.
EWALD_UP_TO = 900
#: Particles per Å^3 of a framework with shells, for which force fields state their cut-offs, and how many times
#: as far real space may reach. (A gel of 354 atoms in a box of 97 Å: 0.02 s an evaluation, 0.27 s without.)
DENSE_PER_A3, FARTHEST_REACH = 0.08, 4.0
#: Points of a mesh that a charge is spread over in each direction. With 5, LAMMPS's default, quartz of 900
#: atoms needs a mesh six times as fine for the same accuracy, and three times as long.
MESH_ORDER = 7


def commands(
    topology: Topology, placed: Placed, *, table: str = "", walls: Sequence[PairTerm] = ()
) -> list[str]:
    """All commands between reading the atoms and the first step.

    Parameters
    ----------
    topology
        The potential.
    placed
        Its particles in their box.
    table
        File with the tables of `zeocryst.engines.lammps.tables`, where there are such.
    walls
        Repulsion laid over it, of style `WALL`, shifted so that it ends at its cut-off.

    Raises
    ------
    InputError
        Something that cannot be expressed.
    """
    lines = list(_bonded(topology))
    coulomb = topology.felt
    if coulomb is not None and coulomb.method == "ewald":
        coulomb = replace(coulomb, cutoff_A=real_reach(coulomb.cutoff_A, placed))
    if coulomb is not None and coulomb.constant_eV_A != COULOMB_EV_A:
        lines.append(f"dielectric {COULOMB_EV_A / coulomb.constant_eV_A:.17g}")
    lines += _pairs(topology, coulomb, table, walls)
    if coulomb is not None and coulomb.method == "ewald":
        if not placed.periodic:
            raise InputError("a lattice sum of charges needs a cell that repeats in all directions")
        mesh = len(topology.kind) > EWALD_UP_TO
        lines.append(f"kspace_style {'pppm' if mesh else 'ewald'} {coulomb.accuracy:.12g}")
        if mesh:
            lines.append(f"kspace_modify order {MESH_ORDER}")
    return lines


def real_reach(cutoff_A: float, placed: Placed) -> float:
    """Where the part of a lattice sum in real space ends, Å: the emptier the box, the farther.

    A mesh costs by volume, pairs by particles. Both parts together are the same wherever it ends.
    """
    dilution = DENSE_PER_A3 * float(np.linalg.det(placed.cell)) / len(placed.positions)
    return float(np.clip(cutoff_A * dilution ** (1 / 6), cutoff_A, FARTHEST_REACH * cutoff_A))


def _bonded(topology: Topology) -> Iterator[str]:
    for name, attribute in SORTS:
        terms = getattr(topology, attribute)
        if not len(terms.atoms):
            continue
        word = name.lower()
        styles = list(dict.fromkeys(style for style, _ in terms.coefficients))
        hybrid = len(styles) > 1
        with_arguments = (style + ARGUMENTS.get(style, "") for style in styles)
        yield f"{word}_style {'hybrid ' if hybrid else ''}{' '.join(with_arguments)}"
        for k, (style, numbers) in enumerate(terms.coefficients, start=1):
            words = (
                LENNARD_JONES.format(epsilon=numbers[0], sigma=numbers[1])
                if style == FORMULA
                else _join(numbers)
            )
            yield f"{word}_coeff {k} {style + ' ' if hybrid else ''}{words}"


def _pairs(topology: Topology, coulomb: Coulomb | None, table: str, walls: Sequence[PairTerm]) -> list[str]:
    """The pair style and its coefficients."""
    shells = bool(len(topology.shells))
    plain = [p for p in topology.pairs if p.style != TABLED]
    for pair in plain:
        if pair.style not in NOTHING:
            known = ", ".join(sorted([*NOTHING, TABLED]))
            raise InputError(f"pair style {pair.style!r} of {pair.types} is not supported; allowed: {known}")
    styles, main, lines = _with_coulomb(topology, coulomb, plain, shells)
    if table:
        styles.append(f"table spline {TABLE_POINTS}")
        lines += [
            f"pair_coeff {_numbers(topology, types)} table '{table}' {section} {cutoff:.12g}"
            for types, section, cutoff in tabled_pairs(topology)
        ]
    rest = [p for p in plain if p.style != main]
    for style in dict.fromkeys(p.style for p in rest):
        styles.append(f"{style} {topology.cutoff_A:.12g}")
    lines += [_coefficients(topology, p, p.style) for p in rest]
    if walls:
        if any(p.style == WALL for p in rest):
            raise InputError(f"pair style {WALL} is the engine's own; use lj/cut or mie/cut")
        styles.append(f"{WALL} 1.0")
        lines += [_coefficients(topology, p, WALL) for p in walls]
        lines.append(f"pair_modify pair {WALL} shift yes")
    if not styles or _missing(topology, lines):
        styles.append(f"zero {topology.cutoff_A:.12g}")
        lines.insert(0, "pair_coeff * * zero")
    # LAMMPS's tables of Coulomb's force are not the slope of those of its energy, to 1e-3 eV/Å
    exact = ["pair_modify table 0"] if coulomb is not None and coulomb.method == "ewald" else []
    if len(styles) > 1 or walls:
        return ["pair_style hybrid/overlay " + " ".join(styles), *exact, *lines]
    name = styles[0].split()[0]
    return [f"pair_style {styles[0]}", *exact, *(line.replace(f" {name}", "", 1) for line in lines)]


def _missing(topology: Topology, lines: Sequence[str]) -> bool:
    """Whether some pair of types has no coefficients."""
    count = len(topology.types)
    given = {tuple(line.split()[1:3]) for line in lines if line.startswith("pair_coeff")}
    return ("*", "*") not in given and len(given) < count * (count + 1) // 2


def _with_coulomb(
    topology: Topology, coulomb: Coulomb | None, plain: Sequence[PairTerm], shells: bool
) -> tuple[list[str], str, list[str]]:
    """The style that brings Coulomb's force, the plain style that it takes along, and its coefficients."""
    if coulomb is None or coulomb.method == "smooth":
        return [], "", []
    ends = f"{topology.cutoff_A:.12g} {coulomb.cutoff_A:.12g}"
    if coulomb.method in ("ewald", "dsf"):
        merged = WITH_EWALD if coulomb.method == "ewald" else WITH_DSF
        found = Counter(p.style for p in plain if p.style in merged)
        main = found.most_common(1)[0][0] if found else ""
    else:
        main = ""
    shell = "/cs" if shells else ""
    if coulomb.method == "ewald":
        name = (WITH_EWALD[main] if main else "coul/long") + shell
        arguments = ends if main else f"{coulomb.cutoff_A:.12g}"
    elif shells:
        raise InputError(f"shells cannot have Coulomb's force by {coulomb.method!r}; allowed: ewald")
    elif coulomb.method == "dsf":
        name = WITH_DSF[main] if main else "coul/dsf"
        arguments = f"{coulomb.damping_per_A:.12g} " + (ends if main else f"{coulomb.cutoff_A:.12g}")
    elif coulomb.method == "cut":
        name, arguments = "coul/cut", f"{coulomb.cutoff_A:.12g}"
    else:
        raise InputError(f"Coulomb's force by {coulomb.method!r} is not known")
    nothing = f"pair_coeff * * {name} {_join(NOTHING[main]) if main else ''}".rstrip()
    lines = [nothing, *(_coefficients(topology, p, name) for p in plain if p.style == main)]
    return [f"{name} {arguments}"], main, lines


def _coefficients(topology: Topology, pair: PairTerm, style: str) -> str:
    end = "" if pair.cutoff_A is None else f" {pair.cutoff_A:.12g}"
    return f"pair_coeff {_numbers(topology, pair.types)} {style} {_join(pair.numbers)}{end}"


def _numbers(topology: Topology, types: tuple[str, str]) -> str:
    first, second = sorted(topology.types.index(t) + 1 for t in types)
    return f"{first} {second}"


def _join(numbers: Sequence[float]) -> str:
    # some numbers must stand as whole ones, such as the multiplicity of a dihedral
    return " ".join(str(int(n)) if n == int(n) else repr(float(n)) for n in numbers)
