"""Distance terms, and the kernels that apply them: misfit, its derivatives, preconditioner.

J is the matrix of derivatives of the weighted misfits by the coordinates. It is applied term by term and its
transpose atom by atom, both parallel, and never formed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """Distance terms.

    Attributes
    ----------
    i, j : (M,) int arrays
        The two atoms.
    shift : (M, 3) int array
        Lattice shift of j's image.
    distance : (M,) float array
        Prescribed distance, Å.
    weight : (M,) float array
    one_sided : (M,) bool array
        True where only a distance that is too short counts.
    """

    i: Ints
    j: Ints
    shift: Ints
    distance: Floats
    weight: Floats
    one_sided: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if len(self.one_sided) != len(self.i):
            object.__setattr__(self, "one_sided", np.zeros(len(self.i), dtype=bool))

    def vectors(self, positions: Floats, cell: Floats) -> Floats:
        """From i to j, (M, 3) Å."""
        return np.asarray(positions[self.j] + self.shift @ cell - positions[self.i])

    def joined(self, other: Terms) -> Terms:
        """These terms and others."""
        names = ("i", "j", "shift", "distance", "weight", "one_sided")
        return Terms(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    def by_atom(self, n_atoms: int) -> tuple[Ints, Ints]:
        """Offsets (n_atoms + 1,), and for each atom its terms: m where it is j, -1 - m where it is i."""
        offsets, incident = _by_atom(n_atoms, self.i, self.j)
        return offsets, incident


@numba.njit(cache=True)
def _by_atom(n: int, i: Ints, j: Ints) -> tuple[Ints, Ints]:
    offsets = np.zeros(n + 1, np.int64)
    for m in range(len(i)):
        offsets[i[m] + 1] += 1
        offsets[j[m] + 1] += 1
    offsets = np.cumsum(offsets)
    place = offsets[:-1].copy()
    incident = np.empty(2 * len(i), np.int64)
    for m in range(len(i)):
        incident[place[i[m]]] = -1 - m
        place[i[m]] += 1
        incident[place[j[m]]] = m
        place[j[m]] += 1
    return offsets, incident


def related(
    i: Ints, j: Ints, shift: Ints, term_i: Ints, term_j: Ints, term_shift: Ints, offsets: Ints, incident: Ints
) -> NDArray[np.bool_]:
    """Whether each pair (i, j, shift) is that of a term."""
    return np.asarray(term_of(i, j, shift, term_i, term_j, term_shift, offsets, incident) >= 0)


@numba.njit(cache=True)
def term_of(
    i: Ints, j: Ints, shift: Ints, term_i: Ints, term_j: Ints, term_shift: Ints, offsets: Ints, incident: Ints
) -> Ints:
    """Number of the term that each pair (i, j, shift) is that of; -1 where there is none."""
    out = np.full(len(i), -1, np.int64)
    for p in range(len(i)):
        for k in range(offsets[i[p]], offsets[i[p] + 1]):
            m = incident[k]
            if m < 0:  # atom i[p] is the term's i
                m = -1 - m
                partner, sign = term_j[m], 1
            else:
                partner, sign = term_i[m], -1
            if partner == j[p] and (
                sign * term_shift[m, 0] == shift[p, 0]
                and sign * term_shift[m, 1] == shift[p, 1]
                and sign * term_shift[m, 2] == shift[p, 2]
            ):
                out[p] = m
                break
    return out


@numba.njit(cache=True, parallel=True)
def misfit(
    x: Floats, i: Ints, j: Ints, lattice: Floats, distance: Floats, weight: Floats, one_sided: NDArray,
    gap: Floats, slope: Floats, off: Floats,
) -> float:  # fmt: skip
    """Fill pair vectors, weighted unit vectors and misfits of all terms; returns the sum of squares."""
    total = 0.0
    for m in numba.prange(len(i)):
        a, b = i[m], j[m]
        gx = x[b, 0] + lattice[m, 0] - x[a, 0]
        gy = x[b, 1] + lattice[m, 1] - x[a, 1]
        gz = x[b, 2] + lattice[m, 2] - x[a, 2]
        d = np.sqrt(gx * gx + gy * gy + gz * gz)
        w = weight[m]
        if one_sided[m] and d >= distance[m]:
            w = 0.0
        r = w * (d - distance[m])
        scale = w / d if d > 1e-9 else 0.0
        gap[m, 0], gap[m, 1], gap[m, 2] = gx, gy, gz
        slope[m, 0], slope[m, 1], slope[m, 2] = scale * gx, scale * gy, scale * gz
        off[m] = r
        total += r * r
    return total


@numba.njit(cache=True, parallel=True)
def forward(
    v: Floats, strain: Floats, bent: bool, i: Ints, j: Ints, gap: Floats, slope: Floats, out: Floats
) -> None:
    """Change of each term for a step `v` (N, 3) and, if `bent`, a strain (3, 3): J times the step."""
    for m in numba.prange(len(i)):
        a, b = i[m], j[m]
        t = 0.0
        for k in range(3):
            moved = v[b, k] - v[a, k]
            if bent:
                for q in range(3):
                    moved += gap[m, q] * strain[q, k]
            t += slope[m, k] * moved
        out[m] = t


@numba.njit(cache=True, parallel=True)
def backward(
    t: Floats, offsets: Ints, incident: Ints, slope: Floats, out: Floats, damping: float, direction: Floats
) -> float:
    """J^T times `t` (M,), plus damping times direction, for the atoms; returns its product with that."""
    total = 0.0
    for a in numba.prange(len(offsets) - 1):
        sx, sy, sz = 0.0, 0.0, 0.0
        for k in range(offsets[a], offsets[a + 1]):
            m = incident[k]
            if m >= 0:
                s = t[m]
            else:
                m = -1 - m
                s = -t[m]
            sx += s * slope[m, 0]
            sy += s * slope[m, 1]
            sz += s * slope[m, 2]
        x, y, z = direction[a, 0], direction[a, 1], direction[a, 2]
        sx += damping * x
        sy += damping * y
        sz += damping * z
        out[a, 0], out[a, 1], out[a, 2] = sx, sy, sz
        total += x * sx + y * sy + z * sz
    return total


@numba.njit(cache=True, parallel=True)
def backward_strain(t: Floats, gap: Floats, slope: Floats) -> Floats:
    """J transposed times `t`, for the six strain components."""
    xx, yy, zz, xy, xz, yz = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for m in numba.prange(len(t)):
        s = t[m]
        xx += s * gap[m, 0] * slope[m, 0]
        yy += s * gap[m, 1] * slope[m, 1]
        zz += s * gap[m, 2] * slope[m, 2]
        xy += s * (gap[m, 0] * slope[m, 1] + gap[m, 1] * slope[m, 0])
        xz += s * (gap[m, 0] * slope[m, 2] + gap[m, 2] * slope[m, 0])
        yz += s * (gap[m, 1] * slope[m, 2] + gap[m, 2] * slope[m, 1])
    return np.array([xx, yy, zz, xy, xz, yz])


@numba.njit(cache=True, parallel=True)
def inverse_blocks(offsets: Ints, incident: Ints, slope: Floats, damping: float) -> Floats:
    """Inverse of each atom's damped 3x3 block of J^T J, (N, 6): xx, yy, zz, xy, xz, yz."""
    n = len(offsets) - 1
    out = np.empty((n, 6))
    for a in numba.prange(n):
        xx, yy, zz, xy, xz, yz = damping, damping, damping, 0.0, 0.0, 0.0
        for k in range(offsets[a], offsets[a + 1]):
            m = incident[k]
            if m < 0:
                m = -1 - m
            x, y, z = slope[m, 0], slope[m, 1], slope[m, 2]
            xx += x * x
            yy += y * y
            zz += z * z
            xy += x * y
            xz += x * z
            yz += y * z
        cx, cy, cz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
        det = xx * cx + xy * cy + xz * cz
        out[a, 0] = cx / det
        out[a, 1] = (xx * zz - xz * xz) / det
        out[a, 2] = (xx * yy - xy * xy) / det
        out[a, 3] = cy / det
        out[a, 4] = cz / det
        out[a, 5] = (xy * xz - xx * yz) / det
    return out


@numba.njit(cache=True, parallel=True)
def advance(
    alpha: float, direction: Floats, product: Floats, inverse: Floats, step: Floats, rest: Floats, z: Floats
) -> float:
    """Step += alpha direction, rest -= alpha product, z = M^-1 rest, for the atoms; returns rest . z."""
    total = 0.0
    for a in numba.prange(len(rest)):
        for k in range(3):
            step[a, k] += alpha * direction[a, k]
            rest[a, k] -= alpha * product[a, k]
        x, y, w = rest[a, 0], rest[a, 1], rest[a, 2]
        zx = inverse[a, 0] * x + inverse[a, 3] * y + inverse[a, 4] * w
        zy = inverse[a, 3] * x + inverse[a, 1] * y + inverse[a, 5] * w
        zw = inverse[a, 4] * x + inverse[a, 5] * y + inverse[a, 2] * w
        z[a, 0], z[a, 1], z[a, 2] = zx, zy, zw
        total += x * zx + y * zy + w * zw
    return total


@numba.njit(cache=True, parallel=True)
def turn(direction: Floats, z: Floats, beta: float) -> None:
    """Direction = z + beta direction."""
    for a in numba.prange(len(direction)):
        for k in range(3):
            direction[a, k] = z[a, k] + beta * direction[a, k]
