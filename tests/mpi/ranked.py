"""Functions and commands on several ranks: ``mpiexec`` of the environment, real processes.

As a program it runs a function of a test module on rank 0, the others serving: ``python ranked.py MODULE FUNCTION``.
What the function returns is printed as JSON.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zeocryst.foundation.machine import SHARED_MEMORY

HERE = Path(__file__).resolve().parent
MARK = "result: "


def mpiexec():
    """The launcher of the library that LAMMPS is linked to; the test is skipped where there is none."""
    pytest.importorskip("mpi4py", reason="several ranks need mpi4py")
    beside = [Path(folder).parents[2] / "bin" for folder in sys.path if Path(folder).name == "site-packages"]
    places = [Path(sys.executable).parent, *beside]
    found = shutil.which("mpiexec", path=os.pathsep.join(map(str, places))) or shutil.which("mpiexec")
    if found is None:
        pytest.skip("mpiexec is not installed")
    if os.path.isdir("/dev/shm"):
        told = os.statvfs("/dev/shm")
        if told.f_bavail * told.f_frsize < SHARED_MEMORY:
            pytest.skip("/dev/shm has too little room for several processes, as zeocryst would say")
    return found


def ranked(function, n, timeout=240):
    """What a function of a test module returns on rank 0 of `n`."""
    code = [
        sys.executable,
        str(HERE / "ranked.py"),
        Path(function.__code__.co_filename).stem,
        function.__name__,
    ]
    done = subprocess.run(
        [mpiexec(), "-n", str(n), *code] if n > 1 else code, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    return json.loads(line.removeprefix(MARK))


def begin(n, *arguments):
    """Start ``zeocryst ARGUMENTS`` on `n` ranks."""
    script = Path(sys.executable).with_name("zeocryst")
    return subprocess.Popen(
        [mpiexec(), "-n", str(n), str(script), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def call(n, *arguments, timeout=240):
    """Run ``zeocryst ARGUMENTS`` on `n` ranks: the status, what it printed, and its messages."""
    process = begin(n, *arguments)
    output, errors = process.communicate(timeout=timeout)
    return process.returncode, output, errors


def children(pid):
    """Processes that a process has started, by their ids, in order."""
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return sorted(int(word) for word in found.stdout.split())


def ranks_of(process):
    """Ids of the processes that serve a launcher, by their ranks."""
    [proxy] = children(process.pid)
    found = {}
    for pid in children(proxy):
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        found |= {int(entry.split(b"=")[1]): pid for entry in told if entry.startswith(b"PMI_RANK=")}
    return [found[rank] for rank in sorted(found)]


def lives(pid):
    """Whether a process runs; a dead one whose parent has not asked for it does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what, seconds):
    """Wait until something is so; the seconds that it took."""
    since = time.monotonic()
    while not what():
        assert time.monotonic() - since < seconds, "it takes too long"
        time.sleep(0.05)
    return time.monotonic() - since


def _answer(module, name):
    from zeocryst.foundation import ranks

    rank, size = ranks.launched()
    sys.path.insert(0, str(HERE))
    if rank:
        return ranks.served()
    if size > 1:
        ranks.begin()
    status = 3  # as the command line has it
    try:
        print(MARK + json.dumps(getattr(importlib.import_module(module), name)()), flush=True)
        status = 0
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return ranks.end(status)


if __name__ == "__main__":
    sys.exit(_answer(*sys.argv[1:]))
