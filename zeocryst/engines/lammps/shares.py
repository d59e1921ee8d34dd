"""Where the time of a run on several ranks goes, as LAMMPS tells at the end of each chunk of steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

#: What LAMMPS spends time on, by the names of its table. Waiting for each other is in "comm".
SECTIONS = ("Pair", "Neigh", "Comm", "Output", "Modify", "Other")
#: Work that is shared out.
WORK = ("Pair", "Neigh", "Modify")

_ROW = re.compile(r"^(\w+) +\| *([\d.e+-]*) *\| *([\d.e+-]+) *\| *([\d.e+-]*) *\|", re.M)
_BEADS = re.compile(r"^(Nlocal|Nghost): +(\S+) ave +(\S+) max", re.M)


@dataclass
class Shares:
    """Seconds of each section, the mean over the ranks and of the slowest, and how even the beads lie.

    Attributes
    ----------
    mean, most : dict
        Seconds by section.
    beads : tuple of float
        Beads of a rank at the end of the last chunk: mean and most.
    ghosts : float
        Copies of other ranks' beads that a rank has, mean.
    """

    mean: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SECTIONS, 0.0))
    most: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SECTIONS, 0.0))
    beads: tuple[float, float] = (0.0, 0.0)
    ghosts: float = 0.0
    _spent: float = 0.0
    _weighted: float = 0.0

    def read(self, text: str) -> None:
        """Add what LAMMPS has written after a chunk."""
        spent = 0.0
        for name, _, mean, most in _ROW.findall(text):
            if name in self.mean:
                self.mean[name] += float(mean)
                self.most[name] += float(most or mean)
                spent += float(mean)
        for name, mean, most in _BEADS.findall(text):
            if name == "Nlocal":
                self.beads = float(mean), float(most)
                self._weighted += spent * self.beads[1] / max(self.beads[0], 1e-9)
                self._spent += spent
            else:
                self.ghosts = float(mean)

    def record(self) -> dict[str, Any]:
        """For files: imbalance (largest over mean) of beads and of the time of the work, shares of the time.

        Empty before anything has run.
        """
        work = sum(self.mean[name] for name in WORK)
        if not work or not self.beads[0]:
            return {}
        return {
            "imbalance": {
                "beads": round(self._weighted / max(self._spent, 1e-9), 3),
                "beads_now": round(self.beads[1] / self.beads[0], 3),
                "time": round(sum(self.most[name] for name in WORK) / work, 3),
            },
            "ghosts_per_bead": round(self.ghosts / self.beads[0], 3),
            "seconds": {name.lower(): round(seconds, 3) for name, seconds in self.mean.items()},
        }
