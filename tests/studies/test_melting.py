"""Melting studies: what they run next, and what they say, where the answer is known.

The runs here are walks with a drift that is known (`World`), so that the whole study, search, moves, regression and
sentence, is judged by a melting point that was put in. Runs of an engine are in the last test.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from zeocryst.errors import InputError
from zeocryst.report.melting import write_melting
from zeocryst.studies.fronts import FAILED, GREW, SHRANK, UNDECIDED, bracket, front_run, mean_speeds, sign_of
from zeocryst.studies.melting import Melting
from zeocryst.studies.melting_plan import KEYS
from zeocryst.studies.melting_summary import summarize
from zeocryst.studies.points import Done
from zeocryst.studies.reading import read_study
from zeocryst.studies.scales import Scales, choose_repeat, interval, rounded

ICE = """
name = "ice"
seed = 3
[system]
start = "framework"
framework = "dia"
[forcefield]
name = "mw"
"""


def melting(tmp_path, text, own=""):
    file = tmp_path / "study.toml"
    file.write_text(f"{text}\n[melt]\n{own}")
    return Melting.of(read_study(file, "melt", KEYS))


@dataclass
class World:
    """A folder whose fronts walk with a drift of ``slope (T - melting)``, and whose enthalpies are lines."""

    melting_K: float
    slope: float = -3.5
    diffusion: float = 30.0
    half: float = 14.0
    box: float = 62.0
    frozen_K: float = 0.0
    breaks: bool = False
    stable: float = 1.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    asked: list = field(default_factory=list)

    def run(self, points, say=""):
        return [self.one(point) for point in points]

    def one(self, point):
        self.asked.append(point.name)
        if self.breaks:
            return Done(point, Path(point.name), None, "the run exploded")
        if point.facts["what"] != "fronts":
            return Done(point, Path(point.name), {"n_T": 512, "n_S": 0})
        stage = point.condition.stages[-1]
        drift = self.slope * (stage.temperature_K[0] - self.melting_K)
        diffusion = self.diffusion
        if stage.temperature_K[0] < self.frozen_K:
            drift, diffusion = 0.0, self.diffusion / 1e4
        step, x, n = 0.002, 0.0, 0
        while abs(x) < self.half and 1000 * step * n < stage.time_ps:
            x += drift * step + self.rng.normal(0, (diffusion * step) ** 0.5)
            n += 1
        time = n * step
        share = 0.5 + 2 * x / self.box
        end = 1.0 if x >= self.half else 0.0 if x <= -self.half else share
        growth = {
            "front_speed_A_per_ns": x / time,
            "front_speed_uncertainty_A_per_ns": (diffusion / time) ** 0.5,
            "from_ps": 0.0,
            "to_ps": 1000 * time,
            "why_not": {},
            "sentence": "",
        }
        summary = {"growth": growth, "crystalline_share": {"start": 0.5, "end": end}, "n_T": 1280, "n_S": 0}
        return Done(point, Path(point.name), summary)

    def rows(self, done):
        if done.point.facts["what"] == "fronts":
            return [{"stage": 1, "crystalline_share": self.stable}]
        t, crystal = done.point.facts["temperature_K"], done.point.facts["what"] == "crystal"
        energy = (-0.51 if crystal else -0.455) + (t - 270) * (1.3e-4 if crystal else 2.5e-4)
        noise = self.rng.normal(0, 1e-4, 100)
        return [
            {"stage": 2, "crystalline_share": float(crystal), "energy_eV_per_bead": energy + e,
             "density_T_per_1000A3": 32.8}
            for e in noise
        ]  # fmt: skip

    def say(self, message):
        pass

    log = say


# ---- what is run ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "kelvin", "tau"), [("mw", 3114.4, 0.1996), ("sw_silicon", 25162, 0.0768)])
def test_units_of_published_models(model, kelvin, tau):
    """Molinero and Moore's epsilon is 6.189 kcal/mol; silicon's tau is 7.6634e-14 s (Stillinger and Weber)."""
    from zeocryst.model.forcefield import read_forcefield

    found = Scales.of(read_forcefield(model))
    assert found.kelvin == pytest.approx(kelvin, rel=1e-3)
    assert found.time_ps == pytest.approx(tau, rel=3e-3)


def test_a_box_is_longest_across_the_face_and_wide_enough():
    cell = np.diag([10.24, 10.24, 34.38])
    for face in range(3):
        count = choose_repeat(cell, face, 65.0, 26.0)
        edges = np.array(count) * np.diag(cell)
        assert edges.argmax() == face
        assert edges[face] >= 0.9 * 65
        assert np.delete(edges, face).min() >= 0.9 * 26
    hexagonal = np.array([[4.4, 0, 0], [-2.2, 3.81, 0], [0, 0, 7.2]])
    count = choose_repeat(hexagonal, 0, 57.0, 23.0)
    lengths = np.linalg.norm(hexagonal, axis=1) * count
    assert lengths.argmax() == 0
    assert lengths[1] * np.sin(np.pi / 3) >= 0.9 * 23


def test_intervals_are_round():
    assert [rounded(x) for x in (0.033, 8.2, 1.2, 36.0)] == pytest.approx([0.05, 10, 1, 50])
    assert interval(600, 60) == 10


def test_the_defaults_of_three_models(tmp_path):
    for model, framework in (("mw", "lon"), ("sw_silicon", "dia"), ("ts", "SGT"), ("ts", "SOD")):
        text = ICE.replace("mw", model).replace("dia", framework)
        plan = melting(tmp_path, text, 'faces = ["a", "c"]').plan
        stages = plan.front_stages(300.0, plan.time_ps)
        assert [s["kind"] for s in stages] == ["npt", "langevin", "langevin", "npt", "npt"]
        assert set(plan.repeats) == {"a", "c"}
        # all of it is a condition that can be run
        study = melting(tmp_path, text)
        point = study._front_point("a", 0.9 * plan.hot_K / 3, 1)
        assert point.condition.stages[-1].until is not None
        assert point.condition.main_stage == 4
        assert 600 < np.prod(plan.repeats["a"]) * study.cell.count("T") < 3000


def test_the_study_with_its_defaults_reads_back(tmp_path):
    first = melting(tmp_path, ICE, "replicas = 2")
    text = first.text()
    again = tmp_path / "again.toml"
    again.write_text(text)
    assert Melting.of(read_study(again, "melt", KEYS)).plan == first.plan


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("temperatures_K = [600]", "at least 2 different temperatures"),
        ("temperatures_K = [-3, 600]", "above 0"),
        ("time_ps = -5", "more than 0"),
        ("melt_ps = -5", "more than 0"),
        ('faces = ["d"]', "a, b or c"),
        ("faces = []", "a, b or c"),
        ('faces = ["a", "a"]', "each once"),
        ("search_K = [300, 200]", "lower temperature first"),
        ("replicas = 0", "at least 1"),
        ("length_A = 10", "length_A"),
        ("time_ps = 70", "twice the longest preparation"),
        ("hot_K = 250", "highest temperature"),
        ("timesteps = 5", "unknown key"),
    ],
)
def test_a_bad_study_is_a_sentence(tmp_path, own, message):
    with pytest.raises(InputError) as error:
        melting(tmp_path, ICE, own)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("repeat", "face", "message"),
    [
        ("[4, 3, 3]", "a", "too thin"),
        ("[1, 1, 1]", "a", "too thin"),
        ("[10, 1, 4]", "a", "too narrow"),
        ("[10, 8, 4]", "b", "not longest along b"),
    ],
)
def test_a_box_that_will_not_do_says_what_to_change(tmp_path, repeat, face, message):
    text = ICE.replace('framework = "dia"', f'framework = "dia"\nrepeat = {repeat}')
    with pytest.raises(InputError, match=message) as error:
        melting(tmp_path, text, f'faces = ["{face}"]')
    assert "leave repeat out" in str(error.value)


def test_an_ordinary_condition_has_its_boxes_chosen_and_a_study_keeps_its_own(tmp_path):
    text = ICE.replace('framework = "dia"', 'framework = "dia"\nrepeat = [3, 3, 3]')
    file = tmp_path / "condition.toml"
    file.write_text(text + '[[stage]]\nkind = "minimize"\n')
    study = Melting.of(read_study(file, "melt", KEYS))
    said = study.chosen_boxes()
    assert "[3, 3, 3]" in said
    assert str(list(study.plan.repeats["a"])) in said
    # what it wrote down chooses the same, and says nothing
    (tmp_path / "again.toml").write_text(study.text())
    again = Melting.of(read_study(tmp_path / "again.toml", "melt", KEYS))
    assert again.plan == study.plan
    assert "repeat" not in again.study.content["system"]
    assert again.chosen_boxes() is None
    assert again.text() == study.text()
    with pytest.raises(InputError, match="too thin"):
        melting(tmp_path, text)
    kept = melting(tmp_path, text.replace("[3, 3, 3]", "[12, 4, 4]"))
    assert kept.plan.repeats["a"] == (12, 4, 4)
    assert kept.chosen_boxes() is None
    (tmp_path / "kept.toml").write_text(kept.text())
    assert Melting.of(read_study(tmp_path / "kept.toml", "melt", KEYS)).plan == kept.plan


def test_a_default_that_is_too_low_is_said_to_be_one(tmp_path):
    with pytest.raises(InputError, match="by default half of the box is melted at 780 K") as error:
        melting(tmp_path, ICE, "temperatures_K = [700, 900]")
    assert "900 K" in str(error.value)


def test_a_finished_study_is_told_as_it_was(tmp_path):
    from zeocryst.studies.melting_study import melt
    from zeocryst.studies.running import StudyOptions

    file = tmp_path / "study.toml"
    file.write_text(f"{ICE}\n[melt]\n")
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    (out / "study.toml").write_text(Melting.of(read_study(file, "melt", KEYS)).text())
    (out / "points.csv").write_text("name\nx\n")
    (out / "summary.json").write_text('{"sentence": "it melts", "melting_point_K": null}')
    found = melt(file, out, StudyOptions(quiet=True))
    assert found == {"sentence": "it melts", "melting_point_K": None}


def test_a_start_that_is_no_crystal_is_refused(tmp_path):
    text = ICE.replace('start = "framework"', 'start = "melt"\nn_T = 500').replace('framework = "dia"', "")
    with pytest.raises(InputError, match="framework, or file"):
        melting(tmp_path, text)


# ---- what a run tells -----------------------------------------------------------------------------

FACTS = {"face": "a", "temperature_K": 270.0, "replica": 1}


def told(start, end, speed, error, why=None):
    growth = {
        "front_speed_A_per_ns": speed, "front_speed_uncertainty_A_per_ns": error, "from_ps": 0.0, "to_ps": 500.0,
        "why_not": {"fronts": why} if why else {}, "sentence": "said",
    }  # fmt: skip
    return front_run("x", FACTS, {"growth": growth, "crystalline_share": {"start": start, "end": end}}, None)


def test_outcomes():
    assert told(0.5, 0.99, 30.0, 20.0).outcome == GREW
    assert told(0.5, 0.02, -30.0, 20.0).outcome == SHRANK
    assert told(0.5, 0.55, 3.0, 2.0).outcome == UNDECIDED
    assert told(0.5, 0.6, 5.0, 2.0).outcome == GREW
    gone = told(0.05, 0.0, None, None, "no slab")
    assert (gone.outcome, gone.speed_A_per_ns) == (SHRANK, None)
    assert "slab had melted" in gone.note
    full = told(0.95, 1.0, 5.0, 1.0)
    assert (full.outcome, full.speed_A_per_ns, full.time_ns) == (GREW, None, 0.0)
    assert front_run("x", FACTS, None, "exploded").outcome == FAILED


def test_the_bracket_is_of_sure_signs_only():
    def row(t, v, e=1.0):
        ends = dict.fromkeys(("n_grew", "n_melted", "n_grown_to_the_end", "n_melted_to_the_end", "n_failed"), 0)
        return {"temperature_K": t, "speed_A_per_ns": v, "uncertainty_A_per_ns": e, "n_runs": 3} | ends

    assert bracket([row(260, 9), row(270, 4), row(274, 1), row(278, -5), row(290, -9)]) == (270, 278)
    assert bracket([row(278, -5), row(290, -9)]) == (None, 278)
    assert bracket([row(260, 1.0)]) == (None, None)
    assert sign_of([row(260, 5)]) == GREW


def front(speed, end, replica, start=0.5, error=4.0, failure=None):
    growth = {
        "front_speed_A_per_ns": speed, "front_speed_uncertainty_A_per_ns": error, "from_ps": 0.0, "to_ps": 500.0,
        "why_not": {"fronts": "only 3 frames show two fronts apart"}, "sentence": "",
    }  # fmt: skip
    summary = {"growth": growth, "crystalline_share": {"start": start, "end": end}}
    return front_run("x", FACTS | {"replica": replica}, None if failure else summary, failure)


def way(*runs):
    return sign_of(mean_speeds(runs, None))


def test_one_run_does_not_outvote_the_rest():
    one, idle = front(9.0, 0.6, 1), [front(-4.0, 0.45, k) for k in (2, 3)]
    assert one.outcome == GREW
    assert way(one, *idle) == UNDECIDED
    assert way(one, front(9.0, 0.6, 2, error=4.4), front(-6.0, 0.45, 3)) != SHRANK
    # most of them, though the mean isn't sure of it
    fast = [front(None, 0.02, k, error=None) for k in (1, 2)]
    assert way(*fast, front(-1.0, 0.4, 3)) == SHRANK
    assert way(fast[0], front(-1.0, 0.4, 2), front(-1.0, 0.4, 3)) == UNDECIDED
    # one that failed says nothing
    assert way(*fast, front(0, 0, 3, failure="exploded"), front(0, 0, 4, failure="exploded")) == SHRANK
    assert way(front(0, 0, 3, failure="exploded")) == UNDECIDED


def test_a_mean_speed_of_the_slow_runs_alone_is_not_told():
    [row] = mean_speeds(
        [front(-20.0, 0.05, 1), front(None, 0.0, 2, error=None), front(None, 0.0, 3, error=None)], None
    )
    assert row["speed_A_per_ns"] is None
    assert "2 of 3 runs ended" in row["note"]
    assert "20 Å/ns" in row["note"]
    [row] = mean_speeds([front(-20.0, 0.05, 1), front(0, 0, 2, failure="exploded")], None)
    assert row["speed_A_per_ns"] == -20.0
    assert row["note"] is None


def test_temperatures_where_fast_runs_are_missing_are_not_fitted(tmp_path):
    class Fast(World):
        """Of those at 290 K only what went astray is slow enough to be followed."""

        def one(self, point):
            done = super().one(point)
            if point.facts["temperature_K"] > 285 and done.summary["growth"]["front_speed_A_per_ns"] < -45:
                done.summary["growth"] |= dict.fromkeys(
                    ("front_speed_A_per_ns", "front_speed_uncertainty_A_per_ns")
                )
            return done

    own = "temperatures_K = [266, 270, 274, 278, 282, 290]\nenthalpy = false\nreplicas = 5"
    study = melting(tmp_path, ICE, own)
    study.run(Fast(274.6))
    summary = summarize(study)
    row = summary["front_speeds"][-1]
    assert row["n_replicas"] < row["n_runs"] == 5
    assert row["speed_A_per_ns"] is None
    assert summary["fit"]["a"]["n_runs"] == 25
    assert summary["melting_point_K"] == pytest.approx(274.6, abs=4 * summary["uncertainty_K"])
    write_melting(tmp_path, summary)


# ---- the whole study ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("truth", [206.0, 274.6, 390.0])
def test_the_search_finds_a_melting_point_wherever_it_is(tmp_path, truth, seed):
    world = World(truth, frozen_K=0.8 * truth, rng=np.random.default_rng(seed))
    study = melting(tmp_path, ICE)
    study.run(world)
    summary = summarize(study)
    assert summary["melting_point_K"] == pytest.approx(truth, abs=4 * summary["uncertainty_K"])
    assert 0.2 < summary["uncertainty_K"] < 2.5
    assert len(world.asked) == len(set(world.asked)) < 50


def test_intervals_of_whole_studies_hold_the_truth(tmp_path):
    study = melting(tmp_path, ICE, "temperatures_K = [266, 270, 274, 278, 282]\nenthalpy = false")
    inside, halves = [], []
    for seed in range(120):
        study.runs.clear()
        study.run(World(274.6, rng=np.random.default_rng(seed)))
        found = summarize(study)
        if found["melting_point_K"] is None:
            continue
        low, high = found["interval_K"]
        middle = found["melting_point_K"]
        inside.append(low <= 274.6 <= high)
        halves.append((low + middle) / 2 <= 274.6 <= (high + middle) / 2)
    assert len(inside) > 110
    assert np.mean(inside) > 0.89
    assert np.mean(halves) < 0.85


def test_the_summary_and_its_report(tmp_path):
    study = melting(tmp_path, ICE, "temperatures_K = [266, 270, 274, 278, 282]")
    study.run(World(274.6))
    summary = summarize(study)
    # put in: dH = 0.055 + 1.2e-4 (T - 270)
    truth = 0.055 + 1.2e-4 * (summary["melting_point_K"] - 270)
    assert summary["enthalpy_of_melting_eV_per_T"] == pytest.approx(truth, abs=1e-4)
    assert summary["enthalpy_of_melting_kJ_per_mol"] == pytest.approx(96.485 * truth, abs=0.01)
    crystal = summary["heat_capacity_kB_per_T"]["crystal"]["value"]
    assert crystal == pytest.approx(1.5 + 1.3e-4 / 8.617333e-5, abs=0.02)
    force = {row["temperature_K"]: row["eV_per_T"] for row in summary["driving_force"]["table"]}
    assert min(force) < 0.81 * summary["melting_point_K"]
    assert force[min(force)] > 0 > force[max(force)]
    assert len(summary["sentence"]) <= 80
    # Wilson and Frenkel: K dH / (k T_m^2) is the slope at the melting point
    melting_K, kinetics = summary["melting_point_K"], summary["kinetics"]["a"]
    slope = kinetics["K_A_per_ns"] * truth / (8.617333e-5 * melting_K**2)
    assert slope == pytest.approx(3.5, rel=0.15)
    assert kinetics["chi_square_probability"] > 1e-4
    assert set(summary["front_speeds"][0]) >= {
        "temperature_K", "face", "speed_A_per_ns", "uncertainty_A_per_ns", "n_replicas",
    }  # fmt: skip
    assert json.loads(json.dumps(summary)) is not None
    conditions = {"pressure_bar": 0.0, "timestep_fs": study.plan.timestep_fs, "S_per_T": 0.0}
    conditions |= {"forcefield": "mw", "framework": "dia"}
    assert {key: summary[key] for key in conditions} == conditions
    page = write_melting(tmp_path, summary).read_text()
    for words in (
        "Speed of the fronts",
        "Driving force",
        "What is assumed",
        "./runs/front-a-274K-1/",
        "chi-square",
    ):
        assert words in page
    assert (tmp_path / "figures" / "front_speeds.svg").is_file()


@pytest.mark.parametrize(("truth", "words"), [(200.0, "melts at every temperature"), (400.0, "grows at every")])
def test_a_melting_point_outside_is_a_bound_and_no_number(tmp_path, truth, words):
    study = melting(tmp_path, ICE, "temperatures_K = [260, 280, 300]")
    study.run(World(truth))
    summary = summarize(study)
    assert summary["melting_point_K"] is None
    assert words in summary["why_not"]["melting_point_K"]
    assert ("260 K" if truth == 200 else "300 K") in summary["sentence"]
    assert summary["driving_force"] is None
    assert summary["phases"]  # enthalpies are measured all the same
    assert "not known" in write_melting(tmp_path, summary).read_text()


def test_a_crystal_that_does_not_last_is_told(tmp_path):
    study = melting(tmp_path, ICE, "temperatures_K = [260, 280, 300]\nenthalpy = false")
    study.run(World(100.0, stable=0.1))
    why = summarize(study)["why_not"]["melting_point_K"]
    assert "no stable crystal" in why
    assert "260 K" in why


def test_fronts_that_stand_still_decide_nothing(tmp_path):
    study = melting(tmp_path, ICE, "temperatures_K = [260, 270, 280, 290]")
    study.run(World(274.6, slope=-0.01))
    summary = summarize(study)
    assert summary["melting_point_K"] is None
    assert "undecided" in summary["why_not"]["melting_point_K"]


def test_runs_that_fail_are_told(tmp_path):
    study = melting(tmp_path, ICE, "temperatures_K = [260, 280]")
    study.run(World(274.6, breaks=True))
    summary = summarize(study)
    assert "exploded" in summary["why_not"]["melting_point_K"]
    assert summary["melting_point_K"] is None
    write_melting(tmp_path, summary)


def test_faces_that_disagree_give_no_melting_point(tmp_path):
    study = melting(tmp_path, ICE, 'temperatures_K = [260, 268, 276, 284, 292]\nfaces = ["a", "b"]')
    worlds = {"a": World(270.0), "b": World(284.0)}

    class Both(World):
        def one(self, point):
            return worlds[point.facts["face"] or "a"].one(point)

    study.run(Both(0.0))
    summary = summarize(study)
    assert summary["melting_point_K"] is None
    assert "faces do not agree" in summary["why_not"]["melting_point_K"]
    # a face that stands still is not passed over in silence
    worlds["b"] = World(274.6, slope=-0.01)
    one = melting(tmp_path, ICE, 'temperatures_K = [260, 268, 276, 284, 292]\nfaces = ["a", "b"]')
    one.run(Both(0.0))
    told = summarize(one)
    assert told["melting_point_K"] == pytest.approx(270.0, abs=3.0)
    assert "face a is told; face b:" in told["why_not"]["melting_point_K_of_other_faces"]
    assert "face b:" in write_melting(tmp_path, told).read_text()
    agreeing = melting(tmp_path, ICE, 'temperatures_K = [260, 268, 276, 284, 292]\nfaces = ["a", "b"]')
    agreeing.run(World(275.0))
    assert summarize(agreeing)["melting_point_K"] == pytest.approx(275.0, abs=3.0)


def test_s_in_the_cages_is_said(tmp_path):
    text = ICE.replace('"mw"', '"ts"').replace('"dia"', '"SGT"')
    study = melting(tmp_path, text, "temperatures_K = [600, 650, 700]\nenthalpy = false")
    study.run(World(660.0, slope=-0.5))
    said = " ".join(summarize(study)["assumptions"])
    assert "Composition is held at one S for 16 T" in said
    assert "Composition" not in " ".join(
        summarize(_run(melting(tmp_path, ICE, "temperatures_K = [270, 280]\nenthalpy = false")))["assumptions"]
    )


def _run(study):
    study.run(World(274.6))
    return study


@pytest.mark.slow
def test_water_freezes_and_melts_on_the_two_sides_of_its_melting_point(tmp_path):
    """Molinero and Moore, J. Phys. Chem. B 113, 4008 (2009): 274.6 K."""
    own = """
    temperatures_K = [248, 300]
    replicas = 1
    timestep_fs = 10
    time_ps = 120
    warm_ps = 5
    melt_ps = 8
    cool_ps = 10
    settle_ps = 5
    length_A = 45
    width_A = 16
    enthalpy = false
    """
    (tmp_path / "study.toml").write_text(f"{ICE}\n[melt]\n{own}")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("zeocryst")), "melt", str(tmp_path / "study.toml"), "--out",
         str(tmp_path / "out"), "--json", "--quiet"],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    cold, hot = sorted(summary["front_speeds"], key=lambda row: row["temperature_K"])
    assert cold["speed_A_per_ns"] > 2 * cold["uncertainty_A_per_ns"]
    assert hot["speed_A_per_ns"] < -2 * hot["uncertainty_A_per_ns"]
    assert summary["bracket_K"] == [248, 300]  # 274.6 lies between
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary
    assert (tmp_path / "out" / "report.html").is_file()
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 2


def test_the_shipped_study_is_found_by_its_name():
    study = Melting.of(read_study("ice_melting", "melt", KEYS))
    assert study.trial.forcefield == "mw"
    assert study.plan.temperatures_K[0] < 274.6 < study.plan.temperatures_K[-1]
    with pytest.raises(InputError, match="ice_melting"):
        read_study("ice_meltin", "melt", KEYS)
