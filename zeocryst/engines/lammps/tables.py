"""Pair energies that no style of LAMMPS has, as tables made from their formula."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.model.topology import Coulomb, Topology

Floats = NDArray[np.float64]

#: The style of `zeocryst.model.topology.PairTerm` that becomes a table.
TABLED = "buck24"
#: Points of a table, and its shortest distance, Å; a table is evenly spaced in r^2. LAMMPS ends the process
#: where particles come nearer than this and there are threads.
TABLE_POINTS = 8000
TABLE_START_A = 0.05
#: Nearer than this (Å) the force stays as it is there, since r^-24 is steeper than a table can follow.
STEEP_A = 0.6


def tabled_pairs(topology: Topology) -> list[tuple[tuple[str, str], str, float]]:
    """Pairs of types that need a table, the name of its section, and its cut-off (Å)."""
    smooth = _smooth(topology)
    named = {tuple(sorted(p.types)): p for p in topology.pairs if p.style == TABLED}
    pairs = []
    for first, second in combinations_with_replacement(topology.types, 2):
        term = named.get(tuple(sorted((first, second))))
        ends = [smooth.cutoff_A] if smooth else []
        ends += [topology.end_of(term)] if term else []
        if ends:
            pairs.append(((first, second), f"{first}_{second}", max(ends)))
    return pairs


def table_text(topology: Topology) -> str:
    """The tables of a topology; empty where it needs none.

    Raises
    ------
    InputError
        Particles of one type have different charges.
    """
    pairs = tabled_pairs(topology)
    if not pairs:
        return ""
    if any(topology.special_coulomb[k] != topology.special_pair[k] for k in range(3)) and len(
        topology.bonds.atoms
    ):
        raise InputError("tables cannot weigh bonded particles' charges and pair terms differently")
    return "\n".join(_section(topology, types, name, cutoff) for types, name, cutoff in pairs)


def _section(topology: Topology, types: tuple[str, str], name: str, cutoff: float) -> str:
    smooth = _smooth(topology)
    mine = [t for t in topology.pairs if t.style == TABLED and sorted(t.types) == sorted(types)]
    strength, end, g = 0.0, 1.0, 0.0
    if smooth:
        charges = [_charge(topology, t) for t in types]
        strength = smooth.constant_eV_A * charges[0] * charges[1]
        end, g = smooth.cutoff_A, smooth.smoothing_A
    body = _rows(cutoff, tuple((t.numbers, topology.end_of(t)) for t in mine), strength, end, g)
    return f"{name}\nN {TABLE_POINTS} RSQ {TABLE_START_A} {cutoff:.17g}\n\n{body}\n"


@lru_cache(maxsize=16)
def _rows(
    cutoff: float, terms: tuple[tuple[tuple[float, ...], float], ...], strength: float, end: float, g: float
) -> str:
    """The rows of a table: terms of style `TABLED` with their cut-offs, and a shifted Coulomb's force."""
    r = np.sqrt(np.linspace(TABLE_START_A**2, cutoff**2, TABLE_POINTS))
    energy, force = np.zeros_like(r), np.zeros_like(r)
    for numbers, its_end in terms:
        more = buck24(r, numbers, its_end, g)
        energy, force = energy + more[0], force + more[1]
    if strength:
        more = shifted(r, strength, end, g)
        energy, force = energy + more[0], force + more[1]
    steep = int(np.searchsorted(r, STEEP_A))
    energy[:steep] = energy[steep] + force[steep] * (r[steep] - r[:steep])
    force[:steep] = force[steep]
    rows = zip(range(1, TABLE_POINTS + 1), r, energy, force, strict=True)
    return "\n".join(f"{k} {a:.17g} {u:.17g} {f:.17g}" for k, a, u, f in rows)


def buck24(r: Floats, numbers: tuple[float, ...], end: float, smoothing: float) -> tuple[Floats, Floats]:
    """A exp(-B r) - C/r^6 + D/r^24 less its value at the end, times exp(-g^2/(r - end)^2), and the force.

    Parameters
    ----------
    r : (P,) array, Å
    numbers
        A (eV), B (1/Å), C (eV Å^6), D (eV Å^24).
    end
        Cut-off, Å.
    smoothing
        g, Å.
    """
    a, b, c, d = numbers
    energy = a * np.exp(-b * r) - c / r**6 + d / r**24
    energy = energy - (a * np.exp(-b * end) - c / end**6 + d / end**24)
    force = a * b * np.exp(-b * r) - 6 * c / r**7 + 24 * d / r**25
    return _smoothed(r, energy, force, end, smoothing)


def shifted(r: Floats, strength: float, end: float, smoothing: float) -> tuple[Floats, Floats]:
    """Coulomb's energy and force, shifted so that both end at the cut-off, and smoothed like `buck24`.

    Parameters
    ----------
    strength
        Product of the charges and Coulomb's constant, eV Å.
    """
    energy = strength * (1 / r - 1 / end + (r - end) / end**2)
    force = strength * (1 / r**2 - 1 / end**2)
    return _smoothed(r, energy, force, end, smoothing)


def _smoothed(r: Floats, energy: Floats, force: Floats, end: float, g: float) -> tuple[Floats, Floats]:
    apart = np.where(r < end, r - end, -np.inf)
    factor = np.where(r < end, np.exp(-((g / np.where(r < end, apart, -1.0)) ** 2)), 0.0)
    slope = np.where(r < end, factor * 2 * g**2 / np.where(r < end, apart, -1.0) ** 3, 0.0)
    return energy * factor, force * factor - energy * slope


def _smooth(topology: Topology) -> Coulomb | None:
    coulomb = topology.felt
    return coulomb if coulomb is not None and coulomb.method == "smooth" else None


def _charge(topology: Topology, name: str) -> float:
    charges = np.unique(topology.charge[topology.kind == topology.types.index(name)])
    if len(charges) > 1:
        raise InputError(
            f"particles of type {name} have charges from {charges[0]:g} to {charges[-1]:g} e; a smoothed "
            "Coulomb's force needs one charge for each type"
        )
    return float(charges[0]) if len(charges) else 0.0
