"""Pair distributions g(r) of T and S, by freud."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import box_to_cell, neighbour_pairs
from zeocryst.order.measured import Measured

if TYPE_CHECKING:
    import gsd.hoomd

#: How far g(r) reaches, and the width of its bins, Å.
REACH_A, BIN_A = 10.0, 0.05
#: The bead types whose pairs are counted.
TYPES = ("T", "S")


@cache
def _rdf() -> Any:
    """The histogram of freud; making it takes longer than filling it."""
    import freud.density

    return freud.density.RDF(bins=round(REACH_A / BIN_A), r_max=REACH_A)


def pair_distribution(frame: gsd.hoomd.Frame) -> Measured:
    r"""Pair distributions of T with T, T with S and S with S.

    .. math:: g_{ab}(r) = \frac{V}{N_a N_b} \Big\langle \sum_{i \in a} \sum_{j \in b, j \neq i}
              \frac{\delta(r - r_{ij})}{4 \pi r^2} \Big\rangle

    without dimension, to 10 Å in bins of 0.05 Å, computed by freud. Types are called T and S. An ideal gas has
    1, and 1 - 1/N_a among the N_a of one type. NaN for pairs of a type of which there is none.

    The value `first_peak_TT_A` is the distance with the highest g_TT, NaN where nothing is within 10 Å.
    """
    import freud.locality

    names = list(frame.particles.types or [])
    cell = box_to_cell(frame.configuration.box)
    points = np.asarray(frame.particles.position, dtype=float)
    members = {t: np.asarray(frame.particles.typeid) == names.index(t) for t in TYPES if t in names}
    i, j, shift, _ = neighbour_pairs(points, cell, REACH_A, full=True)
    order = np.argsort(i, kind="stable")  # as freud wants them
    i, j, shift = i[order], j[order], shift[order]
    vectors = points[j] + shift @ cell - points[i]
    rdf, bins = _rdf(), round(REACH_A / BIN_A)
    table = {}
    for a, b in combinations_with_replacement(TYPES, 2):
        table[f"g_{a}{b}"] = np.full(bins, np.nan)
        if not all(members.get(t, np.zeros(1)).any() for t in (a, b)):
            continue
        which = members[a][i] & members[b][j]
        number_a, number_b = np.cumsum(members[a]) - 1, np.cumsum(members[b]) - 1
        pairs = freud.locality.NeighborList.from_arrays(
            int(members[a].sum()), int(members[b].sum()), number_a[i[which]], number_b[j[which]], vectors[which]
        )
        system = (np.asarray(frame.configuration.box), points[members[b]])
        rdf.compute(system, query_points=points[members[a]], neighbors=pairs)
        table[f"g_{a}{b}"] = np.asarray(rdf.rdf, dtype=float)
    centres = (np.arange(bins) + 0.5) * BIN_A
    highest = np.nan_to_num(table["g_TT"])
    peak = float(centres[highest.argmax()]) if highest.max() > 0 else float("nan")
    return Measured({"first_peak_TT_A": peak}, distributions={"pair_distribution": {"r_A": centres, **table}})
