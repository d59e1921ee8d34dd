"""``zeocryst backmap``: atoms for frames of a file or of a run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from zeocryst.commands import DONE
from zeocryst.commands._options import types_option

if TYPE_CHECKING:
    from zeocryst.answers.asked import Wanted

HELP = "atoms for frames of a file or of a run"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "source", metavar="FILE|RUN", help="whatever ASE reads, GSD, LAMMPS dumps, or a run's folder"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the results; new or empty")
    parser.add_argument(
        "--frame", "--frames", metavar="N,...|auto", help="or START:STOP:STEP; auto: those that matter"
    )
    parser.add_argument("--quench", choices=("ts", "none"), help="relax beads in the T-S model first")
    parser.add_argument("--cell", choices=("fixed", "free"), default="fixed", help="free: held by its volume")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the geometry's starts")
    types_option(parser)
    _chemistry(parser)
    parser.add_argument("--json", action="store_true", help="print summary.json at the end")


def _chemistry(parser: argparse.ArgumentParser) -> None:
    """What is added to silica, and how it is refined."""
    group = parser.add_argument_group("chemistry")
    group.add_argument(
        "--sda", metavar="NAME|SMILES|FILE|none",
        help="the molecule of each S: TMA, TEA, TPA, choline, MQ, TMAda, a SMILES, or a file",
    )  # fmt: skip
    group.add_argument("--si-al", type=float, metavar="RATIO", help="Si/Al, or Si over --heteroatom")
    group.add_argument(
        "--heteroatom",
        default="Al",
        choices=("Al", "B", "Ge", "Ti", "Ga", "AlPO4"),
        help="for Si (default: Al)",
    )
    group.add_argument(
        "--placement", default="random", choices=("random", "clustered", "spread"), help="of the heteroatoms"
    )
    group.add_argument("--allow-al-o-al", action="store_true", help="without Löwenstein's rule")
    group.add_argument(
        "--balance", default="H", choices=("H", "Na", "K", "Ca", "none"),
        help="of the charge that guests leave (default: H)",
    )  # fmt: skip
    group.add_argument(
        "--refine", metavar="FORCEFIELD|CALCULATOR|none",
        help="slc, clayff, bks, shik, matsui, a .toml; 7net, gfn2, module:Class, a .py file",
    )  # fmt: skip
    group.add_argument("--md-ps", type=float, metavar="PS", help="a simulation of the refined atoms")
    group.add_argument("--md-temperature-K", type=float, default=300.0, metavar="K", help="its temperature")


def _wanted(options: argparse.Namespace) -> Wanted:
    """What is asked for beside silica."""
    from zeocryst.answers.asked import Wanted, simulation

    return Wanted(
        sda=options.sda,
        si_al=options.si_al,
        element=options.heteroatom,
        placement=options.placement,
        loewenstein=not options.allow_al_o_al,
        balance=options.balance,
        refine=options.refine,
        dynamics=simulation(options.md_ps, options.md_temperature_K),
    )


def answer(options: argparse.Namespace) -> int:
    """Do it; the exit status."""
    from zeocryst.answers.backmap import Options, backmap_files
    from zeocryst.answers.chemistry import raise_failures

    chosen = Options(
        options.frame, options.quench, options.cell, options.seed, options.types, wanted=_wanted(options)
    )
    summary = backmap_files(Path(options.source), Path(options.out), chosen)
    if options.json:
        print(json.dumps(summary, indent=1))
    else:
        print("\n".join(summary["words"]))
        if "road" in summary:
            from zeocryst.report.road import in_terminal

            print(in_terminal(summary["road"]))
    raise_failures(summary, options.out)
    return DONE
