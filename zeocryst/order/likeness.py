"""How much of a frame looks like a framework nearby, and what became of a seed of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from zeocryst.frameworks.table import framework_types
from zeocryst.network.bonds import Network
from zeocryst.network.topology import coordination_sequences
from zeocryst.order.measured import Measured
from zeocryst.order.sites import matched_depth

#: Shells of coordination sequence that are compared. Three reach about 8 Å, so that small seeds have sites
#: inside; they do not name a site: in a dense disordered network a third of the sites have them by chance.
SHELLS = 3
#: A seed has melted when fewer than this share of its own sites look like the framework, of those that did; it
#: has grown when so many times more sites do in all.
MELTED_BELOW, GROWN_FROM = 0.5, 1.25
#: Fewer of its own sites than this at the start do not tell; growth must be this many standard errors of the
#: two counts.
FEWEST, ERRORS = 10, 2.0


def like(network: Network, framework: str) -> NDArray[np.bool_]:
    """Which T have the first three shells of a T of the framework, (N,)."""
    depth = matched_depth(coordination_sequences(network, SHELLS))
    return np.asarray(depth[:, list(framework_types()).index(framework)] >= SHELLS)


def likeness(network: Network, framework: str) -> Measured:
    """Share of T with the first three shells of coordination sequence of a T of the framework.

    A number to follow a small seed by, whose sites are too near to its surface to be named
    (`zeocryst.order.labels` wants five shells); it does not tell a crystal from a dense disordered network.
    """
    mine = like(network, framework)
    name = f"{framework}_like"
    return Measured({f"{name}_share": float(mine.mean())}, {name: mine.astype(np.int32)})


def seed_fate(
    framework: str, before: Network, seed_before: NDArray[Any], after: Network, seed_after: NDArray[Any]
) -> dict[str, Any]:
    """What became of a seed, from the frame that it was put into and from the last one, both quenched.

    Parameters
    ----------
    framework
        What the seed is of.
    before, after
        Networks of the two frames.
    seed_before, seed_after : (N,) bool arrays
        Which of their T are the seed's.

    Returns
    -------
    dict
        ``framework``, ``n_T`` of the seed, ``like_T`` {``start``, ``end``}: T in all with the framework's first
        three shells, ``own_like_T``: the same of the seed's own T, ``fate`` ("grew", "lives", "melted",
        "unclear") and a ``sentence``.
    """
    first, last = like(before, framework), like(after, framework)
    total = {"start": int(first.sum()), "end": int(last.sum())}
    own = {"start": int(first[seed_before].sum()), "end": int(last[seed_after].sum())}
    more = total["end"] - total["start"]
    if own["start"] < FEWEST:
        fate, verb = "unclear", "is too small for its fate to be told by its surroundings"
    elif own["end"] < MELTED_BELOW * own["start"]:
        fate, verb = "melted", "melted"
    elif more >= max((GROWN_FROM - 1) * total["start"], ERRORS * (total["start"] + total["end"]) ** 0.5):
        fate, verb = "grew", "lived and grew"
    else:
        fate, verb = "lives", "lived"
    sentence = (
        f"The seed of {framework} ({int(seed_after.sum())} T) {verb}: of its own T {own['end']} look like "
        f"{framework} to three shells ({own['start']} at its start), of all {total['end']} ({total['start']})."
    )
    found = {"framework": framework, "n_T": int(seed_after.sum()), "like_T": total, "own_like_T": own}
    return found | {"fate": fate, "sentence": sentence}
