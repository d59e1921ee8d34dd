"""The seeds of one temperature: planted batch after batch, and watched until they are decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zeocryst.errors import SimulationError
from zeocryst.studies.points import Done, Point
from zeocryst.studies.reading import StudyFile, replica_seed
from zeocryst.studies.running import StudyFolder
from zeocryst.studies.seeding_bulk import Bulk
from zeocryst.studies.seeding_plan import Ball, Balls, SeedingPlan
from zeocryst.studies.seeding_runs import (
    UNDECIDED,
    SeedRun,
    fate_of,
    first_frames,
    melted_below,
    next_balls,
    read_run,
    series_of,
    settled,
)


class Planting:
    """All seeds of a temperature.

    Parameters
    ----------
    folder
        Runs them.
    study, plan
        What is asked.
    bulk
        The melts of the temperature.
    """

    def __init__(self, folder: StudyFolder, study: StudyFile, plan: SeedingPlan, bulk: Bulk) -> None:
        self.folder, self.study, self.plan, self.bulk = folder, study, plan, bulk
        self.temperature = bulk.temperature_K
        self.below = melted_below(plan, bulk.melt_sizes, bulk.sight)
        self.balls = Balls(plan.framework, 1.05 * plan.balls[-1].radius_A, plan.model, with_S=plan.n_S > 0)
        self.last: dict[str, Done] = {}  # the last run of each seed
        self.n_failed = 0  # seeds of which nothing came

    def all_runs(self) -> list[SeedRun]:
        """Plant, watch, and plant more where it tells something.

        Raises
        ------
        SimulationError
            No seed could be run.
        """
        runs: list[SeedRun] = []
        asked = 0
        while asked < self.plan.runs and (batch := next_balls(self.plan, self.balls, runs, asked)):
            points = [self._point(asked + k + 1, planted) for k, planted in enumerate(batch)]
            asked += len(points)
            for done in self.folder.run(points, say=f"seeds at {self.temperature:g} K"):
                runs += self._read(done)
            runs = self._watched_on(runs)
            if runs:
                self.folder.say(self._how_far(runs))
        if not runs:
            raise SimulationError(f"no seed could be run at {self.temperature:g} K; see log.txt")
        self.n_failed = asked - len(runs)
        return runs

    def _watched_on(self, runs: list[SeedRun]) -> list[SeedRun]:
        """Those that are undecided go on from where they are, up to as often as the plan says."""
        for part in range(2, self.plan.times + 1):
            judged = settled(runs, by_tendency=False)
            points = [
                self._further_point(run, part)
                for run in judged
                if run.outcome == UNDECIDED and run.parts == part - 1
            ]
            if not points:
                continue
            done = self.folder.run(points, say=f"undecided seeds at {self.temperature:g} K")
            longer = {str(one.point.facts["seed_run"]): one for one in done}
            runs = [self._longer(run, longer[run.name]) if run.name in longer else run for run in runs]
        return runs

    def _point(self, number: int, planted: Ball) -> Point:
        """A ball in one of the melts, in turn, with velocities of its own.

        The name says what was chosen, so that a study that goes on, in which a run that had failed succeeds and
        what follows is chosen otherwise, asks for other runs instead of others of the same names.
        """
        melt = self.bulk.melts[(number - 1) % len(self.bulk.melts)]
        facts = {
            "kind": "seed", "temperature_K": self.temperature, "replica": number,
            "melt": melt.point.facts["replica"],
            "radius_A": planted.radius_A, "planted_T": planted.n_T, "planted_S": planted.n_S,
        }  # fmt: skip
        stages = self.plan.seed_stages(self.temperature, planted, self.below)
        chosen = f"m{facts['melt']}_r{planted.radius_A:.2f}_b{self.below:g}"
        name = f"seed_{self.temperature:g}K_{number:03d}_{chosen}"
        seed = replica_seed(self.study.seed, "seed", self.temperature, number)
        return self._begun_at(melt, name, stages, facts, seed=seed)

    def _further_point(self, run: SeedRun, part: int) -> Point:
        """The same seed for as long again."""
        before = self.last[run.name]
        facts = dict(before.point.facts) | {"seed_run": run.name, "part": part}
        stages = self.plan.seed_stages(self.temperature, run.planted, self.below, run.size)[-1:]
        seed = replica_seed(self.study.seed, run.name, part)
        return self._begun_at(before, f"{run.name}_part{part}", stages, facts, seed=seed)

    def _begun_at(
        self, before: Done, name: str, stages: list[dict[str, Any]], facts: dict[str, Any], *, seed: int
    ) -> Point:  # fmt: skip
        """Where another run ended: a seed that goes on keeps its velocities."""
        begin = {
            "start": "file", "file": str((before.folder / "trajectory.gsd").absolute()), "frame": -1,
            "new_velocities": "part" not in facts,
        }  # fmt: skip
        made = self.study.condition(
            name=name, seed=seed, stages=stages, system=begin, output={"interval_ps": self.plan.interval_ps}
        )
        return Point(name, made, facts)

    def _read(self, done: Done) -> list[SeedRun]:
        """What a seed's first run says; nothing where it failed."""
        if done.failure is not None:
            return []
        self.last[done.point.name] = done
        one = read_run(
            done.point.name, done.point.facts, self.folder.rows(done), column=self.plan.size,
            melted_below=self.below, first=first_frames(self.plan),
        )  # fmt: skip
        return [] if one is None else [one]

    def _longer(self, run: SeedRun, done: Done) -> SeedRun:
        """A seed with what its next run says; where that failed it is watched no longer."""
        if done.failure is not None:
            return replace(run, parts=self.plan.times)
        self.last[run.name] = done
        time, sizes = series_of(self.folder.rows(done), self.plan.size)
        both = np.concatenate([run.sizes, sizes])
        return replace(
            run, time_ps=np.concatenate([run.time_ps, run.time_ps[-1] + time]), sizes=both, parts=run.parts + 1,
            outcome=fate_of(both, run.size, melted_below=self.below),
        )  # fmt: skip

    def _how_far(self, runs: Sequence[SeedRun]) -> str:
        outcomes = [run.outcome for run in settled(runs)]
        words = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in dict.fromkeys(sorted(outcomes)))
        return f"{self.temperature:g} K: {len(runs)} seeds, {words}"
