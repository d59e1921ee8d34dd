"""The report of one run."""

from __future__ import annotations

from collections.abc import Set
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.errors import InputError
from zeocryst.files.records import read_json, read_summary
from zeocryst.files.trajectory import count_frames, read_frame, run_frames
from zeocryst.foundation.textfiles import read_table
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import measure
from zeocryst.order.kinetics import front_rows
from zeocryst.order.measured import Table
from zeocryst.report import figures
from zeocryst.report.aggregation import save_aggregation
from zeocryst.report.backmap import NAMED, backmap_sections, ideal_crystal
from zeocryst.report.backmap import NOTES as BACKMAP_NOTES
from zeocryst.report.besides import besides, plugin_in_words
from zeocryst.report.fronts import CAPTION, save_fronts
from zeocryst.report.methods import write_methods
from zeocryst.report.opening import opening, verdict_in_short
from zeocryst.report.page import Html, checks_table, facts, image, page, percent, table

if TYPE_CHECKING:
    import gsd.hoomd

DEFINITIONS = """<p class="note">A T is <b>crystalline</b> where its surroundings are those of a framework type
or recur throughout its neighbourhood, in a grain large enough to mean something (the method and its
thresholds: <code>zeocryst.order.labels</code>). Bonds join T nearest first, at most four each. Rings are
primitive (shortest-path) rings. The last frame is quenched: relaxed to the nearest energy minimum of the
coarse-grained model, or, where clusters are apart, cluster by cluster as far as each stays what it is. Time is
that of the coarse-grained model, whose dynamics is smoothed: it is not the time of a synthesis.</p>"""
ATOMS = """<p class="note">Atoms come from the last frame, quenched; their geometry is solved by distance least
squares with the cell fixed.</p>"""
CLUSTERS = """<p class="note">Clusters are T joined by bonds; a T without bonds is a cluster of one. An S
belongs to that of its nearest T if it is within 7.5 Å, the first shell of T and S. The largest cluster is
ordered from the frame on after which its crystalline share stays at 0.1 or more. The solvent is implicit and
the dynamics smoothed: there is no pH, no charge and no explicit water, and rates are not those of a
synthesis.</p>"""

#: Columns behind the curves; runs of earlier versions lack some.
DRAWN = (
    "time_ps", "crystalline_share", "mean_crystallinity", "largest_grain_sites", "smallest_visible_T",
    "q4_share", "tetrahedral_order", "energy_eV_per_bead", "temperature_K", "density_T_per_1000A3",
)  # fmt: skip
#: Most frames whose cluster sizes and scattering are in the report, and most T of all of them: of larger frames
#: there are fewer, but three.
FRAMES_WITH_SIZES, T_WITH_SIZES = 20, 1_000_000
#: Columns that hold words.
WORDS = {"largest_grain_framework"}
#: Columns without which nothing can be drawn.
COLUMNS = {"step", "time_ps", "stage", "temperature_K", "energy_eV_per_bead", "q4_share", "crystalline_share"}


def read_rows(path: Path, columns: Set[str] = COLUMNS) -> list[dict[str, float]]:
    """The numbers of ``order_parameters.csv``, which has to have these columns."""
    _, texts = read_table(path)
    try:
        rows = [{k: float(v) if v else float("nan") for k, v in row.items() if k not in WORDS} for row in texts]
    except ValueError as error:
        raise InputError(f"{path}: damaged: {error}") from None
    missing = sorted(columns - set(rows[0] if rows else ()))
    if missing:
        raise InputError(f"{path}: damaged: no columns {', '.join(missing)}")
    return rows


def write_report(folder: Path, summary: dict[str, Any] | None = None) -> Path:
    """Write ``report.html`` and ``figures/`` from what lies in a run's folder; returns the page's path.

    Without `summary`, that of the folder is read.
    """
    if summary is None:
        summary = read_summary(folder)
    rows = read_rows(folder / "order_parameters.csv")
    stages = np.array([row["stage"] for row in rows])
    times = np.array([row["time_ps"] for row in rows])
    starts = [float(times[np.flatnonzero(stages == s)[0] - 1]) for s in np.unique(stages)[1:]]
    transition = summary["transition"]
    place = folder / "figures"
    shown = figures.save(
        figures.curves(rows, starts, transition["time_ps"], summary["quenched"]["crystalline_share"]),
        place, "order",
        _columns(rows, tuple(name for name in DRAWN if name in rows[0])),
    )  # fmt: skip
    ring_names = tuple(k for k in rows[0] if k.startswith("rings"))
    ring_file = figures.save(figures.rings(rows), place, "rings", _columns(rows, ("time_ps", *ring_names)))
    drawn, sites = figures.pictures(_three_frames(folder, int(summary["start_frame"]), transition["time_ps"]))
    picture_file = figures.save(drawn, place, "pictures", sites)
    methods = _methods(folder, summary)  # its files are there when the page links to them
    sections = [
        ("Result", f"<p>{escape(summary['sentence'])}</p>" + _result(summary)),
        ("Over time", image(shown, _caption(rows, transition))),
        ("Rings", image(ring_file, "Primitive rings per T by size.")),
        *_growth(folder, rows, summary),
        *_clusters(folder, rows, summary),
        *besides(folder, rows, summary),
        *_events(summary),
        *_atoms(folder, summary),
        *_thinned(summary),
        *methods,
        ("How it was made", _made(folder, summary)),
    ]  # fmt: skip
    text = page(
        f"{summary['condition']}, seed {summary['seed']}", summary["verdict"], verdict_in_short(summary, rows),
        sections, opening(folder, summary, rows, (picture_file, _picture_caption(summary["n_T"]))),
    )  # fmt: skip
    path = folder / "report.html"
    path.write_text(text, "utf-8")
    return path


def _columns(rows: list[dict[str, float]], names: tuple[str, ...]) -> list[dict[str, float]]:
    return [{name: row[name] for name in names} for row in rows]


def _three_frames(folder: Path, first: int, transition_ps: float | None) -> list[tuple[str, gsd.hoomd.Frame]]:
    """Start (the preparation over), middle (the transition, if there was one) and end."""
    rows = read_rows(folder / "order_parameters.csv")
    numbers = list(range(first, count_frames(folder / "trajectory.gsd")))
    middle = numbers[len(numbers) // 2]
    if transition_ps is not None:
        middle = min(numbers, key=lambda k: abs(rows[k]["time_ps"] - transition_ps))
    chosen = [numbers[0], middle, numbers[-1]]
    frames = {k: read_frame(folder / "trajectory.gsd", k) for k in set(chosen)}
    found = []
    for word, k in zip(("start", "middle", "end"), chosen, strict=True):
        time, share = rows[k]["time_ps"] / 1000, rows[k]["crystalline_share"]
        found.append((f"{word}: {time:.2f} ns, {100 * share:.0f} % crystalline", frames[k]))
    return found


def _picture_caption(n_t: int) -> str:
    """What the pictures are."""
    words = "T networks along the shortest axis of the box, the longest to the right; nearer sites are darker."
    if n_t <= figures.MOST_DRAWN_T:
        return words
    return f"{words} A slice of the middle is drawn, with about {figures.MOST_DRAWN_T} of the {n_t} T."


def _caption(rows: list[dict[str, float]], transition: dict[str, Any]) -> str:
    """What the curves are."""
    visible = round(max(row.get("smallest_visible_T", 0) for row in rows))  # not in earlier versions
    text = (
        "Order, energy, temperature and density of the frames as simulated (hot), and the crystalline share of "
        "the last one once quenched. "
    )
    if visible:
        text += f"A share of 0 says that there is no crystal larger than about {visible} T. "
    return text + f"Dotted: stages. {'Dashed: transition. ' * transition['found']}{transition['sentence']}"


def _result(summary: dict[str, Any]) -> str:
    share, quenched = summary["crystalline_share"], summary["quenched"]
    agree = ", ".join(f"{code} {percent(v)}" for code, v in quenched["agree_to_8_shells"].items())
    rows = [
        ("crystalline share, start (after the preparation), as simulated", percent(share["start"])),
        ("crystalline share, end, as simulated", percent(share["end"])),
        ("crystalline share, end, quenched (the verdict)", percent(quenched["crystalline_share"])),
        ("four-coordinated T, end, quenched", percent(quenched["q4_share"])),
        ("agree to eight shells, end, quenched", agree or "none"),
        *((("quench", quenched["sentence"]),) if "sentence" in quenched else ()),  # not in earlier versions
        *((("crystal seed", summary["seed_fate"]["sentence"]),) if "seed_fate" in summary else ()),
        ("speed", f"{summary['steps_per_s']:.0f} steps/s, {summary['wall_s']:.0f} s in all"),
    ]
    return facts(rows) + _named(summary) + DEFINITIONS


def _named(summary: dict[str, Any]) -> str:
    """What the last frame was named: as simulated, once quenched, from its atoms."""
    columns = {"as simulated": summary["types"], "quenched": summary["quenched"]["types"]}
    if "types_from_atoms" in summary:
        columns["from the atoms"] = summary["types_from_atoms"]
    codes = dict.fromkeys(row["code"] for types in columns.values() for row in types)
    shares = {name: {row["code"]: row for row in types} for name, types in columns.items()}
    rows = [[code, *(_share(shares[name].get(code)) for name in columns)] for code in (*codes,)]
    left = [1 - sum(row["share"] for row in types) for types in columns.values()]
    rows.append(["amorphous", *(percent(max(0.0, share)) for share in left)])
    return table(["framework, last frame", *columns], rows)


def _share(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    grains = f", {row['grains']} grains" if row["grains"] > 1 else ""
    return f"{percent(row['share'])} ({row['sites']} T{grains})"


def _growth(folder: Path, rows: list[dict[str, float]], summary: dict[str, Any]) -> list[tuple[str, str]]:
    """How fast it grew, and where its fronts were if there are two."""
    growth = summary.get("growth")  # not of an earlier version
    if not growth:
        return []
    shown = ""
    if growth["fronts"]:
        frames = run_frames(folder / "trajectory.gsd", seeded=False)
        places = front_rows(rows, int(summary["start_frame"]), frames, growth["front_normal"])
        shown = image(save_fronts(folder / "figures", places, growth), CAPTION)
    words = {"rate_sites_per_ns": "growth rate", "waiting_time_ps": "waiting time"}
    reasons = {**growth["why_not"], **summary["transition"]["why_not"]}
    lines = [f"<li>No {escape(words.get(k, k.split('_')[0]))}: {escape(v)}.</li>" for k, v in reasons.items()]
    return [("Growth", f"<p>{escape(growth['sentence'])}</p>{shown}<ul class=note>{''.join(lines)}</ul>")]


def _most_with_sizes(n_t: int) -> int:
    """Of how many frames of so many T cluster sizes and scattering are measured for the report."""
    return min(FRAMES_WITH_SIZES, max(3, T_WITH_SIZES // n_t))


def thinned(n_t: int, n_frames: int, *, clusters: bool) -> list[str]:
    """What a report on frames of so many T shows in part only, and why: a sentence each."""
    found = []
    if n_t > figures.MOST_DRAWN_T:
        found.append(
            f"Pictures show a slice with about {figures.MOST_DRAWN_T} of the {n_t} T, as of any larger frame."
        )
    most = _most_with_sizes(n_t)
    if clusters and most < min(n_frames, FRAMES_WITH_SIZES):
        found.append(
            f"Sizes of clusters and scattering in the report are those of {most} of {n_frames} frames: of at "
            f"most {T_WITH_SIZES} T in all, but of three frames at least."
        )
    return found


def _clusters(folder: Path, rows: list[dict[str, float]], summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What became of the clusters, where they were measured."""
    story = summary.get("clusters")
    if not story:
        return []
    # sizes and scattering are not kept with the frames: they are measured again, in some
    most = _most_with_sizes(summary["n_T"])
    chosen = sorted({round(k) for k in np.linspace(0, len(rows) - 1, min(len(rows), most))})
    tables: dict[str, list[Table]] = {"cluster_sizes": [], "small_angle": []}
    for k in chosen:
        frame = read_frame(folder / "trajectory.gsd", k)
        found = measure(network_of_frame(frame)[0], ["clusters", "small_angle"], frame)
        for name, kept in tables.items():
            kept.append(found.distributions[name])
    labels = [f"{rows[k]['time_ps'] / 1000:.3g} ns" for k in chosen]
    picked = sorted({0, len(chosen) // 2, len(chosen) - 1})
    shown = save_aggregation(folder / "figures", rows, tables, labels, picked)
    names = {
        "clusters": "clusters",
        "mean_cluster_T": "T per cluster, number average",
        "weight_mean_cluster_T": "T per cluster, weight average",
        "largest_cluster_T": "T of the largest",
        "largest_cluster_S": "S of the largest",
    }
    lines = [[words, story["start"][name], story["end"][name]] for name, words in names.items()]
    html = f"<p>{escape(story['sentence'])}</p>" + table(["", "start", "end"], lines)
    return [("Clusters", html + "".join(image(path, words) for path, words in shown) + CLUSTERS)]


def _events(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What became atoms on the way, with links to what was made."""
    found = summary.get("events")
    if not found:
        return []
    rows = []
    for event in found:
        asked = ", ".join(f"{key} {event[key]}" for key in ("refine", "sda", "si_al") if key in event)
        said = " ".join(filter(None, [event.get("sentence"), event.get("error")]))
        place = f"{event['folder']}/report.html" if "folder" in event else event.get("log")
        link = Html(f'<a href="./{escape(place)}">{escape(place)}</a>') if place else ""
        refined = event.get("refined") or {}
        energy = refined.get("above_quartz_kJ_per_mol")
        said += "" if energy is None else f" {energy:.2f} kJ/mol SiO2 above quartz."
        rows.append([event["when"], asked, event["status"], event["frame"], event["time_ps"], said, link])
    header = ["when", "asked for", "", "frame", "ps", "", "report"]
    return [("Atoms on the way", table(header, rows))]


def _atoms(folder: Path, summary: dict[str, Any]) -> list[tuple[str, str]]:
    back = summary.get("backmap")
    if "no_atoms" in summary:
        return [("Atoms", f"<p>{escape(summary['no_atoms'])}</p>")]
    if not back:
        return []
    made = f"<p>Built from {escape(back['of'])}.</p>" if "of" in back else ""  # not in earlier versions
    if "distributions" not in back:  # of an earlier version
        rows = [
            ("formula", back["formula"]),
            ("silanols", back["n_silanol"]),
            ("DLS residual", back["dls_residual"]),
        ]
        return [("Atoms", made + facts(rows) + ATOMS + checks_table(back["checks"]))]
    said = "<ul>" + "".join(f"<li>{escape(word)}</li>" for word in back["words"]) + "</ul>"
    return [
        ("Atoms", made + said + ATOMS + BACKMAP_NOTES),
        *(
            (f"Atoms: {name[0].lower()}{name[1:]}", content)
            for name, content in backmap_sections(folder, back)
            if name != NAMED  # with the other names, above
        ),
        *([("Atoms: ideal crystal", ideal_crystal(summary["ideal"]))] if "ideal" in summary else []),
    ]


def _thinned(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What was done in part only, or left out, because of the size."""
    if not summary.get("thinned"):
        return []
    lines = "".join(f"<li>{escape(words)}</li>" for words in summary["thinned"])
    return [("Thinned or left out, because of the size", f"<ul>{lines}</ul>")]


def _methods(folder: Path, summary: dict[str, Any]) -> list[tuple[str, str]]:
    """The paragraph for a paper, with its references as a file beside the page."""
    text = write_methods(folder, summary)
    note = (
        '<p class="note">Also in <a href="./methods.md">methods.md</a>, with what it cites in <a '
        'href="./references.bib">references.bib</a>.</p>'
    )
    return [("Methods", f"<p>{escape(text)}</p>{note}")] if text else []


def _made(folder: Path, summary: dict[str, Any]) -> str:
    engine = summary["engine"]
    provenance = read_json(folder / "provenance.json")
    rows = [
        (
            "engine",
            f"{engine['name']} {engine['version']}, {engine['device']}, {_workers(engine)}",
        ),
        *_shared(provenance),
        ("zeocryst", provenance["zeocryst"]),
        *(("plugin", plugin_in_words(entry)) for entry in summary.get("plugins", ())),
        ("interruptions", len(summary["interruptions"]) or "none"),
        ("force field", summary["forcefield_source"]),
    ]
    solvent = summary.get("solvent")
    if solvent:
        each = ", ".join(f"{kind} {value:.4g}" for kind, value in solvent["friction_amu_per_ps"].items())
        rows += [
            ("viscosity of the solvent (mPa s)", solvent["viscosity_mPa_s"]),
            ("friction of each bead (amu/ps)", each),
            ("what its time means", solvent["time"]),
        ]
    condition = (folder / "condition.toml").read_text("utf-8")
    return facts(rows) + _interruptions(summary["interruptions"]) + f"<pre>{escape(condition)}</pre>"


def _workers(engine: dict[str, Any]) -> str:
    """Processes and threads in words."""
    ranks = engine.get("ranks", 1)
    threads = f"{engine['threads']} threads"
    return threads if ranks == 1 else f"{ranks} processes with {threads} each"


def _shared(provenance: dict[str, Any]) -> list[tuple[str, str]]:
    """How evenly processes shared the work, and where the time went; nothing of a run in one."""
    even, shares = provenance.get("imbalance"), provenance.get("time_shares")
    if not even or not shares:
        return []
    spent = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
    return [
        (
            "imbalance of processes (largest over mean)",
            f"{even['beads']:.2f} in beads, {even['time']:.2f} in the time of their work",
        ),
        ("where the time of the steps went (alone: measuring and writing on one process)", spent),
    ]


def _interruptions(entries: list[dict[str, Any]]) -> str:
    """When, where and why a run was interrupted, one by one."""
    if not entries:
        return ""
    rows = [
        [e.get("time"), e.get("step"), e.get("time_ps"), e.get("reason"), e.get("words", "")] for e in entries
    ]
    return table(["interrupted (UTC)", "after step", "ps", "why", ""], rows)
