"""Pages of the site that are made from the code and from runs/*/README.md whenever it is built.

`conf.py` calls `generate`; what it writes lies in ``docs/generated`` and is not kept in the repository.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import tempfile
import tomllib
from pathlib import Path

import _keys
import _study_keys

ROOT = Path(__file__).resolve().parents[1]
#: Rooms whose modules hold the science, in the order in which a run meets them.
ROOMS = {
    "model": "The coarse-grained model",
    "potentials": "Potentials",
    "solution": "Where a run starts",
    "engines": "Engines",
    "network": "The network of bonds",
    "order": "Order parameters, naming, kinetics",
    "quench": "The quench",
    "chemistry": "From the atoms of a file to sites",
    "backmapping": "From sites to atoms",
    "heteroatoms": "Al and others for Si",
    "molecules": "Guest molecules",
    "docking": "Molecules into pores",
    "refinement": "Atoms relaxed by physics",
    "studies": "What many runs measure",
    "sweeps": "Sweeps",
    "running": "A run on its way",
    "files": "Files",
    "reading": "Files of other programs",
}
#: Force fields by their form.
FORMS = {"stillinger-weber": "Of beads", "atoms": "Of atoms", "van-der-waals": "Van der Waals terms of guests"}
#: Conditions that are refused, each for one reason: what stands in it, in place of what.
REFUSED = [
    ("kind = \"npt\"", "kind = \"ntp\""),
    ("temperature_K = 860", "temperature_k = 860"),
    ("time_ps = 100", "time_ps = -100"),
    ("coupling = \"iso\"", "coupling = \"none\""),
    ("timestep_fs = 8", "timestep_fs = 80"),
    ("framework = \"SOD\"", "framework = \"SDO\""),
    ("crystalline_share = 0.9", "crystalline_share = 1.9"),
    ("interval_ps = 10", "interval_ps = 1000"),
]  # fmt: skip
SOUND = """\
[system]
start = "melt"
framework = "SOD"
repeat = [2, 2, 2]

[[stage]]
kind = "npt"
temperature_K = 860
coupling = "iso"
time_ps = 100
timestep_fs = 8
until = { crystalline_share = 0.9, for_ps = 20 }

[output]
interval_ps = 10
"""


def generate(folder: Path) -> None:
    """Write all of them, each file only where it is another than before."""
    pages = {
        "condition_keys.md": _keys.as_markdown(_keys.condition_keys()),
        "study_keys.md": _study_keys.as_markdown(("melt", "seeding", "design", "design.variable")),
        "sweep_keys.md": _study_keys.as_markdown(("sweep", "sweep.axis", "sweep.funnel")),
        "refused.md": refused(),
        "oligomers.md": oligomers(),
        "substances.md": substances(),
        "forcefields.md": forcefields(),
        "order_parameters.md": order_parameters(),
        "commands.md": commands(),
        "api.md": api(),
        **gallery(),
        **modules(),
    }
    for name, text in pages.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
    for file in folder.rglob("*.*"):  # of runs and modules that are gone
        if file.is_file() and file.relative_to(folder).as_posix() not in pages:
            file.unlink()


def refused() -> str:
    """What is said of conditions with one mistake each."""
    from zeocryst.errors import InputError

    rows = ["| instead of | it says | the message |", "|---|---|---|"]
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "condition.toml"
        for right, wrong in REFUSED:
            file.write_text(SOUND.replace(right, wrong), "utf-8")
            try:
                _keys.reading.read_condition(file)
            except InputError as error:
                said = str(error).replace(f"{place}{os.sep}", "")
                rows.append(f"| `{right}` | `{wrong}` | {_escaped(said)} |")
            else:
                raise AssertionError(f"{wrong} was not refused")
    return "\n".join(rows) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([|*_\[\]<>$])", r"\\\1", " ".join(text.split()))


def oligomers() -> str:
    """The silicate clusters that a gel can begin with."""
    from zeocryst.frameworks.oligomers import oligomers as found

    rows = ["| name | T | bonds |", "|---|---|---|"]
    rows += [f"| `{name}` | {cluster.n_T} | {len(cluster.bonds)} |" for name, cluster in found().items()]
    return "\n".join(rows) + "\n"


def substances() -> str:
    """The names under which a recipe can have its substances."""
    from zeocryst.condition.substances import COUNTED, OTHERS

    rows = ["| name | is counted as |", "|---|---|"]
    rows += [f"| `{name}` | itself |" for name in COUNTED]
    rows += [
        f"| `{name}` | {', '.join(f'{each:+g} {counted}'.lstrip('+') for counted, each in parts.items())} |"
        for name, parts in OTHERS.items()
    ]
    return "\n".join(rows) + "\n"


def forcefields() -> str:
    """The shipped force fields of beads and of atoms, with their sources."""
    by_form: dict[str, list[tuple[str, dict]]] = {form: [] for form in FORMS}
    for path in sorted((ROOT / "forcefields").glob("*.toml")):
        content = tomllib.loads(path.read_text("utf-8"))
        by_form[content["form"]].append((path.stem, content))
    parts = []
    for form, found in by_form.items():
        of_beads = form == "stillinger-weber"
        parts.append(
            f"## {FORMS[form]}\n\n| name | {'a T is' if of_beads else 'types'} | source |\n|---|---|---|"
        )
        for name, content in found:
            what = content.get("site", "SiO4") if of_beads else ", ".join(_types(content)) or "by element"
            parts.append(f"| `{name}` | {what} | {_escaped(str(content['source']))} |")
        parts.append("")
    return "\n".join(parts) + "\n"


def _types(content: dict) -> list[str]:
    types = content.get("types", {})
    return [f"`{name}`" for name in types] if isinstance(types, dict) else []


def order_parameters() -> str:
    """Every order parameter of the registry, with what its docstring says."""
    from zeocryst.order import REGISTRY

    parts = []
    for name, entry in REGISTRY.items():
        facts = ["measured in every frame of a run" if entry.default else "measured where it is asked for"]
        facts += ["takes a framework, `" + name + ":SGT`"] if "framework" in entry.takes else []
        facts += ["slow"] if entry.costly else []
        facts += ["a curve"] if entry.curve else []
        parts += [f"### `{name}`", "", ", ".join(facts).capitalize() + ".", ""]
        where = f"{entry.compute.__module__}.{entry.compute.__name__}"
        parts += ["```{eval-rst}", f".. autofunction:: {where}", "```", ""]
    return "\n".join(parts)


def commands() -> str:
    """The help of every command."""
    from zeocryst.commands import commands as found

    os.environ["COLUMNS"] = "100"
    parts = []
    for name, command in found().items():
        parser = argparse.ArgumentParser(
            prog=f"zeocryst {name}", usage=getattr(command, "USAGE", None), add_help=False
        )
        command.arguments(parser)
        parts += [f"## `zeocryst {name}`", "", f"{command.HELP[0].upper()}{command.HELP[1:]}.", ""]
        parts += ["```text", parser.format_help().rstrip(), "```", ""]
    return "\n".join(parts)


def api() -> str:
    """What ``import zeocryst`` offers: functions, results, conditions, errors."""
    import zeocryst

    kinds: dict[str, list[str]] = {"Functions": [], "Conditions": [], "Results": [], "Errors": []}
    for name in zeocryst.__all__:
        thing = getattr(zeocryst, name)
        if not isinstance(thing, type):
            kinds["Functions"].append(name)
        elif issubclass(thing, Exception):
            kinds["Errors"].append(name)
        else:
            kinds["Conditions" if "condition" in thing.__module__ else "Results"].append(name)
    parts = []
    for title, names in kinds.items():
        parts += [f"## {title}", "", "```{eval-rst}"]
        for name in names:
            if title == "Functions":
                parts.append(f".. autofunction:: zeocryst.{name}")
            else:
                parts += [f".. autoclass:: zeocryst.{name}", "   :members:"]
                parts += ["   :show-inheritance:"] if title == "Errors" else []
            parts.append("")
        parts += ["```", ""]
    return "\n".join(parts)


def gallery() -> dict[str, str]:
    """A page for each shipped condition and study, and the list of them."""
    from zeocryst.condition.reading import shipped_names

    made: dict[str, str] = {}
    runs, studies = shipped_names(), shipped_names("study.toml")
    rows = {"Runs": runs, "Studies and sweeps": studies}
    parts = []
    for title, names in rows.items():
        parts += [f"## {title}", "", "| name | what it is |", "|---|---|"]
        for name in names:
            folder = ROOT / "runs" / name
            file = "study.toml" if name in studies else "condition.toml"
            content = tomllib.loads((folder / file).read_text("utf-8"))
            parts.append(f"| [{name}](runs/{name}.md) | {_escaped(content.get('title', ''))} |")
            made[f"runs/{name}.md"] = _run_page(folder, file, [*runs, *studies])
        parts.append("")
    hidden = "\n".join(f"runs/{name}" for name in [*runs, *studies])
    parts += ["```{toctree}", ":hidden:", "", hidden, "```", ""]
    return {"gallery.md": "# Gallery\n\n" + _GALLERY + "\n".join(parts), **made}


_GALLERY = """\
These conditions come with zeocryst. Each page says what the condition is, what it gave, on which machine and
with which seed numbers, and what to think of it; each ends with the file itself. `zeocryst new NAME --like
EXAMPLE` copies one, comments and all.

"""


def _run_page(folder: Path, file: str, names: list[str]) -> str:
    text = (folder / "README.md").read_text("utf-8")
    up = "../" * 3
    text = re.sub(r"\]\((\w+\.svg)\)", rf"]({up}runs/{folder.name}/\1)", text)

    def linked(found: re.Match[str]) -> str:
        name = found[1]
        return f"[`runs/{name}`]({name}.md)" if name in names and name != folder.name else found[0]

    text = re.sub(r"(?<!\[)`runs/(\w+)`", linked, text)
    return f"{text}\n## The file\n\n```{{literalinclude}} {up}runs/{folder.name}/{file}\n:language: toml\n```\n"


def modules() -> dict[str, str]:
    """The docstrings of the modules that hold the science, a page a room."""
    made = {}
    index = ["Methods, module by module", "=" * 25, ""]
    index += ["Each module says at its beginning what it does, by which equations, and from which source.", ""]
    index += [".. toctree::", "   :maxdepth: 2", ""]
    for room, title in ROOMS.items():
        lines = [title, "=" * len(title), ""]
        for path in sorted((ROOT / "zeocryst" / room).rglob("*.py")):
            said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if not said:
                continue
            lines += [name, "~" * len(name), "", said, ""]
        made[f"modules/{room}.rst"] = "\n".join(lines)
        index.append(f"   {room}")
    return {"modules/index.rst": "\n".join(index) + "\n", **made}
