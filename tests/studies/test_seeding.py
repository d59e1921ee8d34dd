"""Seeding studies as a whole: ladder, batches, regression and theory, where the answer is known.

The seeds here are walks over the barrier of classical nucleation theory with a critical size that was put in
(`seeding_walks`), so that all is judged by it. A run of an engine is in the last test.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from seeding_walks import CRITICAL, DRIVE, FACTOR, QUICK, SHORT, SOURCE, World, found_by, planned

from zeocryst.cli import main
from zeocryst.report.seeding import write_seeding
from zeocryst.studies.points import Done
from zeocryst.studies.seeding_runs import BATCH, SeedRun, outcome_of, read_run, settled


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeding")
    world = World(folder)
    return (*found_by(world, folder, SOURCE + QUICK), world, folder)


def test_a_whole_study_finds_the_barrier_that_was_put_in(whole):
    """Size, barrier, attachment rate and rate against those of the walks, the latter by Becker and Doering's
    sum."""
    summary, runs, plan, _, _ = whole
    [one] = summary["temperatures"]
    low, high = one["critical_size_interval"]
    assert low < CRITICAL < high
    assert high - low < 1.2 * CRITICAL
    assert not low < 2 * CRITICAL < high  # the twin
    assert one["critical_size"] == pytest.approx(CRITICAL, rel=0.2)
    assert one["critical_planted_T"] == pytest.approx(CRITICAL / 0.8, rel=0.25)
    assert one["n_replicas"] + one["n_undecided"] == len(runs) == plan.runs
    low, high = one["barrier_interval_kT"]
    assert low < CRITICAL * DRIVE / 2 < high
    f = FACTOR * CRITICAL ** (2 / 3)
    within = 3 * one["attachment_rate_uncertainty_per_ps"] + 0.1 * f
    assert one["attachment_rate_per_ps"] == pytest.approx(f, abs=within)
    n = np.arange(1, 1000)
    energy = -DRIVE * n + 1.5 * DRIVE * CRITICAL ** (1 / 3) * n ** (2 / 3)
    exact = np.log10(0.0334) - np.log10((np.exp(energy) / (FACTOR * n ** (2 / 3))).sum()) + 42
    low, high = one["log10_rate_interval_per_m3_s"]
    assert low < exact < high
    assert one["crystal_T_per_A3"] == pytest.approx(0.0327, rel=1e-3)
    assert one["waiting_times"][0]["volume_m3"] == pytest.approx(3000 / 0.0334 * 1e-30, rel=1e-3)


def test_seeds_are_planted_where_they_tell_something(whole):
    """First the ladder, then about the critical size, in turn into the melts, with seed numbers of their
    own."""
    _, runs, plan, world, _ = whole
    seeds = [p for p in world.asked if p.facts["kind"] == "seed"]
    ladder = [p.facts["planted_T"] for p in seeds[: len(plan.balls)]]
    assert ladder == sorted(ladder)
    assert ladder[0] < 60
    assert ladder[-1] > 0.12 * 3000
    later = np.array([p.facts["planted_T"] for p in seeds[len(plan.balls) + len(BATCH) :]])
    assert np.median(abs(np.log(later * 0.8 / CRITICAL))) < 0.4
    assert {p.facts["melt"] for p in seeds} == {1, 2, 3, 4}
    assert len({p.condition.seed for p in seeds}) == len(seeds)
    # each seed that is planted has velocities of its own; one that goes on keeps what it has
    assert all(p.condition.system.new_velocities == ("part" not in p.facts) for p in seeds)
    assert any("part" in p.facts for p in seeds)
    hold = seeds[0].condition.stages[1]
    assert hold.hold_seed
    assert hold.kind == "langevin"


def test_the_study_is_deterministic(whole, tmp_path):
    """The same results ask for the same runs in the same order: so an interrupted study goes on."""
    _, _, _, world, _ = whole
    again = World(tmp_path, kept=dict(world.kept))
    found_by(again, tmp_path, SOURCE + QUICK)
    assert [p.name for p in again.asked] == [p.name for p in world.asked]
    assert [p.facts for p in again.asked] == [p.facts for p in world.asked]


def test_the_report_says_everything(whole):
    """Figures, every assumption, links to the runs."""
    summary, runs, _, _, folder = whole
    text = write_seeding(folder, summary, [run.record() for run in runs]).read_text()
    for words in ("capillarity", "largest_grain_sites", "sphere", "Zeldovich", "steady state"):
        assert words in text
    assert text.count("./runs/seed_") == len(runs)
    assert {path.stem for path in (folder / "figures").glob("*.svg")} == {"outcomes", "sizes", "wandering"}
    json.dumps(summary, allow_nan=False)


@pytest.mark.parametrize(
    ("critical", "key", "words"),
    [
        (20_000, "critical_size_above", "critical size is above"),
        (4, "critical_size_below", "critical size is below"),
    ],
)
def test_all_above_or_below_is_said_and_no_number(tmp_path, critical, key, words):
    """All melted, all grew: a bound, what to change, and null."""
    world = World(tmp_path, critical=critical, factor=8.0)
    summary, runs, plan = found_by(world, tmp_path, SOURCE + SHORT + "melts = 1\n")
    [one] = summary["temperatures"]
    assert one["critical_size"] is None
    assert one["barrier_kT"] is None
    assert one["rate_per_m3_s"] is None
    assert words in one["why_not"]["critical_size"]
    assert "temperature" in one["why_not"]["critical_size"]
    assert one[key] > 0
    # no more are run in vain than bound it: five of the outermost ball
    outermost = plan.balls[-1 if key.endswith("above") else 0].n_T
    assert sum(run.planted.n_T == outermost for run in runs) == 5
    assert len(runs) == len(plan.balls) + 4
    assert not summary["found"]
    assert words in summary["sentence"]


def test_a_critical_size_above_all_seeds_is_no_smaller_one(tmp_path):
    """1300 are critical, and of a ball half as many again are counted: the largest seeds begin with 930 of 3000.

    None of them has grown because it is large from the start.
    """
    world = World(tmp_path, critical=1300, counted=1.55, factor=4.0)
    summary, runs, _ = found_by(world, tmp_path, SOURCE + SHORT)
    [one] = summary["temperatures"]
    assert all(run.sizes[-3:].mean() > 1.4 * run.size for run in runs if run.outcome == "grown")
    if one["critical_size"] is None:
        assert one.get("critical_size_above", 0) < 1300
    else:
        assert one["critical_size_interval"][1] is None or one["critical_size_interval"][1] > 1300


def test_a_critical_size_that_is_not_seen_is_no_size(tmp_path):
    """60 are critical, and nuclei of fewer than 100 are not seen: a bound, and by what they may be seen."""
    unseen, seen = tmp_path / "unseen", tmp_path / "seen"
    unseen.mkdir()
    seen.mkdir()
    [one] = found_by(World(unseen, critical=60, sight=100), unseen, SOURCE + SHORT)[0]["temperatures"]
    assert one["critical_size"] is None
    assert one["barrier_kT"] is None
    assert one["critical_size_below"] >= 100
    [one] = found_by(World(seen, critical=60), seen, SOURCE + SHORT)[0]["temperatures"]  # the twin
    low, high = one["critical_size_interval"]
    assert low < 60 < high
    assert not any("not seen" in note for note in one["notes"])


def test_a_critical_size_above_what_is_seen_says_so(tmp_path):
    [one] = found_by(World(tmp_path, critical=200, sight=80), tmp_path, SOURCE + QUICK)[0]["temperatures"]
    low, high = one["critical_size_interval"]
    assert low < 200 < high
    assert not any("Of the crystal itself" in note for note in one["notes"])
    assert any("fewer than about 80 T are not seen" in note for note in one["notes"])


def test_a_size_that_counts_part_of_the_crystal_says_so(tmp_path):
    [one] = found_by(World(tmp_path, seen=0.8), tmp_path, SOURCE + SHORT)[0]["temperatures"]
    assert any("`largest_grain_sites` counts 80 % of the T at 240 K" in note for note in one["notes"])


def test_seeds_that_cannot_be_told_from_the_melt_are_not_planted(tmp_path):
    """A melt that is half ordered by what nuclei are counted by: no seed melts into it, and none grows out of it."""
    world = World(tmp_path, own=500)
    summary, runs, _ = found_by(world, tmp_path, SOURCE + SHORT)
    [one] = summary["temperatures"]
    assert one["critical_size"] is None
    assert "critical_size_above" not in one
    assert "cannot be told apart" in one["why_not"]["critical_size"]
    assert not runs
    assert not [p for p in world.asked if p.facts["kind"] == "seed"]


@pytest.mark.parametrize(
    ("framework", "model", "measure", "size"),
    [
        ("SGT", "ts", "", "largest_solid_sites"),  # eclipsed bonds: ten Wolde's count by l = 3
        ("MFI", "ts", "", "largest_grain_sites"),  # half of its bonds are staggered
        ("dia", "mw", "", "largest_grain_sites"),
        ("dia", "mw", '[output]\nmeasure = ["ice"]\n', "largest_ice_cluster"),
    ],
)
def test_the_size_is_one_that_sees_the_crystal(tmp_path, framework, model, measure, size):
    start = "n_T = 3000\n" + ("" if model == "mw" else "n_S = 150\n")
    text = f'[system]\nstart = "melt"\n{start}[forcefield]\nname = "{model}"\n{measure}'
    text += f'[seeding]\nframework = "{framework}"\ntemperatures_K = [200]\n'
    assert planned(tmp_path, text=text)[1].size == size


def test_runs_near_the_critical_size_are_undecided():
    """Grown to less than one and a half critical sizes: it may turn back; and no end counts without a way there."""
    from zeocryst.studies.seeding_plan import Ball

    def run(first, last, outcome):
        sizes = np.concatenate([np.full(8, float(first)), np.full(8, float(last))])
        return SeedRun("r", 240.0, 1, Ball(9.0, 99, 0), first, outcome, np.arange(16.0), sizes)

    others = [run(n, 0, "melted") for n in (50, 60, 70, 80)] + [run(n, 900, "grown") for n in (120, 130, 140)]
    judged = settled([*others, run(58, 120, "grown")], by_tendency=False)
    assert [one.outcome for one in judged] == [one.outcome for one in others] + ["undecided"]
    stayed = settled([*others, run(400, 405, "undecided"), run(40, 39, "undecided")])
    assert [one.outcome for one in stayed[-2:]] == ["undecided"] * 2
    went = settled([*others, run(200, 320, "undecided"), run(90, 40, "undecided")])
    assert [one.outcome for one in went[-2:]] == ["grown", "melted"]


def test_runs_that_failed_are_counted(tmp_path):
    """And a seed in another melt is another run: a study that goes on asks for no other run of the same name."""

    class Failing(World):
        def run(self, points, say=""):
            done = super().run(points, say)
            return [
                Done(d.point, d.folder, None, "no engine") if d.point.name.startswith(self.broken) else d
                for d in done
            ]

    world = Failing(tmp_path)
    world.broken = ("seed_240K_002", "melt_240K_1")
    summary, runs, _ = found_by(world, tmp_path, SHORT)
    [one] = summary["temperatures"]
    assert one["n_failed"] == 1
    assert any("1 of 16 seeds" in note for note in one["notes"])
    seeds = {p.name: p for p in world.asked if p.facts["kind"] == "seed"}
    assert {p.facts["melt"] for p in seeds.values()} == {2, 3, 4}
    assert all(f"melt_240K_{p.facts['melt']}" in p.condition.system.file for p in seeds.values()
               if "part" not in p.facts)  # fmt: skip
    later = World(tmp_path, kept=dict(world.kept))
    found_by(later, tmp_path, SHORT)
    for p in later.asked:
        if p.facts["kind"] == "seed" and p.name in seeds:
            assert p.condition == seeds[p.name].condition
    world.broken = ("seed",)
    from zeocryst.errors import SimulationError

    with pytest.raises(SimulationError, match="no seed could be run"):
        found_by(world, tmp_path, SHORT)


def test_a_melt_that_crystallized_is_none(tmp_path):
    """It is not planted into; without any the study ends."""
    from zeocryst.errors import SimulationError

    with pytest.raises(SimulationError, match="crystallized"):
        found_by(World(tmp_path, melt_share=0.6), tmp_path, SHORT)


def test_undecided_runs_are_said_and_left_out(tmp_path):
    """Watched too short a time, most neither grew nor melted."""
    summary, runs, _ = found_by(World(tmp_path, factor=0.02), tmp_path, SOURCE + SHORT)
    [one] = summary["temperatures"]
    assert one["n_undecided"] == sum(run.outcome == "undecided" for run in runs) > 0
    text = " ".join(one["notes"]) + str(one["why_not"])
    assert "time_ps" in text


def test_an_open_interval_gives_no_barrier(tmp_path, monkeypatch):
    """A size whose upper bound nobody knows, and no barrier with any error."""
    from zeocryst.studies import seeding_results

    fit = seeding_results.critical_size
    monkeypatch.setattr(seeding_results, "critical_size", lambda n, g: replace(fit(n, g), high=None))
    summary, _, _ = found_by(World(tmp_path), tmp_path, SOURCE + SHORT.replace("runs = 16", "runs = 6"))
    [one] = summary["temperatures"]
    assert one["critical_size"] is not None
    assert one["barrier_kT"] is None
    assert one["rate_per_m3_s"] is None
    assert "more runs are needed" in one["why_not"]["barrier_kT"]
    assert "(" in summary["sentence"]
    assert "nan" not in summary["sentence"]


@pytest.mark.parametrize("doubtful", [True, False])
def test_a_doubtful_attachment_rate_is_marked(whole, tmp_path, monkeypatch, doubtful):
    """Early and late lags differ: no rate of nucleation is told, and the table says why."""
    from zeocryst.studies import seeding_results

    found = seeding_results.attachment_rate
    monkeypatch.setattr(
        seeding_results, "attachment_rate", lambda *known: replace(found(*known), diffusive=not doubtful)
    )
    world = World(tmp_path, kept=dict(whole[3].kept))
    summary, runs, _ = found_by(world, tmp_path, SOURCE + QUICK)
    [one] = summary["temperatures"]
    assert (one["rate_per_m3_s"] is None) == ("rate_per_m3_s" in one["why_not"]) == doubtful
    assert one["barrier_kT"] is not None
    page = write_seeding(tmp_path, summary, [run.record() for run in runs]).read_text()
    assert ("(doubtful)</td>" in page) == doubtful
    assert ("attachment rate is doubtful." in page) == doubtful


@pytest.mark.parametrize(("errors", "told"), [(0.7, False), (0.3, True)])
def test_an_attachment_rate_that_may_be_none_gives_no_rate(whole, tmp_path, monkeypatch, errors, told):
    """A rate of less than two of its errors; the barrier stands, and what the rate was is told."""
    from zeocryst.studies import seeding_results

    found = seeding_results.attachment_rate

    def unsure(*known):
        made = found(*known)
        return replace(made, error_per_ps=errors * made.per_ps, diffusive=True)

    monkeypatch.setattr(seeding_results, "attachment_rate", unsure)
    summary, _, _ = found_by(World(tmp_path, kept=dict(whole[3].kept)), tmp_path, SOURCE + QUICK)
    [one] = summary["temperatures"]
    assert one["barrier_kT"] is not None
    assert one["attachment_rate_per_ps"] > 0
    assert (one["rate_per_m3_s"] is not None) == told
    assert ("is not told from none" in one["why_not"].get("rate_per_m3_s", "")) != told
    assert any("is not told from none" in note for note in one["notes"]) != told


def test_seeds_of_which_nothing_is_counted_are_of_one_size(tmp_path):
    """0 and 0.3 T, one melted and one grown: a reason, and no error of the fit."""
    from zeocryst.studies.seeding_plan import Ball
    from zeocryst.studies.seeding_results import _undecidable

    _, plan = planned(tmp_path)
    ball, time = Ball(9.0, 99, 0), np.arange(3.0)
    runs = [
        SeedRun("r", 240.0, 1, ball, size, outcome, time, np.full(3, size))
        for size, outcome in ((0.0, "melted"), (0.3, "grown"))
    ]
    assert "counted as the same size" in _undecidable(plan, runs, runs, {})
    assert _undecidable(plan, [runs[0], replace(runs[1], size=30.0)], runs, {}) is None


def test_the_headline_tells_how_many_runs_and_whether_they_are_separated(whole):
    """Runs that are left out, and an interval that is a gap, change what the number is worth."""
    from zeocryst.studies.seeding_results import _sentence

    [one] = whole[0]["temperatures"]
    plain = one | {"n_replicas": 36, "n_undecided": 0, "separated": False}
    assert _sentence(240.0, plain).endswith("(36 runs).")
    assert _sentence(240.0, plain | {"n_undecided": 4}).endswith("(36 of 40 runs, the others undecided).")
    separated = _sentence(240.0, plain | {"separated": True})
    assert separated.endswith("(36 runs; all that grew were larger than all that melted).")


def test_outcomes_and_first_sizes():
    """The size is the mean of the first frames after it was let go; the last ones decide."""
    facts = {"temperature_K": 240.0, "melt": 1, "radius_A": 9.0, "planted_T": 99, "planted_S": 0}
    rows = [{"stage": 1, "time_ps": 5.0, "largest_grain_sites": 1}]
    sizes = [60, 70, 80, 90, 300, 300, 300]
    rows += [{"stage": 2, "time_ps": 5.0 + k, "largest_grain_sites": n} for k, n in enumerate(sizes, 1)]
    bounds = {"column": "largest_grain_sites", "melted_below": 20}
    run = read_run("a", facts, rows, **bounds)
    assert (run.size, run.outcome, run.time_ps[0]) == (75.0, "grown", 1.0)
    assert read_run("a", facts, rows, first=2, **bounds).size == 65.0
    assert read_run("a", facts, rows[:1], **bounds) is None
    high = [{**row, "largest_grain_sites": 930 + 5 * k} for k, row in enumerate(rows)]
    assert read_run("a", facts, high, **bounds).outcome == "undecided"  # large from the start is not grown
    assert outcome_of(np.array([300.0, 20, 10, 0]), melted_below=20, grown_from=250) == "melted"
    assert outcome_of(np.array([300.0, 200, 100, 100]), melted_below=20, grown_from=250) == "undecided"


SMALL = """
name = "small"
seed = 2
[system]
start = "melt"
n_T = 700
[forcefield]
name = "mw"
[output]
measure = ["ice"]
[seeding]
temperatures_K = [260]
framework = "dia"
size = "largest_ice_cluster"
radii_A = [7, 9.7]
runs = 4
melts = 1
hot_K = 500
melt_ps = 2
cool_ps = 3
settle_ps = 5
hold_ps = 1
time_ps = 30
interval_ps = 1.5
timestep_fs = 10
driving_force_eV = 0.0029
"""


@pytest.mark.slow
def test_small_study_of_ice_by_an_engine(tmp_path, capsys):
    """At 260 K balls of 50 and 130 molecules melt: some 7900 were published as critical (Espinosa et al., 2014).

    So there is a bound, and no number. Called again, nothing is run again.
    """
    file, out = tmp_path / "study.toml", tmp_path / "out"
    file.write_text(SMALL)
    argv = ["seeding", str(file), "--out", str(out), "--json", "--quiet"]
    assert main(argv) == 0
    summary = json.loads(capsys.readouterr().out)
    [one] = summary["temperatures"]
    assert one["n_melted"] == 4
    assert one["n_grown"] == 0
    assert one["critical_size"] is None
    assert 30 < one["critical_size_above"] < 130
    assert one["barrier_kT"] is None
    assert "larger ones" in one["why_not"]["critical_size"]
    assert (out / "report.html").is_file()
    began = (out / "log.txt").read_text().count("begins")
    assert began == 6  # a crystal, a melt, two seeds, and two more of the larger one
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out) == summary
    assert (out / "log.txt").read_text().count("begins") == began
