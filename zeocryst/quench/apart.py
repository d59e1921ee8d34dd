"""Clusters that descend apart from each other, each as far as it stays what it is.

A cluster stops before one of its T is farther than 1.5 Å from where the frame had it, before they have moved by
0.6 Å in the root mean square, before more than a fifth of its bonds has changed, and before any T leaves its
cluster, joins another or runs into a bead that does not move with it. An S stops by itself before it has moved
by 3 Å or runs into another cluster's beads, and its cluster goes on.

The first 40 iterations of some hundreds take out nine tenths of the energy that there is. T have moved by 0.6 Å
then, and none of a hundred clusters at 450 K had other T. Of those that went on to their minimum a third moved
some T by more than 1.5 Å, 8 Å at most: they folded up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.cell import box_to_cell, neighbour_pairs, wrap_counting
from zeocryst.engines.protocol import Engine, moved_frame
from zeocryst.model.forcefield import ForceField
from zeocryst.network.bonds import Network
from zeocryst.network.clusters import Clusters, find_clusters
from zeocryst.quench.change import (
    CHANGED_BONDS,
    CHANGED_CLUSTERS,
    FAR_A,
    bond_keys,
    displaced,
    first_sites,
    strangers,
    way,
)
from zeocryst.quench.rooms import belongings, furnish, some_beads
from zeocryst.solution.packing import contacts

if TYPE_CHECKING:
    import gsd.hoomd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: How far the T of a cluster may move in the root mean square, and an S at most, Å.
MOST_RMS_A, MOST_S_A = 0.6, 3.0
#: Beads run into each other nearer than this share of the distance where the energy of their pair changes sign
#: (T-S and S-S: 4.07 Å, where it is 2.4 kT at 450 K); two T of different clusters where they would be bonded.
CLASH_SHARE = 0.9
#: Most looks at the clusters on their way, in a frame of up to so many T. In a larger one there are fewer in
#: proportion, so that a quench does not take the longer the larger a frame is, but never fewer than the last
#: number: in so many looks (40 iterations of LAMMPS) nine tenths of the energy are taken out.
LOOKS, ALL_LOOKS_T, LEAST_LOOKS = 200, 20_000, 8
#: Clusters are at rest when in so many looks no T has moved by so much, Å.
REST_LOOKS, REST_A = 6, 0.001


def most_looks(n_T: int) -> int:
    """How many looks clusters are given in a frame of so many T."""
    return LOOKS if n_T <= ALL_LOOKS_T else max(LEAST_LOOKS, LOOKS * ALL_LOOKS_T // n_T)


class Apart:
    """A frame whose clusters relax apart from each other.

    Parameters
    ----------
    frame
        Beads.
    network, sites, clusters
        Its network, the numbers of its T among the beads, and the clusters.
    forcefield
        The model.
    whole
        One network fills the box: a few T may come off it or join it, `CHANGED_CLUSTERS` of them.
    told
        Called with the number of looks that were taken and the most that there may be.

    Attributes
    ----------
    moved : (N, 3) array
        By what each bead has moved, Å.
    """

    def __init__(
        self,
        frame: gsd.hoomd.Frame,
        network: Network,
        sites: Ints,
        clusters: Clusters,
        forcefield: ForceField,
        *,
        whole: bool = False,
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self._frame, self._whole, self._told = frame, whole, told
        self._most = most_looks(network.n_sites)
        self._cut_short = False  # whether clusters still went on at the last look
        self._network, self._sites, self._clusters = network, sites, clusters
        self._reach = forcefield.cutoff_A
        self._piece, self._place = belongings(frame, network, sites, clusters)
        self._is_t = np.zeros(len(self._piece), dtype=bool)
        self._is_t[sites] = True
        self._bonds = bond_keys(network)
        self._number = self._of_bonds(self._bonds)
        self._least = self._nearest(forcefield)
        self._held = np.zeros(len(self._piece), dtype=bool)  # S that go no farther
        self._active = clusters.size > 1  # clusters that go on
        self._why: dict[int, str] = {}
        self.moved = np.zeros_like(self._place)

    def relax(self, engine: Engine) -> None:
        """Let all clusters of two T and more descend; those that percolate in the frame's own box."""
        worth = self._clusters.size > 1
        for number in np.flatnonzero(worth & self._clusters.percolates):
            beads = np.flatnonzero(self._piece == number)
            box = np.asarray(self._frame.configuration.box, dtype=float)
            self._descend(engine, beads, self._place[beads], box)
        finite = worth & ~self._clusters.percolates
        if finite.any():
            piece = np.where((self._piece >= 0) & finite[self._piece], self._piece, -1)
            beads, position, edges = furnish(piece, self._place, self._reach)
            self._descend(engine, beads, position, np.append(edges, [0.0, 0.0, 0.0]))

    def frame(self) -> gsd.hoomd.Frame:
        """The frame now."""
        given, cell = self._frame.particles, box_to_cell(self._frame.configuration.box)
        inside, turns = wrap_counting(np.asarray(given.position, dtype=float) + self.moved, cell)
        image = turns if given.image is None else turns + np.asarray(given.image)
        velocity = np.zeros_like(inside) if given.velocity is None else given.velocity
        return moved_frame(self._frame, np.asarray(self._frame.configuration.box), inside, velocity, image)

    def record(self) -> dict[str, Any]:
        """How many clusters of two T and more there were, how many stopped because of what, and S that did."""
        return {
            "clusters": int((self._clusters.size > 1).sum()),
            "stopped": dict(Counter(self._why.values())),
            "S_stopped": int(self._held.sum()),
            "one": self._whole,
            "cut_short": (
                {"looks": self._most, "of": LOOKS, "above_T": ALL_LOOKS_T} if self._cut_short else None
            ),
        }

    # ---- the descent --------------------------------------------------------------------------

    def _descend(self, engine: Engine, beads: Ints, position: Floats, box: Floats) -> None:
        """Let the clusters of some beads descend, until they are at rest or have to stop."""
        start = some_beads(self._frame, beads, position, box)
        resting = 0
        with closing(engine.descend(start)) as samples:
            for look, sample in enumerate(islice(samples, self._most), start=1):
                before = self.moved
                self._accept(beads, way(start, sample.frame()))
                if self._told is not None:
                    self._told(look, self._most)
                step = np.abs(self.moved - before)[self._is_t].max()
                resting = resting + 1 if step < REST_A else 0
                if resting == REST_LOOKS or not self._active[self._piece[beads]].any():
                    return
                self._cut_short |= look == self._most < LOOKS

    def _accept(self, beads: Ints, moved: Floats) -> None:
        """Move what still moves, but for what would not stay what it is: that stops where it was."""
        while True:
            going = self._active[self._piece[beads]] & ~self._held[beads]
            trial = self.moved.copy()
            trial[beads[going]] = moved[going]
            clash = self._clashes(trial)
            s = (clash | ((trial**2).sum(axis=1) > MOST_S_A**2)) & self._goes(beads, going) & ~self._is_t
            if s.any():  # S make way before T do
                self._held |= s
                continue
            faults = {n: why for n, why in self._faults(trial, clash).items() if self._active[n]}
            if not faults:
                self.moved = trial
                return
            self._why |= faults
            self._active[list(faults)] = False

    def _goes(self, beads: Ints, going: Bools) -> Bools:
        """Which of all beads go on, (N,) bool."""
        found = np.zeros(len(self._piece), dtype=bool)
        found[beads[going]] = True
        return found

    def _clashes(self, moved: Floats) -> Bools:
        """Which beads run into one that does not move with them, (N,) bool.

        Nearer than they may come (`_nearest`), and nearer than before.
        """
        place = np.asarray(self._frame.particles.position, dtype=float)
        i, j, shift, distance = neighbour_pairs(place + moved, self._network.cell, float(self._least.max()))
        together = (self._piece[i] == self._piece[j]) & (self._piece[i] >= 0) & (self._held[i] == self._held[j])
        kind = (~self._is_t).astype(int)
        near = ~together & (distance < self._least[kind[i], kind[j]])
        i, j, shift, distance = i[near], j[near], shift[near], distance[near]
        before = np.linalg.norm(place[j] + shift @ self._network.cell - place[i], axis=1)
        nearer = distance < before - 1e-6
        found = np.zeros(len(place), dtype=bool)
        found[i[nearer]] = found[j[nearer]] = True
        return found

    def _nearest(self, forcefield: ForceField) -> Floats:
        """How near beads that do not move together may come, T first, (2, 2) Å."""
        types = forcefield.types
        t = types.index("T")
        least = contacts(forcefield).least
        s = next((k for k in range(len(types)) if k != t), t)
        found = CLASH_SHARE * least[np.ix_([t, s], [t, s])]
        if not self._whole:
            found[0, 0] = max(found[0, 0], self._network.cutoff)
        return np.asarray(found)

    def _faults(self, moved: Floats, clash: Bools) -> dict[int, str]:
        """Clusters that would not be what they were, and why."""
        label, count = self._clusters.label, len(self._clusters.size)
        square = (moved[self._sites] ** 2).sum(axis=1)
        most = np.zeros(count)
        np.maximum.at(most, label, square)
        mean = np.bincount(label, weights=square, minlength=count) / self._clusters.size
        after = displaced(self._network, moved[self._sites])
        changed = self._of_bonds(np.setxor1d(self._bonds, bond_keys(after), assume_unique=True))
        found: dict[int, str] = {}
        for why, at_fault in (
            ("bonds", changed > CHANGED_BONDS * self._number),
            ("rms", mean > MOST_RMS_A**2),
            ("distance", most > FAR_A**2),
            ("contact", np.bincount(label, weights=clash[self._sites], minlength=count) > 0),
            ("clusters", self._mixed(find_clusters(after).label)),
        ):
            found |= dict.fromkeys(np.flatnonzero(at_fault).tolist(), why)
        return found

    def _mixed(self, after: Ints) -> Bools:
        """Which clusters do not have the T that they had, (C,) bool, from the numbers of the T's new ones."""
        before, count = self._clusters.label, len(self._clusters.size)
        if self._whole and strangers(before, after) + strangers(after, before) <= CHANGED_CLUSTERS * len(
            before
        ):
            return np.zeros(count, dtype=bool)
        return _mixed(before, after, count)

    def _of_bonds(self, keys: Ints) -> Ints:
        """Number of bonds of each cluster; one between two counts for that of its first T."""
        sites = first_sites(keys, self._network.n_sites)
        return np.bincount(self._clusters.label[sites], minlength=len(self._clusters.size))


def _mixed(before: Ints, after: Ints, count: int) -> Bools:
    """Which of `count` groups do not have the members that they had, (C,) bool."""
    kinds = int(after.max(initial=0)) + 1
    old, new = np.divmod(np.unique(before * kinds + after), kinds)
    parts = np.bincount(old, minlength=count)
    guests = np.bincount(new)
    joined = np.zeros(count, dtype=bool)
    joined[old[guests[new] > 1]] = True
    return np.asarray((parts > 1) | joined)
