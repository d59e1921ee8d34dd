"""The file of a study: what it may hold, what becomes of it, and forty ways in which it is wrong."""

import hashlib
import random
import re

import pytest
from test_fuzz import mutated

from zeocryst.condition import read_condition
from zeocryst.errors import InputError
from zeocryst.studies.folder import check_same
from zeocryst.studies.reading import read_study, replica_seed

STUDY = """
name = "trial"
title = "a trial"
seed = 3

[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]

[melt]
sizes = [1, 2]
replicas = 3

[output]
interval_ps = 5

[engine]
name = "lammps"
"""
KNOWN = ("sizes", "replicas", "length_ps")
STAGE = {"kind": "langevin", "temperature_K": 300, "time_ps": 20}


def read(folder, text=STUDY, table="melt"):
    path = folder / "study.toml"
    path.write_text(text)
    return read_study(path, table, KNOWN)


def test_a_study_makes_conditions(tmp_path):
    study = read(tmp_path)
    assert (study.name, study.title, study.seed, study.stages) == ("trial", "a trial", 3, [])
    assert study.own.integer("replicas", least=1) == 3
    made = study.condition(name="one", seed=7, stages=[STAGE])
    assert (made.name, made.title, made.seed) == ("one", "a trial", 7)
    assert made.output.interval_ps == 5
    assert made.output.backmap is made.output.report is False
    assert made.engine.name == "lammps"
    other = study.condition(
        name="two",
        seed=8,
        stages=[STAGE],
        system={"repeat": [3, 2, 2]},
        output={"interval_ps": 1, "report": True},
    )
    assert (other.system.framework, other.system.repeat) == ("SOD", (3, 2, 2))
    assert (other.output.interval_ps, other.output.report) == (1, True)
    # another start is not put over the old one, and None takes a key away
    melt = study.condition(name="three", seed=9, stages=[STAGE], system={"start": "melt", "n_T": 50})
    assert (melt.system.framework, melt.system.n_T) == (None, 50)
    plain = study.condition(name="four", seed=9, stages=[STAGE], output={"interval_ps": None})
    assert plain.output.interval_ps == 10
    with pytest.raises(InputError, match=r"study.toml \(run five\): stage 1: kind = 'slow'"):
        study.condition(name="five", seed=9, stages=[{**STAGE, "kind": "slow"}])


def test_seeds_are_of_what_a_run_is():
    assert replica_seed(1, 600, 2) == replica_seed(1, 600.0, 2) == replica_seed(1, 600, 2.0)
    several = {replica_seed(s, t, k) for s in (1, 2) for t in (600, 610) for k in range(250)}
    assert len(several) == 1000
    assert all(1 <= seed <= 900_000_000 for seed in several)
    assert replica_seed(1, "600") != replica_seed(1, 600)
    assert replica_seed(1, "a", "b") != replica_seed(1, "ab")
    # it stays as it is, since a study that goes on asks for the same runs
    digest = hashlib.sha256(b"1\x00'melt'\x00600\x000").digest()
    assert replica_seed(1, "melt", 600, 0) == 1 + int.from_bytes(digest[:8], "big") % 900_000_000


def test_written_out_it_is_the_same_study(tmp_path):
    study = read(tmp_path)
    text = study.to_toml({"sizes": [1, 2], "replicas": 3, "length_ps": 100.0})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.toml").write_text(text)
    again = read_study(tmp_path / "out", "melt", KNOWN)
    own = {"sizes": again.own.get("sizes", ""), "replicas": 3, "length_ps": again.own.number("length_ps")}
    assert again.to_toml(own) == text
    assert again.condition(name="a", seed=1, stages=[STAGE]) == study.condition(
        name="a", seed=1, stages=[STAGE]
    ).with_checked(folder=tmp_path / "out")
    check_same(tmp_path / "out", text.replace("lammps", "auto"))
    for old, new, told in (
        ("replicas = 3", "replicas = 4", "melt.replicas was 3 and is 4"),
        ("seed = 3", "seed = 4", "seed was 3 and is 4"),
        ("length_ps = 100.0\n", "", "melt.length_ps was 100.0 and is not there"),
        ("# model ts ", "# model ts 1", "the content of the model ts was "),
    ):
        assert old in text
        with pytest.raises(InputError, match=re.escape(told)):
            check_same(tmp_path / "out", text.replace(old, new))


def test_conditions_and_shipped_ones_are_studies_too(tmp_path):
    study = read_study("sgt_seeded", "melt", KNOWN)
    assert len(study.stages) == 4
    assert study.own.number("length_ps", 5.0) == 5.0
    made = study.condition(name="one", seed=1, stages=study.stages)
    assert made.stages == read_condition("sgt_seeded").stages
    # several studies can share a file
    shared = read(tmp_path, STUDY + "\n[seeding]\nanything = 1\n")
    assert shared.condition(name="one", seed=1, stages=[STAGE]).seed == 1
    with pytest.raises(InputError, match="seeding: unknown key 'anything'"):
        read(tmp_path, STUDY + "\n[seeding]\nanything = 1\n", table="seeding")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[melt]", "[mellt]", r"unknown key 'mellt'; did you mean 'melt'"),
        ("replicas = 3", "replica = 3", r"melt: unknown key 'replica'; did you mean 'replicas'"),
        ("[system]", "[sistem]", r"unknown key 'sistem'; did you mean 'system'"),
        ("seed = 3", "seeds = 3", r"unknown key 'seeds'; did you mean 'seed'"),
        ("seed = 3", "seed = 0", r"seed = 0; expected a whole number, at least 1"),
        ("seed = 3", "seed = '3'", r"seed = '3'"),
        ("seed = 3", "seed = true", r"seed = True"),
        ("seed = 3", "seed = 3.5", r"seed = 3.5"),
        ("seed = 3", "seed = 1e400", r"seed = inf"),
        ('name = "trial"', "name = 3", r"name = 3; expected text in quotes"),
        ('title = "a trial"', "title = []", r"title = \[\]"),
        ("[melt]\nsizes = [1, 2]\nreplicas = 3", "[[melt]]\nsizes = 1", r"expected a table"),
        ("seed = 3", "seed = 3\nstage = 4", r"stage = 4; expected a list of tables"),
        ("[output]", "[[stage]]\nkind = 'hot'\n[output]", r"stage 1: kind = 'hot'"),
        ("[output]", "[stage]\nkind = 'nvt'\n[output]", r"stage = .*; expected a list of tables"),
        ('start = "framework"', 'start = "nothing"', r"system: start = 'nothing'"),
        ('framework = "SOD"', 'framework = "SODA"', r"framework = 'SODA'; expected a known name; did you mean 'SOD'"),
        ("repeat = [2, 2, 2]", "repeat = [2, 2]", r"repeat = \[2, 2\]"),
        ("repeat = [2, 2, 2]", "repeat = [2, 2, -2]", r"repeat"),
        ("repeat = [2, 2, 2]", "repeat = [2000, 2000, 2000]", r"fewer cells"),
        ("interval_ps = 5", "interval_ps = -5", r"interval_ps = -5"),
        ("interval_ps = 5", "interval = 5", r"output: unknown key 'interval'"),
        ('name = "lammps"', 'name = ""', r"engine: name = ''"),
        ('name = "lammps"', "threads = -1", r"threads = -1"),
        ("[engine]", "[forcefield]\nname = 'tss'\n[engine]", r"no force field 'tss'"),
        ("[engine]", "[solvent]\nviscosity = 1\n[engine]", r"viscosity"),
        ("[system]", "[system", r"not valid TOML"),
        ("seed = 3", "seed = 3\nseed = 4", r"not valid TOML"),
        ("seed = 3", "seed = \x00", r"not valid TOML"),
        ("seed = 3", "a = " + "[" * 5000, r"nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path, old, new, told):
    assert old in STUDY
    with pytest.raises(InputError, match=told) as raised:
        read(tmp_path, STUDY.replace(old, new, 1))
    assert str(tmp_path / "study.toml") in str(raised.value) or "force field" in told
    assert "\n" not in str(raised.value)


def test_files_that_are_none(tmp_path):
    for make, told in (
        (lambda path: path.mkdir(), "has no study.toml and no condition.toml"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "not a text file in UTF-8"),
        (lambda path: path.write_text(""), "system is missing"),
        (lambda path: None, "no file"),
    ):
        path = tmp_path / told.replace(" ", "_")
        make(path)
        with pytest.raises(InputError, match=told):
            read_study(path, "melt", KNOWN)
    with pytest.raises(InputError, match="did you mean 'sgt_seeded'"):
        read_study("sgt_seeder", "melt", KNOWN)


def test_mutated_studies(tmp_path, fuzz):
    """Each is refused with one message, or makes conditions, and reads back as it was written out."""
    rng, refused = random.Random("studies"), 0
    for _ in range(fuzz(150)):
        text = mutated(STUDY, rng)
        said = ""
        try:
            study = read(tmp_path, text)
            made = study.condition(name="one", seed=5, stages=[STAGE])
            (tmp_path / "again.toml").write_text(study.to_toml({"replicas": 1}))
            again = read_study(tmp_path / "again.toml", "melt", KNOWN)
            assert again.condition(name="one", seed=5, stages=[STAGE]) == made, text
        except InputError as error:
            said = str(error)
        refused += bool(said)
        assert "\n" not in said, text
        assert len(said) < 2000, text
    assert 0 < refused
