"""Aggregates of nanoparticles against a count by all pairs and all images."""

import itertools
import time

import gsd.hoomd
import numpy as np
import pytest

from zeocryst.beads import N_T_MARK
from zeocryst.order.particles import COLUMNS, CONTACT_GAP_A, measure_particles


def frame_of(places, radii, box, n_t=None):
    frame = gsd.hoomd.Frame()
    frame.configuration.box = [*box, 0, 0, 0]
    frame.particles.N = len(places)
    frame.particles.types = ["P1"]
    frame.particles.typeid = np.zeros(len(places), dtype=np.uint32)
    places = np.asarray(places, dtype=float)
    frame.particles.position = places - np.round(places / box) * box
    frame.particles.diameter = 2 * np.broadcast_to(radii, len(places)).astype(np.float32)
    frame.log = {N_T_MARK: np.asarray(n_t if n_t is not None else np.full(len(places), 75), dtype=np.int32)}
    return frame


def by_all_pairs(frame):
    """Contacts by all pairs and 27 images, aggregates by joining labels; radius by walking from image to image."""
    places, box = np.asarray(frame.particles.position, float), np.asarray(frame.configuration.box[:3], float)
    radius = np.asarray(frame.particles.diameter, float) / 2
    label, contacts, bonds = np.arange(len(places)), np.zeros(len(places), int), []
    for i, j in itertools.combinations(range(len(places)), 2):
        for image in itertools.product((-1, 0, 1), repeat=3):
            apart = places[j] + np.array(image) * box - places[i]
            if np.linalg.norm(apart) < radius[i] + radius[j] + CONTACT_GAP_A:
                contacts[[i, j]] += 1
                bonds.append((i, j, apart))
                label[label == label[j]] = label[i]
    return label, contacts, bonds


@pytest.mark.parametrize("seed", range(6))
def test_contacts_and_aggregates_are_those_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    radii = rng.uniform(6, 14, 60)
    frame = frame_of(rng.uniform(0, 150, (60, 3)), radii, [150.0, 160.0, 170.0], rng.integers(10, 90, 60))
    label, contacts, _ = by_all_pairs(frame)
    found = measure_particles(frame)
    assert (found.contacts == contacts).all()
    groups = [np.flatnonzero(label == each) for each in np.unique(label)]
    assert {tuple(g) for g in groups} == {
        tuple(np.flatnonzero(found.aggregate == k)) for k in range(len(groups))
    }
    assert found.values["n_aggregates"] == len(groups)
    assert found.values["largest_aggregate_particles"] == max(map(len, groups))
    assert found.values["monomer_share"] == pytest.approx((contacts == 0).mean())
    assert found.values["contacts_per_particle"] == pytest.approx(contacts.mean())
    assert found.values["largest_aggregate_T"] == frame.log[N_T_MARK][found.aggregate == 0].sum()
    assert tuple(found.values) == COLUMNS


def test_an_aggregate_across_the_faces_has_the_radius_of_one_in_one_piece():
    """Four in a row across two faces: R^2 = sum of n (x - mean)^2 / sum of n."""
    n_t = np.array([10, 20, 30, 40, 99])
    along = np.array([0.0, 22, 44, 66])
    step = np.array([1.0, 1.0, 0.0]) / 2**0.5
    places = np.vstack([np.array([80.0, 80, 0]) + along[:, None] * step, [[0, 0, 90]]])
    found = measure_particles(frame_of(places, 10.0, [200.0, 200.0, 200.0], n_t))
    mean = (n_t[:4] @ along) / 100
    assert found.values["gyration_radius_A"] == pytest.approx(
        (n_t[:4] @ (along - mean) ** 2 / 100) ** 0.5, rel=1e-5
    )
    assert (found.values["n_aggregates"], found.values["largest_aggregate_T"]) == (2, 100)
    assert list(found.contacts) == [1, 2, 2, 1, 0]
    assert not found.percolates.any()


def test_one_that_goes_round_the_box_has_no_radius():
    row = np.column_stack([np.arange(10) * 21.0, np.zeros(10), np.zeros(10)])
    found = measure_particles(frame_of(row, 10.0, [210.0, 100.0, 100.0]))
    assert found.percolates.all()
    assert np.isnan(found.values["gyration_radius_A"])
    assert found.values["contacts_per_particle"] == 2


def test_the_gap_of_a_contact_is_between_surfaces():
    for gap, joined in ((CONTACT_GAP_A - 0.01, 1), (CONTACT_GAP_A + 0.01, 0)):
        places = [[0, 0, 0], [18 + gap, 0, 0]]
        found = measure_particles(frame_of(places, np.array([8.0, 10.0]), [90.0] * 3))
        assert found.values["contacts_per_particle"] == joined
    assert measure_particles(frame_of([[0, 0, 0]], 8.0, [90.0] * 3)).values["gyration_radius_A"] == 0


@pytest.mark.alone
def test_a_hundred_thousand_take_less_than_a_second():
    times = {}
    for number in (20_000, 100_000):
        rng = np.random.default_rng(1)
        box = (number * 4 / 3 * np.pi * 10**3 / 0.15) ** (1 / 3)
        frame = frame_of(rng.uniform(0, box, (number, 3)), 10.0, [box] * 3)
        measure_particles(frame)
        runs = []
        for _ in range(3):
            start = time.process_time()
            measure_particles(frame)
            runs.append(time.process_time() - start)
        times[number] = min(runs)
    print(times)
    assert times[100_000] < 1.0
    assert times[100_000] < 9 * times[20_000]
