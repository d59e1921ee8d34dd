"""What is said of a run depends on how it began; what is not said has a reason."""

import json

import numpy as np
import pytest
from test_fronts import Growing

from zeocryst.frameworks.table import start_structure
from zeocryst.network.bonds import bonds_from_sites, repeat_network
from zeocryst.order.kinetics import GROWTH_KEYS, KEYS, Frames, course, front_rows
from zeocryst.order.replicas import over_replicas

TIME = np.arange(0, 600, 10.0)


def told(share, frames, *, sites=512, start=0, stage=None):
    rows = [
        {"time_ps": t, "crystalline_share": s, "largest_grain_sites": sites * s, "temperature_K": 600.0}
        for t, s in zip(TIME, share, strict=False)
    ]
    for k, row in enumerate(rows):
        row["stage"] = 1 if k <= start or stage is None else stage[k]
    found = course(rows, start, frames)
    assert set(found["transition"]) == set(KEYS)
    assert set(found["growth"]) == set(GROWTH_KEYS)
    assert found["transition"]["n_replicas"] == found["growth"]["n_replicas"] == 1
    json.dumps(found, allow_nan=False)
    return rows, found["transition"], found["growth"]


def nothing(n=512):
    """Frames in which nothing is crystalline."""
    return Frames(lambda k: None, lambda k: (np.zeros((n, 3)), np.eye(3), np.full(n, -1)))


@pytest.fixture(scope="module")
def slab():
    """A slab of SOD and a ball of it, in a box of 4x3x3 cells: network and grains."""
    cell, sites = start_structure("SOD")
    network = repeat_network(bonds_from_sites(sites, cell), (4, 3, 3))
    fractional = network.positions @ np.linalg.inv(network.cell) % 1.0
    planar = np.where((fractional[:, 0] > 0.2) & (fractional[:, 0] < 0.6), 0, -1)
    middle = np.linalg.norm((fractional - 0.5) @ network.cell, axis=1)
    return network, planar, np.where(middle < 11, 0, -1)


def begun(network, grain, later):
    """The first look is at a real slab, whose shape is told; then fronts are followed in synthetic frames."""
    looks = []

    def sites(k):
        looks.append(k)
        return (network.positions, network.cell, grain) if len(looks) == 1 else later(k)

    return Frames(lambda k: network, sites)


def rise(low=0.0, middle=300):
    noise = np.random.default_rng(1).normal(scale=0.01, size=len(TIME))
    return np.clip(low + (0.97 - low) / (1 + np.exp(-(TIME - middle) / 25)) + noise, 0, 1)


def test_a_run_without_a_crystal_has_induction_waiting_and_an_exponent():
    share = rise()
    share[TIME < 200] = 0
    _, transition, growth = told(share, nothing())
    assert growth["experiment"] == "no crystal"
    assert transition["time_ps"] == pytest.approx(300, abs=6)
    assert 200 <= transition["induction_time_ps"] <= 280
    assert transition["avrami_exponent"] > 1
    assert transition["avrami_uncertainty"] > 0
    # 60 of 512 T: a share of 0.117, reached at 300 - 25 ln(0.97 / 0.117 - 1) = 250 ps
    assert growth["waiting_time_ps"] == pytest.approx(250, abs=12)
    assert growth["waiting_time_uncertainty_ps"] == 10
    assert growth["nucleus_T"] == 60
    assert growth["rate_sites_per_ns"] > 0
    assert growth["fronts"] is None
    assert "no planar fronts" in growth["why_not"]["fronts"]
    for word in ("Avrami exponent", "begins", "one trajectory"):
        assert word in transition["sentence"]
    for word in ("60 T or more", "T/ns", "one trajectory", "0.27 to 40 times"):
        assert word in growth["sentence"]


def test_growth_from_a_slab_has_front_speeds_and_neither_exponent_nor_induction(slab):
    network, planar, _ = slab
    made = Growing(3, 20.0, 50.0, TIME, edge=120.0)
    frames = begun(network, planar, made)
    rows, transition, growth = told(rise(0.4), frames)
    assert growth["experiment"] == "planar seed"
    for name in ("induction_time_ps", "avrami_exponent"):
        assert transition[name] is None
        assert "begins with a crystal" in transition["why_not"][name]
    assert transition["found"]
    assert [front["side"] for front in growth["fronts"]] == ["lower", "upper"]
    for front, truth in zip(growth["fronts"], (20, 50), strict=True):
        # the walk alone makes 0.1 Å/sqrt(ps) / sqrt(600 ps) = 4 Å/ns
        assert front["speed_A_per_ns"] == pytest.approx(truth, abs=12)
        assert 1 < front["uncertainty_A_per_ns"] < 15
    assert growth["front_speed_A_per_ns"] == pytest.approx(35, abs=12)
    assert growth["temperature_K"] == 600
    assert growth["waiting_time_ps"] is None
    for word in ("Å/ns", "one trajectory", "60 frames from 0 to 590 ps", "600 K"):
        assert word in growth["sentence"]
    table = front_rows(rows, 0, frames, growth["front_normal"])
    assert len(table) == growth["front_frames"]
    assert all(row["lower_front_A"] < 0 < row["upper_front_A"] for row in table)


def test_fronts_are_followed_in_the_stage_that_grows_only(slab):
    network, planar, _ = slab
    made = Growing(4, 20.0, 20.0, TIME, edge=120.0)
    frames = begun(network, planar, made)
    growth = told(rise(0.4), frames, start=4, stage=np.where(np.arange(60) < 40, 2, 3))[2]
    assert growth["from_ps"] == 40
    assert growth["to_ps"] <= 390


def test_growth_from_a_ball_has_a_rate(slab):
    network, _, ball = slab
    frames = Frames(lambda k: network, lambda k: (network.positions, network.cell, ball))
    _, transition, growth = told(rise(0.2), frames)
    assert growth["experiment"] == "crystal seed"
    assert transition["avrami_exponent"] is None
    assert growth["fronts"] is None
    assert growth["rate_sites_per_ns"] > growth["rate_uncertainty_sites_per_ns"] > 0


def test_a_seed_too_small_to_be_seen_is_a_seed_all_the_same():
    seeded = Frames(nothing().network, nothing().sites, seeded=True)
    assert told(rise(), seeded)[2]["experiment"] == "crystal seed"


@pytest.mark.parametrize(
    ("share", "experiment", "words"),
    [
        (np.full(60, 0.0), "no crystal", "no grain of 60 T is seen"),
        (np.full(60, 0.95), "crystalline", "crystalline from the start"),
        (np.linspace(0.95, 0.0, 60), "crystalline", "crystalline from the start"),
        (np.full(60, 0.3), "crystal seed", "there is no transition"),
    ],
)
def test_what_does_not_happen_has_no_numbers_but_reasons(share, experiment, words):
    _, transition, growth = told(share, nothing())
    assert growth["experiment"] == experiment
    assert words in growth["sentence"]
    assert "No transition" in transition["sentence"]
    kept = {"experiment", "n_replicas", "why_not", "sentence", "nucleus_T", "watched_ps", "volume_A3"}
    assert not any(value for key, value in growth.items() if key not in kept)
    assert set(transition["why_not"]) == {"induction_time_ps", "avrami_exponent"}


def test_too_few_frames_of_a_slab_say_how_many(slab):
    network, planar, _ = slab
    frames = Frames(lambda k: network, lambda k: (network.positions, network.cell, planar))
    _, _, growth = told(np.full(5, 0.4), frames)
    assert growth["fronts"] is None
    assert "only 5 frames" in growth["sentence"]


def test_a_slab_whose_fronts_stand_has_no_speed(slab):
    network, planar, _ = slab
    frames = Frames(lambda k: network, lambda k: (network.positions, network.cell, planar))
    growth = told(np.full(60, 0.4), frames)[2]
    assert growth["experiment"] == "planar seed"
    for front in growth["fronts"]:
        assert front["speed_A_per_ns"] == pytest.approx(0, abs=1e-6)


def test_frames_without_times_say_so():
    rows = [{"time_ps": np.nan, "crystalline_share": 0.0, "largest_grain_sites": 0} for _ in range(9)]
    assert "no times" in course(rows, 0, nothing())["growth"]["sentence"]


def summary(speed, error):
    return {
        "growth": {
            "front_speed_A_per_ns": speed, "front_speed_uncertainty_A_per_ns": error,
            "rate_sites_per_ns": None, "rate_uncertainty_sites_per_ns": None,
            "waiting_time_ps": None, "nucleus_T": None, "why_not": {"waiting_time_ps": "it begins with a crystal"},
        },
        "transition": {"time_ps": None, "uncertainty_ps": None},
    }  # fmt: skip


def test_replicas_have_an_error_of_their_own():
    found = over_replicas([summary(20.0, 5.0), summary(30.0, 5.0), summary(40.0, 5.0)])
    assert set(found) == {"front_speed_A_per_ns"}  # a slab waits for nothing
    assert found["front_speed_A_per_ns"] == {
        "mean": 30.0, "uncertainty": pytest.approx(10 / 3**0.5), "deviation": pytest.approx(10),
        "one_run": pytest.approx(5), "n_replicas": 3, "n_without": 0,
    }  # fmt: skip
    single = over_replicas([summary(20.0, 5.0)])["front_speed_A_per_ns"]
    assert single["uncertainty"] is None
    assert single["one_run"] == 5
    assert over_replicas([]) == {}


def test_a_wait_is_watched_to_the_end_of_its_stage():
    """600 ps at one temperature, then the box is cooled: what is watched is the first part, in the box's mean volume."""
    rows = [
        {"time_ps": 20.0 * k, "crystalline_share": 0.0, "largest_grain_sites": 0, "stage": 3 if k <= 30 else 4,
         "density_T_per_1000A3": 15.0 if k <= 30 else 17.0}
        for k in range(40)
    ]  # fmt: skip
    rows[0]["stage"] = 2  # the last frame of the stage before is where it begins
    growth = course(rows, 0, nothing())["growth"]
    assert growth["watched_ps"] == 600
    assert growth["volume_A3"] == pytest.approx(1000 * len(nothing().sites(0)[0]) / 15)
    bare = [{key: row[key] for key in ("time_ps", "crystalline_share", "largest_grain_sites")} for row in rows]
    growth = course(bare, 0, nothing())["growth"]
    assert growth["watched_ps"] == 780
    assert growth["volume_A3"] == pytest.approx(abs(np.linalg.det(nothing().sites(0)[1])))
