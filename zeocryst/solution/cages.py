"""Where S beads sit in a crystal: the centres of its large cages and channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.network.voids import void_centres

#: A void takes an S if no T is nearer than this, Å: where the T-S energy of the published model changes
#: sign, B^(1/4) sigma = 4.52 Å. (S sits 5.0 Å from the nearest T in SOD, 5.7 Å in SGT.)
CAGE_RADIUS_A = 4.52
#: Nearest two S, Å: sigma of the S-S pair, between where its energy changes sign (4.52) and its minimum
#: (5.75).
S_SPACING_A = 5.13


def cage_centres(
    positions: ArrayLike, cell: ArrayLike, radius: float = CAGE_RADIUS_A, spacing: float = S_SPACING_A
) -> NDArray[np.float64]:
    """Centres of the voids among T sites, the largest first.

    See `zeocryst.network.voids.void_centres`.

    Parameters
    ----------
    positions : (N, 3) array
        T sites, origin in the cell's corner, Å.
    cell : (3, 3) array, Å
    radius, spacing
        Least distance to a T and to another centre, Å.

    Returns
    -------
    (M, 3) array, Å
    """
    sites, matrix = np.asarray(positions, dtype=float), np.asarray(cell, dtype=float)
    return void_centres(sites, matrix, least=radius, spacing=spacing, digits=3)
