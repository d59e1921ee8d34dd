"""Steps per second beside other processes: ``python benchmarks/busy.py [--seconds 30]``.

The main job's system (SGT, 512 T and 32 S, npt at 600 K) beside zero, one, two and four processes that never
rest, with one thread and with two. Before: threads wait for each other as OpenMP's library has it, and their
number stays. After: they wait briefly, and the run changes their number where another is faster
(`zeocryst.foundation.pace`); the first half of the time, in which it finds out, is not counted. Each number is
a process of its own.

The fair share is what one process among equals would get: as many cores as there are, divided by the processes,
at most one a thread, each at the pace of one thread on an idle machine. Run it on a machine that nobody else
uses; the load beforehand is printed.
"""

import argparse
import json
import os
import subprocess
import sys
import time

BUSY = (0, 1, 2, 4)


def measure(threads, adapting, seconds):
    """Steps per second in the second half of the time, threads at the end, share of a core used, worst tick."""
    import numpy as np

    from zeocryst.condition import Stage, System
    from zeocryst.engines.lammps import create
    from zeocryst.foundation.pace import Ticks
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.running.simulation import thermalize
    from zeocryst.solution.start import crystal

    forcefield = read_forcefield("ts")
    frame = crystal(System("framework", framework="SGT", repeat=(4, 2, 1)), forcefield)
    thermalize(frame, 1200.0, np.random.default_rng(1))
    stage = Stage(kind="npt", temperature_K=(600.0, 600.0), coupling="aniso", time_ps=1e6)
    now = [threads]
    ticks = Ticks(400, int(frame.particles.N))
    engine = create(forcefield, "cpu", threads)
    begin = last = time.perf_counter()
    middle, worst = None, 0.0
    samples = engine.run(
        frame, stage, seed=1, every=ticks, adapt=(lambda n, _: now.__setitem__(0, n)) if adapting else None
    )
    for sample in samples:
        ticks.arrived(sample.step)
        here = time.perf_counter()
        worst, last = max(worst, here - last), here
        if middle is None and seconds > here - begin > seconds / 2:
            middle = here, sample.step, time.process_time()
        if here - begin > seconds:
            break
    since, step, used = middle or (begin, 0, 0.0)  # none where it collapsed
    return {
        "steps_per_s": (sample.step - step) / (here - since),
        "threads": now[0],
        "cores": (time.process_time() - used) / (here - since),
        "worst_tick_s": worst,
    }


def beside(busy, threads, adapting, seconds):
    """The same in a process of its own, beside so many others."""
    environment = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    environment |= {"OMP_NUM_THREADS": str(threads)}
    if not adapting:
        # what the library does by itself where there is room for all threads
        environment["GOMP_SPINCOUNT"] = "300000"
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        words = [sys.executable, __file__, "--one", str(threads), str(int(adapting)), "--seconds", str(seconds)]
        done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    finally:
        for other in others:
            other.kill()
            other.wait()
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument(
        "--one", nargs=2, type=int, metavar=("THREADS", "ADAPTING"), help="for the program itself"
    )
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], bool(options.one[1]), options.seconds)))
        return
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f} beforehand")
    print(
        "| busy processes | threads | before, steps/s | after, steps/s | threads in the end | of fair share |"
    )
    print("|---|---|---|---|---|---|")
    single, worst = None, 10.0
    for busy in BUSY:
        for threads in (1, 2):
            before, after = (beside(busy, threads, adapting, options.seconds) for adapting in (False, True))
            single = single or after["steps_per_s"]
            fair = min(threads, cores / (busy + 1)) * single
            worst = min(worst, after["steps_per_s"] / fair)
            print(
                f"| {busy} | {threads} | {before['steps_per_s']:.0f} | {after['steps_per_s']:.0f} | "
                f"{after['threads']} | {after['steps_per_s'] / fair:.2f} (before "
                f"{before['steps_per_s'] / fair:.2f}); longest tick {after['worst_tick_s']:.1f} s |",
                flush=True,
            )
    print(f"at worst {worst:.2f} of the fair share")


if __name__ == "__main__":
    main()
