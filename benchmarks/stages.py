"""What each stage of the main job costs, on this machine: ``python benchmarks/stages.py``.

Prints steps per second of the engine (tuned with 1 and 2 threads, and a plain ``pair_style sw`` over all
types), milliseconds per frame of each order parameter, and seconds of quench and back-mapping, for SGT 3x3x1
(612 beads) at 600 K. Compare ratios, not times.
"""

import statistics
import time

import numpy as np

from zeocryst.backmap.build import backmap
from zeocryst.condition import Stage, System
from zeocryst.engines import choose_engine
from zeocryst.engines.lammps import LammpsEngine, _Session
from zeocryst.engines.protocol import available_threads
from zeocryst.forcefield import ForceField, read_forcefield, write_sw
from zeocryst.network.bonds import network_of_frame
from zeocryst.order import REGISTRY
from zeocryst.simulation import thermalize
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


class _PlainSession(_Session):
    """`pair_style sw` over both types, as one would write it first."""

    def _potential(self):
        from pathlib import Path

        path = Path(self._folder.name) / "all.sw"
        write_sw(self._forcefield, path)
        self.command("pair_style sw")
        self.command(f"pair_coeff * * {path} " + " ".join(self._forcefield.types))
        self.command("neighbor 1.0 bin")
        self.command("neigh_modify delay 0 every 1 check yes")
        self.command("thermo_style custom step temp pe press vol")


def plain_rate(forcefield: ForceField, frame) -> list[float]:
    import zeocryst.engines.lammps as module

    tuned, module._Session = module._Session, _PlainSession
    try:
        return steps_per_second(LammpsEngine(forcefield, 1), frame, 1.0)[0]
    finally:
        module._Session = tuned


def shown(rates):
    return f"{statistics.median(rates):8.1f} steps/s  (from {min(rates):.1f} to {max(rates):.1f})"


def main():
    forcefield = read_forcefield("ts")
    frame = crystal(System("framework", framework="SGT", repeat=(3, 3, 1)), forcefield)
    thermalize(frame, 1200.0, np.random.default_rng(1))
    for threads in range(1, min(2, available_threads()) + 1):
        engine, _ = choose_engine(forcefield, threads=threads)
        rates, warm = steps_per_second(engine, frame, 10.0)
        print(f"tuned, {threads} thread(s)      {shown(rates)}")
    print(f"plain sw, 1 thread     {shown(plain_rate(forcefield, frame))}")
    network, _ = network_of_frame(warm)
    for name, function in REGISTRY.items():
        function(network)  # compiled on its first call
        times = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            function(network)
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
