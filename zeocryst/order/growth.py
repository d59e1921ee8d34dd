"""How fast the largest grain grows, and how fast its front moves where that is a plane."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.cell import volume
from zeocryst.network.bonds import Network
from zeocryst.order.bootstrap import correlation_time, fit_curve
from zeocryst.order.nucleation import PLATEAU, logistic, plateaus

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Part of the rise over which growth is measured.
BAND = (0.1, 0.9)
#: Least number of frames in it.
MIN_FRAMES = 4


@dataclass(frozen=True)
class Growth:
    """Rate of the largest grain, its uncertainty (sites per ns), and the frames that it is taken from."""

    sites_per_ns: float
    uncertainty: float
    frames: tuple[int, int]


def growth_rate(time_ps: ArrayLike, grain_sites: ArrayLike) -> Growth | None:
    """Slope of the size of the largest grain, from a tenth to nine tenths of its rise.

    A straight line through the frames between the times at which a logistic curve fitted to the size is a
    tenth and nine tenths up; a grain that joins another grows by its size at once. The uncertainty is the
    standard error of the slope, times the square root of twice the correlation time of the residuals. None
    where the rise takes fewer than four frames, the frames have no times, or there is no rise.

    Parameters
    ----------
    time_ps, grain_sites : (M,) arrays
        Time and number of sites of the largest grain.
    """
    t, n = np.asarray(time_ps, dtype=float), np.asarray(grain_sites, dtype=float)
    if len(t) < MIN_FRAMES or not np.isfinite(t).all():
        return None
    low, high = plateaus(n)
    rise, span = high - low, t[-1] - t[0]
    if rise <= 0:
        return None
    bounds = (
        [low - PLATEAU * rise, high - PLATEAU * rise, t[0] - span, span / 200],
        [low + PLATEAU * rise, high + PLATEAU * rise, t[-1] + span, 2 * span],
    )
    middle = float(t[np.argmin(abs(n - low - rise / 2))])
    curve = fit_curve(logistic, t, n, [low, high, middle, span / 10], bounds, seed=1, samples=0)
    if curve is None:
        return None
    begin, end = (curve.best[2] + curve.best[3] * np.log(part / (1 - part)) for part in BAND)
    inside = np.flatnonzero((t >= begin) & (t <= end))
    if len(inside) < MIN_FRAMES:
        return None
    x, y = t[inside] - t[inside].mean(), n[inside]
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    variance = float(residual @ residual) / (len(x) - 2) / float(x @ x)
    spread = (variance * max(1.0, 2 * correlation_time(residual))) ** 0.5
    return Growth(1000 * slope, 1000 * spread, (int(inside[0]), int(inside[-1]) + 1))


@numba.njit(cache=True)
def _windings(offsets: Ints, sites: Ints, shifts: Ints, member: NDArray[np.bool_]) -> Ints:
    """Independent lattice vectors along which the bonded cluster of the first member meets its own image.

    Returns (3, 3), as many rows as there are, the others zero.
    """
    n = len(offsets) - 1
    image = np.zeros((n, 3), np.int64)
    seen = np.zeros(n, np.bool_)
    queue = np.empty(n, np.int64)
    found = np.zeros((3, 3), np.int64)
    rank = 0
    head, tail = 0, 0
    for site in range(n):
        if member[site]:
            queue[0] = site
            seen[site] = True
            tail = 1
            break
    while head < tail:
        a = queue[head]
        head += 1
        for k in range(offsets[a], offsets[a + 1]):
            b = sites[k]
            if not member[b]:
                continue
            place = image[a] + shifts[k]
            if not seen[b]:
                seen[b] = True
                image[b] = place
                queue[tail] = b
                tail += 1
                continue
            w = place - image[b]
            if rank == 3 or not w.any():
                continue
            normal = np.cross(found[0], found[1] if rank == 2 else w)
            if rank == 0 or (rank == 1 and normal.any()) or (rank == 2 and (normal * w).sum() != 0):
                found[rank] = w
                rank += 1
    return found


def planar_front(network: Network, grain: Ints) -> float | None:
    r"""Sites by which the largest grain grows when its two fronts move by 1 Å each, if it is a slab.

    A grain that goes through the box's faces along two lattice vectors and not along a third has two
    fronts, planes of the area :math:`A = V |\mathbf{g}|`, with the shortest reciprocal lattice vector
    :math:`\mathbf{g}` that stands on both; the two move apart at :math:`v = \dot N / (2 A \rho)`, where
    :math:`\rho` is the number of T per Å^3 of the frame. Returns :math:`2 A \rho`, or None for a grain of
    any other shape.

    Parameters
    ----------
    network
        Of a frame in which it grows.
    grain : (N,) int array
        Numbers of the grains, 0 the largest, as `zeocryst.order.labels` gives them.
    """
    found = _windings(*network.neighbours, np.asarray(grain) == 0)
    if not found[1].any() or found[2].any():
        return None
    normal = np.cross(found[0], found[1])
    normal = normal // np.gcd.reduce(normal)
    area = volume(network.cell) * float(np.linalg.norm(normal @ np.linalg.inv(network.cell).T))
    return 2 * area * network.n_sites / volume(network.cell)
