"""The table of framework types: T sites with their coordination sequences, and start structures.

The tables are derived from the Database of Zeolite Structures by `zeocryst.order.derive`; each file
names its source. `candidates` groups types that no coordination sequence tells apart: they are named
together (``"ABW|ATN"``), never guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError, nearest


@dataclass(frozen=True)
class FrameworkType:
    """One entry of the table, or several that cannot be told apart.

    Attributes
    ----------
    code : str
        Three-letter code, or codes joined by ``|``.
    sequences : (K, 13) int array
        The distinct coordination sequences of its T sites.
    multiplicities : (K,) int array
        T sites per cell with each of them.
    vertex_symbols : tuple of K tuples of str
        Vertex symbols of the sites with each of them.
    density_T_per_1000A3 : float
        Framework density of the idealized SiO2 structure.
    ring_sizes : tuple of int
    interrupted : bool
        Some T have fewer than four bridging oxygens.
    """

    code: str
    sequences: NDArray[np.int32]
    multiplicities: NDArray[np.int64]
    vertex_symbols: tuple[tuple[str, ...], ...]
    density_T_per_1000A3: float
    ring_sizes: tuple[int, ...]
    interrupted: bool


def _read(name: str) -> dict[str, Any]:
    text = resources.files("zeocryst.frameworks").joinpath(name).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)["types"]
    return content


@cache
def framework_types() -> dict[str, FrameworkType]:
    """All framework types by code, in alphabetical order."""
    types = {}
    for code, entry in sorted(_read("table.json").items()):
        kinds: dict[tuple[int, ...], list[dict[str, Any]]] = {}
        for site in entry["sites"]:
            kinds.setdefault(tuple(site["coordination_sequence"]), []).append(site)
        types[code] = FrameworkType(
            code,
            np.array(list(kinds), dtype=np.int32),
            np.array([sum(site["multiplicity"] for site in sites) for sites in kinds.values()]),
            tuple(tuple(site["vertex_symbol"] for site in sites) for sites in kinds.values()),
            entry["density_T_per_1000A3"],
            tuple(entry["ring_sizes"]),
            entry["interrupted"],
        )
    return types


@cache
def candidates() -> tuple[FrameworkType, ...]:
    """The types that coordination sequences tell apart; those with the same in the same shares are one entry.

    What vertex symbols say of the types of such an entry is found by its codes in `framework_types`.
    """
    groups: dict[tuple[bytes, bytes], list[FrameworkType]] = {}
    for kind in framework_types().values():
        share = np.round(kind.multiplicities / kind.multiplicities.sum(), 6)
        groups.setdefault((kind.sequences.tobytes(), share.tobytes()), []).append(kind)
    joined = [
        FrameworkType(
            "|".join(k.code for k in group),
            group[0].sequences,
            group[0].multiplicities,
            group[0].vertex_symbols if len(group) == 1 else ((),) * len(group[0].sequences),
            group[0].density_T_per_1000A3,
            group[0].ring_sizes,
            group[0].interrupted,
        )
        for group in groups.values()
    ]
    return tuple(joined)


def start_codes() -> list[str]:
    """Codes of the framework types that a simulation can start from."""
    return sorted(_read("starts.json"))


def start_structure(code: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cell and T positions of a framework type, in its standard crystallographic setting.

    Returns
    -------
    cell : (3, 3) array, Å
    positions : (N, 3) array, Å

    Raises
    ------
    InputError
        The code is not among `start_codes`.
    """
    entries = _read("starts.json")
    if code not in entries:
        known = "" if code in framework_types() else " (and no framework type known here)"
        raise InputError(f"framework {code!r} has no start structure{known}; {nearest(code, entries)}")
    cell = np.array(entries[code]["cell_A"])
    return cell, np.array(entries[code]["T_sites"]) @ cell
