"""The keys of studies and sweeps: found as those of a condition are, by letting the code read sample files.

What a key means is said here (`WORDS`), since studies have no docstring for each; a test sees that none is left
out.
"""

from __future__ import annotations

import inspect
import tempfile
from functools import cache
from pathlib import Path

from _keys import Key, _allowed, _default, _listening, _toml, _values

#: Files that together have every key; what has a default is left out once, so that the default is asked for.
SAMPLES = {
    "melt": """
        [system]
        start = "framework"
        framework = "SGT"
        [forcefield]
        name = "ts"
        [melt]
        temperatures_K = [600, 700]
        enthalpy_temperatures_K = [600]
        """,
    "seeding": """
        [system]
        start = "melt"
        n_T = 1600
        n_S = 100
        [forcefield]
        name = "ts"
        [seeding]
        temperatures_K = [500]
        framework = "SGT"
        radii_A = [10, 12]
        melt = "results/melting"
        """,
    "seeding, by a melting point": """
        [system]
        start = "melt"
        n_T = 1600
        n_S = 100
        [seeding]
        temperatures_K = [500]
        framework = "SGT"
        melting_point_K = 677.6
        """,
    "seeding, by a driving force": """
        [system]
        start = "melt"
        n_T = 1600
        n_S = 100
        [seeding]
        temperatures_K = [500]
        framework = "SGT"
        driving_force_eV = 0.02
        driving_force_uncertainty_eV = 0.001
        """,
    "design": """
        [system]
        start = "framework"
        framework = "SGT"
        repeat = [4, 2, 1]
        [[stage]]
        kind = "npt"
        temperature_K = 600
        coupling = "aniso"
        time_ps = 50
        [output]
        interval_ps = 5
        [design]
        objective = "crystalline_share"
        [[design.variable]]
        key = "forcefield.T-S.sigma_A"
        from = 3.6
        to = 6.2
        start = 4.1
        """,
    "sweep": """
        [system]
        start = "framework"
        framework = "SGT"
        repeat = [4, 2, 1]
        [[stage]]
        kind = "npt"
        temperature_K = 600
        coupling = "aniso"
        time_ps = 500
        [output]
        interval_ps = 5
        [sweep]
        framework = "SGT"
        [[sweep.axis]]
        key = "stage.npt.temperature_K"
        values = [560, 600, 640]
        [[sweep.axis]]
        key = "stage.npt.time_ps"
        from = 500
        to = 1000
        steps = 2
        [sweep.funnel]
        criterion = "crystalline_share"
        time_shares = [0.3]
        keep = [2]
        """,
    "sweep, a table": """
        [system]
        start = "framework"
        framework = "SGT"
        [[stage]]
        kind = "nvt"
        temperature_K = 600
        time_ps = 50
        [sweep]
        [[sweep.point]]
        "stage.1.temperature_K" = 600
        [[sweep.point]]
        "stage.1.temperature_K" = 700
        """,
}
WORDS: dict[str, dict[str, str]] = {
    "melt": {
        "faces": "Cell vectors across whose faces crystals grow.",
        "temperatures_K": "Of the fronts; not given, they are found.",
        "search_K": "Between which they are looked for.",
        "n_temperatures": "How many are spread about the melting point, where they are found.",
        "replicas": "Runs of each face and temperature.",
        "time_ps": "The most that fronts are followed.",
        "timestep_fs": "Time step; half of it where the melt is made.",
        "pressure_bar": "Pressure.",
        "hot_K": "Where the melt is made, 1.2 times the run's temperature at least.",
        "warm_ps": "The crystal comes to temperature and pressure.",
        "melt_ps": "The half that is not held melts.",
        "cool_ps": "It cools to the run's temperature.",
        "settle_ps": "All is free, before fronts are followed.",
        "length_A": "Least length of the box along the normal, where `repeat` is not given.",
        "width_A": "Least width across it.",
        "enthalpy": "Whether enthalpies, and from them the driving force, are measured.",
        "enthalpy_temperatures_K": "At which; not given, they follow from the fronts'.",
        "enthalpy_ps": "How long each is measured.",
    },
    "seeding": {
        "temperatures_K": "At which critical sizes are looked for, below the melting point.",
        "framework": "What the seeds are of; that of the start, if it has one.",
        "size": "Column of a run's table that is the size of a nucleus; not given, one that sees the crystal.",
        "radii_A": "Radii of the balls that are tried first; not given, a ladder of sizes.",
        "runs": "Seeds of each temperature.",
        "melts": "Melts of each temperature into which they are planted.",
        "hot_K": "Where melts are made.",
        "melt_ps": "How long they are hot.",
        "cool_ps": "How long they cool.",
        "settle_ps": "How long they settle at pressure.",
        "hold_ps": "A seed is held while the melt around it relaxes.",
        "time_ps": "How long a seed is watched, and as long again where it is undecided.",
        "times": "How many times at most.",
        "interval_ps": "Between two frames.",
        "timestep_fs": "Time step.",
        "pressure_bar": "Pressure.",
        "melt": "Folder of a melting study, from which the driving force is.",
        "melting_point_K": "Instead of it: the melting point; enthalpies are measured.",
        "melting_point_uncertainty_K": "Its standard error.",
        "driving_force_eV": "Instead of either: for one T; a number, or one for each temperature.",
        "driving_force_uncertainty_eV": "Its standard error, likewise.",
        "volume_m3": "Volume for which a waiting time is given.",
    },
    "design": {
        "objective": "What is to be as large as possible.",
        "framework": "The wanted one; that of the start, if it has one.",
        "variable": "What is searched for: each begins with `[[design.variable]]`.",
        "replicas": "Runs of an evaluation; 4 where an objective is 0 or 1 in each run.",
        "population": "Evaluations of a generation; 4 + 3 ln(number of variables) if not given.",
        "sigma0": "Width of the first generation, as a part of each range.",
        "evaluations": "How many in all; 12 generations if not given.",
        "walltime": "Time after which no generation is begun, such as `1h30m`.",
        "target": "No generation begins once an evaluation is so good.",
        "candidates": "How many of the best are run anew.",
        "final_replicas": "Runs of each in the end.",
    },
    "design.variable": {
        "key": "A number of the condition or its force field, by a dotted name; a list of such gets one value.",
        "name": "What it is called in tables.",
        "from": "Where its range begins.",
        "to": "Where it ends.",
        "start": "Where the search begins; not given, what the condition has.",
        "scale": "How values are spread.",
    },
    "sweep": {
        "replicas": "Runs of each point.",
        "success": "What counts as success of a run.",
        "framework": "Of which framework; any, if not given.",
        "axis": "What is varied: each begins with `[[sweep.axis]]`.",
        "point": "Instead of axes: a table, each row begun with `[[sweep.point]]`.",
        "funnel": "How points are screened.",
    },
    "sweep.axis": {
        "key": "A number or text of the condition or its force field, by a dotted name; or a list of such.",
        "name": "What it is called in tables.",
        "values": "What it gets.",
        "from": "Instead of values: the first of a range,",
        "to": "its last,",
        "steps": "and how many, ends included.",
        "scale": "How they are spread.",
    },
    "sweep.funnel": {
        "criterion": "By what points are ranked.",
        "framework": "Which one it looks for.",
        "time_shares": "Of the last stage's time, part by part; the whole comes last.",
        "keep": "Points that go on after each part.",
        "refine": "How the atoms of the last ones are refined, as `zeocryst backmap --refine` has it.",
    },
}  # fmt: skip


def known_keys() -> dict[str, tuple[str, ...]]:
    """The keys that each table may have, as the code lists them."""
    from zeocryst.studies import design_plan, design_variables, melting_plan, seeding_plan
    from zeocryst.sweeps import axes, funnel_plan, sweep_plan

    return {
        "melt": melting_plan.KEYS, "seeding": seeding_plan.KEYS, "design": design_plan.KEYS,
        "design.variable": design_variables.KEYS, "sweep": sweep_plan.KEYS, "sweep.axis": axes.KEYS,
        "sweep.funnel": funnel_plan.KEYS,
    }  # fmt: skip


def _read(table: str, file: Path) -> None:
    from zeocryst.studies import design_plan, seeding
    from zeocryst.studies.melting import Melting
    from zeocryst.studies.reading import read_study
    from zeocryst.sweeps import sweep_plan

    known = known_keys()[table]
    if table == "melt":
        Melting.of(read_study(file, table, known))
    elif table == "seeding":
        seeding.read_seeding_study(file)
    elif table == "design":
        design_plan.read_plan(read_study(file, table, known))
    else:
        sweep_plan.read_plan(read_study(file, table, known))


@cache
def study_keys() -> list[Key]:
    """Every key of the tables of studies, in the order of `known_keys`."""
    keys = {(table, name): Key(table, name) for table, names in known_keys().items() for name in names}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "condition.toml"
        for title, text in SAMPLES.items():
            file.write_text(inspect.cleandoc(text), "utf-8")
            heard: list = []
            with _listening(heard):
                _read(title.partition(",")[0], file)
            for path, name, method, arguments, _ in heard:
                key = keys.get((path, name))
                if key is None:
                    continue
                if allowed := _allowed(method, arguments):
                    key.allowed.setdefault(allowed, set())
                if arguments.get("default") is not None:
                    key.defaults.setdefault(_toml(arguments["default"]), set())
    return list(keys.values())


#: What only several keys together decide, or what is found on the way.
DEFAULTS = {
    ("melt", "faces"): '`["a"]`',
    ("melt", "temperatures_K"): "found",
    ("melt", "enthalpy_temperatures_K"): "found",
    ("seeding", "temperatures_K"): "required",
    ("seeding", "size"): "chosen",
    ("seeding", "radii_A"): "a ladder",
    ("seeding", "framework"): "the start's",
    ("design", "objective"): "required",
    ("design", "framework"): "the start's",
    ("design", "variable"): "required",
    ("design", "walltime"): "not set",
    ("design", "population"): "by the number of variables",
    ("design", "evaluations"): "12 generations",
    ("sweep", "framework"): "not set",
    ("design.variable", "key"): "required",
    ("design.variable", "from"): "required",
    ("design.variable", "to"): "required",
    ("design.variable", "name"): "from the key",
    ("design.variable", "start"): "the condition's",
    ("sweep", "axis"): "not set",
    ("sweep", "point"): "not set",
    ("sweep.axis", "key"): "required",
    ("sweep.axis", "name"): "from the key",
    ("sweep.funnel", "criterion"): "required",
    ("sweep.funnel", "framework"): "the sweep's, or the start's",
    ("sweep.funnel", "time_shares"): "required",
    ("sweep.funnel", "keep"): "required",
    ("sweep.funnel", "refine"): "not set",
}


#: What is allowed where that depends on other keys.
ALLOWED = {
    ("design.variable", "start"): "number, from `from` to `to`",
    ("sweep.axis", "values"): "list of numbers or of texts, as the key has it",
    ("seeding", "interval_ps"): "number, at least 0.001 and at most an eighth of `time_ps`",
}


def as_markdown(tables: tuple[str, ...]) -> str:
    """The reference of the keys of some tables."""
    parts = []
    for table in tables:
        parts.append(
            f"### `[{table}]`\n" if table not in ("design.variable", "sweep.axis") else f"### `[[{table}]]`\n"
        )
        for key in (key for key in study_keys() if key.table == table):
            facts = [f"unit: {key.unit}"] if key.unit else []
            default = DEFAULTS.get((table, key.name)) or _default(key)
            allowed = ALLOWED.get((table, key.name)) or _values(key)
            facts += [allowed, f"default: {default}"]
            parts.append(f"`{key.name}`\n: {WORDS[table][key.name]}\n\n  {' · '.join(filter(None, facts))}\n")
    return "\n".join(parts)
