"""The first frame of nanoparticles."""

import time
from dataclasses import replace

import numpy as np
import pytest

from zeocryst.beads import N_S_MARK, N_T_MARK
from zeocryst.cell import neighbour_pairs
from zeocryst.condition import Output, Stage
from zeocryst.condition.particles import Particles
from zeocryst.errors import InputError
from zeocryst.solution.particles import LEAST_A, ROOMY_A, classes_in, classes_of, first_particles

MASSES = {"T": 60.08, "S": 200.0}
RECIPE = Particles(
    120, 10.0, 0.1, 0.0625, 17.8, 0.05, 0.0287, -30.0, 0.1, 56.0, 0.0,
    (Stage("brownian", (370.0, 370.0), time_ps=10, timestep_fs=50),), Output(),
)  # fmt: skip


def surfaces(frame):
    """Least distance of two surfaces across the faces of the box, Å."""
    box = float(frame.configuration.box[0])
    radius = np.asarray(frame.particles.diameter) / 2
    i, j, _, apart = neighbour_pairs(frame.particles.position, np.eye(3) * box, 2 * radius.max() + ROOMY_A)
    return float((apart - radius[i] - radius[j]).min()) if len(i) else np.inf


@pytest.mark.parametrize(("number", "fraction", "spread", "least"), [
    (1, 0.05, 0.0, ROOMY_A), (120, 0.05, 0.1, ROOMY_A), (500, 0.01, 0.3, ROOMY_A), (500, 0.2, 0.0, LEAST_A),
    (500, 0.25, 0.4, LEAST_A),
])  # fmt: skip
def test_nothing_overlaps_and_the_fraction_is_what_was_asked_for(number, fraction, spread, least):
    recipe = replace(RECIPE, number=number, volume_fraction=fraction, radius_spread=spread)
    frame = first_particles(recipe, MASSES, 3)
    radius = np.asarray(frame.particles.diameter, dtype=float) / 2
    box = np.asarray(frame.configuration.box)
    assert frame.particles.N == number
    assert (box[:3] == box[0]).all()
    assert (4 / 3 * np.pi * radius**3).sum() / box[0] ** 3 == pytest.approx(fraction, rel=1e-5)
    assert surfaces(frame) > least - 1e-3


def test_the_frame_says_what_is_in_each_particle(tmp_path):
    import gsd.hoomd

    frame = first_particles(RECIPE, MASSES, 3)
    frame.validate()
    assert classes_in(frame) == tuple(
        replace(each, radius_A=pytest.approx(each.radius_A, rel=1e-6)) for each in classes_of(RECIPE)
    )
    n_t, n_s = frame.log[N_T_MARK], frame.log[N_S_MARK]
    assert n_t.dtype == n_s.dtype == np.int32
    assert n_s.sum() == round(0.0625 * n_t.sum())
    assert frame.particles.mass == pytest.approx(60.08 * n_t + 200.0 * n_s)
    with gsd.hoomd.open(tmp_path / "first.gsd", "w") as file:
        file.append(frame)
    with gsd.hoomd.open(tmp_path / "first.gsd") as file:
        assert (file[0].log[N_T_MARK] == n_t).all()
        assert file[0].particles.types == [f"P{k}" for k in range(1, 9)]


def test_the_same_seed_gives_the_same_frame():
    places = [first_particles(RECIPE, MASSES, seed).particles.position for seed in (1, 1, 2)]
    assert (places[0] == places[1]).all()
    assert not (places[0] == places[2]).all()


def test_what_does_not_fit_is_said():
    with pytest.raises(
        InputError, match=r"volume_fraction = 0.45; expected a lower one: 120 particles of 8.5 to 11.8 Å"
    ):
        first_particles(replace(RECIPE, volume_fraction=0.45), MASSES, 1)


def test_frames_of_beads_have_no_classes(sod):
    with pytest.raises(InputError, match="the frame has no nanoparticles"):
        classes_in(sod)


@pytest.mark.alone
def test_a_hundred_thousand_take_seconds():
    first_particles(RECIPE, MASSES, 1)
    start = time.process_time()
    frame = first_particles(replace(RECIPE, number=100_000, volume_fraction=0.2), MASSES, 1)
    assert time.process_time() - start < 10
    assert surfaces(frame) > LEAST_A - 1e-3
