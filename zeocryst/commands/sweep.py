"""``zeocryst sweep``: one condition over values of anything in it, with replicas."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from textwrap import fill
from typing import Any

from zeocryst.commands import DONE, FAILED
from zeocryst.commands._options import COLUMNS, answer_study, study_options
from zeocryst.errors import InputError

HELP = "one condition over lists of anything in it, with replicas; how far that is, and its report"
USAGE = """zeocryst sweep STUDY --out DIR [--jobs N] [--retry] [--init] [--engine NAME]
                      [--device {auto,cpu,gpu}] [--plugin FILE.py]
                      [--walltime TIME] [--restart] [--quiet] [--json]
       zeocryst sweep status DIR [--json]
       zeocryst sweep report DIR [--json]"""
OWN_PROGRESS = True
#: What can be done besides running.
RUN, STATUS, REPORT = "run", "status", "report"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "words", nargs="+", metavar="STUDY",
        help="study.toml with a table [sweep]; or status DIR (how far it is) or report DIR (what it "
        "says so far), also while it runs",
    )  # fmt: skip
    study_options(parser, out_needed=False)
    parser.add_argument("--retry", action="store_true", help="try the runs again that failed")
    parser.add_argument(
        "--init", action="store_true",
        help="make the folder and run nothing: for a cluster (docs/scale.md)",
    )  # fmt: skip


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    action, name = _asked(options)
    if action == RUN:
        return _run(options, name)
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.sweeps.reporting import report
    from zeocryst.sweeps.states import in_lines, status

    load_plugins(options.plugin)
    found = (status if action == STATUS else report)(Path(name))
    if options.json:
        print(json.dumps(found, indent=1))
        return DONE
    print(fill(str(found["sentence"]), COLUMNS))
    for line in in_lines(found["failed"]):
        print(line)
    if action == REPORT:
        print(Path(name) / "report.html")
    return DONE


def _asked(options: argparse.Namespace) -> tuple[str, str]:
    """What is to be done, and with which file or folder."""
    words = list(options.words)
    actions = [word for word in words if word in (RUN, STATUS, REPORT)]
    # a file may be called status, too, where it is named beside an action
    action = actions[0] if actions else RUN
    if actions:
        words.remove(action)
    if action != RUN:
        folders = [*words[:1], *([options.out] if options.out else [])] if len(words) < 2 else []
        if options.out and words and Path(words[0]).is_file():
            folders = [options.out]  # the form that names the file of the sweep, too
        if len(folders) != 1:
            raise InputError(f"sweep {action} takes one folder, that of a sweep: zeocryst sweep {action} DIR")
        for given, option in (
            (options.retry, "--retry"),
            (options.init, "--init"),
            (options.restart, "--restart"),
        ):
            if given:
                raise InputError(f"{option}: runs something or begins anew, and sweep {action} only looks")
        return action, folders[0]
    if len(words) != 1:
        raise InputError(f"sweep takes one file, not {len(words)}: zeocryst sweep STUDY --out DIR")
    if options.out is None:
        raise InputError("--out is needed: the folder of the sweep")
    return action, words[0]


def _run(options: argparse.Namespace, study: str) -> int:
    from zeocryst.studies.running import StudyOptions
    from zeocryst.sweeps.states import in_lines
    from zeocryst.sweeps.sweep import sweep

    failed: list[dict[str, Any]] = []

    def swept(file: str, out: Path, chosen: StudyOptions) -> dict[str, Any]:
        """Run it, and remember which runs failed."""
        found = sweep(file, out, chosen, retry=options.retry, only_made=options.init)
        failed.extend(found["failed"])
        return found

    status = answer_study(options, swept, study)
    if failed:
        words = "run that failed" if len(failed) == 1 else "runs that failed"
        print(f"{len(failed)} {words} (the same command with --retry tries again):", file=sys.stderr)
        for line in in_lines(failed):
            print(line, file=sys.stderr)
        return FAILED
    return status
