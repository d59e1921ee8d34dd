"""Runs of a few ps and descents on the way to a start, which can be ended in the middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.condition import Stage
from zeocryst.engines.protocol import Engine

if TYPE_CHECKING:
    import gsd.hoomd

#: A descent ends where so many samples took less energy (eV) per bead out, after so many at least and at most.
REST_SAMPLES, REST_EV, FEWEST_SAMPLES, MOST_SAMPLES = 10, 1e-3, 20, 300
#: Steps after which a run looks whether it is to end.
LOOK_STEPS = 200


def settle(
    engine: Engine, frame: gsd.hoomd.Frame, watch: Callable[[], None] | None = None
) -> tuple[gsd.hoomd.Frame, float]:
    """The beads near their minimum, and the energy there, eV.

    Not as far as `Engine.minimize` goes: loose ends of aggregates creep towards each other for thousands of
    iterations, at no gain that outlives the first picosecond of a run.
    """
    energies: list[float] = []
    for sample in engine.descend(frame):
        energies.append(sample.energy_eV)
        count = len(energies)
        if watch is not None:
            watch()
        rested = False
        if count >= FEWEST_SAMPLES:
            out = energies[-REST_SAMPLES - 1] - min(energies[-REST_SAMPLES:])
            rested = out < REST_EV * frame.particles.N
        if rested or count == MOST_SAMPLES:
            return sample.frame(), sample.energy_eV
    return engine.minimize(frame)  # it was there before


def seed_of(draw: np.random.SeedSequence) -> int:
    """A seed as engines take them."""
    return int(draw.generate_state(1)[0]) % 900_000_000 + 1


def ran(
    engine: Engine,
    frame: gsd.hoomd.Frame,
    stage: Stage,
    seed: int,
    watch: Callable[[], None] | None = None,
) -> gsd.hoomd.Frame:
    """The last frame of a stage; `watch` is called on the way, and ends it where it raises."""
    last = frame
    for sample in engine.run(frame, stage, seed=seed, every=LOOK_STEPS):
        if watch is not None:
            watch()
        if sample.step == stage.n_steps:
            last = sample.frame()
    return last
