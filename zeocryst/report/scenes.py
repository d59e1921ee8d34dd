"""What the viewer shows of a run: its beads through time and the atoms of its last frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import Beads
from zeocryst.cell import neighbour_pairs
from zeocryst.files.trajectory import BEAD_PREFIX, count_frames, read_frame
from zeocryst.network.bonds import network_of_frame
from zeocryst.report.figures import AGENT, AMORPHOUS, CRYSTAL, CURVES
from zeocryst.report.viewer import (
    MOST_SITES,
    Balls,
    Layer,
    Scene,
    Sticks,
    bond_segments,
    chosen_frames,
    slab,
)

if TYPE_CHECKING:
    from ase import Atoms

#: Diameters of what is drawn, Å: a T and an S, an atom by element, a bond.
T_A, S_A, BOND_A = 1.5, 3.2, 0.32
ELEMENTS = {"Si": (1.4, 0xE0B070), "O": (1.0, 0xCC3333), "H": (0.7, 0xBBBBBB), "Al": (1.4, 0x8888AA)}
OTHER = (1.3, 0x559955)
#: Up to this distance an atom and an O are joined by a stick, Å (H: less).
X_O_A, H_O_A = 2.2, 1.25
#: Crystallinity in steps from 0 (amorphous) to 1: colours between the two of the figures.
STEPS = 6
GREY = 0xA8A8A8
#: The choice of the back-mapped atoms.
ATOMS = "atoms of the last frame"


def scene_of_run(folder: Path, summary: dict[str, Any]) -> Scene:
    """Beads of some frames by grain, crystallinity, Q_n and ring, and the atoms where they were made."""
    path = folder / "trajectory.gsd"
    first = read_frame(path, 0)
    numbers = chosen_frames(count_frames(path), int(first.particles.N))
    t_balls: list[Balls] = []
    s_balls: list[Balls] = []
    bonds, labels, said = [], [], ""
    cell = Beads.of(first).cell
    for k in numbers:
        frame = read_frame(path, k)
        network, sites = network_of_frame(frame)
        cell = network.cell
        mine, said = slab(network.positions, cell)
        t_balls.append(Balls(network.positions[mine], _colours(frame.log, sites, mine)))
        place = np.delete(Beads.of(frame).positions, sites, axis=0)
        near = _within(place, network.positions[mine], cell) if said else np.ones(len(place), bool)
        s_balls.append(Balls(place[near], {"": np.full(int(near.sum()), _hex(AGENT), np.uint32)}))
        bonds.append(bond_segments(network, mine))
        labels.append(_label(frame.log))
    layers = [Layer("T", T_A, t_balls)]
    if max(len(balls.positions) for balls in s_balls):
        layers.append(Layer("S", S_A, s_balls, shown=False))
    sticks = [Sticks("bonds", BOND_A, GREY, bonds)]
    beads = [*(layer.name for layer in layers), *(part.name for part in sticks)]
    atom_layers, atom_sticks = _atoms(folder)
    groups, legends = {}, _legends(summary)
    if atom_layers:
        groups = {
            "beads": beads,
            ATOMS: [*(layer.name for layer in atom_layers), *(part.name for part in atom_sticks)],
        }
        legends[ATOMS] = [(layer.name, int(layer.balls[0].colours[""][0])) for layer in atom_layers]
    return Scene(
        cell, labels, (*layers, *atom_layers), (*sticks, *atom_sticks), legends, groups,
        f"Drawn: {said}." if said else "",
    )  # fmt: skip


def _hex(colour: str) -> int:
    return int(colour[1:], 16)


def _steps() -> NDArray[np.uint32]:
    """Colours from amorphous to crystalline."""
    ends = [[_hex(c) >> shift & 255 for shift in (16, 8, 0)] for c in (AMORPHOUS, CRYSTAL)]
    mixed = np.linspace(ends[0], ends[1], STEPS).round().astype(np.uint32)
    return np.asarray((mixed[:, 0] << 16) | (mixed[:, 1] << 8) | mixed[:, 2], np.uint32)


def _by_number(values: NDArray[Any], first: int) -> NDArray[np.uint32]:
    """A colour for each whole number from one on."""
    palette = np.array([_hex(c) for c in CURVES], np.uint32)
    return np.asarray(palette[np.clip(values - first, 0, len(palette) - 1)], np.uint32)


def _colours(log: Any, sites: NDArray[Any], mine: NDArray[np.bool_]) -> dict[str, NDArray[np.uint32]]:
    """Colours of the T by what was logged of them; earlier versions lack some."""
    found: dict[str, NDArray[np.uint32]] = {}

    def logged(name: str) -> NDArray[Any] | None:
        """What was logged of the T that are drawn."""
        given = log.get(BEAD_PREFIX + name)
        return None if given is None else np.asarray(given)[sites][mine]

    if (grain := logged("grain")) is not None:
        palette = np.array([_hex(c) for c in (CRYSTAL, "#009E73", "#CC79A7", "#56B4E9")], np.uint32)
        colour = palette[np.clip(grain, 0, len(palette) - 1)]
        found["grain"] = np.where(grain >= 0, colour, np.uint32(_hex(AMORPHOUS)))
    if (order := logged("crystallinity")) is not None:
        at = np.rint(np.nan_to_num(np.clip(order, 0, 1)) * (STEPS - 1)).astype(int)
        found["crystallinity"] = _steps()[at]
    if (q := logged("coordination")) is not None:
        found["Q_n"] = _by_number(4 - np.clip(q, 0, 4), 0)
    rings = [logged(f"rings{size}") for size in (3, 4, 5)]
    if all(ring is not None for ring in rings):
        smallest = np.full(int(mine.sum()), 6)
        for size, ring in zip((5, 4, 3), rings[::-1], strict=True):
            smallest[np.asarray(ring) > 0] = size
        found["smallest ring"] = _by_number(smallest, 3)
    return found


def _legends(summary: dict[str, Any]) -> dict[str, list[tuple[str, int]]]:
    named = ", ".join(str(row["code"]) for row in summary["types"][:1])
    of = f" ({named} at the end)" if named else ""
    steps = _steps()
    return {
        "grain": [(f"largest grain{of}", _hex(CRYSTAL)),
                  ("second", _hex("#009E73")), ("third", _hex("#CC79A7")),
                  ("smaller", _hex("#56B4E9")), ("amorphous", _hex(AMORPHOUS)), ("S", _hex(AGENT))],
        "crystallinity": [(f"{k / (STEPS - 1):g}", int(colour)) for k, colour in enumerate(steps)],
        "Q_n": [(f"Q{4 - k}", _hex(CURVES[k])) for k in range(5)],
        "smallest ring": [
            (f"{size}-ring" if size < 6 else "6 and more", _hex(CURVES[size - 3])) for size in (3, 4, 5, 6)
        ],
    }  # fmt: skip


def _label(log: Any) -> str:
    """Time and share of a frame in words."""
    time = float(np.ravel(log["zeocryst/time_ps"])[0]) / 1000
    share = float(np.ravel(log["zeocryst/crystalline_share"])[0])
    return f"{time:.3f} ns, {100 * share:.0f} % crystalline"


def _within(places: NDArray[Any], drawn: NDArray[Any], cell: NDArray[Any]) -> NDArray[np.bool_]:
    """Which S lie in the slab that is drawn."""
    along = int(np.argmin(np.linalg.norm(cell, axis=1)))
    inverse = np.linalg.inv(cell)
    height, known = (places @ inverse)[:, along], (drawn @ inverse)[:, along]
    return np.asarray((height >= known.min()) & (height <= known.max()))


def _atoms(folder: Path) -> tuple[list[Layer], list[Sticks]]:
    """Layers of the back-mapped atoms by element, and bonds to O; none where there are none, or too many."""
    path = folder / "framework.extxyz"
    if not path.is_file():
        return [], []
    from ase.io import read

    atoms: Atoms = read(path)
    if len(atoms) > 3 * MOST_SITES:
        return [], []
    symbols = np.array(atoms.get_chemical_symbols())
    place = atoms.get_positions(wrap=True)
    layers = []
    for element in dict.fromkeys(symbols.tolist()):
        size, colour = ELEMENTS.get(element, OTHER)
        chosen = place[symbols == element]
        layers.append(Layer(element, size, [Balls(chosen, {"": np.full(len(chosen), colour, np.uint32)})]))
    return layers, [Sticks("Si-O", 0.22, GREY, [_atom_bonds(atoms, symbols)])]


def _atom_bonds(atoms: Atoms, symbols: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Halves of the bonds between O and others, each from its own end, so that none leaves the cell by more."""
    place, cell = atoms.get_positions(wrap=True), np.asarray(atoms.cell)
    i, j, shift, distance = neighbour_pairs(place, cell, X_O_A, full=True)
    limit = np.where((symbols[i] == "H") | (symbols[j] == "H"), H_O_A, X_O_A)
    kept = ((symbols[i] == "O") != (symbols[j] == "O")) & (distance <= limit)
    i, j, shift = i[kept], j[kept], shift[kept]
    return place[i], (place[i] + place[j] + shift @ cell) / 2
