"""What an order parameter is, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
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


@dataclass(frozen=True)
class OrderParameter:
    """An entry of the registry.

    Attributes
    ----------
    compute : callable
        What measures it.
    takes : tuple of str
        Its arguments, in order: ``"network"``, ``"frame"`` (beads of the types T and S, and O where there are
        oxygens) and ``"framework"`` (a code, given after a colon).
    default : bool
        Whether a run measures it in every frame. Those that are not need more than the T, a choice, or give a
        distribution.
    costly : bool
        Takes several times as long as all others together, so that it is measured only when it is asked for.
    curve : bool
        Gives a curve and no number, so that there is no need of it in frames whose curves nobody keeps.
    foreign : zeocryst.foundation.plugins.Declared or None
        The plugin that it comes from; None for zeocryst's own.
    """

    compute: Callable[..., Measured]
    takes: tuple[str, ...] = ("network",)
    default: bool = True
    costly: bool = False
    curve: bool = False
    foreign: Any = None
