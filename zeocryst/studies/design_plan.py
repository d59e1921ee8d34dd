"""The file of a design: its objective, its variables, how long it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.foundation.interrupt import parse_walltime
from zeocryst.foundation.tables import Table
from zeocryst.frameworks.table import bare_code, framework_types, nearest_start
from zeocryst.studies.design_search import SIGMA0, Budget
from zeocryst.studies.design_variables import Variable, read_variables
from zeocryst.studies.objectives import OBJECTIVES, Objective, check_objective
from zeocryst.studies.reading import StudyFile
from zeocryst.studies.varying import Ground

TABLE = "design"
KEYS = (
    "objective", "framework", "variable", "replicas", "population", "sigma0", "evaluations", "walltime",
    "target", "candidates", "final_replicas",
)  # fmt: skip
#: Defaults: generations, runs of an evaluation (a share takes several to be anything between 0 and 1),
#: candidates, runs of each in the end.
GENERATIONS, REPLICAS, SHARE_REPLICAS, CANDIDATES, FINAL_REPLICAS = 12, 1, 4, 3, 6


@dataclass(frozen=True)
class Plan:
    """What a design does.

    Attributes
    ----------
    objective : Objective
    framework : str
        The wanted one.
    variables : tuple of Variable
    ground : Ground
        The study's own condition, in which the variables are changed.
    replicas : int
        Runs of an evaluation.
    population : int
        Evaluations of a generation.
    sigma0 : float
    budget : Budget
    walltime : str
        As it was given.
    candidates, final_replicas : int
        How many are run anew in the end, and by how many runs each.
    """

    objective: Objective
    framework: str
    variables: tuple[Variable, ...]
    ground: Ground
    replicas: int
    population: int
    sigma0: float
    budget: Budget
    walltime: str
    candidates: int
    final_replicas: int

    def table(self) -> dict[str, Any]:
        """The table with every default."""
        given = {
            "objective": self.objective.name, "framework": self.framework, "replicas": self.replicas,
            "population": self.population, "sigma0": self.sigma0, "evaluations": self.budget.evaluations,
            "walltime": self.walltime, "target": self.budget.target, "candidates": self.candidates,
            "final_replicas": self.final_replicas,
            "variable": [variable.record() for variable in self.variables],
        }  # fmt: skip
        return {key: value for key, value in given.items() if value not in (None, "")}

    @property
    def has_reference(self) -> bool:
        """Whether the study's own condition is another than the start."""
        return any(v.reference != v.start for v in self.variables)


def read_plan(study: StudyFile) -> Plan:
    """Read and check a design.

    Raises
    ------
    InputError
        Something of it is missing, unknown or impossible.
    """
    own = study.own
    if not study.stages:
        raise InputError(
            f"{study.where}: no [[stage]]: those of a design are what each of its runs goes through"
        )
    if "variable" not in own:
        raise own.error("variable", "at least one [[design.variable]], with key, from and to")
    objective = OBJECTIVES[own.choice("objective", OBJECTIVES)]
    framework = _framework(own, study)
    condition = _condition(study, objective, framework)
    check_objective(objective, condition, f"{study.where}: {TABLE}")
    ground = Ground(condition, study.where)
    variables = read_variables(own.tables("variable", least=1), ground)
    n = len(variables)
    replicas = own.integer("replicas", SHARE_REPLICAS if objective.share else REPLICAS, least=1, most=1000)
    population = own.integer("population", 4 + math.floor(3 * math.log(max(n, 2))), least=4, most=1000)
    evaluations = own.integer("evaluations", GENERATIONS * population, least=1, most=1_000_000)
    if evaluations < population:
        raise own.error("evaluations", f"at least population = {population}: a generation is made as a whole")
    walltime = own.text("walltime", "")
    try:
        seconds = parse_walltime(walltime) if walltime else None
    except InputError:
        raise own.error("walltime", 'a time, such as "1h30m"') from None
    plan = Plan(
        objective, framework, variables, ground, replicas, population,
        own.number("sigma0", SIGMA0, above=0, least=1e-3, most=1.0),
        Budget(evaluations, seconds, own.number("target", None, least=-1e12, most=1e12)),
        walltime,
        own.integer("candidates", CANDIDATES, least=1, most=100),
        own.integer("final_replicas", max(FINAL_REPLICAS, replicas), least=1, most=1000),
    )  # fmt: skip
    own.finish()
    return plan


def _framework(own: Table, study: StudyFile) -> str:
    """The wanted framework: that of the start, if nothing else is said."""
    default = study.content["system"].get("framework")
    if default is None and "framework" not in own:
        raise own.error("framework", "the code of the one that is wanted, such as SGT")
    code = bare_code(own.text("framework", str(default)))
    if code not in framework_types():
        raise own.error("framework", f"a known one; {nearest_start(code)}")
    return code


def _condition(study: StudyFile, objective: Objective, framework: str) -> Condition:
    """The study's own condition, which measures what the objective needs."""
    measured = study.content.get("output", {}).get("measure", [])
    measured = [measured] if isinstance(measured, str) else list(measured)
    names = list(dict.fromkeys([*measured, *objective.measured(framework)]))
    output = {"measure": names} if names else {}
    return study.condition(name=study.name, seed=study.seed, stages=study.stages, output=output)
