"""Calling the command line: real processes, real files."""

import csv
import subprocess
import sys
import time
from pathlib import Path

import gsd.hoomd

#: The installed command; or, where only PYTHONPATH leads to zeocryst, its module, without the working directory
#: on the path, where the source would be found.
SCRIPT = Path(sys.executable).with_name("zeocryst")
ZEOCRYST = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-P", "-m", "zeocryst.cli"]
ROOT = Path(__file__).resolve().parents[1]


def call(*arguments, cwd=None, timeout=300):
    return subprocess.run(
        [*ZEOCRYST, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=timeout
    )


def is_one_message(done):
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def interrupt(condition, out, sign, *options, wait=2):
    """Start a run, wait until its table has more lines than `wait`, send a signal; the status and the messages."""
    process = subprocess.Popen(
        [*ZEOCRYST, "run", str(condition), "--out", str(out), "--threads", "1", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    table = out / "order_parameters.csv"
    for _ in range(15_000):  # often: the short runs of tests are over in seconds
        if process.poll() is not None or (table.is_file() and len(table.read_text().splitlines()) > wait):
            break
        time.sleep(0.02)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


def check_whole(out, steps):
    with (out / "order_parameters.csv").open() as file:
        rows = [int(r["step"]) for r in csv.DictReader(file)]
    assert rows == sorted(set(rows))
    assert rows[-1] == steps
    assert set(range(0, steps + 1, 100)) <= set(rows)
    with gsd.hoomd.open(str(out / "trajectory.gsd")) as file:
        assert [f.configuration.step for f in file] == rows
