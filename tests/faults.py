"""What tests of faults share: the command line called in this process, and damage to files."""

import contextlib
import io
import os
import random
import signal
import tempfile
import tomllib
import traceback
import warnings

import numpy as np
from command_line import ROOT

from zeocryst.condition import parse_condition

ALLOWED = (0, 2, 3, 4)

TS = (ROOT / "forcefields" / "ts.toml").read_text("utf-8")
GOOD = (ROOT / "runs" / "sgt_seeded" / "condition.toml").read_text("utf-8")
MELT = """
[system]
start = "melt"
n_T = 64
[[stage]]
kind = "nvt"
temperature_K = 1600
time_ps = 1
[output]
interval_ps = 0.5
backmap = false
report = false
"""
GEL = """
[system]
start = "gel"
n_T = 100
[system.recipe]
{}
[[stage]]
kind = "langevin"
temperature_K = 300
time_ps = 1
[output]
interval_ps = 0.5
"""


def call_here(*arguments):
    """Status, output and messages of the command line, called in this process; an exception is a traceback."""
    from zeocryst.cli import main

    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as error:
            status = error.code
    return status, out.getvalue(), errors.getvalue()


def refused(*arguments):
    """The one message of a call that is refused."""
    status, out, errors = call_here(*arguments)
    assert status == 2, errors
    assert out == ""
    assert len(errors.strip().splitlines()) == 1, errors
    return errors


@contextlib.contextmanager
def stopped_after(saves, monkeypatch):
    """SIGTERM for a run in this process after so many checkpoints."""
    from zeocryst.files.rundir import RunDirectory

    done, save = 0, RunDirectory.save

    def counting(*arguments):
        nonlocal done
        save(*arguments)
        done += 1
        if done == saves:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "save", counting)
        yield


def call_apart(*arguments, seconds=60):
    """The same in a child of this process: the status is that of `subprocess` (negative for a signal)."""
    with tempfile.TemporaryFile("w+") as told:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            child = os.fork()  # Python 3.12 warns where other threads run, as a worker of pytest-xdist has one
        if child == 0:
            status = 1
            try:
                signal.alarm(seconds)  # a hang ends in SIGALRM
                status, _, errors = call_here(*arguments)
                told.write(errors)
            except BaseException:
                told.write(traceback.format_exc())
            told.flush()
            os._exit(status)
        _, ended = os.waitpid(child, 0)
        told.seek(0)
        return os.waitstatus_to_exitcode(ended), told.read()


def cut(path, share):
    """Cut a file to a share of its length."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def flip(path, at, bit=0):
    """Turn one bit of a file around."""
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)


def damaged_at_random(path, rng: random.Random, how):
    """Cut a file or flip a bit of it; what was done."""
    size = path.stat().st_size
    if how == "cut":
        share = rng.random()
        cut(path, share)
        return f"{path.name} cut to {share:.3f}"
    at = rng.choice(
        [rng.randrange(size), rng.randrange(min(size, 9000)), size - 1 - rng.randrange(min(size, 30000))]
    )
    bit = rng.randrange(8)
    flip(path, at, bit)
    return f"{path.name} bit {bit} of byte {at}"


def structure_files(folder):
    """A small framework in six formats."""
    import ase.io

    from zeocryst.condition import System
    from zeocryst.files.trajectory import write_frame
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.start import crystal

    frame = crystal(System("framework", framework="SOD"), read_forcefield("ts"))
    cell = np.diag(frame.configuration.box[:3])
    names = np.array(["Si", "Xe"])[np.asarray(frame.particles.typeid)]
    atoms = ase.Atoms(names, np.asarray(frame.particles.position) + cell.sum(axis=0) / 2, cell=cell, pbc=True)
    made = {
        "it.cif": "cif", "it.extxyz": "extxyz", "POSCAR": "vasp", "it.pdb": "proteindatabank", "it.xsf": "xsf",
    }  # fmt: skip
    for name, form in made.items():
        ase.io.write(folder / name, atoms, format=form)
    write_frame(folder / "it.gsd", frame)
    return [*(folder / name for name in made), folder / "it.gsd"]


def parse(text, folder=ROOT):
    return parse_condition(tomllib.loads(text), "condition.toml", folder)
