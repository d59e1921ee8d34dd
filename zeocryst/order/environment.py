"""How similar each T's surroundings are to those in a framework: the kernel of Piaggi and Parrinello."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import Network, bonds_from_sites
from zeocryst.network.topology import shells
from zeocryst.order.measured import Measured

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Width of the Gaussians, Å. T of a crystal at 600 K are 0.3 Å a component from their places.
SIGMA_A = 0.5
#: A T with at least this similarity counts as having the framework's surroundings.
SIMILAR = 0.6
#: Times that the rotation is fitted again, to all T that match.
REFITS = 2
#: The best of all rotations that are looked at closely.
CANDIDATES = 3
#: A T this near to its place in the reference takes part in the fit, Å.
MATCH_A = 1.5
_ORDERS = np.array(list(permutations(range(4))))


@cache
def reference_environments(code: str) -> tuple[Floats, float]:
    """Vectors to the T one and two bonds away, for each T of a framework's cell.

    Parameters
    ----------
    code
        One of `zeocryst.frameworks.table.start_codes`.

    Returns
    -------
    environments : (K, 16, 3) array, Å
        The four bonded T come first; missing ones (where rings of three or four make fewer) are NaN. Those
        that are the same but for a rotation or a mirror plane stand there once.
    bond : float
        Mean bond length, Å.

    Raises
    ------
    InputError
        The code has no T positions in the table.
    """
    cell, positions = start_structure(code)
    network = bonds_from_sites(positions, cell)
    around: list[Floats] = []
    distinct: dict[tuple[float, ...], int] = {}
    for root in range(network.n_sites):
        nodes, begin, _, _ = shells(root, 2, *network.neighbours)
        reached = nodes[1 : begin[3]]
        vectors = network.positions[reached[:, 0]] + reached[:, 1:] @ network.cell - network.positions[root]
        padded = np.full((16, 3), np.nan)
        padded[: len(vectors)] = vectors
        around.append(padded)
        # all distances among them: equal where a rotation or reflection takes one to the other
        gram = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
        distinct.setdefault(tuple(np.round(np.sort(gram.ravel()), 2)), root)
    bond = float(np.linalg.norm(network.vectors, axis=1).mean())
    return np.array([around[root] for root in distinct.values()]), bond


@numba.njit(cache=True)
def _make_orthogonal(q: Floats, tolerance: float) -> None:
    """Replace a matrix by the orthogonal one nearest to it (polar decomposition by Newton's iteration)."""
    c = np.empty((3, 3))
    for step in range(30):
        for a in range(3):
            for b in range(3):
                a1, a2, b1, b2 = (a + 1) % 3, (a + 2) % 3, (b + 1) % 3, (b + 2) % 3
                c[a, b] = q[a1, b1] * q[a2, b2] - q[a1, b2] * q[a2, b1]
        det = q[0, 0] * c[0, 0] + q[0, 1] * c[0, 1] + q[0, 2] * c[0, 2]
        if abs(det) < 1e-9:  # flat surroundings, which have no rotation
            q[:] = 0.0
            return
        # the first step is scaled to the size of a rotation, from which the iteration is fast
        scale = abs(det) ** (-1 / 3) if step == 0 else 1.0
        moved = 0.0
        for a in range(3):
            for b in range(3):
                new = 0.5 * (scale * q[a, b] + c[a, b] / (det * scale))
                moved = max(moved, abs(new - q[a, b]))
                q[a, b] = new
        if step > 0 and moved < tolerance:  # the next step would be its square
            return


@numba.njit(cache=True)
def _turned(turn: Floats, r: Floats) -> Any:
    """A rotated vector."""
    return (
        turn[0, 0] * r[0] + turn[0, 1] * r[1] + turn[0, 2] * r[2],
        turn[1, 0] * r[0] + turn[1, 1] * r[1] + turn[1, 2] * r[2],
        turn[2, 0] * r[0] + turn[2, 1] * r[1] + turn[2, 2] * r[2],
    )


@numba.njit(cache=True)
def _kernel(turn: Floats, reference: Floats, around: Floats, sigma: float) -> float:
    """The kernel of one rotated reference and one environment."""
    total, n = 0.0, 0
    for a in range(len(reference)):
        if np.isnan(reference[a, 0]):
            break
        n += 1
        x, y, z = _turned(turn, reference[a])
        for b in range(len(around)):
            s = (around[b, 0] - x) ** 2 + (around[b, 1] - y) ** 2 + (around[b, 2] - z) ** 2
            if s < 48 * sigma * sigma:  # the rest is below 1e-5
                total += np.exp(-s / (4 * sigma * sigma))
    return total / n


@numba.njit(cache=True, fastmath=True)
def _overlap(turn: Floats, reference: Floats, n: int, around: Floats32, width: float) -> float:
    """A cheap stand-in for the kernel, of polynomials, by which rotations are ranked; `around` has (3, M).

    The arms are left out: whatever the order, they nearly coincide.
    """
    total = np.float32(0)
    scale = np.float32(1 / width**2)
    for a in range(4, n):
        x, y, z = _turned(turn, reference[a])
        u, v, w = np.float32(x), np.float32(y), np.float32(z)
        for b in range(4, around.shape[1]):
            dx, dy, dz = around[0, b] - u, around[1, b] - v, around[2, b] - w
            s = max(np.float32(0), np.float32(1) - (dx * dx + dy * dy + dz * dz) * scale)
            total += s * s
    return float(total / n)


@numba.njit(cache=True)
def _refit(turn: Floats, reference: Floats, around: Floats, match: float) -> None:
    """Fit a rotation to all T that have a T near their place."""
    m = np.zeros((3, 3))
    for a in range(len(reference)):
        if np.isnan(reference[a, 0]):
            break
        x, y, z = _turned(turn, reference[a])
        nearest, best = -1, match * match
        for b in range(len(around)):
            d = (around[b, 0] - x) ** 2 + (around[b, 1] - y) ** 2 + (around[b, 2] - z) ** 2
            if d < best:
                nearest, best = b, d
        if nearest >= 0:
            for u in range(3):
                for v in range(3):
                    m[u, v] += around[nearest, u] * reference[a, v]
    _make_orthogonal(m, 1e-4)
    turn[:] = m


@numba.njit(parallel=True, cache=True)
def _best_match(
    start: Ints, vectors: Floats, references: Floats, orders: Ints, sigma: float, match: float
) -> Any:
    """The largest kernel of each site over references and rotations; NaN with fewer than four T around."""
    out = np.full(len(start) - 1, np.nan)
    for site in numba.prange(len(start) - 1):
        around = vectors[start[site] : start[site + 1]]
        if len(around) < 4:
            continue
        flat = around.T.astype(np.float32)
        scores = np.full(CANDIDATES, -1.0)
        turns = np.zeros((CANDIDATES, 3, 3))
        which = np.zeros(CANDIDATES, np.int64)
        turn = np.empty((3, 3))
        for k in range(len(references)):
            n = 0
            while n < references.shape[1] and not np.isnan(references[k, n, 0]):
                n += 1
            for p in range(len(orders)):
                turn[:] = 0.0
                for arm in range(4):
                    for u in range(3):
                        for v in range(3):
                            turn[u, v] += around[orders[p, arm], u] * references[k, arm, v]
                _make_orthogonal(turn, 0.05)
                score = _overlap(turn, references[k], n, flat, match)
                worst = np.argmin(scores)
                if score > scores[worst]:
                    scores[worst], which[worst] = score, k
                    turns[worst] = turn
        best = 0.0
        for c in range(CANDIDATES):
            reference = references[which[c]]
            _make_orthogonal(turns[c], 1e-6)
            best = max(best, _kernel(turns[c], reference, around, sigma))
            for _ in range(REFITS):
                _refit(turns[c], reference, around, match)
                best = max(best, _kernel(turns[c], reference, around, sigma))
        out[site] = best
    return out


def environment_similarity(network: Network, code: str) -> Measured:
    r"""Similarity of each T's surroundings to the most similar ones of a framework, and shares.

    .. math:: k_{\chi_0}(\chi) = \frac{1}{n} \sum_{i \in \chi_0} \sum_{j \in \chi}
              \exp\left(-\frac{|\mathbf{r}_i^0 - \mathbf{r}_j|^2}{4 \sigma^2}\right)

    without dimension (P. M. Piaggi, M. Parrinello, J. Chem. Phys. 150, 244119 (2019)): the reference
    :math:`\chi_0` are the n T (16 at most) that are one and two bonds from a T of the framework,
    :math:`\chi` all T within 7 Å, :math:`\sigma` = 0.5 Å. It is 1 in the perfect framework. A framework has
    several kinds of T; the authors take :math:`\lambda^{-1} \log \sum_l \exp(\lambda k_l)` over the
    references, here it is its limit for large :math:`\lambda`, the best match.

    The authors (and PLUMED's ENVIRONMENTSIMILARITY) give the references in the orientation of the crystal. A
    grain's is not known here, so each reference is turned onto each T: its four arms onto the four nearest T
    in all 24 orders (W. Kabsch, Acta Cryst. A 32, 922 (1976); reflections too, since a framework and its mirror
    image have one name). The three that bring the second neighbours nearest to their places are then fitted
    to all T that match, and the largest kernel is what is given; the true maximum over all rotations is up
    to a tenth higher. The reference is scaled to the mean bond of the frame.

    NaN for a T with fewer than four others within 7 Å; the means leave them out.

    Raises
    ------
    InputError
        The framework is none of `zeocryst.frameworks.table.start_codes`.
    """
    references, bond = reference_environments(code)
    if len(network.first):
        references = references * (float(np.linalg.norm(network.vectors, axis=1).mean()) / bond)
    start, vectors = network.surroundings
    found = _best_match(start, vectors, references, _ORDERS, SIGMA_A, MATCH_A)
    good = np.isfinite(found)
    values = {
        f"similarity_{code}": float(found[good].mean()) if good.any() else float("nan"),
        f"similar_{code}_share": float((found[good] >= SIMILAR).mean()) if good.any() else float("nan"),
    }
    return Measured(values, {f"similarity_{code}": found.astype(np.float32)})
