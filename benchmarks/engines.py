"""Steps per second of the engines: ``python benchmarks/engines.py [--threads 1] [--sizes 1000 10000 100000]``.

For each size and engine, one process after the other on the same cores: LAMMPS as one would write it first
(``pair_style sw`` over both types), LAMMPS as zeocryst runs it, and HOOMD-blue on the CPU and, where there is
one, on the GPU (there beside its own Lennard-Jones force with as many neighbours). The system is an SOD
crystal (six T to an S, 17.2 T per 1000 Å^3) at 600 K and constant volume (Langevin), 5 fs a step. Prints the
median of `REPEATS` chunks, their range, and the ratio to plain LAMMPS. Compare ratios, not times.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np

REPEATS = 5
#: A chunk takes about so long, s; longer where `EVERY` steps do.
CHUNK_S = 4.0
#: Steps between two samples, as in a run: each costs a GPU a copy of its sums.
EVERY = 200
SIZES = {1000: (4, 6, 3), 10_000: (9, 9, 9), 100_000: (19, 19, 20)}


def frame_of(size, forcefield):
    from zeocryst.condition import System
    from zeocryst.running.simulation import thermalize
    from zeocryst.solution.start import crystal

    frame = crystal(System("framework", framework="SOD", repeat=SIZES[size]), forcefield)
    thermalize(frame, 1200.0, np.random.default_rng(1))
    return frame


def plain_lammps(forcefield, threads):
    """LAMMPS with `pair_style sw` over both types."""
    from zeocryst.engines.lammps import engine, session
    from zeocryst.foundation.machine import unnamed_file
    from zeocryst.model.forcefield import write_sw

    class PlainSession(session.Session):
        def _potential(self):
            with unnamed_file() as path:
                write_sw(self._forcefield, path)
                self.command("pair_style sw")
                self.command(f"pair_coeff * * {path} " + " ".join(self._forcefield.types))
            self.command("neighbor 1.0 bin")
            self.command("neigh_modify delay 0 every 1 check yes")
            self.command("thermo_style custom step temp pe press vol")

    engine.Session = PlainSession
    return engine.LammpsEngine(forcefield, threads)


def lennard_jones(frame):
    """HOOMD-blue's own Lennard-Jones on the GPU: a cut-off with as many neighbours as T have T within 4.9 Å."""
    import hoomd

    simulation = hoomd.Simulation(device=hoomd.device.GPU(), seed=1)
    simulation.create_state_from_snapshot(hoomd.Snapshot.from_gsd_frame(frame, simulation.device.communicator))
    lj = hoomd.md.pair.LJ(hoomd.md.nlist.Cell(buffer=1.0), default_r_cut=4.9095)
    names = list(frame.particles.types)
    for k, a in enumerate(names):
        for b in names[k:]:
            lj.params[a, b] = {"epsilon": 1e-3, "sigma": 2.7}
    method = hoomd.md.methods.Langevin(filter=hoomd.filter.All(), kT=0.05, default_gamma=3.0)
    simulation.operations.integrator = hoomd.md.Integrator(dt=0.3, methods=[method], forces=[lj])
    simulation.run(0)
    return simulation


def rates(advance):
    """Steps per second of several chunks; `advance` runs a number of steps."""
    count = EVERY
    advance(count)  # compiles, builds lists
    while True:
        begin = time.perf_counter()
        advance(count)
        spent = time.perf_counter() - begin
        if spent > CHUNK_S / 4 or count > 100_000:
            break
        count *= 4
    count = max(EVERY, int(count * CHUNK_S / spent) // EVERY * EVERY)
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        advance(count)
        found.append(count / (time.perf_counter() - begin))
    return found


def measure(what, size, threads):
    """One measurement, in a process of its own."""
    from zeocryst.condition import Stage
    from zeocryst.engines import choose_engine
    from zeocryst.model.forcefield import read_forcefield

    forcefield = read_forcefield("ts")
    frame = frame_of(size, forcefield)
    if what == "lj gpu":
        simulation = lennard_jones(frame)
        return rates(simulation.run)
    if what == "plain lammps":
        engine = plain_lammps(forcefield, threads)
    else:
        name, device = what.split()
        engine, _ = choose_engine(forcefield, name, device, threads)
    # one stage in steps of `EVERY`; `advance` asks for as many samples as it needs
    stage = Stage("langevin", (600.0, 600.0), time_ps=1e6)
    samples = engine.run(frame, stage, seed=1, every=EVERY)
    next(samples)

    def advance(steps):
        for _ in range(max(1, steps // EVERY)):
            next(samples)

    return rates(advance)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.sizes[0], options.threads)))
        return
    from zeocryst.engines import engine_modules

    kinds = ["plain lammps", "lammps cpu"]
    for device in ("cpu", "gpu"):
        offer = engine_modules()["hoomd"].offer(device)
        if offer.preference:
            kinds.append(f"hoomd {device}")
            kinds += ["lj gpu"] if device == "gpu" else []
        else:
            print(f"hoomd {device} is left out: {offer.reason}")
    for size in options.sizes:
        base = None
        for kind in kinds:
            command = [sys.executable, __file__, "--measure", kind, "--sizes", str(size)]
            done = subprocess.run(
                [*command, "--threads", str(options.threads)], stdout=subprocess.PIPE, text=True, check=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            middle = statistics.median(found)
            base = base or middle
            print(
                f"{size:>7} beads  {kind:<13} {options.threads} thread(s)  {middle:9.2f} steps/s "
                f"(from {min(found):.2f} to {max(found):.2f})  {middle / base:6.2f} x plain",
                flush=True,
            )


if __name__ == "__main__":
    main()
