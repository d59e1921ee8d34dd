"""What a finite time step does: forces against stiffness, and a crystal that is hotter than its thermostat says."""

import numpy as np
import pytest

from zeocryst.beads import Beads
from zeocryst.condition import Stage, System
from zeocryst.engines import choose_engine
from zeocryst.model.forcefield import read_forcefield
from zeocryst.potentials.cpu import Evaluator
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import crystal
from zeocryst.studies.timestep import melting_shift, squared_frequency
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2


@pytest.fixture(scope="module")
def ice():
    """Ice at rest at 0 K: its model, engine and frame."""
    model = read_forcefield("mw")
    engine = choose_engine(model, "lammps", "cpu")[0]
    frame, _ = engine.minimize(crystal(System("framework", framework="dia", repeat=(3, 3, 3)), model))
    return model, engine, frame


def stiffness(model, frame):
    """Mean of the second derivatives of the energy by a bead's place, over its mass: 1/ps^2."""
    total, h = 0.0, 1e-3
    for axis in range(3):
        forces = []
        for side in (-h, h):
            moved = np.array(frame.particles.position, dtype=float)
            moved[0, axis] += side
            copy = type(frame)()
            copy.configuration, copy.particles = frame.configuration, _with(frame.particles, moved)
            forces.append(np.asarray(Evaluator(model).evaluate(copy).forces)[0, axis])
        total -= (forces[1] - forces[0]) / (2 * h)
    return total / 3 / frame.particles.mass[0] / EV_PER_AMU_A2_PER_PS2


def _with(particles, positions):
    from copy import copy

    made = copy(particles)
    made.position = positions
    return made


def sampled(ice, temperature, timestep_fs, time_ps):
    """Frames and energies (eV per bead above rest) of a crystal under Bussi's thermostat."""
    _, engine, frame = ice
    start = type(frame)()
    start.configuration, start.particles = frame.configuration, _with(frame.particles, frame.particles.position)
    start.particles.velocity = np.zeros((frame.particles.N, 3))
    thermalize(start, 2 * temperature, np.random.default_rng(1))
    stage = Stage("nvt", temperature_K=(temperature, temperature), time_ps=time_ps, timestep_fs=timestep_fs)
    every = max(1, round(100 / timestep_fs))
    rest = engine.evaluate(frame).energy_eV
    samples = [(s.step, s.energy_eV, s.frame()) for s in engine.run(start, stage, seed=5, every=every)]
    late = samples[len(samples) // 4 :]
    return [f for _, _, f in late], np.array([e - rest for _, e, _ in late]) / frame.particles.N


def test_forces_tell_the_stiffness(ice):
    model, _, frame = ice
    assert Beads.of(frame).count("T") == 216
    frames, _ = sampled(ice, 20.0, 2.0, 8.0)
    assert squared_frequency(frames, model, 20.0) == pytest.approx(stiffness(model, frame), rel=0.05)


@pytest.mark.slow
def test_long_steps_make_a_crystal_hotter_as_the_theory_says(ice):
    """Of a harmonic crystal the potential energy is that of kT (1 + omega^2 h^2 / 4): 1/6 and 1/12 of the text."""
    model, _, frame = ice
    square, temperature = stiffness(model, frame), 60.0
    excess = {}
    for step in (3.0, 15.0):
        _, energy = sampled(ice, temperature, step, 60.0)
        excess[step] = energy.mean() / (1.5 * BOLTZMANN_EV_PER_K * temperature)
    expected = square * (15.0**2 - 3.0**2) * 1e-6 / 4
    assert expected > 0.035
    print(excess, expected)
    assert excess[15.0] - excess[3.0] == pytest.approx(expected, abs=0.3 * expected)


def test_a_shift_by_hand():
    """Water at 10 fs, phases equally stiff: 274 (1 + 800e-4 / 6)."""
    shift, error = melting_shift(274.0, 10.0, 800.0, 800.0, 0.0546, 1.0)
    assert shift == pytest.approx(274 * 800 * 1e-4 / 6)
    assert 0 < error < 0.2 * shift
    stiffer = melting_shift(274.0, 10.0, 900.0, 700.0, 0.0546, 1.0)[0] - shift
    assert stiffer == pytest.approx(8.617333e-5 * 274**2 * 1e-4 / 8 / 0.0546 * 200, rel=1e-5)
    assert melting_shift(274.0, 5.0, 800.0, 800.0, 0.0546, 1.0)[0] == pytest.approx(shift / 4)
