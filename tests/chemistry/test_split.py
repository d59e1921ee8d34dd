"""Split, shared and partially occupied sites: one of each is chosen, and the bonds are those of the whole."""

import ase
import ase.io
import numpy as np
import pytest
from ase.geometry import get_distances
from conftest import shared
from zoo import silica

from zeocryst.answers.identify import identify_files, in_words
from zeocryst.chemistry.sites import sites_of_atoms
from zeocryst.network.bonds import bonds_from_oxygens
from zeocryst.order.derive import network_of

FEW = ["CHA", "LTA", "MFI", "SOD", "AFI", "BEA", "BOZ", "CGF", "LTL", "JSR"]


def bonds(network, site):
    """Bonds as pairs of the sites that atoms stand for."""
    return sorted(map(tuple, np.sort(np.column_stack([site[network.first], site[network.second]])).tolist()))


def split(atoms, mine, apart, occupancy, rng):
    """Each chosen atom as two, `apart` Å from each other in any direction; the atoms in any order."""
    turn = rng.normal(size=atoms.positions.shape)
    turn *= apart / 2 / np.linalg.norm(turn, axis=1)[:, None]
    turn[~mine] = 0
    made = ase.Atoms(
        np.append(atoms.numbers, atoms.numbers[mine]),
        np.vstack([atoms.positions + turn, (atoms.positions - turn)[mine]]), cell=atoms.cell, pbc=True,
    )  # fmt: skip
    if occupancy is not None:
        shares = np.append(np.where(mine, occupancy, 1.0), np.full(mine.sum(), 1 - occupancy))
        made.arrays["occupancy"] = shares
    order = rng.permutation(len(made))
    return made[order], np.append(np.arange(len(atoms)), np.flatnonzero(mine))[order]


def checked(atoms, made, home):
    """The account, after the bonds were found to be those of the structure that was split."""
    t = np.flatnonzero(atoms.numbers == 14)
    number = np.full(len(atoms), -1)
    number[t] = np.arange(len(t))
    found = sites_of_atoms(made, {})
    network = bonds_from_oxygens(found.positions[found.t], found.positions[found.o], found.cell)
    assert sorted(home[found.t].tolist()) == t.tolist()
    assert bonds(network, number[home[found.t]]) == bonds(network_of(atoms), np.arange(len(t)))
    return found.account


@pytest.mark.parametrize(
    ("which", "apart", "occupancy"),
    [("O", 0.35, 0.5), ("O", 0.8, 0.5), ("O", 1.2, 0.7), ("O", 0.35, None), ("O", 0.8, None), ("Si", 0.4, 0.5),
     ("Si", 0.4, None), ("both", 0.5, 0.5), ("both", 0.5, 0.6)],
)  # fmt: skip
def test_halves_of_a_site_are_one(reference, which, apart, occupancy):
    rng = np.random.default_rng(11)
    for code in FEW:
        atoms = silica(reference[code])
        mine = np.ones(len(atoms), bool) if which == "both" else np.array(atoms.symbols == which)
        account = checked(atoms, *split(atoms, mine, apart, occupancy, rng))
        assert any("split sites" in note for note in account["notes"]), code
        said = " ".join(account["notes"])
        assert ("distance" in said) == (occupancy is None)


@pytest.mark.parametrize("apart", [0.5, 0.8])
def test_two_orientations_are_told_apart(reference, apart):
    """Two copies of everything, half there each: one of them, not some of both."""
    rng = np.random.default_rng(12)
    for code in FEW:
        atoms = silica(reference[code])
        move = rng.normal(size=3)
        other = atoms.copy()
        other.positions += move * apart / np.linalg.norm(move)
        made = atoms + other
        made.arrays["occupancy"] = np.full(len(made), 0.5)
        checked(atoms, made, np.tile(np.arange(len(atoms)), 2))


def test_two_elements_in_one_place_are_one_t(reference):
    atoms = silica(reference["LTA"])
    t = np.flatnonzero(atoms.numbers == 14)
    made = atoms + atoms[t]
    made.symbols[len(atoms) :] = "Al"
    for share, element in ((0.6, "Si"), (0.4, "Al")):
        made.arrays["occupancy"] = np.ones(len(made))
        made.arrays["occupancy"][t] = share
        made.arrays["occupancy"][len(atoms) :] = 1 - share
        account = checked(atoms, made, np.append(np.arange(len(atoms)), t))
        assert account["T"] == {element: len(t)}


def test_a_framework_oxygen_that_is_there_in_part_stays_and_water_does_no_harm(reference):
    atoms = silica(reference["CHA"])
    o = np.flatnonzero(atoms.numbers == 8)
    # two places of one water molecule in the middle of the cage
    points = np.random.default_rng(1).uniform(size=(500, 3)) @ atoms.cell[:]
    away = get_distances(points, atoms.positions, cell=atoms.cell, pbc=True)[1].min(axis=1)
    assert away.max() > 3.5
    made = atoms + ase.Atoms("O2", points[away.argmax()] + [[0, 0, 0], [0.5, 0, 0]])
    made.arrays["occupancy"] = np.ones(len(made))
    made.arrays["occupancy"][o[::3]] = 0.4
    made.arrays["occupancy"][-2:] = 0.3
    home = np.append(np.arange(len(atoms)), [len(atoms), len(atoms)])
    account = checked(atoms, made, home)
    assert account["O"] == len(o) + 1
    assert not any("split" in note for note in account["notes"])  # of nothing that matters


def test_whole_atoms_are_never_taken_for_halves(reference):
    for atoms in reference.values():
        account = sites_of_atoms(silica(atoms), {}).account
        assert account["O"] == int((atoms.numbers == 8).sum())
        assert account["notes"] == []


def test_a_refined_cif_is_named(tmp_path):
    path = shared("cases/split_oxygen/cha_split_o.cif")
    [entry] = identify_files([path])["files"]
    assert [(row["code"], row["share"]) for row in entry["types"]] == [("CHA", 1)]
    assert "6 O left out beside another one by their occupancies" in in_words(entry)


def test_occupancies_of_a_cif_decide(tmp_path):
    """O2A lies where it belongs, O2B 0.9 Å off: whichever is there more often is taken."""
    text = shared("cases/split_oxygen/cha_split_o.cif").read_text()
    for first, second in ((0.8, 0.2), (0.2, 0.8)):
        new = text.replace("0.1506 -0.1506 0.5120 0.5", f"0.1506 -0.1506 0.5000 {first}").replace(
            "0.1506 -0.1506 0.4880 0.5", f"0.2000 -0.2000 0.5000 {second}"
        )
        assert new != text
        path = tmp_path / "a.cif"
        path.write_text(new)
        atoms = ase.io.read(path)
        found = sites_of_atoms(atoms, {})
        fractional = atoms.get_scaled_positions()[found.o]
        assert len(found.o) == 24
        there = np.abs(fractional - [0.1506, 0.8494, 0.5]).max(axis=1).min() < 0.01
        assert there == (first > second)
