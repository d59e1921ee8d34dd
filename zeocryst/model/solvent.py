"""The implicit solvent: a friction for each bead, and to what extent the time of a run is physical with it.

The solvent is a viscous liquid that is not there as beads. A bead of hydrodynamic radius r feels Stokes's
friction 6 pi eta r and the random forces that belong to it at a temperature, so that it diffuses with
D = kT / (6 pi eta r) (A. Einstein, Ann. Phys. 322, 549 (1905)). Langevin dynamics has the friction beside the
inertia, Brownian dynamics is the limit without inertia. A cluster of k beads has k times the friction of one:
every bead feels the solvent as if it were alone (free draining; P. E. Rouse, J. Chem. Phys. 21, 1272 (1953)).

`HOW_PHYSICAL` says in words what that makes of the time, for reports.
"""

from __future__ import annotations

from dataclasses import dataclass

from zeocryst.errors import InputError
from zeocryst.foundation.tables import Table
from zeocryst.model.forcefield import ForceField
from zeocryst.units import EV_PER_AMU_A2_PER_PS2, diffusion_A2_per_ps, stokes_friction

#: Viscosity of water at 20 °C, mPa s (1.0016 by ISO/TR 3666). It is 0.89 at 25 °C, 0.28 at 100 °C and 0.13 at
#: 200 °C: state that of the synthesis where times are compared.
DEFAULT_VISCOSITY_MPA_S = 1.0
#: Hydrodynamic radii by Stokes and Einstein, Å. T is Si(OH)4: 2.27 Å from D = 1.0e-9 m^2/s in sea water at
#: 25 °C, whose viscosity is 0.96 mPa s (R. Wollast, R. M. Garrels, Nature Phys. Sci. 229, 94 (1971)). S is
#: tetrapropylammonium: 92.1/23.4 = 3.93 Å from its limiting conductivity in water at 25 °C, 23.4 S cm^2/mol
#: (R. A. Robinson, R. H. Stokes, Electrolyte Solutions, 2nd ed. (1959), appendix 6.2).
DEFAULT_RADIUS_A = {"T": 2.3, "S": 3.9}
#: Longest step of Langevin dynamics in units of mass/friction: the velocity loses this share of itself a step.
LONGEST_INERTIAL = 1.0
#: Longest step of Brownian dynamics in units of the relaxation time of the stiffest pair. Euler's steps
#: diverge at 2 for a pair by itself, and at 1.0 in SOD of the shipped model, whose stiffest mode has
#: 6.0 eV/Å^2 where a T-T pair has 1.5. At half of that such a mode is twice as wide as it should be; at a
#: tenth of it 11 % wider in its variance.
LONGEST_BROWNIAN = 0.5

#: What time means in a run with this solvent.
HOW_PHYSICAL = (
    "Time is physical as far as single beads diffuse as they would in a liquid of the stated viscosity, by "
    "Stokes's law with the stated radii. It is not physical beyond that: clusters are freely draining (the "
    "friction of k beads is k times that of one, without hydrodynamic interactions, so that large clusters "
    "diffuse too slowly); there is no explicit water, no charge and no pH; bonds form and break without the "
    "chemistry of condensation and hydrolysis, whose barriers make real gels slower by orders of magnitude; "
    "and the coarse-grained potential is smoother than that between molecules, which makes motion within "
    "clusters faster."
)


@dataclass(frozen=True)
class Solvent:
    """An implicit solvent.

    Attributes
    ----------
    viscosity_mPa_s : float
        Of the liquid at the temperature of the run, mPa s.
    radius_A : dict
        Hydrodynamic radius of each bead type, Å.
    """

    viscosity_mPa_s: float
    radius_A: dict[str, float]

    @property
    def friction(self) -> dict[str, float]:
        """Friction of each bead type by Stokes's law, amu/ps."""
        return {name: stokes_friction(self.viscosity_mPa_s, r) for name, r in self.radius_A.items()}


def check_types(solvent: Solvent, forcefield: ForceField, where: str) -> None:
    """Raise `InputError` unless there is a radius for each bead type of the model, and for no other."""
    given, known = set(solvent.radius_A), set(forcefield.types)
    # the defaults of a type that the model does not have do no harm
    if not known <= given or given - known - set(DEFAULT_RADIUS_A):
        raise InputError(
            f"{where}: solvent: radius_A = {solvent.radius_A}; expected a radius in Å for each bead type of "
            f"{forcefield.name}: {', '.join(forcefield.types)}"
        )


def read_solvent(table: Table) -> Solvent:
    """``[solvent]`` of a condition; radii that are not given are those of `DEFAULT_RADIUS_A`."""
    table.known("viscosity_mPa_s", "radius_A")
    viscosity = table.number("viscosity_mPa_s", DEFAULT_VISCOSITY_MPA_S, above=0, least=1e-4, most=1e6)
    radii = table.table("radius_A", {})
    given = {name: radii.number(name, above=0, least=0.01, most=1e4) for name in radii.names()}
    table.finish()
    return Solvent(viscosity, DEFAULT_RADIUS_A | given)


@dataclass(frozen=True)
class Step:
    """How long a time step is for the beads of a model in a solvent.

    Attributes
    ----------
    displacement_A : dict
        Root mean square displacement of a free bead in one step along one axis, by bead type, Å.
    inertial : dict
        The step in units of mass/friction, by bead type.
    brownian : float
        The step in units of the time in which the stiffest pair relaxes without inertia.
    pair : (str, str)
        That pair.
    """

    displacement_A: dict[str, float]
    inertial: dict[str, float]
    brownian: float
    pair: tuple[str, str]

    def in_words(self, timestep_fs: float) -> str:
        """The step in a sentence, for whoever has to choose it."""
        moves = ", ".join(f"{name} {length:.2g} Å" for name, length in self.displacement_A.items())
        times = ", ".join(f"{name} {timestep_fs / share:.3g} fs" for name, share in self.inertial.items())
        return (
            f"in a step of {timestep_fs:g} fs a free bead moves by {moves} (root mean square, along an axis); "
            f"velocities relax in {times}, the stiffest pair ({'-'.join(self.pair)}) without inertia in "
            f"{timestep_fs / self.brownian:.3g} fs"
        )


def step_length(
    forcefield: ForceField, friction: dict[str, float], timestep_fs: float, temperature_K: float
) -> Step:
    """What a time step means in a solvent: displacements, and its ratio to the times of the model.

    Parameters
    ----------
    forcefield
        The model.
    friction
        Of each of its bead types, amu/ps.
    timestep_fs, temperature_K
        Of the stage; the highest temperature of a ramp.
    """
    dt = timestep_fs / 1000
    types = forcefield.types
    moves = {t: (2 * diffusion_A2_per_ps(temperature_K, friction[t]) * dt) ** 0.5 for t in types}
    rates = {}
    for i, j in forcefield.pairs:
        # two beads that push each other: the distance follows with the sum of the mobilities
        mobility = (1 / friction[i] + 1 / friction[j]) / EV_PER_AMU_A2_PER_PS2
        rates[i, j] = forcefield.pairs[i, j].stiffness_eV_per_A2 * mobility
    pair = max(rates, key=lambda key: rates[key])
    inertial = {t: dt * friction[t] / forcefield.masses[t] for t in types}
    return Step(moves, inertial, dt * rates[pair], pair)


def check_step(
    forcefield: ForceField, friction: dict[str, float], kind: str, timestep_fs: float, where: str
) -> None:
    """Raise `InputError` for a time step that Langevin or Brownian dynamics does not bear in a solvent.

    Parameters
    ----------
    forcefield, friction
        The model, and the friction of its bead types, amu/ps.
    kind, timestep_fs
        Of the stage; other kinds than these two do not feel the solvent.
    where
        The stage, for messages.
    """
    if kind not in ("langevin", "brownian"):
        return
    step = step_length(forcefield, friction, timestep_fs, 0.0)
    first = max(step.inertial, key=lambda name: step.inertial[name])
    if kind == "langevin":
        length, longest, what = step.inertial[first], LONGEST_INERTIAL, f"velocity of {first}"
        cure = "a shorter step, or kind brownian"
    else:
        length, longest, what = step.brownian, LONGEST_BROWNIAN, f"distance of a pair {'-'.join(step.pair)}"
        cure = "longer steps diverge"
    if length > longest:
        relaxation = timestep_fs / length
        raise InputError(
            f"{where}: timestep_fs = {timestep_fs:g}; expected at most {longest * relaxation:.3g} with kind "
            f"{kind} in this solvent, in which the {what} relaxes in {relaxation:.3g} fs: {cure}"
        )
