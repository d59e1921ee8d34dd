"""Classical nucleation theory: published numbers, other forms of the formulas, and walks whose theory it is."""

import numpy as np
import pytest

from zeocryst.studies.attachment import Attachment, attachment_rate
from zeocryst.studies.nucleation_theory import (
    Measured,
    Nucleus,
    barrier_kt,
    interfacial_free_energy,
    log10_rate,
    theory,
    zeldovich,
)
from zeocryst.units import BOLTZMANN_EV_PER_K, EV_PER_KCAL_PER_MOL, MJ_PER_M2_PER_EV_PER_A2

#: mW water at 240 K: 600 molecules are critical, the driving force is 0.1553 kcal/mol (J. R. Espinosa et al.,
#: J. Chem. Phys. 141, 18C529 (2014)); ice has 0.0327 molecules per A^3, the melt 0.0334.
ICE = (600, 0.1553 * EV_PER_KCAL_PER_MOL, 240.0)


def test_published_barrier_and_rate_of_water():
    """The barrier is that of umbrella sampling, 96 kT (B. Cheng et al., PCCP 20, 28732 (2018)); log J is -2
    (2014)."""
    assert barrier_kt(*ICE) == pytest.approx(96.24, rel=0.03)
    assert log10_rate(*ICE, attachment_per_ps=150, melt_per_A3=0.0334) == pytest.approx(-2, abs=0.5)
    # the twin: 500 molecules would be 17 kT and seven orders of magnitude off
    wrong = (500, *ICE[1:])
    assert barrier_kt(*wrong) != pytest.approx(96.24, rel=0.03)
    assert log10_rate(*wrong, attachment_per_ps=150, melt_per_A3=0.0334) > 4


def test_interfacial_free_energy_against_the_other_form_of_the_barrier():
    """16 pi gamma^3 / (3 rho^2 mu^2) with gamma in eV/A^2 is the same barrier; 25 to 32 mJ/m^2 were
    published."""
    size, mu, t = ICE
    gamma = interfacial_free_energy(size, mu, 0.0327)
    assert 25 < gamma < 32
    in_ev = gamma / MJ_PER_M2_PER_EV_PER_A2
    other = 16 * np.pi * in_ev**3 / (3 * 0.0327**2 * mu**2) / (BOLTZMANN_EV_PER_K * t)
    assert barrier_kt(*ICE) == pytest.approx(other, rel=1e-12)
    # SI by hand: mJ/m^2 from J and m
    joule = mu * 1.602176634e-19
    assert gamma == pytest.approx(1e3 * (3 * size * (0.0327e30) ** 2 * joule**3 / (32 * np.pi)) ** (1 / 3))


def test_zeldovich_is_the_curvature_at_the_top():
    """sqrt(-G''/(2 pi kT)) of the sphere's free energy by differences."""
    size, mu, t = ICE
    kt = BOLTZMANN_EV_PER_K * t

    def energy(n):
        return (-mu * n + 1.5 * mu * size ** (1 / 3) * n ** (2 / 3)) / kt

    curvature = energy(size + 1) - 2 * energy(size) + energy(size - 1)
    assert zeldovich(*ICE) == pytest.approx(np.sqrt(-curvature / (2 * np.pi)), rel=1e-4)
    assert energy(size) == pytest.approx(barrier_kt(*ICE))


# walks: their steady rate is a sum, exact, in which nothing of Zeldovich's is
CRITICAL, DRIVE, T = 60, 0.4, 240.0
N = np.arange(1, 600)
ENERGY = -DRIVE * N + 1.5 * DRIVE * CRITICAL ** (1 / 3) * N ** (2 / 3)
UP = 2.0 * N ** (2 / 3)
DOWN = np.concatenate([[0.0], UP[:-1] * np.exp(np.diff(ENERGY))])


def test_rate_against_becker_and_doerings_sum():
    """J = 1 / sum 1/(f(n) rho(n)) of the chain, with rho(n) = rho exp(-G(n)): no saddle point in it."""
    exact = 0.03 / (np.exp(ENERGY) / UP).sum() * 1e42
    mu = DRIVE * BOLTZMANN_EV_PER_K * T
    ours = log10_rate(CRITICAL, mu, T, attachment_per_ps=UP[CRITICAL - 1], melt_per_A3=0.03)
    assert ours == pytest.approx(np.log10(exact), abs=0.05)
    twin = log10_rate(1.25 * CRITICAL, mu, T, attachment_per_ps=UP[CRITICAL - 1], melt_per_A3=0.03)
    assert twin != pytest.approx(np.log10(exact), abs=0.5)


def test_rate_against_times_of_first_passage():
    """Walks over a barrier of 5 kT take as long as the rate says: they begin at 1 T and are timed beyond the
    top."""
    critical = 25
    energy = -DRIVE * N + 1.5 * DRIVE * critical ** (1 / 3) * N ** (2 / 3)
    down = np.concatenate([[0.0], UP[:-1] * np.exp(np.diff(energy))])
    rng = np.random.default_rng(2)
    times = []
    for _ in range(60):
        at, t = 1, 0.0
        while at < 3 * critical:
            up, off = UP[at - 1], down[at - 1]
            t += rng.exponential(1 / (up + off))
            at += 1 if rng.random() < up / (up + off) else -1
        times.append(t)
    per_ps = 1 / np.mean(times)
    # of one walker: rho is exp(-G) over the sum of all sizes up to the top
    share = 1 / np.exp(-energy[:critical]).sum()
    mu = DRIVE * BOLTZMANN_EV_PER_K * T
    ours = log10_rate(critical, mu, T, attachment_per_ps=UP[critical - 1], melt_per_A3=share)
    assert np.log10(per_ps) == pytest.approx(float(ours) - 42, abs=3 * 0.43 / np.sqrt(60) + 0.1)


def courses(count, noise, rng, *, size=CRITICAL, up=UP, down=DOWN, every=0.05, frames=160):
    """Sizes of walks that begin at the top, as frames show them."""
    out = []
    for _ in range(count):
        at, t, seen = size, 0.0, []
        while len(seen) < frames and 2 < at < 5 * size:
            f, g = up[at - 1], down[at - 1]
            t += rng.exponential(1 / (f + g))
            while len(seen) * every < t and len(seen) < frames:
                seen.append(at)
            at += 1 if rng.random() < f / (f + g) else -1
        out.append((every * np.arange(len(seen)), np.array(seen) + noise * rng.normal(size=len(seen))))
    return out


def test_attachment_rate_of_walks():
    """Known by construction; the noise of an order parameter does not change it, forgetting the drift nearly
    not."""
    true = UP[CRITICAL - 1]
    z = float(zeldovich(CRITICAL, DRIVE * BOLTZMANN_EV_PER_K * T, T))
    rng = np.random.default_rng(4)
    for noise in (0.0, 4.0):
        found = attachment_rate(courses(30, noise, rng), CRITICAL, z)
        assert isinstance(found, Attachment)
        assert found.per_ps == pytest.approx(true, abs=3 * found.error_per_ps + 0.05 * true)
        assert found.error_per_ps < 0.3 * true
        assert abs(found.per_ps - 2 * true) > 3 * found.error_per_ps  # the twin
        assert found.diffusive
        assert found.offset == pytest.approx(2 * noise**2, abs=8)
    without = attachment_rate(courses(30, 2.0, rng), CRITICAL)
    assert without.per_ps == pytest.approx(true, rel=0.35)


def test_error_of_the_attachment_rate_is_what_it_scatters_by():
    """Twenty studies of ten runs: stated and real error agree within a factor."""
    z = float(zeldovich(CRITICAL, DRIVE * BOLTZMANN_EV_PER_K * T, T))
    rng = np.random.default_rng(8)
    found = [attachment_rate(courses(10, 2.0, rng), CRITICAL, z) for _ in range(20)]
    rates = np.array([f.per_ps for f in found])
    assert rates.mean() == pytest.approx(UP[CRITICAL - 1], rel=0.15)
    assert 0.5 < np.sqrt(np.mean([f.error_per_ps**2 for f in found])) / rates.std() < 2.0


def test_size_that_only_jitters_is_not_called_diffusion():
    """Slow fluctuation about one size has a variance that levels off: early and late lags differ."""
    rng = np.random.default_rng(6)
    runs = []
    for _ in range(12):
        x = np.zeros(400)
        for k in range(1, 400):
            x[k] = 0.9 * x[k - 1] + 2 * rng.normal()
        runs.append((0.1 * np.arange(400), 60 + x))
    found = attachment_rate(runs, 60, 0.04)
    assert isinstance(found, str) or not found.diffusive


def test_too_little_is_said():
    """Few runs, far sizes, wide steps: a sentence each, no number."""
    rng = np.random.default_rng(1)
    assert "at least 3 runs" in attachment_rate(courses(2, 0, rng), CRITICAL)
    assert "came within" in attachment_rate(courses(5, 0, rng), 5000)
    assert "shorter interval_ps" in attachment_rate(courses(20, 0, rng, every=3.0), CRITICAL, 0.05)


def test_errors_are_propagated():
    """The spread of the barrier from size and driving force, relative errors in quadrature; the rate in log."""
    rng = np.random.default_rng(0)
    size, mu, t = ICE
    nucleus = Nucleus(
        t, size, size * (1 + 0.05 * rng.normal(size=20000)), Measured(mu, 0.02 * mu), Measured(0.0327, 1e-4),
        Measured(0.0334, 1e-4), Measured(150, 50), {"the box": 1e-25, "a drop": 1e-15},
    )  # fmt: skip
    found = theory(nucleus)
    assert found["barrier_uncertainty_kT"] == pytest.approx(
        found["barrier_kT"] * np.hypot(0.05, 0.02), rel=0.05
    )
    low, high = found["log10_rate_interval_per_m3_s"]
    assert high - low == pytest.approx(2 * 1.96 * found["barrier_uncertainty_kT"] / np.log(10), rel=0.1)
    low, high = found["interfacial_free_energy_interval_mJ_per_m2"]
    assert low < found["interfacial_free_energy_mJ_per_m2"] < high
    box, drop = found["waiting_times"]
    assert box["log10_seconds"] == pytest.approx(-found["log10_rate_per_m3_s"] + 25)
    assert drop["seconds"] == pytest.approx(1 / (found["rate_per_m3_s"] * 1e-15))
    assert box["log10_seconds_interval"][0] < box["log10_seconds"] < box["log10_seconds_interval"][1]


def test_a_rate_too_small_for_a_number_is_its_logarithm():
    """A barrier of 2000 kT: no 0.0 that would look like a rate."""
    kt = BOLTZMANN_EV_PER_K * 240
    nucleus = Nucleus(
        240.0, 1e5, np.full(9, 1e5), Measured(0.04 * kt), Measured(0.03), Measured(0.03), Measured(100.0),
        {"the box": 1e-25},
    )  # fmt: skip
    found = theory(nucleus)
    assert found["rate_per_m3_s"] is None
    assert found["log10_rate_per_m3_s"] < -800
    assert found["waiting_times"][0]["seconds"] is None
    assert "attachment_rate_per_ps" not in theory(Nucleus(240.0, 100, np.full(9, 100), *[Measured(0.01)] * 3))
