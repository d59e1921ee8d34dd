"""Compiled parts of docking: potential on a grid, energies of many poses there, and a rigid body's way down.

Energies are eV, lengths Å. A pair's energy is C12/r^12 - C6/r^6 up to a cut-off; within `NEAREST_A2` it stays
what it is there, so that atoms that lie on each other have an energy.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Square of the distance below which a pair's energy rises no more, Å^2.
NEAREST_A2 = 0.64
#: Square of the distance within which any pair's energy is far above what a pose may have, Å^2.
WALL_A2 = 2.25
#: Points of the grid along the edge of a block that shares a list of atoms.
BLOCK = 6
#: A rigid body goes at most so far in a step, Å; it is at rest when no part of its force is larger, eV/Å;
#: steps.
LONGEST_A, REST_EV_PER_A, MOST_STEPS = 0.25, 1e-4, 200


class Field(NamedTuple):
    """Atoms that a guest meets, and the terms with them.

    Attributes
    ----------
    atoms : (M, 3) array, Å
    kind : (M,) int array
        Their elements.
    c12, c6 : (E, K) arrays
        Terms of the guest's elements with these, eV Å^12 and eV Å^6.
    cutoff : float
        Å.
    """

    atoms: Floats
    kind: Ints
    c12: Floats
    c6: Floats
    cutoff: float


@numba.njit(cache=True, fastmath=True)
def fill_grid(
    corner: Floats, spacing: float, count: int, field: Field, cap: float, reach: float
) -> NDArray[np.float32]:
    """Potential of each guest element at ``corner + spacing * (i, j, k)``, at most `cap`: (E, n, n, n).

    Points within `WALL_A2` of an atom, and those farther than `reach` from the middle, are not computed: `cap`.
    """
    atoms, kind, c12, c6, cutoff = field
    elements = c12.shape[0]
    grid = np.full((elements, count, count, count), np.float32(cap), np.float32)
    half = 0.5 * spacing * (BLOCK - 1) * 3**0.5
    centre = 0.5 * spacing * (count - 1)
    near = np.empty(len(atoms), np.int64)
    wall = np.empty(len(atoms), np.int64)
    total = np.empty(elements)
    for bi in range(0, count, BLOCK):
        for bj in range(0, count, BLOCK):
            for bk in range(0, count, BLOCK):
                mx = corner[0] + spacing * (bi + 0.5 * (BLOCK - 1))
                my = corner[1] + spacing * (bj + 0.5 * (BLOCK - 1))
                mz = corner[2] + spacing * (bk + 0.5 * (BLOCK - 1))
                ox, oy, oz = mx - corner[0] - centre, my - corner[1] - centre, mz - corner[2] - centre
                if ox * ox + oy * oy + oz * oz > (reach + half) ** 2:
                    continue
                listed = bricks = 0
                for m in range(len(atoms)):
                    dx, dy, dz = atoms[m, 0] - mx, atoms[m, 1] - my, atoms[m, 2] - mz
                    d2 = dx * dx + dy * dy + dz * dz
                    if d2 < (cutoff + half) ** 2:
                        near[listed] = m
                        listed += 1
                        if d2 < (WALL_A2**0.5 + half) ** 2:
                            wall[bricks] = m
                            bricks += 1
                for i in range(bi, min(bi + BLOCK, count)):
                    x = corner[0] + spacing * i
                    for j in range(bj, min(bj + BLOCK, count)):
                        y = corner[1] + spacing * j
                        for k in range(bk, min(bk + BLOCK, count)):
                            z = corner[2] + spacing * k
                            inside = False
                            for q in range(bricks):
                                m = wall[q]
                                dx, dy, dz = atoms[m, 0] - x, atoms[m, 1] - y, atoms[m, 2] - z
                                if dx * dx + dy * dy + dz * dz < WALL_A2:
                                    inside = True
                                    break
                            if inside:
                                continue
                            total[:] = 0.0
                            for q in range(listed):
                                m = near[q]
                                dx, dy, dz = atoms[m, 0] - x, atoms[m, 1] - y, atoms[m, 2] - z
                                d2 = dx * dx + dy * dy + dz * dz
                                if d2 < cutoff * cutoff:
                                    inverse = 1.0 / max(d2, NEAREST_A2)
                                    sixth = inverse * inverse * inverse
                                    t = kind[m]
                                    for e in range(elements):
                                        total[e] += sixth * (c12[e, t] * sixth - c6[e, t])
                            for e in range(elements):
                                grid[e, i, j, k] = min(total[e], cap)
    return grid


@numba.njit(cache=True, fastmath=True)
def score(
    grid: NDArray[np.float32], corner: Floats, spacing: float, shapes: Floats, element: Ints, turns: Floats,
    points: Floats, limit: float,
) -> NDArray[np.float32]:  # fmt: skip
    """Energy of each shape (C), orientation (Q) and place (P), trilinear in the grid: (C, Q, P).

    A sum that has passed `limit` goes no further: it is that high at least.
    """
    shape_count, atom_count = shapes.shape[0], shapes.shape[1]
    last = grid.shape[1] - 1
    result = np.empty((shape_count, len(turns), len(points)), np.float32)
    turned = np.empty((atom_count, 3))
    for c in range(shape_count):
        for q in range(len(turns)):
            for a in range(atom_count):
                for d in range(3):
                    turned[a, d] = (
                        turns[q, d, 0] * shapes[c, a, 0]
                        + turns[q, d, 1] * shapes[c, a, 1]
                        + turns[q, d, 2] * shapes[c, a, 2]
                        - corner[d]
                    ) / spacing
            for p in range(len(points)):
                x0, y0, z0 = points[p, 0] / spacing, points[p, 1] / spacing, points[p, 2] / spacing
                total = 0.0
                for a in range(atom_count):
                    x, y, z = turned[a, 0] + x0, turned[a, 1] + y0, turned[a, 2] + z0
                    i, j, k = int(x), int(y), int(z)
                    if x < 0 or y < 0 or z < 0 or i >= last or j >= last or k >= last:
                        total += limit
                        break
                    u, v, w = x - i, y - j, z - k
                    e = element[a]
                    low = (grid[e, i, j, k] * (1 - w) + grid[e, i, j, k + 1] * w) * (1 - v) + (
                        grid[e, i, j + 1, k] * (1 - w) + grid[e, i, j + 1, k + 1] * w
                    ) * v
                    high = (grid[e, i + 1, j, k] * (1 - w) + grid[e, i + 1, j, k + 1] * w) * (1 - v) + (
                        grid[e, i + 1, j + 1, k] * (1 - w) + grid[e, i + 1, j + 1, k + 1] * w
                    ) * v
                    total += low * (1 - u) + high * u
                    if total > limit:
                        break
                result[c, q, p] = total
    return result


@numba.njit(cache=True)
def exact(guest: Floats, element: Ints, field: Field, force: Floats) -> float:
    """Energy of a guest's atoms in a field; `force` (N, 3) is filled with the force on each."""
    atoms, kind, c12, c6, cutoff = field
    total = 0.0
    for a in range(len(guest)):
        e = element[a]
        fx = fy = fz = 0.0
        for m in range(len(atoms)):
            dx, dy, dz = guest[a, 0] - atoms[m, 0], guest[a, 1] - atoms[m, 1], guest[a, 2] - atoms[m, 2]
            d2 = dx * dx + dy * dy + dz * dz
            if d2 < cutoff * cutoff:
                inverse = 1.0 / max(d2, NEAREST_A2)
                sixth = inverse * inverse * inverse
                repulsion, attraction = c12[e, kind[m]] * sixth * sixth, c6[e, kind[m]] * sixth
                total += repulsion - attraction
                pull = (12 * repulsion - 6 * attraction) * inverse
                fx += pull * dx
                fy += pull * dy
                fz += pull * dz
        force[a, 0], force[a, 1], force[a, 2] = fx, fy, fz
    return total


@numba.njit(cache=True)
def _slope(shape: Floats, place: Floats, force: Floats, size: float, slope: Floats) -> None:
    """Derivatives by the three shifts and the three turns (times `size`, so that all are eV/Å)."""
    slope[:] = 0.0
    for a in range(len(shape)):
        rx, ry, rz = shape[a, 0] - place[0], shape[a, 1] - place[1], shape[a, 2] - place[2]
        fx, fy, fz = force[a, 0], force[a, 1], force[a, 2]
        slope[0] -= fx
        slope[1] -= fy
        slope[2] -= fz
        slope[3] -= (ry * fz - rz * fy) / size
        slope[4] -= (rz * fx - rx * fz) / size
        slope[5] -= (rx * fy - ry * fx) / size


@numba.njit(cache=True)
def moved(guest: Floats, place: Floats, step: Floats, size: float) -> Floats:
    """A rigid body after a shift ``step[:3]`` and a turn about its centre by the vector ``step[3:] / size``."""
    wx, wy, wz = step[3] / size, step[4] / size, step[5] / size
    angle = (wx * wx + wy * wy + wz * wz) ** 0.5
    if angle < 1e-12:
        one, two = 1.0, 0.5
    else:
        one, two = np.sin(angle) / angle, (1.0 - np.cos(angle)) / (angle * angle)
    result = np.empty_like(guest)
    for a in range(len(guest)):
        x, y, z = guest[a, 0] - place[0], guest[a, 1] - place[1], guest[a, 2] - place[2]
        cx, cy, cz = wy * z - wz * y, wz * x - wx * z, wx * y - wy * x
        result[a, 0] = place[0] + step[0] + x + one * cx + two * (wy * cz - wz * cy)
        result[a, 1] = place[1] + step[1] + y + one * cy + two * (wz * cx - wx * cz)
        result[a, 2] = place[2] + step[2] + z + one * cz + two * (wx * cy - wy * cx)
    return result


@numba.njit(cache=True)
def descend(guest: Floats, place: Floats, element: Ints, field: Field) -> tuple[float, Floats, Floats]:
    """The nearest minimum of a rigid body: BFGS in six coordinates (Nocedal and Wright, algorithm 6.1).

    Parameters
    ----------
    guest : (N, 3) array
        Its atoms.
    place : (3,) array
        The point that it turns about.

    Returns
    -------
    energy, guest, place
    """
    size = 1e-3
    for a in range(len(guest)):
        for d in range(3):
            size += (guest[a, d] - place[d]) ** 2 / len(guest)
    size = max(size**0.5, 0.5)
    force = np.empty_like(guest)
    slope, other = np.empty(6), np.empty(6)
    energy = exact(guest, element, field, force)
    _slope(guest, place, force, size, slope)
    inverse = np.eye(6) * 0.1
    for _ in range(MOST_STEPS):
        if np.abs(slope).max() < REST_EV_PER_A:
            break
        step = -inverse @ slope
        down = (step * slope).sum()
        if down >= 0:
            inverse = np.eye(6) * 0.1
            step = -inverse @ slope
            down = (step * slope).sum()
        longest = np.abs(step).max()
        if longest > LONGEST_A:
            step *= LONGEST_A / longest
            down *= LONGEST_A / longest
        length, found = 1.0, False
        for _ in range(12):
            trial = moved(guest, place, step * length, size)
            height = exact(trial, element, field, force)
            if height <= energy + 1e-4 * length * down:
                found = True
                break
            length *= 0.4
        if not found:
            break
        change = step * length
        place = place + change[:3]
        guest = trial
        _slope(guest, place, force, size, other)
        gain = other - slope
        curvature = (change * gain).sum()
        if curvature > 1e-12:
            product = inverse @ gain
            weight = 1.0 + (gain * product).sum() / curvature
            for i in range(6):
                for j in range(6):
                    inverse[i, j] += (
                        weight * change[i] * change[j] - product[i] * change[j] - change[i] * product[j]
                    ) / curvature
        slope[:] = other
        energy = height
    return energy, guest, place


@numba.njit(cache=True)
def between(guest: Floats, element: Ints, field: Field, shifts: Floats) -> float:
    """Energy of a guest's atoms in a field, in all the places that `shifts` (K, 3) puts that."""
    others, kind, c12, c6, cutoff = field
    total = 0.0
    for s in range(len(shifts)):
        for a in range(len(guest)):
            for m in range(len(others)):
                dx = guest[a, 0] - others[m, 0] - shifts[s, 0]
                dy = guest[a, 1] - others[m, 1] - shifts[s, 1]
                dz = guest[a, 2] - others[m, 2] - shifts[s, 2]
                d2 = dx * dx + dy * dy + dz * dz
                if d2 < cutoff * cutoff:
                    inverse = 1.0 / max(d2, NEAREST_A2)
                    sixth = inverse * inverse * inverse
                    total += sixth * (c12[element[a], kind[m]] * sixth - c6[element[a], kind[m]])
    return total
