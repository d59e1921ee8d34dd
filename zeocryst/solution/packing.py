"""Random places and orientations for clusters of beads in a periodic cubic box, without overlap.

Random sequential addition, the largest clusters first: a place and an orientation are drawn, both uniform,
and taken if every bead keeps its distance from all beads of others that are there. A grid of cells over the
box says which these can be. The distances follow from the model (`Contacts`): roomy ones, at which no bond is
there at the start, are tried first; where they leave no room everything is done again with shorter ones, down
to where the energy of a pair changes sign. Such an addition fills less than what can be packed at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.model.forcefield import ForceField

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Shares of the way from the least to the roomy distances that are tried, one after the other.
SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)
#: Places drawn for one cluster before the box counts as full; a trial gives up sooner, so that what works there
#: works quickly in a large box.
ATTEMPTS, PILOT_ATTEMPTS = 20_000, 200
#: Beads of a trial at small size.
PILOT = 5_000
#: Cells of the grid for each bead, at most (an empty cell costs memory and time too).
CELLS_PER_BEAD = 4


@dataclass(frozen=True)
class Kind:
    """Clusters that are all alike.

    Attributes
    ----------
    name : str
        For messages.
    count : int
        How many.
    places : (n, 3) array
        Their beads, about their middle, Å.
    types : (n,) int array
        Bead type of each.
    """

    name: str
    count: int
    places: Floats
    types: Ints


@dataclass(frozen=True)
class Contacts:
    """How near beads of two clusters may come at the start.

    Attributes
    ----------
    roomy : (n, n) array
        For each pair of bead types, Å: where the pair's range ends if it bonds by angles (T-T: 4.91 Å in the
        T-S model, so that clusters start unbonded), else sigma (5.13 Å with an S).
    least : (n, n) array
        Where the energy of a pair changes sign, sigma B^(1/(p - q)), Å (T-T 2.40 Å, with an S 4.52 Å).
    """

    roomy: Floats
    least: Floats

    def at(self, share: float) -> Floats:
        """Distances this share of the way from the least to the roomy ones, Å."""
        return np.asarray(self.least + share * (self.roomy - self.least))


def contacts(forcefield: ForceField) -> Contacts:
    """The distances that a model asks for."""
    types = forcefield.types
    roomy, least = np.zeros((len(types), len(types))), np.zeros((len(types), len(types)))
    for i, a in enumerate(types):
        for j, b in enumerate(types):
            pair = forcefield.pair(a, b)
            bonds = any(
                t.lambda_ for (vertex, arm, _), t in forcefield.triplets.items() if (vertex, arm) == (a, b)
            )
            least[i, j] = pair.sigma_A * pair.B ** (1.0 / (pair.p - pair.q))
            roomy[i, j] = max(least[i, j], pair.cutoff_A if bonds else pair.sigma_A)
    return Contacts(np.maximum(roomy, roomy.T), least)


def pack(
    kinds: list[Kind], side: float, allowed: Contacts, rng: np.random.Generator
) -> tuple[list[Floats], float]:
    """Random places for clusters in a cubic box.

    Parameters
    ----------
    kinds
        What to place.
    side
        Edge of the box, Å.
    allowed
        How near beads may come.
    rng
        Source of random numbers; the same state gives the same places.

    Returns
    -------
    places : list of (count, n, 3) arrays
        Beads of the clusters of each kind, Å, in the order of `kinds`; clusters are whole, so that beads of one
        that reaches over the edge lie outside of the box.
    share : float
        Which of `SHARES` the distances are.

    Raises
    ------
    InputError
        They do not fit, even at the least distances; names what was placed last and how much of it.
    """
    order = sorted(range(len(kinds)), key=lambda k: -_size(kinds[k], allowed))
    largest_first = [kinds[k] for k in order]
    for kind in kinds:
        need = _own_box(kind, allowed.least)
        if kind.count and need > side:
            raise InputError(
                f"system: {kind.name} is too large for a box of {side:.1f} Å, it needs {need:.1f} Å; "
                "expected a larger n_T or a lower density_T_per_1000A3"
            )
    begin = _pilot(largest_first, side, allowed, rng)
    stuck = (0, 0)
    for share in SHARES[begin:]:
        found = _attempt(largest_first, side, allowed.at(share), rng)
        if isinstance(found, list):
            return [found[order.index(k)] for k in range(len(kinds))], share
        stuck = max(stuck, found)
    number, placed = stuck
    kind = largest_first[number]
    before = " and ".join(f"{kind.count} {kind.name}" for kind in largest_first[:number])
    there = f"{before} were placed, but " if before else ""
    fits = _that_fits(largest_first, side, allowed, rng)
    raise InputError(
        f"system: more clusters than fit in a box of {side:.1f} Å: {there}only {placed} of {kind.count} "
        f"{kind.name} found room; expected a lower density_T_per_1000A3 ({fits:.2f} times this one would do), "
        f"or fewer {kind.name}"
    )


def _smaller(kinds: list[Kind], side: float) -> tuple[list[Kind], float]:
    """About `PILOT` beads of the same composition and density, and their box."""
    n_beads = sum(kind.count * len(kind.places) for kind in kinds)
    less = [replace(kind, count=math.ceil(kind.count * PILOT / n_beads)) for kind in kinds]
    return less, side * (sum(kind.count * len(kind.places) for kind in less) / n_beads) ** (1 / 3)


def _pilot(kinds: list[Kind], side: float, allowed: Contacts, rng: np.random.Generator) -> int:
    """Which of `SHARES` to begin with: the first that works for few beads, where trying is cheap."""
    if sum(kind.count * len(kind.places) for kind in kinds) <= 2 * PILOT:
        return 0
    few, small = _smaller(kinds, side)
    worked = (
        isinstance(_attempt(few, small, allowed.at(share), rng, PILOT_ATTEMPTS), list) for share in SHARES
    )
    return next((k for k, good in enumerate(worked) if good), len(SHARES) - 1)


def _that_fits(kinds: list[Kind], side: float, allowed: Contacts, rng: np.random.Generator) -> float:
    """What times this density few beads of the same composition fit at, in steps of 5 %."""
    few, small = _smaller(kinds, side)
    factor = 0.95
    # three times, with fewer draws than a run has: it is to fit for sure
    while not all(
        isinstance(_attempt(few, small * factor ** (-1 / 3), allowed.least, rng, ATTEMPTS // 10), list)
        for _ in range(3)
    ):
        factor *= 0.95
    return factor


def _own_box(kind: Kind, distances: Floats) -> float:
    """Edge of a box in which a cluster keeps its distance from its own images however it is turned, Å."""
    extent = np.linalg.norm(kind.places[:, None] - kind.places, axis=2).max()
    return float(extent + distances[np.ix_(kind.types, kind.types)].max())


def _size(kind: Kind, allowed: Contacts) -> float:
    """Radius of the sphere around a cluster that keeps T away, Å."""
    reach = np.linalg.norm(kind.places, axis=1)
    return float((reach + allowed.least[kind.types].min(axis=1) - allowed.least.min() / 2).max())


def _attempt(
    kinds: list[Kind], side: float, distances: Floats, rng: np.random.Generator, attempts: int = ATTEMPTS
) -> list[Floats] | tuple[int, int]:
    """Places of all clusters, or at which kind and cluster there was no room."""
    n_beads = sum(kind.count * len(kind.places) for kind in kinds)
    across = max(1, min(int(side / distances.max()), round((CELLS_PER_BEAD * n_beads) ** (1 / 3))))
    grid = _Grid(
        across,
        np.full(across**3, -1, dtype=np.int32),
        np.empty(n_beads, dtype=np.int32),
        np.empty((n_beads, 3)),
        np.empty(n_beads, dtype=np.int8),
        np.ascontiguousarray(distances**2),
    )
    found, begin = [], 0
    for number, kind in enumerate(kinds):
        if kind.count and _own_box(kind, distances) > side:
            return number, 0
        whole = np.empty((kind.count, len(kind.places), 3))
        beads = np.ascontiguousarray(kind.places, dtype=float)
        placed = _place(beads, kind.types.astype(np.int8), side, grid, begin, whole, attempts, rng)
        if placed < kind.count:
            return number, placed
        found.append(whole)
        begin += whole.shape[0] * whole.shape[1]
    return found


class _Grid(NamedTuple):
    """What is placed: beads by cell, as linked lists (-1 ends one), and the squares of the least distances."""

    across: int
    first: NDArray[np.int32]
    following: NDArray[np.int32]
    beads: Floats
    types: NDArray[np.int8]
    squares: Floats


@numba.njit(cache=True)
def _turn(rng: np.random.Generator, places: Floats, out: Floats) -> None:
    """Places in a random orientation, all equally likely (K. Shoemake, Graphics Gems III, 124 (1992))."""
    u, a, b = rng.random(), 2 * np.pi * rng.random(), 2 * np.pi * rng.random()
    x, y = np.sqrt(1 - u) * np.sin(a), np.sqrt(1 - u) * np.cos(a)
    z, w = np.sqrt(u) * np.sin(b), np.sqrt(u) * np.cos(b)
    for k in range(len(places)):
        p, q, r = places[k, 0], places[k, 1], places[k, 2]
        out[k, 0] = (1 - 2 * (y * y + z * z)) * p + 2 * (x * y - z * w) * q + 2 * (x * z + y * w) * r
        out[k, 1] = 2 * (x * y + z * w) * p + (1 - 2 * (x * x + z * z)) * q + 2 * (y * z - x * w) * r
        out[k, 2] = 2 * (x * z - y * w) * p + 2 * (y * z + x * w) * q + (1 - 2 * (x * x + y * y)) * r


@numba.njit(cache=True)
def _free(place: Floats, kind: int, side: float, grid: _Grid) -> bool:
    """Whether a bead at a place in the box keeps its distance from all that are there."""
    n = grid.across
    cx, cy, cz = int(place[0] / side * n), int(place[1] / side * n), int(place[2] / side * n)
    for i in range(cx - 1, cx + 2):
        for j in range(cy - 1, cy + 2):
            for k in range(cz - 1, cz + 2):
                other = grid.first[((i % n) * n + j % n) * n + k % n]
                while other >= 0:
                    square = 0.0
                    for axis in range(3):
                        apart = abs(place[axis] - grid.beads[other, axis])
                        apart = min(apart, side - apart)
                        square += apart * apart
                    if square < grid.squares[kind, grid.types[other]]:
                        return False
                    other = grid.following[other]
    return True


@numba.njit(cache=True)
def _place(
    places: Floats, kinds: NDArray[np.int8], side: float, grid: _Grid, begin: int, whole: Floats, attempts: int,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """Add clusters to the grid one by one until all of `whole` are there or one finds no room; how many are."""
    size, n = len(places), grid.across
    turned, inside, centre = places.copy(), np.empty((size, 3)), np.empty(3)
    for number in range(len(whole)):
        free = False
        for _ in range(attempts):
            for axis in range(3):
                centre[axis] = side * rng.random()
            if size > 1:
                _turn(rng, places, turned)
            free = True
            for k in range(size):
                for axis in range(3):
                    inside[k, axis] = _into(centre[axis] + turned[k, axis], side)
                if not _free(inside[k], kinds[k], side, grid):
                    free = False
                    break
            if free:
                break
        if not free:
            return number
        for k in range(size):
            bead = begin + number * size + k
            whole[number, k] = centre + turned[k]
            grid.beads[bead] = inside[k]
            grid.types[bead] = kinds[k]
            cx, cy, cz = (
                int(inside[k, 0] / side * n),
                int(inside[k, 1] / side * n),
                int(inside[k, 2] / side * n),
            )
            cell = ((cx % n) * n + cy % n) * n + cz % n
            grid.following[bead] = grid.first[cell]
            grid.first[cell] = bead
    return len(whole)


@numba.njit(cache=True)
def _into(value: float, side: float) -> float:
    """A coordinate moved into [0, side)."""
    value -= side * np.floor(value / side)
    return value if value < side else 0.0
