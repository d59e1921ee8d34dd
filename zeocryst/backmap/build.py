"""A coarse-grained network to atoms, start to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zeocryst.backmap.dls import solve
from zeocryst.backmap.hydrogens import to_atoms
from zeocryst.backmap.oxygens import add_oxygens
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms


def backmap(network: Network, seed: int = 1) -> tuple[Atoms, float]:
    """Atoms for a T network: Si, bridging O, silanols.

    Each T becomes Si, each bond a bridging O, each missing bond a silanol; distance least squares solves
    the geometry at fixed cell, and the silanols' hydrogens turn to the free space. A hot frame should be
    quenched first (its beads relaxed to the nearest energy minimum).

    Parameters
    ----------
    network
        Sites and bonds, at most four a site.
    seed
        Of the directions in which oxygens leave the midpoints of the bonds.

    Returns
    -------
    atoms : ase.Atoms
        Si in the order of the sites, then O, then H.
    residual : float
        DLS-76 residual of the geometry.
    """
    silicate, residual = solve(add_oxygens(network, np.random.default_rng(seed)))
    return to_atoms(silicate), residual
