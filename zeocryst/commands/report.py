"""``zeocryst report``: write the report of a finished run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zeocryst.commands import DONE
from zeocryst.commands._options import plugin_option

HELP = "write the report of a finished run again"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("folders", nargs="+", metavar="DIR")
    plugin_option(parser)


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.files.records import read_summary
    from zeocryst.files.rundir import RunDirectory
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.foundation.textfiles import damage_told
    from zeocryst.report.run import write_report
    from zeocryst.running.mending import mend_table

    load_plugins(options.plugin)
    for name in options.folders:
        read_summary(Path(name))
    for name in options.folders:
        mend_table(RunDirectory(Path(name), "", ""), lambda words: print(words, file=sys.stderr))
        with damage_told(
            f"{name}: its report cannot be made from summary.json, which is not as zeocryst wrote it"
        ):
            print(write_report(Path(name)))
    return DONE
