"""A sweep through its command line, with real runs: its folder, its tables, and what is told of what is none."""

import csv
import json
import os
import shutil
import subprocess
import sys

import pytest
import sweeping
from faults import call_here, refused
from sweeping import call, copied, counts, lines, read, rows, runs, stamps, whole, written  # noqa: F401 fixtures
from test_sweep_plan import MALFORMED, MELT, STAGES

import zeocryst
from zeocryst.files import folders
from zeocryst.sweeps import sweep_folder

#: At 99000 K with steps of 20 fs beads fly apart.
HOT = {"timestep_fs = 5": "timestep_fs = 20", "values = [300, 500]": "values = [300, 99000]"}


# ---- a sweep ----------------------------------------------------------------------------------------


def test_a_sweep_from_its_file_to_its_report(whole):
    file, out, done = whole
    assert done.stdout.startswith("4 of 4 runs at 2 points done. Led by, at temperature_K 300: SOD (2 of 2")
    assert max(map(len, done.stdout.splitlines())) <= 80
    for name in ("study.toml", "project.py", "log.txt", "summary.json", "points.csv", "report.html", ".signac"):
        assert (out / name).exists()
    assert set(runs(out)) == {(300, 1), (300, 2), (500, 1), (500, 2)}
    found = read(out / "summary.json")
    assert (found["n_runs"], found["n_points"], found["replicas"]) == (4, 2, 2)
    assert found["counts"] == {"done": 4, "running": 0, "stopped": 0, "failed": 0, "dropped": 0, "waiting": 0}
    assert found["variables"] == [{"name": "temperature_K", "keys": ["stage.langevin.temperature_K"]}]
    assert [point["values"] for point in found["points"]] == [
        {"temperature_K": 300.0},
        {"temperature_K": 500.0},
    ]
    # each number is that of the runs' own folders
    table = rows(out)
    assert [(float(row["temperature_K"]), int(row["replica"])) for row in table] == sorted(runs(out))
    for row, key in zip(table, sorted(runs(out)), strict=True):
        run = runs(out)[key]
        mine = read(run / "summary.json")
        assert out / row["folder"] == run
        assert row["seed"] == str(mine["seed"])
        assert float(row["quenched_energy_eV_per_bead"]) == mine["quenched"]["energy_eV_per_bead"]
        with (run / "order_parameters.csv").open() as text:
            assert float(row["energy_eV_per_bead"]) == float(
                list(csv.DictReader(text))[-1]["energy_eV_per_bead"]
            )
        assert f"temperature_K = [{key[0]},{key[0]},]" in "".join(
            (run / "condition.toml").read_text().split()
        ).replace("temperature_K=", "temperature_K = ")
    assert len({row["seed"] for row in table}) == 4
    for point in found["points"]:
        energies = [
            float(row["quenched_energy_eV_per_bead"])
            for row in table
            if float(row["temperature_K"]) == point["values"]["temperature_K"]
        ]
        told = point["quantities"]["quenched_energy_eV_per_bead"]
        assert (told["n_replicas"], told["mean"]) == (2, pytest.approx(sum(energies) / 2, rel=1e-12))
    report = (out / "report.html").read_text()
    assert all(f'href="./{row["folder"]}/' in report for row in table)
    # called again, nothing is run
    before = stamps(out)
    assert call(file, "--out", out).stdout == done.stdout
    assert stamps(out) == before


def test_status_and_report_of_a_finished_sweep(whole):
    _, out, done = whole
    told = call("status", out)
    assert (told.returncode, told.stdout, told.stderr) == (0, "4 runs: 4 done.\n", "")
    assert counts(out) == {"done": 4}
    reported = call("report", out)
    assert reported.returncode == 0
    assert reported.stdout == f"{done.stdout}{out / 'report.html'}\n"
    assert json.loads(call("report", out, "--json").stdout) == read(out / "summary.json")


def test_a_sweep_is_a_table_of_pandas(whole):
    _, out, _ = whole
    table = zeocryst.open_sweep(out)
    assert len(table) == 4
    assert table.groupby("temperature_K")["replica"].apply(list).to_dict() == {300.0: [1, 2], 500.0: [1, 2]}
    assert set(table["state"]) == {"done"}
    assert table.attrs["summary"] == read(out / "summary.json")
    for row in table.to_dict("records"):
        mine = read(out / row["folder"] / "summary.json")
        assert (row["seed"], row["wall_s"], row["verdict"]) == (mine["seed"], mine["wall_s"], mine["verdict"])


def test_the_folder_is_a_project_of_signac_and_of_its_flow(whole):
    import signac

    _, out, _ = whole
    project = signac.get_project(str(out), search=False)
    assert {tuple(job.cached_statepoint.items()) for job in project} == {
        (("temperature_K", kelvin), ("replica", replica)) for kelvin in (300.0, 500.0) for replica in (1, 2)
    }
    found = project.find_jobs({"temperature_K": {"$gt": 400}, "doc.state": "done"})
    assert sorted(job.path for job in found) == sorted(
        str(run.parent) for key, run in runs(out).items() if key[0] == 500
    )
    assert {job.document["verdict"] for job in project} == {"crystalline"}
    shown = subprocess.run(
        [sys.executable, out / "project.py", "status"], capture_output=True, text=True, check=True
    )
    assert "done" in shown.stdout
    assert "4/4" in shown.stdout


def test_a_run_of_a_sweep_is_a_run_like_any_other(whole, tmp_path):
    """The seed number and the condition in its folder give it again, bit for bit."""
    from command_line import call as zeocryst_call

    _, out, _ = whole
    run = runs(out)[500, 2]
    alone = zeocryst_call("run", run, "--out", tmp_path / "alone", "--threads", 1, "--quiet")
    assert alone.returncode == 0, alone.stderr
    assert lines(tmp_path / "alone") == lines(run)


# ---- more of it -------------------------------------------------------------------------------------


def test_values_and_replicas_are_added_and_only_they_are_run(copied, tmp_path):
    _, out = copied
    old, before = runs(out), stamps(out)
    assert len(before) == 4
    more = written(
        tmp_path, **{"replicas = 2": "replicas = 3", "values = [300, 500]": "values = [400, 500, 300]"}
    )
    done = call(more, "--out", out)
    assert done.returncode == 0, done.stderr
    assert set(runs(out)) == {(kelvin, replica) for kelvin in (300, 400, 500) for replica in (1, 2, 3)}
    assert {key: runs(out)[key] for key in old} == old
    assert {run: stamp for run, stamp in stamps(out).items() if run in before} == before
    assert (out / "log.txt").read_text().count(" begins") == 4 + 5
    assert counts(out) == {"done": 9}
    assert read(out / "summary.json")["replicas"] == 3
    # what is taken away stays on the disk and in the tables
    fewer = written(tmp_path, name="fewer.toml", **{"values = [300, 500]": "values = [300]"})
    assert call(fewer, "--out", out).returncode == 0
    assert counts(out) == {"done": 9}
    assert len(rows(out)) == 9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed = 3": "seed = 4"}, "holds another study (seed was 3 and is 4)"),
        ({"repeat = [2, 2, 2]": "repeat = [3, 2, 2]"}, "system.repeat was [2, 2, 2] and is [3, 2, 2]"),
        ({"interval_ps = 0.5": "interval_ps = 0.25"}, "output.interval_ps was 0.5 and is 0.25"),
        (
            {'key = "stage.langevin.temperature_K"\nvalues = [300, 500]': 'key = "stage.1.time_ps"\nvalues = [1, 2]'},
            "holds a sweep over temperature_K (stage.langevin.temperature_K), and this one is over stage_1_time_ps (st",
        ),
        (
            {'key = "stage': 'name = "hot_K"\nkey = "stage'},
            "this one is over hot_K (stage.langevin.temperature_K); values and replicas can be added",
        ),
        (
            {'key = "stage.langevin.temperature_K"': 'key = "stage.1.temperature_K"'},
            "over temperature_K (stage.langevin.temperature_K), and this one is over temperature_K (stage.1.temp",
        ),
        ({'[[sweep.axis]]\nkey = "stage.langevin.temperature_K"\nvalues = [300, 500]': ""}, "is over replicas alone"),
    ],
)  # fmt: skip
def test_another_sweep_is_refused(whole, tmp_path, changes, words):
    _, out, _ = whole
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "study.lock"}
    assert words in refused("sweep", written(tmp_path, **changes), "--out", out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "study.lock"} == before


def test_the_engine_makes_no_other_sweep(whole, tmp_path):
    file = written(tmp_path, **{'name = "lammps"': 'name = "auto"'})
    status, said, errors = call_here("sweep", file, "--out", whole[1])
    assert (status, errors) == (0, "")
    assert said == whole[2].stdout


# ---- what fails -------------------------------------------------------------------------------------


def test_a_point_that_fails_is_listed_and_tried_again_when_that_is_asked_for(tmp_path):
    file, out = written(tmp_path, 2, **HOT), tmp_path / "out"
    done = call(file, "--out", out)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "2 of 4 runs at 2 points done, 2 failed." in done.stdout.replace("\n", " ")
    *_, asks, first, second = done.stderr.splitlines()
    assert asks == "2 runs that failed (the same command with --retry tries again):"
    message = read(runs(out)[99000, 1].parent / "signac_job_document.json")["failure"]
    assert message
    assert first == f"temperature_K 99000, replica 1: {message} ({runs(out)[99000, 1].relative_to(out)})"
    assert second.startswith("temperature_K 99000, replica 2: ")
    told = json.loads(call("status", out, "--json").stdout)
    assert told["counts"]["failed"] == 2
    assert told["counts"]["done"] == 2
    assert [(one["values"], one["replica"]) for one in told["failed"]] == [
        ({"temperature_K": 99000.0}, replica) for replica in (1, 2)
    ]
    assert told["failed"][0]["message"] == message
    assert [row["failure"] for row in rows(out)][2] == message
    assert call("status", out).stdout.splitlines()[1] == first

    def begun():
        return (out / "log.txt").read_text().count(" begins")

    # neither of them is run again by itself
    before = stamps(out)
    assert (begun(), len(before)) == (4, 2)
    again = call(file, "--out", out)
    assert (again.returncode, begun()) == (3, 4)
    assert again.stderr.splitlines() == [asks, first, second]
    retried = call(file, "--out", out, "--retry")
    assert (retried.returncode, begun()) == (3, 6)
    assert "2 runs that failed are tried again" in retried.stderr
    assert stamps(out) == before


def test_a_run_that_failed_for_another_reason_is_done_when_it_is_tried_again(copied):
    """Such as a disk that was full: its folder is there, without a summary."""
    file, out = copied
    run, before = runs(out)[300, 2], stamps(out)
    (run / "summary.json").unlink()
    document = run.parent / "signac_job_document.json"
    document.write_text('{"state": "failed", "failure": "No space left"}')
    assert counts(out) == {"done": 3, "failed": 1}
    kept = call(file, "--out", out)
    assert kept.returncode == 3
    assert "temperature_K 300, replica 2: No space left" in kept.stderr
    assert not (run / "summary.json").exists()
    assert call(file, "--out", out, "--retry", "--quiet").returncode == 0
    assert "failure" not in read(document)
    assert counts(out) == {"done": 4}
    assert {path: stamp for path, stamp in stamps(out).items() if path != run} == {
        path: stamp for path, stamp in before.items() if path != run
    }


def test_where_all_runs_fail_that_is_one_sentence(tmp_path):
    file, out = (
        written(
            tmp_path, 2, **HOT | {"values = [300, 500]": "values = [99000]", "replicas = 2": "replicas = 1"}
        ),
        tmp_path / "out",
    )
    done = call(file, "--out", out, "--quiet")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("zeocryst: every run failed; the first: temperature_K 99000, replica 1: ")
    assert len(done.stderr.splitlines()) == 1
    assert counts(out) == {"failed": 1}
    assert "1 failed" in call("report", out).stdout


# ---- beside others ----------------------------------------------------------------------------------


def test_a_run_that_another_process_has_is_left_alone(copied, monkeypatch):
    """As a job of a cluster: the others are done, and what comes of that one is seen later."""
    monkeypatch.setattr(sweep_folder, "OTHER_S", 0.5)
    file, out = copied
    mine, theirs = runs(out)[300, 1], runs(out)[500, 1]
    for run in (mine, theirs):
        (run / "summary.json").unlink()
    lock = folders.take_lock(theirs, "checkpoint/lock", "running")
    try:
        assert counts(out) == {"done": 2, "running": 1, "stopped": 1}
        status, said, errors = call_here("sweep", file, "--out", out)
        assert status == 0, errors
        assert "1 run is run by another process: waiting up to" in errors
        assert "1 run is run by another process and was left alone" in said.replace("\n", " ")
        assert (mine / "summary.json").is_file()
        assert not (theirs / "summary.json").exists()
        assert "failure" not in read(theirs.parent / "signac_job_document.json")
        assert counts(out) == {"done": 3, "running": 1}
    finally:
        lock.close()
    assert call_here("sweep", file, "--out", out)[0] == 0
    assert counts(out) == {"done": 4}


def test_runs_that_are_left_soon_are_waited_for(copied, tmp_path):
    """As those of a call that was killed, which stop at their next checkpoint."""
    file, out = copied
    theirs = runs(out)[500, 1]
    (theirs / "summary.json").unlink()
    holding = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, sys, time\n"
         "lock = open(sys.argv[1], 'w')\nfcntl.flock(lock, fcntl.LOCK_EX)\nprint('held', flush=True)\ntime.sleep(3)",
         theirs / "checkpoint" / "lock"], stdout=subprocess.PIPE,
    )  # fmt: skip
    with holding:
        assert holding.stdout.readline() == b"held\n"
        done = call(file, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "waiting" in done.stderr
    assert counts(out) == {"done": 4}


# ---- what is no sweep -------------------------------------------------------------------------------


def test_a_file_that_is_none_is_one_message_and_nothing_is_made(tmp_path):
    assert len(MALFORMED) >= 40
    out, file = tmp_path / "out", tmp_path / "study.toml"
    for table, _ in MALFORMED:
        base = MELT + STAGES
        file.write_text(f"{table}\n{base}" if table.startswith("sweep =") else base + table)
        message = refused("sweep", file, "--out", out)
        assert message.startswith("zeocryst: ")
        assert "Traceback" not in message
        assert not out.exists()
    assert os.listdir(tmp_path) == ["study.toml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "system"),
        ("[sweep\n", "not valid TOML"),
        ("\0", "not valid TOML"),
        (sweeping.SMALL.replace("TIME", "1") + "replicas = 3\n[sweep]", "not valid TOML"),
        (sweeping.SMALL.replace("TIME", "-1"), "time_ps"),
        (sweeping.SMALL.replace("TIME", "1").replace('"SOD"', '"SODD"'), "SODD"),
        (sweeping.SMALL.replace("TIME", "1").replace("[sweep]", "[sweeep]"), "sweeep"),
        (sweeping.SMALL.replace("TIME", "1").replace('"lammps"', '"lamps"'), "lamps"),
    ],
)
def test_what_is_no_file_of_a_sweep_is_told(tmp_path, text, words):
    file = tmp_path / "sweep.toml"
    file.write_text(text)
    assert words in refused("sweep", file, "--out", tmp_path / "out")
    assert os.listdir(tmp_path) == ["sweep.toml"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["status"], "sweep status takes one folder, that of a sweep: zeocryst sweep status DIR"),
        (["report"], "sweep report takes one folder"),
        (["status", "OUT", "OUT"], "sweep status takes one folder"),
        (["FILE"], "--out is needed: the folder of the sweep"),
        (["FILE", "FILE", "--out", "new"], "sweep takes one file, not 2"),
        (["run"], "sweep takes one file, not 0"),
        (["nowhere.toml", "--out", "new"], "nowhere.toml"),
        (["OUT", "--out", "full"], "full: the folder is not empty and holds no study"),
        (["FILE", "--out", "FILE"], "is a file; give a folder"),
        (["FILE", "--out", "new", "--jobs", "0"], "--jobs 0: expected a whole number of at least 1"),
        (["FILE", "--out", "new", "--engine", "lamps"], "lamps"),
        (["FILE", "--out", "new", "--walltime", "soon"], "soon"),
        (["status", "nowhere"], "nowhere: holds no sweep"),
        (["status", "FILE"], "holds no sweep"),
        (["status", "RUN"], "run: holds no sweep"),
        (["report", "RUN"], "run: holds no sweep"),
        (["report", "full"], "full: holds no sweep"),
        (["report", "study"], "study: holds another study, not a sweep"),
        (["status", "OUT", "--retry"], "--retry: runs something"),
        (
            ["report", "OUT", "--restart"],
            "--restart: runs something or begins anew, and sweep report only looks",
        ),
        (["status", "OUT", "--init"], "--init: runs something"),
    ],
)
def test_command_lines_that_are_none(whole, tmp_path, monkeypatch, line, words):
    import signac

    file, out, _ = whole
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    # a folder of another study that somebody has made a project of signac
    signac.init_project("study")
    (tmp_path / "study" / "study.toml").write_text(sweeping.SMALL.replace("TIME", "1").partition("[sweep]")[0])
    before = sorted(tmp_path.rglob("*"))
    words_of = {"FILE": file, "OUT": out, "RUN": runs(out)[300, 1]}
    message = refused("sweep", *(words_of.get(word, word) for word in line))
    assert message.startswith("zeocryst: ")
    assert words in message
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_may_be_called_as_an_action_is(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(whole[0], "status")
    for line in (["run", "status"], ["./status"]):
        status, said, errors = call_here("sweep", *line, "--out", whole[1])
        assert (status, said) == (0, whole[2].stdout), errors
    shutil.copytree(whole[1], "report")
    assert call_here("sweep", "status", "report")[1] == "4 runs: 4 done.\n"
    assert call_here("sweep", "status", "sweep.toml", "--out", "report")[0] == 2
    shutil.copy(whole[0], "sweep.toml")
    assert call_here("sweep", "status", "sweep.toml", "--out", "report")[1] == "4 runs: 4 done.\n"
