"""The volume that a CIF states, against that of its lengths and angles.

RASPA writes coordinates of a box of several cells with the lengths of one of them; only the volume is the
box's. Which multiple of each length is meant is told by the distances of the atoms.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import neighbour_pairs

Floats = NDArray[np.float64]

#: Share by which the two volumes may differ: rounded lengths; and from which on it is said that they do.
SAME, OTHER = 0.01, 0.05
#: Usual distance of an atom to its nearest one in silicates, Å, and how far is looked.
NEAREST_A, FAR_A = 1.6, 3.0
#: Most cells of a box that are looked for.
MOST_CELLS = 1000


def meant_cell(cell: Floats, stated: float, places: Floats, *, everything: bool) -> tuple[Floats, str]:
    """The cell that the coordinates are of, and what is said of it, or nothing.

    Parameters
    ----------
    cell : (3, 3) array, Å
        From the lengths and angles.
    stated
        Volume that the file states, Å^3; not finite where it states none.
    places : (N, 3) array
        Fractional coordinates.
    everything
        Whether these are all atoms of the cell (P 1).
    """
    volume = abs(float(np.linalg.det(cell)))
    ratio = stated / volume if np.isfinite(stated) and stated > 0 else 1.0
    if abs(ratio - 1) < OTHER:
        return cell, ""
    differ = f"the cell's lengths and angles give {volume:.1f} Å^3, _cell_volume says {stated:.1f}"
    n = round(ratio)
    if not everything or abs(ratio / max(n, 1) - 1) > SAME or not 2 <= n <= MOST_CELLS:
        return cell, f"{differ}: the lengths and angles are taken"
    ways = [(a, b, n // a // b) for a, b in product(range(1, n + 1), repeat=2) if n % (a * b) == 0]
    best = min(ways, key=lambda way: _misfit(cell * np.array(way)[:, None], places))
    box = cell * np.array(best)[:, None]
    if _misfit(box, places) >= _misfit(cell, places):
        return cell, f"{differ}: the lengths and angles are taken"
    words = " x ".join(map(str, best))
    return (
        box,
        f"{differ}, {n} times as much: the coordinates are taken as those of {words} cells, where atoms fit",
    )


def _misfit(cell: Floats, places: Floats) -> float:
    """How far the nearest atom is from where it should be, in the mean, Å."""
    # no farther than a handful of neighbours, however many atoms lie in a cell that is too small
    far = min(FAR_A, 2 * (abs(float(np.linalg.det(cell))) / len(places)) ** (1 / 3))
    i, j, _, distance = neighbour_pairs((places - np.floor(places)) @ cell, cell, far)
    nearest = np.full(len(places), far)
    np.minimum.at(nearest, i, distance)
    np.minimum.at(nearest, j, distance)
    return float(np.abs(nearest - NEAREST_A).mean())
