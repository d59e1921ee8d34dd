"""Structures that do not repeat everywhere, and positions far from the cell."""

import itertools

import ase
import ase.io
import ase.neighborlist
import gsd.hoomd
import numpy as np
import pytest
from command_line import call, is_one_message
from conftest import shared
from zoo import silica

from zeocryst.answers.identify import identify_files, in_words
from zeocryst.chemistry.faces import ROOM_A, closed_cell
from zeocryst.errors import InputError
from zeocryst.files.structures import Structures
from zeocryst.network.rings import find_rings
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.derive import network_of

OPEN = [pbc for pbc in itertools.product((True, False), repeat=3) if not all(pbc)]


def across(network, axis):
    """Bonds that lead to another image along a lattice vector."""
    return int((network.shift[:, axis] != 0).sum())


@pytest.mark.parametrize(("code", "pbc"), [*(("SOD", pbc) for pbc in OPEN), ("MFI", OPEN[0])])
def test_no_bond_goes_across_an_open_face(reference, tmp_path, pbc, code):
    atoms = silica(reference[code])
    atoms.pbc = pbc
    ase.io.write(tmp_path / "a.extxyz", atoms)
    found = Structures(tmp_path / "a.extxyz")
    network = found.network(0)
    whole = network_of(silica(reference[code]))
    for axis in np.flatnonzero(~np.array(pbc)):
        assert across(network, axis) == 0
    assert len(network.first) < len(whole.first)
    # every bond that is left is one of the periodic structure
    old = {tuple(sorted(p)) for p in zip(whole.first.tolist(), whole.second.tolist(), strict=True)}
    assert {tuple(sorted(p)) for p in zip(network.first.tolist(), network.second.tolist(), strict=True)} <= old
    assert not find_rings(network, 6).shifts[:, ~np.array(pbc)].any()
    assert "does not repeat along" in found.account(0)["notes"][0]


@pytest.mark.parametrize("pbc", OPEN)
def test_t_alone_respect_open_faces_too(reference, tmp_path, pbc):
    atoms = silica(reference["LTA"]).repeat(2)
    atoms = atoms[atoms.numbers == 14]
    whole = expected_t_alone(atoms, pbc)
    atoms.pbc = pbc
    ase.io.write(tmp_path / "a.extxyz", atoms)
    network = Structures(tmp_path / "a.extxyz").network(0)
    assert (network.degree == whole).all()


def expected_t_alone(atoms, pbc):
    """Neighbours of each T nearer than 3.4 Å that are reached without an open face."""
    i, j, shift = ase.neighborlist.neighbor_list("ijS", atoms, 3.4)
    kept = (shift[:, ~np.array(pbc)] == 0).all(axis=1)
    return np.bincount(i[kept], minlength=len(atoms))


def test_a_slab_with_room_is_as_it_was(reference):
    atoms = silica(reference["SOD"])
    cell = np.array(atoms.cell[:])
    cell[2] *= 4
    assert (closed_cell(atoms.positions, cell, (True, True, False)) == cell).all()
    narrow = closed_cell(atoms.positions, atoms.cell[:], (True, True, False))
    along = atoms.positions[:, 2]
    assert narrow[2, 2] == pytest.approx(along.max() - along.min() + ROOM_A)


def test_molecules_need_no_cell(reference, tmp_path):
    atoms = silica(reference["SOD"]).repeat(2)
    atoms.pbc = False
    for cell in (atoms.cell[:], np.zeros((3, 3))):
        atoms.cell = cell
        ase.io.write(tmp_path / "a.xyz", atoms, format="xyz" if not cell.any() else "extxyz")
        network = Structures(tmp_path / "a.xyz").network(0)
        assert not network.shift.any()
        assert network.n_sites == 96
    # the ends of a chain have no neighbours behind them
    assert coordination_sequences(network, 3)[:, 0].min() < 4
    done = call("analyze", tmp_path / "a.xyz", "--only", "rings,coordination,clusters", "--json")
    assert done.returncode == 0, done.stderr


def test_cells_that_are_none_are_refused():
    for cell, pbc in (
        (np.zeros((3, 3)), True),
        (np.diag([5.0, 5.0, 0]), True),
        (np.diag([5, np.nan, 5]), True),
    ):
        with pytest.raises(InputError, match="no volume"):
            closed_cell(np.zeros((2, 3)), cell, pbc)
    with pytest.raises(InputError, match="atom 2"):
        closed_cell([[0, 0, 0], [0, 0, 1e7], [0, 0, 1], [1, 1, 1]], np.diag([9.0, 9, 9]), (True, True, False))


def test_the_case_of_the_report():
    [entry] = identify_files([shared("cases/pbc_ignored/mfi_ttf.extxyz")])["files"]
    assert entry["types"][0]["code"] == "MFI"
    assert entry["types"][0]["sites"] < 96
    assert "does not repeat along c" in in_words(entry)


@pytest.mark.parametrize("scale", [3, 700, 300_000])
@pytest.mark.parametrize("t_alone", [True, False])
def test_positions_in_far_cells_are_those_in_this_one(reference, tmp_path, scale, t_alone):
    atoms = silica(reference["CHA"])
    atoms = atoms[atoms.numbers == 14] if t_alone else atoms
    wanted = network_of(silica(reference["CHA"]))
    rng = np.random.default_rng(4)
    atoms.positions += rng.integers(-scale, scale + 1, size=(len(atoms), 3)) @ atoms.cell[:]
    ase.io.write(tmp_path / "a.extxyz", atoms)
    network = Structures(tmp_path / "a.extxyz").network(0)
    assert (coordination_sequences(network, 8) == coordination_sequences(wanted, 8)).all()
    assert np.bincount(find_rings(network, 8).size).tolist() == np.bincount(find_rings(wanted, 8).size).tolist()


def test_a_cell_in_skewed_vectors_is_the_same_crystal(reference, tmp_path):
    atoms = silica(reference["SOD"]).repeat(2)
    wanted = coordination_sequences(network_of(atoms), 10)
    for skew in ([[1, 0, 0], [40, 1, 0], [-30, 55, 1]], [[1, 0, 0], [900, 1, 0], [0, 0, 1]]):
        atoms.set_cell(np.array(skew) @ atoms.cell[:])
        ase.io.write(tmp_path / "a.extxyz", atoms)
        assert (coordination_sequences(Structures(tmp_path / "a.extxyz").network(0), 10) == wanted).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e10, -1e300])
def test_nonsense_is_refused_with_the_atom(reference, tmp_path, value):
    atoms = silica(reference["SOD"])
    atoms.positions[7, 1] = value
    ase.io.write(tmp_path / "a.extxyz", atoms)
    with pytest.raises(InputError, match=r"atom 8 \(counted from 1\)"):
        Structures(tmp_path / "a.extxyz").network(0)


def test_beads_far_away(tmp_path, reference):
    atoms = silica(reference["SOD"]).repeat(2)
    atoms = atoms[atoms.numbers == 14]
    frame = gsd.hoomd.Frame()
    frame.configuration.box = [*np.diag(atoms.cell[:]), 0, 0, 0]
    frame.particles.N, frame.particles.types = len(atoms), ["T"]
    frame.particles.typeid = np.zeros(len(atoms), int)
    far = np.zeros((len(atoms), 3))
    far[3], far[9] = 700, (-2000, 5, 0)
    for name, moved in (("near.gsd", 0 * far), ("far.gsd", far), ("none.gsd", far * 1e9)):
        # in single precision positions a thousand cells away are known to 1e-3 Å
        frame.particles.position = atoms.positions - np.diag(atoms.cell[:]) / 2 + moved @ atoms.cell[:]
        with gsd.hoomd.open(tmp_path / name, "w") as file:
            file.append(frame)
    near, away = (Structures(tmp_path / name).network(0) for name in ("near.gsd", "far.gsd"))
    assert (coordination_sequences(near, 10) == coordination_sequences(away, 10)).all()
    assert (away.degree == 4).all()
    assert "site 3" in is_one_message(call("identify", tmp_path / "none.gsd"))


@pytest.mark.parametrize("case", ["far_bead.extxyz", "far_bead2.extxyz", "far_bead.lammpstrj"])
def test_no_segmentation_fault(case):
    for command in (["identify"], ["analyze", "--only", "rings,coordination"]):
        done = call(*command, shared(f"cases/faults/{case}"))
        assert done.returncode in (0, 2), done.stderr
        if case == "far_bead.lammpstrj":
            assert "atom 5" in done.stderr
            assert done.stderr.count("\n") == 1
            if command == ["identify"]:  # the other frame is answered
                assert "frame 1: SGT 100.0 %" in done.stdout
