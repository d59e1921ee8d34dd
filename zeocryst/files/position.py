"""How far a run has come: what a checkpoint and a simulation both speak of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """How far a run has come.

    Attributes
    ----------
    stage : int
        Number of the stage, from 0.
    stage_step : int
        Time steps done in it.
    step : int
        Time steps done in all.
    time_ps : float
        Simulated time.
    """

    stage: int = 0
    stage_step: int = 0
    step: int = 0
    time_ps: float = 0.0
