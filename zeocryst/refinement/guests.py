"""Guest molecules beside a framework: UFF inside each, DREIDING's 12-6 terms across.

UFF (RDKit's) has its own van der Waals terms between atoms three bonds and more apart within a molecule; they
are terms of their own (`Topology.inside`), so that two molecules of a kind meet by DREIDING and not by UFF.
Where the whole is neutral, the molecules have their partial charges, which act across but not inside (UFF
knows none).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.model.dreiding import check_dreiding, lennard_jones
from zeocryst.model.topology import Coefficients, Collected, PairTerm, Terms, Topology
from zeocryst.molecules.model import Molecule
from zeocryst.refinement.bonding import molecule_of
from zeocryst.refinement.protocol import Guests

if TYPE_CHECKING:
    from ase import Atoms

Ints = NDArray[np.int64]


def check_guests(atoms: Atoms, guests: Guests) -> None:
    """Raise `InputError` where atoms and molecules do not fit each other, or DREIDING lacks an element."""
    which = molecule_of(atoms)
    symbols = np.array(atoms.get_chemical_symbols())
    for number in np.unique(which[which > 0]).tolist():
        if number not in guests:
            raise InputError(f"atoms of guest {number} are there, but no molecule of that number")
        molecule, there = guests[number], symbols[which == number].tolist()
        if there != list(molecule.symbols):
            raise InputError(
                f"guest {number} ({molecule.name}) has {len(molecule)} atoms {''.join(molecule.symbols)}, the "
                f"structure has {len(there)} there: {''.join(there)}; expected the same in the same order"
            )
    if (which > 0).any():
        check_dreiding(set(symbols.tolist()))


def add_guests(framework: Topology, atoms: Atoms, guests: Guests, *, charged: bool) -> Topology:
    """A framework's topology with the guest molecules of all atoms.

    Parameters
    ----------
    framework
        Of the atoms whose ``molecule`` is 0, in their order.
    atoms
        All.
    guests
        Molecules by number.
    charged
        Whether the molecules have their partial charges.
    """
    which = molecule_of(atoms)
    if not (which > 0).any():
        return framework
    n, own = len(atoms), np.flatnonzero(which == 0)
    place = np.concatenate([own, n + np.arange(len(framework.kind) - len(own))])  # shells go to the end
    parts = [(place, framework, 0)]
    kinds = {key: _inside(m) for key, m in {id(m): m for m in guests.values()}.items()}  # each once
    for number in np.unique(which[which > 0]).tolist():
        parts.append((np.flatnonzero(which == number), kinds[id(guests[number])], number))
    labels: dict[tuple[bool, str], str] = {}
    for _, part, number in parts:
        for name in part.types:
            taken = set(labels.values())
            labels.setdefault((number > 0, name), name if name not in taken else f"{name}_g")
    types = list(labels.values())
    total = len(framework.kind) + n - len(own)
    kind, charge = np.zeros(total, np.int64), np.zeros(total)
    core, molecule = np.full(total, -1, np.int64), np.zeros(total, np.int64)
    masses = np.zeros(len(types))
    for where, part, number in parts:
        mine = np.array([types.index(labels[number > 0, name]) for name in part.types], np.int64)
        kind[where], molecule[where] = mine[part.kind], number
        masses[mine] = part.masses
        if number == 0 or charged:
            charge[where] = part.charge
    hanging = framework.core >= 0
    core[place[hanging]] = place[framework.core[hanging]]
    moved = [(where, part) for where, part, _ in parts]
    symbol = _elements(types, kind[:n], atoms, framework, labels)
    return replace(
        framework,
        types=tuple(types),
        masses=masses,
        kind=kind,
        charge=charge,
        molecule=molecule,
        core=core,
        bonds=_together("bonds", moved),
        angles=_together("angles", moved),
        dihedrals=_together("dihedrals", moved),
        impropers=_together("impropers", moved),
        inside=_together("inside", moved),
        pairs=framework.pairs + tuple(_across(types, symbol, framework)),
    )


def _inside(molecule: Molecule) -> Topology:
    """UFF of a molecule, its pairs three bonds and more apart as terms."""
    from zeocryst.molecules.uff import uff_topology

    uff = uff_topology(molecule)
    names = [uff.types[k] for k in uff.kind]
    of: dict[frozenset[str], Coefficients] = {frozenset(p.types): (p.style, p.numbers) for p in uff.pairs}
    near = _near(molecule)
    inside = Collected(2)
    for a, b in combinations(range(len(molecule)), 2):
        if not near[a, b]:
            both = names[a], names[b]
            inside.add((a, b), "-".join(sorted(both)), of[frozenset(both)])
    return replace(uff, pairs=(), inside=inside.terms())


def _near(molecule: Molecule) -> NDArray[np.bool_]:
    """Whether two atoms are at most two bonds apart, (N, N)."""
    bonded = np.eye(len(molecule), dtype=np.int64)
    for a, b in molecule.bonds.tolist():
        bonded[a, b] = bonded[b, a] = 1
    return np.asarray(bonded @ bonded > 0)


def _together(sort: str, parts: list[tuple[Ints, Topology]]) -> Terms:
    """The terms of one sort of all parts, kinds of the same name and numbers joined."""
    made = Collected(getattr(parts[0][1], sort).atoms.shape[1])
    for where, part in parts:
        terms: Terms = getattr(part, sort)
        for atoms, kind in zip(where[terms.atoms].tolist(), terms.kind.tolist(), strict=True):
            made.add(tuple(atoms), terms.names[kind], terms.coefficients[kind])
    joined = made.terms()
    return replace(joined, names=_apart(joined.names))


def _apart(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that differ: the second of a name gets a number."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}.m{seen[name]}")
    return tuple(result)


def _elements(
    types: list[str], kind: Ints, atoms: Atoms, framework: Topology, labels: dict[tuple[bool, str], str]
) -> dict[str, tuple[str, bool]]:
    """Element of each type of atoms, and whether it is a guest's."""
    guests = {label for (guest, _), label in labels.items() if guest}
    symbols = atoms.get_chemical_symbols()
    found: dict[str, tuple[str, bool]] = {}
    for atom, k in enumerate(kind.tolist()):
        found.setdefault(types[k], (symbols[atom], types[k] in guests))
    return found


def _across(types: list[str], symbol: dict[str, tuple[str, bool]], framework: Topology) -> list[PairTerm]:
    """DREIDING between each type of the guests and each other type of atoms; cores have it, shells don't."""
    pairs = []
    for a, b in combinations_with_replacement([t for t in types if t in symbol], 2):
        if symbol[a][1] or symbol[b][1]:
            pairs.append(
                PairTerm((a, b), "lj/cut", lennard_jones(symbol[a][0], symbol[b][0]), framework.cutoff_A)
            )
    return pairs
