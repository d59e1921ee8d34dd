"""Perfect frameworks in no table are crystals whole, with a name; with a defect they have none."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import shared

from zeocryst.answers.identify import identify_network
from zeocryst.files.structures import Structures
from zeocryst.frameworks import table
from zeocryst.network.barycentric import at_barycentres
from zeocryst.network.bonds import network_of_bonds, repeat_network
from zeocryst.network.clusters import part
from zeocryst.network.translations import has_defect, is_exact
from zeocryst.order.crystal import is_perfect, site_kinds

#: Bonds of three nets of the Reticular Chemistry Structure Resource (their Systre keys), two of minerals and
#: one of three-rings, which are in no table here: sca (scapolite), pcl (paracelsian), icm.
NETS = {
    "sca": [
        0,1,0,0,0, 0,2,0,0,0, 0,3,0,0,0, 0,4,0,0,0, 1,2,0,-1,-1, 1,5,0,0,0, 1,6,0,0,0, 2,7,0,0,0, 2,8,0,0,0,
        3,6,0,1,0, 3,8,0,0,-1, 3,9,0,0,0, 4,5,1,1,1, 4,7,1,0,0, 4,9,0,0,0, 5,7,0,0,0, 5,10,0,0,0, 6,8,0,0,0,
        6,10,0,0,0, 7,11,0,0,0, 8,11,0,0,0, 9,10,1,1,0, 9,11,1,1,0, 10,11,0,-1,-1,
    ],
    "pcl": [
        0,1,0,0,0, 0,2,0,0,0, 0,3,0,0,0, 0,4,0,0,0, 1,2,-1,-1,-1, 1,3,0,-1,0, 1,5,0,0,0, 2,3,0,-1,0, 2,6,0,0,0,
        3,7,0,0,0, 4,5,0,0,0, 4,6,1,1,0, 4,7,1,1,0, 5,6,0,0,-1, 5,7,1,0,0, 6,7,0,-1,0,
    ],
    "icm": [
        0,1,0,0,0, 0,2,0,0,0, 0,3,0,0,0, 0,4,0,0,0, 1,2,0,-1,0, 1,3,0,-1,-1, 1,5,0,0,0, 2,3,0,0,-1, 2,6,0,0,0,
        3,7,0,0,0, 4,8,0,0,0, 4,9,0,0,0, 4,10,0,0,0, 5,6,0,-1,0, 5,7,0,-1,-1, 5,11,0,0,0, 6,7,0,0,-1,
        6,11,0,0,0, 7,11,0,0,0, 8,9,0,0,-1, 8,10,0,-1,-1, 8,12,0,0,0, 9,10,0,-1,0, 9,13,0,0,0, 10,14,0,0,0,
        11,15,0,0,0, 12,13,0,0,-1, 12,14,0,-1,-1, 12,15,-1,0,0, 13,14,0,-1,0, 13,15,-1,0,0, 14,15,-1,0,0,
    ],
}  # fmt: skip


def placed(net):
    """A net at its barycentric placement, its bonds 3.1 Å in the mean."""
    bonds = np.reshape(NETS[net], (-1, 5))
    network = at_barycentres(network_of_bonds(bonds, int(bonds[:, :2].max()) + 1))
    scale = 3.1 / np.linalg.norm(network.vectors, axis=1).mean()
    return replace(network, positions=network.positions * scale, cell=network.cell * scale)


def large(network, least=150):
    times = int(np.ceil((least / network.n_sites) ** (1 / 3)))
    return repeat_network(network, (times, times, times))


def switched(network):
    """Two bonds a-b and c-d that are near become a-c and b-d: every T has four bonds still."""
    a, b, s = network.first[0], network.second[0], network.shift[0]
    for k in range(1, len(network.first)):
        c, d, t = network.first[k], network.second[k], network.shift[k]
        away = (network.positions[c] - network.positions[a]) @ np.linalg.inv(network.cell)
        image = -np.round(away).astype(int)
        near = np.linalg.norm((away + image) @ network.cell) < 6
        bonded = {(a, c), (c, a), (b, d), (d, b)} & set(
            zip(network.first.tolist(), network.second.tolist(), strict=True)
        )
        if len({a, b, c, d}) == 4 and near and not bonded:
            break
    first, second, shift = network.first.copy(), network.second.copy(), network.shift.copy()
    first[0], second[0], shift[0] = a, c, image
    first[k], second[k], shift[k] = b, d, image + t - s
    return replace(network, first=first, second=second, shift=shift)


def is_whole(found):
    crystal = found["crystal"]
    return (
        (found["types"], found["amorphous_share"]) == ([], 0)
        and crystal["sites"] == found["n_sites"]
        and crystal["name"] is not None
    )


@pytest.mark.parametrize("net", sorted(NETS))
def test_nets_in_no_table_are_crystals_with_one_name(net):
    small = placed(net)
    names = set()
    for network in (small, repeat_network(small, (1, 2, 1)), large(small)):
        found = identify_network(network)
        assert is_whole(found)
        names.add(found["crystal"]["name"])
    assert len(names) == 1


def test_a_crystal_some_of_whose_sites_are_rare():
    """36 T of four kinds (16, 8, 8, 4), P4/mmm: the four were called amorphous (issue 13)."""
    network = Structures(shared("cases/perfect_called_amorphous/a.extxyz")).network(0)
    found = identify_network(network)
    assert is_whole(found)
    assert found["crystal"]["space_group"] == "P4/mmm"
    assert sorted(kind["sites"] for kind in found["unknown"]) == [4, 8, 8, 16]
    again = identify_network(repeat_network(network, (2, 2, 2)))
    assert again["crystal"]["name"] == found["crystal"]["name"]


@pytest.mark.parametrize("change", ["vacancy", "switch"])
@pytest.mark.parametrize("net", [*sorted(NETS), "a"])
def test_a_defect_takes_the_name(net, change):
    if net == "a":
        small = Structures(shared("cases/perfect_called_amorphous/a.extxyz")).network(0)
    else:
        small = placed(net)
    network = large(small)
    assert not has_defect(network)
    network = part(network, np.arange(network.n_sites) != 5) if change == "vacancy" else switched(network)
    assert has_defect(network)
    assert not is_perfect(network, site_kinds(network))
    crystal = identify_network(network)["crystal"]
    assert crystal is None or crystal["name"] is None


def test_a_move_is_exact_or_not():
    small = placed("pcl")
    network = repeat_network(small, (2, 1, 1))
    move = small.cell[0]
    assert is_exact(network, move)
    assert not is_exact(switched(network), move)
    assert not is_exact(network, move / 2)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["CHA", "DOH", "IWS", "MFI"])
def test_types_that_are_taken_out_of_the_table_are_crystals_without_a_type(code, reference, monkeypatch):
    """Each as given, and doubled; what is not in the table is never called after another type, or amorphous."""
    from zeocryst.order.derive import network_of

    if code not in reference:
        pytest.skip(f"{code} is not in the reference")
    read = table._read
    monkeypatch.setattr(table, "_read", lambda name: {k: v for k, v in read(name).items() if k != code})
    table.framework_types.cache_clear()
    table.nets.cache_clear()
    try:
        network = network_of(reference[code])
        for other in (network, repeat_network(network, (1, 1, 2))):
            assert is_whole(identify_network(other))
    finally:
        monkeypatch.undo()
        table.framework_types.cache_clear()
        table.nets.cache_clear()
