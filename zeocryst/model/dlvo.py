r"""The potential of two nanoparticles in an electrolyte, by Derjaguin, Landau, Verwey and Overbeek (DLVO).

Two spheres of radii a1 and a2, whose surfaces are h = r - a1 - a2 apart, attract each other by van der Waals's
forces (H. C. Hamaker, Physica 4, 1058 (1937)),

.. math:: U_A = -\frac{A}{6} \left[ \frac{2 a_1 a_2}{P} + \frac{2 a_1 a_2}{Q} + \ln\frac{P}{Q} \right],
   \quad P = r^2 - (a_1 + a_2)^2, \quad Q = r^2 - (a_1 - a_2)^2

and repel each other by their double layers, by the linear superposition of these (G. M. Bell, S. Levine,
L. N. McCartney, J. Colloid Interface Sci. 33, 335 (1970)),

.. math:: U_R = 4 \pi \epsilon_0 \epsilon \left(\frac{kT}{e}\right)^2 \frac{a_1 a_2}{r} Y_1 Y_2 e^{-\kappa h}

where Y is the potential that the far field of a sphere seems to come from, in kT/e (`effective_potential`).

At contact both have no meaning: the first diverges at h = 0. Surfaces come no nearer than D0 = 1.65 Å, the
distance with which van der Waals's energy gives the surface energy of most solids (J. N. Israelachvili,
Intermolecular and Surface Forces, 3rd ed. (2011), ch. 13 and 17). So, with x = h - D0:

- x > 1 Å: DLVO as it stands.
- x between -1 and 1 Å: DLVO at the distance D0 + s(x), where s = (15 x^2 - 10 x^4 + 3 x^6)/8 (in Å) takes
  the slope of its energy smoothly to zero, so that there is a minimum at x = 0 whose energy is DLVO's at D0.
  Farther inside it is DLVO at D0 - x, the mirror image.
- x between -3 and 3 Å: the well of adhesion besides, -E (1 - (x/3)^2)^4.
- x < 0: a spring besides, steep and finite, whose force grows all the way down to r = 0: its stiffness grows to
  0.5 eV/Å^2 over half an Å and stays there.
- a barrier besides, B exp(-(x - 5)^2 / 2), in Å: it decides how often what meets also sticks.
- From four fifths of the way to the cut-off on all is multiplied by 1 - 10 t^3 + 15 t^4 - 6 t^5, so that
  energy, force and its slope end there. The cut-off is where the energy is less than kT/200.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt, tanh

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from zeocryst.errors import InputError
from zeocryst.units import BOLTZMANN_EV_PER_K

Floats = NDArray[np.float64]

#: What a T of particles is: in messages, and so that nobody takes particles for SiO4.
SITE = "nanoparticle"
#: Hamaker constant of amorphous silica across water, eV: 0.46e-20 J (L. Bergström, Adv. Colloid Interface Sci.
#: 70, 125 (1997), table 4).
SILICA_WATER_EV = 0.02871
#: Least distance of two surfaces, Å: see above.
CLOSEST_A = 1.65
#: Over which distance from there the attraction ends, Å.
ROUNDED_A = 1.0
#: Width of the contact well, Å: bonds over an O bridge 3.1 Å from T to T, so that surfaces that are farther
#: apart than this have none.
WELL_A = 3.0
#: Where the barrier stands, from contact, and its standard deviation, Å.
BARRIER_AT_A, BARRIER_WIDTH_A = 5.0, 1.0
#: Stiffness of what keeps particles out of each other, eV/Å^2, and over which distance it grows to that, Å: kT
#: at 370 K is half an Å deep.
CORE_EV_PER_A2, CORE_RAMP_A = 0.5, 0.5
#: Energy at the cut-off, kT; and the share of the way from contact at which the end begins.
NEGLECTED_KT, END_BEGINS = 5e-3, 0.8
#: Energy of the core from which nearer distances need no place in a table, eV.
DEEPEST_EV = 1000.0
#: Lengths in which the potential changes near contact, Å: what a table has to resolve.
DETAIL_A = 0.02
#: Coulomb's constant e^2/(4 pi eps0), eV Å.
COULOMB_EV_A = constants.e / (4 * constants.pi * constants.epsilon_0) * 1e10


def effective_potential(potential_mV: float, kappa_a: float, temperature_K: float) -> float:
    r"""The potential in kT/e that the far field of a charged sphere in a 1:1 electrolyte seems to come from.

    .. math:: Y = \frac{8 \tanh(y/4)}{1 + \sqrt{1 - \frac{2\kappa a + 1}{(\kappa a + 1)^2} \tanh^2(y/4)}}

    with y the potential of the surface in kT/e (H. Ohshima, T. W. Healy, L. R. White, J. Colloid Interface Sci.
    90, 17 (1982)): y itself where that is small, and 4 tanh(y/4), that of a plane, where the sphere is large.
    It is within 1 % of the solution of Poisson and Boltzmann's equation for potentials up to 100 mV with kappa
    a > 1.

    Parameters
    ----------
    potential_mV
        Of the surface.
    kappa_a
        Radius over Debye length.
    temperature_K
    """
    t = tanh(potential_mV / 1000 / (BOLTZMANN_EV_PER_K * temperature_K) / 4)
    return 8 * t / (1 + sqrt(1 - (2 * kappa_a + 1) / (kappa_a + 1) ** 2 * t**2))


@dataclass(frozen=True)
class DlvoPair:
    """Two spheres in a 1:1 electrolyte.

    Attributes
    ----------
    radius_A : (float, float)
    hamaker_eV : float
        Hamaker constant across the solvent.
    potential_mV : (float, float)
        Of their surfaces.
    debye_length_A : float
    temperature_K, permittivity : float
        Of the solvent; the potential is that of this temperature.
    adhesion_eV : float
        Depth of the contact well.
    barrier_eV : float
        Height of the barrier outside of it.
    """

    radius_A: tuple[float, float]
    hamaker_eV: float
    potential_mV: tuple[float, float]
    debye_length_A: float
    temperature_K: float
    permittivity: float
    adhesion_eV: float = 0.0
    barrier_eV: float = 0.0

    def __post_init__(self) -> None:
        if min(self.radius_A) <= 0 or self.debye_length_A <= 0 or self.temperature_K <= 0:
            raise InputError(f"a pair of particles with radii {self.radius_A} Å: expected numbers above 0")

    @property
    def contact_A(self) -> float:
        """Distance of the centres at contact, Å."""
        return sum(self.radius_A) + CLOSEST_A

    @property
    def well_end_A(self) -> float:
        """Distance of the centres at which the contact well ends, Å."""
        return self.contact_A + WELL_A

    @property
    def kt_eV(self) -> float:
        """Thermal energy at the temperature of the potential, eV."""
        return BOLTZMANN_EV_PER_K * self.temperature_K

    @cached_property
    def repulsion_eV_A(self) -> float:
        """What stands before exp(-kappa h)/r, eV Å."""
        y = [
            effective_potential(potential, radius / self.debye_length_A, self.temperature_K)
            for potential, radius in zip(self.potential_mV, self.radius_A, strict=True)
        ]
        a, b = self.radius_A
        return float(self.permittivity / COULOMB_EV_A * self.kt_eV**2 * y[0] * y[1] * a * b)

    def attraction(self, r: Floats) -> tuple[Floats, Floats]:
        """Hamaker's energy (eV) and force (eV/Å) at distances r (Å) of the centres beyond a1 + a2."""
        a, b = self.radius_A
        p, q, both = r**2 - (a + b) ** 2, r**2 - (a - b) ** 2, 2 * a * b
        energy = -self.hamaker_eV / 6 * (both / p + both / q + np.log(p / q))
        slope = -self.hamaker_eV / 3 * r * (1 / p - 1 / q - both / p**2 - both / q**2)
        return energy, -slope

    def repulsion(self, r: Floats) -> tuple[Floats, Floats]:
        """Energy (eV) and force (eV/Å) of the double layers at distances r (Å) of the centres."""
        energy = self.repulsion_eV_A / r * np.exp((sum(self.radius_A) - r) / self.debye_length_A)
        return energy, energy * (1 / self.debye_length_A + 1 / r)

    def _dlvo(self, r: Floats) -> tuple[Floats, Floats]:
        (attraction, pull), (repulsion, push) = self.attraction(r), self.repulsion(r)
        return attraction + repulsion, pull + push

    @cached_property
    def contact_eV(self) -> float:
        """Energy at contact, eV: van der Waals and double layers at D0, less the adhesion."""
        return float(self.two_body(np.array([self.contact_A]))[0][0])

    @cached_property
    def cutoff_A(self) -> float:
        """Distance from which the pair does not interact, Å: beyond it both energies would be below kT/200."""
        least = NEGLECTED_KT * self.kt_eV
        start = self.contact_A + BARRIER_AT_A + 5 * BARRIER_WIDTH_A if self.barrier_eV else self.well_end_A
        most = 100 * max(self.contact_A, self.debye_length_A)
        r = start + np.concatenate([[0.0], np.geomspace(0.05, most, 4000)])
        felt = np.flatnonzero(np.maximum(abs(self.attraction(r)[0]), abs(self.repulsion(r)[0])) > least)
        last = r[min(felt[-1] + 1, len(r) - 1)] if len(felt) else start
        # the barrier and the well lie before where the end begins
        return float(max(last, self.contact_A + (start - self.contact_A) / END_BEGINS))

    @cached_property
    def neglected_eV(self) -> float:
        """What the energy would be at the cut-off, eV."""
        return float(self._dlvo(np.array(self.cutoff_A))[0])

    @cached_property
    def start_A(self) -> float:
        """Distance from which a table has to begin, Å; nearer than this no run comes."""
        return max(0.05, self.contact_A - sqrt(2 * DEEPEST_EV / CORE_EV_PER_A2))

    @property
    def detail_A(self) -> float:
        """Lengths that a table has to resolve, Å."""
        return DETAIL_A

    @cached_property
    def stiffness_eV_per_A2(self) -> float:
        """The largest curvature that two particles meet, eV/Å^2."""
        r = self.contact_A + np.linspace(-WELL_A, BARRIER_AT_A + 3 * BARRIER_WIDTH_A, 1101)
        return float(-np.diff(self.two_body(r)[1]).min() / (r[1] - r[0]))

    def two_body(self, r: Floats) -> tuple[Floats, Floats]:
        """Energy (eV) and force (eV/Å) at distances `r` (Å) of the centres, as an engine has them."""
        r = np.asarray(r, dtype=float)
        x = r - self.contact_A
        s = np.clip(x / ROUNDED_A, -1.0, 1.0)
        away = np.where(abs(x) < ROUNDED_A, ROUNDED_A * s**2 * (15 - 10 * s**2 + 3 * s**4) / 8, abs(x))
        energy, force = self._dlvo(self.contact_A + away)
        force = force * s * (15 - 20 * s**2 + 9 * s**4) / 4
        for more, push in (self._well(x), self._barrier(x), self._core(x)):
            energy, force = energy + more, force + push
        return self._ended(r, energy, force)

    def _well(self, x: Floats) -> tuple[Floats, Floats]:
        s = np.clip(x / WELL_A, -1.0, 1.0)
        inside = 1 - s**2
        return -self.adhesion_eV * inside**4, -8 * self.adhesion_eV / WELL_A * s * inside**3

    def _barrier(self, x: Floats) -> tuple[Floats, Floats]:
        t = (x - BARRIER_AT_A) / BARRIER_WIDTH_A
        energy = self.barrier_eV * np.exp(-(t**2) / 2)
        return energy, energy * t / BARRIER_WIDTH_A

    def _core(self, x: Floats) -> tuple[Floats, Floats]:
        inside = np.maximum(-x / CORE_RAMP_A, 0.0)
        t, deeper = np.minimum(inside, 1.0), np.maximum(inside - 1.0, 0.0)
        force = CORE_EV_PER_A2 * CORE_RAMP_A * (t**3 - t**4 / 2 + deeper)
        energy = CORE_EV_PER_A2 * CORE_RAMP_A**2 * (t**4 / 4 - t**5 / 10 + deeper / 2 + deeper**2 / 2)
        return energy, force

    def _ended(self, r: Floats, energy: Floats, force: Floats) -> tuple[Floats, Floats]:
        begin = self.contact_A + END_BEGINS * (self.cutoff_A - self.contact_A)
        long = self.cutoff_A - begin
        t = np.clip((r - begin) / long, 0.0, 1.0)
        share = 1 - t**3 * (10 - 15 * t + 6 * t**2)
        slope = -30 * t**2 * (1 - t) ** 2 / long
        return energy * share, force * share - energy * slope
