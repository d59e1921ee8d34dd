"""Walks of particles about others that are held, which hardly meet each other: two-body quantities by simulation.

Centres (P1) stand on a lattice, too heavy to move; walkers (P2) feel them by the potential in question, and
each other by next to nothing, so that every walker is a sample of its own.
"""

from dataclasses import dataclass

import numpy as np

from zeocryst.cell import make_frame
from zeocryst.condition import Stage
from zeocryst.engines import choose_engine
from zeocryst.model.dlvo import SITE
from zeocryst.model.forcefield import ForceField
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

#: Mass (amu) and friction (amu/ps) of what does not move.
STILL = 1e12


@dataclass(frozen=True)
class Soft:
    """A repulsion of 0.25 eV over 1 Å, which excludes about 2 Å^3: walkers do not lie in one place."""

    cutoff_A: float = 1.0
    start_A: float = 0.0
    detail_A: float = float("inf")
    stiffness_eV_per_A2: float = 0.5

    def two_body(self, r):
        t = 1 - np.asarray(r) / self.cutoff_A
        return 0.25 * t**2, 0.5 * t / self.cutoff_A


def model(pair, mass):
    pairs = {(a, b): pair if a != b else Soft() for a in ("P1", "P2") for b in ("P1", "P2")}
    return ForceField("walkers", "a test", {"P1": STILL, "P2": mass}, pairs, {}, SITE)


def lattice(count, side):
    """So many centres of a cubic lattice, and the edge of its box."""
    return (np.array(list(np.ndindex(count, count, count))) + 0.5) * side, count * side


def measured_virial(engine, pair, temperature, *, walkers, centres, samples, every, seed):
    """Second virial coefficient by Langevin dynamics, Å^3, and its standard error.

    Of a walker's time the share p is within the cut-off of a centre, which has the volume v to itself: with V
    the sphere of the cut-off, p = (V - 2 B2) / (v - 2 B2).
    """
    side = 2.02 * pair.cutoff_A
    places, box = lattice(centres, side)
    rng = np.random.default_rng(seed)
    walks = np.empty((0, 3))
    while len(walks) < walkers:
        more = rng.uniform(0, box, (walkers, 3))
        energy = pair.two_body(away(more, side))[0] / (BOLTZMANN_EV_PER_K * temperature)
        # as in equilibrium, which takes thousands of steps to come about; a third of the run forgets it
        kept = rng.uniform(0, np.exp(max(0.0, -energy.min())), len(more)) < np.exp(-energy)
        walks = np.vstack([walks, more[kept]])
    mass = 1e4
    frame = make_frame(
        np.vstack([places, walks[:walkers]]), np.eye(3) * box, [0] * len(places) + [1] * walkers,
        ["P1", "P2"], {"P1": STILL, "P2": mass},
    )  # fmt: skip
    speed = (BOLTZMANN_EV_PER_K * temperature / mass / EV_PER_AMU_A2_PER_PS2) ** 0.5
    frame.particles.velocity[len(places) :] = rng.normal(scale=speed, size=(walkers, 3))
    # a quarter of a radian of the stiffest swing; velocities last for 400 steps: the temperature of what some
    # integrators do is off by half a step's friction, and half a percent of it is two of a well's B2
    step = 0.25 * (mass * EV_PER_AMU_A2_PER_PS2 / pair.stiffness_eV_per_A2) ** 0.5
    stage = Stage("langevin", (temperature,) * 2, time_ps=step * every * samples, timestep_fs=1000 * step)
    friction = {"P1": 1e-6 * STILL, "P2": mass / (400 * step)}
    inside = np.zeros(walkers)
    counted = 0
    for n, sample in enumerate(
        choose_engine(model(pair, mass), engine, "cpu")[0].run(
            frame, stage, seed=seed, every=every, friction=friction
        )
    ):
        if n > samples // 3:
            at = np.asarray(sample.frame().particles.position[len(places) :], dtype=float) + box / 2
            inside += away(at, side) < pair.cutoff_A
            counted += 1
    share = inside / counted
    p, error = share.mean(), share.std(ddof=1) / walkers**0.5
    ball, room = 4 / 3 * np.pi * pair.cutoff_A**3, side**3
    own = [q * (room - ball) / (1 - q) for q in (p, p + error)]
    return (ball - own[0]) / 2, (own[1] - own[0]) / 2


def away(positions, side):
    """Distance from the nearest centre of the lattice, Å."""
    apart = np.asarray(positions) % side - side / 2
    return np.linalg.norm(apart, axis=1)


def measured_stability(engine, pair, temperature, *, walkers, far, every, seed):
    """Stability ratio by Brownian dynamics, and its standard error: walkers meet a centre, or part from it.

    They begin where the potential ends, at b, and are followed until they are in contact or beyond `far` times
    b. With P(r) = R/(W r), the probability to meet from r where there is no force, P(b) is the share that met
    plus the mean of P over where the others were given up, however far that was: W = R (1/b - <1/r of these>) /
    share.
    """
    begin = pair.cutoff_A + 0.5
    side = 2.2 * far * begin
    count = int(np.ceil((walkers / 20) ** (1 / 3)))
    places, box = lattice(count, side)
    rng = np.random.default_rng(seed)
    own = np.arange(walkers) % len(places)
    turned = rng.normal(size=(walkers, 3))
    walks = places[own] + begin * turned / np.linalg.norm(turned, axis=1)[:, None]
    mass, friction = 1e4, {"P1": STILL, "P2": 1e4}
    field = model(pair, mass)
    # a fifth of the step with which Euler's method diverges
    step = 0.4 * friction["P2"] * EV_PER_AMU_A2_PER_PS2 / pair.stiffness_eV_per_A2
    runs = choose_engine(field, engine, "cpu")[0]
    stage = Stage("brownian", (temperature,) * 2, time_ps=step * every * 40, timestep_fs=1000 * step)
    met, gone = 0, []
    for n in range(500):
        frame = make_frame(
            np.vstack([places, walks]), np.eye(3) * box, [0] * len(places) + [1] * len(walks), ["P1", "P2"],
            field.masses,
        )  # fmt: skip
        ended = np.zeros(len(walks), dtype=bool)
        for sample in runs.run(frame, stage, seed=seed + n, every=every, friction=friction):
            now = sample.frame().particles
            walks = (
                np.asarray(now.position[len(places) :] + now.image[len(places) :] * box, dtype=float) + box / 2
            )
            r = np.linalg.norm(walks - places[own], axis=1)
            hit, lost = ~ended & (r < pair.contact_A + 0.5), ~ended & (r > far * begin)
            met += hit.sum()
            gone += list(r[lost])
            ended |= hit | lost
        walks, own = walks[~ended], own[~ended]
        if not len(walks):
            break
    assert met + len(gone) == walkers
    share = met / walkers
    lost = np.sum(1 / np.array(gone)) / walkers
    ratio = pair.contact_A * (1 / begin - lost) / share
    return ratio, ratio * ((1 - share) / met) ** 0.5
