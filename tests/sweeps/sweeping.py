"""What tests of sweeps share: small sweeps with real runs, and their folders."""

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command_line import ZEOCRYST

SMALL = """
name = "small"
seed = 3
[system]
start = "framework"
framework = "SOD"
repeat = [2, 2, 2]
[[stage]]
kind = "langevin"
temperature_K = 300
time_ps = TIME
timestep_fs = 5
[output]
interval_ps = 0.5
[engine]
name = "lammps"
[sweep]
replicas = 2
[[sweep.axis]]
key = "stage.langevin.temperature_K"
values = [300, 500]
"""


def written(folder, time_ps=1, name="sweep.toml", text=SMALL, **changes):
    text = text.replace("TIME", str(time_ps))
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text)
    return path


def call(*arguments, **how):
    return subprocess.run(
        [*ZEOCRYST, "sweep", *map(str, arguments)], capture_output=True, text=True, timeout=300, **how
    )


def begin(*arguments, **how):
    return subprocess.Popen(
        [*ZEOCRYST, "sweep", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how,
    )  # fmt: skip


def wait_for(what, seconds=120):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def runs(out, below="run"):
    """Folders of the runs by what is varied and the replica."""
    found = {}
    for job in sorted((out / "workspace").iterdir()):
        if not (job / "signac_statepoint.json").is_file():
            continue  # it is just being made
        point = json.loads((job / "signac_statepoint.json").read_text())
        replica = point.pop("replica")
        found[*point.values(), replica] = job / below
    return found


def lines(run):
    table = run / "order_parameters.csv"
    return table.read_text().splitlines()[1:] if table.is_file() else []


def counts(out):
    """What ``sweep status`` counts, without what there is none of."""
    told = json.loads(call("status", out, "--json").stdout)
    return {state: n for state, n in told["counts"].items() if n}


def rows(out, *left_out):
    """Rows of ``points.csv`` in their order, without columns such as how long the runs took."""
    with (out / "points.csv").open() as file:
        return [{key: v for key, v in row.items() if key not in left_out} for row in csv.DictReader(file)]


def untimed(value):
    """A summary without what a clock says."""
    if isinstance(value, dict):
        return {key: untimed(v) for key, v in value.items() if not key.endswith(("wall_s", "steps_per_s"))}
    return [untimed(v) for v in value] if isinstance(value, list) else value


def stamps(out):
    """When each summary was written, and which file it is."""
    found = {
        run: (run / "summary.json").stat() for run in runs(out).values() if (run / "summary.json").is_file()
    }
    return {run: (stat.st_mtime_ns, stat.st_ino) for run, stat in found.items()}


def below(pid):
    """Processes that a process has begun, and those begun by them."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        mine = parents.get(left.pop(), [])
        found += mine
        left += mine
    return found


def ended(pid):
    """Whether a process has ended; what nobody has asked after yet (a zombie) has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def wait_ended(pids, seconds=60):
    """Until all have ended: a process takes a while to give its memory back after the signal that kills it."""
    until = time.monotonic() + seconds
    while left := [pid for pid in pids if not ended(pid)]:
        assert time.monotonic() < until, f"still there after {seconds} s: {left}"
        time.sleep(0.05)


def kill_all(process):
    """SIGKILL for a sweep and every process of it, as where a machine goes down: none is left when this returns."""
    stopped = []
    # held first, from the top down: one that goes on may begin another between the look and the signal
    while new := [pid for pid in [process.pid, *below(process.pid)] if pid not in stopped]:
        for pid in new:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        stopped += new
    for pid in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()
    wait_ended(stopped)
    return stopped


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """File and folder of a sweep that is done, not to be changed; what its command said."""
    place = tmp_path_factory.mktemp("whole")
    file = written(place)
    done = call(file, "--out", place / "out")
    assert done.returncode == 0, done.stderr
    return file, place / "out", done


@pytest.fixture
def copied(whole, tmp_path):
    """The same, to be changed."""
    shutil.copytree(whole[1], tmp_path / "out")
    return whole[0], tmp_path / "out"


def read(path):
    return json.loads(path.read_text())
