"""The report of a melting study: speeds of fronts against temperature, enthalpies, driving force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zeocryst.report.figures import AMORPHOUS, CRYSTAL, CURVES, clean, new_figure, save
from zeocryst.report.page import facts, image, percent, table
from zeocryst.report.studies import interval, runs_table, study_page, with_error

Summary = Mapping[str, Any]

RUN_COLUMNS = {
    "face": "face", "temperature_K": "K", "replica": "replica", "outcome": "outcome",
    "speed_A_per_ns": "Å/ns", "uncertainty_A_per_ns": "±", "time_ns": "ns followed",
    "share_start": "share, start", "share_end": "end", "note": "",
}  # fmt: skip
PHASE_COLUMNS = {
    "phase": "phase", "temperature_K": "K", "enthalpy_eV_per_T": "enthalpy (eV/T)",
    "uncertainty_eV_per_T": "±", "density_T_per_1000A3": "T per 1000 Å³", "density_uncertainty": "±",
    "why_left_out": "left out",
}  # fmt: skip
SPEEDS = (
    "Speed of the fronts, the mean of two in each run (dots; bars are the errors that runs state), and of all "
    "runs at a temperature (rings). Line and band: the regression and its standard error. Shaded: the interval "
    "of the melting point as simulated, 95 %. Positive is growth."
)
HEAT = (
    "Enthalpy (without the motion of the beads) and density of crystal and melt; errors are smaller than the "
    "marks where no bars are seen."
)
FORCE = (
    "Driving force of crystallization, the chemical potential of a T in the melt less that in the crystal, by "
    "Gibbs and Helmholtz, with its standard error; dashed where enthalpies were not measured."
)


def write_melting(folder: Path, summary: Summary) -> Path:
    """Write ``report.html`` and its figures for a melting study; returns the page's path."""
    figures = folder / "figures"
    sections = [("Melting point", facts(_facts(summary)))]
    if any(run["speed_A_per_ns"] is not None for run in summary["runs"]):
        sections.append(
            ("Speed of the fronts", image(_speeds(figures, summary), SPEEDS) + _speed_table(summary))
        )
    if any(one["enthalpy_eV_per_T"] is not None for one in summary["phases"]):
        sections.append(
            ("Enthalpy and density", image(_phases(figures, summary), HEAT) + _phase_table(summary))
        )
    elif summary["phases"]:
        sections.append(("Enthalpy and density", _phase_table(summary)))
    if summary["driving_force"]:
        sections.append(("Driving force", image(_force(figures, summary), FORCE) + _force_table(summary)))
    sections.append(("Runs", runs_table([_named(run) for run in summary["runs"]], RUN_COLUMNS)))
    return study_page(folder, summary, sections, found=summary["melting_point_K"] is not None)


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "name": row["run"]}


def _facts(summary: Summary) -> list[tuple[str, Any]]:
    """The answer and what it rests on."""
    low, high = summary["interval_K"]
    rows: list[tuple[str, Any]] = [
        ("melting point", with_error(summary["melting_point_K"], summary["uncertainty_K"], "K")),
    ]
    if summary["melting_point_K"] is not None:
        rows.append(("interval, 95 %", interval(low, high, "K")))
        plain = summary["as_simulated"]
        rows.append(("as simulated", with_error(plain["melting_point_K"], plain["uncertainty_K"], "K")))
        moved, unsure = summary["time_step_shift_K"], summary["time_step_shift_uncertainty_K"]
        rows.append(("correction for the time step", with_error(moved, unsure, "K")))
    growing, melting = summary["bracket_K"]
    rows += [
        ("highest temperature at which it surely grows", "none" if growing is None else f"{growing:g} K"),
        ("lowest at which it surely melts", "none" if melting is None else f"{melting:g} K"),
        ("runs, of which speeds are known", f"{summary['n_runs']}, {summary['n_speeds']}"),
        (
            "enthalpy of melting",
            with_error(
                summary["enthalpy_of_melting_kJ_per_mol"],
                summary["enthalpy_of_melting_uncertainty_kJ_per_mol"],
                "kJ per mol of T",
            ),
        ),
    ]
    for phase, c in summary["heat_capacity_kB_per_T"].items():
        if c:
            rows.append((f"heat capacity, {phase}", with_error(c["value"], c["uncertainty"], "k per T")))
    for face, fit in summary["fit"].items():
        if "slope_A_per_ns_K" in fit:
            rows += _fit_facts(face, fit)
    for face, law in summary["kinetics"].items():
        chance = law["chi_square_probability"]
        rows.append(
            (
                f"face {face}: K of {law['law']}, {law['from_K']:g} to {law['to_K']:g} K",
                with_error(law["K_A_per_ns"], law["K_uncertainty_A_per_ns"], "Å/ns")
                + f"; chi-square {law['chi_square']:.1f} with {law['degrees_of_freedom']} degrees of freedom, "
                f"by chance in {percent(chance)} of all cases",
            )
        )
    return rows


def _fit_facts(face: str, fit: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The regression of a face."""
    chance = fit["chi_square_probability"]
    told = "" if chance is None else f", by chance in {percent(chance)} of all cases"
    return [
        (f"face {face}: melting point", with_error(fit["melting_point_K"], fit["uncertainty_K"], "K")),
        (
            f"face {face}: change of the speed",
            with_error(fit["slope_A_per_ns_K"], fit["slope_uncertainty_A_per_ns_K"], "Å/ns/K")
            + (", a line" if fit["power"] == 1 else ", times an activated mobility"),
        ),
        (
            f"face {face}: chi-square of the errors that runs state",
            f"{fit['chi_square']:.1f} with {fit['degrees_of_freedom']} degrees of freedom{told}"
            if np.isfinite(fit["chi_square"])
            else "none: they state none",
        ),
        (f"face {face}: errors are from", fit["errors_from"]),
    ]


def _speeds(folder: Path, summary: Summary) -> Path:
    """The figure of speeds against temperature."""
    figure = new_figure(9, 4.6)
    axis = figure.subplots()
    for (face, fit), colour in zip(summary["fit"].items(), CURVES, strict=False):
        rows = [r for r in summary["front_speeds"] if r["face"] == face and r["speed_A_per_ns"] is not None]
        known = {r["temperature_K"] for r in rows}
        # those of the search that are far away would make the rest a dot
        runs = [r for r in summary["runs"] if r["face"] == face and r["temperature_K"] in known]
        runs = [r for r in runs if r["speed_A_per_ns"] is not None]
        t, v, e = (
            np.array([r[key] for r in runs])
            for key in ("temperature_K", "speed_A_per_ns", "uncertainty_A_per_ns")
        )
        axis.errorbar(t, v, e, fmt="o", ms=3, lw=0.7, color=colour, alpha=0.45)
        axis.errorbar(
            [r["temperature_K"] for r in rows], [r["speed_A_per_ns"] for r in rows],
            [r["uncertainty_A_per_ns"] for r in rows], fmt="o", ms=8, mfc="none", color=colour, lw=1.4,
            label=f"face {face}",
        )  # fmt: skip
        if "slope_A_per_ns_K" in fit and rows:
            x, line, error = (
                np.array([point[key] for point in fit["curve"]])
                for key in ("temperature_K", "speed_A_per_ns", "uncertainty_A_per_ns")
            )
            axis.plot(x, line, color=colour, lw=1.4)
            axis.fill_between(x, line - error, line + error, color=colour, alpha=0.15, lw=0)
    plain = summary["as_simulated"]
    if None not in plain["interval_K"]:
        axis.axvspan(*plain["interval_K"], color="0.5", alpha=0.15, lw=0)
        axis.axvline(plain["melting_point_K"], color="0.3", lw=0.9, ls="--")
    axis.axhline(0, color="0.6", lw=0.8)
    clean(axis, "speed (Å/ns)")
    axis.set_xlabel("temperature (K)")
    axis.margins(0.04)
    if len(summary["fit"]) > 1:
        axis.legend(frameon=False)
    return save(figure, folder, "front_speeds", [dict(row) for row in summary["front_speeds"]])


def _speed_table(summary: Summary) -> str:
    rows = [
        [
            row["face"], row["temperature_K"], with_error(row["speed_A_per_ns"], row["uncertainty_A_per_ns"]),
            row["n_replicas"], row["deviation_A_per_ns"], row["one_run_A_per_ns"],
            f"{row['n_grew']}, {row['n_melted']}",
        ]
        for row in summary["front_speeds"]
    ]  # fmt: skip
    return table(
        ["face", "K", "speed (Å/ns)", "runs", "their deviation", "error of one, by itself", "grew, melted"],
        rows,
    )


def _phases(folder: Path, summary: Summary) -> Path:
    """The figure of enthalpies and densities."""
    figure = new_figure(9, 3.8)
    axes = figure.subplots(1, 2)
    drawn = [one for one in summary["phases"] if one["enthalpy_eV_per_T"] is not None]
    for phase, colour in (("crystal", CRYSTAL), ("melt", AMORPHOUS)):
        here = [one for one in drawn if one["phase"] == phase]
        t = [one["temperature_K"] for one in here]
        for axis, key, error in (
            (axes[0], "enthalpy_eV_per_T", "uncertainty_eV_per_T"),
            (axes[1], "density_T_per_1000A3", "density_uncertainty"),
        ):
            axis.errorbar(
                t,
                [o[key] for o in here],
                [o[error] for o in here],
                fmt="o-",
                ms=4,
                lw=1.2,
                color=colour,
                label=phase,
            )
    clean(axes[0], "enthalpy (eV/T)")
    clean(axes[1], "T per 1000 Å$^3$")
    for axis in axes:
        axis.set_xlabel("temperature (K)")
        axis.margins(0.05)
    axes[0].legend(frameon=False)
    return save(figure, folder, "phases", [dict(one) for one in summary["phases"]])


def _phase_table(summary: Summary) -> str:
    return runs_table([_named(one) for one in summary["phases"]], PHASE_COLUMNS)


def _force(folder: Path, summary: Summary) -> Path:
    """The figure of the driving force."""
    figure = new_figure(9, 3.6)
    axis = figure.subplots()
    rows: Sequence[Mapping[str, Any]] = summary["driving_force"]["table"]
    t, value, error = (
        np.array([row[key] for row in rows]) for key in ("temperature_K", "eV_per_T", "uncertainty_eV_per_T")
    )
    axis.fill_between(t, 1000 * (value - error), 1000 * (value + error), color=CRYSTAL, alpha=0.15, lw=0)
    measured = np.array([not row["extrapolated"] for row in rows])
    axis.plot(t, 1000 * value, color=CRYSTAL, lw=1.0, ls="--")
    axis.plot(t, np.where(measured, 1000 * value, np.nan), color=CRYSTAL, lw=1.8)
    axis.axhline(0, color="0.6", lw=0.8)
    clean(axis, "driving force (meV/T)")
    axis.set_xlabel("temperature (K)")
    return save(figure, folder, "driving_force", [dict(row) for row in rows])


def _force_table(summary: Summary) -> str:
    rows = [
        [
            row["temperature_K"], with_error(1000 * row["eV_per_T"], 1000 * row["uncertainty_eV_per_T"]),
            row["kT"], "extrapolated" if row["extrapolated"] else "",
        ]
        for row in summary["driving_force"]["table"]
    ]  # fmt: skip
    return table(["K", "meV per T", "kT", ""], rows)
