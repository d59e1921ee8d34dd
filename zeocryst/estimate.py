"""What a condition would cost: beads, memory, steps, time."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from zeocryst.condition import Condition
from zeocryst.engines import choose_engine
from zeocryst.pipeline import first_frame, needs_relaxing, start_in_words
from zeocryst.simulation import thermalize
from zeocryst.solution.recipe import compose, in_words
from zeocryst.solvent import step_length
from zeocryst.watching import GRAIN_JUMP_T, SHARE_JUMP, check_memory

#: Seconds of trial steps.
TRIAL_S = 2.0
#: Memory of a run, bytes per bead (measured: engine, network to 12 shells, rings) and of the program.
BYTES_PER_BEAD, BYTES_PROGRAM = 60_000, 600_000_000


def estimate(condition: Condition) -> dict[str, Any]:
    """Validate a condition by making its first frame and running a few trial steps; writes nothing.

    Returns
    -------
    dict
        ``condition``, ``n_T``, ``n_S``, ``start`` (where it comes from, a sentence, or empty), ``steps``,
        ``time_ps``, ``frames`` (the most of the three where a stage
        can end early; without those that are written where something happens), ``can_end_early``, ``early`` (a
        sentence for each such stage, and one for such frames), ``memory_MB``, ``engine``,
        ``solvent`` (a sentence for each stage that feels it), ``steps_per_s`` and ``wall_s``, the last two
        extrapolated from the trial; of a gel also ``gel``, what its recipe gives.
    """
    forcefield = condition.read_forcefield()
    chosen = condition.engine
    frame = first_frame(condition, forcefield)
    engine, why = choose_engine(
        forcefield, chosen.name, chosen.device, chosen.threads, frame, stages=condition.stages
    )
    beads = int(frame.particles.N)
    kept = check_memory(condition, beads)
    n_t = int((np.asarray(frame.particles.typeid) == forcefield.types.index("T")).sum())
    dynamic = [stage for stage in condition.stages if stage.n_steps]
    speed = float("nan")
    if dynamic:
        if needs_relaxing(condition, forcefield, frame):
            frame, _ = engine.minimize(frame)
        longest = max(dynamic, key=lambda stage: stage.n_steps)
        if longest.temperature_K:
            thermalize(frame, longest.temperature_K[0], np.random.default_rng(condition.seed))
        trial = replace(longest, seed_region=0.0)
        begin, first = 0.0, 0
        every = max(1, 20_000 // beads)
        for sample in engine.run(frame, trial, seed=1, every=every, friction=condition.friction):
            now = time.monotonic()
            if sample.step == 0:
                begin = now
            elif now - begin > TRIAL_S or sample.step == trial.n_steps:
                speed = (sample.step - first) / max(now - begin, 1e-9)
                break
    frames = sum(int(stage.time_ps / condition.output.interval_ps) + 1 for stage in dynamic) + 1
    start = {"gel": _gel(condition)} if condition.system.start == "gel" else {}
    return {
        "condition": condition.name,
        "n_T": n_t,
        "n_S": beads - n_t,
        "start": start_in_words(condition),
        **start,
        "steps": condition.n_steps,
        "time_ps": condition.time_ps,
        "frames": frames,
        "can_end_early": condition.can_end_early,
        "early": _early_in_words(condition),
        "memory_MB": round((BYTES_PROGRAM + BYTES_PER_BEAD * beads + kept) / 1e6),
        "engine": why,
        "solvent": _solvent_in_words(condition),
        "steps_per_s": round(speed, 1) if dynamic else None,
        "wall_s": round(condition.n_steps / speed) if dynamic else 0,
    }


def _gel(condition: Condition) -> dict[str, Any]:
    """What the recipe of a gel gives, for programs and in words."""
    made = compose(condition.system)
    return {**asdict(made), "words": in_words(made)}


def _early_in_words(condition: Condition) -> list[str]:
    """What can make the run shorter than its stages, and its frames denser than the interval."""
    found = []
    for n, stage in enumerate(condition.stages, start=1):
        if stage.until is None:
            continue
        ramp = stage.temperature_K is not None and stage.temperature_K[0] != stage.temperature_K[1]
        found.append(
            f"stage {n} ends before its {stage.time_ps:g} ps once it has {stage.until}"
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
