"""Barycentric placement: where a net's sites lie when each is in the middle of those it is bonded to.

It depends on the net alone, so that every symmetry of the net is one of the placement, whatever the cell and
the positions that the net came with (O. Delgado-Friedrichs, M. O'Keeffe, Acta Cryst. A59, 351 (2003)).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from zeocryst.network.bonds import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Places nearer than this (fractions of the cell's edges) are one.
SAME = 1e-5


def placement(network: Network) -> Floats:
    """Where the sites of a net lie when each is in the middle of its neighbours, (N, 3) in lattice vectors.

    The middle of all sites is the origin.

    Parameters
    ----------
    network
        Whose bonds make one piece.

    Raises
    ------
    ValueError
        The bonds make several pieces, so that the places are not determined.
    """
    n = network.n_sites
    a, b = network.first, network.second
    ones = np.ones(len(a))
    rows, columns = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
    laplacian = coo_array((np.concatenate([ones, ones, -ones, -ones]), (rows, columns)), shape=(n, n)).tocsc()
    if connected_components(laplacian, directed=False)[0] > 1:
        raise ValueError("the bonds of the network make several pieces, whose places are not determined")
    pull = np.zeros((n, 3))
    np.add.at(pull, a, network.shift)
    np.add.at(pull, b, -network.shift)
    places = np.zeros((n, 3))
    if n > 1:
        places[1:] = spsolve(laplacian[1:, 1:], pull[1:]).reshape(-1, 3)
    return np.asarray(places - places.mean(axis=0))


def at_barycentres(network: Network) -> Network:
    """The same net in the same cell, at its `placement`; its first site stays where it is."""
    places = placement(network)
    first = network.positions[0] @ np.linalg.inv(network.cell)
    return replace(network, positions=(places - places[0] + first) @ network.cell)


def count_translations(network: Network, kinds: Ints) -> int:
    """By how many translations within its cell a net can be laid on itself; 1 where the cell is primitive.

    Found from the barycentric placement, where sites and middles of bonds come to lie on others. 1 also where
    several sites of one kind have one place there, so that the placement cannot tell.

    Parameters
    ----------
    network
        One piece.
    kinds : (N,) int array
        A site comes to lie on one of its own kind only.
    """
    placed = at_barycentres(network)
    inverse = np.linalg.inv(network.cell)
    sites = placed.positions @ inverse
    middles = sites[network.first] + placed.vectors @ inverse / 2
    trees = [cKDTree(_in_cell(points), boxsize=1.0) for points in (sites, middles)]
    if len(trees[0].query_pairs(SAME)) or len(trees[1].query_pairs(SAME)):
        return 1
    count = np.bincount(kinds)
    rarest = np.flatnonzero(kinds == np.argmin(np.where(count > 0, count, len(kinds) + 1)))
    found = 0
    for other in rarest:
        move = sites[other] - sites[rarest[0]]
        apart, there = trees[0].query(_in_cell(sites + move))
        if (apart > SAME).any() or (kinds[there] != kinds).any():
            continue
        found += bool((trees[1].query(_in_cell(middles + move))[0] <= SAME).all())
    return found


def _in_cell(points: Floats) -> Floats:
    """Fractional coordinates from 0 to 1, 1 itself excluded, also where they are rounded."""
    inside: Floats = (points + SAME / 10) % 1.0
    return np.where(inside >= 1.0, 0.0, inside)
