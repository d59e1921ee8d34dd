"""What each stage of the main job costs, on this machine: ``python benchmarks/stages.py``.

Prints steps per second of the default engine with 1 and 2 threads (benchmarks/engines.py compares engines),
milliseconds per frame of each order parameter, and seconds of quench and back-mapping, for SGT 3x3x1
(612 beads) at 600 K. Compare ratios, not times.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from zeocryst.backmapping.build import backmap
from zeocryst.condition import Stage, System
from zeocryst.engines import choose_engine
from zeocryst.engines.protocol import available_threads
from zeocryst.model.forcefield import read_forcefield
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import DEFAULT, measure
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import crystal

REPEATS = 3


def steps_per_second(engine, frame, time_ps):
    rates = []
    for seed in range(REPEATS):
        stage = Stage("npt", (600.0, 600.0), 0.0, "aniso", time_ps)
        samples = engine.run(frame, stage, seed=seed + 1, every=stage.n_steps)
        next(samples)
        begin = time.perf_counter()
        last = next(samples)
        rates.append(stage.n_steps / (time.perf_counter() - begin))
        warm = last.frame()
        samples.close()
    return rates, warm


def shown(rates):
    return f"{statistics.median(rates):8.1f} steps/s  (from {min(rates):.1f} to {max(rates):.1f})"


def fresh(network):
    """The same network with nothing remembered, such as the surroundings of its sites."""
    return replace(network)


def main():
    forcefield = read_forcefield("ts")
    frame = crystal(System("framework", framework="SGT", repeat=(3, 3, 1)), forcefield)
    thermalize(frame, 1200.0, np.random.default_rng(1))
    for threads in range(1, min(2, available_threads()) + 1):
        engine, _ = choose_engine(forcefield, threads=threads)
        rates, warm = steps_per_second(engine, frame, 10.0)
        print(f"engine, {threads} thread(s)     {shown(rates)}")
    network, _ = network_of_frame(warm)
    for name in DEFAULT:
        measure(network, [name])  # compiled on its first call
        times = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            measure(fresh(network), [name])
            times.append(1000 * (time.perf_counter() - begin))
        print(f"{name:<22} {statistics.median(times):8.1f} ms/frame")
    begin = time.perf_counter()
    quenched, _ = engine.minimize(warm)
    print(f"quench                 {time.perf_counter() - begin:8.2f} s")
    begin = time.perf_counter()
    backmap(network_of_frame(quenched)[0])
    print(f"back-mapping           {time.perf_counter() - begin:8.2f} s")


if __name__ == "__main__":
    main()
