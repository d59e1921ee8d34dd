"""Tetrahedral order after Errington and Debenedetti."""

from __future__ import annotations

import numpy as np

from zeocryst.cell import neighbour_pairs, volume
from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured

#: Farthest neighbour looked at, Å. A T with fewer than four T within it has no value.
REACH_A = 7.0


def tetrahedral_order(network: Network) -> Measured:
    r"""Orientational tetrahedral order of each T and its mean.

    .. math:: q = 1 - \tfrac{3}{8} \sum_{j<k} (\cos\theta_{jk} + \tfrac{1}{3})^2

    over the six pairs of the four nearest T (J. R. Errington, P. G. Debenedetti, Nature 409, 318 (2001)):
    1 in a perfect tetrahedron, 0 on average in an ideal gas. It looks at distances, not at bonds. NaN for
    a T with fewer than four others within 7 Å.
    """
    sites = network.n_sites
    reach = min(REACH_A, 1.4 * (volume(network.cell) / sites) ** (1 / 3) + 3.0)
    for cutoff in (reach, REACH_A):
        i, j, shift, distance = neighbour_pairs(network.positions, network.cell, cutoff, full=True)
        counts = np.bincount(i, minlength=sites)
        if (counts >= 4).all():
            break
    order = np.lexsort((distance, i))
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])
    enough = counts >= 4
    nearest = order[start[enough][:, None] + np.arange(4)]
    vectors = network.positions[j[nearest]] + shift[nearest] @ network.cell - network.positions[i[nearest]]
    unit = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    cosine = np.einsum("nix,njx->nij", unit, unit)[:, *np.triu_indices(4, 1)]
    q = np.full(sites, np.nan)
    q[enough] = 1 - 3 / 8 * ((cosine + 1 / 3) ** 2).sum(axis=1)
    mean = float(np.nanmean(q)) if enough.any() else float("nan")
    return Measured({"tetrahedral_order": mean}, {"tetrahedral_order": q.astype(np.float32)})
