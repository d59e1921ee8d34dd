"""``zeocryst analyze``: everything about a trajectory on one time axis."""

from __future__ import annotations

import argparse
from pathlib import Path

from zeocryst.commands import DONE
from zeocryst.commands._options import types_option

HELP = "everything about a trajectory on one time axis"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("trajectory", metavar="TRAJECTORY", help="GSD, LAMMPS dump, anything ASE reads")
    parser.add_argument("--out", metavar="DIR", help="folder for tables, per-site arrays and figures")
    parser.add_argument("--frames", metavar="START:STOP:STEP", help="some frames (default: every one)")
    parser.add_argument("--only", metavar="NAME,...", help="such as rings,density or all,environment:SGT")
    types_option(parser)
    parser.add_argument("--json", action="store_true")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.answers.analyze import analyze, parse_frames
    from zeocryst.chemistry.roles import parse_types
    from zeocryst.order.with_freud import leave_out_plots
    from zeocryst.report.terminal import in_words

    leave_out_plots()
    found = analyze(
        options.trajectory,
        parse_frames(options.frames),
        None if options.only is None else [name.strip() for name in options.only.split(",")],
        parse_types(options.types),
        None if options.out is None else Path(options.out),
    )
    print(
        found.as_json()
        if options.json
        else in_words(found.rows, list(found.distributions), found.summary["sentence"])
    )
    return DONE
