"""What is said of refined atoms, on structures whose answer is known from outside."""

import numpy as np
import pytest

import zeocryst as zc
from zeocryst.refinement.methods import method_named
from zeocryst.refinement.refine import Dynamics, in_words, refine


@pytest.mark.parametrize("code", ["CHA", "SOD"])
def test_zeolites_that_exist_are_feasible_once_relaxed(code):
    """Li, Yu and Xu (2013): every known zeolite meets the criteria, when relaxed in a force field for silica."""
    atoms = zc.framework(code)
    atoms.rattle(0.02, seed=1)
    found = refine(atoms, method_named("slc"), free_cell=True)
    assert found.record["feasibility"]["feasible"] is True
    assert any("feasible by them" in words for words in in_words(found.record))
    fixed = refine(atoms, method_named("slc"))
    assert "feasibility" not in fixed.record  # the cell is not the force field's


def test_a_simulation_that_is_none_is_refused():
    with pytest.raises(zc.InputError, match="0 ps"):
        Dynamics(0.0)
    with pytest.raises(zc.InputError, match="-5 K"):
        Dynamics(1.0, -5.0)


def test_energies_do_not_depend_on_how_often_the_cell_is_repeated():
    one = refine(zc.framework("SOD", repeat=(2, 2, 2)), method_named("clayff"))
    two = refine(zc.framework("SOD", repeat=(2, 2, 4)), method_named("clayff"))
    assert two.record["energy_eV_per_SiO2"] == pytest.approx(one.record["energy_eV_per_SiO2"], abs=1e-3)
    assert np.isfinite(two.record["above_quartz_kJ_per_mol"])
