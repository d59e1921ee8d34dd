"""Shares of T in small rings, where they can be counted by hand."""

import numpy as np
import pytest

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, network_of_bonds
from zeocryst.order.ring_statistics import ring_statistics


def test_every_t_of_sodalite_is_in_two_four_rings_and_none_of_mtn_in_any():
    cell, sites = start_structure("SOD")
    found = ring_statistics(bonds_from_sites(sites, cell))
    assert found.values["t_in_4_rings_share"] == 1
    assert found.values["t_in_3_rings_share"] == 0
    assert found.sites["rings4"].tolist() == [2] * 12
    cell, sites = start_structure("MTN")
    assert ring_statistics(bonds_from_sites(sites, cell)).values["t_in_4_rings_share"] == 0


def test_a_triangle_and_a_square_with_a_common_site():
    bonds = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5), (2, 5), (5, 6)]
    found = ring_statistics(network_of_bonds([(*b, 0, 0, 0) for b in bonds], 8))
    assert found.values["t_in_3_rings_share"] == pytest.approx(3 / 8)
    assert found.values["t_in_4_rings_share"] == pytest.approx(4 / 8)
    assert found.sites["rings3"].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert found.sites["rings4"].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert np.sum([v for k, v in found.values.items() if k.endswith("_per_T")]) == pytest.approx(2 / 8)
