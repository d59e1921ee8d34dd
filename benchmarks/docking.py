"""Guests in cages against published energies: ``python benchmarks/docking.py FRAMEWORKS PUBLISHED``.

FRAMEWORKS is a file of framework types as silica (extxyz, ``framework`` in its comments); PUBLISHED the folder
``data/osda_competition`` of github.com/learningmatter-mit/Zeolite-Phase-Competition (D. Schwalbe-Koda et al.,
Science 374, 308 (2021); MIT licence), which has the lowest DREIDING energies of 14 OSDAs by framework and
loading.

Cages: each OSDA at all centres of the large cages of 23 frameworks. The published value is that of its best
loading; compared are those in which as many OSDAs are in the cell as are placed here. Hosts differ a little:
here those of FRAMEWORKS as they are. Channels: in MTW, three cells along the channel, one OSDA, with centres
that slide and without.
"""

import argparse
import csv
import time
from pathlib import Path

import ase.io
import numpy as np
from scipy.stats import spearmanr

from zeocryst.docking import centres, dock, place_all
from zeocryst.molecules import molecule_named

CAGES = [
    "AEI",
    "AFT",
    "AFX",
    "AST",
    "AVL",
    "CHA",
    "EAB",
    "ERI",
    "ITE",
    "KFI",
    "LEV",
    "LTA",
    "NON",
    "RHO",
    "RTE",
    "RTH",
    "SAS",
    "SAT",
    "SAV",
    "SFW",
    "SGT",
    "STT",
    "UFI",
]


def published(folder):
    """Of each OSDA its SMILES, and energy (kJ/mol) and loading of the best entry by framework."""
    found = {}
    for k in range(1, 15):
        best, smiles = {}, ""
        with (folder / f"OSDA_{k}.csv").open() as lines:
            for row in csv.DictReader(lines):
                smiles, energy = row["SMILES"], float(row["Binding (OSDA)"])
                if energy < best.get(row["Zeolite"], (np.inf, 0))[0]:
                    best[row["Zeolite"]] = (energy, int(row["Loading"]))
        found[k] = (smiles, best)
    return found


def agreement(theirs, ours):
    """Rank correlation, median and largest difference."""
    apart = np.abs(np.subtract(theirs, ours))
    rank = spearmanr(theirs, ours)[0]
    return f"rank correlation {rank:.2f}, median difference {np.median(apart):.1f}, most {apart.max():.0f}"


def in_cages(frameworks, table):
    all_theirs, all_ours = [], []
    for k, (smiles, best) in table.items():
        guest = molecule_named(smiles)
        theirs, ours, seconds, count = [], [], 0.0, 0
        for code in sorted(set(CAGES) & set(best) & set(frameworks)):
            atoms, (energy, loading) = frameworks[code], best[code]
            start = time.process_time()
            results = place_all(atoms, centres(atoms, guest), guest)
            seconds, count = seconds + time.process_time() - start, count + len(results)
            energies = [p.energy_kJ_per_mol for p in results if p.placed]
            mark = "" if len(energies) == loading else "  (not compared)"
            mean = float(np.mean(energies)) if energies else np.nan
            print(f"  {code} {energy:8.1f} ({loading}) {mean:8.1f} ({len(energies)}){mark}", flush=True)
            if not mark:
                theirs.append(energy)
                ours.append(mean)
        if len(ours) > 2:
            print(
                f"{k} {smiles}: {len(ours)} frameworks, {agreement(theirs, ours)}; "
                f"{seconds / count:.2f} s of the processor a cage",
                flush=True,
            )
        all_theirs += theirs
        all_ours += ours
    print(f"all {len(all_ours)}: {agreement(all_theirs, all_ours)}")


def in_channels(atoms, table):
    theirs, sliding, fixed = [], [], []
    channel = atoms * (1, 3, 1)
    for smiles, best in table.values():
        if "MTW" in best:
            guest = molecule_named(smiles)
            bead = centres(channel, guest)[0]
            theirs.append(best["MTW"][0])
            sliding.append(dock(channel, bead, guest).energy_kJ_per_mol)
            fixed.append(dock(channel, bead, guest, slide=False).energy_kJ_per_mol)
            print(
                f"  MTW {smiles} {theirs[-1]:.1f} sliding {sliding[-1]:.1f} fixed {fixed[-1]:.1f}", flush=True
            )
    print(f"MTW, sliding: {agreement(theirs, sliding)}")
    print(f"MTW, at the bead alone: {agreement(theirs, fixed)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("frameworks", type=Path)
    parser.add_argument("published", type=Path)
    parser.add_argument("--osda", type=int, nargs="*", default=list(range(1, 15)))
    parser.add_argument("--channels", action="store_true", help="MTW alone")
    given = parser.parse_args()
    frameworks = {atoms.info["framework"]: atoms for atoms in ase.io.read(given.frameworks, ":")}
    table = {k: entry for k, entry in published(given.published).items() if k in given.osda}
    if not given.channels:
        in_cages(frameworks, table)
    in_channels(frameworks["MTW"], table)


if __name__ == "__main__":
    main()
