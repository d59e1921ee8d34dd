r"""Places of Na+, K+ and Ca2+ beside Al.

A cation goes where the bond valences of the O around it,

.. math:: V = \sum_O \exp((r_0 - d) / 0.37\,\mathrm{Å}),

come nearest to its charge (I. D. Brown, D. Altermatt, Acta Cryst. B41, 244 (1985), r_0: Na 1.803, K 2.132, Ca
1.967 Å), with O of its own Al among them, and with the distances to all else kept. No O comes nearer than the
sum of the ionic radii less 0.1 Å (R. D. Shannon, Acta Cryst. A32, 751 (1976): Na 1.02, K 1.38, Ca 1.00, O 1.36
Å, the cations with six neighbours). Directions and distances around the Al are tried, and the best place is
refined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.grid import around, build_grid

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ion:
    """A cation.

    Attributes
    ----------
    charge : int
        e.
    length_A : float
        Distance to O, Å: the sum of the ionic radii.
    valence_A : float
        r_0 of the bond valence, Å.
    """

    charge: int
    length_A: float
    valence_A: float


IONS = {"Na": Ion(1, 2.38, 1.803), "K": Ion(1, 2.74, 2.132), "Ca": Ion(2, 2.36, 1.967)}
#: How much nearer than its length an O may come, and up to how much farther it counts as a neighbour, Å.
NEARER_A, FARTHER_A = 0.10, 0.40
#: How much farther than an O a T has to be (in a six-ring Na-O is 2.3 and Na-T 3.2 Å), Å.
T_FARTHER_A = 0.5
#: Nearest H of the framework, heavy atom and H of a guest, cation, Å.
NEAREST_A = (2.2, 3.0, 2.4, 3.2)
#: Distances and directions tried around an Al, Å.
FROM_A, TO_A, STEP_A, DIRECTIONS = 2.6, 5.6, 0.2, 400
#: How far O are looked for, Å.
REACH_A = 4.5
#: What it costs to have no second O of the Al, each, and an Å of distance from the Al.
OWN_COST, DISTANCE_COST = 0.15, 0.05
MOST_AROUND = 4096


def place_cations(
    atoms: Atoms, groups: list[Ints], own: list[Ints], name: str, others: Atoms | None
) -> tuple[Floats, list[bool]]:
    """A place for a cation beside each group of Al.

    Parameters
    ----------
    atoms
        The framework with its H.
    groups
        Atoms (Al) that each cation balances: one, or two for Ca.
    own
        Their O.
    name
        One of `IONS`.
    others
        Guests that are there already.

    Returns
    -------
    places : (K, 3) float array
        Å; NaN where there is no room.
    found : list of bool
    """
    ion = IONS[name]
    cell = np.ascontiguousarray(atoms.cell[:], dtype=float)
    kind = np.select([atoms.numbers == 8, atoms.numbers == 1], [0, 2], 1)
    points = atoms.positions
    if others is not None and len(others):
        points = np.vstack([points, others.positions])
        kind = np.concatenate([kind, np.where(others.numbers == 1, 4, 3)])
    least = np.array([ion.length_A - NEARER_A, ion.length_A + T_FARTHER_A, *NEAREST_A])
    grid = build_grid(np.ascontiguousarray(points), cell, TO_A + REACH_A)
    k = np.arange(DIRECTIONS) + 0.5
    polar, turn = np.arccos(1 - 2 * k / DIRECTIONS), np.pi * (1 + 5**0.5) * k
    sphere = np.column_stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)])
    shells = np.arange(FROM_A, TO_A + 1e-9, STEP_A)
    tried = (shells[:, None, None] * sphere).reshape(-1, 3)
    places = np.full((len(groups), 3), np.nan)
    numbers = np.array([ion.charge, ion.length_A + FARTHER_A, ion.valence_A], dtype=float)
    mine = np.zeros(len(points), dtype=np.bool_)
    for n, (group, oxygens) in enumerate(zip(groups, own, strict=True)):
        mine[oxygens] = True
        there = places[:n][np.isfinite(places[:n, 0])]
        best, most = np.full(3, np.nan), np.inf
        for site in group:
            arm, cost = _best(atoms.positions[site], tried, grid, kind, mine, least, numbers, there)
            if cost < most:
                best, most = atoms.positions[site] + arm, cost
        mine[oxygens] = False
        places[n] = best
    return places, np.isfinite(places[:, 0]).tolist()


@numba.njit(cache=True)
def _best(
    origin: Floats, tried: Floats, grid: Any, kind: Ints, mine: NDArray[np.bool_], least: Floats, ion: Floats,
    cations: Floats,
) -> tuple[Floats, float]:  # fmt: skip
    """The arm from `origin` to the place of least cost, refined, and that cost; infinite: there is none."""
    found, number = np.empty((MOST_AROUND, 3)), np.empty(MOST_AROUND, np.int64)
    count = around(origin, grid, found, number)
    sort = np.empty(MOST_AROUND, np.int64)
    own = np.zeros(MOST_AROUND, np.bool_)
    for n in range(count):
        sort[n], own[n] = kind[number[n]], mine[number[n]]
    # images within reach: so many cells on each side of the nearest
    out = np.ceil(grid.reach * np.sqrt((grid.inverse**2).sum(axis=0)) - 0.5).astype(np.int64)
    for c in range(len(cations)):
        f = (cations[c] - origin) @ grid.inverse
        f = f - np.round(f)
        for x in range(-out[0], out[0] + 1):
            for y in range(-out[1], out[1] + 1):
                for z in range(-out[2], out[2] + 1):
                    arm = (f + np.array([float(x), float(y), float(z)])) @ grid.cell
                    if (arm**2).sum() < grid.reach**2 and count < MOST_AROUND:
                        found[count], sort[count], own[count] = arm, 5, False
                        count += 1
    best, most = np.zeros(3), np.inf
    for n in range(len(tried)):
        cost = _cost(tried[n], found, sort, own, count, least, ion)
        if cost < most:
            best, most = tried[n].copy(), cost
    step = 0.1
    while step > 0.004 and most < np.inf:
        better = False
        for axis in range(3):
            for sign in (-1.0, 1.0):
                there = best.copy()
                there[axis] += sign * step
                cost = _cost(there, found, sort, own, count, least, ion)
                if cost < most:
                    best, most, better = there, cost, True
        if not better:
            step /= 2
    return best, most


@numba.njit(cache=True)
def _cost(
    place: Floats, found: Floats, sort: Ints, own: NDArray[np.bool_], count: int, least: Floats, ion: Floats
) -> float:
    """How far the bond valence is from the charge, and what else speaks against a place; infinite: too near."""
    valence, neighbours = 0.0, 0
    for n in range(count):
        square = 0.0
        for q in range(3):
            square += (found[n, q] - place[q]) ** 2
        if square > REACH_A * REACH_A:
            continue
        gap = np.sqrt(square)
        if gap < least[sort[n]]:
            return np.inf
        if sort[n] == 0:
            valence += np.exp((ion[2] - gap) / 0.37)
            if own[n] and gap < ion[1]:
                neighbours += 1
    away = np.sqrt((place**2).sum())
    cost = abs(valence - ion[0]) + OWN_COST * max(0, 2 - neighbours) + DISTANCE_COST * away
    return float(cost)
