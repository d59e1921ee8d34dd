"""Values and names in conditions, force fields and recipes that are out of reason: one message with the key."""

import re
import tomllib

import pytest
from command_line import ROOT
from conftest import SHARED
from faults import (
    GEL,
    GOOD,
    MELT,
    TS,
    parse,
    refused,
)

from zeocryst.condition import Condition, parse_condition, to_toml
from zeocryst.condition.substances import amounts, in_words
from zeocryst.errors import BOILED, InputError, nearest
from zeocryst.model.forcefield import parse_forcefield, read_forcefield
from zeocryst.running.failure import cure

# ---- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a = 1.8", "a = 1e6", "pair 1: a = 1000000.0; expected a number, more than 0 and at most 50"),
        ("a = 1.8", "a = 1e-300", "pair 1: a = 1e-300; expected a number, at least 0.5"),
        ("a = 1.8", "a = 25", r"pair 1: a = 25; expected less: the pair reaches a sigma_A = 68.\d+ Å"),
        ("B = 0.6022245584", "B = -1", "pair 1: B = -1; expected a number, at least 0"),
        ("A = 7.049556277", "A = -7", "pair 1: A = -7; expected a number, at least 0"),
        ("q = 0.0", "q = 1e5", "pair 1: q = 100000.0; expected a number, at least 0 and at most 40"),
        ("q = 0.0", "q = 6", "pair 1: q = 6; expected at most p = 4"),
        ("p = 4.0", "p = inf", "pair 1: p = inf; expected a number"),
        ("epsilon_eV = 0.536761", "epsilon_eV = true", "pair 1: epsilon_eV = True; expected a number"),
        ("epsilon_eV = 0.536761", "epsilon_eV = 1e5", "pair 1: epsilon_eV = 100000.0; expected"),
        ("lambda = 23.15", "lambda = 1e9", "triplet 1: lambda = 1000000000.0; expected"),
        ("mass_amu = 28.0855", "mass_amu = 1e-9", "types.T: mass_amu = 1e-09; expected a number, at least 0.1"),
        ("[types.T]", "[types.'T; shell ls']", "types: T; shell ls = .*; expected a name of letters"),
    ],
)  # fmt: skip
def test_a_force_field_that_would_explode_is_refused_with_its_key(old, new, expected):
    with pytest.raises(InputError, match=expected):
        parse_forcefield(TS.replace(old, new, 1), "mine.toml")


#: Published Stillinger-Weber models: epsilon (eV), sigma (Å), a, A, B, p, q, gamma, lambda, cosine.
PUBLISHED = {
    # F. H. Stillinger, T. A. Weber, Phys. Rev. B 31, 5262 (1985)
    "Si": (2.1683, 2.0951, 1.80, 7.049556277, 0.6022245584, 4, 0, 1.20, 21.0, -1 / 3),
    # K. Ding, H. C. Andersen, Phys. Rev. B 34, 6987 (1986)
    "Ge": (1.93, 2.181, 1.80, 7.049556277, 0.6022245584, 4, 0, 1.20, 31.0, -1 / 3),
    # V. Molinero, E. B. Moore, J. Phys. Chem. B 113, 4008 (2009): water
    "mW": (0.268381, 2.3925, 1.80, 7.049556277, 0.6022245584, 4, 0, 1.20, 23.15, -1 / 3),
    # D. W. Ward et al., Phys. Rev. B 85, 115206 (2012): CdTe
    "CdTe": (1.385284, 2.352141, 1.810919, 7.917, 0.767, 4, 0, 1.2, 22.5, -1 / 3),
    # a pair of types that feel each other only in triplets
    "none": (1.0, 1.0, 1.8, 0.0, 0.0, 0, 0, 1.2, 20.0, -1 / 3),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_are_within_the_ranges(name):
    epsilon, sigma, a, big_a, big_b, p, q, gamma, strength, cosine = PUBLISHED[name]
    text = f"""
name = "{name}"
form = "stillinger-weber"
source = "see the test"
[types.T]
mass_amu = 28
[[pair]]
types = ["T", "T"]
epsilon_eV = {epsilon}
sigma_A = {sigma}
a = {a}
A = {big_a}
B = {big_b}
p = {p}
q = {q}
gamma = {gamma}
[[triplet]]
types = ["T", "T", "T"]
epsilon_eV = {epsilon}
lambda = {strength}
cos_theta0 = {cosine}
"""
    assert parse_forcefield(text, "it").pairs["T", "T"].sigma_A == sigma


@pytest.mark.parametrize(
    "path", sorted((SHARED / "cases" / "faults").glob("forcefield_*.toml")), ids=lambda p: p.stem
)
def test_the_force_fields_that_were_found_out_by_running(path):
    with pytest.raises(InputError, match=r"pair \d: (a|B|q) = "):
        read_forcefield(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("timestep_fs = 5", "timestep_fs = 1e-300", "timestep_fs = 1e-300; expected a number, at least 0.001"),
        ("temperature_K = 1600", "temperature_K = 1e9", "temperature_K = 1000000000.0; expected"),
        ("temperature_K = [1600, ", "temperature_K = [1e9, ", r"stage 2: temperature_K = \[1000000000.0"),
        ("temperature_K = 1600", "temperature_K = inf", "temperature_K = inf; expected"),
        ("pressure_bar = 0.0", 'pressure_bar = 1e12', "pressure_bar = 1000000000000.0; expected"),
        ("pressure_bar = 0.0", 'pressure_bar = "high"', "pressure_bar = 'high'; expected"),
        ("time_ps = 40", "time_ps = 1e30", r"time_ps = 1e\+30; expected"),
        ("time_ps = 40", "time_ps = 1e-30", "time_ps = 1e-30; expected at least a time step, 0.005 ps"),
        ("time_ps = 40\n", "time_ps = 1e9\ntimestep_fs = 0.001\n", "time_ps = 1000000000.0; expected fewer than"),
        ("interval_ps = 10", "interval_ps = 1e-9", "interval_ps = 1e-09; expected a number, at least 0.001"),
        ("interval_ps = 10", "interval_ps = 0.002", "interval_ps = 0.002; expected at least the longest time step"),
        ("interval_ps = 10", "interval_ps = true", "interval_ps = True; expected a number"),
        ("interval_ps = 10", f"interval_ps = {10**400}", "interval_ps = .*expected a number"),
        ("seed = 1", f"seed = {'[' * 50}{']' * 50}", "seed = .*expected a whole number"),
    ],
)  # fmt: skip
def test_values_out_of_reason_are_refused_with_their_key(old, new, expected):
    assert old in GOOD
    with pytest.raises(InputError, match=expected) as caught:
        parse(GOOD.replace(old, new, 1))
    assert len(str(caught.value)) < 600


def test_a_run_of_more_frames_than_anybody_keeps():
    text = MELT.replace("time_ps = 1\n", "time_ps = 1e6\n").replace("0.5", "0.005")
    with pytest.raises(
        InputError, match=r"interval_ps = 0.005; expected a longer one: these are 2e\+08 frames"
    ):
        parse(text)


def test_a_model_too_stiff_for_the_time_step(tmp_path):
    """A pair of stiffness k and reduced mass m swings with (m/k)^(1/2): 100 times the energy, a tenth of the period."""
    (tmp_path / "stiff.toml").write_text(
        TS.replace("epsilon_eV = 0.536761\nsigma", "epsilon_eV = 53.6761\nsigma")
    )
    text = MELT + '[forcefield]\nname = "stiff.toml"\n'
    with pytest.raises(
        InputError, match=r"stage 1: timestep_fs = 5; expected at most 3\.\d+: a pair T-T of ts swings"
    ):
        parse(text.replace("time_ps = 1", "time_ps = 1\ntimestep_fs = 5"), tmp_path)
    parse(text.replace("time_ps = 1", "time_ps = 1\ntimestep_fs = 1"), tmp_path)
    # where none is given the model's own stiffness decides: a tenth of what the published one takes
    assert 0.45 < parse(text, tmp_path).stages[0].timestep_fs < 0.65
    (tmp_path / "stiff.toml").write_text(TS)
    parse(text, tmp_path)


def test_a_seed_wider_than_the_box():
    text = MELT + "\n[[stage]]\nkind = 'seed'\nframework = 'SOD'\nradius_A = {}\n"
    # 64 T at 17.8 per 1000 Å^3: a box of 15.3 Å
    with pytest.raises(InputError, match="stage 2: radius_A = 200; expected at most half .*, 7.7 Å"):
        parse(text.format(200))
    parse(text.format(7.5))


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("n_T = 64", "n_t = 64", "system: unknown key 'n_t'; did you mean 'n_T'"),
        ("time_ps = 1", "time_ns = 1", "stage 1: unknown key 'time_ns'; did you mean 'time_ps'"),
        ("temperature_K = 1600", "temperature = 1600", "stage 1: unknown key 'temperature'; did you mean 'temperature_K'"),
        ("start =", "Start =", "system: unknown key 'Start'; did you mean 'start'"),
        ("kind =", "kinds =", "stage 1: unknown key 'kinds'; did you mean 'kind'"),
        ("[system]", "[sytem]", "top level: unknown key 'sytem'; did you mean 'system'"),
        ("[[stage]]", "[[stages]]", "top level: unknown key 'stages'; did you mean 'stage'"),
        ("interval_ps", "intervall_ps", "output: unknown key 'intervall_ps'; did you mean 'interval_ps'"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_named_before_the_one_that_is_missing(old, new, expected):
    assert old in MELT
    with pytest.raises(InputError, match=expected):
        parse(MELT.replace(old, new))


def test_a_key_of_another_start_is_still_refused():
    with pytest.raises(InputError, match="system: unknown key 'precursors'"):
        parse(MELT.replace("n_T = 64", "n_T = 64\nprecursors = { monomer = 1.0 }"))


def test_the_nearest_name_differs_by_case_alone_where_there_is_one():
    assert "'n_T'" in nearest("n_t", ["n_S", "n_T", "n_t2"])


def test_recipes_know_what_was_weighed():
    """25 TEOS : 9 TPAOH : 480 H2O is 25 SiO2 : 9 OSDA : 430 H2O : 100 ethanol once it is hydrolysed."""
    from zeocryst.solution.recipe import compose

    plain = parse(GEL.format("SiO2 = 25\nOSDA = 9\nH2O = 430\nethanol = 100")).system
    weighed = parse(GEL.format("TEOS = 25\nTPAOH = 9\nwater = 480")).system
    assert amounts(weighed.recipe) == amounts(plain.recipe)
    a, b = compose(plain), compose(weighed)
    assert (a.n_T, a.n_S, a.side_A) == (b.n_T, b.n_S, b.side_A)
    assert (a.n_T, a.n_S) == (100, 36)
    assert a.counted == ()
    assert "25 TEOS is counted as 25 SiO2 +100 ethanol -50 H2O" in b.counted
    # another name of the same, and both at once
    assert amounts({"Si(OC2H5)4": 5.0, "TEOS": 20.0, "TPAOH": 4.0, "OSDA": 5.0, "H2O": 480.0}) == amounts(
        plain.recipe
    )


def test_sodium_hydroxide_takes_room_and_is_said_to_be_nothing_else():
    # 2 NaOH = Na2O + H2O
    counted = amounts({"SiO2": 1.0, "OSDA": 0.1, "H2O": 10.0, "NaOH": 0.4})
    assert (counted["Na2O"], counted["H2O"]) == pytest.approx((0.2, 10.2))
    words = " ".join(in_words({"SiO2": 1.0, "OSDA": 0.1, "H2O": 10.0, "NaOH": 0.4}))
    assert "0.4 NaOH is counted as 0.2 Na2O +0.2 H2O" in words
    assert "0.2 Na2O takes room only: sodium and alkalinity are no part of the model" in words
    assert "TPAOH" in " ".join(in_words({"TMAOH": 1.0}))


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("TEOS = 25\nTPAOH = 9\nH2O = 40", "system.recipe: expected enough water: 40 H2O are less than"),
        ("TEOS = 25\nTPAOH = 9", "system.recipe: H2O is missing"),
        ("TEOS = 25\nH2O = 90", r"system.recipe: OSDA is missing; .*TPAOH"),
        ("TEOS = 0\nTPAOH = 9\nH2O = 90", "system.recipe: TEOS = 0; expected a number, more than 0"),
        ("TEOS = 1\nTPAOH = 9\nwather = 90", "unknown key 'wather'; did you mean 'water'"),
        ("SiO2 = 1\nOSDA = 9\nH2O = 1e8", "T per 1000 Å.3; expected at least 0.0001"),
    ],
)
def test_recipes_that_cannot_be(recipe, expected, tmp_path):
    path = tmp_path / "gel.toml"
    path.write_text(GEL.format(recipe))
    assert re.search(expected, refused("check", path))


def test_written_conditions_read_back():
    condition = parse(GEL.format("TEOS = 25\nTPAOH = 9\nwater = 480"))
    assert parse_condition(tomllib.loads(to_toml(condition)), "copy", ROOT) == condition


def test_what_helps_a_box_that_grew_without_end(tmp_path):
    npt = {"kind": "npt", "temperature_K": 900, "coupling": "iso", "time_ps": 20}
    words = f"{BOILED} (2e+03 times its volume)"
    for bar, expected in ((-5000, "a pressure_bar above -5000"), (0, "it has boiled")):
        made = Condition(system={"start": "melt", "n_T": 200}, stages=[npt | {"pressure_bar": bar}])
        assert expected in cure(made, 0, words)
        assert "timestep" not in cure(made, 0, words)
