"""The tables of nanoparticles in a condition: ``[particles]`` and what is below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zeocryst.condition.model import Output, Stage
from zeocryst.condition.particles import LEAST_PAIRS, PARTS, Particles, Resolve
from zeocryst.condition.stages import (
    MOST_BEADS,
    MOST_STEPS,
    SHORTEST_INTERVAL_PS,
    SHORTEST_STEP_FS,
    read_temperature,
)
from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.model.dlvo import SILICA_WATER_EV
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import default_density, densest
from zeocryst.model.upward import read_upward
from zeocryst.model.water import water_permittivity

#: Keys of each table.
PARTICLES = (
    "number", "radius_A", "radius_spread", "S_per_T", "density_T_per_1000A3", "volume_fraction", "hamaker_eV",
    "surface_potential_mV", "ionic_strength_M", "relative_permittivity", "adhesion_eV", "upward", "stage",
    "output", "resolve",
)  # fmt: skip
STAGE = ("kind", "temperature_K", "time_ps", "timestep_fs")
OUTPUT = ("interval_ps",)
RESOLVE = ("part", "most_T", "box_A", "margin_A", "upward_pairs")
KINDS = ("minimize", "langevin", "brownian")
#: Particles are put at random, one after the other, which fills 38 % of a box at most
#: (D. W. Cooper, Phys. Rev. A 38, 522 (1988)); with room between them less.
DENSEST_FRACTION = 0.25
#: Time between two frames where none is given, ps; the length of the level where that is shorter.
DEFAULT_INTERVAL_PS = 1000.0
#: Longest time step, fs: a nanosecond.
LONGEST_STEP_FS = 1e6
#: T of a neck where no number is given, and the longest box that can be asked for, Å.
DEFAULT_NECK_T, LONGEST_BOX_A = 2000, 1e6


def read_particles(table: Table, forcefield: ForceField, folder: Path) -> Particles:
    """``[particles]`` of a condition.

    Parameters
    ----------
    table
        It.
    forcefield
        The model of the beads, which says how densely T lie, and whether there are S.
    folder
        Where relative paths begin.

    Raises
    ------
    InputError
        A key is unknown, missing, of the wrong type or impossible.
    """
    table.known(*PARTICLES)
    stages = tuple(_read_stage(entry.known(*STAGE)) for entry in table.tables("stage", least=1))
    warm = next((stage.temperature_K[0] for stage in stages if stage.temperature_K), None)
    if warm is None:
        raise table.error("stage", "a stage of kind langevin or brownian: a minimum alone aggregates nothing")
    found = Particles(
        number=table.integer("number", least=1, most=MOST_BEADS),
        radius_A=table.number("radius_A", above=0, least=2.0, most=1000.0),
        radius_spread=table.number("radius_spread", 0.0, least=0, most=0.5),
        S_per_T=_read_composition(table, forcefield),
        density_T_per_1000A3=table.number(
            "density_T_per_1000A3", default_density(forcefield), above=0, least=1.0, most=densest(forcefield)
        ),
        volume_fraction=table.number("volume_fraction", above=0, least=1e-6, most=DENSEST_FRACTION),
        hamaker_eV=table.number("hamaker_eV", SILICA_WATER_EV, least=0, most=10.0),
        surface_potential_mV=table.number("surface_potential_mV", least=-500.0, most=500.0),
        ionic_strength_M=table.number("ionic_strength_M", above=0, least=1e-4, most=10.0),
        relative_permittivity=_read_permittivity(table, warm),
        adhesion_eV=table.number("adhesion_eV", 0.0, least=0, most=1000.0),
        stages=stages,
        output=_read_output(table.table("output", {}).known(*OUTPUT), stages),
        resolve=_read_resolve(table.table("resolve").known(*RESOLVE)) if "resolve" in table else None,
        upward=_read_upward(table, folder) if "upward" in table else None,
    )
    table.finish()
    return found


def _read_composition(table: Table, forcefield: ForceField) -> float:
    share = table.number("S_per_T", 0.0, least=0, most=10.0)
    if share and "S" not in forcefield.types:
        raise table.error("S_per_T", f"0: {forcefield.name} has no bead type S")
    return share


def _read_permittivity(table: Table, temperature_K: float) -> float:
    if "relative_permittivity" in table:
        return table.number("relative_permittivity", least=1.0, most=1000.0)
    try:
        default = water_permittivity(temperature_K)
    except InputError as error:
        raise table.error("relative_permittivity", f"a number: {error}") from None
    return table.number("relative_permittivity", float(f"{default:.6g}"))


def _read_stage(table: Table) -> Stage:
    kind = table.choice("kind", KINDS)
    if kind == "minimize":
        table.finish()
        return Stage(kind)
    stage = Stage(
        kind,
        read_temperature(table),
        time_ps=table.number("time_ps", above=0, most=1e12),
        timestep_fs=table.number("timestep_fs", above=0, least=SHORTEST_STEP_FS, most=LONGEST_STEP_FS),
    )
    if 2000 * stage.time_ps < stage.timestep_fs:
        raise table.error("time_ps", f"at least a time step, {stage.timestep_fs / 1000:g} ps")
    if stage.n_steps > MOST_STEPS:
        raise table.error(
            "time_ps", f"fewer than the {stage.n_steps:.2g} time steps that these are, at most {MOST_STEPS:.0e}"
        )
    table.finish()
    return stage


def _read_output(table: Table, stages: tuple[Stage, ...]) -> Output:
    long = sum(stage.time_ps for stage in stages if stage.n_steps)
    interval = table.number(
        "interval_ps", min(DEFAULT_INTERVAL_PS, long), above=0, least=SHORTEST_INTERVAL_PS, most=1e12
    )
    if interval > long:
        raise table.error("interval_ps", f"at most the length of all stages, {long:g} ps")
    table.finish()
    return Output(interval, backmap=False)


def _read_resolve(table: Table) -> Resolve:
    part = table.choice("part", PARTS, Resolve.part)
    if part != "neck" and "most_T" in table:
        raise table.error("most_T", 'none but with part = "neck"')
    if part != "box" and "box_A" in table:
        raise table.error("box_A", 'none but with part = "box"')
    found = Resolve(
        part,
        table.integer("most_T", DEFAULT_NECK_T, least=1, most=MOST_BEADS) if part == "neck" else None,
        _read_box(table) if part == "box" else None,
        table.number("margin_A", Resolve.margin_A, least=0, most=1000.0),
        table.integer("upward_pairs", 0, least=0, most=1000),
    )
    if 0 < found.upward_pairs < LEAST_PAIRS:
        raise table.error("upward_pairs", f"0, or at least {LEAST_PAIRS}: of fewer an error means nothing")
    table.finish()
    return found


def _read_box(table: Table) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    expected = "from where to where along each axis (Å, from the middle): [[-50, 50], [-50, 50], [-50, 50]]"
    given = table.get("box_A", expected)
    if not isinstance(given, list) or len(given) != 3:
        raise table.error("box_A", expected)
    axes = []
    for k, _ in enumerate(given):
        one = table.with_content({"box_A": given[k]})
        low, high = one.numbers("box_A", 2, least=-LONGEST_BOX_A, most=LONGEST_BOX_A)
        if not low < high:
            raise table.error("box_A", expected)
        axes.append((float(low), float(high)))
    return axes[0], axes[1], axes[2]


def _read_upward(table: Table, folder: Path) -> str:
    name = table.text("upward")
    if "adhesion_eV" in table:
        raise table.error("adhesion_eV", "none beside upward, whose file has what a fine run measured")
    file = folder / name
    if not file.is_file():
        raise table.error("upward", "a file beside the condition, such as a fine run's upward.toml")
    found = read_upward(file)
    if found.sticking is not None and not found.sticking.rate_per_ns:
        raise table.error(
            "upward",
            f"a file whose contacts became bonded: none of {found.sticking.n_contacts} did, so that no rate "
            "is known; watch more of them, or leave its table [sticking] out",
        )
    return name


def particles_table(particles: Particles, folder: Path) -> dict[str, Any]:
    """``[particles]`` as TOML has it, with every default written out; its file with the whole path.

    Parameters
    ----------
    particles
        What was read.
    folder
        The condition's.
    """
    plain = ("stages", "output", "resolve", "upward")
    table: dict[str, Any] = {key: value for key, value in vars(particles).items() if key not in plain}
    if particles.upward is not None:
        del table["adhesion_eV"]
        table["upward"] = str((folder / particles.upward).resolve())
    table["stage"] = [_stage_table(stage) for stage in particles.stages]
    table["output"] = {"interval_ps": particles.output.interval_ps}
    if particles.resolve is not None:
        table["resolve"] = {key: value for key, value in vars(particles.resolve).items() if value is not None}
    return table


def _stage_table(stage: Stage) -> dict[str, Any]:
    if stage.kind == "minimize" or stage.temperature_K is None:
        return {"kind": stage.kind}
    return {
        "kind": stage.kind,
        "temperature_K": list(stage.temperature_K),
        "time_ps": stage.time_ps,
        "timestep_fs": stage.timestep_fs,
    }
