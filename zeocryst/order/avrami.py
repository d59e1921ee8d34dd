"""The law of Kolmogorov, Johnson, Mehl and Avrami."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.order.bootstrap import fit_curve
from zeocryst.order.nucleation import PLATEAU, plateaus

Floats = NDArray[np.float64]

#: Range in which the exponent is looked for.
EXPONENTS = (0.3, 8.0)


@dataclass(frozen=True)
class Avrami:
    """What the law gives: exponent, its uncertainty, and onset (ps)."""

    exponent: float
    uncertainty: float
    onset_ps: float


def transformed(t: Floats, low: float, high: float, half: float, exponent: float, onset: float) -> Floats:
    """The law, with the time at which half is transformed in place of a rate."""
    x = np.clip(t - onset, 0, None) / max(half - onset, 1e-9)
    return np.asarray(low + (high - low) * (1 - np.exp(-np.log(2) * np.power(x, exponent))))


def avrami_exponent(time_ps: ArrayLike, share: ArrayLike, seed: int = 1) -> Avrami | None:
    r"""Exponent of the law of Kolmogorov, Johnson, Mehl and Avrami, fitted to a rise.

    .. math:: X(t) = 1 - \exp\left(-\ln 2 \left(\frac{t - t_0}{t_{1/2} - t_0}\right)^n\right)

    where X is the crystalline share between its plateaus (A. N. Kolmogorov, Izv. Akad. Nauk SSSR, Ser. Mat.
    1, 355 (1937); W. A. Johnson, R. F. Mehl, Trans. AIME 135, 416 (1939); M. Avrami, J. Chem. Phys. 7, 1103
    (1939)). The exponent n has no dimension. Nuclei at random places that grow at a constant rate in d
    dimensions give n = d when all are there from the beginning and n = d + 1 when they come at a constant
    rate. A crystal that grows from a seed is not what the law is made for, so that runs which begin with a
    crystal are not given an exponent (`zeocryst.order.kinetics`); of a single grain in a small box n says how
    the rise is shaped and no more.

    The onset :math:`t_0` is fitted too, since it and n are told apart by nothing else; it is not before the
    first frame. The uncertainty is the standard deviation of n over refits (`zeocryst.order.bootstrap`): that
    of a fit to one trajectory.

    The rise has to be complete: its end is taken to be within 0.1 of the mean of the last tenth of the time.

    Parameters
    ----------
    time_ps, share : (M,) arrays
        Of a rise that was found (`zeocryst.order.nucleation.find_transition`).
    seed
        Of the bootstrap.

    Returns
    -------
    Avrami or None
        None where there is no fit, or none within the range of exponents from 0.3 to 8.
    """
    t, s = np.asarray(time_ps, dtype=float), np.asarray(share, dtype=float)
    low, high = plateaus(t, s)
    half = float(t[np.argmin(abs(s - (low + high) / 2))])
    span = t[-1] - t[0]
    bounds = (
        [low - PLATEAU, high - PLATEAU, t[0] + span / 1000, EXPONENTS[0], t[0]],
        [low + PLATEAU, high + PLATEAU, t[-1], EXPONENTS[1], t[-1]],
    )
    fit = fit_curve(transformed, t, s, [low, high, half, 2.5, t[0]], bounds, seed)
    if fit is None:
        return None
    exponent = float(fit.best[3])
    if not EXPONENTS[0] * 1.01 < exponent < EXPONENTS[1] * 0.99:
        return None
    return Avrami(exponent, fit.spread(lambda p: float(p[3])), float(fit.best[4]))
