r"""What defaults of studies follow from: the units of a model, and boxes and times in them.

Models of one form differ by their units, and by their tetrahedrality: with times in
:math:`\tau = \sigma \sqrt{m / \epsilon}` (T-S: 0.20 ps), with :math:`\sigma` and :math:`\epsilon` of two T,
what suits the T-S model suits water and silicon as well. Nothing stays crystalline at 0.25
:math:`\epsilon / k`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import heights
from zeocryst.foundation.tables import Table
from zeocryst.model.forcefield import ForceField
from zeocryst.units import BOLTZMANN_EV_PER_K, PS_PER_DERIVED_TIME

Floats = NDArray[np.float64]

#: Temperature of a melt, in units of epsilon / k.
HOT = 0.25
#: Ranges of the model that every box holds, across: HOOMD-blue wants two, and a crystal may shrink.
ACROSS = 2.1
#: Part of a cell that is not added to reach a length.
NEARLY = 0.15


@dataclass(frozen=True)
class Scales:
    """Units of a model: epsilon / k (K), sigma (Å) and tau (ps) of two T; the least width of a box (Å)."""

    kelvin: float
    length_A: float
    time_ps: float
    across_A: float

    @classmethod
    def of(cls, forcefield: ForceField) -> Scales:
        """Those of a force field."""
        pair = forcefield.pair("T", "T")
        tau = PS_PER_DERIVED_TIME * pair.sigma_A * (forcefield.masses["T"] / pair.epsilon_eV) ** 0.5
        across = ACROSS * forcefield.cutoff_A
        return cls(pair.epsilon_eV / BOLTZMANN_EV_PER_K, pair.sigma_A, tau, across)

    def read_time(self, own: Table, key: str, units: float) -> float:
        """A time of a study's own table, ps; where it is not given so many tau."""
        return own.number(key, two_digits(units * self.time_ps), above=0, least=1e-3, most=1e7)


def interval(time_ps: float, frames: int) -> float:
    """Time between frames, so that there are about so many: 1, 2 or 5 of some power of ten, ps."""
    return rounded(time_ps / frames)


def rounded(value: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten, by ratio."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(f"{min((1, 2, 5, 10), key=lambda k: abs(np.log(value / power / k))) * power:.1g}")


def two_digits(value: float) -> float:
    """A default as people would write it."""
    return float(f"{value:.2g}")


def read_temperatures(own: Table, key: str, expected: str, *, least: int = 1) -> tuple[float, ...]:
    """The temperatures of a study's own table, K, in the order of the file.

    Parameters
    ----------
    own, key
        The table, and its key.
    expected
        What the message says where there is something else.
    least
        How many there are at least.

    Raises
    ------
    InputError
        It is no list of so many different temperatures.
    """
    given = own.get(key, expected)
    good = isinstance(given, list) and all(
        isinstance(t, int | float) and not isinstance(t, bool) and 0 < t <= 3e4 for t in given
    )
    if not good or len(given) < least or len(set(given)) < len(given):
        raise own.error(key, expected)
    return tuple(float(t) for t in given)


def choose_repeat(
    cell: Floats, along: int | None, length: float, width: float, least: float = 0.0
) -> tuple[int, int, int]:
    """How often a cell is repeated for a box of a length along one vector and a width along the others.

    Widths are between opposite faces. The vector `along` becomes the longest one, since the middle of the
    longest is what is held while the rest is melted. None: the width along all. No width is less than `least`.
    """
    tall, edges = heights(cell), np.linalg.norm(cell, axis=1)
    wanted = np.full(3, width)
    if along is not None:
        wanted[along] = length
    count = np.maximum(np.ceil(least / tall), np.ceil(wanted / tall - NEARLY))
    count = np.maximum(1, count).astype(int)
    if along is not None:
        longest = max(count[k] * edges[k] for k in range(3) if k != along)
        count[along] = max(count[along], int(np.floor(1.001 * longest / edges[along])) + 1)
    a, b, c = (int(k) for k in count)
    return a, b, c
