"""Frames that become atoms while the run goes on."""

import json
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import gsd.hoomd
import numpy as np
import pytest
from command_line import ZEOCRYST, call, is_one_message

import zeocryst as zc
from zeocryst.condition import Event, Output
from zeocryst.errors import InputError
from zeocryst.files.rundir import RunDirectory
from zeocryst.running.columns import columns_of_events
from zeocryst.running.estimate import estimate
from zeocryst.running.events import Events
from zeocryst.running.mending import resume

SOD = {"start": "framework", "framework": "SOD", "repeat": (2, 2, 2)}
STAGES = [
    {"kind": "langevin", "temperature_K": 500, "time_ps": 1},
    {"kind": "langevin", "temperature_K": 400, "time_ps": 4},
]


def condition(backmap, **output):
    return zc.Condition(
        system=SOD, stages=STAGES, seed=7, output={"interval_ps": 0.5, "backmap": backmap, **output}
    )


# ---- what is asked for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backmap",
    [
        {"when": "largest_grain_T > 60"},
        {"when": "largest_grain_T>60", "refine": "slc"},
        [{"when": " time_ps >=  1e1 ", "sda": "TMA", "si_al": 31}, {"when": "energy_eV_per_bead < -1.05"}],
        Event("crystalline_share <= 0.5"),
        (Event("step > 3", si_al=4.0), {"when": "stage > 1"}),
    ],
)
def test_events_are_read_and_written_the_same(backmap):
    made = condition(backmap)
    assert len(made.output.events) == (len(backmap) if isinstance(backmap, list | tuple) else 1)
    assert zc.Condition.from_toml(made.to_toml()) == made
    assert replace(made, output=Output(0.5, made.output.backmap)).output == made.output
    assert replace(made, seed=8).output == made.output
    assert all(event.when.count(" ") == 2 for event in made.output.events)


def test_true_and_false_are_no_events():
    assert condition(True).output.events == condition(False).output.events == ()
    assert zc.Condition.from_toml(condition(False).to_toml()).output.backmap is False


def test_files_beside_the_condition_are_found_from_elsewhere(tmp_path):
    (tmp_path / "mine.py").write_text("")
    path = tmp_path / "c.toml"
    path.write_text(
        condition([{"when": "step > 3", "refine": "mine.py"}, {"when": "step > 4", "sda": "C" * 999}]).to_toml()
    )
    [one, other] = zc.Condition.from_file(path).to_toml().split("when = ")[1:]
    assert str(tmp_path / "mine.py") in one
    assert "C" * 999 in other


@pytest.mark.parametrize(
    ("backmap", "word"),
    [
        ("yes", "expected true or false, an event"),
        ([], "expected true or false, an event"),
        ([True], "expected true or false, an event"),
        ({}, "when is missing; expected a column"),
        ({"refine": "slc"}, "when is missing; expected a column"),
        ({"when": 60}, "when = 60; expected text"),
        ({"when": "largest_grain_T"}, "crystalline_share, largest_grain_sites"),
        (
            {"when": "largest_grain_T > many"},
            "expected a column of the run's table, one of > >= < <=, and a number",
        ),
        ({"when": "largest_grain_T > nan"}, "expected a column"),
        ({"when": "largest_grain_T = 60"}, "expected a column"),
        ({"when": "60 < largest_grain_T"}, "expected a column"),
        ({"when": "a > 1 and b > 2"}, "expected a column"),
        ({"when": "a > 1", "refin": "slc"}, "unknown key 'refin'; did you mean 'refine'"),
        ({"when": "a > 1", "si_al": 0}, "si_al = 0; expected a number, more than 0"),
        ([{"when": "a > 1"}, {"when": "a >"}], "backmap 2: when = 'a >'"),
    ],
)
def test_what_is_no_event(backmap, word):
    with pytest.raises(InputError) as caught:
        condition(backmap)
    assert word in str(caught.value)


def test_columns_by_the_names_that_people_write(sod):
    asked = ["largest_grain_T", "Largest_Grain_Sites", "time", "temperature", "q4", "rings5_per_T", "energy"]
    made = condition([{"when": f"{name} > 1"} for name in asked])
    assert columns_of_events(made, sod, ["crystallinity", "coordination", "rings"]) == (
        "largest_grain_sites", "largest_grain_sites", "time_ps", "temperature_K", "q4_share", "rings5_per_T",
        "energy_eV_per_bead",
    )  # fmt: skip


def test_a_column_that_is_not_there_is_told_before_anything_is_written(tmp_path):
    path = condition([{"when": "time_ps > 1"}, {"when": "largest_grian_T > 60"}]).write(tmp_path / "c.toml")
    for command in (["check", path], ["run", path, "--out", tmp_path / "out"]):
        error = is_one_message(call(*command))
        assert "output.backmap 2: when: the run's table has no column 'largest_grian_T'" in error
        assert "did you mean 'largest_grain_sites'" in error
        assert "crystalline_share" in error
    assert not (tmp_path / "out").exists()
    # what could be two columns is not guessed, and a method that is not known is told as soon
    for event, word in (
        ({"when": "largest > 60"}, "no column 'largest'"),
        ({"when": "time_ps > 1", "refine": "slcc"}, "slcc"),
        ({"when": "time_ps > 1", "sda": "XYZ1"}, "XYZ1"),
    ):
        with pytest.raises(InputError, match=word):
            estimate(condition(event))


def test_check_tells_of_events():
    assert estimate(condition({"when": "largest_grain_T > 60", "refine": "none"}))["events"] == [
        "back-mapped on the way, at the first frame with largest_grain_T > 60 (column largest_grain_sites)"
    ]


# ---- when they happen -------------------------------------------------------------------------


def happened(when, values, stages=None, main=None):
    """Number of the row at which an event happens; the longest stage is the second."""
    made = condition({"when": when})
    events = Events(made, ("x",), RunDirectory(Path("nowhere"), "", ""), print)
    for k, value in enumerate(values):
        stage = 2 if stages is None else stages[k]
        events.add({"step": str(10 * k), "time_ps": str(k / 2), "stage": str(stage), "x": str(value)})
    return events.records()["events"][0]["frame"]


def test_an_event_happens_once_at_the_first_frame_that_has_it():
    assert happened("x > 60", [0, 30, 60, 61, 20, 90]) == 3
    assert happened("x >= 60", [0, 30, 60, 61, 20, 90]) == 2
    assert happened("x < -1.5", [0, -1.5, -1.6]) == 2
    assert happened("x > 60", [0, 30, 60]) is None
    # what is not known is neither
    assert happened("x > 60", ["nan", "", 10, "nan", 70]) == 4


def test_the_preparation_does_not_count_for_what_held_from_the_start():
    """A crystal that is melted in half has its grain all along; one that has to grow crosses where it crosses."""
    stages = [1, 1, 1, 2, 2, 2]
    assert happened("x > 60", [500, 400, 300, 290, 320, 400], stages) == 3
    assert happened("x > 350", [500, 400, 300, 290, 320, 400], stages) == 5
    assert happened("x > 350", [500, 300, 400, 290, 320, 400], stages) == 2
    assert happened("x > 0.4", [0, 0.5, 1, 1.5, 2, 2.5], stages) == 1


# ---- what happens -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A run without events: 11 frames, of which no atoms were made."""
    out = tmp_path_factory.mktemp("plain") / "run"
    run = zc.run(condition(False, report=False), out, threads=1, quiet=True)
    assert run.state == "finished"
    return out


def events_of(out, backmap, said):
    """The events of a run that is over, which has seen its rows."""
    made = condition(backmap)
    folder = RunDirectory(out, "", "")
    columns = columns_of_events(made, gsd.hoomd.open(str(folder.trajectory))[0], ["crystallinity"])
    events = Events(made, columns, folder, said.append)
    for row in (line.split(",") for line in folder.table.read_text().splitlines()[1:]):
        events.add(dict(zip(folder.columns(), row, strict=True)))
    return events


def copied(plain, tmp_path):
    """A copy of the run that may be changed."""
    import shutil

    return Path(shutil.copytree(plain, tmp_path / "run"))


def test_a_run_with_events_is_the_run_without_and_their_atoms_those_of_afterwards(plain, tmp_path):
    path = condition([{"when": "largest_grain_T > 60", "refine": "slc"}, {"when": "step > 1e6"},
                      {"when": "time_ps > 2", "si_al": 0.5}]).write(tmp_path / "c.toml")  # fmt: skip
    out = tmp_path / "out"
    done = call("run", path, "--out", out, "--threads", "1")
    assert done.returncode == 0, done.stderr
    with (
        gsd.hoomd.open(str(out / "trajectory.gsd")) as mine,
        gsd.hoomd.open(str(plain / "trajectory.gsd")) as other,
    ):
        assert len(mine) == len(other) == 11
        for a, b in zip(mine, other, strict=True):
            assert np.array_equal(a.particles.position, b.particles.position)
            assert np.array_equal(a.particles.velocity, b.particles.velocity)
    found = json.loads((out / "summary.json").read_text())
    assert [(e["status"], e["frame"]) for e in found["events"]] == [
        ("done", 3), ("not reached", None), ("failed", 5)
    ]  # fmt: skip
    assert found["backmap"]["n_silanol"] == 0  # the end has become atoms as well
    made, _, failed = found["events"]
    afterwards = tmp_path / "frame3"
    done = call("backmap", out, "--frame", "3", "--refine", "slc", "--out", afterwards, "--json")
    assert done.returncode == 0, done.stderr
    for name in ("framework.extxyz", "refined.extxyz"):
        assert (out / made["folder"] / name).read_bytes() == (afterwards / name).read_bytes()
    assert "road" not in json.loads(done.stdout)  # one frame alone is none
    assert made["refined"] == json.loads(done.stdout)["refined"]
    # what failed is told at the end, did not end the run, and kept what came before; it is of another frame
    assert "Si/Al = 0.5" in failed["error"]
    assert failed["error"] in found["sentence"]
    assert (out / failed["log"]).is_file()
    there = out / failed["folder"] / "framework.extxyz"
    assert there.read_bytes() != (out / made["folder"] / "framework.extxyz").read_bytes()
    page = (out / "report.html").read_text()
    assert 'href="./events/1_largest_grain_sites/report.html"' in page
    assert "not reached" in page


def test_what_was_stopped_is_done_again_and_what_was_done_is_not(plain, tmp_path):
    out, said = copied(plain, tmp_path), []
    backmap = [{"when": "time_ps >= 1"}, {"when": "time_ps >= 2"}]
    events = events_of(out, backmap, said)
    assert not events.wait(lambda: True)  # as the walltime does
    events.stop()
    place = out / "events" / "1_time_ps"
    assert not place.exists()
    assert not list(place.parent.glob(".*"))
    again = events_of(out, backmap, said)
    assert again.wait(lambda: False)
    assert [e["status"] for e in again.records()["events"]] == ["done", "done"]
    assert [e["frame"] for e in again.records()["events"]] == [2, 4]
    before = (place / "summary.json").stat().st_mtime_ns
    said.clear()
    third = events_of(out, backmap, said)
    assert third.wait(lambda: False)
    assert (place / "summary.json").stat().st_mtime_ns == before
    assert said == []
    assert third.records() == again.records()


def test_an_event_that_happens_while_a_later_one_is_made_is_made_too(plain, tmp_path):
    """The second of the condition happens first; the first one waits until it is over, and is not forgotten."""
    out, said = copied(plain, tmp_path), []
    made = condition([{"when": "time_ps >= 2"}, {"when": "time_ps >= 1"}])
    folder = RunDirectory(out, "", "")
    events = Events(made, ("time_ps", "time_ps"), folder, said.append)
    for line in folder.table.read_text().splitlines()[1:]:
        events.add(dict(zip(folder.columns(), line.split(","), strict=True)))
        events.go_on()
    assert [e["status"] for e in events.records()["events"]] == ["due", "running"]
    assert events.wait(lambda: False)
    assert [e["status"] for e in events.records()["events"]] == ["done", "done"]


def test_atoms_of_another_frame_are_set_aside(plain, tmp_path):
    """A frame that is lost, and another in its place, makes what was made of it that of another run."""
    out, said = copied(plain, tmp_path), []
    place = out / "events" / "1_time_ps"
    place.mkdir(parents=True)
    (place / "summary.json").write_text('{"words": ["of another frame"]}')
    (out / "events" / "1_time_ps.json").write_text('{"frame": 2}')
    left = out / "events" / ".1_time_ps-abc"  # of a process that was killed
    left.mkdir()
    events = events_of(out, {"when": "time_ps >= 1"}, said)
    assert events.wait(lambda: False)
    assert events.records()["events"][0]["status"] == "done"
    assert (out / "events" / "1_time_ps.damaged-1").is_dir()
    assert any("set aside" in words for words in said)
    assert not left.exists()


def test_what_cannot_begin_fails_alone(plain, tmp_path):
    out, said = copied(plain, tmp_path), []
    (out / "events" / "1_time_ps.log").mkdir(parents=True)  # in the way of its log
    events = events_of(out, [{"when": "time_ps >= 1"}, {"when": "step >= 500"}], said)
    assert events.wait(lambda: False)
    assert [e["status"] for e in events.records()["events"]] == ["failed", "done"]
    assert any("event 1 (time_ps >= 1) failed" in words for words in said)


def processes_of(out):
    """Processes that have a folder among their arguments, but for this one."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"backmap" in words and str(out).encode() in words:
            found.append(int(place.name))
    return found


def begun(path, out):
    """A run whose event has just begun."""
    run = subprocess.Popen(
        [*ZEOCRYST, "run", str(path), "--out", str(out), "--threads", "1"], stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 120
    while not processes_of(out) and run.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    return run


@pytest.mark.alone
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_an_event_ends_with_its_run_and_is_done_when_that_goes_on(tmp_path, sign):
    if not Path("/proc/self/cmdline").is_file():
        pytest.skip("processes are looked up in /proc")
    made = condition({"when": "time_ps >= 1"})
    path = replace(
        made, stages=[*made.stages, {"kind": "langevin", "temperature_K": 400, "time_ps": 40}]
    ).write(tmp_path / "c.toml")
    out = tmp_path / "out"
    run = begun(path, out)
    run.send_signal(sign)
    run.communicate(timeout=60)
    assert run.returncode == (4 if sign == signal.SIGTERM else -signal.SIGKILL)
    end = time.monotonic() + 40
    while processes_of(out) and time.monotonic() < end:
        time.sleep(0.1)
    assert processes_of(out) == []
    assert not (out / "events" / "1_time_ps").exists()
    done = call("run", path, "--out", out, "--threads", "1")
    assert done.returncode == 0, done.stderr
    [event] = json.loads((out / "summary.json").read_text())["events"]
    assert event["status"] == "done"
    log = (out / "log.txt").read_text()
    assert log.count("is back-mapped in a process of its own") == 2
    assert log.count(": done.") == 1


def test_a_run_goes_on_with_what_it_knows_of_its_events(plain, tmp_path):
    """The rows alone tell when an event happened, so that a run that was cut short decides the same."""
    out = copied(plain, tmp_path)
    made = condition({"when": "time_ps >= 1"})
    (out / "summary.json").unlink()
    saved = resume(RunDirectory(out, "", ""), made, lambda _: None)
    assert saved is not None
    events = Events(made, ("time_ps",), RunDirectory(out, "", ""), lambda _: None)
    for row in saved[2]:
        events.add(row)
    [whole] = events_of(plain, {"when": "time_ps >= 1"}, []).records()["events"]
    [found] = events.records()["events"]
    assert {k: found[k] for k in ("frame", "step", "time_ps")} == {
        k: whole[k] for k in ("frame", "step", "time_ps")
    }
    # a run that is not over gives frames by number
    assert call("backmap", out, "--frame", "2", "--out", tmp_path / "two").returncode == 0
    assert "holds no finished run" in is_one_message(call("backmap", out, "--out", tmp_path / "auto"))
