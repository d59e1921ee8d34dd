"""``zeocryst backmap``: atoms for frames of a file or of a run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from zeocryst.commands import DONE
from zeocryst.commands._options import types_option

HELP = "atoms for frames of a file or of a run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "source", metavar="FILE|RUN", help="whatever ASE reads, GSD, LAMMPS dumps, or a run's folder"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; new or empty")
    parser.add_argument(
        "--frame", "--frames", metavar="N,...|auto", help="or START:STOP:STEP; auto: those that matter"
    )
    parser.add_argument("--quench", choices=("ts", "none"), help="relax beads in the T-S model first")
    parser.add_argument("--cell", choices=("fixed", "free"), default="fixed", help="free: held by its volume")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the geometry's starts")
    types_option(parser)
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.answers.backmap import Options, backmap_files

    chosen = Options(options.frame, options.quench, options.cell, options.seed, options.types)
    summary = backmap_files(Path(options.source), Path(options.out), chosen)
    if options.json:
        print(json.dumps(summary, indent=1))
        return DONE
    print("\n".join(summary["words"]))
    if "road" in summary:
        from zeocryst.report.road import in_terminal

        print(in_terminal(summary["road"]))
    return DONE
