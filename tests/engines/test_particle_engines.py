"""Nanoparticles with each engine: energies and forces are the formula's, and so is what follows from them."""

import numpy as np
import pytest
from particle_walks import measured_stability, measured_virial

from zeocryst.cell import make_frame, neighbour_pairs
from zeocryst.condition import Stage
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.engines.protocol import KEPT_MARKS
from zeocryst.errors import InputError
from zeocryst.model.dlvo import SILICA_WATER_EV, SITE, DlvoPair
from zeocryst.model.encounters import second_virial_A3, stability_ratio
from zeocryst.model.forcefield import ForceField
from zeocryst.model.solvent import check_step, step_length
from zeocryst.model.water import debye_length_A, water_permittivity
from zeocryst.units import diffusion_A2_per_ps, stokes_friction

RADII = {"P1": 10.0, "P2": 14.0}
T = 370.0


@pytest.fixture(params=[pytest.param("lammps"), pytest.param("hoomd", marks=pytest.mark.hoomd)])
def name(request):
    offer = engine_modules()[request.param].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    return request.param


def dlvo(radii, temperature=T, molar=0.1, potential=-30.0, **given):
    water = water_permittivity(temperature)
    debye = debye_length_A(molar, temperature, water)
    return DlvoPair(radii, SILICA_WATER_EV, (potential,) * 2, debye, temperature, water, **given)


@pytest.fixture(scope="module")
def field():
    pairs = {(a, b): dlvo((RADII[a], RADII[b]), adhesion_eV=0.5, barrier_eV=0.1) for a in RADII for b in RADII}
    return ForceField("particles", "a test", {"P1": 4.5e3, "P2": 1.2e7}, pairs, {}, SITE)


@pytest.fixture(scope="module")
def frame(field):
    """Chains of particles, some in contact, some pressed into each other."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 2, 216)
    radii = np.array(list(RADII.values()))[kinds]
    places = np.empty((216, 3))
    for row in range(36):
        x = 0.0
        for k in range(6):
            n = 6 * row + k
            x += 0.0 if not k else radii[n - 1] + radii[n] + rng.uniform(0.6, 9.0)
            places[n] = [x, 45.0 * (row % 6), 45.0 * (row // 6)]
    return make_frame(
        places + rng.normal(scale=0.5, size=(216, 3)), np.eye(3) * 270.0, kinds, ["P1", "P2"], field.masses
    )


def formula(frame, field):
    """Energy and forces of a frame, pair by pair."""
    box = float(frame.configuration.box[0])
    places, kinds = np.asarray(frame.particles.position, dtype=float), np.asarray(frame.particles.typeid)
    i, j, shift, distance = neighbour_pairs(places, np.eye(3) * box, field.cutoff_A)
    energy, forces = 0.0, np.zeros((len(places), 3))
    for (a, b), pair in field.pairs.items():
        mine = (
            (kinds[i] == field.types.index(a)) & (kinds[j] == field.types.index(b)) & (distance < pair.cutoff_A)
        )
        found, push = pair.two_body(distance[mine])
        along = (places[j[mine]] + shift[mine] * box - places[i[mine]]) / distance[mine][:, None]
        energy += found.sum()
        np.add.at(forces, j[mine], push[:, None] * along)
        np.add.at(forces, i[mine], -push[:, None] * along)
    return energy, forces


def test_energy_and_forces_are_the_formulas(name, field, frame):
    found = choose_engine(field, name, "cpu")[0].evaluate(frame)
    energy, forces = formula(frame, field)
    print(
        f"energy {found.energy_eV / energy - 1:.1e} relative, forces {abs(found.forces - forces).max():.1e} eV/Å"
    )
    assert abs(forces).max() > 0.2
    assert found.energy_eV == pytest.approx(energy, rel=1e-6)
    assert abs(found.forces - forces).max() < 1e-6 * abs(forces).max() + (5e-7 if name == "hoomd" else 1e-8)


@pytest.mark.parametrize("radius", [3.0, 25.0, 200.0])
def test_tables_resolve_the_well_of_any_size(name, radius):
    """Pairs along a line, far from each other, at distances through well and barrier."""
    pair = dlvo((radius, radius), adhesion_eV=0.9, barrier_eV=0.2)
    model = ForceField("pairs", "a test", {"P1": 1e4}, {("P1", "P1"): pair}, {}, SITE)
    apart = pair.contact_A + np.linspace(-1.0, 9.0, 100)
    side = 2.2 * pair.cutoff_A + 10
    first = np.column_stack([np.full(100, side / 2), np.full(100, side / 2), side * (np.arange(100) + 0.5)])
    places = np.vstack([first - apart[:, None] / 2 * [1, 0, 0], first + apart[:, None] / 2 * [1, 0, 0]])
    box = np.diag([side + pair.contact_A, side, 100 * side])
    frame = make_frame(places, box, [0] * 200, ["P1"], model.masses)
    found = choose_engine(model, name, "cpu")[0].evaluate(frame)
    real = np.linalg.norm(
        np.asarray(frame.particles.position[100:], dtype=float) - frame.particles.position[:100], axis=1
    )
    energy, force = pair.two_body(real)
    assert found.energy_eV == pytest.approx(energy.sum(), rel=1e-6, abs=1e-5)
    assert abs(found.forces[100:, 0] - force).max() < 1e-6 * (abs(force).max() + 0.9)


def test_forces_are_central_differences(name, field, frame):
    import copy

    engine = choose_engine(field, name, "cpu")[0]
    forces = engine.evaluate(frame).forces
    for bead, axis in [(0, 0), (100, 1), (215, 2)]:
        energies = []
        for sign in (1, -1):
            moved = copy.deepcopy(frame)
            moved.particles.position[bead, axis] += sign * 1e-2
            energies.append(engine.evaluate(moved).energy_eV)
        assert forces[bead, axis] == pytest.approx(-(energies[0] - energies[1]) / 2e-2, abs=2e-4)


@pytest.mark.parametrize("kind", ["brownian", "langevin"])
def test_particles_diffuse_by_stokes_and_einstein(name, field, kind):
    """Free particles of both classes; the friction of each follows from its radius, whatever it weighs."""
    rng = np.random.default_rng(8)
    light = ForceField("light", "", {"P1": 40.0, "P2": 60.0}, field.pairs, {}, SITE)
    n = 12
    places = (np.array(list(np.ndindex(n, n, n))) + 0.5) * 150.0
    kinds = rng.integers(0, 2, len(places))
    frame = make_frame(places, np.eye(3) * n * 150.0, kinds, ["P1", "P2"], light.masses)
    friction = {each: stokes_friction(0.3, radius) for each, radius in RADII.items()}
    stage = Stage(kind, (T, T), time_ps=40, timestep_fs=40 if kind == "brownian" else 4)
    for sample in choose_engine(light, name, "cpu")[0].run(
        frame, stage, seed=2, every=stage.n_steps, friction=friction
    ):
        end = sample.frame()
    moved = np.asarray(end.particles.position, float) + np.asarray(end.particles.image) * n * 150.0
    moved = moved - np.asarray(frame.particles.position, float)
    for k, each in enumerate(RADII):
        found = (moved[kinds == k] ** 2).mean() / (2 * stage.time_ps)
        wanted = diffusion_A2_per_ps(T, friction[each])
        assert found == pytest.approx(wanted, rel=4 * (2 / (3 * (kinds == k).sum())) ** 0.5)


def test_frames_of_a_run_say_what_is_in_the_particles(name, field, frame):
    import copy

    marked = copy.deepcopy(frame)
    marked.particles.diameter = np.full(216, 20.0)
    marked.log = {mark: np.arange(216, dtype=np.int32) for mark in KEPT_MARKS if "n_" in mark}
    stage = Stage("brownian", (T, T), time_ps=0.1, timestep_fs=10)
    friction = {each: stokes_friction(1.0, radius) for each, radius in RADII.items()}
    for sample in choose_engine(field, name, "cpu")[0].run(marked, stage, seed=2, every=5, friction=friction):
        end = sample.frame()
    assert (end.particles.diameter == 20.0).all()
    assert len(end.log) == 2
    assert all((end.log[mark] == np.arange(216)).all() for mark in end.log)


def test_a_minimum_is_found_and_pairs_are_in_contact_there(name, field):
    """Two particles slide into the well, where the distance is what the formula says."""
    places = np.array([[100.0, 100, 100], [100 + field.pairs["P1", "P2"].contact_A + 1.5, 100, 100]])
    frame = make_frame(places, np.eye(3) * 200.0, [0, 1], ["P1", "P2"], field.masses)
    end, energy = choose_engine(field, name, "cpu")[0].minimize(frame)
    apart = np.linalg.norm(np.diff(np.asarray(end.particles.position, float), axis=0))
    assert apart == pytest.approx(field.pairs["P1", "P2"].contact_A, abs=2e-3)
    assert energy == pytest.approx(field.pairs["P1", "P2"].contact_eV, abs=1e-5)


def test_time_steps_are_checked_by_the_stiffest_pair(field):
    friction = {each: stokes_friction(0.3, radius) for each, radius in RADII.items()}
    step = step_length(field, friction, 10.0, T)
    assert step.pair == ("P1", "P1")
    with pytest.raises(InputError, match="distance of a pair P1-P1 relaxes in"):
        check_step(field, friction, "brownian", 1000.0, "here")
    check_step(field, friction, "brownian", 50.0, "here")


def walker(**given):
    """Particles of 1.6 nm in 1 mol/l: forces that end soon, so that walks are short."""
    return dlvo((8.0, 8.0), 300.0, 1.0, -20.0, **given)


@pytest.mark.slow
@pytest.mark.parametrize(("adhesion", "seeds"), [(0.0, [5]), (0.08, [11, 12, 13, 14])])
def test_second_virial_coefficient_is_that_of_the_integral(name, adhesion, seeds):
    """Within 3 %; standard errors are 0.9 % without adhesion, and 1.7 % with it, of one seed number."""
    pair = walker(adhesion_eV=adhesion)
    wanted = second_virial_A3(pair, 300.0)
    each = [
        measured_virial(name, pair, 300.0, walkers=8000, centres=10, samples=200, every=100, seed=seed)
        for seed in seeds
    ]
    found, error = np.mean([value for value, _ in each]), np.hypot.reduce([e for _, e in each]) / len(seeds)
    print(f"{name}: B2 {found:.0f} ± {error:.0f} Å^3, by integration {wanted:.0f}: {found / wanted - 1:+.1%}")
    assert error < 0.02 * abs(wanted)
    assert found == pytest.approx(wanted, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("barrier", [0.0, 0.08])
def test_stability_ratio_is_that_of_fuchs(name, barrier):
    """Within 15 %; standard errors are 2.6 and 6 %."""
    pair = walker(adhesion_eV=0.3, barrier_eV=barrier)
    wanted = stability_ratio(pair, 300.0)
    found, error = measured_stability(name, pair, 300.0, walkers=3000, far=1.25, every=100, seed=5)
    print(f"{name}: W {found:.3f} ± {error:.3f}, by integration {wanted:.3f}: {found / wanted - 1:+.1%}")
    assert error < 0.07 * wanted
    assert found == pytest.approx(wanted, rel=0.15)
