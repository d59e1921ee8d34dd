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
    assert all(function.__doc__ for function in REGISTRY.values())
