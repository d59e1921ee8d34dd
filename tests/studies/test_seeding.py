"""Seeding studies: what they run next, and what they say, where the answer is known.

The seeds here are walks over the barrier of classical nucleation theory with a critical size that was put in
(`World`), so that the whole study, ladder, batches, regression and theory, is judged by it. Runs of an engine
are in the last tests.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from zeocryst.cli import main
from zeocryst.errors import InputError
from zeocryst.report.seeding import write_seeding
from zeocryst.studies.points import Done
from zeocryst.studies.reading import read_study
from zeocryst.studies.seeding import measure_nuclei, read_seeding_study
from zeocryst.studies.seeding_plan import Balls, read_seeding
from zeocryst.studies.seeding_results import driving_force
from zeocryst.studies.seeding_runs import BATCH, SeedRun, next_balls, outcome_of, read_run, settled
from zeocryst.studies.seeding_sources import melting_of
from zeocryst.units import BOLTZMANN_EV_PER_K

WATER = """
name = "nuclei"
seed = 5
[system]
start = "melt"
n_T = 3000
[forcefield]
name = "mw"
[seeding]
temperatures_K = [240]
framework = "dia"
"""
T, CRITICAL, DRIVE, FACTOR = 240.0, 140, 0.4, 2.0
KT = BOLTZMANN_EV_PER_K * T


def planned(tmp_path, own="", text=WATER):
    file = tmp_path / "study.toml"
    file.write_text(f"{text}\n{own}")
    return read_seeding_study(file)


@dataclass
class World:
    """A folder whose seeds are walks: `critical` T are critical, and of a planted ball `counted` are
    counted."""

    root: Path
    critical: float = CRITICAL
    drive: float = DRIVE
    factor: float = FACTOR
    counted: float = 0.8
    noise: float = 3.0
    melt_share: float = 0.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    asked: list = field(default_factory=list)
    said: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)

    def run(self, points, say=""):
        self.asked += points
        for p in points:  # a condition wants the file that it starts from
            (self.root / p.name).mkdir(exist_ok=True)
            (self.root / p.name / "trajectory.gsd").touch()
        return [Done(p, self.root / p.name, {"n_T": 3000, "n_S": 0}) for p in points]

    def say(self, message):
        self.said.append(message)

    def rows(self, done):
        if done.point.name not in self.kept:
            facts = done.point.facts
            self.kept[done.point.name] = self.seed(done) if facts["kind"] == "seed" else self.bulk(facts)
        return self.kept[done.point.name]

    def bulk(self, facts):
        """Twenty frames of a melt 60 meV above the crystal, with densities that are known."""
        crystal = facts["kind"] == "crystal"
        return [
            {
                "stage": 4, "time_ps": float(k), "crystalline_share": 1.0 if crystal else self.melt_share,
                "energy_eV_per_bead": (-0.50 if crystal else -0.44) + 1e-4 * self.rng.normal(),
                "density_T_per_1000A3": (32.7 if crystal else 33.4) + 1e-2 * self.rng.normal(),
                "largest_grain_sites": float(self.rng.integers(0, 8)),
            }
            for k in range(20)
        ]  # fmt: skip

    def seed(self, done):
        """A walk of at most the stage's time, a frame every interval, that ends where the condition says."""
        stage, every = done.point.condition.stages[-1], done.point.condition.output.interval_ps
        low, high = (until.value for until in stage.ends)
        facts, t, frames = done.point.facts, 0.0, []
        at = max(2, round(self.counted * facts["planted_T"]))
        if "part" in facts:  # it goes on from where it was
            before = facts["seed_run"] + (f"_part{facts['part'] - 1}" if facts["part"] > 2 else "")
            at = max(2, round(self.kept[before][-1]["largest_grain_sites"]))
        n = np.arange(1, 2500)
        energy = -self.drive * n + 1.5 * self.drive * self.critical ** (1 / 3) * n ** (2 / 3)
        up = self.factor * n ** (2 / 3)
        down = np.concatenate([[0.0], up[:-1] * np.exp(np.diff(energy))])
        while t < stage.time_ps and not (
            len(frames) > 3 and (min(frames[-3:]) >= high or max(frames[-3:]) < low)
        ):
            f, g = up[at - 1], down[at - 1]
            t += self.rng.exponential(1 / (f + g))
            at = min(max(at + (1 if self.rng.random() < f / (f + g) else -1), 1), 2400)
            while (len(frames) + 1) * every < t:
                frames.append(max(0.0, at + self.noise * self.rng.normal()))
        stage, begin = (1, 0.0) if "part" in facts else (3, 7.0)
        rows = [{"stage": 2, "time_ps": begin, "largest_grain_sites": 0.0}]
        return rows + [
            {"stage": stage, "time_ps": begin + every * (k + 1), "largest_grain_sites": s}
            for k, s in enumerate(frames)
        ]


def found_by(world, tmp_path, own="", text=WATER):
    study, plan = planned(tmp_path, own, text)
    summary, runs = measure_nuclei(world, study, plan, melting_of(plan, study.folder))
    return summary, runs, plan


SOURCE = f"driving_force_eV = [{DRIVE * KT}]\ndriving_force_uncertainty_eV = [{0.02 * DRIVE * KT}]\n"
MELTING = "melting_point_K = 274.6\nmelting_point_uncertainty_K = 1\n"
QUICK = "time_ps = 40\ninterval_ps = 0.1\nsettle_ps = 10\nhold_ps = 2\nruns = 40\ntimes = 2\n"
SHORT = QUICK.replace("runs = 40", "runs = 16")


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


def test_without_a_driving_force_the_size_is_given_all_the_same(tmp_path):
    """Barrier null with the reason."""
    summary, _, _ = found_by(World(tmp_path), tmp_path, SHORT)
    [one] = summary["temperatures"]
    low, high = one["critical_size_interval"]
    assert low < CRITICAL < high
    assert one["barrier_kT"] is None
    assert "melting_point_K" in one["why_not"]["barrier_kT"]
    assert one["attachment_rate_per_ps"] > 0


def test_driving_force_by_gibbs_and_helmholtz_from_its_own_enthalpies(tmp_path):
    """60 meV at both temperatures: dmu = dH (1 - T/Tm), by hand."""
    world = World(tmp_path)
    summary, _, _ = found_by(world, tmp_path, SHORT + MELTING)
    [one] = summary["temperatures"]
    assert one["driving_force_eV_per_T"] == pytest.approx(0.060 * (1 - 240 / 274.6), rel=0.01)
    moved = 240 * 0.06 / 274.6**2  # a melting point of one kelvin more
    assert one["driving_force_uncertainty_eV_per_T"] == pytest.approx(moved, rel=0.1)
    assert {p.facts["temperature_K"] for p in world.asked if p.facts["kind"] == "crystal"} == {240.0, 274.6}


def test_driving_force_of_a_melting_study(tmp_path):
    """Its folder is named in the file; one without a driving force is refused."""
    from zeocryst.studies.driving import DrivingForce, fit_enthalpy, record_of

    force = DrivingForce(274.0, 1.0, fit_enthalpy([240, 274], [0.05, 0.055], [1e-3, 1e-3]))
    (tmp_path / "melted").mkdir()
    (tmp_path / "melted" / "summary.json").write_text(json.dumps({"driving_force": record_of(force, [240.0])}))
    summary, _, _ = found_by(World(tmp_path), tmp_path, SHORT + 'melt = "melted"\n')
    assert summary["temperatures"][0]["driving_force_eV_per_T"] == pytest.approx(force.at(240.0)[0])
    assert "melting study melted" in " ".join(summary["assumptions"])
    (tmp_path / "melted" / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="has no driving force"):
        found_by(World(tmp_path), tmp_path, SHORT + 'melt = "melted"\n')
    with pytest.raises(InputError, match="folder of a finished melting study"):
        found_by(World(tmp_path), tmp_path, SHORT + 'melt = "nowhere"\n')


OTHER = {
    '"forcefield": "sw-silicon"': "force field",
    '"framework": "SGT"': "framework SGT",
    '"pressure_bar": 1000': "pressure of 1000 bar",
    '"S_per_T": 0.1': "S for each T",
    '"melting_point_K": 235': "at or above the melting point of 235 K",
}


@pytest.mark.parametrize(("key", "words"), OTHER.items(), ids=list(OTHER))
def test_a_melting_study_of_something_else_is_refused(tmp_path, key, words):
    """Silicon's melting point says nothing about water; another time step and dia for lon are said."""
    from zeocryst.studies.driving import DrivingForce, fit_enthalpy, record_of
    from zeocryst.studies.seeding_sources import of_another

    force = record_of(DrivingForce(274.0, 1.0, fit_enthalpy([240, 274], [0.05, 0.055], [1e-3, 1e-3])), [240.0])
    good = {"forcefield": "mw", "framework": "lon", "pressure_bar": 0.0, "S_per_T": 0.0, "timestep_fs": 2.0}
    _, plan = planned(tmp_path, 'melt = "m.json"')
    (tmp_path / "m.json").write_text(json.dumps(good | {"driving_force": force}))
    assert len(of_another(plan, melting_of(plan, tmp_path))) == 2
    other = json.loads("{" + key + "}")
    if "melting_point_K" in other:
        force, other = force | other, {}
    (tmp_path / "m.json").write_text(json.dumps(good | other | {"driving_force": force}))
    with pytest.raises(InputError, match=words):
        melting_of(plan, tmp_path)


def test_enthalpies_of_unlike_compositions_are_no_driving_force(tmp_path):
    """SGT has an S for 16 T (4 in 64): a melt with 125 for 2000 has the same, with 140 another."""
    from zeocryst.studies.seeding_sources import unlike_composition

    text = (
        '[system]\nstart = "melt"\nn_T = 2000\nn_S = {}\n[seeding]\ntemperatures_K = [500]\nframework = "SGT"\n'
    )
    text += "melting_point_K = 700\n"
    assert unlike_composition(planned(tmp_path, "", text.format(125))[1]) is None
    _, plan = planned(tmp_path, "", text.format(140))
    measured, why = driving_force(plan, {}, None)(500.0)
    assert measured is None
    assert "n_S = 125" in why
    _, plan = planned(tmp_path, "", text.format("125\ndensity_T_per_1000A3 = 15.5"))
    assert plan.melt_system()["density_T_per_1000A3"] == 15.5
    assert planned(tmp_path, "", text.format(125))[1].melt_system()["density_T_per_1000A3"] > 16


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
    from dataclasses import replace

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
    from dataclasses import replace

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


def test_next_balls_after_separation_lie_between(tmp_path):
    """All up to 100 melted, all from 200 on grew: the next ones are tried between."""
    _, plan = planned(tmp_path)
    from zeocryst.model.forcefield import read_forcefield

    balls = Balls("dia", 20.0, read_forcefield("mw"), with_S=False)
    runs = [
        SeedRun(
            "r",
            240.0,
            1,
            balls.nearest(n),
            n,
            "grown" if n > 150 else "melted",
            np.arange(3.0),
            np.full(3, 4 * n if n > 150 else 0.0),
        )
        for n in (50.0, 80.0, 100.0, 200.0, 300.0)
    ]
    chosen = next_balls(plan, balls, runs, 5)
    assert len(chosen) == len(BATCH)
    assert all(80 < one.n_T < 260 for one in chosen)
    assert next_balls(plan, balls, [runs[0]] * 3, 3) == []


def test_balls_have_what_they_say():
    """Number of T by radius against counting, for a crystal with S; the nearest to a wanted number."""
    from zeocryst.condition import Seed
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.solution.aggregate import ball

    model = read_forcefield("ts")
    balls = Balls("SGT", 16.0, model, with_S=True)
    for wanted in (20, 60, 150):
        one = balls.nearest(wanted)
        _, kinds = ball(Seed("SGT", one.radius_A), model, with_S=True)
        assert one.n_T == (kinds == model.types.index("T")).sum()
        assert one.n_S == (kinds == model.types.index("S")).sum()
        assert one.n_T == pytest.approx(wanted, rel=0.2)


BAD = {
    "temperatures_K = [240, 240]": "different temperatures",
    'framework = "SDO"': "SDO",
    "radii_A = [40, 50]": "needs a box of at least",
    "radii_A = [12]": "at least two different radii",
    'size = "largest_grain"': "column of a run's table",
    'melt = "x"\nmelting_point_K = 270': "one source of the driving force",
    "hold_ps = 500\ntime_ps = 400": "more than a seed is held",
    "settle_ps = 500\ntime_ps = 40": "settle_ps .*less than ten times",
    "driving_force_eV = [0.1, 0.2]": "list of 1",
    "radii_A = [8, 8.0]": "at least two different radii",
    "runs = 2": "at least 4",
    "melting_point_K = 235": "240 K at or above the melting point",
    "driving_force_eV = 0": "numbers above 0",
    "hot_K = 250": "at least 288",
    "temperature_K = 240": "temperatures_K",
}


@pytest.mark.parametrize(("own", "words"), BAD.items(), ids=list(BAD))
def test_bad_studies_are_refused(tmp_path, own, words):
    """One message each, which names the cure."""
    base = WATER
    for line in own.splitlines():
        key = line.partition(" =")[0]
        base = "\n".join(old for old in base.splitlines() if not old.startswith(f"{key} ="))
    with pytest.raises(InputError, match=words):
        planned(tmp_path, own, base)


def test_a_melt_without_what_the_crystal_needs_is_refused(tmp_path):
    """SGT has S in its cages: a melt of too few S, or a net without cages in a melt with S."""
    melt = '[system]\nstart = "melt"\nn_T = 2000\n{}\n[seeding]\ntemperatures_K = [600]\nframework = "{}"\n'
    for s, code, words in ((3, "SGT", "at least 25 S"), (100, "dia", "place for an S")):
        with pytest.raises(InputError, match=words):
            planned(tmp_path, "", melt.format(f"n_S = {s}", code))
    with pytest.raises(InputError, match="too small for seeds"):
        planned(tmp_path, "", melt.format("n_S = 40", "SGT").replace("2000", "400"))
    gel = '[system]\nstart = "gel"\nn_T = 500\nn_S = 40\ndensity_T_per_1000A3 = 1\n'
    with pytest.raises(InputError, match="melts that the study makes itself"):
        planned(tmp_path, "", gel + '[seeding]\ntemperatures_K = [600]\nframework = "SGT"\n')


def test_composition_of_a_framework(tmp_path):
    """The melt has the crystal's T and S, in a cube; every default is in the table."""
    text = '[system]\nstart = "framework"\nframework = "SGT"\nrepeat = [4, 4, 2]\n'
    text += "[seeding]\ntemperatures_K = [600]\n"
    study, plan = planned(tmp_path, "", text)
    assert (plan.n_T, plan.n_S) == (64 * 32, 4 * 32)
    table = plan.table()
    again = tmp_path / "again.toml"
    again.write_text(study.to_toml(table))
    from zeocryst.studies.seeding_plan import KEYS

    second = read_study(again, "seeding", KEYS)
    trial = second.condition(name="x", seed=1, stages=[{"kind": "minimize"}])
    assert read_seeding(second.own, trial, timestep_fs=5.0).table() == table


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


def test_published_count_of_ice_in_the_shipped_study():
    """Every molecule of both ices is solid by averaged q6, and of random points hardly one is."""
    import runpy

    from zeocryst.condition import System
    from zeocryst.model.forcefield import read_forcefield
    from zeocryst.network.bonds import network_of_frame
    from zeocryst.solution.start import crystal, melt

    shipped = Path(__file__).resolve().parents[2] / "runs" / "ice_seeding" / "averaged_q6.py"
    count = runpy.run_path(str(shipped))["averaged_q6"]
    model = read_forcefield("mw")
    for code, cells in (("dia", (3, 3, 3)), ("lon", (5, 5, 3))):
        network, _ = network_of_frame(crystal(System("framework", code, cells), model))
        assert count(network).values["largest_q6_cluster"] == network.n_sites
    liquid = melt(System("melt", n_T=400, n_S=0, density_T_per_1000A3=33.5), model, np.random.default_rng(0))
    assert count(network_of_frame(liquid)[0]).values["largest_q6_cluster"] < 20
