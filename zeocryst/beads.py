"""One look at a frame of beads: its cell, where they are, and which are T and S.

`gsd.hoomd.Frame` stays the structure that crosses rooms. What only reads one takes this view of it at its door,
once, and nothing is written through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import box_to_cell, volume

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Names under which the log of a frame of nanoparticles has how many T and S are in each.
N_T_MARK = "particles/zeocryst/n_T"
N_S_MARK = "particles/zeocryst/n_S"
#: Names under which that of a frame of beads has the number of the nanoparticle that each bead comes from (in
#: the frame of particles), and of the aggregate that this was in.
PARTICLE_MARK = "particles/zeocryst/particle"
AGGREGATE_MARK = "particles/zeocryst/aggregate"


def over_all(sites: Mapping[str, NDArray[Any]], where: NDArray[Any], count: int) -> dict[str, NDArray[Any]]:
    """Arrays of some beads as arrays of all: -1 or NaN for the others.

    Parameters
    ----------
    sites
        Name to an array with an entry for each of some beads.
    where
        Which beads they are, their numbers or a mask.
    count
        Number of all beads.
    """
    beads = {}
    for name, values in sites.items():
        beads[name] = np.full(count, -1 if values.dtype.kind == "i" else np.nan, values.dtype)
        beads[name][where] = values
    return beads


@dataclass(frozen=True)
class Beads:
    """A frame as it is read; its arrays cannot be written to.

    Attributes
    ----------
    cell : (3, 3) array
        Lattice vectors as rows, Å.
    centred : (N, 3) array
        Where the beads are, Å, with the origin in the middle of the cell, as in GSD.
    kinds : (N,) int array
        Number of the type of each.
    names : tuple of str
        The types.
    """

    cell: Floats
    centred: Floats
    kinds: Ints
    names: tuple[str, ...]

    @classmethod
    def of(cls, frame: gsd.hoomd.Frame) -> Beads:
        """Look at a frame."""
        beads = frame.particles
        cell = box_to_cell(frame.configuration.box)
        centred = np.array(beads.position, dtype=np.float64)
        kinds = np.array(beads.typeid, dtype=np.int64)
        for values in (cell, centred, kinds):
            values.flags.writeable = False
        return cls(cell, centred, kinds, tuple(beads.types or ()))

    @property
    def positions(self) -> Floats:
        """Where the beads are, (N, 3) Å, with the origin in the corner of the cell, as in ASE."""
        return np.asarray(self.centred + self.cell.sum(axis=0) / 2)

    @property
    def volume(self) -> float:
        """Of the cell, Å^3."""
        return volume(self.cell)

    def are(self, name: str) -> NDArray[np.bool_]:
        """Which beads are of a type, (N,) bool; none where there is no such type."""
        if name not in self.names:
            return np.zeros(len(self.kinds), dtype=bool)
        return np.asarray(self.kinds == self.names.index(name))

    def count(self, name: str) -> int:
        """How many beads are of a type."""
        return int(self.are(name).sum())
