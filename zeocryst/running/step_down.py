"""From the level of particles to that of beads: the particles that were chosen become T and S.

Masses are counted at the step: each particle has the T and S in it that it was made with, and the beads have to
be as many of each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.condition import Condition, identity
from zeocryst.condition.classes import classes_of, median_of
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import Engine
from zeocryst.errors import InputError, SimulationError
from zeocryst.files.folders import is_new, set_aside, take_lock
from zeocryst.files.records import read_json, without_nan
from zeocryst.files.rundir import ABOVE
from zeocryst.files.trajectory import is_sound, read_frame, write_frame
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.progress import Progress
from zeocryst.foundation.textfiles import write_text
from zeocryst.model.forcefield import ForceField
from zeocryst.model.upward import write_upward
from zeocryst.running.beginning import Options
from zeocryst.running.particle_level import run_particles
from zeocryst.solution.cluster_library import make_library
from zeocryst.solution.conserved import check_mass
from zeocryst.solution.particle_pairs import Size, measure_upward
from zeocryst.solution.resolving import choose, fill
from zeocryst.solution.seating import relax

if TYPE_CHECKING:
    import gsd.hoomd

#: What the level of particles leaves for the beads: their first frame, what became of what, amorphous clusters.
BEADS, RECORD, LIBRARY, GLASS = "beads.gsd", "resolved.json", "library.gsd", "library.txt"
UPWARD = "upward.toml"
#: Where the record says why there is none of the last.
NOT_MEASURED = "upward_not_measured"


@dataclass(frozen=True)
class Resolved:
    """The beads that particles became.

    Attributes
    ----------
    frame : gsd.hoomd.Frame
        Where they begin.
    words : str
        What was done.
    options : Options
        Of the call, with what is left of the walltime.
    """

    frame: gsd.hoomd.Frame
    words: str
    options: Options


def beads_of_particles(condition: Condition, out: Path, options: Options) -> Resolved | None:
    """Let the particles aggregate and resolve them; None where the run was stopped on the way.

    What was done before is not done again.

    Parameters
    ----------
    condition
        With particles that are resolved.
    out
        The run's folder; the particles have one in it.
    options
        Of the call.

    Raises
    ------
    InputError
        A folder holds something else, or no engine can run this.
    SimulationError
        The particles, the relaxation or the sum of the masses failed.
    """
    place = out / ABOVE
    if options.restart:
        _set_aside(out)
    stopper = Stopper(options.walltime_s)
    above, finished = run_particles(condition, place, replace(options, restart=False))
    if not finished:
        return None
    left = replace(options, restart=False, walltime_s=stopper.left_s)
    tell = Progress(0, 1, options.quiet).say
    known = _kept(place)
    with stopper:
        stopper.at_once = True
        if known is None:
            frame, record = resolve_particles(condition, place, tell)
            record["particles"] = {key: above[key] for key in ("n_particles", "n_T", "n_S", "sentence")}
            write_frame(place / BEADS, frame)
            _write_record(place, record)
        else:
            frame, record = known
        _measure_upward(condition, place, record, tell)
    return Resolved(frame, record["words"], replace(left, walltime_s=stopper.left_s))


def _write_record(place: Path, record: dict[str, Any]) -> None:
    write_text(place / RECORD, json.dumps(without_nan(record), indent=1) + "\n")


def resolve_particles(
    condition: Condition, place: Path, tell: Callable[[str], None]
) -> tuple[gsd.hoomd.Frame, dict[str, Any]]:
    """Fill the chosen particles of a level's last frame with amorphous clusters, and relax what is in contact.

    Parameters
    ----------
    condition
        With particles that are resolved.
    place
        The folder of the level.
    tell
        Is told what is done.

    Returns
    -------
    frame, record
        The beads at rest, and what was done in numbers and words.
    """
    particles = condition.particles
    assert particles is not None
    assert particles.resolve is not None
    above, forcefield, chosen = (
        read_frame(place / "trajectory.gsd"),
        condition.read_forcefield(),
        condition.engine,
    )
    which, words = choose(above, particles.resolve)
    tell(f"resolved: {words}")
    engine, _ = choose_engine(forcefield, chosen.name, chosen.device, chosen.threads)
    library, glass = _library(condition, engine, forcefield, place, tell)
    rng = np.random.default_rng([condition.seed, 3])
    filled, how = fill(above, which, particles.resolve, library, forcefield, rng)
    seated = relax(filled, engine, forcefield, seed=condition.seed, tell=tell)
    mass = check_mass(above, which, seated.frame)
    tell(f"{seated.sentence}; {mass}")
    record = {
        "part": particles.resolve.part, "n_particles": len(which), "of": words, "glass": glass, "filled": how,
        "mass": mass, "relaxed": seated.record(), "words": f"beads of nanoparticles: {words}; {mass}",
    }  # fmt: skip
    return seated.frame, record


def _library(
    condition: Condition, engine: Engine, forcefield: ForceField, place: Path, tell: Callable[[str], None]
) -> tuple[gsd.hoomd.Frame, str]:
    """The glass from which clusters are cut, kept beside the particles: an earlier call's where it is whole."""
    particles = condition.particles
    assert particles is not None
    file, words = place / LIBRARY, place / GLASS
    if file.is_file() and words.is_file():
        try:
            kept = read_frame(file)
            if is_sound(kept):
                return kept, words.read_text("utf-8").strip()
        except InputError:
            pass  # made anew
    sizes = sorted({each.n_T for each in classes_of(particles)})
    frame, said = make_library(
        engine, forcefield, sizes, particles.S_per_T, particles.density_T_per_1000A3,
        seed=condition.seed, tell=tell,
    )  # fmt: skip
    write_frame(file, frame)
    write_text(words, said + "\n")
    return read_frame(file), said  # as another call will read it, in single precision


def _measure_upward(
    condition: Condition, place: Path, record: dict[str, Any], tell: Callable[[str], None]
) -> None:
    """Measure what a coarser run takes from pairs of median particles, once.

    It is a side of the run, which goes on where that fails; the record says why then.
    """
    particles, forcefield, chosen = condition.particles, condition.read_forcefield(), condition.engine
    assert particles is not None
    assert particles.resolve is not None
    if not particles.resolve.upward_pairs or (place / UPWARD).is_file() or NOT_MEASURED in record:
        return
    engine, _ = choose_engine(forcefield, chosen.name, chosen.device, chosen.threads)
    library, _ = _library(condition, engine, forcefield, place, tell)
    middle = median_of(classes_of(particles))
    size = Size(middle.n_T, middle.n_S)
    warm = next((s.temperature_K[0] for s in condition.stages if s.temperature_K), particles.temperature_K)
    try:
        found = measure_upward(
            engine, forcefield, library, (size, size), density=particles.density_T_per_1000A3,
            temperature_K=warm, seed=condition.seed, n_pairs=particles.resolve.upward_pairs, tell=tell,
            condition=hashlib.sha256(identity(condition, forcefield).encode()).hexdigest(),
        )  # fmt: skip
        write_upward(found, place / UPWARD)
    except (InputError, SimulationError) as error:
        record[NOT_MEASURED] = str(error)
        _write_record(place, record)
        tell(f"adhesion and sticking were not measured: {error}")
        return
    tell(f"written: {place / UPWARD}, for [particles] upward of a coarser run")


def _set_aside(out: Path) -> None:
    """Rename a run's folder with all of its levels, where it is one, and nobody runs there."""
    levels = [level for level in (out, out / ABOVE) if (level / "checkpoint").is_dir()]
    if is_new(out, bool(levels), "run"):
        return
    locks = []
    try:
        locks = [take_lock(level, "checkpoint/lock", "running") for level in levels]
    finally:
        for lock in locks:
            lock.close()
    set_aside(out)


def _kept(place: Path) -> tuple[gsd.hoomd.Frame, dict[str, Any]] | None:
    """What an earlier call left, where it is whole."""
    if not ((place / BEADS).is_file() and (place / RECORD).is_file()):
        return None
    try:
        frame, record = read_frame(place / BEADS), read_json(place / RECORD)
    except InputError:
        return None
    return (frame, record) if is_sound(frame) else None
