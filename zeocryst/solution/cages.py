"""Where S beads sit in a crystal: the centres of its large cages and channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: A void takes an S if no T is nearer than this, Å: where the T-S energy of the published model changes
#: sign, B^(1/4) sigma = 4.52 Å. (S sits 5.0 Å from the nearest T in SOD, 5.7 Å in SGT.)
CAGE_RADIUS_A = 4.52
#: Nearest two S, Å: sigma of the S-S pair, between where its energy changes sign (4.52) and its minimum
#: (5.75).
S_SPACING_A = 5.13


def cage_centres(
    positions: ArrayLike, cell: ArrayLike, radius: float = CAGE_RADIUS_A, spacing: float = S_SPACING_A
) -> NDArray[np.float64]:
    """Centres of the voids among T sites, the largest first.

    The points farthest from any T are vertices of the Voronoi diagram of the T. They are taken greedily
    from the largest on, as long as they are `radius` from every T and `spacing` from every centre taken
    before; along a channel they come out evenly stacked.

    Parameters
    ----------
    positions : (N, 3) array
        T sites, origin in the cell's corner, Å.
    cell : (3, 3) array, Å
    radius, spacing
        Least distance to a T and to another centre, Å.

    Returns
    -------
    (M, 3) array, Å
    """
    from scipy.spatial import Voronoi, cKDTree

    matrix = np.asarray(cell, dtype=float)
    sites = np.asarray(positions, dtype=float)
    # images that can bound a void of the cell: all within about 13 Å of it
    reach = np.ceil(13.0 / np.linalg.norm(matrix, axis=1)).astype(int)
    images = np.array([np.array(s) - reach for s in np.ndindex(*(2 * reach + 1))]) @ matrix
    cloud = (sites + images[:, None]).reshape(-1, 3)
    vertices = Voronoi(cloud).vertices
    fractional = vertices @ np.linalg.inv(matrix)
    home = ((fractional > -1e-6) & (fractional < 1 - 1e-6)).all(axis=1)
    vertices, fractional = vertices[home], fractional[home]
    distance, _ = cKDTree(cloud).query(vertices)
    # equal radii are ordered by position, so that symmetry-equivalent crystals give the same answer
    order = np.lexsort((*np.round(fractional, 4).T, -np.round(distance, 3)))
    taken = np.empty((0, 3))
    for k in order:
        if distance[k] < radius:
            break
        if len(taken):
            delta = (vertices[k] - taken) @ np.linalg.inv(matrix)
            nearby = (delta - np.round(delta)) @ matrix
            if np.linalg.norm(nearby[:, None] + images, axis=2).min() < spacing:
                continue
        taken = np.vstack([taken, vertices[k]])
    return taken
