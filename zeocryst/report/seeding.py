"""The report of a seeding study: outcomes against size, how sizes went on, their wandering, and the theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.report.figures import AMORPHOUS, CRYSTAL, clean, new_figure, save
from zeocryst.report.page import image, number, table
from zeocryst.report.studies import interval, runs_table, sentences, study_page, with_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour of a run by what became of it.
COLOURS = {"grown": CRYSTAL, "melted": AMORPHOUS, "undecided": "0.55"}
#: Where the dots of an outcome lie, as a share that grew, and by how much those of different melts are apart.
PLACES, APART = {"grown": 1.0, "melted": 0.0, "undecided": 0.5}, 0.015

Runs = Sequence[Mapping[str, Any]]


def write_seeding(folder: Path, summary: Mapping[str, Any], runs: Runs) -> Path:
    """Write figures and ``report.html``; returns its path.

    Parameters
    ----------
    folder
        Of the study.
    summary
        Its summary.
    runs
        One entry a seed: ``name``, ``temperature_K``, ``melt``, ``planted_T``, ``size``, ``outcome``,
        ``watched_ps``, ``size_at_end``, ``time_ps`` and ``sizes``.
    """
    results = summary["temperatures"]
    figures = folder / "figures"
    sections = [("Results", _results(results))]
    notes = [f"{one['temperature_K']:g} K: {note}" for one in results for note in one["notes"]]
    if notes:
        sections.append(("What to think of it", sentences(notes)))
    drawn = image(save(_outcomes(results, runs), figures, "outcomes", _outcome_rows(runs)), _OUTCOMES)
    sections.append(("Grown or melted", drawn))
    drawn = image(save(_fans(results, runs), figures, "sizes", course_rows(runs)), _SIZES)
    sections.append(("How sizes went on", drawn))
    spread = [one for one in results if one.get("mean_squared_size")]
    if spread:
        path = save(_wandering(spread), figures, "wandering", _wander_rows(spread))
        words = sentences(
            [f"{one['temperature_K']:g} K: {one['mean_squared_size']['sentence']}" for one in spread]
        )
        sections.append(("Attachment rate", image(path, _WANDERING) + words))
    rated = [one for one in results if one["barrier_kT"] is not None]
    if len(rated) > 1:
        path = save(_by_temperature(rated), figures, "theory", _theory_rows(rated))
        sections.append(("Against temperature", image(path, _THEORY)))
    columns = {
        "temperature_K": "K", "melt": "melt", "planted_T": "T planted", "size": "size", "outcome": "outcome",
        "watched_ps": "watched, ps", "size_at_end": "size at the end",
    }  # fmt: skip
    sections.append(("Seeds", runs_table(runs, columns)))
    return study_page(folder, summary, sections, found=bool(summary["found"]))


_OUTCOMES = (
    "Each dot is a seed, at its size once it was let go; the curve is the logistic regression, the band all "
    "curves that the data allow (95 %), the line the critical size."
)
_SIZES = "Sizes over time since the seeds were let go (blue: grown, orange: melted, grey: undecided)."
_WANDERING = (
    "Variance of the change of size near the critical size, and the fit from which the attachment rate is."
)
_THEORY = (
    "Critical size, interfacial free energy, barrier and rate against temperature; bars are 95 % intervals."
)


def _results(results: Sequence[Mapping[str, Any]]) -> str:
    """A table with a column for each temperature."""

    def line(name: str, show: Any) -> list[Any]:
        """A row: what `show` makes of each temperature."""
        return [name, *(show(one) for one in results)]

    def ends(one: Mapping[str, Any], key: str, digits: int = 3) -> str:
        """The interval of that key."""
        found = one.get(key)
        return "–" if found is None else interval(found[0], found[1], digits=digits)

    def waits(one: Mapping[str, Any]) -> str:
        """Waiting times, each with what it is for."""
        return "; ".join(
            f"{wait['for']}: 10^{wait['log10_seconds']:.1f} s" for wait in one.get("waiting_times") or ()
        ) or "–"  # fmt: skip

    rows = [
        line("critical size, T", lambda one: number(one["critical_size"], 3)),
        line("interval (95 %)", lambda one: ends(one, "critical_size_interval")),
        line("interval by bootstrap over runs", lambda one: ends(one, "bootstrap_interval")),
        line("planted number at it, T", lambda one: number(one.get("critical_planted_T"), 3)),
        line("seeds grown, melted, undecided", _outcomes_in_words),
        line("driving force, meV per T", lambda one: with_error(
            _times(one.get("driving_force_eV_per_T"), 1e3),
            _times(one.get("driving_force_uncertainty_eV_per_T"), 1e3))),
        line("driving force, kT", lambda one: number(one.get("driving_force_kT"), 3)),
        line("interfacial free energy, mJ/m²", lambda one: number(one["interfacial_free_energy_mJ_per_m2"], 3)),
        line("its interval", lambda one: ends(one, "interfacial_free_energy_interval_mJ_per_m2")),
        line("barrier, kT", lambda one: with_error(one["barrier_kT"], one["barrier_uncertainty_kT"])),
        line("Zeldovich factor", lambda one: number(one["zeldovich_factor"], 3)),
        line("attachment rate, 1/ps", _attachment),
        line("rate, log10 of 1/(m³ s)", lambda one: number(one["log10_rate_per_m3_s"], 3)),
        line("its interval", lambda one: ends(one, "log10_rate_interval_per_m3_s")),
        line("waiting time", waits),
    ]  # fmt: skip
    return table(["", *(f"{one['temperature_K']:g} K" for one in results)], rows)


def _outcomes_in_words(one: Mapping[str, Any]) -> str:
    return f"{one['n_grown']}, {one['n_melted']}, {one['n_undecided']}"


def _attachment(one: Mapping[str, Any]) -> str:
    """The rate; a doubtful one is said to be that, and no rate of nucleation rests on it."""
    rate = with_error(one["attachment_rate_per_ps"], one.get("attachment_rate_uncertainty_per_ps"))
    spread = one.get("mean_squared_size")
    return rate if spread is None or spread["diffusive"] else f"{rate} (doubtful)"


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _panels(count: int, height: float) -> tuple[Figure, Any]:
    figure = new_figure(9, 0.6 + height * count)
    return figure, np.atleast_1d(figure.subplots(count, 1))


def _outcomes(results: Sequence[Mapping[str, Any]], runs: Runs) -> Figure:
    figure, axes = _panels(len(results), 2.6)
    for axis, one in zip(axes, results, strict=True):
        for run in _of(runs, one):
            place = PLACES[run["outcome"]]
            off = APART * (run["melt"] - 1) * (-1 if place else 1)
            axis.plot(run["size"], place + off, "o", color=COLOURS[run["outcome"]], ms=5, alpha=0.8, mec="none")
        curve = one.get("curve")
        if curve:
            axis.plot(curve["size"], curve["share"], color="0.2", lw=1.4)
            axis.fill_between(curve["size"], curve["low"], curve["high"], color="0.2", alpha=0.12, lw=0)
            axis.axvline(one["critical_size"], color="0.2", lw=0.8, ls="--")
        axis.set_xlabel("size (T)")
        clean(axis, f"share grown, {one['temperature_K']:g} K")
    return figure


def _fans(results: Sequence[Mapping[str, Any]], runs: Runs) -> Figure:
    figure, axes = _panels(len(results), 2.8)
    for axis, one in zip(axes, results, strict=True):
        draw_courses(axis, _of(runs, one))
        if one["critical_size"] is not None:
            axis.axhline(one["critical_size"], color="0.2", lw=0.8, ls="--")
        axis.set_xlabel("time since it was let go (ps)")
        clean(axis, f"size (T), {one['temperature_K']:g} K")
    return figure


def draw_courses(axis: Axes, runs: Runs) -> None:
    """Sizes over time, a line a run, by what became of it."""
    for run in runs:
        axis.plot(run["time_ps"], run["sizes"], color=COLOURS[run["outcome"]], lw=0.9, alpha=0.8)
    axis.set_yscale("symlog", linthresh=20)


def _wandering(results: Sequence[Mapping[str, Any]]) -> Figure:
    figure, axes = _panels(len(results), 2.4)
    for axis, one in zip(axes, results, strict=True):
        spread = one["mean_squared_size"]
        axis.plot(spread["lag_ps"], spread["variance"], "o", color=CRYSTAL, ms=4)
        axis.plot(spread["lag_ps"], spread["fit"], color="0.2", lw=1.2)
        axis.set_xlabel("lag (ps)")
        clean(axis, f"variance (T$^2$), {one['temperature_K']:g} K")
    return figure


def _by_temperature(results: Sequence[Mapping[str, Any]]) -> Figure:
    figure = new_figure(9, 6.4)
    axes = figure.subplots(2, 2, sharex=True).ravel()
    t = np.array([one["temperature_K"] for one in results])
    shown = (
        ("critical_size", "critical_size_interval", "critical size (T)"),
        ("interfacial_free_energy_mJ_per_m2", "interfacial_free_energy_interval_mJ_per_m2", "γ (mJ/m²)"),
        ("barrier_kT", "barrier_interval_kT", "barrier (kT)"),
        ("log10_rate_per_m3_s", "log10_rate_interval_per_m3_s", "log$_{10}$ rate (1/(m³ s))"),
    )
    for axis, (key, ends, label) in zip(axes, shown, strict=True):
        for x, one in zip(t, results, strict=True):
            if one[key] is None:
                continue
            low, high = (one[key] if end is None else end for end in one[ends])
            axis.plot([x, x], [low, high], color=CRYSTAL, lw=1.4)
            axis.plot(x, one[key], "o", color=CRYSTAL, ms=5)
        clean(axis, label)
    for axis in axes[2:]:
        axis.set_xlabel("temperature (K)")
    return figure


def _of(runs: Runs, one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [run for run in runs if run["temperature_K"] == one["temperature_K"]]


def _outcome_rows(runs: Runs) -> list[dict[str, Any]]:
    keys = ("name", "temperature_K", "melt", "planted_T", "size", "outcome", "watched_ps")
    return [{key: run[key] for key in keys} for run in runs]


def course_rows(runs: Runs) -> list[dict[str, Any]]:
    """What `draw_courses` draws, a row a frame."""
    return [
        {"name": run["name"], "time_ps": t, "size": n}
        for run in runs
        for t, n in zip(run["time_ps"], run["sizes"], strict=True)
    ]


def _wander_rows(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"temperature_K": one["temperature_K"], "lag_ps": lag, "variance": v, "fit": f}
        for one in results
        for lag, v, f in zip(*(one["mean_squared_size"][k] for k in ("lag_ps", "variance", "fit")), strict=True)
    ]


def _theory_rows(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    keys = (
        "temperature_K",
        "critical_size",
        "interfacial_free_energy_mJ_per_m2",
        "barrier_kT",
        "log10_rate_per_m3_s",
    )
    return [{key: one[key] for key in keys} for one in results]
