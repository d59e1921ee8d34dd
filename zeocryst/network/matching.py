r"""Bonds from T positions alone as a matching: at most four a site, the best total.

At a finite temperature no distance parts bonded pairs from others, and to give bonds out nearest first
(`zeocryst.network.bonds`) can spend a site's fourth bond on a pair that leaves two others without a partner.
Here the bonds are those of the largest total weight,

.. math:: \max \sum_{ij} w(d_{ij})\,x_{ij}, \qquad \sum_j x_{ij} \le 4, \qquad x_{ij} \in \{0, 1\},

a maximum-weight b-matching (A. Schrijver, Combinatorial Optimization, chapter 31, 2003). The weight of a pair
is that of a bond of normally distributed length, w = 1 - ((d - 3.1) / (c - 3.1))^2 above 3.1 Å (the Si-Si
distance over a bridge) and 1 below, c being the cut-off: positive for every pair within it, so that no bond is
left out that both sites have room for.

A pair both of whose sites have no more than four within the cut-off is a bond, whatever the rest is. What
remains falls apart into small components, joined by sites with more than four; those with one such site keep
its best, the others are solved together in batches by HiGHS (`scipy.optimize.milp`), so that the cost grows
linearly with the number of sites.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.cell import neighbour_pairs, volume
from zeocryst.network.bonds import (
    CLEAR_GAP_A,
    CUTOFF_RANGE_A,
    Network,
    _nearest_first,
    check_structure,
    find_cutoff,
    is_dense,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Si-Si distance over a bridge, Å (DLS-76: 3.07 Å; 3.1 Å in the mean of silica zeolites).
BRIDGE_A = 3.1
#: In a small hot cell some gap is as wide as those of a crystal by chance; one that parts bonds from other
#: pairs is wider than this many standard deviations of the distances below it.
GAP_TO_SPREAD = 2.0
#: Most pairs that are given to the solver at once.
BATCH = 1500


@dataclass(frozen=True)
class Choices:
    """What a matching had to decide.

    Attributes
    ----------
    candidates : int
        Pairs within the cut-off.
    cut : int
        Pairs within the cut-off that are no bonds, since a site had better ones.
    crowded_sites : int
        Sites with more than four pairs within the cut-off.
    components : int
        Groups of crowded sites that had to be decided together.
    differs : int
        Bonds that nearest-first would not have given.
    """

    candidates: int
    cut: int
    crowded_sites: int
    components: int
    differs: int


def matched_bonds(
    positions: ArrayLike, cell: ArrayLike, cutoff: float | None = None, most: int = 4
) -> tuple[Network, Choices]:
    """The network of T positions alone, by the best matching.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
    cutoff
        Longest bond, Å. When not given, the middle of the first clear gap in the distances, as in a perfect
        crystal; where heat has filled it, 4.3 Å, so that the matching and not the cut-off decides. In a frame
        that is not dense matching cannot decide: the cut-off is `zeocryst.network.bonds.find_cutoff`'s.
    most
        Bonds that a site can have.

    Returns
    -------
    network : Network
    choices : Choices

    Raises
    ------
    InputError
        No sites, positions that are not numbers, a cell without volume.
    """
    sites, matrix = check_structure(positions, cell)
    i, j, shift, distance = neighbour_pairs(sites, matrix, cutoff or CUTOFF_RANGE_A[1])
    if cutoff is None:
        ends = np.concatenate([i, j])
        if is_dense(np.bincount(ends, minlength=len(sites)), volume(matrix)):
            cutoff = _clear_cutoff(distance)
        else:
            cutoff = find_cutoff(np.concatenate([distance, distance]), ends, len(sites), volume(matrix))
        near = distance < cutoff
        i, j, shift, distance = i[near], j[near], shift[near], distance[near]
    weight = weights(distance, cutoff)
    keep, components, crowded = best_matching(i, j, weight, len(sites), most)
    cut = int((~keep).sum())
    network = Network(sites, matrix, i[keep], j[keep], shift[keep], cutoff=cutoff, dropped=cut)
    simple = _nearest_first(np.lexsort((j, i, np.round(distance, 6))), i, j, np.full(len(sites), most))
    return network, Choices(len(i), cut, crowded, components, int((keep & ~simple).sum()))


def matched_within(network: Network) -> tuple[Network, Choices]:
    """The bonds of a network given out anew, by the best matching, within its cut-off and its clusters.

    No bond joins two clusters; a cluster that would fall apart keeps the bonds that it has.

    Parameters
    ----------
    network
        Of T positions alone.
    """
    from zeocryst.network.clusters import find_clusters

    cutoff, n = network.cutoff, network.n_sites
    i, j, shift, distance = neighbour_pairs(network.positions, network.cell, cutoff)
    label = find_clusters(network).label
    near = (label[i] == label[j]) & (distance < cutoff)
    i, j, shift, distance = i[near], j[near], shift[near], distance[near]
    keep, components, crowded = best_matching(i, j, weights(distance, cutoff), n)
    found = replace(network, first=i[keep], second=j[keep], shift=shift[keep], dropped=int((~keep).sum()))
    after = find_clusters(found).label
    parts = np.bincount(np.unique(np.stack([label, after]), axis=1)[0])
    apart = parts[label] > 1  # sites of clusters that fell apart
    old, new = apart[network.first], ~apart[found.first]
    found = replace(
        found,
        first=np.concatenate([network.first[old], found.first[new]]),
        second=np.concatenate([network.second[old], found.second[new]]),
        shift=np.concatenate([network.shift[old], found.shift[new]]),
        dropped=len(i) - int(old.sum() + new.sum()),
    )
    simple = _nearest_first(np.lexsort((j, i, np.round(distance, 6))), i, j, np.full(n, 4))
    differs = int((keep & ~simple & ~apart[i]).sum())
    return found, Choices(len(i), found.dropped, crowded, components, differs)


def _clear_cutoff(distance: Floats) -> float:
    """The middle of the first gap that parts bonds from other pairs, or the end of the range."""
    low, high = CUTOFF_RANGE_A
    edges = np.concatenate([[low], np.sort(distance[(distance > low) & (distance < high)]), [high]])
    for k in np.flatnonzero(np.diff(edges) >= CLEAR_GAP_A):
        below = distance[distance <= edges[k]]
        if edges[k + 1] - edges[k] >= GAP_TO_SPREAD * (below.std() if len(below) else 0.0):
            return float(edges[k : k + 2].mean())
    return high


def weights(distance: Floats, cutoff: float) -> Floats:
    """Weight of each pair, between 0 (at the cut-off) and 1 (at 3.1 Å or nearer)."""
    reach = max(cutoff - BRIDGE_A, 0.1)
    return np.asarray(1.0 - np.clip((distance - BRIDGE_A) / reach, 0.0, 1.0) ** 2 + 1e-6 * (cutoff - distance))


def best_matching(i: Ints, j: Ints, weight: Floats, n_sites: int, most: int = 4) -> tuple[Bools, int, int]:
    """The pairs of the largest total weight, at most `most` a site; a pair of a site with itself counts twice.

    Parameters
    ----------
    i, j : (P,) int arrays
    weight : (P,) float array
        Positive.
    n_sites, most
        Number of sites, and of bonds that each can have.

    Returns
    -------
    keep : (P,) bool array
    components : int
        Groups of sites with too many pairs that had to be decided together.
    crowded : int
        Sites with too many pairs.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    crowded = np.bincount(np.concatenate([i, j]), minlength=n_sites) > most
    keep = ~(crowded[i] | crowded[j])
    open_pairs = np.flatnonzero(~keep)
    if len(open_pairs) == 0:
        return keep, 0, 0
    linked = open_pairs[crowded[i[open_pairs]] & crowded[j[open_pairs]]]
    graph = coo_array((np.ones(len(linked)), (i[linked], j[linked])), shape=(n_sites, n_sites))
    group = connected_components(graph, directed=False)[1]
    mine = np.where(crowded[i[open_pairs]], group[i[open_pairs]], group[j[open_pairs]])
    sizes = np.bincount(group[crowded], minlength=int(group.max()) + 1)
    alone = sizes[mine] == 1
    single = open_pairs[alone & (i[open_pairs] != j[open_pairs])]
    keep[single[_best_of_each(mine[alone & (i[open_pairs] != j[open_pairs])], weight[single], most)]] = True
    # a lone site that is paired with an image of itself is left to the solver, with all its pairs
    selfish = np.unique(mine[alone & (i[open_pairs] == j[open_pairs])])
    keep[single[np.isin(mine[alone & (i[open_pairs] != j[open_pairs])], selfish)]] = False
    hard = ~alone | np.isin(mine, selfish)
    pairs, groups = open_pairs[hard], mine[hard]
    order = np.argsort(groups, kind="stable")
    pairs, groups = pairs[order], groups[order]
    edges = np.flatnonzero(np.diff(groups)) + 1
    begin = 0
    for end in [*edges.tolist(), len(pairs)]:
        # a batch ends with a component
        following = edges[np.searchsorted(edges, end, side="right") :][:1]
        upto = int(following[0]) if len(following) else len(pairs)
        if end == len(pairs) or upto - begin > BATCH:
            chosen = pairs[begin:end]
            keep[chosen] = _solve(i[chosen], j[chosen], weight[chosen], crowded, most)
            begin = end
    components = len(np.unique(group[crowded]))
    return keep, components, int(crowded.sum())


def _best_of_each(group: Ints, weight: Floats, most: int) -> Ints:
    """Indices of the `most` heaviest entries of each group."""
    order = np.lexsort((-weight, group))
    ranked = group[order]
    start = np.searchsorted(ranked, ranked)
    return np.asarray(order[np.arange(len(order)) - start < most])


def _solve(i: Ints, j: Ints, weight: Floats, crowded: Bools, most: int) -> Bools:
    """The best of some pairs, exactly; only crowded sites are bounds."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    if len(i) == 0:
        return np.zeros(0, dtype=bool)
    pair = np.arange(len(i))
    site = np.concatenate([i, j])
    bound = crowded[site]
    _, row = np.unique(site[bound], return_inverse=True)
    column = np.concatenate([pair, pair])[bound]
    limits = coo_array((np.ones(len(row)), (row, column)), shape=(int(row.max()) + 1, len(i))).tocsr()
    for whole in (0, 1):  # without odd cycles the linear programme has whole numbers already
        found = milp(
            -weight, integrality=np.full(len(i), whole), bounds=Bounds(0, 1),
            constraints=LinearConstraint(limits, -np.inf, most), options={"mip_rel_gap": 0.0},
        )  # fmt: skip
        assert found.x is not None, found.message  # nothing bonded is a solution, so there is one
        if np.abs(found.x - np.round(found.x)).max() < 1e-6:
            break
    return np.asarray(found.x > 0.5)
