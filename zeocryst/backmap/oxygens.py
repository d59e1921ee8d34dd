"""Bridging oxygens and silanols on a T network: the first atoms, before their geometry is solved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.network.bonds import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Si-O bond length that distance least squares aims at, Å (DLS-76).
SI_O_A = 1.61
#: Oxygens start this far off the T-T midpoint, Å: the midpoint itself is a saddle of the residual.
OFF_MIDPOINT_A = 0.03


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
    needy = np.flatnonzero(missing > 0)
    terminal: list[Floats] = []
    owner: list[int] = []
    # directions to choose among: an even cover of the sphere (Fibonacci lattice)
    k = np.arange(200) + 0.5
    polar, turn = np.arccos(1 - 2 * k / 200), np.pi * (1 + 5**0.5) * k
    sphere = np.column_stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)])
    inverse = np.linalg.inv(network.cell)
    around = _surroundings(network, bridging, needy)
    for site in needy:
        origin = network.positions[site]
        occupied = around[int(site)]
        for _ in range(missing[site]):
            places = origin + SI_O_A * sphere
            others = [occupied]
            if terminal:
                delta = (np.array(terminal) - origin) @ inverse
                near = (delta - np.round(delta)) @ network.cell + origin
                others.append(near[np.linalg.norm(near - origin, axis=1) < 6.0])
            cloud = np.vstack(others)
            if len(cloud):
                gap = np.linalg.norm(places[:, None] - cloud, axis=2).min(axis=1)
                best = int(np.argmax(gap + 1e-6 * rng.random(len(gap))))
            else:
                best = int(rng.integers(len(places)))
            terminal.append(places[best])
            owner.append(int(site))
    return np.array(terminal).reshape(-1, 3), np.array(owner, dtype=np.int64)


def _surroundings(network: Network, bridging: Floats, sites: Ints) -> dict[int, Floats]:
    """Si and bridging O within 5 Å of each of the sites, as points around it."""
    everything = np.vstack([network.positions, bridging])
    found = {int(s): np.empty((0, 3)) for s in sites}
    if len(sites) == 0:
        return found
    i, j, shift, _ = neighbour_pairs(everything, network.cell, 5.0, full=True)
    mine = np.isin(i, sites)
    i, points = i[mine], everything[j[mine]] + shift[mine] @ network.cell
    order = np.argsort(i, kind="stable")
    i, points = i[order], points[order]
    if len(i) == 0:
        return found
    for site, group in zip(np.unique(i), np.split(points, np.flatnonzero(np.diff(i)) + 1), strict=True):
        found[int(site)] = group
    return found
