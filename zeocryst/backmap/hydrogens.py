"""Hydrogens of the silanols, and the finished atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmap.oxygens import Silicate
from zeocryst.cell import neighbour_pairs, wrap

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]

#: O-H bond length, Å, and Si-O-H angle, degrees, of silanols (J. Sauer, J. Phys. Chem. 91, 2315 (1987)).
O_H_A = 0.96
SI_O_H_DEG = 115.0
#: Positions tried on the cone of each hydrogen.
TRIES = 72


def place_hydrogens(silicate: Silicate) -> Floats:
    """A hydrogen on each silanol oxygen, turned to where there is the most room, (K, 3) Å.

    Hydrogens are placed one after the other and see those placed before; a second pass lets the first
    ones see the last.
    """
    network = silicate.network
    oxygens, owner = silicate.terminal, silicate.terminal_site
    hydrogens = np.full_like(oxygens, np.nan)
    if len(oxygens) == 0:
        return hydrogens
    heavy = silicate.positions
    first = network.n_sites + len(silicate.bridging)
    i, j, shift, _ = neighbour_pairs(heavy, network.cell, 5.0, full=True)
    inverse = np.linalg.inv(network.cell)
    turn = 2 * np.pi * np.arange(TRIES) / TRIES
    around = [heavy[j[i == first + k]] + shift[i == first + k] @ network.cell for k in range(len(oxygens))]
    for _ in range(2):
        for k, oxygen in enumerate(oxygens):
            out = oxygen - network.positions[owner[k]]
            delta = out @ inverse
            out = (delta - np.round(delta)) @ network.cell
            out /= np.linalg.norm(out)
            side = np.cross(out, np.eye(3)[np.argmin(np.abs(out))])
            side /= np.linalg.norm(side)
            bend = np.radians(180.0 - SI_O_H_DEG)
            ring = np.outer(np.cos(turn), side) + np.outer(np.sin(turn), np.cross(out, side))
            places = oxygen + O_H_A * (np.cos(bend) * out + np.sin(bend) * ring)
            others = np.delete(hydrogens, k, axis=0)
            others = others[np.isfinite(others[:, 0])]
            delta = (others - oxygen) @ inverse
            others = (delta - np.round(delta)) @ network.cell + oxygen
            # to a hydrogen 0.6 Å less is as much room: hydrogens are small
            gaps = np.linalg.norm(places[:, None] - around[k], axis=2)
            room = gaps.min(axis=1) if len(around[k]) else np.full(TRIES, np.inf)
            if len(others):
                room = np.minimum(room, np.linalg.norm(places[:, None] - others, axis=2).min(axis=1) + 0.6)
            hydrogens[k] = places[int(np.argmax(room))]
    return hydrogens


def to_atoms(silicate: Silicate) -> Atoms:
    """The atoms, Si first, then bridging O, silanol O, H; positions in the cell."""
    from ase import Atoms

    hydrogens = place_hydrogens(silicate)
    n_o = len(silicate.bridging) + len(silicate.terminal)
    symbols = ["Si"] * silicate.network.n_sites + ["O"] * n_o + ["H"] * len(hydrogens)
    cell = silicate.network.cell
    positions = wrap(np.vstack([silicate.positions, hydrogens]), cell)
    return Atoms(symbols, positions=positions, cell=cell, pbc=True)
