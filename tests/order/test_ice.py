"""CHILL+ on crystals whose answer is known, and against a twin from the addition theorem, pair by pair."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from zeocryst.condition import System
from zeocryst.errors import InputError
from zeocryst.model.forcefield import read_forcefield
from zeocryst.network.bonds import bonds_from_sites, network_of_frame
from zeocryst.order import REGISTRY, check_names, measure
from zeocryst.order.ice import CUBIC, HEXAGONAL, KINDS, ice
from zeocryst.solution.start import crystal


def of_framework(code, name="mw", repeat=(2, 2, 2)):
    return network_of_frame(crystal(System("framework", framework=code, repeat=repeat), read_forcefield(name)))[
        0
    ]


def twin(places, side):
    """Kinds as published: c_ij = sum over both sites' neighbours of P3(cos), normalized; a cubic box."""
    n = len(places)
    tree = cKDTree(places % side, boxsize=side)
    around = [[j for j in tree.query_ball_point(places[i] % side, 3.5) if j != i] for i in range(n)]

    def arms(i):
        d = places[around[i]] - places[i]
        d -= side * np.round(d / side)
        return d / np.linalg.norm(d, axis=1)[:, None]

    def product(i, j):
        c = arms(i) @ arms(j).T
        return ((5 * c**3 - 3 * c) / 2).sum()

    own = [product(i, i) for i in range(n)]
    kind = np.zeros(n, int)
    for i in range(n):
        c = np.array([product(i, j) / np.sqrt(own[i] * own[j]) for j in around[i]])
        s, e = (c <= -0.8).sum(), ((c >= -0.35) & (c <= 0.25)).sum()
        if len(c) != 4:
            continue
        if e >= 3:
            kind[i] = KINDS.index("clathrate") if e == 4 else KINDS.index("interfacial_clathrate")
        elif s == 4:
            kind[i] = KINDS.index("cubic_ice")
        elif s == 3 and e == 1:
            kind[i] = KINDS.index("hexagonal_ice")
        elif s in (2, 3):
            kind[i] = KINDS.index("interfacial_ice")
    return kind


@pytest.mark.parametrize("name", ["mw", "sw_silicon"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("dia", "cubic_ice"),
        ("lon", "hexagonal_ice"),
        ("MEP", "clathrate"),
        ("MTN", "clathrate"),
        ("DOH", "clathrate"),
    ],
)
def test_perfect_crystals_are_of_one_kind_in_water_and_in_silicon(code, expected, name):
    network = of_framework(code, name, (1, 1, 1))
    found = ice(network)
    assert found.values[f"{expected}_T"] == network.n_sites
    assert sum(found.values[f"{kind}_T"] for kind in KINDS) == network.n_sites
    assert found.values["largest_ice_cluster"] == (network.n_sites if expected.endswith("ice") else 0)
    assert set(found.sites["ice_kind"]) == {KINDS.index(expected)}


@pytest.mark.parametrize(("noise", "left"), [(0.1, 1.0), (0.3, 0.9), (0.6, 0.3)])
def test_the_twin_agrees_on_ice_that_shakes(noise, left):
    network = of_framework("dia", repeat=(3, 3, 3))
    side = float(network.cell[0, 0])
    places = network.positions + np.random.default_rng(1).normal(scale=noise, size=network.positions.shape)
    found = ice(bonds_from_sites(places, network.cell)).sites["ice_kind"]
    expected = twin(places, side)
    assert (found == expected).mean() > 0.995  # freud has single precision
    assert (expected == CUBIC).mean() <= left


def test_a_gas_and_a_single_site_are_liquid():
    places = np.random.default_rng(2).random((40, 3)) * 60
    assert ice(bonds_from_sites(places, np.eye(3) * 60)).values["liquid_T"] == 40
    assert ice(bonds_from_sites([[0.0, 0, 0]], np.eye(3) * 30)).values["largest_ice_cluster"] == 0


def test_two_slabs_are_two_clusters():
    network = of_framework("lon", repeat=(4, 4, 6))
    z = network.positions[:, 2] / network.cell[2, 2] % 1
    keep = ((z > 0.05) & (z < 0.35)) | ((z > 0.5) & (z < 0.95))
    found = ice(bonds_from_sites(network.positions[keep], network.cell, 3.3))
    assert 0.4 * keep.sum() < found.values["largest_ice_cluster"] < 0.62 * keep.sum()
    assert set(found.sites["ice_kind"]) >= {HEXAGONAL}


def test_it_is_an_order_parameter_that_is_asked_for():
    assert not REGISTRY["ice"].default
    check_names(["ice"])
    with pytest.raises(InputError, match="takes nothing after a colon"):
        check_names(["ice:dia"])
    assert measure(of_framework("dia"), ["ice"]).values["cubic_ice_T"] == 64
