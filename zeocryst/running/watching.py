"""What the rows of a run tell while it goes on: a stage has what it was run for, something happened.

All of it follows from the rows that were written, so that a run which was interrupted decides as one that was
not.

A stage with `until` is over at the first frame at which what it is run for, or one of several such things, has
held for its time: in every frame from one that is at least so long ago, and of the same stage.

Something happened between two frames where the crystalline share left the range of all frames before by
`SHARE_JUMP` or more, or the largest grain outgrew the largest before by `GRAIN_JUMP_T` and by a fifth. A share
that goes back and forth is news only once, and a slow rise never, since its frames are dense enough. So a run
has no more than twenty such intervals by the share and a few dozen by the grain, whatever it does. What comes
before the longest stage is preparation and does not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError

if TYPE_CHECKING:
    pass

#: Least change of the crystalline share, beyond its range so far, with which something happened.
SHARE_JUMP = 0.05
#: Least growth of the largest grain, beyond its largest size so far: in T, and as a part of that size.
GRAIN_JUMP_T, GRAIN_JUMP_PART = 25.0, 0.2
#: Most memory that frames between two may take, bytes, and what one takes for each bead.
MOST_BYTES, BYTES_PER_BEAD = 1e9, 36


@dataclass
class Course:
    """How a stage went: its number from 1, time steps, and what became of each thing that it is run for.

    That is the step since which it holds, and the value that came nearest to it.
    """

    stage: int
    begin: int
    step: int
    since: dict[int, int] = field(default_factory=dict)
    furthest: dict[int, float] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Time steps done."""
        return self.step - self.begin


@dataclass
class Watch:
    """Follows the rows of a run, as they are in its table.

    Attributes
    ----------
    condition
        Of the run.
    courses
        One for each stage that has a row.
    """

    condition: Condition
    courses: list[Course] = field(default_factory=list)
    _low: float = 0.0
    _high: float = 0.0
    _grain: float = 0.0

    @classmethod
    def of(cls, condition: Condition, rows: Iterable[Mapping[str, Any]]) -> Watch:
        """One that has seen these rows."""
        watch = cls(condition)
        for row in rows:
            watch.add(row)
        return watch

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at the next row; its values may be texts."""
        stage, step = int(float(row["stage"])), int(float(row["step"]))
        if not self.courses or self.courses[-1].stage != stage:
            self.courses.append(Course(stage, self.courses[-1].step if self.courses else 0, step))
        course = self.courses[-1]
        course.step = step
        for n, until in enumerate(self.condition.stages[stage - 1].ends):
            value = float(row[until.quantity])
            if not math.isnan(value):
                best = min if until.below else max
                course.furthest[n] = best(course.furthest.get(n, value), value)
            if not until.holds(value):
                course.since.pop(n, None)
            else:
                course.since.setdefault(n, step)
        if "crystalline_share" not in row:  # particles
            return
        share, grain = float(row["crystalline_share"]), float(row["largest_grain_sites"])
        if stage <= self.condition.main_stage:
            self._low, self._high, self._grain = share, share, grain
        self._low, self._high = min(self._low, share), max(self._high, share)
        self._grain = max(self._grain, grain)

    def happened(self, row: Mapping[str, Any]) -> bool:
        """Whether something happened between the last row and this one, which is not added."""
        if int(row["stage"]) <= self.condition.main_stage:
            return False
        share, grain = float(row["crystalline_share"]), float(row["largest_grain_sites"])
        growth = max(GRAIN_JUMP_T, GRAIN_JUMP_PART * self._grain)
        return (
            share <= self._low - SHARE_JUMP or share >= self._high + SHARE_JUMP or grain >= self._grain + growth
        )

    @property
    def has_enough(self) -> bool:
        """Whether the stage of the last row has what it was run for."""
        return bool(self.courses) and self._met(self.courses[-1]) is not None

    def _met(self, course: Course) -> int | None:
        """Number, from 0, of the first of what a stage is run for that has held long enough."""
        stage = self.condition.stages[course.stage - 1]
        for n, until in enumerate(stage.ends):
            held = course.step - course.since.get(n, math.inf)
            if held * stage.timestep_fs >= 1000 * until.for_ps * (1 - 1e-9):
                return n
        return None

    def story(self) -> list[dict[str, Any]]:
        """For each stage its number, kind, time and the most that it could take, and how it ended."""
        found = []
        for course in self.courses:
            stage = self.condition.stages[course.stage - 1]
            entry: dict[str, Any] = {
                "stage": course.stage,
                "kind": stage.kind,
                "time_ps": round(course.steps * stage.timestep_fs / 1000, 6) if stage.n_steps else 0.0,
                "at_most_ps": stage.time_ps,
                "ended_early": course.steps < stage.n_steps,
            }
            if stage.ends:
                met = self._met(course)
                entry["until_met"] = met is not None
                if len(stage.ends) > 1:
                    entry["until_which"] = None if met is None else met + 1
                entry["sentence"] = self._sentence(course, entry)
            found.append(entry)
        return found

    def _sentence(self, course: Course, entry: Mapping[str, Any]) -> str:
        ends, met = self.condition.stages[course.stage - 1].ends, self._met(course)
        spent = f"{entry['time_ps']:g} of at most {entry['at_most_ps']:g} ps"
        if met is not None:
            return f"Stage {course.stage} ended after {spent}, with {ends[met]}."
        never = " nor ".join(
            f"{until} ({'lowest' if until.below else 'highest'}: {course.furthest.get(n, math.nan):g})"
            for n, until in enumerate(ends)
        )
        return f"Stage {course.stage} ran {spent} and never had {never}."


def check_memory(condition: Condition, beads: int) -> int:
    """Bytes of the frames that are kept in memory from one frame that is written to the next.

    Raises
    ------
    InputError
        They are more than `MOST_BYTES`.
    """
    fine, interval = condition.output.fine_ps, condition.output.interval_ps
    if fine is None:
        return 0
    count = round(interval / fine) - 1
    needed = count * beads * BYTES_PER_BEAD
    if needed > MOST_BYTES:
        raise InputError(
            f"output: fine_ps = {fine:g}: {count} frames of {beads} beads between two would take "
            f"{needed / 1e9:.2g} GB of memory, at most {MOST_BYTES / 1e9:g} are used; raise fine_ps or lower "
            f"interval_ps = {interval:g}"
        )
    return needed
