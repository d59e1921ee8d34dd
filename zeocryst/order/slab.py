"""A crystal that is a slab: along what normal it ends, and where its two fronts are in a frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.network.bonds import Network
from zeocryst.network.clusters import find_clusters, part, ways
from zeocryst.network.periodicity import independent, normal_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Width of the bins of the profile along the normal, Å.
BIN_A = 0.5
#: The usual half width of a front, Å, and a factor by which it usually differs: where few sites tell, the width
#: is near to this, and so are neither steps nor slopes through the whole box.
WIDTH_A, WIDTH_FACTOR = 2.5, 2.0
#: Least crystalline share inside a slab, and share of all that is crystalline that lies between its fronts.
LEAST_INSIDE, MOST_OF_ALL = 0.5, 0.75


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
    directions = independent(ways(piece, clusters.image)[clusters.label[piece.first] == 0])
    return normal_of(directions) if len(directions) == 2 else None


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

    (least squares over bins, weighted with their numbers of sites; images included), the profile of a diffuse
    or rough interface. The share p inside the slab is fitted too, so that sites mislabelled there don't move
    its fronts; outside there is nothing crystalline, else a rough front would be taken for a share of the melt.
    None where there is no slab: no fit, p is not more than `LEAST_INSIDE`, or a quarter of what is crystalline
    lies elsewhere.

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
        """Weighted difference between the profile and what is seen, and how unusual the width is."""
        low, high, log_width, inside = parameters
        width = np.exp(np.clip(log_width, -5, 5))
        step = np.tanh((x - low + images) / width) - np.tanh((x - high + images) / width)
        unusual = (log_width - np.log(WIDTH_A)) / np.log(WIDTH_FACTOR)
        return np.append((inside * step.sum(axis=0) / 2 - seen) * weight, unusual)

    half = share * period / 2
    fit = least_squares(miss, [-half, half, np.log(WIDTH_A), 0.95], method="lm", max_nfev=500)
    low, high, _, inside = fit.x
    if not fit.success or not LEAST_INSIDE < inside < 2 or not 0 < high - low < period:
        return None
    from_middle = abs((place - (low + high) / 2 + period / 2) % period - period / 2)
    if c[from_middle < (high - low) / 2].sum() < MOST_OF_ALL * c.sum():
        return None
    first = (middle + low / period) % 1.0
    return Slab(first, first + (high - low) / period)
