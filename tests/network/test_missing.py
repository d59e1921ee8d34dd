"""O that a file lacks, and water at T of the framework."""

import numpy as np
import pytest

from zeocryst.answers.identify import identify_network
from zeocryst.network.bonds import bonds_from_oxygens
from zeocryst.order.crystal import run_spglib

#: Without one of their O sites, what is left of the net is a part of another type's (by search over all types).
TAKEN_FOR_OTHERS = {
    "CGS": "GIS", "LIO": "FRA|LOS", "AFO": "AHT", "AVL": "EAB", "IFY": "LTA", "PCS": "OKO", "AET": "PSI|VFI",
    "SWY": "AFT|AFX|CHA", "OBW": "NPT", "SSO": "SFN", "EMT": "FAU", "LTF": "MAZ", "SFW": "AFV|GME",
}  # fmt: skip


def parts(atoms):
    return atoms.positions[atoms.numbers == 14], atoms.positions[atoms.numbers == 8], np.asarray(atoms.cell[:])


def orbits(atoms):
    """Numbers of the O, site by site."""
    atoms = atoms[(atoms.numbers == 14) | (atoms.numbers == 8)]
    data = run_spglib(atoms.positions, atoms.numbers, np.asarray(atoms.cell[:]), 0.01)
    orbit = np.asarray(data.crystallographic_orbits)
    mine = np.flatnonzero(atoms.numbers == 8)
    return atoms, [mine[orbit[mine] == o] for o in np.unique(orbit[mine])]


def names(atoms):
    t, o, cell = parts(atoms)
    network = bonds_from_oxygens(t, o, cell)
    return [row["code"] for row in identify_network(network, o)["types"]], network


@pytest.mark.parametrize("code", [*sorted(TAKEN_FOR_OTHERS), "PAU"])
def test_a_crystal_without_one_of_its_oxygen_sites_is_no_other_crystal(reference, code):
    atoms, sites = orbits(reference[code])
    chosen = sites[:1] if code == "PAU" else sites[:2]
    for site in chosen:
        left = atoms.copy()
        del left[site.tolist()]
        found, network = names(left)
        assert set(found) <= {code}
        assert network.restored == len(site)


def test_bonds_over_missing_oxygens_are_those_that_were(reference):
    rng = np.random.default_rng(8)
    for code in ("MFI", "CHA", "LTA", "ABW", "FAU"):
        atoms = reference[code]
        whole = bonds_from_oxygens(*parts(atoms))
        oxygen = np.flatnonzero(atoms.numbers == 8)
        left = atoms.copy()
        lost = rng.permutation(oxygen)[: len(oxygen) // 10]
        del left[lost.tolist()]
        network = bonds_from_oxygens(*parts(left))
        assert network.restored == len(lost)
        assert pairs(network) == pairs(whole)


def pairs(network):
    return sorted(map(tuple, np.sort(np.column_stack([network.first, network.second])).tolist()))


def test_whole_structures_lack_nothing(references):
    """Interrupted frameworks end with hydroxyl groups: their T have four O."""
    for code, reference in references.items():
        found = bonds_from_oxygens(*parts(reference.atoms))
        assert found.restored == 0, code


def test_planar_groups_lack_nothing():
    """BO3 above BO3, 3.3 Å apart."""
    turn = np.radians([90, 210, 330])
    ring = 1.37 * np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    oxygens = np.vstack([ring, ring @ np.diag([1, -1, 1]) + [0, 0, 3.3]])
    found = bonds_from_oxygens([[0, 0, 0], [0, 0, 3.3]], oxygens + 10, np.eye(3) * 30)
    assert (found.restored, len(found.first)) == (0, 0)
    # pyramids that open towards each other do
    up, down = ring * [1, 1, 0] + [0, 0, -0.5], ring @ np.diag([1, -1, 1]) * [1, 1, 0] + [0, 0, 3.7]
    found = bonds_from_oxygens([[10, 10, 10], [10, 10, 13.2]], np.vstack([up, down]) + 10, np.eye(3) * 30)
    assert (found.restored, len(found.first)) == (1, 1)


@pytest.mark.parametrize("code", ["AFI", "VFI", "CHA"])
def test_water_at_aluminium_takes_no_place_of_the_framework(reference, code):
    """Two water molecules at every fifth T, nearer than the framework's O."""
    atoms = reference[code]
    t, o, cell = parts(atoms)
    whole = bonds_from_oxygens(t, o, cell)
    water = []
    for k in range(0, len(t), 5):
        away = o[:, None] + np.array(list(np.ndindex(3, 3, 3)))[None] @ cell - cell.sum(axis=0) - t[k]
        away = away.reshape(-1, 3)
        four = away[np.argsort(np.linalg.norm(away, axis=1))[:4]]
        for face in ((0, 1, 2), (1, 2, 3)):
            direction = four[list(face)].sum(axis=0)
            water.append(t[k] + 1.5 * direction / np.linalg.norm(direction))
    wet = bonds_from_oxygens(t, np.vstack([o, water]), cell)
    assert pairs(wet) == pairs(whole)
