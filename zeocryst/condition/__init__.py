"""A synthesis condition: ``condition.toml`` to frozen dataclasses.

A condition says where to start (`System`), with which model, through which stages, what to write
and on which engine. Reading it checks everything that can be checked without running; an unknown key is
an error that names the nearest known one. `to_toml` writes it with every default filled in.
"""

from zeocryst.condition.consistency import bead_types
from zeocryst.condition.events import Event
from zeocryst.condition.model import EDITS, Condition, Cut, EngineChoice, Output, Seed, Stage, System, Until
from zeocryst.condition.particles import Particles, Resolve
from zeocryst.condition.reading import parse_condition, read_condition
from zeocryst.condition.writing import identity, to_toml

__all__ = [
    "EDITS",
    "Condition",
    "Cut",
    "EngineChoice",
    "Event",
    "Output",
    "Particles",
    "Resolve",
    "Seed",
    "Stage",
    "System",
    "Until",
    "bead_types",
    "identity",
    "parse_condition",
    "read_condition",
    "to_toml",
]
