"""A condition that is built in Python, checked as one that is read: by way of the tables that it stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zeocryst.condition.events import Event
from zeocryst.condition.model import EDITS, Cut, Output, Seed, Stage, Until
from zeocryst.condition.particles import Particles
from zeocryst.condition.writing import ends_table
from zeocryst.errors import InputError

if TYPE_CHECKING:
    from zeocryst.condition.model import Condition

#: What a condition that was built in Python is called in messages.
WHERE = "the condition"


def checked(
    top: Mapping[str, Any], tables: Mapping[str, Any], stages: Sequence[Any], folder: Path
) -> Condition:
    """The condition that its parts make.

    Parameters
    ----------
    top
        What stands above the tables: name, title, seed.
    tables
        ``system``, ``forcefield``, ``output``, ``engine``, ``solvent``, ``particles``: a mapping as in TOML or
        a dataclass each, None where it is not given.
    stages
        Likewise.
    folder
        Where relative paths begin.

    Raises
    ------
    InputError
        What reading the same as TOML would raise.
    """
    from zeocryst.condition.reading import parse_condition

    if isinstance(stages, Mapping | str) or not isinstance(stages, Sequence):
        raise InputError(f"{WHERE}: stages = {stages!r}; expected a list of them")
    content = {key: _plain(value) for key, value in top.items()}
    given = dict(tables)
    if given.get("particles") is not None:
        given["particles"] = _particles(given["particles"])
    content |= {key: _table(value) for key, value in given.items() if value is not None}
    content["stage"] = [_stage(stage) if isinstance(stage, Stage) else _table(stage) for stage in stages]
    return parse_condition(content, WHERE, folder)


def _table(given: Any) -> Any:
    """What differs from the defaults, which are those of TOML as well; a mapping as it is."""
    if is_dataclass(given):
        given = {
            f.name: getattr(given, f.name)
            for f in fields(given)
            if _plain(getattr(given, f.name)) != _plain(f.default)
        }
    return _plain(given)


def _stage(stage: Stage) -> dict[str, Any]:
    """A stage as TOML has it: what stands in `edit` and `until` lies flat there."""
    until = stage.until if _are_ends(stage.until) else None
    table: dict[str, Any] = _table(stage if until is None else replace(stage, until=None))
    if stage.kind not in ("minimize", *EDITS):
        table["timestep_fs"] = _plain(stage.timestep_fs)  # the default is the model's
    edit = table.pop("edit", None)
    if edit is not None and not isinstance(stage.edit, Cut | Seed | Mapping):
        raise InputError(f"{WHERE}: edit = {stage.edit!r}; expected a Cut or a Seed")
    if edit is not None:
        table |= _table(stage.edit)
    if "seed_region" in table:
        table["seed_region"] = {"shape": "slab", "fraction": table["seed_region"]}
    if until is not None:
        table["until"] = ends_table(stage)
    return table


def _particles(given: Any) -> Any:
    """``[particles]`` as TOML has it, with what stands in it."""
    if isinstance(given, Particles):
        table = {f.name: getattr(given, f.name) for f in fields(given)}
        table["stage"] = table.pop("stages")
        if given.upward is not None:  # which says how deep
            del table["adhesion_eV"]
    elif isinstance(given, Mapping):
        table = dict(given)
    else:
        return given
    if isinstance(table.get("stage"), list | tuple):
        table["stage"] = [_stage(each) if isinstance(each, Stage) else each for each in table["stage"]]
    if isinstance(output := table.get("output"), Output):
        table["output"] = replace(output, backmap=Output.backmap)  # no particle becomes atoms
    return table | {key: _table(table[key]) for key in ("output", "resolve") if key in table}


def _are_ends(given: Any) -> bool:
    """Whether these are `Until`, one or several, and not tables or something else."""
    several = given if isinstance(given, list | tuple) else [given]
    return bool(several) and all(isinstance(each, Until) for each in several)


def _plain(value: Any) -> Any:
    """Lists, dicts and Python's own numbers, as TOML gives them; paths as texts."""
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise InputError(f"{WHERE}: the key {wrong[0]!r} is no text")
        return {key: _plain(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Event):
        return _table(value)
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value  # numpy's arrays and numbers
