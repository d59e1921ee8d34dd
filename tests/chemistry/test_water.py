"""Water, in which O are T; and what is proposed where no T is found."""

import ase
import ase.io
import gsd.hoomd
import numpy as np
import pytest
from command_line import call, is_one_message
from conftest import shared
from zoo import silica

from zeocryst.answers.identify import identify_files

#: O-O over a hydrogen bond and Si-Si over a bridge, Å.
WATER, SILICA = 2.76, 3.08


@pytest.fixture
def hydrate(reference):
    """O of a clathrate hydrate: the T of its net on the scale of water."""

    def make(code, noise=0.0, seed=1):
        atoms = silica(reference[code])
        atoms = atoms[atoms.numbers == 14]
        atoms.set_cell(atoms.cell[:] * WATER / SILICA, scale_atoms=True)
        atoms.symbols[:] = "O"
        atoms.positions += np.random.default_rng(seed).normal(scale=noise, size=atoms.positions.shape)
        return atoms

    return make


def with_hydrogens(atoms, seed=2):
    """Two H at each O, in any direction: 0.96 Å, 104.5 degrees."""
    rng = np.random.default_rng(seed)
    angle, places = np.radians(104.5), []
    for place in atoms.positions:
        one, two, _ = np.linalg.qr(rng.normal(size=(3, 3)))[0].T
        places += [place + 0.96 * one, place + 0.96 * (np.cos(angle) * one + np.sin(angle) * two)]
    made = atoms + ase.Atoms("H" * len(places), places)
    made.pbc = True
    return made


@pytest.mark.parametrize("code", ["MTN", "MEP", "SOD"])
@pytest.mark.parametrize("noise", [0.0, 0.15])
def test_hydrates_are_named(hydrate, tmp_path, code, noise):
    bare = hydrate(code, noise)
    for atoms in (bare, with_hydrogens(bare)):
        ase.io.write(tmp_path / "a.extxyz", atoms)
        for types in ({"T": "O"}, {"T": "O", "S": "X"}):
            [entry] = identify_files([tmp_path / "a.extxyz"], None, types)["files"]
            assert [(row["code"], row["share"]) for row in entry["types"]] == [(code, 1)]
            assert entry["atoms"]["T"] == {"O": len(bare)}
            assert entry["atoms"]["left_out"] == ({} if atoms is bare else {"H": 2 * len(bare)})


def test_an_oxygen_of_a_guest_is_no_water(hydrate, tmp_path):
    atoms = with_hydrogens(hydrate("MTN"))
    n = int((atoms.numbers == 8).sum())
    rng = np.random.default_rng(3)
    points = rng.uniform(size=(3000, 3)) @ atoms.cell[:]
    away = ase.geometry.get_distances(points, atoms.positions, cell=atoms.cell, pbc=True)[1].min(axis=1)
    guest = ase.Atoms("OCO", points[away.argmax()] + np.array([[-1.16, 0, 0], [0, 0, 0], [1.16, 0, 0]]))
    ase.io.write(tmp_path / "a.extxyz", atoms + guest)
    [entry] = identify_files([tmp_path / "a.extxyz"], None, {"T": "O"})["files"]
    assert entry["atoms"]["T"] == {"O": n}
    assert entry["atoms"]["left_out"] == {"H": 2 * n, "O": 2, "C": 1}


@pytest.mark.parametrize("name", ["mW", "W", "O", "S"])
def test_one_bead_a_molecule(hydrate, tmp_path, name):
    atoms = hydrate("MTN", 0.1)
    frame = gsd.hoomd.Frame()
    box = atoms.cell.cellpar()
    assert box[3:] == pytest.approx([90, 90, 90], abs=0.3)
    atoms.set_cell(box[:3], scale_atoms=True)
    frame.configuration.box = [*box[:3], 0, 0, 0]
    frame.particles.N, frame.particles.types = len(atoms), [name]
    frame.particles.typeid, frame.particles.position = np.zeros(len(atoms), int), atoms.positions - box[:3] / 2
    with gsd.hoomd.open(tmp_path / "mw.gsd", "w") as file:
        file.append(frame)
    [entry] = identify_files([tmp_path / "mw.gsd"], None, {"T": name})["files"]
    assert [(row["code"], row["share"]) for row in entry["types"]] == [("MTN", 1)]


@pytest.mark.parametrize("suffix", ["extxyz", "cif", "dump"])
def test_ice_with_a_stacking_fault_is_named_layer_by_layer(tmp_path, suffix):
    """Bilayers A B C B in a hexagonal cell: two of four are cubic; H at random, O-H 0.96 Å."""
    a, bond = 2.76 * np.sqrt(8 / 3), 2.76
    cell = np.array([[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, 4 * bond * 4 / 3]])
    word = "ABCB"
    third = {letter: np.array([k, 2 * k, 0]) / 3 for k, letter in enumerate("ABC")}
    places = []
    for k, letter in enumerate(word):
        places.append(third[letter] + [0, 0, k / 4])
        places.append(third[word[(k + 1) % 4]] + [0, 0, k / 4 + 1 / 16])
    ice = ase.Atoms("O8", scaled_positions=places, cell=cell, pbc=True).repeat((4, 4, 1))
    if suffix == "dump":
        ice.set_cell([*ice.cell.lengths(), *ice.cell.angles()], scale_atoms=True)
        atoms, types = ice, {"T": "1"}
        low = min(0, ice.cell[1, 0])
        lines = [f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{len(ice)}\nITEM: BOX BOUNDS xy xz yz pp pp pp"]
        lines += [f"{low} {ice.cell[0, 0]} {ice.cell[1, 0]}", f"0 {ice.cell[1, 1]} 0", f"0 {ice.cell[2, 2]} 0"]
        lines += ["ITEM: ATOMS id type x y z"]
        lines += [f"{k} 1 {x} {y} {z}" for k, (x, y, z) in enumerate(ice.positions, start=1)]
        (tmp_path / "a.dump").write_text("\n".join(lines) + "\n")
    else:
        atoms, types = with_hydrogens(ice), {"T": "O"}
        ase.io.write(tmp_path / f"a.{suffix}", atoms)
    [entry] = identify_files([tmp_path / f"a.{suffix}"], None, types)["files"]
    rows = {row["code"]: (row["sites"], row["grains"]) for row in entry["types"]}
    assert rows == {"dia": (64, 1), "lon": (64, 1)}


def proposal(path):
    """What the message proposes."""
    text = is_one_message(call("identify", path))
    return text.partition(f"zeocryst identify {path} ")[2].strip() or text


def test_what_is_proposed_works(hydrate, reference, tmp_path):
    sod = silica(reference["SOD"]).repeat(2)
    numbered = sod.copy()
    numbered.numbers[:] = np.where(sod.numbers == 14, 2, 1)
    water = with_hydrogens(hydrate("MTN"))
    beads = hydrate("MTN")
    beads.numbers[:] = 1
    for atoms, types, code in (
        (water, "--types T=O", "MTN"), (hydrate("MTN"), "--types T=O", "MTN"), (beads, "--types T=1", "MTN"),
        (numbered, "--types T=2,O=1", "SOD"),
    ):  # fmt: skip
        ase.io.write(tmp_path / "a.extxyz", atoms)
        assert proposal(tmp_path / "a.extxyz") == types
        assert f"{code} 100.0 %" in call("identify", tmp_path / "a.extxyz", *types.split()).stdout


def test_nothing_is_proposed_that_makes_no_sense(tmp_path):
    salt = ase.Atoms("NaCl", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=[5.6, 5.6, 5.6], pbc=True)
    ase.io.write(tmp_path / "a.extxyz", salt.repeat(3))
    text = proposal(tmp_path / "a.extxyz")
    assert "T=Na" not in text
    assert "T=Cl" not in text


def test_the_case_of_the_report():
    path = shared("cases/water_framework/sII.extxyz")
    for types in ({"T": "O"}, {"T": "O", "O": "X"}):
        [entry] = identify_files([path], None, types)["files"]
        assert [(row["code"], row["share"]) for row in entry["types"]] == [("MTN", 1)]


@pytest.mark.parametrize("code", ["RWY", "LTA"])
def test_short_bridges_beside_a_long_one_are_not_water(reference, tmp_path, code):
    """T of RWY have three neighbours at 2.76 Å, as molecules of water have four, and one at 3.20 Å."""
    atoms = reference[code]
    ase.io.write(tmp_path / "a.extxyz", atoms[atoms.numbers == 14])
    [entry] = identify_files([tmp_path / "a.extxyz"])["files"]
    assert [(row["code"], row["share"]) for row in entry["types"]] == [(code, 1)]
