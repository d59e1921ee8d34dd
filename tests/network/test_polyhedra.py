"""Cages against those known of frameworks, Euler's formula and simple bodies."""

from collections import Counter

import numpy as np
import pytest

from zeocryst.errors import InputError
from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, network_of_bonds, network_of_frame
from zeocryst.network.polyhedra import MOST_RINGS_PER_T, count_inside, find_cages, strong_rings
from zeocryst.network.rings import find_rings

#: Cages in the cell that `start_structure` gives. Database of Zeolite Structures (composite units and tilings); MTN:
#: H. Gies, Z. Kristallogr. 167, 73 (1984); DOH: H. Gerke, H. Gies, Z. Kristallogr. 166, 11 (1984); SGT (sigma-2):
#: A. Stewart, Zeolites 9, 140 (1989).
CAGES = {
    "SOD": (12, {"4^6.6^8": 2}),
    "MTN": (136, {"5^12": 16, "5^12.6^4": 8}),
    "DOH": (34, {"5^12": 3, "4^3.5^6.6^3": 2, "5^12.6^8": 1}),
    "SGT": (64, {"4^3.5^6": 8, "5^12.6^8": 4}),
    "LTA": (24, {"4^6": 3, "4^6.6^8": 1, "4^12.6^8.8^6": 1}),
    "CHA": (36, {"4^6.6^2": 3, "4^12.6^2.8^6": 3}),
    "FAU": (192, {"4^6.6^2": 16, "4^6.6^8": 8, "4^18.6^4.12^4": 8}),
}


@pytest.mark.parametrize("code", sorted(CAGES))
def test_cages_of_frameworks(code):
    cell, sites = start_structure(code)
    n_sites, wanted = CAGES[code]
    assert len(sites) == n_sites
    network = bonds_from_sites(sites, cell)
    largest = 12 if code == "FAU" else 8
    cages = find_cages(network, largest)
    assert Counter(cage.symbol for cage in cages) == wanted
    # these cages fill space, and the Euler characteristic of a three-torus is zero
    assert n_sites - len(network.first) + len(strong_rings(network, largest)) - len(cages) == 0


def test_sodalite_cages_in_any_cell():
    cell, sites = start_structure("SOD")
    primitive = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 2 @ cell
    inside = (sites @ np.linalg.inv(primitive)) % 1 % 1
    one = inside[np.unique(np.round(inside, 4) % 1, axis=0, return_index=True)[1]] @ primitive
    assert len(one) == 6
    skewed = np.array([[1, 0, 0], [2, 1, 0], [0, -1, 1]]) @ primitive
    for box in (primitive, skewed):
        cages = find_cages(bonds_from_sites(one, box))
        assert [cage.symbol for cage in cages] == ["4^6.6^8"]
        # the cage is whole: 24 sites at the same distance from its centre
        away = np.linalg.norm(cages[0].positions - cages[0].centre, axis=1)
        assert len(away) == 24
        assert away == pytest.approx(np.full(24, np.linalg.norm(cell[0]) * 5**0.5 / 4))


def test_waists_are_no_faces():
    # SOD has 32 primitive twelve-rings in its cell of 12 T, each the sum of four- and six-rings
    cell, sites = start_structure("SOD")
    network = bonds_from_sites(sites, cell)
    assert Counter(find_rings(network).size.tolist())[12] == 32
    assert Counter(len(ring) for ring in strong_rings(network, 12)) == {4: 6, 6: 8}
    # a six-ring alone is strong; a site bonded to every second one of its sites makes it the sum of three four-rings
    hexagon = [(k, (k + 1) % 6, 0, 0, 0) for k in range(6)]
    assert [len(r) for r in strong_rings(network_of_bonds(hexagon, 6))] == [6]
    corner = [(k, 6, 0, 0, 0) for k in (0, 2, 4)]
    assert [len(r) for r in strong_rings(network_of_bonds([*hexagon, *corner], 7))] == [4, 4, 4]


@pytest.mark.parametrize("seed", range(3))
def test_inside_and_outside_a_cube(seed):
    rng = np.random.default_rng(seed)
    corners = np.array(list(np.ndindex(2, 2, 2))) * 3.1
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    origin = rng.random(3) * 30
    cell = np.eye(3) * 25
    cages = find_cages(bonds_from_sites((corners @ turn.T + origin) % 25, cell, cutoff=3.3))
    assert [cage.symbol for cage in cages] == ["4^6"]
    points = rng.random((4000, 3)) * 6 - 1.5
    inside = ((points > 0) & (points < 3.1)).all(axis=1)
    moved = (points @ turn.T + origin) % 25
    for chosen, count in ((inside, inside.sum()), (~inside, 0), (slice(None), inside.sum())):
        assert count_inside(cages, moved[chosen], cell).tolist() == [count]
    assert count_inside(cages, np.zeros((0, 3)), cell).tolist() == [0]
    assert count_inside([], moved, cell).tolist() == []


def test_images_of_a_bead_count_in_a_cell_smaller_than_a_cage():
    cell, sites = start_structure("SOD")
    network = bonds_from_sites(sites, cell)
    cages = find_cages(network)
    centre = cages[0].centre
    assert count_inside(cages, [centre], cell).tolist() == [1, 0]
    # two truncated octahedra fill the cell: every point is in one of them, whichever image it is given as
    rng = np.random.default_rng(1)
    points = rng.random((2000, 3)) @ cell
    assert count_inside(cages, points, cell).sum() == 2000
    assert count_inside(cages, np.concatenate([points, points + cell[0]]), cell).sum() == 4000


def test_cage_statistics_of_a_crystal_with_templates(sgt, sod):
    from zeocryst.order.cage_statistics import cage_statistics

    for frame, kind, per_t, others in ((sgt, "5^12.6^8", 1 / 16, "4^3.5^6"), (sod, "4^6.6^8", 1 / 6, None)):
        network, beads = network_of_frame(frame)
        half = np.array(frame.configuration.box[:3]) / 2
        guests = np.delete(np.asarray(frame.particles.position, dtype=float), beads, axis=0) + half
        found = cage_statistics(network, guests)
        assert found.values[f"cages_{kind}_per_T"] == pytest.approx(per_t)
        assert found.values[f"cages_{kind}_with_S_share"] == 1
        if others:
            assert found.values[f"cages_{others}_with_S_share"] == 0
            assert found.values["cages_with_S_share"] == pytest.approx(1 / 3)
        assert cage_statistics(network, guests[::2]).values[f"cages_{kind}_with_S_share"] == 0.5
    assert found.sites["cages"].tolist() == [4] * network.n_sites  # four sodalite cages meet at each T


def test_no_cages():
    from zeocryst.order.cage_statistics import cage_statistics

    found = cage_statistics(bonds_from_sites([[0, 0, 0], [3.1, 0, 0]], np.eye(3) * 30), [[5, 5, 5]])
    assert found.values["cages_per_T"] == 0
    assert np.isnan(found.values["cages_with_S_share"])
    assert found.sites["cages"].tolist() == [0, 0]


def test_an_s_is_found_in_its_cage_in_any_orientation(sgt):
    """SGT has twelve cages in a cell, and an S in each of the four large ones, however the network is turned."""
    from dataclasses import replace

    from zeocryst.order.cage_statistics import cages

    network, _ = network_of_frame(sgt)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    turned = replace(network, positions=network.positions @ turn.T, cell=network.cell @ turn.T)
    for found in (cages(network, sgt), cages(turned, sgt)):
        assert found.values["cages_with_S_share"] == pytest.approx(4 / 12)
        assert found.values["cages_per_T"] == pytest.approx(12 / 64)


def test_nets_as_dense_as_quartz_have_no_telling():
    """Of the rings of quartz nearly any close some surface: the search among them had no end."""
    from zeocryst.frameworks.table import nets
    from zeocryst.order.cage_statistics import cage_statistics

    quartz, analcime = (network_of_bonds(nets()[code][0], len(nets()[code][1])) for code in ("qtz", "ANA"))
    with pytest.raises(InputError, match="rings for each T"):
        find_cages(quartz)
    found = cage_statistics(quartz, np.zeros((0, 3)))
    assert np.isnan(list(found.values.values())).all()
    assert found.sites["cages"].tolist() == [-1] * quartz.n_sites
    # of the framework types ANA has most
    assert len(strong_rings(analcime, 8)) < MOST_RINGS_PER_T * analcime.n_sites
