"""Hydrogens of the silanols, and the finished atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.grid import around, build_grid
from zeocryst.backmapping.oxygens import Silicate
from zeocryst.cell import wrap

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: O-H bond length, Å, and Si-O-H angle, degrees, of silanols (J. Sauer, J. Phys. Chem. 91, 2315 (1987)).
O_H_A = 0.96
SI_O_H_DEG = 115.0
#: Positions tried on the cone of each hydrogen.
TRIES = 72
#: How far room is looked for, Å.
ROOM_A = 5.0
#: How near a hydrogen may come to an O, which attracts it, to a Si, and to another hydrogen, Å: room is what is
#: left.
NEAREST_O_A, NEAREST_SI_A, NEAREST_H_A = 1.5, 2.2, 1.7
#: Rounds over all hydrogens; from the second on each sees all others.
ROUNDS = 4


def place_hydrogens(silicate: Silicate) -> Floats:
    """A hydrogen on each silanol oxygen, turned to where there is the most room, (K, 3) Å.

    Hydrogens are placed one after the other and see those placed before; further rounds let the first ones see
    the last. The O and the Si that the silanol hangs on are always as near as they are, and don't count.
    """
    network, oxygens = silicate.network, silicate.terminal
    if len(oxygens) == 0:
        return np.empty((0, 3))
    out = oxygens - network.positions[silicate.terminal_site]
    grid = build_grid(silicate.positions, network.cell, ROOM_A)
    first = network.n_sites + len(silicate.bridging)
    return np.asarray(oxygens + _turned(oxygens, out, silicate.terminal_site, network.n_sites, first, grid))


@numba.njit(cache=True)
def _turned(oxygens: Floats, out: Floats, owner: Ints, silicons: int, first: int, grid: Any) -> Floats:
    """From each silanol O to its H.

    `out` leads to it from its Si, number `owner`; atoms below number `silicons` are Si, those from `first`
    on silanol O.
    """
    arms = np.zeros((len(oxygens), 3))
    found, number = np.empty((1024, 3)), np.empty(1024, np.int64)
    bend = np.radians(180.0 - SI_O_H_DEG)
    for again in range(ROUNDS):
        for k in range(len(oxygens)):
            count = around(oxygens[k], grid, found, number)
            axis = out[k] / np.sqrt((out[k] ** 2).sum())
            side = np.zeros(3)
            side[np.argmin(np.abs(axis))] = 1.0
            side = np.cross(axis, side)
            side /= np.sqrt((side**2).sum())
            up = np.cross(axis, side)
            best, most = np.zeros(3), -np.inf
            for n in range(TRIES):
                turn = 2 * np.pi * n / TRIES
                ring = np.cos(turn) * side + np.sin(turn) * up
                arm = O_H_A * (np.cos(bend) * axis + np.sin(bend) * ring)
                room = np.inf
                for m in range(count):
                    other = number[m] - first
                    if other != k and number[m] != owner[k]:
                        gap = np.sqrt(((found[m] - arm) ** 2).sum())
                        room = min(room, gap - (NEAREST_SI_A if number[m] < silicons else NEAREST_O_A))
                    # those of the first round see only the hydrogens before them
                    if other >= 0 and other != k and (again > 0 or other < k):
                        gap = np.sqrt(((found[m] + arms[other] - arm) ** 2).sum())
                        room = min(room, gap - NEAREST_H_A)
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
