"""Clusters with the S that belong to them, each in a room of its own.

In a frame that is not dense clusters attract each other over the gaps between them, so that they have no
minimum before they have met. To relax them apart, each is put together across the faces of the cell and set
down in a larger box, farther from the others than forces reach: one box for all, so that one minimization by
any engine does for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.network.bonds import Network
from zeocryst.network.clusters import Clusters
from zeocryst.order.aggregation import T_S_SHELL_A

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Room for movement around each cluster, Å: beads that went as far as they may do not reach the next cluster's.
MARGIN_A = 3.0


def belongings(
    frame: gsd.hoomd.Frame, network: Network, sites: Ints, clusters: Clusters
) -> tuple[Ints, Floats]:
    """Which cluster each bead belongs to, and where it stands when clusters are put together.

    An S belongs to the cluster of its nearest T, if that is within 7.5 Å, the first shell of T and S.

    Parameters
    ----------
    frame
        Beads.
    network, sites, clusters
        Its network, the numbers of its T among the beads, and the clusters.

    Returns
    -------
    piece : (N,) int array
        Number of the cluster, -1 for a bead that belongs to none.
    place : (N, 3) array
        Å, with the origin in the middle of the box; a cluster that percolates is left as it is.
    """
    cell = network.cell
    place = np.asarray(frame.particles.position, dtype=float).copy()
    piece = np.full(len(place), -1, dtype=np.int64)
    piece[sites] = clusters.label
    image = np.where(clusters.percolates[clusters.label][:, None], 0, clusters.image)
    home = place.copy()
    place[sites] += image @ cell
    turns = np.zeros(place.shape, dtype=np.int64)
    turns[sites] = image
    others = np.flatnonzero(piece < 0)
    if not len(others):
        return piece, place
    i, j, shift, distance = neighbour_pairs(home, cell, T_S_SHELL_A, full=True)
    mine = (piece[i] < 0) & (piece[j] >= 0)
    i, j, shift, distance = i[mine], j[mine], shift[mine], distance[mine]
    order = np.lexsort((distance, i))
    nearest = order[np.append(True, np.diff(i[order]) > 0)] if len(order) else order
    guest, host = i[nearest], j[nearest]
    piece[guest] = piece[host]
    loose = ~clusters.percolates[piece[guest]]
    guest, host, turn = guest[loose], host[loose], (turns[host] - shift[nearest])[loose]
    place[guest] += turn @ cell
    return piece, place


def furnish(piece: Ints, place: Floats, cutoff: float) -> tuple[Ints, Floats, Floats]:
    """Set pieces down in a box, farther from each other than forces reach.

    Rooms are the boxes around the pieces with a margin, in rows, the highest first; rows fill floors.

    Parameters
    ----------
    piece : (N,) int array
        Of which piece each bead is, -1 for beads that stay out.
    place : (N, 3) array
        Each piece put together, Å.
    cutoff
        Reach of the forces, Å.

    Returns
    -------
    beads : (M,) int array
        Those that are in.
    position : (M, 3) array
        Where, with the origin in the middle of the box, Å.
    edges : (3,) array
        Of the box, Å: at least three cut-offs, which every engine is content with.
    """
    beads = np.flatnonzero(piece >= 0)
    _, room = np.unique(piece[beads], return_inverse=True)
    count = int(room.max()) + 1
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, room, place[beads])
    np.maximum.at(high, room, place[beads])
    size = high - low + cutoff + 2 * MARGIN_A
    corner, edges = _plan(size)
    edges = np.maximum(edges, 3 * cutoff)
    inside = place[beads] - low[room] + corner[room] + cutoff / 2 + MARGIN_A
    return beads, inside - edges / 2, edges


def _plan(size: Floats) -> tuple[Floats, Floats]:
    """Corners of rooms of the given sizes, (R, 3), and the edges of the box that they fill."""
    side = max(float(size[:, :2].max()), float(size.prod(axis=1).sum() ** (1 / 3)))
    corner = np.zeros_like(size)
    x = y = z = deep = high = 0.0
    for k in np.lexsort((-size[:, 1], -size[:, 2])):
        if x + size[k, 0] > side:
            x, y, deep = 0.0, y + deep, 0.0
        if y + size[k, 1] > side:
            x, y, z, deep, high = 0.0, 0.0, z + high, 0.0, 0.0
        corner[k] = x, y, z
        x += size[k, 0]
        deep, high = max(deep, float(size[k, 1])), max(high, float(size[k, 2]))
    return corner, (corner + size).max(axis=0)


def some_beads(frame: gsd.hoomd.Frame, beads: Ints, position: Floats, box: Floats) -> gsd.hoomd.Frame:
    """A frame of some of another's beads, (M,), at rest at positions (M, 3) in a box (6,), as in GSD."""
    import gsd.hoomd

    given = frame.particles
    new = gsd.hoomd.Frame()
    new.configuration.box = list(np.asarray(box, dtype=float))
    new.particles.N = len(beads)
    new.particles.types = list(given.types)
    new.particles.typeid = np.asarray(given.typeid)[beads]
    new.particles.mass = None if given.mass is None else np.asarray(given.mass)[beads]
    new.particles.position = position
    new.particles.velocity = np.zeros((len(beads), 3))
    new.particles.image = np.zeros((len(beads), 3), dtype=np.int32)
    return new
