"""The door to signac: the folder of a sweep is one of its projects, and each run one of its jobs.

A job's state point is what is varied (by the names of the axes) and ``replica``; its document says in which
``state`` the run is, and why it failed; the folder of the run itself is ``run`` below the job's. Whatever reads
signac's projects reads these.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zeocryst.errors import InputError
from zeocryst.report.sweep_layout import in_words

#: Folder of a run below that of its job; the folder with all jobs.
RUN, WORKSPACE = "run", "workspace"
#: Digits of a job's id by which a run is called: one pair in 10^8 of 1000 runs has the same.
DIGITS = 12
#: What the document of a run's job says of it, and its main results from ``summary.json``.
STATE, FAILURE, RESULTS = "state", "failure", ("verdict", "time_ps", "wall_s")
#: The state of a run that a funnel left.
DROPPED = "dropped"
REPLICA, STATE_POINT, DOCUMENT = "replica", "signac_statepoint.json", "signac_job_document.json"


@dataclass(frozen=True)
class Slot:
    """The place of a run in a sweep's folder.

    Attributes
    ----------
    job : str
        Its id in signac.
    values : dict
        What is varied, by name.
    replica : int
    folder : Path
        Of the run.
    document : dict
        What is remembered of it: ``state`` and ``failure``, as far as they are known.
    """

    job: str
    values: Mapping[str, Any]
    replica: int
    folder: Path
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.job[:DIGITS]


class Space:
    """A sweep's folder as signac sees it.

    Parameters
    ----------
    path
        The folder.
    create
        Whether it is made a project where it is none.

    Raises
    ------
    InputError
        It is no project, or a damaged one.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        import signac

        self.path = Path(path)
        with _told(self.path):
            if create:
                self._project = signac.init_project(str(self.path))
            elif (self.path / ".signac").is_dir():
                self._project = signac.get_project(str(self.path), search=False)
            else:
                raise InputError(f"{self.path}: holds no sweep (it is no project of signac)")

    def slot(self, values: Mapping[str, Any], replica: int) -> Slot:
        """The place of a run, made where it is not there; files of signac's that are damaged are made anew."""
        from signac.errors import JobsCorruptedError

        with _told(self.path):
            job = self._project.open_job({**values, REPLICA: replica})
            try:
                job.init()
            except JobsCorruptedError:  # what it has to say is known
                job.init(force=True)
            if read_document(Path(job.path)) is None:
                (Path(job.path) / DOCUMENT).unlink()
            return self._slot(job)

    def slots(self) -> list[Slot]:
        """All that are there, those too that no file of the sweep asks for any more, in the order of values."""
        with _told(self.path):
            found = [self._slot(job) for job in self._project if not _is_made(Path(job.path))]
        return sorted(found, key=lambda slot: ([_sortable(v) for v in slot.values.values()], slot.replica))

    def mark(self, job: str, document: Mapping[str, Any]) -> None:
        """Remember something of a run; None forgets it."""
        with _told(self.path):
            there = self._project.open_job(id=job).document
            there.update({key: value for key, value in document.items() if value is not None})
            for key in [key for key, value in document.items() if value is None and key in there]:
                del there[key]

    def _slot(self, job: Any) -> Slot:
        values = {str(key): value for key, value in job.cached_statepoint.items()}
        replica = values.pop(REPLICA, None)
        if not isinstance(replica, int):
            raise InputError(f"{job.path}: no run of a sweep (its state point has no {REPLICA})")
        path = self.path / WORKSPACE / job.id
        return Slot(str(job.id), values, replica, path / RUN, read_document(path) or {})


def _is_made(job: Path) -> bool:
    """Whether another process is just making the folder of a job: there is nothing yet that it ran."""
    if (job / STATE_POINT).is_file():
        return False
    return not any(entry.is_dir() or entry.name == DOCUMENT for entry in job.iterdir())


def read_document(job: Path) -> dict[str, Any] | None:
    """The document in the folder of a job, empty where there is none; None where it is damaged."""
    try:
        found = json.loads((job / DOCUMENT).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def slot_of(path: Path, job: str) -> Slot:
    """The place of one run by the id of its job."""
    space = Space(path)
    with _told(path):
        return space._slot(space._project.open_job(id=job))


def label(values: Mapping[str, Any], replica: int) -> str:
    """What a run is, in words."""
    return ", ".join(filter(None, [in_words(values), f"replica {replica}"]))


def _sortable(value: Any) -> tuple[int, Any]:
    return (1, value) if isinstance(value, str) else (0, value)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what signac finds wrong with a folder."""
    from signac.errors import ConfigError, IncompatibleSchemaVersion, JobsCorruptedError, WorkspaceError

    logger = logging.getLogger("signac")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)  # it logs what it raises as well, and that is told once
    try:
        yield
    except JobsCorruptedError as error:
        names = ", ".join(f"{WORKSPACE}/{name}" for name in list(error.job_ids)[:3])
        raise InputError(
            f"{path}: the state point of {names} is damaged; zeocryst sweep with the sweep's file mends it for "
            "a run that the file asks for; move any other folder away"
        ) from None
    except ConfigError:
        raise InputError(
            f"{path}: signac's .signac/config is damaged; take it away, and zeocryst sweep makes it anew"
        ) from None
    except (IncompatibleSchemaVersion, WorkspaceError, LookupError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: signac cannot read it as a project: {error}") from None
    finally:
        logger.setLevel(level)
