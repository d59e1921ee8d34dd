"""``zeocryst melt``: the melting point of a framework by direct coexistence."""

from __future__ import annotations

import argparse

from zeocryst.commands._study import answer_study, study_arguments

HELP = "melting point, growth rates and driving force of a crystal, by runs of half crystal, half melt"
OWN_PROGRESS = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    study_arguments(parser, "study.toml with a table [melt], or a condition of a crystal")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.studies.melting_study import melt

    return answer_study(options, melt)
