"""Many runs as one thing: side by side, stopped, killed, gone on with, failed and refused; with real runs."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zeocryst.condition import parse_condition
from zeocryst.errors import InputError, SimulationError
from zeocryst.foundation.interrupt import Stopper
from zeocryst.running.child import how_ended
from zeocryst.studies import crew
from zeocryst.studies.child import Outcome, RunProcess
from zeocryst.studies.points import Point
from zeocryst.studies.running import StudyFolder, StudyOptions

TRIAL = [sys.executable, "-P", str(Path(__file__).with_name("trial.py")), "trial"]
STUDY = """
name = "trial"
seed = 3
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[design]
temperatures_K = [300, 400, 500]
[[stage]]
kind = "langevin"
temperature_K = 300
time_ps = TIME
[output]
interval_ps = 0.5
[engine]
name = "lammps"
"""


@pytest.fixture
def study(tmp_path):
    return written(tmp_path)


def written(folder, time_ps=1, name="study.toml", **changes):
    text = STUDY.replace("TIME", str(time_ps))
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text)
    return path


def call(study, out, *options, **how):
    return subprocess.run(
        [*TRIAL, str(study), "--out", str(out), *map(str, options)],
        capture_output=True,
        text=True,
        timeout=300,
        **how,
    )


def begin(study, out, *options, **how):
    return subprocess.Popen(
        [*TRIAL, str(study), "--out", str(out), *map(str, options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how,
    )  # fmt: skip


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def lines(out, name):
    table = out / "runs" / name / "order_parameters.csv"
    return table.read_text().splitlines()[1:] if table.is_file() else []


def points(out):
    with (out / "points.csv").open() as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def processes_of(out):
    """Processes that have a file of a study's runs open."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                files = [os.readlink(file) for file in (entry / "fd").iterdir()]
            except OSError:
                continue
            if any(file.startswith(str(out / "runs")) for file in files):
                found.append(int(entry.name))
    return found


def test_runs_side_by_side_and_once(study, tmp_path):
    out = tmp_path / "out"
    done = call(study, out, "--json", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "failed": [], "rows": 3, "end_ps": 1.0, "nothing": None, "sentence": "3 runs are done",
    }  # fmt: skip
    assert json.loads((out / "summary.json").read_text()) == json.loads(done.stdout)
    rows = points(out)
    assert list(rows) == ["t300", "t400", "t500", "again"]
    assert {row["state"] for row in rows.values()} == {"done"}
    assert [row["temperature_K"] for row in rows.values()] == ["300", "400", "500", "500"]
    assert len({row["seed"] for row in rows.values()}) == 4
    for name in rows:
        summary = json.loads((out / "runs" / name / "summary.json").read_text())
        assert summary["engine"]["threads"] == 1
        assert str(summary["seed"]) == rows[name]["seed"]
        assert not (out / "runs" / name / "report.html").exists()
    # each is a run like any other
    alone = subprocess.run(
        [*TRIAL[:-2], "-m", "zeocryst.cli", "run", str(out / "runs" / "t300"), "--out", str(tmp_path / "alone"),
         "--threads", "1", "--quiet"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    same = [tmp_path / "alone" / "order_parameters.csv", out / "runs" / "t300" / "order_parameters.csv"]
    assert same[0].read_text() == same[1].read_text()
    # what is finished is not run again, nor read again
    shutil.rmtree(out / "runs")
    table = (out / "points.csv").read_bytes()
    again = call(study, out, "--json")
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert (out / "points.csv").read_bytes() == table


@pytest.mark.slow
def test_the_file_that_is_written_out_is_the_study(study, tmp_path):
    out = tmp_path / "out"
    assert call(study, out, "--quiet").returncode == 0
    assert call(out / "study.toml", out, "--quiet").returncode == 0
    assert call(out, out).returncode == 0
    assert call(out, out).stdout == "3 runs are done\n"


@pytest.mark.slow
def test_killed_and_gone_on_with(tmp_path):
    """SIGKILL of the study: its runs end by themselves, and those that were finished are not run again."""
    study, out = written(tmp_path, 40), tmp_path / "out"
    process = begin(study, out, "--jobs", 2)
    wait_for(lambda: len(lines(out, "t300")) > 10 and len(lines(out, "t400")) > 5)
    process.kill()
    process.communicate()
    wait_for(lambda: not processes_of(out))
    before = {name: lines(out, name) for name in ("t300", "t400")}
    assert not (out / "summary.json").exists()
    process = begin(study, out, "--jobs", 2)
    wait_for(lambda: (out / "runs" / "t300" / "summary.json").is_file() and lines(out, "t500"))
    [whole] = [lines(out, name) for name in ("t300",)]
    assert whole[: len(before["t300"])] == before["t300"]
    process.kill()
    process.communicate()
    wait_for(lambda: not processes_of(out))
    stamp = (out / "runs" / "t300" / "summary.json").stat().st_mtime_ns
    done = call(study, out)
    assert done.returncode == 0, done.stderr
    assert (out / "runs" / "t300" / "summary.json").stat().st_mtime_ns == stamp
    assert all(len(lines(out, name)) == 81 for name in ("t300", "t400", "t500", "again"))
    assert (out / "log.txt").read_text().count("run t300 begins") == 2


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_stopped_on_purpose(tmp_path, sign):
    study, out = written(tmp_path, 60), tmp_path / "out"
    process = begin(study, out, "--jobs", 2)
    wait_for(lambda: len(lines(out, "t300")) > 3)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "the same command goes on from the last checkpoints" in errors
    assert "Traceback" not in errors
    assert not processes_of(out)
    at = len(lines(out, "t300"))
    short = call(study, out, "--walltime", "3s", "--quiet")
    assert (short.returncode, short.stdout, short.stderr) == (4, "", "")
    assert len(lines(out, "t300")) >= at
    assert points(out)["t300"]["state"] in ("waiting", "done")


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_is_told(tmp_path):
    study, out = written(tmp_path, 40), tmp_path / "out"
    process = begin(study, out, "--jobs", 1)
    wait_for(lambda: len(lines(out, "t300")) > 10)
    [victim] = processes_of(out)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: [pid for pid in processes_of(out) if pid != victim])
    wait_for(lambda: len(lines(out, "t400")) > 3)
    for _ in range(2):
        [victim] = wait_for(lambda: processes_of(out) if lines(out, "t400") else [])
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda gone=victim: gone not in processes_of(out))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "run t300: its process was killed from outside" in errors
    rows = points(out)
    assert rows["t300"]["state"] == "done"
    assert rows["t400"]["state"] == "failed"
    assert "as the system does where memory runs out" in rows["t400"]["failure"]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere no process is forked")
def test_the_process_that_runs_come_from_is_killed(tmp_path):
    """Its runs stop at their checkpoints, and go on from another one."""
    study, out = written(tmp_path, 40), tmp_path / "out"
    process = begin(study, out, "--jobs", 1)
    wait_for(lambda: len(lines(out, "t300")) > 5)
    [run] = processes_of(out)
    nursery = int(Path(f"/proc/{run}/stat").read_text().rpartition(")")[2].split()[1])
    assert nursery != process.pid
    os.kill(nursery, signal.SIGKILL)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert "it goes on from its last checkpoint" in errors
    assert all(len(lines(out, name)) == 81 for name in ("t300", "t400", "t500", "again"))


def test_one_that_fails_beside_those_that_do_not(tmp_path):
    """At 99000 K with steps of 20 fs beads fly apart. The next call of an unfinished study tries it again."""
    study = written(
        tmp_path, 2, **{"[300, 400, 500]": "[300, 99000, 500]", "time_ps = 2": "time_ps = 2\ntimestep_fs = 20"}
    )
    out = tmp_path / "out"
    done = call(study, out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == ["t99000"]
    failure = points(out)["t99000"]["failure"]
    assert "stage 1" in failure
    assert "what helps" in failure
    assert f"run t99000 failed: {failure}" in done.stderr
    (out / "summary.json").unlink()
    again = call(study, out)
    assert again.returncode == 0
    assert "1 run that failed is tried again: t99000" in again.stderr
    assert (out / "log.txt").read_text().count("run t300 begins") == 1
    assert (out / "log.txt").read_text().count("run t99000 begins") == 2


def test_what_no_run_can_be_leaves_nothing(tmp_path):
    """What only a run itself finds out, of the first one: a box with no room for its beads."""
    study = written(
        tmp_path,
        1,
        **{
            'start = "framework"\nframework = "SOD"\nrepeat = [2, 2, 2]': 'start = "melt"\nn_T = 100\nn_S = 9000'
        },
    )
    done = call(study, tmp_path / "out")
    assert done.returncode == 2
    assert re.match(r"zeocryst: run t[345]00: system: 9100 beads", done.stderr)
    assert "expected at least 2.0 Å" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
    # an old study that was set aside for it is where it was
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.toml").write_text('name = "old"')
    before = sorted(tmp_path.iterdir())
    assert call(study, tmp_path / "out", "--restart").returncode == 2
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "out" / "study.toml").read_text() == 'name = "old"'


@pytest.mark.slow
def test_two_at_once_and_another_study(tmp_path):
    study, out = written(tmp_path, 60), tmp_path / "out"
    process = begin(study, out, "--jobs", 1)
    try:
        wait_for(lambda: lines(out, "t300"))
        second = call(study, out)
        assert second.returncode == 2
        assert "another zeocryst is running a study in this folder" in second.stderr
        assert call(study, out, "--restart").returncode == 2
    finally:
        process.terminate()
        assert process.communicate(timeout=60)
    other = written(
        tmp_path, 60, "other.toml", **{"[300, 400, 500]": "[300, 400, 501]", "seed = 3": "seed = 4"}
    )
    refused = call(other, out)
    assert refused.returncode == 2
    assert (
        "holds another study (seed was 3 and is 4; design.temperatures_K was [300, 400, 500] and is [300, 400, 501])"
        in refused.stderr
    )
    # the engine makes no other study
    same = written(tmp_path, 60, "same.toml", **{'name = "lammps"': 'name = "auto"'})
    assert call(same, out, "--walltime", "2s").returncode == 4
    anew = written(tmp_path, 1, "anew.toml")
    assert call(anew, out, "--restart", "--quiet").returncode == 0
    [aside] = tmp_path.glob("out.2*")
    assert lines(aside, "t300")


@pytest.mark.parametrize("there", ["file", "folder", "run"])
def test_folders_that_are_something_else(study, tmp_path, there):
    out = tmp_path / "out"
    if there == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / ("checkpoint" if there == "run" else "mine")).mkdir()
    before = sorted(tmp_path.rglob("*"))
    for options in ((), ("--restart",)):
        refused = call(study, out, *options)
        assert refused.returncode == 2
        assert "--out" in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_nobody_listens(study, tmp_path):
    """Output and error closed, and input too: the study is done all the same."""
    done = subprocess.run(
        ["bash", "-c", '"$@" <&- >&- 2>&-', "bash", *TRIAL, str(study), "--out", str(tmp_path / "out")],
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "out" / "summary.json").is_file()


# ---- without a run --------------------------------------------------------------------------------


def point(name, temperature=300, **facts):
    content = {
        "name": name,
        "system": {"start": "framework", "framework": "SOD"},
        "stage": [{"kind": "langevin", "temperature_K": temperature, "time_ps": 20}],
    }
    return Point(name, parse_condition(content, "test", Path()), facts)


def test_two_runs_of_one_name_are_refused_before_anything_is_written(tmp_path):
    """As temperatures do that are the same in their first digits."""
    with (
        StudyFolder(tmp_path / "out", "", StudyOptions(quiet=True)) as folder,
        pytest.raises(InputError, match=r"two different runs.*'t220'"),
    ):
        folder.run([point("t220", 220), point("other"), point("t220", 220.0000001)])
    assert not (tmp_path / "out").exists()


def test_a_study_that_another_call_has_begun_meanwhile(tmp_path):
    """Both see an empty folder; the second to write goes on with the first's study, or refuses it."""
    mine, other = ('name = "mine"\n', 'name = "other"\n')
    first, second, third = (StudyFolder(tmp_path / "out", text) for text in (mine, other, mine))
    with first:
        first.place("a.txt", "a")
    with second, pytest.raises(InputError, match="holds another study"):
        second.place("b.txt", "b")
    assert (tmp_path / "out" / "study.toml").read_text() == mine
    (tmp_path / "out" / "failures.json").write_text('{"x": "it failed"}')
    with third:
        third.place("c.txt", "c")
        third._undo()
    assert (tmp_path / "out" / "a.txt").read_text() == "a"
    assert (tmp_path / "out" / "c.txt").is_file()


def test_the_table_keeps_what_was_not_asked_for_yet(tmp_path):
    """What an unfinished study knew of its runs stands there until it is finished."""
    out = tmp_path / "out"
    points_of = [point("one", temperature_K=1.5), point("two", face="100"), point("three")]
    with StudyFolder(out, "") as folder:
        folder._open()
        folder._points = {each.name: each for each in points_of}
    whole = (out / "points.csv").read_text()
    with StudyFolder(out, "") as folder:
        pass
    assert (out / "points.csv").read_text() == whole
    with StudyFolder(out, "") as folder:
        folder._points = {"two": points_of[1]}
    assert list(points(out)) == ["two", "one", "three"]
    assert (points(out)["two"]["face"], points(out)["one"]["temperature_K"]) == ("100", "1.5")
    with StudyFolder(out, "") as folder:
        folder._points = {"two": points_of[1]}
        folder.finish({})
    assert list(points(out)) == ["two"]


def test_after_a_restart_the_same_command_is_not_what_goes_on(tmp_path):
    for options, words in (
        (StudyOptions(), "the same command goes on"),
        (StudyOptions(restart=True), "the same command without --restart goes on"),
    ):
        assert words in StudyFolder(tmp_path / "out", "", options)._how_far()


def test_what_one_run_cannot_be_others_of_a_design_can(tmp_path):
    """Values at an end of a range, whose beads have no room, are no fault of the whole study."""
    wrong = Outcome(crew.BAD_INPUT, "no room")
    with StudyFolder(tmp_path / "out", "", StudyOptions(quiet=True)) as folder:
        folder._open()
        folder._points = {"one": point("one")}
        with pytest.raises(InputError, match="run one: no room"):
            folder._told(point("one"), wrong)
        folder._alike = False
        folder._told(point("one"), wrong)
    assert points(tmp_path / "out")["one"]["failure"] == "no room"


def test_a_disk_that_is_full_is_no_bad_input(tmp_path):
    """Once a study has begun; before that, a folder that can't be written is what was given wrongly."""

    def fill(out, *names):
        with StudyFolder(out, "name = 1\n") as folder:
            for name in names:
                folder.place(name, "b = 1\n")
            raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    with pytest.raises(SimulationError, match=r"No space left.*kept in .*out; the same command goes on"):
        fill(out, "a.toml")
    assert (out / "study.toml").is_file()
    with StudyFolder(out, "name = 1\n"):  # it goes on: nothing holds the lock
        pass
    with pytest.raises(OSError, match="No space left"):
        fill(tmp_path / "new")


def test_what_ended_a_process_is_named():
    """Of a signal without a name (those of real time) its number."""
    ended = {
        script: subprocess.run(["bash", "-c", script], check=False).returncode
        for script in ("kill -KILL $$", f"kill -{signal.SIGRTMIN + 3} $$", "exit 3")
    }
    assert [how_ended(status) for status in ended.values()] == [
        "SIGKILL", f"signal {signal.SIGRTMIN + 3}", "exit status 3",
    ]  # fmt: skip


def test_runs_have_ended_before_what_came_of_them_is_told(monkeypatch, tmp_path):
    """Where telling raises, no process is left behind, not even one that does not listen."""
    monkeypatch.setattr(crew, "PATIENCE_S", 0.3)
    monkeypatch.setattr(crew, "LAST_S", 0.3)
    bash = {
        "good": "exit 0",
        "bad": "exit 0",
        "deaf": "trap '' TERM; sleep 100 & wait; wait",
        "slow": "sleep 100",
    }
    made = {}

    class Processes:
        def start(self, name):
            process = subprocess.Popen(["bash", "-c", bash[name]], start_new_session=True)
            made[name] = process, RunProcess(process.terminate, process.kill)
            return made[name][1]

        def look(self):
            for name, (process, run) in made.items():
                if process.poll() is not None:
                    run.outcome = Outcome(crew.BAD_INPUT if name in ("good", "bad") else "SIGTERM", "no")

    told = []

    def tell(each, outcome):
        told.append(each.name)
        raise InputError("wrong")

    stopper = Stopper(None)
    many = crew.Crew(
        Processes(), lambda each: each.name, lambda each: tmp_path / each.name, 4, stopper, tell,
        lambda going: None, lambda words: None,
    )  # fmt: skip
    with pytest.raises(InputError, match="wrong"):
        many.run([point("deaf"), point("slow"), point("good"), point("bad")])
    try:
        assert all(process.poll() is not None for process, _ in made.values())
        assert sorted(told) == ["bad", "good"]
    finally:
        for process, _ in made.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
