"""What each atom of a framework is, from where the atoms are: who is bonded to whom, and in which role.

T-O pairs are bonds nearest first (by how much longer they are than the sum of radii), at most four a T and
two an O; an H belongs to its nearest O. Where that leaves a T without its four, as in a rough start, the
bonds are those that give most T their four with the least stretch in all, among pairs that are somewhat
longer. What then has none of the known roles is refused by name and number, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.chemistry.elements import OXYGEN_A, RADII
from zeocryst.errors import InputError
from zeocryst.refinement.forcefield import AtomField, AtomType

if TYPE_CHECKING:
    from ase import Atoms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: How much longer than the sum of radii a T-O bond may be, also in a rough start, and the longest O-H bond, Å.
STRETCH_A, ROUGH_A, O_H_A = 0.7, 1.1, 1.3
#: Atoms that a message names.
NAMED = 5


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Bonds and roles of the atoms of a framework.

    Attributes
    ----------
    roles : (N,) list of str
        Of each atom, one of `zeocryst.refinement.forcefield.ROLES`.
    t_o, o_h : (P, 2), (Q, 2) int arrays
        Bonded T and O, and O and H, by their numbers.
    stretch : (P,) array
        How much longer each T-O bond is than the sum of radii, Å.
    """

    roles: list[str]
    t_o: Ints
    o_h: Ints
    stretch: Floats


def surroundings(atoms: Atoms, tetrahedral: Sequence[str], who: str) -> Surroundings:
    """Who is bonded to whom.

    Parameters
    ----------
    atoms
        A framework with its protons and cations, periodic.
    tetrahedral
        Elements that are T.
    who
        Name of the force field, for messages.

    Raises
    ------
    InputError
        A T without four O, an O or H that has no role.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    is_t, is_o, is_h = np.isin(symbols, list(tetrahedral)), symbols == "O", symbols == "H"
    n = len(symbols)
    limit = np.array([RADII.get(s, 0.6) + OXYGEN_A for s in symbols])
    reach = max([O_H_A, *(limit[is_t] + ROUGH_A)])
    i, j, _, distance = neighbour_pairs(atoms.positions, atoms.cell[:], reach, full=True)
    near = is_h[i] & is_o[j] & (distance < O_H_A)
    o_h = _nearest(i[near], j[near], distance[near])
    longer = distance - limit[i]
    near = is_t[i] & is_o[j] & (longer < np.where(np.isin(j, o_h[:, 0]), STRETCH_A, ROUGH_A))
    t, o, longer = i[near], j[near], longer[near]
    usual = np.flatnonzero(longer < STRETCH_A)
    kept = usual[_nearest_first(t[usual], o[usual], longer[usual], n)]
    if (np.bincount(t[kept], minlength=n)[is_t] < 4).any():
        kept = _least_stretch(t, o, longer, n)
    t_o, stretch = np.column_stack([t, o])[kept], longer[kept]
    t_of_o, h_of_o = np.bincount(t_o[:, 1], minlength=n), np.bincount(o_h[:, 0], minlength=n)
    o_of_t = np.bincount(t_o[:, 0], minlength=n)
    _valences(symbols, is_t, o_of_t, limit, who)
    roles = np.full(n, "cation", dtype=object)
    roles[is_t] = "tetrahedral"
    known = {(2, 0): "bridging", (1, 1): "terminal", (2, 1): "acid", (0, 2): "water"}
    for k in np.flatnonzero(is_o):
        roles[k] = known.get((int(t_of_o[k]), int(h_of_o[k])), "")
    roles[is_h] = ""
    roles[o_h[:, 1]] = roles[o_h[:, 0]]
    _strangers(symbols, roles, t_of_o, h_of_o, who)
    return Surroundings(list(roles), t_o, o_h, stretch)


def _nearest_first(t: Ints, o: Ints, stretch: Floats, n: int) -> Ints:
    """Which pairs of T and O are bonds: nearest first, at most four a T and two an O; by T, then O."""
    left = np.full(n, 4)
    left[o] = 2
    kept = []
    for k in np.lexsort((o, t, np.round(stretch, 6))).tolist():
        a, b = t[k], o[k]
        if left[a] and left[b]:
            left[a] -= 1
            left[b] -= 1
            kept.append((a, b, k))
    return np.array([k for _, _, k in sorted(kept)], np.int64)


def _least_stretch(t: Ints, o: Ints, stretch: Floats, n: int) -> Ints:
    """As many bonds as there can be, at most four a T and two an O, with the least stretch in all, by T.

    A linear programme whose matrix is that of a bipartite graph, so that its corners are whole numbers.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    pairs = np.arange(len(t))
    rows = np.concatenate([t, o])
    limits = coo_array((np.ones(2 * len(t)), (rows, np.concatenate([pairs, pairs]))), shape=(n, len(t))).tocsr()
    most = np.full(n, 4.0)
    most[o] = 2.0
    found = linprog(stretch - 10.0, A_ub=limits, b_ub=most, bounds=(0, 1), method="highs-ds")
    kept = np.flatnonzero(found.x > 0.5)
    return np.asarray(kept[np.lexsort((o[kept], t[kept]))], np.int64)


def _nearest(h: Ints, o: Ints, distance: Floats) -> Ints:
    """The O nearest to each H, (O, H)."""
    order = np.lexsort((o, distance, h))
    _, first = np.unique(h[order], return_index=True)
    rows = order[first]
    return np.column_stack([o[rows], h[rows]]).astype(np.int64)


def _valences(
    symbols: NDArray[np.str_], is_t: NDArray[np.bool_], o_of_t: Ints, limit: Floats, who: str
) -> None:
    wrong = np.flatnonzero(is_t & (o_of_t != 4))
    if len(wrong):
        k = wrong[0]
        raise InputError(
            f"{_listed(symbols, wrong)}: {symbols[k]} with {o_of_t[k]} O within {limit[k] + ROUGH_A:.2f} Å; "
            f"{who} describes T with four; complete the structure, or take a calculator"
        )


def _strangers(
    symbols: NDArray[np.str_], roles: NDArray[np.object_], t_of_o: Ints, h_of_o: Ints, who: str
) -> None:
    wrong = np.flatnonzero(roles == "")
    if not len(wrong):
        return
    lone = wrong[symbols[wrong] == "O"]
    if not len(lone):
        raise InputError(
            f"{_listed(symbols, wrong)} on no O: no O within {O_H_A} Å; {who} knows H of hydroxyl groups only"
        )
    k = lone[0]
    what = f"O with {t_of_o[k]} T and {h_of_o[k]} H"
    cures = {
        (1, 0): "an O of one T alone wants a hydrogen",
        (0, 0): "an O of no T",
        (1, 2): "this is water on a T, which no force field here describes",
    }
    same = [m for m in lone if (t_of_o[m], h_of_o[m]) == (t_of_o[k], h_of_o[k])]
    cure = cures.get(
        (int(t_of_o[k]), int(h_of_o[k])), "it knows O of two T, with or without H, and of one T with H"
    )
    raise InputError(f"{_listed(symbols, np.array(same))}: {what}; {who}: {cure}")


def _listed(symbols: NDArray[np.str_], atoms: Ints) -> str:
    """Such as ``Ge (atoms 12, 13 and 4 more, counted from 1)``."""
    names = ", ".join(sorted({str(s) for s in symbols[atoms]}))
    shown = ", ".join(str(k + 1) for k in atoms[:NAMED])
    more = f" and {len(atoms) - NAMED} more" if len(atoms) > NAMED else ""
    return f"{names} (atom{'s' if len(atoms) > 1 else ''} {shown}{more}, counted from 1)"


def check_elements(atoms: Atoms, field: AtomField) -> None:
    """Raise `InputError` for the first element that a force field has no type for, with its atoms."""
    symbols = np.array(atoms.get_chemical_symbols())
    have = {t.element for t in field.types.values()}
    for symbol in dict.fromkeys(symbols.tolist()):
        if symbol not in have:
            atoms_of = np.flatnonzero(symbols == symbol)
            raise InputError(
                f"{field.name} has no parameters for {_listed(symbols, atoms_of)}; those "
                f"that it has: {', '.join(sorted(have))}"
            )


def typed(atoms: Atoms, found: Surroundings, field: AtomField) -> list[AtomType]:
    """The type of each atom.

    Raises
    ------
    InputError
        An atom in a role, or beside T, for which the force field has no type.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    beside: list[list[str]] = [[] for _ in symbols]
    for t, o in found.t_o.tolist():
        beside[o].append(str(symbols[t]))
    choice: dict[tuple[str, str, str], list[int]] = {}
    for k, (symbol, role) in enumerate(zip(symbols.tolist(), found.roles, strict=True)):
        choice.setdefault((symbol, role, "-".join(sorted(beside[k]))), []).append(k)
    result: list[AtomType | None] = [None] * len(symbols)
    for (symbol, role, near), members in choice.items():
        around = near.split("-") if near else []
        fitting = [
            t
            for t in field.types.values()
            if t.element == symbol
            and role in t.roles
            and all(around.count(e) == count for e, count in t.beside.items())
        ]
        if len(fitting) != 1:
            raise _untyped(symbols, np.array(members), role, near, field, len(fitting))
        for k in members:
            result[k] = fitting[0]
    return [t for t in result if t is not None]


def _untyped(
    symbols: NDArray[np.str_], members: Ints, role: str, near: str, field: AtomField, count: int
) -> InputError:
    words = {
        "terminal": "a hydroxyl group",
        "acid": "a bridging hydroxyl group (Brønsted site)",
        "bridging": "an O between two T",
        "cation": "a cation",
        "water": "water",
        "tetrahedral": "a T",
    }
    beside = f" beside {near}" if near else ""
    symbol = str(symbols[members[0]])
    if count:
        reason = f"{count} types fit it; expected one"
    else:
        there = [f"{t.name} ({', '.join(t.roles)})" for t in field.types.values() if t.element == symbol]
        reason = f"its types of {symbol}: {', '.join(there)}"
    return InputError(
        f"{field.name} has no parameters for {_listed(symbols, members)} as "
        f"{words[role]}{beside}; {reason}{_instead(role, field.name)}"
    )


def _instead(role: str, name: str) -> str:
    if role == "acid" and name != "slc":
        return "; slc has bridging hydroxyl groups"
    if role == "water":
        return "; take it out, or take clayff, which has water"
    if role == "terminal" and name not in ("slc", "clayff"):
        return "; slc and clayff have hydroxyl groups"
    return ""
