"""Water (mW) and silicon in the same form: their authors' numbers, another program, how runs take them."""

import csv
import json
import tomllib

import numpy as np
import pytest

import zeocryst as zc
from zeocryst.cell import box_to_cell, neighbour_pairs, volume
from zeocryst.condition import Condition, System
from zeocryst.condition.reading import parse_condition
from zeocryst.engines.lammps.library import load
from zeocryst.errors import InputError
from zeocryst.model.forcefield import parse_forcefield, read_forcefield, write_forcefield
from zeocryst.model.scales import bond_length, default_density, default_step_fs, scale_of
from zeocryst.potentials.stillinger_weber import evaluate
from zeocryst.running.estimate import estimate
from zeocryst.solution.start import crystal, melt

KCAL_PER_MOL_IN_EV = 4184 / (1.602176634e-19 * 6.02214076e23)
AMU_PER_A3_IN_G_PER_CM3 = 1.66053907


@pytest.fixture(scope="module")
def mw():
    return read_forcefield("mw")


@pytest.fixture(scope="module")
def silicon():
    return read_forcefield("sw_silicon")


def energy(frame, forcefield):
    beads = frame.particles
    return evaluate(beads.position, box_to_cell(frame.configuration.box), beads.typeid, ["T"], forcefield)


#: Written by hand from the papers, each in the units of its own, as LAMMPS's manual says (pair_style sw).
SW = {
    "mw": ("real", KCAL_PER_MOL_IN_EV, "W W W 6.189 2.3925 1.8 23.15 1.2 -0.333333333333333 7.049556277 0.6022245584 4 0 0"),
    "sw_silicon": ("metal", 1.0, "W W W 2.1683 2.0951 1.8 21.0 1.2 -0.333333333333333 7.049556277 0.6022245584 4 0 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", SW)
def test_lammps_has_the_same_energy_and_forces_from_a_file_written_by_hand(name, tmp_path):
    forcefield = read_forcefield(name)
    frame = melt(System("melt", n_T=64), forcefield, np.random.default_rng(3))
    rng = np.random.default_rng(4)
    frame.particles.position = frame.particles.position + rng.normal(scale=0.25, size=(64, 3))
    units, eV, line = SW[name]
    (tmp_path / "hand.sw").write_text(line + "\n")
    side = float(frame.configuration.box[0])
    program = load().lammps(cmdargs=["-log", "none", "-screen", "none"])
    try:
        program.commands_string(
            f"units {units}\natom_style atomic\nregion box block 0 {side} 0 {side} 0 {side}\n"
            "create_box 1 box\nmass 1 1.0\n"
        )
        places = np.asarray(frame.particles.position, dtype=float) + side / 2
        program.create_atoms(64, list(range(1, 65)), [1] * 64, places.ravel().tolist())
        program.commands_string(f"pair_style sw\npair_coeff * * {tmp_path / 'hand.sw'} W\nrun 0\n")
        theirs = program.get_thermo("pe") * eV
        tags = program.numpy.extract_atom("id")[:64]
        forces = program.numpy.extract_atom("f")[:64][np.argsort(tags)] * eV
    finally:
        program.close()
    ours = energy(frame, forcefield)
    assert ours.energy.sum() == pytest.approx(theirs, rel=1e-7)
    assert ours.forces == pytest.approx(forces, rel=1e-6, abs=1e-6 * np.abs(forces).max())


def test_forces_are_differences_of_the_energy(mw):
    frame = melt(System("melt", n_T=30), mw, np.random.default_rng(1))
    cell, step = box_to_cell(frame.configuration.box), 1e-5
    places = np.asarray(frame.particles.position, dtype=float)
    ours = energy(frame, mw).forces
    for bead, axis in ((0, 0), (7, 1), (29, 2)):
        moved = [places.copy() for _ in range(2)]
        moved[0][bead, axis] += step
        moved[1][bead, axis] -= step
        up, down = (evaluate(p, cell, np.zeros(30, int), ["T"], mw).energy.sum() for p in moved)
        assert ours[bead, axis] == pytest.approx(-(up - down) / (2 * step), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ["mw", "sw_silicon"])
@pytest.mark.parametrize("code", ["dia", "lon"])
def test_ice_and_diamond_start_in_their_ideal_cells_at_their_minimum(name, code):
    # four bonds of depth epsilon for two sites, and no angle but the tetrahedral one: E = -2 epsilon exactly
    forcefield = read_forcefield(name)
    frame = crystal(System("framework", framework=code, repeat=(3, 3, 3)), forcefield)
    found = energy(frame, forcefield)
    epsilon = forcefield.pairs["T", "T"].epsilon_eV
    assert found.energy == pytest.approx(-2 * epsilon, rel=1e-6)
    assert np.abs(found.forces).max() < 1e-6 * epsilon
    box = frame.configuration.box
    a = 4 / np.sqrt(3) * 2 ** (1 / 6) * forcefield.pairs["T", "T"].sigma_A  # of the cubic cell
    if code == "dia":
        assert box == pytest.approx([3 * a, 3 * a, 3 * a, 0, 0, 0], rel=1e-6)
        assert frame.particles.N == 27 * 8
    else:
        lengths = np.linalg.norm(box_to_cell(box), axis=1)
        assert lengths == pytest.approx(3 * a / np.sqrt(2) * np.array([1, 1, np.sqrt(8 / 3)]), rel=1e-6)


def test_silicon_has_its_published_lattice_constant_and_cohesive_energy(silicon):
    # Stillinger and Weber fitted 5.431 Å; LAMMPS and its users print -4.3363 eV for it
    frame = crystal(System("framework", framework="dia"), silicon)
    assert frame.configuration.box[0] == pytest.approx(5.431, abs=5e-4)
    assert energy(frame, silicon).energy[0] == pytest.approx(-4.3363, abs=5e-4)


@pytest.mark.parametrize("code", ["MEP", "MTN", "DOH", "SGT", "LTL"])
def test_clathrates_start_with_bonds_of_the_models_length_and_nothing_in_their_cages(mw, code):
    frame = crystal(System("framework", framework=code), mw)
    assert set(frame.particles.typeid) == {0}
    cell = box_to_cell(frame.configuration.box)
    d = neighbour_pairs(frame.particles.position, cell, 3.3)[3]
    assert len(d) == 2 * frame.particles.N
    assert d.mean() == pytest.approx(bond_length(mw), rel=1e-6)
    assert (np.abs(d / d.mean() - 1) < 0.12).all()


def test_silica_keeps_its_cells_to_the_last_bit(ts):
    from zeocryst.frameworks.table import start_structure

    for code in ("SGT", "SOD", "MFI"):
        frame = crystal(System("framework", framework=code, S_in_cages=False), ts)
        cell, sites = start_structure(code)
        middle = box_to_cell(frame.configuration.box).sum(axis=0) / 2
        assert np.linalg.norm(cell, axis=1) == pytest.approx(
            np.linalg.norm(box_to_cell(frame.configuration.box), axis=1), rel=1e-6
        )
        assert len(sites) == frame.particles.N
        assert np.isfinite(middle).all()
    assert scale_of(ts) == 1.0
    assert default_density(ts) == 17.8
    assert default_step_fs(ts) == 5.0


def test_a_model_with_longer_bonds_has_larger_cells_and_cages(ts, tmp_path):
    write_forcefield(ts, tmp_path / "ts.toml")
    text = (tmp_path / "ts.toml").read_text().replace("2.7275", "3.2")
    long = parse_forcefield(text, "long")
    frame, usual = (crystal(System("framework", framework="SGT"), field) for field in (long, ts))
    assert np.bincount(frame.particles.typeid).tolist() == np.bincount(usual.particles.typeid).tolist()
    ratio = (volume(box_to_cell(frame.configuration.box)) / volume(box_to_cell(usual.configuration.box))) ** (
        1 / 3
    )
    assert ratio == pytest.approx(2 ** (1 / 6) * 3.2 / 3.1215, rel=1e-3)  # mean T-T of SGT's start
    assert default_density(long) == pytest.approx(17.8 / (3.2 / 2.7275) ** 3, rel=1e-3)


def condition(name, **system):
    content = {
        "system": {"start": "framework", "framework": "dia", **system},
        "forcefield": {"name": name},
        "stage": [{"kind": "langevin", "temperature_K": 100, "time_ps": 1}],
        "output": {"interval_ps": 0.5},
    }
    return content


def test_what_a_condition_does_not_say_follows_from_the_model(tmp_path):
    ice = parse_condition(condition("mw"), "here", tmp_path)
    assert (ice.system.S_in_cages, ice.output.backmap, ice.stages[0].timestep_fs) == (False, False, 5.0)
    again = Condition.from_toml(ice.to_toml())
    assert again.system == ice.system
    assert again.output == ice.output
    silicon = parse_condition(condition("sw_silicon"), "here", tmp_path)
    assert silicon.stages[0].timestep_fs == 2.0
    silica = parse_condition(condition("ts", framework="SOD"), "here", tmp_path)
    assert (silica.system.S_in_cages, silica.output.backmap, silica.stages[0].timestep_fs) == (True, True, 5.0)
    # a step that was given stays, by whatever way the condition goes
    content = condition("sw_silicon")
    content["stage"][0]["timestep_fs"] = 5.0
    given = parse_condition(content, "here", tmp_path)
    assert zc.Condition.from_toml(given.to_toml()).stages[0].timestep_fs == 5.0
    from dataclasses import replace

    assert replace(given, seed=5).stages[0].timestep_fs == 5.0


def test_melts_have_the_density_of_the_substance(mw, silicon):
    # liquid water 33.4, liquid silicon 53 (of Stillinger and Weber 52 to 53), solid silicon 50 per 1000 Å^3
    assert default_density(mw) == pytest.approx(33.4, rel=0.02)
    assert default_density(silicon) == pytest.approx(52, rel=0.06)
    frame = melt(System("melt", n_T=125), mw, np.random.default_rng(1))
    assert 125000 / volume(box_to_cell(frame.configuration.box)) == pytest.approx(33.54, rel=1e-3)


def test_silicon_may_be_denser_than_silica_can(tmp_path):
    content = condition("sw_silicon")
    content["system"] = {"start": "melt", "n_T": 100, "density_T_per_1000A3": 55}
    parse_condition(content, "here", tmp_path)
    content["forcefield"] = {"name": "ts"}
    with pytest.raises(InputError, match="density_T_per_1000A3 = 55"):
        parse_condition(content, "here", tmp_path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"system": {"start": "framework", "framework": "MEP", "S_in_cages": True}}, "S beads need a force field"),
        ({"system": {"start": "melt", "n_T": 100, "n_S": 4}}, "S beads need a force field"),
        ({"output": {"interval_ps": 0.5, "backmap": True}}, "backmap = True; expected false: a T of mw is H2O"),
        ({"output": {"interval_ps": 0.5, "backmap": {"when": "crystalline_share > 0.5"}}}, "a T of mw is H2O"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_of_water_is_told(change, expected, tmp_path):
    with pytest.raises(InputError, match=expected):
        parse_condition({**condition("mw"), **change}, "here", tmp_path)


def test_a_check_says_what_is_done_for_water(tmp_path):
    found = estimate(parse_condition(condition("mw", repeat=[3, 3, 3]), "here", tmp_path))
    assert (found["n_T"], found["n_S"]) == (216, 0)
    assert "T-T are 2.685 Å as in mw" in found["start"]
    assert "not back-mapped" in found["start"]


def test_a_short_run_of_ice_from_beginning_to_report(tmp_path, capsys):
    content = condition("mw", framework="lon", repeat=[3, 3, 3])
    content["stage"] = [{"kind": "npt", "temperature_K": 200, "coupling": "aniso", "time_ps": 2}]
    content["output"]["measure"] = ["ice"]
    run = zc.run(parse_condition(content, "here", tmp_path), tmp_path / "run")
    assert run.summary["verdict"] == "crystalline"
    assert "backmap" not in run.summary
    assert [row["code"] for row in run.summary["types"]] == ["lon"]
    with open(tmp_path / "run" / "order_parameters.csv") as table:
        rows = list(csv.DictReader(table))
    assert float(rows[-1]["hexagonal_ice_T"]) >= 100
    assert "Atoms" not in (tmp_path / "run" / "report.html").read_text()
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["forcefield"] == "mw"
    assert tomllib.loads((tmp_path / "run" / "condition.toml").read_text())["output"]["backmap"] is False
    with pytest.raises(InputError, match="a T of mw is H2O, no SiO4"):
        zc.backmap(zc.open_run(tmp_path / "run"))


@pytest.mark.slow
def test_water_has_its_published_density_and_enthalpies(tmp_path):
    # V. Molinero, E. B. Moore, J. Phys. Chem. B 113, 4008 (2009): the liquid at 298 K 0.997 g/cm^3 and 10.65
    # kcal/mol of vaporization; ice at 273 K 0.978 g/cm^3
    content = condition("mw")
    content["system"] = {"start": "melt", "n_T": 512}
    content["stage"] = [{"kind": "npt", "temperature_K": 298, "time_ps": 120, "timestep_fs": 10}]
    content["output"] = {"interval_ps": 1, "report": False}
    liquid = zc.run(parse_condition(content, "here", tmp_path), tmp_path / "liquid")
    content["system"] = {"start": "framework", "framework": "lon", "repeat": [5, 5, 4]}
    content["stage"][0] |= {"temperature_K": 273, "coupling": "aniso", "time_ps": 60}
    ice = zc.run(parse_condition(content, "here", tmp_path), tmp_path / "ice")
    gram = 18.015 * AMU_PER_A3_IN_G_PER_CM3 / 1000
    for run, skip, density in ((liquid, 20, 0.997), (ice, 10, 0.978)):
        with open(run.folder / "order_parameters.csv") as table:
            rows = list(csv.DictReader(table))[skip:]
        found = np.mean([float(row["density_T_per_1000A3"]) for row in rows]) * gram
        assert found == pytest.approx(density, rel=0.01)
        if run is liquid:
            energy_of_one = np.mean([float(row["energy_eV_per_bead"]) for row in rows]) / KCAL_PER_MOL_IN_EV
            assert 0.0019872 * 298 - energy_of_one == pytest.approx(10.65, rel=0.01)
