import re
import tomllib
from pathlib import Path

import pytest

from zeocryst.condition import parse_condition, read_condition, to_toml
from zeocryst.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
GOOD = (ROOT / "runs" / "sgt_seeded" / "condition.toml").read_text("utf-8")


def parse(text):
    return parse_condition(tomllib.loads(text), "condition.toml", ROOT)


@pytest.mark.parametrize("path", sorted((ROOT / "runs").glob("*/condition.toml")), ids=lambda p: p.parent.name)
def test_shipped_conditions_are_valid_and_survive_a_round_trip(path):
    condition = read_condition(path)
    assert condition.name == path.parent.name
    again = parse_condition(tomllib.loads(to_toml(condition)), "copy", path.parent)
    assert again == condition
    assert (path.parent / "README.md").is_file()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # unknown keys, with the nearest known one
        ('framework = "SGT"', 'frame_work = "SGT"', r"system: unknown key 'frame_work'; did you mean 'framework'"),
        ("repeat = [4, 2, 1]", "repeats = [4, 2, 1]", r"system: unknown key 'repeats'; did you mean 'repeat'"),
        ("time_ps = 40", "time_ps = 40\ntemprature_K = 3", r"stage 1: unknown key 'temprature_K'; did you mean 'temperature_K'"),
        ("[output]", "[outputs]", r"top level: unknown key 'outputs'; did you mean 'output'"),
        ("seed = 1", "seeds = 1", r"unknown key 'seeds'; did you mean 'seed'"),
        ('name = "auto"', 'nam = "auto"', r"engine: unknown key 'nam'; did you mean 'name'"),
        # wrong types
        ("time_ps = 40", 'time_ps = "40"', r"stage 1: time_ps = '40'; expected a number, more than 0"),
        ("seed = 1", "seed = 1.5", r"seed = 1.5; expected a whole number"),
        ("seed = 1", "seed = true", r"seed = True; expected a whole number"),
        ("backmap = true", 'backmap = "yes"', r"output: backmap = 'yes'; expected true or false"),
        ("repeat = [4, 2, 1]", "repeat = [3, 3]", r"repeat = \[3, 3\]; expected a list of 3 whole numbers, each 1 or more"),
        ("repeat = [4, 2, 1]", "repeat = [3, 3.5, 1]", r"expected a list of 3 whole numbers"),
        ("temperature_K = 1600\n", "temperature_K = [1, 2, 3]\n", r"temperature_K = \[1, 2, 3\]"),
        # impossible values
        ("temperature_K = 1600\n", "temperature_K = -5\n", r"stage 1: temperature_K = -5; expected a number, more than 0"),
        ("temperature_K = 1600\n", "temperature_K = 0\n", r"temperature_K = 0; expected"),
        ("temperature_K = [1600, ", "temperature_K = [-1600, ", r"stage 2: temperature_K = \[-1600"),
        ("time_ps = 40", "time_ps = nan", r"time_ps = nan; expected"),
        ("time_ps = 40", "time_ps = -40", r"time_ps = -40; expected"),
        ("timestep_fs = 5", "timestep_fs = 500", r"timestep_fs = 500; expected a number, more than 0 and at most 20"),
        ("repeat = [4, 2, 1]", "repeat = [3, 3, 0]", r"repeat = \[3, 3, 0\]"),
        ('framework = "SGT"', 'framework = "SGTT"', r"framework = 'SGTT'; expected a known name; did you mean 'STT'.* SGT,"),
        ('framework = "SGT"', 'framework = "XYZ"', r"framework = 'XYZ'; expected a known name; zeocryst frameworks lists all"),
        ('start = "framework"', 'start = "framwork"', r"start = 'framwork'; .* did you mean 'framework'"),
        ('kind = "npt"', 'kind = "ntp"', r"kind = 'ntp'; .* did you mean"),
        ('coupling = "aniso"', 'coupling = "isotropic"', r"coupling = 'isotropic'"),
        ('coupling = "aniso"', 'coupling = "none"', r"stage 3: coupling = 'none'; expected iso, aniso or triclinic"),
        ("fraction = 0.5 }", "fraction = 1.5 }", r"stage 1.seed_region: fraction = 1.5; expected"),
        ('shape = "slab"', 'shape = "ball"', r"seed_region: shape = 'ball'"),
        ("interval_ps = 10", "interval_ps = 0", r"output: interval_ps = 0"),
        ("interval_ps = 10", "interval_ps = 1e6", r"interval_ps = 1e\+06; expected at most the length of the run"),
        ("threads = 0", "threads = -1", r"engine: threads = -1"),
        ("seed = 1", "seed = 0", r"seed = 0; expected a whole number, at least 1"),
        ('name = "ts"', 'name = "tx"', r"no force field 'tx'"),
        ('device = "auto"', 'device = "tpu"', r"device = 'tpu'"),
        # what a stage is run for
        ("crystalline_share = 0.998", "cristalline_share = 1", r"stage 3.until: unknown key 'cristalline_share'; did you mean 'crystalline_share'"),
        ("crystalline_share = 0.998", "crystalline_share = 1.5", r"stage 3.until: crystalline_share = 1.5; expected a number, more than 0 and at most 1"),
        ("crystalline_share = 0.998", "crystalline_share = '0.998'", r"stage 3.until: crystalline_share = '0.998'; expected a number"),
        ("crystalline_share = 0.998", "crystalline_share = { bellow = 0.1 }", r"stage 3.until.crystalline_share: unknown key 'bellow'; did you mean 'below'"),
        ("crystalline_share = 0.998", "crystalline_share = { below = 0 }", r"below = 0; expected a number, more than 0 and at most 1"),
        ("crystalline_share = 0.998, ", "", r"stage 3.until: expected one of crystalline_share, largest_grain_sites, .*none is given"),
        ("0.998, for", "0.998, largest_grain_sites = 9, for", r"stage 3.until: expected one of .*; crystalline_share, largest_grain_sites are given"),
        ("0.998, for_ps = 100", "0.998", r"stage 3.until: for_ps is missing; expected a number, more than 0"),
        ("for_ps = 100", "for_ps = 2400", r"stage 3: until = .*; expected for_ps less than the 2400 ps"),
        ("crystalline_share = 0.998", "largest_grain_sites = 513", r"stage 3.until: largest_grain_sites = 513; expected at most 512, the number of T"),
        # frames that are kept in memory
        ("fine_ps = 2 ", "fine_ps = 0 ", r"output: fine_ps = 0; expected a number, more than 0"),
        ("fine_ps = 2 ", "fine_ps = 10 ", r"output: fine_ps = 10; expected a part of interval_ps = 10, .*: 5 to 0.1"),
        ("fine_ps = 2 ", "fine_ps = 0.05 ", r"output: fine_ps = 0.05; expected a part of interval_ps = 10"),
        ("fine_ps = 2 ", "fine_ps = 3 ", r"fine_ps = 3; expected a time that goes into interval_ps = 10 a whole number of times"),
    ],
)  # fmt: skip
def test_bad_entries_name_the_key_the_value_and_what_is_allowed(old, new, expected):
    assert old in GOOD
    with pytest.raises(InputError, match=expected):
        parse(GOOD.replace(old, new, 1))


def test_no_stage_no_beads_no_file():
    with pytest.raises(
        InputError, match=r"stage is missing; expected a list of tables, each begun with \[\[stage\]\]"
    ):
        parse("[system]\nstart = 'framework'\nframework = 'SGT'\n")
    stage = "[[stage]]\nkind = 'nvt'\ntemperature_K = 500\ntime_ps = 100\n"
    with pytest.raises(InputError, match="n_T = 0; expected a whole number, at least 1"):
        parse("[system]\nstart = 'melt'\nn_T = 0\n" + stage)
    with pytest.raises(InputError, match=re.escape("file = 'no.gsd'; no such file")):
        parse("[system]\nstart = 'file'\nfile = 'no.gsd'\n" + stage)
    with pytest.raises(InputError, match="system is missing"):
        parse(stage)


@pytest.mark.parametrize(
    "until",
    [
        "{ crystalline_share = 1, for_ps = 50 }",
        "{ crystalline_share = { below = 0.02 }, for_ps = 50 }",
        "{ largest_grain_sites = 512, for_ps = 0.5 }",
        "{ largest_cluster_T = { below = 600 }, for_ps = 10 }",
    ],
)
def test_what_a_stage_is_run_for_survives_a_round_trip(until):
    old = "{ crystalline_share = 0.998, for_ps = 100 }"
    assert old in GOOD
    condition = parse(GOOD.replace(old, until))
    assert condition.stages[2].until is not None
    assert condition.can_end_early
    assert parse_condition(tomllib.loads(to_toml(condition)), "copy", ROOT) == condition


def test_a_minimization_waits_for_nothing():
    with pytest.raises(InputError, match="stage 1: unknown key 'until'"):
        parse(edited("kind = 'minimize'\nuntil = { crystalline_share = 1, for_ps = 50 }", HOT))


def test_a_seed_region_needs_a_fixed_box():
    text = GOOD.replace('coupling = "aniso"', 'coupling = "aniso"\nseed_region = { fraction = 0.5 }')
    with pytest.raises(InputError, match="no seed_region with kind npt"):
        parse(text)


def test_types_have_to_be_the_models(tmp_path):
    (tmp_path / "a.gsd").write_bytes(b"")
    text = "[system]\nstart = 'file'\nfile = 'a.gsd'\ntypes = { A = 'Q' }\n"
    text += "[[stage]]\nkind = 'nvt'\ntemperature_K = 500\ntime_ps = 100\n"
    with pytest.raises(
        InputError, match=r"system.types = {'A': 'Q'}; expected what each bead type of ts \(T, S\)"
    ):
        parse_condition(tomllib.loads(text), "c.toml", tmp_path)
    for good in ("{ T = 'Si' }", "{ Si = 'T', Ge = 'T' }", "{ T = 'S', S = 'T' }"):
        parse_condition(tomllib.loads(text.replace("{ A = 'Q' }", good)), "c.toml", tmp_path)


def edited(*stages):
    """The good condition with other stages."""
    head, _, tail = GOOD.partition("[[stage]]")
    return (
        head + "".join(f"[[stage]]\n{stage}\n" for stage in stages) + "[output]" + tail.partition("[output]")[2]
    )


HOT = 'kind = "langevin"\ntemperature_K = 600\ntime_ps = 40'
NPT = 'kind = "npt"\ntemperature_K = 600\ntime_ps = 40'
SEED = 'kind = "seed"\nframework = "MFI"\nradius_A = 12.5'


def test_cuts_and_seeds_are_read_and_survive_a_round_trip():
    condition = parse(edited(HOT, 'kind = "cut"\nmargin_A = 4', SEED, HOT))
    assert [stage.n_steps for stage in condition.stages] == [8000, 0, 0, 8000]
    assert condition.seed_framework == "MFI"
    assert parse_condition(tomllib.loads(to_toml(condition)), "copy", ROOT) == condition
    ball = parse(edited(HOT, 'kind = "cut"\nradius_A = 20\nbox = "packed"', NPT))
    assert ball.seed_framework is None
    assert parse_condition(tomllib.loads(to_toml(ball)), "copy", ROOT) == ball


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ((HOT, 'kind = "cut"', NPT), r"stage 3: kind = 'npt', but the aggregate stands in a vacuum"),
        ((HOT, SEED, 'kind = "cut"', HOT), r"stage 3: kind = 'cut' after a seed was put in"),
        ((HOT, 'kind = "cut"\nbox = "tight"', HOT), r"stage 2: box = 'tight'; .*vacuum"),
        (
            (HOT, 'kind = "cut"\nmargin_A = -1', HOT),
            r"stage 2: margin_A = -1; expected a number, at least 0|0 or more",
        ),
        ((HOT, 'kind = "seed"\nframework = "MFI"', HOT), r"stage 2: radius_A is missing"),
        (
            (HOT, 'kind = "seed"\nframework = "MIF"\nradius_A = 9', HOT),
            r"framework = 'MIF'; .* did you mean 'MFI'",
        ),
        ((HOT, 'kind = "cut"\ntime_ps = 4', HOT), r"stage 2: unknown key 'time_ps'"),
    ],
)
def test_cuts_and_seeds_that_cannot_be(stages, expected):
    with pytest.raises(InputError, match=expected):
        parse(edited(*stages))


def test_a_shipped_condition_is_read_by_its_name_where_no_file_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_condition("sgt_seeded").name == "sgt_seeded"
    (tmp_path / "sgt_seeded").mkdir()
    with pytest.raises(
        InputError, match="no condition file 'sgt_seded'; give the path .* did you mean 'sgt_seeded'"
    ):
        read_condition("sgt_seded")
    (tmp_path / "sgt_seeded" / "condition.toml").write_text(GOOD.replace("seed = 1", "seed = 7"))
    assert read_condition("sgt_seeded").seed == 7  # what lies there comes first
