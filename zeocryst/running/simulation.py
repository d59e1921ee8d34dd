"""Runs the stages of a condition on an engine, writing and stopping between the engine's samples.

It knows no engine by name and no order parameter: what happens at a frame is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.beads import Beads
from zeocryst.condition import Condition, Cut, Seed, Stage
from zeocryst.engines.protocol import (
    HELD_MARK,
    SEED_MARK,
    THE_SEED,
    Engine,
    Sample,
    check_volume,
    hold,
    moved_frame,
)
from zeocryst.errors import InputError, SimulationError
from zeocryst.files.position import Position
from zeocryst.foundation.pace import Ticks
from zeocryst.solution.aggregate import cut, plant
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2, steps

if TYPE_CHECKING:
    import gsd.hoomd


#: A state between two frames that are written: where it was, what the engine said, its frame.
Kept = tuple[Position, Sample, "gsd.hoomd.Frame"]


@dataclass(frozen=True)
class Hooks:
    """What the caller does between samples.

    Attributes
    ----------
    on_tick : callable
        Called several times a second with the position and the sample.
    on_frame : callable
        Called at each output interval and end of a stage, with the frame too, and with the states since the
        last one that were kept in memory.
    save : callable
        Called next, with the frame and the position from which the run goes on: that of the next stage, when
        this one is over.
    has_enough : callable
        Asked between the two: whether the stage has what it was run for, so that it is over early.
    should_stop : callable
        Asked at each tick.
    say : callable
        Told what was done where beads were changed.
    before_frame : callable
        Called before `on_frame` at a frame of a run, with the frame and the position that it has.
    lacks : callable
        Asked at the beginning of a run that goes on whether the frame of its position was never written.
    on_threads : callable
        Told the number of threads, and why, where the engine goes on with another one; without it, it does not.
    """

    on_tick: Callable[[Position, Sample], None]
    on_frame: Callable[[Position, Sample, gsd.hoomd.Frame, Sequence[Kept]], None]
    save: Callable[[gsd.hoomd.Frame, Position], None]
    should_stop: Callable[[], bool]
    has_enough: Callable[[], bool] = lambda: False
    say: Callable[[str], None] = print
    on_threads: Callable[[int, str], None] | None = None
    before_frame: Callable[[gsd.hoomd.Frame, Position], None] = lambda _frame, _position: None
    lacks: Callable[[Position], bool] = lambda _position: False


def steps_in_all(condition: Condition, position: Position) -> int:
    """Time steps of a run that has come so far: what was done, and the most that is left."""
    left = sum(stage.n_steps for stage in condition.stages[position.stage :])
    return position.step - position.stage_step + left


def thermalize(
    frame: gsd.hoomd.Frame, temperature: float, rng: np.random.Generator, fixed: np.ndarray | None = None
) -> None:
    """Give Maxwell-Boltzmann velocities to the beads that have none.

    Beads are at rest at the start of a run, and after a stage in which they were held fixed or which had no
    velocities. The total momentum is set to zero when all beads move.

    Parameters
    ----------
    frame
        Changed in place.
    temperature
        K.
    rng
        Source of random numbers.
    fixed : (N,) bool array
        Beads that stay at rest.
    """
    mass = np.asarray(frame.particles.mass, dtype=float)
    velocity = np.array(frame.particles.velocity, dtype=float)
    resting = (velocity == 0).all(axis=1)
    draw = rng.normal(size=velocity.shape)
    width = np.sqrt(BOLTZMANN_EV_PER_K * temperature / (mass * EV_PER_AMU_A2_PER_PS2))
    velocity[resting] = (draw * width[:, None])[resting]
    if fixed is not None and fixed.any():
        velocity[fixed] = 0.0
    elif resting.any():
        velocity -= (mass[:, None] * velocity).sum(axis=0) / mass.sum()
    frame.particles.velocity = velocity


def simulate(
    condition: Condition,
    engine: Engine,
    frame: gsd.hoomd.Frame,
    *,
    seed: int,
    position: Position,
    hooks: Hooks,
) -> tuple[gsd.hoomd.Frame, Position, bool]:
    """Run all stages from `position` on.

    Parameters
    ----------
    condition
        Stages and output interval.
    engine
        Integrates.
    frame
        The state at `position`.
    seed
        Of the run; each stage has random numbers of its own that follow from it.
    position
        Where to go on.
    hooks
        What to do at ticks and frames, and when to stop.

    Returns
    -------
    frame, position
        The state reached.
    finished : bool
        False when it was stopped; the state was given to ``on_frame`` then.

    Raises
    ------
    SimulationError
        The engine failed.
    """
    if any(stage.seed_region or stage.hold_seed for stage in condition.stages):
        hooks = replace(hooks, on_frame=_marking(hooks.on_frame))
    while position.stage < len(condition.stages):
        stage = condition.stages[position.stage]
        if stage.hold_seed:  # to an engine it is a region like another
            stage = replace(stage, seed_region=THE_SEED)
        streams = np.random.SeedSequence([seed, position.stage, position.stage_step])
        if stage.edit is not None:
            frame, position = _edit(stage.edit, condition, engine, frame, position, hooks)
            continue
        if stage.n_steps == 0:
            frame, position = _minimize(engine, frame, position, hooks)
            continue
        # Brownian dynamics has no velocities; the beads that it leaves at rest get theirs in the next stage
        if stage.temperature_K is not None and stage.kind != "brownian":
            _, fixed = hold(frame, stage.seed_region)
            thermalize(frame, stage.temperature_K[0], np.random.default_rng(streams), fixed)
        engine_seed = int(streams.generate_state(1)[0]) % 900_000_000 + 1
        every = steps(condition.output.interval_ps, stage.timestep_fs)
        fine = _fine_steps(condition, position.stage)
        ticks = Ticks(fine or every, int(frame.particles.N))
        samples = engine.run(
            frame, stage, seed=engine_seed, every=ticks, begin=position.stage_step,
            friction=condition.friction, adapt=hooks.on_threads,
        )  # fmt: skip
        with closing(samples):
            frame, position, finished = _run_stage(
                _noticed(samples, ticks), frame, stage, (every, fine), position, hooks
            )
        if not finished:
            return frame, position, False
    return frame, position, True


def _marking(on_frame: Callable[..., None]) -> Callable[..., None]:
    """The same, for frames of which each says which beads are held, none where none are.

    GSD wants what one frame of a file logs in the first one, too.
    """

    def marked(position: Position, sample: Sample, frame: gsd.hoomd.Frame, kept: Sequence[Kept]) -> None:
        """Mark the frame, and those that were kept before it."""
        for each in (frame, *(state for _, _, state in kept)):
            each.log.setdefault(HELD_MARK, np.zeros(each.particles.N, dtype=np.float32))
        on_frame(position, sample, frame, kept)

    return marked


def _noticed(samples: Iterable[Sample], ticks: Ticks) -> Iterator[Sample]:
    """The samples; what they took is noticed before anybody looks at them."""
    for sample in samples:
        ticks.arrived(sample.step)
        yield sample


def _fine_steps(condition: Condition, stage: int) -> int:
    """Time steps between two frames that are kept in memory; 0 where none are, as while all is prepared."""
    fine = condition.output.fine_ps
    if fine is None or stage < condition.main_stage:
        return 0
    return steps(fine, condition.stages[stage].timestep_fs)


def _minimize(
    engine: Engine, frame: gsd.hoomd.Frame, position: Position, hooks: Hooks
) -> tuple[gsd.hoomd.Frame, Position]:
    relaxed, energy = engine.minimize(frame)
    relaxed.particles.velocity = np.zeros((relaxed.particles.N, 3))
    volume = Beads.of(relaxed).volume
    position = replace(position, stage=position.stage + 1, stage_step=0)
    pressure = engine.evaluate(relaxed).pressure_bar
    hooks.on_frame(position, Sample(0, 0.0, pressure, energy, volume, lambda: relaxed), relaxed, ())
    hooks.save(relaxed, position)
    return relaxed, position


def _edit(
    edit: Cut | Seed,
    condition: Condition,
    engine: Engine,
    frame: gsd.hoomd.Frame,
    position: Position,
    hooks: Hooks,
) -> tuple[gsd.hoomd.Frame, Position]:
    """Go on with other beads; where a seed was put in, what is too close is moved apart."""
    forcefield = condition.read_forcefield()
    if isinstance(edit, Cut):
        changed, words = cut(frame, edit, forcefield)
    else:
        rng = np.random.default_rng([condition.seed, position.stage])
        planted, words = plant(frame, edit, forcefield, rng)
        changed, _ = engine.minimize(planted)
        changed.particles.velocity = planted.particles.velocity
        changed.log[SEED_MARK] = planted.log[SEED_MARK]
    try:
        engine.check(changed)
    except InputError as error:
        raise SimulationError(f"stage {position.stage + 1}: {error}") from None
    state = engine.evaluate(changed)
    volume = Beads.of(changed).volume
    position = replace(position, stage=position.stage + 1, stage_step=0)
    hooks.say(words)
    sample = Sample(0, 0.0, state.pressure_bar, state.energy_eV, volume, lambda: changed)
    hooks.on_frame(position, sample, changed, ())
    hooks.save(changed, position)
    return changed, position


def _run_stage(
    samples: Iterable[Sample],
    frame: gsd.hoomd.Frame,
    stage: Stage,
    every: tuple[int, int],
    begin: Position,
    hooks: Hooks,
) -> tuple[gsd.hoomd.Frame, Position, bool]:
    """Run a stage; `every` is the number of steps between frames, and between those kept in memory."""
    here = begin
    kept: list[Kept] = []
    volume = 0.0  # when it begins
    for sample in samples:
        done = sample.step - begin.stage_step
        volume = volume or sample.volume_A3
        check_volume(sample.volume_A3, volume)
        here = Position(
            begin.stage,
            sample.step,
            begin.step + done,
            begin.time_ps + done * stage.timestep_fs / 1000.0,
        )
        hooks.on_tick(here, sample)
        over = sample.step == stage.n_steps
        first = done == 0
        # some steps are run in any case: a job that is always given too little time gets somewhere
        stopping = hooks.should_stop() and not over and not first
        if first:
            due = begin.step == 0 or hooks.lacks(here)
        else:
            due = stopping or sample.step % every[0] == 0
        if over or due:
            frame = sample.frame()
            hooks.before_frame(frame, here)
            next_stage = replace(here, stage=here.stage + 1, stage_step=0)
            hooks.on_frame(next_stage if over else here, sample, frame, kept)
            kept = []
            if over or (not first and hooks.has_enough()):
                over, here = True, next_stage
            hooks.save(frame, here)
        elif every[1] and not first and sample.step % every[1] == 0:
            kept.append((here, sample, _light(sample.frame())))
        if over:
            return frame, here, True
        if stopping:
            return frame, here, False
    raise SimulationError(f"stage {begin.stage + 1} ended after {here.stage_step} of {stage.n_steps} steps")


def _light(frame: gsd.hoomd.Frame) -> gsd.hoomd.Frame:
    """A frame in single precision, as files have it, to be kept for a while."""
    place, speed = (np.asarray(a, np.float32) for a in (frame.particles.position, frame.particles.velocity))
    return moved_frame(frame, frame.configuration.box, place, speed, frame.particles.image)
