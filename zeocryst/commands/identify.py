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
    from zeocryst.answers.identify import failures_in_words, identify_files, in_words
    from zeocryst.chemistry.roles import parse_types

    found = identify_files(options.files, options.frame, parse_types(options.types))
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for entry in found["files"]:
            if "error" not in entry:
                print(in_words(entry))
    if failed := failures_in_words(found):
        raise InputError(failed)
    return DONE
