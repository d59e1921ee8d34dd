"""Which particles in contact become bonded, and how often."""

import numpy as np
import pytest
from scipy import stats

from zeocryst.beads import PARTICLE_MARK
from zeocryst.cell import make_frame
from zeocryst.errors import InputError
from zeocryst.order.sticking import Contact, follow, in_words, pairs_of, sticking

#: Distances of two particles of one T: bonded, in contact, apart, Å.
BONDED, NEAR, APART = 3.1, 5.0, 9.0


def frame_of(distances, ts):
    """Pairs of particles of one T each, pair after pair, so far apart in each."""
    count = len(distances)
    side = 30.0 * int(np.ceil(count ** (1 / 3)))
    corners = 30.0 * np.array(list(np.ndindex(*[round(side / 30)] * 3))[:count]) + 10.0
    places = np.stack([corners, corners + np.array(distances)[:, None] * [1.0, 0, 0]], axis=1).reshape(-1, 3)
    frame = make_frame(places, side * np.eye(3), np.zeros(2 * count, int), ["T", "S"], ts.masses)
    frame.log[PARTICLE_MARK] = np.arange(2 * count, dtype=np.int32)
    return frame


def course(ts, *distances, step=1.0):
    """A run of one pair, a distance at each time."""
    return [(k * step, frame_of([d], ts)) for k, d in enumerate(distances)]


class TestPairs:
    def test_contacts_and_bonds(self, ts):
        near, bonded = pairs_of(frame_of([BONDED, NEAR, APART], ts))
        assert near == {(0, 1), (2, 3)}
        assert bonded == {(0, 1)}

    def test_across_the_faces_of_the_box(self, ts):
        frame = make_frame([[0.5, 5, 5], [27.6, 5, 5]], 30 * np.eye(3), [0, 0], ["T", "S"], ts.masses)
        frame.log[PARTICLE_MARK] = np.array([7, 3], dtype=np.int32)
        assert pairs_of(frame) == ({(3, 7)}, {(3, 7)})

    def test_T_of_one_particle_are_no_pair(self, ts):
        frame = frame_of([BONDED], ts)
        frame.log[PARTICLE_MARK][:] = 4
        assert pairs_of(frame) == (set(), set())

    def test_beads_that_come_from_no_particles(self, ts):
        frame = frame_of([BONDED], ts)
        frame.log.clear()
        with pytest.raises(InputError, match="particles/zeocryst/particle is missing"):
            pairs_of(frame)


class TestFollowing:
    @pytest.mark.parametrize(
        ("distances", "waits", "at_start"),
        [
            # from the middle between two frames to the middle between two
            ([APART, NEAR, NEAR, BONDED, BONDED, BONDED], [(0.5, 2.0, True)], 0),
            # in contact at the start
            ([NEAR, NEAR, BONDED, BONDED, BONDED], [(0.0, 1.5, True)], 0),
            # bonded at the start: nobody saw it wait
            ([BONDED, BONDED, BONDED, NEAR], [], 1),
            # a bond that does not stay is none
            ([NEAR, BONDED, NEAR, BONDED, BONDED, BONDED], [(0.0, 2.5, True)], 0),
            ([NEAR, BONDED, BONDED, NEAR, NEAR], [(0.0, 2.0, False)], 0),
            # too near the end to be seen to stay: watched until the last frame for whose bonds it is known
            ([NEAR, NEAR, NEAR, BONDED, BONDED], [(0.0, 2.0, False)], 0),
            ([NEAR, NEAR, NEAR, NEAR, BONDED, BONDED], [(0.0, 3.0, False)], 0),
            ([BONDED, BONDED, NEAR, NEAR], [(0.0, 1.0, False)], 0),
            # met after that
            ([APART, APART, NEAR, NEAR], [], 0),
            # parted, met again
            ([NEAR, NEAR, APART, NEAR, BONDED, BONDED, BONDED], [(0.0, 1.5, False), (2.5, 1.0, True)], 0),
            # met and bonded between two frames: a third of their distance
            ([APART, BONDED, BONDED, BONDED], [(0.5, 1 / 3, True)], 0),
            ([APART] * 4, [], 0),
        ],
    )  # fmt: skip
    def test_a_course_by_hand(self, ts, distances, waits, at_start):
        found = follow(course(ts, *distances))
        assert found.contacts == [
            Contact((0, 1), *(pytest.approx(x) for x in row[:2]), row[2]) for row in waits
        ]
        assert found.bonded_at_start == at_start
        assert found.n_bonded == sum(row[2] for row in waits)

    def test_a_trajectory_keeps_what_it_takes(self, ts, tmp_path):
        from zeocryst.files.trajectory import TrajectoryWriter, iterate

        with TrajectoryWriter(tmp_path / "run.gsd") as writer:
            for step, (_, frame) in enumerate(course(ts, NEAR, NEAR, BONDED, BONDED, BONDED)):
                writer.append(frame, step)
        found = follow((2.0 * k, frame) for k, frame in iterate(tmp_path / "run.gsd"))
        assert found.contacts == [Contact((0, 1), 0.0, 3.0, True)]

    def test_frames_that_are_none_of_a_run(self, ts):
        with pytest.raises(InputError, match="3 frames; expected at least 4"):
            follow(course(ts, NEAR, NEAR, NEAR))
        with pytest.raises(InputError, match="times that rise"):
            follow([*course(ts, NEAR, NEAR, NEAR), *course(ts, NEAR)])
        with pytest.raises(InputError, match="stays = 0"):
            follow(course(ts, NEAR, NEAR), stays=0)


class TestRates:
    def test_events_over_time_with_its_exact_interval(self, ts):
        found = sticking(follow(course(ts, NEAR, NEAR, BONDED, BONDED, BONDED, step=100.0)), 370.0)
        # one event in 150 ps: 6.67 per ns, 0.0253 to 5.572 events (Garwood's interval of 1)
        assert found.rate_per_ns == pytest.approx(1 / 0.150)
        assert found.interval_per_ns == pytest.approx((0.025318 / 0.150, 5.571643 / 0.150), rel=1e-4)
        assert (found.n_contacts, found.n_bonded, found.temperature_K) == (1, 1, 370.0)
        assert found.uncertainty_per_ns == pytest.approx(found.rate_per_ns)

    def test_none_seen_is_a_bound_only(self, ts):
        followed = follow(course(ts, *[NEAR] * 5, step=1000.0))
        found = sticking(followed, 370.0)
        assert found.rate_per_ns == found.interval_per_ns[0] == 0.0
        assert found.interval_per_ns[1] == pytest.approx(-np.log(0.025) / 2.0)  # 3.69 over the 2 ns
        assert in_words(followed, found) == (
            "None of 1 contacts became bonded: fewer than 1.84 per ns in contact (95 %)."
        )

    def test_nothing_in_contact_has_no_rate(self, ts):
        with pytest.raises(InputError, match="no two particles were in contact"):
            sticking(follow(course(ts, *[APART] * 4)), 370.0)
        with pytest.raises(InputError, match="no two particles were in contact"):
            sticking(follow(course(ts, *[BONDED] * 4)), 370.0)

    def test_a_known_rate_is_found(self, ts):
        """Waits drawn from an exponential distribution: the rate is in its interval, and the number as expected."""
        rate, step, count, frames = 20.0, 2.0, 120, 40
        rng = np.random.default_rng(8)
        wait = rng.exponential(1000 / rate, count)
        times = step * np.arange(frames)
        run = [(t, frame_of(np.where(wait <= t, BONDED, NEAR), ts)) for t in times]
        followed = follow(run)
        found = sticking(followed, 370.0)
        end = times[-3]
        assert followed.n_bonded == (wait <= end).sum()
        assert followed.bonded_at_start == 0
        assert found.interval_per_ns[0] < rate < found.interval_per_ns[1]
        exact = (wait <= end).sum() / np.minimum(wait, end).sum() * 1000
        assert found.rate_per_ns == pytest.approx(exact, rel=0.01)
        assert stats.poisson(rate / 1000 * np.minimum(wait, end).sum()).cdf(found.n_bonded) > 0.01

    def test_frames_too_far_apart_are_told(self, ts):
        followed = follow(course(ts, APART, BONDED, BONDED, BONDED))
        assert "a lower bound" in in_words(followed, sticking(followed, 370.0))
        slow = follow(course(ts, NEAR, NEAR, NEAR, BONDED, BONDED, BONDED))
        assert "a lower bound" not in in_words(slow, sticking(slow, 370.0))
