"""The engine on several ranks: the numbers of one, evenly shared, and no rank that hangs."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest
from ranked import HERE, mpiexec, ranked

from zeocryst.condition import Stage, parse_condition
from zeocryst.engines.lammps.shares import Shares

if sys.platform != "linux":
    pytest.skip("processes are followed in /proc", allow_module_level=True)

STATES = {
    "crystal": {"start": "framework", "framework": "SGT", "repeat": [2, 2, 2]},
    "large": {"start": "framework", "framework": "SGT", "repeat": [5, 5, 2]},
    "triclinic": {"start": "framework", "framework": "AFI", "repeat": [3, 3, 3]},
    "gel": {
        "start": "gel", "n_T": 1200, "n_S": 75, "density_T_per_1000A3": 0.5, "precursors": {"dimer": 0.5, "4R": 0.5},
    },
}  # fmt: skip
RUNS = [
    ("crystal", Stage("nve", None, time_ps=1, timestep_fs=5)),
    ("crystal", Stage("npt", (500.0, 500.0), time_ps=1, timestep_fs=5, pressure_bar=0.0, coupling="aniso")),
    (
        "triclinic",
        Stage("npt", (500.0, 500.0), time_ps=1, timestep_fs=5, pressure_bar=0.0, coupling="triclinic"),
    ),
    ("gel", Stage("langevin", (400.0, 400.0), time_ps=1, timestep_fs=5)),
    ("gel", Stage("brownian", (400.0, 500.0), time_ps=1, timestep_fs=5)),
    ("gel", Stage("langevin", (400.0, 400.0), time_ps=1, timestep_fs=5, rigid_precursors=True)),
]


def start(name):
    """A force field, and a frame with velocities in images that are not the first."""
    from zeocryst.running.beginning import first_frame
    from zeocryst.running.simulation import thermalize

    condition = parse_condition(
        {
            "name": name,
            "system": STATES[name],
            "stage": [{"kind": "nve", "temperature_K": 300, "time_ps": 100}],
        },
        name,
        HERE,
    )
    forcefield = condition.read_forcefield()
    frame = first_frame(condition, forcefield)
    thermalize(frame, 500.0, np.random.default_rng(1))
    frame.particles.image = np.random.default_rng(2).integers(-3, 4, (frame.particles.N, 3)).astype(np.int32)
    return forcefield, frame


def numbers():
    """What states are at step 0 and after a run, and their minima."""
    from zeocryst.engines import choose_engine
    from zeocryst.engines.lammps import engine as module
    from zeocryst.engines.lammps import session

    module.SPREAD_BEADS = 0
    session.UNEVEN, session.EVEN_STEPS = 1.0, 20  # cut anew again and again
    found = []
    for name, stage in RUNS:
        forcefield, frame = start(name)
        engine, _ = choose_engine(forcefield, "lammps", threads=1)
        friction = {kind: 30 * mass for kind, mass in forcefield.masses.items()}
        samples = list(engine.run(frame, stage, seed=5, every=50, friction=friction))
        run = engine.run(frame, stage, seed=5, every=50, friction=friction)
        first = next(run).frame()
        run.close()
        particles = first.particles
        found.append(
            {
                "energy": samples[0].energy_eV,
                "pressure": samples[0].pressure_bar,
                "temperature": samples[0].temperature_K,
                "velocity": float(np.abs(particles.velocity - frame.particles.velocity).max()),
                "image": int(np.abs(particles.image - frame.particles.image).max()),
                "place": float(np.abs(particles.position - frame.particles.position).max()),
                "type": bool((particles.typeid == frame.particles.typeid).all()),
                "later": samples[-1].energy_eV / particles.N,
            }
        )
    forcefield, frame = start("triclinic")
    engine, _ = choose_engine(forcefield, "lammps", threads=1)
    evaluated = engine.evaluate(frame)
    _, minimum = engine.minimize(frame)
    *_, last = engine.descend(frame)
    return {
        "runs": found,
        "forces": evaluated.forces.tolist(),
        "virial": list(evaluated.virial_eV),
        "minimum": minimum,
        "descended": last.energy_eV,
        "ranks": engine.info.ranks,
    }


@pytest.fixture(scope="module")
def one():
    return ranked(numbers, 1)


@pytest.fixture(scope="module", params=[2, 3])
def several(request):
    found = ranked(numbers, request.param)
    assert found["ranks"] == request.param
    return found


@pytest.mark.slow
def test_step_0_is_that_of_one_rank(one, several):
    for a, b in zip(one["runs"], several["runs"], strict=True):
        for key in ("energy", "pressure", "temperature"):
            assert b[key] == pytest.approx(a[key], rel=1e-8), key
        assert b["type"]
        assert b["image"] == a["image"] == 0
        assert b["place"] < 1e-10
    for (_, stage), found in zip(RUNS, several["runs"], strict=True):
        if stage.kind != "brownian" and not stage.rigid_precursors:
            assert found["velocity"] == 0
        assert found["later"] == pytest.approx(one["runs"][RUNS.index((_, stage))]["later"], abs=0.02)
    assert np.allclose(one["forces"], several["forces"], atol=1e-10)
    assert np.allclose(one["virial"], several["virial"], rtol=1e-8, atol=1e-6)


@pytest.mark.slow
def test_without_random_forces_the_way_is_that_of_one_rank(one, several):
    """0.2 ps: differences of rounding have not grown."""
    for (_, stage), a, b in zip(RUNS, one["runs"], several["runs"], strict=True):
        if stage.kind in ("nve", "npt"):
            assert b["later"] == pytest.approx(a["later"], rel=1e-9)
    assert several["descended"] == pytest.approx(one["descended"], rel=1e-6)
    assert several["minimum"] == pytest.approx(one["minimum"], rel=1e-8)


def averages():
    """Means over time of a crystal at 500 K, and how certain they are (blocks of 1 ps)."""
    from zeocryst.engines import choose_engine

    forcefield, frame = start("crystal")
    engine, _ = choose_engine(forcefield, "lammps", threads=1)
    stage = Stage("langevin", (500.0, 500.0), time_ps=12, timestep_fs=5)
    rows = [
        (sample.temperature_K, sample.energy_eV)
        for sample in engine.run(frame, stage, seed=11, every=20)
        if sample.step > 400
    ]
    blocks = np.array(rows).reshape(10, -1, 2).mean(axis=1)
    return blocks.mean(axis=0).tolist(), (blocks.std(axis=0, ddof=1) / 10**0.5).tolist()


@pytest.mark.slow
def test_statistics_are_those_of_one_rank():
    """Baths draw other random forces on each rank."""
    (mean, error), (others, their_error) = ranked(averages, 1), ranked(averages, 2)
    for a, b, da, db in zip(mean, others, error, their_error, strict=True):
        assert abs(a - b) < 4 * np.hypot(da, db)
    assert others[0] == pytest.approx(500, abs=4 * their_error[0] + 3)


# ---- an aggregate in one corner ----------------------------------------------------------------


def corner():
    """A ball of crystal in one corner of a box that is otherwise empty."""
    from zeocryst.cell import make_frame
    from zeocryst.running.simulation import thermalize

    forcefield, crystal = start("large")
    places = np.asarray(crystal.particles.position, float)
    kinds = np.asarray(crystal.particles.typeid)
    near = np.linalg.norm(places, axis=1) < 25.0
    edge = 120.0
    frame = make_frame(
        places[near] + edge / 4, np.diag([edge] * 3), kinds[near], crystal.particles.types, forcefield.masses
    )
    thermalize(frame, 300.0, np.random.default_rng(1))
    return forcefield, frame


def corner_shared():
    """Imbalance and seconds for 40 steps of such a ball, with the box cut evenly and cut as it is."""
    from zeocryst.engines.lammps import session
    from zeocryst.engines.lammps.engine import LammpsEngine

    stage = Stage("nvt", (300.0, 300.0), time_ps=4, timestep_fs=5)
    found = {}
    for name, uneven in (("plain", 1e9), ("cut", session.UNEVEN)):
        session.UNEVEN = uneven
        forcefield, frame = corner()
        engine = LammpsEngine(forcefield, 1)
        times = [time.perf_counter() for _ in engine.run(frame, stage, seed=1, every=40)]
        fastest = float(np.diff(times)[1:].min())  # others may use the machine now and then
        found[name] = {**engine.shares.record()["imbalance"], "seconds": fastest}
    return found


@pytest.mark.slow
@pytest.mark.alone
def test_an_aggregate_in_a_corner_is_shared():
    """Cut evenly all of it is one rank's; cut as it is both have the same, and steps take less time."""
    found = ranked(corner_shared, 2)
    assert found["plain"]["beads"] > 1.6
    assert found["cut"]["beads"] < 1.3
    assert found["cut"]["beads_now"] < 1.3
    assert found["cut"]["seconds"] < 0.9 * found["plain"]["seconds"]


# ---- failures ----------------------------------------------------------------------------------


def overlapping(at):
    """Two beads in one place, in one half of the crystal or the other, end LAMMPS on the rank that has them."""
    from zeocryst.engines import choose_engine

    forcefield, frame = start("crystal")
    order = np.argsort(frame.particles.position[:, 2])
    seeds = [k for k in order if frame.particles.typeid[k] == frame.particles.types.index("S")]
    bead = seeds[at]
    frame.particles.position[bead] += 1e-3
    twin = seeds[at + 1 if at >= 0 else at - 1]
    frame.particles.position[twin] = frame.particles.position[bead] + 1e-3
    engine, _ = choose_engine(forcefield, "lammps", threads=1)
    return [sample.energy_eV for sample in engine.run(frame, Stage("nve", None, time_ps=1), seed=1, every=10)]


def overlapping_below():
    return overlapping(0)


def overlapping_above():
    return overlapping(-1)


def _dies():
    from zeocryst.foundation.ranks import communicators

    everyone, _ = communicators()
    if everyone.rank == 1:
        raise MemoryError("no room")
    everyone.Barrier()


def without_memory():
    """One rank fails where the others wait for it."""
    from zeocryst.foundation.ranks import everywhere

    everywhere(_dies)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("overlapping_below", "Pair distance < table inner cutoff"),
        ("overlapping_above", "Pair distance < table inner cutoff"),
        ("without_memory", "process 1 of 3 .* MemoryError: no room"),
    ],
)
def test_a_rank_that_fails_ends_all(name, words):
    begin = time.monotonic()
    code = [sys.executable, str(HERE / "ranked.py"), "test_ranks_engine", name]
    done = subprocess.run([mpiexec(), "-n", "3", *code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert len(re.findall(words, done.stderr)) == 1, done.stderr
    assert time.monotonic() - begin < 50


# ---- without any ranks -------------------------------------------------------------------------

CHUNK = """
MPI task timing breakdown:
Section |  min time  |  avg time  |  max time  |%varavg| %total
---------------------------------------------------------------
Pair    | 1          | 2          | 3          |  0.0 | 50.00
Neigh   | 0.5        | 0.5        | 0.5        |  0.0 | 12.50
Comm    | 0.2        | 1.2        | 2.2        |  0.0 | 30.00
Output  | 1e-05      | 1e-05      | 1e-05      |  0.0 |  0.00
Modify  | 0.1        | 0.1        | 0.1        |  0.0 |  2.50
Other   |            | 0.2        |            |       |  5.00

Nlocal:            100 ave         150 max          50 min
Histogram: 1 0 0 0 0 0 0 0 0 1
Nghost:            300 ave         310 max         290 min
"""


def test_shares_add_up():
    shares = Shares()
    assert shares.record() == {}
    shares.read(CHUNK)
    shares.read(CHUNK.replace("150 max", "100 max"))
    record = shares.record()
    assert record["seconds"] == {"pair": 4, "neigh": 1, "comm": 2.4, "output": 0, "modify": 0.2, "other": 0.4}
    assert record["imbalance"] == {"beads": 1.25, "beads_now": 1.0, "time": round(7.2 / 5.2, 3)}
    assert record["ghosts_per_bead"] == 3.0
