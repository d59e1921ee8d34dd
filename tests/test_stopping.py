"""Stopping and going on: signals, the walltime, failures, two runs at once, another engine."""

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import gsd.hoomd
import numpy as np
import pytest
from command_line import ROOT, ZEOCRYST, call, check_whole, interrupt, is_one_message

from zeocryst.foundation.interrupt import _interrupt_outside, interrupted_alike


@pytest.fixture
def longer(short):
    text = short.read_text().replace("time_ps = 4", "time_ps = 40")
    short.write_text(text)
    return short


def goes_on(condition, out, steps, reason):
    """The same command ends the run, nothing is missing, and the reason of the stop is known; its messages."""
    done = call("run", condition, "--out", out)
    assert done.returncode == 0, done.stderr
    check_whole(out, steps)
    summary = json.loads((out / "summary.json").read_text())
    assert [i["reason"] for i in summary["interruptions"]] == [reason]
    return done.stderr


@pytest.mark.alone
def test_ctrl_c_keeps_everything_and_the_same_command_goes_on(longer, tmp_path):
    out = tmp_path / "out"
    status, errors = interrupt(longer, out, signal.SIGINT)
    assert status == 4, errors
    assert "Traceback" not in errors
    assert "goes on from there" in errors
    with gsd.hoomd.open(str(out / "trajectory.gsd")) as file:
        assert len(file) >= 2
    assert "goes on from step" in goes_on(longer, out, 8200, "Ctrl-C")


@pytest.mark.alone
def test_a_killed_run_goes_on(longer, tmp_path):
    out = tmp_path / "out"
    status, _ = interrupt(longer, out, signal.SIGKILL)
    assert status == -signal.SIGKILL
    goes_on(longer, out, 8200, "killed")


@pytest.mark.alone
def test_sigterm_while_the_report_is_made(short, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*ZEOCRYST, "run", str(short), "--out", str(out), "--threads", "1"], stderr=subprocess.PIPE, text=True
    )
    for _ in range(1200):
        if (out / "log.txt").is_file() and "back-mapping" in (out / "log.txt").read_text():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4, errors
    assert "Traceback" not in errors
    assert not (out / "summary.json").exists()
    goes_on(short, out, 1000, "SIGTERM")


def test_a_file_that_cannot_be_written_is_no_fault_of_the_input(longer, tmp_path):
    out = tmp_path / "out"
    assert call("run", longer, "--out", out, "--walltime", "1s").returncode == 4
    (out / "order_parameters.csv.part").mkdir()  # in the way when the table is written anew
    done = call("run", longer, "--out", out)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "the same command goes on" in done.stderr
    (out / "order_parameters.csv.part").rmdir()
    done = call("run", longer, "--out", out)
    assert done.returncode == 0, done.stderr
    check_whole(out, 8200)


def test_walltime_stops_in_time(longer, tmp_path):
    out = tmp_path / "out"
    done = call("run", longer, "--out", out, "--walltime", "1s")
    assert done.returncode == 4
    assert "walltime" in done.stderr
    with gsd.hoomd.open(str(out / "trajectory.gsd")) as file:
        assert 0 < file[-1].configuration.step < 8200
    stopped = json.loads((out / "provenance.json").read_text())["interruptions"][0]
    assert stopped["reason"] == "walltime"


def test_a_failing_simulation_keeps_the_last_good_state(short, tmp_path):
    text = short.read_text().replace("time_ps = 4", "time_ps = 40\ntimestep_fs = 20")
    short.write_text(text.replace('kind = "npt"\ntemperature_K = 500', 'kind = "npt"\ntemperature_K = 60000'))
    done = call("run", short, "--out", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "timestep_fs" in done.stderr
    assert "is kept in" in done.stderr
    with gsd.hoomd.open(str(tmp_path / "out" / "trajectory.gsd")) as file:
        assert len(file) >= 1


@pytest.mark.alone
def test_two_runs_never_share_a_folder(longer, tmp_path):
    out = tmp_path / "out"
    first = subprocess.Popen(
        [*ZEOCRYST, "run", str(longer), "--out", str(out), "--quiet"], stderr=subprocess.PIPE, text=True
    )
    for _ in range(600):
        if (out / "order_parameters.csv").is_file():
            break
        time.sleep(0.1)
    assert "another zeocryst is running" in is_one_message(call("run", longer, "--out", out))
    assert "another zeocryst is running" in is_one_message(call("run", longer, "--out", out, "--restart"))
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert first.returncode == 4


@pytest.mark.hoomd
@pytest.mark.alone
def test_a_run_begun_with_one_engine_goes_on_with_another(longer, tmp_path):
    from zeocryst.engines import engine_modules

    offer = engine_modules()["hoomd"].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    text = longer.read_text().replace("repeat = [2, 2, 2]", "repeat = [3, 3, 3]")
    longer.write_text(text)
    out = tmp_path / "out"
    assert call("run", longer, "--out", out, "--walltime", "3s", "--engine", "hoomd").returncode == 4
    first = json.loads((out / "provenance.json").read_text())["engines"][0]
    done = call("run", longer, "--out", out, "--engine", "lammps")
    assert done.returncode == 0, done.stderr
    check_whole(out, 8200)
    summary = json.loads((out / "summary.json").read_text())
    assert (first["name"], summary["engine"]["name"]) == ("hoomd", "lammps")
    assert [words.split()[0] for words in summary["engines"]] == ["hoomd", "lammps"]
    assert summary["types"][0]["code"] == "SOD"


@pytest.mark.hoomd
@pytest.mark.alone
def test_every_shipped_condition_is_one_for_hoomd(tmp_path):
    """Each whose box holds two cut-offs is read, estimated and begun with HOOMD-blue, unchanged."""
    from zeocryst.engines import engine_modules

    offer = engine_modules()["hoomd"].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    # boxes that are small on purpose, as their READMEs say, and twice the cut-offs of their force fields
    small = {"sod_unseeded": "28.80", "sgt_unseeded": "32.04"}
    for folder in sorted((ROOT / "runs").glob("*/condition.toml")):
        done = call("check", folder, "--engine", "hoomd", "--json")
        if folder.parent.name in small:
            assert f"HOOMD-blue needs more than {small[folder.parent.name]} Å" in is_one_message(done)
            continue
        assert done.returncode == 0, done.stderr
        assert "hoomd" in json.loads(done.stdout)["engine"]
        out = tmp_path / folder.parent.name
        status, errors = interrupt(folder, out, signal.SIGINT, "--engine", "hoomd", "--quiet")
        assert status == 4, errors
        assert gsd.hoomd.open(str(out / "trajectory.gsd"))[-1].configuration.step > 0


def signalled_where_arrays_are_made(handler_of):
    """What a compiled function ends with when a signal comes while it calls numba back to return its arrays."""
    import numba
    from numba.core.serialize import _numba_unpickle

    @numba.njit
    def zeros(n):
        return np.zeros(n), np.zeros(n)

    zeros(3)
    seen = []

    def told(frame, event, _):
        if event == "call" and frame.f_code is _numba_unpickle.__code__:
            seen.append(frame)
            sys.setprofile(None)
            signal.raise_signal(signal.SIGTERM)

    before = sys.getprofile()
    try:
        with handler_of():
            sys.setprofile(told)
            zeros(3)
            sum(range(3))  # the next call
            sys.setprofile(None)
    finally:
        sys.setprofile(before)
        assert seen, "numba calls nothing back: this test tests nothing"


def test_an_interrupt_waits_until_compiled_code_has_returned_its_arrays():
    """numba turns any exception there into a SystemError, which nobody takes for an interrupt."""
    with pytest.raises(KeyboardInterrupt):
        signalled_where_arrays_are_made(interrupted_alike)


def test_an_interrupt_that_does_not_wait_becomes_a_system_error():
    @contextmanager
    def plain():
        old = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, old)

    with pytest.raises(SystemError):
        signalled_where_arrays_are_made(plain)


def test_a_profile_goes_on_after_an_interrupt_that_waited():
    import numba  # noqa: F401  (its frames are known only once it is loaded)

    def profile(*_):
        return None

    sys.setprofile(profile)
    try:
        with pytest.raises(KeyboardInterrupt):
            _interrupt_outside(profile, sys._getframe())
        assert sys.getprofile() is profile
    finally:
        sys.setprofile(None)
