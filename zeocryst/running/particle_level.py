"""The level above beads: nanoparticles that aggregate, in a folder of their own.

It goes on after whatever stopped it as a run of beads does, with the same files: ``trajectory.gsd``,
``order_parameters.csv``, ``summary.json``, ``report.html``, ``checkpoint/``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.beads import N_S_MARK, N_T_MARK
from zeocryst.cell import box_to_cell, volume
from zeocryst.condition import Condition, Output, identity, to_toml
from zeocryst.condition.classes import DEEPEST_KT, classes_of, forcefield_of, median_of, viscosity_of
from zeocryst.condition.particles import Particles
from zeocryst.condition.particles_consistency import upward_of
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import KEPT_MARKS, Engine, Sample
from zeocryst.errors import SimulationError
from zeocryst.files.position import Position
from zeocryst.files.records import PARTICLES, now, read_json, without_nan
from zeocryst.files.rundir import RunDirectory
from zeocryst.files.trajectory import TrajectoryWriter
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.progress import Progress
from zeocryst.foundation.ranks import last_words
from zeocryst.foundation.textfiles import in_short
from zeocryst.model.forcefield import ForceField
from zeocryst.model.solvent import Solvent
from zeocryst.order.coagulation import half_time, smoluchowski_half_time_ps
from zeocryst.order.particles import CONTACT_GAP_A, measure_particles
from zeocryst.running.beginning import Options
from zeocryst.running.diary import Diary
from zeocryst.running.failure import kept, told
from zeocryst.running.mending import resume
from zeocryst.running.rows import is_at_end, row_head
from zeocryst.running.sharing import Sharing
from zeocryst.running.simulation import Hooks, Kept, simulate, steps_in_all
from zeocryst.solution.particles import first_particles

if TYPE_CHECKING:
    import gsd.hoomd


def level_of(
    condition: Condition,
) -> tuple[Condition, gsd.hoomd.Frame, ForceField]:
    """What runs at this level: its stages and friction as a condition, its first frame, its model."""
    particles = _particles(condition)
    masses = condition.read_forcefield().masses
    frame = first_particles(particles, masses, condition.seed)
    classes = classes_of(particles)
    viscosity = viscosity_of(condition.solvent)
    forcefield = forcefield_of(
        particles, classes, particles.temperature_K, masses,
        upward=upward_of(particles, condition.folder), viscosity_mPa_s=viscosity,
    )  # fmt: skip
    solvent = Solvent(viscosity, {each.name: each.radius_A for each in classes})
    level = condition.with_checked(stages=particles.stages, output=particles.output, solvent=solvent)
    return level, frame, forcefield


def run_particles(condition: Condition, out: Path, options: Options) -> tuple[dict[str, Any], bool]:
    """Let the particles of a condition aggregate.

    Parameters
    ----------
    condition
        With `Condition.particles`.
    out
        The folder of this level.
    options
        Walltime, restart, quiet; the rest is the condition's already.

    Returns
    -------
    summary : dict
        Content of its ``summary.json``; empty where it was stopped early.
    finished : bool

    Raises
    ------
    InputError
        The folder holds something else, or no engine can run this.
    SimulationError
        The engine failed; the last good state is kept.
    """
    level, frame, forcefield = level_of(condition)
    chosen = condition.engine
    engine, why = choose_engine(
        forcefield, chosen.name, chosen.device, chosen.threads, frame, stages=level.stages
    )
    mine = replace(_particles(condition), resolve=None)
    alone = condition.with_checked(stages=(), output=Output(), particles=mine)
    folder = RunDirectory(out, to_toml(alone), identity(alone, forcefield))
    if options.restart:
        folder.set_aside()
    state = folder.examine()
    progress = Progress(level.n_steps, len(level.stages), options.quiet)
    if state == "finished":
        progress.say(f"{out} holds this level already, finished")
        return read_json(out / "summary.json"), True
    folder.open()
    try:
        folder.log(why)
        progress.say(f"{len(frame.particles.typeid)} nanoparticles; {why}")
        folder.record(engines=[*folder.recorded("engines", []), asdict(engine.info)], seed=condition.seed)
        work = _Run(condition, level, engine, folder, progress, Stopper(options.walltime_s))
        work.potential = potential_of(mine, forcefield)
        return work.all(frame)
    except (OSError, MemoryError) as error:
        raise kept(error, out) from error
    finally:
        progress.end()
        folder.close()


class _Run:
    """The work of one call."""

    def __init__(
        self,
        condition: Condition,
        level: Condition,
        engine: Engine,
        folder: RunDirectory,
        progress: Progress,
        stopper: Stopper,
    ) -> None:
        self._condition = condition
        self._level = level
        self.potential: dict[str, Any] = {}
        self._engine = engine
        self._folder = folder
        self._progress = progress
        self._stopper = stopper
        self._diary = Diary(folder, progress)
        self._say = self._diary.say
        self._frames: TrajectoryWriter | None = None
        self._position = Position()
        self._last_step = -1
        self._sharing = Sharing(engine)

    def all(self, frame: gsd.hoomd.Frame) -> tuple[dict[str, Any], bool]:
        """Simulate and summarize; the summary, and whether it got there."""
        with self._stopper:
            try:
                frame, finished = self._simulate(frame)
                if not finished:
                    return {}, False
                self._stopper.at_once = True
                return self._summary(frame), True
            except KeyboardInterrupt:
                self._interrupted(self._stopper.reason or "Ctrl-C")
                raise
            except SimulationError:
                raise  # recorded where it happened
            except Exception as error:
                with suppress(OSError):  # the disk may be full
                    self._interrupted("failure", in_short(error))
                raise

    def _simulate(self, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, bool]:
        """Run what is left of the stages; the last frame, and whether that is all."""
        folder, position = self._folder, Position()
        folder.note_kill()
        saved = resume(folder, self._level, self._say)
        if saved is not None:
            frame, position, _ = saved
            frame.log = {key: value for key, value in frame.log.items() if key in KEPT_MARKS}
            self._position, self._last_step = position, position.step
            self._say(f"goes on from step {position.step} of {steps_in_all(self._level, position)}")
        else:
            for left in (folder.trajectory, folder.table):
                left.unlink(missing_ok=True)
        hooks = Hooks(
            self._tick, self._keep, self._save, self._stopper, say=self._say,
            on_threads=lambda _, words: self._say(words),
        )  # fmt: skip
        with TrajectoryWriter(folder.trajectory) as self._frames, last_words(self._failed):
            try:
                frame, position, finished = simulate(
                    self._level, self._engine, frame, seed=self._condition.seed, position=position, hooks=hooks
                )
            except SimulationError as error:
                raise SimulationError(self._failed(error)) from None
        self._sharing.tell(folder, self._say)
        if self._progress.speed:  # not when there was nothing left to run
            folder.record(steps_per_s=self._progress.speed)
        if not finished:
            self._interrupted(self._stopper.reason or "")
            self._say(
                f"stopped ({self._stopper.reason}) among the particles, at step {position.step}; the same "
                "command goes on from there"
            )
        return frame, finished

    def _failed(self, error: SimulationError) -> str:
        """Record that the engine failed; the message."""
        self._interrupted("failure", in_short(error))
        self._folder.log(str(error))
        why = told(error, self._level, min(self._position.stage, len(self._level.stages) - 1))
        step = max(self._last_step, 0)
        return f"particles: {why}. The last good state (step {step}) is kept in {self._folder.path}"

    def _tick(self, position: Position, sample: Sample) -> None:
        stages = self._level.stages
        kind = stages[min(position.stage, len(stages) - 1)].kind
        self._progress.expect(steps_in_all(self._level, position))
        self._progress.update(
            position.stage,
            f"particles, {kind}",
            position.step,
            sample.temperature_K,
            sample.energy_eV / _particles(self._condition).number,
        )

    def _keep(
        self, position: Position, sample: Sample, frame: gsd.hoomd.Frame, between: Sequence[Kept]
    ) -> None:
        """Measure a frame and write it."""
        if position.step <= self._last_step and not (is_at_end(position) and not sample.step):
            return  # written before
        found = measure_particles(frame)
        row = {
            **row_head(position, sample),
            "energy_eV_per_particle": sample.energy_eV / int(frame.particles.N),
            **found.values,
        }
        assert self._frames is not None
        beads = {"aggregate": found.aggregate, "contacts": found.contacts}
        self._frames.append(frame, position.step, row, beads)
        self._folder.add_row(row)
        self._last_step = position.step

    def _save(self, frame: gsd.hoomd.Frame, position: Position) -> None:
        self._folder.save(frame, position)
        self._position = position
        self._diary.running(position.step, round(position.time_ps, 6))

    def _interrupted(self, reason: str, words: str = "") -> None:
        self._diary.interrupted(reason, self._position.step, round(self._position.time_ps, 6), words)

    def _summary(self, frame: gsd.hoomd.Frame) -> dict[str, Any]:
        """What it amounts to: ``summary.json`` and the report."""
        from zeocryst.report.particles import COLUMNS, write_report
        from zeocryst.report.run import read_rows

        folder, condition = self._folder, self._condition
        rows = read_rows(folder.table, COLUMNS)
        size = float(volume(box_to_cell(np.asarray(frame.configuration.box))))
        particles = _particles(condition)
        halved = half_time(rows)
        n_t, n_s = (int(np.sum(frame.log[mark])) for mark in (N_T_MARK, N_S_MARK))
        first, last = rows[0], rows[-1]
        sentence = (
            f"{particles.number} nanoparticles ({n_t} T and {n_s} S) were {first['n_aggregates']:.0f} "
            f"aggregates at first and {last['n_aggregates']:.0f} after {last['time_ps']:g} ps; the largest has "
            f"{last['largest_aggregate_particles']:.0f} particles and {last['largest_aggregate_T']:.0f} T. "
            f"{halved['sentence']}"
        )
        summary: dict[str, Any] = without_nan(
            {
                "level": PARTICLES,
                "condition": condition.name,
                "seed": condition.seed,
                "sentence": sentence,
                "engine": asdict(self._engine.info),
                "n_particles": particles.number,
                "n_T": n_t,
                "n_S": n_s,
                "volume_A3": size,
                "steps": int(last["step"]),
                "time_ps": last["time_ps"],
                "start": first,
                "end": last,
                "half_time": halved,
                "diffusion_limited_half_time_ps": limited_half_time_ps(condition, size, self.potential),
                "potential": self.potential,
                "steps_per_s": folder.recorded("steps_per_s", 0.0),
                "wall_s": self._diary.wall_s(),
                "interruptions": folder.interruptions(),
            }
        )
        write_report(folder.path, summary)
        folder.write("summary.json", json.dumps(summary, indent=1) + "\n")
        folder.record(finished=now(), running=None)
        self._say(sentence)
        return summary


def limited_half_time_ps(condition: Condition, volume_A3: float, potential: Mapping[str, Any]) -> float:
    """Half-time of median particles, were each contact to stick, ps."""
    particles = _particles(condition)
    radius = potential["radius_A"]
    return smoluchowski_half_time_ps(
        particles.number, volume_A3, particles.temperature_K, viscosity_of(condition.solvent),
        radius_A=radius, contact_A=2 * radius + CONTACT_GAP_A,
    )  # fmt: skip


def potential_of(particles: Particles, forcefield: ForceField) -> dict[str, Any]:
    """What the potential of two median particles amounts to."""
    from zeocryst.model.dlvo import DlvoPair
    from zeocryst.model.encounters import second_virial_A3, stability_ratio

    middle, temperature = median_of(classes_of(particles)).name, particles.temperature_K
    pair = forcefield.pairs[middle, middle]
    assert isinstance(pair, DlvoPair)
    return {
        "of": middle,
        "radius_A": pair.radius_A[0],
        "contact_A": pair.contact_A,
        "at_contact_eV": pair.contact_eV,
        "well_eV": pair.adhesion_eV,
        "deepest_well_eV": DEEPEST_KT * pair.kt_eV,
        "barrier_eV": pair.barrier_eV,
        "second_virial_A3": second_virial_A3(pair, temperature),
        "stability_ratio": stability_ratio(pair, temperature),
    }


def _particles(condition: Condition) -> Particles:
    assert condition.particles is not None  # callers look first
    return condition.particles
