"""One line of a validity report: a value against its limits, and what is said of many such lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Check:
    """One line of the validity report: a value, its limits, whether it passed, and where they come from.

    `passed` is None where the check does not apply: nothing of its kind is there. `value` is NaN then. `atoms`
    are those of the worst place; of the `of` values that were looked at, `outside` are beyond the limit.
    """

    name: str
    value: float
    unit: str
    limit: str
    passed: bool | None
    source: str
    atoms: tuple[int, ...] = ()
    outside: int = 0
    of: int = 1


def none(name: str, count: int, unit: str, source: str) -> Check:
    """A check that there is none."""
    return Check(name, count, unit, "0", count == 0, source)


def ranged(
    name: str,
    values: ArrayLike,
    unit: str,
    limits: tuple[float | None, float | None],
    source: str,
    atoms: NDArray[np.int64] | None = None,
) -> Check:
    """A check that every value (K,) lies between limits; of one limit the value that is nearest to it is shown.

    NaN are left out; where no value is left the check does not apply. `atoms` (K, ...) are those of each value.
    """
    low, high = limits
    if low is not None and high is not None:
        limit = f"{low:g} to {high:g}"
    else:
        limit = f"at least {low:g}" if low is not None else f"at most {high:g}"
    found = np.asarray(values, dtype=float)
    defined = np.flatnonzero(~np.isnan(found))
    if len(defined) == 0:
        return Check(name, float("nan"), unit, limit, None, source, of=0)
    known = found[defined]
    at = int(known.argmin() if high is None else known.argmax())
    wrong = np.zeros(len(known), dtype=bool)
    if low is not None:
        wrong |= known < low
    if high is not None:
        wrong |= known > high
    place = () if atoms is None else tuple(int(k) for k in atoms[defined[at]])
    return Check(
        name, float(known[at]), unit, limit, not wrong.any(), source, place, int(wrong.sum()), len(known)
    )


def as_records(checks: list[Check]) -> list[dict[str, Any]]:
    """Checks as dictionaries, for ``summary.json``; the value of one that does not apply becomes null."""
    return [
        {
            "name": c.name, "value": None if np.isnan(c.value) else c.value, "unit": c.unit, "limit": c.limit,
            "passed": c.passed, "source": c.source,
        }
        for c in checks
    ]  # fmt: skip


def worst_places(checks: list[Check]) -> list[dict[str, Any]]:
    """Where checks failed: the atoms of the worst place (numbered as in the files, from 0), and how often."""
    return [
        {"check": c.name, "atoms": list(c.atoms), "outside": c.outside, "of": c.of}
        for c in checks
        if c.passed is False and c.atoms
    ]


def verdict(record: Mapping[str, Any]) -> str:
    """How many checks failed of those that apply, and which invariants are broken; without a full stop.

    `record` has ``checks`` and ``invariants`` as `as_records` makes them.
    """
    checks = record["checks"]
    broken = [c["name"] for c in record.get("invariants", []) if c["passed"] is False]
    failed = [c["name"] for c in checks if c["passed"] is False]
    applied = sum(c["passed"] is not None for c in checks)
    said = f"every one of {applied} checks passed"
    if failed:
        said = f"{len(failed)} of {applied} checks failed ({', '.join(failed)})"
    if broken:
        said = f"BROKEN, what holds by construction does not: {', '.join(broken)}; {said}"
    return said
