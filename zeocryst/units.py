"""The only place where units convert.

Everywhere outside the engines: Å, eV, amu, ps, K, bar, degrees. Constants are CODATA values as
`scipy.constants` has them.
"""

from __future__ import annotations

from math import pi

from scipy import constants

#: Boltzmann constant, eV/K.
BOLTZMANN_EV_PER_K: float = constants.k / constants.e
#: 1 eV/Å^3 in bar.
BAR_PER_EV_PER_A3: float = constants.e / 1e-30 / 1e5
#: 1 amu Å^2/ps^2 in eV.
EV_PER_AMU_A2_PER_PS2: float = constants.atomic_mass * 1e4 / constants.e
#: The unit of time that follows from Å, eV and amu, sqrt(amu Å^2/eV), in ps: 0.01018051.
PS_PER_DERIVED_TIME: float = EV_PER_AMU_A2_PER_PS2**0.5
#: 1 amu/Å^3 in g/cm^3.
G_PER_CM3_PER_AMU_PER_A3: float = constants.atomic_mass * 1e27
#: 1 kcal/mol (thermochemical) in eV: 0.0433641; 1 eV in kJ/mol: 96.48533.
EV_PER_KCAL_PER_MOL: float = constants.calorie * 1e3 / constants.N_A / constants.e
KJ_PER_MOL_PER_EV: float = constants.e * constants.N_A / 1e3
#: 1 eV/Å^2 in mJ/m^2: 16021.77.
MJ_PER_M2_PER_EV_PER_A2: float = constants.e * 1e20 * 1e3
#: 1 bohr in Å.
A_PER_BOHR: float = constants.value("Bohr radius") * 1e10


def steps(time_ps: float, timestep_fs: float) -> int:
    """Number of time steps of `timestep_fs` (fs) nearest to `time_ps` (ps), at least one."""
    return max(1, round(1000.0 * time_ps / timestep_fs))


def stokes_friction(viscosity_mPa_s: float, radius_A: float) -> float:
    """Friction of a sphere in a viscous liquid by Stokes's law, 6 pi eta r, amu/ps.

    Parameters
    ----------
    viscosity_mPa_s
        Of the liquid, mPa s.
    radius_A
        Hydrodynamic radius of the sphere, Å.
    """
    kg_per_s = 6 * pi * viscosity_mPa_s * 1e-3 * radius_A * 1e-10
    return float(kg_per_s / constants.atomic_mass * 1e-12)


def diffusion_A2_per_ps(temperature_K: float, friction_amu_per_ps: float) -> float:
    """Diffusion coefficient by Einstein's relation, kT / friction, Å^2/ps."""
    return BOLTZMANN_EV_PER_K * temperature_K / EV_PER_AMU_A2_PER_PS2 / friction_amu_per_ps
