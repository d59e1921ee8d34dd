r"""Least squares of distances: Levenberg-Marquardt, each step by preconditioned conjugate gradients.

Minimizes

.. math:: S = \sum_m w_m^2 (d_m - D_m)^2 + n k^2 (V / V_0 - 1)^2

over atom positions and, where asked for, the cell, which moves as a symmetric strain of everything. The normal
equations :math:`(J^T J + \lambda)\,p = -J^T r` of a step are never formed, so that cost and memory grow
linearly with the number of terms; the preconditioner is the 3x3 block of each atom and the 6x6 block of the
strain. Sources: K. Levenberg, Q. Appl. Math. 2, 164 (1944); D. W. Marquardt, SIAM J. Appl. Math. 11, 431
(1963); the damping's rule: H. B. Nielsen, report IMM-REP-1999-05, Technical University of Denmark (1999);
J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed., sections 7.1 and 10.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from zeocryst.backmapping import distances as kernels
from zeocryst.backmapping.distances import Terms
from zeocryst.cell import heights

Floats = NDArray[np.float64]

#: Damping of the first step, the least (oxygens that nothing holds would run away), and where a descent that
#: finds no way down gives up; in units of weight^2.
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 3e-3, 1e8
#: A step's linear equations are solved until their residual has fallen to this share, or for so many products.
FORCING, MOST_PRODUCTS = 0.2, 200
#: No atom moves farther than this in a step, Å: contacts are not foreseen.
LONGEST_STEP_A = 0.3
#: Number of atoms below which one thread does the work.
SMALL = 60_000
#: Edge of the boxes by which atoms are sorted, Å.
BOX_A = 6.0
#: Row and column of the six components of a symmetric strain; those that change the volume.
_ROW, _COLUMN = np.array([0, 1, 2, 0, 0, 1]), np.array([0, 1, 2, 1, 2, 2])
_TRACE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])


@dataclass(frozen=True)
class VolumeTerm:
    """What holds a free cell open: n k^2 (V / V0 - 1)^2.

    Attributes
    ----------
    stiffness : float
        k, in units of weight times Å.
    volume : float
        V0, Å^3.
    n_sites : int
        n, so that the term grows with the structure.
    """

    stiffness: float
    volume: float
    n_sites: int

    @property
    def scale(self) -> float:
        """Root of n times k."""
        return float(self.stiffness * np.sqrt(self.n_sites))


@contextmanager
def threads_for(n_atoms: int) -> Iterator[None]:
    """One thread for a structure so small that threads would lose more by waiting than they gain."""
    before = numba.get_num_threads()
    if n_atoms < SMALL:
        numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


class Descent:
    """A minimization; `positions` and `cell` (3, 3), Å, are where it stands.

    Parameters
    ----------
    positions, cell
        Where to begin.
    terms
        What to fulfil.
    volume
        Frees the cell; None keeps it.
    """

    def __init__(self, positions: Floats, cell: Floats, terms: Terms, volume: VolumeTerm | None = None) -> None:
        # atoms near each other, and the terms between them, stand near each other in memory
        self._order = _along_cells(positions, cell)
        rank = np.argsort(self._order)
        i, j = rank[terms.i], rank[terms.j]
        line = np.argsort(np.minimum(i, j), kind="stable")
        terms = Terms(
            i[line], j[line], terms.shift[line], terms.distance[line], terms.weight[line], terms.one_sided[line]
        )
        self._x, self.cell = positions[self._order], cell.copy()
        self._terms, self._volume = terms, volume
        n, m = len(positions), len(terms.i)
        self._incident = terms.by_atom(n)
        self._gap, self._slope = np.empty((m, 3)), np.empty((m, 3))
        self._off, self._change = np.empty(m), np.empty(m)
        self._swell = self._off_volume = 0.0
        self._damping = FIRST_DAMPING

    @property
    def positions(self) -> Floats:
        """Where the atoms stand, (N, 3) Å, in the order in which they were given."""
        out = np.empty_like(self._x)
        out[self._order] = self._x
        return out

    @property
    def value(self) -> float:
        """The sum of squares where it stands."""
        return self._evaluate(self._x, self.cell)

    def run(self, most: int = 100, tolerance: float = 3e-3) -> float:
        """Descend until the sum of squares falls by less than `tolerance` of itself, twice; returns it."""
        value = self._evaluate(self._x, self.cell)
        slow, growth = 0, 2.0
        for _ in range(most):
            step, strain, promised = self._step()
            stretch = np.eye(3) + strain
            moved, cell = (self._x + step) @ stretch, self.cell @ stretch
            reached = self._evaluate(moved, cell)
            gain = (value - reached) / max(promised, 1e-300)
            if gain > 0:
                slow = slow + 1 if value - reached < tolerance * value else 0
                self._x, self.cell, value = moved, cell, reached
                self._damping *= max(1 / 5, 1 - (2 * min(gain, 1.0) - 1) ** 3)
                self._damping = max(self._damping, LEAST_DAMPING)
                growth = 2.0
            else:
                self._damping *= growth
                growth *= 2.0
                self._evaluate(self._x, self.cell)
            if slow >= 2 or self._damping > MOST_DAMPING:
                break
        return value

    def _evaluate(self, positions: Floats, cell: Floats) -> float:
        """The sum of squares; fills what the next step needs."""
        t = self._terms
        value = kernels.misfit(
            positions, t.i, t.j, t.shift @ cell, t.distance, t.weight, t.one_sided,
            self._gap, self._slope, self._off,
        )  # fmt: skip
        if self._volume is not None:
            self._swell = self._volume.scale * abs(np.linalg.det(cell)) / self._volume.volume
            self._off_volume = self._swell - self._volume.scale
        return float(value) + self._off_volume**2

    def _step(self) -> tuple[Floats, Floats, float]:
        """A damped Gauss-Newton step, its strain (3, 3), and by how much it should lessen the sum of squares.

        Conjugate gradients on the atoms and, with the cell free, the six strains (names that end in 6).
        """
        damping, free = self._damping, self._volume is not None
        n = len(self._x)
        inverse = kernels.inverse_blocks(*self._incident, self._slope, damping)
        step, direction = np.zeros((n, 3)), np.zeros((n, 3))
        rest, product, z = np.empty((n, 3)), np.zeros((n, 3)), np.empty((n, 3))
        step6 = np.zeros(6)
        rest6: Floats = np.zeros(6)
        kernels.backward(-self._off, *self._incident, self._slope, rest, 0.0, direction)
        inverse6, damping6 = np.zeros((6, 6)), 0.0
        if free:
            inverse6, damping6 = self._strain_block()
            rest6 = np.asarray(kernels.backward_strain(-self._off, self._gap, self._slope))
            rest6 -= self._swell * self._off_volume * _TRACE
        first, first6 = rest.copy(), rest6.copy()
        z6 = np.asarray(inverse6 @ rest6)
        size = kernels.advance(0.0, direction, product, inverse, step, rest, z) + float(rest6 @ z6)
        goal = FORCING**2 * size
        direction, direction6 = z.copy(), z6
        for _ in range(MOST_PRODUCTS):
            curvature = self._apply(direction, direction6, product)
            if free:
                product6 = np.asarray(kernels.backward_strain(self._change, self._gap, self._slope))
                product6 += damping6 * direction6 + self._swell**2 * (_TRACE @ direction6) * _TRACE
                curvature += float(direction6 @ product6)
            alpha = size / max(curvature, 1e-300)
            if free:
                step6 = step6 + alpha * direction6
                rest6 = rest6 - alpha * product6
                z6 = np.asarray(inverse6 @ rest6)
            before = size
            size = kernels.advance(alpha, direction, product, inverse, step, rest, z) + float(rest6 @ z6)
            if size <= goal:
                break
            kernels.turn(direction, z, size / before)
            direction6 = z6 + size / before * direction6
        promised = float(np.vdot(step, first + rest) + damping * np.vdot(step, step))
        promised += float(step6 @ (first6 + rest6) + damping6 * step6 @ step6)
        length = np.linalg.norm(step, axis=1, keepdims=True)
        step *= np.minimum(1.0, LONGEST_STEP_A / np.maximum(length, LONGEST_STEP_A))
        return step, _matrix(step6), promised

    def _apply(self, direction: Floats, direction6: Floats, product: Floats) -> float:
        """J^T J + damping, times a direction, for the atoms; returns its product with the direction."""
        t = self._terms
        bent = self._volume is not None
        kernels.forward(direction, _matrix(direction6), bent, t.i, t.j, self._gap, self._slope, self._change)
        return float(
            kernels.backward(self._change, *self._incident, self._slope, product, self._damping, direction)
        )

    def _strain_block(self) -> tuple[Floats, float]:
        """Inverse of the strain's own 6x6 block of the normal equations, and its damping."""
        g, s = self._gap, self._slope
        columns = [g[:, k] * s[:, k] for k in range(3)]
        columns += [g[:, a] * s[:, b] + g[:, b] * s[:, a] for a, b in ((0, 1), (0, 2), (1, 2))]
        j6 = np.column_stack(columns)
        damping6 = self._damping * len(g)  # a strain moves every term's end by its length
        block = j6.T @ j6 + damping6 * np.eye(6) + self._swell**2 * np.outer(_TRACE, _TRACE)
        return np.asarray(np.linalg.inv(block), dtype=float), damping6


def _along_cells(positions: Floats, cell: Floats) -> NDArray[np.int64]:
    """Numbers of the atoms, sorted by boxes of `BOX_A`."""
    counts = np.maximum(1, heights(cell) / BOX_A).astype(np.int64)
    fractional = positions @ np.linalg.inv(cell)
    box = np.minimum(((fractional - np.floor(fractional)) * counts).astype(np.int64), counts - 1)
    return np.asarray(np.lexsort((box[:, 2], box[:, 1], box[:, 0])), dtype=np.int64)


def _matrix(strain: Floats) -> Floats:
    """Six components as a symmetric matrix."""
    out = np.zeros((3, 3))
    out[_ROW, _COLUMN] = strain
    out[_COLUMN, _ROW] = strain
    return out
