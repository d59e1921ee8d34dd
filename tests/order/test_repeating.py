"""Crystals that are no four-connected frameworks, by their positions."""

import numpy as np
import pytest
from ase import Atoms
from ase.spacegroup import crystal

from zeocryst.answers.identify import identify_network
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_oxygens
from zeocryst.network.sharing import oxygens_around, sharing_network
from zeocryst.network.translations import translations
from zeocryst.order.repeating import describe_repeating, repeating_crystal

#: Cell, sites, space group, coordination of T and directions in which they are joined. Stishovite: N. L. Ross et al.,
#: Am. Mineral. 75, 739 (1990); seifertite: P. Dera et al., Am. Mineral. 87, 1018 (2002); corundum: R. E. Newnham,
#: Y. M. de Haan, Z. Kristallogr. 117, 235 (1962); diopside: Am. Mineral. 93, 177 (2008), at 2.3 GPa; forsterite at
#: 900 °C: J. R. Smyth, R. M. Hazen, Am. Mineral. 58, 588 (1973).
PUBLISHED = {
    "stishovite": (
        136, [4.1801, 4.1801, 2.6678, 90, 90, 90], ["Si", "O"], [(0, 0, 0), (0.3067, 0.3067, 0)],
        "P4_2/mnm", {"6": 2}, 3,
    ),
    "seifertite": (
        60, [4.097, 5.0462, 4.4946, 90, 90, 90], ["Si", "O"], [(0, 0.1522, 0.25), (0.7336, 0.6245, 0.9186)],
        "Pbcn", {"6": 4}, 3,
    ),
    "corundum": (
        167, [4.7589, 4.7589, 12.991, 90, 90, 120], ["Al", "O"], [(0, 0, 0.35216), (0.30624, 0, 0.25)],
        "R-3c", {"6": 4}, 3,
    ),
    "diopside": (
        15, [9.6808, 8.8488, 5.218, 90, 105.606, 90], ["Si", "O", "O", "O"],
        [(0.28626, 0.0937, 0.22834), (0.11547, 0.08705, 0.14258), (0.36079, 0.25183, 0.31872),
         (0.35156, 0.01943, 0.99227)],
        "C2/c", {"4": 4}, 1,
    ),
    "forsterite": (
        62, [10.355, 6.060, 4.795, 90, 90, 90], ["Si", "O", "O", "O"],
        [(0.0943, 0.25, 0.4263), (0.0914, 0.25, 0.7631), (0.4497, 0.25, 0.2178), (0.1629, 0.0359, 0.2843)],
        "Pnma", {"4": 4}, 0,
    ),
}  # fmt: skip


def published(name):
    group, cell, symbols, places, *wanted = PUBLISHED[name]
    return crystal(symbols, places, spacegroup=group, cellpar=cell), wanted


def found_in(atoms):
    t, o = atoms.numbers != 8, atoms.numbers == 8
    cell = np.asarray(atoms.cell[:])
    crystal_found = repeating_crystal(atoms.positions[t], atoms.positions[o], cell)
    return None if crystal_found is None else describe_repeating(crystal_found, int(t.sum()))


def identified(atoms):
    t, o = atoms.numbers != 8, atoms.numbers == 8
    network = bonds_from_oxygens(atoms.positions[t], atoms.positions[o], np.asarray(atoms.cell[:]))
    return identify_network(network, atoms.positions[o])


def noisy(atoms, scale, seed=1):
    other = atoms.copy()
    other.positions += np.random.default_rng(seed).normal(scale=scale, size=other.positions.shape)
    return other


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_minerals_with_other_than_four_connected_t(name):
    atoms, (group, coordination, directions) = published(name)
    n = int((atoms.numbers != 8).sum())
    for same in (atoms, atoms.repeat((2, 2, 3))):
        found = identified(same)
        assert (found["types"], found["amorphous_share"]) == ([], 0)
        what = found["crystal"]
        assert (what["space_group"], what["four_connected"]) == (group, False)
        assert (what["coordination"], what["directions"]) == (coordination, directions)
        assert what["n_T_sites"] == 1
        assert what["T_per_cell"] == n
        assert what["perfect"]
        assert what["sites"] == found["n_sites"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stishovite_with_noise_and_without_some_atoms(seed):
    """Atoms 0.1 Å off in each direction; then a missing T; then 2 % of all atoms missing."""
    atoms, _ = published("stishovite")
    large = atoms.repeat((4, 4, 6))
    t = int(np.flatnonzero(large.numbers == 14)[7])
    some = np.random.default_rng(seed).random(len(large)) > 0.02
    for kept, perfect in (
        (np.ones(len(large), dtype=bool), True), (np.arange(len(large)) != t, False), (some, False)
    ):  # fmt: skip
        found = found_in(noisy(large[kept], 0.1, seed))
        assert (found["space_group"], found["coordination"], found["perfect"]) == (
            "P4_2/mnm",
            {"6": 2},
            perfect,
        )
        assert found["sites"] == (large.numbers[kept] == 14).sum()
        assert found["cell"][:3] == pytest.approx([4.1801, 4.1801, 2.6678], abs=0.02)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_disorder_is_none(seed):
    """Random places; a crystal whose atoms are 1 Å off; both with the density of stishovite."""
    atoms, _ = published("stishovite")
    rng = np.random.default_rng(seed)
    for repeat in ((2, 2, 3), (4, 4, 6)):
        large = atoms.repeat(repeat)
        other = large.copy()
        other.positions = rng.random((len(large), 3)) @ np.asarray(large.cell[:])
        assert found_in(other) is None
        assert found_in(noisy(large, 1.0, seed)) is None


def test_a_molecule_in_a_box_is_none():
    assert found_in(Atoms("SiO4", positions=[[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]],
                          cell=np.eye(3) * 20, pbc=True)) is None  # fmt: skip


def test_translations_by_hand():
    cell = np.diag([4.0, 5.0, 12.0])
    positions = np.array([[0, 0, 0], [0, 0, 4], [0, 0, 8.0]])
    moves = translations(positions, np.zeros(3, dtype=int), cell) % np.diag(cell)
    assert sorted(moves[:, 2].tolist()) == pytest.approx([4, 8])
    # another kind of atom at one of them leaves none
    assert len(translations(positions, np.array([0, 0, 1]), cell)) == 0


def test_oxygens_around_and_shared():
    """Edge-sharing octahedra in rutile: each T shares O with ten others (two by an edge, eight by a corner)."""
    atoms, _ = published("stishovite")
    t, o, cell = (
        atoms.positions[atoms.numbers == 14],
        atoms.positions[atoms.numbers == 8],
        np.asarray(atoms.cell[:]),
    )
    assert oxygens_around(t, o, cell).tolist() == [6, 6]
    assert sharing_network(t, o, cell).degree.tolist() == [10, 10]


def test_a_sheet_of_three_connected_tetrahedra():
    """A flat layer of six-rings (Q3), all apices up: P6mm, joined in two directions."""
    a = 5.2
    t = np.array([[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0]])
    bridges = np.array([[1 / 2, 1 / 2, -0.06], [0, 1 / 2, -0.06], [1 / 2, 0, -0.06]])
    places = np.vstack([t, bridges, t + [0, 0, 0.18]])
    cell = np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, 9.0]])
    sheet = Atoms("Si2O5", scaled_positions=places, cell=cell, pbc=True)
    for atoms in (sheet, noisy(sheet.repeat((4, 4, 2)), 0.08)):
        found = identified(atoms)
        what = found["crystal"]
        assert (found["types"], found["amorphous_share"]) == ([], 0)
        assert (what["space_group"], what["coordination"], what["directions"]) == ("P6mm", {"4": 2}, 2)


def test_a_framework_is_left_to_its_net():
    cell, sites = start_structure("SOD")
    assert repeating_crystal(sites, np.empty((0, 3)), cell).is_four_connected
