"""Two nanoparticles as beads: how strongly they hold together, and how often they become bonded in contact.

Both are measured from below, on pairs of clusters of the same glass that particles are filled with, for the
level of particles (`zeocryst.model.upward`). The adhesion of a contact is the energy of the two, each annealed
and quenched by itself, minus that of the two joined, annealed and quenched in the same way. Its error is that
of the mean over pairs: each pair is cut from other places of the glass and turned in another way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import AGGREGATE_MARK, PARTICLE_MARK
from zeocryst.cell import make_frame
from zeocryst.condition import Stage
from zeocryst.condition.classes import radius_of
from zeocryst.condition.particles import LEAST_PAIRS
from zeocryst.engines.protocol import Engine
from zeocryst.errors import InputError
from zeocryst.model.dlvo import CLOSEST_A, WELL_A
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import default_step_fs
from zeocryst.model.upward import Adhesion, Source, Sticking, Upward
from zeocryst.order.sticking import Followed, follow, in_words, sticking
from zeocryst.solution.cluster_library import COLD_K, Library, temperature_like
from zeocryst.solution.seating import relax
from zeocryst.solution.short_runs import ran, seed_of, settle

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Cluster = tuple[Floats, Floats]

#: How long each is kept at the temperature, and then cooled, ps.
ANNEAL_PS = 5.0
#: How long a pair in contact is watched, ps.
WATCHED_PS = 20.0
#: Pairs that wait begin with their nearest T so far beyond the range of a T-T pair, Å: nothing has joined yet.
APART_A = 0.1


@dataclass(frozen=True)
class Size:
    """What one particle has.

    Attributes
    ----------
    n_T, n_S : int
    """

    n_T: int
    n_S: int


@dataclass(frozen=True)
class Adhesions:
    """Energies of pairs.

    Attributes
    ----------
    apart_eV, joined_eV : (n,) arrays
        Of the two of a pair by themselves, together, and of the two joined.
    bonds : (n,) int array
        Bonds of T across each contact.
    found : Adhesion
        Their mean.
    """

    apart_eV: Floats
    joined_eV: Floats
    bonds: NDArray[np.int64]
    found: Adhesion

    @property
    def sentence(self) -> str:
        """What was found."""
        f = self.found
        return (
            f"Adhesion of a contact: {f.value_eV:.2f} ± {f.uncertainty_eV:.2f} eV (standard error over "
            f"{f.n_replicas} pairs of {f.radius_A[0]:.1f} and {f.radius_A[1]:.1f} Å, annealed at "
            f"{f.temperature_K:g} K), {self.bonds.mean():.1f} bonds across"
        )


def measure_adhesion(
    engine: Engine,
    forcefield: ForceField,
    library: gsd.hoomd.Frame,
    sizes: tuple[Size, Size],
    *,
    density: float,
    temperature_K: float,
    seed: int,
    n_pairs: int = 2 * LEAST_PAIRS,
    anneal_ps: float = ANNEAL_PS,
    tell: Callable[[str], None] | None = None,
) -> Adhesions:
    """Energy that two particles lose when they join.

    Parameters
    ----------
    engine, forcefield, library
        As for `zeocryst.solution.cluster_library.make_library`, and what it made.
    sizes
        What the two have.
    density
        T per 1000 Å^3, which gives their radii.
    temperature_K
        At which all are annealed, for `anneal_ps`, before they are cooled in as long.
    seed
        Of places, turns and noise.
    n_pairs
        How many.
    tell
        Is told how far it is.

    Raises
    ------
    InputError
        Fewer than `LEAST_PAIRS` pairs.
    SimulationError
        Two did not become one, or the engine failed.
    """
    if n_pairs < LEAST_PAIRS:
        raise InputError(f"n_pairs = {n_pairs}; expected at least {LEAST_PAIRS}, or the error means nothing")
    source = Library.of(library, forcefield)
    radii = (radius_of(sizes[0].n_T, density), radius_of(sizes[1].n_T, density))
    apart, joined, bonds = [], [], []
    for number, draw in enumerate(np.random.SeedSequence([seed, 2]).spawn(n_pairs), start=1):
        rng = np.random.default_rng(draw)
        pair = [source.cluster(size.n_T, size.n_S, rng) for size in sizes]
        noise = draw.spawn(4)
        alone = 0.0
        for cluster, own in zip(pair, noise, strict=False):
            one = frame_of([cluster], np.zeros((1, 3)), forcefield)
            alone += _annealed(engine, one, forcefield, temperature_K, anneal_ps, own)[1]
        middle = np.array([[0.0, 0, 0], [sum(radii) + CLOSEST_A, 0, 0]])
        seated = relax(
            frame_of(pair, middle, forcefield), engine, forcefield, seed=seed_of(noise[2]), warm_ps=0
        )
        frame, energy = _annealed(engine, seated.frame, forcefield, temperature_K, anneal_ps, noise[3])
        apart.append(alone)
        joined.append(energy)
        bonds.append(_bonds_across(frame))
        if tell is not None:
            tell(f"pair {number} of {n_pairs}: {alone - energy:.2f} eV, {bonds[-1]} bonds across")
    value = np.array(apart) - np.array(joined)
    error = float(value.std(ddof=1) / np.sqrt(n_pairs))
    found = Adhesion(float(value.mean()), error, n_pairs, radii, temperature_K)
    return Adhesions(np.array(apart), np.array(joined), np.array(bonds), found)


def measure_upward(
    engine: Engine,
    forcefield: ForceField,
    library: gsd.hoomd.Frame,
    sizes: tuple[Size, Size],
    *,
    density: float,
    temperature_K: float,
    seed: int,
    condition: str = "",
    n_pairs: int = 2 * LEAST_PAIRS,
    time_ps: float = WATCHED_PS,
    tell: Callable[[str], None] | None = None,
) -> Upward:
    """Adhesion and sticking of two particles, as `zeocryst.model.upward.write_upward` writes them.

    Parameters
    ----------
    engine, forcefield, library, sizes, density, temperature_K, seed, n_pairs, tell
        As in `measure_adhesion`.
    condition
        Hash of the condition of the run that measures, where there is one.
    time_ps
        For how long each pair in contact is watched.
    """
    from importlib.metadata import version

    say = tell or (lambda _: None)
    adhesions = measure_adhesion(
        engine, forcefield, library, sizes,
        density=density, temperature_K=temperature_K, seed=seed, n_pairs=n_pairs, tell=tell,
    )  # fmt: skip
    say(adhesions.sentence)
    waited = measure_sticking(
        engine, forcefield, library, sizes,
        density=density, temperature_K=temperature_K, time_ps=time_ps, seed=seed, n_pairs=n_pairs,
    )  # fmt: skip
    say(in_words(waited.followed, waited.found))
    what = (
        f"{n_pairs} pairs of clusters of {sizes[0].n_T} and {sizes[1].n_T} T of a glass: joined and annealed, "
        "and in contact without a solvent"
    )
    source = Source(what, condition, version("zeocryst"), forcefield.name)
    return Upward(source, adhesions.found, waited.found)


def frame_of(clusters: list[Cluster], places: Floats, forcefield: ForceField) -> gsd.hoomd.Frame:
    """Clusters about some places, (n, 3) Å, in the middle of a vacuum; each is a particle of one aggregate."""
    parts = [[c[kind] + place for c, place in zip(clusters, places, strict=True)] for kind in (0, 1)]
    t, s = (np.vstack(part) for part in parts)
    of = np.concatenate([np.repeat(np.arange(len(clusters)), [len(p) for p in part]) for part in parts])
    all_beads = np.vstack([t, s])
    middle = (all_beads.min(axis=0) + all_beads.max(axis=0)) / 2
    reach = float(np.linalg.norm(all_beads - middle, axis=1).max())
    side = 2 * max(reach + forcefield.cutoff_A, 1.5 * forcefield.cutoff_A)
    types = forcefield.types
    kinds = np.repeat([types.index("T"), types.index("S") if len(s) else 0], [len(t), len(s)])
    made = make_frame(all_beads - middle + side / 2, side * np.eye(3), kinds, types, forcefield.masses)
    made.log[PARTICLE_MARK] = of.astype(np.int32)
    made.log[AGGREGATE_MARK] = np.zeros(len(of), dtype=np.int32)
    return made


def _annealed(
    engine: Engine,
    frame: gsd.hoomd.Frame,
    forcefield: ForceField,
    temperature_K: float,
    time_ps: float,
    draw: np.random.SeedSequence,
) -> tuple[gsd.hoomd.Frame, float]:
    """Brought to rest, annealed, cooled and quenched, and the energy then, eV."""
    now, _ = settle(engine, frame)
    cold = min(temperature_K, temperature_like(COLD_K / 3, forcefield))
    step = default_step_fs(forcefield)
    for last, noise in ((temperature_K, 0), (cold, 1)):
        stage = Stage("langevin", (temperature_K, last), time_ps=time_ps, timestep_fs=step)
        now = ran(engine, now, stage, seed_of(draw) + noise)
    return engine.minimize(now)


def _bonds_across(frame: gsd.hoomd.Frame) -> int:
    """Bonds of T between two particles."""
    from zeocryst.network.bonds import network_of_frame

    network, sites = network_of_frame(frame)
    of = np.asarray(frame.log[PARTICLE_MARK])[sites]
    return int((of[network.first] != of[network.second]).sum())


@dataclass(frozen=True)
class Waited:
    """Pairs in contact that were watched.

    Attributes
    ----------
    followed : Followed
    found : Sticking
    """

    followed: Followed
    found: Sticking


def measure_sticking(
    engine: Engine,
    forcefield: ForceField,
    library: gsd.hoomd.Frame,
    sizes: tuple[Size, Size],
    *,
    density: float,
    temperature_K: float,
    time_ps: float,
    seed: int,
    n_pairs: int = 2 * LEAST_PAIRS,
    every_ps: float = 0.1,
) -> Waited:
    """Watch pairs of particles in contact become bonded.

    They begin anywhere in contact as the level of particles has it, any distance of the surfaces as likely as
    any other, but with their nearest T out of each other's range; and move by Langevin dynamics without a
    solvent's friction.

    Parameters
    ----------
    engine, forcefield, library, sizes, density, seed, n_pairs
        As in `measure_adhesion`.
    temperature_K, time_ps
        Of the run of each pair.
    every_ps
        Between two looks.
    """
    source = Library.of(library, forcefield)
    step = default_step_fs(forcefield)
    stage = Stage("langevin", (temperature_K, temperature_K), time_ps=time_ps, timestep_fs=step)
    every = max(1, round(1000 * every_ps / step))
    touching = sum(radius_of(size.n_T, density) for size in sizes) + CLOSEST_A
    contacts, at_start, longest = [], 0, 0.0
    for draw in np.random.SeedSequence([seed, 3]).spawn(n_pairs):
        rng = np.random.default_rng(draw)
        one, two = (source.cluster(size.n_T, size.n_S, rng) for size in sizes)
        x = max(touching + WELL_A * rng.random(), _just_apart(one, two, forcefield))
        frame = frame_of([one, two], np.array([[0.0, 0, 0], [x, 0, 0]]), forcefield)
        looks = []
        for sample in engine.run(frame, stage, seed=seed_of(draw.spawn(1)[0]), every=every):
            looks.append((sample.step * step / 1000, sample.frame()))
        found = follow(looks)
        contacts += found.contacts
        at_start += found.bonded_at_start
        longest = max(longest, found.interval_ps)
    followed = Followed(contacts, at_start, longest)
    return Waited(followed, sticking(followed, temperature_K))


def _just_apart(one: Cluster, two: Cluster, forcefield: ForceField) -> float:
    """How far along x the second has to be for its nearest T to be just out of the first's range, Å."""
    range_A = forcefield.pairs["T", "T"].cutoff_A + APART_A
    across = ((one[0][:, None, 1:] - two[0][None, :, 1:]) ** 2).sum(axis=2)
    hit = across < range_A**2
    along = one[0][:, None, 0] - two[0][None, :, 0] + np.sqrt(np.maximum(range_A**2 - across, 0))
    return float(along[hit].max()) if hit.any() else range_A
