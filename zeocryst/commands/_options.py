"""Arguments that several commands have."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, TypeVar

from zeocryst.commands import DONE, STOPPED
from zeocryst.errors import InputError

if TYPE_CHECKING:
    from zeocryst.studies.running import StudyOptions

Asked = TypeVar("Asked")

#: Width of a terminal.
COLUMNS = 80


def types_option(parser: argparse.ArgumentParser) -> None:
    """What a file calls its sites."""
    parser.add_argument("--types", metavar="T=Al,P", help="what T, S and O are called in the file")


def plugin_option(parser: argparse.ArgumentParser) -> None:
    """Order parameters and engines of other people."""
    parser.add_argument(
        "--plugin", action="append", metavar="FILE.py", help="order parameters or an engine of your own"
    )


def device_options(parser: argparse.ArgumentParser) -> None:
    """What runs a simulation, and on what."""
    parser.add_argument("--engine", metavar="NAME", help="engine, or auto")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"))


def engine_options(parser: argparse.ArgumentParser) -> None:
    """What runs one simulation, and with how many threads."""
    device_options(parser)
    parser.add_argument("--threads", type=int, metavar="N", help="never more than there are cores")


def check_threads(threads: int | None) -> None:
    """Raise `InputError` where there is no such number of threads."""
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: expected a whole number of at least 1")


def study_options(parser: argparse.ArgumentParser, *, out_needed: bool = True) -> None:
    """Of a command that is many runs."""
    parser.add_argument("--out", required=out_needed, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="runs at once; as many as there are cores if not given"
    )
    device_options(parser)
    plugin_option(parser)
    parser.add_argument(
        "--walltime", metavar="TIME", help="stop in time, such as 1h50m; the same command goes on"
    )
    parser.add_argument("--restart", action="store_true", help="set an old study in DIR aside and begin anew")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def answer_study(
    options: argparse.Namespace, study: Callable[[Asked, Path, StudyOptions], Mapping[str, Any]], asked: Asked
) -> int:
    """Do a study, say what it found, and end as every study ends.

    Parameters
    ----------
    options
        With those of `study_options`.
    study
        Does what is asked in a folder; returns what ``summary.json`` holds.
    asked
        What it is to do, such as the study's file.

    Returns
    -------
    int
        The exit status.
    """
    from zeocryst.engines import check_engine
    from zeocryst.foundation.interrupt import parse_walltime
    from zeocryst.foundation.machine import process_age_s
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.studies.running import Stopped, StudyOptions

    load_plugins(options.plugin)
    check_engine(options.engine or "auto")
    walltime = None if options.walltime is None else parse_walltime(options.walltime) - process_age_s()
    chosen = StudyOptions(
        options.jobs, options.engine, options.device, walltime, options.quiet, tuple(options.plugin or ()),
        options.restart,
    )  # fmt: skip
    try:
        summary = study(asked, Path(options.out), chosen)
    except Stopped as stopped:
        if not options.quiet:
            print(f"stopped: {stopped}", file=sys.stderr)
        return STOPPED
    print(json.dumps(summary, indent=1) if options.json else fill(str(summary["sentence"]), COLUMNS))
    return DONE
