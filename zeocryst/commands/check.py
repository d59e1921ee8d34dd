"""``zeocryst check``: validate a condition or a study and estimate its cost; writes nothing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from zeocryst.commands import DONE
from zeocryst.commands._options import check_threads, engine_options, plugin_option

HELP = "validate a condition or a study and estimate its cost; writes nothing"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "condition",
        metavar="CONDITION",
        help="condition.toml or study.toml, its folder, or a shipped one's name",
    )
    engine_options(parser)
    plugin_option(parser)
    parser.add_argument("--json", action="store_true")


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.foundation.plugins import load_plugins
    from zeocryst.foundation.ranks import by_itself
    from zeocryst.running.beginning import Options, read_with_options
    from zeocryst.running.estimate import estimate
    from zeocryst.studies.reading import tables_of

    check_threads(options.threads)
    load_plugins(options.plugin)
    chosen = Options(options.engine, options.device, options.threads)
    if tables := tables_of(options.condition):
        from zeocryst.studies.forecast import forecast
        from zeocryst.sweeps.cost import batches
        from zeocryst.sweeps.sweep_plan import TABLE

        planned = {TABLE: batches}
        with by_itself():  # its runs go side by side, each in one process
            costs = [forecast(options.condition, table, chosen, planned.get(table)) for table in tables]
        _tell_studies(costs, as_json=options.json)
        return DONE
    found = estimate(read_with_options(options.condition, chosen))
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(_told(found)))
    return DONE


def _told(found: Mapping[str, Any]) -> list[str]:
    """What a condition would cost, a line each."""
    lines = [f"{found['condition']}: valid", *_told_of_particles(found.get("particles"))]
    if "n_T" not in found:  # it ends with the particles
        return lines
    hours = found["wall_s"] / 3600
    most = "at most " if found["can_end_early"] else ""
    lines += [
        *([found["gel"]["words"]] if "gel" in found else []),
        f"{found['n_T']} T and {found['n_S']} S beads, {most}{found['steps']} steps "
        f"({found['time_ps'] / 1000:g} ns), {found['frames']} frames, about {found['memory_MB']} MB",
        found["start"], *found["early"], found["engine"], *found["busy"], *found["sharing"],
        *found["solvent"], *found["besides"],
        *found["events"],
        f"about {found['steps_per_s'] or 0:g} steps/s, {most}{hours:.2f} h for the dynamics",
        *found["parts_words"],
    ]  # fmt: skip
    return [line for line in lines if line]


def _told_of_particles(found: Mapping[str, Any] | None) -> list[str]:
    """The same of the level above; nothing where there is none."""
    if found is None:
        return []
    return [
        f"{found['n_particles']} nanoparticles of {found['n_T']} T and {found['n_S']} S in a box of "
        f"{found['box_A']:.0f} Å, {found['steps']} steps ({found['time_ps'] / 1000:g} ns), {found['frames']} "
        "frames",
        *found["words"],
        f"particles: {found['engine']}",
        f"particles: about {found['steps_per_s'] or 0:g} steps/s, {found['wall_s'] / 3600:.2f} h",
    ]


def _tell_studies(found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """What each table of a file would cost."""
    if as_json:
        print(json.dumps(found if len(found) > 1 else found[0], indent=1))
        return
    for study in found:
        print(f"{study['study']}: a valid study of [{study['table']}]")
        for batch in study["batches"]:
            most = f" to {batch['most_runs']}" if batch["most_runs"] > batch["runs"] else ""
            early = "at most " if batch["can_end_early"] else ""
            print(
                f"{batch['runs']}{most} {batch['what']}: {batch['n_T']} T and {batch['n_S']} S, "
                f"{early}{batch['time_ps']:g} ps and {batch['wall_s'] / 60:.1f} min each"
            )
        most = f" to {study['most_wall_s'] / 3600:.2f}" if study["most_wall_s"] > study["wall_s"] else ""
        early = "at most " if any(batch["can_end_early"] for batch in study["batches"]) else ""
        for busy in [words for batch in study["batches"] for words in batch["busy"]][-1:]:
            print(busy)
        print(f"{early}{study['wall_s'] / 3600:.2f}{most} h for the dynamics, {study['jobs']} runs at once")
