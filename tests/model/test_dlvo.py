"""The potential of two nanoparticles against limits, other ways to the same number, and published values."""

import math
from dataclasses import replace

import numpy as np
import pytest

from zeocryst.errors import InputError
from zeocryst.model.dlvo import (
    CLOSEST_A,
    COULOMB_EV_A,
    SILICA_WATER_EV,
    DlvoPair,
    effective_potential,
)
from zeocryst.model.encounters import aggregation_rate, approach, barrier_for, second_virial_A3, stability_ratio
from zeocryst.model.water import debye_length_A, permittivity_at, water_density, water_permittivity
from zeocryst.units import BOLTZMANN_EV_PER_K

T = 298.15
KT = BOLTZMANN_EV_PER_K * T


def pair(**given):
    parts = {
        "radius_A": (10.0, 10.0), "hamaker_eV": SILICA_WATER_EV, "potential_mV": (-30.0, -30.0),
        "debye_length_A": debye_length_A(0.1, T, 78.4), "temperature_K": T, "permittivity": 78.4,
    }  # fmt: skip
    return DlvoPair(**parts | given)


class TestWater:
    def test_density_of_the_saturated_liquid(self):
        """Values of the IAPWS's release SR1-86 (1992)."""
        assert water_density(273.16) == pytest.approx(999.789, abs=1e-3)
        assert water_density(373.1243) == pytest.approx(958.365, abs=1e-3)
        assert water_density(647.096) == pytest.approx(322.0)

    def test_permittivity_is_the_formulation_of_the_iapws(self):
        """ChEDL's `fluids`/`chemicals` print 55.56584187269734 for 373 K and 958.46 kg/m^3."""
        assert permittivity_at(373.0, 958.46) == pytest.approx(55.56584, abs=5e-5)

    @pytest.mark.parametrize("celsius", [1, 25, 50, 75, 99])
    def test_permittivity_is_that_of_malmberg_and_maryott(self, celsius):
        """J. Res. Natl. Bur. Stand. 56, 1 (1956): their measurements, to which this fits within 0.01."""
        measured = 87.740 - 0.40008 * celsius + 9.398e-4 * celsius**2 - 1.410e-6 * celsius**3
        assert water_permittivity(273.15 + celsius) == pytest.approx(measured, rel=0.004)

    def test_permittivity_is_refused_outside_of_its_range(self):
        with pytest.raises(InputError, match=r"273.15 to 623.15 K, not at 700 K; give relative_permittivity"):
            water_permittivity(700.0)

    @pytest.mark.parametrize(("molar", "length"), [(0.1, 9.6), (0.01, 30.4), (0.001, 96.1), (1.0, 3.04)])
    def test_debye_length(self, molar, length):
        """J. N. Israelachvili, Intermolecular and Surface Forces, 3rd ed., 14.14: 3.04/sqrt(M) Å at 25 °C."""
        assert debye_length_A(molar, T, water_permittivity(T)) == pytest.approx(length, rel=0.005)


class TestVanDerWaals:
    def test_is_the_sum_over_both_spheres(self):
        """Of -A/(pi^2 d^6) over all pairs of points; a sphere and a point are known in closed form."""
        from scipy.integrate import quad

        a, b, r = 10.0, 14.0, 29.0
        # a sphere of radius a and a point at x: -A/pi^2 * (4 pi/3) a^3 / (x^2 - a^2)^3

        def shell(x):  # the part of the sphere b, about r, that is at x from the middle of a
            return math.pi * x / r * (b**2 - (r - x) ** 2) * (4 * math.pi / 3) * a**3 / (x**2 - a**2) ** 3

        energy = -quad(shell, r - b, r + b, epsrel=1e-10)[0] / math.pi**2
        found, force = pair(radius_A=(a, b), hamaker_eV=1.0).attraction(np.array([r, r - 1e-4, r + 1e-4]))
        assert found[0] == pytest.approx(energy, rel=1e-8)
        assert force[0] == pytest.approx((found[1] - found[2]) / 2e-4, rel=1e-6)

    def test_near_contact_it_is_derjaguins(self):
        """-A a/(12 h) for two spheres of one radius."""
        found, _ = pair(radius_A=(1e5, 1e5), hamaker_eV=1.0).attraction(np.array([2e5 + 1.0]))
        assert found[0] == pytest.approx(-1e5 / 12, rel=1e-3)

    def test_far_away_it_is_londons(self):
        """-16/9 A a^6/r^6."""
        found, _ = pair(hamaker_eV=1.0).attraction(np.array([400.0]))
        assert found[0] == pytest.approx(-16 / 9 * (10 / 400) ** 6, rel=0.02)


class TestDoubleLayers:
    def test_small_potentials_are_debye_and_hueckels(self):
        """Q^2/(4 pi eps) (e^(k a)/(1 + k a))^2 e^(-k r)/r with the charge of a sphere at that potential."""
        small = pair(potential_mV=(1.0, 1.0))
        kappa, r = 1 / small.debye_length_A, 33.0
        charge = 78.4 / COULOMB_EV_A * 10.0 * (1 + kappa * 10) * 1e-3  # elementary charges
        yukawa = charge**2 * COULOMB_EV_A / 78.4 * (math.exp(10 * kappa) / (1 + 10 * kappa)) ** 2
        found, force = small.repulsion(np.array([r, r - 1e-4, r + 1e-4]))
        assert found[0] == pytest.approx(yukawa * math.exp(-kappa * r) / r, rel=1e-3)
        assert force[0] == pytest.approx((found[1] - found[2]) / 2e-4, rel=1e-6)

    def test_a_large_sphere_is_gouy_and_chapmans_plane(self):
        assert effective_potential(100.0, 1e6, T) == pytest.approx(4 * math.tanh(0.1 / KT / 4), rel=1e-5)

    def test_signs_follow_the_potentials(self):
        both = pair(potential_mV=(-30.0, 30.0)).repulsion(np.array([30.0]))[0][0]
        assert both == pytest.approx(-pair().repulsion(np.array([30.0]))[0][0])

    @pytest.mark.parametrize(
        ("potential", "kappa_a", "within"), [(25, 1, 0.002), (75, 1, 0.01), (150, 5, 0.01)]
    )
    def test_effective_potential_is_that_of_poisson_and_boltzmanns_equation(self, potential, kappa_a, within):
        """(1/x^2) (x^2 y')' = sinh y about a sphere, solved numerically; far away y is Y (ka/x) e^(ka - x)."""
        from scipy.integrate import solve_bvp

        y0, far = potential / 1000 / KT, kappa_a + 12
        x = kappa_a + np.geomspace(1e-3, 12, 400) - 1e-3

        def slopes(x, y):
            return np.vstack([y[1], np.sinh(y[0]) - 2 * y[1] / x])

        def ends(a, b):
            return np.array([a[0] - y0, b[1] + b[0] * (1 + 1 / far)])

        start = y0 * kappa_a / x * np.exp(kappa_a - x)
        x[-1] = far
        solved = solve_bvp(
            slopes, ends, x, np.vstack([start, -start * (1 + 1 / x)]), tol=1e-8, max_nodes=50_000
        )
        assert solved.success
        at = kappa_a + 7
        seen = solved.sol(at)[0] * at / kappa_a * math.exp(at - kappa_a)
        assert effective_potential(potential, kappa_a, T) == pytest.approx(seen, rel=within)


class TestWhatStandsAtContact:
    @pytest.mark.parametrize("given", [
        {}, {"adhesion_eV": 0.5}, {"adhesion_eV": 0.5, "barrier_eV": 0.2}, {"radius_A": (10.0, 40.0)},
        {"potential_mV": (-100.0, -100.0)}, {"radius_A": (500.0, 500.0), "adhesion_eV": 1.0},
        {"debye_length_A": 300.0}, {"hamaker_eV": 0.0, "potential_mV": (0.0, 0.0)},
    ])  # fmt: skip
    def test_force_is_the_slope_of_the_energy_everywhere(self, given):
        it = pair(**given)
        rng = np.random.default_rng(1)
        r = np.concatenate([
            rng.uniform(it.start_A, it.cutoff_A + 5, 400), it.contact_A + rng.uniform(-4, 9, 400),
            it.contact_A + np.array([-3.0, -1.0, -0.5, 0.0, 1.0, 3.0]), [it.cutoff_A - 1e-3, it.cutoff_A],
        ])  # fmt: skip
        h = 1e-4
        energies = [it.two_body(r + shift)[0] for shift in (h, -h)]
        assert it.two_body(r)[1] == pytest.approx(-(energies[0] - energies[1]) / (2 * h), abs=1e-6, rel=1e-6)

    def test_contact_is_the_minimum_and_its_energy_is_what_is_said(self):
        it = pair(adhesion_eV=0.4)
        r = it.contact_A + np.linspace(-5, 5, 100_001)
        assert r[it.two_body(r)[0].argmin()] == pytest.approx(it.contact_A, abs=1e-3)
        plain = sum(float(part[0][0]) for part in (it.attraction(r[50_000:]), it.repulsion(r[50_000:])))
        assert it.contact_A == 20 + CLOSEST_A
        assert it.contact_eV == pytest.approx(plain - 0.4, abs=1e-9)
        assert replace(it, barrier_eV=0.3).contact_eV == pytest.approx(it.contact_eV, abs=1e-5)

    def test_beyond_an_angstrom_it_is_dlvo(self):
        it = pair()
        r = np.linspace(it.contact_A + 1, it.contact_A + 0.8 * (it.cutoff_A - it.contact_A), 50)
        assert it.two_body(r)[0] == pytest.approx(it.attraction(r)[0] + it.repulsion(r)[0], rel=1e-12)

    def test_nothing_falls_through(self):
        """The force grows all the way in, and the energy at the table's beginning is more than any run has."""
        it = pair(adhesion_eV=0.9)
        r = np.linspace(it.start_A, it.contact_A - 3, 500)
        energy, force = it.two_body(r)
        assert (np.diff(force) < 0).all()
        assert energy[0] > 100 * KT
        assert (
            pair(radius_A=(300.0, 300.0)).two_body(np.array([pair(radius_A=(300.0, 300.0)).start_A]))[0][0]
            > 900
        )

    def test_energy_and_force_end_at_the_cut_off_and_little_is_neglected(self):
        it = pair()
        energy, force = it.two_body(np.array([it.cutoff_A - 1e-6, it.cutoff_A, it.cutoff_A + 3]))
        assert abs(energy).max() < 1e-12
        assert abs(force).max() < 1e-12
        assert abs(it.neglected_eV) < KT / 200

    def test_the_stiffness_is_the_largest_curvature(self):
        deep = pair(adhesion_eV=2.0)
        assert deep.stiffness_eV_per_A2 == pytest.approx(8 * 2.0 / 9, rel=0.1)
        assert pair(hamaker_eV=0.0, potential_mV=(0.0, 0.0)).stiffness_eV_per_A2 == pytest.approx(0.5, rel=1e-3)


class TestEncounters:
    def test_hard_spheres(self):
        """2 pi/3 sigma^3, with the distance at which the core's energy is worth 1 - exp(-U/kT)."""
        hard = pair(hamaker_eV=0.0, potential_mV=(0.0, 0.0))
        r = np.linspace(hard.contact_A - 6, hard.contact_A, 60_001)
        inside = 1 - np.exp(-hard.two_body(r)[0] / KT)
        soft = np.sum((inside[1:] + inside[:-1]) / 2) * (r[1] - r[0])
        assert 0.3 < 6 - soft < 0.7  # kT is half an Å deep
        sigma = hard.contact_A - 6 + soft
        assert second_virial_A3(hard, T) == pytest.approx(2 / 3 * math.pi * sigma**3, rel=1e-3)
        assert stability_ratio(hard, T) == pytest.approx(1.0, abs=1e-9)

    def test_virial_by_another_integration(self):
        import mpmath

        it = pair(adhesion_eV=0.1)

        def mayer(r):
            return (math.exp(-float(it.two_body(np.array(float(r)))[0]) / KT) - 1) * float(r) ** 2

        c = it.contact_A
        places = [0, c - 4, c - 1, c, c + 1, c + 3, c + 10, c + 0.8 * (it.cutoff_A - c), it.cutoff_A]
        with mpmath.workdps(15):
            other = -2 * mpmath.pi * mpmath.quad(mayer, places)
        assert second_virial_A3(it, T) == pytest.approx(float(other), rel=1e-6)

    def test_stability_by_another_integration(self):
        """Substituted s = R/r, which has no end at infinity, by the midpoint rule."""
        it = pair(radius_A=(25.0, 25.0), potential_mV=(-60.0, -60.0))
        s = (np.arange(400_000) + 0.5) / 400_000
        energy = np.where(it.contact_A / s < it.cutoff_A, it.two_body(it.contact_A / s)[0], 0.0)
        found = stability_ratio(it, T)
        assert found > 10
        assert found == pytest.approx(np.exp(energy / KT).mean(), rel=1e-5)

    def test_stability_of_a_high_barrier_is_reerinks(self):
        """W is about exp(Vmax/kT) R/r^2 sqrt(2 pi kT/-V'') (H. Reerink, J. Th. G. Overbeek, 1954): Laplace's rule."""
        it = pair(radius_A=(40.0, 40.0), barrier_eV=0.5)
        r = it.contact_A + np.linspace(3, 9, 60_001)
        energy, force = it.two_body(r)
        top = int(energy.argmax())
        curvature = (force[top + 1] - force[top - 1]) / (r[top + 1] - r[top - 1])
        laplace = (
            it.contact_A / r[top] ** 2 * math.exp(energy[top] / KT) * math.sqrt(2 * math.pi * KT / curvature)
        )
        assert stability_ratio(it, T) == pytest.approx(laplace, rel=0.05)

    def test_without_a_potential_two_meet_as_smoluchowski_says(self):
        hard = pair(hamaker_eV=0.0, potential_mV=(0.0, 0.0))
        assert aggregation_rate(hard, T, 0.04) == pytest.approx(4 * math.pi * 0.04 * hard.contact_A)
        assert approach(hard, T, 100.0) == pytest.approx(0.01)

    def test_a_barrier_gives_the_rate_of_collins_and_kimball(self):
        it = pair(adhesion_eV=0.5)
        sticking, diffusion = 2.0, 0.05
        found = barrier_for(it, T, sticking, diffusion, 0.5)
        bare = pair()
        r = np.linspace(bare.contact_A, bare.well_end_A, 20_001)
        weight = 4 * math.pi * r**2 * np.exp(-bare.two_body(r)[0] / KT)
        contact = np.sum((weight[1:] + weight[:-1]) / 2) * (r[1] - r[0])
        rate = 1 / (1 / aggregation_rate(bare, T, diffusion) + 1000 / (sticking * contact))
        assert aggregation_rate(replace(it, barrier_eV=found.height_eV), T, diffusion) == pytest.approx(
            rate, rel=1e-5
        )
        assert 0 < found.least_eV < found.height_eV < found.most_eV < 0.3
        assert barrier_for(it, T, sticking, diffusion, 3.0).most_eV == math.inf

    def test_what_sticks_at_once_needs_no_more_than_makes_up_for_the_well(self):
        assert barrier_for(pair(), T, 1e9, 0.05).height_eV < 1e-3

    def test_a_rate_of_nothing_has_no_barrier(self):
        with pytest.raises(InputError, match="expected a rate above 0"):
            barrier_for(pair(), T, 0.0, 0.05)
        with pytest.raises(InputError, match="above 100 kT"):
            barrier_for(pair(), T, 1e-45, 0.05)
