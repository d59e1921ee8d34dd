r"""Enthalpies and densities of crystal and melt from runs at constant pressure.

.. math:: H = U + p V + \frac{3}{2} N k T

per T, with the S that belong to it. U is the mean potential energy, p the pressure that is asked for; the last
term is the same in both phases, and is left out of enthalpies but not of heat capacities. Frames of one run
depend on each other: errors are those of the mean of a correlated series.

A melt below the melting point and a crystal above it are there for a while only. A run counts only if it was
what it is called in all of its frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.studies.driving import fit_enthalpy
from zeocryst.studies.points import last_stage
from zeocryst.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K

Floats = NDArray[np.float64]

CRYSTAL, MELT = "crystal", "melt"
#: A crystal has at least this crystalline share in every frame, a melt at most that.
LEAST_CRYSTAL, MOST_MELT = 0.75, 0.15
#: The sum over the memory of a series ends at so many times the memory (A. Sokal, in Functional Integration,
#: NATO ASI B 361, 131 (1997)).
WINDOW = 5.0
#: Fewer frames than this have no error worth the name.
LEAST_FRAMES = 10


@dataclass(frozen=True)
class Phase:
    """Crystal or melt at one temperature.

    Attributes
    ----------
    run, phase : str
    temperature_K : float
    enthalpy_eV_per_T, uncertainty_eV_per_T : float or None
        Without the kinetic part.
    density_T_per_1000A3, density_uncertainty : float or None
    squared_frequency_per_ps2 : float or None
        Mean square of the frequencies of its beads (`zeocryst.studies.timestep`).
    why_left_out : str or None
        Why it does not count; the numbers are None then.
    """

    run: str
    phase: str
    temperature_K: float
    enthalpy_eV_per_T: float | None = None
    uncertainty_eV_per_T: float | None = None
    density_T_per_1000A3: float | None = None
    density_uncertainty: float | None = None
    squared_frequency_per_ps2: float | None = None
    why_left_out: str | None = None

    def record(self) -> dict[str, Any]:
        """As it stands in a summary."""
        return asdict(self)


def mean_of_series(values: ArrayLike) -> tuple[float, float]:
    r"""Mean of a correlated series and its standard error.

    .. math:: \sigma^2 = \frac{s^2}{n} \left(1 + 2 \sum_{k=1}^{M} \rho_k\right)

    with the smallest M that is at least `WINDOW` times the bracket's half.

    Parameters
    ----------
    values : (n,) array
        Evenly spaced in time.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    off = x - x.mean()
    size = float(off @ off)
    if n < 2 or size == 0:
        return float(x.mean()), 0.0
    memory = 1.0
    for k in range(1, n // 2):
        memory += 2 * float(off[:-k] @ off[k:]) / size
        if k >= WINDOW * max(memory, 1.0) / 2:
            break
    memory = max(memory, 1.0)
    # what the mean took from the spread is given back: n / memory values are independent
    free = max(n / memory - 1, 1.0)
    return float(x.mean()), float((size / n / free) ** 0.5)


def measure_phase(
    run: str,
    phase: str,
    temperature_K: float,
    rows: Sequence[Mapping[str, Any]],
    *,
    pressure_bar: float,
    beads_per_T: float,
) -> Phase:
    """Enthalpy and density from the last stage of a run.

    Parameters
    ----------
    run, phase
        Its name, and `CRYSTAL` or `MELT`.
    temperature_K, pressure_bar
        What was asked for.
    rows
        The run's table.
    beads_per_T
        All beads for each T.
    """
    measured = last_stage(rows)
    share = np.array([float(row["crystalline_share"]) for row in measured])
    why = None
    if len(measured) < LEAST_FRAMES:
        why = f"it has {len(measured)} frames, and at least {LEAST_FRAMES} are needed"
    elif phase == CRYSTAL and share.min() < LEAST_CRYSTAL:
        why = f"the crystal did not last: its crystalline share fell to {share.min():.2f}"
    elif phase == MELT and share.max() > MOST_MELT:
        why = f"the melt crystallized: its crystalline share rose to {share.max():.2f}"
    if why:
        return Phase(run, phase, temperature_K, why_left_out=why)
    energy = np.array([float(row["energy_eV_per_bead"]) for row in measured]) * beads_per_T
    volume = 1000 / np.array([float(row["density_T_per_1000A3"]) for row in measured])
    h, error = mean_of_series(energy + pressure_bar / BAR_PER_EV_PER_A3 * volume)
    v, v_error = mean_of_series(volume)
    return Phase(run, phase, temperature_K, h, error, 1000 / v, 1000 / v**2 * v_error)


def differences(phases: Iterable[Phase]) -> tuple[Floats, Floats, Floats]:
    """Temperatures at which both phases count, and there the enthalpy of melting and its error, eV per T."""
    known: dict[str, dict[float, Phase]] = {CRYSTAL: {}, MELT: {}}
    for one in phases:
        if one.why_left_out is None:
            known[one.phase][one.temperature_K] = one
    shared = sorted(set(known[CRYSTAL]) & set(known[MELT]))
    t, h, e = [], [], []
    for temperature in shared:
        crystal, melt = known[CRYSTAL][temperature], known[MELT][temperature]
        assert crystal.enthalpy_eV_per_T is not None
        assert melt.enthalpy_eV_per_T is not None
        assert crystal.uncertainty_eV_per_T is not None
        assert melt.uncertainty_eV_per_T is not None
        t.append(temperature)
        h.append(melt.enthalpy_eV_per_T - crystal.enthalpy_eV_per_T)
        e.append(float(np.hypot(crystal.uncertainty_eV_per_T, melt.uncertainty_eV_per_T)))
    return np.array(t), np.array(h), np.array(e)


def heat_capacity(phases: Iterable[Phase], phase: str, beads_per_T: float) -> tuple[float, float] | None:
    """Mean heat capacity at constant pressure over the temperatures and its error, k per T.

    The slope of the enthalpy, with 3/2 k for the motion of each bead. None with fewer than two temperatures.
    """
    chosen = [one for one in phases if one.phase == phase and one.why_left_out is None]
    if len({one.temperature_K for one in chosen}) < 2:
        return None
    fit = fit_enthalpy(
        [one.temperature_K for one in chosen],
        [one.enthalpy_eV_per_T or 0.0 for one in chosen],
        [one.uncertainty_eV_per_T or 0.0 for one in chosen],
    )
    slope = float(fit.coefficients[1]) / fit.centre_K / BOLTZMANN_EV_PER_K
    error = float(fit.covariance[1, 1]) ** 0.5 / fit.centre_K / BOLTZMANN_EV_PER_K
    return slope + 1.5 * beads_per_T, error
