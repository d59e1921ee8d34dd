"""``zeocryst report``: write the report of a finished run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zeocryst.commands import DONE

HELP = "write the report of a finished run again"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("folders", nargs="+", metavar="DIR")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.files.rundir import RunDirectory, read_summary
    from zeocryst.foundation.textfiles import damage_told
    from zeocryst.report.run import write_report
    from zeocryst.running.mending import mend_table

    for name in options.folders:
        read_summary(Path(name))
    for name in options.folders:
        mend_table(RunDirectory(Path(name), "", ""), lambda words: print(words, file=sys.stderr))
        with damage_told(
            f"{name}: its report cannot be made from summary.json, which is not as zeocryst wrote it"
        ):
            print(write_report(Path(name)))
    return DONE
