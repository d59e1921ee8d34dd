"""The folder of a sweep in which its runs go on: a study's, with signac's jobs for the runs.

It is locked as that of any study: two sweeps at once in one folder are refused. Jobs of a cluster run beside
it, each locking its own run; such a run is left alone here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zeocryst.condition import Condition
from zeocryst.errors import InputError, SimulationError
from zeocryst.files.rundir import is_running
from zeocryst.foundation.textfiles import write_text
from zeocryst.studies.child import DONE, Outcome
from zeocryst.studies.crew import LOOK_S, OTHER_S
from zeocryst.studies.points import Done, Point
from zeocryst.studies.reading import StudyFile
from zeocryst.studies.running import Stopped, StudyFolder, StudyOptions
from zeocryst.sweeps.replica import condition_of
from zeocryst.sweeps.space import FAILURE, REPLICA, RESULTS, RUN, STATE, WORKSPACE, Slot, Space
from zeocryst.sweeps.sweep_plan import Plan


class SweepFolder(StudyFolder):
    """The folder of a sweep, as a context in which it is run.

    Parameters
    ----------
    out, study_toml, options
        As for any study.
    retry
        Whether runs that failed before are tried again.

    Attributes
    ----------
    space : Space
        Once `begin` was called.
    elsewhere : list of str
        Runs that somebody else is running.
    """

    RUNS, FREE = WORKSPACE, "sweep"
    space: Space

    def __init__(
        self, out: Path, study_toml: str, options: StudyOptions | None = None, *, retry: bool = False
    ) -> None:
        super().__init__(out, study_toml, options)
        self._retry = retry
        self._places: dict[str, tuple[str, str]] = {}  # job and folder below it, by name
        self._begun = False
        self.elsewhere: list[str] = []

    def begin(self) -> Space:
        """Make the folder, or take over one that is there."""
        self._open()
        if not self._begun:
            self.space = Space(self.path, create=True)
            if (self.path / "study.toml").read_text("utf-8") != self._toml:
                write_text(self.path / "study.toml", self._toml)
            self._place_project()
            self._begun = True
        return self.space

    def _place_project(self) -> None:
        """Write what signac-flow's command line needs (`zeocryst.sweeps.flow_project`)."""
        from zeocryst.sweeps.flow_project import project_file

        self.place("project.py", project_file())

    def condition(self, slot: Slot, study: StudyFile, plan: Plan) -> Condition:
        """The condition of a run; its force field, where that is varied, is written into the folder."""
        return condition_of(study, plan, slot, self.place)

    def placed(
        self, slot: Slot, below: str, condition: Condition, facts: Mapping[str, Any] | None = None
    ) -> Point:
        """A run in a folder below that of its job."""
        name = slot.name if below == RUN else f"{slot.name}.{below}"
        self._places[name] = (slot.job, below)
        if slot.document.get(FAILURE):
            self._failures[name] = str(slot.document[FAILURE])
        return Point(name, condition, {**slot.values, REPLICA: slot.replica, "job": slot.job, **(facts or {})})

    def run(self, points: Sequence[Point], *, say: str = "", alike: bool = False) -> list[Done]:
        """As for any study; runs that failed are not tried again unless that is asked for.

        A run that another process has is asked for once more when the others are done: those of a call that was
        killed stop soon. One that then goes on is left alone.

        Raises
        ------
        SimulationError
            Somebody else has a run of a funnel's rung, whose points cannot be ranked without it.
        """
        done = super().run(points, say=say, alike=alike)
        theirs = [point for point in points if point.name in self.elsewhere]
        if not theirs:
            return done
        if self._wait_for(theirs):
            for point in theirs:
                self.elsewhere.remove(point.name)
                del self._done[point.name]
            done = super().run(points, say=say, alike=alike)
        left = [point.name for point in points if point.name in self.elsewhere]
        if left and any("rung" in point.facts for point in points):
            raise SimulationError(
                f"{', '.join(left[:4])}: run by another process, and the others wait for what comes of it; the "
                "same command goes on when it is over"
            )
        return done

    def _wait_for(self, points: Sequence[Point]) -> bool:
        """Wait a while for runs that other processes have; whether any of them is free now."""
        folders = [self._folder_of(point) for point in points]
        n = len(points)
        whose = "1 run is run by another process" if n == 1 else f"{n} runs are run by other processes"
        self.say(f"{whose}: waiting up to {OTHER_S:.0f} s in case that ends")
        begin = time.monotonic()
        while any(theirs := [is_running(place) for place in folders]):
            if self._stopper():
                raise Stopped(self._how_far())
            if time.monotonic() - begin > OTHER_S:
                break
            time.sleep(LOOK_S)
        return not all(theirs)

    # ---- what differs from other studies ----------------------------------------------------------

    def _folder_of(self, point: Point) -> Path:
        job, below = self._places[point.name]
        return self.path / WORKSPACE / job / below

    def _is_done(self, point: Point) -> bool:
        if super()._is_done(point):
            return True
        place, message = self._folder_of(point), self._failures.get(point.name)
        if is_running(place):
            self.elsewhere.append(point.name)
            message = "another process is running it"
        elif message is None or self._retry:
            return False
        self._done[point.name] = Done(point, place, None, message)
        return True

    def _told(self, point: Point, outcome: Outcome) -> None:
        super()._told(point, outcome)
        done = self._done[point.name]
        summary = done.summary or {}
        job, below = self._places[point.name]
        good = "done" if below == RUN else below
        state = {STATE: good if outcome.how == DONE else "failed", FAILURE: done.failure}
        try:
            self.space.mark(job, state | {key: summary.get(key) for key in RESULTS})
        except InputError as error:  # one damaged document is no reason to stop the others
            self.say(str(error))

    def _undo(self) -> None:
        """Nothing: what was run stays, whatever is wrong with another run."""

    def _finished(self) -> None:
        """None: points can be added to a sweep that has been finished."""

    def _write_failures(self) -> None:
        """Nothing: signac's documents have them."""

    def _write_points(self) -> None:
        """Nothing: the report writes the table, from what is on the disk."""

    def _read_earlier(self) -> None:
        """Nothing: signac's documents tell."""
