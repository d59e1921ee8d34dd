"""Crystalline share and grains."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.order.labels import UNKNOWN, Labels, label_sites
from zeocryst.order.measured import Measured

#: Crystalline share from which a frame is called crystalline, and below which amorphous.
CRYSTALLINE_FROM, AMORPHOUS_BELOW = 0.8, 0.1


def in_a_word(share: float) -> str:
    """A crystalline share as "crystalline", "partly crystalline" or "amorphous"."""
    if share >= CRYSTALLINE_FROM:
        return "crystalline"
    return "amorphous" if share < AMORPHOUS_BELOW else "partly crystalline"


def crystallinity(network: Network) -> Measured:
    """Share of T in crystalline grains, number of grains, size of the largest, and its framework.

    How a site is called crystalline is said in `zeocryst.order.labels`. In the sites' arrays `grain` is the
    grain's number, 0 the largest, and -1 in amorphous matter, and `crystallinity` a graded measure, 0 to 1, of
    each site's surroundings; `mean_crystallinity` is its mean. A share of 0 says that there is no crystal
    larger than about `smallest_visible_T`. `largest_grain_framework` is a framework
    code, ``unknown`` for a crystal in no table, and empty where there is no grain; of a stacking of ``dia`` and
    ``lon`` that of most of its sites.
    """
    return _from_labels(labelled(network))


@lru_cache(maxsize=1)
def labelled(network: Network) -> Labels:
    """The labels of a network's sites; those of the last network are remembered."""
    return label_sites(network)


def _from_labels(labels: Labels) -> Measured:
    named = [k for k, code in enumerate(labels.codes) if code != UNKNOWN]
    values = {
        "crystalline_share": labels.crystalline_share,
        "named_share": float(np.isin(labels.code, named).mean()),
        "largest_grain_sites": float(labels.largest_grain_sites),
        "grains": float(labels.grain.max(initial=-1) + 1),
        "mean_crystallinity": float(labels.crystallinity.mean()),
        "smallest_visible_T": float(labels.smallest_visible),
    }
    largest = labels.code[labels.grain == 0]
    words = {
        "largest_grain_framework": labels.codes[int(np.bincount(largest).argmax())] if len(largest) else ""
    }
    sites = {"grain": labels.grain.astype(np.int32), "crystallinity": labels.crystallinity.astype(np.float32)}
    return Measured(values, sites, words)
