"""The nets of framework types, ready to be followed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from zeocryst.frameworks.table import nets
from zeocryst.network.angles import Angles, angles
from zeocryst.network.bonds import Network, network_of_bonds
from zeocryst.network.topology import coordination_sequences

#: Shells to which coordination sequences are compared, here and by others.
DEPTH = 8


@dataclass(frozen=True)
class Net:
    """A type's net, and the kind of each of its sites."""

    network: Network
    kinds: NDArray[np.int64]

    @cached_property
    def angles(self) -> Angles:
        """What is needed to follow it."""
        return angles(self.network)

    @cached_property
    def starts(self) -> dict[bytes, list[int]]:
        """For each beginning of a coordination sequence a site of each kind that has it."""
        rows = coordination_sequences(self.network, DEPTH)
        found: dict[bytes, list[int]] = {}
        for site in np.unique(self.kinds, return_index=True)[1]:
            for depth in range(1, DEPTH + 1):
                found.setdefault(rows[site, :depth].tobytes(), []).append(int(site))
        return found


def net_of_type(t: int) -> Net:
    """The net of type number t of `zeocryst.frameworks.table.nets`."""
    codes = tuple(nets())
    return _prepared(codes, codes[t])


@cache
def _prepared(codes: tuple[str, ...], code: str) -> Net:
    """The same by its code; `codes` says which table it is of, since users add types."""
    bonds, kinds = nets()[code]
    return Net(network_of_bonds(bonds, len(kinds)), np.asarray(kinds))
