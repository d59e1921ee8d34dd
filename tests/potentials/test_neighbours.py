"""The Verlet list against all pairs, and its knowledge of when it is out of date."""

import numpy as np
import pytest

from zeocryst.cell import box_to_cell, neighbour_pairs
from zeocryst.errors import SimulationError
from zeocryst.potentials.moments import LANES
from zeocryst.potentials.neighbours import GROUP, VerletList

CUTOFFS = np.array([[4.9, 9.2], [9.2, 9.2]])
BUFFER = 0.7


def system(box, n, seed):
    rng = np.random.default_rng(seed)
    box = np.array(box, dtype=float)
    x = (rng.random((n, 3)) - 0.5) @ box_to_cell(box)
    return x, (rng.random(n) < 0.15).astype(np.int32), box


def pairs_of(lists, kind):
    """Pairs of a full list; the rows are checked on the way."""
    found = []
    for i in range(len(kind)):
        for t in range(2):
            head, count = lists.heads[i, t], lists.counts[i, t]
            row = lists.neighbours[head : head + count].tolist()
            assert (kind[row] == t).all()
            assert (lists.neighbours[head + count : head + count + -count % LANES] == i).all()
            found += [(i, j) for j in row]
    assert len(found) == len(set(found))
    return set(found)


def all_pairs(x, kind, box, buffer):
    i, j, _, d = neighbour_pairs(x, box_to_cell(box), CUTOFFS.max() + buffer, full=True)
    within = d < CUTOFFS[kind[i], kind[j]] + buffer
    return set(zip(i[within].tolist(), j[within].tolist(), strict=True))


@pytest.mark.parametrize(
    "box",
    [
        (20.5, 21, 22, 0, 0, 0),  # too small for cells
        (45, 50, 40, 0, 0, 0),
        (45, 50, 40, 0.3, -0.4, 0.2),
        (20.5, 70, 33, 0.1, 0, 0.6),
    ],
)
def test_the_list_is_all_pairs(box):
    x, kind, box = system(box, 700, 1)
    x[::7] += box_to_cell(box)[0]  # some beads outside the box
    lists = VerletList(CUTOFFS, BUFFER).lists(x, kind, box, np.arange(len(x)))
    assert pairs_of(lists, kind) == all_pairs(x, kind, box, BUFFER)


def test_a_nearly_empty_box_takes_no_memory():
    """Some hundred beads in clusters, 10 µm apart: cells of a cut-off would be 10^12."""
    box = np.array((1e5, 1.1e5, 0.9e5, 0.1, 0, 0))
    rng = np.random.default_rng(9)
    middles = rng.random((40, 3)) @ box_to_cell(box)
    x = np.vstack([middle + rng.normal(scale=4.0, size=(10, 3)) for middle in middles])
    kind = rng.integers(0, len(CUTOFFS), len(x)).astype(np.uint32)
    lists = VerletList(CUTOFFS, BUFFER).lists(x, kind, box, np.arange(len(x)))
    assert pairs_of(lists, kind) == all_pairs(x, kind, box, BUFFER)


def test_groups_hold_every_bead_once_and_one_type_each():
    x, kind, box = system((45, 50, 40, 0, 0, 0), 700, 1)
    lists = VerletList(CUTOFFS, BUFFER).lists(x, kind, box, np.arange(len(x)))
    groups = [lists.order[begin:end] for begin, end in lists.groups]
    assert sorted(np.concatenate(groups)) == list(range(len(x)))
    assert all(len(group) <= GROUP and len(set(kind[group])) == 1 for group in groups)


def test_pairs_without_a_cut_off_are_left_out():
    x, kind, box = system((30, 30, 30, 0, 0, 0), 400, 2)
    only = np.where([[True, False], [False, False]], CUTOFFS, 0.0)
    found = pairs_of(VerletList(only, BUFFER).lists(x, kind, box, np.arange(400)), kind)
    assert found
    assert all(kind[i] == kind[j] == 0 for i, j in found)


def test_no_pair_is_ever_missing_while_beads_and_box_move():
    x, kind, box = system((32, 30, 28, 0.1, 0, 0), 500, 3)
    verlet, tags = VerletList(CUTOFFS, BUFFER), np.arange(500)
    rng = np.random.default_rng(4)
    built, last = 0, None
    for step in range(60):
        lists = verlet.lists(x, kind, box, tags)
        built += lists is not last
        last = lists
        assert all_pairs(x, kind, box, 0.0) <= pairs_of(lists, kind)
        x = x + rng.normal(scale=0.03, size=x.shape)
        if step % 2:
            old = box_to_cell(box)
            box = box * (1 - 0.003 * rng.random(6))
            x = x @ np.linalg.inv(old) @ box_to_cell(box)
    assert 3 < built < 40  # it was kept for some steps, and built anew in time


def test_another_order_of_the_beads_is_noticed():
    x, kind, box = system((30, 30, 30, 0, 0, 0), 400, 5)
    verlet = VerletList(CUTOFFS, BUFFER)
    verlet.lists(x, kind, box, np.arange(400))
    order = np.random.default_rng(6).permutation(400)
    found = pairs_of(verlet.lists(x[order], kind[order], box, order), kind[order])
    assert found == all_pairs(x[order], kind[order], box, BUFFER)


def test_what_is_no_number_is_an_exploded_run():
    x, kind, box = system((30, 30, 30, 0, 0, 0), 50, 7)
    x[3, 1] = np.nan
    with pytest.raises(SimulationError, match="exploded"):
        VerletList(CUTOFFS, BUFFER).lists(x, kind, box, np.arange(50))
    verlet = VerletList(CUTOFFS, BUFFER)
    verlet.lists(np.nan_to_num(x), kind, box, np.arange(50))
    with pytest.raises(SimulationError, match="exploded"):
        verlet.lists(x, kind, box, np.arange(50))


def test_more_neighbours_than_expected():
    x, kind, box = system((22, 22, 22, 0, 0, 0), 1500, 8)
    verlet = VerletList(CUTOFFS, BUFFER)
    verlet._width[:] = LANES
    assert pairs_of(verlet.lists(x, kind, box, np.arange(1500)), kind) == all_pairs(x, kind, box, BUFFER)
