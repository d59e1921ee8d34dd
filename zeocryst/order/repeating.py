"""Crystals by their positions alone: what repeats itself, whatever its bonds are.

Frameworks of four-connected T are known by their nets. Other crystals (T with six O, layers, chains, separate
tetrahedra) are known by their positions: most of the atoms come to lie on others when all are moved by a vector
that is none of the cell (`translations`). What repeats is folded into the primitive cell and averaged, so that
noise and vacancies matter little, and spglib says what symmetry is left (`repeating_crystal`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import volume
from zeocryst.network.bonds import Network
from zeocryst.network.matching import matched_bonds
from zeocryst.network.periodicity import pieces
from zeocryst.network.sharing import oxygens_around, sharing_network
from zeocryst.network.translations import NEAR_A, translations
from zeocryst.order.crystal import SYMMETRY, TOLERANCES_A, run_spglib

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Atoms of a primitive cell for which symmetry is looked for.
MOST_ATOMS = 500
#: A primitive cell of this many T needs little symmetry, or none.
FEW_T = 8
#: T per 1000 Å^3 of the emptiest crystal. (Zeolites have 8 and more.)
LEAST_DENSITY = 5.0
#: A place of the primitive cell exists if this share of all cells has an atom there.
OCCUPIED = 0.5


@dataclass(frozen=True)
class Repeating:
    """A crystal's primitive cell, and what of a frame belongs to it.

    Attributes
    ----------
    cell : (3, 3) array, Å
    positions : (N, 3) array, Å
        Places, averaged over the frame.
    kinds : (N,) int array
        0 for T, 1 for O.
    cells : int
        Primitive cells in the frame.
    member : (M,) bool array
        Atoms of the frame, T first, that lie at a place of the crystal.
    symmetry : dict
        As `zeocryst.order.crystal.symmetry`.
    """

    cell: Floats
    positions: Floats
    kinds: Ints
    cells: int
    member: NDArray[np.bool_]
    symmetry: dict[str, Any]

    @property
    def is_four_connected(self) -> bool:
        """Whether each T is joined to four others, by an O each where there are O."""
        around = self.coordination
        joined = _joined(self.positions, self.kinds, self.cell)
        return bool((joined.degree == 4).all() and (around is None or (around == 4).all()))

    @property
    def coordination(self) -> Ints | None:
        """Number of O around each T of the primitive cell; None where there are no O."""
        sites, oxygens = self.positions[self.kinds == 0], self.positions[self.kinds == 1]
        return oxygens_around(sites, oxygens, self.cell) if len(oxygens) else None

    @property
    def directions(self) -> int:
        """In how many directions T that are joined go on for ever."""
        return pieces(_joined(self.positions, self.kinds, self.cell))[0].directions


def _primitive(cell: Floats, moves: Floats) -> Floats | None:
    """Three short vectors that span the lattice of the cell's and the moves; None if they do not fit."""
    whole = np.array(list(np.ndindex(3, 3, 3))) - 1
    vectors = (np.vstack([np.zeros((1, 3)), moves])[:, None] + (whole @ cell)[None]).reshape(-1, 3)
    length = np.linalg.norm(vectors, axis=1)
    vectors = vectors[np.argsort(length, kind="stable")][1:40]
    wanted = volume(cell) / (len(moves) + 1)
    for three in combinations(range(len(vectors)), 3):
        chosen = vectors[list(three)]
        size = float(np.linalg.det(chosen))
        if abs(abs(size) - wanted) < 0.1 * wanted:
            return chosen if size > 0 else -chosen
    return None


def _fold(positions: Floats, kinds: Ints, cell: Floats, cells: int) -> tuple[Floats, Ints, Ints]:
    """Places of the primitive cell, their kinds, and the place of each atom (-1: none)."""
    place = np.full(len(positions), -1)
    inverse = np.linalg.inv(cell)
    places: list[Floats] = []
    of: list[int] = []
    left = np.ones(len(positions), dtype=bool)
    while left.any():
        first = int(np.flatnonzero(left)[0])
        centre = positions[first]
        for _ in range(3):  # the mean of those near it is a better centre
            away = (positions - centre) @ inverse
            away = (away - np.round(away)) @ cell
            near = left & (kinds == kinds[first]) & (np.linalg.norm(away, axis=1) < 1.5 * NEAR_A)
            if not near.any():
                break
            centre = centre + away[near].mean(axis=0)
        near[first] = True
        left &= ~near
        if near.sum() > OCCUPIED * cells:
            place[near] = len(places)
            places.append(centre)
            of.append(int(kinds[first]))
    return np.array(places).reshape(-1, 3), np.array(of, dtype=np.int64), place


def repeating_crystal(sites: Floats, oxygens: Floats, cell: Floats) -> Repeating | None:
    """The crystal that a frame is, by its positions; None if it is none, or has too large a primitive cell.

    A primitive cell of more than `FEW_T` T must have symmetry: half as many kinds of T as there are T, or
    fewer. A smaller one must have some, or T that share O with their own images. A frame of fewer than
    `LEAST_DENSITY` T per 1000 Å^3 is none: it is a molecule in a box.

    Parameters
    ----------
    sites, oxygens : (N, 3) and (P, 3) arrays, Å
        T, and O, of which there may be none.
    cell : (3, 3) array, Å
    """
    positions = np.vstack([sites, oxygens.reshape(-1, 3)])
    kinds = np.repeat([0, 1], [len(sites), len(positions) - len(sites)])
    moves = translations(positions, kinds, cell)
    cells = len(moves) + 1
    small = _primitive(cell, moves) if cells > 1 else cell
    if small is None or len(positions) > MOST_ATOMS * cells:
        return None
    if cells > 1:
        places, of, place = _fold(positions, kinds, small, cells)
    else:
        places, of, place = positions, kinds, np.arange(len(positions))
    n = int((of == 0).sum())
    if n == 0:
        return None
    if 1000 * n < LEAST_DENSITY * volume(small):
        return None
    symmetry = _symmetry(places, of, small)
    orbits, number = symmetry["n_T_sites"], symmetry["space_group_number"]
    if orbits is None or 2 * orbits > n:
        joined = (of == 1).any() and pieces(_joined(places, of, small))[0].directions > 0
        if n > FEW_T or orbits is None or not (number > 1 or joined):
            return None
    return Repeating(small, places, of, cells, place >= 0, symmetry)


def _joined(places: Floats, kinds: Ints, cell: Floats) -> Network:
    """T joined by the O that they share, or where there are no O, by the best matching of bonds."""
    sites, oxygens = places[kinds == 0], places[kinds == 1]
    return sharing_network(sites, oxygens, cell) if len(oxygens) else matched_bonds(sites, cell)[0]


def _symmetry(places: Floats, kinds: Ints, cell: Floats) -> dict[str, Any]:
    """What spglib finds at the tolerance with most operations, if T of different coordination stay apart."""
    from ase.cell import Cell

    around = oxygens_around(places[kinds == 0], places[kinds == 1], cell)
    best, most = dict.fromkeys(SYMMETRY), 0.0
    for tolerance in TOLERANCES_A:
        dataset = run_spglib(places, kinds + 1, cell, tolerance)
        if dataset is None:
            continue
        orbits = np.asarray(dataset.crystallographic_orbits)[kinds == 0]
        if any(len(set(around[orbits == orbit].tolist())) > 1 for orbit in np.unique(orbits)):
            continue
        per_atom = len(dataset.rotations) / len(places)
        if per_atom > most * (1 + 1e-9):
            most = per_atom
            T_per_cell = int((np.asarray(dataset.std_types) == 1).sum())
            cellpar = np.round(Cell(dataset.std_lattice).cellpar(), 4).tolist()
            values = (str(dataset.international), int(dataset.number), len(np.unique(orbits)), tolerance)
            best = dict(zip(SYMMETRY, (*values, T_per_cell, cellpar), strict=True))
    return best


def describe_repeating(crystal: Repeating, n_T: int) -> dict[str, Any]:
    """What `identify` says of such a crystal.

    Returns
    -------
    dict
        ``sites`` (T of the frame that belong to it), ``name`` (None: only nets have names), ``four_connected``
        (False), ``coordination`` (number of O around a T: T of the primitive cell; None without O),
        ``directions`` (in which joined T go on for ever: 3 a framework, 2 layers, 1 chains, 0 groups),
        ``perfect`` (no atom is missing, none is elsewhere), what `zeocryst.order.crystal.symmetry` gives, and
        ``relatives`` (none).
    """
    around, member = crystal.coordination, crystal.member
    full = len(member) == crystal.cells * len(crystal.positions)
    return {
        "sites": int(member[:n_T].sum()),
        "name": None,
        "four_connected": False,
        "coordination": None
        if around is None
        else {str(k): n for k, n in sorted(Counter(around.tolist()).items())},
        "directions": crystal.directions,
        "perfect": bool(member.all()) and full,
        **crystal.symmetry,
        "relatives": [],
    }
