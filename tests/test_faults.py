"""What a person can get wrong in files, and what goes wrong in a run: one message, which names it."""

import json
import shutil
import signal
import subprocess
import sys

import gsd.hoomd
import numpy as np
import pytest
from command_line import ZEOCRYST
from conftest import shared
from faults import (
    MELT,
    call_here,
    parse,
    refused,
    stopped_after,
    structure_files,
)

from zeocryst.errors import InputError
from zeocryst.files.trajectory import read_frame
from zeocryst.foundation.textfiles import damage_told, parse_json, parse_toml, read_table
from zeocryst.report.page import Html, table
from zeocryst.running.failure import told

# ---- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a=" + "{b=" * 30_000, "a = " + "9" * 10_000, "\0", "a = 1\na = 2"]
)
def test_toml_that_is_none(text):
    with pytest.raises(InputError, match=r"it\.toml: not valid TOML"):
        parse_toml(text, "it.toml")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "{", "\0", ""])
def test_json_that_is_none(text):
    with pytest.raises(InputError, match=r"it\.json: damaged"):
        parse_json(text, "it.json")


@pytest.mark.parametrize(
    "content", [b"", b"a,a\n1,2\n", b"a,b\n1\n", b"a,b\n1,2,3\n", b'a,b\n"1', b"\xff\xfe\n"]
)
def test_tables_that_are_none(content, tmp_path):
    path = tmp_path / "it.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"it\.csv: "):
        read_table(path)


@pytest.mark.parametrize(
    "error", [RecursionError, ValueError, IndexError, TypeError, KeyError, MemoryError, OverflowError]
)
def test_whatever_a_damaged_file_raises_is_one_message(error):
    with pytest.raises(InputError, match="the file: "), damage_told("the file"):
        raise error("x\ny")


def test_a_full_disk_is_no_fault_of_the_file():
    with pytest.raises(OSError, match="No space"), damage_told("the file"):
        raise OSError(28, "No space left on device")


def test_a_disk_full_when_gsd_is_opened_is_a_failure_of_the_run(tmp_path):
    path = tmp_path / "melt.toml"
    path.write_text(MELT)
    out = tmp_path / "out"
    # while the trajectory is opened, files of more than 100 bytes do not fit
    code = (
        "import resource, sys, zeocryst.files.trajectory as m\n"
        "size, opened = resource.RLIMIT_FSIZE, m.TrajectoryWriter.__init__\n"
        "def full(*a):\n"
        "    before = resource.getrlimit(size)\n"
        "    resource.setrlimit(size, (100, before[1]))\n"
        "    try:\n"
        "        opened(*a)\n"
        "    finally:\n"
        "        resource.setrlimit(size, before)\n"
        "m.TrajectoryWriter.__init__ = full\n"
        "from zeocryst.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    command = [
        sys.executable,
        "-P",
        "-c",
        code,
        "run",
        str(path),
        "--out",
        str(out),
        "--threads",
        "1",
        "--quiet",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done.stderr
    assert "the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr
    done = subprocess.run(
        [*ZEOCRYST, "run", str(path), "--out", str(out), "--threads", "1", "--quiet"],
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0


def frame_of_two():
    frame = gsd.hoomd.Frame()
    frame.particles.N = 2
    frame.particles.position = [[0, 0, 0], [3.1, 0, 0]]
    frame.particles.types = ["T"]
    frame.configuration.box = [10, 10, 10, 0, 0, 0]
    return frame


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([10, 10, 0, 0, 0, 0], "expected three lengths of more than 0"),
        ([10, 10, -10, 0, 0, 0], "expected three lengths of more than 0"),
        ([10, 10, np.nan, 0, 0, 0], "expected six finite numbers"),
        ([10, 10, np.inf, 0, 0, 0], "expected six finite numbers"),
        ([10, 10, 1e9, 0, 0, 0], "expected three lengths"),
        ([10, 10, 10, 1e9, 0, 0], "tilts of at most"),
    ],
)  # fmt: skip
def test_boxes_of_gsd_files(tmp_path, box, expected):
    path = tmp_path / "it.gsd"
    frame = frame_of_two()
    frame.configuration.box = box
    with gsd.hoomd.open(str(path), "w") as file:
        file.append(frame)
    with pytest.raises(InputError, match=expected):
        read_frame(path)


def test_beads_without_a_type_name(tmp_path):
    path = tmp_path / "it.gsd"
    frame = frame_of_two()
    frame.particles.typeid = [0, 7]
    with gsd.hoomd.open(str(path), "w") as file:
        file.append(frame)
    with pytest.raises(InputError, match="typeid goes up to 7, and there are 1 type names"):
        read_frame(path)


@pytest.mark.parametrize("name", ["chunk_type.gsd", "box_of_two.gsd", "nest.toml", "timestep_1e-300.toml"])
def test_the_files_that_ended_in_a_traceback(name, tmp_path):
    path = shared(f"cases/faults/{name}")
    if path.suffix == ".toml":
        refused("check", path)
        return
    for command in (("identify", path), ("analyze", path), ("backmap", path, "--out", tmp_path / "out")):
        status, _, errors = call_here(*command)
        assert status in (0, 2), errors
        assert status == 0 or len(errors.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists() or (tmp_path / "out" / "summary.json").exists()


# ---- reports ---------------------------------------------------------------------------------------


def test_only_html_is_taken_for_html():
    shown = table(["a"], [["<script>alert(1)</script>"], [Html("<b>bold</b>")], [1.5]])
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<td class=s><b>bold</b></td>" in shown
    assert "<td class=n>1.5</td>" in shown


def poisoned(value):
    """All texts of a JSON value, with a script before each."""
    if isinstance(value, dict):
        return {k: poisoned(v) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v) for v in value]
    return f"<script>alert(1)</script>{value}" if isinstance(value, str) else value


def test_a_foreign_summary_brings_no_script(finished):
    out = finished
    path = out / "summary.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps(poisoned(found)))
    status, _, errors = call_here("report", out)
    if status == 0:
        assert "<script>" not in (out / "report.html").read_text()
    else:
        assert status == 2
        assert len(errors.strip().splitlines()) == 1
    # the texts that end up in cells
    found["types"] = [{"code": "<script>alert(1)</script>", "sites": 1, "share": 1.0, "grains": 1}]
    found["interruptions"] = [{"reason": "<script>", "step": "<script>", "time": "<script>"}]
    path.write_text(json.dumps(found))
    status, _, errors = call_here("report", out)
    assert status == 0, errors
    text = (out / "report.html").read_text()
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("key", ["transition", "quenched", "types", "interruptions", "engine", "start_frame"])
def test_a_summary_that_lacks_something(finished, key):
    path = finished / "summary.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in found.items() if k != key}))
    assert "summary" in refused("report", finished)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run that was stopped and killed, and went on to its end."""
    place = tmp_path_factory.mktemp("done")
    condition = place / "melt.toml"
    condition.write_text(MELT.replace("report = false", "report = true"))
    out = place / "run"
    with pytest.MonkeyPatch.context() as patch, stopped_after(1, patch):
        assert call_here("run", condition, "--out", out, "--threads", 1)[0] == 4
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 0, errors
    return out


@pytest.fixture
def finished(done, tmp_path):
    """The same, to be changed."""
    return shutil.copytree(done, tmp_path / "run")


def test_the_report_lists_interruptions(finished):
    summary = json.loads((finished / "summary.json").read_text())
    [entry] = summary["interruptions"]
    assert entry["reason"] == "SIGTERM"
    assert {"step", "time_ps", "time"} <= set(entry)
    text = (finished / "report.html").read_text()
    assert "interrupted (UTC)" in text
    assert f"<td>{entry['time']}</td>" in text
    assert "<td class=s>SIGTERM</td>" in text


@pytest.mark.parametrize("when", ["before the first checkpoint", "during the report"])
def test_a_kill_at_any_time_is_recorded(tmp_path, when):
    condition, out = tmp_path / "melt.toml", tmp_path / "run"
    condition.write_text(MELT.replace("report = false", "report = true"))
    place = {
        "before the first checkpoint": "zeocryst.files.rundir.RunDirectory.save",
        "during the report": "zeocryst.report.run.write_report",
    }[when]
    module, _, name = place.rpartition(".")
    holder = "zeocryst.files.rundir" if "RunDirectory" in module else module
    target = "m.RunDirectory" if "RunDirectory" in module else "m"
    code = (
        f"import os, signal, sys, {holder} as m\n"
        f"setattr({target}, {name!r}, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))\n"
        "from zeocryst.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    killed = subprocess.run(
        [sys.executable, "-P", "-c", code, "run", str(condition), "--out", str(out), "--threads", "1"],
        capture_output=True, timeout=120,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    status, _, errors = call_here("run", condition, "--out", out, "--threads", 1)
    assert status == 0, errors
    [entry] = json.loads((out / "summary.json").read_text())["interruptions"]
    assert entry["reason"] == "killed"
    assert entry["step"] == (0 if when.startswith("before") else 200)


# ---- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "words", "expected", "absent"),
    [
        (
            "temperature_K = 60000\ntimestep_fs = 5",
            "the run exploded",
            "a lower temperature_K than 60000",
            "minimize",
        ),
        (
            "temperature_K = 500\ntimestep_fs = 15",
            "the run exploded",
            "a smaller timestep_fs than 15",
            "temperature_K",
        ),
        ("temperature_K = 500", "ERROR: Lost atoms", "a minimize stage before it", "timestep"),
        ("temperature_K = 500", "ERROR: Failed to allocate 9 bytes", "fewer beads", "timestep"),
        (
            "temperature_K = 500",
            "Neighbor list overflow, boost neigh_modify one",
            "a lower density",
            "timestep",
        ),
    ],
)
def test_a_failure_names_the_stage_and_a_cure_that_fits(stage, words, expected, absent):
    crystal = MELT.replace('start = "melt"\nn_T = 64', 'start = "framework"\nframework = "SOD"')
    condition = parse(crystal.replace("temperature_K = 1600", stage))
    text = str(told(RuntimeError(words), condition, 0))
    assert text.startswith("stage 1 (nvt at ")
    assert expected in text
    assert absent not in text.partition("; ")[2]


def test_a_melt_was_minimized_already():
    """So another model or a shorter step would help, and no minimization."""
    text = str(told(RuntimeError("ERROR: Lost atoms"), parse(MELT), 0))
    assert text.endswith("what helps: a smaller timestep_fs than 5")


def test_a_run_that_fails_says_where(tmp_path):
    text = MELT + '[[stage]]\nkind = "langevin"\ntime_ps = 4\ntimestep_fs = 20\ntemperature_K = 90000\n'
    path = tmp_path / "hot.toml"
    path.write_text(text)
    status, _, errors = call_here("run", path, "--out", tmp_path / "out", "--threads", 1)
    assert status == 3, errors
    assert "stage 2 (langevin at 90000 K): " in errors
    assert "a lower temperature_K than 90000" in errors
    assert "minimize" not in errors


# ---- back-mapping, types ---------------------------------------------------------------------------


def test_a_killed_back_mapping_leaves_nothing_under_the_name(tmp_path):
    out = tmp_path / "atoms"
    code = (
        "import os, signal, sys, zeocryst.report.backmap as m\n"
        "m.write_backmap_report = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from zeocryst.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    [source] = [path for path in structure_files(tmp_path) if path.suffix == ".cif"]
    command = ["backmap", str(source), "--out", str(out)]
    killed = subprocess.run([sys.executable, "-P", "-c", code, *command], capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    status, _, errors = call_here(*command)
    assert status == 0, errors
    assert (out / "summary.json").is_file()
    assert (out / "framework.cif").is_file()
    assert "nothing is overwritten" in refused(*command)


def test_only_the_users_own_types_are_removed(tmp_path, monkeypatch):
    from zeocryst.frameworks import table as types

    monkeypatch.setenv("ZEOCRYST_DATA", str(tmp_path))
    folder = types.user_folder()
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")
    types.forget_user_types()
    try:
        status, out, _ = call_here("frameworks", "own", "--json")
        assert status == 0
        assert json.loads(out)["own"][0]["code"] == "broken"
        assert "remove broken" in json.loads(out)["own"][0]["error"]
        assert "of your own, which are: broken" in refused("frameworks", "remove", "SOD")
        assert "a name is needed" in refused("frameworks", "remove")
        status, out, _ = call_here("frameworks", "remove", "broken")
        assert status == 0
        assert not (folder / "broken.json").exists()
        assert "no framework types of your own" in call_here("frameworks", "own")[1]
    finally:
        types.forget_user_types()
