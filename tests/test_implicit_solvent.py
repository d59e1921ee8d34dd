"""The solvent of a condition: reading, defaults, friction, and the time steps that it bears."""

import re
import tomllib
from pathlib import Path

import pytest
from scipy import constants

from zeocryst.condition import parse_condition, to_toml
from zeocryst.errors import InputError
from zeocryst.model.solvent import DEFAULT_RADIUS_A, HOW_PHYSICAL, Solvent, step_length
from zeocryst.units import diffusion_A2_per_ps, stokes_friction

STAGE = "[[stage]]\nkind = '{kind}'\ntemperature_K = [300, 400]\ntime_ps = 100\ntimestep_fs = {step}\n"


def parse(solvent, kind="brownian", step=5):
    text = "[system]\nstart = 'melt'\nn_T = 100\n" + solvent + STAGE.format(kind=kind, step=step)
    return parse_condition(tomllib.loads(text), "c.toml", Path())


def test_friction_by_hand():
    """6 pi * 1e-3 Pa s * 2e-10 m = 3.7699e-12 kg/s; 1 amu/ps = 1.66054e-15 kg/s."""
    assert stokes_friction(1.0, 2.0) == pytest.approx(3.76991e-12 / 1.660539e-15, rel=1e-5)
    assert stokes_friction(0.5, 4.0) == pytest.approx(stokes_friction(1.0, 2.0))


def test_the_default_radii_give_the_diffusion_that_they_come_from():
    """TPA+ by Nernst and Einstein from its conductivity; Si(OH)4 as measured in sea water; both at 25 °C."""
    tpa = constants.R * 298.15 * 23.4e-4 / (constants.N_A * constants.e) ** 2  # m^2/s
    assert diffusion_A2_per_ps(298.15, stokes_friction(0.890, DEFAULT_RADIUS_A["S"])) * 1e-8 == pytest.approx(
        tpa, rel=0.02
    )
    silica = diffusion_A2_per_ps(298.15, stokes_friction(0.96, DEFAULT_RADIUS_A["T"])) * 1e-8
    assert silica == pytest.approx(1.0e-9, rel=0.02)


def test_reading_defaults_and_round_trip():
    assert parse("", "langevin").solvent is None
    assert parse("", "langevin").friction is None
    plain = parse("[solvent]\n")
    assert plain.solvent == Solvent(1.0, {"T": 2.3, "S": 3.9})
    own = parse("[solvent]\nviscosity_mPa_s = 0.8\nradius_A = { T = 2.0 }\n")
    assert own.solvent == Solvent(0.8, {"T": 2.0, "S": 3.9})
    assert own.friction["T"] == pytest.approx(0.8 * 2270.29, rel=1e-5)
    for condition in (plain, own, parse("", "langevin")):
        assert parse_condition(tomllib.loads(to_toml(condition)), "copy", Path()) == condition


@pytest.mark.parametrize(
    ("solvent", "kind", "step", "expected"),
    [
        ("", "brownian", 5, "stage 1: kind = 'brownian' needs a solvent.*[solvent]"),
        ("[solvent]\nviscosity = 1\n", "brownian", 5, "solvent: unknown key 'viscosity'; did you mean 'viscosity_mPa_s'"),
        ("[solvent]\nviscosity_mPa_s = 0\n", "brownian", 5, "viscosity_mPa_s = 0; expected a number, more than 0"),
        ("[solvent]\nradius_A = 3\n", "brownian", 5, "radius_A = 3; expected a table"),
        ("[solvent]\nradius_A = { T = -1 }\n", "brownian", 5, "solvent.radius_A: T = -1; expected a number, more than 0"),
        ("[solvent]\nradius_A = { Q = 1 }\n", "langevin", 5, "radius_A = {'T': 2.3, 'S': 3.9, 'Q': 1.0}; expected .* each bead type of ts: T, S"),
        # velocities of S relax in 28.0855 amu / (6 pi eta 3.9 Å) = 6.34 fs
        ("[solvent]\n", "langevin", 10, r"timestep_fs = 10; expected at most 6\.34 .* velocity of S relaxes in 6\.34 fs: .* kind brownian"),
        ("[solvent]\n", "brownian", 200, r"timestep_fs = 200; expected at most 44\.\d .* pair T-T relaxes in 89\.\d fs"),
        ("[solvent]\n", "nvt", 30, r"timestep_fs = 30; expected a number, more than 0 and at most 20"),
    ],
)  # fmt: skip
def test_what_is_refused(solvent, kind, step, expected):
    with pytest.raises(InputError, match=expected.replace("[solvent]", re.escape("[solvent]"))):
        parse(solvent, kind, step)


def test_other_kinds_do_not_feel_the_solvent():
    thick = parse("[solvent]\nviscosity_mPa_s = 1000\n", "nvt", 20)
    assert thick.stages[0].timestep_fs == 20


def test_stiffness_is_the_second_derivative(ts):
    import numpy as np

    pair = ts.pairs["T", "T"]
    r = 2 ** (1 / 6) * pair.sigma_A + np.linspace(
        -0.02, 0.02, 41
    )  # of this model the minimum, as of Lennard-Jones
    energy, _ = pair.two_body(r)
    assert abs(r[energy.argmin()] - r[20]) < 0.01
    assert pair.stiffness_eV_per_A2 == pytest.approx(2 * np.polyfit(r - r[20], energy, 4)[2], rel=0.01)


def test_the_longest_step_is_half_of_that_at_which_a_crystal_diverges(ts, sod):
    """Euler's steps diverge where step * curvature / friction is 2 for the stiffest mode, found by power iteration."""
    import numpy as np

    from zeocryst.cell import box_to_cell
    from zeocryst.potentials.stillinger_weber import evaluate
    from zeocryst.units import EV_PER_AMU_A2_PER_PS2

    cell, place = box_to_cell(sod.configuration.box), np.asarray(sod.particles.position, dtype=float)
    kind = np.asarray(sod.particles.typeid)
    mode = np.random.default_rng(1).normal(size=place.shape)
    for _ in range(60):
        mode /= np.linalg.norm(mode)
        ends = [evaluate(place + h * mode, cell, kind, ["T", "S"], ts).forces for h in (1e-4, -1e-4)]
        curved = -(ends[0] - ends[1]) / 2e-4
        curvature = float((mode * curved).sum())
        mode = curved
    friction = Solvent(1.0, DEFAULT_RADIUS_A).friction
    diverges_fs = 2000 * friction["T"] * EV_PER_AMU_A2_PER_PS2 / curvature
    step = step_length(ts, friction, diverges_fs, 300.0)
    print(
        f"stiffest mode {curvature:.2f} eV/Å^2; a step at which it diverges is {step.brownian:.2f} pair times"
    )
    assert 0.9 < step.brownian < 1.2


def test_check_says_what_a_step_is(tmp_path):
    from zeocryst.running.estimate import estimate

    text = "[solvent]\n[system]\nstart = 'melt'\nn_T = 200\n" + STAGE.format(kind="brownian", step=10)
    found = estimate(parse_condition(tomllib.loads(text), "c.toml", tmp_path))
    # D = kT/gamma at 400 K: sqrt(2 * 0.1274 Å^2/ps * 0.01 ps) = 0.050 Å
    assert re.match(
        r"stage 1, brownian at 400 K: .* T 0\.05 Å, S 0\.039 Å .* in 89\.\d fs", found["solvent"][0]
    )
    assert found["steps_per_s"] > 0


def test_what_is_not_physical_is_said():
    for word in ("viscosity", "freely draining", "hydrodynamic", "water", "charge", "pH", "smoother"):
        assert word in HOW_PHYSICAL


def test_a_model_of_other_beads_needs_radii(tmp_path):
    text = (Path(__file__).resolve().parents[1] / "forcefields" / "ts.toml").read_text("utf-8")
    other = tmp_path / "other.toml"
    other.write_text(text.replace('"S"', '"G"').replace("[types.S]", "[types.G]"))
    body = "[forcefield]\nname = 'other.toml'\n[system]\nstart = 'melt'\nn_T = 100\n" + STAGE.format(
        kind="langevin", step=5
    )
    with pytest.raises(InputError, match="each bead type of ts: T, G"):
        parse_condition(tomllib.loads("[solvent]\n" + body), "c.toml", tmp_path)
    given = "[solvent]\nradius_A = { G = 4.0 }\n" + body
    assert set(parse_condition(tomllib.loads(given), "c.toml", tmp_path).friction) >= {"T", "G"}


def test_rigid_precursors_go_with_langevin_dynamics_only():
    text = (
        "[system]\nstart = 'melt'\nn_T = 100\n"
        + STAGE.format(kind="{kind}", step=5)
        + "rigid_precursors = true\n"
    )
    condition = parse_condition(tomllib.loads(text.replace("{kind}", "langevin")), "c.toml", Path())
    assert condition.stages[0].rigid_precursors
    assert parse_condition(tomllib.loads(to_toml(condition)), "copy", Path()) == condition
    with pytest.raises(InputError, match="rigid_precursors = True; expected true only with kind langevin"):
        parse_condition(tomllib.loads(text.replace("{kind}", "nvt")), "c.toml", Path())
