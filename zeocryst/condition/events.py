"""What a run does on its way: a frame becomes atoms at a moment that its table tells."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from zeocryst.errors import InputError

#: How a column can be compared with a value.
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
#: What `Event.when` has to be, for messages.
FORM = (
    'a column of the run\'s table, one of > >= < <=, and a number, such as "largest_grain_T > 60" (among the '
    "columns: step, time_ps, temperature_K, energy_eV_per_bead, density_T_per_1000A3, q4_share, "
    "crystalline_share, largest_grain_sites)"
)
_WHEN = re.compile(r"\s*([A-Za-z][^\s<>=]*)\s*(>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Event:
    """A frame that is back-mapped, and refined, as soon as the run has reached it.

    It is the first frame of which `when` holds after one of which it did not; what holds from the first frame
    on happens where the longest stage begins, since what comes before it is preparation.

    Attributes
    ----------
    when : str
        A column of the run's table, how it is compared, and with which number: ``largest_grain_T > 60``.
    refine, sda : str or None
        As ``zeocryst backmap --refine`` and ``--sda``; None is what that command does by itself.
    si_al : float or None
        Likewise ``--si-al``.

    Raises
    ------
    InputError
        `when` is nothing of the kind.
    """

    when: str
    refine: str | None = None
    sda: str | None = None
    si_al: float | None = None

    def __post_init__(self) -> None:
        """Write `when` in one way."""
        object.__setattr__(self, "when", " ".join(self._parts()))

    def _parts(self) -> tuple[str, str, str]:
        """Column, comparison and number."""
        found = _WHEN.fullmatch(self.when) if isinstance(self.when, str) else None
        try:
            good = found is not None and math.isfinite(float(found[3]))
        except ValueError:
            good = False
        if found is None or not good:
            raise InputError(f"when = {self.when!r}; expected {FORM}")
        return found[1], found[2], found[3]

    @property
    def quantity(self) -> str:
        """The column, as it was called."""
        return self._parts()[0]

    def holds(self, value: float) -> bool:
        """Whether it holds where the column has this value; never of NaN."""
        _, comparison, bound = self._parts()
        return COMPARISONS[comparison](value, float(bound))

    def __str__(self) -> str:
        return self.when
