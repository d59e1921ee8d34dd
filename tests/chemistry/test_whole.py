"""Trajectories that a kill cut off, everywhere."""

import json
import re

import ase.io
import numpy as np
import pytest
from command_line import call, is_one_message
from conftest import shared
from zoo import silica

from zeocryst.chemistry.whole import whole_frames
from zeocryst.errors import InputError
from zeocryst.files.structures import Structures


def dump(frames, form, extra=""):
    """A LAMMPS dump."""
    text = ""
    for k, atoms in enumerate(frames):
        edges = np.diag(atoms.cell[:])
        text += f"{extra}ITEM: TIMESTEP\n{100 * k}\nITEM: NUMBER OF ATOMS\n{len(atoms)}\nITEM: BOX BOUNDS pp pp pp\n"
        text += "".join(f"0 {a!r}\n" for a in edges.tolist()) + "ITEM: ATOMS id type element x y z\n"
        rows = zip(atoms.symbols, atoms.positions, strict=True)
        text += "".join(f"{n + 1} 1 {s} {' '.join(form % c for c in x)}\n" for n, (s, x) in enumerate(rows))
    return text


@pytest.fixture(scope="module")
def frames(reference):
    rng = np.random.default_rng(2)
    made = []
    for _ in range(3):
        atoms = silica(reference["SOD"])
        atoms.positions += rng.normal(scale=0.02, size=atoms.positions.shape)
        atoms.wrap()
        made.append(atoms)
    return made


@pytest.fixture(params=["g.lammpstrj", "f.lammpstrj", "units.lammpstrj", "a.extxyz", "plain.xyz"])
def trajectory(request, frames, tmp_path):
    """A file of three frames, and where the last one begins."""
    path = tmp_path / request.param
    if path.suffix == ".lammpstrj":
        form = "%g" if path.stem == "g" else "%.6f"
        path.write_text(dump(frames, form, "ITEM: TIME\n0.5\n" if path.stem == "units" else ""))
        start = [m.start() for m in re.finditer("ITEM: TIME[\nS]", path.read_text())][-1]
        if path.stem == "units":
            start = path.read_text().rindex("ITEM: TIME\n")
    else:
        ase.io.write(path, frames, format=path.suffix[1:])
        start = [m.start() for m in re.finditer(rf"(?m)^{len(frames[0])}$", path.read_text())][-1]
    return path, start


def images(found):
    return [found._images[k].positions for k in range(len(found._images))]


def test_a_whole_file_is_whole(trajectory, frames):
    found = Structures(trajectory[0])
    assert (len(found), found.cut, found.cut_in_words) == (3, {}, "")
    without = trajectory[0].read_text().rstrip("\n")
    trajectory[0].write_text(without)  # a last line without an end, as editors leave it
    if "g." not in trajectory[0].name:
        assert len(Structures(trajectory[0]).whole(range(3))) == 3


def test_a_file_cut_anywhere_keeps_its_whole_frames(trajectory):
    path, start = trajectory
    text = path.read_text()
    whole = images(Structures(path))
    places = {
        *range(start + 1, start + 160, 7),
        *range(start + 160, len(text), 171),
        *range(len(text) - 24, len(text)),
    }
    for place in sorted(places):
        path.write_text(text[:place])
        found = Structures(path)
        there = images(found)
        np.testing.assert_allclose(there[:2], whole[:2], atol=1e-6)
        if found.cut:
            assert list(found.cut) == [2]
            assert len(there) == 2
            assert found.chosen(None) == [0, 1]
            with pytest.raises(InputError, match="--frame 1"):
                found.chosen(-1)
        else:  # the last number lost nothing that matters
            assert place > len(text) - 8
            np.testing.assert_allclose(there[2], whole[2], atol=0.01)


def test_a_single_frame_that_is_cut_is_refused(trajectory):
    path, start = trajectory
    text = path.read_text()
    for place in range(start + 6, len(text) - 8, 97):
        path.write_text(text[start:place])
        with pytest.raises(InputError, match="no frame is whole"):
            Structures(path)


def test_a_run_that_went_on_behind_a_cut_frame(trajectory):
    """What is read is never a mixture of two frames."""
    path, start = trajectory
    text = path.read_text()
    whole = images(Structures(path))
    for place in range(start - 330, start - 1, 23):
        path.write_text(text[:place] + text[start:])
        try:
            found = Structures(path)
        except InputError:
            continue
        assert found.cut or len(found._images) == 3
        for mine in images(found):
            assert min(np.abs(mine - one).max() for one in whole) < 0.01


def test_other_files_are_left_alone(tmp_path, reference):
    for name in ("a.cif", "POSCAR", "a.xsf"):
        ase.io.write(tmp_path / name, silica(reference["SOD"]))
        assert whole_frames(tmp_path / name) is None
    (tmp_path / "b.xyz").write_text("")
    assert whole_frames(tmp_path / "b.xyz") is None


def test_the_commands_say_what_was_cut(trajectory, tmp_path):
    path, start = trajectory
    if path.stem not in ("g", "a"):
        pytest.skip("two of the forms tell")
    path.write_text(path.read_text()[: start + 400])
    done = call("identify", path, "--json")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    [message] = done.stderr.strip().splitlines()
    assert "cut off" in message
    entries = json.loads(done.stdout)["files"]
    assert [e["frame"] for e in entries] == [0, 1, 2]
    assert [e["types"][0]["code"] for e in entries[:2]] == ["SOD", "SOD"]
    assert "cut off" in entries[2]["error"]
    assert call("identify", path, "--frame", "1").returncode == 0
    assert "--frame 1" in is_one_message(call("identify", path, "--frame", "2"))
    done = call("analyze", path, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["order_parameters"]) == 2
    assert "frame 2 was left out" in found["sentence"]
    done = call("backmap", path, "--out", tmp_path / "out", "--frame", "1")
    assert done.returncode == 0, done.stderr
    assert "frame 2 was left out" in done.stdout


def test_the_dump_of_the_report(tmp_path):
    found = Structures(shared("cases/cut_dump/cut.lammpstrj"))
    assert found.cut == {1: "cut off: its header says 36 atoms, 18 are there"}
    assert found.network(0).n_sites == 12
