"""One run of a sweep: from what is varied and the number of the replica to its condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import write_text
from zeocryst.studies.reading import StudyFile, read_study, replica_seed
from zeocryst.sweeps.space import Slot, label, slot_of
from zeocryst.sweeps.sweep_plan import KEYS, TABLE, Plan, read_plan

#: Where the force fields of the runs lie, below the sweep's folder.
MODELS = "forcefields"


def condition_of(study: StudyFile, plan: Plan, slot: Slot, place: Callable[[str, str], Path]) -> Condition:
    """The condition of a run.

    Parameters
    ----------
    study, plan
        The sweep.
    slot
        Which run of it.
    place
        Is given the name of a file and the text of the run's force field, where that is varied, and returns the
        path that it wrote it to.

    Returns
    -------
    Condition
        Its seed number follows from the sweep's, from what is varied and the replica, so that other values and
        replicas can be added without changing it.
    """
    named = [part for name in sorted(slot.values) for part in (name, slot.values[name])]
    made = plan.ground.with_values(
        plan.by_key(slot.values),
        seed=replica_seed(study.seed, *named, slot.replica),
        place=lambda text: place(f"{MODELS}/{slot.name}.toml", text),
    )
    told = label(slot.values, slot.replica)
    return replace(made, title=f"{made.title or made.name}: {told}")


@lru_cache(maxsize=1)
def _read(file: Path, _when: int) -> tuple[StudyFile, Plan]:
    """A sweep's file, once for all jobs that are asked for."""
    study = read_study(file, TABLE, KEYS)
    return study, read_plan(study, check=False)


def condition_of_job(job: Path) -> Condition:
    """The condition of a run by the folder of its job alone, as a job of a cluster knows it.

    Raises
    ------
    InputError
        It is no job of a sweep, or the sweep's ``study.toml`` does not have its axes.
    """
    root = job.resolve().parents[1]
    file = root / "study.toml"
    study, plan = _read(file, file.stat().st_mtime_ns if file.is_file() else 0)
    slot = slot_of(root, job.name)
    if set(slot.values) != {axis.name for axis in plan.axes}:
        raise InputError(f"{job}: varies {', '.join(slot.values)}, which {root / 'study.toml'} does not")

    def placed(name: str, text: str) -> Path:
        """Write a file of the sweep's own, unless it is there."""
        path = root / name
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != text:
            write_text(path, text)
        return path

    return condition_of(study, plan, slot, placed)
