"""What a run amounts to, once its last step is done: quench, names, atoms, report and ``summary.json``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.answers.atomistic import in_words, realize, write_results
from zeocryst.backmapping.judging import verdict
from zeocryst.condition import Condition
from zeocryst.engines.protocol import SEED_MARK, Engine
from zeocryst.errors import SimulationError
from zeocryst.files.records import now, read_json, without_nan
from zeocryst.files.rundir import ABOVE, RunDirectory
from zeocryst.files.trajectory import count_frames, iterate, read_frame, run_frames
from zeocryst.foundation.progress import duration
from zeocryst.foundation.working import Working
from zeocryst.model.forcefield import ForceField
from zeocryst.model.solvent import HOW_PHYSICAL
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import find_clusters, part
from zeocryst.network.matching import matched_within
from zeocryst.order.crystallinity import in_a_word
from zeocryst.order.kinetics import course
from zeocryst.order.labels import Labels, agreement, label_sites
from zeocryst.order.likeness import seed_fate
from zeocryst.order.ordering import aggregation_story
from zeocryst.order.stackings import NAMES as STACKED
from zeocryst.quench.relax import Quenched, quench
from zeocryst.running.besides import Besides
from zeocryst.running.step_down import RECORD
from zeocryst.running.watching import Watch
from zeocryst.solution.conserved import check_atoms

if TYPE_CHECKING:
    import gsd.hoomd

#: Atoms of more T than this are made only by ``zeocryst backmap`` (1e5 T of SOD take 42 s and 1.5 GB).
MOST_BUILT_T = 200_000


@dataclass(frozen=True)
class Conclusion:
    """The work after the simulation.

    Attributes
    ----------
    condition, forcefield, engine, folder
        Of the run.
    names : tuple of str
        What was measured in every frame.
    say : callable
        Tells people how far it is.
    working : Working
        Shows which part goes on.
    wall_s : callable
        Seconds that the run has taken so far.
    besides : Besides
        What the condition asks for besides, and the plugins.
    events : dict
        The entry ``events`` of the summary; empty where the condition has none.
    """

    condition: Condition
    forcefield: ForceField
    engine: Engine
    folder: RunDirectory
    names: tuple[str, ...]
    say: Callable[[str], None]
    working: Working
    wall_s: Callable[[], float]
    besides: Besides
    events: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Quench, back-map, identify, report; what ``summary.json`` holds then.

        Raises
        ------
        SimulationError
            The trajectory and the table do not belong together, or the quench failed.
        """
        self.say("simulation done; quenching and naming the last frame")
        condition, folder = self.condition, self.folder
        rows = self._rows()
        frame = read_frame(folder.trajectory)
        with self.working.on("quenching the last frame") as told:
            found = quench(self.engine, frame, self.forcefield, told)
        network = found.network
        self.say(found.sentence)
        with self.working.on("naming it, quenched"):
            cold = label_sites(network)
        with self.working.on("how order came about"):
            story = self._course(rows, frame)
        n_beads = int(frame.particles.N)
        summary: dict[str, Any] = {
            "condition": condition.name,
            "seed": condition.seed,
            "verdict": in_a_word(cold.crystalline_share),
            "sentence": "",
            **self._circumstances(),
            "n_T": network.n_sites,
            "n_S": n_beads - network.n_sites,
            "steps": int(rows[-1]["step"]),
            "time_ps": rows[-1]["time_ps"],
            "stages": Watch.of(condition, rows).story(),
            **story,
            "quenched": {
                **found.record(),
                "energy_eV_per_bead": found.energy_eV / n_beads,
                "crystalline_share": cold.crystalline_share,
                "q4_share": float((network.degree == 4).mean()),
                "types": cold.summary(),
                "agree_to_8_shells": agreement(cold, 8),
            },
            "interruptions": folder.interruptions(),
            **self._above(),
            **self.besides.summary(),
            **self.events,
        }
        if condition.seed_framework:
            summary["seed_fate"] = self._fate(condition.seed_framework, found.frame)
        if condition.output.backmap:
            self.say("back-mapping to atoms")
            with self.working.on("back-mapping to atoms"):
                summary |= self._backmap(network, frame)
        if left := self._thinned(found, summary, len(rows)):
            summary["thinned"] = left
        summary["sentence"] = _sentence(cold, summary)
        summary["steps_per_s"] = folder.recorded("steps_per_s", 0.0)
        summary["wall_s"] = self.wall_s()
        if condition.output.report:
            from zeocryst.report.run import write_report

            # the report reads the summary; the run counts as finished only once both are there
            folder.record(finished=now())
            with self.working.on("writing the report"):
                write_report(folder.path, without_nan(summary))
        summary["wall_s"] = self.wall_s()
        summary = without_nan(summary)
        folder.write("summary.json", json.dumps(summary, indent=1) + "\n")
        folder.record(finished=now(), running=None)
        self.say(f"{summary['sentence']} Results in {folder.path} ({duration(summary['wall_s'])} in all)")
        return summary

    def _thinned(self, found: Quenched, summary: dict[str, Any], frames: int) -> list[str]:
        """What was done in part only, or left out, because of the size; what is new of it is told."""
        from zeocryst.report.run import thinned

        known = [self.folder.recorded("start_relaxed", ""), found.cut_short, summary.get("no_atoms", "")]
        new: list[str] = []
        if self.condition.output.report:
            new = thinned(summary["n_T"], frames, clusters="clusters" in summary)
        for words in new:
            self.say(words)
        return [words for words in (*known, *new) if words]

    def _rows(self) -> list[dict[str, float]]:
        """The table of the run, which has a row for each frame of the trajectory."""
        from zeocryst.report.run import read_rows

        trajectory, table = self.folder.trajectory, self.folder.table
        rows = read_rows(table)
        written = count_frames(trajectory)
        if written != len(rows):
            raise SimulationError(
                f"{trajectory} has {written} frames and {table.name} {len(rows)} rows, which "
                "should be as many: something else has changed them; --restart begins anew"
            )
        return rows

    def _circumstances(self) -> dict[str, Any]:
        """Engine, model and solvent."""
        condition = self.condition
        found: dict[str, Any] = {
            "engine": asdict(self.engine.info),
            "engines": _names(self.folder.recorded("engines", [])),
            "forcefield": condition.forcefield,
            "forcefield_source": self.forcefield.source,
        }
        if condition.solvent is not None:
            found["solvent"] = {
                **asdict(condition.solvent),
                "friction_amu_per_ps": condition.friction,
                "time": HOW_PHYSICAL,
            }
        return found

    def _course(self, rows: list[dict[str, float]], last: gsd.hoomd.Frame) -> dict[str, Any]:
        """How order and clusters went over time, and what the last frame is as it was simulated."""
        hot = label_sites(network_of_frame(last)[0])
        start, seeded = _start_row(self.condition, rows), self.condition.seed_framework is not None
        found = {
            "start_frame": start,
            "types": hot.summary(),
            "amorphous_share": round(1 - hot.crystalline_share, 4),
            **course(rows, start, run_frames(self.folder.trajectory, seeded=seeded), self.condition.seed),
        }
        if "clusters" in self.names:
            found["clusters"] = aggregation_story(rows)
        return found

    def _fate(self, framework: str, quenched: gsd.hoomd.Frame) -> dict[str, Any]:
        """What became of the crystal seed."""
        last = read_frame(self.folder.trajectory).log[SEED_MARK]
        # the first frame with these marks: an earlier seed has others
        frames = (frame for _, frame in iterate(self.folder.trajectory))
        planted = next(frame for frame in frames if np.array_equal(frame.log[SEED_MARK], last))
        before, t_before = network_of_frame(planted)  # it was minimized when it was put in
        after, t_after = network_of_frame(quenched)
        return seed_fate(framework, before, planted.log[SEED_MARK][t_before] > 0, after, last[t_after] > 0)

    def _above(self) -> dict[str, Any]:
        """What the particles became from which the beads were made; empty where there were none."""
        if self.condition.particles is None:
            return {}
        return {"particles": read_json(self.folder.path / ABOVE / RECORD)}

    def _backmap(self, network: Network, frame: gsd.hoomd.Frame) -> dict[str, Any]:
        """Atoms of the quenched last frame, of a solution those of its largest cluster.

        Bonds are given out by the best matching within the frame's cut-off and its clusters.
        """
        of = f"all {network.n_sites} T"
        if self.condition.system.start == "gel":
            whole = network.n_sites
            network = part(network, find_clusters(network).label == 0)
            of = f"the largest cluster, {network.n_sites} of {whole} T"
            self.say(f"of {of}")
        if network.n_sites > MOST_BUILT_T:
            why = (
                f"No atoms were made of {of}: those of more than {MOST_BUILT_T} T are made on demand only, by "
                f"zeocryst backmap {self.folder.path}."
            )
            self.say(why)
            return {"no_atoms": why}
        matched, choices = matched_within(network)
        found = realize(matched, self.condition.seed, choices=choices)
        kept = {}
        if self.condition.particles is not None:
            kept = {"mass": check_atoms(frame, found.atoms)}
        write_results(self.folder.path, found)
        return {
            "types_from_atoms": found.types,
            "amorphous_share_from_atoms": found.amorphous_share,
            "ideal": found.ideal,
            "backmap": {"of": of, **kept, **found.record, "words": in_words(found.record, found.ideal)},
        }


def _start_row(condition: Condition, rows: list[dict[str, float]]) -> int:
    """The row with which the stage that may take longest begins: what comes before it is preparation."""
    before = [k for k, row in enumerate(rows) if row["stage"] <= condition.main_stage]
    return before[-1] if before else 0


def _names(engines: list[dict[str, Any]]) -> list[str]:
    """Which engines a run had, each once, in order."""
    return list(dict.fromkeys(f"{e['name']} {e['version']} ({e['device']})" for e in engines))


def _named(row: dict[str, Any], agree: dict[str, float]) -> str:
    """A framework with its share, and what part of that agrees site by site where it is less than half.

    Open bonds spoil the agreement of all around them; so do layers of a relative, followed as one crystal.
    Those of ice and diamond are told each for itself, so that the next layer is no doubt of them.
    """
    text = f"{row['code']} {100 * row['share']:.0f} %"
    if row["code"] in STACKED:
        return text
    exact = agree.get(row["code"], row["share"]) / row["share"]
    return text if exact >= 0.5 else f"{text}, {100 * exact:.0f} % of it to eight shells"


def _sentence(labels: Labels, summary: dict[str, Any]) -> str:
    """The summary in words; `labels` are those of the quenched network."""
    agree = summary["quenched"]["agree_to_8_shells"]
    names = ", ".join(_named(row, agree) for row in labels.summary())
    text = f"The run ended {summary['verdict']}: {labels.in_words} of the T are crystalline once quenched"
    text += f" ({names})." if names else "."
    text += f" {summary['quenched']['sentence']}"
    for stage in summary["stages"]:
        text += f" {stage['sentence']}" if "sentence" in stage else ""
    if "seed_fate" in summary:
        text += f" {summary['seed_fate']['sentence']}"
    back = summary.get("backmap")
    if back:
        text += f" Back-mapped ({back['of']}) to {back['formula']}; {verdict(back)}."
    if "no_atoms" in summary:
        text += f" {summary['no_atoms']}"
    if "particles" in summary:
        text += f" Its beads were nanoparticles: {summary['particles']['of']}; {summary['particles']['mass']}."
    text += f" {summary['growth']['sentence']}"
    if "clusters" in summary:
        text += f" {summary['clusters']['sentence']}"
    failed = [e for e in summary.get("events", ()) if e["status"] == "failed"]
    return text + "".join(f" What was to happen on the way failed ({e['when']}): {e['error']}." for e in failed)
