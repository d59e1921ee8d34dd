"""Means of correlated series, and phases that are what they are called."""

import numpy as np
import pytest

from zeocryst.studies.enthalpy import (
    CRYSTAL,
    MELT,
    Phase,
    differences,
    heat_capacity,
    mean_of_series,
    measure_phase,
)
from zeocryst.units import BAR_PER_EV_PER_A3, BOLTZMANN_EV_PER_K


def series(rng, n, rho):
    x = np.empty(n)
    x[0] = rng.normal()
    for k in range(1, n):
        x[k] = rho * x[k - 1] + rng.normal() * (1 - rho**2) ** 0.5
    return x


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.85])
def test_errors_of_correlated_series_are_those_of_their_means(rho):
    rng = np.random.default_rng(7)
    found = np.array([mean_of_series(series(rng, 200, rho)) for _ in range(500)])
    inside = np.mean(np.abs(found[:, 0]) < found[:, 1])
    assert 0.60 < inside < 0.76
    if rho:  # the twin: as if frames were independent
        naive = np.array([series(rng, 200, rho) for _ in range(500)])
        sure = np.abs(naive.mean(axis=1)) < naive.std(axis=1, ddof=1) / 200**0.5
        assert np.mean(sure) < 0.5


def rows(share, *, energy=-0.5, density=33.0, n=40, stage=2):
    share = np.broadcast_to(share, n)
    first = [{"stage": 1, "crystalline_share": 0.5, "energy_eV_per_bead": 9.0, "density_T_per_1000A3": 1.0}]
    return first + [
        {
            "stage": stage,
            "crystalline_share": s,
            "energy_eV_per_bead": energy + 1e-3 * (-1) ** k,
            "density_T_per_1000A3": density,
        }
        for k, s in enumerate(share)
    ]


def test_enthalpy_is_per_T_with_its_S_and_the_pressure():
    found = measure_phase("x", CRYSTAL, 300.0, rows(1.0), pressure_bar=1e4, beads_per_T=1.25)
    volume = 1000 / 33.0
    assert found.enthalpy_eV_per_T == pytest.approx(-0.5 * 1.25 + 1e4 / BAR_PER_EV_PER_A3 * volume, abs=1e-9)
    assert found.density_T_per_1000A3 == pytest.approx(33.0)
    assert found.density_uncertainty == 0.0


@pytest.mark.parametrize(
    ("phase", "share", "why"),
    [
        (CRYSTAL, np.r_[np.ones(39), 0.4], "did not last"),
        (MELT, np.r_[np.zeros(39), 0.4], "crystallized"),
        (CRYSTAL, 1.0, None),
        (MELT, 0.02, None),
    ],
)
def test_a_phase_that_changes_does_not_count(phase, share, why):
    found = measure_phase("x", phase, 300.0, rows(share), pressure_bar=0.0, beads_per_T=1.0)
    assert (found.why_left_out is None) == (why is None)
    if why:
        assert why in found.why_left_out
        assert found.enthalpy_eV_per_T is None
        assert len(differences([found])[0]) == 0


def test_a_run_of_few_frames_does_not_count():
    found = measure_phase("x", MELT, 300.0, rows(0.0, n=5), pressure_bar=0.0, beads_per_T=1.0)
    assert "5 frames" in found.why_left_out


def test_a_harmonic_crystal_has_the_heat_capacity_of_dulong_and_petit():
    phases = [
        Phase("x", CRYSTAL, t, -2.0 + 1.5 * BOLTZMANN_EV_PER_K * t, 1e-5, 30.0, 0.1)
        for t in (100.0, 200.0, 300.0)
    ]
    assert heat_capacity(phases, CRYSTAL, 1.0)[0] == pytest.approx(3.0)
    assert heat_capacity(phases, MELT, 1.0) is None


def test_frames_that_are_all_alike_have_a_heat_capacity():
    """Their error of zero is no weight without end."""
    alike = {t: [{**row, "energy_eV_per_bead": -2.0 + BOLTZMANN_EV_PER_K * t} for row in rows(1.0)]
             for t in (100.0, 200.0, 300.0)}  # fmt: skip
    phases = [
        measure_phase("x", CRYSTAL, t, frames, pressure_bar=0.0, beads_per_T=1.0) for t, frames in alike.items()
    ]
    assert [one.uncertainty_eV_per_T for one in phases] == pytest.approx([0.0] * 3, abs=1e-15)
    assert heat_capacity(phases, CRYSTAL, 1.0)[0] == pytest.approx(2.5)


def test_only_temperatures_of_both_phases_tell_a_difference():
    phases = [
        Phase("a", CRYSTAL, 300.0, -2.0, 0.03, 30.0, 0.1),
        Phase("b", MELT, 300.0, -1.9, 0.04, 30.0, 0.1),
        Phase("c", MELT, 320.0, -1.8, 0.04, 30.0, 0.1),
    ]
    t, h, e = differences(phases)
    assert t.tolist() == [300.0]
    assert h == pytest.approx([0.1])
    assert e == pytest.approx([0.05])
