"""What a condition would cost: beads, memory, steps, time."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.beads import Beads
from zeocryst.condition import Condition, Stage
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import Engine
from zeocryst.errors import SimulationError
from zeocryst.foundation.machine import is_busy, load, load_in_words
from zeocryst.frameworks.table import start_t_count
from zeocryst.model.forcefield import ForceField
from zeocryst.model.solvent import step_length
from zeocryst.running.beginning import first_frame_and_words, measured_names, needs_relaxing
from zeocryst.running.besides import Besides
from zeocryst.running.columns import columns_of_events
from zeocryst.running.costs import Size, parts, parts_in_words, time_to_measure
from zeocryst.running.failure import told
from zeocryst.running.particle_estimate import estimate_particles, stand_in
from zeocryst.running.sharing import Sharing
from zeocryst.running.sharing import in_words as in_words_of_sharing
from zeocryst.running.simulation import thermalize
from zeocryst.running.trial import speed_of
from zeocryst.running.watching import GRAIN_JUMP_T, SHARE_JUMP, check_memory
from zeocryst.solution.recipe import compose, in_words

if TYPE_CHECKING:
    import gsd.hoomd

#: Seconds that a random start may take to relax before them, and most beads that are tried: the speed of a
#: larger system is that of a smaller one by the number of beads. Not of a solution, whose steps are so short
#: that the way to memory counts: it is tried as it is, up to the last number.
RELAX_S, MOST_TRIED, MOST_TRIED_IN_SOLUTION = 10.0, 100_000, 3_000_000
#: Up to so many beads relax in a few seconds.
SMALL = 2000
#: From so many beads on it is tried how long a frame takes to be measured, and of at most so many.
MEASURED_FROM, MEASURED_TO = 5_000, 300_000


def estimate(condition: Condition) -> dict[str, Any]:
    """Validate a condition by making its first frame and running a few trial steps; writes nothing.

    Returns
    -------
    dict
        ``condition``, ``n_T``, ``n_S``, ``start`` (where it comes from, a sentence, or empty), ``steps``,
        ``time_ps``, ``frames`` (the most of the three where a stage
        can end early; without those that are written where something happens), ``can_end_early``, ``early`` (a
        sentence for each such stage, and one for such frames), ``memory_MB``, ``engine``, ``load`` (of the last
        minute, None where the system does not tell), ``busy`` (a sentence where others use the machine),
        ``sharing`` (a sentence where several processes share the steps: how evenly, and where the time goes),
        ``solvent`` (a sentence for each stage that feels it), ``besides`` (sentences on plugins and what is
        measured besides), ``events`` (one for each), ``steps_per_s`` and ``wall_s``, the
        last two of the steps, extrapolated from the trial, ``parts`` (what the run does besides, and its
        seconds) with ``parts_words``, and ``total_s``; of a gel also ``gel``, what its recipe gives; where
        there are particles above the beads ``particles`` (`zeocryst.running.particle_estimate`), and nothing
        else but the name where the run ends with them.
    """
    if condition.particles is not None:
        return _with_particles(condition)
    forcefield = condition.read_forcefield()
    chosen = condition.engine
    small = _smaller(condition)
    frame, origin = first_frame_and_words(small, forcefield)
    engine, why = choose_engine(
        forcefield, chosen.name, chosen.device, chosen.threads, frame, stages=condition.stages
    )
    names = measured_names(condition, frame)
    besides = Besides.tried(condition, frame, engine.info.name, names)
    columns = columns_of_events(condition, frame, names)
    tried = int(frame.particles.N)
    n_t = Beads.of(frame).count("T")
    n_s = tried - n_t
    if small is not condition:
        n_t, n_s = _counts(condition, small, n_t, n_s)
    beads = n_t + n_s
    kept = check_memory(condition, beads)
    dynamic = [stage for stage in condition.stages if stage.n_steps]
    speed, shared = float("nan"), ""
    busy = f"the machine is busy{load_in_words()}, and the estimate is for it as it is now" if is_busy() else ""
    if dynamic:
        longest = max(dynamic, key=lambda stage: stage.n_steps)
        frame, trial = _ready(small, forcefield, engine, frame, longest)
        try:
            speed, busy, shared = _speed(condition, forcefield, engine, (frame, trial), tried / beads, busy)
        except SimulationError as error:
            raise told(error, condition, condition.stages.index(longest)) from None
    interval = condition.output.interval_ps
    frames = sum(math.ceil(stage.time_ps / interval - 1e-9) for stage in dynamic) + 1
    size = Size.of(condition, frame, n_t, beads)
    besides_steps = parts(condition, size, speed, frames, _measuring(condition, forcefield, frame, names))
    start = {"gel": _gel(condition)} if condition.system.start == "gel" else {}
    return {
        "condition": condition.name,
        "n_T": n_t,
        "n_S": n_s,
        "start": origin,
        **start,
        "steps": condition.n_steps,
        "time_ps": condition.time_ps,
        "frames": frames,
        "can_end_early": condition.can_end_early,
        "early": _early_in_words(condition),
        "memory_MB": round((size.memory_bytes + kept) / 1e6),
        "engine": why,
        "load": load(),
        "busy": [busy] if busy else [],
        "sharing": [shared] if shared else [],
        "solvent": _solvent_in_words(condition),
        "besides": besides.in_words(),
        "events": [
            f"back-mapped on the way, at the first frame with {event} (column {column})"
            for event, column in zip(condition.output.events, columns, strict=True)
        ],
        "steps_per_s": float(f"{speed:.4g}") if dynamic else None,
        "wall_s": round(condition.n_steps / speed) if dynamic else 0,
        "parts": besides_steps,
        "parts_words": parts_in_words(condition, besides_steps, speed),
        "total_s": round(
            sum(part["s"] for part in besides_steps) + (condition.n_steps / speed if dynamic else 0.0)
        ),
    }


def _with_particles(condition: Condition) -> dict[str, Any]:
    """The level of the particles, and that of as many beads as they become at most; likewise."""
    above = estimate_particles(condition)
    assert condition.particles is not None
    if condition.particles.resolve is None:
        return {"condition": condition.name, "particles": above}
    return estimate(stand_in(condition, above["n_T"], above["n_S"])) | {
        "start": "beads: at most so many, tried as a melt", "particles": above,
    }  # fmt: skip


def _ready(
    small: Condition, forcefield: ForceField, engine: Engine, frame: gsd.hoomd.Frame, longest: Stage
) -> tuple[gsd.hoomd.Frame, Stage]:
    """A start and a stage that can be tried: relaxed, warm, with every bead free."""
    trial, relaxed = replace(longest, seed_region=0.0, hold_seed=False), True
    if needs_relaxing(small, forcefield, frame):
        frame, relaxed = _relaxed(engine, frame)
    if not relaxed:  # in short steps it holds, and a step takes as long
        trial = replace(trial, timestep_fs=trial.timestep_fs / 100, time_ps=trial.time_ps / 100)
    if longest.temperature_K:
        thermalize(frame, longest.temperature_K[0], np.random.default_rng(small.seed))
    return frame, trial


def _speed(
    condition: Condition,
    forcefield: ForceField,
    engine: Engine,
    ready: tuple[gsd.hoomd.Frame, Stage],
    scale: float,
    busy: str,
) -> tuple[float, str, str]:
    """Steps per second of the whole size, which has `scale` times that of what is tried.

    On a busy machine one thread is tried as well. With it what to say of that, and how processes share steps.
    """
    sharing, info = Sharing(engine), engine.info
    speed = speed_of(engine, *ready, condition.friction) * scale
    shared = in_words_of_sharing(sharing.record())
    if busy and info.threads > 1 and info.ranks == 1:  # where a run would go on with fewer
        alone, _ = choose_engine(forcefield, info.name, info.device, 1, ready[0])
        single = speed_of(alone, *ready, condition.friction) * scale
        busy += f": {single:.4g} steps/s with one thread, {speed:.4g} with {info.threads}"
        speed = max(speed, single)
    return speed, busy, shared


def _measuring(
    condition: Condition, forcefield: ForceField, frame: gsd.hoomd.Frame, names: tuple[str, ...]
) -> float | None:
    """Seconds to measure a T, from this frame or from a smaller one like it; None where all is small."""
    if frame.particles.N < MEASURED_FROM:
        return None
    if frame.particles.N > MEASURED_TO:
        frame = first_frame_and_words(_smaller(condition, MOST_TRIED), forcefield)[0]
    return time_to_measure(frame, names)


def _smaller(condition: Condition, most: int | None = None) -> Condition:
    """The same at a smaller size, where so many beads would take too long to try."""
    system = condition.system
    if most is None:
        most = MOST_TRIED_IN_SOLUTION if system.start == "gel" else MOST_TRIED
    if system.framework is not None:
        cells = int(np.prod(system.repeat))
        unit = max(1, start_t_count(system.framework))
        if cells * unit <= most:
            return condition
        edge = max(1, int((most / unit) ** (1 / 3)))
        a, b, c = (min(n, edge) for n in system.repeat)
        return condition.with_checked(system=replace(system, repeat=(a, b, c)))
    if system.n_T is None or system.n_T + (system.n_S or 0) <= most:
        return condition
    share = most / (system.n_T + (system.n_S or 0))
    n_s = None if system.n_S is None else round(system.n_S * share)
    return condition.with_checked(system=replace(system, n_T=max(1, round(system.n_T * share)), n_S=n_s))


def _counts(condition: Condition, small: Condition, n_t: int, n_s: int) -> tuple[int, int]:
    """T and S of a condition whose smaller likeness has so many."""
    system = condition.system
    if system.framework is not None:
        cells, mine = np.prod(system.repeat), np.prod(small.system.repeat)
        return int(n_t * cells // mine), int(n_s * cells // mine)
    if system.start == "gel":
        made = compose(system)
        return made.n_T, made.n_S
    return system.n_T or 0, system.n_S or 0


def _relaxed(engine: Engine, frame: gsd.hoomd.Frame) -> tuple[gsd.hoomd.Frame, bool]:
    """A random start on its way to its minimum, as far as that goes in `RELAX_S`, and whether it got there."""
    if int(frame.particles.N) <= SMALL:
        return engine.minimize(frame)[0], True
    begin = time.monotonic()
    with closing(engine.descend(frame)) as samples:
        for sample in samples:
            if time.monotonic() - begin > RELAX_S:
                return sample.frame(), False
        return sample.frame(), True


def _gel(condition: Condition) -> dict[str, Any]:
    """What the recipe of a gel gives, for programs and in words."""
    made = compose(condition.system)
    return {**asdict(made), "words": in_words(made)}


def _early_in_words(condition: Condition) -> list[str]:
    """What can make the run shorter than its stages, and its frames denser than the interval."""
    found = []
    for n, stage in enumerate(condition.stages, start=1):
        if not stage.ends:
            continue
        ramp = stage.temperature_K is not None and stage.temperature_K[0] != stage.temperature_K[1]
        found.append(
            f"stage {n} ends before its {stage.time_ps:g} ps once it has {' or '.join(map(str, stage.ends))}"
            + (", at whatever temperature its ramp has reached then" if ramp else "")
        )
    if (fine := condition.output.fine_ps) is not None:
        found.append(
            f"frames every {fine:g} ps where something happens from stage {condition.main_stage + 1} on: the "
            f"crystalline share jumps by {SHARE_JUMP:g}, or the largest grain by {GRAIN_JUMP_T:g} T and a fifth"
        )
    return found


def _solvent_in_words(condition: Condition) -> list[str]:
    """What a time step is for each stage that feels the solvent."""
    friction, forcefield = condition.friction, condition.read_forcefield()
    found = []
    for n, stage in enumerate(condition.stages, start=1):
        if friction is None or stage.kind not in ("langevin", "brownian") or stage.temperature_K is None:
            continue
        hottest = max(stage.temperature_K)
        step = step_length(forcefield, friction, stage.timestep_fs, hottest)
        found.append(f"stage {n}, {stage.kind} at {hottest:g} K: {step.in_words(stage.timestep_fs)}")
    return found
