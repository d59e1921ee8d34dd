"""What a fine run measured, in its file."""

from dataclasses import replace

import pytest

from zeocryst.errors import InputError
from zeocryst.model.upward import (
    Adhesion,
    Source,
    Sticking,
    Upward,
    parse_upward,
    read_upward,
    upward_toml,
    write_upward,
)

SOURCE = Source("pairs of clusters", "ab12", "1.0", "ts_sigma2")
ADHESION = Adhesion(21.4, 1.6, 8, (10.0, 9.0), 600.0)
STICKING = Sticking(3.2, (1.8, 5.3), 22, 16, 600.0)
BOTH = Upward(SOURCE, ADHESION, STICKING)


@pytest.mark.parametrize("upward", [BOTH, replace(BOTH, sticking=None), replace(BOTH, adhesion=None)])
def test_what_is_written_is_read(tmp_path, upward):
    write_upward(upward, tmp_path / "upward.toml")
    assert read_upward(tmp_path / "upward.toml") == upward


def test_values_have_their_errors():
    assert (BOTH.adhesion_eV, BOTH.adhesion_uncertainty_eV, BOTH.n_replicas) == (21.4, 1.6, 8)
    assert (BOTH.sticking_per_ns, BOTH.sticking_uncertainty_per_ns) == (3.2, 0.8)
    none = replace(BOTH, sticking=Sticking(0.0, (0.0, 0.7), 4, 0, 600.0), adhesion=None)
    assert parse_upward(upward_toml(none), "here").sticking_uncertainty_per_ns == 0.7
    assert none.adhesion_eV is none.adhesion_uncertainty_eV is none.n_replicas is None
    alone = replace(BOTH, sticking=None)
    assert alone.sticking_per_ns is alone.sticking_uncertainty_per_ns is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('form = "upward"', 'form = "beads"', "form"),
        ("value_eV = 21.4", "value_eV = -1.0", "value_eV = -1.0"),
        ("value_eV = 21.4\n", "", "value_eV is missing"),
        ("value_eV = 21.4", "value = 21.4", "unknown key 'value'"),
        ("uncertainty_eV = 1.6", "uncertainty_eV = nan", "uncertainty_eV"),
        ("n_replicas = 8", "n_replicas = 1", "at least 2"),
        ("    10.0,\n", "", "list of 2 numbers"),
        ("rate_per_ns = 3.2", "rate_per_ns = 9.0", "interval_per_ns"),
        ("n_bonded = 16", "n_bonded = 0", "rate_per_ns = 3.2; expected 0"),
        ("n_bonded = 16", "n_bonded = 23", "n_bonded = 23"),
        ("temperature_K = 600.0", "temperature_K = 0", "temperature_K"),
        ('zeocryst = "1.0"\n', "", "zeocryst is missing"),
        ("[adhesion]", "[adhesive]", "unknown key 'adhesive'"),
    ],
)
def test_what_is_wrong_is_named(old, new, said):
    text = upward_toml(BOTH)
    assert old in text
    with pytest.raises(InputError, match="here: ") as told:
        parse_upward(text.replace(old, new, 1), "here")
    assert said in str(told.value)


def test_nothing_measured_is_nothing_to_pass_on(tmp_path):
    with pytest.raises(InputError, match="nothing to pass on"):
        upward_toml(Upward(SOURCE))
    with pytest.raises(InputError, match="cannot be read"):
        read_upward(tmp_path / "none.toml")
    with pytest.raises(InputError, match="value_eV = -2"):
        write_upward(replace(BOTH, adhesion=replace(ADHESION, value_eV=-2.0)), tmp_path / "upward.toml")
    assert not (tmp_path / "upward.toml").exists()
