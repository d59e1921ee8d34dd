"""The keys of condition.toml, found by letting the code read: nothing of them is typed by hand.

Sample files are read while every question that the code asks of a table is written down: key, kind of value,
bounds, default. A key without a default is left out of the sample once: what is refused then is required.
What a key means stands in the docstring of the dataclass that it ends in.
"""

from __future__ import annotations

import copy
import inspect
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zeocryst.condition import events, model, particles, reading
from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.model import solvent

#: Models whose defaults are not silica's.
OTHER_MODELS = ("mw", "sw_silicon")
#: Conditions that together have every key; the shipped ones are read as well.
SAMPLES = [
    """
    [system]
    start = "framework"
    framework = "SOD"
    repeat = [2, 2, 2]
    S_in_cages = true
    [forcefield]
    name = "ts"
    [output]
    interval_ps = 1
    fine_ps = 0.5
    backmap = {when = "largest_grain_T > 60", refine = "slc", sda = "TMA", si_al = 31}
    report = true
    measure = ["environment:SOD"]
    [engine]
    name = "auto"
    device = "auto"
    threads = 0
    [[stage]]
    kind = "minimize"
    [[stage]]
    kind = "nve"
    temperature_K = 300
    time_ps = 10
    until = {crystalline_share = 0.9, for_ps = 5}
    [[stage]]
    kind = "langevin"
    temperature_K = [300, 500]
    time_ps = 10
    seed_region = {shape = "slab", fraction = 0.5}
    until = {crystalline_share = 0.9, for_ps = 5}
    [[stage]]
    kind = "npt"
    temperature_K = 500
    pressure_bar = 0
    coupling = "iso"
    time_ps = 10
    until = {crystalline_share = 0.9, for_ps = 5}
    [[stage]]
    kind = "nvt"
    temperature_K = 500
    time_ps = 10
    until = [{largest_grain_sites = {below = 20}, for_ps = 5}, {largest_cluster_T = 50, for_ps = 5}]
    """,
    """
    [system]
    start = "melt"
    n_T = 1000
    n_S = 0
    density_T_per_1000A3 = 17.8
    [forcefield]
    name = "ts"
    [solvent]
    viscosity_mPa_s = 1
    radius_A = {T = 2.3}
    [[stage]]
    kind = "cut"
    margin_A = 6
    box = "packed"
    [[stage]]
    kind = "cut"
    radius_A = 20
    [[stage]]
    kind = "seed"
    framework = "SGT"
    radius_A = 12
    at_random = true
    [[stage]]
    kind = "langevin"
    temperature_K = 500
    time_ps = 20
    hold_seed = true
    [[stage]]
    kind = "brownian"
    temperature_K = 500
    time_ps = 20
    until = {crystalline_share = 0.9, for_ps = 5}
    """,
    """
    [system]
    start = "gel"
    n_T = 100
    density_T_per_1000A3 = 1
    recipe = {SiO2 = 25, OSDA = 9, H2O = 480}
    precursors = {monomer = 0.5, D4R = 0.5}
    [[stage]]
    kind = "langevin"
    temperature_K = 450
    time_ps = 20
    rigid_precursors = true
    """,
    """
    [system]
    start = "gel"
    n_T = 100
    n_S = 10
    density_T_per_1000A3 = 1
    [[stage]]
    kind = "langevin"
    temperature_K = 450
    time_ps = 20
    """,
    """
    [system]
    start = "file"
    file = "mine.gsd"
    frame = -1
    types = {T = "Si", S = "X"}
    repeat = [1, 1, 1]
    S_in_cages = true
    new_velocities = true
    [[stage]]
    kind = "nvt"
    temperature_K = 450
    time_ps = 20
    """,
    *(
        f"""
        [system]
        start = "melt"
        n_T = 1000
        [forcefield]
        name = "{name}"
        [[stage]]
        kind = "nvt"
        temperature_K = 250
        time_ps = 20
        """
        for name in OTHER_MODELS
    ),
]
#: The same of the level of particles, read where the code knows it.
PARTICLES = [
    f"""
    [system]
    start = "particles"
    [particles]
    number = 50
    radius_A = 10
    radius_spread = 0
    S_per_T = 0
    density_T_per_1000A3 = 17
    volume_fraction = 0.05
    surface_potential_mV = -30
    ionic_strength_M = 0.1
    {adhesion}
    [[particles.stage]]
    kind = "brownian"
    temperature_K = 370
    time_ps = 5000
    timestep_fs = 200
    [particles.output]
    interval_ps = 1000
    [particles.resolve]
    part = "{part}"
    [[stage]]
    kind = "nvt"
    temperature_K = 500
    time_ps = 20
    """
    for part, adhesion in (
        ("largest", "adhesion_eV = 0.5"),
        ("neck", 'upward = "upward.toml"'),
        ('box"\n    box_A = [[-5, 5], [-5, 5], [-5, 5]] #"', "relative_permittivity = 78.4"),
    )
]
#: A file that a finer run measured.
UPWARD = """
form = "upward"
[source]
what = "a sample"
condition = ""
zeocryst = "0.1.0"
forcefield = "ts"
[adhesion]
value_eV = 21.4
uncertainty_eV = 1.6
n_replicas = 8
radius_A = [10.0, 10.0]
temperature_K = 600.0
"""
#: In which docstrings a table's keys are described.
DESCRIBED: dict[str, tuple[type, ...]] = {
    "": (model.Condition,),
    "system": (model.System,),
    "stage": (model.Stage, model.Cut, model.Seed),
    "stage.until": (model.Until,),
    "output": (model.Output,),
    "output.backmap": (events.Event,),
    "engine": (model.EngineChoice,),
    "solvent": (solvent.Solvent,),
    "particles": (particles.Particles,),
    "particles.stage": (model.Stage,),
    "particles.output": (model.Output,),
    "particles.resolve": (particles.Resolve,),
}
#: What no dataclass has a word for.
WORDS = {
    ("", "system"): "Where the run starts.",
    ("", "forcefield"): "Which model.",
    ("", "stage"): "What is done, one after the other: each begins with `[[stage]]`.",
    ("", "output"): "What is written.",
    ("", "engine"): "What integrates.",
    ("", "solvent"): "What gives the beads their friction, in `langevin` and `brownian` stages.",
    ("", "particles"): "Nanoparticles, a level above the beads.",
    ("particles", "stage"): "What the particles do, stage by stage: each begins with `[[particles.stage]]`.",
    ("particles", "number"): "How many particles.",
    ("particles", "surface_potential_mV"): "Potential of a particle's surface.",
    ("particles", "ionic_strength_M"): "Of a 1:1 electrolyte.",
    ("particles", "output"): "What is written of them.",
    ("particles", "resolve"): "Which of them become beads.",
    ("forcefield", "name"): "Name of a shipped model, or a TOML file of one, relative to the condition.",
    ("stage.seed_region", "shape"): "A slab, across the longest axis of the box.",
    ("stage.seed_region", "fraction"): "Share of the box, about the middle of its longest axis, held fixed.",
    ("stage.until.largest_grain_sites", "below"): "Less than this, instead of this or more; of any quantity.",
    ("stage.until", "crystalline_share"): "The crystalline share of the T.",
    ("stage.until", "largest_grain_sites"): "T of the largest crystal.",
    ("stage.until", "largest_cluster_T"): "T of the largest cluster.",
}  # fmt: skip
#: Units by the end of a key.
UNITS = {
    "_per_1000A3": "T per 1000 Å³", "_mPa_s": "mPa s", "_K": "K", "_ps": "ps", "_fs": "fs", "_A": "Å",
    "_bar": "bar", "_eV": "eV", "_mV": "mV", "_M": "mol/l", "_m3": "m³", "_s": "s",
    "_deg": "degrees", "_amu": "amu",
}  # fmt: skip
#: What a table's other keys depend on.
DECIDES = {"system": "start", "stage": "kind", "particles.stage": "kind", "particles.resolve": "part"}
#: Tables whose keys are names that the user chooses from.
NAMED = ("stage.until", "system.recipe", "system.precursors", "system.types", "solvent.radius_A")
_KINDS = {
    "number": "number", "integer": "whole number", "flag": "`true` or `false`", "text": "text",
    "texts": "text or list of texts", "text_or_texts": "text or list of texts", "table": "table",
    "tables": "list of tables", "numbers": "list of numbers", "words": "list of words",
}  # fmt: skip
#: What the samples are called; files of force fields are read meanwhile as well.
WHERE = "condition.toml"
#: What only several keys together decide.
NOTES = {
    ("", "name"): "the name of its folder",
    ("system", "framework"): "required with `framework`; a `melt` has it or `n_T`",
    ("system", "n_T"): "required without `framework`",
    ("system", "n_S"): "`0`; none beside a `recipe`",
    ("system", "density_T_per_1000A3"): "of a `melt` `17.8`, or what the model's bonds give; "
    "of a `gel` required without a `recipe`",
    ("system", "S_in_cages"): "`true` where the model has S",
    ("system", "recipe"): "not set",
    ("stage", "temperature_K"): "required; with `nve` not",
    ("stage", "radius_A"): "required with `seed`",
    ("stage", "coupling"): '`"iso"` with `npt`, else `"none"`',
    ("stage.seed_region", "fraction"): "required",
    ("particles", "relative_permittivity"): "that of water at the temperature of the first stage",
    ("particles.output", "interval_ps"): "`1000`, or the length of the level where that is shorter",
}


@dataclass
class Key:
    """What the code asks of one key.

    Attributes
    ----------
    table, name : str
    allowed : dict
        Kinds of value with their bounds, each with the kinds of tables that it is for.
    defaults : dict
        Value to the force fields with which it is the default; empty where there is none.
    where : set of str
        Of tables with kinds: with which of them it is read.
    required : bool
        Whether its absence was refused in each sample that has it.
    """

    table: str
    name: str
    allowed: dict[str, set[str]] = field(default_factory=dict)
    defaults: dict[str, set[str]] = field(default_factory=dict)
    where: set[str] = field(default_factory=set)
    required: bool = False

    @property
    def unit(self) -> str:
        """Its unit, by the end of its name."""
        return next((unit for end, unit in UNITS.items() if self.name.endswith(end)), "")

    @property
    def description(self) -> str:
        """What it means, from docstrings."""
        if said := WORDS.get((self.table, self.name)):
            return said
        found = [text for kind in DESCRIBED.get(self.table, ()) if (text := described(kind).get(self.name))]
        return " ".join(dict.fromkeys(found))


def described(kind: type) -> dict[str, str]:
    """What a numpydoc docstring says of each parameter or attribute."""
    lines = inspect.getdoc(kind).splitlines() if inspect.getdoc(kind) else []
    found: dict[str, str] = {}
    names: list[str] = []
    reading_them = False
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if set(following) == {"-"}:
            reading_them = line in ("Parameters", "Attributes")
        elif reading_them and line and not line.startswith((" ", "-")):
            names = line.partition(" : ")[0].split(", ")
        elif reading_them and line.startswith("    "):
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found


def _bounds(given: Mapping[str, Any]) -> str:
    above, least, most = (given.get(name) for name in ("above", "least", "most"))
    least = None if least is not None and least <= -(2**31) else least
    said = [f"more than {above:g}"] if above is not None and least is None else []
    said += [f"at least {least:g}"] if least is not None else []
    said += [f"at most {most:g}"] if most is not None and most != 2**31 else []
    return " and ".join(said)


def _allowed(method: str, arguments: Mapping[str, Any]) -> str:
    if method == "choice":
        return "one of " + ", ".join(f'`"{word}"`' for word in arguments["allowed"])
    if method == "get":
        return str(arguments["expected"])
    kind = _KINDS[method]
    if method == "numbers":
        kind = f"list of {arguments['count']} {'whole ' if arguments.get('whole') else ''}numbers, each"
    bounds = _bounds(arguments)
    return f"{kind} {bounds}".strip() if method == "numbers" else ", ".join(filter(None, (kind, bounds)))


@contextmanager
def _listening(heard: list[tuple[str, str, str, dict[str, Any], Mapping[str, Any]]]) -> Iterator[None]:
    """Write down what is asked of any table: path, key, method, arguments, the table's content."""
    kept = {name: getattr(Table, name) for name in (*_KINDS, "choice", "get")}
    depth, alive = 0, []
    paths: dict[int, str] = {}  # of tables, by their content: one of a list does not say what it is below

    def listening(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(method)

        def ask(self: Table, *args: Any, **kwargs: Any) -> Any:
            nonlocal depth
            if not depth:
                given = dict(signature.bind(self, *args, **kwargs).arguments)
                given.pop("self")
                if Path(self._where).name == WHERE:
                    path = paths.get(id(self._content), re.sub(r" \d+", "", self._here))
                    heard.append((path, given.pop("key"), name, given, self._content))
            depth += 1
            try:
                found = method(self, *args, **kwargs)
            finally:
                depth -= 1
            if not depth and name in ("table", "tables") and Path(self._where).name == WHERE:
                for below in found if isinstance(found, list) else [found]:
                    alive.append(below)
                    paths[id(below._content)] = f"{path}.{heard[-1][1]}".lstrip(".")
            return found

        return ask

    try:
        for name, method in kept.items():
            setattr(Table, name, listening(name, method))
        yield
    finally:
        for name, method in kept.items():
            setattr(Table, name, method)


def _without(content: Any, path: str, name: str, like: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a content in which that table lacks a key."""
    reached: list[Any] = [content := copy.deepcopy(content)]
    for part in filter(None, path.split(".")):
        found = [table[part] for table in reached if part in table]
        reached = [each for entry in found for each in (entry if isinstance(entry, list) else [entry])]
    for table in reached:
        if table == like:
            table.pop(name, None)
    return content


def _is_missed(content: dict[str, Any], name: str, folder: Path) -> bool:
    try:
        reading.parse_condition(content, WHERE, folder)
    except InputError as error:
        return f"{name} is missing" in str(error)
    return False


def condition_keys() -> list[Key]:
    """Every key of condition.toml, in the order in which the code asks for them."""
    keys: dict[tuple[str, str], Key] = {}
    named = [(name, reading.shipped_text(name)) for name in reading.shipped_names()]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "mine.gsd").touch()
        (folder / "upward.toml").write_text(UPWARD, "utf-8")
        below = PARTICLES if "particles" in reading.TOP else []
        for _, text in [*(("", text) for text in [*SAMPLES, *below]), *named]:
            content = parse_toml(inspect.cleandoc(text), WHERE)
            _read(content, folder, keys)
    order = ["", "system", "forcefield", "stage", "stage.seed_region", "stage.until"]
    order += ["stage.until.largest_grain_sites", "output", "output.backmap"]
    last = len(order)
    return sorted(keys.values(), key=lambda key: order.index(key.table) if key.table in order else last)


def _read(content: dict[str, Any], folder: Path, keys: dict[tuple[str, str], Key]) -> None:
    heard: list[Any] = []
    with _listening(heard):
        try:
            reading.parse_condition(content, WHERE, folder)
        except InputError:
            if "file" not in content["system"]:
                raise
    forcefield = content.get("forcefield", {}).get("name", "ts")
    for path, name, method, arguments, table in heard:
        if path in NAMED[1:] or (path == "stage.until" and name not in (*model.UNTIL, "for_ps")):
            continue
        key = keys.setdefault((path, name), Key(path, name))
        kind = str(table.get(DECIDES.get(path, ""), ""))
        if (allowed := _allowed(method, arguments)) and forcefield not in OTHER_MODELS:
            key.allowed.setdefault(allowed, set()).add(kind)
        if kind:
            key.where.add(kind)
        if "default" in arguments and arguments["default"] is not None:
            key.defaults.setdefault(_toml(arguments["default"]), set()).add(forcefield)
        elif "default" not in arguments and name in table and not key.required:
            key.required = _is_missed(_without(content, path, name, table), name, folder)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }" if value else "none"
    return f"{value:g}"


def _default(key: Key) -> str:
    if noted := NOTES.get((key.table, key.name)):
        return noted
    if key.required:
        return "required"
    if not key.defaults or "none" in key.defaults:
        return "not set"
    if len(key.defaults) == 1:
        return f"`{next(iter(key.defaults))}`"
    shown = {value: sorted(of & {"ts", *OTHER_MODELS}) for value, of in key.defaults.items()}
    return ", ".join(f"`{value}` ({', '.join(of)})" for value, of in shown.items())


def _values(key: Key) -> str:
    """What it may be; with which kinds, where they differ."""
    several = len({frozenset(of) for allowed, of in key.allowed.items() if allowed.startswith("number")}) > 1
    in_words = any(allowed.startswith(("a ", "true or", "from ")) for allowed in key.allowed)
    said = []
    for allowed, of in key.allowed.items():
        if not (in_words and allowed.startswith(("list of", "table"))):
            kinds = f" ({', '.join(f'`{kind}`' for kind in sorted(of))})" if several else ""
            said.append(allowed + kinds)
    return "; ".join(said)


def as_markdown(keys: list[Key]) -> str:
    """The reference of all keys: a heading for each table, an entry for each key."""
    tables = list(dict.fromkeys(key.table for key in keys))
    kinds = {table: {k for key in keys if key.table == table for k in key.where} for table in DECIDES}
    parts = []
    for table in tables:
        header = f"`[{table}]`" if table else "Top level"
        header = "`[[particles.stage]]`" if table == "particles.stage" else header
        if table.split(".")[0] == "stage":
            header = "`[[stage]]`" if table == "stage" else f"`{table.partition('.')[2]}` of a stage"
        parts.append(f"### {header}\n")
        for key in (key for key in keys if key.table == table):
            facts = [f"unit: {key.unit}"] if key.unit and "table" not in key.allowed else []
            facts += [_values(key), f"default: {_default(key)}"]
            if key.where and key.where != kinds.get(table):
                facts.append(f"with `{DECIDES[table]}` " + ", ".join(f"`{k}`" for k in sorted(key.where)))
            words = re.sub(r"``([^`]+)``", r"`\1`", key.description)
            parts.append(f"`{key.name}`\n: {words}\n\n  {' · '.join(facts)}\n")
    return "\n".join(parts)
