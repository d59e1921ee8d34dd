"""In how many directions a net goes on for ever, and whether it is one net.

The net is that of the crystal, not of the cell: bonds that leave the cell lead to other images. From one site
its images are reached along closed ways in the cell, and the lattice vectors of those ways span a lattice of
their own. Its rank is the number of directions in which the net is periodic (3 for a framework, 2 for a layer);
its index in the lattice of the cell is the number of equal nets that pass through each other (W. E. Klee,
Cryst. Res. Technol. 39, 959 (2004)).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network
from zeocryst.network.clusters import find_clusters, ways

Ints = NDArray[np.int64]


class Piece(NamedTuple):
    """Sites of the cell that bonds join.

    Attributes
    ----------
    sites : int
        Number of sites.
    directions : int
        Number of directions in which it is periodic, 0 to 3.
    nets : int
        Number of nets that it consists of; 1 unless they pass through each other (counted where there are three
        directions).
    """

    sites: int
    directions: int
    nets: int


def pieces(network: Network) -> list[Piece]:
    """The pieces into which a network falls, the largest first."""
    clusters = find_clusters(network)
    around = ways(network, clusters.image)
    cluster = clusters.label[network.first]
    found = []
    for number, size in enumerate(clusters.size.tolist()):
        directions, index = _span(around[cluster == number]) if clusters.percolates[number] else (0, 1)
        found.append(Piece(size, directions, index if directions == 3 else 1))
    return found


def independent(around: Ints) -> list[Ints]:
    """The shortest of the given lattice vectors (K, 3) that are independent, each without a common divisor.

    As many as there are directions in which a cluster with these ways round the cell is periodic; of two
    opposite vectors that whose first index that isn't 0 is positive.
    """
    vectors = np.unique(around[around.any(axis=1)], axis=0)
    vectors = vectors // np.gcd.reduce(vectors, axis=1)[:, None] if len(vectors) else vectors
    chosen: list[Ints] = []
    for vector in vectors[np.lexsort((*vectors.T, (vectors**2).sum(axis=1)))]:
        if np.linalg.matrix_rank(np.array([*chosen, vector])) > len(chosen):
            chosen.append(_turned(vector))
    return chosen


def normal_of(along: list[Ints]) -> Ints:
    """The indices (h, k, l) of planes that two lattice vectors span, without a common divisor."""
    normal = np.cross(along[0], along[1])
    return _turned(normal // np.gcd.reduce(normal))


def _turned(vector: Ints) -> Ints:
    """The vector or its opposite, so that its first index that isn't 0 is positive."""
    return np.asarray(vector * np.sign(vector[np.flatnonzero(vector)[0]]), dtype=np.int64)


def _span(vectors: Ints) -> tuple[int, int]:
    """Rank of the lattice that whole-number vectors span, and the product of its pivots (Gauss, with gcd)."""
    rows = [[int(x) for x in row] for row in np.unique(vectors, axis=0)]
    rank, index = 0, 1
    for column in range(3):
        while True:
            left = [row for row in rows if row[column]]
            if len(left) < 2:
                break
            pivot = min(left, key=lambda row: abs(row[column]))
            for row in left:
                if row is not pivot:
                    times = row[column] // pivot[column]
                    row[:] = [a - times * b for a, b in zip(row, pivot, strict=True)]
        if left:
            rank, index = rank + 1, index * abs(left[0][column])
            rows = [row for row in rows if row is not left[0]]
    return rank, index
