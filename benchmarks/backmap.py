"""What back-mapping costs: ``python benchmarks/backmap.py [T ...]`` (1e3, 1e4 and 1e5 T if none are given).

Two structures of each size, MFI with its T shaken by 0.15 Å and the same with 2 % of its bonds opened, so
that there are silanols to place. Each runs in a process of its own, whose peak memory is given. Everything from
T positions to atoms is counted: bonds, oxygens, silanols, distance least squares, hydrogens. Kernels are
compiled before. On a machine that is shared, NUMBA_NUM_THREADS=1 and the processor's time say more than the
clock: threads that wait for each other count as busy.
"""

import resource
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np

from zeocryst.backmapping.build import build
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, repeat_network
from zeocryst.network.matching import matched_bonds


def structure(n_sites):
    cell, sites = start_structure("MFI")
    network, _ = matched_bonds(sites, cell)
    side = max(1, round((n_sites / len(sites)) ** (1 / 3)))
    repeats = side, side, max(1, round(n_sites / len(sites) / side**2))
    return repeat_network(network, repeats)


def measure(n_sites, opened):
    build(structure(96))  # compiles
    build(bonds_from_sites([[5, 5, 5]], np.eye(3) * 20))  # what places silanols and hydrogens too
    network = structure(n_sites)
    rng = np.random.default_rng(1)
    positions = network.positions + rng.normal(scale=0.15, size=network.positions.shape)
    begin, spent = time.perf_counter(), time.process_time()
    network, _ = matched_bonds(positions, network.cell)
    if opened:
        keep = rng.random(len(network.first)) > 0.02
        network = replace(
            network, first=network.first[keep], second=network.second[keep], shift=network.shift[keep]
        )
    built = build(network)
    seconds, spent = time.perf_counter() - begin, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    n = network.n_sites
    print(
        f"{n:>7} T {len(built.atoms):>7} atoms {'silanols' if opened else 'whole':>9} {built.starts} starts "
        f"{seconds:7.2f} s (processor {spent:7.2f} s) {1e6 * spent / n / built.starts:7.1f} us/T/start "
        f"{peak:5.2f} GB R = {built.residual:.4f}",
        flush=True,
    )


def main():
    if len(sys.argv) == 3 and sys.argv[2] in ("whole", "opened"):
        measure(int(float(sys.argv[1])), sys.argv[2] == "opened")
        return
    for n_sites in sys.argv[1:] or ("1e3", "1e4", "1e5"):
        for kind in ("whole", "opened"):
            subprocess.run([sys.executable, __file__, n_sites, kind], check=True)


if __name__ == "__main__":
    main()
