"""The command line: arguments to one call each.

Exit statuses: 0 done; 2 the input or the command line is bad; 3 the simulation failed; 4 stopped early on
purpose (Ctrl-C, SIGTERM, a closed terminal, the walltime), the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from zeocryst.errors import InputError, SimulationError, nearest
from zeocryst.interrupt import interrupted_alike
from zeocryst.machine import process_age_s, wait_briefly
from zeocryst.streams import lasting_streams

BAD_INPUT, FAILED, STOPPED = 2, 3, 4


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise, so that every bad input ends in the same way."""
        raise InputError(f"{message} (see {self.prog} --help)")


def _parser() -> _Parser:
    parser = _Parser(prog="zeocryst", description="Zeolite crystallization across scales.")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    run = commands.add_parser("run", help="run a condition, from file to report")
    run.add_argument("condition", metavar="CONDITION", help="condition.toml, or its folder")
    run.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    _engine_options(run)
    run.add_argument("--seed", type=int, metavar="N", help="seed of all random numbers")
    run.add_argument("--walltime", metavar="TIME", help="stop in time, such as 1h50m; the same command goes on")
    run.add_argument("--restart", action="store_true", help="set an old run in DIR aside and begin anew")
    run.add_argument("--quiet", action="store_true", help="no progress")
    run.add_argument("--json", action="store_true", help="print summary.json at the end")

    check = commands.add_parser("check", help="validate a condition and estimate its cost; writes nothing")
    check.add_argument("condition", metavar="CONDITION")
    _engine_options(check)
    check.add_argument("--json", action="store_true")

    new = commands.add_parser("new", help="a commented condition to start from")
    new.add_argument("name", metavar="NAME", help="folder to make")
    new.add_argument("--like", required=True, metavar="EXAMPLE", help="a shipped condition, such as sgt_seeded")

    identify = commands.add_parser("identify", help="name the framework of structures")
    identify.add_argument("files", nargs="+", metavar="FILE", help="whatever ASE reads, GSD, LAMMPS dumps")
    identify.add_argument("--frame", type=int, metavar="N", help="one frame (default: every one)")
    identify.add_argument("--types", metavar="T=Al,P", help="what T, S and O are called in the file")
    identify.add_argument("--json", action="store_true")

    analyze = commands.add_parser("analyze", help="everything about a trajectory on one time axis")
    analyze.add_argument("trajectory", metavar="TRAJECTORY", help="GSD, LAMMPS dump, anything ASE reads")
    analyze.add_argument("--out", metavar="DIR", help="folder for tables, per-site arrays and figures")
    analyze.add_argument("--frames", metavar="START:STOP:STEP", help="some frames (default: every one)")
    analyze.add_argument("--only", metavar="NAME,...", help="such as rings,density or all,environment:SGT")
    analyze.add_argument("--types", metavar="T=Al,P", help="what T, S and O are called in the file")
    analyze.add_argument("--json", action="store_true")

    _backmap_options(commands.add_parser("backmap", help="atoms for frames of a file or of a run"))

    frameworks = commands.add_parser(
        "frameworks", help="list the framework types, show one, or add your own",
        usage="zeocryst frameworks [CODE] [--json]\n"
        "       zeocryst frameworks own [--json]\n"
        "       zeocryst frameworks remove NAME\n"
        "       zeocryst frameworks add FILE --name NAME [--frame N] [--types T=Si,S=X] [--json]",
    )  # fmt: skip
    frameworks.add_argument("words", nargs="*", metavar="CODE | add FILE", help="a type, or a crystal to add")
    frameworks.add_argument("--name", metavar="NAME", help="what the added type is called")
    frameworks.add_argument("--frame", type=int, metavar="N", help="the frame to add (default: the last)")
    frameworks.add_argument("--types", metavar="T=Al,P", help="what T, S and O are called in the file")
    frameworks.add_argument("--json", action="store_true")

    report = commands.add_parser("report", help="write the report of a finished run again")
    report.add_argument("folders", nargs="+", metavar="DIR")
    return parser


def _engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", metavar="NAME", help="engine, or auto")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"))
    parser.add_argument("--threads", type=int, metavar="N", help="never more than there are cores")


def _backmap_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="FILE|RUN", help="whatever ASE reads, GSD, LAMMPS dumps, or a run's folder"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; new or empty")
    parser.add_argument("--frame", "--frames", metavar="N|auto", help="auto: start, transition or middle, end")
    parser.add_argument("--quench", choices=("ts", "none"), help="relax beads in the T-S model first")
    parser.add_argument("--cell", choices=("fixed", "free"), default="fixed", help="free: held by its volume")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the geometry's starts")
    parser.add_argument("--types", metavar="T=Al,P", help="what T, S and O are called in the file")
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    wait_briefly()
    try:
        with interrupted_alike(), lasting_streams():
            status = _answer(arguments)
            sys.stdout.flush()
        return status
    except InputError as error:  # what was printed could not be written
        with lasting_streams():
            print(f"zeocryst: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:  # while the first one was told of
        return STOPPED


def _answer(arguments: Sequence[str] | None) -> int:
    given = _without_marks(sys.argv[1:] if arguments is None else arguments)
    try:
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
    except KeyboardInterrupt:
        words = "; the same command goes on from the last checkpoint" if given[:1] == ["run"] else ""
        print(f"zeocryst: interrupted{words}", file=sys.stderr)
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
        return 0
    commands = {
        "run": _run, "check": _check, "new": _new, "identify": _identify, "analyze": _analyze,
        "backmap": _backmap, "frameworks": _frameworks, "report": _report,
    }  # fmt: skip
    if options.command is None:
        raise InputError(f"a command is needed: {', '.join(commands)} (see zeocryst --help)")
    if options.command in ("run", "new"):  # a run has its own progress
        return commands[options.command](options)
    from zeocryst.compiling import told_when_compiling

    # whoever sits at a terminal is told why nothing comes yet
    with told_when_compiling(lambda words: print(words, file=sys.stderr), always=sys.stderr.isatty()):
        return commands[options.command](options)


def _run(options: argparse.Namespace) -> int:
    from zeocryst.interrupt import parse_walltime
    from zeocryst.pipeline import Options, run

    _check_threads(options.threads)
    walltime = None if options.walltime is None else parse_walltime(options.walltime) - process_age_s()
    summary, finished = run(
        options.condition,
        Path(options.out),
        Options(
            options.engine, options.device, options.threads, options.seed, walltime, options.restart,
            options.quiet,
        ),
    )  # fmt: skip
    if options.json and finished:
        print(json.dumps(summary, indent=1))
    return 0 if finished else STOPPED


def _check_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: expected a whole number of at least 1")


def _check(options: argparse.Namespace) -> int:
    from zeocryst.estimate import estimate
    from zeocryst.pipeline import Options, read_with_options

    _check_threads(options.threads)
    chosen = Options(options.engine, options.device, options.threads)
    found = estimate(read_with_options(options.condition, chosen))
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        hours = found["wall_s"] / 3600
        gel = found["gel"]["words"] + "\n" if "gel" in found else ""
        lines = (found["start"], *found["early"], found["engine"], *found["busy"], *found["solvent"])
        said = "".join(f"{line}\n" for line in lines if line)
        most = "at most " if found["can_end_early"] else ""
        print(
            f"{found['condition']}: valid\n{gel}{found['n_T']} T and {found['n_S']} S beads, "
            f"{most}{found['steps']} steps ({found['time_ps'] / 1000:g} ns), {found['frames']} frames, "
            f"about {found['memory_MB']} MB\n{said}"
            f"about {found['steps_per_s'] or 0:g} steps/s, {most}{hours:.2f} h for the dynamics"
        )
    return 0


def _new(options: argparse.Namespace) -> int:
    from importlib import resources

    shipped = resources.files("zeocryst.runs")
    names = [f.name for f in shipped.iterdir() if f.joinpath("condition.toml").is_file()]
    if options.like not in names:
        raise InputError(f"--like {options.like!r}: no such shipped condition; {nearest(options.like, names)}")
    folder = Path(options.name)
    if not folder.name.isidentifier():
        raise InputError(f"{options.name!r}: a name has letters, digits and _ only, and no digit first")
    if folder.exists():
        raise InputError(f"{folder} is there already; nothing is overwritten, give another name")
    text = shipped.joinpath(options.like, "condition.toml").read_text(encoding="utf-8")
    folder.mkdir(parents=True)
    (folder / "condition.toml").write_text(text.replace(f'"{options.like}"', f'"{folder.name}"', 1), "utf-8")
    print(f"{folder / 'condition.toml'}; edit it, then: zeocryst check {folder}")
    return 0


def _identify(options: argparse.Namespace) -> int:
    from zeocryst.chemistry.roles import parse_types
    from zeocryst.identify import failures_in_words, identify_files, in_words

    found = identify_files(options.files, options.frame, parse_types(options.types))
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for entry in found["files"]:
            if "error" not in entry:
                print(in_words(entry))
    if failed := failures_in_words(found):
        raise InputError(failed)
    return 0


def _analyze(options: argparse.Namespace) -> int:
    from zeocryst.analyze import analyze, parse_frames
    from zeocryst.chemistry.roles import parse_types
    from zeocryst.order.with_freud import leave_out_plots
    from zeocryst.report.terminal import in_words

    leave_out_plots()
    found = analyze(
        options.trajectory,
        parse_frames(options.frames),
        None if options.only is None else [name.strip() for name in options.only.split(",")],
        parse_types(options.types),
        None if options.out is None else Path(options.out),
    )
    print(
        found.as_json()
        if options.json
        else in_words(found.rows, list(found.distributions), found.summary["sentence"])
    )
    return 0


def _backmap(options: argparse.Namespace) -> int:
    from zeocryst.backmap_command import Options, backmap_files

    chosen = Options(options.frame, options.quench, options.cell, options.seed, options.types)
    summary = backmap_files(Path(options.source), Path(options.out), chosen)
    print(json.dumps(summary, indent=1) if options.json else "\n".join(summary["words"]))
    return 0


def _frameworks(options: argparse.Namespace) -> int:
    from zeocryst.chemistry.roles import parse_types
    from zeocryst.frameworks.table import remove_user_type
    from zeocryst.library import (
        add_framework,
        list_frameworks,
        list_in_words,
        own_frameworks,
        own_in_words,
        show_framework,
        show_in_words,
    )

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
    return 0


def _report(options: argparse.Namespace) -> int:
    from zeocryst.mending import mend_table
    from zeocryst.report.run import write_report
    from zeocryst.rundir import RunDirectory, read_summary
    from zeocryst.textfiles import damage_told

    for name in options.folders:
        read_summary(Path(name))
    for name in options.folders:
        mend_table(RunDirectory(Path(name), "", ""), lambda words: print(words, file=sys.stderr))
        with damage_told(
            f"{name}: its report cannot be made from summary.json, which is not as zeocryst wrote it"
        ):
            print(write_report(Path(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
