"""The funnel with real runs: many points for a while, the best to their end and to atoms."""

import csv
import json
from itertools import pairwise

import pytest
from faults import refused
from sweeping import begin, call, counts, kill_all, lines, runs, wait_for, written

FUNNEL = """
name = "funnel"
seed = 3
[system]
start = "framework"
framework = "SOD"
repeat = [3, 3, 3]
[[stage]]
kind = "langevin"
temperature_K = 500
time_ps = TIME
[output]
interval_ps = 1
[engine]
name = "lammps"
[sweep]
[[sweep.axis]]
key = "stage.1.temperature_K"
from = 300
to = 2500
steps = 12
[sweep.funnel]
criterion = "crystalline_share"
framework = "SOD"
time_shares = [0.1, 0.25]
keep = [5, 2]
refine = "clayff"
"""
#: One of six points, for a few seconds and without atoms that take long.
FEW = {"steps = 12": "steps = 6", "keep = [5, 2]": "keep = [3, 1]", "repeat = [3, 3, 3]": "repeat = [2, 2, 2]"}


def read(path):
    return json.loads(path.read_text())


def share_at_the_end(run):
    with (run / "order_parameters.csv").open() as text:
        return float(list(csv.DictReader(text))[-1]["crystalline_share"])


def worth(run):
    """Value and rank of a run by its own files: the share of SOD once quenched, and how alike the hot frames are to it."""
    summary = read(run / "summary.json")
    value = sum(one["share"] for one in summary["quenched"]["types"] if one["code"] == "SOD")
    with (run / "order_parameters.csv").open() as text:
        table = list(csv.DictReader(text))
    late = [float(row["SOD_like_share"]) for row in table[len(table) // 2 :]]
    visible = float(table[-1]["smallest_visible_T"]) / summary["n_T"]
    return value, value + min(1.0, visible) * sum(late) / len(late)


def begins(out):
    return [line.split()[-2] for line in (out / "log.txt").read_text().splitlines() if line.endswith(" begins")]


@pytest.fixture(scope="module")
def funnel(tmp_path_factory):
    """File and folder of a funnel of twelve points that is done; what its command said."""
    place = tmp_path_factory.mktemp("funnel")
    file = written(place, 20, text=FUNNEL)
    done = call(file, "--out", place / "out", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return file, place / "out", done


def at(out, folder):
    """Runs of a rung by temperature."""
    return {key[0]: run for key, run in runs(out, folder).items() if run.is_dir()}


@pytest.mark.slow
def test_twelve_points_are_screened_and_two_come_to_atoms(funnel):
    _, out, done = funnel
    told = read(out / "summary.json")["funnel"]
    rungs = [at(out, name) for name in ("rung-1", "rung-2", "run")]
    assert [len(rung) for rung in rungs] == [12, 5, 2]
    assert [(rung["n_points"], rung["n_kept"]) for rung in told["rungs"]] == [(12, 5), (5, 2), (2, 2)]
    assert [rung["time_share"] for rung in told["rungs"]] == [0.1, 0.25, 1.0]
    assert "The funnel went from 12 to 5 to 2 points" in done.stdout.replace("\n", " ")
    # each goes on from where it was, and takes the rest of the time
    for rung, ps in zip(rungs, (2, 3, 15), strict=True):
        assert {read(run / "summary.json")["time_ps"] for run in rung.values()} == {ps}
    for earlier, later in pairwise(rungs):
        assert set(later) < set(earlier)
        for kelvin, run in later.items():
            assert f'file = "{earlier[kelvin] / "trajectory.gsd"}"' in (run / "condition.toml").read_text()
            # of its last frame, as it was: crystalline to the same share
            with (run / "order_parameters.csv").open() as text:
                first = float(next(csv.DictReader(text))["crystalline_share"])
            assert first == pytest.approx(share_at_the_end(earlier[kelvin]), abs=1e-6)
    # kept are those that are the most crystalline, as their own tables say; of equal ones the earlier
    for rung, record in zip(rungs, told["rungs"], strict=True):
        shares = {kelvin: worth(run)[1] for kelvin, run in rung.items()}
        assert {one["values"]["temperature_K"]: one["rank"] for one in record["points"]} == pytest.approx(
            shares
        )
        for one in record["points"]:
            assert one["value"] == pytest.approx(worth(rung[one["values"]["temperature_K"]])[0])
        best = sorted(shares, key=lambda kelvin: (-shares[kelvin], kelvin))[: record["n_kept"]]
        assert {one["values"]["temperature_K"] for one in record["points"] if one["kept"]} == set(best)
        ranks = [one["rank"] for one in record["points"]]
        assert ranks == sorted(ranks, reverse=True)
    assert counts(out) == {"done": 2, "dropped": 10}


@pytest.mark.slow
def test_what_it_says_of_time_and_atoms_is_what_its_folders_say(funnel):
    _, out, _ = funnel
    told = read(out / "summary.json")["funnel"]
    taken, steps = 0.0, 0
    for name, record in zip(("rung-1", "rung-2", "run"), told["rungs"], strict=True):
        mine = [read(run / "summary.json") for run in at(out, name).values()]
        assert record["wall_s"] == pytest.approx(sum(one["wall_s"] for one in mine))
        taken += record["wall_s"]
        steps += sum(one["steps"] for one in mine)
    assert told["wall_s"] == pytest.approx(taken + sum(one["wall_s"] for one in told["atoms"]))
    assert told["share_of_full"] == pytest.approx(told["wall_s"] / told["full_wall_s"])
    # of time steps, 5 fs each: 12 x 2 ps, 5 x 3 ps and 2 x 15 ps of 12 x 20 ps, less than a third
    assert steps == (12 * 2 + 5 * 3 + 2 * 15) * 200
    assert steps / (12 * 20 * 200) < 1 / 3
    assert len(told["atoms"]) == 2
    for one in told["atoms"]:
        mine = read(out / one["folder"] / "summary.json")
        run = at(out, "run")[one["values"]["temperature_K"]]
        assert out / one["folder"] == run.parent / "atoms"
        assert one["formula"] == mine["backmap"]["formula"] == "Si324O648"
        assert one["refined_method"] == mine["refined"]["method"]
        assert one["refined_energy_eV_per_SiO2"] == mine["refined"]["energy_eV_per_SiO2"]
        passed = [check["passed"] for check in mine["backmap"]["checks"]]
        assert (one["checks_passed"], one["checks_applied"]) == (
            passed.count(True),
            len(passed) - passed.count(None),
        )
        assert list((out / one["folder"]).glob("*.cif"))
    report = (out / "report.html").read_text()
    for one in told["atoms"]:
        assert one["formula"] in report or "Si" in report
        assert one["folder"] in report


@pytest.mark.slow
def test_called_again_it_runs_nothing_and_says_the_same(funnel):
    file, out, done = funnel
    before, stamps = (
        begins(out),
        {path: path.stat().st_mtime_ns for path in out.glob("workspace/*/*/summary.json")},
    )
    old = read(out / "summary.json")["funnel"]
    again = call(file, "--out", out)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert begins(out) == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert read(out / "summary.json")["funnel"] == old


@pytest.mark.slow
@pytest.mark.alone
def test_killed_in_each_rung_it_runs_nothing_twice(tmp_path):
    """And ends with the points that it would have kept anyway."""
    file, out = written(tmp_path, 60, text=FUNNEL, **FEW), tmp_path / "out"
    for rung, n in ((1, 3), (2, 1), (2, 3)):
        process = begin(file, "--out", out, "--jobs", 2)
        wait_for(lambda k=rung, least=n: len(list(out.glob(f"workspace/*/rung-{k}/summary.json"))) >= least)
        kill_all(process)
    process = begin(file, "--out", out, "--jobs", 2)
    wait_for(lambda: any(lines(run) for run in runs(out).values()))
    kill_all(process)
    done = call(file, "--out", out, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    assert [len(at(out, name)) for name in ("rung-1", "rung-2", "run")] == [6, 3, 1]
    finished = [
        line.split()[-3] for line in (out / "log.txt").read_text().splitlines() if line.endswith("is done")
    ]
    named = [word for word in finished if word != "one"]
    assert len(named) == len(set(named))
    unbroken = tmp_path / "unbroken"
    assert call(file, "--out", unbroken, "--jobs", 2, "--quiet").returncode == 0
    chosen = [
        {
            one["values"]["temperature_K"]
            for one in read(folder / "summary.json")["funnel"]["rungs"][0]["points"]
            if one["kept"]
        }
        for folder in (out, unbroken)
    ]
    assert chosen[0] == chosen[1]


@pytest.mark.slow
def test_a_funnel_whose_points_all_fail_is_one_sentence(tmp_path):
    file = written(
        tmp_path, 20, text=FUNNEL,
        **FEW | {"from = 300": "from = 90000", "to = 2500": "to = 99000", "time_ps = 20": "time_ps = 20\ntimestep_fs = 20"},
    )  # fmt: skip
    done = call(file, "--out", tmp_path / "out", "--quiet")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("zeocryst: every point failed in rung 1; the first: ")
    told = call("status", tmp_path / "out")
    assert told.stdout.startswith("6 runs: 6 failed.")
    assert call("report", tmp_path / "out").returncode == 0


@pytest.mark.slow
def test_keep_and_times_can_be_changed_afterwards(tmp_path):
    """More points kept: only what they need is run. Other times: those rungs are other runs, and that is told."""
    file, out = written(tmp_path, 20, text=FUNNEL, **FEW), tmp_path / "out"
    done = call(file, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    first = begins(out)
    assert len(first) == 6 + 3 + 1
    more = written(tmp_path, 20, "more.toml", text=FUNNEL, **FEW | {"keep = [5, 2]": "keep = [4, 2]"})
    done = call(more, "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(begins(out)) == len(first) + 1 + 1
    assert counts(out) == {"done": 2, "dropped": 4}
    assert len(read(out / "summary.json")["funnel"]["atoms"]) == 2
    fewer = written(tmp_path, 20, "fewer.toml", text=FUNNEL, **FEW | {"keep = [5, 2]": "keep = [4, 1]"})
    assert call(fewer, "--out", out, "--quiet").returncode == 0
    assert len(begins(out)) == len(first) + 2
    longer = written(tmp_path, 20, "longer.toml", text=FUNNEL, **FEW | {"time_shares = [0.1, 0.25]": "time_shares = [0.2, 0.5]"})  # fmt: skip
    none = written(tmp_path, 20, "none.toml", text=FUNNEL.partition("[sweep.funnel]")[0], **dict(list(FEW.items())[::2]))  # fmt: skip
    for file in (longer, none):
        message = refused("sweep", file, "--out", out)
        assert "time_shares" in message or "holds another study (output.measure" in message
    assert counts(out)["done"] >= 1
    assert [len(at(out, name)) for name in ("rung-1", "rung-2")] == [6, 4]


@pytest.mark.slow
def test_a_folder_of_a_funnel_can_be_moved(tmp_path):
    file, out = written(tmp_path, 20, text=FUNNEL, **FEW), tmp_path / "out"
    assert call(file, "--out", out, "--quiet").returncode == 0
    first, moved = begins(out), tmp_path / "moved"
    out.rename(moved)
    done = call(file, "--out", moved, "--quiet")
    assert done.returncode == 0, done.stderr
    assert begins(moved) == first


@pytest.mark.slow
def test_a_folder_that_is_named_from_elsewhere_and_noise_of_its_own_for_each_part(tmp_path):
    place = tmp_path / "sub"
    place.mkdir()
    file = written(place, 20, text=FUNNEL, **FEW, **{'refine = "clayff"\n': ""})
    assert call(file, "--out", "out", "--jobs", 2, cwd=tmp_path).returncode == 0
    out = tmp_path / "out"
    assert counts(out) == {"done": 1, "dropped": 5}
    (last,) = [run.parent for run in runs(out).values() if (run / "summary.json").is_file()]
    seeds = {read(last / part / "summary.json")["seed"] for part in ("rung-1", "rung-2", "run")}
    assert len(seeds) == 3
    told = read(out / "summary.json")
    assert "5 left by the funnel" in told["sentence"]
    assert any("look better than they are" in text for text in told["assumptions"])
    assert all(point["transition"] is None for point in told["points"])
    # what its rungs and atoms depend on cannot be changed; keep can
    changed = written(place, 20, name="other.toml", text=FUNNEL, **FEW)
    done = call(changed, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "refine = clayff" in done.stderr
    assert call(changed, "--out", tmp_path / "new", "--init").returncode == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_damaged_document_in_the_first_call_deletes_nothing(tmp_path):
    file = written(tmp_path, 40)
    out = tmp_path / "out"
    going = begin(file, "--out", out, "--jobs", 1)
    wait_for(lambda: (out / "workspace").is_dir() and any(lines(run) for run in runs(out).values()))
    for job in (out / "workspace").iterdir():
        (job / "signac_job_document.json").write_text('{"state": ')
    going.communicate(timeout=300)
    assert any((run / "summary.json").is_file() for run in runs(out).values())
    assert call(file, "--out", out).returncode == 0
    assert set(counts(out)) == {"done"}
