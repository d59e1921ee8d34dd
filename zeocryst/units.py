"""The only place where units convert.

Everywhere outside the engines: Å, eV, amu, ps, K, bar, degrees. Constants are CODATA values as
`scipy.constants` has them.
"""

from __future__ import annotations

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


def steps(time_ps: float, timestep_fs: float) -> int:
    """Number of time steps of `timestep_fs` (fs) nearest to `time_ps` (ps), at least one."""
    return max(1, round(1000.0 * time_ps / timestep_fs))
