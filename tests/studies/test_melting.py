"""Melting studies as a whole: search, moves, regression and sentence, where the answer is known.

The runs here are walks with a drift that is known (`melting_walks`), so that all is judged by a melting point that was
put in. A run of an engine is in the last test.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from melting_walks import ICE, World, melting

from zeocryst.report.melting import write_melting
from zeocryst.studies.melting import Melting
from zeocryst.studies.melting_plan import KEYS
from zeocryst.studies.melting_summary import summarize
from zeocryst.studies.reading import read_study


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


def test_runs_that_state_no_error_are_judged_by_their_scatter(tmp_path):
    """What the fit of one front can't tell has no chi-square."""

    class Bare(World):
        def one(self, point):
            done = super().one(point)
            done.summary["growth"]["front_speed_uncertainty_A_per_ns"] = 0.0
            return done

    study = melting(tmp_path, ICE, "temperatures_K = [266, 270, 274, 278, 282]\nenthalpy = false")
    study.run(Bare(274.6))
    summary = summarize(study)
    assert summary["melting_point_K"] == pytest.approx(274.6, abs=4 * summary["uncertainty_K"])
    assert summary["fit"]["a"]["chi_square_probability"] is None
    assert summary["fit"]["a"]["activation_uncertainty_K"] > 0
    assert "none: they state none" in write_melting(tmp_path, summary).read_text()


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
