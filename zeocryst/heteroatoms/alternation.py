"""AlPO4: Al and P in turn, where the network has two colours.

Al-O-Al and P-O-P do not occur in aluminophosphates (S. T. Wilson, B. M. Lok, C. A. Messina, T. R. Cannan, E. M.
Flanigen, J. Am. Chem. Soc. 104, 1146 (1982)), so that only nets whose rings are all even can be one. A net with
two colours may lose them in a cell that is too small: then the cell has to be repeated.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from zeocryst.errors import InputError
from zeocryst.heteroatoms.lattice import Lattice
from zeocryst.network.bonds import Network, repeat_network
from zeocryst.network.rings import find_rings

if TYPE_CHECKING:
    from ase import Atoms

#: Largest odd ring that is looked for (longer ones have no name that helps).
LARGEST_RING = 21


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
        a, b, c = (1 + t for t in turned)
        if any(turned) and Lattice.of(repeat_network(network, (a, b, c)), loewenstein=False).two_coloured:
            return (
                "Al and P can't alternate in this cell: closed ways around it have an odd number of T; in a "
                f"cell repeated {a} {b} {c} times along its vectors they can"
            )
    ring = odd_ring(network)
    named = (
        f"a ring of {len(ring)} T (sites {', '.join(map(str, ring))})"
        if ring
        else "a closed way of an odd number"
    )
    return f"Al and P can't alternate: the network has {named}; AlPO4 needs rings of even numbers of T alone"


def odd_ring(network: Network) -> list[int]:
    """The sites of a shortest odd ring of the net (no way around the cell), in order; empty: none found."""
    for size in range(3, LARGEST_RING + 1, 2):
        for sites, _ in find_rings(network, size):
            if len(sites) == size:
                return [int(site) for site in sites]
    return []
