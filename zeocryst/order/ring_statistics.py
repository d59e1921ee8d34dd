"""Rings per T by size."""

from __future__ import annotations

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.network.rings import rings_through_sites
from zeocryst.order.measured import Measured

#: Largest ring counted, in T.
LARGEST = 12


def ring_statistics(network: Network) -> Measured:
    """Primitive rings of 3 to 12 T, divided by the number of T (see `zeocryst.network.rings`)."""
    through = rings_through_sites(network, LARGEST)
    values = {
        f"rings{n}_per_T": float(through[:, n].sum() / n / network.n_sites) for n in range(3, LARGEST + 1)
    }
    return Measured(
        values, {"rings4": through[:, 4].astype(np.int32), "rings5": through[:, 5].astype(np.int32)}
    )
