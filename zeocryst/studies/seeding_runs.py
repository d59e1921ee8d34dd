"""What became of a seed: its size once it was let go, how the size went on, and whether it grew or melted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.studies.critical_size import critical_size
from zeocryst.studies.seeding_plan import Ball, Balls, SeedingPlan

Floats = NDArray[np.float64]

GROWN, MELTED, UNDECIDED = "grown", "melted", "undecided"
#: The size that has a limit of sight.
GRAINS = "largest_grain_sites"
#: Frames after it was let go over which a seed's size is the mean, at least and at most (`first_frames`), and
#: frames at the end that decide.
LEAST_FIRST, FIRST_FRAMES, LAST_FRAMES = 2, 4, 3
#: A melt's own largest grain times this is no nucleus; nor is this share of the smallest ball.
ABOVE_MELT, OF_SMALLEST = 1.5, 0.4
#: A run whose time was over is taken for grown where it ended at so many critical sizes, for melted where it
#: ended at that part of one: few turn back from there. (Growing to many times a size takes longer than melting,
#: so that leaving all of these out would make the critical size too large.) It has to have moved that way as
#: well: to so many times, or that part of, the size that it began with.
SURELY_GROWN, SURELY_MELTED, ROUNDS = 1.5, 0.5, 5
#: A tendency is clear beyond so many jitters of a mean, and beyond this share of the size.
CLEAR_JITTERS, CLEAR_SHARE = 2.0, 0.1
#: And where it has so many times the size that it began with, it has grown: from less than the critical size
#: that is hardly ever reached.
GROWN_TIMES_ITSELF = 2.0
#: Runs of one batch, and which share is to grow of the sizes that it tries.
BATCH = (0.5, 0.25, 0.75, 0.4)
#: A fit is to the sizes that were counted, so what is planted next is within so many times what was planted
#: yet.
WITHIN = 1.3
#: So many seeds of about one size that all grew, or all melted, bound the critical size, and so many of the
#: outermost ball are planted: five of a critical one would all go one way in 3 of 100 studies.
LEAST_FOR_BOUND, BOUND_SEEDS = 3, 5
#: A seed of which nothing is counted has this size, since the critical size is sought above 0.
LEAST_SIZE = 0.5


@dataclass(frozen=True, eq=False)
class SeedRun:
    """A seed and what became of it.

    Attributes
    ----------
    name : str
        Of the run.
    temperature_K : float
    melt : int
        Which melt it was planted into.
    planted : Ball
    size : float
        Mean over the first frames after it was let go.
    outcome : {"grown", "melted", "undecided"}
    time_ps, sizes : (M,) arrays
        From when it was let go.
    parts : int
        Runs that it took.
    """

    name: str
    temperature_K: float
    melt: int
    planted: Ball
    size: float
    outcome: str
    time_ps: Floats
    sizes: Floats
    parts: int = 1

    def record(self) -> dict[str, Any]:
        """As reports have it."""
        return {
            "name": self.name,
            "temperature_K": self.temperature_K,
            "melt": self.melt,
            "planted_T": self.planted.n_T,
            "size": self.size,
            "outcome": self.outcome,
            "watched_ps": float(self.time_ps[-1]),
            "size_at_end": float(self.sizes[-LAST_FRAMES:].mean()),
            "time_ps": self.time_ps.tolist(),
            "sizes": self.sizes.tolist(),
        }


def size_column(rows: Sequence[Mapping[str, Any]], column: str) -> Floats:
    """Sizes of the rows; what is not defined is 0."""
    return np.asarray(np.nan_to_num(np.array([float(row[column] or 0) for row in rows])))


def sight_of(rows: Sequence[Mapping[str, Any]], column: str) -> float:
    """Nuclei of fewer T may not be seen in these rows; 0 where the column has no such limit."""
    return (
        max((float(row.get("smallest_visible_T") or 0.0) for row in rows), default=0.0)
        if column == GRAINS
        else 0.0
    )


def outcome_of(sizes: Floats, *, melted_below: float, grown_from: float) -> str:
    """What became of a nucleus with these sizes in time: the last frames decide."""
    end = float(sizes[-LAST_FRAMES:].mean())
    return GROWN if end >= grown_from else MELTED if end < melted_below else UNDECIDED


def fate_of(sizes: Floats, size: float, *, melted_below: float) -> str:
    """What became of a seed: it has grown with so many times the size that it began with.

    No size by itself is enough: what is counted at its release may be far more than was planted.
    """
    enough = max(GROWN_TIMES_ITSELF * size, 2 * melted_below)
    return outcome_of(sizes, melted_below=melted_below, grown_from=enough)


def first_frames(plan: SeedingPlan) -> int:
    """Over how many frames a seed's size is the mean: about half the time for which it was held."""
    return int(np.clip(plan.hold_ps / 2 // plan.interval_ps, LEAST_FIRST, FIRST_FRAMES))


def read_run(
    name: str,
    facts: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    column: str,
    melted_below: float,
    first: int = FIRST_FRAMES,
) -> SeedRun | None:
    """What the table of a run says; None where it has no frame after the seed was let go.

    Parameters
    ----------
    name, facts
        Of the run: ``temperature_K``, ``melt``, ``radius_A``, ``planted_T``, ``planted_S``.
    rows
        Its table.
    column
        What is the size.
    melted_below
        Size below which it is gone.
    first
        Frames over which the size at its release is the mean.
    """
    stages = [int(float(row["stage"])) for row in rows]
    last = max(stages, default=0)
    watched = [row for row, stage in zip(rows, stages, strict=True) if stage == last]
    before = [row for row, stage in zip(rows, stages, strict=True) if stage < last]
    if not watched or not before:
        return None
    begin = float(before[-1]["time_ps"])
    time = np.array([float(row["time_ps"]) for row in watched]) - begin
    sizes = size_column(watched, column)
    size = float(sizes[:first].mean())
    outcome = fate_of(sizes, size, melted_below=melted_below)
    planted = Ball(float(facts["radius_A"]), int(facts["planted_T"]), int(facts["planted_S"]))
    return SeedRun(
        name, float(facts["temperature_K"]), int(facts["melt"]), planted, size, outcome, time,
        sizes,
    )  # fmt: skip


def series_of(rows: Sequence[Mapping[str, Any]], column: str) -> tuple[Floats, Floats]:
    """Times and sizes of a run that goes on from another's last frame, without that frame."""
    later = [row for row in rows if float(row["time_ps"]) > 0]
    return np.array([float(row["time_ps"]) for row in later]), size_column(later, column)


def melted_below(plan: SeedingPlan, melt_sizes: Floats, sight: float) -> float:
    """Size below which a seed is gone: what melts have, what is not seen, or part of the smallest ball.

    Parameters
    ----------
    plan
        The study's.
    melt_sizes : (M,) array
        The largest nuclei of melts without a seed.
    sight
        Nuclei of fewer T may not be seen.
    """
    own = float(melt_sizes.max()) if len(melt_sizes) else 0.0
    return float(round(max(ABOVE_MELT * own, sight, OF_SMALLEST * plan.balls[0].n_T), 1))


def settled(runs: Sequence[SeedRun], *, by_tendency: bool = True) -> list[SeedRun]:
    """The runs; undecided ones are judged by the critical size of the others, or by their tendency.

    Parameters
    ----------
    runs
        Of one temperature.
    by_tendency
        Whether one that is still undecided counts as what it was on the way to. At the critical size up and
        down are as likely, however short the time, so that this moves the size of one half little.
    """
    found = _without_near(runs)
    if by_tendency and not {GROWN, MELTED} <= {run.outcome for run in found}:
        found = [_tending(run) for run in found]
    for _ in range(ROUNDS):
        critical = _critical(found)
        if critical is None:
            break
        judged = [
            replace(one, outcome=_by_its_end(one, critical)) if one.outcome == UNDECIDED else one
            for one in found
        ]
        if [one.outcome for one in judged] == [one.outcome for one in found]:
            break
        found = judged
    return [_tending(run) for run in found] if by_tendency else found


def sizes_of(runs: Sequence[SeedRun]) -> Floats:
    """Their sizes as the critical one is fitted to, all above 0."""
    return np.array([max(run.size, LEAST_SIZE) for run in runs])


def _critical(runs: Sequence[SeedRun]) -> float | None:
    """The critical size of those that are decided; None where all went one way, or are of one size."""
    decided = [run for run in runs if run.outcome != UNDECIDED]
    sizes = sizes_of(decided)
    grown = np.array([run.outcome == GROWN for run in decided], dtype=bool)
    if not grown.any() or grown.all() or np.ptp(sizes) == 0:
        return None
    return critical_size(sizes, grown).size


def _by_its_end(run: SeedRun, critical: float) -> str:
    """What a run is whose end is far from the critical size, and that has moved that way."""
    bounds = {
        "melted_below": SURELY_MELTED * min(critical, run.size),
        "grown_from": SURELY_GROWN * max(critical, run.size),
    }
    return outcome_of(run.sizes, **bounds)


def is_near(run: SeedRun, critical: float) -> bool:
    """Whether a run that grew or melted ended so near the critical size that it may have turned back."""
    end = float(run.sizes[-LAST_FRAMES:].mean())
    return (run.outcome == GROWN and end < SURELY_GROWN * critical) or (
        run.outcome == MELTED and end > SURELY_MELTED * critical
    )


def _without_near(runs: Sequence[SeedRun]) -> list[SeedRun]:
    """The runs; those that ended near the critical size of all are undecided (`is_near`)."""
    critical = _critical(runs)
    if critical is None:
        return list(runs)
    return [replace(run, outcome=UNDECIDED) if is_near(run, critical) else run for run in runs]


def _tending(run: SeedRun) -> SeedRun:
    """An undecided run as what it was on the way to: where it ended well above or below where it began."""
    if run.outcome != UNDECIDED or len(run.sizes) < 3 * FIRST_FRAMES:
        return run
    moved = float(run.sizes[-FIRST_FRAMES:].mean()) - run.size
    jitter = float(np.std(np.diff(run.sizes))) / FIRST_FRAMES**0.5  # of a difference of two such means
    if abs(moved) < max(CLEAR_JITTERS * jitter, CLEAR_SHARE * run.size):
        return run
    return replace(run, outcome=GROWN if moved > 0 else MELTED)


def next_balls(plan: SeedingPlan, balls: Balls, runs: Sequence[SeedRun], asked: int) -> list[Ball]:
    """What is planted next, from what became of all before; nothing where all is done, or no more can be told.

    First each ball of the ladder once; then, as soon as there are both outcomes, where about a half, a quarter
    and three quarters of them should grow.

    Parameters
    ----------
    plan
        The study's.
    balls
        All that can be planted.
    runs
        Of one temperature.
    asked
        How many were planted.
    """
    if not asked:
        return list(plan.balls[: plan.runs])
    left = plan.runs - asked
    decided = [run for run in settled(runs) if run.outcome != UNDECIDED]
    planted = np.array([run.planted.n_T for run in decided], dtype=float)
    grown = np.array([run.outcome == GROWN for run in decided], dtype=bool)
    if left <= 0 or not decided:
        return []
    if grown.all() or not grown.any():
        # one seed bounds nothing: some more of the size that is nearest to the critical one
        last = plan.balls[0] if grown.all() else plan.balls[-1]
        there = sum(run.planted.n_T == last.n_T for run in runs)
        return [last] * min(left, BOUND_SEEDS - there) if 0 < there < BOUND_SEEDS else []
    if np.ptp(planted) == 0:
        return []
    fit = critical_size(planted, grown)
    x = np.cbrt(fit.size) + np.log(np.array(BATCH) / (1 - np.array(BATCH))) / fit.slope
    wanted = np.clip(np.maximum(x, 0) ** 3, planted.min() / WITHIN, planted.max() * WITHIN)
    most = max(one.n_T for one in plan.balls)
    return [balls.nearest(float(min(n, most))) for n in wanted[:left]]
