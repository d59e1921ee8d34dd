"""Half-times of aggregation, against Smoluchowski and against a process drawn event by event."""

import numpy as np
import pytest

from zeocryst.order.coagulation import half_time, smoluchowski_half_time_ps


def smoluchowski(times, n0, rate):
    return [{"time_ps": t, "n_aggregates": n0 / (1 + t / rate)} for t in times]


def test_the_half_time_of_smoluchowski_is_found_between_two_frames():
    # n0 / (1 + t / tau) has halved at tau, wherever the frames lie
    found = half_time(smoluchowski([0, 3, 7, 8.5, 11, 30], 1000.0, 9.3))
    assert found["found"]
    assert found["time_ps"] == pytest.approx(9.3, rel=1e-9)


def test_a_preparation_does_not_count():
    rows = smoluchowski([0, 5, 10, 15], 100.0, 8.0)
    for row in rows:
        row["time_ps"] += 500
    assert half_time(rows)["time_ps"] == pytest.approx(8.0)


def test_what_did_not_halve_has_no_half_time():
    found = half_time(smoluchowski([0, 1, 2], 100.0, 50.0))
    assert found["time_ps"] is None
    assert not found["found"]
    assert "more than half as many" in found["sentence"]


def test_diffusion_limited_half_time_of_a_dilute_suspension_is_smoluchowskis():
    """2 / (k n) with k = 8 kT / (3 eta), here in SI units; whatever the radius."""
    boltzmann, temperature, viscosity = 1.380649e-23, 298.15, 0.89e-3
    rate = 8 * boltzmann * temperature / (3 * viscosity)  # m^3/s
    number, edge = 500, 1e6
    expected = 2 / (rate * number / (edge * 1e-10) ** 3) * 1e12
    for radius in (5.0, 20.0):
        found = smoluchowski_half_time_ps(
            number, edge**3, temperature, 0.89, radius_A=radius, contact_A=2 * radius
        )
        assert found == pytest.approx(expected, rel=2e-3)


def test_what_begins_close_aggregates_sooner():
    """n0/2 times the integral of k(t) = 4 pi D R (1 + R / sqrt(pi D t)), D relative, is 1 at the half-time."""
    from scipy.integrate import quad

    temperature, viscosity, radius, contact = 370.0, 0.3, 9.35, 23.35
    number, volume = 150, 7.96e6
    found = smoluchowski_half_time_ps(
        number, volume, temperature, viscosity, radius_A=radius, contact_A=contact
    )
    single = 1.380649e-23 * temperature / (6 * np.pi * viscosity * 1e-3 * radius * 1e-10)  # m^2/s
    diffusion = 2 * single * 1e20 / 1e12  # Å^2/ps
    flux = quad(
        lambda t: 4 * np.pi * diffusion * contact * (1 + contact / np.sqrt(np.pi * diffusion * t)), 0, found
    )[0]
    assert number / volume / 2 * flux == pytest.approx(1, rel=1e-6)
    assert found < 0.3 * 2 * volume / (4 * np.pi * diffusion * contact * number)


def test_the_stated_error_is_that_of_the_process_drawn_event_by_event():
    """Gillespie's draws of a constant kernel: waiting times of n aggregates are exponential, of rate n (n - 1) / 2."""
    rng = np.random.default_rng(4)
    number = 60
    halved = []
    for _ in range(3000):
        left = np.arange(number, number // 2, -1)
        halved.append(rng.exponential(1 / (left * (left - 1) / 2)).sum())
    spread = np.std(halved) / np.mean(halved)
    rows = [{"time_ps": 0.0, "n_aggregates": number}, {"time_ps": np.mean(halved), "n_aggregates": number / 2}]
    found = half_time(rows)
    # 3000 draws give a standard deviation to 1.3 %; finite N costs a few more
    assert found["uncertainty_ps"] / found["time_ps"] == pytest.approx(spread, rel=0.06)
