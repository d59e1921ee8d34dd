"""A library of quenched amorphous clusters: one melt of T and S, cooled, from which spheres are cut.

One periodic box of the particles' composition and density is melted, cooled and brought to rest by an engine.
A cluster is what is nearest to a random place of it, exactly as many T and S as it is to have, turned at
random: so each particle has a structure of its own, and all of them have that of one glass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from zeocryst.beads import Beads
from zeocryst.cell import heights
from zeocryst.condition import Stage, System
from zeocryst.condition.classes import radius_of
from zeocryst.engines.protocol import Engine
from zeocryst.errors import InputError, SimulationError
from zeocryst.model.forcefield import ForceField
from zeocryst.model.scales import bond_length, default_step_fs
from zeocryst.network.bonds import network_of_frame
from zeocryst.order.crystallinity import AMORPHOUS_BELOW
from zeocryst.order.labels import label_sites
from zeocryst.solution.packing import contacts
from zeocryst.solution.short_runs import ran, seed_of, settle
from zeocryst.solution.start import melt

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Least T of the box, so that clusters of 74 T are cut from a dozen places that have nothing in common.
LEAST_T = 1000
#: The box is wider than the largest cluster by so much, Å.
ROOM_A = 6.0
#: The melt and the end of its cooling, K, in a model whose T-T well is 0.536761 eV deep (the T-S model); others
#: in proportion. Melts of `runs/sgt_unseeded` are made at the same temperature.
HOT_K, COLD_K, TS_EPSILON_EV = 1800.0, 300.0, 0.536761
#: For how long it is liquid, and cooled, ps: 75 K/ps, while a nucleus of the T-S model takes some hundred ps at
#: its best temperature.
LIQUID_PS, COOLING_PS = 10.0, 20.0
#: Share of T that have four bonds or more, below which a glass is none but a gas or a gel.
LEAST_CONNECTED = 0.5
#: Places that are tried for one with as many S as the cluster is to have.
PLACES = 16
#: Random points among which the most spacious one is taken for an S that is missing.
POINTS = 1500


@dataclass(frozen=True)
class Library:
    """A quenched box as clusters are cut from it.

    Attributes
    ----------
    t, s : (N, 3) arrays
        Where the T and the S are, Å.
    cell : (3, 3) array
        Lattice vectors as rows, Å.
    least : (2, 2) array
        How near beads come, T first, Å (`zeocryst.solution.packing.Contacts`).
    """

    t: Floats
    s: Floats
    cell: Floats
    least: Floats

    @classmethod
    def of(cls, frame: gsd.hoomd.Frame, forcefield: ForceField) -> Library:
        """Look at the frame that `make_library` made, or that was read from its file."""
        beads = Beads.of(frame)
        types = forcefield.types
        order = [types.index("T"), types.index("S") if "S" in types else types.index("T")]
        least = contacts(forcefield).least[np.ix_(order, order)]
        return cls(beads.positions[beads.are("T")], beads.positions[beads.are("S")], beads.cell, least)

    def cluster(self, n_T: int, n_S: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """A sphere about a random place, turned at random.

        Of `PLACES` places that with the best number of S is taken. What S there are too many, the farthest,
        stay behind; an S too few is put where there is most room.

        Parameters
        ----------
        n_T, n_S
            What it has, exactly.
        rng
            Draws place and turn.

        Returns
        -------
        t, s : (n_T, 3) and (n_S, 3) arrays
            Å, about the sphere's centre.

        Raises
        ------
        InputError
            The box is too small for it.
        """
        if not 0 < n_T <= len(self.t):
            raise InputError(f"a cluster of {n_T} T: the library has {len(self.t)}; expected 1 to as many")
        best: tuple[int, Floats, Floats, float] | None = None
        for _ in range(PLACES):
            place = rng.random(3) @ self.cell
            t, s = self._about(self.t, place)[:n_T], self._about(self.s, place)
            radius = float(np.linalg.norm(t[-1]))
            off = abs(int((np.linalg.norm(s, axis=1) <= radius).sum()) - n_S)
            if best is None or off < best[0]:
                best = off, t, s, radius
            if not off:
                break
        assert best is not None
        _, t, s, radius = best
        side = float(heights(self.cell).min())
        if 2 * radius > side:
            raise InputError(
                f"a cluster of {n_T} T is {2 * radius:.1f} Å wide, and the library {side:.1f} Å; make one for "
                "the largest cluster"
            )
        s = s[:n_S][np.linalg.norm(s[:n_S], axis=1) <= radius]
        while len(s) < n_S:
            s = np.vstack([s, self._spacious(t, s, radius, rng)])
        turn = Rotation.random(None, rng)
        return turn.apply(t), turn.apply(s) if n_S else s

    def _about(self, points: Floats, place: Floats) -> Floats:
        """The nearest image of each point, from a place, the nearest first."""
        away = (points - place) @ np.linalg.inv(self.cell)
        away = (away - np.round(away)) @ self.cell
        return np.asarray(away[np.argsort((away**2).sum(axis=1), kind="stable")])

    def _spacious(self, t: Floats, s: Floats, radius: float, rng: np.random.Generator) -> Floats:
        """Of random points of a ball that with most room for one more S, (1, 3) Å."""
        direction = rng.normal(size=(POINTS, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        points = direction * radius * rng.random((POINTS, 1)) ** (1 / 3)
        room = np.linalg.norm(points[:, None] - t, axis=2).min(axis=1) / self.least[0, 1]
        if len(s):
            room = np.minimum(room, np.linalg.norm(points[:, None] - s, axis=2).min(axis=1) / self.least[1, 1])
        return np.asarray(points[[int(np.argmax(room))]])


def make_library(
    engine: Engine,
    forcefield: ForceField,
    n_T: Sequence[int],
    S_per_T: float,
    density: float,
    *,
    seed: int,
    tell: Callable[[str], None] | None = None,
    watch: Callable[[], None] | None = None,
) -> tuple[gsd.hoomd.Frame, str]:
    """Melt, cool and quench a box that is large enough for the largest cluster.

    Parameters
    ----------
    engine
        Integrates and minimizes.
    forcefield
        Its model.
    n_T
        T of each size class of clusters.
    S_per_T
        Composition.
    density
        T per 1000 Å^3.
    seed
        The same gives the same box, with the same engine and number of threads.
    tell
        Is told what is done.
    watch
        Is called every few seconds at least, and ends it where it raises.

    Returns
    -------
    frame, words
        The box at rest, and what was made.

    Raises
    ------
    InputError
        S are asked for, and the model has none, or beads would start too close.
    SimulationError
        The engine failed, or the box is no glass: it crystallized, or did not hold together.
    """
    if S_per_T and "S" not in forcefield.types:
        raise InputError(f"S_per_T = {S_per_T:g}; the model {forcefield.name} has no S, so expected 0")
    side = max(2 * radius_of(max(n_T), density) + ROOM_A, 2.1 * forcefield.cutoff_A)
    total = max(LEAST_T, int(np.ceil(side**3 * density / 1000)))
    many = round(S_per_T * total)
    system = System("melt", n_T=total, n_S=many, density_T_per_1000A3=density)
    draws = np.random.SeedSequence([seed, total]).spawn(3)
    frame = melt(system, forcefield, np.random.default_rng(draws[0]))
    say = tell or (lambda _: None)
    say(f"a melt of {total} T and {many} S from which the particles are cut")
    frame, _ = settle(engine, frame, watch)
    hot, cold = (temperature_like(K, forcefield) for K in (HOT_K, COLD_K))
    step = default_step_fs(forcefield)
    for begin, end, time, draw in ((hot, hot, LIQUID_PS, draws[1]), (hot, cold, COOLING_PS, draws[2])):
        stage = Stage("langevin", temperature_K=(begin, end), time_ps=time, timestep_fs=step)
        frame = ran(engine, frame, stage, seed_of(draw), watch)
    frame, energy = engine.minimize(frame)
    made = f"{total} T and {many} S, {hot:.0f} K to {cold:.0f} K in {COOLING_PS:g} ps"
    return frame, _glass(frame, energy, made)


def _glass(frame: gsd.hoomd.Frame, energy: float, made: str) -> str:
    """What a quenched box is, in words; an error where it is no glass."""
    network, _ = network_of_frame(frame)
    four = float((network.degree >= 4).mean())
    crystalline = label_sites(network).crystalline_share
    if crystalline >= AMORPHOUS_BELOW:
        raise SimulationError(
            f"the melt from which particles are cut crystallized ({100 * crystalline:.0f} % of it), and they "
            "are to be amorphous: take another seed, density or composition"
        )
    if four < LEAST_CONNECTED:
        raise SimulationError(
            f"the melt from which particles are cut is no network ({100 * four:.0f} % of its T have four "
            "bonds); take a higher density_T_per_1000A3"
        )
    return (
        f"a glass of {made}: {100 * four:.0f} % of its T have four bonds, {100 * crystalline:.1f} % is "
        f"crystalline, {energy / network.n_sites:.3f} eV per T"
    )


def temperature_like(ts_K: float, forcefield: ForceField) -> float:
    """A temperature of the T-S model in a model whose T-T well has another depth, K."""
    length = bond_length(forcefield)
    if isnan(length):
        return ts_K
    energy, _ = forcefield.pairs["T", "T"].two_body(np.array([length]))
    return ts_K * -float(energy[0]) / TS_EPSILON_EV
