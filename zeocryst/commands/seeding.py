"""``zeocryst seeding``: critical nuclei, barriers and rates from crystal seeds that grow or melt."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from zeocryst.commands import DONE
from zeocryst.commands._options import study_options, study_options_of

HELP = "critical nuclei, barriers and rates from crystal seeds that grow or melt"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("study", metavar="STUDY", help="file of the study: a condition with a table [seeding]")
    study_options(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.seeding import seeding

    summary = seeding(options.study, Path(options.out), study_options_of(options))
    if options.json:
        print(json.dumps(summary, indent=1))
    return DONE
