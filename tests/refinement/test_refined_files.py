"""Files of refined atoms: each is read back by the programs that it is for, with the same atoms, and named alike."""

import warnings

import ase.io
import gemmi
import gsd.hoomd
import numpy as np
import pytest
from ase import Atoms
from ase.build import make_supercell, molecule
from scipy.spatial.transform import Rotation

import zeocryst as zc
from zeocryst.cell import box_to_cell
from zeocryst.files.refined import write_refined
from zeocryst.refinement.bonding import covalent_bonds

#: Two cells of LTA's lattice: as published, and a triclinic one.
CELLS = {"cubic": np.eye(3, dtype=int), "triclinic": [[1, 0, 0], [1, 1, 0], [1, 1, 1]]}
ENDINGS = ("cif", "extxyz", "POSCAR", "gsd", "data")


def loaded(cell="cubic"):
    """LTA with an Al, a Na and ethylammonium across a corner of the cell; it is turned, and its charges sum to 0."""
    guest = molecule("CH3CH2NH2")
    guest += Atoms("H", positions=[guest.positions[guest.numbers == 7][0] + [0.0, 0.6, 0.8]])
    guest.positions -= guest.positions.mean(axis=0)
    framework = make_supercell(zc.framework("LTA"), CELLS[cell])
    framework.positions += zc.framework("LTA").cell.sum(axis=0) / 2  # the large cage to the corner
    framework.numbers[np.flatnonzero(framework.numbers == 14)[:2]] = 13
    atoms = framework + Atoms("Na", positions=[framework.cell.sum(axis=0) / 2]) + guest
    n = len(framework) + 1
    rng = np.random.default_rng(5)
    charge = rng.normal(size=len(atoms))  # with digits that no file has
    atoms.set_array("charge", charge - charge.mean())
    atoms.set_array("molecule", np.array([0] * n + [1] * len(guest)))
    atoms.set_array("type", np.array([f"{s}_x" for s in atoms.symbols]))
    turn = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    atoms.set_cell(atoms.cell[:] @ turn)
    atoms.positions = atoms.positions @ turn
    return atoms, n


@pytest.fixture(scope="module", params=CELLS)
def written(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    atoms, n = loaded(request.param)
    atoms.wrap()  # it tears the guest apart
    paths = write_refined(folder, atoms)
    assert [path.name for path in paths] == [f"refined.{ending}" for ending in ENDINGS]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    return atoms, n, folder


def distances(atoms):
    return atoms.get_all_distances(mic=True)


def read_gsd(path):
    with gsd.hoomd.open(path) as file:
        return file[0]


def test_the_guest_was_torn_apart(written):
    atoms, n, _ = written
    assert np.ptp(atoms.positions[n:] @ np.linalg.inv(atoms.cell[:]), axis=0).min() > 0.8


def test_ase_reads_the_same_atoms(written):
    atoms, n, folder = written
    for name in ("refined.cif", "refined.extxyz"):
        back = ase.io.read(folder / name)
        assert list(back.symbols) == list(atoms.symbols)
        assert np.abs(distances(back) - distances(atoms)).max() < 1e-5
    guest = back[n:]  # of the extxyz: ASE wraps a CIF's atoms
    assert np.abs(guest.get_all_distances() - guest.get_all_distances(mic=True)).max() < 1e-5
    assert (
        np.abs(back.get_charges() - atoms.arrays["charge"]).max() < 1e-7
    )  # where ASE puts a column ``charge``
    assert back.arrays["molecule"].tolist() == atoms.arrays["molecule"].tolist()
    assert back.arrays["type"].tolist() == atoms.arrays["type"].tolist()


def test_poscar_says_which_atom_is_which(written):
    atoms, n, folder = written
    back = ase.io.read(folder / "refined.POSCAR")
    lines = (folder / "refined.POSCAR").read_text().splitlines()
    assert "refined.extxyz" in lines[0]
    assert lines[5].split() == ["Si", "Al", "O", "H", "C", "N", "Na"]
    order = [int(line.split("#")[1]) for line in lines[-len(atoms) :]]
    assert sorted(order) == list(range(len(atoms)))
    assert list(back.symbols) == list(atoms[order].symbols)
    assert np.abs(distances(back) - distances(atoms[order])).max() < 1e-5


def test_charges_in_the_cif(written):
    atoms, _, folder = written
    block = gemmi.cif.read(str(folder / "refined.cif")).sole_block()
    charge = np.array([float(word) for word in block.find_loop("_atom_site_charge")])
    assert np.abs(charge - atoms.arrays["charge"]).max() < 1e-8
    assert abs(charge.sum()) < 1e-6
    small = gemmi.read_small_structure(str(folder / "refined.cif"))
    assert [site.element.name for site in small.sites] == list(atoms.symbols)
    assert small.cell.volume == pytest.approx(atoms.get_volume(), rel=1e-6)


def test_gsd_for_hoomd_and_ovito(written):
    atoms, n, folder = written
    frame = read_gsd(folder / "refined.gsd")
    frame.validate()
    beads = frame.particles
    assert np.abs(beads.charge - atoms.arrays["charge"]).max() < 1e-6
    assert [beads.types[k] for k in beads.typeid] == list(atoms.symbols)
    assert beads.mass == pytest.approx(atoms.get_masses(), rel=1e-6)
    assert beads.diameter[atoms.numbers == 14] == pytest.approx(2.22)  # Cordero et al. (2008): 1.11 Å
    assert set(beads.body[:n]) == {-1}
    assert set(beads.body[n:]) == {1}
    cell = box_to_cell(frame.configuration.box)
    assert (np.abs(beads.position @ np.linalg.inv(cell)) <= 0.5 + 1e-6).all()
    whole = beads.position + beads.image @ cell  # the guest
    a, b = frame.bonds.group.T
    within = a >= n
    apart = np.linalg.norm(whole[a] - whole[b], axis=1)[within]
    assert within.sum() == 10  # of C2H8N+
    assert apart.max() < 1.6


def test_bonds_are_those_of_chemistry(written):
    atoms, n, folder = written
    frame = read_gsd(folder / "refined.gsd")
    names = [frame.bonds.types[k] for k in frame.bonds.typeid]
    n_t = int(np.isin(atoms.numbers, (13, 14)).sum())
    assert names.count("O-Si") + names.count("Al-O") == 4 * n_t
    assert names.count("Al-O") == 8
    assert sorted(set(names)) == ["Al-O", "C-C", "C-H", "C-N", "H-N", "O-Si"]
    assert not any("Na" in name for name in names)


def test_given_bonds_are_taken(tmp_path):
    atoms, n = loaded()
    bonds = [(n, n + 1), (0, 40)]
    write_refined(tmp_path, atoms, "other", bonds=bonds, data=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"other.{e}" for e in ENDINGS[:-1])
    assert read_gsd(tmp_path / "other.gsd").bonds.group.tolist() == [list(bond) for bond in bonds]


def test_a_broken_guest_stays_together(tmp_path):
    """An atom whose bond is lost stands nearest to the first, not in another image."""
    atoms, n = loaded()
    atoms.positions[-1] += 1.0
    atoms.wrap()
    assert not any(len(atoms) - 1 in pair for pair in covalent_bonds(atoms))
    write_refined(tmp_path, atoms)
    guest = ase.io.read(tmp_path / "refined.extxyz")[n:]
    assert np.abs(guest.get_all_distances() - guest.get_all_distances(mic=True)).max() < 1e-5


@pytest.mark.parametrize("ending", ENDINGS)
def test_identify_gives_the_same_answer(written, ending):
    atoms, _, folder = written
    found = zc.identify(folder / f"refined.{ending}")
    assert found.codes == ("LTA",)
    assert found.n_sites == np.isin(atoms.numbers, (13, 14)).sum()  # Al is T, too
    assert found.amorphous_share == 0


def test_pymatgen_reads_them(written):
    structure = pytest.importorskip("pymatgen.core").Structure
    atoms, _, folder = written
    for ending in ("cif", "POSCAR"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own, about rounded coordinates
            back = structure.from_file(folder / f"refined.{ending}")
        assert (
            back.composition.reduced_formula
            == structure.from_ase_atoms(bare(atoms)).composition.reduced_formula
        )
        assert len(back) == len(atoms)
        assert back.volume == pytest.approx(atoms.get_volume(), rel=1e-6)


def bare(atoms):
    return Atoms(atoms.get_chemical_symbols(), positions=atoms.positions, cell=atoms.cell, pbc=True)


def test_lammps_reads_its_data(written):
    """The engine itself sums charges and counts atoms of the file."""
    from zeocryst.engines.lammps.library import load

    atoms, n, folder = written
    engine = load().lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    try:
        engine.commands_string(f"units metal\natom_style full\nread_data {folder / 'refined.data'}")
        charge = engine.numpy.extract_atom("q")[: len(atoms)]
        molecule_id = engine.numpy.extract_atom("molecule")[: len(atoms)]
        assert engine.get_natoms() == len(atoms)
        assert abs(charge.sum()) < 1e-6
        assert sorted(charge) == pytest.approx(sorted(atoms.arrays["charge"]), abs=1e-7)
        assert (molecule_id == 1).sum() == len(atoms) - n
    finally:
        engine.close()


def test_atoms_without_charges_or_guests(tmp_path):
    atoms = zc.framework("SOD")
    write_refined(tmp_path, atoms)
    assert "charge" not in (tmp_path / "refined.cif").read_text()
    assert "Atoms # atomic" in (tmp_path / "refined.data").read_text()
    assert zc.identify(tmp_path / "refined.gsd").codes == ("SOD",)
