"""Al and other atoms in the places of Si: how many, and which T.

Three placements, of a number that is fixed:

random
    Each configuration that the rule allows is as likely as any other (`zeocryst.heteroatoms.sampling`).
clustered
    As many pairs Al-O-Si-O-Al as annealing finds: the sum of n(n - 1)/2 over the T with n Al around them is
    maximized, so that Al collects where locally Si/Al comes near 1.
spread
    As few such pairs as possible (E. Dempsey, G. H. Kühl, D. H. Olson, J. Phys. Chem. 73, 387 (1969)), and
    among those with the same number Al as far from each other as possible: the sum of r^-6 over pairs is
    minimized.

Löwenstein's rule, no Al-O-Al, is kept unless asked otherwise. It is of Al, and applied to B, whose tetrahedra
carry the same charge; Ge and Ti carry none and go anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs, volume
from zeocryst.errors import InputError, nearest, whole_number
from zeocryst.heteroatoms import sampling
from zeocryst.heteroatoms.elements import ELEMENTS
from zeocryst.heteroatoms.lattice import GROWING, Capacity, Lattice, capacity, quick_bound
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PLACEMENTS = ("random", "clustered", "spread")
#: Up to so many T, Al come and go while they are mixed, where they are more than this share of the T (fewer mix
#: by moves alone).
SMALL, DENSE = 300, 0.15
#: Steps per T, of each number of Al up to the wanted one, while they come and go; moves per T otherwise; and
#: steps of annealing: per T of the first thousand, and per T of the others.
BREATHS, MOVES = 100, 1000
ANNEALING, ANNEALING_MORE = 2000, 200
#: From this share of the T on, two-coloured networks begin from their colours: a lattice gas orders at about a
#: fifth (on a tree of four neighbours at 0.22), and grown domains would have to coarsen.
COLOURED_FROM = 0.22
#: What a pair Al-O-Si-O-Al costs, in units of r^-6 at the mean distance of Al.
PAIR_COST = 100.0
#: How far r^-6 is followed, in mean distances of Al, and at least and at most, Å.
REACH, LEAST_REACH_A, MOST_REACH_A = 1.5, 6.0, 25.0
#: Temperatures of the annealing, in what a pair costs: from the first to the second to the third.
HOT, COLD, COLDEST = {"clustered": 3.0, "spread": 0.5}, 0.05, 1e-5
#: How often a small network is annealed anew, from an even draw; of so many T and more it is annealed once.
MOST_STARTS, ANNEALED_ONCE = 8, 400


@dataclass(frozen=True)
class Placement:
    """Which T are replaced.

    Attributes
    ----------
    taken : (N,) bool array
    how : str
        One of `PLACEMENTS`.
    loewenstein : bool
    notes : tuple of str
        What has to be said of it, in sentences.
    """

    taken: Bools
    how: str
    loewenstein: bool
    notes: tuple[str, ...] = ()


def number_for_ratio(n_sites: int, ratio: float, element: str = "Al") -> int:
    """Number of T to replace so that Si/Al comes nearest to `ratio`; half a T counts as none.

    Raises
    ------
    InputError
        The ratio is no positive number, or asks for less than half an atom.
    """
    name = f"Si/{element} = {ratio!r}"
    try:
        value = float(ratio)
    except (TypeError, ValueError):
        value = float("nan")
    if isinstance(ratio, bool) or not np.isfinite(value) or value <= 0:
        raise InputError(f"{name}; expected a positive number, such as 31")
    number = int(np.ceil(n_sites / (1 + value) - 0.5))
    if number == 0:
        raise InputError(
            f"{name} is less than one {element} in {n_sites} T; one {element} is Si/{element} = "
            f"{n_sites - 1}: ask for less, or repeat the cell"
        )
    return number


def place(
    network: Network, number: int, *, how: str = "random", loewenstein: bool = True, seed: int = 1,
    element: str = "Al",
) -> Placement:  # fmt: skip
    """Choose T for `number` atoms of an element.

    Parameters
    ----------
    network
        Sites and bonds.
    number
        How many T are replaced.
    how
        One of `PLACEMENTS`.
    loewenstein
        Whether no two of them may be bonded over an O.
    seed
        Of the random numbers; the same seed gives the same placement.
    element
        What it is called in messages.

    Raises
    ------
    InputError
        So many can't be placed; the message says how many can, and whether that is proven.
    """
    if how not in PLACEMENTS:
        raise InputError(f"placement {how!r}; {nearest(how, PLACEMENTS)}")
    wanted = whole_number(number, f"number of {element}", 1)
    lattice = Lattice.of(network, loewenstein=loewenstein)
    rng = np.random.default_rng([whole_number(seed, "seed", 0), wanted])
    notes: tuple[str, ...] = ()
    if not loewenstein and wanted > lattice.usable.sum():
        raise InputError(
            f"{wanted} {element} on {lattice.usable.sum()} T (those with a bridge): there are not so many"
        )

    def _draw() -> tuple[Bools, bool]:
        if loewenstein:
            return _allowed(lattice, wanted, element, rng)
        taken = np.zeros(network.n_sites, dtype=bool)
        taken[rng.choice(np.flatnonzero(lattice.usable), wanted, replace=False)] = True
        return taken, True

    if how != "random" and wanted > 1:
        best = np.inf
        for _ in range(max(1, min(MOST_STARTS, ANNEALED_ONCE // network.n_sites))):
            tried, energy = _annealed(network, lattice, _draw()[0], how, loewenstein, rng)
            if energy < best:
                taken, best = tried, energy
    else:
        taken, mixed = _draw()
        if not mixed:
            notes = (_not_mixed(wanted, element),)
    return Placement(taken, how, loewenstein, notes)


def _not_mixed(wanted: int, element: str) -> str:
    return (
        f"{wanted} {element} are so near to the most that the network holds that they do not mix by moves: "
        "which of the few arrangements it is was not drawn evenly."
    )


def _allowed(lattice: Lattice, wanted: int, element: str, rng: np.random.Generator) -> tuple[Bools, bool]:
    """A configuration without neighbours, drawn evenly, and whether it could be mixed."""
    bound = quick_bound(lattice)
    if wanted > bound:
        raise InputError(_impossible(lattice, wanted, element, capacity(lattice)))
    taken = _first(lattice, wanted, element, rng)
    n = int(lattice.usable.sum())
    if n <= SMALL and wanted > DENSE * n:
        return _mixed(lattice, taken, wanted, rng)
    sampling.walk(taken, lattice.usable, lattice.begin, lattice.near, MOVES * n, True, rng)
    return taken, True


def _first(lattice: Lattice, wanted: int, element: str, rng: np.random.Generator) -> Bools:
    """Any configuration of the wanted number: from the colours, grown, or from the largest one."""
    dense = wanted > COLOURED_FROM * lattice.usable.sum()
    if dense and lattice.two_coloured:
        taken = _from_colours(lattice, rng)
        if taken.sum() >= wanted:
            return _thinned(taken, wanted, rng)
    taken = np.zeros(lattice.n_sites, dtype=bool)
    tries = GROWING * lattice.n_sites
    if sampling.grow(taken, lattice.usable, lattice.begin, lattice.near, wanted, tries, True, rng) == wanted:
        return taken
    most = capacity(lattice)
    if most.found.sum() < wanted:
        raise InputError(_impossible(lattice, wanted, element, most))
    return _thinned(most.found.copy(), wanted, rng)


def _from_colours(lattice: Lattice, rng: np.random.Generator) -> Bools:
    """One colour of each part of the network, at random."""
    part, colour = lattice.colours
    side = rng.integers(2, size=part.max(initial=0) + 1)
    return np.asarray(lattice.usable & (colour == side[part]))


def _thinned(taken: Bools, wanted: int, rng: np.random.Generator) -> Bools:
    """So many of the sites that are taken, at random."""
    there = np.flatnonzero(taken)
    taken[rng.choice(there, len(there) - wanted, replace=False)] = False
    return taken


def _mixed(lattice: Lattice, taken: Bools, wanted: int, rng: np.random.Generator) -> tuple[Bools, bool]:
    """Al come and go until they have forgotten where they were; with the wanted number at the end."""
    n = int(lattice.usable.sum())
    low = min(wanted, n // 10)
    weight = np.zeros(wanted - low + 1)
    begin = taken.copy()
    levels = len(weight)
    steps = BREATHS * n * (levels + 10)

    def _breathe(learning: float, steps: int) -> tuple[int, int]:
        total, trips = sampling.breathe(
            taken, lattice.usable, lattice.begin, lattice.near, low, wanted, weight, learning, steps, rng
        )
        return total, trips

    for learning in 2.0 ** -np.arange(0, 12):
        _breathe(learning, steps // 12)
    weight[-1] += np.log(levels)  # about half of the time at the number that is wanted
    total, trips = _breathe(0.0, steps)
    for _ in range(20):
        if total == wanted and (trips > 0 or levels == 1):
            return taken, True
        total, more = _breathe(0.0, steps // 4)
        trips += more
    taken[:] = begin
    sampling.walk(taken, lattice.usable, lattice.begin, lattice.near, MOVES * n, True, rng)
    return taken, False


def _impossible(lattice: Lattice, wanted: int, element: str, most: Capacity) -> str:
    """Why so many atoms can't be placed, and what can."""
    n, found = lattice.n_sites, int(most.found.sum())

    def _ratio(number: int) -> str:
        return f"Si/{element} = {(n - number) / number:.4g}" if number else f"no {element}"

    asked = f"{wanted} {element} in {n} T ({_ratio(wanted)}) without {element}-O-{element}"
    cure = "; ask for less, or give up Löwenstein's rule" if found else ""
    if wanted > most.bound:
        if most.proven:
            return f"impossible: {asked}; at most {found} of the {n} T can be {element} ({_ratio(found)}){cure}"
        return (
            f"impossible: {asked}; no more than {most.bound} of the {n} T can be {element}, and {found} "
            f"({_ratio(found)}) were found{cure}"
        )
    return (
        f"none found: {asked}; the most that was found is {found} ({_ratio(found)}), and more than "
        f"{most.bound} are impossible; whether there is one in between is not known{cure}"
    )


def _annealed(
    network: Network, lattice: Lattice, taken: Bools, how: str, apart: bool, rng: np.random.Generator
) -> tuple[Bools, float]:
    """Pairs Al-O-Si-O-Al brought to a maximum or a minimum, and the energy (less is better)."""
    n, number = network.n_sites, int(taken.sum())
    if how == "clustered":
        around, other, energy = np.zeros(n + 1, np.int64), np.empty(0, np.int64), np.empty(0)
        pair = -1.0
    else:
        around, other, energy = _repulsion(network, number)
        pair = PAIR_COST
    steps = ANNEALING * min(n, 1000) + ANNEALING_MORE * max(n - 1000, 0)
    for hot, cold in ((HOT[how], COLD), (COLD, COLDEST)):
        sampling.anneal(
            taken, lattice.usable, lattice.begin, lattice.near, pair, around, other, energy, hot * abs(pair),
            cold * abs(pair), steps, apart, rng,
        )  # fmt: skip
    count = sampling.neighbours_taken(taken, lattice.begin, lattice.near)
    source = np.repeat(np.arange(n), np.diff(around))
    total = pair * (count * (count - 1) // 2).sum() + energy[taken[source] & taken[other]].sum() / 2
    return taken, float(total)


def _repulsion(network: Network, number: int) -> tuple[Ints, Ints, Floats]:
    """(d / r)^6 between all T within reach, d the mean distance of Al: offsets, T, and values."""
    mean = (volume(network.cell) / number) ** (1 / 3)
    reach = min(max(REACH * mean, LEAST_REACH_A), MOST_REACH_A)
    i, j, _, distance = neighbour_pairs(network.positions, network.cell, reach, full=True)
    apart = i != j
    i, j, distance = i[apart], j[apart], distance[apart]
    order = np.argsort(i, kind="stable")
    around = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=network.n_sites))]).astype(np.int64)
    return around, j[order], np.asarray((mean / distance[order]) ** 6)


def substitute(
    atoms: Atoms, network: Network, *, element: str = "Al", number: int | None = None,
    ratio: float | None = None, how: str = "random", loewenstein: bool = True, seed: int = 1,
) -> tuple[Atoms, Placement]:  # fmt: skip
    """Atoms in which some Si are another element.

    Parameters
    ----------
    atoms
        Their first atoms are the T of the network, in its order.
    network
        Sites and bonds.
    element
        One of ``Al``, ``B``, ``Ga`` (charge -1 each), ``Ge``, ``Ti``.
    number, ratio
        How many, or Si/element (the nearest whole number of atoms): one of the two.
    how, loewenstein, seed
        See `place`. The rule is that of trivalent elements; others go anywhere.

    Returns
    -------
    atoms : ase.Atoms
        A copy; places and charges are those of before (`zeocryst.heteroatoms.balance`).
    placement : Placement

    Raises
    ------
    InputError
        An element that isn't offered, or a number that can't be placed.
    """
    if element not in ELEMENTS or not ELEMENTS[element].replaces_si:
        offered = [name for name, data in ELEMENTS.items() if data.replaces_si]
        raise InputError(f"element {element!r} for Si; {nearest(element, offered)}")
    if (number is None) == (ratio is None):
        raise InputError(f"give either the number of {element} or Si/{element}, and not both")
    if ratio is not None:
        number = number_for_ratio(network.n_sites, ratio, element)
    assert number is not None
    rule = loewenstein and ELEMENTS[element].charge < 0
    placement = place(network, number, how=how, loewenstein=rule, seed=seed, element=element)
    new = atoms.copy()
    symbols = np.array(new.get_chemical_symbols(), dtype=object)
    symbols[np.flatnonzero(placement.taken)] = element
    new.set_chemical_symbols(symbols.tolist())
    return new, placement
