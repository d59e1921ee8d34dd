"""Which sites are bonded: from T positions alone, or from the bridging oxygens.

Both give a `Network`: sites, and bonds that know the lattice image they lead to, so that a site may be
bonded to an image of itself, as happens in small cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.beads import Beads
from zeocryst.cell import neighbour_pairs, shortest_vector, unskewed, volume, wrap
from zeocryst.errors import InputError
from zeocryst.network import missing
from zeocryst.network.surroundings import vectors_around

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Range in which the T-T cut-off is looked for, Å. Every framework type's perfect T set is bonded
#: rightly by any cut-off from 3.26 to 3.51 Å; heat stretches bonds to 4.3 Å.
CUTOFF_RANGE_A = (3.20, 4.30)
#: An empty stretch of pair distances as wide as this parts bonds from other pairs, Å.
CLEAR_GAP_A = 0.30
#: What a fifth neighbour within the cut-off costs, against one for a fourth beyond it.
FIFTH_NEIGHBOUR_COST = 0.1
#: Share of T with four neighbours within `CUTOFF_RANGE_A` from which a frame is dense. Melts at 1800 K have
#: 0.95, aggregates of a few hundred T at 600 K 0.6 to 0.8, solutions of oligomers 0 to 0.3.
DENSE_SHARE = 0.9
#: The same where the box is full: with so many T per 1000 Å^3 (no solution has that). A melt of SOD's
#: composition at 860 K has 0.81 to 0.95, so that with 0.9 its cut-off would change from frame to frame, and
#: hide its nuclei.
FULL_T_PER_1000A3, FULL_SHARE = 8.0, 0.75
#: In a frame that is not dense a gap says something only if there are at least so many pairs within the range:
#: at 600 K one bond in ten has a length in a stretch of 0.1 Å between 3.4 and 3.7 Å.
GAP_PAIRS = 20
#: How far `Network.surroundings` reaches, Å.
SURROUNDINGS_A = 7.0
#: A Si-O distance up to this is a bond, Å (1.61 Å in zeolites; the next O is beyond 3 Å).
SI_O_BOND_A = 2.20
#: A cell with a lattice vector shorter than this has no room for a bond, Å (the shortest Si-Si distance over a
#: bridge is 2.9 Å).
SHORTEST_LATTICE_VECTOR_A = 2.5
#: Longest T-O distance that makes a bond in a disturbed structure, Å: half way to the O of other tetrahedra.
LONGEST_T_O_A = 2.50


@dataclass(frozen=True, eq=False)  # compared by identity, so that what is derived from one can be remembered
class Network:
    """Tetrahedral sites and the bonds among them.

    Attributes
    ----------
    positions : (N, 3) float array, Å
    cell : (3, 3) float array, Å
        Rows are lattice vectors.
    first, second : (M,) int arrays
        The two sites of each bond, each bond once.
    shift : (M, 3) int array
        Lattice vector to the image of `second` that the bond reaches: the bond vector is
        ``positions[second] + shift @ cell - positions[first]``.
    cutoff : float
        The distance up to which a pair could be a bond, Å (NaN where oxygens made the bonds).
    dropped : int
        Pairs within the cut-off that were left unbonded because a site already had four bonds.
    restored : int
        Bonds over an O that is missing (`zeocryst.network.missing`).
    """

    positions: Floats
    cell: Floats
    first: Ints
    second: Ints
    shift: Ints
    cutoff: float = float("nan")
    dropped: int = 0
    restored: int = 0

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.positions)

    @cached_property
    def degree(self) -> Ints:
        """Number of bonds of each site, (N,)."""
        return np.bincount(np.concatenate([self.first, self.second]), minlength=self.n_sites)

    @cached_property
    def vectors(self) -> Floats:
        """Bond vectors from `first` to `second`, (M, 3) Å."""
        return np.asarray(self.positions[self.second] + self.shift @ self.cell - self.positions[self.first])

    @cached_property
    def neighbours(self) -> tuple[Ints, Ints, Ints]:
        """Bonds by site: offsets (N + 1,), sites (2M,) and their lattice shifts (2M, 3)."""
        source = np.concatenate([self.first, self.second])
        target = np.concatenate([self.second, self.first])
        shift = np.concatenate([self.shift, -self.shift])
        order = np.argsort(source, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(self.degree)]).astype(np.int64)
        return offsets, target[order], np.ascontiguousarray(shift[order])

    @cached_property
    def surroundings(self) -> tuple[Ints, Floats]:
        """Vectors to all other sites within 7 Å, bonded or not, nearest first: offsets (N + 1,), (P, 3) Å."""
        return vectors_around(self.positions, self.cell, SURROUNDINGS_A)


def check_structure(positions: ArrayLike, cell: ArrayLike) -> tuple[Floats, Floats]:
    """Positions (N, 3) and cell (3, 3) as float arrays, fit to be bonded.

    Positions more than a cell away are moved into it, and a cell so skewed that bonds would reach over many of
    its copies is reduced: what follows bonds counts lattice images, and not without end.

    Raises
    ------
    InputError
        There is no site, a coordinate is not a number, or the cell has no volume or is smaller than a bond.
    """
    sites = np.ascontiguousarray(positions, dtype=float).reshape(-1, 3)
    matrix = np.ascontiguousarray(cell, dtype=float)
    if len(sites) == 0:
        raise InputError("the structure has no T sites; say which type is T (for example --types T=Si)")
    bad = np.flatnonzero(~np.isfinite(sites).all(axis=1))
    if len(bad):
        raise InputError(
            f"{len(bad)} of {len(sites)} positions are not finite numbers; the first is site {bad[0]}"
        )
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-6:
        raise InputError("the cell has no volume; a periodic structure with three cell vectors is needed")
    shortest = shortest_vector(matrix)
    if shortest < SHORTEST_LATTICE_VECTOR_A:
        raise InputError(
            f"the cell is smaller than a bond: its shortest lattice vector is {shortest:.3g} Å, at least "
            f"{SHORTEST_LATTICE_VECTOR_A} Å are needed; are the coordinates in Å?"
        )
    matrix = unskewed(matrix)
    return _inside(sites, matrix), matrix


def _inside(sites: Floats, cell: Floats) -> Floats:
    """Sites far from the cell moved into it, the others as they are."""
    fractional = sites @ np.linalg.inv(cell)
    far = ((fractional < -1) | (fractional > 2)).any(axis=1)
    if far.any():
        sites = sites.copy()
        sites[far] = wrap(sites[far], cell)
    return sites


def find_cutoff(distance: Floats, i: Ints, n_sites: int, volume: float) -> float:
    """The T-T cut-off of a frame.

    In a cold network the first empty stretch of pair distances, at least `CLEAR_GAP_A` wide, parts
    bonded pairs from the others, and its middle is the cut-off. Heat fills that gap. There the cut-off
    is the distance with the least cost, where a fourth neighbour left out costs one and a fifth let in
    only `FIFTH_NEIGHBOUR_COST`, because bonds are given out nearest first and at most four a site: a
    fifth neighbour is nearly always refused, a fourth that was left out is lost. (SGT at 600 K: with
    equal costs, 35 % of the sites keep their first eight shells, with these 87 %.)

    In a frame that is not dense (a solution of oligomers, an aggregate in it) most T have fewer than four
    bonds, and a fourth neighbour is one that bonds to the same T: the diagonal of a four-ring, at 4.3 Å.
    There the cut-off is the middle of the range, where the fewest pairs are in an aggregate at 600 K (3.7 to
    3.8 Å), and the same at all times, so that clusters do not come and go with it; or the clear gap, where
    there are pairs enough to show one.

    Parameters
    ----------
    distance, i
        Distances (P,) Å of a full neighbour list up to beyond `CUTOFF_RANGE_A`, and the site each
        belongs to.
    n_sites
        Number of sites.
    volume
        Of the box, Å^3.
    """
    low, high = CUTOFF_RANGE_A
    between = np.sort(distance[(distance > low) & (distance < high)])
    edges = np.concatenate([[low], between, [high]])
    clear = np.flatnonzero(np.diff(edges) >= CLEAR_GAP_A)
    near = i[distance < high]
    dense = is_dense(np.bincount(near, minlength=n_sites), volume)
    if not dense and (not len(clear) or len(near) < 2 * GAP_PAIRS):
        return (low + high) / 2
    if len(clear):
        return float(edges[clear[0] : clear[0] + 2].mean())
    order = np.lexsort((distance, i))
    counts = np.bincount(i, minlength=n_sites)
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])
    ranked = distance[order]
    fourth = np.sort(ranked[(start + 3)[counts >= 4]])
    fifth = np.sort(ranked[(start + 4)[counts >= 5]])
    grid = np.arange(low, high + 1e-9, 0.01)
    lost = len(fourth) - np.searchsorted(fourth, grid)
    cost = lost + FIFTH_NEIGHBOUR_COST * np.searchsorted(fifth, grid)
    best = np.flatnonzero(cost == cost.min())
    return float(grid[best].mean())


def is_dense(neighbours: Ints, volume: float) -> bool:
    """Whether most T have four neighbours within `CUTOFF_RANGE_A`.

    Parameters
    ----------
    neighbours : (N,) int array
        How many each T has.
    volume
        Of the box, Å^3.
    """
    full = 1000 * len(neighbours) / volume >= FULL_T_PER_1000A3
    return float((neighbours >= 4).mean()) >= (FULL_SHARE if full else DENSE_SHARE)


@numba.njit(cache=True)
def _nearest_first(order: Ints, i: Ints, j: Ints, most: Ints) -> NDArray[np.bool_]:
    """Take pairs in the given order as long as both sites have fewer bonds than `most` of each."""
    degree = np.zeros(len(most), dtype=np.int64)
    keep = np.zeros(len(i), dtype=np.bool_)
    for k in order:
        need = 2 if i[k] == j[k] else 1
        if degree[i[k]] + need <= most[i[k]] and degree[j[k]] + need <= most[j[k]]:
            keep[k] = True
            degree[i[k]] += 1
            degree[j[k]] += 1
    return keep


def bonds_from_sites(
    positions: ArrayLike, cell: ArrayLike, cutoff: float | None = None, most: int = 4
) -> Network:
    """The network of T positions alone: pairs within the cut-off, nearest first, at most four a site.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
    cutoff
        Longest bond, Å; found from the frame when not given (see `find_cutoff`).
    most
        Bonds that a site can have.

    Raises
    ------
    InputError
        No sites, positions that are not numbers, a cell without volume.
    """
    sites, matrix = check_structure(positions, cell)
    i, j, shift, distance = neighbour_pairs(sites, matrix, cutoff or CUTOFF_RANGE_A[1] + 0.1)
    if cutoff is None:
        cutoff = find_cutoff(
            np.concatenate([distance, distance]), np.concatenate([i, j]), len(sites), volume(matrix)
        )
        near = distance < cutoff
        i, j, shift, distance = i[near], j[near], shift[near], distance[near]
    # equal distances (perfect crystals) are ordered by site, so that the result does not depend on
    # the neighbour search
    order = np.lexsort((j, i, np.round(distance, 6)))
    keep = _nearest_first(order, i, j, np.full(len(sites), most))
    return Network(sites, matrix, i[keep], j[keep], shift[keep], cutoff=cutoff, dropped=int((~keep).sum()))


def bonds_from_oxygens(
    positions: ArrayLike, oxygens: ArrayLike, cell: ArrayLike, longest: float = LONGEST_T_O_A
) -> Network:
    """The network that bridging oxygens make: two T that share an oxygen are bonded.

    T-O pairs within `longest` Å are bonds, nearest first, at most two an oxygen and four a T. Where a T has
    more O around it (hydrated AlPO4), those that belong to the framework count (`zeocryst.network.missing`);
    where two T lack one O each, towards each other, it is missing, and they are bonded.

    Parameters
    ----------
    positions : (N, 3) array, Å
        T atoms.
    oxygens : (P, 3) array, Å
    cell : (3, 3) array, Å
    longest
        Longest T-O bond, Å.
    """
    sites, matrix = check_structure(positions, cell)
    both, _ = check_structure(np.vstack([sites, np.asarray(oxygens, dtype=float).reshape(-1, 3)]), matrix)
    i, j, shift, distance = neighbour_pairs(both, matrix, longest, full=True)
    n = len(sites)
    mixed = (i >= n) & (j < n)
    i, j, shift, distance = i[mixed], j[mixed], shift[mixed], distance[mixed]
    around = np.bincount(j[distance <= SI_O_BOND_A], minlength=n)
    lacking = missing.bonds_over_missing(both, matrix, (i, j, shift, distance), around)
    stays = ~missing.superfluous(i, j, distance, around)
    i, j, shift, distance = i[stays], j[stays], shift[stays], distance[stays]
    order = np.lexsort((j, i, np.round(distance, 6)))
    most = np.repeat([4, 2], [n, len(both) - n])
    keep = order[_nearest_first(order, i, j, most)[order]]
    keep = keep[np.argsort(i[keep], kind="stable")]
    i, j, shift = i[keep], j[keep], shift[keep]
    twice = np.flatnonzero(i[1:] == i[:-1])
    made = Network(
        sites, matrix, j[twice], j[twice + 1], shift[twice + 1] - shift[twice], dropped=len(order) - len(keep)
    )
    return _with_bonds(made, *lacking)


def _with_bonds(network: Network, pairs: tuple[Ints, Ints, Ints, Floats], lacking: Ints) -> Network:
    """A network with further bonds, nearest first, as far as its sites lack some."""
    i, j, shift, distance = pairs
    if len(i) == 0:
        return network
    there = {tuple(row) for row in _both_ways(network.first, network.second, network.shift).tolist()}
    new = np.array(
        [(a, b, *s) not in there for a, b, s in zip(i.tolist(), j.tolist(), shift.tolist(), strict=True)]
    )
    if not new.any():
        return network
    i, j, shift, distance = i[new], j[new], shift[new], distance[new]
    order = np.lexsort((j, i, np.round(distance, 6)))
    keep = _nearest_first(order, i, j, np.minimum(lacking, np.maximum(4 - network.degree, 0)))
    return replace(
        network,
        first=np.concatenate([network.first, i[keep]]),
        second=np.concatenate([network.second, j[keep]]),
        shift=np.concatenate([network.shift, shift[keep]]),
        restored=int(keep.sum()),
    )


def _both_ways(first: Ints, second: Ints, shift: Ints) -> Ints:
    return np.vstack([np.column_stack([first, second, shift]), np.column_stack([second, first, -shift])])


def at_most_four(network: Network) -> Network:
    """The same network, where a site has more than four bonds without its longest ones."""
    if network.degree.max(initial=0) <= 4:
        return network
    order = np.argsort(np.linalg.norm(network.vectors, axis=1), kind="stable")
    keep = _nearest_first(order, network.first, network.second, np.full(network.n_sites, 4))
    return replace(
        network,
        first=network.first[keep],
        second=network.second[keep],
        shift=network.shift[keep],
        dropped=network.dropped + int((~keep).sum()),
    )


def network_of_bonds(bonds: ArrayLike, n_sites: int) -> Network:
    """A net without geometry: bonds (M, 5), each its two sites and the lattice vector to the second."""
    rows = np.asarray(bonds, dtype=np.int64).reshape(-1, 5)
    shift = np.ascontiguousarray(rows[:, 2:])
    return Network(np.zeros((n_sites, 3)), np.eye(3), rows[:, 0].copy(), rows[:, 1].copy(), shift)


def repeat_network(network: Network, repeats: tuple[int, int, int]) -> Network:
    """The same network in a supercell; the sites of the first cell keep their numbers."""
    counts = np.asarray(repeats)
    cells = np.array(list(np.ndindex(*repeats)))
    n = network.n_sites
    reached = cells[:, None] + network.shift
    home = reached % counts
    number = np.ravel_multi_index(tuple(np.moveaxis(home, -1, 0)), repeats)
    return Network(
        (network.positions + (cells @ network.cell)[:, None]).reshape(-1, 3),
        network.cell * counts[:, None],
        (np.arange(len(cells))[:, None] * n + network.first).ravel(),
        (number * n + network.second).ravel(),
        (reached // counts).reshape(-1, 3),
        network.cutoff,
        network.dropped * len(cells),
        network.restored * len(cells),
    )


def sites_of_frame(frame: gsd.hoomd.Frame, tetrahedral: str = "T") -> tuple[Floats, Floats, Ints]:
    """Positions (N, 3) Å and cell (3, 3) Å of the beads that bond, and their numbers in the frame (N,).

    Parameters
    ----------
    frame
        Beads, as in GSD (origin in the middle of the box).
    tetrahedral
        Name of the type that bonds.

    Raises
    ------
    InputError
        The frame has no beads of that type.
    """
    beads = Beads.of(frame)
    names = beads.names
    if tetrahedral not in names:
        raise InputError(
            f"the frame has no type {tetrahedral!r}; its types are {', '.join(map(repr, names))}: say which "
            f"is which, for example --types T={names[0] if names else 'Si'}"
        )
    sites = np.flatnonzero(beads.are(tetrahedral))
    return beads.positions[sites], beads.cell, sites


def network_of_frame(frame: gsd.hoomd.Frame, tetrahedral: str = "T") -> tuple[Network, Ints]:
    """The network of a coarse-grained frame, and which of its beads are the sites; see `sites_of_frame`.

    Raises
    ------
    InputError
        The frame has no beads of that type, or broken positions.
    """
    positions, cell, sites = sites_of_frame(frame, tetrahedral)
    return bonds_from_sites(positions, cell), sites
