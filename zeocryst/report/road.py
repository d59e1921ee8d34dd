"""The road from amorphous to crystal in atoms: back-mapped frames side by side, as figures and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.report.figures import CURVES, clean, new_figure, save
from zeocryst.report.page import image, number, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]
Row = Mapping[str, Any]

#: Panels: axis, and the columns drawn in it with their names.
PANELS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("energy above quartz\n(kJ/mol SiO$_2$)", (("above_quartz_kJ_per_mol", "energy"),)),
    ("Si-O-Si (°)", (("si_o_si_mean_deg", "mean, with standard deviation"),)),
    ("share of Si", tuple((f"q{n}_share", f"Q{n}") for n in range(4, -1, -1))),
    ("rings per T", tuple((f"rings{n}_per_T", f"{n}-rings") for n in range(3, 9))),
    ("silanols per T", (("silanols_per_T", "silanols"),)),
    (
        "share of bonds kept\nin atoms",
        (("bonds_given_out_kept", "bonds given out"), ("bonds_of_run_kept", "the run's own bonds")),
    ),
)
#: Columns of the table: name, heading on the page, heading in a terminal, format.
TABLE = (
    ("frame", "frame", "frame", "{:d}"),
    ("time_ps", "time, ps", "ps", "{:g}"),
    ("largest_grain_sites", "largest grain, T", "grain", "{:.0f}"),
    ("above_quartz_kJ_per_mol", "above quartz, kJ/mol SiO2", "kJ/mol", "{:.2f}"),
    ("bonds_of_run_kept", "bonds kept, the run's own", "kept", "{:.3f}"),
    ("q4_share", "Q4", "Q4", "{:.3f}"),
    ("silanols_per_T", "silanols per T", "SiOH/T", "{:.3f}"),
    ("si_o_si_mean_deg", "Si-O-Si, °", "Si-O-Si", "{:.1f}"),
    ("rings5_per_T", "5-rings per T", "5-rings", "{:.2f}"),
    ("shift_29Si_mean_ppm", "29Si of Q4, ppm", "29Si", "{:.1f}"),
    ("bonds_given_out_kept", "bonds kept, given out", "given", "{:.3f}"),
    ("label", "why", "why", "{}"),
)
#: What is told of a simulation from a frame, as it ended.
DYNAMICS = (
    ("time_ps", "ps"), ("temperature_K", "K"), ("bonds_lost", "bonds lost"), ("bonds_gained", "bonds gained"),
    ("protons_lost", "protons lost"), ("q4_share", "Q4"), ("t_o_mean_A", "T-O, Å"),
    ("t_o_t_mean_deg", "T-O-T, °"), ("t_o_t_std_deg", "its standard deviation, °"),
)  # fmt: skip
#: Width of a terminal, and of it the most that the reason for a frame takes.
TERMINAL, WHY = 80, 19
NOTES = """<p class="note">All of the atoms as they ended: refined where they were refined, else as the
geometry was solved (rings and Q<sub>n</sub> of the latter are the T network's, angles the solver's).
<b>Bonds kept</b>: share of the bonds T-T of the coarse-grained frame that a bridging O joins in the atoms, once
of the bonds that were given out (after the quench), once of those of the frame as it was simulated (hot). 29Si
shifts of Q4 by Thomas et al. (1983), patterns with Cu K<sub>α1</sub>, of the framework alone (without guests
and cations, Si on every T). Energies per SiO<sub>2</sub>, relative
to α-quartz by the same method.</p>"""


def road_sections(folder: Path, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The section about the road (heading, HTML), with its figures in ``figures/``; none without one."""
    found = summary.get("road")
    if not found:
        return []
    entries, rows, place = [*summary["frames"], summary], found["rows"], folder / "figures"
    shown = [image(save(curves(rows), place, "road", rows), "Along the way, over time and over the size of the "
                   "largest grain.")]  # fmt: skip
    for name, key, words in (
        ("road_shifts", "shift_29Si_ppm", "29Si shifts of the Q4 of each frame, that the angles imply."),
        ("road_angles", "si_o_si_deg", "Si-O-Si angles of each frame."),
        ("road_patterns", "pattern", "Powder patterns (Cu Kα1), each to its own highest point."),
    ):
        lines = [(_name(entry), _curve(entry, key)) for entry in entries]
        known = [(label, curve) for label, curve in lines if curve is not None]
        if known:
            axis = {"shift_29Si_ppm": "shift (ppm)", "si_o_si_deg": "angle (°)", "pattern": "2θ (°)"}[key]
            drawn = stacked(known, axis, turned=key == "shift_29Si_ppm")
            shown.append(image(save(drawn, place, name, _points(known, axis)), words))
    said = f"<p>{escape(found['sentence'])}</p>" if found["sentence"] else ""
    return [("The road in atoms", said + _table(rows) + _missing(entries) + "".join(shown)
             + _dynamics(entries) + NOTES)]  # fmt: skip


def in_terminal(found: Mapping[str, Any]) -> str:
    """The road as a table of at most 80 columns, and how its frames were chosen."""
    rows = found["rows"]
    columns = [column for column in TABLE if column[0] in rows[0]]
    lines = [[short for _, _, short, _ in columns]]
    lines += [[_text(row[name], form)[: WHY if name == "label" else None] for name, _, _, form in columns]
              for row in rows]  # fmt: skip
    widths = [max(len(line[k]) for line in lines) for k in range(len(columns))]
    while sum(widths) + 2 * len(widths) - 2 > TERMINAL and len(widths) > 4:
        # what stands farthest to the right says least, but for why a frame was chosen
        drop = len(widths) - 2
        widths.pop(drop)
        for line in lines:
            line.pop(drop)
    text = [
        "  ".join(word.rjust(w) for word, w in zip(line[:-1], widths[:-1], strict=True)) + f"  {line[-1]}"
        for line in lines
    ]
    return "\n".join([*(line.rstrip() for line in text), *filter(None, [found["sentence"]])])


def _text(value: Any, form: str) -> str:
    return "–" if value is None else form.format(value)


def curves(rows: Sequence[Row]) -> Figure:
    """What changes along the way, over time (or frames) and over the largest grain."""
    panels = [(label, [c for c in columns if c[0] in rows[0]]) for label, columns in PANELS]
    panels = [(label, columns) for label, columns in panels if columns]
    timed = all(row.get("time_ps") is not None for row in rows)
    ways = [("time_ps", "time (ns)", 1000.0) if timed else ("frame", "frame", 1.0)]
    if all(row.get("largest_grain_sites") is not None for row in rows):
        ways.append(("largest_grain_sites", "largest grain (T)", 1.0))
    figure = new_figure(5.2 * len(ways), 1.75 * len(panels) + 0.6)
    axes = figure.subplots(len(panels), len(ways), sharey="row", sharex="col", squeeze=False)
    for line, (label, columns) in zip(axes, panels, strict=True):
        for axis, (name, _, unit) in zip(line, ways, strict=True):
            _panel(axis, rows, [float(row[name]) / unit for row in rows], columns)
            clean(axis, label if axis is line[0] else "")
            axis.margins(x=0.04)
        if len(columns) > 1 or columns[0][0] == "si_o_si_mean_deg":
            line[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    for axis, (_, words, _) in zip(axes[-1], ways, strict=True):
        axis.set_xlabel(words)
    return figure


def _panel(axis: Axes, rows: Sequence[Row], x: Sequence[float], columns: Sequence[tuple[str, str]]) -> None:
    """One quantity, or several, over one of the ways along the road."""
    order = np.argsort(x, kind="stable")
    for (name, words), colour in zip(columns, CURVES, strict=False):
        values = np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=float)
        place = np.asarray(x)[order]
        axis.plot(place, values[order], "o-", color=colour, label=words, lw=1.2, ms=4)
        if name == "si_o_si_mean_deg":
            spread = np.array([row["si_o_si_std_deg"] or np.nan for row in rows], dtype=float)[order]
            axis.fill_between(place, values[order] - spread, values[order] + spread, color=colour, alpha=0.15)


def stacked(lines: Sequence[tuple[str, tuple[np.ndarray, np.ndarray]]], label: str, *, turned: bool) -> Figure:
    """Curves one above the other, each to its own highest point, the first at the bottom."""
    from matplotlib import colormaps

    figure = new_figure(8, 0.9 + 0.62 * len(lines))
    axis = figure.subplots()
    for k, (name, (x, y)) in enumerate(lines):
        colour = colormaps["viridis"](0.85 * (1 - k / max(len(lines) - 1, 1)))
        height = np.asarray(y) / max(float(np.max(y)), 1e-12)
        axis.fill_between(x, k, k + 0.9 * height, color=colour, alpha=0.25, lw=0)
        axis.plot(x, k + 0.9 * height, color=colour, lw=1.1)
        axis.annotate(
            name, (1.0, k + 0.15), xycoords=("axes fraction", "data"), fontsize=9, xytext=(6, 0),
            textcoords="offset points",
        )  # fmt: skip
    ends = min(float(x[0]) for _, (x, _) in lines), max(float(x[-1]) for _, (x, _) in lines)
    axis.set_xlim(*(reversed(ends) if turned else ends))  # shifts as spectra are drawn
    axis.set_yticks([])
    axis.set_xlabel(label)
    axis.spines[["top", "right", "left"]].set_visible(False)
    return figure


def _curve(entry: Entry, key: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Points of a pattern or of a histogram; None where there is nothing."""
    found = (entry.get("along") or {}).get(key)
    if key == "shift_29Si_ppm" and not found:  # with heteroatoms, which shift their neighbours' lines
        found = (entry.get("aluminium") or {}).get(key)
    if not found:
        return None
    if key == "pattern":
        y = np.array(found["intensity"])
        return found["two_theta_from_deg"] + found["step_deg"] * np.arange(len(y)), y
    kept = found.get("histogram") or {"from": 0.0, "width": 1.0, "counts": []}
    y = np.array(kept["counts"], dtype=float)
    return (kept["from"] + kept["width"] * (np.arange(len(y)) + 0.5), y) if y.sum() else None


def _points(lines: Sequence[tuple[str, tuple[np.ndarray, np.ndarray]]], label: str) -> list[dict[str, Any]]:
    return [
        {"frame": name, label: round(float(a), 4), "value": float(b)}
        for name, (x, y) in lines
        for a, b in zip(x, y, strict=True)
    ]


def _name(entry: Entry) -> str:
    """A frame in a figure."""
    time = entry.get("time_ps")
    return f"frame {entry['frame']}" + ("" if time is None else f", {time / 1000:.3g} ns")


def _table(rows: Sequence[Row]) -> str:
    """What the frames are, one a line."""
    columns = [column for column in TABLE if column[0] in rows[0]]
    body = [[_text(row[name], form) for name, _, _, form in columns] for row in rows]
    return table([heading for _, heading, _, _ in columns], body)


def _missing(entries: Sequence[Entry]) -> str:
    """Why frames that were refined have no energy relative to quartz, each reason once."""
    reasons: dict[str, list[str]] = {}
    for entry in entries:
        refined = entry.get("refined") or {}
        if refined and refined.get("above_quartz_kJ_per_mol") is None:
            reasons.setdefault(str(refined.get("reference", "")), []).append(str(entry["frame"]))
        if entry.get("failed"):
            reasons.setdefault(f"failed: {entry['failed'].get('message', '')}", []).append(str(entry["frame"]))
    lines = [
        f"<li>No energy above quartz of frame {', '.join(frames)}: {escape(words.removeprefix('none: '))}.</li>"
        for words, frames in reasons.items()
    ]
    return f'<ul class="note">{"".join(lines)}</ul>' if lines else ""


def _dynamics(entries: Sequence[Entry]) -> str:
    """What the short simulations from the frames ended as."""
    found = [(entry["frame"], (entry.get("refined") or {}).get("dynamics")) for entry in entries]
    known = [(frame, told) for frame, told in found if isinstance(told, Mapping)]
    if not known:
        return ""
    columns = [
        (name, words) for name, words in DYNAMICS if any(told.get(name) is not None for _, told in known)
    ]
    body = [[frame, *(number(told.get(name)) for name, _ in columns)] for frame, told in known]
    heading = "<h3>After a short atomistic simulation from each</h3>"
    return heading + table(["frame", *(words for _, words in columns)], body)
