r"""The surroundings of each Si, from atoms alone: distances, angles, and how strained its tetrahedron is.

Two numbers say how strained a T is. The angle variance of its tetrahedron,

.. math:: \sigma^2 = \frac{1}{5} \sum_{k=1}^{6} (\theta_k - 109.47^\circ)^2

(K. Robinson, G. V. Gibbs, P. H. Ribbe, Science 172, 567 (1971)), and the residual of `zeocryst.backmapping.dls`
over the T's own terms alone: its four Si-O, its six O-O and the Si-Si of its bridges.
`zeocryst.backmapping.shifts` makes chemical shifts of the angles.

Local interatomic distances are the nine quantities of Y. Li, J. Yu, R. Xu, Angew. Chem. Int. Ed. 52, 1673
(2013): mean, standard deviation and range of T-O, O-O (the edges of tetrahedra) and T-T (across an oxygen).
`zeocryst.backmapping.feasibility` judges them. How far the mean edge is from that of a regular tetrahedron,
sqrt(8/3) T-O, is geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping.dls import O_O, SI_O, SI_SI
from zeocryst.cell import neighbour_pairs
from zeocryst.network.bonds import SI_O_BOND_A

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Angle between the bonds of a regular tetrahedron, degrees.
REGULAR_DEG = float(np.degrees(np.arccos(-1 / 3)))
#: An O-H bond is shorter than this, Å.
O_H_BOND_A = 1.2


@dataclass(frozen=True)
class Local:
    """Distances (Å) and angles (degrees) around the Si (and Al) of a structure.

    Attributes
    ----------
    t_o, o_o, t_t : (P,), (E,), (B,) float arrays
        Bonds, edges of tetrahedra, and T across each bridging O.
    o_t_o, t_o_t : (E,), (B,) float arrays
        Angles.
    bonds, bond_shift : (P, 2), (P, 3) int arrays
        Atoms T and O of each bond, and the lattice shift of its O.
    edges, bridges : (E, 2), (B, 2) int arrays
        The two bonds of each O-T-O and of each T-O-T.
    sites : (N,) int array
        Which atoms the T are.
    n_bridges : (N,) int array
        Bridges of each T.
    angle_variance, residual : (N,) float arrays
        Strain of each T, degrees^2 and without unit; NaN of T that don't have four O.
    oxygens : (N,) int array
        O within a bond of each T.
    t_of_o, h_of_o : (M,) int arrays
        T and H within a bond of each O.
    """

    t_o: Floats
    o_o: Floats
    t_t: Floats
    o_t_o: Floats
    t_o_t: Floats
    bonds: Ints
    bond_shift: Ints
    edges: Ints
    bridges: Ints
    sites: Ints
    n_bridges: Ints
    angle_variance: Floats
    residual: Floats
    oxygens: Ints
    t_of_o: Ints
    h_of_o: Ints

    @property
    def q_n(self) -> Ints:
        """The n of each T's Q_n, (N,); -1 of a T with more than four O, which is none."""
        return np.where(self.oxygens <= 4, self.n_bridges, -1)

    def site_of_bridges(self) -> tuple[Ints, Floats]:
        """Each end of each bridge: which of the T it is, and the T-O-T angle."""
        rank = np.zeros(self.sites.max(initial=0) + 1, dtype=np.int64)
        rank[self.sites] = np.arange(len(self.sites))
        ends = rank[self.bonds[self.bridges.T.ravel(), 0]]
        return ends, np.tile(self.t_o_t, 2)

    def distances(self) -> dict[str, float | None]:
        """The nine quantities of the local interatomic distances, Å, and what a regular tetrahedron lacks."""
        found: dict[str, float | None] = {}
        for name, values in (("T-O", self.t_o), ("O-O", self.o_o), ("T-T", self.t_t)):
            some = len(values) > 0
            found[f"{name}_mean_A"] = float(values.mean()) if some else None
            found[f"{name}_std_A"] = float(values.std()) if some else None
            found[f"{name}_range_A"] = float(np.ptp(values)) if some else None
        if len(self.o_o):
            found["O-O_below_regular_A"] = float((8 / 3) ** 0.5 * self.t_o.mean() - self.o_o.mean())
        return found


def local_geometry(atoms: Atoms) -> Local:
    """Measure the surroundings of every T."""
    z, positions, cell = atoms.numbers, atoms.positions, atoms.cell[:]
    tetrahedral, oxygen = (z == 14) | (z == 13), z == 8
    i, j, shift, distance = neighbour_pairs(positions, cell, SI_O_BOND_A, full=True)
    hydroxyl = oxygen[i] & (z[j] == 1) & (distance < O_H_BOND_A)
    bonded = tetrahedral[i] & oxygen[j]
    i_t, j_o, arm = i[bonded], j[bonded], positions[j[bonded]] + shift[bonded] @ cell - positions[i[bonded]]
    n, reach = len(atoms), distance[bonded]
    a, b = _pairs_of(i_t)
    edge, angle = np.linalg.norm(arm[a] - arm[b], axis=1), _angle(arm[a], arm[b])
    first, second = _pairs_of(j_o)
    twice = np.bincount(j_o, minlength=n)[j_o[first]] == 2  # an oxygen of three T is no bridge
    first, second = first[twice], second[twice]
    across = np.linalg.norm(arm[first] - arm[second], axis=1)
    ends = np.concatenate([i_t[first], i_t[second]])
    oxygens = np.bincount(i_t, minlength=n)
    whole = oxygens[tetrahedral] == 4
    terms = ((i_t, reach, SI_O), (i_t[a], edge, O_O), (ends, np.tile(across, 2), SI_SI))
    variance = np.bincount(i_t[a], (angle - REGULAR_DEG) ** 2, n)[tetrahedral] / 5
    return Local(
        reach,
        edge,
        across,
        angle,
        _angle(arm[first], arm[second]),
        np.column_stack([i_t, j_o]),
        shift[bonded],
        np.column_stack([a, b]),
        np.column_stack([first, second]),
        np.flatnonzero(tetrahedral),
        np.bincount(ends, minlength=n)[tetrahedral],
        np.where(whole, variance, np.nan),
        np.where(whole, _residual(terms, n)[tetrahedral], np.nan),
        oxygens[tetrahedral],
        np.bincount(j_o, minlength=n)[oxygen],
        np.bincount(i[hydroxyl], minlength=n)[oxygen],
    )


def _residual(terms: tuple[tuple[Ints, Floats, tuple[float, float]], ...], n: int) -> Floats:
    """R of `zeocryst.backmapping.dls` of each atom: of (owner, distances, prescribed distance and weight)."""
    off, whole = np.zeros(n), np.zeros(n)
    for owner, distances, (wanted, weight) in terms:
        off += np.bincount(owner, (weight * (distances - wanted)) ** 2, n)
        whole += np.bincount(owner, minlength=n) * (weight * wanted) ** 2
    return np.asarray(np.sqrt(off / np.maximum(whole, 1e-12)))


def histogram(values: Floats, low: float, high: float, bins: int) -> dict[str, Any]:
    """Counts between `low` and `high`; what lies outside goes into the first and the last bin."""
    counts, edges = np.histogram(np.clip(values, low, high), bins=bins, range=(low, high))
    return {"from": low, "to": high, "width": float(edges[1] - edges[0]), "counts": counts.tolist()}


def _angle(a: Floats, b: Floats) -> Floats:
    """Angles between vectors, degrees."""
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _pairs_of(owner: Ints) -> tuple[Ints, Ints]:
    """All pairs of entries with the same owner, each once."""
    order = np.argsort(owner, kind="stable")
    ranked = owner[order]
    firsts, seconds = [], []
    step = 1
    while step < len(ranked):
        same = np.flatnonzero(ranked[step:] == ranked[:-step])
        if len(same) == 0:
            break
        firsts.append(order[same])
        seconds.append(order[same + step])
        step += 1
    if not firsts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(firsts), np.concatenate(seconds)
