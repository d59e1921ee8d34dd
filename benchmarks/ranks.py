"""Steps/s against ranks and threads: ``python benchmarks/ranks.py [BEADS ...]``.

Rows are a T-S crystal (SGT) and an aggregate (a ball of it in one corner of a box 30 times its volume), cut
evenly ("plain") and by recursive bisection. Strong efficiency is the speed over that of one process with one
thread times the cores that were used; weak efficiency the time of a step with so many beads over that of ranks
times as many on ranks times the cores. Of the chunks that are run the fastest counts, since others use the
machine too; compare ratios. With ``--crowded`` four ranks are tried as well, for what they say to each other:
beads of other ranks that each has copies of, and the share of communication.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

#: Beads that are tried, and bead steps of each chunk and chunks.
SIZES, BEAD_STEPS, CHUNKS = (544, 8704, 69632), 1_500_000, 6
COLUMNS = (
    "case", "beads", "ranks x threads", "steps/s", "strong", "weak", "imbalance", "comm", "ghosts/bead", "load",
)  # fmt: skip


def crystal(beads):
    """SGT at 600 K with about so many beads (68 a cell)."""
    from zeocryst.condition import System
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.start import crystal as made

    edge = (beads / 68 * 3.33) ** (1 / 3)  # cells are 10.3 x 10.3 x 34.4 Å
    repeat = (max(2, round(edge)), max(2, round(edge)), max(1, round(edge / 3.33)))
    forcefield = read_forcefield("ts")
    return forcefield, made(System("framework", framework="SGT", repeat=repeat), forcefield)


def aggregate(beads):
    """A ball of the crystal, about so many beads, in one corner of a large box."""
    from zeocryst.cell import box_to_cell, make_frame, volume

    forcefield, frame = crystal(3 * beads)
    cell = box_to_cell(frame.configuration.box)
    radius = (3 * beads / (frame.particles.N / volume(cell)) / (4 * np.pi)) ** (1 / 3)
    places = np.asarray(frame.particles.position, float)
    near = np.linalg.norm(places, axis=1) < radius
    edge = (30 * 4 / 3 * np.pi) ** (1 / 3) * radius
    kinds, names = np.asarray(frame.particles.typeid)[near], frame.particles.types
    return forcefield, make_frame(places[near] + edge / 4, np.eye(3) * edge, kinds, names, forcefield.masses)


def one(case, beads, threads, plain):
    """Run it on the ranks that there are; numbers for the table."""
    from zeocryst.condition import Stage
    from zeocryst.engines import choose_engine
    from zeocryst.engines.lammps import session
    from zeocryst.running.simulation import thermalize

    if plain:
        session.UNEVEN = 1e9
    forcefield, frame = {"crystal": crystal, "aggregate": aggregate}[case](beads)
    thermalize(frame, 600.0, np.random.default_rng(1))
    engine, _ = choose_engine(forcefield, "lammps", threads=threads)
    number = int(frame.particles.N)
    chunk = max(10, BEAD_STEPS // number)
    stage = Stage("nvt", (600.0, 600.0), time_ps=CHUNKS * chunk * 0.005, timestep_fs=5)
    speeds, since = [], time.perf_counter()
    for sample in engine.run(frame, stage, seed=1, every=chunk):
        now = time.perf_counter()
        if sample.step > chunk:
            speeds.append(chunk / (now - since))
        since = now
    shares = engine.shares.record()
    seconds = shares.get("seconds", {})
    return {
        "beads": number,
        "speed": max(speeds),
        "imbalance": shares.get("imbalance", {}).get("beads", 1.0),
        "comm": seconds.get("comm", 0.0) / max(sum(seconds.values()), 1e-9),
        "ghosts": shares.get("ghosts_per_bead", 0.0),
        "load": os.getloadavg()[0],
    }


def child(options):
    """One row, on one rank or several."""
    from zeocryst.foundation import ranks

    rank, size = ranks.launched()
    if rank:
        return ranks.served()
    if size > 1:
        ranks.begin()
    print("row " + json.dumps(one(options.one, options.beads[0], options.threads, options.plain)), flush=True)
    return ranks.end(0)


def row(case, beads, ranks, threads, plain=False):
    """The numbers of a row, from processes of its own."""
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    asked = [sys.executable, __file__, str(beads), "--one", case, "--threads", str(threads)]
    asked += ["--plain"] if plain else []
    launch = [mpiexec, "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run([*launch, *asked], capture_output=True, text=True, check=True)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("row ")]
    return json.loads(line.removeprefix("row "))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("beads", nargs="*", type=int, default=SIZES)
    parser.add_argument("--crowded", action="store_true")
    parser.add_argument("--one", help="(a row, of the command itself)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    if options.one:
        sys.exit(child(options))
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    kinds = [(1, 1, False), (2, 1, False), (1, 2, False), (2, 2, False)]
    for case in ("crystal", "aggregate"):
        for beads in options.beads:
            single = None
            tried = kinds + ([(2, 1, True)] if case == "aggregate" else [])
            for ranks, threads, plain in tried + ([(4, 1, False)] if options.crowded else []):
                found = row(case, beads, ranks, threads, plain)
                single = single or found["speed"]
                cores = min(ranks * threads, os.cpu_count())
                weak = ""
                if ranks == 2 and threads == 1 and not plain:
                    twice = row(case, 2 * beads, ranks, threads)
                    weak = f"{twice['speed'] * twice['beads'] / (single * found['beads'] * cores):.2f}"
                cells = [
                    f"{case}{' plain' if plain else ''}", f"{found['beads']}", f"{ranks} x {threads}",
                    f"{found['speed']:.4g}", f"{found['speed'] / single / cores:.2f}", weak,
                    f"{found['imbalance']:.2f}", f"{found['comm']:.0%}", f"{found['ghosts']:.2f}",
                    f"{found['load']:.1f}",
                ]  # fmt: skip
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
