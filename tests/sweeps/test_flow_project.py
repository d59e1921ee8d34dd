"""A sweep's runs through signac-flow: scripts for SLURM and PBS, and what they run when a shell runs them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zeocryst.files.rundir import RunDirectory, is_running
from zeocryst.studies.reading import replica_seed
from zeocryst.sweeps.flow_project import project_file

BASE = """
name = "small"
seed = 7
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[[stage]]
kind = "langevin"
temperature_K = 500
time_ps = {time_ps}
[output]
interval_ps = 0.1
"""

#: What makes a sweep of it.
SWEEP = """
[sweep]
replicas = {replicas}
[[sweep.axis]]
key = "stage.1.temperature_K"
values = {temperatures}
"""


class Folder:
    """A sweep's folder, with four runs unless more are asked for, and its ``project.py`` as a command."""

    def __init__(self, place, *, temperatures=(500, 600), replicas=2, time_ps=0.5):
        import signac

        self.path, self.queue, programs = place / "a sweep", place / "queue", place / "bin"
        for folder in (self.queue, programs):
            folder.mkdir()
        self.base = BASE.format(time_ps=time_ps)
        study = place / "study.toml"
        study.write_text(self.base + SWEEP.format(replicas=replicas, temperatures=list(temperatures)))
        call = [
            sys.executable,
            "-P",
            "-m",
            "zeocryst.cli",
            "sweep",
            str(study),
            "--out",
            str(self.path),
            "--init",
        ]
        subprocess.run(call, check=True, capture_output=True)
        self.jobs = sorted(job.id for job in signac.get_project(str(self.path)))
        self._programs = programs
        script = Path(__file__).with_name("local_scheduler.py")
        self._scheduler = [sys.executable, str(script), str(self.queue)]
        self.environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "NUMBA_NUM_THREADS": "1",
        }

    def has(self, *commands):
        """Put a scheduler's commands onto this machine, as flow looks for them."""
        for command in commands:
            path = self._programs / command
            path.write_text(f'#!/bin/sh\nexec {" ".join(self._scheduler)} {command} "$@"\n')
            path.chmod(0o755)

    def __call__(self, *arguments, status=0):
        done = subprocess.run(
            [sys.executable, str(self.path / "project.py"), *arguments],
            capture_output=True, text=True, env=self.environment, cwd=self.path.parent,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def work(self):
        """Have the scheduler run what waits."""
        done = subprocess.run([*self._scheduler, "work"], capture_output=True, text=True, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def document(self, job):
        return json.loads((self.path / "workspace" / job / "signac_job_document.json").read_text())

    def run(self, job):
        return self.path / "workspace" / job / "run"

    def labels(self):
        """How many runs have each label."""
        shown = self("status")
        return {
            name: int(count)
            for name, count in re.findall(r"^(waiting|done|failed) .*?\| (\d+)/\d+", shown, re.M)
        }

    def run_by_hand(self, job, out):
        """The same run by ``zeocryst run``."""
        point = json.loads((self.run(job).parent / "signac_statepoint.json").read_text())
        text = self.base.replace("temperature_K = 500", f"temperature_K = {point['temperature_K']}")
        out.mkdir()
        seed = replica_seed(7, "temperature_K", point["temperature_K"], point["replica"])
        text = text.replace("seed = 7", f"seed = {seed}") + "backmap = false\nreport = false\n"
        (out / "condition.toml").write_text(text)
        subprocess.run(
            [sys.executable, "-P", "-m", "zeocryst.cli", "run", str(out), "--out", str(out / "run"), "--threads", "1"],
            check=True, capture_output=True, env=self.environment,
        )  # fmt: skip
        return out / "run"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


SCHEDULERS = {"slurm": ("sbatch", "squeue"), "pbs": ("qsub", "qstat")}
#: Of a script: its tasks, its hours, minutes and seconds, its memory in MB.
ASKED = {
    "slurm": (r"^#SBATCH --ntasks=(\d+)$", r"^#SBATCH -t (\d+):(\d+):(\d+)$", r"^#SBATCH --mem=(\d+)M$"),
    "pbs": (r"^#PBS -l nodes=1:ppn=(\d+)$", r"^#PBS -l walltime=(\d+):(\d+):(\d+)$", r"^#PBS -l mem=(\d+)MB$"),
}


def scripts(printed):
    return [f"#{part}" for part in printed.split("#!/bin/bash")[1:]] or printed.split("\n# Submit command")[:-1]


def asked(kind, script):
    (tasks,), time, (memory,) = ([int(n) for n in re.search(p, script, re.M).groups()] for p in ASKED[kind])
    return tasks, 3600 * time[0] + 60 * time[1] + time[2], memory


def commands(script):
    return re.findall(r"^(\S+ .*project\.py' run -o simulate -j (\w+))( &)?$", script, re.M)


def test_the_file_names_no_machine():
    text = project_file()
    compile(text, "project.py", "exec")
    assert not re.search(r"/(home|root|usr|work|tmp)|\\", text)
    assert sys.executable not in text


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_each_run_is_a_job(folder, kind):
    """One that asks for its own core, time and memory, in a script that bash can read."""
    folder.has(*SCHEDULERS[kind])
    printed = folder("submit", "--pretend", "--", "-A", "an_account")
    assert f"# Submit command: {SCHEDULERS[kind][0]} -A an_account" in printed
    found = scripts(printed)
    assert sorted(job for script in found for _, job, _ in commands(script)) == folder.jobs
    for script in found:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        tasks, seconds, memory = asked(kind, script)
        assert (tasks, len(commands(script))) == (1, 1)
        assert seconds == 1800  # half a ps of 112 beads takes a second: the least that is asked for
        assert 600 < memory < 1000
    assert all(folder.document(job)["needs"]["walltime_s"] == 1800 for job in folder.jobs)


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_a_bundle_is_one_job(folder, kind):
    """Side by side: a core each, memory for all, the time of one; one after another: the other way round."""
    folder.has(*SCHEDULERS[kind])
    one = asked(kind, scripts(folder("submit", "--pretend", "-n", "1"))[0])
    (beside,) = scripts(folder("submit", "--pretend", "--bundle", "4", "--parallel"))
    (after,) = scripts(folder("submit", "--pretend", "--bundle", "4"))
    for script, end in ((beside, " &"), (after, "")):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        assert sorted(job for _, job, _ in commands(script)) == folder.jobs
        assert {mark for _, _, mark in commands(script)} == {end}
    assert beside.rstrip().splitlines().count("wait") == 1
    assert after.splitlines().count("wait") == 0
    assert asked(kind, beside) == (4, one[1], pytest.approx(4 * one[2], abs=4))
    assert asked(kind, after) == (1, 4 * one[1], one[2])
    printed = folder("submit", "--pretend", "--bundle", "3", "--parallel")
    assert len(scripts(printed)) == 2
    assert printed.count("sbatch --nodes=1\n") == (2 if kind == "slurm" else 0)  # of PBS the script says it


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slurm", "simple"])
def test_a_bundle_run_by_a_shell_is_what_zeocryst_run_makes(tmp_path, kind):
    """What waits in the queue is not submitted again; the script that was, run by bash, leaves whole runs."""
    folder = Folder(tmp_path, replicas=1)
    if kind == "slurm":
        folder.has(*SCHEDULERS["slurm"])
    else:
        folder.has("simple-scheduler")
        folder.environment["SIMPLE_SCHEDULER"] = "simple-scheduler"
    folder("submit", "--bundle", "2", "--parallel")
    assert len(list(folder.queue.glob("*.sh"))) == 1
    folder("submit", "--bundle", "2", "--parallel")
    assert len(list(folder.queue.glob("*.sh"))) == 1
    assert folder.labels() == {"waiting": 2}
    said = folder.work()
    assert said.count(": done") == 2
    for number, job in enumerate(folder.jobs):
        mine = folder.run_by_hand(job, tmp_path / f"by hand {number}")
        assert (mine / "order_parameters.csv").read_bytes() == (
            folder.run(job) / "order_parameters.csv"
        ).read_bytes()
        names = [{str(p.relative_to(run)) for p in run.rglob("*")} for run in (mine, folder.run(job))]
        assert names[0] == names[1]
        assert folder.document(job)["state"] == "done"
        assert folder.document(job)["time_ps"] == 0.5
    assert folder.labels() == {"done": 2}


@pytest.mark.slow
def test_it_runs_here_as_many_as_are_asked_for(folder):
    folder("run", "-n", "2")
    assert folder.labels() == {"waiting": 2, "done": 2}
    folder("run", "--parallel", "2")
    assert folder.labels() == {"done": 4}
    assert not list(folder.path.glob("workspace/*/output.txt"))  # nothing went wrong
    assert "done" not in folder("run")


@pytest.mark.slow
def test_a_run_that_fails_waits_for_retry(tmp_path):
    """The others of its bundle go on; it says why, and is run again only where that is asked for."""
    folder = Folder(tmp_path, temperatures=(1e5, 500), replicas=1)
    folder.has(*SCHEDULERS["slurm"])
    (script,) = scripts(folder("submit", "--bundle", "--pretend"))
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, env=folder.environment)
    assert done.returncode == 0, done.stderr
    documents = {job: folder.document(job) for job in folder.jobs}
    (bad,) = [job for job, document in documents.items() if document["state"] == "failed"]
    assert "temperature_K" in documents[bad]["failure"]
    assert folder.labels() == {"done": 1, "failed": 1}
    assert folder("run") == ""
    assert not scripts(folder("submit", "--pretend"))
    assert "no run" in folder("retry", "0123").replace("0 runs", "no run")
    assert folder("retry", bad[:8]) == "1 run that failed can be run again\n"
    assert folder.labels() == {"done": 1, "waiting": 1}
    assert len(scripts(folder("submit", "--pretend"))) == 1


def test_what_another_process_runs_is_left_alone(tmp_path):
    folder = Folder(tmp_path, temperatures=(500,), replicas=1)
    (job,) = folder.jobs
    other = RunDirectory(folder.run(job), "", "")
    other.open()
    try:
        assert is_running(folder.run(job))
        assert "another process is running it" in folder("run")
        assert folder.labels() == {"waiting": 1}
    finally:
        other.close()


def begun(folder, *arguments):
    """The command, once a run of it has twenty frames, and the runs' tables."""
    process = subprocess.Popen(
        [sys.executable, str(folder.path / "project.py"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=folder.environment,
    )  # fmt: skip
    tables = [folder.run(job) / "order_parameters.csv" for job in folder.jobs]
    begin = time.monotonic()
    while not any(table.is_file() and table.read_text().count("\n") > 20 for table in tables):
        assert time.monotonic() - begin < 120
        time.sleep(0.1)
    return process, tables


@pytest.mark.slow
@pytest.mark.alone
def test_a_run_that_is_killed_goes_on(tmp_path):
    """As where memory runs out: what waits for it begins it again, from its checkpoint."""
    folder = Folder(tmp_path, temperatures=(500,), replicas=1, time_ps=15)
    process, _ = begun(folder, "run")
    of_run = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
    os.kill(int(of_run.stdout), signal.SIGKILL)
    said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "killed from outside" in said[0]
    assert said[0].rstrip().endswith(": done")
    assert folder.labels() == {"done": 1}


@pytest.mark.slow
@pytest.mark.alone
def test_a_walltime_that_ends_leaves_a_checkpoint(tmp_path):
    """SIGTERM, as schedulers send it: the run stops where it goes on from, and no other begins."""
    folder = Folder(tmp_path, temperatures=(500,), replicas=2, time_ps=15)
    process, tables = begun(folder, "run")
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=90)
    assert process.returncode == 4, said
    assert "stopped at the checkpoint" in said[1]
    assert sum(table.is_file() for table in tables) == 1
    assert folder.labels() == {"waiting": 2}
    folder("run")
    assert folder.labels() == {"done": 2}
    first = next(job for job in folder.jobs if "SIGTERM" in (folder.run(job) / "log.txt").read_text())
    mine = folder.run_by_hand(first, tmp_path / "by hand")
    steps = [[line.split(",")[0] for line in (run / "order_parameters.csv").read_text().splitlines()]
             for run in (mine, folder.run(first))]  # fmt: skip
    assert steps[0] == steps[1]
