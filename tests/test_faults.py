"""What a person can get wrong, in values, names and files: one message, which names it and says what is allowed."""

import json
import re
import shutil
import signal
import subprocess
import sys
import tomllib

import gsd.hoomd
import numpy as np
import pytest
from command_line import ROOT, ZEOCRYST
from conftest import SHARED, shared
from faults import (
    GEL,
    GOOD,
    MELT,
    TS,
    call_here,
    refused,
    stopped_after,
    structure_files,
)

from zeocryst.condition import parse_condition, to_toml
from zeocryst.condition.substances import amounts, in_words
from zeocryst.errors import InputError, nearest
from zeocryst.files.trajectory import read_frame
from zeocryst.foundation.textfiles import damage_told, parse_json, parse_toml, read_table
from zeocryst.model.forcefield import parse_forcefield, read_forcefield
from zeocryst.report.page import Html, table
from zeocryst.running.failure import told


def parse(text, folder=ROOT):
    return parse_condition(tomllib.loads(text), "condition.toml", folder)


# ---- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a = 1.8", "a = 1e6", "pair 1: a = 1000000.0; expected a number, more than 0 and at most 50"),
        ("a = 1.8", "a = 1e-300", "pair 1: a = 1e-300; expected a number, at least 0.5"),
        ("a = 1.8", "a = 25", r"pair 1: a = 25; expected less: the pair reaches a sigma_A = 68.\d+ Å"),
        ("B = 0.6022245584", "B = -1", "pair 1: B = -1; expected a number, at least 0"),
        ("A = 7.049556277", "A = -7", "pair 1: A = -7; expected a number, at least 0"),
        ("q = 0.0", "q = 1e5", "pair 1: q = 100000.0; expected a number, at least 0 and at most 40"),
        ("q = 0.0", "q = 6", "pair 1: q = 6; expected at most p = 4"),
        ("p = 4.0", "p = inf", "pair 1: p = inf; expected a number"),
        ("epsilon_eV = 0.536761", "epsilon_eV = true", "pair 1: epsilon_eV = True; expected a number"),
        ("epsilon_eV = 0.536761", "epsilon_eV = 1e5", "pair 1: epsilon_eV = 100000.0; expected"),
        ("lambda = 23.15", "lambda = 1e9", "triplet 1: lambda = 1000000000.0; expected"),
        ("mass_amu = 28.0855", "mass_amu = 1e-9", "types.T: mass_amu = 1e-09; expected a number, at least 0.1"),
        ("[types.T]", "[types.'T; shell ls']", "types: T; shell ls = .*; expected a name of letters"),
    ],
)  # fmt: skip
def test_a_force_field_that_would_explode_is_refused_with_its_key(old, new, expected):
    with pytest.raises(InputError, match=expected):
        parse_forcefield(TS.replace(old, new, 1), "mine.toml")


#: Published Stillinger-Weber models: epsilon (eV), sigma (Å), a, A, B, p, q, gamma, lambda, cosine.
PUBLISHED = {
    # F. H. Stillinger, T. A. Weber, Phys. Rev. B 31, 5262 (1985)
    "Si": (2.1683, 2.0951, 1.80, 7.049556277, 0.6022245584, 4, 0, 1.20, 21.0, -1 / 3),
    # K. Ding, H. C. Andersen, Phys. Rev. B 34, 6987 (1986)
    "Ge": (1.93, 2.181, 1.80, 7.049556277, 0.6022245584, 4, 0, 1.20, 31.0, -1 / 3),
    # V. Molinero, E. B. Moore, J. Phys. Chem. B 113, 4008 (2009): water
    "mW": (0.268381, 2.3925, 1.80, 7.049556277, 0.6022245584, 4, 0, 1.20, 23.15, -1 / 3),
    # D. W. Ward et al., Phys. Rev. B 85, 115206 (2012): CdTe
    "CdTe": (1.385284, 2.352141, 1.810919, 7.917, 0.767, 4, 0, 1.2, 22.5, -1 / 3),
    # a pair of types that feel each other only in triplets
    "none": (1.0, 1.0, 1.8, 0.0, 0.0, 0, 0, 1.2, 20.0, -1 / 3),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models_are_within_the_ranges(name):
    epsilon, sigma, a, big_a, big_b, p, q, gamma, strength, cosine = PUBLISHED[name]
    text = f"""
name = "{name}"
form = "stillinger-weber"
source = "see the test"
[types.T]
mass_amu = 28
[[pair]]
types = ["T", "T"]
epsilon_eV = {epsilon}
sigma_A = {sigma}
a = {a}
A = {big_a}
B = {big_b}
p = {p}
q = {q}
gamma = {gamma}
[[triplet]]
types = ["T", "T", "T"]
epsilon_eV = {epsilon}
lambda = {strength}
cos_theta0 = {cosine}
"""
    assert parse_forcefield(text, "it").pairs["T", "T"].sigma_A == sigma


@pytest.mark.parametrize(
    "path", sorted((SHARED / "cases" / "faults").glob("forcefield_*.toml")), ids=lambda p: p.stem
)
def test_the_force_fields_that_were_found_out_by_running(path):
    with pytest.raises(InputError, match=r"pair \d: (a|B|q) = "):
        read_forcefield(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("timestep_fs = 5", "timestep_fs = 1e-300", "timestep_fs = 1e-300; expected a number, at least 0.001"),
        ("temperature_K = 1600", "temperature_K = 1e9", "temperature_K = 1000000000.0; expected"),
        ("temperature_K = [1600, ", "temperature_K = [1e9, ", r"stage 2: temperature_K = \[1000000000.0"),
        ("temperature_K = 1600", "temperature_K = inf", "temperature_K = inf; expected"),
        ("pressure_bar = 0.0", 'pressure_bar = 1e12', "pressure_bar = 1000000000000.0; expected"),
        ("pressure_bar = 0.0", 'pressure_bar = "high"', "pressure_bar = 'high'; expected"),
        ("time_ps = 40", "time_ps = 1e30", r"time_ps = 1e\+30; expected"),
        ("time_ps = 40", "time_ps = 1e-30", "time_ps = 1e-30; expected at least a time step, 0.005 ps"),
        ("time_ps = 40\n", "time_ps = 1e9\ntimestep_fs = 0.001\n", "time_ps = 1000000000.0; expected fewer than"),
        ("interval_ps = 10", "interval_ps = 1e-9", "interval_ps = 1e-09; expected a number, at least 0.001"),
        ("interval_ps = 10", "interval_ps = 0.002", "interval_ps = 0.002; expected at least the longest time step"),
        ("interval_ps = 10", "interval_ps = true", "interval_ps = True; expected a number"),
        ("interval_ps = 10", f"interval_ps = {10**400}", "interval_ps = .*expected a number"),
        ("seed = 1", f"seed = {'[' * 50}{']' * 50}", "seed = .*expected a whole number"),
    ],
)  # fmt: skip
def test_values_out_of_reason_are_refused_with_their_key(old, new, expected):
    assert old in GOOD
    with pytest.raises(InputError, match=expected) as caught:
        parse(GOOD.replace(old, new, 1))
    assert len(str(caught.value)) < 600


def test_a_run_of_more_frames_than_anybody_keeps():
    text = MELT.replace("time_ps = 1\n", "time_ps = 1e6\n").replace("0.5", "0.005")
    with pytest.raises(
        InputError, match=r"interval_ps = 0.005; expected a longer one: these are 2e\+08 frames"
    ):
        parse(text)


def test_a_model_too_stiff_for_the_time_step(tmp_path):
    """A pair of stiffness k and reduced mass m swings with (m/k)^(1/2): 100 times the energy, a tenth of the period."""
    (tmp_path / "stiff.toml").write_text(
        TS.replace("epsilon_eV = 0.536761\nsigma", "epsilon_eV = 53.6761\nsigma")
    )
    text = MELT + '[forcefield]\nname = "stiff.toml"\n'
    with pytest.raises(
        InputError, match=r"stage 1: timestep_fs = 5; expected at most 3\.\d+: a pair T-T of ts swings"
    ):
        parse(text, tmp_path)
    parse(text.replace("time_ps = 1", "time_ps = 1\ntimestep_fs = 1"), tmp_path)
    (tmp_path / "stiff.toml").write_text(TS)
    parse(text, tmp_path)


def test_a_seed_wider_than_the_box():
    text = MELT + "\n[[stage]]\nkind = 'seed'\nframework = 'SOD'\nradius_A = {}\n"
    # 64 T at 17.8 per 1000 Å^3: a box of 15.3 Å
    with pytest.raises(InputError, match="stage 2: radius_A = 200; expected at most half .*, 7.7 Å"):
        parse(text.format(200))
    parse(text.format(7.5))


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("n_T = 64", "n_t = 64", "system: unknown key 'n_t'; did you mean 'n_T'"),
        ("time_ps = 1", "time_ns = 1", "stage 1: unknown key 'time_ns'; did you mean 'time_ps'"),
        ("temperature_K = 1600", "temperature = 1600", "stage 1: unknown key 'temperature'; did you mean 'temperature_K'"),
        ("start =", "Start =", "system: unknown key 'Start'; did you mean 'start'"),
        ("kind =", "kinds =", "stage 1: unknown key 'kinds'; did you mean 'kind'"),
        ("[system]", "[sytem]", "top level: unknown key 'sytem'; did you mean 'system'"),
        ("[[stage]]", "[[stages]]", "top level: unknown key 'stages'; did you mean 'stage'"),
        ("interval_ps", "intervall_ps", "output: unknown key 'intervall_ps'; did you mean 'interval_ps'"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_named_before_the_one_that_is_missing(old, new, expected):
    assert old in MELT
    with pytest.raises(InputError, match=expected):
        parse(MELT.replace(old, new))


def test_a_key_of_another_start_is_still_refused():
    with pytest.raises(InputError, match="system: unknown key 'precursors'"):
        parse(MELT.replace("n_T = 64", "n_T = 64\nprecursors = { monomer = 1.0 }"))


def test_the_nearest_name_differs_by_case_alone_where_there_is_one():
    assert "'n_T'" in nearest("n_t", ["n_S", "n_T", "n_t2"])


def test_recipes_know_what_was_weighed():
    """25 TEOS : 9 TPAOH : 480 H2O is 25 SiO2 : 9 OSDA : 430 H2O : 100 ethanol once it is hydrolysed."""
    from zeocryst.solution.recipe import compose

    plain = parse(GEL.format("SiO2 = 25\nOSDA = 9\nH2O = 430\nethanol = 100")).system
    weighed = parse(GEL.format("TEOS = 25\nTPAOH = 9\nwater = 480")).system
    assert amounts(weighed.recipe) == amounts(plain.recipe)
    a, b = compose(plain), compose(weighed)
    assert (a.n_T, a.n_S, a.side_A) == (b.n_T, b.n_S, b.side_A)
    assert (a.n_T, a.n_S) == (100, 36)
    assert a.counted == ()
    assert "25 TEOS is counted as 25 SiO2 +100 ethanol -50 H2O" in b.counted
    # another name of the same, and both at once
    assert amounts({"Si(OC2H5)4": 5.0, "TEOS": 20.0, "TPAOH": 4.0, "OSDA": 5.0, "H2O": 480.0}) == amounts(
        plain.recipe
    )


def test_sodium_hydroxide_takes_room_and_is_said_to_be_nothing_else():
    # 2 NaOH = Na2O + H2O
    counted = amounts({"SiO2": 1.0, "OSDA": 0.1, "H2O": 10.0, "NaOH": 0.4})
    assert (counted["Na2O"], counted["H2O"]) == pytest.approx((0.2, 10.2))
    words = " ".join(in_words({"SiO2": 1.0, "OSDA": 0.1, "H2O": 10.0, "NaOH": 0.4}))
    assert "0.4 NaOH is counted as 0.2 Na2O +0.2 H2O" in words
    assert "0.2 Na2O takes room only: sodium and alkalinity are no part of the model" in words
    assert "TPAOH" in " ".join(in_words({"TMAOH": 1.0}))


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("TEOS = 25\nTPAOH = 9\nH2O = 40", "system.recipe: expected enough water: 40 H2O are less than"),
        ("TEOS = 25\nTPAOH = 9", "system.recipe: H2O is missing"),
        ("TEOS = 25\nH2O = 90", r"system.recipe: OSDA is missing; .*TPAOH"),
        ("TEOS = 0\nTPAOH = 9\nH2O = 90", "system.recipe: TEOS = 0; expected a number, more than 0"),
        ("TEOS = 1\nTPAOH = 9\nwather = 90", "unknown key 'wather'; did you mean 'water'"),
        ("SiO2 = 1\nOSDA = 9\nH2O = 1e8", "T per 1000 Å.3; expected at least 0.0001"),
    ],
)
def test_recipes_that_cannot_be(recipe, expected, tmp_path):
    path = tmp_path / "gel.toml"
    path.write_text(GEL.format(recipe))
    assert re.search(expected, refused("check", path))


def test_written_conditions_read_back():
    condition = parse(GEL.format("TEOS = 25\nTPAOH = 9\nwater = 480"))
    assert parse_condition(tomllib.loads(to_toml(condition)), "copy", ROOT) == condition


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
    assert "<td><b>bold</b></td>" in shown
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
    assert "<td>SIGTERM</td>" in text


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
