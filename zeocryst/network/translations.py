"""Vectors by which most of a frame can be moved onto itself: a crystal's lattice, through noise and defects.

They are found from positions alone (`translations`). Whether a network is moved onto itself exactly, bond by
bond, is another question (`is_exact`), and a move by which it nearly is shows a crystal with a defect
(`has_defect`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from zeocryst.cell import wrap
from zeocryst.network.barycentric import SAME, at_barycentres
from zeocryst.network.bonds import Network
from zeocryst.network.bondtable import BondTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Atoms lie on others if they are no farther apart than this, Å, after the move that fits best, and a move is
#: one of the crystal's if this share of all lies on others. (By chance one in twenty does.)
NEAR_A, MOST_LIE = 0.6, 0.9
#: Atoms that are tried first, of which this share must lie on others.
PROBES, MOST_PROBES_LIE = 24, 0.7
#: Mean length of the bonds to which a placement is scaled, Å.
BOND_A = 3.1


def _tree(positions: Floats, cell: Floats) -> cKDTree:
    """A search tree of positions and of the images of those near the cell's faces."""
    fractional = positions @ np.linalg.inv(cell)
    fractional -= np.floor(fractional)
    margin = 2 * NEAR_A * np.linalg.norm(np.linalg.inv(cell), axis=0)
    places = []
    for step in np.ndindex(3, 3, 3):
        image = fractional + np.array(step) - 1
        near = ((image > -margin) & (image < 1 + margin)).all(axis=1)
        places.append(image[near] @ cell)
    return cKDTree(np.vstack(places))


def translations(positions: Floats, kinds: Ints, cell: Floats) -> Floats:
    """Vectors within the cell by which a frame can be moved so that nearly all of it lies on itself, (K, 3) Å.

    Parameters
    ----------
    positions : (N, 3) array, Å
    kinds : (N,) int array
        An atom lies on one of the same kind only.
    cell : (3, 3) array, Å
    """
    trees = {int(kind): _tree(positions[kinds == kind], cell) for kind in np.unique(kinds)}
    rng = np.random.default_rng(1)
    probes = rng.permutation(len(positions))[:PROBES]
    rarest = min(trees, key=lambda kind: (int((kinds == kind).sum()), kind))
    roots = np.flatnonzero(kinds == rarest)
    found: list[Floats] = []
    for root in rng.permutation(roots)[:2]:  # of two, since one may be out of place
        moves = positions[roots[roots != root]] - positions[root]
        tried = (positions[probes] + moves[:, None]).reshape(-1, 3)
        lies = _residuals(tried, np.tile(kinds[probes], len(moves)), trees, cell)[1]
        for move in moves[lies.reshape(len(moves), len(probes)).mean(axis=1) >= MOST_PROBES_LIE]:
            if _is_known(move, found, cell):
                continue
            apart, lies = _residuals(positions + move, kinds, trees, cell)
            better = move - apart[lies].mean(axis=0)
            lies = _residuals(positions + better, kinds, trees, cell)[1]
            if lies.mean() >= MOST_LIE and not _is_known(better, found, cell):
                found.append(better)
    return np.array(found).reshape(-1, 3)


def _is_known(move: Floats, found: list[Floats], cell: Floats) -> bool:
    """Whether a move is one of those found, or none at all."""
    others = np.vstack([np.zeros((1, 3)), *(f[None] for f in found)])
    away = (others - move) @ np.linalg.inv(cell)
    away -= np.round(away)
    return bool((np.linalg.norm(away @ cell, axis=1) < 2 * NEAR_A).any())


def _residuals(
    positions: Floats, kinds: Ints, trees: dict[int, cKDTree], cell: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """How far each lies from the nearest atom of its kind, (N, 3) Å, and whether that is near."""
    apart = np.zeros_like(positions)
    lies = np.zeros(len(positions), dtype=bool)
    moved = wrap(positions, cell)
    for kind, tree in trees.items():
        mine = np.flatnonzero(kinds == kind)
        distance, number = tree.query(moved[mine], distance_upper_bound=2 * NEAR_A)
        near = np.isfinite(distance)
        apart[mine[near]] = moved[mine[near]] - tree.data[number[near]]
        lies[mine] = distance <= NEAR_A
    return apart, lies


def is_exact(network: Network, move: Floats) -> bool:
    """Whether a move (Å) lays a network on itself: sites on sites, one each, and bonds on bonds."""
    inverse = np.linalg.inv(network.cell)
    places = network.positions @ inverse
    tree = cKDTree((places % 1.0) % 1.0, boxsize=1.0)
    moved = places + move @ inverse
    onto = tree.query((moved % 1.0) % 1.0)[1]
    if len(np.unique(onto)) < len(onto):
        return False
    image = np.round(moved - places[onto]).astype(np.int64)
    return BondTable(network).hold(onto, image, np.eye(3, dtype=np.int64))


def has_defect(network: Network) -> bool:
    """Whether a network is nearly that of a crystal with a smaller cell, but not quite.

    Judged at the barycentric placement, in which nothing but the net counts; where several sites lie in one
    place there, at the positions as they are.
    """
    placed = at_barycentres(network)
    length = float(np.linalg.norm(placed.vectors, axis=1).mean())
    places = ((placed.positions @ np.linalg.inv(placed.cell)) % 1.0) % 1.0
    if length == 0 or len(cKDTree(places, boxsize=1.0).query_pairs(SAME)):
        placed = network
    else:
        scale = BOND_A / length
        placed = replace(placed, positions=placed.positions * scale, cell=placed.cell * scale)
    moves = translations(placed.positions, np.zeros(network.n_sites, dtype=np.int64), placed.cell)
    return not all(is_exact(placed, move) for move in moves)
