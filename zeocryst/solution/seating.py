"""Clusters in contact are relaxed until they are one: no overlap, and bonds from each to the next.

Particles in contact have their outermost T about 1.65 Å apart, so that some beads of two fresh clusters
overlap and few are bonded. They are pushed apart by what they overlap, brought to rest by an engine, and, where
they are not one cluster of bonded T yet, kept warm for a few ps and brought to rest again. What is still apart
then is moved as it is, by the gap to the nearest T of its aggregate, and brought to rest, in a few rounds. What
was in one aggregate is then one cluster, or the step ends with a sentence that says what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import AGGREGATE_MARK, PARTICLE_MARK, Beads
from zeocryst.cell import box_to_cell, heights, neighbour_pairs, wrap_counting
from zeocryst.condition import Stage
from zeocryst.engines.protocol import Engine, moved_frame
from zeocryst.errors import SimulationError
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import bond_length, default_step_fs
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import find_clusters
from zeocryst.solution.cluster_library import COLD_K, temperature_like
from zeocryst.solution.packing import contacts
from zeocryst.solution.short_runs import ran, settle

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: No two beads are nearer afterwards, Å: there the energy of two T changes sign.
CLOSEST_A = 2.4
#: Overlaps are pushed apart to this share of the distance where the energy of a pair changes sign, in so many
#: rounds at most, by so much of the overlap each.
PUSH_SHARE, PUSH_ROUNDS, PUSH_PART = 0.9, 60, 0.5
#: How long a warm run is, ps.
WARM_PS = 3.0
#: Rounds of drawing together what is apart.
DRAWN_ROUNDS = 6


@dataclass(frozen=True)
class Seated:
    """Relaxed clusters.

    Attributes
    ----------
    frame : gsd.hoomd.Frame
        The beads, at rest.
    n_T, n_S : int
    closest_A : float
        Distance of the nearest two beads, before and after.
    rms_A, most_A : float
        How far beads have moved within their particles: beside the particle's mean, in the root mean square
        and at most.
    whole_rms_A : float
        How far particles have moved as a whole, in the root mean square.
    bonds, bonds_across : int
        Of T, and those among them between two particles.
    joined : int
        Pairs of particles with such a bond.
    clusters : int
        Clusters of bonded T.
    energy_eV : float
    warm_ps : float
        How long it was kept warm.
    drawn : int
        Pieces that were moved as they are, because they were apart.
    """

    frame: gsd.hoomd.Frame
    n_T: int
    n_S: int
    closest_A: tuple[float, float]
    rms_A: float
    most_A: float
    whole_rms_A: float
    bonds: int
    bonds_across: int
    joined: int
    clusters: int
    energy_eV: float
    warm_ps: float
    drawn: int

    @property
    def sentence(self) -> str:
        """What was done."""
        warm = f", {self.warm_ps:g} ps warm" if self.warm_ps else ""
        drawn = f", {self.drawn} pieces drawn to the rest" if self.drawn else ""
        one = "one cluster" if self.clusters == 1 else f"{self.clusters} clusters"
        return (
            f"{self.n_T} T and {self.n_S} S relaxed{warm}{drawn}: beads moved by {self.rms_A:.2f} Å within "
            f"their particles and particles by {self.whole_rms_A:.2f} Å (root mean square), the nearest two "
            f"beads are {self.closest_A[1]:.2f} Å apart ({self.closest_A[0]:.2f} Å before), "
            f"{self.bonds_across} bonds join {self.joined} pairs of particles into {one}, "
            f"{self.energy_eV / self.n_T:.3f} eV per T"
        )

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {
            "n_T": self.n_T, "n_S": self.n_S, "closest_A": self.closest_A[1],
            "closest_before_A": self.closest_A[0], "rms_A": self.rms_A, "most_A": self.most_A,
            "whole_rms_A": self.whole_rms_A, "bonds": self.bonds, "bonds_across": self.bonds_across,
            "joined_pairs": self.joined, "clusters": self.clusters, "energy_eV": self.energy_eV,
            "warm_ps": self.warm_ps, "drawn": self.drawn, "sentence": self.sentence,
        }  # fmt: skip


def relax(
    frame: gsd.hoomd.Frame,
    engine: Engine,
    forcefield: ForceField,
    *,
    seed: int,
    temperature_K: float | None = None,
    warm_ps: float = WARM_PS,
    tell: Callable[[str], None] | None = None,
    watch: Callable[[], None] | None = None,
) -> Seated:
    """Make one of what was in contact.

    Parameters
    ----------
    frame
        What `zeocryst.solution.resolving.fill` made.
    engine
        Brings to rest and keeps warm.
    forcefield
        Its model.
    seed
        Of the warm run.
    temperature_K, warm_ps
        Of the warm run; without a temperature 300 K in the T-S model, others in proportion.
    tell
        Is told what is done.
    watch
        Is called every few seconds at least, and ends it where it raises.

    Raises
    ------
    SimulationError
        Beads are too close in the end, or what was one aggregate is not one cluster; or the engine failed.
    """
    say = tell or (lambda _: None)
    before = closest(frame)
    say("overlaps of particles in contact are taken out")
    now, energy = settle(engine, pushed_apart(frame, forcefield), watch)
    warmed, drawn = 0.0, 0
    for turn in range(DRAWN_ROUNDS + 1):
        if not _astray(now).any() and closest(now) >= CLOSEST_A:
            break
        if not turn and warm_ps:
            hot = temperature_like(COLD_K, forcefield) if temperature_K is None else temperature_K
            say(f"{warm_ps:g} ps at {hot:.0f} K join what is not bonded yet")
            stage = Stage("langevin", (hot, hot), time_ps=warm_ps, timestep_fs=default_step_fs(forcefield))
            now, warmed = ran(engine, now, stage, seed, watch), warm_ps
        else:
            say(f"{int(_astray(now).sum())} T are not bonded to the rest; they are drawn to it")
            now, moved = drawn_together(now, bond_length(forcefield))
            drawn += moved
            now = pushed_apart(now, forcefield)
        now, energy = settle(engine, now, watch)
    found = _checked(_seated(frame, now, energy, (before, closest(now)), warmed, drawn))
    found.frame.log.pop(AGGREGATE_MARK, None)  # it is one now, and a mark more in each frame of a run
    return found


def _checked(found: Seated) -> Seated:
    """What was made, or the error that it is not what it should be."""
    if found.closest_A[1] < CLOSEST_A:
        raise SimulationError(
            f"two beads of the resolved aggregate are {found.closest_A[1]:.2f} Å apart after relaxing, nearer "
            f"than {CLOSEST_A} Å"
        )
    astray = _astray(found.frame)
    if astray.any():
        aggregates = len(np.unique(_marks(found.frame, AGGREGATE_MARK)[astray]))
        raise SimulationError(
            f"{int(astray.sum())} of {found.n_T} T of the resolved aggregate are not bonded to the rest after "
            f"relaxing, {found.warm_ps:g} ps warm and {found.drawn} pieces drawn together (in {aggregates} "
            "aggregates); a higher temperature of the first stage of beads may join them"
        )
    return found


def _seated(
    start: gsd.hoomd.Frame,
    end: gsd.hoomd.Frame,
    energy: float,
    nearest: tuple[float, float],
    warm: float,
    drawn: int,
) -> Seated:
    """What became of the beads of a frame."""
    network, sites = network_of_frame(end)
    particle = _marks(end, PARTICLE_MARK)[sites]
    a, b = particle[network.first], particle[network.second]
    pairs = np.unique(np.sort(np.stack([a, b], axis=1)[a != b], axis=1), axis=0)
    seen = Beads.of(end)
    way = (seen.centred - Beads.of(start).centred) @ np.linalg.inv(seen.cell)
    moved = (way - np.round(way)) @ seen.cell
    _, of, size = np.unique(_marks(end, PARTICLE_MARK), return_inverse=True, return_counts=True)
    whole = np.stack([np.bincount(of, x) / size for x in moved.T], axis=1)
    inside = np.linalg.norm(moved - whole[of], axis=1)
    return Seated(
        end, seen.count("T"), seen.count("S"), nearest,
        float(np.sqrt((inside**2).mean())), float(inside.max()), float(np.sqrt((whole**2).sum(axis=1).mean())),
        len(network.first), int((a != b).sum()), len(pairs), len(find_clusters(network).size),
        energy, warm, drawn,
    )  # fmt: skip


def _marks(frame: gsd.hoomd.Frame, mark: str) -> Ints:
    """What a frame's log says of each bead; 0 for all where it says nothing."""
    return np.asarray(frame.log.get(mark, np.zeros(frame.particles.N)), dtype=np.int64)


def closest(frame: gsd.hoomd.Frame) -> float:
    """Distance of the nearest two beads, Å; 6 Å where none are nearer."""
    beads = Beads.of(frame)
    reach = min(6.0, 0.99 * float(heights(beads.cell).min()))
    distance = neighbour_pairs(beads.centred, beads.cell, reach)[3]
    return float(distance.min(initial=reach))


def _astray(frame: gsd.hoomd.Frame) -> NDArray[np.bool_]:
    """Which beads are T that are not bonded to the largest cluster of their aggregate, (N,)."""
    network, sites = network_of_frame(frame)
    label = find_clusters(network).label
    aggregate = _marks(frame, AGGREGATE_MARK)[sites]
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
    label, aggregate = find_clusters(network).label, _marks(frame, AGGREGATE_MARK)[sites]
    mains = _mains(label, aggregate)
    astray = np.unique(label[label != mains])
    if not len(astray):
        return frame, 0
    shift = np.zeros((int(label.max()) + 1, 3))
    for cluster, onto, way in _tree(network, label, aggregate, np.unique(mains), bond):
        shift[cluster] = shift[onto] + way * (1 - bond / np.linalg.norm(way))
    place = Beads.of(frame).centred.copy()
    place[sites] += shift[label]
    particle = _marks(frame, PARTICLE_MARK)
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
