r"""Geometry by distance least squares (DLS), after DLS-76.

The program DLS-76 (Ch. Baerlocher, A. Hepp, W. M. Meier, ETH Zürich, 1977) finds the coordinates whose
interatomic distances come nearest to prescribed ones. Its residual is

.. math:: R = \sqrt{\sum_m w_m^2 (D_m - d_m)^2 / \sum_m w_m^2 D_m^2}

with prescribed distances D and weights w: Si-O 1.61 Å (2.0), O-O within a tetrahedron
1.61 sqrt(8/3) = 2.629 Å (0.61), Si-Si over a bridge 3.07 Å (0.23).

T and O are free and the cell is fixed. Nothing in these terms holds a framework open: with a free cell SOD
reaches zero residual at 9 % less volume, so a low residual alone proves nothing.

Beyond DLS-76, one-sided terms keep atoms apart: those that no bond relates (`CONTACT`), so that silanols
of a crowded amorphous structure do not meet, and the oxygens of one tetrahedron (`EDGE`), whose weight of
0.61 alone lets a strained tetrahedron fold to O-O of 2.1 Å. They are zero in a framework that is in order,
and not part of the residual that is reported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmap.oxygens import SI_O_A, Silicate
from zeocryst.cell import neighbour_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Prescribed distance (Å) and weight of each kind of term.
SI_O = (SI_O_A, 2.0)
O_O = (SI_O_A * (8 / 3) ** 0.5, 0.61)
SI_SI = (3.07, 0.23)
#: Shortest O-O, Si-O and Si-Si contact of atoms that no term relates (Å), and the weight of a breach.
CONTACT = {"O-O": 2.75, "Si-O": 2.90, "Si-Si": 2.80}
CONTACT_WEIGHT = 1.0
#: Shortest edge of a tetrahedron (Å), and the weight of a breach. The shortest O-O of ordered silicates is
#: about 2.5 Å.
EDGE = (2.45, 2.0)
#: Rounds of solving; after each the contacts are looked up anew.
ROUNDS = 6


@dataclass(frozen=True)
class Terms:
    """Distance terms: atoms i and j (with j's lattice shift), prescribed distance (Å), weight."""

    i: Ints
    j: Ints
    shift: Ints
    distance: Floats
    weight: Floats

    def vectors(self, positions: Floats, cell: Floats) -> Floats:
        """From i to j, (M, 3) Å."""
        return np.asarray(positions[self.j] + self.shift @ cell - positions[self.i])


def prescribed_terms(silicate: Silicate) -> Terms:
    """The terms of DLS-76 for a silicate in which every Si has four oxygens."""
    network = silicate.network
    si, o, shift = silicate.bonds()
    four_o, four_shift = o.reshape(-1, 4), shift.reshape(-1, 4, 3)
    a, b = np.triu_indices(4, 1)
    i = [si, four_o[:, a].ravel(), network.first]
    j = [o, four_o[:, b].ravel(), network.second]
    shifts = [shift, (four_shift[:, b] - four_shift[:, a]).reshape(-1, 3), network.shift]
    sizes = [len(x) for x in i]
    return Terms(
        np.concatenate(i),
        np.concatenate(j),
        np.concatenate(shifts),
        np.repeat([SI_O[0], O_O[0], SI_SI[0]], sizes),
        np.repeat([SI_O[1], O_O[1], SI_SI[1]], sizes),
    )


def residual(terms: Terms, positions: Floats, cell: Floats) -> float:
    """The DLS-76 residual R."""
    d = np.linalg.norm(terms.vectors(positions, cell), axis=1)
    off = (terms.weight * (terms.distance - d)) ** 2
    return float(np.sqrt(off.sum() / ((terms.weight * terms.distance) ** 2).sum()))


def _contact_terms(silicate: Silicate, terms: Terms, positions: Floats) -> Terms:
    """One-sided terms: the edges of tetrahedra, and pairs no term relates that are or may come too close."""
    n = silicate.network.n_sites
    i, j, shift, _ = neighbour_pairs(positions, silicate.network.cell, max(CONTACT.values()) + 0.5)
    known = {
        key
        for a, b, s in zip(terms.i.tolist(), terms.j.tolist(), terms.shift.tolist(), strict=True)
        for key in ((a, b, *s), (b, a, -s[0], -s[1], -s[2]))
    }
    free = np.array(
        [(a, b, *s) not in known for a, b, s in zip(i.tolist(), j.tolist(), shift.tolist(), strict=True)],
        dtype=bool,
    )
    i, j, shift = i[free], j[free], shift[free]
    silicons = (i < n).astype(int) + (j < n)
    least = np.array([CONTACT["O-O"], CONTACT["Si-O"], CONTACT["Si-Si"]])[silicons]
    edge = (terms.i >= n) & (terms.j >= n)
    return Terms(
        np.concatenate([i, terms.i[edge]]),
        np.concatenate([j, terms.j[edge]]),
        np.concatenate([shift, terms.shift[edge]]),
        np.concatenate([least, np.full(edge.sum(), EDGE[0])]),
        np.repeat([CONTACT_WEIGHT, EDGE[1]], [len(i), edge.sum()]),
    )


def solve(silicate: Silicate) -> tuple[Silicate, float]:
    """The geometry of least residual, with the cell fixed.

    Returns
    -------
    silicate : Silicate
        Si and O moved; the same network.
    residual : float
        R of the prescribed terms.
    """
    from scipy.optimize import least_squares
    from scipy.sparse import csr_array

    cell = silicate.network.cell
    terms = prescribed_terms(silicate)
    positions = silicate.positions
    for _ in range(ROUNDS):
        contacts = _contact_terms(silicate, terms, positions)
        both = Terms(
            *(
                np.concatenate([getattr(terms, f), getattr(contacts, f)])
                for f in ("i", "j", "shift", "distance", "weight")
            )
        )
        one_sided = np.arange(len(both.i)) >= len(terms.i)
        columns = np.concatenate([3 * both.i[:, None] + np.arange(3), 3 * both.j[:, None] + np.arange(3)], 1)
        pointers = np.arange(0, 6 * len(both.i) + 1, 6)

        def value(x: Floats, both: Terms = both, one_sided: NDArray = one_sided) -> Floats:
            """Weighted misfit of each term."""
            d = np.linalg.norm(both.vectors(x.reshape(-1, 3), cell), axis=1)
            off = both.weight * (d - both.distance)
            return np.asarray(np.where(one_sided, np.minimum(off, 0.0), off))

        def slope(
            x: Floats,
            both: Terms = both,
            one_sided: NDArray = one_sided,
            columns: Ints = columns,
            pointers: Ints = pointers,
        ) -> csr_array:
            """Its derivatives by the coordinates."""
            v = both.vectors(x.reshape(-1, 3), cell)
            d = np.linalg.norm(v, axis=1)
            active = ~one_sided | (d < both.distance)
            g = (both.weight * active / d)[:, None] * v
            data = np.concatenate([-g, g], axis=1).ravel()
            return csr_array((data, columns.ravel(), pointers), shape=(len(d), x.size))

        start = positions.ravel()
        found = least_squares(
            value, start, jac=slope, method="trf", tr_solver="lsmr", x_scale=0.1, ftol=1e-6, xtol=1e-6,
            gtol=1e-8, max_nfev=60,
        )  # fmt: skip
        moved = np.abs(found.x - start).max()
        positions = found.x.reshape(-1, 3)
        if moved < 0.01:
            break
    n, m = silicate.network.n_sites, len(silicate.bridging)
    solved = replace(
        silicate,
        network=replace(silicate.network, positions=positions[:n]),
        bridging=positions[n : n + m],
        terminal=positions[n + m :],
    )
    return solved, residual(terms, positions, cell)
