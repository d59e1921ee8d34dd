"""Designs from their file to their report: on a landscape that is known, and, in the last tests, on runs."""

import csv
import dataclasses
import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from command_line import ZEOCRYST, call, is_one_message

import zeocryst.report.design
from zeocryst.condition import read_condition
from zeocryst.errors import InputError, SimulationError
from zeocryst.studies import design as module
from zeocryst.studies.design import design
from zeocryst.studies.design_plan import KEYS, read_plan
from zeocryst.studies.objectives import OBJECTIVES, Score
from zeocryst.studies.points import Done
from zeocryst.studies.reading import read_study
from zeocryst.studies.running import Stopped, StudyFolder, StudyOptions

STUDY = """
name = "grains"
seed = 5
[system]
start = "melt"
n_T = 400
n_S = 40
density_T_per_1000A3 = 17.0
[[stage]]
kind = "npt"
temperature_K = 600
time_ps = 100
[output]
interval_ps = 10
[design]
framework = "SOD"
objective = "largest_grain"
population = 8
evaluations = 72
final_replicas = 8
"""
SIGMA = """
[[design.variable]]
key = "forcefield.T-S.sigma_A"
name = "sigma"
from = 4.2
to = 5.4
start = 5.3
"""
COMPOSITION = """
[[design.variable]]
key = "composition.S_per_T"
name = "x"
from = 0.02
to = 0.5
scale = "log"
"""
QUIET = StudyOptions(quiet=True)


def grain(condition):
    """The largest grain of this world: best at sigma_TS 4.8 and 0.15 S per T, with noise from the seed number."""
    sigma = condition.read_forcefield().pairs["T", "S"].sigma_A
    x = condition.system.n_S / condition.system.n_T
    off = ((sigma - 4.8) / 0.4) ** 2 + np.log(x / 0.15) ** 2
    noise = np.random.default_rng(condition.seed).normal(0, 25)
    return max(0.0, 300 * (1 - off) + noise), max(0.0, 0.5 - 0.1 * off)


class World(StudyFolder):
    """A study's folder whose runs are `grain`; counts them, and ends as a killed process does after some."""

    left = 10**9
    fails = staticmethod(lambda condition: False)

    def run(self, points, *, say="", alike=True):
        self._check(points)
        self._open()
        found = []
        for point in points:
            self._points[point.name] = point
            place = self.path / "runs" / point.name
            if not (place / "summary.json").is_file() and not self.fails(point.condition):
                if not World.left:
                    raise Stopped("killed")
                World.left -= 1
                place.mkdir(parents=True, exist_ok=True)
                size, alike = grain(read_back(point.condition, place))
                (place / "summary.json").write_text(json.dumps({"n_T": 400, "wall_s": 2.0, "x": [size, alike]}))
            failed = "it exploded" if self.fails(point.condition) else None
            summary = None if failed else json.loads((place / "summary.json").read_text())
            found.append(Done(point, place, summary, failed))
        return found

    def rows(self, done):
        size, alike = done.summary["x"]
        first = {"time_ps": 0.0, "stage": 1.0}
        usual = {
            "largest_grain_sites": size, "largest_grain_framework": "SOD", "smallest_visible_T": 60.0,
            "SOD_like_share": alike,
        }  # fmt: skip
        return [first | usual, *({"time_ps": 10.0 * k, "stage": 1.0} | usual for k in range(1, 5))]


def read_back(condition, place):
    """As the process of a run gets it: by way of TOML."""
    (place / "condition.toml").write_text(condition.to_toml())
    return read_condition(place / "condition.toml")


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(module, "StudyFolder", World)
    monkeypatch.setattr(World, "left", 10**9)
    monkeypatch.setattr(World, "fails", staticmethod(lambda condition: False))
    drawn = zeocryst.report.design.write_design
    monkeypatch.setattr(zeocryst.report.design, "write_design", lambda *_: None)
    return drawn


def written(tmp_path, *parts):
    file = tmp_path / "study.toml"
    file.write_text("".join(parts))
    return file


def test_a_design_finds_the_best_place_and_says_by_how_much(tmp_path, world):
    out = tmp_path / "out"
    found = design(written(tmp_path, STUDY, SIGMA, COMPOSITION), out, QUIET)
    best, start = found["best"], found["start"]
    assert best["variables"]["sigma"] == pytest.approx(4.8, abs=0.12)
    assert best["variables"]["x"] == pytest.approx(0.15, rel=0.3)
    assert best["objective"] == pytest.approx(300, abs=35)
    assert best["n_replicas"] == 8
    assert start["variables"] == {"sigma": 5.3, "x": 0.1}
    assert found["reference"]["variables"] == {"sigma": 5.13, "x": 0.1}
    # the truth: 300, 0 (below zero is none) and 300 (1 - 0.681 - 0.164) = 46
    gain, more = found["better_than_start"], found["better_than_reference"]
    assert abs(gain["difference"] - 300) < 50
    assert gain["uncertainty"] is None  # all runs of the start have no grain at all
    assert "every run of the one is above every run of the other" in found["sentence"]
    assert more["difference"] == pytest.approx(254, abs=3 * more["uncertainty"] + 20)
    assert more["interval"][0] < 254 < more["interval"][1] + 20
    assert "better" in found["sentence"]
    history = found["history"]
    assert [row["evaluation"] for row in history] == list(range(1, 73))
    assert {len(row["runs"]) for row in history} == {1}
    with (out / "points.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    for row in history:
        assert float(rows[row["runs"][0]]["sigma"]) == row["variables"]["sigma"]
    assert len(rows) == found["n_runs"] == 72 + 3 * 8 + 3 * 8
    assert found["run_time_s"] == 2.0 * found["n_runs"]
    assert json.loads((out / "summary.json").read_text()) == json.loads(json.dumps(found))
    # the report shows the history and what is assumed
    world(out, found)
    text = (out / "report.html").read_text()
    for word in ("./runs/g001-1-1/", "./runs/best-1/", "CMA-ES", "omparison", *found["assumptions"][:1]):
        assert word in text
    for name in ("history", "variables", "comparison"):
        assert (out / "figures" / f"{name}.svg").is_file()
    with (out / "figures" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(r["objective"]) for r in rows] == [row["objective"] for row in history]


def test_what_is_reported_comes_from_runs_that_the_search_did_not_see(tmp_path, world):
    """The best trial of a search is lucky, what is reported is not: over six designs its error is what it says."""
    file = written(tmp_path, STUDY.replace("evaluations = 72", "evaluations = 24"), SIGMA)
    lucky, deviation, spread = [], [], []
    for seed in range(6):
        file.write_text(file.read_text().replace("seed = ", f"seed = 1{seed}\n#"))
        found = design(file, tmp_path / f"out{seed}", QUIET)
        sigma = found["best"]["variables"]["sigma"]
        true = 300 * (1 - ((sigma - 4.8) / 0.4) ** 2 - np.log(0.1 / 0.15) ** 2)
        deviation.append((found["best"]["objective"] - true) / found["best"]["uncertainty"])
        best = max(found["history"], key=lambda row: row["objective"])
        true = 300 * (1 - ((best["variables"]["sigma"] - 4.8) / 0.4) ** 2 - np.log(0.1 / 0.15) ** 2)
        lucky.append(best["objective"] - true)
        spread.append(found["best"]["uncertainty"])
    assert np.mean(lucky) > 15
    assert abs(np.mean(deviation)) < 1.2
    assert np.mean(spread) == pytest.approx(25 / 8**0.5, rel=0.3)


@pytest.mark.parametrize("after", [0, 5, 8, 19, 30, 40])
def test_a_design_that_was_stopped_anywhere_ends_as_one_that_was_not(tmp_path, world, after):
    text = STUDY.replace("evaluations = 72", "evaluations = 24").replace(
        "final_replicas = 8", "final_replicas = 3"
    )
    file = written(tmp_path, text, SIGMA, COMPOSITION)
    whole = design(file, tmp_path / "whole", QUIET)
    made = 10**9 - World.left
    assert made == 24 + 3 * 3 + 3 * 3
    World.left = after
    with pytest.raises(Stopped):
        design(file, tmp_path / "cut", QUIET)
    assert not (tmp_path / "cut" / "summary.json").exists()
    World.left = made - after
    cut = design(file, tmp_path / "cut", QUIET)
    assert World.left == 0  # no run was made twice
    for summary in (whole, cut):
        for generation in summary["generations"]:
            del generation["took_s"]
    assert cut == whole


def test_a_finished_design_is_told_again_without_a_run(tmp_path, world, monkeypatch):
    file = written(tmp_path, STUDY.replace("evaluations = 72", "evaluations = 8"), SIGMA)
    first = design(file, tmp_path / "out", QUIET)
    World.left = 0
    monkeypatch.setattr(World, "run", None)  # nothing is asked for
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert design(file, tmp_path / "out", QUIET) == first
    assert {path: path.read_bytes() for path in before} == before
    other = written(tmp_path, STUDY.replace("evaluations = 72", "evaluations = 16"), SIGMA)
    with pytest.raises(InputError, match="design.evaluations was 8 and is 16"):
        design(other, tmp_path / "out", QUIET)


def test_a_damaged_record_is_made_again(tmp_path, world):
    file = written(tmp_path, STUDY.replace("evaluations = 72", "evaluations = 16"), SIGMA)
    whole = design(file, tmp_path / "out", QUIET)
    (tmp_path / "out" / "summary.json").unlink()
    for text in ("{", '{"asked": [[[0.5]]], "took_s": []}', "[]"):
        (tmp_path / "out" / "search.json").write_text(text)
        World.left = 0
        assert design(file, tmp_path / "out", QUIET)["best"] == whole["best"]
        (tmp_path / "out" / "summary.json").unlink()


def test_failed_evaluations_are_the_worst_and_are_said(tmp_path, world, monkeypatch):
    monkeypatch.setattr(
        World, "fails", staticmethod(lambda c: c.read_forcefield().pairs["T", "S"].sigma_A > 5.2)
    )
    file = written(tmp_path, STUDY.replace("evaluations = 72", "evaluations = 48"), SIGMA)
    found = design(file, tmp_path / "out", QUIET)
    assert found["n_failed"] > 0
    assert f"{found['n_failed']} evaluation" in found["sentence"]
    assert found["best"]["variables"]["sigma"] == pytest.approx(4.8, abs=0.15)
    assert found["start"]["objective"] is None
    assert found["start"]["n_failed"] == 8
    assert found["why_not"]["better_than_start"]
    assert any("exploded" in text for text in found["assumptions"])
    assert "8 of 8 runs of the start failed and are left out." in found["sentence"]
    monkeypatch.setattr(World, "fails", staticmethod(lambda c: True))
    with pytest.raises(SimulationError, match="every run of the first generation failed.*exploded"):
        design(file, tmp_path / "all", QUIET)
    monkeypatch.setattr(World, "fails", staticmethod(lambda c: not c.name.startswith("g0")))
    with pytest.raises(SimulationError, match="every run of the comparison failed.*exploded"):
        design(file, tmp_path / "finals", QUIET)


def test_what_has_nothing_left_to_measure_is_told_as_a_bound(tmp_path, world, monkeypatch):
    """As a slab that is gone at once: it ranks, but no speed that nobody measured stands in a comparison."""

    def score(done, rows, framework):
        size = done.summary["x"][0]
        gone = done.point.condition.read_forcefield().pairs["T", "S"].sigma_A > gone_from
        return Score(None, -2000.0, "gone") if gone else Score(size, size)

    changed = dataclasses.replace(OBJECTIVES["largest_grain"], score=score)
    monkeypatch.setitem(OBJECTIVES, "largest_grain", changed)
    file = written(tmp_path, STUDY.replace("evaluations = 72", "evaluations = 24"), SIGMA)
    for gone_from, out in ((5.25, tmp_path / "some"), (0.0, tmp_path / "all")):
        found = design(file, out, QUIET)
        start = found["start"]
        assert (start["objective"], start["objective_at_most"], start["n_not_measured"]) == (None, -2000, 8)
        assert found["n_failed"] == start["n_failed"] == 0
        assert found["better_than_start"]["difference"] is None
        assert "Compared with the start, at most -2000 T" in found["sentence"]
        assert "In 8 of 8 runs of the start nothing was left to measure." in found["sentence"]
        assert any("counts as one that went" in text for text in found["assumptions"])
        world(out, found)
        assert "at most -2000 T" in (out / "report.html").read_text()
        if out.name == "some":
            assert found["best"]["objective"] > 100
            assert "or more, with an unknown error" in found["sentence"]
        else:
            assert found["best"]["objective"] is None
            assert found["why_not"]["best"]


def test_a_variable_that_runs_into_its_end_is_said(tmp_path, world):
    file = written(tmp_path, STUDY, SIGMA.replace("from = 4.2", "from = 5.0"))
    found = design(file, tmp_path / "out", QUIET)
    assert "sigma has run into an end of its range (5 to 5.4)" in found["sentence"]
    n, made = found["n_evaluations"], len(found["generations"])
    assert f"The search ended after {made} generations: {n} evaluations were made" in found["sentence"]
    assert found["sentence"].count(f"{n} evaluations") == 1


def test_without_anything_to_win_it_says_so(tmp_path, world, monkeypatch):
    """The start is the best place: what was found is not surely better."""
    file = written(
        tmp_path,
        STUDY.replace("evaluations = 72", "evaluations = 16"),
        SIGMA.replace("start = 5.3", "start = 4.8"),
    )
    found = design(file, tmp_path / "out", QUIET)
    low, _ = found["better_than_start"]["interval"]
    assert low < 10
    if low < 0:
        assert "not surely different" in found["sentence"] or "worse" in found["sentence"]


def test_the_study_with_its_defaults_is_the_same_study(tmp_path, world):
    file = written(tmp_path, STUDY, SIGMA, COMPOSITION)
    study = read_study(file, "design", KEYS)
    plan = read_plan(study)
    again = tmp_path / "again"
    again.mkdir()
    (again / "study.toml").write_text(study.to_toml(plan.table(), study.stages))
    second = read_study(again, "design", KEYS)
    other = read_plan(second)
    assert other.table() == plan.table()
    assert other.variables == plan.variables
    assert plan.replicas == 1
    assert plan.sigma0 == 0.2
    assert plan.objective.name == "largest_grain"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("forcefield.T-S.sigma_A", "forcefield.T-S.sigma", "did you mean 'forcefield.T-S.sigma_A'"),
        ("from = 4.2", "from = 5.5", "to = 5.4; expected more than from"),
        ("from = 4.2", "", "from is missing"),
        ("to = 5.4", "to = 99", "to = 99; expected an end of the range that can be run"),
        ("start = 5.3", "start = 6", "start = 6"),
        ("start = 5.3", 'scale = "cubic"', "scale = 'cubic'"),
        ("from = 4.2", 'from = -1\nscale = "log"', "more than 0 where the scale is log"),
        ('key = "forcefield.T-S.sigma_A"', 'key = "seed"', "something physical"),
        ('key = "forcefield.T-S.sigma_A"', 'key = "output.interval_ps"', "something physical"),
        (
            SIGMA,
            SIGMA.replace('"forcefield.T-S.sigma_A"', '["stage.1.time_ps", "stage.1.temperature_K"]')
            .replace("5.4", "900")
            .replace("start = 5.3", ""),
            "several values in the condition",
        ),
        ('key = "forcefield.T-S.sigma_A"', 'key = ["system.n_T", "stage.1.time_ps"]', "whole numbers together"),
        ('name = "sigma"', 'nam = "sigma"', "unknown key 'nam'"),
        ('objective = "largest_grain"', 'objective = "largest_gran"', "did you mean 'largest_grain'"),
        ('objective = "largest_grain"', 'objective = "front_speed"', "needs a slab of crystal"),
        ('framework = "SOD"', "", "framework is missing"),
        ('framework = "SOD"', 'framework = "SODD"', "framework = 'SODD'; expected a known one.*SOD"),
        ("population = 8", "population = 1", "population = 1"),
        ("evaluations = 72", "evaluations = 4", "at least population = 8"),
        ("population = 8", 'walltime = "soon"', "a time, such as"),
        ("population = 8", "poplation = 8", "unknown key 'poplation'"),
        ("population = 8", "sigma0 = 0", "sigma0 = 0"),
        ("population = 8", "target = true", "target = True"),
        ("[[stage]]", "[[stag]]", "unknown key 'stag'"),
        # names of columns that the tables have anyway, or that break them
        ('name = "sigma"', 'name = "state"', "name = 'state'; expected one line, and another one than"),
        ('name = "sigma"', 'name = "trial"', "name = 'trial'"),
        ('name = "sigma"', 'name = "a\\nb"', "expected one line"),
        # what a run would say only once it begins
        ("[output]", '[engine]\nname = "lammpss"\n[output]', r"study.toml: engine 'lammpss' is not known"),
        (
            "[output]",
            '[output]\nmeasure = ["nonsense"]',
            r"study.toml: output.measure: no order parameter 'nons",
        ),
        ("[output]", '[forcefield]\nname = "tss"\n[output]', r"study.toml: no force field 'tss'"),
        # ranges and numbers that are none
        ("from = 4.2", "from = nan", "from = nan"),
        ("to = 5.4", "to = inf", "to = inf"),
        ("start = 5.3", "start = true", "start = True"),
        ("population = 8", "population = 8.5", "population = 8.5"),
        ("population = 8", "sigma0 = nan", "sigma0 = nan"),
        ("population = 8", "target = nan", "target = nan"),
        ("population = 8", "candidates = 0", "candidates = 0"),
        ("final_replicas = 8", "final_replicas = 0", "final_replicas = 0"),
        ("population = 8", 'walltime = "0s"', "walltime = '0s'"),
        ("[[design.variable]]", "[design.variable]", "expected a list of tables"),
        ("[design]", "[[design]]", "expected a table, begun with"),
    ],
)
def test_a_wrong_study_is_one_message(tmp_path, old, new, words):
    text = (STUDY + SIGMA).replace(old, new)
    assert text != STUDY + SIGMA
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        read_plan(read_study(written(tmp_path, text), "design", KEYS))


def test_what_is_missing_as_a_whole(tmp_path):
    stages = STUDY[STUDY.index("[[stage]]") : STUDY.index("[output]")]
    for text, words in (
        (STUDY, "at least one \\[\\[design.variable\\]\\]"),
        (STUDY.replace(stages, "") + SIGMA, "those of a design are what each of its runs goes through"),
        (STUDY + SIGMA + SIGMA, "two variables are called 'sigma'"),
        (STUDY + SIGMA + SIGMA.replace('"sigma"', '"other"'), "each number once"),
    ):
        with pytest.raises(InputError, match=words):
            read_plan(read_study(written(tmp_path, text), "design", KEYS))


def test_the_command_says_what_is_wrong_and_writes_nothing(tmp_path):
    file = written(tmp_path, STUDY + SIGMA.replace("sigma_A", "sigma_a"))
    message = is_one_message(call("design", file, "--out", tmp_path / "out"))
    assert "sigma_A" in message
    assert not (tmp_path / "out").exists()


# ---- runs -------------------------------------------------------------------------------------------

MELTING = """
name = "cages"
seed = 2
[system]
start = "framework"
framework = "SOD"
repeat = [3, 2, 2]
[forcefield]
name = "ts_sodalite"
[[stage]]
kind = "langevin"
temperature_K = 2500
time_ps = 1
seed_region = { shape = "slab", fraction = 0.5 }
[[stage]]
kind = "npt"
temperature_K = 1000
time_ps = 4
timestep_fs = 10
[output]
interval_ps = 0.5
[design]
objective = "front_speed"
population = 4
evaluations = 4
sigma0 = 0.5
candidates = 1
final_replicas = 1
[[design.variable]]
key = "forcefield.T-S.sigma_A"
from = 3.5
to = 4.9
start = 4.2
"""


@pytest.mark.slow
def test_runs_of_a_design_that_was_killed_go_on(tmp_path):
    """A slab of SOD whose S are far smaller than its cages (4.8 Å, as shipped) is gone at once."""
    file, out = written(tmp_path, MELTING), tmp_path / "out"
    command = [*ZEOCRYST, "design", str(file), "--out", str(out), "--quiet", "--jobs", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(6000):
        if process.poll() is not None or len(list(out.glob("runs/*/summary.json"))) >= 2:
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/summary.json")}
    assert before
    done = call("design", file, "--out", out, "--json", "--quiet", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == json.loads((out / "summary.json").read_text())
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(found["history"]) == 4
    assert found["n_runs"] == 4 + 3
    every = [*found["history"], found["best"], found["start"]]
    speeds = {one["variables"]["forcefield.T-S.sigma_A"]: one["objective"] for one in every}
    small = [speed for sigma, speed in speeds.items() if sigma < 3.9]
    large = [speed for sigma, speed in speeds.items() if sigma > 4.3]
    # what is gone at once has no speed, and ranks as faster than any that was seen
    assert all(speed is None or speed < -1500 for speed in small)
    assert min(large) > -1500
    # each evaluation is a run that every other tool opens, with the force field that it says
    for row in found["history"]:
        condition = read_condition(out / "runs" / row["runs"][0])
        sigma = condition.read_forcefield().pairs["T", "S"].sigma_A
        assert sigma == row["variables"]["forcefield.T-S.sigma_A"]
    assert call("report", out / "runs" / found["history"][0]["runs"][0]).returncode == 0
