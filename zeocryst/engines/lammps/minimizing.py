"""The way of atoms and shells to the nearest minimum in LAMMPS.

Shells go first, with their cores held. All particles follow by conjugate gradients; no particle moves farther than
`FARTHEST_A` in a step, and a wall at short distance (`zeocryst.engines.lammps.walls`) stands where Buckingham's
potential would fall. A free cell is relaxed in rounds, as `fix box/relax` counts strain from the cell at which
a round begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zeocryst.engines.lammps.particles import Particles
from zeocryst.engines.lammps.walls import wall_range
from zeocryst.errors import SimulationError
from zeocryst.foundation.machine import breakable

#: Farthest that a particle moves in a line search, Å: of shells alone, and of all.
SHELLS_FARTHEST_A, FARTHEST_A = 0.05, 0.1
#: Force at which shells alone are at rest, eV/Å, and most iterations.
SHELLS_AT_REST, SHELL_ITERATIONS = 1e-3, 500
#: A free cell: rounds, iterations of each, largest strain of a line search, pressure (bar) that counts as none.
ROUNDS, ROUND_ITERATIONS, MOST_STRAIN, NO_PRESSURE_BAR = 30, 500, 0.001, 20.0
#: Farthest that a shell is from its core in a sound structure, Å.
FARTHEST_SHELL_A = 0.8


@dataclass
class Descent:
    """What a minimization came to."""

    steps: int = 0
    converged: bool = False
    notes: tuple[str, ...] = ()


def relax_shells(particles: Particles, tolerance: float = SHELLS_AT_REST) -> int:
    """Shells to rest with their cores held; returns the iterations."""
    if not len(particles.shells):
        return 0
    particles.command("fix held cores setforce 0 0 0")
    steps = _minimize(particles, tolerance, SHELL_ITERATIONS, SHELLS_FARTHEST_A)
    particles.command("unfix held")
    return steps


def relax(particles: Particles, *, free_cell: bool, tolerance: float, most_steps: int) -> Descent:
    """All particles to rest, and the cell to no pressure with `free_cell`."""
    steps = relax_shells(particles, 0.05)
    result = Descent()
    if free_cell:
        steps += _free(particles, tolerance, most_steps)
    while steps < most_steps:
        before = particles.thermo("pe")
        done = _minimize(particles, tolerance, most_steps - steps, FARTHEST_A)
        steps += done
        if largest_force(particles) <= tolerance or before - particles.thermo("pe") < 1e-6:
            break
    result.steps, result.converged = steps, largest_force(particles) <= tolerance
    if free_cell and result.converged:
        result.converged = bool(np.abs(particles.stress()).max() < 10 * NO_PRESSURE_BAR)
    return result


def _free(particles: Particles, tolerance: float, most_steps: int) -> int:
    """Rounds of `fix box/relax`, until the stress is gone at the beginning of one."""
    steps = 0
    particles.command("change_box all triclinic")
    for _ in range(ROUNDS):
        particles.command(f"fix box all box/relax tri 0.0 vmax {MOST_STRAIN}")
        steps += _minimize(particles, tolerance, min(ROUND_ITERATIONS, most_steps - steps), FARTHEST_A)
        particles.command("unfix box")
        particles.command("run 0 post no")
        quiet = np.abs(particles.stress()).max() < NO_PRESSURE_BAR
        if (quiet and largest_force(particles) < 5 * tolerance) or steps >= most_steps:
            break
    return steps


def _minimize(particles: Particles, tolerance: float, most: int, farthest: float) -> int:
    """Conjugate gradients; returns the iterations."""
    before = int(particles.thermo("step")) if particles.started else 0
    particles.command(f"min_modify dmax {farthest} norm max")
    with breakable(particles.end_soon) as broken:
        particles.command(f"minimize 0.0 {tolerance:.6g} {max(most, 1)} {20 * max(most, 1)}")
    if broken:
        raise KeyboardInterrupt
    particles.started = True
    return int(particles.thermo("step")) - before


def largest_force(particles: Particles) -> float:
    """Of all particles, eV/Å."""
    return float(np.linalg.norm(particles.gather("f"), axis=1).max())


def check_sound(particles: Particles, start_eV: float | None, wall_eV: float) -> None:
    """Raise `SimulationError` where energy, shells or distances are not those of a structure.

    Parameters
    ----------
    start_eV
        Energy at the start, shells at rest.
    wall_eV
        Energy of the walls now.
    """
    energy = particles.thermo("pe")
    forces = np.linalg.norm(particles.gather("f"), axis=1)
    if not np.isfinite(energy) or not np.isfinite(forces).all():
        bad = np.flatnonzero(~np.isfinite(forces))
        raise SimulationError(f"the energy is {energy}; forces are not numbers on {particles.name(bad)}")
    apart = shell_distances(particles)
    if len(apart) and apart.max() > FARTHEST_SHELL_A:
        far = particles.shells[np.argsort(-apart)]
        raise SimulationError(
            f"the shell of {particles.name(far[:1])} is {apart.max():.2f} Å from its core ({FARTHEST_SHELL_A} Å at "
            "most): the atoms around are too near. Relax the structure with a force field without shells before"
        )
    if abs(wall_eV) > 1e-9:
        raise SimulationError(
            f"{closest(particles)}: nearer than this force field can describe. Relax the structure with another "
            "force field before, or look at the atoms there"
        )
    if start_eV is not None and start_eV - energy > 10.0 * len(particles.atoms):
        raise SimulationError(
            f"the energy fell from {start_eV:.1f} to {energy:.1f} eV; the structure has collapsed, {closest(particles)}"
        )


def shell_distances(particles: Particles) -> np.ndarray:
    """Of each shell from its core, Å."""
    places = particles.positions()
    return np.asarray(np.linalg.norm(places[particles.shells] - places[particles.topology.core[particles.shells]], axis=1))


def closest(particles: Particles) -> str:
    """The two particles that are nearest for what they are, in words."""
    from zeocryst.cell import neighbour_pairs

    shelled = particles.topology.core[particles.shells]
    sites = np.setdiff1d(np.arange(len(particles.topology.kind)), shelled)
    owner = np.where(particles.topology.core >= 0, particles.topology.core, np.arange(len(particles.topology.kind)))
    numbers = particles.atoms.numbers[owner[sites]]
    places = particles.positions()[sites]
    first, second, _, vectors = neighbour_pairs(places, particles.cell(), 2.5)
    bonded = {tuple(sorted(pair)) for pair in particles.topology.bonds.atoms.tolist()}
    best, words = np.inf, "no two atoms are near each other"
    for i, j, vector in zip(first, second, vectors, strict=True):
        pair = sorted((int(sites[i]), int(sites[j])))
        if tuple(pair) in bonded:
            continue
        distance = float(np.linalg.norm(vector))
        share = distance / wall_range(*sorted((int(numbers[i]), int(numbers[j]))))
        if share < best:
            best, words = share, f"{particles.name(pair)} are {distance:.2f} Å from each other"
    return words
