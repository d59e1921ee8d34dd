"""``mpiexec -n N zeocryst run``: one run, one folder, one message; ended and gone on with as on one rank."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from command_line import call as call_alone
from command_line import check_whole, is_one_message
from ranked import begin, call, lives, mpiexec, ranks_of, wait_for

if sys.platform != "linux":
    pytest.skip("processes are followed in /proc", allow_module_level=True)

CONDITION = """
name = "shared"
seed = 3
[system]
start = "framework"
framework = "SOD"
repeat = [3, 3, 3]
[[stage]]
kind = "nvt"
temperature_K = 500
time_ps = {time_ps}
timestep_fs = 5
[output]
interval_ps = 0.5
backmap = false
report = {report}
"""
#: A run of so many steps is over in seconds; one of the other number never.
STEPS, ENDLESS = 400, 10_000_000


#: Zeocryst with a fault in rank 1, once two frames are written.
FAULTY = """
import sys
import time
from zeocryst.engines.lammps.instance import Instance
from zeocryst.foundation.ranks import launched

plain = Instance.command


def command(self, text):
    if launched()[0] == 1 and text.startswith("run") and self.step() >= 100:
        {fault}
    plain(self, text)


Instance.command = command
from zeocryst.cli import main

sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def condition(tmp_path):
    def write(steps=STEPS, report="false"):
        path = tmp_path / "condition.toml"
        path.write_text(CONDITION.format(time_ps=steps * 0.005, report=report))
        return path

    return write


def begun(process, out):
    """The ranks of a run, once it has written two frames."""
    table = out / "order_parameters.csv"
    wait_for(lambda: table.is_file() and len(table.read_text().splitlines()) > 2, 120)
    return ranks_of(process)


def begin_faulty(n, folder, fault, *arguments):
    """Start ``zeocryst ARGUMENTS`` on `n` ranks with such a fault."""
    script = folder / "faulty.py"
    script.write_text(FAULTY.format(fault=fault))
    return subprocess.Popen(
        [mpiexec(), "-n", str(n), sys.executable, "-P", str(script), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def provenance(out):
    return json.loads((out / "provenance.json").read_text())


@pytest.mark.slow
def test_a_run_on_two_ranks_from_condition_to_report(condition, tmp_path):
    """What is written is written once; ranks, imbalance and times are told everywhere."""
    out = tmp_path / "out"
    status, output, errors = call(2, "run", condition(report="true"), "--out", out, "--json")
    assert status == 0, errors
    check_whole(out, STEPS)
    summary = json.loads(output)
    assert summary["engine"]["ranks"] == 2
    assert summary["engine"]["threads"] == max(1, len(os.sched_getaffinity(0)) // 2)
    told = provenance(out)
    assert told["ranks"] == 2
    assert 1.0 <= told["imbalance"]["beads"] < 1.3
    assert sum(told["time_shares"].values()) == pytest.approx(1, abs=1e-3)
    assert min(told["time_shares"].values()) >= 0
    assert errors.count("2 processes shared the steps") == 1
    assert (out / "log.txt").read_text().count("2 processes shared the steps") == 1
    page = (out / "report.html").read_text()
    assert "2 processes with" in page
    assert "imbalance of processes" in page
    assert "Traceback" not in errors


@pytest.mark.slow
def test_check_on_two_ranks(condition):
    status, output, errors = call(2, "check", condition())
    assert status == 0, errors
    assert output.count(": valid") == 1
    assert "2 processes with 1 thread each" in output or len(os.sched_getaffinity(0)) > 3
    assert re.search(r"2 processes shared the steps: .* forces \d+ %", output)
    assert call_alone("check", condition()).stdout.count("processes") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "nothing.toml", "--out", "out"), "no condition file"),
        (("run", "sgt_seeded"), "--out"),
        (
            ("check", "sgt_seeded", "--engine", "hoomd"),
            "engine hoomd runs in one process, and mpiexec has started 2",
        ),
        (("check", "sgt_seeded", "--engine", "lamps"), "engine 'lamps' is not known"),
    ],
)
def test_bad_input_is_one_message(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, output, errors = call(2, *arguments)
    assert (status, output) == (2, "")
    assert len(errors.strip().splitlines()) == 1, errors
    assert words in errors
    assert not (tmp_path / "out").exists()


def test_other_commands_are_done_once():
    status, output, errors = call(2, "frameworks", "SOD")
    assert status == 0, errors
    assert output.count("SOD: ") == 1


def test_an_mpiexec_of_another_kind_is_refused(monkeypatch, condition):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "0")
    assert "Open MPI" in is_one_message(call_alone("check", condition()))
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    assert call_alone("check", condition()).stderr == ""


# ---- stopped, killed ---------------------------------------------------------------------------


def goes_on(out, condition, n):
    """The run goes on with so many ranks (1: without mpiexec) to its end."""
    if n == 1:
        done = call_alone("run", condition, "--out", out)
        status, errors = done.returncode, done.stderr
    else:
        status, _, errors = call(n, "run", condition, "--out", out)
    assert status == 0, errors
    assert "goes on from step" in errors
    check_whole(out, STEPS)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_with_a_checkpoint(condition, tmp_path, sign):
    out = tmp_path / "out"
    process = begin(2, "run", condition(ENDLESS), "--out", out)
    ranks = begun(process, out)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4, errors
    assert errors.count("the same command goes on from there") == 1
    wait_for(lambda: not any(map(lives, ranks)), 10)
    [entry] = provenance(out)["interruptions"]
    assert entry["reason"] == ("Ctrl-C" if sign == signal.SIGINT else "SIGTERM")


@pytest.mark.slow
@pytest.mark.alone
def test_the_walltime_stops_all(condition, tmp_path):
    out = tmp_path / "out"
    status, _, errors = call(2, "run", condition(ENDLESS), "--out", out, "--walltime", "6s")
    assert status == 4, errors
    assert provenance(out)["interruptions"][-1]["reason"] == "walltime"


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(("victim", "then"), [("worker", 2), ("first", 1), ("mpiexec", 3)])
def test_a_kill_ends_all_within_a_minute_and_the_run_goes_on(condition, tmp_path, victim, then):
    """Rank 0 waits for the other one in MPI. The run goes on from its last frame, with any number of ranks."""
    out = tmp_path / "out"
    process = begin_faulty(2, tmp_path, "time.sleep(1000)", "run", condition(), "--out", out)
    try:
        ranks = begun(process, out)
    except BaseException:
        process.kill()
        raise
    process_id = {"worker": ranks[1], "first": ranks[0], "mpiexec": process.pid}[victim]
    os.kill(process_id, signal.SIGKILL)
    begin_s = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode != 0
    wait_for(lambda: not any(map(lives, ranks)), 60)
    assert time.monotonic() - begin_s < 60
    assert not (out / "summary.json").exists()
    goes_on(out, condition(), then)
    [entry] = json.loads((out / "summary.json").read_text())["interruptions"]
    assert entry["reason"] == "killed"
    assert entry["step"] >= 100


@pytest.mark.slow
@pytest.mark.alone
def test_four_ranks_on_fewer_cores(condition, tmp_path):
    out = tmp_path / "out"
    status, _, errors = call(4, "run", condition(), "--out", out)
    assert status == 0, errors
    check_whole(out, STEPS)
    assert provenance(out)["ranks"] == 4


@pytest.mark.slow
def test_a_run_that_explodes_is_one_message(condition, tmp_path):
    path = condition(2000)
    path.write_text(path.read_text().replace("= 500", "= 90000").replace("timestep_fs = 5", "timestep_fs = 20"))
    status, _, errors = call(2, "run", path, "--out", tmp_path / "out")
    assert status == 3, errors
    assert len(re.findall("^zeocryst: ", errors, re.M)) == 1
    assert "a lower temperature_K than 90000" in errors
    assert provenance(tmp_path / "out")["interruptions"][-1]["reason"] == "failure"


@pytest.mark.slow
def test_a_rank_that_is_lost_is_recorded(condition, tmp_path):
    """Where only another rank fails, rank 0 waits for it in MPI: its folder says what happened all the same."""
    out, fault = tmp_path / "out", "raise MemoryError('as if there were none')"
    process = begin_faulty(2, tmp_path, fault, "run", condition(ENDLESS), "--out", out)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 3, errors
    [line] = [line for line in errors.splitlines() if line.startswith("zeocryst: ")]
    assert "process 1 of 2 (counted from 0): MemoryError: as if there were none" in line
    assert "is kept in" in line
    [entry] = provenance(out)["interruptions"]
    assert entry["reason"] == "failure"
    assert "MemoryError" in entry["words"]


@pytest.mark.slow
@pytest.mark.alone
def test_two_ranks_end_with_atoms_and_a_report(tmp_path):
    """Libraries that find mpi4py loaded may not wait for the other rank: ASE's files do, left to themselves."""
    text = CONDITION.format(time_ps=0.5, report="true").replace("backmap = false", "backmap = true")
    (tmp_path / "condition.toml").write_text(text)
    status, _, errors = call(2, "run", tmp_path / "condition.toml", "--out", tmp_path / "out", "--quiet")
    assert status == 0, errors
    for name in ("framework.cif", "framework.extxyz", "ideal.cif", "report.html", "methods.md"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["engine"]["ranks"] == 2
