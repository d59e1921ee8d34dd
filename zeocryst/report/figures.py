"""The figures of a run: curves over time, and pictures of its start, middle and end.

Each is written as PNG and SVG with a CSV of what it shows.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import Beads
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import part
from zeocryst.order.labels import label_sites

if TYPE_CHECKING:
    import gsd.hoomd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour-blind safe (Okabe and Ito): crystalline, amorphous, S, further curves.
CRYSTAL, AMORPHOUS, AGENT = "#0072B2", "#D55E00", "#E69F00"
CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: Frames whose mean pressure is drawn: that of one fluctuates by thousands of bar.
MEAN_OF = 11

Row = dict[str, float]
#: Most T of a frame that are all drawn, and so many of a larger one: more are nothing but a grey square.
MOST_DRAWN_T = 10_000
#: Where a run's frame says in which grain each bead is.
GRAIN = "particles/zeocryst/grain"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # no window system is asked for
    return figure


def save(figure: Figure, folder: Path, name: str, table: Sequence[dict[str, Any]]) -> Path:
    """Write ``name.png`` (300 dpi), ``name.svg``, ``name.pdf`` and ``name.csv``; returns the PNG's path."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.svg")
    figure.savefig(folder / f"{name}.pdf")
    figure.savefig(folder / f"{name}.png", dpi=300)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]) if table else ["empty"])
        writer.writeheader()
        writer.writerows(table)
    return folder / f"{name}.png"


def clean(axis: Axes, ylabel: str) -> None:
    """Label an axis and take away what says nothing."""
    axis.set_ylabel(ylabel)
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.01)


def curves(
    rows: Sequence[Row], stage_starts: Sequence[float], transition_ps: float | None, quenched_share: float
) -> Figure:
    """Order, energy, temperature, density and pressure over time; stages are parted by dotted lines.

    The curves are of the frames as simulated; `quenched_share`, of the last frame once quenched, is a point.
    """
    figure = new_figure(9, 9.6)
    axes = figure.subplots(5, 1, sharex=True)
    time = np.array([row["time_ps"] for row in rows]) / 1000.0

    def plot(axis: Axes, name: str, label: str, colour: str) -> None:
        """One curve with its label."""
        axis.plot(time, [row[name] for row in rows], color=colour, label=label, lw=1.6)

    plot(axes[0], "crystalline_share", "crystalline (as simulated)", CURVES[0])
    axes[0].plot(
        time[-1:], [quenched_share], "o", color=CURVES[0], ms=6, label="last frame, quenched", clip_on=False
    )
    if "mean_crystallinity" in rows[0]:
        axes[0].plot(
            time, [row["mean_crystallinity"] for row in rows], color=CURVES[0], lw=1.0, ls=":",
            label="mean crystallinity (graded)",
        )  # fmt: skip
    plot(axes[0], "q4_share", "four-coordinated (Q4)", CURVES[2])
    plot(axes[0], "tetrahedral_order", "tetrahedral order q", CURVES[3])
    axes[0].set_ylim(-0.03, 1.03)
    clean(axes[0], "share of T")
    plot(axes[1], "energy_eV_per_bead", "energy", CURVES[6])
    clean(axes[1], "energy (eV/bead)")
    plot(axes[2], "temperature_K", "temperature", CURVES[1])
    clean(axes[2], "temperature (K)")
    plot(axes[3], "density_T_per_1000A3", "density", CURVES[0])
    clean(axes[3], "T per 1000 Å$^3$")
    pressure = np.array([row.get("pressure_bar", np.nan) for row in rows]) / 1000
    stages = np.array([row["stage"] for row in rows])
    axes[4].plot(time, pressure, ".", color="0.75", ms=3, label="frames")
    axes[4].plot(
        time, running_mean(pressure, stages), color=CURVES[4], lw=1.6, label=f"mean of {MEAN_OF} frames"
    )
    axes[4].legend(frameon=False, ncols=2, fontsize=8, loc="upper right", bbox_to_anchor=(1.0, 1.25))
    clean(axes[4], "pressure (kbar)")
    axes[4].set_xlabel("time (ns)")
    for axis in axes:
        for start in stage_starts:
            axis.axvline(start / 1000.0, color="0.6", lw=0.8, ls=":")
        if transition_ps is not None:
            axis.axvline(transition_ps / 1000.0, color="0.3", lw=1.0, ls="--")
    # above the axes: curves go through every corner
    axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, ncols=3, fontsize=9)
    return figure


def running_mean(values: NDArray, stages: NDArray, of: int = MEAN_OF) -> NDArray:
    """Mean of the values around each, within its stage; of the frames there are where it begins and ends."""
    found = np.full(len(values), np.nan)
    for stage in np.unique(stages):
        mine = np.flatnonzero(stages == stage)
        for k, place in enumerate(mine):
            found[place] = np.nanmean(values[mine[max(0, k - of // 2) : k + of // 2 + 1]])
    return found


def rings(rows: Sequence[Row]) -> Figure:
    """Primitive rings per T over time, by size."""
    figure = new_figure(9, 3.2)
    axis = figure.subplots()
    time = np.array([row["time_ps"] for row in rows]) / 1000.0
    for n, colour in zip(range(3, 9), CURVES, strict=False):
        axis.plot(time, [row[f"rings{n}_per_T"] for row in rows], color=colour, label=f"{n}-rings", lw=1.5)
    clean(axis, "rings per T")
    axis.set_xlabel("time (ns)")
    axis.legend(frameon=False, ncols=6, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, 1.18))
    return figure


def pictures(frames: Sequence[tuple[str, gsd.hoomd.Frame]]) -> tuple[Figure, list[dict[str, Any]]]:
    """The T network of several frames, side by side to one scale, along the first one's shortest axis.

    Its longest axis is to the right. Of a frame of more than `MOST_DRAWN_T` T a slice is drawn, from the middle
    of the axis along which one looks, that has about so many.
    """
    from matplotlib.lines import Line2D

    figure = new_figure(12, 4.9)
    axes = np.atleast_1d(figure.subplots(1, len(frames), sharex=True, sharey=True))
    table: list[dict[str, Any]] = []
    lengths = np.linalg.norm(Beads.of(frames[0][1]).cell, axis=1)
    right, up, depth = (int(k) for k in np.argsort(-lengths, kind="stable"))
    for axis, (title, frame) in zip(axes, frames, strict=True):
        network, sites = network_of_frame(frame)
        place = np.delete(Beads.of(frame).positions, sites, axis=0)
        number = np.arange(network.n_sites)
        if network.n_sites > MOST_DRAWN_T:
            grain, number = _grains(frame, network, sites), np.flatnonzero(_slice(network, depth))
            place = place[_within(place, network, depth)]
            network, grain = part(network, _slice(network, depth)), grain[number]
        else:
            grain = label_sites(network).grain
        _draw(axis, network, grain, (right, up, depth))
        axis.scatter(
            place[:, right], place[:, up], s=110, facecolor=AGENT, edgecolor="white", alpha=0.55, zorder=1.5
        )
        axis.set_title(title, fontsize=11, loc="left")
        axis.set_aspect("equal")
        axis.set_axis_off()
        for site, (x, y, z), mine in zip(number.tolist(), network.positions, grain.tolist(), strict=True):
            table.append(
                {"picture": title, "T": site, "x_A": round(x, 4), "y_A": round(y, 4), "z_A": round(z, 4),
                 "grain": mine}
            )  # fmt: skip
    left, low = axes[0].get_xlim()[0], axes[0].get_ylim()[0]
    axes[0].plot([left, left + 10], [low - 1] * 2, color="black", lw=2)
    axes[0].text(left + 5, low - 2, "10 Å", ha="center", va="top", fontsize=9)
    marks = [
        Line2D([], [], color=CRYSTAL, marker="o", lw=2, label="crystalline T"),
        Line2D([], [], color=AMORPHOUS, marker="o", lw=2, label="amorphous T"),
        Line2D([], [], color=AGENT, marker="o", lw=0, ms=10, alpha=0.6, label="S"),
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=3, frameon=False)
    return figure, table


def _within(positions: NDArray, network: Network, depth: int) -> NDArray[np.bool_]:
    """Which positions are in the slice of a network that is drawn, (N,) bool: in the middle of its cell."""
    place = (positions @ np.linalg.inv(network.cell))[:, depth] % 1.0
    return np.asarray(np.abs(place - 0.5) < MOST_DRAWN_T / network.n_sites / 2)


def _slice(network: Network, depth: int) -> NDArray[np.bool_]:
    """Sites in the slice that is drawn, (N,) bool."""
    return _within(network.positions, network, depth)


def _grains(frame: gsd.hoomd.Frame, network: Network, sites: NDArray) -> NDArray:
    """Grains of the sites: as the run has logged them, where it has."""
    logged = frame.log.get(GRAIN)
    return label_sites(network).grain if logged is None else np.asarray(logged)[sites]


def network_picture(network: Network) -> Figure:
    """A T network along the shortest axis of its cell, the longest to the right; crystalline T are blue."""
    figure = new_figure(4.5, 4.5)
    axis = figure.subplots()
    right, up, depth = (int(k) for k in np.argsort(-np.linalg.norm(network.cell, axis=1), kind="stable"))
    _draw(axis, network, label_sites(network).grain, (right, up, depth))
    axis.set_aspect("equal")
    axis.set_axis_off()
    return figure


def _draw(axis: Axes, network: Network, grain: NDArray, order: tuple[int, int, int]) -> None:
    """Bonds and sites, the nearer ones darker and on top."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgb

    right, up, depth = order
    positions, vectors = network.positions, network.vectors
    first, second = network.first, network.second
    colours = np.where((grain >= 0)[:, None], to_rgb(CRYSTAL), to_rgb(AMORPHOUS))
    z = positions[:, depth]
    near = (z - z.min()) / max(float(np.ptp(z)), 1e-9)
    fade = (0.25 + 0.75 * near)[:, None]
    shade = 1 - fade * (1 - colours)
    begin = positions[first][:, [right, up]]
    end = begin + vectors[:, [right, up]]
    both = ((grain[first] >= 0) & (grain[second] >= 0))[:, None]
    bond = np.where(both, shade[first], 1 - fade[first] * (1 - np.array(to_rgb(AMORPHOUS))))
    back = np.argsort(near[first])
    axis.add_collection(
        LineCollection(list(np.stack([begin, end], 1)[back]), colors=bond[back], linewidths=1.3)
    )
    axis.scatter(positions[:, right], positions[:, up], s=9, c=shade, zorder=2)
    axis.autoscale_view()
