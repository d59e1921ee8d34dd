"""A point of a study: one run of many, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition


@dataclass(frozen=True)
class Point:
    """A run that a study asks for.

    Attributes
    ----------
    name : str
        Of its folder below ``runs/``: letters, digits, ``-``, ``_`` and ``.``; the same point has the same name
        whenever it is asked for.
    condition : Condition
        What is run.
    facts : dict
        What the run is about (``temperature_K``, ``replica``, ...): columns of ``points.csv``.
    """

    name: str
    condition: Condition
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What came of a point.

    Attributes
    ----------
    point : Point
    folder : Path
        The run's folder.
    summary : dict or None
        Its ``summary.json``; None where it failed.
    failure : str or None
        Why it failed.
    """

    point: Point
    folder: Path
    summary: Mapping[str, Any] | None
    failure: str | None = None


def last_stage(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of a run's table that are of its last stage."""
    last = max((float(row["stage"]) for row in rows), default=0.0)
    return [row for row in rows if float(row["stage"]) == last]
