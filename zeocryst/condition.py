"""A synthesis condition: ``condition.toml`` to frozen dataclasses.

A condition says where to start (`System`), with which model, through which stages, what to write
and on which engine. Reading it checks everything that can be checked without running; an unknown key is
an error that names the nearest known one. `to_toml` writes it with every default filled in.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.forcefield import ForceField, read_forcefield
from zeocryst.frameworks.oligomers import oligomer_name
from zeocryst.frameworks.table import framework_types, start_codes
from zeocryst.solvent import Solvent, check_step, check_types, read_solvent
from zeocryst.tables import Table
from zeocryst.units import steps

STARTS = ("framework", "melt", "gel", "file")
KINDS = ("minimize", "nve", "nvt", "langevin", "brownian", "npt", "cut", "seed")
#: Kinds of stages that change which beads there are.
EDITS = ("cut", "seed")
COUPLINGS = ("none", "iso", "aniso", "triclinic")
#: Framework density of a melt for which none is given, T per 1000 Å^3: that of T-S crystals.
DEFAULT_DENSITY = 17.8
#: What a gel's recipe can name, in moles; the first three it has to.
RECIPE = ("SiO2", "OSDA", "H2O", "ethanol", "Al2O3", "Na2O")
NEEDED = RECIPE[:3]
#: How far the shares of a gel's precursors may be from 1 in sum (0.333 three times is meant to be 1).
SHARES_TOLERANCE = 2e-3
#: Beads from which a condition is taken for a mistake.
MOST_BEADS = 50_000_000


@dataclass(frozen=True)
class System:
    """Where a run starts.

    Attributes
    ----------
    start : {"framework", "melt", "gel", "file"}
        A crystal with S in its cages, a random liquid, clusters in solution, or a frame of the user's.
    framework : str or None
        Framework type, for ``framework`` and for a ``melt`` of it (its composition and cell).
    repeat : tuple of int
        Cells of it along each vector.
    S_in_cages : bool
        Whether an S sits in each large cage.
    n_T, n_S : int or None
        Composition of a ``melt`` or a ``gel``; of a gel with a recipe, `n_S` follows from it.
    density_T_per_1000A3 : float or None
        Its number density, T per 1000 Å^3; None where it follows from the recipe.
    recipe : dict or None
        Moles of each substance in a ``gel``; see `zeocryst.solution.recipe`.
    precursors : dict or None
        Share of the T of a ``gel`` that is in each oligomer; see `zeocryst.frameworks.oligomers`.
    file : str or None
        GSD file of a ``file`` start, relative to the condition.
    frame : int
        Which of its frames; -1 is the last.
    types : dict
        What T and S are called in the file, such as ``{T = "Si", S = "X"}``; or the other way round, which
        several names for one bead type need: ``{Si = "T", Ge = "T", X = "S"}``.
    """

    start: str
    framework: str | None = None
    repeat: tuple[int, int, int] = (1, 1, 1)
    S_in_cages: bool = True
    n_T: int | None = None
    n_S: int | None = None
    density_T_per_1000A3: float | None = DEFAULT_DENSITY
    recipe: dict[str, float] | None = None
    precursors: dict[str, float] | None = None
    file: str | None = None
    frame: int = -1
    types: dict[str, str] | None = None


@dataclass(frozen=True)
class Cut:
    """What is cut out, and the box it is put into.

    Attributes
    ----------
    margin_A : float
        The largest cluster is cut out with the beads that are nearer than this to one of its T.
    radius_A : float or None
        Instead of it, a ball of this radius about the place with the most T around: where all is one cluster.
    box : {"vacuum", "packed"}
        One that leaves it free, or one that it fills.
    """

    margin_A: float = 6.0
    radius_A: float | None = None
    box: str = "vacuum"


@dataclass(frozen=True)
class Seed:
    """A ball of crystal that is put into a frame."""

    framework: str
    radius_A: float


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes
    ----------
    kind : {"minimize", "nve", "nvt", "langevin", "brownian", "npt", "cut", "seed"}
        ``nvt`` is Bussi's stochastic velocity rescaling, ``langevin`` Langevin dynamics, with the friction of
        the solvent where there is one, ``brownian`` its limit without inertia, ``npt`` Martyna, Tobias and
        Klein's. ``cut`` and ``seed`` take no time: they go on with other beads, as `edit` says.
    temperature_K : (float, float) or None
        At the start and at the end of the stage, in between linear in time.
    pressure_bar : float
    coupling : {"none", "iso", "aniso", "triclinic"}
        How the box follows the pressure; only with ``npt``.
    time_ps, timestep_fs : float
    edit : Cut, Seed or None
        Which beads a ``cut`` or a ``seed`` goes on with.
    seed_region : float
        Share of the box, nearest the middle of its longest axis, whose beads are held fixed; 0 for
        none. What is kept this way while the rest is melted is the crystal seed of later stages.
    rigid_precursors : bool
        Whether the precursors of the start move as rigid bodies; only with ``langevin``.
    """

    kind: str
    temperature_K: tuple[float, float] | None = None
    pressure_bar: float = 0.0
    coupling: str = "none"
    time_ps: float = 0.0
    timestep_fs: float = 5.0
    seed_region: float = 0.0
    edit: Cut | Seed | None = None
    rigid_precursors: bool = False

    @property
    def n_steps(self) -> int:
        """Number of time steps; 0 for a minimization and where beads are changed."""
        return 0 if self.kind in ("minimize", *EDITS) else steps(self.time_ps, self.timestep_fs)

    def temperature_at(self, step: float) -> float:
        """The temperature after a number of time steps, K; NaN for a stage that has none."""
        if self.temperature_K is None:
            return math.nan
        first, last = self.temperature_K
        return first + (last - first) * min(1.0, step / self.n_steps)


@dataclass(frozen=True)
class Output:
    """What is written: a frame every `interval_ps`, back-mapped atoms, a report."""

    interval_ps: float = 10.0
    backmap: bool = True
    report: bool = True


@dataclass(frozen=True)
class EngineChoice:
    """Engine, device and number of threads (0: as many as the machine lends)."""

    name: str = "auto"
    device: str = "auto"
    threads: int = 0


@dataclass(frozen=True)
class Condition:
    """A whole condition; `forcefield` is read and checked already."""

    name: str
    title: str
    seed: int
    system: System
    forcefield: str
    stages: tuple[Stage, ...]
    output: Output
    engine: EngineChoice
    folder: Path
    solvent: Solvent | None = None

    @property
    def friction(self) -> dict[str, float] | None:
        """Friction of each bead type in the solvent, amu/ps; None without one."""
        return None if self.solvent is None else self.solvent.friction

    @property
    def seed_framework(self) -> str | None:
        """Framework of the crystal seed that is put in; None without one."""
        seeds = [stage.edit.framework for stage in self.stages if isinstance(stage.edit, Seed)]
        return seeds[-1] if seeds else None

    @property
    def n_steps(self) -> int:
        """Time steps of all stages."""
        return sum(stage.n_steps for stage in self.stages)

    @property
    def time_ps(self) -> float:
        """Simulated time of all stages, ps."""
        return sum(stage.time_ps for stage in self.stages)

    def read_forcefield(self) -> ForceField:
        """The model; a file is looked for beside the condition."""
        beside = self.folder / self.forcefield
        return read_forcefield(beside if beside.is_file() else self.forcefield)


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
        raise InputError(f"no condition file {path}; give the path of a condition.toml")
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not valid TOML: {error}") from None
    return parse_condition(content, str(file), file.resolve().parent)


def parse_condition(content: dict[str, Any], where: str, folder: Path) -> Condition:
    """A condition from the parsed file; `where` names it in messages, `folder` resolves its paths."""
    top = Table(content, where)
    forcefield = top.table("forcefield", {})
    model = forcefield.text("name", "ts")
    forcefield.finish()
    system = _read_system(top.table("system"))
    stages = tuple(_read_stage(entry) for entry in top.tables("stage", least=1))
    output = top.table("output", {})
    engine = top.table("engine", {})
    condition = Condition(
        name=top.text("name", folder.name or "run"),
        title=top.text("title", ""),
        seed=top.integer("seed", 1, least=1, most=900_000_000),
        system=system,
        forcefield=model,
        stages=stages,
        output=Output(
            output.number("interval_ps", 10.0, above=0),
            output.flag("backmap", True),
            output.flag("report", True),
        ),
        engine=EngineChoice(
            engine.text("name", "auto"),
            engine.choice("device", ("auto", "cpu", "gpu"), "auto"),
            engine.integer("threads", 0, least=0, most=4096),
        ),
        folder=folder,
        solvent=read_solvent(top.table("solvent")) if "solvent" in top else None,
    )
    output.finish()
    engine.finish()
    top.finish()
    _check_together(condition, where)
    return condition


def _read_system(table: Table) -> System:
    start = table.choice("start", STARTS)
    system = System(start)
    framework = None
    if start == "framework" or (start == "melt" and "framework" in table):
        framework = table.choice("framework", start_codes())
        system = replace(
            system,
            framework=framework,
            repeat=_repeat(table, framework),
            S_in_cages=table.flag("S_in_cages", True),
        )
    elif start == "melt":
        system = replace(
            system,
            n_T=table.integer("n_T", least=1, most=MOST_BEADS),
            n_S=table.integer("n_S", 0, least=0, most=MOST_BEADS),
            density_T_per_1000A3=table.number("density_T_per_1000A3", DEFAULT_DENSITY, above=0, most=40),
        )
    elif start == "gel":
        system = _read_gel(table)
    else:
        types = table.table("types", {})
        system = replace(
            system,
            file=table.text("file"),
            frame=table.integer("frame", -1, least=-(2**31)),
            types={name: types.text(name) for name in types.names()} or None,
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
        beads = n_t * (1 + recipe["OSDA"] / recipe["SiO2"])
        if beads > MOST_BEADS:
            raise table.error(
                "n_T",
                f"fewer: with an S for each OSDA these are {beads:.3g} beads, at most {MOST_BEADS:.0g} are run",
            )
        density = table.number("density_T_per_1000A3", None, above=0, most=40)
    else:
        n_s = table.integer("n_S", 0, least=0, most=MOST_BEADS)
        if "density_T_per_1000A3" not in table:
            raise table.error("density_T_per_1000A3", "a number, or the table recipe, from which it follows")
        density = table.number("density_T_per_1000A3", above=0, most=40)
    precursors = _read_precursors(table.table("precursors", {"monomer": 1.0}))
    return System("gel", n_T=n_t, n_S=n_s, density_T_per_1000A3=density, recipe=recipe, precursors=precursors)


def _read_recipe(table: Table) -> dict[str, float]:
    for name in RECIPE:
        table.get(name, "", None)
    table.finish()  # first of all, so that a misspelt substance is not called missing
    moles = {
        name: table.number(name, *(() if name in NEEDED else (0.0,)), least=0, most=1e9) for name in RECIPE
    }
    if not moles["SiO2"]:
        raise table.error("SiO2", "a number, more than 0: there is nothing to crystallize")
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


def _repeat(table: Table, framework: str) -> tuple[int, int, int]:
    """Cells along each vector, no more than `MOST_BEADS` in all."""
    found = table.numbers("repeat", 3, (1, 1, 1), whole=True, least=1)
    beads = framework_types()[framework].multiplicities.sum() * math.prod(found)
    if beads > MOST_BEADS:
        raise table.error(
            "repeat", f"fewer cells: these are {beads:.3g} T, and at most {MOST_BEADS:.0g} are run"
        )
    return found[0], found[1], found[2]


def _read_stage(table: Table) -> Stage:
    kind = table.choice("kind", KINDS)
    if kind == "minimize":
        table.finish()
        return Stage(kind)
    if kind in EDITS:
        return _read_edit(table, kind)
    temperature = None if kind == "nve" and "temperature_K" not in table else _temperature(table)
    coupling = table.choice("coupling", COUPLINGS, "none" if kind != "npt" else "iso")
    if (kind == "npt") == (coupling == "none"):
        raise table.error(
            "coupling",
            "iso, aniso or triclinic with kind npt, and none with every other kind "
            "(a box changes only at constant pressure)",
        )
    pressure = table.number("pressure_bar", 0.0) if kind == "npt" else 0.0
    region = table.table("seed_region", {})
    fraction = region.number("fraction", 0.0, above=0, most=0.95) if "fraction" in region else 0.0
    if "seed_region" in table:
        region.choice("shape", ("slab",), "slab")
        if not fraction:
            raise region.error("fraction", "the share of the box that is held fixed, such as 0.5")
        if kind == "npt":
            raise table.error("seed_region", "no seed_region with kind npt: a fixed part needs a fixed box")
    region.finish()
    rigid = table.flag("rigid_precursors", False)
    if rigid and (kind != "langevin" or fraction):
        raise table.error("rigid_precursors", "true only with kind langevin and without a seed_region")
    stage = Stage(
        kind,
        temperature,
        pressure,
        coupling,
        table.number("time_ps", above=0, most=1e9),
        # without inertia only the potential bounds the step: see `_check_solvent`
        table.number("timestep_fs", 5.0, above=0, most=1000 if kind == "brownian" else 20),
        fraction,
        rigid_precursors=rigid,
    )
    table.finish()
    return stage


def _read_edit(table: Table, kind: str) -> Stage:
    edit: Cut | Seed
    if kind == "cut":
        radius = table.number("radius_A", least=5, most=1000) if "radius_A" in table else None
        margin = table.number("margin_A", Cut.margin_A, least=0, most=30) if radius is None else Cut.margin_A
        edit = Cut(margin, radius, table.choice("box", ("vacuum", "packed"), Cut.box))
    else:
        edit = Seed(table.choice("framework", start_codes()), table.number("radius_A", least=5, most=200))
    table.finish()
    return Stage(kind, edit=edit)


def _temperature(table: Table) -> tuple[float, float]:
    expected = "a temperature above 0, or a ramp as a list of two, such as [1600, 600]"
    value = table.get("temperature_K", expected)
    if isinstance(value, list):
        first, last = table.numbers("temperature_K", 2, least=0)
    else:
        first = last = table.number("temperature_K", above=0, most=1e5)
    if min(first, last) <= 0:
        raise table.error("temperature_K", expected)
    return float(first), float(last)


def _check_together(condition: Condition, where: str) -> None:
    """What only several keys together show to be wrong."""
    forcefield = condition.read_forcefield()
    if not {"T"} <= set(forcefield.types):
        raise InputError(f"{where}: forcefield: {condition.forcefield} has no bead type T")
    system = condition.system
    osda = system.recipe["OSDA"] if system.recipe else 0
    needs_s = (system.framework and system.S_in_cages) or system.n_S or osda
    if needs_s and "S" not in forcefield.types:
        raise InputError(f"{where}: system: S beads need a force field with type S")
    if system.file is not None and not (condition.folder / system.file).is_file():
        raise InputError(f"{where}: system: file = {system.file!r}; no such file beside the condition")
    bead_types(system.types, forcefield, where)
    _check_solvent(condition, forcefield, where)
    _check_edits(condition, where)
    dynamic = [stage for stage in condition.stages if stage.n_steps]
    if dynamic and condition.output.interval_ps > sum(stage.time_ps for stage in dynamic):
        raise InputError(
            f"{where}: output: interval_ps = {condition.output.interval_ps:g}; "
            f"expected at most the length of the run, {condition.time_ps:g} ps"
        )


def _check_solvent(condition: Condition, forcefield: ForceField, where: str) -> None:
    """A friction for each bead type, where one is needed, and time steps that it bears."""
    if condition.solvent is not None:
        check_types(condition.solvent, forcefield, where)
    for n, stage in enumerate(condition.stages, start=1):
        here = f"{where}: stage {n}"
        if condition.friction is not None:
            check_step(forcefield, condition.friction, stage.kind, stage.timestep_fs, here)
        elif stage.kind == "brownian":
            raise InputError(
                f"{here}: kind = 'brownian' needs a solvent, whose friction it has; "
                "add [solvent] (viscosity_mPa_s and radius_A have defaults), or use langevin"
            )


def _check_edits(condition: Condition, where: str) -> None:
    """A droplet has no pressure; a seed that is cut afterwards could not be followed."""
    free = seeded = False
    for n, stage in enumerate(condition.stages, start=1):
        if isinstance(stage.edit, Cut):
            free = stage.edit.box == "vacuum"
            if seeded:
                raise InputError(
                    f"{where}: stage {n}: kind = 'cut' after a seed was put in; cut first, then seed"
                )
        seeded = seeded or isinstance(stage.edit, Seed)
        if free and stage.kind == "npt":
            raise InputError(
                f"{where}: stage {n}: kind = 'npt', but the aggregate stands in a vacuum, where no barostat "
                "can act; use langevin or nvt, or cut it with box = 'packed'"
            )


def bead_types(types: dict[str, str] | None, forcefield: ForceField, where: str) -> dict[str, str]:
    """Bead type of the model for each type name of a file.

    Parameters
    ----------
    types
        `System.types`: names by bead type, or bead types by name; what is not mentioned is called what the
        model calls it.
    forcefield
        The model.
    where
        The condition, for messages.

    Raises
    ------
    InputError
        Neither side has bead types only, or a name stands for two of them.
    """
    beads = set(forcefield.types)
    given = types or {}
    if set(given) <= beads and len(set(given.values())) == len(given):
        names = {name: bead for bead, name in given.items()}
    elif set(given.values()) <= beads:
        names = dict(given)
    else:
        names = {}
    if names or not given:
        # what is not mentioned is called what the model calls it
        left = beads - set(names.values())
        return names | {bead: bead for bead in forcefield.types if bead in left and bead not in names}
    raise InputError(
        f"{where}: system.types = {types}; expected what each bead type of {forcefield.name} "
        f'({", ".join(forcefield.types)}) is called in the file, such as {{ T = "Si", S = "X" }}'
    )


def to_toml(condition: Condition) -> str:
    """The condition as TOML, with every default written out; reads back as the same condition.

    Paths are written in full, so that the copy can lie in another folder.
    """
    import tomli_w

    system = asdict(condition.system)
    if system["framework"] is None:
        for key in ("framework", "repeat", "S_in_cages"):
            del system[key]
    if system["n_T"] is None:
        for key in ("n_T", "n_S", "density_T_per_1000A3"):
            del system[key]
    for key in ("n_S", "density_T_per_1000A3", "recipe", "precursors"):
        if key in system and system[key] is None:
            del system[key]
    if system["file"] is None:
        for key in ("file", "frame", "types"):
            del system[key]
    else:
        system["file"] = str((condition.folder / system["file"]).resolve())
        if system["types"] is None:
            del system["types"]
    beside = condition.folder / condition.forcefield
    model = str(beside.resolve()) if beside.is_file() else condition.forcefield
    content = {
        "name": condition.name,
        "title": condition.title,
        "seed": condition.seed,
        "system": system,
        "forcefield": {"name": model},
        **({} if condition.solvent is None else {"solvent": asdict(condition.solvent)}),
        "stage": [_stage_table(stage) for stage in condition.stages],
        "output": asdict(condition.output),
        "engine": asdict(condition.engine),
    }
    return tomli_w.dumps(content)


def _stage_table(stage: Stage) -> dict[str, Any]:
    if stage.kind == "minimize":
        return {"kind": stage.kind}
    if stage.edit is not None:
        given = asdict(stage.edit)
        if isinstance(stage.edit, Cut):  # one or the other
            del given["radius_A" if stage.edit.radius_A is None else "margin_A"]
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
    return table
