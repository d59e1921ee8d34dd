"""``zeocryst seeding``: critical nuclei, barriers and rates from crystal seeds that grow or melt."""

from __future__ import annotations

import argparse

from zeocryst.commands._options import answer_study, study_options

HELP = "critical nuclei, barriers and rates, by crystal seeds that grow or melt"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("study", metavar="STUDY", help="study.toml with a table [seeding]")
    study_options(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.seeding import seeding

    return answer_study(options, seeding, options.study)
