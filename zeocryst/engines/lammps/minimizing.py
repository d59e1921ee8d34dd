"""The way of atoms and shells to the nearest minimum in LAMMPS.

Shells go first, with their cores held; then all, by steps of `zeocryst.engines.lbfgs`, and with a free cell
its shape with them. In a fixed cell LAMMPS runs on and is told after each evaluation where the particles
go, since a command of its own for each would find all neighbours anew. A wall at short distance
(`zeocryst.engines.walls`) stands where Buckingham's potential would fall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.engines.lammps.particles import Particles
from zeocryst.engines.lbfgs import Lbfgs
from zeocryst.engines.walls import wall_range
from zeocryst.errors import SimulationError
from zeocryst.units import BAR_PER_EV_PER_A3

Floats = NDArray[np.float64]

#: Force at which shells alone are at rest, eV/Å, and most steps; before all move, a coarser one will do.
SHELLS_AT_REST, SHELL_STEPS, COARSE = 1e-4, 300, 0.1
#: Pressure that counts as none, bar.
NO_PRESSURE_BAR = 20.0
#: Farthest that a particle moves in a step, Å: in a fixed cell, and with a free one; and the largest strain.
FARTHEST_A, FREE_FARTHEST_A, MOST_STRAIN = 0.1, 0.05, 0.005
#: What the cell's stiffness is taken for beside that of a bond (`zeocryst.engines.lbfgs`), eV/Å^3.
CELL_STIFFNESS = 0.6
BOND_STIFFNESS = 70.0
#: How far around atoms it is looked for those that are too near, Å, and the longest range of a wall.
LOOK_A, LONGEST_RANGE_A = 2.0, 4.0
#: Two atoms nearer than this share of the wall's range do not come apart again.
TOO_NEAR = 0.2
#: Farthest that a shell is from its core in a sound structure, Å.
FARTHEST_SHELL_A = 0.8


@dataclass
class Descent:
    """What a minimization came to."""

    steps: int
    converged: bool


def settle_shells(particles: Particles, tolerance: float = SHELLS_AT_REST) -> int:
    """Shells to rest with their cores held; returns the steps."""
    if not len(particles.shells):
        return 0
    return _descend(particles, particles.shells, tolerance, SHELL_STEPS)


def relax(particles: Particles, *, free_cell: bool, tolerance: float, most_steps: int) -> Descent:
    """All particles to rest, and the cell to no pressure with `free_cell`."""
    steps = settle_shells(particles, COARSE)
    everyone = np.arange(len(particles.topology.kind))
    # a free cell begins near its minimum: it is not to follow what rough atoms push
    steps += _descend(particles, everyone, max(tolerance, 0.2) if free_cell else tolerance, most_steps)
    if free_cell:
        steps += _descend_free(particles, tolerance, most_steps - steps)
    particles.command("run 0 post no")
    quiet = not free_cell or np.abs(particles.box_stress()).max() < NO_PRESSURE_BAR
    return Descent(steps, bool(quiet and largest_force(particles) <= tolerance))


def _descend(particles: Particles, moving: NDArray[np.int64], tolerance: float, most_steps: int) -> int:
    """Some particles to rest in a fixed cell; returns the steps."""
    way, count = Lbfgs(FARTHEST_A), 0

    def _go(forces: Floats) -> Floats | None:
        nonlocal count
        largest = float(np.linalg.norm(forces[moving], axis=1).max())
        if not largest > tolerance:  # nor where it is not a number
            return None
        count += 1
        moves = np.zeros_like(forces)
        moves[moving] = way.step(forces[moving])
        return moves

    if most_steps > 0:
        particles.follow(_go, most_steps)
    return count


def _descend_free(particles: Particles, tolerance: float, most_steps: int) -> int:
    """All particles and the cell; returns the steps.

    The six moving numbers of a cell stand as two more rows below the particles, in a length that makes the cell
    about as stiff as a bond.
    """
    particles.command("change_box all triclinic")
    volume = float(np.linalg.det(particles.cell()))
    length = np.sqrt(volume * CELL_STIFFNESS / BOND_STIFFNESS)
    way, lower = Lbfgs(FREE_FARTHEST_A), np.tril_indices(3)
    for count in range(max(most_steps, 0)):
        particles.command("run 0 post no")
        forces, cell = particles.gather("f"), particles.cell()
        pressure = particles.box_stress()
        if np.abs(pressure).max() < NO_PRESSURE_BAR and largest_force(particles) <= tolerance:
            return count
        if not np.isfinite(forces).all():
            return count
        pull = np.linalg.det(cell) * pressure / BAR_PER_EV_PER_A3
        rows = np.vstack([forces, (pull[lower] / length).reshape(2, 3)])
        moves = way.step(rows)
        strain = np.zeros((3, 3))
        strain[lower] = np.clip(moves[-2:].ravel() / length, -MOST_STRAIN, MOST_STRAIN)
        deform = np.eye(3) + strain
        particles.reshape(particles.positions() @ deform + moves[:-2], cell @ deform)
    return max(most_steps, 0)


def largest_force(particles: Particles) -> float:
    """Of all particles, eV/Å."""
    return float(np.linalg.norm(particles.gather("f"), axis=1).max())


def check_sound(particles: Particles) -> None:
    """Raise `SimulationError` where energy, shells or distances are not those of a structure."""
    energy = particles.thermo("pe")
    forces = np.linalg.norm(particles.gather("f"), axis=1)
    if not np.isfinite(energy) or not np.isfinite(forces).all():
        bad = np.flatnonzero(~np.isfinite(forces))
        raise SimulationError(f"the energy is {energy}; forces are not numbers on {particles.name(bad)}")
    apart = shell_distances(particles)
    if len(apart) and apart.max() > FARTHEST_SHELL_A:
        far = particles.topology.core[particles.shells[np.argsort(-apart)]]
        raise SimulationError(
            f"the shell of {particles.name(far[:1])} is {apart.max():.2f} Å from its core "
            f"({FARTHEST_SHELL_A} Å at most): the atoms around are too near. Relax the structure with a "
            "force field without shells before"
        )
    if abs(particles.wall_energy()) > 1e-9:
        raise SimulationError(
            f"{closest(particles)[1]}: nearer than this force field can describe. Relax the structure with "
            "another force field before, or look at the atoms there"
        )


def shell_distances(particles: Particles) -> np.ndarray:
    """Of each shell from its core, Å."""
    places = particles.positions()
    return np.asarray(
        np.linalg.norm(places[particles.shells] - places[particles.topology.core[particles.shells]], axis=1)
    )


def check_start(particles: Particles) -> None:
    """Raise `SimulationError` where atoms are so near to each other that there is no way out."""
    share, words = closest(particles)
    if share < TOO_NEAR:
        raise SimulationError(f"{words}, which no force field can describe; look at the atoms there")


def closest(particles: Particles) -> tuple[float, str]:
    """The two particles that are nearest for what they are: their distance in ranges of the wall, and words."""
    topology = particles.topology
    everyone = np.arange(len(topology.kind))
    sites = np.setdiff1d(everyone, topology.core[particles.shells])
    first, second, _, distance = neighbour_pairs(particles.positions()[sites], particles.cell(), LOOK_A)
    first, second = sites[first], sites[second]
    bonded = {tuple(sorted(pair)) for pair in topology.bonds.atoms.tolist()}
    numbers = particles.atoms.numbers[topology.owner]
    best, words = np.inf, "no two atoms are near each other"
    for k in np.argsort(distance):
        low, high = sorted((int(first[k]), int(second[k])))
        light, heavy = sorted((int(numbers[low]), int(numbers[high])))
        if distance[k] > best * LONGEST_RANGE_A:
            break
        if (low, high) in bonded:
            continue
        share = float(distance[k]) / wall_range(light, heavy)
        if share < best:
            best, words = share, f"{particles.name([low, high])} are {distance[k]:.2f} Å from each other"
    return best, words
