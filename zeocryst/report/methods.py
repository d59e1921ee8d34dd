"""A paragraph of methods that can go into a paper as it is, and what it cites as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition, Cut, Stage, read_condition
from zeocryst.engines import called
from zeocryst.errors import InputError

#: Each kind of stage in words, with what it cites.
KINDS = {
    "nve": ("at constant energy", ()),
    "nvt": ("at constant volume with stochastic velocity rescaling", ("Bussi2007",)),
    "langevin": ("by Langevin dynamics at constant volume", ()),
    "brownian": ("by Brownian dynamics", ()),
    "npt": ("at constant pressure by the equations of Martyna, Tobias and Klein", ("Martyna1994",)),
}


def write_methods(folder: Path, summary: Mapping[str, Any]) -> str:
    """Write ``methods.md`` and ``references.bib`` of a run; the paragraph, empty without a condition."""
    try:
        condition = read_condition(folder / "condition.toml")
    except InputError:  # of an earlier version, or its files are gone
        return ""
    text, cited = paragraph(condition, summary)
    (folder / "methods.md").write_text(text + "\n", "utf-8")
    known = references()
    bib = [*(known[key] for key in cited if key in known), model_entry(summary["forcefield_source"])]
    (folder / "references.bib").write_text("\n\n".join(bib) + "\n", "utf-8")
    return text


def paragraph(condition: Condition, summary: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The paragraph in Markdown with pandoc's citations, and the keys that it cites in order."""
    engine = summary["engine"]
    name, paper = called(engine["name"])
    cite = f" [@{paper}]" if paper else ""
    parts = [
        f"Coarse-grained simulations were run with {name} {engine['version']}{cite} and the model "
        f"{summary['forcefield']} [@model], a Stillinger-Weber potential [@Stillinger1985]. The system had "
        f"{summary['n_T']} T sites and {summary['n_S']} structure-directing beads (S)."
    ]
    parts += [_stage(k, stage, entry) for k, (stage, entry) in enumerate(
        zip(condition.stages, summary["stages"], strict=False), start=1)]  # fmt: skip
    parts.append(
        f"Frames were taken every {condition.output.interval_ps:g} ps. A T was counted as crystalline where "
        "the network around it follows the net of a framework type bond by bond, or recurs throughout its "
        "neighbourhood in a grain; bond-orientational order was measured with freud [@Ramasubramani2020]. The "
        "last frame was quenched to the nearest energy minimum before it was judged."
    )
    if "backmap" in summary:
        parts.append(
            "Atoms were put back as SiO4 tetrahedra with a bridging O on each bond and silanols on each "
            "missing one; their geometry was solved by distance least squares [@Baerlocher1977], pores were "
            "measured with Zeo++ [@Willems2012], and structures handled with ASE [@Larsen2017]."
        )
    parts.append(f"Random numbers followed from the seed {summary['seed']}.")
    text = " ".join(parts)
    cited = list(dict.fromkeys(re.findall(r"@(\w+)", text)))
    return text, cited


def _stage(number: int, stage: Stage, entry: Mapping[str, Any]) -> str:
    if stage.kind == "minimize":
        return f"Stage {number} was a minimization."
    if stage.edit is not None:
        what = "cut the largest cluster out" if isinstance(stage.edit, Cut) else "put a crystal seed in"
        return f"Stage {number} {what}."
    words, papers = KINDS.get(stage.kind, (f"by {stage.kind}", ()))
    cite = "".join(f" [@{paper}]" for paper in papers)
    heat = ""
    if stage.temperature_K is not None:
        first, last = stage.temperature_K
        heat = f" at {first:g} K" if first == last else f" from {first:g} to {last:g} K"
    press = f" and {stage.pressure_bar:g} bar ({stage.coupling} coupling)" if stage.kind == "npt" else ""
    early = " (ended early)" if entry["ended_early"] else ""
    return (
        f"Stage {number} ran {entry['time_ps']:g} ps{early} {words}{cite}{heat}{press} with a time step of "
        f"{stage.timestep_fs:g} fs."
    )


def references() -> dict[str, str]:
    """BibTeX entries by key, of the file that lies beside this one."""
    text = resources.files("zeocryst.report").joinpath("references.bib").read_text("utf-8")
    entries = re.findall(r"^@\w+\{(\w+),.*?^\}", text, re.MULTILINE | re.DOTALL)
    whole = [match.group(0) for match in re.finditer(r"^@\w+\{.*?^\}", text, re.MULTILINE | re.DOTALL)]
    return dict(zip(entries, whole, strict=True))


def model_entry(source: str) -> str:
    """The source of a force field as its file has it."""
    return f"@misc{{model,\n  title = {{Force field}},\n  note = {{{source}}},\n}}\n"
