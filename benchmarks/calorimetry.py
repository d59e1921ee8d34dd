"""Energies above quartz against calorimetry: ``python benchmarks/calorimetry.py [METHOD ...] [--codes AFI]``.

Methods as in ``backmap --refine`` (default: slc; 7net-mf-0 wants the extra ``ml``); beside them what the
volume alone says, by the straight line that fits best. Frameworks as published (all T are Si), in their
primitive cells, relaxed with their cells. Printed: kJ/mol SiO2 above quartz, bonds lost and gained, the
change of volume; then correlation, mean absolute error and slope against the enthalpies of transition
measured. The trial with 7net-mf-0 takes hours of one core.

Measured: P. M. Piccione, C. Laberty, S. Yang, M. A. Camblor, A. Navrotsky, M. E. Davis, J. Phys. Chem. B 104,
10001 (2000) (abstract seen); AFI, FAU, FER, MTW: I. Petrovic, A. Navrotsky, M. E. Davis, S. I. Zones, Chem.
Mater. 5, 1805 (1993) (from memory, not seen).
"""

import argparse
import time

import numpy as np

import zeocryst as zc
from zeocryst.refinement.bonding import compare_bonds, covalent_bonds
from zeocryst.refinement.methods import method_named
from zeocryst.refinement.reference import quartz
from zeocryst.units import KJ_PER_MOL_PER_EV

MEASURED = {
    "AFI": 7.2, "AST": 10.9, "BEA": 9.3, "CFI": 8.8, "CHA": 11.4, "FAU": 13.6, "FER": 6.6, "IFR": 10.0,
    "ISV": 14.4, "ITE": 10.1, "MEL": 8.2, "MFI": 6.8, "MTW": 8.7, "MWW": 10.4, "STT": 9.2,
}  # fmt: skip

#: Starts are shaken, since one with the symmetry of the type may be a saddle (AFI with SHIK).
SHAKEN_A = 0.02


def primitive(code):
    """The framework in its primitive cell."""
    import spglib
    from ase import Atoms

    atoms = zc.framework(code)
    found = spglib.find_primitive((atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=0.1)
    if found is None or len(found[2]) >= len(atoms):
        return atoms
    return Atoms(found[2], scaled_positions=found[1], cell=found[0], pbc=True)


def agreement(name, values, measured):
    """Correlation, mean absolute error and slope of values against what was measured."""
    r = np.corrcoef(values, measured)[0, 1]
    slope = np.polyfit(measured, values, 1)[0]
    error = np.abs(np.subtract(values, measured)).mean()
    return f"{name:12} r {r:.2f}, mean absolute error {error:.1f} kJ/mol, slope {slope:.2f} of {len(values)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", default=["slc"])
    parser.add_argument("--codes", default=",".join(MEASURED))
    parser.add_argument("--threads", type=int, default=1)
    wanted = parser.parse_args()
    methods = [method_named(name) for name in wanted.methods]
    zero = {}
    for method in methods:
        found = quartz(method, threads=wanted.threads)
        print(found.words)
        zero[method.name] = found.energy_eV
    print("code  T  measured  A^3/T " + "".join(f"  {m.name} (bonds lost/gained, volume, s)" for m in methods))
    columns, volumes, codes = {m.name: [] for m in methods}, [], wanted.codes.split(",")
    for code in codes:
        atoms = primitive(code)
        atoms.rattle(SHAKEN_A, seed=1)
        n = int((atoms.numbers == 14).sum())
        volumes.append(atoms.get_volume() / n)
        line = f"{code:4} {n:3} {MEASURED[code]:8.1f} {volumes[-1]:7.1f}"
        for method in methods:
            begin = time.perf_counter()
            relaxed = method.minimize(atoms, {}, free_cell=True, threads=wanted.threads)
            above = (relaxed.energy_eV / n - zero[method.name]) * KJ_PER_MOL_PER_EV
            changed = compare_bonds(covalent_bonds(atoms), relaxed.atoms)
            swollen = relaxed.atoms.get_volume() / atoms.get_volume() - 1
            columns[method.name].append(above)
            line += f"  {above:6.2f} ({len(changed.lost)}/{len(changed.gained)}, {100 * swollen:+.1f} %, "
            line += f"{time.perf_counter() - begin:.1f}){'' if relaxed.converged else ' not converged'}"
        print(line, flush=True)
    measured = [MEASURED[code] for code in codes]
    for name, values in columns.items():
        print(agreement(name, values, measured))
    fitted = np.polyval(np.polyfit(volumes, measured, 1), volumes)
    print(agreement("volume alone", fitted, measured), "by construction of its line")


if __name__ == "__main__":
    main()
