"""What atoms in LAMMPS cost: ``OMP_NUM_THREADS=1 python benchmarks/refinement.py [--atoms 1536 9801]``.

Alpha-quartz, whole cells with about as many atoms, displaced at random by 0.05 Å a component, minimized
with each force field in a fixed and in a free cell; and steps of dynamics at 300 K. Seconds of the
processor, one thread.
"""

import argparse
import time

import numpy as np

from zeocryst.refinement.reference import quartz_atoms


def quartz(size):
    """Alpha-quartz with about `size` atoms, displaced."""
    n = max(2, round((size / 9) ** (1 / 3)))
    atoms = quartz_atoms().repeat((n, n, max(2, round(size / 9 / n**2))))
    atoms.positions += np.random.default_rng(1).normal(0, 0.05, atoms.positions.shape)
    return atoms


def timed(work):
    """What it returns, and seconds of the processor."""
    begin = time.process_time()
    found = work()
    return found, time.process_time() - begin


def main():
    """Print a row for each size and force field."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--atoms", type=int, nargs="+", default=[1536, 9801])
    parser.add_argument("--methods", nargs="+", default=["slc", "clayff", "bks", "shik"])
    args = parser.parse_args()
    from zeocryst.engines.atomistic import atomistic_engine
    from zeocryst.refinement.methods import method_named

    engine = atomistic_engine()
    print("| atoms | force field | fixed cell: s, steps | free cell: s, steps | ms a step of dynamics |")
    print("|---|---|---|---|---|")
    for size in args.atoms:
        atoms = quartz(size)
        for name in args.methods:
            topology, _ = method_named(name).topology(atoms, {})
            fixed, fixed_s = timed(lambda t=topology, a=atoms: engine.minimize(a, t))
            free, free_s = timed(lambda t=topology, a=atoms: engine.minimize(a, t, free_cell=True))
            run, run_s = timed(
                lambda t=topology, a=fixed.atoms: engine.dynamics(a, t, time_ps=0.02, temperature_K=300, seed=1)
            )
            assert fixed.converged
            assert free.converged
            row = f"{fixed_s:.1f}, {fixed.steps} | {free_s:.1f}, {free.steps} | {run_s / run.steps * 1e3:.0f}"
            print(f"| {len(atoms)} | {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
