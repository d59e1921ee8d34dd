"""Size classes of nanoparticles, and the force field and frictions that follow from them.

A particle is n_T T and n_S S, whole numbers, and has the radius of the sphere that its T fill at their density.
All particles of a class are alike, so that masses and radii of a class are exact and nothing is lost where
particles become beads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from zeocryst.condition.particles import Particles
from zeocryst.errors import InputError
from zeocryst.model.dlvo import SITE, DlvoPair
from zeocryst.model.encounters import barrier_height_eV
from zeocryst.model.forcefield import ForceField
from zeocryst.model.solvent import DEFAULT_VISCOSITY_MPA_S, Solvent
from zeocryst.model.upward import Upward
from zeocryst.model.water import debye_length_A
from zeocryst.units import BOLTZMANN_EV_PER_K, diffusion_A2_per_ps, stokes_friction

#: Most classes; with S one of them may be two, which differ by one S.
MOST_CLASSES = 8
#: Deepest contact well that engines get, kT. A contact that is deeper breaks less often than once in
#: (3 Å)^2/D e^30, hours for particles of 2 nm in water, and would only make time steps shorter.
DEEPEST_KT = 30.0


@dataclass(frozen=True)
class SizeClass:
    """Particles that are all alike.

    Attributes
    ----------
    name : str
        Of their type: P1, P2, ...
    number : int
        How many there are.
    n_T, n_S : int
        What is in each.
    radius_A : float
        Of the sphere that its T fill.
    """

    name: str
    number: int
    n_T: int
    n_S: int
    radius_A: float

    def mass(self, masses: Mapping[str, float]) -> float:
        """Mass of one, amu, with those of T and S."""
        return self.n_T * masses["T"] + (self.n_S * masses["S"] if self.n_S else 0.0)


def radius_of(n_T: int, density_T_per_1000A3: float) -> float:
    """Radius of the sphere that so many T fill at a density, Å."""
    return float((3000 * n_T / (4 * math.pi * density_T_per_1000A3)) ** (1 / 3))


def classes_of(particles: Particles) -> tuple[SizeClass, ...]:
    """The size classes of a recipe, the smallest first.

    Sizes are lognormal: as many classes as there may be, equally many particles in each, each at the mean
    logarithm of its part of the distribution, with the whole spread put right for there being parts. S are
    given out to the particles by largest remainder, so that there are ``round(S_per_T * n_T)`` in all.
    """
    sizes = _sizes(particles)
    total = round(particles.S_per_T * sum(n_t * number for n_t, number in sizes.items()))
    shares = {n_t: particles.S_per_T * n_t for n_t in sizes}
    left = total - sum(number * math.floor(shares[n_t]) for n_t, number in sizes.items())
    parts: list[tuple[int, int, int]] = []
    for n_t in sorted(sizes, key=lambda n: (math.floor(shares[n]) - shares[n], n)):
        more = min(left, sizes[n_t])
        left -= more
        n_s = math.floor(shares[n_t])
        parts += [(n_t, n_s, sizes[n_t] - more), (n_t, n_s + 1, more)]
    density = particles.density_T_per_1000A3
    there = sorted(part for part in parts if part[2])
    return tuple(
        SizeClass(f"P{k}", number, n_t, n_s, radius_of(n_t, density))
        for k, (n_t, n_s, number) in enumerate(there, start=1)
    )


def _sizes(particles: Particles) -> dict[int, int]:
    """Number of particles by the number of their T."""
    from scipy.stats import norm

    count = min(MOST_CLASSES - bool(particles.S_per_T), particles.number) if particles.radius_spread else 1
    edges = [-math.inf, *norm.ppf([k / count for k in range(1, count)]), math.inf]
    middles = [count * float(norm.pdf(a) - norm.pdf(b)) for a, b in pairwise(edges)]
    wide = math.sqrt(sum(z * z for z in middles) / count) or 1.0
    numbers = [particles.number // count] * count
    # what is left over goes where most particles are
    for k in sorted(range(count), key=lambda k: (abs(middles[k]), k))[: particles.number % count]:
        numbers[k] += 1
    found: dict[int, int] = {}
    for z, number in zip(middles, numbers, strict=True):
        radius = particles.radius_A * math.exp(particles.radius_spread * z / wide)
        n_t = max(1, round(particles.density_T_per_1000A3 / 1000 * 4 / 3 * math.pi * radius**3))
        found[n_t] = found.get(n_t, 0) + number
    return found


def median_of(classes: Sequence[SizeClass]) -> SizeClass:
    """The class of the median particle: the first that half of them are in or below."""
    below, half = 0, sum(each.number for each in classes) / 2
    for each in classes:
        below += each.number
        if below >= half:
            return each
    raise InputError("no particles: there is no median one")


def friction_of(classes: Sequence[SizeClass], viscosity_mPa_s: float) -> dict[str, float]:
    """Friction of each class by Stokes's law with its radius, amu/ps."""
    return {each.name: stokes_friction(viscosity_mPa_s, each.radius_A) for each in classes}


def viscosity_of(solvent: Solvent | None) -> float:
    """Viscosity that particles feel, mPa s: that of ``[solvent]``, or water's at 20 °C where there is none."""
    return DEFAULT_VISCOSITY_MPA_S if solvent is None else solvent.viscosity_mPa_s


def forcefield_of(
    particles: Particles,
    classes: Sequence[SizeClass],
    temperature_K: float,
    masses: Mapping[str, float],
    *,
    upward: Upward | None = None,
    viscosity_mPa_s: float = DEFAULT_VISCOSITY_MPA_S,
) -> ForceField:
    """The particles' force field: DLVO's potential for each pair of classes.

    Parameters
    ----------
    particles, classes
        The recipe, and the classes that there are.
    temperature_K
        Of the double layers (and of a barrier).
    masses
        Of T and S, amu.
    upward
        What a run of beads measured, where `particles` names such a file.
    viscosity_mPa_s
        Of the solvent, from which a barrier follows where a sticking rate was measured.
    """
    debye = debye_length_A(particles.ionic_strength_M, temperature_K, particles.relative_permittivity)
    friction = friction_of(classes, viscosity_mPa_s)
    pairs: dict[tuple[str, str], DlvoPair] = {}
    for a in classes:
        for b in classes:
            if (b.name, a.name) in pairs:
                pairs[a.name, b.name] = pairs[b.name, a.name]
                continue
            radii = a.radius_A, b.radius_A
            pair = DlvoPair(
                radii,
                particles.hamaker_eV,
                (particles.surface_potential_mV, particles.surface_potential_mV),
                debye,
                temperature_K,
                particles.relative_permittivity,
                well_of(particles, upward, radii, temperature_K),
            )
            diffusion = sum(diffusion_A2_per_ps(temperature_K, friction[each.name]) for each in (a, b))
            pairs[a.name, b.name] = _with_barrier(pair, upward, temperature_K, diffusion)
    return ForceField(
        "particles",
        "DLVO: see zeocryst.model.dlvo",
        {each.name: each.mass(masses) for each in classes},
        pairs,
        {},
        SITE,
    )


def well_of(
    particles: Particles, upward: Upward | None, radii: tuple[float, float], temperature_K: float
) -> float:
    """Depth of the contact well of two radii, eV, no deeper than `DEEPEST_KT`.

    The one that is given is that of every pair; what was measured for two radii is carried over to others in
    proportion to a1 a2 / (a1 + a2), to which the area of a contact is proportional (B. Derjaguin, Kolloid-Z.
    69, 155 (1934)).
    """
    depth = particles.adhesion_eV
    if upward is not None and upward.adhesion is not None:
        (a, b), (c, d) = radii, upward.adhesion.radius_A
        depth = upward.adhesion.value_eV * (a * b / (a + b)) / (c * d / (c + d))
    return min(depth, DEEPEST_KT * BOLTZMANN_EV_PER_K * temperature_K)


def _with_barrier(
    pair: DlvoPair, upward: Upward | None, temperature_K: float, diffusion_A2_per_ps: float
) -> DlvoPair:
    """The pair with the barrier that a measured sticking rate asks for."""
    if upward is None or upward.sticking is None:
        return pair
    sticking = upward.sticking
    if not sticking.rate_per_ns:
        raise InputError(
            f"{upward.source.what}: none of {sticking.n_contacts} contacts became bonded, so that no rate "
            "of sticking is known; watch more of them, or leave the table [sticking] out"
        )
    height = barrier_height_eV(pair, temperature_K, sticking.rate_per_ns, diffusion_A2_per_ps)
    return replace(pair, barrier_eV=height)
