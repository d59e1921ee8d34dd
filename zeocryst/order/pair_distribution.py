"""Pair distributions g(r) of T and S, by freud."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.beads import Beads
from zeocryst.cell import heights
from zeocryst.order.measured import Measured
from zeocryst.order.with_freud import load_freud

if TYPE_CHECKING:
    import gsd.hoomd

#: How far g(r) reaches, and the width of its bins, Å.
REACH_A, BIN_A = 10.0, 0.05
BINS = round(REACH_A / BIN_A)
#: Nearer than this no two beads are, but a bead is to itself, Å.
NEAREST_A = 1e-3
#: The bead types whose pairs are counted.
TYPES = ("T", "S")


@cache
def _rdf() -> Any:
    """The histogram of freud; making it takes longer than filling it."""
    return load_freud().density.RDF(bins=BINS, r_max=REACH_A)


def pair_distribution(frame: gsd.hoomd.Frame) -> Measured:
    r"""Pair distributions of T with T, T with S and S with S.

    .. math:: g_{ab}(r) = \frac{V}{N_a N_b} \Big\langle \sum_{i \in a} \sum_{j \in b, j \neq i}
              \frac{\delta(r - r_{ij})}{4 \pi r^2} \Big\rangle

    without dimension, to 10 Å in bins of 0.05 Å, computed by freud. Types are called T and S. An ideal gas has
    1, and 1 - 1/N_a among the N_a of one type. NaN for pairs of a type of which there is none.
    """
    beads = Beads.of(frame)
    cell = beads.cell
    # freud wants a box twice as wide as its reach; partners come from as many copies of the cell as that takes
    repeats = tuple(int(k) for k in np.ceil(2.01 * REACH_A / heights(cell)))
    shifts = np.array(list(np.ndindex(*repeats))) @ cell
    box = load_freud().box.Box.from_matrix((cell * np.array(repeats)[:, None]).T)
    reach = {"r_max": REACH_A, "r_min": NEAREST_A, "exclude_ii": False}
    table = {}
    for a, b in combinations_with_replacement(TYPES, 2):
        first, second = (beads.centred[beads.are(t)] for t in (a, b))
        if not len(first) or not len(second):
            table[f"g_{a}{b}"] = np.full(BINS, np.nan)
            continue
        around = (second + shifts[:, None]).reshape(-1, 3)
        rdf = _rdf().compute((box, box.wrap(around)), query_points=box.wrap(first), neighbors=reach)
        table[f"g_{a}{b}"] = np.array(rdf.rdf, dtype=float)
    centres = (np.arange(BINS) + 0.5) * BIN_A
    return Measured({}, distributions={"pair_distribution": {"r_A": centres, **table}})
