"""``zeocryst run``: run a condition, from file to report."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from zeocryst.commands import DONE, STOPPED
from zeocryst.commands._options import check_threads, engine_options, plugin_option
from zeocryst.foundation.machine import process_age_s

HELP = "run a condition, from file to report"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "condition", metavar="CONDITION", help="condition.toml, its folder, or the name of a shipped one"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    engine_options(parser)
    plugin_option(parser)
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all random numbers")
    parser.add_argument(
        "--walltime", metavar="TIME", help="stop in time, such as 1h50m; the same command goes on"
    )
    parser.add_argument("--restart", action="store_true", help="set an old run in DIR aside and begin anew")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.foundation.interrupt import parse_walltime
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.running.beginning import Options
    from zeocryst.running.pipeline import run

    check_threads(options.threads)
    load_plugins(options.plugin)
    walltime = None if options.walltime is None else parse_walltime(options.walltime) - process_age_s()
    summary, finished = run(
        options.condition,
        Path(options.out),
        Options(
            options.engine, options.device, options.threads, options.seed, walltime, options.restart,
            options.quiet,
        ),
    )  # fmt: skip
    if options.json and finished:
        print(json.dumps(summary, indent=1))
    return DONE if finished else STOPPED
