"""Gibbs-Helmholtz: closed forms, numbers of thermodynamics, and errors that cover."""

import numpy as np
import pytest
from scipy.integrate import quad

from zeocryst.studies.driving import DrivingForce, EnthalpyOfMelting, driving_force_of, fit_enthalpy, record_of


def exact(coefficients, centre=300.0, melting=280.0, sigma=0.0, low=200.0, high=400.0):
    size = len(coefficients)
    h = EnthalpyOfMelting(centre, np.array(coefficients), np.zeros((size, size)), low, high)
    return DrivingForce(melting, sigma, h)


@pytest.mark.parametrize("coefficients", [[0.05], [0.05, 0.03], [0.05, 0.03, -0.2]])
@pytest.mark.parametrize("temperature", [210.0, 279.0, 330.0])
def test_the_integral_is_that_of_quadrature(coefficients, temperature):
    force = exact(coefficients)

    def integrand(t):
        x = t / 300.0 - 1
        return sum(c * x**k for k, c in enumerate(coefficients)) / t**2

    expected = temperature * quad(integrand, temperature, 280.0, epsabs=1e-14)[0]
    assert force.at(temperature)[0] == pytest.approx(expected, rel=1e-9, abs=1e-13)
    # the twin: Turnbull's straight line is another number where the enthalpy changes
    if len(coefficients) > 1 and temperature == 210.0:
        straight = force.enthalpy.at(280.0)[0] * (1 - temperature / 280.0)
        assert abs(straight - expected) > 1e-4


def test_a_constant_enthalpy_is_turnbulls_line():
    force = exact([0.0546])
    assert force.at(240.0)[0] == pytest.approx(0.0546 * (1 - 240 / 280), rel=1e-12)
    assert force.at(280.0)[0] == pytest.approx(0, abs=1e-15)
    assert force.at(300.0)[0] < 0


def test_a_melting_point_that_is_off_moves_it_by_the_entropy():
    force, moved = exact([0.05], sigma=2.0), exact([0.05], melting=282.0)
    shift = moved.at(250.0)[0] - exact([0.05]).at(250.0)[0]
    assert force.at(250.0)[1] == pytest.approx(shift, rel=0.01)


def test_stated_errors_cover_the_truth_and_half_of_them_do_not():
    rng = np.random.default_rng(5)
    truth = exact([0.05, 0.04])
    t = np.array([220.0, 240.0, 260.0, 280.0, 300.0])
    off = []
    for _ in range(400):
        h = np.array([truth.enthalpy.at(x)[0] for x in t]) + rng.normal(0, 0.002, len(t))
        force = DrivingForce(280 + rng.normal(0, 1.5), 1.5, fit_enthalpy(t, h, np.full(len(t), 0.002)))
        value, error = force.at(230.0)
        off.append((value - truth.at(230.0)[0]) / error)
    inside = np.mean(np.abs(off) < 1)
    assert 0.62 < inside < 0.78
    assert np.mean(np.abs(off) < 0.5) < 0.5


def test_a_further_power_is_taken_only_where_data_show_it():
    t = np.linspace(200, 300, 6)
    x = t / t.mean() - 1
    noise = np.array([1, -1, 0.5, -0.5, 1, -1]) * 1e-4
    error = np.full(6, 2e-4)
    assert len(fit_enthalpy(t, 0.05 + 0.02 * x + noise, error).coefficients) == 2
    assert len(fit_enthalpy(t, 0.05 + 0.02 * x + 0.2 * x**2 + noise, error).coefficients) == 3
    assert len(fit_enthalpy(t[:1], [0.05], [1e-4]).coefficients) == 1


def test_what_a_summary_says_reads_back():
    force = exact([0.05, 0.03], sigma=1.0, low=240.0, high=290.0)
    record = record_of(force, [230.0, 250.0])
    again = driving_force_of({"driving_force": record})
    assert again.at(250.0) == force.at(250.0)
    assert [row["extrapolated"] for row in record["table"]] == [True, False]
    assert driving_force_of({"driving_force": None}) is None
