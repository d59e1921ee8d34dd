"""Tetrahedral order after Errington and Debenedetti."""

from __future__ import annotations

import numpy as np

from zeocryst.network.bonds import Network
from zeocryst.order.measured import Measured


def tetrahedral_order(network: Network) -> Measured:
    r"""Orientational tetrahedral order of each T and its mean.

    .. math:: q = 1 - \tfrac{3}{8} \sum_{j<k} (\cos\theta_{jk} + \tfrac{1}{3})^2

    without dimension, over the six pairs of the four nearest T (J. R. Errington, P. G. Debenedetti, Nature
    409, 318 (2001)): 1 in a perfect tetrahedron, 0 on average in an ideal gas. It looks at distances, not at
    bonds. NaN for a T with fewer than four others within 7 Å; the mean leaves them out.
    """
    start, vectors = network.surroundings
    enough = np.diff(start) >= 4
    nearest = vectors[start[:-1][enough][:, None] + np.arange(4)]
    unit = nearest / np.linalg.norm(nearest, axis=2, keepdims=True)
    q = np.full(network.n_sites, np.nan)
    q[enough] = 1.0
    for j in range(4):
        for k in range(j):
            cosine = np.einsum("nx,nx->n", unit[:, j], unit[:, k])
            q[enough] -= 3 / 8 * (cosine + 1 / 3) ** 2
    mean = float(q[enough].mean()) if enough.any() else float("nan")
    return Measured({"tetrahedral_order": mean}, {"tetrahedral_order": q.astype(np.float32)})
