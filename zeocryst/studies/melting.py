"""Melting points by direct coexistence: which runs are made, one after what the others told.

Temperatures that aren't given are found: two at a time divide a wide range into three parts, by which way
fronts go; then some are spread evenly about where the speed should be zero, and moved once or twice if it isn't
there. What is run next follows from the results of runs alone, so that a study that was stopped goes on as it
would have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.beads import Beads
from zeocryst.errors import InputError
from zeocryst.studies.crossing import COUNTED, Crossing, crossing, near_zero
from zeocryst.studies.enthalpy import CRYSTAL, MELT, Phase, measure_phase
from zeocryst.studies.fronts import (
    FAILED,
    GREW,
    SHRANK,
    FrontRun,
    censored_temperatures,
    front_run,
    mean_speeds,
    sign_of,
)
from zeocryst.studies.melting_plan import FRAMES, SAMPLES, Plan, read_plan
from zeocryst.studies.points import Done, Point, last_stage
from zeocryst.studies.reading import StudyFile, replica_seed
from zeocryst.studies.scales import interval
from zeocryst.studies.timestep import squared_frequency

if TYPE_CHECKING:
    from zeocryst.condition import Condition
    from zeocryst.studies.running import StudyFolder

TABLE = "melt"
#: Rounds of the search; each leaves a third of the range.
ROUNDS = 3
#: Temperatures lie within this share of the melting point, where speeds go nearly in a line; those of the
#: search count up to `COUNTED`, and where none is zero, all move by the second.
NEAR, MOVE = 0.04, 0.06
#: How often they move.
MOVES = 2
#: Frames of a run whose forces are looked at.
FORCES_OF = 12
#: Temperatures of the enthalpies, in units of the melting point.
ENTHALPY_AT = (0.82, 0.90, 0.98, 1.04)


@dataclass
class Melting:
    """A melting study on its way.

    Attributes
    ----------
    study, plan, trial
        The file, what follows from it, and a condition of its model and start.
    cell
        What is repeated.
    fixed
        Whether it is repeated as the file says.
    runs, phases
        What has come of runs so far.
    frequencies
        Mean squares of the frequencies in runs of fronts, where enthalpies are not asked for (1/ps^2).
    ratios
        Kinetic temperature of each run over that of the bath, and beads times frames of it.
    """

    study: StudyFile
    plan: Plan
    trial: Condition
    cell: Beads
    fixed: bool
    runs: list[FrontRun] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    frequencies: list[float | None] = field(default_factory=list)
    ratios: list[tuple[float, int]] = field(default_factory=list)

    @classmethod
    def of(cls, study: StudyFile) -> Melting:
        """Read and check a study."""
        from zeocryst.model.scales import default_step_fs

        trial = study.condition(name="trial", seed=study.seed, stages=[{"kind": "minimize"}])
        cell, fixed = _unit_cell(study, trial)
        step = default_step_fs(trial.read_forcefield())
        plan = read_plan(study.own, trial, cell.cell, where=study.where, fixed=fixed, timestep_fs=step)
        return cls(study, plan, trial, cell, fixed)

    def chosen_boxes(self) -> str | None:
        """What is to be said of boxes where an ordinary condition has another one; None where it has none."""
        given = self.study.content["system"].get("repeat")
        if self.fixed or given is None:
            return None
        boxes = ", ".join(f"{list(repeat)} across {face}" for face, repeat in self.plan.repeats.items())
        return (
            f"system.repeat = {list(given)} is that of an ordinary condition: the boxes are chosen, "
            f"repeat = {boxes}; a table [melt] in the file would keep it"
        )

    def text(self) -> str:
        """The study with every default written out."""
        repeat = self.study.content["system"].get("repeat") if self.fixed else None
        return self.study.to_toml(self.plan.table(), system={"repeat": repeat})

    def run(self, folder: StudyFolder) -> None:
        """Make all runs."""
        plan = self.plan
        if plan.temperatures_K is not None:
            for face in plan.faces:
                self._fronts(folder, face, plan.temperatures_K)
        else:
            centre = self._search(folder, plan.faces[0])
            for face in plan.faces:
                centre = self._about(folder, face, centre)
        if plan.enthalpy:
            self._enthalpies(folder)

    # ---- fronts -----------------------------------------------------------------------------------

    def _fronts(self, folder: StudyFolder, face: str, temperatures: Sequence[float]) -> None:
        """All replicas at some temperatures, the first replicas first."""
        points = [
            self.front_point(face, temperature, replica)
            for replica in range(1, self.plan.replicas + 1)
            for temperature in temperatures
        ]
        self._follow(folder, points)

    def _follow(self, folder: StudyFolder, points: Sequence[Point]) -> None:
        """Run these, and say what came of each."""
        known = {run.run for run in self.runs}
        for done in folder.run([point for point in points if point.name not in known]):
            rows = [] if done.summary is None else folder.rows(done)
            crystal = _before(rows)
            self._note_temperature(done, rows)
            self.runs.append(front_run(done.point.name, done.point.facts, done.summary, done.failure, crystal))
            if not self.plan.enthalpy and self.runs[-1].outcome != FAILED:
                self.frequencies.append(self._frequency(done))
            folder.log(_told(self.runs[-1]))

    def front_point(self, face: str, temperature: float, replica: int, *, search: bool = False) -> Point:
        """A run of fronts; in the search it is half as long."""
        time = self.plan.time_ps / (2 if search else 1)
        name = f"{'search' if search else 'front'}-{face}-{temperature:g}K-{replica}"
        facts = {"what": "fronts", "face": face, "temperature_K": temperature, "replica": replica}
        stages = self.plan.front_stages(temperature, time)
        return Point(
            name, self._condition(name, stages, self.plan.repeats[face], interval(time, FRAMES)), facts
        )

    def _condition(
        self, name: str, stages: list[dict[str, Any]], repeat: Sequence[int], every_ps: float
    ) -> Condition:
        """An ordinary condition of the study."""
        system = {"repeat": list(repeat)} if tuple(repeat) != self.trial.system.repeat else {}
        return self.study.condition(
            name=name, seed=replica_seed(self.study.seed, name), stages=stages, system=system,
            output={"interval_ps": every_ps},
        )  # fmt: skip

    def _search(self, folder: StudyFolder, face: str) -> float:
        """Where the melting point is about: the middle of what is left of the range."""
        low, high = self.plan.search_K
        signs: dict[float, str] = {}
        for _ in range(ROUNDS):
            pair = [rounded_K(low + (high - low) * k / 3) for k in (1, 2)]
            self._follow(folder, [self.front_point(face, t, 1, search=True) for t in pair])
            for t in pair:
                signs[t] = sign_of(mean_speeds([r for r in self.runs if r.temperature_K == t], None))
            # what neither grows nor melts is near the melting point or too slow to tell: below it in both cases
            high = min((t for t in signs if signs[t] == SHRANK), default=high)
            low = max((t for t in signs if signs[t] != SHRANK and t < high), default=low)
            folder.say(f"fronts change their direction between {low:g} and {high:g} K")
        return self._between(low, high)

    def _between(self, low: float, high: float) -> float:
        """Zero of the line through the speeds at two temperatures, else their middle."""
        speeds = {run.temperature_K: run.speed_A_per_ns for run in self.runs}
        v, w = speeds.get(low), speeds.get(high)
        if v is None or w is None or not v > 0 > w:
            return (low + high) / 2
        return low + (high - low) * v / (v - w)

    def _about(self, folder: StudyFolder, face: str, centre: float) -> float:
        """Temperatures spread about a guess of the melting point; the last guess."""
        for _ in range(MOVES + 1):
            spread = np.linspace(1 - NEAR, 1 + NEAR, self.plan.n_temperatures)
            self._fronts(folder, face, [rounded_K(centre * k) for k in spread])
            near = [r for r in self.runs if r.face == face and abs(r.temperature_K / centre - 1) <= COUNTED]
            found = fit(near)
            if found is not None and found.melting_point_K is not None:
                return found.melting_point_K
            rows = mean_speeds(near, found)
            signs = {sign_of([row]) for row in rows}
            if SHRANK in signs and GREW not in signs:
                centre *= 1 - MOVE
            elif GREW in signs and SHRANK not in signs:
                centre *= 1 + MOVE
            else:
                break
        return centre

    # ---- enthalpies -------------------------------------------------------------------------------

    def _enthalpies(self, folder: StudyFolder) -> None:
        """Crystal and melt at some temperatures."""
        points = [
            self.phase_point(phase, temperature)
            for temperature in self.enthalpy_temperatures()
            for phase in (CRYSTAL, MELT)
        ]
        for done in folder.run(points):
            self.phases.append(self._phase(folder, done))

    def enthalpy_temperatures(self) -> list[float]:
        """Those asked for, else some about the melting point, else three over the range of the fronts."""
        if self.plan.enthalpy_temperatures_K is not None:
            return list(self.plan.enthalpy_temperatures_K)
        found = [f.melting_point_K for f in self.fits().values() if f is not None and f.melting_point_K]
        if found:
            return [rounded_K(float(np.mean(found)) * k) for k in ENTHALPY_AT]
        known = self.plan.temperatures_K or [run.temperature_K for run in self.runs]
        return [rounded_K(t) for t in np.linspace(min(known), max(known), 3)]

    def phase_point(self, phase: str, temperature: float) -> Point:
        """A run of one phase."""
        name = f"{phase}-{temperature:g}K"
        plan = self.plan
        stages = plan.crystal_stages(temperature) if phase == CRYSTAL else plan.melt_stages(temperature)
        facts = {"what": phase, "face": "", "temperature_K": temperature, "replica": 1}
        every = interval(plan.enthalpy_ps, SAMPLES)
        return Point(name, self._condition(name, stages, plan.bulk, every), facts)

    def _phase(self, folder: StudyFolder, done: Done) -> Phase:
        """What came of it."""
        name, phase = done.point.name, str(done.point.facts["what"])
        temperature = float(done.point.facts["temperature_K"])
        if done.summary is None:
            return Phase(name, phase, temperature, why_left_out=f"the run failed: {done.failure}")
        rows = folder.rows(done)
        self._note_temperature(done, rows)
        found = measure_phase(
            name, phase, temperature, rows, pressure_bar=self.plan.pressure_bar,
            beads_per_T=beads_per_t(done.summary),
        )  # fmt: skip
        return replace(found, squared_frequency_per_ps2=self._frequency(done))

    def _note_temperature(self, done: Done, rows: Sequence[Mapping[str, Any]]) -> None:
        """The kinetic temperature of a run's last stage, over that of the bath."""
        found = [float(row["temperature_K"]) for row in last_stage(rows) if row.get("temperature_K")]
        if found and done.summary is not None:
            beads = int(done.summary["n_T"]) + int(done.summary["n_S"])
            bath = float(done.point.facts["temperature_K"])
            self.ratios.append((float(np.mean(found)) / bath, beads * len(found)))

    def _frequency(self, done: Done) -> float | None:
        """Mean square of the frequencies in the last frames of a run; None where it has no frames."""
        from zeocryst.files.trajectory import count_frames, read_frame

        path = done.folder / "trajectory.gsd"
        if not path.is_file():
            return None
        n = count_frames(path)
        frames = [read_frame(path, k) for k in range(max(1, n - FORCES_OF), n)]
        temperature = float(done.point.facts["temperature_K"])
        return squared_frequency(frames, self.trial.read_forcefield(), temperature)

    # ---- what follows -----------------------------------------------------------------------------

    def shown(self, face: str) -> list[FrontRun]:
        """The runs of a face that are told of: all that were asked for, or those near the melting point."""
        if self.plan.temperatures_K is not None:
            return [run for run in self.runs if run.face == face]
        return self.counted(face)

    def counted(self, face: str) -> list[FrontRun]:
        """The runs of a face whose speeds count: those near the melting point."""
        here = [run for run in self.runs if run.face == face]
        if self.plan.temperatures_K is not None:
            told = measured(here)
            if not told:
                return here
            kept = near_zero(
                [run.temperature_K for run in told],
                [run.speed_A_per_ns or 0.0 for run in told],
                [run.time_ns for run in told],
            )
            # where there are no speeds, how runs ended tells
            silent = {run.temperature_K for run in here} - {run.temperature_K for run in told}
            return [run for run in here if run.temperature_K in kept or run.temperature_K in silent]
        asked = [run.temperature_K for run in here if run.run.startswith("front-")]
        if not asked:
            return here
        # of several rounds the last, which is where the melting point was found
        centre = float(np.mean(asked[-self.plan.n_temperatures :]))
        return [run for run in here if abs(run.temperature_K / centre - 1) <= COUNTED]

    def fits(self) -> dict[str, Crossing | None]:
        """The regression of each face; None where too few speeds are known."""
        return {face: fit(self.counted(face)) for face in self.plan.faces}


def _before(rows: Sequence[Mapping[str, Any]]) -> float:
    """Crystalline share at the end of a run's first stage, while all is crystal; 1 where it failed."""
    first = [float(row["crystalline_share"]) for row in rows if float(row["stage"]) == 1]
    return first[-1] if first else 1.0


def measured(runs: Sequence[FrontRun]) -> list[FrontRun]:
    """Runs whose speeds are known, but for temperatures at which only the slow ones are."""
    fast = censored_temperatures(runs)
    return [run for run in runs if run.speed_A_per_ns is not None and run.temperature_K not in fast]


def fit(runs: Sequence[FrontRun]) -> Crossing | None:
    """Regression of the speeds that are known; None with fewer than two temperatures."""
    told = measured(runs)
    if len({run.temperature_K for run in told}) < 2:
        return None
    return crossing(
        [run.temperature_K for run in told],
        [run.speed_A_per_ns or 0.0 for run in told],
        [run.uncertainty_A_per_ns or 0.0 for run in told],
        [run.time_ns for run in told],
    )


def beads_per_t(summary: Mapping[str, Any]) -> float:
    """All beads for each T, from the summary of a run."""
    return 1 + float(summary["n_S"]) / float(summary["n_T"])


def rounded_K(temperature: float) -> float:
    """A temperature that people can name: four digits, and no finer than a tenth."""
    return round(float(f"{temperature:.4g}"), 1)


def _told(run: FrontRun) -> str:
    """A line of the log for a run."""
    if run.speed_A_per_ns is None:
        return f"{run.run}: {run.outcome}; {run.note}"
    return (
        f"{run.run}: {run.outcome}, {run.speed_A_per_ns:.2f} ± {run.uncertainty_A_per_ns:.2f} Å/ns "
        f"in {run.time_ns:.3g} ns"
    )


def _unit_cell(study: StudyFile, trial: Condition) -> tuple[Beads, bool]:
    """What is repeated, and whether it is to be repeated as the file says."""
    from zeocryst.files.startfile import beads_of_file
    from zeocryst.reading.formats import is_gsd
    from zeocryst.solution.start import adopt, crystal

    system = trial.system
    # an ordinary condition was written for something else; a study's own repeat counts, [1, 1, 1] too
    fixed = study.has_table and "repeat" in study.content["system"]
    once, forcefield = replace(system, repeat=(1, 1, 1)), trial.read_forcefield()
    if system.start == "framework":
        return Beads.of(crystal(once, forcefield)), fixed
    if system.start == "file":
        path = trial.folder / str(system.file)
        frame, types, _ = beads_of_file(path, once)
        return Beads.of(adopt(frame, types, forcefield, path.name)), fixed or is_gsd(path)
    raise InputError(
        f"{study.where}: system: start = {system.start!r}; expected a crystal that can be melted: "
        "framework, or file with one cell of it"
    )
