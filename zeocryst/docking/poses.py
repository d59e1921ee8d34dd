"""The best places of a guest near a bead: many orientations and centres on a grid, then descents of a few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeocryst.docking import kernels
from zeocryst.docking.orientations import orientations
from zeocryst.docking.surroundings import (
    CUTOFF_A,
    Cloud,
    Host,
    framework_around,
    guests_around,
    joined,
    shifts_near,
)
from zeocryst.molecules.model import Molecule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How far from its bead a guest's centre is looked for, how densely, and how near to an atom at least, Å.
SLIDE_A, STEP_A, ROOM_A = 3.0, 0.75, 2.3
#: A descent that ends farther from the bead than this belongs to another one's room, Å.
FARTHEST_A = 4.5
#: Spacing of the grid and where pairs end there, Å; its cap and where the sum of a pose is given up, eV.
SPACING_A, GRID_CUTOFF_A, CAP_EV, LIMIT_EV = 0.3, 9.0, 3.0, 6.0
#: Orientations of a shape, at most and at least, and poses in all that are scored.
MOST_TURNS, LEAST_TURNS, MOST_POSES = 500, 60, 1_500_000
#: Poses that descend, of how many best ones; two that differ by less (Å, degrees) count as one.
DESCENTS, LOOKED_AT, SAME_A, SAME_DEG = 24, 4000, 0.8, 25.0
#: Places that are kept for a bead.
KEPT = 8


@dataclass(frozen=True, eq=False)
class Pose:
    """A guest somewhere.

    Attributes
    ----------
    energy_eV : float
        With all around it, and half of that with its own images.
    conformer : int
    positions : (N, 3) array, Å
    centre : (3,) array
        Its centre of mass.
    """

    energy_eV: float
    conformer: int
    positions: Floats
    centre: Floats


Guest = tuple[int, Floats, Ints]


def radius(molecule: Molecule) -> float:
    """Of the sphere about the centre of mass that holds all atoms of all shapes, Å."""
    return float(np.linalg.norm(molecule.conformers, axis=2).max())


def surroundings(host: Host, point: Floats, reach: float, others: Sequence[Guest]) -> Cloud:
    """Atoms of the framework and of other guests near a point."""
    cloud = framework_around(host, point, reach)
    return joined(cloud, guests_around(host, point, reach, others)) if others else cloud


def find_poses(
    host: Host, bead: Floats, molecule: Molecule, *, others: Sequence[Guest] = (), seed: int, slide: bool = True
) -> list[Pose]:
    """The best places near a bead, lowest first; one at least, however bad.

    Parameters
    ----------
    host
        The framework.
    bead : (3,) array, Å
    molecule
        What is placed.
    others
        Guests that are there already: number, positions, elements.
    seed
        Of the orientations.
    slide
        Whether the centre may move away from the bead before the descent.
    """
    cloud = surroundings(host, bead, SLIDE_A + radius(molecule) + CUTOFF_A, others)
    points = room(bead, cloud) if slide else bead[None]
    starts = _best_of_many(host, points, molecule, cloud, seed)
    kind, field = host.kinds(molecule), host.field(cloud.positions, cloud.kind)
    found: list[Pose] = []
    for conformer, turn, point in starts:
        guest = molecule.conformers[conformer] @ turn.T + point
        energy, guest, centre = kernels.descend(guest, point.copy(), kind, field)
        energy += images_energy(host, kind, guest)
        found.append(Pose(float(energy), conformer, guest, centre))
    near = [pose for pose in found if np.linalg.norm(pose.centre - bead) < FARTHEST_A]
    return _distinct(near or found)


def images_energy(host: Host, kind: Ints, guest: Floats) -> float:
    """Half the energy of a guest with its own images, eV."""
    middle = guest.mean(axis=0)
    reach = CUTOFF_A + 2 * float(np.linalg.norm(guest - middle, axis=1).max())
    shifts = shifts_near(host, middle, middle, reach)
    shifts = shifts[np.linalg.norm(shifts, axis=1) > 1e-6]
    if not len(shifts):
        return 0.0
    return 0.5 * float(kernels.between(guest, kind, host.field(guest, kind), shifts))


def _distinct(poses: list[Pose]) -> list[Pose]:
    kept: list[Pose] = []
    for pose in sorted(poses, key=lambda p: p.energy_eV):
        same = any(
            p.conformer == pose.conformer
            and abs(p.energy_eV - pose.energy_eV) < 1e-3
            and np.linalg.norm(p.centre - pose.centre) < 0.2
            for p in kept
        )
        if not same:
            kept.append(pose)
        if len(kept) == KEPT:
            break
    return kept


def room(bead: Floats, cloud: Cloud) -> Floats:
    """Centres to try: points near the bead that are no atom's, and joined to the one nearest to it."""
    from scipy.ndimage import generate_binary_structure, label
    from scipy.spatial import cKDTree

    half = int(SLIDE_A / STEP_A)
    axis = np.arange(-half, half + 1) * STEP_A
    offsets = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    away = np.linalg.norm(offsets, axis=-1)
    distance, _ = cKDTree(cloud.positions).query((offsets + bead).reshape(-1, 3))
    free = (distance.reshape(away.shape) > ROOM_A) & (away <= SLIDE_A + 1e-9)
    if not free.any():
        return bead[None].copy()
    pieces, _ = label(free, generate_binary_structure(3, 3))
    nearest = np.unravel_index(int(np.where(free, away, np.inf).argmin()), away.shape)
    return np.asarray(bead + offsets[pieces == pieces[nearest]])


def _best_of_many(
    host: Host, points: Floats, molecule: Molecule, cloud: Cloud, seed: int
) -> list[tuple[int, Floats, Floats]]:
    """Shape, orientation and centre of the poses that are best on the grid and differ from each other."""
    shapes = molecule.conformers
    turns = orientations(int(np.clip(MOST_POSES / (len(shapes) * len(points)), LEAST_TURNS, MOST_TURNS)), seed)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    half = float(np.linalg.norm(points - middle, axis=1).max()) + radius(molecule) + 2 * SPACING_A
    count = int(2 * half / SPACING_A) + 2
    corner = middle - SPACING_A * (count - 1) / 2
    kind = host.kinds(molecule)
    guests, element = np.unique(kind, return_inverse=True)
    field = kernels.Field(cloud.positions, cloud.kind, host.c12[guests], host.c6[guests], GRID_CUTOFF_A)
    grid = kernels.fill_grid(corner, SPACING_A, count, field, CAP_EV, half)
    # atoms far out clash first
    order = np.argsort(-np.linalg.norm(shapes[0], axis=1), kind="stable")
    arguments = (grid, corner, SPACING_A, np.ascontiguousarray(shapes[:, order]), element[order], turns, points)
    energies = kernels.score(*arguments, LIMIT_EV)
    if energies.min() >= LIMIT_EV:  # it fits nowhere: which is the least bad place
        turns = turns[:LEAST_TURNS]
        energies = kernels.score(*arguments[:5], turns, points, np.inf)
    return _different(energies, turns, points)


def _different(
    energies: NDArray[np.float32], turns: Floats, points: Floats
) -> list[tuple[int, Floats, Floats]]:
    flat = energies.ravel()
    looked = min(LOOKED_AT, len(flat))
    best = np.argpartition(flat, looked - 1)[:looked]
    best = best[np.lexsort((best, flat[best]))]
    c, q, p = np.unravel_index(best, energies.shape)
    alike = 1 + 2 * np.cos(np.radians(SAME_DEG))  # trace of a rotation by that angle
    open_ = np.ones(looked, bool)
    taken: list[tuple[int, Floats, Floats]] = []
    for k in range(looked):
        if not open_[k]:
            continue
        taken.append((int(c[k]), turns[q[k]], points[p[k]]))
        if len(taken) == DESCENTS:
            break
        near = (c == c[k]) & (np.linalg.norm(points[p] - points[p[k]], axis=1) < SAME_A)
        near &= np.einsum("nij,ij->n", turns[q], turns[q[k]]) > alike
        open_ &= ~near
    return taken
