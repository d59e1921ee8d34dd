"""The library of framework types: listed, shown, added to; and what identify says of what is in no table."""

import json

import ase.io
import gsd.hoomd
import numpy as np
import pytest
from ase import Atoms
from command_line import call, is_one_message
from conftest import shared
from faults import refused

from zeocryst.answers.library import list_frameworks, show_framework, show_in_words
from zeocryst.cell import make_frame
from zeocryst.engines import choose_engine
from zeocryst.files.trajectory import read_frame, write_frame
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, sites_of_frame

#: Quartz (L. Levien, C. T. Prewitt, D. J. Weidner, Am. Mineral. 65, 920 (1980)).
A, C = 4.916, 5.4054
#: Silicon III, Ia-3, one site (J. S. Kasper, S. M. Richards, Acta Cryst. 17, 752 (1964)), made larger to be silica's;
#: the coordination sequence is that of the net gsi of the Reticular Chemistry Structure Resource.
SILICON_III, SCALE, X = 6.636, 1.32, 0.1003
GSI = [4, 12, 27, 49, 77, 109, 148, 194]


def silicon_three():
    from ase.spacegroup import crystal

    a = SILICON_III * SCALE
    atoms = crystal(["Si"], [(X, X, X)], spacegroup=206, cellpar=[a, a, a, 90, 90, 90])
    network = bonds_from_sites(atoms.positions, atoms.cell[:])
    middles = network.positions[network.first] + network.vectors / 2
    return atoms + Atoms(f"O{len(middles)}", positions=middles)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A place of its own for the user's types, of the processes that the test starts."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ZEOCRYST_DATA", str(folder))
    return folder


@pytest.fixture(scope="module")
def tetragonal(unseeded, ts, tmp_path_factory):
    """The fourth frame of the unseeded runs at its energy minimum."""
    path = tmp_path_factory.mktemp("cold") / "cold.gsd"
    write_frame(path, choose_engine(ts, "lammps")[0].minimize(read_frame(unseeded, 3))[0])
    return path


def identified(*arguments):
    done = call("identify", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["files"]


def test_the_list(data):
    done = call("frameworks", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["code"]: row for row in json.loads(done.stdout)["frameworks"]}
    assert len(rows) == 253 + 18  # those of the reference, and those that came to the database later
    # as the database marks them: the reference's and ERS, HOS, ION, IRT, IVY
    assert sum(row["interrupted"] for row in rows.values()) == 16 + 5
    # Atlas of Zeolite Framework Types: T per cell, kinds, density
    for code, n, kinds in (("SOD", 12, 1), ("MFI", 96, 12), ("SGT", 64, 4), ("FAU", 192, 1), ("LTA", 24, 1)):
        assert (rows[code]["n_T"], rows[code]["kinds"]) == (n, kinds)
    assert rows["FAU"]["density_T_per_1000A3"] == pytest.approx(13.3, abs=0.2)
    assert not any(row["user"] for row in rows.values())
    text = call("frameworks").stdout
    lines = text.splitlines()
    assert "271 types, 21 interrupted, 0 of your own" in lines[272]
    assert "as of July 2026, but for:" in lines[274]
    assert lines[275].startswith("HEI, EOS, RFE")
    assert lines[-1].startswith("7 dense nets")
    assert len(lines) == 276 + 8
    assert max(map(len, lines)) <= 80
    assert not data.exists()


@pytest.mark.parametrize(
    ("name", "code", "official"),
    [
        ("*BEA", "BEA", "*BEA"), ("bea", "BEA", "*BEA"), ("-CLO", "CLO", "-CLO"), ("clo", "CLO", "-CLO"),
        ("*-ITN", "ITN", "*-ITN"), ("-ITN", "ITN", "*-ITN"), ("ANO", "ANO", "ANO"), ("*MFI", "MFI", "MFI"),
        ("-ION", "ION", "-ION"), ("-SYT", "SYT", "-SYT"), ("qtz", "qtz", "qtz"),
    ],
)  # fmt: skip
def test_codes_with_their_marks(data, name, code, official):
    """Marks of the database's table of types: * disordered, - interrupted; the code itself stays bare."""
    found = show_framework(name)
    assert (found["code"], found["official"]) == (code, official)
    assert show_in_words(found).startswith(official + (" (" if "-" in official or code == "qtz" else ": "))


def test_a_mark_is_no_option(data):
    assert call("frameworks", "-CLO").stdout.startswith("-CLO (interrupted): 192 T per cell")


def test_types_of_the_database_that_are_not_here(data):
    for name, words in (("HEI", "was not found"), ("EOS", "*UOE"), ("*rfe", "*MRE")):
        assert words in is_one_message(call("frameworks", name))
    listed = list_frameworks()
    assert sorted(listed["absent"]) == ["EOS", "HEI", "RFE"]
    assert all(row["start"] for row in listed["frameworks"])


@pytest.mark.parametrize("code", ["SOD", "sod"])
def test_one_is_shown(data, code):
    found = json.loads(call("frameworks", code, "--json").stdout)
    assert (found["code"], found["space_group"], found["n_T"]) == ("SOD", "Im-3m", 12)
    assert found["cell"] == pytest.approx([8.965] * 3 + [90] * 3, abs=0.1)
    [site] = found["sites"]
    assert site["multiplicity"] == 12
    assert site["coordination_sequence"][:5] == [4, 10, 20, 34, 52]  # 2 n^2 + 2 (Grosse-Kunstleve et al. 1996)
    assert site["vertex_symbol"] == "4·4·6·6·6·6"
    assert "iza-structure" in found["source"]
    text = call("frameworks", code).stdout
    assert "Im-3m" in text
    assert "4 10 20 34 52" in text
    assert json.loads(call("frameworks", "*BEA", "--json").stdout)["cell"] is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["SGU"], "SGT"),
        (["granite"], "nearest"),
        (["SOD", "LTA"], "LTA"),
        (["add"], "--name NAME"),
        (["add", "x.cif"], "--name NAME"),
        (["add", "x.cif", "y.cif", "--name", "mine"], "y.cif"),
        (["add", "x.cif", "--name", "mine"], "no file x.cif"),
        (["add", "x.cif", "--name", "sod"], "taken by SOD"),
        (["add", "x.cif", "--name", "unknown"], "taken"),
        (["add", "x.cif", "--name", "../x"], "letter"),
        (["SOD", "--name", "mine"], "add FILE"),
        (["add", "x.cif", "--name", "mine", "--types", "T:Si"], "ROLE=NAME"),
    ],
)
def test_bad_command_lines(data, tmp_path, arguments, named):
    assert named in is_one_message(call("frameworks", *arguments, cwd=tmp_path))
    assert not data.exists()


@pytest.mark.parametrize("word", ["qtz", "QTZ", "quartz"])
def test_a_dense_net_is_shown_by_its_name_or_its_mineral(data, word):
    found = json.loads(call("frameworks", word, "--json").stdout)
    assert (found["code"], found["mineral"], found["space_group"]) == ("qtz", "quartz", "P3_221")
    assert found["cell"] == pytest.approx([A, A, C, 90, 90, 120])
    assert "Levien" in found["source"]
    text = call("frameworks", word).stdout
    assert text.startswith("qtz (quartz): 3 T per cell, 26.52 T per 1000 Å³")
    assert "taken by qtz" in is_one_message(call("frameworks", "add", "x.cif", "--name", "Qtz"))


def test_a_crystal_in_no_table_is_added_and_then_named(data, tmp_path):
    atoms = silicon_three()
    ase.io.write(tmp_path / "crystal.cif", atoms)
    [before] = identified(tmp_path / "crystal.cif")
    assert (before["types"], before["amorphous_share"]) == ([], 0)
    [kind] = before["unknown"]
    assert kind["sites"] == 16
    assert kind["coordination_sequence"][:8] == GSI
    crystal = before["crystal"]
    assert (crystal["sites"], crystal["n_T_sites"], crystal["T_per_cell"]) == (16, 1, 16)
    assert "unknown, crystalline 100.0 % (16 T)" in call("identify", tmp_path / "crystal.cif").stdout

    done = call("frameworks", "add", tmp_path / "crystal.cif", "--name", "mine", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["code"], found["user"], found["n_T"], found["interrupted"]) == ("mine", True, 16, False)
    assert found["density_T_per_1000A3"] == pytest.approx(16000 / (SILICON_III * SCALE) ** 3, abs=0.01)
    assert found["net"] == crystal["name"]
    assert "crystal.cif" in found["source"]
    assert [p.name for p in data.rglob("*.json")] == ["mine.json"]
    listed = json.loads(call("frameworks", "--json").stdout)["frameworks"]
    assert [row["code"] for row in listed if row["user"]] == ["mine"]

    # from a sheared supercell, shuffled, from atoms and from T alone
    big = atoms.repeat((2, 3, 2))
    big.set_cell(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]) @ big.cell[:])
    big = big[np.random.default_rng(1).permutation(len(big))]
    ase.io.write(tmp_path / "atoms.extxyz", big)
    ase.io.write(tmp_path / "sites.extxyz", big[big.numbers == 14])
    ase.io.write(tmp_path / "sod.extxyz", sod())
    entries = identified(
        tmp_path / "crystal.cif", tmp_path / "atoms.extxyz", tmp_path / "sites.extxyz", tmp_path / "sod.extxyz"
    )
    assert [[(t["code"], t["share"]) for t in e["types"]] for e in entries] == [[("mine", 1)]] * 3 + [
        [("SOD", 1)]
    ]
    assert [e["crystal"] for e in entries] == [None] * 4
    message = is_one_message(call("frameworks", "add", tmp_path / "atoms.extxyz", "--name", "other"))
    assert "mine" in message
    assert "taken by mine" in is_one_message(
        call("frameworks", "add", tmp_path / "crystal.cif", "--name", "MINE")
    )


def test_a_crystal_of_six_coordinated_t_is_called_one_and_is_no_framework_type(data):
    path = shared("cases/dense_six_coordinated/stishovite.extxyz")
    [entry] = identified(path)
    assert (entry["types"], entry["amorphous_share"], entry["unknown"]) == ([], 0, [])
    crystal = entry["crystal"]
    assert (crystal["space_group"], crystal["coordination"]) == ("P4_2/mnm", {"6": 2})
    text = call("identify", path).stdout
    assert "crystalline, not four-connected 100.0 % (2 T)" in text
    assert "T with 6 O, joined to a framework" in text
    assert all(len(line) <= 80 for line in text.splitlines()[1:])
    assert "2 of 2 T have up to 6 O" in is_one_message(call("frameworks", "add", path, "--name", "stish"))
    assert not data.exists()


def test_a_slab_is_told_as_one(tmp_path):
    """SOD, 4 x 4 x 5 cells, with 15 Å of vacuum along c: as many T as 5 cells of the idealized type."""
    cell, sites = start_structure("SOD")
    slab = Atoms("Si12", positions=sites, cell=cell, pbc=True).repeat((4, 4, 5))
    thickness = np.ptp(slab.positions[:, 2])
    slab.cell[2, 2] += 15
    ase.io.write(tmp_path / "slab.extxyz", slab)
    [entry] = identified(tmp_path / "slab.extxyz")
    [row] = entry["types"]
    [piece] = entry["pieces"]
    assert (row["code"], piece["code"], piece["extent"], piece["mineral"]) == ("SOD", "SOD", "slab", None)
    assert (piece["sites"], piece["normal"]) == (960, [0, 0, 1])
    assert piece["thickness_A"] == pytest.approx(thickness, abs=0.01)
    assert piece["equivalent_thickness_A"] == pytest.approx(5 * cell[2, 2], rel=0.01)
    text = call("identify", tmp_path / "slab.extxyz").stdout
    assert f"SOD: a slab {thickness:.1f} Å thick" in text
    assert all(len(line) <= 80 for line in text.splitlines()[1:])


def sod():
    cell, sites = start_structure("SOD")
    return Atoms("Si12", positions=sites, cell=cell, pbc=True)


def test_a_crystal_of_a_run_is_added_from_its_frame(data, tetragonal, unseeded, tmp_path):
    [before] = identified(tetragonal)
    crystal = before["crystal"]
    assert (before["types"], crystal["sites"], crystal["space_group"]) == ([], 256, "P4_2/mmc")
    assert sorted(kind["sites"] for kind in before["unknown"]) == [16, 16, 32, 32, 32, 32, 32, 64]
    text = call("identify", tetragonal).stdout
    assert "P4_2/mmc with 8 T sites (spglib, tolerance" in text
    assert "SGT: 69 %, 25 %, 0 %; deepest 8" in text
    assert crystal["name"] in text

    done = call("frameworks", "add", tetragonal, "--name", crystal["name"], "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["n_T"], found["space_group"], found["n_T_sites"]) == (64, "P4_2/mmc", 8)
    assert sorted(site["multiplicity"] for site in found["sites"]) == [4, 4, 8, 8, 8, 8, 8, 16]
    assert found["ring_sizes"] == [4, 5, 6]

    # its unit cell, the hot frame it came from, and a supercell
    [entry] = identified(unseeded, "--frame", "3")
    assert [(t["code"], t["share"]) for t in entry["types"]] == [(crystal["name"], 1)]
    positions, cell, _ = sites_of_frame(read_frame(tetragonal))
    fractional = positions @ np.linalg.inv(cell) * [2, 2, 1]
    quarter = (np.floor(fractional) == [0, 0, 0])[:, :2].all(axis=1)
    assert quarter.sum() == 64
    unit = Atoms("Si64", positions=positions[quarter], cell=cell / [[2], [2], [1]], pbc=True)
    ase.io.write(tmp_path / "unit.cif", unit)
    [entry] = identified(tmp_path / "unit.cif")
    assert [(t["code"], t["share"]) for t in entry["types"]] == [(crystal["name"], 1)]
    message = is_one_message(call("frameworks", "add", tmp_path / "unit.cif", "--name", "again"))
    assert f"this is {crystal['name']}" in message


def flawed():
    atoms = sod().repeat((3, 3, 3))
    return atoms[np.setdiff1d(np.arange(len(atoms)), [5, 100, 211])]


def double_diamond():
    """Two nets of diamond (as ideal cristobalite, a = 7.16 Å) through each other, in the smallest cell of both."""
    oxygens = [[1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]
    places = np.vstack([[[0, 0, 0], [0.5, 0.5, 0.5]], np.array(oxygens) / 4])
    return Atoms("Si2O4", scaled_positions=places, cell=np.eye(3) * 3.58, pbc=True)


def square_layer():
    return Atoms("Si", positions=[[0, 0, 0]], cell=[3.1, 3.1, 20], pbc=True).repeat((2, 2, 1))


REFUSED = {
    "in the table": (sod, "this is SOD, which is in the table"),
    "flawed": (flawed, "SOD, which is in the table already, but not perfect"),
    "no T": (lambda: Atoms("O2", positions=[[0, 0, 0], [3, 0, 0]], cell=np.eye(3) * 9, pbc=True), "no T sites"),
    "no bond": (lambda: Atoms("Si", cell=np.eye(3) * 9, pbc=True), "no T is bonded"),
    "two nets": (lambda: double_diamond().repeat((2, 2, 2)), "2 nets (8, 8 T) that no bond joins"),
    "two nets in a small cell": (double_diamond, "2 nets that pass through each other"),
    "a layer": (square_layer, "periodic in 2 directions"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_new_crystal_is_refused(data, tmp_path, case):
    make, named = REFUSED[case]
    ase.io.write(tmp_path / "x.extxyz", make())
    message = refused("frameworks", "add", tmp_path / "x.extxyz", "--name", "mine")
    assert named in message
    assert "x.extxyz" in message
    assert not data.exists()


def test_disorder_is_refused(data, unseeded):
    for frame in (0, 4):
        message = is_one_message(call("frameworks", "add", unseeded, "--frame", frame, "--name", "mine"))
        assert "not crystalline" in message
    assert not data.exists()


def beads(positions, cell):
    return make_frame(positions, cell, [0] * len(positions), ["T"], {"T": 60.0})


def wrong_input(case, folder):
    """A file with something wrong in it, and what the message says of it."""
    path = folder / "wrong.gsd"
    cell, sites = start_structure("SOD")
    frame = beads(sites, cell)
    if case == "no T":
        frame.particles.types = ["S"]
        named = "no type 'T'"
    elif case == "no T among the beads":
        frame.particles.types = ["S", "T"]
        named = "no T sites"
    elif case == "NaN":
        frame.particles.position[3] = np.nan
        named = "1 of 12 positions are not finite numbers; the first is site 3"
    elif case == "NaN oxygen":
        path = folder / "wrong.extxyz"
        atoms = silicon_three()
        atoms.positions[-1] = np.nan
        ase.io.write(path, atoms)
        return path, "not finite"
    elif case == "small cell":
        frame = beads([[0.5, 0.5, 0.5]], np.diag([2.0, 9, 9]))
        named = "the cell is smaller than a bond: its shortest lattice vector is 2 Å"
    elif case == "small skewed cell":
        frame = beads([[0.5, 0.5, 0.5]], np.array([[9.0, 0, 0], [8, 2, 0], [0, 0, 9]]))
        named = "the cell is smaller than a bond: its shortest lattice vector is 2.24 Å"
    elif case == "no cell":
        path = folder / "wrong.extxyz"
        path.write_text('2\nProperties=species:S:1:pos:R:3 pbc="T T T"\nSi 0 0 0\nSi 3 0 0\n')
        return path, "no volume"
    if case == "empty":
        gsd.hoomd.open(str(path), "w").close()
        return path, "no frames"
    if case == "empty extxyz":
        path = folder / "wrong.extxyz"
        path.write_text("")
        return path, "wrong.extxyz"
    write_frame(path, frame if case != "truncated" else beads(*large()))
    if case == "truncated":
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        named = "wrong.gsd"
    return path, named


def large():
    cell, sites = start_structure("MFI")
    return sites, cell


@pytest.mark.parametrize("command", ["identify", "add"])
@pytest.mark.parametrize(
    "case",
    [
        "no T", "no T among the beads", "NaN", "NaN oxygen", "small cell", "small skewed cell", "no cell", "empty",
        "empty extxyz", "truncated",
    ],
)  # fmt: skip
def test_wrong_input_gives_one_message(data, tmp_path, command, case):
    path, named = wrong_input(case, tmp_path)
    arguments = ["identify", path] if command == "identify" else ["frameworks", "add", path, "--name", "mine"]
    message = refused(*arguments)
    assert named in message
    assert path.name in message
    assert not data.exists()


def test_a_truncated_trajectory_is_read_up_to_where_it_is_damaged_or_refused(data, tmp_path, unseeded):
    content = unseeded.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path = tmp_path / "cut.gsd"
        path.write_bytes(content[: int(share * len(content))])
        done = call("identify", path, "--frame", "-1")
        assert "Traceback" not in done.stderr
        assert done.returncode == 2
        assert "cut.gsd" in is_one_message(done)
