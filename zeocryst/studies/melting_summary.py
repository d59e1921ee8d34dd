"""What a melting study amounts to: melting point, growth rates, enthalpies, driving force; what is assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from zeocryst.studies.crossing import AT_LEAST, CERTAINTY, COUNTED, Crossing
from zeocryst.studies.driving import DrivingForce, driving_force_of, fit_enthalpy, record_of
from zeocryst.studies.enthalpy import CRYSTAL, MELT, differences, heat_capacity
from zeocryst.studies.fronts import (
    FAILED,
    GREW,
    SHRANK,
    UNSTABLE,
    FrontRun,
    bracket,
    censored_temperatures,
    mean_speeds,
    sign_of,
)
from zeocryst.studies.melting import Melting, measured
from zeocryst.studies.melting_plan import WIDTH
from zeocryst.studies.scales import Scales
from zeocryst.studies.timestep import Kinetic, kinetic_ratio, melting_shift
from zeocryst.units import KJ_PER_MOL_PER_EV

#: Temperatures at which the driving force is told, in units of the melting point.
DRIVEN_AT = np.linspace(0.80, 1.04, 13)
#: Standard errors on each side of an interval.
SIDES = NormalDist().inv_cdf((1 + CERTAINTY) / 2)
#: Faces agree on the melting point where chance alone parts them so far in more cases than this.
AGREE = 0.01


def summarize(melting: Melting) -> dict[str, Any]:
    """The summary of a melting study."""
    study, fits = melting.study, melting.fits()
    rows = [row for face in melting.plan.faces for row in mean_speeds(melting.shown(face), fits[face])]
    faces = {face: _face(melting, face, fits[face]) for face in melting.plan.faces}
    why_not: dict[str, str] = {}
    point, error, ends = _together(faces, why_not)
    told = [run for run in melting.runs if run.speed_A_per_ns is not None]
    heat = _heat(melting, point, error, why_not)
    shift = _shift(melting, point, heat, why_not)
    summary: dict[str, Any] = {
        "name": study.name,
        "title": study.title,
        "command": "zeocryst melt",
        "seed": study.seed,
        "forcefield": melting.trial.forcefield,
        "framework": melting.trial.system.framework,
        "pressure_bar": melting.plan.pressure_bar,
        "timestep_fs": melting.plan.timestep_fs,
        "S_per_T": melting.cell.count("S") / melting.cell.count("T"),
        **_corrected(point, error, ends, shift),
        "n_replicas": melting.plan.replicas,
        "n_runs": len(melting.runs),
        "n_speeds": len(told),
        "bracket_K": list(bracket(rows)),
        "front_speeds": rows,
        "fit": faces,
        "runs": [run.record() for run in melting.runs],
        **heat,
    }
    summary["kinetics"] = _kinetics(melting, summary, fits)
    summary["sentence"] = _sentence(summary, why_not)
    summary["assumptions"] = _assumptions(melting)
    summary["why_not"] = why_not
    return summary


def _face(melting: Melting, face: str, found: Crossing | None) -> dict[str, Any]:
    """The regression of one face, and why it gives no melting point."""
    runs = melting.shown(face)
    rows = mean_speeds(runs, found)
    counted = measured(melting.counted(face))
    record: dict[str, Any] = {"repeat": list(melting.plan.repeats[face]), "bracket_K": list(bracket(rows))}
    if found is not None:
        record |= {
            "melting_point_K": found.melting_point_K,
            "uncertainty_K": found.uncertainty_K,
            "interval_K": list(found.interval_K),
            "slope_A_per_ns_K": found.slope,
            "slope_uncertainty_A_per_ns_K": found.slope_uncertainty,
            "power": found.power,
            "diffusion_A2_per_ns": found.diffusion,
            "errors_from": found.errors_from,
            "chi_square": found.chi_square,
            "degrees_of_freedom": found.freedom,
            "chi_square_probability": _probability(found.chi_square, found.freedom),
            "centre_K": found.centre_K,
            "coefficients": found.coefficients.tolist(),
            "covariance": found.covariance.tolist(),
            "activation_K": found.activation_K,
            "activation_uncertainty_K": found.activation_uncertainty_K,
            "curve": _curve(found, [run.temperature_K for run in counted]),
            "n_runs": len(counted),
        }
    why = _why_not(melting, runs, rows, found)
    record["why_not"] = why
    if why is not None:
        record |= {"melting_point_K": None, "uncertainty_K": None, "interval_K": [None, None]}
    return record


def _curve(found: Crossing, temperatures_K: Sequence[float]) -> list[dict[str, float]]:
    """The fitted speeds where they are fitted."""
    t = np.linspace(min(temperatures_K), max(temperatures_K), 41)
    v, e = found.speed(t)
    return [
        {"temperature_K": a, "speed_A_per_ns": b, "uncertainty_A_per_ns": c}
        for a, b, c in zip(t.tolist(), v.tolist(), e.tolist(), strict=True)
    ]


def _probability(chi_square: float, freedom: int) -> float | None:
    """With which chance alone makes as large a chi-square; None without freedom, or without stated errors."""
    from scipy.stats import chi2

    return float(chi2.sf(chi_square, freedom)) if freedom and np.isfinite(chi_square) else None


def _why_not(
    melting: Melting, runs: Sequence[FrontRun], rows: Sequence[Mapping[str, Any]], found: Crossing | None
) -> str | None:
    """Why a face gives no melting point; None where it does."""
    if all(run.outcome == FAILED for run in runs):
        return f"all {len(runs)} runs failed: {runs[0].note}" if runs else "nothing was run"
    signs = {sign_of([row]) for row in rows}
    temperatures = [row["temperature_K"] for row in rows]
    coldest, hottest = f"{min(temperatures):g} K", f"{max(temperatures):g} K"
    if signs == {SHRANK}:
        unstable = [run.temperature_K for run in runs if run.note and run.note.startswith(UNSTABLE)]
        if min(temperatures) in unstable:
            return (
                f"{_what(melting)} is no stable crystal of this model: already at {coldest} it is gone before "
                f"anything is melted; take lower temperatures, other S in its cages, or another model"
            )
        return (
            f"{_what(melting)} melts at every temperature: its melting point is below {coldest}; take lower "
            "temperatures (temperatures_K or search_K)"
        )
    if signs == {GREW}:
        return (
            f"{_what(melting)} grows at every temperature: its melting point is above {hottest}; take higher "
            "temperatures (temperatures_K or search_K)"
        )
    fast = sorted(censored_temperatures(runs))
    if fast and (found is None or found.melting_point_K is None):
        few = "speeds are known at fewer than two other temperatures" if found is None else found.why_not
        return (
            f"at {', '.join(f'{t:g}' for t in fast)} K runs ended before the speed of their fronts could be "
            f"measured, and {few}; take temperatures nearer to the melting point, or a longer box (length_A)"
        )
    if found is None:
        notes = sorted({run.note for run in runs if run.note})
        return "front speeds are known at fewer than two temperatures" + (f": {notes[0]}" if notes else "")
    return found.why_not


def _what(melting: Melting) -> str:
    """The crystal, in a word."""
    return melting.trial.system.framework or "the crystal"


def _together(
    faces: Mapping[str, Mapping[str, Any]], why_not: dict[str, str]
) -> tuple[float | None, float | None, list[float | None]]:
    """Melting point, error and interval of all faces: their mean, weighted, where they agree."""
    from scipy.stats import chi2

    known = {face: found for face, found in faces.items() if found.get("melting_point_K") is not None}
    if not known:
        reasons = [f"face {face}: {found['why_not']}" for face, found in faces.items()]
        why_not["melting_point_K"] = (
            "; ".join(reasons) if len(reasons) > 1 else str(faces[next(iter(faces))]["why_not"])
        )
        return None, None, [None, None]
    if len(known) == 1:
        [(only, one)] = known.items()
        if len(faces) > 1:
            reasons = [f"face {face}: {found['why_not']}" for face, found in faces.items() if face != only]
            why_not["melting_point_K_of_other_faces"] = f"that of face {only} is told; " + "; ".join(reasons)
        return one["melting_point_K"], one["uncertainty_K"], list(one["interval_K"])
    t, e = (np.array([found[key] for found in known.values()]) for key in ("melting_point_K", "uncertainty_K"))
    mean = float((t / e**2).sum() / (1 / e**2).sum())
    error = float((1 / e**2).sum() ** -0.5)
    miss = float(((t - mean) ** 2 / e**2).sum())
    if chi2.sf(miss, len(t) - 1) < AGREE:
        said = ", ".join(f"{face} {x:.1f} ± {s:.1f} K" for face, x, s in zip(known, t, e, strict=True))
        why_not["melting_point_K"] = (
            f"the faces do not agree ({said}): there is one melting point, so some fronts are held up (a facet "
            "that grows layer by layer) or a box is too small; longer runs of the faces that are slow"
        )
        return None, None, [None, None]
    far = SIDES * error
    return mean, error, [mean - far, mean + far]


def _heat(
    melting: Melting, point: float | None, error: float | None, why_not: dict[str, str]
) -> dict[str, Any]:
    """Enthalpies, densities, heat capacities and the driving force."""
    phases, found = melting.phases, dict[str, Any]()
    n_t, n_s = _composition(melting)
    found["phases"] = [one.record() for one in phases]
    found["heat_capacity_kB_per_T"] = {}
    for phase in (CRYSTAL, MELT):
        c = heat_capacity(phases, phase, 1 + n_s / n_t)
        found["heat_capacity_kB_per_T"][phase] = None if c is None else {"value": c[0], "uncertainty": c[1]}
    t, h, e = differences(phases)
    reason = _no_heat(melting, len(t), point)
    if reason is not None or point is None or error is None:
        why_not["enthalpy_of_melting_eV_per_T"] = why_not["driving_force"] = str(reason)
        return found | _heat_record(None, None) | {"driving_force": None}
    enthalpy = fit_enthalpy(t, h, e)
    value, own = enthalpy.at(point)
    # the melting point itself is not certain
    step = max(1e-3, error)
    slope = (enthalpy.at(point + step)[0] - enthalpy.at(point - step)[0]) / (2 * step)
    force = record_of(DrivingForce(point, error, enthalpy), np.round(DRIVEN_AT * point, 2))
    return found | _heat_record(value, float(np.hypot(own, slope * error))) | {"driving_force": force}


def _shift(
    melting: Melting, point: float | None, heat: Mapping[str, Any], why_not: dict[str, str]
) -> tuple[float, float, str] | None:
    """What a finite time step makes the melting point too low by, its error, and what the thermostat holds."""
    if point is None:
        return None
    n_t, n_s = _composition(melting)
    enthalpy = heat["enthalpy_of_melting_eV_per_T"]
    known: dict[str, list[float]] = {CRYSTAL: [], MELT: []}
    for one in melting.phases:
        if one.why_left_out is None and one.squared_frequency_per_ps2 is not None:
            known[one.phase].append(one.squared_frequency_per_ps2)
    step = melting.plan.timestep_fs
    if enthalpy and all(known.values()):
        crystal, melt = (float(np.mean(known[phase])) for phase in (CRYSTAL, MELT))
        per_t, kinetic = 1 + n_s / n_t, _kinetic(melting, (crystal + melt) / 2)
        shift = melting_shift(point, step, (crystal, melt), enthalpy / per_t, kinetic)
        return *shift, kinetic.holds
    both = [value for value in melting.frequencies if value is not None]
    both += [value for values in known.values() for value in values]
    if not both:
        why_not["time_step_shift_K"] = "no forces of the runs are known"
        return None
    # half of the box is crystal: the mean is known, how much stiffer the crystal is isn't
    mean = float(np.mean(both))
    kinetic = _kinetic(melting, mean)
    moved, error = melting_shift(point, step, (mean, mean), 1.0, kinetic)
    return moved, 2 * error, kinetic.holds


def _kinetic(melting: Melting, squared_frequency: float) -> Kinetic:
    """How hot the beads of its runs are."""
    square = squared_frequency * (melting.plan.timestep_fs / 1000) ** 2
    return kinetic_ratio(melting.ratios, square)


def _corrected(
    point: float | None,
    error: float | None,
    ends: Sequence[float | None],
    shift: tuple[float, float, str] | None,
) -> dict[str, Any]:
    """The melting point for infinitely short steps, and as simulated."""
    found: dict[str, Any] = {
        "melting_point_K": point,
        "uncertainty_K": error,
        "interval_K": list(ends),
        "time_step_shift_K": None if shift is None else shift[0],
        "time_step_shift_uncertainty_K": None if shift is None else shift[1],
        "thermostat_holds": None if shift is None else shift[2],
        "as_simulated": {"melting_point_K": point, "uncertainty_K": error, "interval_K": list(ends)},
    }
    if point is not None and error is not None and shift is not None:
        moved, unsure, _ = shift
        far = SIDES * unsure
        low, high = (
            None if end is None else point + moved + side * float(np.hypot(end - point, far))
            for end, side in zip(ends, (-1, 1), strict=True)
        )
        found |= {
            "melting_point_K": point + moved,
            "uncertainty_K": float(np.hypot(error, unsure)),
            "interval_K": [low, high],
        }
    return found


def _heat_record(value: float | None, error: float | None) -> dict[str, float | None]:
    """Enthalpy of melting at the melting point, in both units."""
    return {
        "enthalpy_of_melting_eV_per_T": value,
        "enthalpy_of_melting_uncertainty_eV_per_T": error,
        "enthalpy_of_melting_kJ_per_mol": None if value is None else value * KJ_PER_MOL_PER_EV,
        "enthalpy_of_melting_uncertainty_kJ_per_mol": None if error is None else error * KJ_PER_MOL_PER_EV,
    }


def _no_heat(melting: Melting, pairs: int, point: float | None) -> str | None:
    """Why nothing is said of the enthalpy of melting."""
    if not melting.plan.enthalpy:
        return "enthalpies were not asked for (enthalpy = false)"
    if point is None:
        return "there is no melting point"
    if not pairs:
        left = [f"{one.run}: {one.why_left_out}" for one in melting.phases if one.why_left_out]
        return "at no temperature are both crystal and melt what they should be; " + "; ".join(left)
    return None


def _composition(melting: Melting) -> tuple[int, int]:
    """T and S of the first box of fronts."""
    times = int(np.prod(melting.plan.repeats[melting.plan.faces[0]]))
    return times * melting.cell.count("T"), times * melting.cell.count("S")


def _kinetics(
    melting: Melting, summary: Mapping[str, Any], fits: Mapping[str, Crossing | None]
) -> dict[str, Any]:
    """Fits of v = K (1 - exp(-dmu / kT)) to all speeds of a face, also far from the melting point.

    The law of Wilson and Frenkel for a front that grows anywhere, K the speed of attachment alone (taken for
    constant): where chi-square refuses it, growth is by steps, or attachment changes with the temperature.
    """
    force = driving_force_of(summary)
    found: dict[str, Any] = {}
    for face in melting.plan.faces:
        runs = measured([run for run in melting.runs if run.face == face])
        fit = fits[face]
        if force is None or fit is None or len(runs) < 2:
            continue
        x = np.array([1 - np.exp(-force.at_in_kT(run.temperature_K)[0]) for run in runs])
        v = np.array([run.speed_A_per_ns for run in runs])
        w = np.array([run.time_ns for run in runs]) / fit.diffusion
        k = float((w * x) @ v / ((w * x) @ x))
        chi_square = float(w @ (v - k * x) ** 2)
        found[face] = {
            "law": "v = K (1 - exp(-dmu / kT))",
            "K_A_per_ns": k,
            "K_uncertainty_A_per_ns": float(((w * x) @ x) ** -0.5),
            "chi_square": chi_square,
            "degrees_of_freedom": len(runs) - 1,
            "chi_square_probability": _probability(chi_square, len(runs) - 1),
            "from_K": min(run.temperature_K for run in runs),
            "to_K": max(run.temperature_K for run in runs),
        }
    return found


def _sentence(summary: Mapping[str, Any], why_not: Mapping[str, str]) -> str:
    """The answer in a line of a terminal."""
    from zeocryst.report.studies import interval, with_error

    what = summary["framework"] or summary["name"]
    if summary["melting_point_K"] is None:
        low, high = summary["bracket_K"]
        between = "" if low is None or high is None else f" (between {low:g} and {high:g} K)"
        return f"{what}: no melting point{between}: {why_not['melting_point_K']}"
    point = with_error(summary["melting_point_K"], summary["uncertainty_K"], "K")
    low, high = summary["interval_K"]
    heat = ""
    if summary["enthalpy_of_melting_kJ_per_mol"] is not None:
        heat = "; dH " + with_error(
            summary["enthalpy_of_melting_kJ_per_mol"],
            summary["enthalpy_of_melting_uncertainty_kJ_per_mol"],
            "kJ/mol",
        )
    return f"{what} melts at {point} (95 %: {interval(low, high)}){heat}"


def _assumptions(melting: Melting) -> list[str]:
    """Everything that the numbers rest on."""
    plan = melting.plan
    n_t, n_s = _composition(melting)
    scales = Scales.of(melting.trial.read_forcefield())
    said = [
        f"Model {melting.trial.forcefield}, {plan.pressure_bar:g} bar, time steps of {plan.timestep_fs:g} fs.",
        "In steps that are not infinitely short beads are not as hot as the thermostat says: hotter where it "
        "looks at velocities at whole steps, a little colder where at those at half steps; which it is the "
        "kinetic temperatures of the runs tell (thermostat_holds). The stiffer phase is less stable. The "
        "melting point is corrected for both to second order (time_step_shift_K, from the forces in the runs; "
        "as_simulated is without it). All other temperatures, those of the driving force too, are the "
        "thermostat's at this time step.",
        "Crystal and melt are in one box; half of it was melted at "
        f"{plan.hot_K:g} K while the other half was held, and cooled to the temperature of the run.",
        "The edges of the box follow the pressure one by one, along the fronts too, so that the crystal is not "
        "strained.",
        "Where a run came to its end before its speed could be measured, no mean speed is told at its "
        "temperature, and none is fitted: the others are the slow ones.",
        "Speeds are the mean of the two fronts of each run; positive is growth. A front is a random walk with "
        "drift: runs are weighted by how long their fronts were followed, errors come from "
        "their scatter within temperatures (from what single runs state where there are few), and the "
        "interval is Fieller's, with 95 % certainty.",
        "The fitted curve is a driving force linear in the temperature times an activated mobility (Wilson and "
        "Frenkel), a line where there are few runs. Only temperatures within "
        f"{100 * COUNTED:g} % of the zero count, and the nearest {AT_LEAST} on each side.",
        "What is crystalline is told by the surroundings of each T (zeocryst.order.labels). A mislabelled rim "
        "moves both fronts alike, and no speed.",
        "Melting points of small boxes are shifted by an amount that is not corrected: compare two widths "
        f"(width_A; {plan.width_A:g} Å is {plan.width_A / scales.length_A:.1f} sigma, default {WIDTH:g}).",
        "Growth by steps on a facet is not linear in the driving force: near the melting point such a face "
        "stands still, and its interval is wide.",
        "The thermostat keeps the temperature of the whole box; the front's own latent heat is "
        "taken up without delay, as it would not be in a large crystal.",
    ]
    if n_s:
        per = n_t / n_s
        said.append(
            f"Composition is held at one S for {per:.4g} T ({n_s} S, {n_t} T), that of the crystal with its S: "
            "the melting point is that of a melt of this composition, in which S can't leave or enter."
        )
    if plan.temperatures_K is None:
        said.append("The study found its temperatures itself; runs of its search count where they are near.")
    if plan.enthalpy:
        said += [
            "Enthalpies are those of crystal and melt at constant pressure, without their kinetic part, which "
            "is the same in both; crystals above and melts below the melting point are metastable, and count "
            "only where they were what they are called in every frame.",
            "The driving force is that of Gibbs and Helmholtz, from the melting point and the enthalpies; "
            "beyond the temperatures of these it is extrapolated, and says so.",
        ]
    return said
