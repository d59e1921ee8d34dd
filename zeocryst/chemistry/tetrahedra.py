"""Which atoms are T: those of elements that stand in oxide frameworks, where they stand in one.

Three kinds are told apart (`zeocryst.chemistry.elements`).

1. Si is T.
2. Other *formers* (Al, P, Ge, B, Ga, As) are T too, as they are in solution as well, but not where they are
   bonded to other atoms than O (a phosphonium ion, tetrafluoroborate), have no O, or are plainly cations of the
   channels: their O have two T already, or they have five O and more (water) and share none with a T.
3. *Metals* (Zn, Co, Mg, Ti, Sn, ...) are T only where three or four O join them to one other T each, with at
   most two O more (water, hydroxide). An O of the framework has its two T already, so that a cation beside it
   is none, nor is one with six water. An O that three T would share (zinc oxide, willemite) joins none. All
   candidates are looked at together, and the worst is left out until all that remain hold: framework Zn stands
   beside a Zn of the channels.

Where a file has no O, formers are T, and metals where three to five T stand around them, most of which would
lack one without them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.chemistry.elements import FORMERS, LIGANDS, METALS, OXYGEN_A, RADII, STRETCH_A

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

#: O that join a metal to other T, and those it may have besides.
LINKS, MORE = (3, 4), 2
#: So many O, none of them shared with a T, are water around a cation.
WATER_AROUND = 5
#: Share of the formers that may be cations beside a framework.
MOST_FOREIGN = 0.2
#: Nearer than this an atom of `LIGANDS` is bonded, Å (P-C 1.80 Å, B-F 1.40 Å, P-Cl 2.0 Å).
LIGAND_A = 2.10
#: T that are bonded in a file without O, Å.
T_T_A = 3.75


def find_tetrahedra(positions: Floats, symbols: NDArray[np.str_], cell: Floats) -> Bools:
    """Which atoms are T, (N,).

    Parameters
    ----------
    positions : (N, 3) array, Å
    symbols : (N,) array
        Chemical symbols.
    cell : (3, 3) array, Å
    """
    former = np.isin(symbols, list(FORMERS))
    metal = np.isin(symbols, list(METALS))
    is_t = former.copy()
    if not (symbols == "O").any():
        return _without_oxygens(positions, symbols, cell, former, metal)
    if (former & (symbols != "Si")).any():
        is_t &= ~_bonded_to_others(positions, symbols, cell, former)
    doubtful = is_t & (symbols != "Si")
    if not (doubtful | metal).any():
        return is_t
    atom, oxygen = _bonds_to_oxygen(positions, symbols, cell, is_t | metal)
    is_t &= ~_foreign(symbols, atom, oxygen, is_t)
    return is_t | _linked_metals(symbols, atom, oxygen, is_t, metal)


def _bonds_to_oxygen(
    positions: Floats, symbols: NDArray[np.str_], cell: Floats, mine: Bools
) -> tuple[Ints, Ints]:
    """Atoms and the O that they are bonded to, by the radii."""
    reach = max(RADII.values()) + OXYGEN_A + STRETCH_A
    number = np.flatnonzero(mine | (symbols == "O"))
    i, j, _, distance = neighbour_pairs(positions[number], cell, reach, full=True)
    i, j = number[i], number[j]
    limit = np.array([RADII.get(str(s), -9.0) for s in symbols]) + OXYGEN_A + STRETCH_A
    bonded = mine[i] & (symbols[j] == "O") & (distance <= limit[i])
    return i[bonded], j[bonded]


def _bonded_to_others(positions: Floats, symbols: NDArray[np.str_], cell: Floats, former: Bools) -> Bools:
    """Formers other than Si with more bonds to C, N, F, ... than to O."""
    some = np.flatnonzero(np.isin(symbols, [*FORMERS, *LIGANDS, "O"]))
    i, j, _, distance = neighbour_pairs(positions[some], cell, LIGAND_A, full=True)
    i, j = some[i], some[j]
    near = former[i] & (symbols[i] != "Si") & (distance <= LIGAND_A)
    ligands = np.bincount(i[near & np.isin(symbols[j], LIGANDS)], minlength=len(symbols))
    oxygens = np.bincount(i[near & (symbols[j] == "O")], minlength=len(symbols))
    return np.asarray(ligands > oxygens)


def _foreign(symbols: NDArray[np.str_], atom: Ints, oxygen: Ints, is_t: Bools) -> Bools:
    """Formers other than Si that have no O, or are cations beside a framework or in water."""
    n = len(symbols)
    sharing = np.bincount(oxygen[is_t[atom]], minlength=n)  # T around each O
    around = np.bincount(atom, minlength=n)
    full = np.bincount(atom, weights=sharing[oxygen] > 2, minlength=n)  # O that have two T without this one
    links = np.bincount(atom, weights=sharing[oxygen] == 2, minlength=n)
    mine = is_t & (symbols != "Si")
    alone = mine & ((around == 0) | ((around >= WATER_AROUND) & (full + links == 0)))
    beside = mine & (full >= 1) & (links == 0)
    # a dense crystal, where more than two T share each O, consists of such T
    return np.asarray(alone | beside if beside.sum() <= MOST_FOREIGN * is_t.sum() else alone)


def _linked_metals(symbols: NDArray[np.str_], atom: Ints, oxygen: Ints, is_t: Bools, metal: Bools) -> Bools:
    """Metals that about four O join to T."""
    n = len(symbols)
    order = {symbol: k for k, symbol in enumerate(METALS)}
    rank = np.array([order.get(str(s), -1) for s in symbols])
    left = metal.copy()
    around = np.bincount(atom, minlength=n)
    settled = np.bincount(oxygen[is_t[atom]], minlength=n)
    while left.any():
        other = np.bincount(oxygen[left[atom]], minlength=n)
        joins = settled[oxygen] + other[oxygen] - left[atom] == 1
        links = np.bincount(atom[joins], minlength=n)
        bad = left & ((links < LINKS[0]) | (links > LINKS[1]) | (around > links + MORE))
        if not bad.any():
            break
        worst = bad & (links == links[bad].min())
        left &= ~(worst & (rank == rank[worst].max()))
    return left


def _without_oxygens(
    positions: Floats, symbols: NDArray[np.str_], cell: Floats, former: Bools, metal: Bools
) -> Bools:
    """Formers, and metals without which their neighbours would lack a bond."""
    if not (former.any() and metal.any()):
        return former
    some = np.flatnonzero(former | metal)
    i, j, _, _ = neighbour_pairs(positions[some], cell, T_T_A, full=True)
    i, j = some[i], some[j]
    n = len(symbols)
    settled = np.bincount(i[former[j]], minlength=n)
    around = np.bincount(i, minlength=n)
    lacking = np.bincount(i, weights=former[j] & (settled[j] < LINKS[1]), minlength=n)
    return former | (metal & (around >= 3) & (around <= 5) & (2 * lacking > settled))
