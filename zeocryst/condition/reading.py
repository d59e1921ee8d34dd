"""From ``condition.toml`` to a `Condition`: what each table may hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from zeocryst.condition.consistency import check_together
from zeocryst.condition.events import FORM, Event
from zeocryst.condition.model import (
    LEAST_DENSITY,
    Condition,
    EngineChoice,
    Output,
    System,
)
from zeocryst.condition.particles_reading import read_particles
from zeocryst.condition.stages import MOST_BEADS, SHORTEST_INTERVAL_PS, STAGE, framework_of, read_stage
from zeocryst.condition.substances import COUNTED, NAMES, OTHERS, SOURCES, amounts
from zeocryst.errors import InputError, nearest
from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml, read_text
from zeocryst.frameworks.oligomers import oligomer_name
from zeocryst.frameworks.table import start_t_count
from zeocryst.model.forcefield import SILICATE, ForceField, read_beside
from zeocryst.model.scales import default_density, default_step_fs, densest
from zeocryst.model.solvent import read_solvent

STARTS = ("framework", "melt", "gel", "file", "particles")
#: Tables of studies, which are many runs: one file can hold several, and each command reads its own.
STUDIES = ("melt", "seeding", "design", "sweep")
#: Keys of each table; which of them go together is seen to where they are read.
TOP = ("name", "title", "seed", "system", "forcefield", "stage", "output", "engine", "solvent", "particles")
SYSTEM = (
    "start", "framework", "repeat", "S_in_cages", "n_T", "n_S", "density_T_per_1000A3", "recipe", "precursors",
    "file", "frame", "types", "new_velocities",
)  # fmt: skip
OUTPUT = ("interval_ps", "backmap", "report", "fine_ps", "measure")
EVENT = ("when", "refine", "sda", "si_al")
ENGINE = ("name", "device", "threads")
#: How far the shares of a gel's precursors may be from 1 in sum (0.333 three times is meant to be 1).
SHARES_TOLERANCE = 2e-3


def read_condition(path: str | Path) -> Condition:
    """Read and check a condition file.

    Raises
    ------
    InputError
        The file is not there or not TOML; a key is unknown, missing, of the wrong type or impossible.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "condition.toml"
    if not file.is_file():
        names = shipped_names()
        if str(path) in names:
            return read_shipped(str(path))
        raise InputError(
            f"no condition file {str(path)!r}; give the path of a condition.toml, or a shipped one's name: "
            f"{nearest(file.name, names)}"
        )
    content = parse_toml(read_text(file), str(file))
    return parse_condition(content, str(file), file.resolve().parent)


def shipped_names(file: str = "condition.toml") -> list[str]:
    """Names of the conditions that come with zeocryst, or of what else has such a file (``study.toml``)."""
    folders = resources.files("zeocryst.runs").iterdir()
    return sorted(folder.name for folder in folders if folder.joinpath(file).is_file())


def shipped_text(name: str) -> str:
    """What stands in the file of one of them, comments and all."""
    return resources.files("zeocryst.runs").joinpath(name, "condition.toml").read_text(encoding="utf-8")


def shipped_file(name: str) -> tuple[str, Path]:
    """What stands in the file of a shipped study or condition, and its folder."""
    with resources.as_file(resources.files("zeocryst.runs").joinpath(name)) as folder:
        study = folder / "study.toml"
        return read_text(study if study.is_file() else folder / "condition.toml"), folder


def read_shipped(name: str) -> Condition:
    """One of the conditions that come with zeocryst.

    Raises
    ------
    InputError
        There is none of that name.
    """
    names = shipped_names()
    if name not in names:
        raise InputError(f"no shipped condition {name!r}; {nearest(name, names)}")
    with resources.as_file(resources.files("zeocryst.runs").joinpath(name)) as folder:
        return read_condition(folder)


def parse_condition(
    content: dict[str, Any], where: str, folder: Path, forcefield: ForceField | None = None
) -> Condition:
    """A condition from the parsed file.

    Parameters
    ----------
    content
        Its tables.
    where
        What messages call it.
    folder
        Resolves its paths.
    forcefield
        The one that it names, where that was read already.

    Raises
    ------
    InputError
        A key is unknown, missing, of the wrong type or impossible.
    """
    if studies := [name for name in STUDIES if isinstance(content.get(name), dict)]:
        raise InputError(
            f"{where}: no condition of one run but a study, with a table [{studies[0]}]: it is run by zeocryst "
            f"{studies[0]}"
        )
    top = Table(content, where).known(*TOP)
    named = top.table("forcefield", {}).known("name")
    model = named.text("name", "ts")
    named.finish()
    beads = read_beside(folder, model) if forcefield is None else forcefield
    if "T" not in beads.types:
        raise InputError(f"{where}: forcefield: {model} has no bead type T")
    output = top.table("output", {}).known(*OUTPUT)
    engine = top.table("engine", {}).known(*ENGINE)
    system = _read_system(top.table("system").known(*SYSTEM), beads)
    step = default_step_fs(beads)
    stages = tuple(read_stage(entry.known(*STAGE), step) for entry in top.tables("stage"))
    particles = read_particles(top.table("particles"), beads, folder) if "particles" in top else None
    if not stages and particles is None:
        raise top.error("stage", "a list of tables, each begun with [[stage]], at least 1")
    condition = Condition.of_checked(
        name=top.text("name", folder.name or "run"),
        title=top.text("title", ""),
        seed=top.integer("seed", 1, least=1, most=900_000_000),
        system=system,
        forcefield=model,
        stages=stages,
        output=Output(
            output.number("interval_ps", 10.0, above=0, least=SHORTEST_INTERVAL_PS, most=1e9),
            _read_backmap(output, beads),
            output.flag("report", True),
            output.number("fine_ps", above=0, least=SHORTEST_INTERVAL_PS, most=1e9)
            if "fine_ps" in output
            else None,
            output.texts("measure") if "measure" in output else (),
        ),
        engine=EngineChoice(
            engine.text("name", "auto"),
            engine.choice("device", ("auto", "cpu", "gpu"), "auto"),
            engine.integer("threads", 0, least=0, most=4096),
        ),
        folder=folder,
        solvent=read_solvent(top.table("solvent")) if "solvent" in top else None,
        particles=particles,
    )
    output.finish()
    engine.finish()
    top.finish()
    check_together(condition, beads, where)
    return condition


def _read_backmap(output: Table, forcefield: ForceField) -> bool | tuple[Event, ...]:
    """Whether the last frame becomes atoms, or what is back-mapped on the way besides."""
    expected = 'true or false, an event such as { when = "largest_grain_T > 60" }, or a list of such'
    silicate = forcefield.site == SILICATE
    given = output.get("backmap", expected, silicate)
    if given is not False and not silicate:
        raise output.error("backmap", f"false: a T of {forcefield.name} is {forcefield.site}, no {SILICATE}")
    if isinstance(given, bool):
        return given
    if isinstance(given, Mapping):
        return (_read_event(output.table("backmap")),)
    if not isinstance(given, list) or not given or not all(isinstance(entry, Mapping) for entry in given):
        raise output.error("backmap", expected)
    return tuple(_read_event(entry) for entry in output.tables("backmap"))


def _read_event(table: Table) -> Event:
    table.known(*EVENT)
    when = table.text("when") if "when" in table else table.get("when", FORM)
    refine, sda = (table.text(key) if key in table else None for key in ("refine", "sda"))
    ratio = table.number("si_al", above=0, most=1e6) if "si_al" in table else None
    table.finish()
    try:
        return Event(str(when), refine, sda, ratio)
    except InputError:
        raise table.error("when", FORM) from None


def _read_system(table: Table, forcefield: ForceField) -> System:
    """The start; what is not given follows from the model."""
    with_s = "S" in forcefield.types
    start = table.choice("start", STARTS)
    system = System(start)
    framework = None
    if start == "framework" or (start == "melt" and "framework" in table):
        framework = framework_of(table)
        system = replace(
            system,
            framework=framework,
            repeat=_repeat(table, start_t_count(framework)),
            S_in_cages=table.flag("S_in_cages", with_s),
        )
    elif start == "melt":
        system = replace(
            system,
            n_T=table.integer("n_T", least=1, most=MOST_BEADS),
            n_S=table.integer("n_S", 0, least=0, most=MOST_BEADS),
            density_T_per_1000A3=table.number(
                "density_T_per_1000A3",
                default_density(forcefield),
                above=0,
                least=LEAST_DENSITY,
                most=densest(forcefield),
            ),
        )
    elif start == "gel":
        system = _read_gel(table)
    elif start == "file":
        types = table.table("types", {})
        system = replace(
            system,
            file=table.text("file"),
            frame=table.integer("frame", -1, least=-(2**31)),
            types={name: types.text_or_texts(name) for name in types.names()} or None,
            repeat=_repeat(table, 1),
            S_in_cages=table.flag("S_in_cages", with_s),
            new_velocities=table.flag("new_velocities", False),
        )
    table.finish()
    return system


def _read_gel(table: Table) -> System:
    """Clusters in solution: a recipe, or numbers and a density; what share of the T is in which oligomer."""
    recipe = _read_recipe(table.table("recipe")) if "recipe" in table else None
    if recipe is not None and "n_S" in table:
        raise table.error("n_S", "none beside a recipe, which has one S for each OSDA")
    n_t = table.integer("n_T", least=1, most=MOST_BEADS)
    if recipe is not None:
        n_s = None
        counted = amounts(recipe)
        beads = n_t * (1 + counted["OSDA"] / counted["SiO2"])
        if beads > MOST_BEADS:
            raise table.error(
                "n_T",
                f"fewer: with an S for each OSDA these are {beads:.3g} beads, at most {MOST_BEADS:.0g} are run",
            )
        density = table.number("density_T_per_1000A3", None, above=0, least=LEAST_DENSITY, most=40)
    else:
        n_s = table.integer("n_S", 0, least=0, most=MOST_BEADS)
        if "density_T_per_1000A3" not in table:
            raise table.error("density_T_per_1000A3", "a number, or the table recipe, from which it follows")
        density = table.number("density_T_per_1000A3", above=0, least=LEAST_DENSITY, most=40)
    precursors = _read_precursors(table.table("precursors", {"monomer": 1.0}))
    return System("gel", n_T=n_t, n_S=n_s, density_T_per_1000A3=density, recipe=recipe, precursors=precursors)


def _read_recipe(table: Table) -> dict[str, float]:
    table.known(*NAMES)
    moles = {name: table.number(name, 0.0, least=0, most=1e9) for name in COUNTED}
    moles |= {name: table.number(name, least=0, most=1e9) for name in OTHERS if name in table}
    for name, sources in SOURCES.items():
        if not any(source in table for source in sources):
            raise table.error(name, f"a number, at least 0 (also as {', '.join(sources[1:])})")
    table.finish()
    try:
        found = amounts(moles)
    except InputError as error:
        raise table.whole_error(f"enough water: {error}") from None
    if not found["SiO2"]:
        given = next(source for source in SOURCES["SiO2"] if source in table)
        raise table.error(given, "a number, more than 0: there is nothing to crystallize")
    return moles


def _read_precursors(table: Table) -> dict[str, float]:
    shares: dict[str, float] = {}
    for given in table.names():
        try:
            name = oligomer_name(given)
        except InputError as error:
            raise table.error(given, f"a known oligomer: {error}") from None
        if name in shares:
            raise table.error(given, f"each oligomer once; {name} is there already")
        shares[name] = table.number(given, least=0, most=1)
    if abs(sum(shares.values()) - 1) > SHARES_TOLERANCE:
        raise table.whole_error(
            f"shares of the T that are 1 in sum; they are {sum(shares.values()):g}: "
            + ", ".join(f"{name} {share:g}" for name, share in shares.items())
        )
    return shares


def _repeat(table: Table, count: int) -> tuple[int, int, int]:
    """Cells along each vector, no more than `MOST_BEADS` in all."""
    found = table.numbers("repeat", 3, (1, 1, 1), whole=True, least=1)
    beads = count * math.prod(found)
    if beads > MOST_BEADS:
        raise table.error(
            "repeat", f"fewer cells: these are {beads:.3g} T, and at most {MOST_BEADS:.0g} are run"
        )
    return found[0], found[1], found[2]
