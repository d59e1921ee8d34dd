"""Cages of the network, and which of them hold an S."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from zeocryst.beads import Beads
from zeocryst.errors import InputError
from zeocryst.network.bonds import Network
from zeocryst.network.polyhedra import LARGEST_FACE, count_inside, find_cages
from zeocryst.order.measured import Measured

if TYPE_CHECKING:
    import gsd.hoomd


def cages(network: Network, frame: gsd.hoomd.Frame) -> Measured:
    """Cages per T, and the share of them that hold an S: `cage_statistics` with the beads of type S.

    Which kinds there are differs from frame to frame: they are told in words, such as
    ``5^12.6^8 0.0625 per T, 1.000 with S``, those that are most first.
    """
    beads = Beads.of(frame)
    # the network may lie in another orientation than the frame
    guests = beads.positions[beads.are("S")] @ np.linalg.inv(beads.cell)
    found = cage_statistics(network, guests @ network.cell)
    always = {name: found.values[name] for name in ("cages_per_T", "cages_with_S_share")}
    kinds = [name[6:-6] for name in found.values if name.endswith("_per_T") and name not in always]
    often = {kind: found.values[f"cages_{kind}_per_T"] for kind in kinds}
    words = [
        f"{kind} {often[kind]:.4f} per T, {found.values[f'cages_{kind}_with_S_share']:.3f} with S"
        for kind in sorted(kinds, key=lambda kind: -often[kind])
    ]
    return Measured(always, found.sites, {"cage_kinds": "; ".join(words)})


def cage_statistics(network: Network, guests: ArrayLike, largest: int = LARGEST_FACE) -> Measured:
    """Cages per T, all and by kind, and the share of them that hold an S.

    Parameters
    ----------
    network
        T sites and bonds.
    guests : (P, 3) array, Å
        Positions of S, in the network's cell.
    largest
        Largest face of a cage, in T.

    Returns
    -------
    Measured
        ``cages_per_T`` and ``cages_with_S_share``, and the same for each kind that there is, such as
        ``cages_5^12.6^8_per_T`` and ``cages_5^12.6^8_with_S_share``; a share of no cages is NaN. Per site
        ``cages``: how many it is a corner of. What a cage is stands in `zeocryst.network.polyhedra`; small ones
        without room for an S (``4^6``, ``6^3``) are counted as well. NaN, and -1 for each T, in a net as dense
        as quartz, of which there is no telling (`zeocryst.network.polyhedra.MOST_RINGS_PER_T`).
    """
    try:
        cages = find_cages(network, largest)
    except InputError:
        unknown = dict.fromkeys(("cages_per_T", "cages_with_S_share"), float("nan"))
        return Measured(unknown, {"cages": np.full(network.n_sites, -1, dtype=np.int32)})
    holds = count_inside(cages, guests, network.cell) > 0
    kinds = np.array([cage.symbol for cage in cages], dtype=str)
    values = {
        "cages_per_T": len(cages) / network.n_sites,
        "cages_with_S_share": float(holds.mean()) if len(cages) else float("nan"),
    }
    for kind in sorted(set(kinds.tolist())):
        mine = kinds == kind
        values[f"cages_{kind}_per_T"] = float(mine.sum() / network.n_sites)
        values[f"cages_{kind}_with_S_share"] = float(holds[mine].mean())
    corners = np.concatenate([np.zeros(0, dtype=np.int64), *(cage.sites for cage in cages)])
    return Measured(values, {"cages": np.bincount(corners, minlength=network.n_sites).astype(np.int32)})
