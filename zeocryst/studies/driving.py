r"""The driving force of crystallization from enthalpies: the equation of Gibbs and Helmholtz.

At the melting point crystal and melt have one chemical potential. Away from it

.. math:: \frac{\Delta\mu(T)}{T} = \int_T^{T_m} \frac{\Delta H(T')}{T'^2} \, dT'

with :math:`\Delta\mu = \mu_{melt} - \mu_{crystal}` and :math:`\Delta H = H_{melt} - H_{crystal}`, both for one
T (with the S that belong to it). It is positive below the melting point, where the crystal is stable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.units import BOLTZMANN_EV_PER_K

Floats = NDArray[np.float64]

#: Highest power of the temperature that an enthalpy of melting is fitted with.
MOST_POWER = 2
#: A further power is taken where it lowers chi-square by more than this: 1 % of pure noise does, with one
#: degree of freedom.
WORTH_A_POWER = 6.63
#: A run of which all frames are alike states no error: it has this one at least, eV per T, and this share of
#: the largest.
LEAST_ERROR, LEAST_SHARE = 1e-9, 0.01


@dataclass(frozen=True)
class EnthalpyOfMelting:
    """Enthalpy of melting as a polynomial of the temperature, eV per T.

    Attributes
    ----------
    centre_K : float
        Powers are of ``T / centre_K - 1``.
    coefficients : (P,) array
        eV per T, from the constant up.
    covariance : (P, P) array
        Of the coefficients.
    from_K, to_K : float
        Where it was measured.
    chi_square, freedom : float, int
        Of the fit, and its degrees of freedom.
    """

    centre_K: float
    coefficients: Floats
    covariance: Floats
    from_K: float
    to_K: float
    chi_square: float = 0.0
    freedom: int = 0

    def at(self, temperature_K: float) -> tuple[float, float]:
        """Enthalpy of melting and its standard error at a temperature, eV per T."""
        powers = (temperature_K / self.centre_K - 1) ** np.arange(len(self.coefficients))
        return float(powers @ self.coefficients), float((powers @ self.covariance @ powers) ** 0.5)

    def record(self) -> dict[str, Any]:
        """As it stands in a summary; `enthalpy_of_record` reads it."""
        return {
            "centre_K": self.centre_K,
            "coefficients_eV_per_T": self.coefficients.tolist(),
            "covariance_eV2": self.covariance.tolist(),
            "from_K": self.from_K,
            "to_K": self.to_K,
            "chi_square": self.chi_square,
            "degrees_of_freedom": self.freedom,
        }


def enthalpy_of_record(record: Mapping[str, Any]) -> EnthalpyOfMelting:
    """What `EnthalpyOfMelting.record` wrote."""
    return EnthalpyOfMelting(
        float(record["centre_K"]),
        np.array(record["coefficients_eV_per_T"], dtype=float),
        np.array(record["covariance_eV2"], dtype=float),
        float(record["from_K"]),
        float(record["to_K"]),
        float(record["chi_square"]),
        int(record["degrees_of_freedom"]),
    )


def fit_enthalpy(temperature_K: ArrayLike, enthalpy_eV: ArrayLike, error_eV: ArrayLike) -> EnthalpyOfMelting:
    """Weighted least squares over the temperature, with as many powers as the data are worth.

    A constant for one temperature, a line for two; a further power where it lowers chi-square by
    `WORTH_A_POWER`. The covariance is that of the stated errors, larger where chi-square says that they are too
    small (R. T. Birge, Phys. Rev. 40, 207 (1932)).

    Parameters
    ----------
    temperature_K, enthalpy_eV, error_eV : (M,) arrays
        Temperatures, enthalpies of melting per T, and their standard errors; at least one.
    """
    t, h, e = (np.asarray(values, dtype=float) for values in (temperature_K, enthalpy_eV, error_eV))
    e = np.maximum(e, LEAST_ERROR + LEAST_SHARE * e.max())
    centre = float(t.mean())
    distinct = len(np.unique(t))
    best = _fit(t, h, e, centre, min(distinct, 2))
    for terms in range(3, min(MOST_POWER + 1, distinct - 1) + 1):
        richer = _fit(t, h, e, centre, terms)
        if best.chi_square - richer.chi_square > WORTH_A_POWER:
            best = richer
    return best


def _fit(t: Floats, h: Floats, e: Floats, centre: float, terms: int) -> EnthalpyOfMelting:
    """The fit with so many coefficients."""
    design = np.vander(t / centre - 1, terms, increasing=True) / e[:, None]
    covariance = np.asarray(np.linalg.inv(design.T @ design), dtype=float)
    best = np.asarray(covariance @ design.T @ (h / e), dtype=float)
    chi_square = float(((h / e - design @ best) ** 2).sum())
    freedom = len(t) - terms
    covariance *= max(1.0, chi_square / freedom) if freedom else 1.0
    return EnthalpyOfMelting(centre, best, covariance, float(t.min()), float(t.max()), chi_square, freedom)


@dataclass(frozen=True)
class DrivingForce:
    """What a T gains by leaving the melt for the crystal.

    Attributes
    ----------
    melting_point_K, uncertainty_K : float
        Where it is zero, and the standard error of that.
    enthalpy : EnthalpyOfMelting
    """

    melting_point_K: float
    uncertainty_K: float
    enthalpy: EnthalpyOfMelting

    def at(self, temperature_K: float) -> tuple[float, float]:
        r"""Driving force and its standard error at a temperature, eV per T; positive below the melting point.

        The integral is exact for the polynomial. Its error has that of the enthalpies, and that of the melting
        point, :math:`T \Delta H(T_m) \sigma / T_m^2`; the two are independent, measured by other runs.
        """
        t, melting = float(temperature_K), self.melting_point_K
        each = t * _integrals(len(self.enthalpy.coefficients), self.enthalpy.centre_K, t, melting)
        value = float(each @ self.enthalpy.coefficients)
        moved = t * self.enthalpy.at(melting)[0] / melting**2 * self.uncertainty_K
        return value, float((each @ self.enthalpy.covariance @ each + moved**2) ** 0.5)

    def at_in_kT(self, temperature_K: float) -> tuple[float, float]:
        """The same in units of kT."""
        value, error = self.at(temperature_K)
        kt = BOLTZMANN_EV_PER_K * temperature_K
        return value / kt, error / kt

    def is_measured_at(self, temperature_K: float) -> bool:
        """Whether enthalpies were measured from there to the melting point; else it is extrapolated."""
        low, high = sorted((temperature_K, self.melting_point_K))
        slack = 1e-6 * high
        return self.enthalpy.from_K - slack <= low and high <= self.enthalpy.to_K + slack


def _integrals(terms: int, centre: float, low: float, high: float) -> Floats:
    r"""Integrals of :math:`(T / c - 1)^k / T^2` from `low` to `high` for k = 0, 1, ..., 1/K."""
    from math import comb, log

    def power(n: int) -> float:
        """Integral of T^(n - 2)."""
        return log(high / low) if n == 1 else (high ** (n - 1) - low ** (n - 1)) / (n - 1)

    return np.array(
        [sum(comb(k, n) * (-1) ** (k - n) * power(n) / centre**n for n in range(k + 1)) for k in range(terms)]
    )


def driving_force_of(summary: Mapping[str, Any]) -> DrivingForce | None:
    """The driving force in the ``summary.json`` of a melting study; None where it has none."""
    found = summary.get("driving_force")
    if not found:
        return None
    return DrivingForce(
        float(found["melting_point_K"]), float(found["uncertainty_K"]), enthalpy_of_record(found["enthalpy"])
    )


def record_of(force: DrivingForce, temperatures_K: ArrayLike) -> dict[str, Any]:
    """As it stands in a summary, with a table at some temperatures; `driving_force_of` reads it."""
    table = []
    for t in np.asarray(temperatures_K, dtype=float).tolist():
        (value, error), (reduced, _) = force.at(t), force.at_in_kT(t)
        table.append(
            {"temperature_K": t, "eV_per_T": value, "uncertainty_eV_per_T": error, "kT": reduced,
             "extrapolated": not force.is_measured_at(t)}
        )  # fmt: skip
    return {
        "melting_point_K": force.melting_point_K,
        "uncertainty_K": force.uncertainty_K,
        "enthalpy": force.enthalpy.record(),
        "table": table,
    }
