"""Clusters in contact moved by geometry alone: overlaps pushed apart, and what is apart drawn together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import AGGREGATE_MARK, PARTICLE_MARK, Beads
from zeocryst.cell import box_to_cell, heights, neighbour_pairs, wrap_counting
from zeocryst.engines.protocol import moved_frame
from zeocryst.model.forcefield import ForceField
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import find_clusters
from zeocryst.solution.packing import contacts

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: No two beads are nearer afterwards, Å: there the energy of two T changes sign.
CLOSEST_A = 2.4
#: Overlaps are pushed apart to this share of the distance where the energy of a pair changes sign, in so many
#: rounds at most, by so much of the overlap each.
PUSH_SHARE, PUSH_ROUNDS, PUSH_PART = 0.9, 60, 0.5


def marks_of(frame: gsd.hoomd.Frame, mark: str) -> Ints:
    """What a frame's log says of each bead; 0 for all where it says nothing."""
    return np.asarray(frame.log.get(mark, np.zeros(frame.particles.N)), dtype=np.int64)


def closest(frame: gsd.hoomd.Frame) -> float:
    """Distance of the nearest two beads, Å; 6 Å where none are nearer."""
    beads = Beads.of(frame)
    reach = min(6.0, 0.99 * float(heights(beads.cell).min()))
    distance = neighbour_pairs(beads.centred, beads.cell, reach)[3]
    return float(distance.min(initial=reach))


def astray_in(frame: gsd.hoomd.Frame) -> NDArray[np.bool_]:
    """Which beads are T that are not bonded to the largest cluster of their aggregate, (N,)."""
    network, sites = network_of_frame(frame)
    label = find_clusters(network).label
    aggregate = marks_of(frame, AGGREGATE_MARK)[sites]
    found = np.zeros(frame.particles.N, dtype=bool)
    found[sites] = label != _mains(label, aggregate)
    return found


def _mains(label: Ints, aggregate: Ints) -> Ints:
    """For each T the cluster that most T of its aggregate are in."""
    pairs, count = np.unique(np.stack([aggregate, label], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -count, pairs[:, 0]))
    first = order[np.append(True, np.diff(pairs[order, 0]) > 0)]
    return np.asarray(pairs[first, 1][np.searchsorted(pairs[first, 0], aggregate)])


def pushed_apart(frame: gsd.hoomd.Frame, forcefield: ForceField) -> gsd.hoomd.Frame:
    """Beads that overlap moved apart along their line, by a part of the overlap in each round.

    What a minimization is given should have no pair so close that its forces know no bounds.
    """
    types = forcefield.types
    number = np.array([types.index(name) for name in frame.particles.types])[np.asarray(frame.particles.typeid)]
    least = PUSH_SHARE * contacts(forcefield).least
    t = types.index("T")
    least[t, t] = max(least[t, t], CLOSEST_A)
    beads = Beads.of(frame)
    place, cell = beads.centred.copy(), beads.cell
    for _ in range(PUSH_ROUNDS):
        i, j, shift, distance = neighbour_pairs(place, cell, float(least.max()))
        overlap = least[number[i], number[j]] - distance
        near = overlap > 1e-3
        if not near.any():
            break
        i, j, shift, distance, overlap = i[near], j[near], shift[near], distance[near], overlap[near]
        line = place[j] + shift @ cell - place[i]
        line /= np.maximum(distance, 1e-6)[:, None]
        step = 0.5 * PUSH_PART * overlap[:, None] * line
        for x in range(3):
            place[:, x] += np.bincount(j, step[:, x], len(place)) - np.bincount(i, step[:, x], len(place))
    return at(frame, place)


def at(frame: gsd.hoomd.Frame, place: Floats) -> gsd.hoomd.Frame:
    """The beads of a frame elsewhere, (N, 3) Å with the origin in the middle of the box, at rest."""
    box = np.asarray(frame.configuration.box, dtype=float)
    inside, turns = wrap_counting(place, box_to_cell(box))
    image = turns if frame.particles.image is None else turns + np.asarray(frame.particles.image)
    return moved_frame(frame, box, inside, np.zeros_like(inside), image)


def drawn_together(frame: gsd.hoomd.Frame, bond: float) -> tuple[gsd.hoomd.Frame, int]:
    """Move what is not bonded to its aggregate's largest cluster to a bond's length from the nearest T.

    Clusters of an aggregate are joined to a tree by the shortest gaps there are (a minimum spanning tree), and
    each is moved, as it is, along its gap towards the largest, with all that hangs on it. S go with the cluster
    that most T of their particle are in.

    Returns
    -------
    frame, moved
        The beads, and how many clusters were not bonded to their largest.
    """
    network, sites = network_of_frame(frame)
    label, aggregate = find_clusters(network).label, marks_of(frame, AGGREGATE_MARK)[sites]
    mains = _mains(label, aggregate)
    astray = np.unique(label[label != mains])
    if not len(astray):
        return frame, 0
    shift = np.zeros((int(label.max()) + 1, 3))
    for cluster, onto, way in _tree(network, label, aggregate, np.unique(mains), bond):
        shift[cluster] = shift[onto] + way * (1 - bond / np.linalg.norm(way))
    place = Beads.of(frame).centred.copy()
    place[sites] += shift[label]
    particle = marks_of(frame, PARTICLE_MARK)
    pairs, count = np.unique(np.stack([particle[sites], label], axis=1), axis=0, return_counts=True)
    most = 2 * count > np.bincount(particle[sites], minlength=int(particle.max()) + 1)[pairs[:, 0]]
    whose = np.full(int(particle.max()) + 1, -1)
    whose[pairs[most, 0]] = pairs[most, 1]
    guests = np.setdiff1d(np.arange(frame.particles.N), sites)
    guests = guests[whose[particle[guests]] >= 0]
    place[guests] += shift[whose[particle[guests]]]
    return at(frame, place), len(astray)


def _tree(
    network: Network, label: Ints, aggregate: Ints, mains: Ints, bond: float
) -> Iterator[tuple[int, int, Floats]]:
    """Clusters from the largest outwards, the one that each hangs on, and the vector over the gap between."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

    count, wanted = int(label.max()) + 1, len(np.unique(aggregate))
    reach = 2 * bond
    while True:
        i, j, shift, distance = neighbour_pairs(network.positions, network.cell, reach)
        gap = (label[i] != label[j]) & (aggregate[i] == aggregate[j])
        i, j, shift, distance = i[gap], j[gap], shift[gap], distance[gap]
        a, b = np.minimum(label[i], label[j]), np.maximum(label[i], label[j])
        order = np.lexsort((distance, b, a))
        first = (
            order[np.append(True, (np.diff(a[order]) > 0) | (np.diff(b[order]) > 0))] if len(order) else order
        )
        graph = csr_array((distance[first], (a[first], b[first])), shape=(count, count))
        if connected_components(graph, directed=False)[0] == wanted:
            break
        reach *= 1.6
    tree = minimum_spanning_tree(graph)
    edge = {(int(a[k]), int(b[k])): k for k in first}
    for main in mains:
        found, before = breadth_first_order(tree, int(main), directed=False)
        for cluster in found[1:].tolist():
            onto = int(before[cluster])
            k = edge[min(cluster, onto), max(cluster, onto)]
            way = network.positions[j[k]] + shift[k] @ network.cell - network.positions[i[k]]
            yield cluster, onto, way if label[i[k]] == cluster else -way
