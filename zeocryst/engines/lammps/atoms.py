"""Atoms with a topology in LAMMPS: energy, minimum, dynamics, and files for LAMMPS by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.engines.atomistic import FORCE_TOLERANCE, MOST_STEPS, Evaluated, Relaxed
from zeocryst.engines.lammps import datafile
from zeocryst.engines.lammps.checking import checked
from zeocryst.engines.lammps.minimizing import (
    check_sound,
    check_start,
    largest_force,
    relax,
    settle_shells,
    shell_distances,
)
from zeocryst.engines.lammps.moving import move, timestep
from zeocryst.engines.lammps.particles import Particles, head, note_charge, read_command
from zeocryst.engines.lammps.styles import commands
from zeocryst.engines.lammps.tables import table_text
from zeocryst.engines.placing import Placed
from zeocryst.engines.walls import walls
from zeocryst.errors import InputError
from zeocryst.model.topology import Topology

if TYPE_CHECKING:
    from ase import Atoms


def evaluate(atoms: Atoms, topology: Topology, *, relax_shells: bool = True, threads: int = 1) -> Evaluated:
    """Energy, forces on the atoms and stress.

    Parameters
    ----------
    atoms, topology
        What and where.
    relax_shells
        Let shells find their places first; otherwise they are where the array ``shell`` of the atoms says, or
        on their cores.
    threads
        OpenMP threads.

    Raises
    ------
    InputError
        Atoms and topology don't fit each other, or the cell is too small for the terms.
    SimulationError
        Shells left their cores.
    """
    topology = checked(atoms, topology)
    relaxing = relax_shells and bool(len(topology.shells))
    with Particles(atoms, topology, threads, walls(atoms, topology) if relaxing else ()) as particles:
        if relaxing:
            settle_shells(particles)
        particles.command("run 0 post no")
        if relaxing:
            check_sound(particles)
        forces = particles.placed.turned(particles.gather("f"))
        on_atoms = np.zeros((len(atoms), 3))
        np.add.at(on_atoms, topology.owner, forces)
        names = {"pair": "evdwl+ecoul+elong", "bond": "ebond", "angle": "eangle", "dihedral": "edihed"}
        names["improper"] = "eimp"
        parts = {name: sum(map(particles.thermo, words.split("+"))) for name, words in names.items()}
        return Evaluated(particles.thermo("pe"), on_atoms, particles.stress(), parts)


def energy(atoms: Atoms, topology: Topology, *, relax_shells: bool = True, threads: int = 1) -> float:
    """Potential energy of the atoms as they are, eV; see `evaluate`."""
    return evaluate(atoms, topology, relax_shells=relax_shells, threads=threads).energy_eV


def minimize(
    atoms: Atoms,
    topology: Topology,
    *,
    free_cell: bool = False,
    threads: int = 1,
    force_tolerance: float = FORCE_TOLERANCE,
    most_steps: int = MOST_STEPS,
) -> Relaxed:
    """The nearest minimum.

    Parameters
    ----------
    atoms, topology
        What, and where it begins.
    free_cell
        Let all six parameters of the cell relax at no pressure.
    threads
        OpenMP threads.
    force_tolerance
        Largest force on a particle at the end, eV/Å.
    most_steps
        Iterations after which it ends unconverged.

    Returns
    -------
    Relaxed
        The atoms have the arrays ``charge`` (of cores and shells together), ``type`` and ``shell``.

    Raises
    ------
    InputError
        As `evaluate`.
    SimulationError
        The structure collapsed, or LAMMPS failed; the message names the atoms.
    """
    if free_cell and not atoms.pbc.all():
        raise InputError("atoms that do not repeat have no cell that could relax")
    topology = checked(atoms, topology)
    with Particles(atoms, topology, threads, walls(atoms, topology)) as particles:
        check_start(particles)
        descent = relax(particles, free_cell=free_cell, tolerance=force_tolerance, most_steps=most_steps)
        check_sound(particles)
        notes = note_charge(topology)
        return _outcome(particles, descent.converged, descent.steps, notes)


def dynamics(
    atoms: Atoms,
    topology: Topology,
    *,
    time_ps: float,
    temperature_K: float,
    seed: int,
    threads: int = 1,
) -> Relaxed:
    """The end of a simulation at constant volume and temperature.

    Parameters
    ----------
    atoms, topology
        What, and where it begins; near a minimum, else it may explode.
    time_ps, temperature_K
        How long and how hot.
    seed
        Of the velocities at the start and the thermostat.
    threads
        OpenMP threads.

    Returns
    -------
    Relaxed
        With ``temperature_K``, its mean over the second half, ``timestep_fs`` and ``time_ps`` in the record.

    Raises
    ------
    InputError
        As `evaluate`; or time or temperature are not positive.
    SimulationError
        It exploded, or atoms came nearer than the force field can describe.
    """
    for name, value in (("time_ps", time_ps), ("temperature_K", temperature_K)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value!r}; expected a positive number")
    topology = checked(atoms, topology)
    with Particles(atoms, topology, threads, walls(atoms, topology)) as particles:
        check_start(particles)
        settle_shells(particles)
        number = int(np.random.SeedSequence(seed).generate_state(1)[0]) % 900_000_000 + 1
        count, temperatures = move(particles, time_ps, temperature_K, number)
        particles.command("run 0 post no")
        check_sound(particles)
        outcome = _outcome(particles, True, count, note_charge(topology))
        outcome.record.update(
            temperature_K=float(temperatures[len(temperatures) // 2 :].mean()),
            timestep_fs=timestep(particles),
            time_ps=count * timestep(particles) / 1000,
        )
        return outcome


def _outcome(particles: Particles, converged: bool, steps: int, notes: tuple[str, ...]) -> Relaxed:
    topology = particles.topology
    atoms = particles.now()
    atoms.set_array("charge", np.bincount(topology.owner, weights=topology.charge))
    atoms.set_array("type", np.array([topology.types[k] for k in topology.kind[: len(atoms)]]))
    record: dict[str, Any] = {}
    if len(particles.shells):
        record["farthest_shell_A"] = float(shell_distances(particles).max())
    return Relaxed(
        atoms, particles.thermo("pe"), converged, largest_force(particles), steps, notes=notes, record=record
    )


def write_data(folder: Path, name: str, atoms: Atoms, topology: Topology) -> list[Path]:
    """A data file, and an input that reads it, says the energy and minimizes; tables where there are such.

    Parameters
    ----------
    folder
        Of the files ``name.data``, ``name.in`` and perhaps ``name.table``.
    name
        Of the structure.
    atoms, topology
        What is written. Shells are where the array ``shell`` says, else on their cores.

    Returns
    -------
    list of Path
        What was written.
    """
    topology = checked(atoms, topology)
    placed = Placed(atoms, topology)
    folder = Path(folder)
    text, files = table_text(topology), []
    table = f"{name}.table" if text else ""
    potential = commands(topology, placed, table=table)
    lines = [
        f"# energy of {name} and its nearest minimum; run with: lmp -in {name}.in",
        *head(topology, periodic=placed.periodic),
        read_command(f"{name}.data", topology),
        *potential,
        "neighbor 0.5 bin",
        "neigh_modify delay 0 every 1 check yes",
        "thermo_style custom step pe evdwl ecoul elong ebond eangle fmax press",
        "thermo_modify format float %.10f",
        "thermo 50",
        "run 0",
        "min_modify dmax 0.1 norm max",
        f"minimize 0.0 {FORCE_TOLERANCE} {MOST_STEPS} {20 * MOST_STEPS}",
        f"write_data '{name}_minimized.data' nocoeff",
    ]
    contents = {f"{name}.data": datafile.data_text(placed, topology, f"{name}, written by zeocryst")}
    contents[f"{name}.in"] = "\n".join(lines) + "\n"
    if text:
        contents[table] = text
    for file, content in contents.items():
        files.append(folder / file)
        files[-1].write_text(content)
    return files
