"""What a run of a melting study tells: how fast its fronts moved, whether it grew or melted, or why neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zeocryst.report.page import number
from zeocryst.studies.crossing import Crossing, stated_diffusion
from zeocryst.studies.melting_plan import GROWN, MELTED

GREW, SHRANK, UNDECIDED, FAILED = "grew", "melted", "undecided", "failed"
#: A speed has a sign where it is more than this many of its errors from zero.
SURE = 2.0
#: A slab that is to be followed takes between these shares of the box.
LEAST_START, MOST_START = 0.2, 0.8
#: A crystal that is stable while it comes to temperature keeps this share; what is said of one that isn't.
LEAST_STABLE, UNSTABLE = 0.5, "the crystal itself does not last at this temperature"


@dataclass(frozen=True)
class FrontRun:
    """One run of fronts.

    Attributes
    ----------
    run, face, temperature_K, replica
        Which.
    speed_A_per_ns, uncertainty_A_per_ns : float or None
        Mean of its two fronts and the error that the run states; positive where the crystal grows.
    time_ns : float
        How long its fronts were followed.
    share_start, share_end : float or None
        Crystalline share when they began to move and at the end.
    outcome : {"grew", "melted", "undecided", "failed"}
    note : str or None
        Why there is no speed, or what was odd.
    """

    run: str
    face: str
    temperature_K: float
    replica: int
    speed_A_per_ns: float | None
    uncertainty_A_per_ns: float | None
    time_ns: float
    share_start: float | None
    share_end: float | None
    outcome: str
    note: str | None = None

    @property
    def is_censored(self) -> bool:
        """Whether it came to its end too fast for a speed: those that remain are the slow ones."""
        return self.speed_A_per_ns is None and self.outcome in (GREW, SHRANK)

    @property
    def has_ended(self) -> bool:
        """Whether it really came to an end, of the slab or of the melt."""
        return _at_end(self.share_start, self.share_end) is not None

    def record(self) -> dict[str, Any]:
        """As it stands in a summary."""
        return asdict(self)


def front_run(
    name: str,
    facts: Mapping[str, Any],
    summary: Mapping[str, Any] | None,
    failure: str | None,
    crystal: float = 1.0,
) -> FrontRun:
    """What the summary of a run says of its fronts.

    Parameters
    ----------
    name
        Of the run.
    facts
        With ``face``, ``temperature_K`` and ``replica``.
    summary
        The run's; None where it failed.
    failure
        Why.
    crystal
        Crystalline share of the crystal before anything was melted.
    """
    key = (name, str(facts["face"]), float(facts["temperature_K"]), int(facts["replica"]))
    if summary is None:
        return FrontRun(*key, None, None, 0.0, None, None, FAILED, failure)
    growth = summary["growth"]
    start, end = (summary["crystalline_share"][when] for when in ("start", "end"))
    speed, error = growth["front_speed_A_per_ns"], growth["front_speed_uncertainty_A_per_ns"]
    time = 0.0 if speed is None else (growth["to_ps"] - growth["from_ps"]) / 1000
    note = None
    if crystal < LEAST_STABLE:
        note = f"{UNSTABLE}: {100 * crystal:.0f} % of it were crystalline before anything was melted"
    elif start > MOST_START:
        note = "the melt had crystallized before its fronts could be followed"
    elif start < LEAST_START:
        note = "the slab had melted before its fronts could be followed"
    elif speed is None:
        note = growth["why_not"].get("fronts") or growth["sentence"]
    if note and speed is not None:
        speed, error, time = None, None, 0.0
    return FrontRun(*key, speed, error, time, start, end, _outcome(start, end, speed, error), note)


def _outcome(start: float, end: float, speed: float | None, error: float | None) -> str:
    """Which way it went: by where it ended if that is an end, else by its speed."""
    ended = _at_end(start, end)
    if ended is not None:
        return ended
    if speed is None or error is None or abs(speed) <= SURE * error:
        return UNDECIDED
    return GREW if speed > 0 else SHRANK


def _at_end(start: float | None, end: float | None) -> str | None:
    """Which end was reached; None where none was."""
    if start is None or end is None:
        return None
    if end >= GROWN or start > MOST_START:
        return GREW
    return SHRANK if end <= MELTED or start < LEAST_START else None


def censored_temperatures(runs: Sequence[FrontRun]) -> set[float]:
    """Temperatures (K) at which some runs came to their end too fast for a speed."""
    return {run.temperature_K for run in runs if run.is_censored}


def mean_speeds(runs: Sequence[FrontRun], fit: Crossing | None) -> list[dict[str, Any]]:
    """A row for each face and temperature: speed, error and number of runs.

    The mean is weighted by the times (`zeocryst.studies.crossing`). Its error is the square root of D over all
    time; D is that of the fit, or by what the runs state. ``deviation`` is the spread of the runs, and
    ``one_run`` the error that one of them states. Where a run came to its end before its speed could be
    measured, the mean of the others would be that of the slow ones: there is none, and ``note`` tells theirs.
    """
    table = []
    for face, temperature in sorted({(run.face, run.temperature_K) for run in runs}):
        here = [run for run in runs if (run.face, run.temperature_K) == (face, temperature)]
        told = [run for run in here if run.speed_A_per_ns is not None]
        row: dict[str, Any] = {
            "temperature_K": temperature, "face": face, "speed_A_per_ns": None, "uncertainty_A_per_ns": None,
            "n_replicas": len(told), "deviation_A_per_ns": None, "one_run_A_per_ns": None,
            "n_grew": sum(run.outcome == GREW for run in here),
            "n_melted": sum(run.outcome == SHRANK for run in here),
            "n_runs": len(here), "n_failed": sum(run.outcome == FAILED for run in here),
            "n_grown_to_the_end": sum(run.outcome == GREW and run.has_ended for run in here),
            "n_melted_to_the_end": sum(run.outcome == SHRANK and run.has_ended for run in here),
            "n_too_fast": sum(run.is_censored for run in here), "note": None,
        }  # fmt: skip
        if told:
            v = np.array([run.speed_A_per_ns for run in told])
            e = np.array([run.uncertainty_A_per_ns for run in told])
            w = np.array([run.time_ns for run in told])
            diffusion = stated_diffusion(e, w) if fit is None else fit.diffusion
            row |= {
                "speed_A_per_ns": float(v @ w / w.sum()),
                "uncertainty_A_per_ns": float((diffusion / w.sum()) ** 0.5),
                "deviation_A_per_ns": float(v.std(ddof=1)) if len(v) > 1 else None,
                "one_run_A_per_ns": float((e**2).mean() ** 0.5),
            }
        if row["n_too_fast"]:
            row["note"] = f"{row['n_too_fast']} of {len(here)} runs ended before their speed could be measured"
            if told:
                row["note"] += f": faster than the {number(abs(row['speed_A_per_ns']), 3)} Å/ns of the others"
            row |= {"speed_A_per_ns": None, "uncertainty_A_per_ns": None}
        table.append(row)
    return table


def sign_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which way fronts go at one temperature: by the mean speed where it is sure, else by how most runs ended.

    Most are more than half of those that did not fail, and none goes the other way. They do not count against
    the sign of the mean speed, unless they really came to their end.

    Parameters
    ----------
    rows
        One of `mean_speeds`, or several of one temperature.
    """
    votes = []
    for row in rows:
        speed, error = row["speed_A_per_ns"], row["uncertainty_A_per_ns"]
        if speed is not None and abs(speed) > SURE * error:
            votes.append(GREW if speed > 0 else SHRANK)
        else:
            votes.append(_voted(row))
    return votes[0] if len(set(votes)) == 1 else UNDECIDED


def _voted(row: Mapping[str, Any]) -> str:
    """Which way most runs of a temperature went."""
    going = row["n_runs"] - row["n_failed"]
    ways = ((GREW, 1, "n_grew", "n_melted", "n_grown_to_the_end"),
            (SHRANK, -1, "n_melted", "n_grew", "n_melted_to_the_end"))  # fmt: skip
    for way, sign, these, others, ended in ways:
        against = row["speed_A_per_ns"] is not None and sign * row["speed_A_per_ns"] < 0
        if 2 * row[ended if against else these] > going and not row[others]:
            return way
    return UNDECIDED


def bracket(rows: Sequence[Mapping[str, Any]]) -> tuple[float | None, float | None]:
    """Highest temperature below the lowest melting one at which fronts grow, and that one; None without it."""
    signs = {row["temperature_K"]: sign_of([row]) for row in rows}
    melting = min((t for t, sign in signs.items() if sign == SHRANK), default=None)
    growing = [t for t, sign in signs.items() if sign == GREW and (melting is None or t < melting)]
    return max(growing, default=None), melting
