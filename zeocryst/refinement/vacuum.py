"""Empty space around an aggregate, most of which a lattice sum of charges need not fill with its mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zeocryst.cell import heights

if TYPE_CHECKING:
    from ase import Atoms

#: A gap through the whole cell that is wider than the first is narrowed to the second, Å. Terms end at 12 Å.
WIDE_A, ROOM_A = 30.0, 20.0


def without_vacuum(atoms: Atoms) -> tuple[Atoms, str | None]:
    """The same atoms in a cell that is shorter along each vector across which there is a wide gap.

    Returns
    -------
    atoms : ase.Atoms
        Distances within an aggregate are as before; those over the gap are shorter.
    words : str or None
        What was done; None where nothing was, and the atoms are those that came.
    """
    cell, height = atoms.cell[:].copy(), heights(atoms.cell[:])
    fractional = atoms.positions @ np.linalg.inv(cell)
    inside = fractional - np.floor(fractional)
    share = np.ones(3)
    for axis in range(3):
        sorted_ = np.sort(inside[:, axis])
        gaps = np.append(np.diff(sorted_), sorted_[0] + 1 - sorted_[-1])
        widest = int(gaps.argmax())
        if gaps[widest] * height[axis] > WIDE_A:
            after = sorted_[(widest + 1) % len(sorted_)]
            inside[:, axis] = (inside[:, axis] - after) % 1.0
            share[axis] = 1 - gaps[widest] + ROOM_A / height[axis]
    if (share == 1).all():
        return atoms, None
    smaller = atoms.copy()
    smaller.set_cell(cell * share[:, None])
    smaller.positions = inside @ cell
    lengths = ", ".join(f"{a:.0f} to {b:.0f} Å" for a, b in zip(height, height * share, strict=True) if b < a)
    return (
        smaller,
        f"Empty space was left out of the sum of charges: the cell was taken for shorter, {lengths}.",
    )
