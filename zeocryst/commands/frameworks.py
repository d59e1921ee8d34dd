"""``zeocryst frameworks``: list the framework types, show one, or add your own."""

from __future__ import annotations

import argparse
import json

from zeocryst.commands import DONE
from zeocryst.commands._options import types_option
from zeocryst.errors import InputError

HELP = "list the framework types, show one, or add your own"
USAGE = """zeocryst frameworks [CODE] [--json]
       zeocryst frameworks own [--json]
       zeocryst frameworks remove NAME
       zeocryst frameworks add FILE --name NAME [--frame N]
                           [--types T=Si,S=X] [--json]"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("words", nargs="*", metavar="CODE | add FILE", help="a type, or a crystal to add")
    parser.add_argument("--name", metavar="NAME", help="what the added type is called")
    parser.add_argument("--frame", type=int, metavar="N", help="the frame to add (default: the last)")
    types_option(parser)
    parser.add_argument("--json", action="store_true")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.answers.library import (
        add_framework,
        list_frameworks,
        list_in_words,
        own_frameworks,
        own_in_words,
        show_framework,
        show_in_words,
    )
    from zeocryst.chemistry.roles import parse_types
    from zeocryst.frameworks.table import remove_user_type

    words = options.words
    adding, removing = words[:1] == ["add"], words[:1] == ["remove"]
    if len(words) > (2 if adding or removing else 1):
        raise InputError(f"unexpected {words[-1]!r}; expected [CODE], add FILE --name NAME, own or remove NAME")
    if removing and len(words) < 2:
        raise InputError("a name is needed: zeocryst frameworks remove NAME (a type of your own)")
    if adding and (len(words) < 2 or options.name is None):
        raise InputError("a file and a name are needed: zeocryst frameworks add FILE --name NAME")
    if not adding and (options.name, options.frame, options.types) != (None, None, None):
        raise InputError("--name, --frame and --types go with: zeocryst frameworks add FILE --name NAME")
    if adding:
        path, found = add_framework(words[1], options.name, options.frame, parse_types(options.types))
        text = f"{show_in_words(found)}\nkept in {path}"
    elif removing:
        removed = remove_user_type(words[1])
        found, text = {"removed": str(removed)}, f"removed {removed}"
    elif words == ["own"]:
        found = own_frameworks()
        text = own_in_words(found)
    elif words:
        found = show_framework(words[0])
        text = show_in_words(found)
    else:
        found = list_frameworks()
        text = list_in_words(found)
    print(json.dumps(found, indent=1) if options.json else text)
    return DONE
