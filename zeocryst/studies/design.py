"""Inverse design: which parameters, composition or temperature make a wanted framework grow or nucleate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.errors import InputError, SimulationError
from zeocryst.files.records import read_json
from zeocryst.studies.design_comparison import BEST, REFERENCE, START, Estimate, best_of
from zeocryst.studies.design_plan import KEYS, TABLE, Plan, read_plan
from zeocryst.studies.design_search import Evaluation, Generation, Search, Trial, by_key, candidates
from zeocryst.studies.objectives import Score
from zeocryst.studies.points import Done, Point
from zeocryst.studies.reading import StudyFile, read_study, replica_seed
from zeocryst.studies.running import StudyFolder, StudyOptions

#: Where the force fields of the runs lie, and what the search has asked for.
MODELS, RECORD = "forcefields", "search.json"


def design(study: str | Path, out: Path, options: StudyOptions) -> dict[str, Any]:
    """Search for the best values of a design's variables.

    As `zeocryst.studies.melting_study.melt` for a ``study.toml`` with a table ``[design]`` and stages;
    `SimulationError` where every run of the first generation, or of the comparison, failed.
    """
    from zeocryst.report.design import write_design
    from zeocryst.studies.design_summary import summarize

    file = read_study(study, TABLE, KEYS)
    plan = read_plan(file)
    with StudyFolder(out, file.to_toml(plan.table(), file.stages), options) as folder:
        if folder.summary is not None:
            return folder.summary
        work = Designing(file, plan, folder)
        work.search()
        work.compare()
        summary = summarize(work)
        write_design(out, summary)
        return folder.finish(summary)


@dataclass
class Final:
    """A set of values with the runs that the search did not see.

    Attributes
    ----------
    values : tuple of float or None
        Of the variables; None for the study's own condition.
    whence : str
    found : Evaluation
    estimate : Estimate
    """

    values: tuple[float, ...] | None
    whence: str
    found: Evaluation
    estimate: Estimate


class Designing:
    """A design on its way.

    Attributes
    ----------
    study, plan
        What is done.
    searched : Search
    screened : list of Final
        Candidates, with the runs that chose among them.
    final : dict
        ``best``, ``start`` and perhaps ``reference``.
    """

    def __init__(self, study: StudyFile, plan: Plan, folder: StudyFolder) -> None:
        self.study, self.plan = study, plan
        self._folder = folder
        seed = replica_seed(study.seed, "search")
        self.searched = Search(plan.variables, plan.population, plan.sigma0, seed)
        self.screened: list[Final] = []
        self.final: dict[str, Final] = {}
        self._scores: dict[str, list[Score]] = {}

    # ---- the search -------------------------------------------------------------------------------

    def search(self) -> None:
        """Make the search, or what is left of it."""
        self._read_record()
        self.searched.run(self._generation, self.plan.budget, kept=self._keep, told=self._tell)
        self._keep(self.searched)
        self._folder.say(f"the search ends: {self.searched.why}")

    def _read_record(self) -> None:
        """What was asked for before, if it is whole."""
        path = self._folder.path / RECORD
        if not path.is_file() or self._folder.options.restart:
            return
        with suppress(InputError, KeyError, TypeError, ValueError):
            record = read_json(path)
            asked = [[[float(x) for x in unit] for unit in generation] for generation in record["asked"]]
            n = max(2, len(self.plan.variables))
            if all(np.shape(each) == (self.plan.population, n) for each in asked):
                self.searched.asked = asked
                self.searched.took_s = [float(t) for t in record["took_s"]][: len(asked)]
                self.searched.begun_s = float(record.get("begun_s", 0.0))

    def _keep(self, search: Search) -> None:
        record = {"asked": search.asked, "took_s": search.took_s, "begun_s": search.begun_s}
        text = json.dumps(record)
        self._folder.place(RECORD, text + "\n")

    def _generation(self, trials: Sequence[Trial]) -> list[Evaluation]:
        """Run the trials of a generation side by side."""
        found = self.evaluate(trials, self.plan.replicas, f"generation {trials[0].generation}")
        if trials[0].generation == 1 and all(one.rank is None for one in found):
            raise SimulationError(f"every run of the first generation failed; the first: {found[0].notes[0]}")
        return found

    def _tell(self, generation: Generation, found: Sequence[Evaluation]) -> None:
        from zeocryst.report.studies import interval

        values = [one.value for one in found if one.value is not None]
        nothing = "all failed" if all(one.rank is None for one in found) else "nothing was left to measure"
        told = interval(min(values), max(values), self.plan.objective.unit) if values else nothing
        mean = ", ".join(f"{v.name} {x:.5g}" for v, x in zip(self.plan.variables, generation.mean, strict=True))
        self._folder.say(f"generation {generation.number}: {told}; mean of the distribution: {mean}")

    # ---- runs -------------------------------------------------------------------------------------

    def evaluate(self, trials: Sequence[Trial | str], replicas: int, say: str) -> list[Evaluation]:
        """Run trials; one given by its name alone is the study's own condition."""
        made: list[list[Point] | str] = []
        for trial in trials:
            try:
                made.append(self._points(trial, replicas))
            except InputError as error:
                made.append(str(error))
        points = [point for each in made if not isinstance(each, str) for point in each]
        done = {
            one.point.name: one for one in (self._folder.run(points, say=say, alike=False) if points else [])
        }
        return [
            Evaluation(_trial(trial), None, None, notes=(each,))
            if isinstance(each, str)
            else self._evaluation(_trial(trial), [done[point.name] for point in each])
            for trial, each in zip(trials, made, strict=True)
        ]

    def _points(self, trial: Trial | str, replicas: int) -> list[Point]:
        """The runs of a trial."""
        variables = self.plan.variables
        what = _trial(trial)
        values = {} if isinstance(trial, str) else by_key(variables, trial.values)
        named = dict(zip([v.name for v in variables], what.values, strict=False))
        points = []
        for replica in range(1, replicas + 1):
            name = f"{what.name}-{replica}"
            condition = self.plan.ground.with_values(
                values,
                name=name,
                seed=replica_seed(self.study.seed, what.name, replica),
                place=lambda text: self._folder.place(f"{MODELS}/{what.name}.toml", text),
            )
            facts = {"trial": what.name, "generation": what.generation, "replica": replica, **named}
            points.append(Point(name, condition, facts))
        return points

    def _evaluation(self, trial: Trial, runs: Sequence[Done]) -> Evaluation:
        """What the runs of a trial are worth together; with one that failed, it failed."""
        names = tuple(done.point.name for done in runs)
        cost = sum(float((done.summary or {}).get("wall_s") or 0.0) for done in runs)
        failures = tuple(f"{done.point.name}: {done.failure}" for done in runs if done.failure is not None)
        objective = self.plan.objective
        scores = [
            objective.of(done, self._folder.rows(done), self.plan.framework)
            for done in runs
            if done.failure is None
        ]
        self._scores[trial.name] = scores
        estimate = self.estimate(trial)
        notes = (*failures, *dict.fromkeys(score.note for score in scores if score.note))
        if failures:
            return Evaluation(trial, None, None, None, cost, names, notes)
        rank = float(np.mean([score.rank for score in scores]))
        return Evaluation(trial, estimate.mean, rank, estimate.error, cost, names, notes)

    def estimate(self, trial: Trial, runs: int | None = None) -> Estimate:
        """The mean over the runs of a trial that did not fail, of `runs` in all."""
        scores = self._scores.get(trial.name, [])
        return Estimate(
            tuple(score.value for score in scores if score.value is not None),
            self.plan.objective.share,
            0 if runs is None else runs - len(scores),
            tuple(score.rank for score in scores if score.value is None),
        )

    # ---- what was found ---------------------------------------------------------------------------

    def compare(self) -> None:
        """Choose among what may be best by runs of its own, and run that, the start and the reference anew."""
        plan, search = self.plan, self.searched
        n = plan.final_replicas
        chosen = candidates(search, plan.candidates)
        if len(chosen) > 1:
            trials = [Trial(f"candidate-{k}", 0, (), values) for k, (_, values) in enumerate(chosen, start=1)]
            found = self.evaluate(trials, n, "candidates")
            self.screened = [
                Final(values, whence, one, self.estimate(one.trial, n))
                for (whence, values), one in zip(chosen, found, strict=True)
            ]
            chosen = [chosen[best_of(found)]]
        whence, values = chosen[0]
        asked: list[Trial | str] = [
            Trial(BEST, 0, (), values),
            Trial(START, 0, (), tuple(v.start for v in plan.variables)),
            *([REFERENCE] if plan.has_reference else []),
        ]
        sources = [whence, "the start", "the study's own condition"]
        for trial, source, one in zip(asked, sources, self.evaluate(asked, n, "comparison"), strict=False):
            own = None if isinstance(trial, str) else trial.values
            self.final[one.trial.name] = Final(own, source, one, self.estimate(one.trial, n))
        if all(final.estimate.n_failed == n for final in self.final.values()):
            first = self.final[BEST].found.notes[0]
            raise SimulationError(f"every run of the comparison failed; the first: {first}")


def _trial(trial: Trial | str) -> Trial:
    return Trial(trial, 0, (), ()) if isinstance(trial, str) else trial
