"""The door to signac-flow: the runs of a sweep as operations, which it submits to a cluster's scheduler.

A sweep's folder has a file ``project.py`` (its text is `project_file`) with signac-flow's own command line:
``status``, ``run``, ``submit``. Each operation runs what a process of `zeocryst.studies.crew` runs, in the same
folder, so that it makes no difference who runs it: here too a run goes on from its checkpoint, one that the
system killed is tried once more, and one that another process is running is left alone.

Nothing but this file imports ``flow``, and importing it takes half a second.
"""

from __future__ import annotations

import datetime
import shlex
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flow import FlowProject
from flow.errors import UserOperationError
from flow.scheduling.slurm import SlurmScheduler

from zeocryst.condition import Condition, to_toml
from zeocryst.errors import InputError
from zeocryst.files.records import read_summary
from zeocryst.files.rundir import is_running
from zeocryst.foundation.interrupt import Stopper
from zeocryst.foundation.textfiles import parse_toml, read_text
from zeocryst.studies.child import BAD_INPUT, DONE, Nursery, Outcome
from zeocryst.studies.crew import Crew
from zeocryst.studies.points import Point
from zeocryst.sweeps.space import FAILURE, RESULTS, RUN, STATE

if TYPE_CHECKING:
    from zeocryst.sweeps.needs import Needs, Trials

#: What the document of a run's job says besides: what it asks a scheduler for.
NEEDS = "needs"
#: Exit status where the runs were stopped on purpose, as that of ``zeocryst run``.
STOPPED = 4


class StoppedError(RuntimeError):
    """A run was asked to stop and is at its checkpoint.

    It is no `KeyboardInterrupt`: of that flow's pool learns nothing, and waits for ever.
    """


class SweepProject(FlowProject):  # type: ignore[misc]
    """A sweep as signac-flow sees it: one operation, `simulate`, for each run.

    Attributes
    ----------
    submitting : bool
        Whether scripts are being written. Only then is flow told what a run needs: finding that out takes
        seconds, and where it is told of threads, it runs each run in a shell, which no signal to stop reaches.
    """

    submitting = False

    def submit(
        self, *args: Any, parallel: bool = False, flags: Sequence[str] | None = None, **kwargs: Any
    ) -> None:
        """Submit runs to the scheduler; see signac-flow.

        What runs side by side is begun by one shell, on one node; flow's script for SLURM asks for no such.
        """
        flags = list(flags or ())
        if parallel and self._environment.scheduler_type is SlurmScheduler:
            flags.insert(0, "--nodes=1")
        self.submitting = True
        try:
            super().submit(*args, parallel=parallel, flags=flags, **kwargs)
        finally:
            self.submitting = False


def project_file() -> str:
    """Text of the ``project.py`` of a sweep's folder; it names no paths, so that the folder can be moved."""
    return '''"""The runs of this sweep through signac-flow, such as on a cluster (zeocryst's docs/scale.md):

    python project.py status
    python project.py submit --bundle 32 --parallel --pretend
    python project.py run
    python project.py retry
"""

from pathlib import Path

from zeocryst.sweeps.flow_project import main

if __name__ == "__main__":
    main(Path(__file__).resolve().parent)
'''


def main(folder: Path) -> None:
    """Signac-flow's command line for a sweep's folder, and ``retry`` besides.

    Parameters
    ----------
    folder
        Where ``project.py`` lies.
    """
    # of what a script of the scheduler's calls: by itself flow takes this file, and quotes neither
    entry = {"executable": shlex.quote(sys.executable), "path": shlex.quote(str(folder / "project.py"))}
    file = folder / "study.toml"
    if sys.argv[1:2] != ["status"] and parse_toml(read_text(file), str(file)).get("sweep", {}).get("funnel"):
        sys.exit("zeocryst: a funnel's rungs wait for each other: zeocryst sweep runs them")
    project = SweepProject(str(folder), entrypoint=entry)
    if sys.argv[1:2] == ["retry"]:
        again = retry(project, sys.argv[2:])
        print(f"{again} run{'' if again == 1 else 's'} that failed can be run again")
        return
    try:
        project.main()
    except UserOperationError as error:
        if not isinstance(error.__cause__, StoppedError):
            raise
        print(f"zeocryst: {error.__cause__}", file=sys.stderr)
        sys.exit(STOPPED)


def retry(project: SweepProject, jobs: Sequence[str] = ()) -> int:
    """Let runs that failed be run again.

    Parameters
    ----------
    project
        The sweep.
    jobs
        Ids of their jobs, or how these begin; all that failed where there are none.

    Returns
    -------
    int
        How many there are.
    """
    found = [job for job in project if failed(job) and (not jobs or job.id.startswith(tuple(jobs)))]
    for job in found:
        for key in (STATE, FAILURE):
            job.document.pop(key, None)
    return len(found)


# ---- how far a run is -----------------------------------------------------------------------------


@SweepProject.label
def done(job: Any) -> bool:
    """Whether a run has its summary."""
    return bool(job.isfile(f"{RUN}/summary.json"))


@SweepProject.label
def failed(job: Any) -> bool:
    """Whether it has failed, and nobody has asked for another trial."""
    return not done(job) and FAILURE in _document(job)


@SweepProject.label
def waiting(job: Any) -> bool:
    """Whether it is still to be run, or goes on."""
    return not done(job) and not failed(job)


def _may_be_run(job: Any) -> bool:
    return not failed(job)


def _document(job: Any) -> Any:
    return job.document if job.isfile(job.FN_DOCUMENT) else {}


# ---- what it needs --------------------------------------------------------------------------------


@cache
def _trials() -> Trials:
    """Those of this process."""
    from zeocryst.sweeps.needs import Trials

    return Trials()


def needs_of(job: Any) -> Needs:
    """What a run asks a scheduler for, as its job's document says; found out where that does not."""
    from zeocryst.sweeps.needs import UNKNOWN_MB, Needs  # twice the memory of all the rest

    if told := _document(job).get(NEEDS):
        return Needs(int(told["memory_MB"]), int(told["walltime_s"]))
    try:
        needs = _trials().needs(_condition(job))
    except InputError:  # which the run itself will tell
        return Needs(UNKNOWN_MB, None)
    if needs.walltime_s is not None:
        job.document[NEEDS] = {"memory_MB": needs.memory_MB, "walltime_s": needs.walltime_s}
    return needs


def _threads(job: Any) -> int:
    """One, without which flow's script for PBS asks for no cores."""
    return int(job.project.submitting)


def _memory(job: Any) -> str | None:
    return f"{needs_of(job).memory_MB}M" if job.project.submitting else None


def _walltime(job: Any) -> datetime.timedelta | None:
    seconds = needs_of(job).walltime_s if job.project.submitting else None
    return None if seconds is None else datetime.timedelta(seconds=seconds)


# ---- the run --------------------------------------------------------------------------------------


@SweepProject.pre(_may_be_run)
@SweepProject.post(done)
@SweepProject.operation(
    directives={"np": 1, "omp_num_threads": _threads, "memory": _memory, "walltime": _walltime}
)
def simulate(job: Any) -> None:
    """Run a run of the sweep, or go on with it; how it ends the document of its job says.

    A run that fails raises nothing: the others of its bundle are not to blame.

    Raises
    ------
    StoppedError
        A signal asked it to stop, such as that of a scheduler whose walltime is over.
    """
    place = Path(job.path)
    if is_running(place / RUN):
        _say(job, "another process is running it, and it is left alone")
        return
    outcome = _run(job, place)
    if outcome is None:
        raise StoppedError(f"stopped at the checkpoint of {place / RUN}; the same command goes on from there")
    if outcome.how == DONE:
        summary = read_summary(place / RUN)
        job.document.pop(FAILURE, None)
        job.document.update({STATE: "done"} | {key: summary[key] for key in RESULTS if key in summary})
        _say(job, "done")
    elif outcome.how == BAD_INPUT and is_running(place / RUN):
        _say(job, outcome.message)
    else:
        message = outcome.message or "it failed without a word"
        job.document.update({STATE: "failed", FAILURE: message})
        _say(job, f"failed: {message}")


def _run(job: Any, place: Path) -> Outcome | None:
    """Run it in a process of its own; None where it was stopped."""
    try:
        point = Point(job.id, _condition(job))
    except InputError as error:
        return Outcome(BAD_INPUT, str(error))
    asked: dict[str, Any] = {
        "condition": to_toml(point.condition),
        "out": str(place / RUN),
        "engine": None,
        "device": None,
        "plugins": [],
    }
    told: list[Outcome] = []
    stopper, output = Stopper(None), place / "output.txt"
    nursery = Nursery(output, lambda words: _say(job, words), fork=False)
    crew = Crew(
        nursery, lambda _: asked, lambda _: place / RUN, 1, stopper, lambda _, outcome: told.append(outcome),
        lambda _: None, lambda words: _say(job, words),
    )  # fmt: skip
    try:
        with stopper:
            crew.run([point])
    finally:
        nursery.close()
        if output.is_file() and not output.stat().st_size:
            output.unlink()
    return told[-1] if told else None


def _condition(job: Any) -> Condition:
    from zeocryst.sweeps.replica import condition_of_job

    return condition_of_job(Path(job.path))


def _say(job: Any, words: str) -> None:
    print(f"{job.id[:12]}: {words}", flush=True)
