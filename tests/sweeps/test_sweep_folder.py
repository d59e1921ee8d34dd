"""What befalls a sweep's folder: damaged files, other people's, moves."""

import json
import shutil
import subprocess
import sys

import pytest
from faults import call_here, refused
from sweeping import call, copied, counts, lines, read, runs, stamps, whole, written  # noqa: F401 fixtures

import zeocryst
from zeocryst.files import folders


@pytest.mark.parametrize("content", ["", "xx{", "[]", '{"temperature_K": 300.0}', None])
@pytest.mark.parametrize("name", ["signac_statepoint.json", "signac_job_document.json"])
def test_a_file_of_signac_that_is_damaged_or_gone_is_mended_by_the_sweep(copied, name, content):
    file, out = copied
    before, path = stamps(out), runs(out)[500, 2].parent / name
    state = path.read_text()
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    for action in ("status", "report"):
        status, _, errors = call_here("sweep", action, out)
        assert "Traceback" not in errors
        if name == "signac_statepoint.json":
            assert status == 2
            assert len(errors.splitlines()) == 1, errors
            assert f"the state point of workspace/{path.parent.name} is damaged; zeocryst sweep with" in errors
        else:
            assert (status, errors) == (0, "")
    status, _, errors = call_here("sweep", file, "--out", out)
    assert (status, errors) == (0, "")
    if name == "signac_statepoint.json":
        assert read(path) == json.loads(state)
    assert stamps(out) == before
    assert counts(out) == {"done": 4}


@pytest.mark.parametrize("content", ["", "xx{", "[]", '{"condition": "small"}'])
def test_a_summary_that_is_damaged_is_made_anew_and_the_others_are_told_meanwhile(copied, content):
    file, out = copied
    run, table = runs(out)[500, 2], lines(runs(out)[500, 2])
    (run / "summary.json").write_text(content)
    assert counts(out) == {"done": 3, "stopped": 1}
    status, said, errors = call_here("sweep", "report", out)
    assert (status, errors) == (0, "")
    assert "3 of 4 runs at 2 points done." in said
    assert list(zeocryst.open_sweep(out)["state"]) == ["done", "done", "done", "stopped"]
    status, _, errors = call_here("sweep", file, "--out", out)
    assert status == 0, errors
    assert counts(out) == {"done": 4}
    assert lines(run) == table


def test_a_configuration_of_signac_that_is_damaged_is_told(copied):
    file, out = copied
    (out / ".signac" / "config").write_text("xx{")
    for line in (["status", out], ["report", out], [file, "--out", out]):
        assert ".signac/config is damaged; take it away" in refused("sweep", *line)
    (out / ".signac" / "config").unlink()
    status, _, errors = call_here("sweep", file, "--out", out)
    assert (status, errors) == (0, "")
    assert counts(out) == {"done": 4}


def test_a_folder_that_was_moved_goes_on(copied, tmp_path):
    file, out = copied
    moved = tmp_path / "some where" / "else"
    moved.parent.mkdir()
    out.rename(moved)
    shutil.rmtree(runs(moved)[300, 1])
    shutil.rmtree(runs(moved)[500, 1].parent)
    before = stamps(moved)
    assert len(before) == 2
    assert {state: n for state, n in counts(moved).items() if n} == {"done": 2, "waiting": 1}
    done = call(file, "--out", moved)
    assert done.returncode == 0, done.stderr
    assert {run: stamp for run, stamp in stamps(moved).items() if run in before} == before
    assert counts(moved) == {"done": 4}


def test_a_varied_force_field_moves_with_the_folder(tmp_path):
    key = 'key = "stage.langevin.temperature_K"\nvalues = [300, 500]'
    file = written(tmp_path, **{key: 'key = "forcefield.T-S.sigma_A"\nvalues = [5.0, 5.1]'})
    assert call(file, "--out", tmp_path / "out", "--quiet").returncode == 0
    moved = tmp_path / "moved"
    (tmp_path / "out").rename(moved)
    before = stamps(moved)
    more = written(
        tmp_path, name="more.toml", **{key: 'key = "forcefield.T-S.sigma_A"\nvalues = [5.0, 5.1, 5.2]'}
    )
    done = call(more, "--out", moved, "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(stamps(moved)) == 6
    assert {run: stamp for run, stamp in stamps(moved).items() if run in before} == before


def test_a_force_field_of_ones_own_moves_with_the_folder(tmp_path):
    """Where the study and its force field lay, nothing is left; the folder is looked at, and goes on, elsewhere."""
    from zeocryst.model.forcefield import forcefield_text, read_forcefield

    place, moved = tmp_path / "my place", tmp_path / "moved"
    place.mkdir()
    (place / "mine ü.toml").write_text(forcefield_text(read_forcefield("ts")), "utf-8")
    own = {"[[stage]]": '[forcefield]\nname = "mine ü.toml"\n[[stage]]'}
    file = written(place, **own)
    assert call(file, "--out", tmp_path / "out", "--quiet").returncode == 0
    copy = tmp_path / "copy.toml"
    copy.write_text(file.read_text())
    shutil.rmtree(place)
    (tmp_path / "out").rename(moved)
    before = stamps(moved)
    assert len(before) == 4
    assert call("report", moved).returncode == 0
    shutil.rmtree(runs(moved)[500, 2])
    done = subprocess.run(
        [sys.executable, moved / "project.py", "run"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert counts(moved) == {"done": 4}
    (tmp_path / "mine ü.toml").write_text((moved / "forcefields" / "mine ü.toml").read_text())
    done = call(copy, "--out", moved, "--quiet")
    assert done.returncode == 0, done.stderr
    after = stamps(moved)
    assert sum(after[run] == stamp for run, stamp in before.items()) == 3  # what was there is not run again


def test_a_folder_of_somebody_else_in_the_workspace_is_told(copied):
    _, out = copied
    (out / "workspace" / "notes").mkdir()
    (out / "workspace" / (32 * "a")).mkdir()  # as signac begins the folder of a job
    assert counts(out) == {"done": 4}
    import signac

    signac.get_project(str(out), search=False).open_job({"colour": "blue"}).init()
    message = refused("sweep", "status", out)
    assert "no run of a sweep (its state point has no replica)" in message


def test_reports_at_once_are_written_one_after_the_other(copied, monkeypatch):
    from sweeping import begin

    from zeocryst.sweeps import reporting

    _, out = copied
    together = [begin("report", out) for _ in range(4)]
    for each in together:
        _, errors = each.communicate(timeout=300)
        assert (each.returncode, errors) == (0, "")
    assert read(out / "summary.json")["counts"]["done"] == 4
    monkeypatch.setattr(reporting, "PATIENCE_S", 0.2)
    with (out / "report.lock").open("w") as file:
        assert folders.locked(file, exclusive=True)
        assert "another zeocryst is writing its report" in refused("sweep", "report", out)
