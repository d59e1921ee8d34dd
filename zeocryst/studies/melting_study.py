"""A melting study from its file to its report: what ``zeocryst melt`` calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zeocryst.errors import SimulationError
from zeocryst.studies.fronts import FAILED
from zeocryst.studies.melting import TABLE, Melting
from zeocryst.studies.melting_plan import KEYS
from zeocryst.studies.melting_summary import summarize
from zeocryst.studies.reading import read_study
from zeocryst.studies.running import StudyFolder, StudyOptions


def melt(study: str | Path, out: Path, options: StudyOptions) -> dict[str, Any]:
    """Measure a melting point.

    Parameters
    ----------
    study
        ``study.toml`` with a table ``[melt]``, or a condition of a crystal.
    out
        Folder for the results.
    options
        How runs are made.

    Returns
    -------
    dict
        The summary, which lies in the folder with ``report.html``.

    Raises
    ------
    InputError
        The study can't be made.
    SimulationError
        Every run failed.
    Stopped
        It was stopped on purpose; the same call goes on.
    """
    from zeocryst.report.melting import write_melting

    melting = Melting.of(read_study(study, TABLE, KEYS))
    with StudyFolder(out, melting.text(), options) as folder:
        if folder.summary is not None:
            return folder.summary
        boxes = melting.chosen_boxes()
        if boxes is not None:
            folder.say(boxes)
        if melting.study.stages:
            folder.say("the stages of the file are not used: a melting study makes its own")
        melting.run(folder)
        failed = [run for run in melting.runs if run.outcome == FAILED]
        if len(failed) == len(melting.runs):
            raise SimulationError(f"all {len(failed)} runs of fronts failed; the first: {failed[0].note}")
        summary = summarize(melting)
        write_melting(out, summary)
        return folder.finish(summary)
