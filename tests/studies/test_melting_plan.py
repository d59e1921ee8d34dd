"""What a melting study runs: units, boxes, defaults, and what of its file is refused."""

import numpy as np
import pytest
from melting_walks import ICE, melting

from zeocryst.errors import InputError
from zeocryst.model.forcefield import forcefield_text, read_forcefield
from zeocryst.studies.melting import Melting
from zeocryst.studies.melting_plan import KEYS
from zeocryst.studies.reading import read_study
from zeocryst.studies.scales import Scales, choose_repeat, interval, rounded


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


def test_boxes_hold_two_ranges_of_a_model_with_a_large_s(tmp_path):
    """HOOMD-blue's least; SOD with S that feel each other to 13.7 Å, whose three cells are 26.9 Å."""
    sod = np.diag([8.97] * 3)
    assert choose_repeat(sod, None, 24.5, 24.5) == (3, 3, 3)
    assert choose_repeat(sod, None, 24.5, 24.5, 2.1 * 13.74) == (4, 4, 4)
    text = forcefield_text(read_forcefield("ts_sodalite"))
    (tmp_path / "large.toml").write_text(text.replace("sigma_A = 8.0", "sigma_A = 8.6"))
    large = read_forcefield(str(tmp_path / "large.toml"))
    assert Scales.of(large).across_A == pytest.approx(2.1 * 1.8 * 8.6)


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
        point = study.front_point("a", 0.9 * plan.hot_K / 3, 1)
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


def test_a_start_that_is_no_crystal_is_refused(tmp_path):
    text = ICE.replace('start = "framework"', 'start = "melt"\nn_T = 500').replace('framework = "dia"', "")
    with pytest.raises(InputError, match="framework, or file"):
        melting(tmp_path, text)


def test_the_shipped_study_is_found_by_its_name():
    study = Melting.of(read_study("ice_melting", "melt", KEYS))
    assert study.trial.forcefield == "mw"
    assert study.plan.temperatures_K[0] < 274.6 < study.plan.temperatures_K[-1]
    with pytest.raises(InputError, match="ice_melting"):
        read_study("ice_meltin", "melt", KEYS)
