r"""The arithmetic of Stillinger-Weber forces in pairs: one source, compiled for the CPU and for the GPU.

Since the three-body term is a polynomial of the cosine, the sum over the triplets of a vertex i,

.. math:: E_i = \tfrac12 \sum_{j \ne k} \lambda\epsilon\, f_j f_k (\hat u_j \cdot \hat u_k - c_0)^2, \qquad
   f_j = e^{\gamma\sigma/(r_{ij} - a\sigma)},

is one over moments of its arms, :math:`F = \sum_j f_j`, :math:`P = \sum_j f_j \hat u_j` and
:math:`Q = \sum_j f_j \hat u_j \hat u_j^T`:

.. math:: E_i = \tfrac{\lambda\epsilon}2 \big[ Q\!:\!Q - 2 c_0 P \cdot P + c_0^2 F^2
   - (1 - c_0)^2 \sum_j f_j^2 \big].

Its gradient with respect to arm j needs the moments of i and the pair only. So there is no loop over
triplets at all, the exponentials are one per pair, and the force on a bead is gathered from its own arms and
from those neighbours of which it is an arm: no atomics, the same bits from run to run. (The oracle in
`zeocryst.potentials.stillinger_weber` loops over the triplets one by one; tests compare the two.)

Functions here are plain Python on numbers and arrays, each for one bead; `zeocryst.potentials.cpu` and
`zeocryst.potentials.cuda` compile them. Arrays have no unit of their own: any consistent set will do.

Arrays
------
position (N, 3), kind (N,)
    Beads, anywhere as long as pairs are within one box of each other.
box (6,)
    Lx, Ly, Lz, xy, xz, yz, as in GSD.
head (N,), count (N,), neighbour (M,)
    The neighbours of bead i are ``neighbour[head[i]:head[i] + count[i]]``; all of them (a full list).
pairs (n, n, 9), arms (n, n, n, 3), table (K, POINTS, 8)
    Parameters by type, from `pack`; pairs that are no arms have their force and energy as cubic splines of the
    squared distance, which cost neither root nor exponential.
arm_head (N,), arm_count (N,), arm_site (M,), arm (M, 6)
    The short list: of the neighbours that may be arms those within reach, from `arm_head` on: unit vector,
    distance, f and df/dr. It may begin where `head` does, or closer together, which is kinder to caches.
moment, weighed (N, n, 10)
    F, P and Q (xx, xy, xz, yy, yz, zz) by type of the arm; and what the gradient of an arm of each type
    needs of them.
force (N, 3), energy (N,), virial (N, 6)
    The virial in the order xx, xy, xz, yy, yz, zz (HOOMD-blue's), of r and f.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.forcefield import ForceField, Pair

#: Points of a table, and the distance with which it begins; nearer pairs are computed.
POINTS = 4000
NEAREST = 1.5

Floats = NDArray[np.float64]


def pack(
    forcefield: ForceField, types: list[str], acting: list[str] | None = None
) -> tuple[Floats, Floats, Floats]:
    """Parameters as arrays.

    Parameters
    ----------
    forcefield
        The model.
    types
        Name of each type number.
    acting
        Types between which the force acts; every one if not given.

    Returns
    -------
    pairs : (n, n, 9) array
        A epsilon, sigma, a sigma, B, p, q, gamma sigma, 1 where one can be an arm of the other, else 0, and
        the number of the pair's table. All zero for a pair with a type that is not among `acting`.
    arms : (n, n, n, 3) array
        For each vertex and two arms: lambda epsilon times 1, cos theta0 and cos theta0 squared.
    table : (K, POINTS, 8) array
        Coefficients of the splines of pairs that are no arms: of the slope of the energy divided by the
        distance, and of the energy, constant first; even in the squared distance from `NEAREST` squared.
    """
    n = len(types)
    pairs, arms = np.zeros((n, n, 9)), np.zeros((n, n, n, 3))
    for i, a in enumerate(types):
        for j, b in enumerate(types):
            if acting is not None and not {a, b} <= set(acting):
                continue
            p = forcefield.pairs[a, b]
            pairs[i, j, :7] = p.A * p.epsilon_eV, p.sigma_A, p.cutoff_A, p.B, p.p, p.q, p.gamma * p.sigma_A
            for k, c in enumerate(types):
                if (a, b, c) in forcefield.triplets and (acting is None or c in acting):
                    t = forcefield.triplets[a, b, c]
                    arms[i, j, k] = t.lambda_ * t.epsilon_eV * np.array([1.0, t.cos_theta0, t.cos_theta0**2])
    some = (arms[..., 0] != 0).any(axis=2)
    pairs[..., 7] = some | some.T
    tables: list[Floats] = []
    for i, a in enumerate(types):
        for j in range(i, n):
            if pairs[i, j, 2] > 0 and not pairs[i, j, 7]:
                pairs[i, j, 8] = pairs[j, i, 8] = len(tables)
                tables.append(_splines(forcefield.pairs[a, types[j]]))
    return pairs, arms, np.array(tables) if tables else np.zeros((1, 1, 8))


def _splines(pair: Pair) -> Floats:
    """Cubic splines of a pair's slope over distance and of its energy, (POINTS, 8)."""
    from scipy.interpolate import CubicSpline

    square = np.linspace(NEAREST**2, pair.cutoff_A**2, POINTS + 1)
    r = np.sqrt(square[:-1])
    energy, force = (np.append(values, 0.0) for values in pair.two_body(r))
    step = square[1] - square[0]
    scale = step ** np.arange(4)
    slope = np.append(-force[:-1] / r, 0.0)
    return np.hstack([CubicSpline(square, y).c[::-1].T * scale for y in (slope, energy)])


def scratch(n_beads: int, n_places: int, n_types: int) -> list[NDArray[Any]]:
    """Arrays for `arm_count`, `arm_site`, `arm`, `moment` and `weighed`, with room for so many arms in all."""
    return [
        np.zeros(n_beads, np.int32),
        np.zeros(n_places, np.int32),
        np.zeros((n_places, 6)),
        np.zeros((n_beads, n_types, 10)),
        np.zeros((n_beads, n_types, 10)),
    ]


def look(
    i: int, position: Any, kind: Any, box: Any, head: Any, count: Any, neighbour: Any, pairs: Any,
    table: Any, arm_head: Any, arm_count: Any, arm_site: Any, arm: Any, force: Any, energy: Any, virial: Any,
) -> None:  # fmt: skip
    """Bead i looks around: its short list, and its two-body force, energy and virial."""
    lx, ly, lz, xy, xz, yz = box[0], box[1], box[2], box[3], box[4], box[5]
    x, y, z, ti = position[i, 0], position[i, 1], position[i, 2], kind[i]
    first = np.int64(head[i])
    place = np.int64(arm_head[i])
    fx = fy = fz = u = 0.0
    vxx = vxy = vxz = vyy = vyz = vzz = 0.0
    for m in range(first, first + np.int64(count[i])):
        j = np.int64(neighbour[m])
        dx, dy, dz = position[j, 0] - x, position[j, 1] - y, position[j, 2] - z
        # nearest image, one vector of the box after the other; most pairs need no shift
        if abs(dz) > 0.5 * lz:
            turns = math.floor(dz / lz + 0.5)
            dz -= lz * turns
            dy -= lz * yz * turns
            dx -= lz * xz * turns
        if abs(dy) > 0.5 * ly:
            turns = math.floor(dy / ly + 0.5)
            dy -= ly * turns
            dx -= ly * xy * turns
        if abs(dx) > 0.5 * lx:
            dx -= lx * math.floor(dx / lx + 0.5)
        tj = kind[j]
        cutoff = pairs[ti, tj, 2]
        square = dx * dx + dy * dy + dz * dz
        if square >= cutoff * cutoff:
            continue
        is_arm = pairs[ti, tj, 7] != 0.0
        inverse = gap = r = w = pair = 0.0
        if not is_arm and square > NEAREST * NEAREST:
            number, points = int(pairs[ti, tj, 8]), table.shape[1]
            t = (square - NEAREST * NEAREST) / (cutoff * cutoff - NEAREST * NEAREST) * points
            k = min(int(t), points - 1)
            t -= k
            w = table[number, k, 0] + t * (
                table[number, k, 1] + t * (table[number, k, 2] + t * table[number, k, 3])
            )
            pair = table[number, k, 4] + t * (
                table[number, k, 5] + t * (table[number, k, 6] + t * table[number, k, 7])
            )
        else:
            r = math.sqrt(square)
            inverse, gap = 1.0 / r, 1.0 / (r - cutoff)
            if pairs[ti, tj, 0] != 0.0:
                sigma, p, q = pairs[ti, tj, 1], pairs[ti, tj, 4], pairs[ti, tj, 5]
                s = sigma * inverse
                strength = pairs[ti, tj, 0] * math.exp(sigma * gap)
                # the usual exponents, 4 and 0, without a call of pow
                repulsion = pairs[ti, tj, 3] * (s * s * s * s if p == 4.0 else s**p)
                attraction = 1.0 if q == 0.0 else s**q
                pair = strength * (repulsion - attraction)
                slope = strength * (q * attraction - p * repulsion) * inverse - pair * sigma * gap * gap
                w = slope * inverse
        fx += w * dx
        fy += w * dy
        fz += w * dz
        u += 0.5 * pair
        w *= -0.5
        vxx += w * dx * dx
        vxy += w * dx * dy
        vxz += w * dx * dz
        vyy += w * dy * dy
        vyz += w * dy * dz
        vzz += w * dz * dz
        if is_arm:
            reach = pairs[ti, tj, 6]
            f = math.exp(reach * gap)
            arm_site[place] = j
            arm[place, 0] = dx * inverse
            arm[place, 1] = dy * inverse
            arm[place, 2] = dz * inverse
            arm[place, 3] = r
            arm[place, 4] = f
            arm[place, 5] = -reach * gap * gap * f
            place += 1
    arm_count[i] = place - np.int64(arm_head[i])
    force[i, 0] = fx
    force[i, 1] = fy
    force[i, 2] = fz
    energy[i] = u
    virial[i, 0] = vxx
    virial[i, 1] = vxy
    virial[i, 2] = vxz
    virial[i, 3] = vyy
    virial[i, 4] = vyz
    virial[i, 5] = vzz


def weigh(
    i: int, kind: Any, arm_head: Any, arms: Any, arm_count: Any, arm_site: Any, arm: Any, moment: Any,
    weighed: Any, energy: Any,
) -> None:  # fmt: skip
    """Bead i adds its three-body energy, and makes of its moments what the gradients need."""
    n_types = arms.shape[0]
    ti = kind[i]
    first = np.int64(arm_head[i])
    last = first + np.int64(arm_count[i])
    if last == first:
        return  # nobody asks for the moments of a bead without arms
    u = 0.0
    for b in range(n_types):
        # what is never weighed need not be summed
        matters = False
        for c in range(n_types):
            if arms[ti, b, c, 0] != 0.0:
                matters = True
        if not matters:
            for k in range(10):
                moment[i, b, k] = 0.0
                weighed[i, b, k] = 0.0
            continue
        total = px = py = pz = qxx = qxy = qxz = qyy = qyz = qzz = own = 0.0
        for m in range(first, last):
            if kind[np.int64(arm_site[m])] != b:
                continue
            ux, uy, uz, f = arm[m, 0], arm[m, 1], arm[m, 2], arm[m, 4]
            total += f
            own += f * f
            ax, ay, az = f * ux, f * uy, f * uz
            px += ax
            py += ay
            pz += az
            qxx += ax * ux
            qxy += ax * uy
            qxz += ax * uz
            qyy += ay * uy
            qyz += ay * uz
            qzz += az * uz
        moment[i, b, 0] = total
        moment[i, b, 1] = px
        moment[i, b, 2] = py
        moment[i, b, 3] = pz
        moment[i, b, 4] = qxx
        moment[i, b, 5] = qxy
        moment[i, b, 6] = qxz
        moment[i, b, 7] = qyy
        moment[i, b, 8] = qyz
        moment[i, b, 9] = qzz
        # the terms j = k of the sum over pairs of arms, which are no triplets
        u -= 0.5 * (arms[ti, b, b, 0] - 2.0 * arms[ti, b, b, 1] + arms[ti, b, b, 2]) * own
    for b in range(n_types):
        for k in range(10):
            weighed[i, b, k] = 0.0
        for c in range(n_types):
            strength = arms[ti, b, c, 0]
            if strength != 0.0:
                weighed[i, b, 0] += arms[ti, b, c, 2] * moment[i, c, 0]
                for k in range(1, 4):
                    weighed[i, b, k] += arms[ti, b, c, 1] * moment[i, c, k]
                for k in range(4, 10):
                    weighed[i, b, k] += strength * moment[i, c, k]
        u += 0.5 * moment[i, b, 0] * weighed[i, b, 0]
        for k in range(1, 4):
            u -= moment[i, b, k] * weighed[i, b, k]
        for k in range(4, 10):
            twice = 0.5 if k in (4, 7, 9) else 1.0  # the entries beside the diagonal stand for two
            u += twice * moment[i, b, k] * weighed[i, b, k]
    energy[i] += u


def gather(
    i: int, kind: Any, arm_head: Any, arms: Any, arm_count: Any, arm_site: Any, arm: Any, weighed: Any,
    force: Any, virial: Any,
) -> None:  # fmt: skip
    """Bead i adds its three-body force: as the vertex of its arms, and as an arm of its neighbours."""
    ti = kind[i]
    fx = fy = fz = 0.0
    vxx = vxy = vxz = vyy = vyz = vzz = 0.0
    first = np.int64(arm_head[i])
    for m in range(first, first + np.int64(arm_count[i])):
        j = np.int64(arm_site[m])
        tj = kind[j]
        r, f, slope = arm[m, 3], arm[m, 4], arm[m, 5]
        turn = 2.0 * f / r
        for side in range(2):
            # first i is the vertex and j the arm, then the other way round, along the opposite vector
            vertex, tv, ta, sign = (i, ti, tj, 1.0) if side == 0 else (j, tj, ti, -1.0)
            ux, uy, uz = sign * arm[m, 0], sign * arm[m, 1], sign * arm[m, 2]
            w = weighed[vertex, ta]
            qx = w[4] * ux + w[5] * uy + w[6] * uz
            qy = w[5] * ux + w[7] * uy + w[8] * uz
            qz = w[6] * ux + w[8] * uy + w[9] * uz
            along_q, along_p = qx * ux + qy * uy + qz * uz, w[1] * ux + w[2] * uy + w[3] * uz
            own = arms[tv, ta, ta, 0] - 2.0 * arms[tv, ta, ta, 1] + arms[tv, ta, ta, 2]
            along = slope * (along_q - 2.0 * along_p + w[0] - own * f) - turn * (along_q - along_p)
            gx = along * ux + turn * (qx - w[1])
            gy = along * uy + turn * (qy - w[2])
            gz = along * uz + turn * (qz - w[3])
            fx += sign * gx
            fy += sign * gy
            fz += sign * gz
            if side == 0:
                vxx -= r * ux * gx
                vxy -= r * ux * gy
                vxz -= r * ux * gz
                vyy -= r * uy * gy
                vyz -= r * uy * gz
                vzz -= r * uz * gz
    force[i, 0] += fx
    force[i, 1] += fy
    force[i, 2] += fz
    virial[i, 0] += vxx
    virial[i, 1] += vxy
    virial[i, 2] += vxz
    virial[i, 3] += vyy
    virial[i, 4] += vyz
    virial[i, 5] += vzz
