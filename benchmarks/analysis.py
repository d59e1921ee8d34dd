"""What the order parameters cost: ``python benchmarks/analysis.py [--sizes 6144 100000] [TRAJECTORY]``.

For each size a supercell of SGT with about as many T, displaced at random by 0.2 Å a component (as heat does at
600 K), in a process of its own: seconds of each order parameter of the default set and of the others, the whole
default set and the peak of memory, and the cost a site, which should not grow. Order parameters share work
(surroundings, bonds as freud wants them): what is shared is counted for the first that needs it. With a
trajectory, the time that ``zeocryst analyze`` takes for it, from the shell and back.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np


def supercell(size):
    """Beads of an SGT supercell with about `size` T, displaced."""
    from zeocryst.condition import System
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.start import crystal

    n = max(1, round((size / 64 * 3.3) ** (1 / 3)))  # a cell has 64 T and is 3.3 times as high as wide
    repeat = (n, n, max(1, round(size / 64 / n**2)))
    frame = crystal(System("framework", framework="SGT", repeat=repeat), read_forcefield("ts"))
    rng = np.random.default_rng(1)
    frame.particles.position = frame.particles.position + rng.normal(scale=0.2, size=(frame.particles.N, 3))
    return frame


def measure_one(size):
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.order import DEFAULT, REGISTRY, measure

    names = [*DEFAULT, *(n for n in REGISTRY if n not in DEFAULT)]
    names = [f"{n}:SGT" if "framework" in REGISTRY[n].takes else n for n in names]
    small = supercell(500)
    measure(network_of_frame(small)[0], names, small)  # compiles, or reads what was compiled
    frame = supercell(size)
    begin = time.perf_counter()
    network, sites = network_of_frame(frame)
    times = {"network": time.perf_counter() - begin}
    for name in names:
        begin = time.perf_counter()
        measure(network, [name], frame)
        times[name] = time.perf_counter() - begin
        if name == DEFAULT[-1]:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            begin = time.perf_counter()
            measure(replace(network))
            whole = times["network"] + time.perf_counter() - begin
    return {"n_T": len(sites), "seconds": times, "default_s": whole, "peak_MB": peak}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[6144, 25_000, 100_000])
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("trajectory", nargs="?")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_one(options.measure)))
        return
    found = []
    for size in options.sizes:
        command = [sys.executable, __file__, "--measure", str(size)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{'s':<24}" + "".join(f"{f['n_T']:>12} T" for f in found))
    for name in found[0]["seconds"]:
        print(f"{name:<24}" + "".join(f"{f['seconds'][name]:>14.2f}" for f in found))
    print(f"{'default set':<24}" + "".join(f"{f['default_s']:>14.2f}" for f in found))
    print(f"{'default set, us a T':<24}" + "".join(f"{1e6 * f['default_s'] / f['n_T']:>14.1f}" for f in found))
    print(f"{'peak of memory, MB':<24}" + "".join(f"{f['peak_MB']:>14.0f}" for f in found))
    if options.trajectory:
        begin = time.perf_counter()
        command = [sys.executable, "-m", "zeocryst.cli", "analyze", options.trajectory, "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        spent = time.perf_counter() - begin
        print(
            f"zeocryst analyze {options.trajectory}: {spent:.1f} s, {json.loads(done.stdout)['frames']} frames"
        )


if __name__ == "__main__":
    main()
