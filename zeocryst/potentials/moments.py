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

Functions here are plain Python on numbers and arrays. `compiled` compiles them, for the CPU
(`zeocryst.potentials.cpu`) or the GPU (`zeocryst.potentials.cuda`). Loops over pairs neither branch nor call
anything outside, so that a CPU does several pairs at once. Arrays have no unit of their own: any consistent set
will do.

Arrays
------
position (N, 3), kind (N,)
    Beads, anywhere as long as pairs are within one box of each other.
box (9,)
    From `edges`.
head, count (N, n), neighbour (M,)
    The neighbours of type b of bead i are ``neighbour[head[i, b]:head[i, b] + count[i, b]]``; all of them (a
    full list). Up to the next multiple of `LANES` bead i itself follows and counts for nothing. Lists that are
    `MIXED` have one column, for neighbours of any type.
pairs (n, n, 9), arms (n, n, n, 3)
    Parameters by type, from `pack`.
arm_head, arm_count (N, n), arm_site (M,), arm (8, M)
    The short list: of the neighbours that may be arms those within reach, by type: unit vector, distance, f,
    df/dr, and half of the slope and of the energy of the two-body part.
moment, weighed (N, n, 10)
    F, P and Q (xx, xy, xz, yy, yz, zz) by type of the arm; and what the gradient of an arm of each type
    needs of them.
force (N, 3), energy (N,), virial (N, 6)
    The virial in the order xx, xy, xz, yy, yz, zz (HOOMD-blue's), of r and f; where it is not `WHOLE` the
    virial is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.model.forcefield import ForceField

#: Beads that a CPU does at once: rows of neighbours are a multiple of it long.
LANES = 8
#: Where an exponent is as deep as this, nothing is left of a pair.
DEEPEST = 50.0

# What `compiled` may set otherwise: whether neighbours stand in no order of types; whether the virial is asked
# for; whether the exponents p and q are 4 and 0, as nearly always; and how to round down to a float.
MIXED = False
WHOLE = True
USUAL = True
floor: Callable[..., Any] = math.floor

Floats = NDArray[np.float64]


def pack(forcefield: ForceField, types: list[str], acting: list[str] | None = None) -> tuple[Floats, Floats]:
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
        the squared distance beyond which nothing is left of the pair. All zero for a pair with a type that
        is not among `acting`.
    arms : (n, n, n, 3) array
        For each vertex and two arms: lambda epsilon times 1, cos theta0 and cos theta0 squared.
    """
    n = len(types)
    pairs, arms = np.zeros((n, n, 9)), np.zeros((n, n, n, 3))
    for i, a in enumerate(types):
        for j, b in enumerate(types):
            if acting is not None and not {a, b} <= set(acting):
                continue
            p = forcefield.pair(a, b)
            pairs[i, j, :7] = p.A * p.epsilon_eV, p.sigma_A, p.cutoff_A, p.B, p.p, p.q, p.gamma * p.sigma_A
            range_A = min(1.0, p.gamma) * p.sigma_A if p.gamma > 0 else p.sigma_A
            pairs[i, j, 8] = (p.cutoff_A - range_A / DEEPEST) ** 2
            for k, c in enumerate(types):
                if (a, b, c) in forcefield.triplets and (acting is None or c in acting):
                    t = forcefield.triplets[a, b, c]
                    arms[i, j, k] = t.lambda_ * t.epsilon_eV * np.array([1.0, t.cos_theta0, t.cos_theta0**2])
    some = (arms[..., 0] != 0).any(axis=2)
    pairs[..., 7] = some | some.T
    return pairs, arms


def usual(pairs: Floats) -> bool:
    """Whether all exponents are 4 and 0."""
    there = pairs[..., 2] > 0
    return bool((pairs[there, 4] == 4.0).all() and (pairs[there, 5] == 0.0).all())


def edges(box: Floats) -> Floats:
    """A box, (6,) as in GSD, as the kernels want it: Lx, Ly, Lz, the tilts in units of length, 1/L; (9,)."""
    lx, ly, lz, xy, xz, yz = (float(x) for x in box)
    return np.array([lx, ly, lz, xy * ly, xz * lz, yz * lz, 1 / lx, 1 / ly, 1 / lz])


def scratch(n_beads: int, n_places: int, n_types: int) -> list[NDArray[Any]]:
    """Arrays for `arm_head` to `weighed`, with room for so many arms in all."""
    return [
        np.zeros((n_beads, n_types), np.int64),
        np.zeros((n_beads, n_types), np.int32),
        np.zeros(n_places + 1, np.uint32),
        np.zeros((8, n_places + 1)),
        np.zeros((n_beads, n_types, 10)),
        np.zeros((n_beads, n_types, 10)),
    ]


def compiled(compiler: Callable[..., Any], **constants: Any) -> dict[str, Any]:
    """The kernels, compiled one after the other, with other constants than this module's where given."""
    space = {**globals(), **constants}
    for kernel in (nearest, exponential, two_body, choose, measure, around, look, weigh, gather):
        name = kernel.__name__
        space[name] = compiler(FunctionType(kernel.__code__, space, name))
    return space


def nearest(
    dx: float, dy: float, dz: float, lx: float, ly: float, lz: float, yx: float, zx: float, zy: float,
    ix: float, iy: float, iz: float,
) -> tuple[float, float, float]:  # fmt: skip
    """The nearest image of a vector: one vector of the box after the other."""
    turns = floor(dz * iz + 0.5)
    dx -= zx * turns
    dy -= zy * turns
    dz -= lz * turns
    turns = floor(dy * iy + 0.5)
    dx -= yx * turns
    dy -= ly * turns
    dx -= lx * floor(dx * ix + 0.5)
    return dx, dy, dz


def exponential(x: float) -> float:
    """exp(x) for negative x, to 13 digits or 1e-20: the series of x / 128, seven times squared.

    Loops with it vectorise.
    """
    y = (x if x > -1.2 * DEEPEST else -1.2 * DEEPEST) / 128.0
    e = 1.0 + y * (1.0 + y * (1.0 / 2.0 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0 + y * (
        1.0 / 720.0 + y * (1.0 / 5040.0 + y * (1.0 / 40320.0 + y / 362880.0))))))))  # fmt: skip
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    e *= e
    return e * e


def two_body(
    inverse: float, gap: float, strength: float, sigma: float, big: float, p: float, q: float
) -> tuple[float, float]:  # fmt: skip
    """Energy of a pair and its slope, from 1/r and 1/(r - cutoff)."""
    s = sigma * inverse
    strength *= exponential(sigma * gap)
    if USUAL:
        p, q, attraction = 4.0, 0.0, 1.0
        repulsion = big * (s * s * s * s)
    else:
        attraction = s**q
        repulsion = big * s**p
    energy = strength * (repulsion - attraction)
    return energy, strength * (q * attraction - p * repulsion) * inverse - energy * sigma * gap * gap


def choose(
    begin: int, end: int, order: Any, tj: int, position: Any, kind: Any, box: Any, head: Any, count: Any,
    neighbour: Any, reach: float, place: Any, arm_head: Any, arm_count: Any, arm_site: Any, arm: Any,
) -> Any:  # fmt: skip
    """Neighbours of one type within reach, from `place` on, with their vector and squared distance.

    All are written, one over the other where they are too far: that takes no branch.
    """
    lx, ly, lz, yx, zx, zy, ix, iy, iz = (
        box[0], box[1], box[2], box[3], box[4], box[5], box[6], box[7], box[8],
    )  # fmt: skip
    column = 0 if MIXED else tj
    for c in range(begin, end):
        i = order[c]
        x, y, z = position[i, 0], position[i, 1], position[i, 2]
        start, first = place, np.uint64(head[i, column])
        for m in range(first, first + np.uint64(count[i, column])):
            j = neighbour[m]
            dx, dy, dz = nearest(
                position[j, 0] - x, position[j, 1] - y, position[j, 2] - z, lx, ly, lz, yx, zx, zy, ix, iy, iz
            )
            square = dx * dx + dy * dy + dz * dz
            arm_site[place] = j
            arm[0, place] = dx
            arm[1, place] = dy
            arm[2, place] = dz
            arm[3, place] = square
            near = square < reach
            if MIXED:
                near &= kind[j] == tj
            place += np.uint64(near)
        arm_head[i, tj] = start
        arm_count[i, tj] = place - start
    return place


def measure(first: Any, last: Any, ti: int, tj: int, pairs: Any, arm: Any) -> None:
    """What there is to know of arms of one type that were chosen by beads of one type."""
    strength, sigma, cutoff, big, p, q, reach = (
        pairs[ti, tj, 0], pairs[ti, tj, 1], pairs[ti, tj, 2], pairs[ti, tj, 3], pairs[ti, tj, 4],
        pairs[ti, tj, 5], pairs[ti, tj, 6],
    )  # fmt: skip
    for m in range(first, last):
        r = math.sqrt(arm[3, m])
        both = 1.0 / (r * (r - cutoff))
        inverse, gap = both * (r - cutoff), both * r
        energy, slope = two_body(inverse, gap, strength, sigma, big, p, q)
        f = exponential(reach * gap)
        arm[0, m] *= inverse
        arm[1, m] *= inverse
        arm[2, m] *= inverse
        arm[3, m] = r
        arm[4, m] = f
        arm[5, m] = -reach * gap * gap * f
        arm[6, m] = 0.5 * slope
        arm[7, m] = 0.5 * energy


def around(
    begin: int, end: int, order: Any, ti: int, tj: int, position: Any, kind: Any, box: Any, head: Any,
    count: Any, neighbour: Any, pairs: Any, force: Any, energy: Any, virial: Any,
) -> None:  # fmt: skip
    """Beads of one type add what neighbours of one type that are no arms do to them."""
    lx, ly, lz, yx, zx, zy, ix, iy, iz = (
        box[0], box[1], box[2], box[3], box[4], box[5], box[6], box[7], box[8],
    )  # fmt: skip
    strength, sigma, cutoff, big, p, q, reach = (
        pairs[ti, tj, 0], pairs[ti, tj, 1], pairs[ti, tj, 2], pairs[ti, tj, 3], pairs[ti, tj, 4],
        pairs[ti, tj, 5], pairs[ti, tj, 8],
    )  # fmt: skip
    column = 0 if MIXED else tj
    for c in range(begin, end):
        i = order[c]
        x, y, z = position[i, 0], position[i, 1], position[i, 2]
        fx = fy = fz = u = 0.0
        vxx = vxy = vxz = vyy = vyz = vzz = 0.0
        first = np.uint64(head[i, column])
        rows = (np.uint64(count[i, column]) + np.uint64(LANES - 1)) // np.uint64(LANES)
        for m in range(first, first + rows * np.uint64(LANES)):
            j = neighbour[m]
            dx, dy, dz = nearest(
                position[j, 0] - x, position[j, 1] - y, position[j, 2] - z, lx, ly, lz, yx, zx, zy, ix, iy, iz
            )
            square = dx * dx + dy * dy + dz * dz
            near = (square < reach) & (j != i)
            if MIXED:
                near &= kind[j] == tj
            r = math.sqrt(square if near else 0.25 * reach)
            both = 1.0 / (r * (r - cutoff))
            inverse, gap = both * (r - cutoff), both * r
            pair, slope = two_body(inverse, gap, strength, sigma, big, p, q)
            w = slope * inverse if near else 0.0
            u += pair if near else 0.0
            fx += w * dx
            fy += w * dy
            fz += w * dz
            if WHOLE:
                vxx += w * dx * dx
                vxy += w * dx * dy
                vxz += w * dx * dz
                vyy += w * dy * dy
                vyz += w * dy * dz
                vzz += w * dz * dz
        force[i, 0] += fx
        force[i, 1] += fy
        force[i, 2] += fz
        energy[i] += 0.5 * u
        if WHOLE:
            virial[i, 0] -= 0.5 * vxx
            virial[i, 1] -= 0.5 * vxy
            virial[i, 2] -= 0.5 * vxz
            virial[i, 3] -= 0.5 * vyy
            virial[i, 4] -= 0.5 * vyz
            virial[i, 5] -= 0.5 * vzz


def look(
    begin: int, end: int, order: Any, position: Any, kind: Any, box: Any, head: Any, count: Any,
    neighbour: Any, pairs: Any, arm_begin: Any, arm_head: Any, arm_count: Any, arm_site: Any, arm: Any,
    force: Any, energy: Any, virial: Any,
) -> None:  # fmt: skip
    """The beads ``order[begin:end]``, of one type, look around: their arms, and the other pairs.

    Their arms stand from `arm_begin` on, without gaps, those of one type together.
    """
    ti = kind[order[begin]]
    for c in range(begin, end):
        i = order[c]
        for k in range(3):
            force[i, k] = 0.0
        energy[i] = 0.0
        if WHOLE:
            for k in range(6):
                virial[i, k] = 0.0
        for tj in range(pairs.shape[0]):
            arm_count[i, tj] = 0
    place = np.uint64(arm_begin)
    for tj in range(pairs.shape[0]):
        if pairs[ti, tj, 7] != 0.0:
            start = place
            place = choose(
                begin, end, order, tj, position, kind, box, head, count, neighbour, pairs[ti, tj, 8], place,
                arm_head, arm_count, arm_site, arm,
            )  # fmt: skip
            measure(start, place, ti, tj, pairs, arm)
        elif pairs[ti, tj, 2] > 0.0:
            around(
                begin, end, order, ti, tj, position, kind, box, head, count, neighbour, pairs,
                force, energy, virial,
            )  # fmt: skip


def weigh(
    i: int, kind: Any, arms: Any, arm_head: Any, arm_count: Any, arm: Any, moment: Any, weighed: Any,
    energy: Any,
) -> None:  # fmt: skip
    """Bead i adds the energy of its arms, and makes of its moments what the gradients need."""
    n_types = arms.shape[0]
    ti = kind[i]
    some = 0
    u = 0.0
    for b in range(n_types):
        first = np.uint64(arm_head[i, b])
        last = first + np.uint64(arm_count[i, b])
        some += arm_count[i, b]
        total = px = py = pz = qxx = qxy = qxz = qyy = qyz = qzz = own = 0.0
        for m in range(first, last):
            ux, uy, uz, f = arm[0, m], arm[1, m], arm[2, m], arm[4, m]
            u += arm[7, m]
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
    if some == 0:
        return  # nobody asks for the moments of a bead without arms
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
    i: int, kind: Any, arms: Any, arm_head: Any, arm_count: Any, arm_site: Any, arm: Any, weighed: Any,
    force: Any, virial: Any,
) -> None:  # fmt: skip
    """Bead i adds the forces along its arms: as their vertex, and as an arm of its neighbours."""
    ti = kind[i]
    fx = fy = fz = 0.0
    vxx = vxy = vxz = vyy = vyz = vzz = 0.0
    for tj in range(arms.shape[0]):
        first = np.uint64(arm_head[i, tj])
        for m in range(first, first + np.uint64(arm_count[i, tj])):
            j = arm_site[m]
            r, f, slope, half = arm[3, m], arm[4, m], arm[5, m], arm[6, m]
            turn = 2.0 * f / r
            for side in range(2):
                # first i is the vertex and j the arm, then the other way round, along the opposite vector
                vertex, tv, ta, sign = (i, ti, tj, 1.0) if side == 0 else (j, tj, ti, -1.0)
                ux, uy, uz = sign * arm[0, m], sign * arm[1, m], sign * arm[2, m]
                w = weighed[vertex, ta]
                qx = w[4] * ux + w[5] * uy + w[6] * uz
                qy = w[5] * ux + w[7] * uy + w[8] * uz
                qz = w[6] * ux + w[8] * uy + w[9] * uz
                along_q, along_p = qx * ux + qy * uy + qz * uz, w[1] * ux + w[2] * uy + w[3] * uz
                own = arms[tv, ta, ta, 0] - 2.0 * arms[tv, ta, ta, 1] + arms[tv, ta, ta, 2]
                along = slope * (along_q - 2.0 * along_p + w[0] - own * f) - turn * (along_q - along_p)
                # each side has half of the two-body part
                gx = (along + half) * ux + turn * (qx - w[1])
                gy = (along + half) * uy + turn * (qy - w[2])
                gz = (along + half) * uz + turn * (qz - w[3])
                fx += sign * gx
                fy += sign * gy
                fz += sign * gz
                if WHOLE and side == 0:
                    vxx -= r * ux * gx
                    vxy -= r * ux * gy
                    vxz -= r * ux * gz
                    vyy -= r * uy * gy
                    vyz -= r * uy * gz
                    vzz -= r * uz * gz
    force[i, 0] += fx
    force[i, 1] += fy
    force[i, 2] += fz
    if WHOLE:
        virial[i, 0] += vxx
        virial[i, 1] += vxy
        virial[i, 2] += vxz
        virial[i, 3] += vyy
        virial[i, 4] += vyz
        virial[i, 5] += vzz
