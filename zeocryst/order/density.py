"""Framework density."""

from __future__ import annotations

from zeocryst.cell import volume
from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured


def density(network: Network) -> Measured:
    """Framework density, T atoms per 1000 Å^3, as the zeolite database gives it."""
    return Measured({"density_T_per_1000A3": 1000.0 * network.n_sites / volume(network.cell)})
