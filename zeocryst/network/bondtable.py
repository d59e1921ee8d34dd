"""The bonds of a net, to be looked up by their ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network

Ints = NDArray[np.int64]


class BondTable:
    """The bonds of a net, each from both of its ends.

    Parameters
    ----------
    net
        Sites and bonds.
    """

    def __init__(self, net: Network) -> None:
        self._net = net
        self._known = {}
        for e, (a, b, *shift) in enumerate(np.column_stack([net.first, net.second, net.shift]).tolist()):
            self._known[a, b, *shift] = (e, False)
            self._known[b, a, *(-s for s in shift)] = (e, True)

    def find(self, first: Ints, second: Ints, shift: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Which bonds join sites, where the second is in the cell `shift` as seen from the first.

        Parameters
        ----------
        first, second : (K,) int arrays
        shift : (K, 3) int array

        Returns
        -------
        bond : (K,) int array
            Numbers of bonds, -1 where none joins them.
        backwards : (K,) bool array
            Whether the bond begins at the second site.
        """
        rows = map(tuple, np.column_stack([first, second, shift]).tolist())
        found = [self._known.get(row, (-1, False)) for row in rows]
        bond, backwards = zip(*found, strict=True) if found else ((), ())
        return np.array(bond, dtype=np.int64), np.array(backwards, dtype=bool)

    def hold(self, site: Ints, lattice: Ints, matrix: Ints) -> bool:
        """Whether every bond goes to a bond, where sites go to sites (N,) in cells (N, 3)."""
        net = self._net
        shift = lattice[net.second] + net.shift @ matrix - lattice[net.first]
        return bool((self.find(site[net.first], site[net.second], shift)[0] >= 0).all())

    def same(self, other: Network) -> bool:
        """Whether another network on the same sites has these bonds and no others, each once."""
        bond = self.find(other.first, other.second, other.shift)[0]
        return bool(np.array_equal(np.sort(bond), np.arange(len(self._net.first))))
