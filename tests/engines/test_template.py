"""The template of an engine, by the tests of all engines that ask for no more than it integrates."""

import pytest
import test_held
import test_solvent
from test_contract import TEMPLATE

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
