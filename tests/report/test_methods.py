"""The paragraph for a paper: what it says of a run, and that all it cites is there."""

import re

import pytest

import zeocryst as zc
from zeocryst.report.methods import paragraph, references

SUMMARY = {
    "engine": {"name": "lammps", "version": "1"},
    "forcefield": "ts",
    "n_T": 96,
    "n_S": 16,
    "seed": 5,
    "stages": [{"time_ps": 3.0, "ended_early": True}, {"time_ps": 2.0, "ended_early": False}],
    "backmap": {},
}


def condition(**changes):
    stages = [
        {"kind": "npt", "temperature_K": [600, 500], "pressure_bar": 10, "coupling": "iso", "time_ps": 9},
        {"kind": "nvt", "temperature_K": 500, "time_ps": 2, "timestep_fs": 4},
    ]
    return zc.Condition(system={"start": "framework", "framework": "SOD", "repeat": (2, 2, 2)}, stages=stages)


def test_it_says_what_was_run_and_not_what_was_planned():
    text, _ = paragraph(condition(), SUMMARY)
    assert "96 T sites and 16" in text
    assert "Stage 1 ran 3 ps (ended early) at constant pressure" in text
    assert "from 600 to 500 K and 10 bar (iso coupling)" in text
    assert "Stage 2 ran 2 ps at constant volume" in text
    assert "time step of 4 fs" in text
    assert "seed 5" in text


def test_all_that_is_cited_is_in_the_bibliography_once_and_nothing_else():
    text, cited = paragraph(condition(), SUMMARY)
    known = references()
    assert set(cited) - {"model"} <= set(known)
    assert {"Thompson2022", "Bussi2007", "Martyna1994", "Baerlocher1977"} <= set(cited)
    assert "Anderson2020" not in cited
    assert len(cited) == len(set(cited))
    for key in cited:
        assert f"@{key}" in text


def test_another_engine_is_cited_instead():
    _, cited = paragraph(condition(), SUMMARY | {"engine": {"name": "hoomd", "version": "4.8.2"}})
    assert "Anderson2020" in cited
    assert "Thompson2022" not in cited


@pytest.mark.parametrize("key", sorted(references()))
def test_each_reference_is_whole(key):
    entry = references()[key]
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.MULTILINE))
    assert {"author", "title", "year"} <= set(fields)
    assert 1900 < int(fields["year"]) < 2030
    assert entry.count("{") == entry.count("}")
