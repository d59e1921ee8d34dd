"""What a design looks for, each told from one run: its value, and what ranks runs where that is flat.

All are to be as large as possible. Where nothing grows or nucleates an objective alone would be the same for
all parameters, and no search could begin: so each has a graded part besides, smaller than the least that the
objective itself can see, that ranks such runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zeocryst.cell import box_to_cell, heights
from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.files.trajectory import read_frame
from zeocryst.order.crystallinity import CRYSTALLINE_FROM
from zeocryst.order.drift import MIN_POINTS, drift
from zeocryst.studies.points import Done

Rows = Sequence[Mapping[str, Any]]

#: A box is full of the crystal, and a slab has melted, at these shares of the T.
FULL, GONE = 0.9, 0.08
#: Frames at the end of the longest stage whose mean is taken.
LAST_FRAMES = 3
#: Share of the T, of a run's verdict, that are the wanted framework.
MOSTLY = 0.5


@dataclass(frozen=True)
class Score:
    """What a run is worth.

    Attributes
    ----------
    value : float or None
        The objective; None where the run shows only that it is at most `rank`.
    rank : float
        The same with its graded part; what the search is told.
    note : str
        What was odd.
    """

    value: float | None
    rank: float
    note: str = ""


@dataclass(frozen=True)
class Objective:
    """Something to look for.

    Attributes
    ----------
    name, unit : str
        The unit is empty where it has none.
    words : str
        What it is, for the report.
    graded : str
        What ranks runs where it is flat, for the report.
    score : callable
        From a finished run, its table and the framework: its `Score`.
    measure : bool
        Whether runs have to measure the likeness to the framework.
    share : bool
        Whether it is 0 or 1 in each run.
    """

    name: str
    unit: str
    words: str
    graded: str
    score: Callable[[Done, Rows, str], Score]
    measure: bool = True
    share: bool = False

    def of(self, done: Done, rows: Rows, framework: str) -> Score:
        """The score of a finished run."""
        return self.score(done, rows, framework)

    def measured(self, framework: str) -> tuple[str, ...]:
        """Order parameters that its runs measure besides."""
        return (f"likeness:{framework}",) if self.measure else ()


def wanted_T(rows: Rows, framework: str) -> np.ndarray:
    """T of the largest grain in each row where that is of the framework, else 0."""
    return np.array(
        [
            row["largest_grain_sites"] if framework in str(row["largest_grain_framework"]).split("|") else 0.0
            for row in rows
        ],
        dtype=float,
    )


def main_rows(done: Done, rows: Rows) -> tuple[int, Rows]:
    """The rows of the longest stage, with the one that it begins with; the number of that one."""
    number = done.point.condition.main_stage + 1
    before = [k for k, row in enumerate(rows) if row["stage"] < number]
    begin = before[-1] if before else 0
    return begin, [row for k, row in enumerate(rows) if k == begin or (k > begin and row["stage"] == number)]


# ---- growth of a slab -----------------------------------------------------------------------------


def front_speed(done: Done, rows: Rows, framework: str) -> Score:
    """Speed of the fronts of a slab of the framework, Å/ns: positive where it grows, negative where it melts.

    By the T of the largest grain as long as it is of the framework: what grows on the slab as another crystal,
    or as glass, does not count. Each front takes half of the change. The slope is that of a random walk with
    drift (`zeocryst.order.drift`) from the beginning of the longest stage until the slab has melted or the box
    is full.
    """
    begin, rows = main_rows(done, rows)
    time = np.array([row["time_ps"] for row in rows]) / 1000.0
    n_all = float((done.summary or {})["n_T"])
    share = wanted_T(rows, framework) / n_all
    length = _longest(done, begin)
    half = 0.5 * length
    seen = np.flatnonzero(share > GONE)
    if len(seen) == 0 or len(time) < 2:
        lost = max((stage.seed_region for stage in done.point.condition.stages), default=0.0) or MOSTLY
        speed = -lost * half / (time[1] - time[0] if len(time) > 1 else done.point.condition.time_ps / 1000)
        note = f"no slab of {framework} was left when growth was to begin: counted as below {speed:.4g} Å/ns"
        return Score(None, speed, note)
    time, share, note = _until_the_end(time[seen[0] :], share[seen[0] :])
    if len(time) < 2:
        return Score(0.0, 0.0, "one frame only")
    if len(time) >= MIN_POINTS:
        speed = drift(time, half * share).slope
    else:
        speed = half * float(share[-1] - share[0]) / float(time[-1] - time[0])
    return Score(speed, speed, note)


def _longest(done: Done, frame: int) -> float:
    """Height of the box, when growth begins, along its longest edge, across which the slab lies, Å."""
    cell = box_to_cell(read_frame(done.folder / "trajectory.gsd", frame).configuration.box)
    return float(heights(cell)[np.argmax(np.linalg.norm(cell, axis=1))])


def _until_the_end(time: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Without single frames in which the slab is called something else, and what comes after its end."""
    gone, full = share <= GONE, share >= FULL
    blink = gone[1:-1] & ~gone[:-2] & ~gone[2:]
    keep = np.ones(len(share), dtype=bool)
    keep[1:-1] = ~blink
    time, gone, full, share = time[keep], gone[keep], full[keep], share[keep]
    for k in range(1, len(share)):
        rest = slice(k, k + 2)
        if gone[rest].all():
            return time[: k + 1], share[: k + 1], "the slab melted"
        if full[rest].all():
            return time[: k + 1], share[: k + 1], "the box was full"
    return time, share, ""


# ---- nucleation -----------------------------------------------------------------------------------


def largest_grain(done: Done, rows: Rows, framework: str) -> Score:
    """T of the largest grain of the framework in the last frames of the longest stage."""
    _, rows = main_rows(done, rows)
    value = float(wanted_T(rows, framework)[-LAST_FRAMES:].mean())
    visible = float(np.mean([row["smallest_visible_T"] for row in rows[-LAST_FRAMES:]]))
    return Score(value, value + visible * _alike(rows, framework))


def crystalline_share(done: Done, rows: Rows, framework: str) -> Score:
    """Share of the T that are the framework, in the last frame once quenched."""
    value = _quenched_share(done, framework)
    _, rows = main_rows(done, rows)
    visible = float(rows[-1]["smallest_visible_T"]) / float((done.summary or {})["n_T"])
    return Score(value, value + min(1.0, visible) * _alike(rows, framework))


def success(done: Done, rows: Rows, framework: str) -> Score:
    """1 where the run ended crystalline, most of it the framework, else 0."""
    share = _quenched_share(done, framework)
    crystalline = float((done.summary or {})["quenched"]["crystalline_share"]) >= CRYSTALLINE_FROM
    value = float(crystalline and share >= MOSTLY)
    _, rows = main_rows(done, rows)
    return Score(value, value if value else 0.5 * share + 0.25 * _alike(rows, framework))


def _quenched_share(done: Done, framework: str) -> float:
    types = (done.summary or {})["quenched"]["types"]
    return float(sum(entry["share"] for entry in types if framework in str(entry["code"]).split("|")))


def _alike(rows: Rows, framework: str) -> float:
    """Mean share of T with the first three shells of the framework's, over the second half of the rows."""
    late = rows[len(rows) // 2 :]
    return float(np.mean([row[f"{framework}_like_share"] for row in late]))


LIKENESS = (
    "where no grain is seen, runs are ranked by the share of T whose first three shells are the framework's, "
    "which tells a crystal from a glass badly and is counted as less than the smallest crystal that is seen"
)
OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective(
            "front_speed", "Å/ns",
            "speed of the two fronts of a crystal slab, in the mean; negative where it melts",
            "a slab that melts has a negative speed, so that the ranking is never flat; what grows on it as "
            "another crystal or as glass does not count",
            front_speed, measure=False,
        ),
        Objective("largest_grain", "T", "size of the largest grain at the end", LIKENESS, largest_grain),
        Objective(
            "crystalline_share", "", "share of the T that are the framework, of the last frame once quenched",
            LIKENESS, crystalline_share,
        ),
        Objective(
            "success", "", "share of the runs that end crystalline, most of it the framework",
            "a run without success counts as half of its framework's share and a quarter of its likeness to it",
            success, share=True,
        ),
    )
}  # fmt: skip


def check_objective(objective: Objective, condition: Condition, where: str) -> None:
    """See that the runs can tell it.

    Raises
    ------
    InputError
        They begin without the slab whose fronts are to be measured.
    """
    if objective.name != "front_speed" or condition.system.start == "file":
        return
    if not any(stage.seed_region for stage in condition.stages):
        raise InputError(
            f"{where}: objective = 'front_speed' needs a slab of crystal: hold one with seed_region while the "
            "rest is melted, as the shipped condition sgt_seeded does, or start from a file that has one"
        )
    longest = condition.stages[condition.main_stage]
    if longest.seed_region:
        raise InputError(
            f"{where}: the longest stage, number {condition.main_stage + 1}, holds the slab; it is where the "
            "fronts are to move, so make that the longest"
        )
