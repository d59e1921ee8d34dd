"""``zeocryst design``: what makes a wanted framework grow or nucleate."""

from __future__ import annotations

import argparse

from zeocryst.commands._options import answer_study, study_options

HELP = "parameters, composition or temperature that make a wanted framework grow or nucleate"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("study", metavar="STUDY", help="study.toml with a table [design] and its stages")
    study_options(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.design import design

    return answer_study(options, design, options.study)
