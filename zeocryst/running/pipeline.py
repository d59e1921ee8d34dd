"""One condition from file to report: the only orchestrator.

`run` takes a condition through simulation, quench, back-mapping, identification and report, and leaves the
folder that the README describes. Everything is checked before anything is written; a run that was stopped,
killed or failed goes on from its last checkpoint with the same call.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.beads import over_all
from zeocryst.condition import EDITS, Condition, identity, to_toml
from zeocryst.condition.substances import in_words as recipe_in_words
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import KEPT_MARKS, SEED_MARK, Engine, EngineInfo, Sample
from zeocryst.errors import PluginError, PluginFailedError, SimulationError
from zeocryst.files.position import Position
from zeocryst.files.records import read_summary
from zeocryst.files.rundir import RunDirectory
from zeocryst.files.trajectory import TrajectoryWriter, read_frame
from zeocryst.foundation.compiling import told_when_compiling
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.progress import Progress
from zeocryst.foundation.ranks import cores, last_words
from zeocryst.foundation.textfiles import in_short
from zeocryst.foundation.working import Working
from zeocryst.model.forcefield import ForceField
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import measure
from zeocryst.running.beginning import (
    MOST_RELAXED_BEADS,
    Options,
    first_frame_and_words,
    measured_names,
    nearly_relaxed,
    needs_relaxing,
    read_with_options,
)
from zeocryst.running.besides import Besides, check_there
from zeocryst.running.columns import columns_of_events
from zeocryst.running.conclusion import Conclusion
from zeocryst.running.diary import Diary
from zeocryst.running.events import Events
from zeocryst.running.failure import kept, told
from zeocryst.running.mending import resume
from zeocryst.running.particle_level import run_particles
from zeocryst.running.rows import is_at_end, row_head
from zeocryst.running.sharing import Sharing
from zeocryst.running.simulation import Hooks, Kept, simulate, steps_in_all
from zeocryst.running.step_down import beads_of_particles
from zeocryst.running.watching import Watch, check_memory

if TYPE_CHECKING:
    import gsd.hoomd
    from numpy.typing import NDArray

#: With more beads than this, a frame's state is kept before it is measured, so that a signal need not wait.
BREAKABLE_BEADS = 100_000


def run(path: str | Path | Condition, out: Path, options: Options | None = None) -> tuple[dict[str, Any], bool]:
    """Run a condition.

    Parameters
    ----------
    path
        ``condition.toml`` or its folder, or a condition.
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
    if not options.restart:
        check_there(out, options.engine)
    condition = read_with_options(path, options)
    if not options.restart and options.engine is None:
        check_there(out, condition.engine.name)
    forcefield = condition.read_forcefield()
    if condition.particles is not None:
        return _from_particles(condition, forcefield, out, options)
    frame, origin = first_frame_and_words(condition, forcefield)
    return _run_beads(condition, forcefield, out, options, frame, origin)


def _from_particles(
    condition: Condition, forcefield: ForceField, out: Path, options: Options
) -> tuple[dict[str, Any], bool]:
    """The level of the particles, and that of the beads where some are resolved."""
    assert condition.particles is not None
    if condition.particles.resolve is None:
        return run_particles(condition, out, options)
    chosen = condition.engine
    # what would be wrong with the beads is known before the particles have run for hours
    choose_engine(forcefield, chosen.name, chosen.device, chosen.threads, stages=condition.stages)
    if not options.restart:
        RunDirectory(out, to_toml(condition), identity(condition, forcefield)).examine()
    above = beads_of_particles(condition, out, options)
    if above is None:
        return {}, False
    return _run_beads(condition, forcefield, out, above.options, above.frame, above.words)


def _run_beads(
    condition: Condition,
    forcefield: ForceField,
    out: Path,
    options: Options,
    frame: gsd.hoomd.Frame,
    origin: str,
) -> tuple[dict[str, Any], bool]:
    """Run the stages of beads from a first frame; `origin` is where that comes from, a sentence."""
    chosen = condition.engine
    engine, why = choose_engine(
        forcefield, chosen.name, chosen.device, chosen.threads, frame, stages=condition.stages
    )
    _limit_threads(engine.info)
    check_memory(condition, int(frame.particles.N))
    names = measured_names(condition, frame)
    besides = Besides.tried(condition, frame, engine.info.name, names)
    columns = columns_of_events(condition, frame, names)
    # the engine may differ when a run goes on, the physics may not
    folder = RunDirectory(out, to_toml(condition), identity(condition, forcefield))
    if options.restart:
        folder.set_aside()
    state = folder.examine()
    progress = Progress(condition.n_steps, len(condition.stages), options.quiet)
    if state == "unsummarized":
        aside = folder.put_aside(out / "summary.json")
        progress.say(f"{out}: the summary is damaged; set aside as {aside.name}, and made again")
    if state == "finished":
        summary = read_summary(out)
        progress.say(f"{out} holds this run already, finished; --restart runs it again")
        return summary, True
    if state == "unfinished":
        besides.check_columns(folder.columns())
    folder.open()
    try:
        recipe = condition.system.recipe
        for words in filter(None, (origin, why, *(recipe_in_words(recipe) if recipe else ()))):
            progress.say(words)
            folder.log(words)
        for words in besides.record(folder):
            progress.say(words)
            folder.log(words)
        engines = folder.recorded("engines", [])
        folder.record(engines=[*engines, asdict(engine.info)], seed=condition.seed)
        stopper = Stopper(options.walltime_s)
        work = _Run(
            condition,
            forcefield,
            engine,
            folder,
            progress,
            stopper,
            besides=besides,
            names=names,
            columns=columns,
        )
        with told_when_compiling(progress.say):
            return work.all(frame)
    except (OSError, MemoryError) as error:
        raise kept(error, out) from error
    finally:
        progress.end()
        folder.close()


def _limit_threads(info: EngineInfo) -> None:
    """Let the analysis between the steps use no more threads than the engine, on all of its ranks."""
    import numba

    count = min(info.threads * info.ranks, cores() or info.threads)
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
        *,
        besides: Besides,
        names: Sequence[str],
        columns: Sequence[str],
    ) -> None:
        self._condition = condition
        self._forcefield = forcefield
        self._engine = engine
        self._folder = folder
        self._progress = progress
        self._stopper = stopper
        self._besides = besides
        self._diary = Diary(folder, progress)
        self._say = self._diary.say
        self._frames: TrajectoryWriter | None = None
        self._last_step = -1
        self._last_ps = 0.0
        self._stage = 0  # that which runs now
        self._n_beads = 0
        self._names = besides.in_frames(names)
        self._watch = Watch(condition)
        self._events = Events(condition, columns, folder, self._say)
        self._told = 0  # stages whose end was told of
        self._seed = np.zeros(0, dtype=np.int32)  # which beads are the crystal seed's
        self._working = Working(progress)
        self._position = Position()  # of the last checkpoint
        self._sharing = Sharing(engine)

    def all(self, frame: gsd.hoomd.Frame) -> tuple[dict[str, Any], bool]:
        """Simulate and finish; the summary, and whether it got there."""
        with self._stopper:
            try:
                if not self.simulate(frame):
                    return {}, False
                self._stopper.at_once = True
                if self._stopper.was_asked:  # while the last frame was measured
                    raise KeyboardInterrupt
                if not self._events.wait(self._stopper):
                    return {}, self._stopped_at(max(self._last_step, 0), "while an event was waited for")
                return self._conclude(), True
            except KeyboardInterrupt:
                self._interrupted(self._stopper.reason or "Ctrl-C", max(self._last_step, self._position.step))
                raise
            except SimulationError:
                raise  # recorded where it happened
            except PluginError as error:
                step = max(self._last_step, 0)
                self._interrupted("failure", step, in_short(error))
                self._folder.log(str(error))
                raise PluginFailedError(
                    f"{error}. The last good state (step {step}) is kept in {self._folder.path}; once the "
                    "plugin is mended the same command goes on"
                ) from None
            except Exception as error:
                with suppress(OSError):  # the disk may be full
                    self._interrupted("failure", max(self._last_step, 0), in_short(error))
                raise
            finally:
                self._events.stop()

    # ---- simulation ---------------------------------------------------------------------------

    def simulate(self, frame: gsd.hoomd.Frame) -> bool:
        """Run what is left of the stages; False when stopped."""
        folder, condition, stopper = self._folder, self._condition, self._stopper
        folder.note_kill()
        saved = resume(folder, condition, self._say)
        position = Position()
        if saved is not None:
            frame, position, rows = saved
            self._position = position
            # of its log only which beads are held and which are the seed's is a part of the state
            frame.log = {key: value for key, value in frame.log.items() if key in KEPT_MARKS}
            self._last_step = int(float(rows[-1]["step"])) if rows else -1
            self._last_ps = round(position.time_ps, 6)
            self._stage = position.stage
            self._watch, self._told = Watch.of(condition, rows), position.stage
            for row in rows:
                self._events.add(row)
            self._say(f"goes on from step {position.step} of {self._steps(position)}")
            if condition.seed_framework and folder.trajectory.is_file():
                self._seed_of(read_frame(folder.trajectory))
        else:
            for left in (folder.trajectory, folder.table):  # of a run killed before its first checkpoint
                left.unlink(missing_ok=True)
            if condition.stages[0].kind != "minimize" and needs_relaxing(condition, self._forcefield, frame):
                with self._working.on("relaxing the start"):
                    frame = self._relaxed(frame)
        self._n_beads = int(frame.particles.N)
        self._events.go_on()
        with TrajectoryWriter(folder.trajectory) as self._frames, last_words(self._failed):
            try:
                frame, position, finished = simulate(
                    condition, self._engine, frame, seed=condition.seed, position=position,
                    hooks=Hooks(
                        self._tick, self._keep, self._save, stopper, self._has_enough, self._say, self._threads,
                        self._before_frame, lambda here: here.step > self._last_step,
                    ),
                )  # fmt: skip
            except SimulationError as error:
                raise SimulationError(self._failed(error)) from None
        self._sharing.tell(folder, self._say)
        if self._progress.speed:  # not when there was nothing left to run
            folder.record(steps_per_s=self._progress.speed)
        if not finished:
            return self._stopped_at(position.step, f"at step {position.step} of {self._steps(position)}")
        return True

    def _failed(self, error: SimulationError) -> str:
        """Record that the engine failed; the message."""
        self._interrupted("failure", max(self._last_step, 0), in_short(error))
        self._folder.log(str(error))
        step = max(self._last_step, 0)
        why = told(error, self._condition, self._stage)
        return f"{why}. The last good state (step {step}) is kept in {self._folder.path}"

    def _stopped_at(self, step: int, where: str) -> bool:
        """Record and tell a stop on purpose; False, since the run is not finished."""
        self._interrupted(self._stopper.reason or "", step)
        self._say(f"stopped ({self._stopper.reason}) {where}; the same command goes on from there")
        return False

    def _relaxed(self, frame: gsd.hoomd.Frame) -> gsd.hoomd.Frame:
        """The first frame at its minimum, or near it; what fails there is the start, and no stage."""
        try:
            if frame.particles.N <= MOST_RELAXED_BEADS:
                return self._engine.minimize(frame)[0]
            with self._stopper.breaking_off():
                relaxed, words = nearly_relaxed(self._engine, frame)
            self._say(words)
            self._folder.record(start_relaxed=words)
            return relaxed
        except SimulationError as error:
            self._interrupted("failure", 0, in_short(error))
            cure = (
                "" if isinstance(error, PluginFailedError) else "; a lower density or another model would help"
            )
            raise SimulationError(
                f"the start, before stage 1: its minimization failed: {error}{cure}"
            ) from None

    def _steps(self, position: Position) -> str:
        """Time steps of the run in words: at most so many where a stage that is left can end early."""
        open_end = any(stage.ends for stage in self._condition.stages[position.stage :])
        return ("at most " if open_end else "") + str(steps_in_all(self._condition, position))

    def _tick(self, position: Position, sample: Sample) -> None:
        kind = self._condition.stages[min(position.stage, len(self._condition.stages) - 1)].kind
        self._progress.expect(
            steps_in_all(self._condition, position), at_most=self._steps(position).startswith("at most")
        )
        self._progress.update(
            position.stage, kind, position.step, sample.temperature_K, sample.energy_eV / self._n_beads
        )
        self._events.go_on()

    def _keep(
        self, position: Position, sample: Sample, frame: gsd.hoomd.Frame, between: Sequence[Kept]
    ) -> None:
        """Measure a frame and write it, after those before it where something happened since the last one."""
        kind = self._condition.stages[position.stage - 1].kind if is_at_end(position) else ""
        if position.step <= self._last_step and kind not in ("minimize", *EDITS):
            return  # written before
        self._n_beads = int(frame.particles.N)
        with self._measuring(position):
            measured = self._measure(position, sample, frame)
        if between and self._watch.happened(measured[0]):
            for earlier in between:
                if self._stopper():
                    break  # there may be no time for them
                self._write(earlier[0], earlier[2], *self._measure(*earlier))
        self._write(position, frame, *measured)
        self._progress.measured(position.step, measured[0]["crystalline_share"])
        self._last_step = position.step

    def _before_frame(self, frame: gsd.hoomd.Frame, position: Position) -> None:
        """Keep the state of a large frame before it is measured, so that this can be broken off."""
        if frame.particles.N > BREAKABLE_BEADS and position.step > self._last_step:
            bare = copy.copy(frame)
            bare.log = {key: value for key, value in frame.log.items() if key in KEPT_MARKS}
            self._folder.save(bare, position)
            self._kept_at(position)

    @contextmanager
    def _measuring(self, position: Position) -> Iterator[None]:
        """Says that a frame is measured; that of a large one is broken off where a signal asks to stop."""
        with self._working.on(f"measuring the frame of step {position.step}"), ExitStack() as stack:
            if self._n_beads > BREAKABLE_BEADS and self._position.step == position.step:
                stack.enter_context(self._stopper.breaking_off())
            yield

    def _kept_at(self, position: Position) -> None:
        """The checkpoint has this position."""
        self._position = position
        self._last_ps, self._stage = round(position.time_ps, 6), position.stage
        self._diary.running(position.step, self._last_ps)

    def _measure(
        self, position: Position, sample: Sample, frame: gsd.hoomd.Frame
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """What a frame's row of the table has in numbers, what is known of each bead, and the row's words."""
        network, sites = network_of_frame(frame)
        measured = measure(network, self._names, frame, seen=self._besides.found)
        row: dict[str, Any] = {
            **row_head(position, sample),
            "pressure_bar": sample.pressure_bar,
            "energy_eV_per_bead": sample.energy_eV / self._n_beads,
            **measured.values,
        }
        beads = over_all(measured.sites, sites, self._n_beads)
        if self._condition.seed_framework:
            beads["seed"] = self._seed_of(frame)
        return row, beads, measured.words

    def _write(
        self,
        position: Position,
        frame: gsd.hoomd.Frame,
        row: dict[str, Any],
        beads: dict[str, Any],
        words: dict[str, str],
    ) -> None:
        """Write a frame and its row, and let the watch see it as the table has it."""
        assert self._frames is not None
        self._frames.append(frame, position.step, row, beads, words)
        written = self._folder.add_row(row | words)
        self._watch.add(written)
        self._events.add(written)

    def _has_enough(self) -> bool:
        """Whether the stage has what it was run for."""
        return self._watch.has_enough

    def _save(self, frame: gsd.hoomd.Frame, position: Position) -> None:
        """Write the checkpoint; told is how a stage ended that could end early."""
        if position.stage > self._told and position.stage_step == 0:
            self._told = position.stage
            entry = self._watch.story()[-1]
            if "sentence" in entry:
                self._say(entry["sentence"])
        self._folder.save(frame, position)
        self._kept_at(position)
        self._events.go_on()

    def _seed_of(self, frame: gsd.hoomd.Frame) -> NDArray[np.int32]:
        """Which beads are the crystal seed's: what was last said of as many beads, none at first."""
        if SEED_MARK in frame.log:
            self._seed = np.asarray(frame.log[SEED_MARK])
        elif len(self._seed) != frame.particles.N:
            self._seed = np.zeros(frame.particles.N, dtype=np.int32)
        return self._seed

    def _interrupted(self, reason: str, step: int, words: str = "") -> None:
        self._diary.interrupted(reason, step, self._last_ps, words)

    def _threads(self, count: int, words: str) -> None:
        """The engine goes on with another number of threads, and so does the analysis."""
        _limit_threads(replace(self._engine.info, threads=count))
        self._say(words)

    def _conclude(self) -> dict[str, Any]:
        """What the run amounts to; see `zeocryst.running.conclusion`."""
        work = Conclusion(
            self._condition,
            self._forcefield,
            self._engine,
            self._folder,
            self._names,
            self._say,
            self._working,
            self._diary.wall_s,
            self._besides,
            self._events.records(),
        )
        return work.summary()
