"""Where a run begins: the choices of the command line, its first frame, and what is measured from there on."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.beads import Beads
from zeocryst.condition import Condition, Cut, EngineChoice, read_condition
from zeocryst.engines.protocol import Engine
from zeocryst.errors import InputError
from zeocryst.files.startfile import beads_of_file
from zeocryst.model.forcefield import SILICATE, ForceField
from zeocryst.order import AGGREGATION, DEFAULT
from zeocryst.running.besides import with_measured
from zeocryst.solution.embedding import origin_in
from zeocryst.solution.start import adopt, crystal, gel, is_crowded, melt

if TYPE_CHECKING:
    import gsd.hoomd

#: A start with fewer T than this, per 1000 Å^3, is a solution or a droplet: no framework has fewer than 7.
DILUTE_T_PER_1000A3 = 5.0
#: A start of more beads than this is not relaxed to its minimum but until a look at it (five iterations of
#: LAMMPS) finds the energy lower by less than so many eV per bead, a hundredth of kT at 1200 K.
MOST_RELAXED_BEADS, RELAXED_EV_PER_BEAD = 20_000, 0.001


@dataclass(frozen=True)
class Options:
    """What the command line can change of a condition; None leaves the condition's choice."""

    engine: str | None = None
    device: str | None = None
    threads: int | None = None
    seed: int | None = None
    walltime_s: float | None = None
    restart: bool = False
    quiet: bool = False


def read_with_options(path: str | Path | Condition, options: Options) -> Condition:
    """A condition, read where it is a path, with the command line's choices put in."""
    condition = path if isinstance(path, Condition) else read_condition(path)
    chosen = condition.engine
    engine = EngineChoice(
        options.engine or chosen.name,
        options.device or chosen.device,
        chosen.threads if options.threads is None else options.threads,
    )
    seed = condition.seed if options.seed is None else options.seed
    if not 1 <= seed <= 900_000_000:
        raise InputError(f"--seed {seed}: expected a whole number from 1 to 900000000")
    where = "" if isinstance(path, Condition) else str(path)
    return with_measured(replace(condition, engine=engine, seed=seed), where)


def first_frame(condition: Condition, forcefield: ForceField) -> gsd.hoomd.Frame:
    """Where the run starts."""
    return first_frame_and_words(condition, forcefield)[0]


def first_frame_and_words(condition: Condition, forcefield: ForceField) -> tuple[gsd.hoomd.Frame, str]:
    """Where the run starts, and what was calculated, left out or put in for it; empty where nothing was."""
    frame, words = _start_and_words(condition, forcefield)
    if forcefield.site == SILICATE:
        return frame, words
    no_atoms = f"a T of {forcefield.name} is {forcefield.site}: it is not back-mapped to silica"
    return frame, "; ".join(filter(None, (words, no_atoms)))


def _start_and_words(condition: Condition, forcefield: ForceField) -> tuple[gsd.hoomd.Frame, str]:
    system = condition.system
    if system.file is not None:
        path = condition.folder / system.file
        frame, types, words = beads_of_file(path, system)
        return adopt(frame, types, forcefield, str(path), new_velocities=system.new_velocities), words
    if system.start == "framework":
        return crystal(system, forcefield), origin_in(str(system.framework), forcefield)
    make = {"melt": melt, "gel": gel}[system.start]
    return make(system, forcefield, np.random.default_rng([condition.seed, 1])), ""


def needs_relaxing(condition: Condition, forcefield: ForceField, frame: gsd.hoomd.Frame) -> bool:
    """Whether the first frame has to be minimized before anything moves: a melt, a gel that is crowded."""
    start = condition.system.start
    return start == "melt" or (start == "gel" and is_crowded(frame, forcefield))


def nearly_relaxed(engine: Engine, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, str]:
    """A large start on its way to its minimum, as far as its energy falls quickly, and that in words."""
    count, last = int(frame.particles.N), math.inf
    with closing(engine.descend(frame)) as samples:
        for sample in samples:
            if last - sample.energy_eV < RELAXED_EV_PER_BEAD * count:
                break
            last = sample.energy_eV
        words = (
            f"The start was relaxed until its energy fell by less than {RELAXED_EV_PER_BEAD:g} eV a bead from "
            f"look to look, as one of more than {MOST_RELAXED_BEADS} beads is, and not to its minimum."
        )
        return sample.frame(), words


def measured_names(condition: Condition, start: gsd.hoomd.Frame) -> tuple[str, ...]:
    """What is measured in every frame.

    Clusters as well where the start is a gel or nearly empty, an aggregate is cut out or a stage or an event
    waits for a cluster, likeness to its framework where a crystal seed is put in, and what the condition asks
    for.

    Parameters
    ----------
    condition
        The condition.
    start
        Its first frame.
    """
    beads = Beads.of(start)
    density = 1000 * beads.count("T") / beads.volume
    dilute = condition.system.start == "gel" or density < DILUTE_T_PER_1000A3
    dilute = dilute or any(isinstance(stage.edit, Cut) for stage in condition.stages)
    awaited = {until.quantity for stage in condition.stages for until in stage.ends}
    dilute = dilute or any("cluster_T" in quantity for quantity in awaited)
    dilute = dilute or any("cluster" in event.quantity.lower() for event in condition.output.events)
    seed = condition.seed_framework
    names = (*DEFAULT, *(AGGREGATION if dilute else ()), *((f"likeness:{seed}",) if seed else ()))
    return tuple(dict.fromkeys([*names, *condition.output.measure]))
