"""The Stillinger-Weber energy, forces and virial as a function of plain arrays.

This is the oracle that engines are tested against: every triplet by itself, as the formula has it, for any
cell. (Engines without the potential call the faster `zeocryst.potentials.moments`.) Forces are gathered: each
bead adds its own triplets and those of its neighbours in which it is an arm, so that beads can be done in any
order, in parallel, with the same bits every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from zeocryst.cell import neighbour_pairs
from zeocryst.model.forcefield import ForceField

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class PotentialResult:
    """Per-bead energy (N,) eV, forces (N, 3) eV/Å, and the total virial (6,) eV.

    The virial is the sum of r_a f_b over interactions in the order xx, yy, zz, xy, xz, yz; the pressure
    that it makes is its trace / (3 V).
    """

    energy: Floats
    forces: Floats
    virial: Floats


def pack(forcefield: ForceField, types: list[str]) -> tuple[Floats, Floats]:
    """Parameters as arrays.

    Returns
    -------
    pairs : (n, n, 8) array
        epsilon, sigma, a sigma, A, B, p, q, gamma sigma.
    triplets : (n, n, n, 2) array
        lambda epsilon and cos theta0, the vertex first.
    """
    n = len(types)
    pairs, triplets = np.zeros((n, n, 8)), np.zeros((n, n, n, 2))
    for i, a in enumerate(types):
        for j, b in enumerate(types):
            p = forcefield.pair(a, b)
            pairs[i, j] = (
                p.epsilon_eV, p.sigma_A, p.cutoff_A, p.A, p.B, p.p, p.q, p.gamma * p.sigma_A,
            )  # fmt: skip
            for k, c in enumerate(types):
                if (a, b, c) in forcefield.triplets:
                    t = forcefield.triplets[a, b, c]
                    triplets[i, j, k] = t.lambda_ * t.epsilon_eV, t.cos_theta0
    return pairs, triplets


@numba.njit(cache=True, inline="always")
def _pair(r: float, p: Floats) -> tuple[float, float]:
    """Two-body energy and its derivative at distance r."""
    if r >= p[2]:
        return 0.0, 0.0
    s = p[1] / r
    gap = 1.0 / (r - p[2])
    e = np.exp(p[1] * gap)
    repulsion, attraction = p[4] * s ** p[5], s ** p[6]
    strength = p[3] * p[0] * e
    energy = strength * (repulsion - attraction)
    slope = strength * (p[6] * attraction - p[5] * repulsion) / r - energy * p[1] * gap * gap
    return energy, slope


@numba.njit(cache=True, inline="always")
def _triplet(
    a: Floats, ra: float, b: Floats, rb: float, pa: Floats, pb: Floats, t: Floats
) -> tuple[float, float, float, float]:
    """Three-body energy and the factors of its gradient.

    The gradient with respect to arm a is ``ga a + gc b`` and to arm b ``gb b + gc a``.
    """
    gap_a, gap_b = 1.0 / (ra - pa[2]), 1.0 / (rb - pb[2])
    cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (ra * rb)
    off = cosine - t[1]
    e = t[0] * np.exp(pa[7] * gap_a + pb[7] * gap_b)
    energy = e * off * off
    turn = 2.0 * e * off
    ga = -energy * pa[7] * gap_a * gap_a / ra - turn * cosine / (ra * ra)
    gb = -energy * pb[7] * gap_b * gap_b / rb - turn * cosine / (rb * rb)
    return energy, ga, gb, turn / (ra * rb)


@numba.njit(parallel=True, cache=True)
def _gather(
    typeid: Ints, offsets: Ints, sites: Ints, vectors: Floats, distance: Floats, pairs: Floats,
    triplets: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    n = len(typeid)
    energy, force, virial = np.zeros(n), np.zeros((n, 3)), np.zeros((n, 6))
    for i in numba.prange(n):
        ti = typeid[i]
        first, last = offsets[i], offsets[i + 1]
        for m in range(first, last):
            j, a, ra = sites[m], vectors[m], distance[m]
            tj = typeid[j]
            pa = pairs[ti, tj]
            if ra >= pa[2]:
                continue
            u, slope = _pair(ra, pa)
            energy[i] += 0.5 * u
            for x in range(3):
                force[i, x] += slope * a[x] / ra
            w = -0.5 * slope / ra
            virial[i, 0] += w * a[0] * a[0]
            virial[i, 1] += w * a[1] * a[1]
            virial[i, 2] += w * a[2] * a[2]
            virial[i, 3] += w * a[0] * a[1]
            virial[i, 4] += w * a[0] * a[2]
            virial[i, 5] += w * a[1] * a[2]
            # triplets with bead i at the vertex
            for l in range(m + 1, last):
                k, b, rb = sites[l], vectors[l], distance[l]
                t = triplets[ti, tj, typeid[k]]
                pb = pairs[ti, typeid[k]]
                if t[0] == 0.0 or rb >= pb[2]:
                    continue
                u, ga, gb, gc = _triplet(a, ra, b, rb, pa, pb, t)
                energy[i] += u
                for x in range(3):
                    force[i, x] += (ga + gc) * a[x] + (gb + gc) * b[x]
                virial[i, 0] -= ga * a[0] * a[0] + gb * b[0] * b[0] + 2 * gc * a[0] * b[0]
                virial[i, 1] -= ga * a[1] * a[1] + gb * b[1] * b[1] + 2 * gc * a[1] * b[1]
                virial[i, 2] -= ga * a[2] * a[2] + gb * b[2] * b[2] + 2 * gc * a[2] * b[2]
                virial[i, 3] -= ga * a[0] * a[1] + gb * b[0] * b[1] + gc * (a[0] * b[1] + a[1] * b[0])
                virial[i, 4] -= ga * a[0] * a[2] + gb * b[0] * b[2] + gc * (a[0] * b[2] + a[2] * b[0])
                virial[i, 5] -= ga * a[1] * a[2] + gb * b[1] * b[2] + gc * (a[1] * b[2] + a[2] * b[1])
            # triplets with bead j at the vertex and bead i as an arm
            back = -a
            pj = pairs[tj, ti]
            for l in range(offsets[j], offsets[j + 1]):
                k, b, rb = sites[l], vectors[l], distance[l]
                t = triplets[tj, ti, typeid[k]]
                pb = pairs[tj, typeid[k]]
                if t[0] == 0.0 or rb >= pb[2]:
                    continue
                if k == i and abs(b[0] - back[0]) + abs(b[1] - back[1]) + abs(b[2] - back[2]) < 1e-6:
                    continue  # the arm itself, not another image of it
                _, ga, _, gc = _triplet(back, ra, b, rb, pj, pb, t)
                for x in range(3):
                    force[i, x] -= ga * back[x] + gc * b[x]
    return energy, force, virial


def evaluate(
    positions: ArrayLike, cell: ArrayLike, typeid: ArrayLike, types: list[str], forcefield: ForceField
) -> PotentialResult:
    """Energy, forces and virial of a periodic configuration of any cell.

    Parameters
    ----------
    positions : (N, 3) array, Å
    cell : (3, 3) array, Å
    typeid : (N,) int array
    types
        Name of each type number.
    forcefield
        Parameters for these types.
    """
    x, matrix = np.asarray(positions, dtype=float), np.asarray(cell, dtype=float)
    pairs, triplets = pack(forcefield, types)
    i, j, shift, distance = neighbour_pairs(x, matrix, float(pairs[..., 2].max()), full=True)
    order = np.argsort(i, kind="stable")
    i, j, shift, distance = i[order], j[order], shift[order], distance[order]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=len(x)))]).astype(np.int64)
    vectors = x[j] + shift @ matrix - x[i]
    kinds = np.asarray(typeid, dtype=np.int64)
    energy, force, virial = _gather(kinds, offsets, j, vectors, distance, pairs, triplets)
    return PotentialResult(energy, force, virial.sum(axis=0))
