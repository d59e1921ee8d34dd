"""Unit cells as ab initio people have them: analysed like any other, with figures or none, never a traceback."""

import json

import ase.io
import numpy as np
import pytest
from ase import Atoms

from zeocryst.answers.analyze import analyze

#: The diamond net of cristobalite in its primitive cell, a = 7.13 Å: two T, four O on the middles.
A = 7.13
FCC = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * A / 2
T = np.array([[0, 0, 0], [0.25, 0.25, 0.25]]) * A
O = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * A / 8


def one():
    return Atoms("Si", positions=[[0, 0, 0]], cell=[3.1, 3.1, 3.1], pbc=True)


def two():
    return Atoms("Si2O4", positions=np.vstack([T, O]), cell=FCC, pbc=True)


@pytest.mark.parametrize(("make", "verdict"), [(one, "amorphous"), (two, "crystalline")])
def test_one_and_two_t(tmp_path, make, verdict):
    ase.io.write(tmp_path / "cell.extxyz", make())
    found = analyze(tmp_path / "cell.extxyz", out=tmp_path / "out")
    assert found.summary["verdict"] == verdict
    figures = {path.stem for path in (tmp_path / "out" / "figures").glob("*.png")}
    # no wave vector of so small a cell is at small angle, and no figure shows nothing
    assert "small_angle" not in figures
    assert "pair_distribution" in figures
    assert (tmp_path / "out" / "summary.json").is_file()
    json.loads(found.as_json())


@pytest.mark.parametrize("code", ["SOD", "CAN"])
def test_twelve_t(tmp_path, reference, code):
    atoms = reference[code].copy()
    atoms.info.clear()
    ase.io.write(tmp_path / "cell.cif", atoms)
    found = analyze(tmp_path / "cell.cif", out=tmp_path / "out")
    assert [(row["code"], row["share"]) for row in found.summary["types"]] == [(code, 1.0)]
    # the longest wave of the cell of CAN (a = 12.5 Å, 2 pi/10.8 Å) is at small angle, that of SOD is not
    drawn = (tmp_path / "out" / "figures" / "small_angle.png").is_file()
    assert drawn == (code == "CAN")
