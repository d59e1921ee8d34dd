"""The report of a level of particles: how they aggregated, and by which potential."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import box_to_cell
from zeocryst.files.records import read_json
from zeocryst.files.trajectory import BEAD_PREFIX, read_frame
from zeocryst.report import figures
from zeocryst.report.page import facts, image, page, table
from zeocryst.report.run import read_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Columns without which nothing can be drawn.
COLUMNS = {"step", "time_ps", "n_aggregates", "largest_aggregate_particles", "largest_aggregate_T"}
#: Most particles that are drawn; of more, a slab about the middle of the box.
MOST_DRAWN = 3000

WHAT_IT_MEANS = """<p class="note">A bead is a whole nanoparticle. Two are in contact, and belong to one
aggregate, where their surfaces are nearer than stated in <code>zeocryst.order.particles</code>. The potential
is DLVO's: van der Waals attraction by Hamaker, screened repulsion of charged surfaces, and what stands at
contact (<code>zeocryst.model.dlvo</code> has the equations and their sources). The solvent is a friction for
each particle: aggregates are freely draining, and diffuse more slowly than with hydrodynamic interactions.
Particles neither merge nor dissolve, and their charge does not follow the pH.</p>"""


def write_report(folder: Path, summary: dict[str, Any] | None = None) -> Path:
    """Write ``report.html`` and ``figures/`` of a run of particles; returns the page's path."""
    summary = read_json(folder / "summary.json") if summary is None else summary
    rows = read_rows(folder / "order_parameters.csv", COLUMNS)
    place = folder / "figures"
    names = (
        "time_ps",
        "n_aggregates",
        "largest_aggregate_particles",
        "largest_aggregate_T",
        "contacts_per_particle",
    )
    curves = figures.save(_curves(rows), place, "aggregation", [{n: row[n] for n in names} for row in rows])
    drawn, sites = _picture(folder)
    picture = figures.save(drawn, place, "particles", sites)
    limited, halved = summary["diffusion_limited_half_time_ps"], summary["half_time"]
    potential = summary["potential"]
    lines = [
        ("nanoparticles; T and S in them", f"{summary['n_particles']}; {summary['n_T']}, {summary['n_S']}"),
        ("number of aggregates halved", halved["sentence"]),
        ("the same by diffusion alone, each contact sticking (Smoluchowski)", f"{limited:.4g} ps"),
        ("stability ratio of two median particles (Fuchs)", f"{potential['stability_ratio']:.4g}"),
        ("second virial coefficient of these (Å^3)", _virial(potential)),
        ("energy at contact (eV), at a distance of centres of (Å)",
         f"{potential['at_contact_eV']:.4g}, {potential['contact_A']:.4g}"),
        *((("contact well", _capped(potential)),) if potential["well_eV"] else ()),
        *((("barrier (eV)", f"{potential['barrier_eV']:.4g}"),) if potential["barrier_eV"] else ()),
        ("time", f"{summary['time_ps']:g} ps in {summary['steps']} steps"),
        ("speed", f"{summary['steps_per_s']:.0f} steps/s"),
        ("engine", "{name} {version}, {device}, {threads} threads".format(**summary["engine"])),
        ("interruptions", len(summary["interruptions"]) or "none"),
    ]  # fmt: skip
    shown = [name for name in summary["end"] if name not in ("step", "stage", "time_ps", "temperature_K")]
    first, last = summary["start"], summary["end"]
    changes = table(["", "start", "end"], [[name.replace("_", " "), first[name], last[name]] for name in shown])
    condition = (folder / "condition.toml").read_text("utf-8")
    sections = [
        ("Result", facts(lines) + changes + WHAT_IT_MEANS),
        (
            "Over time",
            image(curves, "Aggregates, a particle without contacts being one, and the largest of them."),
        ),
        (
            "At the end",
            image(picture, "Particles along an axis of the box, by aggregate; nearer ones are darker."),
        ),
        ("How it was made", f"<pre>{escape(condition)}</pre>"),
    ]
    path = folder / "report.html"
    title = f"{summary['condition']}: the level of particles, seed {summary['seed']}"
    path.write_text(page(title, "particles", summary["sentence"], sections), "utf-8")
    return path


def _virial(potential: dict[str, Any]) -> str:
    """The second virial coefficient; a contact that never breaks has one that is no number."""
    value = potential["second_virial_A3"]
    return "below every number: they never part" if value is None else f"{value:.4g}"


def _capped(potential: dict[str, Any]) -> str:
    """Depth of the well, and whether it is the most that engines get."""
    most = potential["deepest_well_eV"]
    limit = f", the most that engines get ({most:.3g} eV)" if potential["well_eV"] >= most * (1 - 1e-9) else ""
    return f"{potential['well_eV']:.4g} eV{limit}"


def _curves(rows: list[dict[str, float]]) -> Figure:
    """Number of aggregates, and the largest, over time."""
    figure = figures.new_figure(9, 5)
    axes = figure.subplots(2, 1, sharex=True)
    times = np.array([row["time_ps"] for row in rows]) / 1000
    named = {"n_aggregates": "aggregates", "largest_aggregate_particles": "particles of the largest"}
    for axis, (name, label) in zip(axes, named.items(), strict=True):
        axis.plot(times, [row[name] for row in rows])
        axis.set_ylim(bottom=0)
        figures.clean(axis, label)
    axes[1].set_xlabel("time (ns)")
    return figure


def _picture(folder: Path) -> tuple[Figure, list[dict[str, float]]]:
    """The particles of the last frame as discs of their size; a slab where there are very many."""
    from matplotlib import colormaps
    from matplotlib.collections import EllipseCollection

    frame = read_frame(folder / "trajectory.gsd")
    place = np.asarray(frame.particles.position, float)
    size = np.asarray(frame.particles.diameter, float)
    aggregate = np.asarray(frame.log[BEAD_PREFIX + "aggregate"])
    side = box_to_cell(np.asarray(frame.configuration.box)).diagonal()
    deep = place[:, 2]
    thick = side[2] * min(1.0, MOST_DRAWN / len(place))
    chosen = np.flatnonzero(np.abs(deep) <= thick / 2)
    chosen = chosen[np.argsort(deep[chosen])]
    figure = figures.new_figure(6.5, 6.5)
    axes = figure.subplots()
    colours = colormaps["tab20"](aggregate[chosen] % 20)
    colours[:, 3] = 0.35 + 0.65 * (deep[chosen] + thick / 2) / max(thick, 1e-9)
    axes.add_collection(
        EllipseCollection(
            size[chosen], size[chosen], np.zeros(len(chosen)), units="xy", offsets=place[chosen, :2],
            transOffset=axes.transData, facecolors=colours, edgecolors="black", linewidths=0.3,
        )
    )  # fmt: skip
    axes.set_xlim(-side[0] / 2, side[0] / 2)
    axes.set_ylim(-side[1] / 2, side[1] / 2)
    axes.set_aspect("equal")
    axes.set_xlabel("x (Å)")
    axes.set_ylabel("y (Å)")
    if len(chosen) < len(place):
        axes.set_title(f"{len(chosen)} of {len(place)} particles: a slab of {thick:.0f} Å about the middle")
    rows = [
        {"x_A": float(place[k, 0]), "y_A": float(place[k, 1]), "z_A": float(deep[k]),
         "diameter_A": float(size[k]), "aggregate": int(aggregate[k])}
        for k in chosen
    ]  # fmt: skip
    return figure, rows
