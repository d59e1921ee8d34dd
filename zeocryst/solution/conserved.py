"""What the steps from one resolution to the next may not change: how many T and S there are, and their mass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import PARTICLE_MARK, Beads
from zeocryst.errors import SimulationError
from zeocryst.solution.resolving import contents

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

Ints = NDArray[np.int64]

#: Masses are kept in single precision in files: they may differ by this share.
SAME_MASS = 1e-6
#: Elements that may take the place of a T in a framework.
T_ELEMENTS = ("Si", "Al", "Ge", "B", "Ga", "Ti", "Sn", "Fe", "P", "Zn", "Be", "Zr")


def check_mass(particles: gsd.hoomd.Frame, chosen: Ints, beads: gsd.hoomd.Frame) -> str:
    """See that beads are exactly what is in the chosen particles, particle by particle.

    Parameters
    ----------
    particles
        The frame of particles.
    chosen
        Those that became beads.
    beads
        What they became; its log says which bead is whose.

    Returns
    -------
    str
        What was compared.

    Raises
    ------
    SimulationError
        A number or the mass is another: names both.
    """
    n_T, n_S = contents(particles)
    seen = Beads.of(beads)
    if PARTICLE_MARK not in beads.log:
        raise SimulationError(f"mass: the beads do not say which particle they come from ({PARTICLE_MARK})")
    of = np.asarray(beads.log[PARTICLE_MARK], dtype=np.int64)
    mine = np.zeros(len(n_T), dtype=bool)
    mine[chosen] = True
    if len(of) != len(seen.kinds) or (len(of) and (of.min() < 0 or of.max() >= len(n_T) or not mine[of].all())):
        raise SimulationError("mass: beads belong to particles that were not chosen")
    for name, wanted in (("T", n_T), ("S", n_S)):
        found = np.bincount(of[seen.are(name)], minlength=len(n_T))
        want = np.where(mine, wanted, 0)
        if (found != want).any():
            worst = int(np.argmax(np.abs(found - want)))
            raise SimulationError(
                f"mass: {int(want.sum())} {name} in the chosen particles, and {int(found.sum())} as beads "
                f"(particle {worst}: {int(want[worst])} and {int(found[worst])}); none may be lost or made"
            )
    above = float(np.asarray(particles.particles.mass, dtype=float)[mine].sum())
    below = float(np.asarray(beads.particles.mass, dtype=float).sum())
    if abs(above - below) > SAME_MASS * max(above, below):
        raise SimulationError(f"mass: {above:.6g} amu of particles, and {below:.6g} amu of beads")
    return (
        f"{seen.count('T')} T and {seen.count('S')} S, {below:.6g} amu, as in the {int(mine.sum())} particles"
    )


def check_atoms(beads: gsd.hoomd.Frame, atoms: Atoms, *, templates: int | None = None, empty: int = 0) -> str:
    """See that atoms have an Si (or what takes its place) for each T, and that each S is accounted for.

    Parameters
    ----------
    beads
        What became atoms.
    atoms
        The framework: T atoms, O and H. Guests are not among them.
    templates, empty
        S that became molecules, and those that stay without one, as reported; without the first S are not
        looked at, where none were to become molecules.

    Returns
    -------
    str
        What was compared.

    Raises
    ------
    SimulationError
        A number is another: names both.
    """
    seen = Beads.of(beads)
    symbols = np.asarray(atoms.get_chemical_symbols())
    found = int(np.isin(symbols, T_ELEMENTS).sum())
    if found != seen.count("T"):
        raise SimulationError(f"mass: {seen.count('T')} T as beads, and {found} Si (or in its place) as atoms")
    words = f"{found} T are as many atoms"
    if templates is not None:
        if templates + empty != seen.count("S"):
            raise SimulationError(
                f"mass: {seen.count('S')} S as beads, and {templates} molecules with {empty} S left without one"
            )
        words += f", {templates} of {seen.count('S')} S are molecules"
    return words
