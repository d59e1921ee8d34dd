"""Q4(nAl), Si/Al from it, and the 29Si spectrum."""

from math import comb

import numpy as np
import pytest
from ase import Atoms
from t_nets import crystal, graph, silica

from zeocryst.errors import InputError
from zeocryst.heteroatoms.alternation import alternate, odd_ring
from zeocryst.heteroatoms.balance import balance
from zeocryst.heteroatoms.environments import aluminium_record, environments, spectrum
from zeocryst.heteroatoms.placement import number_for_ratio, place, substitute
from zeocryst.network.bonds import network_of_bonds, repeat_network


def symbols_of(taken):
    return np.where(taken, "Al", "Si").tolist()


def test_one_al_in_a_cage_of_sodalite():
    """Four of the eleven Si are beside it."""
    found = environments(["Al"] + ["Si"] * 11, crystal("SOD"))
    assert found["n_Al"] == 1
    assert found["si_al"] == found["si_al_from_q4"] == 11
    assert found["q4_nAl"] == pytest.approx([7 / 11, 4 / 11, 0, 0, 0])
    assert found["al_o_si_o_al"] == found["al_o_al"] == 0


@pytest.mark.parametrize("code", ["SOD", "SGT", "MFI", "FAU", "RWY"])
@pytest.mark.parametrize("how", ["random", "clustered", "spread"])
def test_si_al_from_q4_is_exact_without_al_o_al(code, how):
    network = crystal(code)
    for ratio in (3.2, 5, 11):
        taken = place(network, number_for_ratio(network.n_sites, ratio), how=how).taken
        found = environments(symbols_of(taken), network)
        assert found["exact_from_q4"]
        assert found["si_al_from_q4"] == pytest.approx(found["si_al"], rel=1e-12)
        assert sum(found["q4_nAl"]) == pytest.approx(1)


def test_si_al_from_q4_is_wrong_and_said_to_be_where_al_are_neighbours():
    """Of two bonded Al three bonds each lead to Si: 10 Si with 6 bonds to Al are 40/6, not 5."""
    network = crystal("SOD")
    other = int(network.second[np.flatnonzero(network.first == 0)[0]])
    found = environments(["Al" if k in (0, other) else "Si" for k in range(12)], network)
    assert found["al_o_al"] == 1
    assert not found["exact_from_q4"]
    assert found["si_al"] == 5
    assert found["si_al_from_q4"] == pytest.approx(40 / 6)


@pytest.mark.parametrize("code", ["SGT", "MFI", "STT", "CHA"])
@pytest.mark.parametrize("ratio", [4, 7, 12])
def test_shares_are_within_three_points_of_the_binomial(code, ratio):
    network = crystal(code, (2, 2, 2))
    number = number_for_ratio(network.n_sites, ratio)
    share = number / (network.n_sites - number)
    binomial = [comb(4, n) * share**n * (1 - share) ** (4 - n) for n in range(5)]

    def off(how, seeds):
        mean = np.mean([
            environments(symbols_of(place(network, number, how=how, seed=s).taken), network)["q4_nAl"] for s in seeds
        ], axis=0)  # fmt: skip
        return np.abs(mean - binomial).max()

    assert off("random", range(12)) < 0.03
    assert off("clustered", range(1)) > 0.03
    assert environments(symbols_of(place(network, number).taken), network)["binomial"] == pytest.approx(
        binomial
    )


def test_silicon_with_silanols_is_no_q4():
    """A chain of five T: no T has four bridges, and nothing follows from Q4."""
    found = environments(["Si", "Al", "Si", "Si", "Si"], graph(5, (0, 1), (1, 2), (2, 3), (3, 4)))
    assert found["q4_sites"] == 0
    assert found["q4_nAl"] is None
    assert found["si_al_from_q4"] is None
    assert not found["exact_from_q4"]
    assert found["si_al"] == 4


def angle_shift(angles, n):
    """Ramdas and Klinowski's relation for one Si whose bridges to Al, and then those to Si, have these angles."""
    legs = [3.37] * n + [3.24] * (4 - n)
    return (
        143.03
        + 7.95 * n
        - 20.34 * sum(leg * np.sin(np.radians(a) / 2) for leg, a in zip(legs, angles, strict=True))
    )


def test_the_relation_gives_what_was_measured():
    """NaA's one Si(4Al) at -89.6 ppm (148.4 degrees), siliceous A at -112.9 ppm (Thomas et al. 1984), Na-SOD -84.8."""
    assert angle_shift([148.4] * 4, 4) == pytest.approx(-89.6, abs=1)
    assert angle_shift([138.2] * 4, 4) == pytest.approx(-84.8, abs=3.5)
    assert angle_shift([152.5] * 4, 0) == pytest.approx(-112.9, abs=1)


def test_each_line_of_the_spectrum_is_that_of_its_angles():
    network = crystal("SGT")
    atoms, _ = substitute(silica("SGT"), network, ratio=4)
    atoms, _ = balance(atoms, network, by="none")
    found = spectrum(atoms, network)
    by_n = {}
    n_t = network.n_sites
    for site in range(n_t):
        if atoms.symbols[site] != "Si":
            continue
        angles = []
        for bond in np.flatnonzero((network.first == site) | (network.second == site)):
            other = int(network.first[bond] + network.second[bond]) - site
            angles.append((atoms.symbols[other] != "Al", atoms.get_angle(site, n_t + bond, other, mic=True)))
        angles.sort()
        n = sum(not si for si, _ in angles)
        by_n.setdefault(n, []).append(angle_shift([a for _, a in angles], n))
    assert [line["n"] for line in found["lines"]] == sorted(by_n)
    for line in found["lines"]:
        assert line["sites"] == len(by_n[line["n"]])
        assert line["mean"] == pytest.approx(np.mean(by_n[line["n"]]), abs=1e-6)
    means = [line["mean"] for line in found["lines"]]
    assert np.diff(means).min() > 2  # each Al shifts it up, by about 5 ppm
    assert found["without"] == 0
    assert sum(found["histogram"]["counts"]) == sum(map(len, by_n.values()))


def test_the_record_is_refused_where_there_is_none_of_the_element():
    with pytest.raises(InputError, match="no Al on the T sites"):
        aluminium_record(silica("SOD"), crystal("SOD"))


def test_al_and_p_alternate_in_nets_of_two_colours():
    for code in ("SOD", "CHA", "AFI"):
        network = crystal(code)
        new = alternate(silica(code), network)
        kinds = np.array(new.get_chemical_symbols()[: network.n_sites])
        assert (kinds[network.first] != kinds[network.second]).all()
        assert sorted(set(kinds)) == ["Al", "P"]
        made, balanced = balance(new, network, by="none")
        assert balanced.neutral
        lengths = [made.get_distance(b, network.n_sites + k, mic=True) for k, b in enumerate(network.first)]
        al = kinds[network.first] == "Al"
        assert np.mean(np.array(lengths)[al]) == pytest.approx(1.74, abs=0.02)
        assert np.mean(np.array(lengths)[~al]) == pytest.approx(1.52, abs=0.02)


@pytest.mark.parametrize(("code", "size"), [("SGT", 5), ("MFI", 5), ("RWY", 3)])
def test_a_net_with_odd_rings_is_no_alpo_and_its_ring_is_named(code, size):
    network = crystal(code)
    ring = odd_ring(network)
    assert len(ring) == size
    beside = {(a, b) for a, b in zip(network.first.tolist(), network.second.tolist(), strict=True)}
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        assert (a, b) in beside or (b, a) in beside
    with pytest.raises(InputError, match=f"a ring of {size} T"):
        alternate(silica(code), network)


def test_a_cell_that_is_too_small_to_alternate_has_to_be_doubled():
    network = crystal("LTA")
    with pytest.raises(InputError, match="repeated 2 2 2 times"):
        alternate(silica("LTA"), network)
    assert odd_ring(network) == []
    doubled = repeat_network(network, (2, 2, 2))
    kinds = np.array(
        alternate(silica("LTA").repeat(2), doubled).get_chemical_symbols()
    )  # the T alone are looked at
    assert (kinds[doubled.first] != kinds[doubled.second]).all()


def test_two_nets_in_a_cell_that_each_need_another_vector_doubled():
    """Two sheets, odd along one vector each and even along the other: each alternates once its own is doubled."""
    sheet = [(0, 0, 1, 0, 0), (1, 1, 1, 0, 0), (0, 1, 0, 0, 0), (1, 0, 0, 1, 0)]
    other = [(2, 2, 0, 1, 0), (3, 3, 0, 1, 0), (2, 3, 0, 0, 0), (3, 2, 1, 0, 0)]
    with pytest.raises(InputError, match="repeated 2 2 1 times"):
        alternate(Atoms("Si4", cell=np.eye(3), pbc=True), network_of_bonds(sheet + other, 4))
