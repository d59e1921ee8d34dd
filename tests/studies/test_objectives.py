"""What a run is worth, from tables whose answer is known."""

import gsd.hoomd
import numpy as np
import pytest

from zeocryst.condition import Condition
from zeocryst.errors import InputError
from zeocryst.studies.objectives import OBJECTIVES, check_objective
from zeocryst.studies.points import Done, Point

HELD = {"seed_region": {"shape": "slab", "fraction": 0.5}}
STAGES = [
    {"kind": "langevin", "temperature_K": 1600, "time_ps": 10, **HELD},
    {"kind": "npt", "temperature_K": 600, "coupling": "aniso", "time_ps": 100},
]
N_T, LENGTH = 512, 40.0


def run(tmp_path, grain, *, code="SGT", stages=STAGES, every=5.0, summary=None, **columns):
    """A run whose largest grain has these sizes in the rows of its second stage; 10 ps of preparation before."""
    condition = Condition(system={"start": "framework", "framework": "SGT", "repeat": (4, 2, 1)}, stages=stages)
    frame = gsd.hoomd.Frame()
    frame.configuration.box = [LENGTH, 20.0, 35.0, 0, 0, 0]
    frame.particles.N = 1
    frame.particles.position = [[0, 0, 0]]
    with gsd.hoomd.open(str(tmp_path / "trajectory.gsd"), "w") as file:
        for step in range(len(grain) + 1):
            frame.configuration.step = step
            file.append(frame)
    codes = [code] * len(grain) if isinstance(code, str) else code
    first = {"time_ps": 0.0, "stage": 1.0, "largest_grain_sites": 512.0, "largest_grain_framework": "SGT"}
    rows = [first] + [
        {"time_ps": 10.0 + every * k, "stage": 1.0 if k == 0 else 2.0, "largest_grain_sites": float(n),
         "largest_grain_framework": c}
        for k, (n, c) in enumerate(zip(grain, codes, strict=True))
    ]  # fmt: skip
    usual = {"smallest_visible_T": 100.0, "SGT_like_share": 0.3}
    rows = [usual | row | {name: float(v) for name, v in columns.items()} for row in rows]
    done = Done(Point("x", condition), tmp_path, {"n_T": N_T} | (summary or {}))
    return done, rows


def score(tmp_path, name, *args, framework="SGT", **kwargs):
    done, rows = run(tmp_path, *args, **kwargs)
    return OBJECTIVES[name].of(done, rows, framework)


def grown(speed, share=0.5, *, frames=21, step=5.0):
    """T of a slab whose two fronts move so fast (Å/ns)."""
    thick = share * LENGTH + 2 * speed * np.arange(frames) * step / 1000
    return np.clip(N_T * thick / LENGTH, 0, N_T)


@pytest.mark.parametrize("speed", [0.0, 25.0, 60.0, -30.0, -75.0])
def test_the_speed_of_fronts_that_move_steadily_is_theirs(tmp_path, speed):
    found = score(tmp_path, "front_speed", grown(speed))
    assert found.value == pytest.approx(speed, abs=0.5)
    assert found.rank == found.value


@pytest.mark.parametrize(
    ("speed", "note"), [(400.0, "the box was full"), (-400.0, "the slab melted"), (-3000.0, "the slab melted")]
)
def test_what_comes_after_the_box_is_full_or_the_slab_gone_does_not_count(tmp_path, speed, note):
    found = score(tmp_path, "front_speed", grown(speed))
    assert found.note == note
    # the end lies between two frames, so a fast one is known to a frame only
    assert 0.6 < found.value / max(-2000.0, speed) < 1.4


def test_a_slower_melting_slab_is_worth_more(tmp_path):
    values = [score(tmp_path, "front_speed", grown(v)).rank for v in (-2000, -500, -200, -80, -20, 5, 50)]
    assert values == sorted(values)


def test_what_grows_as_another_crystal_or_is_called_something_else_for_a_frame(tmp_path):
    sizes = grown(25.0)
    other = ["SGT"] * 2 + ["unknown"] * 19
    assert score(tmp_path, "front_speed", sizes, code=other).value < -500
    blink = ["SGT"] * 9 + ["unknown"] + ["SGT"] * 11
    assert score(tmp_path, "front_speed", sizes, code=blink).value == pytest.approx(25, abs=1)
    together = ["SGT|XYZ"] * 21
    assert score(tmp_path, "front_speed", sizes, code=together).value == pytest.approx(25, abs=1)
    assert score(tmp_path, "front_speed", sizes, framework="SOD").rank < -500


def test_a_slab_that_was_never_there_is_as_bad_as_one_that_melts_at_once(tmp_path):
    gone = score(tmp_path, "front_speed", np.zeros(21))
    assert gone.value is None  # nothing was measured: it ranks, and is told as a bound
    assert gone.rank == pytest.approx(-0.5 * LENGTH / 2 / 0.005)
    assert "no slab of SGT was left" in gone.note
    assert gone.rank < score(tmp_path, "front_speed", grown(-1000.0)).value


def test_the_length_is_that_across_which_the_slab_lies(tmp_path):
    """In a tilted box the longest edge need not have the largest height: here 32 Å and 25 Å, beside 30 and 28 Å."""
    done, rows = run(tmp_path, grown(25.0))
    frame = gsd.hoomd.Frame()
    frame.configuration.box = [30.0, 25.0, 28.0, 0.8, 0, 0]
    frame.particles.N = 1
    with gsd.hoomd.open(str(tmp_path / "trajectory.gsd"), "w") as file:
        for step in range(len(rows)):
            frame.configuration.step = step
            file.append(frame)
    found = OBJECTIVES["front_speed"].of(done, rows, "SGT")
    assert found.value == pytest.approx(25 * 25.0 / LENGTH, abs=0.5)


def test_the_error_of_a_walk_is_that_of_its_ends(tmp_path):
    """Speeds of random walks are right in the mean, whatever noise the labels have."""
    rng, found = np.random.default_rng(2), []
    for _ in range(60):
        thick = 20 + np.cumsum(rng.normal(2 * 25 * 0.005, 0.6, 21))
        found.append(score(tmp_path, "front_speed", N_T * thick / LENGTH + rng.normal(0, 15, 21)).value)
    error = np.std(found) / 60**0.5
    assert abs(np.mean(found) - 25) < 3 * error
    assert np.std(found) < 40


def test_the_largest_grain_is_that_of_the_end_and_graded_below_what_is_seen(tmp_path):
    grain = [0] * 10 + [60, 130, 250, 260, 270]
    found = score(tmp_path, "largest_grain", grain)
    assert found.value == 260
    assert score(tmp_path, "largest_grain", grain, code="SOD").value == 0
    none = score(tmp_path, "largest_grain", [0] * 15)
    alike = score(tmp_path, "largest_grain", [0] * 15, SGT_like_share=0.6)
    assert none.value == alike.value == 0
    assert 0 < none.rank < alike.rank < 100


def quenched(share, code="SGT", whole=None):
    types = [{"code": code, "share": share, "sites": 1, "grains": 1}]
    return {"quenched": {"types": types, "crystalline_share": share if whole is None else whole}}


def test_the_share_is_that_of_the_quenched_frame(tmp_path):
    found = score(tmp_path, "crystalline_share", [0] * 5, summary=quenched(0.4))
    assert found.value == 0.4
    assert score(tmp_path, "crystalline_share", [0] * 5, summary=quenched(0.4, "MEP")).value == 0
    assert found.rank > score(tmp_path, "crystalline_share", [0] * 5, summary=quenched(0.3)).rank


def test_success_is_the_verdict_and_the_framework(tmp_path):
    def of(*args, **kwargs):
        return score(tmp_path, "success", [0] * 5, summary=quenched(*args), **kwargs)

    assert of(0.95).value == of(0.95).rank == 1
    assert of(0.5).value == 0
    assert of(0.95, "MEP").value == 0
    assert of(0.3, "SGT", 0.9).value == 0
    ranks = [of(0.0, SGT_like_share=0.1).rank, of(0.0).rank, of(0.3).rank, of(0.75).rank, of(0.95).rank]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 5


def test_fronts_want_a_slab_and_a_long_stage_in_which_they_move():
    system = {"start": "framework", "framework": "SGT"}
    objective = OBJECTIVES["front_speed"]
    check_objective(objective, Condition(system=system, stages=STAGES), "x")
    with pytest.raises(InputError, match="needs a slab"):
        check_objective(objective, Condition(system=system, stages=STAGES[1:]), "x")
    long = [STAGES[0] | {"time_ps": 500}, STAGES[1]]
    with pytest.raises(InputError, match="longest stage, number 1, holds"):
        check_objective(objective, Condition(system=system, stages=long), "x")
    check_objective(OBJECTIVES["largest_grain"], Condition(system=system, stages=STAGES[1:]), "x")
