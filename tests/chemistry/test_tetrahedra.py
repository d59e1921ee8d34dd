"""Which atoms are T: by element and surroundings, in frameworks whose T are known."""

import ase
import ase.io
import numpy as np
import pytest
from conftest import shared
from zoo import GUESTS, silica, with_guest

from zeocryst.answers.identify import identify_files, in_words
from zeocryst.chemistry.elements import OXYGEN_A, RADII
from zeocryst.chemistry.roles import checked_roles, parse_types
from zeocryst.chemistry.sites import sites_of_atoms
from zeocryst.errors import InputError
from zeocryst.order.derive import network_of

#: T on 2-connected sites, or with other disorder in the reference.
FEW = ["CHA", "LTA", "MFI", "FAU", "ABW", "SOD", "AFI", "BEA", "RTH", "VSV", "LOV", "-CLO"]


@pytest.fixture(scope="module")
def some(reference):
    return {code: silica(reference[code]) for code in FEW if code in reference}


def test_guests_are_no_tetrahedra(some):
    rng = np.random.default_rng(3)
    tried = 0
    for code, atoms in some.items():
        n = int((atoms.numbers == 14).sum())
        for name in GUESTS:
            made = with_guest(atoms, name, rng)
            if made is None:
                continue
            account = sites_of_atoms(made, {}).account
            assert account["T"] == {"Si": n}, (code, name, account)
            metal = GUESTS[name][0][0]
            if metal != "O":
                assert account["left_out"][metal] == 1
            tried += 1
    assert tried > 120


@pytest.mark.parametrize("element", [e for e in RADII if e != "Si"])
def test_each_element_is_found_in_frameworks(some, element):
    rng = np.random.default_rng(5)
    for code, atoms in some.items():
        t = np.flatnonzero(atoms.numbers == 14)
        made = atoms.copy()
        chosen = rng.permutation(t)[: max(1, len(t) // 4)]
        made.symbols[chosen] = element
        scale = np.clip((RADII[element] + OXYGEN_A) / 1.61, 1, 1.2)
        made.set_cell(made.cell[:] * scale, scale_atoms=True)
        found = sites_of_atoms(made, {})
        assert found.account["T"] == {"Si": len(t) - len(chosen), element: len(chosen)}, code
        assert (found.t == t).all()


def test_a_metal_without_its_bridges_is_none(some):
    atoms = some["CHA"]
    t = np.flatnonzero(atoms.numbers == 14)
    network = network_of(atoms)
    for lost in (0, 1, 2):
        made = atoms.copy()
        made.symbols[t[0]] = "Zn"
        around = np.argsort(made.get_distances(t[0], np.flatnonzero(made.numbers == 8), mic=True))[:lost]
        del made[np.flatnonzero(made.numbers == 8)[around].tolist()]
        found = sites_of_atoms(made, {}).account
        assert ("Zn" in found["T"]) == (lost < 2)
        assert ("Zn" in found["left_out"]) == (lost == 2)
        assert any("1 Zn not joined" in note for note in found["notes"]) == (lost == 2)
    assert network.degree[0] == 4


@pytest.mark.parametrize(
    ("name", "symbols", "scaled", "cell"),
    [
        # wurtzite: four Zn share each O
        ("ZnO", "Zn2O2", [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.382], [2 / 3, 1 / 3, 0.882]],
         [3.25, 3.25, 5.21, 90, 90, 120]),
        # rutile: Ti with six O
        ("TiO2", "Ti2O4", [[0, 0, 0], [0.5, 0.5, 0.5], [0.305, 0.305, 0], [-0.305, -0.305, 0],
                           [0.195, 0.805, 0.5], [0.805, 0.195, 0.5]], [4.594, 4.594, 2.959, 90, 90, 90]),
        # rock salt
        ("NaCl", "NaCl", [[0, 0, 0], [0.5, 0.5, 0.5]], [4, 4, 4, 90, 90, 90]),
    ],
)  # fmt: skip
def test_oxides_that_are_no_frameworks_have_no_t(name, symbols, scaled, cell):
    atoms = ase.Atoms(symbols, scaled_positions=scaled, cell=cell, pbc=True)
    with pytest.raises(InputError, match="no T sites among") as error:
        sites_of_atoms(atoms, {})
    assert "T=Zn" not in str(error.value)
    assert "T=Ti" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (None, {}), ("", {}), ("T=Si", {"T": ("Si",)}), ("T=Al,P", {"T": ("Al", "P")}),
        ("T=1,O=2", {"T": ("1",), "O": ("2",)}), (" T = Al , P , S = X ", {"T": ("Al", "P"), "S": ("X",)}),
    ],
)  # fmt: skip
def test_types_are_names_by_role(text, roles):
    assert parse_types(text) == roles


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("T=Al,T=P", "T=Al,P"), ("O=O,T=Si,O=2", "O=O,2"), ("T=O,O=O", "as T and as O"), ("Al,P", "ROLE=NAME"),
        ("T=", "ROLE=NAME"), ("T=Al,,P", "ROLE=NAME"), ("Q=Al", "ROLE=NAME"), ("T=Al=P", "ROLE=NAME"),
    ],
)  # fmt: skip
def test_types_that_contradict_themselves_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        parse_types(text)


def test_roles_from_python_take_a_name_or_several():
    assert checked_roles({"T": "Si"}, "types") == checked_roles({"T": ["Si"]}, "types") == {"T": ("Si",)}
    with pytest.raises(InputError, match="types"):
        checked_roles({"T": ()}, "types")


@pytest.mark.parametrize(
    ("case", "code"), [("alpo4/afi_alpo.extxyz", "AFI"), ("borosilicate/mfi_b4.extxyz", "MFI")]
)
def test_frameworks_of_other_elements_are_named(case, code):
    [entry] = identify_files([shared(f"cases/{case}")])["files"]
    assert [(row["code"], row["share"]) for row in entry["types"]] == [(code, 1)]
    assert entry["amorphous_share"] == 0
    assert sum(entry["atoms"]["T"].values()) == entry["n_sites"]
    assert "T: " in in_words(entry)


def test_several_names_make_one_network(some, tmp_path):
    """AlPO4: with one of its elements alone nothing is joined, with both it is the framework."""
    atoms = some["AFI"]
    network = network_of(atoms)
    side = np.full(network.n_sites, -1)
    side[0] = 0
    while (side < 0).any():
        for a, b in ((network.first, network.second), (network.second, network.first)):
            new = (side[a] >= 0) & (side[b] < 0)
            side[b[new]] = 1 - side[a[new]]
    assert (side[network.first] != side[network.second]).all()
    made = atoms.copy()
    made.symbols[np.flatnonzero(made.numbers == 14)] = np.array(["Al", "P"])[side]
    ase.io.write(tmp_path / "a.extxyz", made)
    for types, code in ((None, ["AFI"]), ({"T": ("Al", "P")}, ["AFI"]), ({"T": "Al"}, [])):
        [entry] = identify_files([tmp_path / "a.extxyz"], None, types)["files"]
        assert [row["code"] for row in entry["types"]] == code
        assert entry["atoms"]["left_out"] == ({"P": len(side) // 2} if types == {"T": "Al"} else {})


@pytest.mark.slow
def test_all_types_with_all_guests_and_elements(reference):
    rng = np.random.default_rng(7)
    wrong = []
    for code in reference:
        atoms = silica(reference[code])
        t = np.flatnonzero(atoms.numbers == 14)
        for name in rng.permutation(list(GUESTS))[:4]:
            made = with_guest(atoms, name, rng)
            if made is not None and sites_of_atoms(made, {}).account["T"] != {"Si": len(t)}:
                wrong.append((code, name))
        for element in rng.permutation([e for e in RADII if e != "Si"])[:4]:
            made = atoms.copy()
            made.symbols[rng.permutation(t)[: max(1, len(t) // 3)]] = element
            if len(sites_of_atoms(made, {}).t) != len(t):
                wrong.append((code, element))
    assert {code for code, _ in wrong} <= {"RON"}, wrong  # its reference has O with a single T
