"""Bridging oxygens and silanols on a T network: the first atoms, before their geometry is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.grid import around, build_grid
from zeocryst.network.bonds import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Si-O bond length that distance least squares aims at, Å (DLS-76).
SI_O_A = 1.61
#: Oxygens start this far off the T-T midpoint, Å: the midpoint itself is a saddle of the residual.
OFF_MIDPOINT_A = 0.03
#: Directions tried for a silanol, and how far room is looked for, Å.
DIRECTIONS = 200
ROOM_A = 6.0


@dataclass(frozen=True)
class Silicate:
    """Si and O with their bonds; hydrogens come last, when the geometry is known.

    Attributes
    ----------
    network : Network
        The T network; its positions are the Si.
    bridging : (M, 3) float array
        An oxygen for each bond, in the order of the bonds, Å.
    terminal : (K, 3) float array
        Silanol oxygens, Å.
    terminal_site : (K,) int array
        The Si of each silanol.
    """

    network: Network
    bridging: Floats
    terminal: Floats
    terminal_site: Ints

    @property
    def n_atoms(self) -> int:
        """Number of Si and O."""
        return self.network.n_sites + len(self.bridging) + len(self.terminal)

    @property
    def positions(self) -> Floats:
        """Si, bridging O, silanol O, (n_atoms, 3) Å."""
        return np.vstack([self.network.positions, self.bridging, self.terminal])

    def bonds(self) -> tuple[Ints, Ints, Ints]:
        """Every Si-O bond: Si, O (numbers in `positions`) and the lattice shift of the O, by Si."""
        network = self.network
        n, m = network.n_sites, len(self.bridging)
        oxygen = n + np.arange(m)
        zero = np.zeros((m, 3), dtype=np.int64)
        si = np.concatenate([network.first, network.second, self.terminal_site])
        o = np.concatenate([oxygen, oxygen, n + m + np.arange(len(self.terminal))])
        # a bridging O lies beside its bond's first T; from the second one it is a lattice vector away
        shift = np.concatenate([zero, -network.shift, np.zeros((len(self.terminal), 3), dtype=np.int64)])
        order = np.argsort(si, kind="stable")
        return si[order], o[order], shift[order]


def add_oxygens(network: Network, rng: np.random.Generator) -> Silicate:
    """Put an oxygen near the middle of each bond and a silanol oxygen for each missing bond.

    Parameters
    ----------
    network
        At most four bonds a T.
    rng
        Directions in which oxygens leave the midpoints.

    Returns
    -------
    Silicate
        Every Si with four oxygens.
    """
    off = rng.normal(size=network.vectors.shape)
    along = network.vectors / np.linalg.norm(network.vectors, axis=1, keepdims=True)
    off -= (off * along).sum(axis=1, keepdims=True) * along
    off *= OFF_MIDPOINT_A / np.linalg.norm(off, axis=1, keepdims=True)
    bridging = network.positions[network.first] + 0.5 * network.vectors + off
    terminal, owner = _silanol_oxygens(network, bridging, rng)
    return Silicate(network, bridging, terminal, owner)


def _silanol_oxygens(network: Network, bridging: Floats, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """A silanol oxygen for each missing bond, where there is the most room around its Si."""
    missing = 4 - network.degree
    owner = np.repeat(np.arange(network.n_sites), np.maximum(missing, 0)).astype(np.int64)
    if len(owner) == 0:
        return np.empty((0, 3)), owner
    # directions to choose among: an even cover of the sphere (Fibonacci lattice)
    k = np.arange(DIRECTIONS) + 0.5
    polar, turn = np.arccos(1 - 2 * k / DIRECTIONS), np.pi * (1 + 5**0.5) * k
    sphere = np.column_stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)])
    grid = build_grid(np.vstack([network.positions, bridging]), network.cell, ROOM_A)
    begin = rng.integers(DIRECTIONS, size=len(owner))
    arms = _roomiest(network.positions, owner, SI_O_A * sphere, begin, grid)
    return network.positions[owner] + arms, owner


@numba.njit(cache=True)
def _roomiest(sites: Floats, owner: Ints, arms: Floats, begin: Ints, grid: Any) -> Floats:
    """The arm of each silanol whose end is farthest from everything, those placed before it included."""
    out = np.empty((len(owner), 3))
    placed = np.full(len(sites), -1, np.int64)  # the last silanol of each site so far
    found, number = np.empty((1024, 3)), np.empty(1024, np.int64)
    for k in range(len(owner)):
        count = around(sites[owner[k]], grid, found, number)
        for n in range(count):  # silanols of the sites around
            site = number[n]
            last = placed[site] if site < len(sites) else -1
            while last >= 0 and owner[last] == site and count < len(number):
                found[count] = found[n] + out[last]
                number[count] = len(sites)
                count += 1
                last -= 1
        best, most = begin[k], -1.0
        for turn in range(len(arms)):
            arm = arms[(begin[k] + turn) % len(arms)]
            room = np.inf
            for n in range(count):
                gap = 0.0
                for q in range(3):
                    gap += (found[n, q] - arm[q]) ** 2
                room = min(room, gap)
            if room > most:
                best, most = (begin[k] + turn) % len(arms), room
        out[k] = arms[best]
        placed[owner[k]] = k
    return out
