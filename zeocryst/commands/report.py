"""``zeocryst report``: write the report of a finished run again, or one of several runs together."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from zeocryst.commands import DONE
from zeocryst.commands._options import plugin_option

HELP = "write the report of a finished run or of a sweep again, or one of several runs together"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("folders", nargs="+", metavar="DIR")
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="one report of all of them, as replicas of one condition: waiting times with those that waited in "
        "vain, survival curve, means and errors over the runs",
    )
    plugin_option(parser)
    parser.add_argument("--json", action="store_true", help="with --out: print its summary.json")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.errors import InputError
    from zeocryst.files.records import holds_particles, read_summary
    from zeocryst.files.rundir import RunDirectory
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.foundation.textfiles import damage_told
    from zeocryst.report.particles import write_report as write_particles
    from zeocryst.report.run import write_report
    from zeocryst.running.mending import mend_table
    from zeocryst.sweeps.reporting import holds_sweep
    from zeocryst.sweeps.reporting import report as report_sweep

    load_plugins(options.plugin)
    if options.out is not None:
        from zeocryst.answers.replicas import replicas

        found = replicas(options.folders, Path(options.out))
        print(json.dumps(found, indent=1) if options.json else found["sentence"])
        return DONE
    if options.json:
        raise InputError("--json: the reports of single runs are pages; give --out DIR, for all runs together")
    sweeps = [name for name in options.folders if holds_sweep(Path(name))]
    runs = [name for name in options.folders if name not in sweeps]
    levels = [name for name in runs if holds_particles(Path(name))]
    runs = [name for name in runs if name not in levels]
    for name in runs:
        read_summary(Path(name))
    for name in levels:
        with damage_told(f"{name}: its report cannot be made, its files are not as zeocryst wrote them"):
            print(write_particles(Path(name)))
    for name in sweeps:
        report_sweep(Path(name))
        print(Path(name) / "report.html")
    for name in runs:
        mend_table(RunDirectory(Path(name), "", ""), lambda words: print(words, file=sys.stderr))
        with damage_told(
            f"{name}: its report cannot be made from summary.json, which is not as zeocryst wrote it"
        ):
            print(write_report(Path(name)))
    return DONE
