"""What the analysis of clusters costs: ``python benchmarks/clusters.py [--sizes 10000 100000 1000000]``.

For each size three systems with about as many T: a solution at 0.886 T per 1000 Å^3 (the silicalite recipe's
density), half monomers and half cubes of eight T, with 0.36 S a T; the same density gathered in balls cut out
of displaced SGT, some 2000 T each; and a dense, displaced SGT crystal with its S. Each in a process of its own:
seconds for the bonds, for `clusters`, for the structure factor at small angle, all three together, and the peak
of memory. Compiling is not counted.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

#: T per Å^3 of the solution, S per T, bond of the cubes in Å, width of a ball in Å.
DENSITY, S_PER_T, BOND, BALL = 0.886e-3, 0.36, 3.1, 60.0


def crystal_frame(size, repeat=None):
    """Beads of an SGT supercell with about `size` T, displaced by 0.15 Å a component."""
    from zeocryst.condition import System
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.start import crystal

    n = max(1, round((size / 64 * 3.3) ** (1 / 3)))  # a cell has 64 T and is 3.3 times as high as wide
    repeat = repeat or (n, n, max(1, round(size / 64 / n**2)))
    frame = crystal(System("framework", framework="SGT", repeat=repeat), read_forcefield("ts"))
    rng = np.random.default_rng(1)
    frame.particles.position = frame.particles.position + rng.normal(scale=0.15, size=(frame.particles.N, 3))
    return frame


def scattered(bodies, guests, rng):
    """A frame of bodies (each (n, 3) Å), turned and put on a grid, and of S on what is left of a finer one."""
    from scipy.spatial.transform import Rotation

    from zeocryst.cell import make_frame

    count = sum(len(body) for body in bodies)
    edge = (count / DENSITY) ** (1 / 3)
    cells = int(np.ceil(len(bodies) ** (1 / 3)))
    places = rng.permutation(cells**3)[: len(bodies)]
    centres = (np.column_stack(np.unravel_index(places, (cells,) * 3)) + 0.5) * edge / cells
    turns = Rotation.random(len(bodies), random_state=rng).as_matrix()
    sites = [body @ turn.T + centre for body, turn, centre in zip(bodies, turns, centres, strict=True)]
    free = rng.random((guests, 3)) * edge
    kinds = np.repeat([0, 1], [count, guests])
    return make_frame(np.vstack([*sites, free]), np.eye(3) * edge, kinds, ["T", "S"], {"T": 28.0, "S": 28.0})


def solution_frame(size):
    cube = np.array(list(np.ndindex(2, 2, 2))) * BOND
    rng = np.random.default_rng(1)
    bodies = [np.zeros((1, 3))] * (size // 2) + [cube - cube.mean(axis=0)] * (size // 16)
    return scattered(bodies, round(S_PER_T * size), rng)


def aggregate_frame(size):
    crystal = crystal_frame(0, (8, 8, 3))
    points = np.asarray(crystal.particles.position)[np.asarray(crystal.particles.typeid) == 0]
    ball = points[np.linalg.norm(points, axis=1) < BALL / 2]
    return scattered([ball] * max(1, size // len(ball)), round(S_PER_T * size), np.random.default_rng(1))


SYSTEMS = {"solution": solution_frame, "aggregates": aggregate_frame, "crystal": crystal_frame}


def measure_one(system, size):
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.order import measure

    names = ["clusters", "small_angle"]
    small = SYSTEMS[system](3000)
    measure(network_of_frame(small)[0], names, small)  # compiles, or reads what was compiled
    frame = SYSTEMS[system](size)
    begin = time.perf_counter()
    network, sites = network_of_frame(frame)
    times = {"bonds": time.perf_counter() - begin}
    for name in names:
        begin = time.perf_counter()
        found = measure(network, [name], frame)
        times[name] = time.perf_counter() - begin
        if name == "clusters":
            count = int(found.values["clusters"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {"system": system, "n_T": len(sites), "clusters": count, "seconds": times, "peak_GB": peak}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_one(options.measure[0], int(options.measure[1]))))
        return
    print("| system | T | clusters | bonds, s | clusters, s | small angle, s | all, s | peak, GB |")
    print("|---|---|---|---|---|---|---|---|")
    for size in options.sizes:
        for system in SYSTEMS:
            command = [sys.executable, __file__, "--measure", system, str(size)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            times = found["seconds"]
            shown = " | ".join(f"{t:.2f}" for t in (*times.values(), sum(times.values())))
            print(
                f"| {system} | {found['n_T']} | {found['clusters']} | {shown} | {found['peak_GB']:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
