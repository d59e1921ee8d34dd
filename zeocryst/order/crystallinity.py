"""Crystalline share and grains."""

from __future__ import annotations

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.order.labels import UNKNOWN, Labels, label_sites
from zeocryst.order.measured import Measured


def crystallinity(network: Network) -> Measured:
    """Share of T in crystalline grains, number of grains, size of the largest.

    How a site is called crystalline is said in `zeocryst.order.labels`. In the sites' arrays `grain` is
    the grain's number, 0 the largest, and -1 in amorphous matter.
    """
    return from_labels(label_sites(network))


def from_labels(labels: Labels) -> Measured:
    """The same from labels that are at hand."""
    named = [k for k, code in enumerate(labels.codes) if code != UNKNOWN]
    values = {
        "crystalline_share": labels.crystalline_share,
        "named_share": float(np.isin(labels.code, named).mean()),
        "largest_grain_sites": float(labels.largest_grain_sites),
        "grains": float(labels.grain.max(initial=-1) + 1),
    }
    return Measured(values, {"grain": labels.grain.astype(np.int32)})
