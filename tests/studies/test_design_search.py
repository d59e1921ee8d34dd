"""The search of a design on functions whose best place is known, through the same code that runs take."""

import copy
import time

import numpy as np
import pytest

from zeocryst.report.design import estimate_in_words
from zeocryst.studies.design_comparison import Estimate, best_of, difference, in_words
from zeocryst.studies.design_search import Budget, Evaluation, Search, candidates
from zeocryst.studies.design_variables import Variable

LINEAR = Variable("x", ("a",), -2.0, 8.0, 6.5, "linear", False, None)
LOG = Variable("y", ("b",), 1e-3, 10.0, 2.0, "log", False, None)
WHOLE = Variable("n", ("c",), 3, 60, 50, "linear", True, None)
BEST = {"x": 1.5, "y": 0.05, "n": 21}


def sphere(trial, variables):
    """Highest, 0, at `BEST`: the squared distance in the unit cube, turned round."""
    at = [v.unit(x) - v.unit(BEST[v.name]) for v, x in zip(variables, trial.values, strict=True)]
    return -float(np.sum(np.square(at)))


def ellipsoid(trial, variables):
    """Twenty-five times as steep along one diagonal as along the other."""
    u, w = (v.unit(x) - v.unit(BEST[v.name]) for v, x in zip(variables, trial.values, strict=True))
    return -float(25 * (u - w) ** 2 + (u + w) ** 2) / 2


def evaluator(function, variables, *, noise=0.0, fails=lambda trial: False, log=None):
    """What runs give: a value with noise that follows from the trial's name, as that of a run from its seed."""

    def evaluate(trials):
        found = []
        for trial in trials:
            if log is not None:
                log.append(trial.name)
            chance = np.random.default_rng([ord(c) for c in trial.name])
            value = function(trial, variables) + noise * chance.normal()
            failed = fails(trial)
            found.append(Evaluation(trial, None if failed else value, None if failed else value))
        return found

    return evaluate


def searched(variables, function, *, evaluations, population=8, seed=1, **parts):
    search = Search(tuple(variables), population, 0.2, seed)
    search.run(evaluator(function, variables, **parts), Budget(evaluations))
    return search


def distance(search):
    """Of the mean of the last distribution from the best place, in units of the ranges."""
    return max(
        abs(v.unit(x) - v.unit(BEST[v.name])) for v, x in zip(search.variables, search.mean, strict=True)
    )


@pytest.mark.parametrize("function", [sphere, ellipsoid])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_noise_the_best_place_is_found(function, seed):
    found = searched([LINEAR, LOG], function, evaluations=240, seed=seed)
    assert distance(found) < 0.005
    worse = searched([LINEAR, LOG], function, evaluations=8, seed=seed)
    assert distance(worse) > 0.1


@pytest.mark.parametrize("function", [sphere, ellipsoid])
def test_noise_as_large_as_a_tenth_of_what_there_is_to_win_is_borne(function):
    """The start is 0.3 to 0.6 below the best. The luckiest trial is farther off than the mean, as it should be."""
    off, lucky = [], []
    for seed in range(1, 9):
        found = searched([LINEAR, LOG], function, evaluations=80, seed=seed, noise=0.05)
        off.append(distance(found))
        best = max(found.evaluations, key=lambda e: e.value)
        true = function(best.trial, [LINEAR, LOG])
        lucky.append(best.value - true)
    assert np.median(off) < 0.12
    assert np.mean(lucky) > 0.03  # the winner's curse


def test_a_single_variable_and_a_whole_number():
    assert distance(searched([LOG], sphere, evaluations=120)) < 0.01
    found = searched([WHOLE], sphere, evaluations=160)
    assert found.mean == (21,)
    assert all(e.trial.values[0] == int(e.trial.values[0]) for e in found.evaluations)
    both = searched([LINEAR, WHOLE], sphere, evaluations=240)
    assert both.mean[1] == 21
    assert both.mean[0] == pytest.approx(1.5, abs=0.2)


def test_every_trial_lies_in_its_range_and_the_first_ones_about_the_start():
    found = searched([LINEAR, LOG, WHOLE], sphere, evaluations=120)
    for e in found.evaluations:
        for v, x in zip(found.variables, e.trial.values, strict=True):
            assert v.low <= x <= v.high
    first = [e.trial.unit for e in found.evaluations if e.trial.generation == 1]
    start = [v.unit(v.start) for v in found.variables]
    assert np.abs(np.median(first, axis=0) - start).max() < 0.25


def test_what_fails_is_the_worst():
    """Where a third of the range fails, the best place just beside it is found all the same."""

    def fails(trial):
        return trial.values[0] < 1.3

    found = searched([LINEAR, LOG], sphere, evaluations=240, fails=fails)
    assert distance(found) < 0.05
    assert any(e.rank is None for e in found.evaluations)
    assert all(e.rank is None for e in found.evaluations if e.trial.values[0] < 1.3)


def test_the_same_search_gives_the_same_trials_whatever_others_draw():
    one = searched([LINEAR, LOG], sphere, evaluations=64, noise=0.05)
    np.random.seed(99)  # noqa: NPY002 - somebody else's
    other = searched([LINEAR, LOG], sphere, evaluations=64, noise=0.05)
    assert [e.trial for e in one.evaluations] == [e.trial for e in other.evaluations]
    third = searched([LINEAR, LOG], sphere, evaluations=64, noise=0.05, seed=2)
    assert [e.trial for e in one.evaluations] != [e.trial for e in third.evaluations]


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("at", [0, 3, 8, 11, 27])
def test_a_search_that_was_killed_anywhere_goes_on_as_it_would_have(at):
    """The runs that are done are there again; generations that were asked for are those of the record."""
    variables = (LINEAR, LOG)
    whole = searched(variables, ellipsoid, evaluations=48, noise=0.05)
    record, done = {}, {}
    evaluate = evaluator(ellipsoid, variables, noise=0.05)

    def kept(search):
        record.update(asked=[list(g) for g in search.asked], took_s=list(search.took_s))

    def dies(trials):
        for trial in trials:
            if len(done) == at:
                raise Killed
            done[trial.name] = evaluate([trial])[0]
        return [done[trial.name] for trial in trials]

    first = Search(variables, 8, 0.2, 1)
    with pytest.raises(Killed):
        first.run(dies, Budget(48), kept=kept)
    new = []

    def goes_on(trials):
        for trial in trials:
            if trial.name in done:
                assert done[trial.name].trial == trial
            else:
                new.append(trial.name)
        return [done.get(trial.name) or evaluate([trial])[0] for trial in trials]

    second = Search(variables, 8, 0.2, 1, asked=record["asked"], took_s=record["took_s"])
    second.run(goes_on, Budget(48))
    assert second.evaluations == whole.evaluations
    assert second.mean == whole.mean
    assert len(new) == 48 - at


def test_what_was_asked_for_wins_over_what_would_be_asked_now():
    """Another version of the method may draw otherwise: trials whose runs are there stay what they were."""
    asked = searched([LINEAR, LOG], sphere, evaluations=16, seed=7).asked
    search = Search((LINEAR, LOG), 8, 0.2, 1, asked=[list(g) for g in asked])
    search.run(evaluator(sphere, [LINEAR, LOG]), Budget(240))
    assert [list(e.trial.unit) for e in search.evaluations[:16]] == [u for g in asked for u in g]
    assert distance(search) < 0.01


def test_budgets_end_a_search_and_say_so():
    variables = (LINEAR, LOG)
    found = searched(variables, sphere, evaluations=30)
    assert len(found.evaluations) == 24
    assert "24 evaluations" in found.why
    search = Search(variables, 8, 0.2, 1)
    search.run(evaluator(sphere, variables), Budget(10**6, target=-0.01))
    assert max(e.value for e in search.evaluations) >= -0.01
    assert max(e.value for e in search.evaluations[:-8]) < -0.01
    assert "target" in search.why
    search = Search(variables, 8, 0.2, 1, asked=found.asked[:2], took_s=[40.0, 25.0])
    search.run(evaluator(sphere, variables), Budget(10**6, walltime_s=60.0))
    assert len(search.evaluations) == 16
    assert "65 s" in search.why
    search = Search(variables, 8, 0.2, 1)
    search.run(evaluator(sphere, variables), Budget(10**6))
    assert "narrowed" in search.why
    flat = Search(variables, 8, 0.2, 1)
    flat.run(evaluator(lambda *_: 1.0, variables), Budget(10**6))
    assert "equally good" in flat.why


def test_candidates_are_the_mean_and_the_best_trials_each_once():
    found = searched([LINEAR, LOG], sphere, evaluations=80, noise=0.05)
    chosen = candidates(found, 3)
    assert len(chosen) == 3
    assert chosen[0][1] == found.mean
    best = sorted(found.evaluations, key=lambda e: -e.value)[:2]
    assert [values for _, values in chosen[1:]] == [e.trial.values for e in best]
    assert len(candidates(searched([WHOLE], sphere, evaluations=160), 9)) <= 9


# ---- the comparison -----------------------------------------------------------------------------


def test_a_difference_is_welchs():
    """By scipy's own Welch test, whose interval excludes zero just where its p is below 0.05."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(3)
    for n, m, shift in ((5, 5, 0.0), (5, 12, 1.0), (20, 3, 2.5)):
        a, b = rng.normal(shift, 1.0, n), rng.normal(0.0, 2.0, m)
        found = difference(Estimate(tuple(a)), Estimate(tuple(b)))
        own = ttest_ind(a, b, equal_var=False)
        low, high = own.confidence_interval(0.95)
        assert found["difference"] == pytest.approx(a.mean() - b.mean())
        assert found["interval"] == pytest.approx([low, high])


def test_shares_that_agree_in_all_runs_have_an_error_all_the_same():
    all_of_four = Estimate((1.0,) * 4, share=True)
    assert all_of_four.error == pytest.approx((0.75 * 0.25 / 8) ** 0.5)
    assert Estimate((1.0,) * 4).error is None  # alike, which tells no error
    found = difference(all_of_four, Estimate((0.0,) * 4, share=True))
    assert found["difference"] == 1
    # Agresti and Caffo: 5/6 - 1/6 +- 1.96 sqrt(2 * 5/36 / 6)
    half = 1.959964 * (2 * (5 / 36) / 6) ** 0.5
    assert found["interval"] == pytest.approx([4 / 6 - half, 4 / 6 + half], abs=1e-6)


def test_intervals_hold_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(1000):
        a, b = rng.normal(3.0, 1.0, 5), rng.normal(1.0, 3.0, 5)
        low, high = difference(Estimate(tuple(a)), Estimate(tuple(b)))["interval"]
        inside += low <= 2.0 <= high
    assert 930 < inside < 985


def test_what_is_not_known_is_said():
    one, none = Estimate((1.0,)), Estimate((), n_failed=3)
    assert difference(one, none)["difference"] is None
    assert difference(one, none)["why_not"]
    assert difference(one, Estimate((2.0, 3.0)))["interval"] == [None, None]
    assert none.record() == {"objective": None, "uncertainty": None, "n_replicas": 0, "n_failed": 3,
        "objective_at_most": None, "n_not_measured": 0}  # fmt: skip
    assert best_of([Evaluation(None, None, None), Evaluation(None, -5.0, -5.0)]) == 1


def test_runs_that_are_all_alike_tell_no_error_and_no_interval():
    found = difference(Estimate((2.0, 2.5, 3.0)), Estimate((0.0,) * 3))
    assert found["difference"] == 2.5
    assert (found["uncertainty"], found["interval"]) == (None, [None, None])
    assert "all alike" in found["why_not"]
    assert in_words(found, "T") == (
        "different by 2.5 T, with an unknown error; every run of the one is above every run of the other"
    )
    overlap = difference(Estimate((2.0, -2.5, 3.0)), Estimate((0.0,) * 3))
    assert in_words(overlap, "T") == "different by 0.8333 T, with an unknown error"


def test_a_run_with_nothing_left_to_measure_is_a_bound_and_no_value():
    start = Estimate((-100.0,), below=(-2000.0, -2100.0))
    assert (start.mean, start.error, start.at_most) == (None, None, -1400.0)
    assert start.record()["n_not_measured"] == 2
    best = Estimate((20.0, 30.0, 40.0))
    found = difference(best, start)
    assert (found["difference"], found["interval"]) == (None, [None, None])
    assert in_words(found, "Å/ns").startswith("better by 1430 Å/ns or more")
    assert "in 2 of 3 runs" in in_words(found, "Å/ns")
    assert in_words(difference(start, best), "Å/ns").startswith("not comparable")
    assert estimate_in_words(start.record(), "Å/ns") == "at most -1400 Å/ns"


def test_the_time_of_a_generation_that_was_stopped_counts():
    """Stopped twice in its second generation, a search with a walltime still ends in time."""

    def evaluate(trials):
        time.sleep(0.2)
        if trials[0].generation == 2 and stops:
            stops.pop()
            raise KeyboardInterrupt
        return [Evaluation(t, t.values[0], t.values[0]) for t in trials]

    stops, record = [1, 2], {}

    def again():
        search = Search((LINEAR,), 4, 0.2, 3, **copy.deepcopy(record))
        try:
            search.run(evaluate, Budget(1000, 0.75), kept=lambda s: record.update(
                asked=s.asked, took_s=s.took_s, begun_s=s.begun_s))  # fmt: skip
        except KeyboardInterrupt:
            return None
        return search

    assert again() is None
    assert record["begun_s"] > 0.15
    assert again() is None
    search = again()
    assert len(search.generations) == 2
    assert search.took_s[1] > 0.55
