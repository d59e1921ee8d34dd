"""The first frame of a gel: ``python benchmarks/packing.py [--sizes 100000 1000000]``.

Places the clusters of the recipe 25 SiO2 : 9 TPAOH : 480 H2O : 100 C2H5OH at its own density and as a dense gel
(6 T per 1000 Å^3 with the recipe's S: hardly any water is left; 8 without S), for precursors of one size and a
mixture. Each measurement is a process of its own. Prints seconds by the clock and of the processor for
`zeocryst.solution.start.gel`, compiled before, the most memory the process had, and at which share of the way
from the least to the roomy distances (`zeocryst.solution.packing.SHARES`) it found room.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

RECIPE = {"SiO2": 25.0, "OSDA": 9.0, "H2O": 480.0, "ethanol": 100.0, "Al2O3": 0.0, "Na2O": 0.0}
PRECURSORS = {
    "monomer": {"monomer": 1.0},
    "D4R": {"D4R": 1.0},
    "MFI-33": {"MFI-33": 1.0},
    "mixture": {"monomer": 0.4, "dimer": 0.1, "4R": 0.1, "D4R": 0.3, "MFI-33": 0.1},
}
DENSITIES = {"recipe": None, "dense": 6.0, "no S": 8.0}


def measure(n_t, precursors, density):
    from zeocryst.condition import System
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution import start

    forcefield = read_forcefield("ts")
    recipe = RECIPE if density != "no S" else RECIPE | {"OSDA": 0.0}
    shares, found = [], {}

    def gel(n):
        system = System(
            "gel", n_T=n, n_S=None, density_T_per_1000A3=DENSITIES[density], recipe=recipe,
            precursors=PRECURSORS[precursors],
        )  # fmt: skip
        return start.gel(system, forcefield, np.random.default_rng(1))

    def noting(*arguments):
        places, share = pack(*arguments)
        shares.append(share)
        return places, share

    pack, start.pack = start.pack, noting
    gel(2000)  # compiled on its first call
    clock, processor = time.perf_counter(), time.process_time()
    frame = gel(n_t)
    found["wall_s"], found["cpu_s"] = time.perf_counter() - clock, time.process_time() - processor
    found["beads"], found["share"] = int(frame.particles.N), shares[-1]
    found["peak_GB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--measure", nargs=3, metavar=("N", "PRECURSORS", "DENSITY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        n_t, precursors, density = options.measure
        print(json.dumps(measure(int(n_t), precursors, density)))
        return
    print("T, precursors, density: beads, wall s, cpu s, peak GB, share")
    for n_t in options.sizes:
        for density in DENSITIES:
            for precursors in PRECURSORS:
                command = [sys.executable, __file__, "--measure", str(n_t), precursors, density]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found = json.loads(done.stdout)
                print(
                    f"{n_t}, {precursors}, {density}: {found['beads']}, {found['wall_s']:.2f}, "
                    f"{found['cpu_s']:.2f}, {found['peak_GB']:.2f}, {found['share']:g}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
