"""Dynamics of atoms and shells in LAMMPS at constant volume and temperature.

The thermostat scales velocities with a random target (Bussi, Donadio and Parrinello, J. Chem. Phys. 126,
014101 (2007)). Shells have a small mass and go with their cores: the temperature is that of the pairs'
centres of mass, and the thermostat leaves what a shell does against its core alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zeocryst.engines.lammps.particles import Particles
from zeocryst.errors import SimulationError
from zeocryst.foundation.machine import breakable
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2, steps

Floats = NDArray[np.float64]

#: Time steps, fs: with shells, with H that moves freely, otherwise.
SHELL_STEP_FS, HYDROGEN_STEP_FS, STEP_FS = 0.2, 0.5, 1.0
#: Relaxation time of the thermostat, ps.
THERMOSTAT_PS = 0.1
#: Skin of neighbour lists in motion, Å.
SKIN_A = 1.0
#: Temperature that says a run has exploded, as a multiple of the wanted one, and at least this (K).
EXPLODED_TIMES, EXPLODED_K = 20.0, 5000.0
#: Samples of the temperature in a run.
SAMPLES = 200


def timestep(particles: Particles) -> float:
    """Time step, fs."""
    if len(particles.shells):
        return SHELL_STEP_FS
    return HYDROGEN_STEP_FS if (particles.atoms.numbers == 1).any() else STEP_FS


def prepare(particles: Particles, temperature_K: float | None, seed: int) -> None:
    """Velocities, integrator and, with a temperature, the thermostat."""
    particles.command(f"neighbor {SKIN_A} bin")
    measured = "thermo_temp"
    if len(particles.shells):
        particles.group("shells", particles.shells)
        particles.group("cores", particles.topology.core[particles.shells])
        particles.command("compute centres all temp/cs cores shells")
        particles.command("thermo_modify temp centres")
        measured = "centres"
    particles.command(f"timestep {timestep(particles) / 1000:.12g}")
    particles.command("fix integrate all nve")
    if temperature_K is None:
        return
    particles.speed(velocities(particles, temperature_K, seed))
    particles.command(
        f"fix bath all temp/csvr {temperature_K:.12g} {temperature_K:.12g} {THERMOSTAT_PS} {seed}"
    )
    particles.command(f"fix_modify bath temp {measured}")


def velocities(particles: Particles, temperature_K: float, seed: int) -> Floats:
    """Velocities (N, 3) at a temperature, Å/ps: the momenta add up to nothing, and a shell has its core's."""
    topology = particles.topology
    owner = topology.owner
    mass = np.bincount(owner, weights=topology.masses[topology.kind])[: len(particles.atoms), None]
    kT = BOLTZMANN_EV_PER_K * temperature_K / EV_PER_AMU_A2_PER_PS2
    speeds = np.random.default_rng(seed).normal(size=(len(mass), 3)) * np.sqrt(kT / mass)
    if len(mass) > 1:
        speeds -= (mass * speeds).sum(axis=0) / mass.sum()
        speeds *= np.sqrt(3 * (len(mass) - 1) * kT / (mass * speeds**2).sum())
    return np.asarray(speeds[owner])


def move(particles: Particles, time_ps: float, temperature_K: float, seed: int) -> tuple[int, Floats]:
    """Run at a temperature.

    Returns
    -------
    int
        Steps.
    array
        Temperatures on the way, K, evenly spaced.

    Raises
    ------
    SimulationError
        It exploded.
    """
    prepare(particles, temperature_K, seed)
    count = steps(time_ps, timestep(particles))
    done, temperatures = 0, []
    for k in range(1, SAMPLES + 1):
        chunk = count * k // SAMPLES - done
        if not chunk:
            continue
        with breakable(particles.end_soon) as broken:
            particles.command(f"run {chunk} post no" + ("" if done == 0 else " pre no"))
        if broken:
            raise KeyboardInterrupt
        done += chunk
        temperature = particles.thermo("temp")
        temperatures.append(temperature)
        if not temperature < max(EXPLODED_K, EXPLODED_TIMES * temperature_K):
            speeds = np.linalg.norm(particles.gather("v"), axis=1)
            fast = np.argsort(-np.where(np.isfinite(speeds), speeds, np.inf))
            raise SimulationError(
                f"the run exploded after {done} steps: {temperature:.3g} K where {temperature_K:g} K were "
                f"wanted; fastest are {particles.name(fast[:3])}. Minimize the structure before"
            )
    return done, np.array(temperatures)
