"""Clusters in contact are relaxed until they are one: no overlap, and bonds from each to the next.

Particles in contact have their outermost T about 1.65 Å apart, so that some beads of two fresh clusters
overlap and few are bonded. They are pushed apart by what they overlap, brought to rest by an engine, and, where
they are not one cluster of bonded T yet, kept warm for a few ps and brought to rest again. What is still apart
then is moved as it is, by the gap to the nearest T of its aggregate, and brought to rest, in a few rounds. What
was in one aggregate is then one cluster, or the step ends with a sentence that says what is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.beads import AGGREGATE_MARK, PARTICLE_MARK, Beads
from zeocryst.condition import Stage
from zeocryst.engines.protocol import Engine
from zeocryst.errors import SimulationError
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import bond_length, default_step_fs
from zeocryst.network.bonds import network_of_frame
from zeocryst.network.clusters import find_clusters
from zeocryst.solution.cluster_library import COLD_K, temperature_like
from zeocryst.solution.joining import CLOSEST_A, astray_in, closest, drawn_together, marks_of, pushed_apart
from zeocryst.solution.short_runs import ran, settle

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How long a warm run is, ps.
WARM_PS = 3.0
#: Rounds of drawing together what is apart.
DRAWN_ROUNDS = 6


@dataclass(frozen=True)
class Seated:
    """Relaxed clusters.

    Attributes
    ----------
    frame : gsd.hoomd.Frame
        The beads, at rest.
    n_T, n_S : int
    closest_A : float
        Distance of the nearest two beads, before and after.
    rms_A, most_A : float
        How far beads have moved within their particles: beside the particle's mean, in the root mean square
        and at most.
    whole_rms_A : float
        How far particles have moved as a whole, in the root mean square.
    bonds, bonds_across : int
        Of T, and those among them between two particles.
    joined : int
        Pairs of particles with such a bond.
    clusters : int
        Clusters of bonded T.
    energy_eV : float
    warm_ps : float
        How long it was kept warm.
    drawn : int
        Pieces that were moved as they are, because they were apart.
    """

    frame: gsd.hoomd.Frame
    n_T: int
    n_S: int
    closest_A: tuple[float, float]
    rms_A: float
    most_A: float
    whole_rms_A: float
    bonds: int
    bonds_across: int
    joined: int
    clusters: int
    energy_eV: float
    warm_ps: float
    drawn: int

    @property
    def sentence(self) -> str:
        """What was done."""
        warm = f", {self.warm_ps:g} ps warm" if self.warm_ps else ""
        drawn = f", {self.drawn} pieces drawn to the rest" if self.drawn else ""
        one = "one cluster" if self.clusters == 1 else f"{self.clusters} clusters"
        return (
            f"{self.n_T} T and {self.n_S} S relaxed{warm}{drawn}: beads moved by {self.rms_A:.2f} Å within "
            f"their particles and particles by {self.whole_rms_A:.2f} Å (root mean square), the nearest two "
            f"beads are {self.closest_A[1]:.2f} Å apart ({self.closest_A[0]:.2f} Å before), "
            f"{self.bonds_across} bonds join {self.joined} pairs of particles into {one}, "
            f"{self.energy_eV / self.n_T:.3f} eV per T"
        )

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {
            "n_T": self.n_T, "n_S": self.n_S, "closest_A": self.closest_A[1],
            "closest_before_A": self.closest_A[0], "rms_A": self.rms_A, "most_A": self.most_A,
            "whole_rms_A": self.whole_rms_A, "bonds": self.bonds, "bonds_across": self.bonds_across,
            "joined_pairs": self.joined, "clusters": self.clusters, "energy_eV": self.energy_eV,
            "warm_ps": self.warm_ps, "drawn": self.drawn, "sentence": self.sentence,
        }  # fmt: skip


def relax(
    frame: gsd.hoomd.Frame,
    engine: Engine,
    forcefield: ForceField,
    *,
    seed: int,
    temperature_K: float | None = None,
    warm_ps: float = WARM_PS,
    tell: Callable[[str], None] | None = None,
    watch: Callable[[], None] | None = None,
) -> Seated:
    """Make one of what was in contact.

    Parameters
    ----------
    frame
        What `zeocryst.solution.resolving.fill` made.
    engine
        Brings to rest and keeps warm.
    forcefield
        Its model.
    seed
        Of the warm run.
    temperature_K, warm_ps
        Of the warm run; without a temperature 300 K in the T-S model, others in proportion.
    tell
        Is told what is done.
    watch
        Is called every few seconds at least, and ends it where it raises.

    Raises
    ------
    SimulationError
        Beads are too close in the end, or what was one aggregate is not one cluster; or the engine failed.
    """
    say = tell or (lambda _: None)
    before = closest(frame)
    say("overlaps of particles in contact are taken out")
    now, energy = settle(engine, pushed_apart(frame, forcefield), watch)
    warmed, drawn = 0.0, 0
    for turn in range(DRAWN_ROUNDS + 1):
        if not astray_in(now).any() and closest(now) >= CLOSEST_A:
            break
        if not turn and warm_ps:
            hot = temperature_like(COLD_K, forcefield) if temperature_K is None else temperature_K
            say(f"{warm_ps:g} ps at {hot:.0f} K join what is not bonded yet")
            stage = Stage("langevin", (hot, hot), time_ps=warm_ps, timestep_fs=default_step_fs(forcefield))
            now, warmed = ran(engine, now, stage, seed, watch), warm_ps
        else:
            say(f"{int(astray_in(now).sum())} T are not bonded to the rest; they are drawn to it")
            now, moved = drawn_together(now, bond_length(forcefield))
            drawn += moved
            now = pushed_apart(now, forcefield)
        now, energy = settle(engine, now, watch)
    found = _checked(_seated(frame, now, energy, (before, closest(now)), warmed, drawn))
    found.frame.log.pop(AGGREGATE_MARK, None)  # it is one now, and a mark more in each frame of a run
    return found


def _checked(found: Seated) -> Seated:
    """What was made, or the error that it is not what it should be."""
    if found.closest_A[1] < CLOSEST_A:
        raise SimulationError(
            f"two beads of the resolved aggregate are {found.closest_A[1]:.2f} Å apart after relaxing, nearer "
            f"than {CLOSEST_A} Å"
        )
    astray = astray_in(found.frame)
    if astray.any():
        aggregates = len(np.unique(marks_of(found.frame, AGGREGATE_MARK)[astray]))
        raise SimulationError(
            f"{int(astray.sum())} of {found.n_T} T of the resolved aggregate are not bonded to the rest after "
            f"relaxing, {found.warm_ps:g} ps warm and {found.drawn} pieces drawn together (in {aggregates} "
            "aggregates); a higher temperature of the first stage of beads may join them"
        )
    return found


def _seated(
    start: gsd.hoomd.Frame,
    end: gsd.hoomd.Frame,
    energy: float,
    nearest: tuple[float, float],
    warm: float,
    drawn: int,
) -> Seated:
    """What became of the beads of a frame."""
    network, sites = network_of_frame(end)
    particle = marks_of(end, PARTICLE_MARK)[sites]
    a, b = particle[network.first], particle[network.second]
    pairs = np.unique(np.sort(np.stack([a, b], axis=1)[a != b], axis=1), axis=0)
    seen = Beads.of(end)
    way = (seen.centred - Beads.of(start).centred) @ np.linalg.inv(seen.cell)
    moved = (way - np.round(way)) @ seen.cell
    _, of, size = np.unique(marks_of(end, PARTICLE_MARK), return_inverse=True, return_counts=True)
    whole = np.stack([np.bincount(of, x) / size for x in moved.T], axis=1)
    inside = np.linalg.norm(moved - whole[of], axis=1)
    return Seated(
        end, seen.count("T"), seen.count("S"), nearest,
        float(np.sqrt((inside**2).mean())), float(inside.max()), float(np.sqrt((whole**2).sum(axis=1).mean())),
        len(network.first), int((a != b).sum()), len(pairs), len(find_clusters(network).size),
        energy, warm, drawn,
    )  # fmt: skip
