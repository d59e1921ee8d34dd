"""What is said of guests, heteroatoms and refinement, as sections of a page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from zeocryst.report.page import facts, percent, table, types_table

NOTES = """<p class="note">Energies of guests are those of the rigid framework and of the other guests by
DREIDING 12-6 without charges. A bond counts as lost or gained where two atoms pass 1.25 times the sum of their
covalent radii. Energies above quartz are per SiO2, with quartz relaxed by the same method.</p>"""


def chemistry_sections(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Sections (heading, HTML) of a frame's entry; none of what was not asked for."""
    found: list[tuple[str, str]] = []
    if entry.get("aluminium"):
        found.append(("Heteroatoms", _heteroatoms(entry["aluminium"])))
    if entry.get("sda"):
        found.append(("Structure-directing agents", _guests(entry)))
    if entry.get("refined"):
        found.append(("Refinement", _refined(entry["refined"])))
    return found


def headline(entry: Mapping[str, Any]) -> list[str]:
    """What the first box says beside silica: the sentences about the whole and its refinement."""
    begun = ("The atoms written are ", "Refined with ")
    return [words for words in entry["words"] if words.startswith(begun)]


def _heteroatoms(record: Mapping[str, Any]) -> str:
    """Numbers, Q4(nAl) and what balances them."""
    element = "Al" if record["element"] == "AlPO4" else record["element"]
    low, balance = element.lower(), record.get("balance", {})
    rows = [
        ("element", record["element"]),
        ("placement", record["placement"]),
        (f"{element} on T sites", record.get(f"n_{element}")),
        (f"Si/{element}", record.get(f"si_{low}")),
        (f"Si/{element} from Q4(n{element})", record.get(f"si_{low}_from_q4")),
        (f"{element}-O-{element}", record.get(f"{low}_o_{low}")),
        (f"pairs {element}-O-Si-O-{element}", record.get(f"{low}_o_si_o_{low}")),
        ("charge of the framework, e", balance.get("framework_charge")),
        ("charge of the guests, e", balance.get("guests_charge")),
        ("cations", f"{balance['cations']} {balance['by']}" if balance.get("cations") else None),
        ("net charge, e", balance.get("net_charge")),
        ("why it is not neutral", balance.get("why_not")),
    ]
    html = facts([(name, value) for name, value in rows if value is not None])
    shares = record.get(f"q4_n{element}")
    if shares:
        beside = record.get("binomial") or [None] * len(shares)
        html += table(
            [f"n of Q4(n{element})", "share of the Q4 Si", "of independent neighbours"],
            [
                [str(n), percent(x), None if b is None else percent(b)]
                for n, (x, b) in enumerate(zip(shares, beside, strict=True))
            ],
        )
    lines = (record.get("shift_29Si_ppm") or {}).get("lines")
    if lines:
        rows_of = [[f"Q4({line['n']}{element})", line["sites"], line["mean"], line["std"]] for line in lines]
        told = record["shift_29Si_ppm"]
        html += f"<h3>29Si, ppm (± {told['uncertainty_ppm']:g}; {escape(told['source'])})</h3>"
        html += table(["", "Si", "mean", "standard deviation"], rows_of)
    return html


def _guests(entry: Mapping[str, Any]) -> str:
    """Each bead's molecule; the first hundred."""
    rows = [
        [
            g["bead"], g["molecule"], "yes" if g["placed"] else "no", g["energy_kJ_per_mol"],
            g.get("overlap_A"), g.get("reason") or "",
        ]
        for g in entry["sda"][:100]
    ]  # fmt: skip
    more = len(entry["sda"]) - len(rows)
    html = table(["S bead", "molecule", "placed", "energy, kJ/mol", "overlap, Å", ""], rows)
    return html + (f"<p>and {more} more, in summary.json</p>" if more else "")


def _refined(record: Mapping[str, Any]) -> str:
    """Energy, bonds and geometry after the refinement."""
    if "error" in record:
        return f'<p class="fail">{escape(record["error"])}</p>'
    names = (
        "method", "source", "cell", "converged", "largest_force_eV_per_A", "steps", "energy_eV_per_SiO2",
        "above_quartz_kJ_per_mol", "reference", "bonds_lost", "bonds_gained", "protons_lost",
        "overcoordinated_T", "net_charge", "volume_change", "t_o_mean_A", "o_t_o_mean_deg", "t_o_t_mean_deg",
        "t_o_t_std_deg", "o_h_shortest_A", "o_h_longest_A",
    )  # fmt: skip
    html = facts([(name.replace("_", " "), record[name]) for name in names if record.get(name) is not None])
    q_n = ", ".join(f"{k} {v}" for k, v in record["q_n"].items() if v)
    html += facts([("Q_n", q_n)]) + types_table(record["types"], record["amorphous_share"])
    if "dynamics" in record:
        hot = record["dynamics"]
        wanted = ("time_ps", "temperature_K", "bonds_lost", "bonds_gained", "protons_lost", "t_o_t_mean_deg")
        html += "<h3>Simulation</h3>" + facts(
            [(k.replace("_", " "), hot[k]) for k in wanted if hot.get(k) is not None]
        )
    notes = "".join(f"<li>{escape(note)}</li>" for note in record["notes"])
    return html + (f"<ul>{notes}</ul>" if notes else "") + NOTES
