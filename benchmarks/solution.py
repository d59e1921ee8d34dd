"""Steps per second in an implicit solvent: ``python benchmarks/solution.py [--sizes 1000 10000]``.

For each size, engine and kind of dynamics, one process after the other on one thread: a solution (T, and 0.36
S a T, at random, 0.886 T per 1000 Å^3) and the aggregate it becomes (as many T as one drop of the density of a
melt in the same box, with an S to eight T). 400 K, water's viscosity; Langevin dynamics at 5 fs, Brownian
dynamics at 10 fs. Prints the median of `REPEATS` chunks and their range in steps per second of processor time,
so that other programs on the machine count little, and what that makes in ns a day.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np

REPEATS = 5
#: A chunk takes about so long, s of the processor.
CHUNK_S = 3.0
#: Steps between two samples: about as often as a large run looks at Ctrl-C.
EVERY = 100
TEMPERATURE = 400.0
DENSITY, S_PER_T = 0.886, 0.36
STEP_FS = {"langevin": 5.0, "brownian": 10.0}


def frame_of(what, n_t, forcefield, engine):
    """A solution, whose beads start far apart, or an aggregate, relaxed; with velocities."""
    from zeocryst.condition import System
    from zeocryst.running.simulation import thermalize
    from zeocryst.solution.start import melt

    rng = np.random.default_rng(1)
    if what == "solution":
        system = System("melt", n_T=n_t, n_S=round(S_PER_T * n_t), density_T_per_1000A3=DENSITY)
        frame = melt(system, forcefield, rng)
    else:
        frame = melt(System("melt", n_T=n_t, n_S=n_t // 8), forcefield, rng)
        side = (1000 * n_t / DENSITY) ** (1 / 3)
        frame.configuration.box = [side] * 3 + [0, 0, 0]
        frame, _ = engine.minimize(frame)
    thermalize(frame, TEMPERATURE, rng)
    return frame


def measure(name, what, kind, n_t):
    """Steps per second of processor time of several chunks."""
    from zeocryst.condition import Stage
    from zeocryst.engines import choose_engine
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.model.solvent import DEFAULT_RADIUS_A, Solvent

    forcefield = read_forcefield("ts")
    engine, _ = choose_engine(forcefield, name, "cpu", 1)
    frame = frame_of(what, n_t, forcefield, engine)
    stage = Stage(kind, (TEMPERATURE, TEMPERATURE), time_ps=1e6, timestep_fs=STEP_FS[kind])
    friction = Solvent(1.0, DEFAULT_RADIUS_A).friction

    def rate(steps):
        """From the same frame each time: a solution does not stay one."""
        samples = engine.run(frame, stage, seed=1, every=EVERY, friction=friction)
        next(samples)
        next(samples)  # compiles, builds lists
        begin = time.process_time()
        for _ in range(0, steps, EVERY):
            next(samples)
        return steps / (time.process_time() - begin)

    rate(EVERY)
    # no more than 20 ps, in which a solution has hardly begun to aggregate
    most = round(20_000 / STEP_FS[kind] / EVERY) * EVERY
    steps = min(most, max(EVERY, round(CHUNK_S * rate(EVERY) / EVERY) * EVERY))
    return [rate(steps) for _ in range(REPEATS)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure, options.sizes[0])))
        return
    from zeocryst.engines import engine_modules

    offers = {name: module.offer("cpu") for name, module in engine_modules().items()}
    for name, offer in offers.items():
        if not offer.preference:
            print(f"{name} is left out: {offer.reason}")
    for size in options.sizes:
        for what in ("solution", "aggregate"):
            for kind, step in STEP_FS.items():
                for name in (n for n, offer in offers.items() if offer.preference):
                    command = [sys.executable, __file__, "--measure", name, what, kind, "--sizes", str(size)]
                    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                    found = json.loads(done.stdout.splitlines()[-1])
                    middle = statistics.median(found)
                    print(
                        f"{size:>6} T  {what:<9} {kind:<8} {name:<6} {middle:8.1f} steps/s "
                        f"(from {min(found):.1f} to {max(found):.1f}), "
                        f"{middle * step * 0.0864:8.1f} ns a day",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
