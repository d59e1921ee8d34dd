"""Rings per T by size."""

from __future__ import annotations

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.network.rings import rings_through_sites
from zeocryst.order.measured import Measured

#: Largest ring counted, in T.
LARGEST = 12


def ring_statistics(network: Network) -> Measured:
    """Primitive rings of 3 to 12 T, divided by the number of T, and the shares of T in three- and four-rings.

    Which rings are counted stands in `zeocryst.network.rings`. Per site: the numbers of three-, four- and
    five-rings through it.
    """
    through = rings_through_sites(network, LARGEST)
    values = {
        f"rings{n}_per_T": float(through[:, n].sum() / n / network.n_sites) for n in range(3, LARGEST + 1)
    }
    values |= {f"t_in_{n}_rings_share": float(np.mean(through[:, n] > 0)) for n in (3, 4)}
    return Measured(values, {f"rings{n}": through[:, n].copy() for n in (3, 4, 5)})
