"""Crystal and melts of a seeding study: what they are without a seed, and the driving force between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.studies.driving import DrivingForce, driving_force_of, fit_enthalpy
from zeocryst.studies.enthalpy import CRYSTAL, MELT, Phase, differences, measure_phase
from zeocryst.studies.nucleation_theory import Measured
from zeocryst.studies.points import Done, last_stage
from zeocryst.studies.seeding_plan import SeedingPlan
from zeocryst.studies.seeding_runs import ABOVE_MELT, melted_below, sight_of, size_column
from zeocryst.studies.seeding_sources import of_another, unlike_composition

Floats = NDArray[np.float64]

#: What melts count as nuclei by themselves has to be less than this part of the largest seed.
MOST_OF_LARGEST = 0.5

#: A driving force at a temperature with where it comes from, or why there is none.
Force = tuple[Measured | None, str]


@dataclass(frozen=True)
class Bulk:
    """Crystal and melts of a temperature.

    Attributes
    ----------
    temperature_K : float
    phases : tuple of Phase
        What was measured of each run.
    melts : tuple of Done
        Those into which seeds are planted.
    melt_sizes : (M,) array
        What is counted as a nucleus in them.
    sight : float
        Nuclei of fewer T may not be seen at all by what they are counted by; 0 where it has no such limit.
    seen_share : float or None
        Share of the crystal's T that is counted as one nucleus; None where there is no crystal.
    """

    temperature_K: float
    phases: tuple[Phase, ...]
    melts: tuple[Done, ...]
    melt_sizes: Floats
    sight: float = 0.0
    seen_share: float | None = None

    @classmethod
    def of(
        cls, temperature_K: float, runs: Sequence[tuple[Done, Sequence[Mapping[str, Any]]]], *, column: str,
        pressure_bar: float,
    ) -> Bulk:  # fmt: skip
        """From finished runs and their tables."""
        phases, melts, sizes, sights = [], [], [], [0.0]
        seen = None
        for done, rows in runs:
            kind = CRYSTAL if done.point.facts["kind"] == "crystal" else MELT
            summary = done.summary or {}
            per_t = (summary["n_T"] + summary["n_S"]) / summary["n_T"]
            phase = measure_phase(
                done.point.name, kind, temperature_K, rows, pressure_bar=pressure_bar, beads_per_T=per_t
            )
            phases.append(phase)
            settled_rows = last_stage(rows)
            if kind == CRYSTAL:
                seen = float(size_column(settled_rows, column).mean()) / summary["n_T"]
            if kind == MELT and phase.why_left_out is None:
                melts.append(done)
                sizes.append(size_column(settled_rows, column))
                sights.append(sight_of(settled_rows, column))
        counted = np.concatenate(sizes) if sizes else np.zeros(0)
        return cls(temperature_K, tuple(phases), tuple(melts), counted, max(sights), seen)

    def why_not(self, kind: str) -> str:
        """Why there is no such phase."""
        return "; ".join(
            f"{p.run}: {p.why_left_out}" for p in self.phases if p.phase == kind and p.why_left_out
        )

    def density(self, kind: str) -> Measured | None:
        """Number density of T, per Å^3; the error is the larger of those stated and the spread over runs."""
        good = [p for p in self.phases if p.phase == kind and p.density_T_per_1000A3 is not None]
        if not good:
            return None
        return _mean_of_runs(
            [(p.density_T_per_1000A3 or 0.0) / 1000 for p in good],
            [(p.density_uncertainty or 0.0) / 1000 for p in good],
        )


def pooled(phases: Sequence[Phase]) -> list[Phase]:
    """One melt and one crystal a temperature: the means of several."""
    found = []
    for kind in (CRYSTAL, MELT):
        for t in sorted({p.temperature_K for p in phases}):
            good = [p for p in phases if p.phase == kind and p.temperature_K == t and p.why_left_out is None]
            if not good:
                continue
            h = _mean_of_runs(
                [p.enthalpy_eV_per_T or 0.0 for p in good], [p.uncertainty_eV_per_T or 0.0 for p in good]
            )
            found.append(Phase(good[0].run, kind, t, h.value, h.error))
    return found


def _mean_of_runs(values: Sequence[float], errors: Sequence[float]) -> Measured:
    """The mean; its error is the larger of those that runs state and their spread."""
    n = len(values)
    spread = float(np.std(values, ddof=1)) / n**0.5 if n > 1 else 0.0
    return Measured(float(np.mean(values)), max(float(np.linalg.norm(errors)) / n, spread))


def driving_force(
    plan: SeedingPlan, bulk: Mapping[float, Bulk], known: Mapping[str, Any] | None
) -> Callable[[float], Force]:
    """The driving force at each temperature, from whichever source the study has.

    Parameters
    ----------
    plan
        The study's.
    bulk
        Crystal and melts, also at the melting point where that was given.
    known
        The summary of a melting study.
    """
    if plan.driving_force_eV is not None:
        given = dict(zip(plan.temperatures_K, plan.driving_force_eV, strict=True))
        errors = dict(zip(plan.temperatures_K, plan.driving_force_uncertainty_eV, strict=True))
        words = "The driving force is as given in the study's file"
        words += "." if all(errors.values()) else "; what has no uncertainty there counts as exact."
        return lambda t: (Measured(given[t], errors[t]), words)
    unlike = unlike_composition(plan)
    if unlike is not None and (known is not None or plan.melting_point_K is not None):
        return lambda t: (None, f"no driving force: {unlike}")
    if known is not None:
        force = driving_force_of(known)
        assert force is not None
        remarks = of_another(plan, known)
        return _by(force, f"the melting study {plan.melt}" + (f" ({'; '.join(remarks)})" if remarks else ""))
    if plan.melting_point_K is None:
        why = (
            "no driving force: give melt = the folder of a melting study, melting_point_K (enthalpies are then "
            "measured here), or driving_force_eV in [seeding]"
        )
        return lambda t: (None, why)
    phases = pooled([phase for one in bulk.values() for phase in one.phases])
    t, h, error = differences(phases)
    if not len(t):
        reasons = "; ".join(
            filter(None, (one.why_not(kind) for one in bulk.values() for kind in (CRYSTAL, MELT)))
        )
        return lambda _: (
            None,
            f"no driving force: at no temperature were both enthalpies measured ({reasons})",
        )
    fit = fit_enthalpy(t, h, error)
    force = DrivingForce(plan.melting_point_K, plan.melting_point_uncertainty_K, fit)
    at = ", ".join(f"{one:g}" for one in t)
    exact = "" if plan.melting_point_uncertainty_K else ", which counts as exact,"
    return _by(force, f"the given melting point{exact} and enthalpies measured here at {at} K")


def _by(force: DrivingForce, source: str) -> Callable[[float], Force]:
    def at(temperature_K: float) -> Force:
        """By Gibbs and Helmholtz."""
        value, error = force.at(temperature_K)
        melting = f"{force.melting_point_K:.1f} K"
        words = f"The driving force is by Gibbs and Helmholtz from {source}; the melting point is {melting}."
        if not force.is_measured_at(temperature_K):
            words += f" Enthalpies were not measured all the way from {temperature_K:g} K to it: extrapolated."
        if value <= 0:
            return None, (
                f"{temperature_K:g} K is at or above the melting point ({melting}): the crystal gains "
                f"nothing, and no nucleus is critical; choose lower temperatures"
            )
        return Measured(value, error), words

    return at


def blindness(plan: SeedingPlan, bulk: Bulk) -> str | None:
    """Why no seed can be told from the melt by what nuclei are counted by; None where it can."""
    below, largest = melted_below(plan, bulk.melt_sizes, bulk.sight), plan.balls[-1].n_T
    if below <= MOST_OF_LARGEST * largest:
        return None
    own = float(bulk.melt_sizes.max()) if len(bulk.melt_sizes) else 0.0
    what = (
        f"`{plan.size}` is up to {own:.0f} T in melts without a seed"
        if own * ABOVE_MELT >= below
        else f"`{plan.size}` does not see nuclei of fewer than about {bulk.sight:.0f} T"
    )
    return (
        f"{what}, and the largest seed has {largest} T: they cannot be told apart; count nuclei by another "
        f"size, plant larger seeds (radii_A), or go to a temperature at which the melt is less ordered"
    )
