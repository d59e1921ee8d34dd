"""The file of a sweep: what is varied, by how many replicas, and what counts as success."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.studies.objectives import OBJECTIVES, check_objective
from zeocryst.studies.reading import POINT_OUTPUT, StudyFile
from zeocryst.studies.varying import Ground, Value
from zeocryst.sweeps.axes import MOST_AXES, Axis, product_size, read_axes, read_points
from zeocryst.sweeps.funnel_plan import FunnelPlan, check_times, read_framework, read_funnel

TABLE = "sweep"
KEYS = ("replicas", "success", "framework", "axis", "point", "funnel")
#: What counts as success.
CRYSTALLINE, NUCLEUS = SUCCESS = ("crystalline", "nucleus")
#: Most runs of a sweep, and most replicas of a point.
MOST_RUNS, MOST_REPLICAS = 100_000, 10_000
#: Points of which each is checked before anything is run; of more, so many.
MOST_CHECKED = 4000


@dataclass(frozen=True)
class Setting:
    """One point of a sweep.

    Attributes
    ----------
    values : dict
        What is varied, by name of the axis, in their order.
    by_key : dict
        The same by key of the condition, as `zeocryst.studies.varying.Ground.with_values` takes it.
    """

    values: Mapping[str, Value]
    by_key: Mapping[str, Value]


@dataclass(frozen=True)
class Plan:
    """What a sweep does.

    Attributes
    ----------
    ground : Ground
        The base condition, which measures what a funnel's criterion needs.
    axes : tuple of Axis
        What is varied; the columns, if it is a table.
    settings : tuple of Setting
        The points, each once: the product of the axes, the last one changing fastest, or the rows.
    is_product : bool
        Whether they are the product of the axes.
    replicas : int
        Runs of each.
    success : str
        One of `SUCCESS`.
    framework : str
        Which crystal counts as success; empty for any.
    funnel : FunnelPlan or None
    output : dict
        What the runs do besides in the end, such as ``report``, as ``StudyFile.to_toml`` takes it.
    """

    ground: Ground
    axes: tuple[Axis, ...]
    settings: tuple[Setting, ...]
    is_product: bool
    replicas: int
    success: str
    framework: str
    funnel: FunnelPlan | None
    output: Mapping[str, Any]

    def by_key(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values by key of the condition, of values by name of the axis."""
        return _by_key(self.axes, values)

    def table(self) -> dict[str, Any]:
        """The table with every default; reads back as the same plan."""
        given: dict[str, Any] = {
            "replicas": self.replicas,
            "success": self.success,
            "framework": self.framework,
            "axis": [axis.record() for axis in self.axes] if self.is_product else [],
            "point": [] if self.is_product else [dict(setting.by_key) for setting in self.settings],
            "funnel": None if self.funnel is None else self.funnel.table(),
        }
        return {key: value for key, value in given.items() if value not in (None, "", [])}


def read_plan(study: StudyFile, *, check: bool = True) -> Plan:
    """Read a sweep, and see that its points can be run.

    Of up to `MOST_CHECKED` points each is made a condition, which takes less than a millisecond, or two with a
    force field that is varied. Of more, so many: each value of an axis with the others at their first and at
    their last, the corners, and points spread evenly over the rest. One that is impossible and was not looked
    at is told when its run is made (`Ground.with_values`), and the others go on.

    Parameters
    ----------
    study
        The file, read with `TABLE` and `KEYS`.
    check
        Whether the points are looked at; a sweep that has begun was checked already.

    Raises
    ------
    InputError
        Something of it is missing, unknown or impossible; names the point where that is one.
    """
    own = study.own
    if not study.stages:
        raise InputError(
            f"{study.where}: no [[stage]]: those of a sweep are what each of its runs goes through"
        )
    if "axis" in own and "point" in own:
        raise own.error("point", "either [[sweep.axis]] or [[sweep.point]], not both")
    funnel_table = own.table("funnel") if "funnel" in own else None
    framework = read_framework(own, "") if "framework" in own else ""
    condition = _condition(study, None, "")
    ground = Ground(condition, study.where)
    replicas = own.integer("replicas", 1, least=1, most=MOST_REPLICAS)
    is_product = "point" not in own
    if is_product:
        axes = read_axes(own.tables("axis") if "axis" in own else [], ground)
        _check_size(own, axes, product_size(axes), replicas)
        rows: Iterable[Mapping[str, Value]] = _product(axes)
    else:
        tables = own.tables("point", least=1)
        _check_size(own, (), len(tables), replicas)
        axes, rows = read_points(tables, ground)
    if not axes and replicas == 1:
        raise own.whole_error(
            "something that is varied, [[sweep.axis]] or [[sweep.point]], or replicas of more than 1"
        )
    settings = tuple(Setting(values, _by_key(axes, values)) for values in rows)
    success = own.choice("success", SUCCESS, SUCCESS[0])
    funnel = None
    if funnel_table is not None:
        default = framework or _of_start(condition, axes)
        funnel = read_funnel(funnel_table, default, len(settings))
        condition = _condition(study, funnel.criterion, funnel.framework)
        ground = Ground(condition, study.where)
        check_objective(OBJECTIVES[funnel.criterion], condition, f"{study.where}: {TABLE}.funnel")
        check_times(funnel, funnel_table, condition, _last_times(ground, settings))
    own.finish()
    output = {key: ground.content["output"][key] for key in POINT_OUTPUT}
    if check:
        _check(ground, axes, settings, is_product)
    return Plan(ground, axes, settings, is_product, replicas, success, framework, funnel, output)


# ---- points ---------------------------------------------------------------------------------------


def _product(axes: Sequence[Axis]) -> Iterator[dict[str, Value]]:
    names = [axis.name for axis in axes]
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip(names, values, strict=True))


def _by_key(axes: Sequence[Axis], values: Mapping[str, Value]) -> dict[str, Value]:
    return {key: values[axis.name] for axis in axes for key in axis.keys}


def _check_size(own: Table, axes: Sequence[Axis], n_points: int, replicas: int) -> None:
    if "axis" in own and not axes:
        raise own.error("axis", "at least one [[sweep.axis]] where there is the key")
    if len(axes) > MOST_AXES:
        raise own.whole_error(f"at most {MOST_AXES} axes; these are {len(axes)}")
    if n_points * replicas > MOST_RUNS:
        told = " x ".join(f"{len(axis.values)} of {axis.name}" for axis in axes) or f"{n_points} points"
        raise own.whole_error(
            f"at most {MOST_RUNS} runs; these are {told} x {replicas} replicas = {n_points * replicas:,}"
        )


def _check(ground: Ground, axes: Sequence[Axis], settings: Sequence[Setting], is_product: bool) -> None:
    """Make conditions of them, and tell of the first that is none."""
    for n in _looked_at(axes, len(settings), is_product):
        try:
            ground.check(settings[n].by_key)
        except InputError as error:
            told = ", ".join(f"{name} = {value!r}" for name, value in settings[n].values.items())
            which = f"point {n + 1} of {len(settings)} ({told})" if told else "its only point"
            said = str(error).removeprefix(ground.where)
            told = said if said.startswith((": ", " (")) else f": {said}"
            raise InputError(f"{ground.where}: {TABLE}: {which} cannot be run{told}") from None


def _looked_at(axes: Sequence[Axis], n_points: int, is_product: bool) -> list[int]:
    """Numbers of the points that are checked, from 0, in order."""
    if n_points <= MOST_CHECKED:
        return list(range(n_points))
    spread = [n * (n_points - 1) // (MOST_CHECKED - 1) for n in range(MOST_CHECKED)]
    if not is_product:
        return spread
    sizes = [len(axis.values) for axis in axes]
    strides = [product_size(axes[k + 1 :]) for k in range(len(axes))]
    last = sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    found = set(spread[:: 1 + len(spread) // (MOST_CHECKED // 2)])
    for size, stride in zip(sizes, strides, strict=True):
        every = range(size) if size <= MOST_CHECKED // 2 else range(0, size, 1 + size // (MOST_CHECKED // 2))
        for k in every:
            found |= {k * stride, last - (size - 1 - k) * stride}
    several = [(size, stride) for size, stride in zip(sizes, strides, strict=True) if size > 1]
    for ends in itertools.islice(itertools.product((0, 1), repeat=len(several)), MOST_CHECKED // 4):
        found.add(sum(end * (size - 1) * stride for end, (size, stride) in zip(ends, several, strict=True)))
    return sorted(found)


# ---- the base condition ---------------------------------------------------------------------------


def _condition(study: StudyFile, criterion: str | None, framework: str) -> Condition:
    """The base condition, which measures what the criterion needs, and does in the end what the file says."""
    given = study.content.get("output", {})
    measured = given.get("measure", [])
    names = [measured] if isinstance(measured, str) else list(measured)
    if criterion is not None:
        names += OBJECTIVES[criterion].measured(framework)
    output = {key: given[key] for key in POINT_OUTPUT if key in given}
    if names:
        output["measure"] = list(dict.fromkeys(names))
    return study.condition(name=study.name, seed=study.seed, stages=study.stages, output=output)


def _of_start(condition: Condition, axes: Sequence[Axis]) -> str:
    """The framework of the start, if that is one and the same; else empty."""
    varied = any(key.endswith(".framework") for axis in axes for key in axis.keys)
    return "" if varied else condition.system.framework or condition.seed_framework or ""


def _last_times(ground: Ground, settings: Sequence[Setting]) -> list[float]:
    """Times of the last stage of the points, ps."""
    place = ("stage", len(ground.condition.stages) - 1, "time_ps")
    keys = [key for key in settings[0].by_key if place in ground.spots(key)]
    base = ground.condition.stages[-1].time_ps
    return [float(setting.by_key[keys[0]]) if keys else base for setting in settings]
