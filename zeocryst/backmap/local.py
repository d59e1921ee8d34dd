r"""The surroundings of each Si, from atoms alone: distances, angles, and the 29Si shifts that they imply.

Chemical shifts of Q4 sites follow from their mean Si-O-Si angle,

.. math:: \delta / \mathrm{ppm} = -25.44 - 0.5793\, \langle\theta\rangle / \mathrm{deg}

relative to tetramethylsilane (J. M. Thomas, J. Klinowski, S. Ramdas, B. K. Hunter, D. T. B. Tennakoon, Chem.
Phys. Lett. 102, 158 (1983)). There is no such correlation here for Q3 and less.

Local interatomic distances are the nine quantities of Y. Li, J. Yu, R. Xu, Angew. Chem. Int. Ed. 52, 1673
(2013): mean, standard deviation and range of T-O, O-O (the edges of tetrahedra) and T-T (across an oxygen).
`zeocryst.backmap.feasibility` judges them. How far the mean edge is from that of a regular tetrahedron,
sqrt(8/3) T-O, is geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.network.bonds import SI_O_BOND_A

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHIFT_OFFSET_PPM, SHIFT_PER_DEG = -25.44, -0.5793
SHIFT_SOURCE = "Thomas, Klinowski, Ramdas, Hunter, Tennakoon, Chem. Phys. Lett. 102, 158 (1983)"
#: An O-H bond is shorter than this, Å.
O_H_BOND_A = 1.2


@dataclass(frozen=True)
class Local:
    """Distances (Å) and angles (degrees) around the Si (and Al) of a structure.

    Attributes
    ----------
    t_o, o_o, t_t : float arrays
        Bonds, edges of tetrahedra, and T across each bridging O.
    o_t_o, t_o_t : float arrays
        Angles.
    mean_t_o_t : (N,) float array
        Mean T-O-T angle of each T with four bridges, NaN of the others.
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
    mean_t_o_t: Floats
    oxygens: Ints
    t_of_o: Ints
    h_of_o: Ints

    @property
    def shifts_ppm(self) -> Floats:
        """29Si chemical shifts of the Q4 sites."""
        known = self.mean_t_o_t[np.isfinite(self.mean_t_o_t)]
        return np.asarray(SHIFT_OFFSET_PPM + SHIFT_PER_DEG * known)

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
    n = len(atoms)
    a, b = _pairs_of(i_t)
    edge = np.linalg.norm(arm[a] - arm[b], axis=1)
    first, second = _pairs_of(j_o)
    twice = np.bincount(j_o, minlength=n)[j_o[first]] == 2  # an oxygen of three T is no bridge
    first, second = first[twice], second[twice]
    bridge = _angle(arm[first], arm[second])
    across = np.linalg.norm(arm[first] - arm[second], axis=1)
    total = np.bincount(i_t[first], bridge, n) + np.bincount(i_t[second], bridge, n)
    count = np.bincount(i_t[first], minlength=n) + np.bincount(i_t[second], minlength=n)
    mean = np.where(count == 4, total / np.maximum(count, 1), np.nan)
    return Local(
        distance[bonded],
        edge,
        across,
        _angle(arm[a], arm[b]),
        bridge,
        mean[tetrahedral],
        np.bincount(i_t, minlength=n)[tetrahedral],
        np.bincount(j_o, minlength=n)[oxygen],
        np.bincount(i[hydroxyl], minlength=n)[oxygen],
    )


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
