"""The search of a design: CMA-ES by ask and tell, on whatever evaluates its trials.

Covariance matrix adaptation (N. Hansen, A. Ostermeier, Evol. Comput. 9, 159 (2001)) by pycma, in the unit cube
that the ranges of the variables make. It sees ranks only, so that a failed run is just the worst, and it
averages over the better half of a generation, which is what makes it bear noise: with a few variables a larger
population takes out as much of it as repeating each evaluation does, at the same cost (H.-G. Beyer, Comput.
Methods Appl. Mech. Eng. 186, 239 (2000)). Its own treatment of uncertainty (N. Hansen and others, IEEE Trans.
Evol. Comput. 13, 180 (2009)) repeats evaluations one after the other to learn by how much ranks change, which a
dozen generations do not repay.

What is asked next follows from the seed number and from what was told, so that a search that is begun again
goes the same way; the trials of generations that were asked for before are taken from their record all the
same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zeocryst.studies.design_variables import Variable, settings

#: Standard deviation of the first generation, in units of the ranges.
SIGMA0 = 0.2
#: The search ends where it varies every variable by less than this share of its range.
NARROW = 2e-3
#: What the method calls it where trials are equally good.
FLAT = {"tolfun", "tolfunhist", "tolfunrel", "tolflatfitness", "flat fitness"}
#: Of a whole number, in steps: less would never change it.
WHOLE_STEP = 0.3


@dataclass(frozen=True)
class Trial:
    """Values of the variables that are tried.

    Attributes
    ----------
    name : str
    generation : int
    unit : tuple of float
        Places in the ranges, 0 to 1.
    values : tuple of float
        Of the variables.
    """

    name: str
    generation: int
    unit: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Evaluation:
    """What came of a trial.

    Attributes
    ----------
    trial : Trial
    value, rank : float or None
        The objective and what ranks it (the larger, the better); no rank where it failed, no value either where
        nothing was left to measure.
    uncertainty : float or None
        Standard error over its runs.
    cost_s : float
        Seconds that its runs took, one after the other.
    runs : tuple of str
    notes : tuple of str
        What was odd, or why it failed.
    """

    trial: Trial
    value: float | None
    rank: float | None
    uncertainty: float | None = None
    cost_s: float = 0.0
    runs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Generation:
    """The state of the search after a generation.

    Attributes
    ----------
    number : int
    mean : tuple of float
        Of the distribution: values of the variables.
    spread : tuple of float
        Its standard deviations, in units of the ranges.
    """

    number: int
    mean: tuple[float, ...]
    spread: tuple[float, ...]


@dataclass(frozen=True)
class Budget:
    """When the search ends.

    Attributes
    ----------
    evaluations : int
        At most so many.
    walltime_s : float or None
        No generation begins after so many seconds.
    target : float or None
        Nor once an evaluation is so good.
    """

    evaluations: int
    walltime_s: float | None = None
    target: float | None = None


@dataclass
class Search:
    """A search on its way.

    Attributes
    ----------
    variables : tuple of Variable
    population : int
        Trials of a generation.
    sigma0 : float
        Standard deviation of the first, in units of the ranges.
    seed : int
    asked : list
        Places of the trials of generations that were asked for, a list of lists each; those of an earlier call
        may stand there already.
    took_s : list of float
        How long each took.
    begun_s : float
        How long the one took so far that an earlier call was stopped in.
    evaluations, generations : list
        What has come of it so far.
    why : str
        Why it ended.
    """

    variables: tuple[Variable, ...]
    population: int
    sigma0: float
    seed: int
    asked: list[list[list[float]]] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    begun_s: float = 0.0
    evaluations: list[Evaluation] = field(default_factory=list)
    generations: list[Generation] = field(default_factory=list)
    why: str = ""

    def run(
        self,
        evaluate: Callable[[Sequence[Trial]], Sequence[Evaluation]],
        budget: Budget,
        *,
        kept: Callable[[Search], None] = lambda _: None,
        told: Callable[[Generation, Sequence[Evaluation]], None] = lambda _g, _e: None,
    ) -> None:
        """Search until something ends it.

        Parameters
        ----------
        evaluate
            Of the trials of a generation.
        budget
            What ends it.
        kept
            Called before a generation is evaluated, and where it is stopped: `asked`, `took_s` and `begun_s`
            are what a later call needs.
        told
            Called after each generation.
        """
        engine = self._engine()
        while not self._is_over(budget, engine):
            number = len(self.generations) + 1
            trials, begin = self._ask(engine, number), time.monotonic()
            kept(self)
            try:
                found = list(evaluate(trials))
            except KeyboardInterrupt:
                if number > len(self.took_s):
                    self.begun_s += time.monotonic() - begin
                    kept(self)
                raise
            self.evaluations += found
            if number > len(self.took_s):
                self.took_s.append(self.begun_s + time.monotonic() - begin)
                self.begun_s = 0.0
            engine.tell([np.array(unit) for unit in self.asked[number - 1]], [-r for r in self._ranks(found)])
            self.generations.append(self._state(engine, number))
            told(self.generations[-1], found)

    @property
    def mean(self) -> tuple[float, ...]:
        """The mean of the distribution: what the search believes to be best."""
        return self.generations[-1].mean

    def _engine(self) -> Any:
        import cma

        chance = np.random.RandomState(self.seed % 2**32)
        start = self._padded([v.unit(v.start) for v in self.variables])
        least = [WHOLE_STEP / (v.high - v.low) if v.whole else 0.0 for v in self.variables]
        return cma.CMAEvolutionStrategy(
            start,
            self.sigma0,
            {
                "bounds": [0.0, 1.0],
                "popsize": self.population,
                "randn": chance.randn,  # its own, so that nobody else's numbers change
                "minstd": self._padded(least, 0.0),
                "tolx": NARROW,
                "maxfevals": np.inf,
                "maxiter": np.inf,
                "verbose": -9,
                "verb_log": 0,
            },
        )

    def _padded(self, unit: Sequence[float], value: float = 0.5) -> list[float]:
        """With a coordinate that means nothing where there is one variable: the method needs two."""
        return [*unit, value] if len(self.variables) == 1 else list(unit)

    def _ask(self, engine: Any, number: int) -> list[Trial]:
        """The trials of a generation: those of its record, if it was asked for before."""
        made = [[float(x) for x in unit] for unit in engine.ask()]
        if number > len(self.asked):
            self.asked.append(made)
        return [
            self.trial(f"g{number:03d}-{k}", number, unit[: len(self.variables)])
            for k, unit in enumerate(self.asked[number - 1], start=1)
        ]

    def trial(self, name: str, generation: int, unit: Sequence[float]) -> Trial:
        """The values at a place of the unit cube."""
        values = tuple(v.value(u) for v, u in zip(self.variables, unit, strict=True))
        return Trial(name, generation, tuple(unit), values)

    def _ranks(self, found: Sequence[Evaluation]) -> list[float]:
        """What the method is told: what failed is worse than all there was so far."""
        known = [e.rank for e in self.evaluations if e.rank is not None]
        worst = min(known, default=0.0) - (max(known, default=0.0) - min(known, default=0.0)) - 1.0
        return [worst if e.rank is None else e.rank for e in found]

    def _state(self, engine: Any, number: int) -> Generation:
        n = len(self.variables)
        mean = self.trial("mean", number, [float(x) for x in engine.result.xfavorite[:n]])
        return Generation(number, mean.values, tuple(float(s) for s in engine.stds[:n]))

    def _is_over(self, budget: Budget, engine: Any) -> bool:
        """Whether it ends here, and why."""
        self.why = ""
        best = max((e.value for e in self.evaluations if e.value is not None), default=None)
        spent = sum(self.took_s[: len(self.generations)])
        if budget.target is not None and best is not None and best >= budget.target:
            self.why = f"an evaluation reached the target, {budget.target:g}"
        elif len(self.evaluations) + self.population > budget.evaluations:
            self.why = f"{len(self.evaluations)} evaluations were made, as many whole generations as asked for"
        elif budget.walltime_s is not None and spent >= budget.walltime_s:
            self.why = f"it took {spent:.0f} s, and {budget.walltime_s:g} s were given"
        elif self.generations:
            self.why = _own_end(engine.stop())
        return bool(self.why)


def candidates(search: Search, most: int) -> list[tuple[str, tuple[float, ...]]]:
    """What may be best, and whence: the mean of the distribution, and the best of the trials.

    Parameters
    ----------
    search
        A search that ended.
    most
        At most so many, the mean among them.
    """
    found = [("the mean of the last distribution", search.mean)]
    known = [e for e in search.evaluations if e.rank is not None]
    for one in sorted(known, key=lambda e: -float(e.rank or 0.0)):
        if len(found) < most and one.trial.values not in [values for _, values in found]:
            found.append((f"trial {one.trial.name}", one.trial.values))
    return found


def by_key(variables: Sequence[Variable], values: Sequence[float]) -> dict[str, float]:
    """Values by key of the condition."""
    return settings(dict(zip(variables, values, strict=True)))


def _own_end(stop: dict[str, Any]) -> str:
    """Why the method itself ends, in words."""
    if not stop:
        return ""
    if "tolx" in stop:
        return f"the search has narrowed to {NARROW:g} of each range"
    if FLAT & set(stop):
        return "the trials of the last generations are equally good: the objective tells them apart no longer"
    return "the method sees no way to go on (" + ", ".join(sorted(stop)) + ")"
