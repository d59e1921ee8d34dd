"""The report of back-mapped atoms: a page of its own for ``zeocryst backmap``, a section in that of a run."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.backmapping.feasibility import feasibility_in_words
from zeocryst.report.chemistry import chemistry_sections, headline
from zeocryst.report.figures import AMORPHOUS, CRYSTAL, CURVES, clean, new_figure, save
from zeocryst.report.page import (
    checks_table,
    facts,
    image,
    invariants_table,
    page,
    percent,
    table,
    types_table,
)
from zeocryst.report.road import road_sections

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Title, axis and entry of each histogram.
HISTOGRAMS = (
    ("Si-O bonds", "distance (Å)", "si_o_A"),
    ("O-Si-O angles", "angle (°)", "o_si_o_deg"),
    ("Si-O-Si angles", "angle (°)", "si_o_si_deg"),
    ("$^{29}$Si shifts of Q4, from the solver's angles", "shift (ppm)", "shift_29Si_ppm"),
)
NAMED = "Frameworks named from the atoms"
GEOMETRY = "Distances and angles of all Si, and the 29Si shifts that the solver's angles imply."
#: What each choice is, for people.
CHOICES = {
    "candidates": "pairs within the bond cut-off",
    "cut": "of these, left unbonded since a T had better ones",
    "crowded_sites": "T with more than four pairs within the cut-off",
    "components": "groups of such T decided together",
    "differs": "bonds that nearest-first would not have given",
    "bond_cutoff_A": "bond cut-off, Å",
    "silanols_added": "missing bonds that became silanols",
}
NOTES = """<p class="note">Each T is a Si, each bond a bridging O, each missing bond a silanol. Bonds of T
alone are a maximum-weight matching with at most four a T. The geometry is that of least residual in the
distances of DLS-76 (Si-O 1.61 Å, O-O 2.629 Å, Si-Si 3.07 Å), T and O free; a low residual alone proves
nothing, so the cell is kept, or held by a term of its volume. What holds by construction is no check and is
listed apart; a check of which there is nothing is not counted. Contacts are of atoms that no bond relates.
Rings are primitive rings. 29Si shifts follow from the mean Si-O-Si angle θ of each Q4 site, -25.44 - 0.5793 θ
(Thomas et al., Chem. Phys. Lett. 102, 158 (1983)); the angles are the solver's, not those of a refined
structure. Sites with silanols get no shift, for want of a cited correlation. Pores are those of hard spheres
(Zeo++: O 1.52, Si 2.10, H 1.09 Å). The local interatomic distances are those of Li, Yu and Xu (2013); the line
of T-T needs a structure relaxed
in a force field, so that "feasible" is withheld where the others are met.</p>"""


def write_backmap_report(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write ``report.html`` and ``figures/`` of a folder of ``zeocryst backmap``; returns the page's path."""
    sections: list[tuple[str, str]] = []
    several = bool(summary["frames"])
    sections += road_sections(folder, summary)
    for entry in [summary, *summary["frames"]]:
        heading = f"Frame {entry['frame']} ({entry['label']})"
        sections.append((heading if several else "Result", _words(entry["words"]) + _facts(entry)))
        of = f", frame {entry['frame']}" if several else ""
        tag = "" if entry is summary else f"_{entry['frame']}"
        sections += [(name + of, html) for name, html in chemistry_sections(entry)]
        sections += [(name + of, html) for name, html in backmap_sections(folder, entry["backmap"], tag)]
        sections.append(("Ideal crystal" + of, ideal_crystal(entry["ideal"], entry["files"])))
    record = summary["backmap"]
    failed = any(c["passed"] is False for c in [*record["checks"], *record.get("invariants", [])])
    verdict = "amorphous" if failed else "crystalline"  # the colour of the box only
    sentence = " ".join([summary["words"][0], *headline(summary)])
    text = page("Back-mapping", verdict, sentence, [*sections, ("What is meant", NOTES)])
    path = folder / "report.html"
    path.write_text(text, "utf-8")
    return path


def backmap_sections(folder: Path, record: Mapping[str, Any], tag: str = "") -> list[tuple[str, str]]:
    """Sections (heading, HTML) about atoms, with their figures written to ``figures/``."""
    place = folder / "figures"
    shown = save(histograms(record), place, f"geometry{tag}", _histogram_rows(record))
    rings = save(_rings(record), place, f"rings_of_atoms{tag}", _ring_rows(record))
    named = record["types"]["after"]
    amorphous = 1 - sum(float(kind["share"]) for kind in named)
    return [
        ("Validity", checks_table(record["checks"]) + _by_construction(record)),
        ("Geometry", image(shown, GEOMETRY) + _shifts(record)),
        ("Rings of the T network and of the atoms", image(rings, "Primitive rings per T, before and after.")),
        (NAMED, types_table(named, amorphous)),
        ("Figures", _figures(record)),
    ]


def _by_construction(record: Mapping[str, Any]) -> str:
    """The invariants, which earlier versions counted as checks."""
    found = record.get("invariants")
    return "<h3>What holds by construction</h3>" + invariants_table(found) if found else ""


def _shifts(record: Mapping[str, Any]) -> str:
    """Shifts by Q_n, and what to know about them."""
    found = record["shift_29Si_ppm"]
    if not found.get("by_q"):
        return ""
    rows = [[name, q["T"], q["mean"], q["std"], q.get("why", "")] for name, q in found["by_q"].items()]
    warned = "".join(f'<p class="fail">{escape(text)}</p>' for text in found["warnings"])
    heading = f"<h3>29Si shifts, ppm (angles: {escape(found['angles'])})</h3>"
    return heading + table(["", "T", "mean", "standard deviation", ""], rows) + warned


def ideal_crystal(ideal: Mapping[str, Any], files: str = "framework") -> str:
    """What is known of the crystal in its space group, with a link to its CIF; or why there is none."""
    if ideal["code"] is None:
        return f"<p>None is written: {escape(ideal['reason'])}.</p>"
    name = f"{files.replace('framework', 'ideal')}.cif"
    moved, si_o = ideal["symmetry_moved_A"], ideal["si_o_A"]
    rows = [
        ("framework, space group", f"{ideal['code']}, {ideal['space_group']} ({ideal['space_group_number']})"),
        ("setting", ideal["setting"]),
        ("a, b, c (Å), α, β, γ (°)", ", ".join(f"{x:g}" for x in ideal["cell"])),
        ("strain taken off the cell", f"{100 * ideal['cell_strain']:.2f} %"),
        ("cells of the net in the atoms", ideal["copies"]),
        ("places without a T, T elsewhere", f"{ideal['T_missing']}, {ideal['T_elsewhere']}"),
        ("T and O from their mean places, Å", f"{ideal['rms_A']:.3f}, {ideal['rms_O_A']:.3f} (rms)"),
        ("symmetry moved the means of T, O by, Å", f"{moved['T']:.3f}, {moved['O']:.3f} (rms)"),
        ("Si-O between mean places, Å", f"{si_o['least']:.3f} to {si_o['most']:.3f}, mean {si_o['mean']:.3f}"),
    ]
    sites = [[s["label"], s["multiplicity"], f"{s['rms_A']:.3f}", s["copies"]] for s in ideal["sites"]]
    return "".join(
        [
            f'<p><a href="./{escape(name)}">{escape(name)}</a>: mean places of all copies of each site, in the '
            "space group of the framework. The atoms as they are stand in the first file.</p>",
            facts(rows),
            table(["site", "multiplicity", "spread (rms), Å", "copies"], sites),
        ]
    )


def _words(words: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(w)}</li>" for w in words) + "</ul>"


def _facts(entry: Mapping[str, Any]) -> str:
    rows = [
        ("frame", f"{entry['frame']} ({entry['label']})"),
        ("files", f"{entry['files']}.cif, .extxyz, .gsd, .data (LAMMPS)"),
        ("quench", entry["quench"]),
        ("T", entry["n_T"]),
    ]
    if entry.get("refined"):
        name = entry["files"].replace("framework", "refined")
        rows.insert(2, ("refined", f"{name}.cif, .extxyz, .POSCAR, .gsd, .data (LAMMPS)"))
    return facts(rows)


def _figures(record: Mapping[str, Any]) -> str:
    """What else is known, as tables."""
    pores, group = record["pores"], record.get("space_group")
    q_n = ", ".join(f"{k} {v}" for k, v in record["q_n"].items() if v)
    valences = "; ".join(
        f"{element}: " + ", ".join(f"{n} with {bonds} bonds" for bonds, n in counts.items())
        for element, counts in record["valences"].items()
    )
    closest = ", ".join(
        "–" if record[k] is None or np.isnan(record[k]) else f"{record[k]:.2f}"
        for k in ("min_o_o_A", "min_si_si_A", "min_si_o_unbonded_A", "min_h_h_A", "min_h_o_A")
        if k in record
    )
    density = f"{record['density_T_per_1000A3']:.2f} T per 1000 Å³, {record['density_g_cm3']:.3f} g/cm³"
    symmetry = f"{group['symbol']} ({group['number']}) within {group['tolerance_A']} Å" if group else "P1"
    rows = [
        ("formula", record["formula"]),
        ("space group", symmetry),
        ("Q_n", q_n),
        ("valences", valences),
        ("silanols", record["n_silanol"]),
        ("silanols per nm² of surface", record["silanols_per_nm2"]),
        ("cell", f"{record['cell']}, volume changed by {100 * record['volume_change']:+.3f} %"),
        ("density", density),
        ("DLS residual", record["dls_residual"]),
        (
            "starts",
            f"{record['starts']['tried']}, of which {record['starts']['kept_network']} kept the network",
        ),
        ("largest cavity, Å", pores["largest_cavity_A"]),
        ("pore-limiting diameter, Å", pores["pore_limiting_A"]),
        ("volume open to helium from outside", _share(pores["accessible_volume_share"])),
        ("with closed cages", _share(pores["void_volume_share"])),
        ("closest O-O, Si-Si, unbonded Si-O, H-H, H-O, Å", closest),
    ]
    decided = [[CHOICES.get(k, k.replace("_", " ")), v] for k, v in record["choices"].items()]
    near = record["local_distances"]
    measures = ("mean", "std", "range")
    local = [[kind, *(near[f"{kind}_{what}_A"] for what in measures)] for kind in ("T-O", "O-O", "T-T")]
    return "".join(
        [
            facts(rows),
            "<h3>What was decided</h3>",
            table(["choice", "number"], decided),
            "<h3>Local interatomic distances, Å</h3>",
            table(["pair", "mean", "standard deviation", "range"], local),
            table(["criterion of synthesized zeolites", "value, Å", "at most, Å", "met"], _criteria(record)),
            _feasible(record["feasibility"]),
        ]
    )


def _feasible(found: Mapping[str, Any]) -> str:
    """The verdict on the criteria, or why there is none; earlier versions gave one that they could not know."""
    return f"<p>{escape(feasibility_in_words(found))}</p>" if "withheld" in found else ""


def _criteria(record: Mapping[str, Any]) -> list[list[Any]]:
    """The criteria of local interatomic distances; those without a verdict need a relaxed structure."""
    verdict = {True: "yes", False: "no", None: "not judged"}
    rows = []
    for c in record["feasibility"]["criteria"]:
        value = None if c["value_A"] is None else f"{c['value_A']:.4f}"
        rows.append([c["name"], value, f"{c['limit_A']:.4f}", verdict[c["met"]]])
    return rows


def _share(value: float | None) -> str | None:
    return None if value is None else percent(value)


def histograms(record: Mapping[str, Any]) -> Figure:
    """Four histograms side by side."""
    figure = new_figure(10, 5.6)
    axes = figure.subplots(2, 2).ravel()
    for axis, (title, label, name), colour in zip(axes, HISTOGRAMS, CURVES, strict=False):
        h = record["distributions"][name]
        edges = h["from"] + h["width"] * np.arange(len(h["counts"]) + 1)
        axis.stairs(h["counts"], edges, fill=True, color=colour, alpha=0.85)
        axis.set_title(title, fontsize=11, loc="left")
        axis.set_xlabel(label)
        clean(axis, "number")
        if name == "shift_29Si_ppm":
            _mark(axis, record["shift_29Si_ppm"])
            axis.set_xlim(h["from"] + h["width"] * len(h["counts"]), h["from"])  # as spectra are drawn
    return figure


def _mark(axis: Axes, shifts: Mapping[str, Any]) -> None:
    """Grey where no correlation is known to reach; a line where the solver's own angle puts a peak."""
    if "covered_ppm" not in shifts:  # of an earlier version
        return
    high, low = shifts["covered_ppm"]
    axis.axvspan(high, high + 100, color="0.88", zorder=0)
    axis.axvspan(low - 100, low, color="0.88", zorder=0, label="not covered by the correlation")
    if shifts["sites"]:
        axis.axvline(shifts["solver_angle_ppm"], color="0.3", lw=1, ls="--", label="the solver's own angle")
        axis.set_ylim(top=1.35 * axis.get_ylim()[1])  # room for the legend
        axis.legend(fontsize=8, loc="upper left")


def _histogram_rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"distribution": name, "from": round(h["from"] + k * h["width"], 6), "number": n}
        for name, h in record["distributions"].items()
        for k, n in enumerate(h["counts"])
    ]


def _rings(record: Mapping[str, Any]) -> Figure:
    """Rings before and after, in pairs of bars."""
    figure = new_figure(9, 2.8)
    axis = figure.subplots()
    for k, (name, colour) in enumerate((("before", CRYSTAL), ("after", AMORPHOUS))):
        found = record["rings_per_T"][name]
        axis.bar(
            [int(n) + 0.4 * k - 0.2 for n in found], list(found.values()), 0.38, color=colour,
            label="T network" if name == "before" else "atoms",
        )  # fmt: skip
    axis.set_xticks([int(n) for n in record["rings_per_T"]["before"]])
    axis.set_xlabel("ring size")
    clean(axis, "rings per T")
    axis.legend(frameon=False)
    return figure


def _ring_rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    both = record["rings_per_T"]
    return [{"size": n, "before": both["before"][n], "after": both["after"][n]} for n in both["before"]]
