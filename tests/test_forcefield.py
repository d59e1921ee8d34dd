import re
from importlib import resources

import pytest

from zeocryst.errors import InputError
from zeocryst.model.forcefield import (
    parse_forcefield,
    read_forcefield,
    read_sw,
    shipped,
    write_forcefield,
    write_sw,
)  # fmt: skip

TEXT = resources.files("zeocryst.forcefields").joinpath("ts.toml").read_text("utf-8")


def test_published_values(ts):
    # Kumar et al., JACS 140, 16071 (2018), as restated in ACS Nano 19, 17423 (2025)
    tt, tst, ss = ts.pairs["T", "T"], ts.pairs["T", "S"], ts.pairs["S", "S"]
    assert (tt.epsilon_eV, tt.sigma_A, tt.a, tt.gamma) == (0.536761, 2.7275, 1.8, 1.2)
    assert (tt.A, tt.B, tt.p, tt.q) == (7.049556277, 0.6022245584, 4, 0)
    assert (tst.epsilon_eV, tst.sigma_A) == (0.06938, 5.13)
    assert (ss.epsilon_eV, ss.sigma_A) == (0.029488, 5.13)
    assert ts.triplets["T", "T", "T"].lambda_ == 23.15
    assert ts.triplets["T", "T", "T"].cos_theta0 == pytest.approx(-1 / 3, abs=1e-15)
    assert list(ts.triplets) == [("T", "T", "T")]
    assert ts.masses == {"T": 28.0855, "S": 28.0855}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sigma_A = 2.7275", "sigma = 2.7275", r"pair 1: unknown key 'sigma'; did you mean 'sigma_A'"),
        ("sigma_A = 2.7275", "sigma_A = 2.7275\nsigmaA = 1", r"pair 1: unknown key 'sigmaA'; did you mean 'sigma_A'"),
        ("sigma_A = 2.7275", "sigma_A = -1", r"pair 1: sigma_A = -1; expected a number, more than 0"),
        ("sigma_A = 2.7275", 'sigma_A = "2.7"', r"pair 1: sigma_A = '2.7'; expected a number"),
        ("sigma_A = 2.7275", "sigma_A = nan", r"pair 1: sigma_A = nan; expected a number"),
        ('types = ["T", "S"]', 'types = ["T", "X"]', r"pair 2: types = \['T', 'X'\]; expected a list of 2 of T, S"),
        ('types = ["T", "S"]', 'types = ["S", "S"]', r"types = \['S', 'S'\]; expected each pair once"),
        ("lambda = 23.15", "", r"triplet 1: lambda is missing; expected a number"),
        ("cos_theta0 = -0.3333333333333333", "cos_theta0 = -3", r"cos_theta0 = -3; expected a number, at least -1"),
        ("mass_amu = 28.0855\n\n[types.S]", "\n[types.S]", r"types.T: mass_amu is missing"),
        ('form = "stillinger-weber"', 'form = "tersoff"', r"form = 'tersoff'"),
        ('name = "ts"', "", r"name is missing; expected text"),
        ('name = "ts"', "name = ", r"not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_entry_names_file_key_and_what_was_expected(old, new, expected):
    assert old in TEXT
    with pytest.raises(InputError, match=expected) as caught:
        parse_forcefield(TEXT.replace(old, new, 1), "mine.toml")
    assert str(caught.value).startswith("mine.toml: ")


def test_a_missing_pair_is_named():
    blocks = TEXT.split("[[pair]]")
    with pytest.raises(InputError, match=re.escape("no entry with types = ['S', 'S']")):
        parse_forcefield("[[pair]]".join(blocks[:3]) + "[[triplet]]" + TEXT.split("[[triplet]]")[1], "f.toml")


def test_unknown_name():
    with pytest.raises(InputError, match="did you mean 'ts'"):
        read_forcefield("tss")
    assert shipped() == ["mw", "sw_silicon", "ts", "ts_bulk", "ts_clathrate", "ts_sigma2", "ts_sodalite"]


def test_sw_export_and_import_agree(ts, tmp_path):
    path = tmp_path / "ts.sw"
    write_sw(ts, path)
    entries = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    assert len(entries) == 8
    assert all(len(e) == 14 for e in entries)
    back = read_sw(path, ts.masses)
    assert back.pairs == ts.pairs
    assert back.triplets == ts.triplets


def test_toml_export_and_import_agree(ts, tmp_path):
    write_forcefield(ts, tmp_path / "copy.toml")
    assert read_forcefield(tmp_path / "copy.toml") == ts


def test_import_of_a_foreign_sw_file(tmp_path):
    # Si of Stillinger and Weber 1985 as LAMMPS ships it, in two lines, with a comment
    path = tmp_path / "Si.sw"
    path.write_text(
        "# metal\nSi Si Si 2.1683 2.0951 1.80 21.0 1.20\n -0.333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n"
    )
    ff = read_sw(path, {"Si": 28.0855})
    assert ff.triplets["Si", "Si", "Si"].lambda_ == 21.0
    assert ff.cutoff_A == pytest.approx(3.77118)
    with pytest.raises(InputError, match="no entry for Si Si Ge"):
        read_sw(path, {"Si": 28.0, "Ge": 72.6})
    path.write_text("Si Si Si 2.1683 2.0951\n")
    with pytest.raises(InputError, match="5 entries; expected 14"):
        read_sw(path, {"Si": 28.0})
    path.write_text("Si Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.33 7.04 0.60 4.0 0.0 x\n")
    with pytest.raises(InputError, match="'x'"):
        read_sw(path, {"Si": 28.0})
