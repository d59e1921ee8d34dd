"""Water as a solvent of charges: its permittivity along the saturation line, and the Debye length in it."""

from __future__ import annotations

from math import sqrt

from scipy import constants

from zeocryst.errors import InputError

#: Temperatures between which `water_permittivity` is defined, K: triple point, and where the liquid near its
#: critical point is no solvent any more.
COLDEST_K, WARMEST_K = 273.15, 623.15
#: Critical temperature of water, K, and density, kg/m^3, and its molar mass, kg/mol (IAPWS).
CRITICAL_K, CRITICAL_DENSITY, MOLAR_MASS = 647.096, 322.0, 0.018015268
#: Density of the saturated liquid: coefficients and exponents (of 1 - T/Tc) of equation 2.6 in W. Wagner,
#: A. Pruß, J. Phys. Chem. Ref. Data 31, 387 (2002).
SATURATED = (
    (1.99274064, 1 / 3), (1.09965342, 2 / 3), (-0.510839303, 5 / 3), (-1.75493479, 16 / 3),
    (-45.5170352, 43 / 3), (-6.74694450e5, 110 / 3),
)  # fmt: skip
#: Harris and Alder's g factor: coefficients, exponents of the density and of 1/T (D. P. Fernández, A. R. H.
#: Goodwin, E. W. Lemmon, J. M. H. Levelt Sengers, R. C. Williams, J. Phys. Chem. Ref. Data 26, 1125 (1997)).
G_FACTOR = (
    (0.978224486826, 1, 0.25), (-0.957771379375, 1, 1.0), (0.237511794148, 1, 2.5), (0.714692244396, 2, 1.5),
    (-0.298217036956, 3, 1.5), (-0.108863472196, 3, 2.5), (0.0949327488264, 4, 2.0),
    (-0.00980469816509, 5, 2.0),
    (0.165167634970e-4, 6, 5.0), (0.937359795772e-4, 7, 0.5), (-0.123179218720e-9, 10, 10.0),
)  # fmt: skip
#: The last coefficient, of (T/228 K - 1)^-1.2.
G_LAST = 0.196096504426e-2
#: Of that formulation: polarizability of a molecule, C^2 m^2/J, and its dipole moment, C m.
POLARIZABILITY, DIPOLE = 1.636e-40, 6.138e-30


def water_density(temperature_K: float) -> float:
    """Density of liquid water at its vapour pressure, kg/m^3 (`SATURATED`)."""
    theta = 1 - temperature_K / CRITICAL_K
    return float(CRITICAL_DENSITY * (1 + sum(b * theta**power for b, power in SATURATED)))


def water_permittivity(temperature_K: float) -> float:
    """Relative permittivity of liquid water at its vapour pressure.

    The formulation of the IAPWS (R8-97), by Fernández and others (`G_FACTOR`), at the density of the saturated
    liquid. It agrees with the measurements of C. G. Malmberg and A. A. Maryott (J. Res. Natl. Bur. Stand. 56, 1
    (1956)) within 0.4 % from 0 to 100 °C. 78.4 at 25 °C, 55.5 at 100 °C, 34.8 at 200 °C.

    Parameters
    ----------
    temperature_K
        273.15 to 623.15 K.

    Raises
    ------
    InputError
        It is outside of this range.
    """
    if not COLDEST_K <= temperature_K <= WARMEST_K:
        raise InputError(
            f"the permittivity of water is known from {COLDEST_K:g} to {WARMEST_K:g} K, not at "
            f"{temperature_K:g} K; give relative_permittivity"
        )
    return permittivity_at(temperature_K, water_density(temperature_K))


def permittivity_at(temperature_K: float, density: float) -> float:
    """Relative permittivity of water at a temperature, K, and density, kg/m^3; see `water_permittivity`."""
    delta, tau = density / CRITICAL_DENSITY, CRITICAL_K / temperature_K
    g = 1 + sum(n * delta**i * tau**j for n, i, j in G_FACTOR)
    g += G_LAST * delta * (temperature_K / 228 - 1) ** -1.2
    per_m3 = density / MOLAR_MASS * constants.N_A
    a = per_m3 * DIPOLE**2 * g / (constants.epsilon_0 * constants.k * temperature_K)
    b = per_m3 * POLARIZABILITY / (3 * constants.epsilon_0)
    return float((1 + a + 5 * b + sqrt(9 + 2 * a + 18 * b + a**2 + 10 * a * b + 9 * b**2)) / (4 - 4 * b))


def debye_length_A(ionic_strength_M: float, temperature_K: float, permittivity: float) -> float:
    r"""Debye's screening length in a 1:1 electrolyte, Å.

    .. math:: \kappa^{-1} = \sqrt{\frac{\epsilon_0 \epsilon k T}{2 e^2 N_A I}}

    (P. Debye, E. Hückel, Phys. Z. 24, 185 (1923)): 9.6 Å with 0.1 mol/l at 25 °C.

    Parameters
    ----------
    ionic_strength_M
        mol/l.
    temperature_K, permittivity
        Of the solvent.
    """
    ions = 2 * 1000 * ionic_strength_M * constants.N_A * constants.e**2
    return sqrt(constants.epsilon_0 * permittivity * constants.k * temperature_K / ions) * 1e10
