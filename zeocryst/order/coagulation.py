r"""How fast particles aggregate: the time in which their number halves, beside Smoluchowski's.

With a rate k for every pair of aggregates their number per volume falls as

.. math:: n(t) = n_0 / (1 + k n_0 t / 2), \qquad t_{1/2} = 2 / (k n_0)

(M. von Smoluchowski, Z. Phys. Chem. 92, 129 (1917)); a stability ratio W makes it W times as slow (N. Fuchs,
Z. Phys. 89, 736 (1934)). Where each contact sticks and nothing but diffusion matters, spheres of radius a that
stick at a distance R of their centres have

.. math:: k(t) = 8 \pi D R \left(1 + \frac{R}{\sqrt{2 \pi D t}}\right), \qquad D = kT / (6 \pi \eta a)

(the same paper). The second term is from those that were near each other at the beginning; in a dilute
suspension it is forgotten, and k = 8 kT / (3 eta) with R = 2a. At a few percent of the volume it is most of it.

For N particles the waiting times of the single events, of mean 2 V / (k n^2) with n aggregates left, add up to
a half-time with a relative standard deviation of sqrt(7 / (3 N)) (sums of n^-2 and n^-4 from N / 2 to N; the
stochastic process is A. Lushnikov's, J. Colloid Interface Sci. 65, 276 (1978)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import nan, pi, sqrt
from typing import Any

from zeocryst.units import diffusion_A2_per_ps, stokes_friction


def smoluchowski_half_time_ps(
    number: int,
    volume_A3: float,
    temperature_K: float,
    viscosity_mPa_s: float,
    *,
    radius_A: float,
    contact_A: float,
) -> float:
    """Half-time of diffusion-limited aggregation of equal spheres, with those that begin close, ps.

    Parameters
    ----------
    number, volume_A3
        Particles, and the box in which they are.
    temperature_K, viscosity_mPa_s
        Of the solvent.
    radius_A, contact_A
        Of a sphere, and the distance of two centres at which they stick.
    """
    # of one relative to the other
    diffusion = 2 * diffusion_A2_per_ps(temperature_K, stokes_friction(viscosity_mPa_s, radius_A))
    steady = 2 * volume_A3 / (4 * pi * diffusion * contact_A * number)
    # t + 2 b sqrt(t) = steady
    b = contact_A / sqrt(pi * diffusion)
    return (sqrt(b * b + steady) - b) ** 2


def half_time(rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """When the number of aggregates had halved.

    Parameters
    ----------
    rows
        The table of a run of particles: ``time_ps`` and ``n_aggregates``.

    Returns
    -------
    dict
        ``time_ps`` (None where it did not halve), ``uncertainty_ps`` (one run's, by theory), ``found``, and a
        ``sentence``.
    """
    first = rows[0]["n_aggregates"]
    for before, after in pairwise(rows):
        if after["n_aggregates"] <= first / 2:
            # 1/n grows linearly
            low, high, want = (1 / v for v in (before["n_aggregates"], after["n_aggregates"], first / 2))
            part = (want - low) / (high - low) if high > low else 1.0
            time = before["time_ps"] + part * (after["time_ps"] - before["time_ps"]) - rows[0]["time_ps"]
            error = time * sqrt(7 / (3 * first))
            sentence = (
                f"The number of aggregates halved after {time:.4g} ± {error:.2g} ps (standard deviation of one "
                f"run of {first:.0f}, by theory)."
            )
            return {"time_ps": time, "uncertainty_ps": error, "found": True, "sentence": sentence}
    left, spent = rows[-1]["n_aggregates"], rows[-1]["time_ps"] - rows[0]["time_ps"]
    sentence = f"After {spent:g} ps there were {left:.0f} aggregates of {first:.0f}: more than half as many."
    return {"time_ps": None, "uncertainty_ps": nan, "found": False, "sentence": sentence}
