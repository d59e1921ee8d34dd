"""Which T become Al: the rule, evenness, how many there is room for."""

import networkx as nx
import numpy as np
import pytest
from scipy.stats import chi2
from t_nets import as_bits, crystal, graph, independent_sets, pairs_on_a_site, silica

from zeocryst.errors import InputError
from zeocryst.heteroatoms import lattice
from zeocryst.heteroatoms.lattice import Lattice, capacity, quick_bound
from zeocryst.heteroatoms.placement import number_for_ratio, place, substitute

TEN = ("SOD", "CHA", "SGT", "MFI", "FER", "STT", "AFI", "BEA", "LTA", "DOH")


@pytest.mark.parametrize("code", TEN)
def test_no_al_beside_al_in_a_hundred_placements_of_six_ratios(code):
    network = crystal(code, (2, 2, 1) if code in ("SOD", "LTA") else (1, 1, 1))
    placed = 0
    for ratio in (2, 3, 4, 7, 15, 23):
        number = number_for_ratio(network.n_sites, ratio)
        for seed in range(17):
            taken = place(network, number, seed=seed).taken
            assert taken.sum() == number
            assert not (taken[network.first] & taken[network.second]).any()
            placed += 1
    assert placed == 102


def even(network, number, samples):
    """Probability that an even draw is as uneven as what was drawn, or more."""
    sets = dict.fromkeys(independent_sets(network, number), 0)
    for seed in range(samples):
        sets[as_bits(place(network, number, seed=seed).taken)] += 1
    return uneven(list(sets.values()))


def uneven(counts):
    expected = sum(counts) / len(counts)
    return chi2.sf(sum((c - expected) ** 2 / expected for c in counts), len(counts) - 1)


#: Two rings over a double bond, with a tail, a site bonded to its own image, one without bonds: a piece of gel.
GEL = graph(13, (0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (4, 5), (4, 5), (5, 6), (6, 7), (7, 8), (8, 5), (8, 9),
            (9, 10), (10, 10), (10, 11))  # fmt: skip


@pytest.mark.parametrize(
    ("network", "number", "samples"),
    [
        (crystal("SOD"), 3, 500),
        (crystal("SOD"), 5, 150),
        (crystal("SOD"), 6, 100),
        (crystal("LTA"), 9, 400),
        (GEL, 4, 1200),
        (GEL, 5, 400),
    ],
    ids=["SOD-3", "SOD-5", "SOD-6", "LTA-9", "gel-4", "gel-5"],
)
def test_each_configuration_is_as_likely_as_any_other(network, number, samples):
    assert samples > 5 * len(independent_sets(network, number)) > 5
    assert even(network, number, samples) > 1e-3


def test_putting_al_in_one_after_the_other_is_not_even():
    """The twin: on a chain of four T it draws the ends together with 1/4, not 1/3, and the test above sees it."""
    rng, counts = np.random.default_rng(1), {0b0101: 0, 0b1001: 0, 0b1010: 0}
    for _ in range(3000):
        first = int(rng.integers(4))
        second = int(rng.choice([k for k in range(4) if abs(k - first) > 1]))
        counts[1 << first | 1 << second] += 1
    assert uneven(list(counts.values())) < 1e-3
    assert even(graph(4, (0, 1), (1, 2), (2, 3)), 2, 1000) > 1e-3


def random_net(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 17))
    bonds, degree = [], np.zeros(n, int)
    for _ in range(6 * n):
        a, b = rng.integers(n, size=2)
        if degree[a] < 4 and degree[b] < 4 - (a == b) and rng.random() < 0.5 + 0.5 * (a != b):
            bonds.append((int(a), int(b)))
            degree[a] += 1
            degree[b] += 1
    return graph(n, *bonds)


@pytest.mark.parametrize("seed", range(25))
def test_the_most_al_a_net_holds_is_that_of_networkx(seed):
    network = random_net(seed)
    full = nx.Graph(zip(network.first.tolist(), network.second.tolist(), strict=True))
    full.remove_nodes_from(list(nx.nodes_with_selfloops(full)))
    most = nx.max_weight_clique(nx.complement(full), weight=None)[1] if len(full) else 0
    found = capacity(Lattice.of(network))
    assert found.proven
    assert found.found.sum() == most
    assert not (found.found[network.first] & found.found[network.second]).any()
    assert quick_bound(Lattice.of(network)) >= most
    if most:
        assert place(network, most, seed=seed).taken.sum() == most
    with pytest.raises(InputError, match=f"impossible: {most + 1} Al"):
        place(network, most + 1)


@pytest.mark.parametrize(("code", "most"), [("LTA", 9), ("RWY", 12), ("SGT", 24), ("FAU", 96)])
def test_ratios_that_a_net_cannot_have_are_refused_with_those_it_can(code, most):
    """LTA's cell of 24 T is one of odd ways around it; RWY is of three-rings, each with one Al; FAU has two colours."""
    network = crystal(code)
    with pytest.raises(InputError) as told:
        place(network, most + 1)
    n = network.n_sites
    assert f"at most {most} of the {n} T can be Al (Si/Al = {(n - most) / most:.4g})" in str(told.value)
    assert place(network, most).taken.sum() == most


def test_a_doubled_cell_of_lta_alternates():
    assert place(crystal("LTA", (2, 2, 2)), 96).taken.sum() == 96


@pytest.mark.slow
def test_a_box_of_sgt_holds_what_its_rings_allow():
    """Bound by the rings and met: 13 of 32 T, more than in one cell, whose own ways around are odd."""
    found = capacity(Lattice.of(crystal("SGT", (2, 2, 2))))
    assert found.proven
    assert found.found.sum() == 208


@pytest.mark.parametrize("code", ["LTA", "SOD", "CHA"])
def test_clustered_and_spread_placements_have_the_most_and_fewest_pairs(code):
    network = crystal(code)
    number = 4
    counts = []
    for chosen in independent_sets(network, number):
        counts.append(pairs_on_a_site(network, [chosen >> k & 1 for k in range(network.n_sites)]))
    clustered = place(network, number, how="clustered").taken
    spread = place(network, number, how="spread").taken
    assert pairs_on_a_site(network, clustered) == max(counts)
    assert pairs_on_a_site(network, spread) == min(counts)
    assert max(counts) > min(counts)


def test_spread_al_are_as_far_apart_as_two_t_can_be():
    from ase.geometry import get_distances

    network = crystal("CHA")
    apart = get_distances(network.positions, cell=network.cell, pbc=True)[1]
    a, b = np.flatnonzero(place(network, 2, how="spread").taken)
    assert apart[a, b] > apart.max() - 0.3  # images count as well
    one, other = np.flatnonzero(place(network, 2, how="clustered").taken)
    assert apart[one, other] < 5.7  # over one Si


def test_without_the_rule_al_may_be_neighbours_and_the_twin_finds_them():
    network = crystal("SOD")
    touching = 0
    for seed in range(20):
        taken = place(network, 4, loewenstein=False, seed=seed).taken
        assert taken.sum() == 4
        touching += (taken[network.first] & taken[network.second]).sum()
    assert touching > 0
    assert place(network, 12, loewenstein=False).taken.all()
    with pytest.raises(InputError, match="13 Al on 12 T"):
        place(network, 13, loewenstein=False)


def test_a_seed_says_which_placement_it_is():
    network = crystal("SGT")
    one, same, other = (place(network, 10, seed=seed).taken for seed in (3, 3, 4))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(("ratio", "number"), [(31, 2), (63, 1), (5, 11), (1, 32), (3, 16), (100, 1)])
def test_the_nearest_number_of_al(ratio, number):
    assert number_for_ratio(64, ratio) == number


def test_half_an_al_is_none_rather_than_one_too_many():
    assert number_for_ratio(63, 1) == 31


@pytest.mark.parametrize("ratio", [0, -1, float("nan"), float("inf"), "many", True, None])
def test_a_ratio_that_is_no_positive_number(ratio):
    with pytest.raises(InputError, match="expected a positive number"):
        number_for_ratio(64, ratio)


def test_less_than_half_an_al():
    with pytest.raises(InputError, match="less than one Al in 64 T; one Al is Si/Al = 63"):
        number_for_ratio(64, 500)


def test_what_is_misspelt_or_missing_is_said():
    network, atoms = crystal("SOD"), silica("SOD")
    with pytest.raises(InputError, match="did you mean 'random'"):
        place(network, 2, how="ranodm")
    with pytest.raises(InputError, match="element 'Zn'"):
        substitute(atoms, network, element="Zn", number=1)
    with pytest.raises(InputError, match="either the number"):
        substitute(atoms, network)
    with pytest.raises(InputError, match="number of Al = 0"):
        substitute(atoms, network, number=0)


def test_elements_without_charge_go_anywhere_and_others_keep_the_rule():
    network, atoms = crystal("SOD"), silica("SOD")
    new, placement = substitute(atoms, network, element="Ge", number=11)
    assert new.symbols.count("Ge") == 11
    assert not placement.loewenstein
    with pytest.raises(InputError, match="at most 6 of the 12 T can be B"):
        substitute(atoms, network, element="B", ratio=0.5)
    assert atoms.symbols.count("Si") == 12


def test_a_search_that_is_cut_off_claims_no_bound_that_the_net_breaks(monkeypatch):
    """A three-ring with two tails at each T: the six ends can all be Al, more than half of the nine T."""
    network = graph(9, (0, 1), (1, 2), (2, 0), *[(a, 3 + 2 * a + k) for a in range(3) for k in range(2)])
    assert capacity(Lattice.of(network)).bound == 6
    monkeypatch.setattr(lattice, "MOST_NODES", 0)
    monkeypatch.setattr(lattice, "MOST_SECONDS", 0.0)
    assert capacity(Lattice.of(network)).bound >= 6
