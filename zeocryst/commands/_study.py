"""What the commands of studies share: their arguments, and how they end."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from zeocryst.commands import DONE, STOPPED
from zeocryst.commands._options import plugin_option
from zeocryst.errors import InputError
from zeocryst.foundation.machine import process_age_s

if TYPE_CHECKING:
    from zeocryst.studies.running import StudyOptions

#: Width of a terminal.
COLUMNS = 80


def study_arguments(parser: argparse.ArgumentParser, what: str) -> None:
    """Add them: the study's file, in words, its folder, and how its runs are made."""
    parser.add_argument("study", metavar="STUDY", help=what)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    run_arguments(parser)


def run_arguments(parser: argparse.ArgumentParser) -> None:
    """How the runs of a study are made, and what is told of it."""
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="runs at once; default: as many as there are cores"
    )
    parser.add_argument("--engine", metavar="NAME", help="engine, or auto")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"))
    plugin_option(parser)
    parser.add_argument(
        "--walltime", metavar="TIME", help="stop in time, such as 1h50m; the same command goes on"
    )
    parser.add_argument("--restart", action="store_true", help="set an old study in DIR aside and begin anew")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def answer_study(
    options: argparse.Namespace, call: Callable[[str, Path, StudyOptions], Mapping[str, Any]]
) -> int:
    """Make a study: its answer on stdout, in a line or as JSON; the exit status."""
    from zeocryst.foundation.interrupt import parse_walltime
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.studies.running import Stopped, StudyOptions

    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"--jobs {options.jobs}: expected a whole number of at least 1")
    load_plugins(options.plugin)
    walltime = None if options.walltime is None else parse_walltime(options.walltime) - process_age_s()
    made = StudyOptions(
        jobs=options.jobs, engine=options.engine, device=options.device, walltime_s=walltime,
        quiet=options.quiet, plugins=tuple(options.plugin or ()), restart=options.restart,
    )  # fmt: skip
    try:
        summary = call(options.study, Path(options.out), made)
    except Stopped:
        return STOPPED
    print(json.dumps(summary, indent=1) if options.json else fill(str(summary["sentence"]), COLUMNS))
    return DONE
