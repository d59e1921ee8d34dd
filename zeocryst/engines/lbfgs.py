"""Steps to a minimum by forces alone: limited-memory BFGS without a line search.

Energies are not looked at: a potential with cut-offs has steps in its energy that end a line search early,
while its forces still show the way. J. Nocedal, Math. Comp. 35, 773 (1980).
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Steps that are remembered.
MEMORY = 40
#: Farthest that a particle moves in a step, Å.
FARTHEST_A = 0.1
#: Stiffness that is assumed at the beginning, eV/Å^2.
STIFFNESS = 70.0
#: The memory is dropped where the largest force is so many times the least that it has been, in as many steps.
WORSE, PATIENCE = 20.0, 10


class Lbfgs:
    """Where to go next from each force.

    Parameters
    ----------
    farthest
        Farthest that a particle (a row) moves in a step.
    """

    def __init__(self, farthest: float = FARTHEST_A) -> None:
        self._farthest = farthest
        self._pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=MEMORY)
        self._last: tuple[Floats, Floats] | None = None
        self._best, self._worse = np.inf, 0

    def step(self, forces: Floats) -> Floats:
        """The displacement (M, 3) from a point with these forces (M, 3)."""
        self._learn(forces)
        move = self._direction(forces)
        if float(np.vdot(move, forces)) <= 0:
            self._pairs.clear()
            move = forces / STIFFNESS
        lengths = np.linalg.norm(move, axis=1)
        move = move * np.minimum(1.0, self._farthest / np.maximum(lengths, 1e-300))[:, None]
        self._last = move, forces.copy()
        return np.asarray(move)

    def _learn(self, forces: Floats) -> None:
        largest = float(np.abs(forces).max())
        self._worse = self._worse + 1 if largest > WORSE * self._best else 0
        self._best = min(self._best, largest)
        if self._last is not None:
            move, before = self._last
            change = before - forces
            product = float(np.vdot(move, change))
            if product > 1e-12:
                self._pairs.append((move, change, product))
        if self._worse > PATIENCE:
            self._pairs.clear()
            self._best, self._worse = largest, 0

    def _direction(self, forces: Floats) -> Floats:
        """The forces times the inverse of the curvature, as far as it is known."""
        q = forces.copy()
        shares = []
        for move, change, product in reversed(self._pairs):
            share = float(np.vdot(move, q)) / product
            q -= share * change
            shares.append(share)
        if self._pairs:
            _, change, product = self._pairs[-1]
            q *= product / float(np.vdot(change, change))
        else:
            q /= STIFFNESS
        for (move, change, product), share in zip(self._pairs, reversed(shares), strict=True):
            q += (share - float(np.vdot(change, q)) / product) * move
        return q
