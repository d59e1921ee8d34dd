"""Stages that end early, and frames that are dense where something happens."""

import csv
import json
import signal
import tomllib
from dataclasses import replace

import gsd.hoomd
import numpy as np
import pytest
from command_line import ROOT, call, interrupt

from zeocryst.condition import parse_condition, to_toml
from zeocryst.engines import choose_engine, engine_modules
from zeocryst.errors import InputError
from zeocryst.files.position import Position
from zeocryst.running.simulation import Hooks, simulate, steps_in_all
from zeocryst.running.watching import Watch, check_memory
from zeocryst.solution.start import crystal

TWO_STAGES = """
[system]
start = "melt"
n_T = 2000
[[stage]]
kind = "langevin"
temperature_K = 1600
time_ps = 20
[[stage]]
kind = "npt"
temperature_K = 600
time_ps = 1000
timestep_fs = 10
UNTIL
[output]
interval_ps = 20
fine_ps = 2
"""


def condition(until="until = { crystalline_share = 0.9, for_ps = 100 }"):
    return parse_condition(tomllib.loads(TWO_STAGES.replace("UNTIL", until)), "c.toml", ROOT)


def rows(shares, grains=None, *, every=2000, stage=2):
    """Rows of the second stage, which begins at step 4000, each 20 ps."""
    grains = [2000 * share for share in shares] if grains is None else grains
    return [
        {"step": 4000 + every * (k + 1), "stage": stage, "crystalline_share": s, "largest_grain_sites": g}
        for k, (s, g) in enumerate(zip(shares, grains, strict=True))
    ]


BEFORE = [{"step": 4000, "stage": 1, "crystalline_share": 0.0, "largest_grain_sites": 0}]


# ---- a stage that ends early ------------------------------------------------------------------


def ended(shares, **options):
    """At which of the rows the stage is over, None for none."""
    watch = Watch.of(condition(**options), BEFORE)
    for k, row in enumerate(rows(shares)):
        watch.add(row)
        if watch.has_enough:
            return k
    return None


def test_a_stage_is_over_when_it_has_held_for_its_time():
    # from row 2 to row 7 are 100 ps
    assert ended([0.1, 0.5, 0.9, 0.95, 0.9, 1.0, 0.92, 0.93, 0.9]) == 7
    # one frame below begins the time anew
    assert ended([0.1, 0.5, 0.9, 0.95, 0.89, 1.0, 0.92, 0.93, 0.9, 0.9]) is None
    assert ended([0.95] * 20) == 5


def test_what_is_waited_for_can_be_a_fall_or_a_size():
    melts = "until = { crystalline_share = { below = 0.02 }, for_ps = 40 }"
    assert ended([0.5, 0.1, 0.02, 0.019, 0.0, 0.0], until=melts) == 5
    size = "until = { largest_grain_sites = 30, for_ps = 20 }"
    assert ended([0.0, 0.014, 0.016, 0.0145, 0.016, 0.017], until=size) == 5


def test_frames_need_not_be_even():
    """Five frames 2 ps apart are no 100 ps."""
    watch = Watch.of(condition(), [*BEFORE, *rows([1.0] * 5, every=200)])
    assert not watch.has_enough
    watch.add({"step": 4200 + 10_000, "stage": 2, "crystalline_share": 1.0, "largest_grain_sites": 1})
    assert watch.has_enough


def test_rows_of_an_earlier_stage_do_not_count():
    earlier = [{**row, "stage": 1, "step": row["step"] - 4000} for row in rows([1.0] * 2)]
    watch = Watch.of(condition(), [*earlier, *rows([1.0] * 5)])
    assert not watch.has_enough
    watch.add(rows([1.0] * 6)[-1])
    assert watch.has_enough


def test_how_it_ended_is_told():
    met = Watch.of(condition(), [*BEFORE, *rows([0.1, *[0.95] * 6])]).story()
    assert [entry["ended_early"] for entry in met] == [False, True]
    assert [entry["time_ps"] for entry in met] == [20, 140]
    assert met[1]["sentence"] == (
        "Stage 2 ended after 140 of at most 1000 ps, with the crystalline share 0.9 or more for 100 ps."
    )
    never = Watch.of(condition(), [*BEFORE, *rows([0.1, 0.43] * 25)]).story()[1]
    assert not never["ended_early"]
    assert not never["until_met"]
    assert never["sentence"].startswith("Stage 2 ran 1000 of at most 1000 ps and never had")
    assert "(highest: 0.43)" in never["sentence"]


def test_one_of_several_things_ends_a_stage():
    """Grown or melted, whichever is first; each has to hold for its own time."""
    either = "until = [{ largest_grain_sites = 400, for_ps = 40 }, { q4_share = { below = 0.1 }, for_ps = 20 }]"
    made = condition(either)
    assert parse_condition(tomllib.loads(to_toml(made)), "copy", ROOT) == made

    def story(*pairs):
        seen = [
            {**row, "largest_grain_sites": grain, "q4_share": q4}
            for row, (grain, q4) in zip(rows([0.0] * len(pairs)), pairs, strict=True)
        ]
        watch = Watch.of(made, BEFORE)
        for number, row in enumerate(seen):
            watch.add(row)
            if watch.has_enough:
                return number, watch.story()[1]
        return None, watch.story()[1]

    grown, told = story((390, 0.5), (400, 0.5), (410, 0.5), (420, 0.5))
    assert (grown, told["until_met"], told["until_which"]) == (3, True, 1)
    assert "with the size of the largest grain (T) 400 or more for 40 ps" in told["sentence"]
    melted, told = story((390, 0.09), (400, 0.05), (410, 0.5))
    assert (melted, told["until_which"]) == (1, 2)
    assert told["sentence"].endswith("with q4_share below 0.1 for 20 ps.")
    # one that begins anew does not hold the other up, and what is no number holds never
    never, told = story((400, 0.5), (390, float("nan")), (400, 0.05), (390, 0.2), (5, float("nan")))
    assert (never, told["until_met"], told["until_which"]) == (None, False, None)
    assert "(highest: 400) nor q4_share below 0.1 for 20 ps (lowest: 0.05)" in told["sentence"]


# ---- frames where something happens -----------------------------------------------------------


def dense(shares, grains=None, *, start=0.0):
    """Which of the rows have dense frames before them; without `grains` the share alone tells."""
    watch, found = Watch.of(condition(), [BEFORE[0] | {"crystalline_share": start}]), []
    for k, row in enumerate(rows(shares, [0] * len(shares) if grains is None else grains)):
        if watch.happened(row):
            found.append(k)
        watch.add(row)
    return found


def test_a_jump_is_news_and_a_slow_rise_is_not():
    assert dense([0.0, 0.01, 0.062, 0.7, 0.752, 0.76]) == [2, 3, 4]
    assert dense(np.linspace(0, 1, 26)) == []
    assert dense([0.97, 0.92, 0.91, 0.3, 0.9], start=1.0) == [3]
    assert dense([0.97, 0.9, 0.3, 0.0], start=1.0) == [1, 2, 3]


def test_a_small_nucleus_in_a_large_box_is_news():
    share = [0.0, 0.01, 0.012, 0.03, 0.031]
    assert dense(share, [0, 20, 26, 60, 61]) == [3]
    # of a large grain a fifth
    assert dense([0.3, 0.32, 0.34], [600, 640, 700]) == [0]


def test_what_goes_back_and_forth_is_news_only_once():
    assert dense([0.0, 0.3] * 50) == [1]
    noise = np.random.default_rng(1).uniform(0, 1, 2000)
    assert 1 <= len(dense(noise)) <= 20  # the range grows by 0.05 each time
    assert 1 <= len(dense(0 * noise, 2000 * noise)) <= 5 + np.log(2000 / 125) / np.log(1.2)


def test_the_preparation_is_not_watched():
    watch = Watch.of(condition(), rows([0.0], stage=1))
    assert not watch.happened(rows([0.9], stage=1)[0])


def test_frames_in_memory_have_a_bound():
    assert check_memory(condition(), 2000) == 9 * 2000 * 36
    with pytest.raises(InputError, match=r"fine_ps = 2: 9 frames of 10000000 beads .* 3.2 GB"):
        check_memory(condition(), 10_000_000)
    assert check_memory(replace(condition(), output=replace(condition().output, fine_ps=None)), 10**9) == 0


# ---- in a run ---------------------------------------------------------------------------------


def read(out):
    with (out / "order_parameters.csv").open() as file:
        found = [{k: float(row[k]) for k in ("step", "time_ps", "stage", "crystalline_share")} for row in csv.DictReader(file)]  # fmt: skip
    with gsd.hoomd.open(str(out / "trajectory.gsd")) as file:
        assert [f.configuration.step for f in file] == [row["step"] for row in found]
        for frame, row in zip(file, found, strict=True):
            share = frame.log["zeocryst/crystalline_share"][0]
            assert share == pytest.approx(row["crystalline_share"], rel=1e-6)
    return found


@pytest.fixture
def waiting(short):
    """SOD below its melting point, for 40 ps or until it has been crystalline for 3; then cooled."""
    text = short.read_text().replace(
        "time_ps = 4", "time_ps = 40\nuntil = { crystalline_share = 0.9, for_ps = 3 }"
    )
    text = text.replace(
        "[output]", '[[stage]]\nkind = "nvt"\ntemperature_K = [500, 300]\ntime_ps = 1\n[output]'
    )
    short.write_text(text + "fine_ps = 0.1\nbackmap = false\nreport = false\n")
    return short


def test_what_a_stage_waits_for_is_measured(waiting, tmp_path):
    """A column of the table; one that it has not got is named before anything is written."""
    text = waiting.read_text()
    waiting.write_text(text.replace("crystalline_share = 0.9", "q4_share = 0.9"))
    assert "once it has q4_share 0.9 or more for 3 ps" in call("check", waiting).stdout
    waiting.write_text(text.replace("crystalline_share = 0.9", "energy_eV_per_bead = { below = -0.5 }"))
    assert "once it has energy_eV_per_bead below -0.5 for 3 ps" in call("check", waiting).stdout
    waiting.write_text(text.replace("crystalline_share = 0.9", "four_rings = 0.9"))
    for command in (("check", waiting), ("run", waiting, "--out", tmp_path / "out")):
        refused = call(*command)
        assert refused.returncode == 2
        assert "stage 2.until: the run's table has no column 'four_rings'; " in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_run_ends_early_and_says_why(waiting, tmp_path):
    checked = call("check", waiting)
    assert "at most 8400 steps" in checked.stdout
    assert "once it has the crystalline share 0.9 or more for 3 ps" in checked.stdout
    out = tmp_path / "out"
    done = call("run", waiting, "--out", out)
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "summary.json").read_text())
    found = read(out)
    main = [row["time_ps"] for row in found if row["stage"] == 2]
    # the first frame of the stage is 0.5 ps in, and from there on it takes 3 ps; nothing happens in between
    assert main == pytest.approx(1 + 0.5 * np.arange(1, 8))
    assert summary["steps"] == found[-1]["step"] == 1100
    assert summary["time_ps"] == 5.5
    ended = summary["stages"][1]
    assert (ended["time_ps"], ended["at_most_ps"], ended["ended_early"]) == (3.5, 40, True)
    for told in (summary["sentence"], done.stderr, (out / "log.txt").read_text()):
        assert (
            "Stage 2 ended after 3.5 of at most 40 ps, with the crystalline share 0.9 or more for 3 ps." in told
        )


@pytest.mark.alone
def test_a_killed_stage_ends_where_it_would_have(waiting, tmp_path):
    """What held before the interruption counts."""
    waiting.write_text(waiting.read_text().replace("for_ps = 3", "for_ps = 7"))
    out = tmp_path / "out"
    status, errors = interrupt(waiting, out, signal.SIGKILL, wait=8)
    assert status == -signal.SIGKILL, errors
    before = read(out) if (out / "trajectory.gsd").is_file() else []
    assert before[-1]["time_ps"] < 8
    done = call("run", waiting, "--out", out)
    assert done.returncode == 0, done.stderr
    assert [row["time_ps"] for row in read(out) if row["stage"] == 2][-1] == 8.5
    assert json.loads((out / "summary.json").read_text())["steps"] == 1900


def test_a_stage_that_is_over_is_saved_as_over(short, ts):
    """A run that is killed then goes on with the next stage."""
    text = short.read_text().replace(
        "time_ps = 4", "time_ps = 4\nuntil = { crystalline_share = 1, for_ps = 1 }"
    )
    text += '[[stage]]\nkind = "nvt"\ntemperature_K = 500\ntime_ps = 1\n'
    condition = parse_condition(tomllib.loads(text), "c.toml", short.parent)
    engine, _ = choose_engine(ts, "lammps", "cpu", 1)
    saved, written = [], []

    def hooks(frames):
        return Hooks(
            lambda *_: None,
            lambda position, *_: written.append((position.stage, position.step)),
            lambda _, position: saved.append(position),
            lambda: False,
            lambda: len(written) == frames,
        )

    frame = crystal(condition.system, ts)
    simulate(condition, engine, frame, seed=1, position=Position(), hooks=hooks(5))
    # frames 0 to 2 are of the first stage; the second is over with its second frame, number 4, 1 ps in
    assert saved[4] == Position(2, 0, 400, 2.0)
    assert written[4] == (1, 400)
    assert saved[-1] == Position(3, 0, 600, 3.0)
    whole = written.copy()
    written.clear()
    simulate(condition, engine, frame, seed=1, position=saved[4], hooks=hooks(-1))
    assert written == whole[5:]
    assert steps_in_all(condition, Position()) == 1200
    assert steps_in_all(condition, saved[4]) == 600


ENGINES = ["lammps", pytest.param("hoomd", marks=pytest.mark.hoomd)]


@pytest.mark.parametrize("name", ENGINES)
def test_frames_are_dense_where_something_happens(short, tmp_path, name):
    """SOD is overheated in its second, longest stage; it waits in vain for a crystal."""
    offer = engine_modules()[name].offer("cpu")
    if not offer.preference:
        pytest.skip(offer.reason)
    text = short.read_text().replace(
        'kind = "npt"\ntemperature_K = 500\ncoupling = "aniso"\ntime_ps = 4',
        'kind = "nvt"\ntemperature_K = [500, 6000]\ntime_ps = 8\nuntil = { crystalline_share = 1, for_ps = 6 }',
    )
    assert "[500, 6000]" in text
    text = text.replace("interval_ps = 0.5", "interval_ps = 4\nfine_ps = 1\nbackmap = false\nreport = false")
    if name == "hoomd":  # a box of two cut-offs is the least
        text = text.replace("repeat = [2, 2, 2]", "repeat = [3, 3, 3]")
    short.write_text(text)
    out = tmp_path / "out"
    done = call("run", short, "--out", out, "--engine", name)
    assert done.returncode == 0, done.stderr
    found = read(out)
    assert found[0]["crystalline_share"] > 0.9
    assert found[-1]["crystalline_share"] < 0.1
    # the crystal melts in one of the two intervals of the second stage: three frames between the two
    time = [row["time_ps"] for row in found]
    assert time in ([0, 1, 2, 3, 4, 5, 9], [0, 1, 5, 6, 7, 8, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    # temperature and energy are each frame's own
    with (out / "order_parameters.csv").open() as file:
        table = list(csv.DictReader(file))
    for key in ("temperature_K", "energy_eV_per_bead"):
        assert len({row[key] for row in table}) == len(table)
    summary = json.loads((out / "summary.json").read_text())
    assert "Stage 2 ran 8 of at most 8 ps and never had the crystalline share 1 or more" in summary["sentence"]
    assert not summary["stages"][1]["until_met"]
