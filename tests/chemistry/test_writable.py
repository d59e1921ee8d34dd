"""What back-mapping writes, and a condition's several names."""

import json

import ase.io
import numpy as np
import pytest
from command_line import call, is_one_message
from conftest import SHORT, shared
from zoo import silica

from zeocryst.chemistry.writable import written_as_silica
from zeocryst.condition import bead_types, read_condition
from zeocryst.condition.writing import to_toml
from zeocryst.errors import InputError


@pytest.mark.parametrize(
    ("t", "said"),
    [({"Si": 9}, ""), ({"T": 9}, ""), ({"Si": 8, "Al": 1}, "1 Al of the input are written as Si"),
     ({"type 1": 9}, "9 type 1 of the input, given as T, are written as Si"), ({"O": 9}, "9 O of the input")],
)  # fmt: skip
def test_what_is_written_as_silica(t, said):
    assert said in " ".join(written_as_silica({"T": t}))
    assert bool(said) == bool(written_as_silica({"T": t}))


@pytest.mark.parametrize(
    "t", [{"Al": 9, "P": 9}, {"Al": 9}, {"Ge": 9}, {"Si": 90, "B": 4}, {"Si": 90, "Zn": 1}]
)
def test_what_is_another_substance_is_refused(t):
    with pytest.raises(InputError, match="writes silica"):
        written_as_silica({"T": t})


def test_back_mapping_of_other_frameworks_writes_nothing(tmp_path):
    for case in ("alpo4/afi_alpo.extxyz", "borosilicate/mfi_b4.extxyz"):
        text = is_one_message(call("backmap", shared(f"cases/{case}"), "--out", tmp_path / "out"))
        assert "writes silica" in text
        assert not (tmp_path / "out").exists()


def test_an_aluminosilicate_is_written_as_silica_and_said(reference, tmp_path):
    atoms = silica(reference["SOD"])
    atoms.symbols[np.flatnonzero(atoms.numbers == 14)[::4]] = "Al"
    ase.io.write(tmp_path / "a.extxyz", atoms)
    done = call("backmap", tmp_path / "a.extxyz", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "3 Al of the input are written as Si" in found["words"][0]
    assert found["backmap"]["formula"] == "Si12O24"


def test_a_condition_gives_several_names(tmp_path, ts):
    assert bead_types({"T": ("Si", "Ge"), "S": "X"}, ts, "c") == {"Si": "T", "Ge": "T", "X": "S"}
    assert bead_types({"Si": "T", "X": "S"}, ts, "c") == {"Si": "T", "X": "S"}
    for wrong in ({"T": ("Si", "X"), "S": "X"}, {"Si": ("T", "S")}, {"Q": "Si"}):
        with pytest.raises(InputError, match="system.types"):
            bead_types(wrong, ts, "c")
    start = 'start = "file"\nfile = "a.gsd"\ntypes = { T = ["Si", "Ge"], S = "X" }'
    text = SHORT.replace('start = "framework"\nframework = "SOD"\nrepeat = [2, 2, 2]', start)
    (tmp_path / "a.gsd").touch()
    (tmp_path / "c.toml").write_text(text)
    condition = read_condition(tmp_path / "c.toml")
    assert condition.system.types == {"T": ("Si", "Ge"), "S": "X"}
    (tmp_path / "d.toml").write_text(to_toml(condition))
    assert read_condition(tmp_path / "d.toml").system.types == condition.system.types
    (tmp_path / "c.toml").write_text(text.replace('["Si", "Ge"]', "[]"))
    with pytest.raises(InputError, match="types"):
        read_condition(tmp_path / "c.toml")
