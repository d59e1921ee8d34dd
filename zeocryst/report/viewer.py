"""Beads and atoms in three dimensions, turned with the mouse and played through time, in the report's one file.

k3d (https://k3d-jupyter.org) draws by WebGL; its JavaScript lies in its wheel, and goes into the page with the
data, so that nothing is fetched. Where a browser has no WebGL the still picture beside it stays.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network

#: Most sites that are drawn; of more, a slab about the middle.
MOST_SITES = 5000
#: Bytes of coordinates of all frames together, and most frames.
MOST_BYTES, MOST_FRAMES = 3_000_000, 40
#: Bytes of a site in a frame: its own position and colours, two bonds from end to end.
BYTES_PER_SITE = 72

Floats = NDArray[np.float64]
Colours = NDArray[np.uint32]


@dataclass(frozen=True)
class Balls:
    """Spheres of one kind: what is drawn of one frame.

    Attributes
    ----------
    positions : (n, 3) array
        Å.
    colours : dict
        Name of a colouring to (n,) colours, 0xRRGGBB.
    """

    positions: Floats
    colours: Mapping[str, Colours]


@dataclass(frozen=True)
class Layer:
    """What can be shown or hidden together, through time.

    Attributes
    ----------
    name : str
    size_A : float
        Diameter of its spheres.
    balls : sequence of Balls
        One for each frame, or a single one that stays.
    shown : bool
        Whether it is shown at first.
    """

    name: str
    size_A: float
    balls: Sequence[Balls]
    shown: bool = True


@dataclass(frozen=True)
class Sticks:
    """Bonds or edges: segments from (n, 3) to (n, 3), Å, for each frame, or once."""

    name: str
    width_A: float
    colour: int
    segments: Sequence[tuple[Floats, Floats]]
    shown: bool = True


@dataclass(frozen=True)
class Scene:
    """What a viewer shows.

    Attributes
    ----------
    cell : (3, 3) array
        Å; its edges are drawn, from the origin.
    labels : sequence of str
        What each frame is, in words.
    layers, sticks
        What is drawn.
    legends : dict
        Colouring, or group, to (what, colour) pairs; a group's goes before that of the colouring.
    groups : dict
        Name of a choice, such as "beads" or "atoms", to the names of its layers and sticks.
    said : str
        What was left out.
    """

    cell: Floats
    labels: Sequence[str]
    layers: Sequence[Layer]
    sticks: Sequence[Sticks] = ()
    legends: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    said: str = ""


def chosen_frames(count: int, sites: int) -> list[int]:
    """Which of so many frames are shown: first and last, and between them as many as there is room for."""
    room = max(2, min(MOST_FRAMES, int(MOST_BYTES / (BYTES_PER_SITE * max(1, min(sites, MOST_SITES))))))
    return sorted({round(k) for k in np.linspace(0, count - 1, min(count, room))})


def slab(positions: Floats, cell: Floats, most: int = MOST_SITES) -> tuple[NDArray[np.bool_], str]:
    """Which sites are drawn, of too many a slab about the middle of the cell; and words that say so."""
    if len(positions) <= most:
        return np.ones(len(positions), bool), ""
    along = int(np.argmin(np.linalg.norm(cell, axis=1)))
    height = (positions @ np.linalg.inv(cell))[:, along] % 1.0
    off = np.abs(height - 0.5)
    width = float(np.partition(off, most)[most])
    thick = 2 * width * float(np.linalg.norm(cell[along]))
    return off < width, f"a slab of {thick:.0f} Å about the middle: {most} of {len(positions)} sites"


def bond_segments(network: Network, mine: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Ends of the bonds of some sites, (n, 3) each; a bond through a face of the cell is two halves."""
    first, second, vectors = network.first, network.second, network.vectors
    kept = mine[first] & mine[second]
    first, second, vectors = first[kept], second[kept], vectors[kept]
    place = network.positions
    whole = np.abs(place[first] + vectors - place[second]).max(axis=1, initial=0.0) < 1e-3
    begin = [place[first[whole]], place[first[~whole]], place[second[~whole]]]
    end = [
        place[second[whole]],
        place[first[~whole]] + vectors[~whole] / 2,
        place[second[~whole]] - vectors[~whole] / 2,
    ]
    return np.vstack(begin), np.vstack(end)


def viewer(scene: Scene, height_px: int = 560) -> str:
    """The HTML of a viewer, which shows nothing where there is no WebGL; the still picture stands beside it."""
    import k3d

    plot = k3d.plot(
        grid_visible=False, menu_visibility=False, background_color=0xFFFFFF, axes_helper=0,
        camera_auto_fit=False,
        time_interpolation=False, lighting=1.2, camera_fov=25,
    )  # fmt: skip
    middle = scene.cell.sum(axis=0) / 2
    eye, up = _look(scene.cell)
    plot.camera = [*map(float, middle + eye), *map(float, middle), *map(float, up)]
    ids: dict[str, list[dict[str, Any]]] = {}
    numbers = itertools.count(1)  # k3d's own would differ from call to call
    for layer in scene.layers:
        for colouring in layer.balls[0].colours:
            made = k3d.points(
                _series([b.positions.astype(np.float32) for b in layer.balls]),
                colors=_series([b.colours[colouring].astype(np.uint32) for b in layer.balls]),
                point_size=layer.size_A, shader="mesh" if len(layer.balls[0].positions) < 800 else "3d",
                name=f"{layer.name} {colouring}", compression_level=0,
            )  # fmt: skip
            made.id = next(numbers)
            plot += made
            ids.setdefault(layer.name, []).append({"id": made.id, "colouring": colouring})
    for sticks in (*scene.sticks, _edges(scene.cell)):
        most = max(len(begin) for begin, _ in sticks.segments)
        padded = [_padded(begin, end, most, middle) for begin, end in sticks.segments]
        made = k3d.lines(
            _series(padded), np.arange(2 * most, dtype=np.uint32).reshape(-1, 2), indices_type="segment",
            color=sticks.colour, width=sticks.width_A, shader="mesh", radial_segments=6 if most < 3000 else 4,
            name=sticks.name, compression_level=0,
        )  # fmt: skip
        made.id = next(numbers)
        plot += made
        ids.setdefault(sticks.name, []).append({"id": made.id, "colouring": ""})
    drawn = {name for layer in scene.layers for name in layer.balls[0].colours} | set(scene.groups)
    colourings = [name for name in scene.legends if name in drawn]
    told = {
        "labels": list(scene.labels),
        "parts": ids,
        "hidden": [
            *(layer.name for layer in scene.layers if not layer.shown),
            *(sticks.name for sticks in scene.sticks if not sticks.shown),
        ],
        "legends": {
            name: [[what, f"#{colour:06x}"] for what, colour in scene.legends[name]] for name in colourings
        },
        "groups": {name: list(parts) for name, parts in scene.groups.items()},
        "said": scene.said,
    }
    page = plot.get_snapshot(9, additional_js_code="window.begin(K3DInstance);")
    mine = resources.files("zeocryst.report")
    page = re.sub("<title>.*?</title>", "<title>the run</title>", page, count=1)  # it has the time
    controls = mine.joinpath("viewer.html").read_text("utf-8")
    controls = controls.replace("TOLD", json.dumps(told).replace("</", "<\\/"))
    style = mine.joinpath("viewer.css").read_text("utf-8")
    page = page.replace("<body>", "<body>" + controls, 1).replace(
        "</head>", f"<style>{style}</style></head>", 1
    )
    return (
        f'<div class="turns" hidden><iframe title="the run in three dimensions" height="{height_px}" '
        f'srcdoc="{escape(page)}"></iframe></div>'
        '<script data-of="viewer">(function(s){'
        "var c=document.createElement('canvas'),g=null;"
        "try{g=c.getContext('webgl2')}catch(e){}if(g){s.previousElementSibling.hidden=false}})"
        "(document.currentScript)</script>"
    )


def _look(cell: Floats) -> tuple[Floats, Floats]:
    """Where the camera is from the middle, along the shortest axis and a little above; which way is up."""
    lengths = np.linalg.norm(cell, axis=1)
    right, up, depth = (int(k) for k in np.argsort(-lengths, kind="stable"))
    axes = cell / lengths[:, None]
    away = 0.56 * float(np.linalg.norm(cell.sum(axis=0))) / np.tan(np.radians(25) / 2)
    eye = away * (axes[depth] + 0.25 * axes[up] + 0.35 * axes[right])
    return eye, axes[up]


def _edges(cell: Floats) -> Sticks:
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)
    pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(corners[a] - corners[b]).sum() == 1]
    begin, end = (np.array([corners[pair[k]] for pair in pairs]) @ cell for k in (0, 1))
    return Sticks("box", 0.12, 0x999999, [(begin, end)])


def _series(arrays: Sequence[NDArray[Any]]) -> Any:
    """As k3d takes what changes with time: a dict, or a single array for what stays."""
    return arrays[0] if len(arrays) == 1 else {str(float(k)): array for k, array in enumerate(arrays)}


def _padded(begin: Floats, end: Floats, most: int, middle: Floats) -> NDArray[np.float32]:
    """Ends of segments in turn, (2 most, 3); those that are not there have no length."""
    both = np.empty((most, 2, 3), np.float32)
    both[:] = middle
    both[: len(begin), 0], both[: len(begin), 1] = begin, end
    return both.reshape(-1, 3)
