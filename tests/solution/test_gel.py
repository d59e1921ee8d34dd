"""A gel from its condition to the first frame, and through a run."""

import json
import tomllib

import gsd.hoomd
import numpy as np
import pytest

from zeocryst import cli
from zeocryst.cell import box_to_cell, neighbour_pairs, volume
from zeocryst.condition import Stage, parse_condition, to_toml
from zeocryst.engines.lammps.engine import LammpsEngine
from zeocryst.errors import InputError
from zeocryst.frameworks.oligomers import oligomers
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.running.beginning import first_frame, needs_relaxing
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import is_crowded

GEL = """
name = "gel"
seed = 3
[system]
start = "gel"
n_T = 300
[system.recipe]
SiO2 = 25
OSDA = 9
H2O = 480
ethanol = 100
[system.precursors]
monomer = 0.4
D4R = 0.6
[[stage]]
kind = "langevin"
temperature_K = 350
time_ps = 0.5
[output]
interval_ps = 0.25
backmap = false
report = false
[engine]
name = "lammps"
threads = 1
"""


def parse(text, folder):
    return parse_condition(tomllib.loads(text), "condition.toml", folder)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # the recipe
        ("SiO2 = 25", "SiO2 = -25", r"system.recipe: SiO2 = -25; expected a number, at least 0"),
        ("SiO2 = 25", "SiO2 = 0", r"system.recipe: SiO2 = 0; expected a number, more than 0"),
        ("OSDA = 9", "OSDA = -9", r"system.recipe: OSDA = -9; expected"),
        ("H2O = 480", "H2O = '480'", r"system.recipe: H2O = '480'; expected a number"),
        ("ethanol = 100", "ethanol = -0.1", r"system.recipe: ethanol = -0.1; expected"),
        ("SiO2 = 25\n", "", r"system.recipe: SiO2 is missing"),
        ("OSDA = 9\n", "", r"system.recipe: OSDA is missing"),
        ("H2O = 480\n", "", r"system.recipe: H2O is missing"),
        ("OSDA = 9", "OSAD = 9", r"system.recipe: unknown key 'OSAD'; did you mean 'OSDA'"),
        ("H2O = 480", "H20 = 480", r"system.recipe: unknown key 'H20'; did you mean 'H2O'"),
        ("ethanol = 100", "etanol = 100", r"system.recipe: unknown key 'etanol'; did you mean 'ethanol'"),
        # the precursors
        ("D4R = 0.6", "D4S = 0.6", r"system.precursors: D4S = 0.6; .* did you mean 'D4R'"),
        ("D4R = 0.6", "D4R = 0.5", r"system.precursors: expected shares .* 1 in sum; they are 0.9: monomer 0.4, D4R 0.5"),
        ("D4R = 0.6", "D4R = -0.6", r"system.precursors: D4R = -0.6; expected a number, at least 0 and at most 1"),
        ("D4R = 0.6", "Q0 = 0.6", r"system.precursors: Q0 = 0.6; expected each oligomer once; monomer is there"),
        # the numbers
        ("n_T = 300\n", "", r"system: n_T is missing"),
        ("n_T = 300", "n_T = 0", r"system: n_T = 0; expected a whole number, at least 1"),
        ("n_T = 300", "n_T = 40_000_000", r"system: n_T = 40000000; expected fewer: .* 5.44e\+07 beads"),
        ("n_T = 300", "n_T = 300\nn_S = 5", r"system: n_S = 5; expected none beside a recipe"),
        ("n_T = 300", "n_T = 300\ndensity_T_per_1000A3 = -1", r"density_T_per_1000A3 = -1; expected"),
        ("n_T = 300", "n_T = 300\nrepeat = [1, 1, 1]", r"system: unknown key 'repeat'"),
    ],
)  # fmt: skip
def test_bad_entries_are_refused_with_the_entry_named(old, new, expected, tmp_path):
    assert old in GEL
    with pytest.raises(InputError, match=expected):
        parse(GEL.replace(old, new, 1), tmp_path)


def test_without_a_recipe_a_density_is_needed(tmp_path):
    recipe = GEL[GEL.index("[system.recipe]") : GEL.index("[system.precursors]")]
    with pytest.raises(
        InputError, match="density_T_per_1000A3 is missing; expected a number, or the table recipe"
    ):
        parse(GEL.replace(recipe, ""), tmp_path)
    text = GEL.replace(recipe, "").replace("n_T = 300", "n_T = 300\nn_S = 30\ndensity_T_per_1000A3 = 2.0")
    system = parse(text, tmp_path).system
    assert (system.n_T, system.n_S, system.density_T_per_1000A3, system.recipe) == (300, 30, 2.0, None)


def test_s_beads_need_a_model_that_has_them(ts, tmp_path):
    from zeocryst.model.forcefield import ForceField, write_forcefield

    alone = ForceField(
        "alone", "T of ts", {"T": 28.0}, {("T", "T"): ts.pairs["T", "T"]}, {("T",) * 3: ts.triplets[("T",) * 3]}
    )
    write_forcefield(alone, tmp_path / "alone.toml")
    text = GEL + "[forcefield]\nname = 'alone.toml'\n"
    with pytest.raises(InputError, match="S beads need a force field with type S"):
        parse(text, tmp_path)
    condition = parse(text.replace("OSDA = 9", "OSDA = 0"), tmp_path)
    frame = first_frame(condition, condition.read_forcefield())
    assert frame.particles.types == ["T"]
    assert frame.particles.N == 300


@pytest.mark.parametrize(
    "change",
    [
        ("", ""),
        ("[system.precursors]\nmonomer = 0.4\nD4R = 0.6\n", ""),
        ("n_T = 300", "n_T = 300\ndensity_T_per_1000A3 = 6.0"),
        ("D4R = 0.6", "'cubic octamer' = 0.6"),
    ],
)
def test_a_condition_survives_a_round_trip(change, tmp_path):
    condition = parse(GEL.replace(*change), tmp_path)
    assert parse(to_toml(condition), tmp_path) == condition
    assert condition.system.precursors == (
        {"monomer": 1.0} if change[1] == "" and change[0] else {"monomer": 0.4, "D4R": 0.6}
    )


def test_the_first_frame_has_whole_clusters_and_numbers_them(ts, tmp_path):
    frame = first_frame(parse(GEL, tmp_path), ts)
    cell = box_to_cell(frame.configuration.box)
    assert np.bincount(frame.particles.typeid).tolist() == [300, 108]
    assert 300_000 / volume(cell) == pytest.approx(0.88617, abs=1e-4)
    body = np.asarray(frame.particles.body)
    assert body.dtype == np.int32
    assert (body[300:] == -1).all()
    clusters, sizes = np.unique(body[body >= 0], return_counts=True)
    assert clusters.tolist() == list(range(22))
    assert (sizes == 8).all()
    t = np.asarray(frame.particles.position)[:300] + cell.sum(axis=0) / 2
    network = bonds_from_sites(t, cell)
    # the bonds of a frame are those of the cubes, and no others
    assert len(network.first) == 22 * len(oligomers()["D4R"].bonds)
    assert (body[network.first] == body[network.second]).all()
    assert (body[network.first] >= 0).all()


def test_a_dilute_gel_starts_at_rest_and_a_dense_one_is_relaxed(ts, tmp_path):
    condition = parse(GEL, tmp_path)
    frame = first_frame(condition, ts)
    assert not is_crowded(frame, ts)
    assert not needs_relaxing(condition, ts, frame)
    # nothing pulls at T but S, weakly
    assert np.abs(LammpsEngine(ts, 1).evaluate(frame).forces).max() < 0.5
    dense = parse(GEL.replace("n_T = 300", "n_T = 300\ndensity_T_per_1000A3 = 6.0"), tmp_path)
    frame = first_frame(dense, ts)
    assert is_crowded(frame, ts)
    assert needs_relaxing(dense, ts, frame)


def test_seeds_give_other_frames(ts, tmp_path):
    frames = [first_frame(parse(GEL.replace("seed = 3", f"seed = {k}"), tmp_path), ts) for k in (3, 3, 4)]
    one, same, other = (np.asarray(frame.particles.position) for frame in frames)
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("name", ["dimer", "4R", "D4R", "D5R"])
def test_sturdy_clusters_hold_together_in_a_run(ts, name, tmp_path):
    # alone in a box at 300 K; the others rearrange, as `zeocryst.solution.precursors` says
    text = GEL[: GEL.index("[system.recipe]")].replace("n_T = 300", f"n_T = {oligomers()[name].n_T}")
    text += f"density_T_per_1000A3 = 0.1\nprecursors = {{ {name} = 1.0 }}\n" + GEL[GEL.index("[[stage]]") :]
    frame = first_frame(parse(text, tmp_path), ts)
    stage = Stage("langevin", (300.0, 300.0), time_ps=5.0)
    thermalize(frame, 300.0, np.random.default_rng(1))
    for sample in LammpsEngine(ts, 1).run(frame, stage, seed=1, every=1000):
        moved = sample.frame()
    moved, _ = LammpsEngine(ts, 1).minimize(moved)
    cell = box_to_cell(moved.configuration.box)
    i, j, _, d = neighbour_pairs(moved.particles.position, cell, 3.67)
    bonds = sorted(zip(np.minimum(i, j).tolist(), np.maximum(i, j).tolist(), strict=True))
    assert bonds == sorted(oligomers()[name].bonds)


def test_check_says_what_the_recipe_gives(tmp_path, capsys):
    path = tmp_path / "condition.toml"
    path.write_text(GEL)
    assert cli.main(["check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "300 T in 22 D4R, 124 monomer; 108 S; box of 69.7 Å, 0.886 T per 1000 Å^3" in said
    assert "SiO2 45.4, OSDA 331.1, H2O 30.0, ethanol 97.0" in said
    assert cli.main(["check", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["gel"]
    assert found["clusters"] == {"D4R": 22, "monomer": 124}
    assert found["side_A"] == pytest.approx(69.695, abs=0.01)
    assert found["volumes_A3"]["H2O"] == pytest.approx(30.005, abs=1e-3)


def test_what_does_not_fit_ends_check_and_run_with_the_entry(tmp_path, capsys):
    path = tmp_path / "condition.toml"
    path.write_text(GEL.replace("n_T = 300", "n_T = 300\ndensity_T_per_1000A3 = 20"))
    out = tmp_path / "out"
    for command in (["check", str(path)], ["run", str(path), "--out", str(out), "--quiet"]):
        assert cli.main(command) == 2
        said = capsys.readouterr().err
        assert "more clusters than fit in a box" in said
        assert "expected a lower density_T_per_1000A3" in said
    assert not out.exists()


@pytest.mark.parametrize("density", ["", "\ndensity_T_per_1000A3 = 6.0"])
def test_a_gel_runs_from_its_condition(density, tmp_path):
    path = tmp_path / "condition.toml"
    path.write_text(GEL.replace("n_T = 300", "n_T = 300" + density))
    out = tmp_path / "out"
    assert cli.main(["run", str(path), "--out", str(out), "--quiet"]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["n_T"], summary["n_S"]) == (300, 108)
    with gsd.hoomd.open(out / "trajectory.gsd") as frames:
        assert len(frames) == 3
        for frame in frames:
            assert np.bincount(frame.particles.typeid).tolist() == [300, 108]
    # the condition that is kept runs the same gel
    again = parse((out / "condition.toml").read_text(), out)
    assert again.system == parse(path.read_text(), tmp_path).system
