"""Clusters: sites that bonds join, each put together across the faces of the cell.

Bonds lead to lattice images, so a walk over them from one site tells in which image each other site of its
cluster stands. Where two ways to the same site end in different images, the cluster is bonded to its own image:
it goes on for ever, and has no size in space.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.network.bonds import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Clusters:
    """The clusters of a network, the largest first; among equal ones that with the lowest site first.

    Attributes
    ----------
    label : (N,) int array
        Number of each site's cluster.
    image : (N, 3) int array
        ``positions + image @ cell`` puts every cluster together.
    size : (C,) int array
        Sites of each cluster.
    percolates : (C,) bool array
        Whether it is bonded to its own image. Such a cluster cannot be put together.
    """

    label: Ints
    image: Ints
    size: Ints
    percolates: Bools


@numba.njit(cache=True)
def _walk(offsets: Ints, targets: Ints, shifts: Ints) -> tuple[Ints, Ints, Ints]:
    """Clusters in the order of their lowest sites: label (N,), image (N, 3), and the lowest sites."""
    n = len(offsets) - 1
    label = np.full(n, -1, np.int64)
    image = np.zeros((n, 3), np.int64)
    queue = np.empty(n, np.int64)
    roots = np.empty(n, np.int64)
    count = 0
    for root in range(n):
        if label[root] >= 0:
            continue
        label[root] = count
        roots[count] = root
        queue[0] = root
        head, tail = 0, 1
        while head < tail:
            site = queue[head]
            head += 1
            for k in range(offsets[site], offsets[site + 1]):
                other = targets[k]
                if label[other] < 0:
                    label[other] = count
                    for x in range(3):
                        image[other, x] = image[site, x] + shifts[k, x]
                    queue[tail] = other
                    tail += 1
        count += 1
    return label, image, roots[:count]


def find_clusters(network: Network) -> Clusters:
    """The clusters of a network, sites without bonds among them."""
    label, image, roots = _walk(*network.neighbours)
    size = np.bincount(label, minlength=len(roots))
    order = np.argsort(-size, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    label = rank[label]
    around = ways(network, image).any(axis=1)
    percolates = np.zeros(len(size), dtype=bool)
    percolates[label[network.first[around]]] = True
    return Clusters(label, image, size[order], percolates)


def part(network: Network, keep: Bools) -> Network:
    """The network of some of its sites, (N,) bool, with the bonds among them."""
    number = np.cumsum(keep) - 1
    inside = keep[network.first] & keep[network.second]
    return replace(
        network,
        positions=network.positions[keep],
        first=number[network.first[inside]],
        second=number[network.second[inside]],
        shift=network.shift[inside],
    )


def ways(network: Network, image: Ints) -> Ints:
    """Lattice vector by which each bond misses its partner's place, (M, 3): zero but for ways round the cell.

    Parameters
    ----------
    network
        Sites and bonds.
    image : (N, 3) int array
        As in `Clusters`.
    """
    return np.asarray(image[network.first] + network.shift - image[network.second])


def radius_of_gyration(network: Network, clusters: Clusters) -> Floats:
    r"""Radius of gyration of each cluster, (C,) Å.

    .. math:: R_g^2 = \frac{1}{n} \sum_i |\mathbf{r}_i - \bar{\mathbf{r}}|^2

    over its n sites, all of one mass: 0 for a single site, NaN for a cluster that percolates.
    """
    label, size = clusters.label, clusters.size
    whole = network.positions + clusters.image @ network.cell
    square = np.zeros(len(size))
    for x in whole.T:
        middle = np.bincount(label, weights=x, minlength=len(size)) / size
        square += np.bincount(label, weights=(x - middle[label]) ** 2, minlength=len(size))
    return np.asarray(np.where(clusters.percolates, np.nan, np.sqrt(square / size)))
