"""Two particles as beads: their adhesion, and their sticking."""

import numpy as np
import pytest

from zeocryst.beads import PARTICLE_MARK, Beads
from zeocryst.cell import make_frame
from zeocryst.engines import choose_engine
from zeocryst.errors import InputError
from zeocryst.model.scales import bond_length
from zeocryst.model.upward import read_upward, write_upward
from zeocryst.solution.cluster_library import make_library
from zeocryst.solution.particle_pairs import (
    APART_A,
    Size,
    _just_apart,
    frame_of,
    measure_adhesion,
    measure_sticking,
    measure_upward,
)

ONE = (Size(1, 0), Size(1, 0))


@pytest.fixture(scope="module")
def engine(ts):
    return choose_engine(ts, threads=1)[0]


@pytest.fixture(scope="module")
def scattered(ts):
    """T far from each other, so that clusters of one T and two can be cut."""
    places = 15.0 * np.array(list(np.ndindex(3, 3, 3))) + 7.0
    return make_frame(places, 45 * np.eye(3), np.zeros(27, int), ["T", "S"], ts.masses)


class TestAdhesion:
    def test_two_T_by_hand(self, ts, engine, scattered):
        """Of two particles of one T each it is the depth of the T-T well, whatever place and turn they had."""
        found = measure_adhesion(
            engine, ts, scattered, ONE, density=17.0, temperature_K=100.0, seed=1, n_pairs=6
        )
        depth = -float(ts.pairs["T", "T"].two_body(np.array([bond_length(ts)]))[0][0])
        assert depth == pytest.approx(0.5368, abs=1e-4)
        assert found.found.value_eV == pytest.approx(depth, rel=1e-6)
        assert found.found.uncertainty_eV < 1e-6
        assert found.apart_eV.tolist() == [0.0] * 6
        assert found.bonds.tolist() == [1] * 6
        assert (found.found.n_replicas, found.found.temperature_K) == (6, 100.0)
        assert "0.54 ± 0.00 eV (standard error over 6 pairs of 2.4 and 2.4 Å" in found.sentence

    def test_a_mean_of_few_is_refused(self, ts, engine, scattered):
        with pytest.raises(InputError, match="n_pairs = 5; expected at least 6"):
            measure_adhesion(engine, ts, scattered, ONE, density=17.0, temperature_K=100.0, seed=1, n_pairs=5)

    def test_the_error_is_that_of_the_mean(self, ts, engine, sgt):
        sizes = (Size(20, 1), Size(12, 0))
        found = measure_adhesion(
            engine, ts, sgt, sizes, density=17.0, temperature_K=300.0, seed=2, n_pairs=6, anneal_ps=0.5
        )
        value = found.apart_eV - found.joined_eV
        assert found.found.value_eV == pytest.approx(value.mean())
        assert found.found.uncertainty_eV == pytest.approx(np.sqrt(value.var(ddof=1) / 6))
        assert (value > 0).sum() >= 5
        assert found.bonds.min() >= 1


class TestFrames:
    def test_beads_stand_in_a_vacuum(self, ts):
        clusters = [
            (np.zeros((2, 3)) + [[0, 0, 0], [3, 0, 0]], np.array([[0, 5.0, 0]])),
            (np.zeros((1, 3)), np.zeros((0, 3))),
        ]
        frame = frame_of(clusters, np.array([[0.0, 0, 0], [9.0, 0, 0]]), ts)
        beads = Beads.of(frame)
        assert frame.log[PARTICLE_MARK].tolist() == [0, 0, 1, 0]
        assert beads.count("S") == 1
        place = beads.centred
        assert np.allclose(place - place[0], [[0, 0, 0], [3, 0, 0], [9, 0, 0], [0, 5, 0]], atol=1e-5)
        assert beads.cell[0, 0] / 2 - np.linalg.norm(place, axis=1).max() > ts.cutoff_A - 1e-4

    def test_pairs_that_wait_are_just_out_of_range(self, ts):
        rng = np.random.default_rng(1)
        none = np.zeros((0, 3))
        one, two = rng.normal(0, 4, (30, 3)), rng.normal(0, 4, (30, 3))
        x = _just_apart((one, none), (two, none), ts)
        apart = np.linalg.norm(one[:, None] - (two + [x, 0, 0]), axis=2)
        assert apart.min() == pytest.approx(ts.pairs["T", "T"].cutoff_A + APART_A)


def test_pairs_of_two_T_are_watched(ts, engine, scattered):
    waited = measure_sticking(
        engine,
        ts,
        scattered,
        ONE,
        density=17.0,
        temperature_K=300.0,
        time_ps=10.0,
        seed=1,
        n_pairs=6,
        every_ps=0.05,
    )
    assert waited.found.n_contacts >= 4
    assert waited.found.interval_per_ns[1] > waited.found.rate_per_ns
    assert {c.pair for c in waited.followed.contacts} == {(0, 1)}
    assert waited.found.temperature_K == 300.0
    assert waited.followed.interval_ps == pytest.approx(0.05)
    assert waited.followed.bonded_at_start == 0


@pytest.mark.slow
def test_what_is_measured_on_a_glass_goes_up(ts, engine, tmp_path):
    library, _ = make_library(engine, ts, [36], 0.0625, 17.0, seed=1)
    said = []
    found = measure_upward(
        engine, ts, library, (Size(36, 2), Size(36, 2)),
        density=17.0, temperature_K=370.0, seed=1, condition="ab", n_pairs=8, time_ps=10.0, tell=said.append,
    )  # fmt: skip
    write_upward(found, tmp_path / "upward.toml")
    assert read_upward(tmp_path / "upward.toml") == found
    # 1.8 ± 0.3 eV in another library
    assert 0.8 < found.adhesion_eV < 3.2
    assert 0.05 < found.adhesion_uncertainty_eV < 0.8
    assert found.sticking.n_bonded >= 1
    assert found.source.forcefield == "ts"
    assert found.source.condition == "ab"
    assert "Adhesion of a contact" in said[-2]
