"""Machines as they are: no room for caches, no shared memory, killed processes, types that others add meanwhile."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import ROOT, ZEOCRYST, call, interrupt

from zeocryst.errors import InputError
from zeocryst.foundation import caching, machine
from zeocryst.foundation.interrupt import Stopper
from zeocryst.frameworks.table import (
    add_user_type,
    forget_user_types,
    framework_entry,
    framework_types,
    nets,
    user_codes,
    user_folder,
)

# ---- nowhere to keep compiled functions ---------------------------------------------------------------


@pytest.fixture
def installed(tmp_path):
    """A copy of the package in which nothing can be kept, as where it belongs to somebody else.

    A file lies where the folder of compiled functions would be made: root cannot write there either.
    """
    copy = tmp_path / "site" / "zeocryst"
    shutil.copytree(ROOT / "zeocryst", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("forcefields", "runs"):
        shutil.copytree(ROOT / name, copy / name)
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_CACHE", "XDG_CACHE"))}
    return kept | {
        "PYTHONPATH": str(copy.parent), "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/none",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def command(environment, *arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "zeocryst.cli", *map(str, arguments)],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


def small_crystal(tmp_path):
    """SOD without O, 96 T: a = 8.96 Å."""
    from ase import Atoms

    t = [(0.25, 0.5, 0), (0.75, 0.5, 0), (0.5, 0.25, 0), (0.5, 0.75, 0), (0, 0.25, 0.5), (0, 0.75, 0.5),
         (0, 0.5, 0.25), (0, 0.5, 0.75), (0.5, 0, 0.25), (0.5, 0, 0.75), (0.25, 0, 0.5), (0.75, 0, 0.5)]  # fmt: skip
    path = tmp_path / "sod.extxyz"
    (Atoms("Si12", scaled_positions=t, cell=[8.96] * 3, pbc=True) * (2, 2, 2)).write(path)
    return path


@pytest.mark.parametrize("named", [None, "/dev/null/none"])
def test_without_a_place_for_compiled_functions_everything_loads(named, installed):
    if named is not None:
        installed["NUMBA_CACHE_DIR"] = named
    code = (
        "import zeocryst.cli, zeocryst.running.pipeline, zeocryst.answers.analyze, zeocryst.answers.backmap, zeocryst.potentials.cpu\n"
        "from zeocryst.foundation.caching import words\n"
        "print(zeocryst.cli.__file__, words())"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], env=installed, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(installed["PYTHONPATH"])
    assert "no locator available" in done.stdout


@pytest.mark.slow
def test_without_a_place_for_compiled_functions_it_says_so_once_and_goes_on(installed, tmp_path):
    installed["NUMBA_CACHE_DIR"] = "/dev/null/none"
    done = command(installed, "identify", small_crystal(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0]["types"][0]["code"] == "SOD"
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert command(installed, "frameworks", "SOD").returncode == 0
    message = command(installed, "identify", tmp_path / "none.cif")
    assert (message.returncode, "Traceback" in message.stderr) == (2, False)


def kept(folder, source, **environment):
    """Compile a function of a file while nothing can be kept, or something; result and what is said."""
    code = (
        f"import sys; sys.path.insert(0, {str(source.parent)!r})\nimport zeocryst.foundation.caching, kernel\n"
        + (
            "from zeocryst.foundation.caching import words\nprint(kernel.one(1), len(kernel.one.stats.cache_hits), words())"
        )
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=os.environ | {"NUMBA_CACHE_DIR": str(folder)} | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_damaged_kept_functions_are_compiled_and_kept_anew(tmp_path):
    source, folder = tmp_path / "kernel.py", tmp_path / "kept"
    source.write_text("import numba\n\n@numba.njit(cache=True)\ndef one(x):\n    return x + 1\n")
    assert kept(folder, source) == "2 0 None"
    assert kept(folder, source) == "2 1 None"
    for damage in (b"", b"nonsense"):
        for file in [*folder.rglob("*.nbi"), *folder.rglob("*.nbc")]:
            file.write_bytes(damage)
        assert kept(folder, source) == "2 0 None"
        assert kept(folder, source) == "2 1 None"


def test_a_full_disk_for_compiled_functions_is_told(tmp_path, monkeypatch):
    """The folder can be made, and a file of no bytes, but nothing can be written."""
    import numba
    from numba.core.caching import IndexDataCacheFile

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching, "trouble", None)
    monkeypatch.setattr(IndexDataCacheFile, "save", full)
    one = numba.njit(cache=True)(one_more)
    assert one(1) == 2
    assert "No space left" in caching.words()


def one_more(x):
    return x + 1


def test_every_package_with_compiled_functions_makes_do_without_a_cache():
    for path in (ROOT / "zeocryst").rglob("*.py"):
        if "cache=True" in path.read_text() and path.name != "caching.py":
            assert "import zeocryst.foundation.caching" in (path.parent / "__init__.py").read_text(), (
                path.parent
            )


# ---- shared memory --------------------------------------------------------------------------------------


def with_shared_memory(size, *arguments):
    """A command where ``/dev/shm`` has so much room, or where there is none."""
    mount = f"mount -t tmpfs -o size={size} tmpfs /dev/shm" if size else "mount --bind /proc /dev/shm"
    words = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    script = f'{mount} || exit 99; exec "$@"'
    try:
        done = subprocess.run(
            [*words, "sh", "-c", script, "sh", *ZEOCRYST, *map(str, arguments)],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    return done


@pytest.mark.parametrize("size", ["128k", "1m", "16m"])
def test_little_shared_memory_is_enough(size, short):
    done = with_shared_memory(size, "check", short, "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert "steps/s" in done.stdout


@pytest.mark.parametrize("size", ["64k", None])
def test_without_shared_memory_there_is_one_message_with_the_cure(size, short):
    done = with_shared_memory(size, "check", short)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "/dev/shm" in done.stderr
    assert "--shm-size" in done.stderr


def test_room_in_shared_memory_is_tried(tmp_path):
    assert machine.shared_memory_holds(4096, str(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []
    assert "none" in machine.shared_memory_holds(4096, str(tmp_path / "none"))
    assert "no room" in machine.shared_memory_holds(1 << 60, str(tmp_path))


# ---- what is left behind, and time ------------------------------------------------------------------------


def test_a_killed_run_leaves_nothing_but_its_folder(short, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    short.write_text(short.read_text().replace("time_ps = 4", "time_ps = 400"))
    status, _ = interrupt(short, tmp_path / "out", signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert list(temporary.iterdir()) == []


def test_files_without_a_name_can_be_written_and_read_by_name(tmp_path, monkeypatch):
    with machine.unnamed_file() as path:
        path.write_text("a")
        assert path.read_text() == "a"
        path.write_text("bc")
        assert Path(str(path)).read_text() == "bc"
    assert not path.exists()
    monkeypatch.delattr(os, "memfd_create", raising=False)  # another system
    with machine.unnamed_file() as path:
        path.write_text("d")
        assert path.read_text() == "d"
    assert not path.parent.exists()


@pytest.mark.alone
def test_the_age_of_a_process_counts_from_its_start():
    code = (
        "import time; begin = time.time(); time.sleep(0.7)\n"
        "from zeocryst.foundation.machine import process_age_s\nprint(process_age_s(), time.time())"
    )
    before = time.time()
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    age, at = map(float, done.stdout.split())
    assert 0.7 < age < at - before + 0.05
    assert age > 0.8 * (at - before) - 0.2


@pytest.mark.alone
def test_the_walltime_is_that_of_the_whole_command(short, tmp_path):
    short.write_text(short.read_text().replace("time_ps = 4", "time_ps = 40000"))
    out = tmp_path / "out"
    call("run", short, "--out", out, "--walltime", "1s", "--threads", "1")  # whatever had to be compiled
    begin = time.monotonic()
    done = call("run", short, "--out", out, "--walltime", "12s", "--threads", "1")
    spent = time.monotonic() - begin
    assert done.returncode == 4, done.stderr
    assert 11 < spent < 16  # importing takes more than a second, even on an idle machine
    assert "stopped (walltime)" in done.stderr


def test_signals_that_come_twice_by_themselves_count_once():
    with Stopper(None) as stopper:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert (stopper(), stopper.reason) == (True, "SIGHUP")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    with Stopper(None) as stopper:
        stopper.at_once = True
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)  # while the first one is told of


@pytest.mark.alone
def test_a_signal_that_comes_while_numba_compiles_waits_for_its_end():
    """LLVM asks Python for cached code in the middle; an exception there ends the process with signal 11."""
    import threading

    import numba
    import numpy as np

    def some(x):
        return np.sort(x * 2.0).cumsum()[::2].sum() + np.linalg.norm(x)

    compiled = numba.njit(some)
    with Stopper(None) as stopper:
        stopper.at_once = True
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(KeyboardInterrupt):
            compiled(np.ones(3))
        assert len(compiled.signatures) == 1
        assert stopper.reason == "SIGTERM"
    assert compiled(np.ones(3)) == pytest.approx(some(np.ones(3)))


# ---- types ------------------------------------------------------------------------------------------------


@pytest.fixture
def own_types(tmp_path, monkeypatch):
    """A folder for the user's types, and an entry to put there."""
    monkeypatch.setenv("ZEOCRYST_DATA", str(tmp_path / "data"))
    forget_user_types()
    bonds, kinds = nets()["LTA"]
    net = {"bonds": bonds.ravel().tolist(), "kinds": kinds.tolist(), "source": "a test"}
    yield framework_entry("LTA") | net
    monkeypatch.undo()
    forget_user_types()


def put(name, entry):
    """As another process does."""
    user_folder().mkdir(parents=True, exist_ok=True)
    partial = user_folder() / f"{name}.part"
    partial.write_text(json.dumps(entry))
    partial.replace(user_folder() / f"{name}.json")


def test_types_that_another_process_adds_are_seen_by_the_next_one_only(own_types):
    codes = list(framework_types())
    put("AAA_first", own_types)  # it would come first, and shift the number of every other type
    assert list(nets()) == list(framework_types()) == codes
    assert user_codes() == []
    with pytest.raises(KeyError):
        framework_entry("AAA_first")
    found = json.loads(call("frameworks", "--json").stdout)["frameworks"]
    assert next(row for row in found if row["user"])["code"] == "AAA_first"


def test_types_that_this_process_adds_are_there_at_once_with_those_of_others(own_types):
    codes = list(nets())
    put("other", own_types)
    add_user_type("mine", own_types)
    assert set(framework_types()) - set(codes) == {"mine", "other"}
    assert list(nets()) == list(framework_types())
    assert user_codes() == ["mine", "other"]


def test_a_type_that_another_process_added_meanwhile_is_not_overwritten(own_types):
    framework_types()
    put("mine", {**own_types, "source": "another"})
    with pytest.raises(InputError, match="taken"):
        add_user_type("mine", own_types)
    assert json.loads((user_folder() / "mine.json").read_text())["source"] == "another"


def test_a_run_is_not_disturbed_by_a_type_that_is_added(short, tmp_path, own_types):
    """It would come first in the alphabet while the second table is not read yet."""
    short.write_text(short.read_text().replace("time_ps = 4", "time_ps = 8"))
    process = subprocess.Popen(
        [*ZEOCRYST, "run", str(short), "--out", str(tmp_path / "out"), "--threads", "1", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    number = 0
    while process.poll() is None:  # at every moment a new one
        put(f"AA{number}", own_types)
        number += 1
        time.sleep(0.2)
    said, errors = process.communicate()
    assert process.returncode == 0, errors
    assert [row["code"] for row in json.loads(said)["types"]] == ["SOD"]


@pytest.mark.parametrize("what", ["check", "run"])
@pytest.mark.alone
def test_a_long_minimization_is_broken_off_by_a_signal(what, tmp_path):
    """It is one call of the engine's library, during which Python looks at no signal."""
    condition = tmp_path / "melt.toml"
    condition.write_text(
        '[system]\nstart = "melt"\nn_T = 6000\nn_S = 400\ndensity_T_per_1000A3 = 17.0\n'
        '[[stage]]\nkind = "nvt"\ntemperature_K = 1500\ntime_ps = 10\n[output]\ninterval_ps = 1\n'
    )
    out = ["--out", str(tmp_path / "out")] if what == "run" else []
    process = subprocess.Popen(
        [*ZEOCRYST, what, str(condition), "--threads", "1", *out], stderr=subprocess.PIPE, text=True
    )
    for _ in range(1200):
        if "liblammps" in Path(f"/proc/{process.pid}/maps").read_text():
            break
        time.sleep(0.1)
    time.sleep(3)  # it takes half a minute
    assert process.poll() is None
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4, errors
    assert "Traceback" not in errors
    assert time.monotonic() - begin < 10
    if what == "run":
        stopped = json.loads((tmp_path / "out" / "provenance.json").read_text())["interruptions"]
        assert [entry["reason"] for entry in stopped] == ["SIGTERM"]


def test_an_interrupt_that_falls_into_a_callback_breaks_the_call_off_without_a_traceback(capfd):
    """ctypes lets fall what is raised in a callback: LAMMPS would go on, below a traceback."""
    ended = []

    @ctypes.CFUNCTYPE(None)
    def back():
        raise KeyboardInterrupt

    with machine.breakable(lambda: ended.append(True)) as broken:
        back()
        back()
    assert broken == [True] == ended
    assert "Traceback" not in capfd.readouterr().err
