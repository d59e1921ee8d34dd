"""The table ``[sweep.funnel]``: how points are screened, and what becomes of the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from zeocryst.condition import Condition
from zeocryst.foundation.tables import Table
from zeocryst.frameworks.table import bare_code, framework_types, nearest_start
from zeocryst.studies.objectives import OBJECTIVES

KEYS = ("criterion", "framework", "time_shares", "keep", "refine")
#: Shortest part of the last stage that a rung can be, and most rungs before the last.
LEAST_SHARE, MOST_RUNGS = 1e-4, 20


@dataclass(frozen=True)
class FunnelPlan:
    """How a sweep is narrowed.

    Attributes
    ----------
    criterion : str
        Name of one of `zeocryst.studies.objectives.OBJECTIVES`, by which points are ranked.
    framework : str
        The one that the criterion looks for.
    time_shares : tuple of float
        Of the last stage's time, rung by rung; a rung with the whole time comes last.
    keep : tuple of int
        Points kept after each rung.
    refine : str
        How the atoms of the last ones are refined, as ``zeocryst backmap --refine`` has it; empty for what that
        does by itself.
    """

    criterion: str
    framework: str
    time_shares: tuple[float, ...]
    keep: tuple[int, ...]
    refine: str

    def table(self) -> dict[str, Any]:
        """The table with every default."""
        given = {
            "criterion": self.criterion, "framework": self.framework, "time_shares": list(self.time_shares),
            "keep": list(self.keep), "refine": self.refine,
        }  # fmt: skip
        return {key: value for key, value in given.items() if value != ""}


def read_framework(table: Table, default: str) -> str:
    """The code of a framework type, ``framework`` of a table.

    Raises
    ------
    InputError
        It is unknown, or not given and there is no default.
    """
    if not default and "framework" not in table:
        raise table.error("framework", "the code of the one that is wanted, such as SGT")
    code = bare_code(table.text("framework", default))
    if code not in framework_types():
        raise table.error("framework", f"a known one; {nearest_start(code)}")
    return code


def read_funnel(table: Table, framework: str, n_points: int) -> FunnelPlan:
    """Read and check the table.

    Parameters
    ----------
    table
        It.
    framework
        The wanted one, if the table has none; empty where nothing else names one.
    n_points
        Points of the sweep.

    Raises
    ------
    InputError
        Something of it is missing, unknown or impossible.
    """
    table.known(*KEYS)
    criterion = table.choice("criterion", OBJECTIVES)
    wanted = read_framework(table, framework)
    shares, keep = _shares(table), _keep(table, n_points)
    if len(keep) != len(shares):
        raise table.error(
            "keep", f"a number for each of the {len(shares)} time_shares: how many points go on after it"
        )
    refine = table.text("refine", "")
    table.finish()
    return FunnelPlan(criterion, wanted, shares, keep, refine)


def check_times(funnel: FunnelPlan, table: Table, condition: Condition, last_times_ps: Sequence[float]) -> None:
    """See that the first rung of each point is a run with frames to judge.

    Parameters
    ----------
    funnel
        What was read.
    table
        Where it stands, for messages.
    condition
        The base.
    last_times_ps
        Times of the last stage of the points, ps.

    Raises
    ------
    InputError
        The last stage has no time, is not the longest, or its first part is shorter than what is written.
    """
    stage = condition.stages[-1]
    if not stage.n_steps:
        raise table.error("time_shares", f"a last stage that takes time; it is of the kind {stage.kind!r}")
    if condition.main_stage != len(condition.stages) - 1:
        raise table.error(
            "time_shares",
            f"the last stage to be the longest, as that is what the criterion looks at; stage "
            f"{condition.main_stage + 1} is longer",
        )
    why = ""
    if stage.temperature_K is not None and stage.temperature_K[0] != stage.temperature_K[1]:
        why = "is a ramp of temperature, parts of which end at other temperatures"
    elif stage.seed_region or stage.hold_seed or stage.rigid_precursors:
        why = "holds beads of the start fixed or rigid, of which a part that begins later knows nothing"
    if why:
        raise table.error(
            "time_shares", f"a last stage whose time can be shared out; it {why}: end with one that does not"
        )
    first, shortest = funnel.time_shares[0], min(last_times_ps)
    before = max((other.time_ps for other in condition.stages[:-1]), default=0.0)
    if first * shortest < before:
        raise table.error(
            "time_shares",
            f"at least {before / shortest:.3g} in all: the last stage takes {shortest:g} ps, and its first "
            f"part has to be the longest stage of its run, at which the criterion looks (another takes "
            f"{before:g} ps)",
        )
    interval = condition.output.interval_ps
    if first * shortest < interval:
        raise table.error(
            "time_shares",
            f"at least {interval / shortest:.3g} in all: the last stage takes {shortest:g} ps, and a frame is "
            f"written each {interval:g} ps",
        )


def _shares(table: Table) -> tuple[float, ...]:
    expected = (
        f"a list of numbers that grow, each at least {LEAST_SHARE:g} and less than 1: shares of the last "
        "stage's time, such as [0.1, 0.3] (the last rung is the whole time)"
    )
    given = table.get("time_shares", expected)
    good = isinstance(given, list) and 0 < len(given) <= MOST_RUNGS and all(_is_share(v) for v in given)
    if not good or any(a >= b for a, b in pairwise(given)):
        raise table.error("time_shares", expected)
    return tuple(float(value) for value in given)


def _is_share(value: object) -> bool:
    return isinstance(value, float) and LEAST_SHARE <= value < 1


def _keep(table: Table, n_points: int) -> tuple[int, ...]:
    expected = "a list of whole numbers that fall, each at least 1: points that go on after each rung"
    given = table.get("keep", expected)
    if not isinstance(given, list) or not given or not all(type(v) is int and v >= 1 for v in given):
        raise table.error("keep", expected)
    if any(a <= b for a, b in pairwise(given)):
        raise table.error("keep", expected)
    if given[0] >= n_points:
        raise table.error("keep", f"fewer than the {n_points} points of the sweep, or nothing is narrowed")
    return tuple(given)
