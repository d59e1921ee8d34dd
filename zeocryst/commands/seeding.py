"""``zeocryst seeding``: critical nuclei, barriers and rates from crystal seeds that grow or melt."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from zeocryst.commands._options import answer_study, study_options

if TYPE_CHECKING:
    from zeocryst.studies.running import StudyOptions

HELP = "critical nuclei, barriers and rates, by crystal seeds that grow or melt"
OWN_PROGRESS = True
#: Width of a terminal.
COLUMNS = 80


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("study", metavar="STUDY", help="study.toml with a table [seeding]")
    study_options(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.seeding import seeding

    def told(chosen: StudyOptions) -> Mapping[str, Any]:
        summary = seeding(options.study, Path(options.out), chosen)
        if not options.json:
            print(fill(str(summary["sentence"]), COLUMNS))
        return summary

    return answer_study(options, told)
