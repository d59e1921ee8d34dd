"""A run goes on whatever has happened to its files: cut, flipped, gone; nothing that can be read is lost."""

import contextlib
import csv
import json
import random
import shutil
import signal

import gsd.hoomd
import numpy as np
import pytest
from conftest import SHORT
from faults import ALLOWED, call_here, cut, damaged_at_random, flip, stopped_after

from zeocryst.files.trajectory import readable

CONDITION = SHORT.replace("time_ps = 4", "time_ps = 5") + "backmap = false\nreport = false\n"
STEPS = list(range(0, 1201, 100))


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """Condition and folder of a run that was stopped after 800 of 1200 steps."""
    place = tmp_path_factory.mktemp("half")
    condition = place / "short.toml"
    condition.write_text(CONDITION)
    with pytest.MonkeyPatch.context() as patch, stopped_after(8, patch):
        status, _, errors = call_here("run", condition, "--out", place / "run", "--threads", 1)
    assert status == 4, errors
    assert rows_of(place / "run") == STEPS[:9]
    return condition, place / "run"


@pytest.fixture
def copied(half, tmp_path):
    """The same, to be damaged."""
    shutil.copytree(half[1], tmp_path / "run")
    return half[0], tmp_path / "run"


def rows_of(out):
    with (out / "order_parameters.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def frames_of(path):
    with gsd.hoomd.open(str(path)) as file:
        return [int(frame.configuration.step) for frame in file]


def goes_on(condition, out):
    """The same command ends the run, and frames and rows belong together; its messages."""
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 0, errors
    assert rows_of(out) == frames_of(out / "trajectory.gsd")
    assert rows_of(out)[-1] == 1200
    assert (out / "summary.json").is_file()
    assert "goes on from step 800" in errors or "last sound frame" in errors
    assert "Traceback" not in errors
    return errors


def test_a_whole_run_goes_on_without_a_word(copied):
    condition, out = copied
    errors = goes_on(condition, out)
    assert "damaged" not in errors
    assert rows_of(out) == STEPS
    assert not list(out.rglob("*.damaged-*"))


def test_the_table_follows_from_the_frames(copied):
    """Every number and word of the table as the frames have it, to the last digit."""
    condition, out = copied
    table = out / "order_parameters.csv"
    before = table.read_bytes()
    table.unlink()
    errors = goes_on(condition, out)
    assert "order_parameters.csv is damaged (it is gone); made anew from 9 frames' logs" in errors
    assert table.read_bytes().startswith(before)
    assert rows_of(out) == STEPS


@pytest.mark.parametrize(
    "how", ["cut", "cut in a row", "doubled", "header", "garbage", "empty", "order", "number"]
)
def test_a_damaged_table_is_made_anew(copied, how):
    condition, out = copied
    table = out / "order_parameters.csv"
    whole = table.read_text()
    lines = whole.splitlines()
    damaged = {
        "cut": "\n".join(lines[:4]) + "\n",
        "cut in a row": whole[: len(whole) // 2],
        "doubled": "\n".join([*lines, lines[-1], lines[3]]) + "\n",
        "header": whole.replace("crystalline_share", "crystaline_share"),
        "garbage": "\0\1\2" + whole[100:],
        "empty": "",
        "order": "\n".join([lines[0], *lines[:0:-1]]) + "\n",
        "number": whole.replace(lines[5], lines[5].replace("1", "2")),
    }[how]
    table.write_bytes(damaged.encode())
    errors = goes_on(condition, out)
    assert "order_parameters.csv is damaged" in errors
    assert (out / "order_parameters.csv.damaged-1").read_bytes() == damaged.encode()
    assert rows_of(out) == STEPS
    assert table.read_text().splitlines()[:10] == lines
    assert "order_parameters.csv is damaged" in (out / "log.txt").read_text()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.95, 0.999])
def test_a_cut_trajectory_keeps_its_frames(copied, share):
    condition, out = copied
    path = out / "trajectory.gsd"
    cut(path, share)
    damaged = path.read_bytes()
    errors = goes_on(condition, out)
    assert "trajectory is damaged" in errors
    assert (out / "trajectory.gsd.damaged-1").read_bytes() == damaged
    kept = rows_of(out)
    assert kept[-5:] == STEPS[-5:], "the checkpoint's frame and what comes after it"
    assert len(kept) >= 5 + int(8 * share) - 3, "only frames whose index went with the cut are lost"
    if kept != STEPS:
        assert f"{len(STEPS) - len(kept)} frames are lost, at" in errors
        assert (out / "order_parameters.csv.damaged-1").is_file()


def test_a_flip_in_a_frame_is_noticed(copied):
    """One bit in the positions of one frame: that frame is lost, and said, and no other."""
    condition, out = copied
    path = out / "trajectory.gsd"
    with gsd.hoomd.open(str(path)) as file:
        wanted = file[4].particles.position.astype(np.float32).tobytes()
    flip(path, path.read_bytes().index(wanted) + 101, 3)
    assert [bool(fault) for *_, fault in readable(path)] == [k == 4 for k in range(9)]
    status, _, errors = call_here("analyze", path, "--only", "density")
    assert status == 2
    assert "frame 4 is not as the run wrote it" in errors
    errors = goes_on(condition, out)
    assert "its checksum is another" in errors
    assert "the 8 frames that can be read are kept" in errors
    assert "1 frames are lost, at 2 ps" in errors
    assert rows_of(out) == [step for step in STEPS if step != 400]


@pytest.mark.parametrize("how", ["cut", "flip", "gone", "not GSD"])
def test_a_damaged_checkpoint(copied, how):
    condition, out = copied
    path = out / "checkpoint" / "state.gsd"
    if how == "cut":
        cut(path, 0.5)
    elif how == "flip":
        with gsd.hoomd.open(str(path)) as file:
            place = path.read_bytes().index(file[0].log["particles/zeocryst/exact_velocity"].tobytes())
        flip(path, place + 50, 1)
    elif how == "gone":
        path.unlink()
    else:
        path.write_text("nothing of the kind")
    errors = goes_on(condition, out)
    assert "goes on from the last sound frame, of step 800" in errors
    assert "single precision" in errors
    assert rows_of(out) == STEPS
    assert (path.parent / "state.gsd.damaged-1").exists() == (how != "gone")


def test_both_damaged(copied):
    condition, out = copied
    cut(out / "checkpoint" / "state.gsd", 0.5)
    cut(out / "trajectory.gsd", 0.7)
    errors = goes_on(condition, out)
    assert "last sound frame, of step" in errors
    assert rows_of(out) == STEPS, "what was lost is run again"


def test_nothing_left(copied):
    condition, out = copied
    cut(out / "checkpoint" / "state.gsd", 0.1)
    cut(out / "trajectory.gsd", 0.01)
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 2
    assert "--restart" in errors
    assert call_here("run", condition, "--out", out, "--threads", 1, "--restart")[0] == 0


@pytest.mark.parametrize(
    "name", ["provenance.json", "checkpoint/identity.toml", "condition.toml", "summary.json"]
)
@pytest.mark.parametrize("how", ["cut", "gone", "flip", "nested"])
def test_the_other_files(copied, name, how):
    condition, out = copied
    if name == "summary.json":
        assert call_here("run", condition, "--out", out, "--threads", 1)[0] == 0
    path = out / name
    if how == "cut":
        cut(path, 0.6)
    elif how == "gone":
        path.unlink()
    elif how == "flip":
        flip(path, 30, 7)
    else:
        path.write_text("[" * 100_000)
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 0, errors
    assert rows_of(out) == STEPS
    json.loads((out / "summary.json").read_text())


def test_another_condition_is_still_another(copied):
    condition, out = copied
    other = out.parent / "other.toml"
    other.write_text(CONDITION.replace("500", "501"))
    status, _, errors = call_here("run", other, "--out", out, "--threads", 1)
    assert status == 2
    assert "another condition" in errors


@pytest.mark.parametrize("how", ["cut", "flip"])
def test_damage_at_random(half, tmp_path, how, fuzz):
    """Any file of the run, anywhere: the run goes on, damaged files stay, frames that can be read are kept."""
    rng = random.Random(f"{how} 1")
    lost = 0
    for number in range(fuzz(6)):
        out = tmp_path / f"run{number}"
        shutil.copytree(half[1], out)
        name = rng.choice(["trajectory.gsd"] * 4 + ["checkpoint/state.gsd"] * 2 + ["order_parameters.csv"])
        path = out / name
        what = damaged_at_random(path, rng, how)
        damaged, sound = path.read_bytes(), []
        if name == "trajectory.gsd":
            with contextlib.suppress(ValueError):
                sound = [
                    int(f.configuration.step) for _, f, fault in readable(path) if f is not None and not fault
                ]
        status, _, errors = call_here("run", half[0], "--out", out, "--threads", 1)
        assert status in ALLOWED, what
        assert status == 0, f"{what}: {errors}"
        rows = rows_of(out)
        assert rows == frames_of(out / "trajectory.gsd"), what
        assert set(sound) <= set(rows), what
        assert rows[-5:] == STEPS[-5:], what
        for index, frame, fault in readable(out / "trajectory.gsd"):
            assert frame is not None, (what, index)
            assert not fault, (what, index)
        aside = path.with_name(path.name + ".damaged-1")
        if rows != STEPS:
            assert aside.read_bytes() == damaged, what
            assert "are lost" in errors, what
            lost += 1
        elif not aside.exists() and name == "trajectory.gsd" and how == "flip":
            assert same_frames(half[1], out), f"{what}: a flip was trusted"
        shutil.rmtree(out)
    print(f"{how}: {number + 1} tried, {lost} with frames that nobody can read any more")


def same_frames(one, other):
    """Whether the frames of a run are those of another, as far as the first goes."""
    with gsd.hoomd.open(str(one / "trajectory.gsd")) as a, gsd.hoomd.open(str(other / "trajectory.gsd")) as b:
        for f, g in zip(a, b, strict=False):
            same = np.array_equal(f.particles.position, g.particles.position)
            same = same and np.array_equal(f.particles.velocity, g.particles.velocity)
            if not same or f.log.keys() != g.log.keys():
                return False
            if any(not np.array_equal(f.log[k], g.log[k], equal_nan=True) for k in f.log):
                return False
    return True


@pytest.mark.parametrize("how", ["gone", "garbage"])
def test_the_table_of_a_run_that_is_over(copied, how):
    """The report makes it anew; once it was refused for ever."""
    condition, out = copied
    goes_on(condition, out)
    table = out / "order_parameters.csv"
    whole = table.read_bytes()
    table.unlink() if how == "gone" else table.write_bytes(whole[: len(whole) // 2])
    status, _, errors = call_here("report", out)
    assert status == 0, errors
    assert "made anew from 13 frames' logs" in errors
    assert table.read_bytes() == whole


def test_a_run_whose_last_step_is_done(copied, monkeypatch):
    """Stopped before its summary, and then all its frames and rows were lost: the checkpoint has the last one."""
    condition, out = copied
    from zeocryst.running.conclusion import Conclusion

    with monkeypatch.context() as patch:
        patch.setattr(Conclusion, "summary", lambda self: signal.raise_signal(signal.SIGTERM))
        status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 4, errors
    (out / "order_parameters.csv").unlink()
    cut(out / "trajectory.gsd", 0.01)
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 0, errors
    assert rows_of(out) == frames_of(out / "trajectory.gsd") == [1200]
    assert "written again, from the checkpoint" in errors


def test_checkpoints_have_double_precision(copied):
    from zeocryst.files.rundir import RunDirectory

    saved, why = RunDirectory(copied[1], "", "").load()
    assert why == ""
    frame, position = saved
    assert (position.step, position.stage, position.stage_step) == (800, 1, 600)
    for values in (frame.particles.position, frame.particles.velocity, frame.configuration.box[:3]):
        assert np.asarray(values).dtype == np.float64
        assert (np.asarray(values) != np.asarray(values, np.float32)).any()


def test_a_run_that_goes_on_is_the_one_that_was_not_interrupted(tmp_path, monkeypatch):
    """Without a thermostat nothing but rounding differs, since the checkpoint has double precision.

    With single precision, as once, positions differ by more than 1e-7 Å at once.
    """
    from zeocryst.files.rundir import RunDirectory

    condition = tmp_path / "nve.toml"
    text = CONDITION.replace('kind = "npt"\ntemperature_K = 500\ncoupling = "aniso"', 'kind = "nve"')
    condition.write_text(text)
    with stopped_after(8, monkeypatch):
        assert call_here("run", condition, "--out", tmp_path / "a", "--threads", 1)[0] == 4
    for name in ("a", "b"):
        assert call_here("run", condition, "--out", tmp_path / name, "--threads", 1)[0] == 0
    frames = []
    for name in ("a", "b"):
        saved, _ = RunDirectory(tmp_path / name, "", "").load()
        assert saved[1].step == 1200
        frames.append(saved[0])
    box = frames[0].configuration.box[:3]
    apart = np.asarray(frames[0].particles.position) - frames[1].particles.position
    assert np.abs(apart - box * np.round(apart / box)).max() < 1e-10
