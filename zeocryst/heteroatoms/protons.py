"""H+ on an O beside each Al: Brønsted sites, Si-O(H)-Al.

The H lies in the plane of Si, O and Al, on the bisector, away from both. Of the O of an Al that one is taken
whose H has the most room; no O gets two. (Which of the four has the lowest energy is a matter of the force
field; they differ by up to 16 kJ/mol in shell models.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.hydrogens import NEAREST_H_A, NEAREST_O_A, NEAREST_SI_A
from zeocryst.backmapping.oxygens import Silicate
from zeocryst.cell import neighbour_pairs
from zeocryst.heteroatoms.elements import ELEMENTS

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: O-H of a Brønsted site, Å (0.97 to 0.98 Å in calculations: J. Sauer, Chem. Rev. 89, 199 (1989)).
O_H_A = 0.97
#: How far room is looked for, Å.
ROOM_A = 5.0
#: What an O that bridges two Al is put back by, Å.
BETWEEN_AL_A = 10.0
#: Straighter bridges than this have no bisector: sine of half of what is missing from 180 degrees.
STRAIGHT = 0.05
#: How near an H may come to a guest's atom that is no H, Å.
NEAREST_GUEST_A = 2.0


def arms(silicate: Silicate, oxygens: Ints) -> Floats:
    """From bridging O (their numbers among the bonds) to their H, (K, 3) Å; anywhere across straight ones."""
    network = silicate.network
    o = silicate.bridging[oxygens]
    first = network.positions[network.first[oxygens]] - o
    second = first + network.vectors[oxygens]
    out = -(_unit(first) + _unit(second)) / 2
    length = np.linalg.norm(out, axis=1)
    straight = length < STRAIGHT
    axis = _unit(first)[straight]
    side = np.eye(3)[np.argmin(np.abs(axis), axis=1)]
    out[straight] = np.cross(axis, side)
    return np.asarray(O_H_A * _unit(out))


def choose_oxygens(
    atoms: Atoms, silicate: Silicate, sites: Ints, others: Atoms | None, rng: np.random.Generator
) -> dict[int, int]:
    """The bridging O (number among the bonds) that gets the H of each of these T.

    Parameters
    ----------
    atoms
        The framework.
    silicate
        The same with its bonds.
    sites : (K,) int array
        T whose charge an H balances.
    others
        Guests that are there already.
    rng
        In which order the T choose.

    Returns
    -------
    dict
        T to bond; a T all of whose O have an H already is not in it.
    """
    network = silicate.network
    wanting = np.isin(network.first, sites) | np.isin(network.second, sites)
    candidates = np.flatnonzero(wanting)
    ends = silicate.bridging[candidates] + arms(silicate, candidates)
    room = _room(atoms, silicate, candidates, ends, others)
    symbols = atoms.get_chemical_symbols()[: network.n_sites]
    negative = np.array([ELEMENTS[symbol].charge < 0 for symbol in symbols])
    both = negative[network.first[candidates]] & negative[network.second[candidates]]
    room[both] -= BETWEEN_AL_A
    near = _near_each_other(ends, np.asarray(atoms.cell[:]))
    of_site: dict[int, list[int]] = {int(s): [] for s in sites}
    for k, bond in enumerate(candidates.tolist()):
        for end in {int(network.first[bond]), int(network.second[bond])}:
            if end in of_site:
                of_site[end].append(k)
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for site in rng.permutation(sites).tolist():
        free = [k for k in of_site[site] if k not in taken]
        if not free:
            continue

        def _space(k: int) -> float:
            return min([float(room[k]), *(gap for other, gap in near.get(k, []) if other in taken)])

        best = max(free, key=_space)
        taken.add(best)
        chosen[site] = int(candidates[best])
    return chosen


def _room(atoms: Atoms, silicate: Silicate, bonds: Ints, ends: Floats, others: Atoms | None) -> Floats:
    """How much farther than it may come each H is from everything but its own O and the T beside it, Å."""
    network = silicate.network
    n = network.n_sites
    least = np.full(len(atoms), NEAREST_O_A)
    least[:n] = NEAREST_SI_A
    least[atoms.numbers == 1] = NEAREST_H_A
    points = [atoms.positions]
    if others is not None and len(others):
        points.append(others.positions)
        least = np.concatenate([least, np.where(others.numbers == 1, NEAREST_H_A, NEAREST_GUEST_A)])
    total = len(least)
    i, j, _, distance = neighbour_pairs(np.vstack([*points, ends]), atoms.cell[:], ROOM_A, full=True)
    keep = (i >= total) & (j < total)
    k, j, distance = i[keep] - total, j[keep], distance[keep]
    bond = bonds[k]
    own = (j == n + bond) | (j == network.first[bond]) | (j == network.second[bond])
    room = np.full(len(bonds), ROOM_A)
    np.minimum.at(room, k[~own], (distance - least[j])[~own])
    return room


def _near_each_other(ends: Floats, cell: Floats) -> dict[int, list[tuple[int, float]]]:
    """Of each H the others near it, and how much farther than they may come they are, Å."""
    if len(ends) == 0:
        return {}
    i, j, _, distance = neighbour_pairs(ends, cell, ROOM_A, full=True)
    found: dict[int, list[tuple[int, float]]] = {}
    for one, other, gap in zip(i.tolist(), j.tolist(), (distance - NEAREST_H_A).tolist(), strict=True):
        found.setdefault(one, []).append((other, gap))
    return found


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
