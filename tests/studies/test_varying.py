"""Any number of a condition or of its force field by a dotted key: set where it should be, and nowhere else."""

import random
import re
from pathlib import Path

import pytest

from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.foundation.textfiles import parse_toml
from zeocryst.model.forcefield import parse_forcefield, read_forcefield
from zeocryst.studies.varying import Ground

RAMP = [
    {
        "kind": "langevin",
        "temperature_K": 1600,
        "time_ps": 20,
        "seed_region": {"shape": "slab", "fraction": 0.5},
    },
    {"kind": "langevin", "temperature_K": [1600, 620], "time_ps": 30},
    {"kind": "npt", "temperature_K": 620, "coupling": "aniso", "time_ps": 100},
]


def ground(**parts):
    given = {"system": {"start": "framework", "framework": "SGT"}, "stages": RAMP} | parts
    return Ground(Condition(**given), "study.toml")


def melt(**parts):
    system = {"start": "melt", "n_T": 200, "n_S": 20, "density_T_per_1000A3": 17.0}
    return ground(system=system, **parts)


@pytest.fixture
def place(tmp_path):
    def write(text):
        path = tmp_path / "varied.toml"
        path.write_text(text)
        return path

    return write


def changes(before, after):
    """Places of the numbers that differ in two conditions' TOML."""

    def flat(value, at=""):
        if isinstance(value, dict):
            return {k: v for key, inner in value.items() for k, v in flat(inner, f"{at}.{key}").items()}
        if isinstance(value, list):
            return {k: v for n, inner in enumerate(value, 1) for k, v in flat(inner, f"{at}.{n}").items()}
        return {at[1:]: value}

    old, new = (flat(parse_toml(one.to_toml(), "")) for one in (before, after))
    return {key: new.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("system.repeat.2", 3, {"system.repeat.2": 3}),
        ("stage.3.temperature_K", 600, {"stage.3.temperature_K.1": 600, "stage.3.temperature_K.2": 600}),
        ("stage.2.temperature_K.2", 600, {"stage.2.temperature_K.2": 600}),
        ("stage.npt.time_ps", 50, {"stage.3.time_ps": 50}),
        ("stage.langevin.timestep_fs", 8, {"stage.1.timestep_fs": 8, "stage.2.timestep_fs": 8}),
        ("stage.*.time_ps", 25, {f"stage.{n}.time_ps": 25 for n in (1, 2, 3)}),
        ("stage.*.pressure_bar", 10, {"stage.3.pressure_bar": 10}),
        ("stage.1.seed_region.fraction", 0.4, {"stage.1.seed_region.fraction": 0.4}),
        ("seed", 7, {"seed": 7}),
    ],
)
def test_a_key_sets_what_it_names_and_nothing_else(place, key, value, expected):
    here = ground()
    assert changes(here.condition, here.with_values({key: value}, place=place)) == expected


def test_a_melts_composition_is_its_number_of_s(place):
    here = melt()
    assert here.value("composition.S_per_T") == 0.1
    made = here.with_values({"composition.S_per_T": 0.1433}, place=place)
    assert changes(here.condition, made) == {"system.n_S": 29}
    both = here.with_values({"composition.S_per_T": 0.1, "system.n_T": 300.4}, place=place)
    assert (both.system.n_T, both.system.n_S) == (300, 30)
    with pytest.raises(InputError, match="no n_T and n_S"):
        ground().places("composition.S_per_T")


@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("forcefield.T-S.sigma_A", lambda f: (f.pairs["T", "S"].sigma_A, f.pairs["S", "T"].sigma_A)),
        ("forcefield.S-T.epsilon_eV", lambda f: (f.pairs["T", "S"].epsilon_eV,)),
        ("forcefield.S-S.a", lambda f: (f.pairs["S", "S"].a,)),
        ("forcefield.T-T-T.lambda", lambda f: (f.triplets["T", "T", "T"].lambda_,)),
        ("forcefield.S.mass_amu", lambda f: (f.masses["S"],)),
    ],
)
def test_an_entry_of_the_force_field_is_set_in_a_file_of_its_own(place, key, read):
    here = ground()
    was = here.value(key)
    assert set(read(read_forcefield("ts"))) == {was}
    made = here.with_values({key: 0.9 * was}, place=place)
    assert read(made.read_forcefield()) == pytest.approx([0.9 * was] * len(read(made.read_forcefield())))
    assert f"{key.partition('.')[2]} {0.9 * was:.10g}" in made.read_forcefield().source
    back = here.with_values({key: was}, place=place).read_forcefield()
    published = read_forcefield("ts")
    assert (back.pairs, back.triplets, back.masses) == (published.pairs, published.triplets, published.masses)


def test_several_keys_at_once_and_no_file_where_the_force_field_is_as_it_was(place):
    here = ground()
    made = here.with_values(
        {"forcefield.T-S.epsilon_eV": 0.05, "forcefield.S-S.epsilon_eV": 0.05, "stage.3.temperature_K": 580},
        place=place,
    )
    model = made.read_forcefield()
    assert model.pairs["T", "S"].epsilon_eV == model.pairs["S", "S"].epsilon_eV == 0.05
    assert made.stages[2].temperature_K == (580, 580)

    def no_file(text):
        raise AssertionError

    assert here.with_values({"stage.3.temperature_K": 580}, place=no_file).forcefield == "ts"


def test_whole_numbers_are_rounded_and_known_as_such(place):
    assert melt().is_whole("system.n_T")
    assert not melt().is_whole("system.density_T_per_1000A3")
    assert melt().with_values({"system.n_T": 210.6}, place=place).system.n_T == 211


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("forcefield.T-S.sigma", "did you mean 'forcefield.T-S.sigma_A'"),
        ("forcefield.T-X.sigma_A", "no such entry of the force field"),
        ("stage.4.time_ps", "numbered from 1 to 3"),
        ("stage.nvt.time_ps", "no stage of the kind 'nvt'"),
        ("stage.2.temperature_K", "is a ramp, .*stage.2.temperature_K.1"),
        ("stage.*.temperature_K", "is a ramp"),
        ("stage.3.tempreature_K", "did you mean 'stage.3.temperature_K"),
        ("system.repeat", "is a list: name one of its numbers"),
        ("system.repeat.4", "no such number"),
        ("system.repeat.0000000015", "no such number"),  # a 1 in its first nine digits
        ("stage.0000000015.time_ps", "numbered from 1 to 3"),
        ("system.start", "'framework' is no number"),
        ("system.S_in_cages", "True is no number"),
        ("engine.threads", "changes nothing that is simulated"),
        ("output.interval_ps", "changes nothing that is simulated"),
        ("stage", "is a list"),
        ("", "no such number"),
    ],
)
def test_a_key_that_is_none_is_told_with_what_is_near(key, words):
    with pytest.raises(InputError, match=words):
        ground().places(key)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"forcefield.T-S.sigma_A": 77.0}, "sigma_A = 77.0; expected a number, .*at most 50"),
        ({"forcefield.T-S.a": 15.0}, "reaches a sigma_A"),
        ({"stage.3.timestep_fs": 50.0}, "timestep_fs = 50.0"),
        ({"system.repeat.1": 0}, "repeat"),
        ({"stage.1.seed_region.fraction": 1.5}, "fraction"),
    ],
)
def test_a_value_that_cannot_be_is_told_and_leaves_no_file(tmp_path, values, words):
    def write(text):
        path = tmp_path / "varied.toml"
        path.write_text(text)
        return path

    with pytest.raises(InputError, match=words):
        ground().with_values(values, place=write)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("system.framework", "SOD", {"system.framework": "SOD"}),
        ("stage.npt.coupling", "iso", {"stage.3.coupling": "iso"}),
        ("stage.1.kind", "nvt", {"stage.1.kind": "nvt"}),
        ("forcefield.name", "ts_sigma2", {"forcefield.name": "ts_sigma2"}),
    ],
)
def test_a_text_is_set_where_its_key_says_and_nothing_else(place, key, value, expected):
    here = ground()
    assert here.is_text(key)
    assert key in here.text_keys or key.startswith("stage.npt")
    assert key not in here.keys
    assert changes(here.condition, here.with_values({key: value}, place=place)) == expected


def test_the_framework_of_a_seed_and_the_box_of_a_cut_can_be_varied(place):
    cut = [{"kind": "cut", "radius_A": 8}, {"kind": "langevin", "temperature_K": 500, "time_ps": 20}]
    here = ground(stages=cut)
    assert here.text("stage.cut.box") == "vacuum"
    assert changes(here.condition, here.with_values({"stage.1.box": "packed"}, place=place)) == {
        "stage.1.box": "packed"
    }
    seed = [{"kind": "seed", "framework": "SGT", "radius_A": 8}, cut[1]]
    seeded = melt(stages=seed)
    made = seeded.with_values({"stage.seed.framework": "SOD"}, place=place)
    assert changes(seeded.condition, made) == {"stage.1.framework": "SOD"}


def test_entries_are_set_in_the_force_field_that_is_named_besides(place):
    here = ground()
    made = here.with_values({"forcefield.T-S.sigma_A": 5.0, "forcefield.name": "ts_sodalite"}, place=place)
    model, published = made.read_forcefield(), read_forcefield("ts_sodalite")
    assert model.pairs["T", "S"].sigma_A == 5.0
    assert {k: v for k, v in model.pairs.items() if k not in (("T", "S"), ("S", "T"))} == {
        k: v for k, v in published.pairs.items() if k not in (("T", "S"), ("S", "T"))
    }
    assert model.triplets == published.triplets
    assert (
        published.pairs != read_forcefield("ts").pairs or published.triplets != read_forcefield("ts").triplets
    )
    # one after the other, the same number in two force fields
    other = here.with_values({"forcefield.T-S.sigma_A": 5.0, "forcefield.name": "ts"}, place=place)
    assert other.read_forcefield().triplets == read_forcefield("ts").triplets
    with pytest.raises(InputError, match=r"no such entry of the force field mw"):
        here.check({"forcefield.T-S.sigma_A": 5.0, "forcefield.name": "mw"})


def test_a_force_field_beside_the_condition_can_be_named(tmp_path, place):
    from zeocryst.model.forcefield import forcefield_text

    text = forcefield_text(read_forcefield("ts")).replace('name = "ts"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text)
    here = ground(folder=tmp_path)
    assert here.with_values({"forcefield.name": "mine.toml"}, place=place).read_forcefield().name == "mine"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"system.framework": 5}, r"study.toml: system.framework = 5; expected a text"),
        ({"system.framework": " "}, r"system.framework = ' '; expected a text"),
        ({"system.framework": "SGTT"}, r"framework = 'SGTT'; expected a known name"),
        ({"stage.3.temperature_K": "hot"}, r"study.toml: stage.3.temperature_K = 'hot'; expected a number"),
        ({"stage.3.temperature_K": True}, r"stage.3.temperature_K = True; expected a number"),
        ({"stage.3.temperature_K": 10**400}, r"a whole number of many digits; expected a number below 1e\+100"),
        ({"stage.3.coupling": "isso"}, r"coupling = 'isso'; .*did you mean 'iso'"),
        ({"stage.3.kind": "nvt"}, r"stage 3: coupling = 'aniso'"),
        ({"forcefield.name": "tss"}, r"study.toml: forcefield.name = 'tss': .*tss"),
        ({"forcefield.name": "mw"}, r"a T of mw is H2O, no SiO4"),
        ({"forcefield.name": "bks"}, r"study.toml: forcefield.name = .bks.: .*"),
        ({"forcefield.name": True}, r"forcefield.name = True; expected a text"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_key(values, words):
    with pytest.raises(InputError, match=words):
        ground().check(values)


def test_a_search_over_numbers_takes_no_text():
    for key in ground().text_keys:
        with pytest.raises(InputError, match=r"is no number; (did you mean|allowed)"):
            ground().places(key)
        assert ground().spots(key)


def test_every_text_that_is_listed_can_be_set_to_what_it_is(place):
    for here in (ground(), melt()):
        for key in here.text_keys:
            assert here.with_values({key: here.text(key)}, place=place) == here.condition, key


def test_every_key_that_is_listed_can_be_set_to_what_it_is(place):
    for here in (ground(), melt()):
        for key in here.keys:
            made = here.with_values({key: here.value(key)}, place=place)
            if key.startswith("forcefield."):
                made.read_forcefield()
            else:
                assert made == here.condition, key


def test_checking_leaves_nothing(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ground().check({"forcefield.T-S.sigma_A": 5.0})
    assert not list(tmp_path.iterdir())


def test_a_fuzzer_gets_a_condition_or_one_message(place, fuzz):
    """Keys put together from parts of known ones, and odd values: nothing but `InputError` is raised."""
    rng = random.Random(5)
    grounds = [ground(), melt()]
    parts = sorted({part for here in grounds for key in here.keys for part in key.split(".")})
    parts += ["*", "", "0", "-1", "99999999999999999999", "²", "T-T", "S-S-S", "a b", "\n"]
    values = [
        "",
        "iso",
        "SOD",
        "ts_sigma2",
        True,
        0,
        -1,
        1,
        0.5,
        7.3,
        1e3,
        -1e9,
        1e308,
        3e-9,
        10**30,
        1e19,
        float("nan"),
        float("inf"),
    ]
    good = 0
    for _ in range(fuzz(400)):
        here = rng.choice(grounds)
        key = (
            rng.choice([*here.keys, *here.text_keys])
            if rng.random() < 0.6
            else ".".join(rng.choices(parts, k=rng.randint(1, 5)))
        )
        try:
            made = here.with_values({key: rng.choice(values)}, place=place)
            good += made.read_forcefield() is not None
        except InputError:
            continue
    assert good > 20


def test_the_text_of_a_varied_force_field_reads_back():
    here = ground()
    texts = []

    def keep(text):
        texts.append(text)
        path = Path(keep.folder) / "x.toml"
        path.write_text(text)
        return path

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        keep.folder = folder
        here.with_values({"forcefield.T-S.sigma_A": 4.9}, place=keep)
    model = parse_forcefield(texts[0], "x")
    assert model.pairs["T", "S"].sigma_A == 4.9
    assert re.search(r"ts varied", model.name)
