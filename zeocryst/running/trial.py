"""A few trial steps: how fast an engine runs a stage here and now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from zeocryst.condition import Stage
from zeocryst.engines.protocol import Engine
from zeocryst.foundation.pace import TICK_S, Ticks

if TYPE_CHECKING:
    import gsd.hoomd

#: Seconds of trial steps: at least so many, more where steps are so few in that time that lists of neighbours
#: are hardly ever made anew, and at most the last.
TRIAL_S, TRIAL_STEPS, MOST_TRIAL_S = 2.0, 60, 12.0


def speed_of(
    engine: Engine, frame: gsd.hoomd.Frame, stage: Stage, friction: Mapping[str, float] | None
) -> float:
    """Steps per second of a stage; what comes before the second sample is preparation.

    Parameters
    ----------
    engine, frame, stage, friction
        As `zeocryst.engines.protocol.Engine.run` takes them.

    Raises
    ------
    SimulationError
        The engine failed.
    """
    begin, first, zero = time.monotonic(), -1, time.monotonic()
    ticks = Ticks(stage.n_steps, int(frame.particles.N))
    with closing(engine.run(frame, stage, seed=1, every=ticks, friction=friction)) as samples:
        for sample in samples:
            ticks.arrived(sample.step)
            now = time.monotonic()
            if not sample.step:
                zero = now
            if first < 0 and (sample.step or stage.n_steps < 2 * TRIAL_STEPS):
                begin, first = now, sample.step
                continue
            done, spent = sample.step - first, now - begin
            enough = done >= TRIAL_STEPS or spent > MOST_TRIAL_S - TICK_S
            if first >= 0 and (sample.step == stage.n_steps or (enough and spent > TRIAL_S - TICK_S)):
                return float(done / max(spent, 1e-9))
    # so short a stage that it was over with its first steps
    return float(stage.n_steps / max(time.monotonic() - zero, 1e-9))
