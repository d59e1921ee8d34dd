r"""The symmetry of a net, from its bonds alone.

A net has one placement in which every site lies in the middle of those it is bonded to; in units of the lattice
vectors it depends on nothing but the bonds. Each symmetry of the net is an affine map of this placement on
itself, and where no two sites fall together each such map is one (O. Delgado-Friedrichs, M. O'Keeffe, Acta
Cryst. A 59, 351 (2003)). So a symmetry is known by where it takes one site and three of the bonds there.

Its translation is exact: with the origin in the middle of all sites, site y in cell 0 at :math:`x_y`, and taken
to site :math:`y'` in cell :math:`v_y`,

.. math:: x_{y'} + v_y = x_y A + t, \qquad t = \frac{1}{N} \sum_y v_y.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations
from itertools import product as iterproduct

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from zeocryst.network.barycentric import placement
from zeocryst.network.bonds import Network
from zeocryst.network.bondtable import BondTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Sites of the placement that are nearer than this (lattice vectors) are one.
SAME = 1e-6
#: What is nearer than this is what a symmetry gives, rounding apart.
CLOSE = 1e-5
#: Bonds that span less than this (cells) lie in a plane.
FLAT = 1e-5


@dataclass(frozen=True)
class Automorphisms:
    """The symmetries of a net of N sites and M bonds, those that are not translations by lattice vectors apart.

    Attributes
    ----------
    matrix : (G, 3, 3) int array
        In lattice vectors: a row x goes to ``x @ matrix + translation``.
    translation : (G, 3) float array
        With the origin in the middle of all sites.
    site : (G, N) int array
        Where each site goes, and
    lattice : (G, N, 3) int array
        in which cell it is then.
    """

    matrix: Ints
    translation: Floats
    site: Ints
    lattice: Ints

    def part(self, chosen: NDArray[np.bool_]) -> Automorphisms:
        """Some of them."""
        moves = self.site[chosen], self.lattice[chosen]
        return Automorphisms(self.matrix[chosen], self.translation[chosen], *moves)

    @property
    def orbits(self) -> Ints:
        """Number of the orbit of each site, in the order of their first sites, (N,)."""
        return np.unique(self.site.min(axis=0), return_inverse=True)[1]


def automorphisms(net: Network, kinds: Ints | None = None) -> Automorphisms | None:
    """The symmetries of a net that is periodic in three directions.

    Parameters
    ----------
    net
        Its bonds in a primitive cell; positions and cell are not used.
    kinds : (N,) int array
        Numbers of the sites; only sites of one number may be equivalent. What is known spares time.

    Returns
    -------
    Automorphisms
        The identity first; None where sites fall together in the placement or no site has three bonds that span
        space, so that the symmetries cannot be found in this way.
    """
    places = placement(net)
    tree = KDTree(_home(places), boxsize=1.0)
    if len(tree.query_pairs(SAME)):
        return None
    alike = net.degree if kinds is None else np.asarray(kinds)
    offsets, target, shift = net.neighbours
    arms = places[target] + shift - places[np.repeat(np.arange(net.n_sites), net.degree)]
    stars = [arms[offsets[n] : offsets[n + 1]] for n in range(net.n_sites)]
    base = _base(stars, np.argsort(np.bincount(alike)[alike], kind="stable"))
    if base is None:
        return None
    a, chosen = base
    inverse = np.linalg.inv(stars[a][chosen])
    orders = np.array(list(permutations(range(len(stars[a])), 3)))
    bonds = BondTable(net)
    found = []
    for b in np.flatnonzero((alike == alike[a]) & (net.degree == net.degree[a])):
        matrices = inverse @ stars[b][orders]
        whole = np.round(matrices)
        good = np.abs(matrices - whole).max(axis=(1, 2)) < CLOSE
        good &= np.abs(np.abs(np.linalg.det(whole)) - 1) < CLOSE
        for matrix in whole[good].astype(np.int64):
            one = _laid(places, tree, matrix, places[b] - places[a] @ matrix, bonds)
            if one is not None:
                found.append((matrix, *one))
    # the identity first; there may be translations, where the cell is not primitive
    found.sort(key=lambda one: bool((one[0] != np.eye(3)).any() or (one[1] != np.arange(net.n_sites)).any()))
    matrices, site, lattice = (np.array(part) for part in zip(*found, strict=True))
    return Automorphisms(matrices, lattice.mean(axis=1), site, lattice)


def _home(places: Floats) -> Floats:
    """The same places in the first cell, from 0 to less than 1."""
    inside = places - np.floor(places)
    inside[inside >= 1] = 0  # by rounding
    return inside


def _base(stars: list[Floats], order: Ints) -> tuple[int, list[int]] | None:
    """The first site, in the given order, with three bonds that span space, and these bonds."""
    for n in order:
        for chosen in map(list, combinations(range(len(stars[n])), 3)):
            if abs(np.linalg.det(stars[n][chosen])) > FLAT:
                return int(n), chosen
    return None


def _laid(
    places: Floats, tree: KDTree, matrix: Ints, move: Floats, bonds: BondTable
) -> tuple[Ints, Ints] | None:
    """Where a map takes the sites: site and cell of each; None where it is no symmetry of the net."""
    moved = places @ matrix + move
    distance, site = tree.query(_home(moved))
    if distance.max() > CLOSE or len(np.unique(site)) < len(site):
        return None
    lattice = np.round(moved - places[site]).astype(np.int64)
    return (site, lattice) if bonds.hold(site, lattice, matrix) else None


def halves(symmetry: Automorphisms) -> list[Automorphisms]:
    """The subgroups that hold half of the symmetries: those to which a map to signs gives +1.

    The map keeps products: that of two symmetries goes to that of their signs.
    """
    size = len(symmetry.matrix)
    keys = {(symmetry.matrix[k].tobytes(), symmetry.site[k].tobytes()): k for k in range(size)}
    product = np.empty((size, size), np.int64)
    for g in range(size):
        for h in range(size):  # first g, then h
            matrix = symmetry.matrix[g] @ symmetry.matrix[h]
            product[g, h] = keys[matrix.tobytes(), symmetry.site[h][symmetry.site[g]].tobytes()]
    generators = _generators(product)
    found = []
    for signs in list(iterproduct((1, -1), repeat=len(generators)))[1:]:
        sign = np.zeros(size, np.int64)
        sign[0] = 1  # of the identity
        reached = [0]
        for g in reached:
            for h, s in zip(generators, signs, strict=True):
                if sign[product[g, h]] == 0:
                    sign[product[g, h]] = sign[g] * s
                    reached.append(int(product[g, h]))
        if (sign[product] == np.outer(sign, sign)).all():
            found.append(symmetry.part(sign > 0))
    return found


def _generators(product: Ints) -> list[int]:
    """Elements of a group, given by its table of products, of which all others are products."""
    chosen: list[int] = []
    reached = {0}
    while len(reached) < len(product):
        chosen.append(next(g for g in range(len(product)) if g not in reached))
        queue = list(reached)
        for g in queue:
            for h in chosen:
                if int(product[g, h]) not in reached:
                    reached.add(int(product[g, h]))
                    queue.append(int(product[g, h]))
    return chosen
