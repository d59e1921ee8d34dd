"""``zeocryst identify``: name the framework of structures."""

from __future__ import annotations

import argparse
import json

from zeocryst.commands import DONE
from zeocryst.commands._options import types_option
from zeocryst.errors import InputError

HELP = "name the framework of structures"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="whatever ASE reads, GSD, LAMMPS dumps")
    parser.add_argument("--frame", type=int, metavar="N", help="one frame (default: every one)")
    types_option(parser)
    parser.add_argument("--json", action="store_true")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.answers.identify import failures_in_words
    from zeocryst.door.identification import identify_all

    found = identify_all(options.files, frame=options.frame, types=options.types)
    if options.json:
        print(json.dumps(found.record, indent=1))
    else:
        for one in found:
            print(one)
    if failed := failures_in_words(found.record):
        raise InputError(failed)
    return DONE
