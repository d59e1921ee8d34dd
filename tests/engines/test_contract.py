"""What every engine has to do, over every engine that is here."""

from pathlib import Path

import numpy as np
import pytest

from zeocryst.cell import box_to_cell
from zeocryst.condition import Stage
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.engines.protocol import available_threads, frozen_beads, hold
from zeocryst.errors import InputError, MissingEngineError, SimulationError
from zeocryst.foundation import plugins
from zeocryst.potentials.stillinger_weber import evaluate
from zeocryst.running.simulation import thermalize
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

#: An engine of other people: what they start from.
TEMPLATE = Path(__file__).resolve().parents[2] / "docs" / "templates" / "engine.py"


def each_engine():
    marks = {"hoomd": pytest.mark.hoomd}
    own = [pytest.param(name, marks=marks.get(name, ())) for name in sorted(engine_modules())]
    return [*own, pytest.param("verlet", id="plugin")]


@pytest.fixture(params=each_engine())
def engine(request, ts):
    if request.param == "verlet":
        plugins.load(TEMPLATE)
        yield choose_engine(ts, request.param, "cpu")[0]
        plugins.forget()
        return
    offer = engine_modules()[request.param].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    yield choose_engine(ts, request.param, "cpu")[0]


def needs(engine, kind):
    """Skip what the engine says that it does not run."""
    try:
        engine.check(None, [Stage(kind)])
    except InputError as error:
        pytest.skip(str(error))
    except AttributeError:  # one that looks at the frame
        pass


def not_the_template(engine):
    """Skip what takes minutes in Python: `test_template` has short ones of the same. (It passes these, too.)"""
    if engine.info.name == "verlet":
        pytest.skip("short ones are in test_template.py")


def warm(frame, temperature, seed):
    import copy

    new = copy.deepcopy(frame)
    thermalize(new, temperature, np.random.default_rng(seed))
    return new


def last(samples):
    for sample in samples:
        pass
    return sample


def kinetic(frame):
    v2 = (np.asarray(frame.particles.velocity, dtype=float) ** 2).sum(axis=1)
    return float(0.5 * (np.asarray(frame.particles.mass) * v2).sum() * EV_PER_AMU_A2_PER_PS2)


def test_reference_energy_and_pressure(engine, sod):
    found = engine.evaluate(sod)
    assert found.energy_eV == pytest.approx(-383.333106, rel=1e-6)
    assert found.pressure_bar == pytest.approx(2535.05, rel=1e-4)


@pytest.mark.parametrize("tilt", [0.0, 0.15])
def test_forces_energy_and_virial_are_the_oracles(engine, sod, ts, tilt):
    import copy

    frame = copy.deepcopy(sod)
    box = np.array(frame.configuration.box)
    box[3:] = tilt, -tilt, tilt / 2
    strain = np.linalg.inv(box_to_cell(frame.configuration.box)) @ box_to_cell(box)
    rng = np.random.default_rng(4)
    frame.particles.position = frame.particles.position @ strain + rng.normal(scale=0.2, size=(378, 3))
    frame.configuration.box = box
    found = engine.evaluate(frame)
    oracle = evaluate(frame.particles.position, box_to_cell(box), frame.particles.typeid, ["T", "S"], ts)
    assert found.energy_eV == pytest.approx(oracle.energy.sum(), rel=1e-7)
    assert abs(found.forces - oracle.forces).max() < 1e-5
    assert found.virial_eV == pytest.approx(oracle.virial, rel=1e-5, abs=1e-3)


def test_forces_are_central_differences(engine, sgt):
    for sample in engine.run(
        warm(sgt, 600, 1), Stage("nve", None, time_ps=0.5, timestep_fs=5), seed=1, every=100
    ):
        frame = sample.frame()
    forces = engine.evaluate(frame).forces
    h = 2e-4
    for bead, axis in [(0, 0), (301, 1), (575, 2), (590, 0)]:
        energies = []
        for sign in (1, -1):
            moved = np.array(frame.particles.position)
            moved[bead, axis] += sign * h
            other = warm(frame, 600, 1)
            other.particles.position = moved
            energies.append(engine.evaluate(other).energy_eV)
        assert forces[bead, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), abs=2e-5)


@pytest.mark.slow
def test_nve_conserves_energy(engine, sgt):
    """Drift of the total energy at 2 fs: a line through 100 ps, whose standard error is an eighth of the limit."""
    not_the_template(engine)
    start = None
    for sample in engine.run(
        warm(sgt, 1200, 2), Stage("langevin", (600.0, 600.0), time_ps=10), seed=3, every=2000
    ):
        start = sample.frame()
    times, totals = [], []
    for sample in engine.run(start, Stage("nve", None, time_ps=100, timestep_fs=2), seed=1, every=500):
        totals.append((sample.energy_eV + kinetic(sample.frame())) / 612)
        times.append(sample.step * 2e-6)  # ns
    t, e = np.array(times), np.array(totals)
    (slope, _), covariance = np.polyfit(t, e, 1, cov=True)
    error = float(covariance[0, 0] ** 0.5)
    print(f"NVE drift {slope:.2e} ± {error:.1e} eV per bead per ns")
    assert abs(slope) < 5e-5 + 2 * error
    assert error < 5e-5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nvt", "langevin"])
def test_thermostats_sample_the_canonical_kinetic_energy(engine, sgt, kind):
    """Mean and variance of the kinetic energy: 3N/2 kT and 3N/2 (kT)^2 (gamma distribution)."""
    not_the_template(engine)
    temperature, n = 600.0, 612
    energies = []
    for sample in engine.run(
        warm(sgt, 1200, 5), Stage(kind, (temperature, temperature), time_ps=150), seed=11, every=40
    ):
        if sample.step >= 4000:
            energies.append(sample.temperature_K)
    t = np.array(energies)
    blocks = t[: len(t) // 20 * 20].reshape(20, -1)
    means = blocks.mean(axis=1)
    error = means.std(ddof=1) / 20**0.5
    assert abs(t.mean() - temperature) < 4 * error + 0.5
    spread = blocks.std(axis=1)
    expected = temperature * (2 / (3 * n)) ** 0.5
    assert spread.mean() == pytest.approx(expected, rel=0.12)


@pytest.mark.slow
def test_npt_reaches_the_pressure(engine, sgt):
    needs(engine, "npt")
    volume = {}
    for target in (0.0, 3000.0):
        pressures, volumes = [], []
        stage = Stage("npt", (500.0, 500.0), target, "aniso", 60)
        for sample in engine.run(warm(sgt, 1000, 6), stage, seed=1, every=50):
            if sample.step >= 2000:
                pressures.append(sample.pressure_bar)
                volumes.append(sample.volume_A3)
        p = np.array(pressures)
        blocks = p[: len(p) // 10 * 10].reshape(10, -1).mean(axis=1)
        error = blocks.std(ddof=1) / 10**0.5
        assert abs(p.mean() - target) < 4 * error + 50
        volume[target] = np.mean(volumes)
    # a silica framework gives way by 0.3 to 5 %: bulk moduli of 6 to 100 GPa (the model's SGT has 10 or so, hot)
    assert 0.003 < 1 - volume[3000.0] / volume[0.0] < 0.05


def test_a_ramp_follows_its_line_and_restarts_on_it(engine, sgt):
    stage = Stage("langevin", (200.0, 1000.0), time_ps=10)
    temperatures = {}
    frame = None
    for sample in engine.run(warm(sgt, 400, 1), stage, seed=5, every=500):
        temperatures[sample.step] = sample.temperature_K
        if sample.step == 1000:
            frame = sample.frame()
            break
    for sample in engine.run(frame, stage, seed=6, every=500, begin=1000):
        temperatures[sample.step] = sample.temperature_K
    assert sorted(temperatures) == [0, 500, 1000, 1500, 2000]
    assert temperatures[1000] == pytest.approx(600, abs=60)
    assert temperatures[2000] == pytest.approx(1000, abs=90)


def test_a_run_goes_on_where_it_stopped(engine, sgt):
    """At constant energy, halves joined through a frame follow the whole for a while."""
    start = warm(sgt, 600, 8)
    stage = Stage("nve", None, time_ps=0.4, timestep_fs=2)
    half = end = joined = None
    for sample in engine.run(start, stage, seed=1, every=100):
        if sample.step == 100:
            half = sample.frame()
        if sample.step == 200:
            end = sample.frame()
    for sample in engine.run(half, stage, seed=1, every=100, begin=100):
        joined = sample.frame()
    assert sample.step == 200
    delta = np.asarray(joined.particles.position) - np.asarray(end.particles.position)
    cell = box_to_cell(end.configuration.box)
    delta -= np.round(delta @ np.linalg.inv(cell)) @ cell
    assert abs(delta).max() < 1e-3


def test_the_seed_region_stays_and_the_rest_moves(engine, sgt):
    cell = box_to_cell(sgt.configuration.box)
    held = frozen_beads(np.asarray(sgt.particles.position), cell, 0.5)
    assert 0.4 < held.mean() < 0.6
    start = warm(sgt, 1600, 9)
    for sample in engine.run(
        start, Stage("langevin", (1600.0, 1600.0), time_ps=2, seed_region=0.5), seed=2, every=400
    ):
        frame = sample.frame()
    delta = np.asarray(frame.particles.position) - np.asarray(start.particles.position)
    delta -= np.round(delta @ np.linalg.inv(cell)) @ cell
    assert abs(delta[held]).max() < 1e-5
    assert np.abs(delta[~held]).max(axis=1).min() > 0
    assert np.linalg.norm(delta[~held], axis=1).mean() > 1.0


def test_minimize_finds_a_minimum(engine, sgt):
    import copy

    frame = copy.deepcopy(sgt)
    rng = np.random.default_rng(10)
    frame.particles.position = np.asarray(frame.particles.position) + rng.normal(scale=0.1, size=(612, 3))
    before = engine.evaluate(frame).energy_eV
    relaxed, energy = engine.minimize(frame)
    found = engine.evaluate(relaxed)
    assert energy < before
    # positions pass through the frame in single precision or better: 1e-6 Å at 30 eV/Å^2
    assert abs(found.forces).max() < 2e-3
    assert found.energy_eV == pytest.approx(energy, rel=1e-7)


def test_a_descent_goes_down_in_small_steps_to_the_minimum(engine, sgt):
    import copy

    frame = copy.deepcopy(sgt)
    rng = np.random.default_rng(11)
    frame.particles.position = np.asarray(frame.particles.position) + rng.normal(scale=0.1, size=(612, 3))
    cell = box_to_cell(frame.configuration.box)
    energies, place, farthest = [engine.evaluate(frame).energy_eV], np.asarray(frame.particles.position), 0.0
    for sample in engine.descend(frame):
        now = np.asarray(sample.frame().particles.position, dtype=float)
        moved = (now - place) @ np.linalg.inv(cell)
        farthest = max(farthest, np.linalg.norm((moved - np.round(moved)) @ cell, axis=1).max())
        place = now
        energies.append(sample.energy_eV)
    assert len(energies) > 3
    assert farthest < 0.5
    # FIRE may climb a little on its way
    assert (np.diff(energies) < 1e-3 * abs(energies[0])).all()
    assert energies[-1] == pytest.approx(engine.minimize(frame)[1], abs=1e-3)


def test_images_and_wrapped_positions_make_continuous_paths(engine, sgt):
    """A bead thrown through the box arrives where it should, wrapped, with its image counted."""
    import copy

    frame = copy.deepcopy(sgt)
    cell = box_to_cell(frame.configuration.box)
    v = np.tile([30.0, 20.0, -25.0], (612, 1))  # Å/ps: all beads together feel no force
    frame.particles.velocity = v
    before = np.asarray(frame.particles.position) + np.asarray(frame.particles.image) @ cell
    for sample in engine.run(frame, Stage("nve", None, time_ps=3, timestep_fs=2), seed=1, every=500):
        after = sample.frame()
    path = np.asarray(after.particles.position) + np.asarray(after.particles.image) @ cell - before
    assert path.mean(axis=0) == pytest.approx([90, 60, -75], abs=0.01)
    fractional = np.asarray(after.particles.position) @ np.linalg.inv(cell)
    assert abs(fractional).max() <= 0.5 + 1e-6


def test_an_exploding_run_is_noticed(engine, sgt):
    """What helps is told by who knows the stage (`zeocryst.running.failure`)."""
    frame = warm(sgt, 300_000, 1)
    with pytest.raises(SimulationError, match="exploded"):
        last(engine.run(frame, Stage("nve", None, time_ps=20, timestep_fs=20), seed=1, every=100))


def test_a_box_that_grows_without_end_is_noticed_between_two_frames(engine, sgt):
    """Pulled apart by -20 kbar: no liquid of the model holds that at 3000 K, and nothing brings it back."""
    needs(engine, "npt")
    stage = Stage("npt", (3000, 3000), pressure_bar=-2e4, coupling="iso", time_ps=200, timestep_fs=5)
    with pytest.raises(SimulationError, match="the box grew without end"):
        last(engine.run(warm(sgt, 3000, 1), stage, seed=1, every=stage.n_steps))


@pytest.mark.alone
def test_threads_never_exceed_the_cores(ts):
    engine, sentence = choose_engine(ts, "auto", "cpu", threads=4096)
    assert engine.info.threads == available_threads()
    assert "4096" in sentence


def test_unknown_engine_and_missing_device(ts):
    with pytest.raises(InputError, match="gromacs"):
        choose_engine(ts, "gromacs")
    name = next(n for n, m in engine_modules().items() if not m.offer("gpu").preference)
    with pytest.raises(MissingEngineError, match="gpu"):
        choose_engine(ts, name, "gpu")


def test_thermalize_is_maxwell_boltzmann(ts, sgt):
    import copy

    from scipy.stats import kstest

    frame = copy.deepcopy(sgt)
    thermalize(frame, 700.0, np.random.default_rng(12))
    v = np.asarray(frame.particles.velocity)
    width = (BOLTZMANN_EV_PER_K * 700.0 / (28.0855 * EV_PER_AMU_A2_PER_PS2)) ** 0.5
    assert kstest(v.ravel() / width, "norm").pvalue > 1e-3
    assert v.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    before = v.copy()
    thermalize(frame, 50.0, np.random.default_rng(13))  # nobody is at rest: nothing changes
    assert frame.particles.velocity == pytest.approx(before)


def test_a_run_after_minimize_begins_at_its_temperature(engine, sgt):
    """No velocities are left of the minimization: thermalize gives them to every bead, and the first row shows it."""
    import copy

    frame = copy.deepcopy(sgt)
    rng = np.random.default_rng(21)
    frame.particles.position = np.asarray(frame.particles.position) + rng.normal(scale=0.1, size=(612, 3))
    thermalize(frame, 300.0, rng)
    relaxed, _ = engine.minimize(frame)
    assert (np.asarray(relaxed.particles.velocity) == 0).all()
    for sample in engine.descend(frame):
        assert (np.asarray(sample.frame().particles.velocity) == 0).all()
        break
    thermalize(relaxed, 900.0, rng)
    first = next(engine.run(relaxed, Stage("nve", None, time_ps=0.1), seed=1, every=10))
    # the kinetic energy of N beads has a relative spread of sqrt(2 / 3N) = 3.3 %
    assert first.temperature_K == pytest.approx(900.0, rel=0.12)
    resting, _ = engine.minimize(frame)  # the twin: without thermalize it is at rest
    first = next(engine.run(resting, Stage("nve", None, time_ps=0.1), seed=1, every=10))
    assert first.temperature_K < 1e-6


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["nve", "nvt", "langevin", "npt"])
def test_temperatures_count_the_degrees_of_freedom(engine, sgt, kind, share):
    """T = 2 E / (f kB): f is 3 a moving bead, less the 3 of a total momentum that is conserved.

    It is where all beads move (612, so that three are 0.16 %) but not in a bath of Langevin's, whose random forces
    have a sum; a held slab takes it up, too.
    """
    if kind == "npt" and share:
        pytest.skip("a fixed part needs a fixed box")
    needs(engine, kind)
    held = hold(sgt, share)[1]
    start = warm(sgt, 1200, 31)
    start.particles.velocity[held] = 0.0
    ends = None if kind == "nve" else (600.0, 600.0)
    coupling = "iso" if kind == "npt" else "none"
    stage = Stage(kind, ends, 0.0, coupling, time_ps=0.2, timestep_fs=2, seed_region=share)
    momentum_is_kept = kind in ("nve", "nvt", "npt") and not share
    expected = 3 * int((~held).sum()) - (3 if momentum_is_kept else 0)
    for sample in engine.run(start, stage, seed=3, every=50):
        frame = sample.frame()
        # HOOMD-blue counts a step's kinetic energy at its end, as LAMMPS does
        counted = 2 * kinetic(frame) / (BOLTZMANN_EV_PER_K * sample.temperature_K)
        assert counted == pytest.approx(expected, abs=0.05)
    mass = np.asarray(frame.particles.mass, dtype=float)[:, None]
    momentum = np.abs((mass * np.asarray(frame.particles.velocity, dtype=float)).sum(axis=0)).max()
    scale = (mass.sum() * BOLTZMANN_EV_PER_K * 600 / EV_PER_AMU_A2_PER_PS2) ** 0.5
    assert (momentum < 1e-6 * scale) == momentum_is_kept


def test_the_beads_that_were_held_stay_held(engine, sgt):
    """Over a stop, and through the next stage with the same region; those that come into the slab go on moving."""
    import copy

    cell = box_to_cell(sgt.configuration.box)
    held = frozen_beads(np.asarray(sgt.particles.position, dtype=float), cell, 0.5)
    start = warm(sgt, 1600, 9)
    start.particles.velocity[held] = 0.0
    stage = Stage("langevin", (1600.0, 1600.0), time_ps=2, seed_region=0.5)
    for sample in engine.run(start, stage, seed=2, every=200):
        if sample.step == 200:
            half = sample.frame()
            break
    # a bead that moves strays into the midst of the slab
    stray = int(np.flatnonzero(~held)[0])
    axis = int(np.argmax(np.linalg.norm(cell, axis=1)))
    fractional = np.asarray(half.particles.position, dtype=float) @ np.linalg.inv(cell)
    fractional[stray, axis] = 0.2
    half.particles.position = fractional @ cell
    stray_there = frozen_beads(np.asarray(half.particles.position), cell, 0.5)
    assert stray_there[stray]
    assert (hold(half, 0.5)[1] == held).all()
    relaxed = Stage("langevin", (1600.0, 1600.0), time_ps=0.001, timestep_fs=0.1, seed_region=0.5)
    for frame in (half, copy.deepcopy(half)):  # the same beads again
        for sample in engine.run(frame, relaxed, seed=3, every=10):
            end = sample.frame()
        moved = np.abs(np.asarray(end.particles.position, dtype=float) - np.asarray(half.particles.position))
        assert (moved.max(axis=1) < 1e-5)[held].all()
        assert moved[stray].max() > 1e-4
        assert (hold(end, 0.5)[1] == held).all()
    # another region, or one after a stage without, is looked for where the beads are
    assert (hold(half, 0.3)[1] == frozen_beads(np.asarray(half.particles.position), cell, 0.3)).all()
    for sample in engine.run(half, Stage("nve", None, time_ps=0.0002, timestep_fs=0.1), seed=1, every=2):
        free = sample.frame()
    assert hold(free, 0.5)[1][stray]
