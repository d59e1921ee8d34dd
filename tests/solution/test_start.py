import numpy as np
import pytest

from zeocryst.cell import box_to_cell, neighbour_pairs, volume
from zeocryst.condition import System
from zeocryst.errors import InputError
from zeocryst.frameworks.table import start_codes, start_structure
from zeocryst.solution.cages import CAGE_RADIUS_A, S_SPACING_A, cage_centres
from zeocryst.solution.start import adopt, crystal, melt


def test_sgt_has_an_s_in_each_of_its_four_large_cages(ts):
    frame = crystal(System("framework", framework="SGT", repeat=(3, 3, 1)), ts)
    kinds = np.asarray(frame.particles.typeid)
    assert (kinds == 0).sum() == 576
    assert (kinds == 1).sum() == 36
    cell = box_to_cell(frame.configuration.box)
    i, j, _, d = neighbour_pairs(frame.particles.position, cell, 7.0)
    mixed = kinds[i] != kinds[j]
    assert 5.4 < d[mixed].min() < 5.8
    assert np.sort(np.linalg.norm(cell, axis=1)) == pytest.approx([30.99, 30.99, 34.36], abs=0.02)


def test_sod_has_its_s_where_the_reference_energy_has_them():
    cell, sites = start_structure("SOD")
    found = cage_centres(sites, cell) @ np.linalg.inv(cell)
    # T of SOD at (1/4, 1/2, 0): the cages are at 0 0 0 and 1/2 1/2 1/2
    assert sorted(np.round(found % 1, 3).tolist()) == [[0, 0, 0], [0.5, 0.5, 0.5]]


@pytest.mark.parametrize("code", start_codes())
def test_s_keeps_its_distance(code):
    cell, sites = start_structure(code)
    centres = cage_centres(sites, cell)
    if len(centres) == 0:
        return
    both = np.vstack([sites, centres])
    i, j, _, d = neighbour_pairs(both, cell, 6.0)
    s = (i >= len(sites)).astype(int) + (j >= len(sites))
    assert (d[s == 1] >= CAGE_RADIUS_A - 1e-3).all()
    assert (d[s == 2] >= S_SPACING_A - 1e-3).all()


def test_a_melt_has_its_composition_density_and_no_overlap(ts):
    frame = melt(System("melt", n_T=256, n_S=16, density_T_per_1000A3=17.8), ts, np.random.default_rng(1))
    cell = box_to_cell(frame.configuration.box)
    assert 256000 / volume(cell) == pytest.approx(17.8)
    assert np.bincount(frame.particles.typeid).tolist() == [256, 16]
    assert neighbour_pairs(frame.particles.position, cell, 5.0)[3].min() > 2.0
    other = melt(System("melt", n_T=256, n_S=16), ts, np.random.default_rng(2))
    assert not np.allclose(frame.particles.position, other.particles.position)


def test_a_melt_of_a_framework_keeps_composition_and_cell(ts):
    like = crystal(System("framework", framework="SGT"), ts)
    frame = melt(System("melt", framework="SGT"), ts, np.random.default_rng(1))
    assert frame.configuration.box == pytest.approx(like.configuration.box)
    assert np.bincount(frame.particles.typeid).tolist() == np.bincount(like.particles.typeid).tolist()


def test_too_dense_a_melt_is_refused(ts):
    with pytest.raises(InputError, match="lower density"):
        melt(System("melt", n_T=100, n_S=8000), ts, np.random.default_rng(1))


def test_a_users_frame_with_names_of_his_own(ts, sgt):
    import copy

    mine = copy.deepcopy(sgt)
    mine.particles.types = ["Si", "X"]
    mine.particles.mass = np.ones(612)
    made = adopt(mine, {"T": "Si", "S": "X"}, ts, "mine.gsd")
    other_way = adopt(mine, {"Si": "T", "X": "S"}, ts, "mine.gsd")
    assert other_way.particles.typeid.tolist() == made.particles.typeid.tolist()
    assert made.particles.typeid.tolist() == list(sgt.particles.typeid)
    assert made.particles.mass == pytest.approx(28.0855)
    assert made.particles.position == pytest.approx(np.asarray(sgt.particles.position), abs=1e-9)
    with pytest.raises(InputError, match="'X'"):
        adopt(mine, {"Si": "T"}, ts, "mine.gsd")
    mine.particles.types = ["Si", "S"]  # one that is called what the model calls it
    assert adopt(mine, {"T": "Si"}, ts, "mine.gsd").particles.typeid.tolist() == list(sgt.particles.typeid)
    mine.particles.types = ["S", "Q"]  # one that is called like another
    assert adopt(mine, {"T": "S", "S": "Q"}, ts, "mine.gsd").particles.typeid.tolist() == list(
        sgt.particles.typeid
    )
    mine.particles.types = ["Si", "X"]
    with pytest.raises(InputError, match="'Si'"):
        adopt(mine, None, ts, "mine.gsd")
    with pytest.raises(InputError, match="no bead is of type T"):
        adopt(mine, {"Si": "S", "X": "S"}, ts, "mine.gsd")
