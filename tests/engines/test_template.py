"""The template of an engine, by the tests of all engines that ask for no more than it integrates."""

import numpy as np
import pytest
import test_held
import test_solvent
from test_contract import TEMPLATE, kinetic, warm

from zeocryst.condition import Stage
from zeocryst.engines import choose_engine
from zeocryst.foundation import plugins

test_held_beads = test_held.test_a_stop_and_a_new_stage_hold_the_same_beads
test_frames_without_a_region = test_held.test_frames_of_runs_without_a_region_say_nothing
test_diffusion = test_solvent.test_free_beads_diffuse_by_einsteins_relation
test_bond_lengths = test_solvent.test_bond_lengths_are_boltzmanns
test_bodies = test_solvent.test_bodies_stay_with_their_beads


@pytest.fixture(autouse=True)
def _loaded(request):
    if "brownian" in request.node.name:
        pytest.skip("the template does not run brownian")
    plugins.load(TEMPLATE)
    yield
    plugins.forget()


@pytest.fixture
def engine(ts):
    return choose_engine(ts, "verlet", "cpu", 1)[0]


@pytest.fixture
def make():
    return lambda forcefield: choose_engine(forcefield, "verlet", "cpu", 1)[0]


def test_the_error_of_the_energy_falls_with_the_square_of_the_time_step(engine, sgt):
    """As that of velocity Verlet does (L. Verlet, Phys. Rev. 159, 98 (1967)): a mistake in it gives a first order."""
    start = None
    for sample in engine.run(
        warm(sgt, 600, 2), Stage("langevin", (300.0, 300.0), time_ps=1), seed=3, every=200
    ):
        start = sample.frame()
    spread = {}
    for step in (2, 4, 8):
        stage = Stage("nve", None, time_ps=1, timestep_fs=step)
        totals = [s.energy_eV + kinetic(s.frame()) for s in engine.run(start, stage, seed=1, every=8 // step)]
        assert len(totals) == 126
        spread[step] = np.std(totals)
    assert spread[4] / spread[2] == pytest.approx(4, rel=0.2)
    assert spread[8] / spread[4] == pytest.approx(4, rel=0.3)


def test_its_bath_has_the_canonical_kinetic_energy(engine, sgt):
    """Mean and spread of the temperature of 612 beads, as in the contract, over 20 ps."""
    stage = Stage("langevin", (600.0, 600.0), time_ps=22)
    samples = engine.run(warm(sgt, 1200, 5), stage, seed=11, every=40)
    blocks = np.array([s.temperature_K for s in samples if s.step > 400])[:100].reshape(10, 10)
    error = blocks.mean(axis=1).std(ddof=1) / 10**0.5
    assert error < 4
    assert abs(blocks.mean() - 600) < 4 * error
    assert blocks.std() == pytest.approx(600 * (2 / (3 * 612)) ** 0.5, rel=0.3)  # of 100 samples: 7 %
