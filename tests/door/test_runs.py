"""Runs from Python: started, stopped, watched while they go on, opened again."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import SHORT

import zeocryst as zc

pd = pytest.importorskip("pandas")

QUICK = {
    "system": {"start": "framework", "framework": "SOD", "repeat": [2, 2, 2]},
    "stages": [{"kind": "langevin", "temperature_K": 500, "time_ps": 2}],
    "output": {"interval_ps": 0.5},
    "engine": {"threads": 1},
}
PLAIN = {"output": {"interval_ps": 0.5, "backmap": False, "report": False}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of 2 ps with S."""
    return zc.run(zc.Condition(**QUICK, name="quick"), tmp_path_factory.mktemp("run") / "a", seed=3, quiet=True)


def test_a_finished_run_has_everything(finished):
    assert finished.state == "finished"
    assert finished.verdict == "crystalline" == finished.summary["verdict"]
    table = finished.order_parameters
    assert table["step"].tolist() == [0, 100, 200, 300, 400]
    assert table["time_ps"].tolist() == [0, 0.5, 1, 1.5, 2]
    assert set(table["largest_grain_framework"]) == {"SOD"}
    assert table["temperature_K"].dtype == float
    assert finished.condition.seed == 3
    assert finished.atoms.get_chemical_formula() == "O192Si96"
    assert finished.network.number_of_nodes() == 96
    assert finished.report.is_file()
    assert "finished" in str(finished)
    assert "data:image/png" in finished._repr_html_()


def test_frames_come_when_they_are_asked_for(finished):
    frames = finished.frames
    assert len(frames) == 5
    assert frames[-1].configuration.step == frames[4].configuration.step == 400
    assert [frame.configuration.step for frame in frames[1::2]] == [100, 300]
    assert [frame.configuration.step for frame in frames[::-1][:2]] == [400, 300]
    assert [frame.configuration.step for frame in frames] == [0, 100, 200, 300, 400]
    for outside in (5, -6):
        with pytest.raises(IndexError, match="numbered from 0"):
            _ = frames[outside]


def test_every_function_takes_a_run_and_its_frames(finished):
    by_run, by_frames = zc.analyze(finished, names="density"), zc.analyze(finished.frames[1:], names="density")
    assert by_run.order_parameters["step"].tolist() == [0, 100, 200, 300, 400]
    assert by_frames.order_parameters["step"].tolist() == [100, 200, 300, 400]
    ours, logged = (
        table["density_T_per_1000A3"] for table in (by_run.order_parameters, finished.order_parameters)
    )
    assert ours.tolist() == pytest.approx(logged.tolist(), rel=1e-6)  # files have single precision
    assert zc.identify(finished).codes == zc.identify(finished.folder).codes == ("SOD",)
    assert zc.identify(finished.frames[-1]).codes == ("SOD",)


def test_atoms_of_a_run_are_those_of_the_run_itself(finished):
    """Its last frame, quenched in its own model: what the run has done, too."""
    made = zc.backmap(finished)
    assert made.atoms.get_chemical_formula() == finished.atoms.get_chemical_formula()
    assert np.abs(made.atoms.cell[:] - finished.atoms.cell[:]).max() < 1e-4
    assert made.choices["quench"].startswith("ts, by ")
    assert made.record["types_from_atoms"][0]["code"] == "SOD"
    assert set(made.checks["passed"]) <= {True, False, None}
    assert made.passed == all(made.checks["passed"].dropna())
    assert "data:image/png" in made._repr_html_()
    with pytest.raises(zc.InputError, match="no force field|forcefield|not.*known|allowed"):
        zc.backmap(finished, forcefield="nowhere")


def test_backmapped_atoms_are_written_where_nothing_is(finished, tmp_path):
    made = zc.backmap(finished.frames[-1], quench="none")
    assert (made.write(tmp_path / "new") / "framework.cif").is_file()
    with pytest.raises(zc.InputError, match="not empty"):
        made.write(tmp_path / "new")


def test_the_same_call_opens_a_finished_run(finished):
    before = (finished.folder / "summary.json").stat().st_mtime_ns
    again = zc.run(zc.Condition(**QUICK, name="quick"), finished.folder, seed=3, quiet=True)
    assert again == finished
    assert (finished.folder / "summary.json").stat().st_mtime_ns == before
    with pytest.raises(zc.InputError, match="another condition"):
        zc.run(zc.Condition(**QUICK, name="quick"), finished.folder, seed=4, quiet=True)


def test_a_run_that_was_stopped_goes_on(tmp_path):
    condition = zc.Condition.from_toml(SHORT + "backmap = false\nreport = false\n")
    run = zc.run(condition, tmp_path / "a", walltime=0.0, quiet=True)
    assert run.state == "stopped"
    assert "goes on" in str(run)
    for ask in ("summary", "verdict", "atoms"):
        with pytest.raises(zc.InputError):
            getattr(run, ask)
    assert zc.run(condition, tmp_path / "a", quiet=True).state == "finished"


def test_in_a_thread_no_signals_are_touched(tmp_path):
    """Notebook servers and schedulers call from threads, where Python lets nobody change them."""
    found, before = [], signal.getsignal(signal.SIGINT)
    thread = threading.Thread(
        target=lambda: found.append(zc.run(zc.Condition(**(QUICK | PLAIN)), tmp_path / "a", quiet=True))
    )
    thread.start()
    thread.join()
    assert found[0].state == "finished"
    assert signal.getsignal(signal.SIGINT) is before


LONG = """
import sys, zeocryst as zc
condition = zc.Condition(
    system={"start": "framework", "framework": "SOD", "repeat": [2, 2, 2]},
    stages=[{"kind": "langevin", "temperature_K": 500, "time_ps": 100000}],
    output={"interval_ps": 0.5}, engine={"threads": 1},
)
print(zc.run(condition, sys.argv[1], quiet=True).state)
"""


def test_a_run_is_watched_while_it_goes_on_and_stopped(tmp_path):
    """Also Ctrl-C, as a notebook's stop button sends it, leaves a folder that goes on."""
    folder = tmp_path / "a"
    process = subprocess.Popen([sys.executable, "-P", "-c", LONG, folder], stdout=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and not (folder / "order_parameters.csv").is_file():
            time.sleep(0.2)
        run = zc.open_run(folder)
        seen = []
        while time.monotonic() < until and len(seen) < 30:
            assert run.state == "running"
            seen.append((len(run.order_parameters), len(run.frames)))
            time.sleep(0.05)
        assert seen[-1][0] > seen[0][0] > 0
        assert seen[-1][1] > seen[0][1]
        assert "running at" in str(run)
        assert run.frames[-1].configuration.step % 100 == 0
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0].strip() == "stopped"
    finally:
        process.kill()
        process.wait()
    assert run.state == "stopped"
    assert len(run.order_parameters) == len(run.frames)


def test_a_row_that_is_half_written_is_left_out(finished, tmp_path):
    whole = (finished.folder / "order_parameters.csv").read_bytes()
    copy = tmp_path / "a"
    (copy / "checkpoint").mkdir(parents=True)
    table = copy / "order_parameters.csv"
    run = zc.open_run(copy)
    assert run.order_parameters.empty
    assert len(run.frames) == 0
    assert "without a frame" in str(run).replace("condition", "")
    ends = [k + 1 for k, byte in enumerate(whole) if byte == 10]
    for length in range(0, len(whole), 37):
        table.write_bytes(whole[:length])
        rows = max(0, sum(end <= length for end in ends) - 1)
        assert len(run.order_parameters) == rows
    table.write_bytes(whole.replace(b"\r\n0,", b"\r\nzero,", 1))
    with pytest.raises(zc.InputError, match="damaged"):
        _ = run.order_parameters


def test_folders_that_hold_no_run_are_told_apart(finished, tmp_path):
    zc.analyze(finished.frames, names=["density", "crystallinity"], out=tmp_path / "analysis")
    with pytest.raises(zc.InputError, match="holds an analysis, no run"):
        zc.open_run(tmp_path / "analysis")
    from zeocryst.cli import main

    assert main(["backmap", str(finished.folder), "--frame", "-1", "--out", str(tmp_path / "atoms")]) == 0
    with pytest.raises(zc.InputError, match="holds back-mapped atoms, no run"):
        zc.open_run(tmp_path / "atoms")
    (tmp_path / "empty").mkdir()
    for nothing, words in (("empty", "holds no run"), ("nowhere", "no folder")):
        with pytest.raises(zc.InputError, match=words):
            zc.open_run(tmp_path / nothing)
    with pytest.raises(zc.InputError, match="is a file"):
        zc.open_run(finished.report)


@pytest.mark.parametrize(
    "wrong", [{"seed": 0}, {"engine": "nothing"}, {"device": "abacus"}, {"threads": 0}, {"walltime": "soon"}]
)
def test_what_cannot_be_run_is_refused_and_nothing_written(tmp_path, wrong):
    with pytest.raises(zc.InputError):
        zc.run(zc.Condition(**QUICK), tmp_path / "a", **wrong)
    assert not os.listdir(tmp_path)


def test_conditions_by_name_and_path(tmp_path, monkeypatch):
    from zeocryst.door.runs import as_condition

    monkeypatch.chdir(tmp_path)
    shipped = as_condition("sgt_seeded")
    assert shipped.name == "sgt_seeded"
    assert shipped == zc.Condition.shipped("sgt_seeded")
    with pytest.raises(zc.InputError, match="did you mean 'sgt_seeded'"):
        as_condition("sgt_sedeed")
    folder = tmp_path / "sgt_seeded"
    folder.mkdir()
    shipped.write(folder / "condition.toml")
    assert as_condition("sgt_seeded").to_toml() == shipped.to_toml()  # there is no doubt
    (folder / "condition.toml").write_text(SHORT)
    with pytest.raises(zc.InputError, match="./sgt_seeded"):
        as_condition("sgt_seeded")
    assert as_condition("./sgt_seeded").seed == 7
    assert as_condition(folder / "condition.toml").seed == 7
    for wrong in (3, "nowhere/condition.toml", None):
        with pytest.raises(zc.InputError):
            as_condition(wrong)
