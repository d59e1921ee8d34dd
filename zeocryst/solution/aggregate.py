"""From an aggregate to a crystal: the largest cluster is cut out, or a crystal seed is put into a frame.

Both take a frame and return a new one, with other beads. A cluster that stands free in a vacuum is a droplet:
the box around it has no pressure, and no barostat may act on it. In a box that it fills it goes on as a melt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from zeocryst.beads import PARTICLE_MARK, Beads
from zeocryst.cell import heights, make_frame, neighbour_pairs
from zeocryst.condition import Cut, Seed, System
from zeocryst.engines.protocol import SEED_MARK
from zeocryst.errors import SimulationError
from zeocryst.model.forcefield import ForceField
from zeocryst.network.bonds import network_of_frame
from zeocryst.network.clusters import find_clusters
from zeocryst.solution.start import CLOSEST_START_A, crystal

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Empty space on each side of a droplet, Å: more than any cut-off, so that it never sees its images, even where
#: it changes its shape.
VACUUM_A = 20.0
#: Places with at least this share of the T that the most crowded place has around it are as good.
NEARLY_AS_MANY = 0.95


def cut(frame: gsd.hoomd.Frame, how: Cut, forcefield: ForceField) -> tuple[gsd.hoomd.Frame, str]:
    """The largest cluster of T with what is near it, or a ball out of the midst.

    It is put into the middle of a box: with ``vacuum``, a cube that leaves it `VACUUM_A` of empty space on each
    side; with ``packed``, the cuboid that it just fills, whose corners a barostat closes.

    Parameters
    ----------
    frame
        Beads of the types T and S.
    how
        What is kept, and the box.
    forcefield
        Its masses.

    Returns
    -------
    frame, words
        The new frame, with velocities and precursors (bodies) as they were, and what was done.

    Raises
    ------
    SimulationError
        The cluster is bonded to its own image, or the ball is wider than the box, so that it cannot be cut out.
    """
    chosen, place, words = (
        _largest(frame, how.margin_A) if how.radius_A is None else _round(frame, how.radius_A)
    )
    low, high = place.min(axis=0), place.max(axis=0)
    if how.box == "vacuum":
        sides = np.full(3, (high - low).max() + 2 * VACUUM_A)
    else:
        sides = high - low + CLOSEST_START_A  # so far apart are beads of a random liquid on opposite faces
    given = frame.particles
    kinds, names = np.asarray(given.typeid)[chosen], list(given.types)
    new = make_frame(place - (low + high) / 2 + sides / 2, np.diag(sides), kinds, names, forcefield.masses)
    if given.velocity is not None:
        new.particles.velocity = np.asarray(given.velocity)[chosen]
    if given.body is not None:
        new.particles.body = np.asarray(given.body)[chosen]
    if PARTICLE_MARK in frame.log:
        new.log[PARTICLE_MARK] = np.asarray(frame.log[PARTICLE_MARK])[chosen]
    count = ", ".join(f"{int((kinds == k).sum())} {name}" for k, name in enumerate(names))
    where = "a droplet in vacuum" if how.box == "vacuum" else "packed into a periodic box"
    size = " x ".join(f"{side:.1f}" for side in sides)
    return new, f"{words} cut out ({count}), {where}, {size} Å; {given.N - len(chosen)} beads are left behind"


def _largest(frame: gsd.hoomd.Frame, margin: float) -> tuple[Ints, Floats, str]:
    """Beads of the largest cluster and within a margin of it, their places put together, and what they are."""
    network, t_beads = network_of_frame(frame)
    clusters = find_clusters(network)
    largest = clusters.label == 0
    if clusters.percolates[0]:
        raise SimulationError(
            f"the largest cluster ({int(clusters.size[0])} T) goes round the periodic box, so that it cannot "
            "be cut out; cut a ball with radius_A, or let it crystallize where it is, with npt"
        )
    seen = Beads.of(frame)
    cell, beads = seen.cell, seen.positions
    own = network.positions[largest] + clusters.image[largest] @ cell
    place, near = _around(own, beads, cell, margin)
    place[t_beads[largest]], near[t_beads[largest]] = own, True
    words = (
        f"the largest cluster, {int(clusters.size[0])} of {network.n_sites} T, and what is within {margin:g} Å,"
    )
    return np.flatnonzero(near), place[near], words


def _round(frame: gsd.hoomd.Frame, radius: float) -> tuple[Ints, Floats, str]:
    """Beads within a radius of the place with the most T around, and their places."""
    beads = Beads.of(frame)
    cell = beads.cell
    if 2 * radius > heights(cell).min():
        raise SimulationError(
            f"a ball of radius_A = {radius:g} is wider than the box ({heights(cell).min():.1f} Å); choose a "
            "smaller one, or more beads"
        )
    home = _midst(frame, radius)
    delta = (beads.centred - home) @ np.linalg.inv(cell)
    place = (delta - np.round(delta)) @ cell
    near = np.linalg.norm(place, axis=1) <= radius
    return np.flatnonzero(near), place[near], f"a ball of radius {radius:g} Å"


def _around(own: Floats, beads: Floats, cell: Floats, margin: float) -> tuple[Floats, Bools]:
    """The image of each bead that is nearest to one of some points, (N, 3), and which are within a margin."""
    reach = np.ceil((np.ptp(own @ np.linalg.inv(cell), axis=0) + 1) / 2 + 1).astype(int)
    home = own.mean(axis=0)
    delta = (beads - home) @ np.linalg.inv(cell)
    nearest = home + (delta - np.round(delta)) @ cell
    images = (np.array(list(np.ndindex(*(2 * reach + 1)))) - reach) @ cell
    tree = cKDTree(own)
    place, best = nearest.copy(), np.full(len(beads), np.inf)
    for image in images:
        distance, _ = tree.query(nearest + image, distance_upper_bound=min(margin, 1e3))
        closer = distance < best
        place[closer], best[closer] = (nearest + image)[closer], distance[closer]
    return place, best <= margin


def plant(
    frame: gsd.hoomd.Frame, how: Seed, forcefield: ForceField, rng: np.random.Generator
) -> tuple[gsd.hoomd.Frame, str]:
    """Put a ball of crystal where the most T are, or anywhere, in place of as many T and S.

    The ball is cut from the framework with an S in each large cage, about a cage's centre; of a frame without S
    it has none, and is cut about a T. Of the frame's
    beads those nearest to its middle make room, as many T as the ball has and as many S, so that the
    composition stays; a minimization then moves apart what is too close. The seed's beads are the last, and
    are marked in the frame's log (`SEED_MARK`).

    Parameters
    ----------
    frame
        Beads of the types T and S.
    how
        Framework and radius, and whether the place and the turn are drawn.
    forcefield
        Its masses and types.
    rng
        Draws them: a T as the place, and any turn as likely as any other.

    Returns
    -------
    frame, words
        The new frame, and what was done.

    Raises
    ------
    SimulationError
        The frame has fewer T or S than the seed.
    """
    beads = Beads.of(frame)
    cell, positions, kinds, names = beads.cell, beads.centred, beads.kinds, list(beads.names)
    inside, ball_kinds = ball(how, forcefield, with_S=beads.count("S") > 0)
    if how.at_random:
        home = positions[rng.choice(np.flatnonzero(beads.are("T")))]
        inside = Rotation.random(None, rng).apply(inside)
    else:
        home = _midst(frame, how.radius_A)
    delta = (positions - home) @ np.linalg.inv(cell)
    apart = np.linalg.norm((delta - np.round(delta)) @ cell, axis=1)
    leave = np.zeros(len(kinds), dtype=bool)
    for k in range(len(names)):
        mine = np.flatnonzero(kinds == k)
        wanted = int((ball_kinds == k).sum())
        if wanted > len(mine):
            raise SimulationError(
                f"a seed of {how.framework} with radius_A = {how.radius_A:g} has {wanted} {names[k]}, and the "
                f"frame {len(mine)}; choose a smaller radius"
            )
        leave[mine[np.argsort(apart[mine], kind="stable")[:wanted]]] = True
    kept = np.flatnonzero(~leave)
    middle = cell.sum(axis=0) / 2
    place = np.vstack([positions[kept], home + inside]) + middle
    new = make_frame(place, cell, np.concatenate([kinds[kept], ball_kinds]), names, forcefield.masses)
    velocities = np.zeros((len(place), 3))
    if frame.particles.velocity is not None:
        velocities[: len(kept)] = np.asarray(frame.particles.velocity)[kept]
    new.particles.velocity = velocities
    mark = np.zeros(len(place), dtype=np.int32)
    mark[len(kept) :] = 1
    new.log[SEED_MARK] = mark
    count = " and ".join(f"{int((ball_kinds == k).sum())} {names[k]}" for k in np.unique(ball_kinds))
    return new, (
        f"a seed of {how.framework}, {count} within {how.radius_A:g} Å, takes the place of as many beads"
    )


def ball(how: Seed, forcefield: ForceField, *, with_S: bool) -> tuple[Floats, Ints]:
    """Beads of a crystal within the seed's radius of an S (of a T without S), (M, 3), and their types."""
    one = System("framework", how.framework, S_in_cages=with_S)
    unit = Beads.of(crystal(one, forcefield)).cell
    repeat = [int(n) for n in np.ceil((2 * how.radius_A + 1) / heights(unit)) + 1]
    whole = Beads.of(crystal(replace(one, repeat=(repeat[0], repeat[1], repeat[2])), forcefield))
    points, guests = whole.centred, whole.are("S")
    around = points[guests] if guests.any() else points
    centre = around[np.argmin(np.linalg.norm(around, axis=1))]
    inside = np.linalg.norm(points - centre, axis=1) <= how.radius_A
    return points[inside] - centre, whole.kinds[inside]


def _midst(frame: gsd.hoomd.Frame, radius: float) -> Floats:
    """A place inside: with as many T around as there are anywhere, or nearly, and S in the frame's proportion.

    Where the most T are, S are few; a crystal that is to grow there would lack them.
    """
    beads = Beads.of(frame)
    cell = beads.cell
    sites, guests = (beads.centred[beads.are(name)] for name in ("T", "S"))
    n = len(sites)
    i, j, shift, _ = neighbour_pairs(np.vstack([sites, guests]), cell, radius, full=True)
    near, mine = j < n, i < n
    around = np.bincount(i[mine & near], minlength=n) + 1
    held = np.bincount(i[mine & ~near], minlength=n)
    crowded = np.flatnonzero(around >= NEARLY_AS_MANY * around.max())
    off = np.abs(held[crowded] / around[crowded] - len(guests) / n)
    best = int(crowded[np.argmin(off)])
    chosen = (i == best) & near
    return np.asarray(np.vstack([sites[best], sites[j[chosen]] + shift[chosen] @ cell]).mean(axis=0))
