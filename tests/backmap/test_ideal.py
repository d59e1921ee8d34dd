"""The ideal crystal: known crystals with known noise come back in their space group, and nothing else is written."""

import json
from collections import Counter
from dataclasses import replace

import ase.io
import gemmi
import numpy as np
import pytest
import spglib
import spglib.error
from ase import Atoms
from conftest import Reference
from scipy.spatial.transform import Rotation

from zeocryst.answers.atomistic import realize, write_results
from zeocryst.backmapping.checks import network_of_atoms
from zeocryst.backmapping.ideal import IdealCrystal, ideal_crystal
from zeocryst.cell import neighbour_pairs
from zeocryst.files.atomfiles import write_ideal
from zeocryst.frameworks.table import nets, start_structure, type_space_group
from zeocryst.network.bonds import bonds_from_sites, repeat_network
from zeocryst.order.labels import Labels, label_sites

NOISE = 0.05
#: Space groups in the Atlas of Zeolite Framework Types (2007), and numbers of T sites.
ATLAS = {"SGT": (141, 4), "MFI": (62, 12), "CHA": (166, 1), "SOD": (229, 1), "FAU": (227, 1), "LTA": (221, 1)}
#: Of every crystal system, with primitive and centred cells, in chiral groups, interrupted, and those whose
#: tetrahedra have less symmetry than their T.
SAMPLE = "ABW AFI ANA ASV BEA CZP EMT EWO FER GIS ITN MEL MOR MTN MTW NON RHO SFG TON UOZ".split()


def disturbed(atoms, repeats, rng, noise=NOISE, strain=None):
    """A supercell of a reference, turned, with noise: its atoms in the order of its network, and the network."""
    many = atoms[atoms.numbers != 1] * repeats
    turn = (np.eye(3) if strain is None else strain) @ Rotation.random(rng=rng).as_matrix()
    many = Atoms(many.numbers, positions=many.positions @ turn, cell=many.cell[:] @ turn, pbc=True)
    many.positions += rng.normal(size=many.positions.shape) * noise
    found = Reference(many)
    order = np.argsort(found.terminal_site, kind="stable")
    oxygens = np.vstack([found.oxygens, found.terminal[order]])
    symbols = ["Si"] * found.network.n_sites + ["O"] * len(oxygens)
    positions = np.vstack([found.network.positions, oxygens])
    return Atoms(symbols, positions=positions, cell=many.cell, pbc=True), found.network


def repeats_of(atoms):
    return tuple(int(np.ceil(14 / h)) for h in atoms.cell.lengths())


def idealized(atoms, network):
    return ideal_crystal(atoms, network, label_sites(network_of_atoms(atoms)))


def dataset(atoms, tolerance=0.01):
    spglib.error.OLD_ERROR_HANDLING = False
    return spglib.get_symmetry_dataset(
        (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers), symprec=tolerance
    )


def bonded(atoms):
    """Si-O, O-O and Si-Si distances within and between bonded tetrahedra, Å, each in order."""
    i, j, _, d = neighbour_pairs(atoms.positions, atoms.cell[:], 3.45)
    silicon = (atoms.numbers[i] == 14).astype(int) + (atoms.numbers[j] == 14)
    return [np.sort(d[(silicon == k) & (d < most)]) for k, most in ((1, 2.2), (0, 2.95), (2, 3.45))]


def agrees(found, atoms):
    """Whether an ideal crystal is that of reference atoms, as far as noise lets one know."""
    wanted = dataset(atoms)
    pairs = {wanted.number, type_space_group(found.code)}
    assert dataset(found.atoms).number == found.number
    assert found.number in pairs | {{178: 179, 91: 95}.get(n, n) for n in pairs}
    std = Atoms(wanted.std_types, scaled_positions=wanted.std_positions, cell=wanted.std_lattice, pbc=True)
    assert len(found.atoms) == len(std)
    assert np.allclose(found.atoms.cell.cellpar(), std.cell.cellpar(), atol=0.005)
    for mine, theirs in zip(bonded(found.atoms), bonded(std), strict=True):
        assert len(mine) == len(theirs)
        assert np.abs(mine - theirs).max() < 2 * NOISE
    # T in the order of the table, with its multiplicities
    kinds = nets()[found.code][1]
    per_cell = found.figures["T_per_cell"] / len(kinds)
    t = [site for site in found.sites if site.element == "Si"]
    assert [site.label for site in t] == [f"T{k + 1}" for k in range(len(t))]
    assert [site.multiplicity for site in t] == (np.bincount(kinds) * per_cell).tolist()


@pytest.mark.parametrize("code", ["SGT", "MFI", "CHA", "SOD"])
def test_noise_is_averaged_away_and_said(reference, code, tmp_path):
    atoms = reference[code]
    noisy, network = disturbed(atoms, repeats_of(atoms), np.random.default_rng(5))
    found = idealized(noisy, network)
    assert isinstance(found, IdealCrystal), found
    agrees(found, atoms)
    assert (found.number, sum(s.element == "Si" for s in found.sites)) == ATLAS[code]
    assert found.figures["rms_A"] == pytest.approx(NOISE * 3**0.5, rel=0.1)
    assert found.figures["rms_O_A"] == pytest.approx(NOISE * 3**0.5, rel=0.1)
    assert found.figures["cell_strain"] < 1e-6
    assert sum(s.copies for s in found.sites) == len(noisy)

    # as others read it
    path = tmp_path / "ideal.cif"
    write_ideal(path, found)
    small = gemmi.read_small_structure(str(path))
    assert small.spacegroup.number == found.number
    assert len(small.get_all_unit_cell_sites()) == len(found.atoms)
    assert [site.label for site in small.sites] == [site.label for site in found.sites]
    assert small.sites[0].u_iso == pytest.approx(found.sites[0].rms_A ** 2 / 3, abs=1e-5)
    assert len(spglib_operations(small)) == len(small.spacegroup.operations())
    read = ase.io.read(path)
    assert Counter(read.numbers.tolist()) == Counter(found.atoms.numbers.tolist())
    assert dataset(read).number == found.number
    assert label_sites(network_of_atoms(read)).summary()[0]["share"] == 1.0
    assert label_sites(network_of_atoms(read)).summary()[0]["code"] == code


def spglib_operations(small):
    """Operations that the file itself lists."""
    return set(small.symops)


@pytest.mark.slow
@pytest.mark.parametrize("code", [*SAMPLE, "FAU", "LTA"])
def test_types_of_every_kind_come_back_in_their_space_group(reference, code):
    atoms = reference[code]
    noisy, network = disturbed(atoms, repeats_of(atoms), np.random.default_rng(6))
    found = idealized(noisy, network)
    assert isinstance(found, IdealCrystal), found
    agrees(found, atoms)


def test_strain_is_taken_off_and_said(reference):
    """A tetragonal cell that is 2 % longer along a and 2 % shorter along b."""
    atoms = reference["SGT"]
    noisy, network = disturbed(atoms, (2, 2, 1), np.random.default_rng(5), 0.02, np.diag([1.02, 0.98, 1.0]))
    found = idealized(noisy, network)
    a, b, c, *angles = found.atoms.cell.cellpar()
    wanted = dataset(atoms).std_lattice
    assert (a, c) == pytest.approx((wanted[0, 0] * 1.0004**0.5, wanted[2, 2]), rel=1e-6)
    assert found.figures["cell_strain"] == pytest.approx(0.02, rel=0.02)
    assert a == pytest.approx(b, abs=1e-9)
    assert angles == pytest.approx([90] * 3, abs=1e-9)
    assert dataset(found.atoms, 1e-4).number == 141


def test_from_t_alone_with_holes(ts, tmp_path):
    """CHA in another cell, shaken, strained, and without one T in a hundred, back-mapped with its silanols."""
    rng = np.random.default_rng(2)
    cell, sites = start_structure("CHA")
    whole = bonds_from_sites(sites, cell)
    box = repeat_network(whole, (2, 2, 1))
    strain = np.eye(3) + 0.01 * rng.uniform(-1, 1, (3, 3))
    positions = (box.positions + rng.normal(size=box.positions.shape) * 0.1) @ strain
    keep = np.sort(rng.permutation(box.n_sites)[1:])
    network = bonds_from_sites(positions[keep], box.cell @ strain)
    found = realize(network)
    assert isinstance(found.crystal, IdealCrystal), found.crystal
    write_results(tmp_path, found)
    assert (found.ideal["code"], found.ideal["space_group_number"]) == ("CHA", 166)
    assert (found.ideal["T_missing"], found.ideal["T_elsewhere"], found.ideal["copies"]) == (1, 0, 12)
    assert 0.001 < found.ideal["cell_strain"] < 0.03
    assert json.loads(json.dumps(found.ideal))["sites"][0]["label"] == "T1"
    ideal, grown = ase.io.read(tmp_path / "ideal.cif"), ase.io.read(tmp_path / "framework.cif")
    assert (len(ideal), len(grown)) == (108, len(found.atoms))
    assert dataset(ideal).number == 166


def test_a_mirror_image_is_the_same_type_in_the_other_group(reference):
    """CZP grows in P6_1 22 or P6_5 22."""
    atoms = reference["CZP"]
    groups = set()
    for flip in (1, -1):
        image = Atoms(atoms.numbers, positions=atoms.positions * flip, cell=atoms.cell[:] * flip, pbc=True)
        noisy, network = disturbed(image, (2, 2, 2), np.random.default_rng(5))
        groups.add(idealized(noisy, network).number)
    assert groups == {178, 179}


def labelled(codes, code):
    """Labels in which all of a name is one grain."""
    return Labels(codes, code, code, np.zeros((len(code), 8), np.int32), (code >= 0).astype(float))


def test_what_is_no_whole_crystal_is_refused_with_a_reason(reference):
    rng = np.random.default_rng(5)
    noisy, network = disturbed(reference["SOD"], (3, 3, 3), rng)
    none = labelled((), np.full(324, -1))
    assert ideal_crystal(noisy, network, none) == "no T belongs to a crystal"
    half = labelled(("SOD",), np.arange(324) % 2 - 1)
    assert "50 % of the T" in ideal_crystal(noisy, network, half)
    new = labelled(("unknown",), np.zeros(324, int))
    assert ideal_crystal(noisy, network, new) == "the crystal is in no table"
    # a name that is wrong makes no file
    wrong = labelled(("LTA",), np.zeros(324, int))
    assert "no one lattice of LTA" in ideal_crystal(noisy, network, wrong)
    # half of it melted
    lower = network.positions[:, 2] < np.median(network.positions[:, 2])
    positions = network.positions + np.where(lower[:, None], rng.normal(size=(324, 3)) * 1.2, 0)
    mixed = bonds_from_sites(positions, network.cell)
    assert label_sites(mixed).crystalline_share < 0.95
    # a grown half of a box: a slab
    apart = replace(network, cell=network.cell * np.array([[1], [1], [1.5]]))
    slab = labelled(("SOD",), np.zeros(324, int))
    cut = bonds_from_sites(apart.positions, apart.cell)
    loose = Atoms("Si324", positions=cut.positions, cell=cut.cell, pbc=True) + Atoms(
        f"O{len(cut.first)}", positions=cut.positions[cut.first] + cut.vectors / 2
    )
    assert "three directions" in ideal_crystal(loose, cut, slab)


def test_oxygens_in_wrong_places_make_no_file(reference):
    """Means that are not those of a crystal with its symmetry, and such that are no silicate's."""
    noisy, network = disturbed(reference["SOD"], (3, 3, 3), np.random.default_rng(5))
    labels = label_sites(network)
    assert isinstance(ideal_crystal(noisy, network, labels), IdealCrystal)
    right = noisy.positions[324:].copy()
    noisy.positions[324:] += [0.75, 0, 0]
    assert "would move the means of O" in ideal_crystal(noisy, network, labels)
    middle = network.positions[network.first] + network.vectors / 2
    noisy.positions[324:] = middle + 4 * (right - middle)
    assert "no silicate has" in ideal_crystal(noisy, network, labels)
