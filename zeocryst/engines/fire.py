"""The way to a minimum by forces alone, for engines that have none of their own.

FIRE: dynamics that is turned downhill and stopped where it goes up (E. Bitzek, P. Koskinen, F. Gähler,
M. Moseler, P. Gumbsch, Phys. Rev. Lett. 97, 170201 (2006)), with no bead moving farther than `FARTHEST_A` in a
step. (ASE's bounds the length of the step of all beads together, which is little where there are hundreds.)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.beads import Beads
from zeocryst.cell import wrap_counting
from zeocryst.engines.protocol import FORCE_TOLERANCE, Evaluation, Sample, check_sane, moved_frame

if TYPE_CHECKING:
    import gsd.hoomd

#: Farthest that a bead moves in a step, Å, and most steps.
FARTHEST_A, MOST_STEPS = 0.1, 20_000
#: The paper's parameters: steps downhill before the time step grows, factors of the time step and the mixing.
PATIENCE, GROWTH, SHRINK, MIXING, MIXING_DECAY = 5, 1.1, 0.5, 0.1, 0.99
#: Time steps with masses of one, sqrt(Å^2/eV): the first and the longest.
FIRST_STEP, LONGEST_STEP = 0.05, 0.3
#: Steps between two samples.
SAMPLED = 5


def descend(evaluate: Callable[[gsd.hoomd.Frame], Evaluation], frame: gsd.hoomd.Frame) -> Generator[Sample]:
    """The way to the nearest minimum; see `zeocryst.engines.protocol.Engine.descend`.

    Parameters
    ----------
    evaluate
        Energy and forces of a frame.
    frame
        Where it begins.
    """
    beads = Beads.of(frame)
    place = beads.centred
    images = np.zeros_like(place) if frame.particles.image is None else np.asarray(frame.particles.image)

    def here() -> gsd.hoomd.Frame:
        """The beads where they are, at rest."""
        inside, turns = wrap_counting(place, beads.cell)
        return moved_frame(frame, frame.configuration.box, inside, np.zeros_like(place), images + turns)

    now = evaluate(here())
    speed, step, mixing, downhill = np.zeros_like(place), FIRST_STEP, MIXING, 0
    for done in range(MOST_STEPS + 1):
        check_sane(now.energy_eV, 0.0)
        over = np.abs(now.forces).max() < FORCE_TOLERANCE or done == MOST_STEPS
        if over or done % SAMPLED == 0:
            yield Sample(done, 0.0, now.pressure_bar, now.energy_eV, beads.volume, here)
        if over:
            return
        if np.vdot(now.forces, speed) > 0:
            along = np.linalg.norm(speed) * now.forces / np.linalg.norm(now.forces)
            speed = (1 - mixing) * speed + mixing * along
            downhill += 1
            if downhill > PATIENCE:
                step, mixing = min(step * GROWTH, LONGEST_STEP), mixing * MIXING_DECAY
        else:
            speed, step, mixing, downhill = np.zeros_like(place), step * SHRINK, MIXING, 0
        speed = speed + step * now.forces
        move = step * speed
        farthest = np.linalg.norm(move, axis=1).max()
        place = place + move * min(1.0, FARTHEST_A / farthest)
        now = evaluate(here())
