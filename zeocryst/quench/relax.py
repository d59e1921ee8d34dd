"""The quench: the heat taken out of a frame, which stays the frame that it was.

Where one network fills the box (a crystal, a melt, a slab), it is relaxed to the nearest energy minimum. Where
clusters are apart there is none: they attract each other, drift together and stick. There each cluster descends
in a room of its own (`zeocryst.quench.rooms`), with the S that belong to it, as far as it stays what it is
(`zeocryst.quench.apart`); T without bonds stay where they are.

After either, bonds and clusters are compared with those before, by the cut-off of the frame as it was. Where
the nearest minimum of one network is another structure (`zeocryst.quench.change`), as in a hot melt, it is
taken back: the network descends as a cluster does, as far as it stays what it is, which may be no way at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zeocryst.cell import volume
from zeocryst.engines.protocol import Engine
from zeocryst.model.forcefield import ForceField
from zeocryst.network.bonds import Network, network_of_frame
from zeocryst.network.clusters import Clusters, find_clusters
from zeocryst.quench.apart import Apart
from zeocryst.quench.change import Change, compare, displaced, way

if TYPE_CHECKING:
    import gsd.hoomd

#: One network fills the box if so large a share of the T is in one cluster that percolates, and there are so
#: many T per 1000 Å^3: no framework has fewer than 7, a gel that percolates has 2.
WHOLE_SHARE, WHOLE_DENSITY = 0.9, 5.0

#: The minimum of one network of more T than this is not sought: it descends as far as clusters do in so large a
#: frame (1e5 T of SOD at 500 K take a minute of the processor to their minimum, and larger ones more steps).
MOST_MINIMIZED_T = 200_000


@dataclass(frozen=True)
class Quenched:
    """A frame without its heat.

    Attributes
    ----------
    frame : gsd.hoomd.Frame
        The beads.
    network : Network
        Of its T.
    energy_eV : float
        Of `frame`.
    change : Change
        What the quench changed.
    bounded : dict or None
        Where clusters did not go to the minimum but as far as they stay what they are,
        `zeocryst.quench.apart.Apart.record`.
    refused : Change or None
        What the minimum would have changed, where it was taken back.
    """

    frame: gsd.hoomd.Frame
    network: Network
    energy_eV: float
    change: Change
    bounded: dict[str, Any] | None
    refused: Change | None

    @property
    def sentence(self) -> str:
        """What was done and what it changed."""
        said = self.change.in_words()
        if self.bounded is None:
            return f"The quench {said}."
        if self.refused is not None:
            why = ", ".join(self.refused.another())
            return (
                f"The nearest minimum is another structure than the frame ({why}); the quench stopped before: "
                f"it {said}.{self._and_cut_short}"
            )
        if self.bounded["one"]:
            return f"The quench {said}.{self._and_cut_short}"
        stopped, several = sum(self.bounded["stopped"].values()), self.bounded["clusters"]
        return (
            f"The quench, cluster by cluster, {said}; {stopped} of {several} clusters of two T and more "
            f"stopped before their minimum, so as to stay what they are.{self._and_cut_short}"
        )

    @property
    def cut_short(self) -> str:
        """That the way to the minimum was not followed to its end, where a frame is too large for that."""
        cut = self.bounded and self.bounded["cut_short"]
        if not cut:
            return ""
        return (
            f"In a frame of more than {cut['above_T']} T the way to the minimum is followed a part: here for "
            f"{cut['looks']} of {cut['of']} looks, which take out most of the energy."
        )

    @property
    def _and_cut_short(self) -> str:
        return f" {self.cut_short}" if self.cut_short else ""

    def record(self) -> dict[str, Any]:
        """For ``summary.json``."""
        how = "whole" if self.bounded is None else "stopped" if self.bounded["one"] else "clusters apart"
        return {
            "how": how,
            "change": self.change.record(),
            "bounded": self.bounded,
            "refused": None if self.refused is None else self.refused.record(),
            "sentence": self.sentence,
        }


def quench(
    engine: Engine,
    frame: gsd.hoomd.Frame,
    forcefield: ForceField,
    told: Callable[[int, int], None] | None = None,
) -> Quenched:
    """Take the heat out of a frame.

    Parameters
    ----------
    engine
        Relaxes.
    frame
        Beads of the types T and S.
    forcefield
        The engine's model.
    told
        Called while clusters descend with the number of looks at them, and the most that there may be.

    Raises
    ------
    SimulationError
        The engine failed.
    """
    network, sites = network_of_frame(frame)
    clusters = find_clusters(network)
    others = np.setdiff1d(np.arange(frame.particles.N), sites)
    refused = None
    if (whole := is_whole(network, clusters)) and network.n_sites <= MOST_MINIMIZED_T:
        after, energy = engine.minimize(frame)
        moved = way(frame, after)
        change = compare(network, displaced(network, moved[sites]), moved[sites], moved[others])
        if not change.another():
            return Quenched(after, network_of_frame(after)[0], energy, change, None, None)
        refused = change
    work = Apart(frame, network, sites, clusters, forcefield, whole=whole, told=told)
    work.relax(engine)
    cold = displaced(network, work.moved[sites])
    change = compare(network, cold, work.moved[sites], work.moved[others])
    after = work.frame()
    return Quenched(after, cold, engine.evaluate(after).energy_eV, change, work.record(), refused)


def is_whole(network: Network, clusters: Clusters) -> bool:
    """Whether one network fills the box, so that there is a nearest minimum."""
    share = clusters.size[0] / network.n_sites
    density = 1000 * network.n_sites / volume(network.cell)
    return bool(clusters.percolates[0] and share >= WHOLE_SHARE and density >= WHOLE_DENSITY)
