"""From nanoparticles to beads: which of them, and a cluster of T and S in the place of each.

Particles are spheres in contact, and those that are to become beads are taken whole. Each is filled with a
cluster of a quenched glass (`zeocryst.solution.cluster_library`) that has exactly its T and its S, about its
own place. What was an aggregate stands in one piece in the middle of a vacuum.

The beads of two clusters in contact are too close afterwards, or not yet bonded: `zeocryst.solution.seating`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import AGGREGATE_MARK, N_S_MARK, N_T_MARK, PARTICLE_MARK, Beads
from zeocryst.cell import make_frame, neighbour_pairs
from zeocryst.condition.particles import Resolve
from zeocryst.errors import InputError
from zeocryst.model.forcefield import ForceField
from zeocryst.network.bonds import Network
from zeocryst.network.clusters import find_clusters, part
from zeocryst.order.particles import contact_network
from zeocryst.solution.cluster_library import Library

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How far around a particle the densest place is looked for, in diameters of the largest.
CROWD_DIAMETERS = 2.0


def contents(frame: gsd.hoomd.Frame) -> tuple[Ints, Ints]:
    """How many T and S are in each particle.

    Raises
    ------
    InputError
        The frame does not say it: it is none of particles.
    """
    missing = [mark for mark in (N_T_MARK, N_S_MARK) if mark not in frame.log]
    if missing or frame.particles.diameter is None:
        what = ", ".join(missing) or "particles/diameter"
        raise InputError(f"a frame of nanoparticles: {what} is missing; expected how large each particle is")
    n_T, n_S = (np.asarray(frame.log[mark], dtype=np.int64) for mark in (N_T_MARK, N_S_MARK))
    return n_T, n_S


def choose(frame: gsd.hoomd.Frame, resolve: Resolve) -> tuple[Ints, str]:
    """Which particles become beads.

    Parameters
    ----------
    frame
        Of particles.
    resolve
        What is asked for.

    Returns
    -------
    chosen : (M,) int array
        Their numbers, in order.
    words : str
        What they are.

    Raises
    ------
    InputError
        No particle is in the box, or the neck may not even have one particle.
    """
    n_T, n_S = contents(frame)
    network = contact_network(frame)
    clusters = find_clusters(network)
    largest = np.flatnonzero(clusters.label == 0)
    if resolve.part == "all":
        chosen, what = np.arange(len(n_T)), "all particles"
    elif resolve.part == "largest":
        chosen, what = largest, "the largest aggregate"
    elif resolve.part == "neck":
        chosen = _neck(network, largest, n_T, frame, _most(resolve))
        what = "the densest place of the largest aggregate"
    else:
        chosen, what = _boxed(frame, resolve), "what is in the box"
    words = (
        f"{what}: {len(chosen)} of {len(n_T)} particles, {int(n_T[chosen].sum())} of {int(n_T.sum())} T and "
        f"{int(n_S[chosen].sum())} of {int(n_S.sum())} S"
    )
    return chosen, words


def _most(resolve: Resolve) -> int:
    if resolve.most_T is None:
        raise InputError('particles.resolve: most_T is missing; part = "neck" has at most so many T')
    return resolve.most_T


def _boxed(frame: gsd.hoomd.Frame, resolve: Resolve) -> Ints:
    """Particles whose centres lie in the box."""
    if resolve.box_A is None:
        raise InputError('particles.resolve: box_A is missing; part = "box" is what lies in it')
    low, high = np.array(resolve.box_A, dtype=float).T
    place = Beads.of(frame).centred
    chosen = np.flatnonzero(((place >= low) & (place <= high)).all(axis=1))
    if not len(chosen):
        away = np.maximum(np.maximum(low - place, place - high), 0)
        nearest = int(np.argmin((away**2).sum(axis=1)))
        raise InputError(
            f"particles.resolve: box_A = {[list(pair) for pair in resolve.box_A]}; no particle's centre lies "
            f"there, the nearest is at {np.round(place[nearest], 1).tolist()} Å"
        )
    return chosen


def _neck(network: Network, aggregate: Ints, n_T: Ints, frame: gsd.hoomd.Frame, most: int) -> Ints:
    """Whole particles about the place with the most T around, each touching one before it, as many as fit."""
    inside = np.zeros(network.n_sites, dtype=bool)
    inside[aggregate] = True
    reach = CROWD_DIAMETERS * float(np.max(frame.particles.diameter))
    i, j, *_ = neighbour_pairs(network.positions, network.cell, reach, full=True)
    both = inside[i] & inside[j]
    around = n_T + np.bincount(i[both], weights=n_T[j[both]], minlength=len(n_T))
    order = np.lexsort((aggregate, -network.degree[aggregate], -around[aggregate]))
    midst = int(aggregate[order[0]])
    if n_T[midst] > most:
        raise InputError(
            f"particles.resolve: most_T = {most}; the particle in the densest place has {int(n_T[midst])} T, "
            "and particles are taken whole"
        )
    offsets, others, _ = network.neighbours
    away = network.positions - network.positions[midst]
    fraction = away @ np.linalg.inv(network.cell)
    far = np.round(np.linalg.norm((fraction - np.round(fraction)) @ network.cell, axis=1), 3)
    chosen, count = [midst], int(n_T[midst])
    rim = set(others[offsets[midst] : offsets[midst + 1]].tolist()) - {midst}
    while rim:
        best = min(rim, key=lambda k: (far[k], k))
        if count + n_T[best] > most:
            break
        chosen.append(best)
        count += int(n_T[best])
        rim |= set(others[offsets[best] : offsets[best + 1]].tolist())
        rim -= set(chosen)
    return np.array(sorted(chosen), dtype=np.int64)


def fill(
    frame: gsd.hoomd.Frame,
    chosen: Ints,
    resolve: Resolve,
    library: gsd.hoomd.Frame,
    forcefield: ForceField,
    rng: np.random.Generator,
) -> tuple[gsd.hoomd.Frame, str]:
    """A cluster of T and S in the place of each particle.

    With ``part = "all"`` the box stays that of the particles; anything else stands in one piece in the middle
    of a cube, in which it may turn without seeing its images.

    Parameters
    ----------
    frame
        Of particles.
    chosen
        Those that become beads.
    resolve
        What was asked for, and the room around it.
    library
        What `zeocryst.solution.cluster_library.make_library` made.
    forcefield
        Types and masses of the beads.
    rng
        Draws place and turn of each cluster.

    Returns
    -------
    frame, words
        The T, particle after particle, then the S. Its log has the number of each bead's particle
        (`PARTICLE_MARK`) and of the aggregate that this is in (`AGGREGATE_MARK`), the largest 0.

    Raises
    ------
    InputError
        There are S, and the model has none; or a particle is too large for the library.
    """
    n_T, n_S = contents(frame)
    if n_S[chosen].any() and "S" not in forcefield.types:
        raise InputError(f"particles have S, and the model {forcefield.name} has none; expected S_per_T = 0")
    inside = np.zeros(len(n_T), dtype=bool)
    inside[chosen] = True
    chosen = np.flatnonzero(inside)
    network = part(contact_network(frame), inside)
    clusters = find_clusters(network)
    source = Library.of(library, forcefield)
    cut = [source.cluster(int(n_T[k]), int(n_S[k]), rng) for k in chosen]
    whole = network.positions + clusters.image @ network.cell
    place = np.vstack(
        [c + t for c, (t, _) in zip(whole, cut, strict=True)]
        + [c + s for c, (_, s) in zip(whole, cut, strict=True)]
    )
    of = np.concatenate([np.repeat(np.arange(len(chosen)), n[chosen]) for n in (n_T, n_S)])
    types = forcefield.types
    kinds = np.repeat(
        [types.index("T"), types.index("S") if "S" in types else 0], [n_T[chosen].sum(), n_S[chosen].sum()]
    )
    if resolve.part == "all":
        cell = network.cell
        corner = place + cell.sum(axis=0) / 2
        where = "in the particles' box"
    else:
        middle = (place.min(axis=0) + place.max(axis=0)) / 2
        reach = float(np.linalg.norm(place - middle, axis=1).max())
        side = 2 * max(reach + max(resolve.margin_A, forcefield.cutoff_A / 2), 1.05 * forcefield.cutoff_A)
        cell, corner = np.eye(3) * side, place - middle + side / 2
        where = f"in a vacuum of {side:.0f} Å"
    made = make_frame(corner, cell, kinds, types, forcefield.masses)
    made.log[PARTICLE_MARK] = chosen[of].astype(np.int32)
    made.log[AGGREGATE_MARK] = clusters.label[of].astype(np.int32)
    words = f"{len(chosen)} particles filled with clusters of a glass, {where}"
    around = int(clusters.percolates.sum())
    if around and resolve.part != "all":
        words += f"; {around} of {len(clusters.size)} aggregates went round the periodic box and were cut open"
    return made, words
