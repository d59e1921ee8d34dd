"""What a gel's recipe gives: numbers of beads, the box, clusters of each precursor.

The recipe is in moles, as in the literature. Each SiO2 is a T, each OSDA an S; the rest is solvent, which is
implicit and only takes room. The volume is the sum of molecular volumes (`VOLUMES_A3`), which follow from the
densities of the pure substances at 20 to 25 °C (water, ethanol, Al2O3, Na2O and fused silica: CRC Handbook of
Chemistry and Physics, "Physical Constants"; mixing water and ethanol shrinks them by up to 3.5 %, which is
left out). The OSDA is taken for TPAOH of 1.02 g/cm^3, about what its concentrated solutions have, 331 Å^3;
partial molar volumes in water (F. J. Millero, Chem. Rev. 71, 147 (1971): 214 cm^3/mol for the cation, -4 for
OH-) give 350 Å^3, and with that the density of 25 SiO2 : 9 TPAOH : 480 H2O : 100 C2H5OH would be 0.6 % lower.
For another OSDA, or a measured density, give ``density_T_per_1000A3`` in the condition. Al2O3 and Na2O take
room and are no beads yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.constants import Avogadro

from zeocryst.condition import System
from zeocryst.condition.model import LEAST_DENSITY
from zeocryst.condition.substances import amounts
from zeocryst.condition.substances import in_words as substances_in_words
from zeocryst.errors import InputError
from zeocryst.frameworks.oligomers import oligomers

#: Molar mass (g/mol) and density (g/cm^3) of each substance of a recipe.
SUBSTANCES = {
    "SiO2": (60.084, 2.20),  # fused silica
    "OSDA": (203.36, 1.02),  # TPAOH
    "H2O": (18.015, 0.997),
    "ethanol": (46.069, 0.789),
    "Al2O3": (101.961, 3.97),
    "Na2O": (61.979, 2.27),
}
#: Volume of a molecule, or of a formula unit, Å^3.
VOLUMES_A3 = {name: mass / density * 1e24 / Avogadro for name, (mass, density) in SUBSTANCES.items()}


@dataclass(frozen=True)
class Composition:
    """What is in the box of a gel.

    Attributes
    ----------
    n_T, n_S : int
        Beads. Clusters are whole, so that `n_T` can differ from what was asked for by less than half of the
        smallest precursor.
    clusters : dict
        Number of clusters of each precursor.
    density_T_per_1000A3 : float
        Number density, T per 1000 Å^3.
    volumes_A3 : dict
        Volume of a molecule of each substance in the recipe, Å^3; empty where the density was given.
    side_A : float
        Edge of the cubic box, Å.
    counted : tuple of str
        A sentence for each substance that was counted as others, or is no bead.
    """

    n_T: int
    n_S: int
    clusters: dict[str, int]
    density_T_per_1000A3: float
    volumes_A3: dict[str, float]
    side_A: float
    counted: tuple[str, ...] = ()


def recipe_density(recipe: dict[str, float]) -> float:
    """T per 1000 Å^3 of a recipe in moles, by `VOLUMES_A3`."""
    counted = amounts(recipe)
    volume = sum(amount * VOLUMES_A3[name] for name, amount in counted.items())
    return float(1000.0 * counted["SiO2"] / volume)


def compose(system: System) -> Composition:
    """Numbers and box of a gel.

    Raises
    ------
    InputError
        A precursor's share is less than half a cluster of it.
    """
    clusters = _clusters(system)
    n_t = sum(count * oligomers()[name].n_T for name, count in clusters.items())
    recipe = system.recipe
    if recipe is None:
        n_s = system.n_S or 0
    else:
        counted = amounts(recipe)
        n_s = round(n_t * counted["OSDA"] / counted["SiO2"])
    density, volumes = system.density_T_per_1000A3, {}
    if density is None:
        assert recipe is not None  # read_condition has seen to one of the two
        density = recipe_density(recipe)
        volumes = {name: VOLUMES_A3[name] for name, amount in amounts(recipe).items() if amount}
        if density < LEAST_DENSITY:
            raise InputError(
                f"system.recipe: {density:.2g} T per 1000 Å^3; expected at least {LEAST_DENSITY:g}, so less "
                "solvent"
            )
    side = (1000.0 * n_t / density) ** (1 / 3)
    words = tuple(substances_in_words(recipe)) if recipe else ()
    return Composition(n_t, n_s, clusters, density, volumes, side, words)


def _clusters(system: System) -> dict[str, int]:
    """Whole clusters of each precursor, the largest first; each makes up for what those before it left over."""
    assert system.n_T is not None
    assert system.precursors is not None
    total = sum(system.precursors.values())
    names = sorted(system.precursors, key=lambda name: -oligomers()[name].n_T)
    found, wanted, there = {}, 0.0, 0
    for name in names:
        size, share = oligomers()[name].n_T, system.precursors[name]
        if share == 0:
            continue
        wanted += share / total * system.n_T
        found[name] = round((wanted - there) / size)
        there += found[name] * size
        if found[name] < 1:
            raise InputError(
                f"system.precursors: {name} = {share:g}; of n_T = {system.n_T} that is less than half a "
                f"cluster of {size} T; expected a larger share, a larger n_T, or none"
            )
    return found


def in_words(made: Composition) -> str:
    """A composition for the terminal."""
    clusters = ", ".join(f"{count} {name}" for name, count in made.clusters.items())
    volumes = ", ".join(f"{name} {volume:.1f}" for name, volume in made.volumes_A3.items())
    how = f"molecular volumes in Å^3: {volumes}" if volumes else "density as given"
    return (
        f"gel: {made.n_T} T in {clusters}; {made.n_S} S; box of {made.side_A:.1f} Å, "
        f"{made.density_T_per_1000A3:.3f} T per 1000 Å^3 ({how})"
        + "".join(f"\n{words}" for words in made.counted)
    )
