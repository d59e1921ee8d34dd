"""``zeocryst committor``: how often a frame of a run crystallizes when it goes on with new velocities."""

from __future__ import annotations

import argparse
from pathlib import Path

from zeocryst.commands._options import answer_study, study_options

HELP = "how often a frame of a run crystallizes when it goes on with new velocities"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("run", metavar="RUN", help="folder of a run, or a GSD file with --condition")
    parser.add_argument("--frame", type=int, required=True, metavar="N", help="frame; -1 is the last")
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="how many begin there (default: 20)")
    parser.add_argument("--time-ps", type=float, metavar="PS", help="the longest that one takes")
    parser.add_argument(
        "--size", default="largest_grain_sites", metavar="COLUMN", help="what of a run's table is the size"
    )
    parser.add_argument("--grown", type=float, metavar="T", help="size from which it is crystalline")
    parser.add_argument("--melted", type=float, metavar="T", help="size below which it has melted")
    parser.add_argument("--condition", metavar="FILE", help="temperature, pressure and model of a GSD file")
    parser.add_argument("--temperature-K", type=float, metavar="K", help="another temperature than the frame's")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all random numbers")
    study_options(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.committor import Asked, committor

    asked = Asked(
        Path(options.run), options.frame, options.runs, options.time_ps, options.size, options.grown,
        options.melted, options.condition, options.temperature_K, options.seed,
    )  # fmt: skip
    return answer_study(options, committor, asked)
