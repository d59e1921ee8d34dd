"""What a run of a sweep asks a cluster's scheduler for: memory and walltime, from what `zeocryst check` finds.

A trial takes seconds, and a sweep has a thousand runs. Those that are alike but for what hardly changes the
cost of a step and a bead (temperatures, seed numbers, composition, length) have one trial between them.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zeocryst.condition import Condition
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.forcefield import shipped
from zeocryst.solution.recipe import compose

#: A run may take so many times what its trial says (slower cores, all cores of a node at work), besides these
#: seconds for compiling, the quench and the report; and no request is for less.
SAFETY, BESIDES_S, LEAST_S = 2.0, 900.0, 1800.0
#: MB of the process beside a run that waits for it (measured: 73), and of a run that cannot be tried.
WAITING_MB, UNKNOWN_MB = 100, 1000
#: MB more while functions are compiled, which a run that is the first on its kind of processor does.
COMPILING_MB = 200


@dataclass(frozen=True)
class Needs:
    """What a run asks for.

    Attributes
    ----------
    memory_MB : int
    walltime_s : int or None
        None where no trial tells; the scheduler's own default counts then.
    """

    memory_MB: int
    walltime_s: int | None


@dataclass
class Trials:
    """Trials that were made, each for all conditions that cost alike."""

    _made: dict[tuple[Any, ...], tuple[dict[str, Any], float] | None] = field(default_factory=dict)

    def needs(self, condition: Condition) -> Needs:
        """What a run of a condition needs; one that cannot be tried asks for a little, and will tell why."""
        size = 0.0
        with suppress(InputError):
            size = _size(condition)
        key = (*_kind(condition), round(math.log2(max(size, 1.0))))
        if key not in self._made:
            self._made[key] = _tried(condition, size)
        made = self._made[key]
        if made is None:
            return Needs(UNKNOWN_MB, None)
        tried, its_size = made
        scale = size / its_size if size and its_size else 1.0
        program_MB = _program_MB()
        memory = program_MB + max(0.0, tried["memory_MB"] - program_MB) * scale + WAITING_MB + COMPILING_MB
        speed = tried["steps_per_s"]
        wall = condition.n_steps / speed * scale if speed else 0.0
        asked = max(LEAST_S, SAFETY * wall + BESIDES_S)
        return Needs(math.ceil(memory), 60 * math.ceil(asked / 60))


def _tried(condition: Condition, size: float) -> tuple[dict[str, Any], float] | None:
    """A trial, and the size of what was tried; None where it cannot be tried."""
    from zeocryst.running.estimate import estimate

    try:
        return estimate(condition), size
    except (InputError, SimulationError):
        return None


def _program_MB() -> float:
    from zeocryst.running.costs import BYTES_PROGRAM

    return BYTES_PROGRAM / 1e6


def _kind(condition: Condition) -> tuple[Any, ...]:
    """What conditions that cost alike, bead by bead, have in common."""
    system, engine = condition.system, condition.engine
    model = condition.forcefield if condition.forcefield in shipped() else "of the user's own"
    return (
        model, engine.name, engine.device, condition.friction is not None, system.start, system.framework,
        system.S_in_cages, system.file, system.density_T_per_1000A3,
    )  # fmt: skip


def _size(condition: Condition) -> float:
    """Beads, or what goes with their number among conditions of a kind: cells."""
    system = condition.system
    if system.start == "gel":
        made = compose(system)
        return float(made.n_T + made.n_S)
    if system.framework is not None or system.file is not None:
        return float(np.prod(system.repeat))
    return float((system.n_T or 0) + (system.n_S or 0))
