"""The quench: the heat taken out of a frame, which stays the frame that it was.

Where one network fills the box (a crystal, a melt, a slab), it is relaxed to the nearest energy minimum. Where
clusters are apart there is none: they attract each other, drift together and stick. There each cluster descends
in a room of its own (`zeocryst.quench.rooms`), with the S that belong to it, as far as it stays what it is
(`zeocryst.quench.apart`); T without bonds stay where they are.

After either, bonds and clusters are compared with those before, by the cut-off of the frame as it was. A frame
that became another one (`zeocryst.quench.change`) is taken as it was simulated, hot, with its bonds given out
by matching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import volume
from zeocryst.engines.protocol import Engine
from zeocryst.forcefield import ForceField
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import Clusters, find_clusters
from zeocryst.network.matching import matched_bonds
from zeocryst.quench.apart import Apart
from zeocryst.quench.change import Change, compare, displaced, way

if TYPE_CHECKING:
    import gsd.hoomd

#: One network fills the box if so large a share of the T is in one cluster that percolates, and there are so
#: many T per 1000 Å^3: no framework has fewer than 7, a gel that percolates has 2.
WHOLE_SHARE, WHOLE_DENSITY = 0.9, 5.0


@dataclass(frozen=True)
class Quenched:
    """A frame without its heat.

    Attributes
    ----------
    frame : gsd.hoomd.Frame
        The beads; those of the frame that was given where it had become another one.
    network : Network
        Of its T.
    energy_eV : float
        Of `frame`.
    change : Change
        What the quench changed, or would have.
    refused : list of str
        Why the frame had become another one; empty where it had not.
    apart : dict or None
        Where clusters were relaxed apart, `zeocryst.quench.apart.Apart.record`.
    """

    frame: gsd.hoomd.Frame
    network: Network
    energy_eV: float
    change: Change
    refused: list[str]
    apart: dict[str, Any] | None

    @property
    def sentence(self) -> str:
        """What was done and what it changed."""
        if self.refused:
            return (
                f"A quench makes another structure of the frame ({', '.join(self.refused)}), which is "
                "therefore named and built as it was simulated, hot."
            )
        said = self.change.in_words()
        if self.apart is None:
            return f"The quench {said}."
        stopped, several = sum(self.apart["stopped"].values()), self.apart["clusters"]
        return (
            f"The quench, cluster by cluster, {said}; {stopped} of {several} clusters of two T and more "
            "stopped before their minimum, so as to stay what they are."
        )

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        return {
            "how": "hot" if self.refused else "whole" if self.apart is None else "clusters apart",
            "refused": self.refused,
            "apart": self.apart,
            "change": self.change.record(),
            "sentence": self.sentence,
        }


def quench(engine: Engine, frame: gsd.hoomd.Frame, forcefield: ForceField) -> Quenched:
    """Take the heat out of a frame.

    Parameters
    ----------
    engine
        Relaxes.
    frame
        Beads of the types T and S.
    forcefield
        The engine's model.

    Raises
    ------
    SimulationError
        The engine failed.
    """
    network, sites = network_of_frame(frame)
    clusters = find_clusters(network)
    others = np.setdiff1d(np.arange(frame.particles.N), sites)
    if not is_whole(network, clusters):
        work = Apart(frame, network, sites, clusters, forcefield)
        work.relax(engine)
        cold = displaced(network, work.moved[sites])
        change = compare(network, cold, work.moved[sites], work.moved[others])
        after = work.frame()
        return Quenched(after, cold, engine.evaluate(after).energy_eV, change, [], work.record())
    after, energy = engine.minimize(frame)
    moved = way(frame, after)
    change = compare(network, displaced(network, moved[sites]), moved[sites], moved[others])
    refused = change.another()
    if not refused:
        return Quenched(after, network_of_frame(after)[0], energy, change, refused, None)
    matched = matched_bonds(network.positions, network.cell)[0]
    return Quenched(frame, matched, engine.evaluate(frame).energy_eV, change, refused, None)


def is_whole(network: Network, clusters: Clusters) -> bool:
    """Whether one network fills the box, so that there is a nearest minimum."""
    share = clusters.size[0] / network.n_sites
    density = 1000 * network.n_sites / volume(network.cell)
    return bool(clusters.percolates[0] and share >= WHOLE_SHARE and density >= WHOLE_DENSITY)
