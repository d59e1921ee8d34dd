"""One condition from file to report: the only orchestrator.

`run` takes a condition through simulation, quench, back-mapping, identification and report, and leaves the
folder that the README describes. Everything is checked before anything is written; a run that was stopped,
killed or failed goes on from its last checkpoint with the same call.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.atomistic import in_words, realize, write_results
from zeocryst.cell import box_to_cell, volume
from zeocryst.compiling import told_when_compiling
from zeocryst.condition import EDITS, Condition, Cut, EngineChoice, read_condition, to_toml
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import Engine, Sample
from zeocryst.errors import InputError, SimulationError
from zeocryst.forcefield import ForceField
from zeocryst.interrupt import Stopper
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import find_clusters, part
from zeocryst.network.matching import matched_bonds
from zeocryst.order import AGGREGATION, DEFAULT, measure
from zeocryst.order.crystallinity import in_a_word
from zeocryst.order.kinetics import kinetics
from zeocryst.order.labels import Labels, agreement, label_sites
from zeocryst.order.likeness import seed_fate
from zeocryst.order.ordering import aggregation_story
from zeocryst.progress import Progress, duration
from zeocryst.rundir import RunDirectory, read_summary, without_nan
from zeocryst.simulation import Hooks, Position, simulate
from zeocryst.solution.aggregate import SEED_MARK
from zeocryst.solution.start import adopt, crystal, gel, is_crowded, melt
from zeocryst.solvent import HOW_PHYSICAL
from zeocryst.trajectory import TrajectoryWriter, count_frames, iterate, read_frame

if TYPE_CHECKING:
    import gsd.hoomd
    from numpy.typing import NDArray


#: A start with fewer T than this, per 1000 Å^3, is a solution or a droplet: no framework has fewer than 7.
DILUTE_T_PER_1000A3 = 5.0


@dataclass(frozen=True)
class Options:
    """What the command line can change of a condition; None leaves the condition's choice."""

    engine: str | None = None
    device: str | None = None
    threads: int | None = None
    seed: int | None = None
    walltime_s: float | None = None
    restart: bool = False
    quiet: bool = False


def read_with_options(path: str | Path, options: Options) -> Condition:
    """A condition with the command line's choices put in."""
    condition = read_condition(path)
    chosen = condition.engine
    engine = EngineChoice(
        options.engine or chosen.name,
        options.device or chosen.device,
        chosen.threads if options.threads is None else options.threads,
    )
    seed = condition.seed if options.seed is None else options.seed
    if not 1 <= seed <= 900_000_000:
        raise InputError(f"--seed {seed}: expected a whole number from 1 to 900000000")
    return replace(condition, engine=engine, seed=seed)


def first_frame(condition: Condition, forcefield: ForceField) -> gsd.hoomd.Frame:
    """Where the run starts."""
    system = condition.system
    if system.start == "framework":
        return crystal(system, forcefield)
    if system.start == "melt":
        return melt(system, forcefield, np.random.default_rng([condition.seed, 1]))
    if system.start == "gel":
        return gel(system, forcefield, np.random.default_rng([condition.seed, 1]))
    assert system.file is not None
    path = condition.folder / system.file
    return adopt(read_frame(path, system.frame), system.types, forcefield, str(path))


def needs_relaxing(condition: Condition, forcefield: ForceField, frame: gsd.hoomd.Frame) -> bool:
    """Whether the first frame has to be minimized before anything moves: a melt, a gel that is crowded."""
    start = condition.system.start
    return start == "melt" or (start == "gel" and is_crowded(frame, forcefield))


def measured_names(condition: Condition, start: gsd.hoomd.Frame) -> tuple[str, ...]:
    """What is measured in every frame.

    Clusters as well where the start is a gel or nearly empty or an aggregate is cut out, and likeness to its
    framework where a crystal seed is put in.

    Parameters
    ----------
    condition
        The condition.
    start
        Its first frame.
    """
    names = list(start.particles.types or [])
    n_t = int((np.asarray(start.particles.typeid) == names.index("T")).sum())
    density = 1000 * n_t / volume(box_to_cell(start.configuration.box))
    dilute = condition.system.start == "gel" or density < DILUTE_T_PER_1000A3
    dilute = dilute or any(isinstance(stage.edit, Cut) for stage in condition.stages)
    seed = condition.seed_framework
    return (*DEFAULT, *(AGGREGATION if dilute else ()), *((f"likeness:{seed}",) if seed else ()))


def run(path: str | Path, out: Path, options: Options | None = None) -> tuple[dict[str, Any], bool]:
    """Run a condition.

    Parameters
    ----------
    path
        ``condition.toml`` or its folder.
    out
        The run's folder.
    options
        What overrides the condition.

    Returns
    -------
    summary : dict
        The content of ``summary.json``; empty when the run was stopped early.
    finished : bool
        False when it was stopped on purpose; the same call goes on.

    Raises
    ------
    InputError
        Something about the condition, the options or the folder is wrong; nothing was written.
    SimulationError
        The engine failed; the last good state is kept.
    """
    options = options or Options()
    condition = read_with_options(path, options)
    forcefield = condition.read_forcefield()
    chosen = condition.engine
    frame = first_frame(condition, forcefield)
    engine, why = choose_engine(
        forcefield, chosen.name, chosen.device, chosen.threads, frame, stages=condition.stages
    )
    _limit_threads(engine.info.threads)
    # the engine may differ when a run goes on, the physics may not
    folder = RunDirectory(out, to_toml(condition), _identity(condition, forcefield))
    if options.restart:
        folder.set_aside()
    state = folder.examine()
    progress = Progress(condition.n_steps, len(condition.stages), options.quiet)
    if state == "finished":
        summary = read_summary(out)
        progress.say(f"{out} holds this run already, finished; --restart runs it again")
        return summary, True
    folder.open()
    try:
        progress.say(why)
        folder.log(why)
        engines = folder.recorded("engines", [])
        folder.record(engines=[*engines, asdict(engine.info)], seed=condition.seed)
        work = _Run(condition, forcefield, engine, folder, progress, Stopper(options.walltime_s))
        with told_when_compiling(progress.say):
            return work.all(frame)
    except (OSError, MemoryError) as error:
        # such as a full disk; everything was checked before, so the input is not to blame
        reason = " ".join(str(error).split()) or "not enough memory"
        raise SimulationError(
            f"{type(error).__name__}: {reason}. What was done so far is kept in {out}; the same command goes on"
        ) from error
    finally:
        progress.end()
        folder.close()


def _identity(condition: Condition, forcefield: ForceField) -> str:
    """What two calls must share to be the same run: physics and seed, not the engine."""
    text = to_toml(replace(condition, engine=EngineChoice())) + f"# model {forcefield}\n"
    if condition.system.file is not None:
        content = (condition.folder / condition.system.file).read_bytes()
        text += f"# start {hashlib.sha256(content).hexdigest()}\n"
    return text


def _limit_threads(count: int) -> None:
    """Let the analysis between the steps use no more threads than the engine."""
    import numba

    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))


class _Run:
    """The work of one call of `run`."""

    def __init__(
        self,
        condition: Condition,
        forcefield: ForceField,
        engine: Engine,
        folder: RunDirectory,
        progress: Progress,
        stopper: Stopper,
    ) -> None:
        self._condition = condition
        self._forcefield = forcefield
        self._engine = engine
        self._folder = folder
        self._progress = progress
        self._stopper = stopper
        self._begin = time.monotonic()
        self._frames: TrajectoryWriter | None = None
        self._last_step = -1
        self._n_beads = 0
        self._names: tuple[str, ...] = DEFAULT
        self._seed = np.zeros(0, dtype=np.int32)  # which beads are the crystal seed's

    def all(self, frame: gsd.hoomd.Frame) -> tuple[dict[str, Any], bool]:
        """Simulate and finish; the summary, and whether it got there."""
        self._names = measured_names(self._condition, frame)
        with self._stopper:
            try:
                if not self.simulate(frame):
                    return {}, False
                self._stopper.at_once = True
                return self.finish(), True
            except KeyboardInterrupt:
                self._interrupted(self._stopper.reason or "Ctrl-C", max(self._last_step, 0))
                raise
            except SimulationError:
                raise  # recorded where it happened
            except Exception:
                with suppress(OSError):  # the disk may be full
                    self._interrupted("failure", max(self._last_step, 0))
                raise

    # ---- simulation ---------------------------------------------------------------------------

    def simulate(self, frame: gsd.hoomd.Frame) -> bool:
        """Run what is left of the stages; False when stopped."""
        folder, condition, stopper = self._folder, self._condition, self._stopper
        folder.note_kill()
        saved = folder.load()
        position = Position()
        if saved is not None:
            frame, position = saved
            self._last_step = position.step
            self._say(f"goes on from step {position.step} of {condition.n_steps}")
            if condition.seed_framework and count_frames(folder.trajectory):
                self._seed_of(read_frame(folder.trajectory))
        else:
            if folder.trajectory.is_file() and count_frames(folder.trajectory) > 1:
                raise InputError(
                    f"--out {folder.path}: has a trajectory but its checkpoint is gone; --restart sets the "
                    "folder aside and begins anew"
                )
            for left in (folder.trajectory, folder.table):  # of a run killed before its first checkpoint
                left.unlink(missing_ok=True)
            if condition.stages[0].kind != "minimize" and needs_relaxing(condition, self._forcefield, frame):
                frame, _ = self._engine.minimize(frame)
        self._n_beads = int(frame.particles.N)
        with TrajectoryWriter(folder.trajectory) as self._frames:
            try:
                frame, position, finished = simulate(
                    condition, self._engine, frame, seed=condition.seed, position=position,
                    hooks=Hooks(self._tick, self._keep, stopper, self._say),
                )  # fmt: skip
            except SimulationError as error:
                self._interrupted("failure", self._last_step)
                folder.log(str(error))
                raise SimulationError(
                    f"{error}. The last good state (step {max(self._last_step, 0)}) is kept in {folder.path}"
                ) from None
        if self._progress.speed:  # not when there was nothing left to run
            folder.record(steps_per_s=self._progress.speed)
        if not finished:
            self._interrupted(stopper.reason or "", position.step)
            self._say(
                f"stopped ({stopper.reason}) at step {position.step} of {condition.n_steps}; the same "
                "command goes on from there"
            )
        return finished

    def _tick(self, position: Position, sample: Sample) -> None:
        kind = self._condition.stages[min(position.stage, len(self._condition.stages) - 1)].kind
        self._progress.update(
            position.stage, kind, position.step, sample.temperature_K, sample.energy_eV / self._n_beads
        )

    def _keep(self, position: Position, sample: Sample, frame: gsd.hoomd.Frame) -> None:
        """Measure a frame and write it, then the checkpoint."""
        at_end = position.stage_step == 0 and (position.step > 0 or position.stage > 0)
        kind = self._condition.stages[position.stage - 1].kind if at_end else ""
        if position.step > self._last_step or kind in ("minimize", *EDITS):
            self._n_beads = int(frame.particles.N)
            network, sites = network_of_frame(frame)
            measured = measure(network, self._names, frame)
            row: dict[str, Any] = {
                "step": position.step,
                "time_ps": round(position.time_ps, 6),
                "stage": position.stage if at_end else position.stage + 1,
                "temperature_K": sample.temperature_K,
                "pressure_bar": sample.pressure_bar,
                "energy_eV_per_bead": sample.energy_eV / self._n_beads,
                **measured.values,
            }
            beads = {}
            for name, values in measured.sites.items():
                blank = np.full(self._n_beads, -1 if values.dtype.kind == "i" else np.nan, values.dtype)
                blank[sites] = values
                beads[name] = blank
            if self._condition.seed_framework:
                beads["seed"] = self._seed_of(frame)
            assert self._frames is not None
            self._frames.append(frame, position.step, row, beads)
            self._append(row | measured.words)
            self._progress.measured(position.step, measured.values["crystalline_share"])
            self._last_step = position.step
        self._folder.save(frame, position)
        self._folder.record(running={"step": position.step, "wall_s": self._wall_s(), "time": _now()})

    def _seed_of(self, frame: gsd.hoomd.Frame) -> NDArray[np.int32]:
        """Which beads are the crystal seed's: what was last said of as many beads, none at first."""
        if SEED_MARK in frame.log:
            self._seed = np.asarray(frame.log[SEED_MARK])
        elif len(self._seed) != frame.particles.N:
            self._seed = np.zeros(frame.particles.N, dtype=np.int32)
        return self._seed

    def _append(self, row: dict[str, Any]) -> None:
        path = self._folder.table
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(row)
            writer.writerow([f"{v:.8g}" if isinstance(v, float) else v for v in row.values()])

    def _interrupted(self, reason: str, step: int) -> None:
        self._folder.interrupted({"reason": reason, "step": step, "time": _now()}, self._wall_s())
        self._folder.log(f"interrupted at step {step}: {reason}")

    def _wall_s(self) -> float:
        before = self._folder.recorded("wall_s_before", 0.0)
        return round(float(before) + time.monotonic() - self._begin, 2)

    def _say(self, message: str) -> None:
        self._progress.say(message)
        self._folder.log(message)

    # ---- after the simulation -----------------------------------------------------------------

    def finish(self) -> dict[str, Any]:
        """Quench, back-map, identify, report; returns the summary."""
        from zeocryst.report.run import read_rows, write_report

        self._say("simulation done; quenching and naming the last frame")
        condition, folder = self._condition, self._folder
        rows = read_rows(folder.table)
        written = count_frames(folder.trajectory)
        if written != len(rows):
            raise SimulationError(
                f"{folder.trajectory} has {written} frames and {folder.table.name} {len(rows)} rows, which "
                "should be as many: something else has changed them; --restart begins anew"
            )
        frame = read_frame(folder.trajectory)
        hot = label_sites(network_of_frame(frame)[0])
        quenched, energy = self._engine.minimize(frame)
        network, sites = network_of_frame(quenched)
        cold = label_sites(network)
        start = _start_row(condition, rows)
        after_start = rows[start:]
        transition = kinetics(
            [row["time_ps"] for row in after_start],
            [row["crystalline_share"] for row in after_start],
            [row["largest_grain_sites"] for row in after_start],
            lambda k: network_of_frame(read_frame(folder.trajectory, start + k))[0],
            condition.seed,
        )
        verdict = in_a_word(cold.crystalline_share)
        n_beads = int(frame.particles.N)
        summary: dict[str, Any] = {
            "condition": condition.name,
            "seed": condition.seed,
            "verdict": verdict,
            "sentence": "",
            "engine": asdict(self._engine.info),
            "engines": _names(folder.recorded("engines", [])),
            "forcefield": condition.forcefield,
            "forcefield_source": self._forcefield.source,
            "n_T": len(sites),
            "n_S": n_beads - len(sites),
            "steps": int(rows[-1]["step"]),
            "time_ps": rows[-1]["time_ps"],
            "start_frame": start,
            "crystalline_share": {
                "start": rows[start]["crystalline_share"],
                "end": rows[-1]["crystalline_share"],
            },
            "types": hot.summary(),
            "amorphous_share": round(1 - hot.crystalline_share, 4),
            "quenched": {
                "energy_eV_per_bead": energy / n_beads,
                "crystalline_share": cold.crystalline_share,
                "q4_share": float((network.degree == 4).mean()),
                "types": cold.summary(),
                "agree_to_8_shells": agreement(cold, 8),
            },
            "transition": transition,
            "interruptions": folder.interruptions(),
        }
        if condition.solvent is not None:
            summary["solvent"] = {
                **asdict(condition.solvent),
                "friction_amu_per_ps": condition.friction,
                "time": HOW_PHYSICAL,
            }
        if "clusters" in self._names:
            summary["clusters"] = aggregation_story(rows)
        if condition.seed_framework:
            summary["seed_fate"] = self._fate(condition.seed_framework, quenched)
        if condition.output.backmap:
            self._say("back-mapping to atoms")
            summary |= self._backmap(network)
        summary["sentence"] = _sentence(condition, verdict, cold, summary)
        if "clusters" in summary:
            summary["sentence"] += f" {summary['clusters']['sentence']}"
        summary["steps_per_s"] = folder.recorded("steps_per_s", 0.0)
        summary["wall_s"] = self._wall_s()
        if condition.output.report:
            # the report reads the summary; the run counts as finished only once both are there
            partial = without_nan(summary)
            self._folder.record(finished=_now(), running=None)
            write_report(folder.path, partial)
        summary["wall_s"] = self._wall_s()
        summary = without_nan(summary)
        folder.write("summary.json", json.dumps(summary, indent=1) + "\n")
        self._say(f"{summary['sentence']} Results in {folder.path} ({duration(summary['wall_s'])} in all)")
        return summary

    def _fate(self, framework: str, quenched: gsd.hoomd.Frame) -> dict[str, Any]:
        """What became of the crystal seed."""
        last = read_frame(self._folder.trajectory).log[SEED_MARK]
        # the first frame with these marks: an earlier seed has others
        frames = (frame for _, frame in iterate(self._folder.trajectory))
        planted = next(frame for frame in frames if np.array_equal(frame.log[SEED_MARK], last))
        before, t_before = network_of_frame(planted)  # it was minimized when it was put in
        after, t_after = network_of_frame(quenched)
        return seed_fate(framework, before, planted.log[SEED_MARK][t_before] > 0, after, last[t_after] > 0)

    def _backmap(self, network: Network) -> dict[str, Any]:
        """Atoms of the quenched last frame, of a solution those of its largest cluster.

        Bonds are given out by the best matching within the frame's cut-off.
        """
        if self._condition.system.start == "gel":
            network = part(network, find_clusters(network).label == 0)
            self._say(f"of the largest cluster, {network.n_sites} T")
        matched, choices = matched_bonds(network.positions, network.cell, network.cutoff)
        found = realize(matched, self._condition.seed, choices=choices)
        write_results(self._folder.path, found)
        return {
            "types_from_atoms": found.types,
            "amorphous_share_from_atoms": found.amorphous_share,
            "backmap": {**found.record, "words": in_words(found.record)},
        }


def _start_row(condition: Condition, rows: list[dict[str, float]]) -> int:
    """The row with which the longest stage begins: what comes before it is preparation."""
    longest = max(range(len(condition.stages)), key=lambda k: (condition.stages[k].n_steps, k))
    before = [k for k, row in enumerate(rows) if row["stage"] <= longest]
    return before[-1] if before else 0


def _names(engines: list[dict[str, Any]]) -> list[str]:
    """Which engines a run had, each once, in order."""
    return list(dict.fromkeys(f"{e['name']} {e['version']} ({e['device']})" for e in engines))


def _now() -> str:
    """The time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sentence(condition: Condition, verdict: str, labels: Labels, summary: dict[str, Any]) -> str:
    """The verdict in words."""
    share = 100 * labels.crystalline_share
    names = ", ".join(f"{row['code']} {100 * float(str(row['share'])):.0f} %" for row in labels.summary())
    text = f"The run ended {verdict}: {share:.0f} % of the T are crystalline once quenched"
    text += f" ({names})." if names else "."
    if "seed_fate" in summary:
        text += f" {summary['seed_fate']['sentence']}"
    back = summary.get("backmap")
    if back:
        failed = sum(not c["passed"] for c in back["checks"])
        text += f" Back-mapped to {back['formula']}" + (
            f"; {failed} of {len(back['checks'])} checks failed." if failed else "; every check passed."
        )
    return text
