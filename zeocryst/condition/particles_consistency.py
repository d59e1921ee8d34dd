"""What shows to be wrong only where nanoparticles are looked at together with the rest of a condition."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from zeocryst.condition.classes import classes_of, forcefield_of, friction_of, viscosity_of
from zeocryst.condition.stages import MOST_BEADS
from zeocryst.errors import InputError
from zeocryst.model.dlvo import CLOSEST_A, WELL_A
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import swing_rate
from zeocryst.model.solvent import check_step
from zeocryst.model.upward import Upward, read_upward

if TYPE_CHECKING:
    from zeocryst.condition.model import Condition
    from zeocryst.condition.particles import Particles


def upward_of(particles: Particles, folder: Path) -> Upward | None:
    """What the file has that the particles name, relative to a folder; None where they name none."""
    return None if particles.upward is None else read_upward(folder / particles.upward)


def check_particles(condition: Condition, forcefield: ForceField, where: str) -> None:
    """Raise `InputError` where particles contradict the start, the stages of beads, or what time steps bear."""
    particles = condition.particles
    if particles is None:
        if condition.system.start == "particles":
            raise InputError(f'{where}: system: start = "particles" needs a table [particles]')
        return
    if condition.system.start != "particles":
        raise InputError(
            f"{where}: system: start = {condition.system.start!r} beside [particles]; expected "
            'start = "particles": the beads come from them'
        )
    if particles.resolve is None and condition.stages:
        raise InputError(
            f"{where}: stage 1: stages of beads need a table [particles.resolve], which says which particles "
            'become beads (part = "largest"); without it a run ends with its particles'
        )
    if particles.resolve is not None and not condition.stages:
        raise InputError(
            f"{where}: particles.resolve: particles become beads, and no [[stage]] says what these do; add "
            "one, or leave [particles.resolve] out"
        )
    _check_number(particles, where)
    _check_steps(condition, particles, forcefield, where)


def _check_number(particles: Particles, where: str) -> None:
    classes = classes_of(particles)
    n_t = sum(each.number * each.n_T for each in classes)
    filled = sum(each.number * 4 / 3 * math.pi * each.radius_A**3 for each in classes)
    side, reach = (filled / particles.volume_fraction) ** (1 / 3), 2 * classes[-1].radius_A + CLOSEST_A + WELL_A
    if side <= reach:
        raise InputError(
            f"{where}: particles: number = {particles.number}: the box is {side:.1f} Å wide, and a particle of "
            f"{classes[-1].radius_A:.1f} Å would touch its own image; expected more of them, or a lower "
            "volume_fraction"
        )
    resolve = particles.resolve
    if resolve is not None and resolve.most_T is not None and resolve.most_T < classes[0].n_T:
        raise InputError(
            f"{where}: particles.resolve: most_T = {resolve.most_T}; the smallest particle has "
            f"{classes[0].n_T} T, and particles are taken whole; expected at least as many"
        )
    if resolve is not None and resolve.part == "all" and n_t > MOST_BEADS:
        raise InputError(
            f"{where}: particles.resolve: part = 'all': these are {n_t:.3g} T, at most {MOST_BEADS:.0g} are "
            "run; resolve a part of them"
        )


def _check_steps(condition: Condition, particles: Particles, forcefield: ForceField, where: str) -> None:
    """Time steps that the stiffest pair of particles, and their friction, bear."""
    classes, viscosity = classes_of(particles), viscosity_of(condition.solvent)
    try:
        model = forcefield_of(
            particles, classes, particles.temperature_K, forcefield.masses,
            upward=upward_of(particles, condition.folder), viscosity_mPa_s=viscosity,
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"{where}: particles: {error}") from None
    friction = friction_of(classes, viscosity)
    fastest = max(swing_rate(model, a, b) for a, b in model.pairs)
    for n, stage in enumerate(particles.stages, start=1):
        here = f"{where}: particles.stage {n}"
        check_step(model, friction, stage.kind, stage.timestep_fs, here)
        if stage.kind == "langevin" and fastest * stage.timestep_fs > 1000:
            raise InputError(
                f"{here}: timestep_fs = {stage.timestep_fs:g}; expected at most {1000 / fastest:.3g}: two "
                "particles in contact swing by a radian in that time"
            )
