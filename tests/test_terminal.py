"""What is printed when nobody is there to read it, and what becomes of a run then."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import ZEOCRYST, call, check_whole


def shell(redirected, *arguments, timeout=300):
    """A command whose streams a shell redirects; status, and what came out of the rest."""
    words = [*ZEOCRYST, *map(str, arguments)]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *words], capture_output=True, text=True, timeout=timeout
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("gone", ["2>&-", "2>/dev/full", "0<&- 2>&-"])
def test_messages_that_nobody_can_read_change_nothing(gone, short):
    status, said, _ = shell(gone, "frameworks", "SOD", "--json")
    assert (status, json.loads(said)["code"]) == (0, "SOD")
    assert shell(gone, "frameworks", "NONE")[0] == 2
    assert shell(gone, "check", short, "--threads", "1")[0] == 0


def test_results_that_nobody_waits_for_are_no_error():
    assert shell(">&-", "frameworks", "SOD") == (0, "", "")
    assert shell(">&- 2>&-", "frameworks", "SOD") == (0, "", "")
    status, said, errors = shell("| head -n 1", "frameworks", "--json")
    assert (said, errors) == ("{\n", "")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*ZEOCRYST, "frameworks"], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_results_that_cannot_be_kept_are_an_error():
    status, _, errors = shell(">/dev/full", "frameworks")
    assert status == 2
    assert errors == "zeocryst: the output cannot be written: No space left on device\n"
    status, _, errors = shell(">/dev/full", "--help")  # goes out at the end only
    assert (status, errors.count("\n")) == (2, 1)
    assert shell(">/dev/full 2>/dev/full", "frameworks")[0] == 2


def test_a_file_never_takes_the_number_of_a_closed_stream(short, tmp_path):
    """What libraries print to error would stand in the trajectory."""
    out = tmp_path / "out"
    status, _, _ = shell(">&- 2>&-", "run", short, "--out", out, "--threads", "1")
    assert status == 0
    check_whole(out, 1000)


ON_ITS_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""


def on_a_terminal(condition, out, ignore=False):
    """A run whose terminal is gone once its table has three rows; the process."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_ITS_TERMINAL, "SIG_IGN" if ignore else "SIG_DFL",
         *ZEOCRYST, "run", str(condition), "--out", str(out), "--threads", "1"],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    os.set_blocking(master, False)
    table = out / "order_parameters.csv"
    for _ in range(3000):
        with suppress(BlockingIOError):
            os.read(master, 100_000)
        if process.poll() is not None or (table.is_file() and len(table.read_text().splitlines()) > 2):
            break
        time.sleep(0.1)
    assert process.poll() is None
    os.close(master)
    return process


@pytest.fixture
def longer(short):
    short.write_text(short.read_text().replace("time_ps = 4", "time_ps = 40"))
    return short


@pytest.mark.alone
def test_a_run_whose_terminal_is_closed_stops_and_goes_on_later(longer, tmp_path):
    out = tmp_path / "out"
    process = on_a_terminal(longer, out)
    assert process.wait(timeout=60) == 4
    stopped = json.loads((out / "provenance.json").read_text())["interruptions"]
    assert [entry["reason"] for entry in stopped] == ["SIGHUP"]
    done = call("run", longer, "--out", out, "--threads", "1")
    assert done.returncode == 0, done.stderr
    check_whole(out, 8200)


@pytest.mark.alone
def test_a_run_that_is_told_to_outlive_its_terminal_does(longer, tmp_path):
    """As with nohup; what it prints from then on is an error of the terminal's that is gone."""
    out = tmp_path / "out"
    assert on_a_terminal(longer, out, ignore=True).wait(timeout=300) == 0
    check_whole(out, 8200)
    assert json.loads((out / "summary.json").read_text())["interruptions"] == []


@pytest.mark.slow
def test_a_run_without_room_for_its_messages_goes_on(short, tmp_path):
    assert shell("2>/dev/full", "run", short, "--out", tmp_path / "out", "--threads", "1")[0] == 0
    check_whole(tmp_path / "out", 1000)


@pytest.mark.parametrize("sign", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_other_commands_end_with_one_message_and_the_same_status(sign, short):
    process = subprocess.Popen([*ZEOCRYST, "check", str(short)], stderr=subprocess.PIPE, text=True)
    for _ in range(600):  # until it has begun
        with suppress(OSError):
            if "llvmlite" in Path(f"/proc/{process.pid}/maps").read_text():
                break
        time.sleep(0.1)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 4)  # 0: it was done by then
    assert "Traceback" not in errors
