"""The sites of a frame of atoms: T, the O that join them, S; and an account of what they are and what is not.

What is done, one after the other: positions are checked and moved into the cell, a structure that does not
repeat is given room (`zeocryst.chemistry.faces`), of atoms that exclude each other one is chosen
(`zeocryst.chemistry.split`), and T are found (`zeocryst.chemistry.tetrahedra`) where they are not named.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs, unskewed, wrap
from zeocryst.chemistry.advice import no_tetrahedra
from zeocryst.chemistry.elements import METALS, RADII
from zeocryst.chemistry.faces import closed_cell, open_in_words
from zeocryst.chemistry.roles import Roles, usual
from zeocryst.chemistry.split import choose_sites
from zeocryst.chemistry.tetrahedra import find_tetrahedra
from zeocryst.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Coordinates beyond this are no positions, Å: in double precision they would not be known to 1e-6 Å any more.
FARTHEST_A = 1e9
#: An O that is bonded to C, N, S, ... nearer than this is not one of water, Å.
MOLECULE_A = 1.75
#: An O nearer than this to a T is bonded to it, Å.
T_O_A = 2.3


@dataclass(frozen=True)
class SitesOfAtoms:
    """What of a frame of atoms is the framework.

    Attributes
    ----------
    cell : (3, 3) array, Å
        Right-handed and periodic, also where the structure is not.
    t, s, o : (N,) int arrays
        Numbers of the atoms.
    positions : (N, 3) array, Å
        Of all atoms.
    symbols : (N,) array
    account : dict
        ``T`` (number of each element), ``O``, ``S``, ``left_out`` (number of each element), ``notes``:
        sentences on what was decided.
    """

    cell: Floats
    positions: Floats
    symbols: NDArray[np.str_]
    t: NDArray[np.int64]
    s: NDArray[np.int64]
    o: NDArray[np.int64]
    account: dict[str, Any]


def sites_of_atoms(atoms: Atoms, roles: Roles) -> SitesOfAtoms:
    """T, O and S of a frame.

    Parameters
    ----------
    atoms
        With an array ``occupancy``, or ASE's ``occupancy`` in its info, where sites are there in part.
    roles
        What T, S and O are called; found where not given.

    Raises
    ------
    InputError
        There are no atoms or no T among them, or a position or the cell is none.
    """
    symbols = np.array(atoms.get_chemical_symbols(), dtype=str)
    if len(symbols) == 0:
        raise InputError("the structure has no atoms")
    if "type" in atoms.arrays and _by_number(roles):
        # numbers are the file's types, also where its masses tell the elements
        symbols = np.array([_symbol(str(number)) for number in atoms.arrays["type"]], dtype=str)
    positions = np.asarray(atoms.positions, dtype=float)
    check_positions(positions, symbols)
    cell = closed_cell(positions, atoms.cell[:], atoms.pbc)
    if atoms.pbc.all() and abs(np.linalg.det(cell)) > 1e-6:  # what is wrong with another cell is said later
        cell = unskewed(cell)
        positions = _inside(positions, cell)
    notes = [text] if (text := open_in_words(atoms.pbc)) else []
    named = {role: {_symbol(name) for name in names} for role, names in roles.items()}
    others = {role: np.isin(symbols, [_symbol(n) for n in usual(roles, role)]) for role in ("S", "O")}
    candidate = np.isin(symbols, list(named["T"])) if "T" in named else np.isin(symbols, list(RADII))
    candidate &= ~others["S"] & ~others["O"]
    if "O" in named.get("T", ()):  # of water
        candidate &= ~_in_molecules(positions, symbols, cell)
    keep, words = _resolved(atoms, positions, symbols, candidate, others["O"], cell)
    member = candidate & keep
    if "T" not in named:
        known = np.where(others["O"], "O", symbols)
        member[keep] = find_tetrahedra(positions[keep], known[keep], cell)
    if not member.any():
        raise no_tetrahedra(positions, symbols, cell, numbered=_numbered(atoms))
    o = others["O"] & keep
    notes += words(member, o)
    if "O" in named and not o.any():
        notes.append(f"there is no O called {', '.join(roles['O'])}: bonds are chosen from the T alone")
    notes += _metals_in_words(symbols, candidate & keep & ~member)
    called = _names(atoms, roles)
    left = Counter(called[keep & ~member & ~o & ~others["S"]].tolist())
    account = {
        "T": dict(Counter(called[member].tolist()).most_common()),
        "O": int(o.sum()),
        "S": int((others["S"] & keep).sum()),
        "left_out": dict(left.most_common()),
        "notes": notes,
    }
    t, s = np.flatnonzero(member), np.flatnonzero(others["S"] & keep)
    return SitesOfAtoms(cell, positions, symbols, t, s, np.flatnonzero(o), account)


def check_positions(positions: Floats, names: Any, *, what: str = "atom", first: int = 1) -> None:
    """Raise for the first position that is none.

    Raises
    ------
    InputError
        A coordinate is no number, or so large that it cannot be meant.
    """
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(positions) <= FARTHEST_A).all(axis=1))
    if len(bad) == 0:
        return
    k = int(bad[0])
    place = ", ".join(f"{x:.6g}" for x in positions[k])
    why = (
        "not finite numbers" if not np.isfinite(positions[bad]).all() else f"farther out than {FARTHEST_A:g} Å"
    )
    raise InputError(
        f"{len(bad)} of {len(positions)} positions are {why}; the first is {what} {k + first} (counted from "
        f"{first}), {names[k]} at ({place}) Å"
    )


def _inside(positions: Floats, cell: Floats) -> Floats:
    """Positions far from the cell moved into it; all others as they are."""
    fractional = positions @ np.linalg.inv(cell)
    far = ((fractional < -1) | (fractional > 2)).any(axis=1)
    if not far.any():
        return positions
    moved = positions.copy()
    moved[far] = wrap(positions[far], cell)
    return moved


def _symbol(name: str) -> str:
    """The element that a name stands for: types 1, 2, ... of files without elements come as H, He, ..."""
    if name.isdigit():
        from ase.data import chemical_symbols

        return str(chemical_symbols[min(int(name), len(chemical_symbols) - 1)])
    return name


def _by_number(roles: Roles) -> bool:
    """Whether the user named types by their numbers."""
    return any(name.isdigit() for names in roles.values() for name in names)


def _names(atoms: Atoms, roles: Roles) -> NDArray[np.str_]:
    """What each atom is called: its element, or its type's number where the user gave numbers."""
    if _by_number(roles):
        return np.array([f"type {number}" for number in atoms.arrays.get("type", atoms.numbers)], dtype=str)
    return np.array(atoms.get_chemical_symbols(), dtype=str)


def _numbered(atoms: Atoms) -> bool:
    """Whether a file's types are numbers: all elements from H on, with no element of a framework."""
    numbers = np.unique(atoms.numbers)
    return bool(numbers[0] == 1 and (np.diff(numbers) == 1).all() and numbers[-1] < 8)


def _in_molecules(positions: Floats, symbols: NDArray[np.str_], cell: Floats) -> Bools:
    """O of guests (CO2, tetrahydrofuran): bonded to a heavier atom than H that is no O."""
    some = np.flatnonzero(symbols != "H")
    i, j, _, _ = neighbour_pairs(positions[some], cell, MOLECULE_A, full=True)
    i, j = some[i], some[j]
    found = np.zeros(len(symbols), dtype=bool)
    found[i[(symbols[i] == "O") & ~np.isin(symbols[j], ["O", "X"])]] = True
    return found


def _occupancies(atoms: Atoms) -> tuple[Floats | None, Bools]:
    """How much of each site there is, and which sites several elements share."""
    n = len(atoms)
    shared = np.zeros(n, dtype=bool)
    if "occupancy" in atoms.arrays:
        return np.asarray(atoms.arrays["occupancy"], dtype=float), shared
    table = atoms.info.get("occupancy")
    if not isinstance(table, dict) or "spacegroup_kinds" not in atoms.arrays:
        return None, shared
    share = np.ones(n)
    for k, kind in enumerate(atoms.arrays["spacegroup_kinds"].tolist()):
        row = table.get(str(kind), table.get(kind))
        if isinstance(row, dict) and row:
            share[k] = min(1.0, sum(map(float, row.values())))
            shared[k] = len(row) > 1
    return share, shared


def _resolved(
    atoms: Atoms, positions: Floats, symbols: NDArray[np.str_], candidate: Bools, oxygen: Bools, cell: Floats
) -> tuple[Bools, Any]:
    """Which atoms are kept, and a function that says what was decided on the T and O that count."""
    share, shared = _occupancies(atoms)
    mine = np.flatnonzero(candidate | oxygen)
    keep = np.ones(len(symbols), dtype=bool)
    if len(mine) == 0:
        return keep, lambda *_: []
    is_t = candidate[mine]
    choice = choose_sites(positions[mine], symbols[mine], is_t, cell, None if share is None else share[mine])
    keep[mine] = choice.keep
    rivals = mine[choice.rivals]

    def words(t: Bools, o: Bools) -> list[str]:
        """What was decided, of those that turned out to be T and O."""
        near = t | (o & _beside(positions, t, o, cell)) if len(rivals) else t
        out = {int(pair[~keep[pair]][0]) for pair in rivals if (~keep[pair]).any() and near[pair].any()}
        said = []
        for name, role in (("T", candidate), ("O", oxygen)):
            count = sum(bool(role[k]) for k in out)
            if count:
                how = "whose distance to it is too short" if choice.by_distance else "by their occupancies"
                said.append(f"split sites: {count} {name} left out beside another one {how}")
        mixed = int((shared & t).sum())
        if mixed:
            said.append(f"{mixed} T are shared by several elements; the most frequent one is taken")
        if share is not None and (partial := int((t & (share < 0.5)).sum())):
            said.append(f"{partial} T are there in less than half of the cells")
        return said

    return keep, words


def _beside(positions: Floats, t: Bools, o: Bools, cell: Floats) -> Bools:
    """O that are bonded to a T."""
    some = np.flatnonzero(t | o)
    i, j, _, _ = neighbour_pairs(positions[some], cell, T_O_A, full=True)
    i, j = some[i], some[j]
    found = np.zeros(len(t), dtype=bool)
    found[i[o[i] & t[j]]] = True
    return found


def _metals_in_words(symbols: NDArray[np.str_], left: Bools) -> list[str]:
    """Why elements that could be T are not."""
    found = Counter(symbols[left].tolist()).most_common()
    metals = [f"{n} {s}" for s, n in found if s in METALS]
    formers = [f"{n} {s}" for s, n in found if s not in METALS]
    said = [f"{', '.join(metals)} not joined to T by about four O: no T"] if metals else []
    return said + ([f"{', '.join(formers)} not part of the framework: no T"] if formers else [])
