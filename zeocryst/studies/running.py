"""The folder of a study, and its runs.

Finished runs are not run again, unfinished ones go on from their checkpoints, and a study that was stopped or
killed goes on by asking for the same runs again.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from zeocryst.condition import Condition, identity, to_toml
from zeocryst.engines.protocol import available_threads
from zeocryst.errors import InputError
from zeocryst.files import folders
from zeocryst.files.records import read_json, read_summary, without_nan
from zeocryst.files.rundir import RunDirectory
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.progress import RunsProgress
from zeocryst.foundation.textfiles import read_table, write_text
from zeocryst.running.failure import kept
from zeocryst.studies.child import BAD_INPUT, DONE, Nursery, Outcome
from zeocryst.studies.crew import Crew, share_done
from zeocryst.studies.folder import check_same
from zeocryst.studies.points import Done, Point

#: What a run may be called.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
#: Columns of ``points.csv`` besides what a point is about.
STATE = ("name", "state", "seed", "steps", "time_ps", "wall_s", "failure")


class Stopped(KeyboardInterrupt):
    """The study was stopped on purpose; its message says how far it is."""


@dataclass(frozen=True)
class StudyOptions:
    """What the command line says of a study.

    Attributes
    ----------
    jobs : int or None
        Runs at once; None for as many as cores are lent.
    engine, device : str or None
        Instead of those of the study.
    walltime_s : float or None
        Seconds until it stops.
    quiet : bool
        No progress.
    plugins : tuple of str
        Files of plugins, for every run.
    restart : bool
        Set an old study in the folder aside.
    """

    jobs: int | None = None
    engine: str | None = None
    device: str | None = None
    walltime_s: float | None = None
    quiet: bool = False
    plugins: tuple[str, ...] = ()
    restart: bool = False

    def __post_init__(self) -> None:
        """Raise `InputError` where there is no such number of runs."""
        if self.jobs is not None and self.jobs < 1:
            raise InputError(f"--jobs {self.jobs}: expected a whole number of at least 1")


class StudyFolder:
    """The folder of a study, as a context in which it is run.

    Nothing is written before the first run is asked for.

    Parameters
    ----------
    out
        The folder.
    study_toml
        The study with every default written out (`zeocryst.studies.reading.StudyFile.to_toml`): what makes it
        this study and no other.
    options
        See `StudyOptions`.

    Attributes
    ----------
    path : Path
    summary : dict or None
        What `finish` wrote, where the study is finished already: nothing is to be done then.

    Raises
    ------
    InputError
        The folder has something else in it, or another study.
    """

    #: Where the runs lie, and a table of ``study.toml`` that may change from call to call.
    RUNS, FREE = "runs", ""

    def __init__(self, out: Path, study_toml: str, options: StudyOptions | None = None) -> None:
        self.path = Path(out)
        self.options = options or StudyOptions()
        self._toml = study_toml
        self._new = self._is_new() or self.options.restart  # nothing is there that is gone on with
        if not self._new:
            check_same(self.path, study_toml, self.FREE)
        self._lock: IO[str] | None = None
        self._alike = True
        self._aside: Path | None = None  # where --restart put the old study
        self._earlier: dict[str, dict[str, str]] = {}  # rows of an earlier call's points.csv
        self._points: dict[str, Point] = {}  # all that were asked for, in this order
        self._done: dict[str, Done] = {}
        self._failures: dict[str, str] = {}
        self._stopper = Stopper(self.options.walltime_s)
        self._progress = RunsProgress(self.options.quiet)
        self._unlogged: list[str] = []
        self._nursery = Nursery(self.path / "output.txt", self.say)
        self.summary = None if self._new else self._finished()

    def __enter__(self) -> Self:
        if not self._new:
            self._lock = self._take_lock()
            self._read_earlier()
        self._stopper.__enter__()
        self._stopper.at_once = True  # between runs there is nothing to be brought to an end
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._nursery.close()
        self._progress.end()
        begun = self._lock is not None
        if self._lock is not None:
            if self._points and self.summary is None:
                with suppress(OSError):
                    self._write_points()
            self._lock.close()
            self._lock = None
        self._stopper.__exit__(kind, error, trace)
        if begun and isinstance(error, OSError | MemoryError):
            raise kept(error, self.path) from error

    # ---- runs ---------------------------------------------------------------------------------

    def run(self, points: Sequence[Point], *, say: str = "", alike: bool = True) -> list[Done]:
        """Run points that are not run yet, some side by side.

        Parameters
        ----------
        points
            What is run; one that was asked for before is the same as then.
        say
            What they are, in a few words, for the progress.
        alike
            Whether what the first of all cannot be none can, so that nothing is run; otherwise it is a run that
            failed.

        Returns
        -------
        list of Done
            In the order of the points. One that failed has a `failure`, and the others go on.

        Raises
        ------
        Stopped
            On purpose: each run is at its checkpoint, and the same call goes on from there.
        InputError
            The first run of all cannot be run as it is asked for; nothing is left of the study then.
        """
        self._check(points)
        self._open()
        self._alike = alike
        self._points |= {point.name: point for point in points}
        asked = {point.name: point for point in points}.values()
        left = [point for point in asked if point.name not in self._done and not self._is_done(point)]
        if again := [point.name for point in left if point.name in self._failures]:
            names = ", ".join(again[:4]) + (", ..." if len(again) > 4 else "")
            what = "run that failed is" if len(again) == 1 else "runs that failed are"
            self.say(f"{len(again)} {what} tried again: {names}")
        try:
            finished = not left or self._beside(left, len(asked), say)
        except InputError:
            self._undo()
            raise
        self._write_points()
        if not finished:
            raise Stopped(self._how_far())
        return [self._done[point.name] for point in points]

    def rows(self, done: Done) -> list[dict[str, Any]]:
        """``order_parameters.csv`` of a run with numbers as numbers; none where it has no table.

        Raises
        ------
        InputError
            It is damaged.
        """
        path = done.folder / "order_parameters.csv"
        if not path.is_file():
            return []
        return [{key: _number(text) for key, text in row.items()} for row in read_table(path, growing=True)[1]]

    def _check(self, points: Sequence[Point]) -> None:
        known = dict(self._points)
        for point in points:
            if not NAME.fullmatch(point.name):
                raise InputError(f"a run cannot be called {point.name!r}")
            if known.setdefault(point.name, point).condition != point.condition:
                raise InputError(
                    f"two different runs of the study would be called {point.name!r}: give values that differ "
                    "in their first six digits"
                )

    def _is_done(self, point: Point) -> bool:
        """Whether its folder holds it, finished."""
        place = self._folder_of(point)
        if not (place / "summary.json").is_file():
            return False
        condition = self._as_run(point)
        run = RunDirectory(place, to_toml(condition), identity(condition, condition.read_forcefield()))
        with suppress(InputError):  # another run's: that is told where this one begins
            if run.examine() == "finished":
                self._done[point.name] = Done(point, place, read_summary(place))
                self._failures.pop(point.name, None)
        return point.name in self._done

    def _as_run(self, point: Point) -> Condition:
        """The condition of a point with what plugins measure."""
        if not self.options.plugins:
            return point.condition
        from zeocryst.running.besides import with_measured

        return with_measured(point.condition)

    def _beside(self, left: list[Point], total: int, say: str) -> bool:
        """Run what is left; False where it was stopped."""
        self._progress.begin(say)
        at_most = any(point.condition.can_end_early for point in left)
        steps = {point.name: max(point.condition.n_steps, 1) for point in left}
        before = {point.name: share_done(point, self._folder_of(point)) for point in left}

        def shown(going: int) -> None:
            """Show how many have ended and how much of all the work is done; so many go on."""
            ended = [self._done[point.name] for point in left if point.name in self._done]
            failed = sum(done.failure is not None for done in ended)
            shares = before | crew.shares | {done.point.name: 1.0 for done in ended}
            work = sum(steps[name] * share for name, share in shares.items()) / sum(steps.values())
            self._progress.update(
                total - len(left) + len(ended) - failed, going, failed, total, work, at_most=at_most
            )

        crew = Crew(
            self._nursery, self._asked, self._folder_of, self.options.jobs or available_threads(),
            self._stopper, self._told, shown, self.say,
        )  # fmt: skip
        self._stopper.at_once = False
        try:
            return crew.run(left)
        finally:
            self._stopper.at_once = True

    def _asked(self, point: Point) -> dict[str, Any]:
        """What the process of a run is told."""
        self.log(f"run {point.name} begins")
        return {
            "condition": to_toml(point.condition),
            "out": str(self._folder_of(point).absolute()),
            "engine": self.options.engine,
            "device": self.options.device,
            "plugins": list(self.options.plugins),
        }

    def _told(self, point: Point, outcome: Outcome) -> None:
        """Remember what came of a run, on the disk too."""
        name, place = point.name, self._folder_of(point)
        if outcome.how == DONE:
            self._done[name] = Done(point, place, read_summary(place))
            self._failures.pop(name, None)
            self.log(f"run {name} is done")
        else:
            if outcome.how == BAD_INPUT and self._alike and not self._done:
                raise InputError(f"run {name}: {outcome.message}")
            message = outcome.message or "it failed without a word"
            self._done[name] = Done(point, place, None, message)
            self._failures[name] = message
            self.say(f"run {name} failed: {message}")
        self._write_failures()
        self._write_points()

    def _how_far(self) -> str:
        done = sum(found.failure is None for found in self._done.values())
        same = "the same command" + (" without --restart" if self.options.restart else "")
        return (
            f"{self._stopper.reason or 'Ctrl-C'} with {done} runs done in {self.path}; {same} goes on from the "
            "last checkpoints"
        )

    def _folder_of(self, point: Point) -> Path:
        return self.path / self.RUNS / point.name

    # ---- words --------------------------------------------------------------------------------

    def say(self, message: str) -> None:
        """Tell people, and the log."""
        self._progress.say(message)
        self.log(message)

    def log(self, message: str) -> None:
        """Append a line to ``log.txt``, once there is a folder."""
        if self._lock is None:
            self._unlogged.append(message)
        else:
            folders.log(self.path, message)

    # ---- files --------------------------------------------------------------------------------

    def place(self, name: str, text: str) -> Path:
        """Write a file of the study's own, such as a force field of its runs; returns its whole path."""
        self._open()
        path = self.path.absolute() / name
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_bytes() != text.encode():
            write_text(path, text)
        return path

    def finish(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Write ``points.csv`` and, last of all, ``summary.json``, with null for NaN; returns what it holds."""
        self._open()
        self._earlier.clear()  # what this study did not ask for is none of its runs
        self._write_points()
        summary = without_nan(summary)
        write_text(self.path / "summary.json", json.dumps(summary, indent=1) + "\n")
        self.summary = summary
        return summary

    def _is_new(self) -> bool:
        return folders.is_new(self.path, (self.path / "study.toml").is_file(), "study")

    def _take_lock(self) -> IO[str]:
        return folders.take_lock(self.path, "study.lock", "running a study")

    def _open(self) -> None:
        """Make the folder, take its lock, write what the study is."""
        if self._lock is not None:
            return
        if self.options.restart and not self._is_new():
            self._take_lock().close()
            self._aside = folders.set_aside(self.path)
        try:
            (self.path / self.RUNS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out {self.path}: cannot be written: {error.strerror}") from None
        self._lock = self._take_lock()
        self._begin_or_join()
        for message in self._unlogged:
            self.log(message)

    def _begin_or_join(self) -> None:
        """Write what the study is, unless another call has begun one here in the meantime."""
        if not (self.path / "study.toml").is_file():
            write_text(self.path / "study.toml", self._toml)
            return
        try:
            check_same(self.path, self._toml, self.FREE)
        except InputError:
            assert self._lock is not None
            self._lock.close()
            self._lock = None
            raise
        self._new = False
        self._read_earlier()

    def _undo(self) -> None:
        """Take away what this call made, and put back what it set aside."""
        if not self._new or self._lock is None:
            return
        self._nursery.close()
        shutil.rmtree(self.path, ignore_errors=True)  # still locked, so that nobody begins here
        self._lock.close()
        self._lock = None
        if self.path.exists():  # some systems keep a file that is open
            with suppress(OSError):
                (self.path / "study.lock").unlink(missing_ok=True)
                self.path.rmdir()
        if self._aside is not None and not self.path.exists():
            self._aside.rename(self.path)
            self._aside = None

    def _finished(self) -> dict[str, Any] | None:
        path = self.path / "summary.json"
        try:
            return read_json(path) if path.is_file() else None
        except InputError:
            return None  # damaged: made again

    def _read_earlier(self) -> None:
        """What an earlier call has left: which runs failed, and its table of runs."""
        with suppress(InputError):
            failures = read_json(self.path / "failures.json")
            self._failures = {str(key): str(value) for key, value in failures.items()}
        with suppress(InputError):
            table = read_table(self.path / "points.csv")[1]
            self._earlier = {row["name"]: dict(row) for row in table if row.get("name")}

    def _write_failures(self) -> None:
        write_text(self.path / "failures.json", json.dumps(self._failures, indent=1) + "\n")

    def _write_points(self) -> None:
        """A row for each run that was asked for so far, then those of an earlier call that were not yet."""
        rows = [self._row(point) for point in self._points.values()]
        rows += [row for name, row in self._earlier.items() if name not in self._points]
        facts = dict.fromkeys(key for row in rows for key in row if key not in STATE)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, [*STATE[:2], *facts, *STATE[2:]], restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.path / "points.csv", text.getvalue())

    def _row(self, point: Point) -> dict[str, str]:
        """The row of a run."""
        done = self._done.get(point.name)
        summary = (done.summary if done else None) or {}
        row = {key: _text(value) for key, value in point.facts.items()}
        row |= {
            "name": point.name,
            "state": "waiting" if done is None else "done" if done.failure is None else "failed",
            "seed": str(point.condition.seed),
            "failure": (done.failure if done else None) or "",
        }
        return row | {key: str(summary.get(key, "")) for key in ("steps", "time_ps", "wall_s")}


def _text(value: Any) -> str:
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
