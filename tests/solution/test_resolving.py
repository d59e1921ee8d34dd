"""Which particles become beads, and what they are filled with."""

from dataclasses import replace

import numpy as np
import pytest
from aggregates import TOUCH_A, classes, grown, particles_frame

from zeocryst.beads import AGGREGATE_MARK, N_T_MARK, PARTICLE_MARK, Beads
from zeocryst.condition.particles import Resolve
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.forcefield import read_forcefield
from zeocryst.order.particles import CONTACT_GAP_A, contact_network
from zeocryst.solution.conserved import check_atoms, check_mass
from zeocryst.solution.resolving import choose, fill


def spheres(places, side, n_T=40, n_S=2, radius=8.0):
    """Equal particles."""
    n = len(places)
    return particles_frame(places, np.full(n, n_T), np.full(n, n_S), np.full(n, radius), side)


def aggregate(number=12, seed=3, shift=(0.0, 0.0, 0.0), side=400.0):
    """One aggregate in its box, T and S of its particles in classes."""
    n_T, n_S, radii = classes(number, 8.0, 0.1, seed)
    return particles_frame(grown(radii, seed) + shift, n_T, n_S, radii, side)


STEP = 16.0 + TOUCH_A


class TestTouching:
    def test_as_all_pairs_by_hand(self):
        rng = np.random.default_rng(5)
        n, side = 150, 160.0
        places, radii = rng.uniform(-side / 2, side / 2, (n, 3)), rng.uniform(6, 12, n)
        frame = particles_frame(places, np.full(n, 10), np.zeros(n, int), radii, side)
        given = np.asarray(frame.particles.position, float)
        away = given[:, None] - given
        away -= side * np.round(away / side)
        near = np.linalg.norm(away, axis=2) < radii[:, None] + radii + CONTACT_GAP_A
        wanted = {tuple(pair) for pair in np.argwhere(np.triu(near, 1))}
        found = contact_network(frame)
        assert {tuple(sorted(pair)) for pair in zip(found.first, found.second, strict=True)} == wanted
        assert len(wanted) > 20
        assert np.abs(found.vectors).max() < side / 2

    @pytest.mark.parametrize(("gap", "bonds"), [(CONTACT_GAP_A - 0.01, 1), (CONTACT_GAP_A + 0.01, 0)])
    def test_surfaces_that_are_near_touch(self, gap, bonds):
        frame = spheres([[-70, 0, 0], [-70 + 16 + gap, 0, 0]], 200.0)
        assert len(contact_network(frame).first) == bonds


class TestChoosing:
    @property
    def frame(self):
        """A pair, one alone, and a chain of four."""
        chain = [[k * STEP, 0, 0] for k in range(4)]
        return spheres([[0, 90, 0], [STEP, 90, 0], [0, 0, 80], *chain], 300.0)

    def test_all_and_the_largest(self):
        chosen, words = choose(self.frame, Resolve("all"))
        assert chosen.tolist() == list(range(7))
        chosen, words = choose(self.frame, Resolve("largest"))
        assert chosen.tolist() == [3, 4, 5, 6]
        assert words == "the largest aggregate: 4 of 7 particles, 160 of 280 T and 8 of 14 S"

    def test_the_largest_has_the_most_particles(self):
        frame = self.frame
        frame.log[N_T_MARK][:2] = 100
        assert choose(frame, Resolve("largest"))[0].tolist() == [3, 4, 5, 6]

    def test_a_box(self):
        box = ((-10.0, 40.0), (-1.0, 1.0), (-1.0, 1.0))
        assert choose(self.frame, Resolve("box", box_A=box))[0].tolist() == [3, 4, 5]
        with pytest.raises(InputError, match=r"no particle's centre lies there, the nearest is at \[0.0, 90.0"):
            choose(self.frame, Resolve("box", box_A=((0, 9), (60, 80), (0, 9))))
        with pytest.raises(InputError, match="box_A is missing"):
            choose(self.frame, Resolve("box"))

    def test_a_neck_is_where_the_most_are_whole_and_in_one_piece(self):
        side = STEP
        cross = [[k * side, 0, 0] for k in range(-6, 7)] + [[0, side, 0], [0, -side, 0], [0, 0, side]]
        chosen, _ = choose(spheres(cross, 400.0), Resolve("neck", most_T=7 * 40 + 39))
        # one in the middle, its five neighbours, and one that is two away (the first of the two)
        assert chosen.tolist() == [4, 5, 6, 7, 13, 14, 15]
        assert len(choose(spheres(cross, 400.0), Resolve("neck", most_T=10_000))[0]) == len(cross)

    def test_a_neck_across_the_faces_of_the_box(self):
        cross = np.array([[k * STEP, 0, 0] for k in range(-6, 7)] + [[0, STEP, 0], [0, -STEP, 0], [0, 0, STEP]])
        chosen, _ = choose(spheres(cross + [200.0, 199.0, 200.0], 400.0), Resolve("neck", most_T=6 * 40))
        assert chosen.tolist() == [5, 6, 7, 13, 14, 15]

    def test_a_neck_may_be_too_small(self):
        with pytest.raises(InputError, match="most_T = 39; the particle in the densest place has 40 T"):
            choose(self.frame, Resolve("neck", most_T=39))
        with pytest.raises(InputError, match="most_T is missing"):
            choose(self.frame, Resolve("neck"))

    def test_a_frame_that_is_none_of_particles(self, sgt):
        with pytest.raises(InputError, match="zeocryst/n_T, particles/zeocryst/n_S is missing"):
            choose(sgt, Resolve("all"))


class TestFilling:
    def fill(self, frame, ts, library, resolve=None, seed=1):
        """With whatever box of beads the library is."""
        resolve = resolve or Resolve("largest")
        chosen, _ = choose(frame, resolve)
        return chosen, *fill(frame, chosen, resolve, library, ts, np.random.default_rng(seed))

    def test_each_has_what_is_in_it(self, ts, sgt):
        particles = aggregate()
        chosen, beads, words = self.fill(particles, ts, sgt)
        said = check_mass(particles, chosen, beads)
        seen = Beads.of(beads)
        assert seen.count("T") == particles.log[N_T_MARK].sum()
        assert f"{seen.count('T')} T and {seen.count('S')} S" in said
        assert words.startswith("12 particles filled")
        of = beads.log[PARTICLE_MARK]
        assert of.dtype == np.int32
        assert (beads.log[AGGREGATE_MARK] == 0).all()
        radii = np.asarray(particles.particles.diameter) / 2
        places = np.stack([seen.centred[of == k].mean(axis=0) for k in chosen])
        before = np.asarray(particles.particles.position, float)
        # in one piece as before, each about its centre
        shift = (places - before).mean(axis=0)
        assert np.linalg.norm(places - before - shift, axis=1).max() < 2.5
        for k in chosen:
            far = np.linalg.norm(seen.centred[(of == k) & seen.are("T")] - before[k] - shift, axis=1)
            assert far.max() < radii[k] + 2.5

    def test_across_the_faces_it_is_the_same_aggregate(self, ts, sgt):
        _, inside, _ = self.fill(aggregate(), ts, sgt)
        _, across, _ = self.fill(aggregate(shift=(200.0, 190.0, -200.0)), ts, sgt)
        assert np.allclose(Beads.of(inside).centred, Beads.of(across).centred, atol=1e-3)
        assert inside.configuration.box[0] == pytest.approx(across.configuration.box[0], abs=1e-3)

    def test_room_for_every_turn(self, ts, sgt):
        for margin in (8.0, 30.0):
            _, beads, _ = self.fill(aggregate(), ts, sgt, Resolve("largest", margin_A=margin))
            side = beads.configuration.box[0]
            far = np.linalg.norm(np.asarray(beads.particles.position), axis=1).max()
            assert side / 2 - far == pytest.approx(max(margin, ts.cutoff_A / 2))
            assert beads.configuration.box[:3].tolist() == [side] * 3
        one = spheres([[0, 0, 0]], 100.0, n_T=4, n_S=0, radius=3.8)
        sigma2 = read_forcefield("ts_sigma2")
        _, beads, _ = self.fill(one, sigma2, sgt)
        assert beads.configuration.box[0] > 2 * sigma2.cutoff_A

    def test_all_keep_their_box_and_their_aggregates(self, ts, sgt):
        frame = spheres([[0, 0, 0], [STEP, 0, 0], [0, 60, 0]], 180.0)
        chosen, beads, words = self.fill(frame, ts, sgt, Resolve("all"))
        assert beads.configuration.box.tolist() == [180.0] * 3 + [0.0] * 3
        assert "in the particles' box" in words
        of, mark = beads.log[PARTICLE_MARK], beads.log[AGGREGATE_MARK]
        assert [np.unique(mark[of == k]).tolist() for k in chosen] == [[0], [0], [1]]
        check_mass(frame, chosen, beads)

    def test_one_that_goes_round_the_box_is_cut_open(self, ts, sgt):
        ring = spheres([[k * STEP - 2 * STEP, 0, 0] for k in range(5)], 5 * STEP)
        _, beads, words = self.fill(ring, ts, sgt)
        assert "1 of 1 aggregates went round the periodic box and were cut open" in words
        assert np.ptp(Beads.of(beads).centred[:, 0]) > 4 * STEP
        assert "cut open" not in self.fill(ring, ts, sgt, Resolve("all"))[2]

    def test_the_same_seed_gives_the_same_beads(self, ts, sgt):
        one, same, other = (self.fill(aggregate(), ts, sgt, seed=seed)[1] for seed in (1, 1, 2))
        assert np.array_equal(one.particles.position, same.particles.position)
        assert not np.allclose(one.particles.position, other.particles.position)

    def test_what_cannot_be_filled(self, ts, sgt):
        with pytest.raises(InputError, match="has none; expected S_per_T = 0"):
            self.fill(aggregate(), read_forcefield("mw"), sgt)
        with pytest.raises(InputError, match="make one for the largest cluster"):
            self.fill(spheres([[0, 0, 0]], 300.0, n_T=400, radius=18.0), ts, sgt)


class TestMass:
    @pytest.fixture
    def filled(self, ts, sgt):
        frame = aggregate()
        chosen, _ = choose(frame, Resolve("largest"))
        return frame, chosen, fill(frame, chosen, Resolve("largest"), sgt, ts, np.random.default_rng(1))[0]

    @staticmethod
    def without(beads, gone):
        """A frame that lacks a bead."""
        import gsd.hoomd

        new = gsd.hoomd.Frame()
        new.configuration.box = beads.configuration.box
        keep = np.arange(beads.particles.N) != gone
        new.particles.N = int(keep.sum())
        new.particles.types = beads.particles.types
        for name in ("position", "typeid", "mass"):
            setattr(new.particles, name, np.asarray(getattr(beads.particles, name))[keep])
        new.log = {key: np.asarray(value)[keep] for key, value in beads.log.items()}
        return new

    def test_a_bead_that_is_gone_is_missed(self, filled):
        particles, chosen, beads = filled
        n_T = int(particles.log[N_T_MARK].sum())
        with pytest.raises(
            SimulationError, match=f"mass: {n_T} T in the chosen particles, and {n_T - 1} as beads"
        ):
            check_mass(particles, chosen, self.without(beads, 0))
        with pytest.raises(SimulationError, match="S in the chosen particles"):
            check_mass(particles, chosen, self.without(beads, beads.particles.N - 1))

    def test_a_bead_of_another_type_or_particle_is_found(self, filled):
        particles, chosen, beads = filled
        beads.particles.typeid[0] = 1
        with pytest.raises(SimulationError, match="particle 0: "):
            check_mass(particles, chosen, beads)
        beads.particles.typeid[0] = 0
        beads.log[PARTICLE_MARK][0] = chosen[1]
        with pytest.raises(SimulationError, match="none may be lost or made"):
            check_mass(particles, chosen, beads)
        beads.log[PARTICLE_MARK][0] = 999
        with pytest.raises(SimulationError, match="were not chosen"):
            check_mass(particles, chosen, beads)
        del beads.log[PARTICLE_MARK]
        with pytest.raises(SimulationError, match="do not say which particle"):
            check_mass(particles, chosen, beads)

    def test_beads_of_particles_that_were_not_chosen(self, filled):
        particles, chosen, beads = filled
        with pytest.raises(SimulationError, match="were not chosen"):
            check_mass(particles, chosen[1:], beads)

    def test_another_mass_is_found(self, filled):
        particles, chosen, beads = filled
        particles.particles.mass[0] *= 1.01
        with pytest.raises(SimulationError, match="amu of particles, and"):
            check_mass(particles, chosen, beads)

    def test_atoms(self, filled):
        from ase import Atoms

        _, _, beads = filled
        n_T, n_S = (Beads.of(beads).count(name) for name in "TS")
        atoms = Atoms(["Si"] * (n_T - 1) + ["Al"] + ["O"] * 2 * n_T + ["H"] * 5, np.zeros((3 * n_T + 5, 3)))
        assert check_atoms(beads, atoms) == f"{n_T} T are as many atoms"
        assert check_atoms(beads, atoms, templates=n_S - 1, empty=1).endswith(
            f"{n_S - 1} of {n_S} S are molecules"
        )
        with pytest.raises(SimulationError, match=f"{n_T} T as beads, and {n_T - 1} Si"):
            check_atoms(beads, atoms[1:])
        with pytest.raises(SimulationError, match=f"{n_S} S as beads, and {n_S - 1} molecules with 0 S"):
            check_atoms(beads, atoms, templates=n_S - 1)


def test_resolve_has_defaults():
    assert replace(Resolve(), part="neck").margin_A == 8.0
