"""Order parameters against values known from theory."""

import numpy as np
import pytest

from zeocryst.errors import InputError
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites
from zeocryst.order import REGISTRY, measure

DIAMOND = 3.1 * 4 / 3**0.5


@pytest.fixture
def diamond():
    cell = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) * DIAMOND / 2
    return bonds_from_sites([[0, 0, 0], [DIAMOND / 4] * 3], cell)


def test_perfect_tetrahedra(diamond):
    found = measure(diamond).values
    assert found["tetrahedral_order"] == pytest.approx(1.0, abs=1e-6)
    # Steinhardt, Nelson, Ronchetti, PRB 28, 784 (1983): tetrahedron q4 = 0.509, q6 = 0.628
    assert found["steinhardt_q4"] == pytest.approx(0.5091750772173156, abs=1e-4)
    assert found["steinhardt_q6"] == pytest.approx(0.6285393610547089, abs=1e-4)
    assert found["q4_share"] == 1
    assert found["density_T_per_1000A3"] == pytest.approx(8000 / DIAMOND**3)
    assert found["rings6_per_T"] == pytest.approx(2)


def test_ideal_gas_has_no_tetrahedral_order():
    # Errington and Debenedetti, Nature 409, 318 (2001): q averages zero for independent directions
    rng = np.random.default_rng(1)
    network = bonds_from_sites(rng.random((4000, 3)) * 60, np.eye(3) * 60)
    q = measure(network, ["tetrahedral"]).sites["tetrahedral_order"]
    assert abs(q.mean()) < 4 * q.std() / 4000**0.5


def test_q_n_of_a_chain():
    network = bonds_from_sites([[0, 0, 0], [3.1, 0, 0], [6.2, 0, 0], [20, 20, 20]], np.eye(3) * 40)
    found = measure(network, ["coordination"]).values
    assert [found[f"q{n}_share"] for n in range(5)] == [0.25, 0.5, 0.25, 0, 0]
    assert found["mean_coordination"] == 1


def test_undefined_is_nan():
    network = bonds_from_sites([[0, 0, 0], [10, 10, 10]], np.eye(3) * 40)
    found = measure(network)
    assert np.isnan(found.values["tetrahedral_order"])
    assert np.isnan(found.values["steinhardt_q4"])
    assert np.isnan(found.sites["steinhardt_q6"]).all()
    assert found.values["crystalline_share"] == 0


def test_rotation_shift_and_renumbering_change_nothing():
    from scipy.spatial.transform import Rotation

    cell, sites = start_structure("SGT")
    rng = np.random.default_rng(2)
    sites = sites + rng.normal(scale=0.05, size=sites.shape)
    turn = Rotation.random(random_state=3).as_matrix()
    order = rng.permutation(len(sites))
    base = measure(bonds_from_sites(sites, cell)).values
    other = measure(bonds_from_sites((sites[order] + [1.0, 2, 3]) @ turn.T, cell @ turn.T)).values
    assert list(base) == list(other)
    for name, value in base.items():
        assert other[name] == pytest.approx(value, abs=1e-5), name


def test_a_subset_and_an_unknown_name(diamond):
    assert set(measure(diamond, ["density"]).values) == {"density_T_per_1000A3"}
    with pytest.raises(InputError, match="did you mean 'steinhardt'"):
        measure(diamond, ["steinhart"])
    assert all(entry.compute.__doc__ for entry in REGISTRY.values())


def test_what_a_name_needs_is_said(diamond):
    for names, message in (
        (["pair_distribution"], "give the frame"),
        (["environment"], "environment:SGT"),
        (["environment:SGTT"], "no start structure"),
        (["rings:SGT"], "nothing after a colon"),
    ):
        with pytest.raises(InputError, match=message):
            measure(diamond, names)


@pytest.mark.parametrize(
    ("basis", "neighbours", "cutoff", "q4", "q6"),
    [
        # Steinhardt, Nelson, Ronchetti, PRB 28, 784 (1983); Mickel et al., J. Chem. Phys. 138, 044501 (2013)
        ([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]], 12, 0.75, 0.19094, 0.57452),  # fcc
        ([[0, 0, 0], [0.5, 0.5, 0.5]], 14, 1.01, 0.036, 0.511),  # bcc
        ([[0, 0, 0]], 6, 1.01, 0.76376, 0.35355),  # simple cubic
    ],
)
def test_bond_order_of_simple_crystals(basis, neighbours, cutoff, q4, q6):
    a = 5.0
    network = bonds_from_sites(np.array(basis) * a, np.eye(3) * a, cutoff * a, neighbours)
    found = measure(network, ["steinhardt"]).values
    assert found["steinhardt_q4"] == pytest.approx(q4, abs=6e-4)
    assert found["steinhardt_q6"] == pytest.approx(q6, abs=6e-4)
    # all sites are alike, so averaging over the neighbours changes nothing (Lechner, Dellago 2008)
    assert found["steinhardt_q4_averaged"] == pytest.approx(q4, abs=6e-4)
    assert found["steinhardt_q6_averaged"] == pytest.approx(q6, abs=6e-4)


def test_averaging_over_the_neighbours_by_hand():
    """In diamond the two kinds of tetrahedra are inverse, which even l does not see; a chain is done by hand."""
    from scipy.special import sph_harm_y

    positions = np.array([[0.0, 0, 0], [3.0, 0, 0], [3.0, 3.0, 0]])
    network = bonds_from_sites(positions, np.eye(3) * 40)
    q = {}
    for i, others in ((0, [1]), (1, [0, 2]), (2, [1])):
        vectors = positions[others] - positions[i]
        theta = np.arccos(vectors[:, 2] / 3.0)
        phi = np.arctan2(vectors[:, 1], vectors[:, 0])
        q[i] = np.array([sph_harm_y(4, m, theta, phi).mean() for m in range(-4, 5)])
    mean = {0: (q[0] + q[1]) / 2, 1: (q[0] + q[1] + q[2]) / 3, 2: (q[1] + q[2]) / 2}
    expected = [np.sqrt(4 * np.pi / 9 * (abs(mean[i]) ** 2).sum()) for i in range(3)]
    assert measure(network, ["steinhardt"]).sites["steinhardt_q4_averaged"] == pytest.approx(expected, abs=1e-5)


def test_solid_bonds_are_the_eclipsed_ones(diamond):
    # every bond of diamond is staggered (c = -1), one of four in lonsdaleite is eclipsed (c = -1/9)
    found = measure(diamond, ["solid_liquid"])
    assert found.values["solid_bond_share"] == 0
    assert found.values["largest_solid_sites"] == 0
    a, c = 3.1 * np.sqrt(8 / 3), 3.1 * 8 / 3
    cell = np.array([[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, c]])
    scaled = [[1 / 3, 2 / 3, 1 / 16], [2 / 3, 1 / 3, 9 / 16], [1 / 3, 2 / 3, 7 / 16], [2 / 3, 1 / 3, 15 / 16]]
    lonsdaleite = bonds_from_sites(np.array(scaled) @ cell, cell)
    assert (lonsdaleite.degree == 4).all()
    found = measure(lonsdaleite, ["solid_liquid"])
    assert found.values["solid_bond_share"] == pytest.approx(0.25)
    assert found.sites["solid_bonds"].tolist() == [1, 1, 1, 1]
    assert found.values["solid_share"] == 0
    # the two tetrahedra of a bond of SOD are turned by 30 degrees: c = 0
    cell, sites = start_structure("SOD")
    found = measure(bonds_from_sites(sites, cell), ["solid_liquid"]).values
    assert (found["solid_share"], found["largest_solid_sites"]) == (1, len(sites))
    alone = bonds_from_sites([[0, 0, 0], [10, 10, 10]], np.eye(3) * 40)
    assert np.isnan(measure(alone, ["solid_liquid"]).values["solid_bond_share"])


def test_the_largest_grain_has_a_name(sgt):
    from zeocryst.network.bonds import network_of_frame

    found = measure(network_of_frame(sgt)[0], ["crystallinity"])
    assert found.words == {"largest_grain_framework": "SGT"}
    empty = bonds_from_sites([[0, 0, 0], [10, 10, 10]], np.eye(3) * 40)
    assert measure(empty, ["crystallinity"]).words == {"largest_grain_framework": ""}
