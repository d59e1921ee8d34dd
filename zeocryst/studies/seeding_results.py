"""What a seeding study found: critical size and theory, in the words of a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.studies.attachment import Attachment, attachment_rate
from zeocryst.studies.critical_size import CONFIDENCE, CriticalSize, bootstrap_interval, critical_size
from zeocryst.studies.enthalpy import CRYSTAL, MELT
from zeocryst.studies.nucleation_theory import ASSUMPTIONS, Measured, Nucleus, theory, zeldovich
from zeocryst.studies.seeding_bulk import Bulk, Force, blindness
from zeocryst.studies.seeding_plan import SeedingPlan
from zeocryst.studies.seeding_runs import (
    GROWN,
    LEAST_FOR_BOUND,
    MELTED,
    SURELY_GROWN,
    SURELY_MELTED,
    UNDECIDED,
    SeedRun,
    first_frames,
    is_near,
    settled,
    sizes_of,
)

Floats = NDArray[np.float64]

#: Draws of the critical size that theory gets.
DRAWS = 4000
#: Points of the logistic curve as it is written.
CURVE = 60
#: What theory gives; None where it is not known.
OF_THEORY = (
    "barrier_kT", "barrier_uncertainty_kT", "barrier_interval_kT", "interfacial_free_energy_mJ_per_m2",
    "zeldovich_factor", "attachment_rate_per_ps", "rate_per_m3_s", "rate_interval_per_m3_s",
    "log10_rate_per_m3_s", "log10_rate_interval_per_m3_s",
)  # fmt: skip

_FINER = "another size, such as largest_solid_sites, may see smaller ones"
#: A size that counts a smaller share of the crystal counts too few T of a nucleus, which is said.
WELL_SEEN = 0.95

UNBOUNDED = "sizes and outcomes do not bound the critical size on both sides: more runs are needed"


def temperature_result(
    plan: SeedingPlan,
    temperature_K: float,
    runs: Sequence[SeedRun],
    bulk: Bulk,
    force: Force,
    *,
    seed: int,
    n_failed: int = 0,
) -> dict[str, Any]:
    """Everything about one temperature, as it stands in the summary.

    Parameters
    ----------
    plan, temperature_K
        The study's.
    runs
        Its seeds.
    bulk
        Crystal and melts.
    force
        The driving force.
    seed
        Of random draws.
    n_failed
        Seeds whose runs failed.
    """
    before, runs = runs, settled(runs)
    count = {kind: sum(run.outcome == kind for run in runs) for kind in (GROWN, MELTED, UNDECIDED)}
    found: dict[str, Any] = {
        "temperature_K": temperature_K, "critical_size": None, "critical_size_interval": None,
        "n_replicas": count[GROWN] + count[MELTED], "n_grown": count[GROWN], "n_melted": count[MELTED],
        "n_undecided": count[UNDECIDED], "n_failed": n_failed, "n_melts": len(bulk.melts),
        **dict.fromkeys(OF_THEORY),
    }  # fmt: skip
    why: dict[str, str] = {}
    notes = _notes_of_runs(plan, before, runs, n_failed)
    decided = [run for run in runs if run.outcome != UNDECIDED]
    reason = blindness(plan, bulk) or _undecidable(plan, decided, runs, found)
    if reason is not None:
        found |= {"why_not": {"critical_size": reason, "barrier_kT": "no critical size"}, "notes": notes}
        return found | {"sentence": f"At {temperature_K:g} K: {reason}."}
    sizes = sizes_of(decided)
    grown = np.array([run.outcome == GROWN for run in decided])
    fit = critical_size(sizes, grown)
    if fit.size < bulk.sight:
        found["critical_size_below"] = bulk.sight
        reason = (
            f"the critical size is below {bulk.sight:.0f} T, and `{plan.size}` does not see nuclei of fewer; "
            f"{_FINER}"
        )
        found |= {"why_not": {"critical_size": reason, "barrier_kT": "no critical size"}, "notes": notes}
        return found | {"sentence": f"At {temperature_K:g} K: {reason}."}
    if bulk.sight:
        notes.append(
            f"Nuclei of fewer than about {bulk.sight:.0f} T are not seen by `{plan.size}`: a seed that was no "
            f"longer seen counts as melted; {_FINER}."
        )
    if bulk.seen_share is not None and bulk.seen_share < WELL_SEEN:
        notes.append(
            f"Of the crystal itself `{plan.size}` counts {100 * bulk.seen_share:.0f} % of the T at "
            f"{temperature_K:g} K: sizes, and the barrier with them, are too small by about as much, and T at "
            f"the surface of a nucleus may be counted even less (critical_planted_T has what was planted)."
        )
    found |= {
        "critical_size": fit.size, "critical_size_interval": [fit.low, fit.high], "confidence": CONFIDENCE,
        "critical_planted_T": _planted(decided, grown), "logistic_slope": fit.slope, "separated": fit.separated,
        "bootstrap_interval": bootstrap_interval(sizes, grown, [r.melt for r in decided]),
    }  # fmt: skip
    notes += _notes(fit, decided, plan)
    at = np.linspace(0.0, 1.15 * float(sizes.max()), CURVE)
    low, high = fit.band(at)
    curve = {"size": at, "share": fit.probability(at), "low": low, "high": high}
    found["curve"] = {key: values.tolist() for key, values in curve.items()}
    found |= _by_theory(plan, fit, runs, bulk, force=force, seed=seed, why=why, notes=notes)
    return found | {"why_not": why, "notes": notes, "sentence": _sentence(temperature_K, found)}


def _notes_of_runs(
    plan: SeedingPlan, before: Sequence[SeedRun], runs: Sequence[SeedRun], n_failed: int
) -> list[str]:
    """What to think of the runs: those that were judged by where they ended, that failed, or are undecided."""
    notes = []
    judged = sum(old.outcome == UNDECIDED != new.outcome for old, new in zip(before, runs, strict=True))
    if judged:
        notes.append(
            f"{judged} of {len(runs)} seeds were going on, or near the critical size, when they were judged "
            f"by where they ended: at {SURELY_GROWN:g} times the critical size and their own first size as "
            f"grown, at {SURELY_MELTED:g} of both as melted, between them by whether they ended clearly larger "
            f"or smaller than they began."
        )
    if n_failed:
        notes.append(
            f"{n_failed} of {len(runs) + n_failed} seeds are left out: their runs failed (see log.txt)."
        )
    undecided = sum(run.outcome == UNDECIDED for run in runs)
    if undecided:
        notes.append(
            f"{undecided} of {len(runs)} seeds neither grew nor melted within {plan.times} times "
            f"{plan.time_ps:g} ps and are left out; a longer time_ps decides them."
        )
    return notes


def _undecidable(
    plan: SeedingPlan, decided: Sequence[SeedRun], runs: Sequence[SeedRun], found: dict[str, Any]
) -> str | None:
    """Why there is no critical size, with the bound that there is; None where there is one."""
    if not decided:
        return (
            f"none of {len(runs)} seeds grew or melted within {plan.times} times {plan.time_ps:g} ps; raise "
            f"time_ps"
        )
    grew = [run for run in decided if run.outcome == GROWN]
    left = len(runs) - len(decided)
    others = f"; {left} of {len(runs)} were undecided, and a longer time_ps may tell" if left else ""
    few = f"; fewer than {LEAST_FOR_BOUND} are too few for a bound" if len(decided) < LEAST_FOR_BOUND else ""
    sizes = sorted(run.size for run in decided)
    if not grew:
        bound = ""
        if not few:  # so many of at least this size melted
            found["critical_size_above"] = sizes[-LEAST_FOR_BOUND]
            bound = f", so the critical size is above {sizes[-LEAST_FOR_BOUND]:.0f} T"
        return (
            f"all {len(decided)} seeds that were decided melted{bound}{few}{others}; plant larger ones "
            f"(radii_A) into a larger melt, or go to a lower temperature"
        )
    if len(grew) == len(decided):
        bound = ""
        if not few:
            found["critical_size_below"] = sizes[LEAST_FOR_BOUND - 1]
            bound = f", so the critical size is below {sizes[LEAST_FOR_BOUND - 1]:.0f} T"
        return (
            f"all {len(decided)} seeds that were decided grew{bound}{few}{others}; plant smaller ones "
            f"(radii_A), or go to a higher temperature"
        )
    if np.ptp(sizes_of(decided)) == 0:
        return "all seeds were counted as the same size; another size may tell them apart"
    return None


def _planted(decided: Sequence[SeedRun], grown: NDArray[np.bool_]) -> float | None:
    """The critical one of the numbers that were planted."""
    planted = np.array([run.planted.n_T for run in decided], dtype=float)
    return critical_size(planted, grown).size if np.ptp(planted) else None


def _notes(fit: CriticalSize, decided: Sequence[SeedRun], plan: SeedingPlan) -> list[str]:
    """What to think of the fit."""
    notes = []
    if fit.separated:
        notes.append(
            "Every seed that melted was smaller than every one that grew: the interval is what lies between "
            "them, and somewhat more; seeds of sizes between would narrow it."
        )
    near = sum(is_near(run, fit.size) for run in decided)
    if near:
        notes.append(
            f"{near} runs ended so near the critical size that they might have turned back; "
            f"a larger melt than {plan.n_T} T, in which seeds can be watched longer, would decide them."
        )
    if fit.low is None or fit.high is None:
        notes.append(f"The interval is open: {UNBOUNDED}.")
    return notes


def _by_theory(
    plan: SeedingPlan, fit: CriticalSize, runs: Sequence[SeedRun], bulk: Bulk, *, force: Force, seed: int,
    why: dict[str, str], notes: list[str],
) -> dict[str, Any]:  # fmt: skip
    """What classical nucleation theory makes of it; `why` and `notes` are told what is missing."""
    measured, words = force
    courses = [(run.time_ps, run.sizes) for run in runs]
    crystal, melt = bulk.density(CRYSTAL), bulk.density(MELT)
    rho = {
        "crystal_T_per_A3": None if crystal is None else crystal.value,
        "melt_T_per_A3": None if melt is None else melt.value,
    }
    z = None if measured is None else float(zeldovich(fit.size, measured.value, bulk.temperature_K))
    attachment = attachment_rate(courses, fit.size, z)
    rate: dict[str, Any] = {}
    if isinstance(attachment, Attachment):
        rate = {
            "attachment_rate_per_ps": attachment.per_ps,
            "attachment_rate_uncertainty_per_ps": attachment.error_per_ps,
            "mean_squared_size": {
                "lag_ps": attachment.lag_ps.tolist(), "variance": attachment.variance.tolist(),
                "fit": attachment.curve(z).tolist(), "n_runs": attachment.n_runs, "diffusive":
                attachment.diffusive, "sentence": attachment.sentence,
            },
        }  # fmt: skip
        if attachment.doubt is not None:
            notes.append(f"{attachment.doubt[0].upper()}{attachment.doubt[1:]}")
    else:
        why["attachment_rate_per_ps"] = attachment
    if measured is None:
        why |= {"barrier_kT": words, "rate_per_m3_s": words}
        return rho | rate
    if crystal is None or melt is None:
        missing = CRYSTAL if crystal is None else MELT
        why["barrier_kT"] = why["rate_per_m3_s"] = f"no density of the {missing} ({bulk.why_not(missing)})"
        return rho | rate
    if fit.low is None or fit.high is None:
        why["barrier_kT"] = why["rate_per_m3_s"] = UNBOUNDED
        return rho | rate | {"driving_force_source": words}
    attached = None
    if not isinstance(attachment, Attachment):
        why["rate_per_m3_s"] = f"no attachment rate: {attachment}"
    elif attachment.doubt is not None:
        why["rate_per_m3_s"] = attachment.doubt
    else:
        attached = Measured(attachment.per_ps, attachment.error_per_ps)
    nucleus = Nucleus(
        bulk.temperature_K, fit.size, fit.draw(DRAWS, np.random.default_rng(seed)), measured, crystal, melt,
        attached,
        {"the melt of this study": plan.n_T / melt.value * 1e-30, f"{plan.volume_m3:g} m^3": plan.volume_m3},
    )  # fmt: skip
    return rho | rate | theory(nucleus, seed) | {"driving_force_source": words}


def _sentence(t: float, found: Mapping[str, Any]) -> str:
    low, high = found["critical_size_interval"]
    ends = f"{'?' if low is None else f'{low:.0f}'} to {'?' if high is None else f'{high:.0f}'}"
    text = f"At {t:g} K a nucleus of {found['critical_size']:.0f} T ({ends}) grows as often as it melts"
    if found["barrier_kT"] is not None:
        text += f"; barrier {found['barrier_kT']:.0f} ± {found['barrier_uncertainty_kT']:.0f} kT"
    if found["log10_rate_per_m3_s"] is not None:
        low, high = found["log10_rate_interval_per_m3_s"]
        text += f", rate 10^{found['log10_rate_per_m3_s']:.0f} (10^{low:.0f} to 10^{high:.0f}) per m^3 and s"
    decided, left = found["n_replicas"], found["n_undecided"]
    runs = f"{decided} of {decided + left} runs, the others undecided" if left else f"{decided} runs"
    separated = "; all that grew were larger than all that melted" if found["separated"] else ""
    return f"{text} ({runs}{separated})."


def summary_of(
    name: str, title: str, plan: SeedingPlan, results: Sequence[dict[str, Any]], bulk: Mapping[float, Bulk]
) -> dict[str, Any]:
    """The content of ``summary.json``."""
    known = [one for one in results if one["critical_size"] is not None]
    why = {
        f"{key} at {one['temperature_K']:g} K": text for one in results for key, text in one["why_not"].items()
    }
    return {
        "name": name, "title": title, "study": "seeding", "framework": plan.framework, "size": plan.size,
        "temperatures": list(results),
        "phases": [phase.record() for one in bulk.values() for phase in one.phases],
        "n_replicas": sum(one["n_replicas"] for one in results),
        "found": bool(known), "why_not": why,
        "sentence": " ".join(one["sentence"] for one in results),
        "assumptions": assumptions(plan, results),
    }  # fmt: skip


def assumptions(plan: SeedingPlan, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that the numbers rest on, in words."""
    sources = list(
        dict.fromkeys(str(one["driving_force_source"]) for one in results if "driving_force_source" in one)
    )
    texts = [
        f"The size of a nucleus is `{plan.size}` of each frame, the mean over the first {first_frames(plan)} "
        f"frames ({plan.interval_ps:g} ps apart) after the seed was let go; "
        f"how many T were planted is told beside it, and is not the size.",
        "A seed grows with a chance that is a logistic curve in the cube root of its size, no flatter than "
        "theory has it for a barrier of one kT; the critical size "
        "is where it is a half, the interval (95 %) is that of the penalized and the plain profile likelihood "
        "together.",
        f"Seeds are spheres of {plan.framework} cut from the perfect crystal, planted into {plan.melts} melts "
        f"in turn and held for {plan.hold_ps:g} ps while the melt around them relaxes.",
        "Each seed stands at a place of its own in a turn of its own, by its seed number; those of one melt "
        "share that melt. The interval takes seeds for independent; the bootstrap beside it draws whole melts, "
        "and needs three of them at least.",
        f"All runs are at constant temperature and pressure ({plan.pressure_bar:g} bar), in a cube that keeps "
        f"its shape, with time steps of {plan.timestep_fs:g} fs.",
        *ASSUMPTIONS,
        *sources,
    ]
    if plan.n_S:
        texts.append(
            f"One composition, {plan.n_T} T and {plan.n_S} S in every melt: a growing crystal takes S out of "
            f"it, and what is left is not the melt that the driving force is for. The driving force of one T "
            f"includes the S that the crystal has for it."
        )
    return texts
