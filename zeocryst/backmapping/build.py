"""A coarse-grained network to atoms, start to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.backmapping.dls import keeps_network, solve
from zeocryst.backmapping.hydrogens import to_atoms
from zeocryst.backmapping.oxygens import Silicate, add_oxygens
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

#: Starts of a small structure. A large one has many regions that each find their way or not, so that one of
#: its starts is about as good as another: of `STARTED_SITES` T and more there is one start.
MOST_STARTS = 8
STARTED_SITES = 8000
#: A later start is preferred only where its residual is lower by more than this share.
BETTER = 0.02


@dataclass(frozen=True)
class Built:
    """Back-mapped atoms, and how they came about.

    Attributes
    ----------
    atoms : ase.Atoms
        Si in the order of the sites, then O, then H.
    residual : float
        DLS-76 residual of the geometry.
    starts : int
        Starts tried.
    residuals : list of float
        What each of them reached.
    kept : int
        How many of them kept the network.
    """

    atoms: Atoms
    residual: float
    starts: int
    residuals: list[float]
    kept: int


def build(network: Network, seed: int = 1, *, free_cell: bool = False) -> Built:
    """Atoms for a T network: Si, bridging O, silanols.

    Each T becomes Si, each bond a bridging O, each missing bond a silanol; distance least squares solves
    the geometry, and the silanols' hydrogens turn to the free space. Distance least squares has several
    minima, so that the oxygens leave the midpoints of the bonds in several random ways; the first start of
    those that keep the network is taken, or a later one of clearly lower residual. A hot frame should be
    quenched first (its beads relaxed to the nearest energy minimum).

    Parameters
    ----------
    network
        Sites and bonds, at most four a site.
    seed
        Of the directions in which oxygens leave the midpoints of the bonds.
    free_cell
        Whether the cell may change (see `zeocryst.backmapping.dls`).
    """
    starts = max(1, min(MOST_STARTS, STARTED_SITES // network.n_sites))
    best: tuple[Silicate, float, bool] | None = None
    residuals, kept = [], 0
    for start in range(starts):
        rng = np.random.default_rng([seed, start])
        silicate, found = solve(add_oxygens(network, rng), free_cell=free_cell)
        whole = keeps_network(silicate)
        residuals.append(found)
        kept += whole
        if best is None or (whole, -found) > (best[2], -(1 - BETTER) * best[1]):
            best = silicate, found, whole
    assert best is not None
    return Built(to_atoms(best[0]), best[1], starts, residuals, kept)


def backmap(network: Network, seed: int = 1) -> tuple[Atoms, float]:
    """Atoms for a T network with its cell, and their DLS-76 residual; see `build`."""
    built = build(network, seed)
    return built.atoms, built.residual
