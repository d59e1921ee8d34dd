"""What an order parameter returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Measured:
    """Numbers of a frame and arrays of its sites.

    Attributes
    ----------
    values : dict
        Name (with its unit, where it has one) to a number; NaN where it is not defined.
    sites : dict
        Name to an array with one entry for each T site.
    """

    values: dict[str, float]
    sites: dict[str, NDArray[Any]] = field(default_factory=dict)
