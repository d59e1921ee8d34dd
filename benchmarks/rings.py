"""Primitive rings to size 12: ``python benchmarks/rings.py [--sizes ...] [--threads N]``.

Compares `zeocryst.network.rings.find_rings`, which gives the members of all rings, with ``matscipy.rings``,
which counts them: ``ring_statistics`` as it is called, and the two functions in it that do the work, each
called once (it counts twice). Both get the same SGT crystals (64 T repeated) and have to count the same
rings. matscipy keeps the distances of all pairs of sites, so that it is left out where they would not fit.

Each measurement is a process of its own, the kinds take turns. Prints medians: seconds by the clock and of
CPU time, the most memory the process had, and how much of that the call took. On a machine that does other
things compare CPU times. matscipy (LGPL) is not needed otherwise.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

REPEATS = 3
LARGEST = 12
#: T-T distances of SGT end at 3.1 Å and begin again at 4 Å.
CUTOFF_A = 3.6
SIZES = {960: (5, 3, 1), 6144: (4, 4, 6), 9600: (5, 5, 6), 23_040: (6, 6, 10), 92_160: (12, 12, 10)}
#: Most sites for which matscipy is tried: its distances take 4 bytes a pair.
MOST_FOR_MATSCIPY = 10_000
KINDS = ("find_rings", "rings_through_sites", "matscipy", "matscipy, once")


def ours(function, repeat):
    from zeocryst.frameworks.table import start_structure
    from zeocryst.network.bonds import bonds_from_sites, repeat_network

    cell, sites = start_structure("SGT")
    unit = bonds_from_sites(sites, cell, cutoff=CUTOFF_A)
    function(unit, LARGEST)  # compiled on its first call
    network = repeat_network(unit, repeat)
    return lambda: function(network, LARGEST)


def matscipy(repeat, once):
    import ase
    from matscipy.ffi import distances_on_graph, find_sp_rings
    from matscipy.neighbours import neighbour_list
    from matscipy.rings import ring_statistics

    from zeocryst.frameworks.table import start_structure

    cell, sites = start_structure("SGT")
    atoms = ase.Atoms(f"Si{len(sites)}", positions=sites, cell=cell, pbc=True).repeat(repeat)
    if not once:
        return lambda: ring_statistics(atoms, CUTOFF_A, maxlength=LARGEST + 1)

    def call():
        i, j, r = neighbour_list("ijD", atoms, CUTOFF_A)
        return find_sp_rings(i, j, r, distances_on_graph(i, j), LARGEST + 1)

    return call


def measure(kind, size):
    """One measurement, in a process of its own."""
    from zeocryst.network import rings

    if kind.startswith("matscipy"):
        call = matscipy(SIZES[size], "once" in kind)
    else:
        call = ours(getattr(rings, kind), SIZES[size])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if kind == "find_rings":
        counts = np.bincount(result.size, minlength=LARGEST + 1)
    elif kind == "rings_through_sites":
        counts = result.sum(axis=0) // np.maximum(np.arange(LARGEST + 1), 1)
    else:
        counts = np.zeros(LARGEST + 1, dtype=int)
        counts[: len(result)] = result[: LARGEST + 1]
    return {
        "wall": wall, "cpu": cpu, "peak": peak / 1024, "taken": (peak - before) / 1024, "rings": counts.tolist()
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        if options.threads:
            import numba

            numba.set_num_threads(options.threads)
        print(json.dumps(measure(options.measure, options.sizes[0])))
        return
    for size in options.sizes:
        kinds = [k for k in KINDS if size <= MOST_FOR_MATSCIPY or not k.startswith("matscipy")]
        found = {kind: [] for kind in kinds}
        for _ in range(REPEATS):
            for kind in kinds:
                command = [sys.executable, __file__, "--measure", kind, "--sizes", str(size)]
                done = subprocess.run(
                    [*command, "--threads", str(options.threads)], stdout=subprocess.PIPE, text=True, check=True
                )
                found[kind].append(json.loads(done.stdout.splitlines()[-1]))
        rings = found[kinds[0]][0]["rings"]
        for kind in kinds:
            wall, cpu, peak, taken = (
                statistics.median(m[name] for m in found[kind]) for name in ("wall", "cpu", "peak", "taken")
            )
            same = "" if all(m["rings"] == rings for m in found[kind]) else "  OTHER RINGS"
            print(
                f"{size:>7} T  {kind:<20} {wall:8.3f} s  {cpu:8.3f} s CPU  {1e6 * cpu / size:7.1f} µs/T"
                f"  {peak:6.0f} MB, {taken:5.0f} MB of the call{same}",
                flush=True,
            )


if __name__ == "__main__":
    main()
