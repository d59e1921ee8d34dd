"""Nanoparticles in a condition: what is read, refused, written and built, and the classes that follow."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zeocryst as zc
from zeocryst.condition import Output, Stage, Until, identity
from zeocryst.condition.classes import (
    DEEPEST_KT,
    classes_of,
    forcefield_of,
    friction_of,
    median_of,
    radius_of,
    viscosity_of,
    well_of,
)
from zeocryst.condition.particles import Particles, Resolve
from zeocryst.condition.reading import parse_condition
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.model.encounters import barrier_for
from zeocryst.model.solvent import Solvent
from zeocryst.model.upward import Adhesion, Source, Sticking, Upward, write_upward
from zeocryst.units import BOLTZMANN_EV_PER_K

TEXT = """
name = "nanoparticles"
[system]
start = "particles"
[particles]
number = 120
radius_A = 10
volume_fraction = 0.05
surface_potential_mV = -30
ionic_strength_M = 0.1
[[particles.stage]]
kind = "brownian"
temperature_K = 370
time_ps = 5000
timestep_fs = 50
"""
BEADS = """
[particles.resolve]
[[stage]]
kind = "langevin"
temperature_K = 600
time_ps = 20
"""


def read(text, folder="."):
    return parse_condition(parse_toml(text, "here"), "here", Path(folder).resolve())


def particles(**given):
    return replace(read(TEXT).particles, **given)


def test_what_is_not_given_has_defaults(ts):
    """Density that of T-S melts and crystals, silica across water, water at the temperature of the stage."""
    found = read(TEXT).particles
    assert found == Particles(
        120, 10.0, 0.0, 0.0, 17.8, 0.05, 0.02871, -30.0, 0.1, 56.3407, 0.0,
        (Stage("brownian", (370.0, 370.0), time_ps=5000, timestep_fs=50),), Output(1000.0, backmap=False),
    )  # fmt: skip
    assert (found.n_steps, found.time_ps, found.temperature_K) == (100_000, 5000, 370)
    assert read(TEXT).stages == ()
    assert read(TEXT).main_stage == 0
    assert read(TEXT + BEADS).particles.resolve == Resolve("largest", None, None, 8.0)
    neck = read(TEXT + BEADS.replace("resolve]", 'resolve]\npart = "neck"'))
    assert neck.particles.resolve.most_T == 2000


@pytest.mark.parametrize(("old", "new", "message"), [
    ("radius_A", "radius", r"here: particles: unknown key 'radius'; did you mean 'radius_A'\? Allowed: S_per_T, "),
    ("number = 120", "", r"here: particles: number is missing; expected a whole number"),
    ("number = 120", "number = 0", r"here: particles: number = 0; expected a whole number, at least 1"),
    ("number = 120", "number = 1.5", r"number = 1.5; expected a whole number"),
    ("radius_A = 10", "radius_A = 1", r"radius_A = 1; expected a number, at least 2 and at most 1000"),
    ("radius_A = 10", "radius_A = 10\nradius_spread = -0.1", r"radius_spread = -0.1; expected a number, at least 0"),
    ("= 0.05", "= 0.4", r"volume_fraction = 0.4; expected a number, more than 0 and at most 0.25"),
    ("= 0.05", "= 0.05\nhamaker_eV = -1", r"hamaker_eV = -1; expected a number, at least 0"),
    ("surface_potential_mV = -30", "", r"surface_potential_mV is missing"),
    ("mV = -30", "mV = -900", r"surface_potential_mV = -900; expected a number, at least -500 and at most 500"),
    ("ionic_strength_M = 0.1", "", r"ionic_strength_M is missing; expected a number, more than 0"),
    ("M = 0.1", "M = 1e-7", r"ionic_strength_M = 1e-07; expected a number, at least 0.0001"),
    ("= 370", "= 900", r"relative_permittivity is missing; expected a number: the permittivity of water is known"),
    ("= 0.05", "= 0.05\nadhesion_eV = '1'", r"adhesion_eV = '1'; expected a number, at least 0"),
    ("= 0.05", "= 0.05\nS_per_T = 11", r"S_per_T = 11; expected a number, at least 0 and at most 10"),
    ("= 0.05", "= 0.05\ndensity_T_per_1000A3 = 90", r"density_T_per_1000A3 = 90; expected a number, more than 0"),
    ("= 0.05", "= 0.05\nupward = 'none.toml'", r"upward = 'none.toml'; expected a file beside the condition"),
    ('"brownian"', '"npt"', r"here: particles.stage 1: kind = 'npt'; expected a known name; allowed: brownian, "),
    ("timestep_fs = 50", "", r"here: particles.stage 1: timestep_fs is missing"),
    ("timestep_fs = 50", "timestep_fs = 2000", r"particles.stage 1: timestep_fs = 2000; expected at most \d+ with kind"),
    ("timestep_fs = 50", "timestep_fs = 50\nuntil = 1", r"particles.stage 1: unknown key 'until'; allowed: kind"),
    ("time_ps = 5000", "time_ps = 1e-3", r"time_ps = 0.001; expected at least a time step, 0.05 ps"),
    ("time_ps = 5000", "time_ps = 1e12", r"time_ps = 1000000000000.0; expected fewer than the 2e\+13 time steps"),
    ("= 0.1", "= 0.1\n[particles.output]\ninterval_ps = 6000", r"particles.output: interval_ps = 6000; expected at most"),
    ("= 0.1", "= 0.1\n[particles.output]\nreport = true", r"particles.output: unknown key 'report'; allowed: interval_ps"),
    ('start = "particles"', 'start = "melt"\nn_T = 9', r"system: start = 'melt' beside \[particles\]; expected"),
    ('start = "particles"', 'start = "particles"\nn_T = 9', r"system: unknown key 'n_T'; allowed: start"),
])  # fmt: skip
def test_what_is_wrong_is_said(old, new, message):
    assert old in TEXT
    with pytest.raises(zc.InputError, match=message):
        read(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(("added", "message"), [
    ("[[stage]]\nkind = 'minimize'", r"stage 1: stages of beads need a table \[particles.resolve\]"),
    ("[particles.resolve]", r"particles.resolve: particles become beads, and no \[\[stage\]\] says"),
    (BEADS.replace("resolve]", "resolve]\npart = 'middle'"), r"particles.resolve: part = 'middle'; expected a known"),
    (BEADS.replace("resolve]", "resolve]\nmost_T = 10"), r"most_T = 10; expected none but with part = \"neck\""),
    (BEADS.replace("resolve]", "resolve]\npart = 'box'"), r"box_A is missing; expected from where to where"),
    (BEADS.replace("resolve]", "resolve]\npart = 'box'\nbox_A = [[1, 0], [0, 1], [0, 1]]"), r"expected from where"),
    (BEADS.replace("resolve]", "resolve]\nmargin_A = -1"), r"margin_A = -1; expected a number, at least 0"),
    (BEADS.replace("resolve]", "resolve]\nmargin = 1"), r"particles.resolve: unknown key 'margin'; did you mean"),
])  # fmt: skip
def test_resolving_goes_with_stages_of_beads(added, message):
    with pytest.raises(zc.InputError, match=message):
        read(TEXT + added)


def test_a_start_from_particles_needs_them():
    with pytest.raises(zc.InputError, match=r'start = "particles" needs a table \[particles\]'):
        read('[system]\nstart = "particles"\n[[stage]]\nkind = "minimize"')
    with pytest.raises(zc.InputError, match=r"here: stage is missing; expected a list of tables"):
        read('[system]\nstart = "framework"\nframework = "SOD"')


def test_a_minimum_alone_has_no_temperature():
    stage = TEXT[TEXT.index("kind") :]
    with pytest.raises(zc.InputError, match="a minimum alone aggregates nothing"):
        read(TEXT.replace(stage, 'kind = "minimize"'))


def test_langevin_steps_are_bounded_by_inertia_and_by_the_swing():
    text = TEXT.replace("brownian", "langevin")
    with pytest.raises(zc.InputError, match=r"particles.stage 1: timestep_fs = 900; expected at most"):
        read(text.replace("timestep_fs = 50", "timestep_fs = 900"))
    assert read(text).particles.stages[0].kind == "langevin"


@pytest.mark.parametrize("added", [
    "", BEADS, BEADS.replace("resolve]", "resolve]\npart = 'neck'\nmost_T = 900"),
    BEADS.replace("resolve]", "resolve]\npart = 'box'\nbox_A = [[-5, 5], [0.5, 7], [-1, 1]]\nmargin_A = 3"),
])  # fmt: skip
def test_a_condition_is_written_and_read_again(added):
    condition = read(TEXT + added)
    again = read(condition.to_toml())
    assert again.particles == condition.particles
    assert again == condition
    assert again.to_toml() == condition.to_toml()


def test_from_python(tmp_path):
    """Tables as mappings or as dataclasses, checked alike."""
    given = parse_toml(TEXT, "here")["particles"]
    made = zc.Condition(system={"start": "particles"}, particles=given, name="nanoparticles", folder=Path.cwd())
    assert made.particles == read(TEXT).particles
    assert replace(made, seed=9).particles == made.particles
    parts = given | {
        "stage": [Stage("brownian", (370.0, 370.0), time_ps=5000, timestep_fs=50)],
        "output": Output(500.0),
        "resolve": Resolve("box", box_A=((-5.0, 5.0),) * 3),
    }
    other = zc.Condition(system={"start": "particles"}, particles=parts, stages=[{"kind": "minimize"}])
    assert other.particles.output.interval_ps == 500
    assert other.particles.resolve.box_A == ((-5.0, 5.0),) * 3
    assert zc.Condition(system=other.system, particles=other.particles, stages=other.stages) == other
    with pytest.raises(zc.InputError, match="the condition: particles: number = -1; expected"):
        zc.Condition(system={"start": "particles"}, particles=given | {"number": -1})
    with pytest.raises(zc.InputError, match="the condition: particles: expected|particles = 3"):
        zc.Condition(system={"start": "particles"}, particles=3)


UPWARD = Upward(
    Source("pairs of clusters", "", "1.0", "ts"),
    Adhesion(0.4, 0.1, 8, (10.0, 10.0), 600.0),
    Sticking(3.0, (1.0, 6.0), 20, 9, 600.0),
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"output": Output(10, fine_ps=1)}, "fine_ps"),
        ({"output": Output(10, measure=("ice",))}, "measure"),
        (
            {"stages": (Stage("brownian", (370, 370), time_ps=10, timestep_fs=50, seed_region=0.5),)},
            "seed_region",
        ),
        (
            {"stages": (Stage("brownian", (370, 370), time_ps=10, until=Until("largest_cluster_T", 5, 1)),)},
            "until",
        ),
    ],
)
def test_what_particles_cannot_do_is_refused_from_python_too(given, message):
    stage = {"stage": list(given["stages"])} if "stages" in given else {}
    table = {key: value for key, value in given.items() if key != "stages"}
    plain = {"number": 120, "radius_A": 10, "volume_fraction": 0.05, "surface_potential_mV": -30, "ionic_strength_M": 0.1,
             "stage": [{"kind": "brownian", "temperature_K": 370, "time_ps": 10, "timestep_fs": 50}]}  # fmt: skip
    whole = particles(**given)
    for built in ({**plain, **table, **stage}, whole):
        with pytest.raises(zc.InputError, match=message):
            zc.Condition(system={"start": "particles"}, stages=[], particles=built)


def test_particles_that_would_touch_themselves_are_refused():
    """One of 5 Å at a quarter of the volume has a box of 12.8 Å, and is in contact up to 14.65 Å."""
    single = TEXT.replace("number = 120", "number = 1").replace("radius_A = 10", "radius_A = 5")
    with pytest.raises(zc.InputError, match="would touch its own image"):
        read(single.replace("0.05", "0.25"))
    assert read(single.replace("0.05", "0.15")).particles.number == 1


def test_a_neck_has_room_for_a_particle():
    text = TEXT + BEADS.replace("resolve]", 'resolve]\npart = "neck"\nmost_T = MOST')
    with pytest.raises(zc.InputError, match=r"most_T = 74; the smallest particle has 75 T"):
        read(text.replace("MOST", "74"))
    assert read(text.replace("MOST", "75")).particles.resolve.most_T == 75


@pytest.mark.parametrize("spread", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("s_per_t", [0.0, 0.001, 0.05])
def test_the_median_class_has_the_median_particle(spread, s_per_t):
    classes = classes_of(particles(number=50, radius_spread=spread, S_per_T=s_per_t))
    sizes = np.repeat([each.n_T for each in classes], [each.number for each in classes])
    half = np.repeat([each.name for each in classes], [each.number for each in classes])[24]
    assert median_of(classes).name == half
    assert median_of(classes).n_T == np.sort(sizes)[24]


def test_a_run_is_another_where_anything_of_its_particles_is(ts, tmp_path):
    condition = read(TEXT)
    assert identity(condition, ts) == identity(read(TEXT), ts)
    assert identity(read(TEXT.replace("-30", "-31")), ts) != identity(condition, ts)
    write_upward(UPWARD, tmp_path / "upward.toml")
    measured = read(TEXT.replace("= 0.05", "= 0.05\nupward = 'upward.toml'"), tmp_path)
    before = identity(measured, ts)
    (tmp_path / "upward.toml").unlink()
    write_upward(replace(UPWARD, sticking=None), tmp_path / "upward.toml")
    assert identity(measured, ts) != before


def test_what_a_fine_run_measured(ts, tmp_path):
    """Adhesion in proportion to the area of the contact, and the barrier of Collins and Kimball's rate."""
    write_upward(UPWARD, tmp_path / "upward.toml")
    text = TEXT.replace("= 0.05", "= 0.05\nupward = 'upward.toml'\nradius_spread = 0.2")
    condition = read(text, tmp_path)
    assert condition.particles.upward == "upward.toml"
    assert read(condition.to_toml()).particles.upward == str((tmp_path / "upward.toml").resolve())
    classes = classes_of(condition.particles)
    field = forcefield_of(condition.particles, classes, 370.0, ts.masses, upward=UPWARD)
    for a in classes:
        for b in classes:
            reduced = a.radius_A * b.radius_A / (a.radius_A + b.radius_A)
            assert field.pairs[a.name, b.name].adhesion_eV == pytest.approx(0.4 * reduced / 5)
    friction = friction_of(classes, 1.0)
    kt = BOLTZMANN_EV_PER_K * 370 / 1.0364269e-4
    pair = field.pairs["P1", "P2"]
    wanted = barrier_for(pair, 370.0, 3.0, kt / friction["P1"] + kt / friction["P2"])
    assert pair.barrier_eV == pytest.approx(wanted.height_eV, rel=1e-5)
    assert pair.barrier_eV > 0.05
    with pytest.raises(zc.InputError, match=r"adhesion_eV = 1; expected none beside upward"):
        read(text.replace("-30", "-30\nadhesion_eV = 1"), tmp_path)
    (tmp_path / "upward.toml").unlink()
    write_upward(replace(UPWARD, sticking=Sticking(0.0, (0.0, 2.0), 9, 0, 600.0)), tmp_path / "upward.toml")
    with pytest.raises(zc.InputError, match=r"none of 9 did, so that no rate is known"):
        read(text, tmp_path)


def test_deep_wells_are_no_deeper_than_anybody_waits_for():
    deep = particles(adhesion_eV=21.0)
    assert well_of(deep, None, (10.0, 10.0), 370.0) == pytest.approx(DEEPEST_KT * BOLTZMANN_EV_PER_K * 370)
    assert well_of(particles(adhesion_eV=0.5), None, (10.0, 10.0), 370.0) == 0.5


class TestClasses:
    def test_all_alike(self, ts):
        (only,) = classes_of(particles())
        assert (only.name, only.number, only.n_T, only.n_S) == (
            "P1",
            120,
            round(0.0178 * 4 / 3 * math.pi * 1000),
            0,
        )
        assert only.radius_A == pytest.approx((75 / 0.0178 * 3 / (4 * math.pi)) ** (1 / 3))
        assert only.mass(ts.masses) == pytest.approx(75 * ts.masses["T"])

    @pytest.mark.parametrize("number", [1, 2, 7, 8, 9, 120, 1001])
    @pytest.mark.parametrize("share", [0.0, 0.0625, 0.5, 1.37])
    @pytest.mark.parametrize("spread", [0.0, 0.001, 0.1, 0.4])
    def test_nothing_is_lost(self, number, share, spread):
        given = particles(number=number, S_per_T=share, radius_spread=spread)
        classes = classes_of(given)
        assert sum(each.number for each in classes) == number
        assert len(classes) <= 8
        assert [each.name for each in classes] == [f"P{k + 1}" for k in range(len(classes))]
        assert len({(each.n_T, each.n_S) for each in classes}) == len(classes)
        n_t = sum(each.number * each.n_T for each in classes)
        assert sum(each.number * each.n_S for each in classes) == round(share * n_t)
        assert all(abs(each.n_S - share * each.n_T) < 1 for each in classes)
        assert all(each.radius_A == radius_of(each.n_T, 17.8) for each in classes)

    @pytest.mark.parametrize("spread", [0.05, 0.2])
    def test_sizes_have_the_spread_that_was_asked_for(self, spread):
        """Median, standard deviation of the logarithm, and the mean volume of the lognormal distribution."""
        classes = classes_of(particles(number=8000, radius_A=60.0, radius_spread=spread))
        logs = np.repeat([math.log(each.radius_A) for each in classes], [each.number for each in classes])
        assert len(classes) == 8
        assert np.median(logs) == pytest.approx(math.log(60), abs=0.2 * spread)
        assert logs.std() == pytest.approx(spread, rel=2e-3)
        assert np.exp(3 * logs).mean() / 60**3 == pytest.approx(math.exp(4.5 * spread**2), rel=0.6 * spread**2)

    def test_frictions_are_those_of_stokes(self):
        classes = classes_of(particles(radius_spread=0.3))
        friction = friction_of(classes, 0.3)
        for each in classes:
            si = 6 * math.pi * 0.3e-3 * each.radius_A * 1e-10  # kg/s
            assert friction[each.name] == pytest.approx(si / 1.66053907e-27 * 1e-12, rel=1e-6)
        assert viscosity_of(None) == 1.0
        assert viscosity_of(Solvent(0.28, {})) == 0.28

    def test_the_force_field(self, ts):
        given = particles(radius_spread=0.2, S_per_T=0.1, adhesion_eV=0.3)
        classes = classes_of(given)
        field = forcefield_of(given, classes, 370.0, ts.masses)
        assert (field.site, field.triplets, field.types) == (
            "nanoparticle",
            {},
            [each.name for each in classes],
        )
        assert len(field.pairs) == len(classes) ** 2
        for each in classes:
            assert field.masses[each.name] == pytest.approx(
                each.n_T * ts.masses["T"] + each.n_S * ts.masses["S"]
            )
        pair = field.pairs["P1", "P8"]
        assert sorted(pair.radius_A) == [classes[0].radius_A, classes[7].radius_A]
        assert (pair.hamaker_eV, pair.adhesion_eV, pair.permittivity) == (0.02871, 0.3, 56.3407)
        with pytest.raises(zc.InputError, match="the pair P1-P1 has not the form of Stillinger and Weber"):
            field.pair("P1", "P1")
