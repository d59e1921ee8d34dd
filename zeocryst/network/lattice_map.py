"""Lays a crystal on its net: which site of the net, in which of its cells, each site of a network is.

Growth (`zeocryst.network.covering`) gives most of it: the net's sites, and the cells relative to each other.
Ways around the periodic box say what the box is in lattice vectors of the net: a matrix of whole numbers, the
same for all ways in a crystal that fills the box, and for no other. With it the mean place of each of the net's
sites is known, and every site of the network goes to the nearest place that no other is nearer to. So what
growth has not reached is mapped too (an odd bond, surroundings of vacancies), and what stands where the crystal
has no site is left out. Bonds are those of the net or are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zeocryst.network.angles import angles
from zeocryst.network.bonds import Network
from zeocryst.network.bondtable import BondTable
from zeocryst.network.covering import follow
from zeocryst.network.growth import Growth
from zeocryst.network.topology import coordination_sequences, intact_shells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Shells to which a seed agrees with a site of the net: the deepest first, none with fewer than the fewest.
DEEPEST, FEWEST = 8, 5
#: A growth with fewer sites is forgotten; seeds that may fail.
LEAST_GROWTH, TRIES = 12, 40
#: Sites farther (Å) from where the crystal has one do not belong to it: half the distance of two T. In the
#: first round, where some places may have been filled in, they may be farther.
REACH_A, FIRST_REACH_A = 1.5, 3.2
#: Share of the ways around the box that has to agree.
AGREEING = 0.98
ROUNDS = 3


@dataclass(frozen=True)
class LatticeMap:
    """A network as copies of a net's cell.

    Attributes
    ----------
    box : (3, 3) int array
        The box in lattice vectors of the net: ``network.cell = box @ lattice``.
    lattice : (3, 3) float array, Å
        The net's lattice vectors as the box has them; its volume has the sign of ``det(box)``.
    site : (N,) int array
        The net's site; -1 where a site is none.
    cell : (N, 3) int array
        The net's cell for the site's position as it is given.
    places : (K, 3) float array
        Mean place of each site of the net, in `lattice`.
    off : (N, 3) float array
        From the mean place to the site, in `lattice`.
    bond : (M,) int array
        The net's bond that each bond of the network is; -1 where it is none.
    base : (M, 3) int array
        The cell in which that bond of the net begins.
    """

    box: Ints
    lattice: Floats
    site: Ints
    cell: Ints
    places: Floats
    off: Floats
    bond: Ints
    base: Ints

    @property
    def n_cells(self) -> int:
        """Cells of the net in the box."""
        return abs(round(float(np.linalg.det(self.box))))


def lattice_map(network: Network, net: Network) -> LatticeMap | str:
    """Lay a network on a net.

    Parameters
    ----------
    network
        Nearly all of it has to be a crystal of that net, at most four bonds a site.
    net
        A cell of it (`zeocryst.network.bonds.network_of_bonds`).

    Returns
    -------
    LatticeMap or str
        A sentence saying why not, where there is no lattice that goes through the box.
    """
    grown = _grown(network, net)
    if grown is None:
        return "the net cannot be followed in it"
    growth, chosen = grown
    box = _box(network, net, growth, chosen)
    if isinstance(box, str):
        return box
    lattice = np.linalg.solve(box.astype(float), network.cell)
    # places of sites in lattice vectors of the net
    at = np.asarray(network.positions @ np.linalg.inv(network.cell) @ box, dtype=float)
    reached = at[chosen] + growth.image[chosen] @ box - growth.lattice[chosen]
    site = np.where(chosen, growth.site, -1)
    places = np.full((net.n_sites, 3), np.nan)
    for y in range(net.n_sites):
        mine = site[chosen] == y
        if mine.any():
            places[y] = np.median(reached[mine], axis=0)
    _fill_in(places, net)
    for turn in range(ROUNDS):
        site, cell, off = _nearest(at, places, box, lattice, FIRST_REACH_A if turn == 0 else REACH_A)
        for y in range(net.n_sites):
            if (site == y).any():
                places[y] += off[site == y].mean(axis=0)
    site, cell, off = _nearest(at, places, box, lattice, REACH_A)
    bond, base = _bonds(network, net, site, cell, box)
    return LatticeMap(box, lattice, site, cell, places, off, bond, base)


def _fill_in(places: Floats, net: Network) -> None:
    """Put sites that have no place (NaN) into the middle of their neighbours."""
    unknown = np.flatnonzero(np.isnan(places).any(axis=1))
    if len(unknown) == 0:
        return
    number = np.full(net.n_sites, -1)
    number[unknown] = np.arange(len(unknown))
    matrix, pull = np.zeros((len(unknown), len(unknown))), np.zeros((len(unknown), 3))
    ways = ((net.first, net.second, net.shift), (net.second, net.first, -net.shift))
    for begin, end, step in ways:
        mine = number[begin] >= 0
        a, b, shift = number[begin[mine]], end[mine], step[mine]
        both = number[b] >= 0
        np.add.at(matrix, (a, a), 1.0)
        np.add.at(matrix, (a[both], number[b[both]]), -1.0)
        np.add.at(pull, a, shift + np.where(both[:, None], 0.0, places[b]))
    places[unknown] = np.linalg.solve(matrix, pull)


def _grown(network: Network, net: Network) -> tuple[Growth, NDArray[np.bool_]] | None:
    """The growth on the net, and the sites of its largest grain; None where there is none."""
    rows, wanted = coordination_sequences(network, DEEPEST), coordination_sequences(net, DEEPEST)
    kinds = np.unique(wanted, axis=0, return_index=True)[1]
    pairs: list[tuple[int, int]] = []
    left = np.random.default_rng(1).permutation(network.n_sites).tolist()  # seeds from everywhere
    for depth in range(DEEPEST, FEWEST - 1, -1):  # the deepest first
        starts: dict[bytes, list[int]] = {}
        for y in kinds.tolist():
            starts.setdefault(wanted[y, :depth].tobytes(), []).append(y)
        pairs += [(u, y) for u in left for y in starts.get(rows[u, :depth].tobytes(), [])]
        left = [u for u in left if rows[u, :depth].tobytes() not in starts]
    if not pairs:
        return None
    free = np.ones(network.n_sites, dtype=bool)
    growth, grain, _ = follow(
        angles(network),
        angles(net),
        np.array(pairs),
        free,
        intact_shells(network, DEEPEST),
        least=LEAST_GROWTH,
        tries=TRIES,
    )
    if not (grain >= 0).any():
        return None
    return growth, grain == np.bincount(grain[grain >= 0]).argmax()


def _box(network: Network, net: Network, growth: Growth, chosen: NDArray[np.bool_]) -> Ints | str:
    """The box in lattice vectors of the net, from the bonds that close ways around it."""
    own, theirs = angles(network), angles(net)
    v = np.repeat(np.arange(network.n_sites), np.diff(own.begin))
    w = own.target
    k = growth.bond[v, np.arange(len(v)) - own.begin[v]].astype(np.int64)
    known = (k >= 0) & chosen[v] & chosen[w]
    v, w, shift, k = v[known], w[known], own.shift[known], k[known]
    e = theirs.begin[growth.site[v]] + k
    known = theirs.target[e] == growth.site[w]
    v, w, shift, e = v[known], w[known], shift[known], e[known]
    around = growth.image[v] + shift - growth.image[w]
    steps = growth.lattice[v] + theirs.shift[e] - growth.lattice[w]
    ways = around.any(axis=1) | steps.any(axis=1)
    around, steps = around[ways], steps[ways]
    if len(around) == 0 or np.linalg.matrix_rank(around) < 3:
        share = 100 * chosen.mean()
        return f"its net was followed over {share:.0f} % of the T, and not through it in three directions"
    fits, counts = np.unique(np.hstack([around, steps]), axis=0, return_counts=True)
    fits = fits[np.argsort(-counts, kind="stable")]
    basis: list[Ints] = []  # the commonest ways that are independent: single wrong bonds say nothing
    for row in fits:
        if np.linalg.matrix_rank(np.array([*basis, row])[:, :3]) > len(basis):
            basis.append(row)
    three = np.array(basis, dtype=float)
    exact = np.linalg.solve(three[:, :3], three[:, 3:])
    box = np.round(exact).astype(np.int64)
    agree = (around @ box == steps).all(axis=1).mean()
    if np.abs(exact - box).max() > 1e-6 or agree < AGREEING or abs(np.linalg.det(box)) < 0.5:
        return "ways around the box do not agree on one lattice, as in a twin or at a stacking fault"
    return box


def _nearest(at: Floats, places: Floats, box: Ints, lattice: Floats, reach: float) -> tuple[Ints, Ints, Floats]:
    """The net's site and cell that each place is nearest to, each at most once; and how far off it is."""
    n = len(at)
    least, site = np.full(n, np.inf), np.full(n, -1)
    cell, off = np.zeros((n, 3), dtype=np.int64), np.zeros((n, 3))
    for y, place in enumerate(places):
        gap = at - place
        home = np.round(gap)
        gap -= home
        distance = np.linalg.norm(gap @ lattice, axis=1)
        closer = distance < least
        least[closer], site[closer], cell[closer], off[closer] = distance[closer], y, home[closer], gap[closer]
    # the same site of the same cell of the box is taken once, by the nearest
    count = round(float(np.linalg.det(box)))
    cofactors = np.round(np.linalg.inv(box) * count).astype(np.int64)
    key = np.column_stack([site, (cell @ cofactors) % abs(count)])
    order = np.argsort(least, kind="stable")
    first = order[np.unique(key[order], axis=0, return_index=True)[1]]
    kept = np.zeros(n, dtype=bool)
    kept[first] = True
    kept &= least <= reach
    site[~kept] = -1
    off[~kept] = 0
    return site, cell, off


def _bonds(network: Network, net: Network, site: Ints, cell: Ints, box: Ints) -> tuple[Ints, Ints]:
    """The net's bond that each bond of the network is, and the cell in which it begins."""
    begin, end = cell[network.first], cell[network.second] + network.shift @ box
    bond, backwards = BondTable(net).find(site[network.first], site[network.second], end - begin)
    return bond, np.where(backwards[:, None], end, begin)
