"""Which beads a seed region holds: the same over a stop and through all stages, in every engine, and in the files."""

import itertools
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from zeocryst.cell import box_to_cell
from zeocryst.condition import parse_condition
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.engines.protocol import HELD_MARK, frozen_beads
from zeocryst.files.position import Position
from zeocryst.files.rundir import RunDirectory
from zeocryst.files.trajectory import TrajectoryWriter, iterate
from zeocryst.running.simulation import Hooks, simulate

MELTING = """
seed = 3
[system]
start = "framework"
framework = "SGT"
repeat = [3, 3, 1]
[[stage]]
kind = "langevin"
temperature_K = 4000
time_ps = 2
seed_region = { fraction = 0.5 }
[[stage]]
kind = "nvt"
temperature_K = 4000
time_ps = 1
seed_region = { fraction = 0.5 }
[[stage]]
kind = "nve"
time_ps = 0.1
timestep_fs = 1
[output]
interval_ps = 0.1
"""


@pytest.fixture(params=[pytest.param(n, marks=[pytest.mark.hoomd] if n == "hoomd" else []) for n in sorted(engine_modules())])  # fmt: skip
def engine(request, ts):
    offer = engine_modules()[request.param].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    return choose_engine(ts, request.param, "cpu", 1)[0]


def unwrapped(frame):
    cell = box_to_cell(frame.configuration.box)
    return np.asarray(frame.particles.position, dtype=float) + np.asarray(frame.particles.image) @ cell


def test_a_stop_and_a_new_stage_hold_the_same_beads(engine, ts, tmp_path):
    """A melt at 4000 K beside a held slab: beads wander in. The mask comes from the first frame alone."""
    from zeocryst.running.beginning import first_frame

    condition = parse_condition(tomllib.loads(MELTING), "melting.toml", tmp_path)
    start = first_frame(condition, ts)
    cell = box_to_cell(start.configuration.box)
    held = frozen_beads(np.asarray(start.particles.position, dtype=float), cell, 0.5)
    folder = RunDirectory(tmp_path / "run", "", "x")
    folder.open()
    frames, wandered, stop = [], [], {"after": 200}

    def on_frame(position, sample, frame, kept):
        frames.append((position, unwrapped(frame), np.asarray(frame.log[HELD_MARK])))
        there = frozen_beads(np.asarray(frame.particles.position, dtype=float), cell, 0.5)
        wandered.append(bool((there & ~held).any()))
        writer.append(frame, position.step)

    def go_on(frame, position):
        hooks = Hooks(
            lambda *_: None, on_frame, folder.save, lambda: bool(frames) and frames[-1][0].step >= stop["after"]
        )
        return simulate(condition, engine, frame, seed=3, position=position, hooks=hooks)

    with TrajectoryWriter(folder.trajectory) as writer:
        _, position, finished = go_on(start, Position())
    assert not finished
    assert position.stage == 0
    assert wandered[-1]  # else the test could not fail
    (frame, position), _ = folder.load()
    assert ((np.asarray(frame.log[HELD_MARK]) > 0) == held).all()
    stop["after"] = 10**9
    with TrajectoryWriter(folder.trajectory) as writer:
        assert go_on(frame, position)[2]
    folder.close()
    first = unwrapped(start)
    for position, place, mark in frames:
        if position.step <= 600:
            # frames that are shown are in single precision
            assert np.abs(place - first)[held].max() < 1e-5
            assert ((mark > 0) == held).all()
        else:
            assert (mark == 0).all()  # the last stage holds none
    moving = [place for position, place, _ in frames if 200 <= position.step <= 600]
    for before, after in itertools.pairwise(moving):
        assert np.abs(after - before)[~held].max(axis=1).min() > 0
    assert np.abs(frames[-1][1] - first)[held].max(axis=1).min() > 0
    # every frame of the file says it, so that no reader misses it in the first
    marks = [np.asarray(frame.log[HELD_MARK]) for _, frame in iterate(folder.trajectory)]
    assert len(marks) > 20
    assert ((marks[0] > 0) == held).all()


def test_frames_of_runs_without_a_region_say_nothing(engine, ts, tmp_path):
    from zeocryst.running.beginning import first_frame

    condition = parse_condition(tomllib.loads(MELTING), "melting.toml", tmp_path)
    stages = tuple(replace(stage, time_ps=0.1, seed_region=0.0) for stage in condition.stages)
    condition = replace(condition, stages=stages)
    found = []
    hooks = Hooks(
        lambda *_: None,
        lambda p, s, frame, k: found.append(HELD_MARK in frame.log),
        lambda *_: None,
        lambda: False,
    )
    simulate(condition, engine, first_frame(condition, ts), seed=3, position=Position(), hooks=hooks)
    assert found
    assert not any(found)
