"""The committor of a frame: the share that crystallizes of many short runs with new velocities.

P. G. Bolhuis, D. Chandler, C. Dellago, P. L. Geissler, Annu. Rev. Phys. Chem. 53, 291 (2002). A frame with one
half is a transition state, whatever its size is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.condition import Condition, parse_condition, read_condition, to_toml
from zeocryst.errors import InputError, SimulationError
from zeocryst.foundation.textfiles import parse_toml, read_table
from zeocryst.studies.critical_size import CONFIDENCE
from zeocryst.studies.points import Point
from zeocryst.studies.reading import POINT_OUTPUT, replica_seed
from zeocryst.studies.running import StudyFolder, StudyOptions
from zeocryst.studies.scales import Scales, interval, two_digits
from zeocryst.studies.seeding_plan import two_ends
from zeocryst.studies.seeding_runs import (
    GROWN,
    MELTED,
    UNDECIDED,
    outcome_of,
    sight_of,
    size_column,
)

if TYPE_CHECKING:
    import gsd.hoomd

#: Longest time of a run in units of tau, and frames of it.
WATCH, FRAMES = 2500, 100
#: A nucleus has grown at so many times its size, and melted at that part of it;
GROWN_TIMES, MELTED_PART = 2.0, 0.5
#: but never below, or above, so many T; and a box is crystalline with this share, or, where the frame has more,
#: half way from there to all. A frame with less than the least has melted at this part of what it has.
LEAST_GROWN, LEAST_MELTED, MOST_GROWN_SHARE, SMALL_PART = 150.0, 30.0, 0.6, 0.8
#: Least frames of a run.
LEAST_FRAMES = 8


@dataclass(frozen=True)
class Asked:
    """What is asked of a frame.

    Attributes
    ----------
    run : Path
        A run's folder, or a GSD file.
    frame : int
        Number of the frame; negative ones count from the end.
    runs : int
        How many begin there.
    time_ps : float or None
        The longest that one takes.
    size : str
        Column that is the size.
    grown, melted : float or None
        Sizes from which on it is crystalline, and below which it has melted.
    condition : str or None
        Of a GSD file: where temperature, pressure and model are from.
    temperature_K : float or None
        Instead of the frame's.
    seed : int
    """

    run: Path
    frame: int
    runs: int = 20
    time_ps: float | None = None
    size: str = "largest_grain_sites"
    grown: float | None = None
    melted: float | None = None
    condition: str | None = None
    temperature_K: float | None = None
    seed: int = 1


def committor(asked: Asked, out: Path, options: StudyOptions | None = None) -> dict[str, Any]:
    """Estimate the committor of a frame, or go on with it; returns the summary.

    Parameters
    ----------
    asked
        See `Asked`.
    out
        The study's folder.
    options
        What the command line says.

    Raises
    ------
    InputError
        Something that is asked is impossible; nothing was written.
    SimulationError
        All runs failed.
    """
    from zeocryst.report.committor import write_committor

    plan = plan_of(asked)
    points = [_point(plan, asked, number) for number in range(1, asked.runs + 1)]
    with StudyFolder(out, plan.toml(asked), options or StudyOptions()) as folder:
        if folder.summary is not None:
            return folder.summary
        runs: list[dict[str, Any]] = []
        all_done = folder.run(points, say="runs with new velocities")
        for done in all_done:
            rows = folder.rows(done)
            if done.failure is None and rows:
                sizes = size_column(rows, asked.size)
                time = [float(row["time_ps"]) for row in rows]
                outcome = outcome_of(sizes, melted_below=plan.melted, grown_from=plan.grown)
                runs.append({
                    "name": done.point.name, "outcome": outcome, "time_ps": time, "sizes": sizes.tolist(),
                    "watched_ps": time[-1], "size_at_end": float(sizes[-1]),
                    "sight": sight_of(rows, asked.size),
                })  # fmt: skip
        if not runs:
            reason = next((one.failure for one in all_done if one.failure), "they have no frames")
            raise SimulationError(f"all {len(points)} runs failed; the first: {reason}")
        summary = _summary(plan, asked, runs)
        write_committor(folder.path, summary, runs)
        return folder.finish(summary)


@dataclass(frozen=True)
class Plan:
    """The runs of a committor: their condition, and where they end."""

    condition: Condition
    frame: int
    size: float
    n_T: int
    grown: float
    melted: float
    temperature_K: float
    sha256: str

    def toml(self, asked: Asked) -> str:
        """What makes it this study: the runs' condition, and what is asked of it."""
        import tomli_w

        own = {
            "frame": self.frame, "frame_sha256": self.sha256, "runs": asked.runs, "size": asked.size,
            "grown": self.grown, "melted": self.melted,
        }  # fmt: skip
        content = _content(self.condition) | {"seed": asked.seed}
        return tomli_w.dumps(content | {"committor": own})


def plan_of(asked: Asked) -> Plan:
    """Everything that follows from what is asked; raises `InputError`."""
    from zeocryst.beads import Beads
    from zeocryst.files.trajectory import count_frames, read_frame

    _check_options(asked)
    run = Path(asked.run)
    trajectory = run / "trajectory.gsd" if run.is_dir() else run
    if not trajectory.is_file():
        raise InputError(
            f"{run}: no trajectory there; give the folder of a run, or a GSD file with --condition"
        )
    source = asked.condition or (run if run.is_dir() else None)
    if source is None:
        raise InputError(f"{run}: a trajectory alone says neither temperature nor model; give --condition FILE")
    given = read_condition(source)
    count = count_frames(trajectory)
    frame = read_frame(trajectory, asked.frame)
    index = asked.frame % count
    stage = _stage_of(given, trajectory.parent / "order_parameters.csv" if run.is_dir() else None, index, asked)
    condition = _condition(given, trajectory, index, stage, asked)
    size = _size_of(frame, condition, asked)
    n_t = Beads.of(frame).count("T")
    melted, grown = _bounds(size, n_t, asked)
    content = _content(condition)
    held = 2 * content["output"]["interval_ps"]
    content["stage"][0]["until"] = two_ends(asked.size, float(melted), float(grown), held)
    condition = parse_condition(content, f"{run} (committor)", condition.folder)
    return Plan(condition, index, size, n_t, grown, melted, float(stage["temperature_K"]), _digest(frame))


def _content(condition: Condition) -> dict[str, Any]:
    """A condition as a table that can be changed and read again."""
    return parse_toml(to_toml(condition), "committor")


def _check_options(asked: Asked) -> None:
    """Numbers that are given, each by its option's name."""

    def within(option: str, value: float | None, low: float, high: float, words: str) -> None:
        """Raise `InputError` for a number that is given and is none of these."""
        if value is not None and not low <= value <= high:
            raise InputError(f"{option} {value:g}: expected {words}")

    within("--runs", asked.runs, 1, 100_000, "1 to 100000")
    within("--seed", asked.seed, 1, 900_000_000, "1 to 900000000")
    within("--time-ps", asked.time_ps, 1e-3, 1e7, "a time in ps, from 0.001 to 1e7")
    within("--temperature-K", asked.temperature_K, 1e-3, 1e5, "a temperature in K, above 0 and at most 1e5")
    for option, value in (("--grown", asked.grown), ("--melted", asked.melted)):
        within(option, value, 1e-6, 1e9, "a number of T above 0")


def _bounds(size: float, n_t: int, asked: Asked) -> tuple[float, float]:
    """Sizes below which it has melted, and from which on it is crystalline: the frame's own is between."""
    melted, grown = asked.melted, asked.grown
    if melted is None:
        melted = max(MELTED_PART * size, min(LEAST_MELTED, SMALL_PART * size))
    if grown is None:
        most = max(MOST_GROWN_SHARE * n_t, (size + n_t) / 2)
        grown = min(max(GROWN_TIMES * size, LEAST_GROWN), most)
    if not 0 <= melted < grown <= n_t:
        raise InputError(
            f"--melted {melted:g} and --grown {grown:g} T: expected 0 < melted < grown <= {n_t}, the T of the "
            f"frame (its own {asked.size} is {size:g})"
        )
    if size <= melted or size >= grown:
        what, option, bound = (
            ("melted", "--melted", melted) if size <= melted else ("crystalline", "--grown", grown)
        )
        raise InputError(
            f"--frame {asked.frame}: the frame is {what} already by {option} {bound:g}: its own {asked.size} "
            f"is {size:g}; expected melted < size < grown: another frame, or another {option}"
        )
    return melted, grown


def _digest(frame: gsd.hoomd.Frame) -> str:
    """SHA-256 of where its beads are, and of its box."""
    from hashlib import sha256

    import numpy as np

    particles = frame.particles
    parts = (
        np.asarray(frame.configuration.box, dtype="<f4"), np.asarray(particles.typeid, dtype="<u4"),
        np.asarray(particles.position, dtype="<f4"),
    )  # fmt: skip
    return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def _stage_of(given: Condition, table: Path | None, index: int, asked: Asked) -> dict[str, Any]:
    """The stage in which the frame is, at the temperature that it has there, as a table."""
    content = _content(given)
    number, begin, step = given.main_stage, 0, 0
    if table is not None and table.is_file():
        rows = read_table(table, growing=True)[1]
        if index < len(rows):
            number, step = int(float(rows[index]["stage"])) - 1, int(float(rows[index]["step"]))
            earlier = [row for row in rows[:index] if int(float(row["stage"])) - 1 < number]
            begin = int(float(earlier[-1]["step"])) if earlier else 0
    moving = [k for k, stage in enumerate(given.stages) if stage.n_steps and stage.temperature_K is not None]
    if not moving:
        raise InputError("the run has no stage with a temperature; give --condition with one")
    # a frame of a stage without time, or in which a seed is held, goes on as the next one does
    held = [k for k in moving if given.stages[k].seed_region or content["stage"][k].get("hold_seed")]
    free = [k for k in moving if k >= number and k not in held]
    chosen = free[0] if free else moving[-1]
    stage = given.stages[chosen]
    found = {key: value for key, value in content["stage"][chosen].items() if key not in (
        "until", "seed_region", "hold_seed", "rigid_precursors")}  # fmt: skip
    at = stage.temperature_at(step - begin if chosen == number else 0)
    found["temperature_K"] = at if asked.temperature_K is None else asked.temperature_K
    return found


def _condition(
    given: Condition, trajectory: Path, index: int, stage: Mapping[str, Any], asked: Asked
) -> Condition:
    """What each run runs, but for its seed number."""
    content = _content(given)
    longest = two_digits(WATCH * Scales.of(given.read_forcefield()).time_ps)
    time = asked.time_ps if asked.time_ps is not None else longest
    if time / stage["timestep_fs"] * 1000 < LEAST_FRAMES:
        raise InputError(
            f"--time-ps {time:g}: expected at least {LEAST_FRAMES} time steps of {stage['timestep_fs']:g} fs"
        )
    every = max(interval(time, FRAMES), stage["timestep_fs"] / 1000)
    measure = {"measure": content["output"]["measure"]} if "measure" in content["output"] else {}
    content |= {
        "name": "shot", "title": f"frame {index} of {trajectory.parent.name} with new velocities",
        "system": {
            "start": "file", "file": str(trajectory.resolve()), "frame": index, "new_velocities": True,
        },
        "stage": [{**stage, "time_ps": time}],
        "output": {**POINT_OUTPUT, **measure, "interval_ps": every},
    }  # fmt: skip
    return parse_condition(content, f"{asked.run} (committor)", given.folder)


def _size_of(frame: gsd.hoomd.Frame, condition: Condition, asked: Asked) -> float:
    """The size of the frame's nucleus."""
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.order import measure
    from zeocryst.running.beginning import measured_names

    network, _ = network_of_frame(frame)
    values = measure(network, measured_names(condition, frame), frame).values
    if asked.size not in values:
        columns = ", ".join(sorted(name for name in values if name.startswith("largest")))
        raise InputError(f"--size {asked.size}: the runs have no such column; expected one of {columns}")
    return float(values[asked.size])


def _point(plan: Plan, asked: Asked, number: int) -> Point:
    content = _content(plan.condition)
    content |= {"name": f"shot_{number:03d}", "seed": replica_seed(asked.seed, "shot", number)}
    made = parse_condition(content, f"{asked.run} (committor)", plan.condition.folder)
    return Point(made.name, made, {"replica": number, "temperature_K": plan.temperature_K})


def share_with_interval(grown: int, melted: int, undecided: int) -> dict[str, Any]:
    """The committor and its interval (Wilson, 95 %).

    Undecided runs widen it: its lower end is as if all of them melted, its upper end as if all grew.

    Parameters
    ----------
    grown, melted, undecided
        Numbers of runs.
    """
    from scipy.stats import binomtest

    decided, total = grown + melted, grown + melted + undecided
    if not decided:
        return {"committor": None, "committor_interval": None}
    low = binomtest(grown, total).proportion_ci(CONFIDENCE, "wilson").low
    high = binomtest(grown + undecided, total).proportion_ci(CONFIDENCE, "wilson").high
    return {"committor": grown / decided, "committor_interval": [float(low), float(high)]}


def _summary(plan: Plan, asked: Asked, runs: list[dict[str, Any]]) -> dict[str, Any]:
    count = {kind: sum(run["outcome"] == kind for run in runs) for kind in (GROWN, MELTED, UNDECIDED)}
    found = share_with_interval(count[GROWN], count[MELTED], count[UNDECIDED])
    why: dict[str, str] = {}
    longest = plan.condition.time_ps
    if found["committor"] is None:
        why["committor"] = (
            f"none of {len(runs)} runs grew or melted within {longest:g} ps; a longer --time-ps, or --grown "
            f"and --melted nearer to the frame's size"
        )
        sentence = f"Frame {plan.frame}: no committor; {why['committor']}."
    else:
        low, high = found["committor_interval"]
        sentence = (
            f"Frame {plan.frame} ({asked.size} {plan.size:.0f}) crystallizes in "
            f"{100 * found['committor']:.0f} % of {len(runs) - count[UNDECIDED]} runs "
            f"({100 * low:.0f} to {100 * high:.0f} %, 95 %) at {plan.temperature_K:g} K"
        )
        sentence += f"; {count[UNDECIDED]} were undecided." if count[UNDECIDED] else "."
    failed = asked.runs - len(runs)
    if failed:
        sentence += f" {failed} of {asked.runs} runs failed and are left out (log.txt)."
    sight = max((run.get("sight", 0.0) for run in runs), default=0.0)
    unseen = [
        f"Nuclei of fewer than about {sight:.0f} T are not seen by `{asked.size}`: a run whose nucleus became "
        f"smaller counts as melted; --size largest_solid_sites may see smaller ones."
    ] if plan.melted < sight else []  # fmt: skip
    return {
        "name": f"committor of frame {plan.frame}", "study": "committor", "frame": plan.frame,
        "run": str(asked.run), "temperature_K": plan.temperature_K, "size": asked.size, "size_of_frame":
        plan.size, "grown_from": plan.grown, "melted_below": plan.melted, **found,
        "n_replicas": count[GROWN] + count[MELTED], "n_grown": count[GROWN], "n_melted": count[MELTED],
        "n_undecided": count[UNDECIDED], "n_failed": failed, "why_not": why, "sentence": sentence,
        "assumptions": [
            f"A run has crystallized where `{asked.size}` stays at {plan.grown:g} or more, and melted where "
            f"it stays below {plan.melted:g}; each was watched for at most {longest:g} ps.",
            f"All run at {plan.temperature_K:g} K as the run's stage does, from the frame's positions and "
            f"box, with velocities drawn from Maxwell's distribution.",
            "The interval is Wilson's for a binomial share; undecided runs count as melted for its lower end "
            "and as grown for its upper end.",
            *unseen,
        ],
    }  # fmt: skip
