"""What lies around a bead: the framework's atoms, all images, and other guests, with DREIDING's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.grid import Grid, around, build_grid
from zeocryst.cell import heights
from zeocryst.docking.kernels import Field
from zeocryst.model.dreiding import check_dreiding, lennard_jones
from zeocryst.molecules.model import Molecule

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Where pair terms end, Å.
CUTOFF_A = 12.0
#: Edge of the boxes by which atoms are found, Å.
BOX_A = 10.0
#: Half of the atoms around a point that there is room for at first.
ROOM_FOR = 2048


@dataclass(frozen=True, eq=False)
class Host:
    """A framework made ready: its atoms found by place, elements numbered, terms between all elements.

    Attributes
    ----------
    grid : Grid
    elements : tuple of str
        All elements of the framework and of the guests.
    kind : (M,) int array
        Of the framework's atoms, their place in `elements`.
    c12, c6 : (K, K) arrays
        eV Å^12, eV Å^6.
    cell : (3, 3) array, Å
    """

    grid: Grid
    elements: tuple[str, ...]
    kind: Ints
    c12: Floats
    c6: Floats
    cell: Floats

    def kinds(self, molecule: Molecule) -> Ints:
        """Elements of a guest's atoms, as numbers."""
        return np.array([self.elements.index(s) for s in molecule.symbols], np.int64)

    def field(self, positions: Floats, kind: Ints) -> Field:
        """What a guest meets there."""
        return Field(positions, kind, self.c12, self.c6, CUTOFF_A)


@dataclass(frozen=True, eq=False)
class Cloud:
    """Atoms around a point.

    Attributes
    ----------
    positions : (M, 3) array, Å
    kind : (M,) int array
        Elements, as `Host` numbers them.
    number : (M,) int array
        Which atom of the framework; -1 - n for an atom of guest n.
    """

    positions: Floats
    kind: Ints
    number: Ints

    def only(self, those: NDArray[np.bool_]) -> Cloud:
        """Some of its atoms."""
        return Cloud(self.positions[those], self.kind[those], self.number[those])


def make_host(atoms: Atoms, molecules: Sequence[Molecule]) -> Host:
    """A framework for some guests; raises `InputError` where DREIDING lacks an element."""
    symbols = atoms.get_chemical_symbols()
    elements = tuple(sorted({*symbols, *(s for m in molecules for s in m.symbols)}))
    check_dreiding(elements)
    c12, c6 = np.empty((len(elements), len(elements))), np.empty((len(elements), len(elements)))
    for (i, a), (j, b) in product(enumerate(elements), enumerate(elements)):
        depth, sigma = lennard_jones(a, b)
        c12[i, j], c6[i, j] = 4 * depth * sigma**12, 4 * depth * sigma**6
    cell = np.asarray(atoms.cell[:], dtype=float)
    kind = np.array([elements.index(s) for s in symbols], np.int64)
    return Host(build_grid(atoms.positions, cell, BOX_A), elements, kind, c12, c6, cell)


def framework_around(host: Host, point: Floats, reach: float) -> Cloud:
    """The framework's atoms within `reach` of a point."""
    wide = np.ceil(reach / (heights(host.cell) / host.grid.counts)).astype(np.int64)
    grid = host.grid._replace(reach=float(reach), steps=wide)
    total = room = ROOM_FOR
    while total == room:  # there may be more
        room *= 2
        found, number = np.empty((room, 3)), np.empty(room, np.int64)
        total = around(point, grid, found, number)
    return Cloud(found[:total] + point, host.kind[number[:total]], number[:total].copy())


def translations(cell: Floats, reach: float) -> Floats:
    """Lattice vectors (K, 3) with which anything in one cell can come within `reach` of anything in it."""
    most = np.ceil(reach / heights(cell)).astype(int) + 1
    return _translations(cell.tobytes(), tuple(most.tolist()))


@lru_cache(maxsize=64)
def _translations(cell: bytes, most: tuple[int, ...]) -> Floats:
    """They are asked for again and again: of each pair of guests."""
    numbers = np.array(list(product(*(range(-m, m + 1) for m in most))), dtype=float)
    found = np.asarray(numbers @ np.frombuffer(cell).reshape(3, 3))
    found.flags.writeable = False
    return found


def shifts_near(host: Host, first: Floats, second: Floats, reach: float) -> Floats:
    """Lattice vectors (K, 3) that bring the point `second` within `reach` of the point `first`."""
    delta = second - first
    home = np.floor((first - second) @ np.linalg.inv(host.cell)) @ host.cell
    candidates = translations(host.cell, reach) + home
    return np.asarray(candidates[np.linalg.norm(delta + candidates, axis=1) < reach])


def guests_around(host: Host, point: Floats, reach: float, guests: Sequence[tuple[int, Floats, Ints]]) -> Cloud:
    """Atoms of other guests (number, positions, elements) within `reach` of a point, all images."""
    parts = [(np.empty((0, 3)), np.empty(0, np.int64), np.empty(0, np.int64))]
    for number, positions, kind in guests:
        middle = positions.mean(axis=0)
        radius = float(np.linalg.norm(positions - middle, axis=1).max())
        for shift in shifts_near(host, point, middle, reach + radius):
            images = positions + shift
            near = np.linalg.norm(images - point, axis=1) < reach
            parts.append((images[near], kind[near], np.full(int(near.sum()), -1 - number)))
    positions, kinds, numbers = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Cloud(positions, kinds, numbers)


def joined(first: Cloud, second: Cloud) -> Cloud:
    """Both."""
    return Cloud(
        np.concatenate([first.positions, second.positions]),
        np.concatenate([first.kind, second.kind]),
        np.concatenate([first.number, second.number]),
    )
