"""Arguments that several commands have."""

from __future__ import annotations

import argparse

from zeocryst.errors import InputError


def types_option(parser: argparse.ArgumentParser) -> None:
    """What a file calls its sites."""
    parser.add_argument("--types", metavar="T=Al,P", help="what T, S and O are called in the file")


def engine_options(parser: argparse.ArgumentParser) -> None:
    """What runs the simulation."""
    parser.add_argument("--engine", metavar="NAME", help="engine, or auto")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"))
    parser.add_argument("--threads", type=int, metavar="N", help="never more than there are cores")


def check_threads(threads: int | None) -> None:
    """Raise `InputError` where there is no such number of threads."""
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: expected a whole number of at least 1")
