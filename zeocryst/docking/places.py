"""What came of putting a guest at a bead, and its contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.docking.surroundings import Cloud, Host
from zeocryst.molecules.model import Molecule

Floats = NDArray[np.float64]

#: Two atoms whose van der Waals spheres overlap by more than this clash, Å (H and O nearer than 1.9 Å).
MOST_OVERLAP_A = 0.8
#: Atoms at the middle of tetrahedra: their O stand before them, so that they are no contacts.
BEHIND_O = ("Si", "Al", "P", "Ge", "B", "Ga", "Ti", "As", "Be", "Zn", "Co", "Fe", "Sn")


@dataclass(frozen=True, eq=False)
class Placed:
    """A guest at its bead, or why it is not there.

    Attributes
    ----------
    bead : int
        Number of the bead, from 0.
    molecule : str
        Its name.
    placed : bool
        Whether it fits.
    positions : (N, 3) array or None
        Of its atoms, Å, in one piece; None where it is not placed.
    energy_kJ_per_mol : float
        DREIDING's van der Waals energy with the framework, and half of that with other guests and with its own
        images. Of what is not placed, that of the best place that was found.
    conformer : int
        Which shape it has.
    moved_A : float
        From the bead to the molecule's centre of mass.
    contact : str
        The pair of atoms that is nearest for its size, such as ``"H 5 - O 17"`` (numbers from 0, of the guest
        and of the framework; ``"H 5 - C of guest 3"`` for another guest's, numbered as its bead).
    contact_A : float
        Distance of that pair.
    overlap_A : float
        How far its van der Waals spheres (S. Alvarez, Dalton Trans. 42, 8617 (2013)) overlap; 0 where none do.
    reason : str
        Why it is not placed, or what there is to say; empty where there is nothing.
    """

    bead: int
    molecule: str
    placed: bool
    positions: Floats | None
    energy_kJ_per_mol: float
    conformer: int
    moved_A: float
    contact: str
    contact_A: float
    overlap_A: float
    reason: str

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        entry: dict[str, Any] = {
            "bead": self.bead,
            "molecule": self.molecule,
            "energy_kJ_per_mol": round(self.energy_kJ_per_mol, 3),
            "placed": self.placed,
            "moved_A": round(self.moved_A, 3),
            "overlap_A": round(self.overlap_A, 3),
            "contact": self.contact or None,
            "contact_A": round(self.contact_A, 3) if self.contact else None,
        }
        if self.reason:
            entry["reason"] = self.reason
        return entry


def radii(elements: tuple[str, ...]) -> Floats:
    """Van der Waals radii, Å."""
    from ase.data import atomic_numbers
    from ase.data.vdw_alvarez import vdw_radii

    return np.array([vdw_radii[atomic_numbers[e]] for e in elements])


def closest(host: Host, molecule: Molecule, positions: Floats, cloud: Cloud) -> tuple[str, float, float]:
    """The pair of atoms that overlaps most, its distance and overlap (Å; at least 0); T do not count."""
    behind = np.array([e in BEHIND_O for e in host.elements])
    keep = ~(behind[cloud.kind] & (cloud.number >= 0))
    if keep.any():
        cloud = cloud.only(keep)
    if not len(cloud.positions):
        return "", np.inf, 0.0
    own = host.kinds(molecule)
    size = radii(host.elements)
    distance = np.linalg.norm(positions[:, None] - cloud.positions, axis=2)
    overlap = size[own][:, None] + size[cloud.kind] - distance
    a, m = np.unravel_index(int(overlap.argmax()), overlap.shape)
    number, element = int(cloud.number[m]), host.elements[cloud.kind[m]]
    other = f"{element} {number}" if number >= 0 else f"{element} of guest {-1 - number}"
    return f"{molecule.symbols[a]} {a} - {other}", float(distance[a, m]), max(0.0, float(overlap[a, m]))
