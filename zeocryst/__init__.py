"""zeocryst: zeolite crystallization across scales.

What a notebook or a script needs stands here; `__all__` lists it. Every function that takes a structure takes
`ase.Atoms`, a gsd frame, a pymatgen structure, the path of a file, a run, or a sequence of frames; ``types=``
says what T, S and O are called in it, where that is not plain (``"T=Al,P"``). Units are Å, eV, amu, ps, K, bar
and degrees, and stand in the names. Importing is quick: what a function needs is loaded when it is first asked
for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zeocryst.condition.model import Condition, Stage, System
    from zeocryst.door.atoms import Backmapped, backmap, framework
    from zeocryst.door.identification import Identification, Identifications, identify, identify_all
    from zeocryst.door.measuring import Measurement, TrajectoryAnalysis, analyze, measure
    from zeocryst.door.runs import Run, open_run, run
    from zeocryst.door.sweeps import open_sweep
    from zeocryst.errors import InputError, MissingEngineError, SimulationError, ZeocrystError

    __version__: str

__all__ = [
    "Backmapped",
    "Condition",
    "Identification",
    "Identifications",
    "InputError",
    "Measurement",
    "MissingEngineError",
    "Run",
    "SimulationError",
    "Stage",
    "System",
    "TrajectoryAnalysis",
    "ZeocrystError",
    "analyze",
    "backmap",
    "framework",
    "identify",
    "identify_all",
    "measure",
    "open_run",
    "open_sweep",
    "run",
]

_PLACES = {
    "zeocryst.condition.model": ("Condition", "Stage", "System"),
    "zeocryst.door.atoms": ("Backmapped", "backmap", "framework"),
    "zeocryst.door.identification": ("Identification", "Identifications", "identify", "identify_all"),
    "zeocryst.door.measuring": ("Measurement", "TrajectoryAnalysis", "analyze", "measure"),
    "zeocryst.door.runs": ("Run", "open_run", "run"),
    "zeocryst.door.sweeps": ("open_sweep",),
    "zeocryst.errors": ("InputError", "MissingEngineError", "SimulationError", "ZeocrystError"),
}
_PLACE = {name: place for place, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load what is asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        found: Any = version("zeocryst")
    elif name in _PLACE:
        from importlib import import_module

        found = getattr(import_module(_PLACE[name]), name)
    else:
        raise AttributeError(f"module 'zeocryst' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
