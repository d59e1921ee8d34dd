"""A crystal that is a slab: along what normal it ends, and where its two fronts are in a frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.network.bonds import Network
from zeocryst.network.clusters import find_clusters, part, ways

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Width of the bins of the profile along the normal, Å.
BIN_A = 0.5
#: Range in which the half width of a front is looked for, Å, and least crystalline share inside a slab.
WIDTH_A, LEAST_INSIDE = (0.3, 8.0), 0.5


class Slab(NamedTuple):
    """Where a slab's fronts are: phases along the normal (`along`), the lower one in [0, 1), high above low."""

    low: float
    high: float


def slab_normal(network: Network, grain: ArrayLike) -> Ints | None:
    """The normal of the largest grain if it is a slab, as whole numbers of reciprocal lattice vectors, (3,).

    A slab is bonded to its own images along two lattice vectors and not along a third. None for any other
    shape.

    Parameters
    ----------
    network
        Of a frame.
    grain : (N,) int array
        Numbers of the grains, 0 the largest, as `zeocryst.order.labels` gives them.
    """
    mine = np.asarray(grain) == 0
    if not mine.any():
        return None
    piece = part(network, mine)
    clusters = find_clusters(piece)
    around = np.unique(ways(piece, clusters.image)[clusters.label[piece.first] == 0], axis=0)
    around = around[around.any(axis=1)]
    if len(around) == 0 or np.linalg.matrix_rank(around) != 2:
        return None
    normal = next(n for n in np.cross(around[0], around) if n.any())
    normal = normal // np.gcd.reduce(normal)
    return np.asarray(normal * np.sign(normal[np.flatnonzero(normal)[0]]), dtype=np.int64)


def along(positions: ArrayLike, cell: ArrayLike, normal: Ints) -> tuple[Floats, float]:
    r"""Phase of each site along a normal, (N,), and the length of a period, Å.

    With fractional coordinates :math:`\mathbf{s}` the phase is :math:`\mathbf{n} \cdot \mathbf{s}` modulo 1;
    planes of equal phase are :math:`1 / |\mathbf{g}|` apart, where :math:`\mathbf{g}` is the reciprocal lattice
    vector of the normal.
    """
    inverse = np.linalg.inv(np.asarray(cell, dtype=float))
    phase = np.asarray(np.asarray(positions, dtype=float) @ inverse @ normal % 1.0, dtype=float)
    return phase, 1 / float(np.linalg.norm(inverse @ normal))


def locate(phase: Floats, crystalline: ArrayLike, period: float) -> Slab | None:
    r"""Where the two fronts of a slab are.

    The crystalline share at distance x along the normal is fitted by

    .. math:: \frac{p}{2} \left[\tanh\frac{x - x_1}{w} - \tanh\frac{x - x_2}{w}\right]

    (least squares over bins, weighted with their numbers of sites; images included), the profile of a diffuse or
    rough interface. The share p inside the slab is fitted too, so that sites mislabelled there don't move its
    fronts; outside there is nothing crystalline, else a rough front would be taken for a share of the melt. None
    where there is no slab: no fit, or p is not more than `LEAST_INSIDE`.

    Parameters
    ----------
    phase : (N,) array
        Of each site, from `along`.
    crystalline : (N,) array
        Whether, or how much, each site is crystalline, 0 to 1.
    period
        Length of a period, Å.
    """
    from scipy.optimize import least_squares

    c = np.asarray(crystalline, dtype=float)
    share = float(c.mean())
    if not 0 < share < 1:
        return None
    # the direction in which there is most crystal, and opposite to it least
    middle = float(np.angle(((c - share) * np.exp(2j * np.pi * phase)).sum()) / (2 * np.pi))
    place = ((phase - middle + 0.5) % 1.0 - 0.5) * period
    n_bins = max(8, round(period / BIN_A))
    which = np.minimum(((place / period + 0.5) * n_bins).astype(np.int64), n_bins - 1)
    count = np.bincount(which, minlength=n_bins)
    full = count > 0
    x = ((np.arange(n_bins) + 0.5) / n_bins - 0.5)[full] * period
    seen, weight = np.bincount(which, c, n_bins)[full] / count[full], np.sqrt(count[full])
    images = period * np.array([[-1.0], [0.0], [1.0]])

    def miss(parameters: Floats) -> Floats:
        """Weighted difference between the profile and what is seen."""
        low, high, width, inside = parameters
        step = np.tanh((x - low + images) / width) - np.tanh((x - high + images) / width)
        return np.asarray((inside * step.sum(axis=0) / 2 - seen) * weight)

    half = share * period / 2
    bounds = (
        [-0.6 * period, -0.1 * period, WIDTH_A[0], LEAST_INSIDE],
        [0.1 * period, 0.6 * period, WIDTH_A[1], 1.0],
    )
    fit = least_squares(miss, np.clip([-half, half, 2.0, 0.95], *bounds), bounds=bounds, max_nfev=200)
    low, high, _, inside = fit.x
    if not fit.success or inside <= LEAST_INSIDE or not 0 < high - low < period:
        return None
    first = (middle + low / period) % 1.0
    return Slab(first, first + (high - low) / period)
