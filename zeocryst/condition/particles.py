"""The level above beads: nanoparticles in a solution, and which of them become beads."""

from __future__ import annotations

from dataclasses import dataclass

from zeocryst.condition.model import Output, Stage

#: What of the aggregates can become beads.
PARTS = ("all", "largest", "neck", "box")
#: Fewest pairs of particles whose mean adhesion has an error that means something.
LEAST_PAIRS = 6


@dataclass(frozen=True)
class Resolve:
    """Which particles become T and S.

    Attributes
    ----------
    part : {"all", "largest", "neck", "box"}
        Every particle, the largest aggregate, the particles about the densest place, or those in a box.
    most_T : int or None
        Of a ``neck``: most T that they may have in all.
    box_A : tuple of (float, float) or None
        Of a ``box``: from where to where along each axis, Å, from the middle of the particles' box.
    margin_A : float
        Room about them in the box of the beads, Å.
    upward_pairs : int
        Pairs of median particles whose adhesion and sticking are measured for a coarser run, at the temperature
        with which the beads begin; 0 for none.
    """

    part: str = "largest"
    most_T: int | None = None
    box_A: tuple[tuple[float, float], tuple[float, float], tuple[float, float]] | None = None
    margin_A: float = 8.0
    upward_pairs: int = 0


@dataclass(frozen=True)
class Particles:
    """Nanoparticles of silica in an electrolyte, which interact by DLVO's potential.

    Attributes
    ----------
    number : int
    radius_A : float
        Median radius, Å: that of a sphere with the particle's T at `density_T_per_1000A3`.
    radius_spread : float
        Standard deviation of the logarithm of the radius; sizes are lognormal.
    S_per_T : float
        Composition.
    density_T_per_1000A3 : float
        T in 1000 Å^3 of a particle.
    volume_fraction : float
        Of the box, a cube, that is within particles.
    hamaker_eV : float
        Hamaker constant of two particles across the solvent.
    surface_potential_mV, ionic_strength_M : float
        Potential of a surface, and mol/l of a 1:1 electrolyte.
    relative_permittivity : float
        Of the solvent.
    adhesion_eV : float
        Depth of the well of two surfaces in contact beyond van der Waals's attraction: condensed silanols.
    stages : tuple of Stage
    output : Output
        Of this level; only `interval_ps` means something.
    resolve : Resolve or None
        What becomes beads; None where the run ends with the particles.
    upward : str or None
        File with what a run of beads measured, relative to the condition (`zeocryst.model.upward`).
    """

    number: int
    radius_A: float
    radius_spread: float
    S_per_T: float
    density_T_per_1000A3: float
    volume_fraction: float
    hamaker_eV: float
    surface_potential_mV: float
    ionic_strength_M: float
    relative_permittivity: float
    adhesion_eV: float
    stages: tuple[Stage, ...]
    output: Output
    resolve: Resolve | None = None
    upward: str | None = None

    @property
    def temperature_K(self) -> float:
        """Temperature of the potential: that with which the first stage that has one begins, K."""
        return next(stage.temperature_K[0] for stage in self.stages if stage.temperature_K)

    @property
    def n_steps(self) -> int:
        """Time steps of all stages of this level."""
        return sum(stage.n_steps for stage in self.stages)

    @property
    def time_ps(self) -> float:
        """Simulated time of all stages of this level, ps."""
        return sum(stage.time_ps for stage in self.stages)
