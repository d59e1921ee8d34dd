"""Structures of any kind: the answer is that of a file with the same atoms."""

import math

import ase.io
import gsd.hoomd
import networkx
import numpy as np
import pytest

import zeocryst as zc
from zeocryst.cell import make_frame

pytest.importorskip("pandas")


def rounded(value):
    """A record without the name of its source, numbers to what a file keeps."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items() if k != "path"}
    if isinstance(value, list | tuple):
        return [rounded(v) for v in value]
    return round(value, 3) if isinstance(value, float) else value


@pytest.fixture(scope="module")
def alpo():
    """SOD of Al and P in turn, with a water molecule in a cage and a proton on an O."""
    atoms = zc.framework("SOD", repeat=(2, 2, 2))
    graph = zc.identify(atoms).network
    assert networkx.is_bipartite(graph)  # all its rings are even
    symbols = np.array(atoms.get_chemical_symbols())
    silicon = np.flatnonzero(symbols == "Si")
    for node, side in networkx.bipartite.color(networkx.Graph(graph)).items():
        symbols[silicon[node]] = ("Al", "P")[side]
    atoms.set_chemical_symbols(symbols.tolist())
    oxygen = atoms.positions[symbols == "O"][0]
    centre = atoms.cell.sum(axis=0) / 4  # of a cage
    water = centre + np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    atoms += ase.Atoms("H", positions=[oxygen + [0.0, 0.0, 0.97]])
    atoms += ase.Atoms("OH2", positions=water)
    return atoms


@pytest.mark.parametrize("name", ["a.extxyz", "a.cif", "POSCAR"])
@pytest.mark.parametrize("types", [None, "T=Al,P", {"T": ["Al", "P"]}])
def test_atoms_with_aluminium_phosphorus_and_hydrogen(alpo, tmp_path, name, types):
    before = alpo.copy()
    found = zc.identify(alpo, types=types)
    alpo.write(tmp_path / name)
    assert rounded(found.record) == rounded(zc.identify(tmp_path / name, types=types).record)
    assert found.codes == ("SOD",)
    assert found.types[0]["share"] == 1
    assert found.atoms["T"] == {"Al": 48, "P": 48}
    assert found.atoms["left_out"]["H"] == 3
    assert alpo == before  # nothing was done to it


def test_names_of_t_are_heeded(alpo, tmp_path):
    found = zc.identify(alpo, types="T=Al")
    alpo.write(tmp_path / "a.extxyz")
    assert rounded(found.record) == rounded(zc.identify(tmp_path / "a.extxyz", types="T=Al").record)
    assert found.codes == ()
    assert found.n_sites == 48


def test_a_structure_of_pymatgen(alpo, tmp_path):
    core = pytest.importorskip("pymatgen.core")
    symbols = alpo.get_chemical_symbols()
    structure = core.Structure(core.Lattice(alpo.cell[:]), symbols, alpo.positions, coords_are_cartesian=True)
    structure.to(filename=str(tmp_path / "POSCAR"), fmt="poscar")
    found = zc.identify(structure)
    assert rounded(found.record) == rounded(zc.identify(tmp_path / "POSCAR").record)
    assert rounded(found.record) == rounded(zc.identify(alpo).record)
    assert zc.measure(structure, "rings").values == pytest.approx(zc.measure(alpo, "rings").values)


def test_a_structure_of_pymatgen_whose_sites_are_occupied_in_part(tmp_path):
    core = pytest.importorskip("pymatgen.core")
    atoms = zc.framework("SOD")
    species = [{"Si": 0.5, "Al": 0.5} if s == "Si" else s for s in atoms.get_chemical_symbols()]
    structure = core.Structure(core.Lattice(atoms.cell[:]), species, atoms.get_scaled_positions())
    structure.to(filename=str(tmp_path / "a.cif"), fmt="cif")
    found = zc.identify(structure)
    assert found.codes == ("SOD",)
    assert rounded(found.record) == rounded(zc.identify(tmp_path / "a.cif").record)


def renamed(frame, names):
    made = make_frame(
        np.asarray(frame.particles.position, dtype=float),
        np.diag(np.asarray(frame.configuration.box[:3], dtype=float)),
        frame.particles.typeid,
        names,
        dict.fromkeys(names, 1.0),
    )
    return made


@pytest.mark.parametrize(
    ("names", "types"),
    [
        (["T", "S"], None),
        (["Si", "X"], None),
        (["tetrahedron", "template"], "T=tetrahedron,S=template"),
        (["A", "B"], {"T": "A", "S": ["B"]}),
    ],
)
def test_a_frame_with_names_of_ones_own(sod, tmp_path, names, types):
    frame = renamed(sod, names)
    with gsd.hoomd.open(tmp_path / "a.gsd", "w") as file:
        file.append(frame)
    found = zc.identify(frame, types=types)
    assert rounded(found.record) == rounded(zc.identify(tmp_path / "a.gsd", types=types).record)
    assert found.codes == ("SOD",)
    assert found.atoms["S"] == 54
    assert list(frame.particles.types) == names  # nothing was done to it
    ours, theirs = (zc.measure(s, types=types) for s in (frame, tmp_path / "a.gsd"))
    for name, value in ours.values.items():
        assert value == theirs.values[name] or math.isnan(value) == math.isnan(theirs.values[name])
    assert ours.sites.keys() == theirs.sites.keys()


def test_a_frame_whose_t_nobody_named_is_asked_about(sod):
    with pytest.raises(
        zc.InputError, match=r"^gsd.hoomd.Frame: frame 0: the frame has no type 'T'.*types=.T=NAME"
    ):
        zc.identify(renamed(sod, ["bead", "other"]))


def test_a_frame_that_says_the_least(sod):
    """Types, masses and step have defaults in GSD; a box has none that means anything."""
    frame = gsd.hoomd.Frame()
    frame.particles.N = 324
    frame.particles.position = np.asarray(sod.particles.position)[:324].tolist()
    frame.configuration.box = list(sod.configuration.box)
    assert zc.identify(frame, types="T=A").codes == ("SOD",)
    frame.configuration.box = None
    with pytest.raises(zc.InputError, match="has no box"):
        zc.identify(frame, types="T=A")
    frame.configuration.box = list(sod.configuration.box)
    frame.particles.typeid = [0, 0, 0]
    with pytest.raises(zc.InputError, match="frame 0"):
        zc.identify(frame, types="T=A")


def test_trajectories(alpo, sod, tmp_path):
    moved = alpo.copy()
    moved.rattle(2.0, seed=3)
    both = [alpo, moved]
    assert zc.identify(both, frame=0).codes == ("SOD",)
    assert zc.identify(both).codes == ()
    with pytest.raises(zc.InputError, match="no frame 2; it has 2"):
        zc.identify(both, frame=2)
    ase.io.write(tmp_path / "a.traj", both)
    with ase.io.Trajectory(tmp_path / "a.traj") as trajectory:
        assert zc.identify(trajectory, frame=0).codes == ("SOD",)
    with gsd.hoomd.open(tmp_path / "a.gsd", "w") as file:
        file.extend([sod, sod])
    with gsd.hoomd.open(tmp_path / "a.gsd") as file:
        assert len(zc.analyze(file, names="density").order_parameters) == 2
        assert zc.identify(file).codes == ("SOD",)


def test_all_of_several_kinds(alpo, sod, tmp_path):
    (tmp_path / "bad.cif").write_text("no structure")
    found = zc.identify_all([alpo, sod, tmp_path / "bad.cif", 3])
    assert [one.codes for one in found] == [("SOD",), ("SOD",)]
    assert found.errors[0]["path"].endswith("bad.cif")
    assert "int is no structure" in found.errors[1]["error"]
    assert len(found.table) == 2
    assert "bad.cif" in str(found)
    with pytest.raises(zc.InputError, match="not kept"):
        _ = found[0].network


@pytest.mark.parametrize("what", [3, None, {}, [], "nowhere.cif", [alpo, 3], b"SOD"])
def test_what_is_no_structure_is_refused(what):
    with pytest.raises(zc.InputError):
        zc.identify(what)


@pytest.mark.parametrize("types", ["T", "Q=Si", {"Q": "Si"}, {"T": "Si", "S": "Si"}, {"T": []}])
def test_types_that_say_nothing_are_refused(alpo, types):
    with pytest.raises(zc.InputError):
        zc.identify(alpo, types=types)


def test_advice_is_for_python(alpo):
    """Where the T cannot be told, what is advised can be typed in a notebook."""
    water = ase.Atoms("O8", positions=np.random.default_rng(1).uniform(0, 9, (8, 3)), cell=[9, 9, 9], pbc=True)
    with pytest.raises(zc.InputError) as error:
        zc.identify(water)
    assert "zeocryst identify" not in str(error.value)


def test_the_graph_has_the_bonds_with_their_images():
    atoms = zc.framework("SOD", oxygens=False)
    graph = zc.identify(atoms).network
    assert graph.number_of_nodes() == 12
    assert graph.number_of_edges() == 24  # four bonds a T
    assert set(dict(graph.degree()).values()) == {4}
    cell = graph.graph["cell_A"]
    for _, _, bond in graph.edges(data=True):
        ends = (graph.nodes[bond[end]]["position_A"] for end in ("first", "second"))
        first, second = ends
        reach = second + np.array(bond["shift"]) @ cell - first
        assert np.linalg.norm(reach) == pytest.approx(bond["length_A"])
        assert 2.9 < bond["length_A"] < 3.3
    assert any(bond["shift"] != (0, 0, 0) for _, _, bond in graph.edges(data=True))


def test_results_show_themselves(alpo, sod):
    found = zc.identify(alpo)
    assert str(found).startswith("ase.Atoms")
    assert "SOD" in found._repr_html_()
    assert "<table>" in found._repr_html_()
    assert "data:image/png" in found._repr_html_()
    measured = zc.measure(sod, ["rings", "pair_distribution"])
    assert "rings4_per_T" in str(measured)
    assert "data:image/png" in measured._repr_html_()
    assert measured.curves["pair_distribution"].columns[0].endswith("_A")
    analysed = zc.analyze([sod, sod], names=["density", "crystallinity"])
    assert "data:image/png" in analysed._repr_html_()
    assert analysed.verdict == "crystalline"
    with pytest.raises(Exception, match="cannot assign"):
        found.record = {}


@pytest.mark.parametrize("code", ["SGT", "chi", "-CHI", "RWY", "ABW", "BEA", "*BEA"])
def test_frameworks_are_what_they_are_called(code):
    """Published and calculated, interrupted (CHI), with short bonds (RWY), of small cells (ABW)."""
    atoms = zc.framework(code)
    found = zc.identify(atoms)
    assert found.codes == (atoms.info["framework"],)
    assert found.types[0]["share"] == 1
    assert code.strip("*-").upper() == atoms.info["framework"]
    assert (atoms.numbers == 14).sum() == found.n_sites
    assert "H" not in atoms.symbols or code.endswith("CHI") or code == "chi"


@pytest.mark.parametrize(
    "wrong", [{"code": "SDO"}, {"code": "SOD", "repeat": (1, 0, 1)}, {"code": "SOD", "repeat": (2, 2)}]
)
def test_what_is_no_framework_is_refused(wrong):
    with pytest.raises(zc.InputError):
        zc.framework(**wrong)
