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
from zeocryst.studies.timestep import (
    HALF,
    MEASURED,
    WHOLE,
    Kinetic,
    kinetic_ratio,
    melting_shift,
    squared_frequency,
)
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

AT_WHOLE = Kinetic(1.0, 0.0, WHOLE)


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
    shift, error = melting_shift(274.0, 10.0, (800.0, 800.0), 0.0546, AT_WHOLE)
    assert shift == pytest.approx(274 * 800 * 1e-4 / 6)
    assert 0 < error < 0.2 * shift
    stiffer = melting_shift(274.0, 10.0, (900.0, 700.0), 0.0546, AT_WHOLE)[0] - shift
    assert stiffer == pytest.approx(8.617333e-5 * 274**2 * 1e-4 / 8 / 0.0546 * 200, rel=1e-5)
    assert melting_shift(274.0, 5.0, (800.0, 800.0), 0.0546, AT_WHOLE)[0] == pytest.approx(shift / 4)


def test_a_thermostat_of_half_steps_by_hand():
    """The kinetic temperature is 1 - x/4 of the bath's, and the true one 1 - x/12 (x = omega^2 h^2 = 0.08)."""
    half = melting_shift(274.0, 10.0, (800.0, 800.0), 0.0546, Kinetic(1 - 0.08 / 4, 0.0, HALF))[0]
    assert half == pytest.approx(274 * ((1 - 0.02) * (1 + 0.08 / 6) - 1))
    assert half == pytest.approx(-274 * 0.08 / 12, rel=0.05)  # to second order
    _, unsure = melting_shift(274.0, 10.0, (800.0, 800.0), 0.0546, Kinetic(0.98, 0.005, MEASURED))
    assert unsure > 274 * 0.005


def test_kinetic_temperatures_tell_what_a_thermostat_holds():
    """Runs of 1280 beads and 60 frames: 0.3 % each; 8 of them tell 1 from 0.98, one of 50 beads does not."""
    rng = np.random.default_rng(3)
    frames, own = 1280 * 60, (2 / (3 * 1280 * 60)) ** 0.5
    for true, words in ((1.0, WHOLE), (0.98, HALF)):
        clear = kinetic_ratio([(rng.normal(true, own), frames) for _ in range(8)], 0.08)
        assert (clear.ratio, clear.error, clear.holds) == (pytest.approx(true), 0.0, words)
    unclear = kinetic_ratio([(0.93, 50 * 4)], 0.08)  # 0.93 +- 0.06
    assert unclear.holds == MEASURED
    assert 0.98 <= unclear.ratio <= 1.0
    assert unclear.error == pytest.approx(0.01)
    neither = kinetic_ratio([(rng.normal(0.95, own), frames) for _ in range(8)], 0.08)
    assert neither.holds == MEASURED
    assert neither.ratio == pytest.approx(0.95, abs=0.005)
    assert 0 < neither.error < 0.005
    assert kinetic_ratio([], 0.08) == AT_WHOLE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "whole"), [("lammps", True), pytest.param("hoomd", False, marks=pytest.mark.hoomd)]
)
def test_the_kinetic_temperature_tells_how_hot_a_crystal_is(ice, name, whole):
    """In npt, as melting studies run: U goes as r (1 + omega^2 h^2 / 4), whatever the thermostat makes of r."""
    model, _, frame = ice
    if name == "hoomd":
        pytest.importorskip(name)
    engine = choose_engine(model, name, "cpu")[0]
    square, temperature = stiffness(model, frame), 150.0
    rest, found = engine.evaluate(frame).energy_eV, {}
    for step in (4.0, 15.0):
        start = type(frame)()
        start.configuration = frame.configuration
        start.particles = _with(frame.particles, frame.particles.position)
        start.particles.velocity = np.zeros((frame.particles.N, 3))
        thermalize(start, 2 * temperature, np.random.default_rng(1))
        stage = Stage(
            "npt", (temperature, temperature), pressure_bar=0.0, coupling="iso", time_ps=200.0, timestep_fs=step
        )
        every = round(150 / step)
        samples = [(s.energy_eV - rest, s.temperature_K) for s in engine.run(start, stage, seed=5, every=every)]
        found[step] = np.array(samples[len(samples) // 4 :]).mean(axis=0)
    excess = {step: square * step**2 * 1e-6 / 4 for step in found}
    assert excess[15.0] > 0.035
    (slow, cold), (fast, warm) = found[4.0], found[15.0]
    expected = warm * (1 + excess[15.0]) / (cold * (1 + excess[4.0]))
    assert fast / slow == pytest.approx(expected, abs=0.3 * excess[15.0])
    # that of LAMMPS holds the kinetic temperature, that of HOOMD-blue what the places have
    assert warm / cold == pytest.approx(
        1.0 if whole else 1 - excess[15.0] + excess[4.0], abs=0.3 * excess[15.0]
    )
