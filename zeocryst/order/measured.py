"""What an order parameter returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

#: A table by columns: name, with its unit, to an array; all of one length.
Table = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Measured:
    """Numbers of a frame, arrays of its sites, and distributions.

    Attributes
    ----------
    values : dict
        Name (with its unit, where it has one) to a number; NaN where it is not defined.
    sites : dict
        Name to an array with one entry for each T site.
    words : dict
        Name to a text, such as the name of a framework; empty where there is none.
    distributions : dict
        Name to a table by columns, such as distance and pair distribution.
    """

    values: dict[str, float]
    sites: dict[str, NDArray[Any]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    distributions: dict[str, Table] = field(default_factory=dict)
