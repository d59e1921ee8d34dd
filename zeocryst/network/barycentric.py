"""Barycentric placement: where a net's sites lie when each is in the middle of those it is bonded to.

It depends on the net alone, so that every symmetry of the net is one of the placement, whatever the cell and
the positions that the net came with (O. Delgado-Friedrichs, M. O'Keeffe, Acta Cryst. A59, 351 (2003)).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from zeocryst.network.bonds import Network


def at_barycentres(network: Network) -> Network:
    """The same net in the same cell, with each site in the middle of its neighbours.

    Parameters
    ----------
    network
        Whose bonds make one piece; its first site stays where it is.

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
    first = network.positions[0] @ np.linalg.inv(network.cell)
    return replace(network, positions=(places + first) @ network.cell)
