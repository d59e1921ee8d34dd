"""What balances the charge: where it is, how much, and what is said where it does not."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from t_nets import crystal, silica

from zeocryst.backmapping.build import build
from zeocryst.backmapping.checks import network_of_atoms, same_network
from zeocryst.backmapping.dls import EDGE, _contact_terms, prescribed_terms
from zeocryst.errors import InputError
from zeocryst.heteroatoms.balance import balance, framework_charge
from zeocryst.heteroatoms.geometry import bond_lengths, silicate_of
from zeocryst.heteroatoms.placement import substitute
from zeocryst.network.bonds import Network


def made(code, by, **options):
    network = crystal(code)
    atoms, _ = substitute(silica(code), network, **options)
    return network, *balance(atoms, network, by=by)


def bonds(atoms, one, other, longest):
    """Atoms i of one element with j of another and how far apart they are."""
    i, j, d = neighbor_list("ijd", atoms, longest)
    mine = (atoms.symbols[i] == one) & (atoms.symbols[j] == other)
    return i[mine], j[mine], d[mine]


@pytest.mark.parametrize(("code", "ratio"), [("CHA", 11), ("SGT", 5), ("SOD", 1), ("MFI", 15), ("FAU", 1.5)])
def test_bronsted_sites(code, ratio):
    network, atoms, balanced = made(code, "H", ratio=ratio)
    number = atoms.symbols.count("Al")
    assert balanced.neutral
    assert balanced.record["cations"] == atoms.symbols.count("H") == number
    h, o, length = bonds(atoms, "H", "O", 1.3)
    assert len(h) == len(set(o)) == number  # each H on an O of its own
    assert length == pytest.approx(0.97)
    al, oxygen, gap = bonds(atoms, "Al", "O", 2.3)
    assert (np.bincount(al)[np.unique(al)] == 4).all()
    longer = np.isin(oxygen, o)
    assert longer.sum() == number
    assert np.bincount(al[longer]).max() == 1  # an H for each Al
    assert 1.85 < gap[longer].min() <= gap[longer].max() < 1.95
    assert 1.66 < gap[~longer].min() <= gap[~longer].max() < 1.76
    assert balanced.record["T_OH_A"] == pytest.approx([gap[longer].min(), gap[longer].max()], abs=1e-3)
    i, j, vectors = neighbor_list("ijD", atoms, 2.3)
    for oxygen in set(o.tolist()):
        arms = {z: vectors[(i == oxygen) & (atoms.numbers[j] == z)] for z in (1, 13, 14)}
        out, to_al, to_si = (v[0] / np.linalg.norm(v[0]) for v in (arms[1], arms[13], arms[14]))
        assert abs(np.linalg.det([out, to_al, to_si])) < 1e-6  # in the plane of Si, O and Al
        assert out @ to_al == pytest.approx(out @ to_si)  # on the bisector
        assert out @ to_al < 0
    assert same_network(network_of_atoms(atoms), network)


@pytest.mark.parametrize(("by", "shortest"), [("Na", 2.28), ("K", 2.64), ("Ca", 2.26)])
@pytest.mark.parametrize("code", ["CHA", "SGT", "FAU"])
def test_cations_have_oxygens_of_their_al_around_them(code, by, shortest):
    """Shannon's radii: Na-O 2.38, K-O 2.74, Ca-O 2.36 Å."""
    charge = 2 if by == "Ca" else 1
    network, atoms, balanced = made(code, by, number=6)
    assert balanced.neutral
    assert atoms.symbols.count(by) == 6 // charge
    assert (atoms.symbols[-(6 // charge) :] == by).all()
    ion, _, d = bonds(atoms, by, "O", shortest + 0.5)
    assert d.min() >= shortest - 1e-6
    assert (np.bincount(ion)[-(6 // charge) :] >= 2).all()
    for group, cation in balanced.sites:
        near = [atoms.get_distance(cation, site, mic=True) for site in group]
        assert min(near) < 4.2
    i, _, d = neighbor_list("ijd", atoms, 2.85)
    assert d[atoms.symbols[i] == by].min() > shortest - 0.01
    others, _, d = bonds(atoms, by, by, 3.2)
    assert len(others) == 0
    if charge == 2:
        assert (
            sorted(s for group, _ in balanced.sites for s in group)
            == np.flatnonzero(atoms.symbols == "Al").tolist()
        )
    assert same_network(network_of_atoms(atoms), network)


def test_a_cation_keeps_away_from_guests():
    network = crystal("CHA")
    atoms, _ = substitute(silica("CHA"), network, number=3)
    alone, _ = balance(atoms, network, by="Na")
    where = alone.positions[alone.symbols == "Na"]
    guests = Atoms("C3", positions=where + 0.3)
    beside, balanced = balance(atoms, network, by="Na", guests=guests)
    ends = beside.positions[beside.symbols == "Na"]
    both = Atoms("Na3C3", positions=[*ends, *guests.positions], cell=atoms.cell, pbc=True)
    assert balanced.neutral
    assert bonds(both, "Na", "C", 3.0)[2].size == 0
    moved = Atoms("Na3C3", positions=[*where, *guests.positions], cell=atoms.cell, pbc=True)
    assert bonds(moved, "Na", "C", 3.0)[2].size > 0


def test_guests_count_first_and_balance_the_al_nearest_to_them():
    network = crystal("SGT")
    atoms, _ = substitute(silica("SGT"), network, number=2, how="spread")
    one, other = np.flatnonzero(atoms.symbols == "Al")
    guest = Atoms("N", positions=[atoms.positions[one] + [0, 0, 3.0]])
    new, balanced = balance(atoms, network, guests=guest, guests_charge=1)
    assert balanced.neutral
    assert [group for group, _ in balanced.sites] == [(other,)]
    new, balanced = balance(atoms, network, guests_charge=2)
    assert balanced.neutral
    assert new.symbols.count("H") == 0


def test_what_cannot_be_balanced_is_said():
    network = crystal("SGT")
    atoms, _ = substitute(silica("SGT"), network, number=3)
    _, over = balance(atoms, network, guests_charge=5)
    assert over.record["net_charge"] == 2
    assert "2 more Al" in over.record["why_not"]
    _, odd = balance(atoms, network, by="Ca")
    assert odd.record["net_charge"] == -1
    assert "one Al is left over" in odd.record["why_not"]
    _, anions = balance(atoms, network, guests_charge=-2)
    assert anions.record["cations"] == 3
    assert anions.record["net_charge"] == -2
    assert "-2 is the guests'" in anions.record["why_not"]
    assert "found no" not in anions.record["why_not"]
    _, both = balance(atoms, network, by="Ca", guests_charge=-2)
    assert both.record["net_charge"] == -3
    assert "-2 is the guests'" in both.record["why_not"]
    assert "one Al is left over" in both.record["why_not"]
    _, none = balance(atoms, network, by="none", guests_charge=1)
    assert none.record["net_charge"] == -2
    assert "no cation was asked for" in none.record["why_not"]
    with pytest.raises(InputError, match="balance by 'Mg'"):
        balance(atoms, network, by="Mg")
    atoms.symbols[0] = "Zn"
    with pytest.raises(InputError, match="T of Zn"):
        framework_charge(atoms, network.n_sites)


def test_where_there_is_no_room_for_a_cation_it_is_said():
    network = crystal("SOD")
    atoms, _ = substitute(silica("SOD"), network, number=2)
    grid = np.stack(np.meshgrid(*[np.arange(0, 1, 0.125)] * 3), axis=-1).reshape(-1, 3) @ atoms.cell[:]
    _, balanced = balance(atoms, network, by="Na", guests=Atoms(f"C{len(grid)}", positions=grid))
    assert balanced.record["net_charge"] == -2
    assert "2 Na+ found no room" in balanced.record["why_not"]


def test_all_t_al_has_an_o_for_each_h():
    """Without the rule: twelve Al, 24 O, each O between two Al."""
    network, atoms, balanced = made("SOD", "H", number=12, loewenstein=False)
    assert balanced.neutral
    _, o, _ = bonds(atoms, "H", "O", 1.2)
    assert len(set(o)) == 12


def gel(seed=1):
    """SGT with every twelfth bond cut: silanols, Q2 and Q3."""
    network = crystal("SGT")
    keep = np.random.default_rng(seed).random(len(network.first)) > 1 / 12
    return Network(
        network.positions, network.cell, network.first[keep], network.second[keep], network.shift[keep]
    )


@pytest.mark.parametrize("by", ["H", "Na"])
def test_a_gel_with_silanols_beside_al(by):
    network = gel()
    silanols = int((4 - network.degree).sum())
    assert silanols > 10
    bare = build(network).atoms
    atoms, _ = substitute(bare, network, ratio=5)
    assert (network.degree[np.flatnonzero(atoms.symbols == "Al")] < 4).any()
    new, balanced = balance(atoms, network, by=by)
    assert balanced.neutral
    number = atoms.symbols.count("Al")
    hydrogens = silanols + (number if by == "H" else 0)
    assert new.symbols.count("H") == hydrogens
    assert (new.get_chemical_symbols()[: len(bare)]) == atoms.get_chemical_symbols()
    assert (new.arrays["molecule"] == 0).all()
    _, o, _ = bonds(new, "H", "O", 1.2)
    assert len(o) == len(set(o)) == hydrogens
    if by == "H":
        assert 1.85 < balanced.record["T_OH_A"][0] <= balanced.record["T_OH_A"][1] < 1.95
    assert same_network(network_of_atoms(new), network)


def test_atoms_that_are_not_those_of_the_network():
    with pytest.raises(InputError, match="are not 64 T"):
        balance(silica("SOD"), crystal("SGT"))
    shuffled = silica("SOD")[[*range(12), *range(12, 36)][::-1]]
    with pytest.raises(InputError):
        balance(shuffled, crystal("SOD"))


def test_valences_are_kept_by_the_lengths_aimed_at():
    """Sum of exp(-(r - r_plain) / 0.37) over the four bonds of a T is 4, whatever H there are."""
    network = crystal("CHA")
    atoms, _ = substitute(silica("CHA"), network, number=4)
    silicate = silicate_of(atoms, network)
    first_al = int(np.flatnonzero(atoms.symbols == "Al")[0])
    bond = int(np.flatnonzero((network.first == first_al) | (network.second == first_al))[0])
    symbols = atoms.get_chemical_symbols()[:36]
    lengths = bond_lengths(symbols, silicate, np.array([36 + bond]))
    t, o, _ = silicate.bonds()
    plain = np.where(np.array(symbols)[t] == "Al", 1.74, 1.61)
    valence = np.bincount(t, np.exp((plain - lengths) / 0.37))
    assert valence == pytest.approx(4)
    assert lengths[(t == first_al) & (o == 36 + bond)] == pytest.approx(1.89)


def test_bonds_of_silica_as_lengths_are_the_terms_of_silica():
    network = crystal("CHA")
    silicate = silicate_of(silica("CHA"), network)
    plain = prescribed_terms(silicate)
    given = prescribed_terms(silicate, bond_lengths(["Si"] * 36, silicate, np.empty(0, int)))
    assert given.distance == pytest.approx(plain.distance, abs=1e-12)


def test_a_smaller_tetrahedron_leaves_others_their_shortest_edge():
    """Edges end at 2.45 Å, at one B at 2.45 x 1.46 / 1.61 Å; elsewhere nothing changes."""
    network = crystal("CHA")
    silicate = silicate_of(silica("CHA"), network)
    of_b = np.zeros(36, bool)
    of_b[7] = True
    lengths = bond_lengths(np.where(of_b, "B", "Si").tolist(), silicate, np.empty(0, int))
    squeezed = 0.9 * silicate.positions, 0.9 * silicate.network.cell  # all edges are looked at
    least = []
    for given in (None, lengths):
        terms = prescribed_terms(silicate, given)
        found = _contact_terms(silicate, terms, *squeezed, 2.75)
        edge = found.weight == EDGE[1]
        assert edge.sum() == 36 * 6
        least.append(np.sort(found.distance[edge]))
    assert least[0] == pytest.approx(2.45)
    assert least[1][:6] == pytest.approx(2.45 * 1.46 / 1.61)
    assert least[1][6:] == pytest.approx(2.45)


def test_cations_of_a_thin_cell_keep_away_from_all_images_of_each_other():
    """Brute force over many images; with the nearest image alone, or one cell on each side of it, some are missed."""
    from zeocryst.backmapping.grid import build_grid
    from zeocryst.heteroatoms import cations

    cell = np.array([[30.0, 0, 0], [0, 30, 0], [0.5, 0.3, 3.5]])
    grid = build_grid(np.array([[15.0, 15, 1.5]]), cell, cations.TO_A + cations.REACH_A)
    k = np.arange(12)
    tried = np.column_stack([np.full(12, 4.0), np.zeros(12), k - 6.0])
    there = np.array([[4.0, 0, 1.75]])
    least = np.array([2.3, 2.9, *cations.NEAREST_A])
    numbers = np.array([1.0, 2.8, 1.8])
    arm, cost = cations._best(np.zeros(3), tried, grid, np.array([1]), np.zeros(1, bool), least, numbers, there)
    images = there + np.arange(-20, 21)[:, None] * cell[2]
    free = [t for t in tried if np.linalg.norm(images - t, axis=1).min() >= cations.NEAREST_A[3]]
    assert bool(free) == bool(np.isfinite(cost))
