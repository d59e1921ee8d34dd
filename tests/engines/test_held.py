"""Which beads a seed region holds: the same over a stop and through all stages, in every engine, and in the files."""

import itertools
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from zeocryst.cell import box_to_cell
from zeocryst.condition import parse_condition, to_toml
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.engines.protocol import HELD_MARK, SEED_MARK, frozen_beads
from zeocryst.errors import InputError
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


PLANTED = """
seed = 5
[system]
start = "melt"
n_T = 250
n_S = 20
[[stage]]
kind = "seed"
framework = "SOD"
radius_A = 6.5
[[stage]]
kind = "langevin"
temperature_K = 2500
time_ps = 1
hold_seed = true
[[stage]]
kind = "nvt"
temperature_K = 900
time_ps = 0.3
[[stage]]
kind = "nve"
time_ps = 0.3
hold_seed = true
[output]
interval_ps = 0.1
backmap = false
report = false
[engine]
threads = 1
"""


def test_a_planted_seed_is_held_over_stops(engine, tmp_path):
    """The seed's beads stay where they were planted, whatever melts around them, as often as the run is stopped."""
    from zeocryst.running.beginning import Options
    from zeocryst.running.pipeline import run

    condition = parse_condition(tomllib.loads(PLANTED), "planted.toml", tmp_path)
    out, calls = tmp_path / "run", 0
    while not run(condition, out, Options(engine.info.name, "cpu", 1, walltime_s=0.0, quiet=True))[1]:
        calls += 1
    assert calls > 2
    frames = [frame for _, frame in iterate(out / "trajectory.gsd")]
    rows = RunDirectory(out, "", "").table.read_text().splitlines()[1:]
    stages = [int(row.split(",")[2]) for row in rows]
    places = [unwrapped(frame) for frame in frames]
    first = stages.index(1)
    seed = np.asarray(frames[first].log[SEED_MARK]) > 0
    assert 10 < seed.sum() < 60
    last = {n: len(stages) - 1 - stages[::-1].index(n) for n in (1, 2, 3, 4)}
    for a, b, held in ((1, 2, True), (2, 3, False), (3, 4, True)):
        moved = np.linalg.norm(places[last[b]] - places[last[a]], axis=1)
        assert moved[~seed].min() > 0
        # frames that are shown are in single precision
        assert moved[seed].max() < 1e-4 if held else moved[seed].min() > 0
        mark = np.asarray(frames[last[b]].log[HELD_MARK])
        assert ((mark > 0) == (seed if held else False)).all()
        assert (frames[last[b]].log[SEED_MARK] == seed).all()
    hot = [float(row.split(",")[3]) for row, n in zip(rows, stages, strict=True) if n == 2]
    assert (
        1800 < np.mean(hot[5:]) < 3200
    )  # of the beads that move alone: with the others it would be a tenth less


def test_only_a_seed_that_is_there_is_held(tmp_path):
    def parse(text):
        return parse_condition(tomllib.loads(text), "planted.toml", tmp_path)

    late = PLANTED.replace('kind = "seed"\nframework = "SOD"\nradius_A = 6.5', 'kind = "minimize"')
    with pytest.raises(InputError, match=r"stage 2: hold_seed = true, and no stage before it puts a seed in"):
        parse(late)
    with pytest.raises(
        InputError, match=r"stage 2: hold_seed = True; expected true only without a seed_region"
    ):
        parse(PLANTED.replace("hold_seed = true", "hold_seed = true\nseed_region = { fraction = 0.5 }"))
    with pytest.raises(InputError, match=r"not with kind npt: a fixed part needs a fixed box"):
        parse(PLANTED.replace('kind = "langevin"', 'kind = "npt"'))
    again = parse(to_toml(parse(PLANTED)))
    assert [stage.hold_seed for stage in again.stages] == [False, True, False, True]
    drawn = PLANTED.replace("radius_A = 6.5", "radius_A = 6.5\nat_random = true")
    assert parse(to_toml(parse(drawn))).stages[0].edit.at_random
    assert "at_random" not in to_toml(parse(PLANTED))  # a run from before there was this key goes on
