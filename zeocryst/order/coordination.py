"""Q_n: how many bonds the T have."""

from __future__ import annotations

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured


def coordination(network: Network) -> Measured:
    """Shares of T with n bonds to other T (Q_n of 29Si NMR, for n from 0 to 4).

    Bonds are the network's: nearest first and at most four a T, so that a hot site keeps its four bonds
    while a fifth neighbour passes by. `dropped_pairs` counts the pairs within the cut-off that were
    refused a bond for this.
    """
    degree = network.degree
    values = {f"q{n}_share": float((degree == n).mean()) for n in range(5)}
    values["mean_coordination"] = float(degree.mean())
    values["dropped_pairs"] = float(network.dropped)
    return Measured(values, {"coordination": degree.astype(np.int32)})
