r"""Classical nucleation theory from a critical size: what Espinosa, Vega, Valeriani and Sanz call seeding.

With the driving force for one T (and the S that belong to it), :math:`|\Delta\mu|`, and the crystal's density
of T, :math:`\rho_s`, a spherical critical nucleus of :math:`N_c` T has

.. math:: \gamma = \left(\frac{3 N_c \rho_s^2 |\Delta\mu|^3}{32 \pi}\right)^{1/3}, \quad
          \Delta G_c = \frac{N_c |\Delta\mu|}{2}, \quad
          Z = \sqrt{\frac{|\Delta\mu|}{6 \pi k T N_c}}, \quad
          J = \rho_l Z f^+ e^{-\Delta G_c / k T}

with the attachment rate :math:`f^+` of the critical nucleus and the melt's density of T, :math:`\rho_l` (J. R.
Espinosa, C. Vega, C. Valeriani, E. Sanz, J. Chem. Phys. 144, 034501 (2016); E. Sanz et al., J. Am. Chem. Soc.
135, 15008 (2013); B. C. Knott et al., J. Am. Chem. Soc. 134, 19544 (2012)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.units import BOLTZMANN_EV_PER_K, MJ_PER_M2_PER_EV_PER_A2

Floats = NDArray[np.float64]

#: Draws with which errors are propagated, and the shares of them outside an interval, %.
DRAWS, TAILS = 20_000, (2.5, 97.5)
#: 1/(Å^3 ps) in 1/(m^3 s): 10^42.
LOG_PER_M3_S = 42
_LN10 = log(10)

#: What holds by assumption, in the order of the formulas.
ASSUMPTIONS = (
    "Classical nucleation theory: the free energy of a nucleus is that of the bulk crystal times its size "
    "plus an interfacial free energy times its surface (capillarity), with one interfacial free energy for "
    "all faces.",
    "The nucleus is a sphere with the density of the bulk crystal at the same temperature and pressure.",
    "The driving force is that between bulk crystal and bulk melt; strain, and the pressure inside a curved "
    "surface, are left out.",
    "The size of a nucleus is what the order parameter counts. Another one counts another number for the same "
    "nucleus, and the interfacial free energy goes with its cube root, the barrier in proportion to it.",
    "Nuclei change their size by one T at a time (diffusion along the size), and the rate is that of the "
    "steady state.",
)


def interfacial_free_energy(
    critical_size: ArrayLike, driving_eV: ArrayLike, crystal_per_A3: ArrayLike
) -> Floats:
    """Interfacial free energy, mJ/m^2.

    Parameters
    ----------
    critical_size
        T of the critical nucleus.
    driving_eV
        Driving force, eV per T, above 0.
    crystal_per_A3
        T per Å^3 of the crystal.
    """
    n, mu, rho = (np.asarray(a, dtype=float) for a in (critical_size, driving_eV, crystal_per_A3))
    return np.asarray(np.cbrt(3 * n * rho**2 * mu**3 / (32 * np.pi)) * MJ_PER_M2_PER_EV_PER_A2)


def barrier_kt(critical_size: ArrayLike, driving_eV: ArrayLike, temperature_K: float) -> Floats:
    """Height of the barrier in kT; parameters as for `interfacial_free_energy`."""
    kt = BOLTZMANN_EV_PER_K * temperature_K
    return np.asarray(np.asarray(critical_size, dtype=float) * np.asarray(driving_eV, dtype=float) / (2 * kt))


def zeldovich(critical_size: ArrayLike, driving_eV: ArrayLike, temperature_K: float) -> Floats:
    """Zeldovich's factor, without dimension; parameters as for `interfacial_free_energy`."""
    kt = BOLTZMANN_EV_PER_K * temperature_K
    n, mu = (np.asarray(a, dtype=float) for a in (critical_size, driving_eV))
    return np.asarray(np.sqrt(mu / (6 * np.pi * kt * n)))


def log10_rate(
    critical_size: ArrayLike,
    driving_eV: ArrayLike,
    temperature_K: float,
    *,
    attachment_per_ps: ArrayLike,
    melt_per_A3: ArrayLike,
) -> Floats:
    """Decimal logarithm of the rate in 1/(m^3 s): the rate itself may be smaller than any number.

    Parameters
    ----------
    critical_size, driving_eV, temperature_K
        As for `interfacial_free_energy` and `barrier_kt`.
    attachment_per_ps
        Attachment rate of the critical nucleus.
    melt_per_A3
        T per Å^3 of the melt.
    """
    z = zeldovich(critical_size, driving_eV, temperature_K)
    prefactor = np.asarray(melt_per_A3, dtype=float) * z * np.asarray(attachment_per_ps, dtype=float)
    barrier = barrier_kt(critical_size, driving_eV, temperature_K)
    return np.asarray(np.log10(prefactor) + LOG_PER_M3_S - barrier / _LN10)


@dataclass(frozen=True)
class Measured:
    """A number and its standard error."""

    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Nucleus:
    """What is known of the critical nucleus at a temperature.

    Attributes
    ----------
    temperature_K : float
    size : float
        T.
    sizes : (D,) array
        Draws of it that say its uncertainty.
    driving_eV : Measured
        Driving force, eV per T.
    crystal_per_A3, melt_per_A3 : Measured
        Densities of T.
    attachment_per_ps : Measured or None
        Attachment rate.
    volumes_m3 : dict
        Name to volume, for waiting times.
    """

    temperature_K: float
    size: float
    sizes: Floats
    driving_eV: Measured
    crystal_per_A3: Measured
    melt_per_A3: Measured
    attachment_per_ps: Measured | None = None
    volumes_m3: Mapping[str, float] | None = None


def theory(nucleus: Nucleus, seed: int = 1) -> dict[str, Any]:
    """What classical nucleation theory makes of a critical nucleus, each with an interval.

    Errors are propagated by draws: the critical size as given, driving force and densities normal, the
    attachment rate lognormal. Rates and waiting times are decimal logarithms; a rate that is too small or large
    for a number is None beside its logarithm.

    Parameters
    ----------
    nucleus
        With a driving force above 0.
    seed
        Of the draws.

    Returns
    -------
    dict
        As it stands in a summary.
    """
    rng = np.random.default_rng(seed)
    t, n = nucleus.temperature_K, nucleus.size
    sizes = rng.choice(nucleus.sizes, DRAWS)
    mu = _above_zero(nucleus.driving_eV, rng)
    rho = _above_zero(nucleus.crystal_per_A3, rng)
    best = nucleus.driving_eV.value
    found: dict[str, Any] = {
        "driving_force_eV_per_T": best,
        "driving_force_uncertainty_eV_per_T": nucleus.driving_eV.error,
        "driving_force_kT": best / (BOLTZMANN_EV_PER_K * t),
        "crystal_T_per_A3": nucleus.crystal_per_A3.value,
        "melt_T_per_A3": nucleus.melt_per_A3.value,
    }
    gamma = interfacial_free_energy(n, best, nucleus.crystal_per_A3.value)
    found |= _with_interval("interfacial_free_energy_mJ_per_m2", gamma, interfacial_free_energy(sizes, mu, rho))
    barriers = barrier_kt(sizes, mu, t)
    found |= _with_interval("barrier_kT", barrier_kt(n, best, t), barriers)
    found["barrier_uncertainty_kT"] = float(np.std(barriers))
    found |= _with_interval("zeldovich_factor", zeldovich(n, best, t), zeldovich(sizes, mu, t))
    radius = (3 * n / (4 * np.pi * nucleus.crystal_per_A3.value)) ** (1 / 3)
    found["critical_radius_A"] = float(radius)
    if nucleus.attachment_per_ps is None:
        return found
    return found | _rates(nucleus, nucleus.attachment_per_ps, sizes, mu, rng)


def _rates(
    nucleus: Nucleus, attachment: Measured, sizes: Floats, mu: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    """What follows from the attachment rate, with these draws of size and driving force."""
    t, melt = nucleus.temperature_K, nucleus.melt_per_A3
    spread = np.sqrt(np.log1p((attachment.error / attachment.value) ** 2))
    drawn = attachment.value * np.exp(spread * rng.normal(size=DRAWS))
    middle = log10_rate(
        nucleus.size, nucleus.driving_eV.value, t, attachment_per_ps=attachment.value, melt_per_A3=melt.value
    )
    rates = log10_rate(sizes, mu, t, attachment_per_ps=drawn, melt_per_A3=_above_zero(melt, rng))
    found: dict[str, Any] = {
        "attachment_rate_per_ps": attachment.value,
        "attachment_rate_uncertainty_per_ps": attachment.error,
    }
    found |= _with_interval("log10_rate_per_m3_s", middle, rates)
    low, high = found["log10_rate_interval_per_m3_s"]
    found["rate_per_m3_s"] = power_of_ten(float(middle))
    found["rate_interval_per_m3_s"] = [power_of_ten(low), power_of_ten(high)]
    found["waiting_times"] = [
        {
            "for": name,
            "volume_m3": volume,
            "log10_seconds": -float(middle) - float(np.log10(volume)),
            "log10_seconds_interval": [-high - float(np.log10(volume)), -low - float(np.log10(volume))],
            "seconds": power_of_ten(-float(middle) - float(np.log10(volume))),
        }
        for name, volume in (nucleus.volumes_m3 or {}).items()
    ]
    return found


def power_of_ten(exponent: float) -> float | None:
    """The number, or None where it is none that a file can hold."""
    return float(10.0**exponent) if -300 < exponent < 300 else None


def _above_zero(measured: Measured, rng: np.random.Generator) -> Floats:
    """Normal draws; what is not above 0, as it must be, is drawn from what is."""
    drawn = measured.value + measured.error * rng.normal(size=DRAWS)
    good = drawn > 0
    if not good.all():
        drawn[~good] = rng.choice(drawn[good], int((~good).sum())) if good.any() else measured.value
    return np.asarray(drawn)


def _with_interval(name: str, value: ArrayLike, draws: Floats) -> dict[str, Any]:
    """A value and its interval; ``_interval`` stands before the unit."""
    quantity = next((q for q in ("interfacial_free_energy", "barrier", "log10_rate", "zeldovich_factor") if
                     name.startswith(q)), name)  # fmt: skip
    low, high = np.percentile(draws, TAILS)
    return {
        name: float(np.asarray(value)),
        f"{quantity}_interval{name.removeprefix(quantity)}": [float(low), float(high)],
    }
