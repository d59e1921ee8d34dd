r"""What follows from the potential of two particles alone: virial coefficient, rate of aggregation, a barrier.

Integrals are those of the potential as engines have it, cut-off included, by Gauss's rule between the places
where it changes its form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, pi

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.model.dlvo import BARRIER_AT_A, BARRIER_WIDTH_A, CORE_RAMP_A, END_BEGINS, ROUNDED_A, DlvoPair
from zeocryst.units import BOLTZMANN_EV_PER_K

Floats = NDArray[np.float64]

#: Nodes of Gauss's rule in each part.
NODES = 32
#: Highest barrier that is looked for, kT.
HIGHEST_KT = 100.0


def second_virial_A3(pair: DlvoPair, temperature_K: float) -> float:
    r"""Second virial coefficient, Å^3.

    .. math:: B_2 = -2 \pi \int_0^\infty \left( e^{-U(r)/kT} - 1 \right) r^2 \, dr

    Parameters
    ----------
    pair
        The potential.
    temperature_K
        Of the Boltzmann factor; the potential's own temperature stays what it is.
    """
    kt = BOLTZMANN_EV_PER_K * temperature_K

    def mayer(r: Floats) -> Floats:
        """Mayer's function of a shell."""
        return np.asarray(np.expm1(np.minimum(700.0, -pair.two_body(r)[0] / kt)) * r * r)

    return -2 * pi * _integral(mayer, pair, 0.0)


def stability_ratio(pair: DlvoPair, temperature_K: float) -> float:
    r"""Stability ratio W: how many times slower two particles meet than by diffusion alone.

    .. math:: W = R \int_R^\infty \frac{e^{U(r)/kT}}{r^2} \, dr

    with R the distance at contact (N. Fuchs, Z. Phys. 89, 736 (1934); E. J. W. Verwey, J. Th. G. Overbeek,
    Theory of the Stability of Lyophobic Colloids (1948), ch. 10). What it is compared with is Smoluchowski's
    rate without any force (M. von Smoluchowski, Z. Phys. Chem. 92, 129 (1917)), 4 pi D R with D the sum of both
    diffusion coefficients, not the rate with van der Waals's forces alone. Nothing is said of hydrodynamic
    interactions: engines of Brownian dynamics here have none.

    Parameters
    ----------
    pair, temperature_K
        As for `second_virial_A3`.
    """
    return pair.contact_A * approach(pair, temperature_K, pair.contact_A)


def approach(pair: DlvoPair, temperature_K: float, from_A: float) -> float:
    r"""The integral :math:`\int_a^\infty e^{U/kT} r^{-2} dr` from a distance on, 1/Å.

    Two particles at a distance b meet at a < b sooner than they part for ever with the probability that is the
    integral from b over that from a.
    """
    kt = BOLTZMANN_EV_PER_K * temperature_K
    end = max(pair.cutoff_A, from_A)

    def factor(r: Floats) -> Floats:
        """What a shell holds up."""
        return np.asarray(np.exp(np.minimum(700.0, pair.two_body(r)[0] / kt)) / (r * r))

    return _integral(factor, pair, from_A) + 1 / end


def aggregation_rate(pair: DlvoPair, temperature_K: float, diffusion_A2_per_ps: float) -> float:
    """Rate constant of the first contact of two particles, 4 pi D R / W, Å^3/ps.

    Parameters
    ----------
    pair, temperature_K
        As for `second_virial_A3`.
    diffusion_A2_per_ps
        D: the sum of the diffusion coefficients of both.
    """
    return 4 * pi * diffusion_A2_per_ps * pair.contact_A / stability_ratio(pair, temperature_K)


def barrier_height_eV(
    pair: DlvoPair, temperature_K: float, sticking_per_ns: float, diffusion_A2_per_ps: float
) -> float:
    r"""Height of the barrier that makes particles aggregate as if each contact stuck at a given rate, eV.

    Two surfaces that are in contact (nearer than where the contact well ends) stick with a rate s. Those that
    do not part again, so that the rate constant of aggregation k is that of Collins and Kimball (F. C. Collins,
    G. E. Kimball, J. Colloid Sci. 4, 425 (1949)) with the potential (P. Debye, Trans. Electrochem. Soc. 82, 265
    (1942)),

    .. math:: \frac{1}{k} = \frac{W_0}{4 \pi D R} + \frac{1}{s K},
       \qquad K = \int_{contact} e^{-U_0/kT} \, 4 \pi r^2 \, dr

    where U0, and W0 of it, is the potential without adhesion and barrier. The barrier is the one for which
    `stability_ratio` with it, 4 pi D R / W = k, says the same; none where there is no need of one.

    Parameters
    ----------
    pair, temperature_K
        As for `second_virial_A3`; whichever barrier the pair has is left out.
    sticking_per_ns
        s, 1/ns of time in contact.
    diffusion_A2_per_ps
        D: the sum of the diffusion coefficients of both, Å^2/ps.

    Raises
    ------
    InputError
        The rate is not above zero, or so small that the barrier would be above 100 kT.
    """
    if not sticking_per_ns > 0:
        raise InputError(f"sticking_per_ns = {sticking_per_ns:g}; expected a rate above 0")
    bare = replace(pair, adhesion_eV=0.0, barrier_eV=0.0)
    kt = BOLTZMANN_EV_PER_K * temperature_K
    volume = _integral(
        lambda r: 4 * pi * r * r * np.exp(np.minimum(700.0, -bare.two_body(r)[0] / kt)),
        bare,
        pair.contact_A,
        pair.well_end_A,
    )
    inverse = 1 / aggregation_rate(bare, temperature_K, diffusion_A2_per_ps) + 1000 / (sticking_per_ns * volume)
    return _height(pair, temperature_K, inverse * 4 * pi * diffusion_A2_per_ps * pair.contact_A)


@dataclass(frozen=True)
class Barrier:
    """A barrier with its interval, eV.

    Attributes
    ----------
    height_eV, least_eV, most_eV : float
        The most is infinite where the rate may be zero within its error.
    """

    height_eV: float
    least_eV: float
    most_eV: float


def barrier_for(
    pair: DlvoPair,
    temperature_K: float,
    sticking_per_ns: float,
    diffusion_A2_per_ps: float,
    uncertainty_per_ns: float = 0.0,
) -> Barrier:
    """`barrier_height_eV` with its interval: that of the rate plus and minus its standard error, 1/ns."""

    def height(rate: float) -> float:
        """The barrier of a rate."""
        return barrier_height_eV(pair, temperature_K, rate, diffusion_A2_per_ps)

    low = sticking_per_ns - uncertainty_per_ns
    most = height(low) if low > 0 else inf
    return Barrier(height(sticking_per_ns), height(sticking_per_ns + uncertainty_per_ns), most)


def _height(pair: DlvoPair, temperature_K: float, wanted: float) -> float:
    """Barrier with which the stability ratio is what is wanted, eV."""
    from scipy.optimize import brentq

    def short(height: float) -> float:
        """By how much the stability ratio is off, in its logarithm."""
        return float(np.log(stability_ratio(replace(pair, barrier_eV=height), temperature_K) / wanted))

    if short(0.0) >= 0:
        return 0.0
    most = HIGHEST_KT * BOLTZMANN_EV_PER_K * temperature_K
    if short(most) < 0:
        raise InputError(
            f"particles that stick so seldom (stability ratio {wanted:.3g}) would need a barrier above "
            f"{HIGHEST_KT:g} kT; give a larger sticking rate, or none"
        )
    return float(brentq(short, 0.0, most, xtol=1e-9))


def _integral(function: Callable[[Floats], Floats], pair: DlvoPair, begin: float, end: float = inf) -> float:
    """Integral up to the cut-off or before, by Gauss's rule in parts within each of which it is smooth."""
    from scipy.special import roots_legendre

    last, contact = min(end, pair.cutoff_A), pair.contact_A
    places = [
        contact - 10,
        contact - 3,
        contact - CORE_RAMP_A,
        contact - ROUNDED_A,
        contact,
        contact + ROUNDED_A,
    ]
    places += [pair.well_end_A, contact + END_BEGINS * (pair.cutoff_A - contact)]
    places += [contact + BARRIER_AT_A + k * BARRIER_WIDTH_A for k in (-3, -1, 0, 1, 3, 6)]
    # the double layers decay over some Debye lengths, van der Waals's energy over some distances
    places += list(np.geomspace(pair.well_end_A - contact, pair.cutoff_A - contact, 12)[1:-1] + contact)
    edges = np.array([begin, *sorted({place for place in places if begin < place < last}), last])
    node, weight = roots_legendre(NODES)
    half = np.diff(edges)[:, None] / 2
    r = (edges[:-1, None] + edges[1:, None]) / 2 + half * node
    return float(np.sum(function(r) * weight * half)) if last > begin else 0.0
