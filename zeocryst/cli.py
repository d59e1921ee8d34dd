"""The command line: lists the commands (`zeocryst.commands`), and turns what they raise into exit statuses.

Exit statuses: 0 done; 2 the input or the command line is bad; 3 the simulation failed; 4 stopped early on
purpose (Ctrl-C, SIGTERM, a closed terminal, the walltime), the same command goes on.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from zeocryst.commands import BAD_INPUT, DONE, FAILED, STOPPED, commands
from zeocryst.door.wording import on_the_command_line
from zeocryst.errors import InputError, SimulationError
from zeocryst.foundation.interrupt import interrupted_alike
from zeocryst.foundation.machine import wait_briefly
from zeocryst.foundation.mpi import forget, launched
from zeocryst.foundation.streams import lasting_streams

#: Commands whose simulation several processes share.
SHARED = (["run"], ["check"])


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise, so that every bad input ends in the same way."""
        raise InputError(f"{message} (see {self.prog} --help)")


def _parser() -> _Parser:
    parser = _Parser(prog="zeocryst", description="Zeolite crystallization across scales.")
    parser.add_argument("--version", action="store_true", help="print the version")
    listed = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in commands().items():
        command.arguments(listed.add_parser(name, help=command.HELP, usage=getattr(command, "USAGE", None)))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    Of several processes that ``mpiexec`` has started the first one runs it, and the others do what it asks.
    """
    wait_briefly()
    given = _without_marks(sys.argv[1:] if arguments is None else arguments)
    rank, size = launched()
    if size == 1 or given[:1] not in SHARED:
        forget()  # children are processes of their own
        return DONE if rank else _main(given, shared=False)
    from zeocryst.foundation.ranks import end, served

    if rank:
        return served()
    try:
        return end(_main(given, shared=True))
    except SystemExit as left:  # such as --help's
        end(int(left.code or 0))
        raise


def _main(given: list[str], *, shared: bool) -> int:
    try:
        with interrupted_alike(), lasting_streams():
            status = _answer(given, shared)
            sys.stdout.flush()
        return status
    except InputError as error:  # what was printed could not be written
        with lasting_streams():
            print(f"zeocryst: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:  # while the first one was told of
        return STOPPED


def _answer(given: list[str], shared: bool) -> int:
    try:
        if shared:
            from zeocryst.foundation.ranks import begin

            begin()
        with on_the_command_line():
            return _dispatch(_parser().parse_args(given))
    except InputError as error:
        print(f"zeocryst: {error}", file=sys.stderr)
        return BAD_INPUT
    except SimulationError as error:
        print(f"zeocryst: {error}", file=sys.stderr)
        return FAILED
    except (OSError, MemoryError, OverflowError, UnicodeDecodeError) as error:
        # what no check foresaw: a full disk, a path too long, a file that is not text, too many beads
        reason = " ".join(str(error).split()) or "not enough memory"
        print(f"zeocryst: {type(error).__name__}: {reason}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt as broken:
        told = str(broken) or (
            "the same command goes on from the last checkpoint" if given[:1] == ["run"] else ""
        )
        print(f"zeocryst: interrupted{'; ' if told else ''}{told}", file=sys.stderr)
        return STOPPED


def _without_marks(arguments: Sequence[str]) -> list[str]:
    """The arguments, where a code such as ``-CLO`` is no option: framework types have marks in front."""
    if list(arguments[:1]) != ["frameworks"]:
        return list(arguments)
    return [word[1:] if re.fullmatch(r"-[A-Za-z]{3}", word) else word for word in arguments]


def _dispatch(options: argparse.Namespace) -> int:
    if options.version:
        from importlib.metadata import version

        print(version("zeocryst"))
        return DONE
    if options.command is None:
        raise InputError(f"a command is needed: {', '.join(commands())} (see zeocryst --help)")
    command = commands()[options.command]
    if getattr(command, "OWN_PROGRESS", False):
        return command.answer(options)
    from zeocryst.foundation.compiling import told_when_compiling

    # whoever sits at a terminal is told why nothing comes yet
    with told_when_compiling(lambda words: print(words, file=sys.stderr), always=sys.stderr.isatty()):
        return command.answer(options)


if __name__ == "__main__":
    sys.exit(main())
