"""What is said to somebody whose file has no T that could be found: which names would make sense."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.errors import InputError

Floats = NDArray[np.float64]

#: Distances of a T and its O, Å, and of T that are bonded (water: 2.5 to 3.2 Å; silica: 2.8 to 3.7 Å).
T_O_A, T_T_A = (1.3, 2.3), (2.4, 3.7)
#: A name makes sense as T if this share of its atoms has about four (three to five) such neighbours.
MOST = 0.6
#: An O with so many H nearer than this, Å, is one of water.
O_H_A, HYDROGENS = 1.3, 2


class NoTetrahedra(InputError):
    """No atom is a T; `types` is what could be given as ``--types``, or empty."""

    def __init__(self, text: str, types: str = "") -> None:
        super().__init__(text)
        self.types = types


def no_tetrahedra(
    positions: Floats, symbols: NDArray[np.str_], cell: Floats, *, numbered: bool
) -> NoTetrahedra:
    """The error to raise where no atom is a T.

    Parameters
    ----------
    positions : (N, 3) array, Å
    symbols : (N,) array
        Chemical symbols.
    cell : (3, 3) array, Å
    numbered
        The file has numbers for types; the symbols are the elements of these numbers.
    """
    names = dict(zip(np.unique(symbols), np.unique(symbols), strict=True))
    if numbered:
        from ase.data import atomic_numbers

        names = {s: f"{atomic_numbers[s]}" for s in names}
    found = f"no T sites among {', '.join(f'type {n}' if numbered else n for n in names.values())}"
    reason, types = _proposal(positions, symbols, cell, names)
    if types:
        return NoTetrahedra(f"{found}; {reason}: add --types {types}", types)
    given = "say which number is what, such as --types T=1,O=2"
    if not numbered:
        given = "T are Si, Al, P, Ge and others with about four O; if another name is meant: --types T=NAME"
    return NoTetrahedra(f"{found}; none of them has about four neighbours as a T has. {given}")


def _proposal(
    positions: Floats, symbols: NDArray[np.str_], cell: Floats, names: dict[str, str]
) -> tuple[str, str]:
    """Why, and what ``--types`` should be; empty where nothing makes sense."""
    i, j, _, distance = neighbour_pairs(positions, cell, T_T_A[1], full=True)
    if "O" in names and names["O"] == "O" and _is_water(symbols, i, j, distance):
        return "the O are those of water", "T=O"
    if len(names) == 1:
        [only] = names.values()
        return "there is nothing else", f"T={only}"
    best, most, types = "", MOST, ""
    for t, name in names.items():
        mine = symbols == t
        for o, other in names.items():
            low, high = T_T_A if o == t else T_O_A
            near = (distance > low) & (distance < high) & mine[i] & (symbols[j] == o)
            count = np.bincount(i[near], minlength=len(symbols))[mine]
            share = float(((count >= 3) & (count <= 5)).mean())
            if o != t:  # an O has two T
                back = np.bincount(j[near], minlength=len(symbols))[symbols == o]
                share *= float(((back >= 1) & (back <= 2)).mean())
            if share > most or (share == most and o != t):
                most = share
                around = "others" if o == t else other
                best = f"{100 * share:.0f} % of the {name} have about four {around} around them"
                types = f"T={name}" if o == t or other == "O" else f"T={name},O={other}"
    return best, types


def _is_water(symbols: NDArray[np.str_], i: NDArray[np.int64], j: NDArray[np.int64], distance: Floats) -> bool:
    """Whether most O have two H."""
    oxygen = symbols == "O"
    if not (symbols == "H").any():
        return False
    bonded = oxygen[i] & (symbols[j] == "H") & (distance < O_H_A)
    return float((np.bincount(i[bonded], minlength=len(symbols))[oxygen] == HYDROGENS).mean()) > MOST
