"""A sweep that is killed, stopped, looked at while it runs, or without a disk: what is done stays, and it goes on."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from command_line import ROOT, ZEOCRYST
from sweeping import (
    begin,
    below,
    call,
    counts,
    kill_all,
    lines,
    rows,
    runs,
    stamps,
    untimed,
    wait_ended,
    wait_for,
    written,
)

import zeocryst

#: Six runs; and eight, of which three kills of two at once leave two that were not cut.
MORE = {"values = [300, 500]": "values = [300, 400, 500]"}
MOST = {"values = [300, 500]": "values = [300, 400, 500, 600]"}


def read(path):
    return json.loads(path.read_text())


def n_done(out):
    return len(list(out.glob("workspace/*/run/summary.json")))


def any_lines(out, n):
    return [run for run in runs(out).values() if len(lines(run)) >= n and not (run / "summary.json").is_file()]


def begun(out, n):
    return (out / "workspace").is_dir() and any_lines(out, n)


def was_cut(run):
    """Whether a run was ended in its middle, as it found itself when it went on."""
    return bool(read(run / "provenance.json").get("interruptions"))


@pytest.mark.slow
@pytest.mark.alone
def test_killed_three_times_it_is_the_sweep_that_was_not(tmp_path):
    """The whole of it, three times: while the first runs go on, when some are done, and in between.

    A run that was not cut is the same bit for bit. LAMMPS goes on from a checkpoint with other random numbers: a run
    that was cut has the same rows up to there, and after that the same physics.
    """
    file, out, unbroken = written(tmp_path, 20, **MOST), tmp_path / "out", tmp_path / "unbroken"
    done = call(file, "--out", unbroken, "--jobs", 2, "--quiet")
    assert done.returncode == 0, done.stderr
    ended = {}
    for until in (lambda: begun(out, 10), lambda: n_done(out) >= 2 and begun(out, 3), lambda: n_done(out) >= 4 and begun(out, 10)):  # fmt: skip
        process = begin(file, "--out", out, "--jobs", 2)
        wait_for(until)
        # what is done is not run again
        assert {run: stamp for run, stamp in stamps(out).items() if run in ended} == ended
        kill_all(process)
        ended = stamps(out)
        known = counts(out)
        assert known["done"] == len(ended) if ended else "done" not in known
        assert known["stopped"] >= 1
        assert "failed" not in known
    done = call(file, "--out", out, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    assert {run: stamp for run, stamp in stamps(out).items() if run in ended} == ended
    mine, whole = runs(out), runs(unbroken)
    assert list(mine) == list(whole)
    cut = {key for key, run in mine.items() if was_cut(run)}
    assert 1 <= len(cut) <= 6
    assert not any(was_cut(run) for run in whole.values())
    for key, run in mine.items():
        if key not in cut:
            assert (run / "order_parameters.csv").read_bytes() == (
                whole[key] / "order_parameters.csv"
            ).read_bytes()
            assert untimed(read(run / "summary.json")) == untimed(read(whole[key] / "summary.json"))
            continue
        assert len(lines(run)) == len(lines(whole[key])) == 41
        stop = min(entry["step"] for entry in read(run / "provenance.json")["interruptions"])
        for one, other in zip(lines(run), lines(whole[key]), strict=True):
            if int(one.partition(",")[0]) <= stop:
                assert one == other
        column = (
            (run / "order_parameters.csv").read_text().splitlines()[0].split(",").index("energy_eV_per_bead")
        )
        energies = [[float(line.split(",")[column]) for line in lines(one)[10:]] for one in (run, whole[key])]
        spread = (
            np.std(energies[1]) * (2 * 4 / 31) ** 0.5
        )  # frames of 0.5 ps: four are taken to tell as much as one
        assert abs(np.mean(energies[0]) - np.mean(energies[1])) < 5 * spread
    # the tables: the same rows, the same numbers where runs are the same
    timed = ("wall_s",)
    for one, other in zip(rows(out, *timed), rows(unbroken, *timed), strict=True):
        key = (float(one["temperature_K"]), int(one["replica"]))
        if key not in cut:
            assert one == other
        assert [one[name] for name in ("name", "state", "seed", "steps", "verdict", "types", "folder")] == [
            other[name] for name in ("name", "state", "seed", "steps", "verdict", "types", "folder")
        ]
    found, expected = (untimed(read(folder / "summary.json")) for folder in (out, unbroken))
    assert found["sentence"] == expected["sentence"]
    for one, other in zip(found["points"], expected["points"], strict=True):
        if not any(key in cut for key in mine if key[0] == one["values"]["temperature_K"]):
            assert one == other
        assert one["success"] == other["success"]
        assert one["frameworks"] == other["frameworks"]


@pytest.mark.slow
@pytest.mark.alone
def test_killed_between_runs_it_is_the_same_bit_for_bit(tmp_path):
    """A job at a time, killed as soon as one is done, three times: the run that has begun is taken away."""
    file, out, unbroken = written(tmp_path, 2, **MORE), tmp_path / "out", tmp_path / "unbroken"
    assert call(file, "--out", unbroken, "--quiet").returncode == 0
    for n in (1, 3, 4):
        process = begin(file, "--out", out, "--jobs", 1)
        wait_for(lambda least=n: n_done(out) >= least)
        kill_all(process)
        for run in runs(out).values():
            if run.is_dir() and not (run / "summary.json").is_file():
                shutil.rmtree(run)
    done = call(file, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    for key, run in runs(out).items():
        assert (run / "order_parameters.csv").read_bytes() == (
            runs(unbroken)[key] / "order_parameters.csv"
        ).read_bytes()
    assert rows(out, "wall_s") == rows(unbroken, "wall_s")
    one, other = (untimed(read(folder / "summary.json")) for folder in (out, unbroken))
    assert one == other


@pytest.mark.slow
@pytest.mark.alone
def test_killed_alone_and_begun_again_at_once(tmp_path):
    """Runs of the call that was killed end by themselves in a moment, and the next call goes on with them too."""
    file, out = written(tmp_path, 60), tmp_path / "out"
    process = begin(file, "--out", out, "--jobs", 2)
    wait_for(lambda: begun(out, 10))
    process.kill()
    done = call(file, "--out", out, "--jobs", 2)
    process.communicate()
    assert done.returncode == 0, done.stderr
    assert counts(out) == {"done": 4}
    assert all(len(lines(run)) == 121 for run in runs(out).values())


@pytest.mark.slow
@pytest.mark.alone
def test_looked_at_while_it_runs_and_not_run_twice(tmp_path):
    file, out = written(tmp_path, 300), tmp_path / "out"
    process = begin(file, "--out", out, "--jobs", 1)
    try:
        wait_for(lambda: begun(out, 5))
        first = counts(out)
        assert first == {"running": 1, "waiting": 3}
        second = call(file, "--out", out)
        assert (second.returncode, second.stdout) == (2, "")
        assert second.stderr == f"zeocryst: --out {out}: another zeocryst is running a study in this folder\n"
        more = written(tmp_path, 300, "more.toml", **MORE)
        for options in ((), ("--restart",), ("--init",), ("--retry",)):
            assert call(more, "--out", out, *options).returncode == 2
        assert len(runs(out)) == 4
        wait_for(lambda: n_done(out) == 1 and begun(out, 5))
        told = call("report", out)
        assert told.returncode == 0, told.stderr
        assert told.stdout.startswith("1 of 4 runs at 2 points done.")
        assert "So far: 4 runs: 1 done, 1 running, 2 waiting." in told.stdout.replace("\n", " ")
        assert read(out / "summary.json")["counts"]["running"] == 1
        assert (out / "report.html").is_file()
        assert process.poll() is None
        found = list(zeocryst.open_sweep(out)["state"])
        assert {"done", "waiting"} < set(found) <= {"done", "waiting", "running"}
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 4, errors
    assert not errors.count("Traceback")


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopped_on_purpose_or_with_its_terminal(tmp_path, sign):
    file, out = written(tmp_path, 60), tmp_path / "out"
    process = begin(file, "--out", out, "--jobs", 2)
    wait_for(lambda: begun(out, 5))
    mine = below(process.pid)
    assert mine
    process.send_signal(sign)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "the same command goes on from the last checkpoints" in errors
    assert "Traceback" not in errors
    wait_ended(mine, 10)
    assert counts(out) == {"stopped": 2, "waiting": 2}
    short = call(file, "--out", out, "--walltime", "4s", "--quiet")
    assert (short.returncode, short.stdout, short.stderr) == (4, "", "")


@pytest.mark.slow
@pytest.mark.alone
def test_a_terminal_that_is_closed_and_nobody_who_listens(tmp_path):
    """``nohup`` and closed pipes: the sweep is done all the same."""
    file, out = written(tmp_path), tmp_path / "out"
    done = subprocess.run(
        ["bash", "-c", '"$@" <&- >&- 2>&-', "bash", *ZEOCRYST, "sweep", str(file), "--out", str(out)],
        check=False,
    )
    assert done.returncode == 0
    assert counts(out) == {"done": 4}


# ---- disks ------------------------------------------------------------------------------------------


def test_files_that_cannot_grow_are_failures_that_can_be_tried_again(tmp_path):
    """A disk that is full while runs write their trajectories: told of each, no traceback, and mended with --retry."""
    file, out = written(tmp_path, 20), tmp_path / "out"
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))\n"
        "import os\nos.execv(sys.argv[1], sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, shutil.which(ZEOCRYST[0]), *ZEOCRYST[1:], "sweep", str(file), "--out", str(out)],
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    told = counts(out)
    assert told == {"failed": 4}, done.stderr
    assert "File too large" in done.stderr
    again = call(file, "--out", out, "--retry", "--quiet")
    assert again.returncode == 0, again.stderr
    assert counts(out) == {"done": 4}
    assert all(len(lines(run)) == 41 for run in runs(out).values())


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs to become somebody else")
def test_a_folder_that_cannot_be_written_is_looked_at_all_the_same(tmp_path):
    """That of a colleague: status and the table can be read; what writes says that it cannot."""
    file, out = written(tmp_path), tmp_path / "out"
    assert call(file, "--out", out, "--quiet").returncode == 0
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_mode & 0o5 != 0o5 and place.owner() == "root" and "pytest" in str(place):
            place.chmod(place.stat().st_mode | 0o5)

    def as_nobody(*line):
        return subprocess.run(
            [*nobody, *ZEOCRYST, "sweep", *map(str, line)], capture_output=True, text=True, cwd="/",
            env=os.environ | {"HOME": "/nowhere", "MPLCONFIGDIR": "/tmp", "NUMBA_CACHE_DIR": "/tmp/nobody-numba"},
        )  # fmt: skip

    status = as_nobody("status", out)
    if "Permission denied" in status.stderr and "python" in status.stderr:
        pytest.skip("nobody cannot read the program")
    assert (status.returncode, status.stdout) == (0, "4 runs: 4 done.\n"), status.stderr
    for line in (["report", out], [file, "--out", out], [file, "--out", tmp_path / "new"]):
        done = as_nobody(*line)
        assert done.returncode in (2, 3)
        assert "Permission denied" in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


# ---- time -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.alone
def test_many_points_cost_little_more_than_the_same_runs_alone():
    """Of a processor's time, which others do not change much; on the clock an idle machine shows the same."""
    script = ROOT / "benchmarks" / "sweep_overhead.py"
    done = subprocess.run(
        [sys.executable, str(script), "--points", "40", "--jobs", "1", "--time-ps", "5"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    alone, swept = map(float, re.search(r"processors: alone (\S+) s, sweep (\S+) s", done.stdout).groups())
    assert alone > 10
    assert swept < 1.2 * alone, done.stdout


@pytest.mark.slow
@pytest.mark.alone
def test_a_sweep_of_2000_points_is_opened_in_five_seconds(tmp_path):
    """Copies of real runs at as many temperatures; of a processor's time, so that others do not count."""
    import signac

    small = {"replicas = 2": "replicas = 1"}
    file, out = written(tmp_path, **small), tmp_path / "out"
    assert call(file, "--out", out, "--quiet").returncode == 0
    many = written(
        tmp_path, name="many.toml", **small | {"values = [300, 500]": "from = 300\nto = 2299\nsteps = 2000"}
    )
    run = runs(out)[300, 1]
    project = signac.get_project(str(out), search=False)
    for kelvin in range(300, 2300):
        job = project.open_job({"temperature_K": float(kelvin), "replica": 1}).init()
        if not (place := tmp_path / "out" / "workspace" / job.id / "run").is_dir():
            (place / "checkpoint").mkdir(parents=True)
            for name in ("summary.json", "order_parameters.csv", "condition.toml", "provenance.json"):
                shutil.copy(run / name, place / name)
            job.document["state"] = "done"
    made = call(many, "--out", out, "--init", "--quiet")  # the folder's study asks for all of them
    assert made.returncode == 0, made.stderr
    opened = f"import zeocryst\nassert len(zeocryst.open_sweep({str(out)!r})) == 2000"
    for line in ([sys.executable, "-P", "-c", opened], [*ZEOCRYST, "sweep", "status", str(out)]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(line, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout in ("", "2000 runs: 2000 done.\n")
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
