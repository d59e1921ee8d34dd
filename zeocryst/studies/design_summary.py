"""What a design amounts to: the best, by how much it is better, the history, what is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from zeocryst.report.design import FINALS, estimate_in_words
from zeocryst.studies.design_comparison import BEST, REFERENCE, START, difference, in_words
from zeocryst.studies.design_search import Evaluation, Search

if TYPE_CHECKING:
    from zeocryst.studies.design import Designing, Final

#: A variable within this share of its range of an end has run into it.
AT_END = 0.02


def summarize(work: Designing) -> dict[str, Any]:
    """The summary of a design."""
    plan, search = work.plan, work.searched
    finals = {name: _final(work, final) for name, final in work.final.items()}
    best = work.final[BEST].estimate
    gains = {
        f"better_than_{name}": difference(best, work.final[name].estimate)
        for name in (START, REFERENCE)
        if name in work.final
    }
    failed = [e for e in search.evaluations if e.rank is None]
    summary: dict[str, Any] = {
        "name": work.study.name,
        "title": work.study.title,
        "command": "zeocryst design",
        "seed": work.study.seed,
        "forcefield": plan.ground.condition.forcefield,
        "objective": {
            "name": plan.objective.name, "unit": plan.objective.unit, "framework": plan.framework,
            "direction": "as large as possible", "words": plan.objective.words,
        },
        "variables": [variable.record() | {"reference": variable.reference} for variable in plan.variables],
        BEST: finals[BEST],
        START: finals[START],
        REFERENCE: finals.get(REFERENCE),
        **gains,
        "candidates": [_final(work, final) for final in work.screened],
        "history": history(search),
        "generations": [
            {
                "generation": g.number,
                "mean": dict(zip((v.name for v in plan.variables), g.mean, strict=True)),
                "spread": dict(zip((v.name for v in plan.variables), g.spread, strict=True)),
                "took_s": took,
            }
            for g, took in zip(search.generations, search.took_s, strict=False)
        ],
        "n_evaluations": len(search.evaluations),
        "n_failed": len(failed),
        "n_runs": _n_runs(work),
        "run_time_s": _run_time(work),
        "ended": search.why,
    }  # fmt: skip
    why = {key: gain["why_not"] for key, gain in gains.items() if gain["why_not"]}
    if best.mean is None:
        why[BEST] = (
            "nothing was left to measure in some of its runs" if best.below else "all of its runs failed"
        )
    summary["sentence"] = _sentence(work, summary)
    summary["assumptions"] = _assumptions(work, summary)
    summary["why_not"] = why
    return summary


def history(search: Search) -> list[dict[str, Any]]:
    """A row for each evaluation of the search."""
    names = [variable.name for variable in search.variables]
    return [
        {
            "evaluation": number,
            "generation": e.trial.generation,
            "variables": dict(zip(names, e.trial.values, strict=True)),
            "objective": e.value,
            "uncertainty": e.uncertainty,
            "rank": e.rank,
            "runs": list(e.runs),
            "run_time_s": e.cost_s,
            "notes": list(e.notes),
        }
        for number, e in enumerate(search.evaluations, start=1)
    ]


def _final(work: Designing, final: Final) -> dict[str, Any]:
    names = [variable.name for variable in work.plan.variables]
    values = [v.reference for v in work.plan.variables] if final.values is None else final.values
    return {
        "variables": dict(zip(names, values, strict=True)),
        **final.estimate.record(),
        "values": list(final.estimate.values),
        "whence": final.whence,
        "runs": list(final.found.runs),
        "notes": list(final.found.notes),
    }


def _every(work: Designing) -> list[Evaluation]:
    others = [*work.screened, *work.final.values()]
    return [*work.searched.evaluations, *(final.found for final in others)]


def _n_runs(work: Designing) -> int:
    return sum(len(e.runs) for e in _every(work))


def _run_time(work: Designing) -> float:
    return sum(e.cost_s for e in _every(work))


def _sentence(work: Designing, summary: dict[str, Any]) -> str:
    """The answer in words."""
    objective, best = work.plan.objective, summary[BEST]
    values = ", ".join(f"{name} = {value:.5g}" for name, value in best["variables"].items())
    told = estimate_in_words(best, objective.unit)
    text = (
        f"{objective.name} of {work.plan.framework} is {told} at {values} ({best['whence']}; "
        f"{_of(best['n_replicas'], 'run')} that the search did not see)."
    )
    for name in (START, REFERENCE):
        if name in work.final:
            own = estimate_in_words(summary[name], objective.unit)
            gain = in_words(summary[f"better_than_{name}"], objective.unit)
            text += f" Compared with {FINALS[name]}, {own}: {gain}."
    text += "".join(f" {word}" for word in _left_out(work))
    made = _of(len(summary["generations"]), "generation")
    text += f" The search ended after {made}: {summary['ended']}."
    if summary["n_failed"]:
        text += f" {_of(summary['n_failed'], 'evaluation')} failed and counted as the worst."
    return text + "".join(f" {word}" for word in _at_ends(work))


def _left_out(work: Designing) -> Iterator[str]:
    """Runs of the comparison that tell no value."""
    n = work.plan.final_replicas
    for name, final in work.final.items():
        if failed := final.estimate.n_failed:
            are = "is" if failed == 1 else "are"
            yield f"{failed} of {_of(n, 'run')} of {FINALS[name]} failed and {are} left out."
        if gone := len(final.estimate.below):
            yield f"In {gone} of {_of(n, 'run')} of {FINALS[name]} nothing was left to measure."


def _of(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _at_ends(work: Designing) -> Iterator[str]:
    """Variables of the best that lie at an end of their range."""
    values = work.final[BEST].values or ()
    for variable, value in zip(work.plan.variables, values, strict=False):
        if min(variable.unit(value), 1 - variable.unit(value)) <= AT_END:
            yield (
                f"{variable.name} has run into an end of its range ({variable.low:g} to {variable.high:g}): "
                "beyond it may be better."
            )


def _assumptions(work: Designing, summary: dict[str, Any]) -> list[str]:
    """All that the answer rests on, in sentences."""
    plan = work.plan
    ranges = "; ".join(
        f"{v.name} from {v.low:g} to {v.high:g}, begun at {v.start:g}, {v.scale}" for v in plan.variables
    )
    many = f"the mean of {_of(plan.replicas, 'run')}" if plan.replicas > 1 else "one run"
    texts = [
        f"The objective is {plan.objective.name}: {plan.objective.words}.",
        f"Its landscape: {plan.objective.graded}.",
        f"Searched were {ranges}; nothing outside of these, and nothing else was changed.",
        f"CMA-ES (pycma) in the unit cube of the ranges: {plan.population} evaluations a generation, the first "
        f"with a standard deviation of {plan.sigma0:g}. An evaluation is {many}, each with a seed number of "
        "its own. The method sees ranks and averages over the better half of a generation; none "
        "is repeated.",
        "It finds one good place, not surely the best of all: begun elsewhere it may end elsewhere.",
        _how_judged(work),
        "Errors are standard errors over runs; intervals of differences are Welch's (of shares Agresti and "
        "Caffo's), 95 %.",
        "The objective is that of these runs: their box, their times and their way of cooling. What is best "
        "there need not be best in a larger box or over a longer time.",
    ]
    if any(final.estimate.below for final in [*work.screened, *work.final.values()]) or any(
        e.value is None and e.rank is not None for e in work.searched.evaluations
    ):
        texts.append(
            "Where no slab was left when growth was to begin there is no speed: for the ranking it counts as "
            "one that went within the time between two frames, and means over such runs are bounds."
        )
    if summary["n_failed"]:
        first = next(e for e in work.searched.evaluations if e.rank is None)
        reason = first.notes[0] if first.notes else ""
        texts.append(
            f"An evaluation of which a run failed counts as worse than all others: {summary['n_failed']} of "
            f"{summary['n_evaluations']} (the first: {reason})."
        )
    return texts


def _how_judged(work: Designing) -> str:
    """How the best was told from the luckiest."""
    text = "The best of many noisy evaluations is lucky as well, so its own value is no estimate. "
    if work.screened:
        text += (
            f"{_of(len(work.screened), 'candidate')} (the mean of the last distribution and the best trials) "
            f"had {_of(work.plan.final_replicas, 'run')} each; the best of these, the start and, where it is "
            "another, the study's own condition were then run again. "
        )
    return text + "The values that are reported come from those last runs alone."
