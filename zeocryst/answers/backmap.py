"""``zeocryst backmap``: frames of a file or of a run to atoms, in a folder of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.answers.asked import NOTHING, Prepared, Wanted, prepare
from zeocryst.answers.atomistic import Realized, in_words, realize, write_results
from zeocryst.answers.chemistry import Complete, complete
from zeocryst.answers.choosing import frames_of_file, frames_of_run, moment, numbered
from zeocryst.answers.road import along, road, survival
from zeocryst.beads import Beads
from zeocryst.chemistry.roles import parse_types
from zeocryst.chemistry.writable import written_as_silica
from zeocryst.errors import InputError
from zeocryst.files.records import provenance, without_nan
from zeocryst.files.structures import Structures
from zeocryst.files.trajectory import count_frames, read_frame
from zeocryst.foundation.outdir import check_empty, folder
from zeocryst.foundation.progress import shown
from zeocryst.model.forcefield import SILICATE, read_forcefield
from zeocryst.network.bonds import Network, bonds_from_sites
from zeocryst.network.matching import Choices, matched_bonds, matched_within
from zeocryst.quench.relax import Quenched, quench
from zeocryst.refinement.bonding import framework_alone

if TYPE_CHECKING:
    import gsd.hoomd
    from ase import Atoms

#: Model of the quench, where the run does not say another.
MODEL = "ts"


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes
    ----------
    frame : str or None
        Numbers (``N``, ``N,M,...`` or ``START:STOP:STEP``), or "auto": the frames of a run that matter
        (`zeocryst.answers.choosing`), of a file its start, middle and end. None is the start, the transition
        (or the middle) and the end of a run, and every frame of a file.
    quench : str or None
        "ts" or "none"; None quenches frames that hold S. Without S the model does not hold a network open.
    cell : str
        "fixed" or "free".
    seed : int
    types : str or None
        What T and S are called, such as ``T=Si,S=X``.
    wanted : Wanted
        Guests, heteroatoms and refinement.
    """

    frame: str | None = None
    quench: str | None = None
    cell: str = "fixed"
    seed: int = 1
    types: str | None = None
    wanted: Wanted = NOTHING


@dataclass(frozen=True)
class Ready:
    """A frame's network, what was chosen for its bonds, how it was quenched, and what came of that.

    `places` are those of its S, (K, 3) Å; None where the structure has no beads.
    """

    network: Network
    choices: Choices | None
    how: str
    quenched: Quenched | None = None
    places: np.ndarray | None = None


@dataclass(frozen=True)
class Source:
    """A frame to be back-mapped: `network` where it is known already, `beads` where not; what to say of it.

    T and S of the beads are types of these names, unless `Options.types` says what they are called. `places`
    are those of the S beside a network that is known, (K, 3) Å; None where there are none.
    """

    label: str
    index: int
    network: Network | None = None
    beads: gsd.hoomd.Frame | None = None
    words: tuple[str, ...] = ()
    places: np.ndarray | None = None


@dataclass(frozen=True)
class Answer:
    """Atoms of a frame, and what is said about them.

    Attributes
    ----------
    source : Source
    ready : Ready
    found : zeocryst.answers.atomistic.Realized
        Of the silica.
    complete : zeocryst.answers.chemistry.Complete
        With guests, heteroatoms and refinement, where they were asked for.
    words : list of str
        What was chosen and how the atoms are, in sentences.
    """

    source: Source
    ready: Ready
    found: Realized
    complete: Complete
    words: list[str]

    @property
    def atoms(self) -> Atoms:
        """The framework in the end: refined, where it was, else with its heteroatoms' bonds; every T a Si."""
        refined = self.complete.refined
        return framework_alone(self.complete.atoms if refined is None else refined.atoms)


def backmap_files(path: Path, out: Path, options: Options) -> dict[str, Any]:
    """Back-map what the command line names, write the folder and return its summary.

    Raises
    ------
    InputError
        The input cannot be read or has no such frame, or `out` is there and not empty; nothing was written.
    SimulationError
        The engine failed while quenching.

    Notes
    -----
    What fails after the silica was there (heteroatoms, guests, refinement) raises nothing: the summary has an
    entry ``failed``, of which `zeocryst.answers.chemistry.raise_failures` makes an error. An interrupt is
    raised once the frames that were done are in the folder, where there are some.
    """
    check_empty(out)
    if options.seed < 1:
        raise InputError(f"--seed {options.seed}: expected a whole number of at least 1")
    chemistry = prepare(options.wanted)
    sources, model = _sources(path, options)
    prepared = [(source, ready_network(source, model, options)) for source in sources]
    with folder(out) as made:
        assert made is not None
        summary = _write(path, made, prepared, options, chemistry)
    if "interrupted" in summary:
        raise KeyboardInterrupt(f"{summary['interrupted']}: {out}")
    return summary


def _write(
    path: Path, out: Path, prepared: list[tuple[Source, Ready]], options: Options, chemistry: Prepared
) -> dict[str, Any]:
    """Atoms, report and summary of the frames, in a folder; the summary."""
    from zeocryst.report.backmap import write_backmap_report

    entries: list[dict[str, Any]] = []
    interrupted = False
    for number, (source, ready) in enumerate(shown(prepared, "frames back-mapped")):
        last = number == len(prepared) - 1
        # the last frame is the folder's own, as in a run; others lie under frames/
        name = "framework" if last else f"frames/framework_{source.index}"
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            made = answer(source, ready, options, chemistry)
        except KeyboardInterrupt:
            if not entries:
                raise
            interrupted = True
            break
        write_answer(out / Path(name).parent, made, chemistry, Path(name).name)
        entries.append({"files": name, **entry(made)})
        if len(prepared) > 1:
            how = "the geometry as solved" if made.complete.refined is None else "refined atoms"
            n_sites = ready.network.n_sites
            others = bool((made.complete.atoms.numbers[:n_sites] != 14).any())
            entries[-1]["along"] = along(made.atoms, n_sites, how, substituted=others)
    summary: dict[str, Any] = {
        "source": str(path), "seed": options.seed, "cell": options.cell, **entries[-1], "frames": entries[:-1],
        "provenance": provenance(),
    }  # fmt: skip
    if interrupted:
        summary["interrupted"] = f"{len(entries)} of {len(prepared)} frames were done"
    if len(entries) > 1:
        summary["road"] = road(entries)
    summary = dict(without_nan(summary))
    write_backmap_report(out, summary)
    (out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")
    return summary


def answer(source: Source, ready: Ready, options: Options, chemistry: Prepared) -> Answer:
    """Atoms of a frame whose network is ready."""
    free_cell = options.cell == "free"
    found = realize(ready.network, options.seed, free_cell=free_cell, choices=ready.choices)
    words = [*source.words, *in_words(found.record, found.ideal)]
    words += [ready.quenched.sentence] if ready.quenched else []
    places = ready.places
    if places is not None:  # they go with the cell
        places = places @ np.linalg.inv(ready.network.cell) @ found.atoms.cell[:]
    made = complete(found.atoms, ready.network, places, chemistry, seed=options.seed, free_cell=free_cell)
    return Answer(source, ready, found, made, [*words, *made.words])


def write_answer(folder: Path, made: Answer, chemistry: Prepared, name: str = "framework") -> None:
    """Write the atoms, and beside them the refined ones as ``refined.*``."""
    from zeocryst.files.refined import write_refined

    write_results(folder, made.found, name, made.complete.atoms)
    refined, method = made.complete.refined, chemistry.method
    if refined is None or method is None:
        return
    called = name.replace("framework", "refined")
    try:
        own = method.write_data(folder, called, refined.atoms, made.complete.guests)
    except InputError as error:  # a bond that was lost leaves atoms that the force field has no terms for
        own = []
        sentence = f"{called}.data is without the force field's terms: {error}."
        if sentence not in made.words:  # written before, into another folder
            made.words.append(sentence)
    write_refined(folder, refined.atoms, called, data=not own)


def entry(made: Answer) -> dict[str, Any]:
    """What ``summary.json`` says of a frame."""
    ready, found = made.ready, made.found
    return {
        "frame": made.source.index, "label": made.source.label, **moment(made.source.beads),
        "quench": ready.how,
        "quenched": ready.quenched.record() if ready.quenched else None,
        "n_T": ready.network.n_sites, "types_from_atoms": found.types,
        "amorphous_share_from_atoms": found.amorphous_share, "words": made.words,
        "ideal": found.ideal, "backmap": found.record, **made.complete.record,
        "network_survival": survival(ready.network, made.source.beads, made.atoms),
    }  # fmt: skip


def _sources(path: Path, options: Options) -> tuple[list[Source], str]:
    """The frames that were asked for, and the model of the run that they come from."""
    if path.is_dir():
        chosen, model = frames_of_run(path, options.frame)
        trajectory = path / "trajectory.gsd"
        return [Source(label, k, beads=read_frame(trajectory, k)) for label, k in chosen], model or MODEL
    if not path.is_file():
        raise InputError(f"no file or run folder {path}")
    if path.suffix.lower() == ".gsd":
        chosen = frames_of_file(options.frame, count_frames(path))
        return [Source(label, k, beads=read_frame(path, k)) for label, k in chosen], MODEL
    found = Structures(path, parse_types(options.types))
    if options.frame in (None, "auto"):
        there = found.chosen(None)
        chosen = frames_of_file(options.frame, len(there))
    else:
        chosen = numbered(str(options.frame), len(found))
        there = list(range(len(found)))
        for _, k in chosen:
            found.chosen(k)  # none that is cut
    return [source_of_atoms(found, there[k], label) for label, k in chosen], MODEL


def source_of_atoms(found: Structures, index: int, label: str = "frame") -> Source:
    """A frame of atoms; refused where its T are elements that cannot be written."""
    network, account = found.network(index), found.account(index)
    try:
        words = [*written_as_silica(account), *(f"{text[0].upper()}{text[1:]}." for text in account["notes"])]
    except InputError as error:
        raise InputError(f"{found.path}: frame {index}: {error}") from None
    if found.cut:
        words.append(f"{found.cut_in_words}.")
    return Source(label, index, network, words=tuple(words), places=found.places_of_S(index))


def ready_network(source: Source, model: str, options: Options) -> Ready:
    """The network of a frame, quenched where that is wanted.

    Raises
    ------
    InputError
        There are no T, they are none of silica, or the frame cannot be quenched in this model.
    SimulationError
        The engine failed while quenching.
    """
    if source.network is not None:
        if options.quench == "ts":
            raise InputError(
                "--quench ts: needs beads of the T-S model (a GSD file or a run); this has atoms or T"
            )
        network = source.network
        if np.isnan(network.cutoff):
            how = "none: bonds are those of the oxygens"
            return Ready(_at_most_four(network), None, how, places=source.places)
        return Ready(*_matched(network.positions, network.cell), "none", places=source.places)
    beads = source.beads
    assert beads is not None
    forcefield = read_forcefield(model)
    if forcefield.site != SILICATE:
        raise InputError(
            f"a T of {forcefield.name} is {forcefield.site}, no {SILICATE}: no silica can be made of it"
        )
    names = list(beads.particles.types or [])
    roles = {name: role for role, called in parse_types(options.types).items() for name in called}
    kinds = [roles.get(name, {"Si": "T"}.get(name, name)) for name in names]
    present = {kinds[k] for k in np.unique(np.asarray(beads.particles.typeid))}
    if "T" not in present:
        raise InputError(
            f"no beads of type T among {', '.join(map(repr, names))}; say which with --types T=NAME"
        )
    if (options.quench or ("ts" if "S" in present else "none")) == "ts":
        from zeocryst.engines import choose_engine
        from zeocryst.solution.start import adopt

        ready = adopt(beads, dict(zip(names, kinds, strict=True)), forcefield, "the frame")
        engine, _ = choose_engine(forcefield, threads=1, frame=ready)
        found = quench(engine, ready, forcefield)
        energy = found.energy_eV / ready.particles.N
        how = f"{model}, by {engine.info.name}: {energy:.6f} eV per bead"
        cold = Beads.of(found.frame)
        return Ready(*matched_within(found.network), how, found, cold.positions[cold.are("S")])
    seen = Beads.of(beads)
    kind = np.array(kinds)[seen.kinds]
    made = Ready(*_matched(seen.positions[kind == "T"], seen.cell), "none")
    return replace(made, places=seen.positions[kind == "S"])


def _matched(positions: np.ndarray, cell: np.ndarray) -> tuple[Network, Choices]:
    """Bonds of T as they are, by the best matching; clusters are those of bonds given out nearest first."""
    cutoff = matched_bonds(positions, cell)[0].cutoff
    return matched_within(bonds_from_sites(positions, cell, cutoff))


def _at_most_four(network: Network) -> Network:
    """A network from oxygens; refused where a T has more than four."""
    if (network.degree > 4).any():
        worst = int(network.degree.argmax())
        raise InputError(
            f"T {worst} has {int(network.degree[worst])} bridging oxygens; at most four can be back-mapped. "
            "Give the T alone to have bonds chosen"
        )
    return network
