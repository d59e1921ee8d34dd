"""Hydrogens of the silanols, and the finished atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.backmap.grid import around, build_grid
from zeocryst.backmap.oxygens import Silicate
from zeocryst.cell import wrap

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]

#: O-H bond length, Å, and Si-O-H angle, degrees, of silanols (J. Sauer, J. Phys. Chem. 91, 2315 (1987)).
O_H_A = 0.96
SI_O_H_DEG = 115.0
#: Positions tried on the cone of each hydrogen.
TRIES = 72
#: How far room is looked for, Å; and by how much less of it does as well towards another hydrogen: it is small.
ROOM_A = 5.0
SMALLER_A = 0.6


def place_hydrogens(silicate: Silicate) -> Floats:
    """A hydrogen on each silanol oxygen, turned to where there is the most room, (K, 3) Å.

    Hydrogens are placed one after the other and see those placed before; a second pass lets the first
    ones see the last.
    """
    network, oxygens = silicate.network, silicate.terminal
    if len(oxygens) == 0:
        return np.empty((0, 3))
    out = oxygens - network.positions[silicate.terminal_site]
    grid = build_grid(silicate.positions, network.cell, ROOM_A)
    return np.asarray(oxygens + _turned(oxygens, out, network.n_sites + len(silicate.bridging), grid))


@numba.njit(cache=True)
def _turned(oxygens: Floats, out: Floats, first: int, grid: Any) -> Floats:
    """From each silanol O to its H; `out` leads from Si to O, atoms from number `first` on are silanol O."""
    arms = np.zeros((len(oxygens), 3))
    found, number = np.empty((1024, 3)), np.empty(1024, np.int64)
    bend = np.radians(180.0 - SI_O_H_DEG)
    for again in range(2):
        for k in range(len(oxygens)):
            count = around(oxygens[k], grid, found, number)
            axis = out[k] / np.sqrt((out[k] ** 2).sum())
            side = np.zeros(3)
            side[np.argmin(np.abs(axis))] = 1.0
            side = np.cross(axis, side)
            side /= np.sqrt((side**2).sum())
            up = np.cross(axis, side)
            best, most = np.zeros(3), -1.0
            for n in range(TRIES):
                turn = 2 * np.pi * n / TRIES
                ring = np.cos(turn) * side + np.sin(turn) * up
                arm = O_H_A * (np.cos(bend) * axis + np.sin(bend) * ring)
                room = np.inf
                for m in range(count):
                    gap = np.sqrt(((found[m] - arm) ** 2).sum())
                    if gap > 1e-9:
                        room = min(room, gap)
                    other = number[m] - first
                    # those of the first pass see only the hydrogens before them
                    if other >= 0 and other != k and (again == 1 or other < k):
                        gap = np.sqrt(((found[m] + arms[other] - arm) ** 2).sum())
                        room = min(room, gap + SMALLER_A)
                if room > most:
                    best, most = arm, room
            arms[k] = best
    return arms


def to_atoms(silicate: Silicate) -> Atoms:
    """The atoms, Si first, then bridging O, silanol O, H; positions in the cell."""
    from ase import Atoms

    hydrogens = place_hydrogens(silicate)
    n_o = len(silicate.bridging) + len(silicate.terminal)
    symbols = ["Si"] * silicate.network.n_sites + ["O"] * n_o + ["H"] * len(hydrogens)
    cell = silicate.network.cell
    positions = wrap(np.vstack([silicate.positions, hydrogens]), cell)
    return Atoms(symbols, positions=positions, cell=cell, pbc=True)
