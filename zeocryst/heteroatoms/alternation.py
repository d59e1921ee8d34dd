"""AlPO4: Al and P in turn, where the network has two colours.

Al-O-Al and P-O-P do not occur in aluminophosphates (S. T. Wilson, B. M. Lok, C. A. Messina, T. R. Cannan, E. M.
Flanigen, J. Am. Chem. Soc. 104, 1146 (1982)), so that only nets whose rings are all even can be one. A net with
two colours may lose them in a cell that is too small: then the cell has to be repeated.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.errors import InputError
from zeocryst.heteroatoms.lattice import Lattice
from zeocryst.network.bonds import Network

if TYPE_CHECKING:
    from ase import Atoms

Ints = NDArray[np.int64]

#: Largest odd ring that is looked for (longer ones have no name that helps), and sites that are looked at.
LARGEST_RING, MOST_SITES = 21, 400


def alternate(atoms: Atoms, network: Network, *, seed: int = 1) -> Atoms:
    """Atoms whose Si are Al and P in turn.

    Parameters
    ----------
    atoms
        Their first atoms are the T of the network, in its order.
    network
        Sites and bonds.
    seed
        Which colour of each connected part is Al.

    Raises
    ------
    InputError
        The network has an odd ring, which is named, or the cell is too small, which is said.
    """
    lattice = Lattice.of(network, loewenstein=False)
    part, colour = lattice.colours
    if not lattice.two_coloured:
        raise InputError(_why_not(network))
    lone = np.flatnonzero(~lattice.usable)
    if len(lone):
        raise InputError(f"{len(lone)} T have no bridge (the first is T {lone[0]}): they are neither Al nor P")
    side = np.random.default_rng(seed).integers(2, size=int(part.max()) + 1)
    new = atoms.copy()
    symbols = new.get_chemical_symbols()
    symbols[: network.n_sites] = np.where(colour == side[part], "Al", "P").tolist()
    new.set_chemical_symbols(symbols)
    return new


def _why_not(network: Network) -> str:
    """Why Al and P can't alternate."""
    for turned in sorted(product((0, 1), repeat=3), key=sum):
        if any(turned) and _coloured_if(network, np.array(turned)):
            cells = " ".join(str(1 + t) for t in turned)
            return (
                "Al and P can't alternate in this cell: closed ways around it have an odd number of T; in a "
                f"cell repeated {cells} times along its vectors they can"
            )
    ring = odd_ring(network)
    named = (
        f"a ring of {len(ring)} T (sites {', '.join(map(str, ring))})"
        if ring
        else "a closed way of an odd number"
    )
    return f"Al and P can't alternate: the network has {named}; AlPO4 needs rings of even numbers of T alone"


def _coloured_if(network: Network, turned: Ints) -> bool:
    """Whether there are two colours when they change places with each step along some lattice vectors."""
    odd = (1 + network.shift @ turned) % 2
    colour = np.full(network.n_sites, -1)
    begin, near, shift = network.neighbours
    flips = (1 + shift @ turned) % 2
    for root in range(network.n_sites):
        if colour[root] >= 0:
            continue
        colour[root], stack = 0, [root]
        while stack:
            here = stack.pop()
            for k in range(begin[here], begin[here + 1]):
                if colour[near[k]] < 0:
                    colour[near[k]] = (colour[here] + flips[k]) % 2
                    stack.append(int(near[k]))
    return bool(((colour[network.first] + colour[network.second]) % 2 == odd).all())


def odd_ring(network: Network) -> list[int]:
    """The sites of a shortest odd ring of the net (no way around the cell), in order; empty: none found."""
    best: list[int] = []
    for root in range(min(network.n_sites, MOST_SITES)):
        found = _odd_ring_at(network, root, (len(best) or LARGEST_RING + 2) - 2)
        best = found or best
        if len(best) == 3:
            break
    return best


def _odd_ring_at(network: Network, root: int, longest: int) -> list[int]:
    """A shortest odd ring through a site, if it has no more than `longest` T."""
    begin, near, shift = network.neighbours
    home = (root, 0, 0, 0)
    before: dict[tuple[int, ...], tuple[int, ...]] = {home: home}
    level: list[tuple[int, ...]] = [home]
    for _ in range(1, (longest - 1) // 2 + 1):
        new: list[tuple[int, ...]] = []
        for node in level:
            for k in range(begin[node[0]], begin[node[0] + 1]):
                there = (int(near[k]), *(int(a + b) for a, b in zip(node[1:], shift[k], strict=True)))
                if there not in before:
                    before[there] = node
                    new.append(there)
        level, shell = new, set(new)
        for node in level:
            for k in range(begin[node[0]], begin[node[0] + 1]):
                there = (int(near[k]), *(int(a + b) for a, b in zip(node[1:], shift[k], strict=True)))
                if there in shell:
                    one, other = _way(node, before), _way(there, before)
                    if len(set(one) & set(other)) == 1:  # they part at the root
                        return [n[0] for n in one[::-1]] + [n[0] for n in other[:-1]]
    return []


def _way(node: tuple[int, ...], before: dict[tuple[int, ...], tuple[int, ...]]) -> list[tuple[int, ...]]:
    """From a node to the root."""
    way = [node]
    while before[way[-1]] != way[-1]:
        way.append(before[way[-1]])
    return way
