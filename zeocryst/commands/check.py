"""``zeocryst check``: validate a condition and estimate its cost; writes nothing."""

from __future__ import annotations

import argparse
import json

from zeocryst.commands import DONE
from zeocryst.commands._options import check_threads, engine_options, plugin_option

HELP = "validate a condition and estimate its cost; writes nothing"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "condition", metavar="CONDITION", help="condition.toml, its folder, or the name of a shipped one"
    )
    engine_options(parser)
    plugin_option(parser)
    parser.add_argument("--json", action="store_true")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.running.beginning import Options, read_with_options
    from zeocryst.running.estimate import estimate

    check_threads(options.threads)
    load_plugins(options.plugin)
    chosen = Options(options.engine, options.device, options.threads)
    found = estimate(read_with_options(options.condition, chosen))
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        hours = found["wall_s"] / 3600
        gel = found["gel"]["words"] + "\n" if "gel" in found else ""
        lines = (
            found["start"],
            *found["early"],
            found["engine"],
            *found["busy"],
            *found["solvent"],
            *found["besides"],
            *found["events"],
        )
        said = "".join(f"{line}\n" for line in lines if line)
        most = "at most " if found["can_end_early"] else ""
        print(
            f"{found['condition']}: valid\n{gel}{found['n_T']} T and {found['n_S']} S beads, "
            f"{most}{found['steps']} steps ({found['time_ps'] / 1000:g} ns), {found['frames']} frames, "
            f"about {found['memory_MB']} MB\n{said}"
            f"about {found['steps_per_s'] or 0:g} steps/s, {most}{hours:.2f} h for the dynamics"
        )
    return DONE
