"""``zeocryst melt``: the melting point of a crystal by direct coexistence."""

from __future__ import annotations

import argparse

from zeocryst.commands._options import answer_study, study_options

HELP = "melting point, growth rates and driving force of a crystal, by runs of half crystal, half melt"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "study", metavar="STUDY", help="study.toml with a table [melt], or a crystal's condition"
    )
    study_options(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.melting_study import melt

    return answer_study(options, melt, options.study)
