"""How often a run looks up, and with how many threads it goes on."""

import os
import subprocess
import sys

import numpy as np
import pytest

from zeocryst.condition import Stage, System
from zeocryst.engines.lammps import create
from zeocryst.foundation.pace import GAIN, TICK_S, Crew, Ticks
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import crystal


@pytest.fixture(scope="module")
def small(ts):
    """96 T and 16 S, hot."""
    frame = crystal(System("framework", framework="SOD", repeat=(2, 2, 2)), ts)
    thermalize(frame, 1500.0, np.random.default_rng(1))
    return frame


class Machine:
    """A machine in a test: a clock, and a pace for each number of threads."""

    def __init__(self, paces, shares=None):
        self.wall = self.cpu = 0.0
        self.paces, self.shares = paces, shares or {}

    def run(self, steps, threads=1):
        spent = steps / self.paces[threads]
        self.wall += spent
        self.cpu += spent * threads * self.shares.get(threads, 1.0)

    def crew(self, most, begin=None):
        return Crew(most, begin or most, lambda: self.wall, lambda: self.cpu)


@pytest.mark.parametrize("pace", [0.7, 23.0, 2400.0, 1e6])
@pytest.mark.parametrize("grid", [1, 97, 5000, 10_000_000])
def test_ticks_take_a_good_part_of_a_second_whatever_the_pace(pace, grid):
    machine = Machine({1: pace})
    ticks, done, spent = Ticks(grid, 544, lambda: machine.wall), 0, []
    for _ in range(400):
        count, before = ticks(done), machine.wall
        machine.run(count)
        done += count
        ticks.arrived(done)
        spent.append(machine.wall - before)
        assert count >= 1
        assert (done - count) // grid == (done - 1) // grid, "a multiple of the grid was passed over"
    assert max(spent[20:]) <= max(1.001 / pace, 1.1 * TICK_S)
    if pace * TICK_S > 4 and grid > 4 * pace * TICK_S:
        assert np.median(spent[20:]) > 0.4 * TICK_S


def test_a_machine_that_gets_a_hundred_times_slower_costs_one_long_tick():
    machine = Machine({1: 2400.0})
    ticks, done, spent = Ticks(10_000_000, 544, lambda: machine.wall), 0, []
    for turn in range(60):
        machine.paces[1] = 2400.0 if turn < 30 else 24.0
        before = machine.wall
        count = ticks(done)
        machine.run(count)
        done += count
        ticks.arrived(done)
        spent.append(machine.wall - before)
    assert sorted(spent)[-2] < 1.2 * TICK_S
    assert max(spent) == spent[30] <= 101 * TICK_S


def drive(crew, machine, seconds):
    """Run for so long; what was said, and steps done."""
    said, steps, end = [], 0, machine.wall + seconds
    while machine.wall < end:
        count = max(1, round(machine.paces[crew.threads] * TICK_S))
        with crew.running(count):
            machine.run(count, crew.threads)
        before, words = crew.threads, crew.decide()
        if crew.threads != before:
            with crew.moving():
                machine.wall += 0.05
        said += [words] if words else []
        steps += count
    return said, steps


def test_two_threads_stay_where_they_help():
    machine = Machine({1: 1450.0, 2: 2400.0})
    said, steps = drive(machine.crew(2), machine, 600)
    assert said == []
    assert steps > 0.98 * 600 * 2400


def test_one_thread_goes_on_where_two_collapse_and_two_when_the_machine_is_free():
    """The issue's numbers: steps/s beside one busy process, and idle."""
    machine = Machine({1: 1540.0, 2: 96.0}, {2: 0.5})
    crew = machine.crew(2)
    said, steps = drive(crew, machine, 120)
    assert (crew.threads, len(said)) == (1, 1)
    assert "1 thread" in said[0]
    assert "1540 steps/s" in said[0]
    assert steps > 0.85 * 120 * 1540
    machine.paces, machine.shares = {1: 1450.0, 2: 2400.0}, {}
    said, steps = drive(crew, machine, 180)
    assert (crew.threads, len(said)) == (2, 1)
    assert steps > 0.75 * 180 * 2400


def test_a_change_that_comes_later_is_noticed_within_seconds():
    machine = Machine({1: 1450.0, 2: 2400.0})
    crew = machine.crew(2)
    drive(crew, machine, 600)
    machine.paces, machine.shares = {1: 1540.0, 2: 96.0}, {2: 0.5}
    said, steps = drive(crew, machine, 60)
    assert crew.threads == 1
    assert steps > 0.75 * 60 * 1540


def test_of_many_threads_the_best_number_is_found():
    machine = Machine({1: 100.0, 2: 190.0, 4: 350.0, 8: 600.0, 16: 500.0, 32: 300.0, 64: 100.0})
    crew = machine.crew(64)
    drive(crew, machine, 120)
    assert crew.threads == 8


def test_noise_below_the_gain_changes_nothing():
    rng = np.random.default_rng(1)
    machine = Machine({1: 1000.0, 2: 1000.0})
    crew, said = machine.crew(2), []
    for _ in range(300):
        machine.paces = {n: 1000.0 * (1 + 0.3 * (GAIN - 1) * rng.normal()) for n in (1, 2)}
        said += drive(crew, machine, 1)[0]
    assert len(said) <= 3


# ---- the engine itself ----------------------------------------------------------------------------


def end_of(engine, frame, stage, every, friction=None, adapt=None):
    samples = engine.run(frame, stage, seed=5, every=every, friction=friction, adapt=adapt)
    for sample in samples:
        if sample.step == stage.n_steps:
            state = sample.frame().particles
            samples.close()
            return np.asarray(state.position), np.asarray(state.velocity)


@pytest.mark.parametrize("kind", ["nve", "nvt", "langevin", "npt", "brownian"])
def test_where_a_run_looks_up_changes_no_bit_of_it(kind, small, ts):
    stage = Stage(
        kind=kind, temperature_K=(600.0, 300.0), time_ps=1.0, coupling="aniso" if kind == "npt" else "none"
    )
    friction = dict.fromkeys(ts.types, 20_000.0) if kind == "brownian" else None
    engine, rng = create(ts, "cpu", 1), np.random.default_rng(3)
    whole = end_of(engine, small, stage, stage.n_steps, friction)
    for every in (1, 7, lambda _: int(rng.integers(1, 60))):
        parts = end_of(engine, small, stage, every, friction)
        assert (parts[0] == whole[0]).all()
        assert (parts[1] == whole[1]).all()
    other = end_of(engine, small, Stage(kind=kind, temperature_K=(601.0, 300.0), time_ps=1.0, coupling=stage.coupling),
                   7, friction)  # fmt: skip
    assert kind == "nve" or (other[0] != whole[0]).any()


@pytest.mark.parametrize(
    ("kind", "temperatures"), [("nve", (600.0, 600.0)), ("nvt", (600.0, 300.0)), ("npt", (600.0, 600.0))]
)
@pytest.mark.alone
def test_another_number_of_threads_goes_on_from_the_same_state(kind, temperatures, small, ts, monkeypatch):
    """Thermostat and barostat too: within rounding it is the way of a run that never changed."""
    stage = Stage(
        kind=kind, temperature_K=temperatures, time_ps=1.0, coupling="iso" if kind == "npt" else "none"
    )
    monkeypatch.setattr(Crew, "decide", lambda crew: setattr(crew, "threads", 3 - crew.threads))
    changing = create(ts, "cpu", 2)
    changed = end_of(changing, small, stage, 40, adapt=lambda *_: None)
    whole = end_of(create(ts, "cpu", 1), small, stage, 40)
    apart = changed[0] - whole[0]
    assert np.abs(apart - apart.round(0) * (np.abs(apart) > 5)).max() < 1e-6
    assert np.abs(changed[1] - whole[1]).max() < 1e-5
    # a thermostat that began anew would show
    cold = end_of(create(ts, "cpu", 1), small, Stage(kind="nve", time_ps=1.0), 40)
    assert kind == "nve" or np.abs(cold[1] - whole[1]).max() > 1e-3


def test_one_thread_stays_one(small, ts, monkeypatch):
    def never(_):
        raise AssertionError

    monkeypatch.setattr(Crew, "decide", never)
    stage = Stage(kind="nvt", temperature_K=(600.0, 600.0), time_ps=0.5)
    assert end_of(create(ts, "cpu", 1), small, stage, 10, adapt=lambda *_: None) is not None


def test_threads_that_wait_go_to_sleep_unless_the_user_wants_otherwise():
    """Seen in the environment that the engine's library finds when it is loaded."""
    code = (
        "import os; from zeocryst.engines.lammps.library import load; load(); "
        "print(os.environ.get('GOMP_SPINCOUNT'))"
    )
    for given, found in [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")]:
        kept = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], env=kept | given, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == found


@pytest.mark.slow
@pytest.mark.alone
def test_two_threads_on_a_core_that_others_want_do_not_collapse():
    """Both on one core beside a busy process: what happens now and then on a busy machine, all the time.

    As the library has it by itself, each waits for the other at full power while that one gets no core.
    """
    core = str(min(os.sched_getaffinity(0)))
    kept = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}

    def pace(threads, **environment):
        done = subprocess.run(
            [sys.executable, "-P", "-c", COLLAPSE, str(threads), core], capture_output=True, text=True,
            env=kept | {"OMP_NUM_THREADS": "2"} | environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return float(done.stdout)

    busy = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"]
    )
    try:
        one, two, itself = pace(1), pace(2), pace(2, GOMP_SPINCOUNT="300000")
    finally:
        busy.kill()
        busy.wait()
    assert two > one / 5, (one, two)  # and a run would go on with one (`Crew`), which this does not
    if len(os.sched_getaffinity(0)) > 1:  # with one core the library knows that it has one
        assert itself < one / 10, (one, itself)


COLLAPSE = """
import os, sys, time
import numpy as np
from zeocryst.condition import Stage, System
from zeocryst.engines.lammps import create
from zeocryst.model.forcefield import read_forcefield
from zeocryst.foundation.pace import Ticks
from zeocryst.running.simulation import thermalize
from zeocryst.solution.start import crystal
ts = read_forcefield("ts")
frame = crystal(System("framework", framework="SOD", repeat=(2, 2, 2)), ts)
thermalize(frame, 1500.0, np.random.default_rng(1))
stage = Stage(kind="nvt", temperature_K=(600.0, 600.0), time_ps=10_000.0)
ticks, begin = Ticks(10**7, 2000), None
for sample in create(ts, "cpu", int(sys.argv[1])).run(frame, stage, seed=1, every=ticks):
    ticks.arrived(sample.step)
    if begin is None:  # the library has counted its cores by now
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), {int(sys.argv[2])})
        begin = time.monotonic()
    if time.monotonic() > begin + 3:
        break
print(sample.step / (time.monotonic() - begin))
"""


@pytest.mark.alone
def test_a_run_says_with_how_many_threads_it_goes_on(short, tmp_path, monkeypatch):
    import numba

    from zeocryst.running.beginning import Options
    from zeocryst.running.pipeline import run

    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    before = numba.get_num_threads()

    def decide(crew):
        fewer, crew.threads = crew.threads > 1, 1
        return "goes on with 1 thread" if fewer else None

    monkeypatch.setattr(Crew, "decide", decide)
    try:
        summary, finished = run(short, tmp_path / "out", Options(threads=2, quiet=True))
        assert numba.get_num_threads() == 1
    finally:
        numba.set_num_threads(before)
    assert finished
    assert (tmp_path / "out" / "log.txt").read_text().count("goes on with 1 thread") == 1
    assert summary["engine"]["threads"] == 2
    assert summary["types"][0]["code"] == "SOD"


@pytest.mark.parametrize(("load", "told"), [(0.1, False), (40.0, True)])
@pytest.mark.alone
def test_check_looks_at_the_load(load, told, short, monkeypatch):
    from zeocryst.condition import read_condition
    from zeocryst.running.estimate import estimate

    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    found = estimate(read_condition(short))
    assert found["load"] == load
    assert bool(found["busy"]) == told
    if told:
        assert "load 40.0 on 4 cores" in found["busy"][0]
        assert len(os.sched_getaffinity(0)) < 2 or "with one thread" in found["busy"][0]


def test_a_run_of_one_thread_is_the_same_at_every_pace(short, ts, monkeypatch):
    """Frames have the same steps and the same bits, however often it looked up."""
    from zeocryst.condition import read_condition
    from zeocryst.files.position import Position
    from zeocryst.foundation import pace
    from zeocryst.running.simulation import Hooks, simulate

    condition = read_condition(short)
    start = crystal(condition.system, ts)

    def at(tick):
        monkeypatch.setattr(pace, "TICK_S", tick)
        frames, ticks = [], []
        hooks = Hooks(
            on_tick=lambda position, _: ticks.append(position.step),
            on_frame=lambda position, _, frame, __: frames.append((position.step, frame.particles.position)),
            save=lambda *_: None,
            should_stop=lambda: False,
        )
        simulate(condition, create(ts, "cpu", 1), start, seed=1, position=Position(), hooks=hooks)
        assert [step for step, _ in frames] == [0, *range(100, 201, 100), *range(300, 1001, 100)]
        return ticks, [np.asarray(position) for _, position in frames]

    found = [at(tick) for tick in (0.002, 0.05, 100.0)]
    assert len(found[0][0]) > 2 * len(found[2][0])
    for _, positions in found[1:]:
        assert all((a == b).all() for a, b in zip(positions, found[0][1], strict=True))
