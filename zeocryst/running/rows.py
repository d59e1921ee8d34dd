"""The head of each row of a run's table: where the run is, and what the engine says."""

from __future__ import annotations

from typing import Any

from zeocryst.engines.protocol import Sample
from zeocryst.files.position import Position


def is_at_end(position: Position) -> bool:
    """Whether a stage has just ended, so that the position is already that of the next one."""
    return position.stage_step == 0 and (position.step > 0 or position.stage > 0)


def row_head(position: Position, sample: Sample) -> dict[str, Any]:
    """Step, time, stage (from 1) and temperature, by column."""
    return {
        "step": position.step,
        "time_ps": round(position.time_ps, 6),
        "stage": position.stage if is_at_end(position) else position.stage + 1,
        "temperature_K": sample.temperature_K,
    }
