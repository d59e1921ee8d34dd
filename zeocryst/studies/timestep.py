r"""How far a finite time step shifts a melting point.

Velocity Verlet follows not the model but one near to it, whose Hamiltonian is, to second order in the
step :math:`h` (E. Hairer, C. Lubich, G. Wanner, Acta Numerica 12, 399 (2003)),

.. math:: \tilde H = K + U + h^2 \left[\tfrac{1}{12} v^T (\nabla \nabla U) v - \tfrac{1}{24} F^T M^{-1} F\right]

With :math:`\omega^2 = \langle F^T M^{-1} F \rangle / 3 N k T`, the mean square of the frequencies, two
things follow. The true temperature is the kinetic one of the velocities at whole steps times :math:`1 +
\omega^2 h^2 / 6`; and the free energy of a bead is higher by :math:`k T \omega^2 h^2 / 8`, more so in the
stiffer phase. With :math:`r T` for the kinetic temperature in a bath of :math:`T`, the melting point of
infinitely short steps is

.. math:: T_m r (1 + \bar\omega^2 h^2 / 6) + \frac{k T_m^2 h^2}{8 \Delta H} (\omega_c^2 - \omega_l^2)

where the frequencies of crystal and melt are of all beads that belong to a T. What :math:`r` is depends on the
thermostat, and runs tell. One that looks at velocities at whole steps (LAMMPS) has r = 1; one that holds those
at half steps, whose kinetic temperature is that of the places (HOOMD-blue), has :math:`1 - \omega^2 h^2 / 4`.
In mW water at 10 fs the melting point is 1.3 % higher in the first case and 0.5 % lower in the second, and a
quarter of that at 5 fs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.model.forcefield import ForceField
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

if TYPE_CHECKING:
    import gsd.hoomd

#: What is left out is of the fourth order: this share of the correction is taken for its standard error.
HIGHER_ORDERS = 0.15
#: What thermostats hold the temperature of; a kinetic temperature is told from another by so many errors.
WHOLE, HALF, MEASURED = "velocities at whole steps", "velocities at half steps", "as measured"
CLEAR = 3.0


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


@dataclass(frozen=True)
class Kinetic:
    """Kinetic temperature over that of the bath, its standard error, and what the thermostat holds."""

    ratio: float
    error: float
    holds: str


def kinetic_ratio(ratios: Sequence[tuple[float, int]], square: float) -> Kinetic:
    r"""How hot the beads are at whole steps.

    Parameters
    ----------
    ratios
        Of each run: the mean kinetic temperature over that of the bath, and beads times frames of it. Without
        any the velocities at whole steps are taken to be held.
    square
        :math:`\bar\omega^2 h^2`.

    Returns
    -------
    Kinetic
        1 or :math:`1 - \bar\omega^2 h^2 / 4` without an error where the runs tell which, else what they have.
    """
    whole, half = 1.0, 1.0 - square / 4
    if not ratios:
        return Kinetic(whole, 0.0, WHOLE)
    value, weight = np.array([r for r, _ in ratios]), np.array([n for _, n in ratios], dtype=float)
    mean = float(np.average(value, weights=weight))
    spread = float(np.sqrt((weight**2 * (value - mean) ** 2).sum()) / weight.sum())
    n = len(value)
    error = max((2 / (3 * weight.sum())) ** 0.5, spread * (n / (n - 1)) ** 0.5 if n > 1 else 0.0)
    near = {words: abs(mean - held) <= CLEAR * error for words, held in ((WHOLE, whole), (HALF, half))}
    if all(near.values()):
        return Kinetic(float(np.clip(mean, half, whole)), min(error, (whole - half) / 2), MEASURED)
    for words, held in ((WHOLE, whole), (HALF, half)):
        if near[words]:
            return Kinetic(held, 0.0, words)
    return Kinetic(mean, error, MEASURED)


def melting_shift(
    melting_point_K: float,
    timestep_fs: float,
    squared_frequencies: tuple[float, float],
    enthalpy_eV_per_bead: float,
    kinetic: Kinetic,
) -> tuple[float, float]:
    """What is to be added to a melting point for infinitely short steps, and its standard error, K.

    Parameters
    ----------
    melting_point_K, timestep_fs
        As simulated.
    squared_frequencies
        Their means in crystal and melt, 1/ps^2; half of the box is of each.
    enthalpy_eV_per_bead
        Of melting.
    kinetic
        How hot the beads are (`kinetic_ratio`).
    """
    crystal, melt = squared_frequencies
    square = (timestep_fs / 1000) ** 2
    sixth = (crystal + melt) / 2 * square / 6
    hotter = melting_point_K * (kinetic.ratio * (1 + sixth) - 1)
    stiffer = BOLTZMANN_EV_PER_K * melting_point_K**2 * square / (8 * enthalpy_eV_per_bead) * (crystal - melt)
    error = HIGHER_ORDERS * max(abs(melting_point_K * sixth + stiffer), abs(hotter))
    return hotter + stiffer, float(np.hypot(error, melting_point_K * kinetic.error))
