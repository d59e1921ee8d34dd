"""Everything about a trajectory on one time axis: ``zeocryst analyze``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.answers.identify import account_in_words
from zeocryst.beads import Beads, over_all
from zeocryst.engines.protocol import SEED_MARK
from zeocryst.errors import InputError, PluginError
from zeocryst.files.records import without_nan
from zeocryst.files.structures import Structures
from zeocryst.files.trajectory import TrajectoryWriter, logged
from zeocryst.foundation.outdir import check_empty, folder
from zeocryst.foundation.plugins import records
from zeocryst.foundation.progress import shown
from zeocryst.network.bonds import Network
from zeocryst.order import REGISTRY, check_names, find, measure, of_files
from zeocryst.order.aggregation import fractal_of_frames, no_fractal
from zeocryst.order.crystallinity import in_a_word, labelled
from zeocryst.order.kinetics import Frames, course, front_rows
from zeocryst.order.measured import Measured, Table
from zeocryst.order.ordering import aggregation_story
from zeocryst.report.analysis import write_analysis

if TYPE_CHECKING:
    import gsd.hoomd

#: Positions of the T of so many bytes are kept, so that frames need not be read again for the fronts.
KEPT_BYTES = 64_000_000
#: What a run has logged beside the order parameters and is carried on.
CARRIED = ("stage", "temperature_K", "pressure_bar", "energy_eV_per_bead")

Row = dict[str, Any]


@dataclass
class Analysis:
    """What was found in a trajectory.

    Attributes
    ----------
    summary : dict
        What ``--json`` prints, without the rows.
    rows : list of dict
        One a frame: ``frame``, ``step``, ``time_ps`` and what was measured, the unit in the name.
    distributions : dict
        Name to a list of tables, one a frame.
    grains : list of arrays
        Grain of each T, one array a frame, where crystallinity was measured.
    places : list of (array, array)
        Positions of the T and the cell, Å, one pair a frame; of the first frames where they are many.
    fronts : list of dict
        Where the fronts of a growing slab were, one a frame.
    first : dict
        What each order parameter gave for the first frame.
    """

    summary: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    distributions: dict[str, list[Table]] = field(default_factory=dict)
    grains: list[NDArray[Any]] = field(default_factory=list)
    places: list[tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=list)
    fronts: list[Row] = field(default_factory=list)
    first: dict[str, Measured] = field(default_factory=dict)

    def as_json(self) -> str:
        """One object: the summary, the rows as ``order_parameters``, ``distributions`` of the last frame."""
        last = {
            name: {column: values.tolist() for column, values in tables[-1].items()}
            for name, tables in self.distributions.items()
        }
        whole = {**self.summary, "order_parameters": self.rows, "distributions": last}
        return json.dumps(without_nan(whole), indent=1)


def parse_frames(text: str | None) -> slice:
    """``START:STOP:STEP`` as a slice, each part optional; a number alone is that frame.

    Raises
    ------
    InputError
        It has another form, or goes backwards.
    """
    if text is None:
        return slice(None)
    parts = text.split(":")
    try:
        numbers = [int(p) if p.strip() else None for p in parts]
    except ValueError:
        numbers = []
    if (
        not 1 <= len(numbers) <= 3
        or numbers == [None]
        or (len(numbers) == 3 and numbers[2] is not None and numbers[2] < 1)
    ):
        raise InputError(f"--frames {text}: expected START:STOP:STEP, whole numbers, with a STEP of 1 or more")
    if len(numbers) == 1:
        first = numbers[0] or 0
        return slice(first, first + 1 if first != -1 else None)
    return slice(*numbers)


def analyze(
    source: str | Path | Structures,
    frames: slice = slice(None),
    only: Sequence[str] | None = None,
    types: Mapping[str, str | Sequence[str]] | None = None,
    out: Path | None = None,
) -> Analysis:
    """Measure the chosen frames of a trajectory, and look for the transition.

    Parameters
    ----------
    source
        GSD, or anything ASE reads; or structures that were opened already.
    frames
        Which of them.
    only
        Names of order parameters (`zeocryst.order.REGISTRY`, and those of plugins); one that takes a framework
        has its code after a colon, ``environment:SGT``. Without it, and for ``all``, all that take none are
        measured, and those of the plugin files that were loaded, but cages, which take several times as long as
        all others: ``all,cages`` has them too.
    types
        What T, S and O are called in the file.
    out
        A folder for tables, distributions, per-site arrays and figures; it must not hold anything.

    Raises
    ------
    InputError
        The file, a name or the folder is wrong; nothing was written.
    """
    names = chosen_names(only)
    check_empty(out)
    structures = source if isinstance(source, Structures) else Structures(source, types)
    chosen = structures.whole(range(*frames.indices(len(structures))))
    if not chosen:
        cut = f"; {structures.cut_in_words}" if structures.cut else ""
        raise InputError(f"{structures.path}: --frames chooses none of its {len(structures)} frames{cut}")
    with folder(out) as place:
        found, last = _measure_all(structures, chosen, names, place)
        found.summary.update(_summary(structures, chosen, names, found, *last))
        _tell_clusters(found)
        _tell_beads(found)
        _tell_atoms(structures, chosen[-1], found)
        if place is not None:
            write_analysis(place, found.rows, found.distributions, found.summary, found.fronts, _panels(found))
    return found


def _panels(found: Analysis) -> dict[str, list[str]]:
    """The columns of each order parameter of a plugin, which have a panel of their own."""
    return {name: list(given.values) for name, given in found.first.items() if given.values}


@contextmanager
def _named(structures: Structures, index: int) -> Iterator[None]:
    """Say in which frame a plugin failed."""
    try:
        yield
    except PluginError as error:
        raise PluginError(f"{error} ({structures.path}, frame {index})") from None


def chosen_names(only: Sequence[str] | None) -> list[str]:
    """What is measured, each once; ``all`` stands for all that need no framework and are not costly."""
    every = [name for name, entry in REGISTRY.items() if "framework" not in entry.takes and not entry.costly]
    every += of_files()
    chosen = [*every] if only is None else []
    for name in only or ():
        chosen += every if name == "all" else [name]
    check_names(chosen)
    return list(dict.fromkeys(chosen))


def _measure_all(
    structures: Structures, chosen: Sequence[int], names: list[str], place: Path | None
) -> tuple[Analysis, tuple[Network, gsd.hoomd.Frame]]:
    """Measure every chosen frame; its sites go into ``sites.gsd`` of the folder, if there is one.

    Curves of all frames go into the folder, too; without one only those of the last frame are shown. Network
    and beads of the last frame are returned as well.
    """
    found = Analysis({})
    numbers = [name for name in names if not find(name).curve]
    writer = TrajectoryWriter(place / "sites.gsd") if place is not None else None
    counts = []
    try:
        for index in shown(chosen, "frames measured"):
            network, frame = structures.frame(index)
            beads = Beads.of(frame)
            counts.append((beads.count("T"), beads.count("S")))
            wanted = names if place or index == chosen[-1] else numbers
            with _named(structures, index):
                measured = measure(network, wanted, frame, seen=found.first)
            time = logged(frame, "time_ps")
            row: Row = {
                "frame": index,
                "step": int(frame.configuration.step or 0),
                "time_ps": float("nan") if time is None else time,
            }
            carried = {name: logged(frame, name) for name in CARRIED}
            row |= {name: value for name, value in carried.items() if value is not None}
            found.rows.append(row | measured.values | measured.words)
            if "grain" in measured.sites:
                found.grains.append(measured.sites["grain"])
                # of the first frames without a gap, also where later ones have fewer T
                room = len(found.grains) * network.positions.nbytes <= KEPT_BYTES
                if room and len(found.places) == len(found.grains) - 1:
                    found.places.append((network.positions, network.cell))
            for name, table in measured.distributions.items():
                found.distributions.setdefault(name, []).append(table)
            if writer is not None:
                by_bead = over_all(measured.sites, beads.are("T"), len(beads.kinds))
                writer.append(frame, row["step"], measured.values, by_bead)
    finally:
        if writer is not None:
            writer.__exit__(None, None, None)
    if len(set(counts)) > 1:
        for row, (n_t, n_s) in zip(found.rows, counts, strict=True):
            row |= {"n_T": n_t, "n_S": n_s}
    return found, (network, frame)


def _summary(
    structures: Structures,
    chosen: Sequence[int],
    names: list[str],
    found: Analysis,
    network: Network,
    frame: gsd.hoomd.Frame,
) -> dict[str, Any]:
    """What is said of all frames, and of the last one, whose network and beads are given."""
    rows = found.rows
    summary: dict[str, Any] = {
        "path": str(structures.path),
        "frames": len(chosen),
        "first_frame": chosen[0],
        "last_frame": chosen[-1],
        "n_T": network.n_sites,
        "n_S": Beads.of(frame).count("S"),
        "measured": names,
        **_plugins(names),
        "verdict": None,
        "sentence": "The crystalline share was not measured.",
        "crystalline_share": None,
        "types": None,
        "amorphous_share": None,
        "transition": None,
        "growth": None,
        "clusters": None,
    }
    if "crystallinity" not in names:
        return summary
    labels = labelled(network)  # as it was measured
    marks = frame.log.get(SEED_MARK)
    start = _start(rows)
    frames = _frames(structures, chosen, found, seeded=marks is not None and bool(np.any(marks)))
    story = course(rows, start, frames)
    if story["growth"]["fronts"]:
        found.fronts = front_rows(rows, start, frames, story["growth"]["front_normal"])
    types = ", ".join(f"{t['code']} {100 * float(str(t['share'])):.1f} %" for t in labels.summary())
    end = in_a_word(labels.crystalline_share)
    return summary | {
        "verdict": end,
        "sentence": f"The last frame is {end}: {labels.in_words} of the T are crystalline"
        f"{f' ({types})' if types else ''}. {story['transition']['sentence']} {story['growth']['sentence']}",
        **story,
        "types": labels.summary(),
        "amorphous_share": round(1 - labels.crystalline_share, 4),
    }


def _plugins(names: Sequence[str]) -> dict[str, Any]:
    """The entry ``plugins``: whose order parameters were measured; none where all are zeocryst's own."""
    foreign = [find(name).foreign for name in names]
    used = records(each for each in foreign if each is not None)
    return {"plugins": used} if used else {}


def _frames(structures: Structures, chosen: Sequence[int], found: Analysis, *, seeded: bool) -> Frames:
    """The frames for the kinetics; a run's crystal seed is marked in its last one."""

    def sites(k: int) -> tuple[Any, Any, Any]:
        """Positions, cell and grains of the T of a row."""
        if k < len(found.places):
            return *found.places[k], found.grains[k]
        network = structures.frame(chosen[k])[0]
        return network.positions, network.cell, found.grains[k]

    return Frames(lambda k: structures.frame(chosen[k])[0], sites, seeded)


def _tell_clusters(found: Analysis) -> None:
    """Put into the summary what became of the clusters; into its words where there are aggregates."""
    if "clusters" not in found.summary["measured"]:
        return
    story = aggregation_story(found.rows)
    tables = found.distributions["cluster_sizes"]
    fractal = fractal_of_frames(tables)
    story["fractal"] = None if fractal is None else asdict(fractal)
    story["no_fractal"] = no_fractal(tables)
    found.summary["clusters"] = story
    if story["aggregate"]:
        words = f" No fractal dimension: {story['no_fractal']}." if story["no_fractal"] else ""
        if fractal is not None:
            words = f" Fractal dimension {fractal.dimension:.2f} (all frames together)."
        found.summary["sentence"] += f" {story['sentence']}{words}"


def _tell_beads(found: Analysis) -> None:
    """Say so where not all frames have as many beads, as when a stage went on with a part of them."""
    first, last = found.rows[0], found.rows[-1]
    if "n_T" in first:
        found.summary["sentence"] += (
            f" The number of beads changes: the first frame has {first['n_T']} T and {first['n_S']} S, the "
            f"last {last['n_T']} T and {last['n_S']} S; shares are of those that each has."
        )


def _tell_atoms(structures: Structures, last: int, found: Analysis) -> None:
    """Put into the summary what the atoms of the last frame were taken as; into its words what was decided."""
    account = structures.account(last)
    found.summary["atoms"] = account
    said = [f"{text[0].upper()}{text[1:]}." for text in account_in_words(account)]
    if structures.cut:
        said.append(f"{structures.cut_in_words}.")
    if said:
        found.summary["sentence"] += f" {' '.join(said)}"


def _start(rows: list[Row]) -> int:
    """The row with which the longest stage of a run begins: what comes before it is preparation."""
    if any("stage" not in row for row in rows) or not np.isfinite([row["time_ps"] for row in rows]).all():
        return 0
    lengths: dict[float, float] = {}
    for before, row in pairwise(rows):
        lengths[row["stage"]] = lengths.get(row["stage"], 0.0) + row["time_ps"] - before["time_ps"]
    if not lengths:
        return 0
    longest = max(lengths, key=lambda stage: (lengths[stage], stage))
    return max((k for k, row in enumerate(rows) if row["stage"] < longest), default=0)
