"""A condition as TOML, with every default written out."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zeocryst.condition.events import Event
from zeocryst.condition.model import Condition, Cut, EngineChoice, Stage, System, Until
from zeocryst.condition.particles_reading import particles_table
from zeocryst.model.forcefield import ForceField


def to_toml(condition: Condition) -> str:
    """The condition as TOML, with every default written out; reads back as the same condition.

    Paths are written in full, so that the copy can lie in another folder.
    """
    import tomli_w

    system = asdict(condition.system)
    if system["framework"] is None:
        plain = System(condition.system.start)
        del system["framework"]
        for key in ("repeat", "S_in_cages"):
            if system["file"] is None or system[key] == getattr(plain, key):
                del system[key]
    if system["n_T"] is None:
        for key in ("n_T", "n_S", "density_T_per_1000A3"):
            del system[key]
    for key in ("n_S", "density_T_per_1000A3", "recipe", "precursors"):
        if key in system and system[key] is None:
            del system[key]
    if system["file"] is None:
        for key in ("file", "frame", "types", "new_velocities"):
            del system[key]
    else:
        system["file"] = str((condition.folder / system["file"]).resolve())
        for key in ("types", "new_velocities"):
            if not system[key]:
                del system[key]
    beside = condition.folder / condition.forcefield
    model = str(beside.resolve()) if beside.is_file() else condition.forcefield
    particles = condition.particles
    content = {
        "name": condition.name,
        "title": condition.title,
        "seed": condition.seed,
        "system": system,
        "forcefield": {"name": model},
        **({} if condition.solvent is None else {"solvent": asdict(condition.solvent)}),
        **({} if particles is None else {"particles": particles_table(particles, condition.folder)}),
        **({"stage": [_stage_table(stage) for stage in condition.stages]} if condition.stages else {}),
        "output": _output_table(condition),
        "engine": asdict(condition.engine),
    }
    return tomli_w.dumps(content)


def identity(condition: Condition, forcefield: ForceField) -> str:
    """What two calls must share to be the same run: physics and seed, not the engine."""
    text = to_toml(condition.with_checked(engine=EngineChoice())) + f"# model {forcefield}\n"
    if digest := start_digest(condition):
        text += f"# start {digest}\n"
    if condition.particles is not None and condition.particles.upward is not None:
        measured = (condition.folder / condition.particles.upward).read_bytes()
        text += f"# upward {hashlib.sha256(measured).hexdigest()}\n"
    return text


def start_digest(condition: Condition) -> str | None:
    """SHA-256 of the file that a run starts from; None where it starts from none."""
    if condition.system.file is None:
        return None
    return hashlib.sha256((condition.folder / condition.system.file).read_bytes()).hexdigest()


def _output_table(condition: Condition) -> dict[str, Any]:
    """Without what is not given; files that events name in full, as they may lie beside the condition."""
    table = {key: value for key, value in asdict(condition.output).items() if value not in (None, ())}
    if condition.output.events:
        table["backmap"] = [event_table(event, condition.folder) for event in condition.output.events]
    return table


def event_table(event: Event, folder: Path) -> dict[str, Any]:
    """What is given of an event; a file beside the condition with its whole path.

    Parameters
    ----------
    event
        The event.
    folder
        The condition's.
    """
    table: dict[str, Any] = {"when": str(event)}
    for key in ("refine", "sda"):
        name = getattr(event, key)
        if name is not None:
            beside = folder / name
            table[key] = str(beside.resolve()) if os.path.isfile(beside) else name  # of any length: a SMILES
    return table if event.si_al is None else {**table, "si_al": event.si_al}


def _stage_table(stage: Stage) -> dict[str, Any]:
    if stage.kind == "minimize":
        return {"kind": stage.kind}
    if stage.edit is not None:
        given = asdict(stage.edit)
        if isinstance(stage.edit, Cut):  # one or the other
            del given["radius_A" if stage.edit.radius_A is None else "margin_A"]
        elif not stage.edit.at_random:
            del given["at_random"]
        return {"kind": stage.kind, **given}
    table: dict[str, Any] = {"kind": stage.kind}
    if stage.temperature_K is not None:
        table["temperature_K"] = list(stage.temperature_K)
    if stage.kind == "npt":
        table |= {"pressure_bar": stage.pressure_bar, "coupling": stage.coupling}
    table |= {"time_ps": stage.time_ps, "timestep_fs": stage.timestep_fs}
    if stage.seed_region:
        table["seed_region"] = {"shape": "slab", "fraction": stage.seed_region}
    if stage.rigid_precursors:
        table["rigid_precursors"] = True
    if stage.hold_seed:
        table["hold_seed"] = True
    if stage.until is not None:
        table["until"] = ends_table(stage)
    return table


def ends_table(stage: Stage) -> dict[str, Any] | list[dict[str, Any]]:
    """What a stage is run until, as TOML has it: a table, or a list of them."""
    tables = [
        {until.quantity: {"below": until.value} if until.below else until.value, "for_ps": until.for_ps}
        for until in stage.ends
    ]
    return tables[0] if isinstance(stage.until, Until) else tables
