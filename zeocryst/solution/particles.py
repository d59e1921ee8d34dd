"""The first frame of a run of nanoparticles: size classes, put at random into a box without overlap."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.beads import N_S_MARK, N_T_MARK
from zeocryst.cell import make_frame
from zeocryst.condition.classes import SizeClass, classes_of, forcefield_of, friction_of, viscosity_of
from zeocryst.condition.particles import Particles
from zeocryst.errors import InputError
from zeocryst.model.dlvo import CLOSEST_A, WELL_A
from zeocryst.solution.packing import Contacts, Kind, pack

if TYPE_CHECKING:
    import gsd.hoomd

__all__ = [
    "SizeClass",
    "classes_in",
    "classes_of",
    "first_particles",
    "forcefield_of",
    "friction_of",
    "viscosity_of",
]

#: Distances of two surfaces at the start, Å: roomy, beyond the contact well and a barrier, and the least.
ROOMY_A, LEAST_A = CLOSEST_A + 3 * WELL_A, CLOSEST_A + 0.5


def first_particles(particles: Particles, masses: Mapping[str, float], seed: int) -> gsd.hoomd.Frame:
    """Particles of all classes in a cubic box, at random and without overlap.

    Places are those of random sequential addition (`zeocryst.solution.packing`), with 10.65 Å between surfaces,
    and less where the box is too full for that, down to 2.15 Å.

    Parameters
    ----------
    particles
        The recipe.
    masses
        Of T and S, amu.
    seed
        Of the random numbers; the same one gives the same frame.

    Returns
    -------
    gsd.hoomd.Frame
        Types P1, P2, ...; diameters (twice the radius, Å), masses (amu), and what is in each particle, in the
        log.

    Raises
    ------
    InputError
        They do not fit.
    """
    classes = classes_of(particles)
    filled = sum(each.number * 4 / 3 * math.pi * each.radius_A**3 for each in classes)
    side = (filled / particles.volume_fraction) ** (1 / 3)
    radii = np.array([each.radius_A for each in classes])
    touching = radii[:, None] + radii
    kinds = [
        Kind(f"particles of {each.radius_A:.1f} Å", each.number, np.zeros((1, 3)), np.array([k]))
        for k, each in enumerate(classes)
    ]
    try:
        places, _ = pack(
            kinds, side, Contacts(touching + ROOMY_A, touching + LEAST_A), np.random.default_rng(seed)
        )
    except InputError:
        raise InputError(
            f"particles: volume_fraction = {particles.volume_fraction:g}; expected a lower one: "
            f"{particles.number} particles of {radii[0]:.1f} to {radii[-1]:.1f} Å, 2 Å apart, find no "
            f"room in a box of {side:.1f} Å"
        ) from None
    positions = np.concatenate([place.reshape(-1, 3) for place in places])
    typeid = np.repeat(np.arange(len(classes)), [each.number for each in classes])
    names = [each.name for each in classes]
    frame = make_frame(
        positions, np.eye(3) * side, typeid, names, {each.name: each.mass(masses) for each in classes}
    )
    frame.particles.diameter = 2 * radii[typeid]
    frame.log = {
        N_T_MARK: np.array([each.n_T for each in classes], dtype=np.int32)[typeid],
        N_S_MARK: np.array([each.n_S for each in classes], dtype=np.int32)[typeid],
    }
    return frame


def classes_in(frame: gsd.hoomd.Frame) -> tuple[SizeClass, ...]:
    """The size classes of a frame of particles, by its types, diameters and marks.

    Raises
    ------
    InputError
        It does not say what is in its particles, or particles of a type differ.
    """
    if frame.particles.diameter is None or N_T_MARK not in frame.log or N_S_MARK not in frame.log:
        raise InputError("the frame has no nanoparticles: it does not say how many T and S are in each")
    typeid = np.asarray(frame.particles.typeid)
    n_t, n_s = np.asarray(frame.log[N_T_MARK]), np.asarray(frame.log[N_S_MARK])
    found = []
    for k, name in enumerate(frame.particles.types):
        mine = np.flatnonzero(typeid == k)
        if not len(mine):
            continue
        if np.ptp(n_t[mine]) or np.ptp(n_s[mine]):
            raise InputError(f"particles of type {name} differ in what is in them")
        radius = float(np.asarray(frame.particles.diameter)[mine[0]]) / 2
        found.append(SizeClass(name, len(mine), int(n_t[mine[0]]), int(n_s[mine[0]]), radius))
    return tuple(found)
