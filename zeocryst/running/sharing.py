"""How a run was shared among processes: how evenly, and where the time went."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from zeocryst.engines.protocol import Engine, shares_of
from zeocryst.files.rundir import RunDirectory

#: Parts of the time in words, in the order in which they are told. LAMMPS's own names are in
#: `zeocryst.engines.lammps.shares`; what is left of a run's time rank 0 spends alone while the others wait.
PARTS = {
    "pair": "forces",
    "neigh": "neighbours",
    "comm": "communication and waiting for each other",
    "modify": "integration",
    "other": "the rest of the steps",
    "alone": "measuring and writing on one process",
}


class Sharing:
    """The time of one call, from here on.

    Parameters
    ----------
    engine
        What runs.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._begin = time.monotonic()

    def record(self) -> dict[str, Any]:
        """Entries of the provenance: ``ranks``, ``imbalance``, ``time_shares``; empty for a run in one process.

        An imbalance is the largest over the mean of all ranks: ``beads`` (over the run, weighted by time),
        ``beads_now``, and ``time`` of the work that is shared out.
        """
        told = shares_of(self._engine)
        if not told:
            return {}
        seconds = {name: told["seconds"].get(name, 0.0) for name in PARTS}
        seconds["other"] += told["seconds"].get("output", 0.0)
        total = max(time.monotonic() - self._begin, sum(seconds.values()), 1e-9)
        seconds["alone"] = total - sum(seconds.values())
        return {
            "ranks": self._engine.info.ranks,
            "imbalance": told["imbalance"],
            "ghosts_per_bead": told["ghosts_per_bead"],
            "time_shares": {name: round(spent / total, 4) for name, spent in seconds.items()},
        }

    def tell(self, folder: RunDirectory, say: Callable[[str], None]) -> None:
        """Record how the run was shared, and say it, where it was."""
        if record := self.record():
            folder.record(**record)
            say(in_words(record))


def in_words(record: Mapping[str, Any]) -> str:
    """A sentence about such entries; empty where there are none."""
    if not record.get("ranks") or "time_shares" not in record:
        return ""
    even, shares = record["imbalance"], record["time_shares"]
    spent = ", ".join(f"{PARTS[name]} {100 * shares[name]:.0f} %" for name in PARTS if name in shares)
    return (
        f"{record['ranks']} processes shared the steps: the one with most beads had {even['beads']:.2f} times "
        f"the mean, the slowest took {even['time']:.2f} times the mean; the time went to {spent}"
    )
