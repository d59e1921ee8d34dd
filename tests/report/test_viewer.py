"""What the viewer draws: which sites, which bonds, which frames; and the page that it is in."""

import json

import numpy as np
import pytest
from ase.build import bulk

from zeocryst.network.bonds import bonds_from_sites
from zeocryst.report.figures import running_mean
from zeocryst.report.viewer import (
    MOST_SITES,
    Balls,
    Layer,
    Scene,
    Sticks,
    bond_segments,
    chosen_frames,
    slab,
    viewer,
)


def diamond(repeat=3):
    """Si with four bonds of 2.352 Å each: two a site."""
    atoms = bulk("Si", "diamond", 5.431, cubic=True).repeat(repeat)
    return bonds_from_sites(atoms.get_positions(), np.asarray(atoms.cell))


def test_bonds_are_drawn_at_their_length_and_none_twice():
    network = diamond()
    begin, end = bond_segments(network, np.ones(network.n_sites, bool))
    lengths = np.linalg.norm(end - begin, axis=1)
    whole = lengths > 2.0
    # those through a face are two halves
    assert lengths[whole] == pytest.approx(2.352, abs=1e-3)
    assert lengths[~whole] == pytest.approx(2.352 / 2, abs=1e-3)
    assert lengths.sum() == pytest.approx(2 * network.n_sites * 2.352, rel=1e-3)
    # of 216 atoms in a cube of three cells, and none reaches farther out than half a bond
    outside = np.maximum(-end, end - 3 * 5.431).max()
    assert 0 < outside <= 2.352 / 2


def test_bonds_to_sites_that_are_not_drawn_are_not_drawn():
    network = diamond()
    mine = np.zeros(network.n_sites, bool)
    first, second = network.first[0], network.second[0]
    mine[[first, second]] = True
    begin, _ = bond_segments(network, mine)
    joined = int(((network.first == first) & (network.second == second)).sum())
    assert len(begin) in (joined, 2 * joined)


def test_few_sites_are_all_drawn():
    mine, said = slab(np.random.default_rng(1).random((100, 3)) * 20, np.eye(3) * 20)
    assert mine.all()
    assert not said


def test_of_many_a_slab_about_the_middle_of_the_shortest_edge_is_drawn_and_it_is_said():
    rng = np.random.default_rng(2)
    cell = np.diag([60.0, 40.0, 90.0])
    positions = rng.random((20000, 3)) @ cell
    mine, said = slab(positions, cell, 5000)
    assert mine.sum() == 5000
    inside = positions[mine][:, 1]
    # a quarter of what is spread evenly: 10 of 40 Å
    assert inside.min() == pytest.approx(15, abs=0.5)
    assert inside.max() == pytest.approx(25, abs=0.5)
    assert "10 Å" in said
    assert "5000 of 20000" in said


@pytest.mark.parametrize(
    ("count", "sites"), [(1, 100), (2, 100), (7, 500), (259, 544), (1000, 5000), (50, 10**6)]
)
def test_first_and_last_frame_are_shown_and_no_more_than_fit(count, sites):
    chosen = chosen_frames(count, sites)
    assert chosen[0] == 0
    assert chosen[-1] == count - 1
    assert len(chosen) <= 40
    assert len(chosen) * min(sites, MOST_SITES) * 72 <= 3e6 or len(chosen) <= 2
    assert chosen == sorted(set(chosen))


def test_the_running_mean_stays_within_its_stage():
    values, stages = np.r_[np.zeros(6), np.full(6, 10.0)], np.repeat([1, 2], 6)
    assert running_mean(values, stages, 5).tolist() == values.tolist()
    assert running_mean(np.arange(5.0), np.ones(5), 3).tolist() == [0.5, 1, 2, 3, 3.5]


def test_a_page_of_the_viewer_fetches_nothing_and_ends_no_script_early():
    balls = Balls(np.zeros((3, 3)), {"grain": np.array([1, 2, 3], np.uint32)})
    sticks = Sticks("bonds", 0.3, 0xAAAAAA, [(np.zeros((2, 3)), np.ones((2, 3)))])
    scene = Scene(
        np.eye(3) * 5, ["</script> & <b>"], [Layer("T", 1.5, [balls])], [sticks], {"grain": [("a", 1)]}
    )
    html = viewer(scene)
    assert "https://cdn" not in html
    assert "unpkg" not in html
    assert html.count("</iframe>") == 1
    assert "</script> & <b>" not in html  # escaped within the attribute
    assert json.dumps("<\\/script> & <b>")[1:-1].replace("\\\\", "\\") in html.replace("&lt;", "<").replace(
        "&gt;", ">"
    ).replace("&amp;", "&")
