"""What a time step does to energies, densities and g(r): ``python benchmarks/timestep.py [--steps 5 8 10]``.

The T-S model: SGT at 600 K and its melt at 800 K, at constant pressure (0 bar), each time step with the same
seed numbers (``--seeds``); the melt is one that was cooled once, at 5 fs. Printed, for each time step:
potential energy per bead, density and g(r) of T, with standard errors over seed numbers, and differences to the
first time step; then the drift of the total energy in NVE. Half an hour of one core with the defaults.
"""

import argparse
from dataclasses import replace

import numpy as np

from zeocryst.beads import Beads
from zeocryst.cell import neighbour_pairs
from zeocryst.condition import Stage, System
from zeocryst.engines import choose_engine
from zeocryst.model.forcefield import read_forcefield
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import crystal, melt
from zeocryst.units import BOLTZMANN_EV_PER_K

#: g(r) is compared up to this distance, Å, in bins of this width.
REACH_A, BIN_A = 7.0, 0.05


def pairs(frame):
    """Histogram of T-T distances, in pairs per T."""
    beads = Beads.of(frame)
    sites = beads.centred[beads.are("T")]
    distance = neighbour_pairs(sites, beads.cell, REACH_A)[3]
    return np.histogram(distance, np.arange(2.4, REACH_A, BIN_A))[0] / len(sites)


def equilibrium(engine, frame, stage, seed, skip_ps):
    """Means of energy per bead (eV), density (T per 1000 Å^3) and pairs after the first picoseconds."""
    n_t, n = Beads.of(frame).count("T"), frame.particles.N
    every = round(1000 / stage.timestep_fs)  # a picosecond
    rows, counts = [], []
    for sample in engine.run(frame, stage, seed=seed, every=every):
        if sample.step * stage.timestep_fs <= 1000 * skip_ps:
            continue
        rows.append((sample.energy_eV / n, 1000 * n_t / sample.volume_A3, sample.temperature_K))
        if len(rows) % 4 == 0:
            counts.append(pairs(sample.frame()))
    return np.mean(rows, axis=0), np.mean(counts, axis=0)


def drift(engine, frame, stage, seed):
    """Slope of the total energy in NVE, meV per bead and ns, and the mean temperature."""
    rows = []
    kinetic = 1.5 * BOLTZMANN_EV_PER_K * (1 - 1 / frame.particles.N)
    for sample in engine.run(frame, stage, seed=seed, every=200):
        total = sample.energy_eV / frame.particles.N + kinetic * sample.temperature_K
        rows.append((sample.step * stage.timestep_fs * 1e-6, 1000 * total, sample.temperature_K))
    t, energy, temperature = np.array(rows[5:]).T
    return np.polyfit(t, energy, 1)[0], temperature.mean()


def main():
    """Run both states at each time step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--steps", type=float, nargs="+", default=[5, 8, 10], help="fs; the first is the reference"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--time", type=float, nargs=2, default=[60, 120], help="ps, of crystal and melt")
    given = parser.parse_args()
    ts = read_forcefield("ts")
    engine, _ = choose_engine(ts, "lammps", "cpu", 1)
    solid = crystal(System("framework", framework="SGT", repeat=(3, 3, 1)), ts)
    liquid = engine.minimize(
        melt(System("melt", framework="SGT", repeat=(3, 3, 1)), ts, np.random.default_rng(1))
    )[0]
    thermalize(liquid, 1600, np.random.default_rng(1))
    for stage in (
        Stage("langevin", (1600, 1600), time_ps=20),
        Stage("npt", (1600, 800), coupling="iso", time_ps=60),
    ):
        for sample in engine.run(liquid, stage, seed=1, every=stage.n_steps):
            liquid = sample.frame()
    states = (("crystal", solid, 600.0), ("melt", liquid, 800.0))
    for (name, start, kelvin), time_ps in zip(states, given.time, strict=True):
        reference = None
        for step in given.steps:
            stage = Stage("npt", (kelvin, kelvin), coupling="iso", time_ps=time_ps, timestep_fs=step)
            means, curves = [], []
            for seed in range(1, given.seeds + 1):
                start.particles.velocity = np.zeros((start.particles.N, 3))  # else it keeps those that it has
                thermalize(start, kelvin, np.random.default_rng(seed))
                mean, curve = equilibrium(engine, start, stage, seed, time_ps / 4)
                means.append(mean)
                curves.append(curve)
            mean, error = np.mean(means, axis=0), np.std(means, axis=0, ddof=1) / np.sqrt(len(means))
            curve, spread = np.mean(curves, axis=0), np.std(curves, axis=0, ddof=1) / np.sqrt(len(curves))
            if reference is None:
                reference = mean, error, curve, spread
            change, both = mean - reference[0], np.hypot(error, reference[1])
            off = np.abs(curve - reference[2]).max() / reference[2].max()
            noise = np.hypot(spread, reference[3]).max() / reference[2].max()
            # temperatures are printed since a mean over some picoseconds is not the bath's
            print(
                f"{name} {kelvin:g} K, {step:g} fs: {1000 * mean[0]:.2f} ± {1000 * error[0]:.2f} meV/bead "
                f"({1000 * change[0]:+.2f} ± {1000 * both[0]:.2f}), {mean[1]:.4f} ± {error[1]:.4f} T/1000 Å^3 "
                f"({change[1]:+.4f} ± {both[1]:.4f}), {mean[2]:.1f} K, g(r) off by {100 * off:.1f} % of "
                f"its peak at most (errors {100 * noise:.1f})",
                flush=True,
            )
    for name, start, kelvin in states:
        thermalize(start, kelvin, np.random.default_rng(1))
        warm = start
        stage = Stage("langevin", (kelvin, kelvin), time_ps=5)
        for sample in engine.run(start, stage, seed=1, every=stage.n_steps):
            warm = sample.frame()
        for step in given.steps:
            stage = replace(stage, kind="nve", time_ps=80, timestep_fs=step)
            slope, temperature = drift(engine, warm, stage, 1)
            print(f"{name} NVE, {step:g} fs: {slope:+.2f} meV/bead/ns at {temperature:.0f} K", flush=True)


if __name__ == "__main__":
    main()
