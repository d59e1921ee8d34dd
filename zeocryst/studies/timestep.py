r"""How far a finite time step shifts a melting point.

Velocity Verlet follows not the model but one near to it, whose Hamiltonian is, to second order in the
step :math:`h` (E. Hairer, C. Lubich, G. Wanner, Acta Numerica 12, 399 (2003)),

.. math:: \tilde H = K + U + h^2 \left[\tfrac{1}{12} v^T (\nabla \nabla U) v - \tfrac{1}{24} F^T M^{-1} F\right]

With :math:`\omega^2 = \langle F^T M^{-1} F \rangle / 3 N k T`, the mean square of the frequencies, two
things follow for a thermostat that looks at velocities at whole steps: the true temperature is that of the
thermostat times :math:`1 + \omega^2 h^2 / 6`, and the free energy of a bead is higher by :math:`k T \omega^2
h^2 / 8`, more so in the stiffer phase. So the melting point of infinitely short steps is

.. math:: T_m (1 + \bar\omega^2 h^2 / 6) + \frac{k T_m^2 h^2}{8 \Delta H} (\omega_c^2 - \omega_l^2)

where the frequencies of crystal and melt are of all beads that belong to a T. In mW water at 10 fs it is
1.3 % higher, and a quarter of that at 5 fs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.model.forcefield import ForceField
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

if TYPE_CHECKING:
    import gsd.hoomd

#: What is left out is of the fourth order: this share of the correction is taken for its standard error.
HIGHER_ORDERS = 0.15


def squared_frequency(frames: Iterable[gsd.hoomd.Frame], forcefield: ForceField, temperature_K: float) -> float:
    r"""Mean square of the frequencies of the beads, :math:`\langle F^2 / m \rangle / 3 k T`, 1/ps^2.

    Parameters
    ----------
    frames
        Of a run in equilibrium.
    forcefield
        Its model.
    temperature_K
        Its temperature.
    """
    from zeocryst.potentials.cpu import Evaluator

    evaluator, means = Evaluator(forcefield), []
    for frame in frames:
        forces = np.asarray(evaluator.evaluate(frame).forces)
        means.append(float(((forces**2).sum(axis=1) / np.asarray(frame.particles.mass, dtype=float)).mean()))
    return float(np.mean(means)) / (3 * BOLTZMANN_EV_PER_K * temperature_K) / EV_PER_AMU_A2_PER_PS2


def melting_shift(
    melting_point_K: float,
    timestep_fs: float,
    crystal: float,
    melt: float,
    enthalpy_eV_per_T: float,
    beads_per_T: float,
) -> tuple[float, float]:
    """What is to be added to a melting point for infinitely short steps, and its standard error, K.

    Parameters
    ----------
    melting_point_K, timestep_fs
        As simulated.
    crystal, melt
        Mean squares of the frequencies in the two phases, 1/ps^2; half of the box is of each.
    enthalpy_eV_per_T
        Of melting.
    beads_per_T
        All beads for each T.
    """
    square = (timestep_fs / 1000) ** 2
    hotter = melting_point_K * (crystal + melt) / 2 * square / 6
    stiffer = BOLTZMANN_EV_PER_K * melting_point_K**2 * square / (8 * enthalpy_eV_per_T) * beads_per_T
    shift = hotter + stiffer * (crystal - melt)
    return shift, HIGHER_ORDERS * abs(shift)
