"""Clusters cut from a quenched box."""

import numpy as np
import pytest
from scipy import stats

from zeocryst.beads import Beads
from zeocryst.cell import heights
from zeocryst.condition.classes import radius_of
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.forcefield import read_forcefield
from zeocryst.solution.cluster_library import (
    LEAST_T,
    ROOM_A,
    Library,
    _glass,
    make_library,
    temperature_like,
)


@pytest.fixture(scope="module")
def crystal(sgt, ts):
    """A crystal to cut from: that it is none of glass does not matter for cutting."""
    return Library.of(sgt, ts)


class TestCutting:
    @pytest.mark.parametrize(("n_T", "n_S"), [(1, 0), (30, 0), (74, 5), (74, 0), (74, 9), (120, 3)])
    def test_numbers_are_exact(self, crystal, n_T, n_S):
        rng = np.random.default_rng(4)
        for _ in range(10):
            t, s = crystal.cluster(n_T, n_S, rng)
            assert (t.shape, s.shape) == ((n_T, 3), (n_S, 3))
            radius = np.linalg.norm(t, axis=1).max()
            assert (np.linalg.norm(s, axis=1) <= radius + 1e-9).all()

    def test_it_is_the_nearest_to_a_place(self, crystal):
        only_T = Library(crystal.t, crystal.s[:0], crystal.cell, crystal.least)
        t, _ = only_T.cluster(60, 0, np.random.default_rng(9))
        place = np.random.default_rng(9).random(3) @ crystal.cell
        images = (np.array(list(np.ndindex(5, 5, 5))) - 2) @ crystal.cell
        every = (crystal.t[:, None] + images).reshape(-1, 3) - place
        nearest = np.sort(np.linalg.norm(every, axis=1))[:60]
        assert np.allclose(np.sort(np.linalg.norm(t, axis=1)), nearest)
        # a turn, no reflection, and nothing in between: all distances are those of the crystal
        apart = np.sort(np.linalg.norm(t[:, None] - t, axis=2)[np.triu_indices(60, 1)])
        assert apart[0] > 2.9

    def test_an_S_too_few_goes_where_there_is_room(self, crystal):
        without = Library(crystal.t, crystal.s[:0], crystal.cell, crystal.least)
        rng = np.random.default_rng(2)
        room = []
        for _ in range(20):
            t, s = without.cluster(74, 2, rng)
            room.append(np.linalg.norm(t[:, None] - s, axis=2).min())
            assert np.linalg.norm(s[0] - s[1]) > 4.0
        # far from the 1.9 Å that a point of a ball of T has on average; surfaces have room, and so have cages
        assert np.median(room) > 3.8
        assert min(room) > 3.0

    def test_every_turn_is_as_likely(self):
        """A rotation that is uniform on SO(3) has the angle w with the density (1 - cos w) / pi."""
        shape = np.array([[0, 0, 0], [1.0, 0, 0], [0, 0.5, 0]])
        three = Library(5.0 + shape, np.empty((0, 3)), 10.0 * np.eye(3), np.full((2, 2), 2.0))
        rng, angles, axes = np.random.default_rng(1), [], []
        while len(angles) < 1500:
            try:
                t, _ = three.cluster(3, 0, rng)
            except InputError:  # a place too far from all three
                continue
            apart = np.linalg.norm(t[:, None] - t, axis=2)
            first = int(np.argmin(np.abs(apart - 0.5).min(axis=1) + np.abs(apart - 1.0).min(axis=1)))
            a = t[int(np.argmin(np.abs(apart[first] - 1.0)))] - t[first]
            b = t[int(np.argmin(np.abs(apart[first] - 0.5)))] - t[first]
            if abs(a @ b) > 1e-9:  # taken apart by the faces of the box
                continue
            turn = np.stack([a, 2 * b, np.cross(a, 2 * b)], axis=1)
            angles.append(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
            axes.append(a)
        assert stats.kstest(angles, lambda w: (w - np.sin(w)) / np.pi).pvalue > 0.01
        for column in np.array(axes).T:
            assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > 0.01

    def test_the_same_seed_cuts_the_same(self, crystal):
        one, same, other = (crystal.cluster(74, 5, np.random.default_rng(k)) for k in (3, 3, 4))
        assert np.array_equal(one[0], same[0])
        assert np.array_equal(one[1], same[1])
        assert not np.allclose(one[0], other[0])

    def test_what_is_too_large_is_refused(self, crystal):
        rng = np.random.default_rng(1)
        with pytest.raises(InputError, match="expected 1 to as many"):
            crystal.cluster(577, 0, rng)
        with pytest.raises(InputError, match="expected 1 to as many"):
            crystal.cluster(0, 1, rng)
        with pytest.raises(InputError, match=r"Å wide, and the library .* make one for the largest cluster"):
            crystal.cluster(500, 0, rng)


class TestGlass:
    def test_a_crystal_is_no_glass(self, sgt):
        with pytest.raises(SimulationError, match=r"crystallized \(100 % of it\)"):
            _glass(sgt, -1.0, "")

    def test_a_gas_is_no_glass(self, ts):
        from zeocryst.cell import make_frame

        places = np.random.default_rng(1).random((200, 3)) * 60
        gas = make_frame(places, 60 * np.eye(3), np.zeros(200, int), ["T", "S"], ts.masses)
        with pytest.raises(SimulationError, match="is no network"):
            _glass(gas, -1.0, "")

    def test_a_model_of_another_depth_has_other_temperatures(self, ts):
        assert temperature_like(1800.0, ts) == pytest.approx(1800.0)
        assert temperature_like(1800.0, read_forcefield("mw")) == pytest.approx(900.0, rel=1e-3)

    def test_a_model_without_S(self):
        with pytest.raises(InputError, match="the model mw has no S"):
            make_library(None, read_forcefield("mw"), [74], 0.1, 30.0, seed=1)

    def test_the_radius_of_Gibbs(self):
        # 17 T in 1000 Å^3: 4/3 pi 10^3 / 1000 * 17 = 71.2
        assert radius_of(71.209, 17.0) == pytest.approx(10.0, rel=1e-4)

    def test_the_same_seed_makes_the_same_box(self, ts, monkeypatch):
        from zeocryst.engines import choose_engine
        from zeocryst.solution import cluster_library

        for name, value in {
            "LEAST_T": 60,
            "LIQUID_PS": 0.2,
            "COOLING_PS": 0.2,
            "_glass": lambda *_: "",
        }.items():
            monkeypatch.setattr(cluster_library, name, value)
        engine, _ = choose_engine(ts, threads=1)
        one, same, other = (make_library(engine, ts, [10], 0.1, 17.0, seed=seed)[0] for seed in (1, 1, 2))
        assert np.array_equal(one.particles.position, same.particles.position)
        assert not np.allclose(one.particles.position, other.particles.position)
        assert heights(Beads.of(one).cell).min() > 2 * ts.cutoff_A  # wide enough for every engine

        def watch():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_library(engine, ts, [10], 0.1, 17.0, seed=1, watch=watch)

    @pytest.mark.slow
    def test_a_melt_becomes_a_glass_from_which_clusters_are_cut(self, ts):
        from zeocryst.engines import choose_engine
        from zeocryst.network.bonds import network_of_frame
        from zeocryst.order.crystallinity import crystallinity

        engine, _ = choose_engine(ts, threads=1)
        frame, words = make_library(engine, ts, [74, 110], 0.0625, 17.0, seed=3)
        beads = Beads.of(frame)
        assert beads.count("S") == round(0.0625 * beads.count("T"))
        assert beads.count("T") == LEAST_T
        assert 1000 * beads.count("T") / beads.volume == pytest.approx(17.0)
        assert heights(beads.cell).min() > 2 * radius_of(110, 17.0) + ROOM_A
        network, _ = network_of_frame(frame)
        assert crystallinity(network).values["crystalline_share"] < 0.02
        assert (network.degree >= 4).mean() > 0.75
        assert "% is crystalline" in words
        # at rest, and colder than the melt by what heat there was in it
        forces = engine.evaluate(frame).forces
        assert np.abs(forces).max() < 0.01
        t, s = Library.of(frame, ts).cluster(110, 7, np.random.default_rng(1))
        assert np.linalg.norm(t, axis=1).max() == pytest.approx(radius_of(110, 17.0), rel=0.05)
        assert len(s) == 7
