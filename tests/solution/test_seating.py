"""Clusters in contact become one."""

import numpy as np
import pytest
from aggregates import TOUCH_A, classes, grown, particles_frame

from zeocryst.beads import AGGREGATE_MARK, N_S_MARK, N_T_MARK, PARTICLE_MARK, Beads
from zeocryst.cell import make_frame
from zeocryst.condition.particles import Resolve
from zeocryst.engines import choose_engine
from zeocryst.errors import SimulationError
from zeocryst.model.scales import bond_length
from zeocryst.network.bonds import network_of_frame
from zeocryst.network.clusters import find_clusters
from zeocryst.solution import seating
from zeocryst.solution.conserved import check_mass
from zeocryst.solution.joining import CLOSEST_A, closest, drawn_together, pushed_apart
from zeocryst.solution.resolving import choose, fill
from zeocryst.solution.seating import relax


def beads_of(places, ts, *, side=60.0, n_S=0, particle=None, aggregate=None):
    """Some T, the last few S, about the middle of a box."""
    kinds = np.repeat([0, 1], [len(places) - n_S, n_S])
    frame = make_frame(np.array(places, float) + side / 2, side * np.eye(3), kinds, ["T", "S"], ts.masses)
    frame.log[PARTICLE_MARK] = np.array(particle if particle is not None else np.zeros(len(places)), np.int32)
    frame.log[AGGREGATE_MARK] = np.array(
        aggregate if aggregate is not None else np.zeros(len(places)), np.int32
    )
    return frame


@pytest.fixture(scope="module")
def engine(ts):
    return choose_engine(ts, threads=1)[0]


def filled(number, ts, library, seed=2):
    """An aggregate of small particles as beads, with the particles."""
    n_T, n_S, radii = classes(number, 7.0, 0.1, seed)
    particles = particles_frame(grown(radii, seed), n_T, n_S, radii, 300.0)
    chosen, _ = choose(particles, Resolve("largest"))
    beads, _ = fill(particles, chosen, Resolve("largest"), library, ts, np.random.default_rng(seed))
    return particles, chosen, beads


class TestDistances:
    def test_the_nearest_two_by_hand(self, ts):
        places = np.random.default_rng(1).uniform(-30, 30, (400, 3))
        away = places[:, None] - places
        away -= 60 * np.round(away / 60)
        apart = np.linalg.norm(away, axis=2) + 100 * np.eye(400)
        assert closest(beads_of(places, ts)) == pytest.approx(apart.min(), rel=1e-5)

    def test_nothing_near_is_six(self, ts):
        assert closest(beads_of([[0, 0, 0], [9, 0, 0]], ts)) == 6.0


class TestPushing:
    def test_overlaps_go_by_half_each(self, ts):
        found = Beads.of(pushed_apart(beads_of([[0, 0, 0], [1.0, 0, 0], [20, 0, 0]], ts), ts)).centred
        assert found[1, 0] - found[0, 0] == pytest.approx(2.4, abs=2e-3)
        assert found[0, 0] + found[1, 0] == pytest.approx(1.0)
        assert found[2].tolist() == pytest.approx([20, 0, 0], abs=1e-5)

    def test_across_the_faces_of_the_box(self, ts):
        found = Beads.of(pushed_apart(beads_of([[-29.5, 0, 0], [29.7, 0, 0]], ts), ts)).centred
        assert (found[0, 0] - found[1, 0]) % 60 == pytest.approx(2.4, abs=2e-3)

    def test_two_in_one_place_do_not_end_it(self, ts):
        assert np.isfinite(
            Beads.of(pushed_apart(beads_of([[0, 0, 0]] * 2 + [[1, 0, 0]], ts), ts)).centred
        ).all()

    def test_what_has_room_stays(self, ts, sgt):
        assert np.allclose(pushed_apart(sgt, ts).particles.position, Beads.of(sgt).centred, atol=1e-5)


class TestDrawing:
    def test_a_piece_comes_as_it_is_with_its_S(self, ts):
        bond = bond_length(ts)
        row = [[3.0 * k, 0, 0] for k in range(5)]
        piece = [[20, 0, 0], [23, 0, 0]]
        frame = beads_of(
            [*row, *piece, [6, 6, 0], [21.5, 6, 0]], ts, n_S=2, particle=[0] * 5 + [1] * 2 + [0, 1]
        )
        moved, count = drawn_together(frame, bond)
        found = Beads.of(moved).centred - Beads.of(frame).centred
        assert count == 1
        assert np.abs(found[[0, 1, 2, 3, 4, 7]]).max() < 1e-5
        assert np.allclose(found[[5, 6, 8]], [12 + bond - 20, 0, 0], atol=1e-5)
        assert len(find_clusters(network_of_frame(moved)[0]).size) == 1

    def test_a_piece_takes_along_what_has_come_to_it(self, ts):
        row = [[3.0 * k, 0, 0] for k in range(4)]
        frame = beads_of([*row, [15, 0, 0], [18, 0, 0], [25, 0, 0]], ts)
        moved, count = drawn_together(frame, 3.0)
        assert count == 2  # the pair at 15 Å, and the one at 25 Å
        assert np.allclose(Beads.of(moved).centred[:, 0], 3.0 * np.arange(7), atol=1e-5)

    def test_across_the_faces_of_the_box(self, ts):
        row = [[3.0 * k - 28, 0, 0] for k in range(4)]
        moved, count = drawn_together(beads_of([*row, [23, 0, 0], [20, 0, 0]], ts), 3.0)
        assert count == 1
        assert np.allclose(Beads.of(moved).centred[4:, 0] % 60, [29, 26], atol=1e-5)

    def test_what_is_one_stays(self, ts, sgt):
        moved, count = drawn_together(sgt, 3.0)
        assert (moved, count) == (sgt, 0)

    def test_aggregates_stay_apart(self, ts):
        row = [[3.0 * k, 0, 0] for k in range(4)]
        frame = beads_of([*row, [0, 9, 0], [0, 9, 3], [0, 9, 9]], ts, aggregate=[0] * 4 + [1] * 3)
        moved, count = drawn_together(frame, 3.0)
        assert count == 1
        assert np.allclose(Beads.of(moved).centred[4:], [[0, 9, 0], [0, 9, 3], [0, 9, 6]], atol=1e-5)


class TestRelaxing:
    def test_a_few_particles_become_one(self, ts, sgt, engine):
        particles, chosen, beads = filled(4, ts, sgt)
        said = []
        found = relax(beads, engine, ts, seed=1, tell=said.append)
        check_mass(particles, chosen, found.frame)
        network, sites = network_of_frame(found.frame)
        assert len(sites) == particles.log[N_T_MARK].sum() == found.n_T
        assert find_clusters(network).size.tolist() == [found.n_T]
        places = Beads.of(found.frame).centred
        apart = np.linalg.norm(places[:, None] - places, axis=2) + 100 * np.eye(len(places))
        assert apart.min() == pytest.approx(found.closest_A[1], rel=1e-5)
        assert apart.min() >= CLOSEST_A
        of = np.asarray(found.frame.log[PARTICLE_MARK])[sites]
        across = of[network.first] != of[network.second]
        assert across.sum() == found.bonds_across >= found.joined >= 3
        assert found.energy_eV == pytest.approx(engine.evaluate(found.frame).energy_eV, rel=1e-4)
        assert AGGREGATE_MARK not in found.frame.log
        assert found.clusters == 1
        assert "into one cluster" in found.sentence
        assert found.record()["closest_A"] == found.closest_A[1]
        assert said[0].startswith("overlaps")
        again = relax(beads, engine, ts, seed=1)
        assert np.array_equal(again.frame.particles.position, found.frame.particles.position)

    def test_aggregates_that_are_apart_need_not_be_one(self, ts, sgt, engine):
        n = np.full(2, 20)
        particles = particles_frame([[0, 0, 0], [0, 60, 0]], n, 0 * n, np.full(2, 6.5), 120.0)
        chosen, _ = choose(particles, Resolve("all"))
        beads, _ = fill(particles, chosen, Resolve("all"), sgt, ts, np.random.default_rng(1))
        found = relax(beads, engine, ts, seed=1)
        assert (found.clusters, found.joined) == (2, 0)

    def test_one_that_goes_round_the_box(self, ts, sgt, engine):
        step = 13.0 + TOUCH_A
        n = np.full(5, 20)
        places = [[k * step, 0, 0] for k in range(5)]
        particles = particles_frame(places, n, 0 * n + 1, np.full(5, 6.5), 5 * step)
        for part in ("all", "largest"):
            chosen, _ = choose(particles, Resolve(part))
            beads, _ = fill(particles, chosen, Resolve(part), sgt, ts, np.random.default_rng(1))
            found = relax(beads, engine, ts, seed=1)
            assert found.clusters == 1
            assert found.joined >= 4
            assert found.closest_A[1] >= CLOSEST_A
            check_mass(particles, chosen, found.frame)

    def test_it_can_be_ended(self, ts, sgt, engine):
        _, _, beads = filled(4, ts, sgt)
        calls = []

        def watch():
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            relax(beads, engine, ts, seed=1, watch=watch)
        assert len(calls) == 3

    def test_what_stays_apart_is_told(self, ts, sgt, engine, monkeypatch):
        monkeypatch.setattr(seating, "drawn_together", lambda frame, _: (frame, 0))
        frame = beads_of([[0, 0, 0], [3, 0, 0], [20, 0, 0]], ts)
        with pytest.raises(
            SimulationError, match="1 of 3 T of the resolved aggregate are not bonded to the rest"
        ):
            relax(frame, engine, ts, seed=1, warm_ps=0.1)

    def test_what_stays_too_close_is_told(self, ts, monkeypatch):
        monkeypatch.setattr(seating, "pushed_apart", lambda frame, _: frame)
        monkeypatch.setattr(seating, "settle", lambda _, frame, *rest: (frame, 0.0))
        with pytest.raises(SimulationError, match=r"are 1.00 Å apart after relaxing, nearer than 2.4 Å"):
            relax(beads_of([[0, 0, 0], [1, 0, 0]], ts), None, ts, seed=1, warm_ps=0.0)


@pytest.mark.slow
def test_an_aggregate_of_more_than_a_hundred_particles_becomes_one_cluster_of_beads():
    """What the issue asks for: numbers as the recipe says, no pair nearer than 2.4 Å, one cluster of bonded T."""
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.cluster_library import make_library

    model = read_forcefield("ts_sigma2")
    engine, _ = choose_engine(model, threads=1)
    n_T, n_S, radii = classes(110, 9.0, 0.1, 1)
    particles = particles_frame(grown(radii, 1) + 170.0, n_T, n_S, radii, 340.0)
    chosen, _ = choose(particles, Resolve("largest"))
    assert len(chosen) == 110
    library, _ = make_library(engine, model, n_T, 0.0625, 17.0, seed=1)
    beads, _ = fill(particles, chosen, Resolve("largest"), library, model, np.random.default_rng(1))
    found = relax(beads, engine, model, seed=1)
    check_mass(particles, chosen, found.frame)
    seen = Beads.of(found.frame)
    assert seen.count("T") == n_T.sum() == particles.log[N_T_MARK].sum()
    assert seen.count("S") == round(0.0625 * n_T.sum()) == particles.log[N_S_MARK].sum()
    assert closest(found.frame) >= 2.4
    network, _ = network_of_frame(found.frame)
    assert find_clusters(network).size.tolist() == [n_T.sum()]
    assert found.joined >= 109


@pytest.mark.slow
def test_a_run_goes_on_from_it_to_atoms(ts, sgt, engine, tmp_path):
    """Beads of an aggregate, run on and back-mapped: an Si for each T, and an O for each bond and each silanol."""
    import ase.io
    from command_line import call

    from zeocryst.files.trajectory import write_frame
    from zeocryst.solution.conserved import check_atoms

    _, _, beads = filled(6, ts, sgt)
    found = relax(beads, engine, ts, seed=1)
    write_frame(tmp_path / "beads.gsd", found.frame)
    (tmp_path / "condition.toml").write_text(
        """
        seed = 1
        [system]
        start = "file"
        file = "beads.gsd"
        [forcefield]
        name = "ts"
        [[stage]]
        kind = "langevin"
        temperature_K = 300
        time_ps = 0.2
        [output]
        interval_ps = 0.1
        report = false
        """
    )
    done = call("run", tmp_path / "condition.toml", "--out", tmp_path / "out")
    atoms = ase.io.read(tmp_path / "out" / "framework.extxyz")
    assert done.returncode in (0, 2, 3), done.stderr
    check_atoms(found.frame, atoms)
    n_si, n_o, n_h = (atoms.get_chemical_symbols().count(name) for name in ("Si", "O", "H"))
    assert n_si == found.n_T
    assert 4 * n_si == 2 * (n_o - n_h) + n_h
    assert n_h > 0
