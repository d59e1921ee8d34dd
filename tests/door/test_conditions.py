"""Conditions that are built in Python: checked as those in TOML are, and written as TOML."""

from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w

import zeocryst as zc
from zeocryst.condition import Cut, Output, Seed, Until, parse_condition
from zeocryst.condition.reading import shipped_names

MELT = {"start": "melt", "framework": "SOD"}
STAGE = {"kind": "langevin", "temperature_K": 500, "time_ps": 20}


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_ones_are_the_same_from_their_parts(name):
    given = zc.Condition.shipped(name)
    parts = (
        "name",
        "title",
        "seed",
        "system",
        "forcefield",
        "stages",
        "output",
        "engine",
        "solvent",
        "particles",
        "folder",
    )
    again = zc.Condition(**{part: getattr(given, part) for part in parts})
    assert again == given
    assert zc.Condition.from_toml(given.to_toml()).to_toml() == str(given)
    assert replace(given, seed=5).seed == 5
    assert replace(replace(given, seed=5), seed=given.seed) == given


def test_classes_and_mappings_are_the_same():
    classes = zc.Condition(
        system=zc.System("melt", framework="SOD"),
        stages=[
            zc.Stage("minimize"),
            zc.Stage("langevin", temperature_K=(1600, 600), time_ps=20, seed_region=0.5),
            zc.Stage("npt", (600, 600), 10.0, "aniso", 20, until=Until("crystalline_share", 0.5, 10.0)),
            zc.Stage("npt", (600, 600), 0, "iso", 20, until=Until("largest_grain_sites", 9, 5, below=True)),
            zc.Stage("cut", edit=Cut(radius_A=9)),
            zc.Stage("seed", edit=Seed("SOD", 6)),
        ],
        output=Output(interval_ps=2),
    )
    mappings = zc.Condition(
        system=MELT,
        stages=[
            {"kind": "minimize"},
            {"kind": "langevin", "temperature_K": [1600, 600], "time_ps": 20, "seed_region": {"fraction": 0.5}},
            {"kind": "npt", "temperature_K": 600, "pressure_bar": 10, "coupling": "aniso", "time_ps": 20,
             "until": {"crystalline_share": 0.5, "for_ps": 10}},
            {"kind": "npt", "temperature_K": 600, "coupling": "iso", "time_ps": 20,
             "until": {"largest_grain_sites": {"below": 9}, "for_ps": 5}},
            {"kind": "cut", "radius_A": 9},
            {"kind": "seed", "framework": "SOD", "radius_A": 6},
        ],
        output={"interval_ps": 2},
    )  # fmt: skip
    assert classes == mappings
    assert zc.Condition.from_toml(classes.to_toml()) == classes


def test_a_single_temperature_is_a_ramp_without_a_slope():
    made = zc.Condition(system=MELT, stages=[zc.Stage("langevin", temperature_K=500, time_ps=20)])
    assert made.stages[0].temperature_K == (500, 500)


WRONG = [
    {"system": {"start": "melt", "framework": "SDO"}},
    {"system": {"start": "framework"}},
    {"system": zc.System("framework", framework="SOD", n_T=5)},
    {"system": zc.System("gel", n_T=50)},
    {"system": {"start": "gel", "n_T": 50, "n_S": 3, "recipe": {"SiO2": 25, "OSDA": 9, "H2O": 480}}},
    {"system": {"strat": "melt"}},
    {"system": 3},
    {"stages": [zc.Stage("minimize", time_ps=5.0)]},
    {"stages": [STAGE | {"tempreature_K": 3}]},
    {"stages": []},
    {"seed": 0},
    {"seed": "one"},
    {"output": {"interval_ps": 50}},
    {"engine": {"device": "abacus"}},
    {"forcefield": "nothing"},
    {"solvent": {"viscosity": 1}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: str(next(iter(w.items())))[:40])
def test_mistakes_are_told_as_in_toml(wrong, tmp_path):
    parts = {"system": MELT, "stages": [STAGE]} | wrong
    with pytest.raises(zc.InputError, match="^(the condition|no force field|force field)") as built:
        zc.Condition(**parts)
    plain = not any(isinstance(v, zc.System) or (isinstance(v, list) and v and isinstance(v[0], zc.Stage))
                    for v in parts.values())  # fmt: skip
    if plain:
        content = {("stage" if k == "stages" else k): v for k, v in parts.items()}
        if "forcefield" in content:
            content["forcefield"] = {"name": content["forcefield"]}
        tomli_w.dumps(content)  # it could be written
        with pytest.raises(zc.InputError) as read:
            parse_condition(content, "the condition", Path.cwd())
        assert str(built.value) == str(read.value)


def test_stages_are_a_list():
    with pytest.raises(zc.InputError, match="expected a list"):
        zc.Condition(system=MELT, stages=STAGE)


def test_files_are_looked_for_in_the_folder(tmp_path, sod, monkeypatch):
    from zeocryst.files.trajectory import write_frame

    write_frame(tmp_path / "mine.gsd", sod)
    start = {"start": "file", "file": "mine.gsd"}
    with pytest.raises(zc.InputError, match=r"mine\.gsd"):
        zc.Condition(system=start, stages=[STAGE])
    there = zc.Condition(system=start, stages=[STAGE], folder=tmp_path)
    monkeypatch.chdir(tmp_path)
    assert zc.Condition(system=start, stages=[STAGE]) == there
    assert zc.Condition.from_toml(there.to_toml(), "/").system.file == str(tmp_path / "mine.gsd")


def test_it_is_written_where_nothing_is(tmp_path):
    made = zc.Condition(system=MELT, stages=[STAGE])
    assert zc.Condition.from_file(made.write(tmp_path / "condition.toml")).to_toml() == made.to_toml()
    assert zc.Condition.from_file(tmp_path).to_toml() == made.to_toml()
    with pytest.raises(zc.InputError, match="nothing is overwritten"):
        made.write(tmp_path / "condition.toml")
    assert "temperature_K" in made._repr_html_()
    with pytest.raises(Exception, match="cannot assign"):
        made.seed = 5
