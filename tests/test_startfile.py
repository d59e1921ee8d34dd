"""A condition that starts from any file: T of atoms, S in their cages."""

import json

import ase.io
import gsd.hoomd
import numpy as np
import pytest
from command_line import call, is_one_message
from conftest import SHORT

from zeocryst.condition import Condition, System, read_condition, to_toml
from zeocryst.errors import InputError
from zeocryst.files.trajectory import read_frame, write_frame
from zeocryst.frameworks.table import start_structure
from zeocryst.model.forcefield import read_forcefield
from zeocryst.running.beginning import first_frame_and_words
from zeocryst.solution.start import crystal
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_AMU_A2_PER_PS2

FILE = SHORT.replace('framework = "SOD"\n', 'file = "{name}"\n').replace('"framework"', '"file"')


@pytest.fixture
def sodalite(reference):
    atoms = reference["SOD"].copy()
    atoms.info.clear()
    return atoms


def condition(folder, name, text=FILE):
    path = folder / "c.toml"
    path.write_text(text.replace("{name}", name))
    return path


def beads(path):
    found = read_condition(path)
    frame, words = first_frame_and_words(found, found.read_forcefield())
    count = np.bincount(frame.particles.typeid, minlength=2)
    return dict(zip(frame.particles.types, count.tolist(), strict=True)), words


@pytest.mark.parametrize("name", ["sod.cif", "sod.extxyz", "POSCAR", "sod.data", "sod.pdb"])
def test_atoms_of_any_format(tmp_path, sodalite, name):
    how = {"sod.data": {"format": "lammps-data", "masses": True}, "POSCAR": {"format": "vasp"}}.get(name, {})
    ase.io.write(tmp_path / name, sodalite, **how)
    count, words = beads(condition(tmp_path, name))
    assert count == {"T": 96, "S": 16}  # 12 T and 2 cages a cell, 2 x 2 x 2 cells
    assert "24 O left out" in words
    assert "an S put into each of 2 cages" in words


def test_t_alone_s_of_the_file_and_no_s(tmp_path, sodalite):
    t = sodalite[sodalite.numbers == 14]
    ase.io.write(tmp_path / "t.extxyz", t)
    assert beads(condition(tmp_path, "t.extxyz"))[0] == {"T": 96, "S": 16}
    none = FILE.replace("repeat", "S_in_cages = false\nrepeat")
    assert beads(condition(tmp_path, "t.extxyz", none))[0] == {"T": 96, "S": 0}
    from ase import Atoms

    cell, sites = start_structure("SOD")
    both = Atoms("Ge12X", positions=[*sites, [0, 0, 0]], cell=cell, pbc=True)
    ase.io.write(tmp_path / "ge.extxyz", both)
    named = FILE.replace("repeat", 'types = { T = "Ge", S = "X" }\nrepeat')
    count, words = beads(condition(tmp_path, "ge.extxyz", named))
    assert count == {"T": 96, "S": 8}
    assert "1 S of the file" in words


def test_written_out_it_reads_back(tmp_path, sodalite):
    ase.io.write(tmp_path / "sod.cif", sodalite)
    found = read_condition(condition(tmp_path, "sod.cif"))
    (tmp_path / "again.toml").write_text(to_toml(found))
    assert read_condition(tmp_path / "again.toml").system.repeat == (2, 2, 2)
    # what a GSD start wrote so far is written as it was, so that old runs go on
    plain = read_condition(condition(tmp_path, "sod.cif", FILE.replace("repeat = [2, 2, 2]\n", "")))
    assert "repeat" not in to_toml(plain)
    assert "S_in_cages" not in to_toml(plain)


def test_a_run_from_a_cif_and_one_from_a_type_without_positions(tmp_path, sodalite):
    ase.io.write(tmp_path / "sod.cif", sodalite)
    done = call("run", condition(tmp_path, "sod.cif"), "--out", "cif", "--threads", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_T"] == 96
    with gsd.hoomd.open(str(tmp_path / "cif" / "trajectory.gsd")) as file:
        assert file[0].particles.N == 112
    assert "24 O left out" in (tmp_path / "cif" / "log.txt").read_text()
    path = condition(tmp_path, "", SHORT.replace("SOD", "*BEA").replace("[2, 2, 2]", "[1, 1, 1]"))
    said = call("check", path, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "BEA are calculated from its net" in said.stdout


def test_what_cannot_be_a_start(tmp_path, sodalite):
    (tmp_path / "README").write_text("words\n")
    assert "no format" in is_one_message(call("check", condition(tmp_path, "README"), cwd=tmp_path))
    path = condition(tmp_path, "", SHORT.replace("SOD", "SODA"))
    assert "'SODA'; expected a known name; did you mean 'SOD'?" in is_one_message(
        call("check", path, cwd=tmp_path)
    )


def test_new_velocities_for_a_frame(tmp_path):
    """As a committor wants them: the same positions, other velocities of the temperature, with the seed number."""
    from zeocryst.running.beginning import Options
    from zeocryst.running.pipeline import run

    rng = np.random.default_rng(3)
    source = crystal(System("framework", "SOD", (3, 3, 3)), read_forcefield("ts"))
    source.particles.velocity = rng.normal(size=(source.particles.N, 3))
    write_frame(tmp_path / "start.gsd", source, {})

    def first(name, seed, new):
        stage = {"kind": "nvt", "temperature_K": 900, "time_ps": 0.01}
        system = {"start": "file", "file": "start.gsd", "new_velocities": new}
        made = Condition(
            system=system, stages=[stage], seed=seed, folder=tmp_path,
            output={"interval_ps": 0.01, "backmap": False, "report": False},
        )  # fmt: skip
        assert Condition.from_toml(made.to_toml(), tmp_path).system.new_velocities == new
        run(made, tmp_path / name, Options(threads=1, quiet=True))
        return read_frame(tmp_path / name / "trajectory.gsd", 0)

    kept, one, two = first("kept", 1, False), first("one", 1, True), first("two", 2, True)
    assert np.allclose(kept.particles.velocity, source.particles.velocity, atol=1e-6)
    assert np.allclose(one.particles.position, two.particles.position)
    mass = np.asarray(one.particles.mass, float)[:, None]
    for frame in (one, two):
        velocity = np.asarray(frame.particles.velocity, float)
        assert np.abs((mass * velocity).sum(axis=0)).max() < 1e-2
        freedom = 3 * (len(velocity) - 1)
        kinetic = (mass * velocity**2).sum() * EV_PER_AMU_A2_PER_PS2 / (freedom * BOLTZMANN_EV_PER_K)
        assert kinetic == pytest.approx(900, rel=4 * np.sqrt(2 / freedom))
    assert abs(np.corrcoef(one.particles.velocity.ravel(), two.particles.velocity.ravel())[0, 1]) < 0.15
    with pytest.raises(InputError, match="new_velocities = true; expected a temperature_K of stage 1"):
        Condition(
            system={"start": "file", "file": "start.gsd", "new_velocities": True},
            stages=[{"kind": "nve", "time_ps": 20}], folder=tmp_path,
        )  # fmt: skip


def test_a_folder_that_was_moved_with_its_start_is_known_and_another_start_is_not(tmp_path, sodalite):
    """Studies begin runs at other runs' last frames, by their whole path: a scratch disk is copied home."""
    first, second = tmp_path / "scratch", tmp_path / "home"
    first.mkdir()
    ase.io.write(first / "sod.cif", sodalite)
    short = 'name = "moved"\n' + FILE.replace("time_ps = 4", "time_ps = 0.1")
    done = call("run", condition(first, str(first / "sod.cif"), short), "--out", first / "out")
    assert done.returncode == 0, done.stderr
    first.rename(second)
    again = condition(second, str(second / "sod.cif"), short)
    summary = second / "out" / "summary.json"
    before = summary.stat().st_mtime_ns
    done = call("run", again, "--out", second / "out")
    assert done.returncode == 0, done.stderr
    assert summary.stat().st_mtime_ns == before  # it was finished
    sodalite.rattle(0.05, seed=3)
    ase.io.write(second / "sod.cif", sodalite)
    assert "holds a run of another condition" in is_one_message(call("run", again, "--out", second / "out"))
